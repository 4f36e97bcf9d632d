//! Which keys a second person must approve, by the rules of the settings and the rights of now.

use domain::{
    audit::Action,
    bulk::{BulkChange, Selection},
    draft::KeyDraft,
    field::Field,
    ids::KeyId,
    refusal::Refusal,
    request::{Decision, RequestQuery, RequestState},
    role::Role,
};
use service::Caller;

use crate::{
    requests::{Office, approved, ask, ask_for, caller, decide, office, rules, set, state},
    world::{World, draft, list, owner, refusal, shell, signed_in},
};

/// Whoever may no longer issue the key gets it from nobody.
async fn the_rights_and_rules_are_those_of_now(w: World) {
    let Office { w, ada, bob, ada_id, .. } = office(w).await;
    let (waits, ready) = (ask(&w, &ada).await.key, approved(&w, &ada, &bob).await.key);
    let life = |longest: &str| domain::life::LifeRules::read("30", longest).unwrap();
    w.service.set_life_rules(owner(), life("30")).await.unwrap();
    let stale = async || {
        let approval = w.no_event(decide(&w.service, &bob, &waits, Decision::Approve)).await;
        assert_eq!(refusal(approval), Refusal::RequestStale);
        assert_eq!(refusal(w.no_event(w.service.collect_request(&ada, &ready)).await), Refusal::RequestStale);
    };
    stale().await;
    assert_eq!(state(&w, &ready).await, RequestState::Approved, "the approval is not used up");
    w.service.set_life_rules(owner(), life("never")).await.unwrap();
    w.service.change_role(&bob, &ada_id, "auditor").await.unwrap();
    assert_eq!(refusal(decide(&w.service, &bob, &waits, Decision::Approve).await), Refusal::RequestStale);
    let auditor = caller(&w, "ada@example.com").await;
    assert_eq!(refusal(w.service.collect_request(&auditor, &ready).await), Refusal::Forbidden);
    w.service.disable_person(&bob, &ada_id).await.unwrap();
    assert_eq!(refusal(decide(&w.service, &bob, &waits, Decision::Approve).await), Refusal::RequestStale);
    w.service.remove_person(&bob, &ada_id).await.unwrap();
    assert_eq!(refusal(decide(&w.service, &bob, &waits, Decision::Approve).await), Refusal::RequestStale);
    decide(&w.service, &bob, &waits, Decision::Decline).await.unwrap();
}

async fn what_needs_no_approval_is_not_asked_for(w: World) {
    let Office { w, ada, .. } = office(w).await;
    let client = draft("client", "Widget");
    let before = w.marks().await.0;
    assert_eq!(ask_for(&w, &ada, &client).await.unwrap(), None);
    assert_eq!(w.marks().await.0, before);
    let (app, form) = (w.service.default_app(), w.service.new_form_id().unwrap());
    w.service.issue(&ada, app, &client, &form).await.unwrap();
    // The form has made its key.
    let again = w.service.request_key(&ada, app, &draft("service", "Key"), &form, "Why").await;
    assert!(matches!(refusal(again), Refusal::AlreadyIssued { .. }));
    // Nobody asks whoever has the shell.
    let service = draft("service", "Key");
    w.service.issue_acknowledged(shell(), app, &service).await.unwrap();
    assert_eq!(refusal(w.service.issue_acknowledged(&ada, app, &service).await), Refusal::ApprovalNeeded);
    for (text, field) in [("", Field::Reason), ("a\u{202e}b", Field::Reason)] {
        let form = w.service.new_form_id().unwrap();
        let Refusal::Invalid(errors) = refusal(w.service.request_key(&ada, app, &service, &form, text).await) else {
            panic!("{text}")
        };
        assert_eq!(errors.of(field).count(), 1, "{text}");
    }
    let nameless = KeyDraft { name: None, ..service };
    assert!(matches!(refusal(ask_for(&w, &ada, &nameless).await), Refusal::Invalid(_)));
}

async fn an_edit_brings_no_key_under_the_rules(w: World) {
    let w = office(w).await.w;
    set(&w, &rules(&[], &["invoices.*"], true)).await;
    let plain = KeyDraft { permissions: list(&["a.b"]), expiry: Some("30".to_owned()), ..draft("service", "Key") };
    let (id, _) = w.active(&plain).await;
    let revision = async || w.service.key(owner(), &id).await.unwrap().revision;
    let edit = async |draft: KeyDraft| w.no_event(w.service.edit(owner(), &id, &draft, revision().await)).await;
    let permissions = |text: &str| KeyDraft { permissions: list(&["a.b", text]), ..KeyDraft::default() };
    let never = KeyDraft { expiry: Some("never".to_owned()), ..KeyDraft::default() };
    for (draft, field) in [
        (permissions("invoices.read"), Field::Permissions),
        (permissions("*"), Field::Permissions),
        (never, Field::Expiry),
    ] {
        let Refusal::Invalid(errors) = refusal(edit(draft).await) else { panic!("{field:?}") };
        assert_eq!(errors.of(field).count(), 1);
        assert!(errors.0[0].message.contains("second person"), "{}", errors.0[0].message);
    }
    w.one_event(Action::KeyEdited, w.service.edit(owner(), &id, &permissions("c.d"), revision().await)).await.unwrap();
    let form = w.service.new_form_id().unwrap();
    let (app, keys) = (w.service.default_app(), Selection::Keys(vec![id]));
    let forever = BulkChange::set_expiry("never", "", w.service.now()).unwrap();
    let Refusal::Invalid(errors) = refusal(w.service.bulk(owner(), app, &keys, &forever, &form).await) else {
        panic!("the act was done")
    };
    assert!(errors.0[0].message.ends_with("This is about “Key”."), "{}", errors.0[0].message);
    // Whoever has the shell is not asked.
    w.service.bulk(shell(), app, &keys, &forever, &form).await.unwrap().unwrap();
}

