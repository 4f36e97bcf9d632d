//! Integrations through the console: their forms, the secret of a webhook, their keys, what programs reported, and what was
//! delivered.

use domain::delivery::DeliveryQuery;
use domain::draft::KeyDraft;
use domain::grant::KeyGrant;
use domain::ids::IntegrationId;
use domain::integration::{IntegrationQuery, IntegrationStatus};
use domain::invite::InviteDraft;
use domain::role::Role;
use domain::room::{RoomKind, RoomRules};
use secrecy::ExposeSecret;
use service::ClientInfo;
use service::chat::rooms::NewRoom;
use service::invites::Acceptance;
use service::sign_in::SignIn;

use crate::support::{Answer, Call, PASSWORD, Product, operator, service_key, session_of, text};

const HOOK: &str = "webhook_target=https%3A%2F%2Fhooks.example.com%2Fa&triggers=conversation%3Acreate";

async fn get(product: &Product, path: &str, session: &str) -> Answer {
    product.send(Call::get(path).cookie(session)).await
}

async fn post(product: &Product, path: &str, session: &str, form: &str) -> Answer {
    product.send(Call::post(path).cookie(session).same_origin().form(form.to_owned())).await
}

/// The secret that an answer shows.
fn secret(answer: &Answer) -> String {
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (200, "no-store"), "{}", text(&answer.body));
    answer.body.split("id=\"webhook-secret\">").nth(1).unwrap().split('<').next().unwrap().to_owned()
}

/// The only integration of the default app.
async fn only(product: &Product) -> IntegrationId {
    let service = &product.service;
    let query = IntegrationQuery::default();
    service.integrations(&operator(), service.default_app(), &query).await.unwrap().rows[0].id
}

