use std::net::IpAddr;

use domain::audit::Actor;
use domain::ids::KeyId;
use domain::key::SecretNumber;
use domain::rotation::{ADDRESSES_KEPT, LiveSecret, Overlap, SecretUse, WaitingSecret};
use domain::timestamp::{Millis, Timestamp};
use domain::token::TokenMac;
use store::{KeyUse, NewKey, NewSecret, SealedSecret, SecretCalls, Store, StoreError, UsageBatch};

use crate::fixtures::{NOW, insert, key, with_app};

contract! {
    a_secret_waits_until_it_is_confirmed_and_then_two_work,
    what_is_overdue_is_found,
    an_interval_says_when_a_key_is_due,
    the_use_of_each_secret_is_counted_and_bounded,
}

const ASKED_BY: Actor = Actor::System;

fn secret(byte: u8) -> NewSecret {
    let sealed = SealedSecret { bytes: vec![byte; 3], version: 1 };
    NewSecret { mac: TokenMac([byte; 32]), pepper_version: 1, last4: format!("000{byte}"), sealed: Some(sealed) }
}

fn waiting(number: SecretNumber) -> WaitingSecret {
    WaitingSecret {
        number,
        last4: "0002".to_owned(),
        overlap: Overlap::USUAL,
        asked_by: ASKED_BY.label(),
        asked_at: NOW,
        ack_deadline: NOW.plus_seconds(900),
    }
}

/// Asks for the next secret of a key, and returns its number.
async fn ask(store: &Store, id: &KeyId) -> SecretNumber {
    let work = async |tx: &mut store::Tx| {
        let number = tx.next_secret(id).await?;
        tx.put_waiting_secret(id, &secret(2), &waiting(number), &ASKED_BY).await?;
        Ok::<_, StoreError>(number)
    };
    store.write(work).await.unwrap()
}

async fn confirm(store: &Store, id: &KeyId, at: Timestamp, ends: Option<Timestamp>) -> bool {
    store.write(async |tx| tx.confirm_secret(id, at, ends).await).await.unwrap()
}

async fn numbers(store: &Store, id: &KeyId) -> Vec<i64> {
    let verified = store.key_record(id).await.unwrap().unwrap().secrets;
    let live = store.live_secrets(id).await.unwrap();
    let ends = |secret: &LiveSecret| (secret.number, secret.ends_at);
    assert_eq!(
        verified.iter().map(|secret| (secret.number, secret.expires_at)).collect::<Vec<_>>(),
        live.iter().map(ends).collect::<Vec<_>>()
    );
    live.iter().map(|secret| secret.number.0).collect()
}

