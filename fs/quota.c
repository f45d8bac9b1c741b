/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fs/quota.h"

#include <errno.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { PROBES = 16, MIB = 1 << 20, FEW_BYTES = 8 * MIB };

/*
 * To add something that is kept for users: a number in enum quota_kind, a row here, and a struct
 * quota_hold where it is kept.
 */
static const struct quota_row rows[QUOTA_KINDS] = {
	[QUOTA_FILES] = {"open files", 65536, 4096, EMFILE, ENFILE, 1, "open files: close some"},
	[QUOTA_DIRS] = {"open directories", 2048, 256, EMFILE, ENFILE, 1,
			"open directories: close some"},
	[QUOTA_DUMPS] = {"open .dump", 64, 16, EMFILE, ENFILE, 1, "open .dump: close some"},
	[QUOTA_TEXTS] = {"bytes of open texts", 256 * MIB, 64 * MIB, ENOMEM, ENOMEM, MIB,
			 "MiB of texts that are being read and written: close some files"},
	[QUOTA_STAGES] = {"staging files", 256, 64, ENOSPC, ENOSPC, 1,
			  "staging files, which are kept in memory: remove some"},
	[QUOTA_STAGED] = {"bytes of staging files", 64 * MIB, 16 * MIB, ENOSPC, ENOSPC, MIB,
			  "MiB in staging files, which are kept in memory: remove some"},
	[QUOTA_LINKS] = {"waiting links", 4096, 1024, ENOSPC, ENOSPC, 1,
			 "links that wait for their maps: make these, or remove some"},
	[QUOTA_WAITING] = {"bytes of waiting files", 256 * MIB, 64 * MIB, ENOSPC, ENOSPC, MIB,
			   "MiB of files that wait for the .map of their maps, or for their other "
			   "parts: write these, or remove some"},
};

/*
 * A place is held by as many as are charged there, and while it is held its owner stays; one that
 * nobody holds has counts of 0, and may be given to another. So owner and holders are one number,
 * which is changed at once. It gets another owner under the lock only, so nobody has two places.
 */
struct quota_user {
	uint64_t owner; /* uid << 32 | holders; of root: nobody */
	size_t counts[QUOTA_KINDS];
};

int quota_init(struct quota *q)
{
	memset(q, 0, sizeof(*q));
	pthread_mutex_init(&q->lock, NULL);
	q->users = calloc(QUOTA_USERS, sizeof(*q->users));
	return q->users ? 0 : -ENOMEM;
}

void quota_free(struct quota *q)
{
	free(q->users);
	q->users = NULL;
	pthread_mutex_destroy(&q->lock);
}

const struct quota_row *quota_row(enum quota_kind kind)
{
	return &rows[kind];
}

static uint32_t uid_of(uint64_t owner)
{
	return (uint32_t)(owner >> 32);
}

static uint32_t holders_of(uint64_t owner)
{
	return (uint32_t)owner;
}

static uint32_t nth_place(uint32_t uid, uint32_t n)
{
	return ((uid * 2654435761U >> 20) + n) % QUOTA_USERS; /* 12 bits */
}

