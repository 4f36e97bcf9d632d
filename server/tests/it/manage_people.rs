//! People, invites, apps, settings, the audit and usage by the API.

use domain::role::Role;
use serde_json::{Value, json};
use service::ClientInfo;
use service::invites::Acceptance;

use crate::manage_keys::{ALL, manager};
use crate::support::{Answer, Call, PASSWORD, Product, service_key};

struct Manager {
    product: Product,
    key: String,
}

impl Manager {
    async fn start() -> Self {
        let product = Product::start().await;
        product.sign_in().await;
        let key = manager(&product, &ALL).await;
        Self { product, key }
    }

    async fn call(&self, call: Call) -> Answer {
        self.product.send(call.bearer(&self.key)).await
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.call(Call::get(path)).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.json()
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call(Call::post(path).json(body.to_string())).await
    }

    async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.call(Call::new("PATCH", path).json(body.to_string())).await
    }
}

#[tokio::test]
async fn somebody_is_invited_comes_and_is_removed() {
    let m = Manager::start().await;
    let key = m.product.issue(service_key("Key")).await.key.row.id.to_string();
    let body = json!({
        "firstName": "Ada", "lastName": "Byron", "email": "Ada@example.com", "role": "guest",
        "keys": [{ "key": key, "acts": ["test"] }], "accessEndsAt": "2030-01-01T00:00",
    });
    let made = m.post("/v1/invites", &body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let invite = &made.json()["invite"];
    assert_eq!((&invite["email"], &invite["madeBy"]), (&"ada@example.com".into(), &"key manager".into()));
    assert_eq!(invite["keys"], json!([{ "key": key, "acts": ["see", "test"] }]));
    let id = invite["id"].as_str().unwrap();
    assert_eq!(made.header("location"), format!("/v1/invites/{id}"));
    let list = m.get("/v1/invites").await;
    assert_eq!((list["data"].as_array().unwrap().len(), &list["next"]), (1, &Value::Null));
    assert!(m.get(&format!("/v1/invites/{id}")).await["link"].is_null());

    let renewed = m.call(Call::post(&format!("/v1/invites/{id}/renew"))).await.json();
    let token = renewed["link"].as_str().unwrap().rsplit('/').next().unwrap();
    let sent = Acceptance { name: "Ada".to_owned(), password: PASSWORD.into() };
    m.product.service.accept_invite(token, sent, &ClientInfo::default()).await.unwrap();

    let path = format!("/v1/people/{id}");
    let person = m.get(&path).await;
    assert_eq!((&person["person"]["role"], &person["person"]["status"]), (&"guest".into(), &"active".into()));
    let confirmed = &person["person"]["emailConfirmedAt"];
    assert_eq!((confirmed, &person["person"]["secondFactor"]), (&Value::Null, &"none".into()));
    assert_eq!(person["keys"], json!([{ "key": key, "acts": ["see", "test"] }]));
    assert_eq!(m.get("/v1/people?role=guest&q=ada").await["data"].as_array().unwrap().len(), 1);
    for (act, status) in [("disable", "disabled"), ("enable", "active"), ("unlock", "active"), ("sign-out", "active")] {
        let done = m.call(Call::post(&format!("{path}/{act}"))).await.json();
        assert_eq!(done["person"]["status"], status, "{act}");
    }
    let put = async |what: &str, body: Value| {
        m.call(Call::new("PUT", &format!("{path}/{what}")).json(body.to_string())).await
    };
    let apps = json!([m.product.service.default_app().to_string()]);
    let limited = put("apps", json!({ "apps": apps })).await.json();
    assert_eq!((&limited["person"]["apps"], &limited["keys"]), (&apps, &person["keys"]));
    for (apps, pointer) in [(json!(["x"]), "/apps/0"), (json!(["0123456789abcdef01234567"]), "/apps/0")] {
        assert_eq!(put("apps", json!({ "apps": apps })).await.problem(422)["errors"][0]["pointer"], pointer);
    }
    put("apps", json!({})).await.problem(422);
    assert_eq!(put("apps", json!({ "apps": [] })).await.json()["person"]["apps"], json!([]));
    let keys = json!([{ "key": key, "acts": ["see", "revoke"] }]);
    let fewer = put("keys", json!({ "keys": keys })).await.json();
    assert_eq!((&fewer["keys"], &fewer["person"]["accessEndsAt"]), (&keys, &Value::Null));
    let end = put("keys", json!({ "keys": keys, "accessEndsAt": "2031-01-01T00:00:00Z" })).await.json();
    assert_eq!((&end["keys"], &end["person"]["accessEndsAt"]), (&keys, &"2031-01-01T00:00:00Z".into()));
    assert_eq!(
        put("keys", json!({ "keys": [], "accessEndsAt": " " })).await.problem(422)["errors"][0]["pointer"],
        "/accessEndsAt"
    );
    let both = put("keys", json!({ "keys": [{ "key": "x" }], "accessEndsAt": "soon" })).await.problem(422);
    let places = (&both["errors"][0]["pointer"], &both["errors"][1]["pointer"]);
    assert_eq!(places, (&"/keys/0/key".into(), &"/accessEndsAt".into()));
    let unknown = json!([{ "key": key }, { "key": "000000000000" }]);
    assert_eq!(put("keys", json!({ "keys": unknown })).await.problem(422)["errors"][0]["pointer"], "/keys/1/key");
    let auditor = m.patch(&path, &json!({ "role": "auditor" })).await.json();
    assert_eq!((&auditor["person"]["role"], &auditor["keys"]), (&"auditor".into(), &json!([])));
    put("keys", json!({ "keys": keys })).await.problem(403);
    m.patch(&path, &json!({ "role": "king" })).await.problem(422);
    m.patch(&path, &json!({})).await.problem(422);
    assert_eq!(m.call(Call::new("DELETE", &path)).await.status, 204);
    m.call(Call::get(&path)).await.problem(404);
    m.call(Call::new("DELETE", &path)).await.problem(404);

    let people = m.get("/v1/people").await;
    let owner = format!("/v1/people/{}", people["data"][0]["id"].as_str().unwrap());
    m.patch(&owner, &json!({ "role": "admin" })).await.problem(409);
    m.call(Call::new("DELETE", &owner)).await.problem(409);
}

#[tokio::test]
async fn an_invite_names_what_is_wrong_and_can_be_revoked() {
    let m = Manager::start().await;
    let wrong = json!({
        "firstName": "Ada", "email": "a@example.com", "role": "guest", "keys": [{ "key": "x", "acts": ["see", "fly"] }],
    });
    let problem = m.post("/v1/invites", &wrong).await.problem(422);
    let places: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|error| &error["pointer"]).collect();
    assert_eq!(json!(places), json!(["/keys/0/key", "/keys/0/acts/1"]));
    let nobody = m.post("/v1/invites", &json!({ "firstName": "", "email": "a", "role": "" })).await.problem(422);
    assert_eq!(nobody["errors"].as_array().unwrap().len(), 3);
    let all = json!({
        "firstName": "", "email": "a", "role": "guest", "apps": ["zz"], "keys": [{ "key": "x" }], "accessEndsAt": "soon",
    });
    let problem = m.post("/v1/invites", &all).await.problem(422);
    let places: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|error| &error["pointer"]).collect();
    assert_eq!(json!(places), json!(["/keys/0/key", "/apps/0", "/firstName", "/email", "/accessEndsAt"]));
    let none = json!({ "firstName": "A", "email": "a@example.com", "role": "guest", "apps": ["zz"] });
    let problem = m.post("/v1/invites", &none).await.problem(422);
    let places: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|error| &error["pointer"]).collect();
    assert_eq!(json!(places), json!(["/apps/0", "/keys"]));
    let last = json!({ "firstName": "Ada", "lastName": "x".repeat(101), "email": "a@example.com", "role": "admin" });
    assert_eq!(m.post("/v1/invites", &last).await.problem(422)["errors"][0]["pointer"], "/lastName");
    let body = json!({ "firstName": "Ada", "email": "ada@example.com", "role": "owner" });
    let made = m.post("/v1/invites", &body).await.json();
    assert_eq!(m.post("/v1/invites", &body).await.problem(422)["errors"][0]["pointer"], "/email");
    let path = format!("/v1/invites/{}", made["invite"]["id"].as_str().unwrap());
    assert_eq!(m.call(Call::new("DELETE", &path)).await.status, 204);
    m.call(Call::new("DELETE", &path)).await.problem(404);
    let token = made["link"].as_str().unwrap().rsplit('/').next().unwrap();
    assert!(m.product.service.invite_by_token(token).await.unwrap().is_none());
}

