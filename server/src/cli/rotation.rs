//! `keystead key rotation`: the secrets of a key, each with its use.

use super::failure::Failure;
use super::json::Json;
use super::output::{plain, show, tell};
use super::table::{Column, Table};

const COLUMNS: &[Column] = &[
    Column::new("Number", "number"),
    Column::whole("Last 4", "last4"),
    Column::new("Since", "since"),
    Column::new("Works until", "endsAt").or("The key ends"),
    Column::new("Last used", "lastUsedAt"),
    Column::new("Calls of the last hour", "callsLastHour"),
];

/// Prints the answer about a rotation: as the API sent it, or a line for each secret that works.
pub(super) fn shown(answer: &Json, json: bool) -> Result<(), Failure> {
    if json {
        return show(format_args!("{}", answer.to_text()));
    }
    let secrets = answer.at("rotation.secrets").map_or(&[][..], Json::items);
    show(format_args!("{}", Table::new(COLUMNS).page(secrets).join("\n")))?;
    let until = answer.at("rotation.waiting").and_then(|waiting| waiting.text("acknowledgeBy"));
    if let Some(until) = until {
        tell(format_args!("A new secret waits to be confirmed until {}. It does not work yet.", plain(until)));
    }
    Ok(())
}
