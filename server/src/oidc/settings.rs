//! The providers of the configuration: a file of JSON, checked once at the start.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use axum::http::Uri;
use domain::provider::{Join, ProviderRules, RoleRules, is_provider_id};
use domain::role::Role;
use domain::text;
use secrecy::SecretString;
use serde::Deserialize;

use crate::public_url::is_loopback;

/// A provider as the configuration has it, checked.
#[derive(Clone)]
pub struct ProviderSettings {
    /// How far its word counts.
    pub rules: ProviderRules,
    /// The address that it calls itself.
    pub issuer: String,
    /// The name that it knows Keystead by.
    pub client_id: String,
    /// What proves to it that Keystead asks.
    pub client_secret: SecretString,
    /// What it is asked for.
    pub scopes: Vec<String>,
}

impl fmt::Debug for ProviderSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ProviderSettings").field("rules", &self.rules).finish_non_exhaustive()
    }
}

/// A provider as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    id: String,
    name: Option<String>,
    issuer: String,
    client_id: String,
    client_secret: Option<String>,
    client_secret_file: Option<PathBuf>,
    domains: Vec<String>,
    join: Option<Join>,
    default_role: Option<Role>,
    role_claim: Option<String>,
    roles: Option<BTreeMap<String, Role>>,
    second_factor: Option<WhoseFactor>,
    scopes: Option<Vec<String>>,
}

/// Who asks for the second factor of those who sign in by a provider.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum WhoseFactor {
    Keystead,
    Provider,
}

/// What a provider is asked for unless the configuration says so.
const SCOPES: [&str; 3] = ["openid", "email", "profile"];

/// The domain that stands for any.
const ANY: &str = "*";

/// Reads the file. The error says what is wrong, and repeats no value: one of them may be a secret.
pub fn read(file: &Path) -> Result<Vec<ProviderSettings>, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let folder = file.parent().unwrap_or(Path::new("."));
    parse(&text, folder).map_err(|message| format!("{}: {message}", file.display()))
}

fn parse(text: &str, folder: &Path) -> Result<Vec<ProviderSettings>, String> {
    let written: Vec<Written> = serde_json::from_str(text).map_err(|error| what_is_wrong(&error))?;
    let (mut ids, mut issuers) = (BTreeSet::new(), BTreeSet::new());
    let mut providers = Vec::new();
    for written in written {
        let id = written.id.clone();
        if !is_provider_id(&id) {
            return Err("an id is 1 to 32 lower-case letters, digits and hyphens".to_owned());
        }
        let provider = check(written, folder).map_err(|message| format!("provider {id}: {message}"))?;
        if !ids.insert(id.clone()) || !issuers.insert(provider.issuer.clone()) {
            return Err(format!("provider {id}: its id and its issuer must be of no other provider"));
        }
        providers.push(provider);
    }
    Ok(providers)
}

/// The names of fields are told, values are not.
fn what_is_wrong(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let (line, column) = (error.line(), error.column());
    let about_names = ["unknown field", "missing field", "duplicate field"].iter().any(|known| text.starts_with(known));
    match error.classify() {
        _ if about_names => text,
        serde_json::error::Category::Data => format!("line {line}, column {column}: this value is none that fits here"),
        _ => format!("it is not JSON, at line {line}, column {column}"),
    }
}

fn check(written: Written, folder: &Path) -> Result<ProviderSettings, String> {
    check_issuer(&written.issuer)?;
    let name = written.name.as_deref().unwrap_or(&written.id);
    let name = text::person_name(name).map_err(|message| format!("name: {message}"))?;
    if written.client_id.is_empty() {
        return Err("client_id is empty".to_owned());
    }
    let client_secret = secret(written.client_secret, written.client_secret_file.as_deref(), folder)?;
    let domains = domains(&written.domains)?;
    let claim = match (written.role_claim, written.roles) {
        (None, None) => None,
        (Some(claim), Some(roles)) if !claim.is_empty() && !roles.is_empty() => {
            Some((claim, roles.into_iter().collect()))
        }
        _ => return Err("role_claim and roles go together: the claim, and the role for each of its values".to_owned()),
    };
    let join = written.join.unwrap_or(Join::Invited);
    if join == Join::Anybody && claim.is_none() && written.default_role.is_none() {
        return Err("with join \"anybody\", set default_role, or role_claim and roles".to_owned());
    }
    let scopes = written.scopes.unwrap_or_else(|| SCOPES.map(str::to_owned).to_vec());
    let is_scope = |scope: &String| !scope.is_empty() && scope.bytes().all(|byte| byte.is_ascii_graphic());
    if !scopes.iter().all(is_scope) || !scopes.iter().any(|scope| scope == "openid") {
        return Err("scopes must have \"openid\" among them, and no spaces in them".to_owned());
    }
    let rules = ProviderRules {
        id: written.id,
        name,
        join,
        domains,
        roles: RoleRules { claim, default: written.default_role },
        is_factor: written.second_factor == Some(WhoseFactor::Provider),
    };
    Ok(ProviderSettings { rules, issuer: written.issuer, client_id: written.client_id, client_secret, scopes })
}

