//! `/v1/hand-overs`: keys that somebody else collects by a one-use link.

use std::borrow::Cow;
use std::sync::Arc;

use app::desk::named::Named;
use axum::extract::{RawQuery, State};
use domain::hand_over::{HandOver, HandOverDraft, LinkLife};
use domain::ids::KeyId;
use domain::refusal::Refusal;
use domain::rotation::Overlap;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use service::Caller;
use service::keys::{HandOverForm, HandedOver, RotationForm};
use service::once::SecretOf;
use utoipa::ToSchema;

use super::super::call::Api;
use super::super::operation::Documented;
use super::super::words;
use super::answer::{Answered, Listed, Made, One};
use super::bodies::LIMIT;
use super::call::By;
use super::delete::Gone;
use super::key_body::{NewKey, NewKeyBody};
use super::keys::stale;
use super::query::read;
use crate::json::body::{BodyCall, JsonBody};
use crate::json::fault::{Faults, Step};
use crate::json::members::{Object, Text};
use crate::json::problem::Problem;

/// A hand-over that waits.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct HandOverShown {
    /// The id that the key has, or will have.
    id: String,
    /// The id of the app of the key.
    app: String,
    /// The kind of the key.
    #[schema(value_type = words::KeyKind)]
    kind: &'static str,
    /// The name of the key.
    name: String,
    /// The name of whoever is to collect it.
    recipient: String,
    email: Option<String>,
    /// Whether a passphrase is asked for.
    has_passphrase: bool,
    /// For a new secret of a key: for how long the old one works beside it, in words. Null for a new key.
    overlap: Option<String>,
    /// Who made it, in words.
    made_by: String,
    created_at: String,
    /// When its link stops working.
    expires_at: String,
}

/// A hand-over, as its own answer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct HandOverAnswered {
    hand_over: HandOverShown,
}

/// A new hand-over with its link, which no other answer has.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its description is used: the answer is put together where its secret is")]
#[schema(rename_all = "camelCase")]
pub(super) struct HandOverMade {
    hand_over: HandOverShown,
    /// The address to give to whoever is to collect the key or its new secret. It works once. A repeated answer comes without
    /// it once that was collected, or after 10 minutes.
    #[schema(required = false)]
    link: Option<String>,
}

/// A new hand-over.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewHandOverBody<'a> {
    /// The key, as to issue it. It is made when it is collected, and whoever collects it confirms it.
    #[serde(borrow)]
    #[schema(value_type = NewKeyBody)]
    key: Object<NewKeyBody<'a>>,
    /// The name of whoever is to collect it, 1 to 100 characters.
    #[serde(borrow)]
    #[schema(value_type = String)]
    recipient: Text<'a>,
    /// Their e-mail, to know them by. Keystead sends no mail for this call.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    email: Option<Text<'a>>,
    /// What they have to enter, 8 to 256 characters. Tell them by other means than the link.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    passphrase: Option<Text<'a>>,
    /// How long the link works. One day if it is left out.
    #[serde(borrow)]
    #[schema(value_type = Option<words::LinkLife>)]
    link_life: Option<Text<'a>>,
}

/// Whom a new secret of a key is for.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RecipientBody<'a> {
    /// The name of whoever is to collect it, 1 to 100 characters.
    #[serde(borrow)]
    #[schema(value_type = String)]
    recipient: Text<'a>,
    /// Their e-mail, to know them by. Keystead sends no mail for this call.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    email: Option<Text<'a>>,
    /// What they have to enter, 8 to 256 characters. Tell them by other means than the link.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    passphrase: Option<Text<'a>>,
    /// How long the link works. One day if it is left out.
    #[serde(borrow)]
    #[schema(value_type = Option<words::LinkLife>)]
    link_life: Option<Text<'a>>,
}

/// Whom something is handed over to, as it was asked for.
#[derive(Debug)]
pub(super) struct Recipient {
    to: HandOverDraft,
    passphrase: SecretString,
}

impl Recipient {
    /// Checks the members, and adds their faults.
    pub fn of(sent: RecipientBody<'_>, faults: &mut Faults) -> Self {
        let is_passphrase_blank = sent.passphrase.as_ref().is_some_and(|Text(text)| text.trim().is_empty());
        let text = |text: Option<Text<'_>>| text.map(|Text(text)| text.into_owned()).unwrap_or_default();
        let life = sent.link_life.map_or_else(|| LinkLife::USUAL.as_str().to_owned(), |Text(life)| life.into_owned());
        let to = HandOverDraft { recipient: text(Some(sent.recipient)), email: text(sent.email), life };
        let passphrase = text(sent.passphrase);
        if let Err(errors) = to.check(&passphrase) {
            faults.extend(errors.into());
        }
        if is_passphrase_blank {
            let path = vec![Step::Member(Cow::Borrowed("passphrase"))];
            faults.at(path, "A passphrase is not blank: leave it out for none.");
        }
        Self { to, passphrase: passphrase.into() }
    }
}

/// A new hand-over as it was asked for.
#[derive(Debug)]
pub(super) struct NewHandOver {
    key: NewKey,
    to: Recipient,
}

/// The member that says what the key is.
const KEY: &str = "key";

impl BodyCall for NewHandOver {
    const LIMIT: usize = LIMIT;

    type Sent<'a> = NewHandOverBody<'a>;
    type Call<'a> = Self;

