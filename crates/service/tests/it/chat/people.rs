//! Who is in a room: joining, leaving, bans and mutes, and contacts.

use domain::{
    audit::Action,
    field::Field,
    ids::RoomId,
    message::Author,
    participant::{Grade, NamedContact, Who},
    refusal::Refusal,
    room::{RoomKind, RoomRules},
};
use service::chat::{people::Join, rooms::NewRoom};

use super::{contact, join, joins, key, new, room, rules, say, says, texts};
use crate::world::{World, owner, refusal};

async fn names(w: &World, id: &RoomId, who: Who) -> Vec<String> {
    let found = w.service.participants(owner(), id, who).await.unwrap();
    found.into_iter().map(|participant| participant.nick_name).collect()
}

async fn joined(w: &World, id: &RoomId) -> u32 {
    let room = w.service.room(owner(), id).await.unwrap();
    assert_eq!(room.joined as usize, names(w, id, Who::Joined).await.len(), "the count is that of the rows");
    room.joined
}

async fn whoever_joins_is_in_the_room_until_they_leave(w: World) {
    let service = &w.service;
    let id = room(&w, new(rules("Lounge"))).await.id;
    let manager = Join { client_key: None, grade: Grade::Manager, ..joins("Ana") };
    let ana = w.no_event(service.join(owner(), &id, manager)).await.unwrap();
    assert_eq!((ana.client_key.as_str().len(), ana.nick_name.as_str(), ana.grade), (16, "Ana", Grade::Manager));
    join(service, &id, "bo").await.unwrap();
    assert_eq!(refusal(join(service, &id, "bo").await), Refusal::ClientKeyTaken);
    assert_eq!((joined(&w, &id).await, names(&w, &id, Who::Joined).await.len()), (2, 2));
    w.no_event(service.leave(owner(), &id, &key("bo"))).await.unwrap();
    assert_eq!(refusal(service.leave(owner(), &id, &key("bo")).await), Refusal::AlreadyLeft);
    assert_eq!(refusal(service.leave(owner(), &id, &key("cy")).await), Refusal::NotJoined);
    assert_eq!((joined(&w, &id).await, names(&w, &id, Who::Joined).await), (1, vec!["Ana".to_owned()]));
    let found = service.participant(owner(), &id, &key("bo")).await.unwrap().unwrap();
    assert!(!found.is_in());
    join(service, &id, "bo").await.unwrap();
    assert_eq!(texts(service, &id).await, ["Ana joined", "bo joined", "bo left", "bo joined"]);
    let Refusal::Invalid(_) = refusal(join(service, &id, &"n".repeat(51)).await) else { panic!("a long name") };
}

async fn of_those_who_ask_for_the_last_place_one_gets_it(w: World) {
    let another = w.another().await;
    let limited = RoomRules { max_users: Some(3), ..rules("Lounge") };
    let id = room(&w, new(limited)).await.id;
    for name in ["a", "b"] {
        join(&w.service, &id, name).await.unwrap();
    }
    let at_once: Vec<_> = (0..20)
        .map(|n| {
            let service = if n % 2 == 0 { w.service.clone() } else { another.clone() };
            tokio::spawn(async move { join(&service, &id, &format!("n{n}")).await })
        })
        .collect();
    let mut got = 0;
    for one in at_once {
        match one.await.unwrap() {
            Ok(_) => got += 1,
            refused => assert_eq!(refusal(refused), Refusal::RoomFull),
        }
    }
    assert_eq!((got, joined(&w, &id).await), (1, 3));
    w.service.leave(owner(), &id, &key("a")).await.unwrap();
    join(&another, &id, "late").await.unwrap();
    assert_eq!(texts(&w.service, &id).await.len(), 5);
}

async fn a_room_with_a_password_lets_in_those_who_know_it(w: World) {
    let service = &w.service;
    let id = room(&w, NewRoom { password: Some("open sesame".into()), ..new(rules("Lounge")) }).await.id;
    let other = room(&w, NewRoom { password: Some("open sesame".into()), ..new(rules("Other")) }).await.id;
    let with = |password: Option<&str>| Join { password: password.map(Into::into), ..joins("ana") };
    for wrong in [None, Some(""), Some("open"), Some("Open sesame")] {
        assert_eq!(refusal(service.join(owner(), &id, with(wrong)).await), Refusal::WrongRoomPassword);
    }
    service.join(owner(), &id, with(Some("open sesame"))).await.unwrap();
    let kept = async |id| w.store.room_password(&id).await.unwrap().unwrap();
    assert!(kept(id).await != kept(other).await && !kept(id).await.contains("sesame"));
    let wide = NewRoom { password: Some("ﬁve".into()), ..new(rules("Wide")) };
    let id = room(&w, wide).await.id;
    service.join(owner(), &id, with(Some("five"))).await.unwrap();
}

