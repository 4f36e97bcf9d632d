//! `/v2/apps/{appId}/users` and `…/conversations`: what a client of Sunshine Conversations says, hears and deletes.

use domain::ids::ContactId;
use domain::timestamp::Millis;
use serde_json::{Value, json};

use crate::qwil_caller::{ALL, master};
use crate::sunshine_caller::{Client, id};
use crate::support::{Answer, Call, operator};

/// A user, whom `body` says more about.
async fn user(client: &Client, external_id: &str, profile: Value) -> Value {
    let body = json!({ "externalId": external_id, "profile": profile });
    client.post(&client.path("users"), &body).await["user"].clone()
}

async fn ada(client: &Client) -> Value {
    user(client, "ada", json!({ "givenName": "Ada", "surname": "Lovelace", "email": "ada@example.com" })).await
}

/// A conversation between these users.
async fn group(client: &Client, users: &[&Value]) -> String {
    let participants: Vec<_> = users.iter().map(|user| json!({ "userId": user["id"] })).collect();
    let body = json!({ "type": "sdkGroup", "participants": participants });
    id(&client.post(&client.path("conversations"), &body).await["conversation"])
}

fn in_conversation(client: &Client, conversation: &str, rest: &str) -> String {
    client.path(&format!("conversations/{conversation}/{rest}"))
}

async fn say(client: &Client, conversation: &str, author: Value, content: Value) -> Value {
    let path = in_conversation(client, conversation, "messages");
    let said = client.post(&path, &json!({ "author": author, "content": content })).await;
    assert_eq!(said["messages"].as_array().unwrap().len(), 1);
    said["messages"][0].clone()
}

fn business() -> Value {
    json!({ "type": "business" })
}

fn text(words: &str) -> Value {
    json!({ "type": "text", "text": words })
}

async fn refused(client: &Client, method: &str, path: &str, body: Option<&Value>, status: u16, code: &str) -> String {
    client.send(&client.account, method, path, body).await.sunshine_error(status, code)
}

#[tokio::test]
async fn a_user_is_created_found_changed_and_deleted() {
    let client = Client::start().await;
    let made = ada(&client).await;
    assert_eq!(made["profile"], json!({ "givenName": "Ada", "surname": "Lovelace", "email": "ada@example.com" }));
    assert_eq!((&made["externalId"], &made["metadata"]), (&json!("ada"), &json!({})));
    assert_eq!(made["identities"], json!([{ "type": "email", "value": "ada@example.com", "primary": true }]));
    let by_id = client.path(&format!("users/{}", id(&made)));
    let by_external_id = client.path("users/ada");
    for path in [&by_id, &by_external_id] {
        assert_eq!(client.get(path).await["user"], made);
    }
    let taken = json!({ "externalId": "ada" });
    let title = refused(&client, "POST", &client.path("users"), Some(&taken), 409, "conflict").await;
    assert_eq!(title, "User already exists");
    let body = json!({ "profile": { "surname": null, "locale": "en-GB" }, "metadata": { "plan": "gold", "seats": 3 } });
    let changed = client.patch(&by_external_id, &body).await["user"].clone();
    let profile = json!({ "givenName": "Ada", "email": "ada@example.com", "locale": "en-GB" });
    assert_eq!((&changed["profile"], &changed["metadata"]["seats"]), (&profile, &json!(3)));
    // Others may have the same e-mail, and none or another name.
    let same = user(&client, "other", json!({ "email": "ADA@example.com" })).await;
    assert_eq!(same["profile"], json!({ "email": "ADA@example.com" }));
    let nobody = client.post(&client.path("users"), &json!({})).await["user"].clone();
    assert_eq!((nobody.get("externalId"), &nobody["profile"]), (None, &json!({})));
    assert_eq!(client.delete(&by_external_id).await, json!({}));
    for (method, path) in [("GET", &by_id), ("PATCH", &by_external_id), ("DELETE", &by_id)] {
        let title = refused(&client, method, path, None, 404, "user_not_found").await;
        assert_eq!(title, "User not found");
    }
}

