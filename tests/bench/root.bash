# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Many maps.
# shellcheck source=tests/bench/lib.bash
. "${0%/*}/lib.bash"

many=$((N / 500))
"$MAPS" many "$PINS" "$many"
SCOPE=all ours
[ "$(find "$MNT" -maxdepth 1 -name 'many_*' | wc -l)" = "$many" ] || fail 'not all maps are listed'
[ "$(bpftool map list | grep -c 'name many_')" = "$many" ] || fail 'bpftool does not list all maps'
RUNS=5 turns 5 true "ls $MNT" 'bpftool map list'
row "ls of the root, $(count "$many") maps" 'bpftool map list' "${TIMES[@]}" s 1/3
RUNS=5 turns 5 true "ls -l $MNT" 'bpftool map list'
row "ls -l of the root, $(count "$many") maps" 'bpftool map list' "${TIMES[@]}" s
