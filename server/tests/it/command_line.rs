//! The command line, through the real binary.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use domain::audit::Action;
use domain::audit_query::AuditQuery;
use domain::quota::Refill;
use domain::verdict::Code;
use server::config::{Config, Settings};
use server::start::{self, Opener};
use service::verify::{Credential, VerifyRequest};
use testkit::TestDatabase;

use crate::support::{EMAIL, PASSWORD, operator};

/// The binary, with this data folder and nothing else from outside.
pub fn keystead(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keystead"));
    command.env_clear().env("KEYSTEAD_DATA_DIR", data).stdin(Stdio::null());
    command
}

pub fn run(data: &Path, arguments: &[&str], stdin: &str) -> Output {
    let mut command = keystead(data);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A command that needs no password may end before it reads any.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Checks that it failed with this code and one line, and gives the line.
pub fn failed(output: &Output, code: i32) -> String {
    let line = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{line}");
    assert_eq!(text(&output.stdout), "");
    assert!(line.starts_with("keystead: ") && line.trim_end().lines().count() == 1, "{line}");
    line
}

pub fn done(output: &Output) -> String {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

pub async fn opened(data: &Path) -> start::Product {
    let settings = Settings { data_dir: Some(data.to_owned()), ..Settings::default() };
    start::open(&Config::check(settings).unwrap(), Opener::Command).await.unwrap()
}

#[test]
fn an_owner_is_made_recovered_and_unlocked() {
    let folder = tempfile::tempdir().unwrap();
    let data = &folder.path().join("deep/data");
    let create = ["owner", "create", "--email", EMAIL, "--password-stdin"];
    let recover = ["owner", "recover", "--email", EMAIL, "--password-stdin"];
    let unlock = ["owner", "unlock", "--email", EMAIL];
    assert!(failed(&run(data, &recover, PASSWORD), 1).contains("no owner has the e-mail address owner@example.com"));
    assert!(failed(&run(data, &unlock, ""), 1).contains("no owner has"));
    assert!(failed(&run(data, &create, "password123456"), 1).contains("password: "));
    assert!(failed(&run(data, &create, "short"), 1).contains("15"));
    assert_eq!(done(&run(data, &create, &format!("{PASSWORD}\n"))), "owner@example.com is an owner now.\n");
    assert!(failed(&run(data, &create, PASSWORD), 1).contains("already uses this e-mail"));
    assert!(done(&run(data, &recover, "another fine long evening\r\n")).contains("has a new password"));
    assert!(done(&run(data, &unlock, "")).contains("can sign in again"));

    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(data), 0o700);
    for file in ["root.key", "keystead.db"] {
        assert_eq!(mode(&data.join(file)), 0o600, "{file}");
    }
}

#[test]
fn a_reset_link_is_printed_once_for_who_may_sign_in() {
    let folder = tempfile::tempdir().unwrap();
    let data = &folder.path().join("data");
    done(&run(data, &["owner", "create", "--email", EMAIL, "--password-stdin"], PASSWORD));
    let reset = ["person", "reset", "--email", "Owner@example.com"];
    let link = done(&run(data, &reset, ""));
    let token = link.strip_prefix("http://localhost:3000/reset/").unwrap().trim_end();
    assert!(token.len() == 64 && link.lines().count() == 1, "{link}");
    let link = done(&run(data, &[&reset[..], &["--public-url", "https://keys.example.com"]].concat(), ""));
    assert!(link.starts_with("https://keys.example.com/reset/") && !link.contains(token), "{link}");
    let link = done(&run(data, &[&reset[..], &["--json"]].concat(), ""));
    assert!(link.starts_with("{\"link\":\"http://localhost:3000/reset/"), "{link}");
    assert!(
        failed(&run(data, &["person", "reset", "--email", "no@example.com"], ""), 1).contains("nobody who may sign in")
    );
    assert!(failed(&run(data, &["person", "reset"], ""), 2).contains("--email"));
}

#[test]
fn whoever_looks_for_the_server_is_told_how_it_starts() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["serve", "server", "start", "run"] {
        let line = failed(&run(folder.path(), &[name], ""), 2);
        assert!(line.contains("keystead without a command starts the console") && !line.contains("perhaps"), "{line}");
    }
    assert!(failed(&run(folder.path(), &["restor"], ""), 2).contains("perhaps restore is meant"));
}