#[tokio::test]
async fn odd_users_are_refused_by_name() {
    let client = Client::start().await;
    for (body, place) in [
        (json!({ "externalId": 7 }), "externalId"),
        (json!({ "externalId": "" }), "externalId"),
        (json!({ "profile": "Ada" }), "profile"),
        (json!({ "profile": { "email": [] } }), "profile.email"),
        (json!({ "metadata": { "deep": {} } }), "metadata.deep"),
        (json!({ "metadata": { "long": "x".repeat(5_000) } }), "metadata"),
    ] {
        let title = refused(&client, "POST", &client.path("users"), Some(&body), 400, "bad_request").await;
        assert!(title.starts_with(place), "{title}");
    }
}

#[tokio::test]
async fn a_conversation_is_created_listed_changed_and_deleted() {
    let client = Client::start().await;
    let (one, two) = (ada(&client).await, user(&client, "bo", json!({})).await);
    let conversations = client.path("conversations");
    let body = json!({
        "type": "personal", "participants": [{ "userExternalId": "ada", "subscribeSDKClient": false }],
        "metadata": { "topic": "shoes" }, "iconUrl": "https://example.com/a.png",
    });
    let first = client.post(&conversations, &body).await["conversation"].clone();
    assert_eq!(
        (&first["type"], &first["isDefault"], first.get("displayName")),
        (&json!("personal"), &json!(true), None)
    );
    assert_eq!((&first["metadata"], &first["iconUrl"]), (&body["metadata"], &body["iconUrl"]));
    assert_eq!(first["createdAt"], first["lastUpdatedAt"]);
    let second = client.post(&conversations, &body).await["conversation"].clone();
    assert_eq!(second["isDefault"], false);
    client.product.clock.advance(Millis::seconds(1));
    let shared = group(&client, &[&one, &two]).await;
    let path = client.path(&format!("conversations/{shared}"));
    let named = client.patch(&path, &json!({ "displayName": "Shoes", "description": "About shoes" })).await;
    assert_eq!(named["conversation"]["displayName"], "Shoes");
    assert_eq!(client.get(&path).await, named);
    let listed = async |query: &str| client.get(&format!("{conversations}?{query}")).await;
    let all = listed("filter[userExternalId]=ada").await;
    assert_eq!((all["conversations"].as_array().unwrap().len(), &all["meta"]["hasMore"]), (3, &json!(false)));
    assert_eq!(all["conversations"][0]["id"], shared.as_str(), "something was said there last");
    let user_id = id(&one);
    let page = listed(&format!("filter[userId]={user_id}&page[size]=2")).await;
    assert_eq!((page["conversations"].as_array().unwrap().len(), &page["meta"]["hasMore"]), (2, &json!(true)));
    let after = page["meta"]["afterCursor"].as_str().unwrap();
    assert_eq!(page["conversations"][1]["id"], after);
    let rest = listed(&format!("filter[userId]={user_id}&page[size]=2&page[after]={after}")).await;
    assert_eq!(rest["conversations"][0]["id"], all["conversations"][2]["id"]);
    let before = rest["meta"]["beforeCursor"].as_str().unwrap();
    let back = listed(&format!("filter[userId]={user_id}&page[size]=2&page[before]={before}")).await;
    assert_eq!(back["conversations"], page["conversations"]);
    assert_eq!(listed("filter[userExternalId]=bo").await["conversations"].as_array().unwrap().len(), 1);
    assert_eq!(client.delete(&path).await, json!({}));
    refused(&client, "GET", &path, None, 404, "conversation_not_found").await;
    let default = client.path(&format!("conversations/{}", id(&first)));
    refused(&client, "DELETE", &default, None, 400, "bad_request").await;
    // It goes with its user.
    client.delete(&client.path("users/ada")).await;
    refused(&client, "GET", &default, None, 404, "conversation_not_found").await;
}

