//! Refused means refused now: revokes beside verifies in the same process.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use domain::{key::RevokeReason, verdict::Code};

use crate::world::{World, code, draft, in_background, owner, until};

const ISSUERS: usize = 16;
const VERIFIERS: usize = 4;

struct Target {
    token: String,
    revoked: AtomicBool,
}

/// Revokes this many keys, one after the other, alongside at least this many verify calls.
async fn nothing_is_accepted_after_its_revoke_was_answered(w: World, keys: usize, least: u64) {
    let _running = in_background(&w.service);
    // Several at once, since the writer commits them together.
    let w = Arc::new(w);
    let issuers: Vec<_> = (0..ISSUERS)
        .map(|issuer| {
            let w = Arc::clone(&w);
            tokio::spawn(async move {
                let mut issued = Vec::new();
                for n in (issuer..keys).step_by(ISSUERS) {
                    issued.push(w.active(&draft("service", &format!("Key {n}"))).await);
                }
                issued
            })
        })
        .collect();
    let mut ids = Vec::new();
    let mut targets = Vec::new();
    for issuer in issuers {
        for (id, token) in issuer.await.unwrap() {
            ids.push(id);
            let revoked = AtomicBool::new(false);
            targets.push(Target { token, revoked });
        }
    }
    let targets = Arc::new(targets);
    let (stop, calls) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    // All of them ask about the key that is being revoked, so that cache fills race with its removal.
    let hot = Arc::new(AtomicU64::new(0));
    let verifiers: Vec<_> = (0..VERIFIERS)
        .map(|_| {
            let (service, targets) = (w.service.clone(), Arc::clone(&targets));
            let (stop, calls, hot) = (Arc::clone(&stop), Arc::clone(&calls), Arc::clone(&hot));
            tokio::spawn(async move {
                let mut late = 0;
                while !stop.load(Ordering::SeqCst) {
                    let at = usize::try_from(hot.load(Ordering::SeqCst)).unwrap();
                    let from = at.saturating_sub(3);
                    for target in targets.iter().skip(from).take(5) {
                        let answered = target.revoked.load(Ordering::SeqCst);
                        let code = code(&service, &target.token).await;
                        calls.fetch_add(1, Ordering::Relaxed);
                        late += u32::from(answered && code != Code::Revoked);
                    }
                    tokio::task::yield_now().await;
                }
                late
            })
        })
        .collect();
    for (n, id) in ids.iter().enumerate() {
        hot.store(u64::try_from(n).unwrap(), Ordering::SeqCst);
        let reason = RevokeReason::Leaked;
        w.service.revoke(owner(), id, reason, None).await.unwrap();
        targets[n].revoked.store(true, Ordering::SeqCst);
    }
    while calls.load(Ordering::Relaxed) < least {
        tokio::task::yield_now().await;
    }
    stop.store(true, Ordering::SeqCst);
    for verifier in verifiers {
        assert_eq!(verifier.await.unwrap(), 0, "accepted after the revoke's answer");
    }
    for target in targets.iter().step_by(10) {
        assert_eq!(w.code(&target.token).await, Code::Revoked);
    }
}

/// The caller goes away while the revoke commits. Nobody is told, but the revoke still takes effect.
async fn a_revoke_whose_caller_went_away_holds(w: World) {
    let _running = in_background(&w.service);
    let (mut stored, mut wait) = (0, std::time::Duration::ZERO);
    while stored < 5 {
        let (id, token) = w.active(&draft("service", "Key")).await;
        assert_eq!(w.code(&token).await, Code::Valid);
        let me = owner();
        let revoke = w.service.revoke(me, &id, RevokeReason::Leaked, None);
        let _gone = tokio::time::timeout(wait, revoke).await;
        wait += std::time::Duration::from_micros(500);
        if w.service.key(me, &id).await.unwrap().revoked.is_some() {
            stored += 1;
            until("it holds", async || w.code(&token).await == Code::Revoked).await;
        }
    }
}

// Verifies and revokes have a thread each, and neither waits for the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn ten_thousand_revokes_beside_a_million_verifies_on_sqlite() {
    nothing_is_accepted_after_its_revoke_was_answered(World::sqlite().await, 10_000, 1_000_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_revokes_beside_a_hundred_thousand_verifies_on_postgres() {
    nothing_is_accepted_after_its_revoke_was_answered(World::postgres().await, 500, 100_000).await;
}

on_both!(a_revoke_whose_caller_went_away_holds,);
