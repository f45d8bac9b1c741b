#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The manual pages: they name all that there is, and nothing else, and what they show works.
# shellcheck disable=SC2016 # scripts for shells of their own
# alone

load lib
cd "$BATS_TEST_DIRNAME/../.." || exit 1
PAGE=scripts/man/bpfmapfs.8

# --- what a page says

# items SECTION [PAGE]: its .It lines, without ".It".
items() {
    awk -v section="$1" '/^\.S[hs] / { on = substr($0, 5) == section } on && sub(/^\.It /, "")' "${2:-$PAGE}"
}

# words SECTION MACRO: what that macro marks in its items, one a line, sorted.
words() {
    items "$1" | awk -v macro="$2" '{ on = 0; for (i = 1; i <= NF; i++)
        if ($i == macro) on = 1; else if ($i ~ /^(Ar|Ns|Pq|Pa|Cm|Fl|Li)$/) on = 0
        else if (on && $i ~ /^[._a-z0-9]+$/) print $i }' | sort -u
}

# documented: the options of the daemon as they are typed, without values: -f, pindir.
documented() {
    items OPTIONS | grep -oE 'Fl (o Cm [a-z_]+|[a-zA-Z]( , -[a-z]+)?)' |
        sed -E 's/Fl o Cm //; s/Fl (.) , -(.*)/-\1\n--\2/; s/Fl /-/' | sort -u
}

# rows FILE REGEX: the strings in quotes of the lines of a table, sorted.
rows() { grep -E "$2" "$1" | grep -oE '"[^"]+"' | tr -d '"' | sort -u; }

# same WHAT: the lines of $TMP/want and $TMP/got.
same() {
    [[ -s $TMP/want ]] || { echo "$1: nothing found in the sources" && return 1; }
    diff "$TMP/want" "$TMP/got" >"$TMP/diff" || {
        echo "$1: < only in the program, > only in the manual"
        grep '^[<>]' "$TMP/diff"
        return 1
    }
}

pages() { find scripts/man -name '*.8' -type f | sort; }
commands() { find scripts -name 'bpfmapfs-*' ! -name '*.*' -printf '%f\n' | sort; }

# --- form

@test "every page is clean, and can be shown" {
    local page
    for page in $(pages); do
        mandoc -Tlint -W warning "$page"
        mandoc -Tascii -W error "$page" | col -bx >"$TMP/text"
        grep -qx NAME "$TMP/text"
        not grep -nE '\\[&(*]|^ *\.[A-Z][a-z] ' "$TMP/text"
    done
}

@test "every command has a page, every page a command, every name of ours a page" {
    local name
    for name in bpfmapfs $(commands); do
        [[ -f scripts/man/$name.8 ]] || { echo "$name has no page" && return 1; }
    done
    for name in scripts/man/*.8; do
        sed '/^\.Nd/q' "$name" | grep -qE "^\.Nm $(basename "$name" .8)( |$)"
        [[ $name == */bpfmapfs.8 || -x scripts/$(basename "$name" .8) ]]
    done
    grep -ohE '^\.Xr bpfmapfs[a-z-]* 8' scripts/man/*.8 | sort -u >"$TMP/names"
    while read -r _ name _; do
        [[ -f scripts/man/$name.8 ]] || { echo "$name(8) is named, and not there" && return 1; }
    done <"$TMP/names"
}

# --- completeness

@test "the options of the daemon are those of the manual" {
    local fields='type key value entries map_flags flags map_extra numa_node btf inner'
    "$BPFMAPFS" -h >"$TMP/help"
    {
        grep -oE '^ +-[a-np-zA-Z]\b|--[a-z]+' "$TMP/help" | tr -d ' '
        grep -oE -- '-o [a-z_]+' "$TMP/help" | cut -d' ' -f2
        sed -n '/templates\[\]/,/^};/p' fs/options.c | grep -vE 'KEY_(SPEC_MORE|REMOUNT)' | rows /dev/stdin '"' |
            sed 's/=.*//'
    } | sort -u >"$TMP/want"
    documented >"$TMP/got"
    same options
    # What is passed over above are fields of a spec.
    sed -n '/KEY_SPEC_MORE)/s/.*"\([a-z_]*\)=".*/\1/p' fs/options.c | sed 's/^inner_//' |
        grep -vxE "max_entries|${fields// /|}" && return 1
    true
}

accepted() { # OPTION...
    start_background "$@" || { echo "not accepted: $*" && return 1; }
    mountpoint -q "$MNT"
    stop_daemon
}