#[tokio::test]
async fn odd_conversations_are_refused() {
    let client = Client::start().await;
    ada(&client).await;
    let conversations = client.path("conversations");
    let with = |participants: Value| json!({ "type": "personal", "participants": participants });
    let many: Vec<_> = (0..11).map(|_| json!({ "userExternalId": "ada" })).collect();
    for body in [
        json!({}),
        json!({ "type": "public" }),
        with(json!([])),
        with(json!([{ "userExternalId": "ada" }, { "userExternalId": "ada" }])),
        with(json!([{}])),
        with(json!([1])),
        with(json!([{ "userId": "0".repeat(24), "userExternalId": "ada" }])),
        json!({ "type": "sdkGroup", "participants": many }),
        json!({ "type": "sdkGroup", "displayName": "n".repeat(101) }),
        json!({ "type": "sdkGroup", "metadata": { "a": [] } }),
    ] {
        refused(&client, "POST", &conversations, Some(&body), 400, "bad_request").await;
    }
    for unknown in [json!([{ "userId": "0".repeat(24) }]), json!([{ "userExternalId": "nobody" }])] {
        refused(&client, "POST", &conversations, Some(&with(unknown)), 404, "user_not_found").await;
    }
    for query in ["", "?filter[userId]=x&filter[userExternalId]=ada", "?filter[userExternalId]=ada&page[size]=0"] {
        refused(&client, "GET", &format!("{conversations}{query}"), None, 400, "bad_request").await;
    }
    let gone = format!("{conversations}?filter[userExternalId]=ada&page[after]={}", "0".repeat(24));
    refused(&client, "GET", &gone, None, 400, "bad_request").await;
    for path in ["x", "000000000000000000000000", "%00"] {
        let path = client.path(&format!("conversations/{path}"));
        refused(&client, "GET", &path, None, 404, "conversation_not_found").await;
    }
}

#[tokio::test]
async fn what_is_in_another_app_is_not_there() {
    let mut client = Client::start().await;
    let one = ada(&client).await;
    let conversation = group(&client, &[&one]).await;
    let here = client.app.clone();
    let other = client.post("/v2/apps", &json!({ "displayName": "Web shop" })).await;
    client.app = id(&other["app"]);
    for (path, code) in [
        (client.path(&format!("users/{}", id(&one))), "user_not_found"),
        (client.path("users/ada"), "user_not_found"),
        (client.path(&format!("conversations/{conversation}")), "conversation_not_found"),
        (in_conversation(&client, &conversation, "messages"), "conversation_not_found"),
        (in_conversation(&client, &conversation, "participants"), "conversation_not_found"),
        (client.path(&format!("conversations?filter[userId]={}", id(&one))), "user_not_found"),
    ] {
        refused(&client, "GET", &path, None, 404, code).await;
    }
    let body = json!({ "author": business(), "content": text("Hi") });
    let messages = in_conversation(&client, &conversation, "messages");
    refused(&client, "POST", &messages, Some(&body), 404, "conversation_not_found").await;
    refused(&client, "DELETE", &messages, None, 404, "conversation_not_found").await;
    let body = json!({ "type": "personal", "participants": [{ "userId": one["id"] }] });
    refused(&client, "POST", &client.path("conversations"), Some(&body), 404, "user_not_found").await;
    // A key of an app or of an integration does not even learn that there is another app.
    for key in [&client.of_app, &client.of_integration] {
        client.send(key, "GET", &client.path("users/ada"), None).await.sunshine_error(404, "app_not_found");
    }
    client.app = here;
    assert_eq!(client.get(&client.path("users/ada")).await["user"], one);
}

