//! The first call of a key that is presented as id and secret of Basic: in five languages, and as a file for Postman.

use domain::ids::AppId;
use domain::key::KeyRow;
use domain::kind::{KeyKind, Presented};
use domain::role::{Act, Rights};
use leptos::prelude::*;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use crate::components::copy::Sample;

/// In the place of a secret that Keystead does not show.
const NO_SECRET: &str = "THE_SECRET";

/// A call with all that it needs.
#[derive(Clone)]
pub struct FirstCall {
    /// What it does, in a few words.
    words: &'static str,
    /// The whole address.
    address: String,
    id: String,
    secret: String,
}

impl FirstCall {
    /// The call of a key of this kind, with its secret; `None` for a kind that is presented in another way.
    pub fn of(url: &str, row: &KeyRow, app: &AppId, secret: &str) -> Option<Self> {
        let kind = row.kind;
        let (words, path) = first_call(kind, app)?;
        let id = row.basic_id()?;
        Some(Self { words, address: format!("{url}{path}"), id, secret: secret.to_owned() })
    }

    /// The same with words in the place of the secret.
    pub fn without_secret(url: &str, row: &KeyRow, app: &AppId) -> Option<Self> {
        Self::of(url, row, app, NO_SECRET)
    }

    /// What it does, and its method and address.
    pub fn to_allow(&self) -> (&'static str, String) {
        (self.words, format!("GET {}", self.address))
    }

    fn has_tls(&self) -> bool {
        self.address.starts_with("https:")
    }

    fn fill(&self, sample: &str) -> String {
        let tls = if self.has_tls() { TCL_TLS } else { "" };
        let filled = sample.trim_start().replace("{tls}", tls).replace("{address}", &self.address);
        filled.replace("{id}", &self.id).replace("{secret}", &self.secret)
    }

    /// Id, name and code of each sample.
    fn samples(&self) -> [(&'static str, &'static str, String); 5] {
        [
            ("call-curl", "curl", self.fill(CURL)),
            ("call-tcl", "Tcl", self.fill(TCL)),
            ("call-python", "Python", self.fill(PYTHON)),
            ("call-javascript", "JavaScript", self.fill(JAVASCRIPT)),
            ("call-rust", "Rust", self.fill(RUST)),
        ]
    }

    /// A collection with the call, as Postman reads it.
    fn postman(&self) -> String {
        let part = |key: &str, value: &str| json!({ "key": key, "value": value, "type": "string" });
        let answered = "pm.test(\"Keystead answers\", () => pm.response.to.have.status(200));";
        let item = json!({
            "name": self.words,
            "event": [{ "listen": "test", "script": { "type": "text/javascript", "exec": [answered] } }],
            "request": {
                "method": "GET",
                "auth": {
                    "type": "basic",
                    "basic": [part("username", &self.id), part("password", &self.secret)],
                },
                "header": [{ "key": "Accept", "value": "application/json" }],
                "url": self.address,
            },
        });
        let schema = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json";
        json!({ "info": { "name": "Keystead", "schema": schema }, "item": [item] }).to_string()
    }
}

/// What a key of this kind can call without knowing anything else: what that does, and the path.
fn first_call(kind: KeyKind, app: &AppId) -> Option<(&'static str, String)> {
    if kind.rules().presented != Presented::BasicOrJwt {
        return None;
    }
    let rights = Rights::of_scope(kind);
    Some(if rights.may(Act::ManageApps) {
        ("List the apps", "/v2/apps".to_owned())
    } else if rights.may(Act::SeeIntegrations) {
        ("List the integrations of the app", format!("/v2/apps/{app}/integrations"))
    } else {
        ("List the webhooks of the integration", format!("/v2/apps/{app}/integrations/me/webhooks"))
    })
}

