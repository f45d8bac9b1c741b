#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# .stream of a ring buffer (section 3): reading takes records, and waits for them.

load lib

NUMBER=0 STRUCT=1 LONG=2 DISCARDED=3 QUIET=4 # kinds of records, see ringer.bpf.c

# The ring buffer $PINS/ring, and the program that fills it as $PINS/state says.
start_ringer() { # OPTION...
    mkdir -p "$PINS"
    bpftool prog loadall "$BUILD/tests/ringer.bpf.o" "$ELSEWHERE/ringer" pinmaps "$PINS"
    head -c 64 /dev/zero >"$TMP/frame"
    start_daemon "$@"
}

run_program() { # TIMES
    bpftool prog run pinned "$ELSEWHERE/ringer/produce" data_in "$TMP/frame" repeat "$1" >"$TMP/run"
}

set_state() { put state "$1" "$2"; }

# produce COUNT [KIND]: so many records more, which must have room.
produce() {
    local limit=$(($(get state 0) + $1))
    set_state 2 "${2:-$NUMBER}"
    set_state 1 "$limit"
    run_program "$1"
    equal "$limit" "$(get state 0)" produced
}

# Bytes that wait in the ring, and the consumer's position, as the kernel tells the program.
ring_state() {
    set_state 1 0
    run_program 1
    echo "$(get state 3) $(get state 4)"
}

start_reader() { # NAME: a cat whose output is $TMP/NAME; its pid is $READER
    spawn cat "$MNT/ring/.stream" >"$TMP/$1" 2>"$TMP/$1.err"
    READER=${HELPERS[-1]}
    eventually waits "$READER"
}

# Does the process wait inside of a read of the mount?
waits() { grep -q 'S (sleeping)' "/proc/$1/status" && grep -q '^0 ' "/proc/$1/syscall"; }
has() { equal "$2" "$(<"$TMP/$1")"; }
ended() { not kill -0 "$1" 2>/dev/null; }

@test "cat prints each record as it comes, and waits for more" {
    start_ringer
    start_reader out
    has out ''
    for i in 0 1 2; do
        produce 1
        eventually has out "$(seq 0 "$i")"
    done
    waits "$READER"
    produce 50
    eventually has out "$(seq 0 52)"
    produce 10 $DISCARDED
    eventually has out "$(seq 0 62)"
    equal 0 "$(ring_state | cut -d' ' -f1)"
}

@test "records that wake nobody come too" {
    start_ringer
    start_reader out
    produce 3 $QUIET
    eventually has out $'0\n1\n2'
}

@test "what came before is there, the oldest first" {
    start_ringer
    produce 100
    start_reader out
    eventually has out "$(seq 0 99)"
}

@test "Ctrl-C and kill -9 end a reader at once, and cost no record" {
    start_ringer
    for signal in INT TERM KILL; do
        # bash lets jobs in the background ignore SIGINT
        spawn "$PYTHON" -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execvp("cat", ["cat", sys.argv[1]])' "$MNT/ring/.stream" >"$TMP/out"
        reader=${HELPERS[-1]}
        HELPERS=()
        eventually waits "$reader"
        kill -"$signal" "$reader"
        eventually ended "$reader"
        status=0
        wait "$reader" || status=$?
        equal $((128 + $(kill -l "$signal"))) "$status"
    done
    produce 2
    start_reader after
    eventually has after $'0\n1'
    equal '' "$(<"$MNT/.error_log")"
}

@test "a reader that was stopped and goes on misses nothing" {
    start_ringer
    start_reader out
    kill -STOP "$READER"
    produce 20
    ls "$MNT" "$MNT/ring" >/dev/null
    kill -CONT "$READER"
    eventually has out "$(seq 0 19)"
}

@test "two readers together get each of 100,000 records once" {
    start_ringer
    start_reader one
    start_reader two
    set_state 2 $NUMBER
    set_state 1 100000
    until (($(get state 0) == 100000)); do run_program 2000; done
    together() { equal 100000 "$(cat "$TMP/one" "$TMP/two" | wc -l)"; }
    eventually together
    seq 0 99999 | cmp - <(sort -n "$TMP/one" "$TMP/two")
    for name in one two; do sort -nc "$TMP/$name"; done # each in order
    test -s "$TMP/one"
    test -s "$TMP/two"
}

