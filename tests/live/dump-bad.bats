#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# .dump and what goes wrong: bad lines, full and frozen maps, readers that stop, maps that go
# (contract, sections 9 and 10).

load lib
load dump

ENTRIES=20000
STRERROR[ESTALE]='Stale file handle'

# filled [COUNT [MAP]]: m, or that one, has that many.
filled() {
    M=${2:-m}
    mkdir "$MNT/$M,max_entries=${1:-$ENTRIES}"
    "$BUILD/tests/mapload" fill "$PINS/$M" 0 "${1:-$ENTRIES}"
    ID=$(id_of "$PINS/$M")
}

# numbered FIRST LAST: lines in that order.
numbered() { seq "$1" "$2" | sed 's/.*/{"key":&,"value":&}/'; }

# has_first COUNT [MAP]: m has the entries of that many lines, and no others.
has_first() { kernel_lines "${2:-m}" | cmp - <(head -n "$1" "$TMP/lines" | sort); }

@test "a bad line: those before it are stored, none behind; its number is told" {
    start_daemon
    numbered 1 $ENTRIES >"$TMP/lines"
    for bad in 1 2 512 513 14000; do
        mkdir "$MNT/m$bad,max_entries=$ENTRIES"
        sed "${bad}s/.*/{\"key\":7,\"value\":seven}/" "$TMP/lines" >"$TMP/bad"
        not_loaded EINVAL m$bad "$TMP/bad" "line $bad: a digit is expected here"
        has_first $((bad - 1)) m$bad
    done
}

