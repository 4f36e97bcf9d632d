//! `wasm-bindgen --target=web` as this project calls it, and cargo-leptos too: without the rest of that command it
//! compiles in a third of the time, and Cargo.lock holds it at the version of the library.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<()> {
    let mut bindgen = Bindgen::new();
    let mut folder = None;
    for argument in std::env::args().skip(1) {
        match argument.split_once('=') {
            Some(("--target", "web")) => bindgen.web(true)?,
            Some(("--out-dir", path)) => {
                folder = Some(PathBuf::from(path));
                &mut bindgen
            }
            Some(("--out-name", name)) => bindgen.out_name(name),
            None if !argument.starts_with('-') => bindgen.input_path(&argument),
            _ => bail!("{argument} is not an option of this wasm-bindgen"),
        };
    }
    bindgen.typescript(false).generate(folder.context("--out-dir is missing")?)
}
