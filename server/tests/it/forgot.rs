//! The page for who lost the password: a link by mail where mail is sent, and otherwise who else can help.

use crate::mailbox::{MailBox, free_port};
use crate::support::{Answer, Call, EMAIL, PASSWORD, Product, Settings};

const NEW: &str = "seven+grey+herons+wade";

async fn mailing(url: String) -> Product {
    let product = Product::with(Settings { smtp_url: Some(url), ..Settings::default() }).await;
    product.sign_in().await;
    product
}

async fn ask(product: &Product, email: &str) -> Answer {
    product.send(Call::post("/forgot").same_origin().form(format!("email={}", email.replace('@', "%40")))).await
}

/// An answer without what is another each time.
fn without(answer: &Answer, email: &str) -> String {
    let nonce = answer.header("content-security-policy").split("'nonce-").nth(1).unwrap().split('\'').next().unwrap();
    answer.body.replace(nonce, "N").replace(email, "E")
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_gets_a_link_by_mail_that_works_once() {
    let mailbox = MailBox::start();
    let product = mailing(mailbox.url()).await;
    let form = product.send(Call::get("/forgot")).await;
    assert!(form.body.contains("action=\"/forgot\"") && form.body.contains("Mail me a link"), "{}", form.body);
    let asked = ask(&product, EMAIL).await;
    assert_eq!(asked.status, 200);
    assert!(asked.body.contains("Look into your mail") && !asked.body.contains("/reset/"), "{}", asked.body);
    let mail = mailbox.after(1).await.remove(0);
    for part in [format!("To: {EMAIL}").as_str(), "From: keystead@example.com", "Subject: Choose a new password"] {
        assert!(mail.contains(part), "{part}: {mail}");
    }
    let path = mail.split("http://localhost:3000").nth(1).unwrap().split_whitespace().next().unwrap();
    assert_eq!(path.len(), "/reset/".len() + 64, "{path}");
    let door = product.send(Call::get(path)).await;
    assert!(door.status == 200 && door.body.contains(EMAIL), "{}", door.body);
    let set = || Call::post(path).same_origin().form(format!("new_password={NEW}"));
    let done = product.send(set()).await;
    assert_eq!((done.status.as_u16(), done.header("location")), (303, "/login?done=password_reset"));
    assert_eq!(product.send(set()).await.status, 404);
    assert_eq!(product.send(Call::get(path)).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn known_or_not_the_page_is_the_same_and_says_nothing() {
    let mailbox = MailBox::start();
    let product = mailing(mailbox.url()).await;
    let (known, unknown) = (ask(&product, EMAIL).await, ask(&product, "nobody@example.com").await);
    assert_eq!((known.status, without(&known, EMAIL)), (unknown.status, without(&unknown, "nobody@example.com")));
    let names = |answer: &Answer| answer.headers.keys().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(names(&known), names(&unknown));
    let wrong = ask(&product, "nobody").await;
    assert!(wrong.status == 422 && wrong.body.contains("value=\"nobody\""), "{}", wrong.body);
    mailbox.after(1).await;
    for _ in 0..27 {
        assert_eq!(ask(&product, "nobody@example.com").await.status, 200);
    }
    // Once more than one source may. What is wrong at its field counts for nothing.
    ask(&product, EMAIL).await;
    let waits = ask(&product, EMAIL).await;
    assert_eq!((waits.status.as_u16(), waits.header("retry-after")), (429, "3600"));
    assert!(waits.body.contains("Too many attempts: wait 60 minutes"), "{}", waits.body);
    assert_eq!(mailbox.after(2).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_e_mail_is_confirmed_with_the_code_that_was_mailed_there() {
    let mailbox = MailBox::start();
    let product = mailing(mailbox.url()).await;
    let session = product.sign_in().await;
    let get = async |path: &str| product.send(Call::get(path).cookie(&session)).await.body;
    let post =
        async |form: String| product.send(Call::post("/account/email").cookie(&session).same_origin().form(form)).await;
    let form = format!("email=new%40example.com&current_password={PASSWORD}").replace(' ', "+");
    let changed = post(form).await;
    assert_eq!((changed.status.as_u16(), changed.header("location")), (303, "/account"));
    let mails = mailbox.after(2).await;
    let mail = |to: &str| mails.iter().find(|mail| mail.contains(&format!("To: {to}"))).unwrap();
    assert!(mail(EMAIL).contains("Subject: Your e-mail was changed"), "{}", mail(EMAIL));
    let code = mail("new@example.com").split("24 hours:").nth(1).unwrap().split_whitespace().next().unwrap();
    assert!(get("/account").await.contains("Confirm it") && get("/account/email").await.contains("Confirm e-mail"));
    let wrong = post("step=confirm&code=AAAA-AAAA-AAAA".to_owned()).await;
    assert!(wrong.status == 422 && wrong.body.contains("newest mail"), "{}", wrong.body);
    assert!(wrong.body.contains("value=\"new@example.com\""), "the other form is as it was: {}", wrong.body);
    let done = post(format!("step=confirm&code={code}")).await;
    assert_eq!((done.status.as_u16(), done.header("location")), (303, "/account"));
    assert!(!get("/account").await.contains("Confirm it") && !get("/account/email").await.contains("Confirm e-mail"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_is_away_is_told_to_nobody() {
    let product = mailing(format!("smtp://127.0.0.1:{}?from=keystead@example.com", free_port())).await;
    let asked = ask(&product, EMAIL).await;
    assert!(asked.status == 200 && asked.body.contains("Look into your mail"), "{}", asked.body);
}

#[tokio::test]
async fn where_no_mail_is_sent_an_owner_helps() {
    let product = Product::start().await;
    product.sign_in().await;
    let page = product.send(Call::get("/forgot")).await;
    assert!(
        page.status == 200 && page.body.contains("Ask an owner") && !page.body.contains("Mail me a link"),
        "{}",
        page.body
    );
    let asked = ask(&product, EMAIL).await;
    assert!(asked.status == 404 && asked.body.contains("Ask an owner"), "{}", asked.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_password_would_travel_in_the_clear_nobody_asks() {
    let mailbox = MailBox::start();
    let product = mailing(mailbox.url()).await;
    let page = product.send(Call::get("/forgot").header("host", "keys.lan:3000").peer("192.0.2.7")).await;
    assert!(page.body.contains("Ask an owner") && !page.body.contains("Mail me a link"), "{}", page.body);
    let call = Call::post("/forgot").header("host", "keys.lan:3000").header("origin", "http://keys.lan:3000");
    let form = format!("email={}", EMAIL.replace('@', "%40"));
    assert_eq!(product.send(call.peer("192.0.2.7").form(form)).await.status, 403);
}
