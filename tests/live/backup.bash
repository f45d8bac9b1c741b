# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# What the tests of backups share: a zoo of maps of every kind that can be listed, what bpftool
# tells of all maps below $PINS, and how a command runs that has no reason to complain.
# `load backup` after `load lib`.
#
#     start_daemon
#     make_zoo
#     zoo_fingerprint "$TMP/before"
#     quiet cp -a "$MNT" "$TMP/copy"
#     remove_zoo
#     quiet cp -a "$TMP/copy/." "$MNT"
#     zoo_fingerprint "$TMP/after"
#     check_equal "$TMP/before" "$TMP/after"

# --- commands

# quiet COMMAND...: it succeeds and says nothing on stderr. Its stdout is in $TMP/said.
quiet() {
    local status=0
    "$@" >"$TMP/said" 2>"$TMP/warned" || status=$?
    if ((status)) || [[ -s $TMP/warned ]]; then
        echo "exit status $status of: $*"
        head -n 30 "$TMP/warned"
        tail -n 30 "$MNT/.error_log" 2>/dev/null || true
        return 1
    fi
}

# silent COMMAND...: nothing on stdout either, for those who warn there.
silent() {
    quiet "$@"
    [[ ! -s $TMP/said ]] || {
        echo "not silent: $*"
        sed 's/^/    /' "$TMP/said"
        return 1
    }
}

# check_equal WANT GOT: two files, or directories, that must not differ.
check_equal() {
    diff -r "$1" "$2" >"$TMP/difference" && return
    cut -c 1-300 "$TMP/difference" | head -n 60
    return 1
}

# shuffled FROM TO: the same files, made in an order that has nothing to do with names.
shuffled() {
    mkdir "$2"
    (cd "$1" && find . -mindepth 1 -type d | sort | tar -c --no-recursion -T -) | tar -C "$2" -xp
    (cd "$1" && find . ! -type d | shuf --random-source=<(yes)) >"$TMP/shuffled"
    tar -C "$1" -cT "$TMP/shuffled" | tar -C "$2" -xp
}

# --- the zoo

# fill MAP: stores the lines of stdin, KEY and VALUE with a tab between.
fill() {
    local key value
    while IFS=$'\t' read -r key value; do
        echo "$value" >"$MNT/$1/$key" || return
    done
}

# Keys and values of all sorts; hash tables.
zoo_hashes() {
    mkdir "$MNT/flows,key=struct{ipv4 source;be16 port;u8 proto;},value=struct{u64 packets;struct{s32 low;u8[3] lanes;} rate;char[16] note;u32[3] counts;bool on;},max_entries=64"
    fill flows <<'END'
10.0.0.1,443,6	{"packets":18446744073709551615,"rate":{"low":-7,"lanes":"0x010203"},"note":"a \"note\"","counts":[1,0,3],"on":true}
10.0.0.1,80,6	{"note":"sixteen letters!"}
192.168.255.255,53,17	{}
END
    mkdir "$MNT/hosts,type=lru_hash,key=ipv4,value=ipv6,max_entries=64,map_flags=no_common_lru"
    fill hosts <<<$'10.1.2.3\t2001:db8::1\n0.0.0.0\t::'
    mkdir "$MNT/texts,key=char[32],value=char[24],max_entries=40"
    fill texts <<'END'
%2Fetc%2Fpasswd	root
50%25%2C or more	  between spaces  
%2Ehidden	0x10
-5	-
%2Emap%2F	\\\n\x01
%00	
thirty-two bytes: which is all %25	\x00after a zero
END
    mkdir "$MNT/signed,key=s32,value=s64,max_entries=16"
    fill signed <<<$'-5\t-9223372036854775808\n-2147483648\t-1\n0\t0\n2147483647\t9223372036854775807'
    mkdir "$MNT/bytes,key=6,value=20,max_entries=16"
    fill bytes <<<$'000000000000\t00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 10 11 12 13\nfffefdfcfbfa\t'"$(printf '00%.0s' {1..20})"
    mkdir "$MNT/macs,key=mac,value=bool,max_entries=16"
    fill macs <<<$'02:00:00:00:00:01\ttrue\nff:ff:ff:ff:ff:ff\tfalse'
    mkdir "$MNT/ports,key=be16,value=u16,max_entries=16,map_flags=no_prealloc|zero_seed"
    fill ports <<<$'443\t1\n65535\t65535'
    mkdir "$MNT/wide,key=u64,value=u8,max_entries=3" # and full
    fill wide <<<$'18446744073709551615\t255\n4294967296\t0\n1\t1'
    mkdir "$MNT/switch,key=bool,value=u32,max_entries=2,name=other_name"
    fill switch <<<$'true\t1\nfalse\t0'
    mkdir "$MNT/nothing,key=u16,value=u32,max_entries=5"
    mkdir "$MNT/many,key=u32,value=u64,max_entries=2048"
    local i
    for ((i = 0; i < 300; i++)); do echo $((i * i)) >"$MNT/many/$((i * 7919))"; done
}

