/* Items held against databases of signatures. An item is told with what it is
 * in, since signatures ask for that too; the objects of an item's containers
 * live as long as it is being taken. */
#include "config.h"

#include "rule/database.h"
#include "rule/facts.h"

struct asking {
	struct taking *taking;
	const struct item *item; /* NULL: the message as a whole */
};

static bool
is_known(const struct facts *f, uint32_t slot, const struct item *item, const char *name)
{
	for (const struct sighting *s = f->sightings[slot]; s != NULL; s = s->next)
		if (s->detail == name && (s->item == item || item == NULL))
			return true;
	return false;
}

/* Of the whole message, what was seen in one of its items says nothing new. */
static void
name_found(void *context, uint32_t slot, const char *name)
{
	const struct asking *a = context;
	struct facts *f = a->taking->facts;
	struct sighting *s;

	if (is_known(f, slot, a->item, name))
		return;
	s = ARENA_NEW(f->arena, struct sighting);
	*s = (struct sighting){ f->sightings[slot], a->item, name };
	f->sightings[slot] = s;
}

static void
ask(struct taking *t, const struct item *item, const struct clam_object *o)
{
	struct asking a = { t, item };

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
