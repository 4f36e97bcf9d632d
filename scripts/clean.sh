#!/usr/bin/env bash
# Removes what was built in this folder.
set -euo pipefail
# shellcheck source=scripts/env.sh
. "$(dirname "$0")/env.sh"
rm -rf target dist end2end/node_modules end2end/test-results end2end/screenshots
echo "Kept: ./data, and the compiled tools and dependencies in $KEYSTEAD_CACHE"
