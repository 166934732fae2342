# Sourced by the scripts here: checks what a build needs, and installs it or says how to get it.
# shellcheck shell=bash

# The oldest Rust that builds Karwan, as the workspace states it.
wanted_rust() { sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml | head -n 1; }

# True when version $1 is at least version $2.
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

require_build_tools() {
    local missing=()
    command -v cc >/dev/null 2>&1 || missing+=("a C compiler (Debian: apt-get install gcc libc6-dev)")
    if ! command -v cargo >/dev/null 2>&1; then
        missing+=("Rust $(wanted_rust) or newer (https://rustup.rs)")
    else
        local have
        have=$(rustc --version | awk '{print $2}')
        at_least "$have" "$(wanted_rust)" || missing+=("Rust $(wanted_rust) or newer; this is $have (rustup update)")
    fi
    if [ "${#missing[@]}" -gt 0 ] && ! command -v cc >/dev/null 2>&1 && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "Installing a C compiler from Debian's packages ..." >&2
        apt-get update -qq && apt-get install -y -qq gcc libc6-dev >/dev/null
        require_build_tools
        return
    fi
    if [ "${#missing[@]}" -gt 0 ]; then
        echo "Karwan cannot be built on this machine yet. Missing:" >&2
        printf '  - %s\n' "${missing[@]}" >&2
        exit 1
    fi
}
