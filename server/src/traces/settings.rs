//! Where traces go, in OpenTelemetry's own variables. Every program reads the same ones, so they are no settings of
//! Keystead. Without an endpoint there are no traces.

use std::fmt;
use std::time::Duration;

use axum::http::uri::Authority;
use axum::http::{HeaderName, HeaderValue, Uri};
use opentelemetry_sdk::trace::Sampler;
use percent_encoding::percent_decode_str;

/// How long the collector may take for an answer, if nobody says otherwise.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The path below an endpoint that is for every signal.
const TRACES: &str = "/v1/traces";

/// Where traces go, and which.
pub(crate) struct TraceSettings {
    pub endpoint: Uri,
    /// These may hold a credential.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub timeout: Duration,
    pub sampler: Sampler,
    pub service_name: String,
}

impl fmt::Debug for TraceSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TraceSettings").field("sampler", &self.sampler).finish_non_exhaustive()
    }
}

impl TraceSettings {
    /// Reads the variables; `None` if no trace is wanted. An error is one line, and repeats no value that may be secret.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, String> {
        let variable = |name: &str| variable(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        // The variable for traces counts before the one for every signal.
        let either = |kind: &str| {
            let names = [format!("OTEL_EXPORTER_OTLP_TRACES_{kind}"), format!("OTEL_EXPORTER_OTLP_{kind}")];
            names.into_iter().find_map(|name| Some((variable(&name)?, name)))
        };
        let exporter = variable("OTEL_TRACES_EXPORTER");
        let exporter = exporter.as_deref().unwrap_or("otlp");
        let is_off = variable("OTEL_SDK_DISABLED").is_some_and(|text| text.eq_ignore_ascii_case("true"));
        let Some((endpoint, name)) = either("ENDPOINT").filter(|_| !is_off && exporter != "none") else {
            return Ok(None);
        };
        if exporter != "otlp" {
            return Err(format!("OTEL_TRACES_EXPORTER: {exporter:?} is not known; otlp and none are"));
        }
        if let Some((protocol, name)) = either("PROTOCOL").filter(|(protocol, _)| protocol != "http/protobuf") {
            return Err(format!("{name}: {protocol:?} is not spoken; http/protobuf is, most often on port 4318"));
        }
        let is_for_all = name == "OTEL_EXPORTER_OTLP_ENDPOINT";
        let endpoint = endpoint_of(&endpoint, is_for_all).map_err(|message| format!("{name}: {message}"))?;
        let headers = match either("HEADERS") {
            None => Vec::new(),
            Some((text, name)) => {
                headers(&text).ok_or_else(|| format!("{name}: it must be name=value, separated by commas"))?
            }
        };
        let timeout = match either("TIMEOUT") {
            None => TIMEOUT,
            Some((text, name)) => {
                let ms = text.parse::<u64>().ok().filter(|ms| (1..=60_000).contains(ms));
                Duration::from_millis(ms.ok_or_else(|| format!("{name}: it must be 1 to 60000, in milliseconds"))?)
            }
        };
        let sampler = variable("OTEL_TRACES_SAMPLER");
        let sampler = sampler_of(sampler.as_deref(), variable("OTEL_TRACES_SAMPLER_ARG").as_deref())?;
        let named = variable("OTEL_RESOURCE_ATTRIBUTES").and_then(|text| service_name(&text));
        let service_name = variable("OTEL_SERVICE_NAME").or(named).unwrap_or_else(|| "keystead".to_owned());
        Ok(Some(Self { endpoint, headers, timeout, sampler, service_name }))
    }
}

/// The address that spans go to. It may hold a credential in its query, so no error repeats it.
fn endpoint_of(text: &str, is_for_all: bool) -> Result<Uri, &'static str> {
    const WRONG: &str =
        "it must be like http://127.0.0.1:4318 or https://collector.example.com, without a user and without #";
    if text.contains('#') {
        return Err(WRONG);
    }
    let text = if is_for_all { below(text) } else { text.to_owned() };
    let uri: Uri = text.parse().map_err(|_| WRONG)?;
    let authority = uri.authority().map(Authority::as_str).unwrap_or_default();
    let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
    if is_web && !authority.is_empty() && !authority.contains('@') { Ok(uri) } else { Err(WRONG) }
}

/// The address for traces below that for every signal. A query stays behind the path.
fn below(text: &str) -> String {
    let (path, query) = text.find('?').map_or((text, ""), |at| text.split_at(at));
    format!("{}{TRACES}{query}", path.trim_end_matches('/'))
}

/// Headers as `name=value` with commas between them, the values percent-encoded.
fn headers(text: &str) -> Option<Vec<(HeaderName, HeaderValue)>> {
    let header = |pair: &str| {
        let (name, value) = pair.split_once('=')?;
        let value = percent_decode_str(value.trim()).decode_utf8().ok()?;
        let mut value = HeaderValue::from_str(&value).ok()?;
        value.set_sensitive(true);
        Some((name.trim().parse::<HeaderName>().ok()?, value))
    };
    text.split(',').filter(|pair| !pair.trim().is_empty()).map(header).collect()
}

