# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# What the tests of editors and shells share: values of each kind with what is to become of them, a
# count of the changes that reach the kernel, and hands on the keyboard of what wants a terminal.

load lib

# A line: a map and its spec, a key and what it holds, a text to store there and its bytes, and a
# text that is no value of it. Who makes no keys leaves out those that hold nothing.
TARGETS='int,value=u64|1|12|34|22 00 00 00 00 00 00 00|nonsense
struct,value=struct{u32 packets;u32 bytes;}|1|{"packets":1,"bytes":2}|{"packets":3,"bytes":4}|03 00 00 00 04 00 00 00|{"packets":"x"}
text,value=char[8]|1|hello|good day|67 6f 6f 64 20 64 61 79|longer than eight
slots,type=array,value=u64,max_entries=4|1|12|34|22 00 00 00 00 00 00 00|nonsense
int,value=u64|2||34|22 00 00 00 00 00 00 00|nonsense
struct,value=struct{u32 packets;u32 bytes;}|2||{"packets":3,"bytes":4}|03 00 00 00 04 00 00 00|{"packets":"x"}'

# Where it would take long otherwise.
few_targets() { TARGETS=$(grep -E '^(int|slots)' <<<"$TARGETS"); }

# given [OPTION...]: a daemon whose calls of bpf(2) are counted, a map of each line with key 3 in it,
# and a home directory.
given() {
    start_daemon "$@"
    count_changes
    mkdir "$TMP/home"
    export TMP HOME=$TMP/home TERM=xterm
}

# --- what reaches the kernel

count_changes() {
    local pid=${DAEMONS[$MNT]}
    COUNTED=0
    spawn strace -z -f -qq -e trace=bpf -e signal=none -o "$TMP/bpf" -p "$pid" 2>"$TMP/strace"
    eventually traced "$pid"
}

traced() {
    local status
    for status in /proc/"$1"/task/*/status; do
        grep -q '^TracerPid:[[:space:]]*[1-9]' "$status" || return 1
    done
}

# changes: "UPDATES DELETES" in $CHANGES, those that succeeded since it was asked last.
changes() {
    local line
    line=$(wc -l <"$TMP/bpf")
    CHANGES=$(sed -n "$((COUNTED + 1)),${line}p" "$TMP/bpf" |
        awk '/BPF_MAP_UPDATE/ { u++ } /BPF_MAP_DELETE/ { d++ } END { print u + 0, d + 0 }')
    COUNTED=$line
}

# --- running a tool

# edit COMMAND FILE TEXT: bash -c COMMAND with these as $1 and $2. $TMP/said has what it says,
# $TMP/created the names that it makes in the map's directory.
edit() {
    local status=0
    timeout 60 strace -f -qq -e trace=open,openat,creat -o "$TMP/opened" \
        bash -c "$1" bash "$2" "$3" >"$TMP/said" 2>&1 </dev/null 3>&- || status=$?
    sed -nE 's/.*"([^"]*)", [A-Z_|]*O_CREAT.*/\1/p' "$TMP/opened" | grep -v '^/dev/' |
        sed 's,.*/,,' | sort -u >"$TMP/created"
    cat "$TMP/said" # shown when a test fails
    return "$status"
}

# no_strays DIR NAMES: they are all that is there, with what the tool made and what ls does not show;
# but $LEFT may be, a backup that is meant to stay.
no_strays() {
    local name
    equal "$2" "$(names -A "$1")" strays
    while read -r name; do
        [[ " $2 ${LEFT:-} " == *" $name "* ]] || refused ENOENT stat "$1/$name"
    done <"$TMP/created"
}

silent() { equal '' "$(<"$TMP/said")" said; }

