//! Any link fills in a form, and what it names wrongly is an error at a field of the kind.
#![no_main]

use domain::draft::KeyDraft;
use domain::kind::KeyKind;
use domain::life::LifeRules;
use domain::prefill::Prefill;
use domain::timestamp::Timestamp;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let now = Timestamp::from_millis(1_800_000_000_000);
    for kind in KeyKind::issuable() {
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        let life = LifeRules::default();
        let filled = Prefill::read(pairs, KeyDraft::blank(kind, life), kind, &["draft"], now, life);
        assert!(filled.errors.0.iter().all(|error| kind.rules().asks(error.field)));
        // Only what is wrong keeps it from being a key, apart from the name that it may lack.
        if filled.errors.is_empty() {
            let name = filled.draft.name.clone().or_else(|| Some("x".to_owned()));
            let named = KeyDraft { name, ..filled.draft };
            assert!(named.check(now).is_ok(), "{:?}", named.check(now));
        }
    }
});
