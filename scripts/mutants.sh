#!/usr/bin/env bash
# Takes out one defence after the other, in a copy, and expects the test that guards it to fail. Each patch in
# scripts/mutants begins with the test: "Test: <arguments of cargo test>".
set -euo pipefail
# shellcheck source=scripts/env.sh
. "$(dirname "$0")/env.sh"

copy="$KEYSTEAD_CACHE/mutants/copy"
rm -rf "$copy"
mkdir -p "$copy"
git ls-files -z --cached --others --exclude-standard |
  tar --create --null --files-from=- --ignore-failed-read 2>/dev/null | tar --extract --directory "$copy"
# Its own, so that no other build takes a mutant for the real thing.
export CARGO_TARGET_DIR="$KEYSTEAD_CACHE/mutants/target"

survivors=()
trap 'rm -rf "$copy"' EXIT
for patch in "$PWD"/scripts/mutants/"${1:-}"*.patch; do
  name=$(basename "$patch" .patch)
  read -ra test < <(sed -n 's/^Test: //p' "$patch")
  ((${#test[@]})) || fail "$name does not say which test it has to fail."
  say "$name"
  cd "$copy"
  patch -p1 --silent --forward <"$patch" || fail "$name no longer fits the code: make it anew."
  cargo test --locked --no-run "${test[@]:0:4}" >"$copy/log" 2>&1 || { cat "$copy/log"; fail "$name does not compile."; }
  if cargo test --locked "${test[@]}" >"$copy/log" 2>&1; then
    survivors+=("$name")
    echo "SURVIVED: cargo test ${test[*]} is green without the defence"
  else
    grep -q 'test result: FAILED' "$copy/log" || { cat "$copy/log"; fail "$name: the test did not run."; }
    echo "red, as it should be: cargo test ${test[*]}"
  fi
  patch -p1 --silent --reverse <"$patch"
done
((${#survivors[@]} == 0)) || fail "survived: ${survivors[*]}"
say 'Every defence is guarded.'
