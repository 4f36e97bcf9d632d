//! Whoever is limited to some apps sees nothing of the others, and lets nobody else see more.

use domain::{
    audit::Action,
    audit_query::AuditQuery,
    bulk::{BulkAct, BulkChange, Selection},
    calls::Span,
    draft::KeyDraft,
    grant::KeyGrant,
    hand_over::HandOverDraft,
    ids::{AppId, PersonId},
    invite::InviteDraft,
    key::RevokeReason,
    labels::Owner,
    list::KeyQuery,
    person::PersonQuery,
    refusal::Refusal,
    role::Role,
    rotation::Overlap,
    sight::Scope,
    timestamp::Timestamp,
    verdict::Code,
};
use service::{
    Caller, ClientInfo,
    invites::Acceptance,
    keys::{AskedCall, HandOverForm},
    sessions::Person,
};
use store::PersonRow;

use crate::{
    apps::{create, issue, session},
    people::with_role,
    world::{PASSWORD, World, called, draft, owner, refusal, row, secret, shell},
};

/// Somebody with this role who is limited to this app.
fn limited(role: Role, app: &AppId) -> Caller {
    let row = PersonRow { id: PersonId::from_random([8; 12]), apps: Scope::from(app), ..row(role) };
    Caller::person(&Person::from(row), Timestamp::from_millis(0), None)
}

fn invite(role: Role, email: &str, apps: &[AppId]) -> InviteDraft {
    InviteDraft {
        first_name: "Ada".to_owned(),
        email: email.to_owned(),
        role: role.as_str().to_owned(),
        apps: apps.to_vec(),
        ..InviteDraft::default()
    }
}

async fn what_is_of_another_app_is_nowhere(w: World) {
    let service = &w.service;
    let (here, shop) = (*service.default_app(), create(&w, "Web shop").await);
    let tagged = |name: &str| KeyDraft { tags: Some(vec!["eu".to_owned()]), ..draft("service", name) };
    let (open, open_token) = issue(&w, &here, &tagged("Open")).await;
    let (hidden, hidden_token) = issue(&w, &shop.id, &tagged("Hidden")).await;
    let (gone, _) = issue(&w, &shop.id, &draft("service", "Hidden too")).await;
    service.delete(owner(), &gone, "Hidden too").await.unwrap();
    for token in [&open_token, &hidden_token] {
        assert_eq!(w.code(token).await, Code::Valid);
    }
    service.verifier().flush_usage().await.unwrap();
    for role in [Role::Admin, Role::Auditor] {
        let caller = limited(role, &here);
        for apps in [Scope::All, Scope::from(&here), Scope::Only(vec![here, shop.id])] {
            for query in [
                KeyQuery::default(),
                KeyQuery { search: Some("hid".to_owned()), ..KeyQuery::default() },
                KeyQuery { tag: Some("eu".to_owned()), ..KeyQuery::default() },
                KeyQuery { search: Some(hidden.to_string()), ..KeyQuery::default() },
            ] {
                let page = service.keys(&caller, apps.clone(), &query).await.unwrap();
                assert!(page.rows.iter().all(|row| row.id == open), "{query:?}");
                assert_eq!(page.total.n as usize, page.rows.len());
            }
            let figures = service.dashboard(&caller, apps.clone(), Span::Day).await.unwrap();
            assert_eq!((figures.active.n, called(&figures)), (1, (1, 0)));
            assert!(figures.recent.iter().all(|row| !row.subject.label.contains("Hidden")));
            let mut export = service.export_keys(&caller, apps, &KeyQuery::default()).unwrap();
            assert_eq!(export.next().await.unwrap().len(), 1);
        }
        assert!(service.keys(&caller, &shop.id, &KeyQuery::default()).await.unwrap().rows.is_empty());
        assert_eq!(service.some_keys(&caller, &[hidden, open]).await.unwrap().len(), 1);
        assert_eq!(refusal(service.key(&caller, &hidden).await), Refusal::NotFound);
        assert_eq!(refusal(service.key_page(&caller, &hidden, Span::Day).await), Refusal::NotFound);
        assert_eq!(refusal(service.why(&caller, &hidden, &AskedCall::default()).await), Refusal::NotFound);
        assert_eq!(refusal(service.watch(&caller, &hidden).await.map(drop)), Refusal::NotFound);
        assert_eq!(refusal(service.collection(&caller, &hidden).await), Refusal::NotFound);
        for query in [
            AuditQuery::default(),
            AuditQuery { key: Some(hidden), ..AuditQuery::default() },
            AuditQuery { name: Some("Hidden".to_owned()), ..AuditQuery::default() },
            AuditQuery { action: Some(Action::KeyIssued), ..AuditQuery::default() },
            AuditQuery { action: Some(Action::AppCreated), ..AuditQuery::default() },
            AuditQuery { person: Some("owner@example.com".to_owned()), ..AuditQuery::default() },
        ] {
            let page = service.audit(&caller, &query).await.unwrap();
            assert_eq!(page.total.n as usize, page.rows.len());
            assert!(page.rows.iter().all(|row| row.subject.label == "Open"), "{query:?}: {:?}", page.rows);
            let days = service.audit_days(&caller, &query).await.unwrap();
            assert_eq!(days.iter().map(|day| day.events).sum::<u64>(), u64::from(page.total.n), "{query:?}");
            let exported = service.export_audit(&caller, &query).unwrap().next().await.unwrap();
            assert_eq!(exported.len(), page.rows.len());
        }
        let apps = service.apps(&caller, &domain::app::AppQuery::default()).await.unwrap();
        assert_eq!(apps.rows.iter().map(|row| row.app.id).collect::<Vec<_>>(), [here]);
        assert_eq!(refusal(service.app(&caller, &shop.id).await), Refusal::AppNotFound);
        assert_eq!(refusal(service.app_by_name(&caller, "Web shop").await), Refusal::AppNotFound);
        assert!(service.some_apps(&caller, &[shop.id]).await.unwrap().is_empty());
    }
}

