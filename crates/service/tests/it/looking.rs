//! Lists, the dashboard and the audit, as people see them.

use domain::{
    audit::Action,
    audit_query::AuditQuery,
    calls::Span,
    dashboard::{Dashboard, StepKind},
    draft::KeyDraft,
    key::RevokeReason,
    list::{KeyQuery, StatusFilter},
    permission::VERIFY,
    timestamp::Millis,
    verdict::Code,
};
use service::keys::AskedCall;

use crate::world::{World, called, draft, owner};

async fn dashboard(w: &World) -> Dashboard {
    let app = w.service.default_app();
    w.service.dashboard(owner(), app, Span::Day).await.unwrap()
}

fn done(figures: &Dashboard) -> Vec<StepKind> {
    let done = figures.checklist.iter().filter(|step| step.done);
    done.map(|step| step.step).collect()
}

async fn the_dashboard_begins_at_nothing(w: World) {
    let figures = dashboard(&w).await;
    let counts = [figures.active, figures.pending, figures.never_used];
    assert!(counts.iter().all(|count| count.n == 0 && !count.more));
    assert_eq!(called(&figures), (0, 0));
    assert_eq!(figures.recent[0].action, Action::InstanceCreated);
    assert_eq!(done(&figures), []);
    assert_eq!(figures.checklist.len(), StepKind::ALL.len());
}

async fn the_dashboard_counts_keys_and_calls(w: World) {
    let soon = KeyDraft { expiry: Some("7".to_owned()), ..draft("service", "Soon") };
    let (_, token) = w.active(&soon).await;
    let (off, _) = w.active(&draft("client", "Off")).await;
    w.service.disable(owner(), &off, None).await.unwrap();
    let (gone, refused) = w.active(&draft("client", "Gone")).await;
    let reason = RevokeReason::Other;
    w.service.revoke(owner(), &gone, reason, None).await.unwrap();
    w.pending(&draft("telephony", "Pending")).await;
    assert_eq!(done(&dashboard(&w).await), [StepKind::FirstKey]);
    for _ in 0..3 {
        assert_eq!(w.code(&token).await, Code::Valid);
    }
    assert_eq!(w.code(&refused).await, Code::Revoked);
    w.service.verifier().flush_usage().await.unwrap();
    let figures = dashboard(&w).await;
    let counts = [figures.active, figures.pending, figures.expiring_30, figures.never_used, figures.off];
    assert_eq!(counts.map(|count| count.n), [1, 1, 1, 0, 2]);
    let found: Vec<_> = figures.to_look_at.iter().map(|look| (look.filter, look.count.n)).collect();
    let expected = [
        (StatusFilter::Expiring7, 1),
        (StatusFilter::Refused, 1),
        (StatusFilter::RotationOverdue, 0),
        (StatusFilter::NeverUsed90, 0),
        (StatusFilter::Unrestricted, 0),
    ];
    assert_eq!(found, expected);
    assert_eq!(called(&figures), (3, 1));
    assert_eq!(done(&figures), [StepKind::FirstKey, StepKind::FirstCheck]);
    assert_eq!(figures.recent.len(), 10);

    let verifier = KeyDraft { boxes: vec![VERIFY.to_owned()], ..draft("service", "Gateway") };
    w.active(&verifier).await;
    w.clock.advance(Millis::hours(26));
    let figures = dashboard(&w).await;
    assert_eq!(called(&figures), (0, 0));
    assert_eq!(done(&figures), StepKind::ALL);
}

async fn a_list_is_filtered_and_searched(w: World) {
    for name in ["alpha", "beta", "gamma"] {
        w.active(&draft("service", name)).await;
    }
    let (id, _) = w.active(&draft("client", "Beta two")).await;
    let app = w.service.default_app();
    let names = |query: KeyQuery| {
        let service = &w.service;
        async move {
            let page = service.keys(owner(), app, &query).await.unwrap();
            page.rows.into_iter().map(|row| row.name).collect::<Vec<_>>()
        }
    };
    let search = |text: &str| KeyQuery { search: Some(text.to_owned()), ..KeyQuery::default() };
    assert_eq!(names(search("BETA")).await, ["beta", "Beta two"]);
    assert_eq!(names(search(id.as_str())).await, ["Beta two"]);
    let unused = KeyQuery { status: Some(StatusFilter::NeverUsed), ..KeyQuery::default() };
    assert_eq!(names(unused).await.len(), 4);
}

async fn what_is_left_of_a_quota_has_what_is_held_ready(w: World) {
    let quota = KeyDraft { quota: Some("10000".to_owned()), ..draft("service", "Counted") };
    let (id, token) = w.active(&quota).await;
    let left = async || w.service.key_page(owner(), &id, Span::default()).await.unwrap().key.quota_left;
    assert_eq!(left().await, Some(10_000));
    // From the seventeenth call on a block has more than one.
    let spend = async |token: &str| {
        for _ in 0..17 {
            assert_eq!(w.code(token).await, Code::Valid);
        }
    };
    spend(&token).await;
    assert!(w.service.key(owner(), &id).await.unwrap().quota_left < Some(9_983), "a block is held");
    assert_eq!(left().await, Some(9_983));

    let daily = KeyDraft { quota_refill: Some("daily".to_owned()), ..quota };
    let (id, token) = w.active(&daily).await;
    spend(&token).await;
    let left = async || {
        let (page, checks) = w.service.why(owner(), &id, &AskedCall::default()).await.unwrap();
        let words = checks.into_iter().find(|check| check.code == Code::UsageExceeded).unwrap().detail;
        (page.key.quota_left, words)
    };
    let used = left().await;
    assert_eq!(used.0, Some(9_983));
    w.clock.advance(Millis::days(1));
    let (calls, words) = left().await;
    assert_eq!(calls, Some(10_000), "what is held is of yesterday");
    assert!(words.contains("about 10,000 are left") && words != used.1, "{words}");
}

async fn the_record_is_paged(w: World) {
    for n in 0..20 {
        w.active(&draft("service", &format!("Key {n}"))).await;
    }
    let mut query = AuditQuery::default();
    let mut seen = Vec::new();
    loop {
        let page = w.service.audit(owner(), &query).await.unwrap();
        assert_eq!(page.total.n, 41);
        seen.extend(page.rows.iter().map(|event| event.seq));
        match page.next {
            Some(next) => query.after = Some(next),
            None => break,
        }
    }
    assert_eq!(seen, (1..=41).rev().collect::<Vec<_>>());
}

on_both!(
    the_dashboard_begins_at_nothing,
    the_dashboard_counts_keys_and_calls,
    a_list_is_filtered_and_searched,
    what_is_left_of_a_quota_has_what_is_held_ready,
    the_record_is_paged,
);
