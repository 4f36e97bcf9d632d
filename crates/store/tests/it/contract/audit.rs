use std::sync::atomic::{AtomicI64, Ordering};

use domain::audit::{Action, Actor, ActorKind, AuditEvent, Change, HIDDEN_KEY, Subject};
use domain::audit_query::AuditQuery;
use domain::ids::{KeyId, PersonId};
use domain::kind::KeyKind;
use domain::names::Word;
use domain::page::Page;
use domain::role::Role;
use domain::sight::{Scope, Sight};
use domain::timestamp::{Millis, Timestamp};
use store::{ChainCheck, NewKey, PersonRow, Store};

use crate::fixtures::{
    NOW, all, app, auditor, event, insert, key, key_id, mac, mac_of_version, person, whole, with_app,
};

contract! {
    an_event_is_read_as_it_was_written,
    the_record_is_paged_both_ways,
    what_is_out_of_sight_is_not_on_the_page,
    a_key_out_of_sight_is_not_named_as_actor,
    a_key_out_of_sight_is_not_found_by_its_name,
    who_did_what_to_which_key_and_when_is_found,
    many_people_are_meant_by_one_text,
    own_acts_are_found_under_any_name,
    events_are_counted_by_day,
}

async fn record(store: &Store, event: &AuditEvent) -> i64 {
    store.write(async |tx| tx.record(event, &mac, 1).await).await.unwrap()
}

async fn an_event_is_read_as_it_was_written(store: Store) {
    assert!(store.recent_audit(&all(), 10).await.unwrap().is_empty());
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
    let rows = store.recent_audit(&all(), 10).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.seq).collect::<Vec<_>>(), [2, 1]);
    assert_eq!((&rows[0].note, &rows[0].address, rows[0].actor_kind.known()), (&None, &None, Some(ActorKind::System)));
    let row = &rows[1];
    assert_eq!(
        (row.at, row.actor_kind.known(), &*row.actor_label),
        (NOW, Some(ActorKind::Person), "owner@example.com")
    );
    assert_eq!((row.action.known(), &row.changes), (Some(Action::KeyIssued), &first.changes));
    let Subject { kind, id, label, key_kind } = first.subject;
    let subject = Subject { kind: Word::Known(kind), id, label, key_kind };
    assert_eq!(row.subject, subject);
    assert_eq!((&row.note, row.address.as_deref()), (&first.note, Some("2001:db8::1")));
    assert_eq!(store.recent_audit(&all(), 1).await.unwrap().len(), 1);
    let (checked, of) = (AtomicI64::new(0), AtomicI64::new(0));
    let told = |seq, last| {
        checked.store(seq, Ordering::Relaxed);
        of.store(last, Ordering::Relaxed);
    };
    let check = store.verify_chain(&mac_of_version, &told).await.unwrap();
    assert!(matches!(check, ChainCheck::Intact { events: 2, .. }), "{check:?}");
    assert_eq!((checked.into_inner(), of.into_inner()), (2, 2));
}

