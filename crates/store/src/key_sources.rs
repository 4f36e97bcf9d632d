//! The keys of a range as SQL: where they are found, and what each is tested for.

use domain::ids::{AppId, KeyId};

use crate::dialect::Writing;
use crate::key_arms::{Arm, push_in_arm, push_table};
use crate::key_list::{By, Order};
use crate::key_moment::{Find, Moment, push_codes};
use crate::key_range::{FEW, KeyRange, is_of_most};
use crate::key_search::{Search, Source};
use crate::key_walk::SortedBy;
use crate::sql::Sql;

/// What leads to the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lead {
    /// Their ids.
    Ids,
    /// The label in this place.
    Label(usize),
    /// Calls since then.
    Calls { since: i64, accepted: bool },
    /// What they are searched for.
    Search,
    /// An index of each arm.
    Arms,
}

impl KeyRange {
    fn lead(&self) -> Lead {
        if self.named.is_some() {
            return Lead::Ids;
        }
        if let Some((place, _)) = self.found_by() {
            return Lead::Label(place);
        }
        match self.moment {
            Some(Moment::Called { since, accepted }) if !self.few => Lead::Calls { since, accepted },
            _ if self.search.is_some() && !self.tests_search => Lead::Search,
            _ => Lead::Arms,
        }
    }

    fn sources(&self) -> impl Iterator<Item = Source> {
        Source::ALL.into_iter().filter(|source| self.source.is_none_or(|only| only == *source))
    }

