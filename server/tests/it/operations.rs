//! What an operator does beside the server: back up, restore, check, migrate, ask whether it is ready, stop.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use testkit::TestDatabase;

use crate::command_line::{done, failed, keystead, run};
use crate::process::Server;

const ISSUE: [&str; 7] = ["key", "issue", "--kind", "service", "--name", "Billing", "--permission=a.b"];

/// The verdict about a key that asks about itself.
fn code(server: &Server, token: &str) -> String {
    let answer = server.ask(&format!(
        "GET /v1/keys/self HTTP/1.1\r\nHost: HOST\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\r\n",
        token.trim()
    ));
    answer.split("\"code\":\"").nth(1).unwrap_or(&answer).split('"').next().unwrap().to_owned()
}

fn signal(server: &Server, name: &str) {
    assert!(Command::new("kill").args([name, &server.id().to_string()]).status().unwrap().success());
}

#[test]
fn a_backup_of_a_running_server_is_whole_and_can_be_restored() {
    let folder = tempfile::tempdir().unwrap();
    let (data, backup) = (&folder.path().join("data"), folder.path().join("backup"));
    let path = |path: &Path| path.to_str().unwrap().to_owned();
    let first = done(&run(data, &ISSUE, ""));
    let mut server = Server::start(data, true);
    let in_room = Path::new("attachments/ab/abababababababababababab");
    fs::create_dir_all(data.join("attachments/ab")).unwrap();
    fs::write(data.join(in_room), "sent").unwrap();
    let said = done(&run(data, &["backup", &path(&backup)], ""));
    assert!(said.contains("Backed up 1 key, 0 people and") && said.contains(&path(&backup)), "{said}");
    let mode = |path: &Path| std::os::unix::fs::PermissionsExt::mode(&path.metadata().unwrap().permissions()) & 0o777;
    assert_eq!((mode(&backup), mode(&backup.join("root.key"))), (0o700, 0o600));
    assert_eq!((mode(&backup.join("keystead.db")), mode(&backup.join(in_room))), (0o600, 0o600));
    fs::write(data.join(in_room), "changed").unwrap();
    assert!(failed(&run(data, &["backup", &path(&backup)], ""), 2).contains("is not empty"));

    let second = done(&run(data, &ISSUE, ""));
    assert_eq!((code(&server, &first), code(&server, &second)), ("VALID".to_owned(), "VALID".to_owned()));
    let refused = failed(&run(data, &["restore", &path(&backup)], ""), 2);
    assert!(refused.contains("a server is running"), "{refused}");
    server.stop();
    let said = done(&run(data, &["restore", &path(&backup)], ""));
    assert!(said.contains("Restored 1 key") && said.contains("before-restore-1"), "{said}");
    let mut server = Server::start(data, true);
    assert_eq!((code(&server, &first), code(&server, &second)), ("VALID".to_owned(), "NOT_FOUND".to_owned()));
    server.stop();
    // What was there before is an installation, too.
    let kept = data.join("before-restore-1");
    assert_eq!(fs::read_to_string(data.join(in_room)).unwrap(), "sent");
    assert_eq!(fs::read_to_string(kept.join(in_room)).unwrap(), "changed");
    assert!(done(&run(&kept, &["check"], "")).contains("2 keys"));
}

/// What a killed server had not yet written back is in its journal.
#[test]
fn a_restore_sets_the_journal_of_a_killed_server_aside_with_its_database() {
    let folder = tempfile::tempdir().unwrap();
    let (data, backup) = (&folder.path().join("data"), folder.path().join("backup"));
    let first = done(&run(data, &ISSUE, ""));
    done(&run(data, &["backup", backup.to_str().unwrap()], ""));
    let server = Server::start(data, true);
    let second = done(&run(data, &ISSUE, ""));
    assert_eq!(code(&server, &second), "VALID");
    assert!(fs::metadata(data.join("keystead.db-wal")).unwrap().len() > 0);
    drop(server);
    assert!(fs::metadata(data.join("keystead.db-wal")).unwrap().len() > 0, "it was killed");
    done(&run(data, &["restore", backup.to_str().unwrap()], ""));
    let mut server = Server::start(data, true);
    assert_eq!((code(&server, &first), code(&server, &second)), ("VALID".to_owned(), "NOT_FOUND".to_owned()));
    server.stop();
    assert!(done(&run(&data.join("before-restore-1"), &["check"], "")).contains("2 keys"));
}

