#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# cgroup_storage and percpu_cgroup_storage: elements come and go with programs that are attached;
# their values are read and written (section 11).

load net

EGRESS=1 # BPF_CGROUP_INET_EGRESS

# given [OPTION...]: the maps, two cgroups, a process in the first one.
given() {
    [[ -n $(unified) ]] || skip 'there is no unified hierarchy of cgroups'
    mkdir -p "$PINS"
    make_netns
    bpftool prog loadall "$BUILD/tests/net_cgroups.bpf.o" "$ELSEWHERE/prog" pinmaps "$PINS"
    start_daemon "$@"
    join
}

join() {
    start_fds
    ONE=$(make_cgroup one)
    TWO=$(make_cgroup two)
    ask pid >"$ONE/cgroup.procs"
    ONE_ID=$(stat -c %i "$ONE")
    TWO_ID=$(stat -c %i "$TWO")
    KEY=$ONE_ID,$EGRESS
}

attach() { bpftool cgroup attach "$1" egress pinned "$ELSEWHERE/prog/$2" multi; }
detach() { bpftool cgroup detach "$1" egress pinned "$ELSEWHERE/prog/$2"; }

key_bytes() { echo "$(le 8 "$1")$(le 4 $EGRESS)00 00 00 00"; }

sole_key() { equal "$KEY" "$(names "$1")"; }

@test "an element appears with a program, stays without it, and goes with its cgroup" {
    given
    equal '' "$(names "$MNT/storage")"
    attach "$ONE" count
    equal "$KEY" "$(names "$MNT/storage")"
    attach "$TWO" count
    equal "$(printf '%s,1\n' "$ONE_ID" "$TWO_ID" | sort -V | paste -sd' ')" "$(names "$MNT/storage")"
    equal 2 "$(<"$MNT/storage/.count")"
    equal '{"packets":0,"step":0}' "$(<"$MNT/storage/$KEY")"
    test -f "$MNT/storage/$(printf 0x%x "$ONE_ID"),0x1" # the same key in other words
    detach "$ONE" count
    echo '{"packets":5}' >"$MNT/storage/$KEY"
    attach "$ONE" count
    equal '{"packets":5,"step":0}' "$(<"$MNT/storage/$KEY")" # for the kernel keeps it
    detach "$TWO" count
    rmdir "$TWO"
    eventually sole_key "$MNT/storage"
    refused ENOENT cat "$MNT/storage/$TWO_ID,$EGRESS"
    mkdir "$ONE/below"
    below=$(stat -c %i "$ONE/below"),$EGRESS
    attach "$ONE/below" count
    test -f "$MNT/storage/$below"
    rmdir "$ONE/below" # takes the program along
    eventually sole_key "$MNT/storage"
}

@test "what is written is what the program goes by" {
    given
    attach "$ONE" count
    ask datagrams 3
    equal '{"packets":0,"step":0}' "$(<"$MNT/storage/$KEY")"
    echo '{"step":7}' >"$MNT/storage/$KEY"
    ask datagrams 3
    equal '{"packets":21,"step":7}' "$(<"$MNT/storage/$KEY")"
    equal "$(le 8 21)$(le 4 7)00 00 00 00" "$(bytes_of storage "$(key_bytes "$ONE_ID")")"
    echo '{"packets":1000000000000}' >"$MNT/storage/$KEY"
    ask datagrams 1
    equal '{"packets":1000000000007,"step":7}' "$(<"$MNT/storage/$KEY")"
    : >"$MNT/storage/$KEY"
    equal '{"packets":0,"step":0}' "$(<"$MNT/storage/$KEY")"
    sed -i 's/"step":0/"step":2/' "$MNT/storage/$KEY"
    ask datagrams 2
    equal '{"packets":4,"step":2}' "$(<"$MNT/storage/$KEY")"
    explained EINVAL 'no member' "storage/$KEY" '{"stop":1}'
    equal '{"packets":4,"step":2}' "$(<"$MNT/storage/$KEY")"
}

