//! The keys of a list or a count, as ranges of indexes.
//! A list merges *arms*, one for each app, kind and state. Each arm is an exact range of an index that already has the
//! order of the list, so a page costs the same however many keys there are. Filters by time are not ranges of this sort;
//! see [`Moment`].

use domain::environment::Environment;
use domain::field::Field;
use domain::ids::{AppId, KeyId};
use domain::key::KeyState;
use domain::kind::KeyKind;
use domain::list::{KeyQuery, StatusFilter};
use domain::sight::{Scope, Sight};
use domain::text::name_key;
use domain::timestamp::Timestamp;

use crate::apps::Kept;
use crate::key_arms::{Arm, Pairs, arms, push_pairs};
use crate::key_moment::Moment;
use crate::key_rules::Label;
use crate::key_search::{Search, Source};
use crate::sql::Sql;

/// Nearly all keys are live, and live keys have no label for it.
pub(crate) fn is_of_most((name, value): &(Label, String)) -> bool {
    *name == Label::Environment && value == Environment::default().as_str()
}

/// Up to this many keys we probe each key's own calls instead of scanning everyone's.
pub(crate) const FEW: i64 = 1_000;

/// The keys that a list or a count covers.
#[derive(Debug, Clone)]
pub(crate) struct KeyRange {
    pub(crate) apps: Vec<AppId>,
    /// How many keys the apps have, so that there are no arms for what none has; `None` if nobody looked.
    kept: Option<Kept>,
    /// Only these keys; `None` for all.
    pub(crate) named: Option<Vec<KeyId>>,
    /// Kinds and states, with one arm for each pair; `None` for all keys of the apps.
    pub(crate) pairs: Option<Pairs>,
    pub(crate) moment: Option<Moment>,
    pub(crate) search: Option<Search>,
    /// Only this part of what the search finds; `None` for all of it.
    pub(crate) source: Option<Source>,
    /// Whether the range is so small without the search that each key is tested for it.
    pub(crate) tests_search: bool,
    /// The labels that every key must have.
    pub(crate) labels: Vec<(Label, String)>,
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
    pub(crate) fn kept_in(self, kept: &Kept) -> Self {
        Self { kept: Some(Kept::clone(kept)), ..self }
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
        let integration = query.integration.map(|id| (Label::Integration, id.as_str().to_owned()));
        let labels = [integration, external_id, tag, owner, environment];
        Self { labels: labels.into_iter().flatten().collect(), ..self }
    }

    /// The label to find them by.
    pub(crate) fn found_by(&self) -> Option<(usize, &(Label, String))> {
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

    /// What it covers, if no keys are named.
    pub(crate) fn arms(&self) -> Vec<Arm> {
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

    /// Apps, kinds and states as a condition on each row.
    pub(crate) fn push_scope(&self, sql: &mut Sql) {
        sql.push("app_id IN (").list(self.apps.iter().map(AppId::as_str)).push(")");
        self.push_pairs(sql);
    }

    pub(crate) fn push_pairs(&self, sql: &mut Sql) {
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

    /// Whether it is all keys of its apps, kinds and states, or those of a moment.
    fn is_whole(&self) -> bool {
        self.search.is_none() && self.named.is_none() && self.labels.is_empty()
    }

    /// The count that the writer maintains; `None` if it keeps none for this range.
    pub(crate) fn kept_count(&self) -> Option<u64> {
        let kept = self.kept.as_ref().filter(|_| self.moment.is_none() && self.is_whole())?;
        Some(self.sum(kept, |_| true))
    }

    /// How many keys it has at least, by what the writer keeps: those of the kinds that cannot miss its condition.
    pub(crate) fn at_least(&self) -> u64 {
        let Some(Moment::Valid { .. }) = self.moment.filter(|_| self.is_whole()) else { return 0 };
        let always =
            |kind: KeyKind| ![Field::ExpiresAt, Field::NotBefore].iter().any(|field| kind.rules().asks(*field));
        self.kept.as_ref().map_or(0, |kept| self.sum(kept, always))
    }

    fn sum(&self, kept: &Kept, counts: impl Fn(KeyKind) -> bool) -> u64 {
        let is_in = |kind: &KeyKind, state: &KeyState| {
            self.pairs.as_ref().is_none_or(|(kinds, states)| kinds.contains(kind) && states.contains(state))
        };
        let counted = kept.iter().filter(|((_, kind, state), _)| is_in(kind, state) && counts(*kind));
        counted.map(|(_, n)| n).sum()
    }
}
