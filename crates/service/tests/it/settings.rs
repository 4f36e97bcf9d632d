//! The settings that an owner may change: how long keys live.

use domain::{
    approval::ApprovalRules,
    audit::Action,
    bulk::{BulkChange, Selection},
    draft::KeyDraft,
    field::Field,
    life::{Life, LifeRules},
    refusal::Refusal,
    role::Role,
    second_factor::FactorRules,
    timestamp::Millis,
};
use service::settings::SettingsChange;

use crate::world::{World, draft, owner, refusal, shell, signed_in};

const AT_MOST_90: LifeRules = LifeRules { default: Life::Days30, longest: Life::Days90 };

fn expiring(expiry: &str) -> KeyDraft {
    KeyDraft { expiry: Some(expiry.to_owned()), ..draft("service", "Key") }
}

/// The field of the refusal, which must be about the longest life.
fn too_long<T: std::fmt::Debug>(answer: service::Result<T>) -> Field {
    let Refusal::Invalid(errors) = refusal(answer) else { panic!() };
    assert!(errors.0[0].message.starts_with("Keys may live for 90 days at most here"), "{errors:?}");
    errors.0[0].field
}

async fn an_owner_changes_how_long_keys_live_on_record(w: World) {
    assert_eq!(w.service.life_rules(owner()).await.unwrap(), LifeRules::default());
    let (seq, version, writes) = w.marks().await;
    w.service.set_life_rules(owner(), AT_MOST_90).await.unwrap();
    assert_eq!(w.marks().await, (seq + 1, version, writes + 1));
    let event = w.newest().await;
    assert_eq!(event.action, Action::SettingsChanged);
    assert_eq!(event.changes.len(), 2);
    assert_eq!(w.another().await.life_rules(owner()).await.unwrap(), AT_MOST_90);
    w.service.set_life_rules(owner(), AT_MOST_90).await.unwrap();
    assert_eq!(w.marks().await.0, seq + 1, "nothing differs");

    for role in [Role::Admin, Role::Auditor, Role::Guest] {
        let changed = w.no_change(w.service.set_life_rules(&signed_in(role), LifeRules::default())).await;
        assert_eq!(refusal(changed), Refusal::Forbidden, "{role:?}");
    }
    let suggested = w.service.suggestions(&signed_in(Role::Admin), w.service.default_app()).await.unwrap();
    assert_eq!(suggested.life, AT_MOST_90, "whoever issues keys is told");
    let suggested = w.service.suggestions(&signed_in(Role::Auditor), w.service.default_app()).await;
    assert_eq!(refusal(suggested), Refusal::Forbidden);
}

async fn a_setting_of_a_later_version_is_the_strictest_until_somebody_chooses(w: World) {
    let odd = r#"{"kinds":["sausage"],"permissions":[],"without_expiry":false}"#;
    for (name, value) in [("key_life", "180 never"), ("approval", odd), ("second_factor", "everybody 7 0 more")] {
        w.store.write(async |tx| tx.put_setting(name, value).await).await.unwrap();
    }
    assert_eq!(w.service.life_rules(owner()).await.unwrap(), LifeRules::strictest());
    assert_eq!(w.service.approval_rules(owner()).await.unwrap(), ApprovalRules::strictest());
    assert_eq!(w.service.factor_rules(owner()).await.unwrap(), FactorRules::strictest());
    w.service.set_life_rules(owner(), AT_MOST_90).await.unwrap();
    assert_eq!(w.service.life_rules(owner()).await.unwrap(), AT_MOST_90);
    let strictest = ApprovalRules::strictest();
    w.one_event(Action::SettingsChanged, w.service.set_approval_rules(owner(), &strictest)).await.unwrap();
    let kept = w.store.setting("approval").await.unwrap();
    assert_eq!(kept, Some(strictest.to_setting()), "whoever chooses the same chooses it");
}

