//! The same figures for people.

use domain::{
    node::Node,
    page::grouped,
    role::Act,
    status::{Figure, Group, Health, Sample, Status},
    timestamp::Millis,
    verdict::Code,
};
use prometheus::{Gauge, IntCounter};
use store::Written;

use super::{
    LimitTake, Metrics,
    families::float,
    of_process,
    words::{DeliveryOutcome, Lookup, SignInOutcome},
};
use crate::{Caller, Result, Service};

impl Service {
    /// Whether all is well, the nodes, and the figures of this one; `Forbidden` unless the caller may see that. Takes about
    /// a second at most, whatever the database does.
    pub async fn status(&self, caller: &Caller) -> Result<Status> {
        caller.may(Act::SeeStatus)?;
        let ready = self.refresh().await;
        let metrics = self.metrics();
        let calls = &metrics.0.calls;
        let mut nodes = self.nodes();
        nodes.sort_by_key(|node| !node.is_this);
        let recent = metrics.0.recent.samples();
        let by_code = Code::ALL.iter().map(|code| (*code, calls.with_code(*code)));
        Ok(Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            engine: self.store().engine().to_owned(),
            started_at: metrics.0.started_at,
            at: self.now(),
            warnings: self.health(ready.clone(), &nodes).warnings(),
            ready,
            nodes,
            figures: metrics.groups(recent.last()),
            recent,
            calls_by_code: by_code.filter(|(_, count)| *count > 0).collect(),
        })
    }

    fn health(&self, not_ready: Option<String>, nodes: &[Node]) -> Health {
        let inner = &self.metrics().0;
        let known = inner.database.known();
        let gauges = &inner.gauges;
        Health {
            not_ready,
            freshness_age: Some(millis(&gauges.freshness_age)),
            usage_age: Some(millis(&gauges.usage_flush_age)),
            limits_away: self.limits_are_away(),
            clock_off: self.clock_off(),
            figures_age: Some(millis(&gauges.figures_age)),
            hashes_waiting: self.passwords().waiting(),
            deliveries_waiting: known.as_ref().map_or(0, |known| u64::from(known.deliveries_waiting)),
            overdue: known.as_ref().map_or(0, |known| u64::from(known.keys.overdue.n)),
            expiring_7: known.as_ref().map_or(0, |known| u64::from(known.keys.expiring_7.n)),
            ..Health::of_nodes(nodes)
        }
    }
}

impl Metrics {
    /// The figures, in groups, with those of the last sample.
    fn groups(&self, last: Option<&Sample>) -> Vec<Group> {
        vec![
            self.of_calls(last),
            self.of_keys(),
            self.of_database(last),
            self.of_console(),
            self.of_others(),
            of_this_process(),
        ]
    }

    fn of_calls(&self, last: Option<&Sample>) -> Group {
        let calls = &self.0.calls;
        let sums = calls.sums();
        let took = |time: Option<f64>| time.map_or_else(|| "no calls".to_owned(), duration);
        let (hits, misses) = (calls.lookups(Lookup::Hit), calls.lookups(Lookup::Miss));
        group(
            "Calls",
            vec![
                ("Calls since the start", grouped(sums.calls)),
                ("Refused", grouped(sums.refused)),
                ("Without a verdict", grouped(sums.unavailable)),
                ("Median of the last ten seconds", took(last.and_then(|last| last.verify_median))),
                ("99 of 100 within", took(last.and_then(|last| last.verify_p99))),
                ("Keys in the cache", whole(&self.0.gauges.cache_keys)),
                ("Found in the cache", share(hits, misses)),
            ],
        )
    }

    fn of_keys(&self) -> Group {
        let Some(known) = self.0.database.known() else {
            return group("Keys", vec![("Keys", "not known yet".to_owned())]);
        };
        let of_state = |state: &str| {
            let found = known.keys.by_state.iter().find(|(of, _)| of.as_str() == state);
            grouped(found.map_or(0, |(_, count)| *count))
        };
        group(
            "Keys",
            vec![
                ("Active", of_state("active")),
                ("Pending", of_state("pending")),
                ("Disabled", of_state("disabled")),
                ("Revoked", of_state("revoked")),
                ("Expiring in 7 days", known.keys.expiring_7.to_string()),
                ("Expiring in 30 days", known.keys.expiring_30.to_string()),
                ("Rotation overdue", known.keys.overdue.to_string()),
                ("Counted", ago(self.0.gauges.figures_age.get())),
            ],
        )
    }

    fn of_database(&self, last: Option<&Sample>) -> Group {
        let store = &self.0.store;
        let wait = last.and_then(|last| last.store_wait_p99);
        group(
            "Database",
            vec![
                ("99 of 100 waits within", wait.map_or_else(|| "no waits".to_owned(), duration)),
                ("Changes written", grouped(store.written(Written::Committed))),
                ("Changes undone", grouped(store.written(Written::RolledBack))),
                ("Errors", grouped(store.errors())),
                ("Waiting to write", grouped(store.writers_waiting())),
                ("Changes asked for", ago(self.0.gauges.freshness_age.get())),
                ("Counts written", ago(self.0.gauges.usage_flush_age.get())),
            ],
        )
    }

