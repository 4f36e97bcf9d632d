//! `/v1/usage`: calls over time, as the dashboard has them.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{RawQuery, State};
use domain::calls::{Period, Span};
use domain::ids::KeyId;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::call::Api;
use super::super::words;
use super::answer::{Answered, One};
use super::call::By;
use super::query::{Param, Takes, read, value};

pub(super) const ASKED: &[Param] = &[
    Param::new(
        "span",
        Takes::Words(|| Span::ALL.iter().map(|span| span.as_str()).collect()),
        "How far back. 24h if it is left out.",
    ),
    Param::new("key", Takes::KeyId, "Only calls about this key."),
];

/// Calls over time.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UsageShown {
    /// How far back they go.
    #[schema(value_type = words::UsageSpan)]
    span: &'static str,
    /// The calls, oldest first, including periods without calls.
    data: Vec<PeriodShown>,
}

/// The calls of an hour, of six hours or of a day, as the span says.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PeriodShown {
    starts: String,
    ends: String,
    /// How many calls were accepted.
    accepted: u64,
    /// How many were refused, by verdict.
    #[schema(value_type = BTreeMap<String, u64>)]
    refused: BTreeMap<&'static str, u64>,
}

impl From<Period> for PeriodShown {
    fn from(period: Period) -> Self {
        Self {
            starts: period.starts.to_rfc3339(),
            ends: period.ends.to_rfc3339(),
            accepted: period.accepted,
            refused: period.refused.iter().map(|(code, calls)| (code.as_str(), *calls)).collect(),
        }
    }
}

pub(super) async fn get(
    State(api): State<Arc<Api>>,
    By(caller): By,
    RawQuery(query): RawQuery,
) -> Answered<One<UsageShown>> {
    let pairs = read(query.as_deref(), ASKED)?;
    let span = value(&pairs, "span").and_then(Span::parse).unwrap_or_default();
    let key = value(&pairs, "key").and_then(KeyId::parse);
    let periods = api.service.usage(&caller, &api.app_of(&caller), key.as_ref(), span).await?;
    Ok(One::of(UsageShown { span: span.as_str(), data: periods.into_iter().map(PeriodShown::from).collect() }))
}
