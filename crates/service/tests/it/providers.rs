//! Signing in by a provider: who is let in, who is not, and that an answer counts once, in its own browser.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use domain::{
    audit::Action,
    grant::{KeyAct, KeyGrant},
    provider::{Join, Trouble},
    refusal::Refusal,
    role::Role,
    timestamp::Millis,
};
use secrecy::SecretString;
use service::{
    ClientInfo,
    invites::Acceptance,
    provider_sign_in::{Answer, Returned},
    providers::{BACK_WITHIN, Claims, ProviderError},
    sign_in::SignIn,
};
use tokio_util::sync::CancellationToken;

use crate::{
    invites::{invite, key_that},
    provider_door::{Door, HERE, claims, other, rules, trouble},
    world::{PASSWORD, World, draft, owner, refusal, secret, until},
};

async fn somebody_joins_and_comes_again(w: World) {
    let door = Door::of(w, rules(Join::Anybody)).await;
    let first = door.entered(claims("1", "Ada@Example.com")).await;
    assert_eq!(Door::who(&first), ("ada@example.com", Role::Auditor));
    let events = door.w.events().await;
    let newest: Vec<_> = events.iter().take(2).map(|event| (event.action.known(), event.note.as_deref())).collect();
    let by_corp = Some("By Corp");
    assert_eq!(newest, [(Some(Action::SessionStarted), by_corp), (Some(Action::PersonCreated), by_corp)]);
    // Whoever it is, is known by the subject: not by the e-mail, which may become another's.
    let again = door.entered(Claims { is_email_verified: false, ..claims("1", "other@elsewhere.example") }).await;
    assert_eq!((again.person.id(), again.person.email()), (first.person.id(), "ada@example.com"));
    let ways = door.service.own_ways_in(&door.session(&again).await).await.unwrap();
    assert!(!ways.has_password && ways.offered.is_empty());
    assert_eq!(
        (ways.connected[0].provider.as_str(), ways.connected[0].email.as_str()),
        ("Corp", "other@elsewhere.example")
    );
    let listed = door.service.person(owner(), first.person.id()).await.unwrap();
    let by = [(*first.person.id(), "Corp".to_owned())];
    assert_eq!(door.service.providers_of(owner(), &[*first.person.id()]).await.unwrap(), by);
    assert_eq!((listed.person.last_sign_in_at, listed.ways_in), (Some(door.w.service.now()), ways));
    assert_eq!(listed.person.email_confirmed_at, Some(door.w.service.now()), "the first time");
}

/// Only the e-mail that the person has here, from whoever may vouch for it.
async fn a_provider_confirms_the_e_mail_that_it_vouches_for(w: World) {
    let door = Door::of(w, rules(Join::Anybody)).await;
    let entered = door.entered(claims("1", "ada@example.com")).await;
    let id = *entered.person.id();
    let since = async || door.service.person(owner(), &id).await.unwrap().person.email_confirmed_at;
    assert!(since().await.is_some());
    let change = async |email: &str| {
        let change = async |tx: &mut store::Tx| tx.set_name_and_email(&id, "Ada", email).await;
        door.w.store.write(change).await.unwrap();
    };
    change("new@example.com").await;
    let new = || claims("1", "new@example.com");
    for word in [claims("1", "ada@example.com"), Claims { is_email_verified: false, ..new() }] {
        door.entered(word).await;
        assert_eq!(since().await, None);
    }
    door.entered(new()).await;
    assert!(since().await.is_some());
    change("ada@elsewhere.example").await;
    door.entered(claims("1", "ada@elsewhere.example")).await;
    assert_eq!(since().await, None, "it may not vouch for that domain");
}

async fn only_a_verified_e_mail_of_its_domains_counts(w: World) {
    let door = Door::of(w, rules(Join::Anybody)).await;
    let ada = || claims("1", "ada@example.com");
    door.refuses(Claims { is_email_verified: false, ..ada() }, "not verified ada@example.com").await;
    door.refuses(claims("1", "ada@sub.example.com"), "may not vouch").await;
    door.refuses(Claims { email: None, ..ada() }, "no e-mail").await;
    door.refuses(Claims { email: Some("ada".to_owned()), ..ada() }, "no e-mail").await;
    // The same for whoever is invited.
    door.invite("ada@example.com", Role::Admin, Vec::new()).await;
    door.refuses(Claims { is_email_verified: false, ..ada() }, "not verified").await;
    assert_eq!(Door::who(&door.entered(ada()).await).1, Role::Admin);
}

