/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "tests/unit/btf_load.h"

#include "tests/unit/unit.h"

#include <bpf/btf.h>
#include <errno.h>
#include <string.h>

/* Does the kernel let this process load any BTF at all? */
static bool may_load(void)
{
	static int may = -1;
	struct btf *btf;

	if (may >= 0)
		return may;
	btf = btf__new_empty();
	btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	may = btf__load_into_kernel(btf) == 0;
	btf__free(btf);
	return may;
}

void assert_loads(struct btf *btf)
{
	if (may_load() && btf__load_into_kernel(btf) != 0)
		fail_msg("the kernel refuses the BTF: %s", strerror(errno));
}
