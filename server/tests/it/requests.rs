//! Approval through the console: who asks gets a request in place of a key, somebody else decides, and the secret is in the
//! asker's answer and nowhere else.

use domain::invite::InviteDraft;
use domain::role::Role;
use secrecy::ExposeSecret;
use service::ClientInfo;
use service::invites::Acceptance;
use service::sign_in::SignIn;

use crate::mailbox::{MailBox, free_port};
use crate::support::{Answer, Call, EMAIL, PASSWORD, Product, Settings, names_a_key, operator, session_of, text};

const ADMIN: &str = "admin@example.com";

/// The product with an owner and an admin, in which a second person approves Service keys.
struct Office {
    product: Product,
    owner: String,
    admin: String,
}

impl Office {
    async fn with(settings: Settings) -> Self {
        let product = Product::with(settings).await;
        let owner = product.sign_in().await;
        let draft = InviteDraft {
            first_name: "Ada".to_owned(),
            email: ADMIN.to_owned(),
            role: Role::Admin.as_str().to_owned(),
            ..InviteDraft::default()
        };
        let invited = product.service.invite(&operator(), &draft).await.unwrap();
        let sent = Acceptance { name: "Ada".to_owned(), password: PASSWORD.into() };
        product.service.accept_invite(invited.token.expose_secret(), sent, &ClientInfo::default()).await.unwrap();
        let sign_in = SignIn { email: ADMIN.to_owned(), password: PASSWORD.into() };
        let admin = session_of(product.service.sign_in(sign_in, &ClientInfo::default()).await.unwrap());
        let office = Self { product, owner, admin };
        let saved = office.post("/settings/approval", &office.owner, "approval_kinds=service").await;
        assert!(saved.status == 200 && saved.body.contains("Saved."), "{}", saved.body);
        office
    }

    async fn start() -> Self {
        Self::with(Settings::default()).await
    }

    async fn post(&self, path: &str, session: &str, form: &str) -> Answer {
        self.product.send(Call::post(path).cookie(session).same_origin().form(form.to_owned())).await
    }

    async fn get(&self, path: &str, session: &str) -> Answer {
        self.product.send(Call::get(path).cookie(session)).await
    }

    /// Asks as the admin, and gives the address of the request.
    async fn ask(&self, name: &str) -> String {
        self.ask_in("", name).await
    }

    /// Asks for a key of this app; empty for the only one.
    async fn ask_in(&self, app: &str, name: &str) -> String {
        let form_id = self.product.service.new_form_id().unwrap();
        let form = format!("step=ask&kind=service&name={name}&app={app}&form_id={form_id}&reason=For+the+auditors");
        let asked = self.post("/keys/new", &self.admin, &form).await;
        assert_eq!(asked.status, 303, "{}", asked.body);
        let to = asked.header("location").to_owned();
        assert!(to.starts_with("/requests/") && to.len() == "/requests/".len() + 12, "{to}");
        to
    }
}

/// The secret on a page.
fn secret(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let found = answer.body.split("id=\"secret\"").nth(1).unwrap_or_else(|| panic!("no secret: {}", answer.body));
    found.split(['>', '<']).nth(1).unwrap().to_owned()
}

