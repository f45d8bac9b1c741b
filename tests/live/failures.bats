#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Each system call of the daemon fails once: the first, the second, … until a command is over before
# it comes to that. The command works or says why not, the map is as before or as after, the daemon
# lives, and the same command then works. LONG=1: more kinds of calls, and each of them.

# shellcheck disable=SC2317 # each_failure calls state

load lib

MOST=${LONG:+60}
MOST=${MOST:-2}

# strace counts per thread. A daemon with one worker (-s) makes all calls for a request in that; only
# what fetches ahead for a .dump counts on its own, so there more than one call may fail.
inject() { # CALL ERRNO N
    rm -f "$TMP/ready"
    strace -f -qq -e "trace=$1" -e "inject=$1:error=$2:when=$3" -e signal=none -o "$TMP/calls" \
        -p "${DAEMONS[$MNT]}" 2>"$TMP/strace" 3>&- &
    STRACE=$!
    eventually is_traced
}

# Each thread of it; those that have ended do not count.
is_traced() { ! grep -qs '^TracerPid:[[:space:]]*0$' "/proc/${DAEMONS[$MNT]}"/task/*/status; }

# Did it fail?
end_inject() {
    kill "$STRACE" 2>/dev/null || true
    wait "$STRACE" || true
    grep -q INJECTED "$TMP/calls"
}

# each_failure CALL ERRNO PREPARE COMMAND BEFORE AFTER: shell text; BEFORE and AFTER are what
# `state` may say then.
each_failure() {
    local n status got
    for ((n = 1; n <= MOST; n++)); do
        eval "$3"
        inject "$1" "$2" "$n"
        status=0
        timeout 10 bash -c "$4" >"$TMP/said" 2>&1 || status=$?
        if ! end_inject; then
            ((n > 1)) || { echo "$4 does without $1" && return 1; }
            ((status == 0)) || { echo "$4: $status without a failure: $(<"$TMP/said")" && return 1; }
            return 0
        fi
        kill -0 "${DAEMONS[$MNT]}"
        got=$(state)
        [[ $got == "$6" || ($status != 0 && $got == "$5") ]] || {
            echo "$4, with call $n of $1 failing: $status $(<"$TMP/said"); there is '$got'"
            return 1
        }
        if [[ $got != "$6" ]]; then
            timeout 10 bash -c "$4"
            equal "$6" "$(state)" "$4, again"
        fi
    done
}

state() { get m 1; }

start() {
    start_daemon -s
    mkdir "$MNT/m,max_entries=64"
}

@test "echo, with bpf(2) failing" {
    start
    for errno in ENOMEM EPERM; do
        each_failure bpf "$errno" 'put m 1 5' "echo 7 >$MNT/m/1" 5 7
    done
}

@test "rm and mv, with bpf(2) failing" {
    start
    each_failure bpf ENOMEM 'put m 1 5' "rm -f $MNT/m/1" 5 none
    state() { echo "$(get m 1) $(get m 2)"; }
    # between the two steps of it, both keys are there
    each_failure bpf ENOMEM 'put m 1 5; drop m 2 2>/dev/null || true' \
        "mv $MNT/m/1 $MNT/m/2 || { test -e $MNT/m/2 && mv $MNT/m/1 $MNT/m/2; }" '5 none' 'none 5'
}

@test "mkdir, rmdir and renaming, with calls on pins failing" {
    start
    state() { (cd "$PINS" && echo *); }
    for call in bpf newfstatat; do
        each_failure "$call" ENOMEM "rmdir $MNT/n 2>/dev/null || true" \
            "mkdir $MNT/n,max_entries=8" m 'm n'
        each_failure "$call" ENOMEM "[[ -d $MNT/n ]] || mkdir $MNT/n,max_entries=8" \
            "rmdir $MNT/n" 'm n' m
    done
    mkdir "$MNT/n,max_entries=8"
    each_failure renameat2 ENOMEM "mv $MNT/o $MNT/n 2>/dev/null || true" "mv $MNT/n $MNT/o" \
        'm n' 'm o'
}

many_keys() {
    mkdir "$MNT/many,max_entries=16384"
    seq -f '{"key":%.0f,"value":7}' 0 9999 >"$MNT/many/.dump"
    cat "$MNT/many/.dump" >"$TMP/dump"
    equal 10000 "$(wc -l <"$TMP/dump")"
}

# reads_all: a dump and a listing, or an error.
reads_all() {
    local status=0
    timeout 10 cat "$MNT/many/.dump" >"$TMP/got" 2>"$TMP/said" || status=$?
    ((status != 0)) || cmp "$TMP/got" "$TMP/dump"
    timeout 10 ls -U "$MNT/many" >"$TMP/got" 2>>"$TMP/said" || status=$?
    ((status != 0)) || equal 10000 "$(wc -l <"$TMP/got")"
}

@test "reading says all that there is, or fails" {
    start
    many_keys
    for call in bpf clone3; do
        for ((n = 1; n <= MOST; n++)); do
            inject "$call" EAGAIN "$n"
            reads_all
            if ! end_inject; then
                ((n > 1)) # else nothing has failed
                break
            fi
            kill -0 "${DAEMONS[$MNT]}"
            cmp - "$TMP/dump" <"$MNT/many/.dump"
        done
    done
}

@test "no thread to be had: .dump is read and written without, .stream says so" {
    start
    many_keys
    mkdir "$MNT/again,max_entries=16384" "$MNT/ring,type=ringbuf,max_entries=4096"
    inject clone3 EAGAIN 1+
    timeout 20 cat "$MNT/many/.dump" | cmp - "$TMP/dump"
    timeout 20 cp "$TMP/dump" "$MNT/again/.dump"
    timeout 20 cat "$MNT/ring/.stream" 2>"$TMP/said" && false
    grep -q 'temporarily unavailable' "$TMP/said"
    end_inject
    cmp <(sort "$MNT/again/.dump") <(sort "$TMP/dump")
}
