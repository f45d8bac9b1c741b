#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# make deb, from a copy of the sources; its package, and what it does on a Debian that has nothing
# but what every Debian has.
#
# That Debian is debootstrap's, of this machine's release and mirror, kept in $BUILD. It is unpacked
# on a tmpfs, so that to unmount it is to remove it: no rm comes near what is mounted in it.

load lib

RECIPE=1 # counts up when another Debian is wanted than what is kept

package_of() { echo "$1"/bpfmapfs_*.deb; }

# make_deb TREE DIR: in a copy of the tree there, as after a clone.
make_deb() {
    mkdir -p "$2"
    tar -C "$1" -c --exclude=./build --exclude=./.git . | tar -x -C "$2"
    env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS -u BUILD make -C "$2" deb </dev/null >"$2.log" 2>&1 3>&- ||
        { cat "$2.log" && return 1; }
}

setup_file() {
    [[ $SANITIZE ]] || make_deb . "$BATS_FILE_TMPDIR/one"
}

eval "lib_$(declare -f setup)"
setup() {
    lib_setup
    DEBIAN=$TMP/debian
    [[ ! $SANITIZE ]] || skip 'a package has no sanitizers'
    DEB=$(package_of "$BATS_FILE_TMPDIR/one/build")
}

eval "lib_$(declare -f teardown)"
teardown() {
    ! in_mount_table "$DEBIAN/mnt/maps" || umount -l "$DEBIAN/mnt/maps"
    ! in_mount_table "$DEBIAN" || umount -R -l "$DEBIAN"
    eventually not lives_in "$DEBIAN"
    lib_teardown
}

# Is a process's root there?
lives_in() { find /proc/[0-9]*/root -maxdepth 0 -lname "$1" 2>/dev/null | grep -q .; }

# --- the Debian

release() { (. /etc/os-release && echo "$VERSION_CODENAME"); }

mirror() {
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Component: main' \
        'Origin: Debian' "Codename: $(release)" | head -n 1
}

mount_tmpfs() {
    mkdir "$DEBIAN"
    mount -t tmpfs -o mode=755 bpfmapfs-test "$DEBIAN"
}

bootstrap() { # TAR
    debootstrap --variant=minbase "$(release)" "$DEBIAN" "$(mirror)" >"$TMP/bootstrap" 2>&1 ||
        { tail -n 20 "$TMP/bootstrap" && return 1; }
    tar -C "$DEBIAN" --one-file-system -cf "$1.$$" .
    mv "$1.$$" "$1"
}

start_debian() {
    local kept
    kept=$BUILD/debian-$(release)-$(dpkg --print-architecture)-$RECIPE.tar
    mount_tmpfs
    if [[ -f $kept ]]; then tar -C "$DEBIAN" -xpf "$kept"; else bootstrap "$kept"; fi
    cp /etc/resolv.conf "$DEBIAN/etc/resolv.conf"
    mount -t proc proc "$DEBIAN/proc"
    mount -t sysfs sysfs "$DEBIAN/sys"
    [[ -c $DEBIAN/dev/fuse ]] || mknod -m 666 "$DEBIAN/dev/fuse" c 10 229
}

inside() {
    timeout 120 env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 \
        chroot "$DEBIAN" "$@" </dev/null 3>&-
}

apt() { inside apt-get -qq -y -o Dpkg::Use-Pty=0 "$@" >"$TMP/apt" 2>&1 || { cat "$TMP/apt" && return 1; }; }

# What is there beside that which apt and dpkg keep for themselves.
files() {
    find "$DEBIAN" -xdev \( -path "$DEBIAN/var/lib/dpkg" -o -path "$DEBIAN/var/lib/apt" -o \
        -path "$DEBIAN/var/cache" -o -path "$DEBIAN/var/log" -o -path "$DEBIAN/tmp" \) -prune -o \
        -printf '%P %y %m %U %G %l\n' | sort
}

# --- tests

