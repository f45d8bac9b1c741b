#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# scripts/bpfmapfs.service, run by a systemd that is process 1 of namespaces of its own, in cgroups
# of its own: the unit leaves the daemon all that it needs.
# alone

load lib

SYSTEMD=/lib/systemd/systemd

hierarchies() { findmnt -nro TARGET -t cgroup,cgroup2; }

# What the namespaces begin with. Below $TMP/cgroups are ours, one for each hierarchy.
first_process() {
    local dir own
    while read -r dir own; do mount --bind "$own" "$dir"; done <"$TMP/cgroups"
    mount -t tmpfs tmpfs /run
    mkdir /run/systemd
    export container=bpfmapfs-test SYSTEMD_UNIT_PATH=$TMP/units SYSTEMD_LOG_TARGET=console
    exec "$SYSTEMD" --system --unit=start.target --show-status=no
}

enter_cgroups() {
    local dir own
    : >"$TMP/cgroups"
    while read -r dir; do
        own=$dir/bpfmapfs-test-$$
        mkdir "$own" || continue
        if echo "$BASHPID" >"$own/cgroup.procs" 2>/dev/null; then
            echo "$dir $own" >>"$TMP/cgroups"
        else
            rmdir "$own" # a cpuset without processors
        fi
    done < <(hierarchies)
}

# The unit as it is shipped, but for where the daemon is, and a drop-in as a user writes it.
write_units() {
    local name
    mkdir -p "$TMP/units/bpfmapfs.service.d"
    sed "s#^ExecStart=bpfmapfs#ExecStart=$BPFMAPFS#" scripts/bpfmapfs.service \
        >"$TMP/units/bpfmapfs.service"
    printf '[Service]\nEnvironment=BPFMAPFS_MOUNT=%s BPFMAPFS_OPTIONS=scope=pinned,pindir=%s\n' \
        "$MNT" "$PINS" >"$TMP/units/bpfmapfs.service.d/here.conf"
    for name in start sysinit basic local-fs network-pre shutdown multi-user umount; do
        printf '[Unit]\nDefaultDependencies=no\n' >"$TMP/units/$name.target"
    done
    for name in local-fs sysinit basic; do # as systemd's own
        printf 'Conflicts=shutdown.target\nBefore=shutdown.target\n' >>"$TMP/units/$name.target"
    done
    printf 'Wants=bpfmapfs.service\nAfter=local-fs.target\n' >>"$TMP/units/sysinit.target"
    printf 'Wants=sysinit.target local-fs.target\nAfter=sysinit.target local-fs.target\n' >>"$TMP/units/basic.target"
}

start_systemd() {
    write_units
    export TMP SYSTEMD
    export -f first_process
    (
        enter_cgroups
        exec unshare --pid --mount --uts --ipc --cgroup --fork --mount-proc --kill-child \
            bash -c first_process </dev/null >"$TMP/systemd.log" 2>&1 3>&-
    ) &
    HELPERS+=($!)
    UNSHARE=${HELPERS[-1]}
    eventually find_init
    eventually inside systemctl is-system-running
}

# The child that is process 1 of its own namespace.
find_init() {
    local pid
    for pid in $(pgrep -P "$UNSHARE"); do
        [[ $(awk '/^NSpid/ { print NF, $NF }' "/proc/$pid/status") == '3 1' ]] || continue
        INIT=$pid
        return 0
    done
    return 1
}

inside() { nsenter -t "$INIT" -m -p -i -u -- timeout 20 "$@"; }
systemctl_is() { equal "$1" "$(inside systemctl show bpfmapfs -p "$2" --value)" "$2"; }
in_sight() { inside mountpoint -q "$MNT"; }

eval "lib_$(declare -f teardown)"
teardown() {
    local own
    [[ ! ${UNSHARE-} ]] || kill -KILL "$UNSHARE" 2>/dev/null || true # and its child with it
    stop_helpers
    [[ ! -f $TMP/cgroups ]] || while read -r _ own; do
        eventually eval "find '$own' -depth -type d -exec rmdir {} + ; test ! -d '$own'"
    done <"$TMP/cgroups"
    lib_teardown
}

@test "the unit is sound" {
    write_units
    SYSTEMD_UNIT_PATH=$TMP/units: systemd-analyze verify --man=no "$TMP/units/bpfmapfs.service" 2>"$TMP/said"
    equal '' "$(<"$TMP/said")"
}

