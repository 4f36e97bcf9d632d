//! A read in the form of Sunshine Conversations, with Basic and with a JWT, beside floors that look at neither.

use std::fmt::Write as _;
use std::slice;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use domain::draft::KeyDraft;
use domain::ids::AppId;
use domain::kind::KeyKind;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::ExposeSecret;
use serde_json::json;
use service::Caller;
use service::entropy::SystemEntropy;
use service::keys::ShownSecret;
use sha2::Sha256;

use crate::calls::{Call, Plan};
use crate::contest::{self, Contender, floor, in_turns};
use crate::data::{Engine, Installation, Size, open, service};
use crate::process::Child;
use crate::report::{Section, verdict};

/// The shares of the floor's calls that they have to reach.
const BASIC_SHARE: f64 = 0.40;
const JWT_SHARE: f64 = 0.30;

/// How many tokens there are, so that hardly any call repeats the one before.
const TOKENS: u32 = 1_000;

/// What a client of one app presents.
pub(crate) struct Client {
    pub app: AppId,
    pub basic: String,
    tokens: Vec<String>,
}

/// Measures both engines, each with a server of its own.
pub(crate) async fn measure(seconds: u32) -> Result<Section> {
    let mut out = format!(
        "## Sunshine Conversations\n\n\
         `GET /v2/apps/{{appId}}` with a key of the app: as Basic, and as one of {TOKENS} JWTs, whose signature is checked each \
         time. Each call reads the app from the database. The floors are axum routes that send as many bytes and as many \
         headers. wrk with 1 thread and {} connections; {} rounds for each side, in turns; median (least to most).\n\n",
        contest::CONNECTIONS,
        contest::ROUNDS,
    );
    for (name, engine) in [("SQLite", Engine::Sqlite), ("Postgres", Engine::Postgres)] {
        let on = Installation::make(Size::of_keys(1_000), engine).await?;
        let client = client(&on).await?;
        let server = Child::keystead(&on).await?;
        reading(&mut out, name, &client, &server, seconds).await?;
        server.stop().await?;
    }
    Ok(Section::without_calls(out))
}

/// A key of the first app, with what is presented of it.
pub(crate) async fn client(on: &Installation) -> Result<Client> {
    let store = open(on.folder(), on.database()).await?;
    let service = service(on.folder(), &store, Arc::new(SystemEntropy)).await?;
    let app = *service.default_app();
    let [_, kind, _] = KeyKind::SCOPED;
    let draft =
        KeyDraft { kind: Some(kind.as_str().to_owned()), name: Some("Client".to_owned()), ..KeyDraft::default() };
    let issued = service.issue_acknowledged(&Caller::command_line("bench"), &app, &draft).await?;
    let ShownSecret::Pair { id, secret } = issued.shown else { bail!("the key of an app is no pair") };
    let secret = secret.expose_secret();
    let basic = format!("Basic {}", BASE64.encode(format!("{id}:{secret}").as_bytes()));
    let tokens = (0..TOKENS).map(|number| signed(&id, secret, number)).collect::<Result<_>>()?;
    drop(service);
    store.close().await;
    Ok(Client { app, basic, tokens })
}

/// A JWT that differs from others by its number.
fn signed(id: &str, secret: &str, number: u32) -> Result<String> {
    let part = |value: serde_json::Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let head = part(json!({ "alg": "HS256", "typ": "JWT", "kid": id }));
    let text = format!("{head}.{}", part(json!({ "scope": "app", "jti": number })));
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).context("a secret signs")?;
    mac.update(text.as_bytes());
    let mac: [u8; 32] = mac.finalize().into_bytes().into();
    Ok(format!("{text}.{}", BASE64URL_NOPAD.encode(&mac)))
}

async fn reading(out: &mut String, engine: &str, client: &Client, server: &Child, seconds: u32) -> Result<()> {
    let first = client.tokens.first().context("there is no token")?;
    let right = |text: &str| text.contains(r#""displayName":"#);
    let (basic_floor, bytes) = floor(server, &Call::app_by_basic(&client.app, &client.basic), first, right).await?;
    let (jwt_floor, _) = floor(server, &Call::app_by_token(&client.app), first, right).await?;
    let basic = || Plan::round(Call::app_by_basic(&client.app, &client.basic), slice::from_ref(first));
    let jwt = || Plan::round(Call::app_by_token(&client.app), &client.tokens);
    let [bare_basic, our_basic, bare_jwt, our_jwt] = in_turns(
        [
            Contender { label: "the floor of Basic", server: &basic_floor, plan: basic() },
            Contender { label: "Basic", server, plan: basic() },
            Contender { label: "the floor of a JWT", server: &jwt_floor, plan: jwt() },
            Contender { label: "a JWT", server, plan: jwt() },
        ],
        seconds,
    )
    .await?;
    basic_floor.stop().await?;
    jwt_floor.stop().await?;
    write!(out, "On {engine}, each answer has {bytes} bytes:\n\n")?;
    let pairs = [("Basic", BASIC_SHARE, &bare_basic, &our_basic), ("a JWT", JWT_SHARE, &bare_jwt, &our_jwt)];
    let shares = pairs.map(|(what, least, bare, ours)| {
        (
            format!("a read with {what} on {engine} at least {least:.2} of the floor's calls"),
            least,
            ours.times(bare).median,
        )
    });
    contest::plain_table(out, &[bare_basic, our_basic, bare_jwt, our_jwt])?;
    out.push('\n');
    for (target, least, share) in shares {
        verdict(out, &target, share >= least, &format!("{share:.2}"))?;
    }
    out.push('\n');
    Ok(())
}
