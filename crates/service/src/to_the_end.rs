//! Work that goes on if whoever asked for it goes away.

use std::future::Future;

use crate::{Error, Result};

/// Does the work in a task of its own, and waits for it. `what` says what failed if the task breaks.
pub(crate) async fn to_the_end<T: Send + 'static>(
    what: &'static str,
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    tokio::spawn(work).await.map_err(|error| Error::internal(what, error))?
}
