#!/usr/bin/env bash
# Runs every test of Karwan: format, lints, unit, property, golden, architecture, supply chain, real processes, simulator.
# Usage: ./scripts/test.sh          all of it, about 15 minutes on two cores with an empty target directory
#        SIM_SEEDS=2000 ./scripts/test.sh      a longer simulator run
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/requirements.sh
. scripts/requirements.sh
require_build_tools

export CARGO_TERM_COLOR="${CARGO_TERM_COLOR:-never}"
export CARGO_INCREMENTAL=1
started=$SECONDS
step() { printf '\n== %s (%d s since the start)\n' "$1" "$((SECONDS - started))"; }

step "format, lints, licences"
./scripts/check.sh
step "build: one profile for tests, processes and simulator"
cargo build --release --locked --workspace --all-targets --quiet
step "unit, property, golden, architecture and process tests"
cargo test --release --locked --workspace --no-fail-fast
step "simulator: ${SIM_SEEDS:-510} seeds over 2, 4 and 7 validators"
cargo run --release --locked --quiet -p karwan-sim -- run --seeds "${SIM_SEEDS:-510}" --first "${SIM_FIRST:-1}"
printf '\nall tests passed in %d s\n' "$((SECONDS - started))"