@test "the daemon takes every option of the manual, with every value that it names" {
    local -A values=([pindir]=$PINS [mkdir]='type=array,key=u32,value=u8' [types]=$TMP/types
        [uid]=1 [gid]=1 [umask]=027 [max_map_bytes]=65536 [max_threads]=3 [max_idle_threads]=2
        [max_read]=65536)
    local option
    echo 'x_* key=u32,value=u32' >"$TMP/types"
    refused - "$BPFMAPFS" -o nonsense "$MNT"
    refused - "$BPFMAPFS" -o remount "$MNT"
    items OPTIONS | sed 's/ , Fl o /\nFl o /g' | grep -E '^Fl o ' | while read -r _ _ _ option rest; do
        if [[ $rest == 'Ns = Ns Cm '* ]]; then
            for value in $(tr -d '|' <<<"${rest#Ns = Ns Cm }"); do
                accepted -o "$option=$value"
            done
        elif [[ $rest == 'Ns = Ns Ar '* ]]; then
            accepted -o "$option=${values[$option]:?has no value in this test}"
        elif [[ $option != debug ]]; then
            equal '' "$rest"
            accepted -o "$option"
        fi 3>&-
    done
    for option in -h --help -V --version; do
        "$BPFMAPFS" "$option" >"$TMP/out"
        [[ -s $TMP/out ]]
    done
    accepted -s
}

@test "-f, -d and debug stay in front" {
    local option pid
    for option in -f -d -odebug; do
        spawn "$BPFMAPFS" "$option" -o "pindir=$PINS,scope=pinned" "$MNT" >/dev/null 2>&1
        pid=$!
        eventually mountpoint -q "$MNT"
        kill -0 $pid
        umount "$MNT"
        wait $pid
    done
}

@test "the fields of a spec are those of the manual, and the daemon knows them" {
    local field
    {
        rows lib/specfields.c '^\s\[SPEC_[A-Z_]+\] = '
        grep -E '^\s\[SPEC_[A-Z_]+\] = .*true\}' lib/specfields.c |
            sed -n 's/[^"]*"\([a-z_]*\)".*/inner_\1/p'
    } | sort -u >"$TMP/want"
    words 'Making maps' Cm >"$TMP/got"
    same fields
    start_daemon
    refused EINVAL mkdir "$MNT/x,nonsense="
    grep -q 'no such field' "$MNT/.error_log"
    for field in $(<"$TMP/got"); do
        echo >"$MNT/.error_log"
        mkdir "$MNT/x,$field=?" || true
        not grep -A2 'no such field' "$MNT/.error_log"
        equal '' "$(names "$MNT")"
    done
}

@test "the flags of a spec are those of the manual" {
    grep -oE '\{1U << [0-9]+, "[a-z_]+"' lib/specfields.c | grep -oE '[a-z_]+"$' | tr -d '"' | sort >"$TMP/want"
    awk '/^\.It / { on = /map_flags/ && !/inner/ } on && sub(/^\.Cm /, "")' "$PAGE" |
        grep -oE '[a-z_]+' | sort >"$TMP/got"
    same flags
}

@test "the words for types are those of the manual, and make maps" {
    local word
    rows lib/typeword.c '^\s\{"[a-z0-9_]+", "' | grep -vE '[^a-z0-9_]' >"$TMP/all"
    grep -oE '^\s\{"[a-z0-9_]+"' lib/typeword.c | tr -d '\t{"' | sort -u >"$TMP/want"
    words TYPES Cm | grep -vE '^(struct|union)$' >"$TMP/got"
    same types
    start_daemon
    for word in $(<"$TMP/got") 'char[5]' 'u8[3]' 'u32[2]' 'struct{u8 a;u32 b}' 'union{u8 a;u32 b}'; do
        mkdir "$MNT/m,key=u32,value=$word"
        grep -qxF "value=${word%\}}${word:+$([[ $word != *\} ]] || echo ';}')}" "$MNT/m/.map" ||
            grep -qxF "value=$word" "$MNT/m/.map"
        rmdir "$MNT/m"
    done
}

@test "the types of maps are those of the manual" {
    local type
    grep -oE '^\s\{(BPF_)?MAP_TYPE_[A-Z_]+, "[a-z_]+"' lib/maptype.c | grep -oE '"[a-z_]+' | tr -d '"' |
        sort >"$TMP/want"
    words 'MAP TYPES' Cm >"$TMP/got"
    same 'map types'
    start_daemon
    refused EINVAL mkdir "$MNT/m,type=nonsense"
    grep -q 'no such map type' "$MNT/.error_log"
    echo >"$MNT/.error_log"
    for type in $(<"$TMP/got"); do
        ! mkdir "$MNT/m,type=$type" || rmdir "$MNT/m"
    done 2>/dev/null
    not grep 'no such map type' "$MNT/.error_log"
}

