//! What `/status` shows: whether all is well, the nodes, and the figures of this one.

use serde::{Deserialize, Serialize};

use crate::node::Node;
use crate::timestamp::{Millis, Timestamp};
use crate::verdict::Code;

/// How old the newest known change may be before somebody has to look. Keys are read anew after a second.
const FRESH_WITHIN: Millis = Millis::seconds(5);
/// How long counts of calls may wait to be written. They are written every second.
const COUNTED_WITHIN: Millis = Millis::minutes(1);
/// How old the figures that the database gives may be. They are read every 15 seconds.
const FIGURES_WITHIN: Millis = Millis::minutes(1);
/// How many deliveries may wait before somebody has to look.
const DELIVERIES_MOST: u64 = 1_000;
/// How many hashes of passwords may wait. Each takes about a tenth of a second.
const HASHES_MOST: u64 = 20;

/// What an owner sees of an installation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// The version of this node.
    pub version: String,
    /// The database: `SQLite` or `Postgres`.
    pub engine: String,
    /// When this node started.
    pub started_at: Timestamp,
    /// When these figures were taken.
    pub at: Timestamp,
    /// Why this node cannot serve; `None` if it can.
    pub ready: Option<String>,
    /// What to look at, the worst first.
    pub warnings: Vec<Warning>,
    /// The running nodes of this installation, this one first.
    pub nodes: Vec<Node>,
    /// The present figures of this node, and those of the installation that the database gives.
    pub figures: Vec<Group>,
    /// What this node did in the last hour, oldest first, one sample for every ten seconds. Empty right after the start.
    pub recent: Vec<Sample>,
    /// The verdicts that this node gave since its start, in the order of the checks. Those that were never given are left
    /// out.
    pub calls_by_code: Vec<(Code, u64)>,
}

/// Figures that belong together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// What they are about.
    pub title: String,
    /// The figures.
    pub figures: Vec<Figure>,
}

/// One figure, as people read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figure {
    /// What it counts or measures.
    pub label: String,
    /// The number with its unit.
    pub value: String,
}

/// What a node did in ten seconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// The end of the ten seconds.
    pub at: Timestamp,
    /// Verdicts a second.
    pub calls: f64,
    /// Those of them that let nobody pass, a second.
    pub refused: f64,
    /// Calls a second that got no verdict, because the database could not be read.
    pub unreadable: f64,
    /// What half of the calls took at most, in seconds; `None` without calls.
    pub verify_median: Option<f64>,
    /// What 99 of 100 calls took at most, in seconds; `None` without calls.
    pub verify_p99: Option<f64>,
    /// What 99 of 100 waits for the database took at most, in seconds; `None` without any.
    pub store_wait_p99: Option<f64>,
    /// How long ago changes of other nodes were last asked for, in seconds.
    pub freshness_age: f64,
    /// The memory of the process, in bytes; 0 where it is unknown.
    pub resident_bytes: u64,
    /// Requests of the console a second.
    pub console_requests: f64,
}

impl Sample {
    /// A sample of ten seconds without a call or a request.
    pub const fn idle(at: Timestamp, freshness_age: f64, resident_bytes: u64) -> Self {
        Self {
            at,
            calls: 0.0,
            refused: 0.0,
            unreadable: 0.0,
            verify_median: None,
            verify_p99: None,
            store_wait_p99: None,
            freshness_age,
            resident_bytes,
            console_requests: 0.0,
        }
    }
}

/// Something to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Warning {
    /// This node cannot serve, for this reason.
    NotReady(String),
    /// Changes were last asked for so long ago.
    FreshnessOld(Millis),
    /// Counts of calls have waited so long to be written.
    UsageFlushOld(Millis),
    /// Shares of rate limits cannot be settled with the other nodes.
    LimitsAway,
    /// The clock is so far ahead of the database's; behind, if negative.
    ClockOff(Millis),
    /// The clocks of so many other nodes are wrong.
    OtherClocksOff(u64),
    /// Nodes of these versions run side by side.
    VersionsDiffer(Vec<String>),
    /// The figures that the database gives are so old.
    FiguresOld(Millis),
    /// So many hashes of passwords wait.
    HashesWait(u64),
    /// So many deliveries wait.
    DeliveriesWait(u64),
    /// So many keys are overdue.
    RotationsOverdue(u64),
    /// So many keys expire within seven days.
    KeysExpire(u64),
}

