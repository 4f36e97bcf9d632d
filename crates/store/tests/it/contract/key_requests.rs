use domain::draft::KeyDraft;
use domain::ids::{AppId, KeyId, PersonId};
use domain::kind::KeyKind;
use domain::list::Rows;
use domain::page::{COUNT_CAP, Capped};
use domain::request::{Decided, KeyRequest, RequestFilter, RequestQuery, RequestState};
use domain::role::Role;
use domain::sight::{Scope, Sight};
use store::{Store, StoreError, Unique};

use crate::fixtures::{NOW, all, app, auditor, key_id, person, whole, with_app};

contract! {
    a_request_waits_until_it_is_decided_and_ends_once,
    the_list_shows_what_is_in_sight_page_by_page,
    ten_thousand_requests_are_a_list_like_any_other,
    those_who_decide_are_found_by_their_role,
}

fn asker(number: u8) -> PersonId {
    PersonId::from_random([number; 12])
}

fn request(app: AppId, number: i64, by: &PersonId) -> KeyRequest {
    let key = key_id();
    KeyRequest {
        key,
        app_id: app,
        kind: KeyKind::Service,
        key_name: "Nightly export".to_owned(),
        draft: KeyDraft { name: Some("Nightly export".to_owned()), ..KeyDraft::default() },
        form_id: format!("form-{key}"),
        reason: "For the\nauditors".to_owned(),
        asked_by: (by.to_string(), "ada@example.com".to_owned()),
        created_at: NOW.plus_seconds(number),
        state: RequestState::Waiting,
        until: NOW.plus_seconds(1_000 + number),
        decided: None,
    }
}

async fn add(store: &Store, requests: &[KeyRequest]) -> Result<(), StoreError> {
    let work = async |tx: &mut store::Tx| {
        for request in requests {
            tx.insert_key_request(request).await?;
        }
        Ok(())
    };
    store.write(work).await
}

async fn end(store: &Store, key: &KeyId, from: RequestState, state: RequestState) -> bool {
    store.write(async |tx| tx.end_key_request(key, from, state, NOW.plus_seconds(7)).await).await.unwrap()
}

async fn a_request_waits_until_it_is_decided_and_ends_once(store: Store) {
    let app = with_app(&store).await;
    let (ada, bob) = (asker(1), asker(2));
    assert_eq!(store.last_key_request_at(&ada, &app).await.unwrap(), None);
    let requests = [request(app, 1, &ada), request(app, 2, &ada), request(app, 3, &bob)];
    add(&store, &requests).await.unwrap();
    let [first, second, third] = &requests;
    let again = add(&store, &[KeyRequest { key: key_id(), ..first.clone() }]).await;
    assert!(matches!(again, Err(StoreError::Conflict(Unique::RequestForm))), "{again:?}");
    assert_eq!(store.key_request(&first.key).await.unwrap().as_ref(), Some(first));
    assert_eq!(store.key_request(&key_id()).await.unwrap(), None);
    assert_eq!(store.key_request_of_form(&second.form_id).await.unwrap().as_ref(), Some(second));
    let last = async |person: &PersonId, app: &AppId| store.last_key_request_at(person, app).await.unwrap();
    assert_eq!(last(&ada, &app).await, Some(second.created_at));
    assert_eq!((last(&bob, &app).await, last(&asker(3), &app).await), (Some(third.created_at), None));
    assert_eq!(last(&ada, &AppId::from_random([9; 12])).await, None, "another app");
    let waiting = async |person: &PersonId| store.key_requests_waiting_of(person).await.unwrap();
    assert_eq!((waiting(&ada).await, waiting(&bob).await, waiting(&asker(3)).await), (2, 1, 0));

    let by = ("2".to_owned(), "bob@example.com".to_owned());
    let decided = Decided { by, at: NOW.plus_seconds(5), word: "Go on.".to_owned() };
    let decide = async |key: &KeyId, state| {
        store.write(async |tx| tx.decide_key_request(key, state, NOW.plus_seconds(500), &decided).await).await.unwrap()
    };
    assert!(decide(&first.key, RequestState::Approved).await);
    assert!(!decide(&first.key, RequestState::Declined).await, "once");
    let approved = KeyRequest {
        state: RequestState::Approved,
        until: NOW.plus_seconds(500),
        decided: Some(decided.clone()),
        ..first.clone()
    };
    assert_eq!(store.key_request(&first.key).await.unwrap(), Some(approved.clone()));
    assert_eq!(waiting(&ada).await, 1);
    let overdue = async |seconds, limit| store.key_requests_overdue(NOW.plus_seconds(seconds), limit).await.unwrap();
    assert_eq!(overdue(499, 9).await, []);
    assert_eq!(overdue(1_002, 9).await, [approved.clone(), second.clone()]);
    assert_eq!(overdue(2_000, 1).await, [approved]);

    assert!(!end(&store, &first.key, RequestState::Waiting, RequestState::Withdrawn).await, "it is approved");
    assert!(end(&store, &first.key, RequestState::Approved, RequestState::Collected).await);
    assert!(!end(&store, &first.key, RequestState::Approved, RequestState::Collected).await, "once");
    assert!(end(&store, &second.key, RequestState::Waiting, RequestState::Expired).await);
    let prune = async |seconds| {
        store.write(async |tx| tx.prune_key_requests(NOW.plus_seconds(seconds), 1).await).await.unwrap()
    };
    assert_eq!((prune(6).await, prune(7).await, prune(7).await), (0, 1, 1), "piece by piece");
    assert_eq!(prune(9_999).await, 0, "what waits stays");
    assert_eq!(store.key_request(&third.key).await.unwrap().as_ref(), Some(third));
}

