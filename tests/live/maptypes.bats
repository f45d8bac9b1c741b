#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The table of map types against the kernel: each row, each member (maptypes.c).
# alone

load lib

compared() { TMPDIR=$TMP timeout 120 "$BUILD/tests/maptypes" "$@" 3>&-; }

@test "maptype: every type that the kernel has is a row, and every member is as the kernel has it" {
    compared >"$TMP/rows" || {
        cat "$TMP/rows"
        false
    }
    sed 's/^/# /' "$TMP/rows" >&3
    (($(grep -c ' ok: ' "$TMP/rows") > 30))
}

@test "maptype: a wrong row is noticed, whichever member is wrong" {
    compared flips >"$TMP/flips" || {
        cat "$TMP/flips"
        false
    }
    tail -n 1 "$TMP/flips" | sed 's/^/# /' >&3
}

# What bpftool probes is another list of the types that this kernel makes.
@test "maptype: bpftool finds no type that the table has not" {
    bpftool feature probe kernel 2>/dev/null |
        sed -n 's/^eBPF map_type \([a-z_]*\) is available$/\1/p' >"$TMP/types"
    (($(wc -l <"$TMP/types") > 20))
    compared >"$TMP/rows" || true
    while read -r type; do grep -qE "^ *[0-9]+ $type +ok: " "$TMP/rows" || echo "$type"; done \
        <"$TMP/types" >"$TMP/missing"
    equal '' "$(<"$TMP/missing")" 'not in the table, or wrong'
}
