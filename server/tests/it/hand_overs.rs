//! Hand-overs through the console: the link is in the maker's answer, the secret is in the recipient's, and neither is
//! anywhere else.

use domain::audit_query::AuditQuery;

use crate::mailbox::{MailBox, free_port};
use crate::support::{Answer, Call, Product, Settings, names_a_key, operator, service_key, text};

async fn post(product: &Product, path: &str, session: &str, form: &str) -> Answer {
    product.send(Call::post(path).cookie(session).same_origin().form(form.to_owned())).await
}

/// What a page has between the tags of this id.
fn at(answer: &Answer, id: &str) -> String {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let found = answer.body.split(&format!("id=\"{id}\"")).nth(1);
    found.unwrap_or_else(|| panic!("no {id}: {}", answer.body)).split(['>', '<']).nth(1).unwrap().to_owned()
}

async fn handed_over(product: &Product, session: &str, further: &str) -> (Answer, String) {
    let form_id = product.service.new_form_id().unwrap();
    let form = format!("kind=service&name=Partner&form_id={form_id}&recipient=Grace&link_life=1d{further}");
    let answer = post(product, "/keys/handovers/new", session, &form).await;
    let link = at(&answer, "link");
    let path = link.strip_prefix("http://localhost:3000").unwrap().to_owned();
    (answer, path)
}

/// The address that the form of this answer confirms the key at.
fn confirmation(answer: &Answer) -> String {
    let form = answer.body.split("action=\"/collect/").nth(1).unwrap_or_else(|| panic!("{}", answer.body));
    format!("/collect/{}", form.split('"').next().unwrap())
}

/// What somebody without a session sends from the page itself.
fn outside(path: &str, form: &str) -> Call {
    Call::post(path).same_origin().form(form.to_owned())
}

