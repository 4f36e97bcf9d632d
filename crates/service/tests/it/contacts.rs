//! Contacts, the keys that act for them, the butler, and the export of their chats.

use domain::{
    audit::Action,
    contact::{Contact, ContactDraft, ContactKind, ContactQuery, ContactRef, ContactStatus},
    draft::KeyDraft,
    field::Field,
    ids::{AppId, ContactId, RoomId},
    key::KeyRecord,
    message::{AuthorKind, MessageKind},
    participant::{ClientKey, Participant, Who},
    refusal::Refusal,
    role::Role,
    room::{Room, RoomKind, RoomRules},
};
use service::chat::{
    butler::Audience, export::ExportedChat, messages::NewMessage, rooms::NewRoom, sent_files::NewFile,
};

use crate::world::{EMAIL, World, draft, list, owner, refusal, signed_in, token, verdict};

pub fn named(first: &str, last: &str) -> ContactDraft {
    ContactDraft { first_name: first.to_owned(), last_name: last.to_owned(), ..ContactDraft::default() }
}

fn staff(first: &str, admin: bool) -> ContactDraft {
    ContactDraft { kind: ContactKind::Staff.as_str().to_owned(), is_admin: admin, ..named(first, "") }
}

async fn add(w: &World, draft: &ContactDraft) -> Contact {
    w.service.create_contact(owner(), w.service.default_app(), draft).await.unwrap()
}

#[track_caller]
fn wrong(refusal: Refusal, field: Field) {
    let Refusal::Invalid(errors) = refusal else { panic!("{refusal:?}") };
    assert_eq!(errors.0.iter().map(|error| error.field).collect::<Vec<_>>(), [field], "{errors:?}");
}

/// A Master User key that works, with these permissions, narrowed to these contacts.
async fn key(w: &World, boxes: &[&str], acts_for: &[&Contact]) -> KeyRecord {
    let ids: Vec<_> = acts_for.iter().map(|contact| contact.id.to_uuid()).collect();
    let draft = KeyDraft {
        boxes: boxes.iter().map(|name| (*name).to_owned()).collect(),
        acts_for: Some(ids),
        ..draft("master_user", "Chats")
    };
    let issued = w.service.issue_acknowledged(owner(), w.service.default_app(), &draft).await.unwrap();
    verdict(&w.service, &token(&issued)).await.unwrap().key.unwrap().record.as_ref().clone()
}

async fn names(w: &World, app: &AppId) -> Vec<String> {
    let page = w.service.contacts(owner(), app, &ContactQuery::default()).await.unwrap();
    page.rows.iter().map(Contact::name).collect()
}

async fn chat(w: &World, contacts: &[&Contact]) -> Room {
    let ids: Vec<_> = contacts.iter().map(|contact| contact.id).collect();
    let app = w.service.default_app();
    let contacts = w.service.named_contacts(owner(), app, &ids).await.unwrap();
    let rules = RoomRules::checked("Support", None, None, None).unwrap();
    let new = NewRoom { kind: RoomKind::Chat, rules, password: None, creator: None, contacts };
    w.service.create_room(owner(), app, new).await.unwrap()
}

async fn texts(w: &World, room: &RoomId) -> Vec<String> {
    let messages = w.service.messages(owner(), room, 1, None, 100).await.unwrap();
    messages.into_iter().map(|message| message.text).collect()
}

