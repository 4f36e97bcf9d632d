//! Paging both ways while keys come and go.

use std::collections::{BTreeMap, BTreeSet};

use domain::app::AppQuery;
use domain::audit_query::AuditQuery;
use domain::ids::{AppId, KeyId};
use domain::list::{KeyQuery, KeySort, Rows, StatusFilter};
use domain::page::Page;
use domain::person::PersonQuery;
use domain::timestamp::Timestamp;
use store::{KeyUse, LastUsed, NewKey, Paged, Store, StoreError};

use crate::contract::contract;
use crate::fixtures::{NOW, all, app, insert, key, whole, with_app};

contract! {
    every_surviving_key_is_seen_exactly_once,
    a_list_that_ends_under_the_reader_has_a_way_back,
    pages_over_many_apps_show_each_key_once_in_order,
    a_list_knows_its_own_cursors,
}

/// A key whose place in each order depends on `n` alone, with many equal values.
fn scattered(app: &AppId, n: i64) -> (NewKey, LastUsed) {
    let mut new = key(app, &format!("key {}", n * 7_919 % 23));
    new.created_at = NOW.plus_seconds(n * 31 % 17);
    let used = LastUsed { key_id: new.id, newest: KeyUse { at: NOW.plus_seconds(n * 13 % 11), address: None } };
    (new, used)
}

async fn add(store: &Store, keys: &[(NewKey, LastUsed)]) {
    store
        .write(async |tx| {
            let new: Vec<NewKey> = keys.iter().map(|(key, _)| key.clone()).collect();
            tx.insert_keys(&new).await?;
            // Every third was never used.
            let used: Vec<LastUsed> = keys.iter().step_by(3).map(|(_, used)| used.clone()).collect();
            tx.show_last_uses(&used).await?;
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
}

struct Reader<'a> {
    store: &'a Store,
    app: &'a AppId,
    /// Keys that were there from the start and still are.
    survivors: BTreeSet<KeyId>,
    added: i64,
}

impl Reader<'_> {
    /// New keys come, one goes at random, and so does one that the page has just shown: the one that the cursor names.
    async fn churn(&mut self, shown: Option<&KeyId>) {
        let new: Vec<_> = (0..3).map(|n| scattered(self.app, self.added + n)).collect();
        self.added += 3;
        add(self.store, &new).await;
        let at = usize::try_from(self.added).unwrap() * 37 % self.survivors.len();
        let random = self.survivors.iter().nth(at).copied();
        for id in [shown.copied(), random].into_iter().flatten() {
            self.store.write(async |tx| tx.delete_key(&id, NOW).await).await.unwrap();
            self.survivors.remove(&id);
        }
    }

    async fn page(&self, query: &KeyQuery) -> Page<domain::key::KeyRow> {
        self.store.list_keys(&whole(self.app), query, NOW).await.unwrap()
    }
}

fn check(seen: &BTreeMap<KeyId, u32>, survivors: &BTreeSet<KeyId>, query: &KeyQuery) {
    let twice: Vec<_> = seen.iter().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "{query:?}: seen more than once: {twice:?}");
    let missed: Vec<_> = survivors.iter().filter(|id| !seen.contains_key(*id)).collect();
    assert!(missed.is_empty(), "{query:?}: never seen: {missed:?}");
}

async fn every_surviving_key_is_seen_exactly_once(store: Store) {
    let app = with_app(&store).await;
    for sort in KeySort::ALL.iter().copied() {
        for descending in [false, true] {
            let keys: Vec<_> = (0..180).map(|n| scattered(&app, n)).collect();
            add(&store, &keys).await;
            let survivors = keys.iter().map(|(key, _)| key.id).collect();
            let mut reader = Reader { store: &store, app: &app, survivors, added: 1_000 };
            let mut query = KeyQuery { sort, descending, ..KeyQuery::default() };

            let mut seen = BTreeMap::new();
            let mut page = reader.page(&query).await;
            loop {
                for row in &page.rows {
                    *seen.entry(row.id).or_insert(0) += 1;
                }
                let Some(next) = page.next else { break };
                reader.churn(page.rows.last().map(|row| &row.id)).await;
                query.after = Some(next);
                page = reader.page(&query).await;
            }
            check(&seen, &reader.survivors, &query);

            // Back from the last page, which is shown again as it is now.
            page = reader.page(&query).await;
            query.after = None;
            let mut seen = BTreeMap::new();
            loop {
                for row in &page.rows {
                    *seen.entry(row.id).or_insert(0) += 1;
                }
                let Some(previous) = page.previous else { break };
                reader.churn(page.rows.first().map(|row| &row.id)).await;
                query.before = Some(previous);
                page = reader.page(&query).await;
            }
            check(&seen, &reader.survivors, &query);
            clear(&reader).await;
        }
    }
}

async fn clear(reader: &Reader<'_>) {
    loop {
        let page = reader.page(&KeyQuery::default()).await;
        if page.rows.is_empty() {
            return;
        }
        for row in page.rows {
            reader.store.write(async |tx| tx.delete_key(&row.id, NOW).await).await.unwrap();
        }
    }
}

