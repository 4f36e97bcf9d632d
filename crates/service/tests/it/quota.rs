//! Call quotas: debited in the store, spent in memory, exact across all processes.

use std::time::Duration;

use domain::{draft::KeyDraft, ids::KeyId, timestamp::Millis, verdict::Code};
use service::{
    Service,
    verify::{Credential, VerifyRequest},
};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::world::{World, code, draft, owner};

fn limited(quota: &str, refill: &str) -> KeyDraft {
    KeyDraft { quota: Some(quota.to_owned()), quota_refill: Some(refill.to_owned()), ..draft("service", "Limited") }
}

/// Makes this many calls at once, spread over the processes, and returns how many were accepted.
async fn passed(services: &[&Service], token: &str, calls: usize) -> usize {
    let calls: Vec<_> = (0..calls)
        .map(|n| {
            let (service, token) = (services[n % services.len()].clone(), token.to_owned());
            tokio::spawn(async move { code(&service, &token).await })
        })
        .collect();
    let mut passed = 0;
    for call in calls {
        match call.await.unwrap() {
            Code::Valid => passed += 1,
            other => assert_eq!(other, Code::UsageExceeded),
        }
    }
    passed
}

async fn left(w: &World, id: &KeyId) -> u64 {
    w.service.key(owner(), id).await.unwrap().quota_left.unwrap()
}

async fn a_thousand_calls_at_once_pass_a_hundred_times(w: World) {
    let (id, token) = w.active(&limited("100", "never")).await;
    assert_eq!(passed(&[&w.service], &token, 1_000).await, 100);
    assert_eq!(left(&w, &id).await, 0);
    assert_eq!(w.code(&token).await, Code::UsageExceeded);
}

async fn two_processes_share_a_quota(w: World) {
    let other = w.another().await;
    let (_, token) = w.active(&limited("100", "never")).await;
    assert_eq!(passed(&[&w.service, &other], &token, 1_000).await, 100);
}

/// Makes calls one after the other, all of which must pass.
async fn one_by_one(service: &Service, token: &str, calls: u64) {
    for _ in 0..calls {
        assert_eq!(code(service, token).await, Code::Valid);
    }
}

async fn a_busy_key_costs_few_writes(w: World) {
    let (_, token) = w.active(&limited("1000000", "never")).await;
    let since = |before| w.store.write_count() - before;
    let before = w.store.write_count();
    assert_eq!(passed(&[&w.service], &token, 2_000).await, 2_000);
    // As many as one after the other would need.
    assert!(since(before) <= 60, "{} writes", since(before));
    let before = w.store.write_count();
    one_by_one(&w.service, &token, 8_000).await;
    assert!(since(before) <= 20, "{} writes", since(before));
    let before = w.store.write_count();
    one_by_one(&w.service, &token, 4_000).await;
    let then = since(before);
    assert!(then <= 5, "{then} writes, once blocks are as large as they get");
}

async fn calls_that_wait_together_reserve_one_block(w: World) {
    let (_, token) = w.active(&limited("1000000", "never")).await;
    assert_eq!(w.code(&token).await, Code::Valid);
    let (holds, is_held) = oneshot::channel::<()>();
    let (release, released) = oneshot::channel::<()>();
    let store = w.store.clone();
    let busy = tokio::spawn(async move {
        let work = async |_: &mut store::Tx| {
            holds.send(()).unwrap();
            Ok::<_, store::StoreError>(released.await)
        };
        store.write(work).await
    });
    is_held.await.unwrap();
    let (service, token) = (w.service.clone(), token.clone());
    let calls = tokio::spawn(async move { passed(&[&service], &token, 500).await });
    // Until all of them wait.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let before = w.store.write_count();
    release.send(()).unwrap();
    assert_eq!(calls.await.unwrap(), 500);
    busy.await.unwrap().unwrap().unwrap();
    assert!(w.store.write_count() - before <= 4, "{}", w.store.write_count() - before);
}

/// One call in eight of those that passed: the bound in docs/limits.md.
async fn a_crash_loop_loses_at_most_an_eighth_of_what_it_let_pass(w: World) {
    const KILLS: u64 = 200;
    const CALLS: u64 = 25;
    let (id, token) = w.active(&limited("200000", "never")).await;
    for _ in 0..KILLS {
        let killed = w.another().await;
        one_by_one(&killed, &token, CALLS).await;
    }
    let spent = KILLS * CALLS;
    let lost = 200_000 - spent - left(&w, &id).await;
    assert!(lost <= spent / 8, "{lost} calls are lost, {spent} were let pass");
    assert!(lost > 0, "blocks are reserved ahead");
}

async fn a_process_that_is_killed_loses_its_block_and_gives_nothing_twice(w: World) {
    let (id, token) = w.active(&limited("320", "never")).await;
    {
        let killed = w.another().await;
        one_by_one(&killed, &token, 17).await;
    }
    assert_eq!(left(&w, &id).await, 302, "blocks of 2 calls, after 16");
    assert_eq!(passed(&[&w.service], &token, 1_000).await, 302);
}

