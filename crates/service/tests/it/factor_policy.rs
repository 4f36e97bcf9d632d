//! Who must have a second factor, and who says so.

use domain::{
    audit::Action,
    refusal::Refusal,
    role::Role,
    second_factor::{FactorPolicy, FactorRules},
    timestamp::Millis,
};
use service::{second_factor::OwnFactor, sessions::Session};

use crate::{
    second_factor::{STEP, begin, from},
    world::{EMAIL, PASSWORD, World, owner, refusal, secret, shell, signed_in},
};

async fn who_must_have_one_may_do_nothing_else_once_the_grace_is_over(w: World) {
    w.make_owner().await;
    let rules = async |policy: FactorPolicy, days: &str| {
        w.service.set_factor_rules(shell(), policy.as_str(), days).await.unwrap();
    };
    let cookie = secret(&w.sign_in(EMAIL, PASSWORD).await.unwrap().cookie);
    let here = async || w.service.session(&cookie).await.unwrap().unwrap();
    assert_eq!((here().await.factor_due, here().await.owes_factor), (None, false));
    rules(FactorPolicy::Managers, "0").await;
    assert_eq!(w.newest().await.action, Action::SettingsChanged);
    let owes = here().await;
    assert!(owes.owes_factor);
    let barred = owes.caller(None);
    assert!(domain::role::Act::ALL.iter().all(|act| barred.may(*act) == Err(Refusal::Forbidden)));

    rules(FactorPolicy::Managers, "1").await;
    let due = here().await.factor_due;
    assert_eq!((due, here().await.owes_factor), (Some(w.service.now().plus(Millis::days(1))), false));
    let step = Millis::minutes(20);
    for _ in 0..3 {
        w.clock.advance(step);
        assert_eq!(here().await.factor_due, due, "asking again gives no more time");
    }
    rules(FactorPolicy::Managers, "0").await;
    let app = begin(&w, &here().await).await;
    let session = here().await;
    w.service.confirm_factor(&session, &app.at(w.service.now()), &from(&session)).await.unwrap();
    assert_eq!((here().await.factor_due, here().await.owes_factor), (None, false));
    // Whoever removes it owes it again.
    w.clock.advance(STEP);
    let session = here().await;
    w.service.remove_factor(&session, &PASSWORD.into(), &app.at(w.service.now()), &from(&session)).await.unwrap();
    assert!(here().await.owes_factor);
    rules(FactorPolicy::Off, "0").await;
    let session = here().await;
    assert!(!session.owes_factor);
    assert_eq!(w.service.own_factor(&session).await.unwrap(), OwnFactor::Off);
    let off = w.service.begin_factor(&session, &PASSWORD.into(), "h", &from(&session)).await;
    assert_eq!(refusal(off), Refusal::FactorsOff);
}

/// 13 characters are enough beside a second factor, and not alone.
const SHORT: &str = "plum kiosk 71";

async fn a_password_that_is_too_short_alone_is_changed_before_anything_else(w: World) {
    w.make_owner().await;
    let session_of = async |password: &str| {
        let cookie = secret(&w.sign_in(EMAIL, password).await.unwrap().cookie);
        (w.service.session(&cookie).await.unwrap().unwrap(), cookie)
    };
    let (here, _) = session_of(PASSWORD).await;
    let app = begin(&w, &here).await;
    w.service.confirm_factor(&here, &app.at(w.service.now()), &from(&here)).await.unwrap();
    let change = async |here: &Session, old: &str, new: &str| {
        w.service.change_own_password(here, &old.into(), &new.into(), &from(here)).await
    };
    change(&here, PASSWORD, SHORT).await.unwrap();
    w.service.reset_factor(shell(), here.person.id()).await.unwrap();

    let (owing, cookie) = session_of(SHORT).await;
    assert!(owing.owes_password && !owing.owes_factor);
    let barred = owing.caller(None);
    assert!(domain::role::Act::ALL.iter().all(|act| barred.may(*act) == Err(Refusal::Forbidden)));
    let again = change(&owing, SHORT, "plum kiosk 72").await;
    assert!(matches!(refusal(again), Refusal::Invalid(_)), "as short");
    let stays = w.service.session(&cookie).await.unwrap().unwrap();
    assert!(stays.owes_password, "it does not pass by itself");
    change(&owing, SHORT, PASSWORD).await.unwrap();
    let free = w.service.session(&cookie).await.unwrap().unwrap();
    assert!(!free.owes_password && free.caller(None).may(domain::role::Act::SeeKeys).is_ok());
    assert!(!session_of(PASSWORD).await.0.owes_password);
}

async fn only_owners_say_who_needs_one(w: World) {
    assert_eq!(w.service.factor_rules(owner()).await.unwrap(), FactorRules::default());
    for role in [Role::Admin, Role::Auditor, Role::Guest] {
        assert_eq!(refusal(w.service.factor_rules(&signed_in(role)).await), Refusal::Forbidden);
        let changed = w.no_change(w.service.set_factor_rules(&signed_in(role), "off", "0")).await;
        assert_eq!(refusal(changed), Refusal::Forbidden);
    }
    for (policy, days) in [("", "0"), ("all", "0"), ("off", ""), ("off", "91"), ("off", "-1")] {
        let refused = w.no_change(w.service.set_factor_rules(owner(), policy, days)).await;
        assert!(matches!(refusal(refused), Refusal::Invalid(_)), "{policy} {days}");
    }
    w.service.set_factor_rules(owner(), "everybody", "3").await.unwrap();
    let rules = w.service.factor_rules(owner()).await.unwrap();
    assert_eq!((rules.policy, rules.grace_days, rules.since), (FactorPolicy::Everybody, 3, w.service.now()));
    w.clock.advance(Millis::seconds(1));
    let seq = w.marks().await.0;
    w.service.set_factor_rules(owner(), "everybody", "3").await.unwrap();
    assert_eq!(w.marks().await.0, seq, "nothing differs");
}

on_both!(
    who_must_have_one_may_do_nothing_else_once_the_grace_is_over,
    a_password_that_is_too_short_alone_is_changed_before_anything_else,
    only_owners_say_who_needs_one,
);
