//! A client of Sunshine Conversations, for the tests of that family.

use data_encoding::{BASE64, BASE64URL_NOPAD};
use domain::draft::KeyDraft;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use service::keys::ShownSecret;
use sha2::{Digest, Sha256};

use crate::support::{Answer, Call, Product, operator};

/// The address in the published examples.
pub const TARGET: &str = "https://example.com/callback";

/// A key with what it is presented by.
#[derive(Debug, Clone)]
pub struct Pair {
    pub id: String,
    pub secret: String,
}

impl Pair {
    /// The key in an answer that made it.
    pub fn of(answer: &Value) -> Self {
        let text = |name: &str| answer["key"][name].as_str().unwrap().to_owned();
        Self { id: text("id"), secret: text("secret") }
    }

    pub fn basic(&self) -> String {
        format!("Basic {}", BASE64.encode(format!("{}:{}", self.id, self.secret).as_bytes()))
    }

    /// A JWT with these claims, signed by the key.
    pub fn jwt(&self, claims: &Value) -> String {
        let head = json!({ "alg": "HS256", "typ": "JWT", "kid": self.id });
        signed(&head, claims, self.secret.as_bytes())
    }

    pub fn call(&self, method: &str, path: &str) -> Call {
        Call::new(method, path).header("authorization", &self.basic())
    }
}

/// A JWT with this head and these claims, and the MAC under this secret.
pub fn signed(head: &Value, claims: &Value, secret: &[u8]) -> String {
    let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let text = format!("{}.{}", part(head), part(claims));
    let mac = hmac(secret, text.as_bytes());
    format!("{text}.{}", BASE64URL_NOPAD.encode(&mac))
}

/// HMAC with SHA-256, from RFC 2104, for keys of at most 64 bytes. Made here anew, so that the product's is compared with
/// another.
pub fn hmac(secret: &[u8], text: &[u8]) -> [u8; 32] {
    assert!(secret.len() <= 64);
    let pad = |with: u8| {
        let mut block = [with; 64];
        block.iter_mut().zip(secret).for_each(|(byte, key)| *byte ^= key);
        block
    };
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(text).finalize();
    Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().into()
}

/// An app with a key of each scope, and a custom integration in it.
pub struct Client {
    pub product: Product,
    pub app: String,
    pub integration: String,
    pub account: Pair,
    pub of_app: Pair,
    pub of_integration: Pair,
}

/// An account key, which an owner issues in the console.
pub async fn account_key(product: &Product) -> Pair {
    let draft = KeyDraft { kind: Some("account".to_owned()), name: Some("Account".to_owned()), ..KeyDraft::default() };
    let app = *product.service.default_app();
    let issued = product.service.issue_acknowledged(&operator(), &app, &draft).await.unwrap();
    let ShownSecret::Pair { id, secret } = issued.shown else { panic!("an account key is shown as a pair") };
    Pair { id, secret: secret.expose_secret().to_owned() }
}

/// The body that sets up a custom integration.
pub fn custom(name: &str) -> Value {
    json!({ "type": "custom", "displayName": name, "webhooks": [{ "target": TARGET, "triggers": ["conversation:message"] }] })
}

impl Client {
    pub async fn start() -> Self {
        let product = Product::start().await;
        let account = account_key(&product).await;
        let app = product.service.default_app().as_str().to_owned();
        let mut client = Self {
            product,
            app,
            integration: String::new(),
            of_app: account.clone(),
            of_integration: account.clone(),
            account,
        };
        let path = client.path("integrations");
        client.integration = id(&client.post(&path, &custom("Test")).await["integration"]);
        let path = client.path("keys");
        client.of_app = Pair::of(&client.post(&path, &json!({ "displayName": "App" })).await);
        let path = client.keys();
        client.of_integration = Pair::of(&client.post(&path, &json!({ "displayName": "Integration" })).await);
        client
    }

