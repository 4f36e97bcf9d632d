//! Writing what Keystead keeps of traffic: calls by hour and verdict, the last use of each key, and the last refusals.

use domain::ids::{AppId, KeyId};
use domain::kind::KeyKind;
use domain::usage::{HourCalls, REFUSALS_KEPT, RefusedCall, WRONG_SECRETS_KEPT};
use domain::verdict::Code;

use crate::error::StoreError;
use crate::last_use::{KeyUse, NOT_ASKED_ABOUT, verdicts};
use crate::secret_use::SecretCalls;
use crate::sql::{Arg, Sql, pieces};
use crate::store::Tx;

/// What was counted since the last flush.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UsageBatch {
    /// Calls by app and kind; those without a kind are about keys that do not exist.
    pub apps: Vec<(AppId, Option<KeyKind>, HourCalls)>,
    /// The calls of each key, by hour and verdict.
    pub keys: Vec<KeyCalls>,
    /// The calls with each secret of keys that have two.
    pub secrets: Vec<SecretCalls>,
    /// The last refused calls of each key.
    pub refusals: Vec<(KeyId, RefusedCall)>,
    /// The number of the first of them. Their numbers tell those of one moment apart.
    pub first_refusal: i64,
}

impl UsageBatch {
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        [self.apps.len(), self.keys.len(), self.secrets.len(), self.refusals.len()] == [0; 4]
    }

    /// Two halves with all of its rows; `None` if it has only one.
    pub fn halves(mut self) -> Option<(Self, Self)> {
        let rows = self.apps.len() + self.keys.len() + self.secrets.len() + self.refusals.len();
        if rows < 2 {
            return None;
        }
        let mut first = rows / 2;
        let mut rest = |rows: usize| {
            let kept = first.min(rows);
            first -= kept;
            kept
        };
        let second = Self {
            apps: self.apps.split_off(rest(self.apps.len())),
            keys: self.keys.split_off(rest(self.keys.len())),
            secrets: self.secrets.split_off(rest(self.secrets.len())),
            refusals: self.refusals.split_off(rest(self.refusals.len())),
            // After those that stay.
            first_refusal: self.first_refusal.saturating_add(i64::try_from(self.refusals.len()).unwrap_or(i64::MAX)),
        };
        Some((self, second))
    }
}

/// Calls of one key, hour and verdict, and its newest use among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyCalls {
    /// The id of the key.
    pub key_id: KeyId,
    /// The start of the hour, in milliseconds since 1970.
    pub hour: i64,
    /// The verdict of these calls; `None` if the key was used without being asked about.
    pub code: Option<Code>,
    /// How many calls there were.
    pub calls: u64,
    /// The newest use among them with the right secret.
    pub used: Option<KeyUse>,
}

/// The kind under which calls about keys that do not exist are counted.
pub(crate) const NO_KEY: &str = "";

impl Tx {
    /// Writes a batch of traffic. Adds counts, replaces older uses by newer ones, and keeps the last refusals. Calls of
    /// a key that is gone are pruned later, with all others of their hour.
    pub async fn flush_usage(&mut self, batch: &UsageBatch) -> Result<(), StoreError> {
        self.flush_app_calls(&batch.apps).await?;
        self.flush_key_calls(&batch.keys).await?;
        self.flush_secret_calls(&batch.secrets).await?;
        self.flush_refusals(batch.first_refusal, &batch.refusals).await
    }

    async fn flush_app_calls(&mut self, counts: &[(AppId, Option<KeyKind>, HourCalls)]) -> Result<(), StoreError> {
        for piece in pieces(counts) {
            let mut sql = Sql::new("INSERT INTO usage_hour (app_id, hour, kind, code, calls) VALUES ");
            for (n, (app, kind, count)) in piece.iter().enumerate() {
                let columns: [Arg; 5] = [
                    app.as_str().into(),
                    count.hour.into(),
                    kind.map_or(NO_KEY, KeyKind::as_str).into(),
                    count.code.as_str().into(),
                    signed(count.calls).into(),
                ];
                sql.row(n == 0, columns);
            }
            sql.push(" ON CONFLICT (app_id, hour, kind, code) DO UPDATE SET calls = usage_hour.calls + excluded.calls");
            self.conn().execute(sql).await?;
        }
        Ok(())
    }