/// What is told may go into a log.
#[test]
fn a_whole_key_that_is_typed_in_the_wrong_place_is_not_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let data = &folder.path().join("data");
    let key = done(&run(data, &["key", "issue", "--kind", "service", "--name", "one"], ""));
    let (head, secret) = key.trim().rsplit_once('_').unwrap();
    for typed in [key.trim().to_owned(), format!("%20{}x", key.trim())] {
        let option = format!("--{typed}");
        for (arguments, told) in [
            (&[&*typed][..], true),
            (&["key", &*typed], true),
            (&["key", "list", &*typed], true),
            (&["key", "list", &*option], true),
            (&["key", "list", "--status", &*typed], true),
            (&["key", "list", "--limit", &*typed], true),
            (&["key", "edit", "7Qm2xVbN4tRa", "--quota", &*typed], true),
            (&["key", "edit", "7Qm2xVbN4tRa", "--metadata", &*typed], true),
            (&["key", "issue", "--kind", &*typed, "--name", "x"], false),
            (&["key", "issue", "--kind", "service", "--name", &*typed], false),
            (&["key", "issue", "--kind", "service", "--name", "x", "--expires-in", &*typed], true),
            (&["owner", "unlock", "--email", &*typed], false),
            (&["person", "show", &*typed], false),
            (&["completions", &*typed], true),
            (&["man", &*typed], true),
        ] {
            let output = run(data, arguments, "");
            let line = text(&output.stderr);
            assert!(!output.status.success() && line.starts_with("keystead: "), "{line}");
            assert!(!line.contains(secret) && (!told || line.contains(head)), "{line}");
        }
    }
}

#[test]
fn a_password_comes_as_one_line_on_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let data = &folder.path().join("data");
    let create = ["owner", "create", "--email", EMAIL, "--password-stdin"];
    assert!(failed(&run(data, &create, ""), 2).contains("standard input is empty"));
    assert!(failed(&run(data, &create, "\n"), 2).contains("standard input is empty"));
    assert!(failed(&run(data, &create, "one\ntwo\n"), 2).contains("more than one line"));
    assert!(failed(&run(data, &create, &"x".repeat(10_000)), 2).contains("too long"));
    assert!(failed(&run(data, &create[..4], PASSWORD), 2).contains("--password-stdin"));
    assert!(failed(&run(data, &["owner", "create", "--password-stdin"], PASSWORD), 2).contains("--email"));
    assert!(
        failed(&run(data, &["owner", "create", "--email", EMAIL, "--password", "x"], ""), 2).contains("--password")
    );
    assert!(!data.exists(), "what is wrong is told before anything is made");
}

#[tokio::test]
async fn a_key_is_printed_once_works_at_once_and_says_who_made_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let output = run(
        data,
        &[
            "key",
            "issue",
            "--kind",
            "service",
            "--name",
            "check keys",
            "--description",
            "for the gateway",
            "--permission",
            "keystead.verify",
            "--permission",
            "invoices.*",
            "--cidr",
            "203.0.113.0/24",
            "--cidr",
            "2001:db8::/32",
            "--domain",
            "*.example.com",
            "--expires-in",
            "90d",
        ],
        "",
    );
    let token = done(&output);
    let token = token.strip_suffix('\n').unwrap();
    assert!(token.starts_with("ks_") && !token.contains(char::is_whitespace), "{token}");
    assert!(!text(&output.stderr).contains(token), "the secret is printed once");

    let opened = opened(data).await;
    let request = VerifyRequest {
        address: Some("203.0.113.9".parse().unwrap()),
        origin: Some("https://app.example.com"),
        ..VerifyRequest::default()
    };
    let verdict = opened.service.verifier().verify(Credential::Token(token), request).await.unwrap();
    assert_eq!(verdict.code, Code::Valid);
    let record = verdict.key.unwrap().record.clone();
    let held: Vec<_> = record.rules.permissions.iter().map(domain::permission::Permission::as_str).collect();
    assert_eq!(held, ["invoices.*", "keystead.verify"]);
    let lifetime = record.expires_at.unwrap().millis() - opened.service.now().millis();
    assert!((89 * 86_400_000..=90 * 86_400_000).contains(&lifetime), "{lifetime}");

    let account = text(&Command::new("id").arg("-un").output().unwrap().stdout);
    let page =
        opened.service.audit(&operator(), &AuditQuery { key: Some(record.id), ..AuditQuery::default() }).await.unwrap();
    assert!(!page.rows.is_empty());
    for row in page.rows {
        assert!(row.actor_label.contains(account.trim()), "{row:?}");
    }
    opened.store.close().await;
}

#[tokio::test]
async fn the_record_is_checked_and_the_first_wrong_event_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    done(&run(data, &["key", "issue", "--kind", "service", "--name", "one"], ""));
    let output = run(data, &["audit", "verify"], "");
    done(&output);
    let line = text(&output.stdout);
    assert!(line.starts_with("The audit is intact: 3 events. Newest link: "), "{line}");
    let database = TestDatabase::at(&format!("sqlite://{}/keystead.db", data.display()));
    database.execute("UPDATE audit_event SET note = 'x' WHERE seq = 2").await;
    let line = failed(&run(data, &["audit", "verify"], ""), 1);
    assert!(line.contains("from event 2 on"), "{line}");
    database.execute("DELETE FROM audit_head").await;
    let line = failed(&run(data, &["audit", "verify"], ""), 1);
    assert!(line.contains("from event 1 on"), "{line}");
}

