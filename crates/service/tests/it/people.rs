//! Who may change whom, that an owner is always left, and that whoever is taken out is out.

use std::time::Duration;

use domain::{
    audit::Action,
    draft::KeyDraft,
    field::Field,
    grant::{KeyAct, KeyGrant},
    ids::{KeyId, PersonId},
    key::RevokeReason,
    labels::Owner,
    person::{PersonFilter, PersonListed, PersonQuery, PersonStatus},
    refusal::Refusal,
    role::Role,
    timestamp::Millis,
};
use service::{Caller, ClientInfo, invites::Acceptance, setup::NewPerson};

use crate::world::{EMAIL, PASSWORD, World, draft, owner, person, refusal, secret, shell, signed_in, somebody};

/// Adds somebody with this role by an invite.
pub async fn with_role(w: &World, role: Role, email: &str, keys: Vec<KeyGrant>) -> PersonId {
    let draft = domain::invite::InviteDraft {
        first_name: "Ada".to_owned(),
        last_name: role.label().to_owned(),
        email: email.to_owned(),
        role: role.as_str().to_owned(),
        apps: Vec::new(),
        keys,
        access_ends_at: String::new(),
    };
    let invited = w.service.invite(shell(), &draft).await.unwrap();
    let sent = Acceptance { name: invited.invite.name.clone(), password: PASSWORD.into() };
    let person = w.service.accept_invite(&secret(&invited.token), sent, &ClientInfo::default()).await.unwrap();
    *person.id()
}

/// The caller that a person's session gives now; `None` if it has ended.
async fn caller(w: &World, cookie: &str) -> Option<Caller> {
    w.service.session(cookie).await.unwrap().map(|session| session.caller(None))
}

async fn listed(w: &World, id: &PersonId) -> PersonListed {
    w.service.person(owner(), id).await.unwrap().person
}

async fn the_table_says_who_may_change_whom(w: World) {
    let service = &w.service;
    w.make_owner().await;
    for by in Role::ALL {
        let caller = signed_in(*by);
        for whom in Role::ALL {
            let id =
                with_role(&w, *whom, &format!("{}.{}@example.com", by.as_str(), whom.as_str()), w.a_key().await).await;
            let may = match by {
                Role::Owner => true,
                Role::Admin => matches!(whom, Role::Auditor | Role::Guest),
                Role::Auditor | Role::Guest => false,
            };
            let refused = |answer: Result<(), service::Error>, act: &str| match answer {
                Ok(()) => assert!(may, "{by:?} {act} {whom:?}"),
                Err(error) => assert!(!may && refusal::<()>(Err(error)) == Refusal::Forbidden, "{by:?} {act} {whom:?}"),
            };
            refused(service.disable_person(&caller, &id).await, "disables");
            refused(service.enable_person(&caller, &id).await, "enables");
            refused(service.unlock_person(&caller, &id).await, "unlocks");
            refused(service.sign_out_person(&caller, &id).await, "signs out");
            refused(service.remove_person(&caller, &id).await, "removes");
            let id =
                with_role(&w, *whom, &format!("{}.{}@example.org", by.as_str(), whom.as_str()), w.a_key().await).await;
            let changed = service.change_role(&caller, &id, "auditor").await;
            assert_eq!(changed.is_ok(), *by == Role::Owner, "{by:?} changes the role of {whom:?}");
            assert_eq!(service.person(&caller, &id).await.is_ok(), *by != Role::Guest);
        }
    }
    let nobody = PersonId::from_random([9; 12]);
    assert_eq!(refusal(service.person(owner(), &nobody).await), Refusal::PersonNotFound);
    assert_eq!(refusal(service.remove_person(owner(), &nobody).await), Refusal::PersonNotFound);
    for role in ["Owner", "OWNER", "owner ", "", "root"] {
        let id = with_role(&w, Role::Auditor, &format!("{}@example.net", role.len()), Vec::new()).await;
        assert!(matches!(refusal(service.change_role(owner(), &id, role).await), Refusal::Invalid(_)), "{role:?}");
        service.remove_person(owner(), &id).await.unwrap();
    }
}

