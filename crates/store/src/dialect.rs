//! Every difference between the statements and errors of SQLite and those of Postgres.

use serde::Serialize;
use sqlx::PgPool;
use sqlx::error::{DatabaseError, ErrorKind};
use sqlx::postgres::{PgListener, PgNotification};

use crate::changes::Announced;
use crate::conn::Conn;
use crate::error::{StoreError, Unique};
use crate::sql::Sql;

/// Takes the only write lock at once. A transaction that read first would fail as soon as it wrote.
pub(crate) const BEGIN_SQLITE: &str = "BEGIN IMMEDIATE";

impl Conn<'_> {
    /// One writer at a time, as on SQLite. A use case that reads and then decides cannot be overtaken, and the audit
    /// chain, which ends in this row, needs the order anyway. This is not part of `BEGIN`: the driver would not roll
    /// back a transaction that is dropped while it waits there.
    pub(crate) async fn lock_for_writing(&mut self) -> Result<(), StoreError> {
        if let Self::Postgres(_) = self {
            self.execute(Sql::new("SELECT 1 FROM audit_head FOR UPDATE")).await?;
        }
        Ok(())
    }
}

impl Conn<'_> {
    /// Whether there is a table of this name.
    pub(crate) async fn has_table(&mut self, name: &str) -> Result<bool, StoreError> {
        let sql = match self {
            Self::Sqlite(_) => Sql::new("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = $1"),
            Self::Postgres(_) => Sql::new("SELECT 1 WHERE to_regclass($1) IS NOT NULL"),
        };
        Ok(self.fetch_optional::<(i32,)>(sql.arg(name)).await?.is_some())
    }

    /// How a list is written for this engine.
    pub(crate) fn writing(&self) -> Writing {
        match self {
            Self::Sqlite(_) => Writing::SQLITE,
            Self::Postgres(_) => Writing::POSTGRES,
        }
    }
}

/// How a list is written for an engine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Writing {
    /// Whether the index is named. Without that, SQLite's statistics can lead it to another one. Postgres cannot be told,
    /// but on the connections of pages it has little else to choose.
    pub names_index: bool,
    /// Around rows that are passed as one JSON argument.
    rows: [&'static str; 2],
    /// Around what is read of `api_key` for each row of the table before it. `CROSS JOIN` forces that order on SQLite.
    /// Postgres would turn it around if its statistics say that few keys match.
    each: [&'static str; 2],
    /// The function that makes an array of its arguments, and the one that makes an array of rows.
    pub array: &'static str,
    pub group: &'static str,
}

impl Writing {
    pub(crate) const SQLITE: Self = Self {
        names_index: true,
        rows: ["json_each(", ")"],
        each: ["api_key", ""],
        array: "json_array(",
        group: "json_group_array(",
    };
    pub(crate) const POSTGRES: Self = Self {
        names_index: false,
        rows: ["json_array_elements(CAST(", " AS json))"],
        each: ["LATERAL (SELECT * FROM api_key", " OFFSET 0) AS api_key WHERE 1 = 1"],
        array: "json_build_array(",
        group: "json_agg(",
    };

    /// Adds a table with one column `value`, from rows as a JSON array of arrays.
    pub(crate) fn push_rows(self, sql: &mut Sql, json: String) {
        let [before, after] = self.rows;
        sql.push(before).bind(json).push(after);
    }

    /// Adds the same from the JSON of a statement.
    pub(crate) fn push_rows_of(self, sql: &mut Sql, statement: impl FnOnce(&mut Sql)) {
        let [before, after] = self.rows;
        sql.push(before).push("(");
        statement(sql);
        sql.push(")").push(after);
    }

    /// Adds the keys that are read for each row of the table before: `of_row` adds the index and the conditions on them.
    /// Further conditions may follow, each after `AND`.
    pub(crate) fn push_each(self, sql: &mut Sql, of_row: impl FnOnce(&mut Sql)) {
        let [before, after] = self.each;
        sql.push(" CROSS JOIN ").push(before);
        of_row(sql);
        sql.push(after);
    }

    /// Names the index that the table before is read by.
    pub(crate) fn push_index(self, sql: &mut Sql, index: &'static str) {
        if self.names_index {
            sql.push(" INDEXED BY ").push(index);
        }
    }
}

impl Conn<'_> {
    /// A table with one column `value`, from rows passed as one JSON argument, each row a tuple. SQLite's driver takes
    /// longer to bind thousands of arguments than the statement takes to run. One prepared statement also serves any
    /// number of rows.
    pub(crate) fn push_rows<T: Serialize>(
        &self,
        sql: &mut Sql,
        rows: impl Iterator<Item = T>,
    ) -> Result<(), StoreError> {
        let rows: Vec<T> = rows.collect();
        let json = serde_json::to_string(&rows).map_err(|error| StoreError::Failed(error.to_string()))?;
        self.writing().push_rows(sql, json);
        Ok(())
    }
}

