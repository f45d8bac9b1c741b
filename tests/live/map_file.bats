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
    equal '.map' "$(names -A "$MNT/b")"
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

@test "cp -a brings arrays back: their slots wait hidden" {
    start_daemon
    mkdir "$MNT/src,type=array,key=u32,value=u32,max_entries=4"
    store "$MNT/src/2" 7
    cp -a "$MNT/src" "$TMP/out"
    cp -a "$TMP/out" "$MNT/dst"
    equal '.map 0 1 2 3' "$(names -A "$MNT/dst")"
    equal 7 "$(<"$MNT/dst/2")"
    diff <(elements_of src) <(elements_of dst)
}

@test "a bare mkdir that makes an array shows nothing yet" {
    start_daemon -o mkdir=type=array,key=u32,value=u64,max_entries=8
    mkdir "$MNT/a"
    equal '' "$(names -A "$MNT/a")"
    store "$MNT/a/3" 1
    equal '.map 3' "$(names -A "$MNT/a")"
}

@test "a map that is not fresh agrees with its own spec only" {
    start_daemon
    mkdir "$MNT/m,type=hash,key=u32,value=u64,max_entries=1000,map_flags=no_prealloc"
    cp "$MNT/m/.map" "$TMP/spec"
    cat "$TMP/spec" >"$MNT/m/.map"
    for line in max_entries=10 map_flags=0 value=u32; do refused EEXIST store "$MNT/m/.map" "$line"; done
    refused EEXIST bash -c "grep -v map_flags '$TMP/spec' >'$MNT/m/.map'"
}

@test ".map needs no newline at its end, and is made beside maps of any name" {
    start_daemon
    mkdir "$MNT/m" "$MNT/m~new1,key=u8"
    printf 'type=hash\nkey=u16\nvalue=u16\nmax_entries=4' >"$MNT/m/.map"
    grep -qx key=u16 "$MNT/m/.map"
    equal 'm~new1 m' "$(names "$MNT")"
}
