use domain::delivery::{About, Delivery, DeliveryQuery, DeliveryState, KEPT, NEVER_SENT, Reply, TOO_LATE};
use domain::ids::{AppId, DeliveryId, IntegrationId, RoomId, WebhookId};
use domain::integration::{Integration, IntegrationKind, IntegrationStatus};
use domain::timestamp::{Millis, Timestamp};
use domain::webhook::{Trigger, Webhook};
use store::{DueWebhook, Hook, NewDelivery, Paged, Store, WebhookSecret};

use crate::fixtures::{NOW, with_app};

contract! {
    a_delivery_comes_back_as_it_was_made,
    the_first_of_each_lane_is_due_and_the_next_once_that_is_over,
    a_delivery_is_taken_once_until_its_lease_ends,
    whoever_lost_its_lease_writes_nothing,
    a_webhook_is_due_while_anything_of_it_is,
    what_is_sent_again_waits_for_no_other,
    every_page_of_deliveries_in_either_direction_shows_each_once,
    what_was_due_for_too_long_fails_and_the_next_is_due,
    what_is_over_is_forgotten_and_what_waits_too_long_fails,
    those_that_wait_are_counted,
}

const UNTIL: Timestamp = NOW.plus_seconds(60);

fn integration(n: u8) -> IntegrationId {
    IntegrationId::from_random([n; 12])
}

fn webhook(n: u8) -> WebhookId {
    WebhookId::from_random([n; 12])
}

fn hook(app: &AppId, n: u8) -> Hook {
    Hook {
        webhook_id: webhook(n),
        integration_id: integration(n),
        kind: IntegrationKind::Custom,
        app_id: *app,
        trigger: Trigger::ConversationMessage,
    }
}

/// What happened in a lane; its number is that of a message.
fn new(app: &AppId, n: u8, lane: &str, seq: u64) -> NewDelivery {
    let about = About::Message { room: RoomId::from_random([9; 12]), seq };
    let at = NOW.plus(Millis(i64::try_from(seq).unwrap()));
    NewDelivery { webhook: hook(app, n), trigger: Trigger::ConversationMessage, about, lane: lane.to_owned(), at }
}

async fn enqueue(store: &Store, new: &[NewDelivery]) {
    store.write(async |tx| tx.enqueue(new).await).await.unwrap();
}

async fn lease(store: &Store, asked: &[(WebhookId, u32)], by: &str, now: Timestamp) -> Vec<Delivery> {
    let until = now.plus_seconds(60);
    store.write(async |tx| tx.lease_deliveries(asked, by, until, now).await).await.unwrap()
}

async fn finish(store: &Store, deliveries: &[Delivery], by: &str, now: Timestamp) {
    store.write(async |tx| tx.finish_deliveries(deliveries, by, now).await).await.unwrap();
}

fn seqs(deliveries: &[Delivery]) -> Vec<u64> {
    let seq = |delivery: &Delivery| match delivery.about {
        About::Message { seq, .. } => seq,
        _ => 0,
    };
    deliveries.iter().map(seq).collect()
}

fn delivered(deliveries: &[Delivery], at: Timestamp) -> Vec<Delivery> {
    deliveries.iter().map(|delivery| delivery.tried(&Reply::answered(200, "ok"), at)).collect()
}

async fn all(store: &Store, n: u8) -> Vec<Delivery> {
    let query = DeliveryQuery { rows: 1_000, ..DeliveryQuery::default() };
    store.list_deliveries(&integration(n), &query).await.unwrap().rows
}

const LATER: Timestamp = NOW.plus_seconds(1);

