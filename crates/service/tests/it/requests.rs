//! Keys that a second person must approve: nobody approves their own, of many decisions one counts, and nothing secret
//! exists before whoever asked collects the key.

use domain::{
    approval::ApprovalRules,
    audit::Action,
    draft::KeyDraft,
    field::Field,
    hand_over::HandOverDraft,
    ids::{KeyId, PersonId},
    key::ACKNOWLEDGE_WITHIN,
    refusal::Refusal,
    request::{
        COLLECT_WITHIN, DECIDE_WITHIN, Decision, ENDED_KEPT, KeyRequest, REQUESTS_MAX, RequestFilter, RequestQuery,
        RequestState,
    },
    role::Role,
    timestamp::Millis,
    verdict::Code,
};
use service::{
    Caller, Error, Service,
    keys::{HandOverForm, HandedOver},
};

use crate::{
    people::with_role,
    world::{EMAIL, PASSWORD, World, draft, list, owner, refusal, secret, shell, signed_in, token},
};

/// An installation in which two owners and an admin are signed in, and a second person approves service keys.
pub struct Office {
    pub w: World,
    pub ada: Caller,
    pub bob: Caller,
    pub admin: Caller,
    pub ada_id: PersonId,
}

pub async fn caller(w: &World, email: &str) -> Caller {
    let cookie = secret(&w.sign_in(email, PASSWORD).await.unwrap().cookie);
    w.service.session(&cookie).await.unwrap().unwrap().caller(None)
}

pub fn rules(kinds: &[&str], permissions: &[&str], without_expiry: bool) -> ApprovalRules {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    ApprovalRules::read(&owned(kinds), &owned(permissions), without_expiry).unwrap()
}

pub async fn set(w: &World, rules: &ApprovalRules) {
    w.service.set_approval_rules(owner(), rules).await.unwrap();
}

pub async fn office(w: World) -> Office {
    w.make_owner().await;
    let ada_id = with_role(&w, Role::Owner, "ada@example.com", Vec::new()).await;
    with_role(&w, Role::Admin, "admin@example.com", Vec::new()).await;
    let (ada, bob) = (caller(&w, "ada@example.com").await, caller(&w, EMAIL).await);
    let admin = caller(&w, "admin@example.com").await;
    set(&w, &rules(&["service"], &[], false)).await;
    Office { w, ada, bob, admin, ada_id }
}

pub async fn ask_for(w: &World, by: &Caller, draft: &KeyDraft) -> Result<Option<KeyRequest>, Error> {
    let form_id = w.service.new_form_id().unwrap();
    let asked = w.service.request_key(by, w.service.default_app(), draft, &form_id, "For the auditors").await?;
    Ok(asked.map(|asked| asked.request))
}

pub async fn ask(w: &World, by: &Caller) -> KeyRequest {
    ask_for(w, by, &draft("service", "Nightly export")).await.unwrap().unwrap()
}

pub async fn decide(service: &Service, by: &Caller, key: &KeyId, decision: Decision) -> Result<KeyRequest, Error> {
    service.decide_request(by, key, decision, "").await
}

pub async fn approved(w: &World, asker: &Caller, by: &Caller) -> KeyRequest {
    let key = ask(w, asker).await.key;
    decide(&w.service, by, &key, Decision::Approve).await.unwrap()
}

pub async fn state(w: &World, key: &KeyId) -> RequestState {
    w.store.key_request(key).await.unwrap().unwrap().state
}

