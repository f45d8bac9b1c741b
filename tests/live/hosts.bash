# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# Hosts of the test's own: network namespaces, each with an sshd and a mount. They share a kernel, so
# each has a pindir of its own. The one who asks is in a namespace too, the hub, to which their links
# lead, so several tests may use the same addresses. `load lib` goes before.
#
#     hosts 3                          # names host1 … host3; mounts ${HOST_MNT[i]}, pins ${HOST_PINS[i]}
#     in_hub ssh -F "$SSH_CONFIG" host1 ls "${HOST_MNT[1]}"
#     cut_off 2; bring_back 2

HUB=bpfmapfs-test-$$-hub
HOST_PORT=2022
declare -gA HOST_MNT HOST_PINS

host_netns() { echo "bpfmapfs-test-$$-host$1"; }
host_address() { echo "198.18.0.$1"; }

# By nsenter and not by ip, which makes a mount namespace with copies of all mounts.
in_hub() { nsenter "--net=/run/netns/$HUB" "$@"; }
in_host() { nsenter "--net=/run/netns/$(host_netns "$1")" "${@:2}"; }

# hosts N
hosts() {
    local i
    make_hub
    for ((i = 1; i <= $1; i++)); do
        make_host "$i"
        serve_maps "$i"
    done
}

# What all hosts share: the link that they are on, and the key of who asks.
make_hub() {
    ip netns add "$HUB"
    ip -n "$HUB" link add hub type bridge
    ip -n "$HUB" address add 198.18.0.254/24 dev hub
    ip -n "$HUB" link set hub up
    ip -n "$HUB" link set lo up
    SSH_CONFIG=$TMP/ssh.conf
    ssh-keygen -q -t ed25519 -N '' -f "$TMP/key"
    mkdir -p /run/sshd # where Debian's sshd goes to be confined
    printf '%s\n' 'Host *' "IdentityFile $TMP/key" 'IdentitiesOnly yes' 'BatchMode yes' 'User root' \
        'StrictHostKeyChecking yes' "UserKnownHostsFile $TMP/known_hosts" "Port $HOST_PORT" >"$SSH_CONFIG"
}

# make_host I: its link and its sshd.
make_host() {
    local netns
    netns=$(host_netns "$1")
    mkdir "$TMP/host$1"
    ip netns add "$netns"
    ip -n "$HUB" link add "to$1" type veth peer name eth0 netns "$netns"
    ip -n "$HUB" link set "to$1" master hub up
    ip -n "$netns" address add "$(host_address "$1")/24" dev eth0
    ip -n "$netns" link set eth0 up
    ip -n "$netns" link set lo up
    ssh-keygen -q -t ed25519 -N '' -f "$TMP/host$1/key"
    echo "host$1,[$(host_address "$1")]:$HOST_PORT $(<"$TMP/host$1/key.pub")" >>"$TMP/known_hosts"
    printf '%s\n' "Host host$1" "HostName $(host_address "$1")" "HostKeyAlias host$1" >>"$SSH_CONFIG"
    printf '%s\n' "Port $HOST_PORT" "HostKey $TMP/host$1/key" "AuthorizedKeysFile $TMP/key.pub" \
        "PidFile $TMP/host$1/pid" 'StrictModes no' 'UsePAM no' 'UseDNS no' 'PermitRootLogin yes' \
        'PrintMotd no' 'PrintLastLog no' 'Subsystem sftp /usr/lib/openssh/sftp-server' >"$TMP/host$1/sshd.conf"
    start_sshd "$1"
}

start_sshd() { # I
    rm -f "$TMP/host$1/pid"
    in_host "$1" "$(command -v sshd)" -f "$TMP/host$1/sshd.conf" -E "$TMP/host$1/sshd.log" 3>&-
    eventually test -s "$TMP/host$1/pid" # it listens
}

# stop_sshd I: and all that it serves, as when a host is restarted.
stop_sshd() { processes_of "$1" | xargs -r kill -9; }

processes_of() { ip netns pids "$(host_netns "$1")"; } # I
sftp_servers() { processes_of "$1" | xargs -r ps -o pid=,comm= -p | awk '$2 == "sftp-server" { print $1 }'; }
pause_sftp() { sftp_servers "$1" | xargs -r kill -STOP; } # I

cut_off() { ip -n "$HUB" link set "to$1" down; }   # I
bring_back() { ip -n "$HUB" link set "to$1" up; } # I

# serve_maps I
serve_maps() {
    HOST_MNT[$1]=$TMP/host$1/maps HOST_PINS[$1]=$PINS/host$1
    mkdir -p "${HOST_MNT[$1]}" "${HOST_PINS[$1]}"
    MOUNTS+=("${HOST_MNT[$1]}")
    on_host "$1" start_daemon
}

# on_host I COMMAND...: with its mount as $MNT and its pins as $PINS.
on_host() { MNT=${HOST_MNT[$1]} PINS=${HOST_PINS[$1]} "${@:2}"; }

eval "no_hosts_$(declare -f teardown)"
teardown() {
    local i netns
    stop_helpers
    for i in "${!HOST_MNT[@]}"; do
        stop_sshd "$i"
    done
    for netns in "/run/netns/bpfmapfs-test-$$-"*; do
        [[ ! -e $netns ]] || { ip netns pids "${netns##*/}" | xargs -r kill -9 && ip netns del "${netns##*/}"; }
    done
    no_hosts_teardown
}
