//! `/openapi/…`: who is let in, and what whoever is not is told.

use domain::kind::KeyKind;
use domain::timestamp::Millis;
use secrecy::ExposeSecret;
use serde_json::json;
use service::keys::ShownSecret;

use crate::support::{Call, Product, operator, service_key};
use crate::vchatcloud::{Client, Headers, api_key, bought, other_app, result};

/// What a refused call is told, after checking that its form is the family's.
async fn refused(product: &Product, call: Call) -> String {
    let answer = product.send(call).await;
    let document = result(&answer);
    assert_eq!((answer.status.as_u16(), &document["result_cd"]), (401, &json!(400)), "{}", answer.body);
    assert_eq!(answer.header("www-authenticate"), "ApiKey realm=\"keystead\"");
    assert!(document["data"].is_null() && document["list"].is_null());
    document["result_msg"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn without_both_credentials_nothing_is_answered() {
    let client = Client::start().await;
    let (product, key, token) = (&client.product, &client.key, &client.token);
    let rooms = || Call::get("/openapi/v1/rooms");
    let both = refused(product, rooms()).await;
    assert!(both.contains("API_KEY") && both.contains("X-AUTH-TOKEN"), "{both}");
    let no_token = refused(product, rooms().header("API_KEY", key)).await;
    assert!(no_token.starts_with("The header X-AUTH-TOKEN is missing"), "{no_token}");
    let no_key = refused(product, rooms().header("X-AUTH-TOKEN", token)).await;
    assert!(no_key.contains("API_KEY is missing") && no_key.contains("underscores_in_headers"), "{no_key}");
    let empty = refused(product, rooms().member("", token)).await;
    assert!(empty.contains("API_KEY is missing"), "{empty}");
    let wrong_key = refused(product, rooms().member("x", token)).await;
    assert!(wrong_key.starts_with("The API_KEY was not accepted"), "{wrong_key}");
    let wrong_token = refused(product, rooms().member(key, "x.y.z")).await;
    assert!(wrong_token.starts_with("The X-AUTH-TOKEN was not accepted"), "{wrong_token}");
    let swapped = refused(product, rooms().member(token, key)).await;
    assert!(swapped.starts_with("The API_KEY was not accepted"), "{swapped}");
    let twice = refused(product, rooms().member(key, token).header("API_KEY", key)).await;
    assert!(twice.contains("repeated"), "{twice}");
    let bytes = refused(product, rooms().member("\u{e9}", token)).await;
    assert!(bytes.contains("printable ASCII"), "{bytes}");
    assert_eq!(product.send(rooms().member(key, token)).await.status, 200);
    // Neither works in the address, where it would be in logs.
    refused(product, Call::get(&format!("/openapi/token?API_KEY={key}"))).await;
}

#[tokio::test]
async fn a_token_belongs_to_the_api_key_that_bought_it() {
    let client = Client::start().await;
    let other = other_app(&client.product).await;
    let theirs = api_key(&client.product, &other.id).await;
    let their_token = bought(&client.product, &theirs, "").await;
    let call = |key: &str, token: &str| Call::get("/openapi/v1/rooms").member(key, token);
    for (key, token) in [(&client.key, &their_token), (&theirs, &client.token)] {
        let told = refused(&client.product, call(key, token)).await;
        assert!(told.starts_with("The X-AUTH-TOKEN belongs to another API_KEY"), "{told}");
    }
    // Each app has its own rooms, and knows of no others.
    let room = client.room("roomName=Mine").await;
    let answer = client.product.send(call(&theirs, &their_token)).await;
    assert_eq!(answer.json()["list"], json!([]));
    for call in [
        Call::get(&format!("/openapi/v2/rooms/{room}")),
        Call::post(&format!("/openapi/v2/rooms/{room}")).form("roomName=Theirs"),
        Call::new("DELETE", &format!("/openapi/v2/rooms/{room}?delete=Y")),
        Call::post(&format!("/openapi/v1/users/{room}")).form("nickName=Eve"),
        Call::get(&format!("/openapi/v1/users/{room}")),
        Call::post(&format!("/openapi/v1/notice/{room}")).form("nickName=Eve&notice=x"),
    ] {
        let answer = client.product.send(call.member(&theirs, &their_token)).await;
        assert_eq!(result(&answer)["result_cd"], 10_102, "{}", answer.body);
    }
    assert_eq!(client.get(&format!("/openapi/v2/rooms/{room}")).await["data"]["roomName"], "Mine");
}

#[tokio::test]
async fn a_token_of_read_is_refused_by_every_write() {
    let client = Client::start().await;
    let room = client.room("roomName=Desk").await;
    client.post(&format!("/openapi/v1/users/{room}"), "nickName=Han&clientKey=han").await;
    let reads = bought(&client.product, &client.key, "?scope=read").await;
    let send = async |call: Call| {
        let answer = client.product.send(call.member(&client.key, &reads)).await;
        (answer.status.as_u16(), result(&answer)["result_cd"].as_i64().unwrap())
    };
    let mut writes = 0;
    for (method, path) in server::router::program_calls().filter(|(_, path)| path.starts_with("/openapi/")) {
        let path = path.replace("{room}", &room).replace("{client}", "han");
        if method == "GET" {
            assert_eq!(send(Call::get(&path)).await, (200, 1), "{path}");
        } else {
            // Before anything that is missing or wrong.
            assert_eq!(send(Call::new(method, &path)).await, (403, 10_114), "{method} {path}");
            writes += 1;
        }
    }
    assert_eq!(writes, 2 * 14, "in both versions");
    assert_eq!(client.get(&format!("/openapi/v2/rooms/{room}")).await["data"]["roomName"], "Desk");
    let answer = client.product.send(Call::get("/openapi/token?scope=all").header("API_KEY", &client.key)).await;
    assert_eq!((answer.status.as_u16(), &result(&answer)["result_cd"]), (400, &json!(400)));
}

#[tokio::test]
async fn a_reissue_ends_the_key_and_its_tokens_at_the_next_call() {
    let client = Client::start().await;
    let (product, old) = (&client.product, &client.key);
    let app = *product.service.default_app();
    let form = product.service.new_form_id().unwrap();
    let new = product.service.reissue_member_key(&operator(), &app, &form).await.unwrap().expose_secret().to_owned();
    let rooms = |key: &str, token: &str| Call::get("/openapi/v1/rooms").member(key, token);
    assert!(refused(product, rooms(old, &client.token)).await.starts_with("The API_KEY was not accepted"));
    assert!(refused(product, Call::get("/openapi/token").header("API_KEY", old)).await.contains("API_KEY"));
    assert!(refused(product, rooms(&new, &client.token)).await.contains("belongs to another API_KEY"));
    let token = bought(product, &new, "").await;
    assert_eq!(product.send(rooms(&new, &token)).await.status, 200);
}

#[tokio::test]
async fn a_token_works_for_five_hours() {
    let client = Client::start().await;
    let call = || Call::get("/openapi/v1/rooms").member(&client.key, &client.token);
    client.product.clock.advance(Millis(Millis::hours(5).0 - 1_000));
    assert_eq!(client.product.send(call()).await.status, 200);
    client.product.clock.advance(Millis(1_000));
    assert!(refused(&client.product, call()).await.contains("its five hours are over"));
}

#[tokio::test]
async fn an_archived_app_and_credentials_of_other_families_are_refused() {
    let client = Client::start().await;
    let product = &client.product;
    let service = product.token(service_key("service")).await;
    let master = product
        .issue(domain::draft::KeyDraft {
            kind: Some(KeyKind::MasterUser.as_str().to_owned()),
            boxes: vec!["chats.write".to_owned()],
            ..service_key("master")
        })
        .await;
    let ShownSecret::Pair { id, secret } = &master.shown else { panic!("two headers") };
    for key in [&service, id, &secret.expose_secret().to_owned()] {
        let told = refused(product, Call::get("/openapi/v1/rooms").member(key, &client.token)).await;
        assert!(told.starts_with("The API_KEY was not accepted"), "{told}");
    }
    // The API KEY opens no other door.
    let verify = Call::get("/v1/keys/self").bearer(&client.key);
    assert_eq!(product.send(verify).await.json()["code"], "NOT_FOUND");
    let root = product.verifier().await;
    let asked = Call::post("/v1/keys/verify").bearer(&root).json(json!({ "key": client.key }).to_string());
    assert_eq!(product.send(asked).await.json()["code"], "NOT_FOUND");

    let other = other_app(product).await;
    let key = api_key(product, &other.id).await;
    let token = bought(product, &key, "").await;
    product.service.archive_app(&operator(), &other.id).await.unwrap();
    let told = refused(product, Call::get("/openapi/v1/rooms").member(&key, &token)).await;
    assert!(told.contains("archived"), "{told}");
    let wrong = key.replace(&key[14..20], "000000");
    let told = refused(product, Call::get("/openapi/v1/rooms").member(&wrong, &token)).await;
    assert!(told.starts_with("The API_KEY was not accepted"), "{told}");
    product.service.restore_app(&operator(), &other.id).await.unwrap();
    assert_eq!(product.send(Call::get("/openapi/v1/rooms").member(&key, &token)).await.status, 200);
}
