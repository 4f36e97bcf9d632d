//! Each command, in its own process and against a running server: both ways do the same and say the same.

use std::path::Path;
use std::process::{Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::command_line::{done, failed, keystead, run};
use crate::manage_keys::ALL;
use crate::process::Server;
use crate::support::{EMAIL, PASSWORD};

/// A server, its data folder, and a key that may do everything.
pub struct Two {
    folder: TempDir,
    pub server: Server,
    pub key: String,
}

impl Two {
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = manager(folder.path(), &ALL);
        done(&run(folder.path(), &["owner", "create", "--email", EMAIL, "--password-stdin"], PASSWORD));
        let server = Server::start(folder.path(), false);
        Self { folder, server, key }
    }

    pub fn data(&self) -> &Path {
        self.folder.path()
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }

    pub fn here(&self, arguments: &[&str]) -> Output {
        run(self.data(), arguments, "")
    }

    pub fn there(&self, arguments: &[&str]) -> Output {
        self.with_key(&self.key, arguments)
    }

    pub fn with_key(&self, key: &str, arguments: &[&str]) -> Output {
        let mut command = keystead(Path::new("/nowhere"));
        command.args(arguments).args(["--url", &self.url()]).env("KEYSTEAD_KEY", key);
        command.output().unwrap()
    }

    /// What both ways print to standard output.
    pub fn both(&self, arguments: &[&str]) -> String {
        let (here, there) = (self.here(arguments), self.there(arguments));
        let printed = done(&here);
        assert_eq!((printed.as_str(), &here.stderr), (done(&there).as_str(), &there.stderr), "{arguments:?}");
        printed
    }

    /// The one line with which both ways are refused.
    pub fn refused(&self, arguments: &[&str], code: i32) -> String {
        let line = failed(&self.here(arguments), code);
        assert_eq!(line, failed(&self.there(arguments), code), "{arguments:?}");
        line
    }

    /// A new key, by one way or the other, and its id.
    fn issue(&self, there: bool, more: &[&str]) -> (String, String) {
        let arguments = [&["key", "issue", "--kind", "service"], more].concat();
        let output = if there { self.there(&arguments) } else { self.here(&arguments) };
        let token = done(&output).trim().to_owned();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.starts_with("Issued ks_") && said.contains("works now") && !said.contains(&token), "{said}");
        let id = token.split('_').nth(1).unwrap().to_owned();
        (token, id)
    }

    pub fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.both(&[arguments, &["--json"]].concat())).unwrap()
    }
}

/// A key with these permissions of Keystead's own.
pub fn manager(data: &Path, permissions: &[&str]) -> String {
    let mut arguments = vec!["key", "issue", "--kind", "service", "--name", "manager"];
    for permission in permissions {
        arguments.extend(["--permission", permission]);
    }
    done(&run(data, &arguments, "")).trim().to_owned()
}

