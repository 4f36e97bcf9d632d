//! Who is told what becomes of waits, reads and writes, for example to count them.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use crate::error::StoreError;
use crate::slow::Slow;

/// What a caller waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pool {
    /// A connection for pages.
    Pages,
    /// A connection for calls.
    Calls,
    /// A connection and the turn to write.
    Writer,
}

impl Pool {
    /// All of them, in the order of the declaration.
    pub const ALL: &'static [Self] = &[Self::Pages, Self::Calls, Self::Writer];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pages => "pages",
            Self::Calls => "calls",
            Self::Writer => "writer",
        }
    }
}

/// What a [`StoreError`] is, without its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// [`StoreError::Unavailable`]
    Unavailable,
    /// [`StoreError::Cut`]
    Cut,
    /// [`StoreError::Elsewhere`]
    Elsewhere,
    /// [`StoreError::TakenOver`]
    TakenOver,
    /// [`StoreError::Uncertain`]
    Uncertain,
    /// [`StoreError::Conflict`]
    Conflict,
    /// [`StoreError::Refused`]
    Refused,
    /// [`StoreError::Corrupt`]
    Corrupt,
    /// [`StoreError::Unfit`]
    Unfit,
    /// [`StoreError::Migration`]
    Migration,
    /// [`StoreError::Url`]
    Url,
    /// [`StoreError::Failed`]
    Failed,
}

impl ErrorKind {
    /// All of them, in the order of the declaration.
    pub const ALL: &'static [Self] = &[
        Self::Unavailable,
        Self::Cut,
        Self::Elsewhere,
        Self::TakenOver,
        Self::Uncertain,
        Self::Conflict,
        Self::Refused,
        Self::Corrupt,
        Self::Unfit,
        Self::Migration,
        Self::Url,
        Self::Failed,
    ];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unavailable => "unavailable",
            Self::Cut => "cut",
            Self::Elsewhere => "elsewhere",
            Self::TakenOver => "taken_over",
            Self::Uncertain => "uncertain",
            Self::Conflict => "conflict",
            Self::Refused => "refused",
            Self::Corrupt => "corrupt",
            Self::Unfit => "unfit",
            Self::Migration => "migration",
            Self::Url => "url",
            Self::Failed => "failed",
        }
    }
}

impl StoreError {
    /// What it is, without its words.
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Unavailable(_) => ErrorKind::Unavailable,
            Self::Cut(_) => ErrorKind::Cut,
            Self::Elsewhere(_) => ErrorKind::Elsewhere,
            Self::TakenOver(_) => ErrorKind::TakenOver,
            Self::Uncertain(_) => ErrorKind::Uncertain,
            Self::Conflict(_) => ErrorKind::Conflict,
            Self::Refused(_) => ErrorKind::Refused,
            Self::Corrupt(_) => ErrorKind::Corrupt,
            Self::Unfit(_) => ErrorKind::Unfit,
            Self::Migration(_) => ErrorKind::Migration,
            Self::Url(_) => ErrorKind::Url,
            Self::Failed(_) => ErrorKind::Failed,
        }
    }
}

/// What has come of a write transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// It was committed.
    Committed,
    /// Its work ended with an error, so it was rolled back.
    RolledBack,
    /// The database could not begin, commit or roll it back.
    Broken,
}

impl Written {
    /// All of them, in the order of the declaration.
    pub const ALL: &'static [Self] = &[Self::Committed, Self::RolledBack, Self::Broken];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Committed => "committed",
            Self::RolledBack => "rolled_back",
            Self::Broken => "broken",
        }
    }
}

/// Is told what happens: of each thing that it has a method for, which must return at once.
pub trait Observe: Send + Sync {
    /// Somebody waited for so long, successfully or not.
    fn waited(&self, _pool: Pool, _time: Duration) {}
    /// A read, or a part of a write that is not its work, has failed.
    fn failed(&self, _kind: ErrorKind) {}
    /// A write transaction has ended.
    fn wrote(&self, _outcome: Written) {}
    /// So many more wait for their turn to write; fewer, if negative.
    fn writers_waiting(&self, _more: i64) {}
    /// A read or a write took long. Told on the task that waited for it.
    fn slow(&self, _slow: Slow) {}
}

type Observed = Arc<[Arc<dyn Observe>]>;

/// Who is told, once that is known.
#[derive(Default)]
pub(crate) struct Observers(RwLock<Observed>);

impl Observers {
    pub(crate) fn add(&self, observe: Arc<dyn Observe>) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *all = all.iter().cloned().chain([observe]).collect();
    }

    pub(crate) fn waited(&self, pool: Pool, time: Duration) {
        self.all().iter().for_each(|observe| observe.waited(pool, time));
    }

    pub(crate) fn failed(&self, error: &StoreError) {
        self.all().iter().for_each(|observe| observe.failed(error.kind()));
    }

    pub(crate) fn wrote(&self, outcome: Written) {
        self.all().iter().for_each(|observe| observe.wrote(outcome));
    }

    pub(crate) fn slow(&self, slow: Slow) {
        self.all().iter().for_each(|observe| observe.slow(slow));
    }

    /// One more waits for the turn to write, until this is dropped.
    pub(crate) fn writer(&self) -> WaitingWriter {
        let all = self.all();
        all.iter().for_each(|observe| observe.writers_waiting(1));
        WaitingWriter(all)
    }

    fn all(&self) -> Observed {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Somebody who waits for the turn to write. Only those who were told of the beginning are told of the end.
pub(crate) struct WaitingWriter(Observed);

impl Drop for WaitingWriter {
    fn drop(&mut self) {
        self.0.iter().for_each(|observe| observe.writers_waiting(-1));
    }
}
