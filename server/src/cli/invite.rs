//! `keystead invite`: one-use links with which somebody becomes a person.

use axum::http::Method;
use clap::Subcommand;
use clap::builder::NonEmptyStringValueParser;
use domain::role::Role;

use super::call::{Call, path_of};
use super::client::Client;
use super::failure::Failure;
use super::find::{APP, INVITE, id_of};
use super::json::Json;
use super::key_fields::not_blank;
use super::list::{Asked, List};
use super::many::{Words, each};
use super::offered::Offered;
use super::output::{plain, tell};
use super::secret::Made;
use super::show;
use super::table::Column;

/// The list of invites that wait.
#[derive(Debug)]
pub(super) struct Invites;

impl List for Invites {
    const PATH: &'static str = "/v1/invites";
    const COLUMNS: &'static [Column] = &[
        Column::whole("Id", "id"),
        Column::new("Name", "name"),
        Column::new("E-mail", "email"),
        Column::new("Role", "role"),
        Column::new("Sent by", "madeBy"),
        Column::new("Works until", "expiresAt"),
    ];
    const EMPTY: &'static str = "No invite is waiting.";
}

#[derive(Debug, Subcommand)]
pub(super) enum Act {
    /// List the invites that wait
    List(Asked<Invites>),
    /// Show an invite
    Show(Named),
    /// Invite somebody and print the link to send to them, once. It works once, within 7 days
    #[command(visible_alias = "create")]
    Make(Box<New>),
    /// Print a new link for another 7 days. The old one no longer works
    Renew(Named),
    /// Revoke an invite
    Revoke(Named),
}

#[derive(Debug, clap::Args)]
pub(super) struct Named {
    /// E-mail address or id of the invite
    #[arg(value_name = "INVITE", value_parser = NonEmptyStringValueParser::new())]
    invite: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct New {
    /// First name
    #[arg(long, value_name = "NAME")]
    first_name: String,
    /// Last name
    #[arg(long, value_name = "NAME")]
    last_name: Option<String>,
    /// E-mail address
    #[arg(long)]
    email: String,
    /// Role: owner, admin, auditor or guest
    #[arg(
        long, hide_possible_values = true,
        value_parser = Offered::of(Role::ALL.iter().map(|role| role.as_str()))
    )]
    role: String,
    /// Name or id of an app that they are limited to; repeatable [default: all apps]
    #[arg(long = "app", value_name = "APP")]
    apps: Vec<String>,
    /// Key that a guest sees, and what they may do with it, for example 7Qm2xVbN4tRa=test,revoke; repeatable
    #[arg(long = "grant", value_name = "ID[=ACTS]")]
    grants: Vec<String>,
    /// When the access of a guest ends, in UTC
    #[arg(long, value_name = "TIME")]
    access_ends_at: Option<String>,
}

impl New {
    async fn body(self, client: &mut Client) -> Result<Vec<(&'static str, Json)>, Failure> {
        let mut members: Vec<(&'static str, Json)> =
            vec![("firstName", self.first_name.into()), ("email", self.email.into()), ("role", self.role.into())];
        members.extend(self.last_name.map(|name| ("lastName", name.into())));
        members.extend(self.access_ends_at.map(|at| ("accessEndsAt", at.into())));
        if !self.grants.is_empty() {
            let grants = self.grants.iter().map(|grant| granted(grant)).collect::<Result<_, _>>()?;
            members.push(("keys", Json::List(grants)));
        }
        let mut apps = Vec::new();
        for app in self.apps {
            apps.push(id_of(client, APP, &app).await?);
        }
        if !apps.is_empty() {
            members.push(("apps", apps.into()));
        }
        Ok(members)
    }
}

impl Act {
    /// `Usage` for a blank value, which is most likely an unset shell variable.
    pub fn check(&self) -> Result<(), Failure> {
        let Self::Make(new) = self else { return Ok(()) };
        not_blank("app", &new.apps)?;
        not_blank("grant", &new.grants)?;
        not_blank("access-ends-at", new.access_ends_at.as_slice())
    }
}

fn granted(grant: &str) -> Result<Json, Failure> {
    let (key, acts) = grant.split_once('=').unwrap_or((grant, ""));
    let key = super::key_id(key).map_err(|message| Failure::Usage(format!("--grant: {message}")))?;
    let acts: Vec<_> = acts.split(',').map(str::trim).filter(|act| !act.is_empty()).map(str::to_owned).collect();
    Ok(Json::Object(vec![("key".to_owned(), key.into()), ("acts".to_owned(), acts.into())]))
}

pub(super) async fn run(client: &mut Client, act: Act, json: bool) -> Result<(), Failure> {
    match act {
        Act::List(asked) => asked.print(client, json).await,
        Act::Show(Named { invite }) => {
            let id = id_of(client, INVITE, &invite).await?;
            show::one(&client.send(&Call::get(path_of(INVITE.path, &id, ""))).await?, json)
        }
        Act::Make(new) => {
            let body = new.body(client).await?;
            made(client.send(&Call::post(INVITE.path).body(body)).await?, "Invited", json)
        }
        Act::Renew(Named { invite }) => {
            let id = id_of(client, INVITE, &invite).await?;
            made(client.send(&Call::post(path_of(INVITE.path, &id, "renew"))).await?, "Renewed the invite of", json)
        }
        Act::Revoke(Named { invite }) => {
            let id = id_of(client, INVITE, &invite).await?;
            let call = Call::new(Method::DELETE, path_of(INVITE.path, &id, ""));
            each(client, vec![(invite, call)], Words::new("Revoked the invite", "invite", "name"), json).await
        }
    }
}

/// Only the link goes to standard output, because a script reads all of it.
fn made(answer: Json, done: &str, json: bool) -> Result<(), Failure> {
    let made = Made::of(answer, "link", "")?;
    let email = made.rest.get("invite").and_then(|invite| invite.text("email")).map(plain).unwrap_or_default();
    if let Err(error) = made.print(json) {
        let outcome = format!("{email} is invited by a link that nobody saw; renew the invite, which replaces it");
        return Err(Failure::Unprinted { error, outcome });
    }
    tell(format_args!("{done} {email}. The link is shown only once, and works once, within 7 days."));
    Ok(())
}
