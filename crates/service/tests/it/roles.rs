//! What each role may not do, key by key and act by act.

use domain::{
    audit::Action,
    audit_query::AuditQuery,
    calls::Span,
    draft::KeyDraft,
    grant::{KeyAct, KeyGrant},
    ids::{KeyId, PersonId},
    key::{KeyRow, RevokeReason},
    kind::KeyKind,
    list::{KeyQuery, StatusFilter},
    person::PersonQuery,
    refusal::Refusal,
    role::Role,
    verdict::Code,
};
use service::{Caller, keys::AskedCall, sessions::Person};
use store::PersonRow;

use crate::signed_keys::draft_of;
use crate::world::{START, World, called, draft, owner, refusal, row, signed_in};

/// Tries every act that changes a key as `caller`, on a pending, an active and a revoked key.
async fn changes(w: &World, caller: &Caller, kind: KeyKind) -> Vec<Refusal> {
    let draft = draft_of(w, kind, "Key").await;
    let (pending, _) = w.pending(&draft).await;
    let (active, _) = w.active(&draft).await;
    let service = &w.service;
    let app = service.default_app();
    let form = service.new_form_id().unwrap();
    let reason = RevokeReason::Other;
    let rename = KeyDraft { name: Some("Renamed".to_owned()), ..KeyDraft::default() };
    vec![
        refusal(w.no_change(service.issue(caller, app, &draft, &form)).await),
        refusal(w.no_change(service.issue_acknowledged(caller, app, &draft)).await),
        refusal(service.check_draft(caller, &draft).await),
        refusal(w.no_change(service.acknowledge(caller, &pending, false)).await),
        refusal(w.no_change(service.drop_pending(caller, &pending)).await),
        refusal(w.no_change(service.edit(caller, &active, &rename, 1)).await),
        refusal(w.no_change(service.disable(caller, &active, None)).await),
        refusal(w.no_change(service.enable(caller, &active, None)).await),
        refusal(w.no_change(service.revoke(caller, &active, reason, None)).await),
        refusal(w.no_change(service.restore(caller, &active)).await),
        refusal(w.no_change(service.delete(caller, &active, "Key")).await),
    ]
}

async fn who_may_not_change_keys_changes_none(w: World) {
    for role in [Role::Auditor, Role::Guest] {
        for kind in KeyKind::issuable() {
            let refusals = changes(&w, &signed_in(role), kind).await;
            assert_eq!(refusals.len(), 11);
            for refused in refusals {
                assert_eq!(refused, Refusal::Forbidden, "{role:?} {kind:?}");
            }
        }
    }
}

async fn an_auditor_sees_no_master_user_keys(w: World) {
    let (open, _) = w.active(&draft("service", "Open")).await;
    let (hidden, _) = w.active(&draft("master_user", "Hidden")).await;
    let auditor = signed_in(Role::Auditor);
    w.service.key(&auditor, &open).await.unwrap();
    let looked = w.service.key(&auditor, &hidden).await;
    assert_eq!(refusal(looked), Refusal::NotFound, "as one that does not exist");
    let app = w.service.default_app();
    let listed = |query| {
        let (service, auditor) = (&w.service, &auditor);
        async move {
            let page = service.keys(auditor, app, &query).await.unwrap();
            page.rows.into_iter().map(|row| row.id).collect::<Vec<KeyId>>()
        }
    };
    assert_eq!(listed(KeyQuery::default()).await, [open]);
    let watched = w.service.some_keys(&auditor, &[hidden, open]).await.unwrap();
    assert_eq!(watched.iter().map(|row| row.id).collect::<Vec<_>>(), [open]);
    let by_kind = KeyQuery { kind: Some(KeyKind::MasterUser), ..KeyQuery::default() };
    assert_eq!(listed(by_kind).await, []);
    let by_name = KeyQuery { search: Some("hid".to_owned()), ..KeyQuery::default() };
    assert_eq!(listed(by_name).await, []);
    let figures = w.service.dashboard(&auditor, app, Span::Day).await.unwrap();
    assert_eq!(figures.active.n, 1);
    let figures = w.service.dashboard(owner(), app, Span::Day).await.unwrap();
    assert_eq!(figures.active.n, 2);
}

