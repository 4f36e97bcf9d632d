#!/usr/bin/env bash
# Runs what `make dist` made as those who get it would. Needs root, for an account of its own and a read-only root.
set -euo pipefail
# shellcheck source=scripts/env.sh
. "$(dirname "$0")/env.sh"
((EUID == 0)) || fail "the image can only be run by root; run this as root."
[[ -f dist/SHA256SUMS ]] || scripts/dist.sh
scripts/test-tools.sh

packages=()
command -v skopeo >/dev/null || packages+=(skopeo)
command -v umoci >/dev/null || packages+=(umoci)
command -v qemu-aarch64-static >/dev/null || packages+=(qemu-user-static)
command -v systemd-analyze >/dev/null || packages+=(systemd)
install_packages "${packages[@]}"

checks="$KEYSTEAD_CACHE/dist-test"
fetch_python scripts/dist-test.txt "$checks" "the schemas of the list of parts and of Kubernetes" seconds

exec node packaging/test.mjs "$(version)" "$checks"
