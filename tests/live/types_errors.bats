#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Texts that no typed value has: refused by write(2), with the place; nothing is stored.

load types

# caret_at PLACE TEXT: in the log, the caret stands under that character of that text.
caret_at() {
    awk -v text="$2" -v at="$1" '
        { start = index($0, text) }
        start { want = start + at; next }
        want && /^ *\^$/ { found = index($0, "^") == want; exit }
        END { exit !found }' "$MNT/.error_log"
}

@test "refused, with the caret under the place, and the old value kept" {
    start_types
    wrong=
    # map | bytes before | text | the place, from 0
    while IFS='|' read -r map before text at; do
        before=$(bytes "$before")
        set_bytes "$map" "$UNDER" "$before"
        echo >"$MNT/.error_log"
        refused EINVAL store "$MNT/$map/7" "$text"
        caret_at "$at" "$text" || {
            cat "$MNT/.error_log"
            echo "$map: the caret of $text is not at $at"
            wrong=1
        }
        equal "$before" "$(bytes_of "$map" "$UNDER")" "$map: $text"
        refused EINVAL store "$MNT/$map/8" "$text"
        not test -e "$MNT/$map/8"
    done <<'TABLE'
v_u8|05|256|0
v_u8|05|-1|0
v_u8|05|0x100|0
v_u8|05|1x|1
v_u8|05|1 2|2
v_u8|05|"1"|0
v_s8|05|128|0
v_s8|05|-129|0
v_u64|05 00*7|18446744073709551616|0
v_s64|05 00*7|-9223372036854775809|0
v_u128|05 00*15|340282366920938463463374607431768211456|0
v_bool|01|2|0
v_bool|01|truth|0
v_enum|05 00*3|PURPLE|0
v_enum|05 00*3|-1|0
v_enum|05 00*3|"GREEN"|0
v_float|00*4|1e39|0
v_float|00*4|nan|0
v_float|00*4|.5|0
v_be32|05*4|10.0.0.256|7
v_in6_addr|05*16|1::2::3|5
v_mac|05*6|aa:bb:cc:dd:ee:gg|15
v_char32|61 00*31|012345678901234567890123456789012|32
v_char32|61 00*31|a\q|2
v_u8x5|05*5|"0x01020304"|11
v_u8x5|05*5|"0x010203040506"|13
v_u8x5|05*5|"0x01020304zz"|11
v_u32x4|05*16|[1,2,3]|6
v_u32x4|05*16|[1,2,3,4,5]|8
v_u32x4|05*16|[1,2,3,4294967296]|7
v_u32x4|05*16|[1,2,,3]|5
v_u32x4|05*16|{"a":1}|0
v_u32x2x3|05*24|[[1,2,3],[4,5]]|13
v_flow|05*16|{"packets":1,"nosuch":2}|13
v_flow|05*16|{"packets":1,"packets":1}|13
v_flow|05*16|{"packets":18446744073709551616}|11
v_flow|05*16|{"packets":-1}|11
v_flow|05*16|{"packets":"1"}|11
v_flow|05*16|{"packets":null}|11
v_flow|05*16|{"packets":[1]}|11
v_flow|05*16|{"packets":1.5}|12
v_flow|05*16|{"packets":1} x|14
v_flow|05*16|{"packets":1}}|13
v_flow|05*16|{"packets":1,}|13
v_flow|05*16|{"packets":1 "bytes":2}|13
v_flow|05*16|{"packets":1,"bytes"=2}|20
v_flow|05*16|{packets:1}|1
v_flow|05*16|{"packets":1|12
v_flow|05*16|{"packets"|10
v_flow|05*16|[1,2]|0
v_flow|05*16|5|0
v_flow|05*16|null|0
v_padded|01 00*7|{"kind":256}|8
v_padded|01 00*7|"0x0100000002"|0
v_padded|01 00*7|"0x010000000200000000"|0
v_host|05*60|{"addr":"10.0.0"}|15
v_host|05*60|{"addr":"10.0.0.256"}|16
v_host|05*60|{"hw":"02:00:00:00:00"}|21
v_host|05*60|{"name":"0123456789abc"}|21
v_host|05*60|{"name":"\ud800"}|9
v_host|05*60|{"name":5}|8
v_host|05*60|{"digest":"0xdeadbeef00"}|21
v_host|05*60|{"digest":"0xdead"}|17
v_bits|00*24|{"three":8}|9
v_bits|00*24|{"five":16}|8
v_bits|00*24|{"five":-17}|8
v_bits|00*24|{"on":2}|6
v_bits|00*24|{"forty":1099511627776}|9
v_bits|00*24|{"signed33":4294967296}|12
v_bits|00*24|{"color":1024}|9
v_bits|00*24|{"color":"PURPLE"}|10
v_tree|00*48|{"mix":{"weight":1e999}}|17
v_tree|00*48|{"mix":{"weight":NaN}}|17
v_tree|00*48|{"mix":{"nosuch":1}}|8
v_tree|00*48|{"leaves":[{}]}|13
v_tree|00*48|{"leaves":[{},{},{}]}|16
v_choice|00*8|{"word":{"byte":1,"number":2}}|18
v_choice|00*8|{"word":5}|8
v_anon|00*16|{"whole":1,"low":2}|11
v_locked|00*16|{"lock":1}|1
v_timed|00*32|{"timer":{}}|1
v_holder|00*16|{"task":"0x0"}|1
v_tail|00*8|{"items":[1]}|10
TABLE
    [[ -z $wrong ]]
}

@test "bytes that are no text: invalid UTF-8, controls, NULs" {
    start_types
    echo '{"name":"old"}' >"$MNT/v_host/7"
    before=$(bytes_of v_host "$UNDER")
    for inside in '\xff' '\xc3' '\xed\xa0\x80' '\xf4\x90\x80\x80' '\xc0\xaf' '\x01' '\x00' '\t'; do
        refused EINVAL bash -c 'printf "{\"name\":\"$2\"}\n" >"$1"' bash "$MNT/v_host/7" "$inside"
        equal "$before" "$(bytes_of v_host "$UNDER")" "$inside"
    done
    py <<'CODE'
for text in (b'{"name":"new"}\n\0', b'{"name":"a\nb"}\n', b'{"name":"new"}\0\n', b'\0{}', b'\xef\xbb\xbf{}\n'):
    fd = os.open(path("v_host/7"), TRUNC)
    refused(errno.EINVAL, os.write, fd, text)
    os.close(fd)
CODE
    equal "$before" "$(bytes_of v_host "$UNDER")"
}

@test "10,000 digits, 10,000 brackets, 10,000 members" {
    start_types
    many() { printf "%10000s" '' | sed "s/ /$1/g"; }
    echo '{"packets":1,"bytes":2}' >"$MNT/v_flow/7"
    echo 0.5 >"$MNT/v_double/7"
    for text in "{\"packets\":$(many 9)}" "$(many '[')" "{\"packets\":$(many '{')" "{$(many '"packets":1,')}" \
        "{\"$(many x)\":1}" "{\"packets\":1$(many ' ')x}" "\"0x$(many 0)\""; do
        refused EINVAL store "$MNT/v_flow/7" "$text"
        equal '{"packets":1,"bytes":2}' "$(<"$MNT/v_flow/7")"
    done
    for text in "$(many 9)" "1e$(many 9)" "0.$(many 1)x"; do
        refused EINVAL store "$MNT/v_double/7" "$text"
        equal 0.5 "$(<"$MNT/v_double/7")"
    done
    (($(wc -c <"$MNT/.error_log") < 10000)) # and of each only what stands around the place
}

@test "a text may come in pieces; what is no beginning is refused at once" {
    start_types
    py <<'CODE'
text = b'{"packets":12,"bytes":34}\n'
fd = os.open(path("v_flow/7"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
for i in range(len(text)):
    assert os.write(fd, text[i:i + 1]) == 1
os.close(fd)
assert open(path("v_flow/7"), "rb").read() == text
for more in b"x", b"}}", b",packets":
    fd = os.open(path("v_flow/7"), TRUNC)
    os.write(fd, b'{"packets":5')
    refused(errno.EINVAL, os.write, fd, more)
    refused(errno.EINVAL, os.close, fd)  # what came before is half a text still
    assert open(path("v_flow/7"), "rb").read() == text
CODE
}