#[tokio::test]
async fn settings_are_changed_together_or_not_at_all() {
    let m = Manager::start().await;
    let first = json!({
        "defaultLife": "90", "longestLife": "never", "factorPolicy": "optional", "graceDays": 7,
        "approvalKinds": [], "approvalPermissions": [], "approvalNoExpiry": false,
    });
    assert_eq!(m.get("/v1/settings").await, first);
    let wrong = json!({ "longestLife": "30", "graceDays": 1000, "approvalKinds": ["service", "member"] });
    let problem = m.patch("/v1/settings", &wrong).await.problem(422);
    let places: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|error| &error["pointer"]).collect();
    assert_eq!(json!(places), json!(["/defaultLife", "/graceDays", "/approvalKinds/1"]));
    assert_eq!(m.get("/v1/settings").await, first);
    let change = json!({
        "defaultLife": "30", "longestLife": "365", "graceDays": 14, "approvalKinds": ["master_user"],
        "approvalPermissions": ["billing.*"],
    });
    let second = json!({
        "defaultLife": "30", "longestLife": "365", "factorPolicy": "optional", "graceDays": 14,
        "approvalKinds": ["master_user"], "approvalPermissions": ["billing.*"], "approvalNoExpiry": false,
    });
    assert_eq!(m.patch("/v1/settings", &change).await.json(), second);
    assert_eq!(m.patch("/v1/settings", &json!({})).await.json(), second);
    let third = m.patch("/v1/settings", &json!({ "approvalKinds": [], "approvalNoExpiry": true })).await.json();
    assert_eq!((&third["approvalKinds"], &third["approvalPermissions"]), (&json!([]), &json!(["billing.*"])));
    m.patch("/v1/settings", &json!({ "approvalNoExpiry": false })).await;
    for (sent, at) in [(json!([""]), 0), (json!(["a.b", " "]), 1), (json!(["a.b", "c.d,"]), 1)] {
        let refused = m.patch("/v1/settings", &json!({ "approvalPermissions": sent })).await.problem(422);
        assert_eq!(refused["errors"][0]["pointer"], format!("/approvalPermissions/{at}"), "{sent}");
    }
    assert_eq!(m.get("/v1/settings").await["approvalPermissions"], json!(["billing.*"]));
    // A key that never expires is no longer possible.
    let key = m.post("/v1/keys", &json!({ "kind": "service", "name": "Key" })).await.problem(422);
    assert_eq!(key["errors"][0]["pointer"], "/expiresAt");
}

