//! The rate limits of one key, counted in this process: against the whole of each limit, or against the share of it that
//! this node has.

use domain::{
    ids::KeyId,
    limit::{CallLog, RateLimit},
    share::{Look, Others, Share, Spending},
    timestamp::Millis,
};
use store::LimitPlace;

use super::AskedLimit;

/// The most limits that are counted for one key: its own, and those that calls bring along.
const LOGS_MAX: usize = 64;

/// When to try again after a refusal for which other nodes are the reason: at least this, and at most a sixteenth of the
/// window. Nobody here knows when their calls get old.
const TRY_AGAIN: Millis = Millis::seconds(1);
const TRY_AGAIN_PART: i64 = 16;

/// The answer of one rate limit to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitState {
    /// The rate limit that answered.
    pub limit: RateLimit,
    /// Whether there was room.
    pub passed: bool,
    /// How many calls are left after this one.
    pub remaining: u32,
    /// How long until there is room or, if there was, until the oldest call no longer counts.
    pub reset: Millis,
}

/// What a call asks the limits of its key.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asking<'a> {
    /// The id of the key.
    pub id: &'a KeyId,
    /// The limits of the key.
    pub own: &'a [RateLimit],
    /// The limits that the call names or brings along.
    pub asked: &'a [AskedLimit],
    /// What the call costs.
    pub cost: u32,
    /// The time of a clock that never goes back.
    pub now: Millis,
    /// How it asks.
    pub how: How,
}

/// How a call asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// For the first time.
    First,
    /// After it has waited.
    Again,
    /// Only to see. It counts for nothing.
    Looking,
}

/// What this node may count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    /// Whether it shares limits with others. Then it has nothing of a limit before it takes some.
    pub is_shared: bool,
    /// What it counts against.
    pub against: Against,
}

/// What is counted against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Against {
    /// What this node has of each limit.
    Own,
    /// The whole limits, whatever others count.
    Whole,
    /// Nothing: this node does not know whether its shares are still its own.
    Nothing,
}

/// What the limits of a key say to a call.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// The answer of each limit.
    pub states: Vec<LimitState>,
    /// The limits in which only this node's share is too small, with what the call costs there. Empty if the call passed,
    /// or if a limit is used up.
    pub short: Vec<(LimitPlace, u32)>,
    /// The limits of which more should be taken, before it is missed.
    pub low: Vec<LimitPlace>,
}

/// The calls that are counted for one key.
#[derive(Default)]
pub(super) struct Logs(Vec<Counted>);

struct Counted {
    limit: RateLimit,
    log: CallLog,
    /// `None` while this node has the whole limit. Boxed, because a million limits may be counted on a single node.
    spending: Option<Box<Spending>>,
}

impl Counted {
    fn look(&mut self, now: Millis) -> Look {
        let RateLimit { limit, window, .. } = self.limit;
        Look { limit, window, used: self.log.used(window, now), now }
    }

    /// How many calls may be counted in the window.
    fn most(&self, standing: Standing) -> u32 {
        let share = self.spending.as_ref().map_or(u32::MAX, |spending| spending.most());
        match standing.against {
            Against::Own => self.limit.limit.min(share),
            Against::Whole => self.limit.limit,
            Against::Nothing => 0,
        }
    }

    /// Whether it counts nothing, and no call lacks room in it.
    fn is_idle(&self, now: Millis) -> bool {
        let is_awaited = self.spending.as_ref().is_some_and(|spending| spending.is_awaited(now));
        !is_awaited && self.log.is_over(self.limit.window, now)
    }

    fn place(&self, id: &KeyId) -> LimitPlace {
        LimitPlace { key_id: *id, name: self.limit.name.clone(), window: self.limit.window }
    }

    fn is_at(&self, place: &LimitPlace) -> bool {
        self.limit.name == place.name && self.limit.window == place.window
    }
}

