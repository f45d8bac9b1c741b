#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# A mount that is carried by sshfs, from an sshd in a network namespace.

load lib
load hosts

# Nothing is believed longer than a question takes, and what is refused is refused in write(2).
OPTIONS=direct_io,dir_cache=no,attr_timeout=0,entry_timeout=0,sshfs_sync

# carried: the mount of host 1, at $FAR. $MNT and $PINS are its own.
carried() {
    hosts 1
    # shellcheck disable=SC2034 # get's and put's
    MNT=${HOST_MNT[1]} PINS=${HOST_PINS[1]}
    FAR=$(mktemp -d -t bpfmapfs-test.XXXXXX)
    nsenter "--net=/run/netns/$HUB" sshfs -f -F "$SSH_CONFIG" -o "$OPTIONS" "host1:$MNT" "$FAR" \
        </dev/null >"$TMP/sshfs.log" 2>&1 3>&- &
    HELPERS+=($!)
    eventually mountpoint -q "$FAR"
}

eval "hosts_$(declare -f teardown)"
teardown() {
    [[ ! ${FAR-} ]] || { umount -l "$FAR" && rmdir "$FAR"; }
    MNT=${MOUNTS[0]} PINS=/sys/fs/bpf/bpfmapfs-test-$$-$BATS_TEST_NUMBER hosts_teardown
}

@test "sshfs: listed, read, and what the host stores is read at once" {
    carried
    mkdir "$MNT/m"
    local i
    for i in 7 8 9; do
        put m 1 "$i"
        equal "$i" "$(<"$FAR/m/1")"
    done
    equal m "$(names "$FAR")"
    equal 1 "$(names "$FAR/m")"
    equal 1 "$(cat "$FAR/m/.count")"
    equal '{"key":1,"value":9}' "$(cat "$FAR/m/.dump")"
    grep -q '^type:.hash' "$FAR/m/.info"
    equal "$FAR/m/1:9" "$(grep -r '^9$' "$FAR")"
    drop m 1
    refused ENOENT cat "$FAR/m/1"
}

@test "sshfs: made, stored, edited, renamed, removed" {
    carried
    mkdir "$FAR/flows,key=struct{ipv4 host;be16 port;},value=struct{u64 packets;u32 mark;}"
    store "$FAR/flows/10.0.0.1,80" '{"packets":5}'
    equal '{"packets":5,"mark":0}' "$(<"$FAR/flows/10.0.0.1,80")"
    mkdir "$FAR/m"
    store "$FAR/m/2" 6
    sed -i s/6/7/ "$FAR/m/2"
    equal 7 "$(get m 2)"
    mv "$FAR/m/2" "$FAR/m/3"
    equal 'none 7' "$(get m 2) $(get m 3)"
    echo '{"key":5,"value":50}' >"$FAR/m/.dump"
    equal 50 "$(get m 5)"
    rm "$FAR/m/3"
    equal none "$(get m 3)"
    rm -r "$FAR/flows" "$FAR/m"
    equal '' "$(names "$FAR")"
}

# sshfs shows none that lead out of a directory, if it is not told to.
@test "sshfs: links of maps of maps" {
    OPTIONS+=,no_contain_symlinks carried
    mkdir "$MNT/inner"
    mkdir "$FAR/outer,type=hash_of_maps,inner=inner"
    ln -s ../inner "$FAR/outer/1"
    equal ../inner "$(readlink "$MNT/outer/1")"
    equal ../inner "$(readlink "$FAR/outer/1")"
    rm "$FAR/outer/1"
    equal '' "$(names "$MNT/outer")"
}

# SFTP has few words for errors, but each is one.
@test "sshfs: what is refused is refused in write, and the old value stays" {
    carried
    mkdir "$MNT/m" "$MNT/small,max_entries=1"
    put m 1 5
    refused - store "$FAR/m/1" 5x
    equal 5 "$(get m 1)"
    refused - store "$FAR/m/x" 1
    refused - store "$FAR/m/.dump" '{"key":"x","value":6}'
    store "$FAR/small/1" 1
    refused - store "$FAR/small/2" 1
    equal 1 "$(names "$FAR/small")"
    bash -c 'set -C; echo 6 >"$1"' bash "$FAR/m/1" && false
    equal 5 "$(get m 1)"
    tail -n 20 "$FAR/.error_log" | grep -q 'write /small/2: ENOSPC'
}

@test "sshfs: out and back by tar, rsync and cp" {
    carried
    mkdir "$MNT/m" "$MNT/texts,type=lru_hash,key=char[16],value=char[16]" "$MNT/slots,type=array,max_entries=3"
    put m 1 5
    echo one >"$MNT/texts/first"
    echo 7 >"$MNT/slots/2"
    cp -a "$MNT" "$TMP/want"
    tar -C "$FAR" -cf "$TMP/far.tar" .
    rsync -a "$FAR/" "$TMP/rsync"
    diff -r "$TMP/want" "$TMP/rsync"
    rm -r "${MNT:?}"/*
    tar -C "$FAR" --warning=no-timestamp -xf "$TMP/far.tar"
    diff -r "$TMP/want" "$MNT"
    rm -r "${MNT:?}"/*
    rsync -a "$TMP/rsync/" "$FAR"
    diff -r "$TMP/want" "$MNT"
    rm -r "${MNT:?}"/*
    cp -a "$TMP/want/." "$FAR"
    diff -r "$TMP/want" "$FAR"
    equal 5 "$(get m 1)"
}
