# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# What the daemon keeps while the kernel remembers the inodes of a large map, and afterwards.
# shellcheck source=tests/bench/lib.bash
. "${0%/*}/lib.bash"

resident() { memory_of "$PID" VmRSS; }

# The kernel drops what it can; until the daemon has given back what it will, half a minute at most.
settle() {
    local before now i
    now=$(resident)
    for ((i = 0; i < 30; i++)); do
        before=$now
        echo 2 >/proc/sys/vm/drop_caches
        sleep 1
        now=$(resident)
        [ "$before" != "$now" ] || [ "$i" -lt 3 ] || break
    done
}

ours
numbers_map numbers "$N"
"$MAPS" fill "$PINS/numbers" "$N"
ls "$MNT" >>"$TMP/log"
idle=$(resident)
# shellcheck disable=SC2012 # ls is what is measured
lines=$(ls -lR "$MNT/numbers" | wc -l)
[ "$lines" -gt "$N" ] || fail 'ls -lR does not list all'
row "resident a key, ls -lR of $(count "$N") keys" 'at most 160 bytes' \
    "$(quotient $(($(resident) - idle)) "$N")" 160 B 1
settle
row 'resident once caches are dropped' 'idle and 8 MiB' "$(resident)" $((idle + 8 * 1024 * 1024)) B 1
row 'resident once caches are dropped' idle "$(resident)" "$idle" B
