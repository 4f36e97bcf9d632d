//! Traces for a collector that speaks OTLP: spans of requests, and of what the database took long for. What has no
//! collector costs nothing, and a collector that is away delays nobody.

mod collector;
mod exporter;
mod queue;
pub(crate) mod request;
pub(crate) mod settings;

use opentelemetry::KeyValue;
use opentelemetry::trace::{Span as _, SpanKind, Tracer as _, TracerProvider as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use store::{Observe, Slow};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use collector::Collector;
use exporter::{Exporter, Sending};
use settings::TraceSettings;

/// The target of spans that the collector gets. They are in no line of the log.
pub(crate) const TARGET: &str = "keystead::trace";

/// What makes spans, and what sends them once it is started.
#[derive(Debug)]
pub(crate) struct Traces {
    tracer: SdkTracer,
    exporter: Exporter,
}

impl Traces {
    /// Prepares to send what these settings say. Fails if there is no TLS.
    pub fn of(settings: TraceSettings) -> Result<Self, String> {
        let resource = Resource::builder()
            .with_service_name(settings.service_name.clone())
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let sampler = settings.sampler.clone();
        let (queue, waiting) = queue::queue();
        let exporter = Exporter::new(Collector::new(settings)?, waiting, &resource);
        let provider = SdkTracerProvider::builder()
            .with_resource(resource)
            .with_sampler(sampler)
            .with_span_processor(queue)
            .build();
        Ok(Self { tracer: provider.tracer("keystead"), exporter })
    }

    /// What makes the spans.
    pub fn tracer(&self) -> SdkTracer {
        self.tracer.clone()
    }

    /// Begins to send, on this runtime.
    pub fn start(self) -> Sending {
        Sending::start(self.exporter)
    }
}

/// Makes a span of each read or write that took long, in the trace of the request that waited for it.
pub(crate) struct SlowSpans(pub SdkTracer);

impl Observe for SlowSpans {
    fn slow(&self, slow: Slow) {
        let end = opentelemetry::time::now();
        let begin = end.checked_sub(slow.took).unwrap_or(end);
        let what = if slow.writes { "write" } else { "read" };
        let attributes = [
            KeyValue::new("db.system.name", if slow.engine == "SQLite" { "sqlite" } else { "postgresql" }),
            KeyValue::new("db.operation.name", slow.name),
            KeyValue::new("keystead.store.kind", what),
        ];
        let span = self.0.span_builder(format!("{what} {}", slow.name));
        let span = span.with_kind(SpanKind::Client).with_start_time(begin).with_attributes(attributes);
        span.start_with_context(&self.0, &Span::current().context()).end_with_timestamp(end);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::body::Body;
    use axum::extract::Request;
    use axum::http::StatusCode;
    use opentelemetry_sdk::trace::Sampler;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[test]
    fn what_took_long_is_in_the_trace_of_its_request() {
        let (queue, mut waiting) = queue::queue();
        let provider = SdkTracerProvider::builder().with_sampler(Sampler::AlwaysOn).with_span_processor(queue).build();
        let tracer = provider.tracer("test");
        let layer = tracing_opentelemetry::layer().with_tracer(tracer.clone());
        let took = Duration::from_millis(80);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let of_request = Request::new(Body::empty());
            let span = request::begin(&Span::none(), &of_request, "id", false);
            let read = Slow { name: "find_key", writes: false, engine: "SQLite", took };
            span.in_scope(|| SlowSpans(tracer).slow(read));
            request::answered(&span, StatusCode::INTERNAL_SERVER_ERROR);
        });
        let (read, request) = (waiting.spans.try_recv().unwrap(), waiting.spans.try_recv().unwrap());
        assert_eq!((read.name.as_ref(), request.name.as_ref()), ("read find_key", "GET -"));
        assert_eq!(read.parent_span_id, request.span_context.span_id());
        assert_eq!(read.span_context.trace_id(), request.span_context.trace_id());
        assert_eq!(read.end_time.duration_since(read.start_time).unwrap(), took);
        assert!(matches!(request.status, opentelemetry::trace::Status::Error { .. }));
    }
}
