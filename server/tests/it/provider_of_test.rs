//! A provider on loopback that signs, and does wrong what a test asks for.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use domain::provider::{Join, ProviderRules, RoleRules};
use domain::role::Role;
use openidconnect::core::{CoreEdDsaPrivateSigningKey, CoreHmacKey, CoreJwsSigningAlgorithm};
use openidconnect::{JsonWebKeyId, PrivateSigningKey};
use serde_json::{Value, json};
use server::oidc::OidcProvider;
use server::oidc::settings::ProviderSettings;
use service::providers::Provider;
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;

use crate::support::{Answer, Call, Product, Settings};

/// Two keys for this test, and for nothing else.
const KEYS: [&str; 2] = [
    "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIGClNf61l3FtnaqEzLmD1JOPj1T+ujBKkmmjsJxJi0zs\n-----END PRIVATE KEY-----\n",
    "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAwlnpAX5At5GosJ2KkBzdTyWzFDRtvv5Ur694QEiU+i\n-----END PRIVATE KEY-----\n",
];

pub const CLIENT: &str = "keystead";
pub const SECRET: &str = "a secret: of 100%";

/// How an ID token is signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Signed {
    #[default]
    Well,
    /// Without a signature.
    None,
    /// With HMAC, and the public key as the secret.
    PublicKeyAsSecret,
    /// With a key that the provider has published, under the name of another.
    OtherKey,
    /// With one bit turned.
    Damaged,
}

/// How an address answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Manner {
    #[default]
    Well,
    Huge,
    Slow,
    Redirect,
    Broken,
}

/// What the provider does.
#[derive(Default)]
pub struct Script {
    pub signed: Signed,
    /// Claims that are added or replaced; `null` takes one away.
    pub claims: BTreeMap<&'static str, Value>,
    /// What it says of itself that is replaced.
    pub document: BTreeMap<&'static str, Value>,
    /// What the address for more claims says.
    pub user_info: Option<Value>,
    pub at_tokens: Manner,
    pub at_document: Manner,
    /// The number of the key that it signs with.
    pub key: usize,
    /// How many times its keys were asked for.
    pub keys_asked: u32,
    pub now: i64,
    /// The codes that were not redeemed, each with the nonce and the challenge that it was given for.
    codes: BTreeMap<String, (String, String)>,
    /// Where a redirect led.
    pub reached: u32,
}

/// The provider, and a product that people can sign in to by it.
pub struct Corp {
    pub script: Arc<Mutex<Script>>,
    pub issuer: String,
    pub product: Product,
}

/// A sign-in that has gone to the provider.
pub struct Gone {
    /// The `Cookie` header of the browser.
    pub cookie: String,
    pub state: String,
    pub code: String,
    /// What the provider was asked with.
    pub asked: BTreeMap<String, String>,
}

pub fn rules() -> ProviderRules {
    ProviderRules {
        id: "corp".to_owned(),
        name: "Corp".to_owned(),
        join: Join::Anybody,
        domains: Some(vec!["example.com".to_owned()]),
        roles: RoleRules { claim: None, default: Some(Role::Auditor) },
        is_factor: false,
    }
}

impl Corp {
    pub async fn start() -> Self {
        Self::with(rules(), Settings::default()).await
    }

    pub async fn with(rules: ProviderRules, settings: Settings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let script = Arc::new(Mutex::new(Script::default()));
        let (routes, address) = (Arc::clone(&script), issuer.clone());
        tokio::spawn(async move { axum::serve(listener, router(routes, address)).await });
        let provider = OidcProvider::new(ProviderSettings {
            rules,
            issuer: issuer.clone(),
            client_id: CLIENT.to_owned(),
            client_secret: SECRET.into(),
            scopes: vec!["openid".to_owned(), "email".to_owned()],
        });
        let providers = vec![Arc::new(provider.unwrap()) as Arc<dyn Provider>];
        let product = Product::with(Settings { providers, ..settings }).await;
        // Nobody signs in by a provider before there is an owner.
        product.sign_in().await;
        script.lock().unwrap().now = product.service.now().millis() / 1_000;
        Self { script, issuer, product }
    }

