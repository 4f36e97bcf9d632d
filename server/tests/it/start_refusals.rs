//! What the binary starts with, and what it refuses: settings, the data folder, and its two parts.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use domain::verdict::Code;
use service::verify::{Credential, VerifyRequest};

use crate::command_line::{done, failed, keystead, opened, run};

#[test]
fn a_wrong_setting_is_one_line() {
    let folder = tempfile::tempdir().unwrap();
    for (variable, value) in [
        ("KEYSTEAD_LISTEN", "3000"),
        ("KEYSTEAD_DATABASE_URL", "mysql://keystead:hunter2@db/keystead"),
        ("KEYSTEAD_PUBLIC_URL", "keys.example.com/console"),
        ("KEYSTEAD_TRUSTED_PROXIES", "0.0.0.0/0"),
        ("KEYSTEAD_WEBHOOK_NETWORKS", "0.0.0.0/0"),
        ("KEYSTEAD_ALLOW_HTTP", "maybe"),
        ("KEYSTEAD_LOG", "chatty"),
        ("KEYSTEAD_DATABASE_URL_FILE", "/nowhere/url"),
        ("KEYSTEAD_OIDC_FILE", "/nowhere/providers.json"),
        ("KEYSTEAD_DATABASE", "postgres://keystead:hunter2@db/keystead"),
    ] {
        let output = keystead(folder.path()).env(variable, value).output().unwrap();
        let line = failed(&output, 2);
        assert!(line.contains(variable) && !line.contains("hunter2"), "{line}");
    }
    let output = keystead(folder.path()).env("KEYSTEAD_DATA_DIR", "").output().unwrap();
    assert!(failed(&output, 2).contains("--data-dir"));
    for arguments in [&["--listen"][..], &["serve"], &["--listen", "nowhere"], &["owner", "delete"]] {
        failed(&run(folder.path(), arguments, ""), 2);
    }
    let mut command = keystead(folder.path());
    command.env("KEYSTEAD_LISTEN", "127.0.0.1:0").env("KEYSTEAD_ROOT_KEY_FILE", "/nowhere/root.key");
    let output = command.output().unwrap();
    assert!(failed(&output, 1).contains("/nowhere/root.key"));
    let help = run(folder.path(), &["--help"], "");
    assert!(done(&help).contains("KEYSTEAD_TRUSTED_PROXIES"));
}

#[tokio::test]
async fn a_new_prefix_leaves_older_tokens_working() {
    let folder = tempfile::tempdir().unwrap();
    let issue = ["key", "issue", "--kind", "service", "--name", "n"];
    let old = done(&run(folder.path(), &issue, "")).trim().to_owned();
    let with =
        |prefix: &str| keystead(folder.path()).args(issue).env("KEYSTEAD_TOKEN_PREFIX", prefix).output().unwrap();
    let new = done(&with("acme")).trim().to_owned();
    assert!(old.starts_with("ks_") && new.starts_with("acme_"), "{old} {new}");
    let opened = opened(folder.path()).await;
    for token in [old, new] {
        let verdict = opened.service.verifier().verify(Credential::Token(&token), VerifyRequest::default());
        assert_eq!(verdict.await.unwrap().code, Code::Valid, "{token}");
    }
    opened.store.close().await;
    for prefix in ["", "mk", "Acme", "a_b", "abcdefghijk"] {
        assert!(failed(&with(prefix), 1).contains("prefix"), "{prefix}");
    }
}

#[test]
fn a_database_made_under_another_root_key_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let issue = ["key", "issue", "--kind", "service", "--name", "n"];
    done(&run(folder.path(), &issue, ""));
    fs::write(folder.path().join("root.key"), "5a".repeat(32)).unwrap();
    let line = failed(&run(folder.path(), &issue, ""), 1);
    assert!(line.contains("root key"), "{line}");
}

/// A volume that is not mounted looks like this. A new part beside the old one would hide it, and get into the backups.
#[test]
fn a_root_key_without_its_database_and_the_reverse_are_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (key, database) = (folder.path().join("root.key"), folder.path().join("keystead.db"));
    let issue = ["key", "issue", "--kind", "service", "--name", "n"];
    done(&run(folder.path(), &issue, ""));
    let (held, kept) = (fs::read(&key).unwrap(), fs::read(&database).unwrap());

    fs::remove_file(&key).unwrap();
    for _ in 0..2 {
        let line = failed(&run(folder.path(), &issue, ""), 1);
        assert!(line.contains("root.key is missing") && !key.exists(), "{line}");
    }
    fs::write(&key, held).unwrap();
    fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    for empty in [true, false] {
        if empty {
            fs::write(&database, "").unwrap();
        } else {
            fs::remove_file(&database).unwrap();
        }
        let line = failed(&run(folder.path(), &issue, ""), 1);
        assert!(line.contains("its database is missing or empty"), "{line}");
        assert_eq!(database.metadata().map_or(0, |metadata| metadata.len()), 0);
    }
    fs::write(&database, kept).unwrap();
    done(&run(folder.path(), &issue, ""));
}

#[test]
fn a_data_folder_that_anybody_may_write_into_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
    let line = failed(&run(folder.path(), &["key", "issue", "--kind", "service", "--name", "n"], ""), 1);
    assert!(line.contains("chmod 700"), "{line}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn the_data_folder_is_made_only_if_something_is_kept_in_it() {
    for (root_key_lies_elsewhere, database_lies_elsewhere) in [(true, true), (true, false), (false, true)] {
        let folder = tempfile::tempdir().unwrap();
        let root_key = folder.path().join("elsewhere.key");
        fs::write(&root_key, format!("{}\n", "5a".repeat(32))).unwrap();
        fs::set_permissions(&root_key, Permissions::from_mode(0o600)).unwrap();
        let data = folder.path().join("data");
        let mut command = keystead(&data);
        if root_key_lies_elsewhere {
            command.env("KEYSTEAD_ROOT_KEY_FILE", &root_key);
        }
        if database_lies_elsewhere {
            let url = format!("sqlite://{}", folder.path().join("elsewhere.db").display());
            command.env("KEYSTEAD_DATABASE_URL", url);
        }
        done(&command.args(["key", "issue", "--kind", "service", "--name", "n"]).output().unwrap());
        assert_eq!(data.exists(), !(root_key_lies_elsewhere && database_lies_elsewhere));
        assert_eq!(data.join("root.key").exists(), !root_key_lies_elsewhere);
        assert_eq!(data.join("keystead.db").exists(), !database_lies_elsewhere);
    }
}
