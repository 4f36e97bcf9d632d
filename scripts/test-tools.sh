#!/usr/bin/env bash
# Installs what the tests need in addition to a build: Chromium, Postgres and three proxies from Debian, and Playwright
# from npm.
set -euo pipefail
# shellcheck source=scripts/env.sh
. "$(dirname "$0")/env.sh"

packages=()
[[ -x /usr/bin/chromium-headless-shell ]] || packages+=(chromium-headless-shell)
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || packages+=(postgresql)
[[ -d /usr/share/fonts/truetype/dejavu ]] || packages+=(fonts-dejavu-core)
[[ -x /usr/bin/strace ]] || packages+=(strace)
[[ -x /usr/bin/faketime ]] || packages+=(faketime)
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

# npm leaves a copy of the lock file in node_modules. If that is older than ours, ours has changed.
if [[ ! end2end/node_modules/.package-lock.json -nt end2end/package-lock.json ]]; then
  say "Fetching Playwright from npm (seconds)"
  PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --prefix end2end --no-audit --no-fund ||
    fail "npm could not fetch Playwright; see the reason above."
  touch end2end/node_modules/.package-lock.json
fi