/// Which requests are traced. Where a proxy that is trusted has decided already, that counts with all that begin with
/// `parentbased_`.
fn sampler_of(name: Option<&str>, share: Option<&str>) -> Result<Sampler, String> {
    let ratio = || {
        let share = share.map_or(Some(1.0), |text| text.parse::<f64>().ok());
        let share = share.filter(|share: &f64| (0.0..=1.0).contains(share));
        let share = share.ok_or("OTEL_TRACES_SAMPLER_ARG: it must be a number from 0 to 1")?;
        Ok::<_, String>(Sampler::TraceIdRatioBased(share))
    };
    let below = |root: Sampler| Sampler::ParentBased(Box::new(root));
    Ok(match name {
        None | Some("parentbased_traceidratio") => below(ratio()?),
        Some("parentbased_always_on") => below(Sampler::AlwaysOn),
        Some("parentbased_always_off") => below(Sampler::AlwaysOff),
        Some("traceidratio") => ratio()?,
        Some("always_on") => Sampler::AlwaysOn,
        Some("always_off") => Sampler::AlwaysOff,
        Some(other) => {
            return Err(format!(
                "OTEL_TRACES_SAMPLER: {other:?} is not known; always_on, always_off and traceidratio are, and each with \
                 parentbased_ before it"
            ));
        }
    })
}

/// The `service.name` among `name=value` with commas between them.
fn service_name(attributes: &str) -> Option<String> {
    let pairs = attributes.split(',').filter_map(|pair| pair.split_once('='));
    let mut names = pairs.filter(|(name, _)| name.trim() == "service.name").map(|(_, value)| value.trim().to_owned());
    names.next().filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Option<TraceSettings>, String> {
        let find = |name: &str| variables.iter().find(|(known, _)| *known == name);
        TraceSettings::read(|name| find(name).map(|(_, value)| (*value).to_owned()))
    }

    fn settings(variables: &[(&str, &str)]) -> TraceSettings {
        read(variables).unwrap().expect("traces are wanted")
    }

    const ENDPOINT: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318");

    #[test]
    fn without_an_endpoint_nothing_is_traced_and_nothing_else_is_read() {
        assert!(read(&[]).unwrap().is_none());
        assert!(read(&[("OTEL_TRACES_SAMPLER", "nonsense"), ("OTEL_EXPORTER_OTLP_ENDPOINT", " ")]).unwrap().is_none());
        for off in [("OTEL_SDK_DISABLED", "true"), ("OTEL_TRACES_EXPORTER", "none")] {
            assert!(read(&[ENDPOINT, off]).unwrap().is_none(), "{off:?}");
        }
    }

    #[test]
    fn the_endpoint_for_all_signals_gets_a_path_and_that_for_traces_is_taken_as_it_is() {
        let plain = settings(&[ENDPOINT]);
        assert_eq!(plain.endpoint, "http://127.0.0.1:4318/v1/traces");
        assert_eq!((plain.service_name.as_str(), plain.timeout), ("keystead", TIMEOUT));
        assert!(matches!(plain.sampler, Sampler::ParentBased(_)) && plain.headers.is_empty());
        let below = settings(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "https://otel.example.com/below/")]);
        assert_eq!(below.endpoint, "https://otel.example.com/below/v1/traces");
        let keyed = settings(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "https://otel.example.com/below/?key=a/b")]);
        assert_eq!(keyed.endpoint, "https://otel.example.com/below/v1/traces?key=a/b");
        let own = settings(&[ENDPOINT, ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://traces.example.com/in")]);
        assert_eq!(own.endpoint, "https://traces.example.com/in");
    }

    #[test]
    fn the_rest_is_read_too() {
        let all = settings(&[
            ENDPOINT,
            ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20hunter2, x-scope = keys,"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "250"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            ("OTEL_TRACES_SAMPLER", "traceidratio"),
            ("OTEL_TRACES_SAMPLER_ARG", "0.25"),
            ("OTEL_RESOURCE_ATTRIBUTES", "region=north, service.name = keys"),
        ]);
        let headers: Vec<_> =
            all.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        assert_eq!(headers, [("authorization", "Bearer hunter2"), ("x-scope", "keys")]);
        assert_eq!((all.timeout, all.service_name.as_str()), (Duration::from_millis(250), "keys"));
        assert!(matches!(all.sampler, Sampler::TraceIdRatioBased(share) if (share - 0.25).abs() < f64::EPSILON));
        assert!(!format!("{all:?}").contains("hunter2"));
        let named = settings(&[ENDPOINT, ("OTEL_SERVICE_NAME", "own"), ("OTEL_RESOURCE_ATTRIBUTES", "service.name=a")]);
        assert_eq!(named.service_name, "own");
    }

    #[test]
    fn what_is_wrong_is_one_line_that_names_the_variable_and_no_secret() {
        for (variable, value) in [
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "collector:4318"),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "ftp://collector"),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://user:hunter2@collector"),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://collector#hunter2"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "hunter2"),
            ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "a b=hunter2"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "0"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon"),
            ("OTEL_TRACES_EXPORTER", "console"),
            ("OTEL_TRACES_SAMPLER", "jaeger_remote"),
            ("OTEL_TRACES_SAMPLER_ARG", "2"),
            ("OTEL_TRACES_SAMPLER_ARG", "NaN"),
        ] {
            let line = read(&[ENDPOINT, (variable, value)]).expect_err("it should be refused");
            assert!(line.contains(variable) && !line.contains('\n') && !line.contains("hunter2"), "{line}");
        }
    }
}
