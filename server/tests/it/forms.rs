//! Requests that no form sends: too much, too little, or in another format. Also the pages that answer a form. The
//! tests of each page cover the input of its fields.

use axum::body::Body;
use domain::draft::KeyDraft;
use futures::stream;
use secrecy::ExposeSecret;
use serde_json::json;
use service::keys::ShownSecret;

use crate::routes::{forms, functions};
use crate::support::{Answer, Call, Product, list, service_key, text};

const FORM_ID: &str = "0123456789abcdef0123456789abcdef";
const NOT_TEXT: &str = "Some of the input is not valid text and was replaced by \u{fffd}.";

#[tokio::test]
async fn a_used_set_up_link_leads_on_whoever_is_signed_in() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let setup = || Call::get("/setup?token=a");
    for (call, words, link) in [
        (setup().cookie(&session), "You are signed in already.", "href=\"/\""),
        (setup(), "Sign in with your account.", "href=\"/login\""),
    ] {
        let page = product.send(call).await;
        assert_eq!(page.status, 404);
        assert!(page.body.contains(words) && page.body.contains(link), "{}", page.body);
    }
}

#[tokio::test]
async fn a_form_of_a_megabyte_is_refused_in_words_announced_or_not() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    for path in forms() {
        let megabyte = "a".repeat(1_000_000);
        let streamed = Body::from_stream(stream::iter((0..1000).map(|_| Ok::<_, std::io::Error>("a".repeat(1000)))));
        for body in [Body::from(megabyte), streamed] {
            let answer = product.send(Call::post(&path).cookie(&session).same_origin().form(body)).await;
            assert_eq!(answer.status, 413, "{path}");
            assert!(answer.body.contains("256 KiB"), "{path}: {}", answer.body);
        }
    }
}

#[tokio::test]
async fn a_server_function_answers_with_an_error_that_the_page_understands() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    for path in functions() {
        for (body, status) in [("{".to_owned(), 400), ("a".repeat(1_000_000), 413), ("\u{0}".to_owned(), 400)] {
            let call = Call::post(&path).cookie(&session).same_origin().json(body.clone());
            let answer = product.send(call).await;
            assert_eq!(answer.status, status, "{path} {}", answer.body);
            let words = json!({ "message": "The form is incomplete. Reload the page and try again." });
            assert_eq!(answer.json(), words, "{path}");
        }
    }
}

/// Leptos answers a browser's form with a redirect to its `Referer`, wherever that is.
#[tokio::test]
async fn a_server_function_sends_nobody_elsewhere() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    for path in functions() {
        for body in ["{", r#"{"kind":"service","draft":{"kind":"service","name":"x"}}"#] {
            let call = Call::post(&path).cookie(&session).same_origin().json(body);
            let call = call.header("accept", "text/html").header("referer", "http://evil.example/");
            let answer = product.send(call).await;
            assert!(!answer.headers.contains_key("location"), "{path} {:?}", answer.headers);
        }
    }
}

#[tokio::test]
async fn a_form_sent_in_another_way_is_refused_in_words() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    for path in forms().iter().filter(|path| *path != "/logout") {
        for kind in ["text/plain", "multipart/form-data; boundary=x", "application/json"] {
            let call = Call::post(path).cookie(&session).same_origin().header("content-type", kind).body("{}");
            let answer = product.send(call).await;
            assert_eq!(answer.status, 415, "{path} {kind}");
            assert!(answer.body.contains("in which its page sends it"), "{path} {kind}");
        }
        let answer = product.send(Call::new("PUT", path).cookie(&session).same_origin()).await;
        assert_eq!(answer.status, 405, "{path}");
        assert!(!answer.body.is_empty() && !answer.header("allow").is_empty(), "{path}");
    }
}

