//! Changing many keys with few statements. None of these functions notifies the verifiers.

use domain::ids::{AppId, KeyId};
use domain::key::{KeyState, Revoked};
use domain::labels::Owner;
use domain::sight::Scope;
use domain::text::name_key;
use domain::timestamp::Timestamp;

use crate::apps::push_apps;
use crate::conn::Conn;
use crate::error::StoreError;
use crate::key_rules::Label;
use crate::keys::NEVER;
use crate::sql::{Sql, pieces};
use crate::store::Tx;

/// A key, its app, and the tags that it is to have.
pub type Retagged<'a> = (&'a KeyId, &'a AppId, Vec<String>);

reads! {
    /// The keys of some apps, archived or not, whose owner has this name, at most `limit`. Names that differ in case alone
    /// count as the same.
    owned_keys(apps: &Scope<AppId>, owner: &str, limit: u32) -> Vec<KeyId>;
    /// Whether the one-use id of a form that creates no key was used up.
    is_form_used(form_id: &str) -> bool;
}

async fn owned_keys(
    conn: &mut Conn<'_>,
    apps: &Scope<AppId>,
    owner: &str,
    limit: u32,
) -> Result<Vec<KeyId>, StoreError> {
    let mut sql = Sql::new("SELECT key_id FROM key_label WHERE app_id IN (SELECT id FROM app WHERE true");
    push_apps(&mut sql, apps);
    sql.push(") AND name = ").bind(Label::Owner.as_str()).push(" AND value = ").bind(name_key(owner));
    sql.push(" LIMIT ").bind(i64::from(limit));
    let ids = conn.fetch_all::<(String,)>(sql).await?;
    ids.iter().map(|(id,)| KeyId::parse(id).ok_or_else(|| StoreError::corrupt("a key's id"))).collect()
}

async fn is_form_used(conn: &mut Conn<'_>, form_id: &str) -> Result<bool, StoreError> {
    let sql = Sql::new("SELECT count(*) FROM used_form WHERE form_id = $1");
    let (found,): (i64,) = conn.fetch_one(sql.arg(form_id)).await?;
    Ok(found > 0)
}

impl Tx {
    /// Uses up the one-use id of a form that creates no key, and returns whether it was unused.
    pub async fn use_form(&mut self, form_id: &str, now: Timestamp) -> Result<bool, StoreError> {
        let sql =
            Sql::new("INSERT INTO used_form (form_id, key_id, gone_at) VALUES ($1, '', $2) ON CONFLICT DO NOTHING");
        Ok(self.conn().execute(sql.arg(form_id).arg(now)).await? == 1)
    }

    /// Moves keys from one state to another, and returns how many were in `from`. Pass `revoked` when `to` is `Revoked`.
    pub async fn set_key_states(
        &mut self,
        ids: &[&KeyId],
        from: KeyState,
        to: KeyState,
        revoked: Option<&Revoked>,
    ) -> Result<u64, StoreError> {
        let mut sql = Sql::new("UPDATE api_key SET revision = revision + 1, ack_deadline = 0, state = ");
        sql.bind(to.as_str()).push(", revoked_at = ").bind(revoked.map_or(0, |revoked| revoked.at.millis()));
        sql.push(", revoke_reason = ").bind(revoked.map(|revoked| revoked.reason.as_str().to_owned()));
        let until = revoked.and_then(|revoked| revoked.restorable_until).map_or(0, Timestamp::millis);
        sql.push(", restorable_until = ").bind(until);
        sql.push(", revoked_from = ").bind(revoked.map_or("", |revoked| revoked.from.as_str()));
        self.push_ids(&mut sql, ids)?;
        sql.push(" AND state = ").bind(from.as_str());
        self.conn().execute(sql).await
    }

    /// Lets keys expire at a time; `None` for never. Returns how many there were.
    pub async fn set_key_expiries(&mut self, ids: &[&KeyId], at: Option<Timestamp>) -> Result<u64, StoreError> {
        let mut sql = Sql::new("UPDATE api_key SET revision = revision + 1, expires_at = ");
        sql.bind(at.map_or(NEVER, Timestamp::millis));
        self.push_ids(&mut sql, ids)?;
        self.conn().execute(sql).await
    }

