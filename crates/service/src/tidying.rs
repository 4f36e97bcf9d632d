//! Removing what no longer counts, so that it takes no room.

use domain::{
    event::EVENTS_KEPT,
    timestamp::{Millis, Timestamp},
};
use store::{StoreError, Tx};
use tokio_util::sync::CancellationToken;

use crate::{
    Result, Service, invites,
    keys::{bulk, drafts, requests},
    once::ANSWERS_KEPT,
    sessions,
};

/// How long the calls of each key are kept, hour by hour.
const KEY_CALLS_KEPT: Millis = Millis::days(31);

/// A last use further in the future than this comes from a wrong clock.
const AHEAD: Millis = Millis::days(1);

/// How long a used form is remembered after its key is gone. No page stays open for longer.
const USED_FORMS_KEPT: Millis = Millis::days(31);

/// The most rows to remove in one transaction, so that other writers do not wait long.
const PRUNED_AT_ONCE: u32 = 10_000;

/// What may have become much, most of all while no server ran.
#[derive(Debug, Clone, Copy)]
enum Outdated {
    UsedForms,
    SecretCalls,
    KeyRequests,
    Invites,
    ApiAnswers,
    CallsAhead,
    UsesAhead,
    KeyCalls,
    Events,
    /// Strangers make these two.
    ProviderAnswers,
    PasskeyChallenges,
}

impl Outdated {
    /// In the order in which they go: no list may show a use in the future again after it was brought back.
    const ALL: [Self; 11] = [
        Self::UsedForms,
        Self::SecretCalls,
        Self::KeyRequests,
        Self::Invites,
        Self::ApiAnswers,
        Self::CallsAhead,
        Self::UsesAhead,
        Self::KeyCalls,
        Self::Events,
        Self::ProviderAnswers,
        Self::PasskeyChallenges,
    ];

    /// Removes a piece of it, and returns how many rows.
    async fn prune(self, tx: &mut Tx, now: Timestamp) -> Result<u64, StoreError> {
        let before = |age: Millis| now.plus(Millis(-age.0));
        let ahead = now.plus(AHEAD);
        match self {
            Self::UsedForms => tx.prune_used_forms(before(USED_FORMS_KEPT), PRUNED_AT_ONCE).await,
            Self::SecretCalls => tx.prune_secret_calls(now, PRUNED_AT_ONCE).await,
            Self::KeyRequests => tx.prune_key_requests(requests::long_over(now), PRUNED_AT_ONCE).await,
            Self::Invites => tx.prune_invites(invites::long_over(now), PRUNED_AT_ONCE).await,
            Self::ApiAnswers => tx.prune_api_answers(before(ANSWERS_KEPT), PRUNED_AT_ONCE).await,
            Self::CallsAhead => tx.prune_calls_ahead(ahead.hour(), PRUNED_AT_ONCE).await,
            Self::UsesAhead => tx.bring_back_uses(now, ahead, PRUNED_AT_ONCE).await,
            Self::KeyCalls => tx.prune_key_calls(before(KEY_CALLS_KEPT).hour(), PRUNED_AT_ONCE).await,
            Self::Events => tx.prune_events(before(EVENTS_KEPT), PRUNED_AT_ONCE).await,
            Self::ProviderAnswers => tx.prune_provider_answers(now, PRUNED_AT_ONCE).await,
            Self::PasskeyChallenges => tx.prune_passkey_challenges(now, PRUNED_AT_ONCE).await,
        }
    }
}

impl Service {
    /// Removes what no longer counts, part by part until `shutdown`. [`Service::run`] does it from time to time.
    pub async fn tidy(&self, shutdown: &CancellationToken) -> Result<()> {
        let now = self.now();
        // One that fails holds up none of the others.
        let mut done = vec![self.tidy_pages(now).await];
        for what in Outdated::ALL {
            done.push(self.prune(what, now, shutdown).await);
        }
        done.push(self.tidy_sign_ins(shutdown).await);
        done.push(self.sweep_unsent(shutdown).await);
        done.push(self.tidy_deliveries(shutdown).await);
        done.into_iter().collect()
    }

    /// Removes what people leave behind in the console. It is never much.
    async fn tidy_pages(&self, now: Timestamp) -> Result<()> {
        let idle_since = now.plus(Millis(-sessions::IDLE.0));
        let work = async |tx: &mut Tx| {
            tx.delete_expired_sessions(now, idle_since).await?;
            tx.prune_sign_in_steps(now).await?;
            tx.prune_drafts(drafts::outdated(now)).await?;
            tx.prune_bulk_acts(bulk::too_late_to_undo(now)).await?;
            Ok::<_, StoreError>(())
        };
        Ok(self.write(work).await?)
    }

    async fn prune(&self, what: Outdated, now: Timestamp, shutdown: &CancellationToken) -> Result<()> {
        let mut pruned = 0;
        while !shutdown.is_cancelled() {
            let prune = async |tx: &mut Tx| what.prune(tx, now).await;
            let piece = self.write(prune).await?;
            pruned += piece;
            if piece < u64::from(PRUNED_AT_ONCE) {
                break;
            }
        }
        if matches!(what, Outdated::UsesAhead) && pruned > 0 {
            tracing::warn!(keys = pruned, "keys had been used in the future: a clock was wrong");
        }
        Ok(())
    }
}
