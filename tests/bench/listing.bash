# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Names only, of a large map.
# shellcheck source=tests/bench/lib.bash
. "${0%/*}/lib.bash"

what="ls -f, $(count "$N") keys"
files=$PLAIN/files

ours
numbers_map numbers "$N"
"$MAPS" fill "$PINS/numbers" "$N"
mkdir "$files"
"$MAPS" files "$files" "$N"
cp "$MNT/numbers/.map" "$files"
expect $((N + 3)) "ls -f $MNT/numbers"
expect $((N + 3)) "ls -f $files"
turns 5 "$DROP" "ls -f $MNT/numbers" "ls -f $files"
row "$what" 'ls -f of a tmpfs' "${TIMES[@]}" s 2
turns 5 "$DROP" "ls -f $MNT/numbers" "$MAPS read $PINS/numbers $N"
row "$what" 'bare LOOKUP_BATCH loop' "${TIMES[@]}" s 2.5