async fn a_limited_admin_changes_only_what_is_in_their_apps(w: World) {
    let service = &w.service;
    let (here, shop) = (*service.default_app(), create(&w, "Web shop").await);
    let (hidden, _) = issue(&w, &shop.id, &draft("service", "Hidden")).await;
    let (open, _) = issue(&w, &here, &draft("service", "Open")).await;
    let admin = limited(Role::Admin, &here);
    let form = service.new_form_id().unwrap();
    let rename = KeyDraft { name: Some("Renamed".to_owned()), ..KeyDraft::default() };
    for refused in [
        w.no_change(service.issue(&admin, &shop.id, &draft("service", "New"), &form)).await.map(drop),
        w.no_change(service.edit(&admin, &hidden, &rename, 1)).await.map(drop),
        w.no_change(service.disable(&admin, &hidden, None)).await.map(drop),
        w.no_change(service.revoke(&admin, &hidden, RevokeReason::Other, None)).await.map(drop),
        w.no_change(service.delete(&admin, &hidden, "Hidden")).await,
    ] {
        assert_eq!(refusal(refused), Refusal::NotFound);
    }
    let both = Selection::Keys(vec![hidden, open]);
    let preview = service.preview_bulk(&admin, Scope::All, &both, BulkAct::Disable).await.unwrap();
    assert_eq!((preview.count.taken, preview.names), (1, vec!["Open".to_owned()]));
    let all = Selection::Matching(Box::default());
    let done = service.bulk(&admin, Scope::All, &all, &BulkChange::Disable, &form).await.unwrap().unwrap();
    assert_eq!(done.keys, [open]);

    let to = HandOverDraft { recipient: "Grace".to_owned(), life: "1d".to_owned(), ..HandOverDraft::default() };
    let hand_over = async |by: &Caller, app: &AppId| {
        let form_id = service.new_form_id().unwrap();
        let key = draft("service", "Handed");
        let form = HandOverForm { key: &key, form_id: &form_id, to: &to, request: None, passphrase: &"".into() };
        service.hand_over(by, app, &form).await
    };
    assert_eq!(refusal(hand_over(&admin, &shop.id).await), Refusal::NotFound);
    let theirs = hand_over(owner(), &shop.id).await.unwrap().hand_over.key;
    assert!(service.hand_overs(&admin).await.unwrap().is_empty());
    assert_eq!(refusal(service.hand_over_of(&admin, &theirs).await), Refusal::HandOverGone);
    assert_eq!(refusal(service.withdraw_hand_over(&admin, &theirs).await), Refusal::HandOverGone);

    assert_eq!(refusal(w.no_change(service.create_app(&admin, "New")).await), Refusal::Forbidden);
    // Nor by a key that could.
    for beyond in ["keystead.apps.write", "keystead.people.read"] {
        let reaches = KeyDraft { boxes: vec![beyond.to_owned()], ..draft("service", "Reaches beyond") };
        assert!(matches!(refusal(service.issue_acknowledged(&admin, &here, &reaches).await), Refusal::Invalid(_)));
        let issued = service.issue_acknowledged(owner(), &here, &reaches).await.unwrap().key.row.id;
        assert_eq!(refusal(service.rotate_acknowledged(&admin, &issued, Overlap::USUAL).await), Refusal::Forbidden);
    }
    assert_eq!(refusal(service.rename_app(&admin, &shop.id, "Mine").await), Refusal::AppNotFound);
    assert_eq!(refusal(service.archive_app(&admin, &shop.id).await), Refusal::AppNotFound);
    assert_eq!(refusal(service.restore_app(&admin, &shop.id).await), Refusal::AppNotFound);
    service.rename_app(&admin, &here, "Mine").await.unwrap();
}