#[tokio::test]
async fn users_join_and_leave_a_group() {
    let client = Client::start().await;
    let (one, two) = (ada(&client).await, user(&client, "bo", json!({})).await);
    let conversation = group(&client, &[&one]).await;
    let (join, leave) =
        (in_conversation(&client, &conversation, "join"), in_conversation(&client, &conversation, "leave"));
    client.product.clock.advance(Millis::seconds(1));
    let joined = client.post(&join, &json!({ "userExternalId": "bo" })).await["participant"].clone();
    assert_eq!((&joined["userId"], &joined["userExternalId"]), (&two["id"], &json!("bo")));
    let list = in_conversation(&client, &conversation, "participants");
    let listed = client.get(&list).await;
    let listed = listed["participants"].as_array().unwrap();
    assert!(listed.len() == 2 && listed.contains(&joined), "{listed:?}");
    let page = client.get(&format!("{list}?page[size]=1")).await;
    assert_eq!((&page["meta"]["hasMore"], page["participants"].as_array().unwrap().len()), (&json!(true), 1));
    let after = page["meta"]["afterCursor"].as_str().unwrap();
    assert_eq!(client.get(&format!("{list}?page[after]={after}")).await["participants"], json!([joined]));
    for body in
        [json!({ "participantId": joined["id"] }), json!({ "userId": two["id"] }), json!({ "userExternalId": "bo" })]
    {
        let left = client.send(&client.account, "POST", &leave, Some(&body)).await;
        assert_eq!(left.shown(200), json!({}));
        refused(&client, "POST", &leave, Some(&body), 404, "not_found").await;
        client.post(&join, &json!({ "userId": two["id"] })).await;
    }
    for body in [json!({}), json!({ "userId": two["id"], "userExternalId": "bo" })] {
        refused(&client, "POST", &join, Some(&body), 400, "bad_request").await;
        refused(&client, "POST", &leave, Some(&body), 400, "bad_request").await;
    }
    refused(&client, "POST", &join, Some(&json!({ "userExternalId": "nobody" })), 404, "user_not_found").await;
    let alone = json!({ "type": "personal", "participants": [{ "userId": one["id"] }] });
    let alone = id(&client.post(&client.path("conversations"), &alone).await["conversation"]);
    let join = in_conversation(&client, &alone, "join");
    refused(&client, "POST", &join, Some(&json!({ "userExternalId": "bo" })), 400, "bad_request").await;
}

#[tokio::test]
async fn messages_are_posted_by_users_and_by_the_business() {
    let client = Client::start().await;
    let one = ada(&client).await;
    let conversation = group(&client, &[&one]).await;
    let messages = in_conversation(&client, &conversation, "messages");
    let said = say(&client, &conversation, json!({ "type": "user", "userExternalId": "ada" }), text("Hi")).await;
    assert_eq!(said["content"], text("Hi"));
    assert_eq!((&said["author"]["userId"], &said["author"]["userExternalId"]), (&one["id"], &json!("ada")));
    assert_eq!((said["id"].as_str().unwrap().len(), &said["source"]["type"]), (24, &json!("api:conversations")));
    let author = json!({ "type": "business", "displayName": "Shop", "avatarUrl": "https://example.com/a.png" });
    let carousel = json!({ "type": "carousel", "items": [
        { "title": "Shoes", "actions": [{ "type": "link", "text": "See", "uri": "https://example.com" }] },
    ] });
    let body = json!({
        "author": author, "content": carousel, "metadata": { "campaign": 7 }, "brandId": "7", "id": "x", "schema": "whatsapp",
    });
    let offer = client.post(&messages, &body).await["messages"][0].clone();
    assert_eq!((&offer["author"], &offer["content"]), (&author, &carousel));
    assert_eq!(offer["metadata"], json!({ "campaign": 7 }));
    assert_eq!((&offer["brandId"], offer.get("schema")), (&json!("7"), None), "what is not known is kept");
    assert_ne!(offer["id"], "x");
    let listed = client.get(&messages).await;
    assert_eq!(listed["messages"], json!([said, offer]));
    assert_eq!((&listed["meta"], &listed["links"]), (&json!({ "hasMore": false }), &json!({})));
    // Programs that know nothing of such content read a text.
    let key = master(&client.product, &ALL).await;
    let uuid = |digits: &str| {
        let part = |from: usize, to: usize| &digits[from..to];
        format!("{}-{}-8{}-8{}-{}000000", part(0, 8), part(8, 12), part(12, 15), part(15, 18), part(18, 24))
    };
    let path = format!("chats/messages/range?chat_uuid={}", uuid(&conversation));
    let call = key.call("GET", &path).header("on-behalf-of", &uuid(&id(&one)));
    let read = client.product.send(call).await.done();
    let texts: Vec<_> = read["messages"].as_array().unwrap().iter().map(|message| &message["text"]).collect();
    assert_eq!(texts, ["Hi", "Shoes"]);
}