async fn a_list_that_ends_under_the_reader_has_a_way_back(store: Store) {
    let app = with_app(&store).await;
    let keys: Vec<NewKey> = (0..30).map(|n| key(&app, &format!("key {n:02}"))).collect();
    insert(&store, &keys).await;
    let list = async |query: &KeyQuery| store.list_keys(&whole(&app), query, NOW).await.unwrap();
    let first = list(&KeyQuery::default()).await;
    for gone in &keys[25..] {
        store.write(async |tx| tx.delete_key(&gone.id, NOW).await).await.unwrap();
    }
    let behind = list(&KeyQuery { after: first.next, ..KeyQuery::default() }).await;
    assert!(behind.rows.is_empty() && behind.next.is_none());
    let back = list(&KeyQuery { before: behind.previous, ..KeyQuery::default() }).await;
    assert_eq!((back.rows, back.previous, back.next), (first.rows, None, None));
}

/// So many keys that a filter by time tests them in the order of the list.
async fn pages_over_many_apps_show_each_key_once_in_order(store: Store) {
    let mut keys = Vec::new();
    for n in 1..=8 {
        let app = app(n);
        store.write(async |tx| tx.insert_app(&app).await).await.unwrap();
        for m in 0..12 * i64::from(n) * i64::from(n) {
            let (mut new, used) = scattered(&app.id, m);
            // One app has none that expires.
            new.spec.expires_at = (n != 7 || m < 400).then_some(NOW.plus_seconds(-1)).filter(|_| m % 29 != 0);
            keys.push((new, used));
        }
    }
    let (new, used): (Vec<_>, Vec<_>) = keys.iter().cloned().unzip();
    store
        .write(async |tx| {
            tx.insert_keys(&new).await?;
            tx.show_last_uses(&used.iter().step_by(3).cloned().collect::<Vec<_>>()).await
        })
        .await
        .unwrap();
    let used: BTreeMap<KeyId, Timestamp> = used.iter().step_by(3).map(|used| (used.key_id, used.newest.at)).collect();
    let mut seen_by_status = Vec::new();
    for status in [None, Some(StatusFilter::Expired), Some(StatusFilter::NeverUsed)] {
        let matches = |new: &&NewKey| match status {
            None => true,
            Some(StatusFilter::Expired) => new.spec.expires_at.is_some(),
            _ => !used.contains_key(&new.id),
        };
        for (sort, descending) in KeySort::ALL.iter().flat_map(|sort| [(*sort, false), (*sort, true)]) {
            let mut expected: Vec<&NewKey> = new.iter().filter(matches).collect();
            expected.sort_by_key(|new| {
                let name = (sort == KeySort::Name).then(|| new.spec.name.clone());
                let at = match sort {
                    KeySort::Name => None,
                    KeySort::Created => Some(new.created_at),
                    KeySort::LastUsed => used.get(&new.id).copied(),
                };
                (name, at, new.id)
            });
            let expected: Vec<KeyId> = expected.iter().map(|new| new.id).collect();
            // Each order is read one way from the front, and the other way from the end.
            let mut query = KeyQuery { status, sort, rows: Rows::Most, ..KeyQuery::default() };
            query.before = descending.then(|| "end".to_owned());
            let mut seen = Vec::new();
            loop {
                let page = store.list_keys(&all(), &query, NOW).await.unwrap();
                let ids = page.rows.iter().map(|row| row.id);
                if descending {
                    seen.extend(ids.rev());
                } else {
                    seen.extend(ids);
                }
                let to = if descending { page.previous } else { page.next };
                let Some(to) = to else { break };
                if descending { query.before = Some(to) } else { query.after = Some(to) }
            }
            if descending {
                seen.reverse();
            }
            assert_eq!(seen.len(), expected.len(), "{query:?}");
            assert!(seen == expected, "{query:?}: another order");
        }
        seen_by_status.push(new.iter().filter(matches).count());
    }
    assert!(seen_by_status[1] > 2_000 && seen_by_status[1] < seen_by_status[0], "{seen_by_status:?}");
}

async fn a_list_knows_its_own_cursors(store: Store) {
    let app = with_app(&store).await;
    let keys: Vec<NewKey> = (0..60).map(|n| key(&app, &format!("key {n:02}"))).collect();
    insert(&store, &keys).await;
    let list = async |query: KeyQuery| store.list_keys(&whole(&app), &query, NOW).await.unwrap();
    let searched = KeyQuery { search: Some("key".to_owned()), ..KeyQuery::default() };
    let sorted = KeyQuery { sort: KeySort::Created, ..KeyQuery::default() };
    for query in [KeyQuery::default(), searched, sorted] {
        let after = list(query.clone()).await.next.unwrap();
        let second = list(KeyQuery { after: Some(after.clone()), ..query.clone() }).await;
        let before = second.previous.unwrap();
        assert!(query.is_cursor(&after, false) && query.is_cursor(&before, true), "{after} {before}");
        assert!(query.is_cursor("end", true) && !query.is_cursor("end", false) && !query.is_cursor("x", true));
    }
    assert!(!KeyQuery { sort: KeySort::Created, ..KeyQuery::default() }.is_cursor("7Qm2xVbN4tRa~name~1", false));
    for (text, is_cursor) in
        [("7", [true; 2]), ("0", [false, true]), ("7a", [false; 2]), ("-5", [false; 2]), ("+7", [false; 2])]
    {
        let told = [false, true].map(|backwards| AuditQuery::default().is_cursor(text, backwards));
        assert_eq!(told, is_cursor, "{text}");
    }
    assert!(AppQuery::default().is_cursor(&format!("{app}~name"), true));
    assert!(!AppQuery::default().is_cursor("name", true) && !PersonQuery::default().is_cursor("name", false));
}
