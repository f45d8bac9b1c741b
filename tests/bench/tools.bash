# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Tools that ask for each file, over a map and over the same files in a squashfs image. Client and
# daemon share one processor, on both sides. The kernel's caches are dropped before each run:
# squashfuse_ll lets it keep entries for ever, and would not be asked at all.
# shellcheck source=tests/bench/lib.bash
. "${0%/*}/lib.bash"

few=$((N / 10))
cpu=$(one_cpu)
squash=$TMP/squash

tool() { # ROUNDS WORDS PREPARE GOAL COMMAND
    local rounds=$1 pin="taskset -cp $cpu \$\$ >/dev/null"
    shift
    turns "$rounds" "$2" "$pin && cd $MNT/numbers && $4" "$pin && cd $squash && $4"
    row "$1, $(count "$few") keys, one cpu" squashfuse_ll "${TIMES[@]}" s "$3"
}

ours_on "$cpu"
numbers_map numbers "$few"
"$MAPS" fill "$PINS/numbers" "$few"
mkdir "$PLAIN/files"
"$MAPS" files "$PLAIN/files" "$few"
cp "$MNT/numbers/.map" "$PLAIN/files"
mksquashfs "$PLAIN/files" "$PLAIN/image" -no-progress -quiet >>"$TMP/log"
rm -r "$PLAIN/files"
serve squash taskset -c "$cpu" squashfuse_ll -f "$PLAIN/image"
for dir in "$MNT/numbers" "$squash"; do
    expect $((few + 1)) "find $dir -size +0 -type f"
done
(cd "$MNT/numbers" && printf '%s\n' * | xargs cat) | cmp - <(cd "$squash" && printf '%s\n' * | xargs cat)

tool 3 'ls -lU' "$DROP" 0.4 'ls -lU'
tool 3 'find -size +0' "$DROP" 1 'find . -size +0'
tool 2 'tar c' "$DROP" 0.8 'tar c . | cat'
tool 2 'cat *' "$DROP" 0.8 'printf "%s\n" * | xargs cat'
tool 2 'warm: ls -lU' true '' 'ls -lU'
tool 2 'warm: find -size +0' true '' 'find . -size +0'