#[tokio::test]
async fn what_is_not_text_is_never_a_fault_of_ours() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    for path in forms().iter().filter(|path| *path != "/logout") {
        for body in [&b"\xff\xfe"[..], b"%ff%fe=%00", b"a=%", b"a[b]=c&a=d", b"name=%ff", b"&&&===", b"[[[[[[]]]]]]=1"]
        {
            let call = Call::post(path).cookie(&session).same_origin().form(body.to_vec());
            let answer = product.send(call).await;
            assert!(!answer.status.is_server_error(), "{path} {body:?}: {} {}", answer.status, answer.body);
            assert!(!answer.body.is_empty() || answer.status == 303, "{path} {body:?}");
        }
    }
}

#[tokio::test]
async fn a_replacement_character_is_a_character_like_any_other() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    for name in ["A%EF%BF%BDB", "A%ef%bf%bdB", "A\u{fffd}B"] {
        let page = wizard(&product, &session, format!("kind=service&step=summary&name={name}")).await;
        assert!(page.body.contains("A\u{fffd}B") && page.body.contains("Generate Token"), "{name}: {}", page.body);
    }
}

#[tokio::test]
async fn what_is_not_text_is_refused_above_the_form_which_keeps_the_rest() {
    let product = Product::start().await;
    let token = product.service.setup_link().await.unwrap().unwrap().0;
    let token = token.expose_secret();
    let setup = format!("token={token}&person_name=A%ff&email=a%40example.com&password=x");
    let page = product.send(Call::post("/setup").same_origin().form(setup)).await;
    refused_as_not_text(&page, &[token, "A\u{fffd}", "a@example.com"]);

    let session = product.sign_in().await;
    for step in ["summary", "generate"] {
        let typed = format!("kind=service&step={step}&form_id={FORM_ID}&name=First%ffLast&quota=7654");
        let page = send(&product, "/keys/new", &session, typed).await;
        refused_as_not_text(&page, &[FORM_ID, "First\u{fffd}Last", "7654"]);
        assert!(page.body.contains("Continue to summary"), "{step}: {}", page.body);
    }
    let page = send(&product, "/keys/new", &session, b"kind=service&step=summary&name=First\xff".to_vec()).await;
    refused_as_not_text(&page, &["First\u{fffd}"]);
    // Without a kind there are no fields to keep the values in, but the page says so.
    let page = send(&product, "/keys/new", &session, "kind=%ff&step=summary&name=x").await;
    refused_as_not_text(&page, &[]);
    let keys = product.send(Call::get("/keys").cookie(&session)).await;
    assert!(keys.body.contains("No keys yet"), "{}", keys.body);

    let key = product.issue(service_key("Old name")).await.key;
    let path = format!("/keys/{}/edit", key.row.id.as_str());
    let typed = format!("name=New%ff&quota=7654&revision={}&back=%2Fkeys%3Fq%3DOld", key.revision);
    let page = send(&product, &path, &session, typed.clone()).await;
    refused_as_not_text(&page, &["New\u{fffd}", "7654", "/keys?q=Old"]);
    assert!(page.body.contains(&format!("name=\"revision\" value=\"{}\"", key.revision)), "{}", page.body);

    // The session has ended in the meantime.
    let page = product.send(Call::post(&path).same_origin().form(typed)).await;
    assert_eq!(page.status, 401);
    assert!(page.body.contains("value=\"New\u{fffd}\"") && page.body.contains("value=\"7654\""), "{}", page.body);
}

/// With less in a field than what was typed, the act would be another one.
#[tokio::test]
async fn a_form_that_is_kept_leaves_the_secret_of_a_whole_key_out_and_asks_for_its_field() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let (found, key) = (product.token(service_key("Found")).await, product.issue(service_key("Old name")).await.key);
    let (head, secret) = found.rsplit_once('_').unwrap();
    let path = format!("/keys/{}/edit", key.row.id.as_str());
    let typed = |found: &str| format!("name=New&description=In+%2520{found}&revision={}", key.revision);
    let kept = product.send(Call::post(&path).same_origin().form(typed(&found))).await;
    assert_eq!(kept.status, 401);
    assert!(text(&kept.body).contains("passwords, codes and secrets of keys"), "{}", kept.body);
    assert!(kept.body.contains(&format!("value=\"In %20{head}_\"")) && !kept.body.contains(secret), "{}", kept.body);
    let again = format!("{}&proof_left_out=description", typed(&format!("{head}_")));
    let asked = send(&product, &path, &session, again).await;
    assert_eq!(asked.status, 422);
    assert!(text(&asked.body).contains("Type this again."), "{}", asked.body);
}

