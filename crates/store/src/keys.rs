//! Reading keys: for a verdict, for a page, and for the sweep.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use domain::audit::Actor;
use domain::ids::{AppId, KeyId};
use domain::key::{KeyDetail, KeyRecord, KeyRow, KeyState, RevokeReason, Revoked, SecretNumber};
use domain::kind::KeyKind;
use domain::permission::AdminPermission;
use domain::timestamp::Timestamp;
use domain::token::TokenMac;
use serde::de::IgnoredAny;
use sqlx_macros::FromRow;

use crate::apps::app_id;
use crate::conn::Conn;
use crate::error::StoreError;
use crate::key_rules::{RulesRow, SELECTED};
use crate::last_use::{NEWEST_USE, newest_use};
use crate::member_keys::member_records;
use crate::sql::{Arg, Sql};

/// The stored value for "never expires", since the column is never NULL.
pub(crate) const NEVER: i64 = i64::MAX;

/// A secret that must come back, sealed for its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedSecret {
    /// What the data key made of it.
    pub bytes: Vec<u8>,
    /// The version of that data key.
    pub version: i64,
}

impl SealedSecret {
    /// What the columns hold; `None` where they are empty.
    pub(crate) fn from_columns(bytes: Vec<u8>, version: i64) -> Option<Self> {
        (!bytes.is_empty()).then_some(Self { bytes, version })
    }

    /// The values of the columns.
    pub(crate) fn columns(sealed: Option<&Self>) -> [Arg; 2] {
        let bytes = sealed.map_or(&[][..], |sealed| sealed.bytes.as_slice());
        [bytes.into(), sealed.map_or(0, |sealed| sealed.version).into()]
    }
}

/// A new secret as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSecret {
    /// MAC of the token.
    pub mac: TokenMac,
    /// The version of the pepper that the MAC was made with.
    pub pepper_version: i64,
    /// The last four characters of the token.
    pub last4: String,
    /// The secret, sealed; `None` for a kind whose secret need not come back.
    pub sealed: Option<SealedSecret>,
}

/// One version of a key's secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretVersion {
    /// Which of the key's secrets this is.
    pub number: SecretNumber,
    /// MAC of the token.
    pub mac: TokenMac,
    /// The version of the pepper that the MAC was made with.
    pub pepper_version: i64,
    /// The first moment at which this version no longer works; `None` if it works as long as the key.
    pub expires_at: Option<Timestamp>,
    /// The secret, sealed; `None` for a kind whose secret need not come back.
    pub sealed: Option<SealedSecret>,
}

/// Everything that a verdict needs of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredKey {
    /// The key's own fields.
    pub record: KeyRecord,
    /// The versions of its secret, newest first.
    pub secrets: Vec<SecretVersion>,
    /// Increases with each change of the quota, so that blocks of an earlier one are void; 0 without a quota.
    pub quota_epoch: i64,
}

/// A key as read: its id, and what verification needs of it, or why that cannot be read.
pub type ReadKey = (KeyId, Result<StoredKey, StoreError>);

/// The same with everything that a key's page shows.
pub type ReadDetail = (KeyId, Result<KeyDetail, StoreError>);