@test "the refusal has the text, and a caret under the place" {
    start_daemon
    mkdir "$MNT/m"
    # line | what is under the caret | sentence
    while IFS='|' read -r line at sentence; do
        printf '{"key":1,"value":1}\n\n%s\n' "$line" >"$TMP/lines"
        not_loaded EINVAL m "$TMP/lines" "line 3: $sentence"
        py "$line" "$at" <<'CODE'
first, quote, caret = text(".error_log").splitlines()
assert quote == "    " + sys.argv[1], (quote, sys.argv[1])
at = caret.index("^")
assert caret.strip() == "^" and quote[at:].startswith(sys.argv[2]), (quote, caret, sys.argv[2])
CODE
        equal "$(lines 1 1)" "$(kernel_lines m)"
    done <<'TABLE'
{"key":2,"value":x}|x}|a digit is expected
{"key":2}|}|',' is expected
{"value":2,"key":2}|"value"|"key" is expected
{"key":2,"value":2,"more":1}|,"more"|'}' is expected
{"key":2,"value":2} 5|5|nothing may follow
{"key":4294967296,"value":2}|4294967296|
{"key":-1,"value":2}|-1|
{"key":2,"value":18446744073709551616}|18446744073709551616|
{"key":2,"value":-1}|-1|
{"key":2,"value":"x"}|"x"|
{"key":"two","value":2}|two"|
{"key":null,"value":2}|null|
{"key":2,"value":nul}|nul}|
{"key":2,"value":[2]}|[2]|
[2,2]|[|'\{' is expected
{key:2,value:2}|key:2|"key" is expected
{"key":2 "value":2}|"value"|',' is expected
{"key":2,"value":2|
TABLE
}

@test "what is no text at all" {
    start_daemon
    mkdir "$MNT/m" "$MNT/c,key=char[8],value=char[8]"
    head -c 100000 /dev/urandom >"$TMP/random"
    refused EINVAL bash -c 'cat "$1" >"$2"' bash "$TMP/random" "$MNT/m/.dump"
    head -c 100000 /dev/zero >"$TMP/zeroes"
    not_loaded EINVAL m "$TMP/zeroes" 'line 1: '
    printf '{"key":1,"value":1}\n{"key":\0002,"value":2}\n' >"$TMP/lines"
    not_loaded EINVAL m "$TMP/lines" 'line 2: '
    printf '{"key":"a","value":"\xff"}\n' >"$TMP/lines"
    not_loaded EINVAL c "$TMP/lines" 'line 1: '
    printf '{"key":"\xff","value":"a"}\n' >"$TMP/lines"
    not_loaded EINVAL c "$TMP/lines" 'line 1: '
    printf '\xef\xbb\xbf{"key":1,"value":1}\n' >"$TMP/lines"
    not_loaded EINVAL m "$TMP/lines" 'line 1: '
    equal "$(lines 1 1)" "$(kernel_lines m)"
    equal '[]' "$(dump c)"
    cat "$MNT/m/.dump"
}

@test "a line that has no end is refused early, and costs no memory" {
    start_daemon
    mkdir "$MNT/m" "$MNT/c,value=char[100000],max_entries=4"
    echo '{"key":1,"value":1}' >"$MNT/m/.dump"
    before=$(highest)
    for how in '' '{"key":' '{"key":1,"value":' '{"key":"'; do
        for stuff in y ' ' 0; do
            for map in m c; do
                refused EINVAL bash -o pipefail -c '(printf "%s" "$1"; yes "$2" | tr -d "\n" | head -c 1G) >"$3"' \
                    bash "$how" "$stuff" "$MNT/$map/.dump"
            done
        done
    done
    refused EINVAL bash -o pipefail -c '(printf "%s" "$1"; yes abcdef | tr -d "\n" | head -c 1G) >"$2"' \
        bash '{"key":1,"value":"' "$MNT/c/.dump"
    (($(grep -c 'line 1: no line of this map has more than [0-9]* bytes' "$MNT/.error_log") >= 2))
    [[ -n ${SANITIZE:-} ]] || (($(highest) < before + 8192))
    equal "$(lines 1 1)" "$(kernel_lines m)"
    equal '[]' "$(dump c)"
}

@test "of the same key the last line counts" {
    start_daemon
    mkdir "$MNT/m"
    for i in {1..2000}; do echo "{\"key\":$((i % 3)),\"value\":$i}"; done >"$TMP/lines"
    cat "$TMP/lines" >"$MNT/m/.dump"
    equal "$(lines 0 1998 1 1999 2 2000)" "$(kernel_lines m)"
}

@test "a map that is full: the line, and what was there stays" {
    start_daemon
    for room in 10 1000; do
        map=m$room
        mkdir "$MNT/$map,max_entries=$room,map_flags=no_prealloc"
        numbered 1 $((room + 600)) >"$TMP/lines"
        for _ in 1 2; do
            not_loaded ENOSPC $map "$TMP/lines" "line $((room + 1)): [a-z]"
            has_first $room $map
        done
        (printf '{"key":1,"value":%s}\n' null 1 && sed 1d "$TMP/lines" | head -n $((room - 1))) >"$TMP/fits"
        cat "$TMP/fits" >"$MNT/$map/.dump" # all replace
        has_first $room $map
    done
}

@test "a map that is frozen while it is loaded" {
    start_daemon
    mkdir "$MNT/m"
    py <<'CODE'
fd = os.open(path("m/.dump"), os.O_WRONLY)
os.write(fd, b'{"key":1,"value":1}\n')
with open(path("m/.frozen"), "w") as f:
    f.write("1\n")
refused(errno.EROFS, os.write, fd, b'{"key":2,"value":2}\n')
os.close(fd)
CODE
    equal "$(lines 1 1)" "$(kernel_lines m)"
    equal "$(lines 1 1)" "$(<"$MNT/m/.dump")"
}

@test "a map that goes while it is loaded" {
    start_daemon
    mkdir "$MNT/m"
    id=$(id_of "$PINS/m")
    py "$id" <<'CODE'
fd = os.open(path("m/.dump"), os.O_WRONLY)
os.write(fd, b'{"key":1,"value":1}\n')
os.unlink(f"{PINS}/m")
for _ in range(500):
    if subprocess.run(["bpftool", "map", "show", "id", sys.argv[1]], capture_output=True).returncode:
        break
    time.sleep(0.02)
try:
    os.write(fd, b'{"key":2,"value":2}\n')
except OSError as e:
    assert e.errno in (errno.ESTALE, errno.ENOENT), e
else:
    raise AssertionError("stored nowhere")
CODE
}

# --- who stops

# stopped_by COMMAND...: it ends before the end of .dump, which it gets as its last word. No one
# then keeps the map.
stopped_by() {
    filled $ENTRIES "m$((++NUMBER))"
    "$@" "$MNT/$M/.dump" || true
    rm "$PINS/$M"
    eventually not map_exists "$ID"
    eventually not test -e "$MNT/$M"
}

stop_cat() {
    py "$@" <<'CODE'
import signal
cat = subprocess.Popen(["cat", sys.argv[2]], stdout=subprocess.PIPE, bufsize=0)
assert len(cat.stdout.read(1000)) == 1000
number = signal.Signals["SIG" + sys.argv[1]]
cat.send_signal(number)
assert cat.wait(10) == -number
open(os.environ["TMPDIR_OF"] + "/stopped", "a").write("x")
CODE
}

@test "readers that stop keep no map: head, a pipe that closes, SIGINT, SIGKILL" {
    start_daemon
    stopped_by head -c 10
    stopped_by head -n 1
    stopped_by bash -c 'cat "$1" | head -n 1' bash
    stopped_by grep -m 1 key
    for signal in INT KILL PIPE; do TMPDIR_OF=$TMP stopped_by stop_cat "$signal"; done
    equal xxx "$(<"$TMP/stopped")"
    equal '' "$(<"$MNT/.error_log")"
}

@test "an open .dump that nobody reads on, or writes to, keeps no map" {
    start_daemon
    filled
    spawn bash -c 'exec 5<"$1" 6<"$1" 7>"$1"; head -c 100 <&5; head -n 3000 <&6 | tail -n 1; echo "{\"key\":1,\"value\":1}" >&7; echo; touch "$2"; sleep 1000' \
        bash "$MNT/m/.dump" "$TMP/begun"
    eventually test -e "$TMP/begun"
    rm "$PINS/m"
    eventually not map_exists "$ID"
    equal '' "$(names "$MNT")"
}

@test "a reader that stops half way, again and again: nothing is left of it" {
    start_daemon
    filled
    pid=$(daemon_pid)
    for _ in {1..10}; do head -c 300000 "$MNT/m/.dump" >/dev/null; done
    quiet_again() { (($(find "/proc/$pid/task" -mindepth 1 -maxdepth 1 | wc -l) <= threads + 20)); }
    threads=$(find "/proc/$pid/task" -mindepth 1 -maxdepth 1 | wc -l)
    fds=$(find "/proc/$pid/fd" | wc -l)
    for _ in {1..40}; do head -c 300000 "$MNT/m/.dump" >/dev/null; done
    eventually quiet_again
    equal "$fds" "$(find "/proc/$pid/fd" | wc -l)"
}

# --- maps that go

@test "a map that goes while it is dumped: an error, and no end as if complete" {
    start_daemon
    filled 200000 # more than is read ahead
    mkfifo "$TMP/fifo"
    cat "$MNT/m/.dump" >"$TMP/fifo" 2>"$TMP/said" 3>&- &
    reader=$!
    exec 5<"$TMP/fifo"
    dd bs=64K count=1 iflag=fullblock status=none of="$TMP/part" <&5
    rm "$PINS/m"
    eventually not map_exists "$ID"
    cat <&5 >>"$TMP/part"
    exec 5<&-
    status=0
    wait $reader || status=$?
    equal 1 "$status"
    grep -q "${STRERROR[ESTALE]}" "$TMP/said"
    (($(wc -l <"$TMP/part") < 200000))
    grep -q 'read /m/.dump: ESTALE' "$MNT/.error_log"
    refused - cat "$MNT/m/.dump"
}

@test "a map that goes between open and the first read, and at the end" {
    start_daemon
    mkdir "$MNT/m"
    put m 1 1
    id=$(id_of "$PINS/m")
    py "$id" <<'CODE'
first, ended, begun = (os.open(path("m/.dump"), os.O_RDONLY) for _ in range(3))
line = b'{"key":1,"value":1}\n'
assert os.read(ended, 4096) == line and os.read(ended, 4096) == b""
assert os.read(begun, 5) == line[:5]
os.unlink(f"{PINS}/m")
for _ in range(500):
    if subprocess.run(["bpftool", "map", "show", "id", sys.argv[1]], capture_output=True).returncode:
        break
    time.sleep(0.02)
refused(None, os.read, first, 4096)
assert os.read(ended, 4096) == b""             # which is complete
refused(None, os.pread, ended, 4096, 0)        # and this is a new one
CODE
}

@test "a map that is renamed while it is dumped is read to its end" {
    start_daemon
    filled
    kernel_lines m >"$TMP/want"
    py <<'CODE' >"$TMP/got"
fd = os.open(path("m/.dump"), os.O_RDONLY)
got = os.read(fd, 1 << 16)
os.rename(path("m"), path("n"))
while part := os.read(fd, 1 << 16):
    got += part
sys.stdout.buffer.write(got)
CODE
    sort "$TMP/got" | cmp "$TMP/want" -
}

# --- two at once

@test "two load at once: other keys, and the same" {
    start_daemon
    mkdir "$MNT/m,max_entries=$ENTRIES"
    numbered 0 4999 >"$TMP/one"
    numbered 5000 9999 >"$TMP/two"
    dd if="$TMP/one" of="$MNT/m/.dump" bs=5000 status=none 3>&- &
    dd if="$TMP/two" of="$MNT/m/.dump" bs=7000 status=none
    wait $!
    numbered 0 9999 >"$TMP/lines"
    has_first 10000
    sed 's/"value":.*/"value":1}/' "$TMP/lines" >"$TMP/one"
    sed 's/"value":.*/"value":2}/' "$TMP/lines" >"$TMP/two"
    dd if="$TMP/one" of="$MNT/m/.dump" bs=5000 status=none 3>&- &
    dd if="$TMP/two" of="$MNT/m/.dump" bs=7000 status=none
    wait $!
    kernel_lines m >"$TMP/got"
    equal 10000 "$(wc -l <"$TMP/got")"
    not grep -vE '"value":[12]}$' "$TMP/got"
}

@test "a refusal of one loader is not another's" {
    start_daemon
    mkdir "$MNT/m"
    py <<'CODE'
a, b = (os.open(path("m/.dump"), os.O_WRONLY) for _ in range(2))
os.write(a, b'{"key":1,')
os.write(b, b'{"key":2,"value":2}\n')
refused(errno.EINVAL, os.write, b, b"bad\n")
os.write(a, b'"value":1}\n')
os.close(a)
os.write(b, b'{"key":3,"value":3}\n')
os.close(b)
CODE
    equal "$(lines 1 1 2 2 3 3)" "$(kernel_lines m)"
}

@test "half a line is told once, by its close" {
    start_daemon
    mkdir "$MNT/m"
    printf '{"key":1,' >"$MNT/m/.dump" || true
    eventually grep -q 'close /m/.dump: EINVAL: line 1: ' "$MNT/.error_log"
    echo '{"key":2,"value":3}' >"$MNT/m/.dump" # behind the RELEASE of the first
    equal 1 "$(grep -c '/m/.dump' "$MNT/.error_log")"
}

@test "a slash in a key is refused, and no other key stored in its place" {
    start_daemon
    mkdir "$MNT/a,key=ipv4" "$MNT/c,key=char[16]" "$MNT/n,key=u32" "$MNT/p,type=lpm_trie,key=ipv4_prefix"
    for line in a:10.0.0.1/2 c:usr/bin c:/ n:4/2 p:10.0.0.0/8 p:1/0.0.0.0_8; do
        echo >"$MNT/.error_log"
        echo "{\"key\":\"${line#*:}\",\"value\":1}" >"$TMP/line"
        not_loaded EINVAL "${line%%:*}" "$TMP/line" 'line 1: '
        cmp "$MNT/${line%%:*}/.dump" /dev/null
    done
}
