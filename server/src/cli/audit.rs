//! `keystead audit`: the record of every change.

use clap::Subcommand;
use service::{Caller, Service};
use store::ChainCheck;

use super::client::Client;
use super::failure::Failure;
use super::json::Json;
use super::list::{Asked, List};
use super::many::bar;
use super::output::show;
use super::table::Column;
use super::tail;

/// The list of events.
#[derive(Debug)]
pub(super) struct Events;

impl List for Events {
    const PATH: &'static str = "/v1/audit";
    const COLUMNS: &'static [Column] = &[
        Column::whole("Number", "number"),
        Column::whole("At", "at"),
        Column::new("Actor", "actor"),
        Column::whole("Action", "action"),
        Column::new("Subject", "subject"),
        Column::new("Note", "note"),
    ];
    const EMPTY: &'static str = "There are no such events.";
}

#[derive(Debug, Subcommand)]
pub(super) enum Act {
    /// List events, the newest first
    List(Asked<Events>),
    /// Print events as they happen, until you stop it
    Tail(tail::Asked),
    /// Check that no event was changed, removed or added outside Keystead. Only where the database is
    Verify,
}

/// Everything but the check, which needs the database itself.
pub(super) async fn run(client: &mut Client, act: Act, json: bool) -> Result<(), Failure> {
    match act {
        Act::List(asked) => asked.print(client, json).await,
        Act::Tail(asked) => tail::follow(client, &asked, json).await,
        Act::Verify => Ok(()),
    }
}

/// Checks the audit as it is in the database.
pub(super) async fn verify(service: &Service, caller: &Caller, json: bool) -> Result<(), Failure> {
    match checked(service, caller).await? {
        ChainCheck::Intact { events, link } => {
            let link = hex::encode(link);
            if json {
                let count = ("events".to_owned(), events.into());
                let intact = vec![count, ("newestLink".to_owned(), link.into())];
                return show(format_args!("{}", Json::Object(intact).to_text()));
            }
            // If you keep the newest link elsewhere, it shows later whether the audit was cut or rewritten.
            show(format_args!("The audit is intact: {events} events. Newest link: {link}"))
        }
        broken => Err(self::broken(broken)),
    }
}

/// Checks it, and shows on a terminal how far it is.
pub(super) async fn checked(service: &Service, caller: &Caller) -> Result<ChainCheck, Failure> {
    let bar = bar(0, "Checking the audit");
    let told = |seq: i64, of: i64| {
        bar.set_length(u64::try_from(of).unwrap_or_default());
        bar.set_position(u64::try_from(seq).unwrap_or_default());
    };
    let checked = service.check_record(caller, &told).await;
    bar.finish_and_clear();
    Ok(checked?)
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
