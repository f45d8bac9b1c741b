/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "lib/leafhost.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "lib/host.h"
#include "lib/hostfd.h"
#include "lib/leafnum.h"

/* A decimal number, where the text begins with a digit. */
static bool begins_number(const struct text *t)
{
	return text_peek(t) >= '0' && text_peek(t) <= '9';
}

static int parse_number(struct text *t, unsigned char *bytes)
{
	uint64_t number;
	int err = text_unsigned(t, UINT32_MAX, &number);

	if (!err)
		leaf_store(number, bytes, sizeof(uint32_t));
	return err;
}

/* Interfaces. A name that could be taken for a number, or for more than a word, is
 * not written. */

static bool is_part(char c)
{
	return text_is_word(c) || c == '-';
}

static bool is_number(const char *word, size_t len)
{
	if (len > 1 && word[0] == '0' && (word[1] | 0x20) == 'x')
		return true;
	for (size_t i = 0; i < len; i++)
		if (word[i] < '0' || word[i] > '9')
			return false;
	return len > 0;
}

static bool is_plain_name(const char *name)
{
	for (const char *c = name; *c; c++)
		if (!is_part(*c))
			return false;
	return !is_number(name, strlen(name));
}

static bool name_of(const unsigned char *bytes, char name[HOST_IFNAME])
{
	return host_ifname((uint32_t)leaf_load(bytes, sizeof(uint32_t)), name) &&
	       is_plain_name(name);
}

static void print_ifindex(FORMAT_PRINT_ARGS)
{
	char name[HOST_IFNAME];

	if (name_of(bytes, name))
		buf_adds(out, name);
	else
		buf_addf(out, "%u", (uint32_t)leaf_load(bytes, sizeof(uint32_t)));
}

static int parse_ifindex(FORMAT_PARSE_ARGS)
{
	size_t start = t->pos, end = start;
	uint32_t ifindex;

	while (end < t->len && is_part(t->s[end]))
		end++;
	if (is_number(t->s + start, end - start))
		return parse_number(t, bytes);
	t->pos = end;
	ifindex = host_ifindex(t->s + start, end - start);
	if (!ifindex && text_done(t) && end - start < HOST_IFNAME)
		return text_missing(t, "the rest of the name of an interface");
	if (!ifindex)
		return diag_at(t->diag, EINVAL, start,
			       "there is no interface of this name in the network namespace "
			       "of this mount");
	leaf_store(ifindex, bytes, sizeof(ifindex));
	return 0;
}

static void print_ifindex_json(FORMAT_PRINT_ARGS)
{
	char name[HOST_IFNAME];

	if (name_of(bytes, name))
		buf_addf(out, "\"%s\"", name);
	else
		buf_addf(out, "%u", (uint32_t)leaf_load(bytes, sizeof(uint32_t)));
}

static int parse_ifindex_json(FORMAT_PARSE_ARGS)
{
	int err;

	if (begins_number(t))
		return parse_number(t, bytes);
	err = text_expect(t, '"');
	if (!err)
		err = parse_ifindex(f, l, t, bytes);
	return err ? err : text_expect(t, '"');
}

FORMAT_FIXED_MAX(max_ifindex, HOST_IFNAME + 2)

const struct spelling leaf_ifindex_bare = {print_ifindex, parse_ifindex, max_ifindex, NULL};
const struct spelling leaf_ifindex_json = {print_ifindex_json, parse_ifindex_json, max_ifindex,
					   NULL};

/* Programs: the id; where one is pinned is read too. */

static void print_prog(FORMAT_PRINT_ARGS)
{
	buf_addf(out, "%u", (uint32_t)leaf_load(bytes, sizeof(uint32_t)));
}

/* A path up to end, or to the end of the line. Whoever may name no program is told so at the
 * beginning of a path already. */
static int parse_path(struct text *t, char end, unsigned char *bytes)
{
	struct diag why = {.why = "the program cannot be opened"};
	size_t start = t->pos;
	char path[PATH_MAX];
	uint32_t id;
	int err;

	while (!text_done(t) && text_peek(t) != end && text_peek(t) != '\n')
		t->pos++;
	if (t->pos - start >= sizeof(path))
		return diag_at(t->diag, EINVAL, start, "the path is too long");
	memcpy(path, t->s + start, t->pos - start);
	path[t->pos - start] = '\0';
	err = hostfd_program(path, &id, &why);
	if (err && err != -EPERM && text_done(t))
		return text_missing(t, "the rest of the path");
	if (err)
		return diag_at(t->diag, -err, start, "%s", why.why);
	leaf_store(id, bytes, sizeof(id));
	return 0;
}

static int parse_pin(struct text *t, char end, unsigned char *bytes)
{
	if (text_done(t))
		return text_missing(t, "a program");
	if (text_peek(t) == '/')
		return parse_path(t, end, bytes);
	return diag_at(t->diag, EINVAL, t->pos,
		       "a program is told by its id, or by the absolute path of its pin");
}

static int parse_prog(FORMAT_PARSE_ARGS)
{
	return begins_number(t) ? parse_number(t, bytes) : parse_pin(t, '\n', bytes);
}

static int parse_prog_json(FORMAT_PARSE_ARGS)
{
	int err;

	if (begins_number(t))
		return parse_number(t, bytes);
	err = text_expect(t, '"');
	if (!err)
		err = parse_pin(t, '"', bytes);
	return err ? err : text_expect(t, '"');
}

FORMAT_FIXED_MAX(max_prog, PATH_MAX)

const struct spelling leaf_prog_bare = {print_prog, parse_prog, max_prog, NULL};
const struct spelling leaf_prog_json = {print_prog, parse_prog_json, max_prog, NULL};

/* A descriptor of a process: PID:FD. */

static void print_pid_fd(FORMAT_PRINT_ARGS)
{
	buf_addf(out, "%u:%u", (uint32_t)leaf_load(bytes, 4), (uint32_t)leaf_load(bytes + 4, 4));
}

static int parse_pid_fd(FORMAT_PARSE_ARGS)
{
	size_t colon = t->pos;
	struct text pid;
	int err;

	while (colon < t->len && t->s[colon] != ':')
		colon++;
	pid = (struct text){.s = t->s, .len = colon, .pos = t->pos, .diag = t->diag};
	err = parse_number(&pid, bytes);
	if ((err == -EAGAIN && colon < t->len) || (!err && pid.pos < colon))
		err = diag_at(t->diag, EINVAL, pid.pos, "a process is a number");
	if (err)
		return err;
	t->pos = colon;
	err = text_expect(t, ':');
	return err ? err : parse_number(t, bytes + 4);
}

FORMAT_FIXED_MAX(max_pid_fd, 23)
FORMAT_QUOTED(pid_fd)

const struct spelling leaf_pid_fd_bare = {print_pid_fd, parse_pid_fd, max_pid_fd, NULL};
const struct spelling leaf_pid_fd_json = {print_quoted_pid_fd, parse_quoted_pid_fd, max_pid_fd,
					  NULL};

/* What has no text. */

static void print_nothing(FORMAT_PRINT_ARGS)
{
	(void)bytes;
	(void)out;
}

static int parse_nothing(FORMAT_PARSE_ARGS)
{
	(void)bytes;
	return diag_at(t->diag, EINVAL, t->pos, "there is no value to be written here");
}

FORMAT_FIXED_MAX(max_nothing, 0)

const struct spelling leaf_nothing = {print_nothing, parse_nothing, max_nothing, NULL};
