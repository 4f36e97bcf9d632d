//! Opening a Postgres database.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};
use sqlx::{ConnectOptions, Connection, Executor, PgConnection, PgPool};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

use crate::conn::Conn;
use crate::error::StoreError;
use crate::idle::Idle;
use crate::lanes::Lanes;
use crate::look::Look;
use crate::patience::{PATIENCE, within};
use crate::reach::{Reach, Server};
use crate::schema::{self, Schema};
use crate::sql::Sql;

/// Settings of each connection. Without these, a client that disappears mid-write would hold its lock for hours, and
/// compiling a statement would take longer than running it.
const SESSION: &str = "SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '30s'; \
     SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3; SET jit = off";

/// For pages and calls, too. What they read is in the order of an index, and joined row by row, so the planner need not
/// weigh that against a sort, a walk through the table, a bitmap of all that match or a hash of them. Statistics cannot
/// mislead it, and one plan does for all arguments. To start a worker would take longer than any of them.
const LISTS: &str = "SET enable_sort = off; SET enable_seqscan = off; SET enable_bitmapscan = off; \
     SET enable_hashjoin = off; SET enable_mergejoin = off; SET max_parallel_workers_per_gather = 0; SET plan_cache_mode = force_generic_plan";

/// While a schema change waits for its lock, everybody else's reads queue behind it. Each start would log a notice that the
/// list of migrations is there already.
const UPDATING: &str = "SET lock_timeout = '2s'; SET client_min_messages = warning";

/// The connections that one server opens, unless it is told otherwise.
pub(crate) const CONNECTIONS: u32 = 10;

/// The parameters of a URL that the driver knows.
const PARAMETERS: [&str; 17] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
];

/// The pools of one database.
#[derive(Clone)]
pub(crate) struct PostgresPools {
    pub writer: PgPool,
    /// With eight connections or more, each lane has its own, which one of its threads opened: the answer to a call then waits
    /// for no thread that hands it on.
    pub calls: Lanes<PgPool>,
    pub pages: PgPool,
    /// For announcements; `None` if there are too few connections for one.
    pub listener: Option<PgPool>,
    /// Ends with the last clone.
    _idle: Arc<Idle>,
}

/// The driver's options for a URL. Parameters that it would skip are refused: with a misspelt `sslmode`, it would connect
/// without one.
fn options(url: &str) -> Result<PgConnectOptions, StoreError> {
    let query = url.split_once('?').map_or("", |(_, rest)| rest).split('#').next().unwrap_or_default();
    for (name, _) in form_urlencoded::parse(query.as_bytes()) {
        if !PARAMETERS.contains(&&*name) && name != "options" && !name.starts_with("options[") {
            return Err(StoreError::Url(format!("it has the parameter {name:?}, which Keystead does not know")));
        }
    }
    // PgBouncer refuses connections with extra_float_digits.
    let options = PgConnectOptions::from_str(url)?.application_name("keystead").extra_float_digits(None);
    // The driver would look for one host of that name.
    if options.get_host().contains(',') {
        return Err(StoreError::Url("it has several hosts; name one that leads to the primary".to_owned()));
    }
    // The driver keeps the brackets of an IPv6 address, and then cannot resolve it.
    let address = options.get_host().strip_prefix('[').and_then(|host| host.strip_suffix(']')).map(str::to_owned);
    let options = if let Some(address) = address { options.host(&address) } else { options };
    Ok(options.disable_statement_logging())
}

/// What somebody should know about the way to this database.
pub(crate) fn warning(url: &str) -> Option<String> {
    let options = options(url).ok()?;
    let host = options.get_host();
    let address = host.parse::<std::net::IpAddr>();
    let is_here = options.get_socket().is_some()
        || host.starts_with('/')
        || host == "localhost"
        || address.is_ok_and(|address| address.is_loopback());
    let is_verified = matches!(options.get_ssl_mode(), PgSslMode::VerifyFull);
    (!is_here && !is_verified).then(|| {
        format!(
            "anybody between here and {host} can read and change what the database says; add sslmode=verify-full to its URL"
        )
    })
}

/// How a number of connections is shared out.
#[derive(Debug, PartialEq, Eq)]
struct Shares {
    listener: bool,
    writers: u32,
    calls: u32,
    pages: u32,
}

/// With three or more, one more is for the look. Pages get what is left, and share with calls if that is nothing.
fn shares(connections: u32) -> Shares {
    let listener = connections >= 5;
    let writers = if connections >= 6 { 2 } else { 1 };
    let calls = if connections >= 8 { 2 } else { 1 };
    Shares { listener, writers, calls, pages: connections.saturating_sub(1 + u32::from(listener) + writers + calls) }
}

