use domain::contact::{Contact, ContactDraft, ContactKind, ContactQuery, ContactStatus};
use domain::ids::{AppId, AttachmentId, ContactId, RoomId};
use domain::list::Rows;
use domain::participant::{ClientKey, Grade, Participant};
use domain::role::Role;
use domain::room::{Room, RoomKind};
use store::{AskedRooms, Paged, Store, StoreError, Unique};

use crate::fixtures::{NOW, app, person};

contract! {
    a_contact_is_found_by_each_of_its_names,
    no_two_contacts_of_an_app_share_a_name,
    every_page_of_contacts_in_either_direction_shows_each_once,
    contacts_are_searched_and_filtered,
    the_butler_walks_through_all_who_take_part,
    a_contact_changes_and_goes,
    chats_are_found_by_who_is_in_them,
    the_oldest_owner_is_the_one_who_was_here_first,
}

fn contact(app: &AppId, n: u8, first: &str, last: &str) -> Contact {
    Contact {
        id: ContactId::from_random([n; 12]),
        app_id: *app,
        identifier: Some(format!("crm/{n}")),
        email: Some(format!("c{n}@example.com")),
        first_name: first.to_owned(),
        last_name: last.to_owned(),
        kind: ContactKind::Client,
        is_admin: false,
        status: ContactStatus::Active,
        avatar: None,
        butler: None,
        profile: "{}".to_owned(),
        created_at: NOW,
    }
}

async fn add(store: &Store, contacts: &[Contact]) {
    let work = async |tx: &mut store::Tx| {
        for contact in contacts {
            tx.insert_contact(contact).await?;
        }
        Ok::<_, StoreError>(())
    };
    store.write(work).await.unwrap();
}

async fn with_apps(store: &Store) -> (AppId, AppId) {
    let work = async |tx: &mut store::Tx| {
        tx.insert_app(&app(1)).await?;
        tx.insert_app(&app(2)).await
    };
    store.write(work).await.unwrap();
    (app(1).id, app(2).id)
}

async fn a_contact_is_found_by_each_of_its_names(store: Store) {
    let (one, two) = with_apps(&store).await;
    assert!(!store.has_contacts(&one).await.unwrap());
    let ada = Contact {
        kind: ContactKind::Staff,
        is_admin: true,
        status: ContactStatus::Invited,
        avatar: Some(AttachmentId::from_random([5; 12])),
        butler: Some(RoomId::from_random([6; 12])),
        profile: r#"{"metadata":{"plan":"gold"}}"#.to_owned(),
        ..contact(&one, 1, "Ada", "Lovelace")
    };
    let nameless = Contact { identifier: None, email: None, last_name: String::new(), ..contact(&one, 2, "Bo", "") };
    add(&store, &[ada.clone(), nameless.clone()]).await;
    assert!(store.has_contacts(&one).await.unwrap() && !store.has_contacts(&two).await.unwrap());
    assert_eq!(store.contact_by_id(&ada.id).await.unwrap(), Some(ada.clone()));
    assert_eq!(store.contact_by_id(&nameless.id).await.unwrap(), Some(nameless.clone()));
    assert_eq!(store.contact_by_identifier(&one, "crm/1").await.unwrap(), Some(ada.clone()));
    assert_eq!(store.contact_by_email(&one, "c1@example.com").await.unwrap(), Some(ada.clone()));
    assert_eq!(store.contact_by_identifier(&two, "crm/1").await.unwrap(), None);
    assert_eq!(store.contact_by_email(&two, "c1@example.com").await.unwrap(), None);
    assert_eq!(store.contact_by_identifier(&one, "").await.unwrap(), None, "no identifier is not a blank one");
    let mut some = store.contacts_by_id(&[ada.id, nameless.id, ContactId::from_random([9; 12])]).await.unwrap();
    some.sort_by_key(|contact| contact.id);
    assert_eq!(some, [ada, nameless]);
    assert_eq!(store.contacts_by_id(&[]).await.unwrap(), []);
}

