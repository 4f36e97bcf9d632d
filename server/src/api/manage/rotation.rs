//! `/v1/keys/{id}/rotation`: the secrets of a key, each with its use; extend, finish and undo.

use std::sync::Arc;

use app::desk::named::Named;
use axum::extract::State;
use domain::ids::KeyId;
use domain::key::KeyDetail;
use domain::rotation::{UsedSecret, WaitingSecret};
use domain::timestamp::Timestamp;
use serde::Serialize;
use service::Caller;
use utoipa::ToSchema;

use super::super::call::Api;
use super::acts::Extend;
use super::answer::{Answered, One};
use super::bodies::{MaybeBody, Nothing};
use super::call::By;
use super::if_match::IfMatch;
use super::keys::{key_id, stale};

/// The secrets of a key, in an answer.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RotationAnswered {
    rotation: RotationShown,
}

/// The secrets of a key.
#[derive(Debug, Serialize, ToSchema)]
struct RotationShown {
    /// The name of the key.
    name: String,
    /// Those that work, newest first: one, or two while an old one still works.
    secrets: Vec<SecretShown>,
    /// A new secret that waits to be confirmed. It does not work yet.
    waiting: Option<WaitingShown>,
}

/// A secret that works, with its use.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SecretShown {
    /// Which of the key's secrets it is, counted from 1.
    number: i64,
    last4: String,
    since: String,
    /// When it stops working; null if it works as long as the key.
    ends_at: Option<String>,
    /// The last call with it; null if there was none. While the key has two secrets, null if there was none since then.
    last_used_at: Option<String>,
    /// The calls of the last hour, accepted or refused; null unless the key has two secrets.
    calls_last_hour: Option<u64>,
    /// The addresses that it was used from, the latest first, 10 at most.
    addresses: Vec<AddressShown>,
    /// Whether there were more addresses.
    more_addresses: bool,
}

/// An address that a secret was used from.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AddressShown {
    address: String,
    last_used_at: String,
}

/// A new secret that waits to be confirmed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct WaitingShown {
    number: i64,
    last4: String,
    /// Who asked for it, or who collected it, in words.
    asked_by: String,
    /// When it is dropped unless somebody confirms it.
    acknowledge_by: String,
}

fn secret((secret, used): UsedSecret, counted: bool) -> SecretShown {
    let address = |(address, at): (std::net::IpAddr, Timestamp)| AddressShown {
        address: address.to_string(),
        last_used_at: at.to_rfc3339(),
    };
    SecretShown {
        number: secret.number.0,
        last4: secret.last4,
        since: secret.since.to_rfc3339(),
        ends_at: secret.ends_at.map(Timestamp::to_rfc3339),
        last_used_at: used.last_used_at.map(Timestamp::to_rfc3339),
        calls_last_hour: counted.then_some(used.calls),
        addresses: used.addresses.into_iter().map(address).collect(),
        more_addresses: used.more,
    }
}

fn waiting(waiting: WaitingSecret) -> WaitingShown {
    WaitingShown {
        number: waiting.number.0,
        last4: waiting.last4,
        asked_by: waiting.asked_by,
        acknowledge_by: waiting.ack_deadline.to_rfc3339(),
    }
}

/// What is known of the only secret of a key is known of the key. A use before it was there was of another secret.
fn as_key(key: &KeyDetail, (secret, mut used): UsedSecret) -> UsedSecret {
    used.last_used_at = key.row.last_used_at.filter(|at| *at >= secret.since);
    used.addresses = key.last_used_address.zip(used.last_used_at).into_iter().collect();
    (secret, used)
}

async fn shown(api: &Api, caller: &Caller, id: &KeyId) -> Answered<One<RotationAnswered>> {
    let key = api.service.key(caller, id).await?;
    let rotation = api.service.rotation(caller, id).await?;
    let counted = rotation.secrets.len() > 1;
    let secrets = rotation.secrets.into_iter().map(|used| if counted { used } else { as_key(&key, used) });
    let secrets = secrets.map(|used| secret(used, counted)).collect();
    let rotation = RotationShown { name: key.row.name.clone(), secrets, waiting: rotation.waiting.map(waiting) };
    Ok(One { what: RotationAnswered { rotation }, revision: Some(key.revision) })
}

pub(super) async fn get(
    State(api): State<Arc<Api>>,
    By(caller): By,
    Named(id): Named,
) -> Answered<One<RotationAnswered>> {
    shown(&api, &caller, &key_id(&id)?).await
}

pub(super) async fn extend(
    State(api): State<Arc<Api>>,
    By(caller): By,
    Named(id): Named,
    IfMatch(revision): IfMatch,
    MaybeBody(body): MaybeBody<Extend>,
) -> Answered<One<RotationAnswered>> {
    let Extend(by) = body.read()?;
    let id = key_id(&id)?;
    api.service.extend_rotation(&caller.clone().having_seen(revision), &id, by).await.map_err(stale)?;
    shown(&api, &caller, &id).await
}

pub(super) async fn finish(
    State(api): State<Arc<Api>>,
    By(caller): By,
    Named(id): Named,
    IfMatch(revision): IfMatch,
    MaybeBody(body): MaybeBody<Nothing>,
) -> Answered<One<RotationAnswered>> {
    body.read()?;
    let id = key_id(&id)?;
    api.service.finish_rotation(&caller.clone().having_seen(revision), &id).await.map_err(stale)?;
    shown(&api, &caller, &id).await
}

pub(super) async fn undo(
    State(api): State<Arc<Api>>,
    By(caller): By,
    Named(id): Named,
    IfMatch(revision): IfMatch,
    MaybeBody(body): MaybeBody<Nothing>,
) -> Answered<One<RotationAnswered>> {
    body.read()?;
    let id = key_id(&id)?;
    api.service.undo_rotation(&caller.clone().having_seen(revision), &id).await.map_err(stale)?;
    shown(&api, &caller, &id).await
}
