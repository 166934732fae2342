#!/usr/bin/env bash
# Checks what needs no run of the program: format, lints with warnings denied, licences, banned packages, minimum versions.
# Usage: ./scripts/check.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/requirements.sh
. scripts/requirements.sh
require_build_tools

export CARGO_TERM_COLOR="${CARGO_TERM_COLOR:-never}"
export CARGO_INCREMENTAL=1
echo "format"
cargo fmt --all --check
echo "lints, warnings denied"
cargo clippy --release --locked --workspace --all-targets --quiet -- -D warnings
echo "licences, banned packages and minimum versions"
cargo test --release --locked --quiet -p karwan-tests --test supply_chain