async fn the_key_is_made_when_whoever_asked_collects_it(w: World) {
    let Office { w, ada, bob, .. } = office(w).await;
    let form_id = w.service.new_form_id().unwrap();
    let app = w.service.default_app();
    let nightly = KeyDraft { permissions: list(&["invoices.read"]), ..draft("service", "Nightly export") };
    assert_eq!(refusal(w.no_change(w.service.issue(&ada, app, &nightly, &form_id)).await), Refusal::ApprovalNeeded);
    let words = w.service.approval_causes(&ada, &nightly).await.unwrap();
    assert_eq!(domain::approval::in_words(&words), "its kind is Service");
    let make = async || w.service.request_key(&ada, app, &nightly, &form_id, "For the\nauditors").await;
    let asked = w.one_event(Action::KeyRequested, make()).await.unwrap().unwrap();
    assert!(asked.is_news);
    let event = w.newest().await;
    assert_eq!((event.note.as_deref(), event.actor_label.as_str()), (Some("For the\nauditors"), "ada@example.com"));
    assert!(event.changes.iter().any(|change| change.to.as_deref() == Some("invoices.read")));
    let again = w.no_event(make()).await.unwrap().unwrap();
    assert_eq!((&again.request, again.is_news), (&asked.request, false), "one form makes one request");
    let another = w.no_change(w.service.request_key(&ada, app, &nightly, &form_id, "For the bank")).await;
    let Refusal::Invalid(errors) = refusal(another) else { panic!("another reason is lost") };
    assert!(errors.of(Field::Reason).next().is_some());
    let key = asked.request.key;
    assert_eq!(refusal(w.service.key(&ada, &key).await), Refusal::NotFound, "no key exists yet");
    assert_eq!(refusal(w.no_event(w.service.collect_request(&ada, &key)).await), Refusal::RequestEnded);

    let waiting = async |by: &Caller| w.service.requests_waiting(by).await.unwrap().n;
    assert_eq!((waiting(&ada).await, waiting(&bob).await), (0, 1));
    let word = w.service.decide_request(&bob, &key, Decision::Approve, "Keep it short.");
    w.one_event(Action::RequestApproved, word).await.unwrap();
    let event = w.newest().await;
    assert_eq!((event.actor_label.as_str(), event.subject.id.as_str()), (EMAIL, key.as_str()));
    assert_eq!(event.note.as_deref(), Some("Asked for by ada@example.com: Keep it short."));
    assert_eq!((waiting(&bob).await, state(&w, &key).await), (0, RequestState::Approved));

    // Whoever approved it does not get the key.
    assert_eq!(refusal(w.no_event(w.service.collect_request(&bob, &key)).await), Refusal::RequestGone);
    let issued = w.one_change(Action::KeyIssued, w.service.collect_request(&ada, &key)).await.unwrap();
    let note = format!("Request {key}: asked for by ada@example.com, approved by {EMAIL}");
    let event = w.newest().await;
    assert_eq!((event.note.as_deref(), event.actor_label.as_str()), (Some(note.as_str()), "ada@example.com"));
    assert_eq!((issued.key.row.id, issued.key.rules.permissions.len()), (key, 1));
    assert_eq!(issued.ack_deadline, Some(w.service.now().plus(ACKNOWLEDGE_WITHIN)));
    let whole = token(&issued);
    assert_eq!(w.code(&whole).await, Code::Pending);
    w.service.acknowledge(&ada, &key, false).await.unwrap();
    assert_eq!(w.code(&whole).await, Code::Valid);
    assert_eq!(refusal(w.no_event(w.service.collect_request(&ada, &key)).await), Refusal::RequestEnded, "once");
    let all = w.database.dump().await.join("\n");
    assert!(!all.contains(&whole.rsplit('_').next().unwrap()[..43]));
}

