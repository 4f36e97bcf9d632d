//! What a service needs to start in a test.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use domain::timestamp::{Millis, Timestamp};
use service::Setup;
use service::clock::Clock;
use service::entropy::SystemEntropy;
use service::passwords::{HashError, PasswordHasher};
use service::root_key::RootKey;
use store::{Store, StoreError};
use tempfile::TempDir;

use crate::TestDatabase;

/// A database, a root key, and a clock and a hasher that the test controls.
#[derive(Debug)]
pub struct Installation {
    /// The database.
    pub database: TestDatabase,
    /// The clock of every process on it.
    pub clock: Arc<TestClock>,
    /// The hasher of every process on it.
    pub hasher: Arc<TestHasher>,
    folder: TempDir,
}

impl Installation {
    /// A new installation, whose clock shows this time.
    pub fn new(database: TestDatabase, now: Timestamp) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self { database, clock: Arc::new(TestClock::at(now)), hasher: Arc::default(), folder }
    }

    /// What one process on it needs to start, with its own database pools.
    pub async fn setup(&self) -> Setup {
        Setup {
            store: self.store().await,
            root_key: RootKey::load_or_create(&self.root_key(), &SystemEntropy).expect("the test's own root key"),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            entropy: Arc::new(SystemEntropy),
            hasher: Arc::clone(&self.hasher) as Arc<dyn PasswordHasher>,
            token_prefix: "ks".to_owned(),
            mailer: None,
            providers: Vec::new(),
        }
    }

    /// Its database. A machine that stalls while a hundred tests make one each is no defect.
    async fn store(&self) -> Store {
        let mut opened = Store::open(self.database.url()).await;
        for _ in 0..5 {
            if matches!(opened, Err(StoreError::Unavailable(_))) {
                opened = Store::open(self.database.url()).await;
            }
        }
        opened.expect("the test's own database")
    }

    /// The file of the root key.
    pub fn root_key(&self) -> PathBuf {
        self.folder.path().join("root.key")
    }
}

/// A clock that only the test moves.
#[derive(Debug)]
pub struct TestClock {
    begun: Instant,
    start: Timestamp,
    passed: AtomicI64,
    /// How far somebody has set the wall clock, on top of what has passed.
    set: AtomicI64,
}

impl TestClock {
    fn at(start: Timestamp) -> Self {
        Self { begun: Instant::now(), start, passed: AtomicI64::new(0), set: AtomicI64::new(0) }
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Millis) {
        self.passed.fetch_add(by.0, Ordering::SeqCst);
    }

    /// Sets the wall clock forward or back. No time passes.
    pub fn set(&self, by: Millis) {
        self.set.fetch_add(by.0, Ordering::SeqCst);
    }

    fn passed(&self) -> i64 {
        self.passed.load(Ordering::SeqCst)
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        self.start.plus(Millis(self.passed() + self.set.load(Ordering::SeqCst)))
    }

    fn instant(&self) -> Instant {
        self.begun + Duration::from_millis(self.passed().max(0).unsigned_abs())
    }

    /// Only the test moves it.
    fn correct(&self, _: Millis) {}
}

/// Real hashes have their own tests. This hasher counts, and is quick unless a test stops it to look.
#[derive(Debug, Default)]
pub struct TestHasher {
    count: AtomicUsize,
    costs: AtomicUsize,
    held: AtomicBool,
    new_held: AtomicBool,
}

impl TestHasher {
    /// How many hashes were computed.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    /// From now on, new hashes cost more than those that there are.
    pub fn raise_costs(&self) {
        self.costs.fetch_add(1, Ordering::SeqCst);
    }

    /// How a hash begins that is made now.
    fn prefix(&self) -> String {
        format!("counted {}:", self.costs.load(Ordering::SeqCst))
    }

    /// From now on, comparisons block until they are released.
    pub fn hold(&self, held: bool) {
        self.held.store(held, Ordering::SeqCst);
    }

    /// From now on, new hashes block until they are released.
    pub fn hold_new(&self, held: bool) {
        self.new_held.store(held, Ordering::SeqCst);
    }
}

/// Blocks while something is held.
fn wait_for(held: &AtomicBool) {
    let begun = Instant::now();
    // A test that fails must not leave the runtime waiting for this.
    while held.load(Ordering::SeqCst) && begun.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(2));
    }
}

impl PasswordHasher for TestHasher {
    fn hash(&self, password: &str, _: &[u8; 16]) -> Result<String, HashError> {
        self.count.fetch_add(1, Ordering::SeqCst);
        wait_for(&self.new_held);
        Ok(format!("{}{password}", self.prefix()))
    }

    fn verify(&self, password: &str, hash: &str) -> Result<bool, HashError> {
        self.count.fetch_add(1, Ordering::SeqCst);
        wait_for(&self.held);
        Ok(hash.split_once(':').is_some_and(|(costs, hashed)| costs.starts_with("counted") && hashed == password))
    }

    fn is_outdated(&self, hash: &str) -> bool {
        !hash.starts_with(&self.prefix())
    }

    fn decoy(&self) -> &'static str {
        "decoy"
    }
}
