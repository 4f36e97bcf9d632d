use proptest::prelude::*;

use super::*;

fn rule(text: &str) -> DomainRule {
    DomainRule::parse(text).unwrap()
}

fn matches(rule: &DomainRule, origin: &str) -> bool {
    Origin::parse(origin).is_some_and(|origin| rule.matches(origin))
}

// Without the tables, nothing was found out about it.
#[cfg(feature = "server")]
#[test]
fn a_stored_rule_is_read_whatever_was_found_out_about_it_since() {
    let read = |text: &str| serde_json::from_value::<DomainRule>(text.into()).ok();
    assert_eq!(DomainRule::parse("*.github.io").ok(), None);
    assert_eq!(read("*.github.io").as_ref().map(DomainRule::as_str), Some("*.github.io"));
    for text in ["", "*", "*.", "a..b", "Example.com", "https://a.b", "bücher.example"] {
        assert_eq!(read(text), None, "{text}");
    }
}

#[test]
fn rules_are_lower_case_without_a_trailing_dot() {
    for (text, stored) in [
        ("app.example.com", "app.example.com"),
        (" APP.Example.COM. ", "app.example.com"),
        ("*.Example.com", "*.example.com"),
        ("localhost", "localhost"),
        ("my_host.corp.internal", "my_host.corp.internal"),
        ("*.corp.internal", "*.corp.internal"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
    ] {
        assert_eq!(rule(text).as_str(), stored);
    }
}

#[test]
fn what_is_no_rule_is_refused_with_the_way_out() {
    for (text, hint) in [
        ("", "is not a host name"),
        ("*", "leave the list blank"),
        ("*.", "is not a host name"),
        ("*.com", "other people's sites"),
        ("*.localhost", "other people's sites"),
        ("**.example.com", "star that is not at the front"),
        ("*.*.example.com", "star that is not at the front"),
        ("a*.example.com", "star that is not at the front"),
        ("*example.com", "star that is not at the front"),
        ("example.*", "star that is not at the front"),
        ("https://app.example.com", "write only app.example.com"),
        ("https://app.example.com:8443/path?x#y", "write only app.example.com"),
        ("app.example.com:443", "write only app.example.com"),
        ("app.example.com/", "write only app.example.com"),
        ("user@example.com", "write only the host name"),
        ("https://user:pw@example.com", "write only the host name"),
        ("127.0.0.1", "is an address"),
        ("::1", "is an address"),
        ("[::1]", "is an address"),
        ("[::1]:443", "is an address"),
        ("127.1", "is an address"),
        ("0x7f.0x1", "is an address"),
        ("2130706433", "is an address"),
        ("a..example.com", "is not a host name"),
        (".example.com", "is not a host name"),
        ("example.com..", "is not a host name"),
        ("-a.example.com", "is not a host name"),
        ("a-.example.com", "is not a host name"),
        ("a b.example.com", "is not a host name"),
        ("a`.example.com", "is not a host name"),
        ("a\0.example.com", "is not a host name"),
        ("<script>", "is not a host name"),
        ("null,", "is not a host name"),
    ] {
        let message = DomainRule::parse(text).expect_err(text);
        assert!(message.contains(hint), "{text}: {message}");
    }
    assert!(DomainRule::parse(&format!("{}.com", "a".repeat(63))).is_ok());
    assert!(DomainRule::parse(&format!("{}.com", "a".repeat(64))).is_err());
    assert!(DomainRule::parse(&"a.".repeat(127)).is_ok());
    assert!(DomainRule::parse(&"a.".repeat(128)).is_err());
    assert!(DomainRule::parse(&"x".repeat(10_000)).unwrap_err().len() < 300);
}

#[cfg(feature = "server")]
mod on_the_server {
    use super::*;

    #[test]
    fn names_in_other_scripts_are_stored_as_a_labels_and_shown_in_both() {
        for (text, stored, shown) in [
            ("bücher.example", "xn--bcher-kva.example", "bücher.example (xn--bcher-kva.example)"),
            ("*.BÜCHER.example.", "*.xn--bcher-kva.example", "*.bücher.example (*.xn--bcher-kva.example)"),
            ("*.XN--BCHER-KVA.example", "*.xn--bcher-kva.example", "*.bücher.example (*.xn--bcher-kva.example)"),
            ("例え。テスト", "xn--r8jz45g.xn--zckzah", "例え.テスト (xn--r8jz45g.xn--zckzah)"),
            ("app.example.com", "app.example.com", "app.example.com"),
        ] {
            assert_eq!(rule(text).as_str(), stored);
            assert_eq!(rule(text).display(), shown);
        }
    }

    #[test]
    fn public_suffixes_are_refused_below_a_star_only() {
        for text in ["*.co.uk", "*.github.io", "*.CO.UK.", "*.xn--p1ai", "*.рф", "*.s3.amazonaws.com"] {
            assert!(DomainRule::parse(text).unwrap_err().contains("other people's sites"), "{text}");
        }
        assert_eq!(rule("*.example.co.uk").as_str(), "*.example.co.uk");
        assert_eq!(rule("keystead.github.io").as_str(), "keystead.github.io");
    }

    #[test]
    fn disguises_are_seen_through() {
        assert!(DomainRule::parse("xn--a.example").is_err());
        assert!(DomainRule::parse("１２７.0.0.1").unwrap_err().contains("is an address"));
        assert!(DomainRule::parse("*。com").is_err());
        assert!(DomainRule::parse("exa\u{200b}mple.com。").is_ok_and(|rule| rule.as_str() == "example.com"));
        assert!(DomainRule::parse("a\u{202e}b.example").is_err());
    }
}

#[cfg(not(feature = "server"))]
#[test]
fn the_browser_leaves_other_scripts_to_the_server() {
    assert!(DomainRule::parse("bücher.example").is_ok());
    assert!(DomainRule::parse("*.рф").unwrap_err().contains("other people's sites"));
    assert!(DomainRule::parse("bü cher.example").is_err());
}

#[test]
fn exact_rules_match_their_host_alone() {
    let rule = rule("app.example.com");
    for origin in [
        "https://app.example.com",
        "https://app.example.com:443",
        "https://app.example.com:8443",
        "http://app.example.com",
        "https://APP.Example.com",
        "https://app.example.com.",
    ] {
        assert!(matches(&rule, origin), "{origin}");
    }
    for origin in [
        "",
        "null",
        "app.example.com",
        "//app.example.com",
        "https://",
        "https://example.com",
        "https://x.app.example.com",
        // Suffix, prefix, a letter for the dot, and characters that parsers disagree about.
        "https://app.example.com.attacker.example",
        "https://attacker-app.example.com",
        "https://attackerapp.example.com",
        "https://appxexample.com",
        "https://app.example.com_.attacker.example",
        "https://app.example.com`.attacker.example",
        "https://app.example.com$.attacker.example",
        "https://app.example.com~.attacker.example",
        "https://app.example.com=.attacker.example",
        "https://app.example.com%60.attacker.example",
        "https://app.example.com!.attacker.example",
        "https://attacker.example/app.example.com",
        "https://attacker.example?app.example.com",
        "https://attacker.example#app.example.com",
        "https://attacker.example\\app.example.com",
        "https://app.example.com@attacker.example",
        "https://user@app.example.com",
        "https://app.example.com/",
        "https://app.example.com/path",
        "https://app.example.com:",
        "https://app.example.com:x",
        "https://app.example.com:+1",
        "https://app.example.com:65536",
        "https://app.example.com:443:443",
        "https://app.example.com..",
        "https://.app.example.com",
        " https://app.example.com",
        "https://app.example.com ",
        "https://app.example.com https://attacker.example",
        "https://app.example.com,https://attacker.example",
        "ftp://app.example.com",
        "file://app.example.com",
        "chrome-extension://app.example.com",
        "javascript:alert(1)//app.example.com",
        "data:text/html,app.example.com",
        "https://app.example.com\0",
        "https://аpp.example.com",
    ] {
        assert!(!matches(&rule, origin), "{origin}");
    }
}

#[test]
fn star_rules_match_below_and_never_the_apex() {
    let rule = rule("*.example.com");
    for origin in
        ["https://a.example.com", "https://a.b.example.com", "https://A.EXAMPLE.COM:1", "http://a.example.com."]
    {
        assert!(matches(&rule, origin), "{origin}");
    }
    for origin in [
        "https://example.com",
        "https://.example.com",
        "https://aexample.com",
        "https://a.example.com.attacker.example",
        "https://a-example.com",
        "https://*.example.com",
        "https://a..example.com",
        "null",
    ] {
        assert!(!matches(&rule, origin), "{origin}");
    }
}

proptest! {
    #[test]
    fn matching_is_a_comparison_of_labels(
        rule_labels in prop::collection::vec("[ab]", 2..4),
        host_labels in prop::collection::vec("[ab]", 1..6),
        star: bool,
    ) {
        let base = rule_labels.join(".");
        let text = if star { format!("*.{base}") } else { base };
        let rule = rule(&text);
        let expected = if star {
            host_labels.len() > rule_labels.len() && host_labels.ends_with(&rule_labels)
        } else {
            host_labels == rule_labels
        };
        prop_assert_eq!(matches(&rule, &format!("https://{}", host_labels.join("."))), expected);
    }

    #[cfg(feature = "server")]
    #[test]
    fn the_stored_form_is_read_back(text in "(\\*\\.)?[a-zA-Zü0-9_-]{1,6}(\\.[a-zé0-9-]{1,5}){0,3}\\.?") {
        if let Ok(rule) = DomainRule::parse(&text) {
            let stored = serde_json::to_value(&rule).unwrap();
            prop_assert_eq!(serde_json::from_value(stored).ok(), Some(rule.clone()));
            prop_assert_eq!(DomainRule::parse(rule.as_str()), Ok(rule));
        }
    }

    #[test]
    fn no_text_panics(text in any::<String>()) {
        let _ = Origin::parse(&text);
        let _ = Origin::parse(&format!("https://{text}"));
        if let Ok(rule) = DomainRule::parse(&text) {
            let _ = rule.display();
        }
    }
}
