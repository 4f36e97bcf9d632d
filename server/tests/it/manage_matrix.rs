//! Every route of the management API, from its own list: for nobody, for a key without permissions, with all but the one
//! it needs, with that one alone, and for a key of another app.

use domain::draft::KeyDraft;
use domain::hand_over::HandOverDraft;
use domain::ids::{AppId, KeyId};
use domain::invite::InviteDraft;
use secrecy::ExposeSecret;
use server::router::api_operations;
use service::Caller;
use service::keys::{HandOverForm, ShownSecret};

use crate::manage_keys::{ALL, manager};
use crate::manage_requests::{ask, asker};
use crate::support::{Answer, Call, Product, operator, service_key};

/// A body that is good for a route.
fn body(method: &str, path: &str) -> &'static str {
    match (method, path) {
        ("POST", "/v1/keys") => r#"{"kind":"service","name":"New"}"#,
        ("POST", "/v1/keys/acts") => r#"{"act":"disable","ids":["7Qm2xVbN4tRa"]}"#,
        ("POST", "/v1/keys/verify") => r#"{"key":"x"}"#,
        ("POST", "/v1/keys/verify-batch") => r#"{"calls":[{"key":"x"}]}"#,
        ("PATCH", "/v1/keys/{id}") => r#"{"name":"Renamed"}"#,
        ("POST", "/v1/hand-overs") => r#"{"key":{"kind":"service","name":"New"},"recipient":"Grace"}"#,
        ("POST", "/v1/apps") => r#"{"name":"Another"}"#,
        ("PATCH", "/v1/apps/{id}") => r#"{"name":"Shop"}"#,
        ("POST", "/v1/invites") => r#"{"firstName":"Ada","email":"new@example.com","role":"admin"}"#,
        ("PATCH", "/v1/people/{id}") => r#"{"role":"auditor"}"#,
        ("PUT", "/v1/people/{id}/apps") => r#"{"apps":[]}"#,
        ("PUT", "/v1/people/{id}/keys") => r#"{"keys":[{"key":"7Qm2xVbN4tRa"}]}"#,
        _ => "{}",
    }
}

struct Matrix {
    product: Product,
    other: AppId,
    asker: Caller,
    made: u32,
}

impl Matrix {
    async fn start() -> Self {
        let product = Product::start().await;
        let other = product.service.create_app(&operator(), "Other").await.unwrap().id;
        let asker = asker(&product).await;
        Self { product, other, asker, made: 0 }
    }

    /// The address of something new.
    async fn about(&mut self, path: &str) -> String {
        let service = &self.product.service;
        self.made += 1;
        let id = match path.split('/').nth(2).unwrap() {
            _ if !path.contains("{id}") => String::new(),
            "keys" => self.product.issue(service_key("Key")).await.key.row.id.to_string(),
            "hand-overs" => self.handed_over().await.to_string(),
            "apps" => service.default_app().to_string(),
            "requests" => ask(&self.product, &self.asker).await.to_string(),
            // Nobody has accepted the invite, so of people only the refusals are asked.
            _ => {
                let email = format!("{}@example.com", self.made);
                let draft = InviteDraft {
                    first_name: "Ada".to_owned(),
                    email,
                    role: "admin".to_owned(),
                    ..InviteDraft::default()
                };
                service.invite(&operator(), &draft).await.unwrap().invite.id.to_string()
            }
        };
        path.replace("{id}", &id)
    }

    /// A hand-over of a key named "Ours".
    async fn handed_over(&self) -> KeyId {
        let service = &self.product.service;
        let to = HandOverDraft { recipient: "Grace".to_owned(), life: "1d".to_owned(), ..HandOverDraft::default() };
        let (key, form_id, none) = (service_key("Ours"), service.new_form_id().unwrap(), "".into());
        let form = HandOverForm { key: &key, form_id: &form_id, to: &to, request: None, passphrase: &none };
        service.hand_over(&operator(), service.default_app(), &form).await.unwrap().hand_over.key
    }

