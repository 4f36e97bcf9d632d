use proptest::prelude::*;

use super::*;

fn rules(text: &str) -> Vec<CidrRule> {
    text.split_whitespace().map(|rule| CidrRule::parse(rule).unwrap()).collect()
}

fn found(trusted: &str, peer: &str, lines: &[&str]) -> Option<String> {
    let lines = lines.iter().rev().map(|line| line.as_bytes());
    client(peer.parse().unwrap(), lines, &rules(trusted)).map(|address| address.to_string())
}

#[test]
fn a_peer_that_is_not_trusted_is_the_client_whatever_it_claims() {
    for trusted in ["", "10.0.0.0/8", "10.0.0.0/8 203.0.113.9"] {
        for lines in [&["1.2.3.4, 10.0.0.1"][..], &["1.2.3.4", "10.0.0.1"], &["unknown"], &[""], &[]] {
            assert_eq!(found(trusted, "198.51.100.7", lines), Some("198.51.100.7".to_owned()), "{trusted} {lines:?}");
        }
    }
    assert_eq!(found("", "::ffff:127.0.0.1", &[]), Some("127.0.0.1".to_owned()));
}

#[test]
fn the_first_untrusted_entry_from_the_right_is_the_client() {
    let trusted = "10.0.0.0/8 2001:db8::/32";
    for (lines, expected) in [
        (&["203.0.113.9"][..], "203.0.113.9"),
        (&["1.2.3.4, 203.0.113.9"], "203.0.113.9"),
        (&["1.2.3.4, 203.0.113.9, 10.9.9.9"], "203.0.113.9"),
        // All lines are one list.
        (&["1.2.3.4", "203.0.113.9, 10.0.0.2"], "203.0.113.9"),
        (&["203.0.113.9", "10.0.0.2"], "203.0.113.9"),
        (&["203.0.113.9,2001:db8::7"], "203.0.113.9"),
        (&["203.0.113.9\t, \t10.0.0.2 "], "203.0.113.9"),
        // Anything left of the client is the client's own invention.
        (&["unknown, 203.0.113.9"], "203.0.113.9"),
        (&["é,, ,203.0.113.9"], "203.0.113.9"),
        (&["", "203.0.113.9"], "203.0.113.9"),
        // Only proxies: the farthest of them is the caller.
        (&["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        (&[], "10.0.0.1"),
        (&["::ffff:203.0.113.9"], "203.0.113.9"),
        (&["::ffff:10.0.0.2", "203.0.113.9, ::ffff:10.0.0.2"], "203.0.113.9"),
        (&["203.0.113.9, ::ffff:a00:2"], "203.0.113.9"),
        (&["::ffff:127.0.0.1"], "127.0.0.1"),
        (&["1.2.3.4:80"], "1.2.3.4"),
        (&["[::1]:443"], "::1"),
        (&["[::ffff:1.2.3.4]:443"], "1.2.3.4"),
        (&["[2a00::5]"], "2a00::5"),
        (&["2a00::5"], "2a00::5"),
    ] {
        assert_eq!(found(trusted, "10.0.0.1", lines), Some(expected.to_owned()), "{lines:?}");
    }
    assert_eq!(found(trusted, "::ffff:10.0.0.1", &["203.0.113.9"]), Some("203.0.113.9".to_owned()));
}

/// Entries that no proxy should write, and text that some parsers mistake for an address.
const MALFORMED: [&str; 27] = [
    "",
    " ",
    ",",
    "unknown",
    "_hidden",
    "203.0.113.9,",
    "203.0.113.9,,10.0.0.2",
    "fe80::1%eth0",
    "[fe80::1%eth0]:443",
    "0177.0.0.1",
    "2130706433",
    "0x7f.0.0.1",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.256",
    "1.2.3.4:",
    "1.2.3.4:x",
    "1.2.3.4:+80",
    "1.2.3.4:65536",
    "[::1",
    "[::1]443",
    "[::1]:",
    "[1.2.3.4]:80",
    "1.2.3.4/32",
    "203.0.113.9, 10.0.0.2, é",
    "for=203.0.113.9",
    "1.2.3.4 5.6.7.8",
];

#[test]
fn a_malformed_entry_leaves_the_address_unknown() {
    for entry in MALFORMED {
        assert_eq!(found("10.0.0.0/8", "10.0.0.1", &[entry]), None, "{entry:?}");
        // It is no better behind another trusted proxy, on the same line or on a separate one.
        assert_eq!(found("10.0.0.0/8", "10.0.0.1", &[&format!("{entry}, 10.0.0.2")]), None, "{entry:?}");
        assert_eq!(found("10.0.0.0/8", "10.0.0.1", &["203.0.113.9", entry]), None, "{entry:?}");
    }
    let bytes: &[u8] = b"203.0.113.9, \xff\xfe";
    assert_eq!(client("10.0.0.1".parse().unwrap(), [bytes], &rules("10.0.0.0/8")), None);
}

#[test]
fn ten_thousand_entries_are_walked_only_as_far_as_they_are_ours() {
    let forged = vec!["1.2.3.4"; 9_999].join(",");
    let lines = format!("{forged},203.0.113.9");
    assert_eq!(found("10.0.0.0/8", "10.0.0.1", &[&lines]), Some("203.0.113.9".to_owned()));
    let ours = vec!["10.0.0.2"; 10_000].join(",");
    assert_eq!(found("10.0.0.0/8", "10.0.0.1", &[&ours]), Some("10.0.0.2".to_owned()));
}

/// The contents of a header: trusted and other addresses, in any notation, and nonsense.
fn any_entry() -> impl Strategy<Value = String> {
    let other = |n: u8| format!("203.0.113.{n}");
    prop_oneof![
        4 => any::<u8>().prop_map(|n| format!("10.0.0.{n}")),
        2 => any::<u8>().prop_map(|n| format!("::ffff:10.0.0.{n}")),
        1 => any::<u8>().prop_map(|n| format!("[2001:db8::{n:x}]:443")),
        2 => any::<u8>().prop_map(other),
        1 => any::<u8>().prop_map(move |n| format!("{}:80", other(n))),
        1 => proptest::sample::select(MALFORMED.to_vec()).prop_map(str::to_owned),
        1 => "[ -~]{0,12}",
    ]
}

fn any_lines() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec(proptest::collection::vec(any_entry(), 1..5).prop_map(|entries| entries.join(", ")), 0..4)
}

/// The same in the simplest way: one long list, read from its end.
fn model(peer: IpAddr, lines: &[String], trusted: &[CidrRule]) -> Option<IpAddr> {
    let joined = lines.join(",");
    let mut hops: Vec<Option<IpAddr>> = match lines {
        [] => Vec::new(),
        _ => joined.split(',').map(|entry| address(entry.as_bytes())).collect(),
    };
    hops.push(Some(peer.to_canonical()));
    let last = hops.iter().rposition(|hop| hop.is_none_or(|hop| !is_trusted(hop, trusted)));
    hops.get(last.unwrap_or(0)).copied().flatten()
}

proptest! {
    #[test]
    fn the_walk_is_that_over_one_long_list(peer in any_entry(), lines in any_lines()) {
        let trusted = rules("10.0.0.0/8 2001:db8::/32");
        let peer = address(peer.as_bytes()).unwrap_or(IpAddr::from([198, 51, 100, 7]));
        let seen = client(peer, lines.iter().rev().map(String::as_bytes), &trusted);
        prop_assert_eq!(seen, model(peer, &lines, &trusted), "{} {:?}", peer, lines);
        prop_assert!(seen.is_none_or(|address| address == address.to_canonical()));
    }

    #[test]
    fn a_client_changes_nothing_by_what_it_claims(claims in any::<Vec<u8>>(), line_of_its_own in any::<bool>(), ours in 0_usize..3) {
        let trusted = rules("10.0.0.0/8");
        let written = format!("203.0.113.9{}", ",10.0.0.2".repeat(ours));
        let peer = IpAddr::from([10, 0, 0, 1]);
        let joined = [claims.as_slice(), b",", written.as_bytes()].concat();
        let lines: Vec<&[u8]> = if line_of_its_own { vec![written.as_bytes(), &claims] } else { vec![&joined] };
        prop_assert_eq!(client(peer, lines, &trusted), Some(IpAddr::from([203, 0, 113, 9])));
    }

    #[test]
    fn no_bytes_panic(lines in proptest::collection::vec(any::<Vec<u8>>(), 0..4)) {
        let trusted = rules("10.0.0.0/8");
        let _ = client(IpAddr::from([10, 0, 0, 1]), lines.iter().map(Vec::as_slice), &trusted);
    }
}
