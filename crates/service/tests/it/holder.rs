//! Whoever holds a key, without an account: they look at it, revoke it and rotate it by presenting it.

use domain::{
    audit::{Action, ActorKind},
    draft::KeyDraft,
    field::Field,
    holder::Shown,
    key::{KeyState, RevokeReason, Status},
    refusal::Refusal,
    rotation::NoRotation,
    timestamp::Millis,
    token::PlainToken,
    verdict::Code,
};
use service::{
    ClientInfo, Service,
    keys::{HeldKey, HeldView, Presented, SelfRevoked},
    verify::{Credential, VerifyRequest},
};

use crate::{
    rotation::{confirm, rotate},
    world::{World, draft, list, owner, refusal, secret, token},
};

const HERE: &str = "198.51.100.7";
const ELSEWHERE: &str = "203.0.113.50";

fn at(address: &str) -> ClientInfo {
    ClientInfo { address: Some(address.parse().unwrap()), ..ClientInfo::default() }
}

fn present(text: &str) -> Presented {
    Presented { id: String::new(), key: text.into() }
}

async fn look(w: &World, token: &str, address: &str) -> HeldView {
    w.service.look_as_holder(&present(token), &at(address)).await.unwrap()
}

async fn here(w: &World, token: &str) -> HeldKey {
    match look(w, token, HERE).await {
        HeldView::Here(key) => *key,
        HeldView::Elsewhere(_) => panic!("nothing is told"),
    }
}

/// A service key that is to be rotated every 90 days.
fn rotated(name: &str) -> KeyDraft {
    KeyDraft { rotate_days: Some("90".to_owned()), ..draft("service", name) }
}

async fn revoke(service: &Service, token: &str) -> Option<SelfRevoked> {
    let held = service.verifier().held(Credential::Token(token)).await.unwrap()?;
    let address = Some(HERE.parse().unwrap());
    service.revoke_held(held, RevokeReason::Leaked, Some("found"), address).await.unwrap()
}

async fn a_key_revokes_itself_for_good_and_says_so_again(w: World) {
    let (id, whole) = w.active(&draft("service", "Lost")).await;
    assert_eq!(w.code(&whole).await, Code::Valid);
    let revoked = w.one_change(Action::KeyRevoked, revoke(&w.service, &whole)).await.unwrap();
    assert!(!revoked.already && revoked.key.row.id == id);
    assert_eq!(w.code(&whole).await, Code::Revoked, "at once");
    let event = w.newest().await;
    assert_eq!((event.actor_kind.known(), event.actor_label.as_str()), (Some(ActorKind::Key), "key Lost"));
    assert_eq!((event.address.as_deref(), event.note.as_deref()), (Some(HERE), Some("found")));
    let found = w.service.key(owner(), &id).await.unwrap().revoked.clone().unwrap();
    assert_eq!((found.reason, found.restorable_until), (RevokeReason::Leaked, None));
    // Whatever the reason, nobody takes it back.
    let restored = w.no_change(w.service.restore(owner(), &id)).await;
    assert_eq!(refusal(restored), Refusal::StaysRevoked(RevokeReason::Leaked));
    let again = w.no_event(revoke(&w.service, &whole)).await.unwrap();
    assert!(again.already && again.at == revoked.at);

    let (other, whole) = w.active(&draft("service", "Not needed")).await;
    let ended = w.service.revoke_as_holder(&present(&whole), &at(HERE)).await.unwrap();
    assert!(!ended.already && ended.key.revoked.unwrap().restorable_until.is_none());
    assert_eq!(refusal(w.service.restore(owner(), &other).await), Refusal::StaysRevoked(RevokeReason::Other));
}

