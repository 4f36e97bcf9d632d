//! `keystead app`: the apps that own keys.

use axum::http::Method;
use clap::Subcommand;
use clap::builder::NonEmptyStringValueParser;

use super::call::{Call, path_of};
use super::client::Client;
use super::failure::Failure;
use super::find::{APP, ARCHIVED_APP, id_of};
use super::list::{Asked, List};
use super::many::{Words, each};
use super::show;
use super::table::Column;

/// The list of apps.
#[derive(Debug)]
pub(super) struct Apps;

impl List for Apps {
    const PATH: &'static str = "/v1/apps";
    const COLUMNS: &'static [Column] = &[
        Column::whole("Id", "id"),
        Column::new("Name", "name"),
        Column::new("Created", "createdAt"),
        Column::new("Archived", "archivedAt").or("In use"),
    ];
    const EMPTY: &'static str = "There are no such apps.";
}

#[derive(Debug, Subcommand)]
pub(super) enum Act {
    /// List apps
    List(Asked<Apps>),
    /// Show an app
    Show {
        #[command(flatten)]
        app: Named,
    },
    /// Create an app
    Create {
        /// Name
        name: String,
    },
    /// Give an app another name
    Rename {
        #[command(flatten)]
        app: Named,
        /// New name
        name: String,
    },
    /// Archive an app: all its keys stop working at once, and nothing is deleted
    Archive {
        #[command(flatten)]
        app: Named,
    },
    /// Bring an archived app back: its keys work as before
    Restore {
        #[command(flatten)]
        app: Named,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Named {
    /// Name or id of the app
    #[arg(value_name = "APP", value_parser = NonEmptyStringValueParser::new())]
    app: String,
}

pub(super) async fn run(client: &mut Client, act: Act, json: bool) -> Result<(), Failure> {
    let words = |done| Words::new(done, "app", "name");
    let (id, call, done) = match act {
        Act::List(asked) => return asked.print(client, json).await,
        Act::Show { app } => {
            let id = id_of(client, APP, &app.app).await?;
            return show::one(&client.send(&Call::get(path_of(APP.path, &id, ""))).await?, json);
        }
        Act::Create { name } => {
            let answer = client.send(&Call::post(APP.path).body(vec![("name", name.into())])).await?;
            return show::one(&answer, json);
        }
        Act::Rename { app, name } => {
            let id = id_of(client, APP, &app.app).await?;
            let call = Call::new(Method::PATCH, path_of(APP.path, &id, "")).body(vec![("name", name.into())]);
            (id, call, "Renamed")
        }
        Act::Archive { app } => {
            let id = id_of(client, APP, &app.app).await?;
            let call = Call::post(path_of(APP.path, &id, "archive"));
            (id, call, "Archived")
        }
        Act::Restore { app } => {
            let id = id_of(client, ARCHIVED_APP, &app.app).await?;
            let call = Call::post(path_of(APP.path, &id, "restore"));
            (id, call, "Brought back")
        }
    };
    each(client, vec![(id, call)], words(done), json).await
}
