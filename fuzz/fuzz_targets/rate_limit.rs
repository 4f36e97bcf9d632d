//! A limit that parses can be written and parsed again.
#![no_main]

use domain::limit::RateLimit;
use domain::quota::Quota;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let items: Vec<_> = text.lines().collect();
    for limit in RateLimit::parse_items(&items).unwrap_or_default() {
        assert_eq!(RateLimit::parse(&limit.to_string()), Ok(limit));
    }
    let _ = Quota::parse_total(text);
});