async fn a_key_revokes_itself_whatever_its_state_and_wherever_it_is(w: World) {
    let bound = KeyDraft { cidrs: list(&["10.0.0.0/8"]), ..draft("service", "Bound") };
    let (_, bound) = w.active(&bound).await;
    assert!(!revoke(&w.service, &bound).await.unwrap().already, "outside its networks");
    let (pending, whole) = w.pending(&draft("service", "Pending")).await;
    let ended = w.one_change(Action::KeyRevoked, revoke(&w.service, &whole)).await.unwrap();
    assert_eq!(ended.key.revoked.unwrap().from, KeyState::Pending);
    assert_eq!(refusal(w.service.acknowledge(owner(), &pending, false).await), Refusal::NotPending);
    let (disabled, whole) = w.active(&draft("service", "Disabled")).await;
    w.service.disable(owner(), &disabled, None).await.unwrap();
    assert!(!revoke(&w.service, &whole).await.unwrap().already);
    assert_eq!(refusal(w.service.enable(owner(), &disabled, None).await), Refusal::WrongState);
    // One that asks about others, or that changes keys, is no exception.
    for name in ["keystead.verify", "keystead.keys.write"] {
        let (_, whole) = w.active(&KeyDraft { boxes: vec![name.to_owned()], ..draft("service", name) }).await;
        assert!(!revoke(&w.service, &whole).await.unwrap().already, "{name}");
        assert_eq!(w.code(&whole).await, Code::Revoked);
    }
    w.clock.advance(Millis::hours(1));
    assert_eq!(w.no_event(w.service.drop_overdue_keys()).await.unwrap(), 0, "it stays on record");
}

/// Whoever holds a secret that works holds the key; whoever holds one that has ended, or does not work yet, does not.
async fn only_a_secret_that_works_proves_a_key(w: World) {
    let (id, first) = w.active(&draft("service", "Rotated")).await;
    let second = rotate(&w, &id, "1h").await;
    assert!(revoke(&w.service, &second).await.is_none(), "nobody has confirmed it");
    confirm(&w, &id).await;
    w.clock.advance(Millis::hours(1));
    assert!(w.no_change(revoke(&w.service, &first)).await.is_none(), "its time is over");
    let stale = w.service.verifier().held(Credential::Token(&second)).await.unwrap().unwrap();
    w.service.delete(owner(), &id, "Rotated").await.unwrap();
    assert!(w.service.revoke_held(stale, RevokeReason::Other, None, None).await.unwrap().is_none());
    let (id, old) = w.active(&draft("service", "Another")).await;
    let new = rotate(&w, &id, "1h").await;
    confirm(&w, &id).await;
    assert!(!revoke(&w.service, &old).await.unwrap().already, "during the overlap, the old one is one");
    assert_eq!((w.code(&old).await, w.code(&new).await), (Code::Revoked, Code::Revoked));
    // A secret that stopped working after it was presented proves nothing any more.
    let (id, old) = w.active(&draft("service", "Third")).await;
    rotate(&w, &id, "1h").await;
    confirm(&w, &id).await;
    let held = w.service.verifier().held(Credential::Token(&old)).await.unwrap().unwrap();
    w.service.finish_rotation(owner(), &id).await.unwrap();
    assert!(w.service.revoke_held(held, RevokeReason::Other, None, None).await.unwrap().is_none());
}

async fn of_many_revokes_at_once_one_is_the_first(w: World) {
    let (_, whole) = w.active(&draft("service", "Lost")).await;
    let other = w.another().await;
    let tries: Vec<_> = (0..32)
        .map(|n| {
            let (service, whole) = (if n % 2 == 0 { w.service.clone() } else { other.clone() }, whole.clone());
            tokio::spawn(async move { revoke(&service, &whole).await.unwrap().already })
        })
        .collect();
    let mut first = 0;
    for attempt in tries {
        first += usize::from(!attempt.await.unwrap());
    }
    assert_eq!(first, 1);
    let revoked = w.events().await.into_iter().filter(|event| event.action == Action::KeyRevoked).count();
    assert_eq!(revoked, 1);
}

