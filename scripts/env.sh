# shellcheck shell=bash
# Sourced by the other scripts: paths and helper functions. Changes to the root of the repository.

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

KEYSTEAD_CACHE="${XDG_CACHE_HOME:-$HOME/.cache}/keystead"
TOOLS="$KEYSTEAD_CACHE/tools"

# Outside the clone, so that a fresh clone finds earlier builds.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$KEYSTEAD_CACHE/target}"

# Panic messages contain the paths of dependencies. Without the remapping, each machine would produce different bytes.
# Our own paths are relative. Leptos compiles a component once with erase_components, not once for each way it is nested.
if [[ "${RUSTFLAGS:-}" != *--remap-path-prefix* ]]; then
  own_flags="--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo --remap-path-prefix=$CARGO_TARGET_DIR=/target"
  export RUSTFLAGS="${RUSTFLAGS:+$RUSTFLAGS }$own_flags --cfg=erase_components"
fi
# Read by the C compiler. Not the commit's time, or every commit would compile the C code again.
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-1767225600}"

# Use no colours in a log.
[[ -t 1 ]] || export CARGO_TERM_COLOR="${CARGO_TERM_COLOR:-never}"

say() { if [[ -t 1 ]]; then printf '\n\033[1m%s\033[0m\n' "$*"; else printf '\n%s\n' "$*"; fi; }

fail() {
  printf '\nkeystead: %s\n' "$*" >&2
  exit 1
}

need() { command -v "$1" >/dev/null || fail "$2"; }

# Runs a command as root, with sudo if needed.
as_root() {
  if ((EUID == 0)); then
    "$@"
  else
    need sudo "root or sudo is needed to install Debian packages ($*)"
    sudo "$@"
  fi
}

# Installs these Debian packages, if any are given.
install_packages() {
  (($#)) || return 0
  need apt-get "apt-get is missing. Install $* in another way and run this again."
  say "Installing $* with apt (about 1 minute)"
  as_root apt-get update -qq || fail "apt-get update failed; see the reason above."
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" ||
    fail "apt-get could not install $*; see the reason above."
}

# Stops these services, and keeps them from starting again. Debian starts what it installs; whoever needs one here starts
# it alone, and these would only occupy ports.
stop_services() {
  local service
  for service in "$@"; do
    if [[ -d /run/systemd/system ]]; then
      as_root systemctl disable --now --quiet "$service.service" || true
    else
      [[ ! -x "/etc/init.d/$service" ]] || as_root "/etc/init.d/$service" stop >/dev/null || true
    fi
  done
}

# Fetches $3 from PyPI into the folder $2: what the list $1 names, of the size $4. Does nothing if it is there.
fetch_python() {
  local list=$1 folder=$2 what=$3 size=$4
  # The copy of the list proves that all of it is there.
  ! cmp --silent "$list" "$folder/${list##*/}" || return 0
  python3 -m pip --version >/dev/null 2>&1 || install_packages python3-pip
  say "Fetching $what from PyPI ($size)"
  rm -rf "$folder"
  python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps --only-binary=:all: \
    --require-hashes --requirement "$list" --target "$folder" || fail "pip could not fetch $what; see the reason above."
  cp "$list" "$folder/"
}

# The version of the release that is built.
version() { sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml; }

# Put our own tools first. They exist only if PATH had none of the right version.
use_tools() { export PATH="$TOOLS/npm/node_modules/.bin:$TOOLS/bin:$PATH"; }

# A sum over the site. Cargo does not notice its new files, but does this variable.
site_sum() { find target/site -type f -exec sha256sum {} + | sort | sha256sum | cut -d' ' -f1; }

# A path of this machine would reveal where it was built, and change the bytes on the next machine.
refuse_places() {
  local path
  for path in "${CARGO_HOME:-$HOME/.cargo}/registry" "$CARGO_TARGET_DIR/" "$HOME/." "$PWD/"{app,crates,frontend,server}; do
    ! grep -rlaF "$path" "$@" || fail "the files above name $path, a place on this machine."
  done
}
