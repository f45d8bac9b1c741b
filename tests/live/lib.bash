# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# What every live test stands on: a mount point and a pindir of its own, a daemon on them whose
# noise and exit status count, and bpftool to look at the bytes from outside. `load lib` brings
# setup and teardown along, so a test file holds nothing but tests.

: "${BPFMAPFS:?path of the daemon}" "${BUILD:?build directory}"
export LC_ALL=C
NOISE='Sanitizer|runtime error|[Aa]ssert|^(fuse|libbpf|Ignoring)' # nothing of that in a log
declare -gA DAEMONS # mount point -> pid, of the daemons that run in front
declare -gA STRERROR=(
    [EACCES]='Permission denied' [EBUSY]='Device or resource busy' [EEXIST]='File exists'
    [EFBIG]='File too large' [EINVAL]='Invalid argument' [ENOENT]='No such file or directory'
    [ENOMEM]='Cannot allocate memory'
    [ENOSPC]='No space left on device' [ENOTEMPTY]='Directory not empty'
    [ENOTCONN]='Transport endpoint is not connected'
    [EOPNOTSUPP]='Operation not supported' [EPERM]='Operation not permitted'
    [EROFS]='Read-only file system')

setup() {
    local id=bpfmapfs-test-$$-$BATS_TEST_NUMBER
    TMP=$BATS_TEST_TMPDIR
    PINS=/sys/fs/bpf/$id
    ELSEWHERE=/sys/fs/bpf/$id-elsewhere # pins the daemon has nothing to do with
    MOUNTS=() HELPERS=()
    MNT=$(mktemp -d -t bpfmapfs-test.XXXXXX)
    MOUNTS+=("$MNT")
    export MNT PINS
    export ASAN_OPTIONS=${ASAN_OPTIONS:-log_path=$TMP/sanitizer}
    export UBSAN_OPTIONS=${UBSAN_OPTIONS:-log_path=$TMP/sanitizer}
    mountpoint -q /sys/fs/bpf || mount -t bpf bpf /sys/fs/bpf
    mkdir "$ELSEWHERE"
}

teardown() {
    local status=0 dir
    cd /
    stop_helpers
    awk -v tmp="$TMP/" 'index($2, tmp) == 1 { print $2 }' /proc/self/mounts | xargs -r umount -l
    for dir in "${MOUNTS[@]}"; do
        stop_daemon "$dir" || status=1
        in_mount_table "$dir" || rm -r --one-file-system "$dir" || status=1
    done
    for dir in "$PINS" "$ELSEWHERE"; do
        [[ ! -d $dir ]] || find "$dir" -depth -delete || status=1
    done
    [[ ! -f $TMP/daemon.log ]] || sed 's/^/daemon: /' "$TMP/daemon.log"
    ! cat "$TMP"/{sanitizer*,daemon.log} 2>/dev/null | grep -E "$NOISE" || status=1
    return "$status"
}

# --- processes

# Bounded patience: true as soon as the command is, false after about ten seconds.
eventually() {
    local i
    for ((i = 0; i < 500; i++)); do
        ! "$@" >"$TMP/last" 2>&1 || return 0
        sleep 0.02
    done
    echo "never came true: $*: $(<"$TMP/last")"
    return 1
}

not() { ! "$@"; }

# A process of the test's own that teardown ends.
spawn() {
    "$@" 3>&- &
    HELPERS+=($!)
}

stop_helpers() {
    local pid
    for pid in "${HELPERS[@]}"; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" || true
    done
    HELPERS=()
}

another_mountpoint() {
    OTHER=$(mktemp -d -t bpfmapfs-test.XXXXXX)
    MOUNTS+=("$OTHER")
}

in_mount_table() { grep -q " $1 " /proc/self/mounts; }
daemon_of() { pgrep -f -- "$1\$|$1 "; }

