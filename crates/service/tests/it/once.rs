//! Calls that are sent again with the same Idempotency-Key.

use std::sync::atomic::{AtomicU32, Ordering};

use domain::{ids::AppId, refusal::Refusal, timestamp::Millis};
use secrecy::ExposeSecret;
use service::{
    Caller, Error, Service,
    once::{Answer, Repeatable, Repeated, SecretOf},
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::world::{World, draft, owner, refusal, token};

on_both! {
    a_repeated_call_has_one_effect_and_one_answer,
    another_call_or_another_caller_is_another_matter,
    a_refused_call_is_carried_out_again,
    a_call_that_is_refused_among_many_is_carried_out_again,
    of_many_at_once_one_has_an_effect,
    a_secret_is_given_again_until_it_is_used,
    a_secret_is_given_again_for_ten_minutes,
    an_answer_is_kept_for_a_day,
    old_answers_go_even_if_something_else_cannot,
    an_answer_that_was_lost_is_told_so,
}

fn call<'a>(key: &'a str, body: &'a [u8]) -> Repeatable<'a> {
    Repeatable { key, method: "POST", path: "/v1/keys", body }
}

/// Issues a key and gives the answer, as the edge does it.
async fn issue(service: &Service, call: Repeatable<'_>) -> Result<Repeated<Result<String, Error>>, Error> {
    let app = *service.default_app();
    let key = draft("service", "Made");
    let made = AtomicU32::new(0);
    let work = async {
        let issued = service.issue_acknowledged(owner(), &app, &key).await?;
        made.fetch_add(1, Ordering::Relaxed);
        Ok::<_, Error>((issued.key.row.id, token(&issued)))
    };
    Ok(match service.once(owner().actor().id(), call, work).await? {
        Repeated::Done(Ok((id, secret)), Some(done)) => {
            let answer = Answer {
                status: 201,
                headers: "etag: \"1\"\n".to_owned(),
                body: format!("{{\"id\":\"{id}\"}}"),
                secret: Some(secret.clone().into()),
            };
            service.keep_answer(done, &answer, Some(SecretOf::Key(id))).await?;
            Repeated::Done(Ok(secret), None)
        }
        Repeated::Done(Ok(_), None) => panic!("nothing was marked"),
        Repeated::Done(Err(error), _) => Repeated::Done(Err(error), None),
        Repeated::Before(answer) => Repeated::Before(answer),
        Repeated::AnotherCall => Repeated::AnotherCall,
        Repeated::UnderWay => Repeated::UnderWay,
        Repeated::Lost => Repeated::Lost,
    })
}

async fn made(w: &World, key: &str) -> String {
    let Repeated::Done(Ok(secret), _) = issue(&w.service, call(key, b"{}")).await.unwrap() else { panic!("not made") };
    secret
}

async fn again(service: &Service, key: &str) -> Answer {
    let Repeated::Before(answer) = issue(service, call(key, b"{}")).await.unwrap() else { panic!("not repeated") };
    answer
}

async fn keys(w: &World) -> usize {
    w.service.keys(owner(), w.service.default_app(), &domain::list::KeyQuery::default()).await.unwrap().rows.len()
}

async fn a_repeated_call_has_one_effect_and_one_answer(w: World) {
    let secret = made(&w, "a").await;
    let other = w.another().await;
    for service in [&w.service, &other, &w.service] {
        let answer = again(service, "a").await;
        assert_eq!((answer.status, answer.headers.as_str()), (201, "etag: \"1\"\n"));
        assert_eq!(answer.secret.unwrap().expose_secret(), secret);
        assert!(!answer.body.contains(&secret));
    }
    assert_eq!(keys(&w).await, 1);
    made(&w, "b").await;
    assert_eq!(keys(&w).await, 2);
}

async fn another_call_or_another_caller_is_another_matter(w: World) {
    made(&w, "a").await;
    for other in [call("a", b"{ }"), Repeatable { path: "/v1/invites", ..call("a", b"{}") }] {
        assert!(matches!(issue(&w.service, other).await.unwrap(), Repeated::AnotherCall));
    }
    assert_eq!(keys(&w).await, 1);
    let somebody = crate::world::somebody(9, domain::role::Role::Owner);
    let theirs = w.service.once(somebody.actor().id(), call("a", b"{}"), async {}).await.unwrap();
    assert!(matches!(theirs, Repeated::Done((), None)), "nothing was changed, so nothing is kept");
}

async fn a_refused_call_is_carried_out_again(w: World) {
    let app = *w.service.default_app();
    let nobody: Caller = crate::world::signed_in(domain::role::Role::Guest);
    for _ in 0..2 {
        let key = draft("service", "Made");
        let work = w.service.issue_acknowledged(&nobody, &app, &key);
        let Repeated::Done(done, None) = w.service.once(nobody.actor().id(), call("a", b"{}"), work).await.unwrap()
        else {
            panic!()
        };
        assert_eq!(refusal(done), Refusal::Forbidden);
    }
    let wrong = AppId::from_random([9; 12]);
    let key = draft("service", "Made");
    let work = w.service.issue_acknowledged(owner(), &wrong, &key);
    let Repeated::Done(done, None) = w.service.once(owner().actor().id(), call("a", b"{}"), work).await.unwrap() else {
        panic!()
    };
    assert_eq!(refusal(done), Refusal::NotFound, "it was refused in its transaction");
    made(&w, "a").await;
}

/// Those that are refused share a commit with others.
async fn a_call_that_is_refused_among_many_is_carried_out_again(w: World) {
    let mut calls = JoinSet::new();
    for n in 0..40 {
        let service = w.service.clone();
        calls.spawn(async move {
            let wrong = AppId::from_random([9; 12]);
            let (name, is_right) = (n.to_string(), n % 2 == 1);
            let (app, key) = (if is_right { service.default_app() } else { &wrong }, draft("service", "Made"));
            let work = service.issue_acknowledged(owner(), app, &key);
            let Repeated::Done(done, kept) =
                service.once(owner().actor().id(), call(&name, b"{}"), work).await.unwrap()
            else {
                panic!()
            };
            assert_eq!((done.is_ok(), kept.is_some()), (is_right, is_right), "{n}");
        });
    }
    while let Some(called) = calls.join_next().await {
        called.unwrap();
    }
    for n in (0..40).step_by(2) {
        made(&w, &n.to_string()).await;
    }
}

async fn of_many_at_once_one_has_an_effect(w: World) {
    let other = w.another().await;
    let mut calls = JoinSet::new();
    for n in 0..64 {
        let service = if n % 2 == 0 { w.service.clone() } else { other.clone() };
        calls.spawn(async move { issue(&service, call("a", b"{}")).await.unwrap() });
    }
    let (mut first, mut later) = (Vec::new(), Vec::new());
    while let Some(answer) = calls.join_next().await {
        match answer.unwrap() {
            Repeated::Done(Ok(secret), _) => first.push(secret),
            Repeated::Done(Err(error), _) => panic!("{error}"),
            Repeated::Before(answer) => later.push(answer.secret.unwrap().expose_secret().to_owned()),
            Repeated::UnderWay => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((first.len(), keys(&w).await), (1, 1));
    assert!(later.iter().all(|secret| *secret == first[0]), "one secret");
}

async fn a_secret_is_given_again_until_it_is_used(w: World) {
    let secret = made(&w, "a").await;
    assert!(again(&w.service, "a").await.secret.is_some());
    w.code(&secret).await;
    assert!(again(&w.service, "a").await.secret.is_none());
    assert!(again(&w.service, "a").await.body.contains("id"), "the rest stays");
}

async fn a_secret_is_given_again_for_ten_minutes(w: World) {
    made(&w, "a").await;
    made(&w, "b").await;
    w.clock.advance(Millis(Millis::minutes(10).0 - 1));
    assert!(again(&w.service, "a").await.secret.is_some());
    w.service.forget_kept_secrets().await.unwrap();
    assert!(again(&w.service, "a").await.secret.is_some());
    w.clock.advance(Millis(1));
    assert!(again(&w.service, "a").await.secret.is_none());
    assert!(w.store.has_kept_secrets(w.service.now()).await.unwrap());
    w.service.forget_kept_secrets().await.unwrap();
    assert!(!w.store.has_kept_secrets(w.service.now()).await.unwrap(), "b, too, of which nobody asked");
}

async fn an_answer_is_kept_for_a_day(w: World) {
    made(&w, "a").await;
    w.clock.advance(Millis(Millis::hours(24).0 - 1));
    again(&w.service, "a").await;
    w.clock.advance(Millis(1));
    made(&w, "a").await;
    assert_eq!(keys(&w).await, 2);
    w.clock.advance(Millis::hours(24));
    w.service.tidy(&CancellationToken::new()).await.unwrap();
    made(&w, "a").await;
}

async fn old_answers_go_even_if_something_else_cannot(w: World) {
    made(&w, "a").await;
    w.clock.advance(Millis::hours(24));
    w.database.execute("ALTER TABLE used_form RENAME TO used_form_away").await;
    w.service.tidy(&CancellationToken::new()).await.unwrap_err();
    let left = w.store.write(async |tx| tx.prune_api_answers(w.service.now(), 9).await).await;
    assert_eq!(left.unwrap(), 0);
}

async fn an_answer_that_was_lost_is_told_so(w: World) {
    let app = *w.service.default_app();
    let key = draft("service", "Made");
    let work = w.service.issue_acknowledged(owner(), &app, &key);
    let begun = w.service.once(owner().actor().id(), call("a", b"{}"), work).await.unwrap();
    assert!(matches!(begun, Repeated::Done(Ok(_), Some(_))), "and then the process ends");
    w.clock.advance(Millis::minutes(2));
    assert!(matches!(issue(&w.service, call("a", b"{}")).await.unwrap(), Repeated::Lost));
    assert_eq!(keys(&w).await, 1);
}
