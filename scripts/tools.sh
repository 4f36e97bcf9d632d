#!/usr/bin/env bash
# Installs the missing tools of a build: the wasm32 target, wasm-opt, Lightning CSS, terser and Swagger UI.
set -euo pipefail
# shellcheck source=scripts/env.sh
. "$(dirname "$0")/env.sh"

need rustup "rustup is missing. Install it with stable Rust from https://rustup.rs and run this again."
need cargo "cargo is missing. Run 'rustup toolchain install stable' and run this again."
need cc "a C compiler is missing. Run 'apt install build-essential' and run this again."
need npm "npm is missing. Install Node.js 20 or newer with npm and run this again."
(($(node -p 'process.versions.node.split(".")[0]') >= 20)) ||
  fail "Node.js $(node --version) is too old. Install Node.js 20 or newer with npm and run this again."

if [[ ! -d "$(rustc --print target-libdir --target wasm32-unknown-unknown)" ]]; then
  say "Adding the wasm32 target (seconds)"
  rustup target add wasm32-unknown-unknown ||
    fail "rustup could not add wasm32-unknown-unknown to $(rustup show active-toolchain)."
fi

if ! cmp --silent scripts/site/package-lock.json "$TOOLS/npm/package-lock.json"; then
  say "Fetching wasm-opt, Lightning CSS, terser and Swagger UI from npm (seconds)"
  mkdir -p "$TOOLS/npm"
  cp scripts/site/package.json "$TOOLS/npm/"
  cp scripts/site/package-lock.json "$TOOLS/npm/npm-shrinkwrap.json"
  npm ci --prefix "$TOOLS/npm" --ignore-scripts --no-audit --no-fund ||
    fail "npm could not fetch the tools of scripts/site; see the reason above."
  # Last, so that it proves that the others are there.
  mv "$TOOLS/npm/npm-shrinkwrap.json" "$TOOLS/npm/package-lock.json"
fi
