/* Numbers and UIDs of the selected mailbox, as the upstream's responses tell
 * them, and the views of its messages. */
#include "config.h"

#include "proxy/imap_mailbox.h"
#include "proxy/imap_show.h"

#include "base/log.h"

#include <stdlib.h>

enum {
	SAVE_AT_ONCE = 1000, /* views in one change */
	/* Messages of a mailbox: what UIDs of it take is 64 MiB. */
	EXISTS_MAX = 16 * 1024 * 1024,
	VIEW_FORM = 2,           /* bits 0 to 7 of a view's first word */
	VIEW_VERDICT_SHIFT = 8,  /* bits 8 to 11 */
	VIEW_JUDGED = 1 << 12,
	VIEW_KEPT = 1 << 13,
	VIEW_TO_MOVE = 1 << 14,
	VIEW_REWRITTEN = 1 << 15,
	VIEW_MARK_SHIFT = 24,    /* bits 24 to 25 */
	VIEW_FAILURES_SHIFT = 16,
};

/* RFC 9051 5.1: that one in any case. */
static struct span
plain_name(struct span name)
{
	return span_is_nocase(name, "INBOX") ? SPAN_LITERAL("INBOX") : name;
}

struct imap_mailbox *
imap_mailbox_new(struct imap_session *s, struct span name)
{
	struct imap_mailbox *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return NULL;
	m->session = s;
	buf_add_span(&m->name, plain_name(name));
	held_init(&m->fetching.held, &s->ends.session);
	if (m->name.failed)
		imap_mailbox_free(&m);
	return m;
}

void
imap_mailbox_free(struct imap_mailbox **mailbox)
{
	struct imap_mailbox *m = *mailbox;

	if (m == NULL)
		return;
	*mailbox = NULL;
	keep_cancel(&m->recalling);
	keep_cancel(&m->fetching.recalling);
	keep_cancel(&m->fetching.finding);
	buf_free(&m->fetching.object);
	buf_free(&m->saved);
	held_free(&m->fetching.held);
	imap_showing_free(&m->showing);
	arena_free(&m->arena);
	buf_free(&m->name);
	free(m->uids);
	free(m->views);
	free(m->wanted);
	free(m);
}

struct arena *
imap_mailbox_arena(struct imap_mailbox *m)
{
	if (m->arena == NULL)
		m->arena = arena_new(0);
	return m->arena;
}

/* ---- what the upstream tells ---- */

void
imap_mailbox_note(struct imap_mailbox *m, const struct imap_response *r)
{
	if (r->code == IMAP_CODE_UIDVALIDITY)
		imap_code_number(r, &m->uidvalidity);
	else if (r->code == IMAP_CODE_UIDNEXT)
		imap_code_number(r, &m->uidnext);
	else if (r->code == IMAP_CODE_PERMANENTFLAGS)
		m->takes_junk = imap_flags_contain(r->code_arguments, "\\*") || imap_flags_contain(r->code_arguments, "$Junk");
	else if (r->code == IMAP_CODE_READ_ONLY)
		m->read_only = true;
}

static void
set_exists(struct imap_mailbox *m, uint32_t exists)
{
	if (exists > EXISTS_MAX)
		exists = EXISTS_MAX;
	if (exists > m->uids_cap) {
		size_t cap = exists < 16 ? 16 : exists + exists / 8;
		uint32_t *grown = realloc(m->uids, cap * sizeof(*grown));

		if (grown == NULL) {
			m->session->hopeless = true;
			return;
		}
		m->uids = grown;
		m->uids_cap = cap;
	}
	for (uint32_t i = m->exists; i < exists; i++)
		m->uids[i] = IMAP_NO_UID;
	m->mapped = m->mapped && exists <= m->exists;
	m->exists = exists;
}

static void
expunge(struct imap_mailbox *m, uint32_t number)
{
	if (number == 0 || number > m->exists)
		return;
	memmove(m->uids + number - 1, m->uids + number, (m->exists - number) * sizeof(*m->uids));
	m->exists--;
}

