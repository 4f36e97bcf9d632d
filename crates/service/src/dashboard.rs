//! The numbers of the dashboard.

use domain::{
    dashboard::{Dashboard, Step, StepKind},
    ids::AppId,
    role::Act,
    timestamp::Millis,
};

use crate::{Caller, Result, Service, keys::verifier_key_setting};

/// How many of the latest events are shown.
const RECENT: u32 = 10;

impl Service {
    /// What `/` shows, limited to what the caller may see.
    pub async fn dashboard(&self, caller: &Caller, app: &AppId) -> Result<Dashboard> {
        caller.may(Act::SeeKeys)?;
        let now = self.now();
        let store = self.store();
        let sight = caller.sight().within(*app);
        let counts = store.key_counts(&sight, now).await?;
        // Counts are kept by the hour: take the current hour and the 24 before it.
        let since = now.plus(Millis::hours(-24)).hour();
        let calls = store.calls_since(&sight, since).await?;
        let recent = if caller.rights().may(Act::SeeAudit) {
            store.recent_audit(caller.sight(), RECENT).await?
        } else {
            Vec::new()
        };
        let verifier_key = store.setting(&verifier_key_setting(app)).await?.is_some();
        let first_check = store.was_called(app).await?;
        let step = |step, done| Step { step, done };
        Ok(Dashboard {
            active: counts.active,
            pending: counts.pending,
            disabled: counts.disabled,
            revoked: counts.revoked,
            expired: counts.expired,
            expiring_7: counts.expiring_7,
            expiring_30: counts.expiring_30,
            never_used: counts.never_used,
            accepted_24h: calls.accepted,
            refused_24h: calls.refused,
            recent,
            checklist: vec![
                step(StepKind::FirstKey, counts.confirmed.n > 0),
                step(StepKind::VerifierKey, verifier_key),
                step(StepKind::FirstCheck, first_check),
            ],
        })
    }
}
