#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Queues and stacks: .push, .peek and .pop. bpftool says what is in the map.

load lib

# Numbers of 8 bytes, as another process handles them.
number() {
    local b
    read -ra b <<<"$1"
    printf '%u\n' "0x${b[7]}${b[6]}${b[5]}${b[4]}${b[3]}${b[2]}${b[1]}${b[0]}"
}
hex_of() { grep -o '"value":\["0x[^]]*\]' | sed 's/.*\[//; s/"0x//g; s/[]"]//g; s/,/ /g'; }

# peeked MAP, taken MAP: the next number, or none.
ask() {
    local hex
    hex=$(bpftool -j map "$1" pinned "$PINS/$2" | hex_of) || true
    [[ -n $hex ]] && number "$hex" || echo none
}
peeked() { ask peek "$1"; }
taken() { ask dequeue "$1"; }

# add MAP NUMBER...
add() {
    local map=$1 bytes
    shift
    for n in "$@"; do
        read -ra bytes <<<"$(le 8 "$n")"
        bpftool map enqueue pinned "$PINS/$map" value hex "${bytes[@]}"
    done
}

# take_all MAP: what is in it, which then is empty, as another process sees it.
take_all() {
    local all=() n
    while n=$(taken "$1") && [[ $n != none ]]; do all+=("$n"); done
    echo "${all[*]}"
}

# at_close TEXT FILE: what the shell does not, this tells of close(2).
at_close() { printf %s "$1" | dd of="$2" conv=notrunc status=none; }

fill() { mkdir "$MNT/$1,type=${2:-queue},value=8,max_entries=${3:-10}"; }

@test "what is pushed here comes out elsewhere, and the other way round" {
    start_daemon
    fill q
    echo 5 >"$MNT/q/.push"
    equal 5 "$(peeked q)"
    printf '1\n2\n0xffffffffffffffff\n' >"$MNT/q/.push"
    equal '5 1 2 18446744073709551615' "$(take_all q)"
    add q 7 8
    equal 2 "$(<"$MNT/q/.count")"
    equal 7 "$(cat "$MNT/q/.peek")"
    equal 7 "$(cat "$MNT/q/.pop")"
    equal 8 "$(peeked q)"
    equal 8 "$(cat "$MNT/q/.pop")"
    equal none "$(peeked q)"
}

@test "a stack gives the last first" {
    start_daemon
    fill s stack
    seq 4 >"$MNT/s/.push"
    equal 4 "$(cat "$MNT/s/.peek")"
    equal 4 "$(peeked s)"
    equal '4 3' "$(cat "$MNT/s/.pop" "$MNT/s/.pop" | paste -sd' ')"
    equal '2 1' "$(take_all s)"
}

@test "an empty map reads as an empty file" {
    start_daemon
    fill q
    fill s stack
    for map in q s; do
        cat "$MNT/$map/.peek" "$MNT/$map/.pop" >"$TMP/out"
        equal 0 "$(stat -c %s "$TMP/out")"
    done
    seq 5 >"$MNT/q/.push"
    local all=()
    while v=$(cat "$MNT/q/.pop") && [[ -n $v ]]; do all+=("$v"); done
    equal '1 2 3 4 5' "${all[*]}"
    equal none "$(peeked q)"
}

@test "only reading takes, and one" {
    start_daemon
    fill q queue 20
    seq 101 120 >"$MNT/q/.push"
    : <"$MNT/q/.pop"
    stat "$MNT/q/.pop" "$MNT/q/.peek" "$MNT/q/.push"
    test -s "$MNT/q/.pop" || true
    head -c 0 "$MNT/q/.pop"
    equal 101 "$(peeked q)"
    equal 101 "$(dd if="$MNT/q/.pop" bs=1 status=none)"
    equal 102 "$(dd if="$MNT/q/.pop" bs=4096 status=none)"
    equal 103 "$(<"$MNT/q/.pop")"
    read -r v <"$MNT/q/.pop"
    equal 104 "$v"
    equal 105 "$(dash -c "read v <$MNT/q/.pop && echo \$v")"
    equal 1 "$(head -c 1 "$MNT/q/.pop")" # the rest of 106 is lost
    equal 107 "$(sed s/x/y/ "$MNT/q/.pop")"
    equal 108 "$(grep . "$MNT/q/.pop")"
    cp "$MNT/q/.pop" "$TMP/out"
    equal 109 "$(<"$TMP/out")"
    equal 110 "$(peeked q)"
    py <<'CODE'
f = os.open(path("q/.pop"), os.O_RDONLY)
assert os.fstat(f).st_size == 0
assert os.pread(f, 9, 1) == b""                     # elsewhere is nothing
assert os.pread(f, 9, 0) == b"110\n"
assert os.pread(f, 9, 1) == b"10\n"
assert os.fstat(f).st_size == 0
assert os.pread(f, 2, 0) == b"11"                   # the next one, 111
assert os.pread(f, 9, 0) == b"111\n"                # the same, as it was not at its end
assert os.pread(f, 9, 0) == b"112\n"
os.close(f)
assert text("q/.pop") == "113\n"
CODE
    equal 114 "$(peeked q)"
}

