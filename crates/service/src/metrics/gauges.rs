//! Figures of this moment, which are read when somebody collects.

use domain::key::KeyState;
use prometheus::{Counter, Gauge};

use super::{
    families::{Families, Made},
    words::Within,
};

/// The gauges that are set anew each time.
#[derive(Debug)]
pub(super) struct Gauges {
    pub cache_keys: Gauge,
    pub usage_flush_age: Gauge,
    pub freshness_age: Gauge,
    pub hashes_waiting: Gauge,
    pub streams: Gauge,
    pub clock_off: Gauge,
    pub nodes: Gauge,
    pub ready: Gauge,
    /// By state, in the order of [`KeyState::ALL`].
    pub keys: Vec<Gauge>,
    /// In the order of [`Within::ALL`].
    pub keys_expiring: Vec<Gauge>,
    pub rotations_overdue: Gauge,
    pub deliveries_waiting: Gauge,
    pub figures_age: Gauge,
    pub resident_bytes: Gauge,
    pub cpu_seconds: Counter,
    pub start_time: Gauge,
}

impl Gauges {
    pub(super) fn new(families: Families<'_>) -> Made<Self> {
        let states: Vec<_> = KeyState::ALL.iter().map(|state| state.as_str()).collect();
        let times: Vec<_> = Within::ALL.iter().map(|within| within.as_str()).collect();
        Ok(Self {
            cache_keys: families.gauge("keystead_cache_keys", "Keys in the cache.")?,
            usage_flush_age: families.gauge(
                "keystead_usage_flush_age_seconds",
                "How long ago counts of calls were last written. A crash would lose what was counted since.",
            )?,
            freshness_age: families.gauge(
                "keystead_freshness_age_seconds",
                "How long ago changes of other nodes were last asked for. Beyond a second, cached keys are not believed.",
            )?,
            hashes_waiting: families
                .gauge("keystead_hashes_waiting", "Passwords that wait for their turn to be checked.")?,
            streams: families.gauge("keystead_streams", "Streams of pages that show what happens.")?,
            clock_off: families.gauge(
                "keystead_clock_off_seconds",
                "How far the clock of this machine is ahead of the database's; 0 up to 5 seconds, negative if it is behind.",
            )?,
            nodes: families.gauge("keystead_nodes", "Running nodes of this installation that this one knows.")?,
            ready: families.gauge("keystead_ready", "1 if this node can serve calls, as GET /readyz says; 0 if not.")?,
            keys: families.gauges("keystead_keys", "Keys of the installation by state.", "state", &states)?,
            keys_expiring: families.gauges(
                "keystead_keys_expiring",
                "Active keys that expire within this time, counted up to 10,000.",
                "within",
                &times,
            )?,
            rotations_overdue: families
                .gauge("keystead_rotations_overdue", "Keys that are overdue for rotation, counted up to 10,000.")?,
            deliveries_waiting: families
                .gauge("keystead_deliveries_waiting", "Deliveries that wait, counted up to 10,000.")?,
            figures_age: families.gauge(
                "keystead_database_figures_age_seconds",
                "How old the numbers of keys and of waiting deliveries are.",
            )?,
            resident_bytes: families.gauge("keystead_process_resident_bytes", "Memory of the process.")?,
            cpu_seconds: families.float_counter(
                "keystead_process_cpu_seconds_total",
                "Processor time of the process, its own and that of the system for it.",
            )?,
            start_time: families
                .gauge("keystead_process_start_time_seconds", "When this node started, in seconds since 1970.")?,
        })
    }
}