async fn a_key_sees_requests_and_declines_them_but_approves_none(w: World) {
    let Office { w, ada, .. } = office(w).await;
    let app = w.service.default_app();
    let key = async |name: &str| {
        let boxes = KeyDraft { boxes: vec![name.to_owned()], ..draft("service", "Manager") };
        let made = w.service.issue_acknowledged(shell(), app, &boxes).await.unwrap().key;
        Caller::key(made.record(false), None)
    };
    let (reads, writes) = (key("keystead.keys.read").await, key("keystead.keys.write").await);
    let request = ask(&w, &ada).await;
    for by in [&reads, &writes] {
        let seen = async |query: &RequestQuery| w.service.requests(by, query).await.unwrap().rows;
        assert_eq!(seen(&RequestQuery::default()).await, std::slice::from_ref(&request));
        assert_eq!(seen(&RequestQuery { mine: true, ..RequestQuery::default() }).await, []);
        assert_eq!(w.service.request(by, &request.key).await.unwrap(), request);
        let approval = w.no_event(decide(&w.service, by, &request.key, Decision::Approve)).await;
        assert_eq!(refusal(approval), Refusal::Forbidden);
    }
    let refused = async |by: &Caller, request: &KeyId| {
        refusal(w.no_event(decide(&w.service, by, request, Decision::Decline)).await)
    };
    assert_eq!(refused(&reads, &request.key).await, Refusal::Forbidden);
    // Of a key that it could not make itself, it decides nothing.
    for (name, why) in [("keystead.people.read", Refusal::Forbidden), ("keystead.keys.read", Refusal::BeyondOwnRights)]
    {
        let more = KeyDraft { boxes: vec![name.to_owned()], ..draft("service", "Manager") };
        let more = ask_for(&w, &ada, &more).await.unwrap().unwrap();
        assert_eq!(refused(&writes, &more.key).await, why, "{name}");
    }
    let declined = w.service.decide_request(&writes, &request.key, Decision::Decline, "Not now.");
    let declined = w.one_event(Action::RequestDeclined, declined).await.unwrap();
    assert_eq!((declined.state, declined.decided.unwrap().by.1), (RequestState::Declined, "key Manager".to_owned()));

    let other = w.service.create_app(owner(), "Other").await.unwrap();
    let elsewhere = KeyDraft { boxes: vec!["keystead.keys.write".to_owned()], ..draft("service", "Elsewhere") };
    let elsewhere = w.service.issue_acknowledged(shell(), &other.id, &elsewhere).await.unwrap().key;
    let elsewhere = Caller::key(elsewhere.record(false), None);
    let gone = ask(&w, &ada).await.key;
    assert_eq!(refusal(w.service.request(&elsewhere, &gone).await), Refusal::RequestGone);
    assert_eq!(refused(&elsewhere, &gone).await, Refusal::RequestGone);
}

async fn the_rules_are_the_owners(w: World) {
    w.make_owner().await;
    let wanted = rules(&["service"], &["keystead.*"], true);
    for role in [Role::Admin, Role::Auditor, Role::Guest] {
        let by = signed_in(role);
        assert_eq!(refusal(w.service.approval_rules(&by).await), Refusal::Forbidden);
        assert_eq!(refusal(w.no_event(w.service.set_approval_rules(&by, &wanted)).await), Refusal::Forbidden);
    }
    assert!(w.service.approval_rules(owner()).await.unwrap().is_off());
    w.one_event(Action::SettingsChanged, w.service.set_approval_rules(owner(), &wanted)).await.unwrap();
    assert_eq!(w.newest().await.changes.len(), 3);
    w.no_event(w.service.set_approval_rules(owner(), &wanted)).await.unwrap();
    assert_eq!(w.service.approval_rules(owner()).await.unwrap(), wanted);
}

on_both!(
    the_rights_and_rules_are_those_of_now,
    what_needs_no_approval_is_not_asked_for,
    an_edit_brings_no_key_under_the_rules,
    a_key_sees_requests_and_declines_them_but_approves_none,
    the_rules_are_the_owners,
);
