#!/usr/bin/env bash
# `npm run faults` (root): the fault tests on both engines. docs/faults.md says what each one does.
#
#   npm run faults -- [--long] [--seed N] [FILE...]
#
# --long    the counts of a night instead of those of a CI run
# --seed N  makes the same random choices as the run that printed this number
# FILE      only these, by a part of their names: power-cut
set -euo pipefail
cd "$(dirname "$0")/../.."
files=()
while (($# > 0)); do
  case $1 in
    --long) export PENSTOCK_TEST_LONG=1 PENSTOCK_TEST_FUZZ_SECONDS=${PENSTOCK_TEST_FUZZ_SECONDS:-60} ;;
    --seed)
      export PENSTOCK_TEST_SEED=${2:?--seed needs a number} PENSTOCK_TEST_FUZZ_SEED=$2
      shift
      ;;
    -h | --help)
      sed -n '2,8s/^# \{0,1\}//p' "$0"
      exit
      ;;
    -*)
      echo "There is no option $1. --help lists them." >&2
      exit 64
      ;;
    *) files+=("$1") ;;
  esac
  shift
done
if [[ $EUID -ne 0 ]]; then
  echo 'npm run faults mounts disks and starts servers: run it as root.' >&2
  exit 1
fi

node deploy/prepare.mjs
if [[ -z ${PENSTOCK_TEST_DATABASE:-} ]]; then
  PENSTOCK_TEST_DATABASE=$(bash test/system/timescaledb.sh start)
  export PENSTOCK_TEST_DATABASE
  trap 'bash test/system/timescaledb.sh stop >/dev/null 2>&1' EXIT
fi
export PENSTOCK_TEST_SEED=${PENSTOCK_TEST_SEED:-$((RANDOM * 32768 + RANDOM))}
echo "Seed: $PENSTOCK_TEST_SEED"
((${#files[@]} > 0)) || files=('')
node_modules/.bin/vitest run --project 'system*' "${files[@]/#/test/faults/}"
