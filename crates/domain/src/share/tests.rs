use proptest::prelude::*;

use super::*;
use crate::limit::CallLog;

/// One node: its own count, its share, and what is on record of it.
#[derive(Debug, Clone, Default)]
struct Node {
    log: CallLog,
    spending: Spending,
    record: Share,
    waiting: u32,
    due: i64,
    hungry: bool,
    settled: i64,
}

/// Some nodes with one limit.
#[derive(Debug)]
struct Model {
    limit: u32,
    window: Millis,
    now: i64,
    nodes: Vec<Node>,
    /// The shares of nodes that died, and until when they count.
    dead: Vec<(Share, i64)>,
    passed: Vec<(i64, u32)>,
}

impl Model {
    fn new(nodes: usize, limit: u32, window: i64) -> Self {
        let nodes = vec![Node::default(); nodes];
        Self { limit, window: Millis(window), now: 0, nodes, dead: Vec::new(), passed: Vec::new() }
    }

    fn look(&mut self, n: usize) -> Look {
        let now = Millis(self.now);
        let used = self.nodes[n].log.used(self.window, now);
        Look { limit: self.limit, window: self.window, used, now }
    }

    fn others(&self, n: usize) -> Others {
        let mut others = Others::default();
        for (at, node) in self.nodes.iter().enumerate() {
            if at != n && node.record != Share::default() {
                others.add(node.record);
            }
        }
        self.dead.iter().for_each(|(share, _)| others.add(*share));
        others
    }

    /// Settles with the record; `is_written` says whether it was written, `is_known` whether the node learns that.
    fn settle(&mut self, n: usize, is_written: bool, is_known: bool) {
        let (look, others) = (self.look(n), self.others(n));
        let on_record = self.nodes[n].record.calls;
        let share = self.nodes[n].spending.settle(look, on_record, &others);
        if is_written {
            self.nodes[n].record = share;
            if is_known {
                self.nodes[n].spending.took(look, share, &others);
            }
        }
        let on_record = self.others(n).calls.saturating_add(self.nodes[n].record.calls);
        assert!(on_record <= self.limit, "{on_record} of {}", self.limit);
        assert!(self.nodes[n].spending.held() <= self.nodes[n].record.calls);
        self.nodes[n].hungry = false;
        self.nodes[n].settled = self.now;
    }

    fn fits(&mut self, n: usize, cost: u32) -> bool {
        let (now, most) = (Millis(self.now), self.nodes[n].spending.most().min(self.limit));
        self.nodes[n].log.ask(most, self.window, cost, now).passed
    }

    fn count(&mut self, n: usize, cost: u32) {
        self.nodes[n].log.count(self.limit, self.window, cost, Millis(self.now));
        self.passed.push((self.now, cost));
        // A limit over 32 forgets the calls of a sixteenth of its window together.
        let most = if self.limit <= 32 { self.window.0 } else { self.window.0 - self.window.0 / 16 };
        let within = self.within(most);
        assert!(within <= u64::from(self.limit), "{within} of {}", self.limit);
    }

    fn within(&self, stretch: i64) -> u64 {
        let recent = self.passed.iter().rev().take_while(|(at, _)| *at > self.now - stretch);
        recent.map(|(_, cost)| u64::from(*cost)).sum()
    }

    /// Asks, without waiting.
    fn call(&mut self, n: usize, cost: u32) -> bool {
        self.nodes[n].spending.asked(cost, Millis(self.now));
        let passed = self.fits(n, cost);
        if passed {
            self.count(n, cost);
        } else {
            self.nodes[n].spending.refused(cost, false, Millis(self.now));
        }
        passed
    }

    /// Asks, and waits while all nodes settle a few times.
    fn call_and_wait(&mut self, n: usize, cost: u32) -> bool {
        self.nodes[n].spending.asked(cost, Millis(self.now));
        self.nodes[n].spending.wait(cost);
        let mut passed = self.fits(n, cost);
        for round in 0..4 {
            if passed {
                break;
            }
            if round > 0 {
                (0..self.nodes.len()).filter(|other| *other != n).collect::<Vec<_>>().into_iter().for_each(|other| {
                    self.settle(other, true, true);
                });
            }
            self.settle(n, true, true);
            passed = self.fits(n, cost);
        }
        self.nodes[n].spending.waited(cost);
        if passed {
            self.count(n, cost);
        } else {
            self.nodes[n].spending.refused(cost, true, Millis(self.now));
        }
        passed
    }

    /// A node dies, and another one starts in its place. Its share counts for a window and more.
    fn die(&mut self, n: usize) {
        let record = std::mem::take(&mut self.nodes[n]).record;
        self.dead.push((Share { short: 0, ..record }, self.now + self.window.0));
    }

    fn pass(&mut self, time: i64) {
        self.now += time;
        let now = self.now;
        self.dead.retain(|(_, until)| *until > now);
    }
}

