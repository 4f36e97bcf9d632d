#!/usr/bin/env bash
# Makes what is given out, under dist/: a static binary for each architecture, an archive of each with manual pages and the
# unit file, the container image, the list of what is in them, and the sums of all of these.
set -euo pipefail
# shellcheck source=scripts/env.sh
. "$(dirname "$0")/env.sh"
scripts/tools.sh

MACHINES=(x86_64 aarch64)
version=$(version)
zig="$KEYSTEAD_CACHE/dist-tools"

for machine in "${MACHINES[@]}"; do
  target=$machine-unknown-linux-musl
  [[ ! -d "$(rustc --print target-libdir --target "$target")" ]] || continue
  say "Adding the target $target (seconds)"
  rustup target add "$target" || fail "rustup could not add $target to $(rustup show active-toolchain)."
done

fetch_python scripts/dist.txt "$zig" "Zig and certificates" "100 MB"

say "Building Keystead for ${MACHINES[*]} (about 20 minutes the first time on two cores)"
export CARGO_TERM_PROGRESS_WHEN=never CARGO_ZIGBUILD_ZIG_PATH="$zig/ziglang/zig"
scripts/site.sh
KEYSTEAD_SITE=$(site_sum)
export KEYSTEAD_SITE
# Written beside, and renamed when all of it is there.
new=target/dist
rm -rf "$new"
mkdir -p "$new"
for machine in "${MACHINES[@]}"; do
  target=$machine-unknown-linux-musl
  PATH="$zig/bin:$PATH" cargo zigbuild --release --locked --package server --bin keystead --target "$target"
  cp "$CARGO_TARGET_DIR/$target/release/keystead" "$new/keystead-$version-linux-$machine"
done
refuse_places "$new" target/site

say "Packing"
# The binary takes it for one of its settings.
unset KEYSTEAD_SITE
certifi=$(sed -n 's/^certifi==\([^ ]*\).*/\1/p' scripts/dist.txt)
node packaging/sbom.mjs "$version" "$certifi" >"$new/keystead-$version.cdx.json"
cp packaging/keystead.service "$new/"
rm -rf target/man
"$new/keystead-$version-linux-$(uname -m)" man --into target/man
for shell in bash zsh fish; do
  "$new/keystead-$version-linux-$(uname -m)" completions "$shell" >"target/man/keystead.$shell"
done
for machine in "${MACHINES[@]}"; do
  node packaging/archive.mjs "$version" "$machine" "$new" target/man
done
node packaging/image.mjs "$version" "$new" "$zig/certifi/cacert.pem"
sums=$(cd "$new" && find . -maxdepth 1 -type f -printf '%f\n' | LC_ALL=C sort | xargs sha256sum)
echo "$sums" >"$new/SHA256SUMS"
rm -rf dist
mv "$new" dist
du --apparent-size --human-readable --all --max-depth=1 dist | sort --key 2
