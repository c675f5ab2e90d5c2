/* A message that is content: what was signed, an attached file that a mail
 * program opens, a member of an archive. It is parsed like any other, and its
 * parts are items inside of the one that it was found in.
 *
 * Its bodies are decoded in memory of its own, for it may itself lie in the
 * scratch. It counts as a container in the depth that the limits allow. */
#include "config.h"

#include "rule/facts.h"

/* Extensions by which mail programs open a file as a message. */
static const char *const message_extensions[] = { ".eml", ".mht", ".mhtml", ".nws", NULL };

/* Word and its kin open these by what is in them, and a saved page wherever its header stands, a PDF before it or not. */
static const char *const document_extensions[] = { ".doc", ".dot", ".wbk", ".rtf", ".xls", ".xlt", ".ppt", ".pot", ".pps",
	NULL };

static bool
has_name_of(const struct item *item, const char *const *extensions)
{
	for (const struct mime_name *n = item->names; n != NULL; n = n->next)
		for (const char *const *e = extensions; *e != NULL; e++)
			if (span_ends_nocase(n->name, *e))
				return true;
	return false;
}

/* Where the header of a saved page begins, at the start of a line; empty when there is none. */
static struct span
saved_page(struct span content)
{
	struct span word = SPAN_LITERAL("MIME-Version:");
	size_t at;

	while ((at = span_find_nocase(content, word)) != SIZE_MAX) {
		if (at == 0 || content.data[at - 1] == '\n' || content.data[at - 1] == '\r')
			return span_from(content, at);
		content = span_from(content, at + word.len);
	}
	return SPAN_NONE;
}

static bool
is_text(const struct item *item)
{
	return item->types != NULL && strncmp(item->types->type, "text/", strlen("text/")) == 0;
}

bool
content_is_message(const struct item *item)
{
	if (item->message || has_name_of(item, message_extensions))
		return true;
	return strcmp(item->magic, "mail") == 0 && !is_text(item);
}

struct span
content_of_message(const struct item *item, struct span content)
{
	if (content_is_message(item))
		return content;
	return has_name_of(item, document_extensions) && !archive_is_readable(item->magic) && strcmp(item->magic, "ole2") != 0
	    ? saved_page(content) : SPAN_NONE;
}

/* Owned by the arena, so that it is freed when the scan is given up too. */
struct own_scratch {
	struct scratch *scratch;
};

static void
release(void *object)
{
	struct own_scratch *own = object;

	scratch_free(&own->scratch);
}

static void
defects_take(struct taking *t, const struct item *holder, const struct mime_message *m)
{
	for (const struct mime_defect *d = m->defects; d != NULL; d = d->next)
		mime_add_defect(t->facts->message, holder->part, d->name, d->hides);
	if (m->over_limit)
		t->facts->unread_parts = "a message inside has more parts or headers than the limits allow";
}

static void
message_walk(struct taking *t, struct item *holder, struct mime_message *m, struct scratch *decode)
{
	struct taking inner = *t;

	inner.message = m;
	inner.holder = inner.around = holder;
	inner.decode = decode;
	parts_take(&inner);
	defects_take(t, holder, m);
}

void
nested_message_take(struct taking *t, struct item *item, struct span content)
{
	struct arena *a = t->facts->arena;
	struct mime_limits limits = t->facts->message->limits;
	struct own_scratch *own;
	struct mime_message *m;
	size_t parts;

	if (t->budget->depth >= t->budget->limits.depth || *t->parts_left == 0) {
		t->facts->unread_members = arena_printf(a, "the message %.*s is deeper than the limits allow",
		    SPAN_ARG(item->section));
		return;
	}
	limits.parts = *t->parts_left;
	own = ARENA_NEW(a, struct own_scratch);
	arena_defer(a, release, own);
	own->scratch = scratch_new(-1);
	if (own->scratch == NULL)
		arena_give_up(a, "no memory to decode a message inside");
	t->budget->depth++;
	m = mime_parse(a, content, &limits);
	parts = m->part_count + m->shadow_count; /* of shadows that are messages come more, so they count too */
	*t->parts_left -= parts < *t->parts_left ? parts : *t->parts_left;
	message_walk(t, item, m, own->scratch);
	scratch_free(&own->scratch);
	t->budget->depth--;
}