#[tokio::test]
async fn odd_messages_are_refused() {
    let client = Client::start().await;
    let one = ada(&client).await;
    user(&client, "bo", json!({})).await;
    let conversation = group(&client, &[&one]).await;
    let messages = in_conversation(&client, &conversation, "messages");
    let by = |author: Value| json!({ "author": author, "content": text("Hi") });
    let says = |content: Value| json!({ "author": business(), "content": content });
    for body in [
        json!({}),
        json!({ "author": business() }),
        json!({ "content": text("Hi") }),
        by(json!({})),
        by(json!({ "type": "robot" })),
        by(json!({ "type": "user" })),
        by(json!({ "type": "business", "displayName": "n".repeat(101) })),
        says(json!({ "type": "text" })),
        says(text("")),
        says(text("a\u{0}b")),
        says(text(&"x".repeat(5_001))),
        says(json!({ "type": "image" })),
        says(json!({ "type": "poem" })),
        json!({ "author": business(), "content": text("Hi"), "metadata": { "a": {} } }),
    ] {
        refused(&client, "POST", &messages, Some(&body), 400, "bad_request").await;
    }
    let large =
        json!({ "author": business(), "content": { "type": "template", "template": { "a": "x".repeat(30_000) } } });
    refused(&client, "POST", &messages, Some(&large), 400, "bad_request").await;
    let outsider = by(json!({ "type": "user", "userExternalId": "bo" }));
    refused(&client, "POST", &messages, Some(&outsider), 404, "not_found").await;
    let nobody = by(json!({ "type": "user", "userExternalId": "nobody" }));
    refused(&client, "POST", &messages, Some(&nobody), 404, "user_not_found").await;
    for query in ["page[before]=x", "page[after]=000000000000000000000000", "page[size]=101"] {
        refused(&client, "GET", &format!("{messages}?{query}"), None, 400, "bad_request").await;
    }
}

#[tokio::test]
async fn messages_are_read_back_from_the_last_one() {
    let client = Client::start().await;
    let conversation = group(&client, &[]).await;
    let messages = in_conversation(&client, &conversation, "messages");
    for n in 0..103 {
        say(&client, &conversation, business(), text(&n.to_string())).await;
    }
    let texts = |page: &Value| -> Vec<String> {
        let shown = page["messages"].as_array().unwrap().iter();
        shown.map(|message| message["content"]["text"].as_str().unwrap().to_owned()).collect()
    };
    let last = client.get(&messages).await;
    assert_eq!((texts(&last).len(), texts(&last)[0].as_str(), texts(&last)[99].as_str()), (100, "3", "102"));
    assert_eq!((&last["meta"]["hasMore"], last["meta"].get("afterCursor")), (&json!(true), None));
    let before = last["meta"]["beforeCursor"].as_str().unwrap();
    assert_eq!(last["messages"][0]["id"], before);
    let first = client.get(&format!("{messages}?page[before]={before}")).await;
    assert_eq!((texts(&first), &first["meta"]["hasMore"]), (vec!["0".into(), "1".into(), "2".into()], &json!(false)));
    let after = first["meta"]["afterCursor"].as_str().unwrap();
    let forth = client.get(&format!("{messages}?page[after]={after}")).await;
    assert_eq!((texts(&forth), &forth["meta"]["hasMore"]), (texts(&last), &json!(false)));
    assert!(forth["links"]["prev"].as_str().unwrap().contains("page%5Bbefore%5D="));
}

