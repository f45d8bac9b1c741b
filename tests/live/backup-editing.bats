#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Shells, filters and editors as people use them on keys (contract, section 7).

load editing

@test "what is counted are the changes that reach the kernel" {
    given
    mkdir "$MNT/m"
    changes
    echo 1 >"$MNT/m/1"
    echo 2 >"$MNT/m/1"
    changes
    equal '2 0' "$CHANGES"
    cat "$MNT/m/1"
    ls -l "$MNT/m"
    refused EINVAL store "$MNT/m/1" nonsense
    changes
    equal '0 0' "$CHANGES"
    rm "$MNT/m/1"
    touch "$MNT/m/2"
    changes
    equal '1 1' "$CHANGES"
}

@test "bash, dash and zsh: >" {
    given
    for shell in bash dash zsh; do
        both any "$shell"' -c '\''echo "$2" >"$1"'\'' shell "$1" "$2"'
    done
    few_targets
    for shell in bash dash zsh; do
        both any "$shell"' -c '\''printf %s "$2" >"$1"'\'' shell "$1" "$2"'
    done
}

@test "fish: >" {
    given
    both any 'fish -c '\''echo $argv[2] >$argv[1]'\'' "$1" "$2"'
    with_each existing fails 'fish -c '\''echo $argv[2] >?$argv[1]'\'' "$1" "$2"' # fish's noclobber
}

@test "bash, dash and zsh: >|, and > with noclobber" {
    given
    few_targets
    for shell in bash dash zsh; do
        both any "$shell"' -c '\''set -C; echo "$2" >|"$1"'\'' shell "$1" "$2"'
        with_each existing fails "$shell"' -c '\''set -C; echo "$2" >"$1"'\'' shell "$1" "$2"'
        with_each new stores "$shell"' -c '\''set -C; echo "$2" >"$1"'\'' shell "$1" "$2"'
    done
}

@test "bash, dash, zsh and fish: >>" {
    given
    few_targets
    for shell in bash dash zsh; do
        with_each new stores "$shell"' -c '\''echo "$2" >>"$1"'\'' shell "$1" "$2"'
        with_each existing fails "$shell"' -c '\''echo "$2" >>"$1"'\'' shell "$1" "$2"' # two lines
    done
    with_each new stores 'fish -c '\''echo $argv[2] >>$argv[1]'\'' "$1" "$2"'
    with_each existing fails 'fish -c '\''echo $argv[2] >>$argv[1]'\'' "$1" "$2"'
}

@test "tee" {
    given
    both any 'tee "$1" <<<"$2" >/dev/null'
    with_each existing fails 'tee -a "$1" <<<"$2" >/dev/null'
}

@test "sponge" {
    given
    both any 'sponge "$1" <<<"$2"'
    both existing 'sed "c\\$2" "$1" | sponge "$1"'
    mkdir "$MNT/m,value=struct{u32 packets;u32 bytes;}"
    echo '{"packets":7,"bytes":8}' >"$MNT/m/1"
    changes
    perl -MJSON::PP -e '$v = decode_json(<>); $v->{bytes} = 9; print encode_json($v)' "$MNT/m/1" |
        sponge "$MNT/m/1"
    equal '{"packets":7,"bytes":9}' "$(<"$MNT/m/1")"
    changes
    equal '1 0' "$CHANGES"
}

@test "dd" {
    given
    both any 'dd of="$1" status=none <<<"$2"'
    few_targets
    both existing 'dd of="$1" status=none conv=fsync <<<"$2"'
    with_each existing refuses 'dd of="$1" status=none conv=notrunc <<<"$2"'
    aim "$(head -n 1 <<<"$TARGETS")"
    stores 'dd of="$1" status=none conv=notrunc <<<"$2"' '1 0'
}

@test "cat and cp" {
    given
    both any 'cat <<<"$2" >"$1"'
    both any 'echo "$2" >"$TMP/file" && cp "$TMP/file" "$1"'
    few_targets
    both any 'echo "$2" >"$TMP/file" && cp -a "$TMP/file" "$1"'
}

@test "sed -i" {
    given
    both existing 'sed -i "c\\$2" "$1"'
}

@test "perl -pi" {
    given
    both existing 'perl -pi -e '\''BEGIN { $text = pop } $_ = "$text\n"'\'' "$1" "$2"'
}

@test "ed" {
    command -v ed >/dev/null || skip 'no ed here'
    given
    both existing 'printf "%s\n" 1c "$2" . w q | ed -s "$1"'
}

@test "install, and mv from another filesystem: the key is removed and made anew" {
    given
    for command in 'echo "$2" >"$TMP/file" && install -m 600 "$TMP/file" "$1"' \
        'echo "$2" >"$TMP/file" && mv "$TMP/file" "$1"'; do
        while read -r line; do
            aim "$line"
            expected='1 1' # an element of an array is zeroed
            [[ $HELD ]] || expected='1 0'
            [[ $MAP != slots ]] || expected='2 0'
            stores "$command" "$expected"
        done <<<"$TARGETS"
        with_each new refuses "$command"
    done
    [[ -e $TMP/file ]]
}

@test "truncate -s 0 and : >, which is a zero" {
    given
    for command in 'truncate -s 0 "$1"' ': >"$1"' 'cp /dev/null "$1"' 'dd if=/dev/null of="$1" status=none'; do
        aim "$(head -n 1 <<<"$TARGETS")"
        edit "$command" "$FILE" ''
        equal 0 "$(<"$FILE")"
        equal 0 "$(get int 1)"
        changes
        equal '1 0' "$CHANGES" "$command"
        no_strays "$MNT/int" "$NAMES"
    done
    aim "$(head -n 1 <<<"$TARGETS")"
    fails 'truncate -s 1M "$1"'
}

# The tools that write, a line each; those of the second list only into what is there.
WRITERS='echo "$2" >"$1"
tee "$1" <<<"$2" >/dev/null
sponge "$1" <<<"$2"
dd of="$1" status=none <<<"$2"
truncate -s 0 "$1"
echo "$2" >"$TMP/file" && cp "$TMP/file" "$1"
echo "$2" >"$TMP/file" && install -m 600 "$TMP/file" "$1"
echo "$2" >"$TMP/file" && mv -f "$TMP/file" "$1"
vim_gives_up "$1" "cc$2\x1b:w!\r"
nano_gives_up "$1" "\x0b$2\x0f\r"'
EDITORS='sed -i "c\\$2" "$1"
perl -pi -e "\$_ = 5" "$1"
in_mnt ex -s -c "%s/.*/$2/" -c "wq!" "$(in_maps "$1")"'

each_fails() {
    while read -r command; do with_each any fails "$command"; done <<<"$WRITERS"
    while read -r command; do with_each one fails "$command"; done <<<"$EDITORS"
}

@test "a frozen map: every tool fails, and leaves nothing" {
    given
    few_targets
    while read -r line; do aim "$line"; done <<<"$TARGETS"
    for map in int slots; do echo 1 >"$MNT/$map/.frozen"; done
    AIM=look each_fails
}

@test "a read-only mount: every tool fails, and leaves nothing" {
    given
    few_targets
    while read -r line; do aim "$line"; done <<<"$TARGETS"
    stop_helpers
    remount -o ro
    count_changes
    AIM=look each_fails
}
