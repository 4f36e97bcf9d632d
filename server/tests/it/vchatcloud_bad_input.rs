//! `/openapi/…`: every wrong way to ask, in the family's form.

use serde_json::json;

use crate::support::{Call, Product};
use crate::vchatcloud::{Client, result};

#[tokio::test]
async fn what_is_missing_or_wrong_is_named() {
    let client = Client::start().await;
    let room = client.room("roomName=Desk").await;
    let (rooms, one) = ("/openapi/v2/rooms".to_owned(), format!("/openapi/v2/rooms/{room}"));
    let users = format!("/openapi/v1/users/{room}");
    let notice = format!("/openapi/v1/notice/{room}");
    let custom = format!("/openapi/v1/custom/{room}");
    let long = "x".repeat(101);
    let key = "7Qm2xV-bN4tRa-abcdef-012345-20261121093002";
    for (path, form, code, named) in [
        (&rooms, String::new(), 10_901, "roomName"),
        (&rooms, "roomName=+".to_owned(), 10_901, "roomName"),
        (&rooms, format!("roomName={long}"), 400, "roomName"),
        (&rooms, "roomName=%00".to_owned(), 400, "roomName"),
        (&rooms, "roomName=%ff".to_owned(), 400, "roomName"),
        (&rooms, "roomName=a&maxUser=many".to_owned(), 400, "maxUser"),
        (&rooms, "roomName=a&maxUser=-1".to_owned(), 400, "maxUser"),
        (&rooms, "roomName=a&maxUser=10001".to_owned(), 400, "maxUser"),
        (&rooms, "roomName=a&maxUser=99999999999999999999".to_owned(), 400, "maxUser"),
        (&rooms, "roomName=a&startDt=soon".to_owned(), 400, "startDt"),
        (&rooms, "roomName=a&startDt=2030-02-01&endDt=2030-01-01".to_owned(), 400, "endDt"),
        (&rooms, "roomName=a&roomName=b".to_owned(), 400, "roomName"),
        (&one, "roomStatus=X".to_owned(), 400, "roomStatus"),
        (&one, format!("roomName={long}"), 400, "roomName"),
        (&users, String::new(), 10_901, "nickName"),
        (&users, format!("nickName={}", "n".repeat(51)), 400, "nickName"),
        (&users, format!("nickName=a&clientKey={}", "k".repeat(65)), 400, "clientKey"),
        (&users, "nickName=a&clientKey=a%2Fb".to_owned(), 400, "clientKey"),
        (&users, "nickName=a&grade=owner".to_owned(), 400, "grade"),
        (&rooms, format!("roomName=Key+{key}"), 400, "roomName"),
        (&users, format!("nickName={key}"), 400, "nickName"),
        (&users, format!("nickName=a&clientKey={key}"), 400, "clientKey"),
        (&users, "nickName=a&clientKey=0123456789abcdef01234567".to_owned(), 400, "clientKey"),
        (&notice, "notice=x".to_owned(), 10_901, "nickName"),
        (&notice, "nickName=a".to_owned(), 10_901, "notice"),
        (&notice, format!("nickName=a&notice={long}"), 400, "notice"),
        (&notice, "nickName=a&notice=a%1Bb".to_owned(), 400, "notice: "),
        (&custom, "nickName=a&custom=a%1Bb".to_owned(), 400, "custom: "),
        (&custom, "nickName=a&message=a%1Bb".to_owned(), 400, "message: "),
    ] {
        let answer = client.send(Call::post(path).form(form.clone())).await;
        let document = result(&answer);
        assert_eq!((answer.status.as_u16(), &document["result_cd"]), (400, &json!(code)), "{form}: {}", answer.body);
        assert!(document["result_msg"].as_str().unwrap().contains(named), "{form}: {}", answer.body);
    }
    // At their limits.
    client.done(Call::post(&rooms).form(format!("roomName={}&maxUser=10000", "x".repeat(100)))).await;
    client.done(Call::post(&users).form(format!("nickName={}&clientKey={}", "n".repeat(50), "k".repeat(64)))).await;
    client.done(Call::post(&notice).form(format!("nickName={}&notice={}", "n".repeat(50), "x".repeat(100)))).await;
    for query in
        ["rows=0", "rows=1001", "rows=x", "roomStatus=open", "roomName=%00", "after=x", "after=%00", "after=0123~a"]
    {
        let answer = client.code(Call::get(&format!("/openapi/v1/rooms?{query}"))).await;
        assert_eq!(answer, (400, 400), "{query}");
    }
    assert_eq!(client.code(Call::new("DELETE", &format!("{one}?delete=maybe"))).await, (400, 400));
    // A search for a part of it would find more than was asked for.
    let odd = format!("/openapi/v1/rooms?roomName={}", "a".repeat(5_000));
    assert_eq!(client.code(Call::get(&odd)).await, (400, 400));
}

