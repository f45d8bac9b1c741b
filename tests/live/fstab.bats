#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Mounted by mount(8) from a line of an fstab.
# shellcheck disable=SC2016 # scripts for shells of their own
# alone

load lib

# mounting FSTAB SCRIPT: in a mount namespace of its own, where the daemon is installed. mount(8)
# passes no PATH on, and FUSE's helper finds it where a shell looks without one.
mounting() {
    printf '%s\n' "$1" >"$TMP/fstab"
    timeout 120 unshare -m --propagation private bash -euc '
        mount -t tmpfs tmpfs /usr/local/sbin
        cp "$BPFMAPFS" /usr/local/sbin/bpfmapfs
        eval "$1"' bash "$2" </dev/null 3>&-
    eventually not daemon_of "$MNT"
}


line() { printf '%s %s fuse.bpfmapfs pindir=%s,scope=pinned,%s 0 0\n' "${2-bpfmapfs}" "$MNT" "$PINS" "$1"; }
export_all() { export TMP MNT PINS BPFMAPFS; }

@test "the line of the manual: mount, mount -a once more, use, umount" {
    export_all
    mounting "$(line defaults,allow_other)" '
        env -i /bin/mount -T "$TMP/fstab" "$MNT"
        mount -T "$TMP/fstab" -a
        [[ $(grep -c " $MNT fuse.bpfmapfs " /proc/self/mounts) == 1 ]]
        findmnt -n -o OPTIONS "$MNT" | grep -w allow_other
        mkdir "$MNT/m"
        echo 5 >"$MNT/m/1"
        [[ $(cat "$MNT/m/1") == 5 ]]
        umount "$MNT"
        ! mountpoint -q "$MNT"
        mount -T "$TMP/fstab" -a
        [[ $(cat "$MNT/m/1") == 5 ]]
        umount "$MNT"'
    equal 5 "$(get m 1)"
}

@test "another name as the source, commas in it, too, and mount -a still knows it" {
    export_all
    mounting "$(line defaults 'my,maps')" '
        mount -T "$TMP/fstab" -a
        [[ $(findmnt -n -o SOURCE "$MNT") == my,maps ]]
        mount -T "$TMP/fstab" -a
        umount "$MNT"'
}

@test "a mount point with a space in it" {
    mkdir "$MNT/a b"
    MOUNTS=("$MNT/a b" "${MOUNTS[@]}")
    export_all
    mounting "$(MNT="$MNT/a\\040b" line defaults)" '
        mount -T "$TMP/fstab" -a
        mkdir "$MNT/a b/m"
        test -e "$PINS/m"
        mount -T "$TMP/fstab" -a
        umount "$MNT/a b"'
}

@test "what fstab(5) and mount(8) know for every filesystem is taken" {
    export_all
    mounting "$(line defaults)" '
        all=(async,atime,auto,defaults,dev,diratime,exec,group,iversion,mand,_netdev,nofail,relatime,lazytime
            noatime,noauto,nodev,nodiratime,dirsync,noexec,noiversion,nomand,norelatime,nolazytime,strictatime
            nostrictatime,suid,silent,loud,owner,nouser,ro nosuid,rw,sync,user,users
            comment=hello,x-foo=bar,X-mount.foo,x-systemd.automount,x-systemd.requires=a.service,x-initrd.mount)
        for words in "${all[@]}"; do
            mount -t fuse.bpfmapfs -o "pindir=$PINS,$words" bpfmapfs "$MNT"
            umount "$MNT"
            bpfmapfs -o "pindir=$PINS,$words" "$MNT"
            umount "$MNT"
        done
        for word in nosymfollow nonsense x; do
            ! mount -t fuse.bpfmapfs -o "pindir=$PINS,$word" bpfmapfs "$MNT"
        done'
}

@test "what has a meaning for the kernel comes to it" {
    export_all
    mounting "$(line ro,nosuid,nodev,noexec,noatime,nofail,_netdev,x-systemd.automount,relatime)" '
        mount -T "$TMP/fstab" -a
        got=,$(findmnt -n -o OPTIONS "$MNT"),
        for word in ro nosuid nodev noexec; do
            [[ $got == *,$word,* ]] || { echo "$word: $got"; exit 1; }
        done
        umount "$MNT"'
}

@test "noauto: not by -a, but when it is asked for" {
    export_all
    mounting "$(line noauto,nofail)" '
        mount -T "$TMP/fstab" -a
        ! mountpoint -q "$MNT"
        mount -T "$TMP/fstab" "$MNT"
        umount "$MNT"'
}

@test "a spec has commas, which fstab takes with a backslash" {
    export_all
    mounting "$(line 'mkdir=type=array\,key=u32\,value=u8\,max_entries=3')" '
        mount -T "$TMP/fstab" -a
        mkdir "$MNT/m"
        echo 255 >"$MNT/m/2"
        ! bash -c "echo 256 >\"\$MNT\"/m/0"
        umount "$MNT"'
}

@test "remount is refused in words, and changes nothing" {
    export_all
    mounting "$(line defaults)" '
        mount -T "$TMP/fstab" -a
        ! mount -T "$TMP/fstab" -o remount,ro "$MNT" 2>"$TMP/said"
        mkdir "$MNT/m"
        umount "$MNT"'
    grep -q 'remount: .*unmount it' "$TMP/said"
}

@test "findmnt --verify has nothing to say of the line but what it says of every FUSE" {
    line defaults,nofail >"$TMP/fstab"
    findmnt --verify --tab-file "$TMP/fstab" >"$TMP/said" 2>&1
    grep -q ' 0 errors' "$TMP/said"
}