async fn the_calls_of_a_key_are_for_who_may_see_it(w: World) {
    let (open, _) = w.active(&draft("service", "Open")).await;
    let (hidden, token) = w.active(&draft("master_user", "Hidden")).await;
    w.service.disable(owner(), &hidden, None).await.unwrap();
    assert_eq!(w.code(&token).await, Code::Disabled);
    w.service.verifier().flush_usage().await.unwrap();
    let service = &w.service;
    let seen = service.key_page(owner(), &hidden, Span::default()).await.unwrap().calls.unwrap();
    assert_eq!(seen.periods.last().unwrap().refused, [(Code::Disabled, 1)]);
    assert_eq!(seen.refusals.iter().map(|call| call.code).collect::<Vec<_>>(), [Code::Disabled]);
    let auditor = signed_in(Role::Auditor);
    assert_eq!(service.key_page(&auditor, &open, Span::default()).await.unwrap().calls.unwrap().refusals, []);
    assert_eq!(refusal(service.key_page(&auditor, &hidden, Span::default()).await), Refusal::NotFound);
    assert_eq!(refusal(service.key_page(&signed_in(Role::Guest), &open, Span::default()).await), Refusal::NotFound);
}

async fn what_an_auditor_may_not_see_is_nowhere(w: World) {
    let (_, token) = w.active(&draft("master_user", "Hidden")).await;
    let (id, _) = w.active(&draft("master_user", "Gone")).await;
    w.service.delete(owner(), &id, "Gone").await.unwrap();
    let (open, open_token) = w.active(&draft("service", "Open")).await;
    assert_eq!(w.code(&token).await, Code::Valid);
    assert_eq!(w.code(&open_token).await, Code::Valid);
    w.service.verifier().flush_usage().await.unwrap();
    let auditor = signed_in(Role::Auditor);
    let (service, app) = (&w.service, w.service.default_app());
    let labels = async |caller: &Caller| {
        let page = service.audit(caller, &AuditQuery::default()).await.unwrap();
        page.rows.into_iter().map(|row| row.subject.label).collect::<Vec<_>>()
    };
    let all = labels(owner()).await;
    assert!(all.contains(&"Hidden".to_owned()) && all.contains(&"Gone".to_owned()));
    let seen = labels(&auditor).await;
    assert!(seen.contains(&"Open".to_owned()));
    assert!(!seen.contains(&"Hidden".to_owned()) && !seen.contains(&"Gone".to_owned()), "{seen:?}");
    let of_gone = AuditQuery { key: Some(id), ..AuditQuery::default() };
    assert!(service.audit(&auditor, &of_gone).await.unwrap().rows.is_empty());
    let figures = service.dashboard(&auditor, app, Span::Day).await.unwrap();
    assert_eq!((figures.active.n, called(&figures).0), (1, 1));
    assert!(figures.recent.iter().all(|row| row.subject.label != "Hidden"));
    let figures = service.dashboard(owner(), app, Span::Day).await.unwrap();
    assert_eq!((figures.active.n, called(&figures).0), (2, 2));
    let accepted = KeyQuery { status: Some(StatusFilter::Accepted), ..KeyQuery::default() };
    let listed = service.keys(&auditor, app, &accepted).await.unwrap();
    assert_eq!(listed.rows.iter().map(|row| row.id).collect::<Vec<_>>(), [open]);
}

async fn only_an_owner_sees_the_settings(w: World) {
    assert!(w.service.engine(owner()).is_ok());
    for role in [Role::Admin, Role::Auditor, Role::Guest] {
        assert_eq!(refusal(w.service.engine(&signed_in(role))), Refusal::Forbidden, "{role:?}");
    }
}

/// A guest as the invite made them.
pub fn guest(grants: Vec<KeyGrant>) -> Caller {
    let row = PersonRow { id: PersonId::from_random([8; 12]), ..row(Role::Guest) };
    Caller::person(&Person::from(row).with_grants(grants), START, None)
}

async fn a_guest_without_keys_sees_none(w: World) {
    let (id, token) = w.active(&draft("service", "Key")).await;
    assert_eq!(w.code(&token).await, Code::Valid);
    w.service.verifier().flush_usage().await.unwrap();
    let guest = guest(Vec::new());
    let app = w.service.default_app();
    let (service, query) = (&w.service, KeyQuery::default());
    assert_eq!(refusal(service.key(&guest, &id).await), Refusal::NotFound);
    assert_eq!(refusal(service.watch(&guest, &id).await.map(drop)), Refusal::NotFound);
    assert_eq!(service.keys(&guest, app, &query).await.unwrap().rows, []);
    let figures = service.dashboard(&guest, app, Span::Day).await.unwrap();
    assert_eq!((figures.active.n, called(&figures).0, figures.recent.len()), (0, 0, 0));
    let events = service.audit(&guest, &AuditQuery::default()).await.unwrap();
    assert_eq!((events.rows.len(), events.total.n), (0, 0));
    assert!(service.audit_days(&guest, &AuditQuery::default()).await.unwrap().iter().all(|day| day.events == 0));
    assert_eq!(refusal(service.export_audit(&guest, &AuditQuery::default()).map(drop)), Refusal::Forbidden);
    assert_eq!(refusal(service.people(&guest, &PersonQuery::default()).await), Refusal::Forbidden);
}

