//! Tables behind locks, split so that calls for different keys seldom wait for each other.

use std::sync::{Mutex, MutexGuard, PoisonError};

const SHARDS: usize = 16;

/// One table in parts, each behind a lock of its own.
#[derive(Default)]
pub(super) struct Shards<T>([Mutex<T>; SHARDS]);

impl<T> Shards<T> {
    /// The part that an id belongs to. The characters of ids are random, so their sum spreads evenly.
    pub(super) fn of(&self, id: &str) -> MutexGuard<'_, T> {
        let sum: usize = id.bytes().map(usize::from).sum();
        let [first, ..] = &self.0;
        lock(self.0.get(sum % SHARDS).unwrap_or(first))
    }

    /// Every part in turn, each locked while it is looked at.
    pub(super) fn iter(&self) -> impl Iterator<Item = MutexGuard<'_, T>> {
        self.0.iter().map(lock)
    }
}

/// Locks a mutex. What a panic left behind is used as it is: each change here is complete or not begun.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
