//! Keys that somebody else collects: those that wait, and who collected the others.

use domain::hand_over::{Collection, HandOver};
use domain::ids::{AppId, KeyId};
use domain::kind::KeyKind;
use domain::rotation::Overlap;
use domain::timestamp::Timestamp;
use sqlx_macros::FromRow;

use crate::conn::Conn;
use crate::error::StoreError;
use crate::readable::readable;
use crate::sql::Sql;
use crate::store::Tx;

/// The overlap of a key that is not rotated, but new.
const NONE: i64 = -1;

#[derive(FromRow)]
struct Stored {
    key_id: String,
    app_id: String,
    kind: String,
    key_name: String,
    fields: String,
    overlap: i64,
    form_id: String,
    recipient: String,
    email: String,
    passphrase_hash: String,
    made_by_id: String,
    made_by_label: String,
    created_at: i64,
    expires_at: i64,
}

impl TryFrom<Stored> for HandOver {
    type Error = StoreError;

    fn try_from(row: Stored) -> Result<Self, StoreError> {
        Ok(Self {
            key: KeyId::parse(&row.key_id).ok_or_else(|| StoreError::corrupt("the key of a hand-over"))?,
            app_id: AppId::parse(&row.app_id).ok_or_else(|| StoreError::corrupt("the app of a hand-over"))?,
            kind: KeyKind::parse(&row.kind).ok_or_else(|| StoreError::corrupt("the kind of a hand-over"))?,
            key_name: row.key_name,
            rotates: (row.overlap != NONE).then(|| Overlap::from_millis(row.overlap)),
            draft: serde_json::from_str(&row.fields).map_err(|_| StoreError::corrupt("the fields of a hand-over"))?,
            form_id: row.form_id,
            recipient: row.recipient,
            email: Some(row.email).filter(|email| !email.is_empty()),
            has_passphrase: !row.passphrase_hash.is_empty(),
            made_by: (row.made_by_id, row.made_by_label),
            created_at: Timestamp::from_millis(row.created_at),
            expires_at: Timestamp::from_millis(row.expires_at),
        })
    }
}

reads! {
    /// The hand-overs that wait, the latest first.
    hand_overs() -> Vec<HandOver>;
    /// How many hand-overs of the maker with this id can be collected at `now`. The id of the command line is empty.
    hand_overs_waiting_of(maker: &str, now: Timestamp) -> u32;
    /// The hand-over of this key, if it waits.
    hand_over(key: &KeyId) -> Option<HandOver>;
    /// The hand-over that waits and whose link has this MAC and works at `now`: one statement, whatever becomes of it.
    /// Looking does not use the link up.
    hand_over_by_link(mac: &[u8], purpose: &str, now: Timestamp) -> Option<HandOver>;
    /// The hash of the passphrase of a hand-over that waits; `None` if it has none.
    hand_over_passphrase(key: &KeyId) -> Option<String>;
    /// Hand-overs that nobody collected by `now`, at most `limit`.
    hand_overs_overdue(now: Timestamp, limit: u32) -> Vec<HandOver>;
    /// Who collected a key; `None` if whoever issued it saw its secret.
    collection(key: &KeyId) -> Option<Collection>;
    /// Who made the link by which a key was collected: their id, which is empty for the command line, and their label.
    collected_made_by(key: &KeyId) -> Option<(String, String)>;
}

const HAND_OVER: &str = "SELECT h.key_id, h.app_id, h.kind, h.key_name, h.fields, h.overlap, h.form_id, h.recipient, h.email, \
     h.passphrase_hash, h.made_by_id, h.made_by_label, h.created_at, h.expires_at FROM hand_over h ";

async fn hand_overs(conn: &mut Conn<'_>) -> Result<Vec<HandOver>, StoreError> {
    let mut sql = Sql::new(HAND_OVER);
    sql.push("WHERE h.collected_at = 0 ORDER BY h.created_at DESC, h.key_id DESC");
    Ok(readable(conn.fetch_all::<Stored>(sql).await?))
}

