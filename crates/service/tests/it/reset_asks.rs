//! Reset links by mail: whoever asks learns nothing, and floods nobody.

use std::sync::{Arc, Mutex};

use domain::{
    audit::Action,
    field::Field,
    refusal::Refusal,
    role::Role,
    timestamp::{Millis, Timestamp},
};
use secrecy::ExposeSecret;
use service::{
    ClientInfo, Service, Setup,
    mail::{Mail, MailError, Mailer, Sending},
    sessions::Session,
};
use store::Store;
use tokio_util::sync::CancellationToken;

use crate::{
    invites::invite,
    people::with_role,
    world::{EMAIL, PASSWORD, SITE, World, owner, person, refusal, row, secret, shell, until},
};

const NEW: &str = "an entirely different phrase";
const UNKNOWN: &str = "nobody@example.com";

/// A mail server that keeps whom each mail went to, and its text.
#[derive(Default)]
struct Post {
    mails: Mutex<Vec<(String, String)>>,
    /// What becomes of the next mail, if it is not sent.
    fails: Mutex<Option<MailError>>,
}

impl Mailer for Post {
    fn send(&self, mail: Mail) -> Sending<'_> {
        let failure = self.fails.lock().unwrap().take();
        if failure.is_none() {
            self.mails.lock().unwrap().push((mail.to, mail.text.expose_secret().to_owned()));
        }
        Box::pin(async move { failure.map_or(Ok(()), Err) })
    }
}

/// A process that sends mail.
struct Office {
    service: Service,
    store: Store,
    post: Arc<Post>,
}

impl Office {
    async fn start(w: &World) -> Self {
        let post = Arc::<Post>::default();
        let setup = Setup { mailer: Some(Arc::clone(&post) as Arc<dyn Mailer>), ..w.setup().await };
        let store = setup.store.clone();
        Self { service: Service::start(setup).await.unwrap(), store, post }
    }

    async fn ask(&self, email: &str, address: &str) -> service::Result<()> {
        let client = ClientInfo { address: Some(address.parse().unwrap()), ..ClientInfo::default() };
        self.service.ask_for_reset(email, &format!("{SITE}/reset"), &client).await
    }

    /// Asks, and waits until so many transactions were written for it.
    async fn asked(&self, email: &str, address: &str, writes: u64) {
        let before = self.store.write_count();
        self.ask(email, address).await.unwrap();
        until(email, async || self.store.write_count() >= before + writes).await;
        assert_eq!(self.store.write_count(), before + writes, "{email}");
    }

    fn mails(&self) -> Vec<(String, String)> {
        self.post.mails.lock().unwrap().clone()
    }

    /// Asks from one address for a mail that fails like this, and waits until so many transactions were written for it.
    async fn asked_in_vain(&self, failure: MailError, writes: u64) {
        *self.post.fails.lock().unwrap() = Some(failure);
        self.asked(EMAIL, "203.0.113.9", writes).await;
    }

    /// The token of the mail with this number, once it is there.
    async fn token(&self, number: usize) -> String {
        until("the mail", async || self.mails().len() > number).await;
        let (_, text) = self.mails().swap_remove(number);
        let (_, rest) = text.split_once(&format!("{SITE}/reset/")).unwrap();
        rest.lines().next().unwrap().to_owned()
    }

    /// The code of the newest mail with one to this e-mail, once there are so many of them.
    async fn code(&self, to: &str, count: usize) -> String {
        let mailed = || {
            let mails = self.mails().into_iter().filter(|(mail, text)| mail == to && text.contains("enter this code"));
            mails.map(|(_, text)| text).collect::<Vec<_>>()
        };
        until("the code", async || mailed().len() == count).await;
        let texts = mailed();
        let (_, rest) = texts[count - 1].split_once("24 hours:\n\n").unwrap();
        rest.lines().next().unwrap().to_owned()
    }

    async fn opens(&self, token: &str) -> bool {
        self.service.reset_door(token).await.unwrap().is_some()
    }
}

/// Since when the owner's e-mail is confirmed.
async fn confirmed_at(w: &World) -> Option<Timestamp> {
    confirmed_since(w, EMAIL).await
}

