#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# vim, ex and nano on keys, typed into as a person does (contract, section 7).

load editing

# What is refused to vim it undoes: it stores the old text again, and keeps its backup.
@test "ex" {
    given
    LEFT=1~
    with_each existing stores 'in_mnt ex -s -c "%s/.*/$2/" -c wq "$(in_maps "$1")"'
    with_each existing refuses 'in_mnt ex -s -c "%s/.*/$2/" -c wq "$(in_maps "$1")"' '1 0'
}

@test "vim: :wq, :x, ZZ" {
    given
    with_each any stores 'vim_types "$1" "cc$2\x1b:wq\r"'
    with_each one stores 'vim_types "$1" "cc$2\x1b:x\r"'
    with_each one stores 'vim_types "$1" "cc$2\x1bZZ"'
    equal '' "$(<"$MNT/.error_log")" # nothing that it tried was refused
}

@test "vim: a text that is no value" {
    given
    LEFT=1~
    with_each existing refuses 'vim_gives_up "$1" "cc$2\x1b:w\r"' '1 0'
    with_each new refuses 'vim_gives_up "$1" "cc$2\x1b:w\r"'
}

# vimrc LINE: vim's own defaults, and that.
vimrc() { printf '%s\n' 'source $VIMRUNTIME/defaults.vim' "$@" >"$HOME/.vimrc"; }

@test "vim: its options for files beside the one that is written" {
    given
    for option in 'backup backupdir=~' 'undofile undodir=~' nowritebackup backupcopy=yes \
        noswapfile directory=~ nofsync; do
        vimrc "set $option"
        with_each one stores 'vim_types "$1" "cc$2\x1b:wq\r"'
    done
    vimrc 'set backupcopy=no' # who wants it renamed gets it
    with_each one stores 'vim_types "$1" "cc$2\x1b:wq\r"' '1 1'
}

@test "vim: set backup" {
    given
    vimrc 'set backup'
    LEFT=1~
    with_each existing stores 'vim_types "$1" "cc$2\x1b:wq\r"'
    equal 12 "$(<"$MNT/int/1~")"
    with_each existing stores 'vim_types "$1" "cc$2\x1b:wq\r"'
    rm "$MNT/int/1" "$MNT/int/3"
    rmdir "$MNT/int"
}

@test "vim: set undofile" {
    given
    vimrc 'set undofile'
    LEFT=.1.un~
    with_each one stores 'vim_types "$1" "cc$2\x1b:wq\r"'
    edit 'vim_types "$1" "u:wq\r"' "$FILE" ''
    equal 12 "$(get int 1)"
}

@test "vim: -r after it was killed" {
    given
    aim "$(head -n 1 <<<"$TARGETS")"
    not edit 'printf "%s\n" "? int/1" "! cc99\x1b:preserve\r" "? preserved" "! :!kill -9 \$PPID\r" | typed vim int/1' "$FILE" ''
    equal 12 "$(get int 1)"
    changes
    edit 'printf "%s\n" "? ecover" "! \r:wq\r" | typed vim -r int/1' "$FILE" ''
    equal 99 "$(get int 1)"
    changes
    equal '1 0' "$CHANGES"
    rm "$MNT/int/.1.swp"
}

# begin EDITOR: it has key 1 of int open.
begin() {
    aim "$(head -n 1 <<<"$TARGETS")"
    typing "$1" int/1
    eventually test -e "$MNT/int/.1.swp"
    type_on '? int/1'
}

@test "vim and vim, nano and nano: the second one on a key is told of the first" {
    given
    while IFS='|' read -r EDITOR TOLD NO save; do
        export EDITOR TOLD NO
        begin "$EDITOR"
        edit 'printf "? %s\n! %s\n" "$TOLD" "$NO" | typed "$EDITOR" int/1' '' '' || [[ $EDITOR == vim ]]
        silent
        type_on "$save"
        typing_ends
        equal 34 "$(get int 1)"
        changes
        equal '1 0' "$CHANGES"
        no_strays "$MNT/int" "$NAMES"
        refused ENOENT stat "$MNT/int/.1.swp"
    done <<'EDITORS'
vim|E325: ATTENTION|q|! cc34\x1b:wq\r
nano|is being edited|n\x18|! \x0b34\x0f\r\x18
EDITORS
}

