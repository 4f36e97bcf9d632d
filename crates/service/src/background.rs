//! Background work: the version poll, the usage flush and the sweeps.

use std::time::Duration;

use store::{Announced, Changes, StoreError};
use tokio::time::{Interval, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::{
    Error, Result, Service,
    chat::live::LOOK_EVERY,
    deliveries::{self, Worker},
    metrics::SAMPLE_EVERY,
    verify::POLL_EVERY,
};

/// The job that says when a newer release has taken over the database. All the others would say the same.
const POLL: &str = "the version poll";

/// How often counts are written, and so how much of them a crash may lose.
const FLUSH_EVERY: Duration = Duration::from_secs(1);

/// Already refused by the verifier; this only deletes the row.
const SWEEP_EVERY: Duration = Duration::from_secs(10);

/// Ended sessions and old failures already count for nothing; this only deletes the rows.
const TIDY_EVERY: Duration = Duration::from_mins(10);

/// How long to wait before a broken listener is replaced.
const LISTEN_AGAIN_AFTER: Duration = Duration::from_secs(1);

impl Service {
    /// Runs until `shutdown`, then writes the last counts.
    pub async fn run(&self, shutdown: CancellationToken) {
        let verifier = self.verifier();
        let poll = async {
            let mut job = Job::new(POLL, POLL_EVERY);
            while job.is_due(&shutdown).await {
                job.ended(&verifier.poll().await);
            }
        };
        let flush = async {
            let mut job = Job::new("the usage flush", FLUSH_EVERY);
            while job.is_due(&shutdown).await {
                let counted = verifier.flush_usage().await;
                // Both are one job, or the second would say that the first works again.
                job.ended(&match counted {
                    Ok(()) => verifier.tidy_counters(false).await,
                    failed => failed,
                });
            }
        };
        let listen = self.listen(&shutdown);
        let sweep = async {
            let mut job = Job::new("the sweep", SWEEP_EVERY);
            while job.is_due(&shutdown).await {
                // All are one job, or the next would say that the one before works again.
                job.ended(&self.sweep().await);
            }
        };
        let tidy = async {
            let mut job = Job::new("the tidying", TIDY_EVERY);
            while job.is_due(&shutdown).await {
                job.ended(&self.tidy(&shutdown).await);
            }
        };
        let sample = async {
            let mut job = Job::new("the sampling of figures", SAMPLE_EVERY);
            while job.is_due(&shutdown).await {
                self.sample();
            }
        };
        let rooms = async {
            let mut job = Job::new("the look at what is watched", LOOK_EVERY);
            loop {
                tokio::select! {
                    due = job.is_due(&shutdown) => if !due { break },
                    () = self.live().is_behind() => {}
                }
                // Both are one job, or the second would say that the first works again.
                job.ended(&match self.tell_watchers().await {
                    Ok(()) => self.tell_event_watchers().await,
                    failed => failed,
                });
            }
        };
        let deliver = async {
            let mut job = Job::new("the sending to webhooks", deliveries::LOOK_EVERY);
            let mut worker = Worker::new(self);
            loop {
                tokio::select! {
                    due = job.is_due(&shutdown) => if !due { break },
                    () = worker.is_called() => {}
                }
                let mut is_more = true;
                while is_more && !shutdown.is_cancelled() {
                    let sent = worker.turn().await;
                    is_more = matches!(sent, Ok(true));
                    job.ended(&sent);
                }
            }
            worker.stop().await;
        };
        let (nodes, watched) = (self.keep_nodes(&shutdown), self.share_watching(&shutdown));
        // On the heap. Together they would make a large future.
        tokio::join!(
            Box::pin(nodes),
            Box::pin(watched),
            Box::pin(deliver),
            Box::pin(rooms),
            Box::pin(poll),
            Box::pin(listen),
            Box::pin(flush),
            Box::pin(sweep),
            Box::pin(sample),
            Box::pin(tidy)
        );
        // Write first what would otherwise be lost. The next start finds on record whatever lists do not show yet.
        if let Err(error) = verifier.flush_usage().await {
            tracing::error!(%error, "the last counts are lost");
        }
        if let Err(error) = verifier.tidy_counters(true).await {
            tracing::error!(%error, "the reserved blocks of call quotas could not be returned and are lost");
        }
        if let Err(error) = verifier.flush_all_usage().await {
            tracing::warn!(%error, "lists do not show the last uses yet");
        }
    }

    /// Removes what waited in vain, and old secrets that no longer work. [`Service::run`] does it from time to time.
    async fn sweep(&self) -> Result<()> {
        // One that fails holds up none of the others.
        let done = [
            self.drop_overdue_keys().await.map(drop),
            self.drop_overdue_hand_overs().await.map(drop),
            self.drop_overdue_rotations().await.map(drop),
            self.finish_overdue_rotations().await.map(drop),
            self.end_overdue_requests().await.map(drop),
            self.forget_kept_secrets().await.map(drop),
            self.sweep_deleted_rooms().await.map(drop),
        ];
        done.into_iter().collect()
    }

    /// Reads the version as soon as another process announces a change. If the listener fails, the poll continues.
    async fn listen(&self, shutdown: &CancellationToken) {
        let listening = async {
            let mut job = Job::new("listening for changes", LISTEN_AGAIN_AFTER);
            while job.is_due(shutdown).await {
                match self.verifier().changes().await {
                    Ok(None) => return,
                    Ok(Some(changes)) => job.ended(&self.follow(changes).await),
                    Err(error) => job.ended::<()>(&Err(error)),
                }
            }
        };
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = listening => {}
        }
    }

    async fn follow(&self, mut changes: Changes) -> Result<()> {
        // What others announced before this listened was missed.
        self.node_announced("");
        loop {
            match changes.next().await? {
                Announced::Version => self.verifier().poll().await?,
                Announced::OfNode(node) => self.node_announced(&node),
                Announced::Told(text) => self.heard(&text),
                Announced::Anything => {
                    self.node_announced("");
                    self.verifier().poll().await?;
                }
            }
        }
    }
}

/// A repeating job. Each turn finishes before the job checks for a shutdown.
pub(crate) struct Job {
    what: &'static str,
    ticks: Interval,
    failing: bool,
}

impl Job {
    pub(crate) fn new(what: &'static str, period: Duration) -> Self {
        let mut ticks = interval(period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { what, ticks, failing: false }
    }

    /// Waits for the next turn; `false` at shutdown.
    pub(crate) async fn is_due(&mut self, shutdown: &CancellationToken) -> bool {
        tokio::select! {
            biased;
            () = shutdown.cancelled() => false,
            _ = self.ticks.tick() => true,
        }
    }

    /// Logs when the job starts to fail and when it works again, not each failure in between.
    pub(crate) fn ended<T>(&mut self, result: &Result<T>) {
        match result {
            Ok(_) if self.failing => tracing::info!("{} works again", self.what),
            Ok(_) => {}
            Err(error) if self.failing || self.is_said(error) => tracing::debug!(%error, "{} fails", self.what),
            Err(error) => tracing::warn!(%error, "{} fails", self.what),
        }
        self.failing = result.is_err();
    }

    /// Whether the poll says this for all jobs.
    fn is_said(&self, error: &Error) -> bool {
        matches!(error, Error::Store(StoreError::TakenOver(_))) && self.what != POLL
    }
}
