//! One thing, as a list of its members.

use super::failure::Failure;
use super::json::Json;
use super::output::{on_a_line, plain, show};

/// Prints an answer about one thing: as the API sent it, or a line for each member that has a value.
pub(super) fn one(answer: &Json, json: bool) -> Result<(), Failure> {
    if json {
        return show(format_args!("{}", answer.to_text()));
    }
    show(format_args!("{}", lines(answer).join("\n")))
}

fn lines(answer: &Json) -> Vec<String> {
    let mut members = Vec::new();
    for (name, value) in answer.members() {
        match value {
            Json::Object(inner) => members.extend(inner.iter().map(|(name, value)| (name, value))),
            value => members.push((name, value)),
        }
    }
    let named = members.into_iter().map(|(name, value)| (label(name), on_a_line(&value.words())));
    let named: Vec<_> = named.filter(|(_, words)| !words.is_empty()).collect();
    let widest = named.iter().map(|(label, _)| label.chars().count()).max().unwrap_or_default();
    named.iter().map(|(label, words)| format!("{label:widest$}  {words}")).collect()
}

/// `lastUsedAt` as `Last used at`.
fn label(member: &str) -> String {
    let mut label = String::new();
    for (n, c) in member.chars().enumerate() {
        match c {
            c if n == 0 => label.extend(c.to_uppercase()),
            c if c.is_ascii_uppercase() => label.extend([' ', c.to_ascii_lowercase()]),
            c => label.push(c),
        }
    }
    plain(&label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_value_has_a_line() {
        let answer =
            br#"{"key":{"id":"7Qm2xVbN4tRa","name":"a\u001bb","expiresAt":null,"cidrs":["10.0.0.0/8","::1/128"],
            "tags":[],"metadata":{"plan":"gold"},"quota":5,
            "revoked":{"at":"2026","reason":"leaked","restorableUntil":null}},"overlapEndsAt":"2030"}"#;
        let expected = [
            "Id               7Qm2xVbN4tRa",
            "Name             a\u{fffd}b",
            "Cidrs            10.0.0.0/8, ::1/128",
            "Metadata         plan=gold",
            "Quota            5",
            "Revoked          at=2026, reason=leaked",
            "Overlap ends at  2030",
        ];
        assert_eq!(lines(&Json::read(answer).unwrap()), expected);
    }
}
