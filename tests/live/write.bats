#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Writing a key: what is stored, when, and what is refused (contract, section 7).
# shellcheck disable=SC2016 # scripts for shells of their own

load lib

# A map m of u32 to u64 with 7 under 1.
given_seven() {
    start_daemon
    mkdir "$MNT/m"
    echo 7 >"$MNT/m/1"
}

@test "texts that are accepted" {
    start_daemon
    while IFS='|' read -r type text want; do
        mkdir "$MNT/m,value=$type"
        printf '%b' "$text" >"$MNT/m/1"
        equal "$want" "$(<"$MNT/m/1")" "$type $text"
        rm -r "$MNT/m"
    done <<'TABLE'
u64|5\n|5
u64|5|5
u64|0x1f\n|31
u64|0xffffffffffffffff\n|18446744073709551615
u64|18446744073709551615\n|18446744073709551615
u8|0xff\n|255
s8|-128\n|-128
s32|-1\n|-1
8|0x1f\n|31
TABLE
}

@test "texts that are refused, in the write, with the old value kept and no key made" {
    start_daemon
    while IFS='|' read -r type text; do
        mkdir "$MNT/m,value=$type"
        echo 7 >"$MNT/m/1"
        was=$(bytes_of m "$(le 4 1)")
        for shell in bash dash zsh; do
            command -v "$shell" >/dev/null || continue
            refused - "$shell" -c 'echo "$2" >"$1"' "$shell" "$MNT/m/1" "$text"
            equal "$was" "$(bytes_of m "$(le 4 1)")" "$type $text $shell"
            refused - "$shell" -c 'echo "$2" >"$1"' "$shell" "$MNT/m/2" "$text"
            equal 1 "$(names "$MNT/m")" "$type $text $shell"
        done
        refused EINVAL store "$MNT/m/1" "$text"
        refused EINVAL store "$MNT/m/2" "$text"
        rm -r "$MNT/m"
    done <<'TABLE'
u64|abc
u64|-1
u64|18446744073709551616
u64|1.0
u64|1e3
u64|5x
u64|5 5
u64|0x1ffffffffffffffff
u64|0xfg
u64|0x
u64|
s32|-
u64|--5
u64|[1]
u64|"5"
u8|300
u8|256
u8|-1
s8|128
s8|-129
s64|9223372036854775808
1|256
TABLE
}

@test "every tool that writes sees a refusal" {
    given_seven
    echo abc >"$TMP/bad"
    printf 0x >"$TMP/cut"
    n=0
    while read -r tool; do
        for text in bad cut; do
            # cut is refused at close, which echo and printf of a shell do not see
            refused EINVAL bash -c "set -o pipefail; $tool" bash "$MNT/m/1" "$TMP/$text"
            equal 7 "$(get m 1)" "$tool"
        done
        n=$((n + 1))
        echo "$n" >"$TMP/good"
        bash -c "set -o pipefail; $tool" bash "$MNT/m/1" "$TMP/good"
        equal "$n" "$(get m 1)" "$tool"
        echo 7 >"$MNT/m/1"
    done <<'TOOLS'
cp "$2" "$1"
cat "$2" >"$1"
tee "$1" <"$2"
dd if="$2" of="$1"
dd if="$2" of="$1" conv=notrunc
sed '' "$2" >"$1"
TOOLS
}

@test "a prefix of something complete waits for the rest" {
    given_seven
    mkdir "$MNT/s,value=s32" "$MNT/hex,value=3"
    py <<'CODE'
def pieces(name, *texts):
    fd = os.open(path(name), TRUNC | os.O_CREAT)
    for t in texts:
        assert os.write(fd, t) == len(t)
    os.close(fd)
for name, texts, want in (("m/1", (b"0x", b"1f\n"), "31\n"), ("m/1", (b"12", b"3", b"\n"), "123\n"),
                          ("m/1", (b"45", b"6"), "456\n"), ("s/1", (b"-", b"5\n"), "-5\n"),
                          ("hex/1", (b"01 ", b"0", b"2 0", b"3"), "01 02 03\n"),
                          ("hex/2", (b"0", b"x0102", b"03\n"), "01 02 03\n")):
    pieces(name, *texts)
    assert text(name) == want, (name, texts, text(name))
CODE
    printf '123\n' | dd of="$MNT/m/1" bs=1 status=none
    equal 123 "$(get m 1)"
}

