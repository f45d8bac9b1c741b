#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# GNU tar: maps to an archive and back (contract, section 8).

# shellcheck disable=SC2317 # into_empty and over_existing call backup and restore
load lib
load backup

# A value that changed twice in a second has a time in the next one, and tar warns of times that are
# still to come: it is to be past before a test extracts for the first time.
tar() {
    if [[ " $* " == *' -x'* && -z ${WAITED:-} ]]; then
        sleep 1.1
        WAITED=yes
    fi
    command tar "$@"
}

backup() { silent tar -C "$MNT" -cf "$TMP/maps.tar" .; }
restore() { silent tar -C "$MNT" -xf "$TMP/maps.tar"; }

@test "tar, into an empty mount" {
    start_daemon
    make_zoo
    into_empty
}

@test "tar, into another mount of an empty pindir" {
    start_daemon
    make_zoo
    zoo_fingerprint "$TMP/before"
    backup
    remove_zoo
    remount
    restore
    came_back
}

@test "tar, over maps with other contents" {
    start_daemon
    make_zoo
    over_existing
}

@test "tar, with its ways to treat what is there" {
    start_daemon
    mkdir "$MNT/m,key=char[8],value=char[8]" "$MNT/o,type=hash_of_maps,key=u8,inner=m"
    fill m <<<$'a\tb\n-5\tc'
    ln -s ../m "$MNT/o/1"
    zoo_fingerprint "$TMP/before"
    backup
    for how in --overwrite --overwrite-dir --same-permissions; do
        silent tar -C "$MNT" -x $how -f "$TMP/maps.tar"
        came_back
    done
    echo altered >"$MNT/m/a"
    rm "$MNT/m/-5" "$MNT/o/1"
    silent tar -C "$MNT" -x --skip-old-files -f "$TMP/maps.tar"
    equal 'altered c' "$(cat "$MNT/m/a" "$MNT/m/-5" | paste -sd' ')"
    for how in --overwrite --recursive-unlink --overwrite-dir; do
        echo altered >"$MNT/m/a"
        silent tar -C "$MNT" -x $how -f "$TMP/maps.tar"
        came_back
    done
}

@test "tar, of a directory that tar extracted, whose order is another" {
    start_daemon
    make_zoo
    backup() {
        silent tar -C "$MNT" -cf "$TMP/first.tar" .
        mkdir "$TMP/first"
        silent tar -C "$TMP/first" -xf "$TMP/first.tar"
        check_equal "$MNT" "$TMP/first"
        silent tar -C "$TMP/first" -cf "$TMP/maps.tar" .
    }
    into_empty
}

@test "tar, in any order" {
    start_daemon
    make_zoo
    backup() {
        quiet cp -a "$MNT" "$TMP/first"
        shuffled "$TMP/first" "$TMP/copy"
        (cd "$TMP/copy" && find . -type d) >"$TMP/all"
        cat "$TMP/shuffled" >>"$TMP/all"
        silent tar -C "$TMP/copy" -c --no-recursion -f "$TMP/maps.tar" -T "$TMP/all"
    }
    into_empty
}

@test "tar, sorted by name or by inode" {
    start_daemon
    make_zoo
    backup() { silent tar -C "$MNT" -c --sort=name -f "$TMP/maps.tar" .; }
    into_empty
    backup() { silent tar -C "$MNT" -c --sort=inode -f "$TMP/maps.tar" .; }
    into_empty
}

@test "tar, links before .map: a map that is made again is the same directory" {
    start_daemon
    mkdir "$MNT/inner,max_entries=9" "$MNT/outer,type=hash_of_maps,key=char[8],inner=inner"
    ln -s ../inner "$MNT/outer/-1"
    zoo_fingerprint "$TMP/before"
    silent tar -C "$MNT" -cf "$TMP/maps.tar" --no-recursion . outer outer/-1 outer/.map inner inner/.map
    remove_zoo
    restore
    came_back
    remove_zoo
    mkdir "$MNT/inner"
    ino=$(stat -c %i "$MNT/inner")
    silent tar -C "$MNT" -xf "$TMP/maps.tar" inner/.map
    equal "$ino" "$(stat -c %i "$MNT/inner")"
}

@test "tar, of a directory that only its owner may enter" {
    start_daemon
    mkdir "$MNT/m"
    echo 1 >"$MNT/m/1"
    (umask 077 && mkdir "$TMP/copy" && cp -r "$MNT/m" "$TMP/copy")
    backup() { silent tar -C "$TMP/copy" -cf "$TMP/maps.tar" .; }
    into_empty
}

@test "tar, from mount to mount" {
    start_daemon
    make_zoo
    backup() {
        mkdir "$TMP/copy"
        quiet bash -o pipefail -c 'tar -C "$1" -c . | tar -C "$2" -xp' bash "$MNT" "$TMP/copy"
    }
    restore() { quiet bash -o pipefail -c 'tar -C "$1" -cz . | tar -C "$2" -xzp' bash "$TMP/copy" "$MNT"; }
    into_empty
}

@test "tar -S, in another format" {
    start_daemon
    make_zoo
    backup() { silent tar -C "$MNT" -cS --format=pax -f "$TMP/maps.tar" .; }
    into_empty
}

