//! A Postgres for the tests: Debian's binaries and a temporary cluster behind a Unix socket, never run as root.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{Connection, PgConnection};

use crate::schema;

/// The running cluster; one for the process.
#[derive(Debug)]
struct Cluster {
    bin: PathBuf,
    socket: String,
    // The supervisor stops the cluster when its standard input closes. That happens however this process ends, even
    // without a destructor.
    _supervisor: Child,
}

/// Those that listen for announcements.
const LISTENING: &str = "AND query ILIKE 'LISTEN%'";

static CLUSTER: OnceLock<Cluster> = OnceLock::new();
static NAMES: AtomicU32 = AtomicU32::new(0);

/// Sorts text as ICU does, unlike SQLite, so that a missing `COLLATE` makes a test fail.
const SUPERVISOR: &str = r#"
trap '' HUP INT TERM
dir=$(mktemp -d "${TMPDIR:-/tmp}/keystead-pg.XXXXXX") || exit 1
{
    "$1/initdb" -D "$dir/data" -U keystead -A trust -E UTF8 --locale=C.UTF-8 \
        --locale-provider=icu --icu-locale=en-US --no-sync --no-instructions &&
    { "$1/postgres" -D "$dir/data" -k "$dir" -c listen_addresses= -c max_connections=300 \
        -c fsync=off -c synchronous_commit=off -c full_page_writes=off </dev/null & server=$!; }
} >"$dir/log" 2>&1
tries=0
until "$1/pg_isready" -q -h "$dir"; do
    tries=$((tries + 1))
    if [ -z "$server" ] || [ $tries -gt 300 ] || ! kill -0 "$server" 2>/dev/null; then
        cat "$dir/log" >&2
        [ -n "$server" ] && kill -QUIT "$server"
        rm -rf "$dir"
        exit 1
    fi
    sleep 0.1
done
echo "$dir"
exec >/dev/null 2>&1
read -r _
kill -QUIT "$server"
wait "$server"
rm -rf "$dir"
"#;

fn cluster() -> &'static Cluster {
    CLUSTER.get_or_init(|| {
        let bin = newest_bin();
        let mut command = as_nobody_important();
        let mut supervisor = command
            .args(["sh", "-c", SUPERVISOR, "postgres-of-the-tests"])
            .arg(&bin)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // In its own process group, so that Ctrl-C does not kill it before it cleans up.
            .process_group(0)
            .spawn()
            .expect("a shell for Postgres");
        let mut socket = String::new();
        BufReader::new(supervisor.stdout.take().expect("its output")).read_line(&mut socket).expect("its first line");
        if socket.trim().is_empty() {
            let mut log = String::new();
            let _ = supervisor.stderr.take().expect("its errors").read_to_string(&mut log);
            panic!("Postgres did not start:\n{log}");
        }
        Cluster { bin, socket: socket.trim().to_owned(), _supervisor: supervisor }
    })
}

/// The folder of Debian's newest Postgres.
fn newest_bin() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    versions
        .filter_map(|version| Some((version.file_name().to_str()?.parse::<u32>().ok()?, version.path().join("bin"))))
        .filter(|(_, bin)| bin.join("initdb").exists())
        .max()
        .expect("no Postgres in /usr/lib/postgresql: apt-get install postgresql")
        .1
}

/// `env`, or a switch to another user if we are root, since Postgres refuses to run as root.
fn as_nobody_important() -> Command {
    let root = Path::new("/proc/self").metadata().expect("/proc").uid() == 0;
    if !root {
        return Command::new("env");
    }
    let passwd = std::fs::read_to_string("/etc/passwd").expect("/etc/passwd");
    let user = if passwd.lines().any(|line| line.starts_with("postgres:")) { "postgres" } else { "nobody" };
    let mut command = Command::new("setpriv");
    command.args(["--reuid", user, "--regid"]).arg(group_of(&passwd, user)).arg("--clear-groups");
    // Other users may not have access to root's temporary folder.
    command.env("TMPDIR", "/tmp");
    command
}

fn group_of<'a>(passwd: &'a str, user: &str) -> &'a str {
    passwd
        .lines()
        .map(|line| line.split(':'))
        .find_map(|mut fields| if fields.next() == Some(user) { fields.nth(2) } else { None })
        .expect("the user's group")
}

/// One database in the cluster.
#[derive(Debug)]
pub struct Database {
    name: String,
}

impl Database {
    /// A new one, empty.
    pub fn create() -> Self {
        Self::copy_of("template1")
    }

    /// A new one with the schema, which is made once for the process: the migrations take longer than most tests.
    pub fn with_schema() -> Self {
        static PATTERN: OnceLock<Database> = OnceLock::new();
        let pattern = PATTERN.get_or_init(|| {
            let pattern = Self::create();
            schema::migrate(schema::POSTGRES, async || PgConnection::connect(&pattern.url()).await);
            pattern
        });
        Self::copy_of(&pattern.name)
    }

    fn copy_of(pattern: &str) -> Self {
        let name = format!("test_{}", NAMES.fetch_add(1, Ordering::Relaxed));
        psql(&format!("CREATE DATABASE {name} TEMPLATE {pattern}"));
        Self { name }
    }

    pub fn url(&self) -> String {
        format!("postgres://keystead@localhost/{}?host={}", self.name, cluster().socket)
    }
}

impl Database {
    /// Cuts the connections that listen for notifications; how many there were.
    pub fn cut_listeners(&self) -> usize {
        self.cut(LISTENING)
    }

    /// How many connections wait for announcements.
    pub fn listeners(&self) -> usize {
        self.each("pid IS NOT NULL", LISTENING)
    }

    /// Cuts the connections of Keystead; how many there were.
    pub fn cut_connections(&self) -> usize {
        self.cut("AND application_name = 'keystead'")
    }

    /// Refuses new connections and cuts all there are.
    pub fn stop(&self) {
        psql(&format!("ALTER DATABASE {} ALLOW_CONNECTIONS false", self.name));
        self.cut("");
    }

    /// Allows new connections again.
    pub fn start(&self) {
        psql(&format!("ALTER DATABASE {} ALLOW_CONNECTIONS true", self.name));
    }

    fn cut(&self, which: &str) -> usize {
        self.each("pg_terminate_backend(pid)", which)
    }

    /// For how many of these connections it is so.
    fn each(&self, so: &str, which: &str) -> usize {
        let all = psql(&format!("SELECT {so} FROM pg_stat_activity WHERE datname = '{}' {which}", self.name));
        all.lines().filter(|line| *line == "t").count()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // On a machine that stands still, Postgres gives up. What is left goes with the cluster.
        let _left = told(&format!("DROP DATABASE {} WITH (FORCE)", self.name));
    }
}

fn psql(statement: &str) -> String {
    told(statement).unwrap_or_else(|error| panic!("{statement}: {error}"))
}

fn told(statement: &str) -> Result<String, String> {
    let cluster = cluster();
    let output = Command::new(cluster.bin.join("psql"))
        .args(["-q", "-A", "-t", "-h", &cluster.socket, "-U", "keystead", "-d", "postgres", "-c", statement])
        .output()
        .expect("psql");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}