reads! {
    /// The key with this id and the versions of its secret.
    key_record(id: &KeyId) -> Option<StoredKey>;
    /// The keys with these ids, API KEYs of apps among them, in any order. Unknown ids are skipped. A row that this version
    /// cannot read is `Corrupt` on its own, and does not fail the others.
    key_records(ids: &[KeyId]) -> Vec<ReadKey>;
    /// Everything that a key's page shows.
    key_detail(id: &KeyId) -> Option<KeyDetail>;
    /// The same of several keys, in any order. Unknown ids are skipped. A row that this version cannot read is `Corrupt` on
    /// its own.
    current_details(ids: &[KeyId]) -> Vec<ReadDetail>;
    /// The same in this order, with the last use that lists show. Keys that do not exist, or that this version cannot read,
    /// are skipped.
    key_details(ids: &[KeyId]) -> Vec<KeyDetail>;
    /// The app of each of these keys, in any order. Keys that do not exist are skipped.
    apps_of_keys(ids: &[KeyId]) -> Vec<(KeyId, AppId)>;
    /// Whether the key exists and this actor issued it.
    is_issuer(id: &KeyId, actor: &Actor) -> bool;
    /// The key that this form created, even if it is gone.
    key_of_form(form_id: &str) -> Option<KeyId>;
    /// Pending keys whose deadline has passed by `now`, oldest first, at most `limit`.
    keys_pending_before(now: Timestamp, limit: u32) -> Vec<KeyId>;
}

async fn key_record(conn: &mut Conn<'_>, id: &KeyId) -> Result<Option<StoredKey>, StoreError> {
    key_records(conn, std::slice::from_ref(id)).await?.pop().map(|(_, key)| key).transpose()
}

#[derive(FromRow)]
struct RecordRow {
    id: String,
    app_id: String,
    kind: String,
    name: String,
    state: String,
    not_before: i64,
    expires_at: i64,
    #[sqlx(flatten)]
    rules: RulesRow,
    app_archived_at: i64,
    quota_epoch: Option<i64>,
    version: i64,
    mac: Vec<u8>,
    pepper_version: i64,
    secret_expires_at: i64,
    sealed: Vec<u8>,
    seal_version: i64,
}

async fn key_records(conn: &mut Conn<'_>, ids: &[KeyId]) -> Result<Vec<ReadKey>, StoreError> {
    let mut keys: Vec<ReadKey> = Vec::with_capacity(ids.len());
    let mut sql = Sql::new(
        "SELECT k.id, k.app_id, k.kind, k.name, k.state, k.not_before, k.expires_at, q.epoch AS quota_epoch, \
         (SELECT a.archived_at FROM app a WHERE a.id = k.app_id) AS app_archived_at, s.version, s.mac, s.pepper_version, s.expires_at AS secret_expires_at, \
         s.sealed, s.seal_version, ",
    );
    sql.push(SELECTED).push(" FROM (SELECT value ->> 0 AS id FROM ");
    conn.push_rows(&mut sql, ids.iter().map(|id| (id.as_str(),)))?;
    sql.push(
        ") AS asked CROSS JOIN api_key k JOIN key_secret s ON s.key_id = k.id LEFT JOIN key_quota q ON q.key_id = k.id \
         WHERE k.id = asked.id",
    );
    let mut rows: Vec<RecordRow> = conn.fetch_all(sql).await?;
    // Here and not in the statement, for which Postgres might then walk an index of all keys.
    rows.sort_unstable_by(|a, b| a.id.cmp(&b.id).then(b.version.cmp(&a.version)));
    for mut row in rows {
        // The row was asked for by a valid id, so this is one.
        let id = key_id(&row.id)?;
        let secret = secret(&mut row);
        match keys.last_mut().filter(|(last, _)| *last == id) {
            Some((_, read)) => match (read.as_mut(), secret) {
                (Ok(key), Ok(secret)) => key.secrets.push(secret),
                (Ok(_), Err(error)) => *read = Err(error),
                (Err(_), _) => {}
            },
            None => keys.push((id, secret.and_then(|secret| stored(row, secret)))),
        }
    }
    let found: HashSet<KeyId> = keys.iter().map(|(id, _)| *id).collect();
    let others: Vec<KeyId> = ids.iter().copied().filter(|id| !found.contains(id)).collect();
    if !others.is_empty() {
        keys.extend(member_records(conn, &others).await?);
    }
    Ok(keys)
}

