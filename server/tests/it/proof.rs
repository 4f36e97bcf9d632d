//! "Confirm that it is you": comes up instead of the act, keeps what was typed but no secret, and does the act.

use domain::role::Role;
use domain::timestamp::Millis;

use crate::support::{Answer, Call, EMAIL, PASSWORD, Product, operator, text};

const ASKS: &str = "Confirm that it is you";

async fn post(product: &Product, session: &str, path: &str, form: &str) -> Answer {
    product.send(Call::post(path).cookie(session).same_origin().form(form.replace(' ', "+"))).await
}

/// The owner, whose last proof is 6 minutes old.
async fn stale(product: &Product) -> String {
    let session = product.sign_in().await;
    product.clock.advance(Millis::minutes(6));
    session
}

/// The form on the page, as a browser would send it with these fields changed.
fn again(page: &Answer, typed: &[(&str, &str)]) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    let main = page.body.split("<main").nth(1).unwrap();
    for input in main.split("<input").skip(1).map(|rest| rest.split('>').next().unwrap()) {
        let of = |name: &str| {
            let value = input.split(&format!("{name}=\"")).nth(1)?.split('"').next()?;
            Some(
                value
                    .replace("&quot;", "\"")
                    .replace("&lt;", "<")
                    .replace("&gt;", ">")
                    .replace("&#10;", "\n")
                    .replace("&amp;", "&"),
            )
        };
        let Some(name) = of("name") else { continue };
        let value = typed.iter().find(|(field, _)| *field == name).map(|(_, value)| (*value).to_owned());
        form.append_pair(&name, &value.or_else(|| of("value")).unwrap_or_default());
    }
    form.finish()
}

#[tokio::test]
async fn the_act_waits_for_the_proof_and_keeps_what_was_typed() {
    let product = Product::start().await;
    let session = stale(&product).await;
    let typed = "press=invite&first_name=Ada&last_name=%22%3Cb%3E+%26&email=ada%40example.com&role=admin";
    let asked = post(&product, &session, "/people/invite", typed).await;
    assert_eq!(asked.status, 401);
    assert!(text(&asked.body).contains(ASKS) && asked.body.contains("action=\"/people/invite\""), "{}", asked.body);
    assert!(product.service.invites(&operator()).await.unwrap().is_empty());

    let wrong = post(&product, &session, "/people/invite", &again(&asked, &[("proof_password", "not mine")])).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.body.contains("This is not your password.") && text(&wrong.body).contains(ASKS));
    let none = post(&product, &session, "/people/invite", &again(&wrong, &[])).await;
    assert!(none.status == 422 && none.body.contains("Enter your password."), "{}", none.body);

    let done = post(&product, &session, "/people/invite", &again(&none, &[("proof_password", PASSWORD)])).await;
    assert_eq!(done.status, 200);
    assert!(done.body.contains("/invite/"), "{}", done.body);
    assert!(!done.body.contains(PASSWORD));
    let invites = product.service.invites(&operator()).await.unwrap();
    assert_eq!((invites[0].invite.name.as_str(), invites[0].invite.role), ("Ada \"<b> &", Role::Admin));
    // For five minutes, nothing asks again.
    let form = "press=invite&first_name=B&email=b%40example.com&role=owner";
    assert_eq!(post(&product, &session, "/people/invite", form).await.status, 200);
}

#[tokio::test]
async fn a_key_is_generated_with_what_was_typed_before_the_proof() {
    let product = Product::start().await;
    let session = stale(&product).await;
    let form = product.service.new_form_id().unwrap();
    let typed = format!("step=generate&form_id={form}&kind=master_user&name=Chats&boxes=chats.read&boxes=chats.write");
    let asked = post(&product, &session, "/keys/new", &typed).await;
    assert_eq!(asked.status, 401);
    let made = post(&product, &session, "/keys/new", &again(&asked, &[("proof_password", PASSWORD)])).await;
    assert_eq!((made.status.as_u16(), made.header("cache-control")), (200, "no-store"));
    assert!(text(&made.body).contains("I have stored this key"), "{}", made.body);
    // A key that only calls the customer's own services asks for nothing.
    product.clock.advance(Millis::minutes(6));
    let form = product.service.new_form_id().unwrap();
    let plain = format!("step=generate&form_id={form}&kind=service&name=Plain");
    assert_eq!(post(&product, &session, "/keys/new", &plain).await.status, 200);
}

