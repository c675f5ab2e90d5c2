/* The texts that expressions are held against:
 *   header    fields of the message's own header, unfolded, decoded to UTF-8;
 *   body      each text part, decoded to UTF-8 in each way that some program
 *             would (mime/charset.h), without invisible characters; of HTML its
 *             text (html.h). A multipart in which no delimiter was found is text
 *             to some readers;
 *   raw_body  all after the message's header, as it stands;
 *   uri       links in the text of parts and in the attributes of HTML.
 * Each piece is matched by itself: nothing matches across two parts. A view is
 * only made when a rule asks for it. */
#include "config.h"

#include "mime/charset.h"
#include "rule/characters.h"
#include "rule/facts.h"
#include "rule/fold.h"
#include "rule/html.h"

void
text_match(const struct regex_group *group, struct textset_scratch *scratch, struct span text,
    enum regex_result *results)
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

bool
texts_are_wanted(const struct search *s)
{
	for (size_t i = 0; i < VIEWS; i++)
		if (s->views[i].count > 0)
			return true;
	return s->hidden_text || links_are_wanted(s);
}

void
texts_prepare(struct facts *f)
{
	for (size_t i = 0; i < VIEWS; i++)
		f->views[i] = results_new(f->arena, f->search->views[i].count);
	f->raw_body = results_new(f->arena, f->search->raw_body.count);
	f->uri = results_new(f->arena, f->search->uri.count);
	f->last_link = &f->links;
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
		text_match(&group->regexes, t->scratch->headers[group->index], value, h->results);
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

	text_match(&f->search->raw_body, t->scratch->raw_body, f->message->root->body, f->raw_body);
}

static void
view_match(struct taking *t, enum text_view view, struct span text)
{
	text_match(&t->facts->search->views[view], t->scratch->views[view], text, t->facts->views[view]);
}

static bool
is_wanted(const struct taking *t, enum text_view view)
{
	return t->facts->search->views[view].count > 0;
}

/* Text as it is, folded where that is asked for. */
static void
text_views_take(struct taking *t, struct span text)
{
	struct span folded, joined;

	view_match(t, VIEW_TEXT, text);
	if (!is_wanted(t, VIEW_FOLDED))
		return;
	folded = text_folded(t->facts->arena, text);
	view_match(t, VIEW_FOLDED, folded);
	joined = text_joined(t->facts->arena, folded);
	if (joined.data != folded.data)
		view_match(t, VIEW_FOLDED, joined);
}

static void
plain_take(struct taking *t, struct span text)
{
	text = text_without_invisible(t->facts->arena, text);
	text_views_take(t, text);
	view_match(t, VIEW_VISIBLE, text);
	if (links_are_wanted(t->facts->search))
		uri_find(t->facts->arena, text, uri_take, t);
}

/* Words that hidden ones stand inside of are found in what is shown. */
static void
hidden_take(struct taking *t, const struct html_page *page)
{
	struct facts *f = t->facts;

	if (page->hidden > f->hidden_text)
		f->hidden_text = page->hidden;
	if (html_is_broken_up(page))
		text_views_take(t, html_visible(f->arena, page));
	if (is_wanted(t, VIEW_HIDDEN))
		view_match(t, VIEW_HIDDEN, html_hidden(f->arena, page));
}

static void
html_take(struct taking *t, struct span text)
{
	struct facts *f = t->facts;
	bool links = links_are_wanted(f->search);
	const struct html_wanted wanted = { .hiding = is_wanted(t, VIEW_TEXT) || is_wanted(t, VIEW_VISIBLE) ||
		    is_wanted(t, VIEW_HIDDEN) || is_wanted(t, VIEW_FOLDED) || f->search->hidden_text,
		.link = links ? link_take : NULL, .context = t };
	struct html_page page = html_page_read(f->arena, text, &wanted);

	text_views_take(t, page.text);
	if (is_wanted(t, VIEW_VISIBLE))
		view_match(t, VIEW_VISIBLE, html_visible(f->arena, &page));
	if (page.hidden > 0)
		hidden_take(t, &page);
	if (links)
		uri_find(f->arena, page.text, uri_take, t);
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

/* The charsets that its headers give, in all their readings; their number. */
static size_t
charsets_given(const struct mime_part *part, const char *given[CHARSET_READINGS_MAX], struct arena *a)
{
	size_t count = 0;

	if (part->charset != NULL)
		given[count++] = part->charset;
	for (const struct mime_type *type = part->types; type != NULL; type = type->next)
		for (const struct mime_param *p = type->params; p != NULL && count < CHARSET_READINGS_MAX; p = p->next)
			if (strcmp(p->name, "charset") == 0 && (count == 0 || !span_is_nocase(p->value, given[0])))
				given[count++] = arena_strndup(a, p->value);
	return count;
}

/* The bytes as they stand were looked at: as HTML too, if they look like it. */
static bool
says_more(const struct item *item, bool html, struct span content, struct span reading)
{
	return (html && strcmp(item->magic, "html") != 0) ||
	    (reading.data != content.data && !span_eq(reading, content));
}

void
text_take_part(struct taking *t, struct item *item, const struct mime_part *part, struct span content)
{
	struct facts *f = t->facts;
	bool plain = false, html = false, texts = texts_are_wanted(f->search);
	const char *given[CHARSET_READINGS_MAX];
	struct charset_readings readings;

	for (const struct mime_type *type = part->types; type != NULL; type = type->next) {
		html |= type_is_html(type->type);
		plain |= type_is_plain(type->type);
	}
	if (!plain && !html)
		return;
	charset_read(f->arena, content, given, charsets_given(part, given, f->arena), html, &readings);
	if (!readings.known)
		mime_add_defect(t->message, part, "charset-unknown", false);
	for (size_t i = 0; i < readings.count; i++) {
		if (says_more(item, html, content, readings.items[i]))
			item_take_text(t, item, readings.items[i], html);
		if (texts && plain)
			plain_take(t, readings.items[i]);
		if (texts && html)
			html_take(t, readings.items[i]);
	}
}

/* What a page shows in place of a link is its own matter. */
static void
page_link_take(void *context, struct span uri, struct span shown)
{
	(void)shown;
	uri_take(context, uri);
}

void
text_take_page(struct taking *t, struct span content)
{
	const struct html_wanted wanted = { .link = page_link_take, .context = t };
	struct arena *a = t->facts->arena;
	struct charset_readings readings;

	if (!links_are_wanted(t->facts->search))
		return;
	charset_read(a, content, NULL, 0, true, &readings);
	for (size_t i = 0; i < readings.count; i++) {
		struct html_page page = html_page_read(a, readings.items[i], &wanted);

		uri_find(a, page.text, uri_take, t);
	}
}