async fn no_two_contacts_of_an_app_share_a_name(store: Store) {
    let (one, two) = with_apps(&store).await;
    let ada = contact(&one, 1, "Ada", "Lovelace");
    add(&store, std::slice::from_ref(&ada)).await;
    let insert = async |new: Contact| store.write(async |tx| tx.insert_contact(&new).await).await;
    let same_email = Contact { email: ada.email.clone(), ..contact(&one, 2, "Bo", "") };
    assert!(matches!(insert(same_email).await, Err(StoreError::Conflict(Unique::ContactEmail))));
    let same_identifier = Contact { identifier: ada.identifier.clone(), ..contact(&one, 3, "Bo", "") };
    assert!(matches!(insert(same_identifier).await, Err(StoreError::Conflict(Unique::ContactIdentifier))));
    let elsewhere = Contact { id: ContactId::from_random([4; 12]), app_id: two, ..ada.clone() };
    insert(elsewhere).await.unwrap();
    for n in [5, 6] {
        insert(Contact { identifier: None, email: None, ..contact(&one, n, "Nobody", "") }).await.unwrap();
    }
    let other = contact(&one, 7, "Cy", "");
    insert(other.clone()).await.unwrap();
    let new =
        ContactDraft { email: "c1@example.com".to_owned(), ..ContactDraft::from_contact(&other) }.check().unwrap();
    let changed = store.write(async |tx| tx.update_contact(&other.id, &new).await).await;
    assert!(matches!(changed, Err(StoreError::Conflict(Unique::ContactEmail))));
}

async fn every_page_of_contacts_in_either_direction_shows_each_once(store: Store) {
    let (one, two) = with_apps(&store).await;
    let contacts: Vec<_> = (0..60).map(|n| contact(&one, n, &format!("Name {:02}", n / 2), "X")).collect();
    add(&store, &contacts).await;
    add(&store, &[contact(&two, 99, "Elsewhere", "")]).await;
    let list = async |query: ContactQuery| store.list_contacts(&one, &query).await.unwrap();
    let mut pages = vec![list(ContactQuery::default()).await];
    while let Some(next) = pages.last().unwrap().next.clone() {
        pages.push(list(ContactQuery { after: Some(next), ..ContactQuery::default() }).await);
    }
    assert_eq!(pages.len(), 3);
    let shown: Vec<_> = pages.iter().flat_map(|page| &page.rows).map(|contact| contact.id).collect();
    assert_eq!(shown, contacts.iter().map(|contact| contact.id).collect::<Vec<_>>());
    assert!(pages.iter().all(|page| page.total.n == 60));
    for n in (1..pages.len()).rev() {
        let back = list(ContactQuery { before: pages[n].previous.clone(), ..ContactQuery::default() }).await;
        assert_eq!((&back.rows, &back.next), (&pages[n - 1].rows, &pages[n - 1].next));
    }
    let searched = ContactQuery { search: Some("name 0".to_owned()), ..ContactQuery::default() };
    let first = list(searched.clone()).await;
    assert_eq!(first.rows.len(), 20);
    let only = ContactQuery { only: vec![contacts[3].id, contacts[1].id], ..ContactQuery::default() };
    let few = list(only).await;
    assert_eq!((few.rows, few.total.n), (vec![contacts[1].clone(), contacts[3].clone()], 2));
    let most = list(ContactQuery { rows: Rows::Most, ..ContactQuery::default() }).await;
    assert_eq!((most.rows.len(), most.next), (60, None));
    for page in &pages {
        for cursor in page.next.iter().chain(&page.previous) {
            assert!(cursor.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'~'), "{cursor}");
            assert!(ContactQuery::default().is_cursor(cursor, false), "{cursor}");
        }
    }
    for odd in ["x", "~", "nonsense~name"] {
        assert!(!ContactQuery::default().is_cursor(odd, false), "{odd}");
        assert_eq!(
            list(ContactQuery { after: Some(odd.to_owned()), ..ContactQuery::default() }).await.rows,
            pages[0].rows
        );
    }
}

async fn contacts_are_searched_and_filtered(store: Store) {
    let (one, _) = with_apps(&store).await;
    let staff = Contact { kind: ContactKind::Staff, ..contact(&one, 1, "Ada", "Lovelace") };
    let invited = Contact { status: ContactStatus::Invited, ..contact(&one, 2, "Émile", "Zola") };
    let inactive = Contact { status: ContactStatus::Inactive, ..contact(&one, 3, "Grace", "Hopper") };
    add(&store, &[staff, invited, inactive]).await;
    let names = async |query: ContactQuery| {
        let page = store.list_contacts(&one, &query).await.unwrap();
        assert_eq!(page.total.n as usize, page.rows.len());
        page.rows.into_iter().map(|contact| contact.first_name).collect::<Vec<_>>()
    };
    let search = |text: &str| ContactQuery { search: Some(text.to_owned()), ..ContactQuery::default() };
    assert_eq!(names(search("ADA l")).await, ["Ada"]);
    assert_eq!(names(search("zol")).await, ["Émile"], "by the last name");
    assert_eq!(names(search("ém")).await, ["Émile"]);
    assert_eq!(names(search("C3@")).await, ["Grace"], "by the e-mail");
    assert_eq!(names(search("crm/")).await, ["Ada", "Grace", "Émile"], "by the identifier");
    assert_eq!(names(search("%")).await, [""; 0]);
    let of_kind = |kind| ContactQuery { kind: Some(kind), ..ContactQuery::default() };
    assert_eq!(names(of_kind(ContactKind::Staff)).await, ["Ada"]);
    assert_eq!(names(of_kind(ContactKind::Client)).await, ["Grace", "Émile"]);
    let of_status = |status| ContactQuery { status: Some(status), ..ContactQuery::default() };
    assert_eq!(names(of_status(ContactStatus::Invited)).await, ["Émile"]);
    assert_eq!(names(ContactQuery { kind: Some(ContactKind::Staff), ..search("crm") }).await, ["Ada"]);
}

