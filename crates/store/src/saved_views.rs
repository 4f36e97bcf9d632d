//! The views that people keep.

use domain::ids::PersonId;
use domain::list::KeyQuery;
use domain::query_string::ListQuery;
use domain::saved_view::SavedView;
use domain::text::name_key;
use domain::timestamp::Timestamp;

use crate::conn::Conn;
use crate::error::StoreError;
use crate::sql::Sql;
use crate::store::Tx;

reads! {
    /// The views of a person, by name.
    saved_views(person: &PersonId) -> Vec<SavedView>;
}

async fn saved_views(conn: &mut Conn<'_>, person: &PersonId) -> Result<Vec<SavedView>, StoreError> {
    let sql = Sql::new("SELECT name, query FROM saved_view WHERE person_id = $1").arg(person.as_str());
    let rows = conn.fetch_all::<(String, String)>(sql).await?;
    let mut views: Vec<_> =
        rows.into_iter().map(|(name, query)| SavedView { name, query: KeyQuery::read_string(&query).0 }).collect();
    // There are few.
    views.sort_by_cached_key(|view| name_key(&view.name));
    Ok(views)
}

impl Tx {
    /// Keeps a view. One with the same name is replaced.
    pub async fn put_saved_view(
        &mut self,
        person: &PersonId,
        view: &SavedView,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = Sql::new(
            "INSERT INTO saved_view (person_id, name, query, created_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (person_id, name) DO UPDATE SET query = excluded.query",
        );
        let sql = sql.arg(person.as_str()).arg(&*view.name).arg(view.query.to_query_string()).arg(now);
        self.conn().execute(sql).await?;
        Ok(())
    }

    /// Forgets a view, and returns whether there was one.
    pub async fn delete_saved_view(&mut self, person: &PersonId, name: &str) -> Result<bool, StoreError> {
        let sql = Sql::new("DELETE FROM saved_view WHERE person_id = $1 AND name = $2");
        Ok(self.conn().execute(sql.arg(person.as_str()).arg(name)).await? == 1)
    }
}
