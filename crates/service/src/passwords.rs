//! Password hashing. It is slow on purpose, so it runs on the blocking pool, two at a time.

use std::{fmt, sync::Arc};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    error::{Error, Result},
    turns::{Source, Turn, Turns},
};

/// How many wait at most for a turn in each lane. Beyond that there is no point in waiting.
const WAITING_MAX: usize = 100;

/// How many strangers of one source wait at most.
const SHARE: usize = 10;

/// Who waits for whom. A flood of strangers delays nobody who is known. In each lane one computation runs at a time. Each
/// takes 19 MiB, so sign-in attempts must not run without a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// A browser with which the person has signed in before, or whoever has a link or the command line.
    Known,
    /// Anybody else. Their sources take turns, and in each source those who try for the first time go first.
    Stranger { source: Source, first_try: bool },
}

/// A password hash function. Its methods block.
pub trait PasswordHasher: Send + Sync {
    /// The hash to store, with its parameters and salt in it.
    fn hash(&self, password: &str, salt: &[u8; 16]) -> Result<String, HashError>;
    /// Whether `password` is the one that `hash` was made of. One computation.
    fn verify(&self, password: &str, hash: &str) -> Result<bool, HashError>;
    /// Whether a stored hash was made with other parameters than a new one would be.
    fn is_outdated(&self, hash: &str) -> bool;
    /// A hash of the same cost that no password matches, for unknown e-mails.
    fn decoy(&self) -> &str;
}

/// The hash function failed, or a stored hash is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a password hash could not be computed")]
pub struct HashError;

/// Argon2id with 19 MiB of memory, two passes and one lane.
pub struct Argon2id {
    argon2: Argon2<'static>,
    decoy: String,
}

impl Argon2id {
    /// The parameters that new hashes get.
    pub fn new() -> Result<Self, HashError> {
        let params = Params::new(19 * 1024, 2, 1, Some(32)).map_err(|_| HashError)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        // The output is all zeroes. Nobody can find a password that hashes to it.
        let output = "A".repeat(43);
        let decoy = format!("$argon2id$v=19$m=19456,t=2,p=1$a2V5c3RlYWQtZGVjb3k${output}");
        Ok(Self { argon2, decoy })
    }
}

impl PasswordHasher for Argon2id {
    fn hash(&self, password: &str, salt: &[u8; 16]) -> Result<String, HashError> {
        let hash: PasswordHash =
            self.argon2.hash_password_with_salt(password.as_bytes(), salt).map_err(|_| HashError)?;
        Ok(hash.to_string())
    }

    fn verify(&self, password: &str, hash: &str) -> Result<bool, HashError> {
        let hash = PasswordHash::new(hash).map_err(|_| HashError)?;
        match self.argon2.verify_password(password.as_bytes(), &hash) {
            Ok(()) => Ok(true),
            Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
            Err(_) => Err(HashError),
        }
    }

    fn is_outdated(&self, hash: &str) -> bool {
        parameters(hash) != parameters(&self.decoy)
    }

    fn decoy(&self) -> &str {
        &self.decoy
    }
}

/// The part of a hash before its salt: algorithm, version and costs.
fn parameters(hash: &str) -> Option<&str> {
    let (before, _) = hash.rsplit_once('$')?;
    before.rsplit_once('$').map(|(parameters, _)| parameters)
}

impl fmt::Debug for Argon2id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Argon2id").finish_non_exhaustive()
    }
}

/// What came of a comparison.
#[derive(Debug)]
pub(crate) enum Compared {
    Differs,
    /// With a new hash to store, if the old one was made with outdated parameters.
    Fits {
        renewed: Option<String>,
    },
}

/// The hasher, and who waits for it.
pub(crate) struct Passwords {
    hasher: Arc<dyn PasswordHasher>,
    known: Turns,
    strangers: Turns,
}

impl Passwords {
    pub(crate) fn new(hasher: Arc<dyn PasswordHasher>) -> Self {
        let known = Turns::new(WAITING_MAX, WAITING_MAX);
        Self { hasher, known, strangers: Turns::new(WAITING_MAX, SHARE) }
    }

    /// How many wait for a turn.
    pub(crate) fn waiting(&self) -> u64 {
        let waiting = self.known.waiting() + self.strangers.waiting();
        u64::try_from(waiting).unwrap_or(u64::MAX)
    }

    /// Waits for a turn. `Busy` if too many wait already.
    pub(crate) async fn turn(&self, lane: Lane) -> Result<Turn> {
        let turn = match lane {
            Lane::Known => self.known.wait(Source::of(None), true).await,
            Lane::Stranger { source, first_try } => self.strangers.wait(source, first_try).await,
        };
        Ok(turn?)
    }

    pub(crate) async fn hash(&self, password: SecretString, salt: [u8; 16]) -> Result<String> {
        let turn = self.turn(Lane::Known).await?;
        self.run(turn, move |hasher| hasher.hash(password.expose_secret(), &salt)).await
    }

