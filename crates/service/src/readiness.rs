//! Whether this process can serve: the database can be read, and it can be written.

use std::time::{Duration, Instant};

use domain::timestamp::Millis;
use store::{StoreError, Tx};

use crate::{Error, Service};

/// How long the outcome of a write that was made only to see counts. So questions of strangers cost few writes.
const BELIEVED_FOR: Duration = Duration::from_secs(5);

/// Why this process cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum NotReady {
    /// There is a database, but not the one to use, or a newer release has taken it over.
    #[error("{0}")]
    WrongDatabase(StoreError),
    /// The database cannot be read.
    #[error("the database cannot be read: {0}")]
    CannotRead(Error),
    /// The database cannot be written.
    #[error("the database cannot be written: {0}")]
    CannotWrite(StoreError),
}

impl NotReady {
    /// The reason in a few words. What the database itself says is for the log.
    pub fn words(&self) -> String {
        match self {
            Self::WrongDatabase(_) => self.to_string(),
            Self::CannotRead(_) => "the database cannot be read".to_owned(),
            Self::CannotWrite(_) => "the database cannot be written".to_owned(),
        }
    }
}

/// What was last seen of the writer.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    /// The writes that had succeeded by then, and those that had not.
    writes: (u64, u64),
    /// The last write that was made to see, and its outcome.
    tried: Option<(Instant, Result<(), StoreError>)>,
}

impl Service {
    /// Whether the database can be read and written. Unless writes have succeeded since the last question, and none has
    /// failed, makes one that changes nothing, at most every five seconds.
    pub async fn ready(&self) -> Result<(), NotReady> {
        self.verifier().poll().await.map_err(|error| match error {
            Error::Store(error @ (StoreError::Elsewhere(_) | StoreError::TakenOver(_))) => {
                NotReady::WrongDatabase(error)
            }
            error => NotReady::CannotRead(error),
        })?;
        let mut seen = self.writer().lock().await;
        let writes = self.writes();
        let (before, broken) = seen.writes;
        if writes.0 > before && writes.1 == broken {
            *seen = Writer { writes, tried: None };
            return Ok(());
        }
        let now = self.instant();
        if let Some((at, outcome)) = &seen.tried
            && writes.1 == broken
            && now.saturating_duration_since(*at) < BELIEVED_FOR
        {
            return outcome.clone().map_err(NotReady::CannotWrite);
        }
        // Whoever asks may go away before the answer. Then the next one must not try at once.
        let unknown = StoreError::Unavailable("the last write has not been answered".to_owned());
        *seen = Writer { writes, tried: Some((now, Err(unknown))) };
        let outcome: Result<(), StoreError> = self.write(async |tx: &mut Tx| tx.try_room().await).await;
        *seen = Writer { writes: self.writes(), tried: Some((now, outcome.clone())) };
        outcome.map_err(NotReady::CannotWrite)
    }

    /// How far this machine's clock is ahead of the database's (behind, if negative), if that is over five seconds.
    pub fn clock_off(&self) -> Option<Millis> {
        self.verifier().clock_off()
    }

    fn writes(&self) -> (u64, u64) {
        let large = self.store().write_count().saturating_sub(self.beats_written());
        (large, self.store().broken_write_count())
    }
}
