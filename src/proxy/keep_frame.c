/* Requests to the keeper and its answers, written by one side and read by the
 * other. A count is believed only as far as the frame has octets for it. */
#include "config.h"

#include "proxy/keep_frame.h"

enum {
	ITEM_SPANS_MAX = 100 * 1000, /* recipients or rules of one message, far above any setting */
	SPAN_LEAST = 8,              /* an empty span: its length */
	VIEW_LEAST = 2 * SPAN_LEAST,
};

static void
put_spans(struct buf *out, const struct span *items, size_t count)
{
	buf_put_u32(out, (uint32_t)count);
	for (size_t i = 0; i < count; i++)
		buf_put_span(out, items[i]);
}

/* How many follow, each of so many octets at least. */
static bool
take_count(struct span *in, size_t most, size_t least_octets, uint32_t *count)
{
	return take_u32(in, count) && *count <= most && *count <= in->len / least_octets;
}

static bool
take_spans(struct arena *a, struct span *in, size_t most, const struct span **items, size_t *count)
{
	struct span *taken;
	uint32_t n;
	bool ok = true;

	if (!take_count(in, most, SPAN_LEAST, &n))
		return false;
	taken = ARENA_ARRAY(a, struct span, n);
	for (uint32_t i = 0; i < n; i++)
		ok = take_span(in, &taken[i]);
	*items = taken;
	*count = n;
	return ok;
}

/* ---- messages ---- */

static void
put_item(struct buf *out, const struct quarantine_item *i)
{
	const struct span texts[] = { i->protocol, i->policy, i->client, i->helo, i->sender, i->user, i->subject,
		i->author, i->listener, i->upstream, i->parameters, i->verdict, i->reason };

	buf_put_u64(out, (uint64_t)i->time);
	for (size_t n = 0; n < sizeof(texts) / sizeof(texts[0]); n++)
		buf_put_span(out, texts[n]);
	put_spans(out, i->recipients, i->recipient_count);
	put_spans(out, i->recipient_parameters, i->recipient_parameters != NULL ? i->recipient_count : 0);
	put_spans(out, i->rules, i->rule_count);
}

static bool
take_item(struct arena *a, struct span *in, struct quarantine_item *i)
{
	struct span *const texts[] = { &i->protocol, &i->policy, &i->client, &i->helo, &i->sender, &i->user,
		&i->subject, &i->author, &i->listener, &i->upstream, &i->parameters, &i->verdict, &i->reason };
	size_t parameters;
	uint64_t time;

	take_u64(in, &time);
	i->time = (int64_t)time;
	for (size_t n = 0; n < sizeof(texts) / sizeof(texts[0]); n++)
		take_span(in, texts[n]);
	if (!take_spans(a, in, ITEM_SPANS_MAX, &i->recipients, &i->recipient_count) ||
	    !take_spans(a, in, ITEM_SPANS_MAX, &i->recipient_parameters, &parameters))
		return false;
	if (parameters == 0)
		i->recipient_parameters = NULL;
	return (parameters == 0 || parameters == i->recipient_count) &&
	    take_spans(a, in, ITEM_SPANS_MAX, &i->rules, &i->rule_count);
}

static bool
take_message(struct arena *a, struct span in, struct keep_frame *f)
{
	uint32_t in_descriptor;

	take_u64(&in, &f->id);
	take_u64(&in, &f->size);
	if (!take_u32(&in, &in_descriptor) || in_descriptor > 1 || !take_item(a, &in, &f->item))
		return false;
	f->in_descriptor = in_descriptor != 0;
	f->message = in;
	return in.len == (f->in_descriptor ? 0 : f->size);
}

/* ---- views ---- */

void
keep_views_put(struct buf *out, const struct view *view)
{
	buf_put_span(out, view->message);
	buf_put_span(out, view->state);
}

bool
keep_views_next(struct span *views, struct view *out)
{
	take_span(views, &out->message);
	return take_span(views, &out->state);
}

bool
keep_views_valid(struct span views)
{
	while (views.len > 0) {
		struct view v;

		if (!keep_views_next(&views, &v) || !view_fits(&v))
			return false;
	}
	return true;
}

