//! `keystead audit` checks the audit as it is in the database.

use clap::Subcommand;
use service::{Caller, Service};
use store::ChainCheck;

use super::{Failure, print};

#[derive(Debug, Clone, Copy, Subcommand)]
pub(super) enum Act {
    /// Check that no event was changed, removed or added outside Keystead
    Verify,
}

pub(super) async fn run(service: &Service, caller: &Caller, act: Act) -> Result<(), Failure> {
    let Act::Verify = act;
    match service.check_record(caller).await? {
        ChainCheck::Intact { events, link } => {
            let link = hex::encode(link);
            // If you keep the newest link elsewhere, it shows later whether the audit was cut or rewritten.
            print(format_args!("The audit is intact: {events} events. Newest link: {link}"))?;
            Ok(())
        }
        broken => Err(self::broken(broken)),
    }
}

/// What is wrong with an audit that is not intact.
pub(super) fn broken(check: ChainCheck) -> Failure {
    Failure::Record(match check {
        ChainCheck::Intact { events, .. } => format!("the audit is intact: {events} events"),
        ChainCheck::Broken { seq } => {
            format!(
                "the audit is not intact from event {seq} on: an event was changed, removed or added outside Keystead"
            )
        }
        ChainCheck::Newer { seq } => format!(
            "event {seq} has a form that this version does not know: a newer Keystead wrote it, and you need that \
             version to check the audit, or it was changed outside Keystead"
        ),
    })
}
