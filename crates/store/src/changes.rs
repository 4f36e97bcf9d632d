//! What other processes announce.

use sqlx::postgres::PgListener;

use crate::dialect;
use crate::error::StoreError;

/// What was announced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Announced {
    /// A new version.
    Version,
    /// The node with this id has changed something that concerns the others.
    OfNode(String),
    /// What [`Store::tell_others`](crate::Store::tell_others) was given.
    Told(String),
    /// Perhaps both: announcements may have been lost.
    Anything,
}

/// A stream of announced changes, on its own connection.
#[derive(Debug)]
pub struct Changes(pub(crate) PgListener);

impl Changes {
    /// Waits until something has changed, or may have changed, since a lost connection loses announcements.
    pub async fn next(&mut self) -> Result<Announced, StoreError> {
        Ok(dialect::announced(self.0.try_recv().await?.as_ref()))
    }
}
