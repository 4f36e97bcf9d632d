use store::{DataKey, Store, StoreError};

use crate::fixtures::{NOW, app};

contract! {
    settings_are_replaced,
    data_keys_come_by_purpose_and_version,
    the_version_goes_up,
    the_first_app_is_the_default,
    a_write_to_see_whether_there_is_room_changes_nothing,
}

async fn a_write_to_see_whether_there_is_room_changes_nothing(store: Store) {
    let before = (store.look().await.unwrap().version, store.write_count());
    store.write(async |tx| tx.try_room().await).await.unwrap();
    assert_eq!((store.look().await.unwrap().version, store.write_count()), (before.0, before.1 + 1));
    assert_eq!(store.setting("probe").await.unwrap(), None);
}

async fn settings_are_replaced(store: Store) {
    assert_eq!(store.setting("fingerprint").await.unwrap(), None);
    for value in ["one", "two"] {
        store.write(async |tx| tx.put_setting("fingerprint", value).await).await.unwrap();
        assert_eq!(store.setting("fingerprint").await.unwrap().as_deref(), Some(value));
    }
}

async fn data_keys_come_by_purpose_and_version(store: Store) {
    let key = |purpose: &str, version| DataKey {
        purpose: purpose.to_owned(),
        version,
        wrapped: vec![0, 255, 7],
        created_at: NOW,
    };
    let keys = [key("audit", 1), key("pepper", 1), key("pepper", 2)];
    store
        .write(async |tx| {
            for key in keys.iter().rev() {
                tx.insert_data_key(key).await?;
            }
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
    assert_eq!(store.data_keys().await.unwrap(), keys);
    let again = store.write(async |tx| tx.insert_data_key(&keys[0]).await).await;
    assert!(matches!(again, Err(StoreError::Conflict(_))), "{again:?}");
}

async fn the_version_goes_up(store: Store) {
    assert_eq!(store.look().await.unwrap().version, 0);
    for version in 1..=3 {
        let bumped = store.write(async |tx| tx.bump_version().await).await.unwrap();
        assert_eq!(bumped, version);
        assert_eq!(store.look().await.unwrap().version, version);
    }
}

async fn the_first_app_is_the_default(store: Store) {
    assert_eq!(store.default_app().await.unwrap(), None);
    for n in [9, 3, 5] {
        store.write(async |tx| tx.insert_app(&app(n)).await).await.unwrap();
    }
    assert_eq!(store.default_app().await.unwrap(), Some(app(3)));
    assert_eq!(store.app(&app(9).id).await.unwrap(), Some(app(9)));
    assert_eq!(store.app(&app(1).id).await.unwrap(), None);
}
