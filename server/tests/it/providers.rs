//! Signing in by a provider, as a browser does it: links, cookies, and the pages around them.

use domain::provider::{Join, ProviderRules};
use domain::role::Role;

use crate::provider_of_test::{Corp, cookie_of, rules};
use crate::support::{Call, EMAIL, PASSWORD, Product, Settings, text};

#[tokio::test]
async fn a_browser_goes_there_and_comes_back() {
    let corp = Corp::start().await;
    let page = corp.product.send(Call::get("/login?next=%2Fkeys%3Fq%3Da")).await;
    assert!(text(&page.body).contains("Sign in with Corp"), "{}", page.body);
    assert!(page.body.contains(r#"href="/login/oidc/corp?next=%2Fkeys%3Fq%3Da""#), "{}", page.body);
    let answer = corp.product.send(Call::get("/login/oidc/corp")).await;
    let set = answer.header("set-cookie");
    assert!(
        set.starts_with("keystead-provider-3000=") && set.ends_with("; Path=/; HttpOnly; SameSite=Lax; Max-Age=600"),
        "{set}"
    );
    assert_eq!((answer.header("referrer-policy"), answer.header("cache-control")), ("no-referrer", "no-store"));

    let gone = corp.go_from("/login/oidc/corp?next=%2Fkeys%3Fq%3Da%26b").await;
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "keystead"),
        ("redirect_uri", "http://localhost:3000/login/oidc/corp/callback"),
        ("scope", "openid email"),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(gone.asked[name], value);
    }
    for name in ["state", "nonce", "code_challenge"] {
        assert!(gone.asked[name].len() >= 43, "{name}");
        assert!(!gone.cookie.contains(&gone.asked[name]), "the cookie is sealed");
    }
    let answer = corp.come_back(&gone).await;
    // A redirect would still count as led by the other site, and the browser would keep the session cookie back.
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains(r#"content="0; url=/keys?q=a&amp;b""#), "{}", answer.body);
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
    assert!(!answer.body.contains(&gone.code));
    let lines: Vec<_> = answer.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap()).collect();
    assert!(
        lines.iter().any(|line| line.starts_with("keystead-3000=") && line.contains("; SameSite=Strict;")),
        "{lines:?}"
    );
    assert!(lines.iter().any(|line| line.starts_with("keystead-device-3000=")), "{lines:?}");
    assert!(
        lines.iter().any(|line| line.starts_with("keystead-provider-3000=;") && line.contains("Max-Age=0")),
        "{lines:?}"
    );
    let session = cookie_of(&answer, "keystead-3000").unwrap();
    let page = corp.product.send(Call::get("/account").header("cookie", &session)).await;
    assert!(text(&page.body).contains("None. This account signs in with Corp ."), "{}", text(&page.body));
}

#[tokio::test]
async fn an_owner_sees_what_to_register_there() {
    let corp = Corp::start().await;
    let session = corp.product.sign_in().await;
    let page = corp.product.send(Call::get("/settings").cookie(&session)).await;
    assert!(page.body.contains("Corp: http://localhost:3000/login/oidc/corp/callback"), "{}", page.body);
}

#[tokio::test]
async fn an_e_mail_is_called_unconfirmed_only_where_something_confirms_it() {
    let (plain, corp) = (Product::start().await, Corp::start().await);
    for (product, expected) in [(&plain, false), (&corp.product, true)] {
        let session = product.sign_in().await;
        let page = product.send(Call::get("/people").cookie(&session)).await;
        assert!(page.body.contains(EMAIL), "{}", page.body);
        assert_eq!(page.body.contains("not confirmed"), expected, "{}", page.body);
    }
}