async fn a_delivery_comes_back_as_it_was_made(store: Store) {
    let app = with_app(&store).await;
    enqueue(&store, &[]).await;
    enqueue(&store, &[new(&app, 1, "it's {a} \"lane\"\n", 7), new(&app, 1, "b", 8)]).await;
    let made = all(&store, 1).await;
    assert_eq!(seqs(&made), [8, 7], "the newest is first");
    assert!(made[0].id > made[1].id);
    let expected = Delivery {
        id: made[1].id,
        app_id: app,
        integration_id: integration(1),
        webhook_id: webhook(1),
        trigger: Trigger::ConversationMessage,
        about: About::Message { room: RoomId::from_random([9; 12]), seq: 7 },
        state: DeliveryState::Waiting,
        tries: 0,
        created_at: NOW.plus(Millis(7)),
        next_try_at: Some(NOW.plus(Millis(7))),
        done_at: None,
        status: None,
        answer: String::new(),
        failure: String::new(),
        target: String::new(),
    };
    assert_eq!(made[1], expected);
    assert_eq!(store.delivery(&made[1].id).await.unwrap(), Some(expected));
    assert_eq!(store.delivery(&DeliveryId::from_random([1; 12])).await.unwrap(), None);
    let taken = lease(&store, &[(webhook(1), 9)], "one", LATER).await;
    let called = Delivery { target: "https://1.example.com/hook".to_owned(), ..taken[0].clone() };
    let answered = called.tried(&Reply::answered(503, "später\n\"{}"), LATER);
    let silent = taken[1].tried(&Reply::none("b cannot be reached"), LATER);
    finish(&store, &[answered.clone(), silent.clone()], "one", LATER).await;
    assert_eq!(store.delivery(&answered.id).await.unwrap(), Some(answered));
    assert_eq!(store.delivery(&silent.id).await.unwrap(), Some(silent));
}

async fn the_first_of_each_lane_is_due_and_the_next_once_that_is_over(store: Store) {
    let app = with_app(&store).await;
    enqueue(&store, &[new(&app, 1, "a", 1), new(&app, 1, "a", 2), new(&app, 1, "b", 3), new(&app, 2, "a", 4)]).await;
    enqueue(&store, &[new(&app, 1, "a", 5), new(&app, 1, "b", 6)]).await;
    let due: Vec<_> = all(&store, 1).await.iter().rev().map(|delivery| delivery.next_try_at.is_some()).collect();
    assert_eq!(due, [true, false, true, false, false]);
    let taken = lease(&store, &[(webhook(1), 9), (webhook(2), 9)], "one", LATER).await;
    assert_eq!(seqs(&taken), [1, 3, 4]);
    // The first of a fails and is tried again, so the second waits; that of b is delivered.
    let (again, over) = (taken[0].tried(&Reply::answered(500, ""), LATER), delivered(&taken[1..], LATER));
    finish(&store, &[vec![again.clone()], over].concat(), "one", LATER).await;
    let taken = lease(&store, &[(webhook(1), 9), (webhook(2), 9)], "one", LATER).await;
    assert_eq!(seqs(&taken), [6]);
    let taken = lease(&store, &[(webhook(1), 9)], "one", again.next_try_at.unwrap()).await;
    assert_eq!(seqs(&taken), [1]);
    // What is given up lets the next pass too.
    finish(&store, &[taken[0].given_up("gone", LATER)], "one", LATER).await;
    let taken = lease(&store, &[(webhook(1), 9)], "one", LATER).await;
    assert_eq!(seqs(&taken), [2]);
    finish(&store, &delivered(&taken, LATER), "one", LATER).await;
    assert_eq!(seqs(&lease(&store, &[(webhook(1), 1)], "one", LATER).await), [5]);
    assert!(lease(&store, &[], "one", LATER).await.is_empty());
    finish(&store, &[], "one", LATER).await;
}

async fn a_delivery_is_taken_once_until_its_lease_ends(store: Store) {
    let app = with_app(&store).await;
    let many: Vec<_> = (1..=10).map(|seq| new(&app, 1, &format!("lane {seq}"), seq)).collect();
    enqueue(&store, &many).await;
    assert!(lease(&store, &[(webhook(1), 9)], "one", NOW).await.is_empty(), "nothing is due yet");
    assert_eq!(seqs(&lease(&store, &[(webhook(1), 4)], "one", LATER).await), [1, 2, 3, 4]);
    assert_eq!(seqs(&lease(&store, &[(webhook(1), 4)], "two", LATER).await), [5, 6, 7, 8]);
    assert_eq!(seqs(&lease(&store, &[(webhook(1), 4)], "one", LATER).await), [9, 10]);
    assert!(lease(&store, &[(webhook(1), 4)], "two", UNTIL).await.is_empty());
    let taken_over = lease(&store, &[(webhook(1), 20)], "two", LATER.plus_seconds(60)).await;
    assert_eq!(taken_over.len(), 10);
}

