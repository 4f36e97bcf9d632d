//! Shares: the part of a rate limit that one node may spend. A share is room in the node's own sliding window: a call that
//! is a window old frees its room for the same node again. All shares on record together are at most the limit, and a node
//! never counts more than its share. So the limit holds over all nodes in every stretch of time in which it holds on one.
//!
//! A node that takes raises the record first and then itself. A node that gives back lowers itself first. So whatever
//! fails in between, the nodes together hold at most what is on record.

use crate::timestamp::Millis;

/// What one node has on record of one limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Share {
    /// How many calls it may count in its window.
    pub calls: u32,
    /// How many it would count in a window if it could have the whole limit.
    pub claim: u32,
    /// How many calls wait, or were just refused, because its share is too small.
    pub short: u32,
}

/// What all other nodes together have on record of a limit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Others {
    calls: u32,
    short: u32,
    claims: Vec<u32>,
}

impl Others {
    /// Adds the share of one other node.
    pub fn add(&mut self, share: Share) {
        self.calls = self.calls.saturating_add(share.calls);
        self.short = self.short.saturating_add(share.short);
        self.claims.push(share.claim);
    }

    /// How many calls the others lack.
    pub const fn short(&self) -> u32 {
        self.short
    }

    /// What a node with this claim may keep while others are short. If the claims exceed the limit, the small ones are
    /// met, and the large ones get equal parts of the rest.
    fn fair(&self, limit: u32, claim: u32) -> u32 {
        let mut claims = self.claims.clone();
        claims.push(claim);
        claims.sort_unstable();
        let (mut rest, mut nodes) = (limit, u32::try_from(claims.len()).unwrap_or(u32::MAX));
        for of_one in &claims {
            // Rounded up, so that somebody gets the last call.
            let part = rest.div_ceil(nodes.max(1));
            if *of_one > part {
                return part;
            }
            if *of_one == claim {
                break;
            }
            rest -= of_one;
            nodes -= 1;
        }
        // All that the others do not claim.
        let theirs = self.claims.iter().fold(0_u32, |sum, claim| sum.saturating_add(*claim));
        limit.saturating_sub(theirs).max(claim.min(limit))
    }
}

/// The calls that were asked for in the present second and in the one before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Demand {
    since: i64,
    present: u32,
    before: u32,
}

const SECOND: i64 = 1_000;

impl Demand {
    fn add(&mut self, calls: u32, now: Millis) {
        self.turn(now);
        self.present = self.present.saturating_add(calls);
    }

    fn turn(&mut self, now: Millis) {
        let passed = now.0.saturating_sub(self.since);
        if passed >= SECOND {
            self.before = if passed < 2 * SECOND { self.present } else { 0 };
            self.present = 0;
            // Each second begins where the last one ended, or the second after a pause would look busier than it was.
            self.since = if passed < 2 * SECOND { self.since + SECOND } else { now.0 };
        }
    }

    /// How many calls a second there are. It is zero two seconds after the last.
    fn a_second(&mut self, now: Millis) -> u32 {
        self.turn(now);
        let left = u64::try_from(SECOND - (now.0 - self.since).clamp(0, SECOND)).unwrap_or_default();
        let before = u64::from(self.before) * left / SECOND.unsigned_abs();
        self.present.saturating_add(u32::try_from(before).unwrap_or(u32::MAX))
    }
}

/// For how long a node takes room for the calls that it expects.
const AHEAD_SECONDS: u32 = 2;

/// How long a node keeps spare room after the last call, unless others are short.
const SPARE_FOR: i64 = 60 * SECOND;

/// The spare room of a node is this part of the limit, and no more than the limit allows in the time for which it is kept, or
/// half of what nobody has. So a node that is called now and then seldom waits, some nodes have spare room beside each
/// other, and one that is killed takes little of a long window with it.
const SPARE_PART: u32 = 8;

/// How long a node takes no spare room after others were short.
const YIELD_FOR: i64 = 5 * SECOND;

/// How long a node refuses at once after a settling found no room.
const EMPTY_FOR: i64 = 250;

/// What a node knows of the limit that it looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// The calls that the limit allows.
    pub limit: u32,
    /// Its window.
    pub window: Millis,
    /// How many calls the node counts now.
    pub used: u32,
    /// The time of a clock that never goes back.
    pub now: Millis,
}