/* Where all UIDs are known. */
static void
vanish_known(struct imap_mailbox *m, struct span set)
{
	uint32_t most = imap_mailbox_uid(m, m->exists);
	struct imap_range range;

	while (imap_set_next(&set, most, &range)) {
		uint32_t from = range.low > 0 ? imap_mailbox_number_behind(m, range.low - 1) - 1 : 0;
		uint32_t until = imap_mailbox_number_behind(m, range.high) - 1;

		if (until <= from)
			continue;
		memmove(m->uids + from, m->uids + until, (m->exists - until) * sizeof(*m->uids));
		m->exists -= until - from;
	}
}

/* Only messages that were there vanish (RFC 7162 3.2.10); where one of them is
 * depends on all UIDs. Where those that are not known are the last ones, only how
 * many of them vanished matters; else all that is left has to be asked for anew. */
static void
vanish(struct imap_mailbox *m, struct span set)
{
	uint32_t unknown = imap_mailbox_first_unknown(m), left = m->exists;
	uint64_t count = imap_set_count(set, UINT32_MAX);

	if (unknown == 0) {
		vanish_known(m, set);
		return;
	}
	left -= count < left ? (uint32_t)count : left;
	m->exists = unknown - 1;
	vanish_known(m, set);
	if (m->exists < left)
		memset(m->uids + m->exists, 0, (left - m->exists) * sizeof(*m->uids));
	m->exists = left;
	m->mapped = false;
}

void
imap_mailbox_hear(struct imap_mailbox *m, const struct imap_response *r)
{
	struct span set;
	bool earlier;

	if (r->word == IMAP_WORD_EXISTS)
		set_exists(m, r->number);
	else if (r->word == IMAP_WORD_EXPUNGE)
		expunge(m, r->number);
	else if (r->word == IMAP_WORD_VANISHED && imap_vanished_parse(r->rest, &earlier, &set) && !earlier)
		vanish(m, set);
}

void
imap_mailbox_learn(struct imap_mailbox *m, uint32_t number, uint32_t uid)
{
	if (number == 0 || number > m->exists || m->uids[number - 1] == uid)
		return;
	m->mapped = m->mapped && m->uids[number - 1] == IMAP_NO_UID;
	m->uids[number - 1] = uid;
}

uint32_t
imap_mailbox_uid(const struct imap_mailbox *m, uint32_t number)
{
	return number > 0 && number <= m->exists ? m->uids[number - 1] : IMAP_NO_UID;
}

uint32_t
imap_mailbox_number_behind(const struct imap_mailbox *m, uint32_t uid)
{
	uint32_t low = 0, high = m->exists;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (m->uids[middle] != IMAP_NO_UID && m->uids[middle] <= uid)
			low = middle + 1;
		else
			high = middle;
	}
	return low + 1;
}

uint32_t
imap_mailbox_first_unknown(const struct imap_mailbox *m)
{
	uint32_t before = IMAP_NO_UID;

	for (uint32_t i = 0; !m->mapped && i < m->exists; i++) {
		if (m->uids[i] <= before)
			return i + 1;
		before = m->uids[i];
	}
	return 0;
}

/* ---- views ---- */

