use domain::ids::{AppId, KeyId};
use domain::key::{KeyState, SecretNumber};
use domain::kind::KeyKind;
use domain::member_key::MemberKeyRow;
use domain::timestamp::Timestamp;
use domain::token::TokenMac;
use store::{MemberKeyKept, Store};

use crate::fixtures::{NOW, app, key_id};

contract! {
    an_app_has_one_api_key_and_a_new_one_replaces_it,
    apps_without_one_are_found,
    the_verifier_reads_it_and_no_list_does,
}

fn kept(id: KeyId, byte: u8) -> MemberKeyKept {
    MemberKeyKept {
        row: MemberKeyRow { key_id: id, issued_at: NOW.plus_seconds(byte.into()), issued_by: format!("Ada {byte}") },
        mac: TokenMac([byte; 32]),
        pepper_version: 1,
        sealed: vec![byte; 70],
        seal_version: 2,
    }
}

async fn put(store: &Store, app: &AppId, key: &MemberKeyKept) {
    store.write(async |tx| tx.put_member_key(app, key).await).await.unwrap();
}

async fn apps(store: &Store, numbers: impl Iterator<Item = u8>) -> Vec<AppId> {
    let mut ids = Vec::new();
    for n in numbers {
        store.write(async |tx| tx.insert_app(&app(n)).await).await.unwrap();
        ids.push(app(n).id);
    }
    ids
}

async fn an_app_has_one_api_key_and_a_new_one_replaces_it(store: Store) {
    let ids = apps(&store, 1..=2).await;
    let (first, second, other) = (kept(key_id(), 1), kept(key_id(), 2), kept(key_id(), 3));
    assert_eq!(store.member_key(&ids[0]).await.unwrap(), None);
    put(&store, &ids[0], &first).await;
    put(&store, &ids[1], &other).await;
    assert_eq!(store.member_key(&ids[0]).await.unwrap(), Some(first.clone()));
    put(&store, &ids[0], &second).await;
    assert_eq!(store.member_key(&ids[0]).await.unwrap(), Some(second));
    assert_eq!(store.member_key(&ids[1]).await.unwrap(), Some(other));
    assert!(store.key_record(&first.row.key_id).await.unwrap().is_none(), "the first is gone");
}

async fn apps_without_one_are_found(store: Store) {
    let ids = apps(&store, 1..=4).await;
    put(&store, &ids[1], &kept(key_id(), 1)).await;
    let all = store.apps_without_member_key(10).await.unwrap();
    assert_eq!(all, [ids[0], ids[2], ids[3]]);
    assert_eq!(store.apps_without_member_key(2).await.unwrap().len(), 2);
}

async fn the_verifier_reads_it_and_no_list_does(store: Store) {
    let ids = apps(&store, 1..=2).await;
    let (mine, archived) = (kept(key_id(), 7), kept(key_id(), 8));
    put(&store, &ids[0], &mine).await;
    put(&store, &ids[1], &archived).await;
    store.write(async |tx| tx.set_app_archived(&ids[1], Some(Timestamp::from_millis(1))).await).await.unwrap();
    let asked = [mine.row.key_id, key_id(), archived.row.key_id];
    let mut found = store.key_records(&asked).await.unwrap();
    found.sort_by_key(|(id, _)| *id != mine.row.key_id);
    assert_eq!(found.len(), 2);
    let key = found[0].1.clone().unwrap();
    let record = &key.record;
    assert_eq!((record.id, record.app_id, record.kind), (mine.row.key_id, ids[0], KeyKind::Member));
    assert_eq!((record.state, record.app_archived, record.expires_at), (KeyState::Active, false, None));
    assert_eq!((key.secrets.len(), key.secrets[0].number), (1, SecretNumber::FIRST));
    assert_eq!((key.secrets[0].mac, key.secrets[0].pepper_version), (mine.mac, 1));
    assert!(found[1].1.clone().unwrap().record.app_archived);
    assert!(store.key_detail(&mine.row.key_id).await.unwrap().is_none());
    assert!(store.key_details(&asked).await.unwrap().is_empty());
    assert!(store.apps_of_keys(&asked).await.unwrap().is_empty());
}