/// The keys of each page, forwards.
async fn pages(store: &Store, sight: &Sight, query: &RequestQuery, visitor: &PersonId) -> Vec<Vec<KeyId>> {
    let (mut query, mut pages) = (query.clone(), Vec::new());
    loop {
        let page = store.list_key_requests(sight, &query, Some(visitor)).await.unwrap();
        assert_eq!(page.previous.is_some(), !pages.is_empty());
        pages.push(page.rows.iter().map(|request| request.key).collect());
        query.after = page.next;
        if query.after.is_none() {
            let Some(before) = page.previous else { return pages };
            let back = RequestQuery { after: None, before: Some(before), ..query };
            let page = store.list_key_requests(sight, &back, Some(visitor)).await.unwrap();
            let keys: Vec<_> = page.rows.iter().map(|request| request.key).collect();
            assert_eq!(keys, pages[pages.len() - 2], "back");
            return pages;
        }
    }
}

async fn the_list_shows_what_is_in_sight_page_by_page(store: Store) {
    let one = with_app(&store).await;
    let other = app(2);
    store.write(async |tx| tx.insert_app(&other).await).await.unwrap();
    let (ada, bob) = (asker(1), asker(2));
    let plain = RequestQuery::default();
    let page = store.list_key_requests(&all(), &plain, Some(&ada)).await.unwrap();
    assert_eq!((page.rows.len(), page.total, page.next, page.previous), (0, Capped::default(), None, None));

    // Some were made at the same moment.
    let mut requests: Vec<_> = (0..30).map(|n| request(one, n / 4, if n % 3 == 0 { &ada } else { &bob })).collect();
    requests.push(KeyRequest { kind: KeyKind::MasterUser, ..request(one, 100, &ada) });
    requests.push(request(other.id, 101, &ada));
    add(&store, &requests).await.unwrap();
    requests.sort_by_key(|request| (request.created_at, request.key.to_string()));
    let keys = |of: &dyn Fn(&KeyRequest) -> bool| {
        requests.iter().filter(|request| of(request)).map(|request| request.key).collect::<Vec<_>>()
    };
    let shown = pages(&store, &all(), &plain, &ada).await;
    assert_eq!(shown.iter().map(Vec::len).collect::<Vec<_>>(), [25, 7]);
    assert_eq!(shown.concat(), keys(&|_| true), "whoever waits longest comes first");
    assert_eq!(pages(&store, &whole(&one), &plain, &ada).await.concat(), keys(&|one| one.app_id != other.id));
    let mine = RequestQuery { mine: true, ..plain.clone() };
    let own = keys(&|one| one.asked_by.0 == ada.to_string());
    assert_eq!(pages(&store, &all(), &mine, &ada).await.concat(), own);
    assert_eq!(pages(&store, &auditor(), &plain, &ada).await.concat(), keys(&|one| one.kind != KeyKind::MasterUser));
    let nowhere = Sight { apps: Scope::Only(Vec::new()), kinds: Vec::new(), ..all() };
    assert_eq!(store.list_key_requests(&nowhere, &plain, Some(&ada)).await.unwrap().total.n, 0);
    for odd in ["", "~", "x~1", "7Qm2xVbN4tRa~", "7Qm2xVbN4tRa~x"] {
        let query = RequestQuery { after: Some(odd.to_owned()), ..plain.clone() };
        let page = store.list_key_requests(&all(), &query, Some(&ada)).await.unwrap();
        assert_eq!((page.rows.len(), page.rows[0].key), (25, shown[0][0]), "{odd}");
    }

    let waiting = async |sight: &Sight, after: Option<&KeyRequest>, limit| {
        store.key_requests_waiting_for(sight, &ada, after, limit).await.unwrap()
    };
    let of_clients = Sight { kinds: vec![KeyKind::Client], ..all() };
    let theirs = waiting(&all(), None, 99).await;
    assert_eq!(theirs.len(), 20);
    assert!(theirs.is_sorted_by_key(|request| (request.created_at, request.key)));
    assert!(theirs.iter().all(|request| request.asked_by.0 != ada.to_string()));
    let first = waiting(&all(), None, 13).await;
    assert_eq!([&first[..], &waiting(&all(), first.last(), 99).await].concat(), theirs);
    assert!(waiting(&of_clients, None, 99).await.is_empty());
    assert!(waiting(&nowhere, None, 99).await.is_empty());

    // What has ended is in another list, the latest first.
    for request in &requests[..3] {
        end(&store, &request.key, RequestState::Waiting, RequestState::Withdrawn).await;
    }
    let ended = RequestQuery { show: RequestFilter::Ended, ..plain.clone() };
    let latest: Vec<_> = requests[..3].iter().rev().map(|request| request.key).collect();
    assert_eq!(pages(&store, &all(), &ended, &ada).await.concat(), latest);
    assert_eq!(store.list_key_requests(&all(), &plain, Some(&ada)).await.unwrap().total.n, 29);
}