static void
put_owner(struct buf *out, const struct view_owner *o)
{
	buf_put_span(out, o->upstream);
	buf_put_span(out, o->user);
	buf_put_span(out, o->mailbox);
}

static bool
take_owner(struct span *in, struct view_owner *o)
{
	take_span(in, &o->upstream);
	take_span(in, &o->user);
	return take_span(in, &o->mailbox) && view_owner_fits(o);
}

static bool
take_puts(struct arena *a, struct span *in, struct keep_frame *f)
{
	struct view *taken;
	uint32_t n;

	if (!take_count(in, KEEP_CHANGES_MAX, VIEW_LEAST, &n))
		return false;
	taken = ARENA_ARRAY(a, struct view, n);
	for (uint32_t i = 0; i < n; i++)
		if (!keep_views_next(in, &taken[i]) || !view_fits(&taken[i]))
			return false;
	f->puts = taken;
	f->put_count = n;
	return true;
}

/* Names of messages. */
static bool
take_names(struct arena *a, struct span *in, size_t most, const struct span **names, size_t *count)
{
	if (!take_spans(a, in, most, names, count))
		return false;
	for (size_t i = 0; i < *count; i++)
		if ((*names)[i].len > VIEW_MESSAGE_MAX)
			return false;
	return true;
}

static bool
take_fetch(struct span in, struct keep_frame *f)
{
	take_u64(&in, &f->id);
	return take_owner(&in, &f->owner) && in.len == 0;
}

static bool
take_find(struct arena *a, struct span in, struct keep_frame *f)
{
	take_u64(&in, &f->id);
	return take_owner(&in, &f->owner) && take_names(a, &in, KEEP_FINDS_MAX, &f->names, &f->name_count) && in.len == 0;
}

static bool
take_change(struct arena *a, struct span in, struct keep_frame *f)
{
	return take_owner(&in, &f->owner) && take_puts(a, &in, f) &&
	    take_names(a, &in, KEEP_CHANGES_MAX, &f->drops, &f->drop_count) && in.len == 0;
}

/* ---- frames ---- */

void
keep_frame_encode(struct buf *out, const struct keep_frame *f)
{
	buf_put_u32(out, f->kind);
	if (f->kind != KEEP_VIEWS_CHANGE)
		buf_put_u64(out, f->id);
	if (f->kind == KEEP_MESSAGE) {
		buf_put_u64(out, f->size);
		buf_put_u32(out, f->in_descriptor);
		put_item(out, &f->item);
		return;
	}
	put_owner(out, &f->owner);
	if (f->kind == KEEP_VIEWS_FIND)
		put_spans(out, f->names, f->name_count);
	if (f->kind != KEEP_VIEWS_CHANGE)
		return;
	buf_put_u32(out, (uint32_t)f->put_count);
	for (size_t i = 0; i < f->put_count; i++)
		keep_views_put(out, &f->puts[i]);
	put_spans(out, f->drops, f->drop_count);
}

bool
keep_frame_decode(struct arena *a, struct span in, struct keep_frame *f)
{
	uint32_t kind;

	*f = (struct keep_frame){ 0 };
	if (!take_u32(&in, &kind))
		return false;
	f->kind = (enum keep_kind)kind;
	switch (f->kind) {
	case KEEP_MESSAGE:
		return take_message(a, in, f);
	case KEEP_VIEWS_FETCH:
		return take_fetch(in, f);
	case KEEP_VIEWS_FIND:
		return take_find(a, in, f);
	case KEEP_VIEWS_CHANGE:
		return take_change(a, in, f);
	}
	return false;
}

void
keep_answer_encode(struct buf *out, uint64_t id, bool ok)
{
	buf_put_u64(out, id);
	buf_put_u32(out, ok);
}

bool
keep_answer_decode(struct span in, struct keep_answer *a)
{
	uint32_t ok;

	take_u64(&in, &a->id);
	if (!take_u32(&in, &ok) || ok > 1)
		return false;
	a->ok = ok != 0;
	a->body = in;
	return true;
}
