//! What the pages of the server get when it is built: Help from docs/, and the packages that are shipped with their licences.

use std::path::Path;
use std::{env, io};

#[path = "build/help.rs"]
mod help;
#[path = "build/packages.rs"]
mod packages;

fn main() -> io::Result<()> {
    for own in ["build.rs", "build"] {
        println!("cargo:rerun-if-changed={own}");
    }
    // The browser shows what the server has rendered.
    if env::var_os("CARGO_FEATURE_SSR").is_none() {
        return Ok(());
    }
    let out = env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?;
    help::write(Path::new(&out))?;
    packages::write(Path::new(&out))
}
