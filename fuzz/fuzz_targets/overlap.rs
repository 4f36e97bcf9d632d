//! An overlap is read or refused, and is never longer than the longest.
#![no_main]

use domain::rotation::{OVERLAP_MAX, Overlap, rotate_days};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(overlap) = Overlap::parse(text) {
        assert!((0..=OVERLAP_MAX.0).contains(&overlap.millis()));
        assert_eq!(Overlap::from_millis(overlap.millis()), overlap);
    }
    let _ = rotate_days(text);
});
