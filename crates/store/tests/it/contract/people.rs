use domain::grant::{KeyAct, KeyGrant};
use domain::role::Role;
use store::{Failures, Link, PersonRow, SessionRow, Store, StoreError, Unique};

use crate::fixtures::{NOW, insert, key, key_id, person, with_app};

contract! {
    people_are_found_and_owners_known,
    people_change_their_name_and_address,
    an_address_belongs_to_one_person,
    sessions_come_with_their_person,
    sessions_end_in_each_way,
    failures_are_counted_for_each_account,
    a_link_works_once,
    links_about_one_subject_are_revoked,
    a_person_changes_and_goes,
    grants_are_for_keys_that_exist,
}

async fn people_are_found_and_owners_known(store: Store) {
    let mut admin = person("admin@example.com", Role::Admin);
    let mut gone = person("gone@example.com", Role::Owner);
    gone.disabled = true;
    for person in [&admin, &gone] {
        store.write(async |tx| tx.insert_person(person).await).await.unwrap();
    }
    assert!(!store.owners_exist().await.unwrap());
    let owner = person("owner@example.com", Role::Owner);
    store.write(async |tx| tx.insert_person(&owner).await).await.unwrap();
    assert!(store.owners_exist().await.unwrap());
    assert_eq!(store.person_by_email("gone@example.com").await.unwrap(), Some(gone));
    assert_eq!(store.person_by_email("nobody@example.com").await.unwrap(), None);
    assert!(store.write(async |tx| tx.set_password(&admin.id, "new").await).await.unwrap());
    "new".clone_into(&mut admin.password_hash);
    assert_eq!(store.person_by_id(&admin.id).await.unwrap(), Some(admin));
    let nobody = person("x@example.com", Role::Owner).id;
    assert_eq!(store.person_by_id(&nobody).await.unwrap(), None);
    assert!(!store.write(async |tx| tx.set_password(&nobody, "new").await).await.unwrap());
}

async fn people_change_their_name_and_address(store: Store) {
    let (one, two) = (person("one@example.com", Role::Admin), person("two@example.com", Role::Guest));
    for person in [&one, &two] {
        store.write(async |tx| tx.insert_person(person).await).await.unwrap();
    }
    let change = async |email| store.write(async |tx| tx.set_name_and_email(&one.id, "Grace", email).await).await;
    let taken = change("two@example.com").await;
    assert!(matches!(taken, Err(StoreError::Conflict(Unique::PersonEmail))), "{taken:?}");
    assert_eq!(store.person_by_id(&one.id).await.unwrap(), Some(one.clone()));
    change("three@example.com").await.unwrap();
    let changed = PersonRow { name: "Grace".to_owned(), email: "three@example.com".to_owned(), ..one };
    assert_eq!(store.person_by_email("three@example.com").await.unwrap(), Some(changed));
    assert_eq!(store.person_by_id(&two.id).await.unwrap(), Some(two));
}

async fn an_address_belongs_to_one_person(store: Store) {
    store.write(async |tx| tx.insert_person(&person("a@example.com", Role::Owner)).await).await.unwrap();
    let again = store.write(async |tx| tx.insert_person(&person("a@example.com", Role::Admin)).await).await;
    assert!(matches!(again, Err(StoreError::Conflict(Unique::PersonEmail))), "{again:?}");
}

fn session(mac: u8, person: &PersonRow) -> SessionRow {
    SessionRow {
        id_mac: vec![mac; 32],
        person_id: person.id,
        created_at: NOW,
        last_seen_at: NOW,
        expires_at: NOW.plus_seconds(100),
        address: Some("203.0.113.9".to_owned()),
        user_agent: None,
        password_checked_at: NOW,
        factor_checked_at: None,
        owes_password: false,
    }
}