async fn confirmed_since(w: &World, email: &str) -> Option<Timestamp> {
    let id = w.store.person_by_email(email).await.unwrap().unwrap().id;
    w.service.person(owner(), &id).await.unwrap().person.email_confirmed_at
}

async fn a_mailed_link_sets_a_password_once(w: World) {
    w.make_owner().await;
    let office = Office::start(&w).await;
    office.asked(" Owner@Example.com", "203.0.113.9", 2).await;
    let token = office.token(0).await;
    assert_eq!(office.mails()[0].0, EMAIL);
    let event = w.newest().await;
    assert_eq!(
        (event.action.known(), &*event.actor_label, &*event.subject.label, event.address.as_deref()),
        (Some(Action::ResetAsked), "Keystead", EMAIL, Some("203.0.113.9"))
    );
    let client = ClientInfo::default();
    assert_eq!(confirmed_at(&w).await, None);
    office.service.reset_password(&token, &NEW.into(), &client).await.unwrap();
    assert_eq!(confirmed_at(&w).await, Some(w.service.now()));
    w.sign_in(EMAIL, NEW).await.unwrap();
    assert!(!office.opens(&token).await);
    let again = office.service.reset_password(&token, &PASSWORD.into(), &client).await;
    assert_eq!(refusal(again), Refusal::LinkInvalid);
    assert!(!format!("{:?}", w.events().await).contains(&token));
    // An hour is its time.
    office.asked(EMAIL, "203.0.113.9", 2).await;
    let late = office.token(1).await;
    w.clock.advance(Millis::hours(1));
    assert!(!office.opens(&late).await);
}

/// Two transactions, of which the second comes after the answer, and only a mail is the difference.
async fn whoever_has_the_e_mail_the_answer_and_the_work_are_the_same(w: World) {
    w.make_owner().await;
    let out = with_role(&w, Role::Admin, "out@example.com", Vec::new()).await;
    w.service.disable_person(owner(), &out).await.unwrap();
    w.service.invite(shell(), &invite(Role::Auditor, "invited@example.com")).await.unwrap();
    w.service.create_owner(shell(), person("locked@example.com")).await.unwrap();
    for _ in 0..5 {
        w.sign_in("locked@example.com", "wrong").await.unwrap_err();
    }
    // Who signs in by a provider, without a password.
    w.store.write(async |tx| tx.insert_person(&row(Role::Auditor)).await).await.unwrap();
    let office = Office::start(&w).await;
    for email in [EMAIL, UNKNOWN, "out@example.com", "invited@example.com", "locked@example.com", "auditor@example.com"]
    {
        let hashes = w.hasher.count();
        office.asked(email, "203.0.113.9", 2).await;
        assert_eq!(w.hasher.count(), hashes, "{email}");
    }
    until("two mails", async || office.mails().len() == 2).await;
    let to: Vec<_> = office.mails().into_iter().map(|(to, _)| to).collect();
    assert_eq!(to, [EMAIL, "locked@example.com"]);
    for wrong in ["", "owner", "a@b@c"] {
        let Refusal::Invalid(errors) = refusal(office.ask(wrong, "203.0.113.9").await) else { panic!("{wrong}") };
        assert_eq!(errors.of(Field::Email).count(), 1, "{wrong}");
    }
}

async fn what_strangers_invent_does_not_flood_the_record(w: World) {
    w.make_owner().await;
    let office = Office::start(&w).await;
    let before = w.newest().await.seq;
    for n in 0..20 {
        office.asked(&format!("{n}@example.com"), "203.0.113.9", 2).await;
    }
    let event = w.newest().await;
    assert_eq!((event.seq, event.note.as_deref()), (before + 1, Some("1 link was asked for")));
    assert_eq!((event.action.known(), &*event.subject.label), (Some(Action::ResetAsked), "unknown e-mails"));
    w.clock.advance(Millis::hours(1));
    office.service.tidy(&CancellationToken::new()).await.unwrap();
    let event = w.newest().await;
    assert_eq!((event.seq, event.note.as_deref()), (before + 2, Some("19 links were asked for")));
    assert!(!format!("{:?}", w.events().await).contains("7@example.com"));
}

