/* The texts that expressions are held against:
 *   header    fields of the message's own header, unfolded, decoded to UTF-8;
 *   body      each text part, decoded to UTF-8; of HTML what a reader sees
 *             (html.h); a multipart in which no delimiter was found is text to
 *             some readers;
 *   raw_body  all after the message's header, as it stands;
 *   uri       links in the text of parts and in the attributes of HTML.
 * Each piece is matched by itself: nothing matches across two parts. */
#include "config.h"

#include "rule/facts.h"
#include "rule/html.h"
#include "rule/uri.h"

static void
match(const struct regex_group *group, struct textset_scratch *scratch, struct span text, enum regex_result *results)
{
	if (group->set != NULL)
		textset_match(group->set, scratch, text, results);
}

enum regex_result *
results_new(struct arena *a, size_t count)
{
	enum regex_result *results = ARENA_ARRAY(a, enum regex_result, count);

	for (size_t i = 0; i < count; i++)
		results[i] = REGEX_NO_MATCH;
	return results;
}

static void
header_group_take(struct taking *t, const struct header_group *group)
{
	struct facts *f = t->facts;
	struct header_facts *h = &f->headers[group->index];
	const struct mime_header *field = NULL;

	h->results = results_new(f->arena, group->regexes.count);
	while ((field = mime_header_find(f->message->root, group->name, field)) != NULL) {
		struct span value = mime_header_text(f->arena, field);

		h->values = arena_grow(f->arena, h->values, sizeof(*h->values), &h->cap, h->count + 1);
		h->values[h->count++] = value;
		match(&group->regexes, t->scratch->headers[group->index], value, h->results);
	}
}

void
text_take_headers(struct taking *t)
{
	for (const struct header_group *g = t->facts->search->headers; g != NULL; g = g->next)
		header_group_take(t, g);
}

void
text_take_raw_body(struct taking *t)
{
	struct facts *f = t->facts;

	match(&f->search->raw_body, t->scratch->raw_body, f->message->root->body, f->raw_body);
}

void
uri_take(void *context, struct span uri)
{
	struct taking *t = context;

	match(&t->facts->search->uri, t->scratch->uri, uri, t->facts->uri);
}

static void
view_take(struct taking *t, struct span text)
{
	match(&t->facts->search->body, t->scratch->body, text, t->facts->body);
	if (t->facts->search->uri.count > 0)
		uri_find(text, uri_take, t);
}

static bool
type_is_html(const char *type)
{
	return strcmp(type, "text/html") == 0 || strcmp(type, "application/xhtml+xml") == 0;
}

/* Called for leaves only. */
static bool
type_is_plain(const char *type)
{
	return !type_is_html(type) && (strncmp(type, "text/", 5) == 0 || strncmp(type, "multipart/", 10) == 0);
}

void
text_take_part(struct taking *t, const struct mime_part *part, struct span content)
{
	struct facts *f = t->facts;
	bool plain = false, html = false, known;
	struct span text;

	if (f->search->body.count == 0 && f->search->uri.count == 0)
		return;
	for (const struct mime_type *type = part->types; type != NULL; type = type->next) {
		html |= type_is_html(type->type);
		plain |= type_is_plain(type->type);
	}
	if (!plain && !html)
		return;
	text = charset_to_utf8(f->arena, content, part->charset != NULL ? part->charset : "us-ascii", &known);
	if (!known)
		mime_add_defect(t->message, part, "charset-unknown", false);
	if (plain)
		view_take(t, text);
	if (html)
		view_take(t, html_text(f->arena, text, uri_take, t));
}
