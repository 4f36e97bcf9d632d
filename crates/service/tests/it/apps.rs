//! Apps: who may change them, and what becomes of their keys.

use domain::{
    app::{App, AppQuery},
    audit::Action,
    draft::KeyDraft,
    field::Field,
    ids::{AppId, KeyId},
    key::KeyState,
    list::KeyQuery,
    permission::{AdminPermission, VERIFY},
    refusal::Refusal,
    role::Role,
    sight::Scope,
    verdict::Code,
};
use service::{keys::AskedCall, sessions::Session};

use crate::world::{
    EMAIL, PASSWORD, World, code, draft, in_background, owner, refusal, secret, shell, signed_in, token, until,
};

pub async fn create(w: &World, name: &str) -> App {
    w.service.create_app(owner(), name).await.unwrap()
}

/// A key that works, in this app.
pub async fn issue(w: &World, app: &AppId, draft: &KeyDraft) -> (KeyId, String) {
    let issued = w.service.issue_acknowledged(owner(), app, draft).await.unwrap();
    (issued.key.row.id, token(&issued))
}

pub async fn session(w: &World, email: &str) -> Session {
    let cookie = secret(&w.sign_in(email, PASSWORD).await.unwrap().cookie);
    w.service.session(&cookie).await.unwrap().unwrap()
}

#[track_caller]
fn wrong(refusal: Refusal, field: Field) {
    let Refusal::Invalid(errors) = refusal else { panic!("{refusal:?}") };
    assert_eq!(errors.0.iter().map(|error| error.field).collect::<Vec<_>>(), [field], "{errors:?}");
}

async fn owners_and_admins_change_apps_and_each_change_is_on_record(w: World) {
    let service = &w.service;
    for role in [Role::Auditor, Role::Guest] {
        let caller = signed_in(role);
        let id = *service.default_app();
        assert_eq!(refusal(w.no_change(service.create_app(&caller, "New")).await), Refusal::Forbidden);
        assert_eq!(refusal(w.no_change(service.rename_app(&caller, &id, "New")).await), Refusal::Forbidden);
        assert_eq!(refusal(w.no_change(service.archive_app(&caller, &id)).await), Refusal::Forbidden);
        assert_eq!(refusal(w.no_change(service.restore_app(&caller, &id)).await), Refusal::Forbidden);
    }
    let admin = signed_in(Role::Admin);
    let app = w.one_event(Action::AppCreated, service.create_app(&admin, " Web  shop ")).await.unwrap();
    assert_eq!((app.name.as_str(), app.created_at, app.archived_at), ("Web  shop", service.now(), None));
    w.one_event(Action::AppRenamed, service.rename_app(&admin, &app.id, "Web shop")).await.unwrap();
    let event = w.newest().await;
    assert_eq!((event.subject.id.as_str(), event.subject.label.as_str()), (app.id.as_str(), "Web shop"));
    let change = (event.changes[0].from.as_deref(), event.changes[0].to.as_deref());
    assert_eq!(change, (Some("Web  shop"), Some("Web shop")));
    w.one_change(Action::AppArchived, service.archive_app(&admin, &app.id)).await.unwrap();
    w.one_change(Action::AppRestored, service.restore_app(&admin, &app.id)).await.unwrap();
    let seq = w.newest().await.seq;
    service.restore_app(&admin, &app.id).await.unwrap();
    service.rename_app(&admin, &app.id, "Web shop").await.unwrap();
    assert_eq!(w.newest().await.seq, seq, "what is so already is no change");
    let nowhere = AppId::from_random([9; 12]);
    for refused in [
        service.rename_app(owner(), &nowhere, "X").await,
        service.archive_app(owner(), &nowhere).await,
        service.restore_app(owner(), &nowhere).await,
    ] {
        assert_eq!(refusal(refused), Refusal::AppNotFound);
    }
}

