//! Has a release build embed the site again whenever it was built anew.

use std::path::Path;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // Debug builds read the files from disk while they run.
    if std::env::var("PROFILE").as_deref() == Ok("release") {
        let site = "../target/site";
        // Cargo takes a missing folder for a changed one, and would compile the server each time.
        if !Path::new(site).exists()
            && let Err(error) = std::fs::create_dir_all(site)
        {
            println!("cargo:warning=cannot make {site}: {error}");
        }
        println!("cargo:rerun-if-changed={site}");
    }
}
