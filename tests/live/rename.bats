#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Moving and removing keys, and what that means in arrays (contract, section 7).

load lib

given() { # MAP[,SPEC]: with 7 under 1 and 8 under 2
    start_daemon
    mkdir "$MNT/$1"
    echo 7 >"$MNT/m/1"
    echo 8 >"$MNT/m/2"
}

@test "mv K1 K2 stores under K2 and deletes K1" {
    given m
    mv "$MNT/m/1" "$MNT/m/3"
    equal "2 3" "$(names "$MNT/m")"
    equal "none 7" "$(get m 1) $(get m 3)"
    mv "$MNT/m/3" "$MNT/m/2"
    equal 2 "$(names "$MNT/m")"
    equal 7 "$(get m 2)"
    refused ENOENT mv "$MNT/m/1" "$MNT/m/9"
}

@test "mv to a name that is no key, and of a full map" {
    given m,max_entries=2
    py <<'CODE'
refused(errno.EINVAL, os.rename, path("m/1"), path("m/4294967296"))
CODE
    mv "$MNT/m/1" "$MNT/m/3" || true # no room for a third: refused or done, but never lost
    equal 2 "$(names "$MNT/m" | wc -w)"
    equal 7 "$(cat "$MNT"/m/[13])"
}

@test "mv onto the same key by another spelling loses nothing" {
    given m
    py <<'CODE'
os.rename(path("m/1"), path("m/0x1"))
os.rename(path("m/1"), path("m/1"))
CODE
    equal 7 "$(get m 1)"
}

@test "mv -n and RENAME_NOREPLACE keep what is there; RENAME_EXCHANGE is refused" {
    given m
    mv -n "$MNT/m/1" "$MNT/m/2" || true
    py <<'CODE'
refused(errno.EEXIST, rename2, "m/1", "m/2", 1)
refused(errno.EINVAL, rename2, "m/1", "m/2", 2)
rename2("m/1", "m/3", 1)
CODE
    equal "none 8 7" "$(get m 1) $(get m 2) $(get m 3)"
}

@test "mv to another map copies and deletes" {
    given m
    mkdir "$MNT/n" "$MNT/small,value=u8"
    mv "$MNT/m/1" "$MNT/n/5"
    equal "2 5" "$(names "$MNT/m") $(names "$MNT/n")"
    equal 7 "$(get n 5)"
    py <<'CODE'
refused(errno.EXDEV, os.rename, path("m/2"), path("n/2"))
put("m", 2, 300)
CODE
    refused EINVAL mv "$MNT/m/2" "$MNT/small/2" # does not fit, so it stays
    equal "300 $(names "$MNT/small")" "$(get m 2) "
}

@test "special files stay where they are" {
    given m
    for name in .info .count .frozen; do
        refused - mv "$MNT/m/$name" "$MNT/m/5"
        refused - mv "$MNT/m/1" "$MNT/m/$name"
        refused - rm -f "$MNT/m/$name"
    done
    refused - mv "$MNT/m/.map" "$MNT/m/5"
    refused - mv "$MNT/m/1" "$MNT/5"
    refused - rm -f "$MNT/.error_log"
    equal "1 2" "$(names "$MNT/m")"
    equal "7 8" "$(get m 1) $(get m 2)"
}

@test "rm deletes, once" {
    given m
    rm "$MNT/m/1"
    equal none "$(get m 1)"
    refused ENOENT cat "$MNT/m/1"
    refused ENOENT rm "$MNT/m/1"
    equal 2 "$(names "$MNT/m")"
}

@test "a key deleted while it is open is not brought back by reading" {
    given m
    py <<'CODE'
fd = os.open(path("m/1"), os.O_RDONLY)
os.unlink(path("m/1"))
os.read(fd, 10)
os.close(fd)
CODE
    equal none "$(get m 1)"
}

@test "a removed key is gone for everyone but those who have it open" {
    given m
    py <<'CODE'
def store(flags):
    fd = os.open(path("m/1"), flags, 0o666)
    os.write(fd, b"9\n")
    os.close(fd)
for remove in (lambda: os.unlink(path("m/1")), lambda: drop("m", 1)):
    for flags in (TRUNC | os.O_CREAT, EXCL):
        fd = os.open(path("m/1"), os.O_RDONLY)
        remove()
        refused(errno.ENOENT, os.stat, path("m/1"))
        assert os.fstat(fd).st_size == 2
        store(flags)
        assert text("m/1") == "9\n" and os.fstat(fd).st_size == 2
        os.close(fd)
CODE
}

@test "an open file follows its key, and dies with it" {
    given m
    py <<'CODE'
fd = os.open(path("m/5"), os.O_RDWR | os.O_CREAT, 0o666)
os.write(fd, b"7\n")
os.rename(path("m/5"), path("m/6"))
os.pwrite(fd, b"9\n", 0)
assert text("m/6") == "9\n"
refused(errno.ENOENT, os.stat, path("m/5"))
os.unlink(path("m/6"))
refused(errno.ENOENT, os.pwrite, fd, b"5\n", 0)
os.close(fd)
CODE
    equal "1 2" "$(names "$MNT/m")"
}

