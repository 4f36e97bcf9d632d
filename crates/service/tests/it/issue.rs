//! Issuing keys, confirming them, and keys that nobody confirmed.

use domain::{
    audit::{Action, ActorKind},
    draft::KeyDraft,
    environment::Environment,
    field::Field,
    ids::AppId,
    key::KeyState,
    kind::KeyKind,
    permission::VERIFY,
    refusal::Refusal,
    timestamp::Millis,
    verdict::Code,
};
use service::{Caller, keys::ShownSecret};
use store::ChainCheck;
use tokio::task::JoinSet;

use crate::signed_keys::draft_of;
use crate::world::{World, draft, in_background, list, owner, refusal, shell, token};

async fn a_key_works_once_it_is_acknowledged(w: World) {
    for kind in KeyKind::issuable() {
        let (id, token) = w.pending(&draft_of(&w, kind, "New").await).await;
        let issued = w.newest().await;
        assert_eq!((issued.action.known(), &*issued.subject.id), (Some(Action::KeyIssued), id.as_str()));
        assert_eq!(w.code(&token).await, Code::Pending);
        let key = w.service.acknowledge(owner(), &id, false).await.unwrap();
        assert_eq!((key.row.state, key.row.ack_deadline), (KeyState::Active, None));
        assert_eq!(w.newest().await.action, Action::KeyAcknowledged);
        assert_eq!(w.code(&token).await, Code::Valid, "{kind:?}");
        let twice = w.no_change(w.service.acknowledge(owner(), &id, false)).await;
        assert_eq!(refusal(twice), Refusal::NotPending);
    }
}

/// Only the issuer saw the secret.
async fn a_key_of_another_is_confirmed_after_a_question_and_on_record(w: World) {
    let other = Caller::command_line("root");
    let (id, token) = w.pending(&draft("service", "New")).await;
    assert_eq!(w.service.seen_by_another(owner(), &id).await.unwrap(), None);
    let seen_by = w.service.seen_by_another(&other, &id).await.unwrap().unwrap();
    assert_eq!((seen_by.name.as_str(), seen_by.did), ("owner@example.com", "issued"));
    let asked = w.no_change(w.service.acknowledge(&other, &id, false)).await;
    assert_eq!((refusal(asked), w.code(&token).await), (Refusal::IssuedByAnother, Code::Pending));
    w.one_change(Action::KeyAcknowledged, w.service.acknowledge(&other, &id, true)).await.unwrap();
    assert_eq!(w.code(&token).await, Code::Valid);
    assert_eq!(w.newest().await.note.as_deref(), Some("Issued by owner@example.com, who alone saw its secret"));
    // The issuer needs no question, and leaves no note even if they answer one.
    let (id, _) = w.pending(&draft("service", "New")).await;
    w.service.acknowledge(owner(), &id, true).await.unwrap();
    assert_eq!(w.newest().await.note, None);
}

async fn each_kind_is_shown_as_it_is_presented(w: World) {
    let app = w.service.default_app();
    for kind in KeyKind::issuable() {
        let draft = draft_of(&w, kind, "New").await;
        let issued = w.service.issue_acknowledged(shell(), app, &draft).await.unwrap();
        let id = issued.key.row.id;
        let whole = token(&issued);
        match &issued.shown {
            ShownSecret::Token(_) => assert!(whole.starts_with(&format!("ks_{id}_"))),
            ShownSecret::Pair { id: shown, .. } => {
                let end = if kind.rules().signs() { id.to_hex() } else { id.to_string() };
                assert_eq!(*shown, format!("{}_{end}", kind.token_prefix("ks", Environment::Live)));
            }
        }
        let pair = matches!(issued.shown, ShownSecret::Pair { .. });
        assert_eq!(pair, kind.rules().pair_headers().is_some() || kind.rules().signs());
        assert!(whole.ends_with(&issued.key.row.last4));
        let debugged = format!("{issued:?}");
        assert!(!debugged.contains(&whole[20..40]), "{debugged}");
    }
}

