#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Creating maps: the spec, and what bpftool says of the result (contract, section 5).

load lib

# field NAME PIN: one field of what bpftool says.
field() { info "$2" | grep -o "\"$1\":[^,}]*" | cut -d: -f2 | tr -d '"'; }

@test "what a bare mkdir makes" {
    start_daemon
    mkdir "$MNT/m"
    for want in type=hash bytes_key=4 bytes_value=8 max_entries=1024 name=m frozen=0; do
        equal "${want#*=}" "$(field "${want%=*}" "$PINS/m")" "${want%=*}"
    done
    [[ $(info "$PINS/m") == *btf_id* ]] # u32 and u64 are types, kept as BTF
}

@test "each type" {
    start_daemon
    for type in hash lru_hash percpu_hash lru_percpu_hash array percpu_array; do
        mkdir "$MNT/$type,type=$type,max_entries=16"
        equal "$type" "$(field type "$PINS/$type")"
        equal 16 "$(field max_entries "$PINS/$type")"
        echo 5 >"$MNT/$type/3"
        [[ $(<"$MNT/$type/3") =~ ^(5|\[5(,5)*\])$ ]]
    done
    mkdir "$MNT/lpm,type=lpm_trie,key=8,value=u64"
    equal lpm_trie "$(field type "$PINS/lpm")"
}

@test "sizes without types make a map without BTF" {
    start_daemon
    mkdir "$MNT/m,type=hash,key=4,value=8"
    equal "4 8" "$(field bytes_key "$PINS/m") $(field bytes_value "$PINS/m")"
    [[ $(info "$PINS/m") != *btf_id* ]]
    mkdir "$MNT/n,key=3,value=16"
    equal "3 16" "$(field bytes_key "$PINS/n") $(field bytes_value "$PINS/n")"
}

@test "flags by name, bpftool's words, and a name for the kernel" {
    start_daemon
    mkdir "$MNT/a,type=hash,map_flags=no_prealloc|zero_seed"
    equal 65 "$(field flags "$PINS/a")"
    mkdir "$MNT/b,type=hash,flags=no_prealloc,entries=7"
    equal "1 7" "$(field flags "$PINS/b") $(field max_entries "$PINS/b")"
    mkdir "$MNT/c,name=other"
    equal other "$(field name "$PINS/c")"
    mkdir "$MNT/d,type=array,map_flags=mmapable"
    equal 1024 "$(field flags "$PINS/d")"
}

@test ".map says what mkdir was told, and mkdir takes it back" {
    start_daemon
    while read -r spec; do
        mkdir "$MNT/m,$spec"
        for line in ${spec//,/ }; do grep -qx -- "$line" "$MNT/m/.map"; done
        again=$(grep -E '^(type|key|value|max_entries|map_flags)=' "$MNT/m/.map" | paste -sd,)
        mkdir "$MNT/n,$again"
        cmp <(grep -E '^[a-z_]+=' "$MNT/m/.map" | grep -v name=) \
            <(grep -E '^[a-z_]+=' "$MNT/n/.map" | grep -v name=)
        rmdir "$MNT/m" "$MNT/n"
    done <<'TABLE'
type=hash,key=u32,value=u64,max_entries=1024
type=hash,key=4,value=8,max_entries=10,map_flags=no_prealloc
type=lru_percpu_hash,key=s8,value=u16,max_entries=64
type=array,key=u32,value=s64,max_entries=3
type=lpm_trie,key=8,value=3,max_entries=5,map_flags=no_prealloc
TABLE
}

@test "a ring buffer is told which sizes there are" {
    start_daemon
    for type in ringbuf user_ringbuf; do
        refused EINVAL mkdir "$MNT/bad,type=$type,max_entries=1000"
        refused EINVAL mkdir "$MNT/bad,type=$type,max_entries=12288"
        grep -q "max_entries of a $type is its size in bytes: a power of two" "$MNT/.error_log"
    done
    not grep -q 'sizes and flags' "$MNT/.error_log"
    mkdir "$MNT/good,type=ringbuf,max_entries=$(getconf PAGESIZE)"
}

@test "specs that make no sense are refused, and make nothing" {
    start_daemon
    while read -r spec; do
        refused EINVAL mkdir "$MNT/bad,$spec"
        refused ENOENT ls "$MNT/bad"
        equal '' "$(ls "$PINS" 2>/dev/null)" "$spec"
    done <<'TABLE'
type=nosuch
type=
key=0
key=
key=abc
key=u33
key=-4
key=4x
value=0
value=u65
max_entries=0
max_entries=abc
max_entries=-1
max_entries=4294967296
map_flags=bogus
map_flags=no_prealloc|bogus
nosuch=1
nonsense
type=array,key=u64
type=lpm_trie,key=4
type=lpm_trie,key=300
TABLE
}

@test "a map that would take more than max_map_bytes is refused" {
    start_daemon -o max_map_bytes=1048576
    mkdir "$MNT/small"
    refused EFBIG mkdir "$MNT/big,max_entries=1000000"
    refused EFBIG mkdir "$MNT/big,type=array,value=1048576,max_entries=2"
    refused EFBIG mkdir "$MNT/big,type=percpu_array,value=u64,max_entries=131072"
    equal small "$(ls "$PINS")"
}

@test "without the option, a quarter of memory is the limit" {
    start_daemon
    refused EFBIG mkdir "$MNT/big,type=array,value=1048576,max_entries=1000000"
    equal '' "$(ls "$PINS" 2>/dev/null)"
}
