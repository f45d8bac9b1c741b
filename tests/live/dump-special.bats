#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# .dump of maps whose entries stand for something: programs, interfaces, sockets, cgroups, tasks,
# stack traces, a struct_ops (contract, sections 9 and 11).
# alone

load net
load dump

CONTROL=$(printf 'bpfmapfs_%06d' $(($$ % 1000000))) # as long as the name in ops.bpf.c

eval "net_$(declare -f teardown)"
teardown() {
    [[ -z ${STRUCT_OPS:-} ]] || bpftool struct_ops unregister id "$STRUCT_OPS"
    net_teardown
}

kernel() { "$BUILD/tests/storage" "$1" "$PINS/$2" "${@:3}"; } # get|set|del MAP ...

# reload MAP: its dump, loaded when the map is empty, makes it what it was.
reload() {
    check_lines "$1"
    dump "$1" >"$TMP/before"
    cp "$MNT/$1/.dump" "$TMP/lines"
    test -s "$TMP/lines"
    find "$MNT/$1" -mindepth 1 ! -name .map -delete
    cmp "$MNT/$1/.dump" /dev/null
    cat "$TMP/lines" >"$MNT/$1/.dump"
    dump "$1" | cmp "$TMP/before" -
    cmp "$MNT/$1/.dump" "$TMP/lines"
}

# untouched MAP PATTERN: what is read of it is no text to load, and why is said; nothing changes.
untouched() {
    check_lines "$1"
    cp "$MNT/$1/.dump" "$TMP/lines"
    test -s "$TMP/lines"
    not_loaded EOPNOTSUPP "$1" "$TMP/lines" "$2"
    cmp "$MNT/$1/.dump" "$TMP/lines"
}

@test "interfaces and queues with programs, and programs" {
    start_in_netns to_devprogs
    id=$(prog_id dev_entry)
    cpu=$(prog_id cpu_entry)
    echo vc >"$MNT/devs/3"
    echo vd >"$MNT/devhash/4000000000"
    echo '{"ifindex":"vc"}' >"$MNT/devprogs/0"
    echo "{\"ifindex\":\"vd\",\"prog\":$id}" >"$MNT/devprogs/2"
    echo 64 >"$MNT/cpus/0"
    echo "{\"qsize\":32,\"prog\":$cpu}" >"$MNT/cpuprogs/0"
    mkdir "$MNT/tails,type=prog_array,max_entries=4"
    echo "$id" >"$MNT/tails/3"
    equal '{"key":3,"value":"vc"}' "$(<"$MNT/devs/.dump")"
    equal '{"key":4000000000,"value":"vd"}' "$(<"$MNT/devhash/.dump")"
    equal "{\"key\":0,\"value\":{\"qsize\":32,\"prog\":$cpu}}" "$(<"$MNT/cpuprogs/.dump")"
    equal "{\"key\":3,\"value\":$id}" "$(<"$MNT/tails/.dump")"
    equal 2 "$(wc -l <"$MNT/devprogs/.dump")"
    for map in devs devhash devprogs cpus cpuprogs tails; do reload "$map"; done
    echo "{\"key\":1,\"value\":\"$ELSEWHERE/prog/dev_entry\"}" >"$MNT/tails/.dump"
    equal "$id" "$(<"$MNT/tails/1")"
    refused EINVAL store "$MNT/devs/.dump" '{"key":1,"value":"none"}'
    echo '{"key":3,"value":null}' >"$MNT/devs/.dump"
    equal '' "$(names "$MNT/devs")"
}

@test "sockets by their cookies, which nobody but their owner stores" {
    make_netns
    mkdir -p "$PINS"
    bpftool prog loadall "$BUILD/tests/net_socks.bpf.o" "$ELSEWHERE/prog" pinmaps "$PINS"
    for map in senders hash; do
        bpftool prog attach pinned "$ELSEWHERE/prog/divert" sk_msg_verdict pinned "$PINS/$map"
    done
    start_daemon
    start_fds
    ask pair A B
    ask put A "$PINS/senders" 1
    ask put B "$PINS/hash" 1
    equal "{\"key\":1,\"value\":$(ask cookie A)}" "$(<"$MNT/senders/.dump")"
    equal "{\"key\":1,\"value\":$(ask cookie B)}" "$(<"$MNT/hash/.dump")"
    for map in senders hash; do untouched "$map" 'a socket is a descriptor of the process'; done
}

