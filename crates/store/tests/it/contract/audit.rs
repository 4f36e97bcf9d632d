use domain::audit::{Action, Actor, ActorKind, AuditEvent, Subject};
use domain::ids::PersonId;
use domain::page::Page;
use store::{AuditFilter, Chain, Store};

use crate::fixtures::{NOW, app, event, key_id, mac, mac_of_version};

contract! {
    an_event_is_read_as_it_was_written,
    the_record_is_paged_both_ways,
}

async fn record(store: &Store, event: &AuditEvent) -> i64 {
    store.write(async |tx| tx.record(event, &mac, 1).await).await.unwrap()
}

async fn an_event_is_read_as_it_was_written(store: Store) {
    assert!(store.recent_audit(10).await.unwrap().is_empty());
    let key = key_id();
    let first = AuditEvent {
        app_id: Some(app(1).id),
        actor: Actor::Person { id: PersonId::from_random([1; 12]), email: "owner@example.com".to_owned() },
        note: Some("\"quoted\" & Ünïcode".to_owned()),
        address: Some("2001:db8::1".parse().unwrap()),
        ..event(&key, Action::KeyIssued)
    };
    let second = AuditEvent { changes: Vec::new(), ..event(&key, Action::KeyAcknowledged) };
    assert_eq!((record(&store, &first).await, record(&store, &second).await), (1, 2));
    let rows = store.recent_audit(10).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.seq).collect::<Vec<_>>(), [2, 1]);
    assert_eq!((&rows[0].note, &rows[0].address, rows[0].actor_kind), (&None, &None, ActorKind::System));
    let row = &rows[1];
    assert_eq!((row.at, row.actor_kind, &*row.actor_label), (NOW, ActorKind::Person, "owner@example.com"));
    assert_eq!((row.action, &row.subject, &row.changes), (Action::KeyIssued, &first.subject, &first.changes));
    assert_eq!((&row.note, row.address.as_deref()), (&first.note, Some("2001:db8::1")));
    assert_eq!(store.recent_audit(1).await.unwrap().len(), 1);
    assert_eq!(store.verify_chain(&mac_of_version).await.unwrap(), Chain::Intact { events: 2 });
}

async fn the_record_is_paged_both_ways(store: Store) {
    let (one, two) = (key_id(), key_id());
    for n in 0..60 {
        let key = if n % 2 == 0 { &one } else { &two };
        let app_id = (n % 3 == 0).then(|| app(1).id);
        record(&store, &AuditEvent { app_id, ..event(key, Action::KeyEdited) }).await;
    }
    record(&store, &AuditEvent { subject: Subject::instance(), ..event(&one, Action::InstanceCreated) }).await;
    let page = async |filter: AuditFilter| store.audit_page(&filter).await.unwrap();
    let seqs = |page: &Page<domain::audit::AuditRow>| page.rows.iter().map(|row| row.seq).collect::<Vec<_>>();

    let first = page(AuditFilter::default()).await;
    assert_eq!((seqs(&first), &first.previous), ((37..=61).rev().collect(), &None));
    let second = page(AuditFilter { after: first.next.clone(), ..AuditFilter::default() }).await;
    assert_eq!(seqs(&second), (12..=36).rev().collect::<Vec<_>>());
    let third = page(AuditFilter { after: second.next.clone(), ..AuditFilter::default() }).await;
    assert_eq!((seqs(&third), &third.next), ((1..=11).rev().collect(), &None));
    let back = page(AuditFilter { before: third.previous.clone(), ..AuditFilter::default() }).await;
    assert_eq!(seqs(&back), seqs(&second));
    let back = page(AuditFilter { before: back.previous.clone(), ..AuditFilter::default() }).await;
    assert_eq!(back, first);
    assert_eq!(first.total.n, 61);

    let of_key = page(AuditFilter { key: Some(one), ..AuditFilter::default() }).await;
    assert_eq!((of_key.total.n, of_key.rows.len(), of_key.next.is_some()), (30, 25, true));
    assert!(of_key.rows.iter().all(|row| row.seq % 2 == 1 && row.subject.id != two.as_str()));
    let of_app = page(AuditFilter { app: Some(app(1).id), ..AuditFilter::default() }).await;
    assert_eq!(of_app.total.n, 20);
    for nonsense in ["", "x", "1;2"] {
        assert_eq!(page(AuditFilter { after: Some(nonsense.to_owned()), ..AuditFilter::default() }).await, first);
    }
    let beyond = page(AuditFilter { before: Some("999".to_owned()), ..AuditFilter::default() }).await;
    assert_eq!(beyond, first);
    let past_the_end = page(AuditFilter { after: Some("1".to_owned()), ..AuditFilter::default() }).await;
    assert!(past_the_end.rows.is_empty());
    let back = page(AuditFilter { before: past_the_end.previous, ..AuditFilter::default() }).await;
    assert_eq!(seqs(&back), (1..=25).rev().collect::<Vec<_>>());
}
