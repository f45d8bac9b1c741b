# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Maps to a repository of restic's and back, for backup.bash. `load restic` after that.

# Below $TMP; packs are as small as restic allows, so that there are several.
repository() {
    export RESTIC_REPOSITORY=$TMP/repository RESTIC_PASSWORD=secret RESTIC_CACHE_DIR=$TMP/cache
    export RESTIC_PACK_SIZE=4
    [[ -d $RESTIC_REPOSITORY ]] || quiet restic init
}

# Absolute names, as in the backup of a whole machine.
backup() {
    repository
    quiet restic backup "$@" "$MNT"
}
restore() { quiet restic restore latest --target / "$@"; }

# links_removed: restic 0.14 says of any filesystem that a symbolic link is there already.
links_removed() { find "$MNT" -type l -delete; }
