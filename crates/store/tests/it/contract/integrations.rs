use domain::ids::{AppId, IntegrationId, WebhookId};
use domain::integration::{Integration, IntegrationKind, IntegrationQuery, IntegrationStatus};
use domain::kind::KeyKind;
use domain::webhook::{Trigger, Webhook};
use store::{Hook, NewKey, Paged, Store, StoreError, Tx, WebhookSecret};

use crate::fixtures::{NOW, app, insert, key};

contract! {
    an_integration_is_read_with_its_webhooks,
    every_page_in_either_direction_shows_each_once,
    a_page_begins_behind_an_integration_that_is_gone,
    integrations_are_searched_and_filtered,
    an_integration_changes_and_goes_with_its_webhooks,
    an_app_has_one_integration_of_each_kind_that_keys_report_to,
    what_keys_need_and_is_missing_is_found,
    a_webhook_changes_and_keeps_its_secret,
    active_webhooks_are_told_what_they_want_to_hear,
}

fn integration(app: &AppId, n: u8, kind: IntegrationKind, name: &str) -> Integration {
    Integration {
        id: IntegrationId::from_random([n; 12]),
        app_id: *app,
        kind,
        name: (!name.is_empty()).then(|| name.to_owned()),
        status: IntegrationStatus::Active,
        extra: "{}".to_owned(),
        created_at: NOW.plus_seconds(i64::from(n)),
        webhooks: Vec::new(),
    }
}

fn custom(app: &AppId, n: u8, name: &str) -> Integration {
    integration(app, n, IntegrationKind::Custom, name)
}

fn webhook(of: &Integration, n: u8, triggers: &[Trigger]) -> Webhook {
    let even = n.is_multiple_of(2);
    Webhook {
        id: WebhookId::from_random([n; 12]),
        app_id: of.app_id,
        integration_id: of.id,
        target: format!("https://hooks.example.com/{n}"),
        triggers: triggers.to_vec(),
        include_full_user: even,
        include_full_source: !even,
        created_at: NOW.plus_seconds(i64::from(n)),
    }
}

fn secret(n: u8) -> WebhookSecret {
    WebhookSecret { sealed: vec![n; 70], seal_version: i64::from(n) }
}

async fn with_apps(store: &Store) -> (AppId, AppId) {
    let work = async |tx: &mut Tx| {
        tx.insert_app(&app(1)).await?;
        tx.insert_app(&app(2)).await
    };
    store.write(work).await.unwrap();
    (app(1).id, app(2).id)
}

async fn add(store: &Store, integrations: &[Integration]) {
    let work = async |tx: &mut Tx| {
        for integration in integrations {
            tx.insert_integration(integration).await?;
        }
        Ok::<_, StoreError>(())
    };
    store.write(work).await.unwrap();
}

async fn add_webhook(store: &Store, webhook: &Webhook, secret: &WebhookSecret) {
    store.write(async |tx| tx.insert_webhook(webhook, secret).await).await.unwrap();
}

