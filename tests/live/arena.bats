#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# An arena: pages and no elements, so .map and .info are all that there is of it.
# alone

load lib

setup_arena() {
    grep -aq BPF_MAP_TYPE_ARENA /sys/kernel/btf/vmlinux || skip "this kernel has no arenas"
    start_daemon
    mkdir "$MNT/arena,type=arena,max_entries=4"
}

@test "an arena can be made, shows .map alone, and says in .info what it is" {
    setup_arena
    equal .map "$(names -A "$MNT/arena")"
    grep -qx type=arena "$MNT/arena/.map"
    grep -qx max_entries=4 "$MNT/arena/.map"
    grep -qx map_flags=mmapable "$MNT/arena/.map"
    grep -qx $'type:\tarena' "$MNT/arena/.info"
    grep -qx $'keys:\tan arena has no elements, only pages' "$MNT/arena/.info"
    equal 0 "$(<"$MNT/arena/.frozen")"
    equal 4 "$(info "$PINS/arena" | sed 's/.*"max_entries":\([0-9]*\).*/\1/')"
}

@test "an arena takes no keys, and says why" {
    setup_arena
    refused EOPNOTSUPP store "$MNT/arena/1" 1
    grep -q 'an arena has no elements, only pages' "$MNT/.error_log"
    refused ENOENT cat "$MNT/arena/1"
    refused ENOENT rm "$MNT/arena/1"
    refused EOPNOTSUPP touch "$MNT/arena/key"
    refused EOPNOTSUPP cat "$MNT/arena/.count"
    refused - ln -s ../arena "$MNT/arena/1"
    refused - mkdir "$MNT/arena/1"
    equal .map "$(names -A "$MNT/arena")"
}

@test "an arena is restored by its .map, and goes by rmdir" {
    setup_arena
    tar -C "$MNT" -cf "$TMP/arena.tar" arena
    rmdir "$MNT/arena"
    not test -e "$PINS/arena"
    tar -C "$MNT" -xf "$TMP/arena.tar"
    [[ $(info "$PINS/arena") == *'"max_entries":4'* ]]
    grep -qx type=arena "$MNT/arena/.map"
    rm -r "$MNT/arena"
    not test -e "$PINS/arena"
}
