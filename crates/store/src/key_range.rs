//! The keys of a list or a count, as ranges of indexes.
//! A filtered list merges *arms*, one for each kind and state. Each arm is an exact range of an index that already has
//! the order of the list, so a page costs the same however many keys there are. Filters by time are not ranges of this
//! sort; see [`Moment`].

use domain::environment::Environment;
use domain::ids::{AppId, KeyId};
use domain::key::KeyState;
use domain::kind::KeyKind;
use domain::list::{KeyQuery, StatusFilter};
use domain::sight::{Scope, Sight};
use domain::text::name_key;
use domain::timestamp::Timestamp;

use crate::apps::{Kept, Meant};
use crate::key_arms::{Pairs, Part, arms, push_pairs};
use crate::key_moment::{Find, Moment, push_codes};
use crate::key_rules::Label;
use crate::key_search::{Search, Source};
use crate::sql::Sql;

/// Nearly all keys are live, and live keys have no label for it.
fn is_of_most((name, value): &(Label, String)) -> bool {
    *name == Label::Environment && value == Environment::default().as_str()
}

/// Up to this many keys we probe each key's own calls instead of scanning everyone's.
pub(crate) const FEW: i64 = 1_000;

/// The keys that a list or a count covers.
#[derive(Debug, Clone)]
pub(crate) struct KeyRange {
    apps: Vec<AppId>,
    /// What several apps have, so that there are no arms for what none has.
    kept: Option<Kept>,
    /// Only these keys; `None` for all.
    named: Option<Vec<KeyId>>,
    /// Kinds and states, with one arm for each pair; `None` for all keys of the apps.
    pairs: Option<Pairs>,
    pub(crate) moment: Option<Moment>,
    pub(crate) search: Option<Search>,
    /// Only this part of what the search finds; `None` for all of it.
    source: Option<Source>,
    /// Whether the range is so small without the search that each key is tested for it.
    pub(crate) tests_search: bool,
    /// The labels that every key must have.
    labels: Vec<(Label, String)>,
    /// Whether the range is small without its time condition, so that calls need not be looked up first.
    pub(crate) few: bool,
}

impl KeyRange {
    /// Keys in sight with this status, of this kind if there is one. `apps` are the apps in sight.
    pub(crate) fn new(
        sight: &Sight,
        apps: &[AppId],
        kind: Option<KeyKind>,
        status: Option<StatusFilter>,
        now: Timestamp,
    ) -> Self {
        let (in_state, moment): (&'static [KeyState], _) = match status {
            None => (KeyState::ALL, None),
            Some(StatusFilter::Pending) => (&[KeyState::Pending], None),
            Some(StatusFilter::Active) => (&[KeyState::Active], Some(Moment::Valid { now })),
            Some(StatusFilter::Disabled) => (&[KeyState::Disabled], None),
            Some(StatusFilter::Revoked) => (&[KeyState::Revoked], None),
            Some(StatusFilter::NotYetValid) => (&[KeyState::Active], Some(Moment::NotYetValid { now })),
            Some(StatusFilter::Expired) => (&[KeyState::Active], Some(Moment::Expired { now })),
            Some(StatusFilter::Expiring7) => (&[KeyState::Active], Some(Moment::expiring(now, 7))),
            Some(StatusFilter::Expiring30) => (&[KeyState::Active], Some(Moment::expiring(now, 30))),
            Some(StatusFilter::NeverUsed) => (&[KeyState::Active], Some(Moment::NeverUsed)),
            Some(StatusFilter::NeverUsed90) => (&[KeyState::Active], Some(Moment::never_used_since(now, 90))),
            Some(StatusFilter::Unrestricted) => (&[KeyState::Active], Some(Moment::Unrestricted)),
            Some(StatusFilter::RotationOverdue) => (&[KeyState::Active], Some(Moment::RotationOverdue { now })),
            Some(StatusFilter::Off) => (&[KeyState::Disabled, KeyState::Revoked], None),
            Some(StatusFilter::Accepted) => (KeyState::ALL, Some(Moment::called(now, true))),
            Some(StatusFilter::Refused) => (KeyState::ALL, Some(Moment::called(now, false))),
        };
        let kinds: Vec<KeyKind> = KeyKind::ALL
            .iter()
            .copied()
            .filter(|seen| sight.sees_kind(*seen) && kind.is_none_or(|kind| kind == *seen))
            // The other kinds have no such time, and would be scanned in full for nothing.
            .filter(|seen| moment.and_then(Moment::asked).is_none_or(|field| seen.rules().asks(field)))
            .collect();
        let all = kinds.len() == KeyKind::ALL.len() && in_state.len() == KeyState::ALL.len();
        let named = match &sight.keys {
            Scope::All => None,
            Scope::Only(keys) => Some(keys.clone()),
        };
        let pairs = (!all).then_some((kinds, in_state));
        Self {
            apps: apps.to_vec(),
            kept: None,
            named,
            pairs,
            moment,
            search: None,
            source: None,
            tests_search: false,
            labels: Vec::new(),
            few: false,
        }
    }

