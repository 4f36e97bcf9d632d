//! The API KEYs of apps, one of each app. They are no rows of the table of keys, so nothing that lists, counts or exports
//! keys has to leave them out.

use domain::ids::{AppId, KeyId};
use domain::key::{KeyRecord, KeyState, SecretNumber};
use domain::kind::KeyKind;
use domain::member_key::{MemberKeyRow, NAME};
use domain::rules::KeyRules;
use domain::timestamp::Timestamp;
use domain::token::TokenMac;
use sqlx_macros::FromRow;

use crate::apps::app_id;
use crate::conn::Conn;
use crate::error::StoreError;
use crate::keys::{ReadKey, SecretVersion, StoredKey, key_id};
use crate::sql::Sql;
use crate::store::Tx;

/// The API KEY of an app, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberKeyKept {
    /// What people see of it.
    pub row: MemberKeyRow,
    /// MAC of the whole text.
    pub mac: TokenMac,
    /// The version of the pepper that the MAC was made with.
    pub pepper_version: i64,
    /// The whole text, sealed.
    pub sealed: Vec<u8>,
    /// The version of the data key that sealed it.
    pub seal_version: i64,
}

reads! {
    /// The API KEY of this app; `None` if it has none yet.
    member_key(app: &AppId) -> Option<MemberKeyKept>;
    /// Apps without an API KEY, at most `limit`.
    apps_without_member_key(limit: u32) -> Vec<AppId>;
}

#[derive(FromRow)]
struct Row {
    key_id: String,
    mac: Vec<u8>,
    pepper_version: i64,
    sealed: Vec<u8>,
    seal_version: i64,
    issued_at: i64,
    issued_by: String,
}

impl TryFrom<Row> for MemberKeyKept {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            mac: mac(&row.mac)?,
            pepper_version: row.pepper_version,
            sealed: row.sealed,
            seal_version: row.seal_version,
            row: MemberKeyRow {
                key_id: key_id(&row.key_id)?,
                issued_at: Timestamp::from_millis(row.issued_at),
                issued_by: row.issued_by,
            },
        })
    }
}

async fn member_key(conn: &mut Conn<'_>, app: &AppId) -> Result<Option<MemberKeyKept>, StoreError> {
    let sql = Sql::new(
        "SELECT key_id, mac, pepper_version, sealed, seal_version, issued_at, issued_by FROM member_key \
         WHERE app_id = $1",
    );
    conn.fetch_optional::<Row>(sql.arg(app.as_str())).await?.map(TryInto::try_into).transpose()
}

async fn apps_without_member_key(conn: &mut Conn<'_>, limit: u32) -> Result<Vec<AppId>, StoreError> {
    let sql = Sql::new(
        "SELECT id FROM app WHERE NOT EXISTS (SELECT 1 FROM member_key m WHERE m.app_id = app.id) ORDER BY id LIMIT $1",
    );
    let rows = conn.fetch_all::<(String,)>(sql.arg(i64::from(limit))).await?;
    rows.into_iter().map(|(id,)| app_id(&id)).collect()
}

#[derive(FromRow)]
struct RecordRow {
    key_id: String,
    app_id: String,
    mac: Vec<u8>,
    pepper_version: i64,
    app_archived_at: i64,
}

/// What a verdict needs of those of these keys that are API KEYs, in any order.
pub(crate) async fn member_records(conn: &mut Conn<'_>, ids: &[KeyId]) -> Result<Vec<ReadKey>, StoreError> {
    let mut sql = Sql::new(
        "SELECT m.key_id, m.app_id, m.mac, m.pepper_version, a.archived_at AS app_archived_at \
         FROM (SELECT value ->> 0 AS id FROM ",
    );
    conn.push_rows(&mut sql, ids.iter().map(|id| (id.as_str(),)))?;
    sql.push(") AS asked CROSS JOIN member_key m JOIN app a ON a.id = m.app_id WHERE m.key_id = asked.id");
    let rows: Vec<RecordRow> = conn.fetch_all(sql).await?;
    rows.into_iter().map(|row| Ok((key_id(&row.key_id)?, stored(&row)))).collect()
}

fn stored(row: &RecordRow) -> Result<StoredKey, StoreError> {
    let record = KeyRecord {
        id: key_id(&row.key_id)?,
        app_id: app_id(&row.app_id)?,
        kind: KeyKind::OF_APP,
        name: NAME.to_owned(),
        state: KeyState::Active,
        not_before: None,
        expires_at: None,
        rules: KeyRules::default(),
        app_archived: row.app_archived_at != 0,
    };
    let secret = SecretVersion {
        number: SecretNumber::FIRST,
        mac: mac(&row.mac)?,
        pepper_version: row.pepper_version,
        expires_at: None,
        // An owner reveals it, but no call needs it back.
        sealed: None,
    };
    Ok(StoredKey { record, secrets: vec![secret], quota_epoch: 0 })
}

fn mac(bytes: &[u8]) -> Result<TokenMac, StoreError> {
    Ok(TokenMac(bytes.try_into().map_err(|_| StoreError::corrupt("the MAC of an API KEY"))?))
}

impl Tx {
    /// Gives an app this API KEY, in place of the one that it has. Does not notify the verifiers.
    pub async fn put_member_key(&mut self, app: &AppId, key: &MemberKeyKept) -> Result<(), StoreError> {
        let sql = Sql::new(
            "INSERT INTO member_key (app_id, key_id, mac, pepper_version, sealed, seal_version, issued_at, issued_by) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (app_id) DO UPDATE SET key_id = excluded.key_id, \
             mac = excluded.mac, pepper_version = excluded.pepper_version, sealed = excluded.sealed, \
             seal_version = excluded.seal_version, issued_at = excluded.issued_at, issued_by = excluded.issued_by",
        )
        .arg(app.as_str())
        .arg(key.row.key_id.as_str())
        .arg(key.mac.0.as_slice())
        .arg(key.pepper_version)
        .arg(key.sealed.as_slice())
        .arg(key.seal_version)
        .arg(key.row.issued_at)
        .arg(&*key.row.issued_by);
        self.conn().execute(sql).await?;
        Ok(())
    }
}
