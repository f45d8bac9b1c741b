#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# -o snapshot: each map as it was when it was first looked into (contract, sections 1 and 8). $MNT is
# a plain mount of the same maps beside it.

load lib
load backup

LINK=s$$ # two interfaces, one of which is made with the other

eval "lib_$(declare -f teardown)"
teardown() {
    ip link del "${LINK}b" 2>/dev/null || true
    [[ ! -d ${CGROUP:-/none} ]] || rmdir "$CGROUP"
    lib_teardown
}

# start_snapshot [OPTION...]: on $SNAP.
start_snapshot() {
    another_mountpoint
    SNAP=$OTHER
    MNT=$SNAP start_daemon -o snapshot "$@"
}

# Two maps that a process changes as fast as it can: keys below 300 stay, with changing values,
# others come and go.
start_busy() {
    local map
    start_daemon
    mkdir "$MNT/busy,max_entries=2000" "$MNT/cpus,type=percpu_hash,max_entries=2000" \
        "$MNT/still,key=char[16],value=struct{u32 a;char[8] b;}"
    echo '{"a":1,"b":"text"}' >"$MNT/still/a key"
    for map in busy cpus; do
        "$BUILD/tests/mapload" fill "$PINS/$map" 0 300
        spawn "$BUILD/tests/mapload" churn "$PINS/$map" 1000 600 300
    done
}