#[test]
fn a_restore_takes_only_what_is_sound_and_leaves_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let (data, backup) = (&folder.path().join("data"), folder.path().join("backup"));
    let restore = ["restore", backup.to_str().unwrap()];
    done(&run(data, &ISSUE, ""));
    assert!(failed(&run(data, &restore, ""), 2).contains("is no backup"));
    done(&run(data, &["backup", backup.to_str().unwrap()], ""));
    let mut bytes = fs::read(backup.join("keystead.db")).unwrap();
    let length = bytes.len();
    bytes[length / 2..].fill(9);
    fs::write(backup.join("keystead.db"), bytes).unwrap();
    failed(&run(data, &restore, ""), 1);
    let said = done(&run(data, &["check"], ""));
    assert!(said.starts_with("The database is sound: 1 key, 0 people and"), "{said}");
    assert!(!data.join("restoring").exists());
    // With another root key it would be of no use.
    let (other, theirs) = (&folder.path().join("other"), folder.path().join("theirs"));
    done(&run(other, &ISSUE, ""));
    done(&run(other, &["backup", theirs.to_str().unwrap()], ""));
    fs::copy(data.join("root.key"), theirs.join("root.key")).unwrap();
    failed(&run(data, &["restore", theirs.to_str().unwrap()], ""), 1);
}

#[tokio::test]
async fn a_backup_of_an_earlier_version_is_brought_up_to_this_one() {
    let folder = tempfile::tempdir().unwrap();
    let (data, backup) = (&folder.path().join("data"), folder.path().join("backup"));
    done(&run(data, &ISSUE, ""));
    done(&run(data, &["backup", backup.to_str().unwrap()], ""));
    let database = TestDatabase::at(&format!("sqlite://{}/keystead.db", backup.display()));
    for statement in WITHOUT_NEWEST.iter().chain(&[
        "DELETE FROM _sqlx_migrations WHERE version >= 45",
        "DROP INDEX audit_event_by_name",
        "DROP INDEX audit_event_by_id",
        "ALTER TABLE person DROP COLUMN confirmed_email",
        "ALTER TABLE person DROP COLUMN email_confirmed_at",
        "DROP INDEX sign_in_failure_fewest",
        "ALTER TABLE session DROP COLUMN owes_password",
    ]) {
        database.execute(statement).await;
    }
    let said = done(&run(data, &["restore", backup.to_str().unwrap()], ""));
    assert!(said.contains("Restored 1 key"), "{said}");
    assert!(done(&run(data, &["check"], "")).contains("1 key"));
}

#[test]
fn a_restore_that_was_cut_short_is_no_new_installation() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("restoring")).unwrap();
    let refused = failed(&run(folder.path(), &ISSUE, ""), 1);
    assert!(refused.contains("was cut short"), "{refused}");
    assert!(!folder.path().join("root.key").exists());
}

/// The newest migrations changed tables that stay.
const WITHOUT_NEWEST: &[&str] = &[
    "DROP TRIGGER key_usage_hour_stamp_added",
    "DROP TRIGGER key_usage_hour_stamp_changed",
    "DROP TRIGGER key_usage_hour_stamp_gone",
    "DROP TRIGGER api_key_stamp_added",
    "DROP TRIGGER api_key_stamp_changed",
    "DROP TRIGGER api_key_stamp_gone",
    "DROP TRIGGER key_quota_stamp_added",
    "DROP TRIGGER key_quota_stamp_changed",
    "DROP TRIGGER key_quota_stamp_gone",
    "DROP TABLE key_stamp",
    "DROP TABLE event_block",
    "CREATE INDEX event_name ON event (integration_id, name, seq)",
    "CREATE INDEX event_crm ON event (integration_id, crm_id, seq, name)",
    "CREATE INDEX event_agent ON event (integration_id, agent_id, seq, name)",
];