async fn a_holder_sees_the_key_and_why_its_calls_were_refused(w: World) {
    let key = KeyDraft {
        cidrs: list(&["198.51.100.0/24", "10.0.0.0/8"]),
        limits: list(&["5 per minute"]),
        quota: Some("100".to_owned()),
        permissions: list(&["invoices.read"]),
        ..rotated("Billing")
    };
    let (_, whole) = w.active(&key).await;
    let call = async |address: &str, permissions: Option<&str>| {
        let query = permissions.map(|text| domain::permission_query::PermissionQuery::parse(text).unwrap());
        let request = VerifyRequest {
            address: Some(address.parse().unwrap()),
            permissions: query.as_ref(),
            path: Some("/invoices"),
            ..VerifyRequest::default()
        };
        w.service.verifier().verify(Credential::Token(&whole), request).await.unwrap()
    };
    for _ in 0..2 {
        assert_eq!(call(HERE, None).await.code, Code::Valid);
    }
    assert_eq!(call(ELSEWHERE, None).await.code, Code::IpNotAllowed);
    assert_eq!(call(HERE, Some("invoices.write")).await.code, Code::InsufficientPermissions);
    w.service.verifier().flush_usage().await.unwrap();
    let seen = here(&w, &format!("  {whole}\n")).await;
    assert_eq!((seen.key.row.name.as_str(), seen.key.row.status(seen.now)), ("Billing", Status::Active));
    assert!(matches!(&seen.shown, Shown::Only(secret) if whole.ends_with(&secret.last4)));
    assert_eq!((seen.limits.as_str(), seen.key.quota_left), ("calls: 5 per minute, 3 left.", Some(98)));
    let told: Vec<_> = seen.refusals.iter().map(|(call, why)| (call.code, why.as_str())).collect();
    assert_eq!(
        told,
        [
            (Code::InsufficientPermissions, "The call asks for invoices.write; the key has invoices.read."),
            (Code::IpNotAllowed, "203.0.113.50 is in none of 198.51.100.0/24, 10.0.0.0/8."),
        ]
    );
    assert!(seen.may_rotate);
    // Looking is no call.
    assert_eq!(here(&w, &whole).await.limits, "calls: 5 per minute, 3 left.");
    let writes = w.events().await.len();
    here(&w, &whole).await;
    assert_eq!(w.events().await.len(), writes);
}

async fn nothing_is_told_where_the_key_may_not_be_used(w: World) {
    let bound = KeyDraft { cidrs: list(&["198.51.100.0/24"]), ..rotated("Bound") };
    let (_, whole) = w.active(&bound).await;
    for address in [ELSEWHERE, "::1"] {
        let HeldView::Elsewhere(Some(seen)) = look(&w, &whole, address).await else { panic!("told at {address}") };
        assert_eq!(seen.to_string(), address);
        let client = at(address);
        let rotation = w.no_event(w.service.rotate_as_holder(&present(&whole), &client)).await;
        assert_eq!(refusal(rotation), Refusal::NoRotation(NoRotation::NotByHolder), "{address}");
    }
    let unknown = w.service.look_as_holder(&present(&whole), &ClientInfo::default()).await.unwrap();
    assert!(matches!(unknown, HeldView::Elsewhere(None)));
    let denied = KeyDraft { denied_cidrs: list(&["203.0.113.0/24"]), ..draft("service", "Denied") };
    let (_, denied) = w.active(&denied).await;
    assert!(matches!(look(&w, &denied, ELSEWHERE).await, HeldView::Elsewhere(_)));
    assert!(matches!(look(&w, &denied, HERE).await, HeldView::Here(_)));
    // The leak can be stopped from anywhere.
    assert!(!w.service.revoke_as_holder(&present(&whole), &at(ELSEWHERE)).await.unwrap().already);
}

