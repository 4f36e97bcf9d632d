//! How many connections there may be, and who goes first when there are too many.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::num::NonZero;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::available_parallelism;

use domain::cidr::subscriber;
use hyper::body::Incoming;
use rustix::process::{Resource, getrlimit};
use service::metrics::{Closed, Metrics};
use tokio::task::AbortHandle;

use crate::client_address::TrustedProxies;

/// The most connections, however many descriptors there are. Each takes a few kilobytes, more if somebody fills its
/// buffers.
const MOST: usize = 32_768;

/// Descriptors that connections leave for the database, its journal and whatever else is open, and for each processor's threads.
const RESERVE: usize = 64;
const RESERVE_EACH: usize = 8;

/// All open connections. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Connections(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    open: Mutex<Open>,
    most: usize,
    proxies: Arc<TrustedProxies>,
    metrics: Metrics,
}

#[derive(Debug, Default)]
struct Open {
    count: usize,
    sources: HashMap<IpAddr, VecDeque<Arc<Connection>>>,
}

/// What is known of one connection.
#[derive(Debug, Default)]
pub(crate) struct Connection {
    /// Requests so far.
    requests: AtomicU32,
    /// Whether a request is being answered.
    busy: AtomicBool,
    /// Whether a long answer is on its way.
    sending: AtomicBool,
    /// Whether there was a request since somebody last looked for one to close.
    active: AtomicBool,
    /// Whether the last request was answered before its body was read.
    unread: AtomicBool,
    /// What is left of that body, while the answer is not on its way.
    rest: Mutex<Option<Incoming>>,
    /// Whether somebody tried to sign in on it.
    tried: AtomicBool,
    /// The task that serves it.
    task: OnceLock<AbortHandle>,
    closed: AtomicBool,
    /// Why it ended, if not by itself.
    why: OnceLock<Closed>,
}

impl Connection {
    /// A request has begun; it ends when this is dropped.
    pub(crate) fn request(&self) -> Answering<'_> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.unread.store(false, Ordering::Relaxed);
        self.busy.store(true, Ordering::Relaxed);
        self.active.store(true, Ordering::Relaxed);
        Answering(self)
    }

    /// How many requests have begun.
    pub(crate) fn requests(&self) -> u32 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Whether a request is being answered.
    pub(crate) fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Relaxed)
    }

    /// A long answer is on its way until this is dropped.
    pub(crate) fn sends(self: &Arc<Self>) -> Sending {
        self.sending.store(true, Ordering::Relaxed);
        Sending(Arc::clone(self))
    }

    /// Whether a request is being answered, or a long answer is on its way.
    pub(crate) fn is_in_use(&self) -> bool {
        self.is_busy() || self.sending.load(Ordering::Relaxed)
    }

    /// Nobody reads the rest of a body.
    pub(crate) fn leaves_unread(&self) {
        self.unread.store(true, Ordering::Relaxed);
    }

    /// Nobody reads the rest of a body. While the request is being answered, the rest can be asked for.
    pub(crate) fn leaves(&self, rest: Incoming) {
        self.leaves_unread();
        let mut place = self.rest.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_busy() {
            *place = Some(rest);
        }
    }

    /// What nobody has read of the body of the last request.
    pub(crate) fn rest(&self) -> Option<Incoming> {
        self.rest.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The rest of the body was read after all.
    pub(crate) fn has_read(&self) {
        self.unread.store(false, Ordering::Relaxed);
    }

    /// Whether the last request was answered before its body was read.
    pub(crate) fn has_unread(&self) -> bool {
        self.unread.load(Ordering::Relaxed)
    }

    /// Whether nobody tried to sign in on it before. From now on, somebody has.
    pub(crate) fn is_first_try(&self) -> bool {
        !self.tried.swap(true, Ordering::Relaxed)
    }

    /// From now on it can be closed, by ending its task.
    pub(crate) fn served_by(&self, task: AbortHandle) {
        if self.closed.load(Ordering::Acquire) {
            task.abort();
        }
        // There is one task for each.
        let _ = self.task.set(task);
    }

    /// It ends now, for this reason.
    pub(crate) fn ends(&self, why: Closed) {
        // The first reason is the one.
        let _ = self.why.set(why);
    }

    /// Why it ended.
    pub(crate) fn why(&self) -> Closed {
        self.why.get().copied().unwrap_or(Closed::Ended)
    }

    fn close(&self) {
        self.ends(Closed::Full);
        self.closed.store(true, Ordering::Release);
        if let Some(task) = self.task.get() {
            task.abort();
        }
    }
}

/// The first sign-in of its connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FirstTry;

/// A request that is being answered.
#[derive(Debug)]
pub(crate) struct Answering<'c>(&'c Connection);

impl Drop for Answering<'_> {
    fn drop(&mut self) {
        self.0.busy.store(false, Ordering::Relaxed);
    }
}

/// A long answer that is on its way.
#[derive(Debug)]
pub(crate) struct Sending(Arc<Connection>);

impl Drop for Sending {
    fn drop(&mut self) {
        self.0.sending.store(false, Ordering::Relaxed);
    }
}

/// A place among the connections; dropping it frees the place.
#[derive(Debug)]
pub(crate) struct Place {
    pub connection: Arc<Connection>,
    source: IpAddr,
    among: Connections,
}

