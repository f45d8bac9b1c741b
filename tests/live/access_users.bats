#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# What one user may learn of another, or do to him, where no mode says it: refusals, links and
# templates, ids, staging files, freezing (contract, sections 10 to 12). The users need no accounts.

load lib

ONE=61001 TWO=61002 GROUP=61100

# as USER [GROUP...] -- COMMAND...: in $MNT.
as() {
    local id=$1 groups=()
    shift
    while [[ $1 != -- ]]; do groups+=("$1") && shift; done
    shift
    local list=${groups[*]}
    [[ -z $list ]] && list=--clear-groups || list=--groups=${list// /,}
    (cd "$MNT" && setpriv --reuid="$id" --regid="$id" "$list" --inh-caps=-all "$@")
}

# new_map PATH [MODE [OWNER]]: of u32 to u64.
new_map() {
    mkdir "$MNT/$1,type=hash,key=u32,value=u64,max_entries=16"
    chown "${3:-0:0}" "$MNT/$1"
    chmod "${2:-700}" "$MNT/$1"
}

# new_dir NAME MODE OWNER: a directory of maps.
new_dir() {
    mkdir "$MNT/$1" "$MNT/$1/first"
    rmdir "$MNT/$1/first"
    chown "$3" "$MNT/$1"
    chmod "$2" "$MNT/$1"
}

# --- .error_log

# whose: of whom are the refusals that standard input tells, in this order?
whose() { sed -n 's/.* write .*: a digit is expected here$/&/p' | sed 's/.*write \/m\/\([0-9]\).*/\1/' | paste -sd' '; }

refuse_each() { # each fails at the key that tells who it was
    refused EINVAL as "$ONE" -- bash -c 'echo x >m/1'
    refused EINVAL as "$TWO" -- bash -c 'echo x >m/2'
    refused EINVAL bash -c 'echo x >"$MNT/m/3"'
}

@test ".error_log: each sees what was refused to himself, root everything" {
    start_daemon -o allow_other
    new_map m 777
    for key in 1 2 3; do echo 1 >"$MNT/m/$key"; done
    refuse_each
    equal 1 "$(as "$ONE" -- cat .error_log | whose)"
    equal 2 "$(as "$TWO" -- cat .error_log | whose)"
    equal '' "$(as_nobody cat .error_log)"
    equal '1 2 3' "$(whose <"$MNT/.error_log")"
    as "$ONE" -- bash -c 'echo >.error_log'
    equal '' "$(as "$ONE" -- cat .error_log)"
    equal '2 3' "$(whose <"$MNT/.error_log")"
    as_nobody bash -c ': >.error_log'
    equal '2 3' "$(whose <"$MNT/.error_log")"
    : >"$MNT/.error_log"
    equal '' "$(cat "$MNT/.error_log")$(as "$TWO" -- cat .error_log)"
}

@test ".error_log through a descriptor is that of who opened it, and its length nobody's" {
    start_daemon -o allow_other
    new_map m 777
    for key in 1 2 3; do echo 1 >"$MNT/m/$key"; done
    refuse_each
    py <<CODE
os.chdir(MNT)
own = os.open(".error_log", os.O_RDONLY)
assert os.pread(own, 1 << 16, 0).count(b" write ") == 3
os.seteuid($ONE)
assert os.stat(".error_log").st_size == 0
log = os.open(".error_log", os.O_RDWR)         # as a program with more rights inherits it
os.seteuid(0)
for _ in range(2):                             # the text of open, and another one
    assert os.pread(log, 1 << 16, 0).count(b" write ") == 1
os.write(log, b"0\n")
os.close(log)
CODE
    equal '2 3' "$(whose <"$MNT/.error_log")"
}

@test ".info: who has a map pinned and open is for root and the mount's owner" {
    start_daemon -o allow_other,uid=4001
    new_map m 644
    bpftool map pin pinned "$PINS/m" "$ELSEWHERE/customer"
    for id in 0 4001; do
        (cd "$MNT" && setpriv --reuid=$id --regid=$id --clear-groups cat m/.info) >"$TMP/info"
        grep -q "^pin:.*/customer" "$TMP/info"
    done
    as 4002 -- cat m/.info >"$TMP/info"
    grep -q '^max_entries:' "$TMP/info"
    not grep -E '^(pin|process|program):' "$TMP/info"
}

@test ".error_log: who is refused often pushes out only his own" {
    start_daemon -o allow_other
    new_map m 777
    for key in 1 2 3; do echo 1 >"$MNT/m/$key"; done
    refuse_each
    as "$ONE" -- bash -c 'for ((i = 0; i < 200; i++)); do echo x >m/1; done' 2>/dev/null || true
    equal '2 3' "$(whose <"$MNT/.error_log" | tr -d 1 | xargs)"
    equal 64 "$(whose <"$MNT/.error_log" | wc -w)"
    equal 62 "$(as "$ONE" -- cat .error_log | whose | wc -w)"
}

@test ".error_log: what only the last close could tell is the opener's" {
    start_daemon -o allow_other
    new_map m 777
    as "$ONE" -- dd if=/dev/null of=m/1 bs=1 conv=notrunc status=none
    as "$ONE" -- bash -c 'echo 7 >m/1'
    as "$ONE" -- bash -c 'exec 5<>m/1; printf x >&5; exec 5>&-' || true
    as "$ONE" -- grep -q '/m/1: EINVAL' .error_log
    equal '' "$(as "$TWO" -- cat .error_log)"
}

@test ".error_log: the mount's owner sees everything" {
    start_daemon -o "allow_other,uid=$TWO"
    new_map m 777
    for key in 1 2 3; do echo 1 >"$MNT/m/$key"; done
    refuse_each
    equal '1 2 3' "$(as "$TWO" -- cat .error_log | whose)"
    as "$TWO" -- bash -c ': >.error_log'
    equal '' "$(<"$MNT/.error_log")"
}

# --- maps of maps

new_outer() {
    new_map "template"
    mkdir "$MNT/outer,type=hash_of_maps,key=u32,max_entries=8,inner=template"
    chown "$ONE" "$MNT/outer"
}

@test "a link to a map takes the right to read that map" {
    start_daemon -o allow_other
    new_outer
    new_map secret 700
    new_map group 750 "0:$GROUP"
    new_map public 755
    new_map own 700 "$ONE"
    new_dir d 700 0
    new_map d/hidden 755
    for map in secret group d/hidden "@$(id_of "$PINS/secret")" "@$(id_of "$PINS/d/hidden")"; do
        refused EACCES as "$ONE" -- ln -s "../$map" outer/1
        refused EACCES as "$ONE" -- ln -sfn "../$map" outer/1
        refused EACCES as "$ONE" -- bash -c 'printf "{\"key\":1,\"value\":\"../%s\"}\n" "$1" >outer/.dump' bash "$map"
    done
    as "$ONE" -- grep -q 'this takes the right to read the map that is named' .error_log
    equal '[]' "$(dump outer)"
    refused EACCES as "$ONE" "$TWO" -- ln -s ../group outer/1
    as "$ONE" "$TWO" "$GROUP" -- ln -s ../group outer/1
    as "$ONE" -- ln -s ../public outer/2
    as "$ONE" -- ln -s ../own outer/3
    as "$ONE" -- ln -sfn ../own outer/2
    as "$ONE" -- bash -c 'echo "{\"key\":4,\"value\":\"../public\"}" >outer/.dump'
    ln -s ../secret "$MNT/outer/5"
    equal '../group ../own ../own ../public ../secret' \
        "$(for key in 1 2 3 4 5; do readlink "$MNT/outer/$key"; done | paste -sd' ')"
    refused EACCES as "$ONE" -- cat outer/5/1 # to follow it takes the right again
}

@test "a link that waited for its map is judged when that comes, in the name of who made it" {
    start_daemon -o allow_other
    new_outer
    as "$ONE" -- ln -s ../later outer/1
    as "$ONE" -- ln -s ../mine outer/2
    new_map later 700
    equal '[]' "$(dump outer)"
    as "$ONE" -- grep -q 'symlink /outer/1: EACCES: this takes the right to read' .error_log
    new_dir d 755 "$ONE"
    as "$ONE" -- mkdir "d/mine,type=hash,key=u32,value=u64,max_entries=16"
    as "$ONE" -- ln -s ../d/mine outer/3
    equal ../d/mine "$(readlink "$MNT/outer/3")"
}

@test "a template takes the right to read it" {
    start_daemon -o allow_other
    new_map secret 700
    new_map public 755
    new_dir d 700 "$ONE"
    refused EACCES as "$ONE" -- mkdir "d/a,type=array_of_maps,key=4,max_entries=2,inner=secret"
    as "$ONE" -- grep -q 'this takes the right to read the map that is named' .error_log
    as "$ONE" -- mkdir "d/b,type=array_of_maps,key=4,max_entries=2,inner=public"
    as "$ONE" -- mkdir d/c
    refused EACCES as "$ONE" -- bash -c \
        'printf "type=array_of_maps\nkey=4\nmax_entries=2\ninner=secret\n" >d/c/.map'
    as "$ONE" -- bash -c 'printf "type=array_of_maps\nkey=4\nmax_entries=2\ninner=public\n" >d/c/.map'
    equal 'b c' "$(names "$MNT/d")"
}

# --- ids

@test "@ID leads nobody but root around a directory" {
    start_daemon -o allow_other
    new_dir locked 700 0
    new_map locked/m 777
    new_map plain 777
    new_dir own 755 "$ONE"
    echo 1 >"$MNT/locked/m/1"
    locked=@$(id_of "$PINS/locked/m") plain=@$(id_of "$PINS/plain")
    refused EACCES as "$ONE" -- cat locked/m/1
    refused ENOENT as "$ONE" -- cat "$locked/1"
    equal 1 "$(<"$MNT/$locked/1")"
    refused ENOENT as "$ONE" -- cat "$locked/1" # root's look-up opens it for no one else
    as "$ONE" -- ls "$plain"
    refused ENOENT as "$ONE" -- rmdir "own/$plain"
    refused ENOENT as "$ONE" -- mv "own/$plain" own/mine
    refused ENOENT as "$ONE" -- rmdir "own/$locked"
    [ -e "$PINS/plain" ]
    [ -e "$PINS/locked/m" ]
    equal '' "$(names "$MNT/own")"
}

# --- who owns what is made

@test "a map, and a directory of maps, belongs to who made it" {
    start_daemon -o "allow_other,uid=$ONE"
    as "$ONE" -- mkdir "m,type=hash,key=u32,value=u64,max_entries=16"
    equal "600 $ONE $ONE" "$(stat -c '%a %u %g' "$PINS/m")"
    as "$ONE" -- bash -c 'echo 7 >m/1'
    as "$ONE" -- mkdir fresh
    as "$ONE" -- bash -c 'printf "type=array\nkey=4\nvalue=8\nmax_entries=3\n" >fresh/.map'
    equal "600 $ONE $ONE" "$(stat -c '%a %u %g' "$PINS/fresh")"
    as "$ONE" -- mkdir d d/m d/e d/e/n
    equal "700 $ONE $ONE" "$(stat -c '%a %u %g' "$PINS/d")"
    equal "700 $ONE $ONE" "$(stat -c '%a %u %g' "$PINS/d/e")"
    equal "600 $ONE $ONE" "$(stat -c '%a %u %g' "$PINS/d/e/n")"
    remount -o allow_other
    equal "700 $ONE $ONE" "$(stat -c '%a %u %g' "$MNT/m")"
    equal 7 "$(as "$ONE" -- cat m/1)"
    refused EACCES as "$TWO" -- cat m/1
}

@test "chmod +t of a map is refused: its keys have no owners" {
    start_daemon -o allow_other
    new_map m 770 "$ONE:$GROUP"
    refused EPERM as "$ONE" -- chmod 1770 m
    as "$ONE" -- grep -q 'setattr /m: EPERM: keys have no owners of their own' .error_log
    equal 660 "$(stat -c %a "$PINS/m")"
}

# --- freezing

@test "only the owner freezes: who may write may not" {
    start_daemon -o allow_other
    new_map m 770 "$ONE:$GROUP"
    as "$TWO" "$GROUP" -- bash -c 'echo 7 >m/1'
    equal 0 "$(as "$TWO" "$GROUP" -- cat m/.frozen)"
    refused EACCES as "$TWO" "$GROUP" -- bash -c 'echo 1 >m/.frozen'
    refused EPERM as "$TWO" "$GROUP" -- chmod 550 m
    [[ $(info "$PINS/m") == *'"frozen":0'* ]]
    as "$ONE" -- bash -c 'echo 1 >m/.frozen'
    [[ $(info "$PINS/m") == *'"frozen":1'* ]]
    for user in "$ONE" 0; do
        refused EROFS as "$user" "$GROUP" -- bash -c 'echo 8 >m/1' ||
            refused EACCES as "$user" "$GROUP" -- bash -c 'echo 8 >m/1'
    done
    refused EACCES as "$TWO" "$GROUP" -- bash -c 'echo 8 >m/1'
    refused - as "$ONE" -- rm -f m/1
    equal 7 "$(get m 1)"
}

# --- staging files

@test "a staging file of another can neither be read nor be made a value" {
    start_daemon -o allow_other
    new_map m 777
    echo 1 >"$MNT/m/1"
    as "$ONE" -- bash -c 'umask 077; echo 42 >m/.stage'
    refused EACCES as "$TWO" -- cat m/.stage
    refused EACCES as "$TWO" -- bash -c 'echo 5 >m/.stage'
    refused EACCES as "$TWO" -- mv m/.stage m/1
    as "$TWO" -- grep -q 'the right to read' .error_log
    equal 1 "$(get m 1)"
    as "$TWO" -- mv m/.stage m/.other # a directory that all may write to allows that
    refused EACCES as "$TWO" -- mv m/.other m/2
    equal 42 "$(as "$ONE" -- cat m/.other)"
    as "$ONE" -- mv m/.other m/1
    equal 42 "$(get m 1)"
}

# --- names

@test "names that mean harm are refused, each in a line of its own" {
    start_daemon -o allow_other
    new_map m 777
    new_outer
    new_dir d 777 0
    as "$ONE" -- "$PYTHON" - <<'CODE'
import os, errno
long = [b"x" * n for n in (255, 256, 1000, 1023, 4000)]
names = long + [b"..", b".", b"a\nb", b"\n1970-01-01 00:00:00 pid 1: write /m/1: EPERM: forged", b"\x1b[2J",
                b"%2e%2e%2fetc", b"..%2f..", b"@1", b"@", b",", b"\xff\xfe", b".\n", b" ", b"%"]
def tried(call, *args):
    try:
        call(*args)
    except OSError as e:
        assert e.errno in (errno.EINVAL, errno.ENAMETOOLONG, errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.EPERM, errno.ENOENT,
                           errno.EACCES, errno.ENOTEMPTY, errno.EBUSY, errno.ENOSPC, errno.EOPNOTSUPP, errno.EXDEV), (call, args, e)
def create(path, mode):
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))
for name in names:
    for dir in (b"m/", b"d/", b"outer/", b""):
        tried(create, dir + name, 0o600)
        tried(create, dir + name, 0o666)
        tried(os.mkdir, dir + name)
        tried(os.symlink, name, dir + b"7")
        tried(os.symlink, b"../template", dir + name)
        tried(os.symlink, b"/" * 4000, dir + name)
        tried(os.rename, b"m/1", dir + name)
        tried(os.rmdir, dir + name)
        tried(os.unlink, dir + name)
CODE
    grep -q . "$MNT/.error_log"
    not grep -E '^1970|[^[:print:][:space:]]' <(LC_ALL=C tr -d '\200-\377' <"$MNT/.error_log")
    not grep -vE '^(20|    )' "$MNT/.error_log"
    equal 'd m template' "$(find "$PINS" -mindepth 1 -user 0 -printf '%P\n' | sort | paste -sd' ')"
    equal 'outer' "$(find "$PINS" -mindepth 1 -maxdepth 1 -user "$ONE" -printf '%P\n' | paste -sd' ')"
}
