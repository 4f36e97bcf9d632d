//! The second factor in the console: its set-up, the second step of a sign-in, and who is led to it.

use app::desk::mount::file_paths;
use domain::second_factor::FactorPolicy;
use domain::timestamp::Millis;
use testkit::Authenticator;

use crate::routes::{PUBLIC_FUNCTION, PUBLIC_PAGES, forms, functions, pages};
use crate::support::{Answer, Call, EMAIL, PASSWORD, Product, operator};

const PAGE: &str = "/account/second-factor";
const PASSKEYS: &str = "/account/passkeys";

async fn post(product: &Product, path: &str, cookie: &str, form: &str) -> Answer {
    product.send(Call::post(path).header("cookie", cookie).same_origin().form(form.replace(' ', "+"))).await
}

async fn get(product: &Product, path: &str, cookie: &str) -> Answer {
    product.send(Call::get(path).header("cookie", cookie)).await
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    text.split(before).nth(1).unwrap_or_else(|| panic!("{before} in {text}")).split(after).next().unwrap()
}

/// The code that an app shows now.
fn code(product: &Product, secret: &str) -> String {
    Authenticator::of(secret).at(product.service.now())
}

/// Sets a second factor up, and gives the secret and the page with the recovery codes.
async fn set_up(product: &Product, cookie: &str) -> (String, Answer) {
    let begun = post(product, PAGE, cookie, &format!("step=begin&current_password={PASSWORD}")).await;
    assert_eq!((begun.status.as_u16(), begun.header("cache-control")), (200, "no-store"));
    let secret = between(between(&begun.body, "id=\"factor-secret\"", "</code>"), ">", "<").to_owned();
    assert!(begun.body.contains("class=\"qr\"") && begun.body.contains("role=\"img\""));
    let code = code(product, &secret);
    let done = post(product, PAGE, cookie, &format!("step=confirm&code={code}")).await;
    assert_eq!(done.status, 200, "{}", done.body);
    product.clock.advance(Millis::seconds(30));
    (secret, done)
}

#[tokio::test]
async fn the_secret_and_the_codes_are_shown_in_the_answer_to_the_form_and_never_again() {
    let product = Product::start().await;
    let cookie = format!("keystead-3000={}", product.sign_in().await);
    for (form, message) in [
        ("step=begin&current_password=", "Enter your password."),
        ("step=begin&current_password=not+mine", "This is not your password."),
    ] {
        let refused = post(&product, PAGE, &cookie, form).await;
        assert_eq!(refused.status, 422, "{form}");
        assert!(refused.body.contains(message) && !refused.body.contains("class=\"qr\""), "{form}");
    }
    assert_eq!(post(&product, PAGE, &cookie, "step=melt").await.status, 400);
    assert_eq!(post(&product, PAGE, &cookie, "step=confirm&code=123456").await.status, 409, "nothing is being set up");

    let begun = post(&product, PAGE, &cookie, &format!("step=begin&current_password={PASSWORD}")).await;
    let shown = between(between(&begun.body, "id=\"factor-secret\"", "</code>"), ">", "<").to_owned();
    let wrong = post(&product, PAGE, &cookie, "step=confirm&code=000000").await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.body.contains(&shown) && wrong.body.contains("This code is wrong"), "it can be scanned again");
    assert!(!wrong.body.contains("value=\"000000\""));
    assert!(!get(&product, PAGE, &cookie).await.body.contains(&shown), "looking shows no secret");

    let (secret, done) = set_up(&product, &cookie).await;
    assert_ne!(secret, shown, "it began anew");
    let recovery = between(&done.body, "id=\"recovery-codes\"", "</ol>");
    let first = between(recovery, "<code>", "<").to_owned();
    assert_eq!((recovery.matches("<code>").count(), first.len()), (10, 14));
    let page = get(&product, PAGE, &cookie).await;
    for hidden in [secret.as_str(), &first, "otpauth"] {
        assert!(!page.body.contains(hidden), "{hidden}");
    }
    assert!(page.body.contains("New recovery codes") && page.body.contains("Remove"));
    assert!(get(&product, "/account", &cookie).await.body.contains("On, with 10 recovery codes left."));
    // The form again, by a reload.
    assert_eq!(post(&product, PAGE, &cookie, "step=confirm&code=123456").await.status, 409);
}

