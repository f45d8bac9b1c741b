#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The mount and bpftool must agree on every byte, in both directions (contract, sections 4 and 5).
# alone

load lib

# Every integer type: width, then values that are hard.
integers() {
    cat <<'TABLE'
u8 1 0 1 127 128 255
u16 2 0 1 32768 65535
u32 4 0 1 2147483648 4294967295
u64 8 0 1 9007199254740993 9223372036854775808 18446744073709551615
s8 1 0 1 -1 127 -128
s16 2 0 1 -1 32767 -32768
s32 4 0 1 -1 2147483647 -2147483648
s64 8 0 1 -1 9007199254740993 9223372036854775807 -9223372036854775808
1 1 0 1 255
2 2 0 1 65535
4 4 0 1 4294967295
8 8 0 1 18446744073709551615
TABLE
}

trim() { sed 's/ *$//'; }

@test "integer values, written here and read by bpftool, and the other way" {
    start_daemon
    while read -r type width values; do
        mkdir "$MNT/m,type=hash,key=u32,value=$type"
        for value in $values; do
            echo "$value" >"$MNT/m/1"
            equal "$(le "$width" "$value" | trim)" "$(bytes_of m "$(le 4 1)")" "$type $value"
            set_bytes m "$(le 4 2)" "$(le "$width" "$value")"
            equal "$value" "$(<"$MNT/m/2")" "$type"
            [[ $type == [0-9] ]] || [[ $(dump m) == *"\"formatted\":{\"key\":1,\"value\":$value}"* ]]
            rm "$MNT/m/2"
        done
        rm -r "$MNT/m"
    done < <(integers)
}

@test "integer keys, the same" {
    start_daemon
    while read -r type width keys; do
        mkdir "$MNT/m,type=hash,key=$type,value=u8"
        for key in $keys; do
            echo 7 >"$MNT/m/$key"
            equal 07 "$(bytes_of m "$(le "$width" "$key")")" "$type $key"
            equal "$key" "$(names "$MNT/m")" "$type"
            rm "$MNT/m/$key"
            equal '[]' "$(dump m)"
            set_bytes m "$(le "$width" "$key")" 9
            equal 9 "$(<"$MNT/m/$key")" "$type $key"
            rm "$MNT/m/$key"
        done
        rmdir "$MNT/m"
    done < <(integers)
}

@test "array" {
    start_daemon
    mkdir "$MNT/m,type=array,value=u64,max_entries=4"
    for i in 0 1 2 3; do
        equal 0 "$(<"$MNT/m/$i")"
        echo "$((i + 40))" >"$MNT/m/$i"
        equal "$((i + 40))" "$(get m "$i")"
        put m "$i" "$((i + 50))"
        equal "$((i + 50))" "$(<"$MNT/m/$i")"
    done
}

@test "percpu_array and percpu_hash: one element per possible CPU" {
    start_daemon
    n=$(cpus)
    for type in percpu_array percpu_hash; do
        mkdir "$MNT/$type,type=$type,value=s32,max_entries=4"
        own=$(seq "-$n" -1 | paste -sd,)
        echo "[$own]" >"$MNT/$type/2"
        equal "[$own]" "$(<"$MNT/$type/2")"
        equal "$(for ((i = -n; i < 0; i++)); do le 4 "$i" | trim && echo; done)" \
            "$(bytes_of "$type" "$(le 4 2)" | cut -c 1-11)" "$type"
        echo -7 >"$MNT/$type/2"
        equal "$(each_cpu -7)" "$(<"$MNT/$type/2")"
        set_bytes "$type" "$(le 4 2)" "$(le 4 77)"
        equal "$(each_cpu 77)" "$(<"$MNT/$type/2")"
        refused EINVAL store "$MNT/$type/2" "[$own,1]"
        for text in '[]' '[' '[1' '[1,' "[$own" "[$own,"; do # the newline of echo ends the text
            refused EINVAL store "$MNT/$type/2" "$text"
        done
        ((n == 1)) || refused EINVAL store "$MNT/$type/2" '[1]'
        equal "$(each_cpu 77)" "$(<"$MNT/$type/2")"
    done
}

