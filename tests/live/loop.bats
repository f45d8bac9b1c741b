#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The threads that answer: nobody waits for another's slow request, and the daemon always ends.
# shellcheck disable=SC2016 # scripts for shells of their own

load lib

KEYS=30

# A map with keys 1 to $KEYS, each a thousand times itself.
start_loop() { # OPTION...
    local i
    start_daemon "$@"
    mkdir "$MNT/m"
    for ((i = 1; i <= KEYS; i++)); do echo $((i * 1000)) >"$MNT/m/$i"; done
}

daemon() { echo "${DAEMONS[$MNT]}"; }
more_threads_than() { (($(threads) > $1)); }
has_threads() { equal "$1" "$(threads)" threads; }
threads() { find "/proc/$(daemon)/task" -mindepth 1 -maxdepth 1 | wc -l; }
ended() { not kill -0 "$1" 2>/dev/null; }

# Four that read until they cannot, one that waits for a record, and a file that stays open as 5.
start_readers() {
    local i
    mkdir "$MNT/ring,type=ringbuf,max_entries=4096"
    spawn cat "$MNT/ring/.stream" >/dev/null 2>&1
    eventually grep -q '^0 ' "/proc/${HELPERS[-1]}/syscall"
    for i in 1 2 3 4; do
        spawn bash -c 'while cat "$1"; do echo; done >"$2" 2>&1' bash "$MNT/m/$i" "$TMP/reader$i"
        eventually test -s "$TMP/reader$i"
    done
    exec 5<"$MNT/m/7"
}

# Ended, with 0, and nothing is mounted.
daemon_ended() {
    local pid
    pid=$(daemon)
    unset "DAEMONS[$MNT]"
    eventually ended "$pid"
    wait "$pid"
    not in_mount_table "$MNT"
}

# Each system call bpf(2) of the daemon takes half a minute, until strace is ended.
slow_down() {
    spawn strace -f -qq -e trace=bpf -e inject=bpf:delay_enter=30000000 -e signal=none \
        -o "$TMP/calls" -p "$(daemon)" 2>"$TMP/strace"
    STRACE=${HELPERS[-1]}
    eventually not grep -q '^TracerPid:[[:space:]]*0$' "/proc/$(daemon)/status"
}

# Keys 1 to LAST are being read, each by a cat, whose output cats_right looks at.
start_cats() { # LAST
    local i
    CATS=()
    for ((i = 1; i <= $1; i++)); do
        spawn cat "$MNT/m/$i" >"$TMP/cat$i"
        CATS+=("${HELPERS[-1]}")
    done
}

