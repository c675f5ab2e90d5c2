/* Links of a message. Expressions are held against each as it is written and,
 * where that differs, against the form that tells where it goes. Where rules
 * ask for more, each different link is kept, up to LINKS_MAX. */
#include "config.h"

#include "rule/domain.h"
#include "rule/facts.h"

enum {
	LINKS_MAX = 10000, /* different ones of a message; a digest of a busy list has hundreds */
	SHOWN_MAX = 512,   /* octets of a link's text that may show a domain; more is a sentence */
};

bool
links_are_wanted(const struct search *s)
{
	return s->uri.count > 0 || s->links;
}

static void
take_first(void *context, struct span uri)
{
	struct span *first = context;

	if (first->len == 0)
		*first = uri;
}

static bool
is_one_word(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.data[i] <= ' ' || text.data[i] == '@')
			return false;
	return text.len > 0;
}

/* The domain that a link's text shows: that of a link in it, or of the text
 * itself where it is a domain that exists. Empty when it shows none. */
static struct span
shown_domain(struct arena *a, struct span shown)
{
	struct uri_target target;
	struct span uri = SPAN_NONE;

	if (shown.len == 0 || shown.len > SHOWN_MAX)
		return SPAN_NONE;
	uri_find(a, shown, take_first, &uri);
	if (uri.len == 0 && is_one_word(shown) && domain_exists(shown))
		uri = span_str(arena_printf(a, "http://%.*s", SPAN_ARG(shown)));
	if (uri.len == 0 || span_starts_nocase(uri, "mailto:"))
		return SPAN_NONE;
	target = uri_target(a, uri);
	return uri_domain(&target);
}

static bool
shows_other_domain(struct arena *a, const struct uri_target *target, struct span shown)
{
	struct span shows = shown_domain(a, shown), leads;

	if (shows.len == 0 || span_starts_nocase(target->uri, "mailto:"))
		return false;
	leads = uri_domain(target);
	return leads.len > 0 && !span_eq_nocase(shows, leads);
}

static struct link **
bucket_of(struct facts *f, struct span uri)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < uri.len; i++)
		hash = (hash ^ (unsigned char)uri.data[i]) * 16777619u;
	if (f->link_buckets == NULL)
		f->link_buckets = ARENA_ARRAY(f->arena, struct link *, LINK_BUCKETS);
	return &f->link_buckets[hash % LINK_BUCKETS];
}

/* The link that is kept of this one; NULL when there are too many. */
static struct link *
link_kept(struct facts *f, struct span uri)
{
	struct link **bucket, *link;

	if (f->link_count == LINKS_MAX) {
		f->unread_links = "the message has more links than are looked at";
		return NULL;
	}
	bucket = bucket_of(f, uri);
	link = *bucket;
	while (link != NULL && !span_eq(link->written, uri))
		link = link->next_in_bucket;
	if (link != NULL)
		return link;
	link = ARENA_NEW(f->arena, struct link);
	*link = (struct link){ .written = arena_copy(f->arena, uri), .next_in_bucket = *bucket };
	link->target = uri_target(f->arena, link->written);
	*bucket = link;
	*f->last_link = link;
	f->last_link = &link->next;
	f->link_count++;
	return link;
}

void
link_take(void *context, struct span uri, struct span shown)
{
	struct taking *t = context;
	struct facts *f = t->facts;
	const struct search *s = f->search;
	struct link *link;

	text_match(&s->uri, t->scratch->uri, uri, f->uri);
	if (s->uri.count > 0 && uri_is_odd(uri))
		text_match(&s->uri, t->scratch->uri, uri_target(f->arena, uri).uri, f->uri);
	if (!s->links)
		return;
	link = link_kept(f, uri);
	if (link != NULL && s->shown_links)
		link->mismatch |= shows_other_domain(f->arena, &link->target, shown);
}

void
uri_take(void *context, struct span uri)
{
	link_take(context, uri, SPAN_NONE);
}
