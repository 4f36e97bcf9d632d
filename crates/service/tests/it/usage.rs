//! Last used and calls per hour, without a write per call.

use std::time::{Duration, Instant};

use domain::{
    calls::Span,
    draft::KeyDraft,
    list::KeyQuery,
    permission::{AdminPermission, VERIFY},
    timestamp::Millis,
    token::PlainToken,
    verdict::Code,
};
use service::verify::{Credential, VerifyRequest};

use crate::world::{World, called, draft, in_background, owner};

async fn ten_thousand_verifies_in_a_second_cost_two_writes(w: World) {
    let (id, token) = w.active(&draft("service", "Busy")).await;
    let _running = in_background(&w.service);
    // The first background jobs.
    let writes = quiet(&w).await;
    let begun = Instant::now();
    let request = VerifyRequest { address: Some("::ffff:192.0.2.7".parse().unwrap()), ..VerifyRequest::default() };
    let verifier = w.service.verifier();
    for _ in 0..10_000 {
        let verdict = verifier.verify(Credential::Token(&token), request).await;
        assert_eq!(verdict.unwrap().code, Code::Valid);
    }
    let written = w.store.write_count() - writes;
    let seconds = begun.elapsed().as_secs();
    assert!(written <= 2 + seconds, "{written} writes in {seconds} s and a bit");
    // Nothing to write, nothing written.
    quiet(&w).await;
    let key = w.service.key(owner(), &id).await.unwrap();
    assert_eq!(key.row.last_used_at, Some(w.service.now()));
    assert_eq!(key.last_used_address.unwrap().to_string(), "192.0.2.7");
    let app = w.service.default_app();
    let figures = w.service.dashboard(owner(), app, Span::Day).await.unwrap();
    assert_eq!(called(&figures), (10_000, 0));
}

/// Waits until nothing is written for two seconds, and returns how many writes there were by then. A flush comes each second.
pub async fn quiet(w: &World) -> u64 {
    let (begun, mut writes, mut quiet) = (Instant::now(), w.store.write_count(), 0);
    while quiet < 4 {
        assert!(begun.elapsed() < Duration::from_mins(1), "it writes on");
        tokio::time::sleep(Duration::from_millis(500)).await;
        quiet = if w.store.write_count() == writes { quiet + 1 } else { 0 };
        writes = w.store.write_count();
    }
    writes
}

async fn only_the_right_secret_is_a_use(w: World) {
    let (id, token) = w.active(&draft("service", "Key")).await;
    let forged = PlainToken::compose("ks", &id, &"0".repeat(43)).expose().to_owned();
    assert_eq!(w.code(&forged).await, Code::NotFound);
    w.service.verifier().flush_usage().await.unwrap();
    let key = w.service.key(owner(), &id).await.unwrap();
    assert_eq!(key.row.last_used_at, None);
    w.service.disable(owner(), &id, None).await.unwrap();
    assert_eq!(w.code(&token).await, Code::Disabled);
    w.service.verifier().flush_usage().await.unwrap();
    let key = w.service.key(owner(), &id).await.unwrap();
    assert_eq!(key.row.last_used_at, Some(w.service.now()));
    let app = w.service.default_app();
    let figures = w.service.dashboard(owner(), app, Span::Day).await.unwrap();
    assert_eq!(called(&figures), (0, 2));
}

async fn a_call_of_the_api_is_counted_once_and_uses_both_keys(w: World) {
    let gateway = KeyDraft { boxes: vec![VERIFY.to_owned()], ..draft("service", "Gateway") };
    let (gateway, gateway_token) = w.active(&gateway).await;
    let (key, token) = w.active(&draft("service", "Key")).await;
    let verifier = w.service.verifier();
    let asking = verifier.authenticate(&gateway_token, AdminPermission::Verify, None, None).await;
    let asking = asking.unwrap().key.unwrap();
    let scope = Some(&asking.record.app_id);
    let request = VerifyRequest { scope, ..VerifyRequest::default() };
    for text in [token.as_str(), "ks_nothing"] {
        verifier.verify(Credential::Token(text), request).await.unwrap();
    }
    verifier.flush_usage().await.unwrap();
    for id in [gateway, key] {
        let key = w.service.key(owner(), &id).await.unwrap();
        assert_eq!(key.row.last_used_at, Some(w.service.now()));
    }
    let app = w.service.default_app();
    let figures = w.service.dashboard(owner(), app, Span::Day).await.unwrap();
    assert_eq!(called(&figures), (1, 1));
}

