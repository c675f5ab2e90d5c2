/* What is taken from the bytes of a part or of an archive's member. */
#include "config.h"

#include "base/codec.h"
#include "engine/magic.h"
#include "rule/facts.h"

/* Of a member's name in its section, which is shown; a name may be 64 KiB. */
enum { SECTION_NAME_MAX = 255 };

struct item *
item_add(struct taking *t, const struct mime_part *part, struct item *container)
{
	struct facts *f = t->facts;
	struct item *item = ARENA_NEW(f->arena, struct item);

	item->index = f->item_count++;
	item->part = part;
	item->container = container;
	if (container == NULL) {
		item->section = span_str(part->section);
		item->names = part->names;
		item->types = part->types;
		item->octets = part->body.len;
	}
	*f->last_item = item;
	f->last_item = &item->next;
	return item;
}

static void
see(struct taking *t, uint32_t slot, const struct item *item)
{
	struct sighting *s, **at = &t->facts->sightings[slot];

	if (*at != NULL && (*at)->item == item)
		return;
	s = ARENA_NEW(t->facts->arena, struct sighting);
	s->item = item;
	s->next = *at;
	*at = s;
}

static void
signature_found(void *context, uint32_t id)
{
	struct taking *t = context;

	see(t, id, t->item);
}

static void
search(struct taking *t, struct span bytes, const unsigned char *sha256)
{
	const struct signatures *signatures = t->facts->search->signatures;

	if (signatures == NULL)
		return;
	if (!signatures_scan(signatures, t->scratch->signatures, bytes, sha256, signature_found, t))
		t->facts->search_failed = "the search for signatures failed";
}

void
region_search(struct taking *t, struct item *item, struct span bytes)
{
	if (bytes.len == 0)
		return;
	t->item = item;
	search(t, bytes, NULL);
}

static struct mime_name *
member_name(struct arena *a, struct span name)
{
	struct mime_name *n = ARENA_NEW(a, struct mime_name);

	n->name = arena_copy(a, name);
	return n;
}

static void
mark_encrypted(struct item *item)
{
	for (; item != NULL && !item->encrypted; item = item->container)
		item->encrypted = true;
}

static bool
member_take(void *context, const struct archive_member *m)
{
	struct taking *t = context;
	struct item *container = t->item;
	struct arena *a = t->facts->arena;
	struct span shown = span_first(m->name, SECTION_NAME_MAX);
	struct item *item;

	if (m->directory)
		return true;
	item = item_add(t, container->part, container);
	item->section = span_str(arena_printf(a, "%.*s!%.*s", SPAN_ARG(container->section), SPAN_ARG(shown)));
	item->names = member_name(a, m->name);
	item->octets = item->size = m->size;
	item->first_reading = true;
	if (m->encrypted)
		mark_encrypted(item);
	else
		item_take_content(t, item, m->content);
	t->item = container;
	return true;
}

static void
archive_take(struct taking *t, struct item *item, struct span content)
{
	struct facts *f = t->facts;

	t->item = item;
	switch (archive_read(f->arena, content, &t->budget, member_take, t)) {
	case ARCHIVE_DAMAGED:
		f->unread_members = arena_printf(f->arena, "the archive %.*s is damaged", SPAN_ARG(item->section));
		break;
	case ARCHIVE_OVER_LIMIT:
		f->unread_members = arena_printf(f->arena, "the archive %.*s is larger or deeper than the limits allow",
		    SPAN_ARG(item->section));
		break;
	case ARCHIVE_READ:
	case ARCHIVE_NONE:
		break;
	}
}

bool
item_describe(struct taking *t, struct item *item, struct span content, unsigned char sha256[DIGEST_MAX])
{
	item->size = content.len;
	item->magic = magic_of(content);
	if (!t->want_parts || !digest_of(DIGEST_SHA256, content, sha256))
		return false;
	hex_encode(span_of((const char *)sha256, digest_size(DIGEST_SHA256)), item->sha256);
	return true;
}

void
item_take_content(struct taking *t, struct item *item, struct span content)
{
	unsigned char sha256[DIGEST_MAX];
	bool have_digest = item_describe(t, item, content, sha256);

	t->item = item;
	search(t, content, have_digest ? sha256 : NULL);
	if (t->archives && archive_is_readable(item->magic))
		archive_take(t, item, content);
}
