/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/elemstack.h"

static struct layout *trace(const struct bpf_map_info *info)
{
	return layout_plain(info->map_flags & BPF_F_STACK_BUILD_ID ? LAYOUT_BUILD_IDS
								   : LAYOUT_FRAMES,
			    info->value_size);
}

const struct elements elem_stack = {
	.key = elements_u32,
	.value = trace,
	.get = elements_get,
	.del = elements_del,
	.next = elements_next,
	.no_put = "a stack trace is taken by a program, with bpf_get_stackid()",
};
