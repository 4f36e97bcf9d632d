#!/usr/bin/env bash
# Builds the site, then the server with the site in it, and leaves one file: target/release/keystead.
set -euo pipefail
# shellcheck source=scripts/env.sh
. "$(dirname "$0")/env.sh"
scripts/tools.sh
use_tools

say "Building Keystead (about 8 minutes the first time, 2 after a change)"
cargo leptos build --release --precompress --cargo-locked

# A new file beside the old one, then a rename: a console that is running keeps its own.
mkdir -p target/release
cp "$CARGO_TARGET_DIR/release/keystead" target/release/keystead.new
mv target/release/keystead.new target/release/keystead
echo "target/release/keystead is ready ($(du -h target/release/keystead | cut -f1))"
