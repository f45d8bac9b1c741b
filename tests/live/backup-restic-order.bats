#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# restic, when there is much: it restores by pack, with several workers. Files, .map among them,
# come in any order, and long ones in pieces.

load lib
load backup
load restic

# make_many [COUNT]: as many elements, or 2,000, in each of three maps, of bytes that cannot be
# compressed, and long names.
make_many() {
    mkdir "$MNT/numbers,key=s32,value=300,max_entries=2048" \
        "$MNT/texts,type=lru_hash,key=char[24],value=300,max_entries=20000" \
        "$MNT/slots,type=array,value=300,max_entries=2000" \
        "$MNT/long,key=char[600],value=u64,max_entries=400"
    py "${1:-2000}" <<'CODE'
import random
random.seed(3)
def store(name, text):
    with open(path(name), "w") as f:
        f.write(text + "\n")
for i in range(int(sys.argv[1])):
    for name in (f"numbers/{i * 1000003 - 10**9}", f"texts/{('%2E', '-', '+')[i % 3]}key {i}", f"slots/{i}"):
        store(name, random.randbytes(300).hex(" "))
for i in range(int(sys.argv[1]) // 7):
    pieces = ["%x" % (i % 7) * 240, "%x" % (i % 3) * 240, f"end of {i}"]
    os.makedirs(path("/".join(["long", *pieces[:2]])), exist_ok=True)
    store("/".join(["long", *pieces]), str(i))
CODE
}

# big_value MAP KEY SEED [HEAD_SEED]: the text of random bytes, whose first half is of another seed.
big_value() {
    py "$@" <<'CODE'
import json, random
name, key, *seeds = sys.argv[1:]
size = json.loads(bpftool("show", "pinned", f"{PINS}/{name}"))["bytes_value"]
value = random.Random(seeds[0]).randbytes(size)
if len(seeds) > 1:
    value = random.Random(seeds[1]).randbytes(size // 2) + value[size // 2:]
with open(path(f"{name}/{key}"), "w") as f:
    f.write(value.hex(" ") + "\n")
CODE
}

@test "restic, many keys, again and again" {
    local i
    start_daemon
    make_many
    zoo_fingerprint "$TMP/before"
    backup
    for ((i = 0; i < ${LONG:+9}+1; i++)); do
        rm -r "${MNT:?}"/*
        restore
        came_back
    done
    restore
    came_back
}

@test "restic, .map in a pack behind those of the keys" {
    start_daemon
    make_many 500
    backup --exclude .map
    into_empty
}

@test "restic, .map in a pack before those of the keys" {
    start_daemon
    make_many 500
    backup --exclude '[!.]*[!s]/[!.]*'
    into_empty
}

# What is longer than half a MiB is written in parts, and closed after each.
@test "restic, values in several parts" {
    start_daemon
    mkdir "$MNT/array,type=array,value=700001,max_entries=2" "$MNT/hash,key=char[8],value=700000,max_entries=3" \
        "$MNT/zeroes,type=array,value=2900000,max_entries=1" "$MNT/text,key=s8,value=char[1500000],max_entries=2"
    big_value array 0 one
    big_value hash -5 two
    yes 'a line, and \ a backslash' | tr '\n' ' ' | head -c 1400000 | sed 's/\\/\\\\/g' >"$MNT/text/-5"
    into_empty
    rm "$MNT/text/-5"
    big_value array 0 three
    big_value hash -5 four
    restore
    came_back
}

@test "restic, values in several parts, the end before the beginning" {
    local i
    start_daemon
    mkdir "$MNT/array,type=array,value=900001,max_entries=3"
    big_value array 0 one
    backup
    for i in 1 2; do big_value array $i one $i; done
    into_empty
    for i in 1 2; do big_value array $i two; done
    restore
    came_back
}

@test "restic, values in several parts, raw" {
    start_daemon -o values=raw
    mkdir "$MNT/array,type=array,value=2000000,max_entries=2" "$MNT/hash,key=char[8],value=1800000,max_entries=3"
    head -c 2000000 /dev/urandom >"$MNT/array/1"
    head -c 1800000 /dev/urandom >"$MNT/hash/-5"
    into_empty
    rm "$MNT/array/1"
    head -c 1800000 /dev/zero >"$MNT/hash/-5"
    restore
    came_back
}
