#!/usr/bin/env bash
# For while you work: format, clippy, and the tests of what differs from main (or from $1) and of what builds on it.
# `make test` checks the rest too.
set -euo pipefail
# shellcheck source=scripts/env.sh
. "$(dirname "$0")/env.sh"
scripts/tools.sh

base=$(git merge-base HEAD "${1:-main}" 2>/dev/null || git merge-base HEAD origin/main 2>/dev/null || git rev-parse HEAD)
changed=$(git diff --name-only "$base" && git ls-files --others --exclude-standard)
touched() { grep -qE "^($1)" <<<"$changed"; }

cargo fmt --all --check
node scripts/contrast.mjs

# Each crate imports those before it, so everything after the first changed one is tested too.
tested=()
declare -A sources=(
  [domain]='crates/domain/|Cargo\.(toml|lock)|\.cargo/'
  [store]='crates/(store|testkit)/|migrations/'
  [service]='crates/service/'
  [app]='app/|docs/proxies/'
  [server]='server/|end2end/screens\.json'
)
for package in domain store service app server; do
  if ((${#tested[@]})) || touched "${sources[$package]}"; then tested+=(--package "$package"); fi
done

if ((${#tested[@]})) || touched 'bench/|scripts/bindgen/'; then
  cargo clippy --locked --workspace --exclude frontend --all-targets -- -D warnings
fi
if touched "frontend/|app/|${sources[domain]}"; then
  cargo clippy --locked --package frontend --target wasm32-unknown-unknown -- -D warnings
fi
if ((${#tested[@]})); then
  # The races take a minute of load, and `make test` runs them.
  cargo test --locked "${tested[@]}" -- --skip at_once::
else
  echo "No package differs from $base: no tests to run."
fi