async fn those_who_may_change_contacts_do_and_each_change_is_on_record(w: World) {
    let (service, app) = (&w.service, *w.service.default_app());
    let admin = signed_in(Role::Admin);
    let draft = ContactDraft {
        email: "Ada@Example.com".to_owned(),
        identifier: "crm/7".to_owned(),
        ..named("Ada", "Lovelace")
    };
    let ada = w.one_event(Action::ContactCreated, service.create_contact(&admin, &app, &draft)).await.unwrap();
    assert_eq!((ada.status, ada.email.as_deref()), (ContactStatus::Active, Some("ada@example.com")));
    let event = w.newest().await;
    assert_eq!((event.subject.id.as_str(), event.subject.label.as_str()), (ada.id.as_str(), "Ada Lovelace"));
    for found in [ContactRef::Id(ada.id), ContactRef::Identifier(" crm/7"), ContactRef::Email("ADA@example.com ")] {
        assert_eq!(service.contact(&admin, &app, found).await.unwrap(), ada);
    }
    let changed = ContactDraft { last_name: "King".to_owned(), ..draft.clone() };
    let ada = w.one_event(Action::ContactChanged, service.change_contact(&admin, &ada.id, &changed)).await.unwrap();
    assert_eq!(ada.name(), "Ada King");
    w.no_event(service.change_contact(&admin, &ada.id, &changed)).await.unwrap();
    w.one_event(Action::ContactDisabled, service.disable_contact(&admin, &ada.id)).await.unwrap();
    w.no_event(service.disable_contact(&admin, &ada.id)).await.unwrap();
    w.one_event(Action::ContactEnabled, service.enable_contact(&admin, &ada.id)).await.unwrap();
    let auditor = signed_in(Role::Auditor);
    assert_eq!(service.contact_by_id(&auditor, &ada.id).await.unwrap(), ada);
    assert_eq!(service.some_contacts(&auditor, &[ada.id]).await.unwrap(), std::slice::from_ref(&ada));
    for role in [Role::Auditor, Role::Guest] {
        let caller = signed_in(role);
        assert_eq!(refusal(w.no_change(service.create_contact(&caller, &app, &draft)).await), Refusal::Forbidden);
        assert_eq!(refusal(w.no_change(service.change_contact(&caller, &ada.id, &draft)).await), Refusal::Forbidden);
        assert_eq!(refusal(w.no_change(service.disable_contact(&caller, &ada.id)).await), Refusal::Forbidden);
        assert_eq!(refusal(w.no_change(service.enable_contact(&caller, &ada.id)).await), Refusal::Forbidden);
        assert_eq!(refusal(w.no_change(service.remove_contact(&caller, &ada.id)).await), Refusal::Forbidden);
    }
    let guest = signed_in(Role::Guest);
    assert_eq!(refusal(service.contacts(&guest, &app, &ContactQuery::default()).await), Refusal::Forbidden);
    assert_eq!(refusal(service.contact_by_id(&guest, &ada.id).await), Refusal::Forbidden);
    w.one_event(Action::ContactRemoved, service.remove_contact(&admin, &ada.id)).await.unwrap();
    assert_eq!(refusal(service.remove_contact(&admin, &ada.id).await), Refusal::ContactNotFound);
    assert_eq!(refusal(service.contact_by_id(&admin, &ada.id).await), Refusal::ContactNotFound);
}

async fn what_is_wrong_or_taken_is_told_at_its_field(w: World) {
    let (service, app) = (&w.service, *w.service.default_app());
    let taken =
        ContactDraft { email: "ada@example.com".to_owned(), identifier: "crm/7".to_owned(), ..named("Ada", "") };
    let ada = add(&w, &taken).await;
    let bo = add(&w, &named("Bo", "")).await;
    let create = async |draft: ContactDraft| refusal(service.create_contact(owner(), &app, &draft).await);
    wrong(create(named(" ", "")).await, Field::FirstName);
    wrong(create(named(&"x".repeat(51), "")).await, Field::FirstName);
    wrong(create(ContactDraft { email: " ADA@example.com".to_owned(), ..named("X", "") }).await, Field::Email);
    wrong(create(ContactDraft { identifier: "crm/7".to_owned(), ..named("X", "") }).await, Field::Identifier);
    let same_email = ContactDraft { identifier: "crm/8".to_owned(), ..taken.clone() };
    wrong(refusal(service.change_contact(owner(), &bo.id, &same_email).await), Field::Email);
    // The same contact elsewhere is another one.
    let other = service.create_app(owner(), "Other").await.unwrap();
    let there = service.create_contact(owner(), &other.id, &taken).await.unwrap();
    assert_ne!(there.id, ada.id);
    let here = owner().clone().within(&app);
    assert_eq!(refusal(service.contact_by_id(&here, &there.id).await), Refusal::ContactNotFound);
    assert_eq!(refusal(service.change_contact(&here, &there.id, &taken).await), Refusal::ContactNotFound);
    assert_eq!(refusal(service.contact(&here, &app, ContactRef::Id(there.id)).await), Refusal::ContactNotFound);
    assert_eq!(refusal(service.contact(&here, &other.id, ContactRef::Id(there.id)).await), Refusal::AppNotFound);
    assert_eq!(refusal(service.contact(&here, &app, ContactRef::Email("nobody")).await), Refusal::ContactNotFound);
    service.archive_app(owner(), &other.id).await.unwrap();
    assert_eq!(refusal(service.create_contact(owner(), &other.id, &named("X", "")).await), Refusal::AppArchived);
}

