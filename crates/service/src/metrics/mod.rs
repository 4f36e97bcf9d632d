//! What monitoring collects: the metrics of one service. Whatever happens often is counted where it happens; the rest is
//! read when somebody asks.

mod families;
mod gather;
mod gauges;
mod of_database;
mod of_process;
mod of_store;
mod recent;
mod status;
mod verify;
mod words;

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use domain::{timestamp::Timestamp, usage::Edge, verdict::Code};
use prometheus::{Histogram, IntCounter, IntGauge, Registry};

use self::{
    families::{Families, Made, add_one, float},
    gauges::Gauges,
    of_database::DatabaseFigures,
    of_store::StoreCounts,
    recent::Recent,
};
pub(crate) use self::{recent::SAMPLE_EVERY, verify::Calls, words::Lookup};
pub use self::{
    verify::UNAVAILABLE,
    words::{Closed, DeliveryOutcome, LimitTake, SignInOutcome, StatusClass},
};
use crate::{
    Error, Result,
    clock::{Clock, SystemClock},
    verify::Verdict,
};

/// The metrics of one service. A clone is the same.
#[derive(Debug, Clone)]
pub struct Metrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    registry: Registry,
    /// Held while somebody collects.
    collecting: Mutex<()>,
    started_at: Timestamp,
    begun: Instant,
    calls: Calls,
    store: StoreCounts,
    gauges: Gauges,
    database: DatabaseFigures,
    recent: Recent,
    limit_takes: Vec<IntCounter>,
    limit_shares: IntGauge,
    sign_ins: Vec<IntCounter>,
    deliveries: Vec<IntCounter>,
    connections: IntGauge,
    connections_closed: Vec<IntCounter>,
    console_requests: Vec<IntCounter>,
    console_seconds: Histogram,
}

/// The upper bounds of the buckets of the console's answers, in seconds.
const CONSOLE_BOUNDS: [f64; 11] = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0, 30.0];

impl Metrics {
    /// Those of a service that starts now, on this engine.
    pub(crate) fn new(engine: &str, clock: &dyn Clock) -> Result<Self> {
        let made = Self::made(engine, clock.now(), clock.instant());
        made.map_err(|error| Error::internal("the metrics could not be made", error))
    }

    /// Those of no service, for what counts without one. Nobody reads them.
    pub fn unread() -> Result<Self> {
        Self::new("SQLite", &SystemClock::default())
    }

    fn made(engine: &str, started_at: Timestamp, begun: Instant) -> Made<Self> {
        let registry = Registry::new();
        let families = Families(&registry);
        let build = [("version", env!("CARGO_PKG_VERSION")), ("engine", engine)];
        families.info("keystead_build_info", "Always 1; the labels say what runs.", build)?;
        Ok(Self(Arc::new(Inner {
            collecting: Mutex::default(),
            started_at,
            begun,
            calls: Calls::new(families)?,
            store: StoreCounts::new(families)?,
            gauges: Gauges::new(families)?,
            database: DatabaseFigures::default(),
            recent: Recent::default(),
            limit_takes: families.counters(
                "keystead_limit_takes_total",
                "Shares of rate limits that this node asked for, by what it got.",
                "outcome",
                &LimitTake::ALL.iter().map(|outcome| outcome.as_str()).collect::<Vec<_>>(),
            )?,
            limit_shares: families.count("keystead_limit_shares", "Rate limits of which this node has a share.")?,
            sign_ins: families.counters(
                "keystead_sign_ins_total",
                "Sign-ins to the console that have ended.",
                "outcome",
                &SignInOutcome::ALL.iter().map(|outcome| outcome.as_str()).collect::<Vec<_>>(),
            )?,
            deliveries: families.counters(
                "keystead_deliveries_total",
                "Tries to tell webhooks something.",
                "outcome",
                &DeliveryOutcome::ALL.iter().map(|outcome| outcome.as_str()).collect::<Vec<_>>(),
            )?,
            connections: families.count("keystead_connections", "Open connections of clients.")?,
            connections_closed: families.counters(
                "keystead_connections_closed_total",
                "Connections of clients that were closed.",
                "why",
                &Closed::ALL.iter().map(|why| why.as_str()).collect::<Vec<_>>(),
            )?,
            console_requests: families.counters(
                "keystead_console_requests_total",
                "Requests of the console, by the status of the answer.",
                "status",
                &StatusClass::ALL.iter().map(|class| class.as_str()).collect::<Vec<_>>(),
            )?,
            console_seconds: families.histogram(
                "keystead_console_seconds",
                "What requests of the console take.",
                &CONSOLE_BOUNDS,
            )?,
            registry,
        })))
    }

    /// This node has asked for shares of rate limits.
    pub fn limit_taken(&self, outcome: LimitTake) {
        add_one(&self.0.limit_takes, outcome as usize);
    }

    /// This node has shares of so many rate limits now.
    pub fn limit_shares(&self, limits: usize) {
        self.0.limit_shares.set(i64::try_from(limits).unwrap_or(i64::MAX));
    }

    /// A client has connected.
    pub fn connection_opened(&self) {
        self.0.connections.inc();
    }

    /// A connection that was open is closed.
    pub fn connection_closed(&self, why: Closed) {
        self.0.connections.dec();
        add_one(&self.0.connections_closed, why as usize);
    }

    /// A client was not let in, because all connections are busy.
    pub fn connection_refused(&self) {
        add_one(&self.0.connections_closed, Closed::Full as usize);
    }

    /// The console has answered with this status after so long.
    pub fn console_answered(&self, status: u16, time: Duration) {
        add_one(&self.0.console_requests, StatusClass::of(status) as usize);
        self.0.console_seconds.observe(time.as_secs_f64());
    }

    pub(crate) fn signed_in(&self, outcome: SignInOutcome) {
        add_one(&self.0.sign_ins, outcome as usize);
    }

    pub(crate) fn delivered(&self, outcome: DeliveryOutcome) {
        add_one(&self.0.deliveries, outcome as usize);
    }

    /// Counts so many calls as verify calls about a cached key are counted, to measure what that takes.
    pub fn count_calls(&self, calls: u32, clock: &dyn Clock) {
        let verdict = Ok(Verdict::plain(Code::Valid));
        for _ in 0..calls {
            let begun = Calls::begin(clock);
            // The asking key, and the key that is asked about.
            self.calls().looked_up(Lookup::Hit);
            self.calls().looked_up(Lookup::Hit);
            self.calls().ended(Edge::Verify, &verdict, begun, clock);
        }
    }

    /// The counts of verify calls.
    pub(crate) fn calls(&self) -> &Calls {
        &self.0.calls
    }

    fn console_count(&self) -> u64 {
        self.0.console_requests.iter().map(IntCounter::get).sum()
    }
}
