//! The figures of the dashboard.

use serde::{Deserialize, Serialize};

use crate::audit::AuditRow;
use crate::calls::{Period, Span};
use crate::ids::KeyId;
use crate::list::StatusFilter;
use crate::page::Capped;
use crate::timestamp::Timestamp;

names! {
    /// A next step for a new installation.
    pub enum StepKind {
        FirstKey = "first_key",
        VerifierKey = "verifier_key",
        FirstCheck = "first_check",
    }
}

impl StepKind {
    /// What to do, for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::FirstKey => "Generate your first key",
            Self::VerifierKey => "Generate a key for the service that checks keys",
            Self::FirstCheck => "Check a key from your service",
        }
    }
}

/// A step of the checklist, and whether it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The step.
    pub step: StepKind,
    /// Whether it is done.
    pub done: bool,
}

/// A sort of keys to look at, with the worst of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToLookAt {
    /// The filter of the list that shows all of them.
    pub filter: StatusFilter,
    /// How many there are.
    pub count: Capped,
    /// The worst ones, worst first.
    pub worst: Vec<Worst>,
}

/// One of the worst keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worst {
    /// The key.
    pub id: KeyId,
    /// Its name.
    pub name: String,
    /// How bad it is.
    pub figure: Figure,
}

/// What makes a key worse than others of its sort.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Figure {
    /// It expires then.
    Expires(Timestamp),
    /// So many calls were refused.
    Refused(u64),
    /// It has existed since then.
    Created(Timestamp),
    /// Its secret was to be rotated by then.
    RotationDue(Timestamp),
}

/// What `/` shows. Each count of keys equals the list that it links to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dashboard {
    /// Keys that pass now, by status and dates.
    pub active: Capped,
    /// Keys that wait to be confirmed.
    pub pending: Capped,
    /// Active keys that expire within 30 days.
    pub expiring_30: Capped,
    /// Active keys that were never used.
    pub never_used: Capped,
    /// Keys that are disabled or revoked.
    pub off: Capped,
    /// How far back the calls go.
    pub span: Span,
    /// The calls, oldest first, including periods without calls.
    pub calls: Vec<Period>,
    /// The keys to look at, in every sort.
    pub to_look_at: Vec<ToLookAt>,
    /// The latest events, newest first.
    pub recent: Vec<AuditRow>,
    /// What a new installation does next.
    pub checklist: Vec<Step>,
}
