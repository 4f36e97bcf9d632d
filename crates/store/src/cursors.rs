//! Whether a text is a cursor of a list. The lists themselves begin at their first page if it is none.

/// A list with pages, as somebody asked for it.
pub trait Paged {
    /// Whether the list could have given this text as the cursor of a next page or, with `backwards`, of a previous one.
    fn is_cursor(&self, text: &str, backwards: bool) -> bool;
}
