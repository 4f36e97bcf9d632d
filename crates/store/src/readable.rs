//! Rows that only a later version can read hide no other.

use crate::error::StoreError;

/// What can be read of rows, in their order. A word that this version does not know leaves out its row alone: while a newer
/// server works on the same database, an older one must go on with all the others.
pub(crate) fn readable<R, T: TryFrom<R, Error = StoreError>>(rows: impl IntoIterator<Item = R>) -> Vec<T> {
    rows.into_iter().filter_map(|row| T::try_from(row).ok()).collect()
}
