#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# .dump of keys and values of each type: the bytes that bpftool stored, as a line, and back
# (contract, sections 4, 5 and 9).

load types
load dump

# there_and_back MAP KEYBYTES VALUEBYTES LINE
there_and_back() {
    local key value
    key=$(bytes "$2")
    value=$(bytes "$3")
    set_bytes "$1" "$key" "$value"
    cmp "$MNT/$1/.dump" - <<<"$4"
    "$PYTHON" -c 'import json, sys; assert list(json.loads(sys.argv[1])) == ["key", "value"]' "$4"
    find "$MNT/$1" -mindepth 1 ! -name .map -delete
    equal '[]' "$(dump "$1")"
    cat <<<"$4" >"$MNT/$1/.dump"
    equal "$value" "$(bytes_of "$1" "$key")" "$1: $4"
    equal 1 "$(entries "$MNT/$1" | wc -l)"
}

@test "types that have words: the line and the bytes" {
    start_daemon
    # key and value | bytes of the key | bytes of the value | line
    while IFS='|' read -r spec key value line; do
        mkdir "$MNT/m,$spec,max_entries=4"
        there_and_back m "$key" "$value" "$line"
        rmdir "$MNT/m" 2>/dev/null || rm -r "$MNT/m"
    done <<'TABLE'
key=u64,value=s64|ff*8|00*7 80|{"key":18446744073709551615,"value":-9223372036854775808}
key=u64,value=s64|01 00*5 20 00|ff*7 7f|{"key":9007199254740993,"value":9223372036854775807}
key=s64,value=u64|00*7 80|01 00*5 20 00|{"key":-9223372036854775808,"value":9007199254740993}
key=s32,value=s16|fe ff ff ff|00 80|{"key":-2,"value":-32768}
key=s8,value=s8|80|7f|{"key":-128,"value":127}
key=4,value=8|01 02 03 04|ff*8|{"key":67305985,"value":18446744073709551615}
key=1,value=1|ff|00|{"key":255,"value":0}
key=6,value=20|00 01 02 03 04 ff|00*19 13|{"key":"0001020304ff","value":"0x0000000000000000000000000000000000000013"}
key=be16,value=be32|01 bb|0a 00 00 01|{"key":443,"value":"10.0.0.1"}
key=be64,value=be64|00 20 00*5 01|ff*7 fe|{"key":9007199254740993,"value":18446744073709551614}
key=ipv4,value=ipv6|0a 00 00 01|20 01 0d b8 00*11 01|{"key":"10.0.0.1","value":"2001:db8::1"}
key=mac,value=bool|00 01 02 03 04 ff|01|{"key":"00:01:02:03:04:ff","value":true}
key=bool,value=bool|01|02|{"key":"1","value":"0x02"}
key=char[8],value=char[8]|61 22 5c 01 ff 2f 00*2|61 22 5c 01 00*4|{"key":"a\"\\%01%FF%2F","value":"a\"\\\u0001"}
key=char[8],value=char[8]|00*8|61 22 ff 01 00*4|{"key":"%00","value":"0x6122ff0100000000"}
key=char[8],value=char[8]|c3 a4 0a 7f 25 2c 00*2|61 00 62 00*5|{"key":"ä%0A%7F%25%2C","value":"a\u0000b"}
key=char[4],value=char[4]|2e 61 00*2|30 78 31 00|{"key":"%2Ea","value":"0x1"}
key=struct{u16 a;u8[2] b;char[4] c;},value=union{u32 n;u8[4] b;}|01 00 02 03 61 2c 00*2|01 02 03 04|{"key":"1,0203,a%2C","value":{"n":67305985}}
key=struct{u8 a;u16 b;},value=struct{u8 a;u16 b;}|01 02 03 00|01 ff 03 00|{"key":"0x01020300","value":"0x01ff0300"}
key=u8,value=struct{u64 n;s64 m;char[4] t;u16[2] c;}|01|01 00*5 20 00 ff*8 22 5c 0a 00 01 00 02 00|{"key":1,"value":{"n":9007199254740993,"m":-1,"t":"\"\\\n","c":[1,2]}}
type=lpm_trie,key=ipv4_prefix,value=u8|08 00*3 0a 00*3|01|{"key":"10.0.0.0_8","value":1}
type=lpm_trie,key=ipv6_prefix,value=u8|20 00*3 20 01 0d b8 00*12|01|{"key":"2001:db8::_32","value":1}
type=lpm_trie,key=7,value=2|10 00*3 0a 0b 00|02 01|{"key":"0a0b00_16","value":258}
TABLE
}

