#!/usr/bin/env bash
# Builds Karwan, starts four validators on this machine (PK, KG, KZ, UZ), settles the demonstration payments and verifies a
# receipt offline.
# Usage: ./scripts/devnet.sh          leaves the network running and says how to look at it and stop it
#        ./scripts/devnet.sh --once   stops it again; the last two lines name the genesis file and a receipt
#        ./scripts/devnet.sh --base-port PORT [--once]   fixed ports instead of free ones
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/requirements.sh
. scripts/requirements.sh

once=false
ports=()
while [ "$#" -gt 0 ]; do
    case "$1" in
        --once) once=true ;;
        --base-port)
            [ "$#" -ge 2 ] || { echo "--base-port needs a number" >&2; exit 2; }
            ports=(--base-port "$2")
            shift
            ;;
        *)
            sed -n '2,6s/^# //p' "${BASH_SOURCE[0]}" >&2
            exit 2
            ;;
    esac
    shift
done

require_build_tools
export CARGO_INCREMENTAL=1
karwan=target/release/karwan
echo "Building Karwan; the first time takes about five minutes on two cores ..." >&2
cargo build --release --locked --package karwan-cli

"$karwan" devnet up --fresh "${ports[@]}"
if $once; then
    # Whatever happens below, no validator is left behind.
    trap '"$karwan" devnet down >/dev/null 2>&1 || true' EXIT
fi
echo
report=$("$karwan" devnet demo)
if $once; then
    "$karwan" devnet down
    printf '%s\n' "$report"
    exit 0
fi
printf '%s\n' "$report" | sed '/^genesis: /,$d'
cat <<TEXT
The network runs. Look at it:
  $karwan devnet status --watch
  $karwan query accounts --as indus
  $karwan tx pay --as indus --from KRVNPKKA --to ALATKG22 --currency PKR --amount 250.00
  $karwan devnet kill pk      then pay again, with --node and another validator's address
  $karwan devnet restart pk
  $karwan load
Stop it:
  $karwan devnet down
TEXT
printf '%s\n' "$report" | sed -n '/^genesis: /,$p'
