use domain::app::{App, AppQuery};
use domain::grant::KeyGrant;
use domain::ids::AppId;
use domain::invite::Invite;
use domain::key::KeyState;
use domain::kind::KeyKind;
use domain::list::{KeyQuery, KeySort, Rows, StatusFilter};
use domain::person::PersonQuery;
use domain::role::Role;
use domain::sight::{Scope, Sight};
use domain::timestamp::Timestamp;
use store::{Lock, PersonRow, SessionRow, Store, StoreError, Unique};

use crate::fixtures::{NOW, all, app, auditor, insert, key, key_id, person, whole};

contract! {
    apps_in_use_have_names_of_their_own,
    every_page_of_apps_in_either_direction_shows_each_once,
    apps_are_listed_with_their_keys,
    archived_apps_are_in_no_list_of_all,
    many_apps_are_one_list_with_every_filter,
    a_verdict_knows_whether_the_app_is_archived,
    people_are_limited_to_apps,
    people_are_listed_with_those_who_share_an_app,
    a_session_remembers_an_app,
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

async fn archive(store: &Store, id: &AppId, at: Option<Timestamp>) -> Result<(), StoreError> {
    store.write(async |tx| tx.set_app_archived(id, at).await).await
}

fn only(apps: &[u8]) -> Scope<AppId> {
    Scope::Only(apps.iter().map(|n| app(*n).id).collect())
}

async fn apps_in_use_have_names_of_their_own(store: Store) {
    add(&store, &[app(1), app(2)]).await;
    let taken = |answer: Result<(), StoreError>| matches!(answer, Err(StoreError::Conflict(Unique::AppName)));
    let rename = async |n, name| store.write(async |tx| tx.rename_app(&app(n).id, name).await).await;
    for name in ["App 1", " app  1", "APP\u{200d} 1"] {
        assert!(taken(rename(2, name).await), "{name:?}");
        let new = App { name: name.to_owned(), ..app(3) };
        assert!(taken(store.write(async |tx| tx.insert_app(&new).await).await), "{name:?}");
    }
    archive(&store, &app(1).id, Some(NOW)).await.unwrap();
    assert_eq!(store.app(&app(1).id).await.unwrap(), Some(App { archived_at: Some(NOW), ..app(1) }));
    assert_eq!(store.app_named("App 1").await.unwrap(), None);
    rename(2, "App 1").await.unwrap();
    assert_eq!(store.app_named(" aPP 1 ").await.unwrap().map(|app| app.id), Some(app(2).id));
    assert!(taken(archive(&store, &app(1).id, None).await));
    rename(1, "First").await.unwrap();
    archive(&store, &app(1).id, None).await.unwrap();
    assert_eq!(store.app(&app(1).id).await.unwrap(), Some(App { name: "First".to_owned(), ..app(1) }));
    let names = async |scope, limit| {
        let apps = store.apps_in_use(&scope, limit).await.unwrap();
        apps.into_iter().map(|app| app.name).collect::<Vec<_>>()
    };
    assert_eq!(names(Scope::All, 9).await, ["App 1", "First"]);
    assert_eq!(names(Scope::All, 1).await, ["App 1"]);
    assert_eq!(names(only(&[1]), 9).await, ["First"]);
    assert_eq!(names(only(&[]), 9).await, [""; 0]);
}

async fn every_page_of_apps_in_either_direction_shows_each_once(store: Store) {
    let named = |n: u8| App { name: format!("Shop {:02}", n % 60), ..app(n) };
    let apps: Vec<_> = (0..60).map(named).collect();
    add(&store, &apps).await;
    let list = async |query: AppQuery| store.list_apps(&all(), &query).await.unwrap();
    let mut pages = vec![list(AppQuery::default()).await];
    while let Some(next) = pages.last().unwrap().next.clone() {
        pages.push(list(AppQuery { after: Some(next), ..AppQuery::default() }).await);
    }
    let shown: Vec<_> = pages.iter().flat_map(|page| &page.rows).map(|row| row.app.name.clone()).collect();
    assert_eq!(shown, apps.iter().map(|app| app.name.clone()).collect::<Vec<_>>());
    assert!(pages.iter().all(|page| page.total.n == 60));
    for n in (1..pages.len()).rev() {
        let back = list(AppQuery { before: pages[n].previous.clone(), ..AppQuery::default() }).await;
        assert_eq!(back.rows, pages[n - 1].rows);
        assert_eq!(back.next, pages[n - 1].next);
    }
    for odd in ["x", "~", "nonsense~shop"] {
        assert_eq!(list(AppQuery { after: Some(odd.to_owned()), ..AppQuery::default() }).await.rows, pages[0].rows);
    }
    let searched = list(AppQuery { search: Some("SHOP 1".to_owned()), ..AppQuery::default() }).await;
    assert_eq!(searched.rows.len(), 10);
    let by_id = list(AppQuery { search: Some(app(7).id.to_string()), ..AppQuery::default() }).await;
    assert_eq!(by_id.rows.iter().map(|row| row.app.id).collect::<Vec<_>>(), [app(7).id]);
}

async fn apps_are_listed_with_their_keys(store: Store) {
    add(&store, &[app(1), app(2), app(3)]).await;
    let mut keys = vec![key(&app(1).id, "One"), key(&app(1).id, "Two"), key(&app(2).id, "Three")];
    keys[1].spec.kind = KeyKind::MasterUser;
    insert(&store, &keys).await;
    archive(&store, &app(2).id, Some(NOW)).await.unwrap();
    let counts = async |sight: &Sight, archived| {
        let page = store.list_apps(sight, &AppQuery { archived, ..AppQuery::default() }).await.unwrap();
        page.rows.into_iter().map(|row| (row.app.id, row.keys.n)).collect::<Vec<_>>()
    };
    assert_eq!(counts(&all(), false).await, [(app(1).id, 2), (app(3).id, 0)]);
    assert_eq!(counts(&all(), true).await, [(app(2).id, 1)]);
    assert_eq!(counts(&auditor(), false).await, [(app(1).id, 1), (app(3).id, 0)]);
    assert_eq!(counts(&whole(&app(3).id), false).await, [(app(3).id, 0)]);
    assert_eq!(counts(&all().only(&[keys[1].id]), false).await, [(app(1).id, 1), (app(3).id, 0)]);
    let mut of_keys = store.apps_of_keys(&[keys[0].id, keys[2].id, key_id()]).await.unwrap();
    of_keys.sort_unstable();
    let mut expected = vec![(keys[0].id, app(1).id), (keys[2].id, app(2).id)];
    expected.sort_unstable();
    assert_eq!(of_keys, expected);
    assert_eq!(store.apps_of_keys(&[]).await.unwrap(), []);
}

async fn archived_apps_are_in_no_list_of_all(store: Store) {
    add(&store, &[app(1), app(2)]).await;
    insert(&store, &[key(&app(1).id, "In use"), key(&app(2).id, "Archived")]).await;
    archive(&store, &app(2).id, Some(NOW)).await.unwrap();
    let names = async |sight: &Sight| {
        let page = store.list_keys(sight, &KeyQuery::default(), NOW).await.unwrap();
        assert_eq!(page.total.n as usize, page.rows.len());
        page.rows.into_iter().map(|row| row.name).collect::<Vec<_>>()
    };
    assert_eq!(names(&all()).await, ["In use"]);
    assert_eq!(names(&whole(&app(2).id)).await, ["Archived"], "unless it is chosen");
    assert_eq!(store.key_counts(&all(), NOW).await.unwrap().active.n, 1);
}

/// More arms than one statement takes, each an exact range or not, give what the apps give one by one.
async fn many_apps_are_one_list_with_every_filter(store: Store) {
    let apps: Vec<_> = (1..=30).map(app).collect();
    add(&store, &apps).await;
    let kinds: Vec<_> = KeyKind::issuable().collect();
    let states = [KeyState::Active, KeyState::Disabled, KeyState::Revoked];
    let mut keys = Vec::new();
    for (n, app) in apps.iter().enumerate() {
        for (m, kind) in kinds.iter().enumerate() {
            for state in states {
                let mut new = key(&app.id, ["Alpha", "my alpha", "Beta"][(n + m) % 3]);
                new.spec.kind = *kind;
                new.created_at = NOW.plus_seconds(-i64::try_from((n * 7 + m * 3) % 50).unwrap());
                keys.push((new, state));
            }
        }
    }
    assert!(keys.len() > 500);
    insert(&store, &keys.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>()).await;
    store
        .write(async |tx| {
            for (key, state) in keys.iter().filter(|(_, state)| *state != KeyState::Active) {
                tx.set_key_state(&key.id, KeyState::Active, *state, None).await?;
            }
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
    for sight in [all(), auditor()] {
        let together = Sight { apps: Scope::Only(apps.iter().map(|app| app.id).collect()), ..sight.clone() };
        for status in [None].into_iter().chain(StatusFilter::ALL.iter().copied().map(Some)) {
            for (search, sort) in [(None, KeySort::Name), (None, KeySort::Created), (Some("al"), KeySort::Name)] {
                let search = search.map(str::to_owned);
                let query = KeyQuery { status, search, sort, rows: Rows::Most, ..KeyQuery::default() };
                let page = store.list_keys(&together, &query, NOW).await.unwrap();
                let mut alone = 0;
                for app in &apps {
                    alone += store.list_keys(&sight.within(app.id), &query, NOW).await.unwrap().total.n;
                }
                assert_eq!(page.total.n, alone, "{query:?}");
                assert_eq!(page.rows.len(), alone.min(Rows::Most.count()) as usize, "{query:?}");
                let in_order = match (query.search.is_some(), sort) {
                    (true, _) => true,
                    (false, KeySort::Created) => page.rows.is_sorted_by_key(|row| (row.created_at, row.id)),
                    (false, _) => page.rows.is_sorted_by_key(|row| (row.name.to_lowercase(), row.id)),
                };
                assert!(in_order, "{query:?}");
            }
        }
        let counts = store.key_counts(&together, NOW).await.unwrap();
        let mut active = 0;
        for app in &apps {
            active += store.key_counts(&sight.within(app.id), NOW).await.unwrap().active.n;
        }
        assert_eq!(counts.active.n, active);
        assert_eq!(store.keys_to_look_at(&together, NOW).await.unwrap().len(), 5);
    }
}

async fn a_verdict_knows_whether_the_app_is_archived(store: Store) {
    add(&store, &[app(1)]).await;
    let key = key(&app(1).id, "Key");
    insert(&store, std::slice::from_ref(&key)).await;
    let archived = async || store.key_record(&key.id).await.unwrap().unwrap().record.app_archived;
    assert!(!archived().await);
    archive(&store, &app(1).id, Some(NOW)).await.unwrap();
    assert!(archived().await);
    archive(&store, &app(1).id, None).await.unwrap();
    assert!(!archived().await);
}

async fn people_are_limited_to_apps(store: Store) {
    add(&store, &[app(1), app(2)]).await;
    let ada = PersonRow { apps: only(&[1, 2]), ..person("ada@example.com", Role::Admin) };
    store.write(async |tx| tx.insert_person(&ada).await).await.unwrap();
    assert_eq!(store.person_by_id(&ada.id).await.unwrap(), Some(ada.clone()));
    for apps in [only(&[2]), Scope::All] {
        store.write(async |tx| tx.set_person_apps(&ada.id, &apps).await).await.unwrap();
        assert_eq!(store.person_by_email(&ada.email).await.unwrap().unwrap().apps, apps);
    }
    let invite = Invite {
        id: person("b@example.com", Role::Guest).id,
        email: "b@example.com".to_owned(),
        name: "Bob".to_owned(),
        role: Role::Auditor,
        apps: only(&[2]),
        keys: Vec::new(),
        access_ends_at: None,
        made_by: ("1".to_owned(), "owner@example.com".to_owned()),
        created_at: NOW,
        expires_at: NOW.plus_seconds(100),
    };
    store.write(async |tx| tx.insert_invite(&invite).await).await.unwrap();
    assert_eq!(store.invite(&invite.id).await.unwrap(), Some(invite));
}

async fn people_are_listed_with_those_who_share_an_app(store: Store) {
    add(&store, &[app(1), app(2)]).await;
    let key = key(&app(2).id, "Key");
    insert(&store, std::slice::from_ref(&key)).await;
    let limited = |name: &str, role, apps| PersonRow { apps, ..person(&format!("{name}@example.com"), role) };
    let people = [
        limited("all", Role::Owner, Scope::All),
        limited("both", Role::Admin, only(&[1, 2])),
        limited("granted", Role::Guest, Scope::All),
        limited("one", Role::Auditor, only(&[1])),
        limited("strange", Role::Guest, Scope::All),
        limited("two", Role::Guest, only(&[2])),
    ];
    store
        .write(async |tx| {
            for person in &people {
                tx.insert_person(person).await?;
                tx.set_person_keys(&person.id, &person.email, person.email.as_bytes()).await?;
            }
            tx.set_key_grants(&people[2].id, &[KeyGrant::new(key.id, &[])]).await
        })
        .await
        .unwrap();
    let lock = Lock { now: NOW, latest: NOW, failures: 100 };
    let seen = async |apps: Scope<AppId>| {
        let page = store.list_people(&PersonQuery::default(), &apps, lock).await.unwrap();
        assert_eq!(page.total.n as usize, page.rows.len());
        let names = page.rows.iter().map(|row| row.email.trim_end_matches("@example.com").to_owned());
        names.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(seen(Scope::All).await, "all both granted one strange two");
    assert_eq!(seen(only(&[1])).await, "all both one");
    assert_eq!(seen(only(&[2])).await, "all both granted two");
    assert_eq!(seen(only(&[])).await, "all");
    let listed = store.listed_person(&people[1].id, lock).await.unwrap().unwrap();
    assert_eq!(listed.apps, only(&[1, 2]));
}

async fn a_session_remembers_an_app(store: Store) {
    let ada = person("ada@example.com", Role::Admin);
    let session = SessionRow {
        id_mac: vec![1; 32],
        person_id: ada.id,
        created_at: NOW,
        last_seen_at: NOW,
        expires_at: NOW.plus_seconds(100),
        address: None,
        user_agent: None,
        password_checked_at: NOW,
        factor_checked_at: None,
        owes_password: false,
    };
    store
        .write(async |tx| {
            tx.insert_person(&ada).await?;
            tx.insert_session(&session).await
        })
        .await
        .unwrap();
    assert_eq!(store.chosen_app(&[1; 32]).await.unwrap(), None);
    for app in [Some(app(1).id), Some(app(2).id), None] {
        store.write(async |tx| tx.set_chosen_app(&[1; 32], app.as_ref()).await).await.unwrap();
        assert_eq!(store.chosen_app(&[1; 32]).await.unwrap(), app);
    }
    assert_eq!(store.chosen_app(&[2; 32]).await.unwrap(), None);
}
