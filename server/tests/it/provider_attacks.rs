//! What a provider, or somebody between it and the browser, may send that must not be believed.

use domain::provider::{ProviderRules, RoleRules};
use domain::role::Role;
use serde_json::{Value, json};

use crate::provider_of_test::{Corp, Manner, Signed, rules};
use crate::support::{Call, Settings};

#[tokio::test]
async fn only_a_word_that_is_signed_for_this_sign_in_is_believed() {
    let corp = Corp::start().await;
    corp.enter().await;
    let now = corp.product.service.now().millis() / 1_000;
    let cases: [(&str, &'static str, Value); 14] = [
        ("another nonce", "nonce", json!("other")),
        ("no nonce", "nonce", Value::Null),
        ("for another", "aud", json!("other")),
        ("for another, too", "aud", json!(["keystead", "other"])),
        ("for nobody", "aud", json!([])),
        ("of another party", "azp", json!("other")),
        ("of another issuer", "iss", json!("https://evil.example")),
        ("of an issuer that ends otherwise", "iss", json!(format!("{}/", corp.issuer))),
        ("of no issuer", "iss", Value::Null),
        ("over for longer than clocks differ", "exp", json!(now - 61)),
        ("without an end", "exp", Value::Null),
        ("of the future", "iat", json!(now + 3_600)),
        ("about another access token", "at_hash", json!("AAAAAAAAAAAAAAAAAAAAAA")),
        ("about nobody", "sub", json!("")),
    ];
    for (what, claim, value) in cases {
        corp.set(|script| script.claims = [(claim, value.clone())].into());
        corp.refuses("unbelieved", what).await;
    }
    // Clocks may differ a little, and a party of one's own is no other.
    for (claim, value) in [("exp", json!(now - 59)), ("iat", json!(now + 59)), ("azp", json!("keystead"))] {
        corp.set(|script| script.claims = [(claim, value)].into());
        corp.enter().await;
    }
}

#[tokio::test]
async fn no_signature_but_the_providers_counts() {
    let corp = Corp::start().await;
    // Even if the provider names them.
    let named = json!(["none", "HS256", "EdDSA"]);
    corp.set(|script| script.document = [("id_token_signing_alg_values_supported", named)].into());
    for signed in [Signed::None, Signed::PublicKeyAsSecret, Signed::OtherKey, Signed::Damaged] {
        corp.set(|script| script.signed = signed);
        corp.refuses("unbelieved", &format!("{signed:?}")).await;
    }
    corp.set(|script| script.signed = Signed::Well);
    corp.enter().await;
}

#[tokio::test]
async fn a_signature_that_the_provider_does_not_name_is_not_believed() {
    let corp = Corp::start().await;
    corp.set(|script| script.document = [("id_token_signing_alg_values_supported", json!(["RS256"]))].into());
    corp.refuses("unbelieved", "EdDSA was not named").await;
}

#[tokio::test]
async fn new_keys_are_looked_for_once_a_minute() {
    let corp = Corp::start().await;
    corp.enter().await;
    assert_eq!(corp.script.lock().unwrap().keys_asked, 1);
    corp.set(|script| script.key = 1);
    corp.enter().await;
    assert_eq!(corp.script.lock().unwrap().keys_asked, 2);
    // A made-up key does not make Keystead ask again and again.
    corp.set(|script| script.key = 0);
    for _ in 0..3 {
        corp.refuses("unbelieved", "an unknown key").await;
    }
    assert_eq!(corp.script.lock().unwrap().keys_asked, 2);
}

#[tokio::test]
async fn an_answer_is_of_one_browser_and_of_one_sign_in() {
    let corp = Corp::start().await;
    let (mine, other) = (corp.go().await, corp.go().await);
    let over = "/login?trouble=over&provider=corp";
    let query = |state: &str, code: &str| format!("state={state}&code={code}");
    for (what, query, cookie) in [
        ("another browser", query(&mine.state, &mine.code), other.cookie.as_str()),
        ("no browser", query(&mine.state, &mine.code), ""),
        ("another state", query("0000", &mine.code), mine.cookie.as_str()),
        ("no state", format!("code={}", mine.code), mine.cookie.as_str()),
        ("a session as the cookie", query(&mine.state, &mine.code), "keystead-provider-3000=0"),
    ] {
        let answer = corp.send_back(&query, cookie).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (303, over), "{what}");
    }
    // The code of another sign-in, which somebody has put into this one's answer: it was given for another challenge.
    let answer = corp.send_back(&query(&mine.state, &other.code), &mine.cookie).await;
    assert_eq!(answer.header("location"), "/login?trouble=declined&provider=corp");
    // Each state and each code work once.
    let again = corp.go().await;
    assert_eq!(corp.come_back(&again).await.status, 200);
    assert_eq!(corp.come_back(&again).await.header("location"), over);
    let third = corp.go().await;
    let answer = corp.send_back(&query(&third.state, &again.code), &third.cookie).await;
    assert_eq!(answer.header("location"), "/login?trouble=declined&provider=corp");
}

