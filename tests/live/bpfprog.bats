#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A BPF program and the mount at work on the same maps: XDP on a veth pair that no one else sees.
# alone

load lib

NETNS=bpfmapfs-test-$$

in_netns() { nsenter "--net=/run/netns/$NETNS" "$@"; } # without ip's mounts, for bpffs

# Frames of four kinds from one end of the pair, for ever; the program sits at the other.
send_frames() {
    in_netns "$PYTHON" -c '
import ctypes, signal, socket
ctypes.CDLL(None).prctl(1, signal.SIGKILL)
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("va", 0))
head = b"\xff" * 6 + b"\x02" * 6 + b"\x88\xb5"
frames = [head + bytes([kind]) * 46 for kind in range(4)]
while True:
    for frame in frames:
        s.send(frame)
'
}

start_program() {
    ip netns add "$NETNS"
    in_netns ip link add name va type veth peer name vb
    in_netns ip link set va up
    in_netns ip link set vb up
    mkdir -p "$PINS"
    bpftool prog loadall "$BUILD/tests/counters.bpf.o" "$ELSEWHERE/prog" pinmaps "$PINS"
    in_netns bpftool net attach xdpgeneric pinned "$ELSEWHERE/prog/count" dev vb
    spawn send_frames
}

eval "lib_$(declare -f teardown)"
teardown() {
    stop_helpers
    [[ ! -e /run/netns/$NETNS ]] || ip netns del "$NETNS"
    lib_teardown
}

total() { echo $(($(tr -d '[]\n' <"$1" | tr , +))); }

moves() { (($(total "$1") > $2)); }

@test "values grow while they are read, and every reading is whole" {
    start_program
    start_daemon
    echo 1 >"$MNT/step/0"
    eventually test -e "$MNT/kinds/3"
    for file in kinds/{0..3} frames/0; do
        last=0
        for _ in {1..200}; do
            text=$(<"$MNT/$file")
            [[ $text =~ ^([0-9]+|\[[0-9]+(,[0-9]+)*\])$ ]] || { echo "$file: $text" && false; }
            now=$(($(tr -d '[]' <<<"$text" | tr , +)))
            ((now >= last)) || { echo "$file: $now after $last" && false; }
            last=$now
        done
        eventually moves "$MNT/$file" "$last"
    done
    equal "0 1 2 3" "$(names "$MNT/kinds")"
    py <<'CODE'
fd = os.open(path("kinds/0"), os.O_RDONLY)   # a sampler needs no reopen
seen = [int(os.pread(fd, 100, 0)) for _ in range(2000)]
assert seen == sorted(seen) and seen[0] < seen[-1], (seen[0], seen[-1])
CODE
}

@test "a value written through the mount is what the program goes by" {
    start_program
    start_daemon
    equal 0 "$(<"$MNT/step/0")"
    equal '' "$(names "$MNT/kinds")" # it stands still
    echo 1000000 >"$MNT/step/0"
    eventually test -e "$MNT/kinds/3"
    eventually moves "$MNT/frames/0" 100000000
    equal 0 "$(($(<"$MNT/kinds/1") % 1000000))"
    : >"$MNT/step/0"
    stands_still() { equal "$(total "$MNT/frames/0")" "$(sleep 0.05 && total "$MNT/frames/0")" >/dev/null; }
    eventually stands_still
    equal "$(<"$MNT/kinds/2")" "$(get kinds 2)"
}

@test "a counter set back through the mount counts on from there" {
    start_program
    start_daemon
    echo 1 >"$MNT/step/0"
    eventually test -e "$MNT/kinds/0"
    echo 1000000000000 >"$MNT/kinds/0"
    echo 2000000000000 >"$MNT/frames/0"
    eventually moves "$MNT/kinds/0" 1000000000000
    eventually moves "$MNT/frames/0" 2000000000000
    rm "$MNT/kinds/1" # and the program makes it anew
    eventually test -e "$MNT/kinds/1"
}

@test "listing and grep -r of maps that a program is changing" {
    start_program
    start_daemon
    echo 1 >"$MNT/step/0"
    eventually test -e "$MNT/kinds/3"
    for _ in {1..50}; do
        equal "0 1 2 3" "$(names "$MNT/kinds")"
        grep -r . "$MNT" >/dev/null
    done
}