#[tokio::test]
async fn the_audit_names_the_key_and_shows_its_app_alone() {
    let m = Manager::start().await;
    let made = m.post("/v1/keys", &json!({ "kind": "service", "name": "Key" })).await.json();
    let id = made["key"]["id"].as_str().unwrap();
    let events = m.get(&format!("/v1/audit?key={id}")).await;
    let told: Vec<_> =
        events["data"].as_array().unwrap().iter().map(|event| (&event["action"], &event["actor"])).collect();
    assert_eq!(json!(told), json!([["key.acknowledged", "key manager"], ["key.issued", "key manager"]]));
    assert_eq!(events["data"][0]["actorKind"], "key");
    assert_eq!(events["data"][0]["address"], "127.0.0.1");
    let all = m.get("/v1/audit").await;
    let actions: Vec<_> =
        all["data"].as_array().unwrap().iter().map(|event| event["action"].as_str().unwrap()).collect();
    assert!(!actions.contains(&"person.created") && actions.contains(&"key.issued"), "{actions:?}");
    assert_eq!(m.get("/v1/audit?action=key.deleted&from=2020-01-01&to=2030-12-31").await["data"], json!([]));
    for wrong in ["action=key.eaten", "from=soon", "key=x", "when=now"] {
        m.call(Call::get(&format!("/v1/audit?{wrong}"))).await.problem(400);
    }
}

