//! Helpers of the tests.

use std::sync::atomic::{AtomicU32, Ordering};

use domain::app::App;
use domain::audit::{Action, Actor, AuditEvent, Change, Subject};
use domain::ids::{AppId, KeyId, PersonId};
use domain::kind::KeyKind;
use domain::role::{Rights, Role};
use domain::rules::KeyRules;
use domain::sight::{Scope, Sight};
use domain::spec::KeySpec;
use domain::timestamp::Timestamp;
use domain::token::TokenMac;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use store::{ChainCheck, NewKey, NewSecret, PersonRow, Store};
use testkit::TestDatabase;

pub const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// Runs a test on an empty database, and closes its connections before the database goes.
pub async fn run<F: AsyncFnOnce(Store)>(database: TestDatabase, test: F) {
    let store = Store::open(database.url()).await.unwrap();
    test(store.clone()).await;
    store.close().await;
}

/// A number that no other call in this process returns.
fn unique() -> u32 {
    static COUNT: AtomicU32 = AtomicU32::new(1);
    COUNT.fetch_add(1, Ordering::Relaxed)
}

pub fn key_id() -> KeyId {
    // Spread over the whole range of ids.
    let spread = u128::from(unique()).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    KeyId::from_random(spread.to_be_bytes())
}

pub fn person(email: &str, role: Role) -> PersonRow {
    let mut id = [0; 12];
    id[..4].copy_from_slice(&unique().to_be_bytes());
    PersonRow {
        id: PersonId::from_random(id),
        email: email.to_owned(),
        name: "Ada".to_owned(),
        role,
        password_hash: "$argon2id$".to_owned(),
        created_at: NOW,
        disabled: false,
        access_ends_at: None,
        apps: Scope::All,
    }
}

pub fn app(n: u8) -> App {
    let created_at = NOW.plus_seconds(i64::from(n));
    App { id: AppId::from_random([n; 12]), name: format!("App {n}"), created_at, archived_at: None }
}

/// Adds an app and gives its id.
pub async fn with_app(store: &Store) -> AppId {
    let app = app(1);
    store.write(async |tx| tx.insert_app(&app).await).await.unwrap();
    app.id
}

/// An active service key.
pub fn key(app: &AppId, name: &str) -> NewKey {
    NewKey {
        id: key_id(),
        app_id: *app,
        spec: KeySpec {
            kind: KeyKind::Service,
            name: name.to_owned(),
            description: String::new(),
            not_before: None,
            expires_at: None,
            rules: KeyRules::default(),
        },
        token_prefix: "ks".to_owned(),
        ack_deadline: None,
        form_id: None,
        created_by: Actor::CommandLine { user: "ops".to_owned() },
        created_at: NOW,
        secret: NewSecret { mac: TokenMac([1; 32]), pepper_version: 1, last4: "9fKd".to_owned(), sealed: None },
    }
}

pub async fn insert(store: &Store, keys: &[NewKey]) {
    store.write(async |tx| tx.insert_keys(keys).await).await.unwrap();
}

pub fn event(id: &KeyId, action: Action) -> AuditEvent {
    AuditEvent {
        at: NOW,
        app_id: None,
        actor: Actor::System,
        action,
        subject: Subject::key(id, KeyKind::Service, "Billing"),
        changes: vec![Change { field: "name".to_owned(), from: None, to: Some("Billing".to_owned()) }],
        note: None,
        address: None,
    }
}

pub fn mac(bytes: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(b"an audit key for tests").unwrap();
    mac.update(bytes);
    mac.finalize().into_bytes().into()
}

pub fn mac_of_version(version: i64, bytes: &[u8]) -> Option<[u8; 32]> {
    (version == 1).then(|| mac(bytes))
}

/// The number of events of a record that is intact; `None` if it is not.
pub async fn intact(store: &Store) -> Option<i64> {
    match store.verify_chain(&mac_of_version, &|_, _| {}).await.unwrap() {
        ChainCheck::Intact { events, .. } => Some(events),
        _ => None,
    }
}

/// All keys of an app.
pub fn whole(app: &AppId) -> Sight {
    all().within(*app)
}

/// Everything.
pub fn all() -> Sight {
    Sight::of_rights(Rights::all())
}

/// All but the privileged keys.
pub fn auditor() -> Sight {
    Sight::of_rights(Rights::of_role(Role::Auditor))
}
