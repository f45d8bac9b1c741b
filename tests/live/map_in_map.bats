#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Maps of maps: keys are symbolic links (contract, section 11). bpftool tells which map, by its
# id, the kernel has under a key.
# alone

load types

# One inner map "counters" and an outer one of 16 keys.
two_maps() {
    mkdir "$MNT/counters,type=hash,key=u32,value=u64,max_entries=16"
    mkdir "$MNT/outer,type=hash_of_maps,key=u32,max_entries=16,inner=counters"
}

# inside OUTER KEY: the id that the kernel has there, or nothing.
inside() {
    local b
    read -ra b <<<"$(bytes_of "$1" "$(le 4 "$2")" 2>/dev/null)" || true
    ((!${#b[@]})) || printf '%u\n' "0x${b[3]}${b[2]}${b[1]}${b[0]}"
}

# leads MAP OUTER KEY: the kernel has that map there, and the link says so.
leads() {
    equal "$(id_of "$PINS/$1")" "$(inside "$2" "$3")" "$2/$3"
    equal "$(readlink -f "$MNT/$1")" "$(readlink -f "$MNT/$2/$3")"
}

told() { grep -qF -- "$1" "$MNT/.error_log"; }

# spec MAP: its .map on one line, without comments, name and exact types.
spec() { grep -E '^[a-z_]+=' "$MNT/$1/.map" | grep -vE '^(name|btf|inner_btf)=' | paste -sd,; }

@test "a link stores, leads there, and is removed" {
    start_daemon
    two_maps
    echo 5 >"$MNT/counters/1"
    ln -s ../counters "$MNT/outer/7"
    leads counters outer 7
    equal ../counters "$(readlink "$MNT/outer/7")"
    equal 5 "$(<"$MNT/outer/7/1")"
    echo 6 >"$MNT/outer/7/2"
    equal 6 "$(get counters 2)"
    equal 'symbolic link 11' "$(stat -c '%F %s' "$MNT/outer/7")"
    equal 7 "$(names "$MNT/outer")"
    equal '7 l ../counters' "$(find "$MNT/outer" -mindepth 1 ! -name .map -printf '%f %y %l')"
    refused EEXIST ln -sT ../counters "$MNT/outer/7"
    refused ENOENT stat "$MNT/outer/8"
    rm "$MNT/outer/7"
    equal '[]' "$(dump outer)"
    refused ENOENT rm "$MNT/outer/7"
}

@test "an array of maps: slots that are empty are not there" {
    start_daemon
    two_maps
    mkdir "$MNT/array,type=array_of_maps,max_entries=4,inner=counters"
    equal '' "$(names "$MNT/array")"
    ln -s ../counters "$MNT/array/3"
    ln -s ../counters "$MNT/array/0"
    refused EINVAL ln -s ../counters "$MNT/array/4"
    leads counters array 3
    equal '0 3' "$(names "$MNT/array")"
    rm "$MNT/array/0"
    equal '' "$(inside array 0)"
    refused ENOTEMPTY rmdir "$MNT/array"
    rm "$MNT/array/3"
    rmdir "$MNT/array"
}

@test "ln -sfn, mv, cp -a" {
    start_daemon
    two_maps
    mkdir "$MNT/second,type=hash,key=u32,value=u64,max_entries=16"
    ln -s ../counters "$MNT/outer/1"
    ln -sfn ../second "$MNT/outer/1"
    leads second outer 1
    ln -sfn ../counters "$MNT/outer/2"
    mv "$MNT/outer/1" "$MNT/outer/3"
    equal '2 3' "$(names "$MNT/outer")"
    leads second outer 3
    mv -T "$MNT/outer/2" "$MNT/outer/3"
    leads counters outer 3
    equal 3 "$(names "$MNT/outer")"
    cp -a "$MNT/outer/3" "$MNT/outer/4"
    leads counters outer 4
    equal '3 4' "$(names "$MNT/outer")"
    cp -a "$MNT/outer" "$TMP/copy"
    equal ../counters "$(readlink "$TMP/copy/4")"
    refused EINVAL ln -sfn ../outer "$MNT/outer/3"
    leads counters outer 3
}

@test "ln -sfn where any name is a key" {
    start_daemon
    two_maps
    mkdir "$MNT/second,type=hash,key=u32,value=u64,max_entries=16"
    mkdir "$MNT/named,type=hash_of_maps,key=8,inner=counters"
    echo 'key=char[8]' >"$MNT/named/.types"
    ln -s ../counters "$MNT/named/web"
    ln -sfn ../second "$MNT/named/web"
    equal web "$(names "$MNT/named")"
    equal ../second "$(readlink "$MNT/named/web")"
    [[ $(dump named | grep -o '"key"' | wc -l) == 1 ]]
}

@test "every way to say which map" {
    start_daemon
    two_maps
    mkdir "$PINS/dir"
    mkdir "$MNT/dir/deep,type=hash,key=u32,value=u64,max_entries=16"
    mkdir "$MNT/dir/outer,type=hash_of_maps,key=u32,inner=counters"
    ln -s ../counters "$MNT/outer/1"
    ln -s "$MNT/counters" "$MNT/outer/2"
    ln -s "../@$(id_of "$PINS/counters")" "$MNT/outer/3"
    ln -s "$PINS/counters" "$MNT/outer/4"
    ln -s counters "$MNT/outer/5"
    ln -sr "$MNT/counters" "$MNT/outer/6"
    for key in 1 2 3 4 5 6; do
        leads counters outer "$key"
        equal ../counters "$(readlink "$MNT/outer/$key")"
    done
    ln -s ../dir/deep "$MNT/outer/7"
    leads dir/deep outer 7
    ln -s ../deep "$MNT/dir/outer/1"
    ln -s ../../counters "$MNT/dir/outer/2"
    leads dir/deep dir/outer 1
    leads counters dir/outer 2
    equal '../deep ../../counters' \
        "$(readlink "$MNT/dir/outer/1" "$MNT/dir/outer/2" | paste -sd' ')"
    refused EINVAL mkdir "$MNT/none,type=hash_of_maps,key=u32,inner=deep"
    mkdir "$MNT/dir/near,type=hash_of_maps,key=u32,inner=deep"
}

@test "a map that is not shown is its id" {
    start_daemon
    two_maps
    elsewhere hidden "mim_$$"
    bpftool map update pinned "$PINS/outer" key hex 01 00 00 00 value pinned "$ELSEWHERE/hidden"
    equal "../@$(id_of "$ELSEWHERE/hidden")" "$(readlink "$MNT/outer/1")"
    equal 1 "$(names "$MNT/outer")"
    [[ -L $MNT/outer/1 && ! -e $MNT/outer/1 ]]
    rm "$MNT/outer/1"
    equal '[]' "$(dump outer)"
}

@test "what does not fit is refused, and says why" {
    start_daemon
    two_maps
    mkdir "$MNT/narrow,type=hash,key=u32,value=u32,max_entries=16"
    refused EINVAL ln -s ../narrow "$MNT/outer/1"
    told "the map's type, sizes or flags differ from those of the template: see .map"
    refused EINVAL ln -s ../outer "$MNT/outer/1"
    refused EINVAL ln -s ../counters "$MNT/outer/abc"
    refused EPERM ln -s ../counters "$MNT/counters/1"
    refused EINVAL store "$MNT/outer/1" 5
    told 'keys of this map are symbolic links to maps: ln -s ../NAME KEY'
    refused EINVAL touch "$MNT/outer/1"
    equal '[]' "$(dump outer)"
    bpftool map freeze pinned "$PINS/outer"
    refused EROFS ln -s ../counters "$MNT/outer/1"
}

@test "a read-only mount, and values=raw" {
    start_daemon
    two_maps
    ln -s ../counters "$MNT/outer/1"
    remount -o ro
    leads counters outer 1
    refused EROFS ln -s ../counters "$MNT/outer/2"
    refused EROFS ln -s ../nothing "$MNT/outer/2"
    refused EROFS rm "$MNT/outer/1"
    remount -o values=raw
    ln -s ../counters "$MNT/outer/2"
    leads counters outer 2
}

@test "mkdir: templates by name and by their fields; .map has all of it" {
    start_daemon
    mkdir "$MNT/counters,type=hash,key=u32,value=u64,max_entries=16"
    while read -r fields; do
        mkdir "$MNT/m,$fields"
        equal "$fields" "$(spec m)"
        mkdir "$MNT/n,$(spec m)"
        equal "$(spec m)" "$(spec n)"
        equal "$(info "$PINS/m" | grep -o '"type":"[^"]*"')" \
            "$(info "$PINS/n" | grep -o '"type":"[^"]*"')"
        rmdir "$MNT/m" "$MNT/n"
    done <<'TABLE'
type=hash_of_maps,key=4,value=4,max_entries=1024,inner_type=hash,inner_key=4,inner_value=8,inner_max_entries=16
type=hash_of_maps,key=20,value=4,max_entries=2,map_flags=no_prealloc,inner_type=array,inner_key=4,inner_value=3,inner_max_entries=7
type=array_of_maps,key=4,value=4,max_entries=3,inner_type=lpm_trie,inner_key=8,inner_value=4,inner_max_entries=9,inner_map_flags=no_prealloc
type=array_of_maps,key=4,value=4,max_entries=3,inner_type=array,inner_key=4,inner_value=8,inner_max_entries=7,inner_map_flags=mmapable|inner_map
type=array_of_maps,key=4,value=4,max_entries=3,inner_type=ringbuf,inner_max_entries=4096
type=array_of_maps,key=4,value=4,max_entries=3,inner_type=queue,inner_value=8,inner_max_entries=5
type=array_of_maps,key=4,value=4,max_entries=3,inner_type=percpu_hash,inner_key=6,inner_value=8,inner_max_entries=5
TABLE
    mkdir "$MNT/m,type=hash_of_maps,key=u32,inner=counters"
    grep -q '^inner_max_entries=16$' "$MNT/m/.map"
    grep -q '^inner_max_entries=16$' "$MNT/m/.info"
    [[ -d $MNT/m,type=hash_of_maps,key=u32,inner=counters ]]
    refused ENOENT stat "$MNT/m,type=hash_of_maps,key=u32,inner_type=array"
    rmdir "$MNT/counters"
    refused EINVAL mkdir "$MNT/n,type=hash_of_maps,key=u32,inner=counters"
    told 'there is no map counters'
    refused EINVAL mkdir "$MNT/n,type=hash_of_maps,key=u32"
    told 'a map of maps needs inner=NAME, or inner_type='
    refused EINVAL mkdir "$MNT/n,type=hash_of_maps,key=u32,inner=m"
    mkdir "$MNT/programs,type=prog_array,max_entries=4"
    refused EINVAL mkdir "$MNT/n,type=hash_of_maps,key=u32,inner=programs"
    told 'the kernel has no maps of maps of type prog_array'
    refused EFBIG mkdir "$MNT/n,type=hash_of_maps,key=4,inner_type=array,inner_value=1048576,inner_max_entries=4000000"
    equal 'm programs' "$(names "$MNT")"
}

@test "-o mkdir= with a template" {
    start_daemon
    mkdir "$MNT/counters,type=hash,max_entries=16"
    remount -o 'mkdir=type=hash_of_maps,key=4,value=4,max_entries=5,inner=counters'
    mkdir "$MNT/bare"
    ln -s ../counters "$MNT/bare/1"
    leads counters bare 1
    remount -o 'mkdir=type=array_of_maps,max_entries=5,inner_type=hash,inner_key=4,inner_value=8,inner_max_entries=16'
    mkdir "$MNT/array,max_entries=6"
    ln -s ../counters "$MNT/array/5"
    leads counters array 5
    mkdir "$MNT/plain,type=hash,key=u32,value=u64"
    store "$MNT/plain/1" 5
}

@test "the spin lock of a template is kept" {
    start_types
    mkdir "$MNT/outer,type=hash_of_maps,key=u32,inner=a_locked"
    sizes=$(grep -E '^max_entries=' "$MNT/a_locked/.map")
    cp -a "$MNT/outer" "$TMP/outer"
    rmdir "$MNT/outer"
    cp -a "$TMP/outer" "$MNT/again"
    mkdir "$MNT/plain,type=array,value=16,$sizes"
    refused EINVAL ln -s ../plain "$MNT/again/1"
    ln -s ../a_locked "$MNT/again/1"
    leads a_locked again 1
}

@test "a link waits for its map" {
    start_daemon
    two_maps
    ln -s ../later "$MNT/outer/1"
    equal ../later "$(readlink "$MNT/outer/1")"
    equal 1 "$(names "$MNT/outer")"
    equal '[]' "$(dump outer)"
    refused ENOTEMPTY rmdir "$MNT/outer"
    mkdir "$MNT/later,type=hash,key=u32,value=u64,max_entries=5"
    leads later outer 1
    ln -s ../renamed "$MNT/outer/2"
    mv "$MNT/counters" "$MNT/renamed"
    leads renamed outer 2
    ln -s ../never "$MNT/outer/3"
    rm "$MNT/outer/3"
    mkdir "$MNT/never,type=hash,key=u32,value=u64,max_entries=5"
    equal '1 2' "$(names "$MNT/outer")"
    equal '' "$(inside outer 3)"
}

# With every map shown, a map of the outer one that lost its pin would keep its name.
@test "a link to a fresh map follows when .map is written" {
    SCOPE=all start_daemon
    mkdir "$MNT/outer$$,type=array_of_maps,max_entries=2,inner_type=hash,inner_key=4,inner_value=8,inner_max_entries=16"
    mkdir "$MNT/inner$$"
    ln -s "../inner$$" "$MNT/outer$$/0"
    leads "inner$$" "outer$$" 0
    printf 'type=hash\nkey=u32\nvalue=u64\nmax_entries=77\n' >"$MNT/inner$$/.map"
    leads "inner$$" "outer$$" 0
    grep -q '^max_entries=77$' "$MNT/outer$$/0/.map"
    printf 'type=hash\nkey=u32\nvalue=u32\nmax_entries=77\n' >"$MNT/inner$$/.map"
    equal '' "$(inside "outer$$" 0)"
    equal "../inner$$" "$(readlink "$MNT/outer$$/0")"
    told "symlink /outer$$/0: EINVAL"
}

# --- backup and restore, with the names in whatever order

everything() {
    find "$MNT" -type l -printf '%P -> %l\n' | sort
    for map in a_outer c_inner m_outer x_inner z_outer; do echo "$map $(spec "$map")"; done
    cat "$MNT/c_inner/1" "$MNT/x_inner/2" "$MNT/a_outer/1/1" "$MNT/m_outer/0/2"
    leads c_inner a_outer 1
    leads c_inner a_outer 4000000000
    leads x_inner m_outer 0
    leads c_inner z_outer 2
}

fill_everything() {
    start_daemon
    # c_inner is what a bare mkdir makes but for its size, so links to it fit too early.
    mkdir "$MNT/c_inner,type=hash,key=u32,value=u64,max_entries=16" \
        "$MNT/x_inner,type=array,key=u32,value=u16,max_entries=3"
    mkdir "$MNT/a_outer,type=hash_of_maps,key=u32,max_entries=8,inner=c_inner" \
        "$MNT/m_outer,type=array_of_maps,max_entries=8,inner=x_inner" \
        "$MNT/z_outer,type=hash_of_maps,key=u32,max_entries=8,inner=c_inner"
    echo 11 >"$MNT/c_inner/1"
    echo 22 >"$MNT/x_inner/2"
    ln -s ../c_inner "$MNT/a_outer/1"
    ln -s ../c_inner "$MNT/a_outer/4000000000"
    ln -s ../x_inner "$MNT/m_outer/0"
    ln -s ../c_inner "$MNT/z_outer/2"
    everything >"$TMP/before"
}

remove_everything() {
    rm -rf "${MNT:?}"/*
    rmdir "${MNT:?}"/* 2>/dev/null || true # x_inner: an array
    equal '' "$(names "$MNT")"
}

check_everything() { diff "$TMP/before" <(everything); }

@test "tar" {
    fill_everything
    tar -C "$MNT" -cf "$TMP/all.tar" .
    remove_everything
    tar -C "$MNT" -xf "$TMP/all.tar"
    check_everything
    tar -C "$MNT" -xf "$TMP/all.tar"
    check_everything
}

@test "tar, in each order of names" {
    fill_everything
    for order in 'a_outer c_inner m_outer x_inner z_outer' 'z_outer x_inner m_outer c_inner a_outer'; do
        # shellcheck disable=SC2086 # words
        tar -C "$MNT" -cf "$TMP/all.tar" $order
        remove_everything
        tar -C "$MNT" -xf "$TMP/all.tar"
        check_everything
    done
}

@test "cp -a" {
    fill_everything
    cp -a "$MNT" "$TMP/copy"
    remove_everything
    for map in a_outer c_inner m_outer x_inner z_outer; do cp -a "$TMP/copy/$map" "$MNT"; done
    check_everything
    remove_everything
    for map in z_outer x_inner m_outer c_inner a_outer; do cp -a "$TMP/copy/$map" "$MNT"; done
    check_everything
    cp -a "$TMP/copy/." "$MNT"
    check_everything
}

@test "rsync" {
    fill_everything
    rsync -a "$MNT/" "$TMP/copy"
    remove_everything
    rsync -a "$TMP/copy/" "$MNT"
    check_everything
    rsync -a "$TMP/copy/" "$MNT"
    ln -sfn ../gone "$MNT/z_outer/2"
    rsync -a "$TMP/copy/" "$MNT"
    check_everything
}

@test "an outer map that is there already, when tar comes" {
    fill_everything
    tar -C "$MNT" -cf "$TMP/all.tar" .
    rm "$MNT/a_outer/1"
    mkdir "$MNT/other,type=hash,key=u32,value=u64,max_entries=16"
    ln -sfn ../other "$MNT/z_outer/2"
    tar -C "$MNT" -xf "$TMP/all.tar"
    check_everything
}

@test "a hundred links" {
    start_daemon
    mkdir "$MNT/i0,type=array,value=4,max_entries=1"
    mkdir "$MNT/outer,type=array_of_maps,max_entries=120,inner=i0"
    for ((i = 1; i < 100; i++)); do mkdir "$MNT/i$i,type=array,value=4,max_entries=1"; done
    for ((i = 0; i < 100; i++)); do ln -s "../i$i" "$MNT/outer/$i"; done
    equal 100 "$(entries "$MNT/outer" | wc -l)"
    equal 100 "$(dump outer | grep -o '"key"' | wc -l)"
    leads i0 outer 0
    leads i57 outer 57
    leads i99 outer 99
    equal 100 "$(find -L "$MNT/outer" -mindepth 1 -maxdepth 1 -type d | wc -l)"
    rm -r "$MNT/outer"/*
    equal '[]' "$(dump outer)"
}

@test "a sockmap that nobody else holds is not looked at" {
    SCOPE=all start_daemon
    mkdir "$MNT/s$$,type=sockmap,max_entries=2"
    mkdir "$MNT/outer$$,type=array_of_maps,max_entries=4,inner=s$$"
    ln -s "../s$$" "$MNT/outer$$/0"
    leads "s$$" "outer$$" 0
    id=$(id_of "$PINS/s$$")
    rm "$PINS/s$$"
    equal "$id" "$(inside "outer$$" 0)"
    refused - mv "$MNT/outer$$/0" "$MNT/outer$$/1"
    told 'no process and no pin holds that map'
    refused - ln -s "../@$id" "$MNT/outer$$/2"
    equal "$id" "$(inside "outer$$" 0)"
    rm "$MNT/outer$$/0"
    eventually not map_exists "$id"
}