# start_daemon [OPTION...]: in front, on $MNT and $PINS; its log is shown when the test fails.
# With SCOPE=all it shows every map of the machine, and whoever makes maps then needs names of his
# own, with $$ in them.
start_daemon() {
    "$BPFMAPFS" -f -o "pindir=$PINS,scope=${SCOPE:-pinned}" "$@" "$MNT" >>"$TMP/daemon.log" 2>&1 3>&- &
    DAEMONS[$MNT]=$!
    eventually mounted_or_dead
    mountpoint -q "$MNT"
}

mounted_or_dead() { mountpoint -q "$MNT" || ! kill -0 "${DAEMONS[$MNT]}"; }

# start_background [OPTION...]: as a user starts it.
start_background() {
    timeout 30 "$BPFMAPFS" -o "pindir=$PINS" "$@" "$MNT" >>"$TMP/daemon.log" 2>&1 3>&-
}

stop_daemon() {
    local dir=${1:-$MNT} status=0 pid
    pid=${DAEMONS[$dir]:-}
    unset "DAEMONS[$dir]"
    ! in_mount_table "$dir" || umount "$dir" || umount -l "$dir" || status=1
    if ! eventually not daemon_of "$dir"; then
        echo "the daemon of $dir does not end"
        daemon_of "$dir" | xargs -r kill -9
        status=1
    fi
    [[ -z $pid ]] || wait "$pid" || {
        echo "the daemon of $dir exited with $?"
        status=1
    }
    return "$status"
}

kill_daemon() {
    local pid=${DAEMONS[$MNT]}
    unset "DAEMONS[$MNT]"
    kill -9 "$pid"
    wait "$pid" || true
}

remount() {
    stop_daemon
    start_daemon "$@"
}

# often COMMAND...: forty at once; $TMP/often has what is said of it.
# If there are no answers, nothing but aborting the connection of the mount that they wait for ends it.
often() {
    local asking=() i
    for ((i = 0; i < 40; i++)); do
        "$@" >>"$TMP/often" 2>&1 3>&- &
        asking+=($!)
    done
    eventually not kill -0 "${asking[@]}" || { abort_mount "$MNT" && return 1; }
}

# abort_mount DIR: all who wait for an answer of it get an error, and so do all others from now on.
abort_mount() {
    mkdir "$TMP/control"
    mount -t fusectl fusectl "$TMP/control"
    echo 1 >"$TMP/control/$(awk -v dir="$1" '$5 == dir { print substr($3, 3) }' /proc/self/mountinfo)/abort"
}

# In $MNT, to which he may not be able to walk.
as_nobody() {
    (cd "$MNT" && setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all "$@")
}

# --- what must be, and what must not

# refused ERRNO COMMAND...: it fails and names that error; '-' stands for any.
refused() {
    local want=$1 out status=0
    shift
    out=$("$@" 2>&1) || status=$?
    if ((status == 0)); then
        echo "not refused: $*"
        return 1
    fi
    [[ $want == - ]] || grep -qiF "${STRERROR[$want]}" <<<"$out" || {
        echo "refused, but not with $want: $*: $out"
        return 1
    }
}

# equal WANT GOT [WHAT]
equal() {
    [[ $1 == "$2" ]] || {
        echo "${3:-}: want '$1', got '$2'"
        return 1
    }
}

# store FILE TEXT: echo from a shell of its own, so that its exit status is that of the command.
store() { bash -c 'echo "$2" >"$1"' bash "$@"; }

# What ls shows: entries [-A] DIR, one a line; names [-A] DIR, sorted on one line.
entries() { ls -U "$@"; }
names() { entries "$@" | sort -V | paste -sd' '; }