async fn the_record_is_paged_both_ways(store: Store) {
    let (one, two) = (key_id(), key_id());
    for n in 0..60 {
        let key = if n % 2 == 0 { &one } else { &two };
        let app_id = (n % 3 == 0).then(|| app(1).id);
        record(&store, &AuditEvent { app_id, ..event(key, Action::KeyEdited) }).await;
    }
    record(&store, &AuditEvent { subject: Subject::instance(), ..event(&one, Action::InstanceCreated) }).await;
    let page = async |query: AuditQuery| store.audit_page(&all(), &query).await.unwrap();
    let seqs = |page: &Page<domain::audit::AuditRow>| page.rows.iter().map(|row| row.seq).collect::<Vec<_>>();

    let first = page(AuditQuery::default()).await;
    assert_eq!((seqs(&first), &first.previous), ((37..=61).rev().collect(), &None));
    let second = page(AuditQuery { after: first.next.clone(), ..AuditQuery::default() }).await;
    assert_eq!(seqs(&second), (12..=36).rev().collect::<Vec<_>>());
    let third = page(AuditQuery { after: second.next.clone(), ..AuditQuery::default() }).await;
    assert_eq!((seqs(&third), &third.next), ((1..=11).rev().collect(), &None));
    let back = page(AuditQuery { before: third.previous.clone(), ..AuditQuery::default() }).await;
    assert_eq!(seqs(&back), seqs(&second));
    let back = page(AuditQuery { before: back.previous.clone(), ..AuditQuery::default() }).await;
    assert_eq!(back, first);
    assert_eq!(first.total.n, 61);

    let of_key = page(AuditQuery { key: Some(one), ..AuditQuery::default() }).await;
    assert_eq!((of_key.total.n, of_key.rows.len(), of_key.next.is_some()), (30, 25, true));
    assert!(of_key.rows.iter().all(|row| row.seq % 2 == 1 && row.subject.id != two.as_str()));
    let of_app = store.audit_page(&whole(&app(1).id), &AuditQuery::default()).await.unwrap();
    assert_eq!(of_app.total.n, 20);
    for nonsense in ["", "x", "1;2"] {
        assert_eq!(page(AuditQuery { after: Some(nonsense.to_owned()), ..AuditQuery::default() }).await, first);
    }
    let beyond = page(AuditQuery { before: Some("999".to_owned()), ..AuditQuery::default() }).await;
    assert_eq!(beyond, first);
    let past_the_end = page(AuditQuery { after: Some("1".to_owned()), ..AuditQuery::default() }).await;
    assert!(past_the_end.rows.is_empty());
    let back = page(AuditQuery { before: past_the_end.previous, ..AuditQuery::default() }).await;
    assert_eq!(seqs(&back), (1..=25).rev().collect::<Vec<_>>());
}

async fn what_is_out_of_sight_is_not_on_the_page(store: Store) {
    let (open, hidden) = (key_id(), key_id());
    let about = |id, kind| AuditEvent { subject: Subject::key(id, kind, "Key"), ..event(id, Action::KeyIssued) };
    record(&store, &about(&open, KeyKind::Service)).await;
    record(&store, &about(&hidden, KeyKind::MasterUser)).await;
    record(&store, &AuditEvent { subject: Subject::instance(), ..event(&open, Action::InstanceCreated) }).await;
    let seqs = async |sight: &Sight, query: &AuditQuery| {
        let page = store.audit_page(sight, query).await.unwrap();
        assert_eq!(page.total.n, u32::try_from(page.rows.len()).unwrap());
        page.rows.into_iter().map(|row| row.seq).collect::<Vec<_>>()
    };
    let everything = AuditQuery::default();
    assert_eq!(seqs(&all(), &everything).await, [3, 2, 1]);
    assert_eq!(seqs(&auditor(), &everything).await, [3, 1]);
    let of_hidden = AuditQuery { key: Some(hidden), ..AuditQuery::default() };
    assert_eq!(seqs(&all(), &of_hidden).await, [2]);
    assert_eq!(seqs(&auditor(), &of_hidden).await, [0_i64; 0]);
    assert_eq!(store.recent_audit(&auditor(), 10).await.unwrap().len(), 2);
    let named = Sight { keys: Scope::Only(vec![open]), ..all() };
    assert_eq!(seqs(&named, &everything).await, [1]);
    let nothing = Sight { keys: Scope::Only(Vec::new()), ..all() };
    assert_eq!(seqs(&nothing, &everything).await, [0_i64; 0]);
}

