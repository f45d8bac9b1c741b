#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# NFS: a mount that nfs-ganesha exports, as a client in user space (libnfs) sees it. The server looks
# at all mounts when it starts, and one test empties the kernel's caches:
# alone

load lib
load carry

# export_mount: ganesha on the mount. It must not keep what it once saw: neither attributes
# (a client reads as many bytes as it is told there are), nor the names in a directory, as one of them
# that is gone makes each later listing fail.
export_mount() {
    PORT=$(free_port)
    export PORT
    mkdir -p "$TMP/recovery"
    cat >"$TMP/ganesha.conf" <<END
NFS_CORE_PARAM {
    Protocols = 4; NFS_Port = $PORT; Bind_addr = 127.0.0.1;
    Enable_NLM = false; Enable_RQUOTA = false; Enable_UDP = false;
}
NFSV4 { Graceless = true; RecoveryRoot = $TMP/recovery; }
NFS_KRB5 { Active_krb5 = false; }
MDCACHE { Dir_Chunk = 0; }
EXPORT {
    Export_Id = 1; Path = $MNT; Pseudo = /maps; Filesystem_id = 6.6;
    Access_Type = RW; Squash = None; SecType = sys; Protocols = 4; Transports = TCP;
    Attr_Expiration_Time = 0;
    FSAL { Name = VFS; }
}
END
    serve_nfs
}

serve_nfs() {
    server ganesha.nfsd -F -f "$TMP/ganesha.conf" -L "$TMP/server.log" -p "$TMP/ganesha.pid"
}

# A client: libnfs from Python, in what reads and writes as the functions of os do.
# shellcheck disable=SC2016
PRELUDE+='
nfs = ctypes.CDLL("libnfs.so.13")
pointer = ctypes.c_void_p
for name in "nfs_init_context", "nfs_parse_url_dir", "nfs_readdir":
    getattr(nfs, name).restype = pointer
nfs.nfs_get_error.restype = ctypes.c_char_p
nfs.nfs_readdir.argtypes = [pointer, pointer]

class Url(ctypes.Structure):
    _fields_ = [("server", ctypes.c_char_p), ("path", ctypes.c_char_p)]

class Entry(ctypes.Structure):
    _fields_ = [("next", pointer), ("name", ctypes.c_char_p)]

class Client:
    def __init__(self, uid=0):
        port = os.environ["PORT"]
        address = f"nfs://127.0.0.1/maps?version=4&nfsport={port}&uid={uid}&gid={uid}"
        self.context = pointer(nfs.nfs_init_context())
        url = nfs.nfs_parse_url_dir(self.context, address.encode())
        url = ctypes.cast(url, ctypes.POINTER(Url)).contents
        nfs.nfs_set_timeout(self.context, 20000)
        self.call("mount", url.server, url.path)

    def call(self, name, *args):
        args = [a.encode() if isinstance(a, str) else a for a in args]
        done = getattr(nfs, "nfs_" + name)(self.context, *args)
        if done < 0:
            raise OSError(-done, nfs.nfs_get_error(self.context).decode(), str(args))
        return done

    def open(self, path, flags):
        handle = pointer()
        self.call("open", path, flags, ctypes.byref(handle))
        return handle

    def cat(self, path):
        handle, text = self.open(path, os.O_RDONLY), ctypes.create_string_buffer(1 << 16)
        size = self.call("read", handle, ctypes.c_uint64(len(text)), text)
        self.call("close", handle)
        return text.raw[:size].decode()

    def put(self, path, text, flags=TRUNC):
        handle = self.open(path, flags)
        try:
            self.call("write", handle, ctypes.c_uint64(len(text)), text)
        finally:
            self.call("close", handle)

    def new(self, path, text):
        self.put(path, text, os.O_WRONLY | os.O_CREAT)

    def ls(self, path):
        directory, names = pointer(), []
        self.call("opendir", path, ctypes.byref(directory))
        while entry := nfs.nfs_readdir(self.context, directory):
            names.append(ctypes.cast(entry, ctypes.POINTER(Entry)).contents.name.decode())
        self.call("closedir", directory)
        return sorted(names)

def same(want, got):
    assert want == got, f"want {want}, got {got}"

def gone(call, *args):
    try:
        call(*args)
    except OSError as e:
        assert e.errno in (errno.ENOENT, errno.ESTALE), e
    else:
        raise AssertionError(f"still there: {args}")
'

some_map() {
    mkdir "$MNT/m,key=u32,value=u64"
    echo 5 >"$MNT/m/1"
    echo 6 >"$MNT/m/2"
}

