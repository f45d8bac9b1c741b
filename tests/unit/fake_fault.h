/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * fake_fault: what every call of the fake passes before it does anything. What
 * tests ask of it is declared in fake_sys.h.
 */
#ifndef BPFMAPFS_TESTS_FAKE_FAULT_H
#define BPFMAPFS_TESTS_FAKE_FAULT_H

#include "tests/unit/fake_sys.h"

/* Counts the call, runs its hook; 0, or the error that it is to fail with. It holds the fake. */
int fake_enter(enum fake_call call);

/* Of the variable that fake_enter() fills: the fake is held as long as that is there. */
#define FAKE_INSIDE __attribute__((cleanup(fake_unlock)))

void fake_lock(void);
void fake_unlock(int *err);
void fake_fault_reset(void);

#endif
