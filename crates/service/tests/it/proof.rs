//! What needs a recent proof of who somebody is, and how it is given again.

use domain::{
    audit::Action, draft::KeyDraft, field::Field, hand_over::HandOverDraft, ids::PersonId, invite::InviteDraft,
    proof::PROOF_FOR, refusal::Refusal, role::Role, rotation::Overlap, timestamp::Millis,
};
use service::{
    Authentication, Caller, ClientInfo, Error, keys::HandOverForm, sessions::Session, settings::SettingsChange,
};

use crate::{
    people::with_role,
    requests::rules,
    world::{EMAIL, PASSWORD, World, draft, list, refusal, secret, shell, somebody_at},
};

const ACTS: [&str; 16] = [
    "issue master_user",
    "issue verifier",
    "issue app",
    "rotate verifier",
    "hand over master_user",
    "hand over verifier",
    "edit: add keystead.verify",
    "invite admin",
    "invite owner",
    "renew invite of admin",
    "role",
    "remove",
    "reset link",
    "reset factor",
    "policy",
    "approval",
];

const UNGUARDED: [&str; 8] = [
    "issue service",
    "rotate service",
    "hand over service",
    "edit: rename",
    "invite guest",
    "disable",
    "unlock",
    "sign out",
];

fn verifier() -> KeyDraft {
    KeyDraft { boxes: vec!["keystead.verify".to_owned()], ..draft("service", "Verifier") }
}

/// One act by this caller, about something new.
struct Acts<'a> {
    w: &'a World,
    made: usize,
}

impl Acts<'_> {
    fn email(&mut self) -> String {
        self.made += 1;
        format!("{}@example.com", self.made)
    }

    async fn person(&mut self) -> PersonId {
        let email = self.email();
        with_role(self.w, Role::Admin, &email, Vec::new()).await
    }

    async fn invite(&mut self, by: &Caller, role: Role) -> Result<PersonId, Error> {
        let keys = if role == Role::Guest { self.w.a_key().await } else { Vec::new() };
        let draft = InviteDraft {
            first_name: "Ada".to_owned(),
            email: self.email(),
            role: role.as_str().to_owned(),
            keys,
            ..InviteDraft::default()
        };
        self.w.service.invite(by, &draft).await.map(|invited| invited.invite.id)
    }

    async fn issue(&self, by: &Caller, draft: &KeyDraft) -> Result<(), Error> {
        let form = self.w.service.new_form_id().unwrap();
        self.w.service.issue(by, self.w.service.default_app(), draft, &form).await.map(drop)
    }

    async fn rotate(&self, by: &Caller, draft: &KeyDraft) -> Result<(), Error> {
        let (id, _) = self.w.active(draft).await;
        let form = self.w.service.new_form_id().unwrap();
        self.w.service.rotate(by, &id, Overlap::USUAL, &form).await.map(drop)
    }

    async fn hand_over(&self, by: &Caller, draft: &KeyDraft) -> Result<(), Error> {
        let to = HandOverDraft { recipient: "Grace".to_owned(), life: "1d".to_owned(), ..HandOverDraft::default() };
        let form_id = self.w.service.new_form_id().unwrap();
        let form = HandOverForm { key: draft, form_id: &form_id, to: &to, request: None, passphrase: &"".into() };
        self.w.service.hand_over(by, self.w.service.default_app(), &form).await.map(drop)
    }

    async fn edit(&self, by: &Caller, change: KeyDraft) -> Result<(), Error> {
        let (id, _) = self.w.active(&KeyDraft { permissions: list(&["a.b"]), ..draft("service", "Key") }).await;
        let key = self.w.service.key(by, &id).await.unwrap();
        let draft = KeyDraft { kind: None, ..change };
        self.w.service.edit(by, &id, &draft, key.revision).await.map(drop)
    }

    async fn run(&mut self, act: &str, by: &Caller) -> Result<(), Error> {
        let service = &self.w.service;
        match act {
            "issue master_user" => self.issue(by, &draft("master_user", "Key")).await,
            "issue verifier" => self.issue(by, &verifier()).await,
            "issue app" => self.issue(by, &draft("app", "Key")).await,
            "issue service" => self.issue(by, &draft("service", "Key")).await,
            "rotate verifier" => self.rotate(by, &verifier()).await,
            "rotate service" => self.rotate(by, &draft("service", "Key")).await,
            "hand over master_user" => self.hand_over(by, &draft("master_user", "Key")).await,
            "hand over verifier" => self.hand_over(by, &verifier()).await,
            "hand over service" => self.hand_over(by, &draft("service", "Key")).await,
            "edit: add keystead.verify" => self.edit(by, verifier()).await,
            "edit: rename" => self.edit(by, draft("service", "Renamed")).await,
            "invite admin" => self.invite(by, Role::Admin).await.map(drop),
            "invite owner" => self.invite(by, Role::Owner).await.map(drop),
            "invite guest" => self.invite(by, Role::Guest).await.map(drop),
            "renew invite of admin" => {
                let id = self.invite(shell(), Role::Admin).await.unwrap();
                service.renew_invite(by, &id).await.map(drop)
            }
            "role" => service.change_role(by, &self.person().await, "auditor").await.map(drop),
            "remove" => service.remove_person(by, &self.person().await).await,
            "disable" => service.disable_person(by, &self.person().await).await,
            "unlock" => service.unlock_person(by, &self.person().await).await,
            "sign out" => service.sign_out_person(by, &self.person().await).await,
            "reset link" => service.reset_link_of(by, &self.person().await).await.map(drop),
            "reset factor" => service.reset_factor(by, &self.person().await).await,
            "policy" => {
                self.made += 1;
                service.set_factor_rules(by, "managers", &self.made.to_string()).await
            }
            "approval" => {
                self.made += 1;
                service.set_approval_rules(by, &rules(&[], &[format!("approved.a{}", self.made).as_str()], false)).await
            }
            other => panic!("{other}"),
        }
    }
}

