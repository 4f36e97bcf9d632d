use proptest::prelude::*;

use super::*;

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

/// Asks, and counts what passes.
fn take(log: &mut CallLog, limit: u32, window: i64, cost: u32, now: i64) -> LimitAnswer {
    let answer = log.ask(limit, Millis(window), cost, Millis(now));
    if answer.passed {
        log.count(limit, Millis(window), cost, Millis(now));
    }
    answer
}

#[test]
fn a_call_counts_for_one_window() {
    let mut log = CallLog::default();
    let mut take = |now, cost| {
        let LimitAnswer { passed, remaining, reset } = take(&mut log, 10, 10_000, cost, now);
        (passed, remaining, reset.0)
    };
    assert_eq!(take(0, 8), (true, 10, 10_000));
    assert_eq!(take(3_000, 2), (true, 2, 7_000));
    assert_eq!(take(9_999, 1), (false, 0, 1));
    assert_eq!(take(9_999, 9), (false, 0, 3_001));
    assert_eq!(take(10_000, 8), (true, 8, 3_000));
    assert_eq!(take(10_000, 0), (true, 0, 3_000));
    assert_eq!(take(10_000, 11), (false, 0, 10_000));
    assert_eq!(take(40_000, 10), (true, 10, 10_000));
}

/// What obeys in bursts was once refused every other time.
#[test]
fn one_call_in_each_window_passes_each_time() {
    for (limit, window, every) in [(1, 2_000, 3_000), (1, 2_000, 2_000), (5, 5_000, 5_000), (1_000, 60_000, 60_000)] {
        let mut log = CallLog::default();
        for round in 0..50 {
            for _ in 0..limit {
                assert!(take(&mut log, limit, window, 1, round * every).passed, "{limit} per {window}");
            }
            assert!(!take(&mut log, limit, window, 1, round * every).passed);
        }
    }
}

#[test]
fn a_log_stays_small_and_outlives_a_long_pause() {
    let (limit, month) = (1_000_000_000, WINDOW_MAX.0);
    let mut log = CallLog::default();
    for minute in 0..100_000 {
        take(&mut log, limit, month, 1, minute * 60_000);
        assert!(log.groups.len() <= 17, "{}", log.groups.len());
    }
    let years = 10 * 12 * month;
    assert!(log.is_over(WINDOW_MAX, Millis(years)));
    assert_eq!(take(&mut log, limit, month, 1, years).remaining, limit);
    assert!(!log.is_over(WINDOW_MAX, Millis(years + month - 1)));
}

/// The limit as it is written: every call with its time, and none forgotten.
#[derive(Default)]
struct Model(Vec<(i64, u32)>);

impl Model {
    /// What came in the stretch of this length that ends now.
    fn within(&self, stretch: i64, now: i64) -> u64 {
        self.0.iter().filter(|(at, _)| *at > now - stretch).map(|(_, cost)| u64::from(*cost)).sum()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, ..ProptestConfig::default() })]

    /// Whatever comes when: whoever stays within the limit is never refused, and nobody gets more than it allows, in any
    /// stretch of a window or, with a large limit, of fifteen sixteenths of one.
    #[test]
    fn a_limit_refuses_those_who_exceed_it_and_nobody_else(
        limit in prop_oneof![1_u32..8, 1_u32..100, Just(1_000)],
        window in prop_oneof![1_i64..40, 1_i64..5_000],
        steps in prop::collection::vec((prop_oneof![Just(0_i64), 0_i64..40, 0_i64..2_000], 0_u32..20), 1..200),
    ) {
        let (mut log, mut passed) = (CallLog::default(), Model::default());
        let mut now = 0;
        for (step, cost) in steps {
            now += step;
            let obeys = passed.within(window, now) + u64::from(cost) <= u64::from(limit);
            let before = log.clone();
            let answer = take(&mut log, limit, window, cost, now);
            prop_assert!(answer.passed || !obeys, "refused, though within the limit");
            prop_assert!((1..=window).contains(&answer.reset.0));
            if answer.passed {
                passed.0.push((now, cost));
                let most = if limit <= EXACT_MAX { window } else { window - window / PARTS };
                prop_assert!(passed.within(most, now) <= u64::from(limit));
                prop_assert!(passed.within(window, now) <= 2 * u64::from(limit));
            } else if cost <= limit {
                // What is said about the wait is true.
                let asks = |after: i64| before.clone().ask(limit, Millis(window), cost, Millis(now + after)).passed;
                prop_assert!(asks(answer.reset.0) && !asks(answer.reset.0 - 1));
            }
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