#[test]
fn a_check_of_what_is_not_there_fails_and_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("mistyped");
    let line = failed(&run(&nowhere, &["audit", "verify"], ""), 3);
    assert!(line.contains("keystead.db is missing"), "{line}");
    assert!(!nowhere.exists());
    let data = folder.path().join("data");
    done(&run(&data, &["key", "issue", "--kind", "service", "--name", "one"], ""));
    fs::remove_file(data.join("root.key")).unwrap();
    let line = failed(&run(&data, &["audit", "verify"], ""), 3);
    assert!(line.contains("root.key is missing") && !data.join("root.key").exists(), "{line}");
}

#[tokio::test]
async fn a_key_is_issued_with_labels() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let mut arguments = vec!["key", "issue", "--kind", "service", "--name", "labelled", "--environment", "test"];
    arguments.extend(["--owner", "Payments", "--external-id", "cus_42", "--tag", "eu", "--tag", "prod"]);
    arguments.extend(["--metadata", "plan=gold, or silver"]);
    let output = run(data, &arguments, "");
    done(&output);
    assert!(text(&output.stdout).starts_with("ks_test_"), "{output:?}");
    let opened = opened(data).await;
    let verdict = opened
        .service
        .verifier()
        .verify(Credential::Token(text(&output.stdout).trim()), VerifyRequest::default())
        .await
        .unwrap();
    let rules = &verdict.key.unwrap().record.rules;
    assert_eq!((rules.tags.join(" "), rules.external_id.as_deref()), ("eu prod".to_owned(), Some("cus_42")));
    assert_eq!(rules.metadata.to_items(), ["plan=gold, or silver"]);
    opened.store.close().await;
    let line = failed(&run(data, &["key", "issue", "--kind", "service", "--name", "x", "--metadata", "plan"], ""), 2);
    assert!(line.contains("metadata") && line.contains("plan=gold"), "{line}");
}

#[tokio::test]
async fn a_key_is_issued_with_denied_networks_limits_and_a_quota() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let mut arguments = vec!["key", "issue", "--kind", "service", "--name", "bound"];
    arguments.extend(["--cidr", "203.0.113.0/24", "--deny-cidr", "203.0.113.9", "--deny-cidr", "203.0.113.128/25"]);
    arguments.extend(["--limit", "100 per minute", "--limit", "burst: 20 per 10s"]);
    arguments.extend(["--quota", "10000", "--quota-refill", "monthly"]);
    let token = done(&run(data, &arguments, ""));
    let shut = ["key", "issue", "--kind", "service", "--name", "shut", "--cidr", "::1", "--deny-cidr", "::/0"];
    let output = run(data, &shut, "");
    done(&output);
    let told = text(&output.stderr);
    assert!(told.contains("Warning: This key can never pass: ::1/128 is allowed, but also blocked"), "{told}");

    let opened = opened(data).await;
    let verify = async |address: &str| {
        let request = VerifyRequest { address: Some(address.parse().unwrap()), ..VerifyRequest::default() };
        opened.service.verifier().verify(Credential::Token(token.trim_end()), request).await.unwrap()
    };
    let verdict = verify("203.0.113.8").await;
    assert_eq!(verdict.code, Code::Valid);
    let limits: Vec<_> = verdict.limits.iter().map(|state| state.limit.to_string()).collect();
    assert_eq!(limits, ["calls: 100 per minute", "burst: 20 per 10s"]);
    assert_eq!(verdict.quota.unwrap().remaining, 9_999);
    let quota = verdict.key.unwrap().record.rules.quota.unwrap();
    assert_eq!((quota.total, quota.refill), (10_000, Refill::Monthly));
    for address in ["203.0.113.9", "203.0.113.200"] {
        assert_eq!(verify(address).await.code, Code::IpNotAllowed, "{address}");
    }
    opened.store.close().await;
}

#[test]
fn a_master_user_key_is_two_lines() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["key", "issue", "--kind", "master_user", "--name", "bot", "--permission", "chats.read"];
    let printed = done(&run(folder.path(), &arguments, ""));
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines.len(), 2, "{printed}");
    assert!(lines[0].starts_with("mk_") && lines[1].len() == 49, "{printed}");
}

