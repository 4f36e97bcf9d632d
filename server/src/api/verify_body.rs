//! The bodies of the verify calls.

use std::borrow::Cow;
use std::net::IpAddr;

use domain::ids::AppId;
use domain::kind::KeyKind;
use domain::permission_query::PermissionQuery;
use domain::usage::Edge;
use serde::Deserialize;
use service::verify::{Credential, VerifyRequest};
use utoipa::ToSchema;

use super::operation::Documented;
use super::words;
use crate::json::body::BodyCall;
use crate::json::fault::{Faults, Step};
use crate::json::members::{self, Bounded, Cost, Object, Text};

/// A question about one key.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct VerifyBody<'a> {
    /// The key to ask about, as its caller presented it.
    #[serde(borrow)]
    #[schema(value_type = String)]
    key: Text<'a>,
    /// The address of its caller, IPv4 or IPv6, without a port. A key that is restricted to networks is refused without
    /// it.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, format = "ip")]
    client_ip: Option<Text<'a>>,
    /// The `Origin` of its caller. A key that is restricted to domains is refused without it.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    origin: Option<Text<'a>>,
    /// The permissions that the key must have, with `AND`, `OR` and parentheses.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, format = "permission-query")]
    permissions: Option<Text<'a>>,
    /// The kind that the key must be of.
    #[serde(borrow)]
    #[schema(value_type = Option<words::WantedKind>)]
    kind: Option<Text<'a>>,
    /// The method of the request in question. The console shows it; nothing checks it.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, format = "http-method")]
    method: Option<Text<'a>>,
    /// Its path. Keystead keeps nothing after a `?`. Shown and not checked.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, format = "path")]
    path: Option<Text<'a>>,
    /// How many calls this one counts as; 1 if it is left out.
    cost: Option<Cost>,
    /// Whether the answer lists every check.
    explain: Option<bool>,
}

/// Several questions.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct VerifyBatchBody<'a> {
    /// An array of calls.
    #[serde(borrow)]
    #[schema(value_type = Vec<VerifyBody>, min_items = 1, max_items = 100)]
    calls: Bounded<Object<VerifyBody<'a>>, 1, 100>,
}

/// What is asked about a key.
#[derive(Debug, PartialEq)]
pub(super) struct VerifyCall<'a> {
    key: Cow<'a, str>,
    address: Option<IpAddr>,
    origin: Option<Cow<'a, str>>,
    permissions: Option<PermissionQuery>,
    kind: Option<KeyKind>,
    method: Option<Cow<'a, str>>,
    path: Option<Cow<'a, str>>,
    cost: u32,
    explain: bool,
}

/// Several questions in one call.
#[derive(Debug)]
pub(super) struct VerifyBatch;

impl BodyCall for VerifyCall<'_> {
    type Sent<'a> = VerifyBody<'a>;
    type Call<'a> = VerifyCall<'a>;

    fn read<'a>(sent: Self::Sent<'a>, faults: &mut Faults) -> Option<Self::Call<'a>> {
        Some(VerifyCall::of(sent, faults))
    }
}

impl Documented for VerifyCall<'_> {
    const EXAMPLE: &'static str = r#"{"key":"ks_…","permissions":"invoices.read"}"#;
}

impl BodyCall for VerifyBatch {
    /// More than 20,000 bytes for each call.
    const LIMIT: usize = 2 * 1024 * 1024;

    type Sent<'a> = VerifyBatchBody<'a>;
    type Call<'a> = Vec<VerifyCall<'a>>;

    fn read<'a>(sent: Self::Sent<'a>, faults: &mut Faults) -> Option<Self::Call<'a>> {
        let VerifyBatchBody { calls: Bounded(calls) } = sent;
        Some(faults.within(Step::Member(Cow::Borrowed("calls")), |faults| {
            let calls = calls.into_iter().enumerate();
            let check = |(n, Object(call))| faults.within(Step::Item(n), |faults| VerifyCall::of(call, faults));
            calls.map(check).collect()
        }))
    }
}

impl Documented for VerifyBatch {
    const EXAMPLE: &'static str = r#"{"calls":[{"key":"ks_…","permissions":"invoices.read"}]}"#;
}

impl<'a> VerifyCall<'a> {
    /// Checks the members. A wrong one is left out and adds a fault.
    fn of(sent: VerifyBody<'a>, faults: &mut Faults) -> Self {
        Self {
            address: members::address(faults, sent.client_ip.as_ref()),
            permissions: members::permissions(faults, sent.permissions.as_ref()),
            kind: members::kind(faults, sent.kind.as_ref()),
            method: members::method(faults, sent.method),
            path: members::path(faults, sent.path),
            key: sent.key.trimmed(),
            origin: sent.origin.map(|Text(origin)| origin),
            cost: Cost::or_one(sent.cost),
            explain: sent.explain.unwrap_or_default(),
        }
    }

    pub fn credential(&self) -> Credential<'_> {
        Credential::Token(&self.key)
    }

    pub fn request<'s>(&'s self, edge: Edge, scope: Option<&'s AppId>) -> VerifyRequest<'s> {
        VerifyRequest {
            edge,
            address: self.address,
            origin: self.origin.as_deref(),
            method: self.method.as_deref(),
            path: self.path.as_deref(),
            permissions: self.permissions.as_ref(),
            kind: self.kind,
            scope,
            limit_cost: self.cost,
            quota_cost: self.cost,
            limits: &[],
            explain: self.explain,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::json::body_errors::tests::parser_and_schema_agree;

    #[test]
    fn the_parser_and_the_schema_agree() {
        let call = json!({
            "key": "ks_", "clientIp": "203.0.113.9", "origin": "https://a.example", "permissions": "a.b OR c",
            "kind": "service", "method": "GET", "path": "/a", "cost": 5, "explain": true,
        });
        parser_and_schema_agree::<VerifyCall>(&call);
        parser_and_schema_agree::<VerifyBatch>(&json!({ "calls": [call, { "key": "a" }] }));
    }
}