# Names of maps and of keys that are no plain words.
zoo_names() {
    local name end
    for name in a.b 'with space' per%25cent ,hash -dash zähler @at; do
        [[ $name != [,@]* ]] || name=%$(printf %02X "'${name::1}")${name:1}
        mkdir -- "$MNT/$name,key=u8,max_entries=16"
        echo 1 >"$MNT/$name/0"
        echo 2 >"$MNT/$name/255"
    done
    mkdir "$MNT/long,key=char[300],value=char[8],max_entries=16"
    for end in first '%2Fsecond' ' third'; do
        name=$(printf 'x%.0s' {1..260})$end
        mkdir -p "$MNT/long/${name::240}"
        echo "$end" | cut -c 1-8 >"$MNT/long/${name::240}/${name:240}"
    done
    echo short >"$MNT/long/short"
}

# Slots: some never written, some with zeroes, one that is frozen.
zoo_arrays() {
    mkdir "$MNT/array,type=array,value=struct{u32 a;char[4] b;},max_entries=16,map_flags=mmapable"
    fill array <<<$'0\t{"a":1}\n7\t{"b":"abcd"}\n8\t{}\n15\t{"a":4294967295}'
    rm "$MNT/array/7"
    mkdir "$MNT/zeroes,type=array,value=char[8],max_entries=3"
    mkdir "$MNT/cpus,type=percpu_array,value=u32,max_entries=3"
    each_cpu 6 >"$MNT/cpus/1"
    mkdir "$MNT/counts,type=percpu_hash,key=u8,value=u64,max_entries=16"
    each_cpu 18446744073709551615 >"$MNT/counts/9"
    printf '[1%s]\n' "$(yes ,0 | head -n $(($(cpus) - 1)) | tr -d '\n')" >"$MNT/counts/10"
    mkdir "$MNT/recent,type=lru_percpu_hash,key=ipv6,value=3,max_entries=64"
    each_cpu '"0x010203"' >"$MNT/recent/fe80::1"
    mkdir "$MNT/frozen,type=array,value=u32,max_entries=4"
    echo 5 >"$MNT/frozen/2"
    echo 1 >"$MNT/frozen/.frozen"
}

zoo_prefixes() {
    mkdir "$MNT/blocked,type=lpm_trie,key=ipv4_prefix,value=u8,max_entries=16"
    fill blocked <<<$'0.0.0.0_0\t1\n10.0.0.0_8\t2\n10.1.0.0_16\t3\n10.1.2.3_32\t0'
    mkdir "$MNT/routes,type=lpm_trie,key=ipv6_prefix,value=char[8],max_entries=16"
    fill routes <<<$'::_0\tdefault\n2001:db8::_32\tdocs\n::1_128\t'
    mkdir "$MNT/trie,type=lpm_trie,key=7,value=2,max_entries=16"
    fill trie <<<$'0a0b00_16\t258\n000000_0\t0'
}

