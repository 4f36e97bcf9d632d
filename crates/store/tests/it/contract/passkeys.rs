use domain::ids::{PasskeyId, PersonId};
use domain::role::Role;
use store::{ChallengeRow, PasskeyRow, Store, StoreError, Tx, Unique};

use crate::fixtures::{NOW, person};

contract! {
    passkeys_are_added_renamed_and_removed,
    a_use_is_noted_once,
    every_second_factor_goes_at_once,
    a_challenge_is_taken_once,
    old_challenges_of_strangers_give_way,
    old_challenges_of_a_person_give_way,
}

async fn somebody(store: &Store, email: &str) -> PersonId {
    let person = person(email, Role::Owner);
    store.write(async |tx| tx.insert_person(&person).await).await.unwrap();
    person.id
}

fn passkey(person_id: PersonId, number: u8) -> PasskeyRow {
    PasskeyRow {
        id: PasskeyId::from_random([number; 12]),
        person_id,
        credential_id: vec![number; 40],
        credential: format!("{{\"n\":{number}}}"),
        name: format!("Key {number}"),
        created_at: NOW.plus_seconds(i64::from(number)),
        used_at: None,
    }
}

async fn insert(store: &Store, row: &PasskeyRow) -> Result<(), StoreError> {
    store.write(async |tx| tx.insert_passkey(row).await).await
}

async fn passkeys_are_added_renamed_and_removed(store: Store) {
    let (one, two) = (somebody(&store, "one@example.com").await, somebody(&store, "two@example.com").await);
    let (a, b) = (passkey(one, 2), passkey(one, 1));
    for row in [&a, &b] {
        insert(&store, row).await.unwrap();
    }
    assert_eq!(store.passkeys_of(&one).await.unwrap(), [b.clone(), a.clone()]);
    assert_eq!(store.passkey_by_credential(&a.credential_id).await.unwrap(), Some(a.clone()));
    assert_eq!(store.passkey_by_credential(&[9; 40]).await.unwrap(), None);
    let again = PasskeyRow { id: PasskeyId::from_random([9; 12]), person_id: two, ..a.clone() };
    assert!(matches!(insert(&store, &again).await, Err(StoreError::Conflict(Unique::Passkey))));
    let rename = async |person: &PersonId, id: &PasskeyId| {
        store.write(async |tx| tx.rename_passkey(person, id, "Desk").await).await.unwrap()
    };
    assert!(!rename(&two, &a.id).await && rename(&one, &a.id).await);
    assert_eq!(store.passkeys_of(&one).await.unwrap()[1].name, "Desk");
    let delete = async |person: &PersonId, id: &PasskeyId| {
        store.write(async |tx| tx.delete_passkey(person, id).await).await.unwrap()
    };
    assert!(!delete(&two, &a.id).await && delete(&one, &a.id).await && !delete(&one, &a.id).await);
    // A person takes theirs along.
    store.write(async |tx| tx.delete_person(&one).await).await.unwrap();
    assert_eq!(store.passkey_by_credential(&b.credential_id).await.unwrap(), None);
}

async fn a_use_is_noted_once(store: Store) {
    let id = somebody(&store, "one@example.com").await;
    let row = passkey(id, 1);
    insert(&store, &row).await.unwrap();
    let note = async |row: &PasskeyRow, at: i64| {
        store.write(async |tx| tx.use_passkey(row, "{\"n\":2}", NOW.plus_seconds(at)).await).await.unwrap()
    };
    let (first, second) = tokio::join!(note(&row, 5), note(&row, 6));
    assert_ne!(first, second, "both had read the same");
    let read = store.passkeys_of(&id).await.unwrap().remove(0);
    assert_eq!(read.credential, "{\"n\":2}");
    // One that does not count stays the same but for the time.
    assert!(note(&read, 7).await && !note(&read, 8).await);
    assert_eq!(store.passkeys_of(&id).await.unwrap()[0].used_at, Some(NOW.plus_seconds(7)));
}

async fn every_second_factor_goes_at_once(store: Store) {
    let id = somebody(&store, "one@example.com").await;
    let has = async || store.has_second_factor(&id).await.unwrap();
    let remove = async || store.write(async |tx| tx.delete_second_factors(&id).await).await.unwrap();
    assert!(!has().await && !remove().await);
    store.write(async |tx| tx.put_second_factor(&id, b"s", b"x", 1, NOW).await).await.unwrap();
    assert!(!has().await, "it is not confirmed");
    store.write(async |tx| tx.confirm_second_factor(&id, b"x", 7, NOW).await).await.unwrap();
    assert!(has().await && remove().await && !has().await);
    insert(&store, &passkey(id, 1)).await.unwrap();
    store.write(async |tx| tx.put_recovery_codes(&id, &[[1; 32]]).await).await.unwrap();
    assert!(has().await && remove().await && !has().await);
    assert_eq!(store.recovery_codes_left(&id).await.unwrap(), 0);
}