#[tokio::test]
async fn deleted_messages_are_gone_from_the_list() {
    let client = Client::start().await;
    let conversation = group(&client, &[]).await;
    let messages = in_conversation(&client, &conversation, "messages");
    let secret = say(&client, &conversation, business(), text("Secret")).await;
    let kept = say(&client, &conversation, business(), text("Kept")).await;
    let path = format!("{messages}/{}", id(&secret));
    assert_eq!(client.delete(&path).await, json!({}));
    assert_eq!(client.get(&messages).await["messages"], json!([kept]));
    for gone in [path.as_str(), &format!("{messages}/x"), &format!("{messages}/{}", "0".repeat(24))] {
        refused(&client, "DELETE", gone, None, 404, "not_found").await;
    }
    assert_eq!(client.delete(&messages).await, json!({}));
    assert_eq!(client.get(&messages).await["messages"], json!([]));
    assert_eq!(client.delete(&messages).await, json!({}), "there is nothing left to delete");
}

/// A form with one file.
fn form(name: &str, kind: &str, bytes: &str) -> String {
    format!(
        "--B\r\nContent-Disposition: form-data; name=\"source\"; filename=\"{name}\"\r\nContent-Type: {kind}\r\n\r\n{bytes}\r\n--B--\r\n"
    )
}

async fn upload(client: &Client, query: &str, body: String) -> Answer {
    let call = client.of_integration.call("POST", &client.path(&format!("attachments{query}")));
    client.product.send(call.header("content-type", "multipart/form-data; boundary=B").body(body)).await
}

/// The path of an address of this installation.
fn path_of(url: &Value) -> String {
    let url = url.as_str().unwrap();
    url[url.find("/v2/").unwrap()..].to_owned()
}

#[tokio::test]
async fn anybody_with_its_address_reads_a_file_and_nobody_runs_it() {
    let client = Client::start().await;
    let conversation = group(&client, &[]).await;
    let html = "<script>alert(1)</script>";
    for query in [String::new(), format!("?access=public&for=message&conversationId={conversation}")] {
        let shown = upload(&client, &query, form("../a.html", "text/html", html)).await.shown(201);
        let url = &shown["attachment"]["mediaUrl"];
        assert_eq!(shown["attachment"]["mediaType"], "application/octet-stream");
        let read = client.product.send(Call::get(&path_of(url))).await;
        assert_eq!((read.status.as_u16(), read.body.as_str()), (200, html));
        assert_eq!(read.header("content-type"), "application/octet-stream");
        assert!(read.header("content-disposition").starts_with("attachment; "), "{:?}", read.headers);
        assert_eq!(read.header("x-content-type-options"), "nosniff");
        assert!(read.header("content-security-policy").contains("sandbox"));
        let mut wrong = path_of(url);
        let last = wrong.pop().unwrap();
        wrong.push(if last == '0' { '1' } else { '0' });
        client.product.send(Call::get(&wrong)).await.sunshine_error(404, "not_found");
        // It is not one of those that nobody sent: somebody has its address.
        let later = client.product.service.now().plus_seconds(1);
        assert!(client.product.store.unsent_attachments(later, 9).await.unwrap().is_empty(), "{query}");
    }
    let good = || form("a.png", "image/png", "x");
    upload(&client, "?access=private", good()).await.sunshine_error(400, "bad_request");
    upload(&client, "?for=profile", good()).await.sunshine_error(400, "bad_request");
    upload(&client, &format!("?conversationId={}", "0".repeat(24)), good())
        .await
        .sunshine_error(404, "conversation_not_found");
    upload(&client, "", form("a.png", "image/png", "")).await.sunshine_error(400, "bad_request");
    upload(&client, "", "no form at all".to_owned()).await.sunshine_error(400, "bad_request");
    let other = form("a.png", "image/png", "x").replace("\"source\"", "\"other\"");
    assert!(upload(&client, "", other).await.sunshine_error(400, "bad_request").contains("source"));
    let json = client.send(&client.account, "POST", &client.path("attachments"), Some(&json!({}))).await;
    json.sunshine_error(415, "unsupported_media_type");
}