@test "the package is sound" {
    lintian --fail-on error,warning "$DEB" >"$TMP/said" 2>&1 || { cat "$TMP/said" && false; }
    dpkg-deb -f "$DEB" Depends | grep -w fuse3 | grep -w libbpf1 | grep -q libfuse3
    dpkg-deb --fsys-tarfile "$DEB" | tar -t >"$TMP/files"
    for file in sbin/bpfmapfs sbin/bpfmapfs-restore share/man/man8/bpfmapfs.8.gz; do
        grep -qx "./usr/$file" "$TMP/files"
    done
    not grep -E '/usr/local|\.o$|/lib/bpfmapfs' "$TMP/files"
    dpkg-deb --ctrl-tarfile "$DEB" | tar -xO ./conffiles | grep -qx /etc/default/bpfmapfs
    dpkg-deb --ctrl-tarfile "$DEB" | tar -xO ./md5sums | grep -q usr/sbin/bpfmapfs
}

@test "built elsewhere, and with other flags and another umask around it, it is the same to the byte" {
    (
        umask 077
        export CFLAGS=-O0 DESTDIR=/nowhere TZ=Asia/Kolkata LANG=C
        make_deb "$BATS_FILE_TMPDIR/one" "$BATS_FILE_TMPDIR/another/place"
    )
    cmp "$DEB" "$(package_of "$BATS_FILE_TMPDIR/another/place/build")"
}

@test "on a Debian without build tools: installed, mounted, used, purged, and nothing is left" {
    start_debian
    not inside sh -c 'command -v gcc || command -v cc || command -v clang || command -v make'
    apt update
    files >"$TMP/before"
    cp "$DEB" "$DEBIAN/tmp/bpfmapfs.deb"
    apt install --no-install-recommends /tmp/bpfmapfs.deb
    not inside sh -c 'command -v gcc || command -v cc || command -v clang || command -v make'
    not in_mount_table "$DEBIAN/mnt/maps" # nobody has asked for it
    not test -e "$DEBIAN/etc/systemd/system/sysinit.target.wants/bpfmapfs.service"
    mandoc -T utf8 <(zcat "$DEBIAN/usr/share/man/man8/bpfmapfs.8.gz") | grep -q 'BPF'

    inside mkdir /mnt/maps
    inside bpfmapfs -o scope=pinned /mnt/maps
    inside sh -ec 'cd /mnt/maps; mkdir "$1,key=u16,value=u64"; echo 7 >"$1/443"; cat "$1/443" "$1/.map"' \
        sh "p$$" >"$TMP/used"
    grep -qx 7 "$TMP/used"
    grep -qx key=u16 "$TMP/used"
    inside bpfmapfs-backup -h >/dev/null
    inside bpfmapfs-backup /root/saved
    inside rm "/mnt/maps/p$$/443"
    inside bpfmapfs-restore /root/saved
    inside grep -qx 7 "/mnt/maps/p$$/443"
    inside umount /mnt/maps

    inside sh -c 'echo "bpfmapfs /mnt/maps fuse.bpfmapfs defaults,allow_other,scope=pinned 0 0" >/tmp/fstab'
    inside mount -T /tmp/fstab -a
    inside grep -qx 7 "/mnt/maps/p$$/443"
    inside umount /mnt/maps
    inside rm -r /mnt/maps /root/saved
    umount "$DEBIAN/sys/fs/bpf" # the pins with it

    apt purge --auto-remove bpfmapfs
    diff "$TMP/before" <(files)
}

@test "what is in the directory of defaults stays when the package is removed, and goes by purge" {
    start_debian
    cp "$DEB" "$DEBIAN/tmp/bpfmapfs.deb"
    inside dpkg --force-depends -i /tmp/bpfmapfs.deb >/dev/null 2>&1
    echo 'BPFMAPFS_MOUNT=/maps' >"$DEBIAN/etc/default/bpfmapfs"
    inside dpkg --force-depends -r bpfmapfs >/dev/null 2>&1
    grep -q /maps "$DEBIAN/etc/default/bpfmapfs"
    not test -e "$DEBIAN/usr/sbin/bpfmapfs"
    inside dpkg --force-depends -P bpfmapfs >/dev/null 2>&1
    not test -e "$DEBIAN/etc/default/bpfmapfs"
}