async fn a_guest_does_with_each_key_what_was_granted(w: World) {
    let (service, app) = (&w.service, w.service.default_app());
    let mut ids = Vec::new();
    for name in ["Seen", "Tested", "Revoked", "Hidden"] {
        ids.push(w.active(&draft("master_user", name)).await.0);
    }
    let [seen, tested, revoked, hidden] = ids[..] else { panic!("four keys") };
    let guest = guest(vec![
        KeyGrant::new(seen, &[]),
        KeyGrant::new(tested, &[KeyAct::Test]),
        KeyGrant::new(revoked, &[KeyAct::Revoke]),
    ]);
    let names = |rows: Vec<KeyRow>| rows.into_iter().map(|row| row.name).collect::<Vec<_>>();
    let listed = service.keys(&guest, app, &KeyQuery::default()).await.unwrap();
    assert_eq!(names(listed.rows), ["Revoked", "Seen", "Tested"]);
    let searched = KeyQuery { search: Some("hid".to_owned()), ..KeyQuery::default() };
    assert_eq!(names(service.keys(&guest, app, &searched).await.unwrap().rows), [""; 0]);
    assert_eq!(service.dashboard(&guest, app, Span::Day).await.unwrap().active.n, 3);

    let call = AskedCall::default();
    assert_eq!(service.why(&guest, &tested, &call).await.unwrap().0.key.row.name, "Tested");
    assert_eq!(refusal(service.why(&guest, &seen, &call).await), Refusal::Forbidden);
    assert_eq!(refusal(service.why(&guest, &hidden, &call).await), Refusal::NotFound);
    let reason = RevokeReason::Leaked;
    for (id, refused) in [(seen, Refusal::Forbidden), (tested, Refusal::Forbidden), (hidden, Refusal::NotFound)] {
        assert_eq!(refusal(w.no_change(service.revoke(&guest, &id, reason, None)).await), refused);
    }
    w.one_change(Action::KeyRevoked, service.revoke(&guest, &revoked, reason, None)).await.unwrap();
    let rename = KeyDraft { name: Some("Mine".to_owned()), ..KeyDraft::default() };
    for id in [seen, tested, revoked, hidden] {
        assert_eq!(refusal(w.no_change(service.edit(&guest, &id, &rename, 1)).await), Refusal::Forbidden);
        assert_eq!(refusal(w.no_change(service.disable(&guest, &id, None)).await), Refusal::Forbidden);
        assert_eq!(refusal(w.no_change(service.delete(&guest, &id, "Seen")).await), Refusal::Forbidden);
        assert_eq!(refusal(w.no_change(service.restore(&guest, &id)).await), Refusal::Forbidden);
    }

    // The audit has what the guest did, and nothing else, not even about their own keys.
    let own = service.audit(&guest, &AuditQuery::default()).await.unwrap();
    let acts: Vec<_> = own.rows.iter().map(|row| (row.action.known(), row.subject.label.as_str())).collect();
    assert_eq!((acts.as_slice(), own.total.n), (&[(Some(Action::KeyRevoked), "Revoked")][..], 1));
    for query in [
        AuditQuery { key: Some(seen), ..AuditQuery::default() },
        AuditQuery { name: Some("Hidden".to_owned()), ..AuditQuery::default() },
        AuditQuery { person: Some("owner@example.com".to_owned()), ..AuditQuery::default() },
        AuditQuery { action: Some(Action::KeyIssued), ..AuditQuery::default() },
    ] {
        assert_eq!(service.audit(&guest, &query).await.unwrap().rows, [], "{query:?}");
    }
    let of_key = AuditQuery { key: Some(revoked), ..AuditQuery::default() };
    assert_eq!(service.audit(&guest, &of_key).await.unwrap().rows.len(), 1);
}

on_both!(
    who_may_not_change_keys_changes_none,
    an_auditor_sees_no_master_user_keys,
    the_calls_of_a_key_are_for_who_may_see_it,
    what_an_auditor_may_not_see_is_nowhere,
    only_an_owner_sees_the_settings,
    a_guest_without_keys_sees_none,
    a_guest_does_with_each_key_what_was_granted,
);
