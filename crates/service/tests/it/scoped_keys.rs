//! Keys of an account, of an app and of an integration: what each may do, and how many there can be.

use std::sync::Arc;

use domain::{
    audit::Action,
    draft::KeyDraft,
    field::Field,
    ids::{AppId, IntegrationId},
    integration::IntegrationKind,
    key::{KeyState, RevokeReason},
    kind::KeyKind,
    list::KeyQuery,
    refusal::Refusal,
    role::{Act, Role},
    verdict::Code,
};
use service::{Caller, integrations::NewIntegration};

use crate::signed_keys::{Signer, draft_of, integration, made, of, record};
use crate::world::{World, draft, owner, refusal, shell, signed_in};

on_both! {
    of_many_at_once_as_many_pass_as_there_is_room_for,
    an_app_has_so_many_keys_and_an_account_any_number,
    a_key_is_restored_only_into_a_free_place,
    only_a_custom_integration_of_the_same_app_has_keys,
    a_key_makes_and_sees_what_is_below_it,
    the_keys_of_an_integration_go_with_it,
    only_owners_issue_account_keys,
}

/// How many of 64 who ask at the same moment get a key.
async fn at_once(w: World, draft: KeyDraft) -> (World, usize) {
    let w = Arc::new(w);
    let asking: Vec<_> = (0..64)
        .map(|_| {
            let (w, draft) = (Arc::clone(&w), draft.clone());
            tokio::spawn(async move {
                let issued = w.service.issue_acknowledged(owner(), w.service.default_app(), &draft).await;
                issued.map(drop).map_err(|error| refusal(Err::<(), _>(error)))
            })
        })
        .collect();
    let mut passed = 0;
    for asked in asking {
        match asked.await.unwrap() {
            Ok(()) => passed += 1,
            Err(refused) => assert_eq!(refused, Refusal::TooManyKeys { most: 10 }),
        }
    }
    (Arc::into_inner(w).unwrap(), passed)
}

async fn of_many_at_once_as_many_pass_as_there_is_room_for(w: World) {
    let draft_of_one = draft_of(&w, KeyKind::Integration, "Key").await;
    let (w, passed) = at_once(w, draft_of_one.clone()).await;
    assert_eq!(passed, 10);
    let (w, passed) = at_once(w, draft("app", "Key")).await;
    assert_eq!(passed, 10);
    let listed = w.service.keys(owner(), w.service.default_app(), &KeyQuery::default()).await.unwrap();
    assert_eq!(listed.rows.len(), 20);
    // Another integration of the same app has places of its own, and a deleted key leaves one.
    made(&w, &draft_of(&w, KeyKind::Integration, "Key").await).await;
    let first = listed.rows.iter().find(|row| row.kind == KeyKind::Integration).unwrap().id;
    w.service.delete_at(owner(), &first, None).await.unwrap();
    made(&w, &draft_of_one).await;
    let app = w.service.default_app();
    let full = w.no_change(w.service.issue_acknowledged(owner(), app, &draft_of_one)).await;
    assert_eq!(refusal(full), Refusal::TooManyKeys { most: 10 });
}

async fn an_app_has_so_many_keys_and_an_account_any_number(w: World) {
    let other = w.service.create_app(owner(), "Other").await.unwrap();
    let form = w.service.new_form_id().unwrap();
    let pending = w.service.issue(owner(), w.service.default_app(), &draft("app", "Waits"), &form).await.unwrap();
    for _ in 0..9 {
        made(&w, &draft("app", "Key")).await;
    }
    let full = w.service.issue_acknowledged(owner(), w.service.default_app(), &draft("app", "Key")).await;
    assert_eq!(refusal(full), Refusal::TooManyKeys { most: 10 }, "a key that waits to be confirmed counts");
    w.service.issue_acknowledged(owner(), &other.id, &draft("app", "Key")).await.unwrap();
    w.service.drop_pending(owner(), &pending.key.row.id).await.unwrap();
    made(&w, &draft("app", "Key")).await;
    for _ in 0..11 {
        made(&w, &draft("account", "Key")).await;
    }
}