#[tokio::test]
async fn a_sign_in_leads_nowhere_else() {
    let corp = Corp::start().await;
    for next in
        ["https%3A%2F%2Fevil.example", "%2F%2Fevil.example", "%2F%5Cevil.example", "%2Fa%0Ab", "javascript%3Aalert(1)"]
    {
        let gone = corp.go_from(&format!("/login/oidc/corp?next={next}")).await;
        let answer = corp.come_back(&gone).await;
        assert!(answer.body.contains(r#"content="0; url=/""#), "{next}: {}", answer.body);
    }
}

#[tokio::test]
async fn over_https_its_cookie_is_of_this_host_alone() {
    let settings = Settings { public_url: Some("https://keys.example.com"), ..Settings::default() };
    let corp = Corp::with(rules(), settings).await;
    let call = |path: &str| Call::get(path).header("host", "keys.example.com");
    let answer = corp.product.send(call("/login/oidc/corp")).await;
    let set = answer.header("set-cookie");
    assert!(set.starts_with("__Host-keystead-provider=") && set.ends_with("; Max-Age=600; Secure"), "{set}");
    let location = answer.header("location");
    assert!(
        location.contains("redirect_uri=https%3A%2F%2Fkeys.example.com%2Flogin%2Foidc%2Fcorp%2Fcallback"),
        "{location}"
    );
}

#[tokio::test]
async fn nobody_goes_there_over_plain_http() {
    let corp = Corp::start().await;
    for path in ["/login/oidc/corp", "/login/oidc/corp/callback?state=x&code=x"] {
        let answer = corp.product.send(Call::get(path).header("host", "keys.lan:3000")).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/login"), "{path}");
        assert!(!answer.headers.contains_key("set-cookie"));
    }
}

#[tokio::test]
async fn an_answer_that_says_something_twice_is_explained_by_the_sign_in_page() {
    let corp = Corp::start().await;
    for (path, leads) in [
        ("/login/oidc/corp/callback?state=x&state=y&code=x", "/login?trouble=over&provider=corp"),
        ("/login/oidc/corp?next=%2Fkeys&next=%2Fpeople", "http"),
    ] {
        let answer = corp.product.send(Call::get(path)).await;
        assert_eq!(answer.status, 303, "{path}: {}", answer.body);
        assert!(answer.header("location").starts_with(leads), "{path}: {}", answer.header("location"));
    }
}

#[tokio::test]
async fn the_sign_in_page_says_what_went_wrong_and_nothing_that_was_sent() {
    let corp = Corp::start().await;
    let page = async |query: &str| corp.product.send(Call::get(&format!("/login?{query}"))).await;
    for (trouble, words) in [
        ("unreachable", "Corp cannot be reached right now."),
        ("declined", "Corp did not sign you in."),
        ("over", "This sign-in is over."),
        ("unbelieved", "The answer of Corp cannot be trusted."),
        ("refused", "Corp knows you, but you cannot enter here with it."),
    ] {
        let shown = page(&format!("trouble={trouble}&provider=corp")).await;
        assert!(shown.status == 200 && shown.body.contains(words), "{trouble}: {}", shown.body);
        assert!(text(&shown.body).contains("Sign in with Corp"), "another try is offered");
    }
    for query in ["trouble=refused&provider=evil", "trouble=evil&provider=corp", "trouble=refused"] {
        let shown = page(query).await;
        assert!(!shown.body.contains("role=\"alert\"") && !shown.body.contains("evil"), "{query}");
    }
    let gone = corp.go().await;
    let query = format!("state={}&error=access_denied&error_description=%3Cb%3Eevil", gone.state);
    let answer = corp.send_back(&query, &gone.cookie).await;
    assert_eq!(answer.header("location"), "/login?trouble=declined&provider=corp");
}

#[tokio::test]
async fn a_provider_is_connected_after_the_password() {
    let corp = Corp::with(ProviderRules { join: Join::Invited, ..rules() }, Settings::default()).await;
    let session = corp.product.sign_in().await;
    let page = corp.product.send(Call::get("/account/connect/corp").cookie(&session)).await;
    assert!(page.status == 200 && page.body.contains("current_password"), "{}", page.body);
    let post = async |body: &str| {
        let call = Call::post("/account/connect/corp").same_origin().cookie(&session).form(body.to_owned());
        corp.product.send(call).await
    };
    let wrong = post("current_password=wrong").await;
    assert!(wrong.status == 422 && wrong.body.contains("This is not your password."), "{}", wrong.body);
    assert!(!wrong.headers.contains_key("set-cookie"));
    let right = post(&format!("current_password={}", PASSWORD.replace(' ', "+"))).await;
    assert_eq!((right.status.as_u16(), right.header("location")), (303, "/login/oidc/corp?connect=yes"));
    let cookie = cookie_of(&right, "keystead-provider-3000").unwrap();
    // A form may lead to no other site: a page is between them.
    let page = corp.product.send(Call::get("/login/oidc/corp?connect=yes").header("cookie", &cookie)).await;
    assert_eq!(page.status, 200);
    let address = page.body.split("url=").nth(1).unwrap().split('"').next().unwrap().replace("&amp;", "&");
    let (_, query) = address.split_once('?').unwrap();
    let asked = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let answer = corp.come_back(&corp.signed_in(cookie, asked)).await;
    assert!(answer.status == 200 && answer.body.contains("url=/account\""), "{}", answer.body);
    assert!(cookie_of(&answer, "keystead-3000").is_none(), "nobody signs in by it");
    let account = corp.product.send(Call::get("/account").cookie(&session)).await;
    assert!(text(&account.body).contains("Disconnect"), "{}", text(&account.body));
    let entered = corp.enter().await;
    let entered = corp.product.service.session(&entered).await.unwrap().unwrap();
    assert_eq!((entered.person.email(), entered.person.role()), (EMAIL, Role::Owner));

    let handle = account.body.split(r#"name="identity" value=""#).nth(1).unwrap().split('"').next().unwrap();
    let form = Call::post("/account/providers").same_origin().cookie(&session).form(format!("identity={handle}"));
    let gone = corp.product.send(form).await;
    assert_eq!((gone.status.as_u16(), gone.header("location")), (303, "/account"));
    corp.refuses("refused", "it is disconnected").await;
}

/// Otherwise a link on another site could connect an account there that is not theirs.
#[tokio::test]
async fn no_link_connects_a_provider() {
    let corp = Corp::start().await;
    let session = corp.product.sign_in().await;
    let plain = corp.go().await;
    for cookie in ["", &plain.cookie] {
        let call =
            Call::get("/login/oidc/corp?connect=yes").header("cookie", &format!("keystead-3000={session}; {cookie}"));
        let answer = corp.product.send(call).await;
        assert_eq!(answer.header("location"), "/login?trouble=over&provider=corp");
    }
    for (name, value) in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")] {
        let body = format!("current_password={}", PASSWORD.replace(' ', "+"));
        let call = Call::post("/account/connect/corp").cookie(&session).header(name, value).form(body);
        assert_eq!(corp.product.send(call).await.status, 403);
    }
}

#[tokio::test]
async fn a_second_factor_is_asked_for_afterwards() {
    use testkit::Authenticator;

    let corp = Corp::start().await;
    let session = corp.enter().await;
    let post = |path: &str, body: &str| Call::post(path).same_origin().cookie(&session).form(body.to_owned());
    let begun = corp.product.send(post("/account/second-factor", "step=begin")).await;
    let secret = begun.body.split(r#"id="factor-secret""#).nth(1).unwrap().split('>').nth(1).unwrap();
    let app = Authenticator::of(secret.split('<').next().unwrap());
    let code = app.at(corp.product.service.now());
    let confirmed = corp.product.send(post("/account/second-factor", &format!("step=confirm&code={code}"))).await;
    assert!(confirmed.body.contains("Your recovery codes"), "{}", confirmed.body);
    let gone = corp.go_from("/login/oidc/corp?next=%2Fkeys").await;
    let answer = corp.come_back(&gone).await;
    assert!(answer.status == 200 && answer.body.contains("url=/login/code?next=%2Fkeys\""), "{}", answer.body);
    assert!(cookie_of(&answer, "keystead-3000").is_none());
    let step = cookie_of(&answer, "keystead-step-3000").unwrap();
    corp.product.clock.advance(domain::timestamp::Millis::seconds(30));
    let code = app.at(corp.product.service.now());
    let form =
        Call::post("/login/code").same_origin().header("cookie", &step).form(format!("code={code}&next=%2Fkeys"));
    let entered = corp.product.send(form).await;
    assert_eq!((entered.status.as_u16(), entered.header("location")), (303, "/keys"));
}
