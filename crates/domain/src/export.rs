//! Rows of an export: what a list shows and more, never a secret. A line of JSON is the row itself; a line of CSV has
//! the same members as cells.

use serde::Serialize;
use serde_json::Value;

use crate::audit::{Action, ActorKind, AuditRow, Change, SubjectKind};
use crate::key::KeyDetail;
use crate::labels::Metadata;
use crate::limit::RateLimit;
use crate::names::Word;
use crate::quota::Quota;
use crate::timestamp::Timestamp;

/// The form of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportForm {
    /// Comma-separated values as in RFC 4180, with a line of names first.
    Csv,
    /// One JSON object per line.
    JsonLines,
}

/// A row of an export.
pub trait Exported: Serialize {
    /// The names of its members, in order.
    const COLUMNS: &'static [&'static str];
}

/// A key in an export. Times are RFC 3339 in UTC.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExportedKey {
    id: String,
    name: String,
    kind: &'static str,
    status: &'static str,
    environment: &'static str,
    description: String,
    owner: Option<String>,
    external_id: Option<String>,
    tags: Vec<String>,
    metadata: Metadata,
    permissions: Vec<String>,
    networks: Vec<String>,
    blocked_networks: Vec<String>,
    domains: Vec<String>,
    rate_limits: Vec<String>,
    call_quota: Option<String>,
    not_before: Option<String>,
    expires_at: Option<String>,
    created_at: String,
    created_by: String,
    last_used_at: Option<String>,
    rotation_due_at: Option<String>,
    revoked_at: Option<String>,
    revoke_reason: Option<&'static str>,
    app_id: String,
}

impl Exported for ExportedKey {
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "name",
        "kind",
        "status",
        "environment",
        "description",
        "owner",
        "externalId",
        "tags",
        "metadata",
        "permissions",
        "networks",
        "blockedNetworks",
        "domains",
        "rateLimits",
        "callQuota",
        "notBefore",
        "expiresAt",
        "createdAt",
        "createdBy",
        "lastUsedAt",
        "rotationDueAt",
        "revokedAt",
        "revokeReason",
        "appId",
    ];
}

impl ExportedKey {
    /// The key as it is at `now`.
    pub fn at(key: KeyDetail, now: Timestamp) -> Self {
        let status = key.row.status(now).as_str();
        let time = |at: Option<Timestamp>| at.map(Timestamp::to_rfc3339);
        Self {
            id: key.row.id.as_str().to_owned(),
            name: key.row.name,
            kind: key.row.kind.as_str(),
            status,
            environment: key.rules.environment.as_str(),
            description: key.description,
            owner: key.rules.owner.map(String::from),
            external_id: key.rules.external_id,
            tags: key.rules.tags,
            metadata: key.rules.metadata,
            permissions: key.rules.permissions.iter().map(|permission| permission.as_str().to_owned()).collect(),
            networks: key.rules.cidrs.iter().map(ToString::to_string).collect(),
            blocked_networks: key.rules.denied_cidrs.iter().map(ToString::to_string).collect(),
            domains: key.rules.domains.iter().map(|domain| domain.as_str().to_owned()).collect(),
            rate_limits: key.rules.limits.iter().map(RateLimit::to_string).collect(),
            call_quota: key.rules.quota.map(Quota::words),
            not_before: time(key.row.not_before),
            expires_at: time(key.row.expires_at),
            created_at: key.row.created_at.to_rfc3339(),
            created_by: key.row.created_by,
            last_used_at: time(key.row.last_used_at),
            rotation_due_at: time(key.row.rotation_due_at),
            revoked_at: time(key.revoked.as_ref().map(|revoked| revoked.at)),
            revoke_reason: key.revoked.map(|revoked| revoked.reason.as_str()),
            app_id: key.app_id.to_string(),
        }
    }
}

/// An event of the audit in an export.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExportedEvent {
    number: i64,
    at: String,
    action: Word<Action>,
    subject_kind: Word<SubjectKind>,
    subject_id: String,
    subject: String,
    actor_kind: Word<ActorKind>,
    actor: String,
    address: Option<String>,
    note: Option<String>,
    changes: Vec<Change>,
}

impl Exported for ExportedEvent {
    const COLUMNS: &'static [&'static str] = &[
        "number",
        "at",
        "action",
        "subjectKind",
        "subjectId",
        "subject",
        "actorKind",
        "actor",
        "address",
        "note",
        "changes",
    ];
}

impl From<AuditRow> for ExportedEvent {
    fn from(row: AuditRow) -> Self {
        Self {
            number: row.seq,
            at: row.at.to_rfc3339(),
            action: row.action,
            subject_kind: row.subject.kind,
            subject_id: row.subject.id,
            subject: row.subject.label,
            actor_kind: row.actor_kind,
            actor: row.actor_label,
            address: row.address,
            note: row.note,
            changes: row.changes,
        }
    }
}

/// A row as cells of CSV, in the order of its columns. Several values are separated by "; ". A cell that a spreadsheet
/// would take for a formula gets an apostrophe before it.
pub fn cells<T: Exported>(row: &T) -> Result<Vec<String>, serde_json::Error> {
    let value = serde_json::to_value(row)?;
    Ok(T::COLUMNS.iter().map(|column| harmless(words(value.get(column)))).collect())
}

fn words(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) if items.iter().all(Value::is_string) => {
            items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("; ")
        }
        Some(Value::Array(items)) if items.is_empty() => String::new(),
        Some(Value::Object(members)) if members.is_empty() => String::new(),
        Some(other) => other.to_string(),
    }
}

fn harmless(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Subject;

    fn event(note: &str) -> ExportedEvent {
        let subject = Subject {
            kind: Word::Known(SubjectKind::Key),
            id: "7Qm2xVbN4tRa".into(),
            label: "A".into(),
            key_kind: None,
        };
        ExportedEvent::from(AuditRow {
            seq: 7,
            at: Timestamp::from_millis(1_800_000_000_000),
            actor_kind: Word::Known(ActorKind::System),
            actor_label: "Keystead".into(),
            action: Word::Known(Action::KeyEdited),
            subject,
            changes: vec![Change { field: "name".into(), from: None, to: Some("A".into()) }],
            note: Some(note.to_owned()),
            address: None,
        })
    }

    #[test]
    fn a_cell_is_never_a_formula() {
        for text in ["=1+1", "+1", "-1", "@A1", "\t=1", "\r=1"] {
            assert_eq!(cells(&event(text)).unwrap()[9], format!("'{text}"));
        }
        for text in ["", "a=b", "'=1", "1-1"] {
            assert_eq!(cells(&event(text)).unwrap()[9], text);
        }
    }

    #[test]
    fn cells_are_the_members_in_their_order() {
        let row = event("n");
        let json = serde_json::to_string(&row).unwrap();
        let places: Vec<_> =
            ExportedEvent::COLUMNS.iter().map(|name| json.find(&format!("\"{name}\":")).unwrap()).collect();
        assert!(places.is_sorted());
        assert_eq!(serde_json::to_value(&row).unwrap().as_object().unwrap().len(), ExportedEvent::COLUMNS.len());
        assert_eq!(cells(&row).unwrap()[..4], ["7", "2027-01-15T08:00:00Z", "key.edited", "key"]);
        assert_eq!(cells(&row).unwrap()[10], r#"[{"field":"name","from":null,"to":"A"}]"#);
    }
}