async fn a_key_is_restored_only_into_a_free_place(w: World) {
    let first = made(&w, &draft("app", "First")).await.key.row.id;
    w.service.revoke(owner(), &first, RevokeReason::NoLongerNeeded, None).await.unwrap();
    let mut others = Vec::new();
    for _ in 0..10 {
        others.push(made(&w, &draft("app", "Key")).await.key.row.id);
    }
    let full = w.no_change(w.service.restore(owner(), &first)).await;
    assert_eq!(refusal(full), Refusal::TooManyKeys { most: 10 });
    w.service.delete_at(owner(), &others[0], None).await.unwrap();
    assert_eq!(w.service.restore(owner(), &first).await.unwrap().row.state, KeyState::Active);
}

#[track_caller]
fn wrong(refused: Refusal) {
    let Refusal::Invalid(errors) = refused else { panic!("{refused:?}") };
    assert_eq!(errors.of(Field::Integration).count(), 1);
}

async fn only_a_custom_integration_of_the_same_app_has_keys(w: World) {
    let (service, app) = (&w.service, *w.service.default_app());
    let here = integration(&w).await;
    let other = service.create_app(owner(), "Other").await.unwrap();
    let issue = async |app: &AppId, draft: KeyDraft| {
        refusal(w.no_change(service.issue_acknowledged(owner(), app, &draft)).await)
    };
    wrong(issue(&other.id, of(&here.id, draft("integration", "Key"))).await);
    wrong(issue(&app, of(&IntegrationId::from_random([9; 12]), draft("integration", "Key"))).await);
    let new = NewIntegration { kind: IntegrationKind::Web, name: None, extra: "{}".to_owned(), webhooks: Vec::new() };
    let (web, _) = service.create_integration(owner(), &app, new).await.unwrap();
    let refused = issue(&app, of(&web.id, draft("integration", "Key"))).await;
    assert_eq!(refused, Refusal::NoKeysOfThisIntegration);
    // Before that, at the field.
    let unknown = IntegrationId::from_random([9; 12]);
    for (app, id) in [(&app, &web.id), (&app, &unknown), (&other.id, &here.id)] {
        wrong(refusal(service.check_draft_in(owner(), app, &of(id, draft("integration", "Key"))).await));
    }
    service.check_draft_in(owner(), &app, &of(&here.id, draft("integration", "Key"))).await.unwrap();
    let id = made(&w, &of(&here.id, draft("integration", "Key"))).await.key.row.id;
    let key = service.key(owner(), &id).await.unwrap();
    assert_eq!(key.rules.integration, Some(here.id));
    let move_it = KeyDraft { integration: Some(web.id.to_string()), ..KeyDraft::default() };
    wrong(refusal(w.no_change(service.edit(owner(), &id, &move_it, 1)).await));
    let found = KeyQuery { integration: Some(here.id), ..KeyQuery::default() };
    let listed = service.keys(owner(), &app, &found).await.unwrap();
    assert_eq!(listed.rows.iter().map(|row| row.id).collect::<Vec<_>>(), [id]);
}

