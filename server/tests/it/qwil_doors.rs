//! Who may not: keys, permissions, addresses, contacts and bodies that `/chat-service/api/…` refuses, each with its code.

use domain::contact::{Contact, ContactKind};
use domain::draft::KeyDraft;
use domain::key::RevokeReason;
use domain::room::{RoomKind, RoomRules};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use service::chat::rooms::NewRoom;
use service::keys::ShownSecret;

use crate::qwil_caller::{ALL, API, Master, client, contact, issued, master, master_draft};
use crate::support::{Answer, Call, Product, list, operator, service_key};

/// Every endpoint with a call that is right but for what a test changes: method, path, body, and the permission.
fn endpoints(chat: &str, contact: &Contact) -> Vec<(&'static str, String, Option<Value>, &'static str)> {
    let uuid = contact.id.to_uuid();
    let post = |path: &str, body: Value, needs| ("POST", path.to_owned(), Some(body), needs);
    let get = |path: String, needs| ("GET", path, None, needs);
    vec![
        post("chats/create", json!({ "title": "T", "entity_user_xref_uuids": [] }), "chats.write"),
        post("chats/rename", json!({ "chat_uuid": chat, "title": "T" }), "chats.write"),
        post("chats/invite", json!({ "chat_uuid": chat, "entity_user_xref_uuids": [uuid] }), "chats.write"),
        post("chats/messages/send-text", json!({ "chat_uuid": chat, "text": "T" }), "chats.write"),
        post("chats/archive", json!({ "chat_uuid": chat, "archived": false }), "chats.write"),
        post("chats/butler-says/send-text", json!({ "text": "T" }), "chats.write"),
        get("chats".to_owned(), "chats.read"),
        get(format!("chats?chat_uuid={chat}"), "chats.read"),
        get(format!("chats/messages/range?chat_uuid={chat}"), "chats.read"),
        get("entity-memberships".to_owned(), "chats.read"),
        get("chats/export".to_owned(), "chats.export"),
        get(format!("contacts?uuid={uuid}"), "contacts.manage"),
        get("contacts/list".to_owned(), "contacts.manage"),
        post("contacts/invite", json!({ "email": "n@example.org", "first_name": "N" }), "contacts.manage"),
    ]
}

async fn send(product: &Product, key: &Master, method: &str, path: &str, body: Option<&Value>, by: &Contact) -> Answer {
    let call = key.call(method, path).header("on-behalf-of", &by.id.to_uuid());
    let call = match body {
        Some(body) => call.json(body.to_string()),
        None => call,
    };
    product.send(call).await
}

#[tokio::test]
async fn each_permission_opens_its_own_endpoints_and_no_other() {
    let product = Product::start().await;
    let all = master(&product, &ALL).await;
    let admin = contact(&product, "Ada", ContactKind::Staff, true).await;
    let chat = all.chat(&product, &[&admin]).await;
    for permission in ALL {
        let key = master(&product, &[permission]).await;
        for (method, path, body, needs) in endpoints(&chat, &admin) {
            let answer = send(&product, &key, method, &path, body.as_ref(), &admin).await;
            let also = path == "entity-memberships" && permission == "contacts.manage";
            if needs == permission || also {
                assert_eq!(answer.status, 200, "{permission}: {method} {path}: {}", answer.body);
            } else {
                answer.qwil_error(403, "RF731");
            }
        }
    }
    let nothing = master(&product, &[]).await;
    for (method, path, body, _) in endpoints(&chat, &admin) {
        send(&product, &nothing, method, &path, body.as_ref(), &admin).await.qwil_error(403, "RF731");
    }
}

#[tokio::test]
async fn both_headers_are_needed_and_have_to_belong_together() {
    let product = Product::start().await;
    let (key, other, ada) = (master(&product, &ALL).await, master(&product, &ALL).await, client(&product, "Ada").await);
    let call = |id: Option<&str>, secret: Option<&str>| {
        let mut call = Call::get(&format!("{API}/chats")).header("on-behalf-of", &ada.id.to_uuid());
        for (name, value) in [("X-MASTER-USER-API-KEY", id), ("X-MASTER-USER-API-KEY-SECRET", secret)] {
            if let Some(value) = value {
                call = call.header(name, value);
            }
        }
        call
    };
    let (id, secret) = (key.id.as_str(), key.secret.as_str());
    assert_eq!(product.send(call(Some(id), Some(secret))).await.status, 200);
    let wrong = testkit::damaged(secret);
    for (id, secret) in [
        (None, None),
        (Some(id), None),
        (None, Some(secret)),
        (Some(""), Some("")),
        (Some(id), Some(&*wrong)),
        (Some(id), Some(other.secret.as_str())),
        (Some(other.id.as_str()), Some(secret)),
        (Some(secret), Some(id)),
        (Some("mk_7Qm2xVbN4tRa"), Some(secret)),
    ] {
        product.send(call(id, secret)).await.qwil_error(401, "RU001");
    }
    let twice = call(Some(id), Some(secret)).header("X-MASTER-USER-API-KEY", id);
    product.send(twice).await.qwil_error(401, "RU001");
    // The headers of User keys, and the pair of another kind, open nothing here.
    let user = Call::get(&format!("{API}/chats")).header("X-USER-API-KEY", id).header("X-USER-API-KEY-SECRET", secret);
    product.send(user).await.qwil_error(401, "RU001");
    let token = product.token(service_key("Service")).await;
    let mut parts = token.splitn(3, '_');
    let (prefix, key_id, rest) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
    product.send(call(Some(&format!("{prefix}_{key_id}")), Some(rest))).await.qwil_error(401, "RU001");
}

