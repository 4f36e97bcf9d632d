#!/usr/bin/env bash
# Times the release build and writes docs/benchmarks.md.
set -euo pipefail
# shellcheck source=scripts/env.sh
. "$(dirname "$0")/env.sh"
say "Building the bench (about 5 minutes the first time)"
exec cargo run --release --locked --package bench
