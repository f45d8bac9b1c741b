#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Typed values as the programs of types.bpf.c see them, who were compiled from the same C; their
# variables; and types that mkdir makes.

load types

# sees PROGRAM NUMBERS: that is what it found, by what it left in `out`.
sees() {
    rm -f "$MNT/out/0"
    run_program "$1"
    equal "[$2,1]" "$(<"$MNT/out/0")" "$1"
}

@test "bit-fields are where the compiler has them" {
    start_types
    echo '{"three":5,"crossing":131071,"five":-3,"on":true,"forty":1099511627775}' >"$MNT/v_bits/7"
    echo '{"signed33":-4294967296,"color":"BLUE"}' >"$MNT/v_bits/7"
    sees see_bits 5,131071,-3,1,1099511627775,-4294967296,1000
    echo '{"three":2,"crossing":65536,"five":15,"on":false,"forty":1,"signed33":4294967295}' >"$MNT/v_bits/7"
    sees see_bits 2,65536,15,0,1,4294967295,1000
    echo '{"crossing":1}' >"$MNT/v_bits/7"
    sees see_bits 2,1,15,0,1,4294967295,1000
}

@test "members of structs, unions, and keys are what the program looks up" {
    start_types
    echo '{"leaves":[{"number":4},{"number":5}],"mix":{"color":"GREEN"}}' >"$MNT/v_tree/7"
    echo '{"word":{"half":[1,2]}}' >"$MNT/v_choice/7"
    echo '{"addr6":"2001:db8::1","name":"café"}' >"$MNT/v_host/7"
    echo '{"low":2,"high":3}' >"$MNT/v_anon/7"
    echo 77 >"$MNT/k_task/a%2C,42,-3"
    sees see_structs 5,5,2,1,102,3,77
}

@test "variables: one that is written leaves the others, and the program goes by it" {
    start_types
    sees see_variables 1000,-5,1,104,5,1024,8
    equal '{"limit":1000,"offset":-5,"enabled":true,"label":"hello","mode":"GREEN","ports":{"low":1024,"high":65535},"gateway":"02:00:00:00:00:01"}' \
        "$(<"$MNT/types_data/0")"
    echo '{"limit":5}' >"$MNT/types_data/0"
    sees see_variables 5,-5,1,104,5,1024,8
    echo '{"mode":"BLUE","offset":-2147483648}' >"$MNT/types_data/0"
    echo '{"ports":{"low":1}}' >"$MNT/types_data/0"
    echo '{"enabled":false,"label":"x","gateway":"02:00:00:00:00:ff"}' >"$MNT/types_data/0"
    sees see_variables 5,-2147483648,0,120,1000,1,262
    refused EINVAL store "$MNT/types_data/0" '{"limit":5,"nosuch":1}'
    refused EINVAL store "$MNT/types_data/0" '{"enabled":2}'
    equal '{"limit":5,"offset":-2147483648,"enabled":false,"label":"x","mode":"BLUE","ports":{"low":1,"high":65535},"gateway":"02:00:00:00:00:ff"}' \
        "$(<"$MNT/types_data/0")"
}

@test "variables that the program changes, and those that nobody can" {
    start_types
    for _ in {1..3}; do sees see_variables 1000,-5,1,104,5,1024,8; done
    equal '{"hits":3,"state":{"addr":"0.0.0.0","ports":{"low":0,"high":65535},"priority":0,"strict":false,"zone":0}}' \
        "$(<"$MNT/types_bss/0")"
    echo '{"hits":18446744073709551615,"state":{"priority":-1}}' >"$MNT/types_bss/0"
    sees see_variables 1000,-5,1,104,5,1024,8
    equal '{"hits":0,"state":{"addr":"0.0.0.0","ports":{"low":0,"high":65535},"priority":-1,"strict":false,"zone":0}}' \
        "$(<"$MNT/types_bss/0")"
    equal '{"version":7,"tag":"v7"}' "$(<"$MNT/types_rodata/0")"
    refused EROFS store "$MNT/types_rodata/0" '{"version":8}'
    equal '{"version":7,"tag":"v7"}' "$(<"$MNT/types_rodata/0")"
}

@test "mkdir of a struct: bpftool knows the members by name" {
    start_daemon
    mkdir "$MNT/flows,key=struct{ipv4 saddr;ipv4 daddr;be16 sport;be16 dport;u8 proto},value=struct{u64 packets;u64 bytes},max_entries=1024"
    echo '{"packets":1,"bytes":64}' >"$MNT/flows/10.0.0.1,10.0.0.2,443,80,6"
    echo '{"packets":2}' >"$MNT/flows/10.0.0.1,10.0.0.2,443,80,6"
    equal "$(bytes '02 00*7 40 00*7')" "$(bytes_of flows "$(bytes '0a 00 00 01 0a 00 00 02 01 bb 00 50 06 00*3')")"
    dump flows >"$TMP/dump"
    cat "$TMP/dump"
    "$PYTHON" - "$TMP/dump" <<'CODE'
import json, sys
entry, = json.load(open(sys.argv[1]))
assert entry["formatted"] == {
    "key": {"saddr": {"s_addr": 0x0100000a}, "daddr": {"s_addr": 0x0200000a},
            "sport": 0xbb01, "dport": 0x5000, "proto": 6},
    "value": {"packets": 2, "bytes": 64}}, entry
CODE
    for line in 'struct in_addr saddr;' '__be16 dport;' 'unsigned char proto;' 'unsigned long long packets;'; do
        grep -qF "$line" "$MNT/flows/.info"
    done
    grep -q '^key=struct{ipv4 saddr;' "$MNT/flows/.map"
}

@test ".info says the types of key and value as C, which compiles" {
    start_types
    for map in v_tree v_bits v_anon v_choice v_host k_nested k_tuple lpm_v6; do
        for part in key value; do
            sed -n "/^$part:/,/^[a-z_]*:/s/^\t//p" "$MNT/$map/.info" >"$TMP/$part.c"
            grep -q "[ *]${part}[;[]" "$TMP/$part.c"
            cc -fsyntax-only "$TMP/$part.c"
        done
    done
    grep -q 'struct padded leaves\[2\];' "$MNT/v_tree/.info"
    grep -q '__u32 crossing: 17;' "$MNT/v_bits/.info"
}
