//! The parts of names that a search finds: what is left of a name from each of its later words on. A search for the
//! beginning of a word is a range of them.

use domain::ids::{AppId, KeyId};
use domain::text::name_key;

use crate::error::StoreError;
use crate::sql::Sql;
use crate::store::Tx;

/// A word begins after each of these. The migration that filled the table lists them, too.
pub(crate) const BEFORE_WORDS: [char; 40] = [
    ' ', '-', '_', '.', '/', ':', ',', '(', '[', '@', '+', '#', '\'', '"', '<', '>', '&', '=', '|', ';', '{', '!', '*',
    '?', '%', '~', '\\', ')', ']', '}', '“', '”', '‘', '’', '«', '»', '–', '—', '…', '·',
];

/// The parts of a name that is in the form of `name_key`. Its beginning is no part, because lists are sorted by it.
pub(crate) fn parts(name_key: &str) -> impl Iterator<Item = &str> {
    let ends = name_key.match_indices(BEFORE_WORDS).filter_map(|(at, before)| name_key.get(at + before.len()..));
    ends.filter(|part| !part.is_empty() && !part.starts_with(BEFORE_WORDS))
}

impl Tx {
    /// Adds the parts of the names of new keys.
    pub(crate) async fn insert_name_parts(
        &mut self,
        keys: impl Iterator<Item = (&KeyId, &AppId, &str)>,
    ) -> Result<(), StoreError> {
        let mut rows = Vec::new();
        for (id, app, name) in keys {
            let name = name_key(name);
            rows.extend(parts(&name).map(|part| (app.as_str(), part.to_owned(), id.as_str())));
        }
        if rows.is_empty() {
            return Ok(());
        }
        let mut sql = Sql::new(
            "INSERT INTO key_name_part (app_id, part, key_id) SELECT value ->> 0, value ->> 1, value ->> 2 FROM ",
        );
        self.conn().push_rows(&mut sql, rows.into_iter())?;
        self.conn().execute(sql).await?;
        Ok(())
    }

    /// Removes the parts of a key's name. No index finds them by the key alone.
    pub(crate) async fn delete_name_parts(
        &mut self,
        id: &KeyId,
        app: &AppId,
        name_key: &str,
    ) -> Result<(), StoreError> {
        let mut parts = parts(name_key).peekable();
        if parts.peek().is_none() {
            return Ok(());
        }
        let mut sql = Sql::new("DELETE FROM key_name_part WHERE app_id = ");
        sql.bind(app.as_str()).push(" AND key_id = ").bind(id.as_str()).push(" AND part IN (SELECT value ->> 0 FROM ");
        self.conn().push_rows(&mut sql, parts.map(|part| (part,)))?;
        sql.push(")");
        self.conn().execute(sql).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_later_word_begins_a_part() {
        let of = |name: &str| parts(&name_key(name)).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(of("Billing: export-eu (Test)"), ["export-eu (test)", "eu (test)", "test)"]);
        assert_eq!(of("one"), Vec::<String>::new());
        assert_eq!(of("- -  Büro_Äther."), ["büro_äther.", "äther."]);
        assert_eq!(of("日本 東京"), ["東京"]);
        assert_eq!(of("<b>“quoted”</b>"), ["b>“quoted”</b>", "quoted”</b>", "b>"]);
    }
}