#[tokio::test]
async fn somebody_without_an_account_collects_the_key_and_its_maker_never_sees_it() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let mut seen = String::new();
    let (made, path) = handed_over(&product, &session, "&email=grace%40example.com&description=Nightly").await;
    seen += &made.body;
    assert!(!made.body.contains("mailed"), "this installation sends no mail");
    assert_eq!(made.header("cache-control"), "no-store");
    let token = path.rsplit('/').next().unwrap().to_owned();
    assert_eq!(token.len(), 64);
    for page in ["/keys/handovers", "/keys", "/audit", "/"] {
        let answer = product.send(Call::get(page).cookie(&session)).await;
        assert!(!answer.body.contains(&token), "{page}");
    }
    for _ in 0..100 {
        let page = product.send(Call::get(&path)).await;
        assert_eq!((page.status.as_u16(), page.header("referrer-policy")), (200, "no-referrer"));
        for words in ["Grace", "owner@example.com", "Partner", "Nightly", "Show me the key"] {
            assert!(page.body.contains(words), "{words}: {}", page.body);
        }
        assert!(!names_a_key(&page.body) && page.header("set-cookie").is_empty());
    }

    // Where the secret would travel in the clear, nothing is made.
    let plain = Call::post(&path).header("host", "keys.lan:3000").header("origin", "http://keys.lan:3000");
    assert_eq!(product.send(plain.peer("192.0.2.7").form("")).await.status, 403);
    let plain = product.send(Call::get(&path).header("host", "keys.lan:3000").peer("192.0.2.7")).await;
    assert!(!plain.body.contains("Grace"), "{}", plain.body);
    let shown = product.send(outside(&path, "").peer("198.51.100.7")).await;
    let secret = at(&shown, "secret");
    assert!(secret.starts_with("ks_") && names_a_key(&shown.body), "{secret}");
    assert!(!shown.body.contains(&token) && !shown.body.contains("Setup Integration"));
    assert_eq!((shown.header("cache-control"), shown.header("referrer-policy")), ("no-store", "no-referrer"));
    assert_eq!(product.send(outside(&path, "")).await.status, 404, "once");

    let confirm = confirmation(&shown);
    let unticked = product.send(outside(&confirm, "")).await;
    assert!(unticked.status == 422 && unticked.body.contains("Tick the box"), "{}", unticked.body);
    assert!(!unticked.body.contains(&secret));
    let page = product.send(Call::get(&confirm)).await;
    assert!(page.status == 200 && page.body.contains("Have you stored") && !page.body.contains(&secret));
    let confirmed = product.send(outside(&confirm, "acknowledged=yes")).await;
    assert!(
        confirmed.status == 200 && text(&confirmed.body).contains("is confirmed and enabled"),
        "{}",
        confirmed.body
    );
    assert_eq!(product.send(Call::get(&confirm)).await.status, 404);
    assert_eq!(product.send(outside(&confirm, "acknowledged=yes")).await.status, 404);

    let id = secret.split('_').nth(1).unwrap().to_owned();
    for page in [format!("/keys/{id}"), format!("/keys/{id}/audit"), "/keys".to_owned(), "/audit".to_owned()] {
        let answer = product.send(Call::get(&page).cookie(&session)).await;
        assert_eq!(answer.status, 200, "{page}");
        seen += &answer.body;
    }
    let facts = text(&product.send(Call::get(&format!("/keys/{id}")).cookie(&session)).await.body);
    assert!(facts.contains("Collected") && facts.contains("Grace") && facts.contains("from 198.51.100.7"), "{facts}");
    let half = secret.rsplit('_').next().unwrap();
    assert!(!seen.contains(half) && !seen.contains(confirm.split('/').nth(2).unwrap()));
    let events = format!("{:?}", product.service.audit(&operator(), &AuditQuery::default()).await.unwrap());
    for secret in [half, &token, confirm.split('/').nth(2).unwrap()] {
        assert!(!events.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn whoever_sends_the_form_again_can_still_confirm_the_key() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let (_, path) = handed_over(&product, &session, "").await;
    let asked = product.send(Call::get(&path)).await;
    let form_id = asked.body.split("name=\"form_id\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let form = format!("form_id={form_id}");
    let shown = product.send(outside(&path, &form)).await;
    let (secret, confirm) = (at(&shown, "secret"), confirmation(&shown));
    assert!(shown.body.contains(&format!("data-address=\"{confirm}\"")), "a script loads that page again");
    for _ in 0..2 {
        let again = product.send(outside(&path, &form)).await;
        assert_eq!((again.status.as_u16(), again.header("location")), (303, confirm.as_str()));
    }
    // Nobody else is led there, whatever else they know.
    let other = product.service.new_form_id().unwrap();
    for form in [String::new(), format!("form_id={other}"), "form_id=".to_owned()] {
        assert_eq!(product.send(outside(&path, &form)).await.status, 404, "{form}");
    }
    let page = product.send(Call::get(&confirm)).await;
    assert!(page.body.contains("not shown again") && !page.body.contains(&secret), "{}", page.body);
    assert_eq!(product.send(outside(&confirm, "acknowledged=yes")).await.status, 200);
    let over = product.send(Call::get(&confirm)).await;
    assert!(over.status == 404 && over.body.contains("Nothing to confirm"), "{}", over.body);
    assert_eq!(product.send(outside(&path, &form)).await.status, 404);
}

#[tokio::test]
async fn every_link_that_does_not_work_gives_one_page() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let (_, used) = handed_over(&product, &session, "").await;
    assert_eq!(product.send(outside(&used, "")).await.status, 200);
    let (_, withdrawn) = handed_over(&product, &session, "").await;
    let list = product.send(Call::get("/keys/handovers").cookie(&session)).await;
    let address = list.body.split("href=\"/keys/handovers/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let answer = post(&product, &format!("/keys/handovers/{address}"), &session, "").await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/keys/handovers"));
    let page = |answer: &Answer| {
        let policy = answer.header("content-security-policy");
        let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap().to_owned();
        answer.body.replace(&nonce, "N")
    };
    let unknown = product.send(Call::get(&format!("/collect/{}", "0".repeat(64)))).await;
    assert_eq!(unknown.status, 404);
    for odd in [used.as_str(), &withdrawn, "/collect/%00", "/collect/%ff", "/collect/..%2fkeys", "/collect/%C3%A9"] {
        let answer = product.send(Call::get(odd)).await;
        assert_eq!((answer.status.as_u16(), page(&answer)), (404, page(&unknown)), "{odd}");
    }
    let posted = |path: &str| product.send(outside(path, ""));
    let unknown = posted(&format!("/collect/{}", "0".repeat(64))).await;
    for dead in [used.as_str(), &withdrawn, "/collect/%ff"] {
        let answer = posted(dead).await;
        assert_eq!((answer.status.as_u16(), page(&answer)), (unknown.status.as_u16(), page(&unknown)), "{dead}");
    }
}