    pub fn set(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.script.lock().unwrap());
    }

    /// Goes to the provider, which signs somebody in.
    pub async fn go(&self) -> Gone {
        self.go_from("/login/oidc/corp").await
    }

    pub async fn go_from(&self, path: &str) -> Gone {
        let answer = self.product.send(Call::get(path).same_origin()).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        let (address, query) = answer.header("location").split_once('?').unwrap();
        assert_eq!(address, format!("{}/authorize", self.issuer));
        let asked: BTreeMap<String, String> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let cookie = cookie_of(&answer, "keystead-provider-3000").unwrap();
        self.signed_in(cookie, asked)
    }

    /// What the provider sends back to a browser that asked this.
    pub fn signed_in(&self, cookie: String, asked: BTreeMap<String, String>) -> Gone {
        let mut script = self.script.lock().unwrap();
        let code = format!("code-{}-{}", script.codes.len(), asked["state"]);
        script.codes.insert(code.clone(), (asked["nonce"].clone(), asked["code_challenge"].clone()));
        Gone { cookie, state: asked["state"].clone(), code, asked }
    }

    /// Comes back from the provider, as a browser does: from another site.
    pub async fn come_back(&self, gone: &Gone) -> Answer {
        self.come_back_with(gone, &[]).await
    }

    pub async fn come_back_with(&self, gone: &Gone, more: &[(&str, &str)]) -> Answer {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("state", &gone.state)
            .append_pair("code", &gone.code)
            .extend_pairs(more)
            .finish();
        self.send_back(&query, &gone.cookie).await
    }

    pub async fn send_back(&self, query: &str, cookie: &str) -> Answer {
        let call = Call::get(&format!("/login/oidc/corp/callback?{query}"));
        let call = call.header("sec-fetch-site", "cross-site").header("sec-fetch-mode", "navigate");
        self.product.send(if cookie.is_empty() { call } else { call.header("cookie", cookie) }).await
    }

    /// The session of whoever signs in now.
    pub async fn enter(&self) -> String {
        let answer = self.come_back(&self.go().await).await;
        assert_eq!(answer.status, 200, "{} {}", answer.header("location"), answer.body);
        cookie_of(&answer, "keystead-3000").unwrap().split_once('=').unwrap().1.to_owned()
    }

    /// Checks that whoever signs in now is not let in, for this reason.
    pub async fn refuses(&self, reason: &str, what: &str) {
        let answer = self.come_back(&self.go().await).await;
        let expected = format!("/login?trouble={reason}&provider=corp");
        assert_eq!((answer.status.as_u16(), answer.header("location")), (303, &*expected), "{what}");
        assert!(
            cookie_of(&answer, "keystead-3000").is_none() && cookie_of(&answer, "keystead-step-3000").is_none(),
            "{what}"
        );
    }
}

/// A cookie that an answer sets, as a browser sends it back.
pub fn cookie_of(answer: &Answer, name: &str) -> Option<String> {
    let set = answer.headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok());
    let pair =
        set.map(|line| line.split(';').next().unwrap_or_default()).find(|pair| pair.starts_with(&format!("{name}=")));
    pair.filter(|pair| !pair.ends_with('=')).map(str::to_owned)
}

type Shared = (Arc<Mutex<Script>>, String);

fn router(script: Arc<Mutex<Script>>, issuer: String) -> Router {
    Router::new()
        .route("/.well-known/openid-configuration", get(document))
        .route("/keys", get(keys))
        .route("/token", post(tokens))
        .route("/userinfo", get(user_info))
        .route("/elsewhere", get(elsewhere).post(elsewhere))
        .with_state((script, issuer))
}

async fn elsewhere(State((script, _)): State<Shared>) -> StatusCode {
    script.lock().unwrap().reached += 1;
    StatusCode::NOT_FOUND
}

/// An answer in a bad manner; `None` for a good one.
async fn badly(manner: Manner, issuer: &str) -> Option<Response> {
    match manner {
        // What is huge is well formed, too.
        Manner::Well | Manner::Huge => None,
        Manner::Slow => {
            tokio::time::sleep(Duration::from_mins(1)).await;
            Some(StatusCode::OK.into_response())
        }
        Manner::Redirect => {
            Some((StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, format!("{issuer}/elsewhere"))]).into_response())
        }
        Manner::Broken => Some((StatusCode::INTERNAL_SERVER_ERROR, "<html>oops").into_response()),
    }
}

