//! The log goes to standard error, because standard output is for results. Lines of one place in the code are summed up
//! when there are too many of them: strangers, or a database that is away, would fill a disk with them.

use std::collections::HashMap;
use std::io::IsTerminal;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tracing::callsite::Identifier;
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Filter, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

/// How many lines of one place are written in each stretch of time. The rest are counted.
const LINES: u32 = 5;
const EVERY: Duration = Duration::from_secs(10);

/// Starts it. `directives` were checked with the configuration.
pub(super) fn start(directives: &str, only_warnings: bool) {
    let directives = if only_warnings && directives == "info" { "warn" } else { directives };
    let sums = Sums::default();
    let lines = fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        // It would report a failed write with `eprintln!`, which panics where the log is a full disk or a closed pipe.
        .log_internal_errors(false)
        .with_filter(sums.clone());
    let started = tracing_subscriber::registry().with(EnvFilter::new(directives)).with(lines).try_init();
    if started.is_err() {
        super::output::tell(format_args!("keystead: a log is already running; this one is not used"));
    }
    if !only_warnings {
        std::thread::spawn(move || {
            loop {
                std::thread::sleep(EVERY);
                sums.tell();
            }
        });
    }
}

/// How many lines each place in the code has written lately.
#[derive(Clone, Default)]
struct Sums(Arc<Mutex<HashMap<Identifier, Sum>>>);

struct Sum {
    since: Instant,
    lines: u32,
    left_out: u64,
    place: &'static Metadata<'static>,
}

impl Sums {
    /// Whether this line is written. Counts it if not.
    fn takes(&self, place: &'static Metadata<'static>, now: Instant) -> bool {
        let mut sums = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let sum = sums.entry(place.callsite()).or_insert(Sum { since: now, lines: 0, left_out: 0, place });
        if now.duration_since(sum.since) >= EVERY {
            (sum.since, sum.lines) = (now, 0);
        }
        let takes = sum.lines < LINES;
        if takes {
            sum.lines += 1;
        } else {
            sum.left_out += 1;
        }
        takes
    }

    /// How many lines were left out since the last call, by place.
    fn take_left_out(&self) -> Vec<(&'static Metadata<'static>, u64)> {
        let mut sums = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let left_out = sums.values_mut().filter(|sum| sum.left_out > 0);
        left_out.map(|sum| (sum.place, std::mem::take(&mut sum.left_out))).collect()
    }

    fn tell(&self) {
        for (place, left_out) in self.take_left_out() {
            let (target, line) = (place.target(), place.line());
            tracing::warn!(left_out, place = target, line, "lines like those of this place were left out");
        }
    }
}

impl<S: Subscriber> Filter<S> for Sums {
    fn enabled(&self, _: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        true
    }

    #[expect(clippy::disallowed_methods, reason = "only for how many lines the log has")]
    fn event_enabled(&self, event: &Event<'_>, _: &Context<'_, S>) -> bool {
        self.takes(event.metadata(), Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn one_place_writes_a_few_lines_and_says_how_many_it_left_out() {
        let (written, sums) = (Written::default(), Sums::default());
        let writer = written.clone();
        let lines = fmt::layer().with_writer(move || writer.clone()).with_filter(sums.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(lines), || {
            for n in 0..1_000 {
                tracing::warn!(n, "noisy");
            }
            tracing::warn!("quiet");
        });
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.lines().filter(|line| line.contains("noisy")).count(), 5, "{text}");
        assert!(text.contains("quiet"), "another place has its own lines");
        assert_eq!(sums.take_left_out().iter().map(|(_, left_out)| *left_out).collect::<Vec<_>>(), [995]);
        assert!(sums.take_left_out().is_empty());
        // Later, the same place may write again.
        for sum in sums.0.lock().unwrap().values_mut() {
            sum.since = sum.since.checked_sub(EVERY).unwrap();
        }
        let (place, since) = sums.0.lock().unwrap().values().map(|sum| (sum.place, sum.since)).next().unwrap();
        assert!(sums.takes(place, since + EVERY));
    }
}
