#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Typed keys as names (contract, section 4): maps of types.bpf.c, each name beside its bytes.

load types

@test "each type of key: the name and the bytes" {
    start_types
    # map | name | bytes
    while IFS='|' read -r map name key; do
        key=$(bytes "$key")
        echo 77 >"$MNT/$map/$name"
        equal '4d 00 00 00' "$(bytes_of "$map" "$key")" "$map/$name"
        equal "$name" "$(entries "$MNT/$map")" "$map"
        rm "$MNT/$map/$name"
        set_bytes "$map" "$key" '4e 00 00 00'
        equal "$name" "$(entries "$MNT/$map")" "$map, from outside"
        equal 78 "$(<"$MNT/$map/$name")" "$map/$name, from outside"
        equal 3 "$(stat -c %s "$MNT/$map/$name")" "$map/$name, size"
        rm "$MNT/$map/$name"
        equal '' "$(entries "$MNT/$map")" "$map"
    done <<'TABLE'
k_u8|0|00
k_u8|255|ff
k_u16|513|01 02
k_u32|42|2a 00*3
k_u32|4294967295|ff*4
k_u64|9007199254740993|01 00*5 20 00
k_u64|18446744073709551615|ff*8
k_s8|-128|80
k_s8|127|7f
k_s16|-32768|00 80
k_s32|-2|fe ff*3
k_s64|-9223372036854775808|00*7 80
k_u128|340282366920938463463374607431768211455|ff*16
k_bool|0|00
k_bool|1|01
k_bool|0x02|02
k_enum|RED|00*4
k_enum|BLUE|e8 03 00 00
k_enum|6|06 00*3
k_verdict|DROP|ff*4
k_verdict|4294967294|fe ff*3
k_wide|WIDE_ONE|01 00*7
k_wide|1099511627777|01 00*4 01 00*2
k_be16|443|01 bb
k_be64|258|00*6 01 02
k_be32|10.0.0.1|0a 00 00 01
k_in_addr|192.168.1.255|c0 a8 01 ff
k_in6_addr|::|00*16
k_in6_addr|2001:db8::1|20 01 0d b8 00*11 01
k_in6_addr|1:0:2::3|00 01 00 00 00 02 00*9 03
k_in6_addr|::ffff:10.0.0.1|00*10 ff ff 0a 00 00 01
k_mac|aa:bb:cc:dd:ee:ff|aa bb cc dd ee ff
k_char16|eth0|65 74 68 30 00*12
k_char16|sixteen-letters!|73 69 78 74 65 65 6e 2d 6c 65 74 74 65 72 73 21
k_char16|%00|00*16
k_char16|a%2Fb%25c%2Cd|61 2f 62 25 63 2c 64 00*9
k_char16|%2Ehidden|2e 68 69 64 64 65 6e 00*9
k_char16|%2E.|2e 2e 00*14
k_char16|a.b c|61 2e 62 20 63 00*11
k_char16|café|63 61 66 c3 a9 00*11
k_char16|a%FF%0Ab|61 ff 0a 62 00*12
k_char16|a%00b|61 00 62 00*13
k_bytes20|00112233445566778899aabbccddeeff00000001|00 11 22 33 44 55 66 77 88 99 aa bb cc dd ee ff 00*3 01
k_u16x3|1,2,65535|01 00 02 00 ff ff
k_float|1.5|00 00 c0 3f
k_float|-0|00*3 80
k_float|0x0000807f|00 00 80 7f
k_double|0.1|9a 99*5 b9 3f
k_double|0x010000000000f87f|01 00*5 f8 7f
k_tuple|10.0.0.1,10.0.0.2,443,80,6|0a 00 00 01 0a 00 00 02 01 bb 00 50 06
k_mark|5,-3,1|ed 01
k_mark|0xed02|ed 02
k_padded|1,2|01 00*3 02 00*3
k_padded|0x01aa000002000000|01 aa 00 00 02 00*3
k_nested|10.0.0.1,1,65535,-3,1,4|0a 00 00 01 01 00 ff ff fd 01 04 00
k_nested|0x0a0000010100fffffd020400|0a 00 00 01 01 00 ff ff fd 02 04 00
k_either|0x010000000a000001|01 00*3 0a 00 00 01
k_task|bash,42,-3|62 61 73 68 00*4 2a 00*3 fd ff*3
k_task|a%2Cb,4294967295,0|61 2c 62 00*5 ff*4 00*4
k_task|%00,0,0|00*16
k_task|%2E,0,0|2e 00*15
lpm_v4|10.0.0.0_8|08 00*3 0a 00*3
lpm_v4|0.0.0.0_0|00*8
lpm_v4|10.1.2.3_32|20 00*3 0a 01 02 03
lpm_v6|2001:db8::_32|20 00*3 20 01 0d b8 00*12
lpm_v6|::1_128|80 00*18 01
lpm_bytes|0a0b800000000000_17|11 00*3 0a 0b 80 00*5
TABLE
}

