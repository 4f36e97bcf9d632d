//! A line for something slow: one at a time, or a few, and the sources of callers take turns. Whoever floods waits for
//! themselves, and behind whoever comes from the same source for the first time.

use std::{
    collections::VecDeque,
    net::IpAddr,
    sync::{Arc, Mutex},
};

use domain::{cidr::subscriber, refusal::Refusal};
use tokio::sync::oneshot;

use crate::verify::shards::lock;

/// Where callers come from: one subscriber. All unknown addresses are one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Source(Option<IpAddr>);

impl Source {
    pub(crate) fn of(address: Option<IpAddr>) -> Self {
        Self(address.map(subscriber))
    }
}

/// A line. Clones are the same line.
#[derive(Debug, Clone)]
pub(crate) struct Turns {
    line: Arc<Mutex<Line>>,
    /// How many run at most in all, and of one source.
    at_once: usize,
    each: usize,
    /// How many wait at most in all, and of one source.
    most: usize,
    share: usize,
}

#[derive(Debug, Default)]
struct Line {
    /// The sources of those who run.
    running: Vec<Source>,
    /// Those who wait, by source. The source in front is next.
    sources: VecDeque<(Source, VecDeque<Waiting>)>,
}

#[derive(Debug)]
struct Waiting {
    /// Those who come for the first time are in front.
    first: bool,
    turn: oneshot::Sender<Turn>,
}

/// Permission to run. Dropping it lets the next one run.
#[derive(Debug)]
pub(crate) struct Turn {
    turns: Turns,
    source: Source,
}

impl Turns {
    /// A line in which one runs at a time.
    pub(crate) fn new(most: usize, share: usize) -> Self {
        Self { line: Arc::default(), at_once: 1, each: 1, most, share }
    }

    /// The same line, in which some run at once, in all and of one source.
    pub(crate) fn side_by_side(self, at_once: usize, each: usize) -> Self {
        Self { at_once, each, ..self }
    }

    /// Waits for a turn. `Busy`, at once, if too many of this source or of all sources wait already. Whoever comes for the
    /// first time takes the place of one who does not.
    pub(crate) async fn wait(&self, source: Source, first: bool) -> Result<Turn, Refusal> {
        let turn = {
            let mut line = lock(&self.line);
            if line.running.len() < self.at_once && line.running_of(source) < self.each {
                line.running.push(source);
                return Ok(Turn { turns: self.clone(), source });
            }
            line.join(source, first, self.most, self.share)?
        };
        // Sent away later, to make room for another.
        turn.await.map_err(|_| Refusal::Busy)
    }

    /// How many wait.
    pub(crate) fn waiting(&self) -> usize {
        lock(&self.line).waiting()
    }
}

impl Line {
    fn waiting(&self) -> usize {
        self.sources.iter().map(|(_, waiting)| waiting.len()).sum()
    }

    fn running_of(&self, source: Source) -> usize {
        self.running.iter().filter(|running| **running == source).count()
    }

    fn join(
        &mut self,
        source: Source,
        first: bool,
        most: usize,
        share: usize,
    ) -> Result<oneshot::Receiver<Turn>, Refusal> {
        // Whoever hangs up keeps no place.
        for (_, waiting) in &mut self.sources {
            waiting.retain(|waiting| !waiting.turn.is_closed());
        }
        self.sources.retain(|(_, waiting)| !waiting.is_empty());
        let all = self.waiting();
        let place = self.sources.iter().position(|(other, _)| *other == source);
        let own = place.and_then(|place| self.sources.get_mut(place)).map(|(_, waiting)| waiting);
        let count = own.as_ref().map_or(0, |own| own.len());
        if count >= share {
            let gives_way = own.filter(|own| first && own.back().is_some_and(|last| !last.first));
            gives_way.and_then(VecDeque::pop_back).ok_or(Refusal::Busy)?;
        } else if all >= most {
            let longest = self.sources.iter_mut().map(|(_, waiting)| waiting).max_by_key(|waiting| waiting.len());
            longest.filter(|waiting| waiting.len() > count + 1).and_then(VecDeque::pop_back).ok_or(Refusal::Busy)?;
        }
        let (turn, receiver) = oneshot::channel();
        let joined = Waiting { first, turn };
        match place.and_then(|place| self.sources.get_mut(place)) {
            Some((_, waiting)) => {
                let behind = if first { waiting.partition_point(|other| other.first) } else { waiting.len() };
                waiting.insert(behind, joined);
            }
            None => self.sources.push_back((source, [joined].into())),
        }
        Ok(receiver)
    }

