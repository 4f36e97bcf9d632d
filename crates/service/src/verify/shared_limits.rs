//! The rate limits of a call: counted at once where this node has room, and after a wait where other nodes may have some.

use std::{collections::HashMap, mem};

use domain::{
    ids::NodeId,
    key::KeyRecord,
    node::CONFIRMED_WITHIN,
    share::{Share, Spending},
    timestamp::Millis,
};
use store::{LimitPlace, NodeShare};

use super::{
    KeyCounters, LimitState, Verifier, VerifyRequest,
    limits::{Against, Answer, Asking, How, Standing},
    shares::{Mode, Shares},
};
use crate::Result;

/// How long a node that was alone keeps half of what was left of each limit, while it learns how many calls there are.
const LEARNT_AFTER: Millis = Millis::seconds(2);

impl Verifier {
    /// Counts a call with the rate limits of its key and its own. If this node has room, this waits for nothing. Says
    /// whether it lacked room.
    pub(super) async fn count_limits(
        &self,
        counters: &KeyCounters,
        record: &KeyRecord,
        request: &VerifyRequest<'_>,
    ) -> (Vec<LimitState>, bool) {
        let shares = &self.0.shares;
        if shares.is_joining() {
            Box::pin(shares.joined()).await;
        }
        let asking = Asking {
            id: &record.id,
            own: &record.rules.limits,
            asked: request.limits,
            cost: request.limit_cost,
            now: self.0.uptime(),
            how: How::First,
        };
        let mut answer = counters.limits(asking, || shares.standing(asking.now));
        if !answer.low.is_empty() {
            shares.call_for(mem::take(&mut answer.low));
        }
        if answer.short.is_empty() {
            return (answer.states, false);
        }
        // On the heap, so that other calls are no larger.
        (Box::pin(self.wait_for_room(counters, Asking { how: How::Again, ..asking }, answer)).await, true)
    }

    /// What becomes of a call for which only this node's share is too small.
    async fn wait_for_room(&self, counters: &KeyCounters, asking: Asking<'_>, first: Answer) -> Vec<LimitState> {
        let shares = &self.0.shares;
        let Answer { mut states, short, .. } = first;
        let is_settled = !shares.is_away() && shares.standing(asking.now).against == Against::Own;
        let mut rounds = 0_u32;
        if is_settled && counters.wait(&short, asking.now) {
            let again = || {
                rounds += 1;
                let now = self.0.uptime();
                let answer = counters.limits(Asking { now, ..asking }, || shares.standing(now));
                let passed = answer.states.iter().all(|state| state.passed);
                // If a limit is used up, there is nothing to wait for.
                (passed || answer.short.is_empty()).then_some(answer.states)
            };
            if let Some(settled) = shares.until_settled(counters, &short, again).await {
                return settled;
            }
        }
        let now = self.0.uptime();
        if shares.counts_alone(now) {
            let whole = Standing { against: Against::Whole, ..shares.standing(now) };
            return counters.limits(Asking { now, ..asking }, || whole).states;
        }
        // The first round may have begun before this call asked. If none began since, nobody knows whether there is room.
        counters.refused(&short, rounds > 1, now);
        for state in &mut states {
            state.reset = Millis(state.reset.0.max(1));
        }
        states
    }

    /// What the limits of a key would say to a call now, as far as this node knows. Counts nothing.
    pub(super) fn limits_now(&self, counters: &KeyCounters, record: &KeyRecord) -> Vec<LimitState> {
        let now = self.0.uptime();
        let asking = Asking { id: &record.id, own: &record.rules.limits, asked: &[], cost: 1, now, how: How::Looking };
        let standing = Standing { against: Against::Whole, ..self.0.shares.standing(now) };
        counters.limits(asking, || standing).states
    }

    /// The shares of this node.
    pub(crate) fn shares(&self) -> &Shares {
        &self.0.shares
    }

    /// Settles the shares of rate limits with the record.
    pub(crate) async fn settle_shares(&self, node: &NodeId) -> Result<()> {
        if self.0.shares.mode() != Mode::Shared {
            return Ok(());
        }
        self.0.shares.settle(&self.0.store.for_writes(), &self.0.counters, node, self.0.uptime()).await
    }

    /// From now on, counts against shares. Returns what to put on record: of each limit in use, what it counts and half
    /// of the rest. If it was done before and not put on record, returns the present shares.
    pub(crate) fn share_limits(&self) -> Vec<(LimitPlace, Share)> {
        let now = self.0.uptime();
        self.0.shares.set_mode(Mode::Shared);
        self.0.counters.share(now, Spending::of_whole);
        let mut held = Vec::new();
        self.0.counters.see_shares(now, &mut |place, look, spending| {
            let share = Share { calls: spending.held(), claim: look.used, short: 0 };
            held.push((place, share));
        });
        let later = Millis(now.0.saturating_add(LEARNT_AFTER.0));
        self.0.shares.watch(held.iter().map(|(place, _)| place.clone()), later);
        held
    }

    /// Lowers every share to what is on record.
    pub(crate) fn lower_shares(&self, on_record: &[NodeShare]) {
        let now = self.0.uptime();
        let known: HashMap<_, _> = on_record.iter().map(|share| (&share.place, share.share.calls)).collect();
        let mut places = Vec::new();
        self.0.counters.see_shares(now, &mut |place, _, spending| {
            spending.lower(known.get(&place).copied().unwrap_or_default());
            places.push(place);
        });
        // What is on record and no longer counted here is given back. What is counted here and no longer on record is put
        // there, before others take that room.
        places.extend(on_record.iter().map(|share| share.place.clone()));
        self.0.shares.call_for(places);
    }

    /// What this node has counted and cannot give back, at the end.
    pub(crate) fn used_shares(&self) -> Vec<(LimitPlace, Share)> {
        let mut used = Vec::new();
        self.0.counters.see_shares(self.0.uptime(), &mut |place, look, spending| {
            spending.lower(look.used);
            used.push((place, Share { calls: spending.held(), claim: 0, short: 0 }));
        });
        used
    }

    /// From now on, counts against whole limits, because there is no other node.
    pub(crate) fn own_limits(&self) {
        self.0.shares.set_mode(Mode::Whole);
        self.0.counters.own_all();
        self.0.shares.clear();
    }

    /// Whether the last confirmation still holds, so that nobody takes this node for stopped.
    pub(crate) fn is_confirmed(&self) -> bool {
        self.0.shares.standing(self.0.uptime()).against == Against::Own
    }

    /// Confirms what was true at this uptime.
    pub(crate) fn confirm_shares(&self, asked: Millis) {
        self.0.shares.confirm_until(Millis(asked.0.saturating_add(CONFIRMED_WITHIN.0)));
    }

    /// The time since this process began, by a clock that never goes back.
    pub(crate) fn uptime(&self) -> Millis {
        self.0.uptime()
    }
}
