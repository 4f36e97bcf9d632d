//! Apps through the console: the list and its forms, the choice in the menu, and what forms are for while another tab chooses.

use domain::draft::KeyDraft;
use domain::ids::{AppId, KeyId};
use domain::invite::InviteDraft;
use domain::list::KeyQuery;
use domain::sight::Scope;
use secrecy::ExposeSecret;
use service::ClientInfo;
use service::invites::Acceptance;
use service::sign_in::SignIn;

use crate::support::{Answer, Call, PASSWORD, Product, operator, service_key, session_of, text};

async fn get(product: &Product, path: &str, session: &str) -> Answer {
    product.send(Call::get(path).cookie(session)).await
}

async fn post(product: &Product, path: &str, session: &str, form: &str) -> Answer {
    product.send(Call::post(path).cookie(session).same_origin().form(form.to_owned())).await
}

async fn create(product: &Product, name: &str) -> AppId {
    product.service.create_app(&operator(), name).await.unwrap().id
}

async fn issue(product: &Product, app: &AppId, draft: KeyDraft) -> KeyId {
    product.service.issue_acknowledged(&operator(), app, &draft).await.unwrap().key.row.id
}

async fn choose(product: &Product, session: &str, app: &str) {
    let answer = post(product, "/apps/choose", session, &format!("app={app}&back=/keys?after=x")).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/keys"));
}

#[tokio::test]
async fn keys_of_one_name_are_told_apart_where_a_guest_gets_them() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let here = product.issue(service_key("Nightly export")).await.key.row.id;
    let search = "press=search&find=Nightly&role=guest";
    let alone = post(&product, "/people/invite", &session, search).await;
    let shown = text(&alone.body);
    assert!(shown.contains("Nightly export Active Service"), "with one app, none is named: {shown}");
    let shop = create(&product, "Web shop").await;
    let there = issue(&product, &shop, service_key("Nightly export")).await;
    product.service.disable(&operator(), &there, None).await.unwrap();
    let found = post(&product, "/people/invite", &session, search).await;
    let shown = text(&found.body);
    for words in ["Nightly export Active Default , Service", "Nightly export Disabled Web shop , Service"] {
        assert!(shown.contains(words), "{shown}");
    }
    for id in [here, there] {
        assert!(found.body.contains(&format!("Rotate “Nightly export” ks_{id}_…")), "{}", found.body);
    }
}

#[tokio::test]
async fn with_one_app_no_page_speaks_of_apps() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let id = product.issue(service_key("Billing")).await.key.row.id;
    let guest = "/people/invite".to_owned();
    for page in ["/".to_owned(), "/keys".to_owned(), format!("/keys/{id}"), "/audit".to_owned(), guest] {
        let answer = get(&product, &page, &session).await;
        assert_eq!(answer.status, 200, "{page}");
        let words = text(&answer.body).replace("Apps", "");
        assert!(!answer.body.contains("/apps/choose") && !words.contains("Default"), "{page}: {words}");
    }
    assert!(!get(&product, "/keys/new?kind=service", &session).await.body.contains("name=\"app\""));
}

#[tokio::test]
async fn apps_are_created_renamed_archived_and_brought_back() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let made = post(&product, "/apps/new", &session, "name=+Web++shop+").await;
    assert_eq!((made.status.as_u16(), made.header("location")), (303, "/apps"));
    let list = get(&product, "/apps", &session).await;
    assert!(text(&list.body).contains("Web  shop") || text(&list.body).contains("Web shop"), "{}", list.body);
    let taken = post(&product, "/apps/new", &session, "name=WEB+SHOP").await;
    assert!(taken.status == 422 && taken.body.contains("Another app has this name"), "{}", taken.body);
    assert!(taken.body.contains("value=\"WEB SHOP\""), "what was typed stays");
    for (name, words) in
        [("", "Enter a name"), ("a%00b", "U+0000"), (&"x".repeat(101), "at most 100"), ("%ff", "not valid text")]
    {
        let wrong = post(&product, "/apps/new", &session, &format!("name={name}")).await;
        assert!(wrong.status.is_client_error() && wrong.body.contains(words), "{name}: {}", wrong.body);
    }
    let id = product.service.app_by_name(&operator(), "Web shop").await.unwrap().id;
    let odd = "%3C%2Ftitle%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E";
    assert_eq!(post(&product, &format!("/apps/{id}/rename"), &session, &format!("name={odd}")).await.status, 303);
    for page in ["/apps".to_owned(), format!("/apps/{id}/archive"), "/keys".to_owned()] {
        assert!(!get(&product, &page, &session).await.body.contains("<script>alert"), "{page}");
    }
    let first = *product.service.default_app();
    for (app, status) in [(id, 303), (first, 409)] {
        assert_eq!(post(&product, &format!("/apps/{app}/archive"), &session, "").await.status.as_u16(), status);
    }
    assert!(!get(&product, "/apps", &session).await.body.contains(&*id.to_string()));
    assert!(get(&product, "/apps?status=archived", &session).await.body.contains(&*id.to_string()));
    product.service.create_app(&operator(), "</title><script>alert(1)</script>").await.unwrap();
    let back = post(&product, &format!("/apps/{id}/restore"), &session, "").await;
    assert!(back.status == 422 && back.body.contains("Another app has this name"), "{}", back.body);
}

