//! Group commits. A commit costs a wait for the disk, whether it has one job in it or hundreds, so all jobs that wait are
//! written in one. Whoever sent one is answered after the commit.

use std::{future::Future, pin::Pin};

use domain::refusal::Refusal;
use store::{Store, StoreError, Tx};
use tokio::sync::{mpsc, oneshot};

use crate::Result;

/// What came of each job of a commit, in their order.
pub(crate) type Written<T> = Vec<Result<T>>;

/// A commit under way.
pub(crate) type Writing<'a, T> = Pin<Box<dyn Future<Output = Result<Written<T>, StoreError>> + Send + 'a>>;

/// How jobs of one sort are written.
pub(crate) trait Together: Send + Sync + 'static {
    /// What is to be written, as far as that can be known without the database.
    type Job: Send + Sync + 'static;
    /// What was written.
    type Done: Send + Sync + 'static;

    /// The most jobs of one commit.
    const TOGETHER: usize;
    /// The most jobs that wait.
    const WAITING: usize;
    /// The jobs, in an error.
    const WHAT: &'static str;

    /// Writes all that may be written.
    fn write<'a>(&'a self, tx: &'a mut Tx, jobs: &'a [&'a Self::Job]) -> Writing<'a, Self::Done>;

    /// Tells of what is on disk now, before those who sent it are answered.
    fn written(&self, done: &[&Self::Done]);

    /// The most jobs of the next commit.
    fn next_batch(&self) -> usize {
        Self::TOGETHER
    }
}

/// A job that waits for a commit.
struct Waiting<J: Together> {
    job: J::Job,
    answer: oneshot::Sender<Result<J::Done>>,
}

/// Where jobs wait.
pub(crate) struct Queue<J: Together>(mpsc::Sender<Waiting<J>>);

impl<J: Together> Queue<J> {
    /// Begins to write what comes, until this is dropped.
    pub(crate) fn start(store: Store, work: J) -> Self {
        let (sender, jobs) = mpsc::channel(J::WAITING);
        tokio::spawn(Committer { store, work }.run(jobs));
        Self(sender)
    }

    /// Writes a job, and waits until it is on disk. `Busy` at once if too many wait already.
    pub(crate) async fn write(&self, job: J::Job) -> Result<J::Done> {
        let (answer, answered) = oneshot::channel();
        let queued = self.0.try_send(Waiting { job, answer });
        queued.map_err(|_| Refusal::Busy)?;
        // Only a fault ends the writer before it answers. Nobody knows then how far it came.
        answered.await.map_err(|_| StoreError::Uncertain(format!("the writer of {} broke", J::WHAT)))?
    }
}

/// Takes what waits, and writes it.
struct Committer<J> {
    store: Store,
    work: J,
}

impl<J: Together> Committer<J> {
    async fn run(self, mut jobs: mpsc::Receiver<Waiting<J>>) {
        let mut batch = Vec::with_capacity(J::TOGETHER);
        while jobs.recv_many(&mut batch, self.work.next_batch()).await > 0 {
            // Whoever went away before this began has sent nothing.
            batch.retain(|waiting| !waiting.answer.is_closed());
            match self.write(&batch).await {
                Ok(written) => self.answer(&mut batch, written),
                // One of them may be the reason, so the others are not refused with it.
                Err(error) if is_of_one(&error) && batch.len() > 1 => {
                    for waiting in batch.drain(..) {
                        let mut alone = vec![waiting];
                        match self.write(&alone).await {
                            Ok(written) => self.answer(&mut alone, written),
                            Err(error) => fail(&mut alone, &error),
                        }
                    }
                }
                Err(error) => fail(&mut batch, &error),
            }
        }
    }

    /// Writes all that may be written in one transaction, and nothing at all if none may be.
    async fn write(&self, batch: &[Waiting<J>]) -> Result<Written<J::Done>, StoreError> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let jobs: Vec<&J::Job> = batch.iter().map(|waiting| &waiting.job).collect();
        let work = async |tx: &mut Tx| {
            let written = self.work.write(tx, &jobs).await?;
            if written.iter().all(Result::is_err) { Err(NotWritten::Refused(written)) } else { Ok(written) }
        };
        // On the heap, as every transaction.
        match Box::pin(self.store.write(work)).await {
            Ok(written) | Err(NotWritten::Refused(written)) => Ok(written),
            Err(NotWritten::Failed(error)) => Err(error),
        }
    }

    /// Tells first those who watch: whoever sent a job may send the next at once.
    fn answer(&self, batch: &mut Vec<Waiting<J>>, written: Written<J::Done>) {
        self.work.written(&written.iter().filter_map(|written| written.as_ref().ok()).collect::<Vec<_>>());
        for (waiting, written) in batch.drain(..).zip(written) {
            // An error means that whoever sent it has gone away.
            let _ = waiting.answer.send(written);
        }
    }
}

/// Why nothing was written.
enum NotWritten<T> {
    /// No job may be written.
    Refused(Written<T>),
    Failed(StoreError),
}

impl<T> From<StoreError> for NotWritten<T> {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

fn fail<J: Together>(batch: &mut Vec<Waiting<J>>, error: &StoreError) {
    for waiting in batch.drain(..) {
        let _ = waiting.answer.send(Err(error.clone().into()));
    }
}

/// Whether one job may have failed the commit of all. If it is the database, they would all fail again; if it is not known
/// what happened, they might be written twice.
fn is_of_one(error: &StoreError) -> bool {
    matches!(error, StoreError::Refused(_) | StoreError::Conflict(_) | StoreError::Corrupt(_) | StoreError::Failed(_))
}

#[cfg(test)]
mod tests {
    use store::Unique;

    use super::*;

    #[test]
    fn only_what_may_be_of_one_job_is_tried_one_by_one() {
        assert!(is_of_one(&StoreError::Refused(String::new())) && is_of_one(&StoreError::Conflict(Unique::Other)));
        assert!(!is_of_one(&StoreError::Uncertain(String::new())), "they might be written twice");
        assert!(!is_of_one(&StoreError::Unavailable(String::new())));
    }
}
