# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# What the tests of .dump share: what its lines must be whatever the map is, and what the kernel
# has, as lines. `load dump` after `load lib`.

# in_order FILE...: their lines, sorted.
in_order() { cat -- "$@" | sort; }

# lines KEY VALUE...: lines of a map of numbers to numbers, sorted.
lines() { printf '{"key":%s,"value":%s}\n' "$@" | sort; }

# kernel_lines MAP: the same by bpftool, of a map of u32 to u64, per CPU or not.
kernel_lines() {
    py "$1" <<'CODE' | sort
import json
def number(words): return int.from_bytes(bytes(int(w, 16) for w in words), "little")
for e in json.loads(bpftool("dump", "pinned", f"{PINS}/{sys.argv[1]}")):
    if "values" in e:
        value = "[%s]" % ",".join(str(number(v["value"])) for v in e["values"])
    else:
        value = number(e["value"])
    print('{"key":%u,"value":%s}' % (number(e["key"]), value))
CODE
}

# as_kernel MAP: its .dump says what bpftool does.
as_kernel() {
    kernel_lines "$1" >"$TMP/kernel"
    in_order "$MNT/$1/.dump" >"$TMP/dumped"
    diff "$TMP/kernel" "$TMP/dumped" | head -n 20
    cmp "$TMP/kernel" "$TMP/dumped"
}

# check_lines MAP...: each line of each .dump is a JSON object of "key" and "value" alone; the keys
# are those that find sees, each once, numbers where the type of the key is an integer; the values
# say what the files do; integers lose nothing.
check_lines() {
    py "$@" <<'CODE'
import json, re

def pairs(found):
    names = [name for name, _ in found]
    assert len(set(names)) == len(names), names
    return dict(found)

class Number(str):                             # as it is spelt
    def __eq__(self, other): return isinstance(other, Number) and str.__eq__(self, other)
    __hash__ = str.__hash__

def loads(line): return json.loads(line, object_pairs_hook=pairs, parse_int=Number)

def files(top):                                # name: text
    found = {}
    for at, below, names in os.walk(os.fsencode(top)):
        for name in names + [name for name in below if os.path.islink(os.path.join(at, name))]:
            whole = os.path.relpath(os.path.join(at, name), os.fsencode(top))
            if whole != b".map":
                full = os.path.join(at, name)
                found[whole.decode()] = os.readlink(full) if os.path.islink(full) else open(full, "rb").read()
    return found

def as_json(text):
    try:
        return loads(text)
    except ValueError:
        return None

def unescaped(text):                           # char arrays, alone in a file
    return re.sub(rb"\\(x..|.)", lambda m: {b"n": b"\n", b"t": b"\t", b"r": b"\r"}.get(m[1]) or
                  (bytes.fromhex(m[1][1:].decode()) if m[1][:1] == b"x" else m[1]), text)

def octets_of(text):
    try:
        return bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        return None

def check_value(name, value, text):
    if isinstance(value, str) and not isinstance(value, Number):
        plain = text.removesuffix(b"\n")
        same = value.encode() == unescaped(plain) or value.encode() == plain or as_json(plain) == value
        octets = octets_of(value)
        same = same or octets is not None and octets in (octets_of(plain.decode()), unescaped(plain))
    elif isinstance(value, list) and value and type(value[0]) is str and text[:2] != b'["':
        same = text.decode().splitlines() == value # a stack trace
    elif isinstance(value, bool):
        same = text == b"%d\n" % value
    else:
        same = value == as_json(text)
    assert same, (name, value, text)

for map in sys.argv[1:]:
    want, got, numbers = files(path(map)), {}, set()
    with open(path(f"{map}/.dump"), "rb") as f:
        dump = f.read()
    assert not dump or dump.endswith(b"\n"), map
    for line in dump.split(b"\n")[:-1]:
        entry = loads(line)
        assert list(entry) == ["key", "value"], line
        key = str(entry["key"])
        assert isinstance(entry["key"], (str, Number)) and key not in got, (map, line)
        got[key] = entry["value"]
        numbers.add(isinstance(entry["key"], Number))
    assert len(numbers) < 2, map
    assert set(got) == set(want), (map, set(got) ^ set(want))
    for name, value in got.items():
        check_value(name, value, want[name])
CODE
}

# not_dumped MAP SENTENCE: reading is refused, and why is in .error_log.
not_dumped() {
    echo >"$MNT/.error_log"
    refused EOPNOTSUPP cat "$MNT/$1/.dump"
    grep -F "open /$1/.dump: EOPNOTSUPP: " "$MNT/.error_log" | grep -E -- "$2" || { cat "$MNT/.error_log" && false; }
}

# not_loaded ERRNO MAP FILE PATTERN: cat FILE > .dump is refused, and why is in .error_log.
# shellcheck disable=SC2016 # of the shell below
not_loaded() {
    echo >"$MNT/.error_log"
    refused "$1" bash -c 'cat "$1" >"$2"' bash "$3" "$MNT/$2/.dump"
    grep -E "^[^ ]* [^ ]* pid [0-9]*: [a-z]* /$2/.dump: $1: $4" "$MNT/.error_log" || { cat "$MNT/.error_log" && false; }
}

# The daemon's memory at its highest, in kB.
highest() { awk '/^VmHWM/ { print $2 }' "/proc/$(daemon_pid)/status"; }
daemon_pid() { echo "${DAEMONS[$MNT]}"; }
