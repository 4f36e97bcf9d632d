//! How long Keystead waits for the database.

use std::time::Duration;

use crate::error::StoreError;

/// How long a caller waits for a connection, for the write lock, or for the answer to a read.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// How long a whole write may take, its wait included. Far more than any write needs.
pub(crate) const LONGEST_WRITE: Duration = Duration::from_mins(1);

/// Fails after `time`. A server that vanished says nothing at all, and would be awaited forever.
pub(crate) async fn within<T, E: From<StoreError>>(
    time: Duration,
    answer: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    tokio::time::timeout(time, answer).await.map_err(|_| StoreError::Unavailable(late(time)))?
}

/// What is said of it.
pub(crate) fn late(time: Duration) -> String {
    format!("the database did not answer in {} s", time.as_secs())
}
