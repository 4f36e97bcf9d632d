use domain::event::{Event, EventQuery};
use domain::ids::{AppId, EventId, IntegrationId};
use domain::integration::{Integration, IntegrationKind, IntegrationStatus};
use domain::kind::KeyKind;
use store::{EventPlace, Paged, Store, StoreError};

use crate::fixtures::{NOW, app, key_id, with_app};

contract! {
    an_event_comes_back_as_it_was_written,
    events_are_read_by_number,
    every_page_in_either_direction_shows_each_event_once,
    events_are_filtered_by_what_they_are_about,
    the_places_of_events_know_how_far_they_have_counted,
    a_number_of_an_event_is_given_once,
    old_events_go_and_their_numbers_do_not_come_back,
}

pub(super) fn place(n: u8) -> IntegrationId {
    IntegrationId::from_random([n; 12])
}

fn event_id(place: u8, seq: u64) -> EventId {
    let mut bytes = [place; 12];
    bytes[4..].copy_from_slice(&seq.to_be_bytes());
    EventId::from_random(bytes)
}

pub(super) fn event(app: &AppId, n: u8, seq: u64) -> Event {
    Event {
        id: event_id(n, seq),
        app_id: *app,
        integration_id: place(n),
        seq,
        kind: KeyKind::OpenConnect,
        key_id: key_id(),
        key_name: "Desk".to_owned(),
        name: if seq.is_multiple_of(2) { "On Ring" } else { "On End" }.to_owned(),
        crm_id: format!("crm{}.example.com", seq % 3),
        agent_id: (!seq.is_multiple_of(5)).then(|| "ana@example.com".to_owned()),
        data: "{}".to_owned(),
        origin: None,
        address: None,
        at: NOW.plus_seconds(i64::try_from(seq).unwrap()),
    }
}

pub(super) async fn write(store: &Store, events: &[Event]) -> Result<(), StoreError> {
    let events: Vec<_> = events.iter().collect();
    store.write(async |tx| tx.insert_events(&events).await).await
}

async fn fill(store: &Store, n: u8, count: u64) -> Vec<Event> {
    let events: Vec<_> = (1..=count).map(|seq| event(&app(1).id, n, seq)).collect();
    write(store, &events).await.unwrap();
    events
}

async fn an_event_comes_back_as_it_was_written(store: Store) {
    let app = with_app(&store).await;
    let written = [
        Event {
            data: r#"{"a":"\u0000 \"Hi\\ it's DROP","b":[1,{"c":null}]}"#.to_owned(),
            origin: Some("https://desk.example.com".to_owned()),
            address: Some("2001:db8::7".parse().unwrap()),
            name: "Ändern 👩‍👩‍👧".to_owned(),
            ..event(&app, 1, 1)
        },
        Event { agent_id: None, ..event(&app, 1, 2) },
    ];
    write(&store, &written).await.unwrap();
    for event in &written {
        assert_eq!(store.event(&event.id).await.unwrap().as_ref(), Some(event));
    }
    assert_eq!(store.event(&event_id(9, 9)).await.unwrap(), None);
    write(&store, &[]).await.unwrap();
}

async fn events_are_read_by_number(store: Store) {
    let events = fill(&store, 1, 30).await;
    fill(&store, 2, 3).await;
    let read = async |from, to, limit| {
        let events = store.events_between(&place(1), from, to, limit).await.unwrap();
        events.iter().map(|event| event.seq).collect::<Vec<_>>()
    };
    assert_eq!(read(7, 9, 99).await, [7, 8, 9]);
    assert_eq!(read(7, 9, 2).await, [7, 8]);
    assert_eq!(read(30, u64::MAX, 9).await, [30]);
    assert_eq!(read(9, 7, 9).await, [0; 0]);
    assert_eq!(store.events_between(&place(1), 1, 30, 99).await.unwrap(), events);
    let key = key_id();
    let of =
        |seq: u64| Event { key_id: if seq.is_multiple_of(2) { key } else { key_id() }, ..event(&app(1).id, 3, seq) };
    write(&store, &(1..=9).map(of).collect::<Vec<_>>()).await.unwrap();
    for (from, to, seqs, all) in [(3, 9, &[6_u64, 8][..], 3), (1, 5, &[2, 4], 2), (9, 9, &[], 0), (20, 30, &[], 0)] {
        let (newest, count) = store.events_of_key_between(&place(3), &key, from, to, 2).await.unwrap();
        assert_eq!((newest.iter().map(|event| event.seq).collect::<Vec<_>>(), count), (seqs.to_vec(), all));
    }
}

async fn every_page_in_either_direction_shows_each_event_once(store: Store) {
    fill(&store, 1, 60).await;
    fill(&store, 2, 3).await;
    let read = async |query: &EventQuery| store.list_events(&place(1), query).await.unwrap();
    let seqs = |events: &[Event]| events.iter().map(|event| event.seq).collect::<Vec<_>>();
    let first = read(&EventQuery::default()).await;
    assert_eq!(seqs(&first.rows), (36..=60).rev().collect::<Vec<_>>());
    assert_eq!((first.total.n, first.previous.as_deref(), first.next.as_deref()), (60, None, Some("36")));
    let second = read(&EventQuery { after: first.next, ..EventQuery::default() }).await;
    assert_eq!(seqs(&second.rows), (11..=35).rev().collect::<Vec<_>>());
    let third = read(&EventQuery { after: second.next, ..EventQuery::default() }).await;
    assert_eq!((seqs(&third.rows), third.next), ((1..=10).rev().collect::<Vec<_>>(), None));
    let back = read(&EventQuery { before: third.previous, ..EventQuery::default() }).await;
    assert_eq!(seqs(&back.rows), seqs(&second.rows));
    let start = read(&EventQuery { before: back.previous, ..EventQuery::default() }).await;
    assert_eq!((seqs(&start.rows), start.previous), (seqs(&first.rows), None));
    for wrong in ["x", "", "0", "-1", "+7", "07", "99999999999999999999"] {
        assert!(!EventQuery::default().is_cursor(wrong, false), "{wrong}");
        let page = read(&EventQuery { after: Some(wrong.to_owned()), ..EventQuery::default() }).await;
        assert_eq!(page.rows.len(), 25, "{wrong}");
    }
    assert!(EventQuery::default().is_cursor("36", false) && EventQuery::default().is_cursor("36", true));
}