async fn an_integration_is_read_with_its_webhooks(store: Store) {
    let (one, two) = with_apps(&store).await;
    let mut desk = Integration { extra: r#"{"a":1}"#.to_owned(), ..custom(&one, 1, "Order desk") };
    let nameless = Integration { status: IntegrationStatus::Error, ..integration(&one, 2, IntegrationKind::Web, "") };
    let elsewhere = custom(&two, 3, "Elsewhere");
    add(&store, &[desk.clone(), nameless.clone(), elsewhere.clone()]).await;
    assert_eq!(store.integration(&desk.id).await.unwrap(), Some(desk.clone()));
    let (first, second) = (webhook(&desk, 5, &[Trigger::Event]), webhook(&desk, 4, &[Trigger::ConversationMessage]));
    let theirs = webhook(&elsewhere, 6, &[Trigger::Event]);
    for webhook in [&first, &second, &theirs] {
        add_webhook(&store, webhook, &secret(1)).await;
    }
    desk.webhooks = vec![second.clone(), first.clone()];
    assert_eq!(store.integration(&desk.id).await.unwrap(), Some(desk.clone()), "the oldest comes first");
    assert_eq!(store.integration(&nameless.id).await.unwrap(), Some(nameless.clone()));
    assert_eq!(store.integration(&IntegrationId::from_random([9; 12])).await.unwrap(), None);
    assert_eq!(store.webhook(&theirs.id).await.unwrap(), Some(theirs.clone()));
    assert_eq!(store.webhook(&WebhookId::from_random([9; 12])).await.unwrap(), None);
    let of_all = store.webhooks_of(&[elsewhere.id, desk.id, nameless.id]).await.unwrap();
    assert_eq!(of_all, [second, first, theirs]);
    assert_eq!(store.webhooks_of(&[]).await.unwrap(), []);
    let page = store.list_integrations(&one, &IntegrationQuery::default()).await.unwrap();
    assert_eq!(page.rows, [nameless, desk]);
    assert_eq!((store.integration_count(&one).await.unwrap(), store.integration_count(&two).await.unwrap()), (2, 1));
}

async fn every_page_in_either_direction_shows_each_once(store: Store) {
    let (one, two) = with_apps(&store).await;
    let all: Vec<_> = (0..60).map(|n| custom(&one, n, "Same")).collect();
    add(&store, &all).await;
    add(&store, &[custom(&two, 99, "Elsewhere")]).await;
    let list = async |query: IntegrationQuery| store.list_integrations(&one, &query).await.unwrap();
    let mut pages = vec![list(IntegrationQuery::default()).await];
    while let Some(next) = pages.last().unwrap().next.clone() {
        assert!(IntegrationQuery::default().is_cursor(&next, false));
        pages.push(list(IntegrationQuery { after: Some(next), ..IntegrationQuery::default() }).await);
    }
    assert_eq!(pages.len(), 3);
    let listed: Vec<_> = pages.iter().flat_map(|page| &page.rows).map(|row| row.id).collect();
    let newest_first: Vec<_> = all.iter().rev().map(|row| row.id).collect();
    assert_eq!(listed, newest_first);
    assert!(pages.iter().all(|page| page.total.n == 60) && pages[0].previous.is_none());
    let oldest = pages.pop().unwrap();
    let back = list(IntegrationQuery { before: oldest.previous.clone(), ..IntegrationQuery::default() }).await;
    assert_eq!(back, pages.pop().unwrap());
    let first = list(IntegrationQuery { before: back.previous, ..IntegrationQuery::default() }).await;
    assert_eq!(first, pages.pop().unwrap());
    let ten = list(IntegrationQuery { rows: 10, ..IntegrationQuery::default() }).await;
    assert_eq!((ten.rows.len(), ten.next), (10, Some(all[50].id.to_string())));
    let wrong = IntegrationQuery { after: Some("x".to_owned()), ..IntegrationQuery::default() };
    assert!(!wrong.is_cursor("x", false));
    assert_eq!(list(wrong).await, first, "an invalid cursor gives the first page");
}

async fn a_page_begins_behind_an_integration_that_is_gone(store: Store) {
    let (one, _) = with_apps(&store).await;
    let all: Vec<_> = (1..=5).map(|n| custom(&one, n, "")).collect();
    add(&store, &all).await;
    store.write(async |tx| tx.delete_integration(&all[2].id).await).await.unwrap();
    let gone = Some(all[2].id.to_string());
    let after = IntegrationQuery { after: gone.clone(), ..IntegrationQuery::default() };
    assert_eq!(store.list_integrations(&one, &after).await.unwrap().rows, [all[1].clone(), all[0].clone()]);
    let before = IntegrationQuery { before: gone, ..IntegrationQuery::default() };
    assert_eq!(store.list_integrations(&one, &before).await.unwrap().rows, [all[4].clone(), all[3].clone()]);
}

async fn integrations_are_searched_and_filtered(store: Store) {
    let (one, _) = with_apps(&store).await;
    let (desk, chat) = (custom(&one, 1, "Order desk"), integration(&one, 2, IntegrationKind::Whatsapp, "Ordering"));
    let (web, other) = (integration(&one, 3, IntegrationKind::Web, ""), custom(&one, 4, "Über"));
    add(&store, &[desk.clone(), chat.clone(), web.clone(), other.clone()]).await;
    let found = async |search: &str, kinds: &[IntegrationKind]| {
        let search = (!search.is_empty()).then(|| search.to_owned());
        let query = IntegrationQuery { search, kinds: kinds.to_vec(), ..IntegrationQuery::default() };
        let page = store.list_integrations(&one, &query).await.unwrap();
        assert_eq!(u32::try_from(page.rows.len()), Ok(page.total.n));
        page.rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(found("ORDER", &[]).await, [chat.id, desk.id]);
    assert_eq!(found("order", &[IntegrationKind::Custom]).await, [desk.id]);
    assert_eq!(found("über", &[]).await, [other.id]);
    assert_eq!(found("we", &[]).await, [web.id], "by the name that is shown");
    assert_eq!(found("", &[IntegrationKind::Web, IntegrationKind::Whatsapp]).await, [web.id, chat.id]);
    assert_eq!(found(chat.id.as_str(), &[]).await, [chat.id]);
    assert_eq!(found("%", &[]).await, []);
}

async fn an_integration_changes_and_goes_with_its_webhooks(store: Store) {
    let (one, _) = with_apps(&store).await;
    let (desk, other) = (custom(&one, 1, "Order desk"), custom(&one, 2, "Other"));
    add(&store, &[desk.clone(), other.clone()]).await;
    let (mine, theirs) = (webhook(&desk, 1, &[Trigger::Event]), webhook(&other, 2, &[Trigger::Event]));
    add_webhook(&store, &mine, &secret(1)).await;
    add_webhook(&store, &theirs, &secret(2)).await;
    let changed = Integration {
        name: None,
        status: IntegrationStatus::Inactive,
        extra: r#"{"brand":"x"}"#.to_owned(),
        webhooks: vec![mine.clone()],
        ..desk.clone()
    };
    assert!(store.write(async |tx| tx.update_integration(&changed).await).await.unwrap());
    assert_eq!(store.integration(&desk.id).await.unwrap(), Some(changed));
    let nowhere = custom(&one, 9, "Nowhere");
    assert!(!store.write(async |tx| tx.update_integration(&nowhere).await).await.unwrap());
    let gone = async || store.write(async |tx| tx.delete_integration(&desk.id).await).await.unwrap();
    assert!(gone().await && !gone().await);
    assert_eq!((store.integration(&desk.id).await.unwrap(), store.webhook(&mine.id).await.unwrap()), (None, None));
    assert_eq!(store.webhook(&theirs.id).await.unwrap(), Some(theirs));
}

async fn an_app_has_one_integration_of_each_kind_that_keys_report_to(store: Store) {
    let (one, two) = with_apps(&store).await;
    let kind = IntegrationKind::Telephony;
    assert_eq!(store.event_integration(&one, kind).await.unwrap(), None);
    add(&store, &[integration(&one, 1, kind, ""), integration(&two, 2, kind, "")]).await;
    let again = integration(&one, 3, kind, "");
    let refused = store.write(async |tx| tx.insert_integration(&again).await).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
    add(&store, &[integration(&one, 4, IntegrationKind::Client, "")]).await;
    assert_eq!(store.event_integration(&one, kind).await.unwrap(), Some(IntegrationId::from_random([1; 12])));
    assert_eq!(store.event_integration(&two, kind).await.unwrap(), Some(IntegrationId::from_random([2; 12])));
    // Of the others there may be any number.
    add(&store, &[custom(&one, 5, ""), custom(&one, 6, "")]).await;
    assert_eq!(store.event_integration(&one, IntegrationKind::Custom).await.unwrap(), None);
}

async fn what_keys_need_and_is_missing_is_found(store: Store) {
    let (one, two) = with_apps(&store).await;
    let of = |app: &AppId, kind: KeyKind| {
        let mut new: NewKey = key(app, "Reports");
        new.spec.kind = kind;
        new
    };
    insert(&store, &[of(&one, KeyKind::Client), of(&one, KeyKind::Service), of(&two, KeyKind::OpenConnect)]).await;
    insert(&store, &[of(&two, KeyKind::Client), of(&two, KeyKind::Client)]).await;
    add(&store, &[integration(&two, 1, IntegrationKind::OpenConnect, "")]).await;
    let missing = store.missing_event_integrations(10).await.unwrap();
    assert_eq!(missing, [(one, IntegrationKind::Client), (two, IntegrationKind::Client)]);
    assert_eq!(store.missing_event_integrations(1).await.unwrap().len(), 1);
    add(
        &store,
        &[integration(&one, 2, IntegrationKind::Client, ""), integration(&two, 3, IntegrationKind::Client, "")],
    )
    .await;
    assert_eq!(store.missing_event_integrations(10).await.unwrap(), []);
}

async fn a_webhook_changes_and_keeps_its_secret(store: Store) {
    let (one, _) = with_apps(&store).await;
    let desk = custom(&one, 1, "Order desk");
    add(&store, std::slice::from_ref(&desk)).await;
    let first = webhook(&desk, 1, &[Trigger::Event]);
    add_webhook(&store, &first, &secret(1)).await;
    let changed = Webhook {
        target: "https://elsewhere.example.com".to_owned(),
        triggers: vec![Trigger::ConversationCreate, Trigger::DeliveryUser],
        include_full_user: true,
        include_full_source: false,
        ..first.clone()
    };
    assert!(store.write(async |tx| tx.update_webhook(&changed).await).await.unwrap());
    assert_eq!(store.webhook(&first.id).await.unwrap(), Some(changed.clone()));
    assert_eq!(store.webhook_secret(&first.id).await.unwrap(), Some(secret(1)));
    assert!(store.write(async |tx| tx.set_webhook_secret(&first.id, &secret(2)).await).await.unwrap());
    assert_eq!(store.webhook_secret(&first.id).await.unwrap(), Some(secret(2)));
    assert_eq!(store.webhook(&first.id).await.unwrap(), Some(changed.clone()), "nothing else is another");
    let gone = async || store.write(async |tx| tx.delete_webhook(&first.id).await).await.unwrap();
    assert!(gone().await && !gone().await);
    assert!(!store.write(async |tx| tx.update_webhook(&changed).await).await.unwrap());
    assert!(!store.write(async |tx| tx.set_webhook_secret(&first.id, &secret(3)).await).await.unwrap());
    assert_eq!(store.webhook_secret(&first.id).await.unwrap(), None);
}

async fn active_webhooks_are_told_what_they_want_to_hear(store: Store) {
    let (one, two) = with_apps(&store).await;
    let (desk, web) = (custom(&one, 1, "Order desk"), integration(&one, 2, IntegrationKind::Web, ""));
    let off = Integration { status: IntegrationStatus::Inactive, ..custom(&one, 3, "Off") };
    let broken = Integration { status: IntegrationStatus::Error, ..custom(&one, 4, "Broken") };
    let elsewhere = custom(&two, 5, "Elsewhere");
    let all = [desk, web, off, broken, elsewhere];
    add(&store, &all).await;
    let (message, create) = (Trigger::ConversationMessage, Trigger::ConversationCreate);
    let wanted: [&[Trigger]; 5] = [&[message, create], &[message], &[message], &[message], &[message, Trigger::Event]];
    for (n, (of, triggers)) in (1..).zip(all.iter().zip(wanted)) {
        add_webhook(&store, &webhook(of, n, triggers), &secret(n)).await;
    }
    let hook = |n: u8, trigger| {
        let of = &all[usize::from(n) - 1];
        let webhook_id = WebhookId::from_random([n; 12]);
        Hook { webhook_id, integration_id: of.id, kind: of.kind, app_id: of.app_id, trigger }
    };
    let found = async |apps: &[AppId], triggers: &[Trigger]| store.hooks_for(apps, triggers).await.unwrap();
    assert_eq!(found(&[one], &[message]).await, [hook(1, message), hook(2, message)]);
    assert_eq!(found(&[one], &[create, message]).await, [hook(1, create), hook(1, message), hook(2, message)]);
    assert_eq!(found(&[two], &[Trigger::Event]).await, [hook(5, Trigger::Event)]);
    assert_eq!(found(&[two, one], &[message]).await, [hook(1, message), hook(2, message), hook(5, message)]);
    assert_eq!(found(&[one], &[Trigger::Event]).await, []);
    assert_eq!(found(&[], &[message]).await, []);
    assert_eq!(found(&[one], &[]).await, []);
}
