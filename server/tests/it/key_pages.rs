//! What the console shows about a key's calls, about one call, and about the installation.

use domain::draft::KeyDraft;
use domain::timestamp::{Millis, Timestamp};
use serde_json::json;

use crate::support::{Answer, Call, Product, Settings, list, service_key, text};

/// A key that was refused once, and its id.
async fn refused(product: &Product) -> String {
    let draft = KeyDraft {
        cidrs: list(&["203.0.113.0/24"]),
        denied_cidrs: list(&["203.0.113.7"]),
        limits: list(&["100 per minute"]),
        quota: Some("10000".to_owned()),
        quota_refill: Some("daily".to_owned()),
        ..service_key("Restricted")
    };
    let token = product.token(draft).await;
    let verifier = product.verifier().await;
    for address in ["203.0.113.9", "203.0.113.7"] {
        let body = json!({ "key": token, "clientIp": address }).to_string();
        assert_eq!(product.send(Call::post("/v1/keys/verify").bearer(&verifier).json(body)).await.status, 200);
    }
    product.service.verifier().flush_usage().await.unwrap();
    token.split('_').nth(1).unwrap().to_owned()
}

async fn look(product: &Product, path: &str) -> Answer {
    let session = product.sign_in().await;
    product.send(Call::get(path).cookie(&session)).await
}

