//! The words that label metrics. Labels come from closed sets only, so that no key and no person ever becomes one.

/// A closed set of words.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[$doc])* $variant,)+
        }

        impl $name {
            /// Every value, in the order of the declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word in the label.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }
    };
}

words! {
    /// What came of taking a share of a rate limit for this node.
    LimitTake {
        /// The node got what it asked for.
        Taken = "taken",
        /// The others have the rest, so it got less or nothing.
        Short = "short",
        /// The database did not answer.
        Failed = "failed",
        /// The node counted by itself, because the database is away.
        Local = "local",
    }
}

words! {
    /// Why a connection was closed.
    Closed {
        /// One side had no more to say.
        Ended = "ended",
        /// Nothing came for too long.
        Idle = "idle",
        /// The head of a request took too long.
        Head = "head",
        /// The other end took nothing of an answer.
        Stuck = "stuck",
        /// All places were taken, so it gave way to another or was not let in.
        Full = "full",
    }
}

words! {
    /// What came of a sign-in.
    SignInOutcome {
        /// A session began.
        SignedIn = "signed_in",
        /// What was presented is wrong, or is too late.
        Refused = "refused",
        /// Whoever failed too often has to wait.
        Wait = "wait",
        /// Too many wait already.
        Busy = "busy",
        /// Keystead itself failed.
        Failed = "failed",
    }
}

words! {
    /// What came of one try of a delivery.
    DeliveryOutcome {
        /// The receiver took it.
        Delivered = "delivered",
        /// It waits for its next try.
        Again = "again",
        /// Nobody tries again.
        Failed = "failed",
    }
}

words! {
    /// The first digit of an answer's status.
    StatusClass {
        /// It was done.
        Success = "2xx",
        /// The browser goes on elsewhere.
        Redirect = "3xx",
        /// What was asked for is refused.
        Refused = "4xx",
        /// Keystead failed, or could not answer in time.
        Failed = "5xx",
    }
}

impl StatusClass {
    /// That of a status.
    pub const fn of(status: u16) -> Self {
        match status {
            0..300 => Self::Success,
            300..400 => Self::Redirect,
            400..500 => Self::Refused,
            _ => Self::Failed,
        }
    }
}

words! {
    /// Whether a key was in the cache.
    Lookup {
        /// It was.
        Hit = "hit",
        /// It was not, or the cache could not be trusted.
        Miss = "miss",
    }
}

words! {
    /// Within what time a key expires.
    Within {
        /// Seven days.
        Week = "7d",
        /// Thirty days.
        Month = "30d",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_has_its_class() {
        let class = |status| StatusClass::of(status).as_str();
        assert_eq!([200, 204, 303, 404, 429, 500, 503].map(class), ["2xx", "2xx", "3xx", "4xx", "4xx", "5xx", "5xx"]);
    }

    #[test]
    fn words_are_in_the_order_of_their_numbers() {
        for (n, outcome) in SignInOutcome::ALL.iter().enumerate() {
            assert_eq!(*outcome as usize, n);
        }
    }
}
