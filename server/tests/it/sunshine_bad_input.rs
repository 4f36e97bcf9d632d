//! Bodies, names, pages and targets that are wrong: each has a 4xx in the family's form, and none fails.

use serde_json::{Value, json};

use crate::sunshine_caller::{Client, custom, id};

#[tokio::test]
async fn bodies_must_be_json_and_only_a_body_needs_its_type() {
    let client = Client::start().await;
    let path = client.keys();
    let send = async |kind: Option<&str>, body: Vec<u8>| {
        let call = client.account.call("POST", &path).body(body);
        let call = match kind {
            Some(kind) => call.header("content-type", kind),
            None => call,
        };
        client.product.send(call).await
    };
    let json = Some("application/json");
    for body in ["{", "[]", "null", "\"a\"", "1", "{\"displayName\":}", "\u{feff}{}", "{'displayName':'a'}"] {
        let title = send(json, body.into()).await.sunshine_error(400, "bad_request");
        assert!(title.starts_with("Bad request"), "{body}: {title}");
    }
    send(json, vec![0xff, 0xfe]).await.sunshine_error(400, "bad_request");
    let deep = format!("{{\"displayName\":{}", "[".repeat(10_000));
    send(json, deep.into()).await.sunshine_error(400, "bad_request");
    let needed = "should have required property 'displayName'";
    for body in ["{}", "", "{\"displayName\":null}", "{\"name\":\"a\"}"] {
        assert_eq!(send(json, body.into()).await.sunshine_error(400, "bad_request"), needed, "{body}");
    }
    let good = br#"{"displayName":"a"}"#;
    for kind in [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("application/xml")] {
        send(kind, good.to_vec()).await.sunshine_error(415, "unsupported_media_type");
    }
    for kind in ["application/json", "Application/JSON; charset=utf-8"] {
        send(Some(kind), good.to_vec()).await.shown(201);
    }
    let long = |bytes: usize| {
        let empty = json!({ "displayName": "a", "more": "" }).to_string().len();
        json!({ "displayName": "a", "more": "b".repeat(bytes - empty) }).to_string().into_bytes()
    };
    send(json, long(100 * 1024)).await.shown(201);
    send(json, long(100 * 1024 + 1)).await.sunshine_error(413, "payload_too_large");
    for method in ["GET", "DELETE"] {
        let call = client.account.call(method, &format!("{path}/{}", client.of_integration.id));
        client.product.send(call.header("content-type", "application/json")).await.shown(200);
    }
}

#[tokio::test]
async fn names_have_one_to_a_hundred_characters() {
    let client = Client::start().await;
    let most = "é".repeat(100);
    for path in [client.keys(), client.path("keys"), "/v2/apps".to_owned()] {
        let made = client.post(&path, &json!({ "displayName": most })).await;
        let shown = made.as_object().unwrap().values().next().unwrap();
        assert_eq!(shown["displayName"], most, "{path}");
        for wrong in
            [json!(""), json!("  "), json!("a".repeat(101)), json!(1), json!({}), json!(["a"]), json!("a\u{0}b")]
        {
            let body = json!({ "displayName": wrong });
            client.send(&client.account, "POST", &path, Some(&body)).await.sunshine_error(400, "bad_request");
        }
    }
    let long = json!({ "displayName": "a".repeat(101) });
    let title =
        client.send(&client.account, "POST", &client.keys(), Some(&long)).await.sunshine_error(400, "bad_request");
    assert_eq!(title, "displayName should NOT be longer than 100 characters");
}

#[tokio::test]
async fn pages_that_cannot_be_are_refused() {
    let client = Client::start().await;
    let id = "0123456789abcdef01234567";
    for path in ["/v2/apps".to_owned(), client.path("integrations")] {
        for query in [
            "page[size]=0",
            "page[size]=101",
            "page[size]=-1",
            "page[size]=a",
            "page[size]=",
            "page[size]=1.5",
            "page[after]=x",
            "page[before]=",
            "page=x",
            "page=%5B1%5D",
            "page[size]=1&page[size]=2",
            &format!("page[after]={id}&page[before]={id}"),
            &format!("page=%7B%22after%22:%22{id}%22,%22before%22:%22{id}%22%7D"),
        ] {
            let answer = client.send(&client.account, "GET", &format!("{path}?{query}"), None).await;
            assert_eq!(answer.sunshine_error(400, "bad_request"), "Invalid page query parameters", "{query}");
        }
        for query in ["page[size]=100", "page[size]=1", "unknown=1", &format!("page[after]={id}"), "page=%7B%7D"] {
            client.get(&format!("{path}?{query}")).await;
        }
    }
    for types in ["nothing", "custom,nothing", "open_connect", "", "%00"] {
        let path = client.path(&format!("integrations?filter[types]={types}"));
        let answer = client.send(&client.account, "GET", &path, None).await;
        assert_eq!(answer.sunshine_error(400, "bad_request"), "Invalid integration type", "{types}");
    }
    let twice = client.path("integrations?filter[types]=web&filter[types]=custom");
    let title = client.send(&client.account, "GET", &twice, None).await.sunshine_error(400, "bad_request");
    assert_eq!(title, "Invalid query parameters");
}

