//! One call of the management API, and how its refusal reads.

use axum::body::Bytes;
use axum::http::{Method, Request, header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::json::Json;
use super::output::plain;

/// The most characters of a wrong value that are repeated.
const VALUE_SHOWN: usize = 64;

/// The options that are not named like the member or parameter that they set.
const OPTIONS: &[(&str, &str)] = &[
    ("acknowledge", "--pending"),
    ("apps", "--app"),
    ("cidrs", "--cidr"),
    ("deniedCidrs", "--deny-cidr"),
    ("domains", "--domain"),
    ("external_id", "--external-id"),
    ("keys", "--grant"),
    ("limits", "--limit"),
    ("passphrase", "--passphrase-stdin"),
    ("permissions", "--permission"),
    ("person_id", "--person-id"),
    ("q", "--search"),
    ("rotateDays", "--rotate-every"),
    ("tags", "--tag"),
];

/// The members that hold others: a key that is handed over, and who is to collect a new secret.
const AROUND: [&str; 2] = ["key", "handOver"];

/// A call.
pub(super) struct Call {
    pub method: Method,
    path: String,
    query: Vec<(String, String)>,
    body: Option<Json>,
    /// The revision that a change is for.
    if_match: Option<i64>,
}

impl Call {
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), query: Vec::new(), body: None, if_match: None }
    }

    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    pub fn post(path: impl Into<String>) -> Self {
        Self::new(Method::POST, path)
    }

    /// The same with a parameter.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.query.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same with all these parameters.
    pub fn with_all(mut self, pairs: &[(String, String)]) -> Self {
        self.query.extend_from_slice(pairs);
        self
    }

    /// The same with a body of these members.
    pub fn body(self, members: Vec<(&str, Json)>) -> Self {
        Self { body: Some(Json::object(members)), ..self }
    }

    /// The same, only if what it changes is at this revision.
    pub fn at(self, revision: Option<i64>) -> Self {
        Self { if_match: revision, ..self }
    }

    /// The request, for a server at this address; without one, for this process.
    pub fn request(&self, origin: &str) -> Result<Request<Bytes>, axum::http::Error> {
        let mut address = format!("{origin}{}", self.path);
        if !self.query.is_empty() {
            let pairs = form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.query).finish();
            address = format!("{address}?{pairs}");
        }
        let mut request = Request::builder().method(self.method.clone()).uri(address);
        if let Some(revision) = self.if_match {
            request = request.header(header::IF_MATCH, format!("\"{revision}\""));
        }
        let Some(body) = &self.body else { return request.body(Bytes::new()) };
        request.header(header::CONTENT_TYPE, "application/json").body(body.to_text().into())
    }

    /// A problem in words: each fault at the option that set it, or the title and the detail.
    pub fn refused(&self, problem: &Json) -> String {
        let faults: Vec<_> =
            problem.get("errors").map_or(&[][..], Json::items).iter().map(|fault| self.fault(fault)).collect();
        if !faults.is_empty() {
            return faults.join(" ");
        }
        let part = |name| plain(problem.text(name).unwrap_or_default());
        format!("{}: {}", part("title"), part("detail"))
    }

    fn fault(&self, fault: &Json) -> String {
        let detail = plain(fault.text("detail").unwrap_or_default());
        if let Some(parameter) = fault.text("parameter") {
            return format!("{}: {detail}", option(parameter));
        }
        let pointer = fault.text("pointer").unwrap_or_default();
        let body = self.body.as_ref();
        // What is inside has options of its own, and the member around it has none.
        let (pointer, body) = AROUND
            .into_iter()
            .find_map(|member| {
                let inner = pointer.strip_prefix('/')?.strip_prefix(member)?;
                inner.starts_with('/').then_some((inner, Some(body?.get(member)?)))
            })
            .unwrap_or((pointer, body));
        let mut steps = pointer.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~"));
        let Some(member) = steps.next() else { return detail };
        let item = steps.next();
        let value = body.and_then(|body| body.get(&member));
        let named = match (item, value) {
            (Some(n), Some(Json::List(items))) => n.parse().ok().and_then(|n: usize| items.get(n)).map(Json::words),
            (Some(name), Some(Json::Object(_))) => Some(name),
            _ => None,
        };
        let named = named.filter(|named| named.chars().count() <= VALUE_SHOWN);
        let named = named.map(|named| format!(" {:?}", plain(&named))).unwrap_or_default();
        format!("{}{named}: {detail}", option(&member))
    }
}