async fn a_form_makes_one_key(w: World) {
    let form = w.service.new_form_id().unwrap();
    let app = w.service.default_app();
    let first = w.service.issue(owner(), app, &draft("service", "One"), &form).await;
    let made = first.unwrap().key.row.id;
    let again = draft("service", "Two");
    let repeat = w.no_change(w.service.issue(owner(), app, &again, &form)).await;
    assert_eq!(refusal(repeat), Refusal::AlreadyIssued { key: made });
    let repeat = w.service.issue(owner(), app, &KeyDraft::default(), &form).await;
    assert_eq!(refusal(repeat), Refusal::AlreadyIssued { key: made });
    w.service.drop_pending(owner(), &made).await.unwrap();
    let repeat = w.no_change(w.service.issue(owner(), app, &again, &form)).await;
    assert_eq!(refusal(repeat), Refusal::AlreadyIssued { key: made }, "its key is gone, and it is used up");

    let form = w.service.new_form_id().unwrap();
    let racing = draft("service", "Three");
    let (a, b) =
        tokio::join!(w.service.issue(owner(), app, &racing, &form), w.service.issue(owner(), app, &racing, &form),);
    assert_eq!([a.is_ok(), b.is_ok()].iter().filter(|ok| **ok).count(), 1);

    for form in ["", "short", &"x".repeat(65), "0123456789abcde\u{e9}"] {
        let issued = w.service.issue(owner(), app, &racing, form).await;
        let Refusal::Invalid(errors) = refusal(issued) else { panic!("{form}") };
        assert_eq!(errors.of(Field::FormId).count(), 1, "{form}");
    }
}

async fn an_unacknowledged_key_is_dropped_on_record(w: World) {
    let (id, token) = w.pending(&draft("service", "Left")).await;
    w.clock.advance(Millis(Millis::minutes(15).0 - 1));
    assert_eq!(w.service.drop_overdue_keys().await.unwrap(), 0);
    w.clock.advance(Millis(1));
    let late = w.no_change(w.service.acknowledge(owner(), &id, false)).await;
    assert_eq!(refusal(late), Refusal::TooLate);
    assert_eq!(w.code(&token).await, Code::Pending);
    let dropping = w.service.drop_overdue_keys();
    assert_eq!(w.one_change(Action::KeyDropped, dropping).await.unwrap(), 1);
    let event = w.newest().await;
    assert_eq!((event.actor_kind.known(), &*event.subject.id), (Some(ActorKind::System), id.as_str()));
    assert_eq!(w.code(&token).await, Code::NotFound);
    assert_eq!(refusal(w.service.key(owner(), &id).await), Refusal::NotFound);
    assert_eq!(refusal(w.service.acknowledge(owner(), &id, false).await), Refusal::NotFound);
}

async fn the_background_drops_it_too(w: World) {
    let (id, _) = w.pending(&draft("service", "Left")).await;
    w.clock.advance(Millis::minutes(15));
    let _running = in_background(&w.service);
    while w.service.key(owner(), &id).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert_eq!(w.newest().await.action, Action::KeyDropped);
}

async fn a_pending_key_can_be_given_up(w: World) {
    let (id, token) = w.pending(&draft("service", "Given up")).await;
    let dropped = w.service.drop_pending(owner(), &id);
    w.one_change(Action::KeyDropped, dropped).await.unwrap();
    assert_eq!(w.code(&token).await, Code::NotFound);
    let (id, _) = w.active(&draft("service", "Kept")).await;
    let refused = w.no_change(w.service.drop_pending(owner(), &id)).await;
    assert_eq!(refusal(refused), Refusal::NotPending);
}

async fn a_program_acknowledges_in_the_same_act(w: World) {
    let (seq, version, writes) = w.marks().await;
    let app = w.service.default_app();
    let draft = draft("service", "Deploy");
    let issued = w.service.issue_acknowledged(shell(), app, &draft).await.unwrap();
    assert_eq!(issued.ack_deadline, None);
    assert_eq!(w.marks().await, (seq + 2, version + 1, writes + 1));
    let events = w.events().await;
    let told: Vec<_> = events.iter().take(2).filter_map(|e| Some((e.action.known()?, &*e.actor_label))).collect();
    let who = "root (command line)";
    assert_eq!(told, [(Action::KeyAcknowledged, who), (Action::KeyIssued, who)]);
    assert_eq!(w.code(&token(&issued)).await, Code::Valid);
}

