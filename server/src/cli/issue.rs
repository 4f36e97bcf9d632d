//! `keystead key issue`: a key without a browser, confirmed by the person who runs the command.

use std::io;

use clap::{Args, Subcommand};
use domain::contradiction::contradiction;
use domain::draft::KeyDraft;
use domain::expiry::Expiry;
use domain::key::{KeyRow, RevokeReason};
use domain::kind::KeyKind;
use secrecy::ExposeSecret;
use service::keys::ShownSecret;
use service::{Caller, Service};

use super::{Failure, print, tell, words};

#[derive(Debug, Subcommand)]
pub(super) enum Act {
    /// Issue a key and print its secret, once. The key works at once
    Issue(Box<Issue>),
}

#[derive(Debug, Args)]
pub(super) struct Issue {
    #[arg(long, help = kinds())]
    kind: String,
    /// Name that says what the key will do
    #[arg(long)]
    name: String,
    /// Description
    #[arg(long)]
    description: Option<String>,
    /// Name or id of the app that owns the key [default: the first app]
    #[arg(long)]
    app: Option<String>,
    /// Permission, for example invoices.read or keystead.verify; repeatable
    #[arg(long = "permission", value_name = "PERMISSION")]
    permissions: Vec<String>,
    /// Address or network that the key may be used from; repeatable
    #[arg(long = "cidr", value_name = "CIDR")]
    cidrs: Vec<String>,
    /// Address or network that the key may not be used from; repeatable
    #[arg(long = "deny-cidr", value_name = "CIDR")]
    denied_cidrs: Vec<String>,
    /// Domain that the key may be used from; repeatable
    #[arg(long = "domain", value_name = "DOMAIN")]
    domains: Vec<String>,
    /// Environment, live or test; the token of a test key says so [default: live]
    #[arg(long, value_name = "WORD")]
    environment: Option<String>,
    /// Owner: the e-mail of a person with an account, or the name of a team
    #[arg(long)]
    owner: Option<String>,
    /// Id of the key, or of its holder, in other systems
    #[arg(long, value_name = "ID")]
    external_id: Option<String>,
    /// Tag to find the key by; repeatable
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Name and value that verify calls return, for example plan=gold; repeatable
    #[arg(long = "metadata", value_name = "NAME=VALUE")]
    metadata: Vec<String>,
    /// How long the key works, for example 90d, 12h or 30m [default: until it is revoked]
    #[arg(long, value_name = "TIME")]
    expires_in: Option<String>,
    /// Rate limit, for example "100 per minute" or "burst: 20 per 10s"; repeatable
    #[arg(long = "limit", value_name = "LIMIT")]
    limits: Vec<String>,
    /// Call quota: how many calls in all, or from one refill to the next [default: unlimited]
    #[arg(long, value_name = "CALLS")]
    quota: Option<String>,
    /// Days after which the secret is to be rotated [default: no rule]
    #[arg(long, value_name = "DAYS")]
    rotate_every: Option<String>,
    /// When the call quota refills: never, daily or monthly [default: never]
    #[arg(long, value_name = "WHEN")]
    quota_refill: Option<String>,
}

/// A key to issue, checked as far as possible without the database.
#[derive(Debug)]
pub(super) struct NewKey {
    app: Option<String>,
    draft: KeyDraft,
    lifetime: Option<i64>,
}

pub(super) fn prepare(act: Act) -> Result<NewKey, Failure> {
    let Act::Issue(issue) = act;
    refuse_blank(&issue)?;
    let lifetime = issue.expires_in.as_deref().map(lifetime).transpose()?;
    // Here the permissions that the wizard shows as boxes are like any other.
    let boxes = KeyKind::parse(&issue.kind).map_or(&[][..], |kind| kind.rules().boxes);
    let (ticked, typed): (Vec<String>, Vec<String>) =
        issue.permissions.into_iter().partition(|permission| boxes.iter().any(|(name, _)| name == permission));
    let draft = KeyDraft {
        kind: Some(issue.kind),
        name: Some(issue.name),
        description: issue.description,
        cidrs: Some(items(&issue.cidrs)),
        denied_cidrs: Some(items(&issue.denied_cidrs)),
        domains: Some(items(&issue.domains)),
        permissions: Some(items(&typed)),
        boxes: ticked,
        limits: Some(items(&issue.limits)),
        quota: issue.quota,
        quota_refill: issue.quota_refill,
        rotate_days: issue.rotate_every,
        environment: issue.environment,
        owner: issue.owner,
        external_id: issue.external_id,
        tags: Some(issue.tags),
        metadata: Some(issue.metadata),
        ..KeyDraft::default()
    };
    Ok(NewKey { app: issue.app, draft, lifetime })
}

