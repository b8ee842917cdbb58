#!/usr/bin/env bash
# Builds everything once and runs all tests; the last line is "N passed, N failed, N skipped". Arguments go to 'dotnet test', for example --filter.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=install-packages.sh
. ./install-packages.sh
need_dotnet || exit 1
# The storage engine; redis-cli and redis-benchmark as clients nobody here has written; redis-server as the one whose answers are right.
need_packages librocksdb7.8 redis-tools redis-server || exit 1

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
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
