//! `keystead`: the server, and the command line beside it.

use std::process::ExitCode;

use rust_embed::Embed;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use server::site::Site;

/// A verify call makes a few dozen small allocations. With the system's allocator, they would take a tenth of its time.
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
    // With huge pages one small allocation can pin 2 MB. Old kernels without the call have none.
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
    allow_connections();
    server::cli::main(Site::built(Built))
}

/// Raises the limit of file descriptors to the maximum. Each connection needs one, and the usual soft limit is 1,024.
fn allow_connections() {
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
}
