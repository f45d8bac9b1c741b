/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "tests/unit/fake_fault.h"

#include <pthread.h>
#include <string.h>

static struct door {
	unsigned int calls, after;
	int err, always;
	void (*hook)(void *arg);
	void *arg;
} doors[FAKE_CALLS];

static bool failed, in_hook;
static pthread_mutex_t lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP; /* hooks call the fake */

void fake_fault_reset(void)
{
	memset(doors, 0, sizeof(doors));
	failed = false;
}

static int pass(struct door *d)
{
	int err;

	d->calls++;
	if (d->hook) {
		in_hook = true;
		d->hook(d->arg);
		in_hook = false;
	}
	if (d->always)
		return d->always;
	if (!d->err || d->after-- > 0)
		return 0;
	failed = true;
	err = d->err;
	d->err = 0;
	return err;
}

void fake_lock(void)
{
	pthread_mutex_lock(&lock);
}

void fake_unlock(int *err)
{
	(void)err;
	pthread_mutex_unlock(&lock);
}

int fake_enter(enum fake_call call)
{
	int err;

	fake_lock();
	if (in_hook)
		return 0;
	err = pass(&doors[FAKE_ANY]);
	return err ? err : pass(&doors[call]);
}

void fake_fail(enum fake_call call, unsigned int after, int err)
{
	doors[call].after = after;
	doors[call].err = err;
	failed = false;
}

void fake_fail_always(enum fake_call call, int err)
{
	doors[call].always = err;
}

bool fake_failed(void)
{
	return failed;
}

void fake_hook(enum fake_call call, void (*hook)(void *arg), void *arg)
{
	doors[call].hook = hook;
	doors[call].arg = arg;
}

unsigned int fake_calls(enum fake_call call)
{
	return doors[call].calls;
}
