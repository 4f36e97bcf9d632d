//! Which webhooks are told next. A receiver that is slow, or that nobody knows yet, shares its places with its like, so that
//! it delays nobody who answers at once. Of those that wait for a place, the app with the fewest gets the next one: however
//! many webhooks an app has, it delays no other.

use std::collections::{HashMap, HashSet};

use domain::ids::{AppId, WebhookId};
use store::DueWebhook;

/// The most deliveries that are on their way at the same time.
const TOGETHER: usize = 64;

/// The most of them to one webhook.
const TO_ONE: usize = 4;

/// The most of them to webhooks that did not answer at once the last time, or were never told anything.
const SLOW: usize = 32;

/// The most of those to one host.
const SLOW_TO_HOST: usize = 8;

/// How many webhooks are known to answer at once. Beyond that, all are forgotten, and known again after their next answer.
const KNOWN: usize = 100_000;

/// How many are on their way.
#[derive(Debug, Clone, Default)]
struct Counts {
    all: usize,
    to: HashMap<WebhookId, usize>,
    of: HashMap<AppId, usize>,
    slow: usize,
    slow_to: HashMap<String, usize>,
}

/// A place that a delivery on its way has.
#[derive(Debug)]
pub(super) struct Place {
    webhook: WebhookId,
    /// The app of the webhook.
    app: Option<AppId>,
    /// The host, if the webhook was slow when it left.
    slow: Option<String>,
}

/// What is on its way, and to whom.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    counts: Counts,
    /// The webhooks that answered at once the last time.
    prompt: HashSet<WebhookId>,
}

impl Counts {
    /// Whether one more may go to a webhook, which is slow if it comes with its host.
    fn has_place(&self, webhook: &WebhookId, slow: Option<&str>) -> bool {
        let below = |counted: Option<&usize>, most| counted.is_none_or(|counted| *counted < most);
        self.all < TOGETHER
            && below(self.to.get(webhook), TO_ONE)
            && slow.is_none_or(|host| self.slow < SLOW && below(self.slow_to.get(host), SLOW_TO_HOST))
    }

    fn add(&mut self, webhook: WebhookId, slow: Option<&str>) {
        self.all += 1;
        *self.to.entry(webhook).or_default() += 1;
        if let Some(host) = slow {
            self.slow += 1;
            *self.slow_to.entry(host.to_owned()).or_default() += 1;
        }
    }

    fn remove(&mut self, place: &Place) {
        self.all = self.all.saturating_sub(1);
        less(&mut self.to, &place.webhook);
        if let Some(app) = &place.app {
            less(&mut self.of, app);
        }
        if let Some(host) = &place.slow {
            self.slow = self.slow.saturating_sub(1);
            less(&mut self.slow_to, host);
        }
    }
}

/// Counts one less, and forgets what is not on its way any more.
fn less<K: std::hash::Hash + Eq>(counts: &mut HashMap<K, usize>, of: &K) {
    if let Some(count) = counts.get_mut(of) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(of);
        }
    }
}

impl Traffic {
    /// Whether another delivery may leave.
    pub fn has_room(&self) -> bool {
        self.counts.all < TOGETHER
    }

    /// Of the webhooks for which something is due, in this order, those that may be told something now, and how much at most.
    /// Each has one place before any has a second.
    pub fn choose<'a>(&self, due: impl IntoIterator<Item = &'a DueWebhook>) -> Vec<(WebhookId, u32)> {
        let mut seen = HashSet::new();
        let mut of = self.counts.of.clone();
        let mut asked: Vec<_> = due
            .into_iter()
            // The first word counts: that of one that was freed may be old.
            .filter(|due| seen.insert(due.id) && due.is_active)
            .filter_map(|due| {
                let (app, target) = (due.app?, due.target.as_deref()?);
                let before = of.entry(app).or_default();
                *before += 1;
                Some((due.id, self.slow(&due.id, target), 0, *before))
            })
            .collect();
        // How many of its app are before each, on their way or in this list. What waits longest stays before its like.
        asked.sort_by_key(|(.., before)| *before);
        let mut counts = self.counts.clone();
        for _ in 0..TO_ONE {
            for (webhook, host, many, _) in &mut asked {
                if counts.all >= TOGETHER {
                    break;
                }
                if counts.has_place(webhook, host.as_deref()) {
                    counts.add(*webhook, host.as_deref());
                    *many += 1;
                }
            }
        }
        asked.into_iter().filter(|(_, _, many, _)| *many > 0).map(|(webhook, _, many, _)| (webhook, many)).collect()
    }

    /// A delivery leaves for this webhook.
    pub fn leaves(&mut self, webhook: &DueWebhook) -> Place {
        let slow = self.slow(&webhook.id, webhook.target.as_deref().unwrap_or_default());
        self.counts.add(webhook.id, slow.as_deref());
        if let Some(app) = webhook.app {
            *self.counts.of.entry(app).or_default() += 1;
        }
        Place { webhook: webhook.id, app: webhook.app, slow }
    }

    /// It is over; `prompt` says whether there was an answer at once, if anybody was asked.
    pub fn over(&mut self, place: &Place, prompt: Option<bool>) {
        self.counts.remove(place);
        match prompt {
            Some(true) if self.prompt.len() >= KNOWN => self.prompt.clear(),
            Some(true) => _ = self.prompt.insert(place.webhook),
            Some(false) => _ = self.prompt.remove(&place.webhook),
            None => {}
        }
    }

    /// The host of a webhook that does not answer at once, as far as that is known.
    fn slow(&self, webhook: &WebhookId, target: &str) -> Option<String> {
        (!self.prompt.contains(webhook)).then(|| host(target))
    }
}