    async fn flush_key_calls(&mut self, counts: &[KeyCalls]) -> Result<(), StoreError> {
        for piece in pieces(counts) {
            let mut sql = Sql::default();
            sql.push(
                "INSERT INTO key_usage_hour AS kept (key_id, hour, code, calls, last_used_at, last_used_address) VALUES ",
            );
            for (n, count) in piece.iter().enumerate() {
                let columns: [Arg; 6] = [
                    count.key_id.as_str().into(),
                    count.hour.into(),
                    count.code.map_or(NOT_ASKED_ABOUT, Code::as_str).into(),
                    signed(count.calls).into(),
                    count.used.map_or(0, |used| used.at.millis()).into(),
                    count.used.and_then(|used| used.address).map(|address| address.to_string()).into(),
                ];
                sql.row(n == 0, columns);
            }
            sql.push(
                " ON CONFLICT (key_id, hour, code) DO UPDATE SET calls = kept.calls + excluded.calls, last_used_address = \
                 CASE WHEN excluded.last_used_at >= kept.last_used_at THEN excluded.last_used_address ELSE kept.last_used_address END, \
                 last_used_at = CASE WHEN excluded.last_used_at >= kept.last_used_at THEN excluded.last_used_at ELSE kept.last_used_at END",
            );
            self.conn().execute(sql).await?;
        }
        Ok(())
    }

    async fn flush_refusals(&mut self, first: i64, refusals: &[(KeyId, RefusedCall)]) -> Result<(), StoreError> {
        let numbered: Vec<_> = (first..).zip(refusals).collect();
        for piece in pieces(&numbered) {
            let mut sql = Sql::new(
                "WITH refused (key_id, at, n, code, edge, address, origin, permissions, kind, method, path) AS (VALUES ",
            );
            for (row, (n, (key, refusal))) in piece.iter().enumerate() {
                let columns: [Arg; 11] = [
                    key.as_str().into(),
                    refusal.at.into(),
                    (*n).into(),
                    refusal.code.as_str().into(),
                    refusal.edge.as_str().into(),
                    refusal.address.map(|address| address.to_string()).into(),
                    refusal.origin.clone().into(),
                    refusal.permissions.clone().into(),
                    refusal.kind.map(|kind| kind.as_str().to_owned()).into(),
                    refusal.method.clone().into(),
                    refusal.path.clone().into(),
                ];
                sql.row(row == 0, columns);
            }
            // Another process may have written a refusal with the same time and number.
            sql.push(
                ") INSERT INTO key_refusal \
                 (key_id, at, n, code, edge, address, origin, permissions, kind, method, path) SELECT r.* FROM refused r JOIN api_key k ON k.id = r.key_id WHERE true \
                 ON CONFLICT (key_id, at, n) DO NOTHING",
            );
            self.conn().execute(sql).await?;
            let mut sql = Sql::new(
                "DELETE FROM key_refusal WHERE (key_id, at, n) IN (SELECT key_id, at, n FROM (SELECT key_id, at, n, code, \
                 row_number() OVER (PARTITION BY key_id, code = 'NOT_FOUND' ORDER BY at DESC, n DESC) AS place \
                 FROM key_refusal WHERE key_id IN (",
            );
            for (n, (_, (key, _))) in piece.iter().enumerate() {
                sql.push(if n == 0 { "" } else { ", " }).bind(key.as_str());
            }
            sql.push(")) AS placed WHERE place > CASE code WHEN 'NOT_FOUND' THEN ").bind(WRONG_SECRETS_KEPT);
            sql.push(" ELSE ").bind(REFUSALS_KEPT).push(" END)");
            self.conn().execute(sql).await?;
        }
        Ok(())
    }

    /// Removes the calls by key of hours before `hour`, at most `limit` rows, and returns how many.
    pub async fn prune_key_calls(&mut self, hour: i64, limit: u32) -> Result<u64, StoreError> {
        self.prune_calls(" AND hour < ", hour, limit).await
    }

    /// Removes the calls by key of hours after `hour`, where a wrong clock put them, at most `limit` rows, and returns how
    /// many.
    pub async fn prune_calls_ahead(&mut self, hour: i64, limit: u32) -> Result<u64, StoreError> {
        self.prune_calls(" AND hour > ", hour, limit).await
    }

    async fn prune_calls(&mut self, those: &'static str, hour: i64, limit: u32) -> Result<u64, StoreError> {
        let mut gone = 0;
        // One verdict at a time. With a union, SQLite would look up each row of the table.
        for code in verdicts() {
            let left = u64::from(limit).saturating_sub(gone);
            if left == 0 {
                break;
            }
            gone += self.conn().execute(prune(code, those, hour, left)).await?;
        }
        Ok(gone)
    }
}

pub(crate) fn prune(code: &str, those: &'static str, hour: i64, limit: u64) -> Sql {
    let mut sql = Sql::new(
        "DELETE FROM key_usage_hour WHERE (key_id, hour, code) IN (SELECT key_id, hour, code FROM key_usage_hour \
         WHERE code = ",
    );
    sql.bind(code).push(those).bind(hour).push(" LIMIT ").bind(signed(limit)).push(")");
    sql
}

fn signed(calls: u64) -> i64 {
    i64::try_from(calls).unwrap_or(i64::MAX)
}
