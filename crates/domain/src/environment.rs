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

    /// What follows the prefix in a token: `ks_…` is live, `ks_test_…` is not.
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Live => "",
            Self::Test => "_test",
        }
    }

    /// A text that follows `ks_`, without the word of the test environment.
    pub(crate) fn strip(rest: &str) -> &str {
        rest.strip_prefix("test_").unwrap_or(rest)
    }
}
