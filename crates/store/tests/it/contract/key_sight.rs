use domain::kind::KeyKind;
use domain::list::{KeyQuery, KeySort, StatusFilter};
use domain::sight::{Scope, Sight};
use store::Store;

use super::key_list::{list, populate};
use crate::fixtures::{NOW, all, app, insert, key, whole, with_app};

contract! {
    kinds_out_of_sight_are_not_listed,
    named_keys_are_listed_alone,
    all_apps_are_one_list,
}

async fn kinds_out_of_sight_are_not_listed(store: Store) {
    let app = populate(&store).await;
    let see = Sight { kinds: vec![KeyKind::Service, KeyKind::Client], ..whole(&app) };
    let all = store.list_keys(&see, &KeyQuery::default(), NOW).await.unwrap();
    assert_eq!(all.total.n, 80);
    let query = KeyQuery { kind: Some(KeyKind::MasterUser), ..KeyQuery::default() };
    let none = store.list_keys(&see, &query, NOW).await.unwrap();
    assert_eq!((none.total.n, none.rows.len(), none.next), (0, 0, None));
    let master = list(&store, &app, &query).await.rows.remove(0);
    let by_id = KeyQuery { search: Some(master.id.as_str().to_owned()), ..KeyQuery::default() };
    assert!(store.list_keys(&see, &by_id, NOW).await.unwrap().rows.is_empty());
}

async fn named_keys_are_listed_alone(store: Store) {
    let app = populate(&store).await;
    let everything = list(&store, &app, &KeyQuery::default()).await;
    let named = [everything.rows[3].clone(), everything.rows[7].clone()];
    let sight = Sight { keys: Scope::Only(named.iter().rev().map(|row| row.id).collect()), ..whole(&app) };
    for sort in KeySort::ALL.iter().copied() {
        for descending in [false, true] {
            let query = KeyQuery { sort, descending, ..KeyQuery::default() };
            let page = store.list_keys(&sight, &query, NOW).await.unwrap();
            let mut ids: Vec<_> = page.rows.iter().map(|row| row.id).collect();
            ids.sort();
            let mut expected = named.each_ref().map(|row| row.id);
            expected.sort();
            assert_eq!((ids.as_slice(), page.total.n, page.next), (expected.as_slice(), 2, None));
        }
    }
    for status in StatusFilter::ALL.iter().copied() {
        let query = KeyQuery { status: Some(status), ..KeyQuery::default() };
        let whole = store.list_keys(&whole(&app), &query, NOW).await.unwrap();
        let page = store.list_keys(&sight, &query, NOW).await.unwrap();
        assert!(page.total.n <= 2 && page.total.n <= whole.total.n, "{status:?}");
    }
    let found = |text: &str| KeyQuery { search: Some(text.to_owned()), ..KeyQuery::default() };
    let by_name = store.list_keys(&sight, &found(&named[0].name), NOW).await.unwrap();
    assert!(by_name.rows.iter().all(|row| named.iter().any(|named| named.id == row.id)));
    assert!(by_name.rows.contains(&named[0]));
    let by_id = store.list_keys(&sight, &found(named[1].id.as_str()), NOW).await.unwrap();
    assert_eq!(by_id.rows, [named[1].clone()]);
    let other = store.list_keys(&sight, &found(everything.rows[0].id.as_str()), NOW).await.unwrap();
    assert!(other.rows.is_empty());
    let nothing = Sight { keys: Scope::Only(Vec::new()), ..sight };
    assert!(store.list_keys(&nothing, &KeyQuery::default(), NOW).await.unwrap().rows.is_empty());
}

async fn all_apps_are_one_list(store: Store) {
    let one = with_app(&store).await;
    let two = app(2);
    store.write(async |tx| tx.insert_app(&two).await).await.unwrap();
    insert(&store, &[key(&one, "b"), key(&two.id, "a"), key(&one, "c")]).await;
    for status in [None, Some(StatusFilter::Active)] {
        let query = KeyQuery { status, ..KeyQuery::default() };
        let page = store.list_keys(&all(), &query, NOW).await.unwrap();
        let names: Vec<_> = page.rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!((names, page.total.n), (vec!["a", "b", "c"], 3));
    }
    assert_eq!(store.list_keys(&whole(&two.id), &KeyQuery::default(), NOW).await.unwrap().rows.len(), 1);
}
