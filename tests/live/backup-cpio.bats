#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# cpio: maps to an archive and back (contract, section 8). --quiet silences the count of blocks, and
# no warning.

# shellcheck disable=SC2317 # into_empty and over_existing call backup and restore
load lib
load backup

# in_dir DIR COMMAND: a pipe in a shell, quietly.
in_dir() { quiet bash -o pipefail -c 'cd "$1" && eval "$2"' bash "$@"; }

backup() { in_dir "$MNT" "find . -print0 | cpio -0 -o --quiet -H newc -O '$TMP/maps.cpio'"; }
restore() { in_dir "$MNT" "cpio -idm --quiet -I '$TMP/maps.cpio'"; }
overwrite() { in_dir "$MNT" "cpio -idmu --quiet -I '$TMP/maps.cpio'"; }

@test "cpio, into an empty mount" {
    start_daemon
    make_zoo
    into_empty
}

@test "cpio, over maps with other contents" {
    start_daemon
    make_zoo
    restore() { overwrite; }
    over_existing
}

@test "cpio, find -depth: directories come after what is in them" {
    start_daemon
    make_zoo
    backup() { in_dir "$MNT" "find . -depth -print0 | cpio -0o --quiet -H newc >'$TMP/maps.cpio'"; }
    restore() { in_dir "$MNT" "cpio -idmu --quiet <'$TMP/maps.cpio'"; }
    into_empty
}

@test "cpio, sorted by name" {
    start_daemon
    make_zoo
    backup() { in_dir "$MNT" "find . | sort | cpio -o --quiet -H newc -O '$TMP/maps.cpio'"; }
    into_empty
}

@test "cpio, by the inodes of a disk, in any order" {
    start_daemon
    make_zoo
    backup() {
        quiet cp -a "$MNT" "$TMP/first"
        shuffled "$TMP/first" "$TMP/copy"
        in_dir "$TMP/copy" "(find . -type d; cat '$TMP/shuffled') |
            cpio -o --quiet -H newc -O '$TMP/maps.cpio'"
    }
    into_empty
}

@test "cpio -p, to a disk and back" {
    start_daemon
    make_zoo
    backup() {
        mkdir "$TMP/copy"
        in_dir "$MNT" "find . -print0 | cpio -0pdm --quiet '$TMP/copy'"
        check_equal "$MNT" "$TMP/copy"
    }
    restore() { in_dir "$TMP/copy" "find . -print0 | sort -z | cpio -0pdm --quiet '$MNT'"; }
    into_empty
}

@test "cpio -p, over maps with other contents" {
    start_daemon
    make_zoo
    backup() {
        mkdir "$TMP/copy"
        in_dir "$MNT" "find . -depth -print0 | cpio -0pdm --quiet '$TMP/copy'"
    }
    restore() { in_dir "$TMP/copy" "find . -depth -print0 | cpio -0pdmu --quiet '$MNT'"; }
    over_existing
}

@test "cpio, the formats odc and ustar" {
    start_daemon
    mkdir "$MNT/m,key=char[8],value=char[8]" "$MNT/o,type=hash_of_maps,key=u8,inner=m"
    fill m <<<$'a\tb\n-5\tc'
    ln -s ../m "$MNT/o/1"
    for format in odc ustar crc; do
        backup() { in_dir "$MNT" "find * | cpio -o --quiet -H $format -O '$TMP/maps.cpio'"; }
        into_empty
    done
}

@test "cpio, a directory below pindir" {
    start_daemon
    make_zoo_below
    into_empty
}

@test "cpio, one map, and one key" {
    start_daemon
    make_zoo
    zoo_fingerprint "$TMP/before"
    backup
    rm -r "$MNT/texts" "$MNT/long"
    in_dir "$MNT" "cpio -idm --quiet -I '$TMP/maps.cpio' 'texts*' 'long*'"
    rm "$MNT/flows/10.0.0.1,80,6"
    in_dir "$MNT" "cpio -idm --quiet -I '$TMP/maps.cpio' 'flows/10.0.0.1,80,6'"
    echo '{"note":"altered"}' >"$MNT/flows/10.0.0.1,443,6"
    in_dir "$MNT" "cpio -idmu --quiet -I '$TMP/maps.cpio' 'flows/10.0.0.1,443,6'"
    came_back
}
