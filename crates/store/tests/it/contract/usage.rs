use std::collections::BTreeMap;
use std::sync::Arc;

use domain::ids::KeyId;
use domain::kind::KeyKind;
use domain::list::{KeyQuery, StatusFilter};
use domain::quota::{Quota, Refill};
use domain::sight::{Scope, Sight};
use domain::timestamp::Millis;
use domain::usage::{Edge, HourCalls, RefusedCall};
use domain::verdict::Code;
use store::{KeyCalls, KeyUse, LastUseRead, LastUsed, NewKey, Store, StoreError, UsageBatch, UsePlace};

use crate::fixtures::{NOW, all, app, auditor, insert, key, key_id, whole, with_app};

contract! {
    a_batch_is_halved_until_one_row_is_left,
    the_newest_use_is_listed,
    a_use_is_on_record_before_it_is_listed,
    the_stamp_changes_with_each_key_and_what_calls_change_of_it,
    a_use_in_the_future_is_brought_back,
    calls_are_added_up,
    calls_of_a_key_are_added_up_and_forgotten,
    the_last_refusals_are_kept,
}

const HOUR: i64 = 3_600_000;

async fn the_newest_use_is_listed(store: Store) {
    let app = with_app(&store).await;
    let keys: Vec<NewKey> = (0..221).map(|n| key(&app, &format!("key {n}"))).collect();
    insert(&store, &keys).await;
    let list = async |seconds, address: Option<&str>| {
        let newest = used(seconds, address);
        let mut uses: Vec<LastUsed> = keys.iter().map(|key| LastUsed { key_id: key.id, newest }).collect();
        // A key that has been deleted in the meantime.
        uses.push(LastUsed { key_id: key_id(), newest });
        let before = store.write_count();
        store.write(async |tx| tx.show_last_uses(&uses).await).await.unwrap();
        assert_eq!(store.write_count(), before + 1);
    };
    list(10, Some("203.0.113.9")).await;
    list(5, Some("203.0.113.5")).await;
    for key in &keys {
        assert_eq!(last_use(&store, &key.id).await, used(10, Some("203.0.113.9")));
    }
    list(11, None).await;
    assert_eq!(last_use(&store, &keys[0].id).await, used(11, None));
}

async fn a_use_is_on_record_before_it_is_listed(store: Store) {
    let app = with_app(&store).await;
    let (one, two) = (key(&app, "one"), key(&app, "two"));
    insert(&store, &[one.clone(), two.clone()]).await;
    let hour = NOW.hour();
    assert_eq!(store.newest_hour().await.unwrap(), None);
    let record = async |key: &KeyId, code, newest| {
        let key_id = *key;
        let keys = vec![KeyCalls { key_id, hour, code, calls: 0, used: Some(newest) }];
        let batch = UsageBatch { keys, ..UsageBatch::default() };
        store.write(async |tx| tx.flush_usage(&batch).await).await.unwrap();
    };
    record(&one.id, Some(Code::Disabled), used(10, Some("203.0.113.9"))).await;
    record(&one.id, None, used(8, None)).await;
    // Older than the stored use.
    record(&one.id, Some(Code::Disabled), used(5, Some("203.0.113.5"))).await;
    assert_eq!(last_use(&store, &one.id).await, used(10, Some("203.0.113.9")));
    record(&two.id, None, used(3, Some("2001:db8::1"))).await;
    assert_eq!(last_use(&store, &two.id).await, used(3, Some("2001:db8::1")));
    let many = store.current_details(&[two.id, key_id(), one.id]).await.unwrap();
    let many: BTreeMap<_, _> = many.into_iter().map(|(id, detail)| (id, detail.unwrap())).collect();
    assert_eq!(many.len(), 2);
    for (id, detail) in many {
        assert_eq!(detail, store.key_detail(&id).await.unwrap().unwrap());
    }
    for (last_use, known) in [(LastUseRead::Newest, LastUseRead::Listed), (LastUseRead::Listed, LastUseRead::Newest)] {
        let of = async |id: &KeyId, last_use| match last_use {
            LastUseRead::Newest => store.key_detail(id).await.unwrap().unwrap(),
            LastUseRead::Listed => store.key_details(std::slice::from_ref(id)).await.unwrap().remove(0),
        };
        let called = store.called_keys(&[two.id, key_id(), one.id], last_use).await.unwrap();
        assert_eq!(called.len(), 2);
        for (id, called) in called {
            let (called, expected) = (called.unwrap(), of(&id, last_use).await);
            assert_eq!((called.id, called.revision), (id, expected.revision));
            let detail = called.detail(&Arc::new(of(&id, known).await));
            assert_eq!(*detail, expected, "{last_use:?}");
            assert!(Arc::ptr_eq(&called.detail(&detail), &detail));
        }
    }
    assert_eq!(store.key_calls_since(&two.id, 0).await.unwrap(), []);
    assert_eq!(store.newest_hour().await.unwrap(), Some(hour));

    let mut unlisted = unlisted(&store, hour).await;
    unlisted.sort_by_key(|used| used.newest.at);
    let expected = [(&two, used(3, Some("2001:db8::1"))), (&one, used(8, None)), (&one, used(10, Some("203.0.113.9")))];
    assert_eq!(unlisted, expected.map(|(key, newest)| LastUsed { key_id: key.id, newest }));
    assert_eq!(self::unlisted(&store, hour + HOUR).await, []);
    for used in &unlisted {
        store.write(async |tx| tx.show_last_uses(std::slice::from_ref(used)).await).await.unwrap();
    }
    assert_eq!(self::unlisted(&store, 0).await, []);
    assert_eq!(last_use(&store, &one.id).await, used(10, Some("203.0.113.9")));
}

