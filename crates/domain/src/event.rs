//! Events: what a program with a key of a contact-centre platform reports.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::field::{Field, FieldErrors};
use crate::ids::{AppId, EventId, IntegrationId, KeyId};
use crate::kind::KeyKind;
use crate::list::{Rows, cursor, search_of};
use crate::query_string::{ListQuery, Taken, is_whole, put, query_string};
use crate::text;
use crate::timestamp::{Millis, Timestamp};

/// The most characters of the name of an event.
pub const EVENT_NAME_MAX: usize = 100;
/// The most characters of a CRM ID, which is the name of a host.
pub const CRM_ID_MAX: usize = 253;
/// The most characters of the id of an agent, which is often an e-mail.
pub const AGENT_ID_MAX: usize = 254;
/// The most bytes of the further members of an event, as JSON.
pub const EVENT_DATA_MAX: usize = 64 * 1024;
/// The most further members of an event.
pub const EVENT_MEMBERS_MAX: usize = 200;

/// How long events are kept.
pub const EVENTS_KEPT: Millis = Millis::days(30);

/// The names that the platform's own clients send. Any other name is accepted, too.
pub const EVENT_NAMES: [&str; 9] = [
    "On Ring",
    "On Answer",
    "On Hold",
    "On End",
    "Chat Ring",
    "Chat Accept",
    "Chat Reject",
    "On Chat End",
    "On Incident Save",
];

/// An event that was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The event's id.
    pub id: EventId,
    /// The app of its key.
    pub app_id: AppId,
    /// The integration whose event it is.
    pub integration_id: IntegrationId,
    /// Its number in the integration, from 1.
    pub seq: u64,
    /// The kind of its key.
    pub kind: KeyKind,
    /// The key that it came with.
    pub key_id: KeyId,
    /// The name that the key had.
    pub key_name: String,
    /// What happened, as the sender calls it.
    pub name: String,
    /// The CRM that it is about: the name of its host.
    pub crm_id: String,
    /// The agent whom it is for; `None` if it is for the connection of the CRM itself.
    pub agent_id: Option<String>,
    /// The further members, as a JSON object.
    pub data: String,
    /// The origin of the page that sent it.
    pub origin: Option<String>,
    /// The address that it came from.
    pub address: Option<IpAddr>,
    /// When it was accepted.
    pub at: Timestamp,
}

impl Event {
    /// Whom it is for, in words.
    pub fn target(&self) -> &str {
        self.agent_id.as_deref().unwrap_or("CRM connection")
    }
}

/// What an event is about, in the form that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventAbout {
    /// What happened.
    pub name: String,
    /// The CRM that it is about.
    pub crm_id: String,
    /// The agent whom it is for; `None` if it is for the connection of the CRM itself.
    pub agent_id: Option<String>,
}

impl EventAbout {
    /// Checks what a program sent. The errors say what to send instead.
    pub fn checked(name: &str, crm_id: &str, agent_id: &str) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::default();
        let name = needed(name, EVENT_NAME_MAX, "Send the name of the event, for example On Ring.");
        let name = errors.keep(Field::EventName, name);
        let crm_id = needed(crm_id, CRM_ID_MAX, "Send the host of the CRM, for example example.zendesk.com.");
        let crm_id = errors.keep(Field::CrmId, crm_id);
        let agent_id = errors.keep(Field::AgentId, text::optional_line(agent_id, AGENT_ID_MAX));
        match (name, crm_id, agent_id) {
            (Some(name), Some(crm_id), Some(agent_id)) => Ok(Self { name, crm_id, agent_id }),
            _ => Err(errors),
        }
    }
}

fn needed(text: &str, max: usize, message: &str) -> Result<String, String> {
    text::optional_line(text, max)?.ok_or_else(|| message.to_owned())
}

/// The further members of an event as the text that is kept. They may hold no key, because every reader of the event sees
/// them.
#[cfg(feature = "server")]
pub fn checked_data(members: &serde_json::Map<String, serde_json::Value>) -> Result<String, FieldErrors> {
    let wrong = |message: String| FieldErrors::one(Field::EventData, message);
    if members.len() > EVENT_MEMBERS_MAX {
        return Err(wrong(format!("Send at most {EVENT_MEMBERS_MAX} further members; you sent {}.", members.len())));
    }
    let data = serde_json::to_string(members).map_err(|error| wrong(format!("This cannot be kept: {error}.")))?;
    if data.len() > EVENT_DATA_MAX {
        let most = EVENT_DATA_MAX / 1024;
        return Err(wrong(format!("The further members may have at most {most} kB of JSON together.")));
    }
    text::no_key(&data).map_err(wrong)?;
    Ok(data)
}

