//! What a search finds, in its order: names that begin like it, then names with a later word that does, then ids.

use crate::conn::Conn;
use crate::error::StoreError;
use crate::key_cursor::Cursor;
use crate::key_list::{By, Order, Placed, gathered, listed, walked};
use crate::key_range::KeyRange;
use crate::key_search::{Search, Source};
use crate::sql::Sql;

/// A search that reads one of its parts after the other. Each is a range of an index in its order.
pub(crate) struct Parts<'a> {
    pub(crate) range: &'a KeyRange,
    pub(crate) search: &'a Search,
    pub(crate) by: By,
    pub(crate) backwards: bool,
}

impl Parts<'_> {
    /// At most `limit` keys after the cursor.
    pub(crate) async fn fetch(
        &self,
        conn: &mut Conn<'_>,
        cursor: Option<&Cursor>,
        limit: u32,
    ) -> Result<Vec<Placed>, StoreError> {
        let from = cursor.and_then(Cursor::source);
        let mut sources = Source::ALL.to_vec();
        sources.retain(|source| from.is_none_or(|from| if self.backwards { *source <= from } else { *source >= from }));
        sources.retain(|source| *source != Source::Inside || self.search.is_word);
        if self.backwards {
            sources.reverse();
        }
        let mut rows = Vec::new();
        for source in sources {
            let left = limit.saturating_sub(u32::try_from(rows.len()).unwrap_or(limit));
            if left == 0 {
                break;
            }
            let after = cursor.filter(|_| from == Some(source));
            let order = Order::of_source(source, self.backwards, self.by);
            let range = self.range.only(source);
            let found = match source {
                Source::Aside => conn.fetch_all(gathered(&range, order, after, left, conn.writing())).await?,
                Source::Begins | Source::Inside => walked(conn, &range, order, after, left).await?,
            };
            rows.extend(found.into_iter().map(|listed| listed.found(self.search)));
        }
        Ok(rows)
    }
}

/// At most `limit` keys after the cursor that a search finds in a small range. Each key of it is tested, and all that are
/// found are sorted here.
pub(crate) async fn among_few(
    conn: &mut Conn<'_>,
    range: &KeyRange,
    search: &Search,
    backwards: bool,
    cursor: Option<&Cursor>,
    limit: u32,
) -> Result<Vec<Placed>, StoreError> {
    let mut sql = Sql::default();
    range.push_with(&mut sql, conn.writing());
    sql.push(" ");
    range.push_keys(&mut sql, conn.writing(), "SELECT id, name_key", |_| ());
    let found: Vec<(String, String)> = conn.fetch_all(sql).await?;
    let mut places: Vec<_> =
        found.into_iter().map(|(id, name_key)| (Cursor::found(search.place(&name_key), &id), id)).collect();
    places.retain(|(place, _)| cursor.is_none_or(|cursor| if backwards { place < cursor } else { place > cursor }));
    places.sort_unstable();
    if backwards {
        places.reverse();
    }
    places.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let ids: Vec<String> = places.into_iter().map(|(_, id)| id).collect();
    Ok(listed(conn, &ids).await?.into_iter().map(|listed| listed.found(search)).collect())
}