impl Logs {
    /// Checks every limit of the key and of the call. If all have room, counts the call with each of them.
    pub(super) fn ask(&mut self, asking: Asking<'_>, standing: Standing) -> Answer {
        let Asking { id, own, asked, cost, now, how } = asking;
        // Do this before any index is taken, because removing an entry moves the others.
        if self.0.len() > LOGS_MAX {
            self.forget_brought(own, now);
        }
        let own = own.iter().filter_map(|own| match asked.iter().find(|asked| asked.name() == own.name) {
            None => Some((own, cost)),
            Some(AskedLimit::Own { cost, .. }) => Some((own, *cost)),
            Some(AskedLimit::Brought { .. }) => None,
        });
        let more = asked.iter().filter_map(|asked| match asked {
            AskedLimit::Own { .. } => None,
            AskedLimit::Brought { limit, cost } => Some((limit, *cost)),
        });
        let mut answer = Answer::default();
        let mut places: Vec<(usize, u32)> = Vec::new();
        let mut is_used_up = false;
        for (limit, cost) in own.chain(more) {
            let place = self.place(limit, standing);
            let Some(counted) = self.0.get_mut(place) else { continue };
            // An edit may have changed the number.
            counted.limit.limit = limit.limit;
            if let Some(spending) = &mut counted.spending
                && how == How::First
                // One that never fits needs no room.
                && cost <= limit.limit
            {
                spending.asked(cost, now);
            }
            let most = counted.most(standing);
            let mut taken = counted.log.ask(most, limit.window, cost, now);
            if most < limit.limit {
                let left = limit.limit.saturating_sub(counted.log.used(limit.window, now));
                let free = counted.spending.as_ref().map_or(0, |spending| spending.free());
                taken.remaining = taken.remaining.saturating_add(free).min(left);
                if !taken.passed && cost <= left {
                    answer.short.push((counted.place(id), cost));
                    let soon = TRY_AGAIN.0.max(limit.window.0 / TRY_AGAIN_PART);
                    taken.reset = Millis(taken.reset.0.min(soon).min(limit.window.0));
                } else if !taken.passed {
                    is_used_up = true;
                }
            } else {
                is_used_up |= !taken.passed;
            }
            answer.states.push(LimitState {
                limit: limit.clone(),
                passed: taken.passed,
                remaining: taken.remaining,
                reset: taken.reset,
            });
            places.push((place, cost));
        }
        if is_used_up {
            answer.short.clear();
        } else if answer.short.is_empty() && how != How::Looking {
            self.count(id, &places, now, &mut answer);
        }
        answer
    }

    fn count(&mut self, id: &KeyId, places: &[(usize, u32)], now: Millis, answer: &mut Answer) {
        for (state, (place, cost)) in answer.states.iter_mut().zip(places) {
            let Some(counted) = self.0.get_mut(*place) else { continue };
            counted.log.count(state.limit.limit, state.limit.window, *cost, now);
            state.remaining = state.remaining.saturating_sub(*cost);
            if counted.spending.is_some() {
                let look = counted.look(now);
                if counted.spending.as_mut().is_some_and(|spending| spending.is_low(look)) {
                    answer.low.push(counted.place(id));
                }
            }
        }
    }

    /// Whether they count nothing, and no call lacks room.
    pub(super) fn is_idle(&self, now: Millis) -> bool {
        self.0.iter().all(|counted| counted.is_idle(now))
    }

    /// Whether calls that lack room here should wait for more. Notes that they do.
    pub(super) fn wait(&mut self, short: &[(LimitPlace, u32)], now: Millis) -> bool {
        let may = short.iter().all(|(place, _)| self.spending(place).is_some_and(|spending| spending.may_wait(now)));
        if may {
            for (place, cost) in short {
                self.spending(place).into_iter().for_each(|spending| spending.wait(*cost));
            }
        }
        may
    }

    /// Notes that they no longer wait.
    pub(super) fn waited(&mut self, short: &[(LimitPlace, u32)]) {
        for (place, cost) in short {
            self.spending(place).into_iter().for_each(|spending| spending.waited(*cost));
        }
    }

    /// Notes that they are refused, and whether a settling found no room for them.
    pub(super) fn refused(&mut self, short: &[(LimitPlace, u32)], found_none: bool, now: Millis) {
        for (place, cost) in short {
            self.spending(place).into_iter().for_each(|spending| spending.refused(*cost, found_none, now));
        }
    }

    /// Whether there is anything to settle for a limit that nobody has asked to. If there is not: when to look again, or
    /// `None` if there is nothing left to give back.
    pub(super) fn has_news(&mut self, place: &LimitPlace, now: Millis) -> Result<(), Option<Millis>> {
        let Some(counted) = self.at(place) else { return Ok(()) };
        let look = counted.look(now);
        let end = counted.log.next_end(counted.limit.window);
        let Some(spending) = &mut counted.spending else { return Err(None) };
        if spending.has_news(look) { Ok(()) } else { Err(spending.look_again(look, end)) }
    }

    /// Gives back in memory what is not needed, and says what to put on record. Nothing, for a limit that is forgotten.
    pub(super) fn settle(&mut self, place: &LimitPlace, now: Millis, on_record: u32, others: &Others) -> Share {
        let Some(counted) = self.at(place) else { return Share::default() };
        let look = counted.look(now);
        counted.spending.as_mut().map_or_else(Share::default, |spending| spending.settle(look, on_record, others))
    }

    /// Takes what is on record now. Returns when to look again; `None` if there is nothing left to give back. What is on
    /// record of a limit that was forgotten meanwhile is given back at once.
    pub(super) fn took(&mut self, place: &LimitPlace, now: Millis, share: Share, others: &Others) -> Option<Millis> {
        let Some(counted) = self.at(place) else { return (share != Share::default()).then_some(now) };
        let look = counted.look(now);
        let end = counted.log.next_end(counted.limit.window);
        let spending = counted.spending.as_mut()?;
        spending.took(look, share, others);
        spending.look_again(look, end)
    }

