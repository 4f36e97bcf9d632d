//! A rule that parses can be parsed again from its stored form. No origin matches a rule for another host.
#![no_main]

use domain::origin::{DomainRule, Origin};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Some(origin) = Origin::parse(text) {
        let other = DomainRule::parse("only.example.com").expect("a rule");
        assert!(!other.matches(origin) || text.contains("only.example.com"));
    }
    if let Ok(rule) = DomainRule::parse(text) {
        let again = DomainRule::parse(rule.as_str()).expect("what is kept is a rule");
        assert_eq!(again.as_str(), rule.as_str());
        assert_ne!(rule.as_str(), "*");
    }
    let _ = DomainRule::parse_items(&[text]);
});