    /// The same keys, which are in apps that have these.
    pub(crate) fn kept_in(self, apps: &Meant) -> Self {
        Self { kept: apps.kept.clone(), ..self }
    }

    /// The same keys, in these states instead.
    pub(crate) fn in_states(self, states: &'static [KeyState]) -> Self {
        let kinds = self.pairs.map_or_else(|| KeyKind::ALL.to_vec(), |(kinds, _)| kinds);
        Self { pairs: Some((kinds, states)), ..self }
    }

    /// Only keys with the labels that the query asks for.
    pub(crate) fn labelled(self, query: &KeyQuery) -> Self {
        // Every key has one of two environments, and few are test keys.
        let environment = query.environment.map(|environment| (Label::Environment, environment.as_str().to_owned()));
        let owner = query.owner.as_deref().map(|owner| (Label::Owner, name_key(owner)));
        let tag = query.tag.as_deref().map(|tag| (Label::Tag, name_key(tag)));
        let external_id = query.external_id.as_deref().map(|id| (Label::ExternalId, name_key(id)));
        Self { labels: [external_id, tag, owner, environment].into_iter().flatten().collect(), ..self }
    }

    /// The label to find them by.
    fn found_by(&self) -> Option<(usize, &(Label, String))> {
        self.labels.iter().enumerate().find(|(_, label)| !is_of_most(label))
    }

    /// Whether nearly all keys of its states belong to it, so that a count need not look for them.
    pub(crate) fn holds_most(&self) -> bool {
        self.search.is_none() && self.labels.is_empty() && self.moment.is_some_and(Moment::is_of_most)
    }

    /// Whether they are found by a label and not in an order.
    pub(crate) fn is_labelled(&self) -> bool {
        self.named.is_none() && self.found_by().is_some()
    }

    /// The same range without its time condition.
    pub(crate) fn at_any_time(&self, search: Option<&Search>) -> Self {
        Self { moment: None, search: search.cloned(), ..self.clone() }
    }

    /// All keys of the same kinds.
    pub(crate) fn of_its_kinds(&self) -> Self {
        let pairs = self.pairs.clone().map(|(kinds, _)| (kinds, KeyState::ALL));
        Self { pairs, moment: None, search: None, labels: Vec::new(), ..self.clone() }
    }

    /// Whether the range is always empty.
    pub(crate) fn is_empty(&self) -> bool {
        let no_kind = self.pairs.as_ref().is_some_and(|(kinds, _)| kinds.is_empty());
        no_kind || self.named.as_ref().is_some_and(Vec::is_empty) || self.arms().is_empty()
    }

    fn arms(&self) -> Vec<(AppId, Part)> {
        arms(&self.apps, self.pairs.as_ref(), self.kept.as_ref())
    }

