#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Stack traces that programs took: addresses by bpftool, symbols by /proc/kallsyms, build ids by
# readelf.

load lib

# take_stacks [DIR]: maps of traces of a process that stays, pinned below $PINS/DIR.
take_stacks() {
    mkdir -p "$PINS/${1:-}"
    spawn "$BUILD/tests/stacks" "$BUILD/tests/stacks.bpf.o" "$PINS/${1:-}"
    eventually test -e "$PINS/${1:-.}/taken"
}

# id N: of taken's element N, which must be the id of a trace.
id() {
    local -a b
    read -ra b <<<"$(bytes_of taken "$(le 4 "$1")")"
    [[ ${b[3]} == 00 ]] || { echo "no trace was taken: ${b[*]}" >&2 && return 1; }
    echo $((0x${b[3]}${b[2]}${b[1]}${b[0]}))
}

# has_frames MAP: each of its files is what the kernel has of that id, with the symbols that it
# tells of each address now; and there are no other files.
has_frames() {
    py "$1" <<'CODE'
import bisect, json
map = sys.argv[1]
entries = {}
for e in json.loads(bpftool("dump", "pinned", f"{PINS}/{map}")):
    key, value = (bytes(int(b, 16) for b in e[part]) for part in ("key", "value"))
    entries[str(struct.unpack("<I", key)[0])] = struct.unpack(f"<{len(value) // 8}Q", value)
assert entries and sorted(entries) + [".map"] == sorted(os.listdir(path(map)), key=lambda n: (n[0] == ".", n))
texts = {id: text(f"{map}/{id}") for id in entries}

best = {}                                      # address: global, name, module
for line in open("/proc/kallsyms"):
    address, kind, name, *module = line.split()
    if kind in "tTwW" and int(address, 16):
        this = (kind.islower(), name, " ".join(["", *module]))
        at = int(address, 16)
        best[at] = min(best.get(at, this), this)
places = sorted(best)

def frame(address):
    if not places[0] <= address <= places[-1]:
        return f"0x{address:016x}\n"
    at = places[bisect.bisect_right(places, address) - 1]
    return f"0x{address:016x} {best[at][1]}+0x{address - at:x}{best[at][2]}\n"

for id, value in entries.items():
    want = "".join(frame(a) for a in value[:(*value, 0).index(0)])
    assert want and texts[id] == want, f"{map}/{id}: want\n{want}got\n{texts[id]}"
    assert os.stat(path(f"{map}/{id}")).st_size == len(want)
CODE
}

@test "a trace of the kernel: addresses and symbols" {
    take_stacks
    start_daemon
    equal "$({ id 0 && id 1; } | sort -n | paste -sd' ')" "$(names "$MNT/kernel")"
    not equal "$(id 0)" "$(id 1)"
    has_frames kernel
    grep -qE '^0x[0-9a-f]{16} do_syscall_64\+0x[0-9a-f]+$' "$MNT/kernel/$(id 0)" || [[ $(uname -m) != x86_64 ]]
    grep -qE '^0x[0-9a-f]{16} bpf_prog_[0-9a-f]{16}_take_enter\+0x[0-9a-f]+ \[bpf\]$' "$MNT/kernel/$(id 1)"
    grep -qE '^0x[0-9a-f]{16} bpf_prog_[0-9a-f]{16}_take_exit\+0x[0-9a-f]+ \[bpf\]$' "$MNT/kernel/$(id 0)"
}