async fn a_proof_counts_for_five_minutes(w: World) {
    w.make_owner().await;
    let now = w.service.now();
    let at = |ago: i64| somebody_at(7, Role::Owner, now.plus(Millis(-ago * 1_000)));
    let mut acts = Acts { w: &w, made: 0 };
    for act in ACTS {
        for ago in [0, 299] {
            acts.run(act, &at(ago)).await.unwrap_or_else(|error| panic!("{act} after {ago} s: {error}"));
        }
        for ago in [300, 301, 86_400] {
            assert_eq!(refusal(acts.run(act, &at(ago)).await), Refusal::ProveAgain, "{act} after {ago} s");
        }
        // A proof in the future is of a wrong clock.
        assert_eq!(refusal(acts.run(act, &at(-120)).await), Refusal::ProveAgain, "{act}");
        acts.run(act, shell()).await.map_or_else(
            // Only people hand keys over.
            |error| assert!(act.starts_with("hand over"), "{act}: {error}"),
            |()| (),
        );
    }
    for act in UNGUARDED {
        acts.run(act, &at(86_400)).await.unwrap_or_else(|error| panic!("{act}: {error}"));
    }
    // Whoever may not do it is not asked for anything.
    let admin = somebody_at(8, Role::Admin, now.plus(Millis::hours(-1)));
    for act in ["invite admin", "role", "remove", "reset link", "reset factor", "policy", "approval"] {
        assert_eq!(refusal(acts.run(act, &admin).await), Refusal::Forbidden, "{act}");
    }
}