#[tokio::test]
async fn a_key_that_is_off_opens_nothing() {
    let product = Product::start().await;
    let ada = client(&product, "Ada").await;
    let (service, operator) = (&product.service, operator());
    let key = master(&product, &ALL).await;
    service.disable(&operator, &key.key, None).await.unwrap();
    key.get(&product, "chats", &ada).await.qwil_error(401, "RU002");
    service.enable(&operator, &key.key, None).await.unwrap();
    assert_eq!(key.get(&product, "chats", &ada).await.status, 200);
    service.revoke(&operator, &key.key, RevokeReason::Superseded, None).await.unwrap();
    key.get(&product, "chats", &ada).await.qwil_error(401, "RU002");
    let waiting = service.issue(&operator, service.default_app(), &master_draft(&ALL), "form-0123456789abcdef").await;
    let ShownSecret::Pair { id, secret } = waiting.unwrap().shown else { panic!() };
    let pending = Master { key: key.key, id, secret: secret.expose_secret().to_owned() };
    pending.get(&product, "chats", &ada).await.qwil_error(401, "RU002");
    let gone = master(&product, &ALL).await;
    service.disable(&operator, &gone.key, None).await.unwrap();
    service.delete(&operator, &gone.key, "Chats").await.unwrap();
    gone.get(&product, "chats", &ada).await.qwil_error(401, "RU001");
    let other = service.create_app(&operator, "Other").await.unwrap();
    let there = service.issue_acknowledged(&operator, &other.id, &master_draft(&ALL)).await.unwrap();
    let ShownSecret::Pair { id, secret } = there.shown else { panic!() };
    let there = Master { key: there.key.row.id, id, secret: secret.expose_secret().to_owned() };
    there.get(&product, "chats", &ada).await.qwil_error(404, "RN006");
    service.archive_app(&operator, &other.id).await.unwrap();
    there.get(&product, "chats", &ada).await.qwil_error(404, "RN900");
}

#[tokio::test]
async fn a_key_is_used_from_its_networks_alone() {
    let product = Product::start().await;
    let ada = client(&product, "Ada").await;
    let cidrs = list(&["203.0.113.0/24", "198.51.100.7", "2001:db8::/32", "2001:db9::7"]);
    let key = issued(&product, KeyDraft { cidrs, ..master_draft(&ALL) }).await;
    let from = async |peer: &str| {
        let call = key.call("GET", "chats").header("on-behalf-of", &ada.id.to_uuid()).peer(peer);
        product.send(call).await
    };
    for inside in ["203.0.113.9", "198.51.100.7", "2001:db8::1", "2001:db9::7", "::ffff:203.0.113.9"] {
        assert_eq!(from(inside).await.status, 200, "{inside}");
    }
    for outside in ["203.0.114.9", "198.51.100.8", "2001:dba::1", "2001:db9::8", "127.0.0.1"] {
        from(outside).await.qwil_error(403, "RF732");
    }
}

#[tokio::test]
async fn an_edit_of_a_key_holds_on_the_next_call() {
    let product = Product::start().await;
    let (key, ada) = (master(&product, &["chats.read"]).await, client(&product, "Ada").await);
    let (service, operator) = (&product.service, operator());
    let edit = async |draft: KeyDraft| {
        let revision = service.key(&operator, &key.key).await.unwrap().revision;
        service.edit(&operator, &key.key, &draft, revision).await.unwrap();
    };
    assert_eq!(key.get(&product, "chats", &ada).await.status, 200);
    edit(KeyDraft { permissions: list(&[]), boxes: vec!["chats.write".to_owned()], ..KeyDraft::default() }).await;
    key.get(&product, "chats", &ada).await.qwil_error(403, "RF731");
    key.post(&product, "chats/create", &ada, &json!({ "title": "T" })).await.done();
    edit(KeyDraft { cidrs: list(&["203.0.113.0/24"]), ..KeyDraft::default() }).await;
    key.post(&product, "chats/create", &ada, &json!({ "title": "T" })).await.qwil_error(403, "RF732");
}

