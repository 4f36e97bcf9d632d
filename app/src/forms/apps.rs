//! The forms about apps.

use domain::field::{Field, FieldErrors};
use domain::ids::AppId;
use domain::refusal::Refusal;
use domain::sight::Scope;

use super::fields::{FormFields, Pairs};
use super::people::searched;
use crate::error::ConsoleError;

/// Where somebody was when they chose an app.
pub const BACK: &str = "back";
/// The words that apps are searched by.
pub const FIND_APP: &str = "find_app";
/// The words of the last search for apps.
pub const FOUND_APP: &str = "found_app";
/// The value of `PRESS` that only searches for apps.
pub const SEARCH_APPS: &str = "search_apps";

/// The name of an app.
#[derive(Debug, Clone, Default)]
pub struct AppNameForm {
    pub name: String,
}

impl FormFields for AppNameForm {
    fn read(sent: &Pairs) -> Self {
        Self { name: sent.text(Field::Name.as_str()) }
    }
}

/// The app that the pages are about from now on; nothing for all.
#[derive(Debug, Clone, Default)]
pub struct ChooseForm {
    pub app: String,
    pub back: String,
}

impl FormFields for ChooseForm {
    fn read(sent: &Pairs) -> Self {
        Self { app: sent.text(Field::App.as_str()), back: sent.text(BACK) }
    }
}

/// Apps that are ticked for a person, among those that a search found.
#[derive(Debug, Clone, Default)]
pub struct AppChoice {
    pub apps: Vec<AppId>,
    /// Whether something was sent that is no app. No app at all would mean every app.
    unreadable: bool,
    /// What to search for.
    pub find: String,
    /// Whether to search first, and show the form again.
    pub searches: bool,
}

impl AppChoice {
    /// The apps to which somebody is limited.
    pub fn of(apps: &Scope<AppId>) -> Self {
        let apps = match apps {
            Scope::All => Vec::new(),
            Scope::Only(apps) => apps.clone(),
        };
        Self { apps, ..Self::default() }
    }

    /// The apps that somebody will see.
    pub fn scope(&self) -> Scope<AppId> {
        if self.apps.is_empty() { Scope::All } else { Scope::Only(self.apps.clone()) }
    }

    /// Refuses what is no app.
    pub fn check(&self) -> Result<(), ConsoleError> {
        if !self.unreadable {
            return Ok(());
        }
        let words = "One of these is no app. Load the page again, and choose once more.";
        Err(ConsoleError::Refused(Refusal::Invalid(FieldErrors::one(Field::Apps, words))))
    }
}

impl FormFields for AppChoice {
    fn read(sent: &Pairs) -> Self {
        let ticked = sent.all(Field::Apps.as_str());
        let mut apps: Vec<_> = ticked.iter().filter_map(|id| AppId::parse(id)).collect();
        let unreadable = apps.len() < ticked.len();
        apps.sort_unstable();
        apps.dedup();
        let (find, searches) = searched(sent, FIND_APP, FOUND_APP, SEARCH_APPS);
        Self { apps, unreadable, find, searches }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forms::people::{ENTER, PRESS};

    #[test]
    fn each_ticked_app_counts_once_and_enter_searches_for_something_new() {
        let one = "0123456789abcdef01234567";
        let read = |pairs: &[(&str, &str)]| {
            AppChoice::read(&Pairs(
                pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            ))
        };
        let choice = read(&[("apps", one), ("apps", "nonsense"), ("apps", one), (PRESS, SEARCH_APPS)]);
        assert_eq!((choice.apps.len(), choice.searches), (1, true));
        assert!(choice.check().is_err() && read(&[("apps", "nonsense")]).check().is_err());
        assert!(read(&[("apps", one)]).check().is_ok() && read(&[]).check().is_ok());
        assert!(read(&[(PRESS, ENTER), (FIND_APP, "shop")]).searches);
        assert!(!read(&[(PRESS, ENTER), (FIND_APP, "shop"), (FOUND_APP, "shop")]).searches);
        assert!(!read(&[(PRESS, "invite"), (FIND_APP, "shop")]).searches);
        assert_eq!(read(&[(PRESS, SEARCH_APPS), (FIND_APP, &*"s".repeat(49))]).find, "", "it may be a secret");
    }
}