#[tokio::test]
async fn the_passphrase_is_asked_for_and_never_shown_again() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let (made, path) = handed_over(&product, &session, "&passphrase=a+green+lantern").await;
    assert!(!made.body.contains("a green lantern") && made.body.contains("by other means"));
    let wrong = product.send(outside(&path, "passphrase=a+blue+lantern")).await;
    assert!(wrong.status == 422 && wrong.body.contains("The passphrase is wrong."), "{}", wrong.body);
    assert!(!wrong.body.contains("a blue lantern"));
    let shown = product.send(outside(&path, "passphrase=a+green+lantern")).await;
    assert!(at(&shown, "secret").starts_with("ks_"));
}

#[tokio::test]
async fn what_is_wrong_is_said_at_its_field_and_what_was_typed_stays() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let form_id = product.service.new_form_id().unwrap();
    let form = format!("kind=service&name=Partner&form_id={form_id}&recipient=&email=x&passphrase=short&link_life=9d");
    let refused = post(&product, "/keys/handovers/new", &session, &form).await;
    assert_eq!(refused.status, 422);
    for words in [
        "Enter the name of whoever collects the key.",
        "Enter an e-mail address like",
        "Use at least 8 characters, or none.",
        "Choose how long the link works: one of 1h, 1d, 3d, 7d.",
        "value=\"Partner\"",
        "This installation sends no mail",
    ] {
        assert!(refused.body.contains(words), "{words}: {}", refused.body);
    }
    assert!(!refused.body.contains("value=\"short\""));
}

