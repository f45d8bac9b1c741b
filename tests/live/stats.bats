#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# What the daemon tells of itself: .stats, and a line for each request with -o log=debug or SIGUSR1.
# shellcheck disable=SC2016 # scripts for shells of their own

load lib

daemon() { echo "${DAEMONS[$MNT]}"; }

# stat_of NAME [FIELD]: a number that .stats tells, 0 if it does not.
stat_of() {
    awk -F '\t' -v name="$1:" -v field="${2:-1}" '$1 == name { split($2, n, " "); found = n[field] }
        END { print found + 0 }' "$MNT/.stats"
}

# requests_of KIND COMMAND...: how many more of that kind there are behind the command.
requests_of() {
    local before after
    before=$(stat_of "$1")
    "${@:2}" >"$TMP/said" 2>&1 || true
    after=$(stat_of "$1")
    echo $((after - before))
}

logged() { grep -qE "$1" "$TMP/daemon.log"; }

@test ".stats counts requests by their kind, and those that failed" {
    start_daemon
    mkdir "$MNT/m"
    echo 1 >"$MNT/m/1"
    equal 1 "$(requests_of mkdir mkdir "$MNT/another")"
    equal 1 "$(requests_of rmdir rmdir "$MNT/another")"
    equal 1 "$(requests_of create store "$MNT/m/2" 5)"
    equal 1 "$(requests_of write store "$MNT/m/2" 6)"
    equal 1 "$(requests_of unlink rm "$MNT/m/2")"
    equal 1 "$(requests_of rename mv "$MNT/m/1" "$MNT/m/3")"
    equal 1 "$(requests_of symlink ln -s target "$MNT/m/9")"
    before=$(stat_of write 2) all=$(stat_of requests 2)
    refused EINVAL store "$MNT/m/3" wrong
    equal $((before + 1)) "$(stat_of write 2)"
    (($(stat_of requests 2) > all))
    # What is listed adds up.
    equal "$(awk -F '\t' '$1 == "requests:" { print $2 }' "$MNT/.stats" | wc -w)" 2
    awk -F '[\t ]' '$1 == "requests:" { all = $2; failed = $3; next }
        all != "" { sum += $2; bad += $3 }
        END { exit !(sum == all && bad == failed && all > 20) }' "$MNT/.stats"
}

@test ".stats tells of memory, inodes, open files and time" {
    start_daemon
    mkdir "$MNT/m"
    rss=$(stat_of resident)
    real=$(awk '/^VmRSS/ { print $2 * 1024 }' "/proc/$(daemon)/status")
    ((rss > real / 2 && rss < real * 2))
    (($(stat_of resident_peak) >= rss / 2))
    before=$(stat_of inodes)
    for i in {1..50}; do echo "$i" >"$MNT/m/$i"; done
    (($(stat_of inodes) >= before + 40))
    rm "$MNT/m"/*
    eventually eval '(($(stat_of inodes) < before + 10))'
    echo 1 >"$MNT/m/1"
    open=$(stat_of "open files")
    exec 5<"$MNT/m/1" 6<"$MNT/m/1"
    equal $((open + 2)) "$(stat_of "open files")"
    exec 5<&- 6<&-
    eventually eval 'test "$(stat_of "open files")" = "$open"'
    up=$(stat_of uptime)
    ((up >= 0 && up < 300))
    sleep 1.1
    (($(stat_of uptime) > up))
}

@test ".stats is for the mount's owner alone, and not listed" {
    start_daemon -o allow_other,uid=1234,gid=1234
    equal '400 1234' "$(stat -c '%a %u' "$MNT/.stats")"
    chmod 755 "$MNT"
    refused EACCES setpriv --reuid=4321 --regid=4321 --clear-groups cat "$MNT/.stats"
    setpriv --reuid=1234 --regid=1234 --clear-groups grep -q '^requests:' "$MNT/.stats"
    equal '' "$(names -A "$MNT")"
    refused - store "$MNT/.stats" 0
}

@test "-o log=debug: each request is a line with path, result and time, and never with a value" {
    start_daemon -o log=debug
    mkdir "$MNT/m,value=char[16]"
    echo geheim >"$MNT/m/1"
    equal geheim "$(<"$MNT/m/1")"
    refused ENOENT cat "$MNT/m/2"
    refused EINVAL store "$MNT/m/1" "$(printf '%020d' 0)"
    mv "$MNT/m/1" "$MNT/m/3"
    time='^[-0-9]+ [:0-9]+\.[0-9]{6} pid [0-9]+ uid 0'
    eventually logged "$time: mkdir /m,value=char\[16\]: ok, [0-9]+ us\$"
    eventually logged "$time: create /m/1: ok, "
    eventually logged "$time: write /m/1: ok, "
    eventually logged "$time: read /m/1: ok, "
    eventually logged "$time: lookup /m/2: ENOENT, "
    eventually logged "$time: write /m/1: EINVAL, "
    eventually logged "$time: rename /m/1: ok, "
    eventually logged "$time: release /m/1: ok, "
    not grep -a geheim "$TMP/daemon.log"
}

@test "-o log=debug: a read that waits is a line when it is answered" {
    start_daemon -o log=debug
    mkdir "$MNT/ring,type=ringbuf,max_entries=4096"
    spawn timeout 1 cat "$MNT/ring/.stream"
    eventually logged 'read /ring/.stream: EINTR, [0-9]{6,} us$'
}

@test "-o log=debug: what somebody puts into a name is no line of its own" {
    start_daemon -o log=debug
    cat "$MNT/m"$'\n2026-01-01 00:00:00 pid 1 uid 0: rmdir /forged' 2>"$TMP/said" || true
    eventually logged 'lookup /m.2026'
    not grep -a '^2026-01-01' "$TMP/daemon.log"
}

@test "SIGUSR1 turns the lines on in a daemon that runs, and off again" {
    start_daemon
    mkdir "$MNT/m"
    not logged mkdir
    kill -USR1 "$(daemon)"
    eventually eval 'cat "$MNT/m/1" 2>/dev/null; logged "lookup /m/1: ENOENT"'
    kill -USR1 "$(daemon)"
    eventually eval 'lines=$(wc -l <"$TMP/daemon.log"); cat "$MNT/m/1" 2>/dev/null
        test "$lines" = "$(wc -l <"$TMP/daemon.log")"'
    echo 1 >"$MNT/m/1"
    not logged 'write /m/1'
}

@test "SIGUSR1 works with libfuse's loop, too, and breaks no request" {
    start_daemon -o clone_fd
    mkdir "$MNT/m"
    echo 7 >"$MNT/m/7"
    for _ in {1..20}; do
        kill -USR1 "$(daemon)"
        equal 7 "$(<"$MNT/m/7")"
    done
    # Signals that come while one is pending are one, so it may be on or off by now.
    eventually eval 'kill -USR1 "$(daemon)"; cat "$MNT/m/1" 2>/dev/null
        logged "lookup /m/1: ENOENT"'
}

@test "-o log= takes two words" {
    refused - "$BPFMAPFS" -f -o log=loud "$MNT"
    "$BPFMAPFS" -f -o log=loud "$MNT" 2>&1 | grep -q 'log=loud: refusals or debug'
    start_daemon -o log=refusals
    mkdir "$MNT/m"
    not logged mkdir
}