@test "whatever writes lines pushes" {
    start_daemon
    fill q queue 1000
    seq 3 >"$TMP/three"
    cp "$TMP/three" "$MNT/q/.push"
    cat "$TMP/three" >>"$MNT/q/.push"
    dd if="$TMP/three" of="$MNT/q/.push" bs=1 status=none
    tee "$MNT/q/.push" <"$TMP/three"
    dash -c "echo 4 >$MNT/q/.push"
    printf 5 >"$MNT/q/.push"
    printf '6\n7' >"$MNT/q/.push"
    : >"$MNT/q/.push"
    truncate -s 0 "$MNT/q/.push"
    equal '1 2 3 1 2 3 1 2 3 1 2 3 4 5 6 7' "$(take_all q)"
    seq 1000 >"$MNT/q/.push"
    equal 1000 "$(<"$MNT/q/.count")"
    equal "$(seq 1000 | cksum)" "$(for ((i = 0; i < 1000; i++)); do cat "$MNT/q/.pop"; done | cksum)"
}

@test "a line in pieces is one, while others come and go" {
    start_daemon
    fill q
    { printf 1 && /bin/true && sleep 0.1 && printf '2\n' && /bin/true; } >"$MNT/q/.push"
    equal 12 "$(take_all q)"
}

@test "a line that is refused says which and why; those before it are pushed" {
    start_daemon
    fill q
    printf '1\n2\nthree\n4\n' >"$TMP/lines"
    refused EINVAL cp "$TMP/lines" "$MNT/q/.push"
    equal '1 2' "$(take_all q)"
    grep -q 'line 3: ' "$MNT/.error_log"
    grep -q '^ *three$' "$MNT/.error_log"
    refused EINVAL store "$MNT/q/.push" 18446744073709551616
    refused EINVAL bash -c 'printf 5x >"$1"' bash "$MNT/q/.push"
    refused EINVAL at_close 0x "$MNT/q/.push"
    equal '' "$(take_all q)"
}

@test "a full map refuses" {
    start_daemon
    for type in queue stack; do
        fill $type $type 3
        refused ENOSPC bash -c 'seq 5 | cat >"$1"' bash "$MNT/$type/.push"
        equal 3 "$(<"$MNT/$type/.count")"
        grep -q "/$type/.push: ENOSPC: line 4: the map is full: max_entries is 3" "$MNT/.error_log"
        refused ENOSPC at_close 5 "$MNT/$type/.push"
    done
    equal '1 2 3' "$(take_all queue)"
}

@test "ten readers at a time: each element once" {
    start_daemon
    fill q queue 2000
    seq 2000 >"$MNT/q/.push"
    reader() { while v=$(cat "$MNT/q/.pop") && [[ -n $v ]]; do echo "$v"; done >"$TMP/got.$1"; }
    local pids=()
    for i in {1..10}; do
        reader "$i" 3>&- &
        pids+=($!)
    done
    wait "${pids[@]}"
    cat "$TMP"/got.* | wc -l
    equal "$(seq 2000 | cksum)" "$(sort -n "$TMP"/got.* | cksum)"
    for i in {1..10}; do
        sort -cn "$TMP/got.$i"
        test -s "$TMP/got.$i"
    done
    equal none "$(peeked q)"
}

@test "two writers mix no lines" {
    start_daemon
    fill q queue 4000
    seq 10001 12000 | dd of="$MNT/q/.push" bs=7 status=none 3>&- &
    seq 20001 22000 | dd of="$MNT/q/.push" bs=11 status=none
    wait $!
    equal 4000 "$(<"$MNT/q/.count")"
    py >"$TMP/all" <<'CODE'
for i in range(4000):
    sys.stdout.write(text("q/.pop"))
CODE
    equal "$(seq 10001 12000 | cksum)" "$(grep ^1 "$TMP/all" | cksum)"
    equal "$(seq 20001 22000 | cksum)" "$(grep ^2 "$TMP/all" | cksum)"
}