    /// From now on, counts against shares: `share` says what a limit begins with. Forgets limits that count nothing,
    /// but for those in which a call lacks room by now.
    pub(super) fn share(&mut self, now: Millis, share: fn(Look) -> Spending) {
        self.0.retain(|counted| !counted.is_idle(now));
        for counted in &mut self.0 {
            if counted.spending.is_none() {
                let look = counted.look(now);
                counted.spending = Some(Box::new(share(look)));
            }
        }
    }

    /// From now on, counts against whole limits.
    pub(super) fn own_all(&mut self) {
        self.0.iter_mut().for_each(|counted| counted.spending = None);
    }

    /// Tells `see` of each share: the limit, and what may be lowered.
    pub(super) fn see_shares(&mut self, id: &KeyId, now: Millis, see: &mut dyn FnMut(LimitPlace, Look, &mut Spending)) {
        for counted in &mut self.0 {
            let (place, look) = (counted.place(id), counted.look(now));
            if let Some(spending) = counted.spending.as_deref_mut() {
                see(place, look, spending);
            }
        }
    }

    fn at(&mut self, place: &LimitPlace) -> Option<&mut Counted> {
        self.0.iter_mut().find(|counted| counted.is_at(place))
    }

    fn spending(&mut self, place: &LimitPlace) -> Option<&mut Spending> {
        self.at(place)?.spending.as_deref_mut()
    }

    /// Forgets limits that count nothing, then the oldest limits that calls brought along; never one of the key's own.
    fn forget_brought(&mut self, own: &[RateLimit], now: Millis) {
        let logs = &mut self.0;
        logs.retain(|counted| !counted.is_idle(now));
        let mut excess = logs.len().saturating_sub(LOGS_MAX);
        // First those that count nothing and have calls that lack room.
        for is_counted in [false, true] {
            logs.retain(|counted| {
                let is_brought = own.iter().all(|own| own.name != counted.limit.name);
                let goes = excess > 0 && is_brought && (is_counted || counted.log.is_over(counted.limit.window, now));
                excess -= usize::from(goes);
                !goes
            });
        }
    }

    /// The index of a limit's counter, found by its name and the length of its window.
    fn place(&mut self, limit: &RateLimit, standing: Standing) -> usize {
        let logs = &mut self.0;
        let same = |counted: &Counted| counted.limit.name == limit.name && counted.limit.window == limit.window;
        logs.iter().position(same).unwrap_or_else(|| {
            // There is almost always just one.
            logs.reserve_exact(1);
            let spending = standing.is_shared.then(Box::default);
            logs.push(Counted { limit: limit.clone(), log: CallLog::default(), spending });
            logs.len() - 1
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis(1_000);

    fn place() -> LimitPlace {
        LimitPlace { key_id: key(), name: "calls".to_owned(), window: Millis::seconds(60) }
    }

    fn key() -> KeyId {
        KeyId::parse("7Qm2xVbN4tRa").unwrap()
    }

    #[test]
    fn the_share_of_a_limit_that_was_forgotten_meanwhile_is_given_back() {
        let mut logs = Logs::default();
        let others = Others::default();
        let share = Share { calls: 3, claim: 3, short: 0 };
        assert_eq!(logs.took(&place(), NOW, share, &others), Some(NOW));
        assert_eq!(logs.settle(&place(), NOW, share.calls, &others), Share::default());
        assert_eq!(logs.took(&place(), NOW, Share::default(), &others), None);
    }

    #[test]
    fn a_call_that_lacks_room_as_its_node_begins_to_share_gets_some() {
        let mut logs = Logs::default();
        let limits = [RateLimit::new("calls", 5, Millis::seconds(60)).unwrap()];
        let id = key();
        let asking = Asking { id: &id, own: &limits, asked: &[], cost: 1, now: NOW, how: How::First };
        let short = logs.ask(asking, Standing { is_shared: true, against: Against::Own }).short;
        logs.share(NOW, Spending::of_whole);
        assert!(logs.wait(&short, NOW));
        let later = Millis(NOW.0 + 5_000);
        logs.share(later, Spending::of_whole);
        assert!(logs.settle(&place(), later, 0, &Others::default()).calls >= 1);
        logs.waited(&short);
        logs.share(later, Spending::of_whole);
        assert_eq!(logs.settle(&place(), later, 0, &Others::default()), Share::default());
    }

    #[test]
    fn a_call_that_never_fits_takes_no_room() {
        let mut logs = Logs::default();
        let limits = [RateLimit::new("calls", 5, Millis::seconds(60)).unwrap()];
        let id = key();
        let asking = Asking { id: &id, own: &limits, asked: &[], cost: 6, now: NOW, how: How::First };
        let standing = Standing { is_shared: true, against: Against::Own };
        let answer = logs.ask(asking, standing);
        assert!(!answer.states[0].passed && answer.short.is_empty());
        assert_eq!(logs.settle(&place(), NOW, 0, &Others::default()), Share::default());
        let answer = logs.ask(Asking { cost: 5, ..asking }, standing);
        assert_eq!(answer.short, [(place(), 5)]);
        assert_eq!(logs.settle(&place(), NOW, 0, &Others::default()).calls, 5);
    }
}
