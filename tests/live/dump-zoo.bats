#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# .dump of maps of every kind: what it gives, loaded into an empty map of the same spec, makes an
# equal map, as bpftool sees it (contract, section 9).

load lib
load backup
load dump

# What these have nobody can list.
UNLISTED=(only-{xskmap,queue,stack,bloom_filter,ringbuf,user_ringbuf,perf_event_array,cgroup_array,sk_storage,inode_storage,arena})
# These are read, and filled by their owners alone.
UNFILLED=(only-{stack_trace,sockmap,sockhash,reuseport_sockarray})

map_names() { entries "$MNT"; }
is_unlisted() { [[ " ${UNLISTED[*]} " == *" $1 "* ]]; }
of_maps() { grep -q '^type=.*_of_maps$' "$TMP/specs/$1"; }

# dump_zoo: specs and dumps of all maps into $TMP/specs and $TMP/dumps.
dump_zoo() {
    local map
    mkdir -p "$TMP/specs" "$TMP/dumps"
    while IFS= read -r map; do
        cat "$MNT/$map/.map" >"$TMP/specs/$map"
        is_unlisted "$map" || cat "$MNT/$map/.dump" >"$TMP/dumps/$map" || return
    done < <(map_names)
}

# load_zoo: links last, for what they lead to must be there.
load_zoo() {
    local map pass
    for pass in plain links; do
        while IFS= read -r map; do
            [[ " ${UNFILLED[*]} " != *" $map "* ]] || continue
            if of_maps "$map"; then [[ $pass == links ]] || continue; else [[ $pass == plain ]] || continue; fi
            cat "$TMP/dumps/$map" >"$MNT/$map/.dump" || {
                echo "$map: $(tail -n 3 "$MNT/.error_log")"
                return 1
            }
        done < <(cd "$TMP/dumps" && find . -type f -printf '%P\n')
    done
}

listed_maps() {
    local map
    while IFS= read -r map; do
        is_unlisted "$map" || LISTED+=("$map")
    done < <(map_names)
    ((${#LISTED[@]} > 50))
}

@test "every map of the zoo: all lines are JSON that says what the files say; altered, emptied, loaded" {
    start_daemon
    make_zoo
    LISTED=()
    listed_maps
    check_lines "${LISTED[@]}"
    equal '' "$(<"$MNT/.error_log")"
    thaw_zoo
    zoo_fingerprint "$TMP/before"
    dump_zoo
    alter_zoo
    echo 1 >"$MNT/many/1" # which no load removes
    load_zoo
    equal 1 "$(get many 1)"
    rm "$MNT/many/1"
    came_back
    for map in "$MNT"/*/; do
        find "$map" -mindepth 1 -depth ! -name .map -delete
    done
    zoo_fingerprint "$TMP/emptied"
    not cmp -s "$TMP/before" "$TMP/emptied"
    load_zoo
    came_back
}

@test "every map of the zoo, made again from .map and loaded" {
    start_daemon
    make_zoo
    zoo_fingerprint "$TMP/before"
    dump_zoo
    remove_zoo
    while IFS= read -r map; do
        mkdir "$MNT/$map"
        cat "$TMP/specs/$map" >"$MNT/$map/.map"
    done < <(cd "$TMP/specs" && find . -type f -printf '%P\n')
    load_zoo
    came_back
}

@test "what a frozen map has is read, and nothing is loaded" {
    start_daemon
    zoo_arrays
    dump=$(<"$MNT/frozen/.dump")
    equal "$(lines 0 0 1 0 2 5 3 0)" "$dump"
    echo "$dump" >"$TMP/lines"
    not_loaded EROFS frozen "$TMP/lines" '.*[a-z]'
}

@test "maps whose entries nobody can list say so, and lack nothing else" {
    start_daemon
    zoo_empty
    for map in "${UNLISTED[@]}"; do
        [[ ! -d $MNT/$map ]] || not_dumped "$map" '[a-z]+ [a-z]+'
    done
}

@test "maps that nobody but others fill say so" {
    start_daemon
    zoo_empty
    echo '{"key":0,"value":0}' >"$TMP/lines"
    for map in "${UNFILLED[@]}"; do
        cmp "$MNT/$map/.dump" /dev/null
        not_loaded EOPNOTSUPP "$map" "$TMP/lines" '[a-z]+ [a-z]+'
    done
}
