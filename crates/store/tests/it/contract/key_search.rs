use domain::environment::Environment;
use domain::ids::KeyId;
use domain::key::KeyState;
use domain::list::{KeyQuery, Rows, StatusFilter};
use domain::page::{Capped, FOUND_CAP};
use domain::spec::KeySpec;
use store::{NewKey, Store, StoreError};

use super::key_list::{list, place, populate, walk};
use crate::fixtures::{NOW, insert, key, with_app};

contract! {
    a_search_finds_names_and_ids,
    a_search_finds_words_inside_names,
    words_are_found_among_many_in_the_order_of_the_search,
}

async fn a_search_finds_names_and_ids(store: Store) {
    let app = populate(&store).await;
    let find = async |text: &str| {
        let query = KeyQuery { search: Some(text.to_owned()), ..KeyQuery::default() };
        let page = list(&store, &app, &query).await;
        assert_eq!(usize::try_from(page.total.n).unwrap(), walk(&store, &app, &query).await.len());
        page.rows
    };
    let some = list(&store, &app, &KeyQuery::default()).await.rows.remove(7);
    let id = some.id.as_str();
    for text in [id.to_owned(), format!("ks_{id}"), format!("ks_{id}_secret"), id[..5].to_owned(), format!(" {id} ")] {
        assert_eq!(find(&text).await, std::slice::from_ref(&some), "{text}");
    }
    // Two characters are looked for in names alone, and may begin one by chance.
    let begins = |name: &str| name.to_lowercase().contains(&id[..2].to_lowercase());
    assert!(find(&id[..2]).await.iter().all(|row| begins(&row.name)));
    assert!(find("no such name").await.is_empty());
    assert!(find("alpha of another app").await.is_empty());
    assert!(find("%").await.is_empty() && find("_").await.is_empty() && find("'").await.is_empty());
    assert_eq!(find("日").await.len(), 12);
    assert_eq!(
        list(&store, &app, &KeyQuery { search: Some("  ".to_owned()), ..KeyQuery::default() }).await.total.n,
        120
    );
    // A key whose name begins like its own id is found once.
    let mut both = key(&app, "x");
    both.id = KeyId::parse("abcdefghijkl").unwrap();
    "abcdef".clone_into(&mut both.spec.name);
    let mut other = key(&app, "abc first by name");
    other.id = KeyId::parse("zzzzzzzzzzzz").unwrap();
    insert(&store, &[both, other]).await;
    let names: Vec<String> = find("abc").await.into_iter().map(|row| row.name).collect();
    assert_eq!(names, ["abc first by name", "abcdef"]);
}

async fn a_search_finds_words_inside_names(store: Store) {
    let app = with_app(&store).await;
    let names = ["Billing export", "Export", "billing: 50%_off", "a/b-exporter", "reexport", "one export export", "x"];
    let keys: Vec<NewKey> = names.iter().map(|name| key(&app, name)).collect();
    insert(&store, &keys).await;
    let find = async |text: &str| {
        let query = KeyQuery { search: Some(text.to_owned()), ..KeyQuery::default() };
        let page = list(&store, &app, &query).await;
        assert_eq!(usize::try_from(page.total.n).unwrap(), page.rows.len(), "{text}");
        page.rows.into_iter().map(|row| row.name).collect::<Vec<_>>()
    };
    assert_eq!(find("export").await, ["Export", "Billing export", "one export export", "a/b-exporter"]);
    assert_eq!(find("EXPORT E").await, ["one export export"]);
    assert_eq!(find("50%_").await, ["billing: 50%_off"]);
    assert_eq!(find("off").await, ["billing: 50%_off"]);
    assert!(find("5__").await.is_empty() && find("-exp").await.is_empty() && find("port").await.is_empty());
    // By a label, each name is tested.
    let live =
        KeyQuery { environment: Some(Environment::Live), search: Some("50%_".to_owned()), ..KeyQuery::default() };
    assert_eq!(list(&store, &app, &live).await.total.n, 1);

    let renamed = KeySpec { name: "Billing import".to_owned(), ..keys[0].spec.clone() };
    store.write(async |tx| tx.update_key(&keys[0].id, 1, &renamed, NOW).await).await.unwrap();
    assert_eq!(find("import").await, ["Billing import"]);
    store.write(async |tx| tx.delete_key(&keys[3].id, NOW).await).await.unwrap();
    assert_eq!(find("export").await, ["Export", "one export export"]);
    // A new key with the same id is not found by the name of the old one.
    let again = NewKey { spec: KeySpec { name: "new".to_owned(), ..keys[3].spec.clone() }, ..keys[3].clone() };
    insert(&store, &[again]).await;
    assert_eq!(find("exporter").await, Vec::<String>::new());
}

async fn words_are_found_among_many_in_the_order_of_the_search(store: Store) {
    let app = with_app(&store).await;
    let words = ["export", "nightly: export export", "import 50%_"];
    let keys: Vec<NewKey> =
        (0..11_000_usize).map(|n| key(&app, &format!("{} {n:05}", words[n % words.len()]))).collect();
    insert(&store, &keys).await;
    let disabled = [&keys[1], &keys[4]];
    store
        .write(async |tx| {
            for key in disabled {
                tx.set_key_state(&key.id, KeyState::Active, KeyState::Disabled, None).await?;
            }
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
    for search in ["export", "export e", "50%_", "001", "nightly"] {
        let query = KeyQuery { search: Some(search.to_owned()), ..KeyQuery::default() };
        let mut places: Vec<_> = keys.iter().filter_map(|key| place(&key.spec.name, search)).collect();
        places.sort_unstable();
        let first = list(&store, &app, &query).await;
        assert_eq!(first.total, Capped::at(FOUND_CAP, u64::try_from(places.len()).unwrap()), "{search}");
        let second = list(&store, &app, &KeyQuery { after: first.next, ..query.clone() }).await;
        let back = list(&store, &app, &KeyQuery { before: second.previous, ..query.clone() }).await;
        assert_eq!(back.rows, first.rows, "{search}");
        let shown = [&first.rows[..], &second.rows].concat();
        let shown: Vec<_> = shown.iter().map(|row| place(&row.name, search).unwrap()).collect();
        assert_eq!(shown, places[..shown.len()], "{search}");
        let end = list(&store, &app, &KeyQuery { before: Some("end".to_owned()), ..query.clone() }).await;
        let shown: Vec<_> = end.rows.iter().map(|row| place(&row.name, search).unwrap()).collect();
        assert_eq!(shown, places[places.len() - shown.len()..], "{search}");
        let disabled = KeyQuery { status: Some(StatusFilter::Disabled), ..query };
        let expected = usize::from(search != "50%_" && search != "001") * 2;
        assert_eq!(list(&store, &app, &disabled).await.rows.len(), expected, "{search}");
    }
    // From the names that begin with it over to those with a later word.
    let query = KeyQuery { search: Some("export".to_owned()), rows: Rows::Most, ..KeyQuery::default() };
    let names = walk(&store, &app, &query).await.len();
    assert_eq!(names, 7_334);
}
