//! Answers that go on for as long as a session does, such as the connectivity test. Each session has a few.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use domain::{ids::PersonId, refusal::Refusal};
use tokio_util::sync::CancellationToken;

use crate::{
    Service,
    sessions::{Person, Session},
    verify::shards::lock,
};

/// How many streams a session may have open.
pub const STREAMS_MAX: usize = 5;

/// The streams of all sessions in this process.
#[derive(Debug, Default)]
pub(crate) struct Streams(Mutex<HashMap<[u8; 32], Open>>);

#[derive(Debug, Default)]
struct Open {
    count: usize,
    ended: CancellationToken,
    /// The id of the person.
    of: String,
}

/// A place for one stream. Dropping it makes room for another.
#[derive(Debug)]
pub struct Stream {
    session: [u8; 32],
    ended: CancellationToken,
    /// What the person was when it began.
    person: Person,
    streams: Arc<Streams>,
}

impl Streams {
    /// How many are open.
    pub(crate) fn count(&self) -> u64 {
        let count: usize = lock(&self.0).values().map(|open| open.count).sum();
        u64::try_from(count).unwrap_or(u64::MAX)
    }

    /// Ends the streams of a session that has ended.
    pub(crate) fn end(&self, id_mac: &[u8; 32]) {
        if let Some(open) = lock(&self.0).remove(id_mac) {
            open.ended.cancel();
        }
    }

    /// Ends the streams of a person whose sessions have ended, or who may do something else from now on.
    pub(crate) fn end_all_of(&self, person: &PersonId) {
        for open in lock(&self.0).values_mut().filter(|open| open.of == person.as_str()) {
            std::mem::take(&mut open.ended).cancel();
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let mut all = lock(&self.streams.0);
        if let Some(open) = all.get_mut(&self.session) {
            open.count = open.count.saturating_sub(1);
            if open.count == 0 {
                all.remove(&self.session);
            }
        }
    }
}

impl Service {
    /// A place for one more stream of the session. `TooManyStreams` if it has as many as it may.
    pub fn stream(&self, session: &Session) -> Result<Stream, Refusal> {
        let streams = Arc::clone(self.streams());
        let mut all = lock(&streams.0);
        let open = all.entry(session.id_mac).or_default();
        if open.count >= STREAMS_MAX {
            return Err(Refusal::TooManyStreams);
        }
        open.count += 1;
        session.person.id.as_str().clone_into(&mut open.of);
        let ended = open.ended.clone();
        drop(all);
        Ok(Stream { session: session.id_mac, ended, person: session.person.clone(), streams })
    }

    /// Waits until the stream's session ends, or the person has another role, other apps or keys: here, at once; by time or in
    /// another process, when this looks again. While the database does not answer, the stream goes on.
    pub async fn session_ends(&self, stream: &Stream, look_every: Duration) {
        loop {
            tokio::select! {
                () = stream.ended.cancelled() => return,
                () = tokio::time::sleep(look_every) => {}
            }
            match self.session_of(&stream.session).await {
                Ok(Some(session)) if session.person == stream.person && !session.owes() => {}
                Ok(_) => return,
                Err(_) => {}
            }
        }
    }
}
