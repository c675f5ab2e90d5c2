/* What was shown of a message is shown of its copies, where the server tells which
 * those are (COPYUID, RFC 4315). */
#include "config.h"

#include "proxy/imap_mailbox.h"
#include "proxy/imap_message.h"
#include "proxy/imap_verbs.h"

#include <stdlib.h>

enum { COPIES_AT_ONCE = 1000 }; /* views in one change */

/* The next number of a set, in the order written. */
struct walk {
	struct span rest;
	struct imap_range range; /* low to high: still to come; 0:0 = none */
};

static bool
walk_next(struct walk *w, uint32_t *number)
{
	if (w->range.low == 0 && !imap_set_next(&w->rest, 0, &w->range))
		return false;
	*number = w->range.low++;
	if (*number >= w->range.high)
		w->range = (struct imap_range){ 0 };
	return *number > 0;
}

/* Passes over so many. */
static void
walk_past(struct walk *w, uint64_t count)
{
	while (count > 0 && (w->range.low != 0 || imap_set_next(&w->rest, 0, &w->range))) {
		uint64_t there = (uint64_t)w->range.high - w->range.low + 1;

		if (count < there) {
			w->range.low += (uint32_t)count;
			return;
		}
		count -= there;
		w->range = (struct imap_range){ 0 };
	}
}

/* The next one that has a view, in both; a set can name billions that have none. */
static const struct imap_view *
walk_views(struct imap_mailbox *m, struct walk *sources, struct walk *copies, uint32_t *copy)
{
	while (sources->range.low != 0 || imap_set_next(&sources->rest, 0, &sources->range)) {
		const struct imap_view *v = imap_view_from(m, sources->range.low);
		uint32_t low = sources->range.low, high = sources->range.high;
		bool found = v != NULL && v->uid <= high;
		uint64_t passed = found ? v->uid - low : (uint64_t)high - low + 1;
		uint32_t source;

		walk_past(sources, passed);
		walk_past(copies, passed);
		if (found)
			return walk_next(sources, &source) && walk_next(copies, copy) ? v : NULL;
	}
	return NULL;
}

static void
put_all(struct imap_session *s, const struct view_owner *owner, const struct view *puts, size_t count)
{
	if (count > 0 && !keep_views_change(s->ends.session.proxy->keep, owner, puts, count, NULL, 0))
		ends_log(&s->ends, LOG_LEVEL_WARNING, STATS_ERROR_VIEWS, "what was shown cannot be remembered");
}

/* Copies are messages that the client puts there itself, or spam that was moved. */
static bool
put_copy(struct arena *a, const struct imap_view *original, uint32_t uid, struct view *put)
{
	struct imap_view v = *original;
	struct buf state = { 0 };
	bool ok;

	v.to_move = false;
	imap_view_encode(&state, &v);
	put->message = span_str(arena_printf(a, "%u", uid));
	put->state = arena_copy(a, buf_span(&state));
	ok = !state.failed && view_fits(put);
	buf_free(&state);
	return ok;
}

void
imap_copy_views(struct imap_mailbox *m, struct span name, uint64_t uidvalidity, struct span from, struct span to)
{
	struct walk sources = { .rest = from }, copies = { .rest = to };
	struct view puts[COPIES_AT_ONCE];
	struct buf mailbox = { 0 };
	struct view_owner owner = imap_owner(m->session, name, uidvalidity, &mailbox);
	struct arena *a = arena_new(0);
	const struct imap_view *v;
	size_t count = 0, left = m->session->user.len > 0 ? m->view_count : 0; /* each is copied once */
	uint32_t copy;

	for (; left > 0 && (v = walk_views(m, &sources, &copies, &copy)) != NULL; left--) {
		if (!v->judged || !put_copy(a, v, copy, &puts[count]))
			continue;
		if (++count < COPIES_AT_ONCE)
			continue;
		put_all(m->session, &owner, puts, count);
		arena_reset(a);
		count = 0;
	}
	put_all(m->session, &owner, puts, count);
	arena_free(&a);
	buf_free(&mailbox);
}

/* ---- the client's COPY and MOVE ---- */

void
imap_note_copies(struct imap_session *s, const struct imap_pending *p, const struct imap_response *r)
{
	uint32_t uidvalidity;
	struct span from, to;

	if (s->mailbox != NULL && r->code == IMAP_CODE_COPYUID && imap_code_copyuid(r, &uidvalidity, &from, &to))
		imap_copy_views(s->mailbox, span_str(p->mailbox), uidvalidity, from, to);
}

static bool
take_name(const struct imap_command *c, char **name)
{
	struct imap_cursor cursor = imap_cursor(c->arguments);
	struct arena *a = arena_new(0);
	struct span set, octets;

	*name = NULL;
	if (imap_take_sequence_set(&cursor, &set) && imap_take_space(&cursor) && imap_take_astring(&cursor, a, &octets))
		*name = strndup(octets.data, octets.len);
	arena_free(&a);
	return *name != NULL;
}

/* The views that are to go along are recalled before. One MOVE at a time: the
 * server does not say of which one it tells. */
enum outcome
imap_proceed_copy(struct imap_session *s, const struct imap_command *c)
{
	struct imap_mailbox *m = s->mailbox;
	enum outcome outcome;
	char *name;

	if (m == NULL)
		return imap_relay_unit(s, NULL, IMAP_FRONT_READ_COMMAND);
	if (s->pending_count > 0 && (!m->recalled || imap_pending_of(s, IMAP_MOVE) != NULL))
		return imap_wait(s, PARTY_SERVER, ends_settings(&s->ends)->timeouts.data_final);
	if (!m->recalled) {
		m->by_uid = c->uid;
		m->then = IMAP_FRONT_RELAY_COMMAND;
		imap_begin_waiting(s);
		return imap_goto(s, IMAP_FRONT_MAP_MAILBOX);
	}
	if (!take_name(c, &name))
		return imap_refuse(s, "BAD", "a set and a mailbox's name are wanted");
	outcome = imap_relay_unit(s, NULL, IMAP_FRONT_READ_COMMAND);
	if (s->going_out != NULL)
		s->going_out->mailbox = name;
	else
		free(name);
	return outcome;
}
