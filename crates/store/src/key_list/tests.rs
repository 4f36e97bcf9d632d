//! SQLite's plans: every list and count walks an index in the order that it needs.

use domain::ids::AppId;
use domain::kind::KeyKind;
use domain::list::StatusFilter;
use domain::role::Rights;
use testkit::TestDatabase;

use super::*;
use crate::apps::counts_of;
use crate::calls::of_keys;
use crate::key_worst::{Worse, first_of, most_refused};
use crate::query_plan::plan;
use crate::store::Store;
use crate::usage::prune;

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

const PAGE_SIZE: u32 = 25;

const SQLITE: Writing = Writing::SQLITE;

/// Statistics that mislead: every index but that of the expiry says that it tells no keys apart.
const MISLEADING: &str = "INSERT INTO sqlite_stat1 (tbl, idx, stat) SELECT tbl_name, name, \
     CASE name WHEN 'api_key_kind_state_expiry' THEN '1000000 2 2 2 1 1' ELSE '1000000 900000 900000 900000 900000' END \
     FROM sqlite_master WHERE type = 'index' AND tbl_name = 'api_key' AND sql IS NOT NULL";

/// Runs the test without statistics, and with misleading ones.
async fn with_sqlite(test: impl AsyncFn(&Store)) {
    for misleads in [false, true] {
        let database = TestDatabase::sqlite();
        let store = Store::open(database.url()).await.unwrap();
        if misleads {
            // The connections that plan are opened later, and read them then.
            let written = store.write(async |tx| {
                tx.conn().execute(Sql::new("ANALYZE")).await?;
                tx.conn().execute(Sql::new(MISLEADING)).await
            });
            assert!(written.await.unwrap() > 10, "no statistics were written");
        }
        test(&store).await;
        store.close().await;
    }
}

/// Steps that read a table or an index from end to end.
fn scans(steps: &[String]) -> Vec<&String> {
    let small = [
        "SCAN aside",
        "SCAN first",
        "SCAN found",
        "SCAN passed",
        "SCAN outside",
        "SCAN gathered",
        "SCAN counted",
        "SCAN CONSTANT ROW",
        "SCAN arm",
        "SCAN arm_of_app",
        "SCAN near",
        "SCAN words",
        "SCAN json_each VIRTUAL TABLE INDEX 1:",
    ];
    steps.iter().filter(|step| step.starts_with("SCAN") && !small.contains(&step.as_str())).collect()
}

fn sorts(steps: &[String]) -> usize {
    steps.iter().filter(|step| step.contains("TEMP B-TREE FOR ORDER BY")).count()
}

fn app() -> AppId {
    AppId::from_random([1; 12])
}

fn sight() -> Sight {
    Sight::of_rights(Rights::all()).within(app())
}

fn orders(by: By) -> impl Iterator<Item = (KeySort, Order)> {
    let sorts = KeySort::ALL.iter().copied();
    sorts.flat_map(move |sort| [false, true].map(|descending| (sort, Order::sorted(sort, descending, by))))
}

/// The statement of a step that reads 25 keys of each arm: the first, or a deep one before a known end.
fn step(range: &KeyRange, order: Order, cursor: Option<&Cursor>) -> Sql {
    let walk = Walk::new(range, order);
    let last = cursor.map(Cursor::place);
    walk.step(SQLITE, &walk.open(cursor), last.as_ref(), 25)
}

/// First and deep page.
fn cursors(sort: KeySort) -> [Option<Cursor>; 2] {
    let deep = match sort {
        KeySort::Name => Cursor::by_name("name", "7Qm2xVbN4tRa"),
        KeySort::Created | KeySort::LastUsed => Cursor::by_time(1, "7Qm2xVbN4tRa"),
    };
    [None, Some(deep)]
}

const EXACT: [Option<StatusFilter>; 5] = [
    None,
    Some(StatusFilter::Pending),
    Some(StatusFilter::Disabled),
    Some(StatusFilter::Revoked),
    Some(StatusFilter::NeverUsed),
];

