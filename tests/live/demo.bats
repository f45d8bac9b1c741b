#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# The tour of `make demo`: that it shows what it says, and that nothing of it stays, however it ends.

load lib

DEMO=$BATS_TEST_DIRNAME/../../scripts/demo

eval "lib_$(declare -f teardown)"
teardown() {
    ! terminal list-sessions >/dev/null 2>&1 || terminal kill-server
    lib_teardown
}

# begin NAME [COMMAND...]: a tour without a terminal; PID and $TMP/NAME are its own.
begin() {
    spawn env --default-signal=INT "${@:2}" "$DEMO" </dev/null >"$TMP/$1" 2>&1
    PID=${HELPERS[-1]}
}

# ended PID: its status, when it has ended by itself.
ended() {
    local status=0
    wait "$1" || status=$?
    echo "$status" >"$TMP/status"
}

# maps_of PID: their ids, while the tour runs.
maps_of() {
    local pin
    for pin in "/sys/fs/bpf/bpfmapfs-demo-$1"/maps/*; do info "$pin"; done |
        grep -o '"id":[0-9]*' | cut -d: -f2
}

nothing_left() { # PID
    local name=bpfmapfs-demo-$1
    ! find /run/netns /sys/fs/bpf "${TMPDIR:-/tmp}" -maxdepth 1 | grep -w "$name" || return
    ! grep -w "$name" /proc/self/mounts || return
    ! pgrep -af "$name\\b"
}

maps_gone() { # ID...
    local id
    for id; do ! map_exists "$id" || return; done
}

# shows NAME TEXT: once the tour has said so.
shows() { eventually grep -qF -- "$2" "$TMP/$1"; }

terminal() { TMUX_TMPDIR=$TMP tmux -L demo -f /dev/null "$@" 3>&-; }

# in_terminal NAME: a tour in a terminal of its own, which stays; sets PID. Its status goes into a file,
# as tmux may leave a process that has ended a zombie, and knows of no end.
in_terminal() {
    cat >"$TMP/in_terminal" <<'SH'
trap : INT
sh -c 'echo $$ >"$0.pid"; exec "$1"' "$1" "$2"
echo $? >"$1.status"
exec cat
SH
    terminal new-session -d -s "$1" -x 100 -y 60 "exec bash $(printf '%q ' "$TMP/in_terminal" "$TMP/$1" "$DEMO")"
    eventually test -s "$TMP/$1.pid"
    PID=$(<"$TMP/$1.pid")
}

on_screen() { terminal capture-pane -p -t "$1" | grep -F -- "$2"; } # NAME TEXT

# ended_with STATUS NAME
ended_with() {
    eventually test -s "$TMP/$2.status"
    equal "$1" "$(<"$TMP/$2.status")" "status of $2"
}

# goes_on NAME TEXT: Enter, when it is asked for, until the text is there.
goes_on() {
    local i
    for ((i = 0; i < 300; i++)); do
        ! on_screen "$1" "$2" || return 0
        ! on_screen "$1" '[Enter ' || terminal send-keys -t "$1" Enter
        sleep 0.1
    done
    terminal capture-pane -p -t "$1"
    return 1
}

in_order() { # FILE PATTERN...: lines that follow one another, others between them
    awk 'BEGIN { for (i = 2; i < ARGC; i++) { want[i - 1] = ARGV[i]; delete ARGV[i] } at = 1 }
        at in want && $0 ~ want[at] { at++ }
        END { if (at in want) { print "missing: " want[at]; exit 1 } }' "$@" || { cat "$1" && return 1; }
}

@test "two tours at a time, without a terminal, show what they are to show" {
    local tour pid=()
    start_daemon
    mkdir "$MNT/bystander"
    echo 7 >"$MNT/bystander/1"
    for tour in one other; do
        begin "$tour"
        pid+=("$PID")
    done
    ended "${pid[0]}"
    equal 0 "$(<"$TMP/status")" "status of $(<"$TMP/one")"
    ended "${pid[1]}"
    equal 0 "$(<"$TMP/status")" "status of $(<"$TMP/other")"
    for tour in one other; do
        in_order "$TMP/$tour" '^# ls$' '^blocked$' '^counters$' \
            '^# for .* cat counters' '"packets":[1-9]' \
            '^# echo 1 > blocked/192.0.2.2_32$' ' 100% packet loss' ' 0% packet loss' \
            '^counters/192.0.2.2,ICMP:.*"dropped":[5-9]}$' '^counters/192.0.2.3,ICMP:.*"dropped":0}$' \
            '^# rm blocked/192.0.2.2_32$' ' 0% packet loss' \
            'Invalid argument$' 'EINVAL: out of range: 0 to 255$' '192.0.2.300_32$' '\^$' \
            '^# rm blocked' '^0$' '^# cp .* diff -r' '^200$' ' 100% packet loss' 'gone again'
        [ "$(grep -o '^{"packets":[0-9]*' "$TMP/$tour" | sort -u | wc -l)" -ge 2 ]
        not grep -P '[^\x20-\x7e]' "$TMP/$tour"
        [ "$(wc -l <"$TMP/$tour")" -lt 60 ]
    done
    nothing_left "${pid[0]}"
    nothing_left "${pid[1]}"
    equal 7 "$(get bystander 1)"
    equal bystander "$(names "$MNT")"
}

@test "signals and failures in the middle leave nothing" {
    local ids pid=() i want=(143 130 137)
    local signals=(TERM INT KILL) moments=('# for second' '# for host in 192.0.2.2 192.0.2.3; do from $host -c' '# ls')
    for i in 0 1 2; do
        begin "${signals[i]}"
        pid+=("$PID")
    done
    for i in 2 0 1; do
        shows "${signals[i]}" "${moments[i]}"
        ids=$(maps_of "${pid[i]}")
        equal 2 "$(wc -w <<<"$ids")" maps
        kill "-${signals[i]}" "${pid[i]}"
        ended "${pid[i]}"
        equal "${want[i]}" "$(<"$TMP/status")" "status after ${signals[i]}"
        [ "${signals[i]}" = KILL ] || nothing_left "${pid[i]}"
        eventually nothing_left "${pid[i]}"
        # shellcheck disable=SC2086 # a list of ids
        eventually maps_gone $ids
    done
    mkdir "$TMP/build"
    ln -s "$BUILD/demo.bpf.o" "$TMP/build"
    ln -s /bin/false "$TMP/build/bpfmapfs"
    begin failure BUILD="$TMP/build"
    ended "$PID"
    equal 1 "$(<"$TMP/status")"
    grep -x 'demo: this should not have failed' "$TMP/failure"
    nothing_left "$PID"
}

@test "a command that has only just begun is ended, too" {
    local signal
    mkdir "$TMP/build"
    ln -s "$BUILD/demo.bpf.o" "$BUILD/bpfmapfs" "$TMP/build"
    printf '#!/bin/sh\nsleep 1\nexec %q "$@"\n' "$(command -v nsenter)" >"$TMP/build/nsenter"
    chmod +x "$TMP/build/nsenter"
    for signal in TERM KILL; do
        begin "$signal" BUILD="$TMP/build"
        shows "$signal" '# bpftool prog load'
        kill "-$signal" "$PID"
        ended "$PID"
        [ "$signal" = KILL ] || nothing_left "$PID"
        eventually nothing_left "$PID"
    done
}

@test "in a terminal, Enter goes on, Ctrl-C ends it, and it may be closed" {
    local pid shut
    in_terminal tour
    pid=$PID
    in_terminal stopped
    eventually on_screen stopped '[Enter '
    terminal send-keys -t stopped C-c
    ended_with 130 stopped
    nothing_left "$PID"
    in_terminal shut
    shut=$PID
    goes_on shut Every
    terminal kill-session -t shut
    goes_on tour 'Every 1.0s: grep . counters/'
    eventually nothing_left "$shut"
    goes_on tour 'gone again'
    ended_with 0 tour
    nothing_left "$pid"
}

@test "who is not root, or has not built it, is told what to do" {
    # shellcheck disable=SC2034 # refused's
    STRERROR[ROOT]='run it as root' STRERROR[BUILD]='make demo builds it'
    refused ROOT setpriv --reuid=65534 --regid=65534 --clear-groups bash -s <"$DEMO"
    BUILD=$TMP refused BUILD "$DEMO"
    "$DEMO" --help | grep '^usage: '
}
