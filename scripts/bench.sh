#!/usr/bin/env bash
# Times the release build and writes docs/benchmarks.md.
set -euo pipefail
# shellcheck source=scripts/env.sh
. "$(dirname "$0")/env.sh"

if ! command -v wrk >/dev/null; then
  need apt-get "the bench needs wrk, and there is no apt-get here to install it."
  say "Installing wrk by apt (seconds)"
  as_root apt-get update -qq || fail "apt-get update failed; the reason stands above."
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends wrk ||
    fail "apt-get could not install wrk."
fi

say "Building the bench (about 5 minutes the first time)"
cargo build --release --locked --package bench

say "Measuring (about 5 minutes; leave the machine alone meanwhile)"
exec "$CARGO_TARGET_DIR/release/bench" "$@"
