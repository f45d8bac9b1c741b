#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# libbpf's pinning by name (LIBBPF_PIN_BY_NAME): a loader takes the maps that are there, if they are
# as it would make them. So it must take those that a restore through the mount has made, and those
# that mkdir made by hand; its program then goes on where the last one stopped.

load lib
load backup

OBJECT=$BUILD/tests/neighbours_reuse.bpf.o
ALL=16383 # what `count` returns when it has counted in all maps that it knows
FLOW=10.0.0.1,443,6,0

# loader [PROGRAM=RUNS...]: $TMP/loaded has what it did, of each map and program.
loader() {
    timeout 60 "$BUILD/tests/neighbours_load" "$OBJECT" "$PINS" "$@" \
        </dev/null >"$TMP/loaded" 2>"$TMP/libbpf"
}
maps_that_were() { awk -v how="$1" '$2 == how { print $1 }' "$TMP/loaded" | sort -V | paste -sd' '; }
returned() { equal "$2" "$(awk -v name="$1" '$1 == name && $2 == "returned" { print $3 }' "$TMP/loaded")" "$1"; }

nothing_left() { equal '' "$(names "$MNT")"; }

# Is any of the maps that the last loader had still there?
any_alive() {
    awk '$2 ~ /^(made|reused)$/ { print "^" $3 ":" }' "$TMP/loaded" >"$TMP/ids"
    bpftool map show | grep -qf "$TMP/ids"
}

# As a user fills what a loader made: his own links and limits, whose types maps of maps forget.
first_run() {
    mkdir "$PINS"
    start_daemon
    loader
    equal '' "$(maps_that_were reused)"
    eventually test -e "$MNT/outer/.map"
    echo "key=struct{ipv4 source;be16 port;u8 proto;u8 zero}" >"$MNT/outer/.types"
    ln -s ../inner "$MNT/outer/$FLOW"
    ln -s ../inner "$MNT/outer_slots/2"
    echo 9 >"$MNT/limits/2"
    loader count=3
    equal '' "$(maps_that_were made)"
    returned count "$ALL"
}