async fn an_invite_is_used_by_whoever_owns_its_e_mail(w: World) {
    let door = Door::of(w, rules(Join::Invited)).await;
    door.refuses(claims("1", "ada@example.com"), "not invited").await;
    let (key, _) = door.w.active(&draft("service", "Key")).await;
    let token = door.invite("ada@example.com", Role::Guest, vec![KeyGrant::new(key, &[KeyAct::Test])]).await;
    door.refuses(claims("2", "grace@example.com"), "not invited").await;
    let entered = door.entered(claims("1", "ada@example.com")).await;
    assert_eq!(Door::who(&entered), ("ada@example.com", Role::Guest));
    let session = door.session(&entered).await;
    assert_eq!(session.person.name(), "Ada Byron");
    let found = door.service.person(owner(), entered.person.id()).await.unwrap();
    assert_eq!(found.keys.len(), 1);
    assert!(door.service.invite_by_token(&secret(&token)).await.unwrap().is_none(), "it is used up");
    assert!(door.service.invites(owner()).await.unwrap().is_empty());
    // Neither is whoever was invited by a key that may no longer do it, or too long ago.
    let (id, sender) = key_that(&door.w, &["keystead.people.write"]).await;
    door.service.invite(&sender, &invite(Role::Auditor, "grace@example.com")).await.unwrap();
    door.service.disable(owner(), &id, None).await.unwrap();
    door.refuses(claims("2", "grace@example.com"), "not invited").await;
    door.invite("late@example.com", Role::Auditor, Vec::new()).await;
    door.w.clock.advance(Millis::days(7));
    door.refuses(claims("3", "late@example.com"), "not invited").await;
}

async fn a_state_works_once_in_its_own_browser_and_in_time(w: World) {
    let door = Door::of(w, rules(Join::Anybody)).await;
    let client = ClientInfo::default();
    let (cookie, state) = door.begin(&client).await;
    let (other_cookie, other_state) = door.begin(&client).await;
    let over = async |cookie: Option<&SecretString>, state: &str| {
        let returned = door.w.no_change(door.come_back(cookie, state)).await;
        assert_eq!(trouble(returned), Trouble::Over, "{state}");
    };
    over(None, &state).await;
    over(Some(&other_cookie), &state).await;
    over(Some(&cookie), &other_state).await;
    over(Some(&cookie), "").await;
    over(Some(&format!("{}0", secret(&cookie)).into()), &state).await;
    over(Some(&"1.AAAA".into()), &state).await;
    assert!(matches!(door.come_back(Some(&cookie), &state).await.unwrap(), Returned::Entered(..)));
    over(Some(&cookie), &state).await;
    let (late_cookie, late_state) = door.begin(&client).await;
    door.w.clock.advance(BACK_WITHIN);
    over(Some(&late_cookie), &late_state).await;
    over(Some(&other_cookie), &other_state).await;
    // A sign-in is not turned into a connection.
    let go_on = door.service.go_on_at_provider("corp", HERE, Some(&cookie), &client).await;
    assert_eq!(trouble(go_on), Trouble::Over);
    let unknown = other(door.service.begin_at_provider("other", HERE, "/", &client).await);
    assert_eq!(refusal::<()>(Err(unknown)), Refusal::NotFound);
}

async fn of_many_that_come_back_at_once_one_enters(w: World) {
    let door = Arc::new(Door::of(w, rules(Join::Anybody)).await);
    door.entered(claims("1", "ada@example.com")).await;
    let (cookie, state) = door.begin(&ClientInfo::default()).await;
    let mut tries = Vec::new();
    for _ in 0..16 {
        let (door, cookie, state) = (Arc::clone(&door), secret(&cookie), state.clone());
        tries.push(tokio::spawn(async move { door.come_back(Some(&cookie.into()), &state).await.is_ok() }));
    }
    let mut entered = 0;
    for tried in tries {
        entered += u32::from(tried.await.unwrap());
    }
    assert_eq!(entered, 1);
}

async fn what_came_back_is_forgotten_when_its_time_is_over(w: World) {
    let door = Door::of(w, rules(Join::Anybody)).await;
    let left = async || {
        let end = door.service.now().plus(BACK_WITHIN);
        door.store.write(async |tx| tx.prune_provider_answers(end, 9).await).await.unwrap()
    };
    door.entered(claims("1", "ada@example.com")).await;
    door.service.tidy(&CancellationToken::new()).await.unwrap();
    assert_eq!(left().await, 1);
    door.entered(claims("1", "ada@example.com")).await;
    door.w.clock.advance(BACK_WITHIN);
    door.service.tidy(&CancellationToken::new()).await.unwrap();
    assert_eq!(left().await, 0);
}