@test "what is still a prefix at close is refused there, and stores nothing" {
    given_seven
    mkdir "$MNT/s,value=s32" "$MNT/percpu,type=percpu_array,max_entries=2"
    echo 7 >"$MNT/s/1"
    py <<'CODE'
def cut(name, text, flags=TRUNC):
    fd = os.open(path(name), flags)
    os.write(fd, text)
    os.close(fd)
for name, texts in (("m/1", (b"0x",)), ("s/1", (b"-", b"0x")), ("percpu/1", (b"[", b"[1", b"[1,"))):
    before = text(name)
    for t in texts:
        refused(errno.EINVAL, cut, name, t)
        assert text(name) == before
refused(errno.EINVAL, cut, "m/2", b"0x", TRUNC | os.O_CREAT)
refused(errno.ENOENT, os.stat, path("m/2"))
CODE
    equal 1 "$(names "$MNT/m")"
}

@test "a child that inherits the file and ends judges nothing" {
    start_daemon
    mkdir "$MNT/percpu,type=percpu_array,max_entries=1"
    rest=$(seq -f ,%g 6 $((4 + $(cpus))) | tr -d '\n')
    (printf '[5' && /bin/sleep 0.1 && printf '%s]\n' "$rest") >"$MNT/percpu/0" 2>"$TMP/err"
    equal '' "$(<"$TMP/err")"
    equal "[5$rest]" "$(<"$MNT/percpu/0")"
}

@test "what was refused at one's close is nobody else's error" {
    given_seven
    py <<'CODE'
fd = os.open(path("m/1"), TRUNC)
os.write(fd, b"0x")
refused(errno.EINVAL, os.close, fd)
CODE
    chmod 600 "$MNT/m/1"
    touch "$MNT/m/1"
    equal 7 "$(get m 1)"
}

@test "a piece that fits nothing is refused in its write, and the text begun is not stored" {
    given_seven
    py <<'CODE'
fd = os.open(path("m/1"), TRUNC)
os.write(fd, b"0x")
refused(errno.EINVAL, os.write, fd, b"zz")
try: os.close(fd)
except OSError: pass
assert text("m/1") == "7\n"
CODE
    equal 7 "$(get m 1)"
}

@test "a write at offset 0 starts anew; one behind a complete line is refused" {
    given_seven
    py <<'CODE'
fd = os.open(path("m/1"), TRUNC)
for t in (b"123\n", b"4\n", b"56\n"):
    assert os.pwrite(fd, t, 0) == len(t)
    assert text("m/1") == t.decode()
refused(errno.EINVAL, os.pwrite, fd, b"9\n", 3)
refused(None, os.pwrite, fd, b"9\n", 1 << 40)
try: os.close(fd)
except OSError: pass
CODE
    equal 56 "$(get m 1)"
    refused EINVAL bash -c '{ echo 1 && echo 2; } >"$1"' bash "$MNT/m/1"
    equal 1 "$(get m 1)"
}

@test "an empty flush stores nothing: echo never passes through zero" {
    given_seven
    { sleep 0.3 && echo 5; } >"$MNT/m/1" &
    writer=$!
    while kill -0 "$writer" 2>/dev/null; do
        now=$(get m 1)
        [[ $now == 7 || $now == 5 ]] || { echo "saw $now" && false; }
    done
    wait "$writer"
    equal 5 "$(get m 1)"
    py <<'CODE'
fd = os.open(path("m/1"), TRUNC)
os.close(os.dup(fd))                  # flush, as a shell's dup2 does
if os.fork() == 0: os._exit(0)        # flush, as a child's exit does
os.wait()
assert bpftool("lookup", "pinned", PINS + "/m", "key", *octets("<I", 1)).find(b'"value":5') > 0
os.write(fd, b"6\n")
os.close(fd)
CODE
    equal 6 "$(get m 1)"
}

