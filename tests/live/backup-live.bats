#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Backups of maps in use. A BPF program and a process change all values (backup_live.c) while each
# tool backs the mount up, over and over for LIVE_SECONDS: 2, with LONG=1 60. What was there from
# start to end must be in every backup, once; and whole, as its value itself says, where somebody
# can promise that: where elements are replaced, or changed under a spin lock.
#
# cpio takes the size of a file from before it opens it, so values whose texts change their lengths
# are cut or filled up: it is given raw values. It also looks at the times when it is done, and
# warns.

load lib

LIVE_SECONDS=${LIVE_SECONDS:-$([[ -n ${LONG:-} ]] && echo 60 || echo 2)}
REPLACED=(hash_{small,large} lazy_{small,large} lru_{small,large})
LOCKED=(lockhash_{small,large} lockarray_{small,large})
# In array_*, cpuhash_* and cpuarray_* a value is changed where it is: nobody can say when it is whole.
LEAST_CHANGES=1000 # of each writer, while backups are made

# start_live TOOL [PASSING]
start_live() {
    mkdir -p "$PINS"
    spawn "$BUILD/tests/backup_live" "$BUILD/tests/backup_live.bpf.o" "$PINS" "$TMP/counts" "${@:2}"
    eventually test -s "$TMP/counts"
    VALUES=$([[ $1 == cpio ]] && echo raw || echo text)
    export VALUES
    start_daemon -o "values=$VALUES"
    CHANGES=(0 0)
    case $1 in
        restic) start_restic ;;
        borg) start_borg ;;
    esac
}

# The tools: back_up_TOOL saves the working directory, recall_TOOL gives it back into $TMP/out
# and its names, one a line, into $TMP/names.

back_up_cp() { cp -a . "$TMP/saved"; }
recall_cp() { mv "$TMP/saved" "$TMP/out" && names_of_tree; }

back_up_tar() { tar -cf "$TMP/saved" .; }
recall_tar() {
    tar -tf "$TMP/saved" >"$TMP/names"
    tar -C "$TMP/out" --warning=no-timestamp -xf "$TMP/saved"
}

back_up_rsync() { rsync -a ./ "$TMP/saved"; }
recall_rsync() { recall_cp; }

back_up_cpio() { find . | cpio -o --quiet -H newc >"$TMP/saved"; }
recall_cpio() {
    cpio -t --quiet <"$TMP/saved" >"$TMP/names"
    (cd "$TMP/out" && cpio -idm --quiet <"$TMP/saved")
}

start_restic() {
    export RESTIC_REPOSITORY=$TMP/restic RESTIC_PASSWORD=none RESTIC_CACHE_DIR=$TMP/cache
    restic init >"$TMP/log"
}
back_up_restic() { restic backup . >"$TMP/log"; }
recall_restic() {
    restic ls -q latest >"$TMP/names"
    restic restore latest --target "$TMP/out" >"$TMP/log"
}

start_borg() {
    export BORG_BASE_DIR=$TMP/borg BORG_REPO=$TMP/borg/repo
    mkdir "$TMP/borg"
    borg init --encryption none
    ROUND=0
}
back_up_borg() { borg create ::"$((++ROUND))" .; }
recall_borg() {
    borg list --format '{path}{NL}' ::"$ROUND" >"$TMP/names"
    (cd "$TMP/out" && borg extract ::"$ROUND")
}

names_of_tree() { find "$TMP/out" >"$TMP/names"; }

# check_tree: in $TMP/out all keys that stay have values of theirs, and whole ones where they must.
check_tree() {
    py "$TMP/out" "${REPLACED[@]}" "${LOCKED[@]}" <<'CODE'
import json
out, whole = sys.argv[1], set(sys.argv[2:])
raw = os.environ["VALUES"] == "raw"
lengths = (9, 10), (99999, 100000), (0, 2**64 - 1)
maps = sorted(os.listdir(out))
torn = 0

def number(content):
    if raw:
        return struct.unpack("<Q", content)[0]
    assert content.endswith(b"\n"), content
    return int(content)

def parts(content, size):                      # of each CPU: key, n, not_n, text
    if raw:
        assert content and len(content) % size == 0, len(content)
        for at in range(0, len(content), size):
            yield (*struct.unpack_from("<4xIQQ", content, at), content[at + 24:at + size].decode())
        return
    assert content.endswith(b"}\n") or content.endswith(b"}]\n"), content
    found = json.loads(content)
    for v in found if isinstance(found, list) else [found]:
        yield v["key"], v["n"], v["not_n"], v["text"]

def is_whole(part, key, size):
    its_key, n, not_n, text = part
    return its_key == key and n ^ not_n == 2**64 - 1 and text == chr(97 + n % 26) * (size - 24)

def check(name, key, content):
    global torn
    if name == "lengths":
        assert number(content) in lengths[key], (name, key, content)
    elif name in ("growing", "passing"):
        number(content)
    else:
        size = 64 if name.endswith("_small") else 4096
        for part in parts(content, size):
            if not is_whole(part, key, size):
                assert name not in whole, ("torn", name, key, content)
                torn += 1

assert len(maps) == 19 and whole < set(maps), maps
for name in maps:
    keys = set(os.listdir(f"{out}/{name}"))
    assert ".map" in keys, name
    keys = set(map(int, keys - {".map"}))
    assert keys >= set(range(3 if name == "lengths" else 16)), (name, keys)
    for key in keys:
        if name.startswith(("array", "cpuarray", "lockarray")) and key >= 16:
            continue                           # nobody writes there
        with open(f"{out}/{name}/{key}", "rb") as f:
            check(name, key, f.read())
print("torn, where nobody can promise:", torn)
CODE
}