@test "NFS: keys are read, stored, made, renamed, removed" {
    start_daemon
    some_map
    export_mount
    py <<'CODE'
client = Client()
same(["m"], client.ls("/"))
same([".map", "1", "2"], client.ls("/m"))
same("5\n", client.cat("/m/1"))
client.put("/m/1", "1234567\n")
same("1234567\n", client.cat("/m/1"))
client.put("/m/1", "77\n")
client.new("/m/3", "3\n")
client.new("/m/4", "4\n")
client.call("rename", "/m/3", "/m/33")
client.call("unlink", "/m/2")
same([".map", "1", "33", "4"], client.ls("/m"))
refused(errno.EEXIST, client.put, "/m/4", "5\n", EXCL)
CODE
    equal 77 "$(get m 1)"
    equal none "$(get m 2)"
    equal none "$(get m 3)"
    equal 3 "$(get m 33)"
    equal 4 "$(get m 4)"
}

@test "NFS: what is refused is an error, with its reason in .error_log" {
    start_daemon
    some_map
    export_mount
    py <<'CODE'
client = Client()
refused(errno.EINVAL, client.put, "/m/1", "5x\n")
refused(errno.EINVAL, client.new, "/m/no-key", "5\n")
refused(errno.EINVAL, client.call, "mkdir", "/bad,type=nothing")
refused(errno.ENOENT, client.cat, "/m/9")
assert "5x\n     ^" in client.cat("/.error_log"), client.cat("/.error_log")
CODE
    equal 5 "$(get m 1)"
    equal '1 2' "$(names "$MNT/m")"
    equal m "$(names "$MNT")"
}

@test "NFS: maps are made, renamed, removed; a map comes back by its .map and its .dump" {
    start_daemon
    some_map
    export_mount
    py <<'CODE'
client = Client()
client.call("mkdir", "/made,type=lpm_trie,key=ipv4_prefix,value=u8")
client.new("/made/10.0.0.0_8", "1\n")
client.call("rename", "/made", "/other")
same([".map", "10.0.0.0_8"], client.ls("/other"))
client.call("unlink", "/other/10.0.0.0_8")
client.call("rmdir", "/other")
same(["m"], client.ls("/"))

spec, lines = client.cat("/m/.map"), client.cat("/m/.dump")
assert "key=u32" in spec, spec
same({'{"key":1,"value":5}', '{"key":2,"value":6}'}, set(lines.split()))
same("2\n", client.cat("/m/.count"))
client.call("mkdir", "/copy")
client.new("/copy/.map", spec)
client.put("/copy/.dump", lines, os.O_WRONLY)
same([".map", "1", "2"], client.ls("/copy"))
same(spec, client.cat("/copy/.map"))
CODE
    equal 6 "$(get copy 2)"
}

@test "NFS: what others change is seen at once, and after the kernel has dropped its caches" {
    start_daemon
    some_map
    export_mount
    py <<'CODE'
client = Client()
same("5\n", client.cat("/m/1"))
put("m", 1, 123456789)
same("123456789\n", client.cat("/m/1"))
same([".map", "1", "2"], client.ls("/m"))
drop("m", 2)
put("m", 3, 33)
same([".map", "1", "3"], client.ls("/m"))
same("33\n", client.cat("/m/3"))
gone(client.cat, "/m/2")
drop("m", 3)
gone(client.cat, "/m/3")
put("m", 3, 34)
same("34\n", client.cat("/m/3"))

os.mkdir(path("late,key=u8,value=u8"))
same(["late", "m"], client.ls("/"))
os.rmdir(path("late"))
gone(client.ls, "/late")
same(["m"], client.ls("/"))

with open("/proc/sys/vm/drop_caches", "w") as f:
    f.write("2")
same("123456789\n", client.cat("/m/1"))
same([".map", "1", "3"], client.ls("/m"))
CODE
}

@test "NFS: users of the client may do what the pin lets them" {
    start_daemon -o allow_other
    some_map
    chmod 750 "$MNT/m"
    export_mount
    py <<'CODE'
nobody = Client(65534)
refused(errno.EACCES, nobody.cat, "/m/1")
refused(errno.EACCES, nobody.put, "/m/1", "6\n")
refused(errno.EACCES, nobody.call, "mkdir", "/theirs")
os.chown(path("m"), 0, 65534)
same("5\n", nobody.cat("/m/1"))
refused(errno.EACCES, nobody.put, "/m/1", "6\n")
os.chmod(path("m"), 0o770)
nobody.put("/m/1", "6\n")
same("6\n", Client().cat("/m/1")) # the nobody of before has lost his lease
CODE
}

@test "NFS: a server that starts anew, and one on a daemon that does" {
    start_daemon
    some_map
    export_mount
    refused - umount "$MNT" # busy
    stop_helpers
    serve_nfs
    py <<<'same("5\n", Client().cat("/m/1"))'
    kill_daemon
    py <<<'refused(None, lambda: Client().cat("/m/1"))'
    stop_helpers
    start_daemon
    eventually test -e "$MNT/m" # until then the dead mount is there
    serve_nfs
    py <<<'same("5\n", Client().cat("/m/1"))'
    stop_helpers
    umount "$MNT"
}