async fn hand_overs_waiting_of(conn: &mut Conn<'_>, maker: &str, now: Timestamp) -> Result<u32, StoreError> {
    let sql = Sql::new("SELECT count(*) FROM hand_over WHERE collected_at = 0 AND made_by_id = $1 AND expires_at > $2")
        .arg(maker)
        .arg(now);
    let (count,): (i64,) = conn.fetch_one(sql).await?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

async fn hand_over(conn: &mut Conn<'_>, key: &KeyId) -> Result<Option<HandOver>, StoreError> {
    let mut sql = Sql::new(HAND_OVER);
    sql.push("WHERE h.collected_at = 0 AND h.key_id = ").bind(key.as_str());
    conn.fetch_optional::<Stored>(sql).await?.map(HandOver::try_from).transpose()
}

async fn hand_over_by_link(
    conn: &mut Conn<'_>,
    mac: &[u8],
    purpose: &str,
    now: Timestamp,
) -> Result<Option<HandOver>, StoreError> {
    let mut sql = Sql::new(HAND_OVER);
    sql.push("JOIN link l ON l.subject = h.key_id WHERE h.collected_at = 0 AND l.mac = ").bind(mac);
    sql.push(" AND l.purpose = ").bind(purpose).push(" AND l.used_at = 0 AND l.expires_at > ").bind(now);
    conn.fetch_optional::<Stored>(sql).await?.map(HandOver::try_from).transpose()
}

async fn hand_over_passphrase(conn: &mut Conn<'_>, key: &KeyId) -> Result<Option<String>, StoreError> {
    let sql = Sql::new("SELECT passphrase_hash FROM hand_over WHERE key_id = $1 AND collected_at = 0");
    let found = conn.fetch_optional::<(String,)>(sql.arg(key.as_str())).await?;
    Ok(found.map(|(hash,)| hash).filter(|hash| !hash.is_empty()))
}

async fn hand_overs_overdue(conn: &mut Conn<'_>, now: Timestamp, limit: u32) -> Result<Vec<HandOver>, StoreError> {
    let mut sql = Sql::new(HAND_OVER);
    sql.push("WHERE h.collected_at = 0 AND h.expires_at <= ").bind(now);
    sql.push(" ORDER BY h.expires_at LIMIT ").bind(i64::from(limit));
    Ok(readable(conn.fetch_all::<Stored>(sql).await?))
}

async fn collection(conn: &mut Conn<'_>, key: &KeyId) -> Result<Option<Collection>, StoreError> {
    let sql = Sql::new(
        "SELECT recipient, collected_at, collected_from FROM hand_over WHERE key_id = $1 AND collected_at <> 0",
    );
    let found = conn.fetch_optional::<(String, i64, String)>(sql.arg(key.as_str())).await?;
    Ok(found.map(|(recipient, at, from)| Collection {
        recipient,
        at: Timestamp::from_millis(at),
        from: Some(from).filter(|from| !from.is_empty()),
    }))
}

async fn collected_made_by(conn: &mut Conn<'_>, key: &KeyId) -> Result<Option<(String, String)>, StoreError> {
    let sql = Sql::new("SELECT made_by_id, made_by_label FROM hand_over WHERE key_id = $1 AND collected_at <> 0");
    conn.fetch_optional(sql.arg(key.as_str())).await
}

impl Tx {
    /// Adds a hand-over; `Conflict(HandOverForm)` if its form has made one.
    pub async fn insert_hand_over(
        &mut self,
        hand_over: &HandOver,
        passphrase_hash: Option<&str>,
    ) -> Result<(), StoreError> {
        let fields = serde_json::to_string(&hand_over.draft).map_err(|error| StoreError::Failed(error.to_string()))?;
        let (made_by_id, made_by_label) = &hand_over.made_by;
        let sql = Sql::new(
            "INSERT INTO hand_over (key_id, app_id, kind, key_name, fields, overlap, form_id, recipient, email, \
             passphrase_hash, made_by_id, made_by_label, created_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        )
        .arg(hand_over.key.as_str())
        .arg(hand_over.app_id.as_str())
        .arg(hand_over.kind.as_str())
        .arg(&*hand_over.key_name)
        .arg(fields)
        .arg(hand_over.rotates.map_or(NONE, Overlap::millis))
        .arg(&*hand_over.form_id)
        .arg(&*hand_over.recipient)
        .arg(hand_over.email.as_deref().unwrap_or_default())
        .arg(passphrase_hash.unwrap_or_default())
        .arg(&**made_by_id)
        .arg(&**made_by_label)
        .arg(hand_over.created_at)
        .arg(hand_over.expires_at);
        self.conn().execute(sql).await?;
        Ok(())
    }

    /// Says that a key was collected, and forgets what was needed until then. Returns whether it waited.
    pub async fn set_collected(&mut self, key: &KeyId, at: Timestamp, from: Option<&str>) -> Result<bool, StoreError> {
        let sql = Sql::new(
            "UPDATE hand_over SET collected_at = $2, collected_from = $3, fields = '', passphrase_hash = '' \
             WHERE key_id = $1 AND collected_at = 0",
        );
        let sql = sql.arg(key.as_str()).arg(at).arg(from.unwrap_or_default());
        Ok(self.conn().execute(sql).await? == 1)
    }

    /// Removes a hand-over that waits, and returns whether it existed.
    pub async fn delete_hand_over(&mut self, key: &KeyId) -> Result<bool, StoreError> {
        let sql = Sql::new("DELETE FROM hand_over WHERE key_id = $1 AND collected_at = 0").arg(key.as_str());
        Ok(self.conn().execute(sql).await? == 1)
    }

    /// Forgets who collected a key, because it goes or a new secret of it waits to be collected; their event stays. Returns
    /// whether somebody had.
    pub async fn forget_collection(&mut self, key: &KeyId) -> Result<bool, StoreError> {
        let sql = Sql::new("DELETE FROM hand_over WHERE key_id = $1 AND collected_at <> 0");
        Ok(self.conn().execute(sql.arg(key.as_str())).await? == 1)
    }
}
