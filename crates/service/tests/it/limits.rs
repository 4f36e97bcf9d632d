//! Rate limits on one node, for each key and limit. `nodes.rs` has those over several.

use domain::{draft::KeyDraft, limit::RateLimit, refusal::Refusal, timestamp::Millis, verdict::Code};
use service::{
    Error,
    verify::{AskedLimit, Credential, Verdict, VerifyRequest},
};

use crate::world::{World, draft, list, owner};

fn limited(limits: &str) -> KeyDraft {
    KeyDraft { limits: list(&limits.lines().collect::<Vec<_>>()), ..draft("service", "Limited") }
}

async fn ask(w: &World, token: &str, request: VerifyRequest<'_>) -> Verdict {
    w.service.verifier().verify(Credential::Token(token), request).await.unwrap()
}

fn cost(limit_cost: u32) -> VerifyRequest<'static> {
    VerifyRequest { limit_cost, ..VerifyRequest::default() }
}

async fn a_limit_holds_over_a_sliding_window(w: World) {
    let (_, token) = w.active(&limited("10 per minute")).await;
    for left in (0..10).rev() {
        let verdict = ask(&w, &token, cost(1)).await;
        assert_eq!((verdict.code, verdict.limits[0].remaining), (Code::Valid, left));
    }
    let refused = ask(&w, &token, cost(1)).await;
    assert_eq!(refused.code, Code::RateLimited);
    let wait = refused.retry_after().unwrap();
    w.clock.advance(Millis(wait.0 - 1));
    assert_eq!(w.code(&token).await, Code::RateLimited);
    w.clock.advance(Millis(1));
    assert_eq!(w.code(&token).await, Code::Valid);
}

async fn a_wall_clock_that_is_set_neither_grants_calls_nor_costs_any(w: World) {
    let (_, token) = w.active(&limited("10 per minute")).await;
    for set in [Millis::hours(-1), Millis::days(40_000), Millis::days(-40_000)] {
        for _ in 0..10 {
            assert_eq!(w.code(&token).await, Code::Valid);
        }
        w.clock.set(set);
        assert_eq!(w.code(&token).await, Code::RateLimited);
        w.clock.advance(Millis::minutes(1));
    }
}

async fn several_limits_hold_at_once_and_a_refused_call_counts_for_none(w: World) {
    let (_, token) = w.active(&limited("burst: 3 per second\nhour: 5 per hour")).await;
    let codes = async |calls: usize| {
        let mut codes = Vec::new();
        for _ in 0..calls {
            codes.push(w.code(&token).await);
        }
        codes.iter().filter(|code| **code == Code::Valid).count()
    };
    assert_eq!(codes(10).await, 3);
    w.clock.advance(Millis::seconds(2));
    assert_eq!(codes(10).await, 2, "the refused calls of the burst did not use up the hour");
    let states = ask(&w, &token, cost(0)).await.limits;
    let left: Vec<_> = states.iter().map(|state| (state.limit.name.as_str(), state.remaining)).collect();
    assert_eq!(left, [("burst", 1), ("hour", 0)]);
}

async fn a_call_may_cost_more_than_one_or_nothing(w: World) {
    let (_, token) = w.active(&limited("10 per hour")).await;
    assert_eq!(ask(&w, &token, cost(11)).await.code, Code::RateLimited);
    assert_eq!(ask(&w, &token, cost(8)).await.code, Code::Valid);
    assert_eq!(ask(&w, &token, cost(3)).await.code, Code::RateLimited);
    assert_eq!(ask(&w, &token, cost(0)).await.limits[0].remaining, 2);
    assert_eq!(ask(&w, &token, cost(2)).await.code, Code::Valid);
    assert_eq!(ask(&w, &token, cost(u32::MAX)).await.code, Code::RateLimited);
}

async fn a_call_may_name_limits_and_bring_some(w: World) {
    let (_, token) = w.active(&limited("a: 10 per hour\nb: 10 per hour")).await;
    let own = [AskedLimit::Own { name: "b".to_owned(), cost: 4 }];
    let named = VerifyRequest { limits: &own, ..VerifyRequest::default() };
    let left = |verdict: Verdict| verdict.limits.iter().map(|state| state.remaining).collect::<Vec<_>>();
    assert_eq!(left(ask(&w, &token, named).await), [9, 6]);
    let limit = RateLimit::new("b", 1, Millis::seconds(30)).unwrap();
    let brought = [AskedLimit::Brought { limit, cost: 1 }];
    let bringing = VerifyRequest { limits: &brought, ..VerifyRequest::default() };
    assert_eq!(left(ask(&w, &token, bringing).await), [8, 0], "in place of its own of that name");
    assert_eq!(ask(&w, &token, bringing).await.code, Code::RateLimited);
    let unknown = [AskedLimit::Own { name: "c".to_owned(), cost: 1 }];
    let request = VerifyRequest { limits: &unknown, ..VerifyRequest::default() };
    let refused = w.service.verifier().verify(Credential::Token(&token), request).await;
    assert!(matches!(refused, Err(Error::Refused(Refusal::Invalid(_)))), "{refused:?}");
    let (_, plain) = w.active(&draft("service", "Plain")).await;
    assert_eq!(ask(&w, &plain, bringing).await.code, Code::Valid);
    assert_eq!(ask(&w, &plain, bringing).await.code, Code::RateLimited, "a key without limits of its own");
}

