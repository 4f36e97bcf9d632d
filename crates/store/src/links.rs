//! One-use links, for example for set-up.

use domain::timestamp::Timestamp;
use sqlx_macros::FromRow;

use crate::conn::Conn;
use crate::error::StoreError;
use crate::sql::Sql;
use crate::store::Tx;

/// A one-use link, found by the MAC of the token in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// MAC of the token.
    pub mac: Vec<u8>,
    /// What it lets its holder do.
    pub purpose: String,
    /// Who or what it is about; empty if the purpose is enough.
    pub subject: String,
    /// The id of the person or key whose rights it needs when it is used; empty if it needs nobody's.
    pub made_by: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it stops working.
    pub expires_at: Timestamp,
}

#[derive(FromRow)]
struct Stored {
    mac: Vec<u8>,
    purpose: String,
    subject: String,
    made_by: String,
    created_at: i64,
    expires_at: i64,
}

impl From<Stored> for Link {
    fn from(row: Stored) -> Self {
        Self {
            mac: row.mac,
            purpose: row.purpose,
            subject: row.subject,
            made_by: row.made_by,
            created_at: Timestamp::from_millis(row.created_at),
            expires_at: Timestamp::from_millis(row.expires_at),
        }
    }
}

reads! {
    /// The link with this MAC and purpose, if it still works at `now`. Looking does not use it up.
    live_link(mac: &[u8], purpose: &str, now: Timestamp) -> Option<Link>;
}

async fn live_link(conn: &mut Conn<'_>, mac: &[u8], purpose: &str, now: Timestamp) -> Result<Option<Link>, StoreError> {
    let sql = Sql::new(
        "SELECT mac, purpose, subject, made_by, created_at, expires_at FROM link \
         WHERE mac = $1 AND purpose = $2 AND used_at = 0 AND expires_at > $3",
    );
    Ok(conn.fetch_optional::<Stored>(sql.arg(mac).arg(purpose).arg(now)).await?.map(Link::from))
}

impl Tx {
    /// Adds a link; `Conflict` if the MAC exists.
    pub async fn insert_link(&mut self, link: &Link) -> Result<(), StoreError> {
        let sql = Sql::new(
            "INSERT INTO link (mac, purpose, subject, made_by, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .arg(&*link.mac)
        .arg(&*link.purpose)
        .arg(&*link.subject)
        .arg(&*link.made_by)
        .arg(link.created_at)
        .arg(link.expires_at);
        self.conn().execute(sql).await?;
        Ok(())
    }

    /// Uses up a link and returns it; `None` if it does not work at `now`. Of two callers, only one gets it.
    pub async fn consume_link(
        &mut self,
        mac: &[u8],
        purpose: &str,
        now: Timestamp,
    ) -> Result<Option<Link>, StoreError> {
        let sql = Sql::new(
            "UPDATE link SET used_at = $3 WHERE mac = $1 AND purpose = $2 AND used_at = 0 AND expires_at > $3 \
             RETURNING mac, purpose, subject, made_by, created_at, expires_at",
        );
        let row = self.conn().fetch_optional::<Stored>(sql.arg(mac).arg(purpose).arg(now)).await?;
        Ok(row.map(Link::from))
    }

    /// Removes every link of a purpose, used or not, and returns how many.
    pub async fn revoke_links(&mut self, purpose: &str) -> Result<u64, StoreError> {
        self.conn().execute(Sql::new("DELETE FROM link WHERE purpose = $1").arg(purpose)).await
    }

    /// Removes the links of a purpose that are about this subject, used or not, and returns how many.
    pub async fn revoke_links_of(&mut self, purpose: &str, subject: &str) -> Result<u64, StoreError> {
        let sql = Sql::new("DELETE FROM link WHERE purpose = $1 AND subject = $2").arg(purpose).arg(subject);
        self.conn().execute(sql).await
    }
}
