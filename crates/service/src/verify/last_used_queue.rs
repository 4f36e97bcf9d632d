//! Uses that lists do not show yet. They are on record; what lists are sorted by lies in indexes over all keys, which take
//! much longer to change than a count, so that it follows at a pace of its own.

use domain::{
    ids::KeyId,
    timestamp::{Millis, Timestamp},
};
use store::{KeyUse, LastUsed, UsePlace};

use super::ByKey;

/// Lists follow a key in constant use once in so long: they say how many minutes ago it was.
const MARK_EVERY: Millis = Millis::seconds(30);

/// The most keys that wait here. Others are found on record when there is room again.
const WAITING_MAX: usize = 20_000;

/// The fewest keys that are taken for one transaction; with time left more are tried the next time.
const TAKEN_MIN: usize = 1_000;

/// How far back from the newest hour on record it is looked through for what a process that ended did not list.
const LOOK_BACK: Millis = Millis::hours(24);

pub(super) struct LastUsedQueue {
    /// Uses that lists do not show.
    waiting: ByKey<Waiting>,
    /// What they were made to show of late.
    listed: ByKey<Timestamp>,
    /// Uses of this moment or later may be on record alone.
    missed_since: Option<Timestamp>,
    /// How far the record was looked through for them.
    looking: Option<UsePlace>,
    /// How many keys are taken for one transaction.
    taken: usize,
}

#[derive(Clone, Copy)]
struct Waiting {
    newest: KeyUse,
    /// How long it has waited, with whatever came to it meanwhile.
    since: Timestamp,
}

impl LastUsedQueue {
    /// At the start of a process, with the newest hour on record: whatever was here before may have left something,
    /// however long ago.
    pub(super) fn new(newest_hour: Option<Timestamp>) -> Self {
        let missed_since = newest_hour.map(|hour| hour.plus(Millis(-LOOK_BACK.0)));
        Self { waiting: ByKey::default(), listed: ByKey::default(), missed_since, looking: None, taken: TAKEN_MIN }
    }

    pub(super) fn add(&mut self, id: KeyId, newest: KeyUse) {
        if self.waiting.len() >= WAITING_MAX && !self.waiting.contains_key(&id) {
            self.missed_since = Some(self.missed_since.map_or(newest.at, |since| since.min(newest.at)));
            return;
        }
        let known = self.waiting.entry(id).or_insert(Waiting { newest, since: newest.at });
        if known.newest.at <= newest.at {
            known.newest = newest;
        }
    }

    /// Those that are due, or all, in the order of ids. If they are too many it is those that have waited longest.
    pub(super) fn take(&mut self, now: Timestamp, all: bool) -> Vec<LastUsed> {
        self.listed.retain(|_, at| now.since(*at).0.abs() < MARK_EVERY.0);
        let is_due = |id: &KeyId, newest: &KeyUse| {
            all || self.listed.get(id).is_none_or(|at| turn(id, *at) != turn(id, newest.at))
        };
        let due = self.waiting.iter().filter(|(id, waiting)| is_due(id, &waiting.newest));
        let mut due: Vec<(Timestamp, KeyId)> = due.map(|(id, waiting)| (waiting.since, *id)).collect();
        if !all && due.len() > self.taken {
            due.select_nth_unstable(self.taken);
            due.truncate(self.taken);
        }
        // Neighbours share pages.
        due.sort_unstable_by_key(|(_, id)| *id);
        let taken = due.into_iter().filter_map(|(_, id)| Some((id, self.waiting.remove(&id)?.newest)));
        taken.map(|(key_id, newest)| LastUsed { key_id, newest }).collect()
    }

    /// These were not written after all.
    pub(super) fn put_back(&mut self, uses: &[LastUsed]) {
        for used in uses {
            self.add(used.key_id, used.newest);
        }
    }

    /// Lists show the first of them now; there was no time for the others.
    pub(super) fn listed(&mut self, uses: &[LastUsed], count: usize) {
        let (listed, left) = uses.split_at(count.min(uses.len()));
        self.listed.extend(listed.iter().map(|used| (used.key_id, used.newest.at)));
        self.put_back(left);
        self.taken =
            if left.is_empty() { self.taken.saturating_mul(2).min(WAITING_MAX) } else { TAKEN_MIN.max(listed.len()) };
    }

    /// Where to look for uses that are on record alone, if there may be some and there is room for them.
    pub(super) fn missed(&mut self) -> Option<UsePlace> {
        if self.waiting.len() > WAITING_MAX / 2 {
            return None;
        }
        if self.looking.is_none() {
            self.looking = Some(UsePlace::since(self.missed_since.take()?.hour()));
        }
        self.looking.clone()
    }

    /// What was there, and where to go on.
    pub(super) fn found(&mut self, uses: &[LastUsed], next: Option<UsePlace>) {
        self.put_back(uses);
        self.looking = next;
    }
}

/// Counts a key's turns to be listed. Each key has its own beat, so that busy keys do not all come at once.
fn turn(id: &KeyId, at: Timestamp) -> i64 {
    let beat: i64 = id.as_str().bytes().map(i64::from).sum();
    at.plus(Millis::seconds(beat)).millis().div_euclid(MARK_EVERY.0)
}