async fn a_process_that_ends_in_order_gives_its_block_back(w: World) {
    let (id, token) = w.active(&limited("320", "never")).await;
    let other = w.another().await;
    let shutdown = CancellationToken::new();
    let running = {
        let (other, shutdown) = (other.clone(), shutdown.clone());
        tokio::spawn(async move { other.run(shutdown).await })
    };
    assert_eq!(passed(&[&other], &token, 5).await, 5);
    tokio::time::sleep(Duration::from_millis(50)).await;
    shutdown.cancel();
    running.await.unwrap();
    assert_eq!(left(&w, &id).await, 315);
    assert_eq!(passed(&[&w.service], &token, 1_000).await, 315);
}

async fn a_quota_is_filled_up_when_its_period_ends(w: World) {
    for (refill, wait) in [("daily", Millis::days(1)), ("monthly", Millis::days(31))] {
        let (_, token) = w.active(&limited("40", refill)).await;
        assert_eq!(passed(&[&w.service], &token, 30).await, 30);
        w.clock.advance(wait);
        assert_eq!(passed(&[&w.service], &token, 100).await, 40, "{refill}: what was left does not come on top");
        // Setting the clock back grants no calls.
        w.clock.set(Millis(-wait.0));
        assert_eq!(passed(&[&w.service], &token, 10).await, 0);
        w.clock.set(Millis(wait.0 * 2));
        assert_eq!(passed(&[&w.service], &token, 100).await, 40);
        w.clock.set(Millis(-wait.0));
    }
}

/// It was once not refilled before the year in which the clock had been.
async fn a_clock_that_was_a_century_ahead_stops_no_refill(w: World) {
    let (_, token) = w.active(&limited("40", "daily")).await;
    let century = Millis::days(36_500);
    w.clock.set(century);
    assert_eq!(passed(&[&w.service], &token, 40).await, 40);
    w.clock.set(Millis(-century.0));
    assert_eq!(passed(&[&w.service], &token, 10).await, 0, "setting it right gives nothing");
    for _ in 0..3 {
        w.clock.advance(Millis::days(1));
        assert_eq!(passed(&[&w.service], &token, 100).await, 40);
    }
}

async fn an_edit_of_the_quota_begins_it_anew_and_others_do_not(w: World) {
    let (id, token) = w.active(&limited("100", "never")).await;
    assert_eq!(passed(&[&w.service], &token, 60).await, 60);
    let rename = KeyDraft { name: Some("Renamed".to_owned()), ..limited("100", "never") };
    let rename = KeyDraft { kind: None, ..rename };
    w.service.edit(owner(), &id, &rename, 1).await.unwrap();
    assert_eq!(passed(&[&w.service], &token, 100).await, 40, "the same quota goes on");
    let more = KeyDraft { quota: Some("1600".to_owned()), ..KeyDraft::default() };
    w.service.edit(owner(), &id, &more, 2).await.unwrap();
    // A part of a block stays in memory.
    one_by_one(&w.service, &token, 50).await;
    assert_eq!(left(&w, &id).await, 1_542);
    let less = KeyDraft { quota: Some("10".to_owned()), ..KeyDraft::default() };
    w.service.edit(owner(), &id, &less, 3).await.unwrap();
    assert_eq!(left(&w, &id).await, 10);
    assert_eq!(passed(&[&w.service], &token, 100).await, 10, "the old block is void");
    let none = KeyDraft { quota: Some(String::new()), ..KeyDraft::default() };
    w.service.edit(owner(), &id, &none, 4).await.unwrap();
    assert_eq!(passed(&[&w.service], &token, 100).await, 100);
}

async fn a_call_that_costs_more_than_is_left_takes_nothing(w: World) {
    let (_, token) = w.active(&limited("10", "never")).await;
    let ask = async |quota_cost| {
        let request = VerifyRequest { quota_cost, ..VerifyRequest::default() };
        let verdict = w.service.verifier().verify(Credential::Token(&token), request).await.unwrap();
        (verdict.code, verdict.quota.unwrap().remaining)
    };
    assert_eq!(ask(0).await.0, Code::Valid);
    assert_eq!(ask(11).await, (Code::UsageExceeded, 10));
    assert_eq!(ask(7).await, (Code::Valid, 3));
    assert_eq!(ask(4).await, (Code::UsageExceeded, 3));
    assert_eq!(ask(3).await, (Code::Valid, 0));
    assert_eq!(ask(1).await, (Code::UsageExceeded, 0));
    assert_eq!(ask(0).await, (Code::Valid, 0));
    assert_eq!(ask(u32::MAX).await, (Code::UsageExceeded, 0));
}

on_both!(
    a_thousand_calls_at_once_pass_a_hundred_times,
    two_processes_share_a_quota,
    a_busy_key_costs_few_writes,
    calls_that_wait_together_reserve_one_block,
    a_crash_loop_loses_at_most_an_eighth_of_what_it_let_pass,
    a_process_that_is_killed_loses_its_block_and_gives_nothing_twice,
    a_process_that_ends_in_order_gives_its_block_back,
    a_quota_is_filled_up_when_its_period_ends,
    a_clock_that_was_a_century_ahead_stops_no_refill,
    an_edit_of_the_quota_begins_it_anew_and_others_do_not,
    a_call_that_costs_more_than_is_left_takes_nothing,
);
