#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The files of a map that are no keys, freezing, and types that have no keys (section 3, 11).
# alone

load lib

@test ".map is listed, the other special files are not" {
    start_daemon
    mkdir "$MNT/m"
    touch "$MNT/m/1"
    equal '.map 1' "$(names -A "$MNT/m")"
    for name in .info .count .frozen; do
        test -f "$MNT/m/$name"
        cat "$MNT/m/$name" >/dev/null
    done
    not grep -q '^\.' <<<"$(ls -A "$MNT")"
    test -f "$MNT/.error_log"
    py <<'CODE'
assert os.listdir(path("m"))[0] == ".map"
CODE
}

@test ".map has the spec, one field a line" {
    start_daemon
    mkdir "$MNT/m,type=lru_hash,key=s16,value=u8,max_entries=33"
    for line in type=lru_hash key=s16 value=u8 max_entries=33; do grep -qx "$line" "$MNT/m/.map"; done
    not grep -vE '^([a-z_]+=.*|#.*|)$' "$MNT/m/.map"
    refused EEXIST bash -c "echo type=hash >'$MNT/m/.map'"
    echo type=lru_hash >"$MNT/m/.map"
    equal type=lru_hash "$(grep ^type= "$MNT/m/.map")"
}

@test ".count is the number of entries" {
    start_daemon
    for type in hash percpu_hash lru_hash; do
        mkdir "$MNT/$type,type=$type"
        equal 0 "$(<"$MNT/$type/.count")"
        for key in 0 1 2 3 4; do echo 5 >"$MNT/$type/$key"; done
        equal 5 "$(<"$MNT/$type/.count")" "$type"
        rm "$MNT/$type/0"
        equal 4 "$(<"$MNT/$type/.count")" "$type"
    done
    mkdir "$MNT/array,type=array,max_entries=7" "$MNT/lpm,type=lpm_trie,key=8,value=1"
    equal 7 "$(<"$MNT/array/.count")"
    echo 1 >"$MNT/lpm/0a000000_8"
    equal 1 "$(<"$MNT/lpm/.count")"
}

@test ".info has what is known" {
    start_daemon
    mkdir "$MNT/m,type=lru_hash,max_entries=77"
    cat "$MNT/m/.info"
    for word in "$(id_of "$PINS/m")" lru_hash 77 m; do grep -qw -- "$word" "$MNT/m/.info"; done
    grep -qF "$PINS/m" "$MNT/m/.info"
}

@test "read-only special files take no writing" {
    start_daemon
    mkdir "$MNT/m"
    refused - store "$MNT/m/.info" 1
    refused - store "$MNT/m/.count" 1
    equal 0 "$(<"$MNT/m/.count")"
}

@test ".frozen: 1 freezes, for good, and only 1 does" {
    start_daemon
    mkdir "$MNT/m"
    echo 7 >"$MNT/m/1"
    equal 0 "$(<"$MNT/m/.frozen")"
    refused EINVAL store "$MNT/m/.frozen" maybe
    : >"$MNT/m/.frozen"
    [[ $(info "$PINS/m") == *'"frozen":0'* ]]
    echo 1 >"$MNT/m/.frozen"
    [[ $(info "$PINS/m") == *'"frozen":1'* ]]
    equal 1 "$(<"$MNT/m/.frozen")"
    refused - store "$MNT/m/.frozen" 0
    equal 1 "$(<"$MNT/m/.frozen")"
}

write_bits_gone() { equal '400 500' "$(stat -c %a "$1/1") $(stat -c %a "$1")"; }

