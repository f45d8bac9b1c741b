#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Writing .map: a map made from it alone has the very same types, for bpftool, too.
load lib

FLOW='struct{ipv4 saddr;ipv4 daddr;be16 sport;be16 dport;u8 proto}'
FLOWS="flows,key=$FLOW,value=struct{u64 packets;u64 bytes;char[16] comm;union{u32 a;u8[7] b;}},max_entries=64"

# C of the types of key and value, as bpftool finds them in the kernel.
c_of() {
    local id
    id=$(info "$PINS/$1" | grep -o '"btf_id":[0-9]*' | head -n 1 | cut -d: -f2)
    bpftool btf dump map pinned "$PINS/$1" format raw | grep -v '^\[' || true
    bpftool btf dump id "$id" format c
}

parameters_of() { info "$PINS/$1" | grep -oE '"(type|name|flags|bytes_key|bytes_value|max_entries)":[^,}]*'; }

@test "a map made from .map alone has the same parameters and the same BTF" {
    start_daemon
    mkdir "$MNT/$FLOWS"
    cp "$MNT/flows/.map" "$TMP/spec"
    c_of flows >"$TMP/c"
    parameters_of flows >"$TMP/parameters"
    rmdir "$MNT/flows"
    mkdir "$MNT/flows"
    cat "$TMP/spec" >"$MNT/flows/.map"
    diff "$TMP/spec" "$MNT/flows/.map"
    c_of flows | diff "$TMP/c" -
    parameters_of flows | diff "$TMP/parameters" -
    grep -q saddr "$TMP/c"
}

@test "what a bare mkdir made has no .map until it is written, or a key is stored" {
    start_daemon
    mkdir "$MNT/a" "$MNT/b"
    equal '' "$(names -A "$MNT/a")"
    refused ENOENT cat "$MNT/a/.map"
    store "$MNT/a/1" 5
    equal '.map 1' "$(names -A "$MNT/a" | tr -d '\n')"
    refused EEXIST store "$MNT/a/.map" type=array
    printf 'type=array\nkey=u32\nvalue=u8\nmax_entries=2\n' >"$MNT/b/.map"
    equal '.map 0 1' "$(names -A "$MNT/b")"
}

# Elements in an order of their own.
elements_of() { bpftool -j map dump pinned "$PINS/$1" | sed 's/,{"key":/\n{"key":/g; s/^\[//; s/\]$//' | sort; }

@test "cp -a brings typed maps back" {
    start_daemon
    mkdir "$MNT/$FLOWS" "$MNT/blocked,type=lpm_trie,key=ipv6_prefix,value=u8"
    store "$MNT/flows/10.0.0.1,10.0.0.2,443,51324,6" '{"packets":7,"comm":"a \"b\" é"}'
    store "$MNT/flows/10.0.0.1,10.0.0.3,443,51324,17" '{"bytes":18446744073709551615,"b":"0x01020304050607"}'
    store "$MNT/blocked/2001:db8::_32" 1
    elements_of flows >"$TMP/before"
    c_of flows >"$TMP/c"
    cp -a "$MNT/." "$TMP/copy"
    rm -r "$MNT/flows" "$MNT/blocked"
    equal '' "$(names "$MNT")"
    cp -a "$TMP/copy/." "$MNT/"
    diff -r "$TMP/copy" "$MNT"
    elements_of flows | diff "$TMP/before" -
    c_of flows | diff "$TMP/c" -
}

@test "tar brings typed maps back" {
    start_daemon
    mkdir "$MNT/$FLOWS"
    store "$MNT/flows/10.0.0.1,10.0.0.2,443,51324,6" '{"packets":7}'
    dump flows >"$TMP/before"
    tar -C "$MNT" -cf "$TMP/maps.tar" .
    rm -r "$MNT/flows"
    tar -C "$MNT" -xf "$TMP/maps.tar" 2>"$TMP/said"
    equal '' "$(<"$TMP/said")"
    dump flows | diff "$TMP/before" -
}

@test "enums, bit-fields and pointers come back, too: what has no word is in the BTF" {
    bpftool prog loadall "$BUILD/tests/exact.bpf.o" "$ELSEWHERE/progs" pinmaps "$ELSEWHERE/maps"
    start_daemon
    mv "$ELSEWHERE/maps/odd" "$PINS/odd"
    eventually test -d "$MNT/odd"
    grep -q '^key=4$' "$MNT/odd/.map"
    c_of odd | grep -A100 'enum color' >"$TMP/c"
    store "$MNT/odd/BLUE" '{"few":-4,"more":true,"where":"0x10","next":"RED"}'
    cat "$MNT/odd/BLUE" >"$TMP/value"
    cat "$MNT/odd/.map" >"$TMP/spec"
    mkdir "$MNT/again"
    cat "$TMP/spec" >"$MNT/again/.map"
    diff "$TMP/spec" "$MNT/again/.map"
    cp "$TMP/value" "$MNT/again/BLUE"
    diff "$TMP/value" "$MNT/again/BLUE"
    equal "$(bytes_of odd '02 00 00 00')" "$(bytes_of again '02 00 00 00')"
    equal '{"few":-4,"more":true,"where":"0x10","next":"RED"}' "$(<"$MNT/again/BLUE")"
}
