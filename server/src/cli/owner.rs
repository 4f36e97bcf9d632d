//! `keystead owner`: owners without a browser.

use clap::{Args, Subcommand};
use domain::refusal::Refusal;
use secrecy::SecretString;
use service::setup::NewPerson;
use service::{Caller, Error, Service};

use super::failure::Failure;
use super::output::print;
use super::password;

#[derive(Debug, Subcommand)]
pub(super) enum Act {
    /// Create an owner
    Create {
        #[command(flatten)]
        who: Who,
        /// Name [default: the part of the e-mail before the @]
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        password: Password,
    },
    /// Set a new password for an owner; also removes the second factor, and ends sessions and waiting time
    Recover {
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        password: Password,
    },
    /// End an owner's waiting time after failed sign-ins
    Unlock {
        #[command(flatten)]
        who: Who,
    },
}

#[derive(Debug, Args)]
pub(super) struct Who {
    /// E-mail address that the owner signs in with
    #[arg(long)]
    email: String,
}

#[derive(Debug, Args)]
pub(super) struct Password {
    /// Read the password from standard input, one line
    #[arg(long = "password-stdin", required = true)]
    stdin: bool,
}

/// An act with everything it needs.
pub(super) enum OwnerChange {
    Create(NewPerson),
    Recover(String, SecretString),
    Unlock(String),
}

/// Reads the password, if the act needs one.
pub(super) fn prepare(act: Act) -> Result<OwnerChange, Failure> {
    Ok(match act {
        Act::Create { who, name, .. } => {
            let name = name.unwrap_or_else(|| who.email.split('@').next().unwrap_or_default().to_owned());
            OwnerChange::Create(NewPerson { name, email: who.email, password: password::from_stdin("password")? })
        }
        Act::Recover { who, .. } => OwnerChange::Recover(who.email, password::from_stdin("password")?),
        Act::Unlock { who } => OwnerChange::Unlock(who.email),
    })
}

pub(super) async fn run(service: &Service, caller: &Caller, act: OwnerChange) -> Result<(), Failure> {
    let done = match act {
        OwnerChange::Create(person) => {
            let person = service.create_owner(caller, person).await?;
            format!("{} is an owner now.", person.email())
        }
        OwnerChange::Recover(email, password) => {
            let recovered =
                service.recover_owner(caller, &email, &password).await.map_err(|error| nobody(error, &email))?;
            let factor = if recovered.had_factor { " The second factor is removed." } else { "" };
            let email = recovered.person.email();
            format!("{email} has a new password. All sessions and the waiting time have ended.{factor}")
        }
        OwnerChange::Unlock(email) => {
            let person = service.unlock_owner(caller, &email).await.map_err(|error| nobody(error, &email))?;
            format!("{} can sign in again without waiting.", person.email())
        }
    };
    print(format_args!("{done}")).map_err(|error| Failure::Unprinted { error, outcome: done })
}

fn nobody(error: Error, email: &str) -> Failure {
    match error {
        Error::Refused(Refusal::NotFound) => Failure::NoOwner(email.to_owned()),
        other => other.into(),
    }
}
