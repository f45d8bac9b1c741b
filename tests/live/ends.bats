#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# How the daemon ends, whatever is open then, and how it comes back.

load lib

# For a second more the kernel believes what it knows of the mount: so does who looks for it.
kill_hard() {
    kill_daemon
    eventually not mountpoint -q "$MNT"
}

# What a shell starts in the background ignores SIGINT, and the daemon leaves that so.
hear_sigint() {
    printf '#!/bin/sh\nexec env --default-signal=INT "%s" "$@"\n' "$BPFMAPFS" >"$TMP/daemon"
    chmod +x "$TMP/daemon"
    BPFMAPFS=$TMP/daemon
}

# The daemon is sent SIG once or more often, and has to end with 0, unmounted.
end_by() { # SIGNAL...
    local pid=${DAEMONS[$MNT]} sig status=0
    unset "DAEMONS[$MNT]"
    for sig in "$@"; do kill -s "$sig" "$pid" || true; done
    eventually not running "$pid" || { kill -9 "$pid" && return 1; }
    wait "$pid" || status=$?
    equal 0 "$status" "exit status after $*"
    ! in_mount_table "$MNT"
}

no_helper_runs() {
    local pid
    for pid in "${HELPERS[@]}"; do ! running "$pid" || return 1; done
}

running() { grep -qs '^State:.[^Z]' "/proc/$1/status"; }
refused_log() { grep -q "$1" "$TMP/daemon.log"; }

# Everything that may be open: files, directories, halves, dumps in both directions.
open_things() {
    start_daemon
    mkdir "$MNT/m,max_entries=20000"
    seq 2000 | sed 's/.*/{"key":&,"value":&}/' >"$MNT/m/.dump"
    exec 20<"$MNT/m/1"
    read -r -u 20 _
    exec 21>"$MNT/m/5000"
    echo 77 >&21 # whole: it is stored
    exec 22>"$MNT/m/5001"
    printf 0x >&22 # half
    exec 23<"$MNT/m/.dump"
    read -r -u 23 _
    exec 24>"$MNT/m/.dump"
    printf '{"key":6000,"value":6}\n{"key":6001,' >&24
    exec 25>"$MNT/m/.save"
    echo 78 >&25
    exec 26>"$MNT/m/5002" # blank
    spawn env -C "$MNT/m" sleep 1000
}

close_things() { exec 20<&- 21>&- 22>&- 23<&- 24>&- 25>&- 26>&-; } 2>/dev/null

values_are_right() {
    equal "1 2000 77 6 none none none" \
        "$(get m 1) $(get m 2000) $(get m 5000) $(get m 6000) $(get m 5001) $(get m 6001) $(get m 5002)"
}

@test "SIGTERM and SIGINT with everything open" {
    hear_sigint
    for sig in TERM INT; do
        open_things
        end_by "$sig"
        close_things
        stop_helpers
        values_are_right
        start_daemon
        equal 77 "$(<"$MNT/m/5000")"
        refused ENOENT cat "$MNT/m/5001"
        rm -r "$MNT/m"
        stop_daemon
    done
}

@test "SIGTERM twice, and with SIGINT and SIGHUP behind it" {
    open_things
    end_by TERM TERM
    close_things
    stop_helpers
    values_are_right
    start_daemon
    end_by TERM INT HUP
}

@test "SIGTERM again and again until it is gone" {
    start_daemon
    mkdir "$MNT/m,max_entries=20000"
    seq 20000 | sed 's/.*/{"key":&,"value":&}/' >"$MNT/m/.dump"
    find "$MNT/m" -size 0 # so that there is something to free
    pid=${DAEMONS[$MNT]}
    unset "DAEMONS[$MNT]"
    for _ in {1..100000}; do
        running "$pid" || break
        kill -s TERM "$pid" || true
    done
    not running "$pid" || { kill -9 "$pid" && false; }
    wait "$pid"
    not in_mount_table "$MNT"
}

@test "SIGTERM while dumps are read and written" {
    open_things
    close_things
    stop_helpers
    spawn bash -c 'for _ in {1..10000}; do cat "$1" || break; done' bash "$MNT/m/.dump" \
        >"$TMP/dumps" 2>/dev/null
    spawn bash -c '
        for _ in {1..10000}; do
            seq 10000 10500 | sed "s/.*/{\"key\":&,\"value\":1}/" >"$1" || break
        done' bash "$MNT/m/.dump" >/dev/null 2>&1
    eventually has_key 10500
    eventually was_dumped_twice
    end_by TERM
    eventually no_helper_runs
    equal 2000 "$(get m 2000)"
    start_daemon
    equal 2000 "$(<"$MNT/m/2000")"
}

has_key() { [[ $(get m "$1") != none ]]; }
was_dumped_twice() { (($(grep -c '^{"key":1,' "$TMP/dumps") >= 2)); }

@test "SIGTERM with readers of .stream that wait" {
    start_daemon
    mkdir -p "$PINS"
    bpftool map create "$PINS/ring" type ringbuf name ring entries 4096
    eventually test -d "$MNT/ring"
    for _ in 1 2 3; do spawn cat "$MNT/ring/.stream" 2>>"$TMP/readers"; done
    eventually all_wait
    end_by TERM
    eventually no_helper_runs
}

all_wait() {
    local pid
    for pid in "${HELPERS[@]}"; do grep -q '^0 ' "/proc/$pid/syscall" || return 1; done
}