async fn a_secret_waits_until_it_is_confirmed_and_then_two_work(store: Store) {
    let app = with_app(&store).await;
    let new = key(&app, "Rotated");
    insert(&store, std::slice::from_ref(&new)).await;
    let id = &new.id;
    assert!(!confirm(&store, &key(&app, "none").id, NOW, None).await, "nothing waits");
    let first = ask(&store, id).await;
    assert_eq!((first, numbers(&store, id).await), (SecretNumber(2), vec![1]), "it does not work yet");
    assert_eq!(store.waiting_secret(id).await.unwrap(), Some(waiting(first)));
    assert!(store.is_rotated_by(id, &ASKED_BY).await.unwrap());
    let another = Actor::CommandLine { user: "ops".to_owned() };
    assert!(!store.is_rotated_by(id, &another).await.unwrap());
    assert_eq!(store.key_detail(id).await.unwrap().unwrap().row.last4, "9fKd");
    let drop = async || store.write(async |tx| tx.delete_waiting_secret(id).await).await.unwrap();
    assert!(drop().await && !drop().await);
    assert_eq!((store.waiting_secret(id).await.unwrap(), numbers(&store, id).await), (None, vec![1]));

    assert_eq!(ask(&store, id).await, SecretNumber(3), "no number is given twice");
    let (at, ends) = (NOW.plus_seconds(5), NOW.plus_seconds(50));
    assert!(confirm(&store, id, at, Some(ends)).await && !confirm(&store, id, at, None).await);
    let [newer, old]: [LiveSecret; 2] = store.live_secrets(id).await.unwrap().try_into().unwrap();
    assert_eq!((newer.number, newer.since, newer.ends_at), (SecretNumber(3), at, None));
    assert_eq!((old.number, old.since, old.ends_at), (SecretNumber(1), NOW, Some(ends)));
    assert_eq!(numbers(&store, id).await, [3, 1]);
    let read = store.key_record(id).await.unwrap().unwrap().secrets;
    assert_eq!((read[0].mac, read[1].mac), (TokenMac([2; 32]), TokenMac([1; 32])));
    assert_eq!(store.key_detail(id).await.unwrap().unwrap().row.last4, "0002");

    let end = async |number, at| store.write(async |tx| tx.set_secret_end(id, SecretNumber(number), at).await).await;
    assert!(end(1, Some(NOW.plus_seconds(99))).await.unwrap() && !end(7, None).await.unwrap());
    assert_eq!(store.live_secrets(id).await.unwrap()[1].ends_at, Some(NOW.plus_seconds(99)));
    let delete = async |number| store.write(async |tx| tx.delete_secret(id, SecretNumber(number)).await).await.unwrap();
    assert!(delete(1).await && !delete(1).await);
    assert_eq!(numbers(&store, id).await, [3]);
    // Without an overlap the old one goes at once.
    ask(&store, id).await;
    assert!(confirm(&store, id, NOW, None).await);
    assert_eq!(numbers(&store, id).await, [4]);
    // A key takes everything with it.
    ask(&store, id).await;
    store.write(async |tx| tx.delete_key(id, NOW).await).await.unwrap();
    assert_eq!((store.waiting_secret(id).await.unwrap(), store.live_secrets(id).await.unwrap()), (None, Vec::new()));
}

async fn what_is_overdue_is_found(store: Store) {
    let app = with_app(&store).await;
    let keys = [key(&app, "a"), key(&app, "b"), key(&app, "c")];
    insert(&store, &keys).await;
    let [waits, rotates, _] = &keys;
    ask(&store, &waits.id).await;
    ask(&store, &rotates.id).await;
    confirm(&store, &rotates.id, NOW, Some(NOW.plus_seconds(60))).await;
    let unconfirmed =
        async |seconds, limit| store.rotations_unconfirmed(NOW.plus_seconds(seconds), limit).await.unwrap();
    assert_eq!((unconfirmed(899, 9).await, unconfirmed(900, 0).await), (vec![], vec![]));
    assert_eq!(unconfirmed(900, 9).await, [waits.id]);
    let over = async |seconds, limit| store.rotations_over(NOW.plus_seconds(seconds), limit).await.unwrap();
    assert_eq!((over(59, 9).await, over(60, 0).await), (vec![], vec![]));
    assert_eq!(over(60, 9).await, [rotates.id]);
}

async fn an_interval_says_when_a_key_is_due(store: Store) {
    let app = with_app(&store).await;
    let mut new = key(&app, "Due");
    new.spec.rules.rotate_days = Some(90);
    insert(&store, std::slice::from_ref(&new)).await;
    let id = &new.id;
    let due = async || store.key_detail(id).await.unwrap().unwrap().row.rotation_due_at;
    let in_days = |at: Timestamp, days| Some(at.plus(Millis::days(days)));
    assert_eq!(due().await, in_days(NOW, 90));
    let mut spec = new.spec.clone();
    let edit = async |spec: &domain::spec::KeySpec, revision| {
        assert!(store.write(async |tx| tx.update_key(id, revision, spec, NOW).await).await.unwrap());
    };
    spec.rules.rotate_days = Some(30);
    edit(&spec, 1).await;
    assert_eq!(due().await, in_days(NOW, 30));
    ask(&store, id).await;
    assert_eq!(due().await, in_days(NOW, 30), "nothing is confirmed");
    let later = NOW.plus_seconds(500);
    confirm(&store, id, later, Some(later.plus_seconds(9))).await;
    assert_eq!(due().await, in_days(later, 30));
    store.write(async |tx| tx.delete_secret(id, SecretNumber(2)).await).await.unwrap();
    assert_eq!(due().await, in_days(NOW, 30), "the old one is in use again");
    // The newest secret of a key is a part of it.
    store.write(async |tx| tx.count_change(id).await).await.unwrap();
    spec.rules.rotate_days = None;
    edit(&spec, 4).await;
    assert_eq!(due().await, None);
}

