#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The command: mounting, unmounting, options (contract, section 1).
# shellcheck disable=SC2016 # scripts for shells of their own
# alone

load lib

@test "mounting returns once the tree answers; umount ends the daemon" {
    for _ in 1 2 3 4 5; do
        start_background
        mountpoint -q "$MNT"
        ls "$MNT" >/dev/null
        umount "$MNT"
        eventually not daemon_of "$MNT"
    done
}

@test "fusermount3 -u ends the daemon" {
    start_background
    fusermount3 -u "$MNT"
    eventually not daemon_of "$MNT"
}

@test "the daemon in the background keeps no pipe of its caller" {
    timeout 30 bash -c '"$1" -o "pindir=$2" "$3" 2>&1 | cat' bash "$BPFMAPFS" "$PINS" "$MNT" 3>&-
    mountpoint -q "$MNT"
}

@test "-f stays in front and ends with 0 at umount" {
    start_daemon
    kill -0 "${DAEMONS[$MNT]}"
    stop_daemon
}

@test "maps outlive the mount, under their names" {
    start_daemon
    mkdir "$MNT/m"
    echo 5 >"$MNT/m/1"
    remount
    equal 5 "$(<"$MNT/m/1")"
    equal m "$(names "$MNT")"
}

@test "maps outlive kill -9; the next start clears the dead mount" {
    start_daemon
    mkdir "$MNT/m$$"
    echo 5 >"$MNT/m$$/1"
    kill_daemon
    refused - ls "$MNT"
    start_background
    equal 5 "$(<"$MNT/m$$/1")"
    equal 1 "$(grep -c " $MNT " /proc/self/mounts)" "mounts"
}

@test "two mounts of one pindir show the same maps and values" {
    another_mountpoint
    start_daemon
    MNT=$OTHER start_daemon
    mkdir "$MNT/m"
    eventually test -d "$OTHER/m"
    for i in {1..20}; do
        echo "$i" >"$MNT/m/1"
        equal "$i" "$(<"$OTHER/m/1")"
    done
    rm "$OTHER/m/1"
    refused ENOENT cat "$MNT/m/1"
}

@test "mount -t fuse.bpfmapfs" {
    # mount(8) keeps nothing of PATH: in a mount namespace of its own, the daemon is installed.
    unshare -m --propagation private bash -euc '
        mount -t tmpfs none /usr/local/sbin
        ln -s "$1" /usr/local/sbin/bpfmapfs
        timeout 30 mount -t fuse.bpfmapfs -o "pindir=$2,max_map_bytes=1048576" bpfmapfs "$3"
        [[ $(findmnt -n -o FSTYPE "$3") == fuse.bpfmapfs ]]
        mkdir "$3/m$$"
        test -e "$2/m$$"
        ! mkdir "$3/big$$,max_entries=1000000"
        umount "$3"
    ' bash "$BPFMAPFS" "$PINS" "$MNT" 3>&-
    eventually not daemon_of "$MNT"
}

@test "bpffs is mounted when it is missing, and a missing pindir is made" {
    # In a mount namespace of its own, whose end unmounts everything.
    unshare -m --propagation private bash -euc '
        umount -l /sys/fs/bpf
        timeout 30 "$1" -o "pindir=/sys/fs/bpf/fresh" "$2"
        mountpoint -q /sys/fs/bpf
        mkdir "$2/m$$"
        test -e "/sys/fs/bpf/fresh/m$$"
        rmdir "$2/m$$"
        rmdir /sys/fs/bpf/fresh
        umount "$2"
    ' bash "$BPFMAPFS" "$MNT" 3>&-
    eventually not daemon_of "$MNT"
}

# Nothing may be mounted, and the reason must be on stderr.
start_refused() {
    local status=0 out
    out=$(timeout 30 "$@" 2>&1 >/dev/null 3>&-) || status=$?
    ((status != 0 && status != 124)) || { echo "status $status: $*" && return 1; }
    [[ -n $out ]] || { echo "no message: $*" && return 1; }
    ! in_mount_table "$MNT" || { echo "mounted: $*" && return 1; }
}

@test "options that are unknown, or have no meaning, are refused" {
    for option in nosuch values=hex values= types=/nowhere scope=some max_map_bytes=abc \
        max_map_bytes=-1 uid=nobody.at.all gid=-x umask=9 mkdir=type=nosuch mkdir=nonsense \
        pindir=/tmp pindir=; do
        start_refused "$BPFMAPFS" -o "pindir=$PINS" -o "$option" "$MNT"
    done
    start_refused "$BPFMAPFS" -o "pindir=$PINS" --nosuch "$MNT"
}

