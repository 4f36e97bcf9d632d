//! Rotation by forms, as a browser without scripts sends them.

use domain::timestamp::Millis;

use crate::support::{Answer, Call, Product, service_key, text};

struct Keys {
    product: Product,
    session: String,
    id: String,
    old: String,
}

impl Keys {
    async fn start() -> Self {
        let product = Product::start().await;
        let session = product.sign_in().await;
        let old = product.token(service_key("Rotated")).await;
        let id = old.split('_').nth(1).unwrap().to_owned();
        Self { product, session, id, old }
    }

    async fn post(&self, act: &str, body: &str) -> Answer {
        let call = Call::post(&format!("/keys/{}/{act}", self.id)).form(body.to_owned()).cookie(&self.session);
        self.product.send(call.same_origin()).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.product.send(Call::get(&format!("/keys/{}{path}", self.id)).cookie(&self.session)).await
    }

    /// Asks for a new secret, and returns it with the answer.
    async fn rotate(&self, overlap: &str) -> (Answer, String) {
        let form = self.product.service.new_form_id().unwrap();
        let answer = self.post("rotate", &format!("overlap={overlap}&form_id={form}")).await;
        let shown = answer.body.split("id=\"secret\">").nth(1).unwrap_or_else(|| panic!("{}", answer.body));
        let token = shown.split('<').next().unwrap().to_owned();
        (answer, token)
    }

    async fn code(&self, token: &str) -> String {
        let answer = self.product.send(Call::get("/v1/keys/self").bearer(token)).await;
        answer.json()["code"].as_str().unwrap_or_default().to_owned()
    }
}

#[tokio::test]
async fn the_new_secret_is_in_one_answer_that_nobody_keeps() {
    let keys = Keys::start().await;
    let form = keys.product.service.new_form_id().unwrap();
    let body = format!("overlap=24h&form_id={form}");
    let answer = keys.post("rotate", &body).await;
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (200, "no-store"));
    assert_eq!(answer.body.matches("id=\"secret\"").count(), 1);
    assert!(!answer.body.contains("modal-title"), "the secret is a page, never a dialog");
    let again = keys.post("rotate", &body).await;
    assert_eq!(again.status, 409);
    assert!(again.body.contains("This form has already made a new secret"), "{}", again.body);
    assert!(!again.body.contains("id=\"secret\""));
    let page = keys.get("").await;
    assert!(page.body.contains("A new secret waits to be confirmed until"), "{}", page.body);
    for act in ["finish", "extend", "undo"] {
        let page = keys.get(&format!("/rotation/{act}")).await;
        assert!(page.status == 200 && page.body.contains("Only one secret of this key works"), "{}", page.body);
    }
}

#[tokio::test]
async fn a_rotation_goes_through_its_forms() {
    let keys = Keys::start().await;
    let (_, new) = keys.rotate("1h").await;
    assert_eq!((keys.code(&keys.old).await, keys.code(&new).await), ("VALID".into(), "NOT_FOUND".into()));
    let unticked = keys.post("rotation/acknowledge", "").await;
    assert_eq!(unticked.status, 422);
    assert!(unticked.body.contains("Tick the box to confirm that you have stored the new secret."));
    for wrong in ["3", "x", ""] {
        let another = keys.post("rotation/acknowledge", &format!("acknowledged=yes&new_secret={wrong}")).await;
        assert!(another.status == 409 && another.body.contains("has been rotated again"), "{}", another.body);
    }
    let confirmed = keys.post("rotation/acknowledge", "acknowledged=yes&new_secret=2").await;
    assert_eq!((confirmed.status.as_u16(), confirmed.header("location")), (303, &*format!("/keys/{}", keys.id)));
    assert_eq!((keys.code(&keys.old).await, keys.code(&new).await), ("VALID".into(), "VALID".into()));
    let twice = keys.post("rotation/acknowledge", "acknowledged=yes").await;
    assert_eq!(twice.status, 409);
    for (body, words) in [
        ("overlap=sausage", "Choose one of the options."),
        ("overlap=custom", "Enter a time, for example 36h or 30d."),
        ("overlap=custom&overlap_time=91d", "Choose 90 days at most."),
    ] {
        let refused = keys.post("rotation/extend", body).await;
        assert!(refused.status == 422 && refused.body.contains(words), "{}", refused.body);
    }
    let no_later = keys.post("rotation/extend", "overlap=custom&overlap_time=1m").await;
    assert!(no_later.status == 409 && no_later.body.contains("would not work any longer"), "{}", no_later.body);
    let back = format!("overlap=7d&back=/keys/{}", keys.id);
    assert_eq!(keys.post("rotation/extend", &back).await.status, 303);
    let another = keys.post("rotation/finish", "new_secret=1").await;
    assert!(another.status == 409 && another.body.contains("has been rotated again"), "{}", another.body);
    assert!(another.body.contains("name=\"new_secret\" value=\"2\""), "{}", another.body);
    assert_eq!(keys.post("rotation/finish", "new_secret=2").await.status, 303);
    assert_eq!((keys.code(&keys.old).await, keys.code(&new).await), ("NOT_FOUND".into(), "VALID".into()));
    assert_eq!(keys.post("rotation/undo", "").await.status, 409);
    let page = keys.get("/rotation/acknowledge").await;
    assert!(page.body.contains("waits to be confirmed"), "{}", page.body);
}

#[tokio::test]
async fn an_overdue_key_is_marked_listed_and_counted() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let draft = domain::draft::KeyDraft { rotate_days: Some("30".to_owned()), ..service_key("Long in use") };
    let id = product.issue(draft).await.key.row.id;
    let look = async |path: &str| product.send(Call::get(path).cookie(&session)).await.body;
    let overdue = "Active Rotation overdue";
    let key = format!("/keys/{id}");
    assert!(text(&look(&key).await).contains("Every 30 days") && !text(&look(&key).await).contains(overdue));
    product.clock.advance(Millis::days(31));
    let session = product.sign_in().await;
    let look = async |path: &str| product.send(Call::get(path).cookie(&session)).await.body;
    let page = look(&key).await;
    assert!(text(&page).contains(overdue), "{}", text(&page));
    assert!(text(&look("/keys?status=rotation_overdue").await).contains(overdue));
    let dashboard = look("/").await;
    assert!(dashboard.contains("Rotation overdue") && text(&dashboard).contains("due 1 day ago"), "{dashboard}");
    assert!(look("/keys.csv").await.contains("rotationDueAt"));
}