async fn sessions_come_with_their_person(store: Store) {
    let owner = person("owner@example.com", Role::Owner);
    let mut session = SessionRow { owes_password: true, ..session(1, &owner) };
    let orphan = store.write(async |tx| tx.insert_session(&session).await).await;
    assert!(matches!(orphan, Err(StoreError::Refused(_))), "{orphan:?}");
    store
        .write(async |tx| {
            tx.insert_person(&owner).await?;
            tx.insert_session(&session).await
        })
        .await
        .unwrap();
    assert_eq!(store.session_by_mac(&[1; 32]).await.unwrap(), Some((session.clone(), owner.clone(), String::new())));
    assert_eq!(store.session_by_mac(&[2; 32]).await.unwrap(), None);
    // A late touch does not turn the clock back.
    for seconds in [60, 30] {
        store.write(async |tx| tx.touch_session(&[1; 32], NOW.plus_seconds(seconds)).await).await.unwrap();
    }
    session.last_seen_at = NOW.plus_seconds(60);
    (session.password_checked_at, session.factor_checked_at) = (NOW.plus_seconds(5), Some(NOW.plus_seconds(6)));
    let checked = async |tx: &mut store::Tx| {
        tx.set_session_checked(&[1; 32], session.password_checked_at, session.factor_checked_at).await
    };
    store.write(checked).await.unwrap();
    let found = async || store.session_by_mac(&[1; 32]).await.unwrap();
    assert_eq!(found().await, Some((session.clone(), owner.clone(), String::new())));
    session.owes_password = false;
    store.write(async |tx| tx.set_password_changed(&[1; 32]).await).await.unwrap();
    session.password_checked_at = NOW.plus_seconds(7);
    for (mac, exists) in [([1; 32], true), ([2; 32], false)] {
        let proved = async |tx: &mut store::Tx| tx.set_session_proved(&mac, session.password_checked_at).await;
        assert_eq!(store.write(proved).await.unwrap(), exists);
    }
    store.write(async |tx| tx.set_time_zone(&owner.id, "Europe/Berlin").await).await.unwrap();
    assert_eq!(found().await, Some((session, owner, "Europe/Berlin".to_owned())));
}

