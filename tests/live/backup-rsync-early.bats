#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# rsync: goes by name, so it makes keys before their .map; and it may be cut off
# (contract, section 8).

load lib
load backup
load rsync

# Names of keys that sort before .map, of a map that is no bare mkdir's; big values; 2,100 numbers.
make_early() {
    local name
    mkdir "$MNT/early,key=char[300],value=char[24],max_entries=40"
    for name in %2Fetc -5 + ' x' ! '"' '#' '$' '&' "'" '(' ')' '*' '-' '--delete' %2E %2Emap %2C '*.c'; do
        echo "<$name>" >"$MNT/early/$name"
    done
    name=$(printf -- '-%.0s' {1..290})
    mkdir "$MNT/early/${name::240}"
    echo long >"$MNT/early/${name::240}/${name:240}"
    name=!$(printf ' %.0s' {1..290})
    mkdir "$MNT/early/${name::240}"
    echo longer >"$MNT/early/${name::240}/${name:240}"
    mkdir "$MNT/big,key=s16,value=char[200000],max_entries=8" "$MNT/huge,key=char[4],value=100000,max_entries=4"
    for name in -1 -32768 0 7; do
        head -c $((100000 + name)) /dev/zero | tr '\0' x >"$MNT/big/$name"
    done
    printf '%02x' 1 2 3 >"$TMP/short"
    head -c 100000 /dev/urandom | xxd -p | tr -d '\n' | tee "$MNT/huge/-" "$MNT/huge/a" >/dev/null
    mkdir "$MNT/below zero,key=s64,value=u64,max_entries=4096"
    for ((name = -2100; name < 3; name++)); do echo $((name + 3000)) >"$MNT/below zero/$name"; done
}

@test "rsync -a, keys that sort before .map" {
    start_daemon
    make_early
    into_empty
    ways '-a --inplace' '-a --partial' '-a --no-inc-recursive'
}

@test "rsync -a, keys that sort before .map, into maps by -o mkdir" {
    start_daemon
    make_early
    zoo_fingerprint "$TMP/before"
    backup
    remove_zoo
    remount -o mkdir=key=s16,value=4
    restore
    came_back
    rm -r "${MNT:?}"/*
    remount -o mkdir=type=array,key=u32,value=u64,max_entries=8
    restore
    came_back
}

@test "rsync -a, 5,000 keys that sort before .map" {
    start_daemon
    mkdir "$MNT/m,key=s64,value=u64,max_entries=5000"
    backup
    rm -r "$MNT/m"
    py "$TMP/copy/m" <<'CODE'
for i in range(1, 5001):
    with open(f"{sys.argv[1]}/-{i}", "w") as f:
        f.write(f"{i * i}\n")
CODE
    restore
    dump m >"$TMP/dump"
    py "$TMP/dump" <<'CODE'
import json
def number(words): return int.from_bytes(bytes(int(b, 0) for b in words), sys.byteorder, signed=True)
got = {number(e["key"]): number(e["value"]) for e in json.load(open(sys.argv[1]))}
assert got == {-i: i * i for i in range(1, 5001)}, len(got)
CODE
    silent rsync -a "$MNT/" "$TMP/again"
    check_equal "$TMP/copy" "$TMP/again"
}

# --- interrupted

# cut_off MAP CONDITION...: a slow rsync of that map, or of all (.), is killed as soon as that is true.
cut_off() {
    spawn setsid rsync -aR --bwlimit=10 "$TMP/copy/./$1" "$MNT"
    eventually "${@:2}"
    kill -9 -- "-${HELPERS[-1]}"
    wait "${HELPERS[-1]}" || true
    unset 'HELPERS[-1]'
}

has_many() { (($(names "$MNT/$1" | wc -w) > $2)); }

@test "rsync -a, killed before .map is there, and run again" {
    start_daemon
    make_early
    zoo_fingerprint "$TMP/before"
    backup
    remove_zoo
    cut_off 'below zero' has_many 'below zero' 500
    not test -e "$MNT/below zero/.map"
    equal '' "$(find "$MNT" -name '.*.??????')"
    restore
    came_back
}

@test "rsync -a, killed in the middle of maps, and run again" {
    start_daemon
    make_zoo
    mkdir "$MNT/crowd,key=u32,value=u64,max_entries=2048"
    "$BUILD/tests/mapload" fill "$PINS/crowd" 1000000 2000
    zoo_fingerprint "$TMP/before"
    backup
    remove_zoo
    cut_off crowd has_many crowd 200
    not has_many crowd 1990
    cut_off crowd has_many crowd 400
    not has_many crowd 1990
    restore
    came_back
}
