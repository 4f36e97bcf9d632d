//! Points at which a test ends the process, to see what a crash there leaves behind. Only a debug build has them.

/// Every point, in the order in which a change reaches them.
pub const POINTS: [&str; 13] = [
    // A transaction has begun, and nothing is written.
    "begin",
    // A change is in the transaction, and other processes are about to be told.
    "announce",
    // Of a transaction with such a change.
    "commit-before",
    "commit-after",
    // The verifier of this process has forgotten the key that was changed.
    "cache-after",
    "usage-before",
    "usage-after",
    "quota-before",
    "quota-after",
    "delivery-before",
    "delivery-after",
    // The bytes of a file are on the disk, and its row is not written.
    "file-before",
    "file-after",
];

/// Ends the process at once if the environment has `FAILPOINT=NAME=PATH` with the name of this point, and there is a file
/// at the path. The test makes the file when it is about to make the call that shall end there.
#[cfg(debug_assertions)]
pub fn reached(point: &str) {
    use std::path::PathBuf;
    use std::sync::OnceLock;

    static ARMED: OnceLock<Option<(String, PathBuf)>> = OnceLock::new();
    debug_assert!(POINTS.contains(&point), "{point} is not on the list");
    let read = || {
        let text = std::env::var("FAILPOINT").ok()?;
        let (name, path) = text.split_once('=')?;
        Some((name.to_owned(), path.into()))
    };
    if let Some((name, path)) = ARMED.get_or_init(read)
        && name == point
        && path.exists()
    {
        std::process::abort();
    }
}

/// Does nothing: a release build has no such points.
#[cfg(not(debug_assertions))]
pub const fn reached(_: &str) {}

/// The same, but only where this is what the test is about: the background writes too.
pub(crate) fn reached_if(is_meant: bool, point: &str) {
    if is_meant {
        reached(point);
    }
}