fn secret(row: &mut RecordRow) -> Result<SecretVersion, StoreError> {
    Ok(SecretVersion {
        number: SecretNumber(row.version),
        mac: TokenMac(row.mac.as_slice().try_into().map_err(|_| StoreError::corrupt("a token's MAC"))?),
        pepper_version: row.pepper_version,
        expires_at: until(row.secret_expires_at),
        sealed: SealedSecret::from_columns(std::mem::take(&mut row.sealed), row.seal_version),
    })
}

fn stored(row: RecordRow, secret: SecretVersion) -> Result<StoredKey, StoreError> {
    let quota_epoch = row.quota_epoch.unwrap_or(0);
    Ok(StoredKey { record: row.try_into()?, secrets: vec![secret], quota_epoch })
}

impl TryFrom<RecordRow> for KeyRecord {
    type Error = StoreError;

    fn try_from(row: RecordRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: key_id(&row.id)?,
            app_id: app_id(&row.app_id)?,
            kind: kind(&row.kind)?,
            name: row.name,
            state: state(&row.state)?,
            not_before: since(row.not_before),
            expires_at: until(row.expires_at),
            rules: row.rules.try_into()?,
            app_archived: row.app_archived_at != 0,
        })
    }
}

/// A key in a list, as stored.
#[derive(FromRow)]
pub(crate) struct ListedRow {
    id: String,
    kind: String,
    name: String,
    token_prefix: String,
    last4: String,
    state: String,
    not_before: i64,
    expires_at: i64,
    ack_deadline: i64,
    created_at: i64,
    created_by_label: String,
    last_used_at: i64,
    rotation_due_at: i64,
    cidr_count: i64,
    domain_count: i64,
    denied_cidrs: String,
    permissions: String,
}

impl TryFrom<ListedRow> for KeyRow {
    type Error = StoreError;

    fn try_from(row: ListedRow) -> Result<Self, StoreError> {
        let permissions: Vec<String> =
            serde_json::from_str(&row.permissions).map_err(|_| StoreError::corrupt("a list of a key"))?;
        Ok(Self {
            id: key_id(&row.id)?,
            kind: kind(&row.kind)?,
            name: row.name,
            token_prefix: row.token_prefix,
            last4: row.last4,
            state: state(&row.state)?,
            not_before: since(row.not_before),
            expires_at: until(row.expires_at),
            ack_deadline: since(row.ack_deadline),
            created_at: Timestamp::from_millis(row.created_at),
            created_by: row.created_by_label,
            last_used_at: since(row.last_used_at),
            rotation_due_at: until(row.rotation_due_at),
            cidr_count: count(row.cidr_count)?,
            domain_count: count(row.domain_count)?,
            denied_cidr_count: items(&row.denied_cidrs)?,
            permission_count: u32::try_from(permissions.len()).unwrap_or(u32::MAX),
            administers: permissions.iter().filter_map(|name| AdminPermission::parse(name)).collect(),
        })
    }
}

/// How many items a list in a column has.
fn items(json: &str) -> Result<u32, StoreError> {
    let items: Vec<IgnoredAny> = serde_json::from_str(json).map_err(|_| StoreError::corrupt("a list of a key"))?;
    Ok(u32::try_from(items.len()).unwrap_or(u32::MAX))
}

#[derive(FromRow)]
struct DetailRow {
    #[sqlx(flatten)]
    row: ListedRow,
    app_id: String,
    description: String,
    #[sqlx(flatten)]
    rules: RulesRow,
    quota_remaining: Option<i64>,
    quota_period: Option<i64>,
    quota_epoch: Option<i64>,
    last_used_address: Option<String>,
    revoked_at: i64,
    revoke_reason: Option<String>,
    restorable_until: i64,
    revoked_from: String,
    revision: i64,
}

