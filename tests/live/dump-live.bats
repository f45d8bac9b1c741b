#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# .dump of maps in use, and of large ones: what was there from start to end is in it, once, and
# whole where somebody can promise that (contract, section 9). DUMP_SECONDS is how long each kind of map
# is read under change: 1, with LONG=1 60.

load lib
load dump

DUMP_SECONDS=${DUMP_SECONDS:-$([[ -n ${LONG:-} ]] && echo 60 || echo 1)}
STAY=3000 PASS=2000

# keep_reading MAP KEY...: dumps until the time is over, thirty times at least or so; each has every
# one of the keys, which are the words of the last argument, once, and no key twice.
keep_reading() {
    py "$1" "$2" "$DUMP_SECONDS" <<'CODE'
import json
stay, end, rounds, others = set(json.loads(sys.argv[2])), time.monotonic() + float(sys.argv[3]), 0, 0
while rounds < 3 or time.monotonic() < end:
    with open(path(f"{sys.argv[1]}/.dump")) as f:
        keys = [json.loads(line)["key"] for line in f]
    found = set(keys)
    assert len(found) == len(keys), ("twice", sorted(k for k in found if keys.count(k) > 1)[:5])
    assert found >= stay, ("missing", sorted(stay - found)[:5])
    others += len(found - stay)
    rounds += 1
print(rounds, "dumps,", others / rounds, "keys that come and go in each")
assert others
CODE
    equal '' "$(<"$MNT/.error_log")"
}

# under_change TYPE
under_change() {
    start_daemon
    mkdir "$MNT/m,type=$1,key=u32,value=u64,max_entries=100000"
    "$BUILD/tests/mapload" fill "$PINS/m" 0 $STAY
    spawn "$BUILD/tests/mapload" churn "$PINS/m" 10000 $PASS $STAY
    keep_reading m "[$(seq -s, 0 $((STAY - 1)))]"
    kill -0 "${HELPERS[@]}"
}

@test "keys that come and go: hash" { under_change hash; }
@test "keys that come and go: hash without memory of its own" { under_change hash,map_flags=no_prealloc; }
@test "keys that come and go: lru_hash" { under_change lru_hash; }
@test "keys that come and go: percpu_hash" { under_change percpu_hash; }

@test "prefixes that come and go: lpm_trie" {
    start_daemon
    mkdir "$MNT/m,type=lpm_trie,key=ipv4_prefix,value=u64,max_entries=100000"
    for i in {0..2999}; do echo "{\"key\":\"10.$((i / 256)).$((i % 256)).0_24\",\"value\":$i}"; done >"$TMP/lines"
    cat "$TMP/lines" >"$MNT/m/.dump"
    spawn "$PYTHON" -c '
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
CALL = {"x86_64": 321}.get(os.uname().machine, 280)
def bpf(command, layout, *fields):
    attr = ctypes.create_string_buffer(struct.pack(layout, *fields).ljust(128, b"\0"))
    return libc.syscall(CALL, command, attr, 128)
name = ctypes.create_string_buffer(os.fsencode(sys.argv[1]))
fd = bpf(7, "=Q", ctypes.addressof(name))
assert fd >= 0
key, value = ctypes.create_string_buffer(8), ctypes.create_string_buffer(8)
def update(length, *octets):
    key.raw = struct.pack("=I4B", length, *octets)
    assert bpf(2, "=I4xQQQ", fd, ctypes.addressof(key), ctypes.addressof(value), 0) == 0
def delete(length, *octets):
    key.raw = struct.pack("=I4B", length, *octets)
    assert bpf(3, "=I4xQ", fd, ctypes.addressof(key)) == 0
while True:
    for i in range(2000):
        update(24, 10, i // 256, i % 256, 0)
        update(16 + i % 17, 11 + i % 17, i // 17, 0, 0)
    for i in range(2000):
        delete(16 + i % 17, 11 + i % 17, i // 17, 0, 0)
' "$PINS/m"
    keep_reading m "[$(cut -d: -f2 "$TMP/lines" | cut -d, -f1 | paste -sd,)]"
    kill -0 "${HELPERS[@]}"
}

# The maps of backup_live, whose values say whether they are whole.
@test "values that change: whole, where they are replaced or have a lock" {
    mkdir -p "$PINS"
    spawn "$BUILD/tests/backup_live" "$BUILD/tests/backup_live.bpf.o" "$PINS" "$TMP/counts"
    eventually test -s "$TMP/counts"
    start_daemon
    py "$DUMP_SECONDS" "$TMP/counts" {hash,lazy,lru}_{small,large} lock{hash,array}_{small,large} <<'CODE'
import json
def changes(): return [int(n) for n in open(sys.argv[2]).read().split()]
end, before, rounds = time.monotonic() + float(sys.argv[1]), changes(), 0
while rounds < 3 or time.monotonic() < end:
    for name in sys.argv[3:]:
        size, keys = 64 if name.endswith("_small") else 4096, []
        for line in open(path(f"{name}/.dump")):
            entry = json.loads(line)
            key, v = entry["key"], entry["value"]
            keys.append(key)
            if name.startswith("lockarray") and key >= 16:
                continue                       # nobody writes there
            n = v["n"]
            whole = v["key"] == key and n ^ v["not_n"] == 2**64 - 1 and v["text"] == chr(97 + n % 26) * (size - 24)
            assert whole, ("torn", name, line)
        assert len(set(keys)) == len(keys) and set(keys) >= set(range(16)), (name, keys)
    rounds += 1
after = changes()
print(rounds, "rounds; changes meanwhile:", [b - a for a, b in zip(before, after)])
assert all(b > a for a, b in zip(before, after))
CODE
}

@test "200,000 entries out and in, and no more memory for it" {
    start_daemon
    mkdir "$MNT/m,max_entries=200000" "$MNT/n,max_entries=200000"
    "$BUILD/tests/mapload" fill "$PINS/m" 0 200000
    head -c 100000 "$MNT/m/.dump" >"$TMP/part"
    head -n 1000 "$TMP/part" >"$MNT/n/.dump"
    before=$(highest)
    cat "$MNT/m/.dump" >"$TMP/out"
    cat "$TMP/out" >"$MNT/n/.dump"
    [[ -n ${SANITIZE:-} ]] || (($(highest) < before + 8192))
    seq 0 199999 | sed 's/.*/{"key":&,"value":&}/' | sort >"$TMP/want"
    sort "$TMP/out" | cmp "$TMP/want" -
    kernel_lines n | cmp "$TMP/want" -
    equal '' "$(<"$MNT/.error_log")"
}

# The kernel has no batches for these, and starts over behind a key that is gone.
@test "the key goes that the reader stands on: all others once, of devmaps too" {
    start_daemon
    mkdir "$MNT/d,type=devmap_hash,max_entries=8192"
    seq 0 5999 | sed 's/.*/{"key":&,"value":"lo"}/' >"$TMP/lines"
    cat "$TMP/lines" >"$MNT/d/.dump"
    gone=$(sed -n '4096s/.*"key":\([0-9]*\),.*/\1/p' "$MNT/d/.dump")
    exec 5<"$MNT/d/.dump"
    dd bs=100 count=1 status=none <&5 >"$TMP/got"
    rm "$MNT/d/$gone"
    cat <&5 >>"$TMP/got"
    exec 5<&-
    equal '' "$(sort "$TMP/got" | uniq -d)"
    equal '' "$(comm -13 <(sort "$TMP/got") <(grep -v "\"key\":$gone," "$TMP/lines" | sort))"
}