/* One more holds the place, if it is his. */
static bool hold_own(struct quota_user *place, uint32_t uid)
{
	uint64_t owner = __atomic_load_n(&place->owner, __ATOMIC_RELAXED);

	while (uid_of(owner) == uid)
		if (__atomic_compare_exchange_n(&place->owner, &owner, owner + 1, true,
						__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return true;
	return false;
}

/* The place becomes his, if nobody holds it. */
static bool take_over(struct quota_user *place, uint32_t uid)
{
	uint64_t owner = __atomic_load_n(&place->owner, __ATOMIC_RELAXED);

	return !holders_of(owner) &&
	       __atomic_compare_exchange_n(&place->owner, &owner, (uint64_t)uid << 32 | 1, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/* Where there is such a place among those that could be his; else -1. */
static int find_place(struct quota *q, uint32_t uid, bool (*hold)(struct quota_user *, uint32_t))
{
	for (uint32_t n = 0; n < PROBES; n++)
		if (hold(&q->users[nth_place(uid, n)], uid))
			return (int)nth_place(uid, n);
	return -1;
}

/* A place that he has, or gets, or where all are held shares. leave_place() in the end. */
static uint32_t hold_place(struct quota *q, uint32_t uid)
{
	int place = find_place(q, uid, hold_own);

	if (place >= 0)
		return (uint32_t)place;
	pthread_mutex_lock(&q->lock);
	place = find_place(q, uid, hold_own);
	if (place < 0)
		place = find_place(q, uid, take_over);
	if (place < 0) {
		place = (int)nth_place(uid, 0);
		__atomic_fetch_add(&q->users[place].owner, 1, __ATOMIC_ACQUIRE);
	}
	pthread_mutex_unlock(&q->lock);
	return (uint32_t)place;
}

static void leave_place(struct quota *q, uint32_t place)
{
	__atomic_fetch_sub(&q->users[place].owner, 1, __ATOMIC_RELEASE);
}

/* To look at: his own, or the one that he may share. */
static const struct quota_user *user_of(const struct quota *q, uint32_t uid)
{
	for (uint32_t n = 0; n < PROBES; n++) {
		const struct quota_user *place = &q->users[nth_place(uid, n)];

		if (uid_of(__atomic_load_n(&place->owner, __ATOMIC_RELAXED)) == uid)
			return place;
	}
	return &q->users[nth_place(uid, 0)];
}

static bool add(size_t *count, size_t amount, size_t most)
{
	size_t before = __atomic_fetch_add(count, amount, __ATOMIC_RELAXED);

	if (before <= most && amount <= most - before)
		return true;
	__atomic_fetch_sub(count, amount, __ATOMIC_RELAXED);
	return false;
}

static void subtract(size_t *count, size_t amount)
{
	__atomic_fetch_sub(count, amount, __ATOMIC_RELAXED);
}

/* 0, or the errno of who has too much. */
static int charge_user(struct quota *q, enum quota_kind kind, uint32_t place, size_t amount)
{
	struct quota_user *user = &q->users[place];

	if (!add(&user->counts[kind], amount, rows[kind].most_of_user))
		return rows[kind].err;
	if (add(&q->of_users[kind], amount, quota_share_of_users(rows[kind].most)))
		return 0;
	subtract(&user->counts[kind], amount);
	return rows[kind].err_of_all;
}

static void give_back_user(struct quota *q, enum quota_kind kind, uint32_t place, size_t amount)
{
	subtract(&q->users[place].counts[kind], amount);
	subtract(&q->of_users[kind], amount);
}

/* What could never be had is not added even for a moment, in which others would be refused. */
static int charge_more(struct quota *q, enum quota_kind kind, const struct quota_hold *h,
		       size_t amount)
{
	int err;

	if (amount > (h->uid ? rows[kind].most_of_user : rows[kind].most))
		return rows[kind].err;
	err = h->uid ? charge_user(q, kind, h->place, amount) : 0;
	if (err || add(&q->of_all[kind], amount, rows[kind].most))
		return err;
	if (h->uid)
		give_back_user(q, kind, h->place, amount);
	return rows[kind].err_of_all;
}

static int charge(struct quota *q, enum quota_kind kind, struct quota_hold *h, size_t amount)
{
	bool is_first = h->uid && !h->amount;
	int err;

	if (is_first)
		h->place = hold_place(q, h->uid);
	err = charge_more(q, kind, h, amount);
	if (err && is_first)
		leave_place(q, h->place);
	return err;
}

static void note_peak(struct quota *q, enum quota_kind kind)
{
	size_t count = quota_of_all(q, kind);

	if (count > __atomic_load_n(&q->peaks[kind], __ATOMIC_RELAXED))
		__atomic_store_n(&q->peaks[kind], count, __ATOMIC_RELAXED);
}

/* Where half of many bytes are gone, malloc(3) gives them back to the system. */
static void note_drop(struct quota *q, enum quota_kind kind)
{
	size_t count = quota_of_all(q, kind);
	size_t peak = __atomic_load_n(&q->peaks[kind], __ATOMIC_RELAXED);

	if (count < peak / 2 && peak - count >= FEW_BYTES &&
	    __atomic_compare_exchange_n(&q->peaks[kind], &peak, count, false, __ATOMIC_RELAXED,
					__ATOMIC_RELAXED))
		malloc_trim(0);
}

static void give_back(struct quota *q, enum quota_kind kind, const struct quota_hold *h,
		      size_t amount)
{
	subtract(&q->of_all[kind], amount);
	if (!h->uid)
		return;
	give_back_user(q, kind, h->place, amount);
	if (amount == h->amount)
		leave_place(q, h->place);
}

int quota_set(struct quota *q, enum quota_kind kind, struct quota_hold *h, size_t amount,
	      struct diag *d)
{
	int err = 0;

	if (amount > h->amount)
		err = charge(q, kind, h, amount - h->amount);
	else if (amount < h->amount)
		give_back(q, kind, h, h->amount - amount);
	if (err)
		return quota_explain(kind, -err, d);
	if (amount > h->amount)
		note_peak(q, kind);
	else if (amount < h->amount)
		note_drop(q, kind);
	h->amount = amount;
	return 0;
}

int quota_explain(enum quota_kind kind, int err, struct diag *d)
{
	const struct quota_row *row = &rows[kind];

	return diag_set(d, -err, "one user may have %zu, and all users %zu, %s",
			row->most_of_user / row->unit, quota_share_of_users(row->most) / row->unit,
			row->sentence);
}

size_t quota_of_all(const struct quota *q, enum quota_kind kind)
{
	return __atomic_load_n(&q->of_all[kind], __ATOMIC_RELAXED);
}

size_t quota_of_user(const struct quota *q, enum quota_kind kind, uint32_t uid)
{
	return uid ? __atomic_load_n(&user_of(q, uid)->counts[kind], __ATOMIC_RELAXED) : 0;
}
