//! The log goes to standard error, because standard output is for results. Lines of one place in the code are summed up
//! when there are too many of them: strangers, or a database that is away, would fill a disk with them. Those of `debug`
//! and `trace`, which somebody has to ask for, are all written.

mod json;

use std::collections::HashMap;
use std::io::IsTerminal;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use opentelemetry_sdk::trace::SdkTracer;
use tracing::callsite::Identifier;
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::filter::{FilterExt, LevelFilter, filter_fn};
use tracing_subscriber::fmt::format::JsonFields;
use tracing_subscriber::layer::{Context, Filter, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, registry};

use self::json::Json;
use crate::config::{Config, LogFormat};
use crate::traces;

/// How many lines of one place are written in each stretch of time. The rest are counted.
const LINES: u32 = 5;
const EVERY: Duration = Duration::from_secs(10);

/// Starts it, and makes spans for `tracer` if there is one. The directives were checked with the configuration.
pub(super) fn start(config: &Config, only_warnings: bool, tracer: Option<SdkTracer>) {
    let directives = config.log.as_str();
    let directives = if only_warnings && directives == "info" { "warn" } else { directives };
    let sums = Sums::default();
    let started = match tracer {
        None => begin(registry(), directives, config.log_format, &sums),
        Some(tracer) => {
            let spans = tracing_opentelemetry::layer::<Registry>()
                .with_tracer(tracer)
                .with_context_activation(false)
                .with_location(false)
                .with_target(false)
                .with_threads(false)
                .with_tracked_inactivity(false)
                .with_filter(filter_fn(|place| place.target() == traces::TARGET));
            begin(registry().with(spans), directives, config.log_format, &sums)
        }
    };
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

/// Starts to write lines. The filter is theirs alone, so that spans for a collector are made at every level.
fn begin<S>(on: S, directives: &str, format: LogFormat, sums: &Sums) -> Result<(), TryInitError>
where
    S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
{
    let lines = fmt::layer::<S>()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal() && format == LogFormat::Text)
        // It would report a failed write with `eprintln!`, which panics where the log is a full disk or a closed pipe.
        .log_internal_errors(false);
    let lines = match format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.event_format(Json).fmt_fields(JsonFields::new()).boxed(),
    };
    on.with(lines.with_filter(EnvFilter::new(directives).and(sums.clone()))).try_init()
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
    fn enabled(&self, place: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        place.target() != traces::TARGET
    }

    fn callsite_enabled(&self, place: &'static Metadata<'static>) -> Interest {
        if place.target() == traces::TARGET { Interest::never() } else { Interest::sometimes() }
    }

    /// Every level may pass, so that the directives beside it decide.
    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::TRACE)
    }

    /// Whoever asks for more than the usual levels wants each line: one for each request.
    #[expect(clippy::disallowed_methods, reason = "only for how many lines the log has")]
    fn event_enabled(&self, event: &Event<'_>, _: &Context<'_, S>) -> bool {
        let place = event.metadata();
        *place.level() > Level::INFO || self.takes(place, Instant::now())
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

    /// What a subscriber wrote.
    fn text_of(written: &Written) -> String {
        String::from_utf8(written.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn a_line_of_json_has_the_fields_of_its_spans_and_no_name_twice() {
        let written = Written::default();
        let writer = written.clone();
        let lines = fmt::layer().with_writer(move || writer.clone()).event_format(Json).fmt_fields(JsonFields::new());
        tracing::subscriber::with_default(registry().with(lines), || {
            let span = tracing::error_span!("request", id = "a\"b");
            span.in_scope(|| tracing::warn!(target = "x", big = u128::MAX, small = -1, yes = true, "line\n{}", 2));
            tracing::info!(level = %"loud");
        });
        let text = text_of(&written);
        let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2, "{text}");
        let first = &lines[0];
        assert_eq!((&first["level"], &first["message"]), (&"WARN".into(), &"line\n2".into()));
        assert_eq!((&first["target_"], &first["request_id"]), (&"x".into(), &"a\"b".into()));
        assert_eq!((&first["small"], &first["yes"]), (&(-1).into(), &true.into()));
        assert_eq!(first["big"], u128::MAX.to_string());
        assert!(first["target"].as_str().unwrap().contains("log"));
        assert_eq!((&lines[1]["level"], &lines[1]["level_"]), (&"INFO".into(), &"loud".into()));
        assert_eq!(lines[1]["message"], "");
    }

    #[test]
    fn spans_for_a_collector_are_in_no_line() {
        let (written, sums) = (Written::default(), Sums::default());
        let writer = written.clone();
        let lines = fmt::layer().with_writer(move || writer.clone()).with_filter(EnvFilter::new("trace").and(sums));
        tracing::subscriber::with_default(registry().with(lines), || {
            let span = tracing::error_span!(target: traces::TARGET, "hidden");
            span.in_scope(|| tracing::info!("seen"));
        });
        let text = text_of(&written);
        assert!(text.contains("seen") && !text.contains("hidden"), "{text}");
    }

    #[test]
    fn one_place_writes_a_few_lines_and_says_how_many_it_left_out() {
        let (written, sums) = (Written::default(), Sums::default());
        let writer = written.clone();
        let lines = fmt::layer().with_writer(move || writer.clone()).with_filter(sums.clone());
        tracing::subscriber::with_default(registry().with(lines), || {
            for n in 0..1_000 {
                tracing::warn!(n, "noisy");
                tracing::debug!(n, "asked for");
            }
            tracing::warn!("quiet");
        });
        let text = text_of(&written);
        assert_eq!(text.lines().filter(|line| line.contains("noisy")).count(), 5, "{text}");
        assert!(text.contains("quiet"), "another place has its own lines");
        assert_eq!(text.lines().filter(|line| line.contains("asked for")).count(), 1_000);
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
