/* What is in a container: its members become items, and what it can do is
 * said of it and of all that it is in. */
#include "config.h"

#include "rule/facts.h"
#include "rule/volume_name.h"

/* Of a member's name in its section, which is shown; a name may be 64 KiB. */
enum { SECTION_NAME_MAX = 255 };

/* Two programs could unpack different files from it. */
static const char inconsistent[] = "container-inconsistent";

static void
mark_encrypted(struct item *item)
{
	for (; item != NULL && !item->encrypted; item = item->container)
		item->encrypted = true;
}

static struct mime_name *
name_new(struct arena *a, struct span name)
{
	struct mime_name *n = ARENA_NEW(a, struct mime_name);

	n->name = name;
	return n;
}

/* What unpacking "a.exe.gz" writes. */
static struct span
name_without_suffix(struct span name)
{
	size_t at = name.len;

	while (at > 0 && name.data[at - 1] != '.')
		at--;
	return at > 1 ? span_first(name, at - 1) : name;
}

/* A compressed file without a name of its own is called after its container,
 * by each name that has. */
static const struct mime_name *
member_names(struct arena *a, const struct item *container, struct span name)
{
	struct mime_name *first = NULL, **at = &first;

	if (name.len > 0)
		return name_new(a, arena_copy(a, name));
	for (const struct mime_name *n = container->names; n != NULL; n = n->next) {
		*at = name_new(a, name_without_suffix(n->name));
		at = &(*at)->next;
	}
	return first;
}

static bool
member_take(void *context, const struct archive_member *m)
{
	struct taking *t = context;
	struct item *container = t->item;
	struct arena *a = t->facts->arena;
	struct item *item;
	struct span shown;

	if (m->directory)
		return true;
	item = item_add(t, container->part, container);
	item->names = item_names(a, member_names(a, container, m->name));
	shown = item->names != NULL ? span_first(item->names->name, SECTION_NAME_MAX) : SPAN_NONE;
	item->section = span_str(arena_printf(a, "%.*s!%.*s", SPAN_ARG(container->section), SPAN_ARG(shown)));
	item->octets = item->size = m->size;
	item->first_reading = true;
	item->message = m->message;
	if (m->encrypted) {
		mark_encrypted(item);
		databases_search(t, item, NULL);
	} else {
		item_take_content(t, item, m->content);
	}
	t->item = container;
	return true;
}

/* What is encrypted and no archive (documents, mail) has only the trait. */
static void
trait_take(void *context, enum trait trait)
{
	struct taking *t = context;

	struct item *item = t->item;

	do
		item->traits |= UINT32_C(1) << trait;
	while ((item = item->container) != NULL);
	if (trait == TRAIT_ENCRYPTED && archive_is_readable(t->item->magic))
		mark_encrypted(t->item);
	if (trait == TRAIT_INCONSISTENT)
		mime_add_defect(t->facts->message, t->item->part, inconsistent, true);
}

enum archive_result
container_take(struct taking *t, struct item *item, const char *magic, struct span content)
{
	const struct container_sink sink = { .context = t, .member = member_take, .trait = trait_take, .uri = uri_take };
	struct facts *f = t->facts;
	enum archive_result result;

	t->item = item;
	result = container_read(f->arena, magic, content, t->budget, &sink);
	switch (result) {
	case ARCHIVE_DAMAGED:
		f->unread_members = arena_printf(f->arena, "the container %.*s is damaged", SPAN_ARG(item->section));
		break;
	case ARCHIVE_OVER_LIMIT:
		f->unread_members = arena_printf(f->arena, "the container %.*s is larger or deeper than the limits allow",
		    SPAN_ARG(item->section));
		break;
	case ARCHIVE_READ:
	case ARCHIVE_NONE:
		break;
	}
	t->item = item;
	return result;
}

/* A name alone says it only of content that is nothing by itself. */
static bool
is_piece(const struct item *item, enum volume_name name, enum archive_result result)
{
	bool archive = archive_is_readable(item->magic);

	if (name == VOLUME_NO || strcmp(item->magic, "empty") == 0 ||
	    (archive && (result == ARCHIVE_READ || result == ARCHIVE_OVER_LIMIT)))
		return false;
	return name == VOLUME_SURELY || archive || strcmp(item->magic, "data") == 0;
}

void
volume_take(struct taking *t, struct item *item, enum archive_result result)
{
	t->item = item;
	for (const struct mime_name *n = item->names; n != NULL; n = n->next)
		if (is_piece(item, volume_name(n->name), result))
			trait_take(t, TRAIT_MULTI_VOLUME);
}
