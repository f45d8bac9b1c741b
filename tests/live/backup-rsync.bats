#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# rsync: maps to a disk and back, by each of its ways (contract, section 8).

load lib
load backup
load rsync

@test "rsync -a, into an empty mount" {
    start_daemon
    make_zoo
    into_empty
    remount
    came_back
}

@test "rsync -a, of files and their temporary names" {
    start_daemon
    make_zoo
    ways '-a --inplace' '-a --partial'
}

@test "rsync -a, of links and times" {
    start_daemon
    make_zoo
    ways -aH -aS -rlt
}

@test "rsync -a, by contents, compressed" {
    start_daemon
    make_zoo
    ways '-a --checksum' -az '-a --no-whole-file' '-aAXU'
}

@test "rsync -a, what is there already, and what is not" {
    start_daemon
    make_zoo
    ways '-a --delete' '-a --backup' '-a --no-inc-recursive'
}

@test "rsync -a, by temporary files elsewhere" {
    start_daemon
    make_zoo
    mkdir "$TMP/elsewhere"
    ways "-a -T $TMP/elsewhere" "-a --partial-dir=$TMP/elsewhere"
}

@test "rsync -rt leaves links out" {
    start_daemon
    make_zoo
    rm "$MNT"/outer/* "$MNT"/slots/*
    ways -rt
    ln -s ../inner-a "$MNT/outer/one"
    quiet rsync -rt "$MNT/" "$TMP/copy"
    equal 'skipping non-regular file "outer/one"' "$(<"$TMP/said")"
}

@test "rsync -a, with a umask, and maps that not all may read" {
    start_daemon
    make_zoo
    chmod 750 "$MNT/flows"
    chmod 700 "$MNT/texts" "$MNT/outer"
    chown 65534:65534 "$MNT/hosts"
    (cd "$MNT" && stat -c '%n %a %u %g' -- *) >"$TMP/modes"
    zoo_fingerprint "$TMP/before"
    backup
    for mask in 077 022 000; do
        remove_zoo
        (umask "$mask" && restore)
        came_back
        (cd "$MNT" && stat -c '%n %a %u %g' -- *) >"$TMP/got"
        check_equal "$TMP/modes" "$TMP/got"
    done
    for mask in 077 022; do
        remove_zoo
        (umask "$mask" && silent rsync -rlt "$TMP/copy/" "$MNT")
        came_back
    done
}
