#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# perf_event_array: a perf event belongs to the process that stored it; only rm is possible
# (section 11).

load net

given() {
    mkdir -p "$PINS"
    make_netns
    bpftool prog loadall "$BUILD/tests/net_cgroups.bpf.o" "$ELSEWHERE/prog" pinmaps "$PINS"
    start_daemon "$@"
    start_fds
}

EMPTY=-2 # ENOENT

emit() { ask run "$ELSEWHERE/prog/emit"; }

@test "rm takes an event out; whether there is one nobody can tell" {
    given
    equal $EMPTY "$(emit)"
    ask perf A 0
    ask put A "$PINS/events" 0
    equal 0 "$(emit)"
    equal '' "$(names "$MNT/events")"
    refused EOPNOTSUPP cat "$MNT/events/0"
    grep -F 'the kernel does not tell what is there' "$MNT/.error_log"
    refused EOPNOTSUPP cat "$MNT/events/.count"
    ls -la "$MNT/events" "$MNT/events/0"
    grep -r . "$MNT/events"
    equal 0 "$(emit)" # it is still there after we have looked
    rm "$MNT/events/0"
    equal $EMPTY "$(emit)"
    for slot in 0 3; do refused ENOENT rm "$MNT/events/$slot"; done
    refused - rm "$MNT/events/4"
}

@test "writing is refused, with a sentence, and nothing changes" {
    given
    ask perf A 0
    ask put A "$PINS/events" 0
    for slot in 0 1; do
        explained EOPNOTSUPP 'perf_event_open(2) and BPF_MAP_UPDATE_ELEM' events/$slot 3
        refused EOPNOTSUPP bash -c ": >'$MNT/events/$slot'"
        refused EOPNOTSUPP mv "$MNT/events/$slot" "$MNT/events/2"
    done
    equal 0 "$(emit)"
}

@test "values=raw: the same" {
    given -o values=raw
    ask perf A 0
    ask put A "$PINS/events" 0
    head -c 4 /dev/zero >"$TMP/zeroes"
    refused EOPNOTSUPP cp "$TMP/zeroes" "$MNT/events/0"
    refused EOPNOTSUPP cat "$MNT/events/0"
    equal 0 "$(emit)"
}

@test ".info says who holds it and which programs use it" {
    given
    ask perf A 0
    ask put A "$PINS/events" 0
    grep -qx $'type:\tperf_event_array' "$MNT/events/.info"
    grep -w net_fds "$MNT/events/.info" || { cat "$MNT/events/.info" && false; }
    grep -w emit "$MNT/events/.info"
    grep -qx type=perf_event_array "$MNT/events/.map"
}
