use domain::environment::Environment;
use domain::field::Field;
use domain::ids::{AppId, KeyId};
use domain::key::{KeyRow, KeyState, Status};
use domain::kind::KeyKind;
use domain::list::{KeyQuery, KeySort, Rows, StatusFilter};
use domain::page::{COUNT_CAP, Capped, FOUND_CAP, Page, Uncounted};
use domain::sight::{Scope, Sight};
use domain::spec::KeySpec;
use domain::text::name_key;
use domain::timestamp::Timestamp;
use domain::verdict::Code;
use store::{KeyCalls, KeyUse, LastUsed, NewKey, Store, StoreError, UsageBatch};

use crate::fixtures::{NOW, all, app, insert, key, whole, with_app};

contract! {
    every_filter_and_order_agrees_with_a_plain_model,
    common_statuses_are_read_in_order,
    called_keys_are_found_among_many_and_among_few,
    a_search_finds_names_and_ids,
    a_search_finds_words_inside_names,
    words_are_found_among_many_in_the_order_of_the_search,
    cursors_that_are_none_give_the_first_page,
    kinds_out_of_sight_are_not_listed,
    named_keys_are_listed_alone,
    all_apps_are_one_list,
    the_ids_of_a_page_are_those_of_the_same_page,
}

const DAY: i64 = 86_400;

const HOUR: i64 = 3_600_000;