@test "rm -r removes a map" {
    given m
    id=$(id_of "$PINS/m")
    rm -r "$MNT/m"
    refused ENOENT ls "$MNT/m"
    not test -e "$PINS/m"
    eventually not map_exists "$id"
}

@test "rm of .map alone leaves the map alone" {
    given m
    rm "$MNT/m/.map"
    equal "7 8" "$(get m 1) $(get m 2)"
    eventually test -s "$MNT/m/.map"
}

@test "nothing is renamed onto .map, not even while it is hidden" {
    given m
    echo type=array >"$MNT/m/.map.XYZ"
    for name in .map.XYZ 1; do
        rm -f "$MNT/m/.map"
        refused - mv "$MNT/m/$name" "$MNT/m/.map"
    done
    equal type=array "$(<"$MNT/m/.map.XYZ")"
    equal "7 8" "$(get m 1) $(get m 2)"
    eventually grep -qx type=hash "$MNT/m/.map"
    equal "1 2" "$(names "$MNT/m")"
}

@test "arrays: unlink zeroes and hides, a write shows again" {
    for type in array percpu_array; do
        given "m,type=$type,max_entries=4"
        rm "$MNT/m/1"
        equal "0 2 3" "$(names "$MNT/m")"
        equal "00 00 00 00 00 00 00 00" "$(bytes_of m "$(le 4 1)" | sort -u)"
        refused ENOENT cat "$MNT/m/1"
        refused ENOENT rm "$MNT/m/1"
        echo 0 >"$MNT/m/1"
        equal "0 1 2 3" "$(names "$MNT/m")"
        rm "$MNT/m/1"
        touch "$MNT/m/1"
        equal "0 1 2 3" "$(names "$MNT/m")"
        rm "$MNT/m/1"
        put m 1 5 # whoever writes there
        equal 5 "$(tr -d '[]\n' <"$MNT/m/1" | cut -d, -f1)"
        equal "0 1 2 3" "$(names "$MNT/m")"
        rm -r "$MNT/m"
        not test -e "$PINS/m"
        stop_daemon
    done
}

@test "arrays: every slot exists until it is removed, then O_EXCL can make it" {
    given m,type=array,max_entries=4
    py <<'CODE'
refused(errno.EEXIST, os.open, path("m/3"), EXCL, 0o600)
for slot in range(4):
    os.unlink(path(f"m/{slot}"))
assert os.listdir(path("m")) == [".map"]
for slot in range(4):
    fd = os.open(path(f"m/{slot}"), EXCL, 0o600)
    os.write(fd, b"%d\n" % (slot + 1))
    os.close(fd)
refused(errno.EEXIST, os.open, path("m/0"), EXCL, 0o600)
CODE
    equal "0 1 2 3" "$(names "$MNT/m")"
    equal "1 2 3 4" "$(get m 0) $(get m 1) $(get m 2) $(get m 3)"
}

@test "arrays: a refused write does not show a hidden slot" {
    given m,type=array,max_entries=4
    rm "$MNT/m/1"
    refused EINVAL store "$MNT/m/1" abc
    refused ENOENT cat "$MNT/m/1"
    equal "0 2 3" "$(names "$MNT/m")"
}

@test "arrays: beyond the end there is nothing" {
    given m,type=array,max_entries=4
    refused ENOENT cat "$MNT/m/4"
    refused - store "$MNT/m/4" 1
    refused - touch "$MNT/m/4294967295"
    equal "0 1 2 3" "$(names "$MNT/m")"
}

@test "arrays: mv moves the value and hides the slot" {
    given m,type=array,max_entries=4
    mv "$MNT/m/1" "$MNT/m/3"
    equal "0 2 3" "$(names "$MNT/m")"
    equal "0 8 7" "$(get m 1) $(get m 2) $(get m 3)"
}

entries_of() { dump "$1" | tr '}' '\n' | sed 's/^[[,]*//' | sort; }

@test "cp -a of a map to a plain filesystem and of its keys back" {
    for spec in type=hash type=array,max_entries=4 type=percpu_array,max_entries=4 type=lru_hash; do
        given "m,$spec"
        cp -a "$MNT/m" "$TMP/copy"
        entries_of m >"$TMP/before"
        diff -r "$MNT/m" "$TMP/copy"
        for key in 1 2; do echo 99 >"$MNT/m/$key"; done
        cp -a "$TMP/copy"/[0-9]* "$MNT/m/" # over what is there
        cmp "$TMP/before" <(entries_of m)
        rm "$MNT"/m/[0-9]*
        cp -a "$TMP/copy"/[0-9]* "$MNT/m/" # into nothing
        equal "$(names "$TMP/copy")" "$(names "$MNT/m")"
        cmp "$TMP/before" <(entries_of m)
        rm -r "$MNT/m" "$TMP/copy"
        stop_daemon
    done
}