#[tokio::test]
async fn what_is_chosen_stays_for_the_session_and_for_nobody_else() {
    let product = Product::start().await;
    let (one, other) = (product.sign_in().await, product.sign_in().await);
    let shop = create(&product, "Web shop").await;
    product.issue(service_key("Billing")).await;
    let sold = issue(&product, &shop, service_key("Checkout")).await;
    let names = async |session: &str, page: &str| {
        let body = get(&product, page, session).await.body;
        (body.contains("Billing"), body.contains("Checkout"))
    };
    for page in ["/keys", "/", "/keys.csv", "/audit", "/find?q=b", "/find?q=c"] {
        let seen = names(&one, page).await;
        assert!(seen == (true, true) || page.starts_with("/find"), "{page}: {seen:?}");
    }
    choose(&product, &one, shop.as_str()).await;
    for page in ["/keys", "/", "/keys.csv", "/audit", "/find?q=c"] {
        assert_eq!(names(&one, page).await, (false, true), "{page}");
    }
    assert_eq!(names(&one, "/find?q=b").await, (false, false));
    assert_eq!(names(&other, "/keys").await, (true, true));
    // A key is shown whatever is chosen.
    choose(&product, &one, product.service.default_app().as_str()).await;
    let page = text(&get(&product, &format!("/keys/{sold}"), &one).await.body);
    assert!(page.contains("App Web shop"), "{page}");
    assert_eq!(post(&product, "/apps/choose", &one, "app=000000000000000000000000&back=/").await.status, 404);
    assert_eq!(post(&product, "/apps/choose", &one, "app=x&back=/").await.status, 404);
    choose(&product, &one, "").await;
    assert_eq!(names(&one, "/keys").await, (true, true));
}

#[tokio::test]
async fn a_form_is_for_the_app_that_its_page_was_about() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let (here, shop) = (*product.service.default_app(), create(&product, "Web shop").await);
    let billing = issue(&product, &here, service_key("Billing")).await;
    issue(&product, &shop, service_key("Checkout")).await;
    let form_id = || product.service.new_form_id().unwrap();
    // Under all apps, the form of a new key asks.
    let form = format!("step=summary&kind=service&name=New&form_id={}", form_id());
    let sent = post(&product, "/keys/new", &session, &form).await;
    assert_eq!(sent.status, 303, "so that Back shows no page of the browser");
    let asked = get(&product, sent.header("location"), &session).await;
    assert!(asked.body.contains("Choose the app that the key will belong to."), "{}", asked.body);
    assert!(asked.body.contains("value=\"New\"") && asked.body.contains("Web shop"));
    let kept = post(&product, "/keys/new", &session, &format!("{form}&app={shop}")).await;
    let summary = kept.header("location").to_owned();
    assert!(kept.status == 303 && summary.ends_with(&format!("&app={shop}")), "{summary}");
    choose(&product, &session, here.as_str()).await;
    let page = get(&product, &summary, &session).await;
    assert!(text(&page.body).contains("App Web shop") && page.body.contains(&format!("value=\"{shop}\"")));
    let generate = format!("step=generate&kind=service&name=New&form_id={}&app={shop}", form_id());
    assert_eq!(post(&product, "/keys/new", &session, &generate).await.status, 200);
    let of_shop = product.service.keys(&operator(), &shop, &KeyQuery::default()).await.unwrap();
    assert_eq!(of_shop.rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(), ["Checkout", "New"]);
    let nowhere = "step=summary&kind=service&name=New&app=000000000000000000000000";
    assert_eq!(post(&product, "/keys/new", &session, nowhere).await.status, 404);
    // All that match in the list of one app are never those of another.
    let bulk = format!("act=disable&all=yes&form_id={}&app={shop}", form_id());
    assert_eq!(post(&product, "/keys/bulk", &session, &bulk).await.status, 303);
    assert_eq!(product.service.key(&operator(), &billing).await.unwrap().revision, 1);
    product.service.archive_app(&operator(), &shop).await.unwrap();
    let archived = post(&product, "/keys/new", &session, &format!("{form}&app={shop}")).await;
    assert!(archived.status == 409 && archived.body.contains("This app is archived"), "{}", archived.body);
}

