#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# What one user may make the daemon keep (fs/quota.c): he gets an error, and others go on.

load lib
eval "$(declare -f teardown | sed 's/^teardown/end_test/')"
READERS=()

HOG=54321 OTHER=54322 # users of whom nobody has heard
GROWN=$((192 << 20)) LEFT=$((32 << 20)) # bytes that the daemon may grow by, and may keep

as() { (become "$@"); } # UID COMMAND...
become() {
    exec setpriv --reuid="$1" --regid="$1" --clear-groups --inh-caps=-all "${@:2}"
}

# A map of the hog's, which is what mkdir is asked for, one of another user and one of root's.
given() { # [SPEC]
    start_daemon -o allow_other
    mkdir "$MNT/hog${1:+,$1}" "$MNT/other" "$MNT/root"
    echo 1 >"$MNT/root/1"
    echo 1 >"$MNT/other/1"
    chown $HOG "$PINS/hog"
    chown $OTHER "$PINS/other"
    others_go_on
    RSS=$(rss)
}

rss() {
    local kib
    kib=$(awk '$1 == "VmRSS:" { print $2 }' "/proc/${DAEMONS[$MNT]}/status")
    echo $((kib * 1024))
}

# Not with a sanitizer, which keeps what was freed.
grown_by_at_most() {
    [[ $SANITIZE ]] || (($(rss) <= RSS + $1)) || {
        echo "grown by $(($(rss) - RSS)) bytes"
        return 1
    }
}

use_map() { # UID MAP
    as "$1" timeout 10 bash -euc '
        cd "$1"
        ls . >/dev/null
        echo 7 >1
        [[ $(<1) == 7 ]]
        [[ $(<.dump) == *7* ]]
        : >2
        rm 2
        file=$(mktemp saveXXXXXX)
        echo 8 >"$file"
        mv "$file" 1
        [[ $(<1) == 8 ]]' bash "$MNT/$2"
}

others_go_on() {
    use_map $OTHER other
    use_map 0 root
}

# hog <<'CODE': keeps what it has after it has said how much that is ($TMP/hog), until let_go.
hog() {
    local script
    script=$HOG_PRELUDE$'\n'$(cat)$'\nkeep()'
    : >"$TMP/hog"
    (ulimit -n 20000 && become $HOG "$PYTHON" -c "$script" "$MNT/hog" >>"$TMP/hog" 2>&1 3>&-) &
    HELPERS+=($!)
    eventually said_or_dead $!
    cat "$TMP/hog"
}

said_or_dead() { grep -qs '^done' "$TMP/hog" || ! kill -0 "$1"; }

HOG_PRELUDE='
import errno, os, sys, time
os.chdir(sys.argv[1])
kept = []

def until(want, call, most):                   # how often it works until it fails like that
    for n in range(most):
        try:
            kept.append(call(n))
        except OSError as e:
            assert want in (None, e.errno), f"{n}: {e}"
            return n
    return most

def tell(**counts):
    print(*(f"{name}={count}" for name, count in counts.items()))

def keep():
    print("done", flush=True)
    time.sleep(1000)
'

let_go() {
    stop_helpers
    eventually grown_by_at_most $LEFT
}

has_told() { grep -qx "$1" "$TMP/hog" || { cat "$TMP/hog" && return 1; }; }

@test "open files" {
    given
    store "$MNT/hog/1" 5
    hog <<'CODE'
tell(files=until(errno.EMFILE, lambda n: os.open("1", os.O_RDONLY), 9999))
CODE
    has_told files=4096
    others_go_on
    refused - as $HOG cat "$MNT/hog/1"
    grep 'one user may have 4096.*open files: close some' "$MNT/.error_log"
    grown_by_at_most $GROWN
    let_go
    equal 5 "$(as $HOG cat "$MNT/hog/1")"
}

