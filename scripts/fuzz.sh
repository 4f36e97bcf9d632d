#!/usr/bin/env bash
# Fuzzes every parser of outside input, each target for 60 seconds or for $1.
set -euo pipefail
# shellcheck source=scripts/env.sh
. "$(dirname "$0")/env.sh"

CARGO_FUZZ=0.13.2
seconds=${1:-60}

# libFuzzer has to be compiled, and is written in C++.
command -v c++ >/dev/null || install_packages g++
use_tools
if ! cargo fuzz --version 2>/dev/null | grep -qF "$CARGO_FUZZ"; then
  say "Compiling cargo-fuzz $CARGO_FUZZ (once, about 2 minutes)"
  CARGO_TARGET_DIR="$KEYSTEAD_CACHE/tools-build" CARGO_PROFILE_RELEASE_OPT_LEVEL=0 \
    cargo install cargo-fuzz --version "=$CARGO_FUZZ" --root "$TOOLS" --locked ||
    fail "cargo-fuzz $CARGO_FUZZ could not be compiled; see the reason above."
  rm -rf "$KEYSTEAD_CACHE/tools-build"
fi

# Without a sanitizer, which needs a nightly compiler. There is no unsafe code to check.
for target in $(cargo fuzz list); do
  say "$target, $seconds s"
  mkdir -p "$KEYSTEAD_CACHE/corpus/$target"
  CARGO_TARGET_DIR="$KEYSTEAD_CACHE/fuzz" cargo fuzz run --sanitizer none "$target" "$KEYSTEAD_CACHE/corpus/$target" -- \
    -max_total_time="$seconds" -max_len=4096 -print_final_stats=1 -verbosity=0
done