async fn the_creator_of_an_app_is_its_first_contact(w: World) {
    let app = *w.service.default_app();
    assert_eq!(names(&w, &app).await, [""; 0], "until there is an owner");
    w.make_owner().await;
    assert_eq!(names(&w, &app).await, ["Owner"]);
    let found = w.service.contact(owner(), &app, ContactRef::Email(EMAIL)).await.unwrap();
    assert_eq!((found.kind, found.is_admin, found.status), (ContactKind::Staff, true, ContactStatus::Active));
    w.service.remove_contact(owner(), &found.id).await.unwrap();
    assert_eq!(names(&w, &app).await, [""; 0], "whoever was removed does not come back");
    let cookie = w.sign_in(EMAIL, crate::world::PASSWORD).await.unwrap().cookie;
    let session = w.service.session(&crate::world::secret(&cookie)).await.unwrap().unwrap();
    let shop = w.service.create_app(&session.caller(None), "Shop").await.unwrap();
    assert_eq!(names(&w, &shop.id).await, ["Owner"]);
    let by_shell = w.service.create_app(crate::world::shell(), "Shell").await.unwrap();
    assert_eq!(names(&w, &by_shell.id).await, ["Owner"]);
}

async fn only_admins_invite_and_who_was_invited_comes(w: World) {
    let (service, app) = (&w.service, *w.service.default_app());
    let (admin, member) = (add(&w, &staff("Ada", true)).await, add(&w, &staff("Bo", false)).await);
    let client = add(&w, &named("Cy", "")).await;
    let draft = ContactDraft { email: "new@example.com".to_owned(), ..named("New", "") };
    for by in [&member, &client] {
        let invited = service.invite_contact(owner(), &app, &by.id, &draft).await;
        assert_eq!(refusal(invited), Refusal::ContactNotAdmin, "{}", by.name());
    }
    let invited = w.one_event(Action::ContactInvited, service.invite_contact(owner(), &app, &admin.id, &draft)).await;
    let invited = invited.unwrap();
    assert_eq!(invited.status, ContactStatus::Invited);
    let record = key(&w, &["chats.read"], &[]).await;
    let acting = async || service.acting(&record, None, Some(&invited.id), true).await.unwrap();
    let status = async || service.contact_by_id(owner(), &invited.id).await.unwrap().status;
    let first = w.no_change(acting()).await;
    assert_eq!(first.contact().unwrap().status, ContactStatus::Active);
    // A call that is refused brings nobody.
    let elsewhere = RoomId::from_random([9; 12]);
    assert_eq!(refusal(w.no_change(service.acting_in(&first, &elsewhere)).await), Refusal::RoomNotFound);
    assert_eq!(status().await, ContactStatus::Invited);
    w.one_event(Action::ContactEnabled, service.arrived(&first)).await.unwrap();
    assert_eq!(status().await, ContactStatus::Active);
    w.no_event(service.arrived(&first)).await.unwrap();
    w.no_change(service.arrived(&acting().await)).await.unwrap();
    service.disable_contact(owner(), &admin.id).await.unwrap();
    let late = service.invite_contact(owner(), &app, &admin.id, &named("Late", "")).await;
    assert_eq!(refusal(late), Refusal::ContactNotAdmin);
}

