//! Rooms: who may change them, and what each change does.

use domain::{
    app::APPS_TOGETHER,
    audit::Action,
    field::Field,
    ids::{AppId, RoomId},
    message::{Author, MessageKind},
    page::Page,
    participant::ClientKey,
    refusal::Refusal,
    role::Role,
    room::{Room, RoomKind, RoomQuery, RoomRules, RoomStatus},
    timestamp::Millis,
};
use service::chat::{
    messages::NewMessage,
    rooms::{NewRoom, RoomPassword},
};

use super::{join, new, room, rules, say, texts};
use crate::world::{World, owner, refusal, signed_in};

async fn each_change_of_a_room_is_on_record_and_nothing_is_twice(w: World) {
    let (service, app) = (&w.service, *w.service.default_app());
    let admin = signed_in(Role::Admin);
    let with_password = NewRoom { password: Some("open sesame".into()), ..new(rules(" Lounge ")) };
    let made = w.one_event(Action::RoomCreated, service.create_room(&admin, &app, with_password)).await.unwrap();
    assert_eq!((made.name.as_str(), made.has_password, made.status(service.now())), ("Lounge", true, RoomStatus::Open));
    let event = w.newest().await;
    assert_eq!((event.subject.id.as_str(), event.subject.label.as_str()), (made.id.as_str(), "Lounge"));
    assert!(!format!("{event:?}").contains("sesame"));
    assert_eq!(service.room(&admin, &made.id).await.unwrap(), made);
    let change = async |rules: RoomRules, password| {
        service.change_room(&admin, &made.id, |_: &RoomRules| Ok(rules.clone()), password).await
    };
    w.no_event(change(rules("Lounge"), RoomPassword::Keep)).await.unwrap();
    let smaller = RoomRules { max_users: Some(2), ..rules("Lobby") };
    let changed = w.one_event(Action::RoomChanged, change(smaller.clone(), RoomPassword::Remove)).await.unwrap();
    assert_eq!((changed.name.as_str(), changed.max_users, changed.has_password), ("Lobby", Some(2), false));
    let fields: Vec<_> = w.newest().await.changes.into_iter().map(|change| change.field).collect();
    assert_eq!(fields, ["name", "max_users", "room_password"]);
    w.no_event(change(smaller.clone(), RoomPassword::Remove)).await.unwrap();
    w.one_event(Action::RoomChanged, change(smaller, RoomPassword::Set("another".into()))).await.unwrap();
    let closed = w.one_event(Action::RoomClosed, service.close_room(&admin, &made.id)).await.unwrap();
    assert_eq!(closed.status(service.now()), RoomStatus::Ended);
    w.no_event(service.close_room(&admin, &made.id)).await.unwrap();
    w.one_event(Action::RoomOpened, service.open_room(&admin, &made.id)).await.unwrap();
    w.no_event(service.open_room(&admin, &made.id)).await.unwrap();
    let chat = room(&w, NewRoom { kind: RoomKind::Chat, ..new(rules("Help")) }).await.id;
    w.one_event(Action::RoomArchived, service.archive_room(&admin, &chat, true)).await.unwrap();
    w.no_event(service.archive_room(&admin, &chat, true)).await.unwrap();
    w.one_event(Action::RoomRestored, service.archive_room(&admin, &chat, false)).await.unwrap();
    w.one_event(Action::RoomDeleted, service.delete_room(&admin, &made.id)).await.unwrap();
    assert_eq!(refusal(service.delete_room(&admin, &made.id).await), Refusal::RoomNotFound);
    assert_eq!(refusal(service.room(&admin, &made.id).await), Refusal::RoomNotFound);
}