@test "values of other sizes are bytes in hex, with or without spaces and 0x" {
    start_daemon
    mkdir "$MNT/m,key=u32,value=3" "$MNT/long,key=u32,value=16"
    for text in '01 a2 ff' 01a2ff 0x01a2ff '01 A2 FF' '0x01 0xa2 0xff'; do
        rm -f "$MNT/m/1"
        echo "$text" >"$MNT/m/1"
        equal '01 a2 ff' "$(<"$MNT/m/1")" "$text"
        equal '01 a2 ff' "$(bytes_of m "$(le 4 1)")" "$text"
    done
    for text in '01 a2' '01 a2 ff 00' 01a2f '01 a2 fg' '01,a2,ff' 10; do
        refused - store "$MNT/m/1" "$text"
        equal '01 a2 ff' "$(bytes_of m "$(le 4 1)")" "$text"
    done
    set_bytes long "$(le 4 1)" "$(le 8 1)$(le 8 -1)"
    equal '01 00 00 00 00 00 00 00 ff ff ff ff ff ff ff ff' "$(<"$MNT/long/1")"
}

@test "keys of other sizes are hex" {
    start_daemon
    mkdir "$MNT/m,key=3,value=u64"
    echo 5 >"$MNT/m/01a2ff"
    equal '05 00 00 00 00 00 00 00' "$(bytes_of m '01 a2 ff')"
    equal 01a2ff "$(names "$MNT/m")"
    test "$MNT/m/01a2ff" -ef "$MNT/m/0x01a2ff"
    for name in 01a2 01a2ff00 01a2f 01a2fg; do
        refused EINVAL store "$MNT/m/$name" 5
        refused ENOENT cat "$MNT/m/$name"
    done
    for size in 20 100 127; do # 127 bytes make 254 digits: a name may have 255
        mkdir "$MNT/$size,key=$size,value=u64"
        key=$(seq "$size" | xargs printf '%02x')
        echo 6 >"$MNT/$size/$key"
        equal "$key" "$(names "$MNT/$size")"
        rm -r "${MNT:?}/$size"
    done
}

@test "every spelling of a key is the same file" {
    start_daemon
    mkdir "$MNT/m"
    echo 5 >"$MNT/m/42"
    for name in 0x2a 0x2A; do
        test "$MNT/m/42" -ef "$MNT/m/$name"
        equal 5 "$(<"$MNT/m/$name")"
    done
    echo 6 >"$MNT/m/0x2b"
    equal '42 43' "$(names "$MNT/m")"
    equal 6 "$(get m 43)"
    for name in 4294967296 -1 99999999999999999999 1.0 1e3 ' 1' '1 ' 0x 0x1ffffffff 1x; do
        refused EINVAL store "$MNT/m/$name" 5
        refused ENOENT cat "$MNT/m/$name"
    done
    equal '42 43' "$(names "$MNT/m")"
}

@test "lpm_trie: a name exists only if that very prefix is stored" {
    start_daemon
    mkdir "$MNT/m,type=lpm_trie,key=8,value=u32,max_entries=16"
    echo 7 >"$MNT/m/0a000000_8"
    equal '07 00 00 00' "$(bytes_of m '08 00 00 00 0a 00 00 00')"
    refused ENOENT cat "$MNT/m/0a010000_16" # covered, not stored
    refused ENOENT rm "$MNT/m/0a010000_16"
    set_bytes m '10 00 00 00 0a 01 63 63' "$(le 4 9)" # host bits of no meaning
    equal 9 "$(<"$MNT/m/0a010000_16")"
    echo 1 >"$MNT/m/00000000_0"
    echo 2 >"$MNT/m/0a010203_32"
    equal '0a000000_8 0a010000_16 0a010203_32 00000000_0' "$(names "$MNT/m")"
    for name in 0a000000_33 0a000000 0a0000_8 _8 0a000000_ 0a000000_-1 0a000000_8_8; do
        refused EINVAL store "$MNT/m/$name" 1
    done
    rm "$MNT/m/0a010000_16"
    equal '0a000000_8 0a010203_32 00000000_0' "$(names "$MNT/m")"
    equal 7 "$(<"$MNT/m/0a000000_8")"
}

@test "a map made elsewhere, with no type, reads as numbers" {
    SCOPE=all start_daemon
    elsewhere x "t$$" hash 4 8 16
    set_bytes "../${ELSEWHERE##*/}/x" "$(le 4 7)" "$(le 8 -1)"
    eventually test -d "$MNT/t$$"
    equal 7 "$(names "$MNT/t$$")"
    equal 18446744073709551615 "$(<"$MNT/t$$/7")"
}