#[test]
fn keys_are_listed_and_shown_alike() {
    let two = Two::start();
    let (_, id) = two.issue(
        false,
        &["--name", "Invoices", "--tag", "eu", "--permission", "invoices.read", "--limit", "5 per minute"],
    );
    two.issue(true, &["--name", "Gateway", "--environment", "test", "--external-id", "cus_1", "--owner", "Payments"]);
    // Without the key that calls, whose last use may be told between the two.
    let table = two.both(&["key", "list", "--sort", "name", "--dir", "asc", "--limit", "2"]);
    let lines: Vec<_> = table.lines().collect();
    assert_eq!(lines.len(), 3, "{table}");
    assert!(lines[0].starts_with("Id") && lines[0].contains("Last used") && !table.contains('\u{1b}'), "{table}");
    assert!(table.contains(&id) && table.contains("Never used") && table.contains("Never"), "{table}");
    for (filter, names) in [
        (&["--search", "inv"][..], &["Invoices"][..]),
        (&["--tag", "eu"], &["Invoices"]),
        (&["--environment", "test"], &["Gateway"]),
        (&["--external-id", "cus_1"], &["Gateway"]),
        (&["--owner", "Payments"], &["Gateway"]),
        (&["--status", "disabled"], &[]),
        (&["--kind", "client"], &[]),
        (&["--sort", "name", "--dir", "asc"], &["Gateway", "Invoices", "manager"]),
        (&["--sort", "name", "--dir", "asc", "--limit", "2"], &["Gateway", "Invoices"]),
    ] {
        let mut lists = [false, true].map(|there| {
            let arguments = [&["key", "list", "--json"], filter].concat();
            let list = if there { two.there(&arguments) } else { two.here(&arguments) };
            serde_json::from_str::<Value>(&done(&list)).unwrap()
        });
        for key in lists.iter_mut().flat_map(|list| list["data"].as_array_mut().unwrap()) {
            key["lastUsedAt"].take();
        }
        let [list, there] = lists;
        assert_eq!(list, there, "{filter:?}");
        let found: Vec<_> = list["data"].as_array().unwrap().iter().map(|key| key["name"].as_str().unwrap()).collect();
        assert_eq!(found, names, "{filter:?}");
    }
    let shown = two.both(&["key", "show", &id]);
    for words in
        ["Name", "Invoices", "Permissions", "invoices.read", "Limits", "calls: 5 per minute", "Revision", "Created by"]
    {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    assert_eq!(two.json(&["key", "show", &id])["key"]["tags"][0], "eu");
    let empty = two.here(&["key", "list", "--status", "revoked"]);
    assert_eq!((done(&empty).as_str(), &*empty.stderr), ("", &b"There are no such keys.\n"[..]));
}

#[test]
fn a_running_server_accepts_a_secret_of_the_command_line_at_once() {
    let two = Two::start();
    let is_accepted = |secret: &str| {
        let call = "GET /v1/keys/self HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\nAuthorization: Bearer ";
        two.server.ask(&format!("{call}{secret}\r\n\r\n")).starts_with("HTTP/1.1 200 ")
    };
    let (token, id) = two.issue(false, &["--name", "Rotated"]);
    assert!(is_accepted(&token));
    let new = done(&two.here(&["key", "rotate", &id])).trim().to_owned();
    assert!(is_accepted(&new) && is_accepted(&token));
}

#[test]
fn the_life_of_a_key_is_the_same_both_ways() {
    let two = Two::start();
    for there in [false, true] {
        let act = |arguments: &[&str]| if there { two.there(arguments) } else { two.here(arguments) };
        let (token, id) =
            two.issue(there, &["--name", "Life", "--cidr", "127.0.0.0/8", "--quota", "5", "--quota-refill", "daily"]);
        for (words, said) in [
            (
                &["key", "edit", &id, "--name", "Renamed", "--tag", "eu", "--tag", "Prod", "--rotate-every", "90"][..],
                "Changed Renamed",
            ),
            (
                &["key", "edit", &id, "--clear", "quota", "--clear", "cidr", "--expires-at", "2030-01-01"],
                "Changed Renamed",
            ),
            (&["key", "disable", &id], "Disabled Renamed"),
            (&["key", "enable", &id], "Enabled Renamed"),
            (&["key", "revoke", &id, "--reason", "superseded", "--note", "New one"], "Revoked Renamed"),
            (&["key", "restore", &id], "Restored Renamed"),
        ] {
            assert_eq!(done(&act(words)), format!("{said} ({id}).\n"));
        }
        let key: Value = serde_json::from_str(&done(&act(&["key", "show", &id, "--json"]))).unwrap();
        let key = &key["key"];
        assert_eq!(
            (&key["name"], &key["tags"], &key["rotateDays"]),
            (&"Renamed".into(), &serde_json::json!(["eu", "prod"]), &90.into())
        );
        assert!(key["quota"].is_null() && key["cidrs"].as_array().unwrap().is_empty(), "{key}");
        assert_eq!((&key["expiresAt"], &key["status"]), (&"2030-01-01T00:00:00Z".into(), &"active".into()));
        let stale = failed(&act(&["key", "edit", &id, "--name", "Late", "--if-revision", "1"]), 1);
        assert!(stale.contains("changed"), "{stale}");

        let rotated = act(&["key", "rotate", &id, "--overlap", "1h"]);
        let new = done(&rotated).trim().to_owned();
        assert!(new.starts_with(&format!("ks_{id}_")) && new != token, "{new}");
        let said = String::from_utf8(rotated.stderr).unwrap();
        assert!(said.contains("the old secret works until 20") && !said.contains(&new), "{said}");
        assert!(failed(&act(&["key", "rotate", &id]), 1).contains("current state"), "during an overlap");
        assert!(failed(&act(&["key", "rotate", &id, "--overlap", "200d"]), 1).contains("--overlap: "));
        let secrets = || done(&act(&["key", "rotation", &id])).lines().skip(1).count();
        let both = done(&act(&["key", "rotation", &id]));
        assert!(both.starts_with("Number") && both.contains("Not since there are two") && secrets() == 2, "{both}");
        assert!(failed(&act(&["key", "extend", &id, "--overlap", "200d"]), 1).contains("--overlap: "));
        let extended = done(&act(&["key", "extend", &id, "--overlap", "7d"]));
        let said = format!("Extended the rotation of Renamed ({id}): the old secret ends at 20");
        assert!(extended.starts_with(&said) && extended.ends_with("Z.\n"), "{extended}");
        let undone = format!("Undid the rotation of Renamed ({id}): the new secret no longer works.\n");
        assert_eq!(done(&act(&["key", "undo", &id])), undone);
        failed(&act(&["key", "finish", &id]), 1);
        done(&act(&["key", "rotate", &id]));
        let finished = format!("Finished the rotation of Renamed ({id}): the old secret no longer works.\n");
        assert_eq!(done(&act(&["key", "finish", &id])), finished);
        assert!(done(&act(&["key", "rotation", &id])).contains("Never used"));
        let left: Value = serde_json::from_str(&done(&act(&["key", "rotation", &id, "--json"]))).unwrap();
        assert!(secrets() == 1 && left["rotation"]["secrets"][0]["number"].as_i64() > Some(1), "{left}");

        let line = failed(&act(&["key", "delete", &id]), 2);
        assert!(line.contains("for good") && line.contains("--yes"), "{line}");
        assert_eq!(done(&act(&["key", "delete", &id, "--yes"])), format!("Deleted {id}.\n"));
        assert!(failed(&act(&["key", "show", &id]), 1).contains("Key not found"));

        let later = act(&["key", "issue", "--kind", "service", "--name", "Next", "--not-before", "2099-01-01"]);
        let said = String::from_utf8(later.stderr).unwrap();
        assert!(said.contains("works from 2099-01-01T00:00:00Z on"), "{said}");
        let pending = act(&["key", "issue", "--kind", "service", "--name", "Later", "--pending"]);
        let id = done(&pending).split('_').nth(1).unwrap().to_owned();
        assert!(String::from_utf8(pending.stderr).unwrap().contains(&format!("keystead key acknowledge {id}")));
        assert_eq!(done(&act(&["key", "acknowledge", &id])), format!("Confirmed Later ({id}).\n"));
        assert!(failed(&act(&["key", "acknowledge", &id]), 1).contains("current state"));
    }
    let both = |there: bool| two.issue(there, &["--name", "Same"]).1;
    let made: Vec<_> = [both(false), both(true)].to_vec();
    let whole = two.json(&["key", "show", &made[0]]);
    let printed = two.there(&["key", "issue", "--kind", "service", "--name", "Whole", "--json"]);
    let printed: Value = serde_json::from_str(&done(&printed)).unwrap();
    assert!(printed["secret"].as_str().unwrap().starts_with("ks_") && printed["key"]["kind"] == whole["key"]["kind"]);
}

#[test]
fn many_keys_at_once_are_each_done_or_named() {
    let two = Two::start();
    let ids: Vec<_> = (0..6).map(|n| two.issue(n % 2 == 0, &["--name", &format!("Key {n}")]).1).collect();
    let mut arguments = vec!["key", "disable", "000000000000"];
    arguments.extend(ids.iter().map(String::as_str));
    for there in [false, true] {
        let output = if there { two.there(&arguments) } else { two.here(&arguments) };
        assert_eq!(output.status.code(), Some(1));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("keystead: 000000000000: This does not exist") && said.contains("1 of 7"), "{said}");
        done(&two.here(&[&["key", "enable"][..], &ids.iter().map(String::as_str).collect::<Vec<_>>()].concat()));
        assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 6);
    }
    let list = two.there(&[&["key", "revoke", "--json"][..], &arguments[3..]].concat());
    let list: Value = serde_json::from_str(&done(&list)).unwrap();
    assert_eq!((list["data"].as_array().unwrap().len(), &list["data"][0]["key"]["status"]), (6, &"revoked".into()));
}

