//! Closing connections that nobody needs. The driver's own task for that trusts a counter of idle connections that can wrap
//! for a moment, and then looks for them without end, on a thread that serves calls.

use std::time::Duration;

use sqlx::PgPool;
use tokio::task::AbortHandle;
use tokio::time::{MissedTickBehavior, interval, timeout};

/// How long a connection is kept that nobody uses. The command line may be waiting for one.
const KEPT_FOR: Duration = Duration::from_secs(3);

/// How often the idle ones are counted in that time.
const COUNTS: u32 = 12;

/// How long a connection may take to say that it ends.
const CLOSED_WITHIN: Duration = Duration::from_secs(2);

/// Closes what the pools do not need, for as long as this lives.
#[derive(Debug)]
pub(crate) struct Idle(AbortHandle);

impl Idle {
    pub(crate) fn of(pools: Vec<PgPool>) -> Self {
        Self(tokio::spawn(trim(pools)).abort_handle())
    }
}

impl Drop for Idle {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn trim(pools: Vec<PgPool>) {
    let mut ticks = interval(KEPT_FOR / COUNTS);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let mut spare: Vec<_> = pools.iter().map(unused).collect();
        for _ in 0..COUNTS {
            ticks.tick().await;
            for (pool, spare) in pools.iter().zip(&mut spare) {
                *spare = unused(pool).min(*spare);
            }
        }
        // As many as were idle each time.
        for (pool, spare) in pools.iter().zip(spare) {
            for _ in 0..spare {
                let Some(conn) = pool.try_acquire() else { break };
                let _ = timeout(CLOSED_WITHIN, conn.close()).await;
            }
        }
    }
}

/// How many connections are idle. The driver's count may be a huge number for a moment.
fn unused(pool: &PgPool) -> u32 {
    u32::try_from(pool.num_idle()).unwrap_or(u32::MAX).min(pool.size())
}