/// Updates the schema, and prepares the pools.
pub(crate) async fn open(
    url: &str,
    connections: u32,
    schema: Schema,
    reach: &Arc<Reach>,
) -> Result<(PostgresPools, Look), StoreError> {
    let options = options(url)?;
    prepare(&options, schema, reach).await?;
    let pool = |connections, settings: &'static [&'static str]| {
        let (of_new, of_old) = (Arc::clone(reach), Arc::clone(reach));
        PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(PATIENCE)
            // That would ask the server once more for each read. One that was cut is replaced when it is used.
            .test_before_acquire(false)
            // With either, the driver would look after them itself.
            .idle_timeout(None)
            .max_lifetime(None)
            .after_connect(move |conn, _| {
                let reach = Arc::clone(&of_new);
                Box::pin(async move {
                    for setting in settings {
                        conn.execute(*setting).await?;
                    }
                    let asked = ask(conn).await.map_err(|error| into_driver(&error))?;
                    reach.check(&asked.server).map_err(|error| into_driver(&error))
                })
            })
            .before_acquire(move |_, metadata| {
                let trusted = of_old.trusts(metadata.age);
                Box::pin(async move { Ok(trusted) })
            })
    };
    // The driver would wait forever for a server that vanished, and block one of only two connections.
    let writers = |connections| {
        pool(connections, &[SESSION]).after_release(|conn, _| {
            Box::pin(async move {
                let answer = tokio::time::timeout(PATIENCE, conn.ping()).await;
                answer.map_err(|_| sqlx::Error::PoolTimedOut)?.map(|()| true)
            })
        })
    };
    if connections < 3 {
        let only = writers(1).connect_lazy_with(options);
        let look = Look::Shared(only.clone());
        let idle = Arc::new(Idle::of(vec![only.clone()]));
        let pools = PostgresPools {
            writer: only.clone(),
            calls: Lanes::each(|| only.clone()),
            pages: only,
            listener: None,
            _idle: idle,
        };
        return Ok((pools, look));
    }
    let shares = shares(connections);
    let of_calls = |connections| pool(connections, &[SESSION, LISTS]).connect_lazy_with(options.clone());
    let calls = if shares.calls == 1 {
        let only = of_calls(1);
        Lanes::each(|| only.clone())
    } else {
        Lanes::each(|| of_calls(shares.calls / 2))
    };
    let pages = || pool(shares.pages, &[SESSION, LISTS]).connect_lazy_with(options.clone());
    let writer = writers(shares.writers).connect_lazy_with(options.clone());
    let own_pages = (shares.pages > 0).then(pages);
    let idle = [&writer].into_iter().chain(calls.all()).chain(&own_pages).cloned().collect();
    let pools = PostgresPools {
        writer,
        pages: own_pages.unwrap_or_else(|| calls.own().clone()),
        calls,
        _idle: Arc::new(Idle::of(idle)),
        listener: shares.listener.then(|| {
            let alone = PgPoolOptions::new().max_connections(1).acquire_timeout(PATIENCE);
            alone.idle_timeout(None).max_lifetime(None).connect_lazy_with(options.clone())
        }),
    };
    Ok((pools, Look::Postgres { options: Box::new(options), conn: Mutex::default() }))
}

fn into_driver(error: &StoreError) -> sqlx::Error {
    sqlx::Error::Protocol(error.to_string())
}

/// Waits for a connection, then brings the schema up to date on it. Not from a pool, which would hide the reason for a
/// failure.
async fn prepare(options: &PgConnectOptions, schema: Schema, reach: &Reach) -> Result<(), StoreError> {
    let begun = Instant::now();
    loop {
        let prepared = async {
            let mut conn = within(PATIENCE, async { Ok::<_, StoreError>(options.connect().await?) }).await?;
            let prepared = prepare_on(&mut conn, schema, reach).await;
            within(PATIENCE, async { Ok::<_, StoreError>(conn.close().await?) }).await?;
            prepared
        };
        match prepared.await {
            Err(error) if error.may_pass() && begun.elapsed() < PATIENCE => sleep(Duration::from_millis(500)).await,
            done => return done,
        }
    }
}

async fn prepare_on(conn: &mut PgConnection, schema: Schema, reach: &Reach) -> Result<(), StoreError> {
    within(PATIENCE, fit(conn, reach)).await?;
    let prepared = schema::prepare(conn, &schema::POSTGRES, schema, |conn| Conn::Postgres(conn)).await;
    match prepared {
        Err(StoreError::Unavailable(reason)) => {
            let holders = within(PATIENCE, holders(conn)).await.unwrap_or_default();
            Err(StoreError::Unavailable(if holders.is_empty() { reason } else { format!("{reason} ({holders})") }))
        }
        prepared => prepared,
    }
}