#[tokio::test]
async fn on_behalf_of_is_needed_and_names_one_contact_of_the_app() {
    let product = Product::start().await;
    let (key, ada, bo) = (master(&product, &ALL).await, client(&product, "Ada").await, client(&product, "Bo").await);
    let chat = key.chat(&product, &[&ada]).await;
    for (method, path, body, _) in endpoints(&chat, &ada) {
        let call = key.call(method, &path);
        let call = if let Some(body) = &body { call.json(body.to_string()) } else { call };
        let answer = product.send(call).await;
        match path.as_str() {
            "chats/butler-says/send-text" | "chats/export" | "contacts/list" => {
                assert_eq!(answer.status, 200, "{path}");
            }
            "entity-memberships" => drop(answer.qwil_error(400, "RB785")),
            path if path.starts_with("contacts?") => assert_eq!(answer.status, 200, "{path}"),
            _ => drop(answer.qwil_error(400, "RB786")),
        }
    }
    let (a, b) = (ada.id.to_uuid(), bo.id.to_uuid());
    let ask = async |header: Option<&str>, query: &str| {
        let call = key.call("GET", &format!("chats{query}"));
        product.send(if let Some(header) = header { call.header("on-behalf-of", header) } else { call }).await
    };
    assert_eq!(ask(None, &format!("?on-behalf-of={a}")).await.status, 200);
    assert_eq!(ask(Some(&a), &format!("?on-behalf-of={}", a.to_uppercase())).await.status, 200);
    ask(Some(&a), &format!("?on-behalf-of={b}")).await.qwil_error(400, "RB787");
    ask(None, &format!("?on-behalf-of={a}&on-behalf-of={b}")).await.qwil_error(400, "RB787");
    for wrong in ["", "x", "crm/Ada", "ada@example.com"] {
        ask(Some(wrong), "").await.qwil_error(400, "RB001");
    }
    for nobody in [
        "01234567-89ab-8cde-8f01-234567000000",
        "6fa459ea-ee8a-4ca4-894e-db77e160355e",
        "00000000-0000-0000-0000-000000000000",
    ] {
        ask(Some(nobody), "").await.qwil_error(404, "RN006");
    }
    product.service.disable_contact(&operator(), &bo.id).await.unwrap();
    let inactive = ask(Some(&b), "").await.qwil_error(403, "RF024");
    assert!(!inactive.contains("enable"), "a program cannot: {inactive}");
    let entity = key.call("GET", "chats").header("on-behalf-of", &a).header("on-behalf-of-entity-uuid", &b);
    product.send(entity).await.qwil_error(403, "RF841");
}

#[tokio::test]
async fn what_somebody_is_not_in_does_not_exist_for_them() {
    let product = Product::start().await;
    let (key, ada, bo) = (master(&product, &ALL).await, client(&product, "Ada").await, client(&product, "Bo").await);
    let chat = key.chat(&product, &[&ada]).await;
    // A room of VChatCloud is no chat, even for those who are in it.
    let (service, app) = (&product.service, *product.service.default_app());
    let contacts = service.named_contacts(&operator(), &app, &[ada.id]).await.unwrap();
    let rules = RoomRules::checked("Lobby", None, None, None).unwrap();
    let new = NewRoom { kind: RoomKind::Room, rules, password: None, creator: None, contacts };
    let room = service.create_room(&operator(), &app, new).await.unwrap().id.to_uuid();
    for (chat, by) in [(&chat, &bo), (&room, &ada)] {
        for (method, path, body, needs) in endpoints(chat, &ada) {
            let is_about_it = path.contains(chat) || body.as_ref().is_some_and(|body| !body["chat_uuid"].is_null());
            if needs.starts_with("chats") && is_about_it {
                send(&product, &key, method, &path, body.as_ref(), by).await.qwil_error(404, "RN006");
            }
        }
    }
    for unknown in ["01234567-89ab-8cde-8f01-234567000000", "x", "00000000-0000-0000-0000-000000000000"] {
        key.get(&product, &format!("chats?chat_uuid={unknown}"), &ada).await.qwil_error(404, "RN006");
        let body = json!({ "chat_uuid": unknown, "text": "X" });
        key.post(&product, "chats/messages/send-text", &ada, &body).await.qwil_error(404, "RN006");
        let body = json!({ "title": "X", "entity_user_xref_uuids": [unknown] });
        key.post(&product, "chats/create", &ada, &body).await.qwil_error(404, "RN006");
    }
    product.service.disable_contact(&operator(), &bo.id).await.unwrap();
    let body = json!({ "title": "X", "entity_user_xref_uuids": [bo.id.to_uuid()] });
    key.post(&product, "chats/create", &ada, &body).await.qwil_error(403, "RF024");
}