async fn which_secret_was_presented_is_told(w: World) {
    let (id, old) = w.active(&draft("service", "Rotated")).await;
    let new = rotate(&w, &id, "24h").await;
    let waiting = here(&w, &old).await;
    assert!(matches!(waiting.shown, Shown::Only(_)) && waiting.waiting.is_some());
    confirm(&w, &id).await;
    let ends = w.service.now().plus(Millis::hours(24));
    let request = VerifyRequest { address: Some(HERE.parse().unwrap()), ..VerifyRequest::default() };
    for _ in 0..3 {
        w.service.verifier().verify(Credential::Token(&old), request).await.unwrap();
    }
    w.service.verifier().flush_usage().await.unwrap();
    assert!(matches!(here(&w, &old).await.shown, Shown::Old { ends: told, .. } if told == ends));
    let seen = here(&w, &new).await;
    let Shown::New { secret, old: (_, used), ends: told } = &seen.shown else { panic!("{:?}", seen.shown) };
    assert_eq!(
        (*told, used.words(seen.now, secret.since).as_str()),
        (ends, "used 3 times in the last hour, from 1 address")
    );
    for state in ["disabled", "revoked"] {
        match state {
            "disabled" => w.service.disable(owner(), &id, None).await.map(drop).unwrap(),
            _ => w.service.revoke(owner(), &id, RevokeReason::Other, None).await.map(drop).unwrap(),
        }
        assert_eq!(here(&w, &new).await.key.row.status(w.service.now()).as_str(), state);
    }
}