/// A provider that is slow holds a place for each sign-in. Whoever floods from one source leaves places to others.
async fn one_source_does_not_take_the_places_of_others(w: World) {
    let door = Arc::new(Door::of(w, rules(Join::Anybody)).await);
    door.entered(claims("1", "ada@example.com")).await;
    let (before, writes) = (door.corp.asked.load(Ordering::SeqCst), door.store.write_count());
    let asked = || door.corp.asked.load(Ordering::SeqCst) - before;
    // To begin takes a place, too, so all have begun before the provider is slow.
    let mut begun = Vec::new();
    for source in [1, 1, 1, 1, 1, 1, 1, 1, 2] {
        let client = ClientInfo { address: Some([192, 0, 2, source].into()), ..ClientInfo::default() };
        let (cookie, state) = door.begin(&client).await;
        begun.push((client, cookie, state));
    }
    let (client, cookie, state) = begun.pop().unwrap();
    let come_back = |client: ClientInfo, cookie: SecretString, state| {
        let (service, code) = (door.service.clone(), Some("code".into()));
        let answer = Answer { state, code, ..Answer::default() };
        tokio::spawn(async move { service.return_from_provider("corp", HERE, answer, Some(&cookie), &client).await })
    };
    let slow = door.corp.gate.write().await;
    let mut comers: Vec<_> =
        begun.into_iter().map(|(client, cookie, state)| come_back(client, cookie, state)).collect();
    until("the flood has its places", async || asked() == 4).await;
    comers.push(come_back(client, cookie, state));
    until("another source has a place at once", async || asked() == 5).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(asked(), 5, "the rest of the flood waits");
    assert_eq!(door.store.write_count() - writes, 5, "and writes nothing meanwhile");
    drop(slow);
    for comer in comers {
        assert!(matches!(comer.await.unwrap(), Ok(Returned::Entered(..))));
    }
    assert_eq!(asked(), 9);
}

async fn what_proves_a_sign_in_differs_each_time(w: World) {
    let door = Door::of(w, rules(Join::Anybody)).await;
    let mut seen = Vec::new();
    for _ in 0..3 {
        let begun = door.service.begin_at_provider("corp", HERE, "/keys", &ClientInfo::default()).await.unwrap();
        let state = door.corp.state.lock().unwrap().clone();
        door.come_back(Some(&begun.cookie), &state).await.unwrap();
        let (verifier, nonce) = door.corp.redeemed.lock().unwrap().clone();
        assert!(begun.address.contains(&nonce) && !begun.address.contains(&verifier), "{}", begun.address);
        assert!(verifier.len() >= 43 && !format!("{begun:?}").contains(&verifier));
        seen.extend([state, nonce, verifier]);
    }
    let count = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), count);
}

async fn whoever_is_kept_out_is_kept_out_here_too(w: World) {
    let door = Door::of(w, rules(Join::Anybody)).await;
    let ada = || claims("1", "ada@example.com");
    let id = *door.entered(ada()).await.person.id();
    door.service.disable_person(owner(), &id).await.unwrap();
    door.refuses(ada(), "disabled").await;
    door.service.enable_person(owner(), &id).await.unwrap();
    // Whoever was removed does not come back by the provider's word alone: not as the same subject, nor by the e-mail.
    door.service.remove_person(owner(), &id).await.unwrap();
    door.refuses(ada(), "was removed").await;
    door.refuses(claims("1", "renamed@example.com"), "was removed").await;
    door.refuses(claims("2", "ada@example.com"), "was removed").await;
    door.invite("ada@example.com", Role::Auditor, Vec::new()).await;
    let back = door.entered(ada()).await;
    assert_ne!(*back.person.id(), id);
    assert_eq!(Door::who(&door.entered(ada()).await).0, "ada@example.com");
    // Nor by an e-mail that they had before.
    let token = door.invite("old@example.com", Role::Auditor, Vec::new()).await;
    let sent = Acceptance { name: "Eve".to_owned(), password: PASSWORD.into() };
    let eve = *door.service.accept_invite(&secret(&token), sent, &ClientInfo::default()).await.unwrap().id();
    let session = door.session(&door.w.sign_in("old@example.com", PASSWORD).await.unwrap()).await;
    let (new, client) = ("new@example.com", ClientInfo::default());
    door.service.change_own_email(&session, new, &PASSWORD.into(), &client).await.unwrap();
    door.service.remove_person(owner(), &eve).await.unwrap();
    door.refuses(claims("3", "old@example.com"), "was removed").await;
    door.refuses(claims("3", new), "was removed").await;
}