@test "one value for each CPU" {
    given
    attach "$ONE" count
    equal "$KEY" "$(names "$MNT/percpu")"
    equal "$(each_cpu 0)" "$(<"$MNT/percpu/$KEY")"
    ask datagrams 5
    equal 5 "$(($(tr -d '[]\n' <"$MNT/percpu/$KEY" | tr , +)))"
    echo 100 >"$MNT/percpu/$KEY"
    equal "$(each_cpu 100)" "$(<"$MNT/percpu/$KEY")"
    ask datagrams 5
    equal $((5 + 100 * $(cpus))) "$(($(tr -d '[]\n' <"$MNT/percpu/$KEY" | tr , +)))"
    seq 1 "$(cpus)" | paste -sd, | sed 's/.*/[&]/' >"$TMP/each"
    cp "$TMP/each" "$MNT/percpu/$KEY"
    cmp "$TMP/each" "$MNT/percpu/$KEY"
    refused EINVAL store "$MNT/percpu/$KEY" "[$(yes 1 | head -n $(($(cpus) + 1)) | paste -sd,)]"
    equal "$(seq 1 "$(cpus)" | xargs printf '%02x\n')" \
        "$(bytes_of percpu "$(key_bytes "$ONE_ID")" | sed 's/0x//g' | cut -c1-2)"
}

@test "shared storage: the cgroup alone is the key" {
    given
    attach "$ONE" count_shared
    equal "$ONE_ID" "$(names "$MNT/shared")"
    echo '{"step":3}' >"$MNT/shared/$ONE_ID"
    ask datagrams 2
    equal '{"packets":6,"step":3}' "$(<"$MNT/shared/$ONE_ID")"
    refused EOPNOTSUPP rm "$MNT/shared/$ONE_ID"
    explained EOPNOTSUPP 'an element appears when' "shared/$TWO_ID" '{"step":3}'
    attach "$TWO" count_shared
    echo '{"packets":9}' >"$MNT/shared/$TWO_ID"
    rmdir "$TWO"
    eventually not test -e "$MNT/shared/$TWO_ID"
    equal "$ONE_ID" "$(names "$MNT/shared")"
}

@test "nobody makes or removes an element by hand: refused, with sentences" {
    given
    attach "$ONE" count
    echo '{"packets":5}' >"$MNT/storage/$KEY"
    for map in storage percpu; do
        explained EOPNOTSUPP 'an element appears when a program that uses the map is attached' \
            "$map/$TWO_ID,$EGRESS" "$([[ $map = percpu ]] && echo 1 || echo '{"step":3}')"
        refused EOPNOTSUPP touch "$MNT/$map/$TWO_ID,0"
        explained EOPNOTSUPP 'an element appears when' "$map/18446744073709551615,4294967295" \
            "$([[ $map = percpu ]] && echo 1 || echo '{"step":3}')"
        echo >"$MNT/.error_log"
        refused EOPNOTSUPP rm "$MNT/$map/$KEY"
        grep -F 'an element goes when its cgroup is removed' "$MNT/.error_log"
        refused ENOENT rm "$MNT/$map/$TWO_ID,$EGRESS"
        refused EOPNOTSUPP mv "$MNT/$map/$KEY" "$MNT/$map/$TWO_ID,$EGRESS"
        refused - bash -c "set -C; echo 1 >'$MNT/$map/$KEY'"
        py "$map" "$KEY" <<'CODE'
refused(errno.EEXIST, os.open, path("/".join(sys.argv[1:])), EXCL)
CODE
        equal "$KEY" "$(names "$MNT/$map")"
    done
    equal '{"packets":5,"step":0}' "$(<"$MNT/storage/$KEY")"
    for name in "$ONE_ID" "$ONE_ID,egress" "$KEY,0" "$ONE_ID,-1" one; do
        refused EINVAL store "$MNT/storage/$name" '{"step":1}'
    done
}

