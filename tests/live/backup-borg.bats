#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# borg: maps to a repository and back (contract, section 8). It removes each directory that it can
# remove and makes it again, before and after what is in it.
# shellcheck disable=SC2317 # into_empty and over_existing call backup and restore

load lib
load backup

# Below $TMP.
repository() {
    export BORG_BASE_DIR=$TMP/base BORG_REPO=$TMP/repository
    [[ -d $BORG_REPO ]] || quiet borg init --encryption none
}

# in_mount COMMAND...: it says nothing at all.
in_mount() { (cd "$MNT" && silent "$@"); }

# looked_at: all values were seen before this second. Borg reads again what changed in the last second of a
# backup; so that is another file.
looked_at() {
    find "$MNT" -ls >/dev/null
    sleep 1.1
    touch "$TMP/newest"
}

backup() {
    repository
    in_mount borg create "$@" ::maps .
}
restore() { in_mount borg extract ::maps; }

# read_again ARCHIVE: what a backup had to read, one name a line.
read_again() {
    (cd "$MNT" && borg create --list --filter AME "::$1" . "$TMP/newest") 2>"$TMP/list"
    sed 's/^[AME] //' "$TMP/list" | grep -v newest | sort | paste -sd' '
}

@test "borg, into an empty mount" {
    start_daemon
    make_zoo
    into_empty
    thaw_zoo
    restore
    came_back
}

@test "borg, over maps with other contents" {
    start_daemon
    make_zoo
    over_existing
}

@test "borg, absolute names, into another mount" {
    start_daemon
    make_zoo
    backup() {
        repository
        silent borg create ::maps "$MNT"
    }
    restore() {
        remount
        (cd / && silent borg extract ::maps)
    }
    into_empty
}

@test "borg, a directory below pindir" {
    start_daemon
    make_zoo_below
    into_empty
}

@test "borg, what a restore does not know stays" {
    start_daemon
    what_stays 1
}

@test "borg, a value that is long, and sparse files" {
    start_daemon
    mkdir "$MNT/array,type=array,value=1500001,max_entries=2" "$MNT/hash,key=char[8],value=400000,max_entries=3"
    py <<'CODE'
for name, size in ("array/1", 1500001), ("hash/-5", 400000):
    with open(path(name), "w") as f:
        f.write((os.urandom(size // 2) + bytes(size - size // 2)).hex(" ") + "\n")
CODE
    into_empty
    restore() { in_mount borg extract --sparse ::maps; }
    remove_zoo
    restore
    came_back
}

@test "borg list and extract --dry-run" {
    start_daemon
    make_zoo
    backup
    quiet borg list --format '{path}{NL}' ::maps
    sort "$TMP/said" >"$TMP/listed"
    (cd "$MNT" && find . | sed 's,^\./,,') | sort >"$TMP/found"
    check_equal "$TMP/found" "$TMP/listed"
    zoo_fingerprint "$TMP/before"
    in_mount borg extract --dry-run ::maps
    came_back
}

@test "borg, one map, one key, and all but one" {
    start_daemon
    make_zoo
    zoo_fingerprint "$TMP/before"
    backup
    rm -r "$MNT/texts" "$MNT/long"
    in_mount borg extract ::maps texts long
    came_back
    rm "$MNT/flows/10.0.0.1,80,6"
    echo '{"note":"altered"}' >"$MNT/flows/10.0.0.1,443,6"
    in_mount borg extract ::maps flows/10.0.0.1,80,6 flows/10.0.0.1,443,6
    came_back
    echo altered >"$MNT/texts/-5"
    zoo_fingerprint "$TMP/before"
    in_mount borg extract --exclude texts --exclude frozen ::maps
    came_back
}

@test "borg, nothing changed: nothing is read again" {
    start_daemon
    make_zoo
    repository
    looked_at
    read_again one >/dev/null
    equal '' "$(read_again two)"
}

@test "borg, values that change are read, and no others" {
    start_daemon
    make_zoo
    repository
    looked_at
    read_again one >/dev/null
    set_bytes many "$(le 4 0)" "$(le 8 1)" # "0" is as long as "1"
    echo -6 >"$MNT/signed/-5"
    echo new >"$MNT/texts/new"
    equal 'many/0 signed/-5 texts/new' "$(read_again two)"
    zoo_fingerprint "$TMP/before"
    remove_zoo
    in_mount borg extract --exclude "${TMP#/}" ::two
    came_back
}

# --- from a mount where everything stands still

snapshot_taken() {
    another_mountpoint
    MNT=$OTHER start_daemon -o snapshot
}

@test "borg, -o snapshot, restored into a plain mount" {
    start_daemon
    make_zoo
    snapshot_taken
    backup() {
        repository
        (cd "$OTHER" && silent borg create ::maps .)
    }
    into_empty
}