async fn the_use_of_each_secret_is_counted_and_bounded(store: Store) {
    let app = with_app(&store).await;
    let new: NewKey = key(&app, "Used");
    insert(&store, std::slice::from_ref(&new)).await;
    let id = &new.id;
    ask(&store, id).await;
    confirm(&store, id, NOW, Some(NOW.plus_seconds(86_400))).await;
    let minute = |ago: i64| NOW.millis() - ago * 60_000;
    let call =
        |n: u8, seconds: i64| KeyUse { at: NOW.plus_seconds(seconds), address: Some(IpAddr::from([10, 0, 0, n])) };
    let flush = async |number, minutes: &[(i64, u64)], addresses: &[KeyUse]| {
        let (minutes, addresses) = (minutes.to_vec(), addresses.to_vec());
        let secrets = vec![SecretCalls { key_id: *id, number: SecretNumber(number), minutes, addresses }];
        let batch = UsageBatch { secrets, ..UsageBatch::default() };
        assert!(!batch.is_empty());
        store.write(async |tx| tx.flush_usage(&batch).await).await.unwrap();
    };
    flush(1, &[(minute(0), 30), (minute(59), 4), (minute(60), 100)], &[call(1, -5), call(2, -9)]).await;
    flush(1, &[(minute(0), 7)], &[call(1, -3), KeyUse { at: NOW.plus_seconds(-1), address: None }]).await;
    flush(2, &[(minute(1), 2)], &[call(9, 0)]).await;
    flush(7, &[(minute(1), 2)], &[call(9, 0)]).await;
    let told = store.secret_uses(id, NOW).await.unwrap();
    let at = |seconds| NOW.plus_seconds(seconds);
    let address = |n: u8| IpAddr::from([10, 0, 0, n]);
    let newer = SecretUse { last_used_at: Some(at(0)), calls: 2, addresses: vec![(address(9), at(0))], more: false };
    let old = SecretUse {
        last_used_at: Some(at(-1)),
        calls: 41,
        addresses: vec![(address(1), at(-3)), (address(2), at(-9))],
        more: false,
    };
    assert_eq!(told, [(SecretNumber(2), newer), (SecretNumber(1), old)], "and nothing of a secret that is gone");

    let many: Vec<_> = (1..100).map(|n| call(n, n.into())).collect();
    for piece in many.chunks(10) {
        flush(1, &[], piece).await;
    }
    let told = store.secret_uses(id, NOW).await.unwrap();
    let old = &told[1].1;
    assert_eq!((old.addresses.len(), old.more, old.addresses[0]), (ADDRESSES_KEPT, true, (address(99), at(99))));

    let prune = async |now| store.write(async |tx| tx.prune_secret_calls(now, 2).await).await.unwrap();
    let later = NOW.plus_seconds(3_600);
    assert_eq!((prune(NOW).await, prune(later).await, prune(later).await), (1, 2, 1), "piece by piece");
    assert_eq!(store.secret_uses(id, NOW).await.unwrap()[1].1.calls, 0);
    store.write(async |tx| tx.delete_secret(id, SecretNumber(1)).await).await.unwrap();
    assert_eq!(store.secret_uses(id, NOW).await.unwrap(), []);
}