async fn events_are_filtered_by_what_they_are_about(store: Store) {
    let events = fill(&store, 1, 30).await;
    let found = async |query: EventQuery| {
        let page = store.list_events(&place(1), &query).await.unwrap();
        assert_eq!(u32::try_from(page.rows.len()).unwrap(), page.total.n);
        page.rows.len()
    };
    let text = |text: &str| Some(text.to_owned());
    let count = |is: fn(&Event) -> bool| events.iter().filter(|event| is(event)).count();
    let by = |name, crm_id, agent_id| EventQuery { name, crm_id, agent_id, ..EventQuery::default() };
    assert_eq!(found(by(text("On Ring"), None, None)).await, count(|event| event.name == "On Ring"));
    assert_eq!(found(by(None, text("crm1.example.com"), None)).await, 10);
    assert_eq!(found(by(None, None, text("ana@example.com"))).await, count(|event| event.agent_id.is_some()));
    assert_eq!(found(by(text("On Ring"), text("crm1.example.com"), text("ana@example.com"))).await, 4);
    let of_ana = |event: &Event| event.agent_id.is_some() && event.name == "On Ring";
    assert_eq!(found(by(text("On Ring"), None, text("ana@example.com"))).await, count(of_ana));
    assert_eq!(found(by(text("On End"), text("crm1.example.com"), None)).await, 5);
    assert_eq!(found(by(text("on ring"), None, None)).await, 0, "names are exact");
}

async fn the_places_of_events_know_how_far_they_have_counted(store: Store) {
    let (first, second) = (app(1), app(2));
    let set_up = |n: u8, app: &AppId, kind| Integration {
        id: place(n),
        app_id: *app,
        kind,
        name: None,
        status: IntegrationStatus::Active,
        extra: "{}".to_owned(),
        created_at: NOW,
        webhooks: Vec::new(),
    };
    let integrations = [
        set_up(1, &first.id, IntegrationKind::OpenConnect),
        set_up(2, &first.id, IntegrationKind::Client),
        set_up(3, &first.id, IntegrationKind::Custom),
        set_up(4, &second.id, IntegrationKind::OpenConnect),
    ];
    store
        .write(async |tx| {
            tx.insert_app(&first).await?;
            tx.insert_app(&second).await?;
            for integration in &integrations {
                tx.insert_integration(integration).await?;
            }
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
    fill(&store, 1, 7).await;
    let mut places = store.event_places(&[first.id]).await.unwrap();
    places.sort_by_key(|place| place.integration_id);
    let expected =
        |n: u8, app: &AppId, kind, last_seq| EventPlace { integration_id: place(n), app_id: *app, kind, last_seq };
    assert_eq!(places, [expected(1, &first.id, KeyKind::OpenConnect, 7), expected(2, &first.id, KeyKind::Client, 0),]);
    assert_eq!(store.event_places(&[first.id, second.id]).await.unwrap().len(), 3);
    assert!(store.event_places(&[]).await.unwrap().is_empty());
    assert_eq!(store.event_ends(&[place(1), place(2)]).await.unwrap(), [(place(1), 7)]);
}

async fn a_number_of_an_event_is_given_once(store: Store) {
    let events = fill(&store, 1, 3).await;
    let again = write(&store, &[event(&app(1).id, 1, 4), Event { id: event_id(7, 7), ..events[2].clone() }]).await;
    assert!(matches!(again, Err(StoreError::Conflict(_))), "{again:?}");
    let twice = write(&store, &[Event { id: events[0].id, ..event(&app(1).id, 1, 4) }]).await;
    assert!(matches!(twice, Err(StoreError::Conflict(_))), "{twice:?}");
    assert_eq!(store.event_ends(&[place(1)]).await.unwrap(), [(place(1), 3)], "neither is written");
}

async fn old_events_go_and_their_numbers_do_not_come_back(store: Store) {
    let app = with_app(&store).await;
    let integration = Integration {
        id: place(1),
        app_id: app,
        kind: IntegrationKind::OpenConnect,
        name: None,
        status: IntegrationStatus::Active,
        extra: "{}".to_owned(),
        created_at: NOW,
        webhooks: Vec::new(),
    };
    store.write(async |tx| tx.insert_integration(&integration).await).await.unwrap();
    fill(&store, 1, 10).await;
    // That integration is gone.
    fill(&store, 2, 10).await;
    let prune = async |limit| store.write(async |tx| tx.prune_events(NOW.plus_seconds(6), limit).await).await.unwrap();
    assert_eq!((prune(7).await, prune(7).await, prune(7).await), (7, 3, 0));
    let left = store.events_between(&place(1), 1, 99, 99).await.unwrap();
    assert_eq!(left.iter().map(|event| event.seq).collect::<Vec<_>>(), [6, 7, 8, 9, 10]);
    store.write(async |tx| tx.prune_events(NOW.plus_seconds(99), 99).await).await.unwrap();
    assert_eq!(store.event_ends(&[place(1), place(2)]).await.unwrap(), [(place(1), 10)]);
}
