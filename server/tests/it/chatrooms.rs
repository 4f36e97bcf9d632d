//! Rooms, chats, contacts and the API KEY of an app through the console: their forms, their pages, and the messages as they
//! come.

use std::time::Duration;

use axum::body::BodyDataStream;
use domain::ids::{ContactId, RoomId};
use domain::message::{Author, MessageKind};
use domain::participant::{ClientKey, Grade};
use domain::room::{RoomKind, RoomRules};
use domain::timestamp::{Millis, Timestamp};
use futures::StreamExt;
use service::chat::messages::NewMessage;
use service::chat::people::Join;
use service::chat::rooms::NewRoom;
use tokio::time::timeout;

use crate::support::{Answer, Call, PASSWORD, Product, operator, text};

pub async fn get(product: &Product, path: &str, session: &str) -> Answer {
    product.send(Call::get(path).cookie(session)).await
}

pub async fn post(product: &Product, path: &str, session: &str, form: &str) -> Answer {
    product.send(Call::post(path).cookie(session).same_origin().form(form.to_owned())).await
}

/// What the form below a list has made.
fn made(answer: &Answer, list: &str) -> String {
    assert_eq!(answer.status, 303, "{}", answer.body);
    answer.header("location").strip_prefix(list).unwrap_or_else(|| panic!("{}", answer.header("location"))).to_owned()
}

pub async fn room(product: &Product, kind: RoomKind, name: &str) -> RoomId {
    let rules = RoomRules::checked(name, None, None, None).unwrap();
    let new = NewRoom { kind, rules, password: None, creator: None, contacts: Vec::new() };
    product.service.create_room(&operator(), product.service.default_app(), new).await.unwrap().id
}

async fn join(product: &Product, room: &RoomId, name: &str, key: &str) {
    let client_key = ClientKey::parse(key);
    let join = Join { client_key, nick_name: name.to_owned(), grade: Grade::User, password: None };
    product.service.join(&operator(), room, join).await.unwrap();
}

async fn say(product: &Product, room: &RoomId, words: &str) {
    let message = NewMessage {
        kind: MessageKind::Notice,
        author: Author::manager("Manager"),
        text: words.to_owned(),
        reply_to: None,
        to: None,
        attachment: None,
    };
    product.service.send(&operator(), room, message).await.unwrap();
}

#[tokio::test]
async fn a_room_is_made_and_changed_as_its_form_says() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    for (form, words) in [
        ("name=", "Enter a name"),
        ("name=Lobby&max_users=many", "Enter a whole number."),
        ("name=Lobby&max_users=10001", "Enter a number from 1 to 10,000"),
        ("name=Lobby&opens_at=soon", "Enter a date and a time."),
        ("name=Lobby&opens_at=2026-12-01T10:00&ends_at=2026-12-01T09:00", "after the one at which the room opens"),
    ] {
        let wrong = post(&product, "/rooms/new", &session, form).await;
        assert!(wrong.status == 422 && wrong.body.contains(words), "{form}: {} {}", wrong.status, text(&wrong.body));
    }
    let form = "name=+Lobby+&opens_at=2026-01-01T10:00&ends_at=2027-01-01T10:00&max_users=2&room_password=sesame";
    let id = made(&post(&product, "/rooms/new", &session, form).await, "/rooms/");
    let page = text(&get(&product, &format!("/rooms/{id}"), &session).await.body);
    for words in ["ROOM ID (Channel Key)", &*id, "0 of 2", "2027-01-01 10:00:00 UTC", "Needed to join"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let odd = text(&get(&product, &format!("/rooms/{id}?show=loud&before=x&q="), &session).await.body);
    assert!(odd.contains("The address asks for “loud”, “x”, which no filter understands"), "{odd}");
    let dialog = get(&product, &format!("/rooms/{id}/edit"), &session).await.body;
    assert!(dialog.contains("value=\"2026-01-01T10:00:00\"") && !dialog.contains("sesame"), "{dialog}");
    // A blank password stays as it is, and a tick takes it away.
    let path = format!("/rooms/{id}/edit");
    assert_eq!(post(&product, &path, &session, "name=Hall&room_password=").await.status, 303);
    let kept = product.service.room(&operator(), &RoomId::parse(&id).unwrap()).await.unwrap();
    assert!(kept.has_password && kept.name == "Hall" && kept.ends_at.is_none());
    assert_eq!(post(&product, &path, &session, "name=Hall&no_password=yes").await.status, 303);
    assert!(!product.service.room(&operator(), &kept.id).await.unwrap().has_password);
    let wrong = post(&product, &format!("/rooms/{id}/delete"), &session, "confirm_name=Lobby").await;
    assert!(wrong.status == 422 && wrong.body.contains("Type the name of the room"), "{}", wrong.body);
    let gone = post(&product, &format!("/rooms/{id}/delete"), &session, "confirm_name=Hall").await;
    assert_eq!((gone.status.as_u16(), gone.header("location")), (303, "/rooms"));
    assert_eq!(get(&product, &format!("/rooms/{id}"), &session).await.status, 404);
}