/// The figures that warnings are about.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Health {
    /// Why this node cannot serve; `None` if it can.
    pub not_ready: Option<String>,
    /// How long ago changes were last asked for.
    pub freshness_age: Option<Millis>,
    /// How long the oldest count has waited to be written.
    pub usage_age: Option<Millis>,
    /// Whether shares of rate limits cannot be settled.
    pub limits_away: bool,
    /// How far the clock is ahead of the database's, if that is worth a word.
    pub clock_off: Option<Millis>,
    /// How many other nodes have a clock that is wrong.
    pub other_clocks_off: u64,
    /// The versions of the nodes, each once.
    pub versions: Vec<String>,
    /// How old the figures are that the database gives; `None` before the first.
    pub figures_age: Option<Millis>,
    /// How many hashes of passwords wait.
    pub hashes_waiting: u64,
    /// How many deliveries wait.
    pub deliveries_waiting: u64,
    /// How many keys are overdue.
    pub overdue: u64,
    /// How many keys expire within seven days.
    pub expiring_7: u64,
}

impl Health {
    /// What these nodes tell of each other.
    #[must_use]
    pub fn of_nodes(nodes: &[Node]) -> Self {
        let mut versions: Vec<String> = nodes.iter().map(|node| node.version.clone()).collect();
        versions.sort_unstable();
        versions.dedup();
        let is_off = |node: &&Node| !node.is_this && node.clock_off.0 != 0;
        let other_clocks_off = u64::try_from(nodes.iter().filter(is_off).count()).unwrap_or(u64::MAX);
        Self { other_clocks_off, versions, ..Self::default() }
    }

    /// What to look at, the worst first. Empty if everything works.
    pub fn warnings(&self) -> Vec<Warning> {
        let old = |age: Option<Millis>, most: Millis| age.filter(|age| *age > most);
        let many = |n: u64, most: u64| (n > most).then_some(n);
        let all = [
            self.not_ready.clone().map(Warning::NotReady),
            old(self.freshness_age, FRESH_WITHIN).map(Warning::FreshnessOld),
            old(self.usage_age, COUNTED_WITHIN).map(Warning::UsageFlushOld),
            self.limits_away.then_some(Warning::LimitsAway),
            self.clock_off.map(Warning::ClockOff),
            many(self.other_clocks_off, 0).map(Warning::OtherClocksOff),
            (self.versions.len() > 1).then(|| Warning::VersionsDiffer(self.versions.clone())),
            old(self.figures_age, FIGURES_WITHIN).map(Warning::FiguresOld),
            many(self.hashes_waiting, HASHES_MOST).map(Warning::HashesWait),
            many(self.deliveries_waiting, DELIVERIES_MOST).map(Warning::DeliveriesWait),
            many(self.overdue, 0).map(Warning::RotationsOverdue),
            many(self.expiring_7, 0).map(Warning::KeysExpire),
        ];
        all.into_iter().flatten().collect()
    }
}

impl Warning {
    /// What is wrong, for people.
    pub fn words(&self) -> String {
        match self {
            Self::NotReady(why) => format!("This node cannot serve: {why}."),
            Self::FreshnessOld(age) => {
                format!("Changes of keys were last asked for {} ago.", seconds(*age))
            }
            Self::UsageFlushOld(age) => format!("Counts of calls have waited {} to be written.", seconds(*age)),
            Self::LimitsAway => "Shares of rate limits cannot be settled with the other nodes.".to_owned(),
            Self::ClockOff(off) => {
                let side = if off.0 < 0 { "behind" } else { "ahead of" };
                format!(
                    "The clock of this machine is {} {side} the database's.",
                    seconds(Millis(off.0.saturating_abs()))
                )
            }
            Self::OtherClocksOff(1) => "The clock of another node is wrong.".to_owned(),
            Self::OtherClocksOff(n) => format!("The clocks of {n} other nodes are wrong."),
            Self::VersionsDiffer(versions) => {
                format!("Nodes of different releases run side by side: {}.", versions.join(", "))
            }
            Self::FiguresOld(age) => format!("The figures of keys are {} old.", seconds(*age)),
            Self::HashesWait(n) => format!("{n} sign-ins wait for their password to be checked."),
            Self::DeliveriesWait(n) => format!("{n} deliveries wait."),
            Self::RotationsOverdue(1) => "1 key is overdue for rotation.".to_owned(),
            Self::RotationsOverdue(n) => format!("{n} keys are overdue for rotation."),
            Self::KeysExpire(1) => "1 key expires within 7 days.".to_owned(),
            Self::KeysExpire(n) => format!("{n} keys expire within 7 days."),
        }
    }

