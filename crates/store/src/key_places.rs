//! How many keys an app or an integration has, of the kinds of which it can have only some.

use domain::ids::{AppId, IntegrationId, KeyId};
use domain::kind::KeyKind;

use crate::conn::Conn;
use crate::error::StoreError;
use crate::sql::Sql;

reads! {
    /// How many keys of this kind the app has, without the revoked ones.
    count_keys_of_kind(app: &AppId, kind: KeyKind) -> u64;
    /// How many keys the integration has, without the revoked ones.
    count_keys_of_integration(integration: &IntegrationId) -> u64;
    /// All keys of the integration, whatever their state, by id.
    keys_of_integration(integration: &IntegrationId) -> Vec<KeyId>;
}

async fn count_keys_of_kind(conn: &mut Conn<'_>, app: &AppId, kind: KeyKind) -> Result<u64, StoreError> {
    let sql = Sql::new(
        "SELECT count(*) FROM api_key WHERE app_id = $1 AND kind = $2 AND state IN ('pending', 'active', 'disabled')",
    );
    let (keys,): (i64,) = conn.fetch_one(sql.arg(app.as_str()).arg(kind.as_str())).await?;
    Ok(keys.unsigned_abs())
}

async fn count_keys_of_integration(conn: &mut Conn<'_>, integration: &IntegrationId) -> Result<u64, StoreError> {
    // The second condition is that of the index.
    let sql = Sql::new(
        "SELECT count(*) FROM api_key WHERE integration_id = $1 AND integration_id <> '' \
         AND state IN ('pending', 'active', 'disabled')",
    );
    let (keys,): (i64,) = conn.fetch_one(sql.arg(integration.as_str())).await?;
    Ok(keys.unsigned_abs())
}

async fn keys_of_integration(conn: &mut Conn<'_>, integration: &IntegrationId) -> Result<Vec<KeyId>, StoreError> {
    let sql = Sql::new("SELECT id FROM api_key WHERE integration_id = $1 AND integration_id <> '' ORDER BY id");
    let rows = conn.fetch_all::<(String,)>(sql.arg(integration.as_str())).await?;
    rows.into_iter().map(|(id,)| KeyId::parse(&id).ok_or_else(|| StoreError::corrupt("a key's id"))).collect()
}
