/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "tests/unit/fail_rounds.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fail_calls.h"

/* What there was behind each call of an operation, when nothing failed. */
struct state {
	char *kernel; /* at that time */
	char *said;   /* by that call */
	char *closed; /* what the kernel has, and the tree shows, when all is closed then */
};

struct states {
	size_t calls;
	struct state at[CALLS + 1]; /* before the first one, and behind each */
};

/* What fails in a round. */
struct failure {
	enum fake_call call; /* FAKE_CALLS: what is asked of libraries */
	int err;
	unsigned int after;
};

static struct {
	bool runs;
	const struct operation *op;
	struct failure failure;
	bool again; /* what failed is called again */
	int call;
	unsigned int rounds;
} now;

static FILE *text_start(char **text, size_t *len)
{
	FILE *file = open_memstream(text, len);

	assert_non_null(file);
	return file;
}

static void blur(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++)
		if (!isdigit((unsigned char)*from))
			*to++ = *from;
	*to = '\0';
}

static char *kernel_text(void)
{
	char *text;
	size_t len;
	FILE *out = text_start(&text, &len);

	if (!now.op->is_large)
		world_kernel(out);
	fclose(out);
	return text;
}

/* One call, and what it says. */
static int ask(struct world *w, const struct call *c, char **said)
{
	size_t len;
	int err;

	w->said = text_start(said, &len);
	err = c->act(w, c);
	fclose(w->said);
	if (c->blurred)
		blur(*said);
	return err;
}

static char *close_all(struct world *w)
{
	char *text;
	size_t len;

	world_close(w);
	w->said = text_start(&text, &len);
	if (!now.op->is_large)
		world_tree(w);
	world_kernel(w->said); /* as it is when all has been looked at */
	fclose(w->said);
	return text;
}

static void start(struct world *w, const struct operation *op)
{
	world_start(w, NULL);
	if (op->prepare)
		op->prepare(w);
}

/* What it is like without failures. */

static void take_state(const struct operation *op, size_t calls, struct state *state)
{
	struct world *w = malloc(sizeof(*w));

	start(w, op);
	state->said = strdup("");
	for (size_t i = 0; i < calls; i++) {
		int err;

		now.call = (int)i + 1;
		free(state->said);
		err = ask(w, &op->calls[i], &state->said);
		if (err != op->calls[i].want)
			fail_msg("call %zu: %d", i + 1, err);
	}
	state->kernel = kernel_text();
	state->closed = close_all(w);
	world_end(w);
	free(w);
}

static void take_states(const struct operation *op, struct states *states)
{
	states->calls = 0;
	while (states->calls < CALLS && op->calls[states->calls].act)
		states->calls++;
	for (size_t i = 0; i <= states->calls; i++)
		take_state(op, i, &states->at[i]);
}

static void free_states(struct states *states)
{
	for (size_t i = 0; i <= states->calls; i++) {
		free(states->at[i].kernel);
		free(states->at[i].said);
		free(states->at[i].closed);
	}
}

/* A failure. */

static void arm(const struct failure *f)
{
	if (f->call == FAKE_CALLS)
		fail_call(f->after);
	else
		fake_fail(f->call, f->after, f->err);
}

/* Did it take place? Nothing fails from now on. */
static bool disarm(const struct failure *f)
{
	bool failed = f->call == FAKE_CALLS ? fail_end() : fake_failed();

	if (f->call != FAKE_CALLS && !failed)
		fake_fail(f->call, 0, 0);
	return failed;
}

static bool has_failed(const struct failure *f)
{
	return f->call == FAKE_CALLS ? fail_errno() != 0 : fake_failed();
}

static bool tells(const struct operation *op, const struct failure *f, int err)
{
	int want = f->call == FAKE_CALLS ? -fail_errno() : f->err;
	bool also = false;

	for (size_t i = 0; i < 3 && op->also[i]; i++)
		also = also || op->also[i] == err;
	return err == want || also;
}

static void assert_same(const char *what, const char *got, const char *want)
{
	if (strcmp(got, want) != 0)
		fail_msg("%s:\n%sand not:\n%s", what, got, want);
}