async fn a_key_acts_for_any_contact_of_its_app_or_for_those_it_is_narrowed_to(w: World) {
    let service = &w.service;
    let (ada, bo) = (add(&w, &named("Ada", "")).await, add(&w, &named("Bo", "")).await);
    let other = service.create_app(owner(), "Other").await.unwrap();
    let there = service.create_contact(owner(), &other.id, &named("There", "")).await.unwrap();
    let any = key(&w, &["chats.read"], &[]).await;
    let acting = async |record: &KeyRecord, id: Option<&ContactId>| service.acting(record, None, id, true).await;
    assert_eq!(acting(&any, Some(&bo.id)).await.unwrap().contact().unwrap().id, bo.id);
    assert_eq!(refusal(acting(&any, None).await), Refusal::OnBehalfNeeded);
    assert_eq!(refusal(acting(&any, Some(&there.id)).await), Refusal::ContactNotFound);
    assert_eq!(refusal(acting(&any, Some(&ContactId::from_random([9; 12]))).await), Refusal::ContactNotFound);
    service.disable_contact(owner(), &bo.id).await.unwrap();
    assert_eq!(refusal(acting(&any, Some(&bo.id)).await), Refusal::ContactInactive);
    service.enable_contact(owner(), &bo.id).await.unwrap();
    let narrowed = key(&w, &["chats.read"], &[&ada]).await;
    assert_eq!(acting(&narrowed, Some(&ada.id)).await.unwrap().contact().unwrap().id, ada.id);
    assert_eq!(refusal(acting(&narrowed, Some(&bo.id)).await), Refusal::OnBehalfNotAllowed);
    assert_eq!(refusal(acting(&narrowed, Some(&there.id)).await), Refusal::OnBehalfNotAllowed);
    // A key is narrowed to contacts that there are.
    for unknown in [&there.id, &ContactId::from_random([9; 12])] {
        let draft = KeyDraft { acts_for: list(&[&unknown.to_uuid()]), ..draft("master_user", "X") };
        wrong(refusal(service.issue_acknowledged(owner(), service.default_app(), &draft).await), Field::ActsFor);
    }
    let draft = KeyDraft { acts_for: list(&[&bo.id.to_uuid()]), ..KeyDraft::default() };
    let revision = service.key(owner(), &narrowed.id).await.unwrap().revision;
    let edited = service.edit(owner(), &narrowed.id, &draft, revision).await.unwrap();
    assert_eq!(edited.rules.acts_for, [bo.id]);
    let event = w.newest().await;
    assert_eq!((event.changes[0].field.as_str(), event.changes[0].to.clone()), ("acts_for", Some(bo.id.to_uuid())));
}

