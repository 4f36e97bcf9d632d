//! Events by what they are about, whether their block is indexed or not.

use domain::event::{Event, EventQuery};
use store::Store;
use testkit::TestDatabase;

use super::events::{event, place, write};
use crate::fixtures::{NOW, app};

contract! {
    what_is_asked_for_is_found_however_far_apart_it_is,
    full_blocks_and_the_events_behind_them_are_one_list,
    a_block_goes_with_its_last_event,
}

fn by(name: Option<&str>, crm_id: Option<&str>, agent_id: Option<&str>) -> EventQuery {
    let [name, crm_id, agent_id] = [name, crm_id, agent_id].map(|text| text.map(str::to_owned));
    EventQuery { name, crm_id, agent_id, ..EventQuery::default() }
}

fn queries() -> [EventQuery; 8] {
    let (name, crm, agent) = (Some("On End"), Some("crm1.example.com"), Some("ana@example.com"));
    [
        by(name, None, None),
        by(None, crm, None),
        by(None, None, agent),
        by(name, crm, None),
        by(name, None, agent),
        by(None, crm, agent),
        by(name, crm, agent),
        by(None, None, Some("bo@example.com")),
    ]
}

fn is_asked(query: &EventQuery, event: &Event) -> bool {
    query.name.as_ref().is_none_or(|name| event.name == *name)
        && query.crm_id.as_ref().is_none_or(|crm_id| event.crm_id == *crm_id)
        && query.agent_id.as_ref().is_none_or(|agent_id| event.agent_id.as_ref() == Some(agent_id))
}

/// Checks the count, and `pages` pages from the newest on and back, against the events themselves.
async fn is_whole(store: &Store, events: &[Event], query: &EventQuery, pages: usize) {
    let asked: Vec<_> = events.iter().rev().filter(|event| is_asked(query, event)).cloned().collect();
    let read = async |query: &EventQuery| store.list_events(&place(1), query).await.unwrap();
    let mut page = read(query).await;
    let count = (page.total.n, page.total.more);
    assert_eq!(count, (u32::try_from(asked.len()).unwrap().min(10_000), asked.len() > 10_000), "{query:?}");
    assert_eq!(page.previous, None);
    let mut read_so_far = vec![page.rows.clone()];
    while let Some(after) = page.next.clone().filter(|_| read_so_far.len() < pages) {
        page = read(&EventQuery { after: Some(after), ..query.clone() }).await;
        read_so_far.push(page.rows.clone());
    }
    let rows = read_so_far.concat();
    assert_eq!(rows, asked[..rows.len()], "{query:?}");
    assert!(read_so_far.len() == pages || rows.len() == asked.len(), "{query:?}");
    while let Some(before) = page.previous {
        read_so_far.pop();
        page = read(&EventQuery { before: Some(before), ..query.clone() }).await;
        assert_eq!(Some(&page.rows), read_so_far.last(), "{query:?}");
    }
    assert_eq!(read_so_far.len(), 1);
}

async fn what_is_asked_for_is_found_however_far_apart_it_is(store: Store) {
    // Several events in a block, none in the next hundreds, and one at each end of a block.
    let numbers = (1..=40).chain([4_999, 5_000, 9_999, 10_000]).chain((1..=30).map(|n| 1_000_000 + n * 7_001));
    let events: Vec<_> = numbers
        .map(|seq| {
            let agent_id = if seq == 10_000 { "bo" } else { "ana" };
            Event { agent_id: Some(format!("{agent_id}@example.com")), ..event(&app(1).id, 1, seq) }
        })
        .collect();
    for part in events.chunks(11) {
        write(&store, part).await.unwrap();
    }
    for query in queries() {
        is_whole(&store, &events, &query, usize::MAX).await;
    }
    assert!(store.list_events(&place(1), &by(None, None, Some("nobody@example.com"))).await.unwrap().rows.is_empty());
    assert!(store.list_events(&place(9), &queries()[0]).await.unwrap().rows.is_empty());
}

/// Twelve thousand and seven events, written 500 at a time.
async fn many(store: &Store) -> Vec<Event> {
    let agents = ["ana", "bo", "eve"];
    let events: Vec<_> = (1..=12_007)
        .map(|seq: u64| {
            let agent = agents[usize::try_from(seq * seq % 7 % 3).unwrap()];
            let agent_id = (!seq.is_multiple_of(11)).then(|| format!("{agent}@example.com"));
            Event { agent_id, ..event(&app(1).id, 1, seq) }
        })
        .collect();
    for part in events.chunks(500) {
        write(store, part).await.unwrap();
    }
    write(store, &[event(&app(1).id, 2, 1)]).await.unwrap();
    events
}

