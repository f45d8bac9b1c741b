#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Bloom filters: test -e asks, touch adds. The helper bloom asks the kernel.

load lib

bloom() { "$BUILD/tests/bloom" "$1" "$PINS/$2" "$3"; }
filter() { mkdir "$MNT/$1,type=bloom_filter,value=u32,max_entries=1000,map_extra=3"; }

@test "test -e asks" {
    start_daemon
    filter b
    not test -e "$MNT/b/5"
    bloom add b 5
    test -e "$MNT/b/5"
    test -f "$MNT/b/0x5"
    not test -s "$MNT/b/5"
    equal '' "$(cat "$MNT/b/5")"
    equal '0 600' "$(stat -c '%s %a' "$MNT/b/5")"
    refused ENOENT cat "$MNT/b/6"
}

@test "touch adds, and so does an empty redirection" {
    start_daemon
    filter b
    not bloom has b 5
    touch "$MNT/b/5"
    bloom has b 5
    : >"$MNT/b/6"
    bloom has b 6
    touch "$MNT/b/5" "$MNT/b/6" "$MNT/b/7"
    bloom has b 7
    not bloom has b 8
    cp /dev/null "$MNT/b/8"
    bloom has b 8
    refused EEXIST py <<<'os.open(path("b/8"), EXCL)'
    py <<<'os.close(os.open(path("b/9"), EXCL))'
    bloom has b 9
}

@test "a large filter is mostly right" {
    start_daemon
    filter b
    (cd "$MNT/b" && seq 1 300 | xargs touch)
    (cd "$MNT/b" && for n in {1..300}; do test -e "$n" || exit; done)
    wrong=0
    for n in {1001..1300}; do not test -e "$MNT/b/$n" || ((wrong += 1)); done
    echo "$wrong of 300 are there although nobody put them in"
    ((wrong < 100))
}

@test "nothing is listed, and what enumerates adds nothing" {
    start_daemon
    filter b
    touch "$MNT/b/5"
    equal .map "$(names -A "$MNT/b")"
    grep -r . "$MNT/b" >"$TMP/out"
    tar -C "$MNT" -cf "$TMP/b.tar" b
    equal 'b/ b/.map' "$(tar -tf "$TMP/b.tar" | paste -sd' ')"
    cp -a "$MNT/b" "$TMP/copy"
    refused EOPNOTSUPP cat "$MNT/b/.count"
    not bloom has b 0
}

@test "nothing can be written into it, and nothing is forgotten" {
    start_daemon
    filter b
    touch "$MNT/b/5"
    refused EINVAL store "$MNT/b/5" 1
    refused EINVAL store "$MNT/b/6" 1
    grep -q 'there is no value' "$MNT/.error_log"
    not bloom has b 6
    refused EINVAL touch "$MNT/b/x"
    refused EINVAL touch "$MNT/b/4294967296"
    refused EOPNOTSUPP rm "$MNT/b/5"
    refused EOPNOTSUPP mv "$MNT/b/5" "$MNT/b/6"
    grep -q 'forgets nothing: make a new one' "$MNT/.error_log"
    bloom has b 5
    not bloom has b 6
}

@test "frozen and read-only ones are asked only" {
    start_daemon
    filter b
    touch "$MNT/b/5"
    echo 1 >"$MNT/b/.frozen"
    sleep 0.2
    test -e "$MNT/b/5"
    refused EROFS touch "$MNT/b/6"
    filter c
    touch "$MNT/c/5"
    remount -o ro
    test -e "$MNT/c/5"
    refused EROFS touch "$MNT/c/6"
    not bloom has c 6
}

@test ".map makes its equal" {
    start_daemon
    filter b
    tar -C "$MNT" -cf "$TMP/b.tar" b
    info "$PINS/b" >"$TMP/before"
    rmdir "$MNT/b" || rm -r "$MNT/b"
    tar -C "$MNT" -xf "$TMP/b.tar"
    info "$PINS/b"
    for field in type bytes_value max_entries; do
        equal "$(grep -o "\"$field\":[^,}]*" "$TMP/before")" "$(info "$PINS/b" | grep -o "\"$field\":[^,}]*")"
    done
    grep -qx map_extra=3 "$MNT/b/.map"
    grep -qx value=u32 "$MNT/b/.map"
    [[ $(bpftool btf dump id "$(info "$PINS/b" | grep -o '"btf_id":[0-9]*' | cut -d: -f2)") == *"'unsigned int'"* ]]
    equal 'map_extra:	3' "$(grep map_extra "$MNT/b/.info")"
}

@test "keys of other types" {
    start_daemon
    mkdir "$MNT/a,type=bloom_filter,value=ipv4,max_entries=100"
    mkdir "$MNT/s,type=bloom_filter,value=struct{be16 port;char name[6];},max_entries=100"
    mkdir "$MNT/l,type=bloom_filter,value=300,max_entries=100"
    touch "$MNT/a/10.0.0.1" "$MNT/s/80,http"
    test -e "$MNT/a/10.0.0.1"
    not test -e "$MNT/a/10.0.0.2"
    test -e "$MNT/s/80,http"
    not test -e "$MNT/s/81,http"
    py <<'CODE'
digits = "ab" * 300
long = path("l/0x" + digits[:238] + "/" + digits[238:478] + "/" + digits[478:])
assert not os.path.exists(long)
os.makedirs(os.path.dirname(long), exist_ok=True)
open(long, "w").close()
assert os.path.exists(long)
assert not os.path.exists(long[:-2] + "00")
os.rmdir(os.path.dirname(long))
assert os.listdir(path("l")) == [".map"]
CODE
}
