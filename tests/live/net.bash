# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# What the tests of XDP maps share: a network namespace of the test's own, with the pairs va-vb and
# vc-vd, the maps of net_xdp.bpf.c below $PINS, its programs below $ELSEWHERE/prog, and a daemon in
# that namespace.

load lib

# shellcheck disable=SC2034 # lib.bash's
STRERROR[EOPNOTSUPP]='Operation not supported'
NETNS=bpfmapfs-test-$$
OTHER_NETNS=bpfmapfs-test-$$-other # made by who wants it
DAEMON=$BPFMAPFS
# shellcheck disable=SC2034 # for those who load this
MARKER=7 # of frames, and the slot that lets them through

in_netns() { nsenter "--net=/run/netns/$NETNS" "$@"; } # without ip's mounts, for bpffs

make_netns() {
    local pair link
    ip netns add "$NETNS"
    for pair in 'va vb' 'vc vd'; do
        in_netns ip link add name "${pair% *}" type veth peer name "${pair#* }"
    done
    for link in lo va vb vc vd; do in_netns ip link set "$link" up; done
}

# start_in_netns PROGRAM: frames that go into va meet it at vb.
start_in_netns() {
    make_netns
    mkdir -p "$PINS"
    bpftool prog loadall "$BUILD/tests/net_xdp.bpf.o" "$ELSEWHERE/prog" pinmaps "$PINS"
    in_netns bpftool net attach xdpgeneric pinned "$ELSEWHERE/prog/$1" dev vb
    daemon_in "$NETNS"
    start_daemon
}

# daemon_in NETNS: daemons are started there from now on.
daemon_in() {
    printf '#!/bin/sh\nexec nsenter --net=/run/netns/%s %q "$@"\n' "$1" "$DAEMON" >"$TMP/daemon-$1"
    chmod +x "$TMP/daemon-$1"
    BPFMAPFS=$TMP/daemon-$1
}

eval "lib_$(declare -f teardown)"
teardown() {
    local netns
    stop_helpers
    for netns in "$NETNS" "$OTHER_NETNS"; do
        [[ ! -e /run/netns/$netns ]] || ip netns del "$netns"
    done
    eventually remove_cgroups || true
    lib_teardown
}

index_of() { in_netns ip -o link show dev "$1" | cut -d: -f1; }

prog_id() { bpftool -j prog show pinned "$ELSEWHERE/prog/$1" | grep -o '"id":[0-9]*' | cut -d: -f2; }

# arrive AT KIND...: which of these frames, sent into va, arrive at the interface AT, and their
# marks if they have some: "0 1:13". A frame of the kind that is known to arrive goes last, so what
# has not come before it does not come; where CPUs hand over, AWAIT more have to come, in any order.
arrive() {
    in_netns "$PYTHON" - "${AWAIT:-0}" "$@" $MARKER <<'CODE'
import socket, sys
HEAD = b"\xff" * 6 + b"\x02" * 6 + b"\x88\xb5"
kinds = [int(word) for word in sys.argv[3:]]
inside = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x88b5))
inside.bind((sys.argv[2], 0x88b5))
inside.settimeout(10)
outside = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
outside.bind(("va", 0))
for kind in kinds:
    outside.send(HEAD + bytes([kind]) + bytes(45))
seen, marked = [], False
while not marked or len(seen) < int(sys.argv[1]):
    kind, mark = inside.recv(64)[14:16]
    marked |= kind == kinds[-1]
    if kind != kinds[-1]:
        seen.append((kind, mark))
print(*(f"{kind}:{mark}" if mark else kind for kind, mark in sorted(seen)))
CODE
}

octets() { od -An -v -tx1 "$1" | paste -sd' ' | tr -s ' ' | sed 's/^ //; s/ *$//'; }

# --- net_fds, a process that has sockets and the like: ask COMMAND... prints its answer

start_fds() {
    coproc FDS { in_netns "$BUILD/tests/net_fds"; } 3>&-
    HELPERS+=("$FDS_PID")
}

ask() {
    local answer
    echo "$*" >&"${FDS[1]}"
    read -r -t 60 answer <&"${FDS[0]}"
    echo "$answer"
    [[ $answer != error* ]]
}

# --- cgroups of the test's own: make_cgroup NAME prints its path; those below go first

unified() { awk '{ for (i = 6; i < NF; i++) if ($i == "-" && $(i + 1) == "cgroup2") { print $5; exit } }' /proc/self/mountinfo; }

make_cgroup() {
    local cgroup
    cgroup=$(unified)/bpfmapfs-test-$$-$1
    mkdir -p "$cgroup"
    echo "$cgroup"
}

remove_cgroups() {
    local root
    root=$(unified)
    [[ -z $root ]] || find "$root" -depth -type d -path "$root/bpfmapfs-test-$$-*" -exec rmdir {} +
}

# --- what the kernel has, and what the tree says

# has MAP KEY IFNAME: what the kernel has there.
has() { equal "$(le 4 "$(index_of "$3")")" "$(bytes_of "$1" "$(le 4 "$2")") "; }

# absent MAP KEY
absent() { equal "" "$(bytes_of "$1" "$(le 4 "$2")")"; }

# explained ERRNO SENTENCE FILE TEXT
explained() {
    echo >"$MNT/.error_log"
    refused "$1" store "$MNT/$3" "$4"
    grep -F -- "$2" "$MNT/.error_log" || { cat "$MNT/.error_log" && false; }
}
