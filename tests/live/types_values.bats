#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Typed values as text (contract, section 5): maps of types.bpf.c, each text beside its bytes.

load types

@test "each type of value: the text and the bytes" {
    start_types
    # map | what is written | what is read: the same if empty | bytes
    while IFS='|' read -r map written text value; do
        value=$(bytes "$value")
        text=${text:-$written}
        store "$MNT/$map/7" "$written"
        equal "$value" "$(bytes_of "$map" "$UNDER")" "$map: $written"
        cmp "$MNT/$map/7" - <<<"$text"
        rm "$MNT/$map/7"
        set_bytes "$map" "$UNDER" "$value"
        equal $((${#text} + 1)) "$(stat -c %s "$MNT/$map/7")" "$map: size of $text"
        cmp "$MNT/$map/7" - <<<"$text"
        rm "$MNT/$map/7"
        store "$MNT/$map/7" "$text"
        equal "$value" "$(bytes_of "$map" "$UNDER")" "$map: $text"
        rm "$MNT/$map/7"
    done <<'TABLE'
v_u8|255||ff
v_u8|0x1F|31|1f
v_u16|513||01 02
v_u32|4294967295||ff*4
v_u64|9007199254740993||01 00*5 20 00
v_u64|18446744073709551615||ff*8
v_s8|-128||80
v_s16|-2||fe ff
v_s32|-2147483648||00*3 80
v_s64|-9223372036854775808||00*7 80
v_u128|340282366920938463463374607431768211455||ff*16
v_s128|-170141183460469231731687303715884105728||00*15 80
v_s128|-1||ff*16
v_bool|1||01
v_bool|true|1|01
v_bool|false|0|00
v_bool|"0x02"||02
v_enum|BLUE||e8 03 00 00
v_enum|1000|BLUE|e8 03 00 00
v_enum|6||06 00*3
v_verdict|DROP||ff*4
v_wide|WIDE_ONE||01 00*7
v_wide|1099511627777||01 00*4 01 00*2
v_be16|443||01 bb
v_be64|258||00*6 01 02
v_be32|10.0.0.1||0a 00 00 01
v_in_addr|192.168.1.255||c0 a8 01 ff
v_in6_addr|2001:0DB8:0::1|2001:db8::1|20 01 0d b8 00*11 01
v_mac|AA:BB:CC:DD:EE:FF|aa:bb:cc:dd:ee:ff|aa bb cc dd ee ff
v_float|0.1||cd cc cc 3d
v_float|-1.50|-1.5|00 00 c0 bf
v_float|1e-45||01 00*3
v_float|"0x0000c07f"||00 00 c0 7f
v_double|0.1||9a 99*5 b9 3f
v_double|-0||00*7 80
v_double|5e-324||01 00*7
v_double|"0x000000000000f0ff"||00*6 f0 ff
v_ptr|0xffff888000000001||01 00*3 80 88 ff ff
v_alias|513||01 02
v_char32|hello, world||68 65 6c 6c 6f 2c 20 77 6f 72 6c 64 00*20
v_char32|  two ||20 20 74 77 6f 20 00*26
v_char32|"x"||22 78 22 00*29
v_char32|{"a":1}||7b 22 61 22 3a 31 7d 00*25
v_char32|a\\b\nc\x01||61 5c 62 0a 63 01 00*26
v_char32|a\x00b||61 00 62 00*29
v_char32|\xff||ff 00*31
v_u8x5|"0x0102030405"||01 02 03 04 05
v_u8x5|01 02 03 04 05|"0x0102030405"|01 02 03 04 05
v_u32x4|[1,2,3,4294967295]||01 00*3 02 00*3 03 00*3 ff*4
v_u32x4| [ 1 , 2,3, 0x4 ] |[1,2,3,4]|01 00*3 02 00*3 03 00*3 04 00*3
v_u32x2x3|[[1,2,3],[4,5,6]]||01 00*3 02 00*3 03 00*3 04 00*3 05 00*3 06 00*3
v_char8x2|["ab","c\"d"]||61 62 00*6 63 22 64 00*5
v_flow|{"packets":1,"bytes":18446744073709551615}||01 00*7 ff*8
v_flow|{ "bytes" : 0x2,"packets":1 }|{"packets":1,"bytes":2}|01 00*7 02 00*7
v_flow|{}|{"packets":0,"bytes":0}|00*16
v_padded|{"kind":1,"number":2}||01 00*3 02 00*3
v_padded|"0x01aabbcc02000000"||01 aa bb cc 02 00*3
v_choice|{"tag":1,"word":{"half":[1,2]}}|{"tag":1,"word":{"number":131073}}|01 00*3 01 00 02 00
v_choice|{"tag":1,"word":{"number":4294967295}}||01 00*3 ff*4
v_word|{"byte":255}|{"number":255}|ff 00*3
v_anon|{"id":1,"left":2,"right":3,"whole":4}||01 00*3 02 00 03 00 04 00*7
v_anon|{"id":1,"low":2,"high":3}|{"id":1,"left":0,"right":0,"whole":12884901890}|01 00*7 02 00*3 03 00*3
v_tail|{"len":1,"flags":2,"items":[]}||01 00*3 02 00 00 00
v_tail|"0x0100000002000300"||01 00*3 02 00 03 00
v_bits|{"three":5,"crossing":131071,"five":-3,"on":true,"off":false,"forty":1099511627775,"signed33":-4294967296,"color":"BLUE"}||fd ff df 01 01 00*3 ff*5 00*7 d1 07 00 00
v_bits|{"three":0,"crossing":0,"five":0,"on":false,"off":true,"forty":0,"signed33":-1,"color":6}||00*4 02 00*11 ff*4 0d 00*3
v_bits|"0x000000000400000000000000000000000000000000000000"||00*4 04 00*19
v_host|{"addr":"10.0.0.1","addr6":"2001:db8::1","daddr":"::2","hw":"02:00:00:00:00:01","port":443,"digest":"0xdeadbeef","name":"caf\u00e9 \"x\""}|{"addr":"10.0.0.1","addr6":"2001:db8::1","daddr":"::2","hw":"02:00:00:00:00:01","port":443,"digest":"0xdeadbeef","name":"café \"x\""}|0a 00 00 01 20 01 0d b8 00*11 01 00*15 02 02 00*4 01 01 bb de ad be ef 63 61 66 c3 a9 20 22 78 22 00*3
v_tree|{"kind":1,"leaves":[{"kind":2,"number":3},{"kind":4,"number":5}],"mix":{"weight":0.5,"share":-1.5,"color":"GREEN"},"next":"0xffff000000000001"}||01 00*3 02 00*3 03 00*3 04 00*3 05 00*3 00*4 00*6 e0 3f 00 00 c0 bf 05 00*3 01 00*5 ff ff
v_locked|{"hits":1,"bytes":2}||00*4 01 00*3 02 00*7
v_timed|{"before":1,"after":2}||01 00*7 00*16 02 00*7
v_holder|{"uses":3}||00*8 03 00*7
a_locked|{"hits":1,"bytes":2}||00*4 01 00*3 02 00*7
TABLE
}

@test "per CPU: one value each, or one for all" {
    start_types
    # map | for each CPU | what is read of each: the same if empty | bytes of each
    while IFS='|' read -r map written text value; do
        want=$(yes "$(bytes "$value")" | head -n "$(cpus)" | paste -sd' ')
        for all in "$written" "$(each_cpu "$written")"; do
            store "$MNT/$map/7" "$all"
            equal "$want" "$(bytes_of "$map" "$UNDER" | paste -sd' ')" "$map: $all"
            equal "$(each_cpu "${text:-$written}")" "$(<"$MNT/$map/7")" "$map"
            rm "$MNT/$map/7"
        done
        refused EINVAL store "$MNT/$map/7" '[]'
        all=$(each_cpu "$written")
        refused EINVAL store "$MNT/$map/7" "${all%]},$written]"
        not test -e "$MNT/$map/7"
    done <<'TABLE'
p_u64|18446744073709551615||ff*8
p_u8|0x2a|42|2a
p_flow|{"bytes":2,"packets":1}|{"packets":1,"bytes":2}|01 00*7 02 00*7
p_padded|"0x01aa000002000000"||01 aa 00 00 02 00*3
p_u32x2|[1,2]||01 00*3 02 00*3
TABLE
}

@test "per CPU: each keeps the members that are not named" {
    start_types
    py <<'CODE'
open(path("p_u64/7"), "w").close()
cpus = len(text("p_u64/7").split(","))
def array(items):
    return "[" + ",".join(items) + "]\n"
with open(path("p_flow/7"), "w") as f:
    f.write(array('{"packets":%d,"bytes":%d}' % (i, i + 100) for i in range(cpus)))
with open(path("p_flow/7"), "w") as f:
    f.write('{"packets":9}\n')
assert text("p_flow/7") == array('{"packets":9,"bytes":%d}' % (i + 100) for i in range(cpus))
with open(path("p_flow/7"), "w") as f:
    f.write(array('{"bytes":%d}' % i for i in range(cpus)))
assert text("p_flow/7") == array('{"packets":9,"bytes":%d}' % i for i in range(cpus))
CODE
}

@test "per CPU: text and arrays, which may begin like the array of all" {
    start_types
    each_cpu '"a[b"' >"$MNT/p_char8/7"
    equal "$(yes '61 5b 62 00 00 00 00 00' | head -n "$(cpus)" | paste -sd' ')" \
        "$(bytes_of p_char8 "$UNDER" | paste -sd' ')"
    equal "$(each_cpu '"a[b"')" "$(<"$MNT/p_char8/7")"
    echo eth0 >"$MNT/p_char8/7"
    equal "$(each_cpu '"eth0"')" "$(<"$MNT/p_char8/7")"
}

@test "members that are not named keep their bytes" {
    start_types
    # map | bytes before | text | bytes after
    while IFS='|' read -r map before text after; do
        set_bytes "$map" "$UNDER" "$(bytes "$before")"
        store "$MNT/$map/7" "$text"
        equal "$(bytes "$after")" "$(bytes_of "$map" "$UNDER")" "$map: $text"
    done <<'TABLE'
v_flow|01 00*7 02 00*7|{"packets":0}|00*8 02 00*7
v_flow|01 00*7 02 00*7|{"bytes":3}|01 00*7 03 00*7
v_flow|01 00*7 02 00*7|{}|01 00*7 02 00*7
v_padded|01 aa bb cc 02 00*3|{"number":3}|01 00*3 03 00*3
v_tree|01 00*3 02 00*3 03 00*3 04 00*3 05 00*3 00*4 00*6 e0 3f 00 00 c0 bf 05 00*3 01 00*7|{"mix":{"share":2}}|01 00*3 02 00*3 03 00*3 04 00*3 05 00*3 00*4 00*6 e0 3f 00*3 40 05 00*3 01 00*7
v_tree|01 00*3 02 00*3 03 00*3 04 00*3 05 00*3 00*28|{"leaves":[{"number":6},{"kind":7}]}|01 00*3 02 00*3 06 00*3 07 00*3 05 00*3 00*28
v_choice|01 00*3 04 03 02 01|{"tag":2}|02 00*3 04 03 02 01
v_choice|01 00*3 04 03 02 01|{"word":{"byte":255}}|01 00*3 ff 03 02 01
v_anon|01 00*3 02 00 03 00 04 00*7|{"high":5}|01 00*3 02 00 03 00 04 00*3 05 00*3
v_bits|fd ff df 01 01 00*3 ff*5 00*7 d1 07 00 00|{"five":0,"on":false}|fd ff 0f 00 00*4 ff*5 00*7 d1 07 00 00
v_bits|00*24|{"crossing":131071}|f8 ff 0f 00*21
v_locked|00*4 01 00*3 02 00*7|{"hits":9}|00*4 09 00*3 02 00*7
v_timed|01 00*7 00*16 02 00*7|{"after":9}|01 00*7 00*16 09 00*7
v_tail|01 00*3 02 00 00 00|{"flags":9}|01 00*3 09 00 00 00
TABLE
}

@test "a new key begins with zeroes, and touch stores them" {
    start_types
    echo '{"bytes":5}' >"$MNT/v_flow/7"
    equal "$(bytes '00*8 05 00*7')" "$(bytes_of v_flow "$UNDER")"
    touch "$MNT/v_tree/7"
    equal "$(bytes '00*48')" "$(bytes_of v_tree "$UNDER")"
    : >"$MNT/v_flow/7"
    equal '{"packets":0,"bytes":0}' "$(<"$MNT/v_flow/7")"
}

@test "a list head, which the kernel never shows twice the same" {
    start_types
    equal '{"length":0}' "$(<"$MNT/a_queue/7")"
    seen=$(stat -c %Y "$MNT/a_queue/7")
    sleep 2.1 # the least in which a time could move that attributes may hide for one second
    equal "$seen" "$(stat -c %Y "$MNT/a_queue/7")" "mtime of what has not changed"
    echo '{"length":4}' >"$MNT/a_queue/7"
    equal '{"length":4}' "$(<"$MNT/a_queue/7")"
    [[ $(bytes_of a_queue "$UNDER") == *' 04 00 00 00 00 00 00 00' ]]
}

@test "64 KiB: as text, byte for byte, whole and in part" {
    start_types
    py <<'CODE'
import json
raw = bytes(i * 7 % 256 for i in range(32768))
words = "".join(chr(32 + i * 11 % 95) for i in range(16380))
numbers = [(i * 2654435761 % 2**32) - 2**31 for i in range(2048)]
flows = [(i, 2**64 - 1 - i) for i in range(511)]

def pack(first, last):
    data = struct.pack("<Q", first) + raw + words.encode().ljust(16384, b"\0")
    data += struct.pack("<2048i", *numbers) + b"".join(struct.pack("<QQ", *flow) for flow in flows)
    return data + struct.pack("<Q", last)

def stored():
    found = json.loads(bpftool("lookup", "pinned", f"{PINS}/v_big", "key", "7", "0", "0", "0"))
    return bytes(int(octet, 16) for octet in found["value"])

def write(content):
    with open(path("v_big/7"), "w") as f:
        f.write(content)

whole = {"first": 1, "raw": "0x" + raw.hex(), "text": words, "numbers": numbers,
         "flows": [dict(zip(("packets", "bytes"), flow)) for flow in flows], "last": 2**64 - 1}
line = json.dumps(whole, separators=(",", ":")) + "\n"
write(line)
assert stored() == pack(1, 2**64 - 1)
assert text("v_big/7") == line
assert os.stat(path("v_big/7")).st_size == len(line)
write('{"last":5}\n')
assert stored() == pack(1, 5)
write(json.dumps(whole, indent=4, sort_keys=True) + "\n")
assert stored() == pack(1, 2**64 - 1)
CODE
}

@test "every file is as long as stat says, whatever the type" {
    start_types
    for map in "$MNT"/v_* "$MNT"/p_*; do touch "$map/7"; done
    for file in "$MNT"/*/7 "$MNT"/types_*/0; do
        equal "$(stat -c %s "$file")" "$(wc -c <"$file")" "$file"
    done
}
