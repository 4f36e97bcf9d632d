use domain::ids::PersonId;
use domain::role::Role;
use store::{FactorRow, Store};

use crate::fixtures::{NOW, person};

contract! {
    a_factor_is_set_up_and_confirmed_once,
    a_code_is_used_once,
    sign_ins_wait_for_their_code,
}

async fn somebody(store: &Store) -> PersonId {
    let person = person("owner@example.com", Role::Owner);
    store.write(async |tx| tx.insert_person(&person).await).await.unwrap();
    person.id
}

async fn a_factor_is_set_up_and_confirmed_once(store: Store) {
    let id = somebody(&store).await;
    assert_eq!(store.second_factor(&id).await.unwrap(), None);
    let begin = async |secret: &[u8], at: i64| {
        let now = NOW.plus_seconds(at);
        store.write(async |tx| tx.put_second_factor(&id, &secret[..1], secret, 3, now).await).await.unwrap()
    };
    let confirm = async |secret: &[u8]| {
        store.write(async |tx| tx.confirm_second_factor(&id, secret, 7, NOW.plus_seconds(9)).await).await.unwrap()
    };
    assert!(begin(b"one", 0).await && begin(b"two", 1).await);
    let row = FactorRow {
        secret: b"two".to_vec(),
        seal_version: 3,
        session_mac: b"t".to_vec(),
        created_at: NOW.plus_seconds(1),
        confirmed_at: None,
        last_step: 0,
    };
    assert_eq!(store.second_factor(&id).await.unwrap(), Some(row.clone()));
    assert!(!confirm(b"one").await, "it was replaced");
    assert!(confirm(b"two").await && !confirm(b"two").await);
    assert!(!begin(b"three", 2).await, "a confirmed one stays");
    let row = FactorRow { confirmed_at: Some(NOW.plus_seconds(9)), last_step: 7, ..row };
    assert_eq!(store.second_factor(&id).await.unwrap(), Some(row));
    let remove = async || store.write(async |tx| tx.delete_second_factor(&id).await).await.unwrap();
    assert!(remove().await && !remove().await);
    begin(b"four", 3).await;
    assert!(!remove().await, "it was not confirmed");
    assert_eq!(store.second_factor(&id).await.unwrap(), None);
}

async fn a_code_is_used_once(store: Store) {
    let id = somebody(&store).await;
    let step = async |step| store.write(async |tx| tx.use_factor_step(&id, step).await).await.unwrap();
    store.write(async |tx| tx.put_second_factor(&id, b"s", b"x", 1, NOW).await).await.unwrap();
    assert!(!step(9).await, "it is not confirmed");
    store.write(async |tx| tx.confirm_second_factor(&id, b"x", 7, NOW).await).await.unwrap();
    assert!(!step(7).await && !step(6).await);
    let (one, two) = tokio::join!(step(8), step(8));
    assert_ne!(one, two);

    let codes = async |macs: &[[u8; 32]]| {
        store.write(async |tx| tx.put_recovery_codes(&id, macs).await).await.unwrap();
        store.recovery_codes_left(&id).await.unwrap()
    };
    let recovery = async |mac: [u8; 32]| store.write(async |tx| tx.use_recovery_code(&id, &mac).await).await.unwrap();
    assert_eq!(codes(&[[1; 32], [2; 32]]).await, 2);
    let (one, two) = tokio::join!(recovery([1; 32]), recovery([1; 32]));
    assert_ne!(one, two);
    assert!(!recovery([9; 32]).await);
    assert_eq!(store.recovery_codes_left(&id).await.unwrap(), 1);
    assert_eq!(codes(&[[3; 32], [4; 32], [5; 32]]).await, 3);
    assert!(!recovery([2; 32]).await, "the old ones are gone");
    store.write(async |tx| tx.delete_second_factor(&id).await).await.unwrap();
    assert_eq!(store.recovery_codes_left(&id).await.unwrap(), 3, "they may belong to a passkey");
    codes(&[]).await;
    assert_eq!(store.recovery_codes_left(&id).await.unwrap(), 0);
}

async fn sign_ins_wait_for_their_code(store: Store) {
    let id = somebody(&store).await;
    let end = NOW.plus_seconds(10);
    let wait = async |mac: u8| {
        store.write(async |tx| tx.insert_sign_in_step(&[mac; 32], &id, end).await).await.unwrap();
    };
    let found = async |mac: u8, at| store.sign_in_step(&[mac; 32], at).await.unwrap();
    let take = async |mac: u8| store.write(async |tx| tx.delete_sign_in_step(&[mac; 32]).await).await.unwrap();
    wait(1).await;
    assert_eq!((found(1, NOW).await, found(1, end).await, found(2, NOW).await), (Some(id), None, None));
    let (one, two) = tokio::join!(take(1), take(1));
    assert_ne!(one, two);
    wait(2).await;
    wait(3).await;
    assert_eq!(store.write(async |tx| tx.delete_sign_in_steps_of(&id).await).await.unwrap(), 2);
    wait(4).await;
    let prune = async |at| store.write(async |tx| tx.prune_sign_in_steps(at).await).await.unwrap();
    assert_eq!((prune(NOW).await, prune(end).await), (0, 1));
}