async fn nobody_decides_on_their_own_or_on_what_they_could_not_issue(w: World) {
    let Office { w, ada, bob, admin, .. } = office(w).await;
    let key = ask(&w, &ada).await.key;
    for decision in Decision::ALL {
        let own = w.no_event(decide(&w.service, &ada, &key, *decision)).await;
        assert_eq!(refusal(own), Refusal::OwnRequest);
        for role in [Role::Auditor, Role::Guest] {
            let by = signed_in(role);
            assert_eq!(refusal(decide(&w.service, &by, &key, *decision).await), Refusal::Forbidden);
            assert_eq!(refusal(w.service.requests(&by, &RequestQuery::default()).await), Refusal::Forbidden);
            assert_eq!(refusal(w.service.requests_waiting(&by).await), Refusal::Forbidden);
            assert_eq!(refusal(w.service.request(&by, &key).await), Refusal::Forbidden);
        }
    }
    // The shell is asked for nothing, and answers for nobody either. But it may decline.
    let approval = w.no_event(decide(&w.service, shell(), &key, Decision::Approve)).await;
    assert_eq!(refusal(approval), Refusal::Forbidden);
    let unwanted = ask(&w, &ada).await.key;
    let declined =
        w.one_event(Action::RequestDeclined, decide(&w.service, shell(), &unwanted, Decision::Decline)).await;
    assert_eq!(declined.unwrap().decided.unwrap().by, (String::new(), shell().actor().label()));
    assert_eq!(state(&w, &unwanted).await, RequestState::Declined);
    // Only owners issue account keys. No kind of them can be issued yet, so the row is written as it would be.
    let account = KeyRequest {
        key: KeyId::from_random([9; 16]),
        kind: domain::kind::KeyKind::Account,
        form_id: "form-of-an-account".to_owned(),
        ..ask(&w, &bob).await
    };
    w.store.write(async |tx| tx.insert_key_request(&account).await).await.unwrap();
    for decision in Decision::ALL {
        let answer = w.no_event(decide(&w.service, &admin, &account.key, *decision)).await;
        assert_eq!(refusal(answer), Refusal::OwnersKey);
    }
    assert!(!w.service.may_decide(&admin, &account) && w.service.may_decide(&ada, &account));
    // It does not count for the admin either, who may decide on the two others.
    assert_eq!(w.service.requests_waiting(&admin).await.unwrap().n, 2);
    assert_eq!(w.service.requests_waiting(&ada).await.unwrap().n, 2);
    decide(&w.service, &admin, &key, Decision::Decline).await.unwrap();
    // Nor does an admin let a key manage owners.
    let manages = KeyDraft { boxes: vec!["keystead.people.write".to_owned()], ..draft("service", "Manager") };
    let manages = ask_for(&w, &ada, &manages).await.unwrap().unwrap();
    for decision in Decision::ALL {
        let answer = w.no_event(decide(&w.service, &admin, &manages.key, *decision)).await;
        assert_eq!(refusal(answer), Refusal::Forbidden);
    }
    let waiting = async |by: &Caller| w.service.requests_waiting(by).await.unwrap().n;
    assert_eq!((waiting(&admin).await, waiting(&bob).await, waiting(&ada).await), (1, 1, 2), "what one may decide");
    decide(&w.service, &bob, &manages.key, Decision::Approve).await.unwrap();
}

async fn of_many_approvals_one_counts(w: World) {
    let Office { w, ada, bob, admin, .. } = office(w).await;
    let (key, other) = (ask(&w, &ada).await.key, w.another().await);
    let tries: Vec<_> = (0..64)
        .map(|n| {
            let service = if n % 2 == 0 { w.service.clone() } else { other.clone() };
            let by = if n % 3 == 0 { bob.clone() } else { admin.clone() };
            tokio::spawn(async move { decide(&service, &by, &key, Decision::Approve).await })
        })
        .collect();
    let mut done = 0;
    for attempt in tries {
        match attempt.await.unwrap() {
            Ok(_) => done += 1,
            Err(error) => assert_eq!(refusal::<()>(Err(error)), Refusal::RequestEnded),
        }
    }
    let events = w.events().await;
    let approvals = events.iter().filter(|event| event.action == Action::RequestApproved).count();
    assert_eq!((done, approvals), (1, 1));

    // One key, however often and wherever its asker collects it.
    let tries: Vec<_> = (0..64)
        .map(|n| {
            let (service, ada) = (if n % 2 == 0 { w.service.clone() } else { other.clone() }, ada.clone());
            tokio::spawn(async move { service.collect_request(&ada, &key).await })
        })
        .collect();
    let mut shown = 0;
    for attempt in tries {
        match attempt.await.unwrap() {
            Ok(_) => shown += 1,
            Err(error) => assert_eq!(refusal::<()>(Err(error)), Refusal::RequestEnded),
        }
    }
    assert_eq!(shown, 1);
}