/// A custom integration of this name, by its address.
async fn custom(product: &Product, session: &str, name: &str) -> String {
    let shown = post(product, "/integrations/new", session, &format!("kind=custom&name={name}&{HOOK}")).await;
    secret(&shown);
    shown.body.split("data-address=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

/// An integration that has no webhook yet, by its address.
async fn channel(product: &Product, session: &str) -> String {
    let made = post(product, "/integrations/new", session, "kind=whatsapp").await;
    assert_eq!(made.status, 303, "{}", text(&made.body));
    made.header("location").to_owned()
}

async fn chat(product: &Product, name: &str) {
    let rules = RoomRules::checked(name, None, None, None).unwrap();
    let new = NewRoom { kind: RoomKind::Chat, rules, password: None, creator: None, contacts: Vec::new() };
    product.service.create_room(&operator(), product.service.default_app(), new).await.unwrap();
}

async fn report(product: &Product, token: &str, body: &str) {
    let answer = product.send(Call::post("/events/telephony").bearer(token).json(body.to_owned())).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

async fn telephony(product: &Product) -> String {
    product.token(KeyDraft { kind: Some("telephony".to_owned()), ..service_key("Media bar") }).await
}

#[tokio::test]
async fn an_integration_is_set_up_as_its_form_says() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let empty = text(&get(&product, "/integrations", &session).await.body);
    assert!(empty.contains("No integrations yet"), "{empty}");
    for (form, words) in [
        ("kind=", "Choose a kind."),
        ("kind=telephony", "Choose a kind."),
        ("kind=custom&webhook_target=ftp%3A%2F%2Fa&triggers=event", "Enter an address like"),
        ("kind=custom&webhook_target=https%3A%2F%2Fa.example", "Choose at least one trigger."),
        ("kind=whatsapp&triggers=event", "Enter an address like"),
        ("kind=whatsapp&webhook_target=https%3A%2F%2Fa.example&triggers=conversation%3Amelt", "is no trigger"),
    ] {
        let wrong = post(&product, "/integrations/new", &session, form).await;
        assert!(wrong.status == 422 && wrong.body.contains(words), "{form}: {} {}", wrong.status, text(&wrong.body));
    }
    let wrong = post(&product, "/integrations/new", &session, "kind=custom&name=Desk&triggers=event").await;
    assert!(wrong.body.contains("value=\"Desk\"") && wrong.body.contains("value=\"event\" checked"), "{}", wrong.body);
    let shown = post(&product, "/integrations/new", &session, &format!("kind=custom&name=Desk&{HOOK}")).await;
    let secret = secret(&shown);
    assert!(secret.len() >= 32 && shown.body.contains("https://hooks.example.com/a"), "{}", shown.body);
    let page = format!("/integrations/{}", only(&product).await);
    for path in ["/integrations", &page, &format!("{page}/edit"), "/audit"] {
        let answer = get(&product, path, &session).await;
        assert!(answer.status == 200 && !answer.body.contains(&secret), "{path}");
        assert!(text(&answer.body).contains("Desk"), "{path}: {}", text(&answer.body));
    }
    let facts = text(&get(&product, &page, &session).await.body);
    for words in ["Custom", "Active", "https://hooks.example.com/a", "conversation:create", "0 of 10"] {
        assert!(facts.contains(words), "{words}: {facts}");
    }
    channel(&product, &session).await;
    let found = text(&get(&product, "/integrations?kind=whatsapp", &session).await.body);
    assert!(found.contains("1 integration") && !found.contains("Desk"), "{found}");
    let none = text(&get(&product, "/integrations?q=nothing", &session).await.body);
    assert!(none.contains("No integrations here"), "{none}");
    let odd = text(&get(&product, "/integrations?kind=melted", &session).await.body);
    assert!(odd.contains("which no filter understands") && odd.contains("2 integrations"), "{odd}");
}

#[tokio::test]
async fn an_integration_is_renamed_paused_and_deleted() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let page = custom(&product, &session, "Desk").await;
    let id = IntegrationId::parse(page.rsplit('/').next().unwrap()).unwrap();
    let read = async || product.service.integration(&operator(), &id).await.unwrap();
    let long = format!("name={}&active=yes", "n".repeat(101));
    assert_eq!(post(&product, &format!("{page}/edit"), &session, &long).await.status, 422);
    assert_eq!(post(&product, &format!("{page}/edit"), &session, "name=").await.status, 303);
    let paused = read().await;
    assert_eq!((paused.name, paused.status), (None, IntegrationStatus::Inactive));
    assert!(text(&get(&product, &page, &session).await.body).contains("Inactive"));
    assert_eq!(post(&product, &format!("{page}/edit"), &session, "name=Front&active=yes").await.status, 303);
    let active = read().await;
    assert_eq!((active.name.as_deref(), active.status), (Some("Front"), IntegrationStatus::Active));
    let wrong = post(&product, &format!("{page}/delete"), &session, "confirm_name=Desk").await;
    assert!(wrong.status == 422 && wrong.body.contains("Type the name of the integration"), "{}", wrong.body);
    let gone = post(&product, &format!("{page}/delete"), &session, "confirm_name=Front").await;
    assert_eq!((gone.status.as_u16(), gone.header("location")), (303, "/integrations"));
    let answer = get(&product, &page, &session).await;
    assert!(answer.status == 404 && answer.body.contains("Integration not found"), "{}", answer.body);
}

#[tokio::test]
async fn webhooks_are_added_changed_and_removed_and_a_secret_is_shown_once() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let page = channel(&product, &session).await;
    let first = secret(&post(&product, &format!("{page}/webhooks/new"), &session, HOOK).await);
    let id = IntegrationId::parse(page.rsplit('/').next().unwrap()).unwrap();
    let webhook = product.service.integration(&operator(), &id).await.unwrap().webhooks[0].id;
    let path = |act: &str| format!("{page}/webhooks/{webhook}/{act}");
    let dialog = get(&product, &path("edit"), &session).await.body;
    assert!(dialog.contains("value=\"https://hooks.example.com/a\"") && !dialog.contains(&first), "{dialog}");
    let wrong = post(&product, &path("edit"), &session, "webhook_target=https%3A%2F%2Fb.example").await;
    assert!(wrong.status == 422 && wrong.body.contains("value=\"https://b.example\""), "{}", wrong.body);
    let form = "webhook_target=https%3A%2F%2Fb.example&triggers=event&include_full_user=yes";
    assert_eq!(post(&product, &path("edit"), &session, form).await.status, 303);
    let changed = product.service.integration(&operator(), &id).await.unwrap().webhooks[0].clone();
    assert!(changed.target == "https://b.example" && changed.include_full_user && !changed.include_full_source);
    let second = secret(&post(&product, &path("secret"), &session, "").await);
    assert_ne!(first, second);
    assert!(!get(&product, &path("secret"), &session).await.body.contains(&second));
    assert_eq!(post(&product, &path("remove"), &session, "").await.status, 303);
    let gone = get(&product, &path("secret"), &session).await;
    assert!(gone.status == 404 && gone.body.contains("Webhook not found"), "{}", gone.body);
    // One of our own systems has exactly one.
    let page = custom(&product, &session, "Desk").await;
    assert_eq!(get(&product, &format!("{page}/webhooks/new"), &session).await.status, 409);
    assert_eq!(post(&product, &format!("{page}/webhooks/new"), &session, HOOK).await.status, 409);
    let shown = get(&product, &page, &session).await.body;
    assert!(shown.contains("/secret\"") && !shown.contains("/remove\""), "{shown}");
}

