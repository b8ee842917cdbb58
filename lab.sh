#!/usr/bin/env bash
# The lab: real nodes in network namespaces, behind links of a rate that the lab sets and changes, measured from outside. `./lab.sh --help` tells the rest.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=install-packages.sh
. ./install-packages.sh

case " $* " in *" --help "* | *" -h "*)
    sed -n '/Usage = """/,/"""/p' Tests/Lab/LabOptions.cs | sed '1d;$d;s/^        //'
    exit 0 ;;
esac
# SLUICE_LAB_BUILT: the program, if it is built already.
project=${SLUICE_LAB_BUILT:-Tests/Lab/bin/Release/net10.0/Sluice.Lab.dll}

# The lab itself runs only as root, where namespaces can be made; listing and writing the docs need neither.
case " $* " in *" --list "* | *" --write-docs "*) runs= ;; *) runs=1 ;; esac
if [ -n "$runs" ]; then
    if [ "$(id -u)" -ne 0 ]; then
        echo "lab.sh needs root: it makes network namespaces (ip netns), shapes links (tc) and turns offloads off (ethtool). Try 'sudo ./lab.sh'." >&2
        exit 3
    fi
    need_packages iproute2 ethtool iperf3 rsync redis-server redis-tools procps librocksdb7.8
    probe=sluice-lab-probe-$$
    can=
    ip netns add "$probe" 2>/dev/null && ip -n "$probe" link add name eth0 type veth peer name eth1 2>/dev/null && ip -n "$probe" link add br0 type bridge 2>/dev/null \
        && ip netns exec "$probe" tc qdisc add dev eth0 root tbf rate 1mbit latency 400ms burst 128kb 2>/dev/null && can=1
    ip netns del "$probe" 2>/dev/null || true
    if [ -z "$can" ]; then
        echo "lab.sh: this machine does not let it make network namespaces with veth, bridge and tbf: run it on a host of its own or in a privileged container." >&2
        exit 3
    fi
fi
need_dotnet
if [ -z "${SLUICE_LAB_BUILT:-}" ]; then
    echo "building (Release)"
    log=$(mktemp)
    dotnet build Tests/Lab -c Release -v q -nologo --disable-build-servers >"$log" 2>&1 || { cat "$log" >&2; rm -f "$log"; exit 1; }
    rm -f "$log"
fi
[ -n "$runs" ] || exec dotnet "$project" "$@"

export SLUICE_LAB_ID="lab$$"
umask 077
SLUICE_LAB_DIRECTORY=$(mktemp -d "${TMPDIR:-/tmp}/sluice-lab.XXXXXX")
export SLUICE_LAB_DIRECTORY
lab=
# The program removes what it made; what is left after a crash of it is found by its names, which are this run's only.
clean() {
    local status=$? space
    trap - EXIT HUP INT TERM
    [ -z "$lab" ] || { kill -TERM "$lab" 2>/dev/null && wait "$lab" 2>/dev/null; } || true
    for space in $(ip netns list | sed 's/ .*//' | grep "^$SLUICE_LAB_ID-" || true); do
        ip netns pids "$space" | xargs -r kill -KILL 2>/dev/null || true
        ip netns del "$space" || true
    done
    case " $LAB_ARGUMENTS " in
        *" --keep "*) echo "data and logs are kept in $SLUICE_LAB_DIRECTORY" ;;
        *) rm -rf "$SLUICE_LAB_DIRECTORY" ;;
    esac
    exit "$status"
}
LAB_ARGUMENTS="$*"
trap clean EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# In the background, so that a signal to this script is acted upon at once.
dotnet "$project" "$@" </dev/null &
lab=$!
wait "$lab"