#[test]
fn apps_are_managed_here_and_a_key_sees_its_own() {
    let two = Two::start();
    let made: Value = serde_json::from_str(&done(&two.here(&["app", "create", "Web shop", "--json"]))).unwrap();
    let id = made["app"]["id"].as_str().unwrap();
    assert!(done(&two.there(&["app", "create", "Made there"])).contains("Made there"));
    let table = done(&two.here(&["app", "list"]));
    for words in ["Default", "Web shop", "Made there", "In use"] {
        assert!(table.contains(words), "{table}");
    }
    let own = done(&two.there(&["app", "list"]));
    assert!(own.contains("Default") && !own.contains("Web shop"), "{own}");
    assert_eq!(two.both(&["app", "show", "default"]), two.both(&["app", "show", "Default"]));
    assert_eq!(done(&two.here(&["app", "rename", "web shop", "Shop"])), format!("Renamed Shop ({id}).\n"));
    assert_eq!(done(&two.here(&["app", "archive", id])), format!("Archived Shop ({id}).\n"));
    let archived = done(&two.here(&["app", "list", "--status", "archived"]));
    assert!(archived.contains("Shop") && !archived.contains("In use"), "{archived}");
    assert_eq!(done(&two.here(&["app", "restore", "Shop"])), format!("Brought back Shop ({id}).\n"));
    // Archived apps may have the same name.
    let again: Value = serde_json::from_str(&done(&two.here(&["app", "create", "Twice", "--json"]))).unwrap();
    done(&two.here(&["app", "archive", "Twice"]));
    done(&two.here(&["app", "create", "Twice"]));
    done(&two.here(&["app", "archive", "Twice"]));
    let line = failed(&two.here(&["app", "restore", "twice"]), 1);
    assert!(line.contains("2 have the name") && line.contains(again["app"]["id"].as_str().unwrap()), "{line}");
    let line = two.refused(&["app", "show", "No such"], 1);
    assert!(line.contains("no app in use has the name"), "{line}");
    assert!(failed(&two.there(&["app", "show", id]), 1).contains("App not found"));
    assert!(two.refused(&["app", "create", " "], 1).contains("--name: "));

    let other = ["key", "issue", "--kind", "service", "--name", "Theirs", "--app", "shop"];
    let token = done(&two.here(&other));
    let theirs = token.split('_').nth(1).unwrap();
    assert!(done(&two.here(&["key", "list", "--app", id])).contains("Theirs"));
    assert!(!two.both(&["key", "list"]).contains("Theirs"));
    assert!(failed(&two.there(&["key", "show", theirs]), 1).contains("Key not found"));
    assert!(failed(&two.here(&["key", "show", theirs, "--app", "Default"]), 1).contains("Key not found"));
    assert!(failed(&two.there(&["key", "list", "--app", "Default"]), 2).contains("--app"));
    assert!(done(&two.here(&["audit", "list", "--app", "Shop"])).contains("Theirs"));
}

