#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Restores of what is not whole, and into what has no room: what is refused is told, by the exit
# status too, and nothing else is lost (contract, section 8).

load lib
load backup

TOOLS='cp tar rsync cpio' # cpio stops at what is refused first, the others go on

# make_some: maps of some kinds, and $TMP/copy, a backup of them.
make_some() {
    mkdir "$MNT/m,key=s32,value=struct{u32 a;char[8] b;},max_entries=8"
    fill m <<<$'-5\t{"a":1,"b":"x"}\n1\t{"a":2}\n7\t{"a":3}\n8\t{"b":"yes"}'
    mkdir "$MNT/words,key=char[16],value=char[16],max_entries=8"
    fill words <<<$'-a\tfirst\nb\tsecond'
    mkdir "$MNT/slots,type=array,value=u32,max_entries=4"
    echo 3 >"$MNT/slots/2"
    mkdir "$MNT/outer,type=hash_of_maps,key=4,inner=m,max_entries=4"
    ln -s ../m "$MNT/outer/1"
    mkdir "$MNT/many,key=u32,value=u64,max_entries=512"
    py <<'CODE'
for i in range(20):
    put("many", i * 7919, i)
CODE
    zoo_fingerprint "$TMP/before"
    quiet cp -a "$MNT" "$TMP/copy"
}

