use std::time::Duration;

use domain::ids::KeyId;
use domain::quota::{Quota, Refill};
use domain::rules::KeyRules;
use domain::spec::KeySpec;
use domain::timestamp::Timestamp;
use store::{Announced, QuotaBlock, QuotaReturn, Store};

use crate::fixtures::{NOW, insert, key, key_id, with_app};

contract! {
    a_block_is_debited,
    what_comes_back_counts_where_it_came_from,
    a_period_begins_full_and_only_once,
    a_change_of_the_quota_voids_its_blocks,
    changes_are_announced_where_the_database_can,
    what_is_told_is_heard_where_the_database_can,
}

const DAY: i64 = 86_400;

async fn with_quota(store: &Store, total: u64, refill: Refill) -> KeyId {
    let mut new = key(&with_app(store).await, "key");
    new.spec.rules.quota = Some(Quota { total, refill });
    insert(store, std::slice::from_ref(&new)).await;
    new.id
}

async fn take(store: &Store, id: &KeyId, epoch: i64, least: u64, now: Timestamp) -> Option<(u64, u64)> {
    let block = store.write(async |tx| tx.take_quota(id, epoch, least, 1_000, now).await).await.unwrap();
    block.map(|QuotaBlock { calls, left, .. }| (calls, left))
}

async fn a_block_is_debited(store: Store) {
    let id = with_quota(&store, 100, Refill::Never).await;
    assert_eq!(take(&store, &id, 1, 1, NOW).await, Some((6, 94)));
    assert_eq!(take(&store, &id, 1, 50, NOW).await, Some((50, 44)));
    assert_eq!(take(&store, &id, 1, 45, NOW).await, Some((0, 44)));
    assert_eq!(take(&store, &id, 1, 44, NOW).await, Some((44, 0)));
    assert_eq!(take(&store, &id, 1, 1, NOW).await, Some((0, 0)));
    assert_eq!(take(&store, &id, 2, 1, NOW).await, None);
    assert_eq!(take(&store, &key_id(), 1, 1, NOW).await, None);
    let detail = store.key_detail(&id).await.unwrap().unwrap();
    assert_eq!((detail.rules.quota.unwrap().total, detail.quota_left), (100, Some(0)));
    let mut huge = key(&detail.app_id, "huge");
    huge.spec.rules.quota = Some(Quota { total: 1_000_000, refill: Refill::Never });
    insert(&store, std::slice::from_ref(&huge)).await;
    assert_eq!(take(&store, &huge.id, 1, 1, NOW).await, Some((1_000, 999_000)));
    let take = async |least, wanted| {
        store.write(async |tx| tx.take_quota(&huge.id, 1, least, wanted, NOW).await).await.unwrap().unwrap().calls
    };
    assert_eq!((take(1, 7).await, take(1, 0).await, take(9, 7).await), (7, 1, 9), "no more than wanted or needed");
    assert_eq!(take(1, 5_000).await, 1_000);
}

async fn what_comes_back_counts_where_it_came_from(store: Store) {
    let id = with_quota(&store, 160, Refill::Daily).await;
    let block = store.write(async |tx| tx.take_quota(&id, 1, 1, 1_000, NOW).await).await.unwrap().unwrap();
    assert_eq!((block.calls, block.left), (10, 150));
    let unspent = QuotaReturn { key_id: id, epoch: 1, period: block.period, calls: 4 };
    let give = async |unspent: QuotaReturn| {
        store.write(async |tx| tx.return_quota(&[unspent]).await).await.unwrap();
        store.key_detail(&id).await.unwrap().unwrap().quota_left.unwrap()
    };
    assert_eq!(give(QuotaReturn { epoch: 2, ..unspent.clone() }).await, 150);
    assert_eq!(give(QuotaReturn { period: block.period - 1, ..unspent.clone() }).await, 150);
    assert_eq!(give(QuotaReturn { key_id: key_id(), ..unspent.clone() }).await, 150);
    assert_eq!(give(unspent).await, 154);
}

async fn a_period_begins_full_and_only_once(store: Store) {
    let id = with_quota(&store, 16, Refill::Daily).await;
    assert_eq!(take(&store, &id, 1, 16, NOW).await, Some((16, 0)));
    let tomorrow = NOW.plus_seconds(DAY);
    assert_eq!(take(&store, &id, 1, 10, tomorrow).await, Some((10, 6)));
    assert_eq!(take(&store, &id, 1, 10, tomorrow).await, Some((0, 6)));
    assert_eq!(take(&store, &id, 1, 10, NOW).await, Some((0, 6)), "a clock that was put back");
    assert_eq!(take(&store, &id, 1, 6, NOW.plus_seconds(3 * DAY)).await, Some((6, 10)));
}

async fn a_change_of_the_quota_voids_its_blocks(store: Store) {
    let id = with_quota(&store, 16, Refill::Never).await;
    take(&store, &id, 1, 10, NOW).await;
    let set = async |revision, quota| {
        let before = store.key_detail(&id).await.unwrap().unwrap().spec();
        let spec = KeySpec { rules: KeyRules { quota, ..before.rules.clone() }, ..before };
        assert!(store.write(async |tx| tx.update_key(&id, revision, &spec, NOW).await).await.unwrap());
        let stored = store.key_record(&id).await.unwrap().unwrap();
        assert_eq!(stored.record.rules.quota, quota);
        stored.quota_epoch
    };
    assert_eq!(set(1, Some(Quota { total: 16, refill: Refill::Never })).await, 1, "the same goes on");
    assert_eq!(take(&store, &id, 1, 1, NOW).await, Some((1, 5)));
    assert_eq!(set(2, Some(Quota { total: 20, refill: Refill::Never })).await, 3);
    assert_eq!(take(&store, &id, 1, 1, NOW).await, None);
    assert_eq!(take(&store, &id, 3, 1, NOW).await, Some((1, 19)));
    assert_eq!(set(3, None).await, 0);
    assert_eq!(set(4, Some(Quota { total: 20, refill: Refill::Never })).await, 5);
    assert_eq!(take(&store, &id, 3, 1, NOW).await, None);
}

async fn changes_are_announced_where_the_database_can(store: Store) {
    let Some(mut changes) = store.changes().await.unwrap() else {
        assert_eq!(format!("{store:?}"), "Store::Sqlite");
        return;
    };
    let silent = tokio::time::timeout(Duration::from_millis(200), changes.next()).await;
    assert!(silent.is_err(), "nothing has changed");
    store.write(async |tx| tx.bump_version().await).await.unwrap();
    tokio::time::timeout(Duration::from_mins(1), changes.next()).await.unwrap().unwrap();
}

async fn what_is_told_is_heard_where_the_database_can(store: Store) {
    let heard = store.changes().await.unwrap();
    store.tell_others("one \"thing\"").await.unwrap();
    let Some(mut heard) = heard else { return };
    let next = tokio::time::timeout(Duration::from_mins(1), heard.next()).await.unwrap().unwrap();
    assert_eq!(next, Announced::Told("one \"thing\"".to_owned()));
}