/// Malformed, unknown, of the wrong secret, of another installation, deleted: one answer, one hash, one write.
async fn a_guess_costs_what_a_sign_in_costs_and_tells_nothing(w: World) {
    let (id, whole) = w.active(&draft("service", "Key")).await;
    let (gone, deleted) = w.active(&draft("service", "Gone")).await;
    w.service.delete(owner(), &gone, "Gone").await.unwrap();
    let wrong = PlainToken::compose("ks", &id, &"s".repeat(43)).expose().to_owned();
    let foreign = PlainToken::compose("ks", &domain::ids::KeyId::from_random([9; 16]), &"s".repeat(43));
    let (foreign, bad_sum) = (foreign.expose().to_owned(), testkit::damaged(&whole));
    let guesses = ["x", "é\0", &whole[1..], &bad_sum, &wrong, &foreign, &deleted];
    let mut answers = Vec::new();
    for (n, guess) in guesses.into_iter().enumerate() {
        let (hashes, writes) = (w.hasher.count(), w.store.write_count());
        let client = at(&format!("192.0.2.{n}"));
        let looked = refusal(w.service.look_as_holder(&present(guess), &client).await);
        assert_eq!((w.hasher.count() - hashes, w.store.write_count() - writes), (1, 1), "{guess}");
        let Refusal::Invalid(errors) = &looked else { panic!("{looked:?}") };
        assert_eq!(errors.of(Field::HeldKey).count(), 1);
        let revoked = refusal(w.service.revoke_as_holder(&present(guess), &client).await);
        let rotated = refusal(w.service.rotate_as_holder(&present(guess), &client).await);
        answers.extend([looked, revoked, rotated]);
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    // What is no key at a glance costs nothing.
    let hashes = w.hasher.count();
    for text in ["", "  ", &"x".repeat(600)] {
        refusal(w.service.look_as_holder(&present(text), &at(HERE)).await);
    }
    assert_eq!(w.hasher.count(), hashes);
    // A good key costs the same.
    here(&w, &whole).await;
    assert_eq!(w.hasher.count(), hashes + 1);
}

async fn an_address_waits_after_too_many_guesses_and_other_addresses_do_not(w: World) {
    let (_, whole) = w.active(&draft("service", "Key")).await;
    let guess = async |text: &str| w.service.look_as_holder(&present(text), &at(HERE)).await;
    for _ in 0..5 {
        assert!(matches!(refusal(guess("ks_wrong").await), Refusal::Invalid(_)));
    }
    let hashes = w.hasher.count();
    assert_eq!(refusal(guess(&whole).await), Refusal::Wait { seconds: 1 });
    assert_eq!(w.hasher.count(), hashes, "whoever waits costs nothing");
    assert!(w.service.look_as_holder(&present(&whole), &at(ELSEWHERE)).await.is_ok());
    w.clock.advance(Millis::seconds(1));
    assert!(guess(&whole).await.is_ok());
    for _ in 0..5 {
        assert!(matches!(refusal(guess("ks_wrong").await), Refusal::Invalid(_)), "a good key ends the row");
    }
    // An address is never shut out for good.
    for _ in 0..120 {
        if let Refusal::Wait { seconds } = refusal(guess("ks_wrong").await) {
            w.clock.advance(Millis::seconds(seconds.into()));
        }
    }
    w.clock.advance(Millis::minutes(15));
    for _ in 0..100 {
        w.clock.advance(Millis::minutes(15));
        assert!(matches!(refusal(guess("ks_wrong").await), Refusal::Invalid(_)));
    }
    w.clock.advance(Millis::minutes(15));
    assert!(guess(&whole).await.is_ok());
}

async fn a_holder_rotates_a_key_that_is_to_be_rotated(w: World) {
    let (id, old) = w.active(&rotated("Nightly")).await;
    let client = at(HERE);
    let made = w.one_event(Action::KeyRotated, w.service.rotate_as_holder(&present(&old), &client)).await.unwrap();
    let event = w.newest().await;
    assert_eq!((event.actor_label.as_str(), event.address.as_deref()), ("key Nightly", Some(HERE)));
    let (new, confirm) = (token(&made.issued), secret(&made.confirm));
    assert_eq!((w.code(&old).await, w.code(&new).await), (Code::Valid, Code::NotFound));
    // Until somebody confirms it, no other one is made.
    let again = w.service.rotate_as_holder(&present(&old), &client).await;
    assert_eq!(refusal(again), Refusal::NoRotation(NoRotation::Waiting));
    assert!(w.service.rotation_seen_by_another(owner(), &id).await.unwrap().is_some());
    w.one_change(Action::RotationAcknowledged, w.service.confirm_collected(&confirm, &client)).await.unwrap();
    let event = w.newest().await;
    assert_eq!((event.actor_label.as_str(), event.note.as_deref()), ("key Nightly", None));
    assert_eq!((w.code(&old).await, w.code(&new).await), (Code::Valid, Code::Valid));
    assert_eq!(refusal(w.service.confirm_collected(&confirm, &client).await), Refusal::LinkInvalid);
    // The old secret cannot make another one, and neither can the new one while both work.
    for secret in [&old, &new] {
        let again = w.service.rotate_as_holder(&present(secret), &client).await;
        assert_eq!(refusal(again), Refusal::NoRotation(NoRotation::Running));
    }
    w.clock.advance(Millis::hours(24));
    assert_eq!((w.code(&old).await, w.code(&new).await), (Code::NotFound, Code::Valid));
}

/// What holds when a new secret is asked for holds when it is confirmed.
async fn a_holder_confirms_only_what_they_could_still_rotate(w: World) {
    let (id, old) = w.active(&rotated("Nightly")).await;
    let client = at(HERE);
    let made = w.service.rotate_as_holder(&present(&old), &client).await.unwrap();
    let confirm = secret(&made.confirm);
    let confirmed = async || refusal(w.no_change(w.service.confirm_collected(&confirm, &client)).await);
    let edit = async |change: KeyDraft| {
        let revision = w.service.key(owner(), &id).await.unwrap().revision;
        w.service.edit(owner(), &id, &change, revision).await.unwrap();
    };
    edit(KeyDraft { cidrs: list(&["10.0.0.0/8"]), ..KeyDraft::default() }).await;
    assert_eq!(confirmed().await, Refusal::NoRotation(NoRotation::NotByHolder));
    edit(KeyDraft { cidrs: list(&[]), rotate_days: Some(String::new()), ..KeyDraft::default() }).await;
    assert_eq!(confirmed().await, Refusal::NoRotation(NoRotation::NotByHolder));
    edit(rotated("Nightly")).await;
    w.service.disable(owner(), &id, None).await.unwrap();
    assert_eq!(confirmed().await, Refusal::NoRotation(NoRotation::NotByHolder));
    w.service.enable(owner(), &id, None).await.unwrap();
    w.service.confirm_collected(&confirm, &client).await.unwrap();
    assert_eq!(w.code(&token(&made.issued)).await, Code::Valid);
}

async fn a_holder_rotates_no_other_key(w: World) {
    let client = at(HERE);
    let verifier = KeyDraft { boxes: vec!["keystead.verify".to_owned()], ..rotated("Verifier") };
    let master = KeyDraft { boxes: vec!["chats.read".to_owned()], ..draft("master_user", "Bot") };
    let (plain, _) = w.active(&draft("service", "Plain")).await;
    let mut tokens = vec![w.active(&draft("service", "No interval")).await.1, w.active(&verifier).await.1];
    tokens.push(w.active(&master).await.1);
    tokens.push(w.pending(&rotated("Pending")).await.1);
    for act in ["disable", "revoke"] {
        let (id, whole) = w.active(&rotated(act)).await;
        match act {
            "disable" => w.service.disable(owner(), &id, None).await.map(drop).unwrap(),
            _ => w.service.revoke(owner(), &id, RevokeReason::Other, None).await.map(drop).unwrap(),
        }
        tokens.push(whole);
    }
    for whole in &tokens {
        let rotation = w.no_event(w.service.rotate_as_holder(&present(whole), &client)).await;
        assert_eq!(refusal(rotation), Refusal::NoRotation(NoRotation::NotByHolder));
        if let HeldView::Here(seen) = w.service.look_as_holder(&present(whole), &client).await.unwrap() {
            assert!(!seen.may_rotate, "{}", seen.key.row.name);
        }
    }
    assert!(w.service.rotation(owner(), &plain).await.unwrap().waiting.is_none());
}

async fn a_key_is_presented_in_the_form_of_its_kind(w: World) {
    let master = KeyDraft { boxes: vec!["chats.read".to_owned()], ..draft("master_user", "Bot") };
    let (_, whole) = w.active(&master).await;
    let parts = domain::token::Token::parse(&whole).unwrap();
    let pair = |id: String, key: &str| Presented { id, key: key.into() };
    let (id, half) = (parts.pair_id(), parts.pair_secret());
    for presented in
        [pair(id.clone(), half), pair(format!(" {id}"), half), pair(parts.basic_id(), half), present(&whole)]
    {
        assert!(matches!(w.service.look_as_holder(&presented, &at(HERE)).await.unwrap(), HeldView::Here(_)));
    }
    for presented in [pair(id.clone(), &whole), pair(half.to_owned(), &id), pair("mk_000000000000".to_owned(), half)] {
        assert!(matches!(refusal(w.service.look_as_holder(&presented, &at("192.0.2.1")).await), Refusal::Invalid(_)));
    }
}

on_both!(
    a_key_revokes_itself_for_good_and_says_so_again,
    a_key_revokes_itself_whatever_its_state_and_wherever_it_is,
    only_a_secret_that_works_proves_a_key,
    of_many_revokes_at_once_one_is_the_first,
    a_holder_sees_the_key_and_why_its_calls_were_refused,
    nothing_is_told_where_the_key_may_not_be_used,
    which_secret_was_presented_is_told,
    a_guess_costs_what_a_sign_in_costs_and_tells_nothing,
    an_address_waits_after_too_many_guesses_and_other_addresses_do_not,
    a_holder_rotates_a_key_that_is_to_be_rotated,
    a_holder_confirms_only_what_they_could_still_rotate,
    a_holder_rotates_no_other_key,
    a_key_is_presented_in_the_form_of_its_kind,
);