/// Known or not, and from wherever: otherwise many sources could fill one mailbox.
async fn an_e_mail_gets_three_mails_an_hour(w: World) {
    w.make_owner().await;
    let office = Office::start(&w).await;
    for email in [EMAIL, UNKNOWN] {
        for n in 1..=3 {
            office.asked(email, &format!("203.0.113.{n}"), 2).await;
        }
        // Only counted for its source.
        office.asked(email, "203.0.113.4", 1).await;
        w.clock.advance(Millis::minutes(59));
        office.asked(email, "203.0.113.4", 1).await;
        w.clock.advance(Millis::minutes(1));
        office.asked(email, "203.0.113.4", 2).await;
    }
    until("four mails", async || office.mails().len() == 4).await;
}

async fn a_source_asks_thirty_times_an_hour(w: World) {
    w.make_owner().await;
    let office = Office::start(&w).await;
    for n in 0..30 {
        office.asked(&format!("{n}@example.com"), &format!("2001:db8::{n}"), 2).await;
    }
    for email in [EMAIL, UNKNOWN] {
        let writes = office.store.write_count();
        let refused = office.ask(email, "2001:db8::ffff").await;
        assert_eq!(refusal(refused), Refusal::Wait { seconds: 3_600 }, "{email}");
        assert_eq!(office.store.write_count(), writes, "a flood writes nothing");
    }
    office.asked(EMAIL, "2001:db8:0:1::1", 2).await;
    w.clock.advance(Millis::hours(1));
    office.asked(EMAIL, "2001:db8::1", 2).await;
}

/// Otherwise nobody could set a password for an hour after the mail server was away.
async fn a_mail_that_was_not_sent_uses_up_none_of_three(w: World) {
    w.make_owner().await;
    let office = Office::start(&w).await;
    let away = || MailError::Away("it is away".to_owned());
    for failure in [away(), away(), MailError::Refused("the mailbox is full".to_owned()), away()] {
        office.asked_in_vain(failure, 3).await;
    }
    for _ in 0..2 {
        office.asked(EMAIL, "203.0.113.9", 2).await;
    }
    // It may have come: whoever is slow is flooded by nobody.
    office.asked_in_vain(MailError::Unanswered, 2).await;
    office.asked(EMAIL, "203.0.113.9", 1).await;
    until("two mails", async || office.mails().len() == 2).await;
    // The source has asked each time.
    for _ in 8..30 {
        office.asked(EMAIL, "203.0.113.9", 1).await;
    }
    assert_eq!(refusal(office.ask(EMAIL, "203.0.113.9").await), Refusal::Wait { seconds: 3_600 });
}

async fn who_asks_replaces_no_link_of_an_owner_and_a_password_ends_both(w: World) {
    w.make_owner().await;
    let office = Office::start(&w).await;
    let made = secret(&w.service.reset_link(shell(), EMAIL).await.unwrap().token);
    office.asked(EMAIL, "203.0.113.9", 2).await;
    let first = office.token(0).await;
    office.asked(EMAIL, "203.0.113.9", 2).await;
    let second = office.token(1).await;
    assert!(office.opens(&made).await && !office.opens(&first).await && office.opens(&second).await);
    office.service.reset_password(&made, &NEW.into(), &ClientInfo::default()).await.unwrap();
    assert_eq!(confirmed_at(&w).await, None, "nobody knows how that one came to them");
    assert!(!office.opens(&made).await && !office.opens(&second).await);
}

/// Whoever reads the old mailbox could otherwise take the account.
async fn another_e_mail_ends_the_link_that_went_to_the_old_one(w: World) {
    w.make_owner().await;
    let office = Office::start(&w).await;
    office.asked(EMAIL, "203.0.113.9", 2).await;
    let token = office.token(0).await;
    let made = secret(&w.service.reset_link(shell(), EMAIL).await.unwrap().token);
    let cookie = secret(&w.sign_in(EMAIL, PASSWORD).await.unwrap().cookie);
    let session = w.service.session(&cookie).await.unwrap().unwrap();
    let client = ClientInfo::default();
    w.service.change_own_email(&session, "new@example.com", &PASSWORD.into(), &client).await.unwrap();
    assert!(!office.opens(&token).await && office.opens(&made).await);
}

