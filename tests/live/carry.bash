# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# Servers that carry a mount to others: each on a free port of the loopback interface, ended by
# teardown. `load carry` after `load lib`.

# A port that nobody listens on.
free_port() {
    "$PYTHON" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

listening() { [[ -n $(ss -Hltn "sport = :$PORT") ]]; }
listening_or_dead() { listening || ! kill -0 "$SERVER"; }

# server COMMAND...: which listens on $PORT once this returns. What it says is in $TMP/server.log.
server() {
    "$@" >>"$TMP/server.log" 2>&1 </dev/null 3>&- &
    SERVER=$!
    HELPERS+=("$SERVER")
    eventually listening_or_dead
    listening || {
        tail -n 20 "$TMP/server.log"
        return 1
    }
}