@test "open directories" {
    given
    hog <<'CODE'
tell(dirs=until(errno.EMFILE, lambda n: os.open(".", os.O_RDONLY | os.O_DIRECTORY), 9999))
CODE
    has_told dirs=256
    others_go_on
    refused - as $HOG ls "$MNT/hog"
    let_go
    as $HOG ls "$MNT/hog"
}

@test "staging files, by number and by bytes" {
    given key=u32,value=16384
    hog <<'CODE'
tell(files=until(errno.ENOSPC, lambda n: os.open(f".save{n}", os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600), 999))
tell(mib=sum(until(errno.ENOSPC, lambda n: os.pwrite(fd, b"x" * 16384, n * 16384), 4) for fd in list(kept)) // 64)
CODE
    has_told files=64
    others_go_on
    grown_by_at_most $GROWN
    let_go
    as $HOG mktemp "$MNT/hog/saveXXXXXX"
}

@test "a staging file as large as may be" {
    given key=u32,value=1000000,max_entries=4
    hog <<'CODE'
def fill(n):
    fd = os.open(f".save{n}", os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    until(None, lambda i: os.pwrite(fd, b"x" * 65536, i * 65536), 999)
    return fd

until(None, fill, 20)
tell(kib=sum(os.stat(f".save{n}").st_size for n in range(20)) >> 10)
CODE
    has_told kib=16384
    others_go_on
    grown_by_at_most $GROWN
    let_go
}

# endless BYTE FILE: four gigabytes of it, in one line, to where it began and to an empty file.
endless() {
    local how
    for how in nocreat,notrunc nocreat; do
        refused - as $HOG timeout 60 bash -c '
            set -o pipefail
            head -c 4G /dev/zero | tr "\0" "$1" |
                dd of="$2" bs=64k conv="$3" iflag=fullblock status=none' \
            bash "$1" "$MNT/hog/$2" "$how"
        grown_by_at_most $GROWN
    done
}

@test "lines that do not end, into every file" {
    given
    store "$MNT/hog/1" 5
    as $HOG bash -c ': >"$1"' bash "$MNT/hog/.save"
    for file in 1 .dump .map .types .frozen .save; do
        for byte in x ' ' ${LONG:+1 '{'}; do
            echo "$byte into $file"
            endless "$byte" "$file"
        done
    done
    others_go_on
    equal 5 "$(get hog 1)"
    let_go
}

@test "lines that do not end, into .push" {
    given type=queue,value=u64,max_entries=4
    for byte in x ' '; do endless "$byte" .push; done
    others_go_on
    equal 0 "$(<"$MNT/hog/.count")"
    let_go
}

@test "values written in halves" {
    given key=u32,value=262144,max_entries=4
    hog <<'CODE'
half = b" " * 262144                           # a beginning of any value

def write(n):
    fd = os.open(str(n), os.O_CREAT | os.O_WRONLY)
    try:
        os.write(fd, half)
    except OSError:
        os.close(fd)
        raise
    return fd

tell(mib=until(errno.ENOMEM, write, 4096) // 4)
CODE
    has_told mib=6[34]
    others_go_on
    grown_by_at_most $GROWN
    grep 'texts that are being read and written: close some files' "$MNT/.error_log"
    let_go
}

@test "texts that are read" {
    given key=u32,value=32768,max_entries=4
    touch "$MNT/hog/1"
    hog <<'CODE'
tell(mib=until(errno.ENOMEM, lambda n: os.open("1", os.O_RDONLY), 4096) // 16)
CODE
    has_told mib=[0-9]*
    others_go_on
    grown_by_at_most $GROWN
    let_go
}

@test "parts that are never finished" {
    given key=u32,value=32768,max_entries=4096
    hog <<'CODE'
def part(n):
    fd = os.open(str(n), os.O_CREAT | os.O_WRONLY, 0o600)
    try:
        os.posix_fallocate(fd, 0, 65537)
        os.pwrite(fd, b"0" * 32768, 0)
    finally:
        os.close(fd)

tell(mib=until(errno.ENOSPC, part, 4096) // 16)
CODE
    has_told mib=6[34]
    others_go_on
    grown_by_at_most $GROWN
    grep 'files that wait for the .map of their maps' "$MNT/.error_log"
    stop_helpers
    as $HOG find "$MNT/hog" -type f ! -name '.*' -delete
    grown_by_at_most $LEFT
}

# stop_readers COUNT SCRIPT: so many processes of the hog, which read a little and stop.
stop_readers() {
    local i
    READERS=()
    for ((i = 0; i < $1; i++)); do
        become $HOG bash -c "$2" bash "$MNT/hog" >"$TMP/reader$i" 2>&1 3>&- &
        READERS+=($!)
    done
    eventually all_stopped_or_dead
}

all_stopped_or_dead() {
    local pid
    for pid in "${READERS[@]}"; do
        [[ ! -d /proc/$pid ]] || grep -q '^State:.[TZ]' "/proc/$pid/status" || return 1
    done
}

readers_were_told() { equal "$1" "$(cat "$TMP"/reader* | grep -c "$2")"; }

end_readers() {
    ((${#READERS[@]})) || return 0
    kill -KILL "${READERS[@]}" || true
    wait "${READERS[@]}" || true
    READERS=()
} 2>/dev/null

teardown() { # as in lib.bash, but what is stopped hears no other signal
    end_readers
    end_test
}

@test "more stopped readers of .dump than may be" {
    given
    for i in {1..1000}; do echo "{\"key\":$i,\"value\":$i}"; done >"$MNT/hog/.dump"
    stop_readers 24 'exec 4<"$1/.dump" && read -r -u 4 && kill -STOP $$'
    readers_were_told 8 'Too many open files'
    others_go_on
    grown_by_at_most $GROWN
    end_readers
    eventually as $HOG cat "$MNT/hog/.dump"
    eventually grown_by_at_most $LEFT
}

@test "more stopped readers of .stream than may be" {
    mkdir -p "$PINS"
    given
    bpftool map create "$PINS/ring" type ringbuf name ring entries 4096
    chown $HOG "$PINS/ring"
    eventually test -d "$MNT/ring"
    for i in {1..72}; do
        become $HOG cat "$MNT/ring/.stream" >"$TMP/reader$i" 2>&1 3>&- &
        READERS+=($!)
    done
    eventually readers_were_told 8 'temporarily unavailable'
    kill -STOP "${READERS[@]}" 2>/dev/null || true
    others_go_on
    grown_by_at_most $GROWN
    end_readers
    eventually grown_by_at_most $LEFT
}

inodes() { awk '$1 == "inodes:" { print $2 }' "$MNT/.stats"; }

# Names that lead nowhere leave nothing; in a full bloom filter nearly each name leads to something, whose inode
# the kernel keeps: about a hundred bytes of ours beside its thousand.
@test "many names, which are not there, and which may be" {
    local inodes count=$((LONG ? 1000000 : 20000))
    given
    mkdir "$MNT/bloom,type=bloom_filter,value=u32,max_entries=8"
    chown $HOG "$PINS/bloom"
    for i in {1..100}; do : >"$MNT/bloom/$i"; done # so that it is full
    inodes=$(inodes)
    COUNT=$count hog <<'CODE'
count = int(os.environ["COUNT"])
tell(none=sum(os.path.lexists(str(n)) for n in range(count)))
CODE
    has_told none=0
    (($(inodes) < inodes + 100))
    others_go_on
    COUNT=$count hog <<'CODE'
os.chdir("../bloom")
tell(some=sum(os.path.lexists(str(n)) for n in range(int(os.environ["COUNT"]))))
CODE
    (($(inodes) >= inodes + count / 2)) # the kernel may have forgotten some
    others_go_on
    grown_by_at_most $((LEFT + count * 150))
}
