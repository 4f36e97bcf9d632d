//! The numbers of the dashboard.

use domain::{
    audit::{Action, AuditRow},
    calls::{Span, by_period},
    dashboard::{Dashboard, Step, StepKind},
    ids::AppId,
    names::Word,
    role::Act,
    sight::Scope,
};
use store::StoreError;

use crate::{Caller, Result, Service, keys::verifier_key_setting};

/// How many of the latest events are shown.
const RECENT: usize = 10;

/// Among how many of the latest events these are looked for.
const READ: u32 = 60;

/// They say nothing about keys, and would crowd out what does.
const OF_SESSIONS: [Word<Action>; 2] = [Word::Known(Action::SessionStarted), Word::Known(Action::SessionEnded)];

impl Service {
    /// What `/` shows of these apps, limited to what the caller may see, with the calls of this span.
    pub async fn dashboard(&self, caller: &Caller, apps: impl Into<Scope<AppId>>, span: Span) -> Result<Dashboard> {
        caller.may(Act::SeeKeys)?;
        let now = self.now();
        let store = self.store();
        let sight = caller.sight().in_apps(&apps.into());
        // Each on a connection of its own, so that the page waits for the longest and not for all of them.
        let (counts, calls, to_look_at, recent) = tokio::try_join!(
            store.key_counts(&sight, now),
            store.calls_since(&sight, span.first(now), span.step()),
            store.keys_to_look_at(&sight, now),
            self.recent(caller),
        )?;
        let mut checklist = Vec::new();
        // Whoever has several apps is no beginner.
        if let Scope::Only(apps) = &sight.apps
            && let [app] = &**apps
        {
            let step = |step, done| Step { step, done };
            checklist.push(step(StepKind::FirstKey, counts.confirmed.n > 0));
            let verifier_key = store.setting(&verifier_key_setting(app)).await?.is_some();
            checklist.push(step(StepKind::VerifierKey, verifier_key));
            checklist.push(step(StepKind::FirstCheck, store.was_called(app).await?));
        }
        Ok(Dashboard {
            active: counts.active,
            pending: counts.pending,
            expiring_30: counts.expiring_30,
            never_used: counts.never_used,
            off: counts.off,
            span,
            calls: by_period(&calls, span, now),
            to_look_at,
            recent,
            checklist,
        })
    }

    /// The latest events that the caller may see, without those of sessions.
    async fn recent(&self, caller: &Caller) -> Result<Vec<AuditRow>, StoreError> {
        if !caller.rights().may(Act::SeeOwnActs) {
            return Ok(Vec::new());
        }
        let mut recent = self.store().recent_audit(caller.sight(), READ).await?;
        recent.retain(|row| !OF_SESSIONS.contains(&row.action));
        recent.truncate(RECENT);
        Ok(recent)
    }
}