async fn whoever_lost_its_lease_writes_nothing(store: Store) {
    let app = with_app(&store).await;
    enqueue(&store, &[new(&app, 1, "a", 1), new(&app, 1, "a", 2)]).await;
    let first = lease(&store, &[(webhook(1), 4)], "one", LATER).await;
    let now = LATER.plus_seconds(61);
    let second = lease(&store, &[(webhook(1), 4)], "two", now).await;
    assert_eq!(seqs(&second), [1]);
    finish(&store, &delivered(&first, now), "one", now).await;
    let kept = store.delivery(&first[0].id).await.unwrap().unwrap();
    assert_eq!((kept.state, kept.tries), (DeliveryState::Waiting, 0));
    assert!(lease(&store, &[(webhook(1), 4)], "one", now).await.is_empty(), "the next of the lane waits");
    finish(&store, &delivered(&second, now), "two", now).await;
    // Written twice, because it was not known whether the first was.
    finish(&store, &delivered(&second, now.plus_seconds(9)), "two", now.plus_seconds(9)).await;
    assert_eq!(store.delivery(&first[0].id).await.unwrap().unwrap().done_at, Some(now));
    assert_eq!(seqs(&lease(&store, &[(webhook(1), 4)], "one", now).await), [2]);
}

async fn add(store: &Store, app: &AppId, n: u8, status: IntegrationStatus) {
    let row = Integration {
        id: integration(n),
        app_id: *app,
        kind: IntegrationKind::Custom,
        name: None,
        status,
        extra: "{}".to_owned(),
        created_at: NOW,
        webhooks: Vec::new(),
    };
    let hook = Webhook {
        id: webhook(n),
        app_id: *app,
        integration_id: row.id,
        target: format!("https://{n}.example.com/hook"),
        triggers: vec![Trigger::ConversationMessage],
        include_full_user: false,
        include_full_source: false,
        created_at: NOW,
    };
    let secret = WebhookSecret { sealed: vec![n], seal_version: 1 };
    store
        .write(async |tx| {
            tx.insert_integration(&row).await?;
            tx.insert_webhook(&hook, &secret).await
        })
        .await
        .unwrap();
}

async fn a_webhook_is_due_while_anything_of_it_is(store: Store) {
    let app = with_app(&store).await;
    assert!(store.due_webhooks(LATER).await.unwrap().is_empty());
    add(&store, &app, 1, IntegrationStatus::Active).await;
    add(&store, &app, 2, IntegrationStatus::Inactive).await;
    enqueue(&store, &[new(&app, 3, "a", 1), new(&app, 1, "a", 3), new(&app, 2, "a", 2), new(&app, 1, "b", 900)]).await;
    let due = |n: u8, target: bool, is_active| DueWebhook {
        id: webhook(n),
        app: target.then_some(app),
        target: target.then(|| format!("https://{n}.example.com/hook")),
        is_active,
    };
    let all = [due(3, false, false), due(2, true, false), due(1, true, true)];
    assert_eq!(store.due_webhooks(LATER).await.unwrap(), all);
    assert_eq!(store.due_webhooks(NOW.plus(Millis(2))).await.unwrap(), all[..2]);
    assert!(store.due_webhooks(NOW).await.unwrap().is_empty());
    lease(&store, &[(webhook(1), 1), (webhook(2), 1)], "one", LATER).await;
    let due: Vec<_> = store.due_webhooks(LATER).await.unwrap().into_iter().map(|due| due.id).collect();
    assert_eq!(due, [webhook(3), webhook(2), webhook(1)], "what is told nothing is not leased");
    let dropped = store.write(async |tx| tx.drop_deliveries(&webhook(3), 9).await).await.unwrap();
    assert_eq!(dropped, 1);
    lease(&store, &[(webhook(1), 1)], "one", LATER).await;
    let due: Vec<_> = store.due_webhooks(LATER).await.unwrap().into_iter().map(|due| due.id).collect();
    assert_eq!(due, [webhook(2)]);
}

async fn send_again(store: &Store, id: &DeliveryId, now: Timestamp) -> bool {
    store.write(async |tx| tx.send_delivery_again(id, now).await).await.unwrap()
}

