//! What a search finds, in its order: names that begin like it, then names with a later word that does, then ids.

use crate::conn::Conn;
use crate::error::StoreError;
use crate::key_cursor::Cursor;
use crate::key_list::{By, Order, gathered_places};
use crate::key_range::KeyRange;
use crate::key_search::{Search, Source};
use crate::key_walk::Walk;
use crate::sql::Sql;

/// A search that reads one of its parts after the other. Each is a range of an index in its order.
pub(crate) struct Parts<'a> {
    pub(crate) range: &'a KeyRange,
    pub(crate) search: &'a Search,
    pub(crate) by: By,
    pub(crate) backwards: bool,
}

impl Parts<'_> {
    /// The places of at most `limit` keys after the cursor.
    pub(crate) async fn fetch(
        &self,
        conn: &mut Conn<'_>,
        cursor: Option<&Cursor>,
        limit: u32,
    ) -> Result<Vec<Cursor>, StoreError> {
        let from = cursor.and_then(Cursor::source);
        let mut sources = Source::ALL.to_vec();
        sources.retain(|source| from.is_none_or(|from| if self.backwards { *source <= from } else { *source >= from }));
        sources.retain(|source| *source != Source::Inside || self.search.is_word);
        if self.backwards {
            sources.reverse();
        }
        let mut places = Vec::new();
        for source in sources {
            let left = limit.saturating_sub(u32::try_from(places.len()).unwrap_or(limit));
            if left == 0 {
                break;
            }
            let after = cursor.filter(|_| from == Some(source));
            let order = Order::of_source(source, self.backwards, self.by);
            let range = self.range.only(source);
            let found = match source {
                Source::Aside => gathered_places(conn, &range, order, after, left).await?,
                Source::Begins | Source::Inside => Walk::new(&range, order).places(conn, after, left).await?,
            };
            places.extend(found.into_iter().map(|place| Cursor::at(place, Some(source))));
        }
        Ok(places)
    }
}

/// The places of at most `limit` keys after the cursor that a search finds in a small range. Each key of it is tested, and
/// all that are found are sorted here.
pub(crate) async fn among_few(
    conn: &mut Conn<'_>,
    range: &KeyRange,
    search: &Search,
    backwards: bool,
    cursor: Option<&Cursor>,
    limit: u32,
) -> Result<Vec<Cursor>, StoreError> {
    let mut sql = Sql::default();
    range.push_with(&mut sql, conn.writing());
    sql.push(" ");
    range.push_keys(&mut sql, conn.writing(), "SELECT id, name_key", |_| ());
    let found: Vec<(String, String)> = conn.fetch_all(sql).await?;
    let mut places: Vec<_> =
        found.into_iter().map(|(id, name_key)| Cursor::found(search.place(&name_key), &id)).collect();
    places.retain(|place| cursor.is_none_or(|cursor| if backwards { place < cursor } else { place > cursor }));
    places.sort_unstable();
    if backwards {
        places.reverse();
    }
    places.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(places)
}
