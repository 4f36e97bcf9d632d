use domain::draft::KeyDraft;
use domain::ids::PersonId;
use domain::role::Role;
use domain::timestamp::Timestamp;
use store::Store;

use crate::fixtures::{NOW, person};

contract! {
    a_draft_is_its_authors,
    only_the_newest_drafts_stay,
}

fn draft(name: &str) -> KeyDraft {
    let items = Some(vec!["10.0.0.0/8".to_owned(), String::new()]);
    KeyDraft { name: Some(name.to_owned()), cidrs: items, boxes: vec!["a.b".to_owned()], ..KeyDraft::default() }
}

async fn two_people(store: &Store) -> (PersonId, PersonId) {
    let (one, two) = (person("one@example.com", Role::Owner), person("two@example.com", Role::Admin));
    for person in [&one, &two] {
        store.write(async |tx| tx.insert_person(person).await).await.unwrap();
    }
    (one.id, two.id)
}

async fn put(store: &Store, form_id: &str, person: &PersonId, draft: &KeyDraft, at: Timestamp) -> bool {
    store.write(async |tx| tx.put_draft(form_id, person, None, draft, at).await).await.unwrap()
}

async fn a_draft_is_its_authors(store: Store) {
    let (one, two) = two_people(&store).await;
    let before = NOW.plus_seconds(-1);
    assert_eq!(store.draft("form", &one, before).await.unwrap(), None);
    for name in ["First", "Second \u{fffd} “מפתח”"] {
        assert!(put(&store, "form", &one, &draft(name), NOW).await);
        assert_eq!(store.draft("form", &one, before).await.unwrap(), Some((draft(name), None)));
    }
    assert!(!put(&store, "form", &two, &draft("Theirs"), NOW.plus_seconds(1)).await);
    assert_eq!(store.draft("form", &two, before).await.unwrap(), None);
    assert_eq!(store.draft("form", &one, NOW).await.unwrap(), None, "too old");
    assert_eq!(store.draft("form", &one, before).await.unwrap(), Some((draft("Second \u{fffd} “מפתח”"), None)));
}

async fn only_the_newest_drafts_stay(store: Store) {
    let (one, two) = two_people(&store).await;
    for n in 1..=4 {
        put(&store, &format!("form {n}"), &one, &draft("x"), NOW.plus_seconds(n)).await;
    }
    put(&store, "other", &two, &draft("x"), NOW).await;
    // A draft that is saved again is a new one.
    put(&store, "form 1", &one, &draft("y"), NOW.plus_seconds(9)).await;
    let shrink = async |most| store.write(async |tx| tx.shrink_drafts(&one, most).await).await.unwrap();
    assert_eq!((shrink(4).await, shrink(2).await), (0, 2));
    let kept =
        async |form_id: &str, person| store.draft(form_id, person, NOW.plus_seconds(-1)).await.unwrap().is_some();
    assert!(kept("form 1", &one).await && kept("form 4", &one).await && kept("other", &two).await);
    assert!(!kept("form 2", &one).await && !kept("form 3", &one).await);

    let prune = async |at| store.write(async |tx| tx.prune_drafts(at).await).await.unwrap();
    assert_eq!(prune(NOW.plus_seconds(3)).await, 1, "another person's");
    assert_eq!(prune(NOW.plus_seconds(9)).await, 2, "saved by then");
}
