//! Hand-overs: the secret is made when it is collected, once, for whoever collects it, and for nobody else.

use std::collections::HashSet;

use domain::{
    audit::Action,
    field::Field,
    hand_over::{HAND_OVERS_MAX, HandOverDraft, LinkLife, WRONG_PASSPHRASES_MAX},
    ids::KeyId,
    key::ACKNOWLEDGE_WITHIN,
    refusal::Refusal,
    role::Role,
    timestamp::Millis,
    verdict::Code,
};
use service::{
    Caller, ClientInfo, Error, Service,
    keys::{Collected, HandOverForm, HandedOver},
};

use crate::{
    people::with_role,
    world::{EMAIL, PASSWORD, World, draft, refusal, secret, signed_in, token},
};

const PASSPHRASE: &str = "a lantern";

/// Somebody who has an account and is signed in.
pub async fn maker(w: &World, email: &str) -> Caller {
    let cookie = secret(&w.sign_in(email, PASSWORD).await.unwrap().cookie);
    w.service.session(&cookie).await.unwrap().unwrap().caller(None)
}

pub async fn the_owner(w: &World) -> Caller {
    w.make_owner().await;
    maker(w, EMAIL).await
}

pub async fn hand_over(w: &World, by: &Caller, kind: &str, passphrase: &str) -> Result<HandedOver, Error> {
    let to = HandOverDraft { recipient: "Grace".to_owned(), life: "1d".to_owned(), ..HandOverDraft::default() };
    let form_id = w.service.new_form_id().unwrap();
    let (key, passphrase) = (draft(kind, "Partner export"), passphrase.into());
    let form = HandOverForm { key: &key, form_id: &form_id, to: &to, request: None, passphrase: &passphrase };
    w.service.hand_over(by, w.service.default_app(), &form).await
}

fn from_outside() -> ClientInfo {
    ClientInfo { address: Some("198.51.100.7".parse().unwrap()), ..ClientInfo::default() }
}

pub async fn collect(service: &Service, token: &str, passphrase: &str) -> Result<Collected, Error> {
    service.collect(token, &passphrase.into(), "", &from_outside()).await
}

async fn the_key_is_made_when_it_is_collected_and_works_when_its_recipient_confirms_it(w: World) {
    let owner = the_owner(&w).await;
    let made = w.one_event(Action::HandOverMade, hand_over(&w, &owner, "service", "")).await.unwrap();
    let (id, link) = (made.hand_over.key, secret(&made.token));
    assert_eq!(refusal(w.service.key(&owner, &id).await), Refusal::NotFound, "no key exists yet");
    assert!(!format!("{:?} {made:?}", w.newest().await).contains(&link));
    assert_eq!(w.service.hand_overs(&owner).await.unwrap(), std::slice::from_ref(&made.hand_over));
    // Looking uses nothing up.
    for _ in 0..100 {
        let shown = w.no_change(w.service.hand_over_by_token(&link)).await.unwrap().unwrap();
        assert_eq!((shown.recipient.as_str(), shown.made_by.1.as_str()), ("Grace", EMAIL));
    }
    let collected = collect(&w.service, &link, "").await.unwrap();
    let whole = token(&collected.issued);
    assert_eq!((collected.issued.key.row.id, collected.issued.key.row.created_by.as_str()), (id, EMAIL));
    assert_eq!(w.code(&whole).await, Code::Pending);
    let events = w.events().await;
    let actions: Vec<_> = events[..2].iter().map(|event| event.action.known()).collect();
    assert_eq!(actions, [Some(Action::HandOverCollected), Some(Action::KeyIssued)]);
    for event in &events[..2] {
        assert_eq!((event.address.as_deref(), event.subject.id.as_str()), (Some("198.51.100.7"), id.as_str()));
    }
    let by = w.service.collection(&owner, &id).await.unwrap().unwrap();
    assert_eq!((by.recipient.as_str(), by.from.as_deref()), ("Grace", Some("198.51.100.7")));
    assert_eq!(w.service.collection(&signed_in(Role::Auditor), &id).await.unwrap(), Some(by));
    assert!(w.service.hand_overs(&owner).await.unwrap().is_empty());

    // Whoever made it did not see the secret, and has to say so.
    assert_eq!(w.service.seen_by_another(&owner, &id).await.unwrap().unwrap().name, "Grace");
    assert_eq!(refusal(w.service.acknowledge(&owner, &id, false).await), Refusal::IssuedByAnother);

    let confirm = secret(&collected.confirm);
    for _ in 0..10 {
        assert_eq!(w.no_change(w.service.collected_by_token(&confirm)).await.unwrap().unwrap().key().row.id, id);
    }
    for wrong in [&link, &whole, &confirm[1..], ""] {
        assert_eq!(
            refusal(w.no_change(w.service.confirm_collected(wrong, &from_outside())).await),
            Refusal::LinkInvalid
        );
    }
    let client = from_outside();
    w.one_change(Action::KeyAcknowledged, w.service.confirm_collected(&confirm, &client)).await.unwrap();
    let event = w.newest().await;
    assert_eq!(event.note.as_deref(), Some("Confirmed by Grace, who collected it"));
    assert_eq!((w.code(&whole).await, event.address.as_deref()), (Code::Valid, Some("198.51.100.7")));
    assert_eq!(refusal(w.service.confirm_collected(&confirm, &from_outside()).await), Refusal::LinkInvalid);
}

