#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The root: which maps there are and what they are called (contract, section 2).
# alone

load lib

listed() { [[ " $(names "$MNT") " == *" $1 "* ]]; }

@test "a map of the kernel's appears under its name" {
    elsewhere before "t$$_before"
    SCOPE=all start_daemon
    elsewhere after "t$$_after"
    eventually listed "t$$_before"
    eventually listed "t$$_after"
    equal type=hash "$(grep type= "$MNT/t$$_after/.map")"
}

@test "of two with one name the older has it, the other adds its id" {
    elsewhere one "t$$"
    elsewhere two "t$$"
    SCOPE=all start_daemon
    elsewhere three "t$$"
    eventually listed "t$$"
    eventually listed "t$$@$(id_of "$ELSEWHERE/two")"
    eventually listed "t$$@$(id_of "$ELSEWHERE/three")"
    echo 7 >"$MNT/t$$@$(id_of "$ELSEWHERE/two")/1"
    equal '' "$(names "$MNT/t$$")"
}

@test "a pin's name goes before the kernel's" {
    SCOPE=all start_daemon
    elsewhere x "t$$"
    mkdir "$MNT/m$$"
    mv "$PINS/m$$" "$PINS/t$$"
    SCOPE=all remount
    listed "t$$"
    listed "t$$@$(id_of "$ELSEWHERE/x")"
    equal "$(id_of "$PINS/t$$")" "$(sed -n 's/^id[^0-9]*\([0-9]*\)$/\1/p' "$MNT/t$$/.info")"
}

@test "a name once given stays while the mount lives" {
    elsewhere one "t$$"
    elsewhere two "t$$"
    two=$(id_of "$ELSEWHERE/two")
    SCOPE=all start_daemon
    listed "t$$@$two"
    rm "$ELSEWHERE/one"
    eventually not listed "t$$"
    listed "t$$@$two"
}

@test "@ID leads to a map and is not listed" {
    start_daemon
    mkdir "$MNT/m"
    id=$(id_of "$PINS/m")
    echo 5 >"$MNT/@$id/1"
    equal 5 "$(<"$MNT/m/1")"
    equal 5 "$(get m 1)"
    not listed "@$id"
    refused ENOENT ls "$MNT/@4294967290"
    refused ENOENT ls "$MNT/@"
    refused ENOENT ls "$MNT/@x"
}

@test "an empty name of the kernel's: @ID alone" {
    bpftool map create "$ELSEWHERE/x" type hash key 4 value 8 entries 4 name ''
    SCOPE=all start_daemon
    entries "$MNT" | grep -qx "@$(id_of "$ELSEWHERE/x")"
}

@test "names of the kernel's that no file may have are escaped" {
    elsewhere dot .
    elsewhere dots ..
    elsewhere hidden ".t$$"
    elsewhere latin $'t\xe9'"$$"
    SCOPE=all start_daemon
    for name in "%2et$$" "t%e9$$"; do
        entries "$MNT" | grep -qix -- "$name"
    done
    for pin in dot dots; do
        id=$(id_of "$ELSEWHERE/$pin")
        ls "$MNT/@$id/.map"
    done
    entries "$MNT" | grep -qiE '^%2e(@[0-9]+)?$'
    entries "$MNT" | grep -qiE '^(%2e%2e|%2e\.)(@[0-9]+)?$'
    refused - ls -d "$MNT"/.t*
}

@test "a directory below pindir is a plain directory; mkdir in it pins there" {
    mkdir -p "$PINS/sub"
    start_daemon
    listed sub
    equal '' "$(ls -A "$MNT/sub")"
    mkdir "$MNT/sub/m"
    test -e "$PINS/sub/m"
    echo 5 >"$MNT/sub/m/1"
    equal 5 "$(get sub/m 1)"
    not listed m
    remount
    equal m "$(ls -A "$MNT/sub")"
    equal 5 "$(<"$MNT/sub/m/1")"
    rm -r "$MNT/sub/m"
    not test -e "$PINS/sub/m"
}

@test "a map that vanishes is gone, and looking at it does not hold it" {
    SCOPE=all start_daemon
    elsewhere x "t$$"
    id=$(id_of "$ELSEWHERE/x")
    eventually listed "t$$"
    echo 5 >"$MNT/t$$/1"
    ls -lR "$MNT/t$$" >/dev/null
    cat "$MNT/t$$"/{.map,.info,.count,.frozen,1} >/dev/null
    rm "$ELSEWHERE/x"
    eventually not map_exists "$id"
    refused - cat "$MNT/t$$/1"
    eventually not listed "t$$"
    ls -f "$MNT" >/dev/null
}

