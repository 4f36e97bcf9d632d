//! Acts on many keys and saved views, as the forms of the list send them.

use crate::support::{Call, Product, service_key};

fn form(path: &str, session: &str, body: &str) -> Call {
    Call::post(path).cookie(session).same_origin().form(body.to_owned())
}

#[tokio::test]
async fn many_keys_are_revoked_after_a_preview() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let issue = async |name| product.issue(service_key(name)).await.key.row.id;
    let ids = [issue("one").await, issue("two").await, issue("three").await];
    let chosen = ids.map(|id| format!("&key={}", id.as_str())).concat();
    let preview =
        product.send(Call::get(&format!("/keys/bulk?act=revoke&list=kind%3Dservice{chosen}")).cookie(&session)).await;
    assert_eq!(preview.status, 200);
    assert!(preview.body.contains("Revoke 3 keys"), "{}", preview.body);
    let form_id = preview.body.split("name=\"form_id\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let body = format!("act=revoke&list=kind%3Dservice&form_id={form_id}{chosen}");

    let refused = product.send(form("/keys/bulk", &session, &body)).await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("Choose a reason.") && refused.body.contains("Revoke 3 keys"), "{}", refused.body);

    let done = product.send(form("/keys/bulk", &session, &format!("{body}&reason=leaked"))).await;
    assert_eq!((done.status.as_u16(), done.header("location")), (303, "/keys?kind=service"));
    let said = done.header("set-cookie").split(';').next().unwrap().to_owned();
    assert!(said.ends_with(&format!("=revoke.3.0.{form_id}")), "{said}");
    let again = product.send(form("/keys/bulk", &session, &format!("{body}&reason=leaked"))).await;
    assert!(again.header("set-cookie").contains("=repeated;"), "{}", again.header("set-cookie"));
    let list = product.send(Call::get("/keys").header("cookie", &format!("keystead-3000={session}; {said}"))).await;
    let named = ["one", "two", "three"].iter().all(|name| list.body.contains(&format!("<bdi>{name}<")));
    assert!(named && list.body.contains("are revoked."), "{}", list.body);
}

#[tokio::test]
async fn an_act_for_nothing_says_so() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    for query in ["act=disable", "act=disable&key=x", "act=disable&all=yes"] {
        let answer = product.send(Call::get(&format!("/keys/bulk?{query}")).cookie(&session)).await;
        assert_eq!(answer.status, 422, "{query}");
        assert!(answer.body.contains("No key is chosen"), "{}", answer.body);
    }
    assert_eq!(product.send(Call::get("/keys/bulk?act=melt").cookie(&session)).await.status, 400);
}

#[tokio::test]
async fn an_act_for_all_that_match_a_filter_that_is_not_there_is_for_none() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let key = product.issue(service_key("one")).await.key.row.id;
    for list in ["kind%3Dsausage", "knid%3Dclient", "status%3Dactive%26sort%3Dcolour", "client"] {
        let query = format!("act=disable&all=yes&list={list}");
        let preview = product.send(Call::get(&format!("/keys/bulk?{query}")).cookie(&session)).await;
        assert_eq!(preview.status, 400, "{list}");
        assert!(preview.body.contains("that the list does not have"), "{}", preview.body);
        let form_id = product.service.new_form_id().unwrap();
        let act = product.send(form("/keys/bulk", &session, &format!("{query}&form_id={form_id}"))).await;
        assert_eq!(act.status, 400, "{list}");
        let view = product.send(form("/keys/views", &session, &format!("name=All&list={list}"))).await;
        assert_eq!(view.status, 400, "{list}");
    }
    let view = product.send(Call::get(&format!("/keys/{key}")).cookie(&session)).await;
    assert!(view.body.contains("Disable") && !view.body.contains("Enable"), "{}", view.body);
    let ticked = format!("act=disable&key={key}&list=kind%3Dsausage");
    assert_eq!(product.send(Call::get(&format!("/keys/bulk?{ticked}")).cookie(&session)).await.status, 200);
}

#[tokio::test]
async fn a_view_is_saved_shown_and_deleted() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let list = async || product.send(Call::get("/keys").cookie(&session)).await.body;
    assert!(!list().await.contains("Saved views"));
    let saved = product.send(form("/keys/views", &session, "name=Soon+gone&list=status%3Dexpiring_7%26page%3D3")).await;
    assert_eq!((saved.status.as_u16(), saved.header("location")), (303, "/keys?status=expiring_7"));
    let shown = list().await;
    assert!(shown.contains("href=\"/keys?status=expiring_7\"") && shown.contains("Soon gone"), "{shown}");
    let nameless = product.send(form("/keys/views", &session, "name=+&list=status%3Dexpiring_7")).await;
    assert_eq!(nameless.status, 422);
    for n in 1..20 {
        product.send(form("/keys/views", &session, &format!("name=View+{n}&list=kind%3Dclient"))).await;
    }
    let many = product.send(form("/keys/views", &session, "name=One+more&list=kind%3Dclient")).await;
    assert_eq!(many.status, 422);
    assert!(many.body.contains("You have 20 views"), "{}", many.body);
    let gone = product.send(form("/keys/views", &session, "name=Soon+gone&forget=yes")).await;
    assert_eq!((gone.status.as_u16(), gone.header("location")), (303, "/keys/views"));
    assert!(!list().await.contains("Soon gone"));
}
