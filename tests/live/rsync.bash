# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# What the tests of rsync have in common.

backup() { silent rsync -a "$MNT/" "$TMP/copy"; }
restore() { silent rsync -a "$TMP/copy/" "$MNT"; }

# ways OPTIONS...: all maps go to a disk and come back, by each of the options.
ways() {
    zoo_fingerprint "$TMP/before"
    for options; do
        echo "rsync $options"
        read -ra options <<<"$options"
        rm -rf "$TMP/copy"
        silent rsync "${options[@]}" "$MNT/" "$TMP/copy"
        remove_zoo
        silent rsync "${options[@]}" "$TMP/copy/" "$MNT"
        came_back
    done
}