async fn the_butler_reaches_each_contact_in_a_chat_of_their_own(w: World) {
    let (service, app) = (&w.service, *w.service.default_app());
    let (ada, bo) = (add(&w, &staff("Ada", true)).await, add(&w, &named("Bo", "Bell")).await);
    let off = add(&w, &named("Off", "")).await;
    service.disable_contact(owner(), &off.id).await.unwrap();
    let says = async |to: Audience, text: &str| service.butler_says(owner(), &app, &to, text).await.unwrap();
    assert_eq!(says(Audience::Everybody(None), "Hello {{first_name}} {{last_name}}").await, 2);
    let butler = async |contact: &Contact| {
        let contact = service.contact_by_id(owner(), &contact.id).await.unwrap();
        contact.butler.unwrap()
    };
    assert_eq!(texts(&w, &butler(&bo).await).await, ["Hello Bo Bell"]);
    assert_eq!(texts(&w, &butler(&ada).await).await, ["Hello Ada "].map(str::trim));
    let message = service.latest(owner(), &butler(&bo).await, 1).await.unwrap().remove(0);
    assert_eq!((message.author.kind, message.kind), (AuthorKind::Butler, MessageKind::Text));
    assert!(service.contact_by_id(owner(), &off.id).await.unwrap().butler.is_none());
    assert_eq!(says(Audience::Everybody(Some(ContactKind::Staff)), "Staff").await, 1);
    assert_eq!(says(Audience::Named(vec![bo.id, off.id, bo.id]), "Named").await, 1, "whoever is disabled is left out");
    assert_eq!(says(Audience::Chat(butler(&bo).await), "Bye {{ firstName }}").await, 1);
    assert_eq!(texts(&w, &butler(&bo).await).await, ["Hello Bo Bell", "Named", "Bye Bo"]);
    let shared = chat(&w, &[&ada, &bo]).await;
    assert_eq!(says(Audience::Chat(shared.id), "To all").await, 2);
    let nobody = Audience::Named(vec![ContactId::from_random([9; 12])]);
    assert_eq!(refusal(service.butler_says(owner(), &app, &nobody, "X").await), Refusal::ContactNotFound);
    let nowhere = Audience::Chat(RoomId::from_random([9; 12]));
    assert_eq!(refusal(service.butler_says(owner(), &app, &nowhere, "X").await), Refusal::RoomNotFound);
    let long = format!("{{{{first_name}}}}{}", "x".repeat(4_960));
    wrong(refusal(service.butler_says(owner(), &app, &Audience::Everybody(None), &long).await), Field::Message);
    let auditor = signed_in(Role::Auditor);
    let refused = service.butler_says(&auditor, &app, &Audience::Everybody(None), "X").await;
    assert_eq!(refusal(refused), Refusal::Forbidden);
    // A key that is narrowed reaches its own contacts alone.
    let narrowed = key(&w, &["chats.write"], &[&bo]).await;
    let acting = service.acting(&narrowed, None, None, false).await.unwrap();
    assert_eq!(service.butler_says_for(&acting, &Audience::Everybody(None), "Only Bo").await.unwrap(), 1);
    let other = Audience::Named(vec![ada.id]);
    assert_eq!(refusal(service.butler_says_for(&acting, &other, "X").await), Refusal::OnBehalfNotAllowed);
    let private = Audience::Chat(butler(&ada).await);
    assert_eq!(refusal(service.butler_says_for(&acting, &private, "X").await), Refusal::RoomNotFound);
    let with_ada = Audience::Chat(shared.id);
    assert_eq!(refusal(service.butler_says_for(&acting, &with_ada, "X").await), Refusal::OnBehalfNotAllowed);
    let alone = Audience::Chat(chat(&w, &[&bo]).await.id);
    assert_eq!(service.butler_says_for(&acting, &alone, "To Bo").await.unwrap(), 1);
}