    /// The same range, but only this part of what its search finds.
    pub(crate) fn only(&self, source: Source) -> Self {
        Self { source: Some(source), ..self.clone() }
    }

    /// Whether only some keys are named, so that all of them can be read.
    pub(crate) fn is_named(&self) -> bool {
        self.named.is_some()
    }

    /// Adds `WITH …` for the few keys whose id or external id matches the search. It is materialised, so that the planner
    /// cannot turn it into a walk along the names.
    pub(crate) fn push_with(&self, sql: &mut Sql) {
        if !self.has_with() {
            return;
        }
        let Some(search) = &self.search else { return };
        sql.push("WITH aside AS MATERIALIZED (SELECT k.* FROM (");
        if search.id.is_some() {
            sql.push("SELECT id FROM api_key WHERE ");
            search.push_id(sql, "id");
            sql.push(" UNION ");
        }
        // An external id that shares its beginning with a million others narrows nothing, so the first ones are shown.
        sql.push("SELECT id FROM (SELECT l.key_id AS id FROM key_label l WHERE l.app_id IN (");
        sql.list(self.apps.iter().map(AppId::as_str)).push(") AND l.name = 'external_id' AND ");
        search.push_external_id(sql);
        sql.push(" ORDER BY l.value LIMIT ").bind(FEW).push(") AS outside");
        sql.push(") AS found CROSS JOIN api_key k WHERE k.id = found.id) ");
    }

    /// Whether `push_with` adds anything.
    pub(crate) fn has_with(&self) -> bool {
        let needs = self.source.is_none_or(|source| source == Source::Aside);
        self.named.is_none() && self.search.is_some() && !self.tests_search && needs
    }

    /// Adds the arms, joined by `UNION ALL`. `also` ends each arm with a further condition and an order.
    pub(crate) fn push_arms(&self, sql: &mut Sql, select: &'static str, find: Find, also: impl Fn(&mut Sql)) {
        if let Some(named) = &self.named {
            return self.push_named(sql, select, named, also);
        }
        if let (Find::ByIndex, Some((place, _))) = (find, self.found_by()) {
            return self.push_labelled(sql, select, place, also);
        }
        if let (Find::ByIndex, false, Some(Moment::Called { since, accepted })) = (find, self.few, self.moment) {
            return self.push_called(sql, select, since, accepted, also);
        }
        let Some(search) = self.search.as_ref().filter(|_| !self.tests_search) else {
            return self.push_ordered(sql, select, find, None, also);
        };
        let sources = Source::ALL.into_iter().filter(|source| self.source.is_none_or(|only| only == *source));
        for (n, source) in sources.enumerate() {
            sql.push(if n == 0 { "" } else { " UNION ALL " });
            match source {
                Source::Begins => self.push_ordered(sql, select, find, Some(search), &also),
                Source::Inside => self.push_inside(sql, select, find, search, &also),
                Source::Aside => self.push_aside(sql, select, find, search, &also),
            }
        }
    }

    /// Adds the arms over the indexes that have the order of the list. With `begins`, only names that begin like it.
    fn push_ordered(
        &self,
        sql: &mut Sql,
        select: &'static str,
        find: Find,
        begins: Option<&Search>,
        also: impl Fn(&mut Sql),
    ) {
        for (n, (app, part)) in self.arms().into_iter().enumerate() {
            sql.push(if n == 0 { "SELECT * FROM (" } else { ") AS arm UNION ALL SELECT * FROM (" });
            sql.push(select).push(" FROM api_key WHERE app_id = ").bind(app.as_str());
            match part {
                Part::All => {}
                // As literals, because the planner uses a partial index only if it sees the condition.
                Part::Exact(kind, state) => push_pairs(sql, &[kind], &[state]),
                Part::Tested => self.push_pairs(sql),
            }
            match begins {
                Some(search) => {
                    sql.push(" AND ");
                    search.push_name(sql);
                }
                None => self.push_search(sql),
            }
            self.push_conditions(sql, find);
            also(sql);
        }
        sql.push(") AS arm");
    }

