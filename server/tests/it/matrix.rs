//! Every page, form, file and server function, for every role and for nobody, about what they may see, what is out of
//! their sight and what is gone. A route without a row fails the test.

use std::collections::BTreeSet;

use app::desk::mount::{file_paths, form_paths, page_paths, provider_paths};
use domain::approval::ApprovalRules;
use domain::contact::ContactDraft;
use domain::delivery::DeliveryQuery;
use domain::draft::KeyDraft;
use domain::grant::{KeyAct, KeyGrant};
use domain::hand_over::HandOverDraft;
use domain::ids::{AppId, ContactId, DeliveryId, EventId, IntegrationId, KeyId, PersonId, RoomId, WebhookId};
use domain::integration::{Integration, IntegrationKind, IntegrationQuery};
use domain::invite::InviteDraft;
use domain::request::Decision;
use domain::role::Role;
use domain::room::{RoomKind, RoomRules};
use domain::webhook::WebhookRules;
use leptos::server_fn::axum::server_fn_paths;
use secrecy::ExposeSecret;
use service::chat::rooms::NewRoom;
use service::integrations::NewIntegration;
use service::invites::Acceptance;
use service::keys::HandOverForm;
use service::sign_in::SignIn;
use service::{Caller, ClientInfo};

use crate::matrix_rows::{About, COLUMNS, FILES, FORMS, FUNCTIONS, PAGES, PROVIDERS, Row};
use crate::support::{Answer, Call, Product, operator, service_key, session_of};

struct Matrix {
    product: Product,
    /// The session of each role, in their order.
    sessions: Vec<String>,
    guest: PersonId,
    made: usize,
}

impl Matrix {
    async fn start() -> Self {
        let product = Product::start().await;
        let mut matrix = Self { product, sessions: Vec::new(), guest: PersonId::from_random([0; 12]), made: 0 };
        for role in Role::ALL {
            let (id, email) = matrix.person(*role).await;
            if *role == Role::Guest {
                matrix.guest = id;
            }
            let sign_in = SignIn { email, password: crate::support::PASSWORD.into() };
            let entry = matrix.product.service.sign_in(sign_in, &ClientInfo::default()).await.unwrap();
            matrix.sessions.push(session_of(entry));
        }
        let rules = ApprovalRules::read(&["client".to_owned()], &[], false).unwrap();
        matrix.product.service.set_approval_rules(&operator(), &rules).await.unwrap();
        matrix
    }

    async fn invited(&mut self, role: Role) -> service::invites::Invited {
        self.made += 1;
        let keys = if role == Role::Guest { vec![KeyGrant::new(self.key("service").await, &[])] } else { Vec::new() };
        let draft = InviteDraft {
            first_name: "Ada".to_owned(),
            email: format!("{}@example.com", self.made),
            role: role.as_str().to_owned(),
            keys,
            ..InviteDraft::default()
        };
        self.product.service.invite(&operator(), &draft).await.unwrap()
    }

    async fn person(&mut self, role: Role) -> (PersonId, String) {
        let invited = self.invited(role).await;
        let sent = Acceptance { name: "Ada".to_owned(), password: crate::support::PASSWORD.into() };
        let (token, client) = (invited.token.expose_secret(), ClientInfo::default());
        let person = self.product.service.accept_invite(token, sent, &client).await.unwrap();
        (*person.id(), person.email().to_owned())
    }

    async fn key(&self, kind: &str) -> KeyId {
        let draft = KeyDraft { kind: Some(kind.to_owned()), ..service_key("Key") };
        self.product.issue(draft).await.key.row.id
    }

    /// The owner as a caller.
    async fn owner(&self) -> Caller {
        self.caller(0).await
    }

    async fn caller(&self, column: usize) -> Caller {
        self.product.service.session(&self.sessions[column]).await.unwrap().unwrap().caller(None)
    }

    /// What the owner asks for.
    async fn requested(&self) -> KeyId {
        let (service, owner) = (&self.product.service, self.owner().await);
        let key = KeyDraft { kind: Some("client".to_owned()), ..service_key("Asked for") };
        let form_id = service.new_form_id().unwrap();
        let asked = service.request_key(&owner, service.default_app(), &key, &form_id, "Why").await.unwrap();
        asked.unwrap().request.key
    }

