/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lib/catalog.h"

int catalog_find_template(struct catalog *c, const char *dir, const char *name, uint32_t *id)
{
	const char *slash = strrchr(name, '/');
	struct buf path = BUF_INIT(PATH_MAX);
	int err;

	if (slash) {
		buf_add(&path, name, (size_t)(slash - name));
		err = buf_error(&path);
		if (!err)
			err = catalog_find(c, path.data ? path.data : "", slash + 1, id);
		buf_free(&path);
		return err;
	}
	err = catalog_find(c, dir, name, id);
	return err && *dir ? catalog_find(c, "", name, id) : err;
}

int catalog_take_template(struct catalog *c, const char *dir, struct spec *spec, struct diag *d)
{
	struct map_desc *desc;
	uint32_t id;
	int err;

	if (!spec->inner_name)
		return 0;
	err = catalog_find_template(c, dir, spec->inner_name, &id);
	if (!err)
		err = catalog_desc(c, id, &desc);
	if (err == -ENOENT)
		return diag_set(d, EINVAL, "there is no map %s, so that inner= says nothing",
				spec->inner_name);
	if (err)
		return err;
	spec->inner = malloc(sizeof(*spec->inner));
	if (spec->inner)
		spec_of_map(spec->inner, desc);
	map_desc_unref(desc);
	if (!spec->inner)
		return -ENOMEM;
	free(spec->inner_name);
	spec->inner_name = NULL;
	return 0;
}

/* Where the kernel keeps no types, what was asked for is laid over the map. */
static int lay_types(struct catalog *c, uint32_t id, const struct spec *spec)
{
	const struct map_types types = {spec->key, spec->value};
	int err = 0;

	if (!spec->type->btf && spec_has_types(spec))
		err = catalog_set_types(c, id, &types, NULL);
	if (err != -ENOMEM)
		return 0; /* these make no sense there: it has none */
	catalog_unpin(c, id, NULL, NULL, NULL);
	return err;
}

int catalog_create(struct catalog *c, const char *dir, const char *name, const struct spec *spec,
		   uint32_t *id, struct diag *d)
{
	struct spec whole;
	int err = spec_copy(&whole, spec);

	if (!err && spec->inner_name)
		err = catalog_take_template(c, dir, &whole, d);
	if (!err)
		err = catalog_add(c, dir, name, &whole, id, d);
	if (!err)
		err = lay_types(c, *id, &whole);
	spec_free(&whole);
	return err;
}