/// Whoever may not see integrations reads which one a key is for, and no link leads them to a refusal.
#[tokio::test]
async fn a_guest_reads_the_integration_of_a_key_without_a_link() {
    let product = Product::start().await;
    let owner = product.sign_in().await;
    let page = custom(&product, &owner, "Desk").await;
    let id = page.rsplit('/').next().unwrap().to_owned();
    let draft = KeyDraft {
        kind: Some("integration".to_owned()),
        integration: Some(id.clone()),
        ..service_key("Key of the desk")
    };
    let key = product.issue(draft).await.key.row.id;
    let draft = InviteDraft {
        first_name: "Grace".to_owned(),
        email: "grace@example.com".to_owned(),
        role: Role::Guest.as_str().to_owned(),
        keys: vec![KeyGrant::new(key, &[])],
        ..InviteDraft::default()
    };
    let invited = product.service.invite(&operator(), &draft).await.unwrap();
    let sent = Acceptance { name: "Grace".to_owned(), password: PASSWORD.into() };
    product.service.accept_invite(invited.token.expose_secret(), sent, &ClientInfo::default()).await.unwrap();
    let sign_in = SignIn { email: "grace@example.com".to_owned(), password: PASSWORD.into() };
    let guest = session_of(product.service.sign_in(sign_in, &ClientInfo::default()).await.unwrap());
    let path = format!("/keys/{}", key.as_str());
    for (session, is_link) in [(&owner, true), (&guest, false)] {
        let shown = get(&product, &path, session).await;
        assert_eq!(shown.status, 200, "{}", text(&shown.body));
        let words = text(&shown.body);
        let named = if is_link { "Integration Desk".to_owned() } else { format!("Integration {id}") };
        assert!(words.contains(&named), "{named}: {words}");
        assert_eq!(shown.body.contains(&format!("href=\"{page}\"")), is_link);
    }
}

#[tokio::test]
async fn the_keys_of_an_integration_are_counted() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let page = custom(&product, &session, "Desk").await;
    let id = page.rsplit('/').next().unwrap().to_owned();
    for count in 1..=10 {
        let draft = KeyDraft {
            kind: Some("integration".to_owned()),
            integration: Some(id.clone()),
            ..service_key(&format!("Key {count}"))
        };
        product.issue(draft).await;
        let body = get(&product, &page, &session).await.body;
        assert!(text(&body).contains(&format!("{count} of 10")), "{}", text(&body));
        assert_eq!(body.contains(&format!("/keys/new?kind=integration&amp;integration={id}")), count < 10, "{count}");
    }
    let full = text(&get(&product, &page, &session).await.body);
    assert!(full.contains("Key 1") && full.contains("Revoke or delete one to create another."), "{full}");
}

