//! Adding, editing, switching and removing keys. None of these functions notifies the verifiers: a use case calls
//! `bump_version` once in its transaction.

use domain::audit::Actor;
use domain::ids::{AppId, KeyId};
use domain::key::{KeyState, Revoked, SecretNumber};
use domain::spec::KeySpec;
use domain::text::name_key;
use domain::timestamp::Timestamp;

use crate::error::StoreError;
use crate::key_rules;
use crate::keys::{NEVER, NewSecret, SealedSecret};
use crate::sql::{Arg, Sql, pieces};
use crate::store::Tx;

/// Keys per statement. Each has many columns, and SQLite's driver takes quadratic time to bind them.
const AT_ONCE: usize = 20;

/// A key to add, with the first version of its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewKey {
    /// The id of the new key.
    pub id: KeyId,
    /// The app it belongs to.
    pub app_id: AppId,
    /// The checked fields.
    pub spec: KeySpec,
    /// The prefix of its token.
    pub token_prefix: String,
    /// Until when the key can be confirmed. With a deadline it starts pending; with `None` it is confirmed and starts
    /// active.
    pub ack_deadline: Option<Timestamp>,
    /// The one-use id of the form that created it.
    pub form_id: Option<String>,
    /// Who issued it.
    pub created_by: Actor,
    /// When it was issued.
    pub created_at: Timestamp,
    /// The first version of its secret.
    pub secret: NewSecret,
}

impl NewKey {
    fn columns(&self) -> Result<impl Iterator<Item = Arg>, StoreError> {
        let spec = &self.spec;
        let state = if self.ack_deadline.is_some() { KeyState::Pending } else { KeyState::Active };
        let columns: [Arg; 15] = [
            self.id.as_str().into(),
            self.app_id.as_str().into(),
            spec.kind.as_str().into(),
            spec.name.as_str().into(),
            name_key(&spec.name).into(),
            spec.description.as_str().into(),
            self.token_prefix.as_str().into(),
            state.as_str().into(),
            self.ack_deadline.map_or(0, Timestamp::millis).into(),
            spec.not_before.map_or(0, Timestamp::millis).into(),
            spec.expires_at.map_or(NEVER, Timestamp::millis).into(),
            self.form_id.clone().into(),
            self.created_at.into(),
            self.created_by.kind_str().into(),
            self.created_by.id().into(),
        ];
        let label = Arg::from(self.created_by.label());
        Ok(columns.into_iter().chain([label]).chain(key_rules::args(&spec.rules)?))
    }

    fn secret_columns(&self) -> [Arg; 8] {
        let secret = &self.secret;
        let [sealed, seal_version] = SealedSecret::columns(secret.sealed.as_ref());
        [
            self.id.as_str().into(),
            SecretNumber::FIRST.0.into(),
            secret.mac.0.as_slice().into(),
            secret.pepper_version.into(),
            secret.last4.as_str().into(),
            self.created_at.into(),
            sealed,
            seal_version,
        ]
    }
}

impl Tx {
    /// Adds keys; none of them on a `Conflict(KeyId)` or `Conflict(FormId)`, if a key with the same id exists.
    pub async fn insert_keys(&mut self, keys: &[NewKey]) -> Result<(), StoreError> {
        for piece in keys.chunks(AT_ONCE).flat_map(pieces) {
            let mut sql = Sql::new(
                "INSERT INTO api_key (id, app_id, kind, name, name_key, description, token_prefix, state, \
                 ack_deadline, not_before, expires_at, form_id, created_at, created_by_kind, created_by_id, \
                 created_by_label",
            );
            for column in key_rules::WRITTEN {
                sql.push(", ").push(column);
            }
            sql.push(") VALUES ");
            for (n, key) in piece.iter().enumerate() {
                sql.row(n == 0, key.columns()?);
            }
            self.conn().execute(sql).await?;
            let mut sql = Sql::new(
                "INSERT INTO key_secret (key_id, version, mac, pepper_version, last4, created_at, sealed, seal_version) \
                 VALUES ",
            );
            for (n, key) in piece.iter().enumerate() {
                sql.row(n == 0, key.secret_columns());
            }
            self.conn().execute(sql).await?;
            self.insert_labels(piece.iter().map(|key| (&key.id, &key.app_id, &key.spec.rules))).await?;
            self.note_permissions(piece.iter().map(|key| (&key.app_id, &key.spec, key.created_at))).await?;
            self.insert_name_parts(piece.iter().map(|key| (&key.id, &key.app_id, &*key.spec.name))).await?;
            for key in piece {
                if let Some(quota) = key.spec.rules.quota {
                    self.set_quota(&key.id, Some(quota), 1, key.created_at).await?;
                }
                if key.spec.rules.rotate_days.is_some() {
                    self.set_rotation_due(&key.id).await?;
                }
            }
        }
        Ok(())
    }

