//! What another family keeps with apps: who may change it, and what is recorded of that.

use domain::{
    app_profile::{NO_PROFILE, PROFILE_MAX, ProfileQuery},
    audit::Action,
    field::Field,
    ids::AppId,
    refusal::Refusal,
    role::Role,
};

use crate::world::{World, owner, refusal, signed_in};

const KEPT: &str = r#"{"metadata":{"team":"a"}}"#;

async fn whoever_manages_apps_keeps_something_with_them_on_record(w: World) {
    let service = &w.service;
    let admin = signed_in(Role::Admin);
    let made = w.one_event(Action::AppCreated, service.create_profiled_app(&admin, "Shop", KEPT)).await.unwrap();
    assert_eq!((made.app.name.as_str(), made.profile.as_str()), ("Shop", KEPT));
    let values: Vec<_> = w.newest().await.changes.into_iter().filter_map(|change| change.to).collect();
    assert!(values.contains(&"set".to_owned()) && !values.concat().contains("team"), "{values:?}");
    let id = made.app.id;
    assert_eq!(service.profiled_app(&admin, &id).await.unwrap(), made);
    let other = |_: &str| r#"{"metadata":{"team":"b"}}"#.to_owned();
    let changed = service.change_profiled_app(&admin, &id, None, &other);
    let changed = w.one_event(Action::AppChanged, changed).await.unwrap();
    let change = w.newest().await.changes.remove(0);
    assert_eq!(change.field, Field::Metadata.as_str());
    assert_eq!((change.from, change.to.as_deref()), (None, Some("changed")), "what is kept may be secret elsewhere");
    let same = |before: &str| before.to_owned();
    let renamed = service.change_profiled_app(&admin, &id, Some("Web shop"), &same);
    assert_eq!(w.one_event(Action::AppRenamed, renamed).await.unwrap().app.name, "Web shop");
    let nothing = service.change_profiled_app(&admin, &id, Some("Web shop"), &same);
    assert_eq!(w.no_event(nothing).await.unwrap().profile, changed.profile);
    assert_eq!(service.profiled_app(owner(), service.default_app()).await.unwrap().profile, NO_PROFILE);
}

async fn nobody_else_changes_it_and_nothing_odd_is_kept(w: World) {
    let service = &w.service;
    let id = *service.default_app();
    let put = |_: &str| KEPT.to_owned();
    for role in [Role::Auditor, Role::Guest] {
        let caller = signed_in(role);
        assert_eq!(refusal(w.no_change(service.create_profiled_app(&caller, "New", KEPT)).await), Refusal::Forbidden);
        let change = service.change_profiled_app(&caller, &id, None, &put);
        assert_eq!(refusal(w.no_change(change).await), Refusal::Forbidden);
    }
    let guest = signed_in(Role::Guest);
    assert_eq!(refusal(service.profiled_app(&guest, &id).await), Refusal::Forbidden);
    assert_eq!(refusal(service.profiled_apps(&guest, &ProfileQuery::default()).await), Refusal::Forbidden);
    let long = format!(r#"{{"a":"{}"}}"#, " ".repeat(PROFILE_MAX));
    for wrong in ["", "[]", "x", &long] {
        let refused = refusal(w.no_event(service.create_profiled_app(owner(), "New", wrong)).await);
        assert!(matches!(refused, Refusal::Invalid(_)), "{refused:?}");
        let odd = |_: &str| wrong.to_owned();
        let refused = refusal(w.no_event(service.change_profiled_app(owner(), &id, None, &odd)).await);
        assert!(matches!(refused, Refusal::Invalid(_)), "{refused:?}");
    }
    let nowhere = AppId::from_random([9; 12]);
    assert_eq!(refusal(service.change_profiled_app(owner(), &nowhere, None, &put).await), Refusal::AppNotFound);
    assert_eq!(refusal(service.profiled_app(owner(), &nowhere).await), Refusal::AppNotFound);
    let made = service.create_profiled_app(owner(), "Gone", NO_PROFILE).await.unwrap();
    for _ in 0..2 {
        service.finds_app(owner(), &made.app.id).await.unwrap();
    }
    assert_eq!(refusal(service.finds_app(owner(), &nowhere).await), Refusal::AppNotFound);
    service.archive_app(owner(), &made.app.id).await.unwrap();
    assert_eq!(refusal(service.finds_app(owner(), &made.app.id).await), Refusal::AppNotFound);
    service.restore_app(owner(), &made.app.id).await.unwrap();
    service.finds_app(owner(), &made.app.id).await.unwrap();
    service.archive_app(owner(), &made.app.id).await.unwrap();
    let refused = service.change_profiled_app(owner(), &made.app.id, None, &put).await;
    assert_eq!(refusal(refused), Refusal::AppArchived);
    let listed = service.profiled_apps(owner(), &ProfileQuery::default()).await.unwrap();
    assert_eq!(listed.rows.iter().map(|row| row.app.id).collect::<Vec<_>>(), [id], "archived apps are not listed");
}

on_both!(whoever_manages_apps_keeps_something_with_them_on_record, nobody_else_changes_it_and_nothing_odd_is_kept);