async fn document(State((script, issuer)): State<Shared>) -> Response {
    let (manner, changes) = {
        let script = script.lock().unwrap();
        (script.at_document, script.document.clone())
    };
    if let Some(bad) = badly(manner, &issuer).await {
        return bad;
    }
    let mut document = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "userinfo_endpoint": format!("{issuer}/userinfo"),
        "jwks_uri": format!("{issuer}/keys"),
        "id_token_signing_alg_values_supported": ["EdDSA"],
    });
    for (name, value) in changes {
        document[name] = value;
    }
    axum::Json(document).into_response()
}

fn key(number: usize) -> CoreEdDsaPrivateSigningKey {
    let name = JsonWebKeyId::new(format!("key-{number}"));
    CoreEdDsaPrivateSigningKey::from_ed25519_pem(KEYS[number], Some(name)).unwrap()
}

async fn keys(State((script, _)): State<Shared>) -> Response {
    let mut script = script.lock().unwrap();
    script.keys_asked += 1;
    axum::Json(json!({ "keys": [key(script.key).as_verification_key()] })).into_response()
}

async fn user_info(State((script, _)): State<Shared>, headers: HeaderMap) -> Response {
    assert_eq!(headers["authorization"], "Bearer access");
    let said = script.lock().unwrap().user_info.clone();
    said.map_or_else(|| StatusCode::NOT_FOUND.into_response(), |said| axum::Json(said).into_response())
}

async fn tokens(State((script, issuer)): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let manner = script.lock().unwrap().at_tokens;
    if let Some(bad) = badly(manner, &issuer).await {
        return bad;
    }
    let sent: BTreeMap<String, String> = form_urlencoded::parse(&body).into_owned().collect();
    let mut script = script.lock().unwrap();
    let basic = BASE64.encode(b"keystead:a+secret%3A+of+100%25");
    let fault = |error: &str| (StatusCode::BAD_REQUEST, axum::Json(json!({ "error": error }))).into_response();
    if headers.get("authorization").is_none_or(|value| value != &*format!("Basic {basic}")) {
        return fault("invalid_client");
    }
    let Some((nonce, challenge)) = script.codes.remove(&sent["code"]) else { return fault("invalid_grant") };
    let verifier = BASE64URL_NOPAD.encode(&Sha256::digest(sent["code_verifier"].as_bytes()));
    let redirect = "http://localhost:3000/login/oidc/corp/callback";
    if verifier != challenge || sent["redirect_uri"] != redirect || sent["grant_type"] != "authorization_code" {
        return fault("invalid_grant");
    }
    let mut claims = json!({
        "iss": issuer, "aud": CLIENT, "sub": "1", "nonce": nonce, "iat": script.now, "exp": script.now + 300,
        "email": "ada@example.com", "email_verified": true, "name": "Ada Byron",
    });
    for (name, value) in &script.claims {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(*name);
        } else {
            claims[*name] = value.clone();
        }
    }
    let token = signed(&script, &claims);
    let more = "x".repeat(if manner == Manner::Huge { 2_000_000 } else { 0 });
    axum::Json(json!({ "access_token": "access", "token_type": "Bearer", "id_token": token, "more": more }))
        .into_response()
}

fn signed(script: &Script, claims: &Value) -> String {
    let algorithm = match script.signed {
        Signed::None => "none",
        Signed::PublicKeyAsSecret => "HS256",
        _ => "EdDSA",
    };
    let head = json!({ "alg": algorithm, "kid": format!("key-{}", script.key) });
    let encoded = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let text = format!("{}.{}", encoded(&head), encoded(claims));
    let sign = |number: usize| key(number).sign(&CoreJwsSigningAlgorithm::EdDsa, text.as_bytes()).unwrap();
    let signature = match script.signed {
        Signed::None => Vec::new(),
        Signed::Well => sign(script.key),
        Signed::OtherKey => sign(1 - script.key),
        Signed::Damaged => {
            let mut signature = sign(script.key);
            signature[10] ^= 1;
            signature
        }
        Signed::PublicKeyAsSecret => {
            let public = serde_json::to_value(key(script.key).as_verification_key()).unwrap();
            let public = BASE64URL_NOPAD.decode(public["x"].as_str().unwrap().as_bytes()).unwrap();
            CoreHmacKey::new(public).sign(&CoreJwsSigningAlgorithm::HmacSha256, text.as_bytes()).unwrap()
        }
    };
    format!("{text}.{}", BASE64URL_NOPAD.encode(&signature))
}
