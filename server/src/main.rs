//! `keystead`: the server, and the command line beside it.

use std::process::ExitCode;

use rust_embed::Embed;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use server::site::Site;

/// A verify call makes a few dozen small allocations, for which the system's allocator takes a tenth of its time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What scripts/site.sh made; here, so that only this file waits for it. Debug builds read it from disk, so that the
/// tests need none; an empty folder compiles.
#[derive(Embed)]
#[folder = "../target/site"]
#[allow_missing = true]
struct Built;

/// Has cargo embed the site again when it changed: it does not see a file that was not there before.
const _: Option<&str> = option_env!("KEYSTEAD_SITE");

fn main() -> ExitCode {
    // With them the smallest allocation of a thread may hold 2 MB. Where the kernel does not know the call, it has none.
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
    allow_connections();
    server::cli::main(Site::built(Built))
}

/// As many as whoever starts us lets us have: each holds a file descriptor, of which the usual first limit is 1,024.
fn allow_connections() {
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
}
