//! Spans that wait to be sent. There is room for so many and no more, so that a collector that is away costs no memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// How many spans may wait, each about a kilobyte.
const ROOM: usize = 2_048;

/// Where spans go when they end.
#[derive(Debug)]
pub(super) struct Queue {
    spans: Sender<SpanData>,
    dropped: Arc<AtomicU64>,
}

/// Where they are taken from.
#[derive(Debug)]
pub(super) struct Waiting {
    pub spans: Receiver<SpanData>,
    /// How many found no room, or could not be sent, since somebody last asked.
    pub dropped: Arc<AtomicU64>,
}

/// A queue and its end.
pub(super) fn queue() -> (Queue, Waiting) {
    let (sender, receiver) = channel(ROOM);
    let dropped = Arc::<AtomicU64>::default();
    (Queue { spans: sender, dropped: Arc::clone(&dropped) }, Waiting { spans: receiver, dropped })
}

impl SpanProcessor for Queue {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        if span.span_context.is_sampled() && self.spans.try_send(span).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The exporter sends what waits; nobody waits for it here.
    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{Tracer, TracerProvider};
    use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};

    use super::*;

    #[test]
    fn what_finds_no_room_is_counted_and_nobody_waits() {
        let (queue, mut waiting) = queue();
        let provider = SdkTracerProvider::builder().with_sampler(Sampler::AlwaysOn).with_span_processor(queue).build();
        let tracer = provider.tracer("test");
        for _ in 0..ROOM + 7 {
            drop(tracer.start("span"));
        }
        assert_eq!(waiting.dropped.load(Ordering::Relaxed), 7);
        assert_eq!(waiting.spans.try_recv().unwrap().name, "span");
    }

    #[test]
    fn what_is_not_sampled_takes_no_room() {
        let (queue, mut waiting) = queue();
        let provider = SdkTracerProvider::builder().with_sampler(Sampler::AlwaysOff).with_span_processor(queue).build();
        drop(provider.tracer("test").start("span"));
        assert!(waiting.spans.try_recv().is_err());
    }
}