async fn what_is_sent_again_waits_for_no_other(store: Store) {
    let app = with_app(&store).await;
    enqueue(&store, &[new(&app, 1, "a", 1), new(&app, 1, "a", 2), new(&app, 1, "a", 3)]).await;
    let first = lease(&store, &[(webhook(1), 4)], "one", LATER).await.remove(0);
    assert!(!send_again(&store, &first.id, LATER).await, "it is being sent");
    let failed = first.given_up("no", LATER);
    finish(&store, std::slice::from_ref(&failed), "one", LATER).await;
    let second = lease(&store, &[(webhook(1), 4)], "one", LATER).await.remove(0);
    let waits = second.tried(&Reply::answered(500, "no"), LATER);
    finish(&store, std::slice::from_ref(&waits), "one", LATER).await;
    assert!(lease(&store, &[(webhook(1), 4)], "one", LATER).await.is_empty());

    // The one that is over is due at once, beside the one whose next try is later.
    assert!(send_again(&store, &failed.id, LATER).await);
    let kept = store.delivery(&failed.id).await.unwrap().unwrap();
    assert_eq!((kept.state, kept.tries, kept.next_try_at), (DeliveryState::Waiting, 0, Some(LATER)));
    assert_eq!((kept.done_at, kept.status, kept.failure.as_str()), (None, None, ""));
    let again = lease(&store, &[(webhook(1), 4)], "one", LATER).await;
    assert_eq!(seqs(&again), [1]);
    finish(&store, &delivered(&again, LATER), "one", LATER).await;
    assert!(lease(&store, &[(webhook(1), 4)], "one", LATER).await.is_empty(), "the third still waits for the second");

    assert!(send_again(&store, &waits.id, LATER).await);
    assert!(!send_again(&store, &waits.id, LATER).await, "it is due already");
    assert_eq!(store.delivery(&waits.id).await.unwrap().unwrap().tries, 0, "the try that was asked for is one more");
    let asked_for = lease(&store, &[(webhook(1), 4)], "one", LATER).await.remove(0);
    assert_eq!(seqs(std::slice::from_ref(&asked_for)), [2]);
    let refused = asked_for.tried(&Reply::answered(500, "no"), LATER);
    assert_eq!((refused.tries, refused.next_try_at), (waits.tries, waits.next_try_at), "it used up no other");
    let third = all(&store, 1).await.remove(0);
    assert!(!send_again(&store, &third.id, LATER).await, "it waits for the second");
    assert!(!send_again(&store, &DeliveryId::from_random([7; 12]), LATER).await);
}

async fn every_page_of_deliveries_in_either_direction_shows_each_once(store: Store) {
    let app = with_app(&store).await;
    let many: Vec<_> = (1..=7).map(|seq| new(&app, 1, "a", seq)).collect();
    enqueue(&store, &many).await;
    enqueue(&store, &[new(&app, 2, "a", 9)]).await;
    let mut query = DeliveryQuery { rows: 3, ..DeliveryQuery::default() };
    let mut pages = Vec::new();
    loop {
        let page = store.list_deliveries(&integration(1), &query).await.unwrap();
        assert_eq!((page.total.n, page.previous.is_some()), (7, !pages.is_empty()));
        pages.push(seqs(&page.rows));
        let Some(next) = page.next else { break };
        assert!(query.is_cursor(&next, false));
        query.after = Some(next);
    }
    assert_eq!(pages, [vec![7, 6, 5], vec![4, 3, 2], vec![1]]);
    let last = store.list_deliveries(&integration(1), &query).await.unwrap();
    let mut query = DeliveryQuery { after: None, before: last.previous, ..query };
    let page = store.list_deliveries(&integration(1), &query).await.unwrap();
    assert_eq!((seqs(&page.rows), page.next.is_some()), (vec![4, 3, 2], true));
    query.before = page.previous;
    let page = store.list_deliveries(&integration(1), &query).await.unwrap();
    assert_eq!((seqs(&page.rows), page.next.is_some(), page.previous), (vec![7, 6, 5], true, None));
    for wrong in ["", "0", "-1", "x", "01", "7~1"] {
        assert!(!query.is_cursor(wrong, false), "{wrong}");
    }

    let taken = lease(&store, &[(webhook(1), 1)], "one", LATER).await;
    finish(&store, &delivered(&taken, LATER), "one", LATER).await;
    let of = async |state| {
        let query = DeliveryQuery { state: Some(state), ..DeliveryQuery::default() };
        let page = store.list_deliveries(&integration(1), &query).await.unwrap();
        (seqs(&page.rows), page.total.n)
    };
    assert_eq!(of(DeliveryState::Delivered).await, (vec![1], 1));
    assert_eq!(of(DeliveryState::Waiting).await, (vec![7, 6, 5, 4, 3, 2], 6));
    assert_eq!(of(DeliveryState::Failed).await, (vec![], 0));
}

