#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# .dump as tools read and write it: a whole map as lines (contract, section 9).

load lib
load dump

# filled [ENTRIES]: m has that many, or 5000: more than a read brings.
filled() {
    mkdir "$MNT/m,max_entries=${1:-5000}"
    "$BUILD/tests/mapload" fill "$PINS/m" 0 "${1:-5000}"
    kernel_lines m >"$TMP/want"
}

# read_by COMMAND...: what it prints are the lines that the kernel has.
read_by() {
    "$@" >"$TMP/got" || {
        echo "exit status $?: $*"
        return 1
    }
    sort "$TMP/got" | cmp "$TMP/want" -
}

@test "it is not listed, is a file, and stat does not read it" {
    start_daemon
    mkdir "$MNT/m,type=hash"
    equal .map "$(names -A "$MNT/m")"
    equal 'regular empty file 600' "$(stat -c '%F %a' "$MNT/m/.dump")"
    refused - mkdir "$MNT/m/.dump"
    refused - rm "$MNT/m/.dump"
    refused - mv "$MNT/m/.dump" "$MNT/m/.other"
    rmdir "$MNT/m"
}

@test "an empty map is an empty file; a new one that is written to is no longer fresh" {
    start_daemon
    mkdir "$MNT/m"
    cmp "$MNT/m/.dump" /dev/null
    echo '{"key":1,"value":2}' >"$MNT/m/.dump"
    equal 2 "$(get m 1)"
    refused - store "$MNT/m/.map" 'type=array'
    equal 2 "$(get m 1)"
    mkdir "$MNT/n"
    cmp "$MNT/n/.dump" /dev/null
    printf '%s\n' type=hash key=u32 value=u64 max_entries=3 >"$MNT/n/.map" # reading changes nothing
    echo '{"key":1,"value":2}' >"$MNT/n/.dump"
    equal 2 "$(get n 1)"
    mkdir "$MNT/a"
    printf '%s\n' type=array key=u32 value=u64 max_entries=3 >"$MNT/a/.map"
    equal "$(names "$MNT/a" | wc -w)" "$(wc -l <"$MNT/a/.dump")" # as in a restore
    echo '{"key":1,"value":2}' >"$MNT/a/.dump"
    equal '{"key":1,"value":2}' "$(<"$MNT/a/.dump")"
}

@test "readers: cat, head, tail, wc, grep, cp, dd" {
    start_daemon
    filled
    dump=$MNT/m/.dump
    read_by cat "$dump"
    read_by bash -c 'cat <"$1" | cat' bash "$dump"
    read_by tail -n +1 "$dump"
    read_by grep key "$dump"
    read_by dd if="$dump" bs=1M status=none
    read_by dd if="$dump" bs=7 status=none
    read_by bash -c 'while IFS= read -r line; do echo "$line"; done <"$1"' bash "$dump"
    for how in '' --reflink=auto --sparse=always -a; do
        cp $how "$dump" "$TMP/copy"
        read_by cat "$TMP/copy"
    done
    equal 5000 "$(wc -l <"$dump")"
    equal "$(head -n 9 "$dump" | sort -u)" "$(head -n 9 "$dump" | sort)"
    equal "$(wc -c <"$TMP/want")" "$(wc -c "$dump" | cut -d' ' -f1)"
    equal '{"key":4999,"value":4999}' "$(grep '"key":4999,' "$dump")"
    equal "$(head -n 3 "$TMP/got")" "$(head -n 3 "$dump")"
    equal "$(tail -n 3 "$TMP/got")" "$(tail -n 3 "$dump")"
    equal "$(tail -c 9 "$TMP/got")" "$(tail -c 9 "$dump")"
    equal "$(head -c 9 "$TMP/got")" "$(head -c 9 "$dump")"
    echo >"$MNT/.error_log"
    refused - dd if="$dump" bs=7 skip=1 status=none
    grep -q '/m/.dump: ESPIPE: a dump is read from its beginning to its end$' "$MNT/.error_log"
}

