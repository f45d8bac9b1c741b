/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * fail_calls: what lib/ and fs/ ask of libraries, with failures. The tests of failures link
 * copies of both in which malloc is called failing_malloc, and so on for all functions of
 * fail_calls.c: so the fake and the test itself have memory.
 */
#ifndef BPFMAPFS_TESTS_FAIL_CALLS_H
#define BPFMAPFS_TESTS_FAIL_CALLS_H

#include <stdbool.h>

/* Lets the next after calls pass, whichever thread makes them, and fails the one behind them. */
void fail_call(unsigned int after);

/* No more of that. Did the failure take place? */
bool fail_end(void);

/* The errno of the call that failed last. */
int fail_errno(void);

/* Prints who made it to stderr: addr2line -e PROGRAM says more. */
void fail_print_caller(void);

#endif