async fn whoever_knows_an_id_hides_no_refusal_with_wrong_secrets(w: World) {
    let (id, token) = w.active(&draft("service", "Key")).await;
    w.service.disable(owner(), &id, None).await.unwrap();
    let wrong = PlainToken::compose("ks", &id, &"s".repeat(43));
    for _ in 0..3 {
        for (calls, text, expected) in [(2, token.as_str(), Code::Disabled), (30, wrong.expose(), Code::NotFound)] {
            for _ in 0..calls {
                assert_eq!(w.code(text).await, expected);
            }
        }
        w.service.verifier().flush_usage().await.unwrap();
        w.clock.advance(Millis::seconds(1));
    }
    let refusals = w.store.key_refusals(&id).await.unwrap();
    let of = |code| refusals.iter().filter(|call| call.code == code).count();
    assert_eq!((of(Code::Disabled), of(Code::NotFound)), (6, 5));
}

async fn whatever_a_stranger_sends_is_on_record(w: World) {
    let (id, token) = w.active(&draft("service", "Key")).await;
    w.service.disable(owner(), &id, None).await.unwrap();
    let path = format!("/bot{token}/a\0\u{7f}");
    let request = VerifyRequest {
        origin: Some("\0\u{202e}x"),
        method: Some("\0"),
        path: Some(&path),
        ..VerifyRequest::default()
    };
    let verdict = w.service.verifier().verify(Credential::Token(&token), request).await.unwrap();
    assert_eq!(verdict.code, Code::Disabled);
    w.service.verifier().flush_usage().await.unwrap();
    let refusals = w.store.key_refusals(&id).await.unwrap();
    let path = format!("/botks_{}_a\u{fffd}\u{fffd}", id.as_str());
    let told = refusals.first().map(|call| (call.origin.as_deref(), call.method.as_deref(), call.path.as_deref()));
    assert_eq!(told, Some((Some("\u{fffd}\u{fffd}x"), Some("\u{fffd}"), Some(path.as_str()))));
}

async fn counts_survive_a_flush_that_fails(w: World) {
    let (_, token) = w.active(&draft("service", "Key")).await;
    w.database.execute("ALTER TABLE key_usage_hour RENAME TO key_usage_hour_away").await;
    let verifier = w.service.verifier();
    for _ in 0..2 {
        assert_eq!(w.code(&token).await, Code::Valid);
        verifier.flush_usage().await.unwrap_err();
    }
    w.database.execute("ALTER TABLE key_usage_hour_away RENAME TO key_usage_hour").await;
    verifier.flush_usage().await.unwrap();
    let figures = w.service.dashboard(owner(), w.service.default_app(), Span::Day).await.unwrap();
    assert_eq!(called(&figures), (2, 0));
}

async fn the_list_follows_a_busy_key_and_what_a_killed_process_left(w: World) {
    let (id, token) = w.active(&draft("service", "Busy")).await;
    let app = w.service.default_app();
    let listed = async || {
        let page = w.service.keys(owner(), app, &KeyQuery::default()).await.unwrap();
        page.rows[0].last_used_at.unwrap()
    };
    let verifier = w.service.verifier();
    let mut behind = 0;
    for _ in 0..60 {
        w.clock.advance(Millis::seconds(1));
        assert_eq!(w.code(&token).await, Code::Valid);
        verifier.flush_usage().await.unwrap();
        let key = w.service.key(owner(), &id).await.unwrap();
        assert_eq!(key.row.last_used_at, Some(w.service.now()), "on record each second");
        let late = w.service.now().since(listed().await);
        assert!(late < Millis::seconds(30), "the list is {late:?} behind");
        behind += i32::from(late > Millis(0));
    }
    assert!(behind >= 50, "lists follow a busy key only so often");
    // One more use, which the list does not show when the process ends.
    while listed().await == w.service.now() {
        w.clock.advance(Millis::seconds(1));
        assert_eq!(w.code(&token).await, Code::Valid);
        verifier.flush_usage().await.unwrap();
    }
    let used = w.service.now();
    w.clock.advance(Millis::days(9));
    let other = service::Service::start(w.setup().await).await.unwrap();
    for _ in 0..40 {
        other.verifier().flush_usage().await.unwrap();
    }
    assert_eq!(listed().await, used);
}

async fn shutting_down_writes_the_last_counts(w: World) {
    let (id, token) = w.active(&draft("service", "Key")).await;
    let shutdown = tokio_util::sync::CancellationToken::new();
    let running = {
        let (service, shutdown) = (w.service.clone(), shutdown.clone());
        tokio::spawn(async move { service.run(shutdown).await })
    };
    tokio::time::sleep(Duration::from_millis(100)).await;
    w.clock.advance(Millis::hours(1));
    assert_eq!(w.code(&token).await, Code::Valid);
    shutdown.cancel();
    running.await.unwrap();
    let key = w.service.key(owner(), &id).await.unwrap();
    assert_eq!(key.row.last_used_at, Some(w.service.now()));
}