#[tokio::test]
async fn a_limit_is_set_on_the_page_of_a_person_and_in_the_invite() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let shop = create(&product, "Web shop").await;
    let form = format!("press=invite&first_name=Ada&email=ada%40example.com&role=admin&apps={shop}");
    let invited = post(&product, "/people/invite", &session, &form).await;
    let link = invited.body.split("/invite/").nth(1).unwrap_or_else(|| panic!("{}", invited.body));
    let token = link.split('<').next().unwrap().to_owned();
    let sent = Acceptance { name: "Ada".to_owned(), password: PASSWORD.into() };
    let id = *product.service.accept_invite(&token, sent, &ClientInfo::default()).await.unwrap().id();
    let page = text(&get(&product, &format!("/people/{id}"), &session).await.body);
    assert!(page.contains("Apps Web shop") && page.contains("Change apps…"), "{page}");
    let list = text(&get(&product, "/people", &session).await.body);
    assert!(list.contains("Admin 1 app"), "{list}");
    let dialog = get(&product, &format!("/people/{id}/apps"), &session).await;
    assert!(dialog.body.contains(&format!("value=\"{shop}\" checked")), "{}", dialog.body);

    let sign_in = SignIn { email: "ada@example.com".to_owned(), password: PASSWORD.into() };
    let theirs = session_of(product.service.sign_in(sign_in, &ClientInfo::default()).await.unwrap());
    let here = product.issue(service_key("Billing")).await.key.row.id;
    assert_eq!(get(&product, &format!("/keys/{here}"), &theirs).await.status, 404);
    assert!(!get(&product, "/keys", &theirs).await.body.contains("Billing"));
    let invite = get(&product, "/people/invite", &theirs).await;
    assert!(
        invite.body.contains(&format!("value=\"{shop}\" checked")),
        "what they can give is ticked: {}",
        invite.body
    );
    let wide =
        post(&product, "/people/invite", &theirs, "press=invite&first_name=B&email=b%40example.com&role=auditor").await;
    assert!(wide.status == 422 && wide.body.contains("You do not see all apps yourself."), "{}", wide.body);
    let all = post(&product, &format!("/people/{id}/apps"), &session, "press=").await;
    assert_eq!((all.status.as_u16(), all.header("location")), (303, &*format!("/people/{id}")));
    assert_eq!(get(&product, &format!("/keys/{here}"), &theirs).await.status, 200, "from the next request on");
    let owner = {
        let draft = InviteDraft {
            first_name: "Olga".to_owned(),
            email: "olga@example.com".to_owned(),
            role: "owner".to_owned(),
            apps: vec![shop],
            ..InviteDraft::default()
        };
        let invited = product.service.invite(&operator(), &draft).await.unwrap();
        assert_eq!(invited.invite.apps, Scope::All, "an owner sees every app");
        let sent = Acceptance { name: "Olga".to_owned(), password: PASSWORD.into() };
        let token = invited.token.expose_secret().to_owned();
        *product.service.accept_invite(&token, sent, &ClientInfo::default()).await.unwrap().id()
    };
    assert_eq!(post(&product, &format!("/people/{owner}/apps"), &session, &format!("apps={shop}")).await.status, 403);
}

#[tokio::test]
async fn more_apps_than_a_list_shows_are_chosen_from() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    for n in 0..30 {
        create(&product, &format!("Shop {n:02}")).await;
    }
    for page in ["/", "/keys", "/keys/handovers"] {
        let answer = get(&product, page, &session).await;
        assert!(answer.status == 200 && answer.body.contains("You have more than 30 apps"), "{page}");
    }
    assert_eq!(get(&product, "/audit", &session).await.status, 200);
    assert_eq!(get(&product, "/keys.csv", &session).await.status, 409);
    assert_eq!(get(&product, "/find?q=a", &session).await.status, 200);
    // What was typed stays, and what is wrong is told where the keys are.
    let found = post(&product, "/people/invite", &session, "first_name=Gus&role=guest&find=bill&press=search").await;
    assert!(found.status == 200 && found.body.contains("value=\"Gus\""), "{}", text(&found.body));
    assert!(found.body.contains("Keys are found in at most 30 apps at once"), "{}", text(&found.body));
    let chosen = product.service.app_by_name(&operator(), "Shop 29").await.unwrap().id;
    choose(&product, &session, chosen.as_str()).await;
    let list = get(&product, "/keys", &session).await;
    assert!(list.status == 200 && list.body.contains("Shop 29"), "{}", list.body);
}
