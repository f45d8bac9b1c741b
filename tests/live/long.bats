#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Keys whose names are too long for one: directories of 240 bytes (section 4, last row).

load lib

a240=$(printf 'a%.0s' {1..240})

# What bpftool dumps, one element a line, sorted.
sorted_dump() { dump "$1" | tr -d '\n' | sed 's/},{"key"/}\n{"key"/g; s/^\[//; s/\]$//' | sort; }

# fill MAP BYTES COUNT: random keys, mostly text, whose values are their numbers. Most share a few
# directories.
fill() {
    py "$@" <<'CODE'
import random
name, size, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
seed = int(os.environ.get("UNIT_SEED", time.time_ns()))
print("UNIT_SEED=%d" % seed)
random.seed(seed)
parts = [b"a", b"b", b"/", b"%", b",", b".", b" ", b"\n", "\u00e9".encode(), "\U0001d11e".encode(), b"\xff"]

def more(text, length, some=None):
    some = some or (parts[:2] if random.random() < 0.6 else parts)
    while len(text) < length: text += random.choice(some)
    return text[:length]

shared = [more(b"", size * 2 // 3, parts if i < 1 else parts[:2]) for i in range(12)]

def key():
    if random.random() < 0.03:
        return more(b"", random.randrange(size) + 1).ljust(size, b"\0")
    text = random.choice(shared)
    length = min(size, len(text) + random.randrange(60) + 1)
    return more(text, length).ljust(size, b"\0")

keys = set()
while len(keys) < count: keys.add(key())
keys = sorted(keys)
batch = "".join("map update pinned %s/%s key hex %s value hex %s\n" % (
    PINS, name, k.hex(" "), struct.pack("<Q", i).hex(" ")) for i, k in enumerate(keys))
subprocess.run(["bpftool", "batch", "file", "-"], input=batch.encode(), check=True,
               stdout=subprocess.DEVNULL)
CODE
    equal "$3" "$(<"$MNT/$1/.count")"
}

# Names there are no more of: all directories, and all files but .map.
emptied() {
    rm -r "${1:?}"/*
    equal .map "$(ls -A "$1")"
}

@test "mkdir -p and echo, ls, cat, rm and rmdir" {
    start_daemon
    mkdir "$MNT/m,key=char[400],value=u64"
    refused ENOENT store "$MNT/m/$a240/name" 7
    mkdir -p "$MNT/m/$a240"
    mkdir -p "$MNT/m/$a240"
    refused EEXIST mkdir "$MNT/m/$a240"
    one=the%2Clast%2Cname two=a-name-of-its-own three=another-name-of-it
    echo 7 >"$MNT/m/$a240/$one"
    equal 7 "$(cat "$MNT/m/$a240/$one")"
    equal "$a240" "$(ls "$MNT/m")"
    equal "$one" "$(ls -A "$MNT/m/$a240")"
    equal 'directory regular file' "$(stat -c %F "$MNT/m/$a240"{,/"$one"} | paste -sd' ')"
    [[ $(dump m) == *"\"${a240}the,last,name\""* ]]
    refused ENOTEMPTY rmdir "$MNT/m/$a240"
    echo 8 >"$MNT/m/$a240/$two"
    equal "$two $one" "$(names "$MNT/m/$a240")"
    mv "$MNT/m/$a240/$two" "$MNT/m/short"
    equal 8 "$(<"$MNT/m/short")"
    mv "$MNT/m/short" "$MNT/m/$a240/$three"
    sed -i s/8/9/ "$MNT/m/$a240/$three"
    equal 9 "$(<"$MNT/m/$a240/$three")"
    equal "$three $one" "$(names -A "$MNT/m/$a240")"
    rm "$MNT/m/$a240"/*
    test -d "$MNT/m/$a240"
    rmdir "$MNT/m/$a240"
    not test -e "$MNT/m/$a240"
    equal 0 "$(<"$MNT/m/.count")"
}

@test "keys without a type are hex in two pieces" {
    start_daemon
    mkdir "$MNT/m,key=200,value=u64"
    mkdir "$MNT/m/$a240"
    key=$(printf '0%.0s' {1..160})
    echo 7 >"$MNT/m/$a240/$key"
    hex=$a240$key
    equal '07 00 00 00 00 00 00 00' "$(bytes_of m "$(fold -w 2 <<<"$hex" | paste -sd' ')")"
    refused EINVAL store "$MNT/m/$a240/${key}0" 7
    refused EINVAL store "$MNT/m/$a240/${key}00" 7
    refused EPERM mkdir "$MNT/m/${a240//a/g}"
    refused EPERM mkdir "$MNT/m/$a240/x"
}

@test "names that are no pieces: mkdir is EPERM and says why" {
    start_daemon
    mkdir "$MNT/m,key=char[400],value=u64" "$MNT/n,key=u32"
    for name in "${a240}a" "${a240:0:236}" x; do refused EPERM mkdir "$MNT/m/$name"; done
    refused EPERM mkdir "$MNT/n/$a240"
    grep -q '255 bytes' "$MNT/.error_log"
    refused - touch "$MNT/m/$a240" # a directory's
    equal .map "$(ls -A "$MNT/m")"
}

@test "staging files in such a directory" {
    start_daemon
    mkdir "$MNT/m,key=char[400],value=u64"
    mkdir "$MNT/m/$a240"
    py "$a240" <<'CODE'
there = "m/" + sys.argv[1] + "/"
fd = os.open(path(there + ".key.AbCdEf"), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
os.write(fd, b"7\n")
os.fchmod(fd, 0o644)
os.close(fd)
assert os.listdir(path(there)) == []
assert text("m/.count") == "0\n"
os.rename(path(there + ".key.AbCdEf"), path(there + "the-name-of-a-key"))
assert os.listdir(path(there)) == ["the-name-of-a-key"] and text(there + "the-name-of-a-key") == "7\n"
CODE
}

listed() { find "$1" -mindepth 1 -printf '%y %P\n' | sort; }

# round_trip MAP COPY RESTORE: commands with $from and $to.
# shellcheck disable=SC2034 # for eval
round_trip() {
    sorted_dump "$1" >"$TMP/before"
    listed "$MNT/$1" >"$TMP/found"
    equal '' "$(uniq -d "$TMP/found")"
    equal "$(<"$MNT/$1/.count")" "$(grep -v '^f \.map$' "$TMP/found" | grep -c '^f ')"
    mkdir "$TMP/copy"
    from=$MNT/$1 to=$TMP/copy
    eval "$2"
    emptied "$MNT/$1"
    equal 0 "$(<"$MNT/$1/.count")"
    from=$TMP/copy to=$MNT/$1
    eval "$3"
    listed "$MNT/$1" | diff "$TMP/found" -
    sorted_dump "$1" | diff "$TMP/before" -
}

each_type() { # COUNT COPY RESTORE
    local size count=$1
    shift
    for size in 'char[400]' 200; do
        start_daemon
        mkdir "$MNT/m,key=$size,value=u64,max_entries=1024"
        fill m "$(tr -dc 0-9 <<<"$size")" "$count"
        round_trip m "$@"
        rm -r "$TMP/copy"
        emptied "$MNT/m"
        rmdir "$MNT/m"
        stop_daemon
    done
}

# shellcheck disable=SC2016 # for eval
@test "cp -a there and back" {
    each_type 500 'cp -a "$from/." "$to"; listed "$to" | diff "$TMP/found" -' \
        'cp -a "$from/." "$to"'
}

# shellcheck disable=SC2016 # for eval
@test "tar there and back" {
    each_type 200 'tar -C "$from" -cf "$to/all.tar" .' 'tar -C "$to" -xf "$from/all.tar"'
}

# shellcheck disable=SC2016 # for eval
@test "rsync there and back" {
    each_type 100 'rsync -a "$from/" "$to"' 'rsync -a "$from/" "$to"'
    each_type 100 'rsync -a "$from/" "$to"' 'rsync -a --inplace "$from/" "$to"'
}

@test "cp -a over what is there, and into a map of its own" {
    start_daemon
    mkdir "$MNT/m,key=char[400],value=u64,max_entries=1024"
    fill m 400 100
    cp -a "$MNT/m" "$TMP/m"
    sorted_dump m >"$TMP/before"
    cp -a "$TMP/m/." "$MNT/m"
    sorted_dump m | diff "$TMP/before" -
    diff -r "$MNT/m" "$TMP/m"
    mkdir "$MNT/copy"
    cp -a "$TMP/m/.map" "$MNT/copy"
    cp -a "$TMP/m/." "$MNT/copy"
    sorted_dump copy | diff "$TMP/before" -
}