async fn nobody_lets_others_see_more_than_they_see_themselves(w: World) {
    w.make_owner().await;
    let service = &w.service;
    let (here, shop) = (*service.default_app(), create(&w, "Web shop").await);
    let admin = limited(Role::Admin, &here);
    for apps in [&[][..], &[shop.id], &[here, shop.id]] {
        let refused = refusal(service.invite(&admin, &invite(Role::Auditor, "new@example.com", apps)).await);
        assert!(matches!(refused, Refusal::Invalid(_)), "{apps:?}");
    }
    service.invite(&admin, &invite(Role::Auditor, "mine@example.com", &[here])).await.unwrap();
    let wide = service.invite(owner(), &invite(Role::Auditor, "wide@example.com", &[])).await.unwrap().invite.id;
    let theirs = service.invite(owner(), &invite(Role::Auditor, "theirs@example.com", &[shop.id])).await.unwrap();
    let ((open, _), (sold, _)) =
        (issue(&w, &here, &draft("service", "Open")).await, issue(&w, &shop.id, &draft("service", "Sold")).await);
    let keys = vec![KeyGrant::new(open, &[]), KeyGrant::new(sold, &[])];
    for (email, apps) in [("guest@example.com", &[][..]), ("both@example.com", &[here, shop.id])] {
        let guest = InviteDraft { keys: keys.clone(), ..invite(Role::Guest, email, apps) };
        service.invite(owner(), &guest).await.unwrap();
    }
    let mut seen: Vec<_> = service.invites(&admin).await.unwrap().into_iter().collect();
    seen.sort_by_key(|seen| seen.invite.email.clone());
    let told: Vec<_> =
        seen.iter().map(|seen| (seen.invite.email.as_str(), seen.managed, seen.invite.keys.len())).collect();
    let none_managed = [("both@example.com", false, 1), ("guest@example.com", false, 1)];
    assert_eq!(told[..2], none_managed, "of an invite, only what is in sight");
    assert_eq!(told[2..], [("mine@example.com", true, 0), ("wide@example.com", false, 0)]);
    assert_eq!((&seen[0].invite.apps, seen[0].invite.keys[0].key), (&Scope::from(&here), open));
    assert!(service.invites(owner()).await.unwrap().iter().all(|seen| seen.managed && seen.invite.keys.len() != 1));
    assert_eq!(refusal(service.invite_by_id(&admin, &theirs.invite.id).await), Refusal::InviteGone);
    assert_eq!(refusal(service.renew_invite(&admin, &theirs.invite.id).await), Refusal::InviteGone);
    assert_eq!(refusal(service.revoke_invite(&admin, &theirs.invite.id).await), Refusal::InviteGone);
    assert_eq!(refusal(service.renew_invite(&admin, &wide).await), Refusal::Forbidden);

    let everywhere = with_role(&w, Role::Auditor, "all@example.com", Vec::new()).await;
    let there = with_role(&w, Role::Auditor, "there@example.com", Vec::new()).await;
    service.set_person_apps(owner(), &there, &[shop.id]).await.unwrap();
    let mine = with_role(&w, Role::Auditor, "here@example.com", Vec::new()).await;
    service.set_person_apps(owner(), &mine, &[here]).await.unwrap();
    let people = service.people(&admin, &PersonQuery::default()).await.unwrap().rows;
    assert!(people.iter().all(|person| person.id != there) && people.iter().any(|person| person.id == everywhere));
    assert_eq!(refusal(service.person(&admin, &there).await), Refusal::PersonNotFound);
    for (id, refused) in [(there, Refusal::PersonNotFound), (everywhere, Refusal::Forbidden)] {
        for answer in [
            service.set_person_apps(&admin, &id, &[here]).await,
            service.disable_person(&admin, &id).await,
            service.enable_person(&admin, &id).await,
            service.unlock_person(&admin, &id).await,
            service.sign_out_person(&admin, &id).await,
            service.remove_person(&admin, &id).await,
        ] {
            assert_eq!(refusal(answer), refused);
        }
    }
    for apps in [&[][..], &[shop.id], &[here, shop.id]] {
        assert!(matches!(refusal(service.set_person_apps(&admin, &mine, apps).await), Refusal::Invalid(_)));
    }
    service.disable_person(&admin, &mine).await.unwrap();
}

