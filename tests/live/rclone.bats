#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# rclone: maps to a disk and back, and a mount that it serves to others.
# shellcheck disable=SC2317 # into_empty calls backup and restore

load lib
load backup
load carry

export RCLONE_CONFIG=/dev/null RCLONE_RETRIES=1 RCLONE_LOW_LEVEL_RETRIES=1

# --- to a disk and back. It makes files as a shell does, in any order, so .map has to be there
# before the keys.

backup() { quiet rclone copy --links --create-empty-src-dirs "$MNT" "$TMP/copy"; }
restore() {
    quiet rclone copy --include .map "$TMP/copy" "$MNT"
    quiet rclone copy --exclude .map --links "$TMP/copy" "$MNT"
}

@test "rclone copy, into an empty mount" {
    start_daemon
    make_zoo
    into_empty
}

@test "rclone sync, both ways, and check" {
    check() { quiet rclone check -q --checksum --links "$MNT" "$TMP/copy"; }
    start_daemon
    make_zoo
    zoo_fingerprint "$TMP/before"
    backup
    check
    alter_zoo
    refused - rclone check -q --checksum --links "$MNT" "$TMP/copy"
    cp -a "$TMP/copy" "$TMP/first"
    quiet rclone sync -q --links --create-empty-src-dirs "$MNT" "$TMP/copy"
    check
    echo 5 >"$MNT/nothing/1"
    thaw_zoo
    quiet rclone copy --include .map "$TMP/first" "$MNT"
    quiet rclone sync --exclude .map --links "$TMP/first" "$MNT"
    came_back
}

@test "rclone copy: a refused value is an error, and takes the key along" {
    start_daemon
    mkdir "$MNT/m"
    mkdir -p "$TMP/copy/m"
    echo 1 | tee "$MNT/m/1" >"$MNT/m/2"
    echo 3 | tee "$TMP/copy/m/1" >"$TMP/copy/m/3"
    echo bad >"$TMP/copy/m/2"
    refused EINVAL rclone copy "$TMP/copy" "$MNT"
    grep 'write /m/2: EINVAL' "$MNT/.error_log"
    equal '3 none 3' "$(get m 1) $(get m 2) $(get m 3)" # rclone removes what it could not write
}

# --- served to others

some_map() {
    mkdir "$MNT/m,key=u32,value=u64"
    echo 5 >"$MNT/m/1"
    echo 6 >"$MNT/m/2"
}

# serve PROTOCOL [OPTION...]: on $PORT. What it has seen of a directory it must not keep.
serve() {
    PORT=$(free_port)
    server rclone serve "$1" "$MNT" --addr "127.0.0.1:$PORT" --dir-cache-time 0 "${@:2}"
}

# What is read through REMOTE is what is there now.
reads_now() {
    equal $'m/\nm/.map\nm/1\nm/2' "$(rclone lsf -R "$1" | sort)"
    equal 5 "$(rclone cat "$1m/1")"
    put m 1 123456789
    put m 3 3
    drop m 2
    equal 123456789 "$(rclone cat "$1m/1")"
    equal 3 "$(rclone cat "$1m/3")"
    refused - rclone cat "$1m/2"
    equal $'m/\nm/.map\nm/1\nm/3' "$(rclone lsf -R "$1" | sort)"
    put m 1 4
    equal 4 "$(rclone cat "$1m/1")"
    rclone cat "$1m/.map" | cmp - "$MNT/m/.map"
}

# What is written through REMOTE is in the kernel, or an error.
writes_now() {
    echo 77 | rclone rcat "$1m/7"
    equal 77 "$(get m 7)"
    echo 8 | rclone rcat "$1m/7"
    equal 8 "$(get m 7)"
    rclone moveto "$1m/7" "$1m/8"
    equal 'none 8' "$(get m 7) $(get m 8)"
    echo bad | refused - rclone rcat "$1m/9"
    echo 5 | refused - rclone rcat "$1m/no-key"
    equal '1 3 8' "$(names "$MNT/m")"
    rclone deletefile "$1m/8"
    equal none "$(get m 8)"
    rclone mkdir "$1made,type=lpm_trie,key=ipv4_prefix,value=u8"
    echo 1 | rclone rcat "$1made/10.0.0.0_8"
    equal 1 "$(<"$MNT/made/10.0.0.0_8")"
    rclone purge "$1made"
    equal m "$(names "$MNT")"
}

@test "rclone serve webdav" {
    start_daemon
    some_map
    serve webdav
    reads_now ":webdav,url=\"http://127.0.0.1:$PORT\":"
    writes_now ":webdav,url=\"http://127.0.0.1:$PORT\":"
}

@test "rclone serve webdav, for curl" {
    start_daemon
    some_map
    serve webdav
    web() { quiet curl -sSf "${@:2}" "http://127.0.0.1:$PORT/$1"; }
    web m/1
    equal 5 "$(<"$TMP/said")"
    echo 77 >"$TMP/value"
    web m/7 -T "$TMP/value"
    equal 77 "$(get m 7)"
    web m/7 -X DELETE
    equal none "$(get m 7)"
    web 'made,key=u8,value=u8' -X MKCOL
    equal 'm made' "$(names "$MNT")"
    web made -X DELETE
    equal m "$(names "$MNT")"
    echo bad >"$TMP/value"
    refused - web m/9 -T "$TMP/value"
    refused - web m/.dump # it is not listed
    equal '1 2' "$(names "$MNT/m")"
}

@test "rclone serve http, which only reads" {
    start_daemon
    some_map
    serve http
    reads_now ":http,url=\"http://127.0.0.1:$PORT\":"
    echo 7 | refused - rclone rcat ":http,url=\"http://127.0.0.1:$PORT\":m/7"
    equal '1 3' "$(names "$MNT/m")"
}

@test "rclone serve sftp" {
    local remote
    start_daemon
    some_map
    serve sftp --user user --pass word
    remote=":sftp,host=127.0.0.1,port=$PORT,user=user,pass=$(rclone obscure word),shell_type=none,disable_hashcheck=true:"
    reads_now "$remote"
    writes_now "$remote"
}
