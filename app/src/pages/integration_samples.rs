//! Calls to copy, with this installation's own address in them.

use std::iter;
use std::net::IpAddr;

use domain::cidr::CidrRule;
use domain::kind::KeyKind;
use domain::origin::DomainRule;
use domain::role::{Act, Rights};
use domain::rules::KeyRules;

/// How a shell takes the variables of a key's file for the programs that it starts.
pub fn loads(id: Option<&str>) -> String {
    format!("set -a; . ./keystead-{}.env; set +a", id.unwrap_or("…"))
}

/// The environment variable of a key. One that checks others has its own, so that a service can hold both.
pub fn variable(rules: &KeyRules) -> &'static str {
    if Rights::of_permissions(&rules.permissions).may(Act::CheckKeys) {
        "KEYSTEAD_VERIFIER_KEY"
    } else {
        "KEYSTEAD_KEY"
    }
}

/// A call with the key itself. It adds an `Origin` if the key is restricted to domains, since curl sends none.
pub fn own_check(url: &str, kind: Option<KeyKind>, rules: &KeyRules) -> String {
    let pair = kind.and_then(|kind| kind.rules().pair_headers());
    let credential = pair.map_or_else(
        || vec![format!("Authorization: Bearer ${}", variable(rules))],
        |pair| vec![format!("{}: $KEYSTEAD_KEY_ID", pair.id), format!("{}: $KEYSTEAD_KEY_SECRET", pair.secret)],
    );
    let origin = accepted_host(&rules.domains).map(|host| format!("Origin: https://{host}"));
    let headers = credential.into_iter().chain(origin);
    let headers = headers.map(|header| format!("-H \"{header}\""));
    let lines: Vec<String> = iter::once(format!("curl {url}/v1/keys/self")).chain(headers).collect();
    lines.join(" \\\n  ")
}

