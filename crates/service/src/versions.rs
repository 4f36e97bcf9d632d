//! The versions of one data key.

use std::sync::OnceLock;

use crate::mac::MacKey;

/// The versions of one data key, oldest first; there is at least one. Another process may add one at any time, and none
/// ever goes.
pub(crate) struct Versions<K = MacKey> {
    version: i64,
    key: K,
    newer: OnceLock<Box<Self>>,
}

impl<K> Versions<K> {
    pub(crate) fn new(version: i64, key: K) -> Self {
        Self { version, key, newer: OnceLock::new() }
    }

    fn iter(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |one| one.newer.get().map(|newer| &**newer))
    }

    /// The key of this version; `None` if it is unknown.
    pub(crate) fn get(&self, version: i64) -> Option<&K> {
        self.iter().find(|one| one.version == version).map(|one| &one.key)
    }

    /// The newest one, and its number.
    pub(crate) fn current(&self) -> (i64, &K) {
        let newest = self.iter().last().unwrap_or(self);
        (newest.version, &newest.key)
    }

    /// Adds a version that is newer than all.
    pub(crate) fn add(&self, version: i64, key: K) {
        let newest = self.iter().last().unwrap_or(self);
        if newest.version < version {
            // If another task was faster, it has added the same one.
            let _ = newest.newer.set(Box::new(Self::new(version, key)));
        }
    }

    /// The number of the newest one.
    pub(crate) fn newest(&self) -> i64 {
        self.current().0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_only_grow() {
        let versions = Versions::new(1, "a");
        assert_eq!((versions.current(), versions.get(1), versions.get(2)), ((1, &"a"), Some(&"a"), None));
        for (version, key) in [(3, "c"), (3, "again"), (2, "too late")] {
            versions.add(version, key);
        }
        assert_eq!((versions.current(), versions.get(1), versions.get(2)), ((3, &"c"), Some(&"a"), None));
        assert_eq!(versions.newest(), 3);
    }
}
