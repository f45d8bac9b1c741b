#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Listing: complete, without doubles, whatever the size and whatever happens meanwhile.
# shellcheck disable=SC2012 # ls is what is tested
# CHURN_SECONDS is how long a map is listed under change: 10, with LONG=1 60.

load lib

CHURN_SECONDS=${CHURN_SECONDS:-$([[ -n ${LONG:-} ]] && echo 60 || echo 10)}

fill() { "$BUILD/tests/mapload" fill "$PINS/$1" "$2" "$3"; }

# The numbers among the names read from stdin must be FIRST…LAST, each once.
exactly() { cmp <(grep -x '[0-9]*' | sort -n) <(seq "$1" "$2"); }

resident() { awk '/^VmRSS/ { print $2 }' "/proc/${DAEMONS[$MNT]}/status"; }

@test "a million keys, in less than 16 MiB of the daemon's memory" {
    # A sanitizer's own bookkeeping is not what is measured.
    export ASAN_OPTIONS=${ASAN_OPTIONS:-}:quarantine_size_mb=0:thread_local_quarantine_size_kb=0
    start_daemon
    mkdir "$MNT/m,max_entries=1000000"
    fill m 0 1000000
    ls -f "$MNT/m" | head >/dev/null
    before=$(resident)
    ls -f "$MNT/m" >"$TMP/names"
    equal 1000003 "$(wc -l <"$TMP/names")" # with . .. and .map
    exactly 0 999999 <"$TMP/names"
    grown=$(($(resident) - before))
    echo "grown by $grown KiB"
    ((grown < 16384))
    equal 1000000 "$(<"$MNT/m/.count")"
    rm "$MNT/m/0"
    equal 1000002 "$(ls -f "$MNT/m" | wc -l)"
}

@test "each type lists all of its keys once, key zero included" {
    start_daemon
    for type in hash array percpu_hash percpu_array lru_hash lru_percpu_hash; do
        mkdir "$MNT/$type,type=$type,max_entries=6000"
        fill "$type" 0 "$([[ $type == lru* ]] && echo 3000 || echo 6000)"
        dump "$type" | tr '{' '\n' | sed -n 's/^"key":\([0-9]*\),.*/\1/p' | sort -n >"$TMP/keys"
        cmp "$TMP/keys" <(entries "$MNT/$type" | sort -n)
        grep -qx 0 "$TMP/keys"
    done
}

@test "empty maps and maps of one" {
    start_daemon
    mkdir "$MNT/m" "$MNT/a,type=array,max_entries=1"
    equal '' "$(names "$MNT/m")"
    equal 0 "$(names "$MNT/a")"
    touch "$MNT/m/4294967295"
    equal 4294967295 "$(names "$MNT/m")"
}

@test "the attributes that come with 10,000 names are right" {
    start_daemon
    mkdir "$MNT/m,max_entries=10000"
    fill m 0 10000
    equal 10001 "$(ls -l "$MNT/m" | wc -l)" # with a line of total
    equal 10000 "$(find "$MNT/m" -name '[0-9]*' -size -2 -type f | wc -l)"
    # the length of each number and a newline
    cmp <(find "$MNT/m" -name '[0-9]*' -printf '%f %s\n' | sort -n) \
        <(seq 0 9999 | awk '{ print $1, length($1) + 1 }')
    py <<'CODE'
for entry in os.scandir(path("m")):
    listed, seen = entry.stat(), os.lstat(entry.path)
    with open(entry.path, "rb") as f:
        assert len(f.read()) == listed.st_size, entry.name
    assert (listed.st_ino, listed.st_mode, listed.st_mtime) == (seen.st_ino, seen.st_mode, seen.st_mtime)
CODE
}

@test "offsets survive seeks" {
    start_daemon
    for type in hash array lru_hash percpu_hash; do
        mkdir "$MNT/$type,type=$type,max_entries=5000"
        fill "$type" 0 2000
        want=$(($(entries -A "$MNT/$type" | wc -l) + 2))
        equal "$want" "$("$BUILD/tests/dirwalk" seeks "$MNT/$type")" "$type"
    done
    mkdir "$MNT/lpm,type=lpm_trie,key=8,value=u8"
    for i in {10..59}; do echo 1 >"$MNT/lpm/${i}000000_8"; done
    equal 53 "$("$BUILD/tests/dirwalk" seeks "$MNT/lpm")"
    "$BUILD/tests/dirwalk" seeks "$MNT" >/dev/null
}