    /// Gives keys these tags, which differ from theirs by one: `tag` was added or removed. Returns how many there were.
    pub async fn set_key_tags(&mut self, keys: &[Retagged<'_>], tag: &str, added: bool) -> Result<u64, StoreError> {
        let mut rows = Vec::with_capacity(keys.len());
        for (id, _, tags) in keys {
            let tags = serde_json::to_string(tags).map_err(|error| StoreError::Failed(error.to_string()))?;
            rows.push((id.as_str(), tags));
        }
        let mut sql = Sql::new("UPDATE api_key SET revision = revision + 1, tags = asked.tags FROM ");
        sql.push("(SELECT value ->> 0 AS id, value ->> 1 AS tags FROM ");
        self.conn().push_rows(&mut sql, rows.into_iter())?;
        sql.push(") AS asked WHERE api_key.id = asked.id");
        let changed = self.conn().execute(sql).await?;
        if added {
            let mut sql =
                Sql::new("INSERT INTO key_label (key_id, app_id, name, value) SELECT value ->> 0, value ->> 1, ");
            sql.bind(Label::Tag.as_str()).push(", ").bind(tag).push(" FROM ");
            self.conn().push_rows(&mut sql, keys.iter().map(|(id, app, _)| (id.as_str(), app.as_str())))?;
            sql.push(" WHERE true ON CONFLICT DO NOTHING");
            self.conn().execute(sql).await?;
            return Ok(changed);
        }
        // By plain arguments: with the ids from JSON, Postgres would read all labels.
        for piece in pieces(keys) {
            let mut sql = Sql::new("DELETE FROM key_label WHERE key_id IN (");
            sql.list(piece.iter().map(|(id, ..)| id.as_str()));
            sql.push(") AND name = ").bind(Label::Tag.as_str()).push(" AND value = ").bind(tag);
            self.conn().execute(sql).await?;
        }
        Ok(changed)
    }

    /// Gives keys this owner, and returns how many there were.
    pub async fn set_key_owners(&mut self, keys: &[(&KeyId, &AppId)], owner: &Owner) -> Result<u64, StoreError> {
        let mut sql = Sql::new("UPDATE api_key SET revision = revision + 1, owner = ");
        sql.bind(owner.as_str());
        let ids: Vec<&KeyId> = keys.iter().map(|(id, _)| *id).collect();
        self.push_ids(&mut sql, &ids)?;
        let changed = self.conn().execute(sql).await?;
        // By plain arguments: with the ids from JSON, Postgres would read all labels.
        for piece in pieces(keys) {
            let mut sql = Sql::new("DELETE FROM key_label WHERE key_id IN (");
            sql.list(piece.iter().map(|(id, _)| id.as_str()));
            sql.push(") AND name = ").bind(Label::Owner.as_str());
            self.conn().execute(sql).await?;
        }
        let mut sql = Sql::new("INSERT INTO key_label (key_id, app_id, name, value) SELECT value ->> 0, value ->> 1, ");
        sql.bind(Label::Owner.as_str()).push(", ").bind(name_key(owner.as_str())).push(" FROM ");
        self.conn().push_rows(&mut sql, keys.iter().map(|(id, app)| (id.as_str(), app.as_str())))?;
        sql.push(" WHERE true ON CONFLICT DO NOTHING");
        self.conn().execute(sql).await?;
        Ok(changed)
    }

    fn push_ids(&mut self, sql: &mut Sql, ids: &[&KeyId]) -> Result<(), StoreError> {
        sql.push(" FROM (SELECT value ->> 0 AS id FROM ");
        self.conn().push_rows(sql, ids.iter().map(|id| (id.as_str(),)))?;
        sql.push(") AS asked WHERE api_key.id = asked.id");
        Ok(())
    }
}
