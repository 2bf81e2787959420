#!/usr/bin/env bash
# `npm run test:system` (root): the unit tests that use a database once more on a native TimescaleDB, then the tests that
# need more than Node: foreign peers, a browser, servers that are stopped. It installs what is missing and stops what it
# started.
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
PENSTOCK_TEST_PROGRAM=$(mktemp -d)/deploy/penstock.mjs
export PENSTOCK_TEST_PROGRAM
built=${PENSTOCK_TEST_PROGRAM%/deploy/*}
trap 'rm -rf "$built"; bash test/system/timescaledb.sh stop >/dev/null 2>&1' EXIT
# Penstock as it is installed, compiled and without its source: what most of the tests start.
node deploy/build.mjs "$built/dist"
cp -r dist/hmi "$built/dist/"
install -D deploy/penstock.mjs "$PENSTOCK_TEST_PROGRAM"
cp package.json "$built/"
ln -s "$PWD/node_modules" "$built/"

failed=0
run() {
  local name=$1
  shift
  echo "== $name"
  node_modules/.bin/vitest "$@" --run --passWithNoTests=false \
    --reporter=default --reporter=json --outputFile.json="$report/$name.json" || failed=1
}
# Of the unit tests those that reach, over whatever imports, a file that asks for the server. All others would only do
# once more what they did in `npm test`.
mapfile -t asking < <(grep -rl --include='*.ts' "process.env\['PENSTOCK_TEST_DATABASE'\]" test)
run native related --project unit "${asking[@]}"
run system --project 'system*'
exit $failed
