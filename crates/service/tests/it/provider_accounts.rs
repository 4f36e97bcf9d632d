//! What a provider's word does to accounts: it gets nobody another's, and decides roles only where it may.

use domain::{
    audit::Action,
    field::Field,
    provider::{Join, ProviderRules, Trouble},
    refusal::Refusal,
    role::Role,
    second_factor::FactorPolicy,
    timestamp::Millis,
};
use service::{ClientInfo, ceremony::Asks, provider_sign_in::Returned, sign_in::Entry};
use testkit::{Authenticator, SoftKey};

use crate::{
    people::with_role,
    provider_door::{Door, HERE, by_claim, claims, of_group, other, rules, trouble},
    world::{EMAIL, PASSWORD, SITE, World, refusal, secret, shell},
};

async fn an_account_here_is_never_taken_over_by_its_e_mail(w: World) {
    let door = Door::of(w, rules(Join::Anybody)).await;
    door.refuses(claims("1", EMAIL), "is not connected").await;
    door.refuses(claims("1", "OWNER@example.com"), "is not connected").await;
    let session = door.session(&door.w.sign_in(EMAIL, PASSWORD).await.unwrap()).await;
    let offered = door.service.own_ways_in(&session).await.unwrap().offered;
    assert_eq!(offered.iter().map(|provider| provider.name.as_str()).collect::<Vec<_>>(), ["Corp"]);
    let wrong = other(door.connect(&session, "wrong", claims("1", EMAIL)).await);
    let Refusal::Invalid(errors) = refusal::<()>(Err(wrong)) else { panic!("not about the password") };
    assert_eq!(errors.of(Field::CurrentPassword).count(), 1);
    // Their own account there may have another e-mail.
    let connect = door.connect(&session, PASSWORD, claims("1", "me@elsewhere.example"));
    assert!(matches!(door.w.one_event(Action::IdentityConnected, connect).await.unwrap(), Returned::Connected));
    let again = door.connect(&session, PASSWORD, claims("1", "me@elsewhere.example")).await;
    assert!(matches!(again.unwrap(), Returned::Connected), "it is theirs already");
    assert_eq!(Door::who(&door.entered(claims("1", EMAIL)).await), (EMAIL, Role::Owner));
    // Somebody else's account there cannot be connected with a second person.
    with_role(&door.w, Role::Guest, "guest@example.com", door.w.a_key().await).await;
    let guest = door.session(&door.w.sign_in("guest@example.com", PASSWORD).await.unwrap()).await;
    assert_eq!(trouble(door.connect(&guest, PASSWORD, claims("1", EMAIL)).await), Trouble::Refused);
    assert!(door.service.own_ways_in(&guest).await.unwrap().connected.is_empty());
}

async fn a_claim_decides_the_role_at_every_sign_in(w: World) {
    let door = Door::of(w, by_claim(None)).await;
    let ada = |group: &str| of_group("1", "ada@example.com", group);
    door.refuses(ada("other"), "none of the roles").await;
    let first = door.entered(ada("admins")).await;
    assert_eq!(Door::who(&first).1, Role::Admin);
    let changed = door.entered(ada("guests")).await;
    assert_eq!(Door::who(&changed).1, Role::Guest);
    let events = door.w.events().await;
    let event = events.iter().find(|event| event.action == Action::PersonRoleChanged).unwrap();
    assert_eq!((event.note.as_deref(), event.actor_label.as_str()), (Some("By Corp"), "Keystead"));
    assert!(door.service.session(&secret(&first.cookie)).await.unwrap().is_none(), "the others have ended");
    door.refuses(ada("other"), "none of the roles").await;
    assert_eq!(Door::who(&door.entered(ada("root")).await).1, Role::Owner);
    // An invite's role counts less than the claim.
    door.invite("grace@example.com", Role::Auditor, Vec::new()).await;
    assert_eq!(Door::who(&door.entered(of_group("2", "grace@example.com", "admins")).await).1, Role::Admin);
    let events = door.w.events().await;
    let event = events.iter().find(|event| event.action == Action::PersonCreated).unwrap();
    assert!(event.changes.iter().any(|change| change.to.as_deref() == Some("admin")), "{event:?}");
}