async fn no_two_apps_in_use_look_alike(w: World) {
    let service = &w.service;
    let shop = create(&w, "Web shop").await;
    for name in
        ["Web shop", " web  SHOP", "We\u{200d}b shop", "Wеb shoр", "default", "", " ", "\u{200b}", &"x".repeat(101)]
    {
        wrong(refusal(service.create_app(owner(), name).await), Field::Name);
        wrong(
            refusal(service.rename_app(owner(), service.default_app(), &name.replace("default", "web shop")).await),
            Field::Name,
        );
    }
    create(&w, &"x".repeat(100)).await;
    // Nor one in Latin letters like one that was there in others.
    create(&w, "Касса").await;
    wrong(refusal(service.create_app(owner(), "Kacca").await), Field::Name);
    create(&w, "Каса").await;
    // The name of an archived app is free, and the app comes back once that is so again.
    service.archive_app(owner(), &shop.id).await.unwrap();
    let new = create(&w, "WEB SHOP").await;
    wrong(refusal(service.restore_app(owner(), &shop.id).await), Field::Name);
    service.rename_app(owner(), &new.id, "Other").await.unwrap();
    service.restore_app(owner(), &shop.id).await.unwrap();
}

async fn the_last_app_in_use_stays(w: World) {
    let service = &w.service;
    let first = *service.default_app();
    assert_eq!(refusal(w.no_change(service.archive_app(owner(), &first)).await), Refusal::LastApp);
    let second = create(&w, "Second").await;
    service.archive_app(owner(), &first).await.unwrap();
    assert_eq!(refusal(w.no_change(service.archive_app(owner(), &second.id)).await), Refusal::LastApp);
    // Two at the same moment do not both find the other.
    service.restore_app(owner(), &first).await.unwrap();
    let (one, two) = (w.service.clone(), w.another().await);
    let (one, two) = tokio::join!(one.archive_app(owner(), &first), two.archive_app(owner(), &second.id));
    assert_eq!([one.is_ok(), two.is_ok()].into_iter().filter(|done| *done).count(), 1);
    assert_eq!(w.store.apps_in_use(&Scope::All, 9).await.unwrap().len(), 1);
}

async fn keys_of_an_archived_app_are_refused_at_once_and_work_again_once_it_is_back(w: World) {
    let service = &w.service;
    let shop = create(&w, "Web shop").await;
    let asks = KeyDraft { boxes: vec![VERIFY.to_owned()], ..draft("service", "Verifier") };
    let (_, verifier) = issue(&w, &shop.id, &asks).await;
    let (id, sold) = issue(&w, &shop.id, &draft("service", "Shop")).await;
    let (_, here) = w.active(&draft("service", "Here")).await;
    let other = w.another().await;
    let _background = in_background(&other);
    for token in [&sold, &here] {
        assert_eq!((code(service, token).await, code(&other, token).await), (Code::Valid, Code::Valid));
    }
    service.archive_app(owner(), &shop.id).await.unwrap();
    assert_eq!((w.code(&sold).await, w.code(&here).await), (Code::Disabled, Code::Valid));
    let asked = service.verifier().authenticate(&verifier, AdminPermission::Verify, None, None).await.unwrap();
    assert_eq!(asked.code, Code::Disabled, "its own verifier, too");
    let (page, checks) = service.why(owner(), &id, &AskedCall::default()).await.unwrap();
    assert_eq!(page.key.row.state, KeyState::Active);
    let failed: Vec<_> = checks.iter().filter(|check| !check.passed).map(|check| check.detail.as_str()).collect();
    assert_eq!(failed, ["The app of the key is archived."]);
    until("another process knows", async || code(&other, &sold).await == Code::Disabled).await;

    let form = service.new_form_id().unwrap();
    let new = draft("service", "New");
    assert_eq!(refusal(w.no_change(service.issue(owner(), &shop.id, &new, &form)).await), Refusal::AppArchived);
    let by_shell = service.issue_acknowledged(shell(), &shop.id, &new);
    assert_eq!(refusal(w.no_change(by_shell).await), Refusal::AppArchived);
    let names = async |apps: Scope<AppId>| {
        let page = service.keys(owner(), apps, &KeyQuery::default()).await.unwrap();
        page.rows.into_iter().map(|row| row.name).collect::<Vec<_>>()
    };
    assert_eq!(names(Scope::All).await, ["Here"]);
    assert_eq!(names(Scope::from(&shop.id)).await, ["Shop", "Verifier"]);
    // Nothing was deleted, and one may still look at a key and change it.
    service.key(owner(), &id).await.unwrap();
    service.disable(owner(), &id, None).await.unwrap();
    service.restore_app(owner(), &shop.id).await.unwrap();
    assert_eq!(w.code(&sold).await, Code::Disabled, "somebody has disabled it meanwhile");
    service.enable(owner(), &id, None).await.unwrap();
    assert_eq!(w.code(&sold).await, Code::Valid);
    until("another process knows", async || code(&other, &sold).await == Code::Valid).await;
}

