#!/usr/bin/env bash
# Builds the site that the server embeds: WASM and its glue code, style and assets, each also compressed. It goes to
# target/site.
set -euo pipefail
# shellcheck source=scripts/env.sh
. "$(dirname "$0")/env.sh"
use_tools
site=target/site

cargo build --locked --profile tool --package bindgen
cargo build --locked --profile wasm-release --package frontend --lib --target wasm32-unknown-unknown

wasm="$CARGO_TARGET_DIR/wasm32-unknown-unknown/wasm-release/frontend.wasm"

# wasm-opt takes 15 seconds, so do not run it again on the same input.
made=$(find "$wasm" assets frontend/docs frontend/js style scripts/site* Cargo.toml -type f -exec sha256sum {} + | sort | sha256sum)
[[ "$(cat "$site.made" 2>/dev/null)" != "$made" ]] || exit 0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$CARGO_TARGET_DIR/tool/bindgen" --target=web --out-name=keystead --out-dir="$work" "$wasm"
# wasm-opt has to be told which browser features Rust takes for granted.
wasm-opt -Oz --enable-bulk-memory --enable-nontrapping-float-to-int "$work/keystead_bg.wasm" -o "$work/keystead.wasm"
rm "$work/keystead_bg.wasm"
node scripts/site/site.mjs "$work" "$site" "$TOOLS/npm"
echo "$made" >"$site.made"