async fn each_change_is_one_event_with_what_changed(w: World) {
    w.make_owner().await;
    let id = with_role(&w, Role::Admin, "ada@example.com", Vec::new()).await;
    let service = &w.service;
    let event = async |action: Action| {
        let event = w.newest().await;
        assert_eq!((event.action.known(), event.subject.label.as_str()), (Some(action), "ada@example.com"));
        assert_eq!(event.address.as_deref(), Some("203.0.113.9"));
        event.changes
    };
    assert!(service.change_role(owner(), &id, "auditor").await.unwrap());
    let changes = event(Action::PersonRoleChanged).await;
    assert_eq!((changes[0].from.as_deref(), changes[0].to.as_deref()), (Some("admin"), Some("auditor")));
    service.disable_person(owner(), &id).await.unwrap();
    event(Action::PersonDisabled).await;
    assert_eq!(listed(&w, &id).await.status, PersonStatus::Disabled);
    service.enable_person(owner(), &id).await.unwrap();
    event(Action::PersonEnabled).await;
    // What is so already is no change.
    let seq = w.newest().await.seq;
    service.enable_person(owner(), &id).await.unwrap();
    assert!(!service.change_role(owner(), &id, "auditor").await.unwrap());
    service.unlock_person(owner(), &id).await.unwrap();
    assert_eq!(w.newest().await.seq, seq);
    service.remove_person(owner(), &id).await.unwrap();
    event(Action::PersonRemoved).await;
    assert_eq!(refusal(service.person(owner(), &id).await), Refusal::PersonNotFound);
}

/// What becomes of the keys of somebody who is removed: they are transferred, or stay as they are.
async fn the_keys_of_whoever_is_removed_are_transferred(w: World) {
    w.make_owner().await;
    let (ada, grace) = ("ada@example.com", "grace@example.com");
    let other = w.service.create_app(owner(), "Elsewhere").await.unwrap().id;
    let id = with_role(&w, Role::Admin, ada, Vec::new()).await;
    with_role(&w, Role::Admin, grace, Vec::new()).await;
    let of = |who: &str| KeyDraft { owner: Some(who.to_owned()), ..draft("service", who) };
    let (theirs, _) = w.active(&of(ada)).await;
    let hidden = w.service.issue_acknowledged(owner(), &other, &of(ada)).await.unwrap().key.row.id;
    let (team, _) = w.active(&of("Payments team")).await;
    // Whatever their state, in archived apps too.
    let archived = w.service.create_app(owner(), "Archived").await.unwrap().id;
    let kept = w.service.issue_acknowledged(owner(), &archived, &of(ada)).await.unwrap().key.row.id;
    w.service.archive_app(owner(), &archived).await.unwrap();
    let (revoked, _) = w.active(&of(ada)).await;
    w.service.revoke(owner(), &revoked, RevokeReason::Other, None).await.unwrap();
    let owner_of = async |key: &KeyId| w.service.key(owner(), key).await.unwrap().rules.owner.clone().map(String::from);
    let remove = async |by: &Caller, id: &PersonId, to: &str| {
        let to = Owner::parse(to).unwrap().unwrap();
        w.service.remove_person_and_transfer(by, id, &to).await
    };
    for nobody in ["nobody@example.com", ada] {
        let Refusal::Invalid(errors) = refusal(w.no_change(remove(owner(), &id, nobody)).await) else { panic!() };
        assert_eq!(errors.of(Field::Owner).count(), 1, "{nobody}");
    }
    assert_eq!(refusal(remove(&somebody(9, Role::Auditor), &id, grace).await), Refusal::Forbidden);
    assert!(w.service.person(owner(), &id).await.is_ok(), "all or nothing");
    assert_eq!(w.service.count_owned(owner(), ada).await.unwrap(), 4);
    remove(owner(), &id, grace).await.unwrap();
    assert_eq!(refusal(w.service.person(owner(), &id).await), Refusal::PersonNotFound);
    assert_eq!((owner_of(&theirs).await.as_deref(), owner_of(&hidden).await.as_deref()), (Some(grace), Some(grace)));
    assert_eq!((owner_of(&kept).await.as_deref(), owner_of(&revoked).await.as_deref()), (Some(grace), Some(grace)));
    assert_eq!(owner_of(&team).await.as_deref(), Some("Payments team"));
    let actions: Vec<_> = w.events().await[..5].iter().map(|event| event.action.known()).collect();
    assert_eq!(actions[0], Some(Action::PersonRemoved));
    assert!(actions[1..].iter().all(|action| *action == Some(Action::KeyEdited)), "{actions:?}");
    // A limited admin transfers the keys that they see, and no others.
    let guest = with_role(&w, Role::Guest, "guest@example.com", vec![KeyGrant::new(theirs, &[])]).await;
    let (seen, _) = w.active(&of("guest@example.com")).await;
    let unseen = w.service.issue_acknowledged(owner(), &other, &of("guest@example.com")).await.unwrap().key.row.id;
    let limited = with_role(&w, Role::Admin, "limited@example.com", Vec::new()).await;
    w.service.set_person_apps(owner(), &limited, &[*w.service.default_app()]).await.unwrap();
    w.service.set_person_apps(owner(), &guest, &[*w.service.default_app()]).await.unwrap();
    let cookie = secret(&w.sign_in("limited@example.com", PASSWORD).await.unwrap().cookie);
    let limited = caller(&w, &cookie).await.unwrap();
    remove(&limited, &guest, "Payments team").await.unwrap();
    assert_eq!(owner_of(&seen).await.as_deref(), Some("Payments team"));
    assert_eq!(owner_of(&unseen).await.as_deref(), Some("guest@example.com"));
    // Or they stay.
    let id = with_role(&w, Role::Admin, "kept@example.com", Vec::new()).await;
    let (kept, _) = w.active(&of("kept@example.com")).await;
    w.service.remove_person(owner(), &id).await.unwrap();
    assert_eq!(owner_of(&kept).await.as_deref(), Some("kept@example.com"));
}