/// They are written in one commit.
async fn of_many_at_once_the_wrong_ones_are_refused_alone(w: World) {
    let (before, ..) = w.marks().await;
    let mut calls = JoinSet::new();
    for n in 0..60 {
        let service = w.service.clone();
        calls.spawn(async move {
            let app = if n % 3 == 0 { AppId::from_random([9; 12]) } else { *service.default_app() };
            (n, service.issue_acknowledged(owner(), &app, &draft("service", &format!("Key {n}"))).await)
        });
    }
    while let Some(called) = calls.join_next().await {
        match called.unwrap() {
            (n, Ok(issued)) => {
                assert_eq!((n % 3 == 0, &*issued.key.row.name), (false, &*format!("Key {n}")));
                assert_eq!(w.code(&token(&issued)).await, Code::Valid);
            }
            (n, refused) => assert_eq!((n % 3, refusal(refused)), (0, Refusal::NotFound)),
        }
    }
    let (after, ..) = w.marks().await;
    assert_eq!(after - before, 80, "an issue and a confirmation each");
    let checked = w.service.check_record(shell(), &|_, _| ()).await.unwrap();
    assert!(matches!(checked, ChainCheck::Intact { .. }), "{checked:?}");
}

async fn the_record_tells_the_first_values_and_no_secret(w: World) {
    let full = KeyDraft {
        description: Some("For the ledger".to_owned()),
        cidrs: list(&["10.0.0.0/8", "192.0.2.1"]),
        domains: list(&["*.example.com"]),
        permissions: list(&["invoices.read"]),
        boxes: vec![VERIFY.to_owned()],
        expiry: Some("30".to_owned()),
        denied_cidrs: list(&["192.0.2.7"]),
        limits: list(&["100 per minute"]),
        quota: Some("1000".to_owned()),
        ..draft("service", "Billing")
    };
    let (_, token) = w.active(&full).await;
    let event = w.events().await.remove(1);
    let change = |field: Field| {
        let change = event.changes.iter().find(|c| c.field == field.as_str());
        change.unwrap().to.clone().unwrap()
    };
    assert_eq!(change(Field::Name), "Billing");
    assert_eq!(change(Field::Cidrs), "10.0.0.0/8, 192.0.2.1/32");
    assert_eq!(change(Field::Permissions), format!("invoices.read, {VERIFY}"));
    assert!(change(Field::ExpiresAt).ends_with('Z'));
    assert_eq!(change(Field::DeniedCidrs), "192.0.2.7/32");
    assert_eq!(change(Field::Limits), "calls: 100 per minute");
    assert_eq!(change(Field::Quota), "1,000 calls in all");
    let all = format!("{:?}", w.events().await);
    assert!(!all.contains(&token[16..59]));
}

async fn wrong_fields_make_nothing(w: World) {
    let app = w.service.default_app();
    let bad = KeyDraft {
        cidrs: list(&["10.0.0.1/8"]),
        domains: list(&["*"]),
        permissions: list(&["keystead.verify"]),
        ..draft("service", "")
    };
    let form = w.service.new_form_id().unwrap();
    let issued = w.no_change(w.service.issue(owner(), app, &bad, &form)).await;
    let Refusal::Invalid(errors) = refusal(issued) else { panic!("not about fields") };
    for field in [Field::Name, Field::Cidrs, Field::Domains, Field::Permissions] {
        assert_eq!(errors.of(field).count(), 1, "{field:?}");
    }
    let good = draft("service", "Now right");
    w.service.issue(owner(), app, &good, &form).await.unwrap();

    let member = draft("member", "API KEY");
    let issued = w.service.issue_acknowledged(owner(), app, &member).await;
    assert!(matches!(refusal(issued), Refusal::Invalid(_)));
    let nowhere = AppId::from_random([9; 12]);
    let issued = w.service.issue_acknowledged(owner(), &nowhere, &good).await;
    assert_eq!(refusal(issued), Refusal::NotFound);
}

on_both!(
    a_key_works_once_it_is_acknowledged,
    a_key_of_another_is_confirmed_after_a_question_and_on_record,
    each_kind_is_shown_as_it_is_presented,
    a_form_makes_one_key,
    of_many_at_once_the_wrong_ones_are_refused_alone,
    an_unacknowledged_key_is_dropped_on_record,
    the_background_drops_it_too,
    a_pending_key_can_be_given_up,
    a_program_acknowledges_in_the_same_act,
    the_record_tells_the_first_values_and_no_secret,
    wrong_fields_make_nothing,
);