#[tokio::test]
async fn integrations_that_cannot_be_are_refused() {
    let client = Client::start().await;
    let path = client.path("integrations");
    let hook = |target: &str, triggers: Value| json!({ "target": target, "triggers": triggers });
    let good = || hook("https://example.com/callback", json!(["conversation:message"]));
    let of = |hooks: Value| json!({ "type": "custom", "displayName": "x", "webhooks": hooks });
    for (title, body) in [
        ("should have required property 'type'", json!({})),
        ("Invalid integration type", json!({ "type": "nothing" })),
        ("Invalid integration type", json!({ "type": "open_connect" })),
        ("type should be string", json!({ "type": 1 })),
        ("should have required property 'webhooks'", json!({ "type": "custom", "displayName": "x" })),
        ("webhooks should NOT have fewer than 1 items", of(json!([]))),
        ("webhooks should NOT have more than 1 items", of(json!([good(), good()]))),
        ("webhooks should be array", of(json!("a"))),
        ("webhooks[0] should be object", of(json!(["a"]))),
        ("webhooks[0] should have required property 'target'", of(json!([{ "triggers": ["conversation:message"] }]))),
        ("webhooks[0] should have required property 'triggers'", of(json!([{ "target": "https://example.com" }]))),
    ] {
        let answer = client.send(&client.account, "POST", &path, Some(&body)).await;
        assert_eq!(answer.sunshine_error(400, "bad_request"), title, "{body}");
    }
    let long = format!("https://example.com/{}", "a".repeat(2_048));
    for target in ["", "x", "ftp://example.com", "https://", "https://u:p@example.com", "https://example.com/#a", &long]
    {
        let body = of(json!([hook(target, json!(["conversation:message"]))]));
        client.send(&client.account, "POST", &path, Some(&body)).await.sunshine_error(400, "bad_request");
    }
    let unknown = of(json!([hook("https://example.com", json!(["conversation:nothing"]))]));
    let title = client.send(&client.account, "POST", &path, Some(&unknown)).await.sunshine_error(400, "bad_request");
    assert!(title.contains("conversation:nothing"), "{title}");
    let huge = json!({ "type": "web", "more": "a".repeat(20_000) });
    client.send(&client.account, "POST", &path, Some(&huge)).await.sunshine_error(400, "bad_request");
    let one = format!("{path}/{}", client.integration);
    for body in [
        json!({ "type": "web" }),
        json!({ "status": "broken" }),
        json!({ "webhooks": [] }),
        json!({ "displayName": "" }),
    ] {
        client.send(&client.account, "PATCH", &one, Some(&body)).await.sunshine_error(400, "bad_request");
    }
}

#[tokio::test]
async fn apps_that_cannot_be_are_refused() {
    let client = Client::start().await;
    for body in [
        json!({}),
        json!({ "displayName": "x", "settings": 1 }),
        json!({ "displayName": "x", "settings": { "echoPostback": 1 } }),
        json!({ "displayName": "x", "metadata": { "a": [] } }),
        json!({ "displayName": "Default" }),
    ] {
        client.send(&client.account, "POST", "/v2/apps", Some(&body)).await.sunshine_error(400, "bad_request");
    }
    let body = json!({ "displayName": "x", "metadata": { "a": "b".repeat(4_096) } });
    let title = client.send(&client.account, "POST", "/v2/apps", Some(&body)).await.sunshine_error(400, "bad_request");
    assert_eq!(title, "App metadata is limited to 4096 bytes in size.");
}

#[tokio::test]
async fn members_that_nobody_knows_do_no_harm() {
    let client = Client::start().await;
    let many: serde_json::Map<String, Value> = (0..5_000).map(|n| (format!("m{n}"), json!(n))).collect();
    let mut body = Value::Object(many);
    body["displayName"] = json!("Many members");
    body["id"] = json!("int_0123456789abcdef01234567");
    body["secret"] = json!("chosen");
    let made = client.post(&client.keys(), &body).await;
    assert_eq!(made["key"].as_object().unwrap().len(), 3);
    assert_ne!((&made["key"]["id"], &made["key"]["secret"]), (&body["id"], &body["secret"]));
    let mut body = custom("Own words");
    body["id"] = json!("0123456789abcdef01234567");
    body["brandId"] = json!("7");
    let made = client.post(&client.path("integrations"), &body).await;
    assert_ne!(id(&made["integration"]), "0123456789abcdef01234567");
    assert_eq!(made["integration"]["brandId"], "7");
}