async fn the_last_owner_stays(w: World) {
    w.make_owner().await;
    let service = &w.service;
    let first = service.people(owner(), &PersonQuery::default()).await.unwrap().rows.remove(0).id;
    let all = async |id: &PersonId| {
        [
            refusal(w.no_change(service.change_role(owner(), id, "admin")).await),
            refusal(w.no_change(service.disable_person(owner(), id)).await),
            refusal(w.no_change(service.remove_person(owner(), id)).await),
        ]
    };
    assert_eq!(all(&first).await, [Refusal::LastOwner, Refusal::LastOwner, Refusal::LastOwner]);
    // Another owner who cannot sign in is none.
    let second = with_role(&w, Role::Owner, "second@example.com", Vec::new()).await;
    service.disable_person(owner(), &second).await.unwrap();
    assert_eq!(all(&first).await, [Refusal::LastOwner, Refusal::LastOwner, Refusal::LastOwner]);
    service.enable_person(owner(), &second).await.unwrap();
    service.change_role(owner(), &first, "admin").await.unwrap();
    assert_eq!(all(&second).await, [Refusal::LastOwner, Refusal::LastOwner, Refusal::LastOwner]);
}

/// Each takes the others out at the same moment.
async fn of_many_owners_at_once_one_stays(w: World) {
    w.make_owner().await;
    let mut ids = vec![w.service.people(owner(), &PersonQuery::default()).await.unwrap().rows.remove(0).id];
    for n in 1..8 {
        ids.push(with_role(&w, Role::Owner, &format!("{n}@example.com"), Vec::new()).await);
    }
    let other = w.another().await;
    let acts = ids.iter().enumerate().map(|(n, id)| {
        let (service, id) = (if n % 2 == 0 { w.service.clone() } else { other.clone() }, *id);
        tokio::spawn(async move {
            match n % 3 {
                0 => service.change_role(owner(), &id, "admin").await.map(drop),
                1 => service.disable_person(owner(), &id).await,
                _ => service.remove_person(owner(), &id).await,
            }
        })
    });
    let mut refused = Vec::new();
    for act in acts.collect::<Vec<_>>() {
        if let Err(error) = act.await.unwrap() {
            refused.push(refusal::<()>(Err(error)));
        }
    }
    assert_eq!(refused, [Refusal::LastOwner]);
    assert!(w.store.owners_exist().await.unwrap());
}

async fn a_change_of_role_counts_from_the_next_request(w: World) {
    w.make_owner().await;
    let keys = w.a_key().await;
    let id = with_role(&w, Role::Admin, "ada@example.com", Vec::new()).await;
    let cookie = secret(&w.sign_in("ada@example.com", PASSWORD).await.unwrap().cookie);
    let service = &w.service;
    let admin = caller(&w, &cookie).await.unwrap();
    service.check_draft(&admin, &draft("service", "Key")).await.unwrap();
    service.change_role(owner(), &id, "auditor").await.unwrap();
    let auditor = caller(&w, &cookie).await.unwrap();
    assert_eq!(refusal(service.check_draft(&auditor, &draft("service", "Key")).await), Refusal::Forbidden);
    service.key(&auditor, &keys[0].key).await.unwrap();
    service.change_role(owner(), &id, "guest").await.unwrap();
    let guest = caller(&w, &cookie).await.unwrap();
    assert_eq!(refusal(service.key(&guest, &keys[0].key).await), Refusal::NotFound);
    service.set_grants(owner(), &id, &keys, "").await.unwrap();
    let guest = caller(&w, &cookie).await.unwrap();
    service.key(&guest, &keys[0].key).await.unwrap();
    // Whoever is no guest any longer, and becomes one again, begins without keys.
    service.change_role(owner(), &id, "auditor").await.unwrap();
    service.change_role(owner(), &id, "guest").await.unwrap();
    let guest = caller(&w, &cookie).await.unwrap();
    assert_eq!(refusal(service.key(&guest, &keys[0].key).await), Refusal::NotFound);
}

