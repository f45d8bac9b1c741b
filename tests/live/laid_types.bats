#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Types for maps that have none: .types and -o types= (section 6).

load lib

bash_hex=62617368000000000000000000000000

# A map without BTF with the element "bash", as old loaders make them.
untyped() { # NAME
    bpftool map create "$PINS/$1" type hash key 16 value 8 entries 16 name "$1"
    set_bytes "$1" "$(fold -w 2 <<<"$bash_hex" | paste -sd' ')" "$(le 8 -2)"
}

lay() { echo "$2" >"$MNT/$1/.types"; }

@test ".types gives names and values" {
    start_daemon
    untyped calls
    equal "$bash_hex" "$(ls "$MNT/calls")"
    equal 18446744073709551614 "$(<"$MNT/calls/$bash_hex")"
    equal $'key=16\nvalue=8' "$(<"$MNT/calls/.types")"
    lay calls 'key=char[16],value=s64'
    equal bash "$(ls "$MNT/calls")"
    equal -2 "$(<"$MNT/calls/bash")"
    equal $'key=char[16]\nvalue=s64' "$(<"$MNT/calls/.types")"
    eventually not test -e "$MNT/calls/$bash_hex" # what a listing gave lives a second
    echo -3 >"$MNT/calls/bash"
    echo 5 >"$MNT/calls/a new one"
    equal 'a new one bash' "$(names "$MNT/calls")"
    equal 'fd ff ff ff ff ff ff ff' "$(bytes_of calls "$(fold -w 2 <<<"$bash_hex" | paste -sd' ')" | sed 's/0x//g')"
    rm "$MNT/calls/bash"
    equal 'a new one' "$(names "$MNT/calls")"
    grep -q 'char key\[16\]' "$MNT/calls/.info"
}

@test "one of two, and none" {
    start_daemon
    untyped calls
    lay calls 'key=char[16]'
    equal 18446744073709551614 "$(<"$MNT/calls/bash")"
    lay calls 'value=s64'
    equal -2 "$(<"$MNT/calls/bash")"
    printf 'key=u64[2]\nvalue=u32[2]\n' >"$MNT/calls/.types"
    equal '[4294967294,4294967295]' "$(cat "$MNT"/calls/*)"
    : >"$MNT/calls/.types"
    equal "$bash_hex" "$(ls "$MNT/calls")"
}

@test "of another map, and of the kernel's, nothing changes" {
    start_daemon
    untyped calls
    untyped others
    lay calls 'key=char[16],value=s64'
    equal "$bash_hex" "$(ls "$MNT/others")"
    [[ $(info "$PINS/calls") != *btf_id* ]]
}

@test "what does not fit is EINVAL, says why, and changes nothing" {
    start_daemon
    untyped calls
    lay calls 'key=char[16],value=s64'
    for types in key=char[15] value=u32 key=char[16],value=u16 key=u65 nonsense type=hash; do
        refused EINVAL store "$MNT/calls/.types" "$types"
        equal $'key=char[16]\nvalue=s64' "$(<"$MNT/calls/.types")" "$types"
        equal -2 "$(<"$MNT/calls/bash")"
    done
    : >"$MNT/.error_log"
    refused EINVAL store "$MNT/calls/.types" 'key=char[15],value=u64'
    grep -q 'calls/.types: EINVAL: the key of this map has 16 bytes, and the type 15' "$MNT/.error_log"
    : >"$MNT/.error_log"
    refused EINVAL store "$MNT/calls/.types" 'key=char[16],value=u65'
    grep -qx '    key=char\[16\],value=u65' "$MNT/.error_log"
    grep -qx '                       \^' "$MNT/.error_log"
}

@test "an LPM trie takes prefixes and structs" {
    start_daemon
    bpftool map create "$PINS/lpm" type lpm_trie key 8 value 8 entries 16 name lpm flags 1
    set_bytes lpm "$(le 4 8) 0a 00 00 00" "$(le 8 7)"
    equal 0a000000_8 "$(ls "$MNT/lpm")"
    lay lpm key=ipv4_prefix
    equal 10.0.0.0_8 "$(ls "$MNT/lpm")"
    refused EINVAL store "$MNT/lpm/.types" key=u64
    grep -q ipv4_prefix "$MNT/.error_log"
    equal 7 "$(<"$MNT/lpm/10.0.0.0_8")"
}

@test "they are not listed, nor copied, and a new mount has forgotten them" {
    start_daemon
    untyped calls
    lay calls 'key=char[16],value=s64'
    equal '.map bash' "$(names -A "$MNT/calls")"
    remount
    equal "$bash_hex" "$(ls "$MNT/calls")"
    equal $'key=16\nvalue=8' "$(<"$MNT/calls/.types")"
}

