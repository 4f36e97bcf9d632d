//! A question that many ask at the same moment in a lane is answered once. Whoever asks while an answer is being read shares
//! the next one, so that no answer is older than its question.

use std::{
    collections::HashMap,
    fmt,
    future::Future,
    hash::Hash,
    sync::{Arc, Mutex},
};

use store::lanes::Lanes;
use tokio::sync::oneshot;

use crate::{
    error::{Error, Result},
    verify::shards::lock,
};

/// How often an answer waits for more who are about to ask.
const WAITS: u32 = 8;

/// Those who wait for the next answer to a question. A question is in here while it is being answered.
type Waiting<Q, A> = HashMap<Q, Vec<oneshot::Sender<A>>>;

pub(crate) struct Same<Q, A>(Lanes<Arc<Mutex<Waiting<Q, A>>>>);

impl<Q, A> Same<Q, A>
where
    Q: Clone + Eq + Hash + Send + Sync + 'static,
    A: Clone + Send + 'static,
{
    /// An answer that began to be read after this call. `read` reads it for everyone who asks the same.
    pub(crate) async fn ask<F>(&self, question: Q, read: impl Fn(Q) -> F + Send + 'static) -> Result<A>
    where
        F: Future<Output = A> + Send,
    {
        let (sender, answer) = oneshot::channel();
        let lane = self.0.own();
        let is_being_answered = {
            let mut waiting = lock(lane);
            let known = waiting.get_mut(&question);
            let is_known = known.is_some();
            match known {
                Some(senders) => senders.push(sender),
                None => drop(waiting.insert(question.clone(), vec![sender])),
            }
            is_known
        };
        if !is_being_answered {
            // In a separate task, because this caller may go away while others wait.
            let waiting = Arc::clone(lane);
            tokio::spawn(async move {
                loop {
                    gather(|| lock(&waiting).get(&question).map_or(0, Vec::len)).await;
                    let Some(senders) = next(&waiting, &question) else { return };
                    tell(senders, read(question.clone()).await);
                }
            });
        }
        answer.await.map_err(|error| Error::internal("a read was abandoned", error))
    }
}

/// Lets those ask first who are about to, as long as they become more. Whoever is alone does not wait.
pub(crate) async fn gather(asked: impl Fn() -> usize) {
    let mut known = 0;
    for _ in 0..WAITS {
        let waiting = asked();
        if waiting == known {
            return;
        }
        known = waiting;
        tokio::task::yield_now().await;
    }
}

/// Takes those who wait. If there are none, ends the answering before anybody else can join them.
fn next<Q: Eq + Hash, A>(waiting: &Mutex<Waiting<Q, A>>, question: &Q) -> Option<Vec<oneshot::Sender<A>>> {
    let mut waiting = lock(waiting);
    let senders = waiting.get_mut(question).map(std::mem::take).filter(|senders| !senders.is_empty());
    if senders.is_none() {
        waiting.remove(question);
    }
    senders
}

/// Sends an answer to everyone who waits. A failed send means that the caller has gone.
pub(crate) fn tell<A: Clone>(mut senders: Vec<oneshot::Sender<A>>, answer: A) {
    // There is almost always just one, which takes the answer without a copy.
    let Some(last) = senders.pop() else { return };
    for sender in senders {
        drop(sender.send(answer.clone()));
    }
    drop(last.send(answer));
}

impl<Q, A> Default for Same<Q, A> {
    fn default() -> Self {
        Self(Lanes::each(Arc::default))
    }
}

impl<Q, A> fmt::Debug for Same<Q, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Same").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::{sync::Notify, task::JoinSet};

    use super::*;
    use crate::lanes;

    #[tokio::test]
    async fn whoever_asks_while_an_answer_is_read_shares_the_next() {
        let same = Arc::new(Same::<&str, u32>::default());
        let (reads, go) = (Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
        let ask = |question| {
            let (same, reads, go) = (Arc::clone(&same), Arc::clone(&reads), Arc::clone(&go));
            async move {
                let read = move |_| {
                    let (reads, go) = (Arc::clone(&reads), Arc::clone(&go));
                    async move {
                        let number = reads.fetch_add(1, Ordering::SeqCst) + 1;
                        go.notified().await;
                        number
                    }
                };
                same.ask(question, read).await.unwrap()
            }
        };
        let first = tokio::spawn(ask("a page"));
        while reads.load(Ordering::SeqCst) < 1 {
            tokio::task::yield_now().await;
        }
        let mut later = JoinSet::new();
        for _ in 0..30 {
            later.spawn(ask("a page"));
        }
        while lock(same.0.own()).get("a page").is_none_or(|senders| senders.len() < 30) {
            tokio::task::yield_now().await;
        }
        go.notify_one();
        assert_eq!(first.await.unwrap(), 1);
        go.notify_one();
        while let Some(answer) = later.join_next().await {
            assert_eq!(answer.unwrap(), 2);
        }
        while !lock(same.0.own()).is_empty() {
            tokio::task::yield_now().await;
        }
        go.notify_one();
        assert_eq!(ask("a page").await, 3);
    }

    #[tokio::test]
    async fn whoever_asks_in_another_lane_waits_for_no_answer_of_this_one() {
        let same = Arc::new(Same::<&str, u32>::default());
        let (slow, of_another) = (same.ask("a page", |_| std::future::pending()), Arc::clone(&same));
        let another = tokio::task::spawn_blocking(move || {
            lanes::take(1);
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(of_another.ask("a page", |_| async { 7 })).unwrap()
        });
        tokio::pin!(slow);
        tokio::select! {
            biased;
            _ = &mut slow => unreachable!("nothing answers it"),
            answer = another => assert_eq!(answer.unwrap(), 7),
        }
    }

    #[tokio::test]
    async fn other_questions_do_not_wait() {
        let same = Same::<u32, u32>::default();
        let slow = same.ask(1, |_| std::future::pending());
        let quick = same.ask(2, |question| async move { question * 10 });
        tokio::pin!(slow);
        tokio::select! {
            biased;
            _ = &mut slow => unreachable!("nothing answers it"),
            answer = quick => assert_eq!(answer.unwrap(), 20),
        }
    }
}
