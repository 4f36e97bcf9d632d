//! The calls that are made again and again, as they go over the wire.

use std::io::{BufWriter, Write};

use anyhow::Result;
use domain::ids::AppId;
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::data::Installation;
use crate::http::{Answer, Connection};
use crate::restrictions::{ADDRESS, ORIGIN, QUERY};

/// More calls than any server here answers in a second.
const MOST_A_SECOND: usize = 100_000;

/// A call about the key whose token, id or name is put in.
pub(crate) struct Call {
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, String)>,
    /// The rest of a body depends on the token.
    body: Option<fn(&str) -> String>,
    put: Put,
}

/// Where what differs from call to call is put, beside the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Put {
    /// In `Authorization: Bearer`.
    Bearer,
    /// At the end of the path.
    Path,
    /// In `API_KEY`.
    ApiKey,
    Nowhere,
}

impl Call {
    /// `POST /v1/keys/verify`, with a question of each sort.
    pub fn verify(on: &Installation) -> Self {
        let authorization = ("Authorization", format!("Bearer {}", on.verifier));
        Self {
            method: "POST",
            path: "/v1/keys/verify".to_owned(),
            headers: vec![("Content-Type", "application/json".to_owned()), authorization],
            body: Some(|token| asked(token).to_string()),
            put: Put::Nowhere,
        }
    }

    /// `POST /v1/keys/verify-batch`: what is put in is a whole body, of [`batches`].
    pub fn verify_batch(on: &Installation) -> Self {
        Self { path: "/v1/keys/verify-batch".to_owned(), body: Some(str::to_owned), ..Self::verify(on) }
    }

    /// `GET /v1/keys`: the first page of the keys that a program manages.
    pub fn list(manager: &str) -> Self {
        Self { path: "/v1/keys".to_owned(), put: Put::Nowhere, ..Self::get(manager) }
    }

    /// `GET /v1/keys?after=…`: the page after a cursor.
    pub fn page(manager: &str) -> Self {
        Self { path: "/v1/keys?after=".to_owned(), ..Self::get(manager) }
    }

    /// `GET /v1/keys/{id}`.
    pub fn get(manager: &str) -> Self {
        let headers = vec![("Authorization", format!("Bearer {manager}"))];
        Self { method: "GET", path: "/v1/keys/".to_owned(), headers, body: None, put: Put::Path }
    }

    /// `POST /v1/keys`: issues a key of this name.
    pub fn issue(manager: &str) -> Self {
        let json = ("Content-Type", "application/json".to_owned());
        let get = Self::get(manager);
        Self {
            method: "POST",
            path: "/v1/keys".to_owned(),
            headers: get.headers.into_iter().chain([json]).collect(),
            body: Some(|name| json!({"kind": "service", "name": name, "permissions": ["invoices.read"]}).to_string()),
            put: Put::Nowhere,
        }
    }

    /// `GET /v1/authorize`, with the same questions, as a proxy sends them.
    pub fn authorize() -> Self {
        let query: String = form_urlencoded::byte_serialize(QUERY.as_bytes()).collect();
        let headers = [
            ("Origin", ORIGIN),
            ("X-Forwarded-For", ADDRESS),
            ("X-Forwarded-Host", "api.example.com"),
            ("X-Forwarded-Method", "GET"),
            ("X-Forwarded-Proto", "https"),
            ("X-Forwarded-Uri", "/invoices/2041"),
        ];
        Self {
            method: "GET",
            path: format!("/v1/authorize?permissions={}&kind=service", query.replace('+', "%20")),
            headers: headers.map(|(name, value)| (name, value.to_owned())).to_vec(),
            body: None,
            put: Put::Bearer,
        }
    }

    /// `GET /openapi/token`: buys an access token with an API KEY.
    pub fn token() -> Self {
        Self { method: "GET", path: "/openapi/token".to_owned(), headers: Vec::new(), body: None, put: Put::ApiKey }
    }

    /// `GET /v2/apps/{appId}`, with the key of the app as Basic.
    pub fn app_by_basic(app: &AppId, authorization: &str) -> Self {
        let headers = vec![("Authorization", authorization.to_owned())];
        Self { headers, put: Put::Nowhere, ..Self::app_by_token(app) }
    }

    /// The same with a JWT.
    pub fn app_by_token(app: &AppId) -> Self {
        Self { method: "GET", path: format!("/v2/apps/{app}"), headers: Vec::new(), body: None, put: Put::Bearer }
    }

    /// `POST /openconnect`: reports an event of an agent.
    pub fn event() -> Self {
        Self {
            method: "POST",
            path: "/openconnect".to_owned(),
            headers: vec![("Content-Type", "application/json".to_owned())],
            body: Some(str::to_owned),
            put: Put::Nowhere,
        }
    }

    /// `POST …/messages`: says something in a conversation, with the key of its app as Basic.
    pub fn message(app: &AppId, conversation: &str, authorization: &str) -> Self {
        let authorization = ("Authorization", authorization.to_owned());
        let Self { headers, .. } = Self::event();
        Self {
            path: format!("/v2/apps/{app}/conversations/{conversation}/messages"),
            headers: headers.into_iter().chain([authorization]).collect(),
            ..Self::event()
        }
    }