@test "under systemd: mounted for all, used, killed and started again, stopped" {
    [[ ! $SANITIZE ]] || skip "sanitizers want more than the unit leaves"
    start_systemd
    inside systemctl start bpfmapfs
    systemctl_is active ActiveState
    in_sight
    inside bash -ec 'cd "$1"; mkdir m "devices,type=devmap" "ring,type=ringbuf,max_entries=4096"
        echo 5 >m/1; echo "{\"key\":2,\"value\":6}" >m/.dump; chown 1000 m; chmod 750 m
        ls -lR . ; cat m/.info; cat m/.dump; grep -r . m' bash "$MNT" >"$TMP/used"
    grep -qx 'm/1:5' "$TMP/used"
    grep -q '^process:' "$TMP/used" || grep -q '^pin:' "$TMP/used"
    equal '5 6' "$(get m 1) $(get m 2)"
    equal 1000 "$(stat -c %u "$PINS/m")"
    inside bash -c 'kill -KILL "$(systemctl show bpfmapfs -p MainPID --value)"'
    eventually systemctl_is 1 NRestarts
    eventually systemctl_is active ActiveState
    equal 5 "$(inside cat "$MNT/m/1")"
    inside systemctl stop bpfmapfs
    systemctl_is inactive ActiveState
    systemctl_is success Result
    not in_sight
}

# A service as others are, which needs the mount when it is started and stopped.
write_user() {
    printf '[Service]\nType=oneshot\nRemainAfterExit=yes\nWorkingDirectory=%s\n' "$MNT" >"$TMP/units/user.service"
    cat >>"$TMP/units/user.service" <<END
ExecStart=sh -c 'mkdir m && echo 5 >m/1'
ExecStop=sh -c 'echo 9 >$MNT/m/9'
END
}

@test "at boot before what uses it, at shutdown after it, and unmounted" {
    [[ ! $SANITIZE ]] || skip "sanitizers want more than the unit leaves"
    start_systemd
    write_user
    inside systemctl daemon-reload
    inside systemctl start user # which brings sysinit.target, and that the mount
    equal 5 "$(get m 1)"
    systemctl_is active ActiveState
    inside systemctl start shutdown.target umount.target
    eventually systemctl_is inactive ActiveState
    systemctl_is success Result
    not in_sight
    equal 9 "$(get m 9)"
}

@test "a shell stands in it: stopped all the same, killed and started again all the same" {
    [[ ! $SANITIZE ]] || skip "sanitizers want more than the unit leaves"
    start_systemd
    inside systemctl start bpfmapfs
    nsenter -t "$INIT" -m -p -i -u -- sh -c "cd '$MNT' && exec sleep 60" </dev/null >/dev/null 2>&1 3>&- &
    HELPERS+=($!)
    eventually inside sh -c "ls -l /proc/[0-9]*/cwd | grep -q '$MNT'"
    inside bash -c 'kill -KILL "$(systemctl show bpfmapfs -p MainPID --value)"'
    eventually systemctl_is 1 NRestarts
    eventually systemctl_is active ActiveState
    inside mkdir "$MNT/m"
    nsenter -t "$INIT" -m -p -i -u -- sh -c "cd '$MNT/m' && exec sleep 60" </dev/null >/dev/null 2>&1 3>&- &
    HELPERS+=($!)
    eventually inside sh -c "ls -l /proc/[0-9]*/cwd | grep -q '$MNT/m'"
    inside systemctl stop bpfmapfs
    systemctl_is success Result
    not in_sight
}

@test "mount point and options are those of the file of defaults" {
    [[ ! $SANITIZE ]] || skip "sanitizers want more than the unit leaves"
    start_systemd
    printf 'BPFMAPFS_MOUNT=%s\nBPFMAPFS_OPTIONS=scope=pinned,ro,pindir=%s\n' "$TMP/else where" "$PINS" >"$TMP/default"
    sed -i "s#^EnvironmentFile=.*#EnvironmentFile=-$TMP/default#" "$TMP/units/bpfmapfs.service"
    inside systemctl daemon-reload
    inside systemctl start bpfmapfs
    inside findmnt -n -o OPTIONS "$TMP/else where" | grep -q ^ro
    inside systemctl stop bpfmapfs
    not inside mountpoint -q "$TMP/else where"
}

@test "by a line of fstab with x-systemd.automount: mounted when somebody looks" {
    local unit
    [[ ! $SANITIZE ]] || skip "sanitizers want more than the unit leaves"
    [[ -e /dev/autofs ]] || skip "no autofs in this kernel"
    start_systemd
    unit=$(systemd-escape -p "$MNT")
    printf '[Mount]\nWhat=bpfmapfs\nWhere=%s\nType=fuse.bpfmapfs\nOptions=defaults,pindir=%s,scope=pinned,x-systemd.automount\n' \
        "$MNT" "$PINS" >"$TMP/units/$unit.mount"
    printf '[Automount]\nWhere=%s\n' "$MNT" >"$TMP/units/$unit.automount"
    inside mount -t tmpfs tmpfs /usr/local/sbin
    inside cp "$BPFMAPFS" /usr/local/sbin/bpfmapfs
    inside systemctl daemon-reload
    inside systemctl start "$unit.automount"
    equal autofs "$(inside findmnt -n -o FSTYPE "$MNT")"
    inside mkdir "$MNT/m"
    inside sh -c "echo 5 >$MNT/m/1"
    equal 5 "$(get m 1)"
    inside systemctl stop "$unit.automount" "$unit.mount"
    not in_sight
}