async fn a_room_opens_and_ends_by_its_times_and_by_hand(w: World) {
    let (service, now) = (&w.service, w.service.now());
    let times = RoomRules {
        opens_at: Some(now.plus(Millis::seconds(60))),
        ends_at: Some(now.plus(Millis::seconds(120))),
        ..rules("Lounge")
    };
    let id = room(&w, new(times)).await.id;
    assert_eq!(refusal(join(service, &id, "ana").await), Refusal::RoomNotOpen);
    w.clock.advance(Millis::seconds(60));
    join(service, &id, "ana").await.unwrap();
    say(service, &id, "ana", "Hi").await.unwrap();
    w.clock.advance(Millis::seconds(60));
    assert_eq!(refusal(say(service, &id, "ana", "Hi").await), Refusal::RoomEnded);
    assert_eq!(refusal(join(service, &id, "bo").await), Refusal::RoomEnded);
    let opened = service.open_room(owner(), &id).await.unwrap();
    assert_eq!((opened.ends_at, opened.status(service.now())), (None, RoomStatus::Open));
    say(service, &id, "ana", "Hi").await.unwrap();
    w.no_event(service.reopen_room(owner(), &id)).await.unwrap();
    service.close_room(owner(), &id).await.unwrap();
    assert_eq!(refusal(say(service, &id, "ana", "Hi").await), Refusal::RoomEnded);
    assert_eq!(texts(service, &id).await, ["ana joined", "Hi", "Hi"], "what was said can be read");
}

async fn a_room_that_opens_again_keeps_its_start(w: World) {
    let (service, now) = (&w.service, w.service.now());
    let later = RoomRules { opens_at: Some(now.plus(Millis::seconds(60))), ..rules("Lounge") };
    let made = room(&w, new(later)).await;
    let same = w.no_event(service.reopen_room(owner(), &made.id)).await.unwrap();
    assert_eq!((same.opens_at, same.status(now)), (made.opens_at, RoomStatus::Pending));
    service.close_room(owner(), &made.id).await.unwrap();
    let again = w.one_event(Action::RoomOpened, service.reopen_room(owner(), &made.id)).await.unwrap();
    assert_eq!((again.opens_at, again.status(now)), (made.opens_at, RoomStatus::Pending));
    let open = service.open_room(owner(), &made.id).await.unwrap();
    assert_eq!(open.status(now), RoomStatus::Open, "who opens it does not wait");
}

async fn only_those_who_may_see_and_change_rooms(w: World) {
    let (service, app) = (&w.service, *w.service.default_app());
    let id = room(&w, new(rules("Lounge"))).await.id;
    let auditor = signed_in(Role::Auditor);
    service.room(&auditor, &id).await.unwrap();
    assert_eq!(service.rooms(&auditor, &RoomQuery::default()).await.unwrap().rows.len(), 1);
    let guest = signed_in(Role::Guest);
    assert_eq!(refusal(service.room(&guest, &id).await), Refusal::Forbidden);
    assert_eq!(refusal(service.rooms(&guest, &RoomQuery::default()).await), Refusal::Forbidden);
    for caller in [&auditor, &guest] {
        let forbidden = |answer| assert_eq!(refusal::<Room>(answer), Refusal::Forbidden);
        forbidden(w.no_change(service.create_room(caller, &app, new(rules("New")))).await);
        forbidden(
            w.no_change(service.change_room(caller, &id, |_: &RoomRules| Ok(rules("New")), RoomPassword::Keep)).await,
        );
        forbidden(w.no_change(service.rename_chat(caller, &id, "New", &Author::system())).await);
        forbidden(w.no_change(service.open_room(caller, &id)).await);
        forbidden(w.no_change(service.close_room(caller, &id)).await);
        forbidden(w.no_change(service.archive_room(caller, &id, true)).await);
        assert_eq!(refusal(w.no_change(service.delete_room(caller, &id)).await), Refusal::Forbidden);
    }
}

