//! `keystead person`: help for people who cannot sign in.

use clap::Subcommand;
use domain::refusal::Refusal;
use secrecy::ExposeSecret;
use service::{Caller, Error, Service};

use super::{Failure, print};

#[derive(Debug, Subcommand)]
pub(super) enum Act {
    /// Print a link with which somebody can set a new password, once, within an hour
    Reset {
        /// E-mail address that the person signs in with
        #[arg(long)]
        email: String,
    },
}

/// `origin` is the public address, which the link begins with.
pub(super) async fn run(service: &Service, caller: &Caller, origin: &str, act: Act) -> Result<(), Failure> {
    let Act::Reset { email } = act;
    let link = service.reset_link(caller, &email).await.map_err(|error| match error {
        Error::Refused(Refusal::PersonNotFound) => Failure::Nobody(email),
        other => other.into(),
    })?;
    let (token, email) = (link.token.expose_secret(), link.person.email());
    print(format_args!("{origin}/reset/{token}")).map_err(|error| {
        let outcome = format!("{email} has a reset link that nobody saw; make another, which replaces it.");
        Failure::Unprinted { error, outcome }
    })
}
