//! The keys that acts on many took, so that an act can be undone for exactly these.

use domain::ids::{KeyId, PersonId};
use domain::timestamp::Timestamp;

use crate::conn::Conn;
use crate::error::StoreError;
use crate::sql::Sql;
use crate::store::Tx;

/// A key, and its revision.
pub type TakenKey = (KeyId, i64);

reads! {
    /// The keys that the act with this form took, with their revisions after it, if this person did it after `since`;
    /// none otherwise.
    taken_keys(form_id: &str, person: &PersonId, since: Timestamp) -> Vec<TakenKey>;
}

async fn taken_keys(
    conn: &mut Conn<'_>,
    form_id: &str,
    person: &PersonId,
    since: Timestamp,
) -> Result<Vec<TakenKey>, StoreError> {
    let sql = Sql::new("SELECT keys FROM bulk_act WHERE form_id = $1 AND person_id = $2 AND done_at > $3");
    let found = conn.fetch_optional::<(String,)>(sql.arg(form_id).arg(person.as_str()).arg(since)).await?;
    let keys = found.iter().flat_map(|(keys,)| keys.split(' ')).map(|key| {
        let (id, revision) = key.split_once(':')?;
        Some((KeyId::parse(id)?, revision.parse().ok()?))
    });
    keys.collect::<Option<_>>().ok_or_else(|| StoreError::corrupt("the keys of an act on many"))
}

impl Tx {
    /// Remembers which keys an act took, and their revisions after it.
    pub async fn put_taken_keys(
        &mut self,
        form_id: &str,
        person: &PersonId,
        keys: &[TakenKey],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let keys: Vec<_> = keys.iter().map(|(id, revision)| format!("{id}:{revision}")).collect();
        let sql = Sql::new("INSERT INTO bulk_act (form_id, person_id, keys, done_at) VALUES ($1, $2, $3, $4)");
        self.conn().execute(sql.arg(form_id).arg(person.as_str()).arg(keys.join(" ")).arg(now)).await?;
        Ok(())
    }

    /// Forgets the acts that were done at `until` or earlier, and returns how many.
    pub async fn prune_bulk_acts(&mut self, until: Timestamp) -> Result<u64, StoreError> {
        self.conn().execute(Sql::new("DELETE FROM bulk_act WHERE done_at <= $1").arg(until)).await
    }
}
