#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Temporary names: what editors and rsync make before they rename it onto a key (section 7).

load lib

given() {
    start_daemon
    mkdir "$MNT/m"
    echo 12 >"$MNT/m/1"
}

only() { # KEYS: these are there, and nothing else, not even hidden
    equal ".map${1:+ $1}" "$(names -A "$MNT/m")"
}

@test "sed -i and perl -pi" {
    given
    sed -i 's/2/3/' "$MNT/m/1"
    equal 13 "$(get m 1)"
    perl -pi -e 's/3/4/' "$MNT/m/1"
    equal 14 "$(get m 1)"
    only 1
}

@test "sed -i with a text that is no value is refused and changes nothing" {
    given
    refused EINVAL sed -i 's/.*/abc/' "$MNT/m/1"
    equal 12 "$(get m 1)"
    only 1
}

@test "mktemp, write, mv: stored by the rename and not before" {
    given
    file=$(mktemp "$MNT/m/saveXXXXXX")
    equal 600 "$(stat -c %a "$file")"
    echo 77 >"$file"
    equal 77 "$(<"$file")"
    equal 3 "$(stat -c %s "$file")"
    equal 12 "$(get m 1)"
    only 1
    mv "$file" "$MNT/m/1"
    equal 77 "$(get m 1)"
    refused ENOENT cat "$file"
    file=$(mktemp "$MNT/m/saveXXXXXX")
    echo 78 >"$file"
    mv "$file" "$MNT/m/2" # a key that was not there
    equal 78 "$(get m 2)"
    only '1 2'
}

@test "the rename judges: a bad text stays a temporary file" {
    given
    for text in abc '' 0x 18446744073709551616; do
        file=$(mktemp "$MNT/m/saveXXXXXX")
        printf '%s' "$text" >"$file"
        FILE=$file py <<'CODE'
refused(errno.EINVAL, os.rename, os.environ["FILE"], path("m/1"))
refused(errno.EINVAL, os.rename, os.environ["FILE"], path("m/2"))
CODE
        equal "$text" "$(<"$file")"
        rm "$file"
    done
    equal 12 "$(get m 1)"
    only 1
}

@test "the rename obeys NOREPLACE and a full map" {
    start_daemon
    mkdir "$MNT/m,max_entries=1"
    echo 12 >"$MNT/m/1"
    echo 5 >"$MNT/m/.new"
    py <<'CODE'
refused(errno.EEXIST, rename2, "m/.new", "m/1", 1)
refused(errno.ENOSPC, os.rename, path("m/.new"), path("m/2"))
refused(errno.EINVAL, rename2, "m/.new", "m/1", 2)
CODE
    equal 12 "$(get m 1)"
    mv "$MNT/m/.new" "$MNT/m/1"
    equal 5 "$(get m 1)"
}

@test "names beginning with a dot hold any text and are not listed" {
    given
    echo 'any text at all' >"$MNT/m/.note"
    echo 'and more' >>"$MNT/m/.note"
    equal $'any text at all\nand more' "$(<"$MNT/m/.note")"
    equal 25 "$(stat -c %s "$MNT/m/.note")"
    only 1
    equal '' "$(find "$MNT/m" -name '.note')"
    mv "$MNT/m/.note" "$MNT/m/.other"
    refused ENOENT cat "$MNT/m/.note"
    rm "$MNT/m/.other"
    refused ENOENT cat "$MNT/m/.other"
}

@test "a temporary file takes any mode, owner and time" {
    given
    echo 5 >"$MNT/m/.new"
    chmod 640 "$MNT/m/.new"
    chown 65534:12 "$MNT/m/.new"
    touch -d '2001-02-03 04:05:06 UTC' "$MNT/m/.new"
    equal '640 65534 12' "$(stat -c '%a %u %g' "$MNT/m/.new")"
    mv "$MNT/m/.new" "$MNT/m/1"
    equal '600 0 0' "$(stat -c '%a %u %g' "$MNT/m/1")"
    equal 5 "$(get m 1)"
}

@test "rsync's way: O_EXCL 0600, fchmod, utimens, rename while others read" {
    given
    py <<'CODE'
fd = os.open(path("m/.1.AbCdEf"), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
os.write(fd, b"3")
os.write(fd, b"4\n")
os.fchmod(fd, 0o644)
os.close(fd)
os.utime(path("m/.1.AbCdEf"), (1, 1))
reader = os.open(path("m/1"), os.O_RDONLY)
os.rename(path("m/.1.AbCdEf"), path("m/1"))
assert os.pread(reader, 10, 0) == b"12\n"
assert text("m/1") == "34\n"
refused(errno.EEXIST, os.open, path("m/1"), EXCL, 0o600)
CODE
    equal 34 "$(get m 1)"
    only 1
}

@test "O_EXCL of a temporary name that is there is refused" {
    given
    py <<'CODE'
for name in ("m/.x", "m/tmpfile"):
    fd = os.open(path(name), EXCL, 0o600)
    refused(errno.EEXIST, os.open, path(name), EXCL, 0o600)
    os.close(fd)
    os.unlink(path(name))
refused(errno.EINVAL, os.open, path("m/tmpfile"), EXCL, 0o644)
refused(errno.EINVAL, os.open, path("m/tmpfile"), os.O_WRONLY | os.O_CREAT, 0o600)
CODE
}

@test "vim's backup: a key renamed to KEY~ is taken out, and comes back" {
    given
    mv "$MNT/m/1" "$MNT/m/1~"
    equal none "$(get m 1)"
    equal 12 "$(<"$MNT/m/1~")"
    only ''
    mv "$MNT/m/1~" "$MNT/m/1"
    equal 12 "$(get m 1)"
    mv "$MNT/m/1" "$MNT/m/1~"
    echo 13 >"$MNT/m/1"
    rm "$MNT/m/1~"
    equal 13 "$(get m 1)"
    only 1
}

@test "a temporary file open and unlinked stays usable" {
    given
    py <<'CODE'
fd = os.open(path("m/.x"), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
os.unlink(path("m/.x"))
os.write(fd, b"hello")
assert os.pread(fd, 10, 0) == b"hello" and os.fstat(fd).st_size == 5
os.ftruncate(fd, 2)
assert os.pread(fd, 10, 0) == b"he"
CODE
    refused ENOENT cat "$MNT/m/.x"
}

@test "temporary files are bounded in size and number" {
    given
    refused - truncate -s 1T "$MNT/m/.big"
    refused - dd if=/dev/zero of="$MNT/m/.far" bs=1 count=1 seek=1T
    py <<'CODE'
import resource
most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
held = []
def hold_one():
    held.append(os.open(path(f"m/.{len(held)}"), EXCL, 0o600))
def hold_many():
    for _ in range(min(most, 20000) - 100): hold_one()
refused(errno.ENOSPC, hold_many)
refused(errno.ENOSPC, hold_one)
for i, fd in enumerate(held):
    os.close(fd)
    os.unlink(path(f"m/.{i}"))
held = []
hold_one()
CODE
    echo 13 >"$MNT/m/1"
    only 1
}

@test "temporary files belong to their map" {
    given
    mkdir "$MNT/n"
    echo 5 >"$MNT/m/.new"
    refused ENOENT cat "$MNT/n/.new"
    mv "$MNT/m/.new" "$MNT/n/1"
    equal 5 "$(get n 1)"
    refused ENOENT cat "$MNT/m/.new"
    echo 6 >"$MNT/m/.left"
    rm "$MNT/n/1" "$MNT/m/1"
    rmdir "$MNT/n" "$MNT/m" # one is left, and does not count
}
