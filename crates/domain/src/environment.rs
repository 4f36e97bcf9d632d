//! The environment that a key is for, which is part of its token.

names! {
    /// What a key is used with: the real thing, or a trial of it.
    #[derive(Default)]
    pub enum Environment {
        #[default]
        Live = "live",
        Test = "test",
    }
}

impl Environment {
    /// The most characters of a suffix.
    pub const SUFFIX_MAX: usize = Self::Test.suffix().len();

    /// The name that people see.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Live => "Live",
            Self::Test => "Test",
        }
    }

    /// What the record says of it; nothing of a live key, which is the ordinary one.
    pub const fn told(self) -> &'static str {
        match self {
            Self::Live => "",
            Self::Test => "test",
        }
    }

    /// What follows the prefix in a token: `ks_…` is live, `ks_test_…` is not.
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Live => "",
            Self::Test => "_test",
        }
    }

    /// The environment of a token that begins so.
    pub fn of_prefix(prefix: &str) -> Self {
        if prefix.ends_with(Self::Test.suffix()) { Self::Test } else { Self::Live }
    }

    /// A text that follows `ks_`, without the word of the test environment.
    pub(crate) fn strip(rest: &str) -> &str {
        rest.strip_prefix("test_").unwrap_or(rest)
    }
}
