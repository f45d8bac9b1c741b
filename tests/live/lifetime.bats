#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Looking disturbs nothing: what closing a map's descriptor can do (clear a prog_array, detach a
# sockmap's programs, cancel timers), nothing in the mount brings about, and no map is kept alive.
# alone

load lib

# converse NAME WORD...: the program tests/lifetime; it reads $TMP/NAME.ask, writes $TMP/NAME.answer
converse() {
    # Opened both ways, none of them waits for the other end.
    mkfifo "$TMP/$1.ask" "$TMP/$1.answer"
    exec {ASK}<>"$TMP/$1.ask" {ANSWER}<>"$TMP/$1.answer"
    # shellcheck disable=SC2016
    spawn bash -c 'exec "$@" <"$0.ask" >"$0.answer"' "$TMP/$1" "$BUILD/tests/lifetime" "${@:2}"
    equal ready "$(answer)"
}

answer() {
    local line
    read -r -t 20 line <&"$ANSWER" && echo "$line"
}
ask() { echo "$@" >&"$ASK" && answer; }
says() { local want=$1 && shift && equal "$want" "$(ask "$@")" "$*"; } # ANSWER COMMAND...

# own OBJECT [MAP=PIN...]: a process that holds the maps of that object file, to be asked.
own() {
    converse owner "$BUILD/tests/lifetime_$1.bpf.o" "${@:2}"
    OWNER=${HELPERS[-1]}
}

# Counts from now on who opens which map by its id. To be called before own().
start_witness() {
    converse witness "$BUILD/tests/lifetime_witness.bpf.o"
    says watching watch witness
    says shared share openings "$ELSEWHERE/openings"
}

eval "lib_$(declare -f teardown)"
teardown() {
    stop_helpers
    stop_network
    lib_teardown
}

# How often the daemon has opened map $1.
openings() {
    local key told
    read -ra key <<<"$(le 4 "${DAEMONS[$MNT]}") $(le 4 "$1")"
    told=$(bpftool -j map lookup pinned "$ELSEWHERE/openings" key hex "${key[@]}" 2>&1) || true
    case $told in
    null) echo 0 ;;
    *'"value":'[0-9]*) echo "${told//*\"value\":/}" | tr -dc 0-9 ;;
    *) echo "openings: $told" ;;
    esac
}

# usercnt and refcnt of map $1, from somebody who does not open it.
holders() { "$BUILD/tests/mapiter_dump" | awk -v id="$1" '$1 == id { print $15, $17 }'; }
alive() { [[ -n $(holders "$1") ]]; }
holders_are() { equal "$2" "$(holders "$1")"; }

