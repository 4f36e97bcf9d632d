//! The apps that are in use, as far as this process has looked them up. To archive one makes a new version of what is cached.

use std::{collections::HashSet, sync::Mutex};

use domain::ids::AppId;

use super::shards::lock;

/// How many apps are remembered. One takes about 50 bytes.
const REMEMBERED: usize = 100_000;

#[derive(Debug, Default)]
pub(super) struct AppsInUse(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    apps: HashSet<AppId>,
    /// How often everything was forgotten.
    forgotten: u64,
}

impl AppsInUse {
    /// Whether the app is known to be in use.
    pub(super) fn has(&self, app: &AppId) -> bool {
        lock(&self.0).apps.contains(app)
    }

    /// How often everything was forgotten. Ask before the app is read.
    pub(super) fn forgotten(&self) -> u64 {
        lock(&self.0).forgotten
    }

    /// Remembers an app that was read since everything had been forgotten so often. What was read earlier may be wrong.
    pub(super) fn add(&self, app: AppId, forgotten: u64) {
        let mut known = lock(&self.0);
        if known.forgotten == forgotten {
            if known.apps.len() >= REMEMBERED {
                known.apps.clear();
            }
            known.apps.insert(app);
        }
    }

    /// Forgets everything.
    pub(super) fn forget(&self) {
        let mut known = lock(&self.0);
        known.apps.clear();
        known.forgotten += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_before_everything_was_forgotten_is_not_remembered() {
        let apps = AppsInUse::default();
        let app = AppId::from_random([1; 12]);
        let before = apps.forgotten();
        assert!(!apps.has(&app));
        apps.add(app, before);
        assert!(apps.has(&app));
        apps.forget();
        assert!(!apps.has(&app));
        apps.add(app, before);
        assert!(!apps.has(&app), "it may have been archived since");
        apps.add(app, apps.forgotten());
        assert!(apps.has(&app));
    }
}
