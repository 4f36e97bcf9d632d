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
fn a_passphrase_comes_by_standard_input() {
    let two = Two::start();
    let arguments = [&HAND_OVER[..], &["--passphrase-stdin", "--json"]].concat();
    let made: Value = serde_json::from_str(&done(&run(two.data(), &arguments, "a lantern\n"))).unwrap();
    assert!(made["link"].is_string() && made["handOver"]["hasPassphrase"] == true, "{made}");
    assert!(failed(&run(two.data(), &arguments, ""), 2).contains("pipe a passphrase"));
    assert!(failed(&run(two.data(), &arguments, "short\n"), 1).contains("--passphrase-stdin: "));
}
