#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Twenty processes do everything at once, each knows what each of its keys must be (tests/soak).
# MIXED_S is how long: 5 seconds, with the thread sanitizer 15, with LONG=1 60. make soak does it for
# as long as one wants. From a minute on the daemon's memory is judged, too.

load lib

seconds() {
    [[ -z ${SANITIZE:-} ]] || echo 15
    [[ -z ${LONG:-} ]] || echo 60
    echo 5
}

@test "a mixed load: every answer is right, and in the end the kernel has what it must" {
    local status=0
    SCOPE=all start_daemon
    "$BUILD/tests/mixed" "$MNT" "$PINS" "${DAEMONS[$MNT]}" "${MIXED_S:-$(seconds | sort -n | tail -n 1)}" \
        "${SOAK_SEED:-}" 3>&- || status=$?
    # Thousands of refusals that had to be: the last ones are enough.
    tail -n 30 "$TMP/daemon.log" >"$TMP/last"
    grep -E "$NOISE" "$TMP/daemon.log" >>"$TMP/last" || true
    cat "$TMP/last" >"$TMP/daemon.log"
    return "$status"
}