async fn rooms_of_another_app_are_nowhere(w: World) {
    let service = &w.service;
    let other = service.create_app(owner(), "Other").await.unwrap().id;
    let here = owner().clone().within(service.default_app());
    let there = service.create_room(owner(), &other, new(rules("There"))).await.unwrap().id;
    let mine = room(&w, new(rules("Here"))).await.id;
    let ids = |page: Page<Room>| page.rows.iter().map(|room| room.id).collect::<Vec<_>>();
    assert_eq!(ids(service.rooms(&here, &RoomQuery::default()).await.unwrap()), [mine]);
    let search = RoomQuery { search: Some(there.as_str().to_owned()), ..RoomQuery::default() };
    let page = service.rooms(&here, &search).await.unwrap();
    assert_eq!((page.rows.len(), page.total.n), (0, 0));
    for id in [there, RoomId::from_random([9; 12])] {
        let missing = |answer: Refusal| assert_eq!(answer, Refusal::RoomNotFound);
        missing(refusal(service.room(&here, &id).await));
        missing(refusal(service.close_room(&here, &id).await));
        missing(refusal(service.delete_room(&here, &id).await));
        missing(refusal(service.messages(&here, &id, 1, None, 9).await));
        missing(refusal(service.latest(&here, &id, 9).await));
        missing(refusal(service.send(&here, &id, super::says(Author::system(), "Hi")).await));
        missing(refusal(service.join(&here, &id, super::joins("ana")).await));
        missing(refusal(service.leave(&here, &id, &super::key("ana")).await));
        missing(refusal(service.exile(&here, &id, &super::key("ana")).await));
        missing(refusal(service.mute(&here, &id, &super::key("ana")).await));
        missing(refusal(service.participants(&here, &id, domain::participant::Who::Joined).await));
        missing(refusal(service.participant(&here, &id, &super::key("ana")).await));
        missing(refusal(service.put_attachment(&here, &id, "a.png", "image/png", vec![1]).await));
        missing(refusal(service.watch_room(&here, &id, 0).await));
    }
    let nowhere = service.create_room(&here, &other, new(rules("X"))).await;
    assert_eq!(refusal(nowhere), Refusal::AppNotFound);
    let unknown = service.create_room(owner(), &AppId::from_random([9; 12]), new(rules("X"))).await;
    assert_eq!(refusal(unknown), Refusal::AppNotFound);
    service.archive_app(owner(), &other).await.unwrap();
    assert_eq!(refusal(service.create_room(owner(), &other, new(rules("X"))).await), Refusal::AppArchived);
}

async fn a_list_is_of_no_more_apps_than_lists_show_together(w: World) {
    let service = &w.service;
    let mine = room(&w, new(rules("Here"))).await.id;
    for n in 1..APPS_TOGETHER {
        service.create_app(owner(), &format!("App {n}")).await.unwrap();
    }
    assert_eq!(service.rooms(owner(), &RoomQuery::default()).await.unwrap().rows[0].id, mine);
    service.create_app(owner(), "One more").await.unwrap();
    let many = service.rooms(owner(), &RoomQuery::default()).await;
    assert_eq!(refusal(many), Refusal::ChooseApp { most: APPS_TOGETHER });
    let here = owner().clone().within(service.default_app());
    assert_eq!(service.rooms(&here, &RoomQuery::default()).await.unwrap().rows[0].id, mine);
}

async fn a_chat_that_is_renamed_says_so(w: World) {
    let service = &w.service;
    let id = room(&w, NewRoom { kind: RoomKind::Chat, ..new(rules("Help")) }).await.id;
    let rename = async |name| service.rename_chat(owner(), &id, name, &Author::system()).await;
    let renamed = w.one_event(Action::RoomChanged, rename(" Support ")).await.unwrap();
    assert_eq!((renamed.name.as_str(), renamed.last_seq), ("Support", 1));
    w.no_event(rename("Support")).await.unwrap();
    assert_eq!(texts(service, &id).await, ["The chat is now called Support"]);
    let Refusal::Invalid(errors) = refusal(rename(" ").await) else { panic!("a blank name") };
    assert_eq!(errors.0[0].field, Field::Name);
    let stranger = Author::contact(&domain::ids::ContactId::from_random([9; 12]));
    assert_eq!(refusal(service.rename_chat(owner(), &id, "Mine", &stranger).await), Refusal::NotJoined);
    service.archive_room(owner(), &id, true).await.unwrap();
    assert_eq!(refusal(w.no_change(rename("Late")).await), Refusal::RoomEnded);
    assert_eq!(texts(service, &id).await.len(), 1);
}

