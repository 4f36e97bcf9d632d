use proptest::prelude::*;

use super::*;

const T0: i64 = 1_800_000_000_000;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(T0 + millis)
}

#[test]
fn limits_are_read_as_people_write_them() {
    for (text, name, limit, seconds) in [
        ("100 per minute", "calls", 100, 60),
        ("burst: 20 per 10s", "burst", 20, 10),
        ("daily:5000/1d", "daily", 5_000, 86_400),
        ("1_000 per hours", "calls", 1_000, 3_600),
        ("7 per 2 days", "calls", 7, 172_800),
        ("x.y-z_1: 1 per second", "x.y-z_1", 1, 1),
    ] {
        let read = RateLimit::parse(text).unwrap();
        assert_eq!((read.name.as_str(), read.limit, read.window), (name, limit, Millis::seconds(seconds)), "{text}");
        assert_eq!(RateLimit::parse(&read.to_string()), Ok(read), "{text}");
    }
    assert_eq!(RateLimit::parse("burst: 20 per 90s").unwrap().to_string(), "burst: 20 per 90s");
    assert_eq!(RateLimit::parse("20/60s").unwrap().to_string(), "calls: 20 per minute");
}

#[test]
fn what_is_no_limit_is_told_how_to_write_one() {
    for text in [
        "",
        "100",
        "per minute",
        "-1 per minute",
        "100 per",
        "100 per week",
        "1.5 per s",
        "100 per -1s",
        "a b: 1 per s",
        ": 1 per s",
        "é: 1 per s",
    ] {
        assert!(RateLimit::parse(text).is_err(), "{text}");
    }
    for (text, word) in [
        ("0 per minute", "disable the key"),
        ("99999999999999999999 per minute", "1000000000"),
        ("1 per 0s", "31 days"),
        ("1 per 32d", "31 days"),
        ("1 per 99999999999999999d", "not a rate limit"),
    ] {
        assert!(RateLimit::parse(text).unwrap_err().contains(word), "{text}");
    }
    let twice = RateLimit::parse_items(&["1 per second", "5 per minute"]).unwrap_err();
    assert!(twice.of(Field::Limits).any(|error| error.message.contains("calls")));
}

#[test]
fn a_window_slides() {
    let mut window = Window::default();
    let mut take = |millis, cost| {
        let taken = window.ask(10, Millis::seconds(10), cost, at(millis));
        if taken.passed {
            window.count(cost);
        }
        (taken.passed, taken.remaining)
    };
    assert_eq!(take(0, 10), (true, 10));
    assert_eq!(take(9_999, 1), (false, 0));
    // A second into the next window a tenth has faded.
    assert_eq!(take(11_000, 2), (false, 1));
    assert_eq!(take(11_000, 1), (true, 1));
    assert_eq!(take(20_000, 9), (true, 9));
    assert_eq!(take(40_000, 10), (true, 10));
    assert_eq!(take(40_000, 11), (false, 0));
}

#[test]
fn a_clock_that_is_put_back_gives_nothing_away() {
    let mut window = Window::default();
    assert!(window.ask(1, Millis::seconds(1), 1, at(60_000)).passed);
    window.count(1);
    for back in [59_000, 0, -T0, i64::MIN / 2 - T0] {
        assert!(!window.ask(1, Millis::seconds(1), 1, at(back)).passed);
    }
}

proptest! {
    /// Whatever comes when: in no stretch of one window's length, taken from the start of a window, more than the limit
    /// passes, and never more than twice the limit in any.
    #[test]
    fn a_limit_holds(limit in 1_u32..50, width in 1_i64..5_000, steps in prop::collection::vec((0_i64..2_000, 0_u32..20), 1..200)) {
        let mut window = Window::default();
        let mut now = 0;
        let mut passed: Vec<(i64, u64)> = Vec::new();
        for (step, cost) in steps {
            now += step;
            let taken = window.ask(limit, Millis(width), cost, at(now));
            if taken.passed {
                window.count(cost);
                passed.push((now, u64::from(cost)));
            } else if cost <= limit {
                // What is said about the wait is true.
                let mut later = window;
                prop_assert!(later.ask(limit, Millis(width), cost, at(now + taken.reset.0)).passed);
                let mut sooner = window;
                prop_assert!(!sooner.ask(limit, Millis(width), cost, at(now + taken.reset.0 - 1)).passed);
            }
            let index = |at: i64| (T0 + at).div_euclid(width);
            let within: u64 = passed.iter().filter(|(at, _)| index(*at) == index(now)).map(|(_, cost)| cost).sum();
            prop_assert!(within <= u64::from(limit));
            let stretch: u64 = passed.iter().filter(|(at, _)| *at > now - width).map(|(_, cost)| cost).sum();
            prop_assert!(stretch <= 2 * u64::from(limit));
        }
    }

    #[test]
    fn no_text_breaks_the_reader(text in ".{0,80}") {
        if let Ok(limit) = RateLimit::parse(&text) {
            prop_assert_eq!(RateLimit::parse(&limit.to_string()), Ok(limit));
        }
        let _ = RateLimit::parse_items(&[text]);
    }
}
