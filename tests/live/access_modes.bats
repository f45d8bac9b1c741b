#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Who may do what, by owners and modes: as in plain directories (contract, section 12). The users
# need no accounts.

load lib

@test "each operation, of each user, at each mode: what a plain directory says" {
    start_daemon -o allow_other
    mkdir -m 755 "$TMP/plain"
    mkdir -m 777 "$TMP/plain/open"
    mkdir "$MNT/open,type=hash,key=u32,value=u64,max_entries=9"
    echo 1 >"$MNT/open/8"
    chmod 777 "$MNT/open"
    "$BUILD/tests/access_trial" "$MNT" "$PINS" "$TMP/plain" >"$TMP/out" 2>&1 || {
        grep -v ': allowed' "$TMP/out"
        false
    }
    # what nobody may do, or everybody, shows nothing
    equal 'read no key|create one that is there|access x|unlink no key|rmdir' \
        "$(sed -n 's/: allowed 0,.*//p' "$TMP/out" | paste -sd'|')"
    equal 'stat the map' "$(sed -n 's/: allowed .* refused 0$//p' "$TMP/out")"
}

@test "directories of maps, their sticky and setgid bits, and who owns what is made there" {
    start_daemon -o allow_other
    mkdir "$TMP/plain" "$MNT/d" "$MNT/d/first" # so that it is one
    chmod 755 "$TMP/plain"
    py "$TMP/plain" <<'CODE'
OWNER, MEMBER, STRANGER, GROUP = 61001, 61002, 61003, 61100
USERS = {"root": (0, []), "owner": (OWNER, []), "member": (MEMBER, [GROUP]), "stranger": (STRANGER, [])}
os.umask(0)

def tried(uid, groups, work):                  # the errno, in a process of its own
    child = os.fork()
    if child == 0:
        os.setgroups(groups)
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
        os.umask(0o077)
        try:
            work()
        except OSError as e:
            os._exit(e.errno)
        os._exit(0)
    return os.waitpid(child, 0)[1] >> 8

OPERATIONS = {
    "list": lambda: os.listdir("d"),
    "stat": lambda: os.stat("d/theirs"),
    "mkdir": lambda: os.mkdir("d/new"),
    "mkdir of what is there": lambda: os.mkdir("d/theirs"),
    "rmdir": lambda: os.rmdir("d/theirs"),
    "rmdir of one's own": lambda: os.rmdir("d/members"),
    "rename": lambda: os.rename("d/theirs", "d/renamed"),
    "rename of one's own": lambda: os.rename("d/members", "d/renamed"),
    "rename out": lambda: os.rename("d/theirs", "out"),
    "chmod": lambda: os.chmod("d", 0o1770),
    "chgrp": lambda: os.chown("d", -1, OWNER),
    "create": lambda: os.close(os.open("d/file", os.O_CREAT | os.O_WRONLY)),
}

def state():
    found = []
    for name in ("d", "d/new", "d/theirs", "d/members", "d/renamed", "out"):
        try:
            s = os.stat(name)
            found.append((name, oct(s.st_mode & 0o1777), s.st_uid, s.st_gid))
        except FileNotFoundError:
            pass
    return found

def prepare(base, mode):
    os.chdir(base)
    for name in ("d/new", "d/renamed", "d/theirs", "d/members", "d/first", "d/file", "out"):
        try:
            (os.remove if name == "d/file" else os.rmdir)(name)
        except OSError:
            pass
    if not os.path.isdir("d"):
        os.mkdir("d")
    for name, owner in (("theirs", 0), ("members", MEMBER)):
        os.mkdir(f"d/{name}", 0o700)
        os.chown(f"d/{name}", owner, owner)
    os.chown("d", OWNER, GROUP)
    os.chmod("d", mode)

ALLOWED = {"create": errno.EPERM}              # what the mount says where a plain directory allows it
seen = {name: set() for name in OPERATIONS}
for mode in (0o700, 0o1777, 0o2775) + ((0o750, 0o770, 0o777, 0o0) if os.environ.get("LONG") else ()):
    for who, (uid, groups) in USERS.items():
        for name, work in OPERATIONS.items():
            got, after = [], []
            for base in (sys.argv[1], MNT):
                prepare(base, mode)
                before = state()
                got.append(tried(uid, groups, work))
                after.append(state())
                assert not got[-1] or before == after[-1], (oct(mode), who, name, before, after[-1])
            want = got[0] or ALLOWED.get(name, 0)
            case = f"{mode:o} {who}, {name}: want {want}, got {got[1]}"
            assert got[1] == want, case
            assert got[0] or name in ALLOWED or after[0] == after[1], (case, after)
            seen[name].add(got[0] == 0)
assert all(len(s) == 2 for n, s in seen.items() if n not in ("rename out", "mkdir of what is there")), seen
CODE
}
