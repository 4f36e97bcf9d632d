//! Paging both ways while keys come and go.

use std::collections::{BTreeMap, BTreeSet};

use domain::ids::{AppId, KeyId};
use domain::list::{KeyQuery, KeySort};
use domain::page::Page;
use store::{KeyUse, LastUsed, NewKey, Store, StoreError};

use crate::contract::contract;
use crate::fixtures::{NOW, insert, key, whole, with_app};

contract! {
    every_surviving_key_is_seen_exactly_once,
    a_list_that_ends_under_the_reader_has_a_way_back,
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