/// The issuer is compared byte for byte later, so it stays as it is written.
fn check_issuer(issuer: &str) -> Result<(), String> {
    let uri = issuer.parse::<Uri>().ok().filter(|uri| uri.host().is_some_and(|host| !host.is_empty()));
    let uri = uri.ok_or("issuer is not a web address")?;
    let has_more =
        uri.query().is_some() || issuer.contains('#') || uri.authority().is_some_and(|a| a.as_str().contains('@'));
    match uri.scheme_str() {
        _ if has_more => Err("issuer has more than a host and a path".to_owned()),
        Some("https") => Ok(()),
        Some("http") if is_loopback(uri.host().unwrap_or_default()) => Ok(()),
        _ => Err("issuer must begin with https://".to_owned()),
    }
}

fn secret(written: Option<String>, file: Option<&Path>, folder: &Path) -> Result<SecretString, String> {
    let secret = match (written, file) {
        (Some(secret), None) => secret,
        (None, Some(file)) => {
            let file = folder.join(file);
            let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
            text.trim().to_owned()
        }
        _ => return Err("set either client_secret or client_secret_file".to_owned()),
    };
    if secret.is_empty() { Err("the client secret is empty".to_owned()) } else { Ok(secret.into()) }
}

/// The domains of the e-mails that a provider may vouch for; `None` for any.
fn domains(written: &[String]) -> Result<Option<Vec<String>>, String> {
    if written == [ANY] {
        return Ok(None);
    }
    let domains: Vec<String> = written.iter().map(|domain| domain.to_lowercase()).collect();
    let is_email = |email: String| text::email(&email).is_ok_and(|read| read == email);
    let is_domain = |domain: &String| !domain.contains(ANY) && is_email(format!("a@{domain}"));
    if domains.is_empty() || !domains.iter().all(is_domain) {
        return Err(
            "domains names those of the e-mails that the provider may vouch for, such as [\"example.com\"], or \
                    [\"*\"] for any"
                .to_owned(),
        );
    }
    Ok(Some(domains))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    const CORP: &str = r#"{"id":"corp","name":"Example Corp","issuer":"https://login.example.com","client_id":"keystead",
        "client_secret":"hunter2","domains":["Example.com"]"#;

    fn read_one(more: &str) -> Result<ProviderSettings, String> {
        parse(&format!("[{CORP}{more}}}]"), Path::new(".")).map(|mut providers| providers.remove(0))
    }

    #[test]
    fn a_provider_that_says_little_trusts_little() {
        let corp = read_one("").unwrap();
        assert_eq!((corp.rules.join, corp.rules.is_factor), (Join::Invited, false));
        assert_eq!(corp.rules.domains, Some(vec!["example.com".to_owned()]));
        assert_eq!(corp.rules.roles, RoleRules::default());
        assert_eq!(corp.scopes, ["openid", "email", "profile"]);
        assert!(corp.client_secret.expose_secret() == "hunter2" && !format!("{corp:?}").contains("hunter2"));
        let more = r#","join":"anybody","role_claim":"groups","roles":{"admins":"admin"},"second_factor":"provider""#;
        let corp = read_one(more).unwrap();
        assert_eq!((corp.rules.join, corp.rules.is_factor), (Join::Anybody, true));
        assert_eq!(corp.rules.roles.claim, Some(("groups".to_owned(), vec![("admins".to_owned(), Role::Admin)])));
    }

    #[test]
    fn what_is_wrong_is_said_without_the_secret() {
        for (more, said) in [
            (r#","jion":"anybody""#, "jion"),
            (r#","join":"hunter2""#, "line 2"),
            (r#","join":"anybody""#, "default_role"),
            (r#","roles":{"admins":"admin"}"#, "role_claim"),
            (r#","role_claim":"groups""#, "role_claim"),
            (r#","client_secret_file":"/run/hunter2""#, "either"),
            (r#","scopes":["email"]"#, "openid"),
            (r#","default_role":"root""#, "line 2"),
            (r#","id":"corp""#, "duplicate"),
        ] {
            let message = read_one(more).unwrap_err();
            assert!(message.contains(said) && !message.contains("hunter2"), "{more}: {message}");
        }
        for (from, to, said) in [
            ("https://login.example.com", "http://login.example.com", "https://"),
            ("https://login.example.com", "https://login.example.com?a=b", "more than"),
            ("https://login.example.com", "https://me@login.example.com", "more than"),
            ("https://login.example.com", "login.example.com", "issuer"),
            ("\"Example.com\"", "", "domains"),
            ("\"Example.com\"", "\"*\",\"example.com\"", "domains"),
            ("\"Example.com\"", "\"@example.com\"", "domains"),
            ("\"corp\"", "\"Corp\"", "lower-case"),
            ("\"hunter2\"", "\"\"", "empty"),
        ] {
            let text = format!("[{}}}]", CORP.replace(from, to));
            let message = parse(&text, Path::new(".")).unwrap_err();
            assert!(message.contains(said) && !message.contains("hunter2"), "{to}: {message}");
        }
        let twice = parse(&format!("[{CORP}}},{CORP}}}]"), Path::new(".")).unwrap_err();
        assert!(twice.contains("no other provider"), "{twice}");
        assert!(parse("{}", Path::new(".")).is_err() && parse("hunter2", Path::new(".")).unwrap_err().contains("JSON"));
        assert!(parse("[]", Path::new(".")).unwrap().is_empty());
    }

    #[test]
    fn http_is_for_this_machine() {
        for issuer in ["http://127.0.0.1:4000", "http://localhost/realms/a", "http://[::1]:1", "https://a.example/b/"] {
            check_issuer(issuer).unwrap();
        }
        for issuer in ["http://10.0.0.5", "http://localhost.example", "ftp://localhost", ""] {
            assert!(check_issuer(issuer).is_err(), "{issuer}");
        }
    }
}