#[tokio::test]
async fn rooms_and_users_that_do_not_exist_have_their_codes() {
    let client = Client::start().await;
    let room = client.room("roomName=Desk").await;
    for unknown in ["0123456789abcdef01234567", "0123456789ABCDEF01234567", "x", "%2e%2e", "%ff", "%00", "%E2%98%83"] {
        for (method, path) in server::router::program_calls() {
            if path.starts_with("/openapi/") && path.contains("{room}") {
                let path = path.replace("{room}", unknown).replace("{client}", "han");
                let call = Call::new(method, &path).form("nickName=a&notice=b&custom=c&whisper=d");
                assert_eq!(client.code(call).await, (200, 10_102), "{method} {path}");
            }
        }
    }
    for (method, path) in
        [("POST", "exiles"), ("PUT", "exiles"), ("POST", "mute"), ("PUT", "mute"), ("DELETE", "users")]
    {
        for user in ["nobody", "a%20b", "%ff", "%E2%98%83"] {
            let call = Call::new(method, &format!("/openapi/v1/{path}/{room}/{user}"));
            assert_eq!(client.code(call).await, (200, 10_107), "{method} {path} {user}");
        }
    }
}

#[tokio::test]
async fn odd_bodies_are_refused_and_none_fails() {
    let client = Client::start().await;
    let send = async |kind: Option<&str>, body: Vec<u8>| {
        let mut call = Call::post("/openapi/v2/rooms").body(body);
        if let Some(kind) = kind {
            call = call.header("content-type", kind);
        }
        client.code(call).await
    };
    let json = Some("application/json");
    for body in ["{", "[]", "null", "\"a\"", "{\"roomName\":{}}", "{\"roomName\":[1]}", "\u{feff}{}"] {
        assert_eq!(send(json, body.into()).await, (400, 400), "{body}");
    }
    assert_eq!(send(json, br#"{"roomName":"a","roomName":"b"}"#.to_vec()).await, (400, 400));
    assert_eq!(send(json, vec![0xff, 0xfe]).await, (400, 400));
    assert_eq!(send(json, b"{}".to_vec()).await, (400, 10_901));
    for kind in ["text/html", "text/plain", "application/xml", "multipart/form-data; boundary=x"] {
        assert_eq!(send(Some(kind), b"roomName=a".to_vec()).await, (415, 400), "{kind}");
    }
    assert_eq!(send(None, b"roomName=".to_vec()).await, (400, 10_901));
    assert_eq!(send(None, vec![b'a'; 1_000_000]).await, (413, 400));
    let many: Vec<_> = (0..200).map(|n| format!("p{n}=1")).collect();
    assert_eq!(send(None, many.join("&").into_bytes()).await, (400, 400));
}

#[tokio::test]
async fn other_paths_and_methods_are_answered_in_the_same_form() {
    let product = Product::start().await;
    for path in
        ["/openapi", "/openapi/", "/openapi/v3/rooms", "/openapi/v1/nothing", "/openapi/v1/rooms/", "/openapi/token/x"]
    {
        let answer = product.send(Call::get(path)).await;
        let document = result(&answer);
        assert_eq!((answer.status.as_u16(), &document["result_cd"]), (404, &json!(400)), "{path}");
        assert!(document["result_msg"].as_str().unwrap().contains("/docs/openapi"), "{}", answer.body);
    }
    let answer = product.send(Call::new("PATCH", "/openapi/v1/rooms")).await;
    assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, "GET, HEAD, POST"));
    assert_eq!(result(&answer)["result_cd"], 400);
    // The family of the client libraries is not ours, and its paths are free.
    let answer = product.send(Call::get("/api/openapi/v1/rooms")).await;
    assert!(!answer.body.contains("result_cd"), "{}", answer.body);
}

#[tokio::test]
async fn the_document_and_its_page_are_there() {
    let product = Product::start().await;
    let answer = product.send(Call::get("/openapi/openapi.json")).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/json"));
    let document = answer.json();
    let tags: Vec<_> = document["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    assert_eq!(tags, ["1. Token", "2. ChatRoom", "3. ChatUser", "4. Chat"]);
    let schemes = &document["components"]["securitySchemes"];
    for name in ["API_KEY", "X-AUTH-TOKEN"] {
        assert_eq!((&schemes[name]["in"], &schemes[name]["name"]), (&json!("header"), &json!(name)));
    }
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let names = if path == "/openapi/token" { vec!["API_KEY"] } else { vec!["API_KEY", "X-AUTH-TOKEN"] };
            let lock: Vec<_> = operation["security"][0].as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(lock, names, "{method} {path}");
            for name in names {
                let parameters = operation["parameters"].as_array().unwrap();
                let typed = parameters.iter().find(|one| one["name"] == name).unwrap();
                assert_eq!((&typed["in"], &typed["required"]), (&json!("header"), &json!(null)), "{method} {path}");
            }
            for reference in operation["responses"].as_object().unwrap().values() {
                let name = reference["content"]["application/json"]["schema"]["$ref"].as_str().unwrap();
                assert!(document.pointer(&name[1..]).is_some(), "{name}");
            }
        }
    }
    let users = &document["paths"]["/openapi/v1/users/{roomId}"]["get"];
    assert_eq!((&users["operationId"], &users["tags"][0]), (&json!("listUser"), &json!("3. ChatUser")));
    let page = product.send(Call::get("/docs/openapi")).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("data-document=\"/openapi/openapi.json\"") && !page.body.contains("://"));
}
