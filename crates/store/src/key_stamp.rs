//! The stamp of all keys: what tells whether any was changed between two readings. It costs less than to read one.

use crate::conn::Conn;
use crate::error::StoreError;
use crate::sql::Sql;

/// What stays while no key is changed, nor what calls change of one: what was read after a stamp is still so as long as the
/// stamp is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyStamp {
    /// When the server of the database started. One that takes over may have lost the last changes, and goes on with the
    /// numbers.
    server: i64,
    number: i64,
}

reads! {
    /// The present stamp.
    key_stamp() -> KeyStamp;
}

async fn key_stamp(conn: &mut Conn<'_>) -> Result<KeyStamp, StoreError> {
    let mut sql = Sql::new("SELECT number, ");
    sql.push(conn.server_start()).push(" FROM key_stamp");
    let (number, server) = conn.fetch_one(sql).await?;
    Ok(KeyStamp { server, number })
}
