//! The options that say what a key is, for `key issue` and `key edit`.

use clap::Args;
use domain::environment::Environment;
use domain::kind::KeyKind;
use domain::quota::Refill;
use domain::timestamp::Timestamp;

use super::failure::Failure;
use super::json::Json;
use super::offered::Offered;

/// What both have.
#[derive(Debug, Args)]
pub(super) struct Fields {
    /// Description
    #[arg(long)]
    description: Option<String>,
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
    /// When the key begins to work, in UTC [default of a new key: at once]
    #[arg(long, value_name = "TIME")]
    not_before: Option<String>,
    /// How long the key works, for example 90d, 12h or 30m [default of a new key: until it is revoked]
    #[arg(long, value_name = "LENGTH")]
    expires_in: Option<String>,
    /// When the key stops working, in UTC
    #[arg(long, value_name = "TIME", conflicts_with = "expires_in")]
    expires_at: Option<String>,
    /// Rate limit, for example "100 per minute" or "burst: 20 per 10s"; repeatable
    #[arg(long = "limit", value_name = "LIMIT")]
    limits: Vec<String>,
    /// Call quota: how many calls in all, or from one refill to the next [default of a new key: unlimited]
    #[arg(long, value_name = "CALLS")]
    quota: Option<String>,
    /// When the call quota refills: never, daily or monthly [default of a new call quota: never]
    #[arg(
        long, value_name = "WHEN", hide_possible_values = true,
        value_parser = Offered::of(Refill::ALL.iter().map(|refill| refill.as_str()))
    )]
    quota_refill: Option<String>,
    /// Days after which the secret is to be rotated [default of a new key: no rule]
    #[arg(long, value_name = "DAYS")]
    rotate_every: Option<String>,
    /// Contact on whose behalf a Master User key may act, by UUID; repeatable [default of a new key: any contact]
    #[arg(long = "acts-for", value_name = "UUID")]
    acts_for: Vec<String>,
}

/// A new key.
#[derive(Debug, Args)]
pub(super) struct New {
    #[command(flatten)]
    what: What,
    /// Leave the key pending until it is confirmed with `keystead key acknowledge`
    #[arg(long)]
    pending: bool,
}

/// What a new key is.
#[derive(Debug, Args)]
pub(super) struct What {
    #[arg(
        long, help = kinds(), hide_possible_values = true,
        value_parser = Offered::of(KeyKind::issuable().map(KeyKind::as_str))
    )]
    kind: String,
    /// Name that says what the key will do
    #[arg(long)]
    name: String,
    /// Environment, live or test; the token of a test key says so [default: live]
    #[arg(
        long, value_name = "WORD", hide_possible_values = true,
        value_parser = Offered::of(Environment::ALL.iter().map(|one| one.as_str()))
    )]
    environment: Option<String>,
    /// Integration that the key is for, by its id; for a key of the kind integration
    #[arg(long, value_name = "ID")]
    integration: Option<String>,
    #[command(flatten)]
    fields: Fields,
}

/// A change of a key.
#[derive(Debug, Args)]
pub(super) struct Change {
    /// Name
    #[arg(long)]
    name: Option<String>,
    /// Remove what this option has set, for example expires-at; repeatable
    #[arg(long = "clear", value_name = "OPTION", value_parser = CLEARED.map(|(option, _)| option))]
    cleared: Vec<String>,
    #[command(flatten)]
    fields: Fields,
}

/// What can be cleared: the option that sets it, and the member.
const CLEARED: [(&str, &str); 15] = [
    ("description", "description"),
    ("permission", "permissions"),
    ("cidr", "cidrs"),
    ("deny-cidr", "deniedCidrs"),
    ("domain", "domains"),
    ("owner", "owner"),
    ("external-id", "externalId"),
    ("tag", "tags"),
    ("metadata", "metadata"),
    ("not-before", "notBefore"),
    ("expires-at", "expiresAt"),
    ("limit", "limits"),
    ("quota", "quota"),
    ("rotate-every", "rotateDays"),
    ("acts-for", "actsFor"),
];

