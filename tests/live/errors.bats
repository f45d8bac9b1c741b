#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# .error_log: every refusal has a sentence in it that people can act on (contract, section 10).

load lib

log() { cat "$MNT/.error_log"; }
clear_log() { echo >"$MNT/.error_log"; }

# noted PATH ERRNO [TEXT]: the log has one refusal, of that.
noted() {
    log >"$TMP/log"
    cat "$TMP/log"
    grep -qF -- "$1" "$TMP/log"
    grep -qE -- "$2|${STRERROR[$2]}" "$TMP/log"
    [[ -z ${3:-} ]] || grep -qF -- "$3" "$TMP/log"
}

@test "bad input: the shell's exit status, the errno, the log, and nothing changed" {
    start_daemon -o max_map_bytes=10000000
    mkdir "$MNT/m" "$MNT/byte,value=u8" "$MNT/full,max_entries=1" "$MNT/ice"
    for map in m byte full ice; do echo 7 >"$MNT/$map/1"; done
    echo 1 >"$MNT/ice/.frozen"
    # errno | what the log must show | file | text
    while IFS='|' read -r errno shown file text; do
        clear_log
        refused "$errno" store "$MNT/$file" "$text"
        noted "$file" "$errno" "$shown"
    done <<'TABLE'
EINVAL|abc|m/1|abc
EINVAL|300|byte/1|300
EINVAL|notakey|m/notakey|1
EINVAL|4294967296|m/4294967296|1
ENOSPC||full/2|1
EROFS||ice/1|1
EROFS||ice/2|1
TABLE
    while IFS='|' read -r errno shown spec; do
        clear_log
        refused "$errno" mkdir "$MNT/$spec"
        noted "${spec%%,*}" "$errno" "$shown"
        refused ENOENT ls -d "$MNT/${spec%%,*}"
    done <<'TABLE'
EINVAL|nosuch|bad,type=nosuch
EINVAL|key=0|x,key=0
EFBIG||big,max_entries=1000000
TABLE
    refused EEXIST mkdir "$MNT/m"
    for map in m byte full ice; do equal 1 "$(names "$MNT/$map")"; done
    equal "7 7 7" "$(get m 1) $(get full 1) $(get ice 1)"
    equal 07 "$(bytes_of byte "$(le 4 1)")"
    equal "byte full ice m" "$(names "$PINS")"
}

@test "the caret stands under the place" {
    start_daemon
    mkdir "$MNT/m"
    # text | the first character that is wrong, counted from 0
    while IFS='|' read -r text at; do
        clear_log
        refused EINVAL store "$MNT/m/1" "$text"
        log | tee "$TMP/log"
        awk -v text="$text" -v at="$at" '
            index($0, text) { want = index($0, text) + at; next }
            want && /^[^a-z0-9]*\^/ { found = index($0, "^") == want; exit }
            END { exit !found }' "$TMP/log"
    done <<'TABLE'
12x4|2
99y|2
qqq|0
TABLE
    clear_log
    refused EINVAL mkdir "$MNT/bad,type=hash,key=u33,value=u8"
    log | tee "$TMP/log"
    awk '
        index($0, "key=u33") { want = index($0, "key=u33") + 4; next }
        want && /^[^a-z0-9]*\^/ { at = index($0, "^"); found = at >= want && at <= want + 2; exit }
        END { exit !found }' "$TMP/log"
}

@test "who, what and when" {
    start_daemon
    mkdir "$MNT/m"
    # shellcheck disable=SC2016
    bash -c 'echo $$ >"$2"; echo abc >"$1"' bash "$MNT/m/1" "$TMP/pid" 2>/dev/null || true
    log | tee "$TMP/log"
    grep -qw -- "$(<"$TMP/pid")" "$TMP/log"
    grep -qw write "$TMP/log"
    grep -qE '[0-9]{2}:[0-9]{2}:[0-9]{2}' "$TMP/log"
}

@test "nothing refused, nothing logged; writing clears" {
    start_daemon
    mkdir "$MNT/m"
    echo 1 >"$MNT/m/1"
    cat "$MNT/m/1"
    not test -e "$MNT/m/2" # a look-up that finds nothing is no refusal
    equal '' "$(log)"
    refused EINVAL store "$MNT/m/1" abc
    [[ -n $(log) ]]
    clear_log
    equal '' "$(log)"
}

@test "the last 64 are kept, newest last" {
    start_daemon
    mkdir "$MNT/m"
    for i in {101..170}; do
        echo 1 2>/dev/null >"$MNT/m/bad$i" || true
    done
    log | grep -o 'm/bad1[0-9][0-9]' | uniq >"$TMP/names"
    cmp "$TMP/names" <(seq -f 'm/bad%g' 107 170)
}

@test "a long log is read as often as one likes" {
    long=$(printf 'x%.0s' {1..250})
    mkdir -p "$PINS/$long/$long/$long"
    start_daemon
    mkdir "$MNT/$long/$long/$long/m"
    (cd "$MNT/$long/$long/$long/m" && for i in {101..164}; do refused EINVAL touch "$long$i"; done)
    py <<'CODE'
fd = os.open(path(".error_log"), os.O_RDONLY)
first = os.pread(fd, 1 << 20, 0)
assert len(first) > 65536 and all(b"%d: EINVAL" % i in first for i in range(101, 165))
assert os.pread(fd, 1 << 20, 0) == first
CODE
}

@test "with -f the same is on stderr" {
    start_daemon
    mkdir "$MNT/m"
    refused EINVAL store "$MNT/m/1" 12x4
    eventually grep -q 12x4 "$TMP/daemon.log"
    grep -q m/1 "$TMP/daemon.log"
}

@test "text that no terminal should see is not passed on" {
    start_daemon
    mkdir "$MNT/m"
    refused EINVAL store "$MNT/m/1" $'5\e[31mred\x01'
    refused EINVAL store "$MNT/m/"$'bad\e[31mname\n' 1
    not grep -qP '[\x00-\x08\x0b-\x1f\x7f]' <(log)
}

@test "a text of any length is refused, not kept" {
    start_daemon
    mkdir "$MNT/m"
    refused - bash -c "yes 1 | head -c 50000000 >'$MNT/m/1'"
    refused - bash -c "head -c 50000000 /dev/zero >'$MNT/m/1'"
    refused - bash -c "yes ' ' | tr -d '\n' | head -c 50000000 >'$MNT/m/1'"
    (($(log | wc -c) < 100000))
    refused - cat "$MNT/m/1"
}