impl Place {
    /// Whether a trusted proxy is at its other end.
    pub(crate) fn is_of_proxy(&self, peer: IpAddr) -> bool {
        self.among.0.proxies.sent(Some(peer))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.among.0.metrics.connection_closed(self.connection.why());
        let mut open = self.among.open();
        let Open { count, sources } = &mut *open;
        let Some(queue) = sources.get_mut(&self.source) else { return };
        // One that gave way is not there any more.
        if let Some(at) = queue.iter().position(|other| Arc::ptr_eq(other, &self.connection)) {
            queue.remove(at);
            *count -= 1;
        }
        if queue.is_empty() {
            sources.remove(&self.source);
        }
    }
}

impl Connections {
    pub(crate) fn new(proxies: Arc<TrustedProxies>, metrics: Metrics) -> Self {
        let descriptors = getrlimit(Resource::Nofile).current.and_then(|limit| usize::try_from(limit).ok());
        let processors = available_parallelism().map_or(1, NonZero::get);
        let reserve = RESERVE.saturating_add(RESERVE_EACH.saturating_mul(processors));
        let most = descriptors.unwrap_or(MOST).saturating_sub(reserve).clamp(16, MOST);
        Self::with(most, proxies, metrics)
    }

    fn with(most: usize, proxies: Arc<TrustedProxies>, metrics: Metrics) -> Self {
        Self(Arc::new(Inner { open: Mutex::default(), most, proxies, metrics }))
    }

    /// A place for a new connection. If all are taken, or one source has half of them, the connection of that source
    /// that has been idle longest gives way; if none is, one that takes a long answer. `None` if all of them wait for one.
    pub(crate) fn enter(&self, peer: IpAddr) -> Option<Place> {
        let source = subscriber(peer);
        let mut open = self.open();
        let own = open.sources.get(&source).map_or(0, VecDeque::len);
        let crowded = if own >= self.0.most / 2 && !self.0.proxies.sent(Some(peer)) {
            Some(source)
        } else if open.count >= self.0.most {
            open.sources.iter().max_by_key(|(_, queue)| queue.len()).map(|(source, _)| *source)
        } else {
            None
        };
        if let Some(crowded) = crowded {
            let closed =
                open.close(&crowded, Connection::is_in_use).or_else(|| open.close(&crowded, Connection::is_busy));
            if closed.is_none() {
                self.0.metrics.connection_refused();
            }
            closed?;
        }
        let connection = Arc::new(Connection::default());
        open.sources.entry(source).or_default().push_back(Arc::clone(&connection));
        open.count += 1;
        self.0.metrics.connection_opened();
        Some(Place { connection, source, among: self.clone() })
    }

    fn open(&self) -> std::sync::MutexGuard<'_, Open> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    /// Closes the connection of a source that has done nothing for the longest time, of those that may be closed. Whoever
    /// sent a request since the last time goes to the end of the queue.
    fn close(&mut self, source: &IpAddr, may_not: fn(&Connection) -> bool) -> Option<()> {
        let queue = self.sources.get_mut(source)?;
        for _ in 0..queue.len() * 2 {
            let connection = queue.pop_front()?;
            if may_not(&connection) || connection.active.swap(false, Ordering::Relaxed) {
                queue.push_back(connection);
                continue;
            }
            connection.close();
            self.count -= 1;
            return Some(());
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn closed(place: &Place) -> bool {
        place.connection.closed.load(Ordering::Acquire)
    }

    #[test]
    fn the_longest_idle_of_the_largest_source_gives_way() {
        let proxies = TrustedProxies::parse("10.0.0.1").unwrap();
        let connections = Connections::with(8, Arc::new(proxies), Metrics::unread().unwrap());
        let crowd: Vec<_> = (0..4).map(|_| connections.enter(address("192.0.2.1")).unwrap()).collect();
        // Half of all places is enough for one source.
        let first = Arc::clone(&crowd[0].connection);
        let _answering = first.request();
        let fifth = connections.enter(address("192.0.2.1")).unwrap();
        assert_eq!(crowd.iter().map(closed).collect::<Vec<_>>(), [false, true, false, false]);
        // A proxy may have more, for it brings everybody.
        let proxy: Vec<_> = (0..4).map(|_| connections.enter(address("10.0.0.1")).unwrap()).collect();
        let other = connections.enter(address("198.51.100.7")).unwrap();
        assert_eq!(proxy.iter().chain(&crowd).chain([&fifth]).filter(|place| closed(place)).count(), 2);
        assert!(!closed(&other));
        drop((crowd, fifth, proxy, other));
        let open = connections.open();
        assert_eq!((open.count, open.sources.len()), (0, 0));
    }

    #[test]
    fn who_takes_a_long_answer_gives_way_last() {
        let connections = Connections::with(4, Arc::default(), Metrics::unread().unwrap());
        let [first, second] = [(); 2].map(|()| connections.enter(address("192.0.2.1")).unwrap());
        let sending = first.connection.sends();
        let third = connections.enter(address("192.0.2.1")).unwrap();
        assert!(!closed(&first) && closed(&second));
        let _also = third.connection.sends();
        connections.enter(address("192.0.2.1")).unwrap();
        assert!(closed(&first) && !closed(&third), "the longest of those");
        drop(sending);
        assert!(!first.connection.is_in_use());
    }

    #[test]
    fn nobody_is_closed_in_the_middle_of_an_answer() {
        let connections = Connections::with(2, Arc::default(), Metrics::unread().unwrap());
        let place = connections.enter(address("192.0.2.1")).unwrap();
        let connection = Arc::clone(&place.connection);
        let answering = connection.request();
        assert!(connections.enter(address("192.0.2.1")).is_none());
        drop(answering);
        let next = connections.enter(address("192.0.2.1")).unwrap();
        assert!(closed(&place) && !closed(&next));
        assert_eq!((place.connection.why(), next.connection.why()), (Closed::Full, Closed::Ended));
    }
}