async fn a_key_out_of_sight_is_not_named_as_actor(store: Store) {
    let (here, there) = (with_app(&store).await, app(2));
    store.write(async |tx| tx.insert_app(&there).await).await.unwrap();
    let mut keys = [key(&here, "Ours"), key(&there.id, "Theirs"), key(&here, "Account")];
    keys[2].spec.kind = KeyKind::Account;
    insert(&store, &keys).await;
    let by = |id: KeyId, name: &str| Actor::Key { id, name: name.to_owned() };
    let (gone, gone_there) = (key_id(), key_id());
    for (key, app_id) in [(&gone, here), (&gone_there, there.id)] {
        record(&store, &AuditEvent { app_id: Some(app_id), ..event(key, Action::KeyDeleted) }).await;
    }
    for actor in [
        by(keys[0].id, "Ours"),
        by(keys[1].id, "Theirs"),
        by(keys[2].id, "Account"),
        by(gone, "Gone"),
        by(gone_there, "Gone there"),
        Actor::System,
    ] {
        record(&store, &AuditEvent { app_id: Some(here), actor, ..event(&key_id(), Action::KeyEdited) }).await;
    }
    let edits = AuditQuery { action: Some(Action::KeyEdited), ..AuditQuery::default() };
    let hidden = HIDDEN_KEY;
    for (sight, expected) in [
        (all(), ["Keystead", "key Gone there", "key Gone", "key Account", "key Theirs", "key Ours"]),
        (whole(&here), ["Keystead", "key Gone there", "key Gone", "key Account", "key Theirs", "key Ours"]),
        (all().limited_to(Scope::from(&here)), ["Keystead", hidden, "key Gone", "key Account", hidden, "key Ours"]),
        (auditor(), ["Keystead", "key Gone there", "key Gone", hidden, "key Theirs", "key Ours"]),
    ] {
        let page = store.audit_page(&sight, &edits).await.unwrap().rows;
        let exported = store.audit_before(&sight, &edits, None, 10).await.unwrap();
        let recent = store.recent_audit(&sight, 6).await.unwrap();
        for rows in [page, exported, recent] {
            assert_eq!(rows.iter().map(|row| &*row.actor_label).collect::<Vec<_>>(), expected);
        }
    }
}

/// A hit would confirm the name to whoever guesses it.
async fn a_key_out_of_sight_is_not_found_by_its_name(store: Store) {
    let (here, there) = (with_app(&store).await, app(2));
    store.write(async |tx| tx.insert_app(&there).await).await.unwrap();
    let mut keys = [key(&here, "Ours"), key(&there.id, "Theirs"), key(&here, "Account"), key(&there.id, "Ours")];
    keys[2].spec.kind = KeyKind::Account;
    insert(&store, &keys).await;
    for NewKey { id, app_id, spec, .. } in &keys {
        let subject = Subject::key(id, spec.kind, &spec.name);
        record(&store, &AuditEvent { app_id: Some(*app_id), subject, ..event(id, Action::KeyIssued) }).await;
    }
    let edited = key_id();
    for NewKey { id, spec, .. } in &keys {
        let actor = Actor::Key { id: *id, name: spec.name.clone() };
        record(&store, &AuditEvent { app_id: Some(here), actor, ..event(&edited, Action::KeyEdited) }).await;
    }
    let limited = all().limited_to(Scope::from(&here));
    for (name, of_all, of_limited, of_auditor) in [
        ("Ours", vec![8, 5], vec![5], vec![8, 5]),
        ("key Ours", vec![8, 5], vec![5], vec![8, 5]),
        ("Theirs", vec![6], vec![], vec![6]),
        ("Account", vec![7], vec![7], vec![]),
    ] {
        let by = AuditQuery { person: Some(name.to_owned()), ..AuditQuery::default() };
        let about = AuditQuery { key: Some(edited), ..by.clone() };
        for query in [by, about] {
            assert_eq!(seqs(&store, &all(), &query).await, of_all, "{query:?}");
            assert_eq!(seqs(&store, &limited, &query).await, of_limited, "{query:?}");
            assert_eq!(seqs(&store, &auditor(), &query).await, of_auditor, "{query:?}");
        }
    }
}

fn at(days: i64, seconds: i64) -> Timestamp {
    NOW.midnight().plus(Millis::days(days)).plus_seconds(seconds)
}