#[tokio::test]
async fn a_file_of_a_conversation_goes_with_its_message() {
    let client = Client::start().await;
    let conversation = group(&client, &[]).await;
    let query = format!("?access=public&for=message&conversationId={conversation}");
    let shown = upload(&client, &query, form("a.png", "image/png", "bytes")).await.shown(201);
    let url = shown["attachment"]["mediaUrl"].clone();
    let said = say(&client, &conversation, business(), json!({ "type": "image", "mediaUrl": url })).await;
    let content =
        json!({ "type": "image", "mediaUrl": url, "mediaType": "image/png", "mediaSize": 5, "altText": "a.png" });
    assert_eq!(said["content"], content);
    assert_eq!(client.product.send(Call::get(&path_of(&url))).await.status, 200);
    let path = in_conversation(&client, &conversation, &format!("messages/{}", id(&said)));
    client.delete(&path).await;
    client.product.send(Call::get(&path_of(&url))).await.sunshine_error(404, "not_found");
    // A file of the app stays until somebody removes it.
    let shown = upload(&client, "", form("a.png", "image/png", "bytes")).await.shown(201);
    let url = shown["attachment"]["mediaUrl"].clone();
    let said = say(&client, &conversation, business(), json!({ "type": "file", "mediaUrl": url })).await;
    assert_eq!(said["content"]["mediaUrl"], url);
    let remove = client.path("attachments/remove");
    let removed = client.send(&client.account, "POST", &remove, Some(&json!({ "mediaUrl": url }))).await;
    assert_eq!(removed.shown(200), json!({}));
    refused(&client, "POST", &remove, Some(&json!({ "mediaUrl": url })), 404, "not_found").await;
    client.product.send(Call::get(&path_of(&url))).await.sunshine_error(404, "not_found");
}

#[tokio::test]
async fn nobody_acts_for_a_user_who_is_disabled() {
    let client = Client::start().await;
    let user = ada(&client).await;
    let (conversation, other) = (group(&client, &[&user]).await, group(&client, &[]).await);
    let (who, service) = (ContactId::parse(&id(&user)).unwrap(), &client.product.service);
    service.disable_contact(&operator(), &who).await.unwrap();
    let author = json!({ "type": "user", "userId": user["id"] });
    let said = json!({ "author": author, "content": text("Hi") });
    let named = json!({ "userId": user["id"] });
    let created = json!({ "type": "personal", "participants": [named] });
    for (path, body) in [
        (in_conversation(&client, &conversation, "messages"), &said),
        (in_conversation(&client, &other, "join"), &named),
        (client.path("conversations"), &created),
    ] {
        refused(&client, "POST", &path, Some(body), 403, "forbidden").await;
    }
    // What they said stays, and they may go.
    client.get(&client.path(&format!("users/{}", id(&user)))).await;
    let leave = in_conversation(&client, &conversation, "leave");
    client.send(&client.account, "POST", &leave, Some(&named)).await.shown(200);
    service.enable_contact(&operator(), &who).await.unwrap();
    client.post(&in_conversation(&client, &other, "join"), &named).await;
    say(&client, &other, author, text("Hi")).await;
}
