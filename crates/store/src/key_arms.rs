//! The ranges of an index that a list of keys has: its *arms*, one for each app, kind and state.
//! A statement gets its arms as rows, so that its text is the same for one app and for a thousand. SQLite would take
//! longer to prepare an arm for each in the text than to read all of them.

use domain::ids::AppId;
use domain::key::KeyState;
use domain::kind::KeyKind;
use serde_json::Value;

use crate::apps::Kept;
use crate::dialect::Writing;
use crate::sql::{Sql, push_words};

/// Kinds and states.
pub(crate) type Pairs = (Vec<KeyKind>, &'static [KeyState]);

/// The keys of an app; with a pair, only those of this kind and state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arm {
    pub(crate) app: AppId,
    pub(crate) pair: Option<(KeyKind, KeyState)>,
}

impl Arm {
    pub(crate) const fn of_app(app: AppId) -> Self {
        Self { app, pair: None }
    }

    /// Its row: a number, and what it covers.
    pub(crate) fn row(&self, number: usize) -> Vec<Value> {
        let (kind, state) = self.pair.map(|(kind, state)| (kind.as_str(), state.as_str())).unzip();
        vec![number.into(), self.app.as_str().into(), kind.into(), state.into()]
    }
}

/// The arms for these apps, kinds and states. There is none for what no app has, as far as that was read.
pub(crate) fn arms(apps: &[AppId], pairs: Option<&Pairs>, kept: Option<&Kept>) -> Vec<Arm> {
    let Some((kinds, states)) = pairs else {
        let has = |app: &AppId| kept.is_none_or(|kept| kept.keys().any(|(of, ..)| of == app));
        return apps.iter().copied().filter(has).map(Arm::of_app).collect();
    };
    let mut arms = Vec::new();
    for app in apps {
        for (kind, state) in kinds.iter().flat_map(|kind| states.iter().map(|state| (*kind, *state))) {
            if kept.is_none_or(|kept| kept.contains_key(&(*app, kind, state))) {
                arms.push(Arm { app: *app, pair: Some((kind, state)) });
            }
        }
    }
    arms
}

/// Adds a table of arms, `name AS MATERIALIZED (…)`. Their rows may also have a place that they have been read up to.
pub(crate) fn push_table(sql: &mut Sql, writing: Writing, name: &'static str, rows: impl Iterator<Item = Vec<Value>>) {
    sql.push(name).push(" AS MATERIALIZED (SELECT CAST(value ->> 0 AS BIGINT) AS number, value ->> 1 AS of_app, ");
    sql.push("value ->> 2 AS of_kind, value ->> 3 AS of_state, value ->> 4 AS read_to, value ->> 5 AS read_id FROM ");
    writing.push_rows(sql, rows.collect::<Value>().to_string());
    sql.push(")");
}

/// Adds the condition that a key is in an arm.
pub(crate) fn push_in_arm(sql: &mut Sql, is_pair: bool) {
    sql.push("app_id = arm.of_app");
    if is_pair {
        sql.push(" AND kind = arm.of_kind AND state = arm.of_state");
    }
}

/// Kinds and states as a condition on each key.
pub(crate) fn push_pairs(sql: &mut Sql, kinds: &[KeyKind], states: &[KeyState]) {
    push_words(sql, " AND kind IN (", kinds.iter().map(|kind| kind.as_str()));
    push_words(sql, " AND state IN (", states.iter().map(|state| state.as_str()));
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::*;

    fn app(n: u8) -> AppId {
        AppId::from_random([n; 12])
    }

    #[test]
    fn there_is_an_arm_for_what_an_app_has_and_for_nothing_else() {
        let pairs = (vec![KeyKind::Service, KeyKind::Client], &[KeyState::Active, KeyState::Revoked][..]);
        assert_eq!(arms(&[app(1)], Some(&pairs), None).len(), 4);
        assert_eq!(arms(&[app(1), app(2)], None, None), [Arm::of_app(app(1)), Arm::of_app(app(2))]);
        let kept =
            [((app(1), KeyKind::Client, KeyState::Active), 3), ((app(2), KeyKind::Service, KeyState::Pending), 1)];
        let kept: Kept = Arc::new(BTreeMap::from(kept));
        let found = arms(&[app(1), app(2)], Some(&pairs), Some(&kept));
        assert_eq!(found, [Arm { app: app(1), pair: Some((KeyKind::Client, KeyState::Active)) }]);
        assert_eq!(arms(&[app(2), app(3)], None, Some(&kept)), [Arm::of_app(app(2))]);
    }
}
