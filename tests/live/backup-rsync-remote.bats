#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# rsync: maps to another machine and back (contract, section 8), over a pipe, a socket, and ssh.

load lib
load backup

# there_and_back PLACE OPTIONS...: rsync's receiver is the other side in a backup from there, and in
# a restore from here. PLACE: what leads to the file system of the other side.
there_and_back() {
    local place=$1
    shift
    zoo_fingerprint "$TMP/before"
    silent rsync -a "$@" "$place$MNT/" "$TMP/pulled"
    silent rsync -a "$@" "$MNT/" "$place$TMP/pushed"
    check_equal "$TMP/pulled" "$TMP/pushed"
    remove_zoo
    silent rsync -a "$@" "$TMP/pulled/" "$place$MNT"
    came_back
    remove_zoo
    silent rsync -a "$@" "$place$TMP/pushed/" "$MNT"
    came_back
    alter_zoo
    thaw_zoo
    silent rsync -a --delete "$@" "$TMP/pulled/" "$place$MNT"
    came_back
}

# What rsync takes for ssh: HOST COMMAND...
make_shell() {
    printf '#!/bin/bash\nshift\ncd / && exec bash -c "$*"\n' >"$TMP/shell"
    chmod +x "$TMP/shell"
}

@test "rsync -e, over a pipe" {
    start_daemon
    make_zoo
    make_shell
    there_and_back there: -e "$TMP/shell"
}

@test "rsync -e, over a pipe, compressed, old arguments, an older protocol" {
    start_daemon
    make_zoo
    make_shell
    there_and_back there: -e "$TMP/shell" -z --old-args --protocol=30
}

@test "rsync --daemon, of a module" {
    start_daemon
    make_zoo
    printf '%s\n' 'use chroot = no' 'uid = 0' 'gid = 0' '[all]' 'path = /' 'read only = no' 'munge symlinks = no' >"$TMP/rsyncd.conf"
    RSYNC_CONNECT_PROG="rsync --daemon --config=$TMP/rsyncd.conf" there_and_back there::all
}

@test "rsync over ssh" {
    local sshd
    sshd=$(command -v sshd)
    start_daemon
    make_zoo
    ssh-keygen -q -t ed25519 -N '' -f "$TMP/key"
    ssh-keygen -q -t ed25519 -N '' -f "$TMP/host"
    mkdir -p /run/sshd
    printf '%s\n' "HostKey $TMP/host" "AuthorizedKeysFile $TMP/key.pub" 'StrictModes no' 'UsePAM no' \
        'PermitRootLogin yes' 'PrintMotd no' 'PrintLastLog no' >"$TMP/sshd.conf"
    printf '%s\n' 'Host there' "IdentityFile $TMP/key" 'IdentitiesOnly yes' 'StrictHostKeyChecking no' \
        'UserKnownHostsFile /dev/null' 'LogLevel ERROR' \
        "ProxyCommand $sshd -i -f $TMP/sshd.conf -E $TMP/sshd.log" >"$TMP/ssh.conf"
    there_and_back there: -e "ssh -F $TMP/ssh.conf"
}
