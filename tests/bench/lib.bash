# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# What every benchmark stands on: mounts and pins of its own that go with it, also when it fails;
# daemons on both sides; commands that take turns; rows of the table. A case begins with
# `. "${0%/*}/lib.bash"` and is a program of its own, which scripts/bench starts.

set -euo pipefail
: "${BUILD:?build directory}" "${BPFMAPFS:?path of the daemon}" "${ROWS:?file for the rows}"
export LC_ALL=C
N=${N:-1000000}
MAPS=$BUILD/tests/bench_maps
CALLS=$BUILD/tests/bench_calls
PASSTHROUGH=$BUILD/bench/passthrough_ll
TMP=$(mktemp -d -t bpfmapfs-bench.XXXXXX)
export TMPDIR=$TMP
PINS=/sys/fs/bpf/bpfmapfs-bench-$$
MNT=$TMP/mnt
PLAIN=$TMP/plain # a tmpfs, for files on the other side
DAEMONS=()

finish() {
    local status=$?
    trap '' INT TERM
    set +e
    cd /
    stop_daemons
    unmount_all
    [ ! -d "$PINS" ] || find "$PINS" -depth -delete
    [ "$status" = 0 ] || sed 's/^/  /' "$TMP/log" >&2
    rm -rf --one-file-system "$TMP"
    exit "$status"
}

fail() { # TEXT
    echo "${0##*/}: $1" >&2
    exit 1
}

# unmount_all [TYPE]: all our mounts, or those whose type begins so.
unmount_all() {
    awk -v tmp="$TMP/" -v type="${1:-}" 'index($2, tmp) == 1 && index($3, type) == 1 {print $2}' \
        /proc/self/mounts | tac | xargs -r umount -l
}

stop_daemons() {
    local pid i
    unmount_all fuse
    for pid in "${DAEMONS[@]}"; do
        for ((i = 0; i < 300; i++)); do
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.05
        done
        [ "$i" -lt 300 ] || kill -9 "$pid"
        wait "$pid" || true
    done
    DAEMONS=()
}

# --- both sides

# serve NAME COMMAND...: a daemon that stays in front, mounted at $TMP/NAME; PID is its process.
serve() {
    local dir=$TMP/$1
    mkdir -p "$dir"
    "${@:2}" "$dir" >>"$TMP/log" 2>&1 &
    PID=$!
    DAEMONS+=("$PID")
    until mountpoint -q "$dir"; do
        kill -0 "$PID" 2>/dev/null || fail "$2 does not start"
        sleep 0.02
    done
}

# Our daemon, on some processors, or all.
ours_on() { serve mnt taskset -c "$1" "$BPFMAPFS" -f -o "pindir=$PINS,scope=${SCOPE:-pinned}"; } # CPUS
ours() { ours_on "$(all_cpus)"; }

# What users have types for, so that both sides print numbers.
numbers_map() { # NAME ENTRIES
    mkdir "$MNT/$1,type=hash,key=u32,value=u64,max_entries=$2"
}

flows_map() { # NAME ENTRIES
    local key='struct{ipv4 saddr;ipv4 daddr;be16 sport;be16 dport;u8 proto;}' value
    value='u64 packets;u64 bytes;u64 first_seen;u64 last_seen;u32 mark;u32 zone;u32 ifindex;'
    value+='u16 flags;u16 vlan;mac source;mac dest;char[16] comm;'
    mkdir "$MNT/$1,type=hash,key=$key,value=struct{$value},max_entries=$2"
}

# One processor that both sides of a row share where single calls are compared: awaking another
# costs more than the call, and differs from run to run.
all_cpus() { taskset -cp $$ | sed 's/.*: //'; }
one_cpu() { all_cpus | sed 's/.*[,-]//'; }