    /// What to do about it.
    pub const fn advice(&self) -> &'static str {
        match self {
            Self::NotReady(_) | Self::FreshnessOld(_) | Self::FiguresOld(_) => {
                "See that the database runs and can be reached."
            }
            Self::UsageFlushOld(_) | Self::LimitsAway => "See that the database can be written, and has room.",
            Self::ClockOff(_) | Self::OtherClocksOff(_) => "Set the clock of the machine, for example with NTP.",
            Self::VersionsDiffer(_) => "Finish the update, or go back.",
            Self::HashesWait(_) => "See whether somebody guesses passwords.",
            Self::DeliveriesWait(_) => "See whether the receivers of your webhooks answer.",
            Self::RotationsOverdue(_) => "Rotate them, or ask their owners to.",
            Self::KeysExpire(_) => "Extend or replace them.",
        }
    }
}

fn seconds(age: Millis) -> String {
    let n = age.as_seconds();
    if n == 1 { "1 second".to_owned() } else { format!("{n} seconds") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::NodeId;

    #[test]
    fn all_is_well() {
        let well = Health {
            freshness_age: Some(FRESH_WITHIN),
            usage_age: Some(COUNTED_WITHIN),
            figures_age: Some(FIGURES_WITHIN),
            hashes_waiting: HASHES_MOST,
            deliveries_waiting: DELIVERIES_MOST,
            ..Health::default()
        };
        assert_eq!(well.warnings(), []);
        assert_eq!(Health::default().warnings(), []);
    }

    #[test]
    fn nodes_tell_of_each_other() {
        let node = |version: &str, clock_off: i64, is_this: bool| Node {
            id: NodeId::from_random([1; 12]),
            name: "alpha (1)".to_owned(),
            version: version.to_owned(),
            started_at: Timestamp::from_millis(0),
            seen_at: Timestamp::from_millis(0),
            clock_off: Millis(clock_off),
            is_this,
        };
        // What is wrong with the own clock is known better than by what was last said of it.
        let alike = Health::of_nodes(&[node("0.1.0", 600_000, true), node("0.1.0", 0, false)]);
        assert_eq!(alike.warnings(), []);
        let apart =
            Health::of_nodes(&[node("0.2.0", 0, true), node("0.1.0", -600_000, false), node("0.2.0", 0, false)]);
        let versions = ["0.1.0", "0.2.0"].map(str::to_owned).to_vec();
        assert_eq!(apart.warnings(), [Warning::OtherClocksOff(1), Warning::VersionsDiffer(versions)]);
    }

    #[test]
    fn each_figure_warns_and_the_worst_is_first() {
        let more = |most: Millis| Millis(most.0 + 1);
        let ill = Health {
            not_ready: Some("the database cannot be read".to_owned()),
            freshness_age: Some(more(FRESH_WITHIN)),
            usage_age: Some(more(COUNTED_WITHIN)),
            limits_away: true,
            clock_off: Some(Millis::seconds(-600)),
            other_clocks_off: 1,
            versions: vec!["0.1.0".to_owned(), "0.2.0".to_owned()],
            figures_age: Some(more(FIGURES_WITHIN)),
            hashes_waiting: HASHES_MOST + 1,
            deliveries_waiting: DELIVERIES_MOST + 1,
            overdue: 1,
            expiring_7: 2,
        };
        let words: Vec<String> = ill.warnings().iter().map(Warning::words).collect();
        assert_eq!(
            words,
            [
                "This node cannot serve: the database cannot be read.",
                "Changes of keys were last asked for 5 seconds ago.",
                "Counts of calls have waited 60 seconds to be written.",
                "Shares of rate limits cannot be settled with the other nodes.",
                "The clock of this machine is 600 seconds behind the database's.",
                "The clock of another node is wrong.",
                "Nodes of different releases run side by side: 0.1.0, 0.2.0.",
                "The figures of keys are 60 seconds old.",
                "21 sign-ins wait for their password to be checked.",
                "1001 deliveries wait.",
                "1 key is overdue for rotation.",
                "2 keys expire within 7 days.",
            ]
        );
    }
}
