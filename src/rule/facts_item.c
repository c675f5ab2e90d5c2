/* What is taken from the bytes of a part or of a container's member. */
#include "config.h"

#include "base/codec.h"
#include "engine/magic.h"
#include "rule/facts.h"

struct item *
item_add(struct taking *t, const struct mime_part *part, struct item *container)
{
	struct facts *f = t->facts;
	struct item *item = ARENA_NEW(f->arena, struct item);

	item->index = f->item_count++;
	item->part = part;
	item->container = container;
	*f->last_item = item;
	f->last_item = &item->next;
	return item;
}

/* Names are spans of the message, and one inside does not outlive its scan. */
static const struct mime_name *
names_copied(struct arena *a, const struct mime_name *names)
{
	struct mime_name *first = NULL, **at = &first;

	for (; names != NULL; names = names->next) {
		*at = ARENA_NEW(a, struct mime_name);
		(*at)->name = arena_copy(a, names->name);
		at = &(*at)->next;
	}
	return first;
}

/* In a message that was found inside of an item, parts are that item's. */
struct item *
part_item_add(struct taking *t, const struct mime_part *own)
{
	const struct mime_part *part = own->shadow ? own->parent : own;
	struct item *item = item_add(t, t->holder != NULL ? t->holder->part : part, t->holder);

	item->own = own;
	item->section = span_str(own->section);
	if (t->holder != NULL)
		item->section = span_str(arena_printf(t->facts->arena, "%.*s!%s", SPAN_ARG(t->holder->section),
		    own->section));
	item->names = item_names(t->facts->arena,
	    t->holder != NULL ? names_copied(t->facts->arena, own->names) : own->names);
	item->types = own->types;
	item->octets = own->body.len;
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

/* By such a name a browser opens what shows no markup in its beginning. */
static bool
opens_as_page(const struct item *item)
{
	static const char *const extensions[] = { ".html", ".htm", ".shtml", ".xhtml", ".xht", ".svg", NULL };

	for (const struct mime_name *n = item->names; n != NULL; n = n->next)
		for (const char *const *e = extensions; *e != NULL; e++)
			if (span_ends_nocase(n->name, *e))
				return true;
	return false;
}

static bool
has_type(const struct item *item, const char *prefix)
{
	for (const struct mime_type *type = item->types; type != NULL; type = type->next)
		if (strncmp(type->type, prefix, strlen(prefix)) == 0)
			return true;
	return false;
}

/* A page that text_take_part() does not take for one. */
static bool
is_page_file(const struct item *item)
{
	bool html = strcmp(item->magic, "html") == 0;

	if (has_type(item, "text/html") || has_type(item, "application/xhtml"))
		return false;
	if (opens_as_page(item) || has_type(item, "image/svg"))
		return html || strcmp(item->magic, "text") == 0 || strcmp(item->magic, "xml") == 0;
	return html && !has_type(item, "text/");
}

static const char *
magic_to_open(const struct item *item)
{
	return strcmp(item->magic, "text") == 0 && opens_as_page(item) ? "html" : item->magic;
}

void
item_take_content(struct taking *t, struct item *item, struct span content)
{
	unsigned char sha256[DIGEST_MAX];
	bool have_digest = item_describe(t, item, content, sha256);
	enum archive_result result = ARCHIVE_NONE;
	struct span message;

	t->item = item;
	search(t, content, have_digest ? sha256 : NULL);
	databases_search(t, item, &content);
	if (!t->archives)
		return;
	if (container_may_be(magic_to_open(item), content))
		result = container_take(t, item, magic_to_open(item), content);
	volume_take(t, item, result);
	if (is_page_file(item))
		text_take_page(t, content);
	message = content_of_message(item, content);
	if (message.data != NULL)
		nested_message_take(t, item, message);
}

void
item_take_text(struct taking *t, struct item *item, struct span text, bool html)
{
	const char *magic = html ? "html" : magic_of(text);

	t->item = item;
	search(t, text, NULL);
	if (t->archives && (html || container_may_be(magic, text)))
		container_take(t, item, magic, text);
}
