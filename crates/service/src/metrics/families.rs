//! Makes metrics and registers them. Every series exists from the start, so that a rate can be told from the first call on.

use prometheus::{
    Counter, Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts,
    Registry, core::Collector,
};

/// What a metric could not be made of: a mistake in its name or in its labels.
pub(super) type Made<T> = Result<T, prometheus::Error>;

/// Makes metrics of a registry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Families<'r>(pub &'r Registry);

impl Families<'_> {
    /// A counter that grows by parts of one.
    pub(super) fn float_counter(self, name: &str, help: &str) -> Made<Counter> {
        self.registered(Counter::new(name, help)?)
    }

    /// One for each word, in their order.
    pub(super) fn counters(self, name: &str, help: &str, label: &str, words: &[&str]) -> Made<Vec<IntCounter>> {
        let family = self.registered(IntCounterVec::new(Opts::new(name, help), &[label])?)?;
        words.iter().map(|word| family.get_metric_with_label_values(&[*word])).collect()
    }

    /// One for each pair of words: a row for each of the first.
    pub(super) fn table(
        self,
        (name, help): (&str, &str),
        labels: [&str; 2],
        rows: &[&str],
        columns: &[&str],
    ) -> Made<Vec<Vec<IntCounter>>> {
        let family = self.registered(IntCounterVec::new(Opts::new(name, help), &labels)?)?;
        let row = |row: &&str| -> Made<Vec<IntCounter>> {
            let cell = |column: &&str| family.get_metric_with_label_values(&[*row, *column]);
            columns.iter().map(cell).collect()
        };
        rows.iter().map(row).collect()
    }

    pub(super) fn gauge(self, name: &str, help: &str) -> Made<Gauge> {
        self.registered(Gauge::new(name, help)?)
    }

    /// One that goes up and down by whole numbers.
    pub(super) fn count(self, name: &str, help: &str) -> Made<IntGauge> {
        self.registered(IntGauge::new(name, help)?)
    }

    /// One for each word, in their order.
    pub(super) fn gauges(self, name: &str, help: &str, label: &str, words: &[&str]) -> Made<Vec<Gauge>> {
        let family = self.registered(GaugeVec::new(Opts::new(name, help), &[label])?)?;
        words.iter().map(|word| family.get_metric_with_label_values(&[*word])).collect()
    }

    pub(super) fn histogram(self, name: &str, help: &str, bounds: &[f64]) -> Made<Histogram> {
        self.registered(Histogram::with_opts(HistogramOpts::new(name, help).buckets(bounds.to_vec()))?)
    }

    /// One for each word, in their order.
    pub(super) fn histograms(
        self,
        (name, help): (&str, &str),
        label: &str,
        words: &[&str],
        bounds: &[f64],
    ) -> Made<Vec<Histogram>> {
        let opts = HistogramOpts::new(name, help).buckets(bounds.to_vec());
        let family = self.registered(HistogramVec::new(opts, &[label])?)?;
        words.iter().map(|word| family.get_metric_with_label_values(&[*word])).collect()
    }

    /// Always 1: its labels are what it says.
    pub(super) fn info(self, name: &str, help: &str, labels: [(&str, &str); 2]) -> Made<()> {
        let family = self.registered(GaugeVec::new(Opts::new(name, help), &labels.map(|(label, _)| label))?)?;
        family.get_metric_with_label_values(&labels.map(|(_, value)| value))?.set(1.0);
        Ok(())
    }

    fn registered<C: Collector + Clone + 'static>(self, collector: C) -> Made<C> {
        self.0.register(Box::new(collector.clone()))?;
        Ok(collector)
    }
}

/// Adds one to the counter of a word.
pub(super) fn add_one(counters: &[IntCounter], word: usize) {
    if let Some(counter) = counters.get(word) {
        counter.inc();
    }
}

/// A number as a metric has it.
#[expect(clippy::cast_precision_loss, reason = "a figure for monitoring: beyond 2^53 nobody misses one")]
pub(super) fn float(n: u64) -> f64 {
    n as f64
}