#[derive(Debug, Clone)]
enum Step {
    Call(usize, u32),
    Settle(usize, bool, bool),
    Die(usize),
    Pass(i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0_usize..5, prop_oneof![Just(1_u32), 0_u32..6]).prop_map(|(n, cost)| Step::Call(n, cost)),
        4 => (0_usize..5, any::<bool>(), any::<bool>()).prop_map(|(n, written, known)| Step::Settle(n, written, known)),
        1 => (0_usize..5).prop_map(Step::Die),
        3 => prop_oneof![Just(1_i64), 1_i64..60, 1_i64..900].prop_map(Step::Pass),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, ..ProptestConfig::default() })]

    /// Whatever happens when, whatever is not written, or written without the node learning it, and whoever dies: the
    /// limit holds over all nodes. The model checks it at each call.
    #[test]
    fn the_nodes_together_never_count_more_than_the_limit(
        nodes in 1_usize..=5,
        limit in prop_oneof![1_u32..6, 1_u32..100, Just(1_000)],
        window in prop_oneof![20_i64..200, 1_000_i64..5_000],
        steps in prop::collection::vec(step(), 1..300),
    ) {
        let mut model = Model::new(nodes, limit, window);
        for step in steps {
            match step {
                Step::Call(n, cost) => { model.call(n % nodes, cost); }
                Step::Settle(n, written, known) => model.settle(n % nodes, written, known),
                Step::Die(n) => model.die(n % nodes),
                Step::Pass(time) => model.pass(time),
            }
        }
    }

    /// Where shares can be taken, whoever stays within the limit over all nodes is never refused.
    #[test]
    fn a_caller_within_the_limit_is_never_refused(
        nodes in 1_usize..=5,
        limit in prop_oneof![1_u32..6, 1_u32..100, Just(1_000)],
        window in prop_oneof![20_i64..200, 1_000_i64..5_000],
        steps in prop::collection::vec((0_usize..5, 0_u32..8, prop_oneof![Just(0_i64), 0_i64..100, 0_i64..2_500]), 1..200),
    ) {
        let mut model = Model::new(nodes, limit, window);
        for (n, cost, time) in steps {
            model.pass(time);
            if model.within(window) + u64::from(cost) <= u64::from(limit) {
                prop_assert!(model.call_and_wait(n % nodes, cost), "refused: {model:?}");
            }
        }
    }

    /// An idle limit goes back to nothing, and is looked at no more.
    #[test]
    fn an_idle_limit_costs_nothing(limit in 1_u32..1_000, calls in 1_u32..300, window in 1_000_i64..20_000) {
        let mut model = Model::new(1, limit, window);
        for _ in 0..calls {
            model.call_and_wait(0, 1);
            model.pass(7);
        }
        let mut looks = 0;
        loop {
            let look = model.look(0);
            let end = model.nodes[0].log.next_end(model.window);
            let Some(at) = model.nodes[0].spending.look_again(look, end) else { break };
            prop_assert!(at.0 > model.now);
            model.pass(at.0 - model.now);
            model.settle(0, true, true);
            looks += 1;
            prop_assert!(looks < 100);
        }
        prop_assert_eq!(model.nodes[0].record, Share::default());
        prop_assert!(model.now <= 4_000 + 2 * window + SPARE_FOR);
    }
}

/// What was kept for calls that do not come goes back when they have not come for a while, all but the spare room.
#[test]
fn room_for_expected_calls_goes_back_in_seconds() {
    for (limit, window, kept) in [(100, 86_400_000, 0), (100, 60_000, 12), (100, 2_000, 12)] {
        let mut model = Model::new(1, limit, window);
        for _ in 0..40 {
            assert!(model.call_and_wait(0, 1));
            model.pass(7);
        }
        let called = model.now;
        while model.now < called + 4_000 {
            let look = model.look(0);
            let end = model.nodes[0].log.next_end(model.window);
            let again = model.nodes[0].spending.look_again(look, end).expect("it holds something");
            model.pass(again.0 - model.now);
            model.settle(0, true, true);
        }
        let used = model.look(0).used;
        assert!(model.nodes[0].record.calls <= used + kept + (used + kept) / 4, "{:?}", model.nodes[0]);
    }
}

/// Nodes that are called now and then, each in its turn, have spare room: few calls wait for a settling.
#[test]
fn a_call_now_and_then_seldom_waits() {
    for (limit, window) in [(100, 60_000), (1_000, 60_000), (1_000, 1_000)] {
        let mut model = Model::new(3, limit, window);
        let mut waited = 0;
        for call in 0..300 {
            model.pass(4_000);
            let n = call % 3;
            waited += u32::from(!model.fits(n, 1));
            assert!(model.call_and_wait(n, 1));
            let look = model.look(n);
            let end = model.nodes[n].log.next_end(model.window);
            if model.nodes[n].spending.look_again(look, end).is_some_and(|at| at.0 <= model.now + 4_000) {
                model.settle(n, true, true);
            }
        }
        assert!(waited <= 3, "{waited} of 300 with {limit} per {window} ms");
    }
}