async fn many_brought_limits_do_not_mix_up_those_that_count(w: World) {
    let (_, token) = w.active(&limited("own: 200 per day")).await;
    for n in 0..150_u32 {
        let limit = RateLimit::new(&format!("brought-{n}"), 5, Millis::seconds(30)).unwrap();
        let brought = [AskedLimit::Brought { limit, cost: 2 }];
        let request = VerifyRequest { limits: &brought, ..VerifyRequest::default() };
        let verdict = ask(&w, &token, request).await;
        let left: Vec<_> = verdict.limits.iter().map(|state| state.remaining).collect();
        assert_eq!((verdict.code, left), (Code::Valid, vec![199 - n, 3]), "its own is never forgotten for them");
    }
}

async fn what_is_refused_before_is_not_counted(w: World) {
    let bound = KeyDraft { cidrs: list(&["203.0.113.0/24"]), ..limited("1 per hour") };
    let (_, token) = w.active(&bound).await;
    let from = |address: &str| VerifyRequest { address: address.parse().ok(), ..VerifyRequest::default() };
    for _ in 0..5 {
        assert_eq!(ask(&w, &token, from("198.51.100.1")).await.code, Code::IpNotAllowed);
    }
    assert_eq!(ask(&w, &token, from("203.0.113.1")).await.code, Code::Valid);
    assert_eq!(ask(&w, &token, from("203.0.113.1")).await.code, Code::RateLimited);
}

async fn an_edit_does_not_set_a_limit_back(w: World) {
    let (id, token) = w.active(&limited("5 per hour")).await;
    for _ in 0..5 {
        assert_eq!(w.code(&token).await, Code::Valid);
    }
    let rename = KeyDraft { name: Some("Renamed".to_owned()), ..KeyDraft::default() };
    w.service.edit(owner(), &id, &rename, 1).await.unwrap();
    assert_eq!(w.code(&token).await, Code::RateLimited);
    let more = KeyDraft { limits: list(&["6 per hour"]), ..KeyDraft::default() };
    w.service.edit(owner(), &id, &more, 2).await.unwrap();
    assert_eq!(w.code(&token).await, Code::Valid);
    assert_eq!(w.code(&token).await, Code::RateLimited);
}

async fn a_thousand_calls_at_once_pass_a_limit_as_often_as_it_says(w: World) {
    let (_, token) = w.active(&limited("100 per day")).await;
    let calls: Vec<_> = (0..1_000)
        .map(|_| {
            let (service, token) = (w.service.clone(), token.clone());
            tokio::spawn(async move { crate::world::code(&service, &token).await })
        })
        .collect();
    let mut passed = 0;
    for call in calls {
        passed += u32::from(call.await.unwrap() == Code::Valid);
    }
    assert_eq!(passed, 100);
}

async fn a_process_that_is_no_node_counts_on_its_own(w: World) {
    let other = w.another().await;
    let (_, token) = w.active(&limited("5 per day")).await;
    for service in [&w.service, &other] {
        let mut passed = 0;
        for _ in 0..20 {
            passed += u32::from(crate::world::code(service, &token).await == Code::Valid);
        }
        assert_eq!(passed, 5);
    }
}

async fn why_a_call_is_refused_is_told_check_by_check(w: World) {
    let bound = KeyDraft { cidrs: list(&["203.0.113.0/24"]), ..limited("1 per hour") };
    let (id, token) = w.active(&bound).await;
    let request = VerifyRequest { explain: true, ..VerifyRequest::default() };
    let checks = ask(&w, &token, request).await.checks.unwrap();
    let failed: Vec<_> = checks.iter().filter(|check| !check.passed).collect();
    assert_eq!((checks.len(), failed.len(), failed[0].code), (11, 1, Code::IpNotAllowed));
    assert!(failed[0].detail.contains("unknown"));
    let inside = VerifyRequest { address: "203.0.113.1".parse().ok(), ..request };
    assert!(ask(&w, &token, inside).await.checks.unwrap().iter().all(|check| check.passed));
    let call = service::keys::AskedCall { address: inside.address, ..Default::default() };
    for _ in 0..2 {
        let (_, checks) = w.service.why(owner(), &id, &call).await.unwrap();
        let failed: Vec<_> = checks.iter().filter(|check| !check.passed).map(|check| check.code).collect();
        assert_eq!(failed, [Code::RateLimited], "told without being counted");
    }
    assert_eq!(ask(&w, "ks_nothing", request).await.checks.unwrap()[0].code, Code::NotFound);
}

on_both!(
    a_limit_holds_over_a_sliding_window,
    a_wall_clock_that_is_set_neither_grants_calls_nor_costs_any,
    several_limits_hold_at_once_and_a_refused_call_counts_for_none,
    a_call_may_cost_more_than_one_or_nothing,
    a_call_may_name_limits_and_bring_some,
    many_brought_limits_do_not_mix_up_those_that_count,
    what_is_refused_before_is_not_counted,
    an_edit_does_not_set_a_limit_back,
    a_thousand_calls_at_once_pass_a_limit_as_often_as_it_says,
    a_process_that_is_no_node_counts_on_its_own,
    why_a_call_is_refused_is_told_check_by_check,
);