async fn the_stamp_changes_with_each_key_and_what_calls_change_of_it(store: Store) {
    let stamp = async || store.for_calls().key_stamp().await.unwrap();
    let app = with_app(&store).await;
    let mut before = stamp().await;
    let mut expect = async |other: bool, what: &str| {
        let now = stamp().await;
        assert_eq!(std::mem::replace(&mut before, now) != now, other, "{what}");
    };
    store.write(async |tx| tx.put_setting("one", "two").await).await.unwrap();
    expect(false, "a setting").await;
    let (bare, mut key) = (key(&app, "bare"), key(&app, "one"));
    key.spec.rules.quota = Some(Quota { total: 9, refill: Refill::Never });
    insert(&store, std::slice::from_ref(&bare)).await;
    expect(true, "a key").await;
    insert(&store, std::slice::from_ref(&key)).await;
    expect(true, "a key with a quota").await;
    let newest = used(10, None);
    let calls =
        KeyCalls { key_id: key.id, hour: newest.at.hour(), code: Some(Code::Valid), calls: 1, used: Some(newest) };
    let batch = UsageBatch { keys: vec![calls], ..UsageBatch::default() };
    for what in ["the first calls of an hour", "further calls"] {
        store.write(async |tx| tx.flush_usage(&batch).await).await.unwrap();
        expect(true, what).await;
    }
    store.write(async |tx| tx.show_last_uses(&[LastUsed { key_id: key.id, newest }]).await).await.unwrap();
    expect(true, "a use that lists show").await;
    store.write(async |tx| tx.take_quota(&key.id, 1, 1, 5, NOW).await).await.unwrap().unwrap();
    expect(true, "a block of a quota").await;
    expect(false, "nothing").await;
    let given_up = store.write(async |tx| {
        tx.flush_usage(&batch).await?;
        Err::<(), _>(StoreError::Failed("given up".to_owned()))
    });
    given_up.await.unwrap_err();
    expect(false, "what was given up").await;
    store.write(async |tx| tx.prune_key_calls(newest.at.hour() + HOUR, 9).await).await.unwrap();
    expect(true, "old calls that go").await;
    assert!(store.write(async |tx| tx.delete_key(&bare.id, NOW).await).await.unwrap());
    expect(true, "a key that goes").await;
}

async fn a_use_in_the_future_is_brought_back(store: Store) {
    let app = with_app(&store).await;
    let (one, two) = (key(&app, "one"), key(&app, "two"));
    insert(&store, &[one.clone(), two.clone()]).await;
    let later = NOW.plus_seconds(1_000_000_000);
    for (key, at) in [(&one, later), (&two, NOW)] {
        let used = KeyUse { at, address: None };
        let calls = KeyCalls { key_id: key.id, hour: at.hour(), code: Some(Code::Valid), calls: 1, used: Some(used) };
        let batch = UsageBatch { keys: vec![calls], ..UsageBatch::default() };
        store.write(async |tx| tx.flush_usage(&batch).await).await.unwrap();
        let listed = [LastUsed { key_id: key.id, newest: used }];
        store.write(async |tx| tx.show_last_uses(&listed).await).await.unwrap();
    }
    assert_eq!(last_use(&store, &one.id).await.at, later);
    let now = NOW.plus_seconds(60);
    let beyond = now.plus(Millis::days(1));
    let forget = async |limit| store.write(async |tx| tx.prune_calls_ahead(beyond.hour(), limit).await).await.unwrap();
    assert_eq!((forget(0).await, forget(9).await, forget(9).await), (0, 1, 0));
    assert_eq!(store.newest_hour().await.unwrap(), Some(NOW.hour()));
    let bring_back = async |limit| store.write(async |tx| tx.bring_back_uses(now, beyond, limit).await).await.unwrap();
    assert_eq!((bring_back(0).await, bring_back(9).await, bring_back(9).await), (0, 1, 0));
    assert_eq!(last_use(&store, &one.id).await.at, now);
    assert_eq!(last_use(&store, &two.id).await.at, NOW);
}