@test "types that clang knows: bit-fields, unions, enums, 128 bits, locks" {
    start_types
    while IFS='|' read -r map key value line; do
        there_and_back "$map" "$key" "$value" "$line"
        rm "$MNT/$map"/*
    done <<'TABLE'
k_enum|e8 03 00 00|05 00*3|{"key":"BLUE","value":5}
k_enum|06 00*3|05 00*3|{"key":"6","value":5}
k_u128|ff*16|05 00*3|{"key":340282366920938463463374607431768211455,"value":5}
k_either|01 00*3 0a 00 00 01|05 00*3|{"key":"0x010000000a000001","value":5}
v_u128|07 00*3|ff*16|{"key":7,"value":340282366920938463463374607431768211455}
v_bits|07 00*3|fd ff df 01 01 00*3 ff*5 00*7 d1 07 00 00|{"key":7,"value":{"three":5,"crossing":131071,"five":-3,"on":true,"off":false,"forty":1099511627775,"signed33":-4294967296,"color":"BLUE"}}
v_bits|07 00*3|00*4 04 00*19|{"key":7,"value":"0x000000000400000000000000000000000000000000000000"}
v_locked|07 00*3|00*4 01 00*3 02 00*7|{"key":7,"value":{"hits":1,"bytes":2}}
TABLE
}

@test "a name of more than 255 bytes is one string" {
    start_daemon
    mkdir "$MNT/m,key=char[300],value=u8"
    name=$(printf 'x%.0s' {1..260})%2Fend
    mkdir "$MNT/m/${name::240}"
    echo 7 >"$MNT/m/${name::240}/${name:240}"
    printf '{"key":"%s/%s","value":7}\n' "${name::240}" "${name:240}" | cmp - "$MNT/m/.dump"
    cp "$MNT/m/.dump" "$TMP/lines"
    rm -r "$MNT/m/${name::240}"
    cat "$TMP/lines" >"$MNT/m/.dump"
    equal 7 "$(<"$MNT/m/${name::240}/${name:240}")"
    check_lines m
}

@test "per CPU: one value each" {
    local map
    start_daemon
    for map in percpu_hash lru_percpu_hash percpu_array; do
        mkdir "$MNT/$map,type=$map,key=u32,value=u64,max_entries=8"
        echo "{\"key\":3,\"value\":$(each_cpu 7)}" >"$MNT/$map/.dump"
        grep -qxF "{\"key\":3,\"value\":$(each_cpu 7)}" "$MNT/$map/.dump"
        printf '{"key":4,"value":[1%s]}\n' "$(yes ,9 | head -n $(($(cpus) - 1)) | tr -d '\n')" >"$MNT/$map/.dump"
        as_kernel "$map"
        check_lines "$map"
        refused EINVAL store "$MNT/$map/.dump" '{"key":5,"value":[]}'
    done
}

@test "other spellings of a key mean the same one" {
    start_daemon
    mkdir "$MNT/m" "$MNT/t,type=lpm_trie,key=ipv4_prefix,value=u8"
    printf '%s\n' '{"key":0x2a,"value":1}' ' { "key" : "42" , "value" : 0x2 } ' '{"key":42,"value":3}' >"$TMP/lines"
    cat "$TMP/lines" >"$MNT/m/.dump"
    equal "$(lines 42 3)" "$(<"$MNT/m/.dump")"
    echo '{"key":"10.1.2.3_8","value":1}' >"$MNT/t/.dump"
    equal 10.0.0.0_8 "$(names "$MNT/t")"
}