/// The channel on which a new version is announced.
const CHANNEL: &str = "keystead_version";

/// The channel on which nodes announce what the others should look at.
const NODES: &str = "keystead_node";

/// The channel on which nodes tell each other what no row holds.
const TOLD: &str = "keystead_told";

impl Conn<'_> {
    /// The time of the database's own clock, in milliseconds since 1970.
    pub(crate) fn clock(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
            Self::Postgres(_) => "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
        }
    }

    /// When the server of the database started, in microseconds since 1970; 0 if it has none.
    pub(crate) fn server_start(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "0",
            Self::Postgres(_) => "CAST(EXTRACT(EPOCH FROM pg_postmaster_start_time()) * 1000000 AS BIGINT)",
        }
    }

    /// Announces to other nodes that this one has changed something that concerns them.
    pub(crate) async fn announce_of_node(&mut self, node: &str) -> Result<(), StoreError> {
        if let Self::Postgres(_) = self {
            self.execute(Sql::new("SELECT pg_notify($1, $2)").arg(NODES).arg(node)).await?;
        }
        Ok(())
    }

    /// Tells every process that listens, this one too, something of which nothing is kept.
    pub(crate) async fn tell(&mut self, text: &str) -> Result<(), StoreError> {
        if let Self::Postgres(_) = self {
            self.execute(Sql::new("SELECT pg_notify($1, $2)").arg(TOLD).arg(text)).await?;
        }
        Ok(())
    }

    /// Announces a version to other processes, if the database can. The announcement goes out with the commit, or not
    /// at all.
    pub(crate) async fn announce(&mut self, version: i64) -> Result<(), StoreError> {
        if let Self::Postgres(_) = self {
            let sql = Sql::new("SELECT pg_notify($1, $2)").arg(CHANNEL).arg(version.to_string());
            self.execute(sql).await?;
        }
        Ok(())
    }
}

/// Listens for announcements on its own connection.
pub(crate) async fn listen(pool: &PgPool) -> Result<PgListener, StoreError> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen_all([CHANNEL, NODES, TOLD]).await?;
    Ok(listener)
}

/// What an announcement says; `None` where some may have been lost.
pub(crate) fn announced(notification: Option<&PgNotification>) -> Announced {
    match notification {
        None => Announced::Anything,
        Some(said) if said.channel() == NODES => Announced::OfNode(said.payload().to_owned()),
        Some(said) if said.channel() == TOLD => Announced::Told(said.payload().to_owned()),
        Some(_) => Announced::Version,
    }
}

/// Unique columns as SQLite names them, as Postgres names their constraint, and as use cases do.
const UNIQUE: [(&str, &str, Unique); 10] = [
    ("person.email", "person_email_key", Unique::PersonEmail),
    ("invite.email", "invite_email_key", Unique::InviteEmail),
    ("hand_over.form_id", "hand_over_form_id_key", Unique::HandOverForm),
    ("key_request.form_id", "key_request_form_id_key", Unique::RequestForm),
    ("passkey.credential_id", "passkey_credential_id_key", Unique::Passkey),
    ("app.likeness", "app_likeness_in_use", Unique::AppName),
    ("contact.app_id, contact.identifier", "contact_identifier", Unique::ContactIdentifier),
    ("contact.app_id, contact.email", "contact_email", Unique::ContactEmail),
    ("api_key.id", "api_key_pkey", Unique::KeyId),
    ("api_key.form_id", "api_key_form_id_key", Unique::FormId),
];

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error as E;
        match error {
            E::Database(error) => classify(&*error),
            E::Io(_) => Self::Cut(error.to_string()),
            E::Tls(_) | E::Protocol(_) | E::PoolTimedOut | E::PoolClosed | E::WorkerCrashed | E::BeginFailed => {
                Self::Unavailable(error.to_string())
            }
            E::Configuration(error) => Self::Url(error.to_string()),
            E::Migrate(error) => Self::Migration(error.to_string()),
            E::RowNotFound | E::ColumnDecode { .. } | E::Decode(_) => Self::Corrupt(error.to_string()),
            error => Self::Failed(error.to_string()),
        }
    }
}

/// What an error during a commit means: whether the commit happened may be unknown.
pub(crate) fn of_commit(error: sqlx::Error) -> StoreError {
    use sqlx::Error as E;
    let unknown = match &error {
        E::Io(_) | E::Tls(_) | E::Protocol(_) | E::PoolClosed | E::WorkerCrashed => true,
        E::Database(error) => leaves_open(error.code().as_deref().unwrap_or_default()),
        _ => false,
    };
    if unknown { StoreError::Uncertain(error.to_string()) } else { error.into() }
}

