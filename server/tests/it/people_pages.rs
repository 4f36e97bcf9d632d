//! The pages of people: what their forms say that was done.

use domain::draft::KeyDraft;
use domain::ids::PersonId;
use domain::invite::InviteDraft;
use domain::role::Role;
use secrecy::ExposeSecret;
use service::ClientInfo;
use service::invites::Acceptance;

use crate::support::{Call, PASSWORD, Product, operator, service_key, text};

/// Somebody of this role.
async fn person(product: &Product, email: &str, role: Role) -> PersonId {
    let draft = InviteDraft {
        first_name: "Ada".to_owned(),
        email: email.to_owned(),
        role: role.as_str().to_owned(),
        ..InviteDraft::default()
    };
    let invited = product.service.invite(&operator(), &draft).await.unwrap();
    let sent = Acceptance { name: "Ada".to_owned(), password: PASSWORD.into() };
    *product.service.accept_invite(invited.token.expose_secret(), sent, &ClientInfo::default()).await.unwrap().id()
}

#[tokio::test]
async fn the_role_that_somebody_has_is_not_said_to_be_changed() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let id = person(&product, "ada@example.com", Role::Auditor).await;
    for (role, words) in [
        ("auditor", "Nothing changed: they have this role already."),
        ("admin", "The role is changed, from their next request on."),
    ] {
        let form = Call::post(&format!("/people/{id}/role")).cookie(&session).same_origin();
        let changed = product.send(form.form(format!("role={role}"))).await;
        assert_eq!((changed.status.as_u16(), changed.header("location")), (303, &*format!("/people/{id}")));
        let done = changed.header("set-cookie").split(';').next().unwrap().to_owned();
        let page = Call::get(&format!("/people/{id}")).header("cookie", &format!("keystead-3000={session}; {done}"));
        let page = product.send(page).await.body;
        assert!(page.contains(words), "{role}: {page}");
    }
}

/// Scripts and the browser keep a whole key out of a search. What comes nevertheless is not shown again.
#[tokio::test]
async fn of_a_key_that_a_form_searches_for_no_secret_is_shown_again() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let token = product.token(service_key("Nightly export")).await;
    let (shown, secret) = token.rsplit_once('_').unwrap();
    let id = shown.rsplit_once('_').unwrap().1;
    let auditor = person(&product, "ada@example.com", Role::Auditor).await;
    // With one app, none can be searched for.
    product.service.create_app(&operator(), "Web shop").await.unwrap();
    let app = *product.service.default_app();
    let of_app = "7Qm2xV-bN4tRa-abcdef-012345-20261121093002";
    for (path, typed, name) in [
        ("/people/invite".to_owned(), "role=guest&press=search".to_owned(), "find"),
        ("/people/invite".to_owned(), "role=auditor&press=search_apps".to_owned(), "find_app"),
        (format!("/people/{auditor}/apps"), "press=search_apps".to_owned(), "find_app"),
        ("/chats/new".to_owned(), format!("app={app}&press=search_contacts"), "find_contact"),
    ] {
        for (pasted, never) in [(&*token, secret), (secret, secret), (of_app, "abcdef-012345")] {
            let form = Call::post(&path).cookie(&session).same_origin().form(format!("{typed}&{name}={pasted}"));
            let page = product.send(form).await;
            assert!(page.status == 200 && !page.body.contains(never), "{path} {name}: {}", page.body);
            if pasted == token {
                let value = page.body.split_once(&format!("name=\"{name}\" value=\"")).unwrap().1;
                assert!(value.split('"').next().unwrap().contains(id), "{path} {name}: {}", page.body);
                assert_eq!(text(&page.body).contains("Nightly export"), name == "find", "{path} {name}");
            }
        }
    }
}

#[tokio::test]
async fn the_audit_shows_where_an_act_came_from() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let key = product.issue(service_key("Billing")).await.key.row.id;
    let form = Call::post(&format!("/keys/{key}/disable")).cookie(&session).same_origin();
    assert_eq!(product.send(form.form("")).await.status, 303);
    for page in ["/audit".to_owned(), format!("/audit?key={key}"), format!("/keys/{key}/audit")] {
        let shown = text(&product.send(Call::get(&page).cookie(&session)).await.body);
        assert!(shown.contains("owner@example.com from 127.0.0.1"), "{page}: {shown}");
    }
}

#[tokio::test]
async fn the_audit_of_a_person_has_what_was_done_to_them_and_nobody_else() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let id = person(&product, "admin@example.com", Role::Auditor).await;
    let other = person(&product, "badmin@example.com", Role::Auditor).await;
    for (whom, act) in [(id, "disable"), (id, "enable"), (other, "disable")] {
        let form = Call::post(&format!("/people/{whom}/{act}")).cookie(&session).same_origin();
        assert_eq!(product.send(form.form("")).await.status, 303, "{act}");
    }
    let get = async |path: &str| product.send(Call::get(path).cookie(&session)).await;
    let audit = format!("/audit?person_id={id}");
    assert!(get(&format!("/people/{id}")).await.body.contains(&format!("href=\"{audit}\"")));
    let page = get(&audit).await.body;
    let words = text(&page);
    assert!(words.contains("Only by or about admin@example.com"), "{words}");
    assert!(page.contains(&format!("name=\"person_id\" value=\"{id}\"")), "the next search keeps it: {page}");
    for of_person in [page, get(&format!("/audit.jsonl?person_id={id}")).await.body] {
        let words = of_person.replace('"', " ");
        for done in [["Person disabled", "person.disabled"], ["Person enabled", "person.enabled"]] {
            assert!(done.iter().any(|done| words.contains(done)), "{done:?}: {words}");
        }
        assert!(!words.contains("badmin@example.com"), "{words}");
    }
    let elsewhere = get("/audit?person_id=x").await;
    assert!(elsewhere.status == 200 && text(&elsewhere.body).contains("which no filter understands"));
    assert_eq!(get("/audit.csv?person_id=x").await.status, 400);
    let reader = KeyDraft { boxes: vec!["keystead.audit.read".to_owned()], ..service_key("reader") };
    let token = product.token(reader).await;
    for (value, status) in [(id.as_str(), 200), ("x", 400)] {
        let call = Call::get(&format!("/v1/audit?person_id={value}")).bearer(&token);
        assert_eq!(product.send(call).await.status, status, "{value}");
    }
}
