//! `keystead`: the server, and the command line beside it.

use std::process::ExitCode;

/// A verify call makes a few dozen small allocations, for which the system's allocator takes a tenth of its time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    server::cli::main()
}
