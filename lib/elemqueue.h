/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* elemqueue: queues and stacks. The kernel wants no key of them, not even an empty one. */
#ifndef BPFMAPFS_LIB_ELEMQUEUE_H
#define BPFMAPFS_LIB_ELEMQUEUE_H

#include "lib/elements.h"

extern const struct elem_ends elem_queue;

#endif