/// A path to one thing. What is no part of an id is escaped.
pub(super) fn path_of(list: &str, id: &str, act: &str) -> String {
    let id = utf8_percent_encode(id, NON_ALPHANUMERIC);
    if act.is_empty() { format!("{list}/{id}") } else { format!("{list}/{id}/{act}") }
}

/// The option that sets a parameter of a list, without its dashes.
pub(super) fn long(parameter: &'static str) -> &'static str {
    let option = OPTIONS.iter().find(|(known, _)| *known == parameter).map(|(_, option)| *option);
    option.and_then(|option| option.strip_prefix("--")).unwrap_or(parameter)
}

/// The option that sets a member of a body, or a parameter of a query.
pub(super) fn option(name: &str) -> String {
    if let Some((_, option)) = OPTIONS.iter().find(|(known, _)| *known == name) {
        return (*option).to_owned();
    }
    let mut option = "--".to_owned();
    for c in name.chars() {
        match c {
            '_' => option.push('-'),
            c if c.is_ascii_uppercase() => option.extend(['-', c.to_ascii_lowercase()]),
            c => option.push(c),
        }
    }
    plain(&option)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_at_its_option_with_its_value() {
        let call = Call::post("/v1/keys").body(vec![
            ("name", String::new().into()),
            ("cidrs", vec!["10.0.0.0/8".to_owned(), "10.0.0.1/8".to_owned()].into()),
            ("metadata", Json::Object(vec![("two words".to_owned(), Json::Null)])),
        ]);
        let problem = r#"{"title":"t","detail":"d","errors":[{"pointer":"/name","detail":"Enter a name."},
            {"pointer":"/cidrs/1","detail":"Use 10.0.0.0/8."},{"pointer":"/metadata/two words","detail":"No spaces."},
            {"parameter":"external_id","detail":"Send less."},{"pointer":"/deniedCidrs/7","detail":"No."}]}"#;
        assert_eq!(
            call.refused(&Json::read(problem.as_bytes()).unwrap()),
            "--name: Enter a name. --cidr \"10.0.0.1/8\": Use 10.0.0.0/8. --metadata \"two words\": No spaces. \
             --external-id: Send less. --deny-cidr: No."
        );
        let key = Json::object(vec![("cidrs", vec!["x".to_owned()].into())]);
        let call = Call::post("/v1/hand-overs").body(vec![("key", key), ("passphrase", "short".to_owned().into())]);
        let problem = r#"{"title":"t","detail":"d","errors":[{"pointer":"/key/name","detail":"Enter a name."},
            {"pointer":"/key/cidrs/0","detail":"No."},{"pointer":"/passphrase","detail":"Use more."}]}"#;
        assert_eq!(
            call.refused(&Json::read(problem.as_bytes()).unwrap()),
            "--name: Enter a name. --cidr \"x\": No. --passphrase-stdin: Use more."
        );
        let to = Json::object(vec![("recipient", String::new().into())]);
        let call = Call::post("/v1/keys/7Qm2xVbN4tRa/rotate").body(vec![("handOver", to)]);
        let problem = r#"{"title":"t","detail":"d","errors":[{"pointer":"/handOver/recipient","detail":"Enter a name."},
            {"pointer":"/handOver/linkLife","detail":"No."},{"pointer":"/overlap","detail":"Use less."}]}"#;
        assert_eq!(
            call.refused(&Json::read(problem.as_bytes()).unwrap()),
            "--recipient: Enter a name. --link-life: No. --overlap: Use less."
        );
        let plain = Json::read(br#"{"title":"This does not exist","detail":"Key not found."}"#).unwrap();
        assert_eq!(call.refused(&plain), "This does not exist: Key not found.");
    }

    #[test]
    fn nothing_typed_leaves_its_place_in_the_address() {
        assert_eq!(path_of("/v1/keys", "../apps?x#y", "disable"), "/v1/keys/%2E%2E%2Fapps%3Fx%23y/disable");
        let request = Call::get("/v1/keys").with("q", "a&kind=b c").request("http://localhost").unwrap();
        assert_eq!(request.uri().to_string(), "http://localhost/v1/keys?q=a%26kind%3Db+c");
    }
}
