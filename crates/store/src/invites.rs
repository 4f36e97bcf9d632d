//! People who were invited and have not come yet.

use domain::ids::PersonId;
use domain::invite::Invite;
use domain::role::Role;
use domain::timestamp::Timestamp;
use sqlx_macros::FromRow;

use crate::apps::{read_scope, scope_words};
use crate::conn::Conn;
use crate::error::StoreError;
use crate::people::{end, stored_end};
use crate::readable::readable;
use crate::sql::Sql;
use crate::store::Tx;

#[derive(FromRow)]
struct Stored {
    id: String,
    email: String,
    name: String,
    role: String,
    apps: String,
    keys: String,
    access_ends_at: i64,
    made_by_id: String,
    made_by_label: String,
    created_at: i64,
    expires_at: i64,
}

impl TryFrom<Stored> for Invite {
    type Error = StoreError;

    fn try_from(row: Stored) -> Result<Self, StoreError> {
        Ok(Self {
            id: PersonId::parse(&row.id).ok_or_else(|| StoreError::corrupt("an invite's id"))?,
            email: row.email,
            name: row.name,
            role: Role::parse(&row.role).ok_or_else(|| StoreError::corrupt("an invite's role"))?,
            apps: read_scope(&row.apps)?,
            keys: serde_json::from_str(&row.keys).map_err(|_| StoreError::corrupt("the keys of an invite"))?,
            access_ends_at: end(row.access_ends_at),
            made_by: (row.made_by_id, row.made_by_label),
            created_at: Timestamp::from_millis(row.created_at),
            expires_at: Timestamp::from_millis(row.expires_at),
        })
    }
}

reads! {
    /// The invites that were not used, the latest first, also those whose time is over.
    invites() -> Vec<Invite>;
    /// How many invites that this person, key or command sent can be used at `now`.
    invites_waiting_of(maker: &str, now: Timestamp) -> u32;
    /// The invite with this id.
    invite(id: &PersonId) -> Option<Invite>;
    /// The invite for this e-mail, if it can be used at `now`.
    invite_for(email: &str, now: Timestamp) -> Option<Invite>;
    /// The invite whose link has this MAC and works at `now`: one statement, whatever becomes of it. Looking does not use
    /// the link up.
    invite_by_link(mac: &[u8], purpose: &str, now: Timestamp) -> Option<Invite>;
}

const INVITE: &str = "SELECT i.id, i.email, i.name, i.role, i.apps, i.keys, i.access_ends_at, i.made_by_id, i.made_by_label, \
     i.created_at, i.expires_at FROM invite i ";

async fn invites(conn: &mut Conn<'_>) -> Result<Vec<Invite>, StoreError> {
    let mut sql = Sql::new(INVITE);
    sql.push("ORDER BY i.created_at DESC, i.id DESC");
    Ok(readable(conn.fetch_all::<Stored>(sql).await?))
}

async fn invites_waiting_of(conn: &mut Conn<'_>, maker: &str, now: Timestamp) -> Result<u32, StoreError> {
    let sql = Sql::new("SELECT count(*) FROM invite WHERE made_by_id = $1 AND expires_at > $2").arg(maker).arg(now);
    let (count,): (i64,) = conn.fetch_one(sql).await?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

async fn invite(conn: &mut Conn<'_>, id: &PersonId) -> Result<Option<Invite>, StoreError> {
    let mut sql = Sql::new(INVITE);
    sql.push("WHERE i.id = ").bind(id.as_str());
    conn.fetch_optional::<Stored>(sql).await?.map(Invite::try_from).transpose()
}

async fn invite_for(conn: &mut Conn<'_>, email: &str, now: Timestamp) -> Result<Option<Invite>, StoreError> {
    let mut sql = Sql::new(INVITE);
    sql.push("WHERE i.email = ").bind(email).push(" AND i.expires_at > ").bind(now);
    conn.fetch_optional::<Stored>(sql).await?.map(Invite::try_from).transpose()
}

async fn invite_by_link(
    conn: &mut Conn<'_>,
    mac: &[u8],
    purpose: &str,
    now: Timestamp,
) -> Result<Option<Invite>, StoreError> {
    let mut sql = Sql::new(INVITE);
    sql.push("JOIN link l ON l.subject = i.id WHERE l.mac = ").bind(mac).push(" AND l.purpose = ").bind(purpose);
    sql.push(" AND l.used_at = 0 AND l.expires_at > ").bind(now);
    conn.fetch_optional::<Stored>(sql).await?.map(Invite::try_from).transpose()
}

impl Tx {
    /// Adds an invite; `Conflict(InviteEmail)` if one waits for this e-mail.
    pub async fn insert_invite(&mut self, invite: &Invite) -> Result<(), StoreError> {
        let keys = serde_json::to_string(&invite.keys).map_err(|error| StoreError::Failed(error.to_string()))?;
        let (made_by_id, made_by_label) = &invite.made_by;
        let sql = Sql::new(
            "INSERT INTO invite (id, email, name, role, keys, access_ends_at, made_by_id, made_by_label, created_at, \
             expires_at, apps) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        )
        .arg(invite.id.as_str())
        .arg(&*invite.email)
        .arg(&*invite.name)
        .arg(invite.role.as_str())
        .arg(keys)
        .arg(stored_end(invite.access_ends_at))
        .arg(&**made_by_id)
        .arg(&**made_by_label)
        .arg(invite.created_at)
        .arg(invite.expires_at)
        .arg(scope_words(&invite.apps));
        self.conn().execute(sql).await?;
        Ok(())
    }

    /// Gives an invite to its new sender, with a new end.
    pub async fn renew_invite(
        &mut self,
        id: &PersonId,
        made_by: (&str, &str),
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = Sql::new("UPDATE invite SET made_by_id = $2, made_by_label = $3, expires_at = $4 WHERE id = $1");
        self.conn().execute(sql.arg(id.as_str()).arg(made_by.0).arg(made_by.1).arg(expires_at)).await?;
        Ok(())
    }

    /// Removes an invite, and returns whether it existed.
    pub async fn delete_invite(&mut self, id: &PersonId) -> Result<bool, StoreError> {
        Ok(self.conn().execute(Sql::new("DELETE FROM invite WHERE id = $1").arg(id.as_str())).await? == 1)
    }

    /// Removes invites whose time was over by `by`, at most `limit`, and returns how many.
    pub async fn prune_invites(&mut self, by: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let sql = Sql::new("DELETE FROM invite WHERE id IN (SELECT id FROM invite WHERE expires_at <= $1 LIMIT $2)");
        self.conn().execute(sql.arg(by).arg(i64::from(limit))).await
    }
}