# look LINE: MAP, FILE, KEYBYTES, HELD, TEXT, BYTES, NONSENSE are those of this target.
look() {
    IFS='|' read -r SPEC KEY HELD TEXT BYTES NONSENSE <<<"$1"
    MAP=${SPEC%%,*} FILE=$MNT/${SPEC%%,*}/$KEY KEYBYTES=$(le 4 "$KEY")
    [[ ! -d $MNT/$MAP ]] || BEFORE=$(dump "$MAP") NAMES=$(names -A "$MNT/$MAP")
    changes
}

# aim LINE: the same, once it holds what it is said to.
aim() {
    look "$1"
    [[ -d $MNT/$MAP ]] || { mkdir "$MNT/$SPEC" && touch "$MNT/$MAP/3"; }
    [[ -z $HELD ]] || echo "$HELD" >"$FILE"
    [[ -n $HELD ]] || rm -f "$FILE"
    look "$1"
}

# with_each one|existing|new|any CHECK COMMAND [CHANGES]: for the first target, or each of that sort.
with_each() {
    local line
    while read -r line; do
        "${AIM:-aim}" "$line"
        [[ $1 == any || $1 == one || $1 == "${HELD:+existing}" || $1$HELD == new ]] || continue
        echo "$3: $line" # shown when it fails
        "$2" "$3" "${4:-}"
        [[ $1 != one ]] || break
    done <<<"$TARGETS"
}

# The command stores TEXT, in so many changes, by default one update, and says nothing.
stores() {
    edit "$1" "$FILE" "$TEXT" || { cat "$TMP/said" && return 1; }
    silent
    equal "$BYTES" "$(bytes_of "$MAP" "$KEYBYTES")" bytes
    equal "$TEXT" "$(<"$FILE")" text
    changes
    equal "${2:-1 0}" "$CHANGES" changes
    [[ $HELD || $NAMES != *' 3' ]] || NAMES="${NAMES% 3} $KEY 3"
    no_strays "$MNT/$MAP" "$NAMES"
}

# The command fails with NONSENSE, says so, and leaves all as it was, by default without any change.
refuses() {
    : >"$MNT/.error_log"
    fails "$1" "${2:-}" "$NONSENSE"
    grep -q "EINVAL" "$MNT/.error_log" # else it has not come that far
}

# fails COMMAND [CHANGES [TEXT]]: the same, for another reason.
fails() {
    local status=0
    edit "$1" "$FILE" "${3:-$TEXT}" || status=$?
    ((status < 125))
    ((status)) || [[ $1 == perl* || $1 == vim* || $1 == nano* ]] # they only say so
    [[ -s $TMP/said || $1 == *ex\ -s* ]] # which says nothing
    not grep -E '^it (does not go on|ends without)' "$TMP/said" # typed does
    equal "$BEFORE" "$(dump "$MAP")"
    changes
    equal "${2:-0 0}" "$CHANGES" changes
    no_strays "$MNT/$MAP" "$NAMES"
}

# both existing|any COMMAND [CHANGES]: stores what is a value, and refuses what is none.
both() {
    with_each "$1" stores "$2" "${3:-}"
    with_each "$1" refuses "$2"
}

# --- programs that want a terminal

# in_mnt COMMAND...: in a mount namespace where the mount is /mnt/maps and the home /mnt/home: vim makes
# no backups of what is below /tmp, and other users may walk there. Leaves nothing to undo.
# shellcheck disable=SC2016,SC2089 # programs
IN_MNT='
awk -v mine="$1" "\$3 == \"fuse.bpfmapfs\" && \$2 != mine { print \$2 }" /proc/self/mounts | xargs -r umount -l
mount -t tmpfs tmpfs /mnt
mkdir /mnt/maps /mnt/home
mount --bind "$1" /mnt/maps
mount --bind "$2" /mnt/home
cd /mnt/maps
HOME=/mnt/home exec "${@:3}"'
in_mnt() { unshare -m bash -euc "$IN_MNT" bash "$MNT" "$HOME" "$@"; }

