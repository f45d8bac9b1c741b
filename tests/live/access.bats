#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Modes and owners: keys follow their map, a map its pin (contract, sections 7 and 12).

load lib

rights() { stat -c '%a %u %g' "$1"; }

# as_group GID COMMAND...: nobody, in that group and in $MNT, to which he may not be able to walk.
as_group() {
    (cd "$MNT" && setpriv --reuid=65534 --regid="$1" --clear-groups --inh-caps=-all "${@:2}")
}

@test "a new map is root's alone" {
    start_daemon
    mkdir "$MNT/m"
    touch "$MNT/m/1"
    equal '700 0 0' "$(rights "$MNT/m")"
    equal '600 0 0' "$(rights "$MNT/m/1")"
}

@test "a key: utimens, chmod and chown succeed and change nothing" {
    start_daemon
    mkdir "$MNT/m"
    echo 7 >"$MNT/m/1"
    before=$(stat -c '%a %u %g %Y' "$MNT/m/1")
    touch -d 2001-01-01 "$MNT/m/1"
    chmod 600 "$MNT/m/1"
    chmod 644 "$MNT/m/1"
    chmod 777 "$MNT/m/1"
    chown 0:0 "$MNT/m/1"
    equal "$before" "$(stat -c '%a %u %g %Y' "$MNT/m/1")"
    equal 7 "$(get m 1)"
}

@test "a key: asking for less access than the map gives is refused" {
    start_daemon
    mkdir "$MNT/m"
    echo 7 >"$MNT/m/1"
    chmod 750 "$MNT/m"
    for mode in 000 400 200 600; do refused EPERM chmod "$mode" "$MNT/m/1"; done
    chmod 640 "$MNT/m/1"
    equal '640 0 0' "$(rights "$MNT/m/1")"
}

@test "chmod and chown of a map go to its pin, and survive" {
    start_daemon
    mkdir "$MNT/m"
    echo 7 >"$MNT/m/1"
    chmod 750 "$MNT/m"
    chown 65534:12 "$MNT/m"
    equal '750 65534 12' "$(rights "$MNT/m")"
    equal '640 65534 12' "$(rights "$MNT/m/1")"
    equal '65534 12' "$(stat -c '%u %g' "$PINS/m")"
    (($(stat -c '0%a' "$PINS/m") & 040)) # the group may read
    remount
    equal '750 65534 12' "$(rights "$MNT/m")"
    equal '640 65534 12' "$(rights "$MNT/m/1")"
    chmod 700 "$MNT/m"
    equal '600 65534 12' "$(rights "$MNT/m/1")"
}

@test "chmod and chown of a directory of maps go to that of bpffs" {
    start_daemon
    mkdir "$MNT/d" "$MNT/d/m"
    [ -d "$PINS/d" ]
    [ -f "$PINS/d/m" ]
    chmod 0751 "$MNT/d"
    chown 77:78 "$MNT/d"
    [ "$(stat -c '%a %u %g' "$PINS/d")" = "751 77 78" ]
    [ "$(stat -c '%a %u %g' "$MNT/d")" = "751 77 78" ]
    rmdir "$MNT/d/m" "$MNT/d"
    [ ! -e "$PINS/d" ]
}

@test "chmod does not freeze" {
    start_daemon
    mkdir "$MNT/m"
    touch "$MNT/m/1"
    chmod 500 "$MNT/m"
    equal 400 "$(stat -c %a "$MNT/m/1")"
    [[ $(info "$PINS/m") == *'"frozen":0'* ]]
    chmod 700 "$MNT/m"
    echo 5 >"$MNT/m/1"
}

@test "with allow_other the pin's group reads, and nobody else" {
    start_daemon -o allow_other
    mkdir "$MNT/m"
    echo 7 >"$MNT/m/1"
    chgrp 12 "$PINS/m"
    chmod 640 "$PINS/m"
    eventually as_group 12 cat m/1
    equal 7 "$(as_group 12 cat m/1)"
    equal 1 "$(as_group 12 ls m)"
    refused EACCES as_group 12 bash -c "echo 8 >m/1"
    refused EACCES as_group 12 rm -f m/1
    refused EACCES as_group 12 touch m/2
    refused EACCES as_group 12 bash -c "echo 1 >m/.frozen"
    refused - as_group 12 chmod 660 m
    refused - as_group 12 mkdir n
    refused - as_group 12 rmdir m
    refused EACCES as_group 13 cat m/1
    refused EACCES as_group 13 ls m
    equal 7 "$(get m 1)"
    chmod 660 "$PINS/m"
    eventually as_group 12 bash -c "echo 8 >m/1"
    equal 8 "$(get m 1)"
}

@test "without allow_other the mount is root's" {
    start_daemon
    refused EACCES as_group 12 ls
}
