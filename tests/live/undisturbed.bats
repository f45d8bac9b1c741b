#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A tree that has a map of every type is walked with everyday tools, and no map is another one
# afterwards. What is in them is told by bpftool, and by undisturbed.c where that cannot.
# alone

load lib

# A map of each type, named $MARK and the type, with elements; $ASK leads to what holds them.
all_types() {
    MARK=u$$-$BATS_TEST_NUMBER-
    mkdir "$PINS"
    mkfifo "$TMP/ask"
    exec {ASK}<>"$TMP/ask"
    spawn env TMPDIR="$TMP" "$BUILD/tests/undisturbed" "$PINS" "$MARK" "$TMP/ask"
    eventually settled
    bpftool_dumps >"$TMP/dumps-before"
    (($(wc -l <"$TMP/before") > 100 && $(wc -l <"$TMP/dumps-before") > 30))
}

ask() {
    rm -f "$TMP/$2"
    echo "$1 $TMP/$2" >&"$ASK"
    eventually test -e "$TMP/$2"
}

# Somebody else's look at a map takes a reference of it for a moment; what is lost stays lost.
unchanged() {
    ask tell now
    diff "$TMP/before" "$TMP/now"
}

settled() {
    ask tell before
    unchanged
}

bpftool_dumps() {
    local pin
    for pin in "$PINS/$MARK"*; do
        echo "${pin##*/} $(bpftool -j map dump pinned "$pin" 2>&1)"
    done
}

must_be_unchanged() {
    eventually unchanged || return
    bpftool_dumps >"$TMP/dumps-now"
    diff "$TMP/dumps-before" "$TMP/dumps-now"
}

# What nobody can read is still there, too.
must_be_unchanged_to_the_last() {
    must_be_unchanged
    ask take taken
    [[ -s $TMP/taken ]]
    not grep -vE '^[a-z_]+ 0 0 0$' "$TMP/taken"
}

# quietly COMMAND...: it succeeds in a minute and has nothing to say; its output is in $TMP/out.
quietly() {
    local status=0
    timeout 60 "$@" >"$TMP/out" 2>"$TMP/err" || status=$?
    [[ $status == 0 && ! -s $TMP/err ]] || {
        echo "$* exited with $status: $(<"$TMP/err")"
        return 1
    }
}

# tolerantly COMMAND...: maps of others may come and go and change meanwhile.
STRANGE='No such file or directory|Stale file handle|File removed before|file changed as we read it'
STRANGE+='|vanished|previous errors|some files|rsync error'
tolerantly() {
    local status=0
    timeout 60 "$@" >"$TMP/out" 2>"$TMP/err" || status=$?
    ((status < 124)) || {
        echo "$* exited with $status"
        return 1
    }
    if grep -qF -- "$MARK" "$TMP/err" || grep -qvE "$STRANGE" "$TMP/err"; then
        echo "$*: $(<"$TMP/err")"
        return 1
    fi
    ((status == 0)) || [[ -s $TMP/err ]]
}

# walk HOW: each tool over the whole tree.
walk() {
    local run=$1
    "$run" ls -lR "$MNT"
    "$run" find "$MNT" -size +1
    "$run" find "$MNT" -type f -exec cat {} +
    (($(wc -l <"$TMP/out") > 200))
    "$run" grep -r . "$MNT"
    "$run" du -a "$MNT"
    "$run" bash -o pipefail -c 'tar -C "$MNT" -cf - . | cat'
    "$run" rsync -a "$MNT/" "$TMP/rsynced"
    "$run" cp -a "$MNT/." "$TMP/copied"
    equal "$(find "$PINS" -type f | wc -l)" "$(find "$TMP/copied/" -path "*$MARK*/.map" | wc -l)"
    for type in hash array lpm_trie devmap cgroup_storage task_storage sockmap stack_trace; do
        [[ -n $(names "$TMP/copied/$MARK$type") ]] || {
            echo "no elements were copied of $type"
            return 1
        }
    done
    rm -r "$TMP/copied" "$TMP/rsynced"
}

@test "walking over every type changes no map" {
    all_types
    start_daemon
    walk quietly
    must_be_unchanged_to_the_last
}