@test "-o types=FILE: names, globs, comments, the first that fits" {
    mkdir -p "$PINS"
    for name in AT_calls AT_bytes BT_x other; do untyped "$name"; done
    bpftool map create "$PINS/AT_small" type hash key 4 value 8 entries 16 name AT_small
    cat >"$TMP/types" <<'EOT'
# what bpftrace makes

AT_calls   key=char[16],value=s64
AT_*	key=char[16],value=u64
?T_[xyz] key=u64[2]
EOT
    start_daemon -o "types=$TMP/types"
    equal -2 "$(<"$MNT/AT_calls/bash")"
    equal 18446744073709551614 "$(<"$MNT/AT_bytes/bash")"
    equal $'key=u64[2]\nvalue=8' "$(<"$MNT/BT_x/.types")"
    equal "$bash_hex" "$(ls "$MNT/other")"
    equal $'key=4\nvalue=8' "$(<"$MNT/AT_small/.types")" # it does not fit
    untyped AT_later
    equal bash "$(ls "$MNT/AT_later")"
    mkdir "$MNT/AT_typed,key=u8[16],value=u64" # has its own
    equal $'key=u8[16]\nvalue=u64' "$(<"$MNT/AT_typed/.types")"
    lay AT_calls value=u8[8]
    equal '"0xfeffffffffffffff"' "$(<"$MNT/AT_calls/bash")"
}

not_started() { # LINE BYTE REASON
    local out status=0
    out=$(timeout 10 "$BPFMAPFS" -f -o "pindir=$PINS,types=$TMP/types" "$MNT" 2>&1) || status=$?
    ((status != 0 && status != 124))
    [[ $out == *"$TMP/types: line $1, byte $2: "*"$3"* ]] || {
        echo "$out"
        return 1
    }
    not mountpoint -q "$MNT"
}

@test "a bad line keeps the daemon from starting" {
    printf '# x\nAT_* key=char[16]\nAT_y key=char[,value=u64\n' >"$TMP/types"
    not_started 3 15 ''
    printf 'AT_x key=u32,type=hash\n' >"$TMP/types"
    not_started 1 14 only
    printf 'AT_x\n' >"$TMP/types"
    not_started 1 5 'key=TYPE'
    out=$(timeout 10 "$BPFMAPFS" -f -o "types=$TMP/none" "$MNT" 2>&1) && return 1
    [[ $out == *"$TMP/none"*'No such file'* ]]
    not mountpoint -q "$MNT"
}

@test "a map that carries types keeps them" {
    start_daemon
    mkdir "$MNT/m,key=u16,value=u64"
    refused EEXIST store "$MNT/m/.types" 'value=u8[8]'
    grep -qx value=u64 "$MNT/m/.types"
}

@test "where the kernel keeps no types, those of mkdir are laid over the map" {
    start_daemon
    mkdir "$MNT/jobs,type=queue,value=struct{u32 a;u16 b}" "$MNT/inner"
    echo '{"a":258}' >"$MNT/jobs/.push"
    equal '{"a":258,"b":0}' "$(<"$MNT/jobs/.peek")"
    equal '02 01 00 00 00 00 00 00' "$(bpftool -j map peek pinned "$PINS/jobs" |
        grep -o '0x[0-9a-f]*' | sed 's/0x//' | paste -sd' ')"
    mkdir "$MNT/outer,type=hash_of_maps,key=char[8],inner=inner"
    ln -s ../inner "$MNT/outer/abc"
    equal ../inner "$(readlink "$MNT/outer/abc")"
    tar -C "$MNT" -cf "$TMP/all.tar" .
    rm -r "$MNT"/{jobs,outer,inner}
    tar -C "$MNT" -xf "$TMP/all.tar"
    equal ../inner "$(readlink "$MNT/outer/abc")"
    grep -qx 'value=struct{u32 a;u16 b;}' "$MNT/jobs/.map"
}

@test "what a type of maps gives a meaning, no other type can be laid over" {
    start_daemon
    mkdir "$MNT/devs,type=devmap" "$MNT/traces,type=stack_trace"
    refused EINVAL store "$MNT/devs/.types" 'value=u32'
    refused EINVAL store "$MNT/devs/.types" 'key=u32'
    refused EINVAL store "$MNT/traces/.types" 'value=u64[127]'
    grep 'the values of a stack_trace have a meaning already' "$MNT/.error_log"
}