async fn the_last_owner_stays_one_whatever_the_claim_says(w: World) {
    let door = Door::of(w, by_claim(Some(Role::Auditor))).await;
    let session = door.session(&door.w.sign_in(EMAIL, PASSWORD).await.unwrap()).await;
    door.connect(&session, PASSWORD, claims("1", EMAIL)).await.unwrap();
    assert_eq!(Door::who(&door.entered(claims("1", EMAIL)).await).1, Role::Owner);
    door.entered(of_group("2", "second@example.com", "root")).await;
    assert_eq!(Door::who(&door.entered(claims("1", EMAIL)).await).1, Role::Auditor);
}

async fn a_second_factor_is_asked_for_unless_the_providers_counts(w: World) {
    let door = Door::of(w, rules(Join::Anybody)).await;
    let ada = || claims("1", "ada@example.com");
    let first = door.entered(ada()).await;
    let session = door.session(&first).await;
    let client = ClientInfo { session: Some(session.clone()), ..ClientInfo::default() };
    // There is no password to type: the sign-in counts for a while.
    door.w.clock.advance(Millis::minutes(5));
    let late = door.service.begin_factor(&session, &"".into(), "h", &client).await;
    let Refusal::Invalid(errors) = refusal(late) else { panic!("not about the sign-in") };
    assert!(errors.of(Field::CurrentPassword).next().unwrap().message.starts_with("Sign in again"));
    let session = door.session(&door.entered(ada()).await).await;
    let begun = door.service.begin_factor(&session, &"".into(), "h", &client).await.unwrap();
    let app = Authenticator::of(&secret(&begun.secret));
    door.service.confirm_factor(&session, &app.at(door.service.now()), &client).await.unwrap();
    door.w.clock.advance(Millis::seconds(30));
    let Entry::Code { step } = door.enter(ada()).await.unwrap() else { panic!("no code is asked for") };
    let code = app.at(door.service.now());
    let entered = door.service.finish_sign_in(&secret(&step), &code, &ClientInfo::default()).await.unwrap();
    assert_eq!(entered.person.id(), first.person.id());
    assert_eq!(door.w.newest().await.note.as_deref(), Some("By Corp. With a second factor"));
    // Where the provider's own counts, it is not asked for, and nobody owes one.
    door.service.set_factor_rules(shell(), FactorPolicy::Everybody.as_str(), "0").await.unwrap();
    let door = Door::with(door.w, ProviderRules { is_factor: true, ..rules(Join::Anybody) }).await;
    for word in [ada(), claims("2", "grace@example.com")] {
        let entered = door.entered(word).await;
        assert!(!door.session(&entered).await.owes_factor);
    }
}

async fn codes_are_counted_where_there_is_no_password(w: World) {
    let door = Door::of(w, rules(Join::Anybody)).await;
    let session = door.session(&door.entered(claims("1", "ada@example.com")).await).await;
    let client = ClientInfo { session: Some(session.clone()), ..ClientInfo::default() };
    let begun = door.service.begin_factor(&session, &"".into(), "h", &client).await.unwrap();
    let app = Authenticator::of(&secret(&begun.secret));
    door.service.confirm_factor(&session, &app.at(door.service.now()), &client).await.unwrap();
    for n in 0..5 {
        let wrong = refusal(door.service.remove_factor(&session, &"".into(), "AAAA-AAAA-AAAA", &client).await);
        assert!(matches!(wrong, Refusal::Invalid(_)), "{n}: {wrong:?}");
    }
    assert_eq!(door.w.newest().await.action, Action::SignInBlocked);
    let waits = refusal(door.service.renew_codes(&session, &"".into(), "AAAA-AAAA-AAAA", &client).await);
    assert!(matches!(waits, Refusal::Wait { .. }), "{waits:?}");
}

async fn a_passkey_is_asked_for_as_an_app_is(w: World) {
    let door = Door::of(w, rules(Join::Anybody)).await;
    door.service.serves_at(SITE);
    let ada = || claims("1", "ada@example.com");
    let session = door.session(&door.entered(ada()).await).await;
    let client = ClientInfo { session: Some(session.clone()), ..ClientInfo::default() };
    let mut key = SoftKey::new(1, SITE);
    let answer = key.add(&door.service.passkey_options(Asks::Add(&session)).await.unwrap());
    door.service.add_passkey(&session, "Laptop", &answer, &client).await.unwrap();
    let Entry::Code { step } = door.enter(ada()).await.unwrap() else { panic!("no passkey is asked for") };
    let step = secret(&step);
    let answer = key.answer_to(&door.service.passkey_options(Asks::Code(&step)).await.unwrap());
    let entered = door.service.finish_with_passkey(&step, &answer, &ClientInfo::default()).await.unwrap();
    assert_eq!(door.w.newest().await.note.as_deref(), Some("By Corp. With the passkey “Laptop”"));
    // There is no password to remove it with.
    let session = door.session(&entered).await;
    let id = door.service.own_passkeys(&session).await.unwrap()[0].id;
    let none = "".into();
    let remove = door.service.remove_passkey(&session, &id, &none, &client);
    door.w.one_event(Action::PasskeyRemoved, remove).await.unwrap();
}