#[tokio::test]
async fn bad_bodies_are_errors_in_the_same_form() {
    let product = Product::start().await;
    let (key, ada) = (master(&product, &ALL).await, client(&product, "Ada").await);
    let chat = key.chat(&product, &[&ada]).await;
    let raw = async |path: &str, kind: &str, body: String| {
        let call = key.call("POST", path).header("on-behalf-of", &ada.id.to_uuid());
        product.send(call.header("content-type", kind).body(body)).await
    };
    let posts: Vec<_> = endpoints(&chat, &ada).into_iter().filter(|(method, ..)| *method == "POST").collect();
    for (_, path, _, _) in &posts {
        for broken in ["", "{", "[]", "null", "1", "\"x\"", "{\"chat_uuid\":", "\u{0}"] {
            raw(path, "application/json", broken.to_owned()).await.qwil_error(400, "RB001");
        }
        raw(path, "text/plain", "{}".to_owned()).await.qwil_error(415, "RB415");
        raw(path, "application/x-www-form-urlencoded", "title=T".to_owned()).await.qwil_error(415, "RB415");
        let large = json!({ "title": "x".repeat(1_000_000) }).to_string();
        raw(path, "application/json", large).await.qwil_error(413, "RB413");
        let nested = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        raw(path, "application/json", nested).await.qwil_error(400, "RB001");
        let empty = raw(path, "application/json", "{}".to_owned()).await;
        assert_eq!(empty.status, 400, "{path}: {}", empty.body);
    }
    let post = async |path: &str, body: Value| key.post(&product, path, &ada, &body).await;
    for wrong in [json!(1), json!({}), json!([1]), json!("x"), json!(true)] {
        post("chats/create", json!({ "title": "T", "entity_user_xref_uuids": wrong })).await.qwil_error(400, "RB001");
        let text = json!({ "chat_uuid": chat, "text": if wrong.is_string() { json!(7) } else { wrong.clone() } });
        post("chats/messages/send-text", text).await.qwil_error(400, "RB001");
    }
    for (title, status) in
        [("t".repeat(100), 200), ("t".repeat(101), 400), (" ".to_owned(), 400), ("a\nb".to_owned(), 400)]
    {
        assert_eq!(post("chats/create", json!({ "title": title })).await.status, status, "{title}");
    }
    let many: Vec<_> = (0..201).map(|_| ada.id.to_uuid()).collect();
    post("chats/create", json!({ "title": "T", "entity_user_xref_uuids": many })).await.qwil_error(400, "RB001");
    post("chats/archive", json!({ "chat_uuid": chat, "archived": "yes" })).await.qwil_error(400, "RB001");
    post("chats/rename", json!({ "title": "T" })).await.qwil_error(400, "RB785");
    post("chats/messages/send-text", json!({ "chat_uuid": chat, "text": "T", "reply_to_seq": -1 }))
        .await
        .qwil_error(400, "RB001");
    let new = |title: &str| json!({ "title": title });
    let wrong = post("chats/create", new("a\nb")).await.qwil_error(400, "RB001");
    assert!(wrong.starts_with("title: "), "{wrong}");
    let wrong = post("chats/messages/send-text", json!({ "chat_uuid": chat, "text": "a\u{1b}b" })).await;
    let wrong = wrong.qwil_error(400, "RB001");
    assert!(wrong.starts_with("text: "), "{wrong}");
    // A client may send more than Keystead reads.
    post("chats/create", json!({ "title": "T", "color": "red", "avatar": null })).await.done();
}

#[tokio::test]
async fn messages_sent_at_the_same_time_leave_no_gap() {
    let product = Product::start().await;
    let (key, ada) = (master(&product, &ALL).await, client(&product, "Ada").await);
    let chat = key.chat(&product, &[&ada]).await;
    let before = key.messages(&product, &ada, &chat).await.len();
    let sends = (0..40).map(|n| {
        let (product, key, ada, chat) = (&product, &key, &ada, &chat);
        async move { key.says(product, ada, chat, &format!("Message {n}")).await["seq"].as_u64().unwrap() }
    });
    let mut seqs = futures::future::join_all(sends).await;
    seqs.sort_unstable();
    let first = u64::try_from(before).unwrap() + 1;
    assert_eq!(seqs, (first..first + 40).collect::<Vec<_>>());
}