    async fn room(&self, kind: RoomKind) -> String {
        let rules = RoomRules::checked("Lobby", None, None, None).unwrap();
        let new = NewRoom { kind, rules, password: None, creator: None, contacts: Vec::new() };
        let service = &self.product.service;
        service.create_room(&operator(), service.default_app(), new).await.unwrap().id.to_string()
    }

    /// An integration of this kind, with a webhook that is told of new chats.
    async fn integration(&self, kind: IntegrationKind) -> Integration {
        let rules =
            WebhookRules::checked("https://hooks.example.com/a", &["conversation:create"], false, false).unwrap();
        let new = NewIntegration { kind, name: Some("Desk".to_owned()), extra: String::new(), webhooks: vec![rules] };
        let service = &self.product.service;
        service.create_integration(&operator(), service.default_app(), new).await.unwrap().0
    }

    /// What a webhook is told.
    async fn delivery(&self) -> (IntegrationId, DeliveryId) {
        let told = self.integration(IntegrationKind::Custom).await.id;
        self.room(RoomKind::Chat).await;
        let query = DeliveryQuery::default();
        (told, self.product.service.deliveries(&operator(), &told, &query).await.unwrap().rows[0].id)
    }

    /// What a program reports.
    async fn event(&self) -> (IntegrationId, String) {
        let token = self.product.token(KeyDraft { kind: Some("telephony".to_owned()), ..service_key("Reports") }).await;
        let call = Call::post("/events/telephony").bearer(&token);
        let answer = self.product.send(call.json(r#"{"event":"On Ring","crmId":"example.zendesk.com"}"#)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let query = IntegrationQuery { kinds: vec![IntegrationKind::Telephony], ..IntegrationQuery::default() };
        let (service, caller) = (&self.product.service, operator());
        let found = service.integrations(&caller, service.default_app(), &query).await.unwrap();
        (found.rows[0].id, answer.json()["eventId"].as_str().unwrap().to_owned())
    }

    async fn handed_over(&self, owner: &Caller) -> KeyId {
        let to = HandOverDraft { recipient: "Grace".to_owned(), life: "1d".to_owned(), ..HandOverDraft::default() };
        let (service, key) = (&self.product.service, service_key("Handed over"));
        let form_id = service.new_form_id().unwrap();
        let form = HandOverForm { key: &key, form_id: &form_id, to: &to, request: None, passphrase: &"".into() };
        service.hand_over(owner, service.default_app(), &form).await.unwrap().hand_over.key
    }

    /// The form of a draft that whoever asks has saved, if they may.
    async fn draft(&self, column: usize) -> String {
        let (service, form_id) = (&self.product.service, self.product.service.new_form_id().unwrap());
        if let Some(session) = self.sessions.get(column) {
            let caller = service.session(session).await.unwrap().unwrap().caller(None);
            // Refused for those who make no keys.
            let _ = service.save_draft(&caller, &form_id, None, &service_key("Draft")).await;
        }
        form_id
    }

    /// What a route is about: in sight, out of the sight of some, and gone.
    async fn objects(&mut self, about: About) -> Vec<String> {
        let service = self.product.service.clone();
        match about {
            About::Nothing => vec![String::new()],
            About::Key => {
                let (seen, hidden, gone) =
                    (self.key("service").await, self.key("master_user").await, self.key("service").await);
                let grant = [KeyGrant::new(seen, KeyAct::ALL)];
                service.set_grants(&operator(), &self.guest, &grant, "").await.unwrap();
                service.delete(&operator(), &gone, "Key").await.unwrap();
                [seen, hidden, gone].map(|id| id.to_string()).to_vec()
            }
            About::HandOver => {
                let owner = self.owner().await;
                let (waits, gone) = (self.handed_over(&owner).await, self.handed_over(&owner).await);
                service.withdraw_hand_over(&owner, &gone).await.unwrap();
                [waits, gone].map(|id| id.to_string()).to_vec()
            }
            About::App => {
                let name = service.new_form_id().unwrap();
                let used = service.create_app(&operator(), &name).await.unwrap().id;
                [used, AppId::from_random([9; 12])].map(|id| id.to_string()).to_vec()
            }
            About::Room => vec![self.room(RoomKind::Room).await, RoomId::from_random([9; 12]).to_string()],
            About::Chat => vec![self.room(RoomKind::Chat).await, RoomId::from_random([9; 12]).to_string()],
            About::Contact => {
                let draft = ContactDraft { first_name: "Ada".to_owned(), ..ContactDraft::default() };
                let contact = service.create_contact(&operator(), service.default_app(), &draft).await.unwrap();
                vec![contact.id.to_string(), ContactId::from_random([9; 12]).to_string()]
            }
            About::Integration => {
                let made = self.integration(IntegrationKind::Custom).await.id;
                [made, IntegrationId::from_random([9; 12])].map(|id| id.to_string()).to_vec()
            }
            About::Webhook => {
                let made = self.integration(IntegrationKind::Whatsapp).await;
                let webhook = made.webhooks[0].id;
                [webhook, WebhookId::from_random([9; 12])].map(|webhook| format!("{} {webhook}", made.id)).to_vec()
            }
            About::Delivery => {
                let (told, delivery) = self.delivery().await;
                [delivery, DeliveryId::from_random([9; 12])].map(|delivery| format!("{told} {delivery}")).to_vec()
            }
            About::Event => {
                let (integration, event) = self.event().await;
                let none = EventId::from_random([9; 12]).to_string();
                [event, none].map(|event| format!("{integration} {event}")).to_vec()
            }
            About::Request => {
                let (waits, approved) = (self.requested().await, self.requested().await);
                let admin = self.caller(1).await;
                service.decide_request(&admin, &approved, Decision::Approve, "").await.unwrap();
                [waits, approved, KeyId::from_random([1; 16])].map(|id| id.to_string()).to_vec()
            }
            About::Person => {
                let mut ids = Vec::new();
                for role in [Role::Guest, Role::Admin, Role::Guest] {
                    ids.push(self.person(role).await.0);
                }
                service.remove_person(&operator(), &ids[2]).await.unwrap();
                ids.iter().map(ToString::to_string).collect()
            }
            About::Invite => {
                let mut ids = Vec::new();
                for role in [Role::Guest, Role::Admin, Role::Guest] {
                    ids.push(self.invited(role).await.invite.id);
                }
                service.revoke_invite(&operator(), &ids[2]).await.unwrap();
                ids.iter().map(ToString::to_string).collect()
            }
        }
    }

    /// The number of the newest event. Whatever is refused adds none.
    async fn events(&self) -> i64 {
        let query = domain::audit_query::AuditQuery::default();
        self.product.service.audit(&operator(), &query).await.unwrap().rows.first().map_or(0, |row| row.seq)
    }

    /// What is sent, by whoever has this column, about this.
    async fn body(&self, body: &str, id: &str, column: usize) -> String {
        let form = self.product.service.new_form_id().unwrap();
        let body = body.replace("{id}", id).replace("FORM", &form);
        let body = if body.contains("DRAFT") { body.replace("DRAFT", &self.draft(column).await) } else { body };
        if body.contains("KEY") { body.replace("KEY", self.key("service").await.as_str()) } else { body }
    }

    /// The words of a row as they are.
    async fn ask(&mut self, (route, about, body, _): &Row, call: fn(&str, &str) -> Call) -> Vec<String> {
        let mut words = Vec::new();
        for column in 0..COLUMNS {
            let mut word = String::new();
            for id in self.objects(*about).await {
                let body = self.body(body, &id, column).await;
                let call = call(&path(route, &id), &body);
                let call = match self.sessions.get(column) {
                    // The sessions have to outlive this one.
                    Some(session) if *route != "/logout" => call.cookie(session),
                    _ => call,
                };
                let before = self.events().await;
                let answer = self.product.send(call.same_origin()).await;
                let letter = letter(&answer);
                if letter != '+' {
                    assert_eq!(self.events().await, before, "{route} refused column {column} and did something");
                }
                word.push(letter);
            }
            words.push(word);
        }
        words
    }
}

fn path(route: &str, id: &str) -> String {
    // Of what is a part of something else, both are named.
    let (id, part) = id.split_once(' ').unwrap_or((id, ""));
    route
        .replace("{webhook}", part)
        .replace("{delivery}", part)
        .replace("{event}", part)
        .replace("{id}", id)
        .replace("{page}", "console")
        .replace("{token}", &"0".repeat(64))
        .replace("{provider}", "corp")
}

fn letter(answer: &Answer) -> char {
    match answer.status.as_u16() {
        303 if answer.header("location").starts_with("/login?next") || answer.header("location") == "/login" => 's',
        401 => 's',
        403 => 'f',
        404 => 'n',
        status if status >= 500 => panic!("{status}: {}", answer.body),
        _ => '+',
    }
}

fn get(path: &str, query: &str) -> Call {
    Call::get(&format!("{path}?{query}"))
}

fn form(path: &str, body: &str) -> Call {
    Call::post(path).form(body.to_owned())
}

fn function(path: &str, body: &str) -> Call {
    Call::post(path).json(body.to_owned())
}

#[test]
fn every_route_has_a_row() {
    let of = |rows: &[Row]| rows.iter().map(|(route, ..)| (*route).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(of(PAGES), page_paths().into_iter().collect());
    assert_eq!(of(FORMS), form_paths().into_iter().map(str::to_owned).collect());
    assert_eq!(of(FILES), file_paths().into_iter().map(str::to_owned).collect());
    assert_eq!(of(PROVIDERS), provider_paths().into_iter().map(str::to_owned).collect());
    assert_eq!(of(FUNCTIONS), server_fn_paths().map(|(path, _)| path.to_owned()).collect());
}

async fn rows_hold(rows: &[Row], call: fn(&str, &str) -> Call) {
    let mut matrix = Matrix::start().await;
    let mut wrong = Vec::new();
    for row in rows {
        let found = matrix.ask(row, call).await;
        if found != row.3 {
            wrong.push(format!("{} is {found:?}, not {:?}", row.0, row.3));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn each_page_is_for_those_who_may_see_it() {
    rows_hold(PAGES, get).await;
}

#[tokio::test]
async fn each_form_is_for_those_who_may_send_it() {
    rows_hold(FORMS, form).await;
}

#[tokio::test]
async fn each_file_and_server_function_is_for_those_who_may_ask() {
    rows_hold(FILES, get).await;
    rows_hold(PROVIDERS, get).await;
    rows_hold(FUNCTIONS, function).await;
}

/// Whatever is of another app is for a limited admin as if it were gone, or never was, and nothing comes of asking.
#[tokio::test]
async fn what_is_of_another_app_is_as_good_as_gone() {
    let mut matrix = Matrix::start().await;
    let (id, email) = matrix.person(Role::Admin).await;
    let service = matrix.product.service.clone();
    let app = service.create_app(&operator(), "Elsewhere").await.unwrap();
    service.set_person_apps(&operator(), &id, &[app.id]).await.unwrap();
    let sign_in = SignIn { email, password: crate::support::PASSWORD.into() };
    let session = session_of(service.sign_in(sign_in, &ClientInfo::default()).await.unwrap());
    let mut asked = 0;
    let mut wrong = Vec::new();
    for (rows, call) in [(PAGES, get as fn(&str, &str) -> Call), (FORMS, form)] {
        for (route, about, body, [_, of_admin, ..]) in rows.iter().filter(|row| row.1 != About::Nothing) {
            let foreign = matrix.objects(*about).await.swap_remove(0);
            let body = matrix.body(body, &foreign, 1).await;
            let before = matrix.events().await;
            let answer = matrix.product.send(call(&path(route, &foreign), &body).cookie(&session).same_origin()).await;
            let events = matrix.events().await - before;
            asked += 1;
            let gone = letter(&answer) == 'n' || of_admin.ends_with(letter(&answer));
            if !gone || events > 0 || answer.body.contains("Handed over") {
                wrong.push(format!("{route} is {} and made {events} events", answer.status));
            }
        }
    }
    assert!(wrong.is_empty() && asked > 40, "{asked}: {}", wrong.join("\n"));
}
