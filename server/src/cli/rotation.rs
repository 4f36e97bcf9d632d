//! `keystead key rotation`: the secrets of a key, each with its use.

use super::failure::Failure;
use super::json::Json;
use super::output::{plain, show, tell};
use super::table::{Column, Table};

/// The columns for the only secret of a key.
static OF_ONE: [Column; 6] = columns("Never used");

/// The columns for two secrets. Each is counted since there are two, so the old one may have been used before.
static OF_TWO: [Column; 6] = columns("Not since there are two");

const fn columns(unused: &'static str) -> [Column; 6] {
    [
        Column::new("Number", "number"),
        Column::whole("Last 4", "last4"),
        Column::new("Since", "since"),
        Column::new("Works until", "endsAt").or("The key ends"),
        Column::new("Last used", "lastUsedAt").or(unused),
        Column::new("Calls of the last hour", "callsLastHour"),
    ]
}

/// What a finished rotation means.
pub(super) const OLD_ENDED: &str = "the old secret no longer works";

/// What an undone rotation means.
pub(super) const NEW_ENDED: &str = "the new secret no longer works";

/// What an extended rotation means, also for a key that is disabled.
pub(super) fn extended(answer: &Json) -> Option<String> {
    let end = answer.at("rotation.secrets")?.items().iter().find_map(|secret| secret.text("endsAt"))?;
    Some(format!("the old secret ends at {}", plain(end)))
}

/// Prints the answer about a rotation: as the API sent it, or a line for each secret that works.
pub(super) fn shown(answer: &Json, json: bool) -> Result<(), Failure> {
    if json {
        return show(format_args!("{}", answer.to_text()));
    }
    let secrets = answer.at("rotation.secrets").map_or(&[][..], Json::items);
    let columns = if secrets.len() > 1 { &OF_TWO } else { &OF_ONE };
    show(format_args!("{}", Table::new(columns).page(secrets).join("\n")))?;
    let until = answer.at("rotation.waiting").and_then(|waiting| waiting.text("acknowledgeBy"));
    if let Some(until) = until {
        tell(format_args!("A new secret waits to be confirmed until {}. It does not work yet.", plain(until)));
    }
    Ok(())
}
