//! `/openapi/…`: what a client that was written for VChatCloud calls, in its order.

use std::collections::BTreeSet;

use domain::app::App;
use domain::ids::AppId;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::support::{Answer, Call, Product, operator};

/// Both headers of the family.
pub trait Headers {
    fn member(self, key: &str, token: &str) -> Self;
}

impl Headers for Call {
    fn member(self, key: &str, token: &str) -> Self {
        self.header("API_KEY", key).header("X-AUTH-TOKEN", token)
    }
}

/// An app and what its clients present.
pub struct Client {
    pub product: Product,
    pub key: String,
    pub token: String,
}

impl Client {
    pub async fn start() -> Self {
        let product = Product::start().await;
        let app = *product.service.default_app();
        let key = api_key(&product, &app).await;
        let token = bought(&product, &key, "").await;
        Self { product, key, token }
    }

    pub async fn send(&self, call: Call) -> Answer {
        self.product.send(call.member(&self.key, &self.token)).await
    }

    pub async fn get(&self, path: &str) -> Value {
        self.done(Call::get(path)).await
    }

    pub async fn post(&self, path: &str, form: &'static str) -> Value {
        self.done(Call::post(path).form(form)).await
    }

    /// The answer to a call that is carried out.
    pub async fn done(&self, call: Call) -> Value {
        let answer = self.send(call).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let document = result(&answer);
        assert_eq!((&document["result_cd"], &document["result_msg"]), (&json!(1), &json!("")));
        document
    }

    /// The code of a call that is not carried out, with its status.
    pub async fn code(&self, call: Call) -> (u16, i64) {
        let answer = self.send(call).await;
        let document = result(&answer);
        assert!(!document["result_msg"].as_str().unwrap().is_empty(), "{document}");
        (answer.status.as_u16(), document["result_cd"].as_i64().unwrap())
    }

    /// A new room.
    pub async fn room(&self, form: &'static str) -> String {
        let made = self.post("/openapi/v2/rooms", form).await;
        made["data"]["roomId"].as_str().unwrap().to_owned()
    }

    /// The client keys that a list has.
    pub async fn listed(&self, path: &str) -> BTreeSet<String> {
        let document = self.get(path).await;
        let list = document["list"].as_array().unwrap();
        list.iter().map(|user| user["clientKey"].as_str().unwrap().to_owned()).collect()
    }
}

/// An answer in the family's form.
pub fn result(answer: &Answer) -> Value {
    assert_eq!(answer.header("content-type"), "application/json", "{}", answer.body);
    assert_eq!(answer.header("cache-control"), "no-store");
    let document = answer.json();
    assert!(document["result_cd"].is_i64() && document["result_msg"].is_string(), "{document}");
    document
}

pub async fn api_key(product: &Product, app: &AppId) -> String {
    product.service.reveal_member_key(&operator(), app).await.unwrap().expose_secret().to_owned()
}

