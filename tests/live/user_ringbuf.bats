#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# User ring buffers: .push, and a BPF program that drains what was pushed.

load lib

ring() { mkdir "$MNT/$1,type=user_ringbuf,max_entries=${2:-4096}"; }

# start_program MAP: it drains the ring whenever drained() asks it to.
start_program() {
    coproc PROGRAM { "$BUILD/tests/drain" "$BUILD/tests/drain.bpf.o" "$PINS/$1" 2>"$TMP/program.log" 3>&-; }
    HELPERS+=("$PROGRAM_PID")
    drained >"$TMP/out"
}

# The records that have come since, in hex.
drained() {
    local line
    echo >&"${PROGRAM[1]}"
    read -r -t 10 line <&"${PROGRAM[0]}" || { cat "$TMP/program.log" && return 1; }
    echo "${line% }"
}

@test "a program gets what is pushed" {
    start_daemon
    ring u
    start_program u
    equal '' "$(drained)"
    echo '01 02 03' >"$MNT/u/.push"
    equal 010203 "$(drained)"
    printf '0xff\n0102030405060708090a\n' >"$MNT/u/.push"
    printf 'ab cd' >"$MNT/u/.push"
    equal 'ff 0102030405060708090a abcd' "$(drained)"
    equal '' "$(drained)"
}

@test "by a type that is laid over it" {
    start_daemon
    ring u
    start_program u
    echo 'value=struct{u32 a;be16 port;char name[4];}' >"$MNT/u/.types"
    printf '%s\n' '{"a":258,"port":80,"name":"x"}' '{}' >"$MNT/u/.push"
    equal '020100000050780000000000 000000000000000000000000' "$(drained)"
    refused EINVAL store "$MNT/u/.push" '01 02'
    refused EINVAL store "$MNT/u/.push" '{"b":5}'
    : >"$MNT/u/.types"
    echo 01 >"$MNT/u/.push"
    equal 01 "$(drained)"
}

@test "values=raw: a record is what one write brings" {
    start_daemon -o values=raw
    ring u
    start_program u
    printf abc >"$MNT/u/.push"
    printf '\1\2\3\4\5\6' | dd of="$MNT/u/.push" bs=4 status=none
    equal '616263 01020304 0506' "$(drained)"
    echo value=u16 >"$MNT/u/.types"
    printf '\1\2\3\4\5\6' | dd of="$MNT/u/.push" bs=5 status=none
    equal '0102 0304 0506' "$(drained)"
}

@test "values=raw: a write that may come in pieces is no record" {
    start_daemon -o values=raw
    ring u 4194304
    start_program u
    head -c 3000000 /dev/zero >"$TMP/zeroes"
    refused EFBIG dd if="$TMP/zeroes" of="$MNT/u/.push" bs=3000000
    refused EFBIG dd if="$TMP/zeroes" of="$MNT/u/.push" bs=131073 count=1
    grep -q 'what one write(2) brings' "$MNT/.error_log"
    dd if="$TMP/zeroes" of="$MNT/u/.push" bs=131072 count=1 status=none
    equal "$(printf '00%.0s' {1..56})" "$(drained)" # of a long one the program keeps these
}

@test "a ring that is full, until it is drained" {
    start_daemon
    ring u
    start_program u
    echo value=u64 >"$MNT/u/.types"
    refused ENOSPC bash -c 'seq 1000 | cat >"$1"' bash "$MNT/u/.push"
    grep -q 'line 257: the ring is full: the program has not drained it yet' "$MNT/.error_log"
    read -ra all <<<"$(drained)"
    equal "$(seq 256 | paste -sd' ')" "$(in_numbers "${all[@]}")"
    echo 7 >"$MNT/u/.push"
    equal 7 "$(in_numbers "$(drained)")"
}

in_numbers() {
    local all=() hex
    for hex; do all+=("$((0x${hex:14:2}${hex:12:2}${hex:10:2}${hex:8:2}${hex:6:2}${hex:4:2}${hex:2:2}${hex:0:2}))"); done
    echo "${all[*]}"
}

@test "around the ring many times" {
    start_daemon
    ring u
    start_program u
    for ((i = 1; i <= 60; i++)); do
        bytes=$(seq -s '' -f %02g 1 $((i % 50 + 1)))
        for _ in {1..30}; do echo "$bytes"; done >"$TMP/lines"
        cat "$TMP/lines" >"$MNT/u/.push"
        equal "$(paste -sd' ' "$TMP/lines")" "$(drained)"
    done
}

