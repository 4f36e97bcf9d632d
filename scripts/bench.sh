#!/usr/bin/env bash
# Times the release build and writes docs/benchmarks.md.
set -euo pipefail
# shellcheck source=scripts/env.sh
. "$(dirname "$0")/env.sh"

packages=()
command -v wrk >/dev/null || packages+=(wrk)
command -v valgrind >/dev/null || packages+=(valgrind)
# If npm has no prebuilt better-sqlite3 for this machine, it is compiled.
command -v g++ >/dev/null || packages+=(g++)
command -v python3 >/dev/null || packages+=(python3)
install_packages "${packages[@]}"

# npm leaves a copy of the lock file in node_modules. If that is older than ours, ours has changed.
if [[ ! bench/peers/node_modules/.package-lock.json -nt bench/peers/package-lock.json ]]; then
  say "Fetching better-auth from npm (takes minutes if better-sqlite3 has to be compiled)"
  npm ci --prefix bench/peers --no-audit --no-fund ||
    fail "npm could not install better-auth; see the reason above."
  touch bench/peers/node_modules/.package-lock.json
fi

say "Building the bench (about 5 minutes the first time)"
cargo build --release --locked --package bench

say "Measuring (about 25 minutes; do not use the machine until it is done)"
"$CARGO_TARGET_DIR/release/bench" "$@"
(($# == 0)) || exit 0

scripts/test-tools.sh
say "Measuring clicks in Chromium (6 minutes)"
cd end2end
KEYSTEAD_DOCS=1 exec node_modules/.bin/playwright test --config measure.config.ts