#[tokio::test]
async fn times_of_a_room_are_typed_in_the_zone_that_somebody_chose() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let room = async |id: &str| product.service.room(&operator(), &RoomId::parse(id).unwrap()).await.unwrap();
    let dialog = get(&product, "/rooms/new", &session).await.body;
    assert!(dialog.contains("data-local-times") && dialog.contains("Time zone: UTC."), "{dialog}");
    assert_eq!(post(&product, "/account/time-zone", &session, "time_zone=Europe/Berlin").await.status, 303);
    let dialog = get(&product, "/rooms/new", &session).await.body;
    assert!(!dialog.contains("data-local-times") && dialog.contains("Time zone: Europe/Berlin."), "{dialog}");
    let form = "name=Lobby&opens_at=2026-07-01T10:00&ends_at=2027-01-01T10:00";
    let id = made(&post(&product, "/rooms/new", &session, form).await, "/rooms/");
    let (opens, ends) = (Timestamp::parse_input("2026-07-01T08:00Z"), Timestamp::parse_input("2027-01-01T09:00Z"));
    let kept = room(&id).await;
    assert_eq!((kept.opens_at, kept.ends_at), (opens, ends));
    let page = text(&get(&product, &format!("/rooms/{id}"), &session).await.body);
    assert!(page.contains("2026-07-01 10:00:00 CEST") && page.contains("2027-01-01 10:00:00 CET"), "{page}");
    let path = format!("/rooms/{id}/edit");
    let dialog = get(&product, &path, &session).await.body;
    assert!(dialog.contains("value=\"2026-07-01T10:00:00\""), "{dialog}");
    let same = "name=Lobby&opens_at=2026-07-01T10:00:00&ends_at=2027-01-01T10:00:00";
    assert_eq!(post(&product, &path, &session, same).await.status, 303);
    assert_eq!(room(&id).await, kept);
    // A script sends UTC, and says so. What is shown again is without it.
    let wrong = post(&product, "/rooms/new", &session, "name=&opens_at=2026-07-01T10:00:00Z").await;
    assert!(wrong.status == 422 && wrong.body.contains("value=\"2026-07-01T10:00:00\""), "{}", wrong.body);
}

#[tokio::test]
async fn a_client_key_that_somebody_has_is_an_error_at_its_field() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let id = room(&product, RoomKind::Room, "Lobby").await;
    join(&product, &id, "Ana", "ana").await;
    let taken = post(&product, &format!("/rooms/{id}/join"), &session, "nick_name=Bo&client_key=ana").await;
    assert_eq!(taken.status, 422);
    assert!(taken.body.contains("client_key-error") && taken.body.contains("use another one"), "{}", taken.body);
}

#[tokio::test]
async fn only_an_open_room_is_offered_to_be_joined() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let open = room(&product, RoomKind::Room, "Lobby").await;
    product.clock.advance(Millis::minutes(1));
    let closed = room(&product, RoomKind::Room, "Attic").await;
    product.service.close_room(&operator(), &closed).await.unwrap();
    let (into_open, into_closed) = (format!("/rooms/{open}/join"), format!("/rooms/{closed}/join"));
    let prepare = get(&product, "/integrations/prepare", &session).await.body;
    assert!(prepare.contains(&into_open) && !prepare.contains("Attic"), "{prepare}");
    // Whoever names it sees its calls, and no way in.
    let named = get(&product, &format!("/integrations/prepare?room={closed}"), &session).await.body;
    assert!(named.contains(&format!("/openapi/v1/users/{closed}")) && !named.contains(&into_closed), "{named}");
    assert!(get(&product, &into_open, &session).await.body.contains("client_key"));
    let shut = get(&product, &into_closed, &session).await;
    assert!(shut.status == 200 && shut.body.contains("This is closed or archived"), "{}", shut.body);
    assert!(!shut.body.contains("client_key"), "{}", shut.body);
    // What was typed while it was closed is not lost.
    let late = post(&product, &into_closed, &session, "nick_name=Ana").await;
    assert!(late.body.contains("This is closed or archived") && late.body.contains("value=\"Ana\""), "{}", late.body);
}