@test "the cgroup goes while the file is open" {
    given
    attach "$TWO" count
    py "storage/$TWO_ID,$EGRESS" "$TWO" <<'CODE'
name, cgroup = sys.argv[1:]
fd = os.open(path(name), TRUNC)
os.rmdir(cgroup)
while os.path.exists(path(name)):       # the kernel takes its time
    time.sleep(0.01)
refused(None, os.write, fd, b'{"step":1}\n')
os.close(fd)
CODE
    equal '' "$(names "$MNT/storage")"
}

@test "a map that mkdir made is what a program uses" {
    given
    mkdir "$MNT/mine,type=cgroup_storage,value=struct{u64 packets;u32 step;}"
    mkdir "$MNT/each,type=percpu_cgroup_storage,value=u64"
    bpftool prog loadall "$BUILD/tests/net_cgroups.bpf.o" "$ELSEWHERE/again" \
        map name storage pinned "$PINS/mine" map name percpu pinned "$PINS/each"
    bpftool cgroup attach "$ONE" egress pinned "$ELSEWHERE/again/count"
    equal "$KEY" "$(names "$MNT/mine")"
    echo '{"step":4}' >"$MNT/mine/$KEY"
    ask datagrams 2
    equal '{"packets":8,"step":4}' "$(<"$MNT/mine/$KEY")"
    equal 2 "$(($(tr -d '[]\n' <"$MNT/each/$KEY" | tr , +)))"
    grep -qx 'key=struct{u64 cgroup_inode_id;u32 attach_type;}' "$MNT/mine/.map"
    rmdir "$MNT/mine"
    not test -e "$PINS/mine"
}

@test "tar keeps the values, and puts them back where the program is attached" {
    given
    attach "$ONE" count
    attach "$TWO" count
    echo '{"packets":5,"step":6}' >"$MNT/storage/$KEY"
    echo 9 >"$MNT/percpu/$KEY"
    tar -C "$MNT" -cf "$TMP/all.tar" storage percpu
    rmdir "$TWO"
    eventually sole_key "$MNT/storage"
    : >"$MNT/storage/$KEY"
    : >"$MNT/percpu/$KEY"
    refused - tar -C "$MNT" --overwrite -xf "$TMP/all.tar" # the one of the other cgroup
    equal '{"packets":5,"step":6}' "$(<"$MNT/storage/$KEY")"
    equal "$(each_cpu 9)" "$(<"$MNT/percpu/$KEY")"
    mkdir "$TMP/copy"
    tar -C "$TMP/copy" -xf "$TMP/all.tar"
    : >"$MNT/storage/$KEY"
    cp "$TMP/copy/storage/$KEY" "$MNT/storage"
    equal '{"packets":5,"step":6}' "$(<"$MNT/storage/$KEY")"
}

@test "values=raw: the bytes" {
    given -o values=raw
    attach "$ONE" count
    for map in storage percpu; do
        size=$(stat -c %s "$MNT/$map/$KEY")
        equal "$([[ $map = storage ]] && echo 16 || echo $((8 * $(cpus))))" "$size"
        head -c "$size" /dev/urandom >"$TMP/bytes"
        cp "$TMP/bytes" "$MNT/$map/$KEY"
        cmp "$TMP/bytes" "$MNT/$map/$KEY"
        head -c $((size - 1)) /dev/zero >"$TMP/short"
        head -c $((size + 1)) /dev/zero >"$TMP/long"
        for bad in short long; do refused - cp "$TMP/$bad" "$MNT/$map/$KEY"; done
        refused EOPNOTSUPP cp "$TMP/bytes" "$MNT/$map/$TWO_ID,$EGRESS"
        cmp "$TMP/bytes" "$MNT/$map/$KEY"
    done
}
