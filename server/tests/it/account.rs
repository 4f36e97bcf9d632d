//! One's own account in the console: what its forms answer, and that nobody reaches another's.

use domain::ids::PersonId;
use domain::role::Role;
use domain::timestamp::Millis;
use secrecy::ExposeSecret;
use service::sign_in::SignIn;
use service::{ClientInfo, setup::NewPerson};

use crate::support::{Answer, Call, EMAIL, PASSWORD, Product, operator, session_of};

const OTHER: &str = "other@example.com";
const NEW: &str = "nine bells over a quiet harbour";

async fn send(product: &Product, path: &str, session: &str, body: &str) -> Answer {
    product.send(Call::post(path).cookie(session).same_origin().form(body.to_owned())).await
}

async fn page(product: &Product, path: &str, session: &str) -> Answer {
    product.send(Call::get(path).cookie(session)).await
}

/// The session of another owner.
async fn other(product: &Product) -> String {
    let person = NewPerson { name: "Other".to_owned(), email: OTHER.to_owned(), password: PASSWORD.into() };
    product.service.create_owner(&operator(), person).await.unwrap();
    let sign_in = SignIn { email: OTHER.to_owned(), password: PASSWORD.into() };
    let client = ClientInfo { user_agent: "Firefox/140.0 Windows".to_owned(), ..ClientInfo::default() };
    session_of(product.service.sign_in(sign_in, &client).await.unwrap())
}

/// What names the sessions that the page offers to end.
fn handles(page: &Answer) -> Vec<String> {
    let after = page.body.split("name=\"session\" value=\"").skip(1);
    after.map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_account_says_who_is_signed_in_and_where_and_leads_on() {
    let product = Product::start().await;
    let (first, session) = (product.sign_in().await, product.sign_in().await);
    let account = page(&product, "/account", &session).await;
    for shown in [EMAIL, "This browser", "/account/email", "/account/password", Role::Owner.label()] {
        assert!(account.body.contains(shown), "{shown}");
    }
    assert!(page(&product, "/keys", &session).await.body.contains("href=\"/account\""));
    // Neither cookie is in the page.
    assert!(!account.body.contains(&session) && !account.body.contains(&first));

    let named = handles(&account);
    assert_eq!(named.len(), 1, "one may be ended, besides this one");
    let ended = send(&product, "/account/sessions", &session, &format!("session={}", named[0])).await;
    assert_eq!((ended.status.as_u16(), ended.header("location")), (303, "/account"));
    assert_eq!(page(&product, "/account", &first).await.status, 303);
    let again = send(&product, "/account/sessions", &session, &format!("session={}", named[0])).await;
    assert_eq!(again.status, 404);
    assert!(again.body.contains("This session has already ended"));
}

#[tokio::test]
async fn nobody_ends_or_sees_the_session_of_another() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let (of_other, again) = (other(&product).await, product.sign_in().await);
    let theirs = page(&product, "/account", &of_other).await;
    assert_eq!(handles(&theirs).len(), 0);
    assert!(!page(&product, "/account", &session).await.body.contains("Firefox on Windows"));
    // All of mine, and each by a name that is not mine.
    for named in handles(&page(&product, "/account", &session).await) {
        let answer = send(&product, "/account/sessions", &of_other, &format!("session={named}")).await;
        assert_eq!(answer.status, 404, "{named}");
    }
    assert_eq!(send(&product, "/account/sessions", &of_other, "").await.status, 303);
    for session in [&session, &again, &of_other] {
        assert_eq!(page(&product, "/account", session).await.status, 200);
    }
}

#[tokio::test]
async fn what_is_wrong_is_said_at_its_field_and_no_password_comes_back() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let long = "x".repeat(300);
    for (path, body, kept, message) in [
        ("/account", "person_name=+".to_owned(), "", "Enter the name that others know you by."),
        ("/account", format!("person_name={long}"), &*long, "at most 100 characters"),
        ("/account/email", format!("email=new&current_password={PASSWORD}"), "new", "Enter an e-mail address"),
        (
            "/account/email",
            "email=new%40example.com&current_password=not+mine".to_owned(),
            "new@example.com",
            "This is not your password.",
        ),
        (
            "/account/password",
            format!("current_password=not+mine&new_password={NEW}"),
            "",
            "This is not your password.",
        ),
        ("/account/password", format!("current_password={PASSWORD}&new_password=short"), "", "characters; yours has 5"),
        (
            "/account/password",
            format!("current_password={PASSWORD}&new_password={EMAIL}"),
            "",
            "too close to your name, your e-mail",
        ),
    ] {
        let answer = send(&product, path, &session, &body.replace(' ', "+")).await;
        assert_eq!(answer.status, 422, "{path} {body}");
        assert!(answer.body.contains(message) && answer.body.contains(kept), "{path} {body}: {message}");
        for secret in [PASSWORD, NEW, "not mine", "value=\"short\""] {
            assert!(!answer.body.contains(secret), "{path} {body}: {secret}");
        }
    }
    let form = format!("current_password={PASSWORD}&new_password={NEW}").replace(' ', "+");
    let changed = send(&product, "/account/password", &session, &form).await;
    assert_eq!((changed.status.as_u16(), changed.header("location")), (303, "/account"));
}