/// The migrations from the seventh on only add these and the stamp, so taking them away makes an older database.
const OLDER: &[&str] = &[
    "DELETE FROM _sqlx_migrations WHERE version >= 7",
    "DROP INDEX app_likeness_in_use",
    "DROP INDEX app_name",
    "ALTER TABLE app DROP COLUMN name_key",
    "ALTER TABLE app DROP COLUMN likeness",
    "ALTER TABLE app DROP COLUMN archived_at",
    "ALTER TABLE app DROP COLUMN profile",
    "ALTER TABLE person DROP COLUMN apps",
    "ALTER TABLE link DROP COLUMN made_by",
    "ALTER TABLE session DROP COLUMN app_id",
    "DROP TABLE passkey",
    "DROP TABLE passkey_challenge",
    "DROP TABLE key_secret_minute",
    "DROP TABLE key_secret_address",
    "DROP TABLE key_rotation",
    "DROP INDEX key_secret_ends",
    "DROP INDEX api_key_rotation_due",
    "ALTER TABLE key_secret DROP COLUMN sealed",
    "ALTER TABLE key_secret DROP COLUMN seal_version",
    "DROP INDEX api_key_integration",
    "ALTER TABLE api_key DROP COLUMN integration_id",
    // The one that a later migration takes away.
    "ALTER TABLE api_key ADD COLUMN sealed_secret BLOB",
    "ALTER TABLE api_key DROP COLUMN secrets_made",
    "ALTER TABLE api_key DROP COLUMN rotate_days",
    "ALTER TABLE api_key DROP COLUMN rotation_due_at",
    "DROP TABLE identity",
    "DROP TABLE removed_email",
    "DROP TABLE provider_answer",
    "DROP TABLE key_request",
    "ALTER TABLE person DROP COLUMN time_zone",
    "DROP TABLE event",
    "DROP TABLE event_end",
    "DROP TABLE delivery",
    "DROP TABLE node",
    "DROP TABLE limit_share",
    "DROP TABLE member_key",
    "DROP TABLE webhook",
    "DROP TABLE integration",
    "DROP TABLE api_answer",
    "DROP TABLE room",
    "DROP TABLE deleted_room",
    "DROP TABLE participant",
    "DROP TABLE message",
    "DROP TABLE attachment",
    "DROP TABLE attachment_part",
    "DROP TABLE deletion",
    "DROP TABLE contact",
    "ALTER TABLE api_key DROP COLUMN acts_for",
    "DROP TABLE hand_over",
    "DROP TABLE key_grant",
    "DROP TABLE invite",
    "DROP INDEX person_name",
    "DROP INDEX person_role_name",
    "DROP INDEX person_last_sign_in",
    "ALTER TABLE person DROP COLUMN name_key",
    "ALTER TABLE person DROP COLUMN email_mac",
    "ALTER TABLE person DROP COLUMN last_sign_in_at",
    "ALTER TABLE person DROP COLUMN access_ends_at",
    "ALTER TABLE person DROP COLUMN confirmed_email",
    "ALTER TABLE person DROP COLUMN email_confirmed_at",
    "DROP TABLE sign_in_step",
    "DROP TABLE recovery_code",
    "DROP TABLE second_factor",
    "ALTER TABLE session DROP COLUMN password_checked_at",
    "ALTER TABLE session DROP COLUMN factor_checked_at",
    "ALTER TABLE session DROP COLUMN owes_password",
    "DROP TRIGGER audit_event_counted",
    "DROP TABLE audit_day",
    "DROP TABLE audit_name",
    "DROP INDEX audit_event_at",
    "DROP INDEX audit_event_action",
    "DROP INDEX audit_event_actor",
    "DROP INDEX audit_event_by_name",
    "DROP INDEX audit_event_by_id",
    "DROP INDEX sign_in_failure_fewest",
    "DROP INDEX api_key_open",
    "DROP TABLE bulk_act",
    "DROP TABLE key_draft",
    "DROP TABLE permission_name",
    "DROP TABLE saved_view",
    "DROP TABLE key_name_part",
    "DROP INDEX api_key_start",
    "DROP TABLE key_label",
    "ALTER TABLE api_key DROP COLUMN environment",
    "ALTER TABLE api_key DROP COLUMN external_id",
    "ALTER TABLE api_key DROP COLUMN owner",
    "ALTER TABLE api_key DROP COLUMN tags",
    "ALTER TABLE api_key DROP COLUMN metadata",
];

#[tokio::test]
async fn only_the_server_and_migrate_update_an_older_database() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    done(&run(data, &ISSUE, ""));
    let database = TestDatabase::at(&format!("sqlite://{}/keystead.db", data.display()));
    for &statement in WITHOUT_NEWEST.iter().chain(OLDER) {
        database.execute(statement).await;
    }
    for command in [&ISSUE[..], &["owner", "unlock", "--email", "a@example.com"], &["check"], &["audit", "verify"]] {
        let refused = failed(&run(data, command, ""), 1);
        assert!(refused.contains("keystead migrate"), "{refused}");
    }
    assert_eq!(done(&run(data, &["migrate"], "")), "The database is up to date.\n");
    done(&run(data, &ISSUE, ""));
    let said = done(&run(data, &["check"], ""));
    assert!(said.contains("2 keys"), "{said}");
}

fn health(listen: &str) -> Output {
    keystead(Path::new("/nowhere")).args(["health", "--listen", listen]).output().unwrap()
}

#[test]
fn a_container_can_ask_whether_the_server_is_ready() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(folder.path(), true);
    assert_eq!(done(&health(server.address())), "ready\n");
    let address = server.address().to_owned();
    server.stop();
    assert!(failed(&health(&address), 3).contains(&address));
}

#[test]
fn it_listens_on_a_socket_in_the_file_system() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("keystead.sock");
    let listen = format!("unix:{}", socket.display());
    for _ in 0..2 {
        let mut command = keystead(&folder.path().join("data"));
        command.args(["--listen", &listen, "--public-url", "http://localhost:1"]).stderr(std::process::Stdio::null());
        let mut server = Server::run(command, true);
        assert_eq!(done(&health(&listen)), "ready\n");
        let mut stream = UnixStream::connect(&socket).unwrap();
        stream.write_all(b"GET /login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        server.stop();
        assert!(!socket.exists(), "it removes what it made");
        // A killed process leaves its socket.
        drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    }
}