async fn the_butler_sends_each_contact_a_file_of_their_own(w: World) {
    let service = &w.service;
    let (ada, bo) = (add(&w, &staff("Ada", true)).await, add(&w, &named("Bo", "Bell")).await);
    let file =
        |bytes: &[u8]| vec![NewFile { name: "plan.pdf".to_owned(), media_type: String::new(), bytes: bytes.to_vec() }];
    let any = key(&w, &["chats.write"], &[]).await;
    let acting = service.acting(&any, None, None, false).await.unwrap();
    let all = Audience::Everybody(None);
    let empty = service.butler_sends_for(&acting, &all, "Hi", file(b"")).await;
    assert_eq!(refusal(empty), Refusal::AttachmentEmpty);
    assert_eq!(service.butler_sends_for(&acting, &all, "Hi {{first_name}}", file(b"A plan")).await.unwrap(), 2);
    assert_eq!(service.butler_sends_for(&acting, &Audience::Named(vec![bo.id]), "", file(b"More")).await.unwrap(), 1);
    let mut ids = Vec::new();
    for (contact, expected) in [(&ada, &["Hi Ada"][..]), (&bo, &["Hi Bo", ""][..])] {
        let butler = service.contact_by_id(owner(), &contact.id).await.unwrap().butler.unwrap();
        assert_eq!(texts(&w, &butler).await, expected);
        let sent = service.messages(owner(), &butler, 1, None, 1).await.unwrap().remove(0);
        assert_eq!((sent.kind, sent.author.kind), (MessageKind::File, AuthorKind::Butler));
        let id = sent.attachment.unwrap().id;
        assert_eq!(service.attachment(owner(), &butler, &id).await.unwrap().1, b"A plan");
        ids.push(id);
    }
    assert_ne!(ids[0], ids[1]);
    let shared = chat(&w, &[&ada, &bo]).await;
    let to = Audience::Chat(shared.id);
    assert_eq!(service.butler_sends_for(&acting, &to, "To both", file(b"A plan")).await.unwrap(), 2);
    let narrowed = key(&w, &["chats.write"], &[&bo]).await;
    let acting = service.acting(&narrowed, None, None, false).await.unwrap();
    assert_eq!(service.butler_sends_for(&acting, &all, "", file(b"For Bo")).await.unwrap(), 1);
    assert_eq!(refusal(service.butler_sends_for(&acting, &to, "", file(b"X")).await), Refusal::OnBehalfNotAllowed);
}

async fn contacts_only_read_their_chat_with_the_butler(w: World) {
    let (service, app) = (&w.service, *w.service.default_app());
    let (ada, bo) = (add(&w, &named("Ada", "")).await, add(&w, &named("Bo", "")).await);
    let says = async |to: Audience| service.butler_says(owner(), &app, &to, "Hello {{first_name}}").await.unwrap();
    says(Audience::Everybody(Some(ContactKind::Client))).await;
    let ada = service.contact_by_id(owner(), &ada.id).await.unwrap();
    let butler = ada.butler.unwrap();
    let read_only = |answer: Refusal| assert_eq!(answer, Refusal::ButlerChat);
    let by = domain::message::Author::contact(&ada.id);
    let bos = service.named_contacts(owner(), &app, &[bo.id]).await.unwrap();
    read_only(refusal(w.no_change(service.archive_room(owner(), &butler, true)).await));
    read_only(refusal(w.no_change(service.rename_chat(owner(), &butler, "Mine", &by)).await));
    read_only(refusal(w.no_change(service.add_contacts(owner(), &butler, &bos, &by)).await));
    read_only(refusal(w.no_change(service.put_attachment(owner(), &butler, "a.png", "image/png", vec![1])).await));
    read_only(refusal(w.no_change(service.leave(owner(), &butler, &ClientKey::of_contact(&ada.id))).await));
    let message = |by| NewMessage {
        kind: MessageKind::Text,
        author: by,
        text: "Hi".to_owned(),
        reply_to: None,
        to: None,
        attachment: None,
    };
    read_only(refusal(w.no_event(service.send(owner(), &butler, message(by))).await));
    let stranger = domain::message::Author::contact(&bo.id);
    assert_eq!(refusal(service.send(owner(), &butler, message(stranger)).await), Refusal::NotJoined);
    assert_eq!(texts(&w, &butler).await, ["Hello Ada"]);
    // Somebody else came into it by another way.
    let found = w.store.participant(&butler, &ClientKey::of_contact(&ada.id)).await.unwrap().unwrap();
    let other = Participant { client_key: ClientKey::of_contact(&bo.id), contact: Some(bo.id), ..found };
    w.store.write(async |tx| tx.put_participants(std::slice::from_ref(&other)).await).await.unwrap();
    assert_eq!(says(Audience::Chat(butler)).await, 1);
    assert_eq!(texts(&w, &butler).await, ["Hello Ada", "Hello Ada"]);
    // They neither read it nor are shown in it.
    let reads = key(&w, &["chats.read", "chats.write"], &[]).await;
    let acting = async |contact: &Contact| service.acting(&reads, None, Some(&contact.id), true).await.unwrap();
    let as_bo = acting(&bo).await;
    assert_eq!(refusal(service.acting_in(&as_bo, &butler).await), Refusal::RoomNotFound);
    assert_eq!(refusal(service.messages_for(&as_bo, &butler, 1, None, 9).await), Refusal::RoomNotFound);
    let chats_of = async |contact: &Contact| {
        let contact = service.contact_by_id(owner(), &contact.id).await.unwrap();
        let found = service.memberships_of(&acting(&contact).await, &contact).await.unwrap().unwrap();
        found.into_iter().map(|(room, _)| room.id).collect::<Vec<_>>()
    };
    assert!(chats_of(&ada).await == [butler] && !chats_of(&bo).await.contains(&butler));
    assert_eq!(service.messages_for(&acting(&ada).await, &butler, 1, None, 9).await.unwrap().len(), 2);
    let shown = service.participants(owner(), &butler, Who::Joined).await.unwrap();
    assert_eq!(shown.iter().map(|one| one.contact).collect::<Vec<_>>(), [Some(ada.id)]);
    let bo = service.contact_by_id(owner(), &bo.id).await.unwrap();
    assert_eq!(texts(&w, &bo.butler.unwrap()).await, ["Hello Bo"]);
}