const TIMED: [StatusFilter; 6] = [
    StatusFilter::Active,
    StatusFilter::NotYetValid,
    StatusFilter::Expired,
    StatusFilter::Expiring7,
    StatusFilter::Expiring30,
    StatusFilter::RotationOverdue,
];

#[tokio::test]
async fn lists_walk_their_index() {
    with_sqlite(async |store| {
        for status in EXACT {
            for kind in [None, Some(KeyKind::Service)] {
                let range = KeyRange::new(&sight(), &[app()], kind, status, NOW);
                for (sort, order) in orders(By::Range) {
                    for cursor in cursors(sort) {
                        let steps = plan(store, step(&range, order, cursor.as_ref())).await;
                        assert_eq!((scans(&steps), sorts(&steps)), (vec![], 0), "{steps:#?}");
                        let column = match sort {
                            KeySort::Name => "name",
                            KeySort::Created => "created",
                            KeySort::LastUsed => "used",
                        };
                        let index = match (status, kind, sort) {
                            (None, None, _) => "",
                            (Some(StatusFilter::NeverUsed), _, KeySort::Name | KeySort::Created) => "unused_",
                            _ => "kind_state_",
                        };
                        let index = format!("INDEX api_key_{index}{column} ");
                        let lists = steps.iter().filter(|step| step.starts_with("SEARCH api_key"));
                        assert!(lists.clone().count() > 0, "{steps:#?}");
                        assert!(lists.clone().all(|step| step.contains(&index)), "{index}: {steps:#?}");
                        let ranges = lists.filter(|step| {
                            [",id)>(", ",id)<(", " id>?)", " id<?)"].iter().any(|range| step.contains(range))
                        });
                        assert_eq!(ranges.count() > 0, cursor.is_some(), "{steps:#?}");
                    }
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn timed_lists_use_their_index_when_few_match_and_the_order_when_many_do() {
    with_sqlite(async |store| {
        for status in TIMED {
            let range = KeyRange::new(&sight(), &[app()], None, Some(status), NOW);
            let index = range.moment.and_then(Moment::index).unwrap();
            for (sort, order) in orders(By::Gather).chain(orders(By::Order)) {
                for cursor in cursors(sort) {
                    let gathers = order.by == By::Gather;
                    let statement = if gathers {
                        gathered(&range, order, cursor.as_ref(), PAGE_SIZE, SQLITE)
                    } else {
                        step(&range, order, cursor.as_ref())
                    };
                    let steps = plan(store, statement).await;
                    assert_eq!(scans(&steps), Vec::<&String>::new(), "{steps:#?}");
                    let lists = || steps.iter().filter(|step| step.starts_with("SEARCH api_key"));
                    assert!(lists().count() > 0, "{steps:#?}");
                    assert_eq!(lists().all(|step| step.contains(index)), gathers, "{steps:#?}");
                    assert!(gathers || sorts(&steps) == 0, "{steps:#?}");
                    // Each index in an order has the expiry too, so that it is tested without a look at the keys.
                    let tests_expiry = matches!(range.moment, Some(Moment::Expired { .. } | Moment::Expiring { .. }));
                    let is_covered = lists().all(|step| step.contains("USING COVERING INDEX"));
                    assert!(gathers || is_covered == tests_expiry, "{steps:#?}");
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn each_part_of_a_search_is_a_range_in_its_order() {
    with_sqlite(async |store| {
        for kind in [None, Some(KeyKind::Service)] {
            let mut range = KeyRange::new(&sight(), &[app()], kind, None, NOW);
            range.search = Search::new("abc");
            for source in Source::ALL {
                for backwards in [false, true] {
                    let deep = Cursor::found((source, "abcd".to_owned()), "7Qm2xVbN4tRa");
                    for cursor in [None, Some(deep)] {
                        let order = Order::of_source(source, backwards, By::Range);
                        let part = range.only(source);
                        let statement = match source {
                            Source::Aside => gathered(&part, order, cursor.as_ref(), PAGE_SIZE, SQLITE),
                            Source::Begins | Source::Inside => step(&part, order, cursor.as_ref()),
                        };
                        let steps = plan(store, statement).await;
                        assert_eq!(scans(&steps), Vec::<&String>::new(), "{steps:#?}");
                        // Only the few keys that are found by an id are sorted.
                        assert_eq!(sorts(&steps), usize::from(source == Source::Aside), "{steps:#?}");
                        let range = match source {
                            Source::Begins => "name_key",
                            Source::Inside => "SEARCH key_name_part USING PRIMARY KEY (app_id=? AND ",
                            Source::Aside => "(id>? AND id<?)",
                        };
                        assert!(steps.iter().any(|step| step.contains(range)), "{steps:#?}");
                    }
                }
            }
            let sure = range.surely_found(SQLITE, 1_000);
            assert_eq!(sure.is_some(), kind.is_none(), "a kind is a condition on the keys");
            for counting in [range.exceeds(SQLITE, 10_000), range.count(SQLITE)].into_iter().chain(sure) {
                let steps = plan(store, counting).await;
                assert_eq!(scans(&steps), Vec::<&String>::new(), "{steps:#?}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn keys_called_of_late_are_found_by_their_calls_or_tested_in_the_order() {
    with_sqlite(async |store| {
        for status in [StatusFilter::Accepted, StatusFilter::Refused] {
            for kind in [None, Some(KeyKind::Service)] {
                let range = KeyRange::new(&sight(), &[app()], kind, Some(status), NOW);
                let from_calls = |steps: &[String]| {
                    assert!(steps.iter().any(|s| s.starts_with("SEARCH u USING COVERING INDEX key_usage_hour_code")));
                    assert!(
                        steps.iter().any(|s| s.starts_with("SEARCH api_key") && s.contains("(id=?)")),
                        "{steps:#?}"
                    );
                };
                for counting in [range.exceeds(SQLITE, 10_000), range.count(SQLITE)] {
                    from_calls(&plan(store, counting).await);
                }
                let mut few = range.clone();
                few.few = true;
                for counting in [few.exceeds(SQLITE, 10_000), few.count(SQLITE)] {
                    let steps = plan(store, counting).await;
                    assert!(steps.iter().any(|s| s.starts_with("SEARCH u") && s.contains("key_id=?")), "{steps:#?}");
                }
                for (_, order) in orders(By::Gather) {
                    from_calls(&plan(store, gathered(&range, order, None, PAGE_SIZE, SQLITE)).await);
                }
                for (_, order) in orders(By::Order) {
                    let steps = plan(store, step(&range, order, None)).await;
                    assert_eq!((scans(&steps), sorts(&steps)), (vec![], 0), "{steps:#?}");
                    assert!(steps.iter().any(|s| s.starts_with("SEARCH u") && s.contains("key_id=?")), "{steps:#?}");
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn old_counts_are_found_and_forgotten_by_their_indexes() {
    with_sqlite(async |store| {
        let steps = plan(store, prune("VALID", " AND hour < ", 1, 10_000)).await;
        assert_eq!(scans(&steps), Vec::<&String>::new(), "{steps:#?}");
        let search = "SEARCH key_usage_hour USING PRIMARY KEY (key_id=? AND hour=? AND code=?)";
        assert!(steps.iter().any(|step| step == search), "{steps:#?}");
    })
    .await;
}

#[tokio::test]
async fn counts_are_kept_or_never_leave_their_index() {
    with_sqlite(async |store| {
        // More apps than SQLite takes arguments.
        let steps = plan(store, counts_of(&vec![app(); 40_000], SQLITE)).await;
        let counts: Vec<_> = steps.iter().filter(|step| step.contains("key_count")).collect();
        assert!(!counts.is_empty() && scans(&steps).is_empty(), "{steps:#?}");
        assert!(counts.iter().all(|step| step.starts_with("SEARCH key_count USING PRIMARY KEY")), "{steps:#?}");
        for status in EXACT.into_iter().chain(TIMED.map(Some)) {
            for kind in [None, Some(KeyKind::Service)] {
                let range = KeyRange::new(&sight(), &[app()], kind, status, NOW);
                for counting in [range.exceeds(SQLITE, 10_000), range.count(SQLITE)] {
                    let steps = plan(store, counting).await;
                    let lists = || steps.iter().filter(|step| step.contains("api_key"));
                    assert!(lists().count() > 0, "{steps:#?}");
                    assert!(lists().all(|step| step.starts_with("SEARCH api_key USING COVERING INDEX")), "{steps:#?}");
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_shown_of_keys_to_look_at_is_read_from_the_end_of_an_index() {
    with_sqlite(async |store| {
        for (status, index) in [
            (StatusFilter::Expiring7, "INDEX api_key_kind_state_expiry "),
            (StatusFilter::NeverUsed90, "INDEX api_key_unused_created "),
            (StatusFilter::Unrestricted, "INDEX api_key_open "),
            (StatusFilter::RotationOverdue, "INDEX api_key_rotation_due "),
        ] {
            let range = KeyRange::new(&sight(), &[app()], None, Some(status), NOW);
            let steps = plan(store, first_of(&range, Worse::of(&range), SQLITE)).await;
            // The first ones of each arm come in order. Those of all arms are sorted, and again when they have their names.
            assert_eq!((scans(&steps), sorts(&steps)), (vec![], 2), "{steps:#?}");
            let mut searches = steps.iter().filter(|step| step.starts_with("SEARCH") && !step.contains("(id=?)"));
            assert!(searches.all(|step| step.contains(index)), "{steps:#?}");
            let steps = plan(store, range.exceeds(SQLITE, 1_000)).await;
            assert!(
                steps
                    .iter()
                    .filter(|step| step.starts_with("SEARCH"))
                    .all(|step| step.contains(index.trim_start_matches("INDEX "))),
                "{steps:#?}"
            );
        }
        let range = KeyRange::new(&sight(), &[app()], None, Some(StatusFilter::Refused), NOW);
        let steps = plan(store, most_refused(&range, 0)).await;
        let counts = steps.iter().filter(|step| step.contains(" key_usage_hour "));
        assert!(
            counts.clone().count() > 0
                && counts.clone().all(|step| step.contains("INDEX key_usage_hour_code (code=? AND hour>?)")),
            "{steps:#?}"
        );
        assert!(steps.iter().any(|step| step.contains("SEARCH k ") && step.contains("(id=?)")), "{steps:#?}");
    })
    .await;
}

#[tokio::test]
async fn old_unused_keys_are_a_range_in_the_order_of_their_creation() {
    with_sqlite(async |store| {
        let range = KeyRange::new(&sight(), &[app()], None, Some(StatusFilter::NeverUsed90), NOW);
        for descending in [false, true] {
            let order = Order::sorted(KeySort::Created, descending, By::Range);
            let steps = plan(store, step(&range, order, None)).await;
            assert_eq!((scans(&steps), sorts(&steps)), (vec![], 0), "{steps:#?}");
            assert!(
                steps
                    .iter()
                    .any(|step| step.contains("INDEX api_key_unused_created ") && step.contains("created_at<?")),
                "{steps:#?}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn the_calls_of_a_page_of_keys_are_one_range_each() {
    with_sqlite(async |store| {
        let keys = [KeyId::from_random([1; 16]), KeyId::from_random([2; 16])];
        let steps = plan(store, of_keys(&keys, 1)).await;
        assert!(steps.iter().all(|step| step.contains("PRIMARY KEY (key_id=? AND hour>?)")), "{steps:#?}");
    })
    .await;
}