#[tokio::test]
async fn a_list_is_carried_on_as_it_was_typed_and_an_error_names_its_line() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let typed = |step: &str, last: &str| {
        let lists = format!("cidrs=10.0.0.0%2F8%2C+%3A%3A1%0D%0A%0D%0A{last}%0D%0A&limits=%0D%0A5+per+minute");
        format!("kind=service&step={step}&name=x&form_id={FORM_ID}&{lists}")
    };
    let shown = "10.0.0.0/8, ::1\n\nnonsense\n</textarea>";
    for step in ["summary", "generate"] {
        let page = wizard(&product, &session, typed(step, "nonsense")).await;
        assert!(text(&page.body).contains("Line 3: “nonsense”"), "{}", page.body);
        assert!(page.body.contains(shown), "{}", page.body);
        // HTML drops the first line break of the tag.
        assert!(page.body.contains(">\n\n5 per minute</textarea>"), "{}", page.body);
    }
    let page = wizard(&product, &session, typed("summary", "192.0.2.1")).await;
    assert!(page.body.contains("value=\"10.0.0.0/8, ::1\n\n192.0.2.1\n\""), "{}", page.body);
    assert!(page.body.contains("value=\"\n5 per minute\""), "{}", page.body);

    let key = product.issue(service_key("Key")).await.key;
    let path = format!("/keys/{}/edit", key.row.id.as_str());
    let page = send(&product, &path, &session, format!("{}&revision={}", typed("", "nonsense"), key.revision)).await;
    assert!(text(&page.body).contains("Line 3: “nonsense”") && page.body.contains(shown), "{}", page.body);
}

#[tokio::test]
async fn a_refusal_about_a_field_that_is_not_shown_is_said_above_the_form() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    for (typed, words) in [
        (
            "kind=client&name=x&cidrs=10.0.0.0%2F8",
            "Networks (CIDR): Client keys do not have this field: leave it blank.",
        ),
        (
            "kind=sausage&name=x",
            "“sausage” is not a kind that you can issue: choose one of service, client, open_connect, queue_adapter, telephony, master_user, integration, app, account.",
        ),
    ] {
        let typed = format!("{typed}&step=generate&form_id={FORM_ID}");
        let page = wizard(&product, &session, typed.clone()).await;
        assert!(text(&page.body).contains(words), "{typed}: {}", page.body);
    }
    // A form with this id could never create a key.
    let page = wizard(&product, &session, "kind=service&name=x&form_id=a+b&step=generate").await;
    assert!(page.body.contains("Generate Token") && !page.body.contains("value=\"a b\""), "{}", page.body);
    let client = KeyDraft { kind: Some("client".to_owned()), ..service_key("Client") };
    let key = product.issue(client).await.key;
    let path = format!("/keys/{}/edit", key.row.id.as_str());
    let page = send(&product, &path, &session, format!("name=x&domains=&revision={}", key.revision)).await;
    assert_eq!(page.status, 422);
    let words = "Domain allow-list: This cannot be changed for Client keys: generate a new key instead.";
    assert!(text(&page.body).contains(words), "{}", page.body);
}