@test "small and large buffers read the same names" {
    start_daemon
    for type in hash array percpu_hash; do
        mkdir "$MNT/$type,type=$type,max_entries=3000"
        fill "$type" 0 3000
        for size in 64 512 4096 1048576; do
            "$BUILD/tests/dirwalk" names "$MNT/$type" "$size" | exactly 0 2999
        done
    done
}

@test "a directory read on after its first half was deleted gives the other half" {
    start_daemon
    mkdir "$MNT/m,max_entries=5000"
    fill m 0 5000
    py <<'CODE'
with os.scandir(path("m")) as entries:
    first = [next(entries).name for _ in range(2500)]
    for name in first:
        if name != ".map": os.unlink(path("m/" + name))
    rest = [e.name for e in entries]
assert sorted(int(n) for n in first + rest if n != ".map") == list(range(5000))
CODE
    equal 2501 "$(names "$MNT/m" | wc -w)"
}

@test "going back after others deleted keys misses none of the rest" {
    start_daemon
    mkdir "$MNT/m,max_entries=20000"
    fill m 0 20000
    py <<'CODE'
libc, buffer = ctypes.CDLL(None), ctypes.create_string_buffer(4096)
fd = os.open(path("m"), os.O_RDONLY)

def listed_from(offset):                       # names, each with the offset behind it
    os.lseek(fd, offset, os.SEEK_SET)
    while (size := libc.getdents64(fd, buffer, len(buffer))) > 0:
        page, at = buffer.raw[:size], 0
        while at < size:
            _, offset, length = struct.unpack_from("<QQH", page, at)
            yield page[at + 19:at + length].split(b"\0")[0].decode(), offset
            at += length
    assert size == 0

first = list(listed_from(0))
gone = {name for name, _ in first[3::25]}
lines = (f"map delete pinned {PINS}/m key {' '.join(octets('<I', int(name)))}\n" for name in gone)
subprocess.run(["bpftool", "batch", "file", "-"], check=True, input="".join(lines).encode(),
               stdout=subprocess.DEVNULL)
for start in range(10, 20000, 1700):
    again = {name for name, _ in listed_from(first[start][1])}
    missed = {name for name, _ in first[start + 1:]} - gone - again
    assert not missed, (start, len(missed))
CODE
}

@test "rm -r of 20,000 keys" {
    start_daemon
    for type in hash lru_hash percpu_hash; do
        mkdir "$MNT/m,type=$type,max_entries=40000"
        fill m 0 20000
        rm -r "$MNT/m"
        not test -e "$PINS/m"
    done
}

# churned TYPE: 5,000 keys stay, and their values change, while 2,000 others come and go.
churned() {
    start_daemon
    mkdir "$MNT/m,type=$1,max_entries=100000"
    fill m 0 5000
    spawn "$BUILD/tests/mapload" churn "$PINS/m" 1000000 2000 5000
    churn=${HELPERS[-1]}
    for ((end = SECONDS + CHURN_SECONDS, rounds = 0; SECONDS < end; rounds++)); do
        kill -0 "$churn"
        ls -f "$MNT/m" >"$TMP/names"
        awk '!/^[0-9]+$/ || $1 < 1000000' "$TMP/names" | exactly 0 4999
        equal 3 "$(grep -vc '^[0-9]*$' "$TMP/names")" "dots and .map"
        equal '' "$(grep -x '[0-9]*' "$TMP/names" | awk '$1 >= 5000 && ($1 < 1000000 || $1 >= 1002000)')"
    done
    echo "$rounds rounds"
    ((rounds > 0))
}

@test "hash: every key that stays is listed once, every time" { churned hash; }

@test "lru_hash: every key that stays is listed once, every time" { churned lru_hash; }

@test "percpu_hash: every key that stays is listed once, every time" { churned percpu_hash; }