#[test]
fn every_signal_stops_it_cleanly_and_a_second_one_at_once() {
    for name in ["-HUP", "-INT", "-TERM"] {
        let folder = tempfile::tempdir().unwrap();
        let mut server = Server::start(folder.path(), true);
        signal(&server, name);
        server.ended();
    }
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(folder.path(), true);
    // Half a request keeps it from stopping for seconds.
    let _half = server.connect("POST /csp-report HTTP/1.1\r\nHost: HOST\r\nContent-Length: 9\r\n\r\n{");
    std::thread::sleep(Duration::from_millis(300));
    let told = Instant::now();
    signal(&server, "-INT");
    // Two signals that are there at once are one.
    while TcpStream::connect(server.address()).is_ok() {
        assert!(told.elapsed() < Duration::from_secs(30), "it takes connections");
        std::thread::sleep(Duration::from_millis(20));
    }
    let told = Instant::now();
    signal(&server, "-INT");
    server.ended();
    // One signal alone leaves it 7 seconds more.
    assert!(told.elapsed() < Duration::from_secs(5), "{:?}", told.elapsed());
}

/// Asks a server that stops again and again on one connection: the answer that says that this closes, or nothing if it closed
/// without a word.
fn last_answer(server: &mut Server) -> Option<String> {
    let mut kept = TcpStream::connect(server.address()).unwrap();
    kept.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut ask = || {
        kept.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").ok()?;
        let mut answer = Vec::new();
        let mut byte = [0; 1];
        while !answer.ends_with(b"alive\n") {
            kept.read_exact(&mut byte).ok()?;
            answer.push(byte[0]);
        }
        String::from_utf8(answer).ok()
    };
    assert!(!ask().unwrap().contains("connection: close"));
    signal(server, "-TERM");
    let last = std::iter::from_fn(|| {
        std::thread::sleep(Duration::from_millis(20));
        ask()
    })
    .find(|answer| answer.contains("connection: close"));
    server.ended();
    last
}

/// A client that keeps its connection loses no call: the last answer says that the connection closes.
#[test]
fn a_kept_connection_is_told_before_it_closes() {
    // It closes after a second, and on a machine that stands still nobody asks within that.
    let is_told = (0..5).any(|_| {
        let folder = tempfile::tempdir().unwrap();
        last_answer(&mut Server::start(folder.path(), true)).is_some()
    });
    assert!(is_told);
}

#[test]
fn a_start_that_waits_for_the_folder_says_for_whom_and_ends_when_told() {
    let folder = tempfile::tempdir().unwrap();
    let lock = fs::File::open(folder.path()).unwrap();
    lock.lock().unwrap();
    let log = folder.path().join("log");
    let mut command = keystead(folder.path());
    command.args(["--listen", "127.0.0.1:0"]).stderr(fs::File::create(&log).unwrap());
    let mut child = command.stdout(std::process::Stdio::null()).spawn().unwrap();
    let until = Instant::now() + Duration::from_secs(20);
    let holder = format!("process {} holds a lock", std::process::id());
    while !fs::read_to_string(&log).unwrap().contains(&holder) {
        assert!(Instant::now() < until, "{}", fs::read_to_string(&log).unwrap());
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    // The folder is still held, so nothing else lets it end.
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

/// The way to the database is made a second later, as by a Postgres that starts beside Keystead.
#[test]
fn a_start_before_its_postgres_waits_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let database = TestDatabase::postgres();
    let (url, place) = database.url().split_once("host=").unwrap();
    let later = folder.path().join("postgres");
    let log = folder.path().join("log");
    let mut command = keystead(&folder.path().join("data"));
    command.args(["--listen", "127.0.0.1:0"]).stderr(fs::File::create(&log).unwrap());
    command.env("KEYSTEAD_DATABASE_URL", format!("{url}host={}", later.display()));
    let said = std::thread::scope(|scope| {
        let said = scope.spawn(|| {
            let until = Instant::now() + Duration::from_secs(30);
            let said = loop {
                let said = fs::read_to_string(&log).unwrap();
                if said.contains("waiting up to 60 s for the database") || Instant::now() > until {
                    break said;
                }
                std::thread::sleep(Duration::from_millis(50));
            };
            std::os::unix::fs::symlink(place, &later).unwrap();
            said
        });
        let mut server = Server::run(command, true);
        server.stop();
        said.join().unwrap()
    });
    assert_eq!(said.matches("waiting up to").count(), 1, "{said}");
}