#[tokio::test]
async fn what_programs_report_is_filtered_and_paged() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let token = telephony(&product).await;
    for n in 0..30 {
        let body = format!(r#"{{"event":"On Ring","crmId":"crm-{}.example.com","agentId":"ana","call":"{n}"}}"#, n % 2);
        report(&product, &token, &body).await;
    }
    report(&product, &token, r#"{"event":"Odd","crmId":"c.example","note":"<script>alert(1)</script>"}"#).await;
    let page = format!("/integrations/{}", only(&product).await);
    let body = get(&product, &page, &session).await.body;
    let words = text(&body);
    assert!(words.contains("31 events") && words.contains("CRM connection") && words.contains("Media bar"), "{words}");
    assert!(body.contains("rel=\"next\"") && !body.contains("/delete\""), "{body}");
    let next = body.split("rel=\"next\" href=\"").nth(1).unwrap().split('"').next().unwrap().replace("&amp;", "&");
    let second = text(&get(&product, &next, &session).await.body);
    assert!(second.contains("31 events") && !second.contains("CRM connection"), "{second}");
    let found = text(&get(&product, &format!("{page}?crm=crm-1.example.com&event=On+Ring"), &session).await.body);
    assert!(found.contains("15 events"), "{found}");
    let long = format!("event={}", "n".repeat(300));
    for filter in ["agent=nobody", "event=%00", "crm=a%0Ab", &long] {
        let none = text(&get(&product, &format!("{page}?{filter}"), &session).await.body);
        assert!(none.contains("No event matches.") && !none.contains("left out"), "{filter}: {none}");
    }
    // The field shows what was typed, but no secret, and says why nothing can have it.
    let (typed, secret) = (format!("value=\"{}on\"", "On ".repeat(40)), "S".repeat(49));
    for (filter, shown, why) in [
        (&*format!("event={}on", "On+".repeat(40)), &*typed, "Event: Enter at most 100 characters"),
        ("crm=a%0Ab", "value=\"ab\"", "CRM: Leave out line breaks"),
        ("agent=%20", "value=\" \"", "Agent: Enter more than spaces"),
        (&*format!("agent=by+{secret}"), "value=\"by \"", "Agent: Leave out the secret of the key"),
    ] {
        let body = get(&product, &format!("{page}?{filter}"), &session).await.body;
        assert!(body.contains(shown) && text(&body).contains(why) && !body.contains(&secret), "{filter}: {body}");
        assert_eq!(body.matches("aria-invalid=\"true\"").count(), 1, "{filter}: {body}");
    }
    let odd = get(&product, &format!("{page}?event=Odd"), &session).await.body;
    let event = odd.split(&format!("href=\"{page}/events/")).nth(1).unwrap().split('"').next().unwrap().to_owned();
    let shown = get(&product, &format!("{page}/events/{event}"), &session).await;
    assert!(shown.status == 200 && !shown.body.contains("<script>alert"), "{}", shown.body);
    assert!(shown.body.contains("&lt;script&gt;alert(1)"), "{}", shown.body);
    // The event of one integration is none of another.
    let other = channel(&product, &session).await;
    assert_eq!(get(&product, &format!("{other}/events/{event}"), &session).await.status, 404);
}

#[tokio::test]
async fn what_a_webhook_is_told_is_listed_and_sent_again() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let page = custom(&product, &session, "Desk").await;
    let nothing = text(&get(&product, &page, &session).await.body);
    assert!(nothing.contains("Nothing was delivered in the last 7 days."), "{nothing}");
    chat(&product, "Support <b>desk</b>").await;
    let id = IntegrationId::parse(page.rsplit('/').next().unwrap()).unwrap();
    let query = DeliveryQuery::default();
    let delivery = product.service.deliveries(&operator(), &id, &query).await.unwrap().rows[0].id;
    for path in [page.clone(), format!("{page}/deliveries")] {
        let body = get(&product, &path, &session).await.body;
        assert!(body.contains(&format!("{page}/deliveries/{delivery}")), "{path}: {}", text(&body));
    }
    let body = get(&product, &format!("{page}/deliveries/{delivery}"), &session).await.body;
    let shown = text(&body);
    let of_all = "Tries used this time 0 of 8";
    for words in
        ["A chat was created", "conversation:create", "https://hooks.example.com/a", "Support &lt;b&gt;desk", of_all]
    {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    let again = post(&product, &format!("{page}/deliveries/{delivery}"), &session, "").await;
    assert_eq!(again.status, 303, "{}", text(&again.body));
    // What was delivered to one is nothing of another.
    let other = channel(&product, &session).await;
    for call in
        [Call::get(&format!("{other}/deliveries/{delivery}")), Call::post(&format!("{other}/deliveries/{delivery}"))]
    {
        let answer = product.send(call.cookie(&session).same_origin().form(String::new())).await;
        assert_eq!(answer.status, 404, "{}", text(&answer.body));
    }
}

#[tokio::test]
async fn a_delivery_that_waits_for_the_one_before_it_says_so() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let form = format!("kind=custom&name=Desk&{HOOK}&triggers=conversation%3Amessage");
    secret(&post(&product, "/integrations/new", &session, &form).await);
    chat(&product, "Support").await;
    let chats = get(&product, "/chats", &session).await.body;
    let mut ids = chats.split("href=\"/chats/").filter_map(|rest| rest.get(..24));
    let room = ids.find(|id| id.bytes().all(|byte| byte.is_ascii_hexdigit())).unwrap();
    let written = post(&product, &format!("/chats/{room}/write"), &session, "message=Hello").await;
    assert_eq!(written.status, 303, "{}", text(&written.body));
    let id = only(&product).await;
    let rows = product.service.deliveries(&operator(), &id, &DeliveryQuery::default()).await.unwrap().rows;
    for (delivery, waits) in rows.iter().zip([true, false]) {
        let page = get(&product, &format!("/integrations/{id}/deliveries/{}", delivery.id), &session).await.body;
        assert_eq!(text(&page).contains("When the delivery before it is over"), waits, "{}", text(&page));
    }
    assert_eq!(rows.len(), 2);
}

