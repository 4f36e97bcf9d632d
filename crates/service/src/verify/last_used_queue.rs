//! Writes the "last used" that lists show. Each use is already on record by then, with the counts of its hour. Lists sort
//! by indexes over all keys, which take much longer to change than a count, so lists follow more slowly.

use std::time::Duration;

use domain::{
    ids::KeyId,
    timestamp::{Millis, Timestamp},
};
use store::{KeyUse, LastUsed, StoreError, Tx, UsePlace};

use super::ByKey;
use crate::clock::Clock;

/// How often lists follow a key in constant use. They only show how many minutes ago it was used.
const MARK_EVERY: Millis = Millis::seconds(30);

/// The most keys that wait here. The rest are found on record once there is room.
const WAITING_MAX: usize = 20_000;

/// The fewest keys to update in one transaction. If time is left, the next one tries more.
const TAKEN_MIN: usize = 1_000;

/// How far back to search the record for uses that an ended process did not list.
const LOOK_BACK: Millis = Millis::hours(24);

/// The most time per second that the writer spends on the columns that lists sort by. Other writers have to wait.
const LISTING: Duration = Duration::from_millis(100);

/// The same at shutdown, when nobody waits.
const LISTING_AT_END: Duration = Duration::from_secs(5);

/// How many keys are updated between two checks of the clock.
const LISTED_AT_ONCE: usize = 100;

pub(super) struct LastUsedQueue {
    /// Uses that lists do not show yet, per key.
    waiting: ByKey<Waiting>,
    /// Last use already shown in lists, per key.
    listed: ByKey<Timestamp>,
    /// Uses since this time may be on record only.
    missed_since: Option<Timestamp>,
    /// How far the record has been searched for them.
    looking: Option<UsePlace>,
    /// How many keys to update in one transaction.
    taken: usize,
}

#[derive(Clone, Copy)]
struct Waiting {
    newest: KeyUse,
    /// Since when it has waited. Newer uses do not reset this.
    since: Timestamp,
}

impl LastUsedQueue {
    /// The state at the start of a process. `newest_hour` is the newest hour on record; an earlier process may have
    /// left uses unlisted since then.
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

    /// The uses that are due, or all of them, sorted by id. If there are too many, takes those that have waited
    /// longest.
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
        // Neighbouring rows share database pages.
        due.sort_unstable_by_key(|(_, id)| *id);
        let taken = due.into_iter().filter_map(|(_, id)| Some((id, self.waiting.remove(&id)?.newest)));
        taken.map(|(key_id, newest)| LastUsed { key_id, newest }).collect()
    }

    /// Puts back uses that could not be written.
    pub(super) fn put_back(&mut self, uses: &[LastUsed]) {
        for used in uses {
            self.add(used.key_id, used.newest);
        }
    }

    /// Notes that lists now show the first `count` of them. There was no time for the rest.
    pub(super) fn listed(&mut self, uses: &[LastUsed], count: usize) {
        let (listed, left) = uses.split_at(count.min(uses.len()));
        self.listed.extend(listed.iter().map(|used| (used.key_id, used.newest.at)));
        self.put_back(left);
        self.taken =
            if left.is_empty() { self.taken.saturating_mul(2).min(WAITING_MAX) } else { TAKEN_MIN.max(listed.len()) };
    }

    /// Where to search for uses that are on record only, if there may be some and there is room.
    pub(super) fn missed(&mut self) -> Option<UsePlace> {
        if self.waiting.len() > WAITING_MAX / 2 {
            return None;
        }
        if self.looking.is_none() {
            self.looking = Some(UsePlace::since(self.missed_since.take()?.hour()));
        }
        self.looking.clone()
    }

    /// Takes the uses that a search found, and where to continue.
    pub(super) fn found(&mut self, uses: &[LastUsed], next: Option<UsePlace>) {
        self.put_back(uses);
        self.looking = next;
    }
}

/// Numbers a key's turns to be listed. Each key has its own offset, so that busy keys do not all come at once.
fn turn(id: &KeyId, at: Timestamp) -> i64 {
    let beat: i64 = id.as_str().bytes().map(i64::from).sum();
    at.plus(Millis::seconds(beat)).millis().div_euclid(MARK_EVERY.0)
}

/// Writes as many of these uses as there is time for, for lists to show. Returns how many.
pub(super) async fn write(tx: &mut Tx, due: &[LastUsed], clock: &dyn Clock, at_end: bool) -> Result<usize, StoreError> {
    let time = if at_end { LISTING_AT_END } else { LISTING };
    let begun = clock.instant();
    let mut listed = 0;
    for piece in due.chunks(LISTED_AT_ONCE) {
        if clock.instant().duration_since(begun) >= time {
            break;
        }
        tx.show_last_uses(piece).await?;
        listed += piece.len();
    }
    Ok(listed)
}