async fn calls_at_the_same_time_make_one_chat_with_the_butler(w: World) {
    let ada = add(&w, &named("Ada", "")).await;
    let (one, two) = (w.service.clone(), w.another().await);
    let (a, b, c) = tokio::join!(one.butler_of(&ada), two.butler_of(&ada), one.butler_of(&ada));
    let rooms = [a.unwrap(), b.unwrap(), c.unwrap()];
    assert!(rooms.iter().all(|room| *room == rooms[0]), "{rooms:?}");
    assert_eq!(one.memberships(owner(), w.service.default_app(), &ada.id).await.unwrap().len(), 1);
    w.service.remove_contact(owner(), &ada.id).await.unwrap();
    assert_eq!(refusal(one.room(owner(), &rooms[0]).await), Refusal::RoomNotFound);
}

async fn whoever_is_removed_leaves_every_chat(w: World) {
    let (ada, bo) = (add(&w, &named("Ada", "")).await, add(&w, &named("Bo", "")).await);
    let (open, archived) = (chat(&w, &[&ada, &bo]).await, chat(&w, &[&ada, &bo]).await);
    w.service.archive_room(owner(), &archived.id, true).await.unwrap();
    w.service.remove_contact(owner(), &bo.id).await.unwrap();
    for room in [open, archived] {
        let inside = w.service.participants(owner(), &room.id, Who::Joined).await.unwrap();
        assert_eq!(inside.iter().map(|participant| participant.contact).collect::<Vec<_>>(), [Some(ada.id)]);
        assert_eq!(texts(&w, &room.id).await.last().map(String::as_str), Some("Bo left"));
    }
    let found = w.service.named_contacts(owner(), w.service.default_app(), &[bo.id]).await;
    assert_eq!(refusal(found), Refusal::ContactNotFound);
}