@test "truncated and closed without a write: zero, and the next command sees it" {
    given_seven
    for shell in bash dash; do
        "$shell" -euc '
            i=0
            while [ $i -lt 200 ]; do
                i=$((i + 1))
                echo $i >"$1"
                : >"$1"
                read -r now <"$1"
                [ "$now" = 0 ] || { echo "round $i: $now"; exit 1; }
            done' "$shell" "$MNT/m/1"
        echo 7 >"$MNT/m/1"
        "$shell" -c ': >"$1"' "$shell" "$MNT/m/1"
        equal 0 "$(get m 1)"
    done
    : >"$MNT/m/2"
    equal 0 "$(get m 2)"
    echo 7 >"$MNT/m/1"
    truncate -s 0 "$MNT/m/1"
    equal 0 "$(get m 1)"
}

@test "truncated and kept open: what another stores meanwhile stays" {
    given_seven
    exec 4>"$MNT/m/1"
    echo 8 >"$MNT/m/1"
    exec 4>&-
    equal 8 "$(<"$MNT/m/1")" # answered once that file is closed
    equal 8 "$(get m 1)"
}

@test "touch: zero for a new key, nothing for one that is there" {
    given_seven
    touch "$MNT/m/1" "$MNT/m/2"
    equal 7 "$(get m 1)"
    equal 0 "$(get m 2)"
    touch -c "$MNT/m/3"
    equal none "$(get m 3)"
}

@test "a full map: ENOSPC for a new key, not for an old one" {
    start_daemon
    mkdir "$MNT/m,max_entries=2" "$MNT/lpm,type=lpm_trie,key=8,value=u64,max_entries=1" \
        "$MNT/lru,type=lru_hash,max_entries=2"
    echo 1 >"$MNT/m/1"
    echo 2 >"$MNT/m/2"
    for shell in bash dash; do
        refused - "$shell" -c 'echo 3 >"$1"' "$shell" "$MNT/m/3"
    done
    refused ENOSPC store "$MNT/m/3" 3
    refused ENOSPC touch "$MNT/m/3"
    bash -c ': >"$1"' bash "$MNT/m/3" || true # dash and bash may not see it, but no key is made
    refused ENOSPC cp "$MNT/m/1" "$MNT/m/3"
    equal '1 2' "$(names "$MNT/m")"
    echo 4 >"$MNT/m/2"
    equal "1 4" "$(get m 1) $(get m 2)"
    echo 1 >"$MNT/lpm/0a000000_8"
    refused ENOSPC store "$MNT/lpm/0b000000_8" 1
    for i in {1..50}; do echo "$i" >"$MNT/lru/$i"; done # never full
    equal 50 "$(<"$MNT/lru/50")"
}

@test "O_EXCL makes a key that was not there" {
    given_seven
    bash -c 'set -C; echo 5 >"$1"' bash "$MNT/m/2"
    equal 5 "$(get m 2)"
    refused - bash -c 'set -C; echo 6 >"$1"' bash "$MNT/m/2"
    py <<'CODE'
refused(errno.EEXIST, os.open, path("m/1"), EXCL, 0o666)
refused(errno.EEXIST, os.open, path("m/0x1"), EXCL, 0o666)

# Of two that race for one key, whatever the order of their steps, one wins.
won, fds = [], []
for value in (b"10\n", b"20\n"):
    try: fds.append((os.open(path("m/3"), EXCL, 0o666), value))
    except OSError as e: assert e.errno == errno.EEXIST, e
for fd, value in fds:
    try:
        os.write(fd, value)
        os.close(fd)
        won.append(value.decode())
    except OSError as e: assert e.errno == errno.EEXIST, e
assert won == [text("m/3")], won

# The same against another process.
try:
    fd = os.open(path("m/4"), EXCL, 0o666)
    put("m", 4, 99)
    os.write(fd, b"1\n")
except OSError as e: assert e.errno == errno.EEXIST and text("m/4") == "99\n", e
CODE
    equal 7 "$(get m 1)"
    equal 5 "$(get m 2)"
}

