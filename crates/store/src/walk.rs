//! A page of a list: the rows after a place, or before it, and whether there are more on either side.

use crate::conn::Conn;
use crate::error::StoreError;

/// A list in its order, as somebody asked for it.
pub(crate) trait List: Sync {
    /// One row of it.
    type Row: Send + Sync;
    /// Where a row is in it.
    type Place: Send;

    /// At most so many rows from a place on, or from its beginning, the nearest first; with `backwards`, those before.
    fn beside(
        &self,
        conn: &mut Conn<'_>,
        at: Option<Self::Place>,
        backwards: bool,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Self::Row>, StoreError>> + Send;

    /// Where a row is.
    fn place(&self, row: &Self::Row) -> Option<Self::Place>;

    /// The cursor that stands for its place.
    fn cursor(&self, row: &Self::Row) -> String;
}

/// The rows of a page, and the cursors of the pages beside it.
pub(crate) struct Walked<R> {
    pub rows: Vec<R>,
    pub next: Option<String>,
    pub previous: Option<String>,
}

/// The page of `size` rows after a place, else before one, else the first.
pub(crate) async fn walk<L: List>(
    conn: &mut Conn<'_>,
    list: &L,
    size: usize,
    (after, before): (Option<L::Place>, Option<L::Place>),
) -> Result<Walked<L::Row>, StoreError> {
    let is_back = after.is_none() && before.is_some();
    let has_after = after.is_some();
    let mut rows = list.beside(conn, after.or(before), is_back, size.saturating_add(1)).await?;
    // One extra row shows whether there is another page on that side.
    let more = rows.len() > size;
    rows.truncate(size);
    if is_back {
        rows.reverse();
    }
    let other = match (is_back, has_after) {
        (true, _) => rows.last(),
        (false, true) => rows.first(),
        // Nothing is before the first page.
        (false, false) => None,
    };
    let other = match other.and_then(|row| list.place(row)) {
        Some(at) => !list.beside(conn, Some(at), !is_back, 1).await?.is_empty(),
        None => false,
    };
    let (has_next, has_previous) = if is_back { (other, more) } else { (more, other) };
    let next = rows.last().filter(|_| has_next).map(|row| list.cursor(row));
    let previous = rows.first().filter(|_| has_previous).map(|row| list.cursor(row));
    Ok(Walked { rows, next, previous })
}
