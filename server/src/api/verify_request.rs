//! The bodies of the verify calls.

use std::borrow::Cow;
use std::net::IpAddr;

use domain::ids::AppId;
use domain::kind::KeyKind;
use domain::permission_query::PermissionQuery;
use domain::usage::Edge;
use serde::Deserialize;
use service::verify::{Credential, VerifyRequest};

use super::body_errors::{Member, Shape};
use super::fault::{Faults, Step};
use super::json::{self, Bounded, Cost, Object, Text};
use super::problem::Problem;

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
struct Written<'a> {
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
struct WrittenBatch<'a> {
    #[serde(borrow)]
    calls: Bounded<Object<Written<'a>>, 1, BATCH_MAX>,
}

/// What is asked about a key.
#[derive(Debug, PartialEq)]
pub(super) struct Asked<'a> {
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

impl<'a> Asked<'a> {
    /// From a body.
    pub fn read(body: &'a [u8]) -> Result<Self, Problem> {
        let written = json::read(body, &CALL)?;
        let mut faults = Faults::default();
        let asked = Self::check(written, &mut faults);
        if faults.is_empty() { Ok(asked) } else { Err(Problem::invalid(faults)) }
    }

    /// From a body with several.
    pub fn read_batch(body: &'a [u8]) -> Result<Vec<Self>, Problem> {
        let WrittenBatch { calls: Bounded(calls) } = json::read(body, &BATCH)?;
        let mut faults = Faults::default();
        let asked = faults.within(Step::Member(Cow::Borrowed("calls")), |faults| {
            let calls = calls.into_iter().enumerate();
            calls.map(|(n, Object(call))| faults.within(Step::Item(n), |faults| Self::check(call, faults))).collect()
        });
        if faults.is_empty() { Ok(asked) } else { Err(Problem::invalid(faults)) }
    }

    /// What is not as it should be is left out, and is a fault.
    fn check(written: Written<'a>, faults: &mut Faults) -> Self {
        Self {
            address: json::address(faults, written.client_ip.as_ref()),
            permissions: json::permissions(faults, written.permissions.as_ref()),
            kind: kind(faults, written.kind.as_ref()),
            method: json::method(faults, written.method),
            path: json::path(faults, written.path),
            key: written.key.0,
            origin: written.origin.map(|Text(origin)| origin),
            cost: Cost::or_one(written.cost),
            explain: written.explain.unwrap_or_default(),
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