@test "nor on a mount that is read-only" {
    all_types
    start_daemon -o ro
    walk quietly
    must_be_unchanged_to_the_last
}

@test "nor where values are raw" {
    all_types
    start_daemon -o values=raw
    quietly ls -lR "$MNT"
    quietly find "$MNT" -type f -exec cat {} +
    quietly bash -o pipefail -c 'tar -C "$MNT" -cf - . | cat'
    must_be_unchanged_to_the_last
}

@test "nor among all the maps of the machine" {
    all_types
    SCOPE=all start_daemon
    walk tolerantly
    must_be_unchanged_to_the_last
}

@test "nor does reading what is not listed, nor opening what consumes" {
    all_types
    start_daemon
    for map in "$MNT/$MARK"*; do
        for name in .info .frozen .types .peek; do
            [[ ! -e $map/$name ]] || quietly cat "$map/$name"
        done
        timeout 20 cat "$map/.count" >"$TMP/out" 2>&1 || true # not of every type
        for name in .push .pop .stream; do
            [[ ! -e $map/$name ]] || quietly stat "$map/$name"
        done
    done
    : <"$MNT/${MARK}queue/.pop"
    : <"$MNT/${MARK}stack/.pop"
    : <"$MNT/${MARK}ringbuf/.stream"
    : >"$MNT/${MARK}queue/.push"
    : >"$MNT/${MARK}user_ringbuf/.push"
    must_be_unchanged
}

@test "a change is noticed" {
    all_types
    start_daemon
    timeout 20 cat "$MNT/${MARK}queue/.pop" >"$TMP/popped"
    equal 7 "$(<"$TMP/popped")"
    not unchanged
    grep -q '^< queue .* count 3 ' <(diff "$TMP/before" "$TMP/now")
    equal 1 "$(diff "$TMP/before" "$TMP/now" | grep -c '^< [a-z_]* usercnt')"
    cp "$TMP/now" "$TMP/before"
    rm "$MNT/${MARK}prog_array/1"
    not unchanged
    cp "$TMP/now" "$TMP/before"
    timeout 20 head -n 1 "$MNT/${MARK}ringbuf/.stream" >"$TMP/streamed"
    not unchanged
}

# What a map is, without its id.
shape() {
    info "$1" | grep -oE '"(type|flags|bytes_key|bytes_value|max_entries|frozen)":[^,}]*'
}

@test "mkdir with the text of .map makes the same map again, of each type that it makes" {
    all_types
    start_daemon
    "$BUILD/tests/undisturbed" types >"$TMP/types"
    (($(wc -l <"$TMP/types") > 30))
    while read -r type why; do
        [[ -z $why ]] || continue
        grep -v '^#' "$MNT/$MARK$type/.map" >"$TMP/spec"
        spec=$(paste -sd, "$TMP/spec")
        ((${#spec} < 240)) || spec=$(grep -v ^btf= "$TMP/spec" | paste -sd,)
        mkdir "$MNT/again_$type,$spec" || {
            echo "$type: $spec: $(tail -n 5 "$MNT/.error_log")"
            return 1
        }
        equal "$(shape "$PINS/$MARK$type")" "$(shape "$PINS/again_$type")" "$type"
        diff "$TMP/spec" <(grep -v '^#' "$MNT/again_$type/.map")
    done <"$TMP/types"
    quietly ls -lR "$MNT"
    quietly find "$MNT" -type f -exec cat {} +
}

@test "a type that mkdir does not make is refused with a sentence" {
    start_daemon
    "$BUILD/tests/undisturbed" types | grep ' .' >"$TMP/types"
    while read -r type why; do
        not mkdir "$MNT/m_$type,type=$type" 2>"$TMP/err"
        grep -q 'Operation not supported' "$TMP/err"
        tail -n 3 "$MNT/.error_log" >"$TMP/log"
        grep -qF "$why" "$TMP/log"
        [[ ! -e $MNT/m_$type ]]
    done <"$TMP/types"
    refused EINVAL mkdir "$MNT/m,type=hash_of_things"
    grep -q 'no such map type' <(tail -n 3 "$MNT/.error_log")
}