@test "readers of two mounts together get each of 24,000 records once" {
    start_ringer
    another_mountpoint
    MNT=$OTHER start_daemon
    start_reader one
    MNT=$OTHER start_reader two
    set_state 2 $NUMBER
    set_state 1 24000
    until (($(get state 0) == 24000)); do run_program 500; done
    all_came() { equal 24000 "$(cat "$TMP/one" "$TMP/two" | wc -l)"; }
    eventually all_came
    seq 0 23999 | cmp - <(sort -n "$TMP/one" "$TMP/two")
    for name in one two; do sort -nc "$TMP/$name"; done # each in order
    equal 0 "$(ring_state | cut -d' ' -f1)"
}

@test "a type that .types lays over the map, and none" {
    start_ringer
    equal '' "$(<"$MNT/ring/.types")"
    start_reader out
    produce 1 $STRUCT
    eventually has out '00 00 00 00 00 00 00 00 00 00 00 00 6e 6f 00 00 00 00 00 00 00 00 00 00'
    echo 'value=struct{u64 sequence;s32 minus;char name[12];}' >"$MNT/ring/.types"
    grep -q '^value=struct{' "$MNT/ring/.types"
    : >"$TMP/out"
    produce 1 $STRUCT
    eventually grep -qaF '{"sequence":1,"minus":-1,"name":"no"}' "$TMP/out"
    : >"$TMP/out"
    produce 1 $NUMBER # of another size
    eventually grep -qa 2 "$TMP/out"
    : >"$MNT/ring/.types"
    equal '' "$(<"$MNT/ring/.types")"
    refused EINVAL store "$MNT/ring/.types" key=u32
}

@test ".map of a ring buffer says the same with types laid over it" {
    start_ringer
    before=$(<"$MNT/ring/.map")
    echo value=u64 >"$MNT/ring/.types"
    equal "$before" "$(<"$MNT/ring/.map")"
    grep -q 'long long value;' "$MNT/ring/.info"
}

@test "a record that is longer than a read stays with its reader" {
    start_ringer
    produce 2 $LONG
    py <<'CODE'
stream = os.open(path("ring/.stream"), os.O_RDONLY)
text = b""
while len(text) < 2 * 5008 * 3:
    part = os.read(stream, 100)
    assert 0 < len(part) <= 100
    text += part
lines = text.split(b"\n")
assert [len(line) for line in lines] == [5008 * 3 - 1] * 2 + [0], [len(line) for line in lines]
assert lines[0].startswith(b"00 00 00 00 00 00 00 00 "), lines[0][:30]
assert lines[1].startswith(b"01 00 00 00 00 00 00 00 "), lines[1][:30]
CODE
}

# The kernel asks on as long as it is given all that it asked for.
@test "a read that is filled to what the kernel asks for at once does not wait for more" {
    start_ringer -o max_read=4096
    produce 101
    timeout 10 dd if="$MNT/ring/.stream" bs=8192 count=1 status=none >"$TMP/first"
    equal "$(seq 0 100)" "$(<"$TMP/first")"
    equal 4096 "$(seq 101 1099 | wc -c)"
    produce 999
    timeout 10 dd if="$MNT/ring/.stream" bs=8192 count=1 status=none >"$TMP/rest"
    [ "$(seq 101 1098)" = "$(<"$TMP/rest")" ]
}

@test "O_NONBLOCK does not wait; there are no offsets; nobody writes" {
    start_ringer
    produce 3
    py <<'CODE'
stream = os.open(path("ring/.stream"), os.O_RDONLY | os.O_NONBLOCK)
refused(errno.ESPIPE, os.lseek, stream, 0, os.SEEK_SET)
refused(errno.ESPIPE, os.pread, stream, 10, 0)
assert os.read(stream, 4) == b"0\n1\n"
assert os.read(stream, 4096) == b"2\n"
refused(errno.EAGAIN, os.read, stream, 4096)
assert os.fstat(stream).st_size == 0
for flags in os.O_WRONLY, os.O_RDWR, os.O_RDONLY | os.O_TRUNC:
    refused(errno.EACCES, os.open, path("ring/.stream"), flags)
refused(errno.EACCES, os.truncate, path("ring/.stream"), 0)
CODE
    not grep read "$MNT/.error_log"
    refused - rm "$MNT/ring/.stream"
    refused - test -e "$MNT/state/.stream"
}

@test "processes that share a descriptor are each ended by a signal" {
    start_ringer
    spawn bash -c 'exec 7<"$1"; cat <&7 >"$2" & echo $! >"$2.pid"; exec cat <&7 >"$3"' \
        bash "$MNT/ring/.stream" "$TMP/one" "$TMP/two"
    second=$!
    eventually test -s "$TMP/one.pid"
    first=$(<"$TMP/one.pid")
    eventually waits "$first"
    eventually waits "$second"
    kill -9 "$second"
    eventually ended "$second"
    produce 1
    eventually has one 0
    equal '' "$(<"$TMP/two")"
    kill "$first"
    eventually ended "$first"
}