@test "a map that is made again under the name of one that went is there at once" {
    start_daemon
    for _ in 1 2 3; do
        mkdir "$MNT/m,max_entries=20"
        echo 1 >"$MNT/m/1"
        rm "$PINS/m"
        for _ in {1..200}; do
            [ -e "$MNT/m" ] || break
            sleep 0.02
        done
        [ ! -e "$MNT/m" ]
    done
}

@test "standing in a map's directory does not hold it either" {
    SCOPE=all start_daemon
    elsewhere x "t$$"
    id=$(id_of "$ELSEWHERE/x")
    eventually listed "t$$"
    cd "$MNT/t$$"
    touch 1
    ls -l
    rm "$ELSEWHERE/x"
    eventually not map_exists "$id"
    refused - cat 1
    refused - touch 2
    equal '' "$(ls 2>/dev/null || true)" # a removed directory is empty: libc says so
}

come_and_go() {
    while :; do
        elsewhere "go$1" "go$1_$$"
        rm "$ELSEWHERE/go$1"
    done
}

@test "listing never fails while maps come and go" {
    SCOPE=all start_daemon
    mkdir "$MNT/stays$$"
    spawn come_and_go 1
    spawn come_and_go 2
    for _ in {1..60}; do
        ls -f "$MNT" >"$TMP/out" 2>&1 || { cat "$TMP/out" && return 1; }
        grep -qx "stays$$" "$TMP/out"
    done
}

@test "mkdir NAME,SPEC: called NAME, and the name as typed resolves" {
    start_daemon
    mkdir "$MNT/m,type=array,value=u64,max_entries=4"
    listed m
    not listed m,type=array,value=u64,max_entries=4
    ls "$MNT/m,type=array,value=u64,max_entries=4/.map"
    test "$MNT/m" -ef "$MNT/m,type=array,value=u64,max_entries=4"
    refused EEXIST mkdir "$MNT/m"
    refused EEXIST mkdir "$MNT/m,type=array,value=u64,max_entries=4"
    refused EEXIST mkdir "$MNT/m,type=hash"
    rmdir "$MNT/m,type=array,value=u64,max_entries=4"
    not listed m
}

@test "NAME,SPEC resolves where the map is what it says" {
    start_daemon
    mkdir "$MNT/m"
    stat "$MNT/m,type=hash" >/dev/null
    refused ENOENT stat "$MNT/m,type=array"
    refused ENOENT rmdir "$MNT/m,type=array"
    test -e "$PINS/m"
    listed m
}

