#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# devmap and devmap_hash: what is written is where a program of XDP sends frames (section 11).
# alone

load net

@test "a name written is where frames go, and rm stops them" {
    start_in_netns to_devs
    equal '' "$(names "$MNT/devs")"
    echo vc >"$MNT/devs/$MARKER"
    equal '' "$(arrive vd 0 1)"
    echo vc >"$MNT/devs/0"
    equal '0 0' "$(arrive vd 0 1 0)"
    equal vc "$(<"$MNT/devs/0")"
    equal 3 "$(stat -c %s "$MNT/devs/0")"
    has devs 0 vc
    rm "$MNT/devs/0"
    equal '' "$(arrive vd 0)"
    absent devs 0
}

@test "devmap_hash: any number is a key" {
    start_in_netns to_devhash
    echo vc >"$MNT/devhash/$MARKER"
    index_of vc >"$MNT/devhash/3"
    echo vd >"$MNT/devhash/4000000000"
    equal '3' "$(arrive vd 0 3)"
    equal '3 7 4000000000' "$(names "$MNT/devhash")"
    equal 3 "$(<"$MNT/devhash/.count")"
    equal 'vc vc vd' "$(cd "$MNT/devhash" && cat 3 7 4000000000 | paste -sd' ')"
    has devhash 4000000000 vd
    rm "$MNT/devhash/3" "$MNT/devhash/4000000000"
    equal '' "$(arrive vd 3)"
    equal 7 "$(names "$MNT/devhash")"
    refused ENOENT rm "$MNT/devhash/3"
    for i in {10..16}; do echo vd >"$MNT/devhash/$i"; done
    refused ENOSPC store "$MNT/devhash/17" vd
    echo vc >"$MNT/devhash/16"
    has devhash 16 vc
}

@test "an entry with a program: by id, by path, and none" {
    start_in_netns to_devprogs
    id=$(prog_id dev_entry)
    echo vc >"$TMP/name"
    refused EINVAL cp "$TMP/name" "$MNT/devprogs/0"
    echo '{"ifindex":"vc"}' >"$MNT/devprogs/$MARKER"
    echo '{"ifindex":"vc","prog":0}' >"$MNT/devprogs/0"
    echo "{\"ifindex\":\"vc\",\"prog\":$id}" >"$MNT/devprogs/1"
    echo "{\"prog\":\"$ELSEWHERE/prog/dev_entry\", \"ifindex\":$(index_of vc)}" >"$MNT/devprogs/2"
    equal '0 1:13 2:13' "$(arrive vd 0 1 2 3)"
    equal '{"ifindex":"vc","prog":0}' "$(<"$MNT/devprogs/$MARKER")"
    equal "{\"ifindex\":\"vc\",\"prog\":$id}" "$(<"$MNT/devprogs/2")"
    equal "$(le 4 "$(index_of vc)")$(le 4 "$id")" "$(bytes_of devprogs "$(le 4 2)") "
}

@test "an entry with a program: what is not named stays" {
    start_in_netns to_devprogs
    id=$(prog_id dev_entry)
    echo '{"ifindex":"vc"}' >"$MNT/devprogs/$MARKER"
    echo "{\"ifindex\":\"vd\",\"prog\":$id}" >"$MNT/devprogs/0"
    echo '{"ifindex":"vc"}' >"$MNT/devprogs/0"
    equal '0:13' "$(arrive vd 0)"
    echo '{"prog":0}' >"$MNT/devprogs/0"
    equal '0' "$(arrive vd 0)"
    echo "{\"prog\":$id}" >"$MNT/devprogs/0"
    equal '0:13' "$(arrive vd 0)"
    explained EINVAL '0 is no interface' devprogs/1 "{\"prog\":$id}"
    equal '0 7' "$(names "$MNT/devprogs")"
}

@test "an entry with a program: which are refused" {
    start_in_netns to_devprogs
    explained EINVAL 'there is no program 4294967295' devprogs/0 '{"ifindex":"vc","prog":4294967295}'
    explained EINVAL 'BPF_XDP_DEVMAP' devprogs/0 "{\"ifindex\":\"vc\",\"prog\":$(prog_id cpu_entry)}"
    explained EINVAL 'no program is pinned there' devprogs/0 '{"ifindex":"vc","prog":"/sys/fs/bpf/none"}'
    explained EINVAL 'no program is pinned there' devprogs/0 "{\"ifindex\":\"vc\",\"prog\":\"$PINS/devs\"}"
    explained EINVAL 'no interface' devprogs/0 '{"ifindex":"nope","prog":0}'
    explained EINVAL prog devprogs/0 '{"ifindex":"vc","prog":"dev_entry"}'
    equal '' "$(names "$MNT/devprogs")"
    absent devprogs 0
}

