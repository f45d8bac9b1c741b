#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# bpfmapfs-fleet: the maps of three hosts side by side; each is a network namespace with an sshd of
# its own. The bounds are for what must not hang, not for how fast it is.

load lib
load hosts

FLEET_SCRIPT=$BATS_TEST_DIRNAME/../../scripts/bpfmapfs-fleet

# fleet [OPTION...]: of all hosts, or of those that an option names.
fleet() {
    local i words=()
    if [[ ! ${FLEET-} ]]; then
        FLEET=$(mktemp -d -t bpfmapfs-test.XXXXXX)
        MOUNTS+=("$FLEET")
    fi
    (($#)) || for i in "${!HOST_MNT[@]}"; do words+=("host$i:${HOST_MNT[$i]}"); done
    nsenter "--net=/run/netns/$HUB" env --default-signal=INT "$FLEET_SCRIPT" -i 2 -F "$SSH_CONFIG" "$@" \
        "$FLEET" "${words[@]}" </dev/null >>"$TMP/fleet.log" 2>&1 3>&- &
    HELPERS+=($!)
    KEEPER=$!
}

status_is() { equal "$1" "$("$FLEET_SCRIPT" -s "$FLEET" | sort | paste -sd' ')"; }
all_up() { status_is 'host1 up host2 up host3 up'; }
soon() { timeout -k 5 30 "$@"; }
fleet_gone() { ! grep " ${FLEET}[ /]" /proc/self/mounts && ! pgrep -f "$FLEET"; }

eval "hosts_$(declare -f teardown)"
teardown() {
    stop_helpers
    [[ ! ${FLEET-} ]] || awk -v dir="$FLEET" 'index($2, dir "/") == 1 || $2 == dir { print $2 }' \
        /proc/self/mounts | sort -r | xargs -r -n 1 umount -l
    hosts_teardown
}

three_hosts() {
    local i
    hosts 3
    for i in 1 2 3; do
        mkdir "${HOST_MNT[$i]}/shared" "${HOST_MNT[$i]}/only$i"
        echo $((i * 10)) >"${HOST_MNT[$i]}/shared/$i"
        echo 5 >"${HOST_MNT[$i]}/shared/9"
    done
}

@test "HOST/MAP/KEY: read, written, compared and packed across hosts; nothing is left" {
    three_hosts
    fleet
    eventually all_up
    equal 'host1 host2 host3' "$(names "$FLEET")"
    equal 'only2 shared' "$(names "$FLEET/host2")"
    equal "$(printf 'host%d/shared/9:5\n' 1 2 3)" "$(cd "$FLEET" && grep -r '^5$' --include=9 . | sed 's,^./,,' | sort)"
    echo 77 >"$FLEET/host2/shared/8"
    equal 77 "$(<"${HOST_MNT[2]}/shared/8")"
    equal 77 "$(on_host 2 get shared 8)"
    on_host 2 put shared 8 78
    equal 78 "$(<"$FLEET/host2/shared/8")"
    refused - store "$FLEET/host1/shared/1" 5x
    equal 10 "$(<"${HOST_MNT[1]}/shared/1")"
    diff -r "$FLEET/host1/shared" "$FLEET/host3/shared" >"$TMP/diff" && false
    grep "^Only in $FLEET/host3/shared: 3" "$TMP/diff"
    tar -C "$FLEET" -cf "$TMP/all.tar" .
    equal 10 "$(tar -tf "$TMP/all.tar" | grep -c '/shared/[0-9]\|/only')"
    mkdir "$FLEET/host4" 2>/dev/null && false
    "$FLEET_SCRIPT" -u "$FLEET"
    eventually fleet_gone
    equal '' "$(ls -A "$FLEET")"
    equal 30 "$(<"${HOST_MNT[3]}/shared/3")"
}

@test "a host that is cut off blocks nobody, and comes back by itself" {
    three_hosts
    fleet
    eventually all_up
    rsync -a --delete "$FLEET/" "$TMP/backup"
    cut_off 2
    # Asked while nobody knows yet that it is gone.
    soon ls -l "$FLEET"/* >"$TMP/listed" 2>&1 || [[ $? != 124 ]]
    grep -q only3 "$TMP/listed"
    soon grep -r . "$FLEET" >"$TMP/found" 2>/dev/null || [[ $? != 124 ]]
    grep -q "host3/shared/3:30" "$TMP/found"
    eventually status_is 'host1 up host2 down host3 up'
    refused ENOTCONN soon ls "$FLEET/host2"
    refused ENOTCONN soon tar -C "$FLEET" -cf "$TMP/two.tar" .
    equal 6 "$(tar -tf "$TMP/two.tar" | grep -c '/shared/[0-9]\|/only')"
    refused ENOTCONN soon rsync -a --delete "$FLEET/" "$TMP/backup" # and keeps what it has of it
    equal 20 "$(<"$TMP/backup/host2/shared/2")"
    equal 10 "$(soon cat "$FLEET/host1/shared/1")"
    refused - soon store "$FLEET/host2/shared/1" 5
    bring_back 2
    eventually all_up
    equal 20 "$(soon cat "$FLEET/host2/shared/2")"
}

@test "an sshd that ends, a server that stops, a daemon that is started anew" {
    three_hosts
    fleet
    eventually all_up
    eventually grep -q 'host3: is there' "$TMP/fleet.log"
    stop_sshd 1
    pause_sftp 3
    eventually grep -q 'host3: not there: it does not answer' "$TMP/fleet.log" # and has a new server then
    eventually status_is 'host1 down host2 up host3 up'
    equal 20 "$(soon cat "$FLEET/host2/shared/2")"
    start_sshd 1
    eventually status_is 'host1 up host2 up host3 up'
    on_host 2 kill_daemon
    eventually grep -q 'host2: not there: it does not answer' "$TMP/fleet.log"
    umount "${HOST_MNT[2]}"
    eventually grep -q 'host2: not there: no bpfmapfs is mounted' "$TMP/fleet.log"
    on_host 2 start_daemon
    eventually all_up
    equal 20 "$(soon cat "$FLEET/host2/shared/2")"
}

@test "a fleet that was killed is cleared by the next; one at a time" {
    three_hosts
    fleet
    eventually all_up
    refused - in_hub "$FLEET_SCRIPT" "$FLEET" host1
    pkill -KILL -f -- "$FLEET " # the fleet, its keepers
    eventually not pgrep -f -- "$FLEET "
    fleet
    eventually all_up
    kill -INT "$KEEPER"
    eventually fleet_gone
}

@test "what is no host, or none twice, is refused; a host without maps is told of" {
    hosts 1
    FLEET=$TMP/fleet
    mkdir "$FLEET"
    refused - soon "$FLEET_SCRIPT" "$FLEET"
    refused - soon "$FLEET_SCRIPT" "$FLEET" -oProxyCommand=x
    refused - soon "$FLEET_SCRIPT" "$FLEET" one one
    refused - soon "$FLEET_SCRIPT" "$FLEET" ../one=host
    refused - soon "$FLEET_SCRIPT" -i 0 "$FLEET" one
    refused - soon "$FLEET_SCRIPT" -s "$FLEET"
    refused - soon "$FLEET_SCRIPT" -u "$FLEET"
    refused - soon "$FLEET_SCRIPT" "$TMP/none" one
    equal '' "$(ls -A "$FLEET")"
    rmdir "$FLEET"
    unset FLEET
    printf '# hosts\n\nother name=host1:%s\nempty=host1:/proc\n' "${HOST_MNT[1]}" >"$TMP/list"
    fleet -f "$TMP/list"
    eventually status_is 'empty down other name up'
    eventually grep -q '^bpfmapfs-fleet: empty: not there: no bpfmapfs is mounted at /proc$' "$TMP/fleet.log"
}