    /// Changes a key to what the spec says if it is still at `revision`, and returns whether it was. Its kind stays. A
    /// different call quota starts full.
    pub async fn update_key(
        &mut self,
        id: &KeyId,
        revision: i64,
        spec: &KeySpec,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let Some((app, name)) = self.app_and_name(id).await? else { return Ok(false) };
        let mut sql = Sql::new("UPDATE api_key SET revision = revision + 1, name = ");
        sql.bind(&*spec.name).push(", name_key = ").bind(name_key(&spec.name));
        sql.push(", description = ").bind(&*spec.description);
        sql.push(", not_before = ").bind(spec.not_before.map_or(0, Timestamp::millis));
        sql.push(", expires_at = ").bind(spec.expires_at.map_or(NEVER, Timestamp::millis));
        for (column, value) in key_rules::WRITTEN.into_iter().zip(key_rules::args(&spec.rules)?) {
            sql.push(", ").push(column).push(" = ").bind(value);
        }
        sql.push(" WHERE id = ").bind(id.as_str()).push(" AND revision = ").bind(revision);
        if self.conn().execute(sql).await? == 0 {
            return Ok(false);
        }
        if name != name_key(&spec.name) {
            self.delete_name_parts(id, &app, &name).await?;
            self.insert_name_parts(std::iter::once((id, &app, &*spec.name))).await?;
        }
        self.set_labels(id, &app, &spec.rules).await?;
        self.note_permissions(std::iter::once((&app, spec, now))).await?;
        self.set_quota(id, spec.rules.quota, revision + 1, now).await?;
        self.set_rotation_due(id).await?;
        Ok(true)
    }

    /// The key's app, and its name in the form of `name_key`.
    async fn app_and_name(&mut self, id: &KeyId) -> Result<Option<(AppId, String)>, StoreError> {
        let sql = Sql::new("SELECT app_id, name_key FROM api_key WHERE id = $1").arg(id.as_str());
        let Some((app, name)) = self.conn().fetch_optional::<(String, String)>(sql).await? else { return Ok(None) };
        let app = AppId::parse(&app).ok_or_else(|| StoreError::corrupt("an app's id"))?;
        Ok(Some((app, name)))
    }

    /// Moves a key from one state to another if it is in `from`, and returns whether it was. Pass `revoked` when `to`
    /// is `Revoked`; `None` clears it.
    pub async fn set_key_state(
        &mut self,
        id: &KeyId,
        from: KeyState,
        to: KeyState,
        revoked: Option<&Revoked>,
    ) -> Result<bool, StoreError> {
        let sql = Sql::new(
            "UPDATE api_key SET revision = revision + 1, state = $3, ack_deadline = 0, revoked_at = $4, \
             revoke_reason = $5, restorable_until = $6, revoked_from = $7 WHERE id = $1 AND state = $2",
        )
        .arg(id.as_str())
        .arg(from.as_str())
        .arg(to.as_str())
        .arg(revoked.map_or(0, |revoked| revoked.at.millis()))
        .arg(revoked.map(|revoked| revoked.reason.as_str().to_owned()))
        .arg(revoked.and_then(|revoked| revoked.restorable_until).map_or(0, Timestamp::millis))
        .arg(revoked.map_or("", |revoked| revoked.from.as_str()));
        Ok(self.conn().execute(sql).await? == 1)
    }

    /// Removes a key and its secrets, and who collected it, and returns whether it existed. Its audit events stay, and so
    /// does the fact that its form was used.
    pub async fn delete_key(&mut self, id: &KeyId, now: Timestamp) -> Result<bool, StoreError> {
        let Some((app, name)) = self.app_and_name(id).await? else { return Ok(false) };
        self.delete_name_parts(id, &app, &name).await?;
        let sql = Sql::new("DELETE FROM key_usage_hour WHERE key_id = $1").arg(id.as_str());
        self.conn().execute(sql).await?;
        let sql = Sql::new(
            "INSERT INTO used_form (form_id, key_id, gone_at) SELECT form_id, id, CAST($2 AS BIGINT) FROM api_key \
             WHERE id = $1 AND form_id IS NOT NULL",
        );
        self.conn().execute(sql.arg(id.as_str()).arg(now)).await?;
        self.forget_collection(id).await?;
        let sql = Sql::new("DELETE FROM api_key WHERE id = $1").arg(id.as_str());
        Ok(self.conn().execute(sql).await? == 1)
    }

    /// Forgets used forms whose keys were removed before `before`, at most `limit`, and returns how many.
    pub async fn prune_used_forms(&mut self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let sql = Sql::new(
            "DELETE FROM used_form WHERE form_id IN (SELECT form_id FROM used_form WHERE gone_at < $1 LIMIT $2)",
        );
        self.conn().execute(sql.arg(before).arg(i64::from(limit))).await
    }
}
