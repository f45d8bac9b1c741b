#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# restic: maps to a repository and back (contract, section 8).
# shellcheck disable=SC2317 # into_empty and over_existing call backup and restore

load lib
load backup
load restic

# summary FIELD...: of a backup, in numbers.
summary() {
    quiet restic backup --json "$MNT"
    py "$TMP/said" "$@" <<'CODE'
import json
with open(sys.argv[1]) as said:
    told = json.loads(said.readlines()[-1])
print(*[told[field] for field in sys.argv[2:]])
CODE
}

@test "restic, into an empty mount" {
    start_daemon
    make_zoo
    into_empty
}

@test "restic, into another mount, with relative names" {
    start_daemon
    make_zoo
    backup() {
        repository
        (cd "$MNT" && quiet restic backup .)
    }
    restore() {
        remount
        quiet restic restore latest --target "$MNT"
    }
    into_empty
}

@test "restic, over maps with other contents" {
    start_daemon
    make_zoo
    restore() {
        links_removed
        quiet restic restore latest --target /
    }
    over_existing
}

@test "restic, with --verify, and twice" {
    start_daemon
    make_zoo
    rm "$MNT"/{outer,slots}/*
    restore() { quiet restic restore latest --target / --verify; }
    into_empty
    thaw_zoo
    restore
    came_back
}

@test "restic, a directory below pindir" {
    start_daemon
    make_zoo_below
    into_empty
}

@test "restic, what a restore does not know stays" {
    start_daemon
    what_stays 1
}

# --- parts

@test "restic --include: one map, one key" {
    start_daemon
    make_zoo
    zoo_fingerprint "$TMP/before"
    backup
    rm -r "$MNT/texts" "$MNT/long"
    restore --include "$MNT/texts" --include "$MNT/long"
    came_back
    rm "$MNT/flows/10.0.0.1,80,6"
    echo '{"note":"altered"}' >"$MNT/flows/10.0.0.1,443,6"
    restore --include "$MNT/flows/10.0.0.1,80,6" --include "$MNT/flows/10.0.0.1,443,6"
    came_back
}

@test "restic --exclude: what is left out stays as it is" {
    start_daemon
    make_zoo
    backup
    alter_zoo
    links_removed
    echo stays >"$MNT/texts/%00"
    zoo_fingerprint "$TMP/before" texts
    restore --exclude "$MNT/texts" --exclude "$MNT/frozen"
    zoo_fingerprint "$TMP/after" texts
    check_equal "$TMP/before" "$TMP/after"
    equal -5 "$(basename "$(ls -d "$MNT/signed/-5")")"
    equal -9223372036854775808 "$(<"$MNT/signed/-5")"
}

@test "restic, one map under another name" {
    start_daemon
    make_zoo
    backup
    quiet restic restore latest --target "$TMP/copy" --include "$MNT/texts"
    cp -a "$TMP/copy$MNT/texts" "$MNT/words"
    for map in texts words; do
        zoo_fingerprint "$TMP/$map" "$map"
        sed -i 1d "$TMP/$map"
    done
    check_equal "$TMP/texts" "$TMP/words"
}

# --- again

@test "restic, nothing changed: nothing is read again" {
    start_daemon
    make_zoo
    backup
    equal '0 0 0' "$(summary files_new files_changed data_blobs)"
}

@test "restic, values that change are read, and no others" {
    start_daemon
    make_zoo
    backup
    set_bytes many "$(le 4 0)" "$(le 8 1)" # "0" is as long as "1"
    echo -6 >"$MNT/signed/-5"
    echo new >"$MNT/texts/new"
    equal '1 2' "$(summary files_new files_changed)"
    zoo_fingerprint "$TMP/before"
    remove_zoo
    restore
    came_back
}

# --- from a mount where everything stands still

snapshot_taken() {
    another_mountpoint
    MNT=$OTHER start_daemon -o snapshot
}

@test "restic, -o snapshot, restored into a plain mount" {
    start_daemon
    make_zoo
    snapshot_taken
    backup() {
        repository
        (cd "$OTHER" && quiet restic backup .)
    }
    restore() { quiet restic restore latest --target "$MNT"; }
    into_empty
}