@test "a mount point that does not exist, is a file, or is not given, is refused" {
    start_refused "$BPFMAPFS" -o "pindir=$PINS" "$MNT/nowhere"
    touch "$TMP/file"
    MNT=$TMP/file start_refused "$BPFMAPFS" -o "pindir=$PINS" "$TMP/file"
    start_refused "$BPFMAPFS" -o "pindir=$PINS"
}

@test "by a symlink, too: a living mount is refused, a dead one cleared" {
    ln -s "$MNT" "$TMP/link"
    start_daemon
    MNT=$TMP/link start_refused "$BPFMAPFS" -o "pindir=$PINS" "$TMP/link" ||
        { umount "$MNT" && false; }
    equal 1 "$(grep -c " $MNT " /proc/self/mounts)" "mounts"
    kill_daemon
    MNT=$TMP/link start_background
    mkdir "$TMP/link/m$$"
    equal 1 "$(grep -c " $MNT " /proc/self/mounts)" "mounts"
    umount "$MNT"
    eventually not daemon_of "$TMP/link"
}

@test "without privileges it says so" {
    # Opened here, because nobody may not be able to walk to it.
    exec 4<"$BPFMAPFS"
    chown 65534 "$MNT"
    start_refused setpriv --reuid=65534 --regid=65534 --clear-groups \
        /proc/self/fd/4 -o "pindir=$PINS" "$MNT"
}

@test "-h and -V" {
    "$BPFMAPFS" -h >"$TMP/help"
    for word in pindir scope mkdir uid gid umask max_map_bytes snapshot; do grep -q "$word" "$TMP/help"; done
    "$BPFMAPFS" -V | grep -q '[0-9]'
}

@test "-o mkdir= says what a bare mkdir makes" {
    start_daemon -o 'mkdir=type=array\,key=u32\,value=u8\,max_entries=3'
    mkdir "$MNT/m"
    refused EINVAL store "$MNT/m/0" 256
    refused EINVAL store "$MNT/m/3" 1
    for i in 0 1 2; do store "$MNT/m/$i" "$i"; done
    equal "0 1 2" "$(names "$MNT/m")"
}

@test "-o ro: reads work, nothing else does" {
    start_daemon
    mkdir "$MNT/m"
    echo 5 >"$MNT/m/1"
    remount -o ro
    equal 5 "$(<"$MNT/m/1")"
    refused EROFS store "$MNT/m/1" 6
    refused EROFS store "$MNT/m/2" 6
    refused EROFS touch "$MNT/m/2"
    refused EROFS rm -f "$MNT/m/1"
    refused EROFS mv "$MNT/m/1" "$MNT/m/2"
    refused EROFS mkdir "$MNT/n"
    refused EROFS rmdir "$MNT/m"
    refused EROFS store "$MNT/m/.frozen" 1
    equal 400 "$(stat -c %a "$MNT/m/1")"
    equal 5 "$(get m 1)"
}

@test "-o ro stays read-only, whatever the kernel is told later" {
    start_daemon
    mkdir "$MNT/m"
    remount -o ro
    mount -i -o remount,rw "$MNT"
    [[ $(findmnt -n -o VFS-OPTIONS,FS-OPTIONS "$MNT") == rw,*\ rw,* ]]
    refused EROFS mkdir "$MNT/n"
    refused EROFS rmdir "$MNT/m"
    refused EROFS mv "$MNT/m" "$MNT/n"
    refused EROFS chmod 750 "$MNT/m"
    equal "m 600" "$(names "$PINS") $(stat -c %a "$PINS/m")"
}

@test "scope=pinned lists the pins and nothing else" {
    start_daemon
    mkdir "$MNT/m"
    elsewhere x "t$$"
    equal m "$(names "$MNT")"
    refused ENOENT ls "$MNT/t$$"
}

@test "uid, gid and umask are for maps without a pin of ours" {
    SCOPE=all start_daemon -o uid=65534,gid=12,umask=027
    elsewhere x "t$$"
    set_bytes "../${ELSEWHERE##*/}/x" "$(le 4 1)" "$(le 8 5)"
    mkdir "$MNT/m$$"
    eventually test -d "$MNT/t$$"
    equal "65534 12 750" "$(stat -c '%u %g %a' "$MNT/t$$")"
    equal "65534 12 640" "$(stat -c '%u %g %a' "$MNT/t$$/1")"
    equal "0 0 700" "$(stat -c '%u %g %a' "$MNT/m$$")"
}
