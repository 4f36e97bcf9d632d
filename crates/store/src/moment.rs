//! Moments in the life of all keys: what tells whether any was changed between two of them. It costs less than to read one.

use crate::conn::Conn;
use crate::error::StoreError;
use crate::sql::Sql;

/// A moment in the life of all keys. Between two that are equal, no key was changed, nor what calls change of one: what was
/// read after the first is still so at the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// When the server of the database started. One that takes over may have lost the last changes, and counts on.
    server: i64,
    number: i64,
}

reads! {
    /// This moment.
    moment() -> Moment;
}

async fn moment(conn: &mut Conn<'_>) -> Result<Moment, StoreError> {
    let mut sql = Sql::new("SELECT number, ");
    sql.push(conn.server_start()).push(" FROM key_moment");
    let (number, server) = conn.fetch_one(sql).await?;
    Ok(Moment { server, number })
}