    /// The index that has the keys of an arm by name.
    fn names_index(&self) -> &'static str {
        match (self.pairs.is_some(), self.moment) {
            (_, Some(Moment::NeverUsed)) => "api_key_unused_name",
            (true, _) => "api_key_kind_state_name",
            (false, _) => "api_key_name",
        }
    }

    /// Adds `WITH …` for what [`Self::push_keys`] reads; whether there was anything to add.
    pub(crate) fn push_with(&self, sql: &mut Sql, writing: Writing) -> bool {
        let lead = self.lead();
        let reads = |source| lead == Lead::Search && self.sources().any(|read| read == source);
        let mut before = "WITH ";
        let mut table = |sql: &mut Sql, name, arms: &[Arm]| {
            sql.push(before);
            before = ", ";
            push_table(sql, writing, name, arms.iter().enumerate().map(|(number, arm)| arm.row(number)));
        };
        if lead == Lead::Arms || reads(Source::Begins) {
            table(sql, "arm", &self.arms());
        }
        if reads(Source::Inside) || reads(Source::Aside) {
            table(sql, "arm_of_app", &self.app_arms());
        }
        if let Some(search) = self.search.as_ref().filter(|_| reads(Source::Aside)) {
            sql.push(before);
            before = ", ";
            push_aside_table(sql, search);
        }
        before == ", "
    }

    /// Adds the keys, found by an index that has no order. `also` ends each source with a further condition.
    pub(crate) fn push_keys(&self, sql: &mut Sql, writing: Writing, select: &'static str, also: impl Fn(&mut Sql)) {
        match self.lead() {
            Lead::Ids => self.push_named(sql, select),
            Lead::Label(place) => self.push_labelled(sql, select, place),
            Lead::Calls { since, accepted } => self.push_called(sql, select, since, accepted),
            Lead::Arms => self.push_in_arms(sql, writing, select),
            Lead::Search => {
                for (n, source) in self.sources().enumerate() {
                    sql.push(if n == 0 { "" } else { " UNION ALL " });
                    match source {
                        Source::Begins => self.push_begins(sql, writing, select),
                        Source::Inside => self.push_inside(sql, select),
                        Source::Aside => self.push_aside(sql, select),
                    }
                    also(sql);
                }
                return;
            }
        }
        also(sql);
    }

    /// Adds the keys that are named. They are few, so each is looked up and tested.
    fn push_named(&self, sql: &mut Sql, select: &'static str) {
        sql.push(select).push(" FROM api_key WHERE id IN (");
        sql.list(self.named.iter().flatten().map(KeyId::as_str)).push(") AND ");
        self.push_scope(sql);
        self.push_search(sql);
        self.push_moment(sql, Find::InOrder);
        self.push_labels(sql, None);
    }

    /// Adds the keys with a label. This goes from the labels to the keys; `CROSS JOIN` forces that order on SQLite.
    fn push_labelled(&self, sql: &mut Sql, select: &'static str, place: usize) {
        let Some((name, value)) = self.labels.get(place) else { return };
        sql.push(select).push(" FROM (SELECT l.key_id FROM key_label l WHERE l.app_id IN (");
        sql.list(self.apps.iter().map(AppId::as_str)).push(") AND l.name = '").push(name.as_str());
        sql.push("' AND l.value = ").bind(&**value);
        sql.push(") AS labelled CROSS JOIN api_key WHERE id = labelled.key_id AND ");
        self.push_scope(sql);
        self.push_search(sql);
        self.push_moment(sql, Find::InOrder);
        self.push_labels(sql, Some(place));
    }

    /// Adds the keys with calls since then. This goes from the calls to the keys.
    fn push_called(&self, sql: &mut Sql, select: &'static str, since: i64, accepted: bool) {
        sql.push(select).push(" FROM (SELECT DISTINCT u.key_id FROM key_usage_hour u WHERE u.hour >= ").bind(since);
        push_codes(sql, " AND u.code IN (", accepted);
        sql.push(") AS called CROSS JOIN api_key WHERE id = called.key_id AND ");
        self.push_scope(sql);
        self.push_search(sql);
        self.push_labels(sql, None);
    }

    /// Adds the keys of each arm.
    fn push_in_arms(&self, sql: &mut Sql, writing: Writing, select: &'static str) {
        sql.push(select).push(" FROM arm");
        writing.push_each(sql, |sql| self.push_of_arm(sql, writing));
        self.push_search(sql);
        self.push_labels(sql, None);
    }

    /// Adds the index of the condition, and the keys of an arm in it.
    pub(crate) fn push_of_arm(&self, sql: &mut Sql, writing: Writing) {
        writing.push_index(sql, self.moment.and_then(Moment::index).unwrap_or_else(|| self.names_index()));
        sql.push(" WHERE ");
        push_in_arm(sql, self.pairs.is_some());
        self.push_moment(sql, Find::ByIndex);
    }

    /// Adds the keys whose name begins like the search.
    fn push_begins(&self, sql: &mut Sql, writing: Writing, select: &'static str) {
        sql.push(select).push(" FROM arm");
        writing.push_each(sql, |sql| {
            writing.push_index(sql, self.names_index());
            sql.push(" WHERE ");
            push_in_arm(sql, self.pairs.is_some());
            if let Some(search) = &self.search {
                search.push_ends(sql, "name_key", (true, true));
            }
        });
        self.push_moment(sql, Find::InOrder);
        self.push_labels(sql, None);
    }

    /// Adds the keys with a later word that begins like the search. This goes from the words to the keys.
    fn push_inside(&self, sql: &mut Sql, select: &'static str) {
        sql.push(select).push(" FROM arm_of_app CROSS JOIN key_name_part p CROSS JOIN api_key ");
        sql.push("WHERE p.app_id = arm_of_app.of_app");
        if let Some(search) = &self.search {
            search.push_ends(sql, "p.part", (true, true));
        }
        sql.push(" AND id = p.key_id");
        self.push_inside_tests(sql);
    }

    /// Adds what the keys with such a word are tested for.
    fn push_inside_tests(&self, sql: &mut Sql) {
        self.push_pairs(sql);
        if let Some(search) = &self.search {
            sql.push(" AND NOT (");
            search.push_name(sql);
            sql.push(") AND NOT ");
            search.push_earlier(sql);
        }
        self.push_moment(sql, Find::InOrder);
        self.push_labels(sql, None);
    }

    /// Adds the keys whose id or external id matches the search.
    fn push_aside(&self, sql: &mut Sql, select: &'static str) {
        sql.push(select).push(" FROM aside WHERE ");
        self.push_scope(sql);
        self.push_moment(sql, Find::InOrder);
        self.push_labels(sql, None);
        if let Some(search) = &self.search {
            sql.push(" AND NOT ");
            search.push_name_or_word(sql);
        }
    }

    fn push_moment(&self, sql: &mut Sql, find: Find) {
        if let Some(moment) = self.moment {
            moment.push(sql, find);
        }
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

    /// The statement that counts the keys.
    pub(crate) fn count(&self, writing: Writing) -> Sql {
        let mut sql = Sql::default();
        self.push_with(&mut sql, writing);
        sql.push(" SELECT count(*) FROM (");
        self.push_keys(&mut sql, writing, "SELECT 1 AS one", |_| ());
        sql.push(") AS counted");
        sql
    }

    /// The statement that counts keys of a search which nothing else narrows, without a look at any: different ones with a
    /// later word that begins like it, among twice as many words as `limit`.
    pub(crate) fn surely_found(&self, writing: Writing, limit: i64) -> Option<Sql> {
        let search = self.search.as_ref().filter(|search| search.is_word)?;
        if self.lead() != Lead::Search || self.pairs.is_some() || self.moment.is_some() || !self.labels.is_empty() {
            return None;
        }
        let mut sql = Sql::new("WITH ");
        push_table(
            &mut sql,
            writing,
            "arm_of_app",
            self.app_arms().iter().enumerate().map(|(number, arm)| arm.row(number)),
        );
        sql.push(" SELECT count(*) FROM (SELECT DISTINCT key_id FROM (SELECT p.key_id FROM arm_of_app CROSS JOIN ");
        sql.push("key_name_part p WHERE p.app_id = arm_of_app.of_app");
        search.push_ends(&mut sql, "p.part", (true, true));
        sql.push(" LIMIT ").bind(2 * limit).push(") AS words) AS counted");
        Some(sql)
    }

    /// The statement that returns a row if there are more keys than `limit`. Skipping keys takes half as long as
    /// counting them.
    pub(crate) fn exceeds(&self, writing: Writing, limit: i64) -> Sql {
        let mut sql = Sql::default();
        self.push_with(&mut sql, writing);
        sql.push(" SELECT CAST(one AS BIGINT) FROM (");
        self.push_keys(&mut sql, writing, "SELECT 1 AS one", |_| ());
        sql.push(") AS passed LIMIT 1 OFFSET ").bind(limit);
        sql
    }
}

