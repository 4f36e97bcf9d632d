//! Apps: the tenants that own keys.

use serde::{Deserialize, Serialize};

use crate::ids::AppId;
use crate::list::{cursor, search};
use crate::page::Capped;
use crate::query_string::{ListQuery, Taken, put, put_text, query_string};
use crate::timestamp::Timestamp;

/// How many apps a list of keys can show together. Each app is a range of its own in every index.
pub const APPS_TOGETHER: u32 = 30;

/// To how many apps a person can be limited.
pub const PERSON_APPS_MAX: usize = 30;

/// An app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct App {
    /// The app's id.
    pub id: AppId,
    /// The app's name.
    pub name: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// Since when it is archived; `None` if it is in use.
    pub archived_at: Option<Timestamp>,
}

/// An app in a list, and how many keys it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppListed {
    /// The app.
    pub app: App,
    /// How many of its keys are in sight, in any state.
    pub keys: Capped,
}

/// The word of the archived apps in an address.
pub const ARCHIVED: &str = "archived";

/// A list of apps as somebody asked for it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppQuery {
    /// How the name begins, or the whole id.
    pub search: Option<String>,
    /// Whether it is the list of archived apps. They are in no other.
    pub archived: bool,
    /// Read the page after this cursor. Wins over `before`.
    pub after: Option<String>,
    /// The page before this cursor.
    pub before: Option<String>,
}

impl ListQuery for AppQuery {
    fn take(&mut self, name: &str, value: &str) -> Taken {
        match name {
            "q" => put_text(&mut self.search, value, search(value)),
            "status" => put(&mut self.archived, value, (value == ARCHIVED).then_some(true)),
            "after" => put(&mut self.after, value, cursor(value)),
            "before" => put(&mut self.before, value, cursor(value)),
            _ => Taken::Unknown,
        }
    }

    fn to_query_string(&self) -> String {
        query_string([
            ("q", self.search.as_deref()),
            ("status", self.archived.then_some(ARCHIVED)),
            ("after", self.after.as_deref()),
            ("before", self.before.as_deref()),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_survives_its_string() {
        let query =
            AppQuery::from_pairs([("q", " Shop & Co "), ("status", "archived"), ("after", "1~a"), ("utm", "1")]);
        assert_eq!(query.to_query_string(), "q=Shop%20%26%20Co&status=archived&after=1~a");
        assert_eq!(AppQuery::from_pairs([("after", "")]), AppQuery::default());
    }
}