#[tokio::test]
async fn the_asker_gets_the_key_and_whoever_approved_it_never_sees_it() {
    let office = Office::start().await;
    let form_id = office.product.service.new_form_id().unwrap();
    let key = format!("kind=service&name=Nightly&permissions=invoices.read&form_id={form_id}");
    // Even whoever presses the button of an earlier page is asked why.
    for step in ["summary", "generate"] {
        let answer = office.post("/keys/new", &office.admin, &format!("step={step}&{key}")).await;
        let summary = office.get(answer.header("location"), &office.admin).await;
        assert!(summary.body.contains("Ask for the key") && summary.body.contains("its kind is Service"), "{step}");
        assert!(!summary.body.contains("Generate Token") && !summary.body.contains("Let somebody else collect it"));
    }
    let refused = office.post("/keys/new", &office.admin, &format!("step=ask&{key}&reason=+")).await;
    assert!(refused.status == 422 && refused.body.contains("Enter why the key is needed."), "{}", refused.body);
    let long = "x".repeat(501);
    let refused = office.post("/keys/new", &office.admin, &format!("step=ask&{key}&reason={long}")).await;
    assert!(refused.status == 422 && refused.body.contains(&long), "what was typed stays");
    let handed = format!("{key}&recipient=Grace&link_life=1d");
    assert_eq!(office.post("/keys/handovers/new", &office.admin, &handed).await.status, 409);

    let asked = format!("step=ask&{key}&reason=For+the+%3Cb%3Eauditors");
    let answer = office.post("/keys/new", &office.admin, &asked).await;
    let page = answer.header("location").to_owned();
    let again = office.post("/keys/new", &office.admin, &asked).await;
    assert_eq!(again.header("location"), page, "one form makes one request");
    let id = page.rsplit('/').next().unwrap();
    let menu = text(&office.get("/", &office.owner).await.body);
    assert!(menu.contains("Requests 1 waiting"), "{menu}");
    assert!(!text(&office.get("/", &office.admin).await.body).contains("Requests 1 waiting"));
    for path in ["/requests", page.as_str()] {
        let seen = office.get(path, &office.owner).await;
        assert!(seen.body.contains("For the &lt;b&gt;auditors"), "{}", seen.body);
        for words in ["Nightly", "invoices.read", ADMIN, "Approve", "Decline"] {
            assert!(seen.body.contains(words), "{path} {words}");
        }
        let own = office.get(path, &office.admin).await;
        assert!(own.body.contains("Withdraw…") && !own.body.contains("/approve"), "{}", own.body);
    }
    let collect = format!("{page}/collect");
    assert_eq!(office.get(&collect, &office.admin).await.status, 409);

    let own = office.post(&format!("{page}/approve"), &office.admin, "").await;
    assert!(own.status == 409 && own.body.contains("Somebody else must decide"), "{}", own.body);
    let long = office.post(&format!("{page}/approve"), &office.owner, &format!("note={}", "x".repeat(501))).await;
    assert_eq!(long.status, 422);
    let approved = office.post(&format!("{page}/approve"), &office.owner, "note=Keep+it+short.").await;
    assert_eq!((approved.status.as_u16(), approved.header("location")), (303, "/requests"));
    let late = office.post(&format!("{page}/decline"), &office.owner, "").await;
    assert!(late.status == 409 && late.body.contains("was decided or withdrawn meanwhile"), "{}", late.body);

    let ready = office.get(&page, &office.admin).await;
    assert!(ready.body.contains("Collect your key") && ready.body.contains("Keep it short."), "{}", ready.body);
    assert!(text(&office.get("/requests?show=approved", &office.admin).await.body).contains("Collect your key"));
    assert_eq!(office.get(&collect, &office.owner).await.status, 404);
    assert_eq!(office.post(&collect, &office.owner, "").await.status, 404);
    let before = office.get(&collect, &office.admin).await;
    assert!(before.body.contains("Show me the key") && !names_a_key(&before.body), "{}", before.body);
    let shown = office.post(&collect, &office.admin, "").await;
    let token = secret(&shown);
    assert!(token.starts_with(&format!("ks_{id}_")), "{token}");
    assert_eq!(shown.header("cache-control"), "no-store");
    let again = office.post(&collect, &office.admin, "").await;
    assert!(again.status == 409 && !again.body.contains(&token));
    assert!(again.body.contains("You have collected this key") && again.body.contains(&format!("\"/keys/{id}\"")));
    let stored = office.post(&format!("/keys/{id}/acknowledge"), &office.admin, "acknowledged=yes").await;
    assert_eq!(stored.status, 303);
    let half = token.rsplit('_').next().unwrap();
    for path in ["/requests?show=ended", &page, "/audit", "/keys", &format!("/keys/{id}")] {
        let seen = office.get(path, &office.owner).await;
        assert!(seen.status == 200 && !seen.body.contains(half), "{path}");
    }
    let audit = text(&office.get(&format!("/audit?key={id}"), &office.owner).await.body);
    assert!(audit.contains(&format!("Request {id}: asked for by {ADMIN}, approved by {EMAIL}")), "{audit}");
}

