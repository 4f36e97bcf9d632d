//! What was just done to a key. It travels to the next page in a cookie, as a code and the key's id, and is shown once.

use domain::ids::KeyId;

/// An act that succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    Acknowledged,
    Dropped,
    Edited,
    Disabled,
    Enabled,
    Revoked,
    Restored,
    Deleted,
}

impl Done {
    const ALL: [Self; 8] = [
        Self::Acknowledged,
        Self::Dropped,
        Self::Edited,
        Self::Disabled,
        Self::Enabled,
        Self::Revoked,
        Self::Restored,
        Self::Deleted,
    ];

    /// Its code, what is said of the key, and the path of the act that undoes it.
    const fn row(self) -> (&'static str, &'static str, Option<&'static str>) {
        match self {
            Self::Acknowledged => ("acknowledged", "is confirmed and enabled.", None),
            Self::Dropped => ("dropped", "was dropped. It never worked.", None),
            Self::Edited => ("edited", "is saved. Your changes take effect with the next call.", None),
            Self::Disabled => ("disabled", "is disabled. Calls are refused until you enable it again.", Some("enable")),
            Self::Enabled => ("enabled", "is enabled again.", Some("disable")),
            Self::Revoked => ("revoked", "is revoked. Calls are refused.", None),
            Self::Restored => ("restored", "is restored to its status before it was revoked.", None),
            Self::Deleted => ("deleted", "is deleted. Its history stays in the audit.", None),
        }
    }

    /// The value of the cookie.
    pub fn of(self, id: &KeyId) -> String {
        format!("{}.{}", self.row().0, id.as_str())
    }

    /// Reads the value of the cookie, which anybody may have written.
    pub fn parse(text: &str) -> Option<(Self, KeyId)> {
        let (code, id) = text.split_once('.')?;
        let done = Self::ALL.into_iter().find(|done| done.row().0 == code)?;
        Some((done, KeyId::parse(id)?))
    }

    /// What is said, after the key's name. It is true of any key, since it may have expired or start later.
    pub fn words(self) -> &'static str {
        self.row().1
    }

    /// The path of the act that undoes it.
    pub fn undo(self) -> Option<&'static str> {
        self.row().2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_is_read_back_and_nothing_else_is() {
        let id = KeyId::parse("7Qm2xVbN4tRa").unwrap();
        for done in Done::ALL {
            assert_eq!(Done::parse(&done.of(&id)), Some((done, id)));
        }
        for text in ["", ".", "disabled", "disabled.", "disabled.x", "melted.7Qm2xVbN4tRa", "disabled.7Qm2xVbN4tRa."] {
            assert_eq!(Done::parse(text), None, "{text}");
        }
    }
}