@test "without O_CREAT no key is made, not even when it goes after the open" {
    given_seven
    py <<'CODE'
refused(errno.ENOENT, os.open, path("m/2"), TRUNC)
fd = os.open(path("m/1"), TRUNC)
drop("m", 1)
refused(errno.ENOENT, os.write, fd, b"5\n")
try: os.close(fd)
except OSError: pass
refused(errno.ENOENT, os.stat, path("m/1"))
CODE
    equal none "$(get m 1)"
}

@test "a key that goes behind a listing that gave it is made again" {
    given_seven
    for _ in {1..5}; do
        store "$MNT/m/1" 7
        ls -lU "$MNT/m" >"$TMP/listed" # the kernel believes the name for a second
        put m 1 12345
        equal 12345 "$(<"$MNT/m/1")" # another length than was listed: attributes are asked anew
        drop m 1
        store "$MNT/m/1" 8
        equal 8 "$(get m 1)"
    done
}

@test ">> on a number is refused, on a new key it works" {
    given_seven
    for shell in bash dash; do
        refused - "$shell" -c 'echo 5 >>"$1"' "$shell" "$MNT/m/1"
        equal 7 "$(get m 1)"
    done
    refused EINVAL bash -c 'echo 5 >>"$1"' bash "$MNT/m/1"
    equal 7 "$(get m 1)"
    echo 5 >>"$MNT/m/2"
    equal 5 "$(get m 2)"
}

@test "opened without O_TRUNC the present text is changed, and judged at the end" {
    given_seven
    py <<'CODE'
put("m", 1, 123)
with open(path("m/1"), "r+") as f:           # shorter
    assert f.read() == "123\n"
    f.seek(0)
    f.write("9\n")
    f.truncate()
assert text("m/1") == "9\n"
with open(path("m/1"), "r+") as f:           # longer
    f.write("1234\n")
assert text("m/1") == "1234\n"

fd = os.open(path("m/1"), os.O_WRONLY)       # in the middle
os.pwrite(fd, b"99", 1)
os.close(fd)
assert text("m/1") == "1994\n"

fd = os.open(path("m/1"), os.O_WRONLY)       # fsync judges and stores
os.pwrite(fd, b"8", 3)
os.fsync(fd)
assert text("m/1") == "1998\n"
def spoil(end):
    os.pwrite(fd, b"x", 3)
    end(fd)
refused(errno.EINVAL, spoil, os.fsync)
try: os.close(fd)
except OSError: pass
assert text("m/1") == "1998\n"

fd = os.open(path("m/1"), os.O_WRONLY)       # close judges
refused(errno.EINVAL, spoil, os.close)
assert text("m/1") == "1998\n"

fd = os.open(path("m/1"), os.O_WRONLY)       # vim: empty it, write, fsync
os.ftruncate(fd, 0)
os.write(fd, b"5\n")
os.fsync(fd)
os.close(fd)
assert text("m/1") == "5\n"

fd = os.open(path("m/1"), os.O_WRONLY)       # rsync --inplace: write, cut at the end
os.write(fd, b"66\n")
os.ftruncate(fd, 3)
os.close(fd)
assert text("m/1") == "66\n"

fd = os.open(path("m/1"), os.O_WRONLY)       # opened and closed: nothing
os.close(fd)
assert text("m/1") == "66\n"
CODE
    printf 8 | dd of="$MNT/m/1" conv=notrunc bs=1 seek=1 status=none
    equal 68 "$(get m 1)"
    refused EINVAL truncate -s 100 "$MNT/m/1"
    equal 68 "$(get m 1)"
}

@test "a descriptor for both reads what it wrote" {
    given_seven
    py <<'CODE'
fd = os.open(path("m/1"), os.O_RDWR)
assert os.pread(fd, 10, 0) == b"7\n"
os.pwrite(fd, b"8\n", 0)
os.fsync(fd)
assert os.pread(fd, 10, 0) == b"8\n"
os.close(fd)
CODE
    exec 4<>"$MNT/m/1"
    echo 9 >&4
    exec 4>&-
    equal 9 "$(get m 1)"
}

