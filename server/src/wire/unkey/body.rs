//! The body of `keys.verifyKey`: Unkey's members, and ours where Unkey has none.

use std::borrow::Cow;
use std::net::IpAddr;

use domain::ids::AppId;
use domain::limit::{LIMIT_MAX, RateLimit, is_name};
use domain::permission_query::{PermissionQuery, QUERY_MAX};
use domain::timestamp::Millis;
use domain::usage::Edge;
use serde::Deserialize;
use service::verify::{AskedLimit, Credential, VerifyRequest};
use utoipa::ToSchema;

use crate::json::body::BodyCall;
use crate::json::fault::{Faults, Step, Wrong};
use crate::json::members::{self, Bounded, Cost, Object, Text, Whole};
use crate::json::problem::Problem;

/// The most characters of a key.
const KEY_MAX: usize = 512;
/// The most characters of a tag.
const TAG_MAX: usize = 256;

/// A question about one key.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct VerifyKeyBody<'a> {
    /// The key to ask about.
    #[serde(borrow)]
    #[schema(value_type = String, min_length = 1, max_length = 512)]
    key: Text<'a>,
    /// The permissions that the key must have, with `AND`, `OR` and parentheses.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 1000, format = "permission-query")]
    permissions: Option<Text<'a>>,
    /// How much of the call quota it takes.
    #[schema(value_type = Option<CreditsBody>)]
    credits: Option<Object<CreditsBody>>,
    /// The rate limits to check, of the key or of the call, each once.
    #[serde(borrow)]
    #[schema(value_type = Option<Vec<LimitBody>>, max_items = 10)]
    ratelimits: Option<Bounded<Object<LimitBody<'a>>, 0, 10>>,
    /// Checked and not used.
    #[serde(borrow)]
    #[schema(value_type = Option<Vec<String>>, max_items = 20, min_length = 1, max_length = 256)]
    tags: Option<Bounded<Text<'a>, 0, 20>>,
    /// The address of the key's caller; not from Unkey. A key that is restricted to networks is refused without it.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, format = "ip")]
    client_ip: Option<Text<'a>>,
    /// The `Origin` of the key's caller; not from Unkey. A key that is restricted to domains is refused without it.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    origin: Option<Text<'a>>,
    /// The method of the request in question; not from Unkey. The console shows it; nothing checks it.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, format = "http-method")]
    method: Option<Text<'a>>,
    /// Its path; not from Unkey. Shown and not checked.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, format = "path")]
    path: Option<Text<'a>>,
}

/// What a call takes out of a call quota.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreditsBody {
    /// How many calls of the quota it takes.
    cost: Cost,
}

/// A rate limit. With only its name, it is one that the key has; with a size, it is one that the call brings.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LimitBody<'a> {
    /// The name of the limit.
    #[serde(borrow)]
    #[schema(value_type = String, min_length = 1, max_length = 50)]
    name: Text<'a>,
    /// How many calls this one counts as for this limit; 1 if it is left out.
    cost: Option<Cost>,
    /// How many calls it allows in its window.
    #[schema(value_type = Option<u64>)]
    limit: Option<Whole>,
    /// The window, in milliseconds.
    #[schema(value_type = Option<u64>)]
    duration: Option<Whole>,
}

/// What is asked about a key.
#[derive(Debug)]
pub(super) struct VerifyKeyCall<'a> {
    key: Cow<'a, str>,
    address: Option<IpAddr>,
    origin: Option<Cow<'a, str>>,
    permissions: Option<PermissionQuery>,
    method: Option<Cow<'a, str>>,
    path: Option<Cow<'a, str>>,
    credits: u32,
    limits: Vec<AskedLimit>,
}

impl BodyCall for VerifyKeyCall<'_> {
    type Sent<'a> = VerifyKeyBody<'a>;
    type Call<'a> = VerifyKeyCall<'a>;

    fn read<'a>(sent: Self::Sent<'a>, faults: &mut Faults) -> Option<Self::Call<'a>> {
        faults.checked("key", Some(&sent.key), |key| length(KEY_MAX, key));
        if let Some(Bounded(tags)) = &sent.tags {
            faults.within(Step::Member(Cow::Borrowed("tags")), |faults| check_tags(tags, faults));
        }
        let limits = match &sent.ratelimits {
            None => Vec::new(),
            Some(Bounded(limits)) => {
                faults.within(Step::Member(Cow::Borrowed("ratelimits")), |faults| check_limits(limits, faults))
            }
        };
        let query = sent.permissions.as_ref();
        let query = query.filter(|_| faults.checked("permissions", query, |text| length(QUERY_MAX, text)).is_some());
        let address = members::address(faults, sent.client_ip.as_ref());
        let method = members::method(faults, sent.method);
        let path = members::path(faults, sent.path);
        let permissions = members::permissions(faults, query);
        Some(VerifyKeyCall {
            key: sent.key.trimmed(),
            address,
            origin: sent.origin.map(|Text(origin)| origin),
            permissions,
            method,
            path,
            credits: Cost::or_one(sent.credits.map(|Object(credits)| credits.cost)),
            limits,
        })
    }

    /// A query that alone is wrong has a code of its own.
    fn check(sent: Self::Sent<'_>) -> Result<Self::Call<'_>, Problem> {
        let mut faults = Faults::default();
        let fits = sent.permissions.as_ref().is_none_or(|Text(query)| length(QUERY_MAX, query).is_ok());
        match Self::read(sent, &mut faults) {
            Some(call) if faults.is_empty() => Ok(call),
            _ if fits && faults.are_all_at("permissions") => Err(Problem::invalid_query(faults)),
            _ => Err(Problem::invalid(faults)),
        }
    }
}

