//! `keystead key hand-over`, and `key rotate` with a recipient: a link with which somebody else collects a new key, or the
//! new secret of one.

use domain::hand_over::LinkLife;
use domain::timestamp::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use super::failure::Failure;
use super::json::Json;
use super::key_fields::{Body, Members, What, not_blank};
use super::list::List;
use super::offered::Offered;
use super::output::{plain, tell};
use super::password;
use super::secret::Made;
use super::table::Column;

/// Where hand-overs are.
pub(super) const PATH: &str = "/v1/hand-overs";

/// The list of hand-overs that wait.
#[derive(Debug)]
pub(super) struct Waiting;

impl List for Waiting {
    const PATH: &'static str = PATH;
    const COLUMNS: &'static [Column] = &[
        Column::whole("Id", "id"),
        Column::new("Name", "name"),
        Column::new("Kind", "kind"),
        Column::new("For", "recipient"),
        Column::new("Made by", "madeBy"),
        Column::new("Works until", "expiresAt"),
    ];
    const EMPTY: &'static str = "No key waits to be collected.";
}

/// A hand-over of a new key.
#[derive(Debug, clap::Args)]
pub(super) struct New {
    #[command(flatten)]
    key: What,
    /// Name of whoever is to collect the key
    #[arg(long, value_name = "NAME")]
    recipient: String,
    #[command(flatten)]
    terms: Terms,
}

/// What else can be said of a hand-over. Without a recipient there is none.
#[derive(Debug, clap::Args)]
pub(super) struct Terms {
    /// Their e-mail address, to know them by
    #[arg(long, requires = "recipient")]
    email: Option<String>,
    /// Read a passphrase that they have to enter from standard input, one line
    #[arg(long, requires = "recipient")]
    passphrase_stdin: bool,
    /// How long the link works: 1h, 1d, 3d or 7d [default: 1d]
    #[arg(
        long, value_name = "LENGTH", requires = "recipient", hide_possible_values = true,
        value_parser = Offered::of(LinkLife::ALL.iter().map(|life| life.as_str()))
    )]
    link_life: Option<String>,
}

/// The body of the call, but for the time that it counts from.
pub(super) struct NewBody {
    key: Body,
    to: To,
}

/// Whom something is handed over to.
pub(super) struct To {
    members: Members,
    passphrase: Option<SecretString>,
}

impl New {
    /// The body of the call that makes it.
    pub fn body(self) -> Result<NewBody, Failure> {
        let key = self.key.body()?;
        Ok(NewBody { key, to: self.terms.to(self.recipient)? })
    }
}

impl Terms {
    /// Whom something is handed over to on these terms. Reads the passphrase.
    pub fn to(self, recipient: String) -> Result<To, Failure> {
        not_blank("email", self.email.as_slice())?;
        not_blank("link-life", self.link_life.as_slice())?;
        let mut members: Members = vec![("recipient", recipient.into())];
        members.extend(self.email.map(|email| ("email", email.into())));
        members.extend(self.link_life.map(|life| ("linkLife", life.into())));
        let passphrase = self.passphrase_stdin.then(|| password::from_stdin("passphrase")).transpose()?;
        Ok(To { members, passphrase })
    }
}

impl To {
    /// The members of a call that say so.
    pub fn members(self) -> Members {
        let mut members = self.members;
        members.extend(self.passphrase.map(|typed| ("passphrase", typed.expose_secret().to_owned().into())));
        members
    }
}

impl NewBody {
    /// The whole body of a call that is sent now.
    pub fn at(self, now: Timestamp) -> Members {
        let mut members: Members = vec![("key", Json::object(self.key.at(now)))];
        members.extend(self.to.members());
        members
    }
}

/// Only the link goes to standard output, because a script reads all of it.
pub(super) fn made(answer: Json, json: bool) -> Result<(), Failure> {
    let made = Made::of(answer, "link", "")?;
    let hand_over = made.rest.get("handOver").unwrap_or(&Json::Null);
    let text = |name| plain(hand_over.text(name).unwrap_or_default());
    let (id, recipient, until) = (text("id"), text("recipient"), text("expiresAt"));
    // Only a new secret has an overlap.
    let (what, then) = match hand_over.text("overlap") {
        Some(_) => ("the new secret of the key", " Until they confirm it, the key stays as it is."),
        None => ("the key", ""),
    };
    if let Err(error) = made.print(json) {
        let outcome = format!("{what} {id} waits behind a link that nobody saw: keystead key withdraw {id}");
        return Err(Failure::Unprinted { error, outcome });
    }
    tell(format_args!(
        "{recipient} can collect {what} {id}.{then} The link is shown only once, and works once, until {until}."
    ));
    Ok(())
}
