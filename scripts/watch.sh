#!/usr/bin/env bash
# Rebuilds and reloads the console while its sources change.
set -euo pipefail
# shellcheck source=scripts/env.sh
. "$(dirname "$0")/env.sh"
scripts/tools.sh
cargo leptos --version >/dev/null 2>&1 || fail "cargo-leptos is missing. Run 'cargo install cargo-leptos --locked' (0.3.10
  or newer, up to half an hour) or 'cargo binstall cargo-leptos', and run this again."
cargo build --locked --profile tool --package bindgen
mkdir -p "$TOOLS/bin"
ln --symbolic --force "$CARGO_TARGET_DIR/tool/bindgen" "$TOOLS/bin/wasm-bindgen"
use_tools
exec cargo leptos watch --cargo-locked