async fn whoever_is_taken_out_is_out_at_once(w: World) {
    w.make_owner().await;
    let service = &w.service;
    for remove in [false, true] {
        let id = with_role(&w, Role::Admin, "ada@example.com", Vec::new()).await;
        let cookie = secret(&w.sign_in("ada@example.com", PASSWORD).await.unwrap().cookie);
        let session = service.session(&cookie).await.unwrap().unwrap();
        let stream = service.stream(&session).unwrap();
        if remove {
            service.remove_person(owner(), &id).await.unwrap();
        } else {
            service.disable_person(owner(), &id).await.unwrap();
        }
        assert!(caller(&w, &cookie).await.is_none());
        let ends = service.session_ends(&stream, Duration::from_hours(1));
        assert!(tokio::time::timeout(Duration::from_mins(1), ends).await.is_ok(), "the stream goes on");
        assert_eq!(refusal(w.sign_in("ada@example.com", PASSWORD).await), Refusal::SignInFailed);
        if !remove {
            service.enable_person(owner(), &id).await.unwrap();
            assert!(caller(&w, &cookie).await.is_none(), "the old session stays ended");
            w.sign_in("ada@example.com", PASSWORD).await.unwrap();
            service.remove_person(owner(), &id).await.unwrap();
        }
    }
}

async fn whoever_is_signed_out_everywhere_can_sign_in_again(w: World) {
    w.make_owner().await;
    let service = &w.service;
    let id = with_role(&w, Role::Admin, "ada@example.com", Vec::new()).await;
    let sign_in = async |email: &str| secret(&w.sign_in(email, PASSWORD).await.unwrap().cookie);
    let (here, there, own) = (sign_in("ada@example.com").await, sign_in("ada@example.com").await, sign_in(EMAIL).await);
    let stream = service.stream(&service.session(&here).await.unwrap().unwrap()).unwrap();
    w.one_event(Action::SessionEnded, service.sign_out_person(owner(), &id)).await.unwrap();
    let event = w.newest().await;
    assert_eq!((event.subject.label.as_str(), event.note.as_deref()), ("ada@example.com", Some("2 sessions ended")));
    assert!(caller(&w, &here).await.is_none() && caller(&w, &there).await.is_none());
    let ends = service.session_ends(&stream, Duration::from_hours(1));
    assert!(tokio::time::timeout(Duration::from_mins(1), ends).await.is_ok(), "the stream goes on");
    assert!(caller(&w, &own).await.is_some(), "nobody else is signed out");
    w.no_event(service.sign_out_person(owner(), &id)).await.unwrap();
    sign_in("ada@example.com").await;
}

async fn a_guest_is_out_when_the_access_ends(w: World) {
    w.make_owner().await;
    let keys = w.a_key().await;
    let id = with_role(&w, Role::Guest, "guest@example.com", keys.clone()).await;
    let cookie = secret(&w.sign_in("guest@example.com", PASSWORD).await.unwrap().cookie);
    let end = w.service.now().plus(Millis::minutes(10));
    w.service.set_grants(owner(), &id, &keys, &end.to_input()).await.unwrap();
    assert!(caller(&w, &cookie).await.is_some());
    w.clock.advance(Millis::minutes(11));
    assert!(caller(&w, &cookie).await.is_none());
    assert_eq!(refusal(w.sign_in("guest@example.com", PASSWORD).await), Refusal::SignInFailed);
    assert_eq!(listed(&w, &id).await.status, PersonStatus::Ended);
    let past = w.service.now().plus(Millis::minutes(-1)).to_input();
    let refused = refusal(w.service.set_grants(owner(), &id, &keys, &past).await);
    assert!(matches!(refused, Refusal::Invalid(_)), "{refused:?}");
    w.service.set_grants(owner(), &id, &keys, "").await.unwrap();
    w.sign_in("guest@example.com", PASSWORD).await.unwrap();
}

