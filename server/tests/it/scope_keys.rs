//! Keys of an account, an app and an integration in the console: who generates them, and the samples on their pages.

use domain::invite::InviteDraft;
use secrecy::ExposeSecret;
use server::router::program_calls;
use service::ClientInfo;
use service::invites::Acceptance;
use service::sign_in::SignIn;

use crate::support::{Call, PASSWORD, Product, operator, session_of};

const SAMPLES: [&str; 5] = ["call-curl", "call-tcl", "call-python", "call-javascript", "call-rust"];

async fn get(product: &Product, session: &str, path: &str) -> crate::support::Answer {
    product.send(Call::get(path).cookie(session)).await
}

async fn admin(product: &Product) -> String {
    let email = "admin@example.com".to_owned();
    let draft = InviteDraft {
        first_name: "Ada".to_owned(),
        email: email.clone(),
        role: "admin".to_owned(),
        ..InviteDraft::default()
    };
    let invited = product.service.invite(&operator(), &draft).await.unwrap();
    let sent = Acceptance { name: "Ada".to_owned(), password: PASSWORD.into() };
    product.service.accept_invite(invited.token.expose_secret(), sent, &ClientInfo::default()).await.unwrap();
    let sign_in = SignIn { email, password: PASSWORD.into() };
    session_of(product.service.sign_in(sign_in, &ClientInfo::default()).await.unwrap())
}

/// The text of the element with this id.
fn text_of<'a>(html: &'a str, id: &str) -> &'a str {
    let (_, rest) = html.split_once(&format!("id=\"{id}\"")).unwrap_or_else(|| panic!("{id}: {html}"));
    rest.split_once('>').unwrap().1.split('<').next().unwrap()
}

#[tokio::test]
async fn account_keys_are_generated_by_owners_alone() {
    let product = Product::start().await;
    let (owner, admin) = (product.sign_in().await, admin(&product).await);
    let offered = |html: &str| html.contains("/keys/new?kind=account\"");
    assert!(offered(&get(&product, &owner, "/keys/new").await.body));
    let of_admin = get(&product, &admin, "/keys/new").await;
    assert!(!offered(&of_admin.body) && of_admin.body.contains("/keys/new?kind=app\""), "{}", of_admin.body);
    assert_eq!(get(&product, &owner, "/keys/new?kind=account").await.status, 303);
    let refused = get(&product, &admin, "/keys/new?kind=account").await;
    assert!(refused.body.contains("is not a kind that you can issue"), "{}", refused.body);
    let body = "kind=account&name=Sneaked&step=generate&form_id=0123456789abcdef0123456789abcdef";
    let sent = product.send(Call::post("/keys/new").cookie(&admin).same_origin().form(body)).await;
    assert_eq!(sent.status, 403, "{}", sent.body);
}

#[tokio::test]
async fn whoever_chooses_the_app_of_an_account_key_reads_that_it_reaches_every_app() {
    let product = Product::start().await;
    let owner = product.sign_in().await;
    product.service.create_app(&operator(), "Other").await.unwrap();
    for (kind, words) in
        [("account", "reaches every app"), ("app", "reaches this app alone"), ("service", "Only services")]
    {
        let begun = get(&product, &owner, &format!("/keys/new?kind={kind}")).await;
        let page = get(&product, &owner, begun.header("location")).await.body;
        assert!(page.contains(words), "{kind}: {page}");
    }
}

#[tokio::test]
async fn the_samples_have_the_secret_once_and_then_a_placeholder() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let body = "kind=account&name=Account&step=generate&form_id=0123456789abcdef0123456789abcdef";
    let made = product.send(Call::post("/keys/new").cookie(&session).same_origin().form(body)).await;
    assert_eq!(made.status, 200, "{}", made.body);
    let (id, secret) = (text_of(&made.body, "pair-id"), text_of(&made.body, "secret"));
    assert!(id.starts_with("act_") && id.len() == 28 && secret.len() >= 34, "{id} {}", secret.len());
    for sample in SAMPLES {
        let code = text_of(&made.body, sample);
        assert!(code.contains(id) && code.contains(secret) && code.contains("/v2/apps"), "{sample}: {code}");
    }
    assert!(made.body.contains(&format!("download=\"keystead-{id}.postman_collection.json\"")), "{}", made.body);

    let key = made.body.split_once("/acknowledge\"").unwrap().0.rsplit('/').next().unwrap();
    for path in [format!("/keys/{key}"), format!("/keys/{key}/acknowledge"), format!("/integrations/setup?key={key}")] {
        let page = get(&product, &session, &path).await;
        assert!(page.status == 200 && !page.body.contains(secret), "{path}");
    }
    // The page with the test has the address of the call among those to allow.
    let setup = get(&product, &session, &format!("/integrations/setup?key={key}")).await.body.replace("<!>", "");
    assert!(setup.contains("/v2/apps</code></td>") && setup.contains("Put the secret in the place of"), "{setup}");
    let page = get(&product, &session, &format!("/keys/{key}")).await;
    assert!(page.body.contains("Put the secret in the place of"), "{}", page.body);
    for sample in SAMPLES {
        let code = text_of(&page.body, sample);
        assert!(code.contains(id) && code.contains("THE_SECRET"), "{sample}: {code}");
    }
}

#[tokio::test]
async fn every_path_that_programs_call_is_on_the_page_for_firewalls() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let page = get(&product, &session, "/integrations/endpoints").await;
    assert_eq!(page.status, 200);
    let body = page.body.replace("<!>", "");
    let paths: Vec<_> = program_calls().map(|(_, path)| path).chain(["/healthz", "/readyz"]).collect();
    assert!(paths.len() > 50, "{paths:?}");
    for path in paths {
        assert!(body.contains(&format!("{path}</code>")), "{path}");
    }
    assert!(body.contains("Words in braces are ids, and {*path} is any path."), "{body}");
    for setting in ["KEYSTEAD_METRICS_LISTEN", "OTEL_EXPORTER_OTLP_ENDPOINT", "KEYSTEAD_SMTP_URL", "KEYSTEAD_OIDC_FILE"]
    {
        assert!(body.contains(setting), "{setting}");
    }
}
