#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# cgroup_array: the path of a cgroup is what a program asks about (section 11).
# alone

load net

# given [OPTION...]: the maps, two cgroups side by side, and a process to be in one of them.
given() {
    [[ -n $(unified) ]] || skip 'there is no unified hierarchy of cgroups'
    mkdir -p "$PINS"
    make_netns
    bpftool prog loadall "$BUILD/tests/net_cgroups.bpf.o" "$ELSEWHERE/prog" pinmaps "$PINS"
    start_daemon "$@"
    start_fds
    ONE=$(make_cgroup one)
    TWO=$(make_cgroup two)
}

EMPTY=-11 # EAGAIN

is_below() { ask run "$ELSEWHERE/prog/is_below"; }

@test "a path written is what the program goes by, and rm empties the slot" {
    given
    equal $EMPTY "$(is_below)"
    echo "$ONE" >"$MNT/groups/1"
    equal 0 "$(is_below)"
    ask pid >"$ONE/cgroup.procs"
    equal 1 "$(is_below)"
    echo "$TWO" >"$MNT/groups/1"
    equal 0 "$(is_below)"
    mkdir "$TWO/a b"
    ask pid >"$TWO/a b/cgroup.procs"
    equal 1 "$(is_below)" # below is not only in
    echo "$TWO/a b" >"$MNT/groups/1"
    equal 1 "$(is_below)"
    echo "$TWO/a b/../../${ONE##*/}/" >"$MNT/groups/1"
    equal 0 "$(is_below)"
    unified >"$MNT/groups/1"
    equal 1 "$(is_below)"
    rm "$MNT/groups/1"
    equal $EMPTY "$(is_below)"
}

@test "which cgroup is there the kernel does not tell, and the tree says so" {
    given
    echo "$ONE" >"$MNT/groups/1"
    equal '' "$(names "$MNT/groups")"
    for slot in 0 1; do
        refused EOPNOTSUPP cat "$MNT/groups/$slot"
        grep -F 'the kernel does not tell what is there' "$MNT/.error_log"
        refused EOPNOTSUPP mv "$MNT/groups/$slot" "$MNT/groups/2"
    done
    ls -la "$MNT/groups" "$MNT/groups/1"
    refused EOPNOTSUPP cat "$MNT/groups/.count"
    rm "$MNT/groups/1"
    refused ENOENT rm "$MNT/groups/1"
    refused ENOENT rm "$MNT/groups/0"
    grep -r . "$MNT/groups"
}

@test "what is no cgroup is refused, with a sentence, and changes nothing" {
    given
    echo "$ONE" >"$MNT/groups/1"
    touch "$TMP/file"
    version_1=$(awk '/ - cgroup / { print $5; exit }' /proc/self/mountinfo)
    explained EINVAL 'there is no such cgroup' groups/1 "$ONE/none"
    explained EINVAL 'there is no such cgroup' groups/1 "$ONE/cgroup.procs"
    explained EINVAL 'no cgroup of the unified hierarchy' groups/1 "$TMP/file"
    explained EINVAL 'no cgroup of the unified hierarchy' groups/1 "$TMP/none"
    explained EINVAL 'no cgroup of the unified hierarchy' groups/1 "/./$ONE"
    explained EINVAL 'no cgroup of the unified hierarchy' groups/1 "${ONE%/*}x"
    explained EINVAL 'there is no such cgroup' groups/1 "${ONE%/*}/.."
    explained EINVAL 'there is no such cgroup' groups/1 "$ONE/../../${ONE##*/}"
    explained EINVAL 'no cgroup of the unified hierarchy' groups/1 "$TMP"
    explained EINVAL 'no cgroup of the unified hierarchy' groups/1 /
    [[ -z $version_1 ]] || explained EINVAL 'no cgroup of the unified hierarchy' groups/1 "$version_1"
    explained EINVAL 'by its absolute path' groups/1 "${ONE#/}"
    explained EINVAL 'by its absolute path' groups/1 1
    explained EINVAL 'by its absolute path' groups/1 ''
    explained EINVAL '' groups/1 "$ONE$(printf '/.%.0s' {1..512})"
    explained EINVAL 'the last index of this map is 3' groups/4 "$ONE"
    echo >"$MNT/.error_log"
    bash -c ": >'$MNT/groups/1'" || true # only close could say so
    grep -F 'by its absolute path' "$MNT/.error_log"
    ask pid >"$ONE/cgroup.procs"
    equal 1 "$(is_below)"
}