async fn an_app_is_found_by_its_name_or_id(w: World) {
    let service = &w.service;
    let shop = create(&w, "Web shop").await;
    for text in ["Web shop", " web SHOP ", shop.id.as_str()] {
        assert_eq!(service.app_by_name(shell(), text).await.unwrap(), shop, "{text}");
    }
    for text in ["", "shop", "0123456789abcdef01234567"] {
        assert_eq!(refusal(service.app_by_name(shell(), text).await), Refusal::AppNotFound, "{text}");
    }
    service.archive_app(owner(), &shop.id).await.unwrap();
    assert_eq!(refusal(service.app_by_name(shell(), "Web shop").await), Refusal::AppNotFound);
    assert!(service.app_by_name(shell(), shop.id.as_str()).await.unwrap().archived_at.is_some());
}

async fn a_session_looks_at_one_app_or_at_all(w: World) {
    w.make_owner().await;
    let service = &w.service;
    let (session, caller) = (session(&w, EMAIL).await, owner());
    let view = async || service.app_view(&session, caller).await.unwrap();
    let only = view().await;
    assert!(!only.is_shown() && only.one.is_some(), "with one app, nobody need know that there are apps");
    let shop = create(&w, "Web shop").await;
    let all = view().await;
    assert!(all.is_shown() && all.one.is_none());
    assert_eq!(all.choices.iter().map(|app| app.name.as_str()).collect::<Vec<_>>(), ["Default", "Web shop"]);
    assert_eq!(all.scope().unwrap(), Scope::Only(vec![*service.default_app(), shop.id]));
    w.no_event(service.choose_app(&session, caller, Some(&shop.id))).await.unwrap();
    assert_eq!(view().await.scope().unwrap(), Scope::from(&shop.id));
    let nowhere = AppId::from_random([9; 12]);
    assert_eq!(refusal(service.choose_app(&session, caller, Some(&nowhere)).await), Refusal::AppNotFound);
    // What is archived stays as long as it is chosen, and there is a way out.
    service.archive_app(owner(), &shop.id).await.unwrap();
    let archived = view().await;
    assert!(archived.is_shown() && archived.one.as_ref().is_some_and(|app| app.id == shop.id));
    service.choose_app(&session, caller, None).await.unwrap();
    assert!(!view().await.is_shown());
}

async fn more_apps_than_lists_show_together_are_chosen_from(w: World) {
    w.make_owner().await;
    let service = &w.service;
    let session = session(&w, EMAIL).await;
    for n in 0..30 {
        create(&w, &format!("Shop {n:02}")).await;
    }
    let view = service.app_view(&session, owner()).await.unwrap();
    assert_eq!((view.choices.len(), view.more), (30, true));
    assert_eq!(refusal(view.scope()), Refusal::ChooseApp { most: 30 });
    let found = AppQuery { search: Some("shop 29".to_owned()), ..AppQuery::default() };
    let last = service.apps(owner(), &found).await.unwrap().rows.remove(0).app;
    service.choose_app(&session, owner(), Some(&last.id)).await.unwrap();
    let view = service.app_view(&session, owner()).await.unwrap();
    assert!(view.is_shown() && !view.choices.contains(&last));
    assert_eq!(view.scope().unwrap(), Scope::from(&last.id));
}

on_both!(
    owners_and_admins_change_apps_and_each_change_is_on_record,
    no_two_apps_in_use_look_alike,
    the_last_app_in_use_stays,
    keys_of_an_archived_app_are_refused_at_once_and_work_again_once_it_is_back,
    an_app_is_found_by_its_name_or_id,
    a_session_looks_at_one_app_or_at_all,
    more_apps_than_lists_show_together_are_chosen_from,
);
