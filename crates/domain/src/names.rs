//! Closed sets of words. Each word is written once, for the wire and for the database.

/// A closed set of words: an enum with `ALL`, `as_str`, `parse`, and serde as that word.
macro_rules! names {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $(
                #[doc = concat!("`", $text, "`")]
                #[doc = ""]
                $(#[$doc])*
                $variant,
            )+
        }

        impl $name {
            /// Every value, in the order of the declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word on the wire and in the database.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }

            /// The value whose word this is exactly; `None` for any other text.
            pub fn parse(text: &str) -> Option<Self> {
                match text {
                    $($text => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }

        serde_as_text!($name);
    };
}

/// Serde by `as_str` and `parse`: a string on the wire, checked when it is read.
macro_rules! serde_as_text {
    ($name:ident) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                Self::parse(&text).ok_or_else(|| serde::de::Error::custom(concat!("not a ", stringify!($name))))
            }
        }
    };
}

/// A stored word: one of a closed set, or one that only a later version knows.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(untagged)]
pub enum Word<T> {
    /// One of the set.
    Known(T),
    /// Any other unique value.
    Other(String),
}

impl<T: Copy> Word<T> {
    /// Reads a word with the set's own reader.
    pub fn read(text: String, parse: impl FnOnce(&str) -> Option<T>) -> Self {
        parse(&text).map_or(Self::Other(text), Self::Known)
    }

    /// The word, if it is one of the set.
    pub fn known(&self) -> Option<T> {
        match self {
            Self::Known(word) => Some(*word),
            Self::Other(_) => None,
        }
    }

    /// The text for people: the label from the set, or the stored word.
    pub fn label(&self, label: impl FnOnce(T) -> &'static str) -> String {
        match self {
            Self::Known(word) => label(*word).to_owned(),
            Self::Other(text) => text.clone(),
        }
    }
}

impl<T: PartialEq> PartialEq<T> for Word<T> {
    fn eq(&self, other: &T) -> bool {
        matches!(self, Self::Known(word) if word == other)
    }
}