/// Whoever knows an e-mail can fail with it as often as they like, also where there is no password.
async fn wrong_passwords_of_strangers_keep_nobody_out(w: World) {
    let door = Door::of(w, rules(Join::Anybody)).await;
    let ada = || claims("1", "ada@example.com");
    door.entered(ada()).await;
    let wrong = async || {
        let wrong = SignIn { email: "ada@example.com".to_owned(), password: "wrong".into() };
        refusal(door.service.sign_in(wrong, &ClientInfo::default()).await)
    };
    for _ in 0..5 {
        assert_eq!(wrong().await, Refusal::SignInFailed);
    }
    assert_eq!(wrong().await, Refusal::Wait { seconds: 1 });
    door.entered(ada()).await;
    // Whoever gets in is forgiven.
    for _ in 0..100 {
        assert_eq!(wrong().await, Refusal::SignInFailed);
        door.w.clock.advance(Millis::minutes(15));
    }
    assert_eq!(wrong().await, Refusal::OnlyKnownBrowsers);
    door.entered(ada()).await;
    assert_eq!(wrong().await, Refusal::SignInFailed);
}

async fn what_a_provider_does_not_say_is_recorded_up_to_a_bound(w: World) {
    let door = Door::of(w, rules(Join::Anybody)).await;
    // Whoever has no account there can decline, so it is neither an event nor a write.
    let (cookie, state) = door.begin(&ClientInfo::default()).await;
    for _ in 0..3 {
        let answer = Answer { state: state.clone(), error: Some("access_denied".to_owned()), ..Answer::default() };
        let client = ClientInfo::default();
        let writes = door.store.write_count();
        let returned = door.service.return_from_provider("corp", HERE, answer, Some(&cookie), &client).await;
        assert_eq!((trouble(returned), door.store.write_count()), (Trouble::Declined, writes));
    }
    *door.corp.word.lock().unwrap() = Err(ProviderError::Unbelieved("another key".to_owned()));
    let mut recorded = 0;
    for n in 0..120 {
        let (cookie, state) = door.begin(&ClientInfo::default()).await;
        let before = door.w.newest().await.seq;
        assert_eq!(trouble(door.come_back(Some(&cookie), &state).await), Trouble::Unbelieved, "{n}");
        recorded += door.w.newest().await.seq - before;
        assert_eq!(trouble(door.come_back(Some(&cookie), &state).await), Trouble::Over, "its code is not tried again");
    }
    assert_eq!(recorded, 100);
    // One that is down is no event, however often people try.
    *door.corp.word.lock().unwrap() = Err(ProviderError::Unreachable("down".to_owned()));
    door.w.clock.advance(Millis::hours(1));
    let (cookie, state) = door.begin(&ClientInfo::default()).await;
    assert_eq!(trouble(door.w.no_change(door.come_back(Some(&cookie), &state)).await), Trouble::Unreachable);
    *door.corp.word.lock().unwrap() = Err(ProviderError::Unbelieved("another key".to_owned()));
    let (cookie, state) = door.begin(&ClientInfo::default()).await;
    let returned = door.w.one_event(Action::SignInRefused, door.come_back(Some(&cookie), &state)).await;
    assert_eq!(trouble(returned), Trouble::Unbelieved);
}

on_both! {
    somebody_joins_and_comes_again,
    a_provider_confirms_the_e_mail_that_it_vouches_for,
    only_a_verified_e_mail_of_its_domains_counts,
    an_invite_is_used_by_whoever_owns_its_e_mail,
    a_state_works_once_in_its_own_browser_and_in_time,
    of_many_that_come_back_at_once_one_enters,
    what_came_back_is_forgotten_when_its_time_is_over,
    one_source_does_not_take_the_places_of_others,
    what_proves_a_sign_in_differs_each_time,
    whoever_is_kept_out_is_kept_out_here_too,
    wrong_passwords_of_strangers_keep_nobody_out,
    what_a_provider_does_not_say_is_recorded_up_to_a_bound,
}