async fn of_two_who_disagree_one_is_told(w: World) {
    let Office { w, ada, bob, admin, .. } = office(w).await;
    for round in 0..8 {
        let key = ask(&w, &ada).await.key;
        let (service, ours) = (w.service.clone(), w.service.clone());
        let (bob, admin, ada) = (bob.clone(), admin.clone(), ada.clone());
        let approve = tokio::spawn(async move { decide(&service, &bob, &key, Decision::Approve).await.map(|_| ()) });
        let against = tokio::spawn(async move {
            if round % 2 == 0 {
                decide(&ours, &admin, &key, Decision::Decline).await.map(|_| ())
            } else {
                ours.withdraw_request(&ada, &key).await
            }
        });
        let (approve, against) = (approve.await.unwrap(), against.await.unwrap());
        let state = state(&w, &key).await;
        let seen = (approve.is_ok(), against.is_ok());
        match state {
            RequestState::Approved => assert_eq!(seen, (true, false)),
            RequestState::Declined => assert_eq!(seen, (false, true)),
            // An approved request can be withdrawn afterwards.
            RequestState::Withdrawn => assert!(seen.1),
            other => panic!("{other:?}"),
        }
        for answer in [approve, against] {
            if answer.is_err() {
                assert_eq!(refusal(answer), Refusal::RequestEnded);
            }
        }
    }
}

async fn a_request_ends_in_each_way(w: World) {
    let Office { w, ada, bob, admin, .. } = office(w).await;
    let ended = async |key: &KeyId| {
        assert_eq!(refusal(w.no_event(decide(&w.service, &bob, key, Decision::Approve)).await), Refusal::RequestEnded);
        assert_eq!(refusal(w.no_event(w.service.collect_request(&ada, key)).await), Refusal::RequestEnded);
        assert_eq!(refusal(w.no_event(w.service.withdraw_request(&ada, key)).await), Refusal::RequestEnded);
    };
    let withdrawn = ask(&w, &ada).await.key;
    assert_eq!(refusal(w.no_event(w.service.withdraw_request(&admin, &withdrawn)).await), Refusal::Forbidden);
    w.one_event(Action::RequestWithdrawn, w.service.withdraw_request(&ada, &withdrawn)).await.unwrap();
    ended(&withdrawn).await;
    let declined = ask(&w, &ada).await.key;
    w.one_event(Action::RequestDeclined, decide(&w.service, &admin, &declined, Decision::Decline)).await.unwrap();
    ended(&declined).await;
    let late = ask(&w, &ada).await.key;
    w.clock.advance(Millis(DECIDE_WITHIN.0 - 1));
    let uncollected = approved(&w, &ada, &bob).await.key;
    assert_eq!(w.service.end_overdue_requests().await.unwrap(), 0);
    w.clock.advance(Millis(1));
    assert_eq!(refusal(decide(&w.service, &bob, &late, Decision::Approve).await), Refusal::RequestEnded);
    w.one_event(Action::RequestExpired, w.service.end_overdue_requests()).await.unwrap();
    assert_eq!(w.newest().await.note.as_deref(), Some("Nobody decided in time."));
    ended(&late).await;
    w.clock.advance(COLLECT_WITHIN);
    assert_eq!(refusal(w.service.collect_request(&ada, &uncollected).await), Refusal::RequestEnded);
    w.one_event(Action::RequestExpired, w.service.end_overdue_requests()).await.unwrap();
    assert_eq!(w.newest().await.note.as_deref(), Some("Nobody collected the key in time."));
    ended(&uncollected).await;
    assert_eq!(w.service.end_overdue_requests().await.unwrap(), 0);

    let query = RequestQuery { show: RequestFilter::Ended, ..RequestQuery::default() };
    assert_eq!(w.service.requests(&bob, &query).await.unwrap().total.n, 4);
    w.clock.advance(ENDED_KEPT);
    w.service.tidy(&tokio_util::sync::CancellationToken::new()).await.unwrap();
    assert_eq!(w.service.requests(&bob, &query).await.unwrap().total.n, 0);
    assert_eq!(refusal(w.service.request(&bob, &late).await), Refusal::RequestGone);
}

async fn only_so_many_requests_of_a_person_wait(w: World) {
    let Office { w, ada, bob, .. } = office(w).await;
    let first = ask(&w, &ada).await.key;
    for _ in 1..REQUESTS_MAX {
        ask(&w, &ada).await;
    }
    let more = ask_for(&w, &ada, &draft("service", "Key")).await;
    assert_eq!(refusal(more), Refusal::TooManyRequests { most: REQUESTS_MAX });
    ask(&w, &bob).await;
    w.service.withdraw_request(&ada, &first).await.unwrap();
    ask(&w, &ada).await;
    let query = RequestQuery::default();
    let page = w.service.requests(&bob, &query).await.unwrap();
    assert_eq!((page.rows.len(), page.total.n, page.next.is_some()), (25, REQUESTS_MAX + 1, true));
}