/// Whoever took the account over could otherwise do it in silence.
async fn another_e_mail_is_told_to_the_old_one(w: World) {
    w.make_owner().await;
    let office = Office::start(&w).await;
    let cookie = secret(&w.sign_in(EMAIL, PASSWORD).await.unwrap().cookie);
    let session = w.service.session(&cookie).await.unwrap().unwrap();
    let change = async |email: &str, password: &str| {
        office.service.change_own_email(&session, email, &password.into(), &ClientInfo::default()).await
    };
    change("new@example.com", "wrong").await.unwrap_err();
    change(EMAIL, PASSWORD).await.unwrap();
    change("new@example.com", PASSWORD).await.unwrap();
    until("both mails", async || office.mails().len() == 2).await;
    let told: Vec<_> = office.mails().into_iter().filter(|(to, _)| to == EMAIL).collect();
    let [(_, text)] = &*told else { panic!("{told:?}") };
    assert!(text.contains("was changed") && !text.contains("http") && !text.contains("new@example.com"), "{text}");
    // What is in doubt may be a stranger's, to whom nothing is told.
    let here = w.service.session(&cookie).await.unwrap().unwrap();
    let client = ClientInfo::default();
    office.service.change_own_email(&here, "other@example.com", &PASSWORD.into(), &client).await.unwrap();
    until("two more mails", async || office.mails().len() == 4).await;
    let told: Vec<_> = office.mails().into_iter().filter(|(_, text)| text.contains("was changed")).collect();
    assert!(told.len() == 2 && told.iter().all(|(to, _)| to == EMAIL), "{told:?}");
}

async fn a_code_that_was_not_mailed_uses_up_none_of_five(w: World) {
    w.make_owner().await;
    let office = Office::start(&w).await;
    let cookie = secret(&w.sign_in(EMAIL, PASSWORD).await.unwrap().cookie);
    let session = w.service.session(&cookie).await.unwrap().unwrap();
    let client = ClientInfo::default();
    office.service.change_own_email(&session, "new@example.com", &PASSWORD.into(), &client).await.unwrap();
    until("both mails", async || office.mails().len() == 2).await;
    for _ in 0..6 {
        *office.post.fails.lock().unwrap() = Some(MailError::Away("it is away".to_owned()));
        let writes = office.store.write_count();
        office.service.mail_own_code(&session).await.unwrap();
        until("it is given back", async || office.store.write_count() == writes + 2).await;
    }
    office.service.mail_own_code(&session).await.unwrap();
    let code = office.code("new@example.com", 2).await;
    office.service.confirm_own_email(&session, &code, &client).await.unwrap();
}

/// One that is mistyped is somebody else's.
async fn no_reset_link_goes_to_a_new_e_mail_before_its_person_typed_the_code(w: World) {
    const CHANGED: &str = "new@example.com";
    w.make_owner().await;
    with_role(&w, Role::Admin, "ada@example.com", Vec::new()).await;
    let office = Office::start(&w).await;
    let session = async |email: &str| {
        let cookie = secret(&w.sign_in(email, PASSWORD).await.unwrap().cookie);
        w.service.session(&cookie).await.unwrap().unwrap()
    };
    let (own, of_ada, client) = (session(EMAIL).await, session("ada@example.com").await, ClientInfo::default());
    office.service.change_own_email(&own, CHANGED, &PASSWORD.into(), &client).await.unwrap();
    let first = office.code(CHANGED, 1).await;
    assert!(office.service.is_own_email_doubted(&own).await.unwrap());
    assert!(!office.service.is_own_email_doubted(&of_ada).await.unwrap());
    // The same work as for an e-mail of nobody, and no mail.
    for _ in 0..3 {
        office.asked(CHANGED, "203.0.113.9", 2).await;
    }

    office.service.mail_own_code(&own).await.unwrap();
    let second = office.code(CHANGED, 2).await;
    let confirm = async |session: &Session, code: &str| office.service.confirm_own_email(session, code, &client).await;
    // Ada's is not in doubt, and her try uses nothing up.
    w.no_event(confirm(&of_ada, &second)).await.unwrap();
    for code in ["", "123456", &*first] {
        let Refusal::Invalid(errors) = refusal(w.no_event(confirm(&own, code)).await) else { panic!("{code}") };
        assert_eq!(errors.of(Field::Code).count(), 1, "{code}");
    }
    assert_eq!(confirmed_since(&w, CHANGED).await, None);
    w.one_event(Action::AccountEdited, confirm(&own, &second.to_lowercase())).await.unwrap();
    assert_eq!(confirmed_since(&w, CHANGED).await, Some(w.service.now()));
    assert!(!office.service.is_own_email_doubted(&own).await.unwrap());
    w.no_event(confirm(&own, &second)).await.unwrap();

    let mails = office.mails().len();
    office.asked(CHANGED, "203.0.113.9", 2).await;
    until("the link", async || office.mails().len() > mails).await;
    let links = office.mails().into_iter().filter(|(_, text)| text.contains("/reset/")).count();
    assert_eq!(links, 1, "there was none before");
    // Nothing is left to confirm, so nothing is mailed.
    let writes = office.store.write_count();
    office.service.mail_own_code(&own).await.unwrap();
    assert_eq!(office.store.write_count(), writes);
}

