#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# rsync: maps to a disk and back over maps that are there (contract, section 8).

load lib
load backup

backup() { silent rsync -a "$MNT/" "$TMP/copy"; }
restore() { silent rsync -a "$TMP/copy/" "$MNT"; }

# copies_nothing FROM TO: but for times, which a key takes from nobody, there is nothing to do.
copies_nothing() { silent rsync -rlpgoDci "$@"; }

@test "rsync -a, a second run copies nothing" {
    start_daemon
    make_zoo
    zoo_fingerprint "$TMP/before"
    backup
    silent rsync -ai "$MNT/" "$TMP/copy"
    copies_nothing "$TMP/copy/" "$MNT"
    remove_zoo
    restore
    copies_nothing "$TMP/copy/" "$MNT"
    copies_nothing "$MNT/" "$TMP/copy"
    backup
    silent rsync -ai "$MNT/" "$TMP/copy"
    thaw_zoo
    restore
    came_back
}

@test "rsync -a, a second run copies what has changed" {
    start_daemon
    make_zoo
    backup
    put many 0 7 # as long as before
    set_bytes blocked '08 00 00 00 0a 00 00 00' 09
    rm "$MNT/texts/-5"
    quiet rsync -ai --delete "$MNT/" "$TMP/copy"
    equal 'blocked/10.0.0.0_8 many/0 texts/-5' "$(awk '!/^\.d/ { print $2 }' "$TMP/said" | sort | paste -sd' ')"
    check_equal "$MNT" "$TMP/copy"
}

@test "rsync -a, over maps with other contents" {
    start_daemon
    make_zoo
    over_existing
    for options in --inplace '--checksum --no-whole-file'; do
        read -ra options <<<"$options"
        restore() { silent rsync -a "${options[@]}" "$TMP/copy/" "$MNT"; }
        over_existing
    done
}

# Keys and maps that no backup has.
grow_zoo() {
    local name
    fill flows <<<$'10.9.9.9,9,9\t{}'
    fill texts <<<$'more\tone\n!\ttwo\n%2E\tthree'
    fill array <<<$'7\t{"a":7}'
    fill ways <<<$'3\tlo'
    for name in signed/-7 many/4294967294 blocked/11.0.0.0_8 nothing/1 types_bss/0; do
        test -e "$MNT/$name" || echo 1 >"$MNT/$name"
    done
    each_cpu 7 >"$MNT/counts/7"
    name=$(printf 'y%.0s' {1..270})
    mkdir "$MNT/long/${name::240}"
    echo more >"$MNT/long/${name::240}/${name:240}"
    ln -s ../zz-inner "$MNT/outer/more"
    ln -s ../inner-a "$MNT/slots/1"
    mkdir "$MNT/%2Cmore" "$MNT/new,key=char[8],value=u8" "$MNT/newest,type=array,value=u8,max_entries=3"
    echo 1 | tee "$MNT/new/one" >"$MNT/newest/1"
    mkdir "$MNT/new-outer,type=hash_of_maps,key=u8,max_entries=4,inner=zz-inner"
    ln -s ../zz-inner "$MNT/new-outer/1"
}

@test "rsync -a --delete: what no backup has goes, in maps of all kinds" {
    start_daemon
    make_zoo
    zoo_fingerprint "$TMP/before"
    backup
    for options in -a '-a --inplace' '-a --delete-after' '-a --delete-before'; do
        read -ra options <<<"$options"
        alter_zoo
        grow_zoo
        thaw_zoo
        silent rsync "${options[@]}" --delete "$TMP/copy/" "$MNT"
        came_back
        check_equal "$TMP/copy" "$MNT"
    done
}

@test "rsync -a without --delete: what no backup has stays" {
    start_daemon
    make_zoo
    thaw_zoo
    backup
    alter_zoo
    grow_zoo
    silent rsync -a "$TMP/copy/" "$MNT"

    diff -rq --no-dereference "$TMP/copy" "$MNT" >"$TMP/difference" || true
    equal '' "$(grep -v "^Only in $MNT" "$TMP/difference" || true)"
    equal 'one two three' "$(cat "$MNT"/texts/{more,!,%2E} | paste -sd' ')"
    equal '07 00 00 00 00 00 00 00' "$(bytes_of array "$(le 4 7)")"
    equal 'new new-outer newest' "$(cd "$MNT" && echo new*)"
    equal ../zz-inner "$(readlink "$MNT/outer/more")"
    equal ../zz-inner "$(readlink "$MNT/new-outer/1")"
}