#[tokio::test]
async fn many_are_decided_at_once() {
    let office = Office::start().await;
    let mut ids = Vec::new();
    for name in ["One", "Two", "Three"] {
        ids.push(office.ask(name).await.rsplit('/').next().unwrap().to_owned());
    }
    let ticked = format!("&key={}&key={}", ids[0], ids[1]);
    let list = office.get("/requests", &office.owner).await;
    assert!(ids.iter().all(|id| list.body.contains(&format!("value=\"{id}\""))), "{}", list.body);
    let page = office.get(&format!("/requests/many?act=decline{ticked}&key=000000000000"), &office.owner).await;
    let words = text(&page.body);
    assert!(words.contains("Decline 2 requests") && words.contains("1 no longer there"), "{words}");
    assert_eq!(office.get("/requests/many?act=decline", &office.owner).await.status, 422);
    assert_eq!(office.get(&format!("/requests/many?act=melt{ticked}"), &office.owner).await.status, 400);
    assert_eq!(office.post("/requests/many", &office.owner, "act=decline").await.status, 422);
    let done = office.post("/requests/many", &office.owner, &format!("act=decline&note=Not+now{ticked}")).await;
    assert_eq!((done.status.as_u16(), done.header("location")), (303, "/requests"));
    assert!(done.header("set-cookie").contains("decline.2.0"), "{}", done.header("set-cookie"));
    let again = office.post("/requests/many", &office.owner, &format!("act=approve{ticked}&key={}", ids[2])).await;
    assert!(again.header("set-cookie").contains("approve.1.2"), "{}", again.header("set-cookie"));
    // Nobody decides on their own, ticked or not.
    let own = office.ask("Four").await.rsplit('/').next().unwrap().to_owned();
    let own = office.post("/requests/many", &office.admin, &format!("act=approve&key={own}")).await;
    assert!(own.header("set-cookie").contains("approve.0.1"), "{}", own.header("set-cookie"));
}

#[tokio::test]
async fn an_approved_key_can_be_handed_over() {
    let office = Office::start().await;
    let page = office.ask("Partner").await;
    let id = page.rsplit('/').next().unwrap();
    office.post(&format!("{page}/approve"), &office.owner, "").await;
    let form = office.get(&format!("/keys/handovers/new?request={id}"), &office.admin).await;
    assert!(form.status == 200 && form.body.contains("Partner"), "{}", form.body);
    assert_eq!(office.get(&format!("/keys/handovers/new?request={id}"), &office.owner).await.status, 404);
    let form_id = office.product.service.new_form_id().unwrap();
    let form = format!("kind=service&name=Other&form_id={form_id}&recipient=Grace&link_life=1d&request={id}");
    let made = office.post("/keys/handovers/new", &office.admin, &form).await;
    assert!(made.status == 200 && made.body.contains("/collect/") && made.body.contains("Partner"), "{}", made.body);
    let link = made.body.split("id=\"link\"").nth(1).unwrap().split(['>', '<']).nth(1).unwrap().to_owned();
    let path = link.strip_prefix("http://localhost:3000").unwrap();
    let shown = office.product.send(Call::post(path).same_origin().form("")).await;
    assert!(secret(&shown).starts_with(&format!("ks_{id}_")));
    assert_eq!(office.post(&format!("{page}/collect"), &office.admin, "").await.status, 409);
}

#[tokio::test]
async fn requests_name_their_app_and_follow_the_choice() {
    let office = Office::start().await;
    let (service, default) = (&office.product.service, office.product.service.default_app().to_string());
    let alone = office.ask("Alone").await;
    for path in ["/requests", &alone, &format!("{alone}/approve")] {
        assert!(!text(&office.get(path, &office.owner).await.body).contains("Default"), "{path}");
    }
    let shop = service.create_app(&operator(), "Web shop").await.unwrap().id;
    let page = office.ask_in(shop.as_str(), "Checkout").await;
    let id = page.rsplit('/').next().unwrap();
    let list = text(&office.get("/requests", &office.owner).await.body);
    assert!(list.contains("Web shop : Service") || list.contains("Web shop: Service"), "{list}");
    assert!(list.contains("Default : Service") || list.contains("Default: Service"), "{list}");
    for path in [page.clone(), format!("{page}/approve"), format!("/requests/many?act=approve&key={id}")] {
        let seen = office.get(&path, &office.owner).await;
        assert!(text(seen.body.split("id=\"main\"").nth(1).unwrap()).contains("Web shop"), "{path}");
    }
    let choose = async |app: &str| {
        let chosen = office.post("/apps/choose", &office.owner, &format!("app={app}&back={page}")).await;
        assert_eq!((chosen.status.as_u16(), chosen.header("location")), (303, "/requests"));
        let list = office.get("/requests", &office.owner).await.body;
        (list.contains("Alone"), list.contains("Checkout"), text(&list).contains("Only requests for keys of the app"))
    };
    assert_eq!(choose(shop.as_str()).await, (false, true, true));
    assert_eq!(choose(&default).await, (true, false, true));
    // A request is shown whatever is chosen, and the menu counts all of them.
    let other = text(&office.get(&page, &office.owner).await.body);
    assert!(other.contains("App Web shop") && other.contains("Requests 2 waiting"), "{other}");
    assert_eq!(choose("").await, (true, true, false));
    service.archive_app(&operator(), &shop).await.unwrap();
    assert!(text(&office.get(&page, &office.owner).await.body).contains("Web shop (archived)"));
}