async fn is_issuer(conn: &mut Conn<'_>, id: &KeyId, actor: &Actor) -> Result<bool, StoreError> {
    // The command line has no id, so its account is compared.
    let sql = Sql::new(
        "SELECT count(*) FROM api_key WHERE id = $1 AND created_by_kind = $2 AND created_by_id = $3 \
         AND (created_by_id <> '' OR created_by_label = $4)",
    );
    let sql = sql.arg(id.as_str()).arg(actor.kind_str()).arg(actor.id()).arg(actor.label());
    let (found,): (i64,) = conn.fetch_one(sql).await?;
    Ok(found > 0)
}

const DETAIL: &str = "SELECT k.id, k.kind, k.name, k.token_prefix, k.state, k.not_before, k.expires_at, k.ack_deadline, \
     k.created_at, k.created_by_label, k.last_used_at, k.rotation_due_at, k.cidr_count, k.domain_count, k.app_id, k.description, \
     k.last_used_address, k.revoked_at, k.revoke_reason, k.restorable_until, k.revoked_from, k.revision, \
     q.remaining AS quota_remaining, q.period AS quota_period, q.epoch AS quota_epoch, \
     (SELECT s.last4 FROM key_secret s WHERE s.key_id = k.id ORDER BY s.version DESC LIMIT 1) AS last4, ";

/// The rest of a statement about the keys that were asked for.
pub(crate) const ASKED: &str =
    ") AS asked CROSS JOIN api_key k LEFT JOIN key_quota q ON q.key_id = k.id WHERE k.id = asked.id";

