//! A form that shows what it changes takes nothing back that was changed after its page was loaded, and one whose answer
//! shows something once makes it once.

use domain::audit_query::AuditQuery;
use domain::contact::ContactDraft;
use domain::grant::KeyGrant;
use domain::invite::InviteDraft;
use domain::room::{RoomKind, RoomRules};
use secrecy::ExposeSecret;
use service::ClientInfo;
use service::chat::rooms::NewRoom;
use service::invites::Acceptance;

use crate::support::{Answer, Call, PASSWORD, Product, operator, service_key, text};

async fn get(product: &Product, path: &str, session: &str) -> Answer {
    product.send(Call::get(path).cookie(session)).await
}

async fn post(product: &Product, path: &str, session: &str, form: &str) -> Answer {
    product.send(Call::post(path).cookie(session).same_origin().form(form.to_owned())).await
}

/// What the form that is sent to this address carries under this name.
fn carried(answer: &Answer, action: &str, name: &str) -> String {
    let form = answer.body.split(&format!("action=\"{action}\"")).nth(1).unwrap_or_else(|| panic!("{action}"));
    let form = form.split("</form>").next().unwrap();
    let field = format!("name=\"{name}\" value=\"");
    let value = form.split(&field).nth(1).unwrap_or_else(|| panic!("{action}: {form}"));
    value.split('"').next().unwrap().to_owned()
}

/// The state of what the form that is sent to this address changes.
fn seen(answer: &Answer, action: &str) -> String {
    carried(answer, action, "seen")
}

/// What an answer shows once, if it does.
fn shown(answer: &Answer) -> Option<String> {
    let places = ["id=\"webhook-secret\"", "id=\"link\""];
    let place = places.iter().find_map(|place| answer.body.split(place).nth(1))?;
    Some(place.split(['>', '<']).nth(1)?.to_owned())
}

fn hook(host: &str) -> String {
    format!("webhook_target=https%3A%2F%2F{host}.example.com%2F&triggers=conversation%3Acreate")
}

/// A channel and its webhook, by the addresses of their pages.
async fn channel(product: &Product, session: &str) -> (String, String) {
    let made = post(product, "/integrations/new", session, "kind=whatsapp").await;
    let integration = made.header("location").to_owned();
    post(product, &format!("{integration}/webhooks/new"), session, &hook("a")).await;
    let listed = get(product, &integration, session).await.body;
    let webhook = listed.split("/webhooks/").skip(1).find(|part| part.contains("/edit\"")).unwrap();
    let webhook = format!("{integration}/webhooks/{}", webhook.split('/').next().unwrap());
    (integration, webhook)
}

/// Somebody with this role, by the address of their page.
async fn person(product: &Product, role: &str) -> String {
    let keys = if role == "guest" {
        vec![KeyGrant::new(product.issue(service_key("Billing")).await.key.row.id, &[])]
    } else {
        Vec::new()
    };
    let (first_name, email) = ("Ada".to_owned(), format!("{role}@example.com"));
    let draft = InviteDraft { first_name, email, role: role.to_owned(), keys, ..InviteDraft::default() };
    let invited = product.service.invite(&operator(), &draft).await.unwrap();
    let sent = Acceptance { name: "Ada".to_owned(), password: PASSWORD.into() };
    let token = invited.token.expose_secret().to_owned();
    let person = product.service.accept_invite(&token, sent, &ClientInfo::default()).await.unwrap();
    format!("/people/{}", person.id())
}

async fn room(product: &Product, kind: RoomKind) -> String {
    let rules = RoomRules::checked("Lobby", None, None, None).unwrap();
    let new = NewRoom { kind, rules, password: None, creator: None, contacts: Vec::new() };
    let made = product.service.create_room(&operator(), product.service.default_app(), new).await.unwrap();
    made.id.to_string()
}

