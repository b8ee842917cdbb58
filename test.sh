#!/usr/bin/env bash
# Builds everything once and runs all tests, the short form of the lab among them where it can run; the last line is "N passed, N failed, N skipped".
#   ./test.sh [ARGUMENTS]            arguments go to 'dotnet test', for example --filter
#   ./test.sh --simulate N [SEED]    runs N scenarios of the cluster simulator (docs/replication.md), from a seed on (default: the time); with N = 1 it shows the trace
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
if [ "${1:-}" = --simulate ]; then
    if [[ ! "${2:-}" =~ ^[1-9][0-9]*$ || ! "${3:-0}" =~ ^[0-9]+$ ]]; then
        echo "usage: ./test.sh --simulate N [SEED]" >&2
        exit 2
    fi
    export SLUICE_SIMULATE=$2 SLUICE_SIMULATE_SEED=${3:-$(date +%s)}
    set -- --filter FullyQualifiedName~Simulation.Cluster.SimulationTests.No_scenario --logger "console;verbosity=detailed"
fi
# shellcheck source=install-packages.sh
. ./install-packages.sh
need_dotnet || exit 1
# The storage engine; redis-cli and redis-benchmark as clients nobody here has written; redis-server as the one whose answers are right.
need_packages librocksdb7.8 redis-tools redis-server || exit 1
lab=Tests/Lab/bin/Release/net10.0/Sluice.Lab.dll

dotnet build Orleans.sln -c Release -v q -nologo --disable-build-servers || exit 1

results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
passed=0 failed=0 skipped=0
counter() { sed -n "s/.*<Counters [^>]*\b$2=\"\([0-9]*\)\".*/\1/p" "$1" | head -1; }
for project in $(grep -rl --include='*.csproj' Microsoft.NET.Test.Sdk Tests | sort); do
    name=$(basename "$project" .csproj)
    echo "== $project"
    dotnet test "$project" -c Release --no-build --nologo --logger "trx;LogFileName=$name.trx" --results-directory "$results" "$@"
    status=$?
    trx=$results/$name.trx
    if [ -s "$trx" ]; then
        total=$(counter "$trx" total) ok=$(counter "$trx" passed) bad=$(counter "$trx" failed)
        passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + total - ok - bad))
    else
        bad=0
    fi
    # A run that broke off, or never came to a test, has failed even if no test did.
    if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then
        echo "$project ended with status $status"
        failed=$((failed + 1))
    fi
done
# The short form of the lab: each case counts as a test. A run that names its tests means those.
if [ $# -eq 0 ]; then
    echo "== lab.sh --quick"
    cases=$(dotnet "$lab" --quick --list | grep -c '^  ')
    SLUICE_LAB_BUILT=$lab ./lab.sh --quick --results "$results/lab.json" 2>&1 | tee "$results/lab.log"
    status=${PIPESTATUS[0]}
    met=$(sed -n 's/^\([0-9]*\) of [0-9]* cases met all their bounds$/\1/p' "$results/lab.log")
    if [ "$status" -eq 3 ]; then
        echo "the lab is skipped: $cases cases"
        skipped=$((skipped + cases))
    else
        passed=$((passed + ${met:-0})) failed=$((failed + cases - ${met:-0}))
    fi
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