async fn nobody_grants_what_they_may_not_do(w: World) {
    w.make_owner().await;
    let keys = w.a_key().await;
    let id = with_role(&w, Role::Guest, "guest@example.com", keys.clone()).await;
    let service = &w.service;
    let admin = signed_in(Role::Admin);
    let revokes = vec![KeyGrant::new(keys[0].key, &[KeyAct::Revoke])];
    let seq = w.newest().await.seq;
    service.set_grants(&admin, &id, &keys, "").await.unwrap();
    assert_eq!(w.newest().await.seq, seq, "what is so already is no change");
    service.set_grants(&admin, &id, &revokes, "").await.unwrap();
    let event = w.newest().await;
    let words = format!("{}: see revoke", keys[0].key);
    assert_eq!(
        (event.action.known(), event.changes[0].to.as_deref()),
        (Some(Action::PersonKeysChanged), Some(&*words))
    );
    for caller in [signed_in(Role::Auditor), signed_in(Role::Guest)] {
        assert_eq!(refusal(service.set_grants(&caller, &id, &keys, "").await), Refusal::Forbidden);
    }
    let gone = vec![KeyGrant::new(KeyId::from_random([5; 16]), &[])];
    for wrong in [gone, Vec::new()] {
        assert!(matches!(refusal(service.set_grants(owner(), &id, &wrong, "").await), Refusal::Invalid(_)));
    }
    let second = vec![keys[0].clone(), KeyGrant::new(KeyId::from_random([5; 16]), &[])];
    let Refusal::Invalid(errors) = refusal(service.set_grants(owner(), &id, &second, "").await) else { panic!() };
    assert_eq!(errors.of(Field::Keys).map(|error| error.item).collect::<Vec<_>>(), [Some(1)]);
    let auditor = with_role(&w, Role::Auditor, "auditor@example.com", Vec::new()).await;
    assert_eq!(refusal(service.set_grants(owner(), &auditor, &keys, "").await), Refusal::Forbidden);
}

async fn a_locked_person_is_found_and_unlocked(w: World) {
    w.make_owner().await;
    let id = with_role(&w, Role::Auditor, "ada@example.com", Vec::new()).await;
    let locked = PersonQuery { status: Some(PersonFilter::Locked), ..PersonQuery::default() };
    let found = async || w.service.people(owner(), &locked).await.unwrap().rows;
    assert!(found().await.is_empty());
    for _ in 0..5 {
        w.sign_in("ada@example.com", "wrong").await.unwrap_err();
    }
    let rows = found().await;
    assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), [id]);
    assert!(matches!(rows[0].status, PersonStatus::Locked { until: Some(_) }));
    // It ends by itself, too.
    w.clock.advance(Millis::seconds(1));
    assert!(found().await.is_empty());
    w.sign_in("ada@example.com", "wrong").await.unwrap_err();
    w.service.unlock_person(&signed_in(Role::Admin), &id).await.unwrap();
    assert_eq!(w.newest().await.action, Action::PersonUnlocked);
    assert!(found().await.is_empty());
    w.sign_in("ada@example.com", PASSWORD).await.unwrap();
    assert_eq!(listed(&w, &id).await.last_sign_in_at, Some(w.service.now()));
}

async fn people_of_an_earlier_version_are_found_after_a_start(w: World) {
    w.make_owner().await;
    let owners = NewPerson { name: "Ünal".to_owned(), ..person("second@example.com") };
    w.service.create_owner(shell(), owners).await.unwrap();
    w.database.execute("UPDATE person SET name_key = ''").await;
    w.database
        .execute(match w.store.engine() {
            "SQLite" => "UPDATE person SET email_mac = x''",
            _ => "UPDATE person SET email_mac = ''",
        })
        .await;
    let again = w.another().await;
    let named = PersonQuery { search: Some("ÜN".to_owned()), ..PersonQuery::default() };
    assert_eq!(again.people(owner(), &named).await.unwrap().rows.len(), 1);
    for _ in 0..5 {
        w.sign_in(EMAIL, "wrong").await.unwrap_err();
    }
    let locked = PersonQuery { status: Some(PersonFilter::Locked), ..PersonQuery::default() };
    assert_eq!(again.people(owner(), &locked).await.unwrap().rows.len(), 1);
}

on_both!(
    the_table_says_who_may_change_whom,
    each_change_is_one_event_with_what_changed,
    the_keys_of_whoever_is_removed_are_transferred,
    the_last_owner_stays,
    of_many_owners_at_once_one_stays,
    a_change_of_role_counts_from_the_next_request,
    whoever_is_taken_out_is_out_at_once,
    whoever_is_signed_out_everywhere_can_sign_in_again,
    a_guest_is_out_when_the_access_ends,
    nobody_grants_what_they_may_not_do,
    a_locked_person_is_found_and_unlocked,
    people_of_an_earlier_version_are_found_after_a_start,
);
