//! Keys of integrations and of apps: whose they are, and how many there can be.

use domain::{
    field::{Field, FieldErrors},
    ids::{AppId, IntegrationId},
    integration::INTEGRATION_KEYS_MAX,
    refusal::Refusal,
    spec::KeySpec,
};
use store::{NewKey, Tx};

use crate::{Caller, Result, Service};

/// Checks that the integration in the spec is one of the key's app, and of a kind that has keys.
pub(super) async fn check_integration(tx: &mut Tx, app: &AppId, spec: &KeySpec) -> Result<()> {
    let Some(id) = &spec.rules.integration else { return Ok(()) };
    let Some(integration) = tx.integration(id).await?.filter(|integration| integration.app_id == *app) else {
        return Err(unknown(id).into());
    };
    if integration.kind.has_keys() { Ok(()) } else { Err(Refusal::NoKeysOfThisIntegration.into()) }
}

fn unknown(id: &IntegrationId) -> FieldErrors {
    let message = format!("No integration of this app has the id {id}: copy it from the integration's page.");
    FieldErrors::one(Field::Integration, message)
}

impl Service {
    /// Checks the same of what was typed, at its field and without a transaction. Without an app, the integration may be of any
    /// that the caller sees.
    pub(super) async fn check_typed_integration(
        &self,
        caller: &Caller,
        app: Option<&AppId>,
        spec: &KeySpec,
    ) -> Result<()> {
        let Some(id) = &spec.rules.integration else { return Ok(()) };
        let found = self
            .store()
            .integration(id)
            .await?
            .filter(|found| caller.sight().apps.has(&found.app_id) && app.is_none_or(|app| found.app_id == *app));
        let Some(integration) = found else { return Err(unknown(id).into()) };
        if integration.kind.has_keys() {
            return Ok(());
        }
        let message = "This integration has no keys: only custom integrations have them.";
        Err(FieldErrors::one(Field::Integration, message).into())
    }
}

/// `TooManyKeys` if the integration of the key, or its app, has as many such keys as it can have, with those that are added
/// just `before`. A transaction that adds or restores a key asks, and only one of them runs at a time, so that no two take
/// the last place.
pub(super) async fn check_keys_left(tx: &mut Tx, app: &AppId, spec: &KeySpec, before: &[NewKey]) -> Result<()> {
    let (keys, most) = match (&spec.rules.integration, spec.kind.rules().most_in_app) {
        (Some(integration), _) => (tx.count_keys_of_integration(integration).await?, INTEGRATION_KEYS_MAX),
        (None, Some(most)) => (tx.count_keys_of_kind(app, spec.kind).await?, most),
        (None, None) => return Ok(()),
    };
    let is_there = |key: &&NewKey| {
        let of = &key.spec;
        key.app_id == *app && of.kind == spec.kind && of.rules.integration == spec.rules.integration
    };
    let added = before.iter().filter(is_there).count();
    let most = u32::try_from(most).unwrap_or(u32::MAX);
    let added = u64::try_from(added).unwrap_or(u64::MAX);
    if keys.saturating_add(added) < u64::from(most) { Ok(()) } else { Err(Refusal::TooManyKeys { most }.into()) }
}
