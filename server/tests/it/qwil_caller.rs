//! A client of Qwil's Master API, for the tests of that family.

use domain::contact::{Contact, ContactDraft, ContactKind};
use domain::draft::KeyDraft;
use domain::ids::KeyId;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use service::keys::ShownSecret;

use crate::support::{Answer, Call, Product, operator};

pub const API: &str = "/chat-service/api";
/// Every permission of a Master User key.
pub const ALL: [&str; 4] = ["chats.read", "chats.write", "chats.export", "contacts.manage"];

/// A Master User key with what it is presented by.
#[derive(Debug, Clone)]
pub struct Master {
    pub key: KeyId,
    pub id: String,
    pub secret: String,
}

pub fn master_draft(boxes: &[&str]) -> KeyDraft {
    KeyDraft {
        kind: Some("master_user".to_owned()),
        name: Some("Chats".to_owned()),
        boxes: boxes.iter().map(|name| (*name).to_owned()).collect(),
        ..KeyDraft::default()
    }
}

/// Issues a key of this draft.
pub async fn issued(product: &Product, draft: KeyDraft) -> Master {
    let issued = product.issue(draft).await;
    let ShownSecret::Pair { id, secret } = issued.shown else { panic!("a Master User key is shown as a pair") };
    Master { key: issued.key.row.id, id, secret: secret.expose_secret().to_owned() }
}

pub async fn master(product: &Product, boxes: &[&str]) -> Master {
    issued(product, master_draft(boxes)).await
}

/// A contact of the default app.
pub async fn contact(product: &Product, first: &str, kind: ContactKind, is_admin: bool) -> Contact {
    let draft = ContactDraft {
        first_name: first.to_owned(),
        last_name: "Example".to_owned(),
        email: format!("{}@example.com", first.to_lowercase()),
        identifier: format!("crm/{first}"),
        kind: kind.as_str().to_owned(),
        is_admin,
    };
    product.service.create_contact(&operator(), product.service.default_app(), &draft).await.unwrap()
}

pub async fn client(product: &Product, first: &str) -> Contact {
    contact(product, first, ContactKind::Client, false).await
}

impl Master {
    /// A call with the key in its two headers.
    pub fn call(&self, method: &str, path: &str) -> Call {
        let call = Call::new(method, &format!("{API}/{path}"));
        call.header("X-MASTER-USER-API-KEY", &self.id).header("X-MASTER-USER-API-KEY-SECRET", &self.secret)
    }

    pub async fn get(&self, product: &Product, path: &str, on_behalf_of: &Contact) -> Answer {
        product.send(self.call("GET", path).header("on-behalf-of", &on_behalf_of.id.to_uuid())).await
    }

    pub async fn post(&self, product: &Product, path: &str, on_behalf_of: &Contact, body: &Value) -> Answer {
        let call = self.call("POST", path).header("on-behalf-of", &on_behalf_of.id.to_uuid());
        product.send(call.json(body.to_string())).await
    }

    /// A chat between these contacts that the first one creates.
    pub async fn chat(&self, product: &Product, contacts: &[&Contact]) -> String {
        let others: Vec<_> = contacts.iter().skip(1).map(|contact| contact.id.to_uuid()).collect();
        let body = json!({ "title": "Test", "entity_user_xref_uuids": others });
        let chat = self.post(product, "chats/create", contacts[0], &body).await.done();
        chat["chat_uuid"].as_str().unwrap().to_owned()
    }

    pub async fn says(&self, product: &Product, by: &Contact, chat: &str, text: &str) -> Value {
        let body = json!({ "chat_uuid": chat, "text": text });
        self.post(product, "chats/messages/send-text", by, &body).await.done()
    }

    /// The messages of a chat as a contact reads them.
    pub async fn messages(&self, product: &Product, by: &Contact, chat: &str) -> Vec<Value> {
        let range = self.get(product, &format!("chats/messages/range?chat_uuid={chat}"), by).await.done();
        range["messages"].as_array().unwrap().clone()
    }
}

impl Answer {
    /// The body of a call that was carried out.
    #[track_caller]
    pub fn done(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        assert_eq!(self.header("content-type"), "application/json");
        assert_eq!(self.header("cache-control"), "no-store");
        self.json()
    }

    /// Checks that this is an error in Qwil's form with this code, and gives its message.
    #[track_caller]
    pub fn qwil_error(&self, status: u16, code: &str) -> String {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        assert_eq!(self.header("content-type"), "application/json", "{}", self.body);
        let document = self.json();
        assert_eq!(document["error_code"], code, "{document}");
        assert_eq!(document.as_object().unwrap().len(), 2, "{document}");
        let message = document["message"].as_str().unwrap();
        assert!(message.ends_with('.'), "{message}");
        message.to_owned()
    }
}
