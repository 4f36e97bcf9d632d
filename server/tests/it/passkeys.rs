//! Passkeys in the console: what their buttons ask for, and the forms that send their answers.

use domain::second_factor::FactorPolicy;
use domain::timestamp::Millis;
use testkit::SoftKey;

use crate::support::{Answer, Call, EMAIL, PASSWORD, Product, Settings, operator, text};

const SITE: &str = "http://localhost:3000";
const PAGE: &str = "/account/passkeys";

async fn post(product: &Product, path: &str, cookie: &str, pairs: &[(&str, &str)]) -> Answer {
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    product.send(Call::post(path).header("cookie", cookie).same_origin().form(form)).await
}

async fn get(product: &Product, path: &str, cookie: &str) -> Answer {
    product.send(Call::get(path).header("cookie", cookie)).await
}

/// What a button asks for.
async fn asked(product: &Product, cookie: &str, used_for: &str) -> Answer {
    let body = format!("{{\"used_for\":\"{used_for}\"}}");
    product.send(Call::post("/api/passkey").header("cookie", cookie).same_origin().json(body)).await
}

async fn options(product: &Product, cookie: &str, used_for: &str) -> String {
    let answer = asked(product, cookie, used_for).await;
    assert_eq!(answer.status, 200, "{used_for}: {}", answer.body);
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.json().as_str().unwrap().to_owned()
}

/// The owner's cookie, and a passkey of theirs.
async fn with_passkey(product: &Product) -> (String, SoftKey) {
    let cookie = format!("keystead-3000={}", product.sign_in().await);
    let mut key = SoftKey::new(1, SITE);
    let answer = key.add(&options(product, &cookie, "add").await);
    let added = post(product, PAGE, &cookie, &[("step", "add"), ("passkey_name", "Desk"), ("passkey", &answer)]).await;
    assert_eq!((added.status.as_u16(), added.header("cache-control")), (200, "no-store"), "{}", added.body);
    assert_eq!(added.body.split("id=\"recovery-codes\"").nth(1).unwrap().matches("<code>").count(), 10);
    (cookie, key)
}

#[tokio::test]
async fn a_passkey_is_added_listed_renamed_and_removed() {
    let product = Product::start().await;
    let (cookie, _) = with_passkey(&product).await;
    let page = get(&product, "/account/second-factor", &cookie).await;
    assert!(page.body.contains(">Desk<") && page.body.contains("never used"), "{}", page.body);
    assert!(!page.body.contains("recovery-codes"), "they are shown once");
    assert!(get(&product, "/account", &cookie).await.body.contains("1 passkey."));
    let id = page.body.split("passkey_id=").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let one = get(&product, &format!("{PAGE}?passkey_id={id}"), &cookie).await;
    assert!(one.status == 200 && text(&one.body).contains("Rename") && text(&one.body).contains("Remove it"));
    let renamed =
        post(&product, PAGE, &cookie, &[("step", "rename"), ("passkey_id", &id), ("passkey_name", "<i>")]).await;
    assert_eq!((renamed.status.as_u16(), renamed.header("location")), (303, "/account/second-factor"));
    assert!(get(&product, "/account/second-factor", &cookie).await.body.contains("&lt;i&gt;"));
    let blank = post(&product, PAGE, &cookie, &[("step", "rename"), ("passkey_id", &id), ("passkey_name", " ")]).await;
    assert!(blank.status == 422 && text(&blank.body).contains("Rename"));
    for (password, status) in [("", 422), ("not mine", 422), (PASSWORD, 303)] {
        let form = [("step", "remove"), ("passkey_id", &*id), ("current_password", password)];
        assert_eq!(post(&product, PAGE, &cookie, &form).await.status, status, "{password}");
    }
    assert_eq!(get(&product, &format!("{PAGE}?passkey_id={id}"), &cookie).await.status, 409);
    for (step, status) in [("melt", 400), ("rename", 409), ("remove", 409)] {
        let form = [("step", step), ("passkey_id", "x"), ("passkey_name", "y"), ("current_password", PASSWORD)];
        assert_eq!(post(&product, PAGE, &cookie, &form).await.status, status, "{step}");
    }
}

