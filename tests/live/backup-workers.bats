#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# What several workers of one restore make at a time (restic, xargs -P): .map comes while others
# make files, links and staging files in the same map, and none of them may meet both maps, or neither
# (contract, section 8).

load lib

ROUNDS=${LONG:+300}
ROUNDS=${ROUNDS:-25}

# make_at_once KIND: in each round two make 20 things each, and a third writes .map a little later.
make_at_once() {
    mkdir "$MNT/inner"
    python3 - "$MNT" "$1" "$ROUNDS" <<'CODE'
import os, sys, threading, time

mount, kind, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
SPECS = {
    "keys": "type=hash\nkey=char[8]\nvalue=u32\nmax_entries=100\n",
    "slots": "type=array\nkey=u32\nvalue=u32\nmax_entries=100\n",
    "staged": "type=hash\nkey=char[8]\nvalue=u32\nmax_entries=100\n",
    "links": "type=hash_of_maps\nkey=u32\nvalue=4\nmax_entries=100\n"
             "inner_type=hash\ninner_key=u32\ninner_value=u64\ninner_max_entries=1024\n",
}

def write_new(path, text):
    fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    os.write(fd, text.encode())
    os.close(fd)

def make(directory, number):
    if kind == "links":
        os.symlink("../inner", f"{directory}/{number}")
    elif kind == "staged":
        write_new(f"{directory}/.{number}.AbCdEf", f"{number}\n")
        os.rename(f"{directory}/.{number}.AbCdEf", f"{directory}/{number}")
    else:
        write_new(f"{directory}/{number}", f"{number}\n")

failed = False
for round in range(rounds):
    directory, errors = f"{mount}/m{round}", []
    os.mkdir(directory)

    def guarded(work):
        try:
            work()
        except OSError as error:
            errors.append(str(error))

    def many(numbers):
        for number in numbers:
            guarded(lambda: make(directory, number))

    def map_file():
        time.sleep(round % 12 / 2000)
        guarded(lambda: write_new(f"{directory}/.map", SPECS[kind]))

    threads = [threading.Thread(target=many, args=(range(20),)),
               threading.Thread(target=many, args=(range(20, 40),)),
               threading.Thread(target=map_file)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(40):
        path = f"{directory}/{number}"
        def check():
            if kind == "links":
                assert os.path.samefile(path, f"{mount}/inner")
            elif open(path).read() != f"{number}\n":
                errors.append(f"{number} reads {open(path).read()!r}")
        guarded(check)
    if sorted(os.listdir(directory), key=lambda n: (n != ".map", n.zfill(4)))[:1] != [".map"]:
        errors.append("no .map")
    if errors:
        failed = True
        print(round, *errors[:5], sep="\n    ")
sys.exit(failed)
CODE
}

@test "keys, and .map meanwhile" {
    start_daemon
    make_at_once keys
    equal 40 "$(bpftool -j map dump pinned "$PINS/m7" | grep -o '"key":\[' | wc -l)"
}

@test "slots of arrays, and .map meanwhile" {
    start_daemon
    make_at_once slots
}

@test "files that are renamed onto keys, and .map meanwhile" {
    start_daemon
    make_at_once staged
}

@test "links, and .map meanwhile" {
    start_daemon
    make_at_once links
}