@test "the special files are those of the manual, and are there" {
    local file found
    sed -n '/kinds\[NODE_KINDS\]/,/^};/p' fs/kind.c | grep -oE '\.name = "[^"]+"' | grep -oE '\.[a-z_]+"' |
        tr -d '"' | sort >"$TMP/want"
    words 'THE TREE' Pa | grep '^\.' >"$TMP/got"
    same 'special files'
    start_daemon
    mkdir "$MNT/h,type=hash" "$MNT/q,type=queue,value=4" "$MNT/r,type=ringbuf,max_entries=4096"
    for file in $(<"$TMP/got"); do
        found=$(find "$MNT/$file" "$MNT"/*/"$file" 2>/dev/null | wc -l)
        ((found)) || { echo "there is no $file" && return 1; }
    done
}

# --- errors

# What nobody outside of the daemon sees, and why.
INTERNAL='E2BIG       becomes ENOSPC, EFBIG or ENOENT
ECANCELED   of a load whose lines before were refused, which is what is told
EMEDIUMTYPE tells no bpffs from other causes, at the start
ENOTSOCK    becomes EINVAL or ENOENT
ENOTSUP     a type of BTF that has no layout: bytes are shown
EOVERFLOW   a queue of a CPU that is too long, which is EINVAL
ESRCH       a task that is gone, which is ENOENT'
# Those which the kernel answers by itself, or makes of the daemon's.
KERNEL='ENOSYS'

@test "the errors of the daemon are those of the manual" {
    cat fs/*.c lib/*.c | sed 's,/\*.*\*/,,; s,^\s*/\?\*.*,,' |
        grep -oE '(-|, |\()E[A-Z0-9]{2,}\b' | grep -oE 'E[A-Z0-9]+' | sort -u >"$TMP/spelt"
    python3 -c 'import errno, sys
for name in sys.stdin.read().split():
    if hasattr(errno, name): print(name)' <"$TMP/spelt" >"$TMP/named"
    cut -d' ' -f1 <<<"$INTERNAL" | sort >"$TMP/internal"
    comm -13 "$TMP/named" "$TMP/internal" >"$TMP/gone"
    equal '' "$(<"$TMP/gone")" 'not in the sources any more'
    { comm -23 "$TMP/named" "$TMP/internal" && echo "$KERNEL"; } | sort -u >"$TMP/want"
    items 'ERRORS AND WHAT TO DO' | grep -oE 'Er E[A-Z0-9]+' | cut -d' ' -f2 | sort >"$TMP/got"
    same errors
}

# --- signals and exit status

@test "TERM, INT and HUP unmount, with status 0; USR1 lets it log requests, and no more" {
    local name
    items SIGNALS | grep -oE 'SIG[A-Z0-9]+' | grep -v USR1 | sort >"$TMP/got"
    equal 'SIGHUP SIGINT SIGTERM' "$(paste -sd' ' "$TMP/got")"
    for name in $(<"$TMP/got"); do
        # A shell without job control lets its children ignore SIGINT.
        py "$name" <<'CODE'
import signal
def usual():
    signal.signal(signal.SIGINT, signal.SIG_DFL)
daemon = subprocess.Popen([os.environ["BPFMAPFS"], "-f", "-o", f"pindir={PINS},scope=pinned", MNT], preexec_fn=usual)
for _ in range(500):
    if os.path.ismount(MNT): break
    time.sleep(0.02)
assert os.path.ismount(MNT)
daemon.send_signal(getattr(signal, sys.argv[1]))
assert daemon.wait(20) == 0, daemon.returncode
assert not os.path.ismount(MNT)
CODE
    done
    start_daemon
    stat "$MNT/none" 2>/dev/null || true
    kill -USR1 "${DAEMONS[$MNT]}"
    eventually bash -c 'stat "$0/none.$RANDOM"; grep -q "lookup /none" "$1"' "$MNT" "$TMP/daemon.log"
    kill -USR1 "${DAEMONS[$MNT]}"
    eventually bash -c 'was=$(wc -l <"$1"); ls "$0" >/dev/null; [[ $(wc -l <"$1") == "$was" ]]' "$MNT" "$TMP/daemon.log"
}

@test "what cannot be mounted is status 1, and a sentence" {
    local status=0
    "$BPFMAPFS" -o "pindir=$TMP" "$MNT" >"$TMP/out" 2>&1 || status=$?
    equal 1 "$status"
    grep -q 'pindir has to be on a bpffs' "$TMP/out"
    not mountpoint -q "$MNT"
}

# --- the commands beside the daemon

# Of any of ours: -x and --word at the beginning of a word.
options_of_help() { "scripts/$1" -h | grep -oE '(^|[^[:alnum:]-])--?[a-zA-Z][a-z-]*' | grep -oE -- '--?[a-zA-Z][a-z-]*$' | sort -u; }

options_of_page() {
    grep '^\.It Fl ' "$1" | sed 's/ , \(Fl \)\?/ Fl /g; s/Fl Fl /Fl -/g' | grep -oE 'Fl -?[a-zA-Z][a-z-]*' |
        sed 's/Fl /-/' | grep -vxE -- '-(Ar|Ns|Fl|Cm)' | sort -u
}

@test "the options of the other commands are those of their pages" {
    local name page
    for page in $(pages); do
        [[ $page != "$PAGE" ]] || continue
        sed -n '/^\.Nd/q; s/^\.Nm \([a-z-]*\).*/\1/p' "$page" | while read -r name; do
            options_of_help "$name"
        done | sort -u >"$TMP/want"
        options_of_page "$page" >"$TMP/got"
        same "$page"
    done
}

# --- examples

# The literal lines of EXAMPLES, as one sees them.
examples() {
    mandoc -Tascii -Owidth=200 "$1" | col -bx |
        awk '/^[A-Z]/ { on = /^EXAMPLES/ } on && /^           / { print substr($0, 12) }'
}

# Runs them as they are, in a place where all that they name is the test's own: the daemon is
# installed, bpffs is empty, /etc/fstab and what they write is gone with it.
run_examples() { # FILE
    unshare -m --propagation private bash -euc '
        awk "\$3 == \"fuse.bpfmapfs\" { print \$2 }" /proc/self/mounts | xargs -r -n 1 umount -q -l || true
        trap "for dir in /mnt/still /mnt/maps; do umount -q -l \$dir || true; done" EXIT
        mount -t bpf bpf /sys/fs/bpf
        for dir in /mnt /usr/local/sbin /var/backups; do mount -t tmpfs none "$dir"; done
        mkdir /mnt/maps /mnt/etc /mnt/etc.work
        mount -t overlay -o lowerdir=/etc,upperdir=/mnt/etc,workdir=/mnt/etc.work none /etc
        echo "bpfmapfs /mnt/maps fuse.bpfmapfs defaults,allow_other 0 0" >/etc/fstab
        ln -s "$BPFMAPFS" "$PWD"/scripts/bpfmapfs-* /usr/local/sbin
        export PATH=/usr/local/sbin:$PATH
        timeout 60 python3 - "$1"' bash "$1" 3>&- <<'CODE'
import subprocess, sys
steps, bad = [], 0
for line in open(sys.argv[1]).read().split("\n")[:-1]:
    if line.startswith("# "):
        steps.append((line[2:], []))
    else:
        steps[-1][1].append(line)
assert len(steps) > 5, "no examples"
shell = subprocess.Popen(["bash"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True, bufsize=1)
for command, want in steps:
    shell.stdin.write(command + "\nprintf '\\1%s\\n' $?\n")
    got = []
    for line in shell.stdout:
        if line.startswith("\1"):
            status = line[1:].strip()
            break
        got.append(line.rstrip("\n"))
    else:
        sys.exit(f"the shell ended at: {command}")
    got = [__import__("re").sub("^bash: line [0-9]+: ", "bash: ", line) for line in got]
    if got != want or (status != "0" and not want):
        bad += 1
        print(f"# {command}\nwant: {want}\ngot: {got}, status {status}")
shell.stdin.close()
shell.wait()
sys.exit(bad > 0)
CODE
}

@test "the examples of the manual do what they show" {
    examples "$PAGE" >"$TMP/examples"
    run_examples "$TMP/examples"
}

@test "the examples of backup and restore do what they show" {
    {
        echo '# bpfmapfs /mnt/maps'
        echo "# mkdir '/mnt/maps/flows,key=u32,value=u64'"
        echo '# echo 5 > /mnt/maps/flows/1'
        examples scripts/man/bpfmapfs-backup.8
    } >"$TMP/examples"
    run_examples "$TMP/examples"
}
