//! Events of contact-centre platforms: taken in, listed, watched, forwarded and forgotten.

use std::{collections::BTreeSet, time::Duration};

use domain::{
    delivery::{About, DeliveryQuery},
    event::{Event, EventQuery},
    field::Field,
    ids::IntegrationId,
    integration::{IntegrationKind, IntegrationQuery},
    key::KeyRecord,
    refusal::Refusal,
    role::Role,
    timestamp::Millis,
    webhook::WebhookRules,
};
use serde_json::{Map, Value, json};
use service::{
    Result, Service,
    events::{
        NewEvent,
        live::{EventSeen, EventWatch},
    },
};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::world::{World, draft, in_background, owner, refusal, signed_in, verdict};

/// An active key of a kind.
async fn key(w: &World, kind: &str) -> KeyRecord {
    let (_, token) = w.active(&draft(kind, "Desk")).await;
    verdict(&w.service, &token).await.unwrap().key.unwrap().record.as_ref().clone()
}

/// The integration of the app "Default" at which keys of a kind report.
async fn place(w: &World, kind: IntegrationKind) -> IntegrationId {
    let query = IntegrationQuery { kinds: vec![kind], ..IntegrationQuery::default() };
    let app = w.service.default_app();
    w.service.integrations(owner(), app, &query).await.unwrap().rows.remove(0).id
}

fn new(name: &str) -> NewEvent {
    NewEvent { name: name.to_owned(), crm_id: "example.zendesk.com".to_owned(), ..NewEvent::default() }
}

async fn report(service: &Service, key: &KeyRecord, name: &str) -> Result<Event> {
    service.accept_event(key, new(name)).await
}

async fn seqs(service: &Service, place: &IntegrationId) -> Vec<u64> {
    let page = service.events(owner(), place, &EventQuery::default()).await.unwrap();
    page.rows.iter().map(|event| event.seq).collect()
}

async fn next(watch: &mut EventWatch) -> (u64, String) {
    match timeout(Duration::from_mins(1), watch.next()).await.unwrap().unwrap() {
        EventSeen::Event(event) => (event.seq, event.name),
        EventSeen::More(events) => panic!("{events} were left out"),
    }
}

async fn what_is_reported_is_kept_and_listed(w: World) {
    let (desk, other) = (key(&w, "open_connect").await, key(&w, "client").await);
    let at = place(&w, IntegrationKind::OpenConnect).await;
    let data = Map::from_iter([("phone".to_owned(), json!("+49 30 1234")), ("tags".to_owned(), json!([1, null]))]);
    let sent = NewEvent {
        agent_id: Some(" ana@example.com ".to_owned()),
        data,
        origin: Some("https://desk.example.com".to_owned()),
        address: Some("203.0.113.9".parse().unwrap()),
        ..new(" On Ring ")
    };
    let event = w.no_event(w.service.accept_event(&desk, sent)).await.unwrap();
    assert_eq!((event.seq, event.name.as_str(), event.agent_id.as_deref()), (1, "On Ring", Some("ana@example.com")));
    assert_eq!((event.integration_id, event.key_id, event.key_name.as_str()), (at, desk.id, "Desk"));
    assert_eq!(serde_json::from_str::<Value>(&event.data).unwrap(), json!({"phone": "+49 30 1234", "tags": [1, null]}));
    let elsewhere = w.another().await;
    assert_eq!(elsewhere.event(owner(), &at, &event.id).await.unwrap(), event);
    let page = elsewhere.events(&signed_in(Role::Auditor), &at, &EventQuery::default()).await.unwrap();
    assert_eq!(page.rows, std::slice::from_ref(&event));
    report(&w.service, &other, "On Hold").await.unwrap();
    assert_eq!(seqs(&w.service, &at).await, [1], "each kind has an integration of its own");
    let clients = place(&w, IntegrationKind::Client).await;
    assert_eq!(refusal(w.service.event(owner(), &clients, &event.id).await), Refusal::EventNotFound);
    let guest = signed_in(Role::Guest);
    assert_eq!(refusal(w.service.events(&guest, &at, &EventQuery::default()).await), Refusal::Forbidden);
    assert_eq!(refusal(w.service.event(&guest, &at, &event.id).await), Refusal::Forbidden);
    assert_eq!(refusal(w.service.watch_events(&guest, &at, None).await), Refusal::Forbidden);
    let nowhere = IntegrationId::from_random([9; 12]);
    assert_eq!(refusal(w.service.watch_events(owner(), &nowhere, None).await), Refusal::IntegrationNotFound);
}

async fn an_event_is_refused_for_its_own_reason(w: World) {
    let desk = key(&w, "open_connect").await;
    let at = place(&w, IntegrationKind::OpenConnect).await;
    let many: Map<_, _> = (0..201).map(|n| (format!("m{n}"), Value::Null)).collect();
    for (event, field) in [
        (new(""), Field::EventName),
        (new(&"n".repeat(101)), Field::EventName),
        (NewEvent { crm_id: String::new(), ..new("On Ring") }, Field::CrmId),
        (NewEvent { agent_id: Some("a".repeat(255)), ..new("On Ring") }, Field::AgentId),
        (NewEvent { data: many, ..new("On Ring") }, Field::EventData),
    ] {
        let Refusal::Invalid(errors) = refusal(w.service.accept_event(&desk, event).await) else { panic!("{field:?}") };
        assert_eq!(errors.0.iter().map(|error| error.field).collect::<Vec<_>>(), [field]);
    }
    assert_eq!(seqs(&w.service, &at).await, [0; 0]);
    let service_key = key(&w, "service").await;
    assert_eq!(refusal(report(&w.service, &service_key, "On Ring").await), Refusal::Forbidden);
}

