use domain::kind::KeyKind;
use domain::permission::Permission;
use domain::timestamp::Millis;
use store::{NewKey, Store};

use crate::fixtures::{NOW, app, insert, key, with_app};

contract! {
    the_permissions_given_last_come_first,
    what_nobody_types_is_not_suggested,
}

fn with(mut key: NewKey, names: &[&str], days: i64) -> NewKey {
    key.spec.rules.permissions = names.iter().map(|name| Permission::parse(name).unwrap()).collect();
    key.created_at = NOW.plus(Millis::days(days));
    key
}

async fn the_permissions_given_last_come_first(store: Store) {
    let here = with_app(&store).await;
    let elsewhere = app(2);
    store.write(async |tx| tx.insert_app(&elsewhere).await).await.unwrap();
    let keys = [
        with(key(&here, "a"), &["invoices.read", "orders.*"], 0),
        with(key(&here, "b"), &["orders.*", "stock.read"], 2),
        with(key(&elsewhere.id, "c"), &["secret.read"], 3),
        // As old as the first, for an order by day.
        with(key(&here, "d"), &["invoices.read"], 1),
    ];
    store.write(async |tx| tx.insert_keys(&keys).await).await.unwrap();
    let given = async |limit| store.given_permissions(&here, limit).await.unwrap();
    assert_eq!(given(10).await, ["orders.*", "stock.read", "invoices.read"]);
    assert_eq!(given(1).await, ["orders.*"]);
    assert_eq!(store.given_permissions(&elsewhere.id, 10).await.unwrap(), ["secret.read"]);

    let mut spec = keys[0].spec.clone();
    spec.rules.permissions = vec![Permission::parse("new.read").unwrap()];
    let later = NOW.plus(Millis::days(9));
    assert!(store.write(async |tx| tx.update_key(&keys[0].id, 1, &spec, later).await).await.unwrap());
    assert_eq!(given(2).await, ["new.read", "orders.*"]);
}

async fn what_nobody_types_is_not_suggested(store: Store) {
    let here = with_app(&store).await;
    let mut master = with(key(&here, "m"), &["chats.read"], 0);
    master.spec.kind = KeyKind::MasterUser;
    insert(&store, &[master, with(key(&here, "v"), &["keystead.verify"], 0)]).await;
    assert_eq!(store.given_permissions(&here, 10).await.unwrap(), Vec::<String>::new());
}