@test "vim, when another has written meanwhile: it asks" {
    given
    for answer in n y; do
        begin vim
        for value in 33 34; do # to vim, times a second apart are the same
            echo "$value" >"$MNT/int/1"
            stat "$MNT/int/1"
        done
        changes
        type_on '! cc56\x1b:w\r' \
            '? really want to write' "! $answer" '? Press ENTER' "! \\r:q!\\r"
        typing_ends
        changes
        equal "$answer" "$([[ "$CHANGES $(get int 1)" != '0 0 34' ]] || echo n
            [[ "$CHANGES $(get int 1)" != '1 0 56' ]] || echo y)"
    done
}

@test "vim: :w twice, and to another key" {
    given
    aim "$(head -n 1 <<<"$TARGETS")"
    edit 'vim_types "$1" "cc21\x1b:w\rcc22\x1b:w\r:q\r"' "$FILE" ''
    equal 22 "$(get int 1)"
    changes
    equal '2 0' "$CHANGES"
    no_strays "$MNT/int" '.map 1 3'
    edit 'vim_types "$1" ":w int/43\r:q\r"' "$FILE" ''
    equal 22 "$(get int 43)"
    changes
    equal '1 0' "$CHANGES"
    edit 'vim_types "$1" "cc23\x1b:w! int/43\r:q!\r"' "$FILE" ''
    equal '22 23' "$(get int 1) $(get int 43)"
    changes
    equal '1 0' "$CHANGES"
    no_strays "$MNT/int" '.map 1 3 43'
}

@test "vim: written without a change" {
    given
    with_each existing stores 'vim_types "$1" ":s/.*/$2/\r:w\r:w\r:wq\r"' '3 0'
}

@test "nano" {
    given
    with_each any stores 'nano_types "$1" "\x0b$2\x0f\r\x18"'
    for options in '-B -C /mnt/home' -G -L; do
        export OPTIONS=$options
        with_each one stores 'nano_types "$1" "\x0b$2\x0f\r\x18" $OPTIONS'
    done
}

@test "nano -B" {
    given
    LEFT=1~
    with_each existing stores 'nano_types "$1" "\x0b$2\x0f\r\x18" -B'
    equal 12 "$(<"$MNT/int/1~")"
    with_each existing stores 'nano_types "$1" "\x0b$2\x0f\r\x18" -B'
}

@test "nano: a text that is no value" {
    given
    with_each any refuses 'nano_gives_up "$1" "\x0b$2\x0f\r"'
}

# In a group that may write.
NOBODY='setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all'

@test "another user, in a directory of his group's" {
    given -o allow_other
    few_targets
    export NOBODY
    chown 65534 "$HOME"
    while read -r line; do aim "$line"; done <<<"$TARGETS"
    for map in int slots; do
        chgrp 65534 "$MNT/$map"
        chmod 770 "$MNT/$map"
    done
    for command in 'vim_types "$1" "cc$2\x1b:wq\r" $NOBODY' 'AS=$NOBODY nano_types "$1" "\x0b$2\x0f\r\x18"' \
        'in_mnt $NOBODY sh -c "echo \"\$2\" >\"\$1\"" sh "$(in_maps "$1")" "$2"' \
        'in_mnt $NOBODY tee "$(in_maps "$1")" <<<"$2" >/dev/null'; do
        with_each any stores "$command"
    done
    with_each existing stores 'in_mnt $NOBODY sed -i "c\\$2" "$(in_maps "$1")"'
    with_each existing stores 'in_mnt $NOBODY perl -pi -e "\$_ = q($2)" "$(in_maps "$1")"'
    # shellcheck disable=SC2034 # no_strays looks at it
    LEFT=1~
    with_each existing refuses 'vim_gives_up "$1" "cc$2\x1b:w\r" $NOBODY' '1 0'
    with_each existing refuses 'in_mnt $NOBODY sed -i "c\\$2" "$(in_maps "$1")"'
}

# Where keys are texts, what tools take for names of their own are keys, too: made, and removed.
@test "a map whose keys are texts: nothing is left" {
    given
    mkdir "$MNT/names,key=char[32],value=u64"
    echo 11 >"$MNT/names/eth0"
    for command in 'sed -i "s/../$2/" "$1"' 'perl -pi -e "s/../$2/" "$1"' 'sponge "$1" <<<"$2"' \
        'vim_types "$1" "cc$2\x1b:wq\r"' 'nano_types "$1" "\x0b$2\x0f\r\x18"' \
        'cp -a "$1" "$TMP/copy" && echo "$2" >"$TMP/copy" && rsync -a "$TMP/copy" "$1"'; do
        for value in 22 33; do
            edit "$command" "$MNT/names/eth0" "$value"
            silent
            equal "$value" "$(<"$MNT/names/eth0")" "$command"
            no_strays "$MNT/names" '.map eth0'
        done
    done
}