/// The events of an integration as somebody asked for them, the newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventQuery {
    /// Only events of this name.
    pub name: Option<String>,
    /// Only events of this CRM.
    pub crm_id: Option<String>,
    /// Only events for this agent.
    pub agent_id: Option<String>,
    /// How many rows a page shows.
    pub rows: Rows,
    /// Read the page after this cursor. Wins over `before`.
    pub after: Option<String>,
    /// The page before this cursor.
    pub before: Option<String>,
}

/// In the place of what no event can have, such as a text that is too long: no event has this either.
const OF_NO_EVENT: &str = "\n";

/// Why no event can have the text that a filter of at most `max` characters is asked for, as what to do about it; `None` if
/// one can.
pub fn why_no_event(text: &str, max: usize) -> Option<String> {
    if search_of(text, max).as_deref().map_or(text.is_empty(), |kept| is_whole(kept, text)) {
        return None;
    }
    Some(if text.trim().is_empty() {
        "Enter more than spaces, or nothing.".to_owned()
    } else if text.contains(char::is_control) {
        "Leave out line breaks and other control characters: no event has them here.".to_owned()
    } else if text.trim().chars().count() > max {
        format!("Enter at most {max} characters: no event has more here.")
    } else {
        "Leave out the secret of the key: no event has one here.".to_owned()
    })
}

/// Puts the text that a filter takes whole into its place. What is not kept whole finds nothing, as any other text that no
/// event has.
fn put_whole(place: &mut Option<String>, value: &str, max: usize) -> Taken {
    let none = why_no_event(value, max).map(|_| OF_NO_EVENT.to_owned());
    *place = none.or_else(|| search_of(value, max));
    Taken::Read
}

impl ListQuery for EventQuery {
    fn take(&mut self, name: &str, value: &str) -> Taken {
        match name {
            "event" => put_whole(&mut self.name, value, EVENT_NAME_MAX),
            "crm" => put_whole(&mut self.crm_id, value, CRM_ID_MAX),
            "agent" => put_whole(&mut self.agent_id, value, AGENT_ID_MAX),
            "rows" => put(&mut self.rows, value, Rows::parse(value)),
            "after" => put(&mut self.after, value, cursor(value)),
            "before" => put(&mut self.before, value, cursor(value)),
            _ => Taken::Unknown,
        }
    }

    fn to_query_string(&self) -> String {
        query_string([
            ("event", self.name.as_deref()),
            ("crm", self.crm_id.as_deref()),
            ("agent", self.agent_id.as_deref()),
            ("rows", (self.rows != Rows::default()).then(|| self.rows.as_str())),
            ("after", self.after.as_deref()),
            ("before", self.before.as_deref()),
        ])
    }
}

