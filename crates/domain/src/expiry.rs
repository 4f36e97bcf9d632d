//! The choices for the expiry of a key.

names! {
    /// How long a new key is valid.
    pub enum Expiry {
        Never = "never",
        Days7 = "7",
        Days30 = "30",
        Days60 = "60",
        Days90 = "90",
        Days365 = "365",
        /// Until the date in `expires_at` of the draft.
        Custom = "custom",
    }
}

impl Expiry {
    /// The name that people see.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Never => "Never expires",
            Self::Days7 => "7 days",
            Self::Days30 => "30 days",
            Self::Days60 => "60 days",
            Self::Days90 => "90 days",
            Self::Days365 => "365 days",
            Self::Custom => "Until a date",
        }
    }

    /// Its days; `None` if it is never or a date.
    pub const fn days(self) -> Option<i64> {
        match self {
            Self::Days7 => Some(7),
            Self::Days30 => Some(30),
            Self::Days60 => Some(60),
            Self::Days90 => Some(90),
            Self::Days365 => Some(365),
            Self::Never | Self::Custom => None,
        }
    }
}
