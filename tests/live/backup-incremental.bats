#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The second run: rsync, restic and borg go by times, sizes and inode numbers. What has not changed
# they copy no more, and they miss nothing that has, however soon after the last run.

load lib

setup_maps() {
    start_daemon
    mkdir "$MNT/hash" "$MNT/array,type=array,max_entries=4" "$MNT/percpu,type=percpu_hash" "$MNT/still"
    for i in {1..2}; do
        put hash "$i" 11
        put array "$((i - 1))" 11
        put_cpu "$i" 11
        put still "$i" 11
    done
    bpftool prog load "$BUILD/tests/counters.bpf.o" "$ELSEWHERE/count" pinmaps "$PINS"
    printf '\0\0\0\0\0\0\0\0\0\0\0\0\x88\xb5\7%.0s' 1 >"$TMP/frame"
    head -c 49 /dev/zero >>"$TMP/frame"
    put step 0 11
    count
}

# In the values of all CPUs.
put_cpu() { set_bytes percpu "$(le 4 "$1")" "$(le 8 "$2")"; }

# The program adds its step to kinds/7, and to frames/0 on one CPU.
count() { bpftool prog run pinned "$ELSEWHERE/count" data_in "$TMP/frame" data_out - >"$TMP/log"; }

# Each tool: first_TOOL; again_TOOL says which files it copies; recall_TOOL: the last run, as
# $TMP/recalled.

first_rsync() { rsync -a "$MNT/" "$TMP/recalled"; }
again_rsync() { rsync -ai "$MNT/" "$TMP/recalled"; }
recall_rsync() { :; }

first_restic() {
    export RESTIC_REPOSITORY=$TMP/restic RESTIC_PASSWORD=none RESTIC_CACHE_DIR=$TMP/cache
    restic init >"$TMP/log"
    again_restic
}

# Directories have times that move when keys come and go, and end with a slash.
again_restic() {
    (cd "$MNT" && restic backup -vv .) >"$TMP/log"
    sed -nE 's#^(new|modified) +/(.*[^/]), saved .*#\1 \2#p' "$TMP/log"
}

recall_restic() {
    rm -rf "$TMP/recalled"
    restic restore latest --target "$TMP/recalled" >"$TMP/log"
}

# Of what it reads, borg does not trust the files that are the newest of a run, all of one time, and
# reads them anew at the next: DISTRUSTED.
first_borg() {
    export BORG_BASE_DIR=$TMP/borg BORG_REPO=$TMP/borg/repo
    mkdir "$TMP/borg"
    borg init --encryption none
    again_borg >"$TMP/log"
}

again_borg() {
    RUN=$((${RUN:-0} + 1))
    (cd "$MNT" && borg create --list --filter=AM "::$RUN" . 2>&1)
    find "$MNT" -type f -printf '%C@ %P\n' | sort -n >"$TMP/times"
    mapfile -t DISTRUSTED < <(awk 'NR == FNR { last = $1; next } $1 == last { print $2 }' "$TMP/times"{,})
}

recall_borg() {
    rm -rf "$TMP/recalled"
    mkdir "$TMP/recalled"
    (cd "$TMP/recalled" && borg extract "::$RUN")
}

# copies TOOL [NAME...]: it copies these files.
copies() {
    local want
    want=$(printf '%s\n' "${@:2}" "${DISTRUSTED[@]}" | sed '/^$/d' | sort -u)
    "again_$1" >"$TMP/copied" && equal "$want" "$(sed 's/^[^ ]* *//' "$TMP/copied" | sort)"
}

recalled_is_there() { "recall_$1" && diff -r "$MNT" "$TMP/recalled"; }

# second_runs TOOL
second_runs() {
    setup_maps
    "first_$1"
    copies "$1"
    copies "$1"
    for number in 12 11 13 12 11; do
        put hash 1 "$number"
        copies "$1" hash/1
    done
    copies "$1"
    put hash 2 12
    put hash 2 11
    copies "$1" # nobody has seen it
    put array 0 12
    copies "$1" array/0
    put_cpu 2 12
    copies "$1" percpu/2
    count
    copies "$1" frames/0 kinds/7
    copies "$1"
    put still 9 11
    again_"$1" >"$TMP/copied"
    grep -q 'still/9$' "$TMP/copied"
    drop still 9
    put still 9 12
    copies "$1" still/9
    recalled_is_there "$1"
    copies "$1"
}

caught_up() { again_"$1" >"$TMP/copied" && recalled_is_there "$1" && copies "$1"; }

# while_changing TOOL: values change between listing and reading, and while they are read. The
# program and the process of backup_live.c stand still at the end of each round.
while_changing() {
    start_daemon
    spawn "$BUILD/tests/backup_live" "$BUILD/tests/backup_live.bpf.o" "$PINS" "$TMP/counts"
    writer=${HELPERS[-1]}
    eventually test -s "$TMP/counts"
    "first_$1"
    for round in 1 2; do
        again_"$1" >"$TMP/copied"
        ((round == 1)) || grep -q hash_small/ "$TMP/copied"
        kill -STOP "$writer"
        eventually grep -q '^State:.*stopped' "/proc/$writer/status"
        status=0
        caught_up "$1" || status=1
        kill -CONT "$writer"
        ((status == 0))
    done
}

@test "rsync: what has changed, and nothing else" { second_runs rsync; }
@test "restic: what has changed, and nothing else" { second_runs restic; }
@test "borg: what has changed, and nothing else" { second_runs borg; }

@test "rsync: nothing is missed while values change" { while_changing rsync; }
@test "restic: nothing is missed while values change" { while_changing restic; }
@test "borg: nothing is missed while values change" { while_changing borg; }
