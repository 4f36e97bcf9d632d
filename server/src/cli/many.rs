//! The same act with many things: one after the other, and what fails does not keep the rest from being done.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::call::Call;
use super::client::Client;
use super::failure::Failure;
use super::json::Json;
use super::output::{plain, show, tell};

/// From how many on a bar shows how far it is.
const MANY: usize = 5;

/// An act, in words.
#[derive(Clone, Copy)]
pub(super) struct Words {
    /// `Disabled`.
    pub done: &'static str,
    /// The member of the answer that it is about.
    pub of: &'static str,
    /// The member of that by which people know it, or one inside it.
    pub named: &'static str,
    /// What follows from the answer, as a part of the sentence.
    pub then: Option<fn(&Json) -> Option<String>>,
}

impl Words {
    pub const fn new(done: &'static str, of: &'static str, named: &'static str) -> Self {
        Self { done, of, named, then: None }
    }
}

/// A bar on standard error, if that is a terminal. It goes away at the end.
pub(super) fn bar(count: u64, doing: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(count);
    if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {eta}") {
        bar.set_style(style);
    }
    bar.set_message(doing);
    bar
}

/// The same for work whose length nobody knows.
pub(super) fn spinner(doing: &'static str) -> ProgressBar {
    let spinner = ProgressBar::new_spinner();
    spinner.set_message(doing);
    spinner.enable_steady_tick(Duration::from_millis(200));
    spinner
}

/// Sends a call for each, and says what was done. With `json`, prints the answers: the one, or a list.
pub(super) async fn each(
    client: &mut Client,
    calls: Vec<(String, Call)>,
    words: Words,
    json: bool,
) -> Result<(), Failure> {
    let bar = if calls.len() < MANY { ProgressBar::hidden() } else { bar(calls.len() as u64, words.done) };
    let (is_one, count) = (calls.len() == 1, calls.len());
    let (mut answers, mut refused, mut printed, mut away) = (Vec::new(), 0, Ok(()), None);
    for (done, (id, call)) in calls.into_iter().enumerate() {
        match client.send(&call).await {
            Ok(answer) if json => answers.push(answer),
            Ok(answer) => {
                let about = match answer.get(words.of).and_then(|about| about.at(words.named)) {
                    Some(Json::Text(name)) => Some(plain(name)),
                    _ => None,
                };
                let line = about.map_or_else(|| id.clone(), |about| format!("{about} ({id})"));
                // Whoever does not read on still wants all of it done.
                let then =
                    words.then.and_then(|then| then(&answer)).map(|then| format!(": {then}")).unwrap_or_default();
                printed = printed.and(bar.suspend(|| show(format_args!("{} {line}{then}.", words.done))));
            }
            Err(failure) if is_one => return Err(failure),
            // The rest would fail alike.
            Err(Failure::Away(why)) => {
                away = Some(Failure::Away(format!("{why} ({done} of {count} were asked for before)")));
                break;
            }
            Err(failure) => {
                refused += 1;
                bar.suspend(|| tell(format_args!("keystead: {id}: {failure}")));
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    answers.retain(|answer| *answer != Json::Null);
    let shown = match answers.as_slice() {
        [] => printed,
        [one] if is_one => show(format_args!("{}", one.to_text())),
        _ => show(format_args!("{}", Json::Object(vec![("data".to_owned(), Json::List(answers))]).to_text())),
    };
    if let Some(away) = away {
        return Err(away);
    }
    if refused > 0 {
        return Err(Failure::Refused(format!("{refused} of {count} were refused, as said above")));
    }
    shown
}
