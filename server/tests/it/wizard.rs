//! The addresses of the wizard: what was typed is there again, for its author, for an hour.

use domain::timestamp::Millis;
use service::ClientInfo;
use service::setup::NewPerson;
use service::sign_in::SignIn;

use crate::support::{Answer, Call, PASSWORD, Product, operator, session_of};

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
    session_of(product.service.sign_in(sign_in, &ClientInfo::default()).await.unwrap())
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
    let entry = format!("data-address=\"/keys/{id}/acknowledge\"");
    assert!(made.body.contains(&entry), "{}", made.body);
    // Its form shows what became of it, also to those who never saved a draft.
    for step in ["summary", "details"] {
        let page = get(&product, &session, &format!("/keys/new?draft={form}&step={step}")).await;
        assert_eq!(page.status, 200);
        assert!(page.body.contains("already generated its key") && page.body.contains(id), "{}", page.body);
    }
}

#[tokio::test]
async fn a_link_fills_in_the_form_and_does_nothing_else() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let writes = product.store.write_count();
    let open = async |query: &str| {
        let begun = get(&product, &session, &format!("/keys/new?{query}")).await;
        assert_eq!(begun.status, 303, "{query}");
        let page = get(&product, &session, begun.header("location")).await;
        assert_eq!((page.status.as_u16(), page.body.contains("Continue to summary")), (200, true), "{query}");
        page.body
    };
    let page = open(
        "kind=service&name=Export+%3Cb%3E&permissions=invoices.read,keystead.verify&expires=30d&cidrs=10.0.0.0/8,::1\
         &environment=test&tags=eu&step=generate&form_id=0123456789abcdef0123456789abcdef",
    )
    .await;
    for there in [
        "value=\"Export &lt;b&gt;\"",
        ">invoices.read</textarea>",
        ">10.0.0.0/8\n::1</textarea>",
        "A link filled in this form.",
        "The link also has “form_id”",
        "What this key will do",
    ] {
        assert!(page.contains(there), "{there}: {page}");
    }
    let page = open("kind=service&expires=soon&cidrs=10.0.0.1/8&colour=red").await;
    for there in ["“soon” is not an expiry", "has host bits set", "The link also has “colour”"] {
        assert!(page.contains(there), "{there}: {page}");
    }
    assert!(!page.contains("Enter a name"), "what is left to fill in is not wrong");
    let page = open("kind=client&cidrs=10.0.0.0/8").await;
    assert!(page.contains("The link also has “cidrs”, which the form of a Client key does not have."), "{page}");
    assert!(!open("kind=app").await.contains("What this key will do"), "there is nothing to say");
    let page = open(&format!("kind=service&description={}", "x".repeat(4_001))).await;
    assert!(page.contains("The link is too long") && !page.contains("xxxx"), "{page}");
    let page = get(&product, &session, "/keys/new?kind=sausage&name=x").await;
    assert!(page.body.contains("“sausage” is not a kind that you can issue"), "{}", page.body);
    assert_eq!(product.store.write_count(), writes, "a GET changes nothing");
}

#[tokio::test]
async fn the_settings_decide_how_long_a_new_key_lives() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let details = async || {
        let begun = get(&product, &session, "/keys/new?kind=service").await;
        get(&product, &session, begun.header("location")).await.body
    };
    assert!(details().await.contains("<option value=\"90\" selected"));
    let save = async |default: &str, longest: &str| {
        let body = format!("default_life={default}&longest_life={longest}");
        product.send(Call::post("/settings").cookie(&session).same_origin().form(body)).await
    };
    let refused = save("365", "30").await;
    assert_eq!((refused.status.as_u16(), refused.body.contains("no longer than the longest life")), (422, true));
    let saved = save("30", "90").await;
    assert_eq!((saved.status.as_u16(), saved.body.contains("Saved.")), (200, true), "{}", saved.body);
    let page = details().await;
    assert!(page.contains("<option value=\"30\" selected") && !page.contains("<option value=\"365\""), "{page}");
    assert!(page.contains("Keys live for 90 days at most here."), "{page}");
    let sent = post(&product, &session, "kind=service&name=x&expiry=never&step=summary").await;
    let page = get(&product, &session, sent.header("location")).await;
    assert!(page.body.contains("Keys may live for 90 days at most here: choose an expiry by"), "{}", page.body);
    let audit = get(&product, &session, "/audit").await;
    assert!(audit.body.contains("Settings changed") && audit.body.contains("Longest life"), "{}", audit.body);
}

#[tokio::test]
async fn permissions_of_other_keys_are_offered() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let body = "kind=service&name=x&step=generate&permissions=invoices.read%0Ainvoices.write&form_id=";
    post(&product, &session, &format!("{body}0123456789abcdef0123456789abcdef")).await;
    let begun = get(&product, &session, "/keys/new?kind=service&preset=read_only").await;
    let page = get(&product, &session, begun.header("location")).await;
    assert!(page.body.contains("Used by other keys:") && page.body.contains(">invoices.write<"), "{}", page.body);
    assert!(page.body.contains(">invoices.read</textarea>"), "the preset takes what only reads: {}", page.body);
}
