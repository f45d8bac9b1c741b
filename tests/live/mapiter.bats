#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The kernel's maps as lib/mapiter tells them. What is compared is in mapiter_*.c.
# alone

load lib

told() { "$BUILD/tests/mapiter_dump" "$@"; }

@test "mapiter: what it tells of each type is what BPF_OBJ_GET_INFO_BY_FD tells, counts are exact" {
    "$BUILD/tests/mapiter_types"
}

@test "mapiter: who holds a map: descriptors, pins, other maps" {
    told holders
    elsewhere pin "mi_pin_$$"
    line=$(told | grep " name mi_pin_$$\$")
    [[ $line == *' type 1 key 4 value 8 max_entries 16 flags 0x0 frozen 0 usercnt 1 '*' count 0 '* ]]
}

@test "mapiter: a thousand walks leave a prog_array as it is, and do not keep it" {
    told tails
}

@test "mapiter: 2,000 maps, each once, by ascending id" {
    told many
}

@test "mapiter: four walks at a time while maps come and go" {
    told churn
}

@test "mapiter: without rights it cannot be opened, and leaves nothing" {
    told rights
}

@test "mapiter: one descriptor, no map of its own, nothing after it is closed" {
    told traces
}
