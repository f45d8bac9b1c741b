# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Ten times as many entries: the time for each stays the same, and so does the daemon's memory.
# shellcheck source=tests/bench/lib.bash
. "${0%/*}/lib.bash"

many=$((N * 10))
declare -A took=() peak=()

available() { awk '$1 == "MemAvailable:" {print int($2 / 1024)}' /proc/meminfo; } # MiB

# The kernel frees a map behind our backs; what runs next is to have the memory.
memory_is_back() { # MIB
    local i
    for ((i = 0; i < 60; i++)); do
        [ "$(available)" -lt "$1" ] || return 0
        sleep 0.5
    done
    fail 'the memory of the map is not given back'
}

# size ENTRIES: nanoseconds of each way of reading, and the daemon's peak, with a daemon of its own.
size() {
    local map=$MNT/size$1 pin=$PINS/size$1
    stop_daemons
    ours
    numbers_map "size$1" "$1"
    "$MAPS" fill "$pin" "$1"
    turns 3 true "$MAPS read $pin $1"
    took[bare$1]=$(quotient "${TIMES[0]}" "$1")
    if [ -e "$map/.dump" ]; then
        expect "$1" "cat $map/.dump"
        turns 3 true "cat $map/.dump"
        took[dump$1]=$(quotient "${TIMES[0]}" "$1")
        peak[dump$1]=$(memory_of "$PID" VmHWM)
    fi
    turns 2 true "ls -f $map"
    took[names$1]=$(quotient "${TIMES[0]}" "$1")
    peak[names$1]=$(memory_of "$PID" VmHWM)
    rm "$pin"
}

compare() { # WAY WORDS GOAL GOAL_OF_MEMORY
    local what against
    what="$2, $(count "$many") entries"
    against="as $(count "$N")"
    row "$what: time of each" "$against" "${took[$1$many]}" "${took[$1$N]}" s "$3"
    [ -z "${peak[$1$N]:-}" ] || row "$what: peak memory" "$against" "${peak[$1$many]}" "${peak[$1$N]}" B "$4"
}

before=$(available)
if [ "$before" -lt $((many / 2500)) ]; then
    not_yet "cat .dump, $(count "$many") entries" "as $(count "$N")" 1.2 "only $before MiB of memory"
    exit
fi
size "$N"
size "$many"
if [ -n "${took[dump$N]:-}" ]; then
    compare dump 'cat .dump' 1.2 1.1
else
    not_yet "cat .dump, $(count "$many") entries" "as $(count "$N")" 1.2 'no .dump'
fi
compare names 'ls -f' '' ''
compare bare 'bare LOOKUP_BATCH loop' '' ''
stop_daemons
memory_is_back $((before - many / 40000))