fn used(seconds: i64, address: Option<&str>) -> KeyUse {
    KeyUse { at: NOW.plus_seconds(seconds), address: address.map(|address| address.parse().unwrap()) }
}

async fn last_use(store: &Store, key: &KeyId) -> KeyUse {
    let detail = store.key_detail(key).await.unwrap().unwrap();
    KeyUse { at: detail.row.last_used_at.unwrap(), address: detail.last_used_address }
}

/// All of them, row by row.
async fn unlisted(store: &Store, since: i64) -> Vec<LastUsed> {
    let (mut all, mut place) = (Vec::new(), Some(UsePlace::since(since)));
    while let Some(this) = place {
        let (uses, next) = store.unlisted_uses(&this, 1).await.unwrap();
        all.extend(uses);
        place = next;
    }
    all
}

fn counted(hour: i64, code: Code, calls: u64) -> HourCalls {
    HourCalls { hour, code, calls }
}

async fn calls_are_added_up(store: Store) {
    let one = with_app(&store).await;
    let two = app(2);
    store.write(async |tx| tx.insert_app(&two).await).await.unwrap();
    let hour = NOW.hour();
    let apps = vec![
        (one, Some(KeyKind::Service), counted(hour, Code::Valid, 3)),
        (one, Some(KeyKind::Service), counted(hour, Code::Expired, 2)),
        (one, None, counted(hour, Code::NotFound, 1)),
        (one, Some(KeyKind::Service), counted(hour - HOUR, Code::Valid, 100)),
        (one, Some(KeyKind::MasterUser), counted(hour, Code::Valid, 10)),
        (two.id, Some(KeyKind::Service), counted(hour, Code::Valid, 1_000)),
    ];
    let batch = UsageBatch { apps, ..UsageBatch::default() };
    for _ in 0..2 {
        store.write(async |tx| tx.flush_usage(&batch).await).await.unwrap();
    }
    let calls = async |sight: &Sight, hour, step| {
        let mut calls = store.calls_since(sight, hour, step).await.unwrap();
        calls.sort_by_key(|calls| (calls.hour, calls.code));
        calls
    };
    let each = Millis::hours(1);
    let of = |accepted| {
        let refused = [counted(hour, Code::NotFound, 2), counted(hour, Code::Expired, 4)];
        [counted(hour, Code::Valid, accepted), refused[0], refused[1]]
    };
    assert_eq!(calls(&whole(&one), hour, each).await, of(26));
    assert_eq!(calls(&auditor().within(one), hour, each).await, of(6));
    assert_eq!(calls(&all(), hour, each).await, of(2_026));
    let before = counted(hour - HOUR, Code::Valid, 200);
    assert_eq!(calls(&whole(&one), hour - HOUR, each).await, [&[before], of(26).as_slice()].concat());
    // Both hours are of one day.
    let day = calls(&whole(&one), hour - HOUR, Millis::days(1)).await;
    let starts = hour - hour % Millis::days(1).0;
    assert_eq!(
        day.iter().map(|calls| (calls.hour, calls.calls)).collect::<Vec<_>>(),
        [(starts, 226), (starts, 2), (starts, 4)]
    );
    assert_eq!(calls(&whole(&two.id), hour + 1, each).await, []);
    let nothing = Sight { keys: Scope::Only(Vec::new()), ..whole(&one) };
    assert_eq!(calls(&nothing, hour, each).await, []);
    assert!(store.was_called(&two.id).await.unwrap());
    assert!(!store.was_called(&app(3).id).await.unwrap());
}

