//! What the console lets people do, but not without a word: contradicting networks, and somebody else's new key.

use crate::support::{Answer, Call, Product, operator, service_key};

const FORM_ID: &str = "0123456789abcdef0123456789abcdef";
const NEVER: &str = "This key can never pass: 10.1.0.0/16 is allowed, but also blocked";

async fn post(product: &Product, path: &str, body: &str) -> Answer {
    let session = product.sign_in().await;
    product.send(Call::post(path).cookie(&session).same_origin().form(body.to_owned())).await
}

async fn get(product: &Product, path: &str) -> Answer {
    let session = product.sign_in().await;
    product.send(Call::get(path).cookie(&session)).await
}

#[tokio::test]
async fn a_key_that_can_never_pass_is_saved_with_a_warning() {
    let product = Product::start().await;
    let typed = |step: &str| {
        format!("kind=service&step={step}&name=Shut&cidrs=10.1.0.0%2F16&denied_cidrs=10.0.0.0%2F8&form_id={FORM_ID}")
    };
    let summary = post(&product, "/keys/new", &typed("summary")).await;
    assert_eq!(summary.status, 303, "{}", summary.body);
    let address = summary.header("location");
    for step in [address.to_owned(), address.replace("summary", "details")] {
        assert!(get(&product, &step).await.body.contains(NEVER), "{step}");
    }

    let id = product.issue(service_key("Open")).await.key.row.id;
    let (key, edit) = (format!("/keys/{id}"), format!("/keys/{id}/edit"));
    assert!(!get(&product, &edit).await.body.contains("This key can never pass"));
    let typed = "revision=1&name=Shut&cidrs=10.1.0.0%2F16&denied_cidrs=10.0.0.0%2F8";
    let saved = post(&product, &edit, typed).await;
    // Without scripts, the form could not say it before. The key's page does.
    assert_eq!((saved.status.as_u16(), saved.header("location")), (303, &*key));
    for page in [key, edit] {
        assert!(get(&product, &page).await.body.contains(NEVER), "{page}");
    }
}

#[tokio::test]
async fn whoever_confirms_the_key_of_another_is_asked() {
    let product = Product::start().await;
    let form = product.service.new_form_id().unwrap();
    let app = *product.service.default_app();
    let draft = service_key("Theirs");
    let theirs = product.service.issue(&operator(), &app, &draft, &form).await.unwrap().key.row.id;
    let path = format!("/keys/{theirs}/acknowledge");
    let question = "tester (command line) issued this key, and only they saw its secret. Confirm it anyway?";
    assert!(get(&product, &path).await.body.contains(question));
    let refused = post(&product, &path, "acknowledged=yes").await;
    assert_eq!(refused.status, 409);
    for words in [question, "Somebody else issued this key", "name=\"anyway\""] {
        assert!(refused.body.contains(words), "{words}: {}", refused.body);
    }
    let done = post(&product, &path, "acknowledged=yes&anyway=yes").await;
    assert_eq!((done.status.as_u16(), done.header("location")), (303, "/keys"));
    assert!(get(&product, "/audit").await.body.contains("Issued by tester (command line), who alone saw its secret"));

    // The issuer is not asked.
    let typed = format!("kind=service&step=generate&name=Mine&form_id={FORM_ID}");
    let made = post(&product, "/keys/new", &typed).await;
    let id = made.body.split_once("/acknowledge\"").unwrap().0.rsplit('/').next().unwrap().to_owned();
    let path = format!("/keys/{id}/acknowledge");
    assert!(!get(&product, &path).await.body.contains("anyway"));
    assert_eq!(post(&product, &path, "acknowledged=yes").await.status, 303);
}
