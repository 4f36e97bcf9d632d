use domain::draft::KeyDraft;
use domain::hand_over::{Collection, HandOver};
use domain::ids::{AppId, KeyId, PersonId};
use domain::kind::KeyKind;
use domain::rotation::Overlap;
use store::{Link, Store, StoreError, Unique};

use crate::fixtures::{NOW, insert, key, with_app};

contract! {
    hand_overs_wait_until_they_are_collected,
    who_collected_a_key_goes_with_it,
    a_hand_over_is_found_by_its_link,
}

fn hand_over(app: AppId, number: u8) -> HandOver {
    HandOver {
        rotates: (number == 2).then_some(Overlap::USUAL),
        key: KeyId::from_random([number; 16]),
        app_id: app,
        kind: KeyKind::Service,
        key_name: "Partner export".to_owned(),
        draft: KeyDraft { name: Some("Partner export".to_owned()), ..KeyDraft::default() },
        form_id: format!("form-{number}"),
        recipient: "Grace".to_owned(),
        email: (number > 1).then(|| "grace@example.com".to_owned()),
        has_passphrase: number > 1,
        made_by: (PersonId::from_random([1; 12]).to_string(), "owner@example.com".to_owned()),
        created_at: NOW.plus_seconds(number.into()),
        expires_at: NOW.plus_seconds(100 + i64::from(number)),
    }
}

async fn add(store: &Store, hand_over: &HandOver) -> Result<(), StoreError> {
    let hash = hand_over.has_passphrase.then_some("$argon2id$");
    store.write(async |tx| tx.insert_hand_over(hand_over, hash).await).await
}

async fn hand_overs_wait_until_they_are_collected(store: Store) {
    let app = with_app(&store).await;
    let (first, second, third) = (hand_over(app, 1), hand_over(app, 2), hand_over(app, 3));
    for hand_over in [&first, &second, &third] {
        add(&store, hand_over).await.unwrap();
    }
    let again = HandOver { key: KeyId::from_random([9; 16]), ..first.clone() };
    let again = add(&store, &again).await;
    assert!(matches!(again, Err(StoreError::Conflict(Unique::HandOverForm))), "{again:?}");
    assert_eq!(store.hand_overs().await.unwrap(), [third.clone(), second.clone(), first.clone()]);
    let waiting = async |maker: u8, seconds| {
        let maker = PersonId::from_random([maker; 12]).to_string();
        store.hand_overs_waiting_of(&maker, NOW.plus_seconds(seconds)).await.unwrap()
    };
    assert_eq!((waiting(1, 100).await, waiting(1, 102).await, waiting(2, 0).await), (3, 1, 0));
    assert_eq!(store.hand_over(&first.key).await.unwrap(), Some(first.clone()));
    assert_eq!(store.hand_over_passphrase(&first.key).await.unwrap(), None);
    assert_eq!(store.hand_over_passphrase(&second.key).await.unwrap().as_deref(), Some("$argon2id$"));
    let overdue = async |seconds, limit| store.hand_overs_overdue(NOW.plus_seconds(seconds), limit).await.unwrap();
    assert_eq!(overdue(100, 9).await, []);
    assert_eq!(overdue(102, 9).await, [first.clone(), second.clone()]);
    assert_eq!(overdue(200, 1).await, std::slice::from_ref(&first));

    let collect = async |key: &KeyId, from| {
        store.write(async |tx| tx.set_collected(key, NOW.plus_seconds(5), from).await).await.unwrap()
    };
    assert!(collect(&second.key, Some("203.0.113.9")).await && collect(&third.key, None).await);
    assert!(!collect(&second.key, None).await, "once");
    assert_eq!(waiting(1, 0).await, 1);
    let collected = |from: Option<&str>| Collection {
        recipient: "Grace".to_owned(),
        at: NOW.plus_seconds(5),
        from: from.map(str::to_owned),
    };
    assert_eq!(store.collection(&second.key).await.unwrap(), Some(collected(Some("203.0.113.9"))));
    assert_eq!(store.collection(&third.key).await.unwrap(), Some(collected(None)));
    assert_eq!(store.collection(&first.key).await.unwrap(), None);
    assert_eq!(store.collected_made_by(&second.key).await.unwrap(), Some(second.made_by.clone()));
    assert_eq!(store.collected_made_by(&first.key).await.unwrap(), None);
    assert_eq!(store.hand_over(&second.key).await.unwrap(), None);
    assert_eq!(store.hand_over_passphrase(&second.key).await.unwrap(), None);
    assert_eq!(overdue(200, 9).await, std::slice::from_ref(&first));
    let delete = async |key: &KeyId| store.write(async |tx| tx.delete_hand_over(key).await).await.unwrap();
    assert!(!delete(&second.key).await, "it was collected");
    assert!(delete(&first.key).await && !delete(&first.key).await);
    assert_eq!(store.hand_overs().await.unwrap(), []);
    let forget = async |key: &KeyId| store.write(async |tx| tx.forget_collection(key).await).await.unwrap();
    assert!(forget(&second.key).await && !forget(&second.key).await && !forget(&first.key).await);
    assert_eq!(store.collection(&second.key).await.unwrap(), None);
}

async fn who_collected_a_key_goes_with_it(store: Store) {
    let app = with_app(&store).await;
    let (gone, stays) = (key(&app, "gone"), key(&app, "stays"));
    insert(&store, &[gone.clone(), stays.clone()]).await;
    for (number, key) in [(1, &gone), (2, &stays)] {
        add(&store, &HandOver { key: key.id, ..hand_over(app, number) }).await.unwrap();
        store.write(async |tx| tx.set_collected(&key.id, NOW, None).await.map(drop)).await.unwrap();
    }
    store.write(async |tx| tx.delete_key(&gone.id, NOW).await.map(drop)).await.unwrap();
    assert_eq!(store.collection(&gone.id).await.unwrap(), None);
    assert!(store.collection(&stays.id).await.unwrap().is_some());
}

async fn a_hand_over_is_found_by_its_link(store: Store) {
    let app = with_app(&store).await;
    let (one, other) = (hand_over(app, 1), hand_over(app, 2));
    for (mac, hand_over) in [(1, &one), (2, &other)] {
        add(&store, hand_over).await.unwrap();
        let link = Link {
            mac: vec![mac; 32],
            purpose: "collect".to_owned(),
            subject: hand_over.key.as_str().to_owned(),
            made_by: String::new(),
            created_at: NOW,
            expires_at: NOW.plus_seconds(10),
        };
        store.write(async |tx| tx.insert_link(&link).await).await.unwrap();
    }
    let by = async |mac: u8, purpose: &str, seconds: i64| {
        store.hand_over_by_link(&[mac; 32], purpose, NOW.plus_seconds(seconds)).await.unwrap()
    };
    assert_eq!(by(1, "collect", 9).await, Some(one.clone()));
    assert_eq!(by(2, "collect", 0).await, Some(other));
    assert_eq!((by(1, "collect", 10).await, by(1, "invite", 0).await, by(3, "collect", 0).await), (None, None, None));
    store.write(async |tx| tx.consume_link(&[2; 32], "collect", NOW).await.map(drop)).await.unwrap();
    assert_eq!(by(2, "collect", 0).await, None);
    store.write(async |tx| tx.set_collected(&one.key, NOW, None).await.map(drop)).await.unwrap();
    assert_eq!(by(1, "collect", 0).await, None);
}