    fn of_console(&self) -> Group {
        let sign_ins = |outcome: SignInOutcome| count(&self.0.sign_ins, outcome as usize);
        let refused = SignInOutcome::ALL.iter().filter(|outcome| **outcome != SignInOutcome::SignedIn);
        group(
            "Console and connections",
            vec![
                ("Requests of the console", grouped(self.console_count())),
                ("Sign-ins", grouped(sign_ins(SignInOutcome::SignedIn))),
                ("Sign-ins that failed", grouped(refused.map(|outcome| sign_ins(*outcome)).sum())),
                ("Passwords that wait to be checked", whole(&self.0.gauges.hashes_waiting)),
                ("Open connections", grouped(u64::try_from(self.0.connections.get()).unwrap_or_default())),
                ("Open streams", whole(&self.0.gauges.streams)),
            ],
        )
    }

    fn of_others(&self) -> Group {
        let deliveries = |outcome: DeliveryOutcome| grouped(count(&self.0.deliveries, outcome as usize));
        let takes = |outcome: LimitTake| grouped(count(&self.0.limit_takes, outcome as usize));
        group(
            "Webhooks and rate limits",
            vec![
                ("Delivered", deliveries(DeliveryOutcome::Delivered)),
                ("Tries that failed", deliveries(DeliveryOutcome::Again)),
                ("Failed for good", deliveries(DeliveryOutcome::Failed)),
                ("Deliveries that wait", whole(&self.0.gauges.deliveries_waiting)),
                (
                    "Rate limits with a share here",
                    grouped(u64::try_from(self.0.limit_shares.get()).unwrap_or_default()),
                ),
                ("Shares taken", takes(LimitTake::Taken)),
                ("Shares that came short", takes(LimitTake::Short)),
                ("Counted without the database", takes(LimitTake::Local)),
            ],
        )
    }
}

fn of_this_process() -> Group {
    group(
        "Process",
        vec![
            ("Memory", format!("{} MB", grouped(of_process::resident_bytes() / 1_000_000))),
            ("Processor time", duration(of_process::cpu_seconds())),
        ],
    )
}

fn group(title: &str, figures: Vec<(&str, String)>) -> Group {
    let figure = |(label, value): (&str, String)| Figure { label: label.to_owned(), value };
    Group { title: title.to_owned(), figures: figures.into_iter().map(figure).collect() }
}

fn count(counters: &[IntCounter], word: usize) -> u64 {
    counters.get(word).map_or(0, IntCounter::get)
}

/// A gauge of things that are counted.
fn whole(gauge: &Gauge) -> String {
    grouped(rounded(gauge.get()))
}

/// A gauge of seconds.
fn millis(gauge: &Gauge) -> Millis {
    Millis(i64::try_from(rounded(gauge.get() * 1_000.0)).unwrap_or(i64::MAX))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it stops at the ends of the range")]
fn rounded(n: f64) -> u64 {
    n.round() as u64
}

/// The part of lookups that were hits.
fn share(hits: u64, misses: u64) -> String {
    let all = hits.saturating_add(misses);
    if all == 0 { "no calls".to_owned() } else { format!("{:.1} %", 100.0 * float(hits) / float(all)) }
}

/// A time in a unit that suits it: `120 µs`, `3.4 ms`, `12 s`, `3 min`.
fn duration(seconds: f64) -> String {
    if seconds < 0.001 {
        format!("{:.0} µs", seconds * 1_000_000.0)
    } else if seconds < 1.0 {
        format!("{:.1} ms", seconds * 1_000.0)
    } else if seconds < 120.0 {
        format!("{seconds:.0} s")
    } else {
        format!("{} min", grouped(rounded(seconds / 60.0)))
    }
}

/// How long ago something was, as the console says it elsewhere.
fn ago(seconds: f64) -> String {
    if seconds < 1.0 { "just now".to_owned() } else { format!("{} ago", duration(seconds)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_for_people() {
        let times = [0.0, 0.000_12, 0.003_4, 12.0, 7_200.0].map(duration);
        assert_eq!(times, ["0 µs", "120 µs", "3.4 ms", "12 s", "120 min"]);
        assert_eq!([0.0, 0.9, 12.0].map(ago), ["just now", "just now", "12 s ago"]);
        assert_eq!([share(0, 0), share(1, 0), share(2, 1)], ["no calls", "100.0 %", "66.7 %"]);
        let groups = Metrics::unread().unwrap().groups(None);
        assert!(groups.iter().all(|group| !group.figures.is_empty()));
    }
}