#[tokio::test]
async fn what_is_wrong_in_the_settings_is_said_at_its_field() {
    let office = Office::start().await;
    let form = "approval_kinds=client&approval_permissions=ok.*%0ANot+one&approval_no_expiry=yes";
    let refused = office.post("/settings/approval", &office.owner, form).await;
    assert_eq!(refused.status, 422);
    for words in ["Line 2", "Not one", "value=\"client\" checked"] {
        assert!(refused.body.contains(words), "{words}: {}", refused.body);
    }
    let saved = office.post("/settings/approval", &office.owner, "approval_permissions=keystead.*").await;
    assert!(saved.status == 200 && saved.body.contains("keystead.*"), "{}", saved.body);
    let audit = text(&office.get("/audit", &office.owner).await.body);
    assert!(audit.contains("Keys with these permissions: “keystead.*”"), "{audit}");
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_decide_and_whoever_asked_are_mailed() {
    let mailbox = MailBox::start();
    let office = Office::with(Settings { smtp_url: Some(mailbox.url()), ..Settings::default() }).await;
    let page = office.ask("Nightly").await;
    let mails = mailbox.after(1).await;
    let address = format!("http://localhost:3000{page}");
    let to = format!("To: {EMAIL}");
    for part in [to.as_str(), "Subject: A key waits for your approval", ADMIN, "Nightly", "For the auditors", &address]
    {
        assert!(mails[0].contains(part), "{part}: {}", mails[0]);
    }
    // Who was just told is not told of the next one.
    let other = office.ask("Weekly").await;
    office.post(&format!("{page}/approve"), &office.owner, "note=Keep+it+short.").await;
    let mails = mailbox.after(2).await;
    assert_eq!(mails.len(), 2);
    let mail = mails.iter().find(|mail| mail.contains("Your request was decided")).unwrap();
    let to = format!("To: {ADMIN}");
    for part in [to.as_str(), EMAIL, "has approved your request for the key Nightly", "Keep it short."] {
        assert!(mail.contains(part), "{part}: {mail}");
    }
    let ids: Vec<_> = [&page, &other].iter().map(|page| page.rsplit('/').next().unwrap().to_owned()).collect();
    office.post("/requests/many", &office.owner, &format!("act=decline&key={}", ids[1])).await;
    let mails = mailbox.after(3).await;
    assert!(mails.iter().any(|mail| mail.contains("has declined your request for the key Weekly")));
    let shown = office.post(&format!("{page}/collect"), &office.admin, "").await;
    let token = secret(&shown);
    assert!(mailbox.mails().iter().all(|mail| !mail.contains(token.rsplit('_').next().unwrap())));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_is_away_keeps_nobody_waiting() {
    let url = format!("smtp://127.0.0.1:{}?from=keystead@example.com", free_port());
    let office = Office::with(Settings { smtp_url: Some(url), ..Settings::default() }).await;
    let page = office.ask("Nightly").await;
    let approved = office.post(&format!("{page}/approve"), &office.owner, "").await;
    assert_eq!(approved.status, 303);
}

#[tokio::test]
async fn times_are_shown_in_the_chosen_zone() {
    let office = Office::start().await;
    let page = office.ask("Nightly").await;
    let plain = office.get(&page, &office.admin).await;
    assert!(plain.body.contains(" UTC<") && !plain.body.contains("data-zoned"), "{}", plain.body);
    for wrong in ["Europe/Atlantis", "../etc", "%00", "+02:00"] {
        let refused = office.post("/account/time-zone", &office.admin, &format!("time_zone={wrong}")).await;
        assert!(refused.status == 422 && refused.body.contains("Choose a zone of the list."), "{wrong}");
    }
    let saved = office.post("/account/time-zone", &office.admin, "time_zone=Asia%2FKolkata").await;
    assert_eq!((saved.status.as_u16(), saved.header("location")), (303, "/account"));
    for path in [page.as_str(), "/audit", "/account", "/requests"] {
        let zoned = office.get(path, &office.admin).await;
        let shown = zoned.body.contains(" IST<") || zoned.body.contains(" IST\"");
        assert!(shown && !zoned.body.contains(" UTC<") && !zoned.body.contains(" UTC\""), "{path}: {}", zoned.body);
        assert!(!office.get(path, &office.owner).await.body.contains(" IST<"), "{path}");
    }
    assert!(office.get("/account", &office.admin).await.body.contains("value=\"Asia/Kolkata\" selected"));
    let back = office.post("/account/time-zone", &office.admin, "time_zone=").await;
    assert_eq!(back.status, 303);
    assert!(office.get(&page, &office.admin).await.body.contains(" UTC<"));
}