# All that looks and does not touch, at a map's directory; what cannot be read is refused.
look_at() {
    ls -lR "$1"
    find "$1" -exec stat {} +
    cat "$1"/.{map,info,count,frozen,types} "$1"/* || true
    test -e "$1/0" || true
    tar -C "$1" -cf - . | wc -c
} >/dev/null 2>&1

look_often() {
    for ((i = 0; i < ${2:-20}; i++)); do look_at "$1"; done
}

shown() { eventually test -d "$MNT/@$1" && DIR=$MNT/@$1; }

# --- prog_array

@test "a prog_array that somebody holds: looking leaves the jump and the entries" {
    start_witness
    own tails
    id=$(ask id tails)
    says 7 run jump
    says stored slot tails 0 target
    says stored slot tails 2 another
    says 42 run jump # so it is without looking
    SCOPE=all start_daemon
    shown "$id"
    before=$(bpftool -j map dump id "$id")
    look_often "$DIR"
    equal "$(ask prog target)" "$(<"$DIR/0")"
    equal '.map 0 2' "$(names -A "$DIR")"
    (($(openings "$id") > 0)) # the witness sees what there is to be seen
    says 42 run jump
    equal "$before" "$(bpftool -j map dump id "$id")"
    holders_are "$id" '1 2' # its owner and its program
}

@test "a prog_array that only a pin holds: the same" {
    own tails
    id=$(ask id tails)
    says stored slot tails 0 target
    bpftool map pin id "$id" "$ELSEWHERE/tails"
    says dropped drop tails
    says 42 run jump
    SCOPE=all start_daemon
    shown "$id"
    look_often "$DIR"
    says 42 run jump
    rm "$ELSEWHERE/tails" # and now it is as if nobody had looked: the kernel clears it
    eventually says 7 run jump
    eventually holders_are "$id" '0 1'
}

@test "a prog_array that only its program holds is never opened, and no reference leaks" {
    start_witness
    own tails
    id=$(ask id tails)
    says stored slot tails 0 target
    says dropped drop tails
    eventually says 7 run jump # cleared without us
    eventually holders_are "$id" '0 1'
    SCOPE=all start_daemon
    shown "$id"
    look_often "$DIR" 200
    equal .map "$(names -A "$DIR")"
    refused ENOENT cat "$DIR/0"
    grep -qx $'usercnt:\t0' "$DIR/.info"
    equal 0 "$(openings "$id")"
    holders_are "$id" '0 1'
    refused EOPNOTSUPP store "$DIR/0" "$(ask prog target)"
    grep -q 'the kernel would undo the change.*pin it first' "$MNT/.error_log"
    refused - rm "$DIR/0"
    says 7 run jump
    equal 0 "$(openings "$id")"
    holders_are "$id" '0 1'
    says dropped drop jump
    eventually not alive "$id"
    eventually not test -e "$DIR"
}

@test "a prog_array whose last user goes while it is being opened is not lost" {
    "$BUILD/tests/lifetime_race"
}

@test "writing a program into a prog_array makes the jump reach it, rm takes it out" {
    start_daemon
    mkdir "$MNT/tails,type=prog_array,max_entries=4"
    own tails "tails=$PINS/tails"
    says 7 run jump
    target=$(ask prog target)
    echo "$target" >"$MNT/tails/0"
    says 42 run jump
    equal "$target" "$(<"$MNT/tails/0")"
    equal '.map 0' "$(names -A "$MNT/tails")"
    rm "$MNT/tails/0"
    says 7 run jump
    says pinned pin another "$ELSEWHERE/another"
    echo "$ELSEWHERE/another" >"$MNT/tails/0"
    says 43 run jump
    equal "$(ask prog another)" "$(<"$MNT/tails/0")"
    echo "$target" >"$MNT/tails/0" # over what is there
    says 42 run jump
}

@test "what is no program for a prog_array is refused, and leaves what is there" {
    start_daemon
    mkdir "$MNT/tails,type=prog_array,max_entries=4"
    own tails "tails=$PINS/tails"
    store "$MNT/tails/0" "$(ask prog target)"
    refused EINVAL store "$MNT/tails/0" "$(ask prog stranger)"
    grep -q 'takes no program of this type' "$MNT/.error_log"
    refused EINVAL store "$MNT/tails/0" 4294967295
    grep -q 'there is no program 4294967295' "$MNT/.error_log"
    refused EINVAL store "$MNT/tails/0" "$PINS/tails"
    refused EINVAL store "$MNT/tails/0" nonsense
    refused EINVAL store "$MNT/tails/4" "$(ask prog target)"
    says 42 run jump
    equal '.map 0' "$(names -A "$MNT/tails")"
}

# --- sockmap, sockhash

# Which way what is sent takes now, through sockets that have just been put into the map.
now() { says joined join "$1" && says "$2" send; }

verdict_stays() { # sockmap or sockhash, its program
    own socks
    id=$(ask id "$1")
    now "$1" delivered # so it is without a verdict
    says attached attach "$2" "$1"
    now "$1" redirected
    SCOPE=all start_daemon
    shown "$id"
    look_often "$DIR"
    equal '.map 0 1' "$(names -A "$DIR")"
    says redirected send
    says 1 attached "$1"
    now "$1" redirected
    equal '.map 0 1' "$(names -A "$DIR")"
}

@test "a sockmap's verdict stays attached when it is looked at" {
    verdict_stays sockmap verdict_map
}

@test "a sockhash's verdict stays attached when it is looked at" {
    verdict_stays sockhash verdict_hash
}

@test "a sockmap or sockhash that only its program holds is never opened" {
    start_witness
    own socks
    says attached attach verdict_map sockmap
    says attached attach verdict_hash sockhash
    SCOPE=all start_daemon
    for map in sockmap sockhash; do
        id=$(ask id "$map")
        echo "$id" >"$TMP/$map"
        shown "$id"
        says joined join "$map"
        look_at "$DIR"
        (($(openings "$id") > 0))
        says dropped drop "$map"
        eventually holders_are "$id" '0 1'
        before=$(openings "$id")
        look_often "$DIR"
        equal .map "$(names -A "$DIR")"
        grep -qx $'usercnt:\t0' "$DIR/.info"
        equal "$before" "$(openings "$id")"
        holders_are "$id" '0 1'
    done
    stop_helpers # and the programs go, and the sockets
    for map in sockmap sockhash; do
        eventually not alive "$(<"$TMP/$map")"
        eventually not test -e "$MNT/@$(<"$TMP/$map")"
    done
}

# --- timers

ticks_on() { (($(ask run ticks) > $1)); }

@test "a timer in a map that somebody holds goes on firing while it is looked at" {
    own timer
    id=$(ask id timers)
    says 0 run start
    eventually ticks_on 3
    SCOPE=all start_daemon
    shown "$id"
    for _ in {1..10}; do
        look_often "$DIR" 5
        eventually ticks_on "$(ask run ticks)"
    done
    equal '.map 1' "$(names -A "$DIR")"
    grep -q '"mark":5' "$DIR/1"
    says dropped drop timers # which is what stops it
    eventually stands_still
}

stands_still() { equal "$(ask run ticks)" "$(sleep 0.05 && ask run ticks)"; }

@test "a map with timers that only its program holds is never opened" {
    start_witness
    own timer
    id=$(ask id timers)
    says 0 run start
    SCOPE=all start_daemon
    shown "$id"
    look_at "$DIR"
    (($(openings "$id") > 0))
    says dropped drop timers
    eventually stands_still
    before=$(openings "$id") held=$(holders "$id")
    [[ $held == 0\ * ]]
    look_often "$DIR"
    equal .map "$(names -A "$DIR")"
    grep -qx $'usercnt:\t0' "$DIR/.info"
    grep -q 'struct bpf_timer' "$DIR/.info"
    refused EOPNOTSUPP store "$DIR/1" '{"mark":6}'
    equal "$before" "$(openings "$id")"
    holders_are "$id" "$held"
}

# --- maps that go

@test "a map whose owner exits goes, whatever the mount and its users have of it" {
    converse owner -
    OWNER=${HELPERS[-1]}
    id=$(ask make "t$$_going")
    SCOPE=all start_daemon
    shown "$id"
    for key in 1 2 3; do echo "$key" >"$DIR/$key"; done
    look_often "$DIR" 3
    equal '1 2 3' "$(names "$DIR")"
    py "$DIR" "$id" "$OWNER" "$BUILD/tests/mapiter_dump" <<'CODE'
import signal
dir, id, owner, dump = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
def alive():
    told = subprocess.run([dump], check=True, capture_output=True, text=True).stdout
    return any(line.startswith(id + " ") for line in told.splitlines())
def within(seconds, what):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it does not come true"
        time.sleep(0.02)
def gone(call, *args):
    try: call(*args)
    except OSError as e: return e.errno in (errno.ENOENT, errno.ESTALE)
    return False

os.chdir(dir)
opened = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
listing = os.scandir(".")
next(listing)
reader = os.open("1", os.O_RDONLY)
inplace = os.open("2", os.O_RDWR)              # judged when it is synced
writer = os.open("3", os.O_WRONLY | os.O_TRUNC)
special = os.open(".info", os.O_RDONLY)
assert os.pread(reader, 100, 0) == b"1\n"
assert os.pread(special, 100, 0).startswith(b"id:")
assert alive()
os.kill(owner, signal.SIGTERM)
within(10, lambda: not alive())                # with all of this open
within(10, lambda: gone(os.stat, dir))
assert gone(os.pread, reader, 100, 0)
assert gone(os.pread, special, 100, 0)
assert gone(os.write, writer, b"5\n")
os.write(inplace, b"5\n")
assert gone(os.fsync, inplace)
assert gone(os.stat, "1")
assert gone(os.open, "1", os.O_RDONLY)
assert gone(os.open, "4", os.O_WRONLY | os.O_CREAT)
CODE
    not map_exists "$id"
    unset "HELPERS[-1]"
    refused ENOENT stat "$DIR"
    refused ENOENT ls "$DIR/1"
    not grep -q "t$$_going" <(ls "$MNT")
}

# --- LRU

fill() { taskset -c 0 "$BUILD/tests/mapload" fill "$PINS/$1" "$2" "$3"; }

# Of the keys below 1000, those that are still there.
survivors() {
    py "$PINS/$1" <<'CODE'
import json
dump = json.loads(subprocess.run(["bpftool", "-j", "map", "dump", "pinned", sys.argv[1]],
                                 check=True, capture_output=True).stdout)
keys = [entry["formatted"]["key"] for entry in dump]
print(sum(key < 1000 for key in keys))
CODE
}

@test "reading does not refresh the entries of an LRU map, writing does" {
    start_daemon
    for map in control reading writing; do
        mkdir "$MNT/$map,type=lru_hash,key=u32,value=u64,max_entries=10000"
        fill "$map" 0 9000
        equal 1000 "$(survivors "$map")" "$map"
    done
    cat "$MNT/reading"/{0..999} | cmp - <(seq 0 999)
    ls -l "$MNT/reading" >/dev/null
    tar -C "$MNT/reading" -cf - . >/dev/null
    stat "$MNT/reading"/{0..999} >/dev/null
    for key in {0..999}; do echo "$key"; done >"$TMP/keys"
    while read -r key; do echo "$key" >"$MNT/writing/$key"; done <"$TMP/keys"
    for map in control reading writing; do fill "$map" 10000 5000; done
    control=$(survivors control) reading=$(survivors reading) writing=$(survivors writing)
    echo "of 1000 old ones are left: $control unread, $reading read, $writing written"
    ((control < 200 && reading < 200 && writing > 800))
}

# --- a block list in use

in_netns() { nsenter "--net=/run/netns/bpfmapfs-$1-$$" "${@:2}"; }

start_network() {
    for side in a b; do ip netns add "bpfmapfs-$side-$$"; done
    in_netns a ip link add name va type veth peer name vb netns "/run/netns/bpfmapfs-b-$$"
    for network in 10.9.0 10.8.0; do
        in_netns a ip addr add "$network.1/24" dev va
        in_netns b ip addr add "$network.2/24" dev vb
    done
    in_netns a ip link set va up
    in_netns b ip link set vb up
}

stop_network() {
    for side in a b; do
        [[ ! -e /run/netns/bpfmapfs-$side-$$ ]] || ip netns del "bpfmapfs-$side-$$"
    done
}

# Which of two senders, 10.9.0.1 and 10.8.0.1, are heard at the other end. The second sends last,
# until it is heard: what has not come by then has been dropped.
heard() {
    py "/run/netns/bpfmapfs-a-$$" "/run/netns/bpfmapfs-b-$$" <<'CODE'
import socket
libc = ctypes.CDLL(None, use_errno=True)
def udp(netns, address, port):
    with open(netns) as f:
        assert libc.setns(f.fileno(), 0x40000000) == 0, ctypes.get_errno()
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((address, port))
    return s
os.sched_setaffinity(0, {0})                   # one queue, so that order is kept
first, last = (udp(sys.argv[1], address, 0) for address in ("10.9.0.1", "10.8.0.1"))
ear = udp(sys.argv[2], "0.0.0.0", 5000)
ear.settimeout(0.2)
seen = set()
for attempt in range(50):
    for _ in range(3): first.sendto(b"x", ("10.9.0.2", 5000))
    last.sendto(b"x", ("10.8.0.2", 5000))
    try:
        while "10.8.0.1" not in seen: seen.add(ear.recvfrom(10)[1][0])
        if attempt: break                      # ARP has been answered: this round counts
        seen = set()
    except socket.timeout:
        pass
print(*sorted(seen))
CODE
}

@test "a block list that XDP goes by: echo stops a sender, rm lets it through" {
    start_daemon
    mkdir "$MNT/blocked,type=lpm_trie,key=ipv4_prefix,value=u8"
    start_network
    bpftool prog load "$BUILD/tests/lifetime_block.bpf.o" "$ELSEWHERE/block" type xdp \
        map name blocked pinned "$PINS/blocked"
    in_netns b bpftool net attach xdpgeneric pinned "$ELSEWHERE/block" dev vb
    equal '10.8.0.1 10.9.0.1' "$(heard)"
    echo 1 >"$MNT/blocked/10.9.0.0_24"
    equal 10.8.0.1 "$(heard)"
    look_often "$MNT/blocked" 5
    equal 10.9.0.0_24 "$(names "$MNT/blocked")"
    equal 10.8.0.1 "$(heard)"
    rm "$MNT/blocked/10.9.0.0_24"
    equal '10.8.0.1 10.9.0.1' "$(heard)"
    echo 1 >"$MNT/blocked/10.9.0.1_32"
    equal 10.8.0.1 "$(heard)"
    mv "$MNT/blocked/10.9.0.1_32" "$MNT/blocked/10.9.0.77_32"
    equal '10.8.0.1 10.9.0.1' "$(heard)"
}
