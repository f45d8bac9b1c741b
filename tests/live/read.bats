#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Reading a key: sizes, snapshots, times, inode numbers, freshness (contract, section 7).

load lib

@test "st_size is the length of the text, and st_blocks follows it" {
    start_daemon
    mkdir "$MNT/m" "$MNT/percpu,type=percpu_array,max_entries=3" "$MNT/hex,key=6,value=700"
    echo 0 >"$MNT/m/1"
    echo 10 >"$MNT/m/2"
    echo 18446744073709551615 >"$MNT/m/3"
    echo 123 >"$MNT/percpu/1"
    touch "$MNT/hex/0a0b0c0d0e0f"
    find "$MNT"/{m,percpu,hex} -type f >"$TMP/files"
    equal 10 "$(wc -l <"$TMP/files")" # with a .map in each
    while read -r file; do
        equal "$(dd if="$file" status=none | wc -c)" "$(stat -c %s "$file")" "$file"
        (($(stat -c %b "$file") * 512 >= $(stat -c %s "$file")))
    done <"$TMP/files"
}

@test "what was opened is what is read, until a read at offset 0" {
    start_daemon
    mkdir "$MNT/m"
    echo 7 >"$MNT/m/1"
    exec 4<"$MNT/m/1"
    put m 1 1000000
    equal 7 "$(cat <&4)"
    exec 4<&-
    py <<'CODE'
put("m", 1, 7)
fd = os.open(path("m/1"), os.O_RDONLY)
put("m", 1, 1000000)
assert os.fstat(fd).st_size == 2 and os.stat(path("m/1")).st_size == 2
assert os.pread(fd, 100, 0) == b"7\n"
assert os.pread(fd, 100, 0) == b"1000000\n"
assert os.fstat(fd).st_size == 8
put("m", 1, 5)
assert os.pread(fd, 100, 3) == b"0000\n"
assert os.pread(fd, 100, 8) == b"" and os.pread(fd, 100, 50) == b""
assert os.pread(fd, 100, 0) == b"5\n"
CODE
}

@test "who lists a key while it is open changes nothing for who reads it" {
    start_daemon
    mkdir "$MNT/m"
    echo 7 >"$MNT/m/1"
    py <<'CODE'
fd = os.open(path("m/1"), os.O_RDONLY)
assert os.pread(fd, 100, 0) == b"7\n"
before = os.fstat(fd)
put("m", 1, 1000000)
for pause in (0, 6):
    time.sleep(pause)
    subprocess.run(["ls", "-l", path("m")], check=True, stdout=subprocess.DEVNULL)
    now = os.fstat(fd)
    assert (now.st_size, now.st_mtime) == (2, before.st_mtime), (pause, now)
assert os.pread(fd, 100, 0) == b"1000000\n" and os.fstat(fd).st_mtime > before.st_mtime
CODE
}

@test "a key that goes while it is open: the snapshot stays, a new one is ENOENT" {
    start_daemon
    mkdir "$MNT/m"
    echo 77 >"$MNT/m/1"
    py <<'CODE'
fd = os.open(path("m/1"), os.O_RDONLY)
drop("m", 1)
assert os.pread(fd, 100, 0) == b"77\n"
assert os.pread(fd, 100, 1) == b"7\n"
refused(errno.ENOENT, os.pread, fd, 100, 0)
refused(errno.ENOENT, os.open, path("m/1"), os.O_RDONLY)
CODE
}

@test "in pieces of every size the text is the same" {
    start_daemon
    mkdir "$MNT/m,value=100"
    head -c 100 /dev/urandom | od -An -v -tx1 | tr -d '\n ' >"$TMP/hex"
    store "$MNT/m/1" "$(<"$TMP/hex")"
    equal "$(<"$TMP/hex")" "$(tr -d ' \n' <"$MNT/m/1")"
    for size in 1 7 64 299 4096; do
        cmp "$MNT/m/1" <(dd if="$MNT/m/1" bs="$size" status=none)
    done
}

@test "every path look-up asks again whether the key exists, and what it is" {
    start_daemon
    mkdir "$MNT/m"
    for i in {1..20}; do
        put m 1 "$i"
        equal "$i" "$(<"$MNT/m/1")"
        drop m 1
        refused ENOENT cat "$MNT/m/1"
        not test -e "$MNT/m/1"
    done
}