async fn what_was_due_for_too_long_fails_and_the_next_is_due(store: Store) {
    let app = with_app(&store).await;
    enqueue(&store, &[new(&app, 1, "a", 1), new(&app, 1, "a", 2), new(&app, 1, "b", 3), new(&app, 2, "a", 1)]).await;
    lease(&store, &[(webhook(1), 1)], "one", LATER).await;
    let now = LATER.plus_seconds(90);
    let fail = async |before, limit| {
        store.write(async |tx| tx.fail_unsent_deliveries(&webhook(1), before, now, limit).await).await.unwrap()
    };
    assert_eq!(fail(NOW.plus(Millis(3)), 9).await, 0, "one is being sent, the others are not old enough");
    assert_eq!((fail(now, 1).await, fail(now, 9).await, fail(now, 9).await), (1, 1, 0));
    let failed: Vec<_> = all(&store, 1).await.into_iter().filter(|kept| kept.state == DeliveryState::Failed).collect();
    assert_eq!(seqs(&failed), [3, 1]);
    assert!(failed.iter().all(|failed| failed.failure == NEVER_SENT && failed.done_at == Some(now)));
    assert_eq!(seqs(&lease(&store, &[(webhook(1), 9)], "two", now).await), [2], "the lane goes on");
    assert_eq!(all(&store, 2).await[0].state, DeliveryState::Waiting);
}

async fn what_is_over_is_forgotten_and_what_waits_too_long_fails(store: Store) {
    let app = with_app(&store).await;
    let many: Vec<_> = (1..=6).map(|seq| new(&app, 1, "a", seq)).collect();
    enqueue(&store, &many).await;
    let taken = lease(&store, &[(webhook(1), 1)], "one", LATER).await;
    finish(&store, &delivered(&taken, LATER), "one", LATER).await;
    let (before, now) = (NOW.plus(Millis(6)), LATER.plus_seconds(5));
    let fail = async |limit| store.write(async |tx| tx.fail_late_deliveries(before, now, limit).await).await.unwrap();
    // The second is the first that waits, and is tried on; the sixth is not old enough.
    assert_eq!((fail(2).await, fail(9).await, fail(9).await), (2, 1, 0));
    let kept = all(&store, 1).await;
    let failed: Vec<_> = kept.iter().filter(|kept| kept.state == DeliveryState::Failed).cloned().collect();
    assert_eq!(seqs(&failed), [5, 4, 3]);
    assert!(failed.iter().all(|failed| failed.failure == TOO_LATE && failed.done_at == Some(now)));
    let taken = lease(&store, &[(webhook(1), 1)], "one", LATER).await;
    assert_eq!(seqs(&taken), [2]);
    finish(&store, &delivered(&taken, now), "one", now).await;
    assert_eq!(seqs(&lease(&store, &[(webhook(1), 1)], "one", now).await), [6], "the lane goes on");

    let prune = async |before, limit| store.write(async |tx| tx.prune_deliveries(before, limit).await).await.unwrap();
    assert_eq!(prune(LATER, 9).await, 0);
    assert_eq!(prune(now, 9).await, 1);
    assert_eq!((prune(now.plus(KEPT), 3).await, prune(now.plus(KEPT), 3).await), (3, 1));
    assert_eq!(seqs(&all(&store, 1).await), [6]);
    let dropped = async |n| store.write(async |tx| tx.drop_deliveries(&webhook(n), 9).await).await.unwrap();
    assert_eq!((dropped(2).await, dropped(1).await), (0, 1));
    assert!(all(&store, 1).await.is_empty());
}

async fn those_that_wait_are_counted(store: Store) {
    assert_eq!(store.deliveries_waiting().await.unwrap().n, 0);
    let app = with_app(&store).await;
    enqueue(&store, &[new(&app, 1, "a", 1), new(&app, 1, "a", 2), new(&app, 2, "b", 3)]).await;
    assert_eq!(store.deliveries_waiting().await.unwrap().n, 3);
    let taken = lease(&store, &[(webhook(2), 1)], "me", NOW.plus_seconds(1)).await;
    assert_eq!(store.deliveries_waiting().await.unwrap().n, 3, "one that is on its way waits too");
    finish(&store, &delivered(&taken, NOW.plus_seconds(2)), "me", NOW.plus_seconds(2)).await;
    assert_eq!(store.deliveries_waiting().await.unwrap().n, 2);
}