async fn calls_of_a_key_are_added_up_and_forgotten(store: Store) {
    let app = with_app(&store).await;
    let new = key(&app, "key");
    insert(&store, std::slice::from_ref(&new)).await;
    let hour = NOW.hour();
    let of = |key: &KeyId, hour, code, calls| KeyCalls { key_id: *key, hour, code: Some(code), calls, used: None };
    let keys = vec![
        of(&new.id, hour, Code::Valid, 3),
        of(&new.id, hour, Code::Expired, 2),
        of(&new.id, hour - HOUR, Code::Valid, 7),
    ];
    let batch = UsageBatch { keys, ..UsageBatch::default() };
    for _ in 0..2 {
        store.write(async |tx| tx.flush_usage(&batch).await).await.unwrap();
    }
    let now = [counted(hour, Code::Expired, 4), counted(hour, Code::Valid, 6)];
    assert_eq!(store.key_calls_since(&new.id, hour).await.unwrap(), now);
    let before = counted(hour - HOUR, Code::Valid, 14);
    assert_eq!(store.key_calls_since(&new.id, 0).await.unwrap(), [before, now[0], now[1]]);
    let named = Sight { keys: Scope::Only(vec![new.id]), ..whole(&app) };
    assert_eq!(store.calls_since(&named, hour, Millis::hours(1)).await.unwrap().len(), 2);
    let other = key_id();
    let mut recent = store.calls_of_keys(&[other, new.id], hour).await.unwrap();
    recent.sort_by_key(|(_, calls)| calls.code.as_str());
    assert_eq!(recent, now.map(|calls| (new.id, calls)));
    assert_eq!(store.calls_of_keys(&[], 0).await.unwrap(), []);
    assert_eq!(store.write(async |tx| tx.prune_key_calls(hour, 100).await).await.unwrap(), 1);
    assert_eq!(store.key_calls_since(&new.id, 0).await.unwrap(), now);
    store.write(async |tx| tx.delete_key(&new.id, NOW).await).await.unwrap();
    assert_eq!(store.key_calls_since(&new.id, 0).await.unwrap(), []);
    // What was still in a process's memory.
    store.write(async |tx| tx.flush_usage(&batch).await).await.unwrap();
    let accepted = KeyQuery { status: Some(StatusFilter::Accepted), ..KeyQuery::default() };
    let listed = store.list_keys(&whole(&app), &accepted, NOW).await.unwrap();
    assert_eq!((listed.rows, listed.total.n), (vec![], 0));
    assert_eq!(store.write(async |tx| tx.prune_key_calls(hour + 1, 100).await).await.unwrap(), 3);
}

async fn the_last_refusals_are_kept(store: Store) {
    let app = with_app(&store).await;
    let (one, two) = (key(&app, "one"), key(&app, "two"));
    insert(&store, &[one.clone(), two.clone()]).await;
    let refused = |seconds| RefusedCall {
        at: NOW.plus_seconds(seconds),
        code: Code::IpNotAllowed,
        edge: Edge::Verify,
        address: Some("2001:db8::1".parse().unwrap()),
        origin: Some("https://app.example.com".to_owned()),
        permissions: Some("a AND b".to_owned()),
        kind: Some(KeyKind::Service),
        method: Some("GET".to_owned()),
        path: Some("/invoices".to_owned()),
    };
    let plain = RefusedCall {
        address: None,
        origin: None,
        permissions: None,
        kind: None,
        method: None,
        path: None,
        ..refused(0)
    };
    let flush = async |refusals: Vec<(KeyId, RefusedCall)>| {
        let batch = UsageBatch { refusals, ..UsageBatch::default() };
        store.write(async |tx| tx.flush_usage(&batch).await).await.unwrap();
    };
    flush(vec![(two.id, plain.clone()), (key_id(), plain.clone())]).await;
    flush((0..30).map(|n| (one.id, refused(n / 2))).collect()).await;
    flush(vec![(one.id, refused(20))]).await;
    let kept = store.key_refusals(&one.id).await.unwrap();
    let seconds: Vec<i64> = std::iter::once(20).chain((11..30).rev().map(|n| n / 2)).collect();
    let calls: Vec<_> = seconds.into_iter().map(refused).collect();
    assert_eq!(kept, calls);
    // Wrong secrets, which anybody can send, take no place of the others.
    let wrong = |seconds| RefusedCall { code: Code::NotFound, ..refused(seconds) };
    flush((30..50).map(|n| (one.id, wrong(n))).collect()).await;
    let wrong: Vec<_> = (45..50).rev().map(wrong).collect();
    assert_eq!(store.key_refusals(&one.id).await.unwrap(), [wrong, calls].concat());
    assert_eq!(store.key_refusals(&two.id).await.unwrap(), [plain]);
    assert_eq!(store.key_refusals(&key_id()).await.unwrap(), []);
}

/// A row that the database refuses is found by halving.
async fn a_batch_is_halved_until_one_row_is_left(_: Store) {
    let id = key_id();
    let calls = |hour| KeyCalls { key_id: id, hour, code: Some(Code::Valid), calls: 1, used: None };
    let count = |hour| (app(1).id, None, HourCalls { hour, code: Code::NotFound, calls: 1 });
    let batch = UsageBatch { apps: vec![count(1)], keys: (2..9).map(calls).collect(), ..UsageBatch::default() };
    let (mut left, mut single) = (vec![batch], Vec::new());
    while let Some(batch) = left.pop() {
        match batch.clone().halves() {
            Some((first, second)) => left.extend([second, first]),
            None => single.push(batch),
        }
    }
    let hours: Vec<i64> = single
        .iter()
        .flat_map(|one| one.apps.iter().map(|app| app.2.hour).chain(one.keys.iter().map(|k| k.hour)))
        .collect();
    assert_eq!(hours, (1..9).collect::<Vec<_>>());
    assert_eq!(single.len(), 8);
}