# typed COMMAND...: in_mnt, on a terminal of its own. Of the lines of standard input, "? REGEX" waits
# until the program shows that, "! KEYS" types. $TMP/screen has all that was shown.
# shellcheck disable=SC2089
KEYBOARD='
import fcntl, os, pty, re, select, struct, sys, termios, time

end, shown, screen = time.time() + 20, b"", open(sys.argv[1], "wb")
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))

def more():
    global shown
    if not select.select([terminal], [], [], max(0, end - time.time()))[0]:
        os.kill(pid, 9)
        sys.exit("it does not go on: %r" % shown[-2000:])
    try:
        text = os.read(terminal, 65536)
    except OSError:
        text = b""
    screen.write(text)
    shown += text
    return text

for line in iter(sys.stdin.readline, ""):
    text = line[2:-1].encode()
    if line[0] == "!":
        os.write(terminal, text.decode("unicode_escape").encode("latin1"))
        continue
    while not (found := re.search(text, shown)):
        if not more():
            sys.exit("it ends without %r: %r" % (text, shown[-2000:]))
    shown = shown[found.end():]
while more():
    pass
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
'
typed() { in_mnt "$PYTHON" -c "$KEYBOARD" "$TMP/screen" "$@"; }
typing() { # the same in the background, as one process, with what is typed from a pipe
    mkfifo "$TMP/keys"
    unshare -m bash -euc "$IN_MNT" bash "$MNT" "$HOME" \
        "$PYTHON" -c "$KEYBOARD" "$TMP/typing.screen" "$@" <"$TMP/keys" >"$TMP/typing" 2>&1 3>&- &
    HELPERS+=($!)
    exec 4>"$TMP/keys"
    rm "$TMP/keys"
}

type_on() { printf '%s\n' "$@" >&4; } # LINE...

typing_ends() { # well, and without a word
    exec 4>&-
    wait "${HELPERS[-1]}" || { cat "$TMP/typing" && return 1; }
    unset 'HELPERS[-1]'
    equal '' "$(<"$TMP/typing")"
}

in_maps() { echo "${1#"$MNT/"}"; } # the path there of a file in the mount

# vim_types FILE KEYS [COMMAND...]: vim, as it comes, with that file; it must not warn.
vim_types() {
    local file
    file=$(in_maps "$1")
    printf '? "%s"\n! %s\n' "$file" "$2" | typed "${@:3}" vim "$file"
    ! grep -aoE '.{0,60}(E[0-9]+:|W[0-9]+:|[Ww]arning|WARNING).{0,60}' "$TMP/screen"
}

# vim_gives_up FILE KEYS [COMMAND...]: it shows an error after these keys, and is left.
vim_gives_up() {
    local file
    file=$(in_maps "$1")
    printf '? "%s"\n! %s\n? E[0-9]+:\n! \\r:q!\\r\n' "$file" "$2" | typed "${@:3}" vim "$file"
    grep -aoE 'E[0-9]+:.{0,60}' "$TMP/screen"
}

# nano_types FILE KEYS [OPTION...]; AS has the command that it is run by, if any.
nano_types() {
    # shellcheck disable=SC2086 # a list of words
    printf '? GNU nano\n! %s\n' "$2" | typed ${AS:-} nano "${@:3}" "$(in_maps "$1")"
    ! grep -aoiE '.{0,60}(error|warning|cannot|failed).{0,60}' "$TMP/screen"
}

# nano_gives_up FILE KEYS [COMMAND...]: it shows an error after these keys, and is left.
nano_gives_up() {
    printf '? GNU nano\n! %s\n? Error writing\n! \\x18n\n' "$2" |
        typed "${@:3}" nano "$(in_maps "$1")"
    grep -aoE 'Error writing.{0,60}' "$TMP/screen"
}

# shellcheck disable=SC2090
export KEYBOARD IN_MNT PYTHON
export -f in_mnt typed in_maps vim_types vim_gives_up nano_types nano_gives_up