    /// Adds the arms of keys with a later word that begins like the search, one for each app. They go from the words to the
    /// keys; `CROSS JOIN` forces that order on SQLite.
    fn push_inside(&self, sql: &mut Sql, select: &'static str, find: Find, search: &Search, also: impl Fn(&mut Sql)) {
        for (n, app) in self.apps.iter().enumerate() {
            sql.push(if n == 0 { "SELECT * FROM (" } else { ") AS arm UNION ALL SELECT * FROM (" });
            sql.push(select).push(if self.source.is_some() { ", part, key_id" } else { "" });
            sql.push(" FROM (SELECT p.part, p.key_id FROM key_name_part p WHERE p.app_id = ").bind(app.as_str());
            sql.push(" AND ");
            search.push_parts(sql);
            sql.push(") AS inside CROSS JOIN api_key WHERE id = inside.key_id AND ");
            self.push_scope(sql);
            sql.push(" AND NOT (");
            search.push_name(sql);
            sql.push(") AND NOT ");
            search.push_earlier(sql);
            self.push_conditions(sql, find);
            also(sql);
        }
        sql.push(") AS arm");
    }

    /// Adds the one arm of keys from `push_with`.
    fn push_aside(&self, sql: &mut Sql, select: &'static str, find: Find, search: &Search, also: impl Fn(&mut Sql)) {
        sql.push("SELECT * FROM (").push(select).push(" FROM aside WHERE ");
        self.push_scope(sql);
        self.push_conditions(sql, find);
        sql.push(" AND NOT ");
        search.push_name_or_word(sql);
        also(sql);
        sql.push(") AS arm");
    }

    /// The time and the labels as conditions on each key.
    fn push_conditions(&self, sql: &mut Sql, find: Find) {
        if let Some(moment) = self.moment {
            moment.push(sql, find);
        }
        self.push_labels(sql, None);
    }

    /// Adds the one arm of keys that are named. They are few, so each is looked up and tested.
    fn push_named(&self, sql: &mut Sql, select: &'static str, named: &[KeyId], also: impl Fn(&mut Sql)) {
        sql.push("SELECT * FROM (").push(select).push(" FROM api_key WHERE id IN (");
        sql.list(named.iter().map(KeyId::as_str)).push(") AND ");
        self.push_scope(sql);
        self.push_search(sql);
        if let Some(moment) = self.moment {
            moment.push(sql, Find::InOrder { hides_expiry: true });
        }
        self.push_labels(sql, None);
        also(sql);
        sql.push(") AS arm");
    }

    /// Adds the one arm of keys with a label. It goes from the labels to the keys; `CROSS JOIN` forces that order on
    /// SQLite.
    fn push_labelled(&self, sql: &mut Sql, select: &'static str, place: usize, also: impl Fn(&mut Sql)) {
        let Some((name, value)) = self.labels.get(place) else { return };
        sql.push("SELECT * FROM (").push(select).push(" FROM (SELECT l.key_id FROM key_label l WHERE l.app_id IN (");
        sql.list(self.apps.iter().map(AppId::as_str)).push(") AND l.name = '").push(name.as_str());
        sql.push("' AND l.value = ").bind(&**value);
        sql.push(") AS labelled CROSS JOIN api_key WHERE id = labelled.key_id AND ");
        self.push_scope(sql);
        self.push_search(sql);
        if let Some(moment) = self.moment {
            moment.push(sql, Find::InOrder { hides_expiry: true });
        }
        self.push_labels(sql, Some(place));
        also(sql);
        sql.push(") AS arm");
    }

    /// The labels as conditions on each key, except the one that found it.
    fn push_labels(&self, sql: &mut Sql, found_by: Option<usize>) {
        for (_, label) in self.labels.iter().enumerate().filter(|(place, _)| Some(*place) != found_by) {
            let (name, value) = label;
            if is_of_most(label) {
                sql.push(" AND NOT EXISTS (SELECT 1 FROM key_label l WHERE l.key_id = id AND l.name = 'environment')");
                continue;
            }
            sql.push(" AND EXISTS (SELECT 1 FROM key_label l WHERE l.key_id = id AND l.name = '").push(name.as_str());
            sql.push("' AND l.value = ").bind(&**value).push(")");
        }
    }