/// Adds the few keys whose id or external id matches the search. They are materialised, so that the planner cannot
/// turn this into a walk along the names.
fn push_aside_table(sql: &mut Sql, search: &Search) {
    sql.push("aside AS MATERIALIZED (SELECT k.* FROM (");
    if search.id.is_some() {
        sql.push("SELECT id FROM api_key WHERE ");
        search.push_id(sql, "id");
        sql.push(" UNION ");
    }
    // An external id that shares its beginning with a million others narrows nothing, so the first ones are shown, app by
    // app.
    sql.push("SELECT id FROM (SELECT l.key_id AS id FROM arm_of_app CROSS JOIN key_label l ");
    sql.push("WHERE l.app_id = arm_of_app.of_app AND l.name = 'external_id' AND ");
    search.push_external_id(sql);
    sql.push(" LIMIT ").bind(FEW).push(") AS outside");
    sql.push(") AS found CROSS JOIN api_key k WHERE k.id = found.id)");
}

/// What a list reads that is in the order of an index.
impl KeyRange {
    fn app_arms(&self) -> Vec<Arm> {
        let arms = self.arms();
        self.apps.iter().copied().filter(|app| arms.iter().any(|arm| arm.app == *app)).map(Arm::of_app).collect()
    }

    /// The arms that have the order of the list.
    pub(crate) fn walked_arms(&self) -> Vec<Arm> {
        if self.source == Some(Source::Inside) { self.app_arms() } else { self.arms() }
    }