#[tokio::test]
async fn a_form_that_has_made_its_key_tells_what_became_of_it_and_leads_to_another_form() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let typed = format!("kind=service&step=generate&name=Once&permissions=invoices.read&form_id={FORM_ID}");
    let made = send(&product, "/keys/new", &session, typed.clone()).await;
    assert_eq!(made.status, 200, "{}", made.body);
    let id = made.body.split_once("/acknowledge\"").unwrap().0.rsplit('/').next().unwrap();
    let (key, acknowledge) = (format!("href=\"/keys/{id}\""), format!("href=\"/keys/{id}/acknowledge\""));

    let page = made_before(&product, &session, &typed).await;
    assert!(page.body.contains(&acknowledge) && !page.body.contains(&key), "{}", page.body);

    let done = send(&product, &format!("/keys/{id}/acknowledge"), &session, "acknowledged=yes").await;
    assert_eq!(done.status, 303);
    let page = made_before(&product, &session, &typed).await;
    assert!(page.body.contains(&key) && !page.body.contains(&acknowledge), "{}", page.body);
    assert!(text(&page.body).contains("“Once” was confirmed."), "{}", page.body);

    let done = send(&product, &format!("/keys/{id}/delete"), &session, "confirm_name=Once").await;
    assert_eq!(done.status, 303);
    let page = made_before(&product, &session, &typed).await;
    assert!(!page.body.contains(&key) && !page.body.contains(&acknowledge), "{}", page.body);
    assert!(text(&page.body).contains("The key from this form is gone"), "{}", page.body);
}

#[tokio::test]
async fn a_page_whose_last_key_is_deleted_leads_back_to_those_before_it() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    // A cursor into a list that is empty: there is nothing to go back to.
    let page = product.send(Call::get("/keys?after=x").cookie(&session)).await;
    assert!(page.body.contains("No keys yet"), "{}", page.body);

    for n in 10..35 {
        product.issue(service_key(&format!("Key {n}"))).await;
    }
    let last = product.issue(service_key("Last")).await.key.row.id;
    let first = product.send(Call::get("/keys").cookie(&session)).await;
    let second = first.body.split_once("rel=\"next\" href=\"").unwrap().1.split('"').next().unwrap();
    let second = second.replace("&amp;", "&");
    assert!(product.send(Call::get(&second).cookie(&session)).await.body.contains("Actions for Last"));

    let mut delete = form_urlencoded::Serializer::new(String::new());
    let delete = delete.append_pair("confirm_name", "Last").append_pair("back", &second).finish();
    let deleted = send(&product, &format!("/keys/{}/delete", last.as_str()), &session, delete).await;
    assert_eq!(deleted.status, 303);
    let page = product.send(Call::get(deleted.header("location")).cookie(&session)).await;
    let words = text(&page.body);
    assert!(words.contains("This page is empty") && words.contains("25 keys"), "{}", page.body);
    assert!(!words.contains("No keys match"), "{}", page.body);
    assert!(page.body.contains("rel=\"prev\" href=\"/keys?before=end\""), "{}", page.body);
}

#[tokio::test]
async fn the_call_to_copy_comes_from_where_the_key_is_accepted() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    for domains in
        [&["crm.example.com"][..], &["*.example.com"], &["*.example.com", "crm.example.org"], &["*.münchen.example"]]
    {
        let draft = KeyDraft { domains: list(domains), ..service_key("Bound") };
        let issued = product.issue(draft).await;
        let ShownSecret::Token(token) = issued.shown else { panic!() };
        let path = format!("/integrations/setup?key={}", issued.key.row.id.as_str());
        let page = product.send(Call::get(&path).cookie(&session)).await;
        let own = Call::get("/v1/keys/self").bearer(token.expose_secret()).header("origin", &origin(&page));
        assert_eq!(product.send(own).await.json()["code"], "VALID", "{domains:?}: {}", page.body);
    }
    let typed = format!("kind=client&step=generate&name=Once&domains=*.example.com&form_id={FORM_ID}");
    let page = send(&product, "/keys/new", &session, typed).await;
    assert_eq!(origin(&page), "https://app.example.com", "{}", page.body);
    let free = product.issue(service_key("Free")).await.key.row.id;
    let page = product.send(Call::get(&format!("/integrations/setup?key={}", free.as_str())).cookie(&session)).await;
    assert!(page.body.contains("/v1/keys/self") && !page.body.contains("Origin: "), "{}", page.body);
}

