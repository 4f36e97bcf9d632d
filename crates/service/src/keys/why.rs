//! Why a call with a key is refused.

use std::net::IpAddr;

use domain::{
    calls::Span,
    ids::KeyId,
    kind::KeyKind,
    permission_query::PermissionQuery,
    role::Act,
    timestamp::Timestamp,
    verdict::{self, CheckResult},
};

use super::KeyPage;
use crate::{Caller, Result, Service};

/// A call to explain, real or imagined.
#[derive(Debug, Clone, Default)]
pub struct AskedCall {
    /// The client's address; `None` if it is not known.
    pub address: Option<IpAddr>,
    /// The client's `Origin` header.
    pub origin: Option<String>,
    /// The permissions that the key must have.
    pub permissions: Option<PermissionQuery>,
    /// The kind that the key must be of.
    pub kind: Option<KeyKind>,
    /// The time of the call; `None` for now.
    pub at: Option<Timestamp>,
}

impl Service {
    /// A key's page, and what each check says to a call with the right secret. Counts nothing. Rate limits and call
    /// quota are those of this process at this moment.
    pub async fn why(&self, caller: &Caller, id: &KeyId, call: &AskedCall) -> Result<(KeyPage, Vec<CheckResult>)> {
        let page = self.key_to_explain(caller, id).await?;
        let app = self.store().app(&page.key.app_id).await?;
        let record = page.key.record(app.is_some_and(|app| app.archived_at.is_some()));
        let request = verdict::Request {
            address: call.address,
            origin: call.origin.as_deref(),
            permissions: call.permissions.as_ref(),
            kind: call.kind,
        };
        let now = self.now();
        let mut checks = verdict::explain(&record, &request, call.at.unwrap_or(now));
        checks.extend(self.verifier().would_count(&page.key, &record));
        Ok((page, checks))
    }

    /// A key whose checks the caller may ask for.
    pub async fn key_to_explain(&self, caller: &Caller, id: &KeyId) -> Result<KeyPage> {
        caller.may_with_some(Act::TestKeys)?;
        let page = self.key_page(caller, id, Span::default()).await?;
        caller.may_with(Act::TestKeys, &page.key)?;
        Ok(page)
    }
}
