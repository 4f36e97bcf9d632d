//! `keystead`: the server, and the command line beside it.

use std::process::ExitCode;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// A verify call makes a few dozen small allocations, for which the system's allocator takes a tenth of its time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // With them the smallest allocation of a thread may hold 2 MB. Where the kernel does not know the call, it has none.
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
    allow_connections();
    server::cli::main()
}

/// As many as whoever starts us lets us have: each holds a file descriptor, of which the usual first limit is 1,024.
fn allow_connections() {
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
}
