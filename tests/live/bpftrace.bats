#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Another tool's maps, made without types: those of bpftrace (section 6).
# alone

load lib

TICKS=50

# Counts itself once, and then as many ticks of a clock as above, by who they meet.
trace() {
    # shellcheck disable=SC2016 # bpftrace's
    spawn env BPFTRACE_NO_USER_SYMBOLS=1 bpftrace -e "
        BEGIN { @calls[comm] = count(); }
        interval:ms:5 { if (@ticks < $TICKS) { @ticks++; @calls[comm] = count(); } }
    " >"$TMP/bpftrace.log" 2>&1
    eventually traced_map
}

# The map of the process that trace() started, and of no other bpftrace.
traced_map() {
    while read -r ID; do
        ! bpftool map show id "$ID" | grep -q 'name AT_calls ' || return 0
    done < <(cat "/proc/${HELPERS[-1]}"/fdinfo/* | awk '$1 == "map_id:" { print $2 }')
    return 1
}

sum() { # FILE: of an array, or of a number
    local text
    text=$(<"$1")
    echo $((${text//[^0-9]/+} + 0))
}

total() {
    local file sum=0
    for file in "$1"/*; do sum=$((sum + $(sum "$file"))); done
    echo "$sum"
}

all_counted() { equal $((TICKS + 1)) "$(total "$1")"; }

@test "counts by command, through .types" {
    SCOPE=all start_daemon
    trace
    map=$MNT/@$ID
    eventually test -d "$map"
    equal $'key=16\nvalue=8' "$(<"$map/.types")"
    echo 'key=char[16],value=u64' >"$map/.types"
    test -f "$map/bpftrace"
    [[ $(<"$map/bpftrace") =~ ^\[[0-9]+(,[0-9]+)*\]$ ]]
    equal "$(cpus)" "$(tr -cd , <"$map/bpftrace" | wc -c | awk '{print $1 + 1}')"
    (($(sum "$map/bpftrace") >= 1))
    eventually all_counted "$map"
    not grep -qE '^[0-9a-f]{32}$' <<<"$(ls "$map")"
    equal "$(bpftool -j map dump id "$ID" | grep -o '"key":' | wc -l)" "$(entries "$map" | wc -l)"
}

@test "counts by command, through -o types=" {
    echo 'AT_* key=char[16],value=u64' >"$TMP/types"
    SCOPE=all start_daemon -o "types=$TMP/types"
    trace
    map=$MNT/@$ID
    eventually test -f "$map/bpftrace"
    eventually all_counted "$map"
    equal $'key=char[16]\nvalue=u64' "$(<"$map/.types")"
}

@test "the name that ls shows" {
    SCOPE=all start_daemon
    trace
    listed() { [[ " $(names "$MNT") " =~ " AT_calls"(@$ID)?" " ]]; }
    eventually listed
    equal AT_calls "$(sed -n 's/^name:\t//p' "$MNT/@$ID/.info")"
    grep -q bpftrace "$MNT/@$ID/.info"
    stop_helpers
    gone() { not test -e "$MNT/@$ID"; }
    eventually gone
}
