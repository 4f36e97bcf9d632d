//! The environment that a key is for, which is part of its token.

names! {
    /// What a key is used for: real calls or tests.
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

    /// The word in the audit; `None` for a live key, which is the usual one.
    pub const fn told(self) -> &'static str {
        match self {
            Self::Live => "",
            Self::Test => "test",
        }
    }

    /// What follows the prefix in a token: nothing for live (`ks_…`), `_test` for test (`ks_test_…`).
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Live => "",
            Self::Test => "_test",
        }
    }

    /// The environment of a token with this beginning.
    pub fn of_prefix(prefix: &str) -> Self {
        if prefix.ends_with(Self::Test.suffix()) { Self::Test } else { Self::Live }
    }

    /// The text after `ks_`, without the word of the test environment.
    pub(crate) fn strip(rest: &str) -> &str {
        rest.strip_prefix("test_").unwrap_or(rest)
    }
}