@test "what is no interface is refused, with a sentence, and changes nothing" {
    start_in_netns to_devs
    echo vd >"$MNT/devs/1"
    for slot in 0 1; do
        explained EINVAL 'there is no interface of this name' "devs/$slot" nope
        explained EINVAL 'nothing may follow' "devs/$slot" 'vc and more'
        explained EINVAL 'there is no interface of this name' "devs/$slot" a-name-that-no-interface-has
        explained EINVAL '0 is no interface' "devs/$slot" 0
        explained EINVAL 'there is no interface 999999' "devs/$slot" 999999
        explained EINVAL 'there is no interface 4294967295' "devs/$slot" 4294967295
        explained EINVAL '4294967295' "devs/$slot" 4294967296
        explained EINVAL '' "devs/$slot" -1
        explained EINVAL '' "devs/$slot" '"vc"'
        explained EINVAL '' "devs/$slot" ''
    done
    explained EINVAL 'the last index of this map is 7' devs/8 vc
    explained EINVAL 'expected' devs/vc vc
    refused EINVAL touch "$MNT/devs/0" # a slot has no zero value
    equal 1 "$(names "$MNT/devs")"
    has devs 1 vd
    absent devs 0
}

@test "emptying an occupied slot by truncation is refused: it has no zero value" {
    start_in_netns to_devs
    echo vd >"$MNT/devs/1"
    bash -c ": >'$MNT/devs/1'" || true # only close could say so
    grep -F '0 is no interface' "$MNT/.error_log"
    has devs 1 vd
    equal vd "$(<"$MNT/devs/1")"
}

@test "present and absent slots: O_EXCL, O_CREAT, rm, mv" {
    start_in_netns to_devs
    echo vc >"$MNT/devs/0"
    refused - bash -c "set -C; echo vd >'$MNT/devs/0'"
    has devs 0 vc
    bash -c "set -C; echo vd >'$MNT/devs/1'"
    has devs 1 vd
    refused ENOENT cat "$MNT/devs/2"
    refused ENOENT dd if=/dev/null of="$MNT/devs/2" conv=nocreat status=none
    refused ENOENT rm "$MNT/devs/2"
    rm -f "$MNT/devs/2"
    py <<'CODE'
refused(errno.EEXIST, os.open, path("devs/0"), EXCL)
fd = os.open(path("devs/3"), EXCL)
bpftool("update", "pinned", PINS + "/devs", "key", *octets("<I", 3), "value", "1", "0", "0", "0")
refused(errno.EEXIST, os.write, fd, b"vd\n")   # somebody else was faster
os.close(fd)
fd = os.open(path("devs/3"), TRUNC)
bpftool("delete", "pinned", PINS + "/devs", "key", *octets("<I", 3))
refused(errno.ENOENT, os.write, fd, b"vd\n")   # it is gone again
os.close(fd)
assert not os.path.exists(path("devs/3"))
CODE
    mv "$MNT/devs/1" "$MNT/devs/4"
    has devs 4 vd
    absent devs 1
    mv "$MNT/devs/4" "$MNT/devs/0"
    has devs 0 vd
    absent devs 4
    refused ENOENT mv "$MNT/devs/4" "$MNT/devs/5"
    echo vc >"$MNT/devs/5"
    py <<'CODE'
refused(errno.EEXIST, rename2, "devs/5", "devs/0", 1)  # RENAME_NOREPLACE
CODE
    has devs 0 vd
    equal '0 5' "$(names "$MNT/devs")"
    refused - mv "$MNT/devs/5" "$MNT/devs/8"
    sed -i s/vc/vd/ "$MNT/devs/5"
    has devs 5 vd
}

@test "names and numbers, in the namespace of the daemon" {
    start_in_netns to_devs
    in_netns ip link add 6in4-wan type veth peer name cat-1
    in_netns ip link add 900 type veth peer name 0x1
    in_netns ip link add 'q"\,{' type veth peer name q2
    echo 6in4-wan >"$MNT/devs/0"
    equal 6in4-wan "$(<"$MNT/devs/0")"
    for name in 900 0x1 'q"\,{'; do # could be taken for a number, or for more than a name
        number=$(index_of "$name")
        echo "$number" >"$MNT/devs/2"
        equal "$number" "$(<"$MNT/devs/2")"
    done
    refused EINVAL store "$MNT/devs/1" 900
    refused EINVAL store "$MNT/devs/1" 9000in4
    echo 1 >"$MNT/devs/2" # and not of 0x1
    equal lo "$(<"$MNT/devs/2")"
    echo cat-1 >"$MNT/devs/1"
    equal cat-1 "$(<"$MNT/devs/1")"
    in_netns ip link set cat-1 name dog.1
    equal dog.1 "$(<"$MNT/devs/1")"
    equal "$(index_of dog.1)" "$(($(printf '%s' "$(bytes_of devs "$(le 4 1)")" | awk '{print "0x" $1}')))"
    in_netns ip link del 6in4-wan # and the other end with it: the kernel empties the slots
    equal 2 "$(names "$MNT/devs")"
}

@test "a daemon in another namespace: the numbers, and its own names for them" {
    start_in_netns to_devs
    echo vd >"$MNT/devs/0"
    echo lo >"$MNT/devs/1"
    ip netns add "$OTHER_NETNS"
    daemon_in "$OTHER_NETNS"
    another_mountpoint
    MNT=$OTHER start_daemon
    equal "$(index_of vd)" "$(<"$OTHER/devs/0")"
    equal lo "$(<"$OTHER/devs/1")" # its own
    refused EINVAL store "$OTHER/devs/2" vd
    refused EINVAL store "$OTHER/devs/2" "$(index_of vd)"
    grep -F 'in the network namespace of this mount' "$OTHER/.error_log"
    rm "$OTHER/devs/0"
    absent devs 0
}