/// Whether the database is one that can be used.
async fn fit(conn: &mut PgConnection, reach: &Reach) -> Result<(), StoreError> {
    conn.execute(UPDATING).await?;
    let sql = Sql::new(
        "SELECT current_setting('server_encoding'), pg_is_in_recovery(), current_setting('transaction_read_only') = 'on'",
    );
    let (encoding, in_recovery, read_only) = Conn::Postgres(conn).fetch_one::<(String, bool, bool)>(sql).await?;
    reach.check(&Server { in_recovery, read_only, ..Server::default() })?;
    if encoding != "UTF8" {
        return Err(StoreError::Unfit(format!(
            "its encoding is {encoding}; create it again with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"
        )));
    }
    Ok(())
}

/// Who holds locks in this database, for somebody who waits for one.
async fn holders(conn: &mut PgConnection) -> Result<String, StoreError> {
    let sql = Sql::new(
        "SELECT DISTINCT a.pid, a.application_name FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid \
         WHERE l.granted AND a.datname = current_database() AND a.pid <> pg_backend_pid() \
         AND (l.locktype = 'advisory' OR a.xact_start < now() - interval '2 seconds') ORDER BY 1 LIMIT 3",
    );
    let rows = Conn::Postgres(conn).fetch_all::<(i32, String)>(sql).await?;
    let holders: Vec<_> = rows.iter().map(|(pid, name)| format!("process {pid} of {name:?} holds one")).collect();
    Ok(holders.join(", "))
}

/// What a server answers.
pub(crate) struct Asked {
    pub server: Server,
    /// The verifiers' version.
    pub version: i64,
    /// How many data keys there are.
    pub data_keys: i64,
    /// The server's time, in milliseconds since 1970.
    pub now: i64,
}

/// Asks a server what it is, and all else that a look finds, in one round trip.
pub(crate) async fn ask(conn: &mut PgConnection) -> Result<Asked, StoreError> {
    let sql = Sql::new(
        "SELECT pg_is_in_recovery(), current_setting('transaction_read_only') = 'on', \
         (SELECT value FROM setting WHERE name = 'installation'), \
         (SELECT value FROM setting WHERE name = 'least_generation'), version, (SELECT count(*) FROM data_key), \
         CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) FROM verifier_version",
    );
    let row =
        Conn::Postgres(conn).fetch_one::<(bool, bool, Option<String>, Option<String>, i64, i64, i64)>(sql).await?;
    let (in_recovery, read_only, installation, least, version, data_keys, now) = row;
    Ok(Asked { server: Server { in_recovery, read_only, installation, least }, version, data_keys, now })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_connections_are_shared_out_too() {
        for connections in 3..=30 {
            let Shares { listener, writers, calls, pages } = shares(connections);
            assert_eq!(1 + u32::from(listener) + writers + calls + pages, connections, "{connections}");
        }
        assert_eq!(shares(3), Shares { listener: false, writers: 1, calls: 1, pages: 0 });
        assert_eq!(shares(CONNECTIONS), Shares { listener: true, writers: 2, calls: 2, pages: 4 });
    }

    #[test]
    fn a_parameter_that_would_be_skipped_is_refused_without_its_value() {
        let refused = |url: &str| options(url).unwrap_err().to_string();
        for url in
            ["postgres://db/k?sslpassword=hunter2", "postgres://db/k?sslmod=hunter2", "postgres://db/k?a&hunter2"]
        {
            let refused = refused(url);
            assert!(
                refused.contains("parameter") && (url.ends_with("&hunter2") || !refused.contains("hunter2")),
                "{refused}"
            );
        }
        options("postgres://u:p@db/k?sslmode=verify-full&options=-c%20search_path%3Dk").unwrap();
    }

    #[test]
    fn several_hosts_are_refused() {
        for url in ["postgres://db1,db2/k", "postgres://db/k?host=db1,db2", "postgres://db1:1,db2:2/k"] {
            assert!(matches!(options(url), Err(StoreError::Url(_))), "{url}");
        }
        options("postgres://db1/k").unwrap();
    }

    #[test]
    fn an_ipv6_address_is_an_address() {
        assert_eq!(options("postgres://u:p@[::1]:5433/k").unwrap().get_host(), "::1");
    }

    #[test]
    fn only_a_verified_way_to_another_machine_needs_no_word() {
        for url in
            ["postgres://localhost/k", "postgres://[::1]/k", "postgres://127.0.0.1/k", "postgres://h/k?host=/run/p"]
        {
            assert_eq!(warning(url), None, "{url}");
        }
        assert_eq!(warning("postgres://db.example.com/k?sslmode=verify-full"), None);
        for url in ["postgres://db.example.com/k", "postgres://10.0.0.5/k?sslmode=require"] {
            assert!(warning(url).unwrap().contains("verify-full"), "{url}");
        }
    }
}