# The writers end; all keys go, then all maps.
remove_busy() {
    stop_helpers
    rm -r -- "${MNT:?}"/*
    equal '' "$(find "$PINS" -mindepth 1)"
}

# What a backup of $SNAP in DIR has: every key that stays, as many as there are, and what stat says.
whole() {
    local map
    for map in busy cpus; do
        equal "$(seq 0 299)" "$(cd "$1/$map" && find . -maxdepth 1 -name '[0-9]*' -printf '%P\n' | sort -n | head -n 300)"
        equal "$(<"$SNAP/$map/.count")" "$(find "$1/$map" -name '[0-9]*' | wc -l)"
    done
    equal '{"a":1,"b":"text"}' "$(<"$1/still/a key")"
}

looks() { (cd "$1" && find . -mindepth 1 -printf '%p %y %i %s %b %m %U %G %T@ %C@ %l\n' | sort) >"$2"; }

# backup NAME, which a test says, makes $TMP/NAME of $SNAP. All maps are changed under the first
# one, and are gone before the second.
twice() {
    start_busy
    start_snapshot
    backup first
    looks "$SNAP" "$TMP/looks-first"
    remove_busy
    backup second
    looks "$SNAP" "$TMP/looks-second"
    check_equal "$TMP/looks-first" "$TMP/looks-second"
}

in_snapshot() { (cd "$SNAP" && "$@"); }

@test "cp -a, twice" {
    backup() { quiet cp -a "$SNAP" "$TMP/$1"; }
    twice
    whole "$TMP/first"
    check_equal "$TMP/first" "$TMP/second"
}

@test "tar, twice: the archives are the same bytes" {
    backup() { quiet tar -C "$SNAP" -cf "$TMP/$1.tar" .; }
    twice
    cmp "$TMP/first.tar" "$TMP/second.tar"
    mkdir "$TMP/first"
    quiet tar -C "$TMP/first" -xf "$TMP/first.tar"
    whole "$TMP/first"
}

@test "tar -g, twice: the second has nothing to add" {
    backup() { quiet tar -C "$SNAP" -cf "$TMP/$1.tar" -g "$TMP/list" .; }
    twice
    equal '' "$(tar -tf "$TMP/second.tar" | grep -v '/$')"
}

@test "rsync, twice: the second has nothing to do" {
    backup() { quiet rsync -a "$SNAP/" "$TMP/$1"; }
    twice
    whole "$TMP/first"
    check_equal "$TMP/first" "$TMP/second"
    silent rsync -ai --delete "$SNAP/" "$TMP/first"
    silent rsync -aci --delete "$SNAP/" "$TMP/first"
}

@test "cpio, twice: the archives are the same bytes" {
    backup() {
        quiet bash -o pipefail -c 'cd "$1" && find . -print0 | cpio -0 -o --quiet -H newc -O "$2"' \
            bash "$SNAP" "$TMP/$1.cpio"
    }
    twice
    cmp "$TMP/first.cpio" "$TMP/second.cpio"
    mkdir "$TMP/first"
    (cd "$TMP/first" && quiet cpio -idm --quiet -I "$TMP/first.cpio")
    whole "$TMP/first"
}

@test "restic, twice: the second has nothing to add" {
    export RESTIC_REPOSITORY=$TMP/repository RESTIC_PASSWORD=secret RESTIC_CACHE_DIR=$TMP/cache
    quiet restic init
    backup() {
        in_snapshot quiet restic backup --tag "$1" .
        mkdir "$TMP/$1"
        cp "$TMP/said" "$TMP/said-$1"
        quiet restic restore latest --target "$TMP/$1"
    }
    twice
    grep -qE '^Files: +0 new, +0 changed' "$TMP/said-second"
    whole "$TMP/first"
    check_equal "$TMP/first" "$TMP/second"
}

@test "borg, twice: the second has nothing to add" {
    export BORG_BASE_DIR=$TMP/base BORG_REPO=$TMP/repository
    quiet borg init --encryption none
    backup() {
        in_snapshot silent borg create "::$1" .
        mkdir "$TMP/$1"
        (cd "$TMP/$1" && silent borg extract "::$1")
    }
    twice
    silent borg diff ::first second
    whole "$TMP/first"
    check_equal "$TMP/first" "$TMP/second"
}

@test "a map of every kind: backed up when all are gone, and restored" {
    start_daemon
    make_zoo
    make_zoo_below
    zoo_fingerprint "$TMP/before"
    start_snapshot
    quiet tar -C "$SNAP" -cf "$TMP/first.tar" .
    remove_zoo_and_below
    quiet tar -C "$SNAP" -cf "$TMP/second.tar" .
    cmp "$TMP/first.tar" "$TMP/second.tar"
    mkdir "$PINS/below"
    quiet tar -C "$MNT" -xf "$TMP/second.tar"
    zoo_fingerprint "$TMP/after"
    check_equal "$TMP/before" "$TMP/after"
}

remove_zoo_and_below() {
    find "$PINS" -mindepth 1 -depth -delete
    equal '' "$(names "$MNT")"
}

@test "a snapshot shows what a plain mount does" {
    local name file
    start_daemon
    make_zoo
    remount # nothing is laid over maps, and no slot hidden
    start_snapshot
    quiet cp -a "$MNT" "$TMP/plain"
    quiet cp -a "$SNAP" "$TMP/snapshot"
    check_equal "$TMP/plain" "$TMP/snapshot"
    for name in flows many array cpus counts recent frozen blocked outer slots ways tails; do
        for file in .types .count .frozen; do
            equal "$(<"$MNT/$name/$file")" "$(<"$SNAP/$name/$file")" "$name/$file"
        done
    done
}

@test "many who look at once see one copy" {
    local looking=() i
    start_busy
    start_snapshot
    for i in {1..8}; do
        cp -a "$SNAP/busy" "$TMP/copy-$i" 3>&- &
        looking+=($!)
    done
    for i in "${looking[@]}"; do wait "$i"; done
    for i in {2..8}; do check_equal "$TMP/copy-1" "$TMP/copy-$i"; done
    equal "$(<"$SNAP/busy/.count")" "$(find "$TMP/copy-8" -name '[0-9]*' | wc -l)"
}

@test "a second snapshot, and the plain mount, go their own ways" {
    local first
    start_daemon
    mkdir "$MNT/m"
    put m 1 10
    start_snapshot
    first=$SNAP
    equal 10 "$(<"$first/m/1")"
    put m 1 11
    start_snapshot
    equal 11 "$(<"$SNAP/m/1")"
    echo 12 >"$MNT/m/1"
    equal '10 11 12' "$(cat "$first/m/1" "$SNAP/m/1" "$MNT/m/1" | paste -sd' ')"
    equal 12 "$(get m 1)"
}

@test "what is a first look, and what is none" {
    local look
    start_daemon
    mkdir "$MNT/m"
    start_snapshot
    none=('ls -l "$SNAP"' 'stat "$SNAP/m"' 'cat "$SNAP/m/.map"' 'stat "$SNAP/m/.map"'
        'cat "$SNAP/m/.info"' 'cat "$SNAP/m/.types"' 'cat "$SNAP/m/.frozen"')
    for look in "${none[@]}"; do
        eval "$look" >/dev/null
        grep -q '^snapshot:.*not taken yet' "$SNAP/m/.info" || { echo "copied: $look" && return 1; }
    done
    put m 1 10
    equal 10 "$(<"$SNAP/m/1")"
    put m 1 11
    equal 10 "$(<"$SNAP/m/1")"
    grep -q "^snapshot:.*taken at $(date -u +%Y)" "$SNAP/m/.info"
    for look in 'ls "$SNAP/m"' 'cat "$SNAP/m/.count"' 'stat "$SNAP/m/1"' 'stat "$SNAP/m/7"'; do
        stop_daemon "$SNAP"
        MNT=$SNAP start_daemon -o snapshot
        put m 1 20
        eval "$look" >/dev/null 2>&1 || [[ $look == *7* ]]
        put m 1 21
        equal 20 "$(<"$SNAP/m/1")" "$look"
    done
}

@test "the list of maps, names, owners and modes stand still" {
    start_daemon
    mkdir "$MNT/a" "$MNT/b" "$PINS/below"
    mkdir "$MNT/below/c"
    put a 1 10
    start_snapshot
    looks "$SNAP" "$TMP/before"
    mkdir "$MNT/new"
    mv "$MNT/b" "$MNT/renamed"
    chmod 644 "$PINS/a"
    chown 1:1 "$PINS/a"
    rmdir "$MNT/below/c"
    rmdir "$PINS/below"
    mkdir "$PINS/other"
    store "$MNT/a/.frozen" 1
    looks "$SNAP" "$TMP/after"
    check_equal "$TMP/before" "$TMP/after"
    equal 'a b below' "$(names "$SNAP")"
    equal c "$(names "$SNAP/below")"
}

@test "a map that goes before it is looked into is not there" {
    start_daemon
    mkdir "$MNT/early" "$MNT/late" "$MNT/outer,type=array_of_maps,max_entries=2,inner=early"
    ln -s ../early "$MNT/outer/0"
    ln -s ../late "$MNT/outer/1"
    put late 1 10
    start_snapshot
    ls "$SNAP/late" "$SNAP/outer" >/dev/null
    rm -r "$MNT/outer" "$MNT/late"
    rmdir "$MNT/early"
    equal 'late outer' "$(names "$SNAP")"
    refused ENOENT ls "$SNAP/early"
    refused ENOENT cat "$SNAP/early/.map"
    equal 10 "$(<"$SNAP/late/1")"
    equal '../early ../late' "$(readlink "$SNAP/outer/0" "$SNAP/outer/1" | paste -sd' ')"
    silent tar -C "$SNAP" -cf /dev/null .
}

@test "elements of tasks and cgroups that are gone" {
    local path=/snap-$$
    CGROUP=$(awk '$(NF - 2) == "cgroup2" { print $5; exit }' /proc/self/mountinfo)$path
    start_daemon
    mkdir "$MNT/tasks,type=task_storage,key=s32,value=u64"
    mkdir "$MNT/groups,type=cgrp_storage,key=s32,value=u64" || skip "no such maps on this kernel"
    spawn sleep 1000
    mkdir "$CGROUP"
    echo 7 >"$MNT/tasks/${HELPERS[0]}"
    echo 8 >"$MNT/groups/%2F${path#/}"
    start_snapshot
    looks "$SNAP" "$TMP/before"
    stop_helpers
    rmdir "$CGROUP"
    equal '' "$(names "$MNT/tasks")$(names "$MNT/groups")"
    looks "$SNAP" "$TMP/after"
    check_equal "$TMP/before" "$TMP/after"
    equal 7 "$(<"$SNAP/tasks/$(names "$SNAP/tasks")")"
    equal 8 "$(<"$SNAP/groups/%2F${path#/}")"
}

@test "names of interfaces stand still" {
    start_daemon
    ip link add "${LINK}a" type veth peer name "${LINK}b"
    mkdir "$MNT/ways,type=devmap,max_entries=4"
    echo "${LINK}a" >"$MNT/ways/1"
    echo "${LINK}b" >"$MNT/ways/2"
    start_snapshot
    looks "$SNAP/ways" "$TMP/before"
    ip link set "${LINK}a" name "${LINK}new"
    looks "$SNAP/ways" "$TMP/after"
    check_equal "$TMP/before" "$TMP/after"
    equal "${LINK}new" "$(<"$MNT/ways/1")"
    ip link del "${LINK}b"
    equal "${LINK}a ${LINK}b" "$(cat "$SNAP/ways/1" "$SNAP/ways/2" | paste -sd' ')"
    equal '' "$(names "$MNT/ways")"
}

@test "an offset in a listing leads to the same entry for ever" {
    start_busy
    start_snapshot
    py "$SNAP/busy" <<'CODE'
libc = ctypes.CDLL(None, use_errno=True)
libc.opendir.restype = libc.readdir.restype = ctypes.c_void_p
libc.telldir.restype = ctypes.c_long
libc.telldir.argtypes = libc.readdir.argtypes = libc.rewinddir.argtypes = [ctypes.c_void_p]
libc.seekdir.argtypes = [ctypes.c_void_p, ctypes.c_long]

def name(d):
    entry = libc.readdir(d)
    return ctypes.string_at(entry + 19).decode() if entry else None

d = libc.opendir(sys.argv[1].encode())
entries = []
while True:
    at = libc.telldir(d)
    entries.append((at, name(d)))
    if not entries[-1][1]:
        break
assert len(entries) > 300
for i in [*range(0, len(entries), 19), *range(len(entries) - 1, 0, -31)]:
    libc.seekdir(d, entries[i][0])
    assert name(d) == entries[i][1], entries[i]
libc.rewinddir(d)
assert [name(d) for _ in entries] == [n for _, n in entries]
CODE
}

@test "it is read-only, and stays so when it is mounted anew for writing" {
    local pass
    start_daemon
    mkdir "$MNT/m" "$MNT/q,type=queue,value=u32" "$MNT/r,type=ringbuf,max_entries=4096"
    put m 1 10
    echo 5 >"$MNT/q/.push"
    start_snapshot
    grep -q " $SNAP fuse.bpfmapfs ro," /proc/self/mounts
    for pass in ro rw; do
        mount -i -o "remount,$pass" "$SNAP"
        refused EROFS store "$SNAP/m/1" 11
        refused EROFS store "$SNAP/m/2" 11
        refused EROFS rm "$SNAP/m/1"
        refused EROFS mkdir "$SNAP/new"
        refused EROFS rmdir "$SNAP/q"
        refused EROFS store "$SNAP/m/.frozen" 1
        refused EROFS store "$SNAP/m/.types" key=4
        refused EROFS store "$SNAP/q/.push" 6
        refused EROFS cat "$SNAP/q/.pop"
        refused EROFS cat "$SNAP/r/.stream"
    done
    equal 5 "$(<"$SNAP/q/.peek")"
    equal 5 "$(<"$MNT/q/.pop")"
    equal 10 "$(get m 1)"
    equal 'm q r' "$(names "$MNT")"
}

@test "more than max_map_bytes is not copied, and .error_log says why" {
    start_daemon
    mkdir "$MNT/large,max_entries=20000" "$MNT/small"
    "$BUILD/tests/mapload" fill "$PINS/large" 0 20000
    put small 1 10
    start_snapshot -o max_map_bytes=100000
    refused ENOMEM ls "$SNAP/large"
    refused ENOMEM cat "$SNAP/large/5"
    equal 1 "$(grep -c '/large/: ENOMEM: .*max_map_bytes' "$SNAP/.error_log")"
    equal 10 "$(<"$SNAP/small/1")"
    equal '.map 1' "$(names -A "$SNAP/small")"
}

@test "a map that nobody holds is not disturbed, and has no elements" {
    start_daemon
    mkdir "$MNT/tails,type=prog_array,max_entries=4"
    bpftool prog load "$BUILD/tests/lifetime_block.bpf.o" "$ELSEWHERE/tail" type xdp
    echo "$ELSEWHERE/tail" >"$MNT/tails/3"
    start_snapshot
    equal 3 "$(names "$SNAP/tails")"
    rm "$PINS/tails"
    equal 3 "$(names "$SNAP/tails")"
}

@test "a hundred thousand keys" {
    start_daemon
    mkdir "$MNT/m,max_entries=100000"
    "$BUILD/tests/mapload" fill "$PINS/m" 0 100000
    start_snapshot
    equal 100000 "$(entries "$SNAP/m" | wc -l)"
    rm "$PINS/m"
    equal 100000 "$(<"$SNAP/m/.count")"
    equal '0 99999' "$(entries "$SNAP/m" | sort -n | sed -n '1p;$p' | paste -sd' ')"
    equal 77777 "$(<"$SNAP/m/77777")"
}