    async fn ask(&mut self, method: &str, path: &str, key: Option<&str>) -> Answer {
        let call = Call::new(method, &self.about(path).await);
        let call = if method == "GET" { call } else { call.json(body(method, path)) };
        let call = key.into_iter().fold(call, Call::bearer);
        self.product.send(call).await
    }

    async fn key_of_other_app(&self, permission: &str) -> String {
        let draft = KeyDraft { boxes: vec![permission.to_owned()], ..service_key("theirs") };
        let issued = self.product.service.issue_acknowledged(&operator(), &self.other, &draft).await.unwrap();
        let ShownSecret::Token(token) = issued.shown else { panic!("no token") };
        token.expose_secret().to_owned()
    }
}

#[tokio::test]
async fn each_route_is_for_keys_with_its_permission_alone() {
    let mut matrix = Matrix::start().await;
    let operations: Vec<_> = api_operations().filter(|(.., needed)| needed.is_some()).collect();
    assert!(operations.len() > 25);
    let none = manager(&matrix.product, &[]).await;
    for (method, path, needed) in operations {
        let needed = needed.unwrap();
        let what = format!("{method} {path}");
        matrix.ask(method, path, None).await.problem(401);
        matrix.ask(method, path, Some("ks_7Qm2xVbN4tRa_x")).await.problem(401);
        let others: Vec<_> = ALL.into_iter().filter(|name| *name != needed.as_str()).collect();
        let others = manager(&matrix.product, &others).await;
        for key in [&none, &others] {
            let refused = matrix.ask(method, path, Some(key)).await;
            assert_eq!(refused.problem(403)["type"], "urn:keystead:problem:forbidden", "{what}");
            assert!(refused.header("www-authenticate").contains(needed.as_str()), "{what}");
        }
        let own = manager(&matrix.product, &[needed.as_str()]).await;
        let done = matrix.ask(method, path, Some(&own)).await.status.as_u16();
        let fine = match (method, path) {
            // These keys are not pending or revoked, and nobody has come yet.
            // They have one secret.
            ("POST", path) if path.starts_with("/v1/keys/{id}/rotation/") => done == 409,
            (_, "/v1/keys/{id}/enable" | "/v1/keys/{id}/restore" | "/v1/keys/{id}/acknowledge") => done == 409,
            _ if path.starts_with("/v1/people/{id}") => done == 404,
            _ => (200..300).contains(&done),
        };
        assert!(fine, "{what}: {done}");
        if path.ends_with("/archive") {
            // With its app, the key that did this stopped too.
            let service = &matrix.product.service;
            service.restore_app(&operator(), service.default_app()).await.unwrap();
        }
        let theirs = matrix.key_of_other_app(needed.as_str()).await;
        let elsewhere = matrix.ask(method, path, Some(&theirs)).await;
        let own = ["/v1/keys/{id}", "/v1/hand-overs/{id}", "/v1/apps/{id}", "/v1/requests/{id}"];
        let own_app = own.iter().any(|of| path.starts_with(of));
        if own_app {
            elsewhere.problem(404);
        } else {
            assert!(elsewhere.status.as_u16() < 500, "{what}");
        }
    }
}

#[tokio::test]
async fn a_list_has_nothing_of_another_app() {
    let matrix = Matrix::start().await;
    matrix.product.issue(service_key("Ours")).await;
    matrix.handed_over().await;
    ask(&matrix.product, &matrix.asker).await;
    for (path, permission) in [
        ("/v1/keys", "keystead.keys.read"),
        ("/v1/hand-overs", "keystead.keys.read"),
        ("/v1/requests", "keystead.keys.read"),
        ("/v1/audit", "keystead.audit.read"),
        ("/v1/apps", "keystead.apps.read"),
    ] {
        let theirs = matrix.key_of_other_app(permission).await;
        let answer = matrix.product.send(Call::get(path).bearer(&theirs)).await;
        assert_eq!(answer.status, 200);
        assert!(
            !answer.body.contains("Ours") && !answer.body.contains("Nightly") && !answer.body.contains("Default"),
            "{path}: {}",
            answer.body
        );
    }
}