/* Where it is, or belongs. */
static size_t
place_of(const struct imap_mailbox *m, uint32_t uid)
{
	size_t low = 0, high = m->view_count;

	if (high > 0 && m->views[high - 1].uid < uid)
		return high;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (m->views[middle].uid < uid)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct imap_view *
imap_view_find(struct imap_mailbox *m, uint32_t uid)
{
	size_t at = place_of(m, uid);

	return at < m->view_count && m->views[at].uid == uid ? &m->views[at] : NULL;
}

bool
imap_is_judged(struct imap_mailbox *m, uint32_t uid)
{
	const struct imap_view *v = imap_view_find(m, uid);

	return v != NULL && v->judged;
}

const struct imap_view *
imap_view_from(struct imap_mailbox *m, uint32_t uid)
{
	size_t at = place_of(m, uid);

	return at < m->view_count ? &m->views[at] : NULL;
}

static bool
has_room(struct imap_mailbox *m)
{
	size_t cap = m->view_cap > 0 ? m->view_cap * 2 : 64;
	struct imap_view *grown;

	if (m->view_count < m->view_cap)
		return true;
	grown = realloc(m->views, cap * sizeof(*grown));
	if (grown == NULL)
		return false;
	m->views = grown;
	m->view_cap = cap;
	return true;
}

struct imap_view *
imap_view_add(struct imap_mailbox *m, uint32_t uid)
{
	size_t at = place_of(m, uid);

	if (at < m->view_count && m->views[at].uid == uid)
		return &m->views[at];
	if (!has_room(m))
		return NULL;
	memmove(&m->views[at + 1], &m->views[at], (m->view_count++ - at) * sizeof(m->views[0]));
	m->views[at] = (struct imap_view){ .uid = uid };
	return &m->views[at];
}

struct view_owner
imap_mailbox_owner(const struct imap_mailbox *m, struct buf *mailbox)
{
	return imap_owner(m->session, buf_span(&m->name), m->uidvalidity, mailbox);
}

struct view_owner
imap_owner(struct imap_session *s, struct span name, uint64_t uidvalidity, struct buf *mailbox)
{
	buf_printf(mailbox, "imap %llu ", (unsigned long long)uidvalidity);
	buf_add_span(mailbox, plain_name(name));
	if (mailbox->failed) /* it would name another one */
		session_ran_short(&s->ends.session);
	return (struct view_owner){ span_str(ends_server(&s->ends, s->server)), buf_span(&s->mail_of), buf_span(mailbox) };
}

bool
imap_view_fits(const struct scan_answer *shown, uint64_t octets)
{
	uint64_t after = octets;

	if (shown->edit_count == 0 || shown->in_place)
		return edits_in_place(shown->edits, shown->edit_count, octets);
	if (!shown->has_told || !edits_valid(shown->edits, shown->edit_count, octets))
		return false;
	for (size_t i = 0; i < shown->edit_count; i++)
		after += shown->edits[i].replacement.len - shown->edits[i].length;
	return after == shown->told.octets;
}

void
imap_view_encode(struct buf *out, const struct imap_view *v)
{
	buf_put_u32(out, VIEW_FORM | (uint32_t)v->verdict << VIEW_VERDICT_SHIFT | (v->judged ? VIEW_JUDGED : 0) |
	    (v->kept ? VIEW_KEPT : 0) | (v->to_move ? VIEW_TO_MOVE : 0) |
	    (v->shown != NULL && v->shown->has_told ? VIEW_REWRITTEN : 0) | (v->failures & 0xff) << VIEW_FAILURES_SHIFT |
	    (uint32_t)v->mark_due << VIEW_MARK_SHIFT);
	buf_put_u64(out, v->octets);
	if (v->shown != NULL)
		scan_answer_encode(out, v->shown);
}

bool
imap_view_decode(struct imap_mailbox *m, struct span in, struct imap_view *v)
{
	struct scan_answer *shown;
	uint32_t word;

	take_u32(&in, &word);
	if (!take_u64(&in, &v->octets) || (word & 0xff) != VIEW_FORM || (word >> VIEW_VERDICT_SHIFT & 0xf) > VERDICT_REJECT)
		return false;
	v->judged = (word & VIEW_JUDGED) != 0;
	v->kept = (word & VIEW_KEPT) != 0;
	v->verdict = (enum verdict)(word >> VIEW_VERDICT_SHIFT & 0xf);
	v->to_move = (word & VIEW_TO_MOVE) != 0;
	v->mark_due = (enum imap_mark)(word >> VIEW_MARK_SHIFT & 3);
	v->failures = word >> VIEW_FAILURES_SHIFT & 0xff;
	if (in.len == 0)
		return true;
	shown = ARENA_NEW(imap_mailbox_arena(m), struct scan_answer);
	v->shown = shown;
	if (!scan_answer_decode(m->arena, arena_copy(m->arena, in), shown) || shown->edit_count == 0 ||
	    !imap_view_fits(shown, v->octets))
		return false;
	m->has_rewritten = m->has_rewritten || shown->has_told;
	return true;
}

bool
imap_view_is_rewritten(struct span in)
{
	uint32_t word;

	return take_u32(&in, &word) && (word & 0xff) == VIEW_FORM && (word & VIEW_REWRITTEN) != 0;
}

static int
compare_views(const void *a, const void *b)
{
	const struct imap_view *x = a, *y = b;

	return (x->uid > y->uid) - (x->uid < y->uid);
}

static bool
is_there(const struct imap_mailbox *m, uint32_t uid)
{
	uint32_t number = imap_mailbox_number_behind(m, uid - 1);

	return imap_mailbox_uid(m, number) == uid;
}

static void
drop_views(struct imap_mailbox *m, const struct span *drops, size_t count)
{
	struct buf mailbox = { 0 };
	struct view_owner owner = imap_mailbox_owner(m, &mailbox);

	keep_views_change(m->session->ends.session.proxy->keep, &owner, NULL, 0, drops, count);
	buf_free(&mailbox);
}

/* They come in no order, and before there are any others; those of messages that
 * are gone are forgotten. Of one that this session does not know yet another may have
 * told already. */
void
imap_views_recall(struct imap_mailbox *m, struct span views)
{
	struct span drops[SAVE_AT_ONCE];
	size_t drop_count = 0;
	struct view one;

	while (keep_views_next(&views, &one)) {
		struct imap_view v = { 0 };
		uint64_t uid = 0;

		if (span_is(one.message, IMAP_FIRST_NEXT)) {
			take_u32(&one.state, &m->first_next);
			continue;
		}
		if (!span_to_u64(one.message, &uid) || uid == 0 || uid > UINT32_MAX || !is_there(m, (uint32_t)uid)) {
			if (uid < imap_mailbox_next_uid(m) && drop_count < SAVE_AT_ONCE)
				drops[drop_count++] = one.message;
			continue;
		}
		if (!imap_view_decode(m, one.state, &v) || !has_room(m))
			continue;
		v.uid = (uint32_t)uid;
		m->views[m->view_count++] = v;
	}
	if (m->view_count > 0)
		qsort(m->views, m->view_count, sizeof(m->views[0]), compare_views);
	if (drop_count > 0)
		drop_views(m, drops, drop_count);
}

/* Up to SAVE_AT_ONCE of them, from *next on; the number of puts. */
static size_t
collect_unsaved(struct imap_mailbox *m, size_t *next, struct arena *a, struct view *puts)
{
	size_t count = 0;

	for (; *next < m->view_count && count < SAVE_AT_ONCE; (*next)++) {
		struct imap_view *v = &m->views[*next];
		struct buf state = { 0 };

		if (!v->unsaved)
			continue;
		imap_view_encode(&state, v);
		puts[count].message = span_str(arena_printf(a, "%u", v->uid));
		puts[count].state = arena_copy(a, buf_span(&state));
		if (!state.failed && view_fits(&puts[count]))
			count++;
		buf_free(&state);
		v->unsaved = false;
	}
	return count;
}

void
imap_views_save(struct imap_mailbox *m)
{
	struct imap_session *s = m->session;
	struct view puts[SAVE_AT_ONCE];
	struct buf mailbox = { 0 };
	struct view_owner owner = imap_mailbox_owner(m, &mailbox);
	size_t next = 0, count;
	struct arena *a;

	if (s->user.len == 0 || m->uidvalidity == 0) {
		buf_free(&mailbox);
		return;
	}
	a = arena_new(0);
	while ((count = collect_unsaved(m, &next, a, puts)) > 0) {
		if (!keep_views_change(s->ends.session.proxy->keep, &owner, puts, count, NULL, 0))
			ends_log(&s->ends, LOG_LEVEL_WARNING, STATS_ERROR_VIEWS, "what was shown cannot be remembered");
		arena_reset(a);
	}
	arena_free(&a);
	buf_free(&mailbox);
}
