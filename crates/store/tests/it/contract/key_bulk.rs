use domain::audit::Action;
use domain::audit_query::AuditQuery;
use domain::ids::{AppId, KeyId};
use domain::key::{KeyState, RevokeReason, Revoked};
use domain::labels::Owner;
use domain::list::{KeyQuery, StatusFilter};
use domain::role::Role;
use domain::sight::Scope;
use store::{NewKey, Retagged, Store, StoreError};

use crate::fixtures::{NOW, event, insert, intact, key, key_id, mac, person, whole, with_app};

contract! {
    states_of_many_keys_change_from_the_one_named,
    many_keys_get_an_expiry,
    many_keys_get_and_lose_a_tag,
    many_keys_get_an_owner,
    a_form_is_used_once,
    the_keys_that_an_act_took_are_its_authors,
    many_events_are_one_chain,
    ids_and_details_come_in_the_order_of_the_list,
}

async fn states_of_many_keys_change_from_the_one_named(store: Store) {
    let app = with_app(&store).await;
    let keys: Vec<NewKey> = (0..30).map(|n| key(&app, &format!("key {n:02}"))).collect();
    insert(&store, &keys).await;
    let ids: Vec<&KeyId> = keys.iter().map(|key| &key.id).collect();
    let disable = |ids: Vec<KeyId>| {
        let store = store.clone();
        async move {
            let ids: Vec<&KeyId> = ids.iter().collect();
            let change =
                store.write(async |tx| tx.set_key_states(&ids, KeyState::Active, KeyState::Disabled, None).await);
            change.await.unwrap()
        }
    };
    assert_eq!(disable(keys[..20].iter().map(|key| key.id).collect()).await, 20);
    assert_eq!(disable(keys[10..25].iter().map(|key| key.id).collect()).await, 5, "the others were disabled before");
    let counts = store.key_counts(&whole(&app), NOW).await.unwrap();
    assert_eq!((counts.active.n, counts.off.n), (5, 25));
    let revoked = Revoked {
        at: NOW,
        reason: RevokeReason::Other,
        restorable_until: Some(NOW.plus_seconds(9)),
        from: KeyState::Active,
    };
    store
        .write(async |tx| tx.set_key_states(&ids, KeyState::Active, KeyState::Revoked, Some(&revoked)).await)
        .await
        .unwrap();
    let one = store.key_detail(&keys[29].id).await.unwrap().unwrap();
    assert_eq!((one.revoked, one.revision), (Some(revoked), 2));
    assert_eq!(store.key_detail(&keys[12].id).await.unwrap().unwrap().revision, 2);
}

async fn many_keys_get_an_expiry(store: Store) {
    let app = with_app(&store).await;
    let keys = [key(&app, "a"), key(&app, "b"), key(&app, "c")];
    insert(&store, &keys).await;
    let ids = [&keys[0].id, &keys[2].id];
    let at = NOW.plus_seconds(60);
    assert_eq!(store.write(async |tx| tx.set_key_expiries(&ids, Some(at)).await).await.unwrap(), 2);
    let expiry = async |n: usize| store.key_detail(&keys[n].id).await.unwrap().unwrap().row.expires_at;
    assert_eq!((expiry(0).await, expiry(1).await, expiry(2).await), (Some(at), None, Some(at)));
    store.write(async |tx| tx.set_key_expiries(&ids[..1], None).await).await.unwrap();
    assert_eq!((expiry(0).await, expiry(2).await), (None, Some(at)));
}

