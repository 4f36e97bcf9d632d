//! `keystead`: the server, and the command line beside it.

use std::process::ExitCode;

use rust_embed::Embed;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use server::site::Site;

/// A verify call makes a few dozen small allocations. With the system's allocator, they would take a tenth of its time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The files that scripts/site.sh made. They are here, so that only this file waits for them. Debug builds read them
/// from disk, so that tests need none. An empty folder compiles too.
#[derive(Embed)]
#[folder = "../target/site"]
#[allow_missing = true]
struct Built;

/// Makes cargo embed the site again when it has changed: cargo does not notice new files.
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
