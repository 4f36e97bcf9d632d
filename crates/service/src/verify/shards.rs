//! Tables behind locks, split so that calls for different keys rarely wait for each other.

use std::sync::{Mutex, MutexGuard, PoisonError};

const SHARDS: usize = 16;

/// One table in parts, each behind its own lock.
#[derive(Default)]
pub(super) struct Shards<T>([Mutex<T>; SHARDS]);

impl<T> Shards<T> {
    /// The part of an id. The characters of ids are random, so their sum spreads evenly.
    pub(super) fn of(&self, id: &str) -> MutexGuard<'_, T> {
        let sum: usize = id.bytes().map(usize::from).sum();
        let [first, ..] = &self.0;
        lock(self.0.get(sum % SHARDS).unwrap_or(first))
    }

    /// Every part in turn, locked while the caller uses it.
    pub(super) fn iter(&self) -> impl Iterator<Item = MutexGuard<'_, T>> {
        self.0.iter().map(lock)
    }
}

/// Locks a mutex. After a panic, the table is used as it is, because every change is complete or not begun.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
