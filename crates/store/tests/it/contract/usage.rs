use domain::verdict::Code;
use store::{Calls, HourCount, LastUsed, NewKey, Store};

use crate::fixtures::{NOW, app, insert, key, key_id, with_app};

contract! {
    the_newest_use_stays,
    calls_are_added_up,
}

async fn the_newest_use_stays(store: Store) {
    let app = with_app(&store).await;
    let keys: Vec<NewKey> = (0..221).map(|n| key(&app, &format!("key {n}"))).collect();
    insert(&store, &keys).await;
    let flush = async |seconds, address: Option<&str>| {
        let mut used: Vec<LastUsed> = keys
            .iter()
            .map(|key| LastUsed {
                key_id: key.id.clone(),
                at: NOW.plus_seconds(seconds),
                address: address.map(|address| address.parse().unwrap()),
            })
            .collect();
        // A key that was deleted meanwhile.
        used.push(LastUsed { key_id: key_id(), at: NOW, address: None });
        let before = store.write_count();
        store.write(async |tx| tx.flush_usage(&used, &[]).await).await.unwrap();
        assert_eq!(store.write_count(), before + 1);
    };
    flush(10, Some("203.0.113.9")).await;
    flush(5, Some("203.0.113.5")).await;
    for key in &keys {
        let detail = store.key_detail(&key.id).await.unwrap().unwrap();
        assert_eq!(detail.row.last_used_at, Some(NOW.plus_seconds(10)));
        assert_eq!(detail.last_used_address, Some("203.0.113.9".parse().unwrap()));
    }
    flush(11, None).await;
    let detail = store.key_detail(&keys[0].id).await.unwrap().unwrap();
    assert_eq!((detail.row.last_used_at, detail.last_used_address), (Some(NOW.plus_seconds(11)), None));
}

async fn calls_are_added_up(store: Store) {
    let one = with_app(&store).await;
    let two = app(2);
    store.write(async |tx| tx.insert_app(&two).await).await.unwrap();
    let hour = NOW.hour();
    let count = |app: &domain::ids::AppId, hour: i64, code, calls| HourCount { app_id: app.clone(), hour, code, calls };
    let counts = [
        count(&one, hour, Code::Valid, 3),
        count(&one, hour, Code::Expired, 2),
        count(&one, hour, Code::NotFound, 1),
        count(&one, hour - 3_600_000, Code::Valid, 100),
        count(&two.id, hour, Code::Valid, 1_000),
    ];
    for _ in 0..2 {
        store.write(async |tx| tx.flush_usage(&[], &counts).await).await.unwrap();
    }
    assert_eq!(store.calls_since(&one, hour).await.unwrap(), Calls { accepted: 6, refused: 6 });
    assert_eq!(store.calls_since(&one, hour - 3_600_000).await.unwrap(), Calls { accepted: 206, refused: 6 });
    assert_eq!(store.calls_since(&two.id, hour + 1).await.unwrap(), Calls::default());
}
