//! Hand-overs by the command line: the link alone goes to standard output.

use serde_json::Value;

use crate::cli_both::Two;
use crate::command_line::{done, failed, run};

const HAND_OVER: [&str; 8] = ["key", "hand-over", "--kind", "service", "--name", "Partner", "--recipient", "Grace"];

#[test]
fn a_key_is_handed_over_and_withdrawn_both_ways() {
    let two = Two::start();
    for there in [false, true] {
        let act = |arguments: &[&str]| if there { two.there(arguments) } else { two.here(arguments) };
        let more = ["--permission", "invoices.read", "--expires-in", "90d", "--link-life", "3d"];
        let made = act(&[&HAND_OVER[..], &more].concat());
        let link = done(&made);
        assert!(link.contains("/collect/") && link.lines().count() == 1, "{link}");
        let said = String::from_utf8(made.stderr).unwrap();
        let id = said.strip_prefix("Grace can collect the key ").unwrap().split('.').next().unwrap().to_owned();
        assert!(!said.contains("/collect/"), "{said}");
        let table = done(&act(&["key", "hand-overs"]));
        assert!(table.contains(&id) && table.contains("Partner") && table.contains("Grace"), "{table}");
        assert_eq!(done(&act(&["key", "withdraw", &id])), format!("Withdrew {id}.\n"));
        assert!(failed(&act(&["key", "withdraw", &id]), 1).contains("This does not exist"));
        for (more, code, words) in [
            (&["--cidr", "10.0.0.1/8"][..], 1, "--cidr \"10.0.0.1/8\": "),
            (&["--link-life", "2d"], 1, "--link-life: "),
            (&["--email", ""], 2, "--email: "),
            (&["--pending"], 2, "--pending"),
        ] {
            let refused = failed(&act(&[&HAND_OVER[..], more].concat()), code);
            assert!(refused.contains(words), "{more:?}: {refused}");
        }
        let nameless = ["key", "hand-over", "--kind", "service", "--name", "", "--recipient", "Grace"];
        assert!(failed(&act(&nameless), 1).contains("--name: "));
    }
}

#[test]
fn a_new_secret_is_handed_over_both_ways() {
    let two = Two::start();
    for there in [false, true] {
        let act = |arguments: &[&str]| if there { two.there(arguments) } else { two.here(arguments) };
        let token = done(&act(&["key", "issue", "--kind", "service", "--name", "Partner"]));
        let id = token.split('_').nth(1).unwrap();
        let before = done(&act(&["key", "show", id, "--json"]));
        let rotate = ["key", "rotate", id, "--recipient", "Grace"];
        for (more, code, words) in [
            (&["--overlap", "91d"][..], 1, "--overlap: "),
            (&["--link-life", "2d"], 1, "--link-life: "),
            (&["--email", "grace"], 1, "--email: "),
            (&["--link-life", ""], 2, "--link-life: "),
            (&["--email", ""], 2, "--email: "),
        ] {
            let refused = failed(&act(&[&rotate[..], more].concat()), code);
            assert!(refused.contains(words), "{more:?}: {refused}");
        }
        // A variable of a script that is not set makes no secret.
        assert!(failed(&act(&["key", "rotate", id, "--recipient", ""]), 1).contains("--recipient: "));
        for more in [&["--email", "grace@example.com"][..], &["--link-life", "3d"], &["--passphrase-stdin"]] {
            let refused = failed(&act(&[&rotate[..3], more].concat()), 2);
            assert!(refused.contains("--recipient"), "{more:?}: {refused}");
        }
        assert_eq!(done(&act(&["key", "show", id, "--json"])), before);

        let more = ["--overlap", "1h", "--email", "grace@example.com", "--link-life", "3d"];
        let made = act(&[&rotate[..], &more].concat());
        let link = done(&made);
        assert!(link.contains("/collect/") && link.lines().count() == 1, "{link}");
        let said = String::from_utf8(made.stderr).unwrap();
        let told =
            said.starts_with(&format!("Grace can collect the new secret of the key {id}. Until they confirm it"));
        assert!(told && !said.contains("/collect/"), "{said}");
        assert_eq!(done(&act(&["key", "show", id, "--json"])), before, "the key stays as it is");
        let table = done(&act(&["key", "hand-overs"]));
        assert!(table.contains(id) && table.contains("Partner") && table.contains("Grace"), "{table}");
        failed(&act(&rotate), 1);
        assert_eq!(done(&act(&["key", "withdraw", id])), format!("Withdrew {id}.\n"));
        assert!(done(&act(&["key", "rotate", id])).starts_with(&format!("ks_{id}_")));
    }
}

#[test]
fn a_passphrase_for_a_new_secret_comes_by_standard_input() {
    let two = Two::start();
    let token = done(&two.here(&["key", "issue", "--kind", "service", "--name", "Partner"]));
    let id = token.split('_').nth(1).unwrap();
    let rotate = ["key", "rotate", id, "--recipient", "Grace", "--passphrase-stdin", "--json"];
    assert!(failed(&run(two.data(), &rotate, ""), 2).contains("pipe a passphrase"));
    assert!(failed(&run(two.data(), &rotate, "short\n"), 1).contains("--passphrase-stdin: "));
    let made: Value = serde_json::from_str(&done(&run(two.data(), &rotate, "a lantern\n"))).unwrap();
    let hand_over = &made["handOver"];
    assert!(made["link"].is_string() && made["secret"].is_null(), "{made}");
    assert_eq!((&hand_over["id"], &hand_over["overlap"]), (&id.into(), &"24 hours".into()), "{made}");
    assert_eq!(hand_over["hasPassphrase"], true, "{made}");
}

#[test]
fn a_passphrase_comes_by_standard_input() {
    let two = Two::start();
    let arguments = [&HAND_OVER[..], &["--passphrase-stdin", "--json"]].concat();
    let made: Value = serde_json::from_str(&done(&run(two.data(), &arguments, "a lantern\n"))).unwrap();
    assert!(made["link"].is_string() && made["handOver"]["hasPassphrase"] == true, "{made}");
    assert!(failed(&run(two.data(), &arguments, ""), 2).contains("pipe a passphrase"));
    assert!(failed(&run(two.data(), &arguments, "short\n"), 1).contains("--passphrase-stdin: "));
}