@test "readers: small and large reads, two at once, anew from the beginning" {
    start_daemon
    filled
    cat "$MNT/m/.dump" >"$TMP/cat"
    py "$TMP/cat" <<'CODE'
whole = open(sys.argv[1], "rb").read()
assert len(whole) > 100000
name = path("m/.dump")

def each(size, read):
    fd, parts = os.open(name, os.O_RDONLY), []
    while part := read(fd, size, sum(map(len, parts))):
        parts.append(part)
    os.close(fd)
    assert b"".join(parts) == whole, size

for size in 100, 4096, 4097, 65536, 1 << 20:
    each(size, lambda fd, size, off: os.read(fd, size))
    each(size, os.pread)
fd = os.open(name, os.O_RDONLY)
assert b"".join(os.read(fd, 1) for _ in range(3000)) == whole[:3000]
os.close(fd)
with open(name, "rb") as a, open(name, "rb") as b:
    pairs = [(x, y) for x, y in zip(a, b)]
assert b"".join(x for x, _ in pairs) == b"".join(y for _, y in pairs) == whole

fd = os.open(name, os.O_RDONLY)
first = os.pread(fd, 1000, 0)
assert first == whole[:1000] and os.pread(fd, 1000, 0) == first
assert os.pread(fd, 1000, 1000) == whole[1000:2000]
assert os.pread(fd, 1000, 1500) == whole[1500:2500]            # what the last read gave, again
refused(errno.ESPIPE, os.pread, fd, 10, 100)
refused(errno.ESPIPE, os.pread, fd, 10, 1 << 30)
key = int(first.split(b":")[1].split(b",")[0])
put("m", key, 777777)
assert os.pread(fd, 1000, 0).startswith(b'{"key":%d,"value":777777}\n' % key)
assert os.lseek(fd, 0, os.SEEK_SET) == 0
assert os.read(fd, 1000).startswith(b'{"key":%d,"value":777777}\n' % key)
os.close(fd)
CODE
}

