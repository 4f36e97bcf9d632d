//! Sends the spans that wait, many at once.

use std::mem::take;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanData;
use prost::Message;
use tokio::sync::mpsc::Receiver;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::collector::{Collector, Undelivered};
use super::queue::Waiting;
use crate::seldom::Seldom;

/// How many spans go in one request, and how long the first of them waits for others.
const BATCH: usize = 512;
const GATHERED_WITHIN: Duration = Duration::from_secs(2);

/// How long a batch is tried again, and how long after each try. Meanwhile, the queue holds what comes.
const TRIED_FOR: Duration = Duration::from_mins(1);
const AGAIN_AFTER: Duration = Duration::from_secs(5);

/// How often the log says how many spans were lost.
const TOLD_EVERY: Duration = Duration::from_mins(10);

/// How long the last spans may take when the server stops.
const STOPPED_WITHIN: Duration = Duration::from_secs(2);

/// What sends spans.
#[derive(Debug)]
pub(super) struct Exporter {
    collector: Collector,
    spans: Receiver<SpanData>,
    losses: Losses,
    resource: ResourceAttributesWithSchema,
}

/// Spans on their way.
struct Batch {
    body: Bytes,
    spans: u64,
}

impl Exporter {
    pub fn new(collector: Collector, waiting: Waiting, resource: &Resource) -> Self {
        let Waiting { spans, dropped } = waiting;
        Self { collector, spans, losses: Losses::new(dropped), resource: resource.into() }
    }

    /// Sends until `stop`, then once what is left.
    async fn run(mut self, stop: CancellationToken) {
        let mut gathered = Vec::new();
        let mut under_way = None;
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                () = gather(&mut self.spans, &mut gathered) => {}
            }
            let batch = self.batch(take(&mut gathered));
            tokio::select! {
                () = stop.cancelled() => {
                    under_way = Some(batch);
                    break;
                }
                () = self.deliver(&batch) => {}
            }
        }
        while let Ok(span) = self.spans.try_recv() {
            gathered.push(span);
        }
        let left = (!gathered.is_empty()).then(|| self.batch(gathered));
        let mut told = REFUSED.to_owned();
        for batch in under_way.into_iter().chain(left) {
            match self.collector.send(batch.body).await {
                Ok(refused) => self.losses.add(refused),
                Err(Undelivered { why, .. }) => {
                    self.losses.add(batch.spans);
                    told = why;
                }
            }
        }
        self.losses.tell_the_last(&told);
    }

    fn batch(&self, spans: Vec<SpanData>) -> Batch {
        let count = u64::try_from(spans.len()).unwrap_or(u64::MAX);
        let resource_spans = group_spans_by_resource_and_scope(spans, &self.resource);
        let body = ExportTraceServiceRequest { resource_spans }.encode_to_vec();
        Batch { body: body.into(), spans: count }
    }

    /// Sends a batch, again and again for a while if that may help.
    async fn deliver(&self, batch: &Batch) {
        let until = Instant::now() + TRIED_FOR;
        let (lost, why) = loop {
            match self.collector.send(batch.body.clone()).await {
                Ok(refused) => break (refused, REFUSED.to_owned()),
                Err(Undelivered { passing: true, .. }) if Instant::now() < until => sleep(AGAIN_AFTER).await,
                Err(undelivered) => break (batch.spans, undelivered.why),
            }
        };
        self.losses.add(lost);
        self.losses.tell(&why);
    }
}

const REFUSED: &str = "the collector refused them, or there were too many";

/// Waits until there are spans for a batch, or some that have waited long enough. What is taken is in `spans` even if
/// nobody waits for the rest.
async fn gather(waiting: &mut Receiver<SpanData>, spans: &mut Vec<SpanData>) {
    if waiting.recv_many(spans, BATCH).await == 0 {
        // Nobody can make a span any more. Only the stop ends this.
        return std::future::pending().await;
    }
    let more = async {
        while spans.len() < BATCH {
            let room = BATCH - spans.len();
            if waiting.recv_many(spans, room).await == 0 {
                return;
            }
        }
    };
    // A batch that is not full goes as well.
    let _ = timeout(GATHERED_WITHIN, more).await;
}

/// Spans that the collector did not get.
#[derive(Debug)]
struct Losses {
    count: Arc<AtomicU64>,
    seldom: Seldom,
}

impl Losses {
    fn new(count: Arc<AtomicU64>) -> Self {
        Self { count, seldom: Seldom::every(TOLD_EVERY) }
    }

    fn add(&self, spans: u64) {
        self.count.fetch_add(spans, Ordering::Relaxed);
    }

    fn tell(&self, why: &str) {
        if self.count.load(Ordering::Relaxed) > 0 && self.seldom.due() {
            self.tell_the_last(why);
        }
    }

    fn tell_the_last(&self, why: &str) {
        let spans = self.count.swap(0, Ordering::Relaxed);
        if spans > 0 {
            tracing::warn!(spans, why, "spans did not reach the collector of traces");
        }
    }
}

/// Spans are being sent.
#[derive(Debug)]
pub(crate) struct Sending {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Sending {
    pub(super) fn start(exporter: Exporter) -> Self {
        let stop = CancellationToken::new();
        let task = tokio::spawn(exporter.run(stop.clone()));
        Self { stop, task }
    }

    /// Sends what is left, for two seconds at most.
    pub async fn stop(self) {
        self.stop.cancel();
        if timeout(STOPPED_WITHIN, self.task).await.is_err() {
            tracing::warn!("the last spans did not reach the collector of traces in time");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_are_told_once_in_a_while() {
        let losses = Losses::new(Arc::default());
        losses.tell("nothing is lost, and nothing is said");
        losses.add(3);
        losses.tell("first");
        assert_eq!(losses.count.load(Ordering::Relaxed), 0, "they were told");
        losses.add(2);
        losses.tell("too soon");
        assert_eq!(losses.count.load(Ordering::Relaxed), 2);
        losses.tell_the_last("the end");
        assert_eq!(losses.count.load(Ordering::Relaxed), 0);
    }
}