@test "a value of a megabyte, in many writes" {
    start_daemon
    mkdir "$MNT/m,value=1000000,max_entries=4"
    head -c 1000000 /dev/urandom | od -An -v -tx1 | tr -d '\n' | sed 's/^ //; s/$/\n/' >"$TMP/hex"
    cp "$TMP/hex" "$MNT/m/1"
    tr -d ' ' <"$TMP/hex" >"$MNT/m/2"
    dd if="$TMP/hex" of="$MNT/m/3" bs=77777 status=none
    cp "$MNT/m/1" "$MNT/m/4"
    for key in 1 2 3 4; do cmp "$TMP/hex" "$MNT/m/$key"; done
    equal 3000000 "$(stat -c %s "$MNT/m/1")"
    refused EINVAL bash -c 'head -c 2999990 "$2" | cat >"$1"' bash "$MNT/m/1" "$TMP/hex"
    cmp "$TMP/hex" "$MNT/m/1"
}

@test "four megabytes in writes of 512 bytes" {
    start_daemon
    mkdir "$MNT/m,value=4000000,max_entries=2"
    head -c 4000000 /dev/urandom | od -An -v -tx1 | tr -d '\n' | sed 's/^ //; s/$/\n/' >"$TMP/hex"
    cp "$TMP/hex" "$MNT/m/1"
    timeout 120 dd if="$MNT/m/1" of="$MNT/m/2" bs=512 status=none
    cmp "$TMP/hex" <(cat "$MNT/m/2")
}

@test "many writers, readers and removers at once" {
    start_daemon
    mkdir "$MNT/m,max_entries=100"
    for _ in 1 2 3 4; do
        spawn bash -c 'while :; do for key in {1..20}; do
            echo $((key * 111)) >"$1/$key"; cat "$1/$key"; rm -f "$1/$key"; done; done
            ' bash "$MNT/m" >>"$TMP/read" 2>/dev/null
    done
    for _ in {1..40}; do
        ls -f "$MNT/m" >/dev/null
        cat "$MNT"/m/* >>"$TMP/read" 2>/dev/null || true
    done
    stop_helpers
    # nothing but whole values that someone wrote
    awk '$1 % 111 || $1 > 2220 || NF != 1 { print "read: " $0; bad = 1 } END { exit bad }' "$TMP/read"
}

@test "cp and cp -a from key to key" {
    given_seven
    cp "$MNT/m/1" "$MNT/m/2"
    cp -a "$MNT/m/1" "$MNT/m/3"
    echo 8 >"$MNT/m/1"
    cp -a "$MNT/m/1" "$MNT/m/2"
    equal "8 8 7" "$(get m 1) $(get m 2) $(get m 3)"
}

@test "names that are no key cannot be made, nor found" {
    given_seven
    for name in notakey 1.5 -1 4294967296 1~ 0x; do
        refused EINVAL store "$MNT/m/$name" 1
        refused EINVAL touch "$MNT/m/$name"
        refused ENOENT cat "$MNT/m/$name"
        refused ENOENT rm "$MNT/m/$name"
    done
    for name in .git RCS '.#1' .dir-locals.el; do refused ENOENT stat "$MNT/m/$name"; done
    equal 1 "$(names "$MNT/m")"
}

@test "a map's directory takes no directories, devices or hard links" {
    given_seven
    for name in sub 5; do
        status=0
        mkdir "$MNT/m/$name" 2>"$TMP/err" || status=$?
        ((status)) && grep -qE "${STRERROR[EINVAL]}|${STRERROR[EPERM]}" "$TMP/err"
        refused - mkfifo "$MNT/m/$name"
        refused - ln "$MNT/m/1" "$MNT/m/$name"
    done
    refused - ln -s target "$MNT/m/5"
    equal 1 "$(names "$MNT/m")"
}
