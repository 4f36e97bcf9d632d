//! A form posts to its own page's address, and that page shows the outcome.

use domain::field::FieldErrors;
use domain::refusal::Refusal;
use leptos::prelude::*;
use service::seen::SeenState;

use super::fields::Pairs;
use crate::error::ConsoleError;

/// What happens after a form was accepted.
#[derive(Debug)]
pub enum Next<T> {
    /// Go on to another address.
    Go(String),
    /// The same, and cookies change.
    GoWithCookies(String, Vec<String>),
    /// Show the result in the same page.
    Show(T),
}

/// The outcome of a POST, put into the context of the page that answers it.
#[derive(Debug, Clone)]
pub struct PostedForm<F, T = ()> {
    /// What was typed, but for the secrets of whole keys.
    pub form: F,
    /// What its page showed of the thing that it changes.
    pub seen: Option<SeenState>,
    /// The result.
    pub outcome: Result<T, ConsoleError>,
}

impl<F: Clone + 'static, T: Clone + 'static> PostedForm<F, T> {
    /// The outcome to show, if this page is the answer to a POST of this form.
    pub fn take() -> Option<Self> {
        use_context::<Self>()
    }

    /// What the page shows of the thing that its form changes: as it is `now`, or as it was where something was typed, so that
    /// sending a stale form twice does not overwrite a newer state.
    pub fn seen(posted: Option<&Self>, now: SeenState) -> SeenState {
        posted.and_then(|posted| posted.seen.clone()).unwrap_or(now)
    }

    /// The problem to show, if there is one.
    pub fn problem(posted: Option<&Self>) -> Problem {
        posted.and_then(|posted| posted.outcome.as_ref().err()).cloned().map(Problem::from).unwrap_or_default()
    }
}

/// Why a form was refused: because of fields, or as a whole.
#[derive(Debug, Clone, Default)]
pub struct Problem {
    /// What is wrong, field by field.
    pub fields: FieldErrors,
    /// The error that belongs to no single field.
    pub whole: Option<ConsoleError>,
}

impl Problem {
    /// Whether the form was sent before, and what it made was shown then. What was typed has served.
    pub fn is_sent_again(&self) -> bool {
        matches!(self.whole, Some(ConsoleError::Refused(Refusal::AlreadyShown(_))))
    }
}

impl From<ConsoleError> for Problem {
    fn from(error: ConsoleError) -> Self {
        match error {
            ConsoleError::Refused(Refusal::Invalid(fields)) => Self { fields, whole: None },
            whole => Self { fields: FieldErrors::default(), whole: Some(whole) },
        }
    }
}

/// A form that arrived after its session had ended, kept to be sent again.
#[derive(Debug, Clone)]
pub struct UnsentForm {
    /// The address that it was sent to.
    pub address: String,
    /// Every field of it but the secrets.
    pub sent: Pairs,
}
