//! A part of a page whose reads take time.

use leptos::prelude::Suspend;
use leptos::reactive::computed::ScopedFuture;
use tracing::Instrument;

/// The part once its future has ended. All parts of a page go on at the same time, each in a task of its own: the renderer
/// polls a part once and then awaits one after the other, so one that it has left alone could hold the connection that the
/// awaited one needs.
pub fn later<T: Send + 'static>(part: impl Future<Output = T> + Send + 'static) -> Suspend<T> {
    let task = tokio::spawn(ScopedFuture::new(part.in_current_span()));
    Suspend::new(async move {
        match task.await {
            Ok(part) => part,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The server is stopping.
                Err(_) => std::future::pending().await,
            },
        }
    })
}