async fn who_has_an_account_is_told_only_of_those_in_sight(w: World) {
    w.make_owner().await;
    let service = &w.service;
    let (here, shop) = (*service.default_app(), create(&w, "Web shop").await);
    let ada = with_role(&w, Role::Admin, "ada@example.com", Vec::new()).await;
    service.set_person_apps(owner(), &ada, &[here]).await.unwrap();
    let admin = session(&w, "ada@example.com").await.caller(None);
    let there = with_role(&w, Role::Auditor, "there@example.com", Vec::new()).await;
    service.set_person_apps(owner(), &there, &[shop.id]).await.unwrap();
    let mine = with_role(&w, Role::Auditor, "here@example.com", Vec::new()).await;
    service.set_person_apps(owner(), &mine, &[here]).await.unwrap();
    let owned = |email: &str| KeyDraft { owner: Some(email.to_owned()), ..draft("service", "Key") };
    let boxes = vec!["keystead.keys.write".to_owned()];
    let (key, _) = w.active(&KeyDraft { boxes, ..draft("service", "Manager") }).await;
    let key = Caller::key(service.key(owner(), &key).await.unwrap().record(false), None);
    let (issued, _) = w.active(&draft("service", "Issued")).await;
    for (by, emails) in [
        (&admin, &["there@example.com", "nobody@example.com"][..]),
        (&key, &["there@example.com", "here@example.com", "nobody@example.com"]),
    ] {
        for email in emails {
            let words = |answer: Refusal| match answer {
                Refusal::Invalid(errors) => errors.0[0].message.replace(email, ""),
                other => panic!("{other:?}"),
            };
            let expected = "You see nobody here with the e-mail “”: check it, or enter the name of a team.";
            for answer in [
                service.check_draft(by, &owned(email)).await,
                service.issue_acknowledged(by, &here, &owned(email)).await.map(drop),
                service.edit(by, &issued, &owned(email), 1).await.map(drop),
            ] {
                assert_eq!(words(refusal(answer)), expected, "{email}");
            }
        }
    }
    let transfer = BulkChange::Transfer(Owner::Person("there@example.com".to_owned()));
    let form = service.new_form_id().unwrap();
    let transferred = service.bulk(&admin, &here, &Selection::Keys(vec![issued]), &transfer, &form).await;
    assert!(matches!(refusal(transferred), Refusal::Invalid(_)));
    service.issue_acknowledged(&admin, &here, &owned("here@example.com")).await.unwrap();

    // An invite is made, as for anybody; only whoever has the e-mail is told when they use it.
    let sent = service.invite(&admin, &invite(Role::Auditor, "there@example.com", &[here])).await.unwrap();
    let accepted = Acceptance { name: "There".to_owned(), password: PASSWORD.into() };
    let joined = service.accept_invite(&secret(&sent.token), accepted, &ClientInfo::default()).await;
    assert_eq!(refusal(joined), Refusal::EmailTaken);
    let known = service.invite(&admin, &invite(Role::Auditor, "here@example.com", &[here])).await;
    assert!(matches!(refusal(known), Refusal::Invalid(_)));
    service.invite(owner(), &invite(Role::Auditor, "hidden@example.com", &[shop.id])).await.unwrap();
    let hidden = service.invite(&admin, &invite(Role::Auditor, "hidden@example.com", &[here])).await;
    let Refusal::Invalid(errors) = refusal(hidden) else { panic!("the e-mail is wrong") };
    assert!(!errors.0[0].message.contains("waiting"), "{errors:?}");
}