/// The share of one limit, as the node that spends it knows it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spending {
    /// What is on record at least.
    held: u32,
    /// What may be counted: never more than `held`, and less while it is being given back.
    most: u32,
    /// What nobody had, when the record was last read.
    free: u32,
    /// The calls that wait.
    waiting: u32,
    /// The calls that were refused since the record was last written.
    missed: u32,
    demand: Demand,
    /// When a call was last asked for.
    asked_at: i64,
    /// When a settling last found no room for a call, plus one; 0 = never.
    empty_since: i64,
    /// Whether other nodes were short when the record was last read.
    wanted: bool,
    /// Until when no spare room is taken, because others were short.
    wanted_until: i64,
    /// Whether the record says that this node is short.
    is_short: bool,
    /// Whether there is something to be settled that nobody has begun to settle.
    due: bool,
}

impl Spending {
    /// A share of a node that had the whole limit: what it uses, and half of the rest.
    pub fn of_whole(look: Look) -> Self {
        let rest = look.limit.saturating_sub(look.used);
        let held = look.used.saturating_add(rest - rest / 2).min(look.limit.max(look.used));
        Self { held, most: held, asked_at: look.now.0, ..Self::default() }
    }

    /// Notes that no more than this is on record.
    pub fn lower(&mut self, on_record: u32) {
        self.held = self.held.min(on_record);
        self.most = self.most.min(self.held);
    }

    /// How many calls may be counted.
    pub const fn most(&self) -> u32 {
        self.most
    }

    /// What is on record at least.
    pub const fn held(&self) -> u32 {
        self.held
    }

    /// What no node had, when the record was last read.
    pub const fn free(&self) -> u32 {
        self.free
    }

    /// Notes that calls are asked for.
    pub fn asked(&mut self, calls: u32, now: Millis) {
        self.demand.add(calls, now);
        self.asked_at = now.0;
    }

    /// Whether the room for the next half of a second should be taken before it is missed. `true` once, until it is settled.
    pub fn is_low(&mut self, look: Look) -> bool {
        if self.due || self.wanted || self.most >= look.limit {
            return false;
        }
        let soon = self.demand.a_second(look.now) / 2;
        self.due = self.most.saturating_sub(look.used) < soon;
        self.due
    }

    /// Whether a call that does not fit should wait for more, rather than be refused at once.
    pub fn may_wait(&self, now: Millis) -> bool {
        self.empty_since == 0 || now.0 - (self.empty_since - 1) >= EMPTY_FOR
    }

    /// Notes that calls begin to wait.
    pub fn wait(&mut self, calls: u32) {
        self.waiting = self.waiting.saturating_add(calls);
    }

    /// Notes that calls no longer wait.
    pub fn waited(&mut self, calls: u32) {
        self.waiting = self.waiting.saturating_sub(calls);
    }

    /// Whether calls wait for room, or asked within the last second and may be about to wait.
    pub const fn is_awaited(&self, now: Millis) -> bool {
        self.waiting > 0 || now.0 - self.asked_at < SECOND
    }

    /// Notes that calls are refused, and whether a settling found no room for them.
    pub fn refused(&mut self, calls: u32, found_none: bool, now: Millis) {
        self.missed = self.missed.saturating_add(calls);
        if found_none {
            self.empty_since = now.0 + 1;
        }
    }

    /// Whether there is anything to settle: something to give back, calls that lack room, or others that do.
    pub fn has_news(&mut self, look: Look) -> bool {
        let (_, kept) = self.ahead(look, self.spare(look));
        let is_short = self.is_short || self.waiting > 0 || self.missed > 0;
        self.wanted || is_short || self.most != self.held || self.held > kept
    }