/// Whoever loads the page with their key again has lost the key from the screen, and not the way to confirm it.
async fn the_form_that_collected_a_key_still_leads_to_its_confirmation(w: World) {
    let owner = the_owner(&w).await;
    let made = hand_over(&w, &owner, "service", "").await.unwrap();
    let (link, form, other) = (secret(&made.token), w.service.new_form_id().unwrap(), w.service.new_form_id().unwrap());
    assert!(w.service.collected_by_form(&link, &form).await.unwrap().is_none(), "nothing is collected yet");
    let collected = w.service.collect(&link, &"".into(), &form, &from_outside()).await.unwrap();
    let again = w.no_change(w.service.collect(&link, &"".into(), &form, &from_outside())).await;
    assert_eq!(refusal(again), Refusal::LinkInvalid, "the key is shown once");
    let found = w.no_change(w.service.collected_by_form(&link, &form)).await.unwrap().unwrap();
    assert_eq!(secret(&found), secret(&collected.confirm));
    for (link, form) in [(&*link, &*other), (&*link, ""), (&*link, "\0"), ("", &*form), (&*other, &*form)] {
        assert!(w.service.collected_by_form(link, form).await.unwrap().is_none(), "{link} {form}");
    }
    w.service.confirm_collected(&secret(&found), &from_outside()).await.unwrap();
    assert_eq!(w.code(&token(&collected.issued)).await, Code::Valid);
    assert!(w.service.collected_by_form(&link, &form).await.unwrap().is_none());
}

async fn a_collected_key_that_nobody_confirms_never_works(w: World) {
    let owner = the_owner(&w).await;
    let made = hand_over(&w, &owner, "service", "").await.unwrap();
    let collected = collect(&w.service, &secret(&made.token), "").await.unwrap();
    w.clock.advance(ACKNOWLEDGE_WITHIN);
    let late = w.service.confirm_collected(&secret(&collected.confirm), &from_outside()).await;
    assert_eq!(refusal(late), Refusal::LinkInvalid);
    w.one_event(Action::KeyDropped, w.service.drop_overdue_keys()).await.unwrap();
    assert_ne!(w.code(&token(&collected.issued)).await, Code::Valid);
    // Nobody asks for it any more.
    assert_eq!(w.store.collection(&made.hand_over.key).await.unwrap(), None);
}

async fn of_many_at_once_one_collects(w: World) {
    let owner = the_owner(&w).await;
    let made = hand_over(&w, &owner, "service", "").await.unwrap();
    let (link, other) = (secret(&made.token), w.another().await);
    let tries: Vec<_> = (0..64)
        .map(|n| {
            let (service, link) = (if n % 2 == 0 { w.service.clone() } else { other.clone() }, link.clone());
            tokio::spawn(async move { collect(&service, &link, "").await })
        })
        .collect();
    let mut shown = 0;
    for attempt in tries {
        match attempt.await.unwrap() {
            Ok(_) => shown += 1,
            Err(error) => assert_eq!(refusal::<()>(Err(error)), Refusal::LinkInvalid),
        }
    }
    assert_eq!(shown, 1);
    let issued = w.events().await.into_iter().filter(|event| event.action == Action::KeyIssued).count();
    assert_eq!(issued, 1);
}

