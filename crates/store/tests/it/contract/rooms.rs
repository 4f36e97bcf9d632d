use std::collections::BTreeSet;
use std::slice;

use domain::ids::{AppId, ContactId, RoomId};
use domain::participant::{ClientKey, Grade, Participant, Who};
use domain::room::{Room, RoomKind, RoomQuery, RoomStatus};
use domain::sight::Scope;
use store::{Paged, RoomEnd, Store, StoreError};

use crate::fixtures::{NOW, app, with_app};

contract! {
    a_room_comes_back_as_it_was_written,
    every_page_of_rooms_in_either_direction_shows_each_once,
    rooms_are_found_by_name_id_status_contact_and_archive,
    rooms_of_several_apps_are_one_list,
    a_participant_is_one_row_with_all_that_became_of_it,
    a_contact_is_in_rooms_of_one_app,
    what_is_left_of_a_deleted_room_goes_in_pieces,
}

pub fn room_id(n: u8) -> RoomId {
    RoomId::from_random([n; 12])
}

pub fn room(n: u8, app: &AppId) -> Room {
    Room {
        id: room_id(n),
        app_id: *app,
        kind: RoomKind::Room,
        name: format!("Room {n:03}"),
        opens_at: None,
        ends_at: None,
        closed_at: None,
        archived_at: None,
        max_users: None,
        has_password: false,
        created_at: NOW.plus_seconds(i64::from(n)),
        created_by: None,
        last_seq: 0,
        joined: 0,
        last_message_at: None,
        profile: "{}".to_owned(),
    }
}