@test "a size that has changed is seen at open, whatever was cached" {
    start_daemon
    mkdir "$MNT/m"
    py <<'CODE'
for value in (1, 10**9, 2, 10**18, 33, 4) * 5:
    put("m", 1, value)
    fd = os.open(path("m/1"), os.O_RDONLY)
    want = b"%d\n" % value
    assert os.fstat(fd).st_size == len(want), value
    assert os.read(fd, len(want)) == want and os.read(fd, 10) == b""
    os.close(fd)
    os.stat(path("m/1"))
CODE
}

@test "mtime and ctime move when the value does, even within a second, and only then" {
    start_daemon
    mkdir "$MNT/m"
    echo 0 >"$MNT/m/1"
    before=$(stat -c '%Y' "$MNT/m/1")
    for i in 1 2 3 4 5; do
        echo "$i" >"$MNT/m/1"
        now=$(stat -c %Y "$MNT/m/1")
        ((now > before)) || { echo "$now after $before" && false; }
        equal "$now" "$(stat -c %Z "$MNT/m/1")" ctime
        equal "$now.000000000" "$(stat -c %.9Y "$MNT/m/1")"
        before=$now
    done
    echo 5 >"$MNT/m/1"
    cat "$MNT/m/1" >/dev/null
    sleep 1.1 # beyond every cache
    equal "$before $before" "$(stat -c '%Y %Z' "$MNT/m/1")"
}

later_than() { (($(stat -c %Y "$2") > $1)); }

@test "mtime moves when someone else changes the value" {
    start_daemon
    mkdir "$MNT/m"
    echo 0 >"$MNT/m/1"
    for i in 1 2 3; do
        before=$(stat -c '%Y' "$MNT/m/1")
        put m 1 "$i"
        eventually later_than "$before" "$MNT/m/1"
    done
}

@test "a key keeps its inode number, over changes and mounts" {
    start_daemon
    mkdir "$MNT/m" "$MNT/n"
    echo 1 >"$MNT/m/1"
    echo 1 >"$MNT/m/2"
    echo 1 >"$MNT/n/1"
    stat -c '%i' "$MNT"/m/{1,2,.map} "$MNT"/n/{1,.map} >"$TMP/before"
    equal 5 "$(sort -u "$TMP/before" | wc -l)" "different numbers"
    echo 2 >"$MNT/m/1"
    drop m 2
    put m 2 5
    remount
    stat -c '%i' "$MNT"/m/{1,2,.map} "$MNT"/n/{1,.map} >"$TMP/after"
    cmp "$TMP/before" "$TMP/after"
    # what readdir says is what stat says
    py <<'CODE'
for entry in os.scandir(path("m")):
    assert entry.inode() == os.stat(entry.path).st_ino, entry.name
CODE
}

@test ".map has the lowest inode number of its map" {
    start_daemon
    mkdir "$MNT/m,type=array,max_entries=200"
    py <<'CODE'
assert min(os.scandir(path("m")), key=os.DirEntry.inode).name == ".map"
CODE
}

@test "no extended attributes" {
    start_daemon
    mkdir "$MNT/m"
    touch "$MNT/m/1"
    py <<'CODE'
refused(errno.ENOTSUP, os.getxattr, path("m/1"), "user.x")
refused(errno.ENOTSUP, os.setxattr, path("m/1"), "user.x", b"1")
try: assert os.listxattr(path("m/1")) == []
except OSError as e: assert e.errno == errno.ENOTSUP
CODE
}

@test "tools that go by the size, and those that do not, read the same" {
    start_daemon
    mkdir "$MNT/m"
    for i in 1 10 100; do echo "$((i * 12345))" >"$MNT/m/$i"; done
    mkdir "$TMP/plain"
    for i in 1 10 100; do echo "$((i * 12345))" >"$TMP/plain/$i"; done
    for i in 1 10 100; do
        cmp "$MNT/m/$i" "$TMP/plain/$i"
        equal "$((i * 12345))" "$(head -n 1 "$MNT/m/$i")"
        equal "$((i * 12345))" "$(tail -n 1 "$MNT/m/$i")"
        equal "$(stat -c %s "$TMP/plain/$i")" "$(wc -c <"$MNT/m/$i")"
    done
    diff -r -x .map "$MNT/m" "$TMP/plain"
    py <<'CODE'
import mmap
with open(path("m/100")) as f:
    with mmap.mmap(f.fileno(), 0, mmap.MAP_PRIVATE, mmap.PROT_READ) as m:
        assert m[:] == b"1234500\n"
CODE
}