async fn many_keys_get_and_lose_a_tag(store: Store) {
    let app = with_app(&store).await;
    let mut tagged = key(&app, "tagged");
    tagged.spec.rules.tags = vec!["eu".to_owned()];
    let keys = [tagged, key(&app, "plain"), key(&app, "other")];
    insert(&store, &keys).await;
    let set = async |tags: [&[&str]; 2], tag: &str, added: bool| {
        let words = tags.map(|tags| tags.iter().map(|tag| (*tag).to_owned()).collect::<Vec<_>>());
        let [first, second] = words;
        let rows: Vec<Retagged<'_>> = vec![(&keys[0].id, &app, first), (&keys[1].id, &app, second)];
        store.write(async |tx| tx.set_key_tags(&rows, tag, added).await).await.unwrap()
    };
    let listed = async |tag: &str| {
        let query = KeyQuery { tag: Some(tag.to_owned()), ..KeyQuery::default() };
        let page = store.list_keys(&whole(&app), &query, NOW).await.unwrap();
        page.rows.into_iter().map(|row| row.name).collect::<Vec<_>>()
    };
    assert_eq!(set([&["\"größe\"", "eu"], &["\"größe\""]], "\"größe\"", true).await, 2);
    assert_eq!(listed("\"größe\"").await, ["plain", "tagged"]);
    assert_eq!(store.key_detail(&keys[0].id).await.unwrap().unwrap().rules.tags, ["\"größe\"", "eu"]);
    set([&["eu"], &[]], "\"größe\"", false).await;
    assert_eq!((listed("\"größe\"").await, listed("eu").await), (vec![], vec!["tagged".to_owned()]));
}

async fn many_keys_get_an_owner(store: Store) {
    let app = with_app(&store).await;
    let mut owned = key(&app, "owned");
    owned.spec.rules.owner = Some(Owner::Person("ada@example.com".to_owned()));
    owned.spec.rules.tags = vec!["eu".to_owned()];
    let keys = [owned, key(&app, "plain"), key(&app, "other")];
    insert(&store, &keys).await;
    let team = Owner::Team("Größe \"7\"".to_owned());
    let rows = [(&keys[0].id, &app), (&keys[1].id, &app)];
    assert_eq!(store.write(async |tx| tx.set_key_owners(&rows, &team).await).await.unwrap(), 2);
    let listed = async |query: KeyQuery| {
        let page = store.list_keys(&whole(&app), &query, NOW).await.unwrap();
        page.rows.into_iter().map(|row| row.name).collect::<Vec<_>>()
    };
    let of = |owner: &str| KeyQuery { owner: Some(owner.to_owned()), ..KeyQuery::default() };
    assert_eq!(listed(of("größe \"7\"")).await, ["owned", "plain"]);
    assert_eq!(listed(of("ada@example.com")).await, [""; 0]);
    assert_eq!(listed(KeyQuery { tag: Some("eu".to_owned()), ..KeyQuery::default() }).await, ["owned"]);
    let key = store.key_detail(&keys[1].id).await.unwrap().unwrap();
    assert_eq!((key.rules.owner, key.revision), (Some(team), 2));
    let owned = async |apps: &Scope<AppId>, owner: &str| {
        let mut ids = store.owned_keys(apps, owner, 9).await.unwrap();
        ids.sort_unstable();
        ids
    };
    let mut theirs = vec![keys[0].id, keys[1].id];
    theirs.sort_unstable();
    assert_eq!(owned(&Scope::All, "GRÖSSE \"7\"").await, []);
    assert_eq!(
        (owned(&Scope::All, "GRÖßE \"7\"").await, owned(&Scope::from(&app), "größe \"7\"").await),
        (theirs.clone(), theirs)
    );
    assert_eq!(owned(&Scope::Only(Vec::new()), "größe \"7\"").await, []);
    assert_eq!(owned(&Scope::All, "ada@example.com").await, []);
    assert_eq!(store.owned_keys(&Scope::All, "größe \"7\"", 1).await.unwrap().len(), 1);
    assert_eq!(store.key_detail(&keys[2].id).await.unwrap().unwrap().rules.owner, None);
}

