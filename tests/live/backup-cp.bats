#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# cp: maps to a disk and back (contract, section 8).

# shellcheck disable=SC2317 # into_empty and over_existing call backup and restore
load lib
load backup

backup() { quiet cp -a "$MNT" "$TMP/copy"; }
restore() { quiet cp -a "$TMP/copy/." "$MNT"; }

@test "cp -a, into an empty mount" {
    start_daemon
    make_zoo
    into_empty
}

@test "cp -a, map by map, into another mount" {
    start_daemon
    make_zoo
    zoo_fingerprint "$TMP/before"
    backup
    remove_zoo
    remount
    quiet cp -a -- "$TMP"/copy/* "$MNT"
    came_back
}

@test "cp -a, over maps with other contents" {
    start_daemon
    make_zoo
    over_existing
}

@test "cp -a, twice" {
    start_daemon
    make_zoo
    into_empty
    thaw_zoo
    restore
    came_back
}

@test "cp -r, which keeps no times and modes" {
    start_daemon
    make_zoo
    backup() { quiet cp -r "$MNT" "$TMP/copy"; }
    restore() { quiet cp -r "$TMP/copy/." "$MNT"; }
    into_empty
}

@test "cp -a, a copy of a copy, whose inodes have another order" {
    start_daemon
    make_zoo
    backup() {
        quiet cp -a "$MNT" "$TMP/first"
        shuffled "$TMP/first" "$TMP/copy"
        check_equal "$TMP/first" "$TMP/copy"
    }
    into_empty
}

@test "cp -a, of a directory that only its owner may enter" {
    start_daemon
    mkdir "$MNT/m"
    echo 1 >"$MNT/m/1"
    backup() { (umask 077 && mkdir "$TMP/copy" && cp -r "$MNT/m" "$TMP/copy"); }
    into_empty
}

@test "cp -a, from a mount that is read-only" {
    start_daemon
    make_zoo
    zoo_fingerprint "$TMP/before"
    stop_daemon
    start_daemon -o ro
    backup
    stop_daemon
    start_daemon
    remove_zoo
    restore
    came_back
}

@test "cp -a, the modes and owners of maps, from a snapshot" {
    start_daemon
    mkdir "$MNT/m,max_entries=9"
    echo 5 >"$MNT/m/1"
    chmod 770 "$MNT/m"
    chown 7:8 "$MNT/m"
    remount -o snapshot
    backup
    remount
    remove_zoo
    restore
    equal '660 7 8' "$(stat -c '%a %u %g' "$PINS/m")"
}

@test "cp -a, a directory below pindir" {
    start_daemon
    make_zoo_below
    into_empty
}

@test "cp -a, a map under another name" {
    start_daemon
    make_zoo
    backup
    while read -r from to; do
        quiet cp -a "$TMP/copy/$from" "$MNT/$to"
        quiet cp -a "$MNT/$from" "$MNT/$to-too"
        check_equal "$MNT/$from" "$MNT/$to"
        for map in "$from" "$to" "$to-too"; do
            zoo_fingerprint "$TMP/$map" "$map"
            sed -i 1d "$TMP/$map"
            check_equal "$TMP/$from" "$TMP/$map"
        done
    done <<'END'
flows other
texts a-words
many zz-many
array some-slots
long very-long
k_nested nested
outer z-outer
slots a-slots
END
}

@test "cp -a, what a restore does not know stays" {
    start_daemon
    what_stays
}

@test "cp -a, over a map of another spec, is refused and changes nothing" {
    start_daemon
    mkdir "$MNT/m,key=char[4],value=u8,max_entries=4"
    echo 1 >"$MNT/m/one"
    backup
    rm -r "$MNT/m"
    mkdir "$MNT/m,key=char[8],value=u8,max_entries=4"
    echo 2 >"$MNT/m/two"
    zoo_fingerprint "$TMP/before"
    refused EEXIST cp -a "$TMP/copy/m/.map" "$MNT/m"
    grep -q 'm/.map: EEXIST' "$MNT/.error_log"
    came_back
}

@test "cp -a, into a map that is too small" {
    start_daemon
    mkdir "$MNT/m"
    for key in 1 2 3 4; do echo "$key" >"$MNT/m/$key"; done
    backup
    rm -r "$MNT/m"
    mkdir "$MNT/m,max_entries=2"
    put m 9 9
    rm "$TMP/copy/m/.map"
    refused ENOSPC cp -a "$TMP/copy/m" "$MNT"
    equal 9 "$(get m 9)"
    equal 2 "$(names "$MNT/m" | wc -w)"
}

@test "cp -u, what is not newer is not copied, and what is changed is" {
    start_daemon
    mkdir "$MNT/m"
    echo 1 >"$MNT/m/1"
    echo 2 >"$MNT/m/2"
    backup
    quiet cp -auv "$MNT/." "$TMP/copy"
    equal '' "$(grep -F -- "'$MNT/./m/" "$TMP/said" || true)"
    put m 2 3
    quiet cp -auv "$MNT/." "$TMP/copy"
    equal "'$MNT/./m/2' -> '$TMP/copy/./m/2'" "$(grep -F -- "'$MNT/./m/" "$TMP/said")"
    equal '1 3' "$(cat "$TMP"/copy/m/[12] | paste -sd' ')"
}