#[test]
fn people_and_invites_are_managed_alike() {
    let two = Two::start();
    let (_, id) = two.issue(false, &["--name", "Shared"]);
    for (there, email) in [(false, "ada@example.com"), (true, "grace@example.com")] {
        let act = |arguments: &[&str]| if there { two.there(arguments) } else { two.here(arguments) };
        let grant = format!("{id}=test,revoke");
        let made = act(&[
            "invite",
            "make",
            "--first-name",
            "Ada",
            "--last-name",
            "Byron",
            "--email",
            email,
            "--role",
            "guest",
            "--grant",
            &grant,
            "--access-ends-at",
            "2030-01-01",
        ]);
        let link = done(&made);
        assert!(link.contains("/invite/") && link.lines().count() == 1, "{link}");
        assert!(!String::from_utf8(made.stderr).unwrap().contains("/invite/"));
        let shown = done(&act(&["invite", "show", email]));
        assert!(shown.contains("Ada Byron") && shown.contains("acts=see, test, revoke"), "{shown}");
        let renewed = done(&act(&["invite", "renew", email]));
        assert!(renewed.contains("/invite/") && renewed != link, "{renewed}");
    }
    let table = two.both(&["invite", "list"]);
    assert!(
        table.contains("ada@example.com") && table.contains("grace@example.com") && table.contains("Sent by"),
        "{table}"
    );
    assert_eq!(two.both(&["invite", "list", "--limit", "1"]).lines().count(), 2);
    assert_eq!(done(&two.there(&["invite", "revoke", "ada@example.com"])), "Revoked the invite ada@example.com.\n");
    assert!(two.refused(&["invite", "show", "ada@example.com"], 1).contains("no invite has the e-mail address"));
    assert!(
        two.refused(&["invite", "make", "--first-name", "A", "--email", "a", "--role", "guest"], 1)
            .contains("--email: ")
    );
    assert!(
        two.refused(&["invite", "make", "--first-name", "A", "--email", "a@b.example", "--role", "boss"], 1)
            .contains("--role: ")
    );
    assert!(
        two.refused(
            &["invite", "make", "--first-name", "A", "--email", "a@b.example", "--role", "guest", "--grant", "x"],
            2
        )
        .contains("--grant: ")
    );

    let table = two.both(&["person", "list", "--role", "owner"]);
    assert!(table.contains(EMAIL) && table.contains("active"), "{table}");
    let shown = two.both(&["person", "show", "Owner@Example.com"]);
    assert!(shown.contains(EMAIL) && shown.contains("Role"), "{shown}");
    for (arguments, words) in [
        (&["person", "disable", EMAIL][..], "owner"),
        (&["person", "role", EMAIL, "auditor"], "owner"),
        (&["person", "remove", EMAIL, "--yes"], "owner"),
        (&["person", "role", EMAIL, "boss"], "--role: Choose a role: owner, admin, auditor or guest."),
        (&["person", "show", "nobody@example.com"], "no person has the e-mail address"),
        (&["person", "show", "0123456789abcdef01234567"], "This does not exist"),
    ] {
        let line = two.refused(arguments, 1);
        assert!(line.contains(words), "{line}");
    }
    assert_eq!(two.both(&["person", "unlock", EMAIL]), format!("Unlocked owner ({EMAIL}).\n"));
    assert_eq!(two.both(&["person", "sign-out", EMAIL]), format!("Signed out owner ({EMAIL}).\n"));
    assert!(two.refused(&["person", "remove", EMAIL], 2).contains("--yes"));
    assert!(failed(&two.there(&["person", "reset", "--email", EMAIL]), 2).contains("--url"));
}