    /// Whether the arms have keys that are not in the list.
    pub(crate) fn tests(&self, order: Order) -> bool {
        order.by == By::Order || self.source == Some(Source::Inside) || !self.labels.is_empty()
    }

    /// Whether all of them have the same value in this column: keys that were never used, 0.
    pub(crate) fn has_one(&self, column: &str) -> bool {
        column == "last_used_at" && self.moment.is_some_and(Moment::is_never_used)
    }

    /// Whether a place is in the range, or on the side that a list comes from.
    pub(crate) fn reaches(&self, by: &SortedBy, order: Order) -> bool {
        match (&self.search, by, self.moment) {
            (Some(search), SortedBy::Text(text), _) => search.reaches(text, order.descending),
            (None, SortedBy::Time(at), Some(Moment::NeverUsedSince { created })) => {
                order.by != By::Range || !order.descending || *at <= created.millis()
            }
            _ => true,
        }
    }

    /// Adds the keys of an arm in the order of the list, without its end: conditions, `ORDER BY` and `LIMIT` follow.
    /// `ends` says whether the range of a search or of a time begins there, and whether it ends there.
    pub(crate) fn push_next(&self, sql: &mut Sql, writing: Writing, order: Order, ends: (bool, bool)) {
        let (column, _) = order.columns;
        if self.source == Some(Source::Inside) {
            sql.push("SELECT part, key_id FROM key_name_part WHERE app_id = arm.of_app");
        } else {
            sql.push("SELECT ").push(column).push(", id");
            // No others: where the index has them all, the keys need not be looked up.
            let tested = self.moment.filter(|_| order.by == By::Order).map_or(&[][..], Moment::columns);
            for tested in tested.iter().filter(|tested| **tested != column) {
                sql.push(", ").push(tested);
            }
            sql.push(" FROM api_key");
            writing.push_index(sql, self.ordered_index(order));
            sql.push(" WHERE ");
            push_in_arm(sql, self.pairs.is_some());
            match self.moment {
                Some(Moment::NeverUsedSince { created }) if column == "created_at" && order.by == By::Range => {
                    sql.push(" AND last_used_at = 0");
                    if ends.1 {
                        sql.push(" AND created_at <= ").bind(created);
                    }
                }
                Some(moment) if order.by == By::Range => moment.push(sql, Find::ByIndex),
                _ if self.has_one(column) => {
                    sql.push(" AND last_used_at = 0");
                }
                _ => {}
            }
        }
        if let Some(search) = &self.search {
            search.push_ends(sql, column, ends);
        }
    }

    /// Adds what the tests of these keys need beside the table `near` that they are in.
    pub(crate) fn push_beside(&self, sql: &mut Sql) {
        if self.source == Some(Source::Inside) {
            sql.push(" CROSS JOIN api_key WHERE id = near.key_id");
        }
    }

    /// Adds what each of these keys is tested for.
    pub(crate) fn push_tests(&self, sql: &mut Sql, order: Order) {
        sql.push("1 = 1");
        if self.source == Some(Source::Inside) {
            self.push_inside_tests(sql);
            return;
        }
        if order.by == By::Order {
            self.push_moment(sql, Find::InOrder);
        }
        self.push_labels(sql, None);
    }

    /// The index that has an arm in this order.
    fn ordered_index(&self, order: Order) -> &'static str {
        let (column, _) = order.columns;
        let is_unused = order.by == By::Range && self.moment.is_some_and(Moment::is_never_used);
        match (column, is_unused, self.pairs.is_some()) {
            ("created_at", true, _) => "api_key_unused_created",
            ("created_at", false, true) => "api_key_kind_state_created",
            ("created_at", false, false) => "api_key_created",
            ("last_used_at", _, true) => "api_key_kind_state_used",
            ("last_used_at", _, false) => "api_key_used",
            (_, true, _) => "api_key_unused_name",
            (_, false, true) => "api_key_kind_state_name",
            (_, false, false) => "api_key_name",
        }
    }
}
