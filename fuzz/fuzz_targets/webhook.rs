//! An address that a webhook may have is kept as it is, and names one host that nobody can mistake.
#![no_main]

use domain::integration::checked_extra;
use domain::webhook::{TARGET_MAX, target};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(kept) = target(text) {
        assert_eq!(kept, text.trim());
        assert_eq!(target(&kept).as_deref(), Ok(&*kept));
        assert!(kept.len() <= TARGET_MAX && kept.bytes().all(|byte| byte.is_ascii_graphic()));
        assert!(!kept.contains(['#', '\\']));
        let authority = kept.split("://").nth(1).and_then(|rest| rest.split(['/', '?']).next()).unwrap_or_default();
        assert!(!authority.is_empty() && !authority.contains('@'));
    }
    if let Ok(kept) = checked_extra(text) {
        assert_eq!(checked_extra(&kept).as_deref(), Ok(&*kept));
    }
});