# What tar, cp and rsync keep of three maps, and how they bring it back.
filled() {
    local slot
    start_in_netns to_devprogs
    id=$(prog_id dev_entry)
    for slot in 0 3 $MARKER; do
        echo "{\"ifindex\":\"vc\",\"prog\":$((slot % 2 ? id : 0))}" >"$MNT/devprogs/$slot"
    done
    echo vd >"$MNT/devs/5"
    echo vc >"$MNT/devhash/70000"
    dumps >"$TMP/before"
}

dumps() {
    local map
    for map in devs devprogs devhash; do dump $map; done
}

@test "an emptied map is filled again: tar, cp, rsync" {
    filled
    tar -C "$MNT" -cf "$TMP/all.tar" devs devprogs devhash
    cp -a "$MNT"/dev* "$TMP"
    for back in "tar -C '$MNT' -xf '$TMP/all.tar'" "cp -a '$TMP'/dev* '$MNT'" \
        "rsync -a '$TMP'/dev* '$MNT'" "rsync -a --inplace '$TMP'/dev* '$MNT'" \
        "tar -C '$MNT' -xf '$TMP/all.tar'"; do # the last time over what is there
        [[ $back != rsync* ]] || command -v rsync >/dev/null || continue
        [[ -s $TMP/over ]] || rm "$MNT"/dev*/*
        [[ -s $TMP/over ]] || equal '' "$(names "$MNT/devs")$(names "$MNT/devprogs")$(names "$MNT/devhash")"
        bash -c "$back"
        diff "$TMP/before" <(dumps)
        [[ $back != *inplace* ]] || echo yes >"$TMP/over"
    done
}

@test "maps that are gone are made again, as they were" {
    filled
    tar -C "$MNT" -cf "$TMP/all.tar" devs devprogs devhash
    for map in devs devprogs devhash; do
        rm "$MNT/$map"/*
        rmdir "$MNT/$map"
    done
    tar -C "$MNT" -xf "$TMP/all.tar"
    diff "$TMP/before" <(dumps)
    for map in devs devprogs; do grep -qx type=devmap "$MNT/$map/.map"; done
    grep -qx type=devmap_hash "$MNT/devhash/.map"
    equal '0 3 7' "$(names "$MNT/devprogs")"
}

@test "values=raw: the interface's number, the program's id" {
    start_in_netns to_devprogs
    id=$(prog_id dev_entry)
    printf '{"ifindex":"vc","prog":%d}' "$id" >"$MNT/devprogs/1"
    echo vd >"$MNT/devs/1"
    remount -o values=raw
    equal "$(le 4 "$(index_of vc)")$(le 4 "$id")" "$(octets "$MNT/devprogs/1") "
    equal "$(le 4 "$(index_of vd)")" "$(octets "$MNT/devs/1") "
    cp "$MNT/devprogs/1" "$MNT/devprogs/$MARKER"
    cp "$MNT/devprogs/1" "$TMP/entry"
    cp "$TMP/entry" "$MNT/devprogs/2"
    equal '2:13' "$(arrive vd 0 2)"
    head -c 4 "$TMP/entry" >"$TMP/short"
    head -c 8 /dev/zero >"$TMP/zeroes"
    head -c 8 /dev/zero | tr '\0' '\377' >"$TMP/ones"
    for bad in short zeroes ones name; do
        [[ $bad != name ]] || echo vc >"$TMP/name"
        refused EINVAL cp "$TMP/$bad" "$MNT/devprogs/3"
        refused EINVAL cp "$TMP/$bad" "$MNT/devprogs/2"
    done
    refused EINVAL cp "$TMP/entry" "$MNT/devs/3"
    equal '1 2 7' "$(names "$MNT/devprogs")"
    cmp "$TMP/entry" "$MNT/devprogs/2"
}

@test "of many who create a key of a devmap_hash one does, also through two mounts" {
    another_mountpoint
    start_daemon
    MNT=$OTHER start_daemon
    mkdir "$MNT/h,type=devmap_hash"
    eventually test -d "$OTHER/h"
    OTHER=$OTHER py <<'CODE'
import threading
KEYS, CREATORS = 200, 4
won, barrier = [], threading.Barrier(CREATORS)

def create(mount):
    for key in range(KEYS):
        try:
            fd = os.open(f"{mount}/h/{key}", EXCL, 0o666)
        except FileExistsError:
            fd = None
        barrier.wait()
        if fd is None: continue
        try:
            os.write(fd, b"1\n")
            won.append(key)
        except FileExistsError:
            pass
        os.close(fd)

threads = [threading.Thread(target=create, args=((MNT, os.environ["OTHER"])[i % 2],))
           for i in range(CREATORS)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert sorted(won) == list(range(KEYS)), won
CODE
}
