//! `/chat-service/api/…`: what a client of Qwil's Master API reads and does.

use domain::audit::Action;
use domain::audit_query::AuditQuery;
use domain::contact::ContactKind;
use domain::draft::KeyDraft;
use serde_json::{Value, json};

use crate::qwil_caller::{ALL, API, client, contact, issued, master, master_draft};
use crate::support::{Call, Product, list, operator, service_key};

fn texts(messages: &[Value]) -> Vec<&str> {
    messages.iter().map(|message| message["text"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_chat_is_created_with_its_title_and_participants() {
    let product = Product::start().await;
    let (key, ada, bo) = (master(&product, &ALL).await, client(&product, "Ada").await, client(&product, "Bo").await);
    let body = json!({ "entity_user_xref_uuids": [bo.id.to_uuid()], "title": "Test" });
    let chat = key.post(&product, "chats/create", &ada, &body).await.done();
    assert_eq!((&chat["title"], &chat["archived"], &chat["type"]), (&json!("Test"), &json!(false), &json!("chat")));
    assert_eq!(chat["created_by"], ada.id.to_uuid());
    let uuid = chat["chat_uuid"].as_str().unwrap();
    let found = key.get(&product, &format!("chats?chat_uuid={uuid}"), &bo).await.done();
    let mut inside: Vec<_> = found["participants"].as_array().unwrap().iter().collect();
    inside.sort_by_key(|one| one["name"].to_string());
    assert_eq!((&inside[0]["name"], &inside[1]["name"]), (&json!("Ada Example"), &json!("Bo Example")));
    assert_eq!(inside[0]["entity_user_xref_uuid"], ada.id.to_uuid());
    let listed = key.get(&product, "chats", &bo).await.done();
    assert_eq!(listed["chats"][0]["chat_uuid"], uuid);
    assert_eq!(listed["chats"].as_array().unwrap().len(), 1);
    assert!(listed["next"].is_null());
    for wrong in ["x", "%00", "0123456789abcdef01234567", "0123456789abcdef01234567~x"] {
        let answer = key.get(&product, &format!("chats?after={wrong}"), &bo).await;
        assert!(answer.qwil_error(400, "RB001").starts_with("after: "), "{wrong}");
    }
}

#[tokio::test]
async fn a_chat_is_renamed_gets_participants_and_is_archived() {
    let product = Product::start().await;
    let (key, ada) = (master(&product, &ALL).await, client(&product, "Ada").await);
    let (bo, cy) = (client(&product, "Bo").await, client(&product, "Cy").await);
    let chat = key.chat(&product, &[&ada, &bo]).await;
    let renamed = key.post(&product, "chats/rename", &bo, &json!({ "chat_uuid": chat, "title": "Support" })).await;
    assert_eq!(renamed.done()["title"], "Support");
    let invite = json!({ "chat_uuid": chat, "entity_user_xref_uuids": [cy.id.to_uuid()] });
    key.get(&product, &format!("chats?chat_uuid={chat}"), &cy).await.qwil_error(404, "RN006");
    key.post(&product, "chats/invite", &ada, &invite).await.done();
    let messages = key.messages(&product, &cy, &chat).await;
    let system: Vec<_> = messages.iter().filter(|message| message["type"] == "system").cloned().collect();
    assert!(texts(&system).contains(&"The chat is now called Support"), "{system:?}");
    assert!(texts(&system).contains(&"Cy Example was added"), "{system:?}");
    let archive = |archived: bool| json!({ "chat_uuid": chat, "archived": archived });
    assert_eq!(key.post(&product, "chats/archive", &ada, &archive(true)).await.done()["archived"], true);
    let late = json!({ "chat_uuid": chat, "text": "Late" });
    key.post(&product, "chats/messages/send-text", &ada, &late).await.qwil_error(409, "RB409");
    let listed = async |path: &str| key.get(&product, path, &ada).await.done()["chats"].as_array().unwrap().len();
    assert_eq!((listed("chats").await, listed("chats?archived=true").await), (0, 1));
    assert_eq!(key.post(&product, "chats/archive", &ada, &archive(false)).await.done()["archived"], false);
    key.says(&product, &ada, &chat, "Again").await;
}

#[tokio::test]
async fn a_message_is_sent_on_behalf_of_any_contact() {
    let product = Product::start().await;
    let (key, ada, bo) = (master(&product, &ALL).await, client(&product, "Ada").await, client(&product, "Bo").await);
    let chat = key.chat(&product, &[&ada, &bo]).await;
    let first = key.says(&product, &ada, &chat, " Hi\r\n<b>there</b> ").await;
    assert_eq!(
        first["sender"],
        json!({
            "type": "contact", "entity_user_xref_uuid": ada.id.to_uuid(), "name": "Ada Example",
        })
    );
    assert_eq!((&first["text"], &first["type"]), (&json!("Hi\n<b>there</b>"), &json!("text")));
    let seq = first["seq"].as_u64().unwrap();
    // As the public caller of Qwil sends it: in the query.
    let path = format!("chats/messages/send-text?on-behalf-of={}", bo.id.to_uuid());
    let reply = json!({ "chat_uuid": chat, "text": "Hello", "reply_to_seq": seq });
    let reply = product.send(key.call("POST", &path).json(reply.to_string())).await.done();
    assert_eq!((&reply["reply_to_seq"], &reply["sender"]["name"]), (&json!(seq), &json!("Bo Example")));
    assert_eq!(reply["seq"], seq + 1);
    let none = json!({ "chat_uuid": chat, "text": "Plain", "reply_to_seq": 0 });
    assert!(key.post(&product, "chats/messages/send-text", &ada, &none).await.done()["reply_to_seq"].is_null());
    let unknown = json!({ "chat_uuid": chat, "text": "X", "reply_to_seq": 999 });
    key.post(&product, "chats/messages/send-text", &ada, &unknown).await.qwil_error(404, "RN006");
    let (most, over) = ("é".repeat(5_000), "é".repeat(5_001));
    key.says(&product, &ada, &chat, &most).await;
    let over = json!({ "chat_uuid": chat, "text": over });
    key.post(&product, "chats/messages/send-text", &ada, &over).await.qwil_error(400, "RB001");
}

#[tokio::test]
async fn messages_are_read_from_one_number_to_another_with_those_of_the_system() {
    let product = Product::start().await;
    let (key, ada, bo) = (master(&product, &ALL).await, client(&product, "Ada").await, client(&product, "Bo").await);
    let chat = key.chat(&product, &[&ada, &bo]).await;
    key.post(&product, "chats/rename", &ada, &json!({ "chat_uuid": chat, "title": "Numbers" })).await.done();
    for n in 1..=5 {
        key.says(&product, &ada, &chat, &format!("Message {n}")).await;
    }
    let all = key.messages(&product, &bo, &chat).await;
    assert!(all.iter().zip(1_u64..).all(|(message, seq)| message["seq"] == seq), "{all:?}");
    assert!(all.iter().any(|message| message["type"] == "system"));
    let last = u64::try_from(all.len()).unwrap();
    let range = async |query: &str| {
        let path = format!("chats/messages/range?chat_uuid={chat}&{query}");
        key.get(&product, &path, &bo).await
    };
    let some = range(&format!("from_seq={}&to_seq={}", last - 2, last - 1)).await.done();
    assert_eq!(texts(some["messages"].as_array().unwrap()), ["Message 3", "Message 4"]);
    assert!(some["next_seq"].is_null());
    let some = range(&format!("from_seq={}&limit=2", last - 2)).await.done();
    assert_eq!(some["next_seq"], last);
    assert_eq!(range(&format!("from_seq={}", last + 1)).await.done()["messages"], json!([]));
    for wrong in ["from_seq=x", "from_seq=-1", "from_seq=5&to_seq=4", "limit=0", "limit=1001", "from_seq=1&from_seq=2"]
    {
        range(wrong).await.qwil_error(400, "RB001");
    }
}

#[tokio::test]
async fn memberships_of_a_user_are_told_to_whoever_reads_chats_or_contacts() {
    let product = Product::start().await;
    let (key, ada, bo) = (master(&product, &ALL).await, client(&product, "Ada").await, client(&product, "Bo").await);
    let chat = key.chat(&product, &[&ada, &bo]).await;
    for query in ["entity_user_xref_uuid=UUID", "uuid=UUID", "identifier=crm/Bo", "email=BO@example.com"] {
        let path = format!("entity-memberships?{}", query.replace("UUID", &bo.id.to_uuid()));
        let found = product.send(key.call("GET", &path)).await.done();
        assert_eq!(
            (&found["entity_user_xref_uuid"], &found["entity_name"]),
            (&json!(bo.id.to_uuid()), &json!("Default"))
        );
        assert_eq!(found["chats"][0]["chat_uuid"], chat);
        assert!(found["chats"][0]["joined_at"].is_string());
    }
    let mine = key.get(&product, "entity-memberships", &ada).await.done();
    assert_eq!((&mine["entity_user_xref_uuid"], &mine["is_me"]), (&json!(ada.id.to_uuid()), &json!(true)));
    let contacts = master(&product, &["contacts.manage"]).await;
    assert!(contacts.get(&product, "entity-memberships", &ada).await.done()["chats"].is_null());
    product.send(key.call("GET", "entity-memberships")).await.qwil_error(400, "RB785");
    master(&product, &["chats.write"]).await.get(&product, "entity-memberships", &ada).await.qwil_error(403, "RF731");
}

#[tokio::test]
async fn the_butler_writes_to_everybody_and_needs_no_on_behalf_of() {
    let product = Product::start().await;
    let key = master(&product, &ALL).await;
    let ada = contact(&product, "Ada", ContactKind::Staff, true).await;
    let (bo, cy) = (client(&product, "Bo").await, client(&product, "Cy").await);
    let say =
        async |body: Value| product.send(key.call("POST", "chats/butler-says/send-text").json(body.to_string())).await;
    let everybody = say(json!({ "text": "Hello {{first_name}} {{last_name}}, we close at noon." })).await.done();
    assert_eq!(everybody, json!({ "receivers": 3 }));
    for (contact, name) in [(&ada, "Ada"), (&bo, "Bo"), (&cy, "Cy")] {
        let chats = key.get(&product, "chats", contact).await.done();
        assert_eq!((&chats["chats"][0]["type"], &chats["chats"][0]["title"]), (&json!("butler"), &json!("Butler")));
        let chat = chats["chats"][0]["chat_uuid"].as_str().unwrap();
        let messages = key.messages(&product, contact, chat).await;
        assert_eq!(texts(&messages), [format!("Hello {name} Example, we close at noon.")]);
        assert_eq!(messages[0]["sender"], json!({ "type": "butler", "entity_user_xref_uuid": null, "name": "Butler" }));
    }
    let butler = key.get(&product, "chats", &ada).await.done()["chats"][0]["chat_uuid"].clone();
    for (path, body) in [
        ("chats/rename", json!({ "chat_uuid": butler, "title": "Mine" })),
        ("chats/archive", json!({ "chat_uuid": butler, "archived": true })),
        ("chats/invite", json!({ "chat_uuid": butler, "entity_user_xref_uuids": [bo.id.to_uuid()] })),
        ("chats/messages/send-text", json!({ "chat_uuid": butler, "text": "Hi" })),
    ] {
        key.post(&product, path, &ada, &body).await.qwil_error(409, "RB409");
    }
    assert_eq!(say(json!({ "text": "Staff", "user_type": "staff" })).await.done()["receivers"], 1);
    assert_eq!(say(json!({ "text": "Clients", "user_type": "clients" })).await.done()["receivers"], 2);
    assert_eq!(say(json!({ "text": "All", "user_type": "all" })).await.done()["receivers"], 3);
    let named = json!({ "text": "Named", "entity_user_xref_uuids": [bo.id.to_uuid()] });
    assert_eq!(say(named).await.done()["receivers"], 1);
    let chat = key.chat(&product, &[&ada, &bo]).await;
    assert_eq!(say(json!({ "text": "To you two", "chat_uuid": chat })).await.done()["receivers"], 2);
    assert_eq!(texts(&key.messages(&product, &bo, &chat).await).last(), Some(&"To you two"));
    say(json!({ "text": "X", "user_type": "robots" })).await.qwil_error(400, "RB001");
    say(json!({ "text": "X", "user_type": "all", "chat_uuid": chat })).await.qwil_error(400, "RB001");
    say(json!({ "text": "X", "chat_uuid": "01234567-89ab-8cde-8f01-234567000000" })).await.qwil_error(404, "RN006");
    say(json!({ "text": " " })).await.qwil_error(400, "RB001");
    say(json!({ "text": "X", "entity_user_xref_uuids": [] })).await.qwil_error(400, "RB785");
}

#[tokio::test]
async fn the_butler_sends_files_to_everybody_and_to_some() {
    let product = Product::start().await;
    let (key, ada, bo) = (master(&product, &ALL).await, client(&product, "Ada").await, client(&product, "Bo").await);
    let send = async |fields: &[(&str, &str)], bytes: &str| {
        let part =
            |head: &str, value: &str| format!("--B\r\nContent-Disposition: form-data; {head}\r\n\r\n{value}\r\n");
        let mut body: String = fields.iter().map(|(name, value)| part(&format!("name=\"{name}\""), value)).collect();
        body.push_str(&part("name=\"files\"; filename=\"plan.html\"", bytes));
        body.push_str("--B--\r\n");
        let call = key.call("POST", "chats/butler-says/send-files");
        product.send(call.header("content-type", "multipart/form-data; boundary=B").body(body)).await
    };
    assert_eq!(send(&[("text", "For {{first_name}}")], "A plan").await.done(), json!({ "receivers": 2 }));
    for (contact, text) in [(&ada, "For Ada"), (&bo, "For Bo")] {
        let chats = key.get(&product, "chats", contact).await.done();
        let chat = chats["chats"][0]["chat_uuid"].as_str().unwrap();
        let messages = key.messages(&product, contact, chat).await;
        assert_eq!((&messages[0]["type"], &messages[0]["text"]), (&json!("file"), &json!(text)));
        assert_eq!(messages[0]["sender"]["type"], "butler");
        let file = messages[0]["file"]["file_uuid"].as_str().unwrap();
        let path = format!("chats/messages/file?chat_uuid={chat}&file_uuid={file}");
        let fetched = key.get(&product, &path, contact).await;
        assert_eq!((fetched.body.as_str(), fetched.header("content-type")), ("A plan", "application/octet-stream"));
    }
    let (one, two) = (ada.id.to_uuid(), bo.id.to_uuid());
    let both = format!("{one}, {two}");
    assert_eq!(send(&[("entity_user_xref_uuids", &*both)], "X").await.done()["receivers"], 2);
    let twice = [("entity_user_xref_uuids", &*one), ("entity_user_xref_uuids", &*two)];
    assert_eq!(send(&twice, "X").await.done()["receivers"], 2);
    assert_eq!(send(&[("user_type", "staff")], "X").await.done()["receivers"], 0);
    let chat = key.chat(&product, &[&ada, &bo]).await;
    assert_eq!(send(&[("chat_uuid", &*chat)], "X").await.done()["receivers"], 2);
    send(&[("chat_uuid", &*chat), ("user_type", "all")], "X").await.qwil_error(400, "RB001");
    send(&[("user_type", "robots")], "X").await.qwil_error(400, "RB001");
    send(&[], "").await.qwil_error(400, "RB001");
    let reader = master(&product, &["chats.read"]).await;
    let call = reader.call("POST", "chats/butler-says/send-files");
    product
        .send(call.header("content-type", "multipart/form-data; boundary=B").body(""))
        .await
        .qwil_error(403, "RF731");
}

#[tokio::test]
async fn files_are_sent_and_fetched_and_no_browser_runs_them() {
    let product = Product::start().await;
    let (key, ada, bo) = (master(&product, &ALL).await, client(&product, "Ada").await, client(&product, "Bo").await);
    let chat = key.chat(&product, &[&ada, &bo]).await;
    let form = |files: &[(&str, &str, &str)]| {
        let mut body = format!("--B\r\nContent-Disposition: form-data; name=\"chat_uuid\"\r\n\r\n{chat}\r\n");
        body.push_str("--B\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nSee this\r\n");
        for (name, kind, bytes) in files {
            let head =
                format!("Content-Disposition: form-data; name=\"files\"; filename=\"{name}\"\r\nContent-Type: {kind}");
            body = format!("{body}--B\r\n{head}\r\n\r\n{bytes}\r\n");
        }
        format!("{body}--B--\r\n")
    };
    let send = async |body: String| {
        let call = key.call("POST", "chats/messages/send-files").header("on-behalf-of", &ada.id.to_uuid());
        product.send(call.header("content-type", "multipart/form-data; boundary=B").body(body)).await
    };
    let html = "<script>alert(1)</script>";
    let done =
        send(form(&[("../../etc/plan.html", "text/html", html), ("a.svg", "image/svg+xml", "<svg/>")])).await.done();
    let messages = done["messages"].as_array().unwrap();
    assert_eq!((messages.len(), &messages[0]["text"], &messages[1]["text"]), (2, &json!("See this"), &json!("")));
    assert_eq!((&messages[0]["type"], &messages[0]["sender"]["name"]), (&json!("file"), &json!("Ada Example")));
    let file = &messages[0]["file"];
    assert_eq!((&file["name"], &file["size"]), (&json!("plan.html"), &json!(html.len())));
    let path = |file: &Value| {
        format!("chats/messages/file?chat_uuid={chat}&file_uuid={}", file["file_uuid"].as_str().unwrap())
    };
    for (message, bytes) in [(&messages[0], html), (&messages[1], "<svg/>")] {
        let fetched = key.get(&product, &path(&message["file"]), &bo).await;
        assert_eq!((fetched.status.as_u16(), fetched.body.as_str()), (200, bytes));
        assert_eq!(fetched.header("content-type"), "application/octet-stream");
        assert!(fetched.header("content-disposition").starts_with("attachment; "), "{:?}", fetched.headers);
        assert_eq!(fetched.header("x-content-type-options"), "nosniff");
        assert!(fetched.header("content-security-policy").contains("sandbox"));
    }
    let outsider = client(&product, "Out").await;
    key.get(&product, &path(file), &outsider).await.qwil_error(404, "RN006");
    send(form(&[("empty.txt", "text/plain", "")])).await.qwil_error(400, "RB001");
    send(form(&[])).await.qwil_error(400, "RB001");
    send(form(&[("big.bin", "", &"x".repeat(10_000_001))])).await.qwil_error(413, "RB413");
    send("no form at all".to_owned()).await.qwil_error(400, "RB001");
    let call = || {
        let call = key.call("POST", "chats/messages/send-files").header("on-behalf-of", &ada.id.to_uuid());
        call.header("content-type", "multipart/form-data; boundary=B")
    };
    // Nothing of a body that says it is too long has to arrive.
    product.send(call().header("content-length", "99999999")).await.qwil_error(413, "RB413");
    let odd = send(form(&[("a\u{1}b\u{7f}.txt", "", "x\u{1}")])).await.done();
    assert_eq!(
        (&odd["messages"][0]["file"]["name"], &odd["messages"][0]["file"]["size"]),
        (&json!("ab.txt"), &json!(2))
    );
    let mut latin = form(&[("plan.txt", "", "x")]).into_bytes();
    let name = latin.windows(4).position(|part| part == b"plan").unwrap();
    latin[name] = 0xfc;
    let told = product.send(call().body(latin)).await.qwil_error(400, "RB001");
    assert!(told.contains("UTF-8"), "{told}");
    let body = json!({ "chat_uuid": chat });
    key.post(&product, "chats/messages/send-files", &ada, &body).await.qwil_error(415, "RB415");
}

#[tokio::test]
async fn an_export_has_records_and_metadata_and_no_files() {
    let product = Product::start().await;
    let (key, ada, bo) = (master(&product, &ALL).await, client(&product, "Ada").await, client(&product, "Bo").await);
    let chat = key.chat(&product, &[&ada, &bo]).await;
    key.says(&product, &ada, &chat, "Line\nbreak").await;
    key.post(&product, "chats/rename", &ada, &json!({ "chat_uuid": chat, "title": "Renamed" })).await.done();
    let body = format!(
        "--B\r\nContent-Disposition: form-data; name=\"chat_uuid\"\r\n\r\n{chat}\r\n--B\r\n\
         Content-Disposition: form-data; name=\"files\"; filename=\"plan.txt\"\r\n\r\nconfidential-bytes\r\n--B--\r\n"
    );
    let call = key.call("POST", "chats/messages/send-files").header("on-behalf-of", &ada.id.to_uuid());
    product.send(call.header("content-type", "multipart/form-data; boundary=B").body(body)).await.done();
    let newest = async || {
        let page = product.service.audit(&operator(), &AuditQuery::default()).await.unwrap();
        page.rows[0].action.known()
    };
    let head = product.send(key.call("HEAD", "chats/export")).await;
    assert_eq!((head.status.as_u16(), head.body.as_str()), (200, ""));
    assert_ne!(newest().await, Some(Action::ChatsExported), "nothing was given out");
    let export = product.send(key.call("GET", "chats/export")).await;
    assert_eq!(export.status, 200, "{}", export.body);
    assert_eq!(newest().await, Some(Action::ChatsExported));
    assert!(export.header("content-type").starts_with("application/x-ndjson"));
    assert!(export.header("content-disposition").starts_with("attachment"));
    let lines: Vec<Value> = export.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let chats: Vec<_> = lines.iter().filter(|line| line["record"] == "chat").collect();
    assert_eq!((chats.len(), &chats[0]["chat_uuid"], &chats[0]["title"]), (1, &json!(chat), &json!("Renamed")));
    assert_eq!(chats[0]["participants"].as_array().unwrap().len(), 2);
    let messages: Vec<_> = lines.iter().filter(|line| line["record"] == "message").collect();
    assert!(messages.iter().any(|message| message["text"] == "Line\nbreak"));
    assert!(messages.iter().any(|message| message["type"] == "system"));
    let file = messages.iter().find(|message| message["type"] == "file").unwrap();
    assert_eq!((&file["file"]["name"], &file["file"]["size"]), (&json!("plan.txt"), &json!(18)));
    assert!(!export.body.contains("confidential-bytes"));
    let cy = client(&product, "Cy").await;
    let none = key.get(&product, "chats/export", &cy).await;
    assert_eq!((none.status.as_u16(), none.body.as_str()), (200, ""), "the chats of that contact alone");
    master(&product, &["chats.read", "chats.write"])
        .await
        .get(&product, "chats/export", &ada)
        .await
        .qwil_error(403, "RF731");
}

#[tokio::test]
async fn a_narrowed_key_acts_only_for_the_contacts_that_it_names() {
    let product = Product::start().await;
    let (any, ada, bo) = (master(&product, &ALL).await, client(&product, "Ada").await, client(&product, "Bo").await);
    let cy = client(&product, "Cy").await;
    let key = issued(&product, KeyDraft { acts_for: list(&[&ada.id.to_uuid()]), ..master_draft(&ALL) }).await;
    let chat = key.chat(&product, &[&ada, &bo]).await;
    key.says(&product, &ada, &chat, "Hi").await;
    key.get(&product, "chats", &bo).await.qwil_error(403, "RF842");
    let elsewhere = any.chat(&product, &[&bo, &cy]).await;
    key.get(&product, &format!("chats?chat_uuid={elsewhere}"), &ada).await.qwil_error(404, "RN006");
    product.send(key.call("GET", "contacts/list")).await.qwil_error(400, "RB786");
    assert_eq!(any.get(&product, "contacts/list", &ada).await.done()["contacts"].as_array().unwrap().len(), 3);
    let listed = key.get(&product, "contacts/list", &ada).await.done();
    assert_eq!((listed["contacts"].as_array().unwrap().len(), &listed["next"]), (1, &Value::Null));
    assert_eq!(listed["contacts"][0]["entity_user_xref_uuid"], ada.id.to_uuid());
    let (mine, theirs) = (ada.id.to_uuid(), bo.id.to_uuid());
    key.get(&product, &format!("contacts?uuid={mine}"), &ada).await.done();
    for named in [format!("uuid={theirs}"), "identifier=crm/Bo".to_owned(), "email=bo@example.com".to_owned()] {
        key.get(&product, &format!("contacts?{named}"), &ada).await.qwil_error(404, "RN006");
        key.get(&product, &format!("contacts/avatar?{named}"), &ada).await.qwil_error(404, "RN006");
        let path = format!("contacts/avatar?{named}");
        let call = key.call("POST", &path).header("on-behalf-of", &mine).body("GIF89a".to_owned());
        product.send(call).await.qwil_error(404, "RN006");
    }
    let shared = json!({ "text": "All", "chat_uuid": chat }).to_string();
    let said = product.send(key.call("POST", "chats/butler-says/send-text").json(shared)).await;
    said.qwil_error(403, "RF842");
    let all = json!({ "text": "All" }).to_string();
    let said = product.send(key.call("POST", "chats/butler-says/send-text").json(all)).await.done();
    assert_eq!(said["receivers"], 1);
    let export = product.send(key.call("GET", "chats/export")).await.body;
    assert!(export.contains(&chat) && !export.contains(&elsewhere));
    let path = format!("entity-memberships?uuid={}", bo.id.to_uuid());
    product.send(key.call("GET", &path)).await.qwil_error(404, "RN006");
}

#[tokio::test]
async fn the_paths_are_those_of_the_chat_service_and_every_other_is_an_error_in_its_form() {
    let product = Product::start().await;
    let key = master(&product, &ALL).await;
    for path in ["", "/", "/api", "/api/", "/api/chats/nothing", "/api/chats/create/x", "/sys-api/x"] {
        product.send(Call::get(&format!("/chat-service{path}"))).await.qwil_error(404, "RN001");
    }
    let put = product.send(key.call("PUT", "chats/create")).await;
    put.qwil_error(405, "RB405");
    assert_eq!(put.header("allow"), "POST");
    product.send(Call::get(&format!("{API}/chats/create"))).await.qwil_error(405, "RB405");
    // A Master User key asks nothing else of Keystead.
    let token = format!("{}_{}", key.id, key.secret);
    assert_eq!(product.send(Call::get("/v1/keys").bearer(&token)).await.status, 403);
    let service = product.token(service_key("Service")).await;
    let bearer = Call::get(&format!("{API}/chats")).bearer(&service);
    product.send(bearer).await.qwil_error(401, "RU001");
}