# The loader has ended: without pins nothing keeps the maps.
lose_all() {
    any_alive
    rm "$PINS"/*
    eventually not any_alive
    eventually nothing_left
}

# taken_again RUNS: the maps that are pinned now, with what they have.
taken_again() {
    local there
    there=$(names "$PINS")
    loader "count=$1" tell=1
    equal '' "$(<"$TMP/libbpf")"
    equal '' "$(maps_that_were made)"
    equal "$there" "$(maps_that_were reused)"
    returned count "$ALL"
    returned tell 9
}

# Said by bpftool; the programs run on CPU 0, whose values come first.
counted() { # N
    local map flow='0a 00 00 01 01 bb 06 00'
    for map in flows flow_cpus; do begins "$map" "$flow" "$1"; done
    for map in recent recent_cpus slots slot_cpus mapped untyped timers; do
        begins "$map" '02 00 00 00' "$1"
    done
    begins blocked '20 00 00 00 0a 00 00 01' "$1"
    begins sparse '00 00 00 00 00 01 00 00' "$1"
    begins inner '02 00 00 00' $((2 * $1)) # by two maps of maps
    begins bss '00 00 00 00' "$1"
    equal "$(le 4 0)$(le 4 0)$(le 8 "$1")" "$(bytes_of locks '02 00 00 00') " locks
}

begins() { # MAP KEY NUMBER
    local bytes
    bytes=$(bytes_of "$1" "$2" | head -n 1)
    equal "$(le 8 "$3")" "${bytes::23} " "$1"
}

@test "lost, restored by tar, cp -a and the script: the loader takes all of them again, and counts on" {
    local how
    first_run
    counted 3
    mkdir "$TMP/copy"
    quiet tar -C "$MNT" -cf "$TMP/maps.tar" .
    quiet cp -a "$MNT/." "$TMP/copy"
    quiet scripts/bpfmapfs-backup -q -m "$MNT" "$TMP/dir"
    zoo_fingerprint "$TMP/before"
    for how in "tar -C $MNT -xf $TMP/maps.tar" "cp -a $TMP/copy/. $MNT" \
        "scripts/bpfmapfs-restore -q -m $MNT $TMP/dir"; do
        lose_all
        read -ra how <<<"$how"
        silent "${how[@]}"
        came_back
        counted 3
        taken_again 4
        counted 7
    done
}

@test "restored over maps that a loader holds: its program goes on with what they then have" {
    first_run
    quiet tar -C "$MNT" -cf "$TMP/maps.tar" .
    start_loader
    echo count=5 >&"${LOADER[1]}"
    until_said "count returned $ALL"
    counted 8
    quiet tar -C "$MNT" -xf "$TMP/maps.tar" --exclude=rodata # is frozen
    counted 3
    echo '{"step":10}' >"$MNT/data/0"
    echo count=1 >&"${LOADER[1]}"
    until_said "count returned $ALL"
    counted 13
}

start_loader() {
    coproc LOADER { exec "$BUILD/tests/neighbours_load" "$OBJECT" "$PINS" hold; } 3>&-
    HELPERS+=("$LOADER_PID")
    until_said ready
}

until_said() {
    local line
    while read -r -t 20 line <&"${LOADER[0]}"; do
        [[ $line != "$1" ]] || return 0
    done
    return 1
}

@test "constants: frozen by the loader, restored unfrozen, which no loader minds, and frozen by hand" {
    first_run
    equal 1 "$(<"$MNT/rodata/.frozen")"
    quiet tar -C "$MNT" -cf "$TMP/maps.tar" .
    lose_all
    silent tar -C "$MNT" -xf "$TMP/maps.tar"
    equal 0 "$(<"$MNT/rodata/.frozen")"
    equal '{"wanted":5}' "$(<"$MNT/rodata/0")"
    taken_again 1
    equal 0 "$(<"$MNT/rodata/.frozen")" # libbpf freezes what it made itself
    echo 1 >"$MNT/rodata/.frozen"
    refused EROFS store "$MNT/rodata/0" '{"wanted":6}'
    taken_again 1
    counted 5
}

@test "made by mkdir as the program wants them: taken" {
    start_daemon
    while read -r spec; do mkdir "$MNT/$spec,max_entries=16" || return; done <<'END'
flows,key=struct{be32 source;be16 port;u8 proto;u8 zero},value=struct{u64 packets;u64 bytes}
recent,type=lru_hash,key=u32,value=16
flow_cpus,type=percpu_hash,key=8,value=struct{u64 packets;u64 bytes}
recent_cpus,type=lru_percpu_hash,key=u32,value=u64,map_flags=no_common_lru
blocked,type=lpm_trie,key=ipv4_prefix,value=u64
sparse,key=u64,value=u64,map_flags=no_prealloc|zero_seed
limits,key=u32,value=u32,map_flags=rdonly_prog
inner,key=u32,value=u64
todo,type=queue,value=struct{u64 packets;u64 bytes}
traces,type=stack_trace,value=80
END
    mkdir "$MNT/mapped,type=array,value=u64,max_entries=4,map_flags=mmapable" \
        "$MNT/outer,type=hash_of_maps,key=8,max_entries=16,inner=inner" \
        "$MNT/outer_slots,type=array_of_maps,max_entries=4,inner=inner" \
        "$MNT/known,type=bloom_filter,value=u32,max_entries=100,map_extra=3" \
        "$MNT/records,type=ringbuf,max_entries=4096" \
        "$MNT/tasks,type=task_storage,value=struct{u64 packets;u64 bytes}"
    echo "{\"packets\":100}" >"$MNT/flows/$FLOW"
    echo 100 >"$MNT/blocked/10.0.0.1_32"
    echo 9 >"$MNT/limits/2"
    echo 'key=struct{ipv4 source;be16 port;u8 proto;u8 zero}' >"$MNT/outer/.types"
    ln -s ../inner "$MNT/outer/$FLOW"
    ln -s ../inner "$MNT/outer_slots/2"
    there=$(names "$PINS")
    loader count=3 tell=1
    equal "$there" "$(maps_that_were reused)"
    returned count "$ALL"
    returned tell 9
    equal '{"packets":103,"bytes":0}' "$(<"$MNT/flows/$FLOW")"
    equal 103 "$(<"$MNT/blocked/10.0.0.1_32")"
    begins inner '02 00 00 00' 6
    equal '{"packets":3,"bytes":5}' "$(<"$MNT/todo/.peek")"
    equal "$(le 8 3)$(le 8 5)" "$(timeout 20 dd if="$MNT/records/.stream" bs=4096 count=1 status=none | record_bytes) "
}

# Records without types are bytes in hex.
record_bytes() { tr -s ' \n' ' ' | sed 's/ *$//'; }

@test "made by mkdir with anything that differs: libbpf says so and names it, and rm -r is the way out" {
    start_daemon
    while read -r name rest; do
        mkdir "$MNT/$name,$rest"
        not loader
        grep -qF "libbpf: couldn't reuse pinned map at '$PINS/$name': parameter mismatch" "$TMP/libbpf"
        [[ -e $MNT/$name/.map ]]
        find "$PINS" -type f ! -name "$name" -delete # those that it had made before it gave up
        rm -r "${MNT:?}/$name"
    done <<'END'
flows type=lru_hash,key=8,value=16,max_entries=16
flows key=4,value=16,max_entries=16
flows key=8,value=8,max_entries=16
flows key=8,value=16,max_entries=17
flows key=8,value=16,max_entries=16,map_flags=no_prealloc
recent_cpus type=lru_percpu_hash,key=u32,value=u64,max_entries=16
known type=bloom_filter,value=u32,max_entries=100,map_extra=4
records type=ringbuf,max_entries=8192
END
    eventually nothing_left
    loader count=1
    equal '' "$(maps_that_were reused)"
}

@test "types that libbpf does not compare, and the kernel does: a lock that is not there" {
    start_daemon
    mkdir "$MNT/flows,key=u64,value=u8[16],max_entries=16"
    loader count=1
    equal flows "$(maps_that_were reused)"
    rm "$PINS"/*
    eventually not test -e "$MNT/locks"
    mkdir "$MNT/locks,key=u32,value=struct{u32 a;u32 limit;u64 packets},max_entries=16"
    not loader
    grep -qi 'spin_lock' "$TMP/libbpf"
    rm -r "${MNT:?}/locks"
    loader
    equal '' "$(grep -x 'locks reused' "$TMP/loaded")"
}