# Maps whose elements stand for something: maps, by names before and after theirs; interfaces;
# CPUs; programs.
zoo_links() {
    mkdir "$MNT/inner-a,key=u32,value=u64,max_entries=8" "$MNT/zz-inner,key=u32,value=u64,max_entries=8"
    echo 1 >"$MNT/inner-a/1"
    echo 26 >"$MNT/zz-inner/26"
    mkdir "$MNT/outer,type=hash_of_maps,key=char[8],max_entries=8,inner=inner-a"
    ln -s ../inner-a "$MNT/outer/first"
    ln -s ../zz-inner "$MNT/outer/last"
    ln -s ../zz-inner "$MNT/outer/-5"
    mkdir "$MNT/slots,type=array_of_maps,max_entries=4,inner=zz-inner"
    ln -s ../zz-inner "$MNT/slots/0"
    ln -s ../inner-a "$MNT/slots/3"
    mkdir "$MNT/ways,type=devmap,max_entries=4" "$MNT/ways-hash,type=devmap_hash,key=4,value=4,max_entries=4"
    echo lo >"$MNT/ways/2"
    echo lo >"$MNT/ways-hash/4294967295"
    mkdir "$MNT/queues,type=cpumap,value=4,max_entries=1"
    echo 192 >"$MNT/queues/0"
    mkdir "$MNT/tails,type=prog_array,max_entries=4"
    bpftool prog load "$BUILD/tests/lifetime_block.bpf.o" "$ELSEWHERE/tail" type xdp
    echo "$ELSEWHERE/tail" >"$MNT/tails/3"
}

# Maps of which only .map is listed, or that no backup can fill: their parameters come back. What
# is in a queue does not.
zoo_empty() {
    local type page
    page=$(getconf PAGESIZE)
    while read -r type; do
        mkdir "$MNT/only-${type%%,*},type=$type"
    done <<END
queue,value=u32,max_entries=3
stack,value=struct{u8 a;u16 b;},max_entries=3
bloom_filter,value=u64,max_entries=100,map_extra=3
ringbuf,max_entries=$page
user_ringbuf,max_entries=$((page * 2))
stack_trace,value=80,max_entries=9
perf_event_array,max_entries=2
cgroup_array,max_entries=2
sockmap,max_entries=2
sockhash,key=5,max_entries=2
xskmap,max_entries=2
reuseport_sockarray,max_entries=2
cgroup_storage,value=u64
percpu_cgroup_storage,value=u64
sk_storage,value=u16
inode_storage,value=u32
task_storage,value=char[8]
END
    for type in cgrp_storage,value=u64 arena,max_entries=2; do # of newer kernels
        mkdir "$MNT/only-${type%%,*},type=$type" || true
    done 2>/dev/null
}

# Maps with the BTF that clang made, under their own names, and elements of random bytes.
zoo_compiled() {
    local map
    bpftool prog loadall "$BUILD/tests/types.bpf.o" "$ELSEWHERE/prog" pinmaps "$ELSEWHERE/maps"
    for map in a_locked k_{tuple,padded,nested,either,enum,wide,u128} lpm_v6 p_{flow,padded} \
        types_bss v_{big,bits,char8x2,flow,holder,locked,ptr,tree}; do
        mv "$ELSEWHERE/maps/$map" "$PINS/$map"
    done
    find "$ELSEWHERE/prog" "$ELSEWHERE/maps" -delete
    py <<'CODE'
import json, random
random.seed(5)
def words(size): return [str(random.randrange(256)) for _ in range(size)]
def locked(name): return name.endswith("_locked")     # their locks are the kernel's
for name in sorted(os.listdir(PINS)):
    if not name.startswith(("k_", "v_", "p_", "lpm_")):
        continue
    pin = f"{PINS}/{name}"
    info = json.loads(bpftool("show", "pinned", pin))
    for i in range(2):
        key = words(info["bytes_key"])
        value = ["0"] * info["bytes_value"] if locked(name) else words(info["bytes_value"])
        if name.startswith("lpm_"):
            key = [str(64 * i), "0", "0", "0"] + key[4:12] * i + ["0"] * (16 - 8 * i)
        bpftool("update", "pinned", pin, "key", *key, "value", *value)
CODE
}