remove_some() { rm -r -- "${MNT:?}"/*; }

# bring TOOL [FILE...]: restores $TMP/copy, its files in this order, if any are named.
bring() {
    local tool=$1
    shift
    (cd "$TMP/copy" && if (($#)); then printf '%s\n' "$@"; else find . | sort; fi) >"$TMP/list"
    case $tool in
    cp) (cd "$TMP/copy" && if (($#)); then cp -a --parents -- "$@" "$MNT"; else cp -a . "$MNT"; fi) ;;
    tar)
        tar -C "$TMP/copy" -c --no-recursion -f "$TMP/maps.tar" -T "$TMP/list"
        tar -C "$MNT" -xf "$TMP/maps.tar"
        ;;
    rsync) rsync -a "$TMP/copy/" "$MNT" ;;
    cpio)
        (cd "$TMP/copy" && cpio -o --quiet -H newc <"$TMP/list") >"$TMP/maps.cpio"
        (cd "$MNT" && cpio -idmu --quiet -I "$TMP/maps.cpio")
        ;;
    esac
}

# fails COMMAND...: and says why, in $TMP/told.
fails() {
    local status=0
    "$@" >"$TMP/told" 2>&1 || status=$?
    ((status)) && [[ -s $TMP/told ]] && return
    echo "exit status $status: $*"
    cat "$TMP/told"
    return 1
}

succeeds() {
    "$@" >"$TMP/told" 2>&1 || {
        echo "exit status $?: $*"
        cat "$TMP/told" "$MNT/.error_log"
        return 1
    }
}

logged() {
    grep -q -- "$1" "$MNT/.error_log" || {
        echo "not in .error_log: $1"
        cat "$MNT/.error_log"
        return 1
    }
}

keys_of() { dump "$1" | grep -o '"key":\[' | wc -l; }
waiting() { sed -n 's/^waiting:\t//p' "$MNT/$1/.info"; }

@test "into a map that is too small" {
    start_daemon
    make_some
    for tool in $TOOLS; do
        remove_some
        mkdir "$MNT/many,key=u32,value=u64,max_entries=2"
        put many 9 9
        fails bring "$tool"
        logged 'many/.map: EEXIST'
        equal 9 "$(get many 9)"
        if [[ $tool != cpio ]]; then
            logged 'many/.*: ENOSPC'
            grep -qi 'no space left' "$TMP/told"
            equal 2 "$(keys_of many)"
        fi
        eventually grep -q max_entries=2 "$MNT/many/.map" # tar has hidden it for a second
        rm -r "$MNT/many"
        succeeds bring "$tool"
        came_back
    done
}

# The keys of the backup that fit, be it by accident, come beside those that are there: as in any
# directory that is restored over. The exit status tells that the map is another.
@test "over a map of another type" {
    start_daemon
    make_some
    for tool in $TOOLS; do
        remove_some
        mkdir "$MNT/many,type=lru_hash,key=u32,value=u64,max_entries=512" \
            "$MNT/words,key=u16,value=u8,max_entries=4"
        put many 5 55
        echo 6 >"$MNT/words/3"
        fails bring "$tool"
        logged 'many/.map: EEXIST'
        equal 55 "$(get many 5)"
        if [[ $tool != cpio ]]; then
            logged 'words/.map: EEXIST'
            equal 1 "$(get many 7919)"
        fi
        [[ $(info "$PINS/many") == *'"type":"lru_hash"'* ]]
        equal "06 1" "$(bytes_of words '03 00') $(keys_of words)"
        equal 3 "$(names "$MNT/words")"
    done
}

@test "tar, an archive that is cut" {
    local member block
    start_daemon
    make_some
    tar -C "$MNT" -cf "$TMP/whole.tar" .
    for member in words/.map words/b m/-5 many/.map many/7919 many/150461 outer/.map; do
        remove_some
        block=$(tar -tRf "$TMP/whole.tar" | sed -n "s|^block \([0-9]*\): ./$member\$|\1|p")
        head -c "$(((block + 1) * 512 + 1))" "$TMP/whole.tar" >"$TMP/half.tar"
        equal 2 "$(tar -C "$MNT" -xf "$TMP/half.tar" 2>/dev/null || echo $?)"
        # What came is what was saved, but for the last file, which may be there, or a part of it.
        diff -qr "$TMP/copy" "$MNT" >"$TMP/difference" || true
        equal '' "$(grep -v -e "^Only in $TMP/copy" -e "/$member and " "$TMP/difference")"
        succeeds tar -C "$MNT" -xf "$TMP/whole.tar"
        came_back
    done
}

# spoilt: two values of $TMP/copy/m mean nothing, one of which comes before .map by name.
spoilt() {
    echo nonsense >"$TMP/copy/m/-5"
    echo '{"a":' >"$TMP/copy/m/7"
}

@test "a value that means nothing, behind .map" {
    start_daemon
    make_some
    spoilt
    for tool in cp tar cpio; do
        remove_some
        fails bring "$tool" words/.map words/-a words/b m/.map m/1 m/8 m/-5 m/7
        logged 'm/-5: EINVAL'
        [[ $tool == cpio ]] || logged 'm/7: EINVAL'
        equal '.map 1 8' "$(names -A "$MNT/m")"
        equal 2 "$(keys_of m)"
        check_equal "$TMP/copy/m/.map" "$MNT/m/.map"
        check_equal "$TMP/copy/words" "$MNT/words"
    done
}

@test "a value that means nothing, before .map" {
    start_daemon
    make_some
    spoilt
    for tool in $TOOLS; do
        remove_some
        echo >"$MNT/.error_log"
        case $tool in
        rsync) fails bring rsync ;;
        *) fails bring "$tool" words/-a words/b words/.map m/-5 m/1 m/7 m/8 m/.map ;;
        esac
        logged 'm/-5: EINVAL'
        equal 'nonsense' "$(<"$MNT/m/-5")" # it waits
        equal 2 "$(keys_of m)"
        check_equal "$TMP/copy/m/.map" "$MNT/m/.map"
        equal '{"a":0,"b":"yes"}' "$(<"$MNT/m/8")"
        check_equal "$TMP/copy/words" "$MNT/words"
        echo '{"a":1,"b":"x"}' >"$MNT/m/-5" # and is mended
        [[ ! -e $MNT/m/7 ]] || rm "$MNT/m/7"
        equal '' "$(waiting m)"
        equal 3 "$(keys_of m)"
    done
}

# cpio and rsync are refused when they make the file. cp and tar make one that could be a staging
# file, and are when they give it a time.
@test "a name that means nothing" {
    start_daemon
    make_some
    mv "$TMP/copy/m/7" "$TMP/copy/m/seven"
    for tool in $TOOLS; do
        remove_some
        echo >"$MNT/.error_log"
        case $tool in
        rsync) fails bring rsync ;;
        *) fails bring "$tool" words/.map words/-a words/b m/.map m/1 m/8 m/-5 m/seven ;;
        esac
        logged 'm/.*seven.*: EINVAL'
        equal '.map 1 8 -5' "$(names -A "$MNT/m")"
        equal 3 "$(keys_of m)"
        check_equal "$TMP/copy/words" "$MNT/words"
    done
}

# What mode was asked for says who asks: 0666 a shell, 0600 what restores.
@test "a shell with a strict umask is no restore" {
    start_daemon
    (
        umask 077
        mkdir "$MNT/m"
        refused EINVAL store "$MNT/m/name" text
        echo 5 >"$MNT/m/1"
        [[ -e $MNT/m/.map ]]
    )
    equal '.map 1' "$(names -A "$MNT/m")"
}

@test "a .map that means nothing" {
    start_daemon
    make_some
    cp "$TMP/copy/m/.map" "$TMP/good"
    sed -i 's/^type=.*/type=hush/' "$TMP/copy/m/.map"
    for tool in $TOOLS; do
        remove_some
        fails bring "$tool"
        logged 'm/.map.*: EINVAL'
        if [[ $tool == cpio ]]; then
            equal -5 "$(names -A "$MNT/m")"
        else
            equal '1 7 8 -5' "$(names -A "$MNT/m")"
            diff -r -x .map "$TMP/copy/m" "$MNT/m"
            equal 4 "$(waiting m)"
        fi
        cat "$TMP/good" >"$MNT/m/.map"
        equal '' "$(waiting m)"
        check_equal "$TMP/good" "$MNT/m/.map"
        if [[ $tool == cpio ]]; then
            equal 1 "$(keys_of m)"
        else
            succeeds ln -sfn ../m "$MNT/outer/1"
            came_back
        fi
    done
}

