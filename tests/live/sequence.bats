#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Random steps on a mount, each compared with a model of it; and what they have found before.

load lib

# sequence SEED STEPS: as a failure tells how to repeat it.
sequence() { timeout 300 "$BUILD/tests/sequence" "$MNT" "$1" "$2"; }

# steps <<'STEPS': these, in this order.
steps() { timeout 60 "$BUILD/tests/sequence" "$MNT" --replay -; }

@test "random steps do what the model says: seeds that are always the same" {
    start_daemon
    for seed in 1 2 3 4; do sequence "$seed" 500; done
}

@test "random steps do what the model says: seeds that nobody has chosen, for minutes" {
    [[ ${LONG-} ]] || skip "LONG=1: what they find is no fault of the change that is checked"
    start_daemon
    end=$((SECONDS + 240))
    while ((SECONDS < end)); do
        seed=$((RANDOM << 15 | RANDOM))
        echo "seed $seed"
        sequence "$seed" 800
    done
}

@test "a map is seen to be frozen by the next request" {
    start_daemon
    steps <<'STEPS'
make m0 hash
stat m0/1
freeze m0 1
access m0 0640
open 1 m0/3 RDONLY|CREAT 0600
STEPS
}

@test "a key that is made anew has its own size, whoever still reads the old one" {
    start_daemon
    steps <<'STEPS'
make m0 hash
open 1 m0/0 WRONLY|CREAT|EXCL 0666
write 1 "42\n"
open 5 m0/0 RDONLY 0666
unlink m0/0
outside-put m0/0 "99999"
stat m0/0
fstat 5
pread 5 100 0
STEPS
    steps <<'STEPS'
make m0 hash
outside-put m0/0 "7"
open 2 m0/0 WRONLY|CREAT 0640
unlink m0/0
open 1 m0/0 WRONLY|CREAT 0666
fstat 1
close 1
stat m0/0
STEPS
}

@test "a file whose key was gone when it was read again serves no text, nor the size of one" {
    start_daemon
    steps <<'STEPS'
make m6 array
open 1 m6/0 RDONLY 0600
read 1 100
load m6 "{\"key\":0,\"value\":null}\n"
pread 1 100 0
load m6 "{\"key\":0,\"value\":636}\n"
stat m6/0
pread 1 100 1
stat m6/0
pread 1 100 0
fstat 1
STEPS
}

@test "the size is that of the value, whoever has opened the key before it was stored" {
    start_daemon
    steps <<'STEPS'
make m0 hash
open 3 m0/1 WRONLY|CREAT 0644
open 2 m0/1 RDWR 0640
stat m0/1
pwrite 3 0 "123\n"
fstat 2
stat m0/1
pread 2 100 0
STEPS
    steps <<'STEPS'
make m0 percpu
open 1 m0/1 RDONLY|CREAT|EXCL 0640
open 2 m0/1 RDWR 0600
close 1
stat m0/1
fstat 2
STEPS
}

@test "a descriptor has attributes for as long as it is open" {
    start_daemon
    steps <<'STEPS'
make m4 small
open 2 m4/0 WRONLY|CREAT|TRUNC 0644
write 2 "12\n"
rename m4/0x0 m4/.x -
fstat 2
unlink m4/.x
fstat 2
close 2
STEPS
}
