#!/usr/bin/env bash
# Breaks what is around a running server, and expects it to hold. Needs root, or an account that may trace its own
# processes and mount in a namespace of its own.
set -euo pipefail
# shellcheck source=scripts/env.sh
. "$(dirname "$0")/env.sh"
scripts/test-tools.sh

# Whether a drill of the long form runs.
runs() {
  [[ " $* " != *" --short "* ]] || return 1
  local drill=$1 names
  names=$(printf '%s\n' "${@:2}" | grep -v '^--' || true)
  [[ -z "$names" ]] || grep -qx "$drill" <<<"$names"
}

if runs rolling "$@" && [[ -z "${KEYSTEAD_PREVIOUS:-}" ]]; then
  KEYSTEAD_PREVIOUS=$(scripts/previous.sh)
  export KEYSTEAD_PREVIOUS
fi
if runs patroni "$@" && [[ ! (-x /usr/bin/patroni && -x /usr/bin/etcd) ]]; then
  install_packages patroni etcd-server
  stop_services patroni etcd
fi
exec node drills/drill.mjs "$@"
