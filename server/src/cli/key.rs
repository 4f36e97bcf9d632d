//! `keystead key`: issue, watch and change keys.

use axum::http::Method;
use clap::Subcommand;
use domain::key::RevokeReason;

use super::call::{Call, path_of};
use super::client::Client;
use super::failure::Failure;
use super::json::Json;
use super::key_fields::{Body, Change, Members, New};
use super::list::{Asked, List};
use super::many::{Words, each};
use super::offered::Offered;
use super::table::Column;
use super::{hand_over, rotation, secret, show};

/// The list of keys.
#[derive(Debug)]
pub(super) struct Keys;

impl List for Keys {
    const PATH: &'static str = "/v1/keys";
    const COLUMNS: &'static [Column] = &[
        Column::whole("Id", "id"),
        Column::new("Name", "name"),
        Column::new("Kind", "kind"),
        Column::new("Status", "status"),
        Column::new("Environment", "environment"),
        Column::new("Last used", "lastUsedAt").or("Never used"),
        Column::new("Expires", "expiresAt").or("Never"),
    ];
    const EMPTY: &'static str = "There are no such keys.";
}

#[derive(Debug, Subcommand)]
pub(super) enum Act {
    /// List keys
    List(Asked<Keys>),
    /// Show a key
    Show {
        #[arg(value_name = "ID", value_parser = super::key_id, help = ID)]
        id: String,
    },
    /// Issue a key and print its secret, once. The key works at once
    Issue(Box<New>),
    /// Hand a new key over and print the link by which somebody else collects it, once. Until then there is no secret
    HandOver(Box<hand_over::New>),
    /// List the hand-overs that wait
    HandOvers(Asked<hand_over::Waiting>),
    /// Withdraw hand-overs. Their links no longer work
    Withdraw {
        /// Ids of the keys, which `key hand-overs` shows
        #[arg(value_name = "ID", required = true, value_parser = super::key_id)]
        ids: Vec<String>,
    },
    /// Change a key. What is left out stays; a list replaces the whole list
    Edit {
        #[arg(value_name = "ID", value_parser = super::key_id, help = ID)]
        id: String,
        #[command(flatten)]
        change: Box<Change>,
        /// Only if the key is still at this revision, as `key show` prints it
        #[arg(long, value_name = "NUMBER")]
        if_revision: Option<i64>,
    },
    /// Give a key a new secret and print it, once, or the link by which somebody else collects it. The old one works beside
    /// it for the overlap
    Rotate {
        #[arg(value_name = "ID", value_parser = super::key_id, help = ID)]
        id: String,
        /// For how long the old secret still works: none, or like 30m, 24h or 7d [default: 24h]
        #[arg(long, value_name = "LENGTH")]
        overlap: Option<String>,
        /// Name of whoever is to collect the new secret. Until they confirm it, the key stays as it is
        #[arg(long, value_name = "NAME")]
        recipient: Option<String>,
        #[command(flatten)]
        terms: hand_over::Terms,
    },
    /// Show the secrets of a key that work, newest first: two during a rotation
    Rotation {
        #[arg(value_name = "ID", value_parser = super::key_id, help = ID)]
        id: String,
    },
    /// Let the old secrets of keys in a rotation work for longer
    Extend {
        #[command(flatten)]
        ids: Ids,
        /// For how long they work from now on, like 30m, 24h or 7d [default: 24h]
        #[arg(long, value_name = "LENGTH")]
        overlap: Option<String>,
    },
    /// Finish rotations. The old secrets no longer work
    Finish(Ids),
    /// Undo rotations. The old secrets stay, and the new ones no longer work
    Undo(Ids),
    /// Confirm keys that were issued with --pending, by whoever issued them
    #[command(visible_alias = "confirm")]
    Acknowledge(Ids),
    /// Switch keys off
    Disable(Ids),
    /// Switch keys on again
    Enable(Ids),
    /// Revoke keys. They can be restored within 24 hours, unless they leaked
    Revoke {
        #[command(flatten)]
        ids: Ids,
        #[arg(
            long, value_name = "WORD", help = reasons(), hide_possible_values = true,
            value_parser = Offered::of(RevokeReason::ALL.iter().map(|reason| reason.as_str()))
        )]
        reason: Option<String>,
        /// Note for the audit
        #[arg(long)]
        note: Option<String>,
    },
    /// Restore revoked keys
    Restore(Ids),
    /// Delete keys for good. Their events stay in the audit
    Delete {
        #[command(flatten)]
        ids: Ids,
        /// Yes, delete them
        #[arg(long)]
        yes: bool,
    },
}

/// Which keys an act is about.
#[derive(Debug, clap::Args)]
pub(super) struct Ids {
    /// Ids of the keys, which `key list` shows
    #[arg(value_name = "ID", required = true, value_parser = super::key_id)]
    ids: Vec<String>,
}

fn reasons() -> String {
    let words: Vec<_> = RevokeReason::ALL.iter().map(|reason| reason.as_str()).collect();
    format!("Reason, one of {} [default: {}]", words.join(", "), RevokeReason::Other.as_str())
}

const ID: &str = "Id of the key, which `key list` shows";

impl Act {
    /// Whether it may be what creates the database: the first keys can be there before the server.
    pub fn creates(&self) -> bool {
        matches!(self, Self::Issue(_))
    }

