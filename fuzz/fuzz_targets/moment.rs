//! A moment is read or refused, and what is written of it is read as the same.
#![no_main]

use domain::timestamp::Timestamp;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Some(at) = Timestamp::parse_rfc3339(text) else { return };
    let written = at.to_rfc3339();
    let again = Timestamp::parse_rfc3339(&written);
    // The calendar ends there, and a zone may lead beyond it.
    let is_end = written.starts_with("0000-01-01") || written.starts_with("9999-12-31");
    assert!(again == Some(at) || is_end, "{written}");
});
