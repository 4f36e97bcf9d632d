//! `/chat-service/api/contacts…`: who is there, their pictures, and who invites others.

use domain::contact::ContactKind;
use serde_json::{Value, json};

use crate::qwil_caller::{client, contact, master};
use crate::support::Product;

#[tokio::test]
async fn contacts_are_listed_and_looked_up_in_three_ways() {
    let product = Product::start().await;
    let key = master(&product, &["contacts.manage"]).await;
    let ada = contact(&product, "Ada", ContactKind::Staff, true).await;
    let bo = client(&product, "Bo").await;
    let list = async |path: &str| product.send(key.call("GET", path)).await.done();
    let names = |listed: &Value| -> Vec<String> {
        let contacts = listed["contacts"].as_array().unwrap().iter();
        contacts.map(|contact| contact["first_name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&list("contacts/list").await), ["Ada", "Bo"]);
    assert_eq!(names(&list("contacts/list?type=staff").await), ["Ada"]);
    assert_eq!(names(&list("contacts/list?q=crm/b").await), [""; 0], "identifiers are case-sensitive");
    assert_eq!(names(&list("contacts/list?q=crm/B").await), ["Bo"]);
    for query in
        [format!("uuid={}", ada.id.to_uuid()), "identifier=crm/Ada".to_owned(), "email=ADA@example.com".to_owned()]
    {
        let found = key.get(&product, &format!("contacts?{query}"), &bo).await.done();
        assert_eq!(found["entity_user_xref_uuid"], ada.id.to_uuid());
        assert_eq!((&found["identifier"], &found["email"]), (&json!("crm/Ada"), &json!("ada@example.com")));
        assert_eq!(
            (&found["type"], &found["is_admin"], &found["is_me"]),
            (&json!("staff"), &json!(true), &json!(false))
        );
    }
    let get = async |path: &str| product.send(key.call("GET", path)).await;
    get("contacts").await.qwil_error(400, "RB785");
    get("contacts?identifier=nobody").await.qwil_error(404, "RN006");
    get("contacts?email=nobody").await.qwil_error(404, "RN006");
    get("contacts?uuid=x").await.qwil_error(404, "RN006");
    get("contacts?uuid=x&email=y").await.qwil_error(400, "RB001");
    get("contacts/list?q=%00").await.qwil_error(400, "RB001");
    get("contacts/list?type=robot").await.qwil_error(400, "RB001");
    get("contacts/list?limit=7").await.qwil_error(400, "RB001");
    for wrong in ["contacts/list?after=x", "contacts/list?after=%00", "contacts/list?after=0123~ada"] {
        assert!(get(wrong).await.qwil_error(400, "RB001").starts_with("after: "), "{wrong}");
    }
    for twice in ["q=a&q=b", "after=&after=", "type=staff&type=client", "limit=25&limit=50"] {
        get(&format!("contacts/list?{twice}")).await.qwil_error(400, "RB001");
    }
    let none = get("contacts/avatar?identifier=crm/Ada").await.qwil_error(404, "RN006");
    assert_eq!(none, "This contact has no picture.");
    let png = b"\x89PNG\r\n\x1a\npicture".to_vec();
    let picture = key.call("POST", "contacts/avatar?identifier=crm/Ada").header("content-type", "image/png").body(png);
    assert_eq!(product.send(picture).await.done()["has_avatar"], true);
    let fetched = get("contacts/avatar?identifier=crm/Ada").await;
    assert_eq!((fetched.status.as_u16(), fetched.header("content-type")), (200, "image/png"));
    let svg = key.call("POST", "contacts/avatar?identifier=crm/Ada").header("content-type", "image/png").body("<svg/>");
    product.send(svg).await.qwil_error(400, "RB001");
}

#[tokio::test]
async fn only_an_admin_invites_clients_and_staff() {
    let product = Product::start().await;
    let key = master(&product, &["contacts.manage"]).await;
    let admin = contact(&product, "Ada", ContactKind::Staff, true).await;
    let (member, bo) = (contact(&product, "Mo", ContactKind::Staff, false).await, client(&product, "Bo").await);
    let body = |first: &str, kind: &str| json!({ "type": kind, "email": format!("{first}@example.org"), "first_name": first, "last_name": "New" });
    for by in [&member, &bo] {
        key.post(&product, "contacts/invite", by, &body("no", "client")).await.qwil_error(403, "RF733");
    }
    for kind in ["client", "staff"] {
        let invited = key.post(&product, "contacts/invite", &admin, &body(kind, kind)).await.done();
        assert_eq!((&invited["type"], &invited["status"]), (&json!(kind), &json!("invited")));
    }
    key.post(&product, "contacts/invite", &admin, &body("client", "client")).await.qwil_error(400, "RB001");
    let wrong = key.post(&product, "contacts/invite", &admin, &body("x", "robot")).await.qwil_error(400, "RB001");
    assert!(wrong.starts_with("type: "), "{wrong}");
    key.post(&product, "contacts/invite", &admin, &json!({ "first_name": "X" })).await.qwil_error(400, "RB001");
    let call = key.call("POST", "contacts/invite").json(body("y", "client").to_string());
    product.send(call).await.qwil_error(400, "RB786");
}
