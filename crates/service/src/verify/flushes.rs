//! Which keys the last flushes of this process changed, so that whoever keeps the others need not read them again.

use std::{
    collections::{HashSet, VecDeque},
    fmt,
    sync::Mutex,
};

use domain::ids::KeyId;
use store::KeyStamp;

use super::shards::lock;

/// How many flushes are remembered. There is one a second.
const FLUSHES: usize = 30;

/// The most keys of a flush that is remembered. After one of more, all keys are read again.
const KEYS: usize = 2_000;

struct Flush<S> {
    from: S,
    to: S,
    keys: HashSet<KeyId>,
}

/// The last flushes, the oldest first.
pub(crate) struct Flushes<S = KeyStamp>(Mutex<VecDeque<Flush<S>>>);

impl<S: Copy + PartialEq> Flushes<S> {
    /// Notes that from one stamp to the next, only these keys were changed.
    pub(super) fn note(&self, from: S, to: S, keys: impl Iterator<Item = KeyId>) {
        let keys: Vec<KeyId> = keys.take(KEYS + 1).collect();
        if keys.len() > KEYS {
            return;
        }
        let keys = HashSet::from_iter(keys);
        let mut flushes = lock(&self.0);
        if flushes.len() == FLUSHES {
            flushes.pop_front();
        }
        flushes.push_back(Flush { from, to, keys });
    }

    /// Whether only other keys were changed from one stamp to another. If another process changed any, nobody knows here.
    pub(crate) fn spared(&self, id: &KeyId, from: S, to: S) -> bool {
        let flushes = lock(&self.0);
        let mut at = from;
        for flush in flushes.iter().skip_while(|flush| flush.from != from) {
            if flush.from != at || flush.keys.contains(id) {
                return false;
            }
            at = flush.to;
            if at == to {
                return true;
            }
        }
        false
    }
}

impl<S> Default for Flushes<S> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<S> fmt::Debug for Flushes<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flushes").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_spared_while_only_others_are_flushed() {
        let [one, two] = [KeyId::from_random([1; 16]), KeyId::from_random([2; 16])];
        let flushes = Flushes::default();
        flushes.note('a', 'b', [one].into_iter());
        flushes.note('b', 'c', [two].into_iter());
        assert!(flushes.spared(&two, 'a', 'b') && !flushes.spared(&two, 'a', 'c') && !flushes.spared(&two, 'b', 'c'));
        assert!(!flushes.spared(&one, 'a', 'b') && flushes.spared(&one, 'b', 'c'));
        assert!(!flushes.spared(&one, 'b', 'd'), "something else was changed since");
        flushes.note('e', 'f', [two].into_iter());
        assert!(!flushes.spared(&one, 'b', 'f'), "something else was changed in between");
    }
}
