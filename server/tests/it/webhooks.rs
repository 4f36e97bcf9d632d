//! What webhooks are told, over HTTP: receivers on loopback that answer well, badly, late or never, and addresses that must
//! not be called.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use domain::contact::ContactDraft;
use domain::delivery::{ANSWER_KEPT, Delivery, DeliveryQuery, DeliveryState, WAITS};
use domain::ids::{ContactId, RoomId};
use domain::integration::{Integration, IntegrationKind};
use domain::message::{Author, MessageKind};
use domain::participant::NamedContact;
use domain::room::{RoomKind, RoomRules};
use domain::webhook::WebhookRules;
use futures::{StreamExt, stream};
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};
use server::webhooks::{Networks, Sender};
use service::chat::messages::NewMessage;
use service::chat::rooms::NewRoom;
use service::integrations::NewIntegration;
use tokio::net::{TcpListener, TcpSocket};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::support::{Product, operator};

const LOOPBACK: &str = "127.0.0.0/8";

/// A call that a receiver got.
#[derive(Debug, Clone)]
struct Got {
    path: String,
    headers: HeaderMap,
    body: Value,
}

/// A receiver, whose paths say how it answers.
struct Receiver {
    address: SocketAddr,
    got: Arc<Mutex<Vec<Got>>>,
}

impl Receiver {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let got = Arc::<Mutex<Vec<Got>>>::default();
        let app = Router::new().fallback(answer).with_state(Arc::clone(&got));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { address, got }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn got(&self, path: &str) -> Vec<Got> {
        self.got.lock().unwrap().iter().filter(|got| got.path == path).cloned().collect()
    }