pub async fn add(store: &Store, rooms: &[Room]) {
    store
        .write(async |tx| {
            for room in rooms {
                tx.insert_room(room, "").await?;
            }
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
}

pub fn participant(room: u8, key: &str) -> Participant {
    Participant {
        room_id: room_id(room),
        client_key: ClientKey::parse(key).unwrap(),
        nick_name: key.to_uppercase(),
        grade: Grade::User,
        contact: None,
        joined_at: NOW,
        left_at: None,
        muted_at: None,
        banned_at: None,
    }
}

pub async fn put(store: &Store, participants: &[Participant]) {
    store.write(async |tx| tx.put_participants(participants).await).await.unwrap();
}

async fn ids(store: &Store, app: &AppId, query: RoomQuery) -> Vec<RoomId> {
    let page = store.list_rooms(&Scope::from(app), &query, NOW).await.unwrap();
    page.rows.into_iter().map(|room| room.id).collect()
}

async fn a_room_comes_back_as_it_was_written(store: Store) {
    let app = with_app(&store).await;
    let written = Room {
        kind: RoomKind::Chat,
        opens_at: Some(NOW),
        ends_at: Some(NOW.plus_seconds(60)),
        max_users: Some(7),
        has_password: true,
        created_by: Some(ContactId::from_random([3; 12])),
        joined: 2,
        profile: r#"{"type":"personal"}"#.to_owned(),
        ..room(1, &app)
    };
    store.write(async |tx| tx.insert_room(&written, "1:ab").await).await.unwrap();
    add(&store, &[room(2, &app)]).await;
    assert_eq!(store.room(&room_id(1)).await.unwrap(), Some(written.clone()));
    assert_eq!(store.room(&room_id(9)).await.unwrap(), None);
    assert_eq!(store.room_password(&room_id(1)).await.unwrap().as_deref(), Some("1:ab"));
    assert_eq!(store.room_password(&room_id(2)).await.unwrap().as_deref(), Some(""));
    assert_eq!(store.room_password(&room_id(9)).await.unwrap(), None);
    let some: BTreeSet<_> = [2, 9, 1].map(room_id).into();
    let found = store.some_rooms(&some.into_iter().collect::<Vec<_>>()).await.unwrap();
    assert_eq!(found.iter().map(|room| room.id).collect::<BTreeSet<_>>(), [1, 2].map(room_id).into());
    assert!(store.some_rooms(&[]).await.unwrap().is_empty());
    let changed = Room {
        name: "Other".to_owned(),
        opens_at: None,
        ends_at: None,
        closed_at: Some(NOW),
        archived_at: Some(NOW),
        max_users: None,
        has_password: false,
        joined: 5,
        profile: r#"{"type":"sdkGroup"}"#.to_owned(),
        ..written
    };
    store
        .write(async |tx| {
            tx.update_room(&changed).await?;
            tx.set_room_password(&changed.id, "").await?;
            tx.set_room_profile(&changed.id, &changed.profile).await?;
            tx.set_room_joined(&changed.id, 5).await
        })
        .await
        .unwrap();
    assert_eq!(store.room(&room_id(1)).await.unwrap(), Some(changed));
}

async fn every_page_of_rooms_in_either_direction_shows_each_once(store: Store) {
    let app = with_app(&store).await;
    // Many were made at the same time, and of all kinds.
    let made = |n: u8| Room {
        kind: RoomKind::ALL[usize::from(n) % 3],
        created_at: NOW.plus_seconds(i64::from(n % 7)),
        ..room(n, &app)
    };
    let rooms: Vec<_> = (0..60).map(made).collect();
    add(&store, &rooms).await;
    for search in [None, Some("room".to_owned())] {
        let list = async |after, before| {
            let query = RoomQuery { search: search.clone(), after, before, rows: 25, ..RoomQuery::default() };
            store.list_rooms(&Scope::All, &query, NOW).await.unwrap()
        };
        let (mut seen, mut page) = (Vec::new(), list(None, None).await);
        assert!(page.previous.is_none());
        loop {
            assert_eq!((page.total.n, page.total.more), (60, false));
            seen.extend(page.rows.iter().cloned());
            let Some(next) = page.next.clone() else { break };
            if search.is_none() {
                assert_eq!(next, store::room_cursor(page.rows.last().unwrap()));
            }
            let query = RoomQuery { search: search.clone(), ..RoomQuery::default() };
            assert!(query.is_cursor(&next, false) && !query.is_cursor("x", false), "{next}");
            assert!(next.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'~'), "{next}");
            page = list(Some(next), None).await;
            assert!(page.previous.is_some());
        }
        assert_eq!(seen.iter().map(|room| room.id).collect::<BTreeSet<_>>().len(), 60);
        assert_eq!(seen.len(), 60);
        let ordered = |pair: &[Room]| match search {
            None => (pair[0].created_at, pair[0].id) > (pair[1].created_at, pair[1].id),
            Some(_) => pair[0].name < pair[1].name,
        };
        assert!(seen.windows(2).all(ordered));
        let mut back = page.rows.clone();
        while let Some(previous) = page.previous.clone() {
            page = list(None, Some(previous)).await;
            back.splice(0..0, page.rows.iter().cloned());
        }
        assert_eq!(back, seen);
        assert_eq!(list(Some("nonsense".to_owned()), None).await.rows, seen[..25]);
    }
}

async fn rooms_are_found_by_name_id_status_contact_and_archive(store: Store) {
    let app = with_app(&store).await;
    let contact = ContactId::from_random([3; 12]);
    let later = Some(NOW.plus_seconds(60));
    let rooms = [
        Room { name: "Straße".to_owned(), opens_at: later, ..room(1, &app) },
        Room { closed_at: Some(NOW), ..room(2, &app) },
        Room { ends_at: Some(NOW), ..room(3, &app) },
        Room { kind: RoomKind::Chat, ends_at: later, opens_at: Some(NOW), ..room(4, &app) },
        Room { archived_at: Some(NOW), ..room(5, &app) },
        Room { opens_at: later, closed_at: Some(NOW), ..room(6, &app) },
    ];
    add(&store, &rooms).await;
    let of_contact = |n, left_at| Participant { contact: Some(contact), left_at, ..participant(n, contact.as_str()) };
    put(&store, &[of_contact(2, None), of_contact(3, Some(NOW)), of_contact(4, None), of_contact(5, None)]).await;
    let list = async |query| ids(&store, &app, query).await;
    let of = |numbers: &[u8]| numbers.iter().map(|n| room_id(*n)).collect::<Vec<_>>();
    let all = RoomQuery::default;
    assert_eq!(list(all()).await, of(&[6, 4, 3, 2, 1]), "the newest first, without the archived one");
    assert_eq!(list(RoomQuery { archived: true, ..all() }).await, of(&[5]));
    let status = |status| RoomQuery { status: Some(status), ..all() };
    assert_eq!(list(status(RoomStatus::Pending)).await, of(&[1]));
    assert_eq!(list(status(RoomStatus::Open)).await, of(&[4]));
    assert_eq!(list(status(RoomStatus::Ended)).await, of(&[6, 3, 2]));
    assert_eq!(list(RoomQuery::of_kinds(&[RoomKind::Chat, RoomKind::Butler])).await, of(&[4]));
    let search = |text: &str| RoomQuery { search: Some(text.to_owned()), ..all() };
    assert_eq!(list(search("STRA")).await, of(&[1]));
    assert_eq!(list(search("room")).await, of(&[2, 3, 4, 6]), "in the order of names");
    assert_eq!(list(search(room_id(3).as_str())).await, of(&[3]));
    assert_eq!(list(search("%")).await, of(&[]));
    let of_them = RoomQuery { contact: Some(contact), ..all() };
    assert_eq!(list(of_them.clone()).await, of(&[4, 2]), "those that they are in");
    assert_eq!(list(RoomQuery { search: Some("room 0".to_owned()), ..of_them.clone() }).await, of(&[2, 4]));
    let page = store.list_rooms(&Scope::from(&app), &RoomQuery { rows: 1, ..of_them }, NOW).await.unwrap();
    assert_eq!((page.total.n, page.next.is_some()), (2, true));
    // What is said makes a room the newest.
    let end = RoomEnd { room_id: room_id(1), last_seq: 1, at: NOW.plus_seconds(1_000) };
    store.write(async |tx| tx.insert_messages(&[], &[end]).await).await.unwrap();
    assert_eq!(list(all()).await, of(&[1, 6, 4, 3, 2]));
}

async fn rooms_of_several_apps_are_one_list(store: Store) {
    let (first, second) = (app(1), app(2));
    let others = async |tx: &mut store::Tx| {
        tx.insert_app(&first).await?;
        tx.insert_app(&second).await
    };
    store.write(others).await.unwrap();
    add(&store, &[room(1, &first.id), room(2, &second.id), room(3, &first.id)]).await;
    let list = async |apps: Scope<AppId>| {
        let page = store.list_rooms(&apps, &RoomQuery::default(), NOW).await.unwrap();
        page.rows.into_iter().map(|room| room.id).collect::<Vec<_>>()
    };
    assert_eq!(list(Scope::All).await, [3, 2, 1].map(room_id));
    assert_eq!(list(Scope::Only(vec![second.id, first.id])).await, [3, 2, 1].map(room_id));
    assert_eq!(list(Scope::from(&first.id)).await, [3, 1].map(room_id));
    assert_eq!(list(Scope::Only(Vec::new())).await, [0; 0].map(room_id));
    store.write(async |tx| tx.set_app_archived(&second.id, Some(NOW)).await).await.unwrap();
    assert_eq!(list(Scope::All).await, [3, 1].map(room_id), "those of archived apps are in no list of all");
    assert_eq!(list(Scope::from(&second.id)).await, [2].map(room_id));
}

async fn a_participant_is_one_row_with_all_that_became_of_it(store: Store) {
    let key = |text: &str| ClientKey::parse(text).unwrap();
    let at = |seconds| NOW.plus_seconds(seconds);
    let ana = Participant { grade: Grade::Manager, joined_at: at(2), ..participant(1, "ana") };
    let bo = Participant { muted_at: Some(NOW), joined_at: at(1), ..participant(1, "bo") };
    let cy = Participant { left_at: Some(NOW), banned_at: Some(NOW), ..participant(1, "cy") };
    let dee = Participant { left_at: Some(NOW), muted_at: Some(NOW), joined_at: at(3), ..participant(1, "dee") };
    put(&store, &[ana.clone(), bo.clone(), cy.clone(), dee.clone(), participant(2, "ana")]).await;
    assert_eq!(store.participant(&room_id(1), &key("ana")).await.unwrap(), Some(ana.clone()));
    assert_eq!(store.participant(&room_id(1), &key("ANA")).await.unwrap(), None, "keys differ by case");
    let who = async |who, limit| store.participants(&room_id(1), who, limit).await.unwrap();
    assert_eq!(who(Who::Joined, 9).await, [bo.clone(), ana.clone()], "in the order in which they joined");
    assert_eq!(who(Who::Joined, 1).await, slice::from_ref(&bo));
    assert_eq!(who(Who::Muted, 9).await, [bo, dee], "whoever left stays muted");
    assert_eq!(who(Who::Banned, 9).await, slice::from_ref(&cy));
    let back = Participant { nick_name: "Cyd".to_owned(), left_at: None, banned_at: None, joined_at: at(9), ..cy };
    put(&store, slice::from_ref(&back)).await;
    assert_eq!(who(Who::Joined, 9).await.pop(), Some(back));
    let asked = [(room_id(2), key("ana")), (room_id(1), key("ana")), (room_id(2), key("bo"))];
    let found = store.some_participants(&asked).await.unwrap();
    assert_eq!(found.iter().map(|found| found.room_id).collect::<BTreeSet<_>>(), [1, 2].map(room_id).into());
    assert_eq!(found.len(), 2);
    assert!(store.some_participants(&[]).await.unwrap().is_empty());
}

async fn a_contact_is_in_rooms_of_one_app(store: Store) {
    let (first, second) = (app(1), app(2));
    let others = async |tx: &mut store::Tx| {
        tx.insert_app(&first).await?;
        tx.insert_app(&second).await
    };
    store.write(others).await.unwrap();
    let archived = Room { archived_at: Some(NOW), ..room(4, &first.id) };
    add(&store, &[room(1, &first.id), room(2, &second.id), room(3, &first.id), archived, room(5, &first.id)]).await;
    let contact = ContactId::from_random([3; 12]);
    let of = |n, left_at| Participant { contact: Some(contact), left_at, ..participant(n, contact.as_str()) };
    put(&store, &[of(1, None), of(2, None), of(3, None), of(4, None), of(5, Some(NOW))]).await;
    let memberships = store.memberships(&first.id, &contact, 9).await.unwrap();
    let rooms: Vec<_> = memberships.iter().map(|(room, participant)| (room.id, participant.room_id)).collect();
    assert_eq!(rooms, [3, 1].map(|n| (room_id(n), room_id(n))), "the newest first");
    assert_eq!(store.memberships(&first.id, &contact, 1).await.unwrap().len(), 1);
    assert!(store.memberships(&first.id, &ContactId::from_random([4; 12]), 9).await.unwrap().is_empty());
}

async fn what_is_left_of_a_deleted_room_goes_in_pieces(store: Store) {
    let app = with_app(&store).await;
    add(&store, &[room(1, &app), room(2, &app)]).await;
    put(&store, &[participant(1, "ana"), participant(1, "bo"), participant(2, "ana")]).await;
    for n in [1, 2] {
        super::messages::write(&store, n, 1..=5).await;
    }
    store.write(async |tx| tx.delete_room(&room_id(1)).await).await.unwrap();
    assert_eq!(store.room(&room_id(1)).await.unwrap(), None);
    assert_eq!(store.deleted_rooms(9).await.unwrap(), [room_id(1)]);
    let prune = async || store.write(async |tx| tx.prune_room(&room_id(1), 2).await).await.unwrap();
    let left = async |n| {
        let messages = store.messages(&room_id(n), 1, 99, 99).await.unwrap();
        messages.iter().map(|message| message.seq).collect::<Vec<_>>()
    };
    assert!(!prune().await);
    assert_eq!(left(1).await, [3, 4, 5]);
    assert!(!prune().await && !prune().await);
    assert!(prune().await && left(1).await.is_empty());
    assert!(store.participants(&room_id(1), Who::Joined, 9).await.unwrap().is_empty());
    store.write(async |tx| tx.forget_room(&room_id(1)).await).await.unwrap();
    assert!(store.deleted_rooms(9).await.unwrap().is_empty());
    assert_eq!(left(2).await.len(), 5, "another room keeps what was said in it");
    assert_eq!(store.participants(&room_id(2), Who::Joined, 9).await.unwrap().len(), 1);
}
