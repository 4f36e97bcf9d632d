use proptest::prelude::*;

use super::*;

const AT: Timestamp = Timestamp::from_millis(1_795_253_402_987);

#[test]
fn one_moment_in_every_form() {
    assert_eq!(AT.to_rfc3339(), "2026-11-21T09:30:02Z");
    assert_eq!(AT.to_text(), "2026-11-21 09:30:02 UTC");
    assert_eq!(AT.to_exact_text(), "2026-11-21 09:30:02.987 UTC");
    assert_eq!(AT.to_input(), "2026-11-21T09:30:02");
    assert_eq!(AT.whole_second().millis(), 1_795_253_402_000);
    assert_eq!(AT.whole_second_up(), AT.whole_second().plus_seconds(1));
    assert_eq!(AT.whole_second().whole_second_up(), AT.whole_second());
    assert_eq!(Timestamp::from_millis(AT.hour()).to_rfc3339(), "2026-11-21T09:00:00Z");
    assert_eq!(AT.plus_seconds(3).since(AT), Millis::seconds(3));
}

#[test]
fn what_people_type_is_read() {
    for (text, rfc) in [
        ("2026-11-21", "2026-11-21T00:00:00Z"),
        (" 2026-11-21T09:30 ", "2026-11-21T09:30:00Z"),
        ("2026-11-21 09:30", "2026-11-21T09:30:00Z"),
        ("2026-11-21T09:30:02", "2026-11-21T09:30:02Z"),
        ("2026-11-21T09:30:02Z", "2026-11-21T09:30:02Z"),
        ("2024-02-29", "2024-02-29T00:00:00Z"),
    ] {
        assert_eq!(Timestamp::parse_input(text).map(Timestamp::to_rfc3339).as_deref(), Some(rfc), "{text}");
    }
}

#[test]
fn what_is_no_moment_is_refused() {
    for text in [
        "",
        "Z",
        "tomorrow",
        "2026-11",
        "2026-11-31",
        "2025-02-29",
        "2026-13-01",
        "2026-00-01",
        "26-11-21",
        "2026-11-21T",
        "2026-11-21T9:30",
        "2026-11-21T24:00",
        "2026-11-21T09:60",
        "2026-11-21T09:30:60",
        "2026-11-21T09:30:02:01",
        "2026-11-21T09:30:02.5",
        "2026-11-21T09:30+01:00",
        "2026-11-21-01",
        "+026-11-21",
        "２０２６-11-21",
    ] {
        assert_eq!(Timestamp::parse_input(text), None, "{text}");
    }
}

#[test]
fn the_ends_of_the_range_do_not_overflow() {
    for millis in [i64::MIN, i64::MAX] {
        let at = Timestamp::from_millis(millis);
        let _ = (
            at.to_rfc3339(),
            at.hour(),
            at.whole_second(),
            at.plus_seconds(i64::MAX),
            at.since(Timestamp::from_millis(-millis.signum())),
        );
    }
    assert_eq!(Timestamp::from_millis(i64::MAX).to_rfc3339(), "9999-12-31T23:59:59Z");
    assert_eq!(Timestamp::from_millis(i64::MIN).to_rfc3339(), "0000-01-01T00:00:00Z");
}

proptest! {
    #[test]
    fn forms_are_read_back(millis in -62_167_219_200_000_i64..253_402_300_800_000) {
        let at = Timestamp::from_millis(millis);
        prop_assert_eq!(Timestamp::parse_input(&at.to_rfc3339()), Some(at.whole_second()));
        prop_assert_eq!(Timestamp::parse_input(&at.to_input()), Some(at.whole_second()));
        prop_assert!(at.hour() <= millis && millis - at.hour() < 3_600_000 && at.hour() % 3_600_000 == 0);
    }

    #[test]
    fn order_of_texts_is_order_of_time(a in 0_i64..253_402_300_800_000, b in 0_i64..253_402_300_800_000) {
        let (a, b) = (Timestamp::from_millis(a).whole_second(), Timestamp::from_millis(b).whole_second());
        prop_assert_eq!(a.cmp(&b), a.to_rfc3339().cmp(&b.to_rfc3339()));
    }

    #[test]
    fn no_text_panics(text in any::<String>()) {
        let _ = Timestamp::parse_input(&text);
    }
}

#[test]
fn waits_are_rounded_up_to_whole_seconds() {
    for (millis, expected) in
        [(i64::MIN, 1), (0, 1), (1, 1), (1_000, 1), (1_001, 2), (59_999, 60), (i64::MAX, i64::MAX / 1_000)]
    {
        assert_eq!(Millis(millis).whole_seconds_up(), expected);
    }
}