/// The samples, and the file. What has the secret in it is folded.
#[component]
pub fn FirstCalls(call: FirstCall) -> impl IntoView {
    let shows_one = call.secret == NO_SECRET;
    let samples: Vec<_> = call
        .samples()
        .into_iter()
        .enumerate()
        .map(|(index, (id, name, code))| {
            let open = shows_one && index == 0;
            view! {
                <details name="call" class="fold" open=open>
                    <summary>{name}</summary>
                    <Sample id name code untitled=true/>
                </details>
            }
        })
        .collect();
    let file = format!("keystead-{}.postman_collection.json", call.id);
    // The link contains the text of the file, so nothing is fetched and nothing is kept.
    let contents = utf8_percent_encode(&call.postman(), NON_ALPHANUMERIC).to_string();
    let contents = format!("data:application/json;charset=utf-8,{contents}");
    view! {
        <div class="stack">
            {shows_one.then(|| view! { <p>"Put the secret in the place of " <code>{NO_SECRET}</code> "."</p> })}
            <p>
                {call.words} ". The Rust sample needs the crates " <code>"base64"</code> " and " <code>"ureq"</code> "."
                {call.has_tls().then(|| view! { " The Tcl sample needs the package " <code>"tls"</code> "." })}
            </p>
            <div>{samples}</div>
            <div class="actions"><a class="button" download=file href=contents>"Download for Postman"</a></div>
        </div>
    }
}

const CURL: &str = r#"
curl -u "{id}:{secret}" "{address}"
"#;

/// Without `-require`, no certificate is checked.
const TCL_TLS: &str = "package require tls
# tcltls 1.7 checks who signed the certificate, not whose name is in it.
http::register https 443 [list ::tls::socket -autoservername true -require true -cadir /etc/ssl/certs]
";

const TCL: &str = r#"
package require http
{tls}
set credentials [binary encode base64 "{id}:{secret}"]
set headers [list Authorization "Basic $credentials" Accept application/json]
set call [http::geturl "{address}" -headers $headers]
puts [http::data $call]
if {[http::ncode $call] >= 400} { exit 1 }
"#;

const PYTHON: &str = r#"
import base64, json, urllib.request

credentials = base64.b64encode(b"{id}:{secret}").decode()
request = urllib.request.Request(
    "{address}",
    headers={"Authorization": f"Basic {credentials}"},
)
with urllib.request.urlopen(request, timeout=10) as answer:
    print(json.dumps(json.load(answer), indent=2))
"#;

const JAVASCRIPT: &str = r#"
const credentials = Buffer.from("{id}:{secret}").toString("base64");
const answer = await fetch("{address}", {
  headers: { Authorization: `Basic ${credentials}` },
});
if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
console.log(await answer.json());
"#;

const RUST: &str = r#"
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let credentials = BASE64_STANDARD.encode("{id}:{secret}");
    let mut answer = ureq::get("{address}")
        .header("Authorization", format!("Basic {credentials}"))
        .call()?;
    println!("{}", answer.body_mut().read_to_string()?);
    Ok(())
}
"#;

#[cfg(test)]
mod tests {
    use super::*;

    fn call(kind: KeyKind, url: &str) -> Option<FirstCall> {
        let (words, path) = first_call(kind, &AppId::from_random([1; 12]))?;
        let (id, secret) = ("int_0123456789abcdef01234567".to_owned(), "a-B_9".to_owned());
        Some(FirstCall { words, address: format!("{url}{path}"), id, secret })
    }

    #[test]
    fn each_kind_of_the_three_scopes_has_a_call_of_its_own_and_no_other_has_one() {
        let paths: Vec<_> = KeyKind::ALL.iter().filter_map(|kind| call(*kind, "")).map(|call| call.address).collect();
        let app = "01".repeat(12);
        let expected = [
            format!("/v2/apps/{app}/integrations/me/webhooks"),
            format!("/v2/apps/{app}/integrations"),
            "/v2/apps".to_owned(),
        ];
        assert_eq!(paths, expected);
    }

    #[test]
    fn each_sample_is_filled_in() {
        for kind in KeyKind::ALL.iter().filter(|kind| call(**kind, "").is_some()) {
            for url in ["http://localhost:3000", "https://keys.example.com"] {
                let call = call(*kind, url).unwrap();
                for (_, name, code) in call.samples() {
                    for part in [&call.id, &call.secret, &call.address] {
                        assert!(code.contains(part.as_str()), "{name}: {code}");
                    }
                    for hole in ["{id}", "{secret}", "{address}", "{tls}"] {
                        assert!(!code.contains(hole), "{name}: {code}");
                    }
                }
                let [_, (_, _, tcl), ..] = call.samples();
                for part in ["package require tls", "-autoservername true", "-require true -cadir /etc/ssl/certs"] {
                    assert_eq!(tcl.contains(part), url.starts_with("https"), "{part}: {tcl}");
                }
                assert!(call.postman().contains(&format!("\"url\":\"{}\"", call.address)));
            }
        }
    }
}