    /// Adds the one arm of keys with calls in the last day. It goes from the calls to the keys; `CROSS JOIN` forces
    /// that order on SQLite.
    fn push_called(&self, sql: &mut Sql, select: &'static str, since: i64, accepted: bool, also: impl Fn(&mut Sql)) {
        sql.push("SELECT * FROM (").push(select);
        sql.push(" FROM (SELECT DISTINCT u.key_id FROM key_usage_hour u WHERE u.hour >= ").bind(since);
        push_codes(sql, " AND u.code IN (", accepted);
        sql.push(") AS called CROSS JOIN api_key WHERE id = called.key_id AND ");
        self.push_scope(sql);
        self.push_search(sql);
        self.push_labels(sql, None);
        also(sql);
        sql.push(") AS arm");
    }

    /// The search as a condition on each key.
    fn push_search(&self, sql: &mut Sql) {
        let Some(search) = &self.search else { return };
        sql.push(" AND (");
        search.push_name_or_word(sql);
        if search.id.is_some() {
            sql.push(" OR (");
            search.push_id(sql, "id");
            sql.push(")");
        }
        sql.push(" OR EXISTS (SELECT 1 FROM key_label l WHERE l.key_id = id AND l.name = 'external_id' AND ");
        search.push_external_id(sql);
        sql.push("))");
    }

    /// Apps, kinds and states as a condition on each row.
    fn push_scope(&self, sql: &mut Sql) {
        sql.push("app_id IN (").list(self.apps.iter().map(AppId::as_str)).push(")");
        self.push_pairs(sql);
    }

    fn push_pairs(&self, sql: &mut Sql) {
        if let Some((kinds, states)) = &self.pairs {
            push_pairs(sql, kinds, states);
        }
    }

    /// Apps, kinds, states and named keys as a condition on each row.
    pub(crate) fn push_sight(&self, sql: &mut Sql) {
        self.push_scope(sql);
        if let Some(named) = &self.named {
            sql.push(" AND id IN (").list(named.iter().map(KeyId::as_str)).push(")");
        }
    }

    /// The keys that are named, if only some are in sight.
    pub(crate) fn named(&self) -> Option<&[KeyId]> {
        self.named.as_deref()
    }

    /// The statement that reads the count which the writer maintains; `None` if it keeps none for this range.
    pub(crate) fn kept_count(&self) -> Option<Sql> {
        if self.moment.is_some() || self.search.is_some() || self.named.is_some() || !self.labels.is_empty() {
            return None;
        }
        let mut sql = Sql::new("SELECT CAST(COALESCE(SUM(n), 0) AS BIGINT) FROM key_count WHERE ");
        self.push_scope(&mut sql);
        Some(sql)
    }

    /// The statement that counts the keys.
    pub(crate) fn count(&self) -> Sql {
        let mut sql = Sql::default();
        self.push_with(&mut sql);
        sql.push("SELECT count(*) FROM (");
        self.push_arms(&mut sql, "SELECT 1 AS one", Find::ByIndex, |_| ());
        sql.push(") AS counted");
        sql
    }

    /// The statement that returns a row if there are more keys than `limit`. Skipping keys takes half as long as
    /// counting them.
    pub(crate) fn exceeds(&self, limit: i64) -> Sql {
        let mut sql = Sql::default();
        self.push_with(&mut sql);
        sql.push("SELECT CAST(one AS BIGINT) FROM (");
        self.push_arms(&mut sql, "SELECT 1 AS one", Find::ByIndex, |_| ());
        sql.push(") AS passed LIMIT 1 OFFSET ").bind(limit);
        sql
    }
}
