/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/leafstack.h"

#include <errno.h>
#include <inttypes.h>

#include "lib/leafnum.h"

static int parse_stack(FORMAT_PARSE_ARGS)
{
	(void)bytes;
	return diag_at(t->diag, EINVAL, t->pos, "a stack trace is taken by a program, not written");
}

static void print_frames(FORMAT_PRINT_ARGS)
{
	for (uint32_t at = 0; at + 8 <= l->size && leaf_load(bytes + at, 8); at += 8)
		buf_addf(out, "%s0x%016" PRIx64, at ? "\n" : "", leaf_load(bytes + at, 8));
}

static size_t max_frames(FORMAT_MAX_ARGS)
{
	return format_mul(l->size, 32);
}

const struct spelling leaf_frames = {print_frames, parse_stack, max_frames, NULL};
const struct spelling leaf_build_ids = {print_frames, parse_stack, max_frames, NULL};
