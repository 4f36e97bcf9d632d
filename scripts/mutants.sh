#!/usr/bin/env bash
# Removes one defence at a time, in a copy, and expects the test that guards it to fail. Each patch in scripts/mutants
# names its test in a line "Test: <arguments of cargo test>".
set -euo pipefail
# shellcheck source=scripts/env.sh
. "$(dirname "$0")/env.sh"
scripts/test-tools.sh
command -v patch >/dev/null || install_packages patch

patches=("$PWD"/scripts/mutants/"${1:-}"*.patch)
[[ -e "${patches[0]}" ]] || fail "scripts/mutants/${1:-}*.patch does not exist."
tests() { sed -n 's/^Test: //p' "$@"; }

copy="$KEYSTEAD_CACHE/mutants/copy"
rm -rf "$copy"
mkdir -p "$copy"
trap 'rm -rf "$copy"' EXIT
git ls-files -z --cached --others --exclude-standard |
  tar --create --null --files-from=- --ignore-failed-read 2>/dev/null | tar --extract --directory "$copy"
# Its own target folder, so that no other build mistakes a mutant for the real code.
export CARGO_TARGET_DIR="$KEYSTEAD_CACHE/mutants/target"
cd "$copy"

say 'The tests, with every defence in place'
readarray -t lines < <(tests "${patches[@]}" | sort -u)
for line in "${lines[@]}"; do
  read -ra test <<<"$line"
  # A test that fails anyway, or does not exist, guards nothing.
  cargo test --locked "${test[@]}" >"$copy/log" 2>&1 || { cat "$copy/log"; fail "cargo test $line fails even without a mutant."; }
  grep -q 'test result: ok\. [1-9]' "$copy/log" || fail "cargo test $line runs no test."
  echo "green: cargo test $line"
done

survivors=()
for patch in "${patches[@]}"; do
  name=$(basename "$patch" .patch)
  read -ra test < <(tests "$patch") || fail "$name does not name the test that it must fail."
  say "$name"
  patch -p1 --silent --forward <"$patch" || fail "$name no longer applies to the code. Write it again."
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
say 'Every defence is guarded by a test.'