@test "other spellings of a key are the same file" {
    start_types
    # map | its name | another
    while IFS='|' read -r map name other; do
        echo 1 >"$MNT/$map/$other"
        equal "$name" "$(entries "$MNT/$map")" "$map/$other"
        equal "$(stat -c %i "$MNT/$map/$name")" "$(stat -c %i "$MNT/$map/$other")" "$map/$other"
        echo 2 >"$MNT/$map/$name"
        equal 2 "$(<"$MNT/$map/$other")" "$map/$other"
        rm "$MNT/$map/$other"
        equal '' "$(entries "$MNT/$map")" "$map"
    done <<'TABLE'
k_u32|42|0x2a
k_u32|42|0x2A
k_u64|18446744073709551615|0xffffffffffffffff
k_bool|1|true
k_bool|0|false
k_enum|BLUE|1000
k_enum|BLUE|0x3e8
k_verdict|DROP|4294967295
k_be16|443|0x1bb
k_in6_addr|2001:db8::1|2001:0DB8:0:0:0::1
k_in6_addr|::ffff:10.0.0.1|::ffff:a00:1
k_mac|aa:bb:cc:dd:ee:ff|AA-BB-CC-DD-EE-FF
k_mac|aa:bb:cc:dd:ee:ff|AA:bb:CC:dd:EE:ff
k_char16|eth0|%65th0
k_char16|a%2Cb|a%2cb
k_bytes20|00112233445566778899aabbccddeeff00000001|00112233445566778899AABBCCDDEEFF00000001
k_float|1.5|1.50
k_float|1.5|15e-1
k_tuple|10.0.0.1,10.0.0.2,443,80,6|0x0a0000010a00000201bb005006
k_tuple|10.0.0.1,10.0.0.2,443,80,6|10.0.0.1,10.0.0.2,0x1bb,80,0x6
k_padded|1,2|0x0100000002000000
k_task|bash,42,-3|bash,0x2a,-3
lpm_v4|10.0.0.0_8|10.1.2.3_8
lpm_v4|10.0.0.0_8|0a000000_8
lpm_v6|2001:db8::_32|2001:0DB8:0::_32
TABLE
}

@test "names that are no keys: nothing to look-ups, EINVAL with a reason to who creates" {
    start_types
    while IFS='|' read -r map name; do
        not test -e "$MNT/$map/$name"
        refused ENOENT cat "$MNT/$map/$name"
        equal '' "$(cat "$MNT/.error_log")" "$map/$name, looked up"
        refused EINVAL store "$MNT/$map/$name" 1
        grep -qF "$map/$name: EINVAL: " "$MNT/.error_log"
        echo >"$MNT/.error_log"
        equal '' "$(entries "$MNT/$map")" "$map/$name"
    done <<'TABLE'
k_u8|256
k_u8|-1
k_u8|1x
k_u8|x
k_u8|0x100
k_u8| 1
k_u64|18446744073709551616
k_s8|128
k_s8|-129
k_s64|9223372036854775808
k_bool|2
k_bool|yes
k_bool|0x0002
k_enum|PURPLE
k_enum|green
k_enum|GREE
k_enum|4294967296
k_be16|65536
k_be32|10.0.0
k_be32|10.0.0.256
k_be32|010.0.0.1
k_in6_addr|2001:db8
k_in6_addr|1::2::3
k_in6_addr|12345::
k_mac|aa:bb:cc:dd:ee
k_mac|aa:bb:cc:dd:ee:gg
k_mac|aa:bb-cc:dd:ee:ff
k_char16|seventeen-letters
k_char16|50%
k_char16|50%zz
k_char16|a,b
k_bytes20|0011
k_bytes20|00112233445566778899aabbccddeeff0000000102
k_bytes20|0g112233445566778899aabbccddeeff00000001
k_u16x3|1,2
k_u16x3|1,2,3,4
k_float|nan
k_float|inf
k_float|1e99
k_float|1.
k_tuple|10.0.0.1,10.0.0.2,443,80
k_tuple|10.0.0.1,10.0.0.2,443,80,6,
k_tuple|10.0.0.1,10.0.0.2,443,80,256
k_tuple|10.0.0.1,,443,80,6
k_tuple|0x0a0000010a00000201bb0050
k_mark|8,0,0
k_mark|0,16,0
k_mark|0,-17,0
k_padded|1
k_padded|0x01
k_either|1
k_task|nine-byte,0,0
k_task|bash,0
lpm_v4|10.0.0.0
lpm_v4|10.0.0.0_
lpm_v4|10.0.0.0_33
lpm_v4|10.0.0_8
lpm_v6|10.0.0.0_8
lpm_v6|::_129
lpm_bytes|0a0b_16
TABLE
}

@test "names of up to 255 bytes are one file, longer ones lie in directories" {
    start_types
    for length in 1 200 241 255 256 300; do
        text=$(printf "%${length}s" '' | tr ' ' x)
        path=$MNT/k_char300/$text
        if ((length > 255)); then
            mkdir "$MNT/k_char300/${text:0:240}"
            path=$MNT/k_char300/${text:0:240}/${text:240}
        fi
        echo "$length" >"$path"
        equal "$(le 4 "$length")" "$(bytes_of k_char300 "$(bytes "78*$length 00*$((300 - length))")") "
        equal "$path" "$(find "$MNT/k_char300" -type f ! -name .map)"
        equal "$length" "$(<"$path")"
        mkdir "$TMP/copy"
        cp -a "$MNT/k_char300/." "$TMP/copy"
        clear k_char300
        cp -r "$TMP/copy/." "$MNT/k_char300"
        equal "$length" "$(<"$path")"
        clear k_char300
        rm -r "$TMP/copy"
    done
}

@test "enumerators, addresses and tuples sort and complete as the names that they are" {
    start_types
    for name in GREEN BLUE 17 RED; do echo 1 >"$MNT/k_enum/$name"; done
    equal '17 BLUE GREEN RED' "$(names "$MNT/k_enum")"
    for name in 10.0.0.1 10.0.0.2 10.9.0.1; do echo 1 >"$MNT/k_be32/$name"; done
    (cd "$MNT/k_be32" && equal '10.0.0.1 10.0.0.2' "$(echo 10.0.*)")
    rm "$MNT"/k_be32/10.0.*
    equal 10.9.0.1 "$(names "$MNT/k_be32")"
}
