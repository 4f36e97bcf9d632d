//! A thousand rotations beside a hundred thousand calls: nobody is refused who should pass, and nobody passes after the end.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU8, AtomicU64, Ordering},
};

use domain::{timestamp::Millis, verdict::Code};

use crate::{
    rotation::{confirm, rotate},
    world::{World, code, draft, owner},
};

const CLIENTS: u64 = 4;
const CALLS: u64 = 100_000;
const ROTATIONS: u32 = 1_000;

const LIVE: u8 = 0;
/// It is being ended, so a call may get either answer.
const ENDING: u8 = 1;
const ENDED: u8 = 2;

struct Secret {
    token: String,
    life: AtomicU8,
}

impl Secret {
    fn new(token: String, life: u8) -> Arc<Self> {
        Arc::new(Self { token, life: AtomicU8::new(life) })
    }

    fn is(&self) -> u8 {
        self.life.load(Ordering::SeqCst)
    }

    /// Ends it by this act.
    async fn ends(&self, act: impl Future<Output = ()>) {
        self.life.store(ENDING, Ordering::SeqCst);
        act.await;
        self.life.store(ENDED, Ordering::SeqCst);
    }
}

async fn no_call_is_refused_in_an_overlap_and_none_passes_after_its_end(w: World) {
    let (id, first) = w.active(&draft("service", "Storm")).await;
    let current = Arc::new(Mutex::new(Secret::new(first, LIVE)));
    let calls = Arc::new(AtomicU64::new(0));
    let rotating = Arc::new(AtomicU8::new(LIVE));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (service, current) = (w.service.clone(), Arc::clone(&current));
            let (calls, rotating) = (Arc::clone(&calls), Arc::clone(&rotating));
            tokio::spawn(async move {
                let mut held = Arc::clone(&current.lock().unwrap());
                let (mut wrong, mut late) = (Vec::new(), 0);
                while rotating.load(Ordering::SeqCst) == LIVE || calls.load(Ordering::SeqCst) < CALLS {
                    // Half of them switch at once, the others when theirs no longer works, and only after one call more.
                    let newest = Arc::clone(&current.lock().unwrap());
                    if client % 2 == 0 {
                        held = newest;
                    } else if held.is() == ENDED {
                        late += u64::from(code(&service, &held.token).await != Code::NotFound);
                        held = newest;
                    }
                    let before = held.is();
                    let answer = code(&service, &held.token).await;
                    let after = held.is();
                    calls.fetch_add(1, Ordering::SeqCst);
                    if after == LIVE && answer != Code::Valid {
                        wrong.push(answer);
                    }
                    late += u64::from(before == ENDED && answer == Code::Valid);
                    tokio::task::yield_now().await;
                }
                (wrong, late)
            })
        })
        .collect();

    for n in 0..ROTATIONS {
        let old = Arc::clone(&current.lock().unwrap());
        let token = rotate(&w, &id, "24h").await;
        match n % 4 {
            // Nobody confirms it.
            0 => {
                w.service.drop_rotation(owner(), &id).await.unwrap();
                assert_eq!(w.code(&token).await, Code::NotFound);
                continue;
            }
            1 => {
                confirm(&w, &id).await;
                let new = Secret::new(token, LIVE);
                *current.lock().unwrap() = Arc::clone(&new);
                tokio::task::yield_now().await;
                // Back to the old one, to which the clients have to return first.
                *current.lock().unwrap() = Arc::clone(&old);
                new.ends(async { drop(w.service.undo_rotation(owner(), &id).await.unwrap()) }).await;
                assert_eq!(w.code(&new.token).await, Code::NotFound);
            }
            act => {
                confirm(&w, &id).await;
                *current.lock().unwrap() = Secret::new(token, LIVE);
                tokio::task::yield_now().await;
                old.ends(async {
                    if act == 2 {
                        w.service.finish_rotation(owner(), &id).await.unwrap();
                    } else {
                        w.clock.advance(Millis::hours(24));
                    }
                })
                .await;
                assert_eq!(w.code(&old.token).await, Code::NotFound);
                assert_eq!(w.service.finish_overdue_rotations().await.unwrap(), usize::from(act != 2));
            }
        }
        assert_eq!(w.store.live_secrets(&id).await.unwrap().len(), 1, "no orphan");
    }
    rotating.store(ENDED, Ordering::SeqCst);
    for client in clients {
        let (wrong, late) = client.await.unwrap();
        assert_eq!((wrong, late), (Vec::new(), 0));
    }
    assert!(calls.load(Ordering::SeqCst) >= CALLS);
    w.service.verifier().flush_usage().await.unwrap();
    assert!(w.store.waiting_secret(&id).await.unwrap().is_none());
    assert_eq!(w.store.secret_uses(&id, w.service.now()).await.unwrap(), []);
}

on_both!(no_call_is_refused_in_an_overlap_and_none_passes_after_its_end);