/// A row that the database refuses keeps no other from being written.
async fn a_count_that_cannot_be_written_is_dropped_alone(w: World) {
    let odd: &[&str] = if w.store.engine() == "SQLite" {
        &[
            "CREATE TRIGGER odd BEFORE INSERT ON key_refusal WHEN NEW.path = '/odd' BEGIN SELECT RAISE(ABORT, 'odd'); END",
        ]
    } else {
        &[
            "CREATE FUNCTION odd() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'odd'; END $$",
            "CREATE TRIGGER odd BEFORE INSERT ON key_refusal FOR EACH ROW WHEN (NEW.path = '/odd') EXECUTE FUNCTION odd()",
        ]
    };
    for statement in odd {
        w.database.execute(statement).await;
    }
    let (id, token) = w.active(&draft("service", "Key")).await;
    w.service.disable(owner(), &id, None).await.unwrap();
    let verifier = w.service.verifier();
    for path in ["/one", "/odd", "/two"] {
        let request = VerifyRequest { path: Some(path), ..VerifyRequest::default() };
        assert_eq!(verifier.verify(Credential::Token(&token), request).await.unwrap().code, Code::Disabled);
    }
    verifier.flush_usage().await.unwrap();
    let refusals = w.store.key_refusals(&id).await.unwrap();
    let mut paths: Vec<_> = refusals.iter().filter_map(|refusal| refusal.path.as_deref()).collect();
    paths.sort_unstable();
    assert_eq!(paths, ["/one", "/two"]);
    let figures = w.service.dashboard(owner(), w.service.default_app(), Span::Day).await.unwrap();
    assert_eq!(called(&figures).1, 3, "it is counted all the same");
}

/// If the database fails after a part is written, the rest is lost. To keep it would count that part twice.
async fn a_part_that_is_written_is_never_counted_again(w: World) {
    let (breaks, mends): (&[&str], &[&str]) = if w.store.engine() == "SQLite" {
        (
            &[
                "CREATE TRIGGER odd BEFORE INSERT ON key_refusal WHEN NEW.path = '/odd' \
                 BEGIN SELECT RAISE(ABORT, 'odd'); END",
                // An error of the statement, not of the row.
                "CREATE TRIGGER away BEFORE INSERT ON key_refusal \
                 WHEN NEW.path = '/away' AND EXISTS (SELECT 1 FROM key_refusal WHERE path = '/two') \
                 BEGIN SELECT abs(-9223372036854775807 - 1); END",
            ],
            &["DROP TRIGGER odd", "DROP TRIGGER away"],
        )
    } else {
        (
            &[
                "CREATE FUNCTION odd() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                 IF NEW.path = '/odd' THEN RAISE EXCEPTION 'odd'; END IF; \
                 IF NEW.path = '/away' AND EXISTS (SELECT FROM key_refusal WHERE path = '/two') THEN \
                 RAISE EXCEPTION 'away' USING ERRCODE = '53100'; END IF; \
                 RETURN NEW; END $$",
                "CREATE TRIGGER odd BEFORE INSERT ON key_refusal FOR EACH ROW EXECUTE FUNCTION odd()",
            ],
            &["DROP TRIGGER odd ON key_refusal"],
        )
    };
    for statement in breaks {
        w.database.execute(statement).await;
    }
    let (id, token) = w.active(&draft("service", "Key")).await;
    w.service.disable(owner(), &id, None).await.unwrap();
    let verifier = w.service.verifier();
    for path in ["/away", "/odd", "/two"] {
        let request = VerifyRequest { path: Some(path), ..VerifyRequest::default() };
        assert_eq!(verifier.verify(Credential::Token(&token), request).await.unwrap().code, Code::Disabled);
    }
    verifier.flush_usage().await.unwrap();
    for statement in mends {
        w.database.execute(statement).await;
    }
    verifier.flush_usage().await.unwrap();
    let refusals = w.store.key_refusals(&id).await.unwrap();
    let paths: Vec<_> = refusals.iter().filter_map(|refusal| refusal.path.as_deref()).collect();
    assert_eq!(paths, ["/two"]);
    let figures = w.service.dashboard(owner(), w.service.default_app(), Span::Day).await.unwrap();
    assert_eq!(called(&figures).1, 0, "the counts come after the refusals of this batch");
}

on_both!(
    a_count_that_cannot_be_written_is_dropped_alone,
    a_part_that_is_written_is_never_counted_again,
    ten_thousand_verifies_in_a_second_cost_two_writes,
    only_the_right_secret_is_a_use,
    whoever_knows_an_id_hides_no_refusal_with_wrong_secrets,
    a_call_of_the_api_is_counted_once_and_uses_both_keys,
    whatever_a_stranger_sends_is_on_record,
    counts_survive_a_flush_that_fails,
    the_list_follows_a_busy_key_and_what_a_killed_process_left,
    shutting_down_writes_the_last_counts,
);