#[test]
fn a_key_that_cannot_be_is_refused_field_by_field() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let issue = |more: &[&str]| run(data, &[&["key", "issue"][..], more].concat(), "");
    for (arguments, code, words) in [
        (&["--kind", "service"][..], 2, "--name"),
        (&["--name", "n"], 2, "--kind"),
        (&["--kind", "root", "--name", "n"], 1, "--kind: "),
        (&["--kind", "member", "--name", "n"], 1, "--kind: "),
        (&["--kind", "service", "--name", " "], 1, "--name: "),
        (&["--kind", "service", "--name", "n", "--cidr", "10.0.0.1/8"], 1, "10.0.0.0/8"),
        (&["--kind", "service", "--name", "n", "--domain", "*.com"], 1, "--domain \"*.com\": "),
        (&["--kind", "service", "--name", "n", "--permission", "keystead.root"], 1, "--permission \"keystead.root\": "),
        (&["--kind", "client", "--name", "n", "--permission", "a.b"], 1, "--permission"),
        (&["--kind", "service", "--name", "n", "--deny-cidr", "10.0.0.1/8"], 1, "10.0.0.0/8"),
        (&["--kind", "service", "--name", "n", "--limit", "often"], 1, "--limit \"often\": "),
        (&["--kind", "service", "--name", "n", "--limit", "1 per day", "--limit", "2 per day"], 1, "--limit"),
        (&["--kind", "service", "--name", "n", "--quota", "many"], 2, "--quota: "),
        (&["--kind", "service", "--name", "n", "--quota", "5", "--quota-refill", "hourly"], 1, "--quota-refill: "),
        (&["--kind", "service", "--name", "n", "--quota-refill", "daily"], 1, "--quota"),
        (&["--kind", "master_user", "--name", "n", "--limit", "5 per minute"], 1, "--limit"),
        (&["--kind", "service", "--name", "n", "--expires-in", "soon"], 2, "--expires-in"),
        (&["--kind", "service", "--name", "n", "--app", " "], 2, "--app: the value is blank"),
        (&["--kind", "service", "--name", "n", "--app", "x"], 1, "App not found"),
        (&["--kind", "service", "--name", "n", "--app", "0123456789abcdef01234567"], 1, "App not found"),
        (&["--kind", "service", "--name", "n", "--color", "red"], 2, "--color"),
        (&["--kind", "service", "--name", "n", "--permission", ""], 2, "--permission: the value is blank"),
        (&["--kind", "service", "--name", "n", "--cidr", ""], 2, "--cidr: the value is blank"),
        (&["--kind", "service", "--name", "n", "--cidr", "10.0.0.0/8", "--cidr", " \n"], 2, "--cidr: "),
        (&["--kind", "service", "--name", "n", "--cidr", " ,"], 2, "--cidr: "),
        (&["--kind", "service", "--name", "n", "--deny-cidr", ""], 2, "--deny-cidr: the value is blank"),
        (&["--kind", "service", "--name", "n", "--domain", "\t"], 2, "--domain: the value is blank"),
        (&["--kind", "service", "--name", "n", "--limit", ""], 2, "--limit: the value is blank"),
        (&["--kind", "service", "--name", "n", "--quota", " "], 2, "--quota: the value is blank"),
        (&["--kind", "service", "--name", "n", "--environment", " "], 2, "--environment: the value is blank"),
        (&["--kind", "service", "--name", "n", "--owner", " "], 2, "--owner: the value is blank"),
        (&["--kind", "service", "--name", "n", "--external-id", " "], 2, "--external-id: the value is blank"),
        (&["--kind", "service", "--name", "n", "--tag", " "], 2, "--tag: the value is blank"),
        (&["--kind", "service", "--name", "n", "--metadata", " "], 2, "--metadata: the value is blank"),
    ] {
        let line = failed(&issue(arguments), code);
        assert!(line.contains(words), "{line}");
    }
}

#[tokio::test]
async fn a_key_that_cannot_be_printed_is_revoked_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let to_full = |arguments: &[&str]| {
        let full = File::options().write(true).open("/dev/full").unwrap();
        failed(&keystead(data).args(arguments).stdout(full).output().unwrap(), 1)
    };
    for kind in ["service", "master_user"] {
        let line = to_full(&["key", "issue", "--kind", kind, "--name", "lost"]);
        assert!(line.contains("standard output") && line.contains("was revoked at once"), "{line}");
    }
    done(&run(data, &["owner", "create", "--email", EMAIL, "--password-stdin"], PASSWORD));
    let line = to_full(&["owner", "unlock", "--email", EMAIL]);
    assert!(line.contains("standard output") && line.contains("owner@example.com can sign in again"), "{line}");

    let opened = opened(data).await;
    let page = opened.service.audit(&operator(), &AuditQuery::default()).await.unwrap();
    let of = |action: Action| {
        let rows = page.rows.iter().filter(|row| row.action == action);
        rows.map(|row| row.subject.id.clone()).collect::<Vec<_>>()
    };
    assert_eq!(of(Action::KeyIssued).len(), 2);
    assert_eq!(of(Action::KeyRevoked), of(Action::KeyIssued));
    opened.store.close().await;
}
