#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# sockmap, sockhash, reuseport_sockarray, xskmap: sockets that a process puts in are seen and can
# be taken out (section 11).

load net

# given [OPTION...]: maps of sockets, the program that diverts attached to two of them.
given() {
    local map
    make_netns
    mkdir -p "$PINS"
    bpftool prog loadall "$BUILD/tests/net_socks.bpf.o" "$ELSEWHERE/prog" pinmaps "$PINS"
    for map in senders hash; do
        bpftool prog attach pinned "$ELSEWHERE/prog/divert" sk_msg_verdict pinned "$PINS/$map"
    done
    start_daemon "$@"
    start_fds
}

# A socket with a program of one map is in no other: one for each.
fill() {
    ask pair A B
    ask pair C D
    ask put A "$PINS/senders" 1
    ask put B "$PINS/hash" 1
    ask put C "$PINS/hash4" 1
    ask put D "$PINS/senders4" 1
}

@test "sockmap: sockets by their cookies, and rm takes one out" {
    given
    ask pair A B
    ask pair C D
    equal '' "$(names "$MNT/senders")"
    ask put A "$PINS/senders" 2
    ask put D "$PINS/target" 0
    equal 2 "$(names "$MNT/senders")"
    equal 1 "$(<"$MNT/senders/.count")"
    equal "$(ask cookie A)" "$(<"$MNT/senders/2")"
    equal "$(ask cookie D)" "$(<"$MNT/target/0")"
    cookie=$(ask cookie A)
    equal $((${#cookie} + 1)) "$(stat -c %s "$MNT/senders/2")"
    ask send A diverted
    equal diverted "$(ask recv D)"
    rm "$MNT/senders/2"
    equal '' "$(names "$MNT/senders")"
    ask send A straight
    equal straight "$(ask recv B)"
    refused ENOENT rm "$MNT/senders/2"
    refused ENOENT cat "$MNT/senders/2"
    ask put A "$PINS/senders" 1
    ask send A again
    equal again "$(ask recv D)"
    rm "$MNT/target/0"
    ask send A no-target
    equal no-target "$(ask recv B)"
    ask close A # which takes itself out
    eventually equal '' "$(names "$MNT/senders")"
}

@test "sockhash: the same" {
    given
    ask pair A B
    ask pair C D
    ask put A "$PINS/hash" 4000000000
    ask put C "$PINS/hash" 5
    ask put D "$PINS/target" 0
    equal "$(ask cookie A)" "$(<"$MNT/hash/4000000000")"
    equal '5 4000000000' "$(names "$MNT/hash")"
    equal 2 "$(<"$MNT/hash/.count")"
    ask send A diverted
    equal diverted "$(ask recv D)"
    rm "$MNT/hash/4000000000"
    ask send A straight
    equal straight "$(ask recv B)"
    refused ENOENT rm "$MNT/hash/4000000000"
    equal 5 "$(names "$MNT/hash")"
}

@test "values of 4 bytes: a sockmap lists nothing and says why" {
    given
    ask pair A B
    ask put A "$PINS/senders4" 1
    equal '' "$(names "$MNT/senders4")"
    for slot in 0 1; do
        echo >"$MNT/.error_log"
        refused EOPNOTSUPP cat "$MNT/senders4/$slot"
        grep -F 'the kernel does not tell what is there' "$MNT/.error_log"
    done
    refused EOPNOTSUPP cat "$MNT/senders4/.count"
    rm "$MNT/senders4/1"
    refused ENOENT rm "$MNT/senders4/1"
    refused ENOENT rm "$MNT/senders4/0"
    refused - cat "$MNT/senders4/4"
}

@test "values of 4 bytes: a sockhash lists its keys, which are empty files" {
    given
    ask pair A B
    ask pair C D
    not test -e "$MNT/hash4/1"
    ask put A "$PINS/hash4" 1
    ask put B "$PINS/hash4" 2
    ask put C "$PINS/hash4" 77
    equal '1 2 77' "$(names "$MNT/hash4")"
    for key in 1 2 77; do
        equal '' "$(<"$MNT/hash4/$key")"
        equal 0 "$(stat -c %s "$MNT/hash4/$key")"
    done
    for key in 0 3 78; do
        not test -e "$MNT/hash4/$key"
        refused ENOENT cat "$MNT/hash4/$key"
        refused ENOENT rm "$MNT/hash4/$key"
    done
    rm "$MNT/hash4/2"
    equal '1 77' "$(names "$MNT/hash4")"
    equal '"key":["0x01 "key":["0x4d' "$(dump hash4 | grep -o '"key":\["0x..' | sort | paste -sd' ')"
    rm "$MNT/hash4/1" "$MNT/hash4/77"
    not test -e "$MNT/hash4/77"
    refused ENOENT cat "$MNT/hash4/77"
    rmdir "$MNT/hash4"
}

@test "writing is refused, with a sentence, and nothing changes" {
    given
    fill
    for map in senders senders4 hash hash4; do
        for key in 1 2; do
            explained EOPNOTSUPP 'that process stores it with BPF_MAP_UPDATE_ELEM' $map/$key 1
            refused EOPNOTSUPP bash -c ": >'$MNT/$map/$key'"
        done
        [[ $map == senders4 ]] || refused EOPNOTSUPP touch "$MNT/$map/3"
        refused - mv "$MNT/$map/1" "$MNT/$map/2"
        refused - cp -a "$MNT/$map/1" "$MNT/$map/2"
    done
    grep -F 'bpf_sock_map_update()' "$MNT/.error_log"
    equal "$(ask cookie A)" "$(<"$MNT/senders/1")"
    equal '1 1 1' "$(names "$MNT/senders") $(names "$MNT/hash") $(names "$MNT/hash4")"
    rm "$MNT/senders4/1"
}

@test "reuseport_sockarray: listening sockets, and rm takes one out of the group" {
    given
    ask listen B 4001
    ask listen A 4001
    ask choose A "$ELSEWHERE/prog/choose"
    ask put A "$PINS/group" 0
    ask put B "$PINS/group" 3
    equal A "$(ask connect 4001)"
    equal '0 3' "$(names "$MNT/group")"
    equal "$(ask cookie A) $(ask cookie B)" "$(cat "$MNT/group/0" "$MNT/group/3" | paste -sd' ')"
    explained EOPNOTSUPP 'that process stores it with BPF_MAP_UPDATE_ELEM' group/1 1
    rm "$MNT/group/0"
    equal 3 "$(names "$MNT/group")"
    refused ENOENT rm "$MNT/group/0"
    equal 'error Connection refused' "$(ask connect 4001 || true)"
    refused - rm "$MNT/group/4"
    ask listen C 4003
    ask put C "$PINS/group4" 1
    equal '' "$(names "$MNT/group4")"
    refused EOPNOTSUPP cat "$MNT/group4/1"
    rm "$MNT/group4/1"
    refused ENOENT rm "$MNT/group4/1"
}

@test "xskmap: what is there nobody can tell, but rm takes it out" {
    start_in_netns to_xsks
    start_fds
    ask xdp A vb
    ask put A "$PINS/xsks" 1
    ask put A "$PINS/xsks" "$MARKER"
    ask frames va 0 1 2 "$MARKER"
    equal "1 $MARKER" "$(ask kinds A "$MARKER")"
    equal '' "$(names "$MNT/xsks")"
    refused EOPNOTSUPP cat "$MNT/xsks/1"
    explained EOPNOTSUPP 'an AF_XDP socket is a descriptor of the process that has it' xsks/2 1
    rm "$MNT/xsks/1"
    ask frames va 0 1 2 "$MARKER"
    equal "$MARKER" "$(ask kinds A "$MARKER")"
    refused - rm "$MNT/xsks/8"
}

@test "tar, grep -r and ls -l go by without harm" {
    given
    fill
    grep -r . "$MNT" >"$TMP/all"
    ls -lR "$MNT" >"$TMP/list"
    tar -C "$MNT" -cf "$TMP/all.tar" .
    grep -qF "senders/1:$(ask cookie A)" "$TMP/all"
    tar -tf "$TMP/all.tar" | grep -qx ./hash4/1
    mkdir "$TMP/out"
    tar -C "$TMP/out" -xf "$TMP/all.tar"
    equal "$(ask cookie B)" "$(<"$TMP/out/hash/1")"
    equal 1 "$(names "$MNT/hash")"
}

@test "values=raw: the cookie's bytes; writing is refused as well" {
    given -o values=raw
    fill
    equal "$(le 8 "$(ask cookie A)")" "$(octets "$MNT/senders/1") "
    equal "$(le 8 "$(ask cookie B)")" "$(octets "$MNT/hash/1") "
    equal '0 ' "$(stat -c %s "$MNT/hash4/1") $(octets "$MNT/hash4/1")"
    head -c 8 /dev/zero >"$TMP/zeroes"
    for map in senders hash hash4 group group4; do
        refused EOPNOTSUPP cp "$TMP/zeroes" "$MNT/$map/1"
        refused EOPNOTSUPP cp "$TMP/zeroes" "$MNT/$map/2"
    done
    equal "$(le 8 "$(ask cookie A)")" "$(octets "$MNT/senders/1") "
}