cpus() {
    local range last
    range=$(</sys/devices/system/cpu/possible)
    last=${range##*[-,]}
    echo $((last + 1))
}

# each_cpu TEXT: [TEXT,TEXT,…], one per possible CPU.
each_cpu() { printf "[%s]\n" "$(yes -- "$1" | head -n "$(cpus)" | paste -sd,)"; }

# --- the outside view: bpftool on the pin

# le WIDTH NUMBER: its bytes in this machine's (little) order, as bpftool takes them after `hex`.
le() {
    local i
    for ((i = 0; i < $1; i++)); do printf '%02x ' $((($2 >> (8 * i)) & 255)); done
}

# bytes_of MAP KEYBYTES: the value in hex, one line (per-CPU maps: one per CPU); fails when absent.
bytes_of() {
    local key
    read -ra key <<<"$2"
    bpftool -j map lookup pinned "$PINS/$1" key hex "${key[@]}" |
        grep -o '"value":\["0x[^]]*\]' | sed 's/.*\[//; s/"0x//g; s/[]"]//g; s/,/ /g'
}

# set_bytes MAP KEYBYTES VALUEBYTES
set_bytes() {
    local key value
    read -ra key <<<"$2"
    read -ra value <<<"$3"
    bpftool map update pinned "$PINS/$1" key hex "${key[@]}" value hex "${value[@]}"
}

# The same three for maps of u32 to u64, in numbers.
get() {
    local b
    read -ra b <<<"$(bytes_of "$1" "$(le 4 "$2")")"
    ((${#b[@]})) || { echo none && return; }
    printf '%u\n' "0x${b[7]}${b[6]}${b[5]}${b[4]}${b[3]}${b[2]}${b[1]}${b[0]}"
}
put() { set_bytes "$1" "$(le 4 "$2")" "$(le 8 "$3")"; }
drop() {
    local key
    read -ra key <<<"$(le 4 "$2")"
    bpftool map delete pinned "$PINS/$1" key hex "${key[@]}"
}

dump() { bpftool -j map dump pinned "$PINS/$1"; }
info() { bpftool -j map show pinned "$1"; }
id_of() { info "$1" | grep -o '"id":[0-9]*' | cut -d: -f2; }
map_exists() { bpftool map show id "$1" >/dev/null 2>&1; }

# elsewhere PIN NAME [TYPE [KEY VALUE ENTRIES]]: a map of the kernel's that is not ours.
elsewhere() {
    bpftool map create "$ELSEWHERE/$1" name "$2" type "${3:-hash}" \
        key "${4:-4}" value "${5:-8}" entries "${6:-16}"
}

# --- system calls that no command makes: py <<'CODE'

# shellcheck disable=SC2016
PRELUDE='
import ctypes, errno, os, struct, subprocess, sys, time
MNT, PINS = os.environ["MNT"], os.environ["PINS"]
TRUNC, EXCL = os.O_WRONLY | os.O_TRUNC, os.O_WRONLY | os.O_CREAT | os.O_EXCL

def path(name):
    return os.path.join(MNT, name)

def refused(want, call, *args):                # want: an errno, or None for any
    try:
        call(*args)
    except OSError as e:
        assert want in (None, e.errno), f"want {errno.errorcode[want]}: {e}"
    else:
        raise AssertionError(f"not refused: {args}")

def bpftool(*words):
    return subprocess.run(["bpftool", "-j", "map", *words], check=True, capture_output=True).stdout

def octets(fmt, number):
    return ["%d" % b for b in struct.pack(fmt, number)]

def put(map, key, value):
    bpftool("update", "pinned", f"{PINS}/{map}", "key", *octets("<I", key), "value", *octets("<Q", value))

def drop(map, key):
    bpftool("delete", "pinned", f"{PINS}/{map}", "key", *octets("<I", key))

def text(name):
    with open(path(name)) as f:
        return f.read()

def rename2(old, new, flags):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(-100, path(old).encode(), -100, path(new).encode(), flags):
        raise OSError(ctypes.get_errno(), "renameat2")
'
PYTHON=$(PATH=/usr/bin:$PATH command -v python3)
py() { timeout 120 "$PYTHON" -c "$PRELUDE"$'\n'"$(cat)" "$@" 3>&-; }
