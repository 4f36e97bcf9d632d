//! Integrations: who sets them up, their webhooks, and what goes with them.

use std::sync::Arc;

use domain::{
    audit::Action,
    draft::KeyDraft,
    field::Field,
    ids::{AppId, IntegrationId, WebhookId},
    integration::{INTEGRATIONS_MAX, Integration, IntegrationKind, IntegrationQuery, IntegrationStatus},
    kind::KeyKind,
    refusal::Refusal,
    role::Role,
    verdict::Code,
    webhook::{Trigger, WebhookRules},
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use service::{
    Caller,
    integrations::{IntegrationChange, NewIntegration, WebhookChange},
    keys::ShownSecret,
    verify::{Credential, VerifyRequest},
};
use store::{StoreError, Tx};

use crate::{
    apps::create,
    world::{START, World, draft, owner, refusal, secret, signed_in},
};

fn rules(target: &str, triggers: &[&str]) -> WebhookRules {
    WebhookRules::checked(target, triggers, false, false).unwrap()
}

fn hook() -> WebhookRules {
    rules("https://hooks.example.com/one", &["conversation:message"])
}

fn new(kind: IntegrationKind, webhooks: &[WebhookRules]) -> NewIntegration {
    NewIntegration { kind, name: Some("Order desk".to_owned()), extra: String::new(), webhooks: webhooks.to_vec() }
}

/// A custom integration of an app, and the secret of its webhook.
async fn custom(w: &World, app: &AppId) -> (Integration, SecretString) {
    let made = w.service.create_integration(owner(), app, new(IntegrationKind::Custom, &[hook()])).await.unwrap();
    let (integration, mut secrets) = made;
    (integration, secrets.remove(0))
}

async fn other_kind(w: &World, kind: IntegrationKind) -> Integration {
    let app = w.service.default_app();
    w.service.create_integration(owner(), app, new(kind, &[])).await.unwrap().0
}

/// A key of an integration, as a caller.
async fn key_of(w: &World, integration: &IntegrationId) -> (Caller, String) {
    let draft = KeyDraft { integration: Some(integration.to_string()), ..draft("integration", "Desk") };
    let issued = w.service.issue_acknowledged(owner(), w.service.default_app(), &draft).await.unwrap();
    let ShownSecret::Pair { id, secret: half } = &issued.shown else { panic!("no pair") };
    let credential = Credential::Basic { id, secret: half.expose_secret() };
    let verdict = w.service.verifier().verify(credential, VerifyRequest::default()).await.unwrap();
    assert_eq!(verdict.code, Code::Valid);
    let caller = Caller::scoped(Arc::clone(&verdict.key.unwrap().record), None);
    (caller, format!("{id} {}", half.expose_secret()))
}

async fn code(w: &World, pair: &str) -> Code {
    let (id, secret) = pair.split_once(' ').unwrap();
    w.service.verifier().verify(Credential::Basic { id, secret }, VerifyRequest::default()).await.unwrap().code
}

async fn a_custom_integration_has_exactly_one_webhook(w: World) {
    let app = w.service.default_app();
    for webhooks in [vec![], vec![hook(), hook()]] {
        let made =
            w.no_change(w.service.create_integration(owner(), app, new(IntegrationKind::Custom, &webhooks))).await;
        assert_eq!(refusal(made), Refusal::OneWebhook);
    }
    let create = w.service.create_integration(owner(), app, new(IntegrationKind::Custom, &[hook()]));
    let (made, secrets) = w.one_event(Action::IntegrationCreated, create).await.unwrap();
    assert_eq!((made.app_id, made.created_at, made.status), (*app, START, IntegrationStatus::Active));
    assert_eq!((made.shown_name(), &*made.extra, made.webhooks.len(), secrets.len()), ("Order desk", "{}", 1, 1));
    let shown = secret(&secrets[0]);
    assert_eq!((shown.len(), shown.bytes().all(|byte| byte.is_ascii_hexdigit())), (64, true));
    let event = w.newest().await;
    assert_eq!((event.subject.id.as_str(), event.subject.label.as_str()), (made.id.as_str(), "Order desk"));
    let told: Vec<_> = event.changes.iter().map(|change| change.field.as_str()).collect();
    assert_eq!(told, ["kind", "name", "webhook_target", "triggers"]);
    assert!(!format!("{event:?}{made:?}{secrets:?}").contains(&shown), "it is in no record and no log");

    assert_eq!(w.service.integration(owner(), &made.id).await.unwrap(), made);
    assert_eq!(w.service.webhooks(owner(), &made.id).await.unwrap(), made.webhooks);
    let webhook = &made.webhooks[0];
    assert_eq!((&*webhook.target, &*webhook.triggers), (&*hook().target, &[Trigger::ConversationMessage][..]));
    let added = w.no_event(w.service.add_webhook(owner(), &made.id, hook())).await;
    assert_eq!(refusal(added), Refusal::OneWebhook);
    let removed = w.no_event(w.service.remove_webhook(owner(), &made.id, &webhook.id)).await;
    assert_eq!(refusal(removed), Refusal::OneWebhook);
}

async fn what_is_wrong_is_named_and_nothing_is_made(w: World) {
    let app = w.service.default_app();
    let wrong = async |new: NewIntegration| {
        let made = w.no_change(w.service.create_integration(owner(), app, new)).await;
        let Refusal::Invalid(errors) = refusal(made) else { panic!("not about fields") };
        errors.0[0].field
    };
    let good = || new(IntegrationKind::Custom, &[hook()]);
    assert_eq!(wrong(NewIntegration { name: Some(" ".to_owned()), ..good() }).await, Field::Name);
    assert_eq!(wrong(NewIntegration { name: Some("n".repeat(101)), ..good() }).await, Field::Name);
    assert_eq!(wrong(NewIntegration { extra: "[]".to_owned(), ..good() }).await, Field::Metadata);
    // What was not made by the checks is checked again.
    let unchecked = WebhookRules { target: "ftp://example.com".to_owned(), ..hook() };
    assert_eq!(wrong(new(IntegrationKind::Custom, &[unchecked])).await, Field::WebhookTarget);
    let untold = WebhookRules { triggers: Vec::new(), ..hook() };
    assert_eq!(wrong(new(IntegrationKind::Custom, &[untold])).await, Field::Triggers);
    assert_eq!(wrong(new(IntegrationKind::Web, &vec![hook(); 11])).await, Field::WebhookTarget);
    let nameless = NewIntegration { name: None, ..new(IntegrationKind::Whatsapp, &[]) };
    let (made, secrets) = w.service.create_integration(owner(), app, nameless).await.unwrap();
    assert_eq!((made.name.as_deref(), made.shown_name(), secrets.len()), (None, "WhatsApp", 0));
}

async fn a_role_sees_integrations_or_manages_them_too(w: World) {
    let app = w.service.default_app();
    let (made, _) = custom(&w, app).await;
    let (id, webhook) = (&made.id, &made.webhooks[0].id);
    let query = IntegrationQuery::default();
    let service = &w.service;
    for role in [Role::Auditor, Role::Guest] {
        let caller = &signed_in(role);
        let sees = role == Role::Auditor;
        assert_eq!(service.integration(caller, id).await.is_ok(), sees);
        assert_eq!(service.integrations(caller, app, &query).await.is_ok(), sees);
        assert_eq!(service.webhooks(caller, id).await.is_ok(), sees);
        assert_eq!(service.webhook(caller, id, webhook).await.is_ok(), sees);
        let create = service.create_integration(caller, app, new(IntegrationKind::Custom, &[hook()]));
        let change = IntegrationChange { status: Some(IntegrationStatus::Inactive), ..IntegrationChange::default() };
        for refused in [
            refusal(w.no_change(create).await),
            refusal(w.no_change(service.change_integration(caller, id, change)).await),
            refusal(w.no_change(service.delete_integration(caller, id)).await),
            refusal(w.no_change(service.add_webhook(caller, id, hook())).await),
            refusal(w.no_change(service.change_webhook(caller, id, webhook, hook())).await),
            refusal(w.no_change(service.renew_webhook_secret(caller, id, webhook)).await),
            refusal(w.no_change(service.remove_webhook(caller, id, webhook)).await),
        ] {
            assert_eq!(refused, Refusal::Forbidden, "{role:?}");
        }
    }
    let admin = &signed_in(Role::Admin);
    service.create_integration(admin, app, new(IntegrationKind::Custom, &[hook()])).await.unwrap();
    service.delete_integration(admin, id).await.unwrap();
}

async fn nothing_is_known_of_integrations_out_of_sight(w: World) {
    let elsewhere = create(&w, "Elsewhere").await.id;
    let (theirs, _) = custom(&w, &elsewhere).await;
    let caller = &signed_in(Role::Owner).within(w.service.default_app());
    let (id, webhook) = (&theirs.id, &theirs.webhooks[0].id);
    let service = &w.service;
    let change = IntegrationChange { name: Some(None), ..IntegrationChange::default() };
    for refused in [
        refusal(service.integration(caller, id).await),
        refusal(service.webhooks(caller, id).await),
        refusal(service.webhook(caller, id, webhook).await),
        refusal(service.change_integration(caller, id, change).await),
        refusal(service.delete_integration(caller, id).await),
        refusal(service.add_webhook(caller, id, hook()).await),
        refusal(service.change_webhook(caller, id, webhook, hook()).await),
        refusal(service.renew_webhook_secret(caller, id, webhook).await),
        refusal(service.remove_webhook(caller, id, webhook).await),
        refusal(service.integration(owner(), &IntegrationId::from_random([9; 12])).await),
    ] {
        assert_eq!(refused, Refusal::IntegrationNotFound);
    }
    let query = IntegrationQuery::default();
    assert_eq!(refusal(service.integrations(caller, &elsewhere, &query).await), Refusal::AppNotFound);
    let made = service.create_integration(caller, &elsewhere, new(IntegrationKind::Web, &[])).await;
    assert_eq!(refusal(made), Refusal::AppNotFound);
    // The webhook of another integration is none of this one.
    let (mine, _) = custom(&w, w.service.default_app()).await;
    assert_eq!(refusal(service.webhook(owner(), &mine.id, webhook).await), Refusal::WebhookNotFound);
    let renewed = w.no_event(service.renew_webhook_secret(owner(), &mine.id, webhook)).await;
    assert_eq!(refusal(renewed), Refusal::WebhookNotFound);
    let nowhere = WebhookId::from_random([9; 12]);
    assert_eq!(refusal(service.remove_webhook(owner(), &mine.id, &nowhere).await), Refusal::WebhookNotFound);
}

async fn a_change_is_on_record_unless_nothing_differs(w: World) {
    let (made, _) = custom(&w, w.service.default_app()).await;
    let service = &w.service;
    let change = |change: IntegrationChange| service.change_integration(owner(), &made.id, change);
    let same = IntegrationChange {
        name: Some(Some(" Order desk ".to_owned())),
        status: Some(IntegrationStatus::Active),
        extra: Map::from_iter([("gone".to_owned(), Value::Null)]),
    };
    assert_eq!(w.no_event(change(same)).await.unwrap(), made);
    assert_eq!(w.no_event(change(IntegrationChange::default())).await.unwrap(), made);
    let other = IntegrationChange {
        name: Some(None),
        status: Some(IntegrationStatus::Inactive),
        extra: Map::from_iter([("authToken".to_owned(), "hidden away".into())]),
    };
    let changed = w.one_event(Action::IntegrationChanged, change(other)).await.unwrap();
    assert_eq!((changed.name.as_deref(), changed.status), (None, IntegrationStatus::Inactive));
    assert_eq!(changed.extra, r#"{"authToken":"hidden away"}"#);
    assert_eq!(changed.webhooks, made.webhooks);
    assert_eq!(service.integration(owner(), &made.id).await.unwrap(), changed);
    let event = w.newest().await;
    let told: Vec<_> = event.changes.iter().map(|change| change.field.as_str()).collect();
    assert_eq!(told, ["name", "state", "metadata"]);
    assert!(!format!("{event:?}").contains("hidden"), "what others keep secret is not repeated");
    // What a change does not name stays as it is by then.
    let with = |name: &str, value: Value| IntegrationChange {
        extra: Map::from_iter([(name.to_owned(), value)]),
        ..IntegrationChange::default()
    };
    let (one, two) = tokio::join!(change(with("a", 1.into())), change(with("b", 2.into())));
    assert!(one.is_ok() && two.is_ok());
    let both = service.integration(owner(), &made.id).await.unwrap();
    assert_eq!(both.extra, r#"{"a":1,"authToken":"hidden away","b":2}"#);
    assert_eq!(change(with("authToken", Value::Null)).await.unwrap().extra, r#"{"a":1,"b":2}"#);
}

async fn webhooks_come_change_and_go(w: World) {
    let web = other_kind(&w, IntegrationKind::Web).await;
    let service = &w.service;
    let (first, one) = w.one_event(Action::WebhookAdded, service.add_webhook(owner(), &web.id, hook())).await.unwrap();
    for n in 2..=10 {
        service
            .add_webhook(owner(), &web.id, rules(&format!("https://hooks.example.com/{n}"), &["event"]))
            .await
            .unwrap();
    }
    let eleventh = w.no_event(service.add_webhook(owner(), &web.id, hook())).await;
    assert!(matches!(refusal(eleventh), Refusal::Invalid(errors) if errors.0[0].field == Field::WebhookTarget));
    assert_eq!(service.webhooks(owner(), &web.id).await.unwrap().len(), 10);

    let same = w.no_event(service.change_webhook(owner(), &web.id, &first.id, first.rules())).await.unwrap();
    assert_eq!(same, first);
    let other = WebhookRules { include_full_user: true, ..rules("https://elsewhere.example.com", &["event"]) };
    let change = service.change_webhook(owner(), &web.id, &first.id, other);
    let changed = w.one_event(Action::WebhookChanged, change).await.unwrap();
    assert_eq!(
        (changed.id, &*changed.target, changed.include_full_user),
        (first.id, "https://elsewhere.example.com", true)
    );
    let told: Vec<_> = w.newest().await.changes.into_iter().map(|change| change.field).collect();
    assert_eq!(told, ["webhook_target", "triggers", "include_full_user"]);
    assert_eq!(service.webhook(owner(), &web.id, &first.id).await.unwrap(), changed);

    // What a change does not name stays.
    let user = WebhookChange { include_full_user: Some(false), ..WebhookChange::default() };
    let source = WebhookChange { include_full_source: Some(true), ..WebhookChange::default() };
    let both = tokio::join!(
        service.change_webhook(owner(), &web.id, &first.id, user),
        service.change_webhook(owner(), &web.id, &first.id, source),
    );
    both.0.unwrap();
    both.1.unwrap();
    let changed = service.webhook(owner(), &web.id, &first.id).await.unwrap();
    assert_eq!((changed.include_full_user, changed.include_full_source), (false, true));
    let unknown = WebhookChange { triggers: Some(vec!["nothing".to_owned()]), ..WebhookChange::default() };
    let refused = w.no_change(service.change_webhook(owner(), &web.id, &first.id, unknown)).await;
    assert!(matches!(refusal(refused), Refusal::Invalid(errors) if errors.0[0].field == Field::Triggers));

    let renew = service.renew_webhook_secret(owner(), &web.id, &first.id);
    let (renewed, two) = w.one_event(Action::WebhookChanged, renew).await.unwrap();
    assert_eq!(renewed, changed);
    assert_ne!(secret(&one), secret(&two));
    let event = w.newest().await;
    assert!(event.changes.iter().any(|change| change.field == "secret"));
    assert!(!format!("{event:?}").contains(&secret(&two)));

    w.one_event(Action::WebhookRemoved, service.remove_webhook(owner(), &web.id, &first.id)).await.unwrap();
    assert_eq!(service.webhooks(owner(), &web.id).await.unwrap().len(), 9);
    assert_eq!(refusal(service.webhook(owner(), &web.id, &first.id).await), Refusal::WebhookNotFound);
}

async fn a_deleted_integration_takes_its_keys_and_webhooks_along(w: World) {
    let app = w.service.default_app();
    let (mine, _) = custom(&w, app).await;
    let (other, _) = custom(&w, app).await;
    let (_, first) = key_of(&w, &mine.id).await;
    let (_, second) = key_of(&w, &mine.id).await;
    let (_, kept) = key_of(&w, &other.id).await;
    let seq = w.newest().await.seq;
    w.service.delete_integration(owner(), &mine.id).await.unwrap();
    let events = w.events().await;
    let new: Vec<_> =
        events.iter().filter(|event| event.seq > seq).map(|event| event.action.known().unwrap()).collect();
    let expected = [Action::IntegrationDeleted, Action::WebhookRemoved, Action::KeyDeleted, Action::KeyDeleted];
    assert_eq!(new, expected);
    // At once, and not only once the verifier looks.
    assert_eq!((code(&w, &first).await, code(&w, &second).await), (Code::NotFound, Code::NotFound));
    assert_eq!(code(&w, &kept).await, Code::Valid);
    assert_eq!(refusal(w.service.integration(owner(), &mine.id).await), Refusal::IntegrationNotFound);
    assert_eq!(w.store.webhook(&mine.webhooks[0].id).await.unwrap(), None);
    assert_eq!(w.service.integrations(owner(), app, &IntegrationQuery::default()).await.unwrap().rows, [other]);
    let again = w.no_event(w.service.delete_integration(owner(), &mine.id)).await;
    assert_eq!(refusal(again), Refusal::IntegrationNotFound);
}

async fn a_key_of_an_integration_manages_the_webhooks_of_that_one_alone(w: World) {
    let app = w.service.default_app();
    let (mine, _) = custom(&w, app).await;
    let (other, _) = custom(&w, app).await;
    let (caller, _) = key_of(&w, &mine.id).await;
    let service = &w.service;
    let (own, theirs) = (&mine.webhooks[0].id, &other.webhooks[0].id);
    assert_eq!(service.webhooks(&caller, &mine.id).await.unwrap(), mine.webhooks);
    let changed = rules("https://elsewhere.example.com", &["event"]);
    service.change_webhook(&caller, &mine.id, own, changed).await.unwrap();
    service.renew_webhook_secret(&caller, &mine.id, own).await.unwrap();
    assert_eq!(w.newest().await.actor_label, "key Desk");
    for refused in [
        refusal(service.webhooks(&caller, &other.id).await),
        refusal(service.webhook(&caller, &other.id, theirs).await),
        refusal(service.change_webhook(&caller, &other.id, theirs, hook()).await),
        refusal(service.renew_webhook_secret(&caller, &other.id, theirs).await),
        refusal(service.integration(&caller, &mine.id).await),
        refusal(service.integrations(&caller, app, &IntegrationQuery::default()).await),
        refusal(service.delete_integration(&caller, &mine.id).await),
    ] {
        assert_eq!(refused, Refusal::Forbidden);
    }
}

async fn the_first_key_that_reports_makes_its_integration(w: World) {
    let app = w.service.default_app();
    let query = IntegrationQuery::default();
    let listed = async || w.service.integrations(owner(), app, &query).await.unwrap().rows;
    w.active(&draft("service", "Billing")).await;
    assert_eq!(listed().await, []);
    let seq = w.newest().await.seq;
    w.active(&draft("telephony", "Bar")).await;
    let recorded: Vec<_> = w.events().await.into_iter().filter(|event| event.seq > seq).collect();
    let actions: Vec<_> = recorded.iter().map(|event| event.action.known().unwrap()).collect();
    assert_eq!(actions, [Action::KeyAcknowledged, Action::KeyIssued, Action::IntegrationCreated]);
    let made = listed().await.remove(0);
    assert_eq!((made.kind, made.shown_name()), (IntegrationKind::Telephony, KeyKind::Telephony.label()));
    w.active(&draft("telephony", "Another bar")).await;
    assert_eq!(listed().await.len(), 1);
    let elsewhere = create(&w, "Elsewhere").await.id;
    w.service.issue_acknowledged(owner(), &elsewhere, &draft("telephony", "Theirs")).await.unwrap();
    assert_eq!(w.service.integrations(owner(), &elsewhere, &query).await.unwrap().rows.len(), 1);

    let stays = w.no_event(w.service.delete_integration(owner(), &made.id)).await;
    assert_eq!(refusal(stays), Refusal::IntegrationStays);
    let twice = w.service.create_integration(owner(), app, new(IntegrationKind::Telephony, &[])).await;
    assert!(matches!(refusal(twice), Refusal::Invalid(errors) if errors.0[0].field == Field::Kind));
    let (webhook, _) =
        w.service.add_webhook(owner(), &made.id, rules("https://x.example.com", &["event"])).await.unwrap();
    w.service.remove_webhook(owner(), &made.id, &webhook.id).await.unwrap();
}

async fn keys_of_an_earlier_version_get_their_integrations_at_the_next_start(w: World) {
    let app = w.service.default_app();
    for kind in ["client", "client", "open_connect", "service"] {
        w.active(&draft(kind, "Key")).await;
    }
    w.database.execute("DELETE FROM integration").await;
    let seq = w.newest().await.seq;
    let again = w.another().await;
    let events = w.events().await;
    let new: Vec<_> =
        events.iter().filter(|event| event.seq > seq).map(|event| event.action.known().unwrap()).collect();
    assert_eq!(new, [Action::IntegrationCreated, Action::IntegrationCreated]);
    let rows = again.integrations(owner(), app, &IntegrationQuery::default()).await.unwrap().rows;
    let mut kinds: Vec<_> = rows.iter().map(|row| row.kind).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, [IntegrationKind::OpenConnect, IntegrationKind::Client]);
    w.another().await;
    assert_eq!(w.newest().await.seq, seq + 2, "no more after that");
}

async fn an_app_has_a_thousand_integrations_at_most_and_an_archived_one_gets_none(w: World) {
    let app = create(&w, "Full").await.id;
    let (made, _) = custom(&w, &app).await;
    let fill = async |tx: &mut Tx| {
        for n in 1..INTEGRATIONS_MAX {
            let mut bytes = [0; 12];
            bytes[4..].copy_from_slice(&u64::try_from(n).unwrap().to_be_bytes());
            let id = IntegrationId::from_random(bytes);
            tx.insert_integration(&Integration { id, webhooks: Vec::new(), ..made.clone() }).await?;
        }
        Ok::<_, StoreError>(())
    };
    w.store.write(fill).await.unwrap();
    let beyond = w.service.create_integration(owner(), &app, new(IntegrationKind::Web, &[])).await;
    assert_eq!(refusal(beyond), Refusal::TooManyIntegrations { most: 1_000 });
    w.service.delete_integration(owner(), &made.id).await.unwrap();
    w.service.create_integration(owner(), &app, new(IntegrationKind::Web, &[])).await.unwrap();

    w.service.archive_app(owner(), &app).await.unwrap();
    let archived = w.no_event(w.service.create_integration(owner(), &app, new(IntegrationKind::Web, &[]))).await;
    assert_eq!(refusal(archived), Refusal::AppArchived);
}

async fn a_hundred_active_webhooks_of_an_app_are_told_of_its_chats(w: World) {
    let (service, app) = (&w.service, create(&w, "Loud").await.id);
    let mut made = Vec::new();
    for _ in 0..10 {
        let web = new(IntegrationKind::Web, &vec![hook(); 10]);
        made.push(service.create_integration(owner(), &app, web).await.unwrap().0);
    }
    let full = Refusal::TooManyChatWebhooks { most: 100 };
    let beyond = service.create_integration(owner(), &app, new(IntegrationKind::Custom, &[hook()]));
    assert_eq!(refusal(w.no_change(beyond).await), full);
    // Other apps, and what is not about chats, have nothing to do with it.
    custom(&w, service.default_app()).await;
    let quiet = new(IntegrationKind::Web, &[rules("https://hooks.example.com/two", &["event"])]);
    let (quiet, _) = service.create_integration(owner(), &app, quiet).await.unwrap();
    let id = &quiet.webhooks[0].id;
    assert_eq!(refusal(w.no_change(service.add_webhook(owner(), &quiet.id, hook())).await), full);
    assert_eq!(refusal(w.no_change(service.change_webhook(owner(), &quiet.id, id, hook())).await), full);

    let becomes = async |status| {
        let change = IntegrationChange { status: Some(status), ..IntegrationChange::default() };
        service.change_integration(owner(), &made[0].id, change).await
    };
    becomes(IntegrationStatus::Inactive).await.unwrap();
    service.change_webhook(owner(), &quiet.id, id, hook()).await.unwrap();
    assert_eq!(refusal(w.no_change(becomes(IntegrationStatus::Active)).await), full);
    service.remove_webhook(owner(), &quiet.id, id).await.unwrap();
    becomes(IntegrationStatus::Active).await.unwrap();
}

on_both!(
    a_hundred_active_webhooks_of_an_app_are_told_of_its_chats,
    a_custom_integration_has_exactly_one_webhook,
    what_is_wrong_is_named_and_nothing_is_made,
    a_role_sees_integrations_or_manages_them_too,
    nothing_is_known_of_integrations_out_of_sight,
    a_change_is_on_record_unless_nothing_differs,
    webhooks_come_change_and_go,
    a_deleted_integration_takes_its_keys_and_webhooks_along,
    a_key_of_an_integration_manages_the_webhooks_of_that_one_alone,
    the_first_key_that_reports_makes_its_integration,
    keys_of_an_earlier_version_get_their_integrations_at_the_next_start,
    an_app_has_a_thousand_integrations_at_most_and_an_archived_one_gets_none,
);