@test "tar -S, of values that are zeroes, raw" {
    start_daemon -o values=raw
    mkdir "$MNT/big,value=65536,max_entries=4"
    head -c 65536 /dev/zero >"$MNT/big/0"
    cat <(head -c 32768 /dev/zero) <(head -c 32768 /dev/zero | tr '\0' x) >"$MNT/big/1"
    cat <(head -c 100 /dev/zero | tr '\0' y) <(head -c 65436 /dev/zero) >"$MNT/big/2"
    backup() { silent tar -C "$MNT" -cS -f "$TMP/maps.tar" .; }
    restore() { silent tar -C "$MNT" -xS -f "$TMP/maps.tar"; }
    into_empty
}

@test "tar, a directory below pindir" {
    start_daemon
    make_zoo_below
    into_empty
}

@test "tar, single members, --exclude" {
    start_daemon
    make_zoo
    zoo_fingerprint "$TMP/before"
    backup
    rm -r "$MNT/texts" "$MNT/long"
    silent tar -C "$MNT" -xf "$TMP/maps.tar" ./texts ./long
    rm "$MNT/flows/10.0.0.1,80,6"
    echo '{"note":"altered"}' >"$MNT/flows/10.0.0.1,443,6"
    silent tar -C "$MNT" -xf "$TMP/maps.tar" ./flows/10.0.0.1,{80,443},6
    came_back
    rm -r "$MNT"/{many,outer,slots}
    zoo_fingerprint "$TMP/before"
    rm -r "$MNT/routes"
    silent tar -C "$MNT" -x --exclude=./many --exclude='./outer*' --exclude=./slots --exclude=./frozen -f "$TMP/maps.tar"
    came_back
    silent tar -C "$MNT" -c --exclude=./routes --exclude='k_*' -f "$TMP/some.tar" .
    tar -tf "$TMP/some.tar" >"$TMP/listed"
    grep -q '^./v_big/' "$TMP/listed"
    not grep -E '^./(routes|k_)' "$TMP/listed"
}

@test "tar, one map under another name" {
    start_daemon
    make_zoo
    silent tar -C "$MNT" -cf "$TMP/one.tar" texts
    silent tar -C "$MNT" -x --transform=s/^texts/words/ -f "$TMP/one.tar"
    for map in texts words; do
        zoo_fingerprint "$TMP/$map" "$map"
        sed -i 1d "$TMP/$map"
    done
    check_equal "$TMP/texts" "$TMP/words"
}

@test "tar --compare finds no difference, and then one" {
    start_daemon
    make_zoo
    backup
    silent tar -C "$MNT" --compare -f "$TMP/maps.tar"
    set_bytes many "$(le 4 0)" "$(le 8 1)" # "0" is as long as "1"
    equal './many/0: Contents differ' "$(tar -C "$MNT" --compare -f "$TMP/maps.tar" 2>&1 | grep -v 'Mod time')"
}

# --- incremental

# level N: an archive of what changed since the level before.
level() { silent tar -C "$MNT" -c --listed-incremental="$TMP/snar" -f "$TMP/$1.tar" .; }

# files N: what is in it beside directories.
files() { tar -tvf "$TMP/$1.tar" | grep -v '^d' | sed 's/.* \.\//.\//' | sort | paste -sd' '; }

@test "tar --listed-incremental: nothing changed, nothing is read again" {
    start_daemon
    make_zoo
    level 0
    sleep 1.1 # what was first looked at in the second of a level is taken in by the next, too
    level 1
    level 2
    equal '' "$(files 2)"
}

@test "tar --listed-incremental: one value changes to one as long" {
    start_daemon
    make_zoo
    level 0
    sleep 1.1
    level 1
    echo altereD >"$MNT/texts/-5"
    sleep 1.1
    level 2
    equal ./texts/-5 "$(files 2)"
    echo alterEd >"$MNT/texts/-5"
    put many 0 7
    set_bytes blocked '08 00 00 00 0a 00 00 00' 09
    sleep 1.1
    level 3
    equal './blocked/10.0.0.0_8 ./many/0 ./texts/-5' "$(files 3)"
    sleep 1.1
    level 4
    level 5
    equal '' "$(files 5)"
}

@test "tar --listed-incremental: a value changes right after a level, in the same second" {
    start_daemon
    mkdir "$MNT/m"
    put m 1 0
    put m 2 0
    level 0
    for i in {1..4}; do
        sleep 1.1
        level quiet
        put m 1 "$i"
        level "$i"
        [[ " $(files "$i") " == *' ./m/1 '* ]]
    done
}

@test "tar --listed-incremental: level by level into an empty mount" {
    start_daemon
    make_zoo
    level 0
    alter_zoo
    level 1
    echo 5 >"$MNT/many/4294967295"
    mkdir "$MNT/new,key=char[8],value=u8"
    echo 1 >"$MNT/new/-1"
    rm -r "$MNT/hosts"
    level 2
    zoo_fingerprint "$TMP/before"
    remove_zoo
    for archive in 0 1 2; do
        quiet tar -C "$MNT" -x --listed-incremental=/dev/null -f "$TMP/$archive.tar"
    done
    came_back
}

@test "tar --newer-mtime" {
    start_daemon
    mkdir "$MNT/m"
    echo 1 >"$MNT/m/1"
    echo 2 >"$MNT/m/2"
    ls -l "$MNT/m" # so that they have been seen
    sleep 1.1
    touch "$TMP/stamp"
    sleep 1.1
    put m 2 3
    quiet tar -C "$MNT" -c --newer-mtime="$TMP/stamp" --warning=no-file-unchanged -f "$TMP/1.tar" .
    equal ./m/2 "$(files 1)"
}