# make_zoo: a map of every kind that can be listed, in $MNT. Some seconds. It needs
# -o values=text and no -o mkdir=.
make_zoo() {
    zoo_hashes
    zoo_names
    zoo_arrays
    zoo_prefixes
    zoo_links
    zoo_empty
    zoo_compiled
}

# A map in a directory below pindir, for a case of its own.
make_zoo_below() {
    mkdir "$PINS/below"
    mkdir "$MNT/below/deep,key=char[8],value=u32,max_entries=7"
    echo 1 >"$MNT/below/deep/one"
    mkdir "$MNT/below/empty,key=2,value=2,max_entries=7"
}

# As a user removes it all. A map that is frozen keeps its elements, and goes whole.
remove_zoo() {
    thaw_zoo
    rm -r -- "${MNT:?}"/*
    equal '' "$(find "$PINS" -mindepth 1)"
}

# Nothing can be written into a map that is frozen, so that one is taken away.
thaw_zoo() { [[ ! -d $MNT/frozen ]] || rmdir "$MNT/frozen"; }

# --- what bpftool says

# zoo_fingerprint OUT [MAP...]: those maps, or all below $PINS, in an order and without what no backup keeps: ids,
# memory, and that a map is frozen, which is in .info alone: whoever restores it freezes it again.
# What stands for a map is its name. What bpftool does not tell, map_extra and which of its types
# a map has, is asked of the kernel.
zoo_fingerprint() {
    py "$@" <<'CODE'
import json, re
libc = ctypes.CDLL(None, use_errno=True)

def bpf(command, layout, *fields):
    attr = ctypes.create_string_buffer(struct.pack(layout, *fields).ljust(128, b"\0"))
    got = libc.syscall({"x86_64": 321}.get(os.uname().machine, 280), command, attr, 128)
    assert got >= 0, os.strerror(ctypes.get_errno())
    return got

def kernel_info(pin):                        # map_extra, and the types of key and value
    name = ctypes.create_string_buffer(os.fsencode(pin))
    fd = bpf(7, "=Q", ctypes.addressof(name))
    info = ctypes.create_string_buffer(88)
    bpf(15, "=IIQ", fd, 88, ctypes.addressof(info))
    os.close(fd)
    return struct.unpack_from("=Q", info, 80)[0], *struct.unpack_from("=II", info, 68)

def told(*words):                            # bytes as bytes: "formatted" is no JSON at times
    run = subprocess.run(["bpftool", "-j", *words], check=True, capture_output=True)
    return json.loads(re.sub(rb',"formatted":.*?(?=\}(,\{"key":\["0x|\]$))', b"", run.stdout.strip(), flags=re.S))

# A type and all that it is made of. What pointers lead to is no part of an element: its name does.
def spelt(types, number, pointed=False):
    if not number:
        return "void"
    if pointed and types[number]["kind"] in ("STRUCT", "UNION", "FWD", "ENUM"):
        return f"what is called {types[number]['name']}"
    pointed = pointed or types[number]["kind"] == "PTR"
    whole = dict(types[number])
    del whole["id"]
    whole["members"] = [dict(m) for m in whole.get("members", whole.get("vars", whole.get("params", [])))]
    whole.pop("vars", 0)
    for part in [whole, *whole["members"]]:
        for field in ("type_id", "index_type_id", "ret_type_id"):
            if field in part:
                part[field] = spelt(types, part[field], pointed)
    return whole

def octets(words):
    return bytes(int(b, 0) for b in words) if isinstance(words, list) else words

def element(e, names):
    key = octets(e["key"]).hex()
    if "values" in e:
        return key, [(v["cpu"], octets(v["value"]).hex()) for v in e["values"]]
    value = octets(e["value"]) if "value" in e else e
    if names is not None and isinstance(value, bytes):
        value = names[int.from_bytes(value, sys.byteorder)]
    return key, value.hex() if isinstance(value, bytes) else value

# Elements of local storage belong to others, and bpftool cannot walk over them.
OWNED = ("sk_storage", "inode_storage", "task_storage", "cgrp_storage", 32)
pins = sorted(os.path.join(d, f) for d, _, files in os.walk(PINS) for f in files)
infos = {pin: told("map", "show", "pinned", pin) for pin in pins}
names = {info["id"]: os.path.relpath(pin, PINS) for pin, info in infos.items()}
with open(sys.argv[1], "w") as out:
    for pin in [f"{PINS}/{name}" for name in sys.argv[2:]] or pins:
        info, (extra, key, value) = infos[pin], kernel_info(pin)
        print("map", os.path.relpath(pin, PINS), file=out)
        for field in ("name", "type", "bytes_key", "bytes_value", "max_entries", "flags"):
            print("   ", field, info.get(field), file=out)
        print("    map_extra", extra, file=out)
        btf = told("btf", "dump", "id", str(info["btf_id"])) if "btf_id" in info else {"types": []}
        types = {t["id"]: t for t in btf["types"]}
        for what, number in ("key", key), ("value", value):
            print("    btf of", what, json.dumps(spelt(types, number), sort_keys=True), file=out)
        of_maps = names if str(info["type"]).endswith("_of_maps") else None
        elements = told("map", "dump", "pinned", pin) if info["bytes_key"] and info["type"] not in OWNED else []
        for line in sorted("    %s = %s" % element(e, of_maps) for e in elements if "key" in e):
            print(line, file=out)
CODE
    [[ -s $1 ]]
}

# --- there and back. The file of a tool says how it does it: two functions `backup` and `restore`,
# between $MNT and something below $TMP.

# alter_zoo: values changed, keys removed, links turned. Nothing that a restore would leave.
alter_zoo() {
    echo '{"packets":1,"note":"altered"}' >"$MNT/flows/10.0.0.1,443,6"
    rm "$MNT/flows/10.0.0.1,80,6" "$MNT/blocked/10.1.0.0_16" "$MNT/texts/%2Ehidden" "$MNT/wide/1"
    echo altered >"$MNT/texts/-5"
    echo -6 >"$MNT/signed/-5"
    echo 7 >"$MNT/blocked/10.0.0.0_8"
    echo '{"b":"new"}' >"$MNT/array/3"
    rm "$MNT/array/15"
    each_cpu 1 >"$MNT/cpus/1"
    rm "$MNT/counts/9" "$MNT"/many/*9 "$MNT/tails/3" "$MNT/ways/2" "$MNT/long/short"
    echo 256 >"$MNT/queues/0"
    ln -sfn ../inner-a "$MNT/outer/last"
    rm "$MNT/slots/0"
}

came_back() {
    zoo_fingerprint "$TMP/after"
    check_equal "$TMP/before" "$TMP/after"
}

# into_empty: all maps are removed, and come back.
into_empty() {
    zoo_fingerprint "$TMP/before"
    backup
    remove_zoo
    restore
    came_back
}

# over_existing: all maps are there, with other contents.
over_existing() {
    zoo_fingerprint "$TMP/before"
    backup
    alter_zoo
    thaw_zoo
    zoo_fingerprint "$TMP/altered"
    not cmp -s "$TMP/before" "$TMP/altered"
    restore
    came_back
}

# what_stays [AWAY...]: a restore adds, replaces what is there, and leaves what it does not know.
# AWAY: keys that are not there meanwhile.
what_stays() {
    local key
    mkdir "$MNT/m"
    echo 1 >"$MNT/m/1"
    echo 2 >"$MNT/m/2"
    backup
    echo 3 >"$MNT/m/3"
    echo 5 >"$MNT/m/2"
    for key; do rm "$MNT/m/$key"; done
    restore
    equal '1 2 3' "$(get m 1) $(get m 2) $(get m 3)"
}
