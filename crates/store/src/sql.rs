//! A statement and its arguments, the same for both engines.

use std::fmt::Write as _;
use std::sync::Arc;

use domain::timestamp::Timestamp;
use sqlx::{Arguments, Database, Encode, Type};

/// An argument. The types are those that mean the same on both engines.
#[derive(Debug, Clone)]
pub(crate) enum Arg {
    Int(i64),
    Text(Option<Arc<str>>),
    Bytes(Vec<u8>),
    MaybeInt(Option<i64>),
}

impl From<i64> for Arg {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<Option<i64>> for Arg {
    fn from(value: Option<i64>) -> Self {
        Self::MaybeInt(value)
    }
}

impl From<Timestamp> for Arg {
    fn from(value: Timestamp) -> Self {
        Self::Int(value.millis())
    }
}

impl From<&str> for Arg {
    fn from(value: &str) -> Self {
        Self::Text(Some(value.into()))
    }
}

impl From<String> for Arg {
    fn from(value: String) -> Self {
        Self::Text(Some(value.into()))
    }
}

impl From<Option<String>> for Arg {
    fn from(value: Option<String>) -> Self {
        Self::Text(value.map(Into::into))
    }
}

impl From<&[u8]> for Arg {
    fn from(value: &[u8]) -> Self {
        Self::Bytes(value.to_vec())
    }
}

/// The texts of a column in the rows of one statement. One that is the same as in the row before is not copied again.
#[derive(Debug, Default)]
pub(crate) struct Column(Option<Arc<str>>);

impl Column {
    pub(crate) fn of(&mut self, text: &str) -> Arg {
        let same = self.0.take().filter(|before| **before == *text);
        let text = same.unwrap_or_else(|| text.into());
        self.0 = Some(Arc::clone(&text));
        Arg::Text(Some(text))
    }
}

/// SQL text made only of literals and placeholders, so that no value can become part of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sql {
    text: String,
    args: Vec<Arg>,
    /// Whether the text numbers its arguments itself.
    is_numbered: bool,
}

impl Sql {
    /// A whole statement with `$1`, `$2`, … in it; give the arguments with [`Sql::arg`], in order.
    pub(crate) fn new(text: &'static str) -> Self {
        Self { text: text.to_owned(), ..Self::default() }
    }

    /// Binds the next argument of the text.
    pub(crate) fn arg(mut self, arg: impl Into<Arg>) -> Self {
        self.args.push(arg.into());
        self.is_numbered = true;
        self
    }