#[tokio::test]
async fn a_form_that_showed_recovery_codes_says_so_when_it_is_sent_again() {
    let product = Product::start().await;
    let cookie = format!("keystead-3000={}", product.sign_in().await);
    let mut page = post(&product, PAGE, &cookie, &format!("step=begin&current_password={PASSWORD}")).await;
    let secret = between(between(&page.body, "id=\"factor-secret\"", "</code>"), ">", "<").to_owned();
    for step in ["confirm", "codes"] {
        let form_id = between(&page.body, "name=\"form_id\" value=\"", "\"");
        let code = code(&product, &secret);
        let form = format!("step={step}&current_password={PASSWORD}&code={code}&form_id={form_id}");
        let done = post(&product, PAGE, &cookie, &form).await;
        assert!(done.body.contains("id=\"recovery-codes\""), "{step}: {}", done.body);
        let again = post(&product, PAGE, &cookie, &form).await;
        assert_eq!(again.status, 409, "{step}: {}", again.body);
        assert!(again.body.contains("This form was sent already"), "{step}: {}", again.body);
        assert!(!again.body.contains("id=\"recovery-codes\""), "{step}");
        product.clock.advance(Millis::seconds(30));
        page = get(&product, PAGE, &cookie).await;
    }
}

#[tokio::test]
async fn a_sign_in_asks_for_the_code_and_leads_on() {
    let product = Product::start().await;
    let cookie = format!("keystead-3000={}", product.sign_in().await);
    let (secret, _) = set_up(&product, &cookie).await;
    let login = format!("email={EMAIL}&password={PASSWORD}&next=%2Fkeys%3Fstatus%3Dactive");
    let half = post(&product, "/login", "", &login).await;
    assert_eq!((half.status.as_u16(), half.header("location")), (303, "/login/code?next=%2Fkeys%3Fstatus%3Dactive"));
    let set = half.header("set-cookie").to_owned();
    assert!(set.starts_with("keystead-step-3000=") && set.contains("HttpOnly; SameSite=Strict; Max-Age=300"), "{set}");
    assert_eq!(half.headers.get_all("set-cookie").iter().count(), 1, "neither a session nor a device");
    let step = set.split(';').next().unwrap().to_owned();

    let page = get(&product, "/login/code?next=/keys", &step).await;
    assert!(page.body.contains("one-time-code") && page.body.contains("value=\"/keys\""));
    assert!(!page.body.contains(EMAIL) && !page.body.contains(step.split('=').nth(1).unwrap()));
    assert_eq!(get(&product, "/keys", &step).await.status, 303, "it opens no other page");
    let as_session = step.replace("keystead-step-3000", "keystead-3000");
    assert_eq!(get(&product, "/keys", &as_session).await.status, 303);

    let wrong = post(&product, "/login/code", &step, "code=000000&next=/keys").await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.body.contains("This code is wrong") && wrong.body.contains("value=\"/keys\""));
    assert!(!wrong.body.contains("value=\"000000\""));
    let form = |next: &str| format!("code={}&next={next}", code(&product, &secret));
    for (stranger, path) in [("", "/login/code"), ("keystead-step-3000=x", "/login/code")] {
        let over = post(&product, path, stranger, &form("/keys")).await;
        assert_eq!(over.status, 401, "{stranger}");
        assert!(over.body.contains("Sign in again"), "{stranger}");
    }
    let entered = post(&product, "/login/code", &step, &form("//evil.example")).await;
    assert_eq!((entered.status.as_u16(), entered.header("location")), (303, "/"), "{}", entered.body);
    let cookies: Vec<_> =
        entered.headers.get_all("set-cookie").iter().map(|c| c.to_str().unwrap().to_owned()).collect();
    assert!(cookies.iter().any(|cookie| cookie.starts_with("keystead-step-3000=;")), "{cookies:?}");
    let session = cookies.iter().find(|cookie| cookie.starts_with("keystead-3000=")).unwrap();
    assert_eq!(get(&product, "/keys", session.split(';').next().unwrap()).await.status, 200);
    assert_eq!(post(&product, "/login/code", &step, &form("/")).await.status, 401, "once");
}

