#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# bpfmapfs-backup and bpfmapfs-restore: a whole system into a directory, and back.

load lib
load backup

SCRIPTS=$BATS_TEST_DIRNAME/../../scripts
SH=(sh) # what runs them

script() { timeout 120 "${SH[@]}" "$SCRIPTS/bpfmapfs-$1" "${@:2}" 3>&-; }
save() { script backup -m "$MNT" "$@"; }
bring() { script restore -m "$MNT" "$@"; }
backup() { silent save "$TMP/dir"; }
restore() { quiet bring "$TMP/dir"; }

# ends STATUS COMMAND...: $TMP/out and $TMP/err have what it says.
ends() {
    local status=0
    "${@:2}" >"$TMP/out" 2>"$TMP/err" || status=$?
    ((status == $1)) && return
    echo "exit status $status, and not $1: ${*:2}"
    cat "$TMP/out" "$TMP/err"
    return 1
}

# says STATUS LINES COMMAND...: with this, and nothing else, on stdout.
says() {
    ends "$1" "${@:3}"
    equal "$2" "$(<"$TMP/out")"
}

# warns STATUS TEXT COMMAND...: with this somewhere on stderr, and nothing on stdout.
warns() {
    ends "$1" "${@:3}"
    equal '' "$(<"$TMP/out")"
    grep -qF -- "$2" "$TMP/err" || { cat "$TMP/err" && return 1; }
}

# told TEXT: the last one said so on stdout.
told() { grep -qF -- "$1" "$TMP/out" || { cat "$TMP/out" && return 1; }; }