async fn a_limit_counts_from_the_next_request_and_revokes_what_goes_beyond_it(w: World) {
    w.make_owner().await;
    let service = &w.service;
    let (here, shop) = (*service.default_app(), create(&w, "Web shop").await);
    let (hidden, _) = issue(&w, &shop.id, &draft("service", "Hidden")).await;
    let id = with_role(&w, Role::Admin, "ada@example.com", Vec::new()).await;
    let before = session(&w, "ada@example.com").await;
    let ada = before.caller(None);
    service.key(&ada, &hidden).await.unwrap();
    service.choose_app(&before, &ada, Some(&shop.id)).await.unwrap();
    for (email, apps) in [("wide@example.com", &[][..]), ("narrow@example.com", &[here])] {
        service.invite(&ada, &invite(Role::Auditor, email, apps)).await.unwrap();
    }
    let handed = {
        let to = HandOverDraft { recipient: "Grace".to_owned(), life: "1d".to_owned(), ..HandOverDraft::default() };
        let (form_id, key) = (service.new_form_id().unwrap(), draft("service", "Handed"));
        let form = HandOverForm { key: &key, form_id: &form_id, to: &to, request: None, passphrase: &"".into() };
        service.hand_over(&ada, &shop.id, &form).await.unwrap()
    };
    let stream = service.stream(&before).unwrap();
    service.set_person_apps(owner(), &id, &[here]).await.unwrap();
    let event = w.events().await.into_iter().find(|event| event.action == Action::PersonAppsChanged).unwrap();
    assert_eq!((event.changes[0].from.as_deref(), event.changes[0].to.as_deref()), (None, Some("Default")));
    let ends = service.session_ends(&stream, std::time::Duration::from_hours(1));
    assert!(tokio::time::timeout(std::time::Duration::from_mins(1), ends).await.is_ok(), "the stream goes on");
    let waiting: Vec<_> = service.invites(owner()).await.unwrap().into_iter().map(|seen| seen.invite.email).collect();
    assert_eq!(waiting, ["narrow@example.com"]);
    let now = session(&w, "ada@example.com").await;
    let ada = now.caller(None);
    assert_eq!(refusal(service.key(&ada, &hidden).await), Refusal::NotFound);
    assert_eq!(service.app_view(&before, &ada).await.unwrap().scope().unwrap(), Scope::from(&here));
    assert_eq!(refusal(service.choose_app(&now, &ada, Some(&shop.id)).await), Refusal::AppNotFound);
    let collected = service.collect(&secret(&handed.token), &"".into(), "", &ClientInfo::default()).await;
    assert_eq!(refusal(collected), Refusal::HandOverStale);

    // An owner sees every app, and whoever becomes one.
    assert_eq!(service.people(owner(), &PersonQuery::default()).await.unwrap().rows.len(), 2);
    service.change_role(owner(), &id, "owner").await.unwrap();
    assert_eq!(refusal(service.set_person_apps(owner(), &id, &[here]).await), Refusal::Forbidden);
    service.key(&session(&w, "ada@example.com").await.caller(None), &hidden).await.unwrap();
    service.change_role(owner(), &id, "admin").await.unwrap();
    service.key(&session(&w, "ada@example.com").await.caller(None), &hidden).await.unwrap();
}