#[tokio::test]
async fn the_names_of_others_are_shown_as_text() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let odd = "<script>alert(1)</script>";
    let id = room(&product, RoomKind::Room, odd).await;
    join(&product, &id, odd, "ana").await;
    say(&product, &id, odd).await;
    for page in ["/".to_owned(), "/rooms".to_owned(), format!("/rooms/{id}"), "/integrations/prepare".to_owned()] {
        let answer = get(&product, &page, &session).await;
        assert!(answer.status == 200 && !answer.body.contains("<script>alert"), "{page}");
    }
}

#[tokio::test]
async fn a_room_with_many_participants_shows_some_and_finds_the_others() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let id = room(&product, RoomKind::Room, "Full").await;
    for n in 0..103 {
        join(&product, &id, &format!("User {n:03}"), &format!("key-{n:03}")).await;
    }
    let page = text(&get(&product, &format!("/rooms/{id}"), &session).await.body);
    assert!(page.contains("100 of 103 participants are shown."), "{page}");
    for find in ["user+102", "key-102"] {
        let page = text(&get(&product, &format!("/rooms/{id}?q={find}"), &session).await.body);
        assert!(page.contains("key-102") && !page.contains("key-101"), "{page}");
    }
    let none = text(&get(&product, &format!("/rooms/{id}?q=nobody"), &session).await.body);
    assert!(none.contains("Nobody matches."), "{none}");
}

#[tokio::test]
async fn earlier_messages_are_a_page_further() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let id = room(&product, RoomKind::Room, "Long").await;
    for n in 1..=120 {
        say(&product, &id, &format!("Message {n:03}.")).await;
    }
    let page = get(&product, &format!("/rooms/{id}"), &session).await.body;
    assert!(page.contains("Message 120.") && page.contains("Message 071.") && !page.contains("Message 070."));
    assert!(page.contains("before=71#messages") && page.contains(&format!("/events/rooms?room={id}&amp;after=120")));
    let page = get(&product, &format!("/rooms/{id}?before=71"), &session).await.body;
    assert!(page.contains("Message 070.") && page.contains("Message 021.") && !page.contains("Message 071."));
    assert!(page.contains("Latest messages") && !page.contains("/events/rooms"));
    let first = get(&product, &format!("/rooms/{id}?before=21"), &session).await.body;
    assert!(first.contains("Message 001.") && !first.contains("before="));
    for odd in ["0", "1", "x", "-1", "99999999999999999999"] {
        assert!(
            get(&product, &format!("/rooms/{id}?before={odd}"), &session).await.body.contains("Message 120."),
            "{odd}"
        );
    }
}

#[tokio::test]
async fn chats_are_between_contacts_of_one_app() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let ada = made(&post(&product, "/contacts/new", &session, "first_name=Ada&contact_kind=staff").await, "/contacts/");
    let shop = product.service.create_app(&operator(), "Web shop").await.unwrap().id;
    let form = format!("first_name=Eve&app={shop}");
    let eve = made(&post(&product, "/contacts/new", &session, &form).await, "/contacts/");
    let here = *product.service.default_app();
    let asked = post(&product, "/chats/new", &session, &format!("name=Support&contacts={ada}")).await;
    assert!(asked.status == 422 && asked.body.contains("Choose the app that this will belong to."), "{}", asked.body);
    let foreign = post(&product, "/chats/new", &session, &format!("name=Support&app={here}&contacts={eve}")).await;
    assert_eq!(foreign.status, 404, "{}", text(&foreign.body));
    let form = format!("name=Support&app={here}&contacts={ada}");
    let found = post(&product, "/chats/new", &session, &format!("{form}&press=search_contacts&find_contact=Ada")).await;
    assert!(found.status == 200 && found.body.contains(&format!("value=\"{ada}\" checked")), "{}", found.body);
    let chat = made(&post(&product, "/chats/new", &session, &form).await, "/chats/");
    let page = get(&product, &format!("/chats/{chat}"), &session).await;
    assert!(page.body.contains(&format!("/contacts/{ada}")), "{}", page.body);
    assert!(page.body.contains(&RoomId::parse(&chat).unwrap().to_uuid()));
    // A chat is no room, and a room no chat.
    let other = room(&product, RoomKind::Room, "Lobby").await;
    for path in [format!("/rooms/{chat}"), format!("/chats/{other}"), format!("/rooms/{chat}/join")] {
        assert_eq!(get(&product, &path, &session).await.status, 404, "{path}");
    }
    for (path, form) in [
        (format!("/rooms/{chat}/close"), String::new()),
        (format!("/rooms/{chat}/open"), String::new()),
        (format!("/rooms/{chat}/edit"), "name=Mine".to_owned()),
        (format!("/rooms/{chat}/notice"), "nick_name=M&message=Hi".to_owned()),
        (format!("/rooms/{chat}/participants"), format!("press=mute&client_key={ada}")),
        (format!("/chats/{other}/archive"), String::new()),
        (format!("/chats/{other}/rename"), "name=Mine".to_owned()),
        (format!("/chats/{other}/invite"), format!("contacts={ada}")),
    ] {
        let answer = post(&product, &path, &session, &form).await;
        assert_eq!(answer.status, 404, "{path}: {}", text(&answer.body));
    }
    let contact = text(&get(&product, &format!("/contacts/{ada}"), &session).await.body);
    assert!(contact.contains("Support") && contact.contains(&ContactId::parse(&ada).unwrap().to_uuid()), "{contact}");
    // With several apps and none chosen, contacts are not mixed.
    assert!(get(&product, "/contacts", &session).await.body.contains("Choose an app"));
    let list = text(&get(&product, "/chats", &session).await.body);
    assert!(list.contains("Support") && list.contains("Default"), "{list}");
}

