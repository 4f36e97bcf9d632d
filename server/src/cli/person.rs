//! `keystead person`: who may sign in to the console.

use axum::http::Method;
use clap::Subcommand;
use clap::builder::NonEmptyStringValueParser;
use domain::refusal::Refusal;
use domain::role::Role;
use secrecy::ExposeSecret;
use service::{Caller, Error, Service};

use super::call::{Call, path_of};
use super::client::Client;
use super::failure::Failure;
use super::find::{PERSON, id_of};
use super::json::Json;
use super::list::{Asked, List};
use super::many::{Words, each};
use super::offered::Offered;
use super::output::print;
use super::show;
use super::table::Column;

/// The list of people.
#[derive(Debug)]
pub(super) struct People;

impl List for People {
    const PATH: &'static str = "/v1/people";
    const COLUMNS: &'static [Column] = &[
        Column::whole("Id", "id"),
        Column::new("Name", "name"),
        Column::new("E-mail", "email"),
        Column::new("Role", "role"),
        Column::new("Status", "status"),
        Column::new("Last sign-in", "lastSignInAt").or("Never"),
    ];
    const EMPTY: &'static str = "There are no such people.";
}

#[derive(Debug, Subcommand)]
pub(super) enum Act {
    /// List people
    List(Asked<People>),
    /// Show a person
    Show(Named),
    /// Change the role of a person
    Role {
        #[command(flatten)]
        person: Named,
        /// New role: owner, admin, auditor or guest
        #[arg(
            hide_possible_values = true,
            value_parser = Offered::of(Role::ALL.iter().map(|role| role.as_str()))
        )]
        role: String,
    },
    /// Keep people out of the console
    Disable(Several),
    /// Let people in again
    Enable(Several),
    /// End the wait after too many failed sign-ins
    Unlock(Several),
    /// Sign people out everywhere. They can sign in again
    SignOut(Several),
    /// Remove people for good. The keys that they issued stay
    Remove {
        #[command(flatten)]
        people: Several,
        /// Yes, remove them
        #[arg(long)]
        yes: bool,
    },
    /// Print a link with which somebody can set a new password, once, within an hour. Only where the database is
    Reset {
        /// E-mail address that the person signs in with
        #[arg(long)]
        email: String,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Named {
    /// E-mail address or id of the person
    #[arg(value_name = "PERSON", value_parser = NonEmptyStringValueParser::new())]
    person: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct Several {
    /// E-mail addresses or ids of the people
    #[arg(value_name = "PERSON", required = true, value_parser = NonEmptyStringValueParser::new())]
    people: Vec<String>,
}

impl Act {
    /// `Usage` for what must be meant, and is not clearly so.
    pub fn check(&self) -> Result<(), Failure> {
        match self {
            Self::Remove { yes: false, people } => {
                let count = match people.people.len() {
                    1 => "somebody".to_owned(),
                    several => format!("{several} people"),
                };
                Err(Failure::Usage(format!("this removes {count} for good: add --yes if you mean it")))
            }
            _ => Ok(()),
        }
    }
}

/// Everything but the link, which is not for the API.
pub(super) async fn run(client: &mut Client, act: Act, json: bool) -> Result<(), Failure> {
    let (people, done) = match act {
        Act::List(asked) => return asked.print(client, json).await,
        Act::Show(Named { person }) => {
            let id = id_of(client, PERSON, &person).await?;
            return show::one(&client.send(&Call::get(path_of(PERSON.path, &id, ""))).await?, json);
        }
        Act::Role { person, role } => {
            let id = id_of(client, PERSON, &person.person).await?;
            let call = Call::new(Method::PATCH, path_of(PERSON.path, &id, "")).body(vec![("role", role.into())]);
            return each(client, vec![(person.person, call)], words("Changed"), json).await;
        }
        Act::Disable(people) => (people, ("disable", "Disabled")),
        Act::Enable(people) => (people, ("enable", "Enabled")),
        Act::Unlock(people) => (people, ("unlock", "Unlocked")),
        Act::SignOut(people) => (people, ("sign-out", "Signed out")),
        Act::Remove { people, .. } => (people, ("", "Removed")),
        Act::Reset { .. } => return Ok(()),
    };
    let (act, done) = done;
    let mut calls = Vec::new();
    for person in people.people {
        let id = id_of(client, PERSON, &person).await?;
        let method = if act.is_empty() { Method::DELETE } else { Method::POST };
        calls.push((person, Call::new(method, path_of(PERSON.path, &id, act))));
    }
    each(client, calls, words(done), json).await
}

const fn words(done: &'static str) -> Words {
    Words::new(done, "person", "name")
}

/// `origin` is the public address, which the link begins with.
pub(super) async fn reset(
    service: &Service,
    caller: &Caller,
    origin: &str,
    email: String,
    json: bool,
) -> Result<(), Failure> {
    let link = service.reset_link(caller, &email).await.map_err(|error| match error {
        Error::Refused(Refusal::PersonNotFound) => Failure::Nobody(email),
        other => other.into(),
    })?;
    let (token, email) = (link.token.expose_secret(), link.person.email());
    let link = format!("{origin}/reset/{token}");
    let shown = if json { Json::Object(vec![("link".to_owned(), link.into())]).to_text() } else { link };
    print(format_args!("{shown}")).map_err(|error| {
        let outcome = format!("{email} has a reset link that nobody saw; make another, which replaces it.");
        Failure::Unprinted { error, outcome }
    })
}
