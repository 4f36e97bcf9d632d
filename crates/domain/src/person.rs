//! People as lists show them, and which of them a list asks for.

use serde::{Deserialize, Serialize};

use crate::ids::{AppId, PersonId};
use crate::list::{cursor, search};
use crate::query_string::{ListQuery, Taken, descending, put, put_text, query_string};
use crate::role::Role;
use crate::sight::Scope;
use crate::timestamp::Timestamp;

/// A person in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonListed {
    /// The person's id.
    pub id: PersonId,
    /// The name that others see.
    pub name: String,
    /// The e-mail in canonical form.
    pub email: String,
    /// The role.
    pub role: Role,
    /// The apps to which the person is limited.
    pub apps: Scope<AppId>,
    /// What keeps the person out, if anything does.
    pub status: PersonStatus,
    /// When the person was added.
    pub created_at: Timestamp,
    /// When the person last signed in; `None` for never.
    pub last_sign_in_at: Option<Timestamp>,
    /// When a guest's access ends; `None` for never.
    pub access_ends_at: Option<Timestamp>,
    /// Since when it is known that the person gets mail at this e-mail; `None` if it is not.
    pub email_confirmed_at: Option<Timestamp>,
    /// What the person is asked for after the password.
    pub second_factor: SecondFactor,
}

names! {
    /// What somebody is asked for after the password.
    pub enum SecondFactor {
        None = "none",
        /// A code of an authenticator app.
        App = "app",
        Passkey = "passkey",
        AppAndPasskey = "app_and_passkey",
    }
}

impl SecondFactor {
    /// That of somebody who has an app, or passkeys.
    pub const fn of(app: bool, passkeys: bool) -> Self {
        match (app, passkeys) {
            (false, false) => Self::None,
            (true, false) => Self::App,
            (false, true) => Self::Passkey,
            (true, true) => Self::AppAndPasskey,
        }
    }

    /// The words that people see.
    pub const fn label(self) -> &'static str {
        match self {
            Self::None => "No second factor",
            Self::App => "App",
            Self::Passkey => "Passkey",
            Self::AppAndPasskey => "App and passkey",
        }
    }
}

/// What keeps a person out, the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonStatus {
    /// Somebody has disabled the person.
    Disabled,
    /// The person's access has ended.
    Ended,
    /// Too many sign-ins failed.
    Locked {
        /// Until when; `None` if only somebody can end it, or a browser that the person has used before.
        until: Option<Timestamp>,
    },
    /// Nothing.
    Active,
}

impl PersonStatus {
    /// The filter that finds people of this status.
    pub const fn filter(self) -> PersonFilter {
        match self {
            Self::Disabled => PersonFilter::Disabled,
            Self::Ended => PersonFilter::Ended,
            Self::Locked { .. } => PersonFilter::Locked,
            Self::Active => PersonFilter::Active,
        }
    }
}

names! {
    /// Which people a list shows.
    pub enum PersonFilter {
        /// Can sign in.
        Active = "active",
        Disabled = "disabled",
        /// Too many sign-ins failed.
        Locked = "locked",
        /// The access of a guest has ended.
        Ended = "ended",
    }
}

impl PersonFilter {
    /// The name that people see.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Disabled => "Disabled",
            Self::Locked => "Locked",
            Self::Ended => "Access ended",
        }
    }
}

names! {
    /// What a list of people is ordered by.
    #[derive(Default)]
    pub enum PersonSort {
        #[default]
        Name = "name",
        Email = "email",
        Role = "role",
        LastSignIn = "last_sign_in",
    }
}

/// A list of people as somebody asked for it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonQuery {
    /// A part of the name or e-mail.
    pub search: Option<String>,
    /// Only people with this role.
    pub role: Option<Role>,
    /// Only people of this status.
    pub status: Option<PersonFilter>,
    /// What the list is ordered by.
    pub sort: PersonSort,
    /// Whether the order is reversed.
    pub descending: bool,
    /// Read the page after this cursor. Wins over `before`.
    pub after: Option<String>,
    /// The page before this cursor.
    pub before: Option<String>,
}

impl ListQuery for PersonQuery {
    fn take(&mut self, name: &str, value: &str) -> Taken {
        match name {
            "q" => put_text(&mut self.search, value, search(value)),
            "role" => put(&mut self.role, value, Role::parse(value)),
            "status" => put(&mut self.status, value, PersonFilter::parse(value)),
            "sort" => put(&mut self.sort, value, PersonSort::parse(value)),
            "dir" => put(&mut self.descending, value, descending(value)),
            "after" => put(&mut self.after, value, cursor(value)),
            "before" => put(&mut self.before, value, cursor(value)),
            _ => Taken::Unknown,
        }
    }

    fn to_query_string(&self) -> String {
        query_string([
            ("q", self.search.as_deref()),
            ("role", self.role.map(Role::as_str)),
            ("status", self.status.map(PersonFilter::as_str)),
            ("sort", Some(self.sort).filter(|sort| *sort != PersonSort::default()).map(PersonSort::as_str)),
            ("dir", self.descending.then_some("desc")),
            ("after", self.after.as_deref()),
            ("before", self.before.as_deref()),
        ])
    }
}

impl PersonQuery {
    /// The same list from its first page.
    pub fn first_page(&self) -> Self {
        Self { after: None, before: None, ..self.clone() }
    }

    /// Whether anything narrows the list.
    pub fn is_filtered(&self) -> bool {
        self.search.is_some() || self.role.is_some() || self.status.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_second_factor_has_a_word() {
        let all = [(false, false), (true, false), (false, true), (true, true)];
        assert_eq!(all.map(|(app, passkeys)| SecondFactor::of(app, passkeys)), SecondFactor::ALL);
    }

    #[test]
    fn a_list_survives_its_string() {
        let pairs = [("q", " Ada & Co "), ("role", "guest"), ("status", "locked"), ("sort", "email"), ("dir", "desc")];
        let query = PersonQuery::from_pairs(pairs);
        assert_eq!(query.to_query_string(), "q=Ada%20%26%20Co&role=guest&status=locked&sort=email&dir=desc");
        assert!(query.is_filtered());
        let odd = PersonQuery::from_pairs([("role", "Owner"), ("status", "x"), ("sort", "x"), ("utm", "1")]);
        assert_eq!((odd.is_filtered(), odd.to_query_string().as_str()), (false, ""));
    }
}