/// Unknown, used, withdrawn and expired links are one, with the same work: no hash and no write.
async fn a_dead_link_is_like_one_that_never_was(w: World) {
    let owner = the_owner(&w).await;
    let make = async || hand_over(&w, &owner, "service", PASSPHRASE).await.unwrap();
    let used = make().await;
    collect(&w.service, &secret(&used.token), PASSPHRASE).await.unwrap();
    let withdrawn = make().await;
    let key = withdrawn.hand_over.key;
    w.one_event(Action::HandOverWithdrawn, w.service.withdraw_hand_over(&owner, &key)).await.unwrap();
    assert_eq!(refusal(w.no_change(w.service.withdraw_hand_over(&owner, &key)).await), Refusal::HandOverGone);
    let expired = make().await;
    w.clock.advance(Millis(LinkLife::Day.length().0 - 1));
    assert!(w.service.hand_over_by_token(&secret(&expired.token)).await.unwrap().is_some());
    assert_eq!(w.service.drop_overdue_hand_overs().await.unwrap(), 0);
    w.clock.advance(Millis(1));
    let dead = [secret(&used.token), secret(&withdrawn.token), secret(&expired.token), "0".repeat(64), String::new()];
    let doubled = format!("{}{}", dead[2], dead[2]);
    for dead in dead.iter().map(String::as_str).chain([doubled.as_str(), &dead[2][1..], "%00", "é"]) {
        let (hashes, writes) = (w.hasher.count(), w.store.write_count());
        assert!(w.service.hand_over_by_token(dead).await.unwrap().is_none(), "{dead}");
        assert_eq!(refusal(collect(&w.service, dead, PASSPHRASE).await), Refusal::LinkInvalid, "{dead}");
        assert_eq!((w.hasher.count(), w.store.write_count()), (hashes, writes), "{dead}");
    }
    w.one_event(Action::HandOverExpired, w.service.drop_overdue_hand_overs()).await.unwrap();
    assert!(w.service.hand_overs(&owner).await.unwrap().is_empty());
}

/// Whoever may no longer issue the key gives it to nobody else either.
async fn the_rights_of_the_maker_are_those_of_now(w: World) {
    let owner = the_owner(&w).await;
    for (number, act) in ["disable", "remove", "auditor", "guest"].into_iter().enumerate() {
        let email = format!("maker{number}@example.com");
        let id = with_role(&w, Role::Owner, &email, Vec::new()).await;
        let by = maker(&w, &email).await;
        let made = hand_over(&w, &by, "service", "").await.unwrap();
        match act {
            "disable" => w.service.disable_person(&owner, &id).await.unwrap(),
            "remove" => w.service.remove_person(&owner, &id).await.unwrap(),
            role => assert!(w.service.change_role(&owner, &id, role).await.unwrap()),
        }
        let link = secret(&made.token);
        let before = w.newest().await.seq;
        assert_eq!(refusal(collect(&w.service, &link, "").await), Refusal::HandOverStale, "{act}");
        assert_eq!(w.newest().await.seq, before, "{act}");
        assert!(w.service.hand_over_by_token(&link).await.unwrap().is_some(), "{act} used the link up");
    }
}

async fn who_may_hand_over_what(w: World) {
    w.make_owner().await;
    for role in Role::ALL {
        let keys = if *role == Role::Guest { w.a_key().await } else { Vec::new() };
        let email = format!("{}1@example.com", role.as_str());
        with_role(&w, *role, &email, keys).await;
        let by = maker(&w, &email).await;
        let answer = hand_over(&w, &by, "service", "").await;
        if matches!(role, Role::Owner | Role::Admin) {
            let id = answer.unwrap().hand_over.key;
            w.service.withdraw_hand_over(&by, &id).await.unwrap();
        } else {
            assert_eq!(refusal(answer), Refusal::Forbidden);
            assert_eq!(refusal(w.service.hand_overs(&by).await), Refusal::Forbidden);
            let id = KeyId::from_random([1; 16]);
            assert_eq!(refusal(w.service.withdraw_hand_over(&by, &id).await), Refusal::Forbidden);
        }
    }
}

/// A wrong passphrase costs one hash, waits grow as at sign-in, and the link does not outlive too many.
async fn passphrases_are_not_guessed(w: World) {
    let owner = the_owner(&w).await;
    let made = hand_over(&w, &owner, "service", PASSPHRASE).await.unwrap();
    let link = secret(&made.token);
    for (typed, hashes) in [("", 0), ("short", 0), ("a lantern!", 1)] {
        let before = w.hasher.count();
        let Refusal::Invalid(errors) = refusal(collect(&w.service, &link, typed).await) else { panic!("{typed}") };
        assert_eq!((errors.of(Field::Passphrase).count(), w.hasher.count() - before), (1, hashes), "{typed}");
    }
    let mut waits = 0;
    for _ in 1..WRONG_PASSPHRASES_MAX {
        loop {
            let before = w.hasher.count();
            match refusal(collect(&w.service, &link, "a lantern?").await) {
                Refusal::Wait { seconds } => {
                    assert_eq!(w.hasher.count(), before, "whoever waits costs nothing");
                    waits += 1;
                    w.clock.advance(Millis::seconds(seconds.into()));
                }
                _ => break,
            }
        }
    }
    assert_eq!(waits, 5);
    let event = w.newest().await;
    assert_eq!(event.action, Action::HandOverWithdrawn);
    assert_eq!(event.note.as_deref(), Some("10 wrong passphrases"));
    w.clock.advance(Millis::hours(1));
    assert_eq!(refusal(collect(&w.service, &link, PASSPHRASE).await), Refusal::LinkInvalid);
}

