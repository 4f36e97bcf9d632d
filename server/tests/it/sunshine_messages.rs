//! Messages in the form of Sunshine Conversations.

use serde_json::{Value, json};

use crate::qwil_caller::{ALL, master};
use crate::sunshine_caller::{Client, ada, business, group, id, in_conversation, refused, say, text, user};

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
    for odd in ["  Hi \r\n", "e\u{301}"] {
        let said = say(&client, &conversation, business(), text(odd)).await;
        assert_eq!(said["content"], text(odd), "as it was sent");
        client.delete(&format!("{messages}/{}", id(&said))).await;
    }
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
    // What is not known is kept a level deeper than it was sent.
    let deep = |levels| (0..levels).fold(json!(1), |inner, _| json!([inner]));
    let odd = |levels| json!({ "author": business(), "content": text("Hi"), "odd": deep(levels) });
    refused(&client, "POST", &messages, Some(&odd(126)), 400, "bad_request").await;
    let kept = client.post(&messages, &odd(124)).await["messages"][0].clone();
    assert_eq!(kept["odd"], deep(124));
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