@test "SIGTERM and kill -9 in the middle of a restore: it goes on where it was" {
    for how in TERM KILL; do
        start_daemon
        mkdir "$MNT/m"
        (umask 077 && python3 -c '
import os, sys
fd = os.open(os.path.join(sys.argv[1], "abc"), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
os.write(fd, b"1\n")' "$MNT/m")
        equal abc "$(names "$MNT/m")"
        if [[ $how == TERM ]]; then end_by TERM; else kill_hard; fi
        start_daemon
        equal m "$(names "$MNT")"
        printf 'type=hash\nkey=char[8]\nvalue=u64\nmax_entries=16\n' >"$MNT/m/.map"
        refused ENOENT cat "$MNT/m/abc" # what waited is gone with the daemon: a restore is run again
        echo 1 >"$MNT/m/abc"
        equal 1 "$(<"$MNT/m/abc")"
        rm -r "$MNT/m"
        stop_daemon
    done
}

WRITER='import os, sys
directory, first = sys.argv[1], int(sys.argv[2])
for key in range(first, first + 20000):
    with open(os.path.join(directory, str(key)), "wb", buffering=0) as f:
        f.write(b"%d\n" % (key + 1))
        print(key, flush=True)'

@test "kill -9 under heavy writing: what was acknowledged is there" {
    start_daemon
    mkdir "$MNT/m,max_entries=100000"
    for writer in 1 2 3 4; do
        spawn "$PYTHON" -c "$WRITER" "$MNT/m" $((writer * 20000)) >"$TMP/writer$writer" 2>/dev/null
    done
    eventually has_lines 500
    kill_hard
    eventually no_helper_runs
    start_daemon
    bpftool -j map dump pinned "$PINS/m" >"$TMP/dump"
    py <<'CODE'
import glob, json
tmp = os.environ["BATS_TEST_TMPDIR"]
stored = {}
for entry in json.load(open(tmp + "/dump")):
    number = [int(b, 16) for b in entry["key"]]
    stored[int.from_bytes(bytes(number), "little")] = \
        int.from_bytes(bytes(int(b, 16) for b in entry["value"]), "little")
acknowledged = [int(line) for name in glob.glob(tmp + "/writer*") for line in open(name) if line.endswith("\n")]
assert len(acknowledged) >= 500
for key in acknowledged:
    assert stored.get(key) == key + 1, key
    assert text(f"m/{key}") == f"{key + 1}\n"
CODE
}

has_lines() { (($(cat "$TMP"/writer* | wc -l) >= $1)); }

# name: id, of all maps whose names are ours.
shown() {
    local dir
    for dir in "$MNT"/*"t$$"*; do
        echo "${dir##*/}: $(awk '$1 == "id:" { print $2 }' "$dir/.info")"
    done
}

# A map without a pin, until the test has ended.
hold_map() { # NAME
    mkfifo "$TMP/commands"
    exec 27<>"$TMP/commands"
    spawn bash -c 'exec "$1" - <"$2"' bash "$BUILD/tests/lifetime" "$TMP/commands" >"$TMP/holder"
    echo "make $1" >&27
    eventually grep -qx '[0-9]*' "$TMP/holder"
}

@test "after kill -9 the same names lead to the same maps" {
    SCOPE=all start_daemon
    mkdir "$MNT/a-t$$" "$MNT/b-t$$"
    elsewhere one "t$$"
    elsewhere two "t$$"
    elsewhere three "a_t$$"
    hold_map "t$$"
    eventually shows 6
    kill_hard
    SCOPE=all start_daemon
    before=$(shown)
    kill_hard
    SCOPE=all start_daemon
    equal "$before" "$(shown)"
    mv "$MNT/a-t$$" "$MNT/c-t$$"
    before=$(shown)
    kill_hard
    refused - ls "$MNT"
    SCOPE=all start_daemon
    equal "$before" "$(shown)"
    equal 1 "$(grep -c " $MNT " /proc/self/mounts)" mounts
}

shows() { equal "$1" "$(shown | wc -l)"; }

@test "umount -l with open files: the daemon ends when the last is closed" {
    start_daemon
    mkdir "$MNT/m"
    echo 5 >"$MNT/m/1"
    exec 20<>"$MNT/m/1"
    exec 21>"$MNT/m/2"
    umount -l "$MNT"
    pid=${DAEMONS[$MNT]}
    sleep 0.2
    kill -0 "$pid"
    echo 6 >&21
    exec 21>&-
    equal 6 "$(get m 2)"
    kill -0 "$pid"
    exec 20<&-
    eventually not running "$pid"
    stop_daemon
}

is_daemon() { [[ $(readlink "/proc/$1/exe") == "$2" ]]; }

@test "signals while it starts" {
    daemon=$(realpath "$BPFMAPFS")
    hear_sigint
    for pause in 0 0.001 0.005 0.01 0.02 0.05; do
        for sig in TERM INT HUP; do
            "$BPFMAPFS" -f -o "pindir=$PINS,scope=pinned" "$MNT" >>"$TMP/daemon.log" 2>&1 3>&- &
            pid=$!
            eventually is_daemon "$pid" "$daemon"
            sleep "$pause"
            kill -s "$sig" "$pid" || true
            eventually not running "$pid" || { kill -9 "$pid" && false; }
            wait "$pid" || true
            eventually not in_mount_table "$MNT"
        done
    done
    start_daemon
    mkdir "$MNT/m"
}
