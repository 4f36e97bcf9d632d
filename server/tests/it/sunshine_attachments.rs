//! Files in the form of Sunshine Conversations.

use serde_json::{Value, json};

use crate::sunshine_caller::{Client, business, group, id, in_conversation, refused, say};
use crate::support::{Answer, Call};

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