@test "values=raw: the bytes" {
    start_daemon -o values=raw
    fill q
    printf '\1\2\0\0\0\0\0\0\3\0\0\0\0\0\0\0' >"$MNT/q/.push"
    equal 513 "$(peeked q)"
    equal '01 02 00 00 00 00 00 00' "$(od -An -tx1 "$MNT/q/.peek" | sed 's/^ //')"
    equal '01 02 00 00 00 00 00 00' "$(od -An -tx1 "$MNT/q/.pop" | sed 's/^ //')"
    equal 3 "$(taken q)"
    refused EINVAL at_close 123 "$MNT/q/.push"
    head -c 24 /dev/zero | dd of="$MNT/q/.push" bs=5 status=none
    equal '0 0 0' "$(take_all q)"
}

@test "typed elements" {
    start_daemon
    fill q
    echo 'value=struct{u32 pid;char comm[4];}' >"$MNT/q/.types"
    printf '%s\n' '{"pid":5,"comm":"sh"}' '{"comm":"cat"}' >"$MNT/q/.push"
    equal '{"pid":5,"comm":"sh"}' "$(cat "$MNT/q/.peek")"
    equal "$((5 + (0x6873 << 32)))" "$(taken q)"
    equal '{"pid":0,"comm":"cat"}' "$(cat "$MNT/q/.pop")"
    refused EINVAL store "$MNT/q/.push" '{"tid":5}'
}

modes_are() { equal "$1" "$(stat -c %a "$MNT"/q/.{push,peek,pop} | paste -sd' ')"; }

@test "a frozen map is looked at, no more" {
    start_daemon
    fill q
    echo 5 >"$MNT/q/.push"
    echo 1 >"$MNT/q/.frozen"
    eventually modes_are '0 400 0'
    equal 5 "$(cat "$MNT/q/.peek")"
    refused EROFS cat "$MNT/q/.pop"
    refused EROFS store "$MNT/q/.push" 6
    grep -q '/q/.pop: EROFS: .*taken from the map' "$MNT/.error_log"
    equal 5 "$(peeked q)"
}

@test "a read-only mount takes and brings nothing" {
    start_daemon
    fill q
    echo 5 >"$MNT/q/.push"
    remount -o ro
    equal 5 "$(cat "$MNT/q/.peek")"
    refused EROFS cat "$MNT/q/.pop"
    refused EROFS store "$MNT/q/.push" 6
    equal 5 "$(peeked q)"
}

# nobody SCRIPT: in the map's directory, to which he may not be able to walk.
nobody() {
    (cd "$MNT/q" && setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all bash -c "$1")
}

@test "who may read but not write peeks and does not pop" {
    start_daemon -o allow_other
    fill q
    echo 5 >"$MNT/q/.push"
    chmod 644 "$PINS/q"
    eventually modes_are '200 444 400'
    equal 5 "$(nobody 'cat .peek')"
    refused EACCES nobody 'cat .pop'
    refused EACCES nobody 'echo 6 >.push'
    chmod 666 "$PINS/q"
    eventually modes_are '222 444 444'
    nobody 'echo 6 >.push'
    equal 5 "$(nobody 'cat .pop')"
    equal 6 "$(peeked q)"
    chmod 622 "$PINS/q"
    eventually modes_are '222 400 400'
    refused EACCES nobody 'cat .peek'
}

@test "the wrong end is explained" {
    start_daemon
    fill q
    refused EACCES store "$MNT/q/.pop" 5
    refused EACCES store "$MNT/q/.peek" 5
    refused EACCES cat "$MNT/q/.push"
    for text in 'they go in by .push' 'what comes out next is in .peek'; do
        grep -q "$text" "$MNT/.error_log"
    done
    refused - rm "$MNT/q/.pop"
    mkdir "$MNT/h"
    refused ENOENT cat "$MNT/h/.pop"
    refused ENOENT stat "$MNT/h/.push"
}

@test "what enumerates changes nothing" {
    start_daemon
    fill q
    fill s stack
    seq 3 >"$MNT/q/.push"
    seq 3 >"$MNT/s/.push"
    equal .map "$(names -A "$MNT/q")"
    grep -r . "$MNT/q" "$MNT/s" >"$TMP/out"
    tar -C "$MNT" -cf "$TMP/all.tar" .
    find "$MNT" -type f -exec cat {} + >"$TMP/out"
    cp -a "$MNT" "$TMP/copy"
    ls -lR "$MNT" >"$TMP/out"
    du -a "$MNT" >"$TMP/out"
    equal '3 3' "$(<"$MNT/q/.count") $(<"$MNT/s/.count")"
    equal '1 2 3' "$(take_all q)"
    equal '3 2 1' "$(take_all s)"
    rm -r "$MNT/q"
    not test -e "$PINS/q"
}

@test "a reader that is killed between two reads takes one" {
    start_daemon
    fill q
    seq 3 >"$MNT/q/.push"
    exec 5<"$MNT/q/.pop"
    head -c 1 <&5 >"$TMP/out"
    exec 5<&-
    equal '2 3' "$(take_all q)"
}
