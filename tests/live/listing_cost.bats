#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# What listing costs the daemon: system calls by the batch and not by the key, and memory that goes
# back to the system once the kernel has forgotten the keys.
# shellcheck disable=SC2012 # ls is what is tested

load editing

KEYS=100000

# A map of so many keys, mounted, and looked into once.
given_many() {
    start_daemon
    mkdir "$MNT/m,max_entries=$KEYS"
    "$BUILD/tests/mapload" fill "$PINS/m" 0 "$KEYS"
    stat "$MNT/m" "$MNT/m/0" >/dev/null
}

# calls SET COMMAND...: how many of those system calls the daemon makes meanwhile, in $CALLS; what
# the command says is in $TMP/said.
calls() {
    local pid=${DAEMONS[$MNT]}
    spawn strace -f -qq -e trace="$1" -e signal=none -o "$TMP/calls" -p "$pid" 2>"$TMP/strace"
    eventually traced "$pid"
    shift
    "$@" >"$TMP/said"
    stop_helpers
    CALLS=$(wc -l <"$TMP/calls")
    echo "$CALLS calls: $*"
}

numbers_in() { grep -v ^total "$1" | grep -oE '[0-9]+$' | sort -n; }

@test "names of 100,000 keys take no system call a key" {
    given_many
    calls 'bpf,%file,%desc' ls -f "$MNT/m"
    cmp <(numbers_in "$TMP/said") <(seq 0 $((KEYS - 1)))
    ((CALLS > 0 && CALLS < KEYS / 20))
    calls bpf ls -f "$MNT/m"
    ((CALLS > 0 && CALLS < KEYS / 200)) # one opens the map for each reply, one reads a batch
}

@test "attributes of 100,000 keys take none either" {
    given_many
    calls 'bpf,%file' ls -lU "$MNT/m"
    cmp <(numbers_in "$TMP/said") <(seq 0 $((KEYS - 1)))
    awk '$1 != "total" && $5 != length($NF) + 1 { print; wrong = 1 } END { exit wrong }' "$TMP/said"
    ((CALLS > 0 && CALLS < KEYS / 50))
}

@test "names of 300 maps take no system call of bpf(2) a map" {
    start_daemon
    for i in {1..300}; do echo "$MNT/m$i,type=array,key=u32,value=u32,max_entries=1"; done | xargs mkdir
    names "$MNT" >/dev/null
    calls bpf ls "$MNT"
    equal 300 "$(wc -l <"$TMP/said")"
    ((CALLS > 0 && CALLS < 20))
    calls bpf ls -lU "$MNT"
    equal 301 "$(wc -l <"$TMP/said")" # with the total
    ((CALLS < 30))
}

# In KiB. A sanitizer's own bookkeeping is not what is measured.
resident() { awk '/^VmRSS/ { print $2 }' "/proc/${DAEMONS[$MNT]}/status"; }
is_sanitized() { nm "$BPFMAPFS" | grep -q __asan_init; }

# The kernel drops what it can, and what the daemon has then is at most that.
is_down_to() {
    echo 2 >/proc/sys/vm/drop_caches
    echo "$(resident) KiB"
    (($(resident) <= $1))
}

@test "what a listing with attributes takes is at most 160 bytes a key, and goes again" {
    ! is_sanitized || skip "the sanitizer's memory is not the daemon's"
    given_many
    ls -f "$MNT/m" >/dev/null
    eventually is_down_to 16384
    idle=$(resident)
    ls -lU "$MNT/m" >"$TMP/said"
    equal $((KEYS + 1)) "$(wc -l <"$TMP/said")" # with the total
    echo "$(($(resident) - idle)) KiB more than $idle"
    (($(resident) - idle < KEYS * 160 / 1024))
    eventually is_down_to $((idle + 8192))
    equal 1 "$(<"$MNT/m/1")"
}