async fn a_guest_sees_granted_keys_within_their_apps(w: World) {
    w.make_owner().await;
    let service = &w.service;
    let (here, shop) = (*service.default_app(), create(&w, "Web shop").await);
    let (open, _) = issue(&w, &here, &draft("service", "Open")).await;
    let (sold, _) = issue(&w, &shop.id, &draft("service", "Sold")).await;
    let both = vec![KeyGrant::new(open, &[]), KeyGrant::new(sold, &[])];
    let draft = InviteDraft { keys: both.clone(), ..invite(Role::Guest, "guest@example.com", &[here]) };
    assert!(matches!(refusal(service.invite(owner(), &draft).await), Refusal::Invalid(_)), "one key is elsewhere");
    let draft = InviteDraft { apps: vec![here, shop.id], ..draft };
    let invited = service.invite(shell(), &draft).await.unwrap();
    let sent = Acceptance { name: "Guest".to_owned(), password: PASSWORD.into() };
    let client = ClientInfo::default();
    let id = *service.accept_invite(&secret(&invited.token), sent, &client).await.unwrap().id();
    let look = async || {
        let session = session(&w, "guest@example.com").await;
        let guest = session.caller(None);
        let view = service.app_view(&session, &guest).await.unwrap();
        let names: Vec<_> = view.choices.iter().map(|app| app.name.clone()).collect();
        let seen = (service.key(&guest, &open).await.is_ok(), service.key(&guest, &sold).await.is_ok());
        (names, seen)
    };
    assert_eq!(look().await, (vec!["Default".to_owned(), "Web shop".to_owned()], (true, true)));
    service.set_person_apps(owner(), &id, &[here]).await.unwrap();
    assert_eq!(look().await, (vec!["Default".to_owned()], (true, false)));
    assert!(matches!(refusal(service.set_grants(owner(), &id, &both, "").await), Refusal::Invalid(_)));
    service.set_person_apps(owner(), &id, &[]).await.unwrap();
    service.set_grants(owner(), &id, &both[..1], "").await.unwrap();
    // The names of apps without a key of theirs are none of their concern.
    assert_eq!(look().await, (vec!["Default".to_owned()], (true, false)));
}

on_both!(
    what_is_of_another_app_is_nowhere,
    a_limited_admin_changes_only_what_is_in_their_apps,
    nobody_lets_others_see_more_than_they_see_themselves,
    who_has_an_account_is_told_only_of_those_in_sight,
    a_limit_counts_from_the_next_request_and_revokes_what_goes_beyond_it,
    a_guest_sees_granted_keys_within_their_apps,
);
