# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Single calls on one key, and on one file of a tmpfs under passthrough_ll, whose list of inodes is
# linear and therefore kept short. Client and daemons share one processor, unless four threads use
# all.
# shellcheck source=tests/bench/lib.bash
. "${0%/*}/lib.bash"

cpu=$(one_cpu)
key=$MNT/numbers/7
file=$TMP/pass/7
keys=$((N / 100))

calls() { # CPUS WHAT GOAL ACTION THREADS OURS PEER [AGAINST]
    local times
    times=$(taskset -c "$1" "$CALLS" "$4" "$5" "$6" "$7") || fail "bench_calls $4 fails"
    # shellcheck disable=SC2086 # two numbers, in ns
    set -- "$1" "$2" "$3" "${8:-passthrough_ll}" $times
    row "$2" "$4" "${5}e-9" "${6}e-9" s "$3"
}

both_on() { # CPUS: daemons for ours and theirs
    ours_on "$1"
    serve pass taskset -c "$1" "$PASSTHROUGH" -f -o "source=$PLAIN/source"
}

build_passthrough
mkdir -p "$PLAIN/source/keys" "$PLAIN/keys"
both_on "$cpu"
serve direct taskset -c "$cpu" "$PASSTHROUGH" -f -o "source=$PLAIN/source,cache=never"
numbers_map numbers "$keys"
"$MAPS" fill "$PINS/numbers" 8
cp "$key" "$PLAIN/source/7"
cmp "$key" "$file"
cmp "$key" "$TMP/direct/7"

calls "$cpu" 'open-read-close, one thread, one cpu' 1 read 1 "$key" "$file"
calls "$cpu" 'pread at 0, one cpu' 1.1 pread 1 "$key" "$TMP/direct/7" 'passthrough_ll, direct_io'
calls "$cpu" 'open-write-close (echo), one cpu' 1.2 write 1 "$key" "$file"
[ "$(cat "$key" "$PLAIN/source/7" | uniq -c | tr -s ' ')" = ' 2 4711' ] || fail 'not what was written'

# Many new keys. Both start without them, and with nothing in the kernel's caches.
"$MAPS" files "$PLAIN/keys" "$keys"
empty="$MAPS clear $PINS/numbers; find $PLAIN/source/keys -type f -delete; $DROP"
mine="taskset -c $cpu cp -r $PLAIN/keys/. $MNT/numbers"
theirs="taskset -c $cpu cp -r $PLAIN/keys/. $TMP/pass/keys"
eval "$empty; $mine; $theirs"
"$MAPS" read "$PINS/numbers" "$keys"
diff -r "$PLAIN/keys" "$PLAIN/source/keys"
turns 5 "$empty" "$mine" "$theirs"
row "cp of $(count "$keys") keys in, one cpu" passthrough_ll "${TIMES[@]}" s 1.2

stop_daemons
both_on "$(all_cpus)"
"$MAPS" fill "$PINS/numbers" 8
cp "$key" "$PLAIN/source/7"
calls "$(all_cpus)" 'open-read-close, four threads, all cpus' 1 read 4 "$key" "$file"
