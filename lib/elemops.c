/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/elemops.h"

const struct elements elem_ops = {
	.key = elements_u32,
	.get = elements_get,
	.next = elements_next,
	.no_put = "a struct_ops is registered by the program that implements it, "
		  "or with bpftool struct_ops register",
	.no_del = "a struct_ops is unregistered by the program that implements it, "
		  "or with bpftool struct_ops unregister",
	.indexes = true,
};