@test "twenty who wait hold up nobody" {
    start_ringer
    for i in {1..20}; do start_reader "out$i"; done
    timeout 10 ls -lR "$MNT" >/dev/null
    timeout 10 cat "$MNT/state/0"
    produce 40
    all() { equal 40 "$(cat "$TMP"/out* | wc -l)"; }
    eventually all
}

@test "more than may wait are told so" {
    start_ringer
    py <<'CODE'
import threading
def wait():
    try:
        os.read(os.open(path("ring/.stream"), os.O_RDONLY), 100)
    except OSError as e:
        results.append(e.errno)
results = []
for i in range(324):
    threading.Thread(target=wait, daemon=True).start()
deadline = time.monotonic() + 60
while len(results) < 4 and time.monotonic() < deadline:
    time.sleep(0.02)
assert results == [errno.EAGAIN] * 4, results
os.stat(path("state/0"))
os._exit(0)
CODE
    grep -q 'wait already' "$MNT/.error_log"
}

@test "a user who waits as often as he may leaves room for others" {
    start_ringer -o allow_other
    chmod 666 "$PINS/ring"
    mode_is() { equal 444 "$(stat -c %a "$MNT/ring/.stream")"; }
    eventually mode_is
    spawn "$PYTHON" -c 'import errno, os, sys, threading, time
def wait():
    try:
        os.read(os.open(".stream", os.O_RDONLY), 100)
    except OSError as e:
        os.write(1, b"%s\n" % errno.errorcode[e.errno].encode())
os.chdir(sys.argv[1]) # he may not be able to walk there
os.setuid(65534)
for i in range(70):
    threading.Thread(target=wait, daemon=True).start()
time.sleep(100)' "$MNT/ring" >"$TMP/refused"
    all_refused() { equal 6 "$(grep -c '^EAGAIN$' "$TMP/refused")"; }
    eventually all_refused
    start_reader out
    equal 6 "$(wc -l <"$TMP/refused")"
    grep -q '64 reads of yours wait already' "$MNT/.error_log"
}

@test "looking takes nothing: find, grep -r, tar, cp -a, and a mount that reads no stream" {
    start_ringer
    produce 7
    before=$(ring_state)
    find "$MNT" -type f -exec cat {} + >/dev/null
    grep -r . "$MNT" >/dev/null
    tar -C "$MNT" -cf "$TMP/tar" .
    cp -a "$MNT" "$TMP/copy"
    stat "$MNT/ring/.stream"
    test -r "$MNT/ring/.stream"
    not grep -q stream <<<"$(ls -A "$MNT/ring"; tar -tf "$TMP/tar")"
    equal "$before" "$(ring_state)"
    equal "$((7 * 16)) 0" "$before"
    start_reader out
    eventually has out "$(seq 0 6)"
    equal "0 $((7 * 16))" "$(ring_state)"
}

@test "who may not write the map may not read its stream" {
    start_ringer
    chmod 640 "$PINS/ring"
    stat_is() { equal "$1" "$(stat -c %a "$MNT/ring/.stream")"; }
    eventually stat_is 400
    chmod 660 "$PINS/ring"
    eventually stat_is 440
}

@test "not on a read-only mount, nor from a frozen map" {
    start_ringer
    produce 1
    echo 1 >"$MNT/ring/.frozen"
    refused EROFS cat "$MNT/ring/.stream"
    grep -q 'ring/.stream' "$MNT/.error_log"
    remount -o ro
    refused EROFS cat "$MNT/ring/.stream"
    equal 0 "$(stat -c %a "$MNT/ring/.stream")"
}

@test "the daemon ends while somebody waits" {
    start_ringer
    start_reader out
    kill -TERM "${DAEMONS[$MNT]}"
    eventually ended "$READER"
    HELPERS=()
    status=0
    wait "$READER" || status=$?
    equal 1 "$status"
    stop_daemon
}

@test "a map that loses its last pin lives as long as its stream is read" {
    start_ringer
    id=$(id_of "$PINS/ring")
    rm -r "$ELSEWHERE/ringer"
    start_reader out
    rmdir "$MNT/ring"
    map_exists "$id"
    kill "$READER"
    eventually not map_exists "$id"
}
