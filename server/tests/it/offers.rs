//! No page offers what its visitor may not do.

use std::collections::BTreeSet;

use domain::grant::{KeyAct, KeyGrant};
use domain::invite::InviteDraft;
use domain::role::Role;
use secrecy::ExposeSecret;
use service::ClientInfo;
use service::invites::Acceptance;
use service::sign_in::SignIn;

use crate::support::{Answer, Call, PASSWORD, Product, operator, service_key, session_of};

async fn get(product: &Product, path: &str, session: &str) -> Answer {
    product.send(Call::get(path).cookie(session)).await
}

/// Somebody of this role, signed in.
async fn person(product: &Product, role: Role, keys: Vec<KeyGrant>) -> String {
    let email = format!("{}@example.com", role.as_str());
    let draft = InviteDraft {
        first_name: "Grace".to_owned(),
        email: email.clone(),
        role: role.as_str().to_owned(),
        keys,
        ..InviteDraft::default()
    };
    let invited = product.service.invite(&operator(), &draft).await.unwrap();
    let sent = Acceptance { name: "Grace".to_owned(), password: PASSWORD.into() };
    product.service.accept_invite(invited.token.expose_secret(), sent, &ClientInfo::default()).await.unwrap();
    let sign_in = SignIn { email, password: PASSWORD.into() };
    session_of(product.service.sign_in(sign_in, &ClientInfo::default()).await.unwrap())
}

/// The pages of this console that a page leads to.
fn links(page: &Answer) -> BTreeSet<String> {
    let links = page.body.split("<a ").skip(1).filter_map(|link| {
        let tag = link.split('>').next()?;
        let address = tag.split("href=\"").nth(1)?.split(['"', '#']).next()?;
        Some(address.replace("&amp;", "&"))
    });
    links.filter(|address| address.starts_with('/')).collect()
}

#[tokio::test]
async fn no_page_leads_to_one_that_its_visitor_may_not_see() {
    let product = Product::start().await;
    product.sign_in().await;
    let key = product.issue(service_key("Billing")).await.key.row.id;
    let grants = vec![KeyGrant::new(key, &[KeyAct::Test, KeyAct::Rotate, KeyAct::Revoke])];
    for (role, keys) in [(Role::Guest, grants), (Role::Auditor, Vec::new())] {
        let session = person(&product, role, keys).await;
        let mut pages = links(&get(&product, "/", &session).await);
        assert!(pages.contains("/keys") && pages.contains("/account"), "{role:?}: {pages:?}");
        pages.insert(format!("/keys/{key}"));
        if role == Role::Guest {
            pages.insert("/keys/handovers".to_owned());
        }
        let mut offered: BTreeSet<_> = pages.iter().map(|page| (page.clone(), "/".to_owned())).collect();
        for page in &pages {
            let answer = get(&product, page, &session).await;
            offered.extend(links(&answer).into_iter().map(|address| (address, page.clone())));
        }
        // Whoever follows a link to this page may not confirm the key.
        let page = format!("/keys/{key}/acknowledge");
        let refused = get(&product, &page, &session).await;
        offered.extend(links(&refused).into_iter().map(|address| (address, page.clone())));
        for (address, page) in offered {
            let status = get(&product, &address, &session).await.status;
            assert_ne!(status, 403, "{role:?}: {page} leads to {address}");
        }
    }
}
