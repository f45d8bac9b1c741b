#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# cpumap: what is written is the queue of a CPU to which a program of XDP hands frames (section 11).

load net

queue_is() { equal "$(le 4 "$3")" "$(bytes_of "$1" "$(le 4 "$2")") "; }

two_cpus() { [ "$(cpus)" -ge 2 ] || skip 'one CPU hands nothing over to another'; }

@test "a queue written is where frames go, and rm stops them" {
    two_cpus
    start_in_netns to_cpus
    equal '' "$(names "$MNT/cpus")"
    echo 64 >"$MNT/cpus/0" # through which the marker goes
    equal '' "$(arrive vb 1)"
    echo 192 >"$MNT/cpus/1"
    equal '0 1 1' "$(AWAIT=3 arrive vb 1 0 1)"
    equal '0 1' "$(names "$MNT/cpus")"
    equal 2 "$(<"$MNT/cpus/.count")"
    equal 192 "$(<"$MNT/cpus/1")"
    equal 4 "$(stat -c %s "$MNT/cpus/1")"
    queue_is cpus 1 192
    rm "$MNT/cpus/1"
    equal '0' "$(AWAIT=1 arrive vb 1 0)"
    absent cpus 1
    refused ENOENT rm "$MNT/cpus/1"
}

@test "an entry with a program, by id and by path" {
    two_cpus
    start_in_netns to_cpuprogs
    id=$(prog_id cpu_entry)
    echo '{"qsize":64}' >"$MNT/cpuprogs/0"
    echo "{\"qsize\":32,\"prog\":$id}" >"$MNT/cpuprogs/1"
    equal '1:12' "$(AWAIT=1 arrive vb 1)"
    equal "{\"qsize\":32,\"prog\":$id}" "$(<"$MNT/cpuprogs/1")"
    equal "$(le 4 32)$(le 4 "$id")" "$(bytes_of cpuprogs "$(le 4 1)") "
    echo '{"qsize":10}' >"$MNT/cpuprogs/1" # the program stays
    equal "{\"qsize\":10,\"prog\":$id}" "$(<"$MNT/cpuprogs/1")"
    equal '1:12' "$(AWAIT=1 arrive vb 1)"
    echo '{"prog":0}' >"$MNT/cpuprogs/1"
    equal '{"qsize":10,"prog":0}' "$(<"$MNT/cpuprogs/1")"
    equal '1' "$(AWAIT=1 arrive vb 1)"
    echo "{\"prog\":\"$ELSEWHERE/prog/cpu_entry\"}" >"$MNT/cpuprogs/1"
    equal "{\"qsize\":10,\"prog\":$id}" "$(<"$MNT/cpuprogs/1")"
    equal '1:12' "$(AWAIT=1 arrive vb 1)"
    equal '{"qsize":64,"prog":0}' "$(<"$MNT/cpuprogs/0")"
}

@test "what is no queue is refused, with a sentence, and changes nothing" {
    start_in_netns to_cpuprogs
    echo 16384 >"$MNT/cpus/0"
    queue_is cpus 0 16384
    explained EINVAL 'a queue has 1 to 16384 places; rm empties a slot' cpus/0 0
    explained EINVAL 'at most 16384 places' cpus/0 16385
    explained EINVAL 'at most 16384 places' cpus/0 4294967295
    explained EINVAL 'out of range' cpus/0 4294967296
    explained EINVAL 'expected' cpus/0 many
    explained EINVAL 'the last index of this map is 7' cpus/8 1
    refused EINVAL touch "$MNT/cpus/1"
    bash -c ": >'$MNT/cpus/0'" || true # only close could say so
    grep -F '1 to 16384' "$MNT/.error_log"
    queue_is cpus 0 16384
    equal 0 "$(names "$MNT/cpus")"
    explained EINVAL BPF_XDP_CPUMAP cpuprogs/0 "{\"qsize\":1,\"prog\":$(prog_id dev_entry)}"
    explained EINVAL BPF_XDP_CPUMAP cpuprogs/0 "{\"qsize\":1,\"prog\":$(prog_id to_cpus)}"
    explained EINVAL 'there is no program 4294967295' cpuprogs/0 '{"qsize":1,"prog":4294967295}'
    explained EINVAL '1 to 16384' cpuprogs/0 "{\"prog\":$(prog_id cpu_entry)}"
    equal '' "$(names "$MNT/cpuprogs")"
}

@test "a CPU that this machine does not have is refused" {
    [ "$(cpus)" -lt 64 ] || skip 'a cpumap has a slot for each of so many CPUs'
    start_daemon
    mkdir "$MNT/m,type=cpumap,max_entries=64"
    explained EINVAL 'this machine has no such CPU' m/63 1
    echo 1 >"$MNT/m/$(($(cpus) - 1))"
    equal "$(($(cpus) - 1))" "$(names "$MNT/m")"
}

@test "present and absent slots; mv; there and back" {
    two_cpus
    start_in_netns to_cpus
    id=$(prog_id cpu_entry)
    echo 8 >"$MNT/cpus/0"
    refused - bash -c "set -C; echo 9 >'$MNT/cpus/0'"
    bash -c "set -C; echo 9 >'$MNT/cpus/1'"
    queue_is cpus 0 8
    mv "$MNT/cpus/1" "$MNT/cpus/0"
    queue_is cpus 0 9
    absent cpus 1
    echo "{\"qsize\":7,\"prog\":$id}" >"$MNT/cpuprogs/1"
    { dump cpus && dump cpuprogs; } >"$TMP/before"
    tar -C "$MNT" -cf "$TMP/all.tar" cpus cpuprogs
    rm "$MNT"/cpu*/*
    tar -C "$MNT" -xf "$TMP/all.tar"
    diff "$TMP/before" <(dump cpus && dump cpuprogs)
}

@test "values=raw: the queue, the program's id" {
    two_cpus
    start_in_netns to_cpuprogs
    id=$(prog_id cpu_entry)
    remount -o values=raw
    printf '\100\0\0\0' >"$MNT/cpus/1"
    queue_is cpus 1 64
    head -c 3 /dev/zero >"$TMP/short"
    for map in cpus cpuprogs; do refused EINVAL cp "$TMP/short" "$MNT/$map/0"; done
    equal '' "$(names "$MNT/cpuprogs")"
    refused EINVAL bash -c "printf '\0\0\0\0' >'$MNT/cpus/0'"
    head -c 8 /dev/zero | tr '\0' '\377' >"$TMP/ones"
    refused EINVAL cp "$TMP/ones" "$MNT/cpuprogs/0"
    { printf '\100\0\0\0' && printf '%b' "$(le 4 "$id" | sed 's/\(..\) /\\x\1/g')"; } >"$TMP/entry"
    cp "$TMP/entry" "$MNT/cpuprogs/1"
    cp "$MNT/cpuprogs/1" "$MNT/cpuprogs/0"
    equal "$(le 4 64)$(le 4 "$id")" "$(bytes_of cpuprogs "$(le 4 0)") "
    equal '1:12' "$(AWAIT=1 arrive vb 1)"
}
