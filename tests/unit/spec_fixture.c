/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "tests/unit/spec_fixture.h"

#include <string.h>

int parse_spec(struct spec *s, const char *text, char separator, struct diag *d)
{
	*d = (struct diag){0};
	return spec_parse(s, text, strlen(text), separator, d);
}

struct spec spec_of(const char *text)
{
	struct spec s = {0};
	struct diag d;

	if (parse_spec(&s, text, ',', &d))
		fail_msg("'%s': at %zu, %s", text, d.offset, d.why);
	return s;
}

void print_fields(const struct spec *s, struct buf *out)
{
	struct buf text = BUF_INIT(10000);
	char *line, *rest;

	spec_print(s, &text);
	assert_int_equal(buf_error(&text), 0);
	for (line = strtok_r(text.data, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		if (line[0] != '#' && strncmp(line, "btf=", 4) != 0)
			buf_addf(out, "%s%s", out->len ? "," : "", line);
	buf_free(&text);
}
