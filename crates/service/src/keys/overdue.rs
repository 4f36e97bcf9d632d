//! What waits to be ended, the oldest first: a few at a time, until none is left.

use std::{collections::HashSet, hash::Hash};

use store::StoreError;

use crate::{Error, Result};

/// How many are looked up at once.
const AT_ONCE: usize = 100;

/// What a run through them has ended so far.
pub(super) struct Overdue<I> {
    ended: usize,
    /// Those that this version cannot read. They stay, and hold up nobody.
    unreadable: HashSet<I>,
    why: Option<Error>,
    before: Option<usize>,
}

impl<I: Copy + Eq + Hash> Overdue<I> {
    pub(super) fn new() -> Self {
        Self { ended: 0, unreadable: HashSet::new(), why: None, before: None }
    }

    /// How many to look up next; `None` after a look of which nothing came.
    pub(super) fn next(&mut self) -> Option<u32> {
        let done = self.ended + self.unreadable.len();
        let goes_on = self.before.replace(done) != Some(done);
        goes_on.then(|| u32::try_from(AT_ONCE + self.unreadable.len()).unwrap_or(u32::MAX))
    }

    /// Whether it was not tried in vain before.
    pub(super) fn is_new(&self, id: &I) -> bool {
        !self.unreadable.contains(id)
    }

    /// Notes what came of one.
    pub(super) fn note(&mut self, id: I, outcome: Result<()>) -> Result<()> {
        match outcome {
            Ok(()) => self.ended += 1,
            // Somebody else was quicker.
            Err(Error::Refused(_)) => {}
            Err(error @ Error::Store(StoreError::Corrupt(_))) => {
                self.unreadable.insert(id);
                self.why.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// How many were ended, or why one could not be read.
    pub(super) fn result(self) -> Result<usize> {
        self.why.map_or(Ok(self.ended), Err)
    }
}
