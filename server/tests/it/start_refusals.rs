//! What the binary starts with, and what it refuses: settings, the data folder, and its two parts.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::process::Command;

use domain::verdict::Code;
use rustix::process::geteuid;
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
        ("KEYSTEAD_METRICS_LISTEN", "9090"),
        ("KEYSTEAD_LIMITS_WHILE_AWAY", "sometimes"),
        ("KEYSTEAD_LOG", "chatty"),
        ("KEYSTEAD_LOG_FORMAT", "xml"),
        ("KEYSTEAD_DATABASE_URL_FILE", "/nowhere/url"),
        ("KEYSTEAD_SMTP_URL_FILE", "/nowhere/url"),
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
async fn an_installation_of_a_newer_generation_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let issue = ["key", "issue", "--kind", "service", "--name", "n"];
    done(&run(folder.path(), &issue, ""));
    let product = opened(folder.path()).await;
    product.store.write(async |tx| tx.put_setting("least_generation", "4000000000").await).await.unwrap();
    product.store.close().await;
    for arguments in [&["--listen", "127.0.0.1:0"][..], &issue] {
        let line = failed(&run(folder.path(), arguments, ""), 1);
        assert!(line.contains("a newer Keystead (least generation 4000000000) has taken over"), "{line}");
    }
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
fn a_secret_setting_can_be_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("url"));
    let elsewhere = folder.path().join("elsewhere.db");
    let url = format!("sqlite://{}", elsewhere.display());
    fs::write(&file, format!("{url}\n")).unwrap();
    let issue = || {
        let mut command = keystead(&data);
        command.env("KEYSTEAD_DATABASE_URL_FILE", &file).args(["key", "issue", "--kind", "service", "--name", "n"]);
        command
    };
    done(&issue().output().unwrap());
    assert!(elsewhere.exists() && !data.join("keystead.db").exists());
    let line = failed(&issue().env("KEYSTEAD_DATABASE_URL", &url).output().unwrap(), 2);
    assert!(line.contains("KEYSTEAD_DATABASE_URL_FILE"), "{line}");
}

/// Its volume is not mounted, or somebody has put it there.
#[test]
fn a_root_key_that_is_a_link_to_nothing_is_no_new_installation() {
    let folder = tempfile::tempdir().unwrap();
    let (data, target) = (folder.path().join("data"), folder.path().join("target"));
    fs::create_dir(&data).unwrap();
    symlink(&target, data.join("root.key")).unwrap();
    let issue = ["key", "issue", "--kind", "service", "--name", "n"];
    let line = failed(&run(&data, &issue, ""), 1);
    assert!(line.contains("root.key"), "{line}");
    assert!(!target.exists() && !data.join("keystead.db").exists());
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

/// What is mounted into a container most often: a folder of root.
#[test]
fn a_data_folder_that_cannot_be_written_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::set_permissions(&data, Permissions::from_mode(0o500)).unwrap();
    let issue = ["key", "issue", "--kind", "service", "--name", "n"];
    let (output, expected) = if geteuid().is_root() {
        // Another account may not enter the folder of the build.
        let (built, program) = (env!("CARGO_BIN_EXE_keystead"), folder.path().join("keystead"));
        fs::hard_link(built, &program).or_else(|_| fs::copy(built, &program).map(drop)).unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        let mut command = Command::new(program);
        command.uid(65532).gid(65532).current_dir("/").env_clear().env("KEYSTEAD_DATA_DIR", &data).args(issue);
        (command.output().unwrap(), "belongs to account 0, and Keystead runs as account 65532")
    } else {
        (run(&data, &issue, ""), "chmod u+rwX")
    };
    let line = failed(&output, 1);
    assert!(line.contains(expected) && line.contains(data.to_str().unwrap()), "{line}");
    assert_eq!(fs::read_dir(&data).unwrap().count(), 0);
}

/// A restore or a copy by another account leaves such a folder, or such a journal. Without a word, the first file in a room
/// would fail, and the database would be called read-only.
#[test]
fn what_cannot_be_written_beside_the_database_is_refused() {
    for name in ["attachments", "keystead.db-wal"] {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        let data = folder.path().join("data");
        let issue = ["key", "issue", "--kind", "service", "--name", "n"];
        done(&run(&data, &issue, ""));
        let left = data.join(name);
        if name == "attachments" {
            fs::create_dir(&left).unwrap();
        } else {
            fs::write(&left, "").unwrap();
        }
        fs::set_permissions(&left, Permissions::from_mode(0o500)).unwrap();
        if geteuid().is_root() {
            let (built, program) = (env!("CARGO_BIN_EXE_keystead"), folder.path().join("keystead"));
            fs::hard_link(built, &program).or_else(|_| fs::copy(built, &program).map(drop)).unwrap();
            for path in [&data, &data.join("keystead.db"), &data.join("root.key")] {
                chown(path, Some(65532), Some(65532)).unwrap();
            }
            let mut command = Command::new(program);
            command.uid(65532).gid(65532).current_dir("/").env_clear().env("KEYSTEAD_DATA_DIR", &data).args(issue);
            let line = failed(&command.output().unwrap(), 1);
            assert!(line.contains(&format!("{name} belongs to account 0")), "{line}");
        } else {
            let line = failed(&run(&data, &issue, ""), 1);
            assert!(line.contains("chmod u+rwX"), "{line}");
        }
    }
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