#[test]
fn the_audit_is_read_alike_and_checked_here() {
    let two = Two::start();
    let (_, id) = two.issue(true, &["--name", "Watched"]);
    let table = two.both(&["audit", "list", "--key", &id]);
    assert!(table.starts_with("Number") && table.contains("key.issued") && table.contains("Watched"), "{table}");
    let events = two.json(&["audit", "list", "--action", "key.issued", "--limit", "1"]);
    assert_eq!((&events["data"][0]["subject"], events["data"].as_array().unwrap().len()), (&"Watched".into(), 1));
    assert!(two.refused(&["audit", "list", "--action", "key.eaten"], 2).contains("--action"));
    assert!(two.refused(&["audit", "list", "--from", "soon"], 1).contains("--from: Send a day"));
    assert!(done(&two.here(&["audit", "verify"])).contains("The audit is intact"));
    let verified: Value = serde_json::from_str(&done(&two.here(&["audit", "verify", "--json"]))).unwrap();
    assert!(verified["newestLink"].as_str().is_some_and(|link| link.len() == 64), "{verified}");
    assert!(failed(&two.here(&["audit", "--app", "Default", "verify"]), 2).contains("--app"));
    assert!(failed(&two.there(&["audit", "verify"]), 2).contains("--url"));
}

#[test]
fn what_cannot_be_is_refused_alike() {
    let two = Two::start();
    let (_, id) = two.issue(false, &["--name", "Key"]);
    for (arguments, code, words) in [
        (&["key", "show", "000000000000"][..], 1, "This does not exist: Key not found"),
        (&["key", "show", "x"], 2, "an id has 12 letters and digits"),
        (&["key", "show"], 2, "<ID> is missing"),
        (&["key", "frobnicate"], 2, "frobnicate"),
        (&["key", "list", "--status", "alive"], 2, "; use one of active, pending, disabled, "),
        (&["key", "list", "--limit", "0"], 2, "--limit"),
        (&["key", "list", "--search", ""], 2, "--search"),
        (&["key", "list", "--rows", "50"], 2, "--rows"),
        (&["key", "list", "--after", "x"], 2, "--after"),
        (&["key", "edit", &id], 2, "nothing is to be changed"),
        (&["key", "edit", &id, "--kind", "client"], 2, "--kind"),
        (&["key", "edit", &id, "--clear", "name"], 2, "--clear"),
        (&["key", "edit", &id, "--clear", "tag", "--tag", "x"], 2, "--clear tag"),
        (&["key", "edit", &id, "--cidr", "10.0.0.1/8"], 1, "--cidr \"10.0.0.1/8\": "),
        (&["key", "edit", &id, "--metadata", "two words=x"], 1, "--metadata \"two words\": "),
        (&["key", "edit", &id, "--expires-in", "1d", "--expires-at", "2030-01-01"], 2, "--expires-"),
        (&["key", "revoke", &id, "--reason", "bored"], 1, "--reason: "),
        (&["key", "enable", &id], 1, "The current state does not allow this"),
        (&["key", "restore", &id], 1, "The current state does not allow this"),
        (&["key", "delete", &id, "000000000000"], 2, "2 keys"),
    ] {
        let line = two.refused(arguments, code);
        assert!(line.contains(words), "{arguments:?}: {line}");
    }
    // A token in the place of an id is cut to it.
    let (token, id) = two.issue(true, &["--name", "Pasted"]);
    assert!(two.both(&["key", "show", &token]).contains(&id));
    assert!(two.both(&["key", "list", "--search", &token]).contains("Pasted"));
}

#[test]
fn a_reader_that_goes_away_ends_a_list_in_silence() {
    let two = Two::start();
    for n in 0..3 {
        two.issue(n == 0, &["--name", "Key"]);
    }
    for arguments in [&["key", "list"][..], &["key", "list", "--json"], &["--help"], &["completions", "bash"], &["man"]]
    {
        let mut child =
            keystead(two.data()).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert!(output.stderr.is_empty(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
