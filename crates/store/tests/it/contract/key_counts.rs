use domain::key::KeyState;
use domain::kind::KeyKind;
use domain::page::Capped;
use domain::sight::Sight;
use store::{KeyCounts, KeyUse, LastUsed, NewKey, Store, StoreError};

use crate::fixtures::{NOW, all, auditor, insert, key, whole, with_app};

contract! {
    each_status_is_counted,
    counts_stop_at_the_cap,
    monitoring_sees_each_state_and_what_needs_somebody,
}

async fn each_status_is_counted(store: Store) {
    let app = with_app(&store).await;
    assert_eq!(store.key_counts(&whole(&app), NOW).await.unwrap(), KeyCounts::default());
    let expires = |name: &str, days: i64| {
        let mut key = key(&app, name);
        key.spec.expires_at = Some(NOW.plus_seconds(days * 86_400));
        key
    };
    let starts = |name: &str, days: i64| {
        let mut key = key(&app, name);
        key.spec.not_before = Some(NOW.plus_seconds(days * 86_400));
        key
    };
    let mut hidden = key(&app, "hidden");
    hidden.spec.kind = KeyKind::MasterUser;
    let keys = [
        key(&app, "active"),
        expires("at this very moment", 0),
        expires("last year", -365),
        expires("in 7 days", 7),
        expires("in 8 days", 8),
        expires("in 30 days", 30),
        expires("in 31 days", 31),
        NewKey { ack_deadline: Some(NOW), ..expires("pending, expired", -1) },
        expires("disabled, expired", -1),
        key(&app, "revoked"),
        hidden,
        starts("at this very moment too", 0),
        starts("tomorrow", 1),
    ];
    insert(&store, &keys).await;
    store
        .write(async |tx| {
            tx.set_key_state(&keys[8].id, KeyState::Active, KeyState::Disabled, None).await?;
            tx.set_key_state(&keys[9].id, KeyState::Active, KeyState::Revoked, None).await?;
            let used = LastUsed { key_id: keys[0].id, newest: KeyUse { at: NOW, address: None } };
            tx.show_last_uses(&[used]).await?;
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
    let n = |n| Capped { n, more: false };
    let all =
        KeyCounts { active: n(7), pending: n(1), expiring_30: n(3), never_used: n(9), off: n(2), confirmed: n(12) };
    assert_eq!(store.key_counts(&whole(&app), NOW).await.unwrap(), all);
    let seen = auditor().within(app);
    let nothing = Sight { kinds: Vec::new(), ..whole(&app) };
    let without = KeyCounts { active: n(6), never_used: n(8), confirmed: n(11), ..all };
    assert_eq!(store.key_counts(&seen, NOW).await.unwrap(), without);
    assert_eq!(store.key_counts(&nothing, NOW).await.unwrap(), KeyCounts::default());
    store.write(async |tx| tx.delete_key(&keys[9].id, NOW).await).await.unwrap();
    let after = store.key_counts(&whole(&app), NOW).await.unwrap();
    assert_eq!(after, KeyCounts { off: n(1), confirmed: n(11), ..all });
}

async fn counts_stop_at_the_cap(store: Store) {
    let app = with_app(&store).await;
    let keys: Vec<NewKey> = (0..10_000).map(|n| key(&app, &format!("key {n}"))).collect();
    insert(&store, &keys).await;
    let active = async || store.key_counts(&whole(&app), NOW).await.unwrap().active;
    assert_eq!(active().await, Capped { n: 10_000, more: false });
    insert(&store, &[key(&app, "one more")]).await;
    assert_eq!(active().await, Capped { n: 10_000, more: true });
}

async fn monitoring_sees_each_state_and_what_needs_somebody(store: Store) {
    let none = store.key_figures(&all(), NOW).await.unwrap();
    assert!(none.by_state.iter().map(|(state, _)| *state).eq(KeyState::ALL.iter().copied()));
    assert!(none.by_state.iter().all(|(_, count)| *count == 0) && none.overdue.n == 0);
    let app = with_app(&store).await;
    let expires = |name: &str, days: i64| {
        let mut key = key(&app, name);
        key.spec.expires_at = Some(NOW.plus_seconds(days * 86_400));
        key
    };
    let keys = [
        key(&app, "active"),
        expires("last year", -365),
        expires("in 6 days", 6),
        expires("in 29 days", 29),
        NewKey { ack_deadline: Some(NOW), ..key(&app, "pending") },
        key(&app, "disabled"),
    ];
    insert(&store, &keys).await;
    store
        .write(async |tx| {
            tx.set_key_state(&keys[5].id, KeyState::Active, KeyState::Disabled, None).await?;
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
    let figures = store.key_figures(&all(), NOW).await.unwrap();
    let counts: Vec<u64> = figures.by_state.iter().map(|(_, count)| *count).collect();
    assert_eq!(counts, [1, 4, 1, 0]);
    assert_eq!((figures.expiring_7.n, figures.expiring_30.n, figures.overdue.n), (1, 2, 0));
    let later = store.key_figures(&all(), NOW.plus_seconds(86_400)).await.unwrap();
    assert_eq!((later.expiring_7.n, later.expiring_30.n), (1, 2));
}