async fn whoever_has_no_password_is_unknown_to_it(w: World) {
    let door = Door::of(w, rules(Join::Anybody)).await;
    let entered = door.entered(claims("1", "ada@example.com")).await;
    let session = door.session(&entered).await;
    for password in ["x", PASSWORD] {
        let before = door.w.hasher.count();
        assert_eq!(refusal(door.w.sign_in("ada@example.com", password).await), Refusal::SignInFailed);
        assert_eq!(door.w.hasher.count(), before + 1, "the work of an unknown e-mail");
    }
    let client = ClientInfo::default();
    let new = "another long phrase here".into();
    let change = door.service.change_own_password(&session, &PASSWORD.into(), &new, &client).await;
    assert!(matches!(refusal(change), Refusal::Invalid(_)));
    // The only way in stays.
    let handle = door.service.own_ways_in(&session).await.unwrap().connected[0].handle.clone();
    let disconnected = door.w.no_change(door.service.disconnect_identity(&session, &handle, &client)).await;
    assert_eq!(refusal(disconnected), Refusal::LastWayIn);
    // A reset link gives them a password, and then the provider may go.
    let link = door.service.reset_link_of(shell(), entered.person.id()).await.unwrap();
    door.service.reset_password(&secret(&link.token), &PASSWORD.into(), &client).await.unwrap();
    let session = door.session(&door.w.sign_in("ada@example.com", PASSWORD).await.unwrap()).await;
    let unknown = door.service.disconnect_identity(&session, "nothing", &client).await;
    assert_eq!(refusal(unknown), Refusal::NotConnected);
    let disconnect = door.service.disconnect_identity(&session, &handle, &client);
    door.w.one_event(Action::IdentityDisconnected, disconnect).await.unwrap();
    door.refuses(claims("1", "ada@example.com"), "is not connected").await;
}

async fn an_owner_without_a_password_is_recovered(w: World) {
    let door = Door::of(w, by_claim(None)).await;
    door.entered(of_group("1", "boss@example.com", "root")).await;
    door.service.recover_owner(shell(), "boss@example.com", &PASSWORD.into()).await.unwrap();
    door.w.sign_in("boss@example.com", PASSWORD).await.unwrap();
}

async fn a_new_session_ends_the_one_that_the_browser_had(w: World) {
    let door = Door::of(w, rules(Join::Anybody)).await;
    let old = door.entered(claims("1", "ada@example.com")).await;
    let client = ClientInfo { session: Some(door.session(&old).await), ..ClientInfo::default() };
    let (cookie, state) = door.begin(&client).await;
    door.come_back(Some(&cookie), &state).await.unwrap();
    assert!(door.service.session(&secret(&old.cookie)).await.unwrap().is_none());
}

async fn a_connection_ends_with_its_session(w: World) {
    let door = Door::of(w, rules(Join::Anybody)).await;
    let session = door.session(&door.w.sign_in(EMAIL, PASSWORD).await.unwrap()).await;
    let client = ClientInfo { session: Some(session.clone()), ..ClientInfo::default() };
    let cookie = door.service.begin_to_connect(&session, "corp", &PASSWORD.into(), &client).await.unwrap();
    door.service.go_on_at_provider("corp", HERE, Some(&cookie), &client).await.unwrap();
    let state = door.corp.state.lock().unwrap().clone();
    door.service.sign_out(&session, None).await.unwrap();
    assert_eq!(trouble(door.come_back(Some(&cookie), &state).await), Trouble::Over);
}

on_both! {
    an_account_here_is_never_taken_over_by_its_e_mail,
    a_claim_decides_the_role_at_every_sign_in,
    the_last_owner_stays_one_whatever_the_claim_says,
    a_second_factor_is_asked_for_unless_the_providers_counts,
    a_passkey_is_asked_for_as_an_app_is,
    codes_are_counted_where_there_is_no_password,
    whoever_has_no_password_is_unknown_to_it,
    an_owner_without_a_password_is_recovered,
    a_new_session_ends_the_one_that_the_browser_had,
    a_connection_ends_with_its_session,
}