#[tokio::test]
async fn a_form_without_an_app_asks_for_one_where_it_says_so() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let shop = product.service.create_app(&operator(), "Web shop").await.unwrap().id;
    let form_id = product.service.new_form_id().unwrap();
    let form = format!("kind=service&name=Partner&form_id={form_id}&recipient=Grace&link_life=1d");
    let refused = post(&product, "/keys/handovers/new", &session, &form).await;
    assert_eq!(refused.status, 422);
    let field = refused.body.split("id=\"app\"").nth(1).unwrap_or_else(|| panic!("{}", refused.body));
    assert!(field.contains("id=\"app-error\"") && field.contains("Choose the app"), "{field}");
    assert!(field.contains(shop.as_str()) && refused.body.contains("value=\"Grace\""), "{}", refused.body);
    let named = format!("{form}&app={shop}");
    let wrong = post(&product, "/keys/handovers/new", &session, &named.replace("Grace", "")).await;
    assert!(wrong.status == 422 && text(&wrong.body).contains("App Web shop"), "{}", wrong.body);
    assert!(!wrong.body.contains("id=\"app\""), "{}", wrong.body);
    assert_eq!(post(&product, "/keys/handovers/new", &session, &named).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_mailed_without_the_passphrase_or_any_secret() {
    let mailbox = MailBox::start();
    let product = Product::with(Settings { smtp_url: Some(mailbox.url()), ..Settings::default() }).await;
    let session = product.sign_in().await;
    let to = "&email=grace%40example.com&passphrase=a+green+lantern";
    let (made, path) = handed_over(&product, &session, to).await;
    assert!(text(&made.body).contains("Keystead has mailed this link to grace@example.com"), "{}", made.body);
    let shown = product.send(outside(&path, "passphrase=a+green+lantern")).await;
    let secret = at(&shown, "secret");
    let form_id = product.service.new_form_id().unwrap();
    let nobody = format!("kind=service&name=Partner&form_id={form_id}&recipient=&link_life=1d");
    let refused = post(&product, "/keys/handovers/new", &session, &nobody).await;
    assert!(refused.body.contains("The link is mailed there."), "{}", refused.body);
    // Without an address nothing is mailed.
    let (silent, _) = handed_over(&product, &session, "").await;
    assert!(!silent.body.contains("mailed this link"));
    let mails = mailbox.mails();
    assert_eq!(mails.len(), 1);
    let link = format!("http://localhost:3000{path}");
    let subject = "Subject: A key waits for you";
    for part in ["To: grace@example.com", "From: keystead@example.com", subject, "Hello Grace", "Partner", &link] {
        assert!(mails[0].contains(part), "{part}: {}", mails[0]);
    }
    assert!(mails[0].contains("asks for a passphrase, which owner@example.com gives you by other means"));
    for part in ["lantern", secret.rsplit('_').next().unwrap()] {
        assert!(!mails[0].contains(part), "{part}: {}", mails[0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_cannot_be_mailed_is_shown_all_the_same() {
    let url = format!("smtp://127.0.0.1:{}?from=keystead@example.com", free_port());
    let product = Product::with(Settings { smtp_url: Some(url), ..Settings::default() }).await;
    let session = product.sign_in().await;
    let (made, path) = handed_over(&product, &session, "&email=grace%40example.com").await;
    assert!(made.body.contains("The mail could not be sent."), "{}", made.body);
    assert_eq!(product.send(Call::get(&path)).await.status, 200);
}

#[tokio::test]
async fn somebody_else_collects_the_new_secret_of_a_key() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let old = product.token(service_key("Partner")).await;
    let id = old.split('_').nth(1).unwrap();
    let path = format!("/keys/{id}/rotate/handover");
    let page = product.send(Call::get(&path).cookie(&session)).await;
    assert!(page.status == 200 && page.body.contains("overlap") && page.body.contains("recipient"), "{}", page.body);
    let form = |recipient: &str| {
        let form_id = product.service.new_form_id().unwrap();
        format!("overlap=24h&form_id={form_id}&recipient={recipient}&link_life=1d")
    };
    let wrong = post(&product, &path, &session, &form("")).await;
    assert_eq!(wrong.status, 422);
    let made = post(&product, &path, &session, &form("Grace")).await;
    assert!(text(&made.body).contains("can collect the new secret of"), "{}", text(&made.body));
    let link = at(&made, "link").strip_prefix("http://localhost:3000").unwrap().to_owned();
    let waits = text(&product.send(Call::get(&format!("/keys/{id}")).cookie(&session)).await.body);
    assert!(waits.contains("A new secret waits until Grace collects it"), "{waits}");
    let list = text(&product.send(Call::get("/keys/handovers").cookie(&session)).await.body);
    assert!(list.contains("New secret of Partner for Grace"), "{list}");
    let again = post(&product, &path, &session, &form("Grace")).await;
    assert_eq!(again.status, 409, "{}", again.body);
    let asked = product.send(Call::get(&link)).await;
    assert!(text(&asked.body).contains("A new secret of your key waits for you"), "{}", text(&asked.body));
    assert!(!asked.body.contains(&old));
    let shown = product.send(outside(&link, "").peer("198.51.100.7")).await;
    let new = at(&shown, "secret");
    assert!(new.starts_with(&format!("ks_{id}_")) && new != old);
    let confirm = confirmation(&shown);
    let code = async |token: &str| product.send(Call::get("/v1/keys/self").bearer(token)).await.json()["code"].take();
    assert_eq!((code(&old).await, code(&new).await), ("VALID".into(), "NOT_FOUND".into()));
    let page = product.send(Call::get(&format!("/keys/{id}/rotation/acknowledge")).cookie(&session)).await;
    assert!(page.body.contains("Grace") && !page.body.contains(&new), "{}", page.body);
    let done = product.send(outside(&confirm, "acknowledged=yes")).await;
    assert!(text(&done.body).contains("The new secret of “Partner” works"), "{}", text(&done.body));
    assert_eq!((code(&old).await, code(&new).await), ("VALID".into(), "VALID".into()));
    let facts = text(&product.send(Call::get(&format!("/keys/{id}")).cookie(&session)).await.body);
    assert!(facts.contains("Two secrets work") && facts.contains("Grace"), "{facts}");
}