#[tokio::test]
async fn who_owes_a_second_factor_is_led_to_it_from_everywhere() {
    let product = Product::start().await;
    let cookie = format!("keystead-3000={}", product.sign_in().await);
    let saved = post(&product, "/settings/second-factor", &cookie, "factor_policy=everybody&grace_days=2").await;
    assert_eq!(saved.status, 200);
    assert!(saved.body.contains("Saved. This counts from now on."));
    let dashboard = get(&product, "/", &cookie).await;
    assert!(dashboard.status == 200 && dashboard.body.contains("You need a second factor by"));
    for (form, status) in [("factor_policy=all&grace_days=2", 422), ("factor_policy=off&grace_days=x", 422), ("", 422)]
    {
        assert_eq!(post(&product, "/settings/second-factor", &cookie, form).await.status, status, "{form}");
    }

    product.service.set_factor_rules(&operator(), FactorPolicy::Everybody.as_str(), "0").await.unwrap();
    for path in pages() {
        let answer = get(&product, &path, &cookie).await;
        if [PAGE, PASSKEYS].contains(&path.as_str()) {
            assert!(answer.status == 200 && answer.body.contains("Set it up to go on"), "{}", answer.body);
        } else if !PUBLIC_PAGES.contains(&path.as_str()) {
            assert_eq!((answer.status.as_u16(), answer.header("location")), (303, PAGE), "{path}");
        }
    }
    for path in forms() {
        if ![PAGE, PASSKEYS, "/logout"].contains(&path.as_str()) && !PUBLIC_PAGES.contains(&path.as_str()) {
            let answer = post(&product, &path, &cookie, "act=disable").await;
            assert_eq!((answer.status.as_u16(), answer.header("location")), (303, PAGE), "{path}");
        }
    }
    for path in functions().iter().filter(|path| *path != PUBLIC_FUNCTION) {
        let answer = product.send(Call::post(path).header("cookie", &cookie).same_origin().json("{}")).await;
        assert_eq!(answer.status, 403, "{path}");
    }
    for path in file_paths() {
        assert_eq!(get(&product, path, &cookie).await.status, 303, "{path}");
    }
    assert_eq!(get(&product, "/integrations/setup/events?key=7Qm2xVbN4tRa", &cookie).await.status, 403);
    set_up(&product, &cookie).await;
    assert_eq!(get(&product, "/keys", &cookie).await.status, 200);
    assert!(!get(&product, "/", &cookie).await.body.contains("You need a second factor by"));
}

#[tokio::test]
async fn whoever_lost_the_factor_and_has_a_short_password_is_led_to_a_longer_one() {
    const CHANGE: &str = "/account/password";
    const SHORT: &str = "plum kiosk 71";
    let product = Product::start().await;
    let cookie = format!("keystead-3000={}", product.sign_in().await);
    set_up(&product, &cookie).await;
    let change = |old: &str, new: &str| format!("current_password={old}&new_password={new}");
    assert_eq!(post(&product, CHANGE, &cookie, &change(PASSWORD, SHORT)).await.status, 303);
    let id = product.store.person_by_email(EMAIL).await.unwrap().unwrap().id;
    product.service.reset_factor(&operator(), &id).await.unwrap();

    let login = post(&product, "/login", "", &format!("email={EMAIL}&password={SHORT}")).await;
    assert_eq!(login.status, 303, "{}", login.body);
    let mut cookies = login.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap());
    let session = cookies.find(|cookie| cookie.starts_with("keystead-3000=")).unwrap();
    let session = session.split(';').next().unwrap();
    for path in pages() {
        let answer = get(&product, &path, session).await;
        if path == CHANGE {
            assert!(answer.status == 200 && answer.body.contains("Choose a longer one to go on"), "{}", answer.body);
        } else if !PUBLIC_PAGES.contains(&path.as_str()) {
            assert_eq!((answer.status.as_u16(), answer.header("location")), (303, CHANGE), "{path}");
        }
    }
    for path in forms() {
        if ![CHANGE, "/logout"].contains(&path.as_str()) && !PUBLIC_PAGES.contains(&path.as_str()) {
            let answer = post(&product, &path, session, "act=disable").await;
            assert_eq!((answer.status.as_u16(), answer.header("location")), (303, CHANGE), "{path}");
        }
    }
    for path in functions().iter().filter(|path| *path != PUBLIC_FUNCTION) {
        let answer = product.send(Call::post(path).header("cookie", session).same_origin().json("{}")).await;
        assert_eq!(answer.status, 403, "{path}");
    }
    for path in file_paths() {
        assert_eq!(get(&product, path, session).await.status, 303, "{path}");
    }
    assert_eq!(post(&product, CHANGE, session, &change(SHORT, "plum kiosk 72")).await.status, 422);
    assert_eq!(get(&product, "/keys", session).await.status, 303);
    let changed = post(&product, CHANGE, session, &change(SHORT, PASSWORD)).await;
    assert_eq!((changed.status.as_u16(), changed.header("location")), (303, "/account"), "{}", changed.body);
    for path in ["/account", "/keys"] {
        assert_eq!(get(&product, path, session).await.status, 200, "{path}");
    }
}