async fn what_a_change_does_not_name_stays_as_a_later_version_wrote_it(w: World) {
    w.make_owner().await;
    let odd = [("key_life", "180 never"), ("second_factor", "everybody 7 0 more")];
    for (name, value) in odd {
        w.store.write(async |tx| tx.put_setting(name, value).await).await.unwrap();
    }
    let change = SettingsChange { approval_no_expiry: Some(true), ..SettingsChange::default() };
    w.one_event(Action::SettingsChanged, w.service.change_settings(owner(), &change)).await.unwrap();
    assert_eq!(w.newest().await.changes.len(), 1);
    for (name, value) in odd {
        assert_eq!(w.store.setting(name).await.unwrap().as_deref(), Some(value));
    }
    let change = SettingsChange { grace_days: Some("7".to_owned()), ..SettingsChange::default() };
    w.one_event(Action::SettingsChanged, w.service.change_settings(owner(), &change)).await.unwrap();
    assert_ne!(w.store.setting("second_factor").await.unwrap().as_deref(), Some(odd[1].1), "it was named");
}

async fn no_new_key_lives_longer_than_allowed(w: World) {
    w.service.set_life_rules(owner(), AT_MOST_90).await.unwrap();
    let app = w.service.default_app();
    for refused in [expiring("never"), expiring("365"), draft("service", "Key")] {
        too_long(w.service.check_draft(owner(), &refused).await);
        let form = w.service.new_form_id().unwrap();
        too_long(w.no_change(w.service.issue(owner(), app, &refused, &form)).await);
        too_long(w.no_change(w.service.issue_acknowledged(shell(), app, &refused)).await);
    }
    let late = w.service.now().plus(Millis::days(91)).to_input();
    let late = KeyDraft { expires_at: Some(late), ..expiring("custom") };
    assert_eq!(too_long(w.service.check_draft(owner(), &late).await), Field::ExpiresAt);
    assert_eq!(too_long(w.service.check_draft(owner(), &expiring("365")).await), Field::Expiry);

    w.service.check_draft(owner(), &expiring("90")).await.unwrap();
    w.active(&expiring("90")).await;
    // The other kinds have no expiry, so nothing is said about it.
    w.active(&draft("client", "Client")).await;
}

async fn an_edit_does_not_prolong_a_key_and_may_always_shorten_it(w: World) {
    let (endless, _) = w.active(&expiring("never")).await;
    let (short, _) = w.active(&expiring("30")).await;
    w.service.set_life_rules(owner(), AT_MOST_90).await.unwrap();
    let edit = async |id, draft: &KeyDraft| {
        let revision = w.service.key(owner(), id).await.unwrap().revision;
        w.service.edit(owner(), id, draft, revision).await
    };
    let many = async |id, at| {
        let form = w.service.new_form_id().unwrap();
        let (app, keys) = (w.service.default_app(), Selection::Keys(vec![id]));
        w.service.bulk(owner(), app, &keys, &BulkChange::SetExpiry(at), &form).await
    };
    let soon = Some(w.service.now().plus(Millis::days(20)));
    assert_eq!(too_long(w.no_change(many(short, None)).await), Field::Expiry);
    assert_eq!(too_long(w.no_change(many(short, soon.map(|at| at.plus(Millis::days(90))))).await), Field::Expiry);
    assert_eq!(many(short, soon).await.unwrap().unwrap().count.taken, 1, "an earlier one is welcome");
    let renamed = KeyDraft { name: Some("Renamed".to_owned()), ..KeyDraft::default() };
    edit(&endless, &renamed).await.unwrap();
    let only = |expiry: &str| KeyDraft { expiry: Some(expiry.to_owned()), ..KeyDraft::default() };
    edit(&endless, &only("365")).await.unwrap();

    w.clock.advance(Millis::days(20));
    too_long(edit(&short, &only("90")).await);
    too_long(edit(&short, &only("never")).await);
    edit(&short, &only("60")).await.unwrap();
}

on_both! {
    an_owner_changes_how_long_keys_live_on_record,
    a_setting_of_a_later_version_is_the_strictest_until_somebody_chooses,
    what_a_change_does_not_name_stays_as_a_later_version_wrote_it,
    no_new_key_lives_longer_than_allowed,
    an_edit_does_not_prolong_a_key_and_may_always_shorten_it,
}