    /// Gives back what is not needed, and returns what to put on record: that, and what is taken. `on_record` is what is
    /// there now. Only when it is on disk, [`Spending::took`] makes it usable.
    pub fn settle(&mut self, look: Look, on_record: u32, others: &Others) -> Share {
        let Look { limit, used, now, .. } = look;
        // Somebody may have removed it.
        self.held = self.held.min(on_record);
        self.due = false;
        let a_second = self.demand.a_second(now);
        let needed = used.saturating_add(self.waiting);
        let claim = self.claim(look, a_second);
        let free = limit.saturating_sub(others.calls).saturating_sub(self.held);
        let fair = others.fair(limit, claim);
        self.wanted = others.short > 0;
        if self.wanted {
            self.wanted_until = now.0 + YIELD_FOR;
        }
        let spare = self.spare(look);
        let (_, kept) = self.ahead(look, spare);
        // What others lacked a moment ago is left to them.
        let unused = free.saturating_add(self.held.saturating_sub(needed));
        let taken = if now.0 < self.wanted_until { 0 } else { spare.min(unused / 2) };
        let (ahead, _) = self.ahead(look, taken);
        // What the others lack and nobody has left.
        let lacking = others.short.saturating_sub(free);
        self.most = if others.calls.saturating_add(self.held) > limit || lacking > 0 {
            let excess = others.calls.saturating_add(self.held).saturating_sub(limit);
            // Where one call lacks room, more may follow: half of what lies idle here goes to them.
            let idle = if lacking > 0 { self.held.saturating_sub(needed).div_ceil(2) } else { 0 };
            let given = lacking.max(excess).max(idle);
            self.held.saturating_sub(given).max(needed.min(fair)).min(self.held)
        } else if self.held > kept {
            ahead
        } else {
            self.held
        };
        self.held = self.most.max(used).min(self.held);
        // What this node may have if nobody else gets less, and what it should leave to those who are short.
        let room = limit.saturating_sub(others.calls);
        let most = room.saturating_sub(others.short).max(room.min(fair));
        let want = if self.wanted { needed } else { ahead.max(needed) }.min(limit);
        let calls = if want > self.most { want.min(most).max(self.held.min(room)) } else { self.held };
        // More than the limit is on record after it was lowered. What a node has counted goes as it gets old.
        let calls = calls.max(self.held.min(on_record));
        let short = needed.saturating_add(self.missed).min(limit).saturating_sub(calls);
        Share { calls, claim, short }
    }

    /// Notes that this share is on disk. What was given back since it was settled stays given back.
    pub fn took(&mut self, look: Look, share: Share, others: &Others) {
        let gained = share.calls.saturating_sub(self.held);
        self.held = share.calls.max(self.held);
        self.most = self.most.saturating_add(gained).min(self.held);
        self.free = look.limit.saturating_sub(others.calls).saturating_sub(self.held);
        self.missed = 0;
        self.is_short = share.short > 0;
        if gained > 0 {
            self.empty_since = 0;
        }
    }

    /// When to settle again, if nothing happens before; `None` if there is nothing left to give back. `next_end` is when
    /// the oldest call no longer counts.
    pub fn look_again(&mut self, look: Look, next_end: Option<Millis>) -> Option<Millis> {
        if self.wanted || self.is_short || self.waiting > 0 || self.missed > 0 {
            return Some(Millis(look.now.0 + EMPTY_FOR));
        }
        if self.has_news(look) || self.demand.a_second(look.now) > 0 {
            return Some(Millis(look.now.0 + SECOND));
        }
        let spare_until = self.asked_at + SPARE_FOR;
        // Once calls no longer count, more than the spare room may be idle.
        let end = next_end.unwrap_or(look.now).0;
        let at =
            if spare_until > look.now.0 { spare_until.min(next_end.map_or(spare_until, |end| end.0)) } else { end };
        (self.held > 0).then(|| Millis(at.max(look.now.0 + SECOND)))
    }

    /// The spare room that this node may keep.
    fn spare(&self, look: Look) -> u32 {
        if look.now.0 - self.asked_at >= SPARE_FOR {
            return 0;
        }
        let meanwhile = i64::from(look.limit).saturating_mul(SPARE_FOR) / look.window.0.max(1);
        u32::try_from(meanwhile).unwrap_or(u32::MAX).min(look.limit / SPARE_PART)
    }

    /// The room that this node wants, with so much to spare, and the most that it keeps before it gives back, so that it
    /// does not give and take all the time.
    fn ahead(&mut self, look: Look, spare: u32) -> (u32, u32) {
        let needed = look.used.saturating_add(self.waiting);
        let expected = self.demand.a_second(look.now).saturating_mul(AHEAD_SECONDS);
        // One more than is expected, as the next call may come early.
        let more = if expected == 0 { 0 } else { expected.saturating_add(1) }.max(spare);
        let ahead = needed.saturating_add(more).min(look.limit);
        (ahead, if more == 0 { ahead } else { ahead.saturating_add(ahead / 4) })
    }

    fn claim(&self, look: Look, a_second: u32) -> u32 {
        let in_window = u64::from(a_second) * look.window.0.max(0).unsigned_abs() / SECOND.unsigned_abs();
        let in_window = u32::try_from(in_window).unwrap_or(u32::MAX);
        look.used.saturating_add(self.waiting).max(in_window).min(look.limit)
    }
}

#[cfg(test)]
mod tests;