async fn events_have_no_gap_and_share_commits(w: World) {
    let (desk, client) = (key(&w, "open_connect").await, key(&w, "client").await);
    let another = w.another().await;
    let before = w.store.write_count();
    let at_once: Vec<_> = (0..500)
        .map(|n| {
            let service = if n % 10 == 0 { another.clone() } else { w.service.clone() };
            let key = if n % 2 == 0 { desk.clone() } else { client.clone() };
            tokio::spawn(async move { report(&service, &key, &format!("Event {n}")).await })
        })
        .collect();
    let mut taken = BTreeSet::new();
    for one in at_once {
        let event = one.await.unwrap().unwrap();
        assert!(taken.insert((event.integration_id, event.seq)), "a number is given once");
    }
    for kind in [IntegrationKind::OpenConnect, IntegrationKind::Client] {
        let at = place(&w, kind).await;
        let numbers: Vec<_> = taken.iter().filter(|(place, _)| *place == at).map(|(_, seq)| *seq).collect();
        assert_eq!(numbers, (1..=250).collect::<Vec<_>>());
    }
    let commits = w.store.write_count() - before;
    assert!(commits < 250, "{commits} commits for 450 events");
}

async fn whoever_watches_sees_what_comes_here_and_elsewhere(w: World) {
    let (desk, second) = (key(&w, "open_connect").await, key(&w, "open_connect").await);
    let at = place(&w, IntegrationKind::OpenConnect).await;
    let another = w.another().await;
    let _running = in_background(&w.service);
    report(&w.service, &desk, "Before").await.unwrap();
    let mut all = w.service.watch_events(owner(), &at, None).await.unwrap();
    let mut of_second = w.service.watch_events(owner(), &at, Some(&second.id)).await.unwrap();
    report(&w.service, &desk, "Here").await.unwrap();
    assert_eq!(next(&mut all).await, (2, "Here".to_owned()));
    report(&another, &second, "Elsewhere").await.unwrap();
    assert_eq!(next(&mut all).await, (3, "Elsewhere".to_owned()));
    assert_eq!(next(&mut of_second).await, (3, "Elsewhere".to_owned()));
    // A browser that opens the stream again says what came last.
    let mut again = w.service.watch_events(owner(), &at, None).await.unwrap().after(1);
    assert_eq!(next(&mut again).await, (2, "Here".to_owned()));
    assert_eq!(next(&mut again).await, (3, "Elsewhere".to_owned()));
}

async fn a_busy_integration_shows_the_last_events_and_how_many_more(w: World) {
    let desk = key(&w, "open_connect").await;
    let at = place(&w, IntegrationKind::OpenConnect).await;
    let mut watch = w.service.watch_events(owner(), &at, None).await.unwrap();
    for n in 1..=40 {
        report(&w.service, &desk, &format!("{n}")).await.unwrap();
    }
    let first = timeout(Duration::from_mins(1), watch.next()).await.unwrap().unwrap();
    assert_eq!(first, EventSeen::More(15));
    for n in 16..=40 {
        assert_eq!(next(&mut watch).await, (n, n.to_string()));
    }
    // One of a key among many of others is not left out.
    let quiet = key(&w, "open_connect").await;
    let mut of_quiet = w.service.watch_events(owner(), &at, Some(&quiet.id)).await.unwrap();
    report(&w.service, &quiet, "Quiet").await.unwrap();
    for n in 1..=40 {
        report(&w.service, &desk, &format!("{n}")).await.unwrap();
    }
    assert_eq!(next(&mut of_quiet).await, (41, "Quiet".to_owned()));
}

async fn webhooks_are_told_of_events(w: World) {
    let (desk, client) = (key(&w, "open_connect").await, key(&w, "client").await);
    let at = place(&w, IntegrationKind::OpenConnect).await;
    report(&w.service, &desk, "Before").await.unwrap();
    for (target, trigger) in [("https://a.example.com", "event"), ("https://b.example.com", "conversation:message")] {
        let rules = WebhookRules::checked(target, &[trigger], false, false).unwrap();
        w.service.add_webhook(owner(), &at, rules).await.unwrap();
    }
    let event = report(&w.service, &desk, "On Ring").await.unwrap();
    report(&w.service, &client, "On Ring").await.unwrap();
    let told = w.service.deliveries(owner(), &at, &DeliveryQuery::default()).await.unwrap().rows;
    let about: Vec<_> = told.iter().map(|delivery| (delivery.about, delivery.integration_id)).collect();
    assert_eq!(about, [(About::Event(event.id), at)], "only what was asked for, and only its own");
}

async fn events_are_forgotten_after_30_days(w: World) {
    let desk = key(&w, "open_connect").await;
    let at = place(&w, IntegrationKind::OpenConnect).await;
    report(&w.service, &desk, "Old").await.unwrap();
    w.clock.advance(Millis::days(20));
    report(&w.service, &desk, "New").await.unwrap();
    let tidy = async || w.service.tidy(&CancellationToken::new()).await.unwrap();
    tidy().await;
    assert_eq!(seqs(&w.service, &at).await, [2, 1]);
    w.clock.advance(Millis::days(11));
    tidy().await;
    assert_eq!(seqs(&w.service, &at).await, [2]);
    w.clock.advance(Millis::days(31));
    tidy().await;
    assert_eq!(report(&w.service, &desk, "Next").await.unwrap().seq, 3, "a number does not come back");
}

on_both! {
    what_is_reported_is_kept_and_listed,
    an_event_is_refused_for_its_own_reason,
    events_have_no_gap_and_share_commits,
    whoever_watches_sees_what_comes_here_and_elsewhere,
    a_busy_integration_shows_the_last_events_and_how_many_more,
    webhooks_are_told_of_events,
    events_are_forgotten_after_30_days,
}
