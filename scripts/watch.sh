#!/usr/bin/env bash
# Rebuilds and reloads the console while its sources change.
set -euo pipefail
# shellcheck source=scripts/env.sh
. "$(dirname "$0")/env.sh"
scripts/tools.sh
use_tools
exec cargo leptos watch --cargo-locked
