use domain::field::Field;
use domain::ids::AppId;
use domain::key::{KeyRow, KeyState, Status};
use domain::kind::KeyKind;
use domain::list::{KeyQuery, KeySort, StatusFilter};
use domain::page::{COUNT_CAP, Capped, FOUND_CAP, Page, Uncounted};
use domain::text::name_key;
use domain::timestamp::Timestamp;
use domain::verdict::Code;
use store::{KeyCalls, KeyUse, LastUsed, NewKey, Store, StoreError, UsageBatch};

use crate::fixtures::{NOW, app, insert, key, whole, with_app};

contract! {
    every_filter_and_order_agrees_with_a_plain_model,
    common_statuses_are_read_in_order,
    called_keys_are_found_among_many_and_among_few,
    cursors_that_are_none_give_the_first_page,
    the_ids_of_a_page_are_those_of_the_same_page,
}

const DAY: i64 = 86_400;

const HOUR: i64 = 3_600_000;

/// Keys of each kind, state and age, some with equal names and times, and one of another app.
pub(super) async fn populate(store: &Store) -> AppId {
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

pub(super) async fn list(store: &Store, app: &AppId, query: &KeyQuery) -> Page<KeyRow> {
    store.list_keys(&whole(app), query, NOW).await.unwrap()
}

/// Every row, page by page.
pub(super) async fn walk(store: &Store, app: &AppId, query: &KeyQuery) -> Vec<KeyRow> {
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
pub(super) fn place(name: &str, search: &str) -> Option<(u8, String)> {
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
