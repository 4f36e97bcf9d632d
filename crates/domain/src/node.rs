//! Nodes: the running servers of one installation. Those on one Postgres know of each other.

use serde::{Deserialize, Serialize};

use crate::ids::NodeId;
use crate::timestamp::{Millis, Timestamp};

/// The most characters of a node's name.
pub const NODE_NAME_MAX: usize = 100;

/// A node that was not seen for this long is lost.
pub const LOST_AFTER: Millis = Millis::seconds(10);

/// A node that could not confirm for this long that it is still counted among the others spends nothing of its shares.
/// It is less than `LOST_AFTER`, so that a node has stopped before the others learn that it is lost.
pub const CONFIRMED_WITHIN: Millis = Millis::seconds(5);

/// A running server of an installation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Its id, another one after each start.
    pub id: NodeId,
    /// The name of its machine, and the number of its process there.
    pub name: String,
    /// The version of Keystead that it runs.
    pub version: String,
    /// When it started.
    pub started_at: Timestamp,
    /// When it last said that it is there.
    pub seen_at: Timestamp,
    /// How far its machine's clock is ahead of the database's; behind, if negative. Zero if that is not far.
    pub clock_off: Millis,
    /// Whether it is the node that was asked.
    pub is_this: bool,
}

/// The name of a node: that of its machine, and the number of its process.
pub fn node_name(machine: &str, process: u32) -> String {
    let machine: String = machine.chars().filter(|c| !c.is_control() && !c.is_whitespace()).collect();
    let machine = if machine.is_empty() { "unnamed" } else { &machine };
    let process = format!(" ({process})");
    let room = NODE_NAME_MAX.saturating_sub(process.chars().count());
    format!("{}{process}", machine.chars().take(room).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_and_on_one_line() {
        assert_eq!(node_name("alpha", 4711), "alpha (4711)");
        assert_eq!(node_name("a\nb c", 1), "abc (1)");
        assert_eq!(node_name("", 1), "unnamed (1)");
        assert_eq!(node_name(&"é".repeat(500), u32::MAX).chars().count(), NODE_NAME_MAX);
    }
}