#[tokio::test]
async fn a_key_tells_its_restrictions_its_calls_and_its_refusals() {
    let product = Product::start().await;
    let id = refused(&product).await;
    let page = look(&product, &format!("/keys/{id}")).await;
    assert_eq!(page.status, 200);
    for words in [
        "Accepted from 203.0.113.0/24, but not from 203.0.113.7/32. It has no permissions. \
         At most 100 calls per minute. At most 10,000 calls a day",
        "1 accepted",
        "1 refused",
        "IP_NOT_ALLOWED 1",
    ] {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
    // Neither attribute is let through by the page's own policy.
    assert!(!page.body.contains(" style=") && !page.body.contains(" onclick="));
    assert!(page.body.contains("outside the allowed networks"), "{}", page.body);
    let why = format!("/keys/{id}/why?address=203.0.113.7&amp;at=2026-11-21T");
    assert!(page.body.contains(&why), "{}", page.body);
}

#[tokio::test]
async fn a_key_that_asks_about_others_says_why_its_last_use_is_not_counted() {
    let product = Product::start().await;
    let (asked, verifier) = (product.token(service_key("Asked")).await, product.verifier().await);
    let said = "The last use of the key is not counted here.";
    let page =
        async |token: &str| text(&look(&product, &format!("/keys/{}", token.split('_').nth(1).unwrap())).await.body);
    let unused = page(&verifier).await;
    assert!(unused.contains("This key has never been used.") && !unused.contains(said), "{unused}");
    let body = json!({ "key": asked }).to_string();
    assert_eq!(product.send(Call::post("/v1/keys/verify").bearer(&verifier).json(body)).await.status, 200);
    product.service.verifier().flush_usage().await.unwrap();
    let used = page(&verifier).await;
    assert!(used.contains("No calls are counted for this key in this time.") && used.contains(said), "{used}");
    let counted = page(&asked).await;
    assert!(counted.contains("1 accepted") && !counted.contains(said), "{counted}");
}

#[tokio::test]
async fn a_bar_of_the_chart_narrows_the_refusals() {
    let product = Product::start().await;
    let id = refused(&product).await;
    let hour = product.service.now().hour();
    let at = |hours: i64| Timestamp::from_millis(hour).plus(Millis::hours(hours)).to_input();
    let group = "1 call<";
    for (query, is_shown) in [
        (format!("range=7d&at={}", at(0)), true),
        (format!("at={}", at(0)), true),
        (format!("at={}", at(-1)), false),
        ("at=sausage&range=1y".to_owned(), true),
    ] {
        let page = look(&product, &format!("/keys/{id}?{query}")).await;
        assert_eq!(page.status, 200, "{query}");
        assert_eq!(page.body.contains(group), is_shown, "{query}: {}", page.body);
    }
    let page = look(&product, &format!("/?range=30d&at={}", at(0))).await;
    assert_eq!(page.status, 200);
    for words in ["1 refused", "Address not allowed", "Refused in the last 24 hours", "No restriction and no expiry"] {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
}

#[tokio::test]
async fn a_revoked_key_is_not_said_to_be_accepted() {
    let product = Product::start().await;
    let token = product.token(service_key("Gone")).await;
    let id = token.split('_').nth(1).unwrap().to_owned();
    let before = look(&product, &format!("/keys/{id}")).await;
    assert!(before.body.contains("Accepted from anywhere"), "{}", before.body);
    let session = product.sign_in().await;
    let form = Call::post(&format!("/keys/{id}/revoke")).cookie(&session).same_origin().form("reason=leaked");
    assert_eq!(product.send(form).await.status, 303);
    let after = look(&product, &format!("/keys/{id}")).await;
    assert!(!after.body.contains("Accepted from") && after.body.contains("the key is revoked"), "{}", after.body);
}

#[tokio::test]
async fn each_check_of_a_call_is_told() {
    let product = Product::start().await;
    let id = refused(&product).await;
    let why = format!("/keys/{id}/why");
    let page = look(&product, &why).await;
    assert_eq!(page.status, 200);
    assert!(!page.body.contains("Passes") && page.body.contains("Check this call"));

    let page = look(&product, &format!("{why}?address=203.0.113.7&permissions=a+AND+b")).await;
    assert_eq!(page.status, 200);
    for words in ["203.0.113.7 is in 203.0.113.7/32, which is blocked.", "The call asks for a AND b; the key has none."]
    {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
    // Status, dates, kind; the address; origin, permissions, rate limits, call quota.
    let gates = ["Passes", "Fails", "Would pass", "Would fail"];
    assert_eq!(gates.map(|word| page.body.matches(&format!("<span>{word}")).count()), [3, 1, 3, 1], "{}", page.body);

    let page = look(&product, &format!("{why}?address=203.0.113.9&refused_as=NOT_FOUND")).await;
    assert_eq!(page.body.matches("<span>Fails").count(), 0);
    assert!(page.body.contains("Keystead does not keep secrets"), "{}", page.body);
}

#[tokio::test]
async fn what_is_no_call_is_refused_at_its_field_and_stays() {
    let product = Product::start().await;
    let id = refused(&product).await;
    let typed = "address=1.2.3&permissions=a+AND&kind=x&at=now&origin=%22%3E%3Cscript%3E";
    let page = look(&product, &format!("/keys/{id}/why?{typed}")).await;
    assert_eq!(page.status, 422);
    for field in ["address", "permissions", "kind", "at"] {
        assert!(page.body.contains(&format!("id=\"{field}-error\"")), "{field}: {}", page.body);
    }
    for value in ["value=\"1.2.3\"", "value=\"a AND\"", "value=\"now\""] {
        assert!(page.body.contains(value), "{value}");
    }
    assert!(!page.body.contains("\"><script>"));
    let nobody = look(&product, "/keys/7Qm2xVbN4tRa/why?address=1.2.3.4").await;
    assert_eq!(nobody.status, 404);
}

#[tokio::test]
async fn the_settings_say_how_a_visitor_is_seen() {
    let proxies = Settings { trusted_proxies: "10.0.0.0/8", ..Settings::default() };
    let product = Product::with(proxies).await;
    let session = product.sign_in().await;
    let ask_of = async |product: &Product, session: &str, peer: &str, forwarded: Option<&str>| {
        let call = Call::get("/settings").cookie(session).peer(peer);
        let call = match forwarded {
            None => call,
            Some(value) => call.header("x-forwarded-for", value),
        };
        text(&product.send(call).await.body)
    };
    let ask = async |peer: &str, forwarded: Option<&str>| ask_of(&product, &session, peer, forwarded).await;
    let page = ask("127.0.0.1", None).await;
    for words in [
        "Your address 127.0.0.1",
        "You come directly",
        "X-Forwarded-For None Connection",
        "Trusted proxies 10.0.0.0/8",
        "SQLite",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains("sqlite:") && !page.contains("keystead.db"));
    // A browser on this machine, through the proxy. Only that may sign in without HTTPS.
    let page = ask("10.0.0.1", Some("<b>, 127.0.0.1")).await;
    for words in ["Your address 127.0.0.1", "Connection from 10.0.0.1", "Trusted proxy Yes", "&lt;b&gt;, 127.0.0.1"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    // Through another one, nobody may, unless it is allowed.
    let lax = Product::with(Settings { allow_http: true, trusted_proxies: "10.0.0.0/8", ..Settings::default() }).await;
    let page = ask_of(&lax, &lax.sign_in().await, "127.0.0.1", Some("203.0.113.9")).await;
    for words in ["Your address 127.0.0.1", "Trusted proxy No", "not a trusted proxy and was ignored", "203.0.113.9"] {
        assert!(page.contains(words), "{words}: {page}");
    }
}

#[tokio::test]
async fn what_no_filter_understands_is_said() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let said = "which no filter understands. It was left out.";
    let key = format!("/keys/{}", product.issue(service_key("Seen")).await.key.row.id);
    let (odd_key, plain_key) = (format!("{key}?range=year&at=noon"), format!("{key}?range=7d&at=2026-11-27T10:00"));
    for (address, words) in [
        ("/audit?from=2026-13-45&to=zz&action=key.issued", "The address asks for “2026-13-45”, “zz”, "),
        ("/audit?action=melt", "The address asks for “melt”, "),
        ("/keys?status=melted&kind=service", "The address asks for “melted”, "),
        ("/keys?environment=%3Cb%3E", "The address asks for “<b>”, "),
        ("/people?role=Owner&status=x", "The address asks for “Owner”, “x”, "),
        ("/keys?integration=x&sort=colour&dir=up&rows=7", "The address asks for “x”, “colour”, “up”, “7”, "),
        ("/keys?page=-1", "The address asks for “-1”, "),
        ("/keys?tag=a&tag=b", "The address asks for “b”, "),
        ("/keys/views?kind=sausage", "The address asks for “sausage”, "),
        ("/people?sort=colour", "The address asks for “colour”, "),
        ("/requests?show=all&mine=x", "The address asks for “all”, “x”, "),
        ("/rooms?contact=x", "The address asks for “x”, "),
        ("/chats?contact=x", "The address asks for “x”, "),
        ("/integrations?kind=custom,x", "The address asks for “custom,x”, "),
        ("/apps?status=active", "The address asks for “active”, "),
        ("/integrations/setup?event=On+Fire", "The address asks for “On Fire”, "),
        ("/?range=year", "The address asks for “year”, "),
        (&odd_key, "The address asks for “year”, “noon”, "),
    ] {
        let page = text(&product.send(Call::get(address).cookie(&session)).await.body).replace("&lt;", "<");
        assert!(page.replace("&gt;", ">").contains(&format!("{words}{said}")), "{address}: {page}");
    }
    for address in [
        "/audit?from=2026-11-27&action=&to=",
        "/keys?status=active&sort=name&q=x&dir=asc&rows=25&page=1&utm=1",
        "/people?role=owner&show=invites",
        "/requests?show=waiting&mine=no",
        "/integrations?kind=custom,android",
        "/integrations/setup?event=On+Ring",
        "/?range=24h&utm=1",
        &plain_key,
    ] {
        assert!(!product.send(Call::get(address).cookie(&session)).await.body.contains(said), "{address}");
    }
    let blank = "What you asked for is blank, too long, or has the secret of a key in it. What cannot be looked for was left out.";
    let long = format!("/keys?tag={}", "t".repeat(51));
    for address in [
        "/keys?q=%20",
        "/keys?tag=%00",
        "/audit?person=%20",
        "/people?q=%00",
        "/apps?q=%20",
        "/keys?q=a%00",
        "/find?q=%20",
        "/help?q=a%00",
        &long,
    ] {
        assert!(product.send(Call::get(address).cookie(&session)).await.body.contains(blank), "{address}");
    }
    let no_page = "The address asks for a page that this list does not have. This is the first page.";
    for address in [
        "/keys?after=x",
        "/keys?sort=created&before=7Qm2xVbN4tRa~name~a",
        "/audit?after=-5",
        "/people?after=x",
        "/apps?before=x",
        "/requests?after=x",
        "/rooms?after=x",
        "/chats?after=x",
        "/contacts?after=x",
        "/integrations?after=x",
    ] {
        let page = product.send(Call::get(address).cookie(&session)).await.body;
        assert!(page.contains(no_page), "{address}: {page}");
    }
    for address in ["/keys?after=7Qm2xVbN4tRa~name~a", "/audit?after=5", "/apps?after=", "/requests"] {
        assert!(!product.send(Call::get(address).cookie(&session)).await.body.contains(no_page), "{address}");
    }
    for address in ["/keys?q=&tag=", "/keys?q=x", "/audit?name=x&person=", "/find?q=x", "/help?q=x", "/help"] {
        assert!(!product.send(Call::get(address).cookie(&session)).await.body.contains(blank), "{address}");
    }
}
