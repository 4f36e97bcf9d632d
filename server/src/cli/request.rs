//! `keystead request`: keys that people asked for and a second person must approve. To approve one is of people alone.

use clap::Subcommand;

use super::call::{Call, path_of};
use super::client::Client;
use super::failure::Failure;
use super::json::Json;
use super::list::{Asked, List};
use super::many::{Words, each};
use super::show;
use super::table::Column;

const PATH: &str = "/v1/requests";

/// The list of requests.
#[derive(Debug)]
pub(super) struct Requests;

impl List for Requests {
    const PATH: &'static str = PATH;
    const COLUMNS: &'static [Column] = &[
        Column::whole("Id", "id"),
        Column::new("Name", "key.name"),
        Column::new("Kind", "key.kind"),
        Column::new("Asked by", "askedBy"),
        Column::new("Reason", "reason"),
        Column::new("Status", "status"),
        Column::new("Until", "until"),
    ];
    const EMPTY: &'static str = "There are no such requests.";
}

#[derive(Debug, Subcommand)]
pub(super) enum Act {
    /// List the requests that wait, or others with --show
    List(Asked<Requests>),
    /// Show a request: who asked, why, and for what
    Show {
        /// Id of the request, which `request list` shows
        #[arg(value_name = "ID", value_parser = super::key_id)]
        id: String,
    },
    /// Decline requests. No key is made, and whoever asked sees why
    Decline {
        #[command(flatten)]
        ids: Ids,
        /// Word to whoever asked
        #[arg(long)]
        note: Option<String>,
    },
    /// Say where people approve requests
    #[command(hide = true)]
    Approve(Ids),
}

#[derive(Debug, clap::Args)]
pub(super) struct Ids {
    /// Ids of the requests, which `request list` shows
    #[arg(value_name = "ID", required = true, value_parser = super::key_id)]
    ids: Vec<String>,
}

impl Ids {
    /// Why a command approves nothing: whoever runs it may be who asked. `console` is the address of the console.
    pub fn approved_there(&self, console: &str) -> Failure {
        let page = match self.ids.as_slice() {
            [id] => format!("{console}/requests/{id}"),
            _ => format!("{console}/requests"),
        };
        Failure::Refused(format!("a second person approves, signed in to the console: {page}"))
    }
}

pub(super) async fn run(client: &mut Client, act: Act, json: bool) -> Result<(), Failure> {
    match act {
        Act::List(asked) => asked.print(client, json).await,
        Act::Show { id } => {
            let answer = client.send(&Call::get(path_of(PATH, &id, ""))).await?;
            if json { show::one(&answer, true) } else { show::one(&flat(&answer), false) }
        }
        Act::Decline { ids: Ids { ids }, note } => {
            let body = || note.iter().map(|note| ("note", note.clone().into())).collect();
            let call = |id: String| {
                let call = Call::post(path_of(PATH, &id, "decline")).body(body());
                (id, call)
            };
            let words = Words::new("Declined the request for", "request", "key.name");
            each(client, ids.into_iter().map(call).collect(), words, json).await
        }
        // Told before anything is opened.
        Act::Approve(_) => Ok(()),
    }
}

/// A request with what its key would be and how it was decided beside the rest, a line for each.
fn flat(answer: &Json) -> Json {
    let mut members = Vec::new();
    for (name, value) in answer.get("request").map_or(&[][..], Json::members) {
        let inner = value.members().iter().cloned();
        match name.as_str() {
            "key" => members.extend(inner),
            "decided" => members.extend(inner.map(|(name, value)| (decided(name), value))),
            _ => members.push((name.clone(), value.clone())),
        }
    }
    Json::Object(members)
}

fn decided(member: String) -> String {
    match member.as_str() {
        "by" => "decidedBy".to_owned(),
        "at" => "decidedAt".to_owned(),
        _ => member,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_request_holds_is_on_one_level() {
        let answer = br#"{"request":{"id":"7Qm2xVbN4tRa","decided":{"by":"key manager","at":"2026","note":"No."},
            "key":{"name":"Nightly","tags":["eu"]}}}"#;
        let flat = flat(&Json::read(answer).unwrap()).to_text();
        let expected = concat!(
            r#"{"id":"7Qm2xVbN4tRa","decidedBy":"key manager","decidedAt":"2026","note":"No.","#,
            r#""name":"Nightly","tags":["eu"]}"#
        );
        assert_eq!(flat, expected);
    }

    #[test]
    fn many_requests_have_one_page() {
        let told = |ids: &[&str]| {
            let ids = Ids { ids: ids.iter().map(|id| (*id).to_owned()).collect() };
            ids.approved_there("https://keys.example.com").to_string()
        };
        assert!(told(&["7Qm2xVbN4tRa"]).ends_with(": https://keys.example.com/requests/7Qm2xVbN4tRa"));
        assert!(told(&["7Qm2xVbN4tRa", "b8Kd0PzWm3Xe"]).ends_with(": https://keys.example.com/requests"));
    }
}