check_names() { equal '' "$(sort "$TMP/names" | uniq -d)"; }

changes() { awk '{ print $1 + 0, $2 + 0 }' "$TMP/counts"; }

# back_up TOOL: once; what it says goes into $TMP/said, and STATUS is its status.
back_up() {
    local before after
    cd "$MNT" || return
    rm -rf "$TMP"/{saved,out}
    STATUS=0
    read -ra before < <(changes)
    "back_up_$1" 2>"$TMP/said" || STATUS=$?
    read -ra after < <(changes)
    CHANGES=($((CHANGES[0] + after[0] - before[0])) $((CHANGES[1] + after[1] - before[1])))
    echo "$1: $STATUS; changes by the program and the process until now: ${CHANGES[*]}"
    [[ -d $TMP/saved ]] || mkdir "$TMP/out"
    "recall_$1"
    check_names
    check_tree
}

have_changed() { ((CHANGES[0] > LEAST_CHANGES && CHANGES[1] > LEAST_CHANGES)); }

# undisturbed TOOL [WORDS]: it has nothing to say but those.
undisturbed() {
    start_live "$1"
    end=$((SECONDS + LIVE_SECONDS))
    while ((SECONDS < end)) || { ((SECONDS < end + 60)) && ! have_changed; }; do
        back_up "$1"
        equal 0 "$STATUS" "$(<"$TMP/said")"
        equal '' "$(grep -vE "${2:-^$}" "$TMP/said")"
    done
    have_changed
    equal '' "$(<"$MNT/.error_log")"
}

# disturbed TOOL STATUS WORDS: keys that go are all that it has to say something of, and some do.
disturbed() {
    local rounds=0
    start_live "$1" 2000
    end=$((SECONDS + LIVE_SECONDS))
    while ((SECONDS < end)) || { ((SECONDS < end + 60)) && ! { ((rounds > 0)) && have_changed; }; }; do
        back_up "$1"
        ((STATUS == 0)) || rounds=$((rounds + 1))
        ((STATUS == 0)) || equal "$2" "$STATUS" "$(<"$TMP/said")"
        equal '' "$(grep -vE "$3" "$TMP/said")"
    done
    ((rounds > 0))
    have_changed
    equal '' "$(<"$MNT/.error_log")"
}

modified='^cpio: File .* was modified while being copied$'

@test "cp: changing values" { undisturbed cp; }
@test "tar: changing values" { undisturbed tar; }
@test "rsync: changing values" { undisturbed rsync; }
@test "cpio: changing values" { undisturbed cpio "$modified"; }
@test "restic: changing values" { undisturbed restic; }
@test "borg: changing values" { undisturbed borg; }

@test "cp: keys that go" {
    disturbed cp 1 "^cp: cannot (stat|open) './passing/.*: No such file or directory$"
}

@test "tar: keys that go" {
    disturbed tar 1 '^tar: \./passing/[0-9]*: File removed before we read it$'
}

@test "rsync: keys that go" {
    disturbed rsync 24 '^file has vanished: ".*/passing/[0-9]*"$|^rsync warning: some files vanished '
}

@test "cpio: keys that go" {
    disturbed cpio 2 "^cpio: \./passing/[0-9]*: Cannot (stat|open): No such file|$modified"
}

@test "restic: keys that go" {
    disturbed restic 3 '^error: .* passing/[0-9]*: no such file or directory$|^Warning: at least one '
}

@test "borg: keys that go" {
    disturbed borg 1 '^passing/[0-9]*: (stat|open): \[Errno 2\] No such file or directory'
}

# rejected COMMAND...: after it the tree in $TMP/out is no longer good.
rejected() {
    cp -a "$TMP/out" "$TMP/good"
    "$@"
    not check_tree
    rm -r "$TMP/out"
    mv "$TMP/good" "$TMP/out"
}

# Half of what a file holds, and half of what another does.
torn() { (head -c 2000 "$1" && tail -c +2001 "$2") >"$TMP/torn" && mv "$TMP/torn" "$1"; }
letter() { grep -o '"text":".' "$1"; }

@test "what is torn, cut, missing, doubled or of another key is found" {
    start_live cp
    back_up cp
    mv "$TMP/out" "$TMP/first"
    back_up cp
    for map in hash_large lru_large lockarray_large; do
        for key in {0..15}; do
            a=$TMP/out/$map/$key b=$TMP/first/$map/$key
            [[ $(letter "$a") == "$(letter "$b")" ]] || break
        done
        rejected torn "$a" "$b"
    done
    rejected rm "$TMP/out/growing/3"
    rejected rm "$TMP/out/array_small/.map"
    rejected rm -r "$TMP/out/lazy_small"
    rejected cp "$TMP/out/hash_small"/{1,2}
    rejected truncate -s -1 "$TMP/out/lengths/1"
    rejected truncate -s 0 "$TMP/out/cpuhash_small/1"
    check_tree
    echo ./hash_small/1 >>"$TMP/names"
    check_names
    echo ./hash_small/1 >>"$TMP/names"
    echo "$TMP/out/hash_small/1" >>"$TMP/names"
    not check_names
}