#[tokio::test]
async fn the_audit_calls_a_chat_a_chat_and_a_room_a_room() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    room(&product, RoomKind::Room, "Lobby").await;
    let chat = room(&product, RoomKind::Chat, "Support").await;
    for (path, form) in [("rename", "name=Sales"), ("archive", ""), ("restore", "")] {
        assert_eq!(post(&product, &format!("/chats/{chat}/{path}"), &session, form).await.status, 303, "{path}");
    }
    let page = text(&get(&product, "/audit", &session).await.body);
    let (_, rows) = page.rsplit_once("Date and time").unwrap();
    for words in ["Room created", "Chat created", "Chat changed", "Chat archived", "Chat brought back"] {
        assert!(rows.contains(words), "{words}: {rows}");
    }
    assert!(!rows.contains("Room changed") && !rows.contains("Room or chat"), "{rows}");
}

#[tokio::test]
async fn an_api_key_is_revealed_to_an_owner_who_just_proved_it() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let app = *product.service.default_app();
    let masked = product.service.member_key(&operator(), &app).await.unwrap().masked();
    let dashboard = get(&product, "/", &session).await;
    assert!(dashboard.body.contains(&masked) && dashboard.body.contains("Re-issue"));
    product.clock.advance(Millis::minutes(6));
    let asked = post(&product, "/", &session, &format!("app={app}")).await;
    assert!(asked.status == 401 && asked.body.contains("Confirm that it is you"), "{}", asked.body);
    let proved = format!("app={app}&proof_password={}", PASSWORD.replace(' ', "+"));
    let shown = post(&product, "/", &session, &proved).await;
    assert_eq!((shown.status.as_u16(), shown.header("cache-control")), (200, "no-store"));
    let key = shown.body.split("id=\"api-key\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
    assert_eq!((key.len(), key.split('-').count(), &key[..13]), (42, 5, &masked[..13]), "{key}");
    // No other page has it.
    for page in ["/", "/audit", "/integrations/prepare", &format!("/member-key/reissue?app={app}")] {
        assert!(!get(&product, page, &session).await.body.contains(&key), "{page}");
    }
    let form = format!("app={app}&form_id={}", product.service.new_form_id().unwrap());
    let again = post(&product, "/member-key/reissue", &session, &form).await;
    assert!(again.status == 200 && !again.body.contains(&key) && again.body.contains("is re-issued"), "{}", again.body);
    let fresh = product.service.member_key(&operator(), &app).await.unwrap().masked();
    assert_ne!(fresh, masked);
    // Loaded once more, the page does not make another one.
    let twice = post(&product, "/member-key/reissue", &session, &form).await;
    assert!(twice.status == 409 && twice.body.contains("has re-issued the API KEY already"), "{}", twice.body);
    assert!(!twice.body.contains("<form class=\"narrow"), "{}", twice.body);
    assert_eq!(product.service.member_key(&operator(), &app).await.unwrap().masked(), fresh);
}