#[tokio::test]
async fn apps_and_usage_are_those_of_the_calling_key() {
    let m = Manager::start().await;
    let apps = m.get("/v1/apps").await;
    assert_eq!((apps["data"].as_array().unwrap().len(), &apps["data"][0]["name"]), (1, &"Default".into()));
    let id = apps["data"][0]["id"].as_str().unwrap();
    assert_eq!(m.get(&format!("/v1/apps/{id}")).await["app"]["id"], id);
    for gone in ["x", "000000000000000000000000"] {
        m.call(Call::get(&format!("/v1/apps/{gone}"))).await.problem(404);
    }
    let made = m.post("/v1/keys", &json!({ "kind": "service", "name": "Key" })).await.json();
    let (key, secret) = (made["key"]["id"].as_str().unwrap(), made["secret"].as_str().unwrap());
    for _ in 0..3 {
        m.product.send(Call::get("/v1/keys/self").bearer(secret)).await;
    }
    m.product.service.verifier().flush_usage().await.unwrap();
    let sum = |usage: &Value| -> u64 {
        usage["data"].as_array().unwrap().iter().map(|period| period["accepted"].as_u64().unwrap()).sum()
    };
    for path in ["/v1/usage".to_owned(), format!("/v1/usage?span=7d&key={key}")] {
        assert_eq!(sum(&m.get(&path).await), 3, "{path}");
    }
    assert_eq!(m.get("/v1/usage?span=30d").await["data"].as_array().unwrap().len(), 31);
    m.call(Call::get("/v1/usage?key=7Qm2xVbN4tRa")).await.problem(404);
    m.call(Call::get("/v1/usage?span=1y")).await.problem(400);
}

