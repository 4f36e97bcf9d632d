//! The arms that a list of keys merges, one for each app, kind and state.

use domain::ids::AppId;
use domain::key::KeyState;
use domain::kind::KeyKind;

use crate::apps::Kept;
use crate::sql::{Sql, push_words};

/// Up to this many arms are exact ranges. SQLite joins 500 at most, and a search needs a few for itself.
const ARMS_MAX: usize = 400;

/// Kinds and states.
pub(crate) type Pairs = (Vec<KeyKind>, &'static [KeyState]);

/// Which keys of an app an arm has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// All of them.
    All,
    /// Those of this kind and state.
    Exact(KeyKind, KeyState),
    /// Those of all kinds and states that are asked for, which are tested one by one.
    Tested,
}

/// The arms for these apps, kinds and states. There is none for what no app has.
pub(crate) fn arms(apps: &[AppId], pairs: Option<&Pairs>, kept: Option<&Kept>) -> Vec<(AppId, Part)> {
    let Some((kinds, states)) = pairs else {
        return apps.iter().map(|app| (*app, Part::All)).collect();
    };
    let mut arms = Vec::new();
    for app in apps {
        for (kind, state) in kinds.iter().flat_map(|kind| states.iter().map(|state| (*kind, *state))) {
            if kept.is_none_or(|kept| kept.contains(&(*app, kind, state))) {
                arms.push((*app, Part::Exact(kind, state)));
            }
        }
    }
    if arms.len() > ARMS_MAX {
        arms.dedup_by_key(|(app, _)| *app);
        for (_, part) in &mut arms {
            *part = Part::Tested;
        }
    }
    arms
}

/// Kinds and states as a condition on each key.
pub(crate) fn push_pairs(sql: &mut Sql, kinds: &[KeyKind], states: &[KeyState]) {
    push_words(sql, " AND kind IN (", kinds.iter().map(|kind| kind.as_str()));
    push_words(sql, " AND state IN (", states.iter().map(|state| state.as_str()));
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use super::*;

    fn app(n: u8) -> AppId {
        AppId::from_random([n; 12])
    }

    #[test]
    fn there_is_an_arm_for_what_an_app_has_and_for_nothing_else() {
        let pairs = (vec![KeyKind::Service, KeyKind::Client], &[KeyState::Active, KeyState::Revoked][..]);
        assert_eq!(arms(&[app(1)], Some(&pairs), None).len(), 4);
        assert_eq!(arms(&[app(1), app(2)], None, None), [(app(1), Part::All), (app(2), Part::All)]);
        let kept = [(app(1), KeyKind::Client, KeyState::Active), (app(2), KeyKind::Service, KeyState::Pending)];
        let kept: Kept = Arc::new(BTreeSet::from(kept));
        let found = arms(&[app(1), app(2)], Some(&pairs), Some(&kept));
        assert_eq!(found, [(app(1), Part::Exact(KeyKind::Client, KeyState::Active))]);
    }

    #[test]
    fn a_statement_never_has_too_many_arms() {
        let apps: Vec<_> = (0..60).map(app).collect();
        let pairs = (KeyKind::ALL.to_vec(), KeyState::ALL);
        let found = arms(&apps, Some(&pairs), None);
        assert_eq!(found.len(), 60);
        assert!(found.iter().all(|(_, part)| *part == Part::Tested));
    }
}
