//! The collector: where spans go over HTTP, as OTLP in protobuf.

use std::fmt;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderName, HeaderValue, Method, Request, StatusCode, Uri, header};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;
use tokio::time::timeout;

use super::settings::TraceSettings;
use crate::outbound::Outbound;

/// The largest answer that is read.
const ANSWER_MAX: usize = 64 * 1024;

const PROTOBUF: HeaderValue = HeaderValue::from_static("application/x-protobuf");

/// A collector.
pub(super) struct Collector {
    outbound: Outbound,
    endpoint: Uri,
    headers: Vec<(HeaderName, HeaderValue)>,
    timeout: Duration,
}

impl fmt::Debug for Collector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Collector").field("endpoint", &self.endpoint.host()).finish_non_exhaustive()
    }
}

/// Why spans did not arrive.
#[derive(Debug)]
pub(super) struct Undelivered {
    pub why: String,
    /// Whether a later try may succeed.
    pub passing: bool,
}

impl Collector {
    /// Fails if there is no TLS.
    pub fn new(settings: TraceSettings) -> Result<Self, String> {
        let TraceSettings { endpoint, headers, timeout, .. } = settings;
        Ok(Self { outbound: Outbound::new()?, endpoint, headers, timeout })
    }

    /// Sends spans, and gives how many of them the collector did not take.
    pub async fn send(&self, spans: Bytes) -> Result<u64, Undelivered> {
        let mut request = Request::new(spans);
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.endpoint.clone();
        request.headers_mut().extend(self.headers.iter().cloned());
        request.headers_mut().insert(header::CONTENT_TYPE, PROTOBUF);
        let answered = timeout(self.timeout, async {
            let mut connection = self.outbound.connect(&self.endpoint, |_| true, "has no address").await?;
            connection.send(request, ANSWER_MAX).await
        });
        let passing = |why| Undelivered { why, passing: true };
        let late = |_| passing(format!("there was no answer within {} ms", self.timeout.as_millis()));
        let answer = answered.await.map_err(late)?.map_err(passing)?;
        let status = answer.status();
        if !status.is_success() {
            let why = format!("the collector answered {}", status.as_u16());
            return Err(Undelivered { why, passing: asks_to_come_again(status) });
        }
        Ok(refused(answer.body()))
    }
}

/// The statuses after which OTLP has a client try again.
fn asks_to_come_again(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
    )
}

/// How many spans an answer says that it refuses. One that is no protobuf says nothing.
fn refused(answer: &[u8]) -> u64 {
    let answer = ExportTraceServiceResponse::decode(answer).ok();
    let partly = answer.and_then(|answer| answer.partial_success);
    partly.and_then(|partly| u64::try_from(partly.rejected_spans).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTracePartialSuccess;

    use super::*;

    #[test]
    fn an_answer_may_refuse_a_part() {
        let part = |rejected_spans| {
            let partial_success = Some(ExportTracePartialSuccess { rejected_spans, ..Default::default() });
            ExportTraceServiceResponse { partial_success }.encode_to_vec()
        };
        assert_eq!(refused(&part(3)), 3);
        for none in [part(0), part(-1), Vec::new(), b"<html>".to_vec()] {
            assert_eq!(refused(&none), 0);
        }
    }
}
