//! A recovery code that is read is read again from its groups, and a browser's name is always told.
#![no_main]

use domain::device;
use domain::second_factor::{Code, grouped};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match Code::parse(text) {
        Ok(Code::OfApp(code)) => assert!(code < 1_000_000),
        Ok(Code::Recovery(code)) => {
            assert_eq!(Code::parse(&grouped(&code, "-")), Ok(Code::Recovery(code.clone())));
        }
        Err(message) => assert!(message.ends_with('.')),
    }
    assert!(!device::in_words(text).is_empty());
});
