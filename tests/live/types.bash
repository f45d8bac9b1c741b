# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# What the tests of types share: the maps of types.bpf.c below $PINS, its programs below
# $ELSEWHERE/prog, and bytes written short.

load lib

TYPES=$BUILD/tests/types.bpf.o
# shellcheck disable=SC2034 # for those who load this
UNDER='07 00 00 00' # the key 7, under which values are

# libbpf complains, and goes on without types, where the kernel refuses the BTF.
start_types() {
    local said
    mkdir -p "$PINS"
    said=$(bpftool prog loadall "$TYPES" "$ELSEWHERE/prog" pinmaps "$PINS" 2>&1)
    equal '' "$said"
    start_daemon "$@"
}

# bytes '0a 00*3 01': 0a 00 00 00 01
bytes() {
    local word out='' i
    for word in $1; do
        if [[ $word == *\** ]]; then
            for ((i = 0; i < ${word#*\*}; i++)); do out+=" ${word%\**}"; done
        else
            out+=" $word"
        fi
    done
    echo "${out# }"
}

# clear MAP...: deletes every key, from outside.
clear() {
    local map
    for map; do
        find "$MNT/$map" -mindepth 1 ! -name .map -delete
        equal '[]' "$(dump "$map")"
    done
}

run_program() {
    head -c 64 /dev/zero >"$TMP/frame"
    bpftool prog run pinned "$ELSEWHERE/prog/$1" data_in "$TMP/frame" >/dev/null
}
