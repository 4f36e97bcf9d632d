//! Which events of the audit to read, as the URL carries it.

use crate::audit::Action;
use crate::ids::{KeyId, PersonId};
use crate::list::{cursor, search};
use crate::query_string::{ListQuery, Taken, put, put_text, query_string};
use crate::timestamp::{Millis, Timestamp};

/// How many days the strip above the audit shows.
pub const DAYS_SHOWN: i64 = 30;

/// The audit as a person asked for it, and which page of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// Only the events about this key, deleted or not.
    pub key: Option<KeyId>,
    /// Only the events about keys that have, or had, a name that begins with this.
    pub name: Option<String>,
    /// Only what this person did, and what was done to them, whatever they were called.
    pub person_id: Option<PersonId>,
    /// Only what people did whose e-mail or name contains this, or the actor whose name this is, and what was done to these
    /// people. A whole e-mail means its person alone.
    pub person: Option<String>,
    /// Only the events of this action.
    pub action: Option<Action>,
    /// Only the events of this day, which begins at midnight UTC, and of later ones.
    pub from: Option<Timestamp>,
    /// Only the events of this day and of earlier ones.
    pub to: Option<Timestamp>,
    /// Read the page of older events after this cursor. Wins over `before`.
    pub after: Option<String>,
    /// The page of newer events before this cursor.
    pub before: Option<String>,
}

impl ListQuery for AuditQuery {
    fn take(&mut self, name: &str, value: &str) -> Taken {
        match name {
            // Whoever shows the audit reads it.
            "key" if value.is_empty() || search(value).is_some() => Taken::Read,
            "key" => Taken::Unread,
            "name" => put_text(&mut self.name, value, search(value)),
            "person_id" => put(&mut self.person_id, value, PersonId::parse(value)),
            "person" => put_text(&mut self.person, value, search(value)),
            "action" => put(&mut self.action, value, Action::parse(value)),
            "from" => put(&mut self.from, value, day(value)),
            "to" => put(&mut self.to, value, day(value)),
            "after" => put(&mut self.after, value, cursor(value)),
            "before" => put(&mut self.before, value, cursor(value)),
            _ => Taken::Unknown,
        }
    }

    fn to_query_string(&self) -> String {
        let (from, to) = (self.from.map(Timestamp::to_date), self.to.map(Timestamp::to_date));
        query_string([
            ("key", self.key.as_ref().map(KeyId::as_str)),
            ("name", self.name.as_deref()),
            ("person_id", self.person_id.as_ref().map(PersonId::as_str)),
            ("person", self.person.as_deref()),
            ("action", self.action.map(Action::as_str)),
            ("from", from.as_deref()),
            ("to", to.as_deref()),
            ("after", self.after.as_deref()),
            ("before", self.before.as_deref()),
        ])
    }
}

impl AuditQuery {
    /// The same question from its first page.
    pub fn first_page(&self) -> Self {
        Self { after: None, before: None, ..self.clone() }
    }

    /// Whether anything narrows the audit.
    pub fn is_filtered(&self) -> bool {
        self.first_page() != Self::default()
    }

    /// When the last day that is meant ends.
    pub fn until(&self) -> Option<Timestamp> {
        self.to.map(|day| day.plus(Millis::days(1)))
    }

    /// The first day of the strip: the last days up to now, or those around the end that was asked for.
    pub fn first_shown(&self, now: Timestamp) -> Timestamp {
        let today = now.midnight();
        let end = self.to.map_or(today, |to| to.plus(Millis::days(DAYS_SHOWN / 2)).min(today));
        end.plus(Millis::days(1 - DAYS_SHOWN))
    }
}

fn day(text: &str) -> Option<Timestamp> {
    Timestamp::parse_input(text).map(Timestamp::midnight)
}

/// How many events there were on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayEvents {
    /// When the day begins.
    pub day: Timestamp,
    /// How many events there were.
    pub events: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query_string::LeftOut;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_input(text).unwrap()
    }

    fn left_out(name: &str, value: &str) -> LeftOut {
        LeftOut { name: name.to_owned(), value: value.to_owned(), known: true }
    }

    #[test]
    fn a_question_survives_its_string() {
        let pairs = [
            ("name", " Billing & Co. "),
            ("person_id", "0123456789abcdef01234567"),
            ("person", "ada@example.com"),
            ("action", "key.revoked"),
            ("from", "2026-11-24T13:00"),
            ("to", "2026-11-24"),
            ("utm", "1"),
        ];
        let query = AuditQuery::from_pairs(pairs);
        assert_eq!((query.from, query.until()), (Some(at("2026-11-24")), Some(at("2026-11-25"))));
        let text = query.to_query_string();
        assert_eq!(
            text,
            "name=Billing%20%26%20Co.&person_id=0123456789abcdef01234567&person=ada%40example.com&action=key.revoked\
             &from=2026-11-24&to=2026-11-24"
        );
        assert_eq!(AuditQuery::read_string("person_id=0a"), (AuditQuery::default(), vec![left_out("person_id", "0a")]));
        assert!(query.is_filtered() && !AuditQuery::from_pairs([("action", "x"), ("after", "1")]).is_filtered());
    }

    #[test]
    fn the_strip_ends_today_or_around_the_day_that_is_meant() {
        let now = at("2026-11-27T12:00");
        let first = |to: Option<&str>| AuditQuery { to: to.map(at), ..AuditQuery::default() }.first_shown(now);
        assert_eq!(first(None), at("2026-10-29"));
        assert_eq!(first(Some("2026-11-26")), at("2026-10-29"));
        assert_eq!(first(Some("2026-03-16")), at("2026-03-02"));
    }
}
