#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Programs by the paths of their pins: only what is on a bpffs is opened, and only for root.

load lib

# given [OPTION...]: a prog_array, and a program that it takes.
given() {
    start_daemon "$@"
    mkdir "$MNT/tails,type=prog_array,max_entries=4"
    PIN=$ELSEWHERE/block
    bpftool prog load "$BUILD/tests/lifetime_block.bpf.o" "$PIN" type xdp
    ID=$(bpftool -j prog show pinned "$PIN" | grep -o '"id":[0-9]*' | cut -d: -f2)
}

# explained ERRNO SENTENCE TEXT: why slot 1 does not take it.
explained() {
    echo >"$MNT/.error_log"
    refused "$1" store "$MNT/tails/1" "$3"
    grep -F -- "$2" "$MNT/.error_log" || { cat "$MNT/.error_log" && false; }
}

@test "the pin of a program is its id" {
    given
    mkdir "$ELSEWHERE/a b"
    bpftool prog pin id "$ID" "$ELSEWHERE/a b/c"
    slot=0
    for text in "$ID" "$PIN" "$ELSEWHERE/a b/c"; do
        echo "$text" >"$MNT/tails/$slot"
        equal "$ID" "$(<"$MNT/tails/$slot")"
        slot=$((slot + 1))
    done
    printf %s "$PIN" >"$MNT/tails/3"
    equal "$ID" "$(<"$MNT/tails/3")"
}

@test "what is no pin of a program is refused, with a sentence" {
    given
    mkdir "$ELSEWHERE/dir" "$TMP/bpffs"
    touch "$TMP/file"
    mkfifo "$TMP/fifo"
    ln -s "$PIN" "$TMP/link"
    ln -s "$PIN" "$ELSEWHERE/link"
    ln -s "$ELSEWHERE" "$TMP/to-dir"
    elsewhere map a_map
    bpftool iter pin "$BUILD/lib/mapiter.bpf.o" "$ELSEWHERE/iter"
    mount -t bpf bpf "$TMP/bpffs"
    for path in "$ELSEWHERE/none" "$PIN/none" "$ELSEWHERE/dir" "$ELSEWHERE/map" "$ELSEWHERE/iter" \
        "$TMP/bpffs" "$TMP/file" "$TMP/fifo" "$TMP" /dev/zero /proc/version /; do
        explained EINVAL 'no program is pinned there' "$path"
    done
    for path in "$TMP/link" "$ELSEWHERE/link" "$TMP/to-dir/block" "/proc/self/root$PIN"; do
        explained EINVAL 'through a symbolic link' "$path"
    done
    for path in "/.$PIN" "$PIN/" "/$PIN" "$ELSEWHERE/dir/../block"; do
        explained EINVAL "empty, '.' or '..'" "$path"
    done
    equal '' "$(names "$MNT/tails")"
    umount "$TMP/bpffs"
}

# The kernel would ask the mount for what is there, by the very thread that is to answer.
@test "no path leads into the mount itself, however many ask" {
    for options in '' -s; do
        given ${options:+"$options"}
        echo "$PIN" >"$MNT/tails/0"
        often store "$MNT/tails/0" "$MNT/anything"
        often store "$MNT/tails/0" "$MNT/tails"
        equal 80 "$(grep -c "${STRERROR[EINVAL]}" "$TMP/often")"
        explained EINVAL 'another process or machine answers for' "$MNT/tails/.map"
        equal 0 "$(names "$MNT/tails")"
        equal "$ID" "$(<"$MNT/tails/0")"
        stop_daemon
        rm "$TMP/often"
        find "$PINS" "$ELSEWHERE" -mindepth 1 -depth -delete
    done
}

@test "others than root name no programs" {
    given -o allow_other
    chmod 777 "$MNT/tails"
    echo "$ID" >"$MNT/tails/0"
    equal "$ID" "$(as_nobody cat tails/0)"
    for text in "$ID" 4294967295 "$PIN" "$ELSEWHERE/none" "$TMP" /; do
        echo >"$MNT/.error_log"
        refused EPERM as_nobody bash -c "echo $text >tails/1"
        refused EPERM as_nobody bash -c "echo $text >tails/0"
        refused EPERM as_nobody bash -c "printf %s $text >tails/1"
        equal 3 "$(grep -c 'only root may name programs here' "$MNT/.error_log")"
    done
    equal 0 "$(names "$MNT/tails")"
    equal "$ID" "$(<"$MNT/tails/0")"
    as_nobody rm -f tails/0
    equal '' "$(names "$MNT/tails")"
}