impl EventQuery {
    /// Whether anything narrows the list.
    pub fn is_filtered(&self) -> bool {
        self.name.is_some() || self.crm_id.is_some() || self.agent_id.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_event_is_about_is_checked_at_its_limits() {
        let about = EventAbout::checked(" On Ring ", "this-is-a-test.zendesk.com", " ").unwrap();
        assert_eq!((about.name.as_str(), about.agent_id), ("On Ring", None));
        let longest = EventAbout::checked(&"é".repeat(100), &"c".repeat(253), &"a".repeat(254)).unwrap();
        assert_eq!(longest.agent_id.map(|agent| agent.len()), Some(254));
        for (name, crm, agent, field) in [
            ("", "crm", "", Field::EventName),
            (&*"n".repeat(101), "crm", "", Field::EventName),
            ("a\0b", "crm", "", Field::EventName),
            ("a\nb", "crm", "", Field::EventName),
            ("On Ring", " ", "", Field::CrmId),
            ("On Ring", &*"c".repeat(254), "", Field::CrmId),
            ("On Ring", "crm", &*"a".repeat(255), Field::AgentId),
            ("On Ring", "crm", "\u{202e}a", Field::AgentId),
        ] {
            let errors = EventAbout::checked(name, crm, agent).unwrap_err();
            assert_eq!(
                errors.0.iter().map(|error| error.field).collect::<Vec<_>>(),
                [field],
                "{name:?} {crm:?} {agent:?}"
            );
        }
        assert_eq!(EventAbout::checked("", "", &"a".repeat(255)).unwrap_err().0.len(), 3, "all are told");
    }

    #[cfg(feature = "server")]
    #[test]
    fn further_members_have_a_number_and_a_size() {
        use serde_json::{Map, Value, json};

        let many = |n: usize| (0..n).map(|n| (format!("m{n}"), json!(n))).collect::<Map<_, _>>();
        assert!(checked_data(&many(200)).is_ok() && checked_data(&many(201)).is_err());
        assert_eq!(checked_data(&Map::new()).unwrap(), "{}");
        let long = |n: usize| Map::from_iter([("a".to_owned(), Value::from("x".repeat(n)))]);
        assert_eq!(checked_data(&long(EVENT_DATA_MAX - 8)).unwrap().len(), EVENT_DATA_MAX);
        assert!(checked_data(&long(EVENT_DATA_MAX - 7)).is_err());
        let key = Map::from_iter([("a".to_owned(), json!({"b": ["7Qm2xV-bN4tRa-abcdef-012345-20261121093002"]}))]);
        assert!(checked_data(&key).is_err(), "whoever sees the event would see the key");
    }

    #[test]
    fn what_no_event_can_have_finds_none() {
        for text in [&*"n".repeat(255), "\0", "a\0b", " "] {
            for filter in ["event", "crm", "agent"] {
                let (query, left_out) = EventQuery::read([(filter, text)]);
                assert!(query.is_filtered() && left_out.is_empty(), "{filter} {text:?}");
                assert_eq!(EventQuery::read_string(&query.to_query_string()).0, query, "{filter} {text:?}");
            }
            let asked = EventQuery::from_pairs([("event", text)]).name.unwrap();
            assert!(EventAbout::checked(&asked, "crm", "").is_err(), "{text:?}");
        }
        assert!(!EventQuery::from_pairs([("event", ""), ("crm", ""), ("agent", "")]).is_filtered());
    }

    #[test]
    fn a_filter_says_why_no_event_can_have_its_text() {
        for (text, why) in [
            (" \n", "Enter more than spaces"),
            ("\0", "Leave out line breaks"),
            ("a\nb", "Leave out line breaks"),
            (&*"n".repeat(101), "Enter at most 100 characters"),
            (&*"S".repeat(49), "Leave out the secret"),
        ] {
            let said = why_no_event(text, EVENT_NAME_MAX).unwrap_or_default();
            assert!(said.starts_with(why), "{text:?}: {said}");
        }
        let token = "ks_7Qm2xVbN4tRa_".to_owned() + &"S".repeat(49);
        for text in ["", " On Ring ", "Nothing like it", &*"é".repeat(100), &*token] {
            assert_eq!(why_no_event(text, EVENT_NAME_MAX), None, "{text:?}");
        }
    }

    #[test]
    fn a_list_survives_its_address() {
        let query = EventQuery {
            name: Some("On Ring".to_owned()),
            crm_id: Some("a&b.example.com".to_owned()),
            agent_id: Some("ana@example.com".to_owned()),
            rows: Rows::Most,
            after: Some("7".to_owned()),
            before: None,
        };
        let text = query.to_query_string();
        assert_eq!(text, "event=On%20Ring&crm=a%26b.example.com&agent=ana%40example.com&rows=100&after=7");
        let pairs = [("event", "On Ring"), ("crm", "a&b.example.com"), ("agent", "ana@example.com"), ("rows", "100")];
        assert_eq!(EventQuery::from_pairs(pairs.into_iter().chain([("after", "7"), ("x", "y")])), query);
        assert!(query.is_filtered() && !EventQuery::default().is_filtered());
        // A filter takes the whole of what it looks for, so the longest must fit.
        let (crm, agent) = ("c".repeat(CRM_ID_MAX), format!("{}@example.com", "a.".repeat(121)));
        let longest = EventQuery::from_pairs([("crm", &*crm), ("agent", &*agent)]);
        assert_eq!((longest.crm_id.as_deref(), longest.agent_id.as_deref()), (Some(&*crm), Some(&*agent)));
    }
}