/// The X-AUTH-TOKEN that this API KEY buys.
pub async fn bought(product: &Product, key: &str, query: &str) -> String {
    let answer = product.send(Call::get(&format!("/openapi/token{query}")).header("API_KEY", key)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let token = result(&answer)["data"]["X-AUTH-TOKEN"].as_str().unwrap().to_owned();
    assert_eq!(answer.header("x-auth-token"), token, "the header has it, too");
    token
}

pub async fn other_app(product: &Product) -> App {
    product.service.create_app(&operator(), "Another").await.unwrap()
}

#[tokio::test]
async fn an_api_key_alone_buys_a_token_that_works_as_a_header() {
    let client = Client::start().await;
    for path in ["/openapi/token", "/openapi/v1/token", "/openapi/v2/token"] {
        // Callers also send the name in small letters.
        let answer = client.product.send(Call::get(path).header("api_key", &client.key)).await;
        let token = result(&answer)["data"]["X-AUTH-TOKEN"].as_str().unwrap().to_owned();
        let rooms = Call::get("/openapi/v1/rooms").header("api_key", &client.key).header("x-auth-token", &token);
        assert_eq!(result(&client.product.send(rooms).await)["result_cd"], 1);
    }
}

#[tokio::test]
async fn a_second_token_does_not_end_the_first() {
    let client = Client::start().await;
    let second = bought(&client.product, &client.key, "").await;
    assert_ne!(client.token, second);
    for token in [&client.token, &second] {
        let call = Call::get("/openapi/v1/rooms").member(&client.key, token);
        assert_eq!(client.product.send(call).await.status, 200);
    }
}

#[tokio::test]
async fn rooms_are_created_modified_opened_closed_and_deleted() {
    let client = Client::start().await;
    let app = client.product.service.default_app().as_str().to_owned();
    let made = client.post("/openapi/v2/rooms", "roomName=Support%20desk&maxUser=50&webrtc=N").await["data"].take();
    let id = made["roomId"].as_str().unwrap();
    let expected = json!({
        "userId": app, "roomId": id, "roomName": "Support desk", "maxUser": 50, "startDt": null, "endDt": null,
        "messageCount": 0, "joinCount": 0, "roomStatus": "active", "isPossibleDup": "N", "roomType": "01",
        "webrtcStat": "N", "hasPassword": "N",
    });
    assert_eq!(made, expected);
    // One public caller has the parameters in the query, and one sends JSON.
    let second = client.done(Call::post("/openapi/v1/rooms?roomName=Query&maxUser=5")).await["data"].take();
    let third = client.done(Call::post("/openapi/v1/rooms").json(r#"{"roomName":"JSON","maxUser":7}"#)).await;
    assert_eq!((&second["maxUser"], &third["data"]["maxUser"]), (&json!(5), &json!(7)));
    for version in ["v1", "v2"] {
        let listed = client.get(&format!("/openapi/{version}/rooms")).await;
        let ids: BTreeSet<_> =
            listed["list"].as_array().unwrap().iter().map(|room| room["roomId"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), 3, "each has an id of its own");
        assert_eq!(client.get(&format!("/openapi/{version}/rooms/{id}")).await["data"], expected);
    }

    let path = format!("/openapi/v2/rooms/{id}");
    let changed =
        client.post(&path, "roomName=Help&maxUser=0&endDt=2030-01-02+03:04:05&password=open").await["data"].take();
    assert_eq!((&changed["roomName"], &changed["maxUser"]), (&json!("Help"), &json!(0)));
    assert_eq!((&changed["endDt"], &changed["hasPassword"]), (&json!("2030-01-02T03:04:05Z"), &json!("Y")));
    let changed = client.post(&path, "endDt=&password=").await["data"].take();
    assert_eq!(
        (&changed["roomName"], &changed["endDt"], &changed["hasPassword"]),
        (&json!("Help"), &json!(null), &json!("N"))
    );

    let status = async || client.get(&path).await["data"]["roomStatus"].take();
    client.done(Call::new("DELETE", &path)).await;
    assert_eq!(status().await, "ended");
    client.post(&path, "roomStatus=A").await;
    assert_eq!(status().await, "active");
    let later = client.post(&path, "roomName=Help&startDt=2030-01-01&roomStatus=A").await["data"].take();
    assert_eq!(
        (&later["roomStatus"], &later["startDt"]),
        (&json!("pending"), &json!("2030-01-01T00:00:00Z")),
        "it opens when it was told to"
    );
    client.post(&path, "startDt=&roomStatus=A").await;
    assert_eq!(status().await, "active");
    client.post(&format!("{path}/close"), "").await;
    assert_eq!(status().await, "ended");
    client.post(&format!("{path}/open"), "").await;
    assert_eq!(status().await, "active");
    client.post(&path, "roomStatus=C").await;
    assert_eq!(client.get("/openapi/v2/rooms?roomStatus=ended").await["list"].as_array().unwrap().len(), 1);
    client.done(Call::new("DELETE", &format!("{path}?delete=Y"))).await;
    assert_eq!(client.code(Call::get(&path)).await, (200, 10_102));
    assert_eq!(client.get("/openapi/v2/rooms").await["list"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_list_of_rooms_goes_on_where_it_stopped() {
    let client = Client::start().await;
    for name in ["roomName=a", "roomName=b", "roomName=c"] {
        client.room(name).await;
    }
    let first = client.get("/openapi/v1/rooms?rows=2").await;
    let next = first["next"].as_str().unwrap();
    let rest = client.get(&format!("/openapi/v1/rooms?rows=2&after={next}")).await;
    assert_eq!((first["list"].as_array().unwrap().len(), rest["list"].as_array().unwrap().len()), (2, 1));
    assert!(rest["next"].is_null());
    assert_eq!(client.get("/openapi/v1/rooms?roomName=b").await["list"][0]["roomName"], "b");
}

#[tokio::test]
async fn whoever_joins_gets_a_client_key_and_is_in_the_list_until_they_leave() {
    let client = Client::start().await;
    let room = client.room("roomName=Desk").await;
    let users = format!("/openapi/v1/users/{room}");
    let first = client.post(&users, "nickName=%EC%9A%B4%EC%98%81%EC%9E%90&grade=userManager").await["data"].take();
    let second = client.post(&users, "nickName=Han&clientKey=han-1.a_B").await["data"].take();
    let made = first["clientKey"].as_str().unwrap();
    assert_eq!(made.len(), 16);
    assert_eq!(first, json!({ "clientKey": made, "nickName": "운영자", "grade": "userManager", "roomId": room }));
    assert_eq!(second, json!({ "clientKey": "han-1.a_B", "nickName": "Han", "grade": "user", "roomId": room }));
    assert_eq!(client.code(Call::post(&users).form("nickName=Eve&clientKey=han-1.a_B")).await, (400, 400));
    for version in ["v1", "v2"] {
        let listed = client.get(&format!("/openapi/{version}/users/{room}")).await;
        let list = listed["list"].as_array().unwrap();
        assert!(list.len() == 2 && list.contains(&first) && list.contains(&second), "{listed}");
    }
    assert_eq!(client.get(&format!("/openapi/v2/rooms/{room}")).await["data"]["joinCount"], 2);
    let leave = || Call::new("DELETE", &format!("{users}/{made}"));
    client.done(leave()).await;
    assert_eq!(client.code(leave()).await, (200, 10_108));
    assert_eq!(client.listed(&users).await, BTreeSet::from(["han-1.a_B".to_owned()]));
    assert_eq!(client.code(Call::new("DELETE", &format!("{users}/nobody"))).await, (200, 10_107));
}

#[tokio::test]
async fn a_user_is_exiled_and_muted_and_released_again() {
    let client = Client::start().await;
    let room = client.room("roomName=Desk").await;
    let users = format!("/openapi/v1/users/{room}");
    client.post(&users, "nickName=Han&clientKey=han").await;
    for version in ["v1", "v2"] {
        let mute = format!("/openapi/{version}/mute/{room}");
        client.done(Call::post(&format!("{mute}/han"))).await;
        assert_eq!(client.listed(&mute).await, BTreeSet::from(["han".to_owned()]));
        client.done(Call::new("PUT", &format!("{mute}/han"))).await;
        assert!(client.listed(&mute).await.is_empty());

        let exiles = format!("/openapi/{version}/exiles/{room}");
        client.done(Call::post(&format!("{exiles}/han"))).await;
        assert_eq!(client.listed(&exiles).await, BTreeSet::from(["han".to_owned()]));
        assert!(client.listed(&users).await.is_empty(), "out of the room");
        let again = || Call::post(&users).form("nickName=Han&clientKey=han");
        assert_eq!(client.code(again()).await, (200, 10_106));
        client.done(Call::new("PUT", &format!("{exiles}/han"))).await;
        assert!(client.listed(&exiles).await.is_empty());
        client.done(again()).await;
    }
    for place in ["mute", "exiles"] {
        assert_eq!(client.code(Call::post(&format!("/openapi/v1/{place}/{room}/nobody"))).await, (200, 10_107));
    }
}

#[tokio::test]
async fn notices_custom_messages_and_whispers_are_in_the_room() {
    let client = Client::start().await;
    let room = client.room("roomName=Desk").await;
    client.post(&format!("/openapi/v1/users/{room}"), "nickName=Han&clientKey=han").await;
    client.post(&format!("/openapi/v1/notice/{room}"), "nickName=Team&notice=Back+at+nine").await;
    client.post(&format!("/openapi/v1/custom/{room}"), "nickName=Team&custom=%7B%22a%22%3A1%7D").await;
    client.done(Call::post(&format!("/openapi/v2/custom/{room}?nickName=Team&message=b"))).await;
    client.post(&format!("/openapi/v1/whisper/{room}/han"), "nickName=Team&whisper=Only+you").await;
    let id = domain::ids::RoomId::parse(&room).unwrap();
    let said = client.product.service.latest(&operator(), &id, 10).await.unwrap();
    let mut said: Vec<_> = said
        .iter()
        .filter(|message| message.author.name == "Team")
        .map(|message| (message.kind.as_str(), &*message.text, message.to.as_ref().map(ToString::to_string)))
        .collect();
    said.sort_unstable();
    let whisper = ("whisper", "Only you", Some("han".to_owned()));
    let expected = [("custom", "b", None), ("custom", "{\"a\":1}", None), ("notice", "Back at nine", None), whisper];
    assert_eq!(said, expected);
    assert_eq!(
        client.code(Call::post(&format!("/openapi/v1/whisper/{room}/nobody")).form("nickName=T&whisper=x")).await,
        (200, 10_107)
    );
    let count = client.get(&format!("/openapi/v2/rooms/{room}")).await["data"]["messageCount"].take();
    assert!(count.as_u64().unwrap() >= 4, "{count}");
}

#[tokio::test]
async fn a_room_says_why_nobody_joins_it() {
    let client = Client::start().await;
    let join = async |room: &str, form: &'static str| {
        client.code(Call::post(&format!("/openapi/v1/users/{room}")).form(form)).await
    };
    let small = client.room("roomName=Small&maxUser=1").await;
    client.post(&format!("/openapi/v1/users/{small}"), "nickName=A").await;
    assert_eq!(join(&small, "nickName=B").await, (200, 10_101));
    let later = client.room("roomName=Later&startDt=2050-01-01T00:00:00Z").await;
    assert_eq!(join(&later, "nickName=B").await, (200, 10_103));
    let closed = client.room("roomName=Closed").await;
    client.done(Call::new("DELETE", &format!("/openapi/v2/rooms/{closed}"))).await;
    assert_eq!(join(&closed, "nickName=B").await, (200, 10_104));
    let notice = Call::post(&format!("/openapi/v1/notice/{closed}")).form("nickName=T&notice=x");
    assert_eq!(client.code(notice).await, (200, 10_104));
    let locked = client.room("roomName=Locked&password=sesame").await;
    assert_eq!(join(&locked, "nickName=B").await, (200, 10_115));
    assert_eq!(join(&locked, "nickName=B&password=Sesame").await, (200, 10_115));
    client.post(&format!("/openapi/v1/users/{locked}"), "nickName=B&password=sesame").await;
    assert_eq!(join("0123456789abcdef01234567", "nickName=B").await, (200, 10_102));
}

/// Twenty ask for the last place at the same time.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_last_place_of_a_room_goes_to_one() {
    let client = Client::start().await;
    let room = client.room("roomName=Small&maxUser=3").await;
    let users = format!("/openapi/v1/users/{room}");
    client.post(&users, "nickName=A").await;
    client.post(&users, "nickName=B").await;
    let calls = (0..20).map(|n| client.send(Call::post(&format!("{users}?nickName=C{n}"))));
    let answers = futures::future::join_all(calls).await;
    let mut codes: Vec<_> = answers.iter().map(|answer| result(answer)["result_cd"].as_i64().unwrap()).collect();
    codes.sort_unstable();
    assert_eq!((codes[0], codes[1], codes[19]), (1, 10_101, 10_101));
    assert_eq!(client.listed(&users).await.len(), 3);
}