@test "programs that were loaded later have symbols" {
    take_stacks
    start_daemon
    has_frames kernel
    take_stacks later
    eventually has_frames later/kernel
    grep -q '_take_enter+0x' "$MNT/later/kernel"/*
    has_frames kernel
}

@test "a trace of a process: addresses alone" {
    take_stacks
    start_daemon
    equal "$(id 2)" "$(names "$MNT/user")"
    has_frames user
    head -n 1 "$MNT/user/$(id 2)" >"$TMP/first"
    grep -xE '0x0000[0-9a-f]{12}' "$TMP/first"
    py "$(<"$TMP/first")" "${HELPERS[0]}" <<'CODE'
address = int(sys.argv[1], 16)
code = [line.split()[0].split("-") for line in open(f"/proc/{sys.argv[2]}/maps") if " r-xp " in line]
assert any(int(low, 16) <= address < int(high, 16) for low, high in code), code
CODE
}

@test "build ids and offsets, and addresses where there are none" {
    take_stacks
    start_daemon
    equal "$({ id 3 && id 4; } | sort -n | paste -sd' ')" "$(names "$MNT/build_ids")"
    awk '$6 ~ "^/" { print $6 }' "/proc/${HELPERS[0]}/maps" | sort -u |
        xargs -n 1 readelf -n 2>/dev/null | awk '/Build ID:/ { print $3 }' >"$TMP/known"
    for n in 3 4; do
        bytes_of build_ids "$(le 4 "$(id $n)")" >"$TMP/bytes$n"
        py "$TMP/bytes$n" "build_ids/$(id $n)" <<'CODE'
value = bytes.fromhex(open(sys.argv[1]).read())
want = []
for status, id, place in struct.iter_unpack("<I20sQ", value):
    if status == 0:
        break
    want.append(f"{id.hex()}+0x{place:x}" if status == 1 else f"0x{place:016x}")
got = [line.split()[0] for line in text(sys.argv[2]).splitlines()]
assert want and want == got, (want, got)
CODE
    done
    cut -s -d+ -f1 "$MNT/build_ids/$(id 3)" | sort -u >"$TMP/shown"
    cat "$TMP/shown" "$TMP/known"
    grep -qFx -f "$TMP/known" "$TMP/shown"
    not grep -vFx -f "$TMP/known" "$TMP/shown"
    # As in the map of addresses, but for the frame of the program, which is elsewhere in it.
    diff <(grep -v '\[bpf\]' "$MNT/kernel/$(id 1)") <(grep -v '\[bpf\]' "$MNT/build_ids/$(id 4)")
}

@test "what is read twice is the same, by whatever reads" {
    take_stacks
    start_daemon
    for file in "$MNT"/{kernel,user,build_ids}/*; do
        cat "$file" >"$TMP/one"
        cat "$file" >"$TMP/two"
        cmp "$TMP/one" "$TMP/two"
        equal "$(stat -c %s "$file")" "$(wc -c <"$TMP/one")" "$file"
        [[ -s $TMP/one ]]
    done
    grep -r . "$MNT/kernel" >"$TMP/all"
    sed -i '\|/\.map:|d' "$TMP/all"
    equal "$(cat "$MNT/kernel"/* | wc -l)" "$(wc -l <"$TMP/all")"
    cp -r "$MNT/kernel" "$TMP/copy"
    diff -r "$MNT/kernel" "$TMP/copy"
}

@test "rm removes exactly that trace" {
    take_stacks
    start_daemon
    local gone rest
    gone=$(id 0) rest=$(id 1)
    equal 2 "$(<"$MNT/kernel/.count")"
    refused ENOTEMPTY rmdir "$MNT/kernel"
    before=$(bytes_of kernel "$(le 4 "$rest")")
    rm "$MNT/kernel/$gone"
    equal "$rest" "$(names "$MNT/kernel")"
    equal "$before" "$(bytes_of kernel "$(le 4 "$rest")")"
    equal '' "$(bytes_of kernel "$(le 4 "$gone")")"
    equal 1 "$(<"$MNT/kernel/.count")"
    refused ENOENT rm "$MNT/kernel/$gone"
    refused ENOENT cat "$MNT/kernel/$gone"
    refused ENOENT rm "$MNT/kernel/4294967295"
    rm "$MNT/kernel/$rest"
    equal '[]' "$(dump kernel)"
    rmdir "$MNT/kernel"
    [[ ! -e $PINS/kernel ]]
}

@test "rm -r takes all of them" {
    take_stacks
    start_daemon
    rm -r "$MNT/kernel" "$MNT/build_ids"
    [[ ! -e $PINS/kernel && ! -e $PINS/build_ids ]]
    has_frames user
}

@test "a write is refused, and says who takes traces" {
    take_stacks
    start_daemon
    local file free=49
    while [ -e "$MNT/kernel/$free" ]; do free=$((free + 1)); done
    dump kernel >"$TMP/before"
    for file in "$(id 0)" "$free"; do
        echo >"$MNT/.error_log"
        refused EOPNOTSUPP store "$MNT/kernel/$file" 0x1
        grep -F "kernel/$file: EOPNOTSUPP: a stack trace is taken by a program" "$MNT/.error_log"
    done
    refused EOPNOTSUPP cp "$MNT/kernel/$(id 0)" "$MNT/kernel/$free"
    refused - mv "$MNT/kernel/$(id 0)" "$MNT/kernel/$free"
    diff "$TMP/before" <(dump kernel)
}

@test "nobody misses a trace because somebody else reads it" {
    take_stacks
    start_daemon
    py "$(id 0)" "$(id 1)" <<'CODE'
def read(id):
    for _ in range(5000):
        text(f"kernel/{id}")
        missing = set(sys.argv[1:]) - set(os.listdir(path("kernel")))
        assert not missing, missing
readers = []
for id in sys.argv[1:] * 2:
    readers.append(os.fork())
    if not readers[-1]:
        read(id)
        os._exit(0)
assert [os.waitpid(pid, 0)[1] for pid in readers] == [0] * 4
CODE
}
