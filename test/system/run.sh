#!/usr/bin/env bash
# `npm run test:system` (root): the same suites on a native TimescaleDB, then the tests that need more than Node:
# foreign peers, a browser, servers that are stopped. It installs what is missing and stops what it started.
set -euo pipefail
cd "$(dirname "$0")/../.."
if [[ $EUID -ne 0 ]]; then
  echo 'npm run test:system installs packages and starts servers: run it as root.' >&2
  exit 1
fi

node deploy/prepare.mjs
missing=()
while read -r package _; do
  [[ -z $package || $package == \#* ]] && continue
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done <test/system/packages.txt
if ((${#missing[@]} > 0)); then
  echo "Installing: ${missing[*]}"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

report=${PENSTOCK_TEST_REPORTS:-$(mktemp -d)}
PENSTOCK_TEST_DATABASE=$(bash test/system/timescaledb.sh start)
export PENSTOCK_TEST_DATABASE
trap 'bash test/system/timescaledb.sh stop >/dev/null 2>&1' EXIT

failed=0
run() {
  local name=$1
  shift
  echo "== $name"
  node_modules/.bin/vitest run --reporter=default --reporter=json --outputFile.json="$report/$name.json" "$@" || failed=1
}
run native --project unit
run system --project system
exit $failed
