//! Requests: keys that a second person must approve. Nothing secret exists before whoever asked collects the key.

use crate::draft::KeyDraft;
use crate::field::{Field, FieldErrors};
use crate::ids::{AppId, KeyId};
use crate::kind::KeyKind;
use crate::list::cursor;
use crate::permission::Permission;
use crate::query_string::{ListQuery, Taken, put, query_string};
use crate::text;
use crate::timestamp::{Millis, Timestamp};

/// How many requests of one person may wait at once.
pub const REQUESTS_MAX: u32 = 200;

/// How long a request waits for a decision.
pub const DECIDE_WITHIN: Millis = Millis::days(14);

/// How long an approved key waits to be collected.
pub const COLLECT_WITHIN: Millis = Millis::days(7);

/// How long a request that has ended is shown. The audit keeps what became of it for good.
pub const ENDED_KEPT: Millis = Millis::days(30);

/// The number at which counting those that wait for somebody stops.
pub const WAITING_SHOWN: u32 = 99;

names! {
    /// What has become of a request.
    pub enum RequestState {
        Waiting = "waiting",
        Approved = "approved",
        Declined = "declined",
        Withdrawn = "withdrawn",
        Expired = "expired",
        /// Whoever asked has collected the key.
        Collected = "collected",
        /// Whoever asked lets somebody else collect the key.
        HandedOver = "handed_over",
    }
}

impl RequestState {
    /// The word that people see.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Waiting => "Waiting",
            Self::Approved => "Approved",
            Self::Declined => "Declined",
            Self::Withdrawn => "Withdrawn",
            Self::Expired => "Expired",
            Self::Collected => "Collected",
            Self::HandedOver => "Handed over",
        }
    }

    /// Whether somebody can still do something with it.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Approved)
    }
}

/// A request for a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRequest {
    /// The id that the key will have, which is also that of the request.
    pub key: KeyId,
    /// The app of the key.
    pub app_id: AppId,
    /// The kind of the key.
    pub kind: KeyKind,
    /// The name of the key.
    pub key_name: String,
    /// What was typed for the key. It holds no secret.
    pub draft: KeyDraft,
    /// The one-use id of the form that made the request.
    pub form_id: String,
    /// Why the key is needed.
    pub reason: String,
    /// Who asked: their id, and their e-mail at the time.
    pub asked_by: (String, String),
    /// When they asked.
    pub created_at: Timestamp,
    /// What has become of it.
    pub state: RequestState,
    /// Until when it waits for a decision, or for being collected. Of one that has ended, when it ended.
    pub until: Timestamp,
    /// Who approved or declined it; `None` if nobody has.
    pub decided: Option<Decided>,
}

impl KeyRequest {
    /// The permissions that the key would have.
    pub fn permissions(&self) -> Vec<Permission> {
        let typed = self.draft.permissions.iter().flatten();
        typed.chain(&self.draft.boxes).filter_map(|text| Permission::parse(text).ok()).collect()
    }
}

/// Who approved or declined a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// Their id, and their e-mail at the time.
    pub by: (String, String),
    /// When.
    pub at: Timestamp,
    /// A word to whoever asked; may be empty.
    pub word: String,
}

names! {
    /// A decision about requests.
    pub enum Decision {
        Approve = "approve",
        Decline = "decline",
    }
}

impl Decision {
    /// What the button says.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Approve => "Approve",
            Self::Decline => "Decline",
        }
    }

    /// What becomes of the request.
    pub const fn state(self) -> RequestState {
        match self {
            Self::Approve => RequestState::Approved,
            Self::Decline => RequestState::Declined,
        }
    }
}

/// Checks why a key is needed: 1 to `WHY_MAX` characters.
pub fn reason(text: &str) -> Result<String, FieldErrors> {
    text::why(text).map_err(|message| FieldErrors::one(Field::Reason, message))
}

/// Checks a word to whoever asked, which may be empty.
pub fn word(text: &str) -> Result<String, FieldErrors> {
    text::word_to(text).map_err(|message| FieldErrors::one(Field::Note, message))
}

names! {
    /// Which requests a list shows.
    #[derive(Default)]
    pub enum RequestFilter {
        #[default]
        Waiting = "waiting",
        Approved = "approved",
        Ended = "ended",
    }
}

impl RequestFilter {
    /// The words that people see.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Waiting => "Waiting",
            Self::Approved => "Approved",
            Self::Ended => "Ended",
        }
    }

    /// The states that it shows.
    pub fn states(self) -> impl Iterator<Item = RequestState> {
        RequestState::ALL.iter().copied().filter(move |state| match self {
            Self::Waiting => *state == RequestState::Waiting,
            Self::Approved => *state == RequestState::Approved,
            Self::Ended => !state.is_open(),
        })
    }
}

/// A list of requests as somebody asked for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestQuery {
    /// Which ones.
    pub show: RequestFilter,
    /// Only those that the visitor made.
    pub mine: bool,
    /// Show the page after this cursor.
    pub after: Option<String>,
    /// Show the page before this cursor. Ignored if `after` is set.
    pub before: Option<String>,
}

impl ListQuery for RequestQuery {
    fn take(&mut self, name: &str, value: &str) -> Taken {
        match name {
            "show" => put(&mut self.show, value, RequestFilter::parse(value)),
            "mine" if value == "no" => put(&mut self.mine, value, Some(false)),
            "mine" => put(&mut self.mine, value, (value == "yes").then_some(true)),
            "after" => put(&mut self.after, value, cursor(value)),
            "before" => put(&mut self.before, value, cursor(value)),
            _ => Taken::Unknown,
        }
    }

    fn to_query_string(&self) -> String {
        query_string([
            ("show", (self.show != RequestFilter::default()).then(|| self.show.as_str())),
            ("mine", self.mine.then_some("yes")),
            ("after", self.after.as_deref()),
            ("before", self.before.as_deref()),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_survives_its_string() {
        let query = RequestQuery {
            show: RequestFilter::Ended,
            mine: true,
            after: Some("7Qm2xVbN4tRa~12".to_owned()),
            before: None,
        };
        assert_eq!(query.to_query_string(), "show=ended&mine=yes&after=7Qm2xVbN4tRa~12");
        let pairs = [("show", "ended"), ("mine", "yes"), ("after", "7Qm2xVbN4tRa~12")];
        assert_eq!(RequestQuery::from_pairs(pairs), query);
        assert_eq!(RequestQuery::default().to_query_string(), "");
        let odd = [("show", "sausage"), ("mine", "no"), ("after", ""), ("utm", "1")];
        assert_eq!(RequestQuery::from_pairs(odd), RequestQuery::default());
    }

    #[test]
    fn every_state_is_in_one_list() {
        for state in RequestState::ALL {
            let lists = RequestFilter::ALL.iter().filter(|filter| filter.states().any(|shown| shown == *state));
            assert_eq!(lists.count(), 1, "{state:?}");
        }
    }

    #[test]
    fn a_reason_is_needed_and_a_word_is_not() {
        assert_eq!(reason(" For the\r\nnightly export ").unwrap(), "For the\nnightly export");
        assert_eq!(reason(&"é".repeat(500)).unwrap().chars().count(), 500);
        for wrong in [" \n ", "\u{200d}", "a\u{202e}b", &"x".repeat(501)] {
            assert_eq!(reason(wrong).unwrap_err().0.first().unwrap().field, Field::Reason, "{wrong}");
        }
        assert_eq!(word("  ").unwrap(), "");
        assert!(word("Ask again with an expiry.").is_ok() && word(&"x".repeat(501)).is_err());
    }
}