impl VerifyKeyCall<'_> {
    pub fn credential(&self) -> Credential<'_> {
        Credential::Token(&self.key)
    }

    pub fn request<'s>(&'s self, scope: Option<&'s AppId>) -> VerifyRequest<'s> {
        VerifyRequest {
            edge: Edge::Unkey,
            address: self.address,
            origin: self.origin.as_deref(),
            method: self.method.as_deref(),
            path: self.path.as_deref(),
            permissions: self.permissions.as_ref(),
            scope,
            quota_cost: self.credits,
            limits: &self.limits,
            ..VerifyRequest::default()
        }
    }

    /// The limits that the call names.
    pub fn into_limits(self) -> Vec<AskedLimit> {
        self.limits
    }
}

fn length(most: usize, text: &str) -> Result<(), Wrong> {
    if text.is_empty() {
        return Err(("This is empty.".into(), Some(format!("Send 1 to {most} characters.").into())));
    }
    members::at_most(most, text)
}

fn check_tags(tags: &[Text<'_>], faults: &mut Faults) {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"_=/.:-".contains(&byte);
    for (n, Text(tag)) in tags.iter().enumerate() {
        if tag.is_empty() || tag.len() > TAG_MAX || !tag.bytes().all(known) {
            let fix = format!("Use 1 to {TAG_MAX} of the characters a-z, A-Z, 0-9 and _ = / . : -");
            faults.within(Step::Item(n), |faults| faults.here_with("This is not a tag.", fix));
        }
    }
}

fn check_limits(limits: &[Object<LimitBody<'_>>], faults: &mut Faults) -> Vec<AskedLimit> {
    let mut asked = Vec::with_capacity(limits.len());
    for (n, Object(limit)) in limits.iter().enumerate() {
        faults.within(Step::Item(n), |faults| {
            if limits.iter().take(n).any(|Object(before)| before.name.0 == limit.name.0) {
                member(faults, "name", "This limit is repeated.".to_owned());
            } else if let Some(limit) = check_limit(limit, faults) {
                asked.push(limit);
            }
        });
    }
    asked
}

/// Checks a limit. One with a size is brought along; one without names the key's own.
fn check_limit(sent: &LimitBody<'_>, faults: &mut Faults) -> Option<AskedLimit> {
    let (name, cost) = (&*sent.name.0, Cost::or_one(sent.cost));
    let calls = sent.limit.map(|Whole(calls)| u32::try_from(calls).unwrap_or(u32::MAX));
    let window = sent.duration.map(|Whole(window)| Millis(i64::try_from(window).unwrap_or(i64::MAX)));
    // Each part beside others that are right, so that every fault is told.
    let (some_calls, some_window) = (LIMIT_MAX, Millis::seconds(1));
    let parts = [
        ("name", RateLimit::new(name, some_calls, some_window)),
        ("limit", RateLimit::new("a", calls.unwrap_or(some_calls), some_window)),
        ("duration", RateLimit::new("a", some_calls, window.unwrap_or(some_window))),
    ];
    for (part, made) in parts {
        if let Err(message) = made {
            member(faults, part, message);
        }
    }
    match (calls, window) {
        (None, None) => is_name(name).then(|| AskedLimit::Own { name: name.to_owned(), cost }),
        (Some(calls), Some(window)) => {
            RateLimit::new(name, calls, window).ok().map(|limit| AskedLimit::Brought { limit, cost })
        }
        (Some(_), None) => {
            member(faults, "duration", "This member is missing beside limit: send both or neither.".to_owned());
            None
        }
        (None, Some(_)) => {
            member(faults, "limit", "This member is missing beside duration: send both or neither.".to_owned());
            None
        }
    }
}

fn member(faults: &mut Faults, name: &'static str, wrong: String) {
    faults.within(Step::Member(Cow::Borrowed(name)), |faults| faults.here(wrong));
}

#[cfg(test)]
mod tests {
    use domain::limit::LIMITS_MAX;
    use serde_json::json;

    use super::*;
    use crate::json::body_errors::tests::parser_and_schema_agree;

    #[test]
    fn the_parser_and_the_schema_agree() {
        parser_and_schema_agree::<VerifyKeyCall>(&json!({
            "key": "ks_", "permissions": "a.b OR c", "credits": { "cost": 5 }, "tags": ["a", "b=c"],
            "ratelimits": [{ "name": "a", "cost": 1 }, { "name": "b", "limit": 5, "duration": 1_000 }],
            "clientIp": "203.0.113.9", "origin": "https://a.example", "method": "GET", "path": "/a",
        }));
    }

    #[test]
    fn a_call_may_name_as_many_limits_as_a_key_may_have() {
        let limits: Vec<_> = (0..LIMITS_MAX).map(|n| json!({ "name": format!("l{n}") })).collect();
        let body = json!({ "key": "a", "ratelimits": limits }).to_string();
        assert!(serde_json::from_str::<Object<VerifyKeyBody>>(&body).is_ok());
    }
}
