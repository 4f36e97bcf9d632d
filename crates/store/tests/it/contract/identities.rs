use domain::audit::{Action, AuditEvent, Subject};
use domain::ids::PersonId;
use domain::role::Role;
use store::{IdentityRow, PersonRow, Store};

use crate::fixtures::{NOW, event, key_id, mac, person};

contract! {
    an_identity_is_of_one_person,
    an_identity_outlives_its_person,
    a_sign_in_comes_back_once,
    a_removed_e_mail_is_known,
    the_e_mails_of_a_person_are_those_that_the_audit_names,
    a_step_names_its_provider,
}

async fn somebody(store: &Store, email: &str) -> PersonId {
    let person = person(email, Role::Auditor);
    store.write(async |tx| tx.insert_person(&person).await).await.unwrap();
    person.id
}

fn identity(subject: &str, person: PersonId) -> IdentityRow {
    IdentityRow {
        issuer: "https://login.example.com".to_owned(),
        subject: subject.to_owned(),
        person_id: Some(person),
        email: "ada@example.com".to_owned(),
        connected_at: NOW,
        used_at: NOW,
    }
}

async fn put(store: &Store, row: &IdentityRow) -> bool {
    store.write(async |tx| tx.put_identity(row).await).await.unwrap()
}

async fn an_identity_is_of_one_person(store: Store) {
    let (ada, grace) = (somebody(&store, "ada@example.com").await, somebody(&store, "grace@example.com").await);
    let (row, known) = (identity("1", ada), store.person_by_id(&ada).await.unwrap().unwrap());
    assert!(known.has_password() && !PersonRow { password_hash: String::new(), ..known }.has_password());
    assert!(put(&store, &row).await && !put(&store, &row).await);
    assert!(!put(&store, &identity("1", grace)).await, "it is another person's");
    let elsewhere =
        IdentityRow { issuer: "https://other.example".to_owned(), connected_at: NOW.plus_seconds(1), ..row.clone() };
    assert!(put(&store, &elsewhere).await);
    assert_eq!(store.identity(&row.issuer, "1").await.unwrap(), Some(row.clone()));
    for (issuer, subject) in [(&*row.issuer, "2"), ("https://LOGIN.example.com", "1"), ("", "1")] {
        assert_eq!(store.identity(issuer, subject).await.unwrap(), None, "{issuer} {subject}");
    }
    assert_eq!(store.identities_of(&ada).await.unwrap(), [row.clone(), elsewhere.clone()]);
    assert_eq!(store.identities_of(&grace).await.unwrap(), []);
    let issuers = [(ada, row.issuer.clone()), (ada, elsewhere.issuer.clone())];
    assert_eq!(store.issuers_of(&[grace, ada]).await.unwrap(), issuers);
    assert_eq!(store.issuers_of(&[]).await.unwrap(), []);
    let later = NOW.plus_seconds(9);
    store.write(async |tx| tx.use_identity(&row.issuer, "1", "new@example.com", later).await).await.unwrap();
    let used = store.identity(&row.issuer, "1").await.unwrap().unwrap();
    assert_eq!((used.used_at, used.email.as_str(), used.connected_at), (later, "new@example.com", NOW));
    let delete =
        async |person| store.write(async |tx| tx.delete_identity(person, &row.issuer, "1").await).await.unwrap();
    assert!(!delete(&grace).await && delete(&ada).await && !delete(&ada).await);
    assert_eq!(store.identities_of(&ada).await.unwrap(), [elsewhere]);
}

async fn an_identity_outlives_its_person(store: Store) {
    let (ada, grace) = (somebody(&store, "ada@example.com").await, somebody(&store, "grace@example.com").await);
    put(&store, &identity("1", ada)).await;
    store.write(async |tx| tx.delete_person(&ada).await).await.unwrap();
    let left = store.identity("https://login.example.com", "1").await.unwrap().unwrap();
    assert_eq!(left, IdentityRow { person_id: None, ..identity("1", ada) });
    // Whoever comes again gets it.
    assert!(put(&store, &identity("1", grace)).await);
    assert_eq!(store.identities_of(&grace).await.unwrap().len(), 1);
}

async fn a_sign_in_comes_back_once(store: Store) {
    let end = NOW.plus_seconds(10);
    let come = async |state: u8| store.write(async |tx| tx.come_back(&[state; 32], end).await).await.unwrap();
    assert!(!store.has_come_back(&[1; 32]).await.unwrap());
    let (one, two) = tokio::join!(come(1), come(1));
    assert_ne!(one, two);
    assert!(store.has_come_back(&[1; 32]).await.unwrap() && !store.has_come_back(&[2; 32]).await.unwrap());
    assert!(come(2).await);
    let prune = async |now, limit| store.write(async |tx| tx.prune_provider_answers(now, limit).await).await.unwrap();
    assert_eq!((prune(NOW.plus_seconds(9), 9).await, prune(end, 1).await, prune(end, 9).await), (0, 1, 1));
    assert!(!store.has_come_back(&[1; 32]).await.unwrap());
}

async fn a_removed_e_mail_is_known(store: Store) {
    assert!(!store.is_removed(&[1; 32]).await.unwrap());
    for _ in 0..2 {
        store.write(async |tx| tx.note_removed(&[1; 32], NOW).await).await.unwrap();
    }
    assert!(store.is_removed(&[1; 32]).await.unwrap() && !store.is_removed(&[2; 32]).await.unwrap());
    store.write(async |tx| tx.forget_removed(&[1; 32]).await).await.unwrap();
    assert!(!store.is_removed(&[1; 32]).await.unwrap());
}

async fn the_e_mails_of_a_person_are_those_that_the_audit_names(store: Store) {
    let (ada, eve) = (PersonId::from_random([1; 12]), PersonId::from_random([2; 12]));
    for (person, email) in [(&ada, "ada@example.com"), (&ada, "new@example.com"), (&eve, "eve@example.com")] {
        let subject = Subject::person(person, email);
        let event = AuditEvent { subject, ..event(&key_id(), Action::AccountEdited) };
        for _ in 0..2 {
            store.write(async |tx| tx.record(&event, &mac, 1).await).await.unwrap();
        }
    }
    let mut told = store.write(async |tx| tx.emails_told(&ada).await).await.unwrap();
    told.sort_unstable();
    assert_eq!(told, ["ada@example.com", "new@example.com"]);
}

async fn a_step_names_its_provider(store: Store) {
    let ada = somebody(&store, "ada@example.com").await;
    for mac in [1, 2] {
        store.write(async |tx| tx.insert_sign_in_step(&[mac; 32], &ada, NOW).await).await.unwrap();
    }
    store.write(async |tx| tx.set_step_provider(&[1; 32], "Corp").await).await.unwrap();
    assert_eq!(store.provider_of_step(&[1; 32]).await.unwrap().as_deref(), Some("Corp"));
    for mac in [2, 3] {
        assert_eq!(store.provider_of_step(&[mac; 32]).await.unwrap(), None, "{mac}");
    }
}
