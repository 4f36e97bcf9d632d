//! Calls to copy, with this installation's own address in them.

use domain::kind::KeyKind;

/// A call with the key itself.
pub fn own_check(url: &str, kind: Option<KeyKind>) -> String {
    match kind {
        Some(KeyKind::MasterUser) => format!(
            "curl -H \"X-MASTER-USER-API-KEY: $KEYSTEAD_KEY_ID\" \\\n     -H \"X-MASTER-USER-API-KEY-SECRET: $KEYSTEAD_KEY_SECRET\" \\\n     {url}/v1/keys/self"
        ),
        _ => format!("curl -H \"Authorization: Bearer $KEYSTEAD_KEY\" \\\n     {url}/v1/keys/self"),
    }
}

/// A service that checks a key it was given, in four languages: id, name, code.
pub fn verify_calls(url: &str) -> [(&'static str, &'static str, String); 4] {
    [
        ("verify-curl", "curl", fill(CURL, url)),
        ("verify-javascript", "JavaScript", fill(JAVASCRIPT, url)),
        ("verify-python", "Python", fill(PYTHON, url)),
        ("verify-rust", "Rust", fill(RUST, url)),
    ]
}

/// What has to be reachable, as what and where.
pub fn hosts(url: &str) -> [(&'static str, String); 3] {
    [
        ("check a key", format!("POST {url}/v1/keys/verify")),
        ("a key about itself", format!("GET {url}/v1/keys/self")),
        ("health, for a load balancer", format!("GET {url}/healthz")),
    ]
}

fn fill(sample: &str, url: &str) -> String {
    sample.trim_start().replace("{url}", url)
}

const CURL: &str = r#"
curl {url}/v1/keys/verify \
  -H "Authorization: Bearer $KEYSTEAD_VERIFIER_KEY" \
  -H "Content-Type: application/json" \
  -d "{\"key\":\"$KEYSTEAD_KEY\"}"
"#;

const JAVASCRIPT: &str = r#"
const answer = await fetch("{url}/v1/keys/verify", {
  method: "POST",
  headers: {
    "Authorization": `Bearer ${process.env.KEYSTEAD_VERIFIER_KEY}`,
    "Content-Type": "application/json",
  },
  body: JSON.stringify({ key: callersKey, clientIp: callersAddress }),
});
const verdict = await answer.json();
if (!verdict.valid) throw new Error(`refused: ${verdict.code}`);
"#;

const PYTHON: &str = r#"
import json, os, urllib.request

request = urllib.request.Request(
    "{url}/v1/keys/verify",
    data=json.dumps({"key": callers_key, "clientIp": callers_address}).encode(),
    headers={
        "Authorization": f"Bearer {os.environ['KEYSTEAD_VERIFIER_KEY']}",
        "Content-Type": "application/json",
    },
)
with urllib.request.urlopen(request, timeout=2) as answer:
    verdict = json.load(answer)
if not verdict["valid"]:
    raise PermissionError(verdict["code"])
"#;

const RUST: &str = r#"
let verdict: serde_json::Value = reqwest::Client::new()
    .post("{url}/v1/keys/verify")
    .bearer_auth(std::env::var("KEYSTEAD_VERIFIER_KEY")?)
    .json(&serde_json::json!({ "key": callers_key, "clientIp": callers_address }))
    .send()
    .await?
    .error_for_status()?
    .json()
    .await?;
if verdict["valid"] != true {
    return Err(format!("refused: {}", verdict["code"]).into());
}
"#;