    fn read<'a>(sent: Self::Sent<'a>, faults: &mut Faults) -> Option<Self::Call<'a>> {
        let NewHandOverBody { key: Object(key), recipient, email, passphrase, link_life } = sent;
        let to = Recipient::of(RecipientBody { recipient, email, passphrase, link_life }, faults);
        if key.acknowledge.is_some() {
            let path = [KEY, "acknowledge"].map(|name| Step::Member(Cow::Borrowed(name))).into();
            faults.at(path, "Leave this out: whoever collects the key confirms it.");
        }
        let mut of_key = Faults::default();
        let key = NewKey::of(key, &mut of_key);
        faults.extend_within(KEY, of_key);
        Some(Self { key, to })
    }

    fn found_later(new: &Self) -> Faults {
        let mut faults = Faults::default();
        faults.extend_within(KEY, new.key.of_draft());
        faults
    }
}

impl Documented for NewHandOver {
    const EXAMPLE: &'static str =
        r#"{"key":{"kind":"service","name":"Invoices","permissions":["invoices.read"]},"recipient":"Accounting"}"#;
}

impl HandOverShown {
    fn of(hand_over: &HandOver) -> Self {
        Self {
            id: hand_over.key.to_string(),
            app: hand_over.app_id.to_string(),
            kind: hand_over.kind.as_str(),
            name: hand_over.key_name.clone(),
            recipient: hand_over.recipient.clone(),
            email: hand_over.email.clone(),
            has_passphrase: hand_over.has_passphrase,
            overlap: hand_over.rotates.map(Overlap::words),
            made_by: hand_over.made_by.1.clone(),
            created_at: hand_over.created_at.to_rfc3339(),
            expires_at: hand_over.expires_at.to_rfc3339(),
        }
    }
}

pub(super) async fn list(
    State(api): State<Arc<Api>>,
    By(caller): By,
    RawQuery(query): RawQuery,
) -> Answered<One<Listed<HandOverShown>>> {
    read(query.as_deref(), &[])?;
    let app = api.app_of(&caller);
    let waiting = api.service.hand_overs_in_sight(&caller).await?;
    let shown = waiting.iter().filter(|hand_over| hand_over.app_id == app).map(HandOverShown::of);
    Ok(One::of(Listed::whole(shown.collect())))
}

pub(super) async fn get(
    State(api): State<Arc<Api>>,
    By(caller): By,
    Named(id): Named,
) -> Answered<One<HandOverAnswered>> {
    let hand_over = api.service.hand_over_in_sight(&caller, &hand_over_id(&id)?).await?;
    Ok(One::of(HandOverAnswered { hand_over: HandOverShown::of(&hand_over) }))
}

pub(super) async fn make(
    State(api): State<Arc<Api>>,
    By(caller): By,
    body: JsonBody<NewHandOver>,
) -> Answered<Made<HandOverAnswered>> {
    let NewHandOver { key, to: Recipient { to, passphrase } } = body.read()?;
    let (app, form_id) = (api.app_of(&caller), api.service.new_form_id()?);
    let form = HandOverForm { key: &key.draft, form_id: &form_id, to: &to, request: None, passphrase: &passphrase };
    let handed = api.service.hand_over(&caller, &app, &form).await;
    Ok(made(&api, &handed.map_err(|error| key.names.problem(error).within(KEY))?))
}

/// Lets somebody else collect the new secret of a key. Until they confirm it, the key stays as it is.
pub(super) async fn hand_rotation_over(
    api: &Api,
    caller: &Caller,
    id: &KeyId,
    overlap: Overlap,
    Recipient { to, passphrase }: &Recipient,
) -> Answered<Made<HandOverAnswered>> {
    let form_id = api.service.new_form_id()?;
    let form = RotationForm { form_id: &form_id, to, passphrase };
    let handed = api.service.hand_rotation_over(caller, id, overlap, &form).await;
    Ok(made(api, &handed.map_err(stale)?))
}

fn made(api: &Api, HandedOver { hand_over, token }: &HandedOver) -> Made<HandOverAnswered> {
    let link = format!("{}/collect/{}", api.public_url, token.expose_secret());
    Made {
        what: HandOverAnswered { hand_over: HandOverShown::of(hand_over) },
        location: format!("/v1/hand-overs/{}", hand_over.key),
        revision: None,
        secret: vec![("link", link.into())],
        of: SecretOf::HandOver(hand_over.key, hand_over.expires_at),
    }
}

pub(super) async fn withdraw(State(api): State<Arc<Api>>, By(caller): By, Named(id): Named) -> Answered<Gone> {
    api.service.withdraw_hand_over(&caller, &hand_over_id(&id)?).await?;
    Ok(Gone)
}

/// An id in a path. Invalid text is like an unknown id.
fn hand_over_id(text: &str) -> Result<KeyId, Problem> {
    KeyId::parse(text).ok_or_else(|| Refusal::HandOverGone.into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::json::body_errors::tests::parser_and_schema_agree;

    #[test]
    fn the_parser_and_the_schema_agree() {
        parser_and_schema_agree::<NewHandOver>(&json!({
            "key": { "kind": "service", "name": "Partner", "permissions": ["a.b"], "metadata": { "plan": "gold" } },
            "recipient": "Grace", "email": "grace@example.com", "passphrase": "a lantern", "linkLife": "1d",
        }));
    }
}
