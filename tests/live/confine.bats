#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# What a mounted daemon has given up: /proc says so of each of its threads. What it then cannot do is
# tests/unit/test_fs_confine.c; that it can do all that it should is every other test.

load lib

# Bits of linux/capability.h.
READS=$((1 << 1 | 1 << 19 | 1 << 21 | 1 << 34 | 1 << 39)) # dac_override sys_ptrace sys_admin syslog bpf
WRITES=$((1 << 0 | 1 << 3 | 1 << 4 | 1 << 12))            # chown fowner fsetid net_admin

daemon() { echo "${DAEMONS[$MNT]}"; }

# says WANT NAME: what the status of every thread of the daemon says. A worker may end meanwhile.
says() {
    local status got count=0
    for status in /proc/"$(daemon)"/task/*/status; do
        got=$(awk -v name="$2:" '$1 == name { print $2 }' "$status" 2>/dev/null) || continue
        [[ $got ]] || continue
        equal "$1" "$got" "$2 of $status" || return 1
        count=$((count + 1))
    done
    ((count > 0))
}

has_just() { # CAPABILITIES
    local set
    for set in CapEff CapPrm; do says "$(printf '%016x' "$1")" "$set"; done
    for set in CapBnd CapInh CapAmb; do says 0000000000000000 "$set"; done
}

# Threads of every kind: several workers, one for streams, one that fetches for .dump.
use_threads() {
    local i listing=()
    mkdir "$MNT/m" "$MNT/ring,type=ringbuf,max_entries=4096"
    for i in {1..20}; do echo "$i" >"$MNT/m/$i"; done
    spawn cat "$MNT/ring/.stream"
    exec 5<"$MNT/m/.dump"
    read -r -n 1 <&5
    for i in {1..8}; do
        ls -lR "$MNT" >"$TMP/listed$i" 3>&- &
        listing+=($!)
    done
    wait "${listing[@]}"
}

@test "no more capabilities than are used, in all threads, and no way to others" {
    start_daemon
    use_threads
    (($(find "/proc/$(daemon)/task" -mindepth 1 -maxdepth 1 | wc -l) > 2))
    has_just $((READS | WRITES))
    says 1 NoNewPrivs
    [[ $SANITIZE ]] || says 2 Seccomp
    exec 5<&-
}

@test "-o ro and -o snapshot keep less" {
    start_daemon -o ro
    has_just "$READS"
    stop_daemon
    start_daemon -o snapshot
    has_just "$READS"
    equal '' "$(names "$MNT")"
}

@test "no core is dumped, whatever the limits were" {
    ulimit -S -c unlimited 2>/dev/null || true
    start_daemon
    equal '0 0' "$(awk '/^Max core file size/ { print $5, $6 }' "/proc/$(daemon)/limits")"
}

@test "in the background, too, and started with less than root has" {
    start_background -o scope=pinned
    DAEMONS["$MNT"]=$(daemon_of "$MNT")
    has_just $((READS | WRITES))
    umount "$MNT"
    unset "DAEMONS[$MNT]"
    capsh --drop=cap_net_raw,cap_sys_module,cap_sys_ptrace,cap_syslog -- -c 'exec "$@"' bash \
        "$BPFMAPFS" -f -o "pindir=$PINS,scope=pinned" "$MNT" >>"$TMP/daemon.log" 2>&1 3>&- &
    DAEMONS["$MNT"]=$!
    eventually mountpoint -q "$MNT"
    has_just $(((READS | WRITES) & ~(1 << 19 | 1 << 34)))
    mkdir "$MNT/m"
    echo 1 >"$MNT/m/1"
    equal 1 "$(get m 1)"
}
