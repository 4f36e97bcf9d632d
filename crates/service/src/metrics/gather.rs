//! Collects the metrics: reads the figures of this moment, and gives all families.

use std::time::Duration;

use domain::timestamp::Millis;
use prometheus::proto::MetricFamily;
use tokio::time::timeout;

use super::{Metrics, float, of_process};
use crate::{Service, verify::shards::lock};

/// How long it may take to find out whether this node is ready.
const READY_WITHIN: Duration = Duration::from_secs(1);

impl Metrics {
    /// Every family, as it is now.
    fn collect(&self) -> Vec<MetricFamily> {
        let _collecting = lock(&self.0.collecting);
        self.0.calls.show();
        let gauges = &self.0.gauges;
        gauges.resident_bytes.set(float(of_process::resident_bytes()));
        let more = of_process::cpu_seconds() - gauges.cpu_seconds.get();
        gauges.cpu_seconds.inc_by(more.max(0.0));
        gauges.start_time.set(seconds(Millis(self.0.started_at.millis())));
        self.0.registry.gather()
    }
}

impl Service {
    /// Every metric of this service, as it is now. Takes about a second at most, whatever the database does.
    pub async fn gather(&self) -> Vec<MetricFamily> {
        self.refresh().await;
        self.metrics().collect()
    }

    /// Reads the figures of this moment. Gives why this node cannot serve, if it cannot.
    pub(super) async fn refresh(&self) -> Option<String> {
        let (ready, ()) = tokio::join!(timeout(READY_WITHIN, self.ready()), self.read_figures());
        let trouble = match ready {
            Ok(Ok(())) => None,
            Ok(Err(reason)) => Some(reason.words()),
            Err(_) => Some("the database does not answer in time".to_owned()),
        };
        let (gauges, verifier) = (&self.metrics().0.gauges, self.verifier());
        gauges.ready.set(if trouble.is_none() { 1.0 } else { 0.0 });
        gauges.cache_keys.set(float(verifier.cached_keys()));
        gauges.usage_flush_age.set(verifier.usage_flush_age().as_secs_f64());
        gauges.freshness_age.set(verifier.freshness_age().as_secs_f64());
        gauges.hashes_waiting.set(float(self.passwords().waiting()));
        gauges.streams.set(float(self.streams().count()));
        gauges.clock_off.set(self.clock_off().map_or(0.0, seconds));
        gauges.nodes.set(float(u64::try_from(self.nodes().len()).unwrap_or_default()));
        self.show_figures();
        trouble
    }
}

/// A length of time in seconds.
pub(super) fn seconds(time: Millis) -> f64 {
    let length = float(time.0.unsigned_abs()) / 1_000.0;
    if time.0 < 0 { -length } else { length }
}
