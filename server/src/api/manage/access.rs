//! What a person may see: their apps, and the keys of a guest. An invite names it, and whoever changes it does.

use std::borrow::Cow;

use domain::app::PERSON_APPS_MAX;
use domain::field::Field;
use domain::grant::{GRANTS_MAX, KeyAct, KeyGrant};
use domain::ids::{AppId, KeyId};
use domain::refusal::Refusal;
use domain::sight::Scope;
use serde::{Deserialize, Serialize};
use service::Error;
use utoipa::ToSchema;

use super::super::words;
use super::bounds::{self, ACTS_MAX};
use crate::json::fault::{Faults, Step};
use crate::json::members::{Bounded, Object, Text};
use crate::json::problem::Problem;

/// A key that a guest sees.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct GrantShown {
    /// The id of the key.
    pub key: String,
    /// What the guest may do with it.
    #[schema(value_type = Vec<words::KeyAct>)]
    pub acts: Vec<&'static str>,
}

impl GrantShown {
    pub fn of(key: &KeyId, acts: &[KeyAct]) -> Self {
        Self { key: key.to_string(), acts: acts.iter().map(|act| act.as_str()).collect() }
    }
}

/// A key, and what a guest may do with it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GrantBody<'a> {
    /// The id of a key.
    #[serde(borrow)]
    #[schema(value_type = String)]
    key: Text<'a>,
    /// What the guest may do with it besides seeing it.
    #[serde(borrow)]
    #[schema(value_type = Option<bounds::GrantedActs>)]
    acts: Option<Bounded<Text<'a>, 0, ACTS_MAX>>,
}

/// The ids of apps.
pub(super) type AppIds<'a> = Bounded<Text<'a>, 0, PERSON_APPS_MAX>;

/// The keys of a guest.
pub(super) type Grants<'a> = Bounded<Object<GrantBody<'a>>, 0, GRANTS_MAX>;

/// The apps in the member `apps`.
pub(super) fn apps(sent: Option<AppIds<'_>>, faults: &mut Faults) -> Vec<AppId> {
    let apps = sent.map(|Bounded(apps)| apps).unwrap_or_default();
    faults.within(Step::Member(Cow::Borrowed("apps")), |faults| {
        let read = |(n, Text(id))| {
            let app = AppId::parse(&id);
            if app.is_none() {
                faults.within(Step::Item(n), |faults| faults.here("An id has 24 hexadecimal digits."));
            }
            app
        };
        apps.into_iter().enumerate().filter_map(read).collect()
    })
}

/// The keys in the member `keys`.
pub(super) fn grants(sent: Option<Grants<'_>>, faults: &mut Faults) -> Vec<KeyGrant> {
    let grants = sent.map(|Bounded(grants)| grants).unwrap_or_default();
    faults.within(Step::Member(Cow::Borrowed("keys")), |faults| {
        let read = |(n, Object(sent))| faults.within(Step::Item(n), |faults| grant(sent, faults));
        grants.into_iter().enumerate().filter_map(read).collect()
    })
}

/// The problem with each fault of a granted key at the member that names it.
pub(super) fn problem(error: Error) -> Problem {
    let Error::Refused(Refusal::Invalid(mut errors)) = error else { return error.into() };
    let mut faults = Faults::default();
    for error in errors.0.extract_if(.., |error| error.field == Field::Keys && error.item.is_some()) {
        let mut path = vec![Step::Member(Cow::Borrowed("keys"))];
        path.extend(error.item.map(Step::Item));
        path.push(Step::Member(Cow::Borrowed("key")));
        faults.at(path, error.message);
    }
    faults.extend(errors.into());
    Problem::invalid(faults)
}

/// Refuses a blank time in the member `accessEndsAt`: it could be a variable that is not set.
pub(super) fn no_blank_end(sent: Option<&Text<'_>>, faults: &mut Faults) {
    if sent.is_some_and(|at| at.0.trim().is_empty()) {
        let words = "A time is not blank: leave it out for none.";
        faults.within(Step::Member(Cow::Borrowed("accessEndsAt")), |faults| faults.here(words));
    }
}

fn grant(sent: GrantBody<'_>, faults: &mut Faults) -> Option<KeyGrant> {
    let key = KeyId::parse(&sent.key.0);
    if key.is_none() {
        faults.within(Step::Member(Cow::Borrowed("key")), |faults| faults.here("An id has 12 letters and digits."));
    }
    let words = sent.acts.map(|Bounded(words)| words).unwrap_or_default();
    let acts = faults.within(Step::Member(Cow::Borrowed("acts")), |faults| {
        let read = |(n, Text(word)): (usize, Text<'_>)| {
            let act = KeyAct::parse(&word);
            if act.is_none() {
                let names: Vec<_> = KeyAct::ALL.iter().map(|act| act.as_str()).collect();
                let fix = format!("Use one of {}.", names.join(", "));
                faults.within(Step::Item(n), |faults| faults.here_with("This act is unknown.", fix));
            }
            act
        };
        words.into_iter().enumerate().filter_map(read).collect::<Vec<_>>()
    });
    Some(KeyGrant::new(key?, &acts))
}

/// The ids of the apps that somebody is limited to; none for all.
pub(super) fn ids(apps: &Scope<AppId>) -> Vec<String> {
    match apps {
        Scope::All => Vec::new(),
        Scope::Only(apps) => apps.iter().map(ToString::to_string).collect(),
    }
}