/// The report of an event, to this address. It adds an `Origin` if the key is restricted to domains.
pub fn event_call(address: &str, rules: &KeyRules, event: &str) -> String {
    let origin = accepted_host(&rules.domains).map(|host| format!("-H \"Origin: https://{host}\""));
    let body = format!(r#"{{"event":"{event}","crmId":"crm.example.com","agentId":"agent@example.com"}}"#);
    let bearer = format!("-H \"Authorization: Bearer ${}\"", variable(rules));
    let headers = [bearer, "-H \"Content-Type: application/json\"".to_owned()].into_iter().chain(origin);
    let lines: Vec<String> =
        iter::once(format!("curl \"{address}\"")).chain(headers).chain(iter::once(format!("-d '{body}'"))).collect();
    lines.join(" \\\n  ")
}

/// A host that the domains accept: one that they name, or else one below a wildcard.
fn accepted_host(domains: &[DomainRule]) -> Option<String> {
    let named = domains.iter().map(DomainRule::as_str).find(|rule| !rule.starts_with('*'));
    let below = || domains.first().map(|rule| rule.as_str().replacen('*', "app", 1));
    named.map(str::to_owned).or_else(below)
}

/// An address that the networks accept; `None` if any address will do. If only blocked networks are set, takes one of
/// the example addresses of RFC 5737.
fn accepted_address(cidrs: &[CidrRule], denied: &[CidrRule]) -> Option<IpAddr> {
    if cidrs.is_empty() && denied.is_empty() {
        return None;
    }
    let examples = [[192, 0, 2, 1], [198, 51, 100, 1], [203, 0, 113, 1]].map(IpAddr::from);
    let named = cidrs.iter().map(CidrRule::first_address);
    let candidates = named.chain(examples.into_iter().filter(|_| cidrs.is_empty()));
    candidates.into_iter().find(|address| !denied.iter().any(|rule| rule.contains(*address)))
}

/// A service that checks a caller's key, in four languages: id, name, code. They run as they are copied: both keys are in the
/// environment. Adds an address if the key is restricted to networks, and an origin if it is to domains.
pub fn verify_calls(
    url: &str,
    kind: Option<KeyKind>,
    cidrs: &[CidrRule],
    denied_cidrs: &[CidrRule],
    domains: &[DomainRule],
) -> [(&'static str, &'static str, String); 4] {
    let address = accepted_address(cidrs, denied_cidrs).map(|address| ("clientIp", address.to_string()));
    let origin = accepted_host(domains).map(|host| ("origin", format!("https://{host}")));
    let example: Vec<(&str, String)> = address.into_iter().chain(origin).collect();
    let asked =
        |form: fn(&str, &str) -> String| -> String { example.iter().map(|(name, value)| form(name, value)).collect() };
    // What comes in two headers is asked about as one string.
    let pair = kind.and_then(|kind| kind.rules().pair_headers()).is_some();
    let key = |one, two| if pair { two } else { one };
    let fill = |sample: &str, key: &str, asked: &str| {
        sample.trim_start().replace("{url}", url).replace("{key}", key).replace("{asked}", asked)
    };
    let json = asked(|name, value| format!(r#", "{name}": "{value}""#));
    [
        (
            "verify-curl",
            "curl",
            fill(
                CURL,
                key("$KEYSTEAD_KEY", "${KEYSTEAD_KEY_ID}_$KEYSTEAD_KEY_SECRET"),
                &asked(|name, value| format!(r#",\"{name}\":\"{value}\""#)),
            ),
        ),
        (
            "verify-javascript",
            "JavaScript",
            fill(
                JAVASCRIPT,
                key("process.env.KEYSTEAD_KEY", "`${process.env.KEYSTEAD_KEY_ID}_${process.env.KEYSTEAD_KEY_SECRET}`"),
                &asked(|name, value| format!(r#", {name}: "{value}""#)),
            ),
        ),
        (
            "verify-python",
            "Python",
            fill(
                PYTHON,
                key(
                    "os.environ[\"KEYSTEAD_KEY\"]",
                    "f\"{os.environ['KEYSTEAD_KEY_ID']}_{os.environ['KEYSTEAD_KEY_SECRET']}\"",
                ),
                &json,
            ),
        ),
        (
            "verify-rust",
            "Rust",
            fill(
                RUST,
                key("var(\"KEYSTEAD_KEY\")?", "var(\"KEYSTEAD_KEY_ID\")? + \"_\" + &var(\"KEYSTEAD_KEY_SECRET\")?"),
                &json,
            ),
        ),
    ]
}

const CURL: &str = r#"
curl {url}/v1/keys/verify \
  -H "Authorization: Bearer $KEYSTEAD_VERIFIER_KEY" \
  -H "Content-Type: application/json" \
  -d "{\"key\":\"{key}\"{asked}}"
"#;

const JAVASCRIPT: &str = r#"
const answer = await fetch("{url}/v1/keys/verify", {
  method: "POST",
  headers: {
    "Authorization": `Bearer ${process.env.KEYSTEAD_VERIFIER_KEY}`,
    "Content-Type": "application/json",
  },
  body: JSON.stringify({ key: {key}{asked} }),
});
if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
const verdict = await answer.json();
if (!verdict.valid) throw new Error(`refused: ${verdict.code}`);
console.log(verdict.code);
"#;

const PYTHON: &str = r#"
import json, os, urllib.request

request = urllib.request.Request(
    "{url}/v1/keys/verify",
    data=json.dumps({"key": {key}{asked}}).encode(),
    headers={
        "Authorization": f"Bearer {os.environ['KEYSTEAD_VERIFIER_KEY']}",
        "Content-Type": "application/json",
    },
)
with urllib.request.urlopen(request, timeout=2) as answer:
    verdict = json.load(answer)
if not verdict["valid"]:
    raise PermissionError(verdict["code"])
print(verdict["code"])
"#;

const RUST: &str = r#"
use std::env::var;

use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let question = json!({ "key": {key}{asked} });
    let mut answer = ureq::post("{url}/v1/keys/verify")
        .header("Authorization", format!("Bearer {}", var("KEYSTEAD_VERIFIER_KEY")?))
        .header("Content-Type", "application/json")
        .send(question.to_string())?;
    let verdict: Value = serde_json::from_str(&answer.body_mut().read_to_string()?)?;
    if verdict["valid"] != true {
        return Err(format!("refused: {}", verdict["code"]).into());
    }
    println!("{}", verdict["code"]);
    Ok(())
}
"#;

#[cfg(test)]
mod tests {
    use domain::origin::Origin;

    use domain::field::Field;
    use domain::permission::Permission;

    use super::*;

    #[test]
    fn the_own_check_comes_from_where_the_key_is_accepted() {
        for (rules, host) in [
            (&["crm.example.com", "b.example.com"][..], "crm.example.com"),
            (&["*.example.com"], "app.example.com"),
            (&["*.example.com", "crm.example.org"], "crm.example.org"),
            (&["*.münchen.example"], "app.xn--mnchen-3ya.example"),
        ] {
            let rules = DomainRule::parse_items(rules).unwrap();
            assert_eq!(accepted_host(&rules).as_deref(), Some(host), "{rules:?}");
            let origin = format!("https://{host}");
            let sent = Origin::parse(&origin).unwrap();
            assert!(rules.iter().any(|rule| rule.matches(sent)), "{rules:?}");
            let call = own_check("http://localhost:3000", None, &KeyRules { domains: rules, ..KeyRules::default() });
            assert!(call.ends_with(&format!(" \\\n  -H \"Origin: {origin}\"")), "{call}");
        }
        let call = own_check("http://localhost:3000", None, &KeyRules::default());
        assert_eq!(call, "curl http://localhost:3000/v1/keys/self \\\n  -H \"Authorization: Bearer $KEYSTEAD_KEY\"");
    }

    #[test]
    fn the_call_of_an_event_is_whole_and_comes_from_where_the_key_is_accepted() {
        let domains = DomainRule::parse_items(&["crm.example.com"]).unwrap();
        let call =
            event_call("http://localhost:3000/openconnect", &KeyRules { domains, ..KeyRules::default() }, "On Ring");
        assert!(call.starts_with(
            "curl \"http://localhost:3000/openconnect\" \\\n  -H \"Authorization: Bearer $KEYSTEAD_KEY\""
        ));
        assert!(call.contains("Origin: https://crm.example.com"), "{call}");
        let body = call.split('\'').nth(1).unwrap();
        let sent: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!((&sent["event"], &sent["crmId"]), (&"On Ring".into(), &"crm.example.com".into()));
    }

    #[test]
    fn a_key_that_checks_others_has_a_variable_of_its_own() {
        let of = |permission: &str| {
            let permissions = vec![Permission::parse(permission).unwrap()];
            variable(&KeyRules { permissions, ..KeyRules::default() })
        };
        assert_eq!(of("keystead.verify"), "KEYSTEAD_VERIFIER_KEY");
        assert_eq!(of("invoices.read"), "KEYSTEAD_KEY");
        assert_eq!(variable(&KeyRules::default()), "KEYSTEAD_KEY");
    }

    fn networks(items: &[&str]) -> Vec<CidrRule> {
        CidrRule::parse_items(Field::Cidrs, items).unwrap()
    }

    #[test]
    fn a_call_asks_with_what_the_key_is_restricted_to() {
        let cidrs = networks(&["10.0.0.0/8", "192.0.2.1"]);
        let domains = DomainRule::parse_items(&["*.example.com"]).unwrap();
        let code = |cidrs, denied, domains| {
            verify_calls("http://localhost:3000", None, cidrs, denied, domains).map(|(.., code)| code)
        };
        let [curl, javascript, python, rust] = code(&cidrs, &[], &domains);
        let asked = r#"{\"key\":\"$KEYSTEAD_KEY\",\"clientIp\":\"10.0.0.0\",\"origin\":\"https://app.example.com\"}"#;
        assert!(curl.contains(asked), "{curl}");
        let asked = r#"{ key: process.env.KEYSTEAD_KEY, clientIp: "10.0.0.0", origin: "https://app.example.com" }"#;
        assert!(javascript.contains(asked), "{javascript}");
        for (code, key) in [(python, r#"os.environ["KEYSTEAD_KEY"]"#), (rust, r#"var("KEYSTEAD_KEY")?"#)] {
            let asked = format!(r#""key": {key}, "clientIp": "10.0.0.0", "origin": "https://app.example.com""#);
            assert!(code.contains(&asked), "{code}");
        }
        for code in code(&[], &[], &[]) {
            assert!(
                !code.contains("origin")
                    && !code.contains("clientIp")
                    && !code.contains("{asked}")
                    && !code.contains("{key}"),
                "{code}"
            );
        }
        let pairs = verify_calls("http://localhost:3000", Some(KeyKind::MasterUser), &[], &[], &[]);
        for ((.., code), key) in pairs.iter().zip(["ID}_$", "ID}_${", "ID']}_{", "ID\")? + \"_\""]) {
            assert!(code.contains(key), "{code}");
        }
        let denied = networks(&["10.0.0.0/9", "192.0.2.0/24"]);
        let [refusing, ..] = code(&[], &denied, &[]);
        assert!(refusing.contains(r#"\"clientIp\":\"198.51.100.1\""#), "{refusing}");
        let [between, ..] = code(&networks(&["10.0.0.0/8", "172.16.0.0/12"]), &denied, &[]);
        assert!(between.contains(r#"\"clientIp\":\"172.16.0.0\""#), "{between}");
    }
}
