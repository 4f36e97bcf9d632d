//! The acts on a key: rotate, disable, enable, revoke, restore and confirm.

use std::sync::Arc;

use app::desk::named::Named;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::field::{Field, FieldErrors};
use domain::ids::KeyId;
use domain::key::{KeyDetail, RevokeReason};
use domain::refusal::Refusal;
use domain::rotation::Overlap;
use domain::text;
use domain::timestamp::Timestamp;
use serde::Deserialize;
use service::Caller;
use service::keys::Rotated;
use service::once::SecretOf;
use utoipa::ToSchema;

use super::super::call::Api;
use super::super::operation::Documented;
use super::super::words;
use super::answer::{Answered, Made, One};
use super::bodies::{MaybeBody, Nothing};
use super::call::By;
use super::hand_overs::{Recipient, RecipientBody, hand_rotation_over};
use super::if_match::IfMatch;
use super::key_shown::{KeyAnswered, KeyRotated};
use super::keys::{key_id, members, shown, stale};
use crate::json::body::BodyCall;
use crate::json::fault::Faults;
use crate::json::members::{Object, Text};

/// How a key is rotated.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RotateBody<'a> {
    /// For how long the old secret works beside the new one: `none`, or a number of minutes, hours or days like `30m`,
    /// `24h` or `7d`, 90 days at most. Left out, it is `24h`.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    overlap: Option<Text<'a>>,
    /// Who is to collect the new secret by a one-use link, so that nobody else has it. Left out, it is in the answer.
    #[serde(borrow)]
    #[schema(value_type = Option<RecipientBody>)]
    hand_over: Option<Object<RecipientBody<'a>>>,
}

/// A rotation as it was asked for.
#[derive(Debug)]
pub(super) struct Rotate {
    overlap: Overlap,
    to: Option<Recipient>,
}

impl BodyCall for Rotate {
    type Sent<'a> = RotateBody<'a>;
    type Call<'a> = Self;

    fn read<'a>(sent: Self::Sent<'a>, faults: &mut Faults) -> Option<Self::Call<'a>> {
        let overlap = overlap(sent.overlap.as_ref(), Overlap::parse, faults);
        let mut of_recipient = Faults::default();
        let to = sent.hand_over.map(|Object(to)| Recipient::of(to, &mut of_recipient));
        faults.extend_within(HAND_OVER, of_recipient);
        Some(Self { overlap: overlap?, to })
    }
}

impl Documented for Rotate {
    const EXAMPLE: &'static str = r#"{"overlap":"24h"}"#;
}

/// The member that says who is to collect the new secret.
const HAND_OVER: &str = "handOver";

/// For how long a rotation goes on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ExtendBody<'a> {
    /// For how long the old secret works from now on: a number of minutes, hours or days like `30m`, `24h` or `7d`, 90 days
    /// at most. Left out, it is `24h`.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    overlap: Option<Text<'a>>,
}

/// An extension of a rotation as it was asked for.
#[derive(Debug)]
pub(super) struct Extend(pub Overlap);

impl BodyCall for Extend {
    type Sent<'a> = ExtendBody<'a>;
    type Call<'a> = Self;

    fn read<'a>(sent: Self::Sent<'a>, faults: &mut Faults) -> Option<Self::Call<'a>> {
        overlap(sent.overlap.as_ref(), Overlap::parse_longer, faults).map(Self)
    }
}

impl Documented for Extend {
    const EXAMPLE: &'static str = r#"{"overlap":"7d"}"#;
}

/// The overlap; `24h` if it is left out, and `None` with a fault if it is wrong.
fn overlap(
    sent: Option<&Text<'_>>,
    parse: fn(&str) -> Result<Overlap, String>,
    faults: &mut Faults,
) -> Option<Overlap> {
    let overlap = sent.map_or(Ok(Overlap::USUAL), |Text(text)| parse(text));
    overlap.map_err(|message| faults.extend(FieldErrors::one(Field::Overlap, message).into())).ok()
}

/// Why a key is revoked.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct RevokeBody<'a> {
    /// The reason; `other` if it is left out. A leaked key can never be restored.
    #[serde(borrow)]
    #[schema(value_type = Option<words::RevokeReason>)]
    reason: Option<Text<'a>>,
    /// A note for the audit.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    note: Option<Text<'a>>,
}

/// A revoke as it was asked for.
#[derive(Debug)]
pub(in super::super) struct Revoke {
    pub reason: RevokeReason,
    pub note: Option<String>,
}

impl BodyCall for Revoke {
    type Sent<'a> = RevokeBody<'a>;
    type Call<'a> = Self;

    fn read<'a>(sent: Self::Sent<'a>, faults: &mut Faults) -> Option<Self::Call<'a>> {
        let read = Self::of(sent.reason.as_ref(), sent.note.as_ref());
        read.map_err(|errors| faults.extend(errors.into())).ok()
    }
}

impl Documented for Revoke {
    const EXAMPLE: &'static str = r#"{"reason":"no_longer_needed"}"#;
}