async fn a_code_is_for_one_e_mail_and_five_are_mailed_in_an_hour(w: World) {
    w.make_owner().await;
    let office = Office::start(&w).await;
    let cookie = secret(&w.sign_in(EMAIL, PASSWORD).await.unwrap().cookie);
    let session = w.service.session(&cookie).await.unwrap().unwrap();
    let client = ClientInfo::default();
    let mut codes = Vec::new();
    for n in 0..5 {
        let email = format!("{n}@example.com");
        let here = w.service.session(&cookie).await.unwrap().unwrap();
        office.service.change_own_email(&here, &email, &PASSWORD.into(), &client).await.unwrap();
        codes.push(office.code(&email, 1).await);
    }
    assert_eq!(refusal(office.service.mail_own_code(&session).await), Refusal::Wait { seconds: 3_600 });
    let here = w.service.session(&cookie).await.unwrap().unwrap();
    // The change counts, also where no code follows it; and no earlier code is for this one.
    office.service.change_own_email(&here, "last@example.com", &PASSWORD.into(), &client).await.unwrap();
    for code in &codes {
        office.service.confirm_own_email(&session, code, &client).await.unwrap_err();
    }
    w.clock.advance(Millis::hours(1));
    office.service.mail_own_code(&session).await.unwrap();
    let code = office.code("last@example.com", 1).await;
    w.clock.advance(Millis::hours(24));
    office.service.confirm_own_email(&session, &code, &client).await.unwrap_err();
}

async fn whoever_is_kept_out_cannot_use_it(w: World) {
    w.make_owner().await;
    let id = with_role(&w, Role::Admin, "out@example.com", Vec::new()).await;
    let office = Office::start(&w).await;
    office.asked("out@example.com", "203.0.113.9", 2).await;
    let token = office.token(0).await;
    assert!(office.opens(&token).await);
    w.service.disable_person(owner(), &id).await.unwrap();
    assert!(!office.opens(&token).await);
    let reset = office.service.reset_password(&token, &NEW.into(), &ClientInfo::default()).await;
    assert_eq!(refusal(reset), Refusal::LinkInvalid);
}

async fn where_no_mail_is_sent_nobody_asks(w: World) {
    w.make_owner().await;
    let client = ClientInfo::default();
    let asked = w.service.ask_for_reset(EMAIL, SITE, &client);
    assert_eq!(refusal(w.no_change(asked).await), Refusal::NotFound);
}

on_both!(
    a_mailed_link_sets_a_password_once,
    whoever_has_the_e_mail_the_answer_and_the_work_are_the_same,
    what_strangers_invent_does_not_flood_the_record,
    an_e_mail_gets_three_mails_an_hour,
    a_source_asks_thirty_times_an_hour,
    a_mail_that_was_not_sent_uses_up_none_of_three,
    who_asks_replaces_no_link_of_an_owner_and_a_password_ends_both,
    another_e_mail_ends_the_link_that_went_to_the_old_one,
    another_e_mail_is_told_to_the_old_one,
    a_code_that_was_not_mailed_uses_up_none_of_five,
    no_reset_link_goes_to_a_new_e_mail_before_its_person_typed_the_code,
    a_code_is_for_one_e_mail_and_five_are_mailed_in_an_hour,
    whoever_is_kept_out_cannot_use_it,
    where_no_mail_is_sent_nobody_asks,
);