/// An unset shell variable must not create a key without the restriction or the label.
fn refuse_blank(issue: &Issue) -> Result<(), Failure> {
    let given: [(&str, &[String]); 13] = [
        ("app", issue.app.as_slice()),
        ("permission", &issue.permissions),
        ("cidr", &issue.cidrs),
        ("deny-cidr", &issue.denied_cidrs),
        ("domain", &issue.domains),
        ("limit", &issue.limits),
        ("quota", issue.quota.as_slice()),
        ("rotate-every", issue.rotate_every.as_slice()),
        ("environment", issue.environment.as_slice()),
        ("owner", issue.owner.as_slice()),
        ("external-id", issue.external_id.as_slice()),
        ("tag", &issue.tags),
        ("metadata", &issue.metadata),
    ];
    // One value may hold several items, with commas between them.
    let is_blank = |value: &String| value.split(',').all(|part| part.trim().is_empty());
    if let Some((flag, _)) = given.iter().find(|(_, values)| values.iter().any(is_blank)) {
        return Err(Failure::Usage(format!("--{flag}: the value is blank; enter one, or leave the flag out")));
    }
    Ok(())
}

pub(super) async fn run(service: &Service, caller: &Caller, new: NewKey) -> Result<(), Failure> {
    let NewKey { app, mut draft, lifetime } = new;
    if let Some(seconds) = lifetime {
        draft.expiry = Some(Expiry::Custom.as_str().to_owned());
        draft.expires_at = Some(service.now().plus_seconds(seconds).to_rfc3339());
    }
    let app = match app {
        Some(named) => service.app_by_name(caller, &named).await?.id,
        None => *service.default_app(),
    };
    let issued = service.issue_acknowledged(caller, &app, &draft).await?;
    let key = &issued.key.row;
    // Only the secret goes to standard output, because a script reads all of it.
    let printed = match &issued.shown {
        ShownSecret::Token(token) => print(format_args!("{}", token.expose_secret())),
        ShownSecret::Pair { id, secret } => print(format_args!("{id}\n{}", secret.expose_secret())),
    };
    if let Err(error) = printed {
        return Err(withdraw(service, caller, key, error).await);
    }
    tell(format_args!("Issued {}. It is shown only once, and works now.", key.masked()));
    if let Some(warning) = contradiction(&issued.key.rules) {
        tell(format_args!("Warning: {warning}"));
    }
    Ok(())
}

/// Revokes a key whose secret could not be printed, because nobody has it.
async fn withdraw(service: &Service, caller: &Caller, key: &KeyRow, error: io::Error) -> Failure {
    let (key, id) = (key.masked(), &key.id);
    let note = Some("Its secret could not be printed.");
    let outcome = match service.revoke(caller, id, RevokeReason::Other, note).await {
        Ok(_) => format!("the key {key} was revoked at once"),
        Err(refused) => {
            format!("the key {key} still works, because it could not be revoked either: {}", words(&refused))
        }
    };
    Failure::Unprinted { error, outcome }
}

/// A value may be a whole file, with one item per line.
fn kinds() -> String {
    let words: Vec<_> = KeyKind::issuable().map(KeyKind::as_str).collect();
    format!("Kind, one of {}", words.join(", "))
}

fn items(values: &[String]) -> Vec<String> {
    values.iter().flat_map(|value| value.lines()).map(str::to_owned).collect()
}

/// `90d`, `12h`, `30m` in seconds; at most ten years.
fn lifetime(text: &str) -> Result<i64, Failure> {
    const TEN_YEARS: i64 = 3653 * 86_400;
    let unit = match text.as_bytes().last() {
        Some(b'd') => 86_400,
        Some(b'h') => 3_600,
        Some(b'm') => 60,
        _ => 0,
    };
    let count = text.get(..text.len().saturating_sub(1)).unwrap_or_default();
    let count: i64 = if count.bytes().all(|byte| byte.is_ascii_digit()) { count.parse().unwrap_or(0) } else { 0 };
    match count.checked_mul(unit) {
        Some(seconds) if (1..=TEN_YEARS).contains(&seconds) => Ok(seconds),
        _ => Err(Failure::Usage(format!(
            "--expires-in: {text:?} is not a length of time; use one like 90d, 12h or 30m, at most ten years"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::lifetime;

    #[test]
    fn lifetimes_have_a_unit_and_an_end() {
        for (text, seconds) in [("90d", 7_776_000), ("12h", 43_200), ("1m", 60), ("3653d", 315_619_200)] {
            assert_eq!(lifetime(text).unwrap(), seconds);
        }
        for text in [
            "",
            "d",
            "90",
            "0d",
            "-1d",
            "+1d",
            "1.5d",
            "90 d",
            "90D",
            "1w",
            "3654d",
            "99999999999999999999d",
            "é",
            "9é",
        ] {
            assert!(lifetime(text).is_err(), "{text}");
        }
    }
}