cats_right() {
    local i
    for i in "${CATS[@]}"; do eventually ended "$i"; done
    for ((i = 1; i <= ${#CATS[@]}; i++)); do equal $((i * 1000)) "$(<"$TMP/cat$i")"; done
}

end_by() { # SIGNAL
    # What a shell starts in the background ignores SIGINT.
    printf '#!/bin/sh\nexec env --default-signal=INT "%s" "$@"\n' "$BPFMAPFS" >"$TMP/daemon"
    chmod +x "$TMP/daemon"
    BPFMAPFS=$TMP/daemon start_loop
    start_readers
    kill -s "$1" "$(daemon)"
    daemon_ended
    exec 5<&-
}

@test "SIGTERM ends it while files are open and read" { end_by TERM; }
@test "SIGINT ends it while files are open and read" { end_by INT; }
@test "SIGHUP ends it while files are open and read" { end_by HUP; }

@test "SIGTERM ends an idle daemon, at whatever moment after its start" {
    for i in {0..9}; do
        start_daemon
        sleep "0.0$i"
        kill "$(daemon)"
        daemon_ended
    done
}

@test "SIGTERM during slow requests ends it after they are answered" {
    start_loop
    slow_down
    start_cats 3
    eventually more_threads_than 2
    kill "$(daemon)"
    sleep 0.5
    kill -0 "$(daemon)" # it waits for them
    kill "$STRACE"
    daemon_ended
}

@test "umount during a load of readers" {
    start_loop
    start_readers
    umount -l "$MNT"
    exec 5<&-
    stop_helpers
    daemon_ended
}

@test "an aborted connection ends it during a load of readers" {
    start_loop
    start_readers
    pid=$(daemon)
    abort_mount "$MNT"
    eventually ended "$pid"
    exec 5<&-
    stop_daemon
}

# All is open already, as path walks wait for a look at all maps, which is slow then too.
@test "slow requests hold up no bystander, and are answered" {
    start_loop
    py "$(daemon)" "$TMP/calls" <<'CODE'
import threading
daemon, calls = sys.argv[1:]
keys = [os.open(path(f"m/{i}"), os.O_RDONLY) for i in range(1, 7)]
log = os.open(path(".error_log"), os.O_RDONLY)
answers = {}

def until(true):
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline, "never came true"
        time.sleep(0.02)

def content(file):
    with open(file) as f:
        return f.read()

def read(i):
    os.pread(keys[i], 100, 0)                  # the snapshot of open
    answers[i] = os.pread(keys[i], 100, 0)

strace = subprocess.Popen(["strace", "-f", "-qq", "-e", "trace=bpf", "-e", "signal=none", "-e",
                           "inject=bpf:delay_enter=60000000", "-o", calls, "-p", daemon])
try:
    until(lambda: "TracerPid:\t0\n" not in content(f"/proc/{daemon}/status"))
    threads = [threading.Thread(target=read, args=(i,), daemon=True) for i in range(6)]
    for t in threads:
        t.start()
    until(lambda: all(content(f"/proc/self/task/{t.native_id}/syscall").startswith("17 ") for t in threads))
    for _ in range(20):
        os.pread(log, 100, 0)
        os.fstatvfs(log)
    assert not answers, answers
finally:
    strace.terminate()
    strace.wait()
for t in threads:
    t.join(30)
assert answers == {i: b"%d\n" % ((i + 1) * 1000) for i in range(6)}, answers
CODE
}

@test "no more threads than max_threads" {
    start_loop -o max_threads=3
    slow_down
    start_cats 20
    eventually has_threads 4 # and the main thread
    sleep 1
    has_threads 4
    kill "$STRACE"
    cats_right
}

@test "an idle daemon makes no system calls" {
    start_loop
    start_cats 30
    cats_right
    sleep 0.5
    timeout 3 strace -c -f -qq -o "$TMP/calls" -p "$(daemon)" || true
    equal '' "$(<"$TMP/calls")"
    # So it does tell of calls.
    spawn strace -c -f -qq -o "$TMP/calls" -p "$(daemon)"
    eventually not grep -q '^TracerPid:[[:space:]]*0$' "/proc/$(daemon)/status"
    cat "$MNT/m/1"
    stop_helpers
    grep -q read "$TMP/calls"
}

# Each writes and reads a key of its own, thirty at a time.
ask_at_once() {
    local i
    HELPERS=()
    for ((i = 1; i <= KEYS; i++)); do
        bash -c 'for ((j = 0; j < 20; j++)); do
            echo $(($2 * 1000 + j)) >"$1" || exit
            [[ $(<"$1") == $(($2 * 1000 + j)) ]] || exit
        done' bash "$MNT/m/$i" "$i" 3>&- &
        HELPERS+=($!)
    done
    for i in "${HELPERS[@]}"; do wait "$i"; done
    HELPERS=()
    for ((i = 1; i <= KEYS; i++)); do equal $((i * 1000 + 19)) "$(get m "$i")"; done
}

@test "thirty clients at once get right answers" {
    start_loop
    ask_at_once
    (($(threads) <= 11)) # ten, and the main thread
}

@test "-s: one thread answers thirty clients" {
    start_loop -s
    ask_at_once
    has_threads 2
}

@test "clone_fd and max_idle_threads, which only the loop of libfuse has" {
    start_loop -o clone_fd,max_idle_threads=3
    ask_at_once
}