@test "names of maps: pins escape the dot, kernel names keep what they can" {
    start_daemon
    # directory | kernel name
    while IFS='|' read -r name kernel; do
        mkdir "$MNT/$name"
        pin=$(find "$PINS" -type f -print)
        equal 1 "$(wc -l <<<"$pin")" "pins for $name"
        equal "$kernel" "$(info "$pin" | grep -o '"name":"[^"]*"' | cut -d'"' -f4)" "$name"
        equal "$name" "$(entries "$MNT" | grep -Fx -- "$name")"
        remount
        equal "$name" "$(entries "$MNT" | grep -Fx -- "$name")" "after a remount"
        echo 1 >"$MNT/$name/1"
        rm -r "${MNT:?}/$name"
        equal '' "$(find "$PINS" -type f)"
    done <<'TABLE'
plain_9|plain_9
a.b|a.b
a-b c|a_b_c
x...y|x...y
grün|gr__n
1234567890123456789|123456789012345
TABLE
}

@test "the pin of a dotted name is percent-escaped" {
    start_daemon
    mkdir "$MNT/a.b"
    entries "$PINS" | grep -qix a%2eb
}

@test "a long name is a directory like any other" {
    start_daemon
    long=$(printf 'x%.0s' {1..200})
    mkdir "$MNT/$long"
    listed "$long"
    remount
    listed "$long"
}

@test "a name beginning with a dot is not for maps" {
    start_daemon
    refused - mkdir "$MNT/.m"
    refused - mkdir "$MNT/.map"
    refused - mkdir "$MNT/.m,type=array"
    equal '' "$(find "$PINS" -type f 2>/dev/null)"
}

@test "the root takes no files, links or devices" {
    start_daemon
    refused - touch "$MNT/file"
    refused - ln -s target "$MNT/link"
    refused - mkfifo "$MNT/fifo"
    equal '' "$(names "$MNT")"
}

@test "rmdir unpins an empty map and an array, not a map with keys" {
    start_daemon
    mkdir "$MNT/hash" "$MNT/array,type=array,max_entries=4" "$MNT/percpu,type=percpu_array,max_entries=4"
    echo 1 >"$MNT/array/0"
    echo 1 >"$MNT/hash/1"
    refused ENOTEMPTY rmdir "$MNT/hash"
    equal 1 "$(get hash 1)"
    rm "$MNT/hash/1"
    id=$(id_of "$PINS/hash")
    rmdir "$MNT/hash" "$MNT/array" "$MNT/percpu"
    equal '' "$(ls "$PINS")"
    eventually not map_exists "$id"
    refused ENOENT ls "$MNT/hash"
}

@test "rmdir and mv of a map that is not ours" {
    SCOPE=all start_daemon
    elsewhere x "t$$"
    eventually listed "t$$"
    refused EBUSY rmdir "$MNT/t$$"
    refused EBUSY mv "$MNT/t$$" "$MNT/u$$"
    listed "t$$"
    map_exists "$(id_of "$ELSEWHERE/x")"
}

@test "mv renames the pin" {
    start_daemon
    mkdir "$MNT/a"
    echo 5 >"$MNT/a/1"
    id=$(id_of "$PINS/a")
    mv "$MNT/a" "$MNT/b.c"
    refused ENOENT ls "$MNT/a"
    equal 5 "$(<"$MNT/b.c/1")"
    listed b.c
    remount
    not listed a
    equal 5 "$(<"$MNT/b.c/1")"
    mv "$MNT/b.c" "$MNT/d"
    equal "$id" "$(id_of "$PINS/d")"
}

@test "mv onto a map is refused, and both stay" {
    start_daemon
    mkdir "$MNT/a" "$MNT/b"
    echo 1 >"$MNT/a/1"
    echo 2 >"$MNT/b/1"
    refused - mv -T "$MNT/a" "$MNT/b"
    py <<'CODE'
refused(errno.EEXIST, rename2, "a", "b", 1)
refused(errno.EINVAL, rename2, "a", "b", 2)
try: os.rename(path("a"), path("b"))
except OSError as e: assert e.errno in (errno.EEXIST, errno.ENOTEMPTY, errno.EBUSY), e
else: raise AssertionError("overwritten")
CODE
    equal 1 "$(get a 1)"
    equal 2 "$(get b 1)"
}

@test "of two pins of one map, mv and rmdir are about the one that they name" {
    start_daemon
    mkdir "$MNT/p"
    bpftool map pin pinned "$PINS/p" "$PINS/q"
    mv "$MNT/q" "$MNT/r"
    equal "p r" "$(names "$PINS")"
    rmdir "$MNT/r"
    equal p "$(names "$PINS")"
    echo 5 >"$MNT/p/1"
    equal 5 "$(get p 1)"
}

@test "a pin that others put in place of a map's is not the map's" {
    SCOPE=all start_daemon
    while read -r action; do
        mkdir "$MNT/v$$"
        old=$MNT/@$(id_of "$PINS/v$$")
        ls -ld "$old"
        bpftool map pin pinned "$PINS/v$$" "$ELSEWHERE/other"
        rm "$PINS/v$$"
        bpftool map create "$PINS/v$$" name "w$$" type hash key 4 value 8 entries 4
        before=$(stat -c '%i %a %u %g' "$PINS/v$$")
        # shellcheck disable=SC2086
        (cd "$MNT" && refused - ${action/OLD/"$old"})
        equal "$before" "$(stat -c '%i %a %u %g' "$PINS/v$$")" "$action"
        rm "$PINS/v$$" "$ELSEWHERE/other"
    done <<TABLE
chmod 777 OLD
chown 65534:12 OLD
rmdir OLD
mv OLD moved$$
TABLE
}

@test "a map that lost its pin below pindir, and its directory, is in the root" {
    mkdir -p "$PINS/sub$$"
    SCOPE=all start_daemon
    mkdir "$MNT/sub$$/held$$"
    bpftool map pin pinned "$PINS/sub$$/held$$" "$ELSEWHERE/held"
    rmdir "$MNT/sub$$/held$$"
    rmdir "$MNT/sub$$"
    eventually listed "held$$"
}
