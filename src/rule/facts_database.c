/* Items held against databases of signatures. An item is told with what it is
 * in, since signatures ask for that too; the objects of an item's containers
 * live as long as it is being taken. */
#include "config.h"

#include "rule/database.h"
#include "rule/facts.h"

#include <stdlib.h>

enum { ITEM_NAMES_MAX = 100 }; /* kept of one item and database; one is enough to find it */

struct asking {
	struct taking *taking;
	const struct item *item; /* NULL: the message as a whole */
	const char **known;      /* then: what was seen in items, sorted */
	size_t known_count;
};

static int
compare_names(const void *x, const void *y)
{
	const char *a = *(const char *const *)x, *b = *(const char *const *)y;

	return (a > b) - (a < b);
}

/* Names are told as the same string each time. */
static void
collect_known(struct asking *a)
{
	const struct facts *f = a->taking->facts;
	size_t count = 0;

	for (size_t i = 0; i < f->search->signature_slots; i++)
		for (const struct sighting *s = f->sightings[i]; s != NULL; s = s->next)
			count += s->detail != NULL;
	a->known = ARENA_ARRAY(f->arena, const char *, count);
	for (size_t i = 0; i < f->search->signature_slots; i++)
		for (const struct sighting *s = f->sightings[i]; s != NULL; s = s->next)
			if (s->detail != NULL)
				a->known[a->known_count++] = s->detail;
	if (count > 1)
		qsort(a->known, count, sizeof(*a->known), compare_names);
}

/* Of the whole message, what was seen in one of its items says nothing new. An
 * item is asked about at once, so its sightings are the last ones. */
static bool
is_known(const struct asking *a, uint32_t slot, const char *name)
{
	const struct sighting *s = a->taking->facts->sightings[slot];
	size_t names = 0;

	if (a->known_count > 0 && bsearch(&name, a->known, a->known_count, sizeof(name), compare_names) != NULL)
		return true;
	for (; s != NULL && s->item == a->item; s = s->next)
		if (s->detail == name || ++names == ITEM_NAMES_MAX)
			return true;
	return false;
}

static void
name_found(void *context, uint32_t slot, const char *name)
{
	const struct asking *a = context;
	struct facts *f = a->taking->facts;
	struct sighting *s;

	if (is_known(a, slot, name))
		return;
	s = ARENA_NEW(f->arena, struct sighting);
	*s = (struct sighting){ f->sightings[slot], a->item, name };
	f->sightings[slot] = s;
}

static void
ask(struct taking *t, const struct item *item, const struct clam_object *o)
{
	struct asking a = { .taking = t, .item = item };

	if (item == NULL)
		collect_known(&a);
	if (!databases_scan(t->facts->search->databases, t->scratch->databases, o, name_found, &a))
		t->facts->search_failed = "a database of signatures could not decide";
}

static const struct clam_object *
container_of(const struct taking *t, const struct item *item)
{
	if (item->own == NULL && item->container != NULL)
		return item->container->object;
	return t->around != NULL && t->around->object != NULL ? t->around->object : t->whole;
}

static void
take_names(struct arena *a, const struct item *item, struct clam_object *o)
{
	size_t count = 0;
	struct span *names;

	for (const struct mime_name *n = item->names; n != NULL; n = n->next)
		count++;
	names = ARENA_ARRAY(a, struct span, count);
	for (const struct mime_name *n = item->names; n != NULL; n = n->next)
		names[o->name_count++] = n->name;
	o->names = names;
}

void
databases_search(struct taking *t, struct item *item, const struct span *content)
{
	struct clam_object *o;

	if (t->facts->search->databases == NULL)
		return;
	o = ARENA_NEW(t->facts->arena, struct clam_object);
	o->container = container_of(t, item);
	o->unread = content == NULL;
	if (content != NULL)
		o->data = *content;
	o->type = content == NULL ? CLAM_BINARY : content_is_message(item) ? CLAM_MAIL : clam_type_of(*content);
	o->size = content != NULL ? content->len : item->size;
	o->packed = item->own != NULL ? o->size : CLAM_SIZE_UNKNOWN;
	o->encrypted = item->encrypted;
	if (item->own == NULL && item->container != NULL)
		o->position = ++item->container->members;
	take_names(t->facts->arena, item, o);
	item->object = o;
	ask(t, item, o);
}

void
databases_search_whole(struct taking *t)
{
	if (t->facts->search->databases != NULL)
		ask(t, NULL, t->whole);
}