# many WRITER: a thousand records.
many() { seq "$1"000 "$1"999 | sed 's/../& /'; }

@test "writers at the same time" {
    start_daemon
    ring u 65536
    start_program u
    local pids=() i
    for i in 1 2 3 4; do many "$i" >"$TMP/lines.$i"; done
    for i in 1 2 3 4; do
        cat "$TMP/lines.$i" >"$MNT/u/.push" 3>&- &
        pids+=($!)
    done
    for i in "${pids[@]}"; do wait "$i"; done
    drained >"$TMP/line"
    tr ' ' '\n' <"$TMP/line" >"$TMP/all"
    equal 4000 "$(wc -l <"$TMP/all")"
    for i in 1 2 3 4; do
        equal "$(many "$i" | tr -d ' ' | cksum)" "$(grep "^$i" "$TMP/all" | cksum)"
    done
}

@test "writers of two mounts at the same time" {
    start_daemon
    ring u 65536
    start_program u
    another_mountpoint
    MNT=$OTHER start_daemon
    local pids=() i mounts=("$MNT" "$OTHER")
    for i in 1 2 3 4; do many "$i" >"$TMP/lines.$i"; done
    for i in 1 2 3 4; do
        cat "$TMP/lines.$i" >"${mounts[i % 2]}/u/.push" 3>&- &
        pids+=($!)
    done
    for i in "${pids[@]}"; do wait "$i"; done
    drained >"$TMP/line"
    tr ' ' '\n' <"$TMP/line" >"$TMP/all"
    equal 4000 "$(wc -l <"$TMP/all")"
    for i in 1 2 3 4; do
        equal "$(many "$i" | tr -d ' ' | cksum)" "$(grep "^$i" "$TMP/all" | cksum)"
    done
}

@test "threads and processes take turns" {
    start_daemon
    ring u 65536
    start_program u
    "$BUILD/tests/userpush" "$PINS/u" 2 1000 1 3>&- &
    "$BUILD/tests/userpush" "$PINS/u" 2 1000 3
    wait $!
    drained >"$TMP/line"
    tr ' ' '\n' <"$TMP/line" >"$TMP/all"
    equal 4000 "$(wc -l <"$TMP/all")"
    for i in 1 2 3 4; do
        equal "$(seq 0 999 | xargs printf "0$i%04x\n" | cksum)" "$(grep "^0$i" "$TMP/all" | cksum)"
    done
}

@test "what is no record" {
    start_daemon
    ring u
    for text in 1 x '' '01 2' 010; do refused EINVAL store "$MNT/u/.push" "$text"; done
    grep -q 'written as hex, two digits a byte' "$MNT/.error_log"
    refused EFBIG bash -c 'yes 00 | head -n 5000 | tr -d "\n" | dd bs=64K iflag=fullblock status=none of="$1"' bash "$MNT/u/.push"
    grep -q 'never fits: the ring has 4096 bytes' "$MNT/.error_log"
    head -c 8176 /dev/zero | tr '\0' 0 >"$TMP/largest"
    cat "$TMP/largest" >"$MNT/u/.push"
    refused ENOSPC store "$MNT/u/.push" 00
}

@test "it has this end only" {
    start_daemon
    ring u
    equal .map "$(names -A "$MNT/u")"
    refused ENOENT cat "$MNT/u/.pop"
    refused ENOENT cat "$MNT/u/.peek"
    refused EACCES cat "$MNT/u/.push"
    grep -q 'only BPF programs take them out' "$MNT/.error_log"
    equal 200 "$(stat -c %a "$MNT/u/.push")"
    grep -q 'records have no keys: .push' "$MNT/u/.info"
    tar -C "$MNT" -cf "$TMP/u.tar" u
    rm -r "$MNT/u"
    tar -C "$MNT" -xf "$TMP/u.tar"
    [[ $(info "$PINS/u") == *'"type":"user_ringbuf"'*'"max_entries":4096'* ]]
}

@test "frozen, and a read-only mount" {
    start_daemon
    ring u
    start_program u
    ring v
    echo 1 >"$MNT/v/.frozen"
    refused EROFS store "$MNT/v/.push" 01
    remount -o ro
    refused EROFS store "$MNT/u/.push" 01
    equal '' "$(drained)"
}
