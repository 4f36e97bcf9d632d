//! What guests may do with which keys.

use domain::grant::KeyGrant;
use domain::ids::{KeyId, PersonId};

use crate::conn::Conn;
use crate::error::StoreError;
use crate::sql::Sql;
use crate::store::Tx;

reads! {
    /// The keys that were granted to a person, in the order of their ids.
    key_grants(person: &PersonId) -> Vec<KeyGrant>;
}

async fn key_grants(conn: &mut Conn<'_>, person: &PersonId) -> Result<Vec<KeyGrant>, StoreError> {
    let sql = Sql::new("SELECT key_id, acts FROM key_grant WHERE person_id = $1").arg(person.as_str());
    let rows = conn.fetch_all::<(String, String)>(sql).await?;
    let grant = |(key, acts): (String, String)| Some(KeyGrant::read(KeyId::parse(&key)?, &acts));
    let mut grants: Vec<_> = rows.into_iter().filter_map(grant).collect();
    grants.sort_by_key(|grant| grant.key);
    Ok(grants)
}

impl Tx {
    /// Replaces a person's grants. Those for keys that do not exist are left out.
    pub async fn set_key_grants(&mut self, person: &PersonId, grants: &[KeyGrant]) -> Result<(), StoreError> {
        let sql = Sql::new("DELETE FROM key_grant WHERE person_id = $1").arg(person.as_str());
        self.conn().execute(sql).await?;
        for grant in grants {
            let sql = Sql::new(
                "INSERT INTO key_grant (person_id, key_id, acts) SELECT $1, id, $3 FROM api_key WHERE id = $2 \
                 ON CONFLICT (person_id, key_id) DO NOTHING",
            );
            let sql = sql.arg(person.as_str()).arg(grant.key.as_str()).arg(grant.words());
            self.conn().execute(sql).await?;
        }
        Ok(())
    }
}