@test "rsync -a --delete, of one map, and of one into another" {
    start_daemon
    make_zoo
    zoo_fingerprint "$TMP/before"
    backup
    alter_zoo
    for map in flows texts signed blocked array cpus counts many tails ways long queues outer slots wide; do
        silent rsync -a --delete "$TMP/copy/$map/" "$MNT/$map"
    done
    came_back
    silent rsync -a --delete "$TMP/copy/many" "$TMP/copy/outer" "$TMP/copy/slots" "$MNT"
    came_back
    silent rsync -a "$TMP/copy/texts/" "$MNT/more texts"
    for map in texts 'more texts'; do
        zoo_fingerprint "$TMP/$map" "$map"
        sed -i 1d "$TMP/$map"
    done
    check_equal "$TMP/texts" "$TMP/more texts"
}

@test "rsync -a --backup: what is replaced keeps a name if it is a key" {
    start_daemon
    mkdir "$MNT/words,key=char[8],value=u8" "$MNT/numbers,key=u8,value=u8"
    echo 1 | tee "$MNT/words/one" >"$MNT/numbers/1"
    backup
    echo 2 | tee "$MNT/words/one" >"$MNT/numbers/1"
    silent rsync -a --backup "$TMP/copy/" "$MNT"
    equal '1 1 2' "$(cat "$MNT/words/one" "$MNT/numbers/1" "$MNT/words/one~" | paste -sd' ')"
    equal 'one~ one' "$(names "$MNT/words")"
    equal 1 "$(names "$MNT/numbers")"
    echo 3 | tee "$MNT/words/one" >"$MNT/numbers/1"
    silent rsync -a --backup --backup-dir="$TMP/replaced" "$TMP/copy/" "$MNT"
    equal '1 1 3 3' "$(cat "$MNT/words/one" "$MNT/numbers/1" "$TMP"/replaced/*/* | paste -sd' ')"
}

# cut_off MAP CONDITION...: a slow rsync of that map, or of all (.), is killed as soon as that is true.
cut_off() {
    spawn setsid rsync -aR --bwlimit=40 "$TMP/copy/./$1" "$MNT"
    eventually "${@:2}"
    kill -9 -- "-${HELPERS[-1]}"
    wait "${HELPERS[-1]}" || true
    unset 'HELPERS[-1]'
}

@test "rsync -a --delete, killed over maps with other contents, and run again" {
    start_daemon
    make_zoo
    zoo_fingerprint "$TMP/before"
    backup
    alter_zoo
    grow_zoo
    thaw_zoo
    cut_off . test -e "$MNT/blocked/10.1.0.0_16"
    zoo_fingerprint "$TMP/altered"
    not cmp -s "$TMP/before" "$TMP/altered"
    silent rsync -a --delete "$TMP/copy/" "$MNT"
    came_back
}

@test "rsync -a --dry-run changes nothing" {
    start_daemon
    make_zoo
    backup
    alter_zoo
    grow_zoo
    zoo_fingerprint "$TMP/before"
    cp "$MNT/.error_log" "$TMP/errors"
    for options in --dry-run '-n --delete' '-n --inplace --delete --checksum'; do
        read -ra options <<<"$options"
        silent rsync -a "${options[@]}" "$TMP/copy/" "$MNT"
        came_back
    done
    check_equal "$TMP/errors" "$MNT/.error_log"
    remove_zoo
    quiet rsync -anv "$TMP/copy/" "$MNT"
    grep -q '^texts/-5$' "$TMP/said"
    equal '' "$(find "$PINS" -mindepth 1)$(ls "$MNT")"
}

# rsync throws away what it cannot keep in a directory beside it, and says so on stderr alone.
@test "rsync --delay-updates, which wants directories in maps, changes nothing and is no harm" {
    start_daemon
    mkdir "$MNT/numbers,key=s8,value=u8,max_entries=9" "$MNT/words,key=char[8],value=u8,max_entries=9"
    echo 1 | tee "$MNT/numbers/-1" "$MNT/words/a" >"$MNT/words/-5"
    zoo_fingerprint "$TMP/before"
    backup
    echo 2 | tee "$MNT/numbers/-1" "$MNT/words/a" >"$MNT/words/-5"
    zoo_fingerprint "$TMP/altered"
    rsync -a --delay-updates "$TMP/copy/" "$MNT" 2>"$TMP/warned" || true
    grep -q 'Unable to create partial-dir for numbers/-1' "$TMP/warned"
    grep -q 'numbers/.~tmp~: EPERM: a map has keys, and no directories' "$MNT/.error_log"
    zoo_fingerprint "$TMP/after"
    check_equal "$TMP/altered" "$TMP/after"
    rm -r "${MNT:?}"/*
    rsync -a --delay-updates "$TMP/copy/" "$MNT" 2>"$TMP/warned" || true
    grep -q 'Unable to create partial-dir for numbers/.map' "$TMP/warned"
    restore
    came_back
}