#[tokio::test]
async fn an_answer_names_its_issuer_where_it_should() {
    let corp = Corp::start().await;
    let unbelieved = "/login?trouble=unbelieved&provider=corp";
    let answer = corp.come_back_with(&corp.go().await, &[("iss", "https://evil.example")]).await;
    assert_eq!(answer.header("location"), unbelieved);
    assert_eq!(corp.come_back_with(&corp.go().await, &[("iss", &corp.issuer)]).await.status, 200);
    let careful = Corp::start().await;
    careful.set(|script| script.document = [("authorization_response_iss_parameter_supported", json!(true))].into());
    assert_eq!(careful.come_back(&careful.go().await).await.header("location"), unbelieved);
    let answer = careful.come_back_with(&careful.go().await, &[("iss", &careful.issuer)]).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn an_unverified_e_mail_gets_nobody_in() {
    let corp = Corp::start().await;
    for value in [json!(false), json!("false"), json!("no"), Value::Null] {
        corp.set(|script| {
            script.claims = [("email_verified", value.clone())].into();
            script.user_info = Some(json!({"sub": "1", "email": "ada@example.com"}));
        });
        corp.refuses(if value == json!("no") { "unbelieved" } else { "refused" }, &value.to_string()).await;
    }
    // The account of somebody else, by their e-mail.
    corp.set(|script| script.claims = [("email", json!(crate::support::EMAIL))].into());
    corp.refuses("refused", "the owner's e-mail").await;
}

#[tokio::test]
async fn more_claims_are_of_the_same_person() {
    let table = vec![("admins".to_owned(), Role::Admin)];
    let rules =
        ProviderRules { roles: RoleRules { claim: Some(("realm.roles".to_owned(), table)), default: None }, ..rules() };
    let corp = Corp::with(rules, Settings::default()).await;
    let bare = || [("email", Value::Null), ("email_verified", Value::Null)].into();
    let more =
        json!({"sub": "1", "email": "grace@example.com", "email_verified": true, "realm": {"roles": ["admins"]}});
    corp.set(|script| (script.claims, script.user_info) = (bare(), Some(more.clone())));
    let session = corp.enter().await;
    let session = corp.product.service.session(&session).await.unwrap().unwrap();
    assert_eq!((session.person.email(), session.person.role()), ("grace@example.com", Role::Admin));
    let mut of_another = more.clone();
    of_another["sub"] = json!("2");
    corp.set(|script| script.user_info = Some(of_another));
    corp.refuses("unbelieved", "somebody else").await;
    // An e-mail that is signed is not verified by words about another one.
    let mixed =
        json!({"sub": "9", "email": "mine@example.com", "email_verified": true, "realm": {"roles": ["admins"]}});
    corp.set(|script| {
        script.claims =
            [("sub", json!("9")), ("email", json!("yours@example.com")), ("email_verified", Value::Null)].into();
        script.user_info = Some(mixed);
    });
    corp.refuses("refused", "verified for another e-mail").await;
}

#[tokio::test]
async fn a_provider_that_answers_badly_is_away_and_comes_back() {
    let corp = Corp::start().await;
    corp.enter().await;
    for manner in [Manner::Huge, Manner::Slow, Manner::Redirect, Manner::Broken] {
        corp.set(|script| script.at_tokens = manner);
        corp.refuses("unreachable", &format!("{manner:?}")).await;
    }
    assert_eq!(corp.script.lock().unwrap().reached, 0, "a redirect was followed");
    corp.set(|script| script.at_tokens = Manner::Well);
    corp.enter().await;
}

#[tokio::test]
async fn a_provider_that_is_down_stops_nothing_else() {
    let corp = Corp::start().await;
    corp.set(|script| script.at_document = Manner::Broken);
    let begin = async || corp.product.send(Call::get("/login/oidc/corp").same_origin()).await;
    for _ in 0..2 {
        let answer = begin().await;
        assert_eq!(answer.header("location"), "/login?trouble=unreachable&provider=corp");
        assert!(!answer.headers.contains_key("set-cookie"));
    }
    let page = corp.product.send(Call::get("/login?trouble=unreachable&provider=corp")).await;
    assert!(page.status == 200 && page.body.contains("Corp cannot be reached right now"), "{}", page.body);
    // It is not asked again for a moment, and then it is.
    corp.set(|script| script.at_document = Manner::Well);
    assert_eq!(begin().await.header("location"), "/login?trouble=unreachable&provider=corp");
    tokio::time::sleep(std::time::Duration::from_millis(5_100)).await;
    corp.enter().await;
}

#[tokio::test]
async fn a_document_of_another_issuer_is_not_used() {
    for (name, value) in [
        ("issuer", json!("https://evil.example")),
        ("token_endpoint", json!("http://169.254.169.254/token")),
        ("jwks_uri", json!("file:///etc/passwd")),
        ("id_token_signing_alg_values_supported", json!(["none", "HS256"])),
    ] {
        let corp = Corp::start().await;
        corp.set(|script| script.document = [(name, value)].into());
        let answer = corp.product.send(Call::get("/login/oidc/corp").same_origin()).await;
        assert_eq!(answer.header("location"), "/login?trouble=unreachable&provider=corp", "{name}");
    }
}
