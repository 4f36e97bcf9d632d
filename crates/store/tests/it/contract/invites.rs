use domain::grant::{KeyAct, KeyGrant};
use domain::ids::PersonId;
use domain::invite::Invite;
use domain::role::Role;
use domain::sight::Scope;
use store::{Link, Store, StoreError, Unique};

use crate::fixtures::{NOW, app, key_id, person};

contract! {
    invites_wait_until_they_are_used,
    an_invite_is_found_by_its_link,
}

fn invite(email: &str) -> Invite {
    Invite {
        id: person(email, Role::Guest).id,
        email: email.to_owned(),
        name: "Ada Byron".to_owned(),
        role: Role::Guest,
        apps: Scope::from(&app(1).id),
        keys: vec![KeyGrant::new(key_id(), &[KeyAct::Revoke])],
        access_ends_at: Some(NOW.plus_seconds(1_000)),
        made_by: ("1".to_owned(), "owner@example.com".to_owned()),
        created_at: NOW,
        expires_at: NOW.plus_seconds(100),
    }
}

async fn add(store: &Store, invite: &Invite) -> Result<(), StoreError> {
    store.write(async |tx| tx.insert_invite(invite).await).await
}

async fn invites_wait_until_they_are_used(store: Store) {
    let mut first = invite("a@example.com");
    let second =
        Invite { created_at: NOW.plus_seconds(1), access_ends_at: None, keys: Vec::new(), ..invite("b@example.com") };
    for invite in [&first, &second] {
        add(&store, invite).await.unwrap();
    }
    assert_eq!(store.invites().await.unwrap(), [second.clone(), first.clone()]);
    let waiting =
        async |maker: &str, seconds| store.invites_waiting_of(maker, NOW.plus_seconds(seconds)).await.unwrap();
    assert_eq!((waiting("1", 99).await, waiting("1", 100).await, waiting("2", 0).await), (2, 0, 0));
    let again = add(&store, &invite("a@example.com")).await;
    assert!(matches!(again, Err(StoreError::Conflict(Unique::InviteEmail))), "{again:?}");
    let end = NOW.plus_seconds(200);
    store.write(async |tx| tx.renew_invite(&first.id, ("2", "b"), end).await).await.unwrap();
    (first.made_by, first.expires_at) = (("2".to_owned(), "b".to_owned()), end);
    assert_eq!((waiting("1", 0).await, waiting("2", 199).await), (1, 1));
    assert_eq!(store.invite_for("b@example.com", NOW).await.unwrap(), Some(second.clone()));
    assert_eq!(store.invite_for("b@example.com", second.expires_at).await.unwrap(), None, "its time is over");
    assert_eq!(store.invite_for("c@example.com", NOW).await.unwrap(), None);
    assert_eq!(store.invite(&first.id).await.unwrap(), Some(first));
    assert!(store.write(async |tx| tx.delete_invite(&second.id).await).await.unwrap());
    assert!(!store.write(async |tx| tx.delete_invite(&second.id).await).await.unwrap());
    assert_eq!(store.invite(&second.id).await.unwrap(), None);
    let prune = async |by, limit| store.write(async |tx| tx.prune_invites(by, limit).await).await.unwrap();
    assert_eq!(prune(NOW.plus_seconds(199), 9).await, 0);
    add(&store, &second).await.unwrap();
    assert_eq!((prune(end, 1).await, prune(end, 1).await, prune(end, 1).await), (1, 1, 0));
    assert_eq!(store.invites().await.unwrap(), []);
}

async fn an_invite_is_found_by_its_link(store: Store) {
    let (one, other) = (invite("a@example.com"), invite("b@example.com"));
    let link = |mac: u8, id: &PersonId| Link {
        mac: vec![mac; 32],
        purpose: "invite".to_owned(),
        subject: id.as_str().to_owned(),
        made_by: String::new(),
        created_at: NOW,
        expires_at: NOW.plus_seconds(10),
    };
    for (mac, invite) in [(1, &one), (2, &other)] {
        add(&store, invite).await.unwrap();
        store.write(async |tx| tx.insert_link(&link(mac, &invite.id)).await).await.unwrap();
    }
    let by = async |mac: u8, purpose: &str, seconds: i64| {
        store.invite_by_link(&[mac; 32], purpose, NOW.plus_seconds(seconds)).await.unwrap()
    };
    assert_eq!(by(1, "invite", 9).await, Some(one));
    assert_eq!(by(2, "invite", 0).await, Some(other.clone()));
    assert_eq!((by(1, "invite", 10).await, by(1, "reset", 0).await, by(3, "invite", 0).await), (None, None, None));
    store.write(async |tx| tx.consume_link(&[2; 32], "invite", NOW).await.map(drop)).await.unwrap();
    assert_eq!(by(2, "invite", 0).await, None);
}