/// The host of an address, with its port.
fn host(target: &str) -> String {
    let rest = target.split_once("://").map_or(target, |(_, rest)| rest);
    rest.split(['/', '?']).next().unwrap_or_default().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(n: u16, target: &str) -> DueWebhook {
        let [a, b] = n.to_be_bytes();
        let id = WebhookId::from_random([a, b, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        DueWebhook { id, app: Some(AppId::from_random([0; 12])), target: Some(target.to_owned()), is_active: true }
    }

    fn hooks(many: u16, target: impl Fn(u16) -> String) -> Vec<DueWebhook> {
        (0..many).map(|n| due(n, &target(n))).collect()
    }

    fn sum(chosen: &[(WebhookId, u32)]) -> u32 {
        chosen.iter().map(|(_, many)| many).sum()
    }

    /// Lets all that are chosen leave.
    fn leave(traffic: &mut Traffic, due: &[DueWebhook]) -> Vec<Place> {
        let mut places = Vec::new();
        for (id, many) in traffic.choose(due) {
            let webhook = due.iter().find(|due| due.id == id).unwrap();
            for _ in 0..many {
                places.push(traffic.leaves(webhook));
            }
        }
        places
    }

    #[test]
    fn a_thousand_webhooks_of_one_host_take_eight_places() {
        let mut traffic = Traffic::default();
        let slow = hooks(1_000, |n| format!("https://Slow.example/{n}"));
        let places = leave(&mut traffic, &slow);
        assert_eq!(places.len(), 8);
        assert!(traffic.choose(&slow).is_empty());
        let other = [due(2_000, "https://other.example")];
        assert_eq!(sum(&traffic.choose(slow.iter().chain(&other))), 4);
        for place in &places {
            traffic.over(place, Some(false));
        }
        assert_eq!(traffic.counts.slow, 0);
        let Counts { to, of, slow_to, .. } = &traffic.counts;
        assert!(to.is_empty() && of.is_empty() && slow_to.is_empty(), "nothing is remembered");
    }

    #[test]
    fn slow_hosts_leave_half_of_the_places_to_those_that_answer_at_once() {
        let mut traffic = Traffic::default();
        let slow = hooks(100, |n| format!("https://{n}.example"));
        assert_eq!(leave(&mut traffic, &slow).len(), SLOW);
        let quick: Vec<_> = (1_000..1_100).map(|n| due(n, "https://quick.example/")).collect();
        assert!(traffic.choose(&quick).is_empty(), "nobody knows yet that they are quick");
        for quick in &quick {
            let place = traffic.leaves(quick);
            traffic.over(&place, Some(true));
        }
        let chosen = leave(&mut traffic, &quick);
        assert_eq!(chosen.len(), TOGETHER - SLOW);
        assert!(!traffic.has_room() && traffic.choose(&quick).is_empty());
        traffic.over(&chosen[0], Some(false));
        let again: Vec<_> = traffic.choose(&quick).into_iter().map(|(id, _)| id).collect();
        assert_eq!(again, [quick[1].id], "the first is slow now");
    }

    #[test]
    fn one_webhook_has_four_places_however_quick_it_is() {
        let mut traffic = Traffic::default();
        let one = [due(1, "https://one.example"), due(1, "https://one.example")];
        assert_eq!(leave(&mut traffic, &one).len(), 4);
        assert!(traffic.choose(&one).is_empty());
        let others: Vec<_> = (2..7).map(|n| due(n, "https://one.example")).collect();
        let chosen = traffic.choose(&others);
        assert_eq!(
            chosen.iter().map(|(_, many)| *many).collect::<Vec<_>>(),
            [1, 1, 1, 1],
            "one each, while there are any"
        );
    }

    #[test]
    fn an_app_with_many_webhooks_on_many_hosts_delays_no_other() {
        let mut traffic = Traffic::default();
        let many = hooks(1_000, |n| format!("https://{n}.example"));
        let other = DueWebhook { app: Some(AppId::from_random([1; 12])), ..due(2_000, "https://other.example") };
        let mut places = leave(&mut traffic, &many);
        assert_eq!(places.len(), SLOW);
        traffic.over(&places.remove(0), Some(false));
        let chosen = traffic.choose(many.iter().chain([&other]));
        assert_eq!(chosen, [(other.id, 1)], "it came last, and its app has no place yet");
        // Those that answer at once can be as many.
        traffic = Traffic::default();
        for webhook in &many {
            let place = traffic.leaves(webhook);
            traffic.over(&place, Some(true));
        }
        let mut places = leave(&mut traffic, &many);
        assert_eq!(places.len(), TOGETHER);
        traffic.over(&places.remove(0), Some(true));
        assert_eq!(traffic.choose(many.iter().chain([&other])), [(other.id, 1)]);
    }

    #[test]
    fn those_that_are_removed_or_not_in_use_wait() {
        let removed = DueWebhook { app: None, target: None, ..due(1, "") };
        let inactive = DueWebhook { is_active: false, ..due(2, "https://two.example") };
        assert!(Traffic::default().choose([&removed, &inactive]).is_empty());
    }

    #[test]
    fn a_host_is_told_from_its_path() {
        for target in ["https://A.example:8443/x", "HTTPS://a.example:8443?y=/", "https://a.example:8443"] {
            assert_eq!(host(target), "a.example:8443", "{target}");
        }
    }
}