    /// Whose turn is next: of the first source that has a place left. It goes to the back.
    fn next(&mut self, each: usize) -> Option<(Source, oneshot::Sender<Turn>)> {
        loop {
            let place = self.sources.iter().position(|(source, _)| self.running_of(*source) < each)?;
            let (source, mut waiting) = self.sources.remove(place)?;
            let next = waiting.pop_front();
            if !waiting.is_empty() {
                self.sources.push_back((source, waiting));
            }
            if let Some(next) = next {
                return Some((source, next.turn));
            }
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut line = lock(&self.turns.line);
        if let Some(place) = line.running.iter().position(|running| *running == self.source) {
            line.running.swap_remove(place);
        }
        let next = line.next(self.turns.each);
        line.running.extend(next.as_ref().map(|(source, _)| *source));
        drop(line);
        if let Some((source, next)) = next {
            // If that caller has hung up, the turn comes back, and dropping it lets the one after them run.
            let _ = next.send(Turn { turns: self.turns.clone(), source });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: usize = 20;
    const SHARE: usize = 5;

    fn source(address: &str) -> Source {
        Source::of(Some(address.parse().unwrap()))
    }

    /// Joins the line, and writes its name down when its turn comes.
    async fn join(turns: &Turns, name: &str, served: &Arc<Mutex<Vec<String>>>) -> tokio::task::JoinHandle<bool> {
        join_again(turns, name, served, false).await
    }

    async fn join_again(
        turns: &Turns,
        name: &str,
        served: &Arc<Mutex<Vec<String>>>,
        first: bool,
    ) -> tokio::task::JoinHandle<bool> {
        let (mine, served, name) = (turns.clone(), Arc::clone(served), name.to_owned());
        let source = source(&name);
        let joined = tokio::spawn(async move {
            let turn = mine.wait(source, first).await;
            let came = turn.is_ok();
            if came {
                lock(&served).push(name);
            }
            came
        });
        for _ in 0..5 {
            tokio::task::yield_now().await;
        }
        joined
    }

    #[tokio::test]
    async fn sources_take_turns_and_a_flood_has_a_share() {
        let turns = Turns::new(MOST, SHARE);
        let served = Arc::default();
        let running = turns.wait(source("192.0.2.1"), false).await.unwrap();
        let mut flood = Vec::new();
        for _ in 0..=SHARE {
            flood.push(join(&turns, "192.0.2.1", &served).await);
        }
        let last = flood.pop().unwrap();
        assert!(last.is_finished() && !last.await.unwrap(), "beyond its share a source is refused at once");
        let other = join(&turns, "192.0.2.2", &served).await;
        drop(running);
        assert!(other.await.unwrap());
        for joined in flood {
            assert!(joined.await.unwrap());
        }
        let place = lock(&served).iter().position(|name| name == "192.0.2.2");
        assert!(place.unwrap() <= 1, "the other source waits for one turn, not for the whole flood");
        assert!(lock(&turns.line).running.is_empty(), "the line is free again");
    }

    #[tokio::test]
    async fn one_source_takes_only_some_of_several_places() {
        let turns = Turns::new(MOST, SHARE).side_by_side(4, 2);
        let (one, two) = (source("192.0.2.1"), source("192.0.2.2"));
        let mut running = vec![turns.wait(one, false).await.unwrap(), turns.wait(one, false).await.unwrap()];
        let served = Arc::default();
        let third = join(&turns, "192.0.2.1", &served).await;
        assert_eq!(turns.waiting(), 1, "there are places, but not for this source");
        let others = [turns.wait(two, false).await.unwrap(), turns.wait(two, false).await.unwrap()];
        let new = join(&turns, "192.0.2.3", &served).await;
        assert_eq!(turns.waiting(), 2);
        // The first in the line has no place of its own yet, so the free one is the next source's.
        drop(others);
        assert!(new.await.unwrap());
        assert_eq!(turns.waiting(), 1);
        running.pop();
        assert!(third.await.unwrap());
        drop(running);
        assert!(lock(&turns.line).running.is_empty());
    }

    #[tokio::test]
    async fn whoever_comes_for_the_first_time_goes_before_a_flood_of_the_same_source() {
        let turns = Turns::new(MOST, SHARE);
        let served = Arc::default();
        let running = turns.wait(source("192.0.2.1"), false).await.unwrap();
        let mut flood = Vec::new();
        for _ in 0..SHARE {
            flood.push(join(&turns, "192.0.2.1", &served).await);
        }
        let mut new = Vec::new();
        for _ in 0..SHARE {
            new.push(join_again(&turns, "192.0.2.1", &served, true).await);
        }
        assert_eq!(turns.waiting(), SHARE);
        let more = join_again(&turns, "192.0.2.1", &served, true).await;
        assert!(more.is_finished() && !more.await.unwrap(), "none of those gives way");
        drop(running);
        for joined in new {
            assert!(joined.await.unwrap());
        }
        for joined in flood {
            assert!(!joined.await.unwrap());
        }
    }

    #[tokio::test]
    async fn a_full_line_makes_room_for_a_source_that_has_nobody_in_it() {
        let turns = Turns::new(MOST, SHARE);
        let served = Arc::default();
        let running = turns.wait(source("192.0.2.1"), false).await.unwrap();
        let mut waiting = Vec::new();
        for n in 0..MOST {
            waiting.push(join(&turns, &format!("192.0.2.{}", n / SHARE), &served).await);
        }
        let new = join(&turns, "203.0.113.1", &served).await;
        assert_eq!(turns.waiting(), MOST);
        drop(running);
        assert!(new.await.unwrap());
        let mut sent_away = 0;
        for joined in waiting {
            sent_away += usize::from(!joined.await.unwrap());
        }
        assert_eq!(sent_away, 1);

        // Where each source has one in the line, it is first come, first served.
        let running = turns.wait(source("192.0.2.1"), false).await.unwrap();
        let mut waiting = Vec::new();
        for n in 0..MOST {
            waiting.push(join(&turns, &format!("192.0.2.{n}"), &served).await);
        }
        let last = join(&turns, "203.0.113.1", &served).await;
        assert!(last.is_finished() && !last.await.unwrap());
        drop(running);
        for joined in waiting {
            assert!(joined.await.unwrap());
        }
    }

    #[tokio::test]
    async fn whoever_hangs_up_keeps_no_place_and_no_turn() {
        let turns = Turns::new(MOST, SHARE);
        let served = Arc::default();
        let running = turns.wait(source("192.0.2.1"), false).await.unwrap();
        for _ in 0..3 * SHARE {
            let joined = join(&turns, "192.0.2.1", &served).await;
            joined.abort();
            joined.await.unwrap_err();
        }
        let last = join(&turns, "192.0.2.1", &served).await;
        assert_eq!(turns.waiting(), 1);
        drop(running);
        assert!(last.await.unwrap());
        turns.wait(source("192.0.2.1"), false).await.unwrap();
    }

    #[test]
    fn one_subscriber_is_one_source() {
        assert_eq!(source("2001:db8:1:2:3:4:5:6"), source("2001:db8:1:2::1"));
        assert_ne!(source("2001:db8:1:2::1"), source("2001:db8:1:3::1"));
        assert_ne!(source("192.0.2.1"), source("192.0.2.2"));
        assert_ne!(source("192.0.2.1"), Source::of(None));
    }
}