async fn an_act_finds_rooms_of_the_kinds_that_it_is_for_alone(w: World) {
    let service = &w.service;
    let ana = super::contact(1);
    let chat = NewRoom { kind: RoomKind::Chat, contacts: vec![ana.clone()], ..new(rules("Help")) };
    let (chat, lounge) = (room(&w, chat).await.id, room(&w, new(rules("Lounge"))).await.id);
    join(service, &lounge, "ana").await.unwrap();
    let missing = |answer: Refusal| assert_eq!(answer, Refusal::RoomNotFound);
    let key = ClientKey::of_contact(&ana.id);
    missing(refusal(
        w.no_change(service.change_room(owner(), &chat, |_: &RoomRules| Ok(rules("New")), RoomPassword::Keep)).await,
    ));
    missing(refusal(w.no_change(service.open_room(owner(), &chat)).await));
    missing(refusal(w.no_change(service.close_room(owner(), &chat)).await));
    missing(refusal(w.no_change(service.delete_room(owner(), &chat)).await));
    missing(refusal(w.no_change(service.mute(owner(), &chat, &key)).await));
    missing(refusal(w.no_change(service.unmute(owner(), &chat, &key)).await));
    missing(refusal(w.no_change(service.exile(owner(), &chat, &key)).await));
    missing(refusal(w.no_change(service.cancel_exile(owner(), &chat, &key)).await));
    let notice = NewMessage { kind: MessageKind::Notice, ..super::says(Author::manager("M"), "Hi") };
    missing(refusal(w.no_event(service.send(owner(), &chat, notice)).await));
    missing(refusal(w.no_change(service.archive_room(owner(), &lounge, true)).await));
    missing(refusal(w.no_change(service.rename_chat(owner(), &lounge, "New", &Author::manager("M"))).await));
    missing(refusal(w.no_change(service.add_contacts(owner(), &lounge, &[ana], &Author::manager("M"))).await));
    assert_eq!((texts(service, &chat).await.len(), texts(service, &lounge).await.len()), (0, 1));
    // Whoever manages either writes in it.
    for id in [&chat, &lounge] {
        let sent = w.no_event(service.send(owner(), id, super::says(Author::manager("M"), "Hi"))).await.unwrap();
        assert_eq!((sent.author.name.as_str(), sent.text.as_str()), ("M", "Hi"));
    }
}

async fn a_deleted_room_takes_all_with_it(w: World) {
    let service = &w.service;
    let (gone, kept) = (room(&w, new(rules("Gone"))).await.id, room(&w, new(rules("Kept"))).await.id);
    for id in [&gone, &kept] {
        join(service, id, "ana").await.unwrap();
        say(service, id, "ana", "Hi").await.unwrap();
        service.put_attachment(owner(), id, "a.png", "image/png", vec![1]).await.unwrap();
    }
    service.delete_room(owner(), &gone).await.unwrap();
    let guard = crate::world::in_background(service);
    let left = async |id: &RoomId| {
        let store = &w.store;
        let messages = store.messages(id, 1, 99, 99).await.unwrap().len();
        let people = store.participants(id, domain::participant::Who::Joined, 9).await.unwrap().len();
        (messages, people, store.attachments_of(id, 9).await.unwrap().len())
    };
    for _ in 0..200 {
        if w.store.deleted_rooms(9).await.unwrap().is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    drop(guard);
    assert_eq!(left(&gone).await, (0, 0, 0));
    assert!(w.store.deleted_rooms(9).await.unwrap().is_empty());
    assert_eq!(left(&kept).await, (2, 1, 1));
}

on_both! {
    each_change_of_a_room_is_on_record_and_nothing_is_twice,
    a_room_opens_and_ends_by_its_times_and_by_hand,
    a_room_that_opens_again_keeps_its_start,
    only_those_who_may_see_and_change_rooms,
    rooms_of_another_app_are_nowhere,
    a_list_is_of_no_more_apps_than_lists_show_together,
    a_chat_that_is_renamed_says_so,
    an_act_finds_rooms_of_the_kinds_that_it_is_for_alone,
    a_deleted_room_takes_all_with_it,
}
