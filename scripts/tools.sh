#!/usr/bin/env bash
# Installs what a build needs and has not: the wasm32 target, cargo-leptos, wasm-bindgen and wasm-opt.
set -euo pipefail
# shellcheck source=scripts/env.sh
. "$(dirname "$0")/env.sh"

CARGO_LEPTOS=0.3.10
WASM_BINDGEN=$(sed -n 's/^wasm-bindgen = "=\(.*\)"$/\1/p' Cargo.toml)
WASM_OPT=$(sed -n 's/.*"binaryen": "\([0-9]*\).*/\1/p' scripts/wasm-opt/package.json)

need rustup "rustup is missing. Install it with stable Rust from https://rustup.rs and run this again."
need cargo "cargo is missing. Run 'rustup toolchain install stable' and run this again."
need cc "a C compiler is missing. Run 'apt install build-essential' and run this again."
need npm "npm is missing. Install Node.js 20 or newer with npm and run this again."
(($(node -p 'process.versions.node.split(".")[0]') >= 20)) ||
  fail "Node.js $(node --version) is too old. Install Node.js 20 or newer with npm and run this again."

use_tools

# Whether the tool that PATH finds says this version.
has() { [[ "$("$1" --version 2>/dev/null || true)" =~ (^|[^0-9.])"$2"($|[^0-9.]) ]]; }

# Debug-like and without link-time optimisation: minutes instead of half an hour, and fast enough for our size.
install() {
  local crate=$1 version=$2
  shift 2
  CARGO_TARGET_DIR="$KEYSTEAD_CACHE/tools-build" CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
    cargo install "$crate" --version "=$version" --root "$TOOLS" "$@" ||
    fail "$crate $version could not be compiled; the reason stands above."
  rm -rf "$KEYSTEAD_CACHE/tools-build"
}

if [[ ! -d "$(rustc --print target-libdir --target wasm32-unknown-unknown)" ]]; then
  say "Adding the wasm32 target (seconds)"
  rustup target add wasm32-unknown-unknown ||
    fail "rustup could not add wasm32-unknown-unknown to $(rustup show active-toolchain)."
fi

if ! has cargo-leptos "$CARGO_LEPTOS"; then
  say "Compiling cargo-leptos $CARGO_LEPTOS (once, about 7 minutes on two cores)"
  CARGO_PROFILE_RELEASE_OPT_LEVEL=0 install cargo-leptos "$CARGO_LEPTOS" \
    --locked --no-default-features --features no_downloads
fi

# Not --locked: its lock file names crates that a mirror may not have.
if ! has wasm-bindgen "$WASM_BINDGEN"; then
  say "Compiling wasm-bindgen $WASM_BINDGEN (once, about 3 minutes on two cores)"
  CARGO_PROFILE_RELEASE_OPT_LEVEL=1 install wasm-bindgen-cli "$WASM_BINDGEN"
fi

if ! has wasm-opt "$WASM_OPT"; then
  say "Fetching wasm-opt $WASM_OPT from npm (seconds)"
  mkdir -p "$TOOLS/npm"
  cp scripts/wasm-opt/package.json scripts/wasm-opt/package-lock.json "$TOOLS/npm/"
  npm ci --prefix "$TOOLS/npm" --no-audit --no-fund ||
    fail "npm could not fetch binaryen; the reason stands above."
fi