/* One of two, which may be the same. */
static void assert_either(const char *what, const char *got, const char *before, const char *after)
{
	if (strcmp(got, before) != 0 && strcmp(got, after) != 0)
		fail_msg("%s:\n%sneither what was before:\n%snor what comes after:\n%s", what, got,
			 before, after);
}

static void check_call(const struct states *states, size_t call, const char *said)
{
	char *kernel = kernel_text();

	if (now.op->may_lack)
		goto out;
	if (now.failure.call != FAKE_PIN_STAT) /* no mode is known: it is 0 */
		assert_same("it said", said, states->at[call].said);
	assert_same("the kernel has", kernel, states->at[call].kernel);
out:
	free(kernel);
}

/* The calls from this one on, until one fails: which. */
static size_t run_calls(struct world *w, const struct states *states, size_t from,
			const struct failure *failure)
{
	const struct operation *op = now.op;

	for (size_t i = from; i < states->calls; i++) {
		char *said;
		int err;

		now.call = (int)i + 1;
		err = ask(w, &op->calls[i], &said);
		if (err == op->calls[i].want) {
			check_call(states, i + 1, said);
			free(said);
			continue;
		}
		free(said);
		if (!failure || !has_failed(failure))
			fail_msg("%d without a failure", err);
		if (!tells(op, failure, err))
			fail_msg("it says %d", err);
		return i;
	}
	return states->calls;
}

static void check_failed(const struct states *states, size_t call)
{
	char *kernel = kernel_text();

	assert_either("the kernel has", kernel, states->at[call].kernel,
		      states->at[call + 1].kernel);
	free(kernel);
}

/* Who was refused closes his files. */
static void check_closed(const struct states *states, size_t call, const char *closed)
{
	const struct state *at = states->at;
	size_t opened = call;
	bool refused;

	while (opened && now.op->calls[opened].act != call_open)
		opened--;
	refused = now.op->calls[call].act == call_write &&
		  strcmp(at[call].kernel, at[opened].kernel) == 0;
	if (strcmp(closed, at[opened].closed) != 0)
		assert_either("all is closed then, and there is", closed,
			      at[refused ? call + 1 : call].closed, at[call + 1].closed);
}

/* Is nothing, or not all, of it there yet? */
static bool is_to_repeat(const struct states *states, size_t call)
{
	char *kernel = kernel_text();
	bool done = strcmp(kernel, states->at[call + 1].kernel) == 0;
	const struct call *c = &now.op->calls[call];

	free(kernel);
	return !done && c->act != call_release && c->act != call_flush && !now.op->is_final;
}

static bool run_round(const struct states *states, const struct failure *failure, bool again)
{
	struct world *w = malloc(sizeof(*w));
	unsigned int fds;
	size_t stopped;
	char *closed;
	bool failed;

	now.rounds++;
	now.again = again;
	now.failure = *failure;
	start(w, now.op);
	fds = fake_open_fds();
	arm(failure);
	stopped = run_calls(w, states, 0, failure);
	failed = disarm(failure);
	if (stopped < states->calls && !now.op->is_halved)
		check_failed(states, stopped);
	if (again && stopped < states->calls && is_to_repeat(states, stopped))
		stopped = run_calls(w, states, stopped, NULL);
	closed = close_all(w);
	if (stopped < states->calls && !now.op->is_halved)
		check_closed(states, stopped, closed);
	if (stopped == states->calls)
		assert_same("all is closed then, and there is", closed,
			    states->at[states->calls].closed);
	free(closed);
	assert_int_equal(fake_open_fds(), fds);
	world_use(w);
	world_end(w);
	free(w);
	return failed;
}

#ifdef SANITIZED
enum { IS_SLOW = true };
#else
enum { IS_SLOW = false };
#endif

/* All failures of one kind: with what failed given up, and called again; in slow builds, one of
 * the two. */
static void run_rounds(const struct states *states, enum fake_call call, int err)
{
	struct failure failure = {.call = call, .err = err};

	while (run_round(states, &failure, IS_SLOW && failure.after % 2)) {
		if (!IS_SLOW)
			run_round(states, &failure, true);
		failure.after++;
	}
}

