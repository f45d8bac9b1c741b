#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# What tasks, cgroups, files and sockets carry: by a program, by bpf(2), and by the mount.
# alone

load lib

CGROUP=bpfmapfs-test-$$

eval "lib_$(declare -f teardown)"
teardown() {
    stop_helpers
    [[ ! -d $(hierarchy)/$CGROUP ]] || eventually find "$(hierarchy)/$CGROUP" -depth -type d -delete
    lib_teardown
}

# Where cgroups of the unified hierarchy are.
hierarchy() { awk '$4 == "/" && / - cgroup2 / { print $5; exit }' /proc/self/mountinfo; }

kernel() { "$BUILD/tests/storage" "$1" "$PINS/$2" "${@:3}"; } # get|set|del MAP ...
kernel_has_no() { equal ENOENT "$(kernel get "$@")"; }

need_cgroups() { [[ $(hierarchy) ]] || skip 'no unified hierarchy of cgroups is mounted'; }

need_inode_storage() {
    make_map inode_storage
    kernel set inode_storage 1 file "$TMP" || skip 'bpf is none of the security modules of this kernel'
    kernel del inode_storage file "$TMP"
}

# escaped PATH: as one name.
escaped() { sed 's/%/%25/g; s/,/%2C/g; s,/,%2F,g' <<<"$1"; }

store_new() { dd of="$1" conv=excl status=none <<<"$2"; } # O_EXCL

make_map() { mkdir "$MNT/$1,type=$1,value=u64"; }

# A process with two threads, which all make system calls for ever; THREADS: their ids.
start_caller() {
    spawn "$PYTHON" -c '
import os, threading, time
def call():
    while True:
        os.getppid()
        time.sleep(0.005)
threads = [threading.Thread(target=call) for _ in range(2)]
for t in threads:
    t.start()
print(*[t.native_id for t in threads], flush=True)
call()
' >"$TMP/threads"
    CALLER=${HELPERS[-1]}
    eventually test -s "$TMP/threads"
    read -ra THREADS <"$TMP/threads"
}

# A process with a socket, which it closes when told to, and the files that are given.
start_owner() {
    spawn "$PYTHON" -c '
import os, socket, sys, time
s = socket.socket()
print(s.fileno(), *[os.open(f, os.O_RDONLY) for f in sys.argv[2:]], flush=True)
open(sys.argv[1]).read()
s.close()
time.sleep(1000)
' "$TMP/go" "$@" >"$TMP/numbers"
    OWNER=${HELPERS[-1]}
}

start_program() {
    mkdir -p "$PINS"
    spawn "$BUILD/tests/storage" load "$BUILD/tests/storage.bpf.o" "$PINS"
    eventually test -e "$PINS/locked"
    start_daemon
}

count_of() { sed 's/.*"count":\([0-9]*\).*/\1/' "$1"; }
counts_beyond() { (($(count_of "$1") > $2)); }
gone() { [[ ! -e $1 ]]; }

