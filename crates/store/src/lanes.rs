//! Lanes, in which readings of a sort run side by side: while one waits for the database, the answers of the other are sent.
//! Each thread that answers calls has one of the two, so that of two such threads neither has to wake the other.

use std::array;
use std::cell::Cell;

thread_local! {
    static IS_SECOND: Cell<bool> = const { Cell::new(false) };
}

/// Gives this thread, of those that answer calls, its lane. Threads with numbers beside each other have different ones, and
/// a thread without a number has that of the first.
pub fn take(number: usize) {
    IS_SECOND.set(!number.is_multiple_of(2));
}

/// Something for each lane.
#[derive(Debug, Clone)]
pub struct Lanes<T>([T; 2]);

impl<T> Lanes<T> {
    /// Makes it for each of them.
    pub fn each(make: impl Fn() -> T) -> Self {
        Self(array::from_fn(|_| make()))
    }

    /// That of this thread's lane.
    pub fn own(&self) -> &T {
        let [first, second] = &self.0;
        if IS_SECOND.get() { second } else { first }
    }

    /// Those of all lanes.
    pub(crate) fn all(&self) -> impl Iterator<Item = &T> {
        self.0.iter()
    }
}