#[tokio::test]
async fn with_several_apps_integrations_are_not_mixed() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    custom(&product, &session, "Desk").await;
    let shop = product.service.create_app(&operator(), "Web shop").await.unwrap().id;
    assert!(get(&product, "/integrations", &session).await.body.contains("Choose an app"));
    let asked = post(&product, "/integrations/new", &session, "kind=whatsapp").await;
    assert!(asked.status == 422 && asked.body.contains("Choose the app that this will belong to."), "{}", asked.body);
    let made = post(&product, "/integrations/new", &session, &format!("kind=whatsapp&name=Shop&app={shop}")).await;
    let page = text(&get(&product, made.header("location"), &session).await.body);
    assert!(page.contains("Shop") && page.contains("Web shop"), "{page}");
    post(&product, "/apps/choose", &session, &format!("app={shop}&back=/integrations")).await;
    let list = text(&get(&product, "/integrations", &session).await.body);
    assert!(list.contains("1 integration") && !list.contains("Desk"), "{list}");
}

#[tokio::test]
async fn the_names_of_others_are_shown_as_text() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let page = custom(&product, &session, "%3Cscript%3Ealert(1)%3C%2Fscript%3E").await;
    let paths = ["/integrations".to_owned(), page.clone(), format!("{page}/edit"), format!("{page}/deliveries")];
    for path in paths {
        let answer = get(&product, &path, &session).await;
        assert!(answer.status == 200 && !answer.body.contains("<script>alert"), "{path}");
    }
}
