//! The figures of the dashboard.

use serde::{Deserialize, Serialize};

use crate::audit::AuditRow;
use crate::page::Capped;

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

/// What `/` shows. Each count equals the list that it links to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dashboard {
    /// Keys that pass now, by status and dates.
    pub active: Capped,
    /// Keys that wait to be confirmed.
    pub pending: Capped,
    /// Keys that are disabled.
    pub disabled: Capped,
    /// Keys that are revoked.
    pub revoked: Capped,
    /// Active keys past their expiry.
    pub expired: Capped,
    /// Active keys that expire within 7 days.
    pub expiring_7: Capped,
    /// Active keys that expire within 30 days.
    pub expiring_30: Capped,
    /// Active keys that were never used.
    pub never_used: Capped,
    /// Calls that were accepted in the last 24 hours.
    pub accepted_24h: u64,
    /// Calls that were refused in the last 24 hours.
    pub refused_24h: u64,
    /// The latest events, newest first.
    pub recent: Vec<AuditRow>,
    /// What a new installation does next.
    pub checklist: Vec<Step>,
}
