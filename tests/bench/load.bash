# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Filling an empty map by .dump.
# shellcheck source=tests/bench/lib.bash
. "${0%/*}/lib.bash"

few=$((N / 5))
map=$MNT/numbers
pin=$PINS/numbers
clear="$MAPS clear $pin"

ours
numbers_map numbers "$N"
if [ ! -e "$map/.dump" ]; then
    not_yet "cat FILE >.dump, $(count "$few") lines" 'bpftool batch file' 1/40 'no .dump'
    not_yet "cat FILE >.dump, $(count "$N") lines" 'bare UPDATE_BATCH loop' 1.6 'no .dump'
    exit
fi
"$MAPS" lines "$few" >"$PLAIN/few"
"$MAPS" lines "$N" >"$PLAIN/lines"
"$MAPS" batch "$pin" "$few" >"$PLAIN/batch"

# What each leaves in the map must be there, and right. Through a pipe: sort keeps a file whose
# size is not known in temporary files of a line each.
# shellcheck disable=SC2002
holds() { # FILE: the map what its lines say
    cat "$map/.dump" | sort -S 10% | cmp - <(sort -S 10% "$1")
}

bpftool batch file "$PLAIN/batch" >>"$TMP/log" 2>&1
"$MAPS" read "$pin" "$few"
holds "$PLAIN/few"
eval "$clear"
cat "$PLAIN/lines" >"$map/.dump"
"$MAPS" read "$pin" "$N"
holds "$PLAIN/lines"

turns 1 "$clear" "bpftool batch file $PLAIN/batch"
peer=${TIMES[0]}
turns 5 "$clear" "cat $PLAIN/few >$map/.dump"
row "cat FILE >.dump, $(count "$few") lines" 'bpftool batch file' "${TIMES[0]}" "$peer" s 1/40
turns 5 "$clear" "cat $PLAIN/lines >$map/.dump" "$MAPS fill $pin $N"
row "cat FILE >.dump, $(count "$N") lines" 'bare UPDATE_BATCH loop' "${TIMES[@]}" s 1.6