/// Two days of events of two people, a program and a name that a key once had.
async fn some_days(store: &Store) {
    let person = |n: u8, email: &str| PersonRow {
        id: PersonId::from_random([n; 12]),
        name: email.to_owned(),
        ..person(email, Role::Owner)
    };
    let (ada, bob) = (person(1, "ada@example.com"), person(2, "bob_x@example.com"));
    store
        .write(async |tx| {
            tx.insert_person(&ada).await?;
            tx.insert_person(&bob).await
        })
        .await
        .unwrap();
    let by = |person: &PersonRow| Actor::Person { id: person.id, email: person.email.clone() };
    let (billing, other) = (key_id(), key_id());
    let (ada, bob, shell) = (by(&ada), by(&bob), Actor::CommandLine { user: "root".to_owned() });
    let about = |key: &KeyId, name: &str, kind| Subject::key(key, kind, name);
    let (service, master) = (KeyKind::Service, KeyKind::MasterUser);
    let renamed = vec![Change { field: "name".to_owned(), from: None, to: Some("Invoices".to_owned()) }];
    for (at, actor, action, subject, changes) in [
        (at(-1, 0), &ada, Action::KeyIssued, about(&billing, "Billing export", service), vec![]),
        (at(-1, 10), &bob, Action::KeyRevoked, about(&billing, "Billing export", service), vec![]),
        // Written after an event of the next day, by a clock that is behind.
        (at(0, 1), &bob, Action::KeyEdited, about(&billing, "Invoices", service), renamed),
        (at(-1, 86_399), &ada, Action::KeyRevoked, about(&other, "Other", master), vec![]),
        (at(0, 2), &shell, Action::KeyIssued, about(&other, "Äther", master), vec![]),
    ] {
        let event = AuditEvent { at, actor: actor.clone(), action, subject, changes, ..event(&billing, action) };
        record(store, &event).await;
    }
}

async fn seqs(store: &Store, sight: &Sight, query: &AuditQuery) -> Vec<i64> {
    let page = store.audit_page(sight, query).await.unwrap();
    assert_eq!(page.total.n, u32::try_from(page.rows.len()).unwrap());
    page.rows.into_iter().map(|row| row.seq).collect()
}

async fn who_did_what_to_which_key_and_when_is_found(store: Store) {
    some_days(&store).await;
    let named = |name: &str| AuditQuery { name: Some(name.to_owned()), ..AuditQuery::default() };
    let by = |person: &str| AuditQuery { person: Some(person.to_owned()), ..AuditQuery::default() };
    let of = |action| AuditQuery { action: Some(action), ..AuditQuery::default() };
    let (yesterday, today) = (at(-1, 0), at(0, 0));
    let days = |from, to| AuditQuery { from, to, ..AuditQuery::default() };
    let revoked = of(Action::KeyRevoked);
    for (query, expected) in [
        // Each name that a key has had finds all of its events.
        (named("BILLING"), vec![3, 2, 1]),
        (named("invoices"), vec![3, 2, 1]),
        (named("äth"), vec![5, 4]),
        (named("export"), vec![]),
        (by("ADA"), vec![4, 1]),
        (by("root"), vec![5]),
        (by("root (command line)"), vec![5]),
        (by("example"), vec![4, 3, 2, 1]),
        // Neither is a wildcard.
        (by("%"), vec![]),
        (by("a_x"), vec![]),
        (by("b_x"), vec![3, 2]),
        (revoked.clone(), vec![4, 2]),
        (days(Some(yesterday), Some(yesterday)), vec![4, 2, 1]),
        (days(Some(today), None), vec![5, 3]),
        (days(None, Some(at(-2, 0))), vec![]),
        (days(Some(at(1, 0)), None), vec![]),
        (AuditQuery { to: Some(yesterday), from: Some(yesterday), ..revoked.clone() }, vec![4, 2]),
        (AuditQuery { action: Some(Action::KeyRevoked), from: Some(yesterday), ..by("bob") }, vec![2]),
        (AuditQuery { action: Some(Action::KeyRevoked), person: Some("bob".to_owned()), ..named("bill") }, vec![2]),
        (AuditQuery { person: Some("ada".to_owned()), ..named("bill") }, vec![1]),
        (AuditQuery { person: Some("nobody".to_owned()), ..named("bill") }, vec![]),
    ] {
        assert_eq!(seqs(&store, &all(), &query).await, expected, "{query:?}");
        let after = AuditQuery { after: expected.first().map(ToString::to_string), ..query.clone() };
        let rest = store.audit_page(&all(), &after).await.unwrap();
        if let Some((_, rest_expected)) = expected.split_first() {
            assert_eq!(rest.rows.iter().map(|row| row.seq).collect::<Vec<_>>(), rest_expected, "{query:?}");
        }
    }
    assert_eq!(seqs(&store, &auditor(), &revoked).await, [2]);
    assert_eq!(seqs(&store, &auditor(), &named("äth")).await, [0_i64; 0]);
}

