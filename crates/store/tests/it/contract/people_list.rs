use std::collections::BTreeSet;

use domain::ids::{PasskeyId, PersonId};
use domain::person::{PersonFilter, PersonQuery, PersonSort, PersonStatus, SecondFactor};
use domain::role::Role;
use domain::sight::Scope;
use domain::timestamp::Timestamp;
use store::{Lock, PasskeyRow, PersonRow, Store, StoreError};

use crate::fixtures::{NOW, person};

contract! {
    people_are_listed_by_what_is_asked,
    every_page_in_either_direction_shows_each_person_once,
    an_e_mail_is_confirmed_while_it_is_the_persons,
    an_e_mail_that_its_person_changed_is_in_doubt,
    second_factors_are_listed,
}

const LOCK: Lock = Lock { now: NOW, latest: NOW.plus_seconds(900), failures: 100 };

/// Adds people with their e-mail's own MAC.
async fn add(store: &Store, people: &[PersonRow]) {
    store
        .write(async |tx| {
            for person in people {
                tx.insert_person(person).await?;
                tx.set_person_keys(&person.id, &person.name, person.email.as_bytes()).await?;
            }
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
}

async fn fail(store: &Store, email: &str, times: u32, until: Timestamp) {
    for _ in 0..times {
        store.write(async |tx| tx.record_sign_in_failure(email.as_bytes(), NOW, |_| until).await).await.unwrap();
    }
}

async fn people_are_listed_by_what_is_asked(store: Store) {
    let named = |name: &str, email: &str, role| PersonRow { name: name.to_owned(), ..person(email, role) };
    let people = [
        named("Ada Byron", "ada@example.com", Role::Owner),
        named("bob 100%", "bob_x@example.com", Role::Admin),
        PersonRow { disabled: true, ..named("Ünal", "cy@example.org", Role::Auditor) },
        PersonRow { access_ends_at: Some(NOW), ..named("Dee", "dee@example.com", Role::Guest) },
        PersonRow { access_ends_at: Some(NOW.plus_seconds(1)), ..named("Eve", "eve@example.com", Role::Guest) },
        named("Fay", "fay@example.com", Role::Auditor),
        named("Gus", "gus@example.com", Role::Auditor),
    ];
    add(&store, &people).await;
    fail(&store, "bob_x@example.com", 1, NOW.plus_seconds(2)).await;
    fail(&store, "fay@example.com", 100, NOW.plus_seconds(-9)).await;
    // A wait that is over, and one from a clock that was ahead.
    fail(&store, "eve@example.com", 1, NOW).await;
    fail(&store, "gus@example.com", 1, NOW.plus_seconds(901)).await;
    store.write(async |tx| tx.set_signed_in(&people[1].id, NOW).await).await.unwrap();
    let list = async |query: PersonQuery| {
        let page = store.list_people(&query, &Scope::All, LOCK).await.unwrap();
        assert_eq!(page.total.n as usize, page.rows.len());
        page.rows.into_iter().map(|row| row.name).collect::<Vec<_>>().join(", ")
    };
    let all = PersonQuery::default;
    assert_eq!(list(all()).await, "Ada Byron, bob 100%, Dee, Eve, Fay, Gus, Ünal");
    assert_eq!(list(PersonQuery { descending: true, ..all() }).await, "Ünal, Gus, Fay, Eve, Dee, bob 100%, Ada Byron");
    let by = |sort| PersonQuery { sort, ..all() };
    assert_eq!(list(by(PersonSort::Email)).await, "Ada Byron, bob 100%, Ünal, Dee, Eve, Fay, Gus");
    assert_eq!(list(by(PersonSort::Role)).await, "bob 100%, Fay, Gus, Ünal, Dee, Eve, Ada Byron");
    assert!(list(PersonQuery { descending: true, ..by(PersonSort::LastSignIn) }).await.starts_with("bob"));
    let search = |text: &str| PersonQuery { search: Some(text.to_owned()), ..all() };
    for (text, found) in [
        ("BYRON", "Ada Byron"),
        ("üNAL", "Ünal"),
        ("example.org", "Ünal"),
        ("100%", "bob 100%"),
        ("b_x", "bob 100%"),
        ("a_a", ""),
        ("\\", ""),
        ("%", "bob 100%"),
    ] {
        assert_eq!(list(search(text)).await, found, "{text}");
    }
    let of = |status| PersonQuery { status: Some(status), ..all() };
    assert_eq!(list(of(PersonFilter::Active)).await, "Ada Byron, Eve, Gus");
    assert_eq!(list(of(PersonFilter::Disabled)).await, "Ünal");
    assert_eq!(list(of(PersonFilter::Ended)).await, "Dee");
    assert_eq!(list(of(PersonFilter::Locked)).await, "bob 100%, Fay");
    assert_eq!(list(PersonQuery { role: Some(Role::Guest), ..all() }).await, "Dee, Eve");
    assert_eq!(list(PersonQuery { role: Some(Role::Owner), ..search("fay") }).await, "");
    // What a person's own page says is what the filters find.
    for person in &people {
        let listed = store.listed_person(&person.id, LOCK).await.unwrap().unwrap();
        assert!(list(of(listed.status.filter())).await.contains(&person.name));
    }
    let bob = store.listed_person(&people[1].id, LOCK).await.unwrap().unwrap();
    assert_eq!(
        (bob.last_sign_in_at, bob.status),
        (Some(NOW), PersonStatus::Locked { until: Some(NOW.plus_seconds(2)) })
    );
    assert_eq!(store.listed_person(&PersonId::from_random([9; 12]), LOCK).await.unwrap(), None);
}

async fn every_page_in_either_direction_shows_each_person_once(store: Store) {
    // Many with the same name, role and last sign-in, so that the id decides.
    let row = |n: usize| PersonRow {
        name: ["Ada~", "bob", "Ünal"][n % 3].to_owned(),
        ..person(&format!("{n}@example.com"), Role::ALL[n % 4])
    };
    let people: Vec<_> = (0..130).map(row).collect();
    add(&store, &people).await;
    for sort in PersonSort::ALL {
        for (descending, search) in [(false, None), (true, None), (false, Some("example")), (true, Some("example"))] {
            let search = search.map(str::to_owned);
            let query = PersonQuery { sort: *sort, descending, search, ..PersonQuery::default() };
            let mut pages = vec![store.list_people(&query, &Scope::All, LOCK).await.unwrap()];
            while let Some(next) = pages.last().unwrap().next.clone() {
                pages.push(
                    store
                        .list_people(&PersonQuery { after: Some(next), ..query.clone() }, &Scope::All, LOCK)
                        .await
                        .unwrap(),
                );
            }
            let ids: Vec<_> = pages.iter().flat_map(|page| &page.rows).map(|row| row.id).collect();
            assert_eq!((ids.len(), ids.iter().collect::<BTreeSet<_>>().len(), pages.len()), (130, 130, 6), "{sort:?}");
            assert!(pages.iter().all(|page| page.total.n == 130), "{sort:?}");
            assert!(pages[0].previous.is_none() && pages.iter().skip(1).all(|page| page.previous.is_some()));
            for pair in pages.windows(2) {
                let before = pair[1].previous.clone();
                let back =
                    store.list_people(&PersonQuery { before, ..query.clone() }, &Scope::All, LOCK).await.unwrap();
                assert_eq!(back, pair[0], "{sort:?}");
            }
        }
    }
    for after in ["", "x", "~", "000000000000000000000000~last_sign_in~x", "'; DROP TABLE person; --"] {
        let odd = PersonQuery { after: Some(after.to_owned()), sort: PersonSort::LastSignIn, ..PersonQuery::default() };
        assert_eq!(store.list_people(&odd, &Scope::All, LOCK).await.unwrap().rows.len(), 25, "{after}");
    }
}

async fn an_e_mail_is_confirmed_while_it_is_the_persons(store: Store) {
    let ada = person("ada@example.com", Role::Owner);
    add(&store, &[ada.clone(), person("bob@example.com", Role::Owner)]).await;
    let confirm = async |email: &str, seconds: i64| {
        let at = NOW.plus_seconds(seconds);
        store.write(async |tx| tx.confirm_email(&ada.id, email, at).await).await.unwrap();
    };
    let change = async |email: &str| {
        store.write(async |tx| tx.set_name_and_email(&ada.id, &ada.name, email).await).await.unwrap();
    };
    let since = async || {
        let rows = store.list_people(&PersonQuery::default(), &Scope::All, LOCK).await.unwrap().rows;
        assert!(rows.iter().all(|row| row.id == ada.id || row.email_confirmed_at.is_none()));
        let listed = rows.into_iter().find(|row| row.id == ada.id).unwrap();
        assert_eq!(store.listed_person(&ada.id, LOCK).await.unwrap().as_ref(), Some(&listed));
        listed.email_confirmed_at
    };
    assert_eq!(since().await, None);
    confirm("bob@example.com", 0).await;
    assert_eq!(since().await, None, "it is another's");
    confirm("ada@example.com", 1).await;
    confirm("ada@example.com", 2).await;
    assert_eq!(since().await, Some(NOW.plus_seconds(1)), "it was known already");
    // As a release does that knows nothing of it.
    change("new@example.com").await;
    assert_eq!(since().await, None);
    confirm("new@example.com", 3).await;
    assert_eq!(since().await, Some(NOW.plus_seconds(3)));
}

async fn an_e_mail_that_its_person_changed_is_in_doubt(store: Store) {
    let ada = person("ada@example.com", Role::Owner);
    add(&store, std::slice::from_ref(&ada)).await;
    let doubted = async || store.email_is_doubted(&ada.id).await.unwrap();
    let change = async |email: &str| {
        let work = async |tx: &mut store::Tx| {
            assert_eq!(tx.doubt_email(&ada.id).await?, Some(ada.email.clone()));
            tx.set_name_and_email(&ada.id, &ada.name, email).await
        };
        store.write(work).await.unwrap();
    };
    let confirm = async |email: &str, seconds: i64| {
        let at = NOW.plus_seconds(seconds);
        store.write(async |tx| tx.confirm_email(&ada.id, email, at).await).await.unwrap();
        store.listed_person(&ada.id, LOCK).await.unwrap().unwrap().email_confirmed_at
    };
    assert!(!doubted().await, "somebody else gave it to them");
    change("new@example.com").await;
    assert!(doubted().await);
    change("newer@example.com").await;
    assert!(doubted().await);
    // The one that they had is no worse than before.
    change("ada@example.com").await;
    assert!(!doubted().await);
    assert_eq!(confirm("ada@example.com", 1).await, Some(NOW.plus_seconds(1)));
    change("new@example.com").await;
    assert!(doubted().await);
    assert_eq!(confirm("new@example.com", 2).await, Some(NOW.plus_seconds(2)));
    assert!(!doubted().await);
}

async fn second_factors_are_listed(store: Store) {
    let people = ["none", "app", "passkey", "both", "begun"]
        .map(|name| PersonRow { name: name.to_owned(), ..person(&format!("{name}@example.com"), Role::Auditor) });
    add(&store, &people).await;
    let passkey = |person: &PersonRow, number: u8| PasskeyRow {
        id: PasskeyId::from_random([number; 12]),
        person_id: person.id,
        credential_id: vec![number; 40],
        credential: "{}".to_owned(),
        name: "Key".to_owned(),
        created_at: NOW,
        used_at: None,
    };
    let [_, app, key, both, begun] = &people;
    let set_up = async |tx: &mut store::Tx| {
        for person in [app, both, begun] {
            tx.put_second_factor(&person.id, b"s", b"x", 1, NOW).await?;
        }
        for person in [app, both] {
            tx.confirm_second_factor(&person.id, b"x", 7, NOW).await?;
        }
        for passkey in [passkey(key, 1), passkey(key, 2), passkey(both, 3)] {
            tx.insert_passkey(&passkey).await?;
        }
        Ok::<_, StoreError>(())
    };
    store.write(set_up).await.unwrap();
    for search in [None, Some("example".to_owned())] {
        let query = PersonQuery { search, ..PersonQuery::default() };
        let page = store.list_people(&query, &Scope::All, LOCK).await.unwrap();
        let found: Vec<_> = page.rows.iter().map(|row| (&*row.name, row.second_factor)).collect();
        let expected = [
            ("app", SecondFactor::App),
            ("begun", SecondFactor::None),
            ("both", SecondFactor::AppAndPasskey),
            ("none", SecondFactor::None),
            ("passkey", SecondFactor::Passkey),
        ];
        assert_eq!(found, expected);
    }
}