async fn what_is_refused_leaves_no_trace(w: World) {
    w.make_owner().await;
    let stale = somebody_at(7, Role::Owner, w.service.now().plus(Millis(-PROOF_FOR.0)));
    let id = with_role(&w, Role::Admin, "ada@example.com", Vec::new()).await;
    let seq = w.newest().await.seq;
    assert_eq!(refusal(w.service.remove_person(&stale, &id).await), Refusal::ProveAgain);
    assert_eq!(refusal(w.service.change_role(&stale, &id, "owner").await), Refusal::ProveAgain);
    assert_eq!(refusal(w.service.reset_link_of(&stale, &id).await), Refusal::ProveAgain);
    assert_eq!(w.newest().await.seq, seq);
    assert_eq!(w.service.person(&stale, &id).await.unwrap().person.role, Role::Admin);
    let change = SettingsChange { approval_no_expiry: Some(true), ..SettingsChange::default() };
    assert_eq!(refusal(w.service.change_settings(&stale, &change).await), Refusal::ProveAgain);
    assert!(w.service.approval_rules(&stale).await.unwrap().is_off());
    // An edit that changes nothing needs nothing.
    w.service.set_approval_rules(&stale, &rules(&[], &[], false)).await.unwrap();
    let (key, _) = w.active(&verifier()).await;
    let edited = KeyDraft { kind: None, ..verifier() };
    w.service.edit(&stale, &key, &edited, 1).await.unwrap();
}

async fn signed_in(w: &World) -> (String, Session) {
    w.make_owner().await;
    let cookie = secret(&w.sign_in(EMAIL, PASSWORD).await.unwrap().cookie);
    let session = w.service.session(&cookie).await.unwrap().unwrap();
    (cookie, session)
}

fn from(session: &Session) -> ClientInfo {
    ClientInfo { session: Some(session.clone()), ..ClientInfo::default() }
}

async fn the_password_is_a_proof_for_this_session_only(w: World) {
    let (cookie, session) = signed_in(&w).await;
    let other = secret(&w.sign_in(EMAIL, PASSWORD).await.unwrap().cookie);
    w.clock.advance(Millis::minutes(6));
    let (password, client) = (PASSWORD.into(), from(&session));
    let asks = w.service.prove_again(&session, &password, &client);
    let proved = w.one_event(Action::ProvedAgain, asks).await.unwrap();
    let now = w.service.now();
    for session in [proved, w.service.session(&cookie).await.unwrap().unwrap()] {
        let proof = Authentication::Cookie { password_checked_at: now };
        assert_eq!(session.caller(None).authentication(), proof);
        assert!(session.caller(None).has_proved_recently(now));
    }
    let other = w.service.session(&other).await.unwrap().unwrap();
    assert!(!other.caller(None).has_proved_recently(now));
    w.clock.advance(PROOF_FOR);
    let session = w.service.session(&cookie).await.unwrap().unwrap();
    assert!(!session.caller(None).has_proved_recently(w.service.now()));
}

async fn a_wrong_password_counts_like_one_at_sign_in(w: World) {
    let (cookie, session) = signed_in(&w).await;
    w.clock.advance(Millis::minutes(6));
    for _ in 0..5 {
        let Refusal::Invalid(errors) =
            refusal(w.service.prove_again(&session, &"not mine".into(), &from(&session)).await)
        else {
            panic!("it was not refused at its field")
        };
        assert_eq!(errors.of(Field::ProofPassword).count(), 1);
    }
    assert_eq!(w.newest().await.action, Action::SignInBlocked);
    let waits = refusal(w.service.prove_again(&session, &PASSWORD.into(), &from(&session)).await);
    assert_eq!(waits, Refusal::Wait { seconds: 1 });
    assert_eq!(refusal(w.sign_in(EMAIL, PASSWORD).await), Refusal::Wait { seconds: 1 });
    w.clock.advance(Millis::seconds(1));
    w.service.prove_again(&session, &PASSWORD.into(), &from(&session)).await.unwrap();
    // A session that has ended is not brought back.
    w.service.sign_out(&session, None).await.unwrap();
    assert_eq!(refusal(w.service.prove_again(&session, &PASSWORD.into(), &from(&session)).await), Refusal::NoSession);
    assert!(w.service.session(&cookie).await.unwrap().is_none());
}

on_both!(
    a_proof_counts_for_five_minutes,
    what_is_refused_leaves_no_trace,
    the_password_is_a_proof_for_this_session_only,
    a_wrong_password_counts_like_one_at_sign_in,
);