build_passthrough() {
    local from=/usr/share/doc/libfuse3-dev/examples name packed flags
    mkdir -p "$BUILD/bench"
    [ ! -x "$PASSTHROUGH" ] || return 0
    for name in passthrough_ll.c passthrough_helpers.h; do
        packed=$from/$name.gz
        if [ -f "$packed" ]; then
            gunzip -c "$packed" >"$BUILD/bench/$name"
        elif [ -f "$from/$name" ]; then
            cp "$from/$name" "$BUILD/bench/$name"
        else
            fail "no $name among the examples of libfuse3-dev"
        fi
    done
    read -ra flags <<<"$(pkg-config --cflags --libs fuse3)"
    "${CC:-gcc}" -O2 -D_FILE_OFFSET_BITS=64 -pthread -o "$PASSTHROUGH" "$BUILD/bench/passthrough_ll.c" "${flags[@]}"
}

# --- measuring

DROP='echo 2 >/proc/sys/vm/drop_caches; sleep 0.3' # dentries and inodes; daemons digest the FORGETs

# turns ROUNDS PREPARE COMMAND...: the commands in turns; TIMES are their medians in seconds. A
# command that fails ends the case.
turns() {
    local rounds=$1 prepare=$2 round i
    shift 2
    rm -f "$TMP"/times.*
    for ((round = 0; round < rounds; round++)); do
        for ((i = 1; i <= $#; i++)); do
            hyperfine --style none --shell 'bash -o pipefail' --runs "${RUNS:-1}" \
                --prepare "$prepare" --export-json "$TMP/time" "${!i}" >>"$TMP/log" 2>&1 ||
                fail "fails: ${!i}"
            jq '.results[0].times[]' "$TMP/time" >>"$TMP/times.$i"
        done
    done
    TIMES=()
    for ((i = 1; i <= $#; i++)); do
        TIMES+=("$(jq -s 'sort | (.[(length - 1) / 2 | floor] + .[length / 2 | floor]) / 2' "$TMP/times.$i")")
    done
}

# expect COUNT COMMAND: it ends well and prints that many lines; before it is measured.
expect() {
    local count
    count=$(bash -o pipefail -c "$2 | wc -l") || fail "fails: $2"
    [ "$count" = "$1" ] || fail "$count lines instead of $1: $2"
}

memory_of() { awk -v field="$2:" '$1 == field {printf "%.0f", $2 * 1024}' "/proc/$1/status"; } # PID FIELD

quotient() { jq -n --argjson a "$1" --argjson b "$2" '$a / $b'; }

# 1,000,000 for 1000000
count() { sed -E ':again; s/^([0-9]+)([0-9]{3})/\1,\2/; t again' <<<"$1"; }

# --- the table

# row WHAT AGAINST OURS PEER UNIT [GOAL]: UNIT is s or B; GOAL the most that OURS / PEER may be, a
# number or 1/15.
row() {
    # shellcheck disable=SC2016 # jq's variables
    jq -cn --arg what "$1" --arg against "$2" --argjson ours "$3" --argjson peer "$4" \
        --arg unit "$5" --argjson goal "$(jq -n "${6:-null}")" '
        {$what, $against, $ours, $peer, $unit, ratio: ($ours / $peer), $goal}
        | . + {met: (if $goal == null then null else .ratio <= $goal end)}' >>"$ROWS"
}

# not_yet WHAT AGAINST GOAL REASON: a row that cannot be measured.
not_yet() {
    # shellcheck disable=SC2016
    jq -cn --arg what "$1" --arg against "$2" --argjson goal "$(jq -n "${3:-null}")" --arg why "$4" '
        {$what, $against, ours: null, peer: null, unit: null, ratio: null, $goal, met: null, $why}' \
        >>"$ROWS"
}

trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
mountpoint -q /sys/fs/bpf || mount -t bpf bpf /sys/fs/bpf
mkdir "$MNT" "$PLAIN" "$PINS"
: >"$TMP/log"
mount -t tmpfs -o size=80%,nr_inodes=0 bpfmapfs-bench "$PLAIN"
