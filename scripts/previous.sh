#!/usr/bin/env bash
# Builds the release before from the commit that drills/previous.txt names, once, and prints where its binary is. It is
# kept in the cache by that commit, so only a new commit is built.
set -euo pipefail
# shellcheck source=scripts/env.sh
. "$(dirname "$0")/env.sh"

commit=$(<drills/previous.txt)
place="$KEYSTEAD_CACHE/previous/$commit"
if [[ ! -x "$place/keystead" ]]; then
  git cat-file -e "$commit^{commit}" 2>/dev/null ||
    fail "this clone does not have the commit $commit of drills/previous.txt. Get it with git fetch --unshallow."
  rm -rf "$place"
  mkdir -p "$place/source"
  git archive "$commit" | tar -x -C "$place/source"
  say "Building the release before, ${commit:0:8} (about 10 minutes)" >&2
  env -u RUSTFLAGS CARGO_TARGET_DIR="$place/target" "$place/source/scripts/build.sh" >&2 ||
    fail "the release before cannot be built; see the reason above."
  cp "$place/source/target/release/keystead" "$place/keystead.new"
  mv "$place/keystead.new" "$place/keystead"
  # The binary is all that is needed of several gigabytes.
  rm -rf "$place/source" "$place/target"
fi
echo "$place/keystead"
