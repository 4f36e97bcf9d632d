//! A line of the log as one object of JSON: `timestamp`, `level`, `target` and `message`, then the fields of the line and
//! those of the spans around it, such as `request_id`.

use std::fmt;

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

/// What every line has. A field of the same name gets an underscore behind it.
const OF_EACH_LINE: [&str; 3] = ["timestamp", "level", "target"];

/// Where lines that a library wrote by the crate `log` have their target, and what else they say of their place.
const OF_LOG: &str = "log.";
const TARGET_OF_LOG: &str = "log.target";

/// The form of a line. The fields of spans are to be formatted as JSON too.
pub(super) struct Json;

impl<S, N> FormatEvent<S, N> for Json
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut timestamp = String::new();
        SystemTime.format_time(&mut Writer::new(&mut timestamp))?;
        let mut fields = Fields::default();
        event.record(&mut fields);
        let place = event.metadata();
        let target = fields.target.as_deref().unwrap_or(place.target());
        let (timestamp, level) = (Value::from(timestamp), Value::from(place.level().as_str()));
        let message = Value::from(fields.message.as_str());
        let target = Value::from(target);
        write!(writer, r#"{{"timestamp":{timestamp},"level":{level},"target":{target},"message":{message}"#)?;
        for (name, value) in &fields.others {
            write!(writer, ",{}:{value}", Value::from(name.as_str()))?;
        }
        let Some(scope) = context.event_scope() else { return writeln!(writer, "}}") };
        for span in scope.from_root() {
            let extensions = span.extensions();
            let formatted = extensions.get::<FormattedFields<N>>().map(|formatted| formatted.fields.as_str());
            let of_span = formatted.and_then(|text| serde_json::from_str::<Map<String, Value>>(text).ok());
            for (name, value) in of_span.into_iter().flatten() {
                write!(writer, ",{}:{value}", Value::from(format!("{}_{name}", span.name())))?;
            }
        }
        writeln!(writer, "}}")
    }
}

/// The fields of a line, as it gave them.
#[derive(Default)]
struct Fields {
    message: String,
    /// The target, if `log` knows it better.
    target: Option<String>,
    others: Vec<(String, Value)>,
}

impl Fields {
    fn add(&mut self, field: &Field, value: Value) {
        match (field.name(), value) {
            ("message", Value::String(text)) => self.message = text,
            (TARGET_OF_LOG, Value::String(text)) => self.target = Some(text),
            (name, _) if name.starts_with(OF_LOG) => {}
            (name, value) if OF_EACH_LINE.contains(&name) => self.others.push((format!("{name}_"), value)),
            (name, value) => self.others.push((name.to_owned(), value)),
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, value.into());
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        let number = u64::try_from(value).map_or_else(|_| Value::from(value.to_string()), Value::from);
        self.add(field, number);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, value.into());
    }
}