#[tokio::test]
async fn apps_are_created_archived_and_brought_back() {
    let m = Manager::start().await;
    let made = m.call(Call::post("/v1/apps").json(r#"{"name":"Web shop"}"#).header("idempotency-key", "1")).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let app = &made.json()["app"];
    let id = app["id"].as_str().unwrap();
    assert_eq!((&app["name"], &app["archivedAt"]), (&"Web shop".into(), &Value::Null));
    let again = m.call(Call::post("/v1/apps").json(r#"{"name":"Web shop"}"#).header("idempotency-key", "1")).await;
    assert_eq!((again.status.as_u16(), again.body.as_str()), (201, made.body.as_str()));
    for (body, pointer) in [
        (json!({ "name": "web shop" }), "/name"),
        (json!({ "name": " " }), "/name"),
        (json!({}), "/name"),
        (json!({ "name": null }), "/name"),
        (json!({ "name": "x".repeat(101) }), "/name"),
        (json!({ "name": "x", "colour": "red" }), "/colour"),
    ] {
        let answer = m.post("/v1/apps", &body).await;
        assert_eq!(answer.problem(422)["errors"][0]["pointer"], pointer, "{body}");
    }
    // The new app is another one's, and of no concern to this key.
    for act in ["archive", "restore"] {
        m.post(&format!("/v1/apps/{id}/{act}"), &json!({})).await.problem(404);
    }
    m.call(Call::get(&format!("/v1/apps/{id}"))).await.problem(404);

    let own = m.get("/v1/apps").await["data"][0]["id"].as_str().unwrap().to_owned();
    let restored = m.call(Call::post(&format!("/v1/apps/{own}/restore"))).await;
    assert_eq!((restored.status.as_u16(), &restored.json()["app"]["id"]), (200, &own.as_str().into()), "nothing to do");
    let archived = m.call(Call::post(&format!("/v1/apps/{own}/archive"))).await;
    assert!(archived.status == 200 && archived.json()["app"]["archivedAt"].is_string(), "{}", archived.body);
    m.call(Call::get("/v1/apps")).await.problem(401);
}

#[tokio::test]
async fn the_last_app_in_use_is_not_archived() {
    let m = Manager::start().await;
    let own = m.get("/v1/apps").await["data"][0]["id"].as_str().unwrap().to_owned();
    m.call(Call::post(&format!("/v1/apps/{own}/archive"))).await.problem(409);
    m.get("/v1/apps").await;
}

#[tokio::test]
async fn a_key_without_keys_permissions_grants_none_to_a_guest() {
    let m = Manager::start().await;
    let key = m.product.issue(service_key("Key")).await.key.row.id.to_string();
    let people = manager(&m.product, &["keystead.people.write"]).await;
    let body =
        json!({ "firstName": "G", "email": "g@example.com", "role": Role::Guest.as_str(), "keys": [{ "key": key }] });
    let answer = m.product.send(Call::post("/v1/invites").bearer(&people).json(body.to_string())).await;
    assert_eq!(answer.problem(422)["errors"][0]["pointer"], "/keys/0/key");
}

#[tokio::test]
async fn what_does_not_exist_is_named_where_the_body_names_it() {
    let m = Manager::start().await;
    let key = m.product.issue(service_key("Key")).await.key.row.id.to_string();
    let app = m.product.service.default_app().to_string();
    let of = |answer: Answer| {
        let problem = answer.problem(422);
        let errors = problem["errors"].as_array().unwrap().iter();
        json!(errors.map(|error| error["pointer"].clone()).collect::<Vec<_>>())
    };
    let keys = json!([{ "key": key }, { "key": "000000000000" }, { "key": "7Qm2xVbN4tRa" }]);
    let mut guest = json!({ "firstName": "G", "email": "g@example.com", "role": "guest", "keys": keys });
    assert_eq!(of(m.post("/v1/invites", &guest).await), json!(["/keys/1/key", "/keys/2/key"]));
    guest["apps"] = json!([app, "0123456789abcdef01234567"]);
    assert_eq!(of(m.post("/v1/invites", &guest).await), json!(["/apps/1"]));
}

#[tokio::test]
async fn one_permission_is_enough_for_what_it_says() {
    let m = Manager::start().await;
    let key = m.product.issue(service_key("Key")).await.key.row.id.to_string();
    let body = json!({ "firstName": "G", "email": "g@example.com", "role": "guest", "keys": [{ "key": key }] });
    let link = m.post("/v1/invites", &body).await.json()["link"].as_str().unwrap().to_owned();
    let sent = Acceptance { name: "G".to_owned(), password: PASSWORD.into() };
    let token = link.rsplit('/').next().unwrap();
    m.product.service.accept_invite(token, sent, &ClientInfo::default()).await.unwrap();
    let people = m.get("/v1/people?q=g@example.com").await;
    let address = format!("/v1/people/{}", people["data"][0]["id"].as_str().unwrap());
    let reads = manager(&m.product, &["keystead.people.read"]).await;
    let person = m.product.send(Call::get(&address).bearer(&reads)).await;
    assert_eq!(person.status, 200, "{}", person.body);
    assert_eq!(person.json()["keys"], json!([]));
    let writes = manager(&m.product, &["keystead.people.write"]).await;
    let patch = Call::new("PATCH", &address).bearer(&writes).json(json!({ "role": "auditor" }).to_string());
    let changed = m.product.send(patch).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    assert_eq!(changed.json()["person"]["role"], "auditor");
    let audits = manager(&m.product, &["keystead.audit.read"]).await;
    let events = m.product.send(Call::get(&format!("/v1/audit?key={key}")).bearer(&audits)).await.json();
    assert_eq!(events["data"].as_array().unwrap().len(), 2, "{events}");
    assert_eq!(m.product.send(Call::get("/v1/keys").bearer(&audits)).await.status, 403);
}

#[tokio::test]
async fn an_invite_is_refused_what_its_role_does_not_have() {
    let m = Manager::start().await;
    let key = m.product.issue(service_key("Key")).await.key.row.id.to_string();
    let app = m.get("/v1/apps").await["data"][0]["id"].clone();
    for (role, member, value) in [
        ("owner", "apps", json!([app])),
        ("admin", "keys", json!([{ "key": key }])),
        ("auditor", "accessEndsAt", json!("2030-01-01T00:00")),
        ("guest", "keys", json!([{ "key": key, "acts": ["test"] }, { "key": key, "acts": ["revoke"] }])),
    ] {
        let mut body = json!({ "firstName": "A", "email": "a@example.com", "role": role });
        body[member] = value;
        let problem = m.post("/v1/invites", &body).await.problem(422);
        assert_eq!(problem["errors"][0]["pointer"], format!("/{member}"), "{role}");
    }
}