pub(super) type Members = Vec<(&'static str, Json)>;

/// The body of a call, but for the time that it counts from.
pub(super) struct Body {
    members: Members,
    /// In seconds.
    expires_in: Option<i64>,
}

impl Body {
    /// The whole body of a call that is sent now.
    pub fn at(mut self, now: Timestamp) -> Members {
        let end = self.expires_in.map(|seconds| now.plus_seconds(seconds).to_rfc3339());
        self.members.extend(end.map(|end| ("expiresAt", end.into())));
        self.members
    }
}

impl New {
    /// The body of the call that issues it.
    pub fn body(self) -> Result<Body, Failure> {
        let mut body = self.what.body()?;
        body.members.extend(self.pending.then_some(("acknowledge", false.into())));
        Ok(body)
    }
}

impl What {
    /// The members of a call that say what it is.
    pub fn body(self) -> Result<Body, Failure> {
        not_blank("environment", self.environment.as_slice())?;
        let mut members: Members = vec![("kind", self.kind.into()), ("name", self.name.into())];
        members.extend(self.environment.map(|word| ("environment", word.into())));
        not_blank("integration", self.integration.as_slice())?;
        members.extend(self.integration.map(|id| ("integration", id.into())));
        let expires_in = self.fields.expires_in()?;
        members.extend(self.fields.members()?);
        Ok(Body { members, expires_in })
    }
}

impl Change {
    /// The body of the call that makes it.
    pub fn body(self) -> Result<Body, Failure> {
        let expires_in = self.fields.expires_in()?;
        let mut members: Members = Vec::new();
        members.extend(self.name.map(|name| ("name", name.into())));
        members.extend(self.fields.members()?);
        for (option, member) in CLEARED {
            if !self.cleared.iter().any(|cleared| cleared == option) {
                continue;
            }
            let is_set =
                members.iter().any(|(set, _)| *set == member) || (member == "expiresAt" && expires_in.is_some());
            if is_set {
                return Err(Failure::Usage(format!("--clear {option}: --{option} sets it at the same time")));
            }
            members.push((member, Json::Null));
        }
        if members.is_empty() && expires_in.is_none() {
            return Err(Failure::Usage("nothing is to be changed: name at least one option".to_owned()));
        }
        Ok(Body { members, expires_in })
    }
}

impl Fields {
    fn expires_in(&self) -> Result<Option<i64>, Failure> {
        self.expires_in.as_deref().map(lifetime).transpose()
    }

    /// The members that were given. An unset shell variable must not leave a restriction or a label out.
    fn members(self) -> Result<Members, Failure> {
        let mut members: Members = Vec::new();
        for (flag, member, text) in [
            ("owner", "owner", self.owner),
            ("external-id", "externalId", self.external_id),
            ("not-before", "notBefore", self.not_before),
            ("expires-at", "expiresAt", self.expires_at),
            ("quota-refill", "quotaRefill", self.quota_refill),
        ] {
            not_blank(flag, text.as_slice())?;
            members.extend(text.map(|text| (member, text.into())));
        }
        members.extend(self.description.map(|text| ("description", text.into())));
        for (flag, member, text) in [("quota", "quota", self.quota), ("rotate-every", "rotateDays", self.rotate_every)]
        {
            not_blank(flag, text.as_slice())?;
            let number = text.map(|text| {
                let number = text.parse().ok().filter(|number: &i64| *number >= 0);
                number.ok_or_else(|| Failure::Usage(format!("--{flag}: {text:?} is not a number")))
            });
            members.extend(number.transpose()?.map(|number| (member, number.into())));
        }
        for (flag, member, values) in [
            ("permission", "permissions", self.permissions),
            ("cidr", "cidrs", self.cidrs),
            ("deny-cidr", "deniedCidrs", self.denied_cidrs),
            ("domain", "domains", self.domains),
            ("limit", "limits", self.limits),
            ("tag", "tags", self.tags),
            ("acts-for", "actsFor", self.acts_for),
        ] {
            not_blank(flag, &values)?;
            if !values.is_empty() {
                members.push((member, items(&values).into()));
            }
        }
        not_blank("metadata", &self.metadata)?;
        if !self.metadata.is_empty() {
            members.push(("metadata", pairs(self.metadata)?));
        }
        Ok(members)
    }
}

fn kinds() -> String {
    let words: Vec<_> = KeyKind::issuable().map(KeyKind::as_str).collect();
    format!("Kind, one of {}", words.join(", "))
}

/// A blank value is most likely an unset shell variable.
pub(super) fn not_blank(flag: &str, values: &[String]) -> Result<(), Failure> {
    // One value may hold several items, with commas between them.
    let is_blank = |value: &String| value.split(',').all(|part| part.trim().is_empty());
    if values.iter().any(is_blank) {
        return Err(Failure::Usage(format!("--{flag}: the value is blank; enter one, or leave the flag out")));
    }
    Ok(())
}

/// A value may be a whole file, with one item per line.
fn items(values: &[String]) -> Vec<String> {
    values.iter().flat_map(|value| value.lines()).map(str::to_owned).collect()
}

fn pairs(given: Vec<String>) -> Result<Json, Failure> {
    let mut pairs: Vec<(String, Json)> = Vec::new();
    for pair in given {
        let named = pair.split_once('=').filter(|(name, _)| pairs.iter().all(|(before, _)| before != name));
        let Some((name, value)) = named else {
            return Err(Failure::Usage(format!(
                "--metadata: {pair:?} is not a new name with its value, like plan=gold"
            )));
        };
        pairs.push((name.to_owned(), value.to_owned().into()));
    }
    Ok(Json::Object(pairs))
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
