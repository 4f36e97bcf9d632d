//! What Keystead keeps of calls: how they arrived, how many there were, and which were refused.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::kind::KeyKind;
use crate::timestamp::Timestamp;
use crate::verdict::Code;

/// How many refused calls of a key are kept that came with a secret of it.
pub const REFUSALS_KEPT: i64 = 20;
/// How many are kept that came with a wrong one. Whoever knows the id can send those, so they take no place of the others.
pub const WRONG_SECRETS_KEPT: i64 = 5;

names! {
    /// The way in which a call arrived.
    #[derive(Default)]
    pub enum Edge {
        /// A service asked about a key.
        #[default]
        Verify = "verify",
        /// A key asked about itself.
        OwnCheck = "self",
        /// A proxy asked whether a request may pass.
        Authorize = "authorize",
        /// A client of Unkey's second API asked about a key.
        Unkey = "keys.verifyKey",
        /// A call of chats and contacts with a Master User key.
        Qwil = "chat-service",
        /// A client of the VChatCloud API presented the API KEY of an app.
        VChatCloud = "vchatcloud",
        /// A call in the form of Sunshine Conversations.
        Sunshine = "sunshine",
        /// A program reported an event.
        OpenMethods = "events",
    }
}

impl Edge {
    /// The words that people see.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Verify => "Verify call",
            Self::OwnCheck => "Self-check",
            Self::Authorize => "Forward-auth",
            Self::Unkey => "Verify call (Unkey form)",
            Self::Qwil => "Chat call (Qwil form)",
            Self::VChatCloud => "VChatCloud call",
            Self::Sunshine => "Sunshine call",
            Self::OpenMethods => "Event",
        }
    }
}

/// The calls of one hour with one verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HourCalls {
    /// The start of the hour, in milliseconds since 1970.
    pub hour: i64,
    /// The verdict of these calls.
    pub code: Code,
    /// How many calls there were.
    pub calls: u64,
}

/// A call that was refused, as it was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedCall {
    /// When the call was refused.
    pub at: Timestamp,
    /// Why the call was refused.
    pub code: Code,
    /// The way in which it arrived.
    pub edge: Edge,
    /// The client's address, if it was known.
    pub address: Option<IpAddr>,
    /// The client's `Origin`, shortened.
    pub origin: Option<String>,
    /// The permission query, shortened.
    pub permissions: Option<String>,
    /// The kind that was asked for.
    pub kind: Option<KeyKind>,
    /// The method of the request that was asked about, shortened.
    pub method: Option<String>,
    /// The path of that request, shortened, without a query string.
    pub path: Option<String>,
}