    /// Checks what can be checked before anything is asked.
    pub fn prepare(self) -> Result<Task, Failure> {
        Ok(match self {
            Self::List(asked) => Task::List(asked),
            Self::Show { id } => Task::Show(Call::get(path_of("/v1/keys", &id, ""))),
            Self::Issue(new) => Task::Issue(new.body()?),
            Self::HandOver(new) => Task::HandOver(new.body()?),
            Self::HandOvers(asked) => Task::HandOvers(asked),
            Self::Withdraw { ids } => deletes(hand_over::PATH, ids, "Withdrew"),
            Self::Edit { id, change, if_revision } => {
                let call = Call::new(Method::PATCH, path_of("/v1/keys", &id, "")).at(if_revision);
                Task::Edit(id, call, change.body()?)
            }
            Self::Rotate { id, overlap, recipient, terms } => {
                let call = Call::post(path_of("/v1/keys", &id, "rotate"));
                let mut body: Members = overlap.map(|overlap| ("overlap", overlap.into())).into_iter().collect();
                let Some(recipient) = recipient else { return Ok(Task::Rotate(call.body(body))) };
                body.push(("handOver", Json::object(terms.to(recipient)?.members())));
                Task::HandRotationOver(call.body(body))
            }
            Self::Rotation { id } => Task::Rotation(Call::get(path_of("/v1/keys", &id, "rotation"))),
            Self::Extend { ids, overlap } => {
                let body = || overlap.iter().map(|overlap| ("overlap", overlap.clone().into())).collect();
                let calls = ids.ids.into_iter().map(|id| {
                    let call = Call::post(path_of("/v1/keys", &id, "rotation/extend")).body(body());
                    (id, call)
                });
                Task::Each(calls.collect(), of_rotation("Extended the rotation of", rotation::extended))
            }
            Self::Finish(ids) => ids.each(
                "rotation/finish",
                of_rotation("Finished the rotation of", |_| Some(rotation::OLD_ENDED.to_owned())),
            ),
            Self::Undo(ids) => ids
                .each("rotation/undo", of_rotation("Undid the rotation of", |_| Some(rotation::NEW_ENDED.to_owned()))),
            Self::Acknowledge(ids) => ids.each("acknowledge", words("Confirmed")),
            Self::Disable(ids) => ids.each("disable", words("Disabled")),
            Self::Enable(ids) => ids.each("enable", words("Enabled")),
            Self::Restore(ids) => ids.each("restore", words("Restored")),
            Self::Revoke { ids, reason, note } => {
                let reason = reason.map(|reason| ("reason", reason));
                let given: Vec<_> = reason.into_iter().chain(note.map(|note| ("note", note))).collect();
                let body = || given.iter().map(|(name, text)| (*name, text.clone().into())).collect();
                let calls = ids.ids.into_iter().map(|id| {
                    let call = Call::post(path_of("/v1/keys", &id, "revoke")).body(body());
                    (id, call)
                });
                Task::Each(calls.collect(), words("Revoked"))
            }
            Self::Delete { yes: false, ids: Ids { ids } } => {
                let count = if ids.len() == 1 { "the key".to_owned() } else { format!("{} keys", ids.len()) };
                return Err(Failure::Usage(format!("this deletes {count} for good: add --yes if you mean it")));
            }
            Self::Delete { ids: Ids { ids }, .. } => deletes("/v1/keys", ids, "Deleted"),
        })
    }
}

fn deletes(list: &str, ids: Vec<String>, done: &'static str) -> Task {
    let call = |id: String| {
        let call = Call::new(Method::DELETE, path_of(list, &id, ""));
        (id, call)
    };
    Task::Each(ids.into_iter().map(call).collect(), words(done))
}

impl Ids {
    fn each(self, act: &str, done: Words) -> Task {
        let call = |id: String| {
            let call = Call::post(path_of("/v1/keys", &id, act));
            (id, call)
        };
        Task::Each(self.ids.into_iter().map(call).collect(), done)
    }
}

/// An act with everything it needs.
pub(super) enum Task {
    List(Asked<Keys>),
    Show(Call),
    Issue(Body),
    HandOver(hand_over::NewBody),
    HandOvers(Asked<hand_over::Waiting>),
    Edit(String, Call, Body),
    Rotate(Call),
    Rotation(Call),
    /// A rotation whose answer has a link in place of the secret.
    HandRotationOver(Call),
    /// Calls that each change one key, and what was done.
    Each(Vec<(String, Call)>, Words),
}

impl Task {
    pub async fn run(self, client: &mut Client, json: bool) -> Result<(), Failure> {
        match self {
            Self::List(asked) => asked.print(client, json).await,
            Self::Show(call) => show::one(&client.send(&call).await?, json),
            Self::Issue(body) => {
                let call = Call::post("/v1/keys").body(body.at(client.now()));
                let answer = client.send(&call).await?;
                secret::issued(client, answer, json).await
            }
            Self::HandOver(body) => {
                let call = Call::post(hand_over::PATH).body(body.at(client.now()));
                hand_over::made(client.send(&call).await?, json)
            }
            Self::HandOvers(asked) => asked.print(client, json).await,
            Self::Edit(id, call, body) => {
                let call = call.body(body.at(client.now()));
                each(client, vec![(id, call)], words("Changed"), json).await
            }
            Self::Rotate(call) => secret::rotated(client.send(&call).await?, json),
            Self::Rotation(call) => rotation::shown(&client.send(&call).await?, json),
            Self::HandRotationOver(call) => hand_over::made(client.send(&call).await?, json),
            Self::Each(calls, done) => each(client, calls, done, json).await,
        }
    }
}

const fn words(done: &'static str) -> Words {
    Words::new(done, "key", "name")
}

/// What became of a rotation.
const fn of_rotation(done: &'static str, then: fn(&Json) -> Option<String>) -> Words {
    Words { done, of: "rotation", named: "name", then: Some(then) }
}