@test "a program counts for each thread, and the shell sets its steps" {
    start_program
    start_caller
    equal '' "$(names "$MNT/tasks")"
    echo "{\"pid\":$CALLER,\"step\":1}" >"$MNT/watched/0"
    for id in "$CALLER" "${THREADS[@]}"; do
        eventually test -e "$MNT/tasks/$id"
        eventually counts_beyond "$MNT/tasks/$id" 2
    done
    equal "$(printf '%s\n' "$CALLER" "${THREADS[@]}" | sort -n | paste -sd' ')" "$(names "$MNT/tasks")"
    equal 3 "$(<"$MNT/tasks/.count")"
    echo '{"step":1000000000}' >"$MNT/tasks/${THREADS[0]}"
    eventually counts_beyond "$MNT/tasks/${THREADS[0]}" 2000000000
    (($(count_of "$MNT/tasks/${THREADS[1]}") < 1000000000))
    echo '{"step":0}' >"$MNT/tasks/${THREADS[0]}"
    equal "$(kernel get tasks task "${THREADS[0]}")" "$(count_of "$MNT/tasks/${THREADS[0]}")"
    echo '{"pid":0}' >"$MNT/watched/0"
    rm "$MNT/tasks"/*
    equal '' "$(names "$MNT/tasks")"
    kernel_has_no tasks task "$CALLER"
}

@test "a value of a task is stored, read and removed by its id" {
    start_daemon
    make_map task_storage
    cd "$MNT/task_storage"
    echo 7 >$$
    equal 7 "$(<$$)"
    equal 7 "$(kernel get task_storage task $$)"
    kernel set task_storage 8 task 1
    equal "$(printf '%s\n' 1 $$ | sort -n | paste -sd' ')" "$(names .)"
    equal 8 "$(<./1)"
    refused EEXIST store_new 1 9
    refused ENOTEMPTY rmdir "$MNT/task_storage"
    rm 1
    kernel_has_no task_storage task 1
    refused ENOENT cat 1
    refused ENOENT rm 1
    mv $$ 1
    equal 7 "$(kernel get task_storage task 1)"
    equal 1 "$(names .)"
    rm 1
    cd /
    rmdir "$MNT/task_storage"
}

@test "a value goes with its task" {
    start_daemon
    make_map task_storage
    spawn sleep 1000
    pid=${HELPERS[-1]}
    echo 7 >"$MNT/task_storage/$pid"
    equal "$pid" "$(names "$MNT/task_storage")"
    stop_helpers
    eventually gone "$MNT/task_storage/$pid"
    equal '' "$(names "$MNT/task_storage")"
    equal 0 "$(<"$MNT/task_storage/.count")"
}

@test "what is no task has no value and takes none" {
    start_daemon
    make_map task_storage
    cd "$MNT/task_storage"
    for id in 0 4194305 4294967295; do # beyond the greatest pid_max
        refused ENOENT cat "$id"
        refused ENOENT store "$id" 1
        grep -q "there is no task $id\$" "$MNT/.error_log"
    done
    refused EINVAL store 4294967296 1
    refused EINVAL store self 1
    equal '' "$(names .)"
}

@test "a program counts for a cgroup, and the shell sets its steps" {
    need_cgroups
    start_program
    start_caller
    mkdir "$(hierarchy)/$CGROUP"
    echo "$CALLER" >"$(hierarchy)/$CGROUP/cgroup.procs"
    echo "{\"pid\":$CALLER,\"step\":1}" >"$MNT/watched/0"
    key=$MNT/cgroups/$(escaped "/$CGROUP")
    eventually test -e "$key"
    eventually counts_beyond "$key" 2
    equal "$(escaped "/$CGROUP")" "$(names "$MNT/cgroups")"
    echo '{"step":1000000000}' >"$key"
    eventually counts_beyond "$key" 2000000000
    echo '{"step":0}' >"$key"
    equal "$(kernel get cgroups file "$(hierarchy)/$CGROUP")" "$(count_of "$key")"
    stop_helpers
    eventually rmdir "$(hierarchy)/$CGROUP"
    gone "$key"
    equal '' "$(names "$MNT/cgroups")"
}

@test "cgroups of all names, the root among them" {
    need_cgroups
    start_daemon
    make_map cgrp_storage
    cd "$MNT/cgrp_storage"
    number=0
    for path in / "/$CGROUP" "/$CGROUP/.dot" "/$CGROUP/a b%c,d" "/$CGROUP/..." "/$CGROUP/ä"; do
        mkdir -p "$(hierarchy)$path"
        echo $((++number)) >"$(escaped "$path")"
        equal $number "$(kernel get cgrp_storage file "$(hierarchy)$path")"
        equal $number "$(<"$(escaped "$path")")"
        entries . | grep -qxF -- "$(escaped "$path")"
    done
    equal "$number" "$(entries . | wc -l)"
    equal "$number" "$(<.count)"
    kernel set cgrp_storage 99 file "$(hierarchy)/$CGROUP/..."
    equal 99 "$(<"$(escaped "/$CGROUP/...")")"
    rm -- *
    kernel_has_no cgrp_storage file "$(hierarchy)/$CGROUP"
    equal '' "$(names .)"
}

@test "cgroups with paths of more than a name's length" {
    need_cgroups
    start_daemon
    make_map cgrp_storage
    deep=/$CGROUP/$(printf 'x%.0s' {1..200})/.$(printf 'y%.0s' {1..120})
    mkdir -p "$(hierarchy)$deep"
    kernel set cgrp_storage 5 file "$(hierarchy)$deep"
    file=$(find "$MNT/cgrp_storage" -type f ! -name .map)
    equal 5 "$(<"$file")"
    equal "$(escaped "$deep")" "$(tr -d / <<<"${file#"$MNT/cgrp_storage"}")"
    echo 6 >"$file"
    equal 6 "$(kernel get cgrp_storage file "$(hierarchy)$deep")"
    deeper=$deep/$(printf 'z%.0s' {1..250})/$(printf 'z%.0s' {1..250})/$(printf 'z%.0s' {1..250})
    mkdir -p "$(hierarchy)$deeper"
    equal "$file" "$(find "$MNT/cgrp_storage" -type f ! -name .map)"
    rm "$file"
    equal '' "$(find "$MNT/cgrp_storage" -type f ! -name .map)"
}

@test "what is no cgroup has no value and takes none" {
    need_cgroups
    start_daemon
    make_map cgrp_storage
    cd "$MNT/cgrp_storage"
    mkdir "$(hierarchy)/$CGROUP"
    refused ENOENT store "$(escaped "/$CGROUP/none")" 1
    grep -q 'there is no such cgroup$' "$MNT/.error_log"
    refused ENOENT store "$(escaped "/$CGROUP/cgroup.procs")" 1
    for path in "$CGROUP" "/$CGROUP/" "//$CGROUP" "/$CGROUP/." "/$CGROUP/.." "/../$CGROUP" /.. /. //; do
        refused ENOENT cat "$(escaped "$path" | sed 's/^\./%2E/')"
        refused EINVAL store "$(escaped "$path" | sed 's/^\./%2E/')" 1
    done
    equal '' "$(names .)"
}

@test "values with a spin lock" {
    need_cgroups
    start_program
    mkdir "$(hierarchy)/$CGROUP"
    cd "$MNT/locked"
    key=$(escaped "/$CGROUP")
    store_new "$key" '{"number":7}'
    equal '{"number":7}' "$(<"$key")"
    refused EEXIST store_new "$key" '{"number":8}'
    echo '{"number":9}' >"$key"
    equal $((9 << 32)) "$(kernel get locked file "$(hierarchy)/$CGROUP")"
}

@test "a value of a file is found under each of its names" {
    start_daemon
    need_inode_storage
    cd "$MNT/inode_storage"
    mkdir "$TMP/a b"
    touch "$TMP/a b/%,x"
    echo 7 >"$(escaped "$TMP/a b/%,x")"
    equal 7 "$(kernel get inode_storage file "$TMP/a b/%,x")"
    mv "$TMP/a b/%,x" "$TMP/y"
    ln "$TMP/y" "$TMP/z"
    for name in y z; do equal 7 "$(<"$(escaped "$TMP/$name")")"; done
    refused ENOENT cat "$(escaped "$TMP/a b/%,x")"
    refused ENOENT store "$(escaped "$TMP/a b/%,x")" 7
    grep -q 'there is no such file$' "$MNT/.error_log"
    kernel set inode_storage 8 file "$TMP/z"
    equal 8 "$(<"$(escaped "$TMP/y")")"
    rm "$(escaped "$TMP/z")"
    kernel_has_no inode_storage file "$TMP/y"
    mkfifo "$TMP/fifo"
    for path in "$TMP/fifo" "$TMP" / /dev/null; do
        echo 9 >"$(escaped "$path")"
        equal 9 "$(kernel get inode_storage file "$path")"
        rm "$(escaped "$path")"
    done
}

@test "values of files are not listed, and keep no map" {
    start_daemon
    need_inode_storage
    touch "$TMP/file"
    echo 7 >"$MNT/inode_storage/$(escaped "$TMP/file")"
    equal '' "$(names "$MNT/inode_storage")"
    refused - cat "$MNT/inode_storage/.count"
    id=$(id_of "$PINS/inode_storage")
    rmdir "$MNT/inode_storage"
    eventually not map_exists "$id"
}

@test "a file has one spelling, and none through a symbolic link" {
    start_daemon
    need_inode_storage
    cd "$MNT/inode_storage"
    mkdir "$TMP/dir"
    touch "$TMP/dir/file"
    ln -s dir "$TMP/link"
    ln -s file "$TMP/dir/link"
    for path in "$TMP/link/file" "$TMP/dir/link" "$TMP/dir/../dir/file" "$TMP/dir/./file" \
        "$TMP//dir/file" "$TMP/dir/" "/$TMP" "/proc/$$/root$TMP/dir/file" "/proc/$$/cwd" file; do
        refused ENOENT cat "$(escaped "$path")"
        refused EINVAL store "$(escaped "$path")" 1
    done
    grep -q 'symbolic link$' "$MNT/.error_log"
    kernel_has_no inode_storage file "$TMP/dir/file"
    refused EINVAL store "$(escaped "$TMP/dir/file")%00x" 1
    refused ENOENT store "$(escaped "$TMP/dir/file/x")" 1
    echo 1 >"$(escaped "$TMP/dir/file")"
}

# Twenty times: reads the first path as a key and writes one that begins with the second, all at
# once; read.out and write.out have what is said of it. If there are no answers, nothing but
# aborting the connection of the filesystem that they wait for (at DIR) ends it.
ask_often() { # READ WRITE DIR
    local asking=() i
    for ((i = 0; i < 20; i++)); do
        cat "$(escaped "$1")" >>"$TMP/read.out" 2>&1 3>&- &
        asking+=($!)
        store "$(escaped "$2$i")" 1 >>"$TMP/write.out" 2>&1 3>&- &
        asking+=($!)
    done
    eventually not kill -0 "${asking[@]}" || { abort_mount "$3" && return 1; }
}

@test "no path leads into the mount itself, however many ask" {
    start_daemon
    make_map inode_storage
    cd "$MNT/inode_storage"
    ask_often "$MNT/inode_storage/.map" "$MNT/inode_storage/x" "$MNT"
    equal 20 "$(grep -c "${STRERROR[ENOENT]}" "$TMP/read.out")"
    equal 20 "$(grep -c "${STRERROR[EINVAL]}" "$TMP/write.out")"
    refused EINVAL store "$(escaped "$MNT")" 1
    refused EINVAL store "$(escaped "$MNT/@$(id_of "$PINS/inode_storage")")" 1
    grep -q 'another process or machine answers for$' "$MNT/.error_log"
}

@test "no path leads into a filesystem that does not answer" {
    start_daemon
    make_map inode_storage
    another_mountpoint
    "$BPFMAPFS" -f -o "pindir=$ELSEWHERE,scope=pinned" "$OTHER" >>"$TMP/daemon.log" 2>&1 3>&- &
    DAEMONS["$OTHER"]=$!
    eventually mountpoint -q "$OTHER"
    cd "$MNT/inode_storage"
    kill -STOP "${DAEMONS["$OTHER"]}"
    ask_often "$OTHER/x/y" "$OTHER/x" "$OTHER" || failed=1
    kill -CONT "${DAEMONS["$OTHER"]}"
    [[ ! ${failed:-} ]]
    equal 20 "$(grep -c "${STRERROR[ENOENT]}" "$TMP/read.out")"
    equal 20 "$(grep -c "${STRERROR[EINVAL]}" "$TMP/write.out")"
}

# No cgroups but at a place with an odd name, and there after another one of half of them: in a
# namespace of mounts.
@test "cgroups are found wherever they are mounted" {
    need_cgroups
    export BPFMAPFS CGROUP MNT PINS TMP
    mkdir "$(hierarchy)/$CGROUP" "$(hierarchy)/$CGROUP/below" "$TMP/half" "$TMP/a b\\c"
    timeout 60 unshare -m --propagation private bash -e 3>&- <<'CODE'
mount --bind "$(awk '/ - cgroup2 / { print $5; exit }' /proc/self/mountinfo)/$CGROUP" "$TMP/half"
mount -t cgroup2 cgroup2 "$TMP/a b\c"
awk -v tmp="$TMP/" '/ - cgroup2 / && index($5, tmp) != 1 { print $5 }' /proc/self/mountinfo | xargs umount -l
"$BPFMAPFS" -f -o "pindir=$PINS,scope=pinned" "$MNT" >>"$TMP/daemon.log" 2>&1 &
until mountpoint -q "$MNT"; do sleep 0.02; done
mkdir "$MNT/cgrp,type=cgrp_storage,value=u64"
echo 7 >"$MNT/cgrp/%2F$CGROUP%2Fbelow"
ls "$MNT/cgrp" >"$TMP/names"
umount "$MNT"
wait $!
CODE
    equal "%2F$CGROUP%2Fbelow" "$(<"$TMP/names")"
    equal 7 "$(kernel get cgrp file "$(hierarchy)/$CGROUP/below")"
}

@test "a value of a socket is found by process and descriptor" {
    start_daemon
    make_map sk_storage
    cd "$MNT/sk_storage"
    mkfifo "$TMP/go"
    start_owner "$MNT/sk_storage/.map" /dev/null
    eventually test -s "$TMP/numbers"
    read -r sock ours null <"$TMP/numbers"
    refused ENOENT cat "$OWNER:$sock"
    echo 7 >"$OWNER:$sock"
    equal 7 "$(<"$OWNER:$sock")"
    equal 7 "$(kernel get sk_storage socket "$OWNER" "$sock")"
    kernel set sk_storage 8 socket "$OWNER" "$sock"
    equal 8 "$(<"$OWNER:$sock")"
    equal '' "$(names .)"
    for number in "$ours" "$null"; do
        refused ENOENT cat "$OWNER:$number"
        refused EINVAL store "$OWNER:$number" 1
    done
    grep -q 'that descriptor is no socket$' "$MNT/.error_log"
    refused ENOENT store "$OWNER:1000" 1
    refused ENOENT store "4194305:$sock" 1
    refused EINVAL store "$OWNER" 1
    rm "$OWNER:$sock"
    refused ENOENT cat "$OWNER:$sock"
    equal ENOENT "$(kernel get sk_storage socket "$OWNER" "$sock")"
    echo 9 >"$OWNER:$sock"
    : >"$TMP/go"
    eventually gone "$OWNER:$sock"
    refused ENOENT store "$OWNER:$sock" 1
    cd /
    rmdir "$MNT/sk_storage"
}

# Of what only root may name others do not learn whether it is there, and put nothing there.
@test "others than root name no files" {
    start_daemon -o allow_other
    need_inode_storage
    chmod 777 "$MNT/inode_storage"
    mkdir -m 700 "$TMP/secret"
    touch "$TMP/secret/file"
    kernel set inode_storage 7 file "$TMP/secret"
    for path in "$TMP/secret" "$TMP/secret/file" "$TMP/secret/none" / relative; do
        echo >"$MNT/.error_log"
        refused ENOENT as_nobody cat "inode_storage/$(escaped "$path")"
        refused ENOENT as_nobody rm "inode_storage/$(escaped "$path")"
        refused EPERM as_nobody bash -c 'echo 1 >"$1"' bash "inode_storage/$(escaped "$path")"
        grep -q 'only root may name files here$' "$MNT/.error_log"
        as_nobody bash -c ': >"$1"' bash "inode_storage/$(escaped "$path")" || true # only close could say so
    done
    refused ENOENT cat "$MNT/inode_storage/$(escaped "$TMP/secret/file")"
    kernel_has_no inode_storage file "$TMP/secret/file"
    equal 7 "$(kernel get inode_storage file "$TMP/secret")"
    equal 7 "$(<"$MNT/inode_storage/$(escaped "$TMP/secret")")"
    echo 8 >"$MNT/inode_storage/$(escaped "$TMP/secret/file")"
    equal 8 "$(kernel get inode_storage file "$TMP/secret/file")"
    refused ENOENT as_nobody cat "inode_storage/$(escaped "$TMP/secret/file")"
    equal 8 "$(<"$MNT/inode_storage/$(escaped "$TMP/secret/file")")"
}

@test "others than root name no sockets" {
    start_daemon -o allow_other
    make_map sk_storage
    chmod 777 "$MNT/sk_storage"
    mkfifo "$TMP/go"
    start_owner /dev/null
    eventually test -s "$TMP/numbers"
    read -r sock null <"$TMP/numbers"
    kernel set sk_storage 7 socket "$OWNER" "$sock"
    for number in "$sock" "$null" 1000; do
        echo >"$MNT/.error_log"
        refused ENOENT as_nobody cat "sk_storage/$OWNER:$number"
        refused ENOENT as_nobody rm "sk_storage/$OWNER:$number"
        refused EPERM as_nobody bash -c "echo 1 >sk_storage/$OWNER:$number"
        grep -q 'only root may name sockets here$' "$MNT/.error_log"
    done
    equal 7 "$(<"$MNT/sk_storage/$OWNER:$sock")"
}

# Zeroes are stored when the last descriptor is gone, by a request that is nobody's.
@test "who opened a file is who names what it stands for" {
    start_daemon -o allow_other
    make_map sk_storage
    chmod 777 "$MNT/sk_storage"
    mkfifo "$TMP/go"
    start_owner
    eventually test -s "$TMP/numbers"
    read -r sock <"$TMP/numbers"
    py "sk_storage/$OWNER:$sock" <<'CODE'
os.chdir(MNT)
for opener, writer in (65534, 0), (0, 65534):
    os.seteuid(opener)
    fd = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT)
    os.seteuid(0)
    os.seteuid(writer)
    if opener:
        refused(errno.EPERM, os.write, fd, b"7\n")
    else:
        os.write(fd, b"8\n")
    os.seteuid(0)
    os.close(fd)
assert text(sys.argv[1]) == "8\n"
os.remove(sys.argv[1])
os.seteuid(65534)
os.close(os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT))
CODE
    refused ENOENT cat "$MNT/sk_storage/$OWNER:$sock" # which waits for that request
    equal ENOENT "$(kernel get sk_storage socket "$OWNER" "$sock")"
}

@test "others than root store for tasks and cgroups, if the map is theirs to write" {
    need_cgroups
    start_daemon -o allow_other
    make_map task_storage
    make_map cgrp_storage
    chmod 777 "$MNT/task_storage" "$MNT/cgrp_storage"
    mkdir "$(hierarchy)/$CGROUP"
    as_nobody bash -c "echo 7 >task_storage/$$; echo 8 >cgrp_storage/$(escaped "/$CGROUP")"
    equal 7 "$(kernel get task_storage task $$)"
    equal 8 "$(kernel get cgrp_storage file "$(hierarchy)/$CGROUP")"
}
