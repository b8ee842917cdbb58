#!/usr/bin/env bash
# The main job: two nodes A and B as processes of their own on this machine, a directory's files loaded into A, a full copy to B under writes, and a
# comparison of everything on both sides.
#
#   ./run.sh [DIR]       DIR: every file below it is loaded (default: the .NET SDK's own folder)
#   KEEP=1 ./run.sh      keeps the nodes' data and logs, and says where
#   JSON=1 ./run.sh      prints the summary as JSON
#   RUNS=10 ./run.sh     so many times, and how both nodes' memory grew: status 0 only if always by less than 64 MiB
#
# Exit status 0 only if the digests of all keys and values are equal on both sides.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=install-packages.sh
. ./install-packages.sh

if [ $# -gt 1 ] || [ "${1:-}" = "-h" ] || [ "${1:-}" = "--help" ]; then
    sed -n '2,10s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    [ $# -le 1 ] && exit 0 || exit 2
fi
need_dotnet
dir=${1:-$(dirname "$(readlink -f "$(command -v dotnet)")")}
[ $# -eq 1 ] && [ "${dir#/}" = "$dir" ] && dir=$OLDPWD/$dir
if [ ! -d "$dir" ]; then
    echo "run.sh: there is no directory '$dir'" >&2
    exit 2
fi
need_packages librocksdb7.8

# repeat N: the job so many times, each with new nodes; prints each run's growth of memory, then minimum, median and maximum in MiB.
repeat() {
    local run out growths node over= all=()
    for run in $(seq "$1"); do
        # Two lines: A's growth and B's.
        out=$(RUNS='' JSON=1 BUILT=$([ "$run" -gt 1 ] && echo 1 || true) ./run.sh "$dir") || { echo "$out" >&2; return 1; }
        growths=$(grep -o '"growth": *-\{0,1\}[0-9]*' <<<"$out" | grep -o -e '-\{0,1\}[0-9]*$' | awk '{ printf "%s%.1f", (NR > 1 ? " " : ""), $1 / 1048576 }')
        echo "run $run: A and B grew by $growths MiB"
        all+=("$growths")
    done
    for node in 1 2; do
        printf '%s\n' "${all[@]}" | cut -d' ' -f"$node" | sort -g | awk -v name="$([ "$node" = 1 ] && echo A || echo B)" '
            { v[NR] = $1 }
            END { printf "%s: min %.1f, median %.1f, max %.1f MiB in %d runs\n", name, v[1], (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2, v[NR], NR; exit v[NR] >= 64 }' || over=1
    done
    [ -z "$over" ]
}
case ${RUNS:-} in
    '') ;;
    *[!0-9]* | 0*) echo "run.sh: RUNS is '$RUNS', but must be a number from 1 on" >&2; exit 2 ;;
    *) repeat "$RUNS"; exit ;;
esac

started=()
work=
stop() {
    local status=$? pid died=
    trap - EXIT HUP INT TERM
    # The first two are the nodes: one that is gone by now has ended by itself, and its log says why.
    for pid in ${started[@]+"${started[@]:0:2}"}; do kill -0 "$pid" 2>/dev/null || died=1; done
    for pid in ${started[@]+"${started[@]}"}; do kill -TERM "$pid" 2>/dev/null || true; done
    for pid in ${started[@]+"${started[@]}"}; do
        for _ in $(seq 100); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
        kill -KILL "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    if [ -n "$work" ] && [ "${KEEP:-}" = 1 ]; then
        echo "data and logs are kept in $work"
    elif [ -n "$work" ]; then
        if [ -n "$died" ]; then
            for log in "$work"/*.log; do [ -e "$log" ] && { echo "--- the end of $(basename "$log")"; tail -n 25 "$log"; }; done >&2
        elif [ "$status" -ne 0 ] && [ "$status" -lt 128 ]; then
            echo "run.sh: the job failed; KEEP=1 keeps the nodes' logs" >&2
        fi
        rm -rf "$work"
    fi
    exit "$status"
}
trap stop EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
ports=()
port=$((20000 + RANDOM % 10000))
while [ ${#ports[@]} -lt 8 ]; do
    is_free "$port" && ports+=("$port")
    port=$((port + 1))
done

[ -n "${BUILT:-}" ] || echo "building (Release)"
for project in Silo Client/Cli; do
    [ -n "${BUILT:-}" ] || dotnet build "$project" -c Release -v q -nologo --disable-build-servers >build.log 2>&1 || { cat build.log >&2; rm -f build.log; exit 1; }
done
rm -f build.log

work=$(mktemp -d "${TMPDIR:-/tmp}/sluice-run.XXXXXX")
seeds=127.0.0.1:${ports[2]},127.0.0.1:${ports[6]}

# start NAME RESP REPLICATION SILO GATEWAY
start() {
    dotnet Silo/bin/Release/net10.0/Sluice.Silo.dll --name "$1" --data "$work/$1" --port "$2" --replication-port "$3" --silo-port "$4" --gateway-port "$5" \
        --seeds "$seeds" --shards 16 >"$work/$1.log" 2>&1 </dev/null &
    started+=($!)
}

# serves PORT: the node there counts its keys, so it has joined and has its shards
serves() {
    local reply
    reply=$( (exec 3<>"/dev/tcp/127.0.0.1/$1" && printf 'DBSIZE\r\n' >&3 && IFS= read -r -t 5 line <&3 && printf %s "$line") 2>/dev/null) || return 1
    [ "${reply:0:1}" = ":" ]
}

# wait_for PORT PID: until the node serves, 60 s at the most
wait_for() {
    for _ in $(seq 300); do
        serves "$1" && return 0
        kill -0 "$2" 2>/dev/null || { echo "run.sh: a node ended while it started" >&2; return 1; }
        sleep 0.2
    done
    echo "run.sh: the node at port $1 does not serve after 60 s" >&2
    return 1
}

# The node that joins first becomes primary of all shards: A.
start A "${ports[0]}" "${ports[1]}" "${ports[2]}" "${ports[3]}"
wait_for "${ports[0]}" "${started[0]}"
start B "${ports[4]}" "${ports[5]}" "${ports[6]}" "${ports[7]}"
wait_for "${ports[4]}" "${started[1]}"

# In the background, so that a signal to this script is acted upon at once.
dotnet Client/Cli/bin/Release/net10.0/sluice.dll demo "$dir" --primary A --replica B \
    --connect "127.0.0.1:${ports[3]},127.0.0.1:${ports[7]}" ${JSON:+--json} </dev/null &
started+=($!)
wait "${started[2]}"
