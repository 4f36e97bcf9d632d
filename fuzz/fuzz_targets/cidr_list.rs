//! A rule that parses can be written and parsed again, and contains its own network.
#![no_main]

use domain::cidr::CidrRule;
use domain::field::Field;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let items: Vec<_> = text.lines().collect();
    for rule in CidrRule::parse_items(Field::Cidrs, &items).unwrap_or_default() {
        let written = rule.to_string();
        assert_eq!(CidrRule::parse(&written), Ok(rule));
        let address = written.split('/').next().and_then(|address| address.parse().ok());
        assert!(address.is_some_and(|address| rule.contains(address)));
    }
});
