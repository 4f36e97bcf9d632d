//! Invites through the console: the link is in one answer and in one mail, and nowhere else.

use domain::audit_query::AuditQuery;

use crate::mailbox::{MailBox, free_port};
use crate::support::{Answer, Call, Product, Settings, operator};

const INVITE: &str = "press=invite&first_name=Ada&last_name=Byron&email=ada%40example.com&role=auditor";

async fn post(product: &Product, path: &str, session: &str, form: &str) -> Answer {
    product.send(Call::post(path).cookie(session).same_origin().form(form.to_owned())).await
}

/// The link in an answer.
fn link(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let link = answer.body.split("id=\"link\"").nth(1).unwrap_or_else(|| panic!("no link: {}", answer.body));
    link.split(['>', '<']).nth(1).unwrap().to_owned()
}

fn token(link: &str) -> &str {
    link.rsplit('/').next().unwrap()
}

#[tokio::test]
async fn the_link_is_in_the_answer_and_in_no_page_or_record() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let answer = post(&product, "/people/invite", &session, INVITE).await;
    let link = link(&answer);
    assert!(link.starts_with("http://localhost:3000/invite/") && token(&link).len() == 64, "{link}");
    assert!(!answer.body.contains("mailed"), "this installation sends no mail");
    assert_eq!(answer.header("cache-control"), "no-store");
    for path in ["/people", "/people?show=invites", "/audit", "/"] {
        let page = product.send(Call::get(path).cookie(&session)).await;
        assert!(!page.body.contains(token(&link)), "{path}");
    }
    let events = product.service.audit(&operator(), &AuditQuery::default()).await.unwrap();
    assert!(!format!("{events:?}").contains(token(&link)));
    let page = product.send(Call::get(&link["http://localhost:3000".len()..])).await;
    assert_eq!((page.status.as_u16(), page.header("referrer-policy")), (200, "no-referrer"));
    assert!(page.body.contains("Ada Byron") && page.body.contains("ada@example.com"), "{}", page.body);
}

#[tokio::test]
async fn joining_leads_to_the_sign_in_and_does_not_sign_in() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let link = link(&post(&product, "/people/invite", &session, INVITE).await);
    let path = format!("/invite/{}", token(&link));
    let join = |password: &str| Call::post(&path).same_origin().form(format!("person_name=Ada+B&password={password}"));
    let refused = product.send(join("short")).await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("Use at least 15 characters") && refused.body.contains("value=\"Ada B\""));
    let joined = product.send(join("seven+grey+herons+wade")).await;
    assert_eq!((joined.status.as_u16(), joined.header("location")), (303, "/login?done=joined"));
    assert_eq!(joined.header("set-cookie"), "");
    // The same page for every link that does not work.
    let dead = product.send(Call::get(&path)).await;
    let unknown = product.send(Call::get(&format!("/invite/{}", "0".repeat(64)))).await;
    let text = |answer: &Answer| {
        let nonce =
            answer.header("content-security-policy").split("'nonce-").nth(1).unwrap().split('\'').next().unwrap();
        answer.body.replace(nonce, "N")
    };
    assert_eq!((dead.status.as_u16(), text(&dead)), (404, text(&unknown)));
    assert_eq!(product.send(join("seven+grey+herons+wade")).await.status, 404);
    for odd in ["%00", "..%2f..%2fkeys", "é", &"a".repeat(7_000)] {
        let answer = product.send(Call::get(&format!("/invite/{}", odd.replace('é', "%C3%A9")))).await;
        assert_eq!((answer.status.as_u16(), text(&answer)), (404, text(&unknown)), "{odd}");
    }
}

#[tokio::test]
async fn where_a_password_would_travel_in_the_clear_nobody_joins() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let link = link(&post(&product, "/people/invite", &session, INVITE).await);
    let path = format!("/invite/{}", token(&link));
    let page = product.send(Call::get(&path).header("host", "keys.lan:3000").peer("192.0.2.7")).await;
    assert!(page.body.contains("You cannot sign in over this connection") && !page.body.contains("Ada"));
    let form = "person_name=Ada&password=seven+grey+herons+wade";
    let call = Call::post(&path).header("host", "keys.lan:3000").header("origin", "http://keys.lan:3000");
    assert_eq!(product.send(call.peer("192.0.2.7").form(form)).await.status, 403);
    assert_eq!(product.send(Call::get(&path)).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invite_is_mailed_with_the_same_link() {
    let mailbox = MailBox::start();
    let product = Product::with(Settings { smtp_url: Some(mailbox.url()), ..Settings::default() }).await;
    let session = product.sign_in().await;
    let answer = post(&product, "/people/invite", &session, INVITE).await;
    assert!(answer.body.contains("has mailed this link to"), "{}", answer.body);
    let mails = mailbox.mails();
    assert_eq!(mails.len(), 1);
    let mail = &mails[0];
    for part in ["To: ada@example.com", "From: keystead@example.com", "Subject: You are invited", &link(&answer)] {
        assert!(mail.contains(part), "{part}: {mail}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_cannot_be_sent_is_told_and_the_link_shown() {
    let url = format!("smtp://127.0.0.1:{}?from=keystead@example.com", free_port());
    let product = Product::with(Settings { smtp_url: Some(url), ..Settings::default() }).await;
    let session = product.sign_in().await;
    let answer = post(&product, "/people/invite", &session, INVITE).await;
    assert!(answer.body.contains("The mail could not be sent."), "{}", answer.body);
    let path = format!("/invite/{}", token(&link(&answer)));
    assert_eq!(product.send(Call::get(&path)).await.status, 200);
}