async fn many_are_decided_at_once_and_the_rest_is_skipped(w: World) {
    let Office { w, ada, bob, .. } = office(w).await;
    let (one, two, own) = (ask(&w, &ada).await.key, ask(&w, &ada).await.key, ask(&w, &bob).await.key);
    let gone = ask(&w, &ada).await.key;
    w.service.withdraw_request(&ada, &gone).await.unwrap();
    let unknown = KeyId::from_random([1; 16]);
    let many = async |keys: &[KeyId]| w.service.decide_requests(&bob, keys, Decision::Approve, "Fine.").await;
    assert_eq!(refusal(many(&[]).await), Refusal::NoRequestChosen);
    let writes = w.store.write_count();
    let done = many(&[one, own, gone, unknown, two, one]).await.unwrap();
    assert_eq!(done.decided.iter().map(|request| request.key).collect::<Vec<_>>(), [one, two]);
    assert_eq!((done.skipped, w.store.write_count()), (4, writes + 1), "one transaction");
    let events = w.events().await;
    assert!(events[..2].iter().all(|event| event.action == Action::RequestApproved
        && event.note.as_deref() == Some("Asked for by ada@example.com: Fine.")));
    assert_eq!(state(&w, &own).await, RequestState::Waiting);
}

async fn an_approved_key_can_be_handed_over_and_no_other(w: World) {
    let Office { w, ada, bob, .. } = office(w).await;
    let to = HandOverDraft { recipient: "Grace".to_owned(), life: "1d".to_owned(), ..HandOverDraft::default() };
    let typed = draft("service", "Another key");
    let hand_over = async |request: Option<&KeyId>| -> Result<HandedOver, Error> {
        let (form_id, none) = (w.service.new_form_id().unwrap(), "".into());
        let form = HandOverForm { key: &typed, form_id: &form_id, to: &to, request, passphrase: &none };
        w.service.hand_over(&ada, w.service.default_app(), &form).await
    };
    let collect = async |made: &HandedOver| {
        w.service.collect(&secret(&made.token), &"".into(), "", &service::ClientInfo::default()).await
    };
    assert_eq!(refusal(w.no_event(hand_over(None)).await), Refusal::ApprovalNeeded);
    let (waits, ready, theirs) =
        (ask(&w, &ada).await.key, approved(&w, &ada, &bob).await.key, approved(&w, &bob, &ada).await.key);
    assert_eq!(refusal(w.no_event(hand_over(Some(&waits))).await), Refusal::RequestEnded);
    assert_eq!(refusal(w.no_event(hand_over(Some(&theirs))).await), Refusal::RequestGone);
    let made = w.one_event(Action::HandOverMade, hand_over(Some(&ready))).await.unwrap();
    // What was approved, not what was typed.
    assert_eq!((made.hand_over.key, made.hand_over.key_name.as_str()), (ready, "Nightly export"));
    assert_eq!(refusal(w.no_event(hand_over(Some(&ready))).await), Refusal::RequestEnded, "once");
    assert_eq!(refusal(w.no_event(w.service.collect_request(&ada, &ready)).await), Refusal::RequestEnded);
    let collected = collect(&made).await.unwrap();
    assert_eq!(collected.issued.key.row.name, "Nightly export");
    let note = w.events().await[1].note.clone().unwrap();
    assert!(note.starts_with("Collected by Grace") && note.ends_with(&format!("approved by {EMAIL}")), "{note}");

    // A link from before the rules is held to them.
    set(&w, &ApprovalRules::default()).await;
    let before = hand_over(None).await.unwrap();
    set(&w, &rules(&["service"], &[], false)).await;
    assert_eq!(refusal(w.no_event(collect(&before)).await), Refusal::HandOverStale);
}

on_both!(
    the_key_is_made_when_whoever_asked_collects_it,
    nobody_decides_on_their_own_or_on_what_they_could_not_issue,
    of_many_approvals_one_counts,
    of_two_who_disagree_one_is_told,
    a_request_ends_in_each_way,
    only_so_many_requests_of_a_person_wait,
    many_are_decided_at_once_and_the_rest_is_skipped,
    an_approved_key_can_be_handed_over_and_no_other,
);