@test "a backup without a .map: what is there waits for one" {
    start_daemon
    make_some
    mv "$TMP/copy/words/.map" "$TMP/good"
    for tool in $TOOLS; do
        remove_some
        succeeds bring "$tool"
        equal 'b -a' "$(names -A "$MNT/words")"
        equal 'first second' "$(cat "$MNT"/words/* | paste -sd' ')"
        equal 2 "$(waiting words)"
        cat "$TMP/good" >"$MNT/words/.map"
        equal '' "$(waiting words)"
        came_back
    done
}

@test "a disk that is full" {
    start_daemon
    make_some
    export TMP
    mkdir "$TMP/full"
    mount -t tmpfs -o size=4k,nr_inodes=100 tmpfs "$TMP/full"
    for save in 'cp -a "$MNT" "$TMP/full"' \
        'tar -C "$MNT" -cf "$TMP/full/maps.tar" .' \
        'rsync -a "$MNT/" "$TMP/full/maps"' \
        'cd "$MNT" && find . | cpio -o --quiet -H newc >"$TMP/full/maps.cpio"'; do
        fails bash -o pipefail -c "$save"
        rm -rf "$TMP"/full/*
    done
    eventually umount "$TMP/full"
    equal '' "$(<"$MNT/.error_log")"
    came_back
    check_equal "$TMP/copy" "$MNT"
}

half() { echo "$(($(stat -c %s "$TMP/whole.tar") / 2))"; }

# half_restored: tar has half of an archive, and waits for more of it.
half_restored() {
    tar -C "$MNT" -cf "$TMP/whole.tar" .
    remove_some
    mkfifo "$TMP/pipe"
    spawn env --default-signal=INT tar -C "$MNT" -xf "$TMP/pipe" >"$TMP/told" 2>&1
    exec {PIPE}>"$TMP/pipe"
    head -c "$(half)" "$TMP/whole.tar" >&"$PIPE"
    eventually not test -z "$(ls "$MNT")"
}

# The rest comes. $STATUS is what tar ended with.
the_rest() {
    STATUS=0
    tail -c +"$(($(half) + 1))" "$TMP/whole.tar" >&"$PIPE" || true
    exec {PIPE}>&-
    wait "${HELPERS[0]}" || STATUS=$?
    HELPERS=()
}

@test "Ctrl-C in the middle of a restore" {
    start_daemon
    make_some
    half_restored
    kill -INT "${HELPERS[0]}"
    the_rest
    ((STATUS))
    succeeds tar -C "$MNT" -xf "$TMP/whole.tar"
    came_back
}

@test "the daemon is killed in the middle of a restore" {
    start_daemon
    make_some
    half_restored
    kill_daemon
    the_rest
    ((STATUS))
    umount -l "$MNT"
    start_daemon
    succeeds tar -C "$MNT" -xf "$TMP/whole.tar"
    came_back
}

@test "the daemon is killed between mkdir and .map" {
    start_daemon
    make_some
    for tool in $TOOLS; do
        remove_some
        mkdir "$MNT/words" "$MNT/m"
        (umask 077 && echo text >"$TMP/text" && cp "$TMP/text" "$MNT/words/b")
        kill_daemon
        umount -l "$MNT"
        start_daemon
        succeeds bring "$tool"
        came_back
    done
}

@test "the daemon is killed in the middle of a backup" {
    local status=0
    start_daemon
    make_some
    mkdir "$MNT/more,key=u32" # than a pipe takes
    py <<'CODE'
for i in range(200):
    put("more", i, i)
CODE
    zoo_fingerprint "$TMP/before"
    quiet cp -a "$MNT/more" "$TMP/copy"
    mkfifo "$TMP/pipe"
    spawn tar -C "$MNT" -cf "$TMP/pipe" .
    exec {PIPE}<"$TMP/pipe"
    head -c 10240 <&"$PIPE" >"$TMP/half.tar"
    kill_daemon
    cat <&"$PIPE" >>"$TMP/half.tar"
    exec {PIPE}<&-
    wait "${HELPERS[0]}" || status=$?
    HELPERS=()
    equal 2 "$status"
    umount -l "$MNT"
    start_daemon
    came_back
    quiet cp -a "$MNT" "$TMP/again"
    check_equal "$TMP/copy" "$TMP/again"
}

@test "by one who has no right to" {
    start_daemon -o allow_other
    make_some
    tar -C "$MNT" -cf "$TMP/whole.tar" .
    chmod 755 "$TMP" "$BATS_RUN_TMPDIR" "$(dirname "$TMP")" "$(dirname "$(dirname "$TMP")")"
    fails as_nobody tar -xf - <"$TMP/whole.tar"
    grep -q 'Permission denied' "$TMP/told"
    came_back
    remove_some
    fails as_nobody tar -xf - <"$TMP/whole.tar"
    equal '' "$(ls "$MNT")"
}

@test "into a mount that is read-only" {
    start_daemon
    make_some
    alter() { put many 0 "$1"; }
    alter 5
    zoo_fingerprint "$TMP/before"
    remount -o ro
    for tool in $TOOLS; do
        fails bring "$tool"
        grep -qi 'read-only' "$TMP/told"
        came_back
    done
}

@test "two restores at once" {
    local pids pid
    start_daemon
    make_some
    tar -C "$MNT" -cf "$TMP/whole.tar" .
    for _ in 1 2 3; do
        remove_some
        pids=()
        for _ in 1 2; do
            tar -C "$MNT" -xf "$TMP/whole.tar" >>"$TMP/told" 2>&1 3>&- &
            pids+=($!)
        done
        for pid in "${pids[@]}"; do wait "$pid" || true; done # each may meet what the other makes
        diff -r "$TMP/copy" "$MNT" >"$TMP/difference" || true
        succeeds tar -C "$MNT" -xf "$TMP/whole.tar"
        came_back
    done
}

# Some tools set them before .map comes, by which the map is made again.
@test "owner and mode of a map" {
    start_daemon
    make_some
    chmod 750 "$MNT/m" "$MNT/words"
    chgrp 12 "$MNT/m"
    quiet rsync -a "$MNT/" "$TMP/copy"
    for tool in $TOOLS; do
        remove_some
        succeeds bring "$tool"
        equal '750 12' "$(stat -c '%a %g' "$MNT/m")"
        equal '640 12' "$(stat -c '%a %g' "$PINS/m")"
        equal '750 0' "$(stat -c '%a %g' "$MNT/words")"
        came_back
    done
}