# written_by COMMAND...: after it the map m, empty before, has the lines that the kernel had. $DUMP is
# what it writes to, $LINES what it is to write.
written_by() {
    rm -f "$MNT/m"/*
    equal '[]' "$(dump m)"
    DUMP=$MNT/m/.dump LINES_OF=$TMP/lines "$@" || {
        echo "exit status $?: $*: $(<"$MNT/.error_log")"
        return 1
    }
    kernel_lines m | cmp "$TMP/want" - || {
        echo "not stored by: $*"
        return 1
    }
}

@test "writers: cat, cp, dd, tee, sponge, printf, python, in bash and dash" {
    start_daemon
    filled 60
    sort -R "$TMP/want" >"$TMP/lines"
    for sh in bash dash; do
        written_by $sh -c 'cat "$LINES_OF" >"$DUMP"'
        written_by $sh -c 'cat "$LINES_OF" >>"$DUMP"'
        written_by $sh -c 'cat "$LINES_OF" | cat >"$DUMP"'
        written_by $sh -c 'while IFS= read -r line; do echo "$line"; done <"$LINES_OF" >"$DUMP"'
        written_by $sh -c 'printf "%s\n" "$(cat "$LINES_OF")" >"$DUMP"'
        written_by $sh -c 'printf "%s" "$(cat "$LINES_OF")" >"$DUMP"'
        written_by $sh -c 'head -n 9 "$LINES_OF" >"$DUMP" && tail -n +10 "$LINES_OF" >>"$DUMP"'
    done
    written_by bash -c 'cp "$LINES_OF" "$DUMP"'
    written_by bash -c 'cp -a "$LINES_OF" "$DUMP"'
    written_by bash -c 'cat <(sed -n 1,20p "$LINES_OF") - <<<"$(sed -n "21,\$p" "$LINES_OF")" >"$DUMP"'
    written_by bash -c 'tee "$DUMP" <"$LINES_OF" >/dev/null'
    written_by bash -c 'tee -a "$DUMP" <"$LINES_OF" >/dev/null'
    written_by bash -c 'sponge "$DUMP" <"$LINES_OF"'
    written_by bash -c 'xargs -d "\n" printf "%s\n" <"$LINES_OF" >"$DUMP"'
    for how in bs=1M bs=7 bs=1 'bs=64 conv=notrunc' 'bs=64 oflag=append conv=notrunc,fsync'; do
        # shellcheck disable=SC2086 # words
        written_by dd if="$TMP/lines" of="$MNT/m/.dump" status=none $how
    done
    written_by "$PYTHON" -c '
import os
with open(os.environ["DUMP"], "w") as f:
    for line in open(os.environ["LINES_OF"]):
        print(line, file=f)'
    equal '' "$(<"$MNT/.error_log")"
}

@test "a dump of one map is written into another as it is read" {
    start_daemon
    filled
    mkdir "$MNT/n,max_entries=5000"
    cat "$MNT/m/.dump" >"$MNT/n/.dump"
    kernel_lines n | cmp "$TMP/want" -
    mkdir "$MNT/o,max_entries=5000"
    cp "$MNT/m/.dump" "$MNT/o/.dump"
    kernel_lines o | cmp "$TMP/want" -
}

@test "what is stored is stored when write returns, even without a newline" {
    start_daemon
    mkdir "$MNT/m"
    py <<'CODE'
def get(key):
    try:
        found = bpftool("lookup", "pinned", f"{PINS}/m", "key", *octets("<I", key))
    except subprocess.CalledProcessError:
        return None
    return int(found.split(b'"value":["0x')[1][:2], 16)

fd = os.open(path("m/.dump"), os.O_WRONLY)
for piece in b'{"key":1,', b'"value"', b':1':
    os.write(fd, piece)
    assert get(1) is None, piece
os.write(fd, b"}")
assert get(1) == 1
put("m", 1, 7)
os.write(fd, b"\n")
assert get(1) == 7                             # and not stored again
os.write(fd, b'{"key":2,"value":2}\n{"key":3')
assert (get(2), get(3)) == (2, None)
os.write(fd, b',"value":3}\n')
assert get(3) == 3
os.close(fd)
CODE
    equal '' "$(<"$MNT/.error_log")"
}

@test "a line in pieces, with pauses, and commands that end between" {
    start_daemon
    mkdir "$MNT/m"
    (
        printf '{"key":1,"val'
        sleep 0.1
        printf 'ue":'
        /bin/true
        printf '1}'
        sleep 0.1
        printf '\n{"key":2,'
        cat <<<'"value":2}'
    ) >"$MNT/m/.dump"
    equal '' "$(<"$MNT/.error_log")"
    equal "$(lines 1 1 2 2)" "$(kernel_lines m)"
    exec 5>"$MNT/m/.dump"
    printf '{"key":3,' >&5
    printf '"value":3}\n{"key":4,"value":4}' >&5
    printf '\n{"key":5,"value":5}\n' >&5
    exec 5>&-
    equal "$(lines 1 1 2 2 3 3 4 4 5 5)" "$(kernel_lines m)"
}

@test "the end of a line that is missing is told once, at close; the lines before stay" {
    start_daemon
    mkdir "$MNT/m"
    printf '{"key":1,"value":1}\n{"key":2' >"$TMP/lines"
    refused EINVAL dd if="$TMP/lines" of="$MNT/m/.dump" status=none
    equal '1 none' "$(get m 1) $(get m 2)"
    equal 1 "$(grep -c '/m/.dump: EINVAL: line 2: ' "$MNT/.error_log")"
    py <<'CODE'
fd = os.open(path("m/.dump"), os.O_WRONLY)
os.write(fd, b'{"key":3,"value":3}\n{"key":4')
refused(errno.EINVAL, os.close, os.dup(fd))
refused(errno.EINVAL, os.close, fd)
CODE
    equal '3 none' "$(get m 3) $(get m 4)"
    equal 2 "$(grep -c '/m/.dump: EINVAL: line 2: ' "$MNT/.error_log")"
}

@test "null removes, whatever was there" {
    start_daemon
    mkdir "$MNT/m"
    printf '%s\n' '{"key":1,"value":1}' '{"key":2,"value":2}' '{"key":1,"value":null}' \
        '{"key":9,"value": null }' '{"key":3,"value":null}' '{"key":3,"value":3}' >"$TMP/lines"
    cat "$TMP/lines" >"$MNT/m/.dump"
    equal "$(lines 2 2 3 3)" "$(kernel_lines m)"
}

@test "members that are not named keep their values" {
    start_daemon
    mkdir "$MNT/m,value=struct{u32 a;u32 b;}"
    printf '%s\n' '{"key":1,"value":{"a":1,"b":2}}' '{"key":1,"value":{"b":3}}' '{"key":2,"value":{"b":5}}' \
        '{"key":1,"value":{"a":6}}' '{"key":3,"value":{}}' >"$TMP/lines"
    cat "$TMP/lines" >"$MNT/m/.dump"
    equal "$(le 4 6)$(le 4 3)" "$(bytes_of m "$(le 4 1)") "
    equal "$(le 4 0)$(le 4 5)" "$(bytes_of m "$(le 4 2)") "
    equal "$(le 8 0)" "$(bytes_of m "$(le 4 3)") "
}

@test "nothing is removed by > or truncate, and blank lines say nothing" {
    start_daemon
    mkdir "$MNT/m"
    put m 1 1
    : >"$MNT/m/.dump"
    truncate -s 0 "$MNT/m/.dump"
    printf '\n  \n\t\n{"key":2,"value":2}\n\n' >"$TMP/lines"
    cat "$TMP/lines" >"$MNT/m/.dump"
    equal "$(lines 1 1 2 2)" "$(kernel_lines m)"
    refused EINVAL truncate -s 5 "$MNT/m/.dump"
    equal "$(lines 1 1 2 2)" "$(kernel_lines m)"
}

@test "it is read or written, not both" {
    start_daemon
    mkdir "$MNT/m"
    refused EINVAL bash -c 'exec 5<>"$1"' bash "$MNT/m/.dump"
    grep -q 'open /m/.dump: EINVAL: a dump is either read or written$' "$MNT/.error_log"
}

@test "hidden slots of arrays are not dumped; loading shows them, and null hides them" {
    start_daemon
    mkdir "$MNT/a,type=array,value=u64,max_entries=4"
    echo 7 >"$MNT/a/2"
    rm "$MNT/a/1" "$MNT/a/2"
    equal "$(lines 0 0 3 0)" "$(<"$MNT/a/.dump")"
    check_lines a
    echo '{"key":1,"value":0}' >"$MNT/a/.dump"
    equal '0 1 3' "$(names "$MNT/a")"
    put a 2 5 # from outside: no longer zero
    equal "$(lines 0 0 1 0 2 5 3 0)" "$(<"$MNT/a/.dump")"
    printf '%s\n' '{"key":2,"value":null}' '{"key":3,"value":null}' >"$TMP/lines"
    cat "$TMP/lines" >"$MNT/a/.dump"
    equal '0 1' "$(names "$MNT/a")"
    equal 0 "$(get a 2)"
    refused EINVAL store "$MNT/a/.dump" '{"key":4,"value":1}'
}

@test "with values=raw it is lines all the same" {
    start_daemon -o values=raw
    mkdir "$MNT/m"
    put m 1 65
    equal '{"key":1,"value":65}' "$(<"$MNT/m/.dump")"
    echo '{"key":2,"value":66}' >"$MNT/m/.dump"
    equal 66 "$(get m 2)"
}

@test "in a mount that is read-only it is read" {
    start_daemon
    mkdir "$MNT/m"
    put m 1 1
    remount -o ro
    equal "$(lines 1 1)" "$(<"$MNT/m/.dump")"
    refused EROFS store "$MNT/m/.dump" '{"key":1,"value":2}'
    mount -i -o remount,rw "$MNT" || true
    refused EROFS store "$MNT/m/.dump" '{"key":1,"value":2}'
    equal 1 "$(get m 1)"
}

@test "in a snapshot it is the snapshot's, and stays so" {
    start_daemon
    filled
    another_mountpoint
    MNT=$OTHER start_daemon -o snapshot
    in_order "$OTHER/m/.dump" | cmp "$TMP/want" -
    put m 1 999
    drop m 2
    rm "$MNT/m/3"
    in_order "$OTHER/m/.dump" | cmp "$TMP/want" -
    rm "$PINS/m"
    in_order "$OTHER/m/.dump" | cmp "$TMP/want" -
    refused EROFS store "$OTHER/m/.dump" '{"key":1,"value":2}'
}

@test "who may read the map may read it, and who may write may write it" {
    start_daemon -o allow_other
    mkdir "$MNT/m"
    put m 1 1
    chmod 644 "$PINS/m"
    eventually as_nobody cat m/.dump
    equal "$(lines 1 1)" "$(as_nobody cat m/.dump)"
    refused EACCES as_nobody bash -c 'echo "{\"key\":1,\"value\":2}" >m/.dump'
    chmod 600 "$PINS/m"
    eventually not as_nobody cat m/.dump
    refused EACCES as_nobody cat m/.dump
    equal 1 "$(get m 1)"
    chmod 666 "$PINS/m"
    eventually as_nobody bash -c 'echo "{\"key\":1,\"value\":3}" >m/.dump'
    equal 3 "$(get m 1)"
}

@test "maps that no pin holds are dumped and loaded, too" {
    SCOPE=all start_daemon
    name=d$$_all
    elsewhere pin $name hash 4 8 16
    eventually test -d "$MNT/$name"
    echo '{"key":1,"value":5}' >"$MNT/$name/.dump"
    equal '{"key":1,"value":5}' "$(<"$MNT/$name/.dump")"
    [[ $(bpftool -j map lookup pinned "$ELSEWHERE/pin" key 1 0 0 0) == *'"0x05"'* ]]
}
