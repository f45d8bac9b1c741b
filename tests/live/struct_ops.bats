#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A struct_ops: a congestion control of TCP in BPF, read through the kernel's own types.
# alone

load lib

CONTROL=$(printf 'bpfmapfs_%06d' $(($$ % 1000000))) # as long as the name in ops.bpf.c

# The object file with our name in it.
prepare() { sed "s/bpfmapfs_noname/$CONTROL/g" "$BUILD/tests/ops.bpf.o" >"$TMP/ops.o"; }

register() {
    prepare
    ID=$(bpftool struct_ops register "$TMP/ops.o" 2>&1 | sed 's/.* id //')
    DIR=$MNT/@$ID
    [[ $ID =~ ^[0-9]+$ ]]
    eventually test -d "$DIR"
}

unregister() { bpftool struct_ops unregister id "$1"; }
registered() { grep -qw "$CONTROL" /proc/sys/net/ipv4/tcp_available_congestion_control; }

eval "lib_$(declare -f teardown)"
teardown() {
    [[ -z ${ID:-} ]] || ! registered || unregister "$ID"
    lib_teardown
}

# What the mount says, piece by piece, is what bpftool reads from the kernel.
same_as_bpftool() { # ID FILE
    bpftool -j map lookup id "$1" key 0 0 0 0 >"$TMP/bpftool"
    py "$TMP/bpftool" "$2" <<'CODE'
import json
want = json.load(open(sys.argv[1]))["formatted"]["value"]
got = json.load(open(sys.argv[2]))
def same(want, got, where):
    if isinstance(want, dict):
        assert list(want) == list(got), (where, list(want), list(got))
        for name in want: same(want[name], got[name], where + "." + name)
    elif isinstance(want, int) and isinstance(got, str):
        assert want == int(got, 16), (where, want, got)    # a pointer
    else:
        assert want == got, (where, want, got)
same(want, got, "")
CODE
}

value() { # FILE MEMBER...: a member of the JSON in it
    py "$@" <<'CODE'
import json
value = json.load(open(sys.argv[1]))
for name in sys.argv[2:]: value = value[name]
print(value)
CODE
}

prog_id() { bpftool -j prog show name "$1" | grep -o '"id":[0-9]*' | cut -d: -f2; }

@test "a registered one: its element has its name, its state and its programs" {
    SCOPE=all start_daemon
    register
    registered
    equal '.map 0' "$(names -A "$DIR")"
    equal "$CONTROL" "$(value "$DIR/0" data name)"
    equal BPF_STRUCT_OPS_STATE_INUSE "$(value "$DIR/0" common state)"
    same_as_bpftool "$ID" "$DIR/0"
    [[ " $(prog_id ops_undo_cwnd | paste -sd' ') " == *" $(($(value "$DIR/0" data undo_cwnd))) "* ]]
    equal 1 "$(<"$DIR/.count")"
    equal 1 "$(wc -l <"$DIR/0")"
    equal "$(stat -c %s "$DIR/0")" "$(wc -c <"$DIR/0")"
}

@test "its declaration in .info is the kernel's, and no longer than what it holds" {
    SCOPE=all start_daemon
    register
    grep -q 'struct bpf_struct_ops_tcp_congestion_ops value;' "$DIR/.info"
    grep -q 'void \*cong_avoid;' "$DIR/.info"
    (($(wc -l <"$DIR/.info") < 200))
    grep -qx 'type=struct_ops' "$DIR/.map"
}

@test "it is read-only, and looking and trying leave it registered" {
    SCOPE=all start_daemon
    register
    before=$(<"$DIR/0")
    refused EOPNOTSUPP store "$DIR/0" "$before"
    grep -q 'registered by the program that implements it' "$MNT/.error_log"
    refused EOPNOTSUPP rm -f "$DIR/0"
    grep -q 'unregistered by the program that implements it' "$MNT/.error_log"
    refused - store "$DIR/1" "$before"
    refused - mv "$DIR/0" "$DIR/1"
    refused - rmdir "$DIR"
    for _ in {1..50}; do cat "$DIR"/{0,.map,.info,.count} >/dev/null; done
    ls -lR "$DIR" >/dev/null
    tar -C "$DIR" -cf "$TMP/ops.tar" .
    equal "$before" "$(tar -xOf "$TMP/ops.tar" ./0)"
    registered
    equal "$before" "$(<"$DIR/0")"
}

@test "one that is loaded and not registered is all zeroes; unregistered, it is gone" {
    prepare
    mkdir "$PINS"
    bpftool prog loadall "$TMP/ops.o" "$ELSEWHERE/progs" pinmaps "$PINS"
    SCOPE=all start_daemon
    equal '.map 0' "$(names -A "$MNT/bpfmapfs_ops")"
    equal BPF_STRUCT_OPS_STATE_INIT "$(value "$MNT/bpfmapfs_ops/0" common state)"
    equal '' "$(value "$MNT/bpfmapfs_ops/0" data name)"
    refused EOPNOTSUPP store "$MNT/bpfmapfs_ops/0" '{"common":{"state":"BPF_STRUCT_OPS_STATE_INIT"}}'
    not registered
    register
    unregister "$ID"
    eventually not map_exists "$ID"
    eventually not test -e "$DIR"
    rmdir "$MNT/bpfmapfs_ops"
    not test -e "$PINS/bpfmapfs_ops"
}
