#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# make install and make uninstall.

load lib

# A make of its own, that takes the daemon as the tests have it, with the flags it was built with.
run_make() {
    local flags
    flags=$(<"$BUILD/.flags")
    env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make BUILD="${BUILD#"$PWD/"}" CC="${flags%% *}" \
        SANITIZE="$SANITIZE" WERROR="$([[ $flags != *-Werror* ]] || echo 1)" "$@" </dev/null 3>&-
}

# Names, kinds, modes, owners, sizes and targets of all that is there.
tree() { (cd "$1" && find . -printf '%p %y %m %u %g %l %s\n' | sed '/ d /s/ [0-9]*$//' | sort); }

@test "installed below a prefix in DESTDIR: what is where, and uninstalled to what was before" {
    mkdir -p "$TMP/root/usr/local/sbin" "$TMP/root/usr/local/share/man" # empty, as Debian has them
    tree "$TMP/root" >"$TMP/before"
    run_make install DESTDIR="$TMP/root" >"$TMP/said"
    not grep -E '^  (CC|LD|AR|BPF)' "$TMP/said" # it was built already
    usr=$TMP/root/usr/local
    cmp "$BPFMAPFS" "$usr/sbin/bpfmapfs"
    "$usr/sbin/bpfmapfs" -V | grep -qx "bpfmapfs $(sed -n '1s/.*(\(.*\)).*/\1/p' scripts/debian/changelog)"
    for script in scripts/bpfmapfs-*; do
        [[ $script != *.* ]] || continue
        cmp "$script" "$usr/sbin/${script##*/}"
        [[ -x $usr/sbin/${script##*/} ]]
    done
    equal bpfmapfs-backup "$(readlink "$usr/sbin/bpfmapfs-restore")"
    for page in scripts/man/*.8; do cmp "$page" "$usr/share/man/man8/${page##*/}"; done
    grep -q '^ExecStart=/usr/local/sbin/bpfmapfs -o ' "$usr/lib/systemd/system/bpfmapfs.service"
    cmp README.md "$usr/share/doc/bpfmapfs/README.md"
    equal '' "$(find "$TMP/root" -type f -perm /022)" 'writable by others'
    tree "$TMP/root" >"$TMP/once"
    (umask 077 && run_make install DESTDIR="$TMP/root") >/dev/null
    diff "$TMP/once" <(tree "$TMP/root")
    echo mine >"$usr/share/man/man8/mine.8"
    run_make uninstall DESTDIR="$TMP/root" >/dev/null
    rm "$usr/share/man/man8/mine.8"
    rmdir "$usr/share/man/man8"
    diff "$TMP/before" <(tree "$TMP/root")
    refused - run_make uninstall DESTDIR="$TMP/root"
}

@test "no directory is lost, whatever its name is: prefix and DESTDIR with spaces, quotes and more" {
    local odd='/opt/it'\''s "50%" & more'
    mkdir -p "$TMP/a root/opt"
    tree "$TMP/a root" >"$TMP/before"
    DESTDIR="$TMP/a root" PREFIX=$odd run_make install >/dev/null
    cmp "$BPFMAPFS" "$TMP/a root$odd/sbin/bpfmapfs"
    equal 'ExecStart="/opt/it'\''s \"50%%\" & more/sbin/bpfmapfs" -o' \
        "$(grep -o '^ExecStart=.* -o' "$TMP/a root$odd/lib/systemd/system/bpfmapfs.service")"
    DESTDIR="$TMP/a root" PREFIX=$odd run_make uninstall >/dev/null
    diff "$TMP/before" <(tree "$TMP/a root")
}

@test "the GNU names, one by one" {
    run_make install DESTDIR="$TMP/root" PREFIX=/usr sbindir=/usr/bin mandir=/usr/man unitdir=/etc/systemd/system >/dev/null
    [[ -x $TMP/root/usr/bin/bpfmapfs-backup && -f $TMP/root/usr/man/man8/bpfmapfs.8 ]]
    grep -q '^ExecStart=/usr/bin/bpfmapfs ' "$TMP/root/etc/systemd/system/bpfmapfs.service"
    run_make uninstall DESTDIR="$TMP/root" PREFIX=/usr >/dev/null
    equal '' "$(ls -A "$TMP/root")"
}

@test "what an older version has installed goes, too" {
    run_make install DESTDIR="$TMP/root" >/dev/null
    echo 'file /usr/local/sbin/bpfmapfs-old' >>"$TMP/root/usr/local/lib/bpfmapfs/installed"
    touch "$TMP/root/usr/local/sbin/bpfmapfs-old"
    run_make install DESTDIR="$TMP/root" >/dev/null
    run_make uninstall DESTDIR="$TMP/root" >/dev/null
    equal '' "$(ls -A "$TMP/root")"
}

@test "a prefix that is no absolute path is refused" {
    refused - run_make install DESTDIR="$TMP/root" PREFIX=here
    not test -e "$TMP/root"
    not test -e here
}
