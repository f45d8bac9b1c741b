# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Reading whole maps by .dump; .count.
# shellcheck source=tests/bench/lib.bash
. "${0%/*}/lib.bash"

dump() { # MAP WORDS GOAL_BY_THE_LIMIT ROUNDS_OF_BPFTOOL
    local map=$1 what bpftool bare peer
    what="cat .dump, $(count "$N") $2"
    bpftool="bpftool -j map dump pinned $PINS/$map"
    bare="$MAPS read $PINS/$map $N"
    "$MAPS" fill "$PINS/$map" "$N"
    if [ ! -e "$MNT/$map/.dump" ]; then
        not_yet "$what" 'bpftool -j map dump' 1/15 'no .dump'
        not_yet "$what" 'bare LOOKUP_BATCH loop' "$3" 'no .dump'
        return
    fi
    expect "$N" "cat $MNT/$map/.dump"
    expect "$N" "$bpftool | tr , '\\n' | grep '\"formatted\"'"
    turns "$4" true "$bpftool"
    peer=${TIMES[0]}
    turns 7 true "cat $MNT/$map/.dump" "$bare"
    row "$what" 'bpftool -j map dump' "${TIMES[0]}" "$peer" s 1/15
    row "$what" 'bare LOOKUP_BATCH loop' "${TIMES[@]}" s "$3"
}

count_file() {
    local what
    what=".count, $(count "$N") entries"
    if [ ! -e "$MNT/numbers/.dump" ]; then
        not_yet "$what" '.dump | wc -l' 1/2 'no .dump'
        return
    fi
    [ "$(cat "$MNT/numbers/.count")" = "$N" ] || fail '.count is wrong'
    turns 5 true "cat $MNT/numbers/.count" "cat $MNT/numbers/.dump | wc -l"
    row "$what" '.dump | wc -l' "${TIMES[@]}" s 1/2
    turns 5 true "cat $MNT/numbers/.count" "$MAPS read $PINS/numbers $N"
    row "$what" 'bare LOOKUP_BATCH loop' "${TIMES[@]}" s
}

ours
numbers_map numbers "$N"
flows_map flows "$N"
dump numbers 'u32 to u64' 1.4 2
count_file
rm "$PINS/numbers"
dump flows '5-tuples to 12 members' '' 1