fn challenge(number: u8, person_id: Option<PersonId>) -> ChallengeRow {
    ChallengeRow {
        id_mac: [number; 32],
        purpose: "sign_in".to_owned(),
        person_id,
        state: format!("state {number}"),
        expires_at: NOW.plus_seconds(i64::from(number)),
    }
}

async fn keep(store: &Store, row: ChallengeRow) {
    store.write(async |tx| tx.insert_passkey_challenge(&row).await).await.unwrap();
}

async fn a_challenge_is_taken_once(store: Store) {
    let (one, two) = (somebody(&store, "one@example.com").await, somebody(&store, "two@example.com").await);
    let take = async |number: u8, purpose: &str, person: Option<&PersonId>, at: i64| {
        let now = NOW.plus_seconds(at);
        store.write(async |tx| tx.take_passkey_challenge(&[number; 32], purpose, person, now).await).await.unwrap()
    };
    keep(&store, challenge(10, Some(one))).await;
    keep(&store, challenge(20, None)).await;
    assert!(store.has_passkey_challenge(&[10; 32]).await.unwrap());
    assert!(!store.has_passkey_challenge(&[11; 32]).await.unwrap());
    assert_eq!(take(10, "add", Some(&one), 0).await, None);
    assert_eq!(take(10, "sign_in", Some(&two), 0).await, None);
    assert_eq!(take(10, "sign_in", None, 0).await, None);
    assert_eq!(take(20, "sign_in", Some(&one), 0).await, None);
    assert_eq!(take(10, "sign_in", Some(&one), 10).await, None, "too late");
    let (first, second) = tokio::join!(take(10, "sign_in", Some(&one), 9), take(10, "sign_in", Some(&one), 9));
    assert_eq!(first.is_some(), second.is_none());
    assert_eq!(take(20, "sign_in", None, 0).await.as_deref(), Some("state 20"));
    assert!(!store.has_passkey_challenge(&[20; 32]).await.unwrap());
    keep(&store, challenge(30, None)).await;
    keep(&store, challenge(29, None)).await;
    let prune = async |at: i64, limit| {
        let now = NOW.plus_seconds(at);
        store.write(async |tx: &mut Tx| tx.prune_passkey_challenges(now, limit).await).await.unwrap()
    };
    assert_eq!((prune(28, 9).await, prune(30, 1).await, prune(30, 9).await), (0, 1, 1));
}

async fn old_challenges_of_strangers_give_way(store: Store) {
    let one = somebody(&store, "one@example.com").await;
    for number in 1..=6 {
        keep(&store, challenge(number, None)).await;
    }
    keep(&store, challenge(9, Some(one))).await;
    let shrink = async |most, limit| {
        store.write(async |tx: &mut Tx| tx.shrink_passkey_challenges(most, limit).await).await.unwrap()
    };
    assert_eq!((shrink(6, 9).await, shrink(4, 1).await, shrink(3, 9).await), (0, 1, 2));
    let mut left = Vec::new();
    for number in 1..=9 {
        let person = (number == 9).then_some(&one);
        let taken =
            store.write(async |tx| tx.take_passkey_challenge(&[number; 32], "sign_in", person, NOW).await).await;
        left.extend(taken.unwrap().map(|_| number));
    }
    assert_eq!(left, [4, 5, 6, 9], "the oldest gave way, and whoever is signed in loses none");
}

async fn old_challenges_of_a_person_give_way(store: Store) {
    let (one, two) = (somebody(&store, "one@example.com").await, somebody(&store, "two@example.com").await);
    for (number, person) in [(1, Some(one)), (2, Some(two)), (3, None), (4, Some(one)), (5, Some(one))] {
        keep(&store, challenge(number, person)).await;
    }
    let shrink =
        async |most| store.write(async |tx: &mut Tx| tx.shrink_passkey_challenges_of(&one, most).await).await.unwrap();
    assert_eq!((shrink(3).await, shrink(2).await, shrink(2).await), (0, 1, 0));
    let mut left = Vec::new();
    for number in 1..=5 {
        if store.has_passkey_challenge(&[number; 32]).await.unwrap() {
            left.push(number);
        }
    }
    assert_eq!(left, [2, 3, 4, 5], "the oldest of this person gave way, and of nobody else");
}
