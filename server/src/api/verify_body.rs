//! The bodies of the verify calls.

use std::borrow::Cow;
use std::net::IpAddr;

use domain::ids::AppId;
use domain::kind::KeyKind;
use domain::permission_query::PermissionQuery;
use domain::usage::Edge;
use serde::Deserialize;
use service::verify::{Credential, VerifyRequest};

use crate::json::body::BodyCall;
use crate::json::body_errors::{Member, Shape};
use crate::json::fault::{Faults, Step};
use crate::json::members::{self, Bounded, Cost, Object, Text};
use crate::json::problem::Problem;

/// The most calls of a batch.
const BATCH_MAX: usize = 100;

const CALL: Shape = Shape::Object(&[
    Member::needed("key", Shape::Text, "the key to ask about"),
    Member::optional("clientIp", Shape::Text),
    Member::optional("origin", Shape::Text),
    Member::optional("permissions", Shape::Text),
    Member::optional("kind", Shape::Text),
    Member::optional("method", Shape::Text),
    Member::optional("path", Shape::Text),
    Member::optional("cost", Cost::SHAPE),
    Member::optional("explain", Shape::Flag),
]);

const BATCH: Shape = Shape::Object(&[Member::needed("calls", Shape::List(1, BATCH_MAX, &CALL), "an array of calls")]);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct VerifyBody<'a> {
    #[serde(borrow)]
    key: Text<'a>,
    #[serde(borrow)]
    client_ip: Option<Text<'a>>,
    #[serde(borrow)]
    origin: Option<Text<'a>>,
    #[serde(borrow)]
    permissions: Option<Text<'a>>,
    #[serde(borrow)]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    method: Option<Text<'a>>,
    #[serde(borrow)]
    path: Option<Text<'a>>,
    cost: Option<Cost>,
    explain: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VerifyBatchBody<'a> {
    #[serde(borrow)]
    calls: Bounded<Object<VerifyBody<'a>>, 1, BATCH_MAX>,
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

    const SHAPE: &'static Shape = &CALL;

    fn check(sent: Self::Sent<'_>) -> Result<Self::Call<'_>, Problem> {
        let mut faults = Faults::default();
        let call = VerifyCall::of(sent, &mut faults);
        if faults.is_empty() { Ok(call) } else { Err(Problem::invalid(faults)) }
    }
}

impl BodyCall for VerifyBatch {
    /// 20,000 bytes and more for each call.
    const LIMIT: usize = 2 * 1024 * 1024;

    type Sent<'a> = VerifyBatchBody<'a>;
    type Call<'a> = Vec<VerifyCall<'a>>;

    const SHAPE: &'static Shape = &BATCH;

    fn check(sent: Self::Sent<'_>) -> Result<Self::Call<'_>, Problem> {
        let VerifyBatchBody { calls: Bounded(calls) } = sent;
        let mut faults = Faults::default();
        let calls = faults.within(Step::Member(Cow::Borrowed("calls")), |faults| {
            let calls = calls.into_iter().enumerate();
            let check = |(n, Object(call))| faults.within(Step::Item(n), |faults| VerifyCall::of(call, faults));
            calls.map(check).collect()
        });
        if faults.is_empty() { Ok(calls) } else { Err(Problem::invalid(faults)) }
    }
}

impl<'a> VerifyCall<'a> {
    /// What is not as it should be is left out, and is a fault.
    fn of(sent: VerifyBody<'a>, faults: &mut Faults) -> Self {
        Self {
            address: members::address(faults, sent.client_ip.as_ref()),
            permissions: members::permissions(faults, sent.permissions.as_ref()),
            kind: kind(faults, sent.kind.as_ref()),
            method: members::method(faults, sent.method),
            path: members::path(faults, sent.path),
            key: sent.key.0,
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

fn kind(faults: &mut Faults, text: Option<&Text<'_>>) -> Option<KeyKind> {
    faults.checked("kind", text, |text| {
        KeyKind::parse(text).ok_or_else(|| {
            let names: Vec<_> = KeyKind::ALL.iter().map(|kind| kind.as_str()).collect();
            let fix = format!("It is one of {}.", names.join(", "));
            ("There is no such kind.".into(), Some(fix.into()))
        })
    })
}