async fn the_butler_walks_through_all_who_take_part(store: Store) {
    let (one, two) = with_apps(&store).await;
    let kinds = [ContactKind::Staff, ContactKind::Client];
    let contacts: Vec<_> =
        (0..10).map(|n| Contact { kind: kinds[usize::from(n % 2)], ..contact(&one, n, "Name", "") }).collect();
    add(&store, &contacts).await;
    add(&store, &[contact(&two, 99, "Elsewhere", "")]).await;
    let off = contacts[4].id;
    store.write(async |tx| tx.set_contact_status(&off, ContactStatus::Inactive).await).await.unwrap();
    let walk = async |kind| {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let some = store.contacts_after(&one, kind, after.as_ref(), 3).await.unwrap();
            let Some(last) = some.last().map(|contact| contact.id) else { return seen };
            after = Some(last);
            seen.extend(some.into_iter().map(|contact| contact.id));
        }
    };
    assert_eq!(walk(None).await.len(), 9);
    assert!(!walk(None).await.contains(&off));
    assert_eq!(walk(Some(ContactKind::Staff)).await.len(), 4);
    assert_eq!(walk(Some(ContactKind::Client)).await.len(), 5);
}

async fn a_contact_changes_and_goes(store: Store) {
    let (one, _) = with_apps(&store).await;
    let ada = contact(&one, 1, "Ada", "Lovelace");
    add(&store, std::slice::from_ref(&ada)).await;
    let draft = ContactDraft {
        first_name: "Augusta".to_owned(),
        last_name: "King".to_owned(),
        kind: "staff".to_owned(),
        is_admin: true,
        ..ContactDraft::default()
    };
    let (new, butler, avatar) =
        (draft.check().unwrap(), RoomId::from_random([7; 12]), AttachmentId::from_random([8; 12]));
    let work = async |tx: &mut store::Tx| {
        assert!(tx.update_contact(&ada.id, &new).await?);
        assert!(!tx.update_contact(&ContactId::from_random([9; 12]), &new).await?);
        assert!(tx.set_contact_status(&ada.id, ContactStatus::Inactive).await?);
        assert!(!tx.set_contact_status(&ada.id, ContactStatus::Inactive).await?);
        assert!(tx.set_contact_butler(&ada.id, &butler).await?);
        assert!(!tx.set_contact_butler(&ada.id, &RoomId::from_random([6; 12])).await?, "there is one already");
        tx.set_contact_profile(&ada.id, r#"{"a":1}"#).await?;
        tx.set_contact_avatar(&ada.id, Some(&avatar)).await
    };
    store.write(work).await.unwrap();
    let expected = Contact {
        identifier: None,
        email: None,
        first_name: "Augusta".to_owned(),
        last_name: "King".to_owned(),
        kind: ContactKind::Staff,
        is_admin: true,
        status: ContactStatus::Inactive,
        butler: Some(butler),
        avatar: Some(avatar),
        profile: r#"{"a":1}"#.to_owned(),
        ..ada.clone()
    };
    assert_eq!(store.contact_by_id(&ada.id).await.unwrap(), Some(expected));
    assert_eq!(store.named_files(&[avatar, AttachmentId::from_random([8; 12])]).await.unwrap(), [avatar]);
    let searched = ContactQuery { search: Some("king".to_owned()), ..ContactQuery::default() };
    assert_eq!(store.list_contacts(&one, &searched).await.unwrap().rows.len(), 1);
    store.write(async |tx| tx.set_contact_avatar(&ada.id, None).await).await.unwrap();
    assert_eq!(store.contact_by_id(&ada.id).await.unwrap().unwrap().avatar, None);
    assert!(store.write(async |tx| tx.delete_contact(&ada.id).await).await.unwrap());
    assert!(!store.write(async |tx| tx.delete_contact(&ada.id).await).await.unwrap());
    assert_eq!(store.contact_by_id(&ada.id).await.unwrap(), None);
}

fn room(app: &AppId, n: u8, kind: RoomKind) -> Room {
    Room {
        id: RoomId::from_random([n; 12]),
        app_id: *app,
        kind,
        name: format!("Room {n}"),
        opens_at: None,
        ends_at: None,
        closed_at: None,
        archived_at: (n == 2).then_some(NOW),
        max_users: None,
        has_password: false,
        created_at: NOW,
        created_by: None,
        last_seq: 0,
        joined: 1,
        last_message_at: None,
        profile: "{}".to_owned(),
    }
}

async fn chats_are_found_by_who_is_in_them(store: Store) {
    let (one, two) = with_apps(&store).await;
    let rooms = [
        room(&one, 1, RoomKind::Chat),
        room(&one, 2, RoomKind::Butler),
        room(&one, 3, RoomKind::Room),
        room(&two, 4, RoomKind::Chat),
    ];
    let (ada, bo) = (ContactId::from_random([1; 12]), ContactId::from_random([2; 12]));
    let member = |room: &Room, contact: &ContactId, left| Participant {
        room_id: room.id,
        client_key: ClientKey::of_contact(contact),
        nick_name: "Name".to_owned(),
        grade: Grade::User,
        contact: Some(*contact),
        joined_at: NOW,
        left_at: left,
        muted_at: None,
        banned_at: None,
    };
    let participants = [
        member(&rooms[0], &bo, None),
        member(&rooms[0], &ada, None),
        member(&rooms[1], &ada, None),
        member(&rooms[1], &bo, Some(NOW)),
        member(&rooms[2], &bo, None),
    ];
    let work = async |tx: &mut store::Tx| {
        for room in &rooms {
            tx.insert_room(room, "").await?;
        }
        tx.put_participants(&participants).await
    };
    store.write(work).await.unwrap();
    let of = async |room: &Room, kinds: &[RoomKind], contact: &ContactId| {
        store.contact_is_in(&room.id, kinds, contact).await.unwrap()
    };
    let is_in = async |room: &Room, contact: &ContactId| of(room, RoomKind::ALL, contact).await;
    assert!(is_in(&rooms[1], &ada).await && is_in(&rooms[2], &bo).await);
    let chats = [RoomKind::Chat, RoomKind::Butler];
    assert!(of(&rooms[1], &chats, &ada).await && !of(&rooms[2], &chats, &bo).await);
    assert!(!is_in(&rooms[1], &bo).await && !is_in(&rooms[2], &ada).await && !is_in(&rooms[3], &ada).await);
    assert_eq!(store.contacts_in(&rooms[0].id, 9).await.unwrap(), [ada, bo]);
    assert_eq!(store.contacts_in(&rooms[0].id, 1).await.unwrap(), [ada]);
    assert_eq!(store.contacts_in(&rooms[1].id, 9).await.unwrap(), [ada], "who has left is not in it");
    let found = async |contacts: &[ContactId], after: Option<&RoomId>| {
        store.room_ids_after(&one, &AskedRooms { kinds: &chats, contacts }, after, 9).await.unwrap()
    };
    assert_eq!(found(&[], None).await, [rooms[0].id, rooms[1].id], "archived ones too");
    assert_eq!(found(&[], Some(&rooms[0].id)).await, [rooms[1].id]);
    assert_eq!(found(&[bo], None).await, [rooms[0].id]);
    assert_eq!(found(&[bo, ada], None).await.len(), 2);
    assert_eq!(found(&[ContactId::from_random([9; 12])], None).await, []);
    store.write(async |tx| tx.delete_room(&rooms[0].id).await).await.unwrap();
    assert!(!is_in(&rooms[0], &ada).await, "its participants are removed later");
}

async fn the_oldest_owner_is_the_one_who_was_here_first(store: Store) {
    assert_eq!(store.oldest_owner().await.unwrap(), None);
    let mut first = person("first@example.com", Role::Owner);
    first.created_at = NOW.plus_seconds(-60);
    first.disabled = true;
    let mut second = person("second@example.com", Role::Owner);
    second.created_at = NOW.plus_seconds(-30);
    let people = [person("third@example.com", Role::Owner), person("admin@example.com", Role::Admin), first, second];
    let work = async |tx: &mut store::Tx| {
        for person in &people {
            tx.insert_person(person).await?;
        }
        Ok::<_, StoreError>(())
    };
    store.write(work).await.unwrap();
    assert_eq!(store.oldest_owner().await.unwrap().unwrap().email, "second@example.com");
}