    /// The first two calls at a path: a chat, and a message in it.
    async fn two(&self, path: &str) -> [Got; 2] {
        let begun = Instant::now();
        loop {
            if let Ok(two) = self.got(path).try_into() {
                return two;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "the message is not told");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

async fn answer(State(all): State<Arc<Mutex<Vec<Got>>>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let path = uri.path_and_query().unwrap().as_str().to_owned();
    let body = serde_json::from_slice(&body).unwrap_or_default();
    let before = {
        let mut all = all.lock().unwrap();
        let before = all.iter().filter(|got| got.path == path).count();
        all.push(Got { path: path.clone(), headers, body });
        before
    };
    match path.as_str() {
        "/flaky" if before == 0 => (StatusCode::INTERNAL_SERVER_ERROR, "down").into_response(),
        "/redirect" => {
            let there = [(header::LOCATION, "http://169.254.169.254/latest/meta-data/")];
            (StatusCode::FOUND, there).into_response()
        }
        "/home" => (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, "/ok")]).into_response(),
        "/gone" => StatusCode::GONE.into_response(),
        "/echo" => {
            let all = all.lock().unwrap();
            format!("X-API-Key: {:?}\u{202e}!", all.last().unwrap().headers["x-api-key"]).into_response()
        }
        "/huge" => vec![b'x'; 10_000_000].into_response(),
        "/endless" => {
            let begun = stream::once(async { Ok::<_, Infallible>(Bytes::from("begun")) });
            Body::from_stream(begun.chain(stream::pending())).into_response()
        }
        "/slow" => {
            tokio::time::sleep(Duration::from_secs(3)).await;
            "at last".into_response()
        }
        "/silent" => std::future::pending().await,
        _ => "thanks".into_response(),
    }
}

/// A product that sends in the background until the guard is dropped.
async fn start(networks: &str, own_ports: Vec<u16>) -> (Product, DropGuard) {
    let product = Product::start().await;
    let sender = Sender::new(Networks::parse(networks).unwrap(), own_ports, "https://keys.example.com").unwrap();
    product.service.delivers_by(Arc::new(sender));
    let stop = CancellationToken::new();
    let (service, token) = (product.service.clone(), stop.clone());
    tokio::spawn(async move { service.run(token).await });
    (product, stop.drop_guard())
}

/// A custom integration whose webhook is told of chats and messages, and the secret of that.
async fn hook(product: &Product, target: &str) -> (Integration, String) {
    let triggers = ["conversation:create", "conversation:message"];
    let rules = WebhookRules::checked(target, &triggers, false, false).unwrap();
    let new = NewIntegration { kind: IntegrationKind::Custom, name: None, extra: String::new(), webhooks: vec![rules] };
    let app = product.service.default_app();
    let (integration, secrets) = product.service.create_integration(&operator(), app, new).await.unwrap();
    (integration, secrets[0].expose_secret().to_owned())
}

fn ana() -> NamedContact {
    NamedContact { id: ContactId::from_random([7; 12]), name: "Ana".to_owned() }
}

async fn chat(product: &Product) -> RoomId {
    let rules = RoomRules::checked("Support", None, None, None).unwrap();
    let new = NewRoom { kind: RoomKind::Chat, rules, password: None, creator: None, contacts: vec![ana()] };
    product.service.create_room(&operator(), product.service.default_app(), new).await.unwrap().id
}

async fn say(product: &Product, chat: &RoomId, text: &str) {
    let message = NewMessage {
        kind: MessageKind::Text,
        author: Author::contact(&ana().id),
        text: text.to_owned(),
        reply_to: None,
        to: None,
        attachment: None,
    };
    product.service.send(&operator(), chat, message).await.unwrap();
}

/// What the webhook of an integration is told, oldest first.
async fn deliveries(product: &Product, of: &Integration) -> Vec<Delivery> {
    let page = product.service.deliveries(&operator(), &of.id, &DeliveryQuery::default()).await.unwrap();
    page.rows.into_iter().rev().collect()
}

/// The first thing that a webhook is told, once it was tried so often.
async fn tried(product: &Product, of: &Integration, times: u32) -> Delivery {
    let begun = Instant::now();
    loop {
        let first = deliveries(product, of).await.remove(0);
        if first.tries >= times {
            return first;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{first:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_receiver_is_told_in_sunshines_form_with_its_secret() {
    let receiver = Receiver::start().await;
    let (product, _running) = start(LOOPBACK, Vec::new()).await;
    let (integration, secret) = hook(&product, &receiver.url("/ok?desk=1")).await;
    let chat = chat(&product).await;
    say(&product, &chat, "Hello \"you\"\nand 李").await;
    tried(&product, &integration, 1).await;
    let (got, told) = (receiver.two("/ok?desk=1").await, deliveries(&product, &integration).await);
    for (got, told) in got.iter().zip(&told) {
        assert_eq!(got.headers["x-api-key"], secret.as_str());
        assert_eq!(got.headers["content-type"], "application/json");
        assert_eq!(got.headers["user-agent"], "Keystead");
        assert_eq!(got.headers["host"], receiver.address.to_string().as_str());
        assert_eq!(got.body["app"]["id"], product.service.default_app().as_str());
        assert_eq!(got.body["webhook"]["id"], integration.webhooks[0].id.as_str());
        assert_eq!(got.body["webhook"]["version"], "v2");
        assert_eq!(got.body["events"].as_array().unwrap().len(), 1);
        let event = &got.body["events"][0];
        assert_eq!(event["id"], told.id.as_str());
        assert_eq!(event["type"], told.trigger.as_str());
        let created_at = event["createdAt"].as_str().unwrap();
        assert!(created_at.ends_with('Z') && created_at.len() == "2026-11-21T09:30:02.250Z".len(), "{created_at}");
        assert_eq!(event["payload"]["conversation"]["id"], chat.as_str());
    }
    assert_eq!(got[0].body["events"][0]["type"], "conversation:create");
    let message = &got[1].body["events"][0]["payload"]["message"];
    assert_eq!(message["content"]["text"], "Hello \"you\"\nand 李");
    assert_eq!(message["author"]["type"], "user");
}

#[tokio::test]
async fn an_answer_is_kept_without_the_secret_and_without_hidden_characters() {
    let receiver = Receiver::start().await;
    let (product, _running) = start(LOOPBACK, Vec::new()).await;
    let (integration, secret) = hook(&product, &receiver.url("/echo")).await;
    chat(&product).await;
    let answer = tried(&product, &integration, 1).await.answer;
    assert_eq!(receiver.got("/echo")[0].headers["x-api-key"], secret.as_str());
    assert_eq!(answer, "X-API-Key: \"[the secret of this webhook]\"!");
}

#[tokio::test]
async fn a_receiver_is_told_as_much_of_a_user_as_it_asked_for() {
    let receiver = Receiver::start().await;
    let (product, _running) = start(LOOPBACK, Vec::new()).await;
    let (service, app) = (&product.service, *product.service.default_app());
    let paths = [("/ok?full=no", false), ("/ok?full=yes", true)];
    for (path, full) in paths {
        let triggers = ["conversation:create", "conversation:message"];
        let webhooks = vec![WebhookRules::checked(&receiver.url(path), &triggers, full, false).unwrap()];
        let new = NewIntegration { kind: IntegrationKind::Custom, name: None, extra: String::new(), webhooks };
        service.create_integration(&operator(), &app, new).await.unwrap();
    }
    let draft = ContactDraft { first_name: "Ada".to_owned(), identifier: "ada".to_owned(), ..ContactDraft::default() };
    let ada = service.create_contact_with(&operator(), &app, &draft, &Map::new()).await.unwrap();
    let rules = RoomRules::checked("Ada", None, None, None).unwrap();
    let contacts = vec![NamedContact { id: ada.id, name: "Ada".to_owned() }];
    let new = NewRoom { kind: RoomKind::Chat, rules, password: None, creator: Some(ada.id), contacts };
    let kept = Map::from_iter([("type".to_owned(), json!("personal"))]);
    let chat = service.create_room_with(&operator(), &app, new, &kept).await.unwrap().id;
    let message = NewMessage {
        kind: MessageKind::Text,
        author: Author::contact(&ada.id),
        text: "Hi".to_owned(),
        reply_to: None,
        to: None,
        attachment: None,
    };
    service.send(&operator(), &chat, message).await.unwrap();
    for (path, full) in paths {
        let [created, said] = receiver.two(path).await.map(|got| got.body["events"][0]["payload"].clone());
        let conversation = json!({ "id": chat, "type": "personal", "metadata": {} });
        assert_eq!((&created["conversation"], &said["conversation"]), (&conversation, &conversation));
        let (user, author) = (&created["user"], &said["message"]["author"]);
        assert_eq!((&author["user"], &author["userId"]), (user, &json!(ada.id.as_str())));
        assert_eq!((&user["externalId"], &user["authenticated"]), (&json!("ada"), &json!(false)));
        assert_eq!(user.get("profile"), full.then(|| json!({ "givenName": "Ada" })).as_ref(), "{path}");
    }
}

/// One chat, and a webhook for each answer: none of them delays the others.
#[tokio::test]
async fn each_answer_means_what_its_status_says() {
    let receiver = Receiver::start().await;
    let (product, _running) = start(LOOPBACK, Vec::new()).await;
    let mut hooks = Vec::new();
    for path in
        ["/ok", "/flaky", "/redirect", "/home", "/gone", "/huge", "/endless", "/slow"].into_iter().chain(["/silent"; 4])
    {
        hooks.push((path, hook(&product, &receiver.url(path)).await.0));
    }
    let begun = Instant::now();
    chat(&product).await;
    for (path, integration) in &hooks {
        let told = tried(&product, integration, 1).await;
        let (state, status, failure) = match *path {
            "/ok" | "/huge" | "/endless" | "/slow" => (DeliveryState::Delivered, Some(200), ""),
            "/flaky" => (DeliveryState::Waiting, Some(500), "500"),
            "/redirect" => (DeliveryState::Waiting, Some(302), "not followed"),
            "/home" => (DeliveryState::Waiting, Some(307), "not followed"),
            "/gone" => (DeliveryState::Failed, Some(410), "410"),
            _ => (DeliveryState::Waiting, None, "10 seconds"),
        };
        assert_eq!((told.state, told.status), (state, status), "{path}");
        assert!(told.failure.contains(failure) && (failure.is_empty() == told.failure.is_empty()), "{told:?}");
        match *path {
            "/ok" => assert_eq!(told.answer, "thanks"),
            "/huge" => assert_eq!(told.answer, "x".repeat(ANSWER_KEPT)),
            "/endless" => assert_eq!(told.answer, "begun"),
            "/slow" => assert_eq!(told.answer, "at last"),
            _ => {}
        }
        let next = (state == DeliveryState::Waiting).then(|| product.service.now().plus(WAITS[1]));
        assert_eq!(told.next_try_at, next, "{path}");
    }
    // The four that say nothing have 10 seconds each.
    assert!(begun.elapsed() < Duration::from_secs(30), "they are told beside each other");
    assert!(receiver.got("/ok").len() == 1, "a redirect to it was not followed");
    product.clock.advance(WAITS[1]);
    let (_, flaky) = hooks.iter().find(|(path, _)| *path == "/flaky").unwrap();
    let told = tried(&product, flaky, 2).await;
    assert_eq!((told.state, told.status, told.failure.as_str()), (DeliveryState::Delivered, Some(200), ""));
    let got = receiver.got("/flaky");
    assert_eq!(got[0].body, got[1].body, "the same event, with the same id");
}

#[tokio::test]
async fn a_receiver_that_breaks_off_or_is_not_there_is_tried_again() {
    let broken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = broken.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = broken.accept().await {
            drop(stream);
        }
    });
    // Nobody listens there, and nobody else gets it.
    let held = TcpSocket::new_v4().unwrap();
    held.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let closed = held.local_addr().unwrap();
    let (product, _running) = start(LOOPBACK, Vec::new()).await;
    let (broken, _) = hook(&product, &format!("http://{address}/")).await;
    let (closed, _) = hook(&product, &format!("http://{closed}")).await;
    let (plain, _) = hook(&product, &format!("https://{address}/")).await;
    chat(&product).await;
    for (integration, why) in [(broken, "broke off"), (closed, "cannot be reached"), (plain, "cannot be trusted")] {
        let told = tried(&product, &integration, 1).await;
        assert_eq!((told.state, told.status), (DeliveryState::Waiting, None));
        assert!(told.failure.contains(why), "{told:?}");
        assert!(!told.failure.contains('\n') && !told.failure.contains("os error"), "{told:?}");
    }
}

/// Addresses of this machine and of networks of its own, by number and by name.
#[tokio::test]
async fn addresses_of_ones_own_networks_are_not_called() {
    let receiver = Receiver::start().await;
    let port = receiver.address.port();
    let (product, _running) = start("", Vec::new()).await;
    let mut hooks = Vec::new();
    for host in [
        "127.0.0.1",
        "localhost",
        "LocalHost",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::127.0.0.1]",
        "[2002:7f00:1::]",
        "10.0.0.1",
        "169.254.169.254",
        "192.168.0.1",
        "[fd00::1]",
        "[fe80::1]",
    ] {
        hooks.push((host, hook(&product, &format!("http://{host}:{port}/ok")).await.0));
    }
    chat(&product).await;
    for (host, integration) in &hooks {
        let told = tried(&product, integration, 1).await;
        assert_eq!((told.state, told.status), (DeliveryState::Waiting, None), "{host}");
        let found = told.failure.contains("no public address") || told.failure.contains("cannot be found");
        assert!(found, "{host}: {}", told.failure);
    }
    let localhost = tried(&product, &hooks[1].1, 1).await;
    assert!(localhost.failure.contains("KEYSTEAD_WEBHOOK_NETWORKS"), "{}", localhost.failure);
    assert!(receiver.got.lock().unwrap().is_empty(), "nothing has arrived");
}

#[tokio::test]
async fn a_network_that_is_named_is_called_but_not_this_installation_in_it() {
    let (receiver, own) = (Receiver::start().await, Receiver::start().await);
    let (product, _running) = start("127.0.0.1", vec![own.address.port()]).await;
    let (right, _) = hook(&product, &receiver.url("/ok")).await;
    let (named, _) = hook(&product, &format!("http://localhost:{}/ok", receiver.address.port())).await;
    let (itself, _) = hook(&product, &own.url("/ok")).await;
    let (beside, _) = hook(&product, &format!("http://127.0.0.2:{}/ok", receiver.address.port())).await;
    chat(&product).await;
    for integration in [right, named] {
        assert_eq!(tried(&product, &integration, 1).await.state, DeliveryState::Delivered);
    }
    for (integration, why) in [(itself, "its own ports"), (beside, "KEYSTEAD_WEBHOOK_NETWORKS does not name")] {
        let told = tried(&product, &integration, 1).await;
        assert!(told.failure.contains("no public address") && told.failure.contains(why), "{told:?}");
    }
    assert_eq!(receiver.got("/ok").len(), 2);
    assert!(own.got("/ok").is_empty());
}