impl Revoke {
    /// The reason, `other` if it is left out, and the note.
    pub fn of(reason: Option<&Text<'_>>, note: Option<&Text<'_>>) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::default();
        let word = reason.map_or(RevokeReason::Other.as_str(), AsRef::as_ref);
        let reason = RevokeReason::parse(word).ok_or_else(|| {
            let words: Vec<_> = RevokeReason::ALL.iter().map(|reason| reason.as_str()).collect();
            format!("Use one of {}.", words.join(", "))
        });
        let reason = errors.keep(Field::Reason, reason);
        let note = errors.keep(Field::Note, note.map_or(Ok(None), |Text(note)| text::note(note)));
        match (reason, note) {
            (Some(reason), Some(note)) => Ok(Self { reason, note }),
            _ => Err(errors),
        }
    }
}

/// Rotates a key. Its caller stores the answer, and so confirms the new secret; or gives a link to whoever is to collect it.
pub(super) async fn rotate(
    State(api): State<Arc<Api>>,
    By(caller): By,
    Named(id): Named,
    IfMatch(revision): IfMatch,
    MaybeBody(body): MaybeBody<Rotate>,
) -> Answered<Response> {
    let Rotate { overlap, to } = body.read()?;
    let (caller, id) = (caller.having_seen(revision), key_id(&id)?);
    if let Some(to) = to {
        return Ok(hand_rotation_over(&api, &caller, &id, overlap, &to).await?.into_response());
    }
    let rotated = api.service.rotate_acknowledged(&caller, &id, overlap).await.map_err(stale)?;
    let Rotated { issued, number, overlap_ends_at, .. } = rotated;
    let One { what: KeyAnswered { key }, revision } = shown(&api, issued.key);
    let what = KeyRotated { key, overlap_ends_at: overlap_ends_at.map(Timestamp::to_rfc3339) };
    let (location, of) = (format!("/v1/keys/{id}"), SecretOf::Rotated(id, number));
    Ok(Made { what, location, revision, secret: members(issued.shown), of }.into_response())
}

pub(super) async fn disable(
    State(api): State<Arc<Api>>,
    By(caller): By,
    Named(id): Named,
    IfMatch(revision): IfMatch,
    MaybeBody(body): MaybeBody<Nothing>,
) -> Answered<One<KeyAnswered>> {
    body.read()?;
    let id = key_id(&id)?;
    acted(&api, &caller, &id, api.service.disable(&caller, &id, revision).await).await
}

pub(super) async fn enable(
    State(api): State<Arc<Api>>,
    By(caller): By,
    Named(id): Named,
    IfMatch(revision): IfMatch,
    MaybeBody(body): MaybeBody<Nothing>,
) -> Answered<One<KeyAnswered>> {
    body.read()?;
    let id = key_id(&id)?;
    acted(&api, &caller, &id, api.service.enable(&caller, &id, revision).await).await
}

pub(super) async fn revoke(
    State(api): State<Arc<Api>>,
    By(caller): By,
    Named(id): Named,
    IfMatch(revision): IfMatch,
    MaybeBody(body): MaybeBody<Revoke>,
) -> Answered<One<KeyAnswered>> {
    let Revoke { reason, note } = body.read()?;
    let (caller, id) = (caller.having_seen(revision), key_id(&id)?);
    acted(&api, &caller, &id, api.service.revoke(&caller, &id, reason, note.as_deref()).await).await
}

pub(super) async fn restore(
    State(api): State<Arc<Api>>,
    By(caller): By,
    Named(id): Named,
    IfMatch(revision): IfMatch,
    MaybeBody(body): MaybeBody<Nothing>,
) -> Answered<One<KeyAnswered>> {
    body.read()?;
    let (caller, id) = (caller.having_seen(revision), key_id(&id)?);
    acted(&api, &caller, &id, api.service.restore(&caller, &id).await).await
}

/// The key after an act, or why it was refused. If its status does not allow the act, names the status.
async fn acted(api: &Api, caller: &Caller, id: &KeyId, done: service::Result<KeyDetail>) -> Answered<One<KeyAnswered>> {
    let error = match done {
        Ok(key) => return Ok(shown(api, key)),
        Err(error) => error,
    };
    let is_of_status = matches!(error, service::Error::Refused(Refusal::WrongState));
    let mut problem = stale(error);
    if is_of_status && let Ok(key) = api.service.key(caller, id).await {
        problem.detail = format!("The key is {}, and its status does not allow this.", key.row.state.as_str()).into();
    }
    Err(problem)
}

/// Confirms a pending key. Only the key that issued it can: it alone saw the secret.
pub(super) async fn acknowledge(
    State(api): State<Arc<Api>>,
    By(caller): By,
    Named(id): Named,
    IfMatch(revision): IfMatch,
    MaybeBody(body): MaybeBody<Nothing>,
) -> Answered<One<KeyAnswered>> {
    body.read()?;
    let caller = caller.having_seen(revision);
    let key = api.service.acknowledge(&caller, &key_id(&id)?, false).await.map_err(stale)?;
    Ok(shown(&api, key))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::json::body_errors::tests::parser_and_schema_agree;

    #[test]
    fn the_parser_and_the_schema_agree() {
        parser_and_schema_agree::<Revoke>(&json!({ "reason": "leaked", "note": "n" }));
        let recipient =
            json!({ "recipient": "Grace", "email": "g@example.com", "passphrase": "a lantern", "linkLife": "1d" });
        parser_and_schema_agree::<Rotate>(&json!({ "overlap": "24h", "handOver": recipient }));
        parser_and_schema_agree::<Extend>(&json!({ "overlap": "7d" }));
        parser_and_schema_agree::<Nothing>(&json!({}));
    }
}