pub(crate) async fn key_details(conn: &mut Conn<'_>, ids: &[KeyId]) -> Result<Vec<KeyDetail>, StoreError> {
    let mut sql = Sql::new(DETAIL);
    sql.push(SELECTED).push(" FROM (SELECT value ->> 0 AS id FROM ");
    conn.push_rows(&mut sql, ids.iter().map(|id| (id.as_str(),)))?;
    sql.push(ASKED);
    let rows: Vec<DetailRow> = conn.fetch_all(sql).await?;
    let mut found: HashMap<KeyId, KeyDetail> = rows
        .into_iter()
        .filter_map(|row| KeyDetail::try_from(row).ok())
        .map(|detail| (detail.row.id, detail))
        .collect();
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

async fn apps_of_keys(conn: &mut Conn<'_>, ids: &[KeyId]) -> Result<Vec<(KeyId, AppId)>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = Sql::new("SELECT k.id, k.app_id FROM (SELECT value ->> 0 AS id FROM ");
    conn.push_rows(&mut sql, ids.iter().map(|id| (id.as_str(),)))?;
    sql.push(") AS asked CROSS JOIN api_key k WHERE k.id = asked.id");
    let rows = conn.fetch_all::<(String, String)>(sql).await?;
    rows.into_iter().map(|(key, app)| Ok((key_id(&key)?, app_id(&app)?))).collect()
}

/// A key with its newest use. The columns that lists sort by may still be older.
#[derive(FromRow)]
struct CurrentRow {
    #[sqlx(flatten)]
    detail: DetailRow,
    newest_use: Option<String>,
}

impl TryFrom<CurrentRow> for KeyDetail {
    type Error = StoreError;

    fn try_from(row: CurrentRow) -> Result<Self, StoreError> {
        let mut detail = Self::try_from(row.detail)?;
        let newest = row.newest_use.as_deref().map(newest_use).transpose()?;
        if let Some(newest) = newest.filter(|newest| detail.row.last_used_at < Some(newest.at)) {
            detail.row.last_used_at = Some(newest.at);
            detail.last_used_address = newest.address;
        }
        Ok(detail)
    }
}

async fn key_detail(conn: &mut Conn<'_>, id: &KeyId) -> Result<Option<KeyDetail>, StoreError> {
    current_details(conn, std::slice::from_ref(id)).await?.pop().map(|(_, key)| key).transpose()
}

async fn current_details(conn: &mut Conn<'_>, ids: &[KeyId]) -> Result<Vec<ReadDetail>, StoreError> {
    let mut sql = Sql::new(DETAIL);
    sql.push(SELECTED).push(", ").push(NEWEST_USE).push(" FROM (SELECT value ->> 0 AS id FROM ");
    conn.push_rows(&mut sql, ids.iter().map(|id| (id.as_str(),)))?;
    sql.push(ASKED);
    let rows: Vec<CurrentRow> = conn.fetch_all(sql).await?;
    // A row was asked for by a valid id, so that it has one.
    rows.into_iter().map(|row| Ok((key_id(&row.detail.row.id)?, row.try_into()))).collect()
}

impl TryFrom<DetailRow> for KeyDetail {
    type Error = StoreError;

    fn try_from(row: DetailRow) -> Result<Self, StoreError> {
        let revoked = match (since(row.revoked_at), row.revoke_reason) {
            (Some(at), Some(reason)) => Some(Revoked {
                at,
                reason: RevokeReason::parse(&reason).ok_or_else(|| StoreError::corrupt("a revoke reason"))?,
                restorable_until: since(row.restorable_until),
                // On record only since the column exists. Keys from before it come back disabled.
                from: KeyState::parse(&row.revoked_from).unwrap_or(KeyState::Disabled),
            }),
            _ => None,
        };
        let address = row.last_used_address.map(|address| address.parse::<IpAddr>()).transpose();
        Ok(Self {
            row: row.row.try_into()?,
            app_id: app_id(&row.app_id)?,
            description: row.description,
            rules: row.rules.try_into()?,
            quota_left: row.quota_remaining.map(i64::unsigned_abs),
            quota_period: row.quota_period.unwrap_or(0),
            quota_epoch: row.quota_epoch.unwrap_or(0),
            last_used_address: address.map_err(|_| StoreError::corrupt("a key's last address"))?,
            revoked,
            revision: row.revision,
        })
    }
}

async fn key_of_form(conn: &mut Conn<'_>, form_id: &str) -> Result<Option<KeyId>, StoreError> {
    let sql = Sql::new(
        "SELECT id FROM api_key WHERE form_id = $1 UNION ALL SELECT key_id FROM used_form WHERE form_id = $1 LIMIT 1",
    );
    conn.fetch_optional::<(String,)>(sql.arg(form_id)).await?.map(|(id,)| key_id(&id)).transpose()
}

async fn keys_pending_before(conn: &mut Conn<'_>, now: Timestamp, limit: u32) -> Result<Vec<KeyId>, StoreError> {
    let sql = Sql::new(
        "SELECT id FROM api_key WHERE state = 'pending' AND ack_deadline <= $1 ORDER BY ack_deadline LIMIT $2",
    );
    let rows = conn.fetch_all::<(String,)>(sql.arg(now).arg(i64::from(limit))).await?;
    rows.into_iter().map(|(id,)| key_id(&id)).collect()
}

pub(crate) fn key_id(text: &str) -> Result<KeyId, StoreError> {
    KeyId::parse(text).ok_or_else(|| StoreError::corrupt("a key's id"))
}

fn kind(text: &str) -> Result<KeyKind, StoreError> {
    KeyKind::parse(text).ok_or_else(|| StoreError::corrupt(format!("the key kind {text:?}")))
}

fn state(text: &str) -> Result<KeyState, StoreError> {
    KeyState::parse(text).ok_or_else(|| StoreError::corrupt(format!("the key state {text:?}")))
}

fn count(value: i64) -> Result<u32, StoreError> {
    u32::try_from(value).map_err(|_| StoreError::corrupt("a key's count of rules"))
}

/// Reads a time from a column where 0 means none.
fn since(millis: i64) -> Option<Timestamp> {
    (millis != 0).then(|| Timestamp::from_millis(millis))
}

/// Reads a time from a column where the largest integer means never.
pub(crate) fn until(millis: i64) -> Option<Timestamp> {
    (millis != NEVER).then(|| Timestamp::from_millis(millis))
}