async fn full_blocks_and_the_events_behind_them_are_one_list(store: Store) {
    let events = many(&store).await;
    for query in queries() {
        is_whole(&store, &events, &query, 3).await;
        // Where the indexed blocks end, and at the oldest.
        for at in [10_003, 40] {
            let page = EventQuery { after: Some(at.to_string()), ..query.clone() };
            let asked: Vec<_> = events.iter().rev().filter(|event| event.seq < at && is_asked(&query, event)).collect();
            let found = store.list_events(&place(1), &page).await.unwrap();
            assert_eq!(found.rows.iter().collect::<Vec<_>>(), asked[..asked.len().min(25)], "{query:?} {at}");
            let page = EventQuery { before: Some((at - 20).to_string()), ..query.clone() };
            let asked: Vec<_> =
                events.iter().filter(|event| event.seq > at - 20 && is_asked(&query, event)).take(25).collect();
            let found = store.list_events(&place(1), &page).await.unwrap();
            assert_eq!(found.rows.iter().rev().collect::<Vec<_>>(), asked, "{query:?} {at}");
        }
    }
}

async fn a_block_goes_with_its_last_event(store: Store) {
    let events = many(&store).await;
    let prune =
        async |seq: i64| store.write(async |tx| tx.prune_events(NOW.plus_seconds(seq), 20_000).await).await.unwrap();
    // In the middle of the second block.
    assert_eq!(prune(7_000).await, 6_999 + 1);
    for query in queries() {
        is_whole(&store, &events[6_999..], &query, 2).await;
    }
    assert_eq!(prune(90_000).await, 12_007 - 6_999);
    for query in queries() {
        is_whole(&store, &[], &query, 1).await;
    }
}

/// What an earlier version wrote is in its own indexes only.
async fn an_older_database_is_indexed(database: TestDatabase) {
    let store = Store::open(database.url()).await.unwrap();
    let events = many(&store).await;
    store.close().await;
    database.execute("DROP TABLE event_block").await;
    for index in [
        "CREATE INDEX event_name ON event (integration_id, name, seq)",
        "CREATE INDEX event_crm ON event (integration_id, crm_id, seq, name)",
        "CREATE INDEX event_agent ON event (integration_id, (seq / 5000), agent_id, seq, name)",
        "DELETE FROM _sqlx_migrations WHERE version = 52",
    ] {
        database.execute(index).await;
    }
    let store = Store::open(database.url()).await.unwrap();
    for query in queries() {
        is_whole(&store, &events, &query, 2).await;
    }
    let more: Vec<_> = (12_008..=15_020).map(|seq| event(&app(1).id, 1, seq)).collect();
    write(&store, &more).await.unwrap();
    let events = [events, more].concat();
    for query in queries() {
        is_whole(&store, &events, &query, 2).await;
    }
    store.close().await;
}

#[tokio::test]
async fn an_older_database_is_indexed_on_sqlite() {
    an_older_database_is_indexed(TestDatabase::sqlite()).await;
}

#[tokio::test]
async fn an_older_database_is_indexed_on_postgres() {
    an_older_database_is_indexed(TestDatabase::postgres()).await;
}

/// A server of an earlier version on the same database indexes nothing.
#[tokio::test]
async fn what_was_left_unindexed_is_found_and_indexed_later() {
    let database = TestDatabase::sqlite();
    let store = Store::open(database.url()).await.unwrap();
    let events = many(&store).await;
    let indexed = async || database.dump().await.iter().filter(|value| value.starts_with("crm ")).count();
    assert_eq!(indexed().await, 6, "three CRMs in two blocks");
    for statement in ["DELETE FROM event_block WHERE block > 0", "DELETE FROM event_block"] {
        database.execute(statement).await;
        for query in queries() {
            is_whole(&store, &events, &query, 2).await;
        }
    }
    write(&store, &(12_008..=15_000).map(|seq| event(&app(1).id, 1, seq)).collect::<Vec<_>>()).await.unwrap();
    assert_eq!(indexed().await, 9);
    store.close().await;
}