@test "values=raw: a path with NULs behind it" {
    given -o values=raw
    ask pid >"$ONE/cgroup.procs"
    size=$(stat -c %s "$MNT/groups/1")
    printf '%s' "$ONE" >"$TMP/path"
    refused EINVAL cp "$TMP/path" "$MNT/groups/1"
    head -c 1024 /dev/zero | tr '\0' / >"$TMP/slashes"
    refused EINVAL cp "$TMP/slashes" "$MNT/groups/1"
    head -c 1024 /dev/zero >"$TMP/zeroes"
    refused EINVAL cp "$TMP/zeroes" "$MNT/groups/1"
    equal $EMPTY "$(is_below)"
    truncate -s 1024 "$TMP/path"
    cp "$TMP/path" "$MNT/groups/1"
    equal 1 "$(is_below)"
    equal "$size" "$(stat -c %s "$MNT/groups/1")"
}

# The kernel would ask the mount for what is there, by the very thread that is to answer.
@test "no path leads into the mount itself, however many ask" {
    for options in '' -s; do
        given ${options:+"$options"}
        often store "$MNT/groups/0" "$MNT/anything"
        often store "$MNT/groups/0" "$MNT/groups"
        equal 80 "$(grep -c "${STRERROR[EINVAL]}" "$TMP/often")"
        grep -F 'no cgroup of the unified hierarchy' "$MNT/.error_log"
        echo "$ONE" >"$MNT/groups/0"
        stop_daemon
        stop_helpers
        rm "$TMP/often"
        ip netns del "$NETNS"
        find "$PINS" "$ELSEWHERE" -mindepth 1 -depth -delete
    done
}

@test "others than root name no cgroups" {
    given -o allow_other
    chmod 777 "$MNT/groups"
    for path in "$ONE" "$ONE/none" / relative; do
        echo >"$MNT/.error_log"
        refused EPERM as_nobody bash -c "echo $path >groups/1"
        grep -F 'only root may name cgroups here' "$MNT/.error_log"
    done
    equal $EMPTY "$(is_below)"
    echo "$ONE" >"$MNT/groups/1"
    equal 0 "$(is_below)"
    as_nobody rm -f groups/1
    equal $EMPTY "$(is_below)"
}

# In a namespace of mounts, with two other mounts of the hierarchy, one of them of half of it.
@test "the hierarchy is found wherever it is mounted, and not below what hides it" {
    given
    export BPFMAPFS MNT PINS TMP ONE
    stop_daemon
    mkdir "$ONE/below" "$TMP/half" "$TMP/a b"
    timeout 60 unshare -m --propagation private bash -e 3>&- <<'CODE'
unified=${ONE%/*}
mount --bind "$ONE" "$TMP/half"
mount -t cgroup2 cgroup2 "$TMP/a b"
"$BPFMAPFS" -f -o "pindir=$PINS,scope=pinned" "$MNT" >>"$TMP/daemon.log" 2>&1 &
until mountpoint -q "$MNT"; do sleep 0.02; done
for path in "$ONE" "$TMP/half" "$TMP/half/below" "$TMP/a b" "$TMP/a b/${ONE##*/}"; do
    echo "$path" >"$MNT/groups/1"
done
mount -t tmpfs tmpfs "$TMP/half"
mkdir "$TMP/half/below"
! bash -c 'echo "$TMP/half/below" >"$MNT/groups/1"' 2>"$TMP/hidden"
umount "$MNT"
wait $!
CODE
    grep -q "${STRERROR[EINVAL]}" "$TMP/hidden"
}