async fn many_people_are_meant_by_one_text(store: Store) {
    let people: Vec<_> = (0..40_u8)
        .map(|n| PersonRow {
            id: PersonId::from_random([n; 12]),
            ..person(&format!("p{n:02}@example.com"), Role::Admin)
        })
        .collect();
    for person in &people {
        store.write(async |tx| tx.insert_person(person).await).await.unwrap();
    }
    // Only the last ones did anything.
    for person in &people[30..] {
        let actor = Actor::Person { id: person.id, email: person.email.clone() };
        record(&store, &AuditEvent { actor, ..event(&key_id(), Action::KeyIssued) }).await;
    }
    let query = AuditQuery { person: Some("example".to_owned()), ..AuditQuery::default() };
    assert_eq!(seqs(&store, &all(), &query).await, (1..=10).rev().collect::<Vec<_>>());
    let days = store.audit_days(&all(), &query, at(-29, 0)).await.unwrap();
    assert_eq!(days.iter().map(|day| day.events).sum::<u64>(), 10);
}

async fn own_acts_are_found_under_any_name(store: Store) {
    let of = |n: u8, email: &str| Actor::Person { id: PersonId::from_random([n; 12]), email: email.to_owned() };
    // The second person took the address that the first one had.
    let acts = [of(1, "first@example.com"), of(1, "second@example.com"), of(2, "first@example.com"), Actor::System];
    for actor in acts {
        record(&store, &AuditEvent { actor, ..event(&key_id(), Action::KeyEdited) }).await;
    }
    let own = |actor| Sight { acts: Scope::Only(vec![actor]), ..all() };
    let first = own(of(1, "second@example.com"));
    let edits = AuditQuery { action: Some(Action::KeyEdited), ..AuditQuery::default() };
    assert_eq!(seqs(&store, &first, &AuditQuery::default()).await, [2, 1]);
    assert_eq!(seqs(&store, &first, &edits).await, [2, 1]);
    let second = AuditQuery { person: Some("second@example.com".to_owned()), ..edits };
    assert_eq!(seqs(&store, &first, &second).await, [2]);
    assert_eq!(seqs(&store, &own(of(2, "first@example.com")), &AuditQuery::default()).await, [3]);
    // The command line has no id.
    assert_eq!(seqs(&store, &own(Actor::System), &AuditQuery::default()).await, [0_i64; 0]);
}

async fn events_are_counted_by_day(store: Store) {
    some_days(&store).await;
    let first = at(-29, 0);
    let count = async |sight: &Sight, query: &AuditQuery| {
        let days = store.audit_days(sight, query, first).await.unwrap();
        days.iter().map(|day| (day.day.since(at(0, 0)).0 / Millis::days(1).0, day.events)).collect::<Vec<_>>()
    };
    let everything = AuditQuery::default();
    assert_eq!(count(&all(), &everything).await, [(-1, 3), (0, 2)]);
    assert_eq!(count(&auditor(), &everything).await, [(-1, 2), (0, 1)]);
    let revoked = AuditQuery { action: Some(Action::KeyRevoked), ..AuditQuery::default() };
    assert_eq!(count(&all(), &revoked).await, [(-1, 2)]);
    let bob = AuditQuery { person: Some("bob".to_owned()), ..AuditQuery::default() };
    assert_eq!(count(&all(), &bob).await, [(-1, 1), (0, 1)]);
    let nobody = AuditQuery { person: Some("nobody".to_owned()), ..AuditQuery::default() };
    assert_eq!(count(&all(), &nobody).await, []);
    assert_eq!(store.audit_days(&all(), &everything, at(1, 0)).await.unwrap(), []);
    // The days of the question choose what is listed, not what the strip shows.
    let today = AuditQuery { from: Some(at(0, 0)), ..AuditQuery::default() };
    assert_eq!(count(&all(), &today).await, [(-1, 3), (0, 2)]);
}