    /// Exactly one computation, whether there is a hash to compare with or not. One more if the password fits a hash with
    /// outdated parameters.
    pub(crate) async fn verify(
        &self,
        turn: Turn,
        password: SecretString,
        hash: Option<String>,
        salt: [u8; 16],
    ) -> Result<Compared> {
        self.run(turn, move |hasher| {
            let known = hash.is_some();
            let hash = hash.unwrap_or_else(|| hasher.decoy().to_owned());
            if !(hasher.verify(password.expose_secret(), &hash)? && known) {
                return Ok(Compared::Differs);
            }
            let outdated = hasher.is_outdated(&hash);
            let renewed = outdated.then(|| hasher.hash(password.expose_secret(), &salt)).transpose()?;
            Ok(Compared::Fits { renewed })
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        turn: Turn,
        work: impl FnOnce(&dyn PasswordHasher) -> Result<T, HashError> + Send + 'static,
    ) -> Result<T> {
        let hasher = Arc::clone(&self.hasher);
        let computation = move || {
            // The next turn comes when the computation ends, even if its caller has gone.
            let _turn = turn;
            work(hasher.as_ref())
        };
        tokio::task::spawn_blocking(computation)
            .await
            .map_err(|error| Error::internal("a password computation was cancelled", error))?
            .map_err(|error| Error::internal("a password hash could not be computed", error))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use domain::refusal::Refusal;

    use super::*;

    /// Knows how many of its computations ran at once at most.
    #[derive(Default)]
    struct Slow {
        running: AtomicUsize,
        most: AtomicUsize,
    }

    impl PasswordHasher for Slow {
        fn hash(&self, _: &str, _: &[u8; 16]) -> Result<String, HashError> {
            let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
            self.most.fetch_max(running, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(400));
            self.running.fetch_sub(1, Ordering::SeqCst);
            Ok(String::new())
        }

        fn verify(&self, _: &str, _: &str) -> Result<bool, HashError> {
            Err(HashError)
        }

        fn is_outdated(&self, _: &str) -> bool {
            false
        }

        fn decoy(&self) -> &'static str {
            ""
        }
    }

    #[tokio::test]
    async fn who_hangs_up_frees_no_turn() {
        let hasher = Arc::new(Slow::default());
        let passwords = Passwords::new(Arc::clone(&hasher) as Arc<dyn PasswordHasher>);
        for _ in 0..6 {
            let hash = passwords.hash("x".into(), [0; 16]);
            assert!(tokio::time::timeout(Duration::from_millis(20), hash).await.is_err());
        }
        passwords.hash("x".into(), [0; 16]).await.unwrap();
        assert_eq!(hasher.most.load(Ordering::SeqCst), 1);
    }

    /// Whoever guesses fills one lane, and it has an end.
    #[tokio::test]
    async fn a_flood_of_strangers_delays_nobody_who_is_known() {
        let passwords = Arc::new(Passwords::new(Arc::new(Slow::default())));
        let stranger = |n: u8| {
            let source = Source::of(Some([192, 0, 2, n].into()));
            Lane::Stranger { source, first_try: false }
        };
        let running = passwords.turn(stranger(0)).await.unwrap();
        let wait = |n: usize| {
            let (passwords, lane) = (Arc::clone(&passwords), stranger(u8::try_from(n / SHARE).unwrap()));
            tokio::spawn(async move { passwords.turn(lane).await.map(drop) })
        };
        let waiting: Vec<_> = (0..WAITING_MAX).map(wait).collect();
        while passwords.strangers.waiting() < WAITING_MAX {
            tokio::task::yield_now().await;
        }
        assert!(matches!(passwords.turn(stranger(0)).await, Err(Error::Refused(Refusal::Busy))));
        let known = passwords.turn(Lane::Known);
        tokio::time::timeout(Duration::from_secs(1), known).await.unwrap().unwrap();
        drop(running);
        for turn in waiting {
            turn.await.unwrap().unwrap();
        }
        passwords.turn(stranger(0)).await.unwrap();
    }

    #[test]
    fn a_hash_verifies_its_own_password_only() {
        let hasher = Argon2id::new().unwrap();
        let hash = hasher.hash("correct horse", &[7; 16]).unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert_eq!(hasher.verify("correct horse", &hash), Ok(true));
        assert_eq!(hasher.verify("correct horsf", &hash), Ok(false));
        assert_eq!(hasher.verify("correct horse", "junk"), Err(HashError));
    }

    #[test]
    fn only_a_hash_of_other_costs_is_outdated() {
        let hasher = Argon2id::new().unwrap();
        let hash = hasher.hash("x", &[7; 16]).unwrap();
        assert!(!hasher.is_outdated(&hash));
        for other in ["m=9216,t=2", "m=19456,t=1"] {
            assert!(hasher.is_outdated(&hash.replace("m=19456,t=2", other)), "{other}");
        }
        assert!(hasher.is_outdated(&hash.replace("argon2id", "argon2i")) && hasher.is_outdated("junk"));
    }

    #[test]
    fn the_decoy_costs_the_same_and_matches_nothing() {
        let hasher = Argon2id::new().unwrap();
        let hash = hasher.hash("x", &[7; 16]).unwrap();
        let parameters = |text: &str| text.split('$').take(4).collect::<Vec<_>>().join("$");
        assert_eq!(parameters(&hash), parameters(hasher.decoy()));
        assert_eq!(hasher.verify("x", hasher.decoy()), Ok(false));
    }
}