    /// What better-auth is asked: the key, and the permissions in its own form.
    pub fn better_auth() -> Self {
        Self {
            method: "POST",
            path: "/verify".to_owned(),
            headers: vec![("Content-Type", "application/json".to_owned())],
            body: Some(|token| json!({"key": token, "permissions": {"invoices": ["read", "write"]}}).to_string()),
            put: Put::Nowhere,
        }
    }

    /// Makes it once.
    pub async fn make(&self, authority: &str, token: &str) -> Result<Answer> {
        let mut headers: Vec<(&str, &str)> = self.headers.iter().map(|(name, value)| (*name, &**value)).collect();
        let authorization = format!("Bearer {token}");
        if self.put == Put::Bearer {
            headers.push(("Authorization", &authorization));
        }
        if self.put == Put::ApiKey {
            headers.push(("API_KEY", token));
        }
        let body = self.body.map(|body| body(token)).unwrap_or_default();
        Connection::open(authority).await?.send(self.method.parse()?, &self.path(token), &headers, body).await
    }

    fn path(&self, token: &str) -> String {
        let end = if self.put == Put::Path { token } else { "" };
        format!("{}{end}", self.path)
    }

    /// One line of wrk's file: a tab for each line end.
    fn line(&self, token: &str) -> String {
        let mut line = format!("{} {} HTTP/1.1\tHost: localhost\t", self.method, self.path(token));
        for (name, value) in &self.headers {
            line.extend([*name, ": ", value, "\t"]);
        }
        if self.put == Put::Bearer {
            line.extend(["Authorization: Bearer ", token, "\t"]);
        }
        if self.put == Put::ApiKey {
            line.extend(["API_KEY: ", token, "\t"]);
        }
        if let Some(body) = self.body {
            let body = body(token);
            line.extend([&format!("Content-Length: {}\t\t", body.len()), &*body]);
        } else {
            line.push('\t');
        }
        line
    }
}

/// What is asked about a key, with a question of each sort.
fn asked(token: &str) -> Value {
    json!({"key": token, "clientIp": ADDRESS, "origin": ORIGIN, "permissions": QUERY, "kind": "service"})
}

/// Bodies of calls about so many keys each.
pub(crate) fn batches(tokens: &[String], size: usize) -> Vec<String> {
    let body =
        |tokens: &[String]| json!({"calls": tokens.iter().map(|token| asked(token)).collect::<Vec<_>>()}).to_string();
    tokens.chunks_exact(size).map(body).collect()
}

/// Calls about one key after the other.
pub(crate) struct Plan<'a> {
    call: Call,
    tokens: &'a [String],
    /// Where the next round begins.
    at: usize,
    /// Whether it goes on where the last one ended, so that each key is asked about once before any is again.
    goes_on: bool,
}

impl<'a> Plan<'a> {
    /// Each round begins with the first key.
    pub fn round(call: Call, tokens: &'a [String]) -> Self {
        Self { call, tokens, at: 0, goes_on: false }
    }

    /// Each round goes on where the last one ended.
    pub fn onward(call: Call, tokens: &'a [String]) -> Self {
        Self { call, tokens, at: 0, goes_on: true }
    }

    /// The next calls, enough for a round of this many seconds.
    pub fn write(&self, seconds: u32) -> Result<NamedTempFile> {
        let mut file = BufWriter::new(NamedTempFile::new()?);
        let enough = (seconds as usize * MOST_A_SECOND).min(self.tokens.len());
        for token in self.tokens.iter().cycle().skip(self.at).take(enough) {
            writeln!(file, "{}", self.call.line(token))?;
        }
        Ok(file.into_inner()?)
    }

    /// Notes how many calls were made.
    pub fn made(&mut self, calls: u64) {
        if self.goes_on && !self.tokens.is_empty() {
            let calls = usize::try_from(calls).unwrap_or_default();
            self.at = (self.at + calls) % self.tokens.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn calls(plan: &Plan<'_>, seconds: u32) -> Vec<String> {
        let text = fs::read_to_string(plan.write(seconds).unwrap().path()).unwrap();
        text.lines().map(|line| line.rsplit_once("Bearer ").unwrap().1.trim().to_owned()).collect()
    }

    #[test]
    fn a_batch_is_whole_or_not_made() {
        let tokens: Vec<String> = ["a", "b", "c"].map(str::to_owned).to_vec();
        let made = batches(&tokens, 2);
        assert_eq!(made.len(), 1);
        assert_eq!(made[0].matches(r#""key":"#).count(), 2);
    }

    #[test]
    fn rounds_begin_anew_or_go_on() {
        let tokens: Vec<String> = ["a", "b", "c"].map(str::to_owned).to_vec();
        let mut round = Plan::round(Call::authorize(), &tokens);
        round.made(4);
        assert_eq!(calls(&round, 1), ["a", "b", "c"]);
        let mut onward = Plan::onward(Call::authorize(), &tokens);
        onward.made(4);
        assert_eq!(calls(&onward, 1), ["b", "c", "a"]);
    }

    #[test]
    fn a_body_stands_behind_an_empty_line() {
        let line = Call::better_auth().line("k");
        assert!(
            line.ends_with(
                "\tContent-Length: 55\t\t{\"key\":\"k\",\"permissions\":{\"invoices\":[\"read\",\"write\"]}}"
            ),
            "{line}"
        );
    }
}