async fn sessions_end_in_each_way(store: Store) {
    let (one, two) = (person("one@example.com", Role::Owner), person("two@example.com", Role::Owner));
    store
        .write(async |tx| {
            tx.insert_person(&one).await?;
            tx.insert_person(&two).await?;
            for n in 1..=4 {
                tx.insert_session(&session(n, if n == 4 { &two } else { &one })).await?;
            }
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
    let macs = async |person: &PersonRow| {
        let sessions = store.sessions_of(&person.id).await.unwrap();
        assert!(sessions.iter().all(|session| session.person_id == person.id));
        sessions.into_iter().map(|session| session.id_mac[0]).collect::<Vec<_>>()
    };
    assert_eq!((macs(&one).await, macs(&two).await), (vec![1, 2, 3], vec![4]));
    assert_eq!(store.write(async |tx| tx.delete_other_sessions(&two.id, &[4; 32]).await).await.unwrap(), 0);
    assert!(store.write(async |tx| tx.delete_session(&[1; 32]).await).await.unwrap());
    assert!(!store.write(async |tx| tx.delete_session(&[1; 32]).await).await.unwrap());
    assert_eq!(store.write(async |tx| tx.delete_sessions_of(&one.id).await).await.unwrap(), 2);
    store.write(async |tx| tx.insert_session(&session(6, &two)).await).await.unwrap();
    assert_eq!(store.write(async |tx| tx.delete_other_sessions(&two.id, &[4; 32]).await).await.unwrap(), 1);
    assert_eq!(macs(&two).await, [4]);
    let sweep = async |now, idle_since| {
        store.write(async |tx| tx.delete_expired_sessions(now, idle_since).await).await.unwrap()
    };
    assert_eq!(sweep(NOW.plus_seconds(99), NOW).await, 0);
    assert_eq!(sweep(NOW.plus_seconds(100), NOW).await, 1);
    store.write(async |tx| tx.insert_session(&session(5, &two)).await).await.unwrap();
    assert_eq!(sweep(NOW, NOW.plus_seconds(1)).await, 1);
}

async fn failures_are_counted_for_each_account(store: Store) {
    let fail = async |mac: &[u8], at: i64| {
        let blocked = |failures: u32| NOW.plus_seconds(i64::from(failures) * 10);
        store.write(async |tx| tx.record_sign_in_failure(mac, NOW.plus_seconds(at), blocked).await).await.unwrap()
    };
    assert_eq!(store.sign_in_failures(b"a").await.unwrap(), None);
    assert_eq!(fail(b"a", 1).await.failures, 1);
    let second = fail(b"a", 2).await;
    let expected = Failures { failures: 2, blocked_until: NOW.plus_seconds(20), last_at: NOW.plus_seconds(2) };
    assert_eq!(second, expected);
    assert_eq!(store.sign_in_failures(b"a").await.unwrap(), Some(expected));
    assert_eq!(fail(b"b", 9).await.failures, 1);
    assert!(store.write(async |tx| tx.clear_sign_in_failures(b"a").await).await.unwrap());
    assert!(!store.write(async |tx| tx.clear_sign_in_failures(b"a").await).await.unwrap());
    let prune = async |at: i64, held, limit| {
        let before = NOW.plus_seconds(at);
        store.write(async |tx| tx.prune_sign_in_failures(before, held, limit).await).await.unwrap()
    };
    assert_eq!(prune(9, 2, 10).await, 0);
    assert_eq!(prune(10, 1, 10).await, 0, "as many failures as hold");
    assert_eq!(prune(10, 2, 10).await, 1);
    assert_eq!(store.sign_in_failures(b"b").await.unwrap(), None);
    for mac in [b"a", b"b", b"c"] {
        fail(mac, 1).await;
    }
    assert_eq!((prune(10, 2, 2).await, prune(10, 2, 2).await), (2, 1), "in parts");

    fail(b"a", 1).await;
    fail(b"a", 2).await;
    let take_back = async |number, at: i64| {
        let at = NOW.plus_seconds(at);
        store.write(async |tx| tx.take_back_sign_in_failure(b"a", number, at).await).await.unwrap();
        store.sign_in_failures(b"a").await.unwrap()
    };
    let left = take_back(1, 3).await.unwrap();
    assert_eq!((left.failures, left.blocked_until), (1, NOW.plus_seconds(20)), "another came after it");
    fail(b"a", 4).await;
    let left = take_back(2, 5).await.unwrap();
    assert_eq!((left.failures, left.blocked_until), (1, NOW.plus_seconds(5)));
    assert_eq!(take_back(1, 6).await, None);
    assert_eq!(take_back(1, 6).await, None);

    fail(b"a", 1).await;
    for (mac, at) in [(b"a", 2), (b"b", 4), (b"c", 3), (b"d", 5)] {
        fail(mac, at).await;
    }
    let shrink =
        async |most, limit| store.write(async |tx| tx.shrink_sign_in_failures(most, limit).await).await.unwrap();
    assert_eq!(shrink(4, 10).await, 0);
    assert_eq!(shrink(1, 1).await, 1);
    assert_eq!(store.sign_in_failures(b"c").await.unwrap(), None, "the oldest with the fewest");
    assert_eq!(shrink(1, 10).await, 2);
    assert_eq!(store.sign_in_failures(b"a").await.unwrap().unwrap().failures, 2, "the most failures stay");
}

async fn a_link_works_once(store: Store) {
    let link = |mac: u8, purpose: &str| Link {
        mac: vec![mac; 32],
        purpose: purpose.to_owned(),
        subject: String::new(),
        made_by: "a".repeat(24),
        created_at: NOW,
        expires_at: NOW.plus_seconds(10),
    };
    for link in [link(1, "setup"), link(2, "setup"), link(3, "reset")] {
        store.write(async |tx| tx.insert_link(&link).await).await.unwrap();
    }
    let end = NOW.plus_seconds(10);
    assert_eq!(store.live_link(&[1; 32], "setup", NOW).await.unwrap(), Some(link(1, "setup")));
    assert_eq!(store.live_link(&[1; 32], "reset", NOW).await.unwrap(), None);
    assert_eq!(store.live_link(&[1; 32], "setup", end).await.unwrap(), None);
    let consume = async |mac: u8, purpose: &str, at| {
        store.write(async |tx| tx.consume_link(&[mac; 32], purpose, at).await).await.unwrap()
    };
    assert_eq!(consume(1, "setup", end).await, None);
    assert_eq!(consume(1, "reset", NOW).await, None);
    let (one, two) = tokio::join!(consume(1, "setup", NOW), consume(1, "setup", NOW));
    assert_eq!([one, two].into_iter().flatten().collect::<Vec<_>>(), [link(1, "setup")]);
    assert_eq!(store.live_link(&[1; 32], "setup", NOW).await.unwrap(), None);
    assert_eq!(store.write(async |tx| tx.revoke_links("setup").await).await.unwrap(), 2);
    assert_eq!(consume(2, "setup", NOW).await, None);
    assert!(consume(3, "reset", NOW).await.is_some());
    for (mac, subject) in [(4, "a"), (5, "b")] {
        let link = Link { subject: subject.to_owned(), ..link(mac, "reset") };
        store.write(async |tx| tx.insert_link(&link).await).await.unwrap();
    }
    assert_eq!(store.write(async |tx| tx.revoke_links_of("reset", "a").await).await.unwrap(), 1);
    assert_eq!(store.write(async |tx| tx.revoke_links_of("setup", "b").await).await.unwrap(), 0);
    assert_eq!((consume(4, "reset", NOW).await.is_some(), consume(5, "reset", NOW).await.is_some()), (false, true));
}

async fn links_about_one_subject_are_revoked(store: Store) {
    let link = |mac: u8, purpose: &str, subject: &str| Link {
        mac: vec![mac; 32],
        purpose: purpose.to_owned(),
        subject: subject.to_owned(),
        made_by: String::new(),
        created_at: NOW,
        expires_at: NOW.plus_seconds(10),
    };
    for link in [link(1, "invite", "a"), link(2, "invite", "a"), link(3, "invite", "b"), link(4, "reset", "a")] {
        store.write(async |tx| tx.insert_link(&link).await).await.unwrap();
    }
    assert_eq!(store.write(async |tx| tx.revoke_links_of("invite", "a").await).await.unwrap(), 2);
    let mut live = Vec::new();
    for (mac, purpose) in [(1, "invite"), (2, "invite"), (3, "invite"), (4, "reset")] {
        live.push(store.live_link(&[mac; 32], purpose, NOW).await.unwrap().is_some());
    }
    assert_eq!(live, [false, false, true, true]);
}

async fn a_person_changes_and_goes(store: Store) {
    let mut ada = person("ada@example.com", Role::Guest);
    ada.access_ends_at = Some(NOW.plus_seconds(5));
    assert!(ada.may_enter(NOW) && !ada.may_enter(NOW.plus_seconds(5)));
    store.write(async |tx| tx.insert_person(&ada).await).await.unwrap();
    let keyless = store.people_without_keys().await.unwrap();
    assert_eq!(keyless, [(ada.id, "ada@example.com".to_owned(), "Ada".to_owned())]);
    store.write(async |tx| tx.set_person_keys(&ada.id, "Ada", &[1; 32]).await).await.unwrap();
    assert!(store.people_without_keys().await.unwrap().is_empty());
    let now = async || store.person_by_id(&ada.id).await.unwrap();
    assert_eq!(now().await, Some(ada.clone()));
    store.write(async |tx| tx.set_access_ends_at(&ada.id, None).await).await.unwrap();
    assert_eq!(now().await.unwrap().access_ends_at, None);
    store.write(async |tx| tx.set_access_ends_at(&ada.id, Some(NOW)).await).await.unwrap();
    assert_eq!(now().await.unwrap().access_ends_at, Some(NOW));
    store.write(async |tx| tx.set_role(&ada.id, Role::Owner).await).await.unwrap();
    let owner = now().await.unwrap();
    assert_eq!((owner.role, owner.access_ends_at), (Role::Owner, None));
    assert!(store.owners_exist().await.unwrap());
    store.write(async |tx| tx.set_disabled(&ada.id, true).await).await.unwrap();
    assert!(!store.owners_exist().await.unwrap());
    store.write(async |tx| tx.set_disabled(&ada.id, false).await).await.unwrap();
    store.write(async |tx| tx.insert_session(&session(1, &ada)).await).await.unwrap();
    assert!(store.write(async |tx| tx.delete_person(&ada.id).await).await.unwrap());
    assert!(!store.write(async |tx| tx.delete_person(&ada.id).await).await.unwrap());
    assert_eq!(store.session_by_mac(&[1; 32]).await.unwrap(), None, "the sessions go with the person");
}

async fn grants_are_for_keys_that_exist(store: Store) {
    let app = with_app(&store).await;
    let keys = [key(&app, "One"), key(&app, "Two")];
    insert(&store, &keys).await;
    let guest = person("guest@example.com", Role::Guest);
    let mut grants: Vec<_> = keys.iter().map(|key| KeyGrant::new(key.id, &[KeyAct::Test])).collect();
    grants.sort_by_key(|grant| grant.key);
    let all = [grants.clone(), vec![grants[0].clone(), KeyGrant::new(key_id(), &[])]].concat();
    let set = async |grants: &[KeyGrant]| {
        store.write(async |tx| tx.set_key_grants(&guest.id, grants).await).await.unwrap();
        store.key_grants(&guest.id).await.unwrap()
    };
    store.write(async |tx| tx.insert_person(&guest).await).await.unwrap();
    assert_eq!(set(&all).await, grants);
    let one = [KeyGrant::new(keys[1].id, KeyAct::ALL)];
    assert_eq!(set(&one).await, one);
    let gone = person("other@example.com", Role::Guest);
    assert!(store.key_grants(&gone.id).await.unwrap().is_empty());
    store.write(async |tx| tx.delete_key(&keys[1].id, NOW).await.map(drop)).await.unwrap();
    assert!(store.key_grants(&guest.id).await.unwrap().is_empty(), "a grant goes with its key");
}