    /// Appends text.
    pub(crate) fn push(&mut self, text: &'static str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Appends a placeholder and binds its argument.
    pub(crate) fn bind(&mut self, arg: impl Into<Arg>) -> &mut Self {
        self.args.push(arg.into());
        if self.is_numbered {
            let _ = write!(self.text, "${}", self.args.len());
        } else {
            self.text.push('?');
        }
        self
    }

    /// Appends the placeholders of one row, `(?, ?, …)`, after a comma unless it is the first.
    pub(crate) fn row(&mut self, first: bool, args: impl IntoIterator<Item = Arg>) -> &mut Self {
        let mut before = if first { "(" } else { ", (" };
        for arg in args {
            self.push(before).bind(arg);
            before = ", ";
        }
        self.push(")")
    }

    /// Placeholders for a list, separated by commas.
    pub(crate) fn list<A: Into<Arg>>(&mut self, args: impl IntoIterator<Item = A>) -> &mut Self {
        for (n, arg) in args.into_iter().enumerate() {
            self.push(if n == 0 { "" } else { ", " }).bind(arg);
        }
        self
    }

    /// The same statement with a number for each argument, as Postgres wants them. SQLite's driver would look up the name of
    /// each argument among all of them, which takes quadratic time.
    pub(crate) fn with_numbers(mut self) -> Self {
        if !self.is_numbered {
            let mut parts = self.text.split('?');
            let mut text = parts.next().unwrap_or_default().to_owned();
            for (n, part) in (1..).zip(parts) {
                // Into a String, which takes all that is written.
                let _ = write!(text, "${n}{part}");
            }
            self.text = text;
        }
        self
    }

    /// The text, and the arguments as the engine takes them.
    pub(crate) fn into_parts<DB: Database>(self) -> Result<(String, DB::Arguments), sqlx::Error>
    where
        for<'q> i64: Encode<'q, DB> + Type<DB>,
        for<'q> Option<i64>: Encode<'q, DB> + Type<DB>,
        for<'q> Option<Arc<str>>: Encode<'q, DB> + Type<DB>,
        for<'q> Vec<u8>: Encode<'q, DB> + Type<DB>,
    {
        let mut arguments = DB::Arguments::default();
        for arg in self.args {
            match arg {
                Arg::Int(value) => arguments.add(value),
                Arg::MaybeInt(value) => arguments.add(value),
                Arg::Text(value) => arguments.add(value),
                Arg::Bytes(value) => arguments.add(value),
            }
            .map_err(sqlx::Error::Encode)?;
        }
        Ok((self.text, arguments))
    }
}

/// Adds the words of a closed set as literals, after `before` and before `)`.
pub(crate) fn push_words(sql: &mut Sql, before: &'static str, words: impl IntoIterator<Item = &'static str>) {
    sql.push(before);
    for (n, word) in words.into_iter().enumerate() {
        sql.push(if n == 0 { "'" } else { ", '" }).push(word).push("'");
    }
    sql.push(")");
}

/// Adds a test for whether what is before it contains a text. Where nothing needs an escape, none is named: Postgres would
/// apply it to the pattern for each row anew.
pub(crate) fn push_contains(sql: &mut Sql, text: &str) {
    let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    sql.push(" LIKE ").bind(format!("%{escaped}%"));
    if escaped != text {
        sql.push(" ESCAPE '\\'");
    }
}

/// Splits rows into pieces of a few fixed sizes, so that few statements have to be prepared.
pub(crate) fn pieces<T>(rows: &[T]) -> impl Iterator<Item = &[T]> {
    let mut rest = rows;
    std::iter::from_fn(move || {
        let size = [500, 200, 20, 5, 1].into_iter().find(|size| rest.len() >= *size)?;
        let (piece, after) = rest.split_at(size);
        rest = after;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_have_few_sizes_and_lose_nothing() {
        let rows: Vec<u32> = (0..946).collect();
        let sizes: Vec<usize> = pieces(&rows).map(<[u32]>::len).collect();
        assert_eq!(sizes, [500, 200, 200, 20, 20, 5, 1]);
        assert_eq!(pieces(&rows).flatten().copied().collect::<Vec<_>>(), rows);
        assert_eq!(pieces::<u32>(&[]).count(), 0);
    }

    #[test]
    fn a_text_with_wildcards_is_escaped_and_another_is_not() {
        let mut sql = Sql::default();
        push_contains(&mut sql, "a_b");
        push_contains(&mut sql, "ab");
        assert_eq!(sql.text, " LIKE ? ESCAPE '\\' LIKE ?");
        let bound: Vec<_> = sql.args.iter().map(|arg| format!("{arg:?}")).collect();
        assert_eq!(bound, [r#"Text(Some("%a\\_b%"))"#, r#"Text(Some("%ab%"))"#]);
    }

    #[test]
    fn placeholders_are_numbered_for_postgres() {
        let mut sql = Sql::new("VALUES ");
        sql.row(true, [Arg::from(1), Arg::from("a")]).row(false, [Arg::from(2), Arg::from("b")]);
        assert_eq!(sql.text, "VALUES (?, ?), (?, ?)");
        assert_eq!(sql.with_numbers().text, "VALUES ($1, $2), ($3, $4)");
        let mut own = Sql::new("SELECT $2, $1").arg(1).arg(2);
        own.push(", ").bind(3);
        assert_eq!(own.with_numbers().text, "SELECT $2, $1, $3");
    }
}