/// Whoever pastes a key into the wrong field shows it to nobody behind them, and not to what keeps pages.
#[tokio::test]
async fn of_a_whole_key_that_was_typed_no_page_has_the_secret_again() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let issued = product.issue(service_key("Key")).await;
    let ShownSecret::Token(token) = issued.shown else { panic!() };
    let token = token.expose_secret();
    // An error message quotes the first 60 characters.
    let (left, secret) = token.split_at(16);
    let secret = &secret[..20];
    let (id, revision) = (issued.key.row.id, issued.key.revision);
    let rules = format!("description=It+is+{token}&cidrs=10.0.0.0%2F8%0D%0A{token}");
    for (path, typed, kept) in [
        ("/login".to_owned(), format!("email={token}&password=x"), format!("value=\"{left}\"")),
        (
            "/keys/new".to_owned(),
            format!("kind=service&step=summary&name=A+{token}&form_id={FORM_ID}&{rules}"),
            format!("value=\"A {left}\""),
        ),
        (
            format!("/keys/{id}/edit"),
            format!("name=B+{token}&revision={revision}&{rules}"),
            format!("10.0.0.0/8\n{left}</textarea>"),
        ),
        (format!("/keys/{id}/revoke"), format!("note=Leaked:+{token}"), format!("Leaked: {left}")),
        (format!("/keys/{id}/delete"), format!("confirm_name={token}"), format!("value=\"{left}\"")),
        (
            "/people/invite".to_owned(),
            format!("press=invite&role=auditor&first_name=Ada+{token}&email={token}%40example.com"),
            format!("value=\"Ada {left}\""),
        ),
    ] {
        let page = send(&product, &path, &session, typed).await;
        assert!(page.body.contains("<form") && page.body.contains(&kept), "{path}: {}", page.body);
        assert!(!page.body.contains(secret), "{path}: {}", page.body);
    }
    let page =
        product.send(Call::get(&format!("/keys/{id}/why?address={token}&origin={token}")).cookie(&session)).await;
    assert!(page.body.contains(&format!("value=\"{left}\"")) && !page.body.contains(secret), "{}", page.body);
    // Only a whole key is cut.
    let typed = format!("email={}&password=x", "s".repeat(60));
    let page = send(&product, "/login", &session, typed).await;
    assert!(page.body.contains(&format!("value=\"{}\"", "s".repeat(60))), "{}", page.body);
}

/// What a page of the console sends.
async fn send(product: &Product, path: &str, session: &str, body: impl Into<Body>) -> Answer {
    product.send(Call::post(path).cookie(session).same_origin().form(body)).await
}

/// The page that a step of the wizard leads to.
async fn wizard(product: &Product, session: &str, typed: impl Into<Body>) -> Answer {
    let answer = send(product, "/keys/new", session, typed).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    let page = product.send(Call::get(answer.header("location")).cookie(session)).await;
    assert_eq!((page.status.as_u16(), page.header("cache-control")), (200, "no-store"), "{}", page.body);
    page
}

/// Checks that the page shows the message, and that the inputs have these values.
fn refused_as_not_text(page: &Answer, kept: &[&str]) {
    assert_eq!(page.status, 400, "{}", page.body);
    assert!(text(&page.body).contains(NOT_TEXT), "{}", page.body);
    for value in kept {
        assert!(page.body.contains(&format!("value=\"{value}\"")), "{value}: {}", page.body);
    }
}

/// Sends a form that has made its key, and checks that there is a way on and none back into the form.
async fn made_before(product: &Product, session: &str, typed: &str) -> Answer {
    let page = wizard(product, session, typed.to_owned()).await;
    for words in ["already generated its key", "Generate again with the same fields", "value=\"invoices.read\""] {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
    for way_back in [FORM_ID, "value=\"details\"", "value=\"generate\""] {
        assert!(!page.body.contains(way_back), "{way_back}: {}", page.body);
    }
    page
}

/// The Origin in the call to copy.
fn origin(page: &Answer) -> String {
    let (_, rest) = page.body.split_once("Origin: ").unwrap_or_else(|| panic!("{}", page.body));
    rest.split(['"', '&']).next().unwrap().to_owned()
}