#[tokio::test]
async fn with_several_apps_each_has_an_api_key_of_its_own() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    // The oldest app comes first.
    product.clock.advance(Millis::seconds(1));
    let shop = product.service.create_app(&operator(), "Web shop").await.unwrap().id;
    let first = product.service.member_key(&operator(), product.service.default_app()).await.unwrap().masked();
    let page = get(&product, "/", &session).await.body;
    assert!(page.contains("Each app has an API KEY of its own.") && page.contains(&first), "{}", text(&page));
    assert!(page.contains(&format!("href=\"/?app={shop}\"")), "{page}");
    let other = product.service.member_key(&operator(), &shop).await.unwrap().masked();
    let page = get(&product, &format!("/?app={shop}"), &session).await.body;
    assert!(page.contains(&other) && !page.contains(&first), "{}", text(&page));
    post(&product, "/apps/choose", &session, &format!("app={shop}&back=/")).await;
    let masked = product.service.member_key(&operator(), &shop).await.unwrap().masked();
    let page = get(&product, "/", &session).await.body;
    assert!(page.contains(&masked) && text(&page).contains("Of the app Web shop"), "{}", text(&page));
}

async fn next(stream: &mut BodyDataStream) -> Option<String> {
    let piece = timeout(Duration::from_mins(1), stream.next()).await.expect("nothing came");
    piece.map(|piece| String::from_utf8(piece.unwrap().to_vec()).unwrap())
}

#[tokio::test]
async fn messages_are_streamed_as_the_page_shows_them_from_where_it_ends() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let id = room(&product, RoomKind::Room, "Live").await;
    say(&product, &id, "One").await;
    say(&product, &id, "Two & <b>two</b>").await;
    let address = format!("/events/rooms?room={id}&after=1");
    let response = product.send_raw(Call::get(&address).cookie(&session).header("accept-encoding", "br")).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert!(!response.headers().contains_key("content-encoding"));
    let mut stream = response.into_body().into_data_stream();
    assert!(next(&mut stream).await.unwrap().contains("retry: 1000"));
    let event = next(&mut stream).await.unwrap();
    assert!(event.contains("id: 2\n") && event.contains("Two &amp; &lt;b&gt;two&lt;/b&gt;"), "{event}");
    let data = event.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
    let html: String = serde_json::from_str(data).unwrap();
    let page = get(&product, &format!("/rooms/{id}"), &session).await.body;
    assert!(text(&page).contains(&text(&html)), "{html}\n{page}");
    assert!(text(&page).contains("1 Manager notice One"), "what the name says is not said again: {}", text(&page));
    say(&product, &id, "Three\nlines\nhere").await;
    assert!(next(&mut stream).await.unwrap().contains("id: 3\n"));
    // A browser that comes again says what it had.
    let again = product.send_raw(Call::get(&address).cookie(&session).header("last-event-id", "2")).await;
    let mut again = again.into_body().into_data_stream();
    next(&mut again).await.unwrap();
    assert!(next(&mut again).await.unwrap().contains("id: 3\n"));
    product.shutdown.cancel();
    assert_eq!(next(&mut stream).await, None, "a stream must not outlive the server");
}

#[tokio::test]
async fn a_deleted_message_loses_what_it_said_also_on_a_page_that_shows_it() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let id = room(&product, RoomKind::Room, "Live").await;
    say(&product, &id, "Secret words").await;
    say(&product, &id, "Other words").await;
    product.service.delete_message(&operator(), &id, 1).await.unwrap();
    let page = text(&get(&product, &format!("/rooms/{id}"), &session).await.body);
    assert!(page.contains("This message was deleted.") && page.contains("Other words"), "{page}");
    assert!(!page.contains("Secret words"), "{page}");
    // The page was made before that, and shows both.
    let call = Call::get(&format!("/events/rooms?room={id}&after=2")).cookie(&session);
    let mut stream = product.send_raw(call).await.into_body().into_data_stream();
    next(&mut stream).await.unwrap();
    let event = next(&mut stream).await.unwrap();
    assert!(event.contains("event: deleted\n") && event.contains("m-1") && !event.contains("id: "), "{event}");
    say(&product, &id, "Later words").await;
    assert!(next(&mut stream).await.unwrap().contains("id: 3\n"));
}

#[tokio::test]
async fn only_a_room_that_one_may_see_can_be_watched() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    for room in ["000000000000000000000000", "", "..", "a%00b"] {
        let call = Call::get(&format!("/events/rooms?room={room}")).cookie(&session);
        assert_eq!(product.send(call).await.status, 404, "{room}");
    }
    let id = room(&product, RoomKind::Room, "Live").await;
    for (path, status) in [("/events/rooms".to_owned(), 400), (format!("/events/rooms?room={id}&after=x"), 400)] {
        assert_eq!(product.send(Call::get(&path).cookie(&session)).await.status.as_u16(), status, "{path}");
    }
    let answer = product.send(Call::get(&format!("/events/rooms?room={id}"))).await;
    assert_eq!(answer.status, 401, "a script is not sent to a page");
}