async fn a_key_makes_and_sees_what_is_below_it(w: World) {
    let (service, app) = (&w.service, *w.service.default_app());
    let mut callers = Vec::new();
    let mut ids = Vec::new();
    for kind in KeyKind::SCOPED {
        let id = made(&w, &draft_of(&w, kind, "Caller").await).await.key.row.id;
        callers.push(Caller::scoped(record(&w, &id).await, None));
        ids.push(id);
    }
    let service_key = w.active(&draft("service", "Service")).await.0;
    let master_key = w.active(&draft("master_user", "Master")).await.0;
    let [account, in_app, in_integration]: [Caller; 3] = callers.try_into().unwrap();
    assert_eq!([account.app(), in_app.app(), in_integration.app()], [None, Some(app), Some(app)]);
    let own = record(&w, &ids[2]).await.rules.integration;
    assert!(own.is_some());
    assert_eq!([account.own_integration(), in_app.own_integration()], [None, None]);
    assert_eq!(in_integration.own_integration(), own);
    let other = service.create_app(&account, "Other").await.unwrap();
    assert_eq!(refusal(service.create_app(&in_app, "Third").await), Refusal::Forbidden);
    let put = |_: &str| r#"{"metadata":{"team":"a"}}"#.to_owned();
    let change = service.change_profiled_app(&in_app, &app, None, &put);
    w.one_event(Action::AppChanged, change).await.unwrap();
    for (by, of) in [(&in_app, &other.id), (&in_integration, &app)] {
        let change = service.change_profiled_app(by, of, None, &put);
        assert_eq!(refusal(w.no_change(change).await), Refusal::Forbidden);
    }

    for (by, makes) in [(&account, &["app", "integration"][..]), (&in_app, &["integration"]), (&in_integration, &[])] {
        for kind in KeyKind::issuable() {
            let draft = draft_of(&w, kind, "Made").await;
            let issued = service.issue_acknowledged(by, &app, &draft).await;
            if makes.contains(&kind.as_str()) {
                let id = issued.unwrap().key.row.id;
                assert_eq!(service.key(by, &id).await.unwrap().row.kind, kind);
                w.one_change(Action::KeyDeleted, service.delete_at(by, &id, None)).await.unwrap();
            } else {
                let refused = refusal(issued);
                assert!(matches!(refused, Refusal::Forbidden | Refusal::NotFound), "{kind:?}: {refused:?}");
            }
        }
        // It sees no key of its own kind, above it or beside it, itself among them.
        for id in [&ids[0], &service_key, &master_key] {
            assert!(service.key(by, id).await.is_err() && service.delete_at(by, id, None).await.is_err());
        }
        assert!(by.may(Act::RotateKeys).is_err() && by.may(Act::SeePeople).is_err() && by.may(Act::SeeAudit).is_err());
    }
    assert!(service.key(&account, &ids[1]).await.is_ok() && service.key(&in_app, &ids[1]).await.is_err());
    assert!(service.key(&in_app, &ids[2]).await.is_ok() && service.key(&in_integration, &ids[2]).await.is_err());
    // In another app, only the account.
    let there = service.issue_acknowledged(&account, &other.id, &draft("app", "There")).await.unwrap().key;
    assert_eq!(there.row.created_by, "key of another app", "who sees that app alone does not learn its name");
    assert_eq!(service.member_key(owner(), &other.id).await.unwrap().issued_by, "key of another app");
    let here = service.issue_acknowledged(&account, &app, &draft("app", "Here")).await.unwrap().key;
    assert_eq!(here.row.created_by, "key Caller");
    let new = draft_of(&w, KeyKind::Integration, "Key").await;
    assert_eq!(refusal(service.issue_acknowledged(&in_app, &other.id, &new).await), Refusal::NotFound);
}

async fn the_keys_of_an_integration_go_with_it(w: World) {
    let here = integration(&w).await;
    let one = Signer::new(&made(&w, &of(&here.id, draft("integration", "Key"))).await);
    assert_eq!(one.signs(&w.service).await, Code::Valid);
    w.service.delete_integration(owner(), &here.id).await.unwrap();
    assert_eq!(one.signs(&w.service).await, Code::NotFound);
    assert_eq!(refusal(w.service.key(owner(), &one.id).await), Refusal::NotFound);
}

async fn only_owners_issue_account_keys(w: World) {
    let app = w.service.default_app();
    let new = draft("account", "Account");
    let admin = w.no_change(w.service.issue_acknowledged(&signed_in(Role::Admin), app, &new)).await;
    assert_eq!(refusal(admin), Refusal::OwnersKey);
    w.service.issue_acknowledged(shell(), app, &new).await.unwrap();
    let id = made(&w, &new).await.key.row.id;
    for stopped in [
        w.service.disable(&signed_in(Role::Admin), &id, None).await,
        w.service.revoke(&signed_in(Role::Admin), &id, RevokeReason::Leaked, None).await,
    ] {
        assert_eq!(refusal(stopped), Refusal::OwnersKey);
    }
}