async fn ten_thousand_requests_are_a_list_like_any_other(store: Store) {
    let app = with_app(&store).await;
    let askers: Vec<_> = (0..50).map(asker).collect();
    let requests: Vec<_> = askers.iter().cycle().zip(0..10_001).map(|(by, n)| request(app, n, by)).collect();
    // Each transaction has to end within a minute, on a busy machine, too.
    for piece in requests.chunks(1_000) {
        add(&store, piece).await.unwrap();
    }
    let page = store.list_key_requests(&all(), &RequestQuery::default(), Some(&askers[0])).await.unwrap();
    assert_eq!((page.rows.len(), page.total), (Rows::Few.count() as usize, Capped { n: COUNT_CAP, more: true }));
    let last = requests.iter().max_by_key(|request| request.created_at).unwrap();
    let after = format!("{}~{}", last.key, last.created_at.plus_seconds(-30).millis());
    let query = RequestQuery { after: Some(after), ..RequestQuery::default() };
    let page = store.list_key_requests(&all(), &query, Some(&askers[0])).await.unwrap();
    assert!(page.next.is_some() && page.previous.is_some());
    let waiting = store.key_requests_waiting_for(&all(), &askers[0], None, 99).await.unwrap();
    assert_eq!(waiting.len(), 99);
}

async fn those_who_decide_are_found_by_their_role(store: Store) {
    let mut people: Vec<_> = [("own", Role::Owner), ("adm", Role::Admin), ("aud", Role::Auditor), ("off", Role::Admin)]
        .map(|(name, role)| person(&format!("{name}@example.com"), role))
        .to_vec();
    people[3].disabled = true;
    for person in &people {
        store.write(async |tx| tx.insert_person(person).await).await.unwrap();
    }
    store.write(async |tx| tx.set_signed_in(&people[1].id, NOW).await).await.unwrap();
    let found = async |roles: &[Role], but: &PersonId, limit| {
        store.emails_of(roles, Some(&app(1).id), but, NOW, limit).await.unwrap()
    };
    let both = [Role::Owner, Role::Admin];
    assert_eq!(found(&both, &asker(9), 9).await, ["adm@example.com", "own@example.com"]);
    assert_eq!(found(&both, &people[1].id, 9).await, ["own@example.com"]);
    assert_eq!(found(&both[..1], &asker(9), 9).await, ["own@example.com"]);
    assert_eq!(found(&both, &asker(9), 1).await, ["adm@example.com"]);
    // Whoever is limited to other apps is told of nothing in this one.
    for (apps, seen) in [(2, false), (1, true)] {
        let limit = Scope::Only(vec![app(apps).id]);
        store.write(async |tx| tx.set_person_apps(&people[1].id, &limit).await).await.unwrap();
        assert_eq!(found(&both, &asker(9), 9).await.contains(&"adm@example.com".to_owned()), seen);
    }
    let everywhere = store.emails_of(&both, None, &asker(9), NOW, 9).await.unwrap();
    assert_eq!(everywhere, ["own@example.com"], "the other one is limited to some apps");
}