/// Left out in silence, the passphrase would be missing from the hand-over.
#[tokio::test]
async fn a_secret_is_not_carried_and_has_to_be_typed_again() {
    let product = Product::start().await;
    let session = stale(&product).await;
    let form = product.service.new_form_id().unwrap();
    let typed =
        format!("kind=master_user&name=Chats&form_id={form}&recipient=Grace&link_life=1d&passphrase=swordfish+9");
    let asked = post(&product, &session, "/keys/handovers/new", &typed).await;
    assert_eq!(asked.status, 401);
    assert!(!asked.body.contains("swordfish") && asked.body.contains("Secrets are not kept."));
    let wrong = post(&product, &session, "/keys/handovers/new", &again(&asked, &[("proof_password", "x")])).await;
    let back = post(&product, &session, "/keys/handovers/new", &again(&wrong, &[("proof_password", PASSWORD)])).await;
    assert_eq!(back.status, 422);
    assert!(back.body.contains("Type this again.") && back.body.contains("value=\"Grace\""), "{}", back.body);
    let waiting = |product: &Product| product.service.clone();
    let owner = product.service.session(&session).await.unwrap().unwrap().caller(None);
    assert!(waiting(&product).hand_overs(&owner).await.unwrap().is_empty(), "nothing was made without it");
    assert_eq!(post(&product, &session, "/keys/handovers/new", &typed).await.status, 200);
    assert!(waiting(&product).hand_overs(&owner).await.unwrap()[0].has_passphrase);
}

#[tokio::test]
async fn dialogs_ask_too_and_lead_on() {
    let product = Product::start().await;
    let session = stale(&product).await;
    for (path, form) in [
        ("/settings/second-factor", "factor_policy=managers&grace_days=3"),
        ("/settings/approval", "approval_permissions=invoices.*%0Akeystead.*"),
    ] {
        let asked = post(&product, &session, path, form).await;
        assert_eq!(asked.status, 401, "{path}");
        let saved = post(&product, &session, path, &again(&asked, &[("proof_password", PASSWORD)])).await;
        assert!(saved.status == 200 && saved.body.contains("Saved."), "{path}: {}", saved.body);
        product.clock.advance(Millis::minutes(6));
    }
    let rules = product.service.approval_rules(&operator()).await.unwrap();
    assert_eq!(rules.permissions.len(), 2, "each line of them was kept");
    let id = product.store.person_by_email(EMAIL).await.unwrap().unwrap().id;
    let path = format!("/people/{id}/role");
    let asked = post(&product, &session, &path, "role=admin").await;
    assert_eq!(asked.status, 401);
    let refused = post(&product, &session, &path, &again(&asked, &[("proof_password", PASSWORD)])).await;
    assert_eq!(refused.status, 409, "it is the last owner, and the dialog says so");
    assert!(refused.body.contains("only owner"));
}

#[tokio::test]
async fn the_page_takes_a_proof_that_nothing_waits_for() {
    let product = Product::start().await;
    let session = stale(&product).await;
    let page = product.send(Call::get("/account/prove").cookie(&session)).await;
    assert!(page.status == 200 && text(&page.body).contains(ASKS));
    assert_eq!(post(&product, &session, "/account/prove", "").await.status, 401);
    let done = post(&product, &session, "/account/prove", &again(&page, &[("proof_password", PASSWORD)])).await;
    assert_eq!((done.status.as_u16(), done.header("location")), (303, "/account"));
    let form = "press=invite&first_name=B&email=b%40example.com&role=owner";
    assert_eq!(post(&product, &session, "/people/invite", form).await.status, 200);
}

#[tokio::test]
async fn guesses_wait_like_those_at_sign_in() {
    let product = Product::start().await;
    let session = stale(&product).await;
    for _ in 0..5 {
        assert_eq!(post(&product, &session, "/account/prove", "proof_password=wrong").await.status, 422);
    }
    let waits = post(&product, &session, "/account/prove", &format!("proof_password={PASSWORD}")).await;
    assert_eq!(waits.status, 429);
    assert!(text(&waits.body).contains(ASKS) && waits.body.contains("Too many attempts"));
}