@test "what cgroups carry for programs that are attached" {
    [[ -n $(unified) ]] || skip 'there is no unified hierarchy of cgroups'
    mkdir -p "$PINS"
    bpftool prog loadall "$BUILD/tests/net_cgroups.bpf.o" "$ELSEWHERE/prog" pinmaps "$PINS"
    start_daemon
    one=$(make_cgroup one)
    two=$(make_cgroup two)
    for cgroup in "$one" "$two"; do
        bpftool cgroup attach "$cgroup" egress pinned "$ELSEWHERE/prog/count" multi
    done
    key=$(stat -c %i "$one"),1
    echo '{"packets":7,"step":3}' >"$MNT/storage/$key"
    grep -qxF "{\"key\":\"$key\",\"value\":{\"packets\":7,\"step\":3}}" "$MNT/storage/.dump"
    equal 2 "$(wc -l <"$MNT/storage/.dump")"
    check_lines storage
    dump storage >"$TMP/before"
    cp "$MNT/storage/.dump" "$TMP/lines"
    echo '{"packets":1,"step":1}' >"$MNT/storage/$key"
    cat "$TMP/lines" >"$MNT/storage/.dump" # over the entries that are there
    dump storage | cmp "$TMP/before" -
    sed 's/"key":"[0-9]*/"key":"1/' "$TMP/lines" >"$TMP/others"
    not_loaded EOPNOTSUPP storage "$TMP/others" 'line 1: an element appears when a program'
    dump storage | cmp "$TMP/before" -
}

@test "what tasks and cgroups carry" {
    start_daemon
    mkdir "$MNT/tasks,type=task_storage,value=u64"
    kernel set tasks 7 task $$
    kernel set tasks 8 task 1
    equal "$(lines $$ 7 1 8)" "$(in_order "$MNT/tasks/.dump")"
    check_lines tasks
    cp "$MNT/tasks/.dump" "$TMP/lines"
    rm "$MNT/tasks"/*
    cmp "$MNT/tasks/.dump" /dev/null
    cat "$TMP/lines" >"$MNT/tasks/.dump"
    equal '7 8' "$(kernel get tasks task $$) $(kernel get tasks task 1)"
    echo '{"key":1,"value":null}' >"$MNT/tasks/.dump"
    equal ENOENT "$(kernel get tasks task 1)"
    refused ENOENT store "$MNT/tasks/.dump" '{"key":4194305,"value":1}'
    grep -q 'line 1: there is no task 4194305$' "$MNT/.error_log"
    [[ -n $(unified) ]] || skip 'there is no unified hierarchy of cgroups'
    mkdir "$MNT/cgroups,type=cgrp_storage,value=u64"
    one=$(make_cgroup one)
    kernel set cgroups 9 file "$one"
    equal "{\"key\":\"%2F${one##*/}\",\"value\":9}" "$(<"$MNT/cgroups/.dump")"
    check_lines cgroups
    cp "$MNT/cgroups/.dump" "$TMP/lines"
    rm "$MNT/cgroups"/*
    cmp "$MNT/cgroups/.dump" /dev/null
    cat "$TMP/lines" >"$MNT/cgroups/.dump"
    equal 9 "$(kernel get cgroups file "$one")"
}

@test "stack traces, which programs take" {
    mkdir -p "$PINS"
    spawn "$BUILD/tests/stacks" "$BUILD/tests/stacks.bpf.o" "$PINS"
    eventually test -e "$PINS/taken"
    start_daemon
    for map in kernel user build_ids; do
        equal "$(names "$MNT/$map" | tr ' ' '\n' | sort)" "$(grep -o '^{"key":[0-9]*' "$MNT/$map/.dump" | cut -d: -f2 | sort)"
        untouched "$map" 'a stack trace is taken by a program'
    done
}

@test "a struct_ops, which its program registers" {
    SCOPE=all start_daemon
    sed "s/bpfmapfs_noname/$CONTROL/g" "$BUILD/tests/ops.bpf.o" >"$TMP/ops.o"
    STRUCT_OPS=$(bpftool struct_ops register "$TMP/ops.o" 2>&1 | sed 's/.* id //')
    [[ $STRUCT_OPS =~ ^[0-9]+$ ]]
    eventually test -d "$MNT/bpfmapfs_ops"
    cat "$MNT/@$STRUCT_OPS/.dump" >"$TMP/lines"
    bpftool -j map lookup id "$STRUCT_OPS" key 0 0 0 0 >"$TMP/bpftool"
    py "$TMP/lines" "$TMP/bpftool" <<'CODE'
import json
line = json.loads(open(sys.argv[1]).read())
want = json.load(open(sys.argv[2]))["formatted"]["value"]
assert line["key"] == 0 and list(line["value"]) == list(want)
assert line["value"]["data"]["name"] == want["data"]["name"]
assert line["value"]["common"]["state"] == want["common"]["state"]
CODE
    untouched bpfmapfs_ops 'a struct_ops is registered by the program'
}
