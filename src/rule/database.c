/* Loading databases and asking them. Paths are relative to the file of rules
 * that names them. What a database holds that cannot be used becomes a note:
 * an update that brings a malformed line must not keep mail from flowing. */
#include "config.h"

#include "rule/database.h"

#include <stdlib.h>

/* --- Loading --- */

static const char *
path_of(struct arena *a, const struct yaml *value)
{
	const char *path = value->text.data, *slash = strrchr(value->mark.file, '/');

	if (path[0] == '/' || slash == NULL)
		return path;
	return arena_printf(a, "%.*s/%s", (int)(slash - value->mark.file), value->mark.file, path);
}

struct loading {
	struct compiler *compiler;
	struct mark mark; /* where the database is named */
};

static void
take_note(void *context, const char *file, size_t line, const char *message)
{
	const struct loading *l = context;

	if (file == NULL)
		note_add(l->compiler, l->mark.file, l->mark.line, message);
	else
		note_add(l->compiler, file, line, message);
}

static bool
load_clam(struct compiler *c, struct database *d, const char *const *paths, size_t count, struct mark mark)
{
	struct loading loading = { c, mark };
	const struct clam_listener listener = { &loading, take_note };
	struct clam_loader *l = clam_loader_new(c->arena, &listener);
	const char *wrong = NULL;

	for (size_t i = 0; i < count && wrong == NULL; i++)
		wrong = clam_loader_add(l, paths[i]);
	if (wrong == NULL)
		wrong = clam_loader_finish(l, &d->clam);
	if (wrong != NULL)
		report_add(c->report, mark, "%s", wrong);
	return wrong == NULL;
}

static bool
load_yara(struct compiler *c, struct database *d, const char *const *paths, size_t count, struct mark mark)
{
	const char *wrong = yara_compile(c->arena, paths, count, &d->yara);

	if (wrong != NULL)
		report_add(c->report, mark, "%s", wrong);
	else
		note_add(c, mark.file, mark.line, arena_printf(c->arena, "%zu YARA rules", yara_count(d->yara)));
	return wrong == NULL;
}

/* All paths, each behind a line end; NULL when it was reported. */
static const char *
key_of(struct compiler *c, struct yaml *const *items, size_t count, bool yara, const char **paths)
{
	const char *key = yara ? "yara" : "database";

	for (size_t i = 0; i < count; i++) {
		const char *text;

		if (!yaml_string(items[i], &text, c->report))
			return NULL;
		paths[i] = path_of(c->arena, items[i]);
		key = arena_printf(c->arena, "%s\n%s", key, paths[i]);
	}
	return key;
}

static struct database *
database_known(const struct compiler *c, const char *key)
{
	struct database *d = *c->databases;

	while (d != NULL && strcmp(d->key, key) != 0)
		d = d->next;
	return d;
}

static struct database_use *
use_add(struct compiler *c, const struct database *d)
{
	struct search *s = c->search;
	struct database_use *use = ARENA_NEW(c->arena, struct database_use);

	*use = (struct database_use){ s->databases, d, (uint32_t)s->signature_slots++, s->database_count++ };
	s->databases = use;
	return use;
}

bool
database_read(struct compiler *c, struct yaml *value, bool yara, uint32_t *slot)
{
	struct mark mark = value->mark;
	struct yaml *const *items;
	size_t count = values_of(c, &value, &items);
	const char **paths = ARENA_ARRAY(c->arena, const char *, count), *key;
	struct database_use *use = c->search->databases;
	struct database *d;
	bool good = true;

	key = count > 0 ? key_of(c, items, count, yara, paths) : NULL;
	if (key == NULL)
		return false;
	d = database_known(c, key);
	if (d == NULL) {
		d = ARENA_NEW(c->arena, struct database);
		d->key = key;
		d->next = *c->databases;
		*c->databases = d;
		good = (yara ? load_yara : load_clam)(c, d, paths, count, mark);
	}
	while (use != NULL && use->database != d)
		use = use->next;
	*slot = (use != NULL ? use : use_add(c, d))->slot;
	return good;
}

/* --- Asking --- */

struct database_scratch {
	size_t count;
	struct {
		struct clam_scratch *clam;
		struct yara_scratch *yara;
	} items[];
};

struct database_scratch *
database_scratch_new(const struct database_use *uses, size_t count)
{
	struct database_scratch *s = calloc(1, sizeof(*s) + count * sizeof(s->items[0]));

	if (s == NULL)
		return NULL;
	s->count = count;
	for (const struct database_use *u = uses; u != NULL; u = u->next) {
		if (u->database->clam != NULL)
			s->items[u->index].clam = clam_scratch_new(u->database->clam);
		if (u->database->yara != NULL)
			s->items[u->index].yara = yara_scratch_new(u->database->yara);
	}
	return s;
}

void
database_scratch_free(struct database_scratch **s)
{
	if (*s == NULL)
		return;
	for (size_t i = 0; i < (*s)->count; i++) {
		clam_scratch_free(&(*s)->items[i].clam);
		yara_scratch_free(&(*s)->items[i].yara);
	}
	free(*s);
	*s = NULL;
}

struct asking {
	uint32_t slot;
	database_found *found;
	void *context;
};

static void
name_found(void *context, const char *name)
{
	const struct asking *a = context;

	a->found(a->context, a->slot, name);
}

bool
databases_scan(const struct database_use *uses, struct database_scratch *s, const struct clam_object *o,
    database_found *found, void *context)
{
	bool decided = true;

	for (const struct database_use *u = uses; u != NULL; u = u->next) {
		struct asking a = { u->slot, found, context };

		if (s == NULL)
			return false;
		if (u->database->clam != NULL)
			decided &= clam_scan(u->database->clam, s->items[u->index].clam, o, name_found, &a);
		else if (!o->unread)
			decided &= yara_scan(s->items[u->index].yara, o->data, name_found, &a);
	}
	return decided;
}
