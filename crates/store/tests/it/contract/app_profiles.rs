use domain::app::App;
use domain::app_profile::{NO_PROFILE, ProfileQuery, ProfiledApp};
use domain::ids::AppId;
use domain::sight::Scope;
use store::{Store, StoreError};

use crate::fixtures::{NOW, app};

contract! {
    an_app_keeps_a_profile,
    some_apps_are_read_together,
    apps_are_listed_by_id_in_either_direction,
}

async fn add(store: &Store, apps: &[App]) {
    store
        .write(async |tx| {
            for app in apps {
                tx.insert_app(app).await?;
            }
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
}

async fn an_app_keeps_a_profile(store: Store) {
    add(&store, &[app(1), app(2)]).await;
    let profile = async |n| store.profiled_app(&app(n).id).await.unwrap().map(|found| found.profile);
    assert_eq!(profile(1).await.as_deref(), Some(NO_PROFILE));
    let kept = r#"{"metadata":{"a":"é"}}"#;
    store.write(async |tx| tx.set_app_profile(&app(1).id, kept).await).await.unwrap();
    assert_eq!(
        store.profiled_app(&app(1).id).await.unwrap(),
        Some(ProfiledApp { app: app(1), profile: kept.to_owned() })
    );
    assert_eq!((profile(2).await.as_deref(), profile(3).await), (Some(NO_PROFILE), None));
    store.write(async |tx| tx.set_app_archived(&app(1).id, Some(NOW)).await).await.unwrap();
    assert_eq!(profile(1).await.as_deref(), Some(kept), "an archived app keeps it");
}

async fn some_apps_are_read_together(store: Store) {
    add(&store, &[app(1), app(2), app(3)]).await;
    store.write(async |tx| tx.set_app_archived(&app(2).id, Some(NOW)).await).await.unwrap();
    let mut found = store.some_profiled_apps(&[app(2).id, app(9).id, app(1).id]).await.unwrap();
    found.sort_by_key(|found| found.app.id);
    let expected = [app(1), App { archived_at: Some(NOW), ..app(2) }];
    assert_eq!(found, expected.map(|app| ProfiledApp { app, profile: NO_PROFILE.to_owned() }));
    assert!(store.some_profiled_apps(&[]).await.unwrap().is_empty());
}

async fn apps_are_listed_by_id_in_either_direction(store: Store) {
    let apps: Vec<_> = (1..=7).map(app).collect();
    add(&store, &apps).await;
    store.write(async |tx| tx.set_app_archived(&app(4).id, Some(NOW)).await).await.unwrap();
    let list = async |scope: &Scope<AppId>, after: Option<u8>, before: Option<u8>| {
        let id = |n: u8| app(n).id;
        let query = ProfileQuery { after: after.map(id), before: before.map(id), rows: 2 };
        let page = store.profiled_apps(scope, &query).await.unwrap();
        let ids: Vec<_> = page.rows.iter().map(|row| row.app.id).collect();
        (ids, page.next.is_some(), page.previous.is_some(), page.total.n)
    };
    let ids = |numbers: &[u8]| numbers.iter().map(|n| app(*n).id).collect::<Vec<_>>();
    assert_eq!(list(&Scope::All, None, None).await, (ids(&[1, 2]), true, false, 6));
    assert_eq!(list(&Scope::All, Some(2), None).await, (ids(&[3, 5]), true, true, 6));
    assert_eq!(list(&Scope::All, Some(4), None).await, (ids(&[5, 6]), true, true, 6), "of one that is not listed");
    assert_eq!(list(&Scope::All, Some(5), None).await, (ids(&[6, 7]), false, true, 6));
    assert_eq!(list(&Scope::All, None, Some(5)).await, (ids(&[2, 3]), true, true, 6));
    assert_eq!(list(&Scope::All, None, Some(3)).await, (ids(&[1, 2]), true, false, 6));
    assert_eq!(list(&Scope::All, Some(7), None).await, (Vec::new(), false, false, 6));
    assert_eq!(list(&Scope::Only(ids(&[3, 4])), None, None).await, (ids(&[3]), false, false, 1));
    assert_eq!(list(&Scope::Only(Vec::new()), None, None).await, (Vec::new(), false, false, 0));
}