/// Three nodes get calls for `total` times the limit, spread by these parts, and every ten milliseconds something happens.
/// A node settles 30 ms after it was asked to, at most every 50 ms.
fn saturate(model: &mut Model, parts: [u32; 3], times_limit: u32, until: i64) -> u64 {
    const TICK: i64 = 10;
    let begun = model.passed.len();
    let mut owed = [0_u64; 3];
    while model.now < until {
        model.pass(TICK);
        for (n, part) in parts.into_iter().enumerate() {
            // In millionths of a call.
            let rate = u64::from(model.limit) * u64::from(times_limit) * u64::from(part) * 10_000;
            owed[n] += rate * TICK.unsigned_abs() / model.window.0.unsigned_abs();
            while owed[n] >= 1_000_000 {
                owed[n] -= 1_000_000;
                model.nodes[n].spending.asked(1, Millis(model.now));
                if model.nodes[n].waiting == 0 && model.fits(n, 1) {
                    model.count(n, 1);
                } else if model.nodes[n].spending.may_wait(Millis(model.now)) {
                    model.nodes[n].waiting += 1;
                    model.nodes[n].spending.wait(1);
                    model.nodes[n].hungry = true;
                } else {
                    model.nodes[n].spending.refused(1, false, Millis(model.now));
                }
            }
            let look = model.look(n);
            if model.nodes[n].spending.is_low(look) {
                model.nodes[n].hungry = true;
            }
        }
        for n in 0..3 {
            let asked = model.nodes[n].hungry || model.nodes[n].due <= model.now;
            if asked && model.now - model.nodes[n].settled >= 50 {
                let before = model.nodes[n].record;
                model.settle(n, true, true);
                let look = model.look(n);
                let end = model.nodes[n].log.next_end(model.window);
                let again = model.nodes[n].spending.look_again(look, end);
                model.nodes[n].due = again.map_or(i64::MAX, |at| at.0);
                let after = model.nodes[n].record;
                if after.short > before.short || after.calls < before.calls {
                    for other in (0..3).filter(|other| *other != n) {
                        let other = &mut model.nodes[other];
                        other.hungry |= other.record.calls > 0 || other.waiting > 0;
                    }
                }
            }
            // Those that wait pass one by one; the rest is refused after a second.
            while model.nodes[n].waiting > 0 && model.fits(n, 1) {
                model.nodes[n].waiting -= 1;
                model.nodes[n].spending.waited(1);
                model.count(n, 1);
            }
            if model.now % 1_000 == 0 && model.nodes[n].waiting > 0 {
                let waiting = std::mem::take(&mut model.nodes[n].waiting);
                model.nodes[n].spending.waited(waiting);
                model.nodes[n].spending.refused(waiting, true, Millis(model.now));
            }
        }
    }
    model.passed[begun..].iter().map(|(_, cost)| u64::from(*cost)).sum()
}

#[test]
fn a_limit_is_used_up_wherever_its_calls_come_from() {
    for (limit, window) in [(600, 5_000), (100, 10_000), (20, 2_000), (5_000, 10_000), (1_000, 60_000)] {
        for times in [2, 5] {
            let mut model = Model::new(3, limit, window);
            // The first window fills.
            let mut at = window;
            saturate(&mut model, [90, 9, 1], times, at);
            for parts in [[90, 9, 1], [1, 9, 90], [1, 90, 9], [34, 33, 33]] {
                at += 5 * window;
                let passed = saturate(&mut model, parts, times, at);
                let most = u64::from(limit) * 5;
                let what = format!("{limit} per {window} ms, {times} times, {parts:?}: {passed} of {most}");
                // A few calls are on their way from one node to the other.
                assert!((passed + 4) * 100 >= most * 98, "{what}");
                assert!(passed * 100 <= most * 101, "{what}");
            }
        }
    }
}

#[test]
fn small_claims_are_met_and_large_ones_share_the_rest() {
    let others = |claims: &[u32]| {
        let mut others = Others::default();
        for claim in claims {
            others.add(Share { claim: *claim, ..Share::default() });
        }
        others
    };
    assert_eq!(others(&[90, 10]).fair(100, 100), 45);
    assert_eq!(others(&[100, 100]).fair(100, 10), 10);
    assert_eq!(others(&[10, 5]).fair(100, 50), 85, "what nobody else claims");
    assert_eq!(others(&[1, 1]).fair(1, 1), 1, "somebody gets it");
    assert_eq!(others(&[]).fair(7, 100), 7);
}

#[test]
fn a_node_that_had_the_whole_limit_leaves_half_of_the_rest() {
    let look = Look { limit: 10, window: Millis::seconds(1), used: 3, now: Millis(0) };
    assert_eq!(Spending::of_whole(look).held(), 7);
    assert_eq!(Spending::of_whole(Look { used: 10, ..look }).held(), 10);
    assert_eq!(Spending::of_whole(Look { limit: 1, used: 0, ..look }).most(), 1);
}
