#!/usr/bin/env bash
# Builds the site and the server, then links one file with the site in it: target/release/keystead.
set -euo pipefail
# shellcheck source=scripts/env.sh
. "$(dirname "$0")/env.sh"
scripts/tools.sh

say "Building Keystead (about 8 minutes the first time on two cores, 1 after a change)"
# At the same time: the end of the site's build keeps one core busy for half a minute, and only src/main.rs waits for
# it. Each is a process group of its own, so that all of it ends with the other.
export CARGO_TERM_PROGRESS_WHEN=never
set -m
trap 'for job in $(jobs -p); do kill -- "-$job" 2>/dev/null || true; done' EXIT
scripts/site.sh &
cargo build --release --locked --package server --lib &
for _ in site server; do
  wait -n || fail "the site or the server could not be built; see the reason above."
done
trap - EXIT
set +m

KEYSTEAD_SITE=$(site_sum)
export KEYSTEAD_SITE
cargo build --release --locked --package server --bin keystead

refuse_places "$CARGO_TARGET_DIR/release/keystead" target/site

# The points at which tests end the process are in debug builds only.
! grep -qaF -e FAILPOINT -e commit-before "$CARGO_TARGET_DIR/release/keystead" ||
  fail 'the release binary contains the failpoints of the tests.'

# Write a new file and rename it, so that a running console keeps its own.
mkdir -p target/release
cp "$CARGO_TARGET_DIR/release/keystead" target/release/keystead.new
mv target/release/keystead.new target/release/keystead
echo "target/release/keystead is ready ($(du -h target/release/keystead | cut -f1))"