async fn the_banned_stay_out_and_the_muted_stay_silent(w: World) {
    let service = &w.service;
    let id = room(&w, new(rules("Lounge"))).await.id;
    for name in ["ana", "bo"] {
        join(service, &id, name).await.unwrap();
    }
    w.one_event(Action::ParticipantMuted, service.mute(owner(), &id, &key("ana"))).await.unwrap();
    w.no_event(service.mute(owner(), &id, &key("ana"))).await.unwrap();
    assert_eq!(refusal(say(service, &id, "ana", "Hi").await), Refusal::Muted);
    assert_eq!(names(&w, &id, Who::Muted).await, ["ana"]);
    service.leave(owner(), &id, &key("ana")).await.unwrap();
    assert_eq!(names(&w, &id, Who::Muted).await, ["ana"], "she is muted still");
    join(service, &id, "ana").await.unwrap();
    assert_eq!(refusal(say(service, &id, "ana", "Hi").await), Refusal::Muted, "leaving does not lift it");
    w.one_event(Action::ParticipantUnmuted, service.unmute(owner(), &id, &key("ana"))).await.unwrap();
    say(service, &id, "ana", "Hi").await.unwrap();
    w.one_event(Action::ParticipantBanned, service.exile(owner(), &id, &key("bo"))).await.unwrap();
    let event = w.newest().await;
    assert_eq!(event.changes[0].to.as_deref(), Some("bo"));
    w.no_event(service.exile(owner(), &id, &key("bo"))).await.unwrap();
    assert_eq!((joined(&w, &id).await, names(&w, &id, Who::Banned).await), (1, vec!["bo".to_owned()]));
    assert_eq!(refusal(join(service, &id, "bo").await), Refusal::Banned);
    assert_eq!(refusal(say(service, &id, "bo", "Hi").await), Refusal::NotJoined);
    w.one_event(Action::ParticipantAdmitted, service.cancel_exile(owner(), &id, &key("bo"))).await.unwrap();
    w.no_event(service.cancel_exile(owner(), &id, &key("bo"))).await.unwrap();
    join(service, &id, "bo").await.unwrap();
    service.leave(owner(), &id, &key("bo")).await.unwrap();
    service.exile(owner(), &id, &key("bo")).await.unwrap();
    assert_eq!(joined(&w, &id).await, 1, "who has left already is not counted again");
    for act in [
        service.exile(owner(), &id, &key("cy")).await,
        service.cancel_exile(owner(), &id, &key("cy")).await,
        service.mute(owner(), &id, &key("cy")).await,
        service.unmute(owner(), &id, &key("cy")).await,
    ] {
        assert_eq!(refusal(act), Refusal::NotJoined);
    }
}

async fn contacts_are_added_to_a_chat_once(w: World) {
    let (service, app) = (&w.service, *w.service.default_app());
    let contacts = vec![contact(1), contact(2), contact(1)];
    let chat = NewRoom { kind: RoomKind::Chat, creator: Some(contact(1).id), contacts, ..new(rules("Help")) };
    let made = room(&w, chat).await;
    assert_eq!((made.joined, made.created_by), (2, Some(contact(1).id)));
    let add =
        async |contacts: &[NamedContact], by: &Author| service.add_contacts(owner(), &made.id, contacts, by).await;
    let by = Author::contact(&contact(1).id);
    add(&[contact(2), contact(3), contact(3)], &by).await.unwrap();
    assert_eq!(texts(service, &made.id).await, ["Contact 3 was added"]);
    assert_eq!(joined(&w, &made.id).await, 3);
    let stranger = Author::contact(&contact(9).id);
    assert_eq!(refusal(add(&[contact(9)], &stranger).await), Refusal::NotJoined, "nobody lets themselves in");
    assert_eq!(refusal(join(service, &made.id, "ana").await), Refusal::RoomNotFound, "a chat is not joined");
    service.send(owner(), &made.id, says(by, "Hi")).await.unwrap();
    let said = service.latest(owner(), &made.id, 1).await.unwrap().pop().unwrap();
    assert_eq!(said.author.name, "Contact 1");
    let of = async |n| service.memberships(owner(), &app, &contact(n).id).await.unwrap();
    let (room_of, as_whom) = of(3).await.pop().unwrap();
    assert_eq!((room_of.id, as_whom.contact), (made.id, Some(contact(3).id)));
    service.leave(owner(), &made.id, &as_whom.client_key).await.unwrap();
    assert!(of(3).await.is_empty() && of(9).await.is_empty());
    add(&[contact(3)], &Author::system()).await.unwrap();
    assert_eq!((of(3).await.len(), joined(&w, &made.id).await), (1, 3));
}

async fn nobody_takes_the_key_of_a_contact(w: World) {
    let service = &w.service;
    let id = room(&w, NewRoom { contacts: vec![contact(1)], ..new(rules("Lounge")) }).await.id;
    let theirs = contact(1).id.as_str().to_owned();
    let is_refused = async |id: &RoomId, theirs: &str| {
        let Refusal::Invalid(errors) = refusal(join(service, id, theirs).await) else { panic!("{theirs} joined") };
        assert_eq!(errors.0[0].field, Field::ClientKey);
    };
    is_refused(&id, &theirs).await;
    service.leave(owner(), &id, &key(&theirs)).await.unwrap();
    is_refused(&id, &theirs).await;
    let small = RoomRules { max_users: Some(1), ..rules("Small") };
    let small = NewRoom { kind: RoomKind::Chat, contacts: vec![contact(1)], ..new(small) };
    let small = room(&w, small).await.id;
    let full = service.add_contacts(owner(), &small, &[contact(2)], &Author::system()).await;
    assert_eq!(refusal(full), Refusal::RoomFull);
    service.add_contacts(owner(), &small, &[contact(1)], &Author::system()).await.unwrap();
    let open = room(&w, new(rules("Open"))).await.id;
    is_refused(&open, &theirs).await;
    let none = RoomRules { max_users: Some(1), ..rules("None") };
    let both = NewRoom { contacts: vec![contact(1), contact(2)], ..new(none) };
    assert_eq!(refusal(service.create_room(owner(), service.default_app(), both).await), Refusal::RoomFull);
}

on_both! {
    whoever_joins_is_in_the_room_until_they_leave,
    of_those_who_ask_for_the_last_place_one_gets_it,
    a_room_with_a_password_lets_in_those_who_know_it,
    the_banned_stay_out_and_the_muted_stay_silent,
    contacts_are_added_to_a_chat_once,
    nobody_takes_the_key_of_a_contact,
}
