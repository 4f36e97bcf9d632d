#!/usr/bin/env bash
# Feeds the readers of what comes from outside with what nobody thought of: each target for some seconds (60, or $1).
set -euo pipefail
# shellcheck source=scripts/env.sh
. "$(dirname "$0")/env.sh"

CARGO_FUZZ=0.13.2
seconds=${1:-60}

# libFuzzer is compiled, and it is C++.
command -v c++ >/dev/null || install_packages g++
use_tools
if ! cargo fuzz --version 2>/dev/null | grep -qF "$CARGO_FUZZ"; then
  say "Compiling cargo-fuzz $CARGO_FUZZ (once, about 2 minutes)"
  CARGO_TARGET_DIR="$KEYSTEAD_CACHE/tools-build" CARGO_PROFILE_RELEASE_OPT_LEVEL=0 \
    cargo install cargo-fuzz --version "=$CARGO_FUZZ" --root "$TOOLS" --locked ||
    fail "cargo-fuzz $CARGO_FUZZ could not be compiled; the reason stands above."
  rm -rf "$KEYSTEAD_CACHE/tools-build"
fi

# Without a sanitizer, which only a nightly compiler has: there is no unsafe code to look into.
for target in $(cargo fuzz list); do
  say "$target, $seconds s"
  mkdir -p "$KEYSTEAD_CACHE/corpus/$target"
  CARGO_TARGET_DIR="$KEYSTEAD_CACHE/fuzz" cargo fuzz run --sanitizer none "$target" "$KEYSTEAD_CACHE/corpus/$target" -- \
    -max_total_time="$seconds" -max_len=4096 -print_final_stats=1 -verbosity=0
done
