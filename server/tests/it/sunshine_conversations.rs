//! `/v2/apps/{appId}/users` and `…/conversations`: what a client of Sunshine Conversations says, hears and deletes.

use domain::ids::ContactId;
use domain::timestamp::Millis;
use serde_json::{Value, json};

use crate::sunshine_caller::{Client, ada, business, group, id, in_conversation, refused, say, text, user};
use crate::support::operator;

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
    let last = id(&page["conversations"][1]);
    let by_id = listed(&format!("filter[userId]={user_id}&page[size]=2&page[after]={last}")).await;
    let rest = listed(&format!("filter[userId]={user_id}&page[size]=2&page[after]={after}")).await;
    assert_eq!(rest["conversations"][0]["id"], all["conversations"][2]["id"]);
    assert_eq!(by_id["conversations"], rest["conversations"]);
    let before = rest["meta"]["beforeCursor"].as_str().unwrap();
    let back = listed(&format!("filter[userId]={user_id}&page[size]=2&page[before]={before}")).await;
    assert_eq!(back["conversations"], page["conversations"]);
    // A cursor stays where it is when the conversation that was there moves to the top.
    client.product.clock.advance(Millis::seconds(1));
    let said = json!({ "author": { "type": "business" }, "content": { "type": "text", "text": "Hi" } });
    client.post(&format!("{conversations}/{last}/messages"), &said).await;
    let still = listed(&format!("filter[userId]={user_id}&page[size]=2&page[after]={after}")).await;
    assert_eq!(still["conversations"], rest["conversations"]);
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
