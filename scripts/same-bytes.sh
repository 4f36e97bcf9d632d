#!/usr/bin/env bash
# Builds the site once more, or with the argument `dist` what is given out, from a copy in another folder and without
# anything compiled for the first one, and compares the two. Anyone who builds the same commit elsewhere must get the same
# bytes.
set -euo pipefail
# shellcheck source=scripts/env.sh
. "$(dirname "$0")/env.sh"

case "${1:-site}" in
  site) made=target/site ;;
  dist) made=dist ;;
  *) fail "$1 is neither site nor dist." ;;
esac
first=$PWD
again="$KEYSTEAD_CACHE/again"
rm -rf "$again/copy"
mkdir -p "$again/copy"
git ls-files -z --cached --others --exclude-standard |
  tar --create --null --files-from=- --ignore-failed-read 2>/dev/null | tar --extract --directory "$again/copy"
cd "$again/copy"
# The variables that this run exported point to the first folder.
env -u RUSTFLAGS CARGO_TARGET_DIR="$again/target" "scripts/${1:-site}.sh"
diff --recursive --brief "$first/$made" "$again/copy/$made" ||
  fail "$made depends on the folder that it is built in."
echo "$(find "$made" -type f | wc -l) files are the same"
