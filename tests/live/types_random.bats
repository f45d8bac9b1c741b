#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Any bytes of any type come back as they were: see typecheck.c and typemount.c. UNIT_SEED=N
# repeats a failure.

load types

@test "codec: 10,000 patterns of each type" {
    "$BUILD/tests/typecheck" "$TYPES"
}

@test "mount: 300 patterns of each map" {
    start_types
    "$BUILD/tests/typemount" "$PINS" "$MNT"
    equal '' "$(<"$MNT/.error_log")"
}

@test "mount: what bpftool stores, it finds again after the text was written back" {
    start_types
    py <<'CODE'
import json, random, re
seed = int(os.environ.get("UNIT_SEED", time.time()))
print("seed", seed)
random.seed(seed)

def lookup(map, key):  # by its bytes; what it formats is not always JSON
    found = bpftool("lookup", "pinned", f"{PINS}/{map}", "key", *key)
    return re.findall(rb'"value":\[("0x[^\]]*)\]', found)

def file_of(map):
    files = [os.path.join(dir, name) for dir, _, names in os.walk(path(map)) for name in names]
    files.remove(path(map + "/.map"))
    file, = files
    return file

for map in sorted(os.listdir(PINS)):
    if not map.startswith(("k_", "v_", "p_", "lpm_")):
        continue
    show = json.loads(bpftool("show", "pinned", f"{PINS}/{map}"))
    key, value = (random.randbytes(show["bytes_" + part]) for part in ("key", "value"))
    if map.startswith("lpm_"):
        key = struct.pack("<I", random.randrange(8 * len(key) - 31)) + key[4:]
    key, value = [str(octet) for octet in key], [str(octet) for octet in value]
    bpftool("update", "pinned", f"{PINS}/{map}", "key", *key, "value", *value)
    want, file = lookup(map, key), file_of(map)
    assert want
    with open(file, "rb") as f:
        line = f.read()
    os.unlink(file)
    assert json.loads(bpftool("dump", "pinned", f"{PINS}/{map}")) == []
    os.makedirs(os.path.dirname(file), exist_ok=True)
    with open(file, "wb") as f:
        f.write(line)
    assert lookup(map, key) == want, (map, key, line)
CODE
}