#[tokio::test]
async fn a_reset_link_sets_a_password_once_and_tells_nothing_more() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let link = product.service.reset_link(&operator(), EMAIL).await.unwrap();
    let path = format!("/reset/{}", link.token.expose_secret());
    for _ in 0..3 {
        let door = product.send(Call::get(&path)).await;
        assert_eq!((door.status.as_u16(), door.header("referrer-policy")), (200, "no-referrer"));
        assert!(door.body.contains(EMAIL) && door.body.contains(&format!("action=\"{path}\"")));
    }
    let post = async |path: &str, password: &str| {
        let form = format!("new_password={}", password.replace(' ', "+"));
        product.send(Call::post(path).same_origin().form(form)).await
    };
    let refused = post(&path, "short").await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("Use at least 15 characters") && !refused.body.contains("value=\"short\""));
    let done = post(&path, NEW).await;
    assert_eq!((done.status.as_u16(), done.header("location")), (303, "/login?done=password_reset"));
    assert!(!done.headers.contains_key("set-cookie"), "it signs nobody in");
    assert_eq!(page(&product, "/account", &session).await.status, 303);
    assert!(product.send(Call::get("/login?done=password_reset")).await.body.contains("Your new password is set"));

    // Used, unknown, of another purpose, and late: one page, whether it is looked at or sent.
    let late = product.service.reset_link(&operator(), EMAIL).await.unwrap();
    product.clock.advance(Millis::hours(1));
    let mut pages = Vec::new();
    for path in
        [&path, "/reset/x", &format!("/reset/{}", "0".repeat(64)), &format!("/reset/{}", late.token.expose_secret())]
    {
        for answer in [product.send(Call::get(path)).await, post(path, NEW).await] {
            assert_eq!(answer.status, 404, "{path}");
            let nonce = answer.header("content-security-policy").split("nonce-").nth(1).unwrap();
            let nonce = nonce.split('\'').next().unwrap().to_owned();
            pages.push(answer.body.replace(&nonce, ""));
        }
    }
    assert!(pages[0].contains("This reset link does not work"));
    assert!(pages.iter().all(|page| *page == pages[0]), "{pages:#?}");
}

#[tokio::test]
async fn over_plain_http_no_password_is_reset() {
    let product = Product::start().await;
    product.sign_in().await;
    let link = product.service.reset_link(&operator(), EMAIL).await.unwrap();
    let path = format!("/reset/{}", link.token.expose_secret());
    let door = product.send(Call::get(&path).header("host", "keys.lan:3000")).await;
    assert!(door.body.contains("You cannot sign in over this connection") && !door.body.contains(EMAIL));
    let call = Call::post(&path).header("host", "keys.lan:3000").header("origin", "http://keys.lan:3000");
    assert_eq!(product.send(call.form(format!("new_password={NEW}").replace(' ', "+"))).await.status, 403);
    assert!(product.service.reset_door(link.token.expose_secret()).await.unwrap().is_some());
}

#[tokio::test]
async fn an_owner_makes_a_reset_link_on_a_persons_page() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    other(&product).await;
    let list = page(&product, "/people?q=other", &session).await;
    let id = hex_after(&list.body, "/people/", 24);
    let address = format!("/people/{id}/reset");
    assert!(page(&product, &format!("/people/{id}"), &session).await.body.contains(&format!("href=\"{address}\"")));
    let made = send(&product, &address, &session, "").await;
    let token = hex_after(&made.body, "/reset/", 64);
    assert_eq!((made.status.as_u16(), made.header("cache-control")), (200, "no-store"));
    let form = format!("new_password={}", NEW.replace(' ', "+"));
    let done = product.send(Call::post(&format!("/reset/{token}")).same_origin().form(form)).await;
    assert_eq!(done.header("location"), "/login?done=password_reset");
    let sign_in = SignIn { email: OTHER.to_owned(), password: NEW.into() };
    product.service.sign_in(sign_in, &ClientInfo::default()).await.unwrap();

    // Somebody who is kept out could do nothing with it.
    product.service.disable_person(&operator(), &PersonId::parse(id).unwrap()).await.unwrap();
    assert!(!page(&product, &format!("/people/{id}"), &session).await.body.contains(&format!("href=\"{address}\"")));
    for answer in [page(&product, &address, &session).await, send(&product, &address, &session, "").await] {
        assert_eq!(answer.status, 409);
        assert!(answer.body.contains("This person is disabled") && !answer.body.contains("Make a reset link"));
    }
}

/// So many hexadecimal digits after these words.
fn hex_after<'a>(page: &'a str, words: &str, length: usize) -> &'a str {
    let parts = page.split(words).skip(1).filter_map(|rest| rest.get(..length));
    parts.into_iter().find(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit())).unwrap()
}
