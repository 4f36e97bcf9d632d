//! A form posts to its own page's address; the outcome is shown in that page.

use domain::field::FieldErrors;
use domain::refusal::Refusal;
use leptos::prelude::*;

use super::fields::Pairs;
use crate::error::ConsoleError;

/// What follows a form that was accepted.
#[derive(Debug)]
pub enum Next<T> {
    /// Go on to another address.
    Go(String),
    /// The same, and the session's cookie changes.
    GoWithCookie(String, String),
    /// Show the result in the same page.
    Show(T),
}

/// What a POST led to, in the context of the page that is rendered as its answer.
#[derive(Debug, Clone)]
pub struct PostedForm<F, T = ()> {
    /// What was typed.
    pub form: F,
    /// What came of it.
    pub outcome: Result<T, ConsoleError>,
}

impl<F: Clone + 'static, T: Clone + 'static> PostedForm<F, T> {
    /// The outcome to show, if this page is the answer to a POST of this form.
    pub fn take() -> Option<Self> {
        use_context::<Self>()
    }

    /// What to say about it.
    pub fn problem(posted: Option<&Self>) -> Problem {
        match posted.and_then(|posted| posted.outcome.as_ref().err()) {
            Some(ConsoleError::Refused(Refusal::Invalid(errors))) => Problem { fields: errors.clone(), whole: None },
            whole => Problem { fields: FieldErrors::default(), whole: whole.cloned() },
        }
    }
}

/// Why a form was refused: because of fields, or as a whole.
#[derive(Debug, Clone, Default)]
pub struct Problem {
    /// What is wrong, field by field.
    pub fields: FieldErrors,
    /// What no field is to blame for.
    pub whole: Option<ConsoleError>,
}

/// A form that came after its session had ended: what was typed, to be sent again.
#[derive(Debug, Clone)]
pub struct UnsentForm {
    /// Where it was sent to.
    pub address: String,
    /// Every field of it.
    pub sent: Pairs,
}