@test "a frozen map: reads work, all else is EROFS" {
    start_daemon
    for type in hash array percpu_hash; do
        mkdir "$MNT/$type,type=$type,max_entries=4"
        echo 7 >"$MNT/$type/1"
        echo 1 >"$MNT/$type/.frozen"
        before=$(<"$MNT/$type/1")
        refused EROFS store "$MNT/$type/1" 8
        refused EROFS store "$MNT/$type/2" 8
        [[ $type == array ]] || refused EROFS touch "$MNT/$type/3"
        refused EROFS rm -f "$MNT/$type/1"
        refused EROFS mv "$MNT/$type/1" "$MNT/$type/2"
        refused - sed -i s/7/8/ "$MNT/$type/1"
        refused - bash -c ": >'$MNT/$type/1'"
        refused - truncate -s 0 "$MNT/$type/1"
        equal "$before" "$(<"$MNT/$type/1")"
        eventually write_bits_gone "$MNT/$type"
    done
    equal 1 "$(names "$MNT/hash")"
    refused - rm -r "$MNT/hash"
    equal 1 "$(names "$MNT/hash")"
    rmdir "$MNT"/{hash,array,percpu_hash} # else nobody ever could
    [[ ! -e $PINS/hash ]]
}

@test "others freeze their maps while they are looked at" {
    start_daemon
    py <<'CODE'
import threading
newest = None

def look(how):
    while newest != "":
        try: how(path(newest or ""))
        except OSError: pass                   # gone meanwhile
lookers = [threading.Thread(target=look, args=(how,)) for how in (
    lambda map: os.stat(map + "/0"), lambda map: [entry.stat() for entry in os.scandir(map)])]
for thread in lookers: thread.start()
try:
    for i in range(300):
        pin = f"{PINS}/a{i}"
        bpftool("create", pin, "name", "a", "type", "array", *"key 4 value 8 entries 4".split())
        newest = f"a{i}"
        bpftool("freeze", "pinned", pin)
finally:
    newest = ""
    for thread in lookers: thread.join()
CODE
}

@test "types whose elements nobody can list: .map and .info, and nothing breaks" {
    SCOPE=all start_daemon
    elsewhere stack "t$$_stack" stack_trace 4 8 16
    elsewhere queue "t$$_queue" queue 0 8 16
    elsewhere ring "t$$_ring" ringbuf 0 0 4096
    elsewhere progs "t$$_progs" prog_array 4 4 4
    elsewhere perf "t$$_perf" perf_event_array 4 4 4
    elsewhere bloom "t$$_bloom" bloom_filter 0 8 16
    for name in stack queue ring progs perf bloom; do
        dir=$MNT/t$$_$name
        eventually test -d "$dir"
        equal .map "$(ls -A "$dir")" "$name"
        [[ $(<"$dir/.map") == *type=* ]]
        grep -q "t$$_$name" "$dir/.info"
        refused - store "$dir/1" 1
        refused - cat "$dir/1"
    done
}

@test "grep -r over everything reads, and changes nothing" {
    start_daemon
    for type in hash array percpu_hash percpu_array lru_hash lru_percpu_hash; do
        mkdir "$MNT/$type,type=$type,max_entries=20"
        for key in 1 2 3; do echo 99 >"$MNT/$type/$key"; done
        dump "$type" >"$TMP/$type"
    done
    mkdir "$MNT/lpm,type=lpm_trie,key=8,value=4"
    echo 99 >"$MNT/lpm/0a000000_8"
    grep -r . "$MNT" >"$TMP/out"
    equal 19 "$(grep -c '[0-9]:\[*99' "$TMP/out")"
    for type in hash array percpu_hash percpu_array lru_hash lru_percpu_hash; do
        cmp "$TMP/$type" <(dump "$type")
    done
    find "$MNT" -type f -exec stat {} + >/dev/null
    tar -C "$MNT" -cf "$TMP/all.tar" .
}

@test "reading and listing leave no descriptor open in the daemon" {
    start_daemon
    mkdir "$MNT/m"
    for i in {1..50}; do echo "$i" >"$MNT/m/$i"; done
    fds() { find "/proc/${DAEMONS[$MNT]}/fd" -mindepth 1 | wc -l; }
    before=$(fds)
    cat "$MNT"/m/{*,.map,.info,.count} >/dev/null
    ls -lR "$MNT/m" >/dev/null
    echo abc 2>/dev/null >"$MNT/m/1" || true
    touch "$MNT/m/notakey" 2>/dev/null || true
    no_more() { (($(fds) <= before)); }
    eventually no_more
}
