//! The pages of people: what their forms say that was done.

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
