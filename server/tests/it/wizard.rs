//! The addresses of the wizard: what was typed is there again, for its author, for an hour.

use domain::timestamp::Millis;
use secrecy::ExposeSecret;
use service::ClientInfo;
use service::setup::NewPerson;
use service::sign_in::SignIn;

use crate::support::{Answer, Call, PASSWORD, Product, operator};

async fn get(product: &Product, session: &str, path: &str) -> Answer {
    product.send(Call::get(path).cookie(session)).await
}

async fn post(product: &Product, session: &str, body: &str) -> Answer {
    product.send(Call::post("/keys/new").cookie(session).same_origin().form(body.to_owned())).await
}

async fn somebody_else(product: &Product) -> String {
    let email = "other@example.com".to_owned();
    let person = NewPerson { name: "Other".to_owned(), email: email.clone(), password: PASSWORD.to_owned().into() };
    product.service.create_owner(&operator(), person).await.unwrap();
    let sign_in = SignIn { email, password: PASSWORD.to_owned().into() };
    let signed_in = product.service.sign_in(sign_in, &ClientInfo::default()).await.unwrap();
    signed_in.cookie.expose_secret().to_owned()
}

/// The id of the form at an address.
fn form_of(address: &str) -> String {
    let (_, rest) = address.split_once("draft=").unwrap_or_else(|| panic!("{address}"));
    rest.split('&').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_form_gets_an_address_before_anything_is_typed_and_a_page_at_each_step() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let writes = product.store.write_count();
    let begun = get(&product, &session, "/keys/new?kind=service&x=%26").await;
    let address = begun.header("location").to_owned();
    assert_eq!((begun.status.as_u16(), address.starts_with("/keys/new?kind=service&x=%26&draft=")), (303, true));
    let blank = get(&product, &session, &address).await;
    assert!(blank.body.contains("Continue to summary"), "{}", blank.body);
    assert_eq!(product.store.write_count(), writes, "a GET changes nothing");

    let form = form_of(&address);
    let sent = post(&product, &session, &format!("kind=service&name=First&step=summary&form_id={form}")).await;
    assert_eq!(sent.header("location"), format!("/keys/new?draft={form}&step=summary"));
    for step in [&*address, &format!("/keys/new?draft={form}&step=details"), &format!("/keys/new?draft={form}&step=x")]
    {
        let page = get(&product, &session, step).await;
        assert!(page.body.contains("value=\"First\"") && page.body.contains("Continue to summary"), "{step}");
    }
    let refused = post(&product, &session, &format!("kind=service&name=&cidrs=x&step=summary&form_id={form}")).await;
    assert_eq!(refused.header("location"), format!("/keys/new?draft={form}&step=details"));
    // The last typing counts, whatever step a second tab shows.
    for step in ["details", "summary"] {
        let page = get(&product, &session, &format!("/keys/new?draft={form}&step={step}")).await;
        assert!(page.body.contains("Enter a name") && page.body.contains(">x</textarea>"), "{}", page.body);
    }
}

#[tokio::test]
async fn a_form_is_shown_to_its_author_for_an_hour_and_otherwise_has_expired() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let other = somebody_else(&product).await;
    let sent = post(&product, &session, "kind=service&name=Mine&step=summary").await;
    let address = sent.header("location").to_owned();
    assert!(get(&product, &session, &address).await.body.contains("Mine"));
    let expired = |page: Answer, case: &str| {
        assert_eq!(page.status, 404, "{case}");
        assert!(page.body.contains("This form has expired") && page.body.contains("Start again"), "{case}");
        assert!(!page.body.contains("Mine"), "{case}");
    };
    expired(get(&product, &other, &address).await, "another person");
    for damaged in ["", "x", "%00", "0123456789abcdef0123456789abcdef"] {
        expired(get(&product, &session, &format!("/keys/new?draft={damaged}&step=summary")).await, damaged);
    }
    // Whoever sends it on as somebody else gets a form of their own.
    let body = format!("kind=service&name=Theirs&step=summary&form_id={}", form_of(&address));
    let theirs = post(&product, &other, &body).await.header("location").to_owned();
    assert_ne!(form_of(&theirs), form_of(&address));
    assert!(get(&product, &other, &theirs).await.body.contains("Theirs"));
    assert!(get(&product, &session, &address).await.body.contains("Mine"));

    product.clock.advance(Millis::minutes(29));
    assert!(get(&product, &session, &address).await.body.contains("Mine"));
    product.clock.advance(Millis::minutes(29));
    assert!(get(&product, &session, &address).await.body.contains("Mine"));
    product.clock.advance(Millis::minutes(2));
    expired(get(&product, &session, &address).await, "after an hour");
}

#[tokio::test]
async fn a_draft_is_bounded_in_size_and_what_is_too_large_stays_in_the_answer() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let writes = product.store.write_count();
    let body = format!("kind=service&name=Large&step=summary&cidrs={}", "\n".repeat(140_000));
    let page = post(&product, &session, &body).await;
    assert_eq!((page.status.as_u16(), product.store.write_count()), (422, writes), "{}", page.body);
    assert!(page.body.contains("It is too large to keep") && page.body.contains("value=\"Large\""), "{}", page.body);
}

#[tokio::test]
async fn the_page_with_the_secret_leaves_another_address_in_the_history() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let form = "0123456789abcdef0123456789abcdef";
    let made = post(&product, &session, &format!("kind=service&name=Once&step=generate&form_id={form}")).await;
    let id = made.body.split_once("/acknowledge\"").unwrap().0.rsplit('/').next().unwrap();
    let script = format!(">history.replaceState(history.state,'','/keys/{id}/acknowledge')</script>");
    assert!(made.body.contains(&script), "{}", made.body);
    // Its form shows what became of it, also to those who never saved a draft.
    for step in ["summary", "details"] {
        let page = get(&product, &session, &format!("/keys/new?draft={form}&step={step}")).await;
        assert_eq!(page.status, 200);
        assert!(page.body.contains("already generated its key") && page.body.contains(id), "{}", page.body);
    }
}