#[tokio::test]
async fn what_was_changed_after_the_page_was_loaded_stays() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let (app, key) = (*product.service.default_app(), product.issue(service_key("Payroll")).await.key.row.id);
    let (auditor, guest) = (person(&product, "auditor").await, person(&product, "guest").await);
    let (lobby, chat) = (room(&product, RoomKind::Room).await, room(&product, RoomKind::Chat).await);
    let draft = ContactDraft { first_name: "Ada".to_owned(), ..ContactDraft::default() };
    let contact = product.service.create_contact(&operator(), &app, &draft).await.unwrap().id;
    let (integration, webhook) = channel(&product, &session).await;

    let same = |path: String| (path.clone(), path);
    let settings = |path: &str| ("/settings".to_owned(), path.to_owned());
    let text_of = |text: &str| text.to_owned();
    for ((page, action), first, second) in [
        (
            settings("/settings"),
            text_of("default_life=30&longest_life=365"),
            text_of("default_life=90&longest_life=90"),
        ),
        (settings("/settings/approval"), text_of("approval_no_expiry=yes"), text_of("approval_kinds=service")),
        (
            settings("/settings/second-factor"),
            text_of("factor_policy=optional&grace_days=3"),
            text_of("factor_policy=managers&grace_days=9"),
        ),
        (same(format!("{auditor}/role")), text_of("role=admin"), text_of("role=guest")),
        (same(format!("{guest}/apps")), format!("apps={app}"), text_of("press=")),
        (same(format!("{guest}/keys")), format!("see={key}"), format!("see={key}&access_ends_at=2099-01-01T00:00")),
        (same(format!("/apps/{app}/rename")), text_of("name=Shop"), text_of("name=Stall")),
        (same(format!("/rooms/{lobby}/edit")), text_of("name=Lobby&max_users=5"), text_of("name=Lobby&max_users=6")),
        (same(format!("/chats/{chat}/rename")), text_of("name=Desk"), text_of("name=Bench")),
        (same(format!("/contacts/{contact}/edit")), text_of("first_name=Bob"), text_of("first_name=Cid")),
        (same(format!("{integration}/edit")), text_of("name=Desk&active=yes"), text_of("name=Bench&active=yes")),
        (same(format!("{webhook}/edit")), hook("b"), hook("c")),
    ] {
        let loaded = get(&product, &page, &session).await;
        let old = seen(&loaded, &action);
        let accepted = post(&product, &action, &session, &format!("{first}&seen={old}")).await;
        assert!(
            matches!(accepted.status.as_u16(), 200 | 303),
            "{action}: {} {}",
            accepted.status,
            text(&accepted.body)
        );
        let refused = post(&product, &action, &session, &format!("{second}&seen={old}")).await;
        assert_eq!(refused.status, 409, "{action}: {}", text(&refused.body));
        assert!(refused.body.contains("Load the current values"), "{action}: {}", text(&refused.body));
        assert_eq!(seen(&refused, &action), old, "{action}: the same form is refused again");
        let now = seen(&get(&product, &page, &session).await, &action);
        assert_ne!(now, old, "{action}");
        let again = post(&product, &action, &session, &format!("{second}&seen={now}")).await;
        assert!(matches!(again.status.as_u16(), 200 | 303), "{action}: {} {}", again.status, text(&again.body));
        // What is so already is no change.
        let same = post(&product, &action, &session, &format!("{second}&seen={old}")).await;
        assert!(matches!(same.status.as_u16(), 200 | 303), "{action}: {} {}", same.status, text(&same.body));
    }
}

#[tokio::test]
async fn what_is_shown_once_is_made_once_by_each_form() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let auditor = person(&product, "auditor").await;
    let (integration, webhook) = channel(&product, &session).await;
    let waiting = InviteDraft {
        first_name: "Bob".to_owned(),
        email: "bob@example.com".to_owned(),
        role: "auditor".to_owned(),
        ..InviteDraft::default()
    };
    let invite = product.service.invite(&operator(), &waiting).await.unwrap().invite.id;
    let record = async || format!("{:?}", product.service.audit(&operator(), &AuditQuery::default()).await.unwrap());
    for (action, typed) in [
        (format!("{webhook}/secret"), String::new()),
        (format!("{integration}/webhooks/new"), hook("zoe")),
        ("/integrations/new".to_owned(), format!("kind=custom&name=Desk&{}", hook("zoe"))),
        ("/people/invite".to_owned(), "press=invite&first_name=Zoe&email=zoe%40example.com&role=auditor".to_owned()),
        (format!("/people/invites/{invite}/renew"), String::new()),
        (format!("{auditor}/reset"), String::new()),
    ] {
        let form_id = carried(&get(&product, &action, &session).await, &action, "form_id");
        let form = format!("{typed}&form_id={form_id}");
        let first = post(&product, &action, &session, &form).await;
        let secret = shown(&first).unwrap_or_else(|| panic!("{action}: {}", text(&first.body)));
        let before = record().await;
        let again = post(&product, &action, &session, &form).await;
        assert_eq!((again.status.as_u16(), shown(&again)), (409, None), "{action}: {}", text(&again.body));
        assert!(again.body.contains("This form was sent already"), "{action}: {}", text(&again.body));
        assert!(!again.body.contains("zoe"), "{action}: what was typed has served");
        assert_eq!(record().await, before, "{action}");
        // The page that says so has a form to make another one on purpose.
        let fresh = carried(&again, &action, "form_id");
        let another = format!("{}&form_id={fresh}", typed.replace("zoe", "zac"));
        let other = shown(&post(&product, &action, &session, &another).await);
        assert!(other.is_some() && other.as_ref() != Some(&secret), "{action}");
    }
}