async fn a_form_is_used_once(store: Store) {
    let form = "form-0001-form-0001";
    let use_form = async || store.write(async |tx| tx.use_form(form, NOW).await).await.unwrap();
    assert!(!store.is_form_used(form).await.unwrap());
    assert!(use_form().await);
    assert!(!use_form().await);
    assert!(store.is_form_used(form).await.unwrap() && !store.is_form_used("another").await.unwrap());
}

async fn the_keys_that_an_act_took_are_its_authors(store: Store) {
    let (one, two) = (person("one@example.com", Role::Owner).id, person("two@example.com", Role::Admin).id);
    let keys = [(key_id(), 1), (key_id(), 27)];
    store.write(async |tx| tx.put_taken_keys("form", &one, &keys, NOW).await).await.unwrap();
    let taken = async |person, since| store.taken_keys("form", person, since).await.unwrap();
    let before = NOW.plus_seconds(-1);
    assert_eq!(taken(&one, before).await, keys);
    assert!(taken(&two, before).await.is_empty());
    assert!(taken(&one, NOW).await.is_empty(), "too old");
    let inside = store.write(async |tx| tx.taken_keys("form", &one, before).await).await.unwrap();
    assert_eq!(inside, keys);
    let prune = async |until| store.write(async |tx| tx.prune_bulk_acts(until).await).await.unwrap();
    assert_eq!((prune(before).await, prune(NOW).await), (0, 1));
    assert!(taken(&one, before).await.is_empty());
}

async fn many_events_are_one_chain(store: Store) {
    let events: Vec<_> = (0..43).map(|_| event(&key_id(), Action::KeyDisabled)).collect();
    let record = async |events: &[_]| store.write(async |tx| tx.record_all(events, &mac, 1).await).await.unwrap();
    assert_eq!((record(&events[..1]).await, record(&events[1..]).await), (1, 43));
    assert_eq!(intact(&store).await, Some(43));
    let before = async |seq, limit| {
        let rows = store.audit_before(&crate::fixtures::all(), &AuditQuery::default(), seq, limit).await.unwrap();
        rows.into_iter().map(|row| row.seq).collect::<Vec<_>>()
    };
    assert_eq!((before(None, 2).await, before(Some(3), 9).await), (vec![43, 42], vec![2, 1]));
    let key = KeyId::parse(&events[4].subject.id);
    let of_key = AuditQuery { key, after: Some("2".into()), ..AuditQuery::default() };
    let rows = store.audit_before(&crate::fixtures::all(), &of_key, None, 9).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.seq).collect::<Vec<_>>(), [5]);
}

async fn ids_and_details_come_in_the_order_of_the_list(store: Store) {
    let app = with_app(&store).await;
    let keys: Vec<NewKey> = (0..30).map(|n| key(&app, &format!("key {:02}", n * 7 % 30))).collect();
    insert(&store, &keys).await;
    let query = KeyQuery { descending: true, ..KeyQuery::default() };
    let mut names = Vec::new();
    let mut after = None;
    loop {
        let (ids, next) = store.list_key_ids(&whole(&app), &query, after.as_deref(), 7, NOW).await.unwrap();
        let details = store.key_details(&ids).await.unwrap();
        names.extend(details.into_iter().map(|key| key.row.name));
        match next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!(names, (0..30).rev().map(|n| format!("key {n:02}")).collect::<Vec<_>>());
    assert!(store.key_details(&[key_id()]).await.unwrap().is_empty());
    let none = KeyQuery { status: Some(StatusFilter::Disabled), ..query };
    assert_eq!(store.list_key_ids(&whole(&app), &none, None, 7, NOW).await.unwrap(), (vec![], None));
    // The same inside a transaction, which a use case needs.
    let inside = store.write(async |tx| {
        let (ids, _) = tx.list_key_ids(&whole(&app), &KeyQuery::default(), None, 100, NOW).await?;
        Ok::<_, StoreError>(tx.key_details(&ids).await?.len())
    });
    assert_eq!(inside.await.unwrap(), 30);
}
