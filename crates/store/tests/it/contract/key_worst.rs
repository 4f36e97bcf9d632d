use domain::dashboard::{Figure, ToLookAt};
use domain::kind::KeyKind;
use domain::list::{KeyQuery, KeySort, StatusFilter};
use domain::sight::{Scope, Sight};
use domain::timestamp::Millis;
use domain::verdict::Code;
use store::{KeyCalls, NewKey, Store, UsageBatch};

use crate::fixtures::{NOW, auditor, insert, key, whole, with_app};

contract! {
    the_worst_of_each_sort_come_first,
    each_count_is_the_length_of_its_list,
    whoever_sees_some_keys_is_told_of_those,
}

/// Four keys of each sort, and a few of none.
async fn some(store: &Store) -> (Sight, Vec<NewKey>) {
    let app = with_app(store).await;
    let old = |name: &str, days: i64| NewKey { created_at: NOW.plus(Millis::days(-days)), ..key(&app, name) };
    let mut keys = vec![old("91", 91), old("93", 93), old("90", 90), old("92", 92), old("89", 89)];
    for (name, days) in [("in 6", 6), ("in 5", 5), ("in 7", 7), ("in 4", 4), ("in 8", 8)] {
        let mut new = key(&app, name);
        new.spec.expires_at = Some(NOW.plus(Millis::days(days)));
        keys.push(new);
    }
    let mut limited = key(&app, "limited");
    limited.spec.rules.denied_cidrs = vec![domain::cidr::CidrRule::parse("10.0.0.0/8").unwrap()];
    let mut hidden = key(&app, "hidden");
    hidden.spec.kind = KeyKind::MasterUser;
    hidden.created_at = NOW.plus(Millis::days(-99));
    // Due 3 days ago, today and tomorrow.
    for (name, days) in [("due 7", 7), ("due 10", 10), ("due 11", 11)] {
        let mut new = old(name, 10);
        new.spec.rules.rotate_days = Some(days);
        new.spec.expires_at = Some(NOW.plus(Millis::days(100)));
        keys.push(new);
    }
    keys.extend([limited, hidden]);
    insert(store, &keys).await;
    let calls = |n: usize, code, calls, hours: i64| KeyCalls {
        key_id: keys[n].id,
        hour: NOW.plus(Millis::hours(-hours)).hour(),
        code: Some(code),
        calls,
        used: None,
    };
    let counts = vec![
        calls(5, Code::Expired, 1, 0),
        calls(5, Code::RateLimited, 2, 3),
        calls(6, Code::Expired, 5, 1),
        calls(7, Code::Valid, 90, 0),
        calls(7, Code::Expired, 1, 0),
        calls(8, Code::Expired, 2, 24),
        calls(9, Code::Expired, 90, 25),
        calls(14, Code::IpNotAllowed, 70, 0),
    ];
    let batch = UsageBatch { keys: counts, ..UsageBatch::default() };
    store.write(async |tx| tx.flush_usage(&batch).await).await.unwrap();
    (whole(&app), keys)
}

fn named(look: &ToLookAt) -> Vec<&str> {
    look.worst.iter().map(|worst| worst.name.as_str()).collect()
}

async fn the_worst_of_each_sort_come_first(store: Store) {
    let (sight, _) = some(&store).await;
    let found = store.keys_to_look_at(&sight, NOW).await.unwrap();
    let [expiring, refused, due, unused, open]: [ToLookAt; 5] = found.try_into().unwrap();
    let [expiring, refused, due, unused, open] = [&expiring, &refused, &due, &unused, &open];
    assert_eq!((due.filter, due.count.n, named(due)), (StatusFilter::RotationOverdue, 2, vec!["due 7", "due 10"]));
    assert_eq!(due.worst[0].figure, Figure::RotationDue(NOW.plus(Millis::days(-3))));
    assert_eq!(
        (expiring.filter, expiring.count.n, named(expiring)),
        (StatusFilter::Expiring7, 4, vec!["in 4", "in 5", "in 6"])
    );
    assert_eq!(expiring.worst[0].figure, Figure::Expires(NOW.plus(Millis::days(4))));
    assert_eq!(
        (refused.filter, refused.count.n, named(refused)),
        (StatusFilter::Refused, 5, vec!["hidden", "in 5", "in 6"])
    );
    assert_eq!(refused.worst[2].figure, Figure::Refused(3));
    assert_eq!(
        (unused.filter, unused.count.n, named(unused)),
        (StatusFilter::NeverUsed90, 5, vec!["hidden", "93", "92"])
    );
    assert_eq!(unused.worst[1].figure, Figure::Created(NOW.plus(Millis::days(-93))));
    // A Master User key cannot expire.
    assert_eq!((open.filter, open.count.n, named(open)), (StatusFilter::Unrestricted, 5, vec!["93", "92", "91"]));

    let seen = Sight { apps: sight.apps.clone(), ..auditor() };
    let found = store.keys_to_look_at(&seen, NOW).await.unwrap();
    assert_eq!(found.iter().map(|look| look.count.n).collect::<Vec<_>>(), [4, 4, 2, 4, 5]);
    assert!(found.iter().all(|look| !named(look).contains(&"hidden")));
}

async fn each_count_is_the_length_of_its_list(store: Store) {
    let (sight, _) = some(&store).await;
    for look in store.keys_to_look_at(&sight, NOW).await.unwrap() {
        for sort in KeySort::ALL {
            for descending in [false, true] {
                let query = KeyQuery { status: Some(look.filter), sort: *sort, descending, ..KeyQuery::default() };
                let list = store.list_keys(&sight, &query, NOW).await.unwrap();
                assert_eq!((list.rows.len(), list.total), (look.count.n as usize, look.count), "{query:?}");
            }
        }
    }
    let off = KeyQuery { status: Some(StatusFilter::Off), ..KeyQuery::default() };
    assert_eq!(store.list_keys(&sight, &off, NOW).await.unwrap().total.n, 0);
}

async fn whoever_sees_some_keys_is_told_of_those(store: Store) {
    let (sight, keys) = some(&store).await;
    let sight = Sight { keys: Scope::Only(vec![keys[1].id, keys[6].id]), ..sight };
    let found = store.keys_to_look_at(&sight, NOW).await.unwrap();
    let all: Vec<_> = found.iter().map(|look| (look.count.n, named(look))).collect();
    assert_eq!(all, [(1, vec!["in 5"]), (1, vec!["in 5"]), (0, vec![]), (1, vec!["93"]), (1, vec!["93"])]);
    let nothing = Sight { keys: Scope::Only(Vec::new()), ..sight };
    assert_eq!(store.keys_to_look_at(&nothing, NOW).await.unwrap(), []);
}