async fn one_form_makes_one_link_and_only_so_many_of_one_maker_wait(w: World) {
    let owner = the_owner(&w).await;
    let to = HandOverDraft { recipient: "Grace".to_owned(), life: "1h".to_owned(), ..HandOverDraft::default() };
    let (key, form_id, none) = (draft("service", "Key"), w.service.new_form_id().unwrap(), "".into());
    let app = w.service.default_app();
    let make = async |form_id: &str| {
        let form = HandOverForm { key: &key, form_id, to: &to, request: None, passphrase: &none };
        w.service.hand_over(&owner, app, &form).await
    };
    make(&form_id).await.unwrap();
    assert_eq!(refusal(make(&form_id).await), Refusal::AlreadyHandedOver);
    for _ in 1..HAND_OVERS_MAX {
        make(&w.service.new_form_id().unwrap()).await.unwrap();
    }
    let more = refusal(make(&w.service.new_form_id().unwrap()).await);
    assert_eq!(more, Refusal::TooManyHandOvers { most: HAND_OVERS_MAX });
    // Nobody keeps the others from theirs, and a link whose time is over waits for nobody.
    with_role(&w, Role::Admin, "ada@example.com", Vec::new()).await;
    let ada = maker(&w, "ada@example.com").await;
    hand_over(&w, &ada, "service", "").await.unwrap();
    w.clock.advance(Millis::hours(1));
    make(&w.service.new_form_id().unwrap()).await.unwrap();
}

/// How many flows a test run goes through, on each engine. The drill goes through ten thousand, with the logs and all that the
/// maker sees.
const FLOWS: usize = 1_000;

/// How much of a secret names it in a search.
const PART: usize = 16;

/// No row of the whole database has a secret, a link or a passphrase, not even a part of one.
async fn nothing_secret_of_a_thousand_flows_is_in_any_row(w: World) {
    let owner = the_owner(&w).await;
    let mut secrets = Vec::new();
    for n in 0..FLOWS {
        let passphrase = if n % 250 == 0 { PASSPHRASE } else { "" };
        let made = hand_over(&w, &owner, "service", passphrase).await.unwrap();
        let link = secret(&made.token);
        let collected = collect(&w.service, &link, passphrase).await.unwrap();
        let (whole, confirm) = (token(&collected.issued), secret(&collected.confirm));
        if n % 2 == 0 {
            w.service.confirm_collected(&confirm, &from_outside()).await.unwrap();
        }
        let half = whole.rsplit('_').next().unwrap()[..43].to_owned();
        secrets.extend([link, confirm, half]);
    }
    let keys = w.store.rows().await.unwrap().keys;
    assert_eq!(usize::try_from(keys), Ok(FLOWS));
    let rows = w.database.dump().await;
    assert!(rows.len() > FLOWS && rows.iter().any(|row| row.contains("Partner export")), "{}", rows.len());
    assert!(rows.iter().all(|row| !row.contains(PASSPHRASE)));
    // One pass over the rows, whatever the number of secrets.
    let parts: HashSet<&[u8]> = secrets.iter().map(|secret| &secret.as_bytes()[..PART]).collect();
    assert_eq!(parts.len(), 3 * FLOWS);
    for row in &rows {
        assert!(row.as_bytes().windows(PART).all(|part| !parts.contains(part)), "{row}");
    }
}

on_both!(
    the_key_is_made_when_it_is_collected_and_works_when_its_recipient_confirms_it,
    the_form_that_collected_a_key_still_leads_to_its_confirmation,
    a_collected_key_that_nobody_confirms_never_works,
    of_many_at_once_one_collects,
    a_dead_link_is_like_one_that_never_was,
    the_rights_of_the_maker_are_those_of_now,
    who_may_hand_over_what,
    passphrases_are_not_guessed,
    one_form_makes_one_link_and_only_so_many_of_one_maker_wait,
    nothing_secret_of_a_thousand_flows_is_in_any_row,
);