async fn an_export_has_every_chat_and_message_and_is_on_record(w: World) {
    let (service, app) = (&w.service, *w.service.default_app());
    let (ada, bo) = (add(&w, &named("Ada", "")).await, add(&w, &named("Bo", "")).await);
    let both = chat(&w, &[&ada, &bo]).await;
    let alone = chat(&w, &[&ada]).await;
    for n in 1..=3 {
        let author = domain::message::Author::contact(&ada.id);
        let text = format!("Message {n}");
        let message = NewMessage { kind: MessageKind::Text, author, text, reply_to: None, to: None, attachment: None };
        service.send(owner(), &both.id, message).await.unwrap();
    }
    service.archive_room(owner(), &alone.id, true).await.unwrap();
    let all = async |contacts: &[ContactId]| {
        let mut export =
            w.one_event(Action::ChatsExported, service.export_chats(owner(), &app, contacts)).await.unwrap();
        let (mut chats, mut messages) = (Vec::new(), Vec::new());
        while let Some(piece) = export.next().await.unwrap() {
            match piece {
                ExportedChat::Chat(room, participants) => chats.push((room.id, participants.len())),
                ExportedChat::Messages(some) => messages.extend(some),
            }
        }
        chats.sort_unstable();
        (chats, messages)
    };
    let (chats, messages) = all(&[]).await;
    let mut expected = [(both.id, 2), (alone.id, 1)];
    expected.sort_unstable();
    assert_eq!(chats, expected);
    let of_both: Vec<_> = messages.iter().filter(|message| message.room_id == both.id).collect();
    assert!(of_both.iter().zip(1..).all(|(message, seq)| message.seq == seq), "{of_both:?}");
    assert_eq!(of_both.last().map(|message| message.text.as_str()), Some("Message 3"));
    assert_eq!(all(&[bo.id]).await.0, [(both.id, 2)]);
    let auditor = signed_in(Role::Auditor);
    assert_eq!(refusal(w.no_change(service.export_chats(&auditor, &app, &[])).await), Refusal::Forbidden);
    let nowhere = AppId::from_random([9; 12]);
    assert_eq!(refusal(w.no_event(service.export_chats(owner(), &nowhere, &[])).await), Refusal::AppNotFound);
}

async fn a_contact_has_a_picture_that_is_one(w: World) {
    let service = &w.service;
    let ada = add(&w, &named("Ada", "")).await;
    assert_eq!(refusal(service.avatar(&ada).await), Refusal::PictureNotFound);
    for bytes in [&b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>"[..], b"", b"GIF"] {
        wrong(refusal(service.set_avatar(owner(), &ada.id, bytes.to_vec()).await), Field::Attachment);
    }
    let large = [b"GIF89a".to_vec(), vec![0; 1_000_000]].concat();
    wrong(refusal(service.set_avatar(owner(), &ada.id, large).await), Field::Attachment);
    let auditor = signed_in(Role::Auditor);
    assert_eq!(refusal(service.set_avatar(&auditor, &ada.id, b"GIF89a".to_vec()).await), Refusal::Forbidden);
    for bytes in [&b"GIF89a first"[..], b"\x89PNG\r\n\x1a\n second"] {
        w.one_event(Action::ContactChanged, service.set_avatar(owner(), &ada.id, bytes.to_vec())).await.unwrap();
        let ada = service.contact_by_id(owner(), &ada.id).await.unwrap();
        assert_eq!(service.avatar(&ada).await.unwrap().1, bytes);
    }
    let ada = service.contact_by_id(owner(), &ada.id).await.unwrap();
    assert_eq!(service.avatar(&ada).await.unwrap().0, "image/png");
    service.remove_contact(owner(), &ada.id).await.unwrap();
    assert_eq!(refusal(service.avatar(&ada).await), Refusal::AttachmentNotFound, "its bytes are gone too");
}

on_both!(
    those_who_may_change_contacts_do_and_each_change_is_on_record,
    what_is_wrong_or_taken_is_told_at_its_field,
    the_creator_of_an_app_is_its_first_contact,
    only_admins_invite_and_who_was_invited_comes,
    a_key_acts_for_any_contact_of_its_app_or_for_those_it_is_narrowed_to,
    the_butler_reaches_each_contact_in_a_chat_of_their_own,
    the_butler_sends_each_contact_a_file_of_their_own,
    contacts_only_read_their_chat_with_the_butler,
    calls_at_the_same_time_make_one_chat_with_the_butler,
    whoever_is_removed_leaves_every_chat,
    an_export_has_every_chat_and_message_and_is_on_record,
    a_contact_has_a_picture_that_is_one,
);