/// Keys of each kind, state and age, some with equal names and times, and one of another app.
async fn populate(store: &Store) -> AppId {
    let app_id = with_app(store).await;
    let names =
        ["Alpha", "my alpha", "Älpha", "beta-Alphabet", "Beta 2", "Zeta", "émile", "~", "日本", "alphabet alpha"];
    let kinds = [KeyKind::Service, KeyKind::Client, KeyKind::MasterUser];
    let mut keys = Vec::new();
    for n in 0..120_usize {
        let mut new = key(&app_id, names[n % names.len()]);
        let step = i64::try_from(n).unwrap();
        new.spec.kind = kinds[n % kinds.len()];
        new.created_at = NOW.plus_seconds(-(step % 40) * 3 * DAY);
        let expires = n % 4 != 0 && new.spec.kind.rules().asks(Field::ExpiresAt);
        new.spec.expires_at = expires.then(|| NOW.plus_seconds((step % 50 - 10) * DAY));
        if n % 5 == 1 && new.spec.kind.rules().asks(Field::NotBefore) {
            // Some began a while ago, one begins at this very moment.
            new.spec.not_before = Some(NOW.plus_seconds((step % 3 - 1) * DAY));
        }
        if n % 9 == 3 {
            new.spec.rules.rotate_days = Some(20);
        }
        if n % 7 == 0 {
            new.ack_deadline = Some(NOW);
        }
        keys.push(new);
    }
    insert(store, &keys).await;
    store
        .write(async |tx| {
            for (n, new) in keys.iter().enumerate() {
                let to = [KeyState::Active, KeyState::Disabled, KeyState::Revoked, KeyState::Active][n % 4];
                if to != KeyState::Active {
                    tx.set_key_state(&new.id, KeyState::Active, to, None).await?;
                }
            }
            let used: Vec<LastUsed> = (0_i64..)
                .zip(&keys)
                .filter(|(n, _)| n % 3 == 0)
                .map(|(n, key)| LastUsed {
                    key_id: key.id,
                    newest: KeyUse { at: NOW.plus_seconds(n % 20), address: None },
                })
                .collect();
            let hour = NOW.hour();
            let calls =
                |key: &NewKey, hour, code| KeyCalls { key_id: key.id, hour, code: Some(code), calls: 1, used: None };
            let mut counts = Vec::new();
            for key in &keys {
                counts.push(calls(key, hour - 25 * HOUR, Code::Valid));
                counts.push(calls(key, hour - 25 * HOUR, Code::Expired));
                // Asking about others is no accepted call of the key.
                counts.push(KeyCalls { code: None, calls: 0, ..calls(key, hour, Code::Valid) });
                let last = key.id.as_str().bytes().last().unwrap() % 3;
                if last < 2 {
                    let code = if last == 1 { Code::Valid } else { Code::Expired };
                    counts.extend([0, 24].map(|ago| calls(key, hour - ago * HOUR, code)));
                }
            }
            tx.show_last_uses(&used).await?;
            tx.flush_usage(&UsageBatch { keys: counts, ..UsageBatch::default() }).await?;
            tx.insert_app(&app(2)).await?;
            tx.insert_keys(&[key(&app(2).id, "alpha of another app")]).await?;
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
    app_id
}

async fn list(store: &Store, app: &AppId, query: &KeyQuery) -> Page<KeyRow> {
    store.list_keys(&whole(app), query, NOW).await.unwrap()
}

/// Every row, page by page.
async fn walk(store: &Store, app: &AppId, query: &KeyQuery) -> Vec<KeyRow> {
    let mut query = query.clone();
    let mut rows = Vec::new();
    loop {
        let page = list(store, app, &query).await;
        rows.extend(page.rows);
        match page.next {
            Some(next) => query.after = Some(next),
            None => return rows,
        }
    }
}

/// Every key was called a day ago, some later, and some were refused. The end of the id says which.
fn called(row: &KeyRow, code: Code) -> bool {
    row.id.as_str().bytes().last().is_some_and(|last| last % 3 == u8::from(code == Code::Valid))
}

fn has_status(row: &KeyRow, status: StatusFilter) -> bool {
    let active = row.state == KeyState::Active;
    let expires_within =
        |days: i64| active && row.expires_at.is_some_and(|at| at > NOW && at <= NOW.plus_seconds(days * DAY));
    match status {
        StatusFilter::Active => matches!(row.status(NOW), Status::Active | Status::Expiring { .. }),
        StatusFilter::NotYetValid => active && row.not_before.is_some_and(|from| from > NOW),
        StatusFilter::Pending => row.state == KeyState::Pending,
        StatusFilter::Disabled => row.state == KeyState::Disabled,
        StatusFilter::Revoked => row.state == KeyState::Revoked,
        StatusFilter::Expired => active && row.expires_at.is_some_and(|at| at <= NOW),
        StatusFilter::Expiring7 => expires_within(7),
        StatusFilter::Expiring30 => expires_within(30),
        StatusFilter::NeverUsed => active && row.last_used_at.is_none(),
        StatusFilter::NeverUsed90 => {
            active && row.last_used_at.is_none() && row.created_at <= NOW.plus_seconds(-90 * DAY)
        }
        StatusFilter::Unrestricted => {
            let is_restricted = row.cidr_count > 0 || row.domain_count > 0 || row.expires_at.is_some();
            active && row.kind == KeyKind::Service && !is_restricted
        }
        StatusFilter::RotationOverdue => row.is_rotation_overdue(NOW),
        StatusFilter::Off => matches!(row.state, KeyState::Disabled | KeyState::Revoked),
        StatusFilter::Accepted => called(row, Code::Valid),
        StatusFilter::Refused => called(row, Code::Expired),
    }
}

/// Where a search lists a name: names that begin like it, then later words by what is left of the name. `None` if it does
/// not find the name.
fn place(name: &str, search: &str) -> Option<(u8, String)> {
    let name = name_key(name);
    if name.starts_with(search) {
        return Some((0, name));
    }
    let after = |(at, before): (usize, &str)| name[at + before.len()..].to_owned();
    let rest = name.match_indices([' ', '-', ':']).map(after).find(|rest| rest.starts_with(search));
    rest.map(|rest| (1, rest))
}

fn model(all: &[KeyRow], query: &KeyQuery) -> Vec<KeyRow> {
    let search = query.search.as_deref().map(name_key);
    let mut rows: Vec<KeyRow> = all
        .iter()
        .filter(|row| query.kind.is_none_or(|kind| row.kind == kind))
        .filter(|row| query.status.is_none_or(|status| has_status(row, status)))
        .filter(|row| search.as_ref().is_none_or(|prefix| place(&row.name, prefix).is_some()))
        .cloned()
        .collect();
    let millis = |at: Option<Timestamp>| at.map_or(0, Timestamp::millis);
    rows.sort_by(|a, b| {
        let order = match query.sort {
            _ if search.is_some() => {
                let place = |row: &KeyRow| place(&row.name, search.as_deref().unwrap());
                place(a).cmp(&place(b))
            }
            KeySort::Name => name_key(&a.name).as_bytes().cmp(name_key(&b.name).as_bytes()),
            KeySort::Created => a.created_at.cmp(&b.created_at),
            KeySort::LastUsed => millis(a.last_used_at).cmp(&millis(b.last_used_at)),
        };
        order.then_with(|| a.id.cmp(&b.id))
    });
    if query.descending && search.is_none() {
        rows.reverse();
    }
    rows
}

async fn every_filter_and_order_agrees_with_a_plain_model(store: Store) {
    let app = populate(&store).await;
    let all = walk(&store, &app, &KeyQuery::default()).await;
    assert_eq!(all.len(), 120);
    let statuses = StatusFilter::ALL.iter().copied().map(Some).chain([None]);
    for status in statuses {
        for kind in [None, Some(KeyKind::Client), Some(KeyKind::App)] {
            for sort in KeySort::ALL.iter().copied() {
                for descending in [false, true] {
                    for search in [None, Some("ALPHA".to_owned()), Some("日".to_owned())] {
                        let query = KeyQuery { search, kind, status, sort, descending, ..KeyQuery::default() };
                        let expected = model(&all, &query);
                        let page = list(&store, &app, &query).await;
                        assert_eq!(page.total.n, u32::try_from(expected.len()).unwrap(), "{query:?}");
                        assert_eq!(walk(&store, &app, &query).await, expected, "{query:?}");
                    }
                }
            }
        }
    }
}

async fn common_statuses_are_read_in_order(store: Store) {
    let app = with_app(&store).await;
    let keys: Vec<NewKey> = (0..11_000_i64)
        .map(|n| {
            let mut key = key(&app, &format!("key {}", n * 7_919 % 11_000));
            key.created_at = NOW.plus_seconds(-n);
            key.spec.expires_at = Some(NOW.plus_seconds(if n % 2 == 0 { -1 } else { DAY }));
            key
        })
        .collect();
    insert(&store, &keys).await;
    let all = walk(&store, &app, &KeyQuery::default()).await;
    for status in [StatusFilter::Active, StatusFilter::Expired, StatusFilter::Expiring7, StatusFilter::NeverUsed] {
        for sort in KeySort::ALL.iter().copied() {
            let query = KeyQuery { status: Some(status), sort, descending: true, ..KeyQuery::default() };
            let mut expected = model(&all, &query);
            let first = list(&store, &app, &query).await;
            let cap = if status == StatusFilter::Active { COUNT_CAP } else { FOUND_CAP };
            assert_eq!(first.total, Capped::at(cap, u64::try_from(expected.len()).unwrap()));
            let second = list(&store, &app, &KeyQuery { after: first.next.clone(), ..query.clone() }).await;
            expected.truncate(50);
            assert_eq!([first.rows, second.rows].concat(), expected, "{query:?}");
        }
    }
}

async fn called_keys_are_found_among_many_and_among_few(store: Store) {
    let app = with_app(&store).await;
    let mut keys: Vec<NewKey> = (0..1_020).map(|n| key(&app, &format!("Key {n:04}"))).collect();
    keys[1_010..].iter_mut().for_each(|key| key.spec.kind = KeyKind::Client);
    insert(&store, &keys).await;
    let calls =
        |key: &NewKey, code| KeyCalls { key_id: key.id, hour: NOW.hour(), code: Some(code), calls: 1, used: None };
    let called = [(3, Code::Valid), (1_005, Code::Valid), (1_011, Code::Valid), (1_012, Code::Expired)];
    let counts = called.iter().map(|(n, code)| calls(&keys[*n], *code)).collect();
    let batch = UsageBatch { keys: counts, ..UsageBatch::default() };
    store.write(async |tx| tx.flush_usage(&batch).await).await.unwrap();
    let accepted = KeyQuery { status: Some(StatusFilter::Accepted), ..KeyQuery::default() };
    let refused = KeyQuery { status: Some(StatusFilter::Refused), ..KeyQuery::default() };
    let clients = KeyQuery { kind: Some(KeyKind::Client), ..accepted.clone() };
    let found = KeyQuery { search: Some("key 100".to_owned()), ..accepted.clone() };
    for (query, expected) in
        [(accepted, &[3, 1_005, 1_011][..]), (refused, &[1_012]), (clients, &[1_011]), (found, &[1_005])]
    {
        let page = list(&store, &app, &query).await;
        let names: Vec<_> = page.rows.iter().map(|row| row.name.clone()).collect();
        let expected: Vec<_> = expected.iter().map(|n| format!("Key {n:04}")).collect();
        assert_eq!((names, page.total.n as usize), (expected.clone(), expected.len()), "{query:?}");
    }
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

async fn cursors_that_are_none_give_the_first_page(store: Store) {
    let app = populate(&store).await;
    for sort in KeySort::ALL.iter().copied() {
        let query = KeyQuery { sort, ..KeyQuery::default() };
        let first = list(&store, &app, &query).await;
        for nonsense in ["x", "~", "7Qm2xVbN4tRa", "' OR 1=1 --", "short~name~1"] {
            let after = KeyQuery { after: Some(nonsense.to_owned()), ..query.clone() };
            let before = KeyQuery { before: Some(nonsense.to_owned()), ..query.clone() };
            assert_eq!(list(&store, &app, &after).await, first);
            assert_eq!(list(&store, &app, &before).await, first);
        }
    }
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

async fn the_ids_of_a_page_are_those_of_the_same_page(store: Store) {
    let app_id = populate(&store).await;
    let sight = whole(&app_id);
    let first = KeyQuery { sort: KeySort::Created, descending: true, ..KeyQuery::default() };
    let after = store.list_keys(&sight, &first, NOW).await.unwrap().next;
    let found = KeyQuery { search: Some("alpha".to_owned()), ..KeyQuery::default() };
    let none = KeyQuery { search: Some("zzyzx".to_owned()), ..KeyQuery::default() };
    for query in [first.clone(), KeyQuery { after, ..first }, found, none] {
        let page = store.list_keys(&sight, &query, NOW).await.unwrap();
        let ids = store.list_page_ids(&sight, &query, NOW).await.unwrap();
        let rows = page.rows.iter().map(|row| row.id).collect();
        assert_eq!(ids, Uncounted { rows, next: page.next, previous: page.previous }, "{query:?}");
    }
}