# another TOOL SCRIPT: the script's TOOL; tools_again ends it.
another() {
    mkdir "$TMP/bin"
    printf '#!/bin/sh\n%s\n' "$2" >"$TMP/bin/$1"
    chmod +x "$TMP/bin/$1"
    PATH=$TMP/bin:$PATH
}
tools_again() {
    PATH=${PATH#"$TMP/bin:"}
    rm -rf "${TMP:?}"/{bin,once}
}

# before TOOL ACTION [FILE]: the script's first use of it, or its first of such a file, comes after it.
before() {
    another "$1" "case \$1 in *${3:-})
mkdir '$TMP/once' 2>/dev/null && { $2; } >/dev/null 2>&1 ;;
esac
exec $(command -v "$1") \"\$@\""
}

# as_before: $TMP/dir becomes what older versions made of the mount, with a file for each key.
as_before() {
    local map
    rm -r "$TMP/dir"/*
    cp -a "$MNT" "$TMP/dir/maps"
    (cd "$TMP/dir/maps" && find . -name .map -printf '%h\n') | while read -r map; do
        echo "map $(find "$TMP/dir/maps/$map" ! -type d ! -name .map | wc -l) ${map#./}"
        (cd "$TMP/dir/maps" && find "$map" -type f -exec cksum {} + &&
            find "$map" -type l -printf 'link %p -> %l\n')
    done >"$TMP/dir/manifest"
}

# line_of MAP KEY NEW: in the backup, that key's line becomes this.
line_of() { sed -i "s/^{\"key\":$2,.*/$3/" "$TMP/dir/maps/$1/.dump"; }

# Two maps of numbers, a and b, in a backup.
two_saved() {
    start_daemon
    mkdir "$MNT/a,max_entries=12" "$MNT/b"
    for key in 1 2 3; do
        echo 1$key >"$MNT/a/$key"
        echo 2$key >"$MNT/b/$key"
    done
    backup
    cp -a "$TMP/dir" "$TMP/good"
}

only_good_there() {
    diff -r "$TMP/good" "$TMP/dir"
    equal "$TMP/dir" "$(echo "$TMP"/dir*)"
}

# redo_sums: the manifest follows what is in the backup.
redo_sums() {
    local sum bytes name
    while read -r sum bytes name; do
        [[ $sum == [0-9]* ]] || { echo "$sum $bytes $name" && continue; }
        (cd "$TMP/dir/maps" && cksum "$name")
    done <"$TMP/dir/manifest" >"$TMP/manifest"
    mv "$TMP/manifest" "$TMP/dir/manifest"
}

@test "the whole zoo, into an empty mount, and over itself: what is frozen is not in the way" {
    start_daemon
    make_zoo
    into_empty
    equal '' "$(grep -v '^created ' "$TMP/said")"
    equal "$(entries "$MNT" | wc -l)" "$(wc -l <"$TMP/said")"
    echo 1 >"$MNT/frozen/.frozen"
    restore
    came_back
    equal '' "$(grep -vE '^merged .*: 0 added, 0 replaced, [0-9]+ as they were$' "$TMP/said")"
}

@test "the whole zoo, over maps with other contents" {
    start_daemon
    make_zoo
    over_existing
}

@test "each shell that is here" {
    start_daemon
    mkdir "$PINS/below"
    mkdir "$MNT/z,max_entries=8" "$MNT/o,type=hash_of_maps,key=s32,inner=z" "$MNT/below/n,key=char[8]"
    echo 5 >"$MNT/z/1"
    ln -s ../z "$MNT/o/-5"
    echo 6 >"$MNT/below/n/-n x"
    zoo_fingerprint "$TMP/before"
    for words in dash 'bash --posix' 'busybox sh' 'mksh' 'zsh --emulate sh'; do
        read -ra SH <<<"$words"
        command -v "${SH[0]}" || continue
        backup
        rm -r -- "${MNT:?}"/[oz] "$MNT/below/n"
        restore
        equal 'created below/n: 1 key,created o: 1 key,created z: 1 key' "$(paste -sd, "$TMP/said")"
        came_back
    done
}

@test "by hand: mkdir and cat bring a map back" {
    local map
    two_saved
    mkdir -p "$PINS/below/deeper"
    mkdir "$MNT/below/deeper/c,key=u8"
    echo 1 >"$MNT/below/deeper/c/255"
    backup
    zoo_fingerprint "$TMP/before"
    rm -r "${MNT:?}"/{[ab],below/deeper/c}
    for map in a b below/deeper/c; do
        mkdir "$MNT/$map"
        cat "$TMP/dir/maps/$map/.map" >"$MNT/$map/.map"
        cat "$TMP/dir/maps/$map/.dump" >"$MNT/$map/.dump"
    done
    came_back
}

@test "names that begin with a dash, have spaces, percent signs, or are long" {
    start_daemon
    make_zoo_below
    mkdir "$MNT/-5,key=s32" "$MNT/a b,key=char[300],value=char[8]" "$MNT/50%25,key=char[8]"
    echo 1 >"$MNT/-5/-5"
    echo 2 >"$MNT/50%25/%2Edot %2F"
    long=$(printf 'x y %.0s' {1..70})
    mkdir -p "$MNT/a b/${long::240}"
    echo 3 >"$MNT/a b/${long::240}/${long:240}"
    into_empty_below
}

# As into_empty; what is in directories of bpffs needs these.
into_empty_below() {
    local map
    zoo_fingerprint "$TMP/before"
    backup
    rm -r "$MNT/below"/*
    find "$PINS" -type f -delete
    for map in -5 'a b' 50%25; do eventually not test -e "$MNT/$map"; done # remembered for a second
    equal below "$(names "$MNT")"
    restore
    came_back
}

@test "what is said of maps that are made, and of maps that were there" {
    two_saved
    rm -r "$MNT/b" "$MNT/a/3"
    echo 100 >"$MNT/a/2"
    echo 200 >"$MNT/a/4"
    says 0 $'merged a: 1 added, 1 replaced, 1 as they were\ncreated b: 3 keys' bring "$TMP/dir"
    equal '11 12 13 200' "$(get a 1) $(get a 2) $(get a 3) $(get a 4)"
    equal '21 22 23' "$(get b 1) $(get b 2) $(get b 3)"
    rm -r "$MNT/b"
    says 0 '' bring -q "$TMP/dir"
    equal 22 "$(get b 2)"
}

@test "a dry run says the same, and changes nothing" {
    two_saved
    ends 0 save -n "$TMP/new"
    told $'would save a: 3 keys\nwould save b: 3 keys'
    [[ ! -e $TMP/new ]]
    rm -r "$MNT/b" "$MNT/a/3"
    echo 100 >"$MNT/a/2"
    zoo_fingerprint "$TMP/before"
    says 0 $'would merge a: 1 added, 1 replaced, 1 as they were\nwould create b: 3 keys' \
        bring --dry-run "$TMP/dir"
    came_back
    mkdir "$MNT/b,type=array"
    says 1 $'would merge a: 1 added, 1 replaced, 1 as they were
would refuse b: it exists with type=array, not type=hash' bring -n "$TMP/dir"
    only_good_there
}

@test "maps that are named, directories of maps, and what is not there" {
    two_saved
    make_zoo_below
    silent save "$TMP/some" b "$MNT/below/"
    equal 'map 3 b,map 1 below/deep,map 0 below/empty' "$(grep '^map ' "$TMP/some/manifest" | paste -sd,)"
    rm -r "${MNT:?}"/[ab] "$MNT/below"/*
    says 0 $'created b: 3 keys\ncreated below/deep: 1 key' bring "$TMP/some" b below/deep
    equal 'b below' "$(names "$MNT")"
    ends 1 bring "$TMP/some" none below/empty
    told 'created below/empty: 0 keys'
    grep -q 'none: there is no such map' "$TMP/err"
    warns 1 'none: there is no such map' save "$TMP/some" none b below
    warns 2 'has a, too, which would be lost' save "$TMP/dir" b
    only_good_there
}

@test "a directory of pins that is missing is made" {
    start_daemon
    make_zoo_below
    zoo_fingerprint "$TMP/before"
    backup
    find "$PINS/below" -depth -delete
    eventually equal '' "$(names "$MNT")"
    mkdir "$MNT/below,max_entries=5"
    eventually test -e "$MNT/below/.map" # the name was a directory's a moment ago
    ends 1 bring "$TMP/dir"
    told 'refused below/deep: below is a map, and no directory'
    rmdir "$MNT/below"
    restore
    came_back
}

@test "a map that was made, and not more: restored" {
    two_saved
    rm -r "${MNT:?}"/*
    mkdir "$MNT/a"
    says 0 $'created a: 3 keys\ncreated b: 3 keys' bring "$TMP/dir"
}

@test "a map of another kind is refused, and the others are restored" {
    two_saved
    rm -r "${MNT:?}"/*
    mkdir "$MNT/a,max_entries=2"
    echo 5 >"$MNT/a/9"
    ends 1 bring "$TMP/dir"
    told 'refused a: it exists with max_entries=2, not max_entries=12'
    told 'created b: 3 keys'
    equal 9 "$(names "$MNT/a")"
    rm -r "${MNT:?}"/*
    mkdir "$MNT/a,value=u32,max_entries=12"
    ends 1 bring "$TMP/dir" a
    told 'refused a: it exists with value=u32, not value=u64'
    rm -r "$MNT/a"
    mkdir "$MNT/a,max_entries=12,map_flags=no_prealloc"
    ends 1 bring "$TMP/dir" a
    told 'refused a: it exists with map_flags=no_prealloc, not without'
}

@test "a map with too little room: what fits is stored, and what was there stays" {
    two_saved
    rm "$MNT"/a/*
    for key in {101..111}; do echo 5 >"$MNT/a/$key"; done
    ends 1 bring "$TMP/dir"
    told 'partly a: 2 of 3 keys refused'
    told ': ENOSPC: '
    told 'merged b: 0 added, 0 replaced, 3 as they were'
    equal 12 "$(names "$MNT/a" | wc -w)"
    for key in {101..111}; do equal 5 "$(get a "$key")"; done
}

@test "nonsense with a checksum that is right: refused with its reason, the rest restored" {
    two_saved
    line_of a 2 '{"key":2,"value":1x}'
    redo_sums
    echo 100 >"$MNT/a/2"
    rm "$MNT/a/3"
    ends 1 bring -q "$TMP/dir"
    told 'partly a: 1 of 3 keys refused'
    told 'write /a/.dump: EINVAL: line '
    equal '11 100 13' "$(get a 1) $(get a 2) $(get a 3)"
    rm -r "$MNT/a"
    echo type=none >"$TMP/dir/maps/a/.map"
    redo_sums
    ends 1 bring "$TMP/dir"
    told 'refused a: no such map can be made'
    told 'EINVAL'
    equal b "$(names "$MNT")"
}

@test "an old backup, with a file for each key: restored" {
    start_daemon
    make_zoo
    backup
    as_before
    into_empty_of_before
    equal '' "$(grep -v '^created ' "$TMP/said")"
    restore
    came_back
    equal '' "$(grep -vE '^merged .*: 0 added, 0 replaced, [0-9]+ as they were$' "$TMP/said")"
    cp -p "$TMP/dir/maps/many/0" "$TMP/dir/maps/many/one"
    echo 1x >"$TMP/dir/maps/many/0"
    warns 1 'many/one' bring "$TMP/dir" many
    ends 1 bring --no-check "$TMP/dir" many
    told 'partly many: 2 of 301 keys refused'
    told 'write /many/0: EINVAL: a digit is expected here'
    came_back
}

into_empty_of_before() {
    zoo_fingerprint "$TMP/before"
    remove_zoo
    restore
    came_back
}

@test "lines that are refused, in the middle and many: those behind them are stored" {
    start_daemon
    mkdir "$MNT/m,max_entries=2000"
    mkdir -p "$TMP/dir/maps/m"
    cat "$MNT/m/.map" >"$TMP/dir/maps/m/.map"
    : >"$TMP/dir/manifest"
    lines_of_m() { awk -v bad="$1" 'BEGIN { for (i = 1; i <= 1500; i++)
        printf "{\"key\":%d,\"value\":%d%s}\n", i, i, i in keys || i % bad == 0 ? "x" : "" }'; }
    lines_of_m 700 >"$TMP/dir/maps/m/.dump"
    echo 5 >"$MNT/m/1400"
    ends 1 bring --no-check "$TMP/dir"
    told 'partly m: 2 of 1500 keys refused'
    equal '700 1400' "$(sed -n 's/.*EINVAL: line \([0-9]*\): .*/\1/p' "$TMP/out" | paste -sd' ')"
    equal 'none 5' "$(get m 700) $(get m 1400)"
    equal '699 701 1399 1401 1500' "$(get m 699) $(get m 701) $(get m 1399) $(get m 1401) $(get m 1500)"
    equal 1499 "$(dump m | grep -o '"formatted"' | wc -l)"
}

@test "behind very many lines that are refused, no more is tried, and this is said" {
    two_saved
    for i in {101..115}; do echo "{\"key\":$i,\"value\":x}"; done >>"$TMP/dir/maps/a/.dump"
    echo '{"key":6,"value":6}' >>"$TMP/dir/maps/a/.dump"
    rm "$MNT/a/1"
    sed 's/^MOST_REFUSALS=1000 /MOST_REFUSALS=10 /' "$SCRIPTS/bpfmapfs-backup" >"$TMP/bpfmapfs-restore"
    ends 1 sh "$TMP/bpfmapfs-restore" -m "$MNT" --no-check "$TMP/dir"
    told 'partly a: 10 of 19 keys refused, 6 not tried'
    told 'line 4: '
    told 'merged b: 0 added, 0 replaced, 3 as they were'
    equal '11 12 13 none' "$(get a 1) $(get a 2) $(get a 3) $(get a 6)"
}

@test "100,000 keys" {
    start_daemon
    mkdir "$MNT/big,max_entries=100000"
    "$BUILD/tests/mapload" fill "$PINS/big" 0 100000
    zoo_fingerprint "$TMP/before"
    backup
    equal 'map 100000 big' "$(grep '^map ' "$TMP/dir/manifest")"
    rm -r "$MNT/big"
    restore
    equal 'created big: 100000 keys' "$(<"$TMP/said")"
    came_back
    rm "$MNT/big/77777"
    echo 1 >"$MNT/big/99999"
    restore
    equal 'merged big: 1 added, 1 replaced, 99998 as they were' "$(<"$TMP/said")"
    came_back
}

@test "a backup has nothing to do with -o values=" {
    start_daemon
    zoo_hashes
    zoo_arrays
    zoo_prefixes
    zoo_fingerprint "$TMP/before"
    backup
    cp -a "$TMP/dir" "$TMP/good"
    remove_zoo
    remount -o values=raw
    restore
    came_back
    backup
    for map in flows array cpus blocked; do
        equal '' "$(sort "$TMP/good/maps/$map/.dump" | diff - <(sort "$TMP/dir/maps/$map/.dump"))"
    done
}

@test "a damaged backup: nothing is touched, and what is damaged is named" {
    two_saved
    rm -r "${MNT:?}"/*
    damage=(
        'sed -i s/12/13/ maps/a/.dump' 'a/.dump'
        'sed -i 1d maps/a/.dump' 'a/.dump'
        'rm maps/a/.dump' 'a/.dump'
        'echo 1 >maps/a/7' 'a/7'
        'rm -r maps/a' 'a/.map'
        'sed -i s/max_entries=12/max_entries=13/ maps/a/.map' 'a/.map'
        'mkdir maps/c && cp maps/a/.map maps/c' 'c/.map'
        'sed -i "s,^[0-9]* \(.* ./a/.dump\)$,1 \1," manifest' 'a/.dump'
        'head -c 40 manifest >m && mv m manifest' 'b/.dump'
        'rm manifest' 'manifest is missing'
    )
    for ((i = 0; i < ${#damage[@]}; i += 2)); do
        (cd "$TMP/dir" && eval "${damage[i]}")
        warns 1 "${damage[i + 1]}" bring "$TMP/dir"
        equal '' "$(names "$MNT")" "${damage[i]}"
        rm -r "$TMP/dir"
        cp -a "$TMP/good" "$TMP/dir"
    done
    line_of a 2 '{"key":2,"value":99}'
    says 0 'created b: 3 keys' bring "$TMP/dir" b
    says 0 $'created a: 3 keys\nmerged b: 0 added, 0 replaced, 3 as they were' bring --no-check "$TMP/dir"
    equal 99 "$(get a 2)"
}

@test "links: before their maps, turned, and refused" {
    start_daemon
    mkdir "$MNT/y,max_entries=8" "$MNT/z,max_entries=8" "$MNT/o,type=hash_of_maps,key=u32,inner=z"
    ln -s ../z "$MNT/o/1"
    ln -s ../y "$MNT/o/2"
    zoo_fingerprint "$TMP/before"
    backup
    ln -sfn ../y "$MNT/o/1"
    rm "$MNT/o/2"
    restore
    equal 'merged o: 1 added, 1 replaced, 0 as they were' "$(grep ' o' "$TMP/said")"
    came_back
    rm -r "$MNT"/[oyz]
    restore
    came_back
    rm -r "$MNT/y"
    mkdir "$MNT/y,value=u32,max_entries=8"
    ln -sfn ../z "$MNT/o/2"
    ends 1 bring "$TMP/dir" o
    told 'partly o: 1 of 2 keys refused'
    told 'differ from those of the template'
    equal ../z "$(readlink "$MNT/o/2")"
}

@test "owner and mode come back" {
    two_saved
    chown 7:8 "$PINS/a"
    chmod 640 "$PINS/a"
    rm -r "$TMP/dir"
    backup
    rm -r "${MNT:?}"/*
    restore
    equal '7 8 640' "$(stat -c '%u %g %a' "$PINS/a")"
    equal '0 0 600' "$(stat -c '%u %g %a' "$PINS/b")"
    chmod 750 "$TMP/dir"
    backup
    equal 750 "$(stat -c %a "$TMP/dir")"
}

@test "many keys are few processes" {
    start_daemon
    mkdir "$MNT/big,max_entries=5000"
    "$BUILD/tests/mapload" fill "$PINS/big" 0 5000
    mkdir "$TMP/bin"
    for tool in cat cksum comm cp sed sort tail; do
        printf '#!/bin/sh\necho %s >>%s/calls\nexec %s "$@"\n' "$tool" "$TMP" "$(command -v "$tool")" >"$TMP/bin/$tool"
    done
    chmod +x "$TMP/bin"/*
    entries_of_big() { dump big | grep -o '"key":[0-9]*,"value":[0-9]*' | sort; }
    entries_of_big >"$TMP/before"
    PATH=$TMP/bin:$PATH backup
    rm -r "$MNT/big"
    PATH=$TMP/bin:$PATH restore
    equal 'created big: 5000 keys' "$(<"$TMP/said")"
    equal 5000 "$(wc -l <"$TMP/before")"
    entries_of_big | diff "$TMP/before" -
    grep -q cksum "$TMP/calls"
    (($(wc -l <"$TMP/calls") < 100))
}

@test "a full disk: exit status 1, and the old backup is there" {
    two_saved
    mkdir "$TMP/disk"
    mount -t tmpfs -o size=48k tmpfs "$TMP/disk"
    silent save "$TMP/disk/dir"
    diff -r "$TMP/good" "$TMP/disk/dir"
    "$BUILD/tests/mapload" fill "$PINS/b" 0 1000
    warns 1 'No space left on device' save "$TMP/disk/dir"
    diff -r "$TMP/good" "$TMP/disk/dir"
    equal dir "$(names -A "$TMP/disk")"
    rm -r "$TMP/disk/dir" "$MNT/b"
    warns 1 'cannot be renamed' save "$TMP/disk"
    equal '' "$(names -A "$TMP/disk")"
}

@test "ended by a signal: the old backup is there, and nothing beside it" {
    two_saved
    for signal in HUP INT TERM; do
        before cat 'kill -'$signal' $PPID; sleep 1'
        ends $((128 + $(kill -l $signal))) save "$TMP/dir"
        tools_again
        only_good_there
    done
}

@test "killed: the old backup is there, and the next run clears up" {
    two_saved
    before cat 'kill -KILL $PPID'
    ends 137 save "$TMP/dir"
    diff -r "$TMP/good" "$TMP/dir"
    [[ -d $(echo "$TMP"/dir.bpfmapfs-new.*) ]]
    not_ours=("$TMP/dir".{bpfmapfs-new.1,bpfmapfs-old.note,old.5555555,5555555}) # 1 runs
    for there in "${not_ours[@]}"; do cp -a "$TMP/good" "$there"; done
    backup
    rm -r "${not_ours[@]}"
    only_good_there
}

@test "killed between the two renames: the old backup is found again" {
    two_saved
    pid=$(sh -c 'echo $$')
    for run in bring save; do
        cp -a "$TMP/dir" "$TMP/dir.bpfmapfs-new.$pid"
        mv "$TMP/dir" "$TMP/dir.bpfmapfs-old.$pid"
        says 0 '' "$run" -q "$TMP/dir"
        diff -r "$TMP/good" "$TMP/dir"
    done
    only_good_there
}

@test "maps and keys that go meanwhile are no failure" {
    two_saved
    before cat "rm -r $MNT/a"
    warns 0 'a has gone meanwhile, and is left out' save "$TMP/dir"
    equal 1 "$(wc -l <"$TMP/err")"
    equal 'map 3 b' "$(grep '^map ' "$TMP/dir/manifest")"
    mkdir "$MNT/big,max_entries=1024"
    "$BUILD/tests/mapload" fill "$PINS/big" 0 1000
    spawn "$BUILD/tests/mapload" churn "$PINS/big" 500 500 500
    silent save "$TMP/dir"
    printf '{"key":%d,\n' {0..499} | sort >"$TMP/always"
    grep -o '^{"key":[0-9]*,' "$TMP/dir/maps/big/.dump" | sort >"$TMP/saved"
    equal '' "$(comm -23 "$TMP/always" "$TMP/saved")" # they are there all the time
    equal "map $(wc -l <"$TMP/saved") big" "$(grep '^map .* big' "$TMP/dir/manifest")"
}

@test "a map that nobody has written to yet is named, and left out" {
    two_saved
    mkdir "$MNT/fresh"
    warns 0 'fresh is as mkdir made it' save "$TMP/dir"
    only_good_there
    says 0 $'would save a: 3 keys\nwould save b: 3 keys\nwould save fresh: 0 keys' save -n "$TMP/dir"
}

@test "links that cp loses without a word are missed" {
    two_saved
    rm -r "$TMP/dir"
    mkdir "$MNT/o,type=hash_of_maps,key=u32,inner=a"
    ln -s ../a "$MNT/o/1"
    ln -s ../a "$MNT/o/2"
    backup
    rm -r "$TMP/good"
    cp -a "$TMP/dir" "$TMP/good"
    another cp "$(command -v cp) \"\$@\" && rm -f '$TMP'/dir.*/maps/o/2"
    warns 1 'o was not saved' save "$TMP/dir"
    only_good_there
}

@test "a dump that ends in an error is no backup" {
    two_saved
    for error in 'Input/output error' 'Operation not supported'; do
        another dd "case \$1 in */b/.dump) head -n 2 \"\${1#if=}\" && echo 'dd: $error' >&2 && exit 1 ;; esac
exec $(command -v dd) \"\$@\""
        warns 1 'b was not saved' save "$TMP/dir"
        grep -qF "$error" "$TMP/err"
        tools_again
        only_good_there
    done
    another dd "case \$1 in */b/.dump) mkdir '$TMP/once' 2>/dev/null && head -n 1 \"\${1#if=}\" && exit 1 ;; esac
exec $(command -v dd) \"\$@\""
    silent save "$TMP/dir"
    only_good_there
}

@test "where cat believes the size, as sendfile(2) does, all is saved" {
    two_saved
    another cat "exec python3 -c '
import os, sys
for name in sys.argv[1:]:
    file = os.open(name, os.O_RDONLY)
    try:
        while os.sendfile(1, file, None, 1 << 20): pass
    except OSError: # where it appends
        while data := os.read(file, 1 << 20): os.write(1, data)
' \"\$@\""
    silent save "$TMP/dir"
    only_good_there
}

@test "a map that is replaced while it is read is read again" {
    two_saved
    before dd "mv $MNT/a $MNT/c && mkdir $MNT/a,key=u8 && echo 1 >$MNT/a/255" /a/.dump
    silent save "$TMP/dir"
    grep -q key=u8 "$TMP/dir/maps/a/.map"
    equal '{"key":255,"value":1}' "$(<"$TMP/dir/maps/a/.dump")"
}

@test "a daemon that dies, and a mount without maps, are no reason to forget a backup" {
    two_saved
    rm -r "${MNT:?}"/*
    warns 1 'there are no maps to save' save "$TMP/dir"
    only_good_there
    mkdir "$MNT/a"
    echo 1 >"$MNT/a/1"
    before cat "kill -KILL ${DAEMONS[$MNT]}; sleep 0.2"
    unset "DAEMONS[$MNT]"
    warns 1 'is not there any more' save "$TMP/dir"
    only_good_there
    warns 2 'its daemon is dead' save "$TMP/dir"
    warns 2 'its daemon is dead' bring "$TMP/dir"
    only_good_there
}

# alone MOUNTPOINT... - COMMAND...: of all mounts of bpfmapfs, that one sees these.
alone() {
    local keep=' '
    while [[ $1 != - ]]; do keep+="$1 " && shift; done
    KEEP=$keep unshare -m bash -c 'shift
        awk '\''$3 == "fuse.bpfmapfs" { print $2 }'\'' /proc/self/mounts | while read -r mount; do
            [[ $KEEP == *" $mount "* ]] || umount -l "$(printf %b "$mount")"
        done
        exec timeout 120 "$@"' bash "$@"
}

@test "the mount is found, if there is one and only one" {
    two_saved
    another_mountpoint
    rm -r "$TMP/dir"
    warns 2 'bpfmapfs is not mounted' alone - "$SCRIPTS/bpfmapfs-backup" "$TMP/dir"
    warns 2 'bpfmapfs is not mounted' alone - "$SCRIPTS/bpfmapfs-restore" "$TMP/good"
    warns 2 'bpfmapfs is not mounted there' script backup -m "$OTHER" "$TMP/dir"
    [[ ! -e $TMP/dir ]]
    silent alone "$MNT" - "$SCRIPTS/bpfmapfs-backup" "$TMP/dir"
    diff -r "$TMP/good" "$TMP/dir"
    says 0 'merged a: 0 added, 0 replaced, 3 as they were' \
        alone "$MNT" - "$SCRIPTS/bpfmapfs-restore" "$TMP/dir" a
    mkdir "$OTHER/a 50% b"
    mount --bind "$MNT" "$OTHER/a 50% b"
    silent alone "$OTHER/a\\04050%\\040b" - "$SCRIPTS/bpfmapfs-backup" "$TMP/dir"
    warns 2 "more than once, choose with -m" alone "$MNT" "$OTHER/a\\04050%\\040b" - "$SCRIPTS/bpfmapfs-backup" "$TMP/dir"
    umount "$OTHER/a 50% b"
    rmdir "$OTHER/a 50% b"
    diff -r "$TMP/good" "$TMP/dir"
}

@test "a directory that is no backup is not replaced" {
    two_saved
    mkdir "$TMP/home"
    echo dear >"$TMP/home/letter"
    warns 2 'is no backup, and would be replaced' save "$TMP/home"
    equal dear "$(<"$TMP/home/letter")"
    warns 2 'is no backup' bring "$TMP/home"
    warns 2 'is no backup' bring "$TMP/nothing"
    warns 2 'is in the mount' save "$MNT/new"
    warns 2 'there is no directory to put it in' save "$TMP/none/dir"
    mkdir "$TMP/empty"
    ln -s empty "$TMP/link"
    silent save "$TMP/link/"
    [[ -L $TMP/link ]]
    diff -r "$TMP/good" "$TMP/empty"
}

@test "the command line: -h, relative directories, and what is wrong" {
    two_saved
    for name in backup restore; do
        ends 0 script $name -h
        told "usage: bpfmapfs-$name [options] DIR [MAP...]"
        told 'Exit status: 0 '
        warns 2 'DIR is missing' script $name -m "$MNT"
        warns 2 '-x is no option' script $name -x "$TMP/dir"
        warns 2 '-m wants a directory' script $name -m
    done
    not grep -q no-check <(script backup --help)
    grep -q no-check <(script restore --help)
    cd "$TMP"
    silent save -q -- -dir
    diff -r dir ./-dir
    rm -r "${MNT:?}"/*
    says 0 $'created a: 3 keys\ncreated b: 3 keys' bring -- -dir
    cp "$SCRIPTS/bpfmapfs-backup" "$TMP/bpfmapfs-restore" # as it may be installed
    says 0 'merged b: 0 added, 0 replaced, 3 as they were' sh "$TMP/bpfmapfs-restore" -m "$MNT" dir b
}

@test "progress on a terminal, and none with -q" {
    two_saved
    script() { command script -qec "sh $SCRIPTS/bpfmapfs-backup $*" /dev/null </dev/null 3>&-; }
    ends 0 script -m "$MNT" "$TMP/dir"
    told '1 of 2: a'
    told "2 maps are in $TMP/dir"
    says 0 '' script -m "$MNT" -q "$TMP/dir"
    only_good_there
}

@test "a read-only mount can be saved, and refuses what is restored" {
    two_saved
    zoo_fingerprint "$TMP/before"
    remount -o ro
    backup
    line_of a 1 '{"key":1,"value":1}'
    sed -i '/"key":2,/d' "$TMP/dir/maps/a/.dump"
    warns 2 'is mounted read-only' bring --no-check "$TMP/dir"
    says 0 $'would merge a: 0 added, 1 replaced, 1 as they were
would merge b: 0 added, 0 replaced, 3 as they were' bring -n --no-check "$TMP/dir"
    remount
    rm -r "${MNT:?}"/*
    cp -a "$TMP/good/manifest" "$TMP/dir"
    cp -a "$TMP/good/maps/a/." "$TMP/dir/maps/a"
    restore
    came_back
    equal 600 "$(stat -c %a "$PINS/b")"
}
