//! The group commit of new keys.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use domain::{
    audit::{Action, AuditEvent, Subject},
    field::Field,
    ids::KeyId,
    key::KeyDetail,
    refusal::Refusal,
};
use store::{NewKey, Tx};

use super::{
    issue::{add_all, refuse_repeat},
    requests::check_unasked,
};
use crate::{
    Caller, Error, Result, Service,
    once::{Mark, is_repeated},
    together::{Together, Writing},
    verify::Verifier,
};

/// A key that is right as far as that can be known without the database.
pub(crate) struct Job {
    pub(super) service: Service,
    pub(super) caller: Caller,
    pub(super) key: NewKey,
    /// Where people chose the expiry.
    pub(super) expiry: Field,
    /// The call that issues it, if it may be repeated.
    pub(super) mark: Option<Arc<Mark>>,
}

impl Job {
    /// Checks what takes the database. `before` are the keys that are added just before this one.
    async fn check(&self, tx: &mut Tx, before: &[NewKey]) -> Result<()> {
        let (service, now) = (&self.service, self.service.now());
        if let Some(mark) = &self.mark {
            mark.check(tx, now).await?;
        }
        if let Some(form_id) = &self.key.form_id {
            refuse_repeat(tx.key_of_form(form_id).await?)?;
        }
        check_unasked(tx, &self.caller, &self.key.spec).await?;
        service.check_new_key(tx, &self.caller, &self.key, self.expiry, before).await?;
        // Last, so that a call that is refused leaves no mark.
        if let Some(mark) = &self.mark {
            mark.write(tx, now).await?;
        }
        Ok(())
    }

    /// What is recorded: a program confirms its key in the same act.
    fn events(&self) -> impl Iterator<Item = AuditEvent> {
        let key = &self.key;
        let confirmed = key.ack_deadline.is_none().then(|| {
            let subject = Subject::key(&key.id, key.spec.kind, &key.spec.name);
            self.service.event_about(&self.caller, Action::KeyAcknowledged, &key.app_id, subject)
        });
        std::iter::once(self.service.issued(&self.caller, key, None)).chain(confirmed)
    }
}

/// Adds keys together, and makes the verifier forget what it knew of them.
pub(crate) struct IssueWork {
    verifier: Verifier,
    /// The version that what is being written makes.
    version: AtomicI64,
}

impl IssueWork {
    pub(crate) fn new(verifier: Verifier) -> Self {
        Self { verifier, version: AtomicI64::default() }
    }
}

impl Together for IssueWork {
    type Job = Job;
    type Done = KeyDetail;

    const TOGETHER: usize = 100;
    /// With as much metadata as a key can have, they take some 50 MB.
    const WAITING: usize = 2_000;
    const WHAT: &'static str = "keys";

    fn write<'a>(&'a self, tx: &'a mut Tx, jobs: &'a [&'a Job]) -> Writing<'a, KeyDetail> {
        Box::pin(async move {
            let mut keys = Vec::with_capacity(jobs.len());
            let mut events = Vec::new();
            let mut checked = Vec::with_capacity(jobs.len());
            for job in jobs {
                checked.push(match job.check(tx, &keys).await {
                    Ok(()) => {
                        keys.push(job.key.clone());
                        events.extend(job.events());
                        Ok(job.key.id)
                    }
                    Err(error) if is_repeated(&error) => Err(error),
                    Err(Error::Store(error)) => return Err(error),
                    Err(refused) => Err(refused),
                });
            }
            let mut made = HashMap::new();
            if let (Some(job), false) = (jobs.first(), keys.is_empty()) {
                add_all(tx, &keys).await?;
                job.service.record_all(tx, &events).await?;
                self.version.store(tx.bump_version().await?, Ordering::Relaxed);
                let ids: Vec<KeyId> = keys.iter().map(|key| key.id).collect();
                made.extend(tx.key_details(&ids).await?.into_iter().map(|key| (key.row.id, key)));
            }
            let mut detail = |id: KeyId| made.remove(&id).ok_or(Error::Refused(Refusal::NotFound));
            Ok(checked.into_iter().map(|id| id.and_then(&mut detail)).collect())
        })
    }

    fn written(&self, done: &[&KeyDetail]) {
        for key in done {
            self.verifier.changed(&key.row.id, self.version.load(Ordering::Relaxed));
        }
    }
}
