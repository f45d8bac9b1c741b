# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Texts printed and parsed, beside json-c: a table of its own.
# shellcheck source=tests/bench/lib.bash
. "${0%/*}/lib.bash"

"$BUILD/tests/bench_codec" "$SECTIONS/codec"