/* What each call of the kernel may say beside ENOMEM: asked with LONG=1. */
static const int errors[FAKE_CALLS] = {
	[FAKE_MAP_CREATE] = -EPERM,
	[FAKE_MAP_NEXT_ID] = -EPERM,
	[FAKE_MAP_OPEN_ID] = -EMFILE,
	[FAKE_MAP_INFO] = -EFAULT,
	[FAKE_MAP_FDINFO] = -EMFILE,
	[FAKE_MAP_FREEZE] = -EBUSY,
	[FAKE_MAP_MAY_WRITE] = -EBUSY,
	[FAKE_MAP_LOOKUP] = -EINTR,
	[FAKE_MAP_UPDATE] = -EBUSY,
	[FAKE_MAP_DELETE] = -EBUSY,
	[FAKE_MAP_POP] = -EBUSY,
	[FAKE_MAP_NEXT_KEY] = -EINTR,
	[FAKE_MAP_LOOKUP_BATCH] = -EINTR,
	[FAKE_MAP_UPDATE_BATCH] = -EBUSY,
	[FAKE_MAP_MMAP] = -EAGAIN,
	[FAKE_BTF_OPEN_ID] = -EMFILE,
	[FAKE_BTF_LOAD] = -EPERM,
	[FAKE_PROG_NEXT_ID] = -EPERM,
	[FAKE_PROG_INFO] = -EMFILE,
	[FAKE_PROG_OPEN_ID] = -EMFILE,
	[FAKE_PIN] = -EPERM,
	[FAKE_PIN_OPEN] = -EMFILE,
	[FAKE_PIN_STAT] = -EACCES,
	[FAKE_PIN_UNLINK] = -EACCES,
	[FAKE_PIN_RMDIR] = -EACCES,
	[FAKE_PIN_RENAME] = -EACCES,
	[FAKE_PIN_REPLACE] = -EACCES,
	[FAKE_PIN_CHMOD] = -EPERM,
	[FAKE_PIN_SET_MTIME] = -EPERM,
	[FAKE_PIN_CHOWN] = -EPERM,
	[FAKE_PIN_LIST] = -EMFILE,
};

static bool is_long(void)
{
	const char *text = getenv("LONG");

	return text && *text;
}

static void run_operation(void **state)
{
	struct states states;

	now.op = *state;
	now.runs = true;
	now.failure = (struct failure){0};
	take_states(now.op, &states);
	run_rounds(&states, FAKE_CALLS, 0);
	for (int call = 0; call < FAKE_ANY; call++) {
		run_rounds(&states, (enum fake_call)call, -ENOMEM);
		if (errors[call] && is_long())
			run_rounds(&states, (enum fake_call)call, errors[call]);
	}
	free_states(&states);
	now.runs = false;
}

/* Says which round it was. */
static int end_operation(void **state)
{
	(void)state;
	if (now.runs)
		print_error("%s: call %d, failure %u of %s %d (%d)%s\n", now.op->name, now.call,
			    now.failure.after + 1,
			    now.failure.call == FAKE_CALLS ? "a library" : "the kernel",
			    (int)now.failure.call, now.failure.err, now.again ? ", again" : "");
	if (now.runs && now.failure.call == FAKE_CALLS)
		fail_print_caller();
	fail_end();
	now.runs = false;
	return 0;
}

int run_failures(const char *name, const struct operation *table, size_t count)
{
	struct CMUnitTest *tests = calloc(count, sizeof(*tests));
	int failed;

	for (size_t i = 0; i < count; i++)
		tests[i] = (struct CMUnitTest){table[i].name, run_operation, NULL, end_operation,
					       (void *)(uintptr_t)&table[i]};
	cmocka_set_test_filter(getenv("UNIT_ROW")); /* some, by a pattern of their names */
	failed = _cmocka_run_group_tests(name, tests, count, NULL, NULL);
	fprintf(stderr, "# %u rounds\n", now.rounds);
	free(tests);
	return failed;
}
