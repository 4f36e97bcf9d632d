//! The audit of one person: what they did, and what was done to them.

use domain::audit::{Action, Actor, AuditEvent, Subject};
use domain::audit_query::AuditQuery;
use domain::ids::PersonId;
use domain::role::Role;
use domain::sight::{Scope, Sight};
use domain::timestamp::Millis;
use store::{PersonRow, Store};

use crate::fixtures::{NOW, all, app, event, key_id, mac, person, whole};

contract! {
    what_was_done_to_a_person_is_found_with_what_they_did,
    what_somebody_did_to_themselves_is_found_once,
}

async fn record(store: &Store, event: &AuditEvent) {
    store.write(async |tx| tx.record(event, &mac, 1).await).await.unwrap();
}

async fn found(store: &Store, sight: &Sight, query: &AuditQuery) -> Vec<i64> {
    let page = store.audit_page(sight, query).await.unwrap();
    assert_eq!(page.total.n, u32::try_from(page.rows.len()).unwrap(), "{query:?}");
    page.rows.into_iter().map(|row| row.seq).collect()
}

fn by(person: &PersonRow) -> Actor {
    Actor::Person { id: person.id, email: person.email.clone() }
}

fn to(person: &PersonRow, action: Action, actor: Actor) -> AuditEvent {
    AuditEvent { actor, subject: Subject::person(&person.id, &person.email), ..event(&key_id(), action) }
}

async fn what_was_done_to_a_person_is_found_with_what_they_did(store: Store) {
    let [admin, other, gone] =
        ["admin@example.com", "badmin@example.com", "gone@example.com"].map(|email| person(email, Role::Admin));
    store
        .write(async |tx| {
            tx.insert_person(&admin).await?;
            tx.insert_person(&other).await
        })
        .await
        .unwrap();
    let key = key_id();
    let of_key = |actor, action| AuditEvent { app_id: Some(app(1).id), actor, ..event(&key, action) };
    for event in [
        to(&admin, Action::SessionStarted, by(&admin)),
        of_key(by(&other), Action::KeyIssued),
        to(&admin, Action::SignInBlocked, Actor::System),
        to(&admin, Action::PersonDisabled, by(&other)),
        of_key(by(&admin), Action::KeyRevoked),
        to(&gone, Action::SessionStarted, by(&gone)),
        to(&gone, Action::PersonRemoved, by(&admin)),
        to(&other, Action::SessionStarted, by(&other)),
    ] {
        record(&store, &event).await;
    }
    let of = |id: PersonId| AuditQuery { person_id: Some(id), ..AuditQuery::default() };
    let named = |text: &str| AuditQuery { person: Some(text.to_owned()), ..AuditQuery::default() };
    let action = Some(Action::PersonDisabled);
    let own = Sight { acts: Scope::Only(vec![by(&admin)]), ..all() };
    for (query, of_all, in_app, of_own) in [
        (of(admin.id), vec![7, 5, 4, 3, 1], vec![5], vec![7, 5, 1]),
        (of(other.id), vec![8, 4, 2], vec![2], vec![]),
        (of(gone.id), vec![7, 6], vec![], vec![7]),
        (of(PersonId::from_random([9; 12])), vec![], vec![], vec![]),
        (AuditQuery { action, ..of(admin.id) }, vec![4], vec![], vec![]),
        (AuditQuery { key: Some(key), ..of(admin.id) }, vec![5], vec![5], vec![5]),
        (AuditQuery { person: Some("badmin".to_owned()), ..of(admin.id) }, vec![4], vec![], vec![]),
        // A whole e-mail is nobody's whose e-mail only has it in it.
        (named("admin@example.com"), vec![7, 5, 4, 3, 1], vec![5], vec![7, 5, 1]),
        (named("Admin@Example.com"), vec![7, 5, 4, 3, 1], vec![5], vec![7, 5, 1]),
        (named("badmin@example.com"), vec![8, 4, 2], vec![2], vec![]),
        (named("gone@example.com"), vec![7, 6], vec![], vec![7]),
        (named("admin"), vec![8, 7, 5, 4, 3, 2, 1], vec![5, 2], vec![7, 5, 1]),
        (AuditQuery { action, ..named("admin") }, vec![4], vec![], vec![]),
        (named("nobody@example.com"), vec![], vec![], vec![]),
    ] {
        assert_eq!(found(&store, &all(), &query).await, of_all, "{query:?}");
        assert_eq!(found(&store, &whole(&app(1).id), &query).await, in_app, "{query:?}");
        assert_eq!(found(&store, &own, &query).await, of_own, "{query:?}");
        let exported = store.audit_before(&all(), &query, None, 100).await.unwrap();
        assert_eq!(exported.iter().map(|row| row.seq).collect::<Vec<_>>(), of_all, "{query:?}");
        let days = store.audit_days(&all(), &query, NOW.midnight().plus(Millis::days(-29))).await.unwrap();
        assert_eq!(days.iter().map(|day| day.events).sum::<u64>(), of_all.len() as u64, "{query:?}");
    }
}

async fn what_somebody_did_to_themselves_is_found_once(store: Store) {
    let ada = person("ada@example.com", Role::Admin);
    store.write(async |tx| tx.insert_person(&ada).await).await.unwrap();
    for _ in 0..40 {
        record(&store, &to(&ada, Action::SessionStarted, by(&ada))).await;
    }
    let page = async |query: &AuditQuery| store.audit_page(&all(), query).await.unwrap();
    for query in [
        AuditQuery { person_id: Some(ada.id), ..AuditQuery::default() },
        AuditQuery { person: Some("ada".to_owned()), ..AuditQuery::default() },
    ] {
        let first = page(&query).await;
        let numbers = |rows: &[domain::audit::AuditRow]| rows.iter().map(|row| row.seq).collect::<Vec<_>>();
        assert_eq!((numbers(&first.rows), first.total.n), ((16..=40).rev().collect(), 40));
        let second = page(&AuditQuery { after: first.next.clone(), ..query.clone() }).await;
        assert_eq!((numbers(&second.rows), &second.next), ((1..=15).rev().collect(), &None));
        let back = page(&AuditQuery { before: second.previous, ..query }).await;
        assert_eq!(numbers(&back.rows), numbers(&first.rows));
    }
}