/// Codes after which a commit may have happened: Postgres's classes for lost connections and shutdown, SQLite's
/// input or output errors.
fn leaves_open(code: &str) -> bool {
    if code.len() == 5 {
        return ["08", "57P"].iter().any(|class| code.starts_with(class));
    }
    code.parse::<u32>().is_ok_and(|code| code & 0xff == 10)
}

/// What an error of the database means.
fn classify(error: &dyn DatabaseError) -> StoreError {
    match error.kind() {
        ErrorKind::UniqueViolation => StoreError::Conflict(unique(error)),
        ErrorKind::ForeignKeyViolation | ErrorKind::NotNullViolation | ErrorKind::CheckViolation => {
            StoreError::Refused(error.message().to_owned())
        }
        _ if is_of_the_row(error.code().as_deref().unwrap_or_default()) => {
            StoreError::Refused(error.message().to_owned())
        }
        _ if of_pooler(error.code().as_deref().unwrap_or_default()) => StoreError::Unfit(
            "a pooler in between loses prepared statements; use pool_mode = session, or a PgBouncer with \
             max_prepared_statements"
                .into(),
        ),
        _ if is_cut(error.code().as_deref().unwrap_or_default()) => StoreError::Cut(error.message().to_owned()),
        _ if is_passing(error.code().as_deref().unwrap_or_default()) => {
            StoreError::Unavailable(error.message().to_owned())
        }
        _ => StoreError::Failed(error.message().to_owned()),
    }
}

fn unique(error: &dyn DatabaseError) -> Unique {
    // SQLite: "UNIQUE constraint failed: person.email".
    let columns = error.message().rsplit(": ").next().unwrap_or_default();
    let constraint = error.constraint().unwrap_or_default();
    UNIQUE
        .iter()
        .find(|(sqlite, postgres, _)| *sqlite == columns || *postgres == constraint)
        .map_or(Unique::Other, |(_, _, unique)| *unique)
}

/// Errors that may pass: SQLite's busy and locked; Postgres's classes for lost connections, exhausted resources and
/// shutdown, and its codes for a lock timeout.
fn is_passing(code: &str) -> bool {
    if code.len() == 5 {
        return ["08", "53", "57P", "25P03", "40001", "40P01", "55P03"].iter().any(|class| code.starts_with(class));
    }
    code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 5 | 6))
}

/// Codes for a connection that has ended: somebody stops the server or this connection, it crashed, or the connection was
/// idle for too long. The last one comes in the class of lost connections from a pooler.
fn is_cut(code: &str) -> bool {
    matches!(code, "57P01" | "57P02" | "57P05") || (code.len() == 5 && code.starts_with("08"))
}

/// Postgres's codes for a prepared statement that exists already, or does not exist. Only somebody in between causes them.
fn of_pooler(code: &str) -> bool {
    matches!(code, "42P05" | "26000")
}

/// Errors of a single row: SQLite's constraints (which triggers raise too), too long, and of a wrong type; Postgres's
/// classes for data, constraints and raised exceptions, and what its encoding cannot hold.
fn is_of_the_row(code: &str) -> bool {
    if code.len() == 5 {
        return ["22", "23", "P0001"].iter().any(|class| code.starts_with(class));
    }
    code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 18..=20))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_told_from_the_database() {
        for code in ["19", "1811", "18", "20", "22P05", "22021", "23514", "P0001"] {
            assert!(is_of_the_row(code), "{code}");
        }
        for code in ["13", "10", "5", "8", "11", "53100", "25006", "42501", ""] {
            assert!(!is_of_the_row(code), "{code}");
        }
    }

    #[test]
    fn a_pooler_that_loses_statements_is_told() {
        assert!(of_pooler("42P05") && of_pooler("26000") && !of_pooler("42P01") && !of_pooler("1"));
    }

    #[test]
    fn a_commit_is_uncertain_only_where_it_may_have_happened() {
        for code in ["10", "1034", "08006", "57P01"] {
            assert!(leaves_open(code), "{code}");
        }
        for code in ["13", "5", "23505", "40001", ""] {
            assert!(!leaves_open(code), "{code}");
        }
        assert!(matches!(of_commit(sqlx::Error::WorkerCrashed), StoreError::Uncertain(_)));
    }

    #[test]
    fn a_connection_that_ended_is_told_from_other_errors() {
        for code in ["57P01", "57P02", "57P05", "08006", "08P01"] {
            assert!(is_cut(code) && is_passing(code), "{code}");
        }
        for code in ["", "8", "57P03", "53300", "25P03", "40001", "23505"] {
            assert!(!is_cut(code), "{code}");
        }
    }

    #[test]
    fn passing_errors_are_told_from_lasting_ones() {
        for code in ["5", "517", "6", "08006", "53300", "57P01", "25P03", "40P01"] {
            assert!(is_passing(code), "{code}");
        }
        for code in ["", "1", "13", "2067", "23505", "42P01", "22P02"] {
            assert!(!is_passing(code), "{code}");
        }
    }
}
