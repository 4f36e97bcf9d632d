//! What people have typed into the wizard so far. It is no key yet, so nothing of it is on record.

use domain::draft::KeyDraft;
use domain::ids::{AppId, PersonId};
use domain::timestamp::Timestamp;

use crate::conn::Conn;
use crate::error::StoreError;
use crate::sql::Sql;
use crate::store::Tx;

reads! {
    /// The draft of this form, if this person saved it after `since`, and the app that was chosen for the key.
    draft(form_id: &str, person: &PersonId, since: Timestamp) -> Option<(KeyDraft, Option<AppId>)>;
}

async fn draft(
    conn: &mut Conn<'_>,
    form_id: &str,
    person: &PersonId,
    since: Timestamp,
) -> Result<Option<(KeyDraft, Option<AppId>)>, StoreError> {
    let sql = Sql::new("SELECT fields, app_id FROM key_draft WHERE form_id = $1 AND person_id = $2 AND saved_at > $3");
    let found =
        conn.fetch_optional::<(String, Option<String>)>(sql.arg(form_id).arg(person.as_str()).arg(since)).await?;
    // One of a later version, with a word that this one does not know, is as good as none. It must not fail the form.
    Ok(found
        .and_then(|(fields, app)| Some((serde_json::from_str(&fields).ok()?, app.as_deref().and_then(AppId::parse)))))
}

impl Tx {
    /// Saves the draft of a form, and replaces an earlier one. Returns whether it did: `false` if the form is another
    /// person's.
    pub async fn put_draft(
        &mut self,
        form_id: &str,
        person: &PersonId,
        app: Option<&AppId>,
        draft: &KeyDraft,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let fields = serde_json::to_string(draft).map_err(|error| StoreError::Failed(error.to_string()))?;
        let sql = Sql::new(
            "INSERT INTO key_draft (form_id, person_id, fields, saved_at, app_id) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (form_id) DO UPDATE SET fields = excluded.fields, saved_at = excluded.saved_at, app_id = excluded.app_id \
             WHERE key_draft.person_id = excluded.person_id",
        );
        let sql = sql.arg(form_id).arg(person.as_str()).arg(fields).arg(now).arg(app.map(AppId::to_string));
        Ok(self.conn().execute(sql).await? == 1)
    }

    /// Removes all drafts of a person but the newest `most`, and returns how many.
    pub async fn shrink_drafts(&mut self, person: &PersonId, most: u32) -> Result<u64, StoreError> {
        let sql = Sql::new(
            "DELETE FROM key_draft WHERE person_id = $1 AND form_id NOT IN (SELECT form_id FROM key_draft \
             WHERE person_id = $1 ORDER BY saved_at DESC, form_id LIMIT $2)",
        );
        self.conn().execute(sql.arg(person.as_str()).arg(i64::from(most))).await
    }

    /// Removes the drafts that were last saved at `until` or earlier, and returns how many.
    pub async fn prune_drafts(&mut self, until: Timestamp) -> Result<u64, StoreError> {
        self.conn().execute(Sql::new("DELETE FROM key_draft WHERE saved_at <= $1").arg(until)).await
    }
}
