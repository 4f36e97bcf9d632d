#!/usr/bin/env bash
# Breaks what is around a running server, and expects it to hold. Needs root, or an account that may trace its own
# processes and mount in a namespace of its own.
set -euo pipefail
# shellcheck source=scripts/env.sh
. "$(dirname "$0")/env.sh"
scripts/test-tools.sh
exec node drills/drill.mjs "$@"
