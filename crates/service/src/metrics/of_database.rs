//! Figures that need the database. They are read at most every 15 seconds, beside whoever asks for metrics, so that a slow
//! database delays nobody for long. While it is away, the old ones are given.

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

use domain::{role::Rights, sight::Sight};
use store::KeyFigures;
use tokio::time::timeout;

use super::float;
use crate::{Result, Service, verify::shards::lock};

/// How long figures are good for.
const READ_EVERY: Duration = Duration::from_secs(15);

/// How long somebody waits for new ones.
const WAITS: Duration = Duration::from_secs(1);

/// What was last read, and whether somebody reads.
#[derive(Debug, Default)]
pub(super) struct DatabaseFigures {
    known: Mutex<Option<Known>>,
    reading: tokio::sync::Mutex<()>,
}

/// What the database said.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub read_at: Instant,
    pub keys: KeyFigures,
    pub deliveries_waiting: u32,
}

impl DatabaseFigures {
    pub(super) fn known(&self) -> Option<Known> {
        lock(&self.known).clone()
    }

    fn is_due(&self, now: Instant) -> bool {
        let known = lock(&self.known);
        known.as_ref().is_none_or(|known| now.saturating_duration_since(known.read_at) >= READ_EVERY)
    }
}

impl Service {
    /// Reads the figures anew if they are old. Waits for a second at most; a read that takes longer is for the next time.
    pub(super) async fn read_figures(&self) {
        if !self.metrics().0.database.is_due(self.instant()) {
            return;
        }
        let service = self.clone();
        let reading = tokio::spawn(async move {
            if let Err(error) = service.read_figures_now().await {
                tracing::debug!(%error, "the figures of keys could not be read");
            }
        });
        // Too late, or done.
        let _ = timeout(WAITS, reading).await;
    }

    async fn read_figures_now(&self) -> Result<()> {
        let figures = &self.metrics().0.database;
        // One at a time. Whoever comes meanwhile has the old ones.
        let Ok(_reading) = figures.reading.try_lock() else { return Ok(()) };
        let asked = self.instant();
        if !figures.is_due(asked) {
            return Ok(());
        }
        let keys = self.store().key_figures(&Sight::of_rights(Rights::all()), self.now()).await?;
        let deliveries_waiting = self.store().deliveries_waiting().await?.n;
        *lock(&figures.known) = Some(Known { read_at: asked, keys, deliveries_waiting });
        Ok(())
    }

    /// Shows what was last read of the database.
    pub(super) fn show_figures(&self) {
        let inner = &self.metrics().0;
        let gauges = &inner.gauges;
        let Some(known) = inner.database.known() else {
            gauges.figures_age.set(self.instant().saturating_duration_since(inner.begun).as_secs_f64());
            return;
        };
        gauges.figures_age.set(self.instant().saturating_duration_since(known.read_at).as_secs_f64());
        for ((_, count), gauge) in known.keys.by_state.iter().zip(&gauges.keys) {
            gauge.set(float(*count));
        }
        let expiring = [known.keys.expiring_7, known.keys.expiring_30];
        for (count, gauge) in expiring.iter().zip(&gauges.keys_expiring) {
            gauge.set(f64::from(count.n));
        }
        gauges.rotations_overdue.set(f64::from(known.keys.overdue.n));
        gauges.deliveries_waiting.set(f64::from(known.deliveries_waiting));
    }
}
