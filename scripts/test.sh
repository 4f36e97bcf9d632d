#!/usr/bin/env bash
# Runs every check, stage by stage, and stops at the first that fails.
set -euo pipefail
# shellcheck source=scripts/env.sh
. "$(dirname "$0")/env.sh"

current=
times=()
log=$(mktemp)
trap finish EXIT

stage() {
  current=$1
  shift
  say "$current"
  local start=$SECONDS
  "$@"
  times+=("$(printf '%5d s  %s' $((SECONDS - start)) "$current")")
  echo "${times[-1]}"
}

# The last line is a plain count that every log reader understands.
finish() {
  local status=$?
  say 'Where the time went'
  ((${#times[@]} == 0)) || printf '%s\n' "${times[@]}"
  if ((status)); then
    printf '\nkeystead: the stage "%s" failed\n%d passed, %d failed\n' "$current" "$(count passed)" "$(failures)"
  else
    printf '\n%d passed, 0 failed\n' "$(count passed)"
  fi
  rm -f "$log"
}

# Sums the counts of the runners: cargo's "N passed; N failed;" and Playwright's "N passed (1.2m)", "N failed".
count() { { grep -oE "[0-9]+ $1( \(|;|\$)" "$log" || true; } | awk '{ n += $1 } END { print n + 0 }'; }
# A failed stage without its own count counts as one failure.
failures() { local n; n=$(count failed); echo $((n > 0 ? n : 1)); }
counted() { "$@" 2>&1 | tee -a "$log"; }

journeys() {
  # Not through npx, which would fetch a missing tool from the registry.
  (cd end2end && node_modules/.bin/tsc --noEmit && counted node_modules/.bin/playwright test "$@")
}

stage 'Tools' scripts/tools.sh
stage 'Tools of the tests' scripts/test-tools.sh
stage 'Format' cargo fmt --all --check
stage 'Contrast of the colours' node scripts/contrast.mjs
stage 'Clippy' cargo clippy --locked --workspace --exclude frontend --all-targets -- -D warnings
stage 'Clippy, browser' cargo clippy --locked --package frontend --target wasm32-unknown-unknown -- -D warnings
# Many tests wait: for a process, a database or a deadline.
export RUST_TEST_THREADS="${RUST_TEST_THREADS:-$((6 * $(nproc)))}"
stage 'Unit, contract and router tests' counted cargo test --locked
stage 'Release build' scripts/build.sh
stage 'Sizes' node scripts/sizes.mjs
stage 'The same bytes elsewhere' scripts/same-bytes.sh
stage 'Drills, short' counted scripts/drills.sh --short
stage 'Journeys in Chromium' journeys
stage 'Journeys in Firefox' journeys --config firefox.config.ts
stage 'Promises of the families' node scripts/families.mjs "$log"
