#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# -o values=raw: key files are the bytes of the value (section 5, last line).

load lib

given() {
    start_daemon -o values=raw
    mkdir "$MNT/m"
    put m 1 7
}

octets() { od -An -v -tx1 "$1" | paste -sd' ' | tr -s ' ' | sed 's/^ //; s/ *$//'; }

write_bytes() { printf '%b' "$2" >"$1"; }

@test "reading: exactly the bytes" {
    given
    put m 1 513
    equal '01 02 00 00 00 00 00 00' "$(octets "$MNT/m/1")"
    equal 8 "$(stat -c %s "$MNT/m/1")"
    equal 0200 "$(dd if="$MNT/m/1" bs=1 skip=1 count=2 status=none | od -An -tx1 | tr -d ' ')"
    equal 8 "$(stat -c %s "$MNT"/m/* | paste -sd' ')"
}

@test "writing: exactly the bytes, or nothing" {
    given
    write_bytes "$MNT/m/1" '\x01\x02\0\0\0\0\0\0'
    equal 513 "$(get m 1)"
    write_bytes "$MNT/m/2" '\x03\0\0\0\0\0\0\0'
    equal 3 "$(get m 2)"
    refused EINVAL store "$MNT/m/1" 12345678 # and a newline
    refused EINVAL bash -c "printf 123456789 >'$MNT/m/3'"
    refused EFBIG dd if=/dev/zero of="$MNT/m/1" bs=1M count=1 status=none
    equal 513 "$(get m 1)"
    equal '1 2' "$(names "$MNT/m")"
    : >"$MNT/m/1"
    equal 0 "$(get m 1)"
    touch "$MNT/m/3"
    equal 0 "$(get m 3)"
}

@test "too few bytes at close: cp and dd see it" {
    given
    printf 1234567 >"$TMP/short"
    refused EINVAL cp "$TMP/short" "$MNT/m/1"
    refused EINVAL dd if="$TMP/short" of="$MNT/m/1" bs=4 status=none
    equal 7 "$(get m 1)"
    refused EINVAL cp "$TMP/short" "$MNT/m/2"
    equal 1 "$(names "$MNT/m")"
}

@test "bytes that look like blanks" {
    start_daemon -o values=raw
    mkdir "$MNT/m,key=u32,value=char[8]"
    printf '\n\n  \t\r\n ' >"$TMP/blanks"
    cp "$TMP/blanks" "$MNT/m/1"
    cmp "$TMP/blanks" "$MNT/m/1"
    printf "abcd    " >"$MNT/m/2"
    equal 'abcd    ' "$(<"$MNT/m/2")"
    bash -c "{ printf 'abcd'; printf '\n\n'; printf '\n\n'; } >'$MNT/m/2'"
    equal '61 62 63 64 0a 0a 0a 0a' "$(octets "$MNT/m/2")"
    refused EINVAL bash -c "{ printf abcdefgh; printf ' '; } >'$MNT/m/2'"
    equal abcdefgh "$(<"$MNT/m/2")"
}

@test "dd in pieces, and in place" {
    given
    printf '\1\0\0\0\2\0\0\0' | dd of="$MNT/m/1" bs=4 iflag=fullblock status=none
    equal $((1 + (2 << 32))) "$(get m 1)"
    printf '\3\0\0\0' | dd of="$MNT/m/1" bs=4 conv=notrunc status=none
    equal $((3 + (2 << 32))) "$(get m 1)"
    printf '\4\0\0\0' | dd of="$MNT/m/1" bs=4 seek=1 conv=notrunc status=none
    equal $((3 + (4 << 32))) "$(get m 1)"
    printf '\5\0\0\0' | dd of="$MNT/m/1" bs=4 seek=1 status=none
    equal $((3 + (5 << 32))) "$(get m 1)"
    refused EINVAL bash -c "printf '\1' | dd of='$MNT/m/1' bs=1 seek=8 conv=notrunc status=none"
    equal $((3 + (5 << 32))) "$(get m 1)"
}

@test "cp, cmp, mv, sed -i" {
    given
    cp "$MNT/m/1" "$TMP/one"
    cp "$TMP/one" "$MNT/m/2"
    cp "$MNT/m/2" "$MNT/m/3"
    cmp "$MNT/m/1" "$MNT/m/3"
    equal 7 "$(get m 3)"
    mv "$MNT/m/3" "$MNT/m/4"
    equal 7 "$(get m 4)"
    mv "$TMP/one" "$MNT/m/5"
    equal 7 "$(get m 5)"
    sed -i 's/\x07/\x08/' "$MNT/m/4"
    equal 8 "$(get m 4)"
    refused EINVAL sed -i 's/\x08/12/' "$MNT/m/4"
    equal 8 "$(get m 4)"
}

@test "per-CPU maps: 8 bytes for each CPU" {
    start_daemon -o values=raw
    mkdir "$MNT/m,type=percpu_array,key=u32,value=u32,max_entries=2"
    size=$((8 * $(cpus)))
    equal $size "$(stat -c %s "$MNT/m/0")"
    for ((cpu = 1; cpu <= $(cpus); cpu++)); do printf '%b' "\\x$(printf %02x $cpu)\0\0\0\0\0\0\0"; done >"$TMP/all"
    cp "$TMP/all" "$MNT/m/0"
    cmp "$TMP/all" "$MNT/m/0"
    equal "$(seq "$(cpus)" | xargs printf '%02x\n')" "$(bytes_of m "$(le 4 0)" | sed 's/0x//g' | cut -c1-2)"
    printf 'x' >>"$TMP/all"
    refused EINVAL cp "$TMP/all" "$MNT/m/0"
    head -c $((size - 8)) "$TMP/all" >"$TMP/less"
    [ "$size" = 8 ] || refused EINVAL cp "$TMP/less" "$MNT/m/0"
    equal 01 "$(head -c 1 "$MNT/m/0" | od -An -tx1 | tr -d ' ')"
}

@test "a whole map there and back" {
    given
    mkdir "$MNT/large,key=char[20],value=5000,max_entries=20"
    for i in {1..20}; do head -c 5000 /dev/urandom >"$MNT/large/key $i"; done
    dump large >"$TMP/before"
    cp -a "$MNT/large" "$TMP/large"
    tar -C "$MNT" -cf "$TMP/all.tar" large
    rm "$MNT"/large/*
    cp -a "$TMP/large/." "$MNT/large"
    diff <(tr -d '[:space:]' <"$TMP/before" | sed 's/},{"key/}\n{"key/g' | tr -d '[]' | sort) \
        <(dump large | tr -d '[:space:]' | sed 's/},{"key/}\n{"key/g' | tr -d '[]' | sort)
    rm "$MNT"/large/*
    tar -C "$MNT" -xf "$TMP/all.tar"
    diff -r "$TMP/large" "$MNT/large"
}

@test "special files are text, and other words for values= are refused" {
    given
    equal 1 "$(<"$MNT/m/.count")"
    mkdir "$MNT/n,type=lru_hash"
    grep -qx type=lru_hash "$MNT/n/.map"
    equal $'key=u32\nvalue=u64' "$(<"$MNT/m/.types")"
    stop_daemon
    out=$(timeout 10 "$BPFMAPFS" -f -o "pindir=$PINS,values=cooked" "$MNT" 2>&1) && return 1
    [[ $out == *values*cooked*'text or raw'* ]]
    start_daemon -o values=text
    equal 7 "$(<"$MNT/m/1")"
}
