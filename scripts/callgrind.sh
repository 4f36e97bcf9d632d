#!/usr/bin/env bash
# Prints how many instructions one verify call about a hot key takes: the difference between 2N and N calls, divided by
# N. Takes N as an optional argument. Build the bench first.
set -euo pipefail
# shellcheck source=scripts/env.sh
. "$(dirname "$0")/env.sh"

calls=${1:-10000}
bench=${BENCH:-$CARGO_TARGET_DIR/release/bench}
need valgrind "valgrind is missing. Run 'apt install valgrind' and run this again."
[[ -x "$bench" ]] || fail "there is no $bench: run 'cargo build --release --package bench' first."

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# The first thread makes the calls. The database works on other threads, which do not count.
instructions() {
  valgrind --tool=callgrind --separate-threads=yes --callgrind-out-file="$folder/$1" "$bench" hot "$1" \
    >"$folder/log" 2>&1 || { cat "$folder/log" >&2; fail "the bench does not run under valgrind."; }
  awk '/^totals:/ { print $2 }' "$folder/$1-01"
}

once=$(instructions "$calls")
twice=$(instructions $((2 * calls)))
echo $(((twice - once) / calls))