    /// A path in the app.
    pub fn path(&self, rest: &str) -> String {
        format!("/v2/apps/{}/{rest}", self.app)
    }

    /// The keys of the integration.
    pub fn keys(&self) -> String {
        self.path(&format!("integrations/{}/keys", self.integration))
    }

    pub async fn send(&self, by: &Pair, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let call = by.call(method, path);
        let call = match body {
            Some(body) => call.json(body.to_string()),
            None => call,
        };
        self.product.send(call).await
    }

    pub async fn get(&self, path: &str) -> Value {
        self.send(&self.account, "GET", path, None).await.shown(200)
    }

    pub async fn post(&self, path: &str, body: &Value) -> Value {
        self.send(&self.account, "POST", path, Some(body)).await.shown(201)
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Value {
        self.send(&self.account, "PATCH", path, Some(body)).await.shown(200)
    }

    pub async fn delete(&self, path: &str) -> Value {
        self.send(&self.account, "DELETE", path, None).await.shown(200)
    }
}

/// The id of what an answer shows.
pub fn id(shown: &Value) -> String {
    shown["id"].as_str().unwrap().to_owned()
}

impl Answer {
    /// The body of a call that was carried out.
    #[track_caller]
    pub fn shown(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        assert_eq!(self.header("content-type"), "application/json");
        assert_eq!(self.header("cache-control"), "no-store");
        assert!(!self.headers.contains_key("access-control-allow-origin"));
        let shown = self.json();
        assert!(shown.is_object(), "{shown}");
        shown
    }

    /// Checks that this is an error in Sunshine's form with this code, and gives the title of the first.
    #[track_caller]
    pub fn sunshine_error(&self, status: u16, code: &str) -> String {
        let shown = self.shown(status);
        let errors = shown["errors"].as_array().unwrap();
        assert!(shown.as_object().unwrap().len() == 1 && !errors.is_empty(), "{shown}");
        assert!(status == 400 || errors.len() == 1, "{shown}");
        for error in errors {
            assert_eq!(error["code"], code, "{shown}");
            assert_eq!(error.as_object().unwrap().len(), 2, "{shown}");
            assert!(!error["title"].as_str().unwrap().is_empty(), "{shown}");
        }
        errors[0]["title"].as_str().unwrap().to_owned()
    }
}

/// A user, whom `body` says more about.
pub async fn user(client: &Client, external_id: &str, profile: Value) -> Value {
    let body = json!({ "externalId": external_id, "profile": profile });
    client.post(&client.path("users"), &body).await["user"].clone()
}

pub async fn ada(client: &Client) -> Value {
    user(client, "ada", json!({ "givenName": "Ada", "surname": "Lovelace", "email": "ada@example.com" })).await
}

/// A conversation between these users.
pub async fn group(client: &Client, users: &[&Value]) -> String {
    let participants: Vec<_> = users.iter().map(|user| json!({ "userId": user["id"] })).collect();
    let body = json!({ "type": "sdkGroup", "participants": participants });
    id(&client.post(&client.path("conversations"), &body).await["conversation"])
}

pub fn in_conversation(client: &Client, conversation: &str, rest: &str) -> String {
    client.path(&format!("conversations/{conversation}/{rest}"))
}

pub async fn say(client: &Client, conversation: &str, author: Value, content: Value) -> Value {
    let path = in_conversation(client, conversation, "messages");
    let said = client.post(&path, &json!({ "author": author, "content": content })).await;
    assert_eq!(said["messages"].as_array().unwrap().len(), 1);
    said["messages"][0].clone()
}

pub fn business() -> Value {
    json!({ "type": "business" })
}

pub fn text(words: &str) -> Value {
    json!({ "type": "text", "text": words })
}

pub async fn refused(
    client: &Client,
    method: &str,
    path: &str,
    body: Option<&Value>,
    status: u16,
    code: &str,
) -> String {
    client.send(&client.account, method, path, body).await.sunshine_error(status, code)
}