#[tokio::test]
async fn the_form_of_the_first_one_shows_its_recovery_codes_once() {
    let product = Product::start().await;
    let cookie = format!("keystead-3000={}", product.sign_in().await);
    let page = get(&product, "/account/second-factor", &cookie).await.body;
    let form_id = page.split("name=\"form_id\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let answer = SoftKey::new(1, SITE).add(&options(&product, &cookie, "add").await);
    let form = [("step", "add"), ("passkey_name", "Desk"), ("passkey", answer.as_str()), ("form_id", form_id)];
    assert!(post(&product, PAGE, &cookie, &form).await.body.contains("id=\"recovery-codes\""));
    let again = post(&product, PAGE, &cookie, &form).await;
    assert_eq!(again.status, 409, "{}", again.body);
    assert!(again.body.contains("This form was sent already") && !again.body.contains("id=\"recovery-codes\""));
}

#[tokio::test]
async fn it_signs_in_alone_and_leads_on() {
    let product = Product::start().await;
    let (_, mut key) = with_passkey(&product).await;
    let page = get(&product, "/login", "").await;
    assert!(page.body.contains("data-passkey=\"sign_in\""), "{}", page.body);
    let answer = key.answer_to(&options(&product, "", "sign_in").await);
    let entered = post(&product, "/login", "", &[("passkey", &answer), ("next", "/keys?status=active")]).await;
    assert_eq!((entered.status.as_u16(), entered.header("location")), (303, "/keys?status=active"));
    assert!(entered.header("set-cookie").starts_with("keystead-3000="));
    let again = post(&product, "/login", "", &[("passkey", &answer)]).await;
    assert_eq!(again.status, 401, "once");
    assert!(text(&again.body).contains("This passkey was not accepted") && !again.body.contains("clientDataJSON"));
    for nonsense in ["x", "{}", "[[[["] {
        assert_eq!(post(&product, "/login", "", &[("passkey", nonsense)]).await.status, 401);
    }
    let mut elsewhere = SoftKey { origin: "http://localhost:3001".to_owned(), ..key.clone() };
    let answer = elsewhere.answer_to(&options(&product, "", "sign_in").await);
    assert_eq!(post(&product, "/login", "", &[("passkey", &answer)]).await.status, 401, "another site");
    let mut copy = SoftKey { counter: 1, ..key.clone() };
    let answer = copy.answer_to(&options(&product, "", "sign_in").await);
    assert_eq!(post(&product, "/login", "", &[("passkey", &answer)]).await.status, 401, "a copy");
}

#[tokio::test]
async fn it_signs_in_after_the_password() {
    let product = Product::start().await;
    let (_, mut key) = with_passkey(&product).await;
    let half = post(&product, "/login", "", &[("email", EMAIL), ("password", PASSWORD), ("next", "/keys")]).await;
    assert_eq!(half.header("location"), "/login/code?next=%2Fkeys");
    let step = half.header("set-cookie").split(';').next().unwrap().to_owned();
    let page = get(&product, "/login/code?next=/keys", &step).await;
    assert!(page.body.contains("data-passkey=\"code\"") && page.body.contains("recovery codes"), "{}", page.body);
    assert_eq!(asked(&product, "", "code").await.status, 401, "no sign-in waits");
    let answer = key.answer_to(&options(&product, &step, "code").await);
    let entered = post(&product, "/login/code", &step, &[("passkey", &answer), ("next", "/keys")]).await;
    assert_eq!((entered.status.as_u16(), entered.header("location")), (303, "/keys"));
}

#[tokio::test]
async fn it_is_a_proof_before_an_act() {
    let product = Product::start().await;
    let (cookie, mut key) = with_passkey(&product).await;
    product.clock.advance(Millis::minutes(6));
    let invite = [("press", "invite"), ("first_name", "Ada"), ("email", "ada@example.com"), ("role", "admin")];
    let asks = post(&product, "/people/invite", &cookie, &invite).await;
    assert!(asks.status == 401 && asks.body.contains("data-passkey=\"prove\""), "{}", asks.body);
    let answer = key.answer_to(&options(&product, &cookie, "prove").await);
    let proof = [("proof_password", ""), ("proof_passkey", &*answer)];
    let done = post(&product, "/people/invite", &cookie, &[&invite[..], &proof].concat()).await;
    assert!(done.status == 200 && done.body.contains("/invite/"), "{}", done.body);
    product.clock.advance(Millis::minutes(6));
    let again = post(&product, "/people/invite", &cookie, &[&invite[..], &proof].concat()).await;
    assert_eq!(again.status, 401, "once");
    assert!(text(&again.body).contains("This passkey was not accepted"));
    // A passkey that is to be added waits for the proof, too, before the browser is asked for it.
    assert_eq!(asked(&product, &cookie, "add").await.status, 401);
    let form = [("step", "add"), ("passkey_name", "Phone"), ("passkey", "")];
    assert_eq!(post(&product, PAGE, &cookie, &form).await.status, 401);
    let proved = post(&product, PAGE, &cookie, &[&form[..], &[("proof_password", PASSWORD)]].concat()).await;
    assert!(proved.status == 200 && proved.body.contains("Now add the passkey."), "{}", proved.body);
    assert!(proved.body.contains("value=\"Phone\""));
    let answer = SoftKey::new(2, SITE).add(&options(&product, &cookie, "add").await);
    let added = post(&product, PAGE, &cookie, &[("step", "add"), ("passkey_name", ""), ("passkey", &answer)]).await;
    assert_eq!((added.status.as_u16(), added.header("location")), (303, "/account/second-factor"));
}

#[tokio::test]
async fn buttons_ask_for_nothing_else() {
    let product = Product::start().await;
    let (cookie, _) = with_passkey(&product).await;
    for used_for in ["", "Add", "sign in", "x"] {
        assert_eq!(asked(&product, &cookie, used_for).await.status, 400, "{used_for}");
    }
    for used_for in ["add", "prove"] {
        assert_eq!(asked(&product, "", used_for).await.status, 401, "{used_for}");
    }
    let body = "{\"used_for\":\"sign_in\"}";
    let stranger = product.send(Call::post("/api/passkey").header("sec-fetch-site", "cross-site").json(body)).await;
    assert_eq!(stranger.status, 403);
    assert!(!options(&product, "", "sign_in").await.contains("\"id\""), "it names nobody's passkey");
}

#[tokio::test]
async fn whoever_owes_a_second_factor_can_add_one() {
    let product = Product::start().await;
    let cookie = format!("keystead-3000={}", product.sign_in().await);
    product.service.set_factor_rules(&operator(), FactorPolicy::Everybody.as_str(), "0").await.unwrap();
    assert_eq!(get(&product, "/keys", &cookie).await.header("location"), "/account/second-factor");
    let mut key = SoftKey::new(1, SITE);
    let answer = key.add(&options(&product, &cookie, "add").await);
    let added = post(&product, PAGE, &cookie, &[("step", "add"), ("passkey", &answer)]).await;
    assert_eq!(added.status, 200, "{}", added.body);
    assert_eq!(get(&product, "/keys", &cookie).await.status, 200);
}

#[tokio::test]
async fn at_an_address_without_a_name_the_page_says_why_there_are_none() {
    let product = Product::with(Settings { public_url: Some("http://127.0.0.1:3000"), ..Settings::default() }).await;
    let cookie = format!("keystead-3000={}", product.sign_in().await);
    let page = get(&product, "/account/second-factor", &cookie).await;
    assert!(text(&page.body).contains("passkeys need a name in place of an IP address"), "{}", page.body);
    assert!(!page.body.contains("data-passkey=\"add\""));
    assert!(!get(&product, "/login", "").await.body.contains("data-passkey=\"sign_in\""));
    assert_eq!(asked(&product, "", "sign_in").await.status, 401);
}
