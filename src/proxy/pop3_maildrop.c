/* The table of a maildrop, the views of its messages, and the shelf: a file
 * without a name in which lie the messages that were fetched ahead, one behind
 * the other, so that RETR need not fetch them again. */
#include "config.h"

#include "proxy/pop3_maildrop.h"

#include "base/file.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <unistd.h>

enum {
	SAVE_AT_ONCE = 1000, /* views in one change */
	UIDS_MAX = 256 * 1024 * 1024, /* octets of all UIDs: a million long ones */
};
static const uint64_t not_shelved = UINT64_MAX;

struct pop3_maildrop *
pop3_maildrop_new(struct pop3_session *s)
{
	struct pop3_maildrop *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return NULL;
	m->shelf = -1;
	m->fetch.asked = POP3_NO_INDEX;
	buf_init(&m->uids, UIDS_MAX);
	held_init(&m->fetch.held, &s->ends.session);
	return m;
}

void
pop3_maildrop_free(struct pop3_maildrop **maildrop)
{
	struct pop3_maildrop *m = *maildrop;

	if (m == NULL)
		return;
	*maildrop = NULL;
	keep_cancel(&m->recalling);
	held_free(&m->fetch.held);
	buf_free(&m->fetch.refusal);
	buf_free(&m->uids);
	arena_free(&m->arena);
	if (m->shelf >= 0)
		close(m->shelf);
	free(m->messages);
	free(m->shown);
	free(m);
}

struct arena *
pop3_maildrop_arena(struct pop3_maildrop *m)
{
	if (m->arena == NULL)
		m->arena = arena_new(0);
	return m->arena;
}

void
pop3_log_retrieved(const struct pop3_session *s, size_t index, uint64_t octets, uint64_t began)
{
	struct log_entry e;

	if (!log_enabled(LOG_LEVEL_INFO))
		return;
	ends_log_begin(&e, &s->ends, LOG_LEVEL_INFO, "retrieved");
	log_span(&e, "user", buf_span(&s->user));
	log_span(&e, "uid", pop3_maildrop_uid(s->maildrop, index));
	log_text(&e, "verdict", verdict_name(s->maildrop->messages[index].view.verdict));
	log_number(&e, "size", (int64_t)octets);
	log_number(&e, "ms", (int64_t)(loop_now(s->ends.session.proxy->loop) - began));
	log_end(&e);
}

/* ---- the table ---- */

bool
pop3_maildrop_add(struct pop3_session *s, uint64_t number, uint64_t octets)
{
	struct pop3_maildrop *m = s->maildrop;

	if (m->count >= ends_settings(&s->ends)->limits.maildrop_messages ||
	    (m->count > 0 && number <= m->messages[m->count - 1].number))
		return false;
	if (m->count == m->cap) {
		size_t cap = m->cap > 0 ? m->cap * 2 : 16;
		struct pop3_message *grown = realloc(m->messages, cap * sizeof(*grown));

		if (grown == NULL)
			return false;
		m->messages = grown;
		m->cap = cap;
	}
	m->messages[m->count++] = (struct pop3_message){ .number = number, .listed = octets, .shelved = not_shelved };
	return true;
}

/* The message that the upstream counts so, or NULL: numbers ascend. */
static struct pop3_message *
find_number(struct pop3_maildrop *m, uint64_t number)
{
	size_t low = 0, high = m->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (m->messages[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low < m->count && m->messages[low].number == number ? &m->messages[low] : NULL;
}

bool
pop3_maildrop_identify(struct pop3_maildrop *m, uint64_t number, struct span uid)
{
	struct pop3_message *message = find_number(m, number);

	if (message == NULL || message->uid_len > 0)
		return true;
	message->uid = (uint32_t)m->uids.len;
	buf_add_span(&m->uids, uid);
	if (!m->uids.failed)
		message->uid_len = (uint32_t)uid.len;
	return !m->uids.failed;
}

struct span
pop3_maildrop_uid(const struct pop3_maildrop *m, size_t index)
{
	const struct pop3_message *message = &m->messages[index];

	return span_first(span_from(buf_span(&m->uids), message->uid), message->uid_len);
}

size_t
pop3_maildrop_find(const struct pop3_maildrop *m, uint64_t number)
{
	size_t index;

	if (number == 0 || number > m->shown_count)
		return POP3_NO_INDEX;
	index = m->shown[number - 1];
	return m->messages[index].deleted ? POP3_NO_INDEX : index;
}

uint64_t
pop3_maildrop_octets(struct pop3_maildrop *m, size_t index)
{
	struct pop3_message *message = &m->messages[index];
	const struct message_view *v = &message->view;
	const struct edited whole = { .size = v->octets, .edits = v->edits, .edit_count = v->edit_count };

	if (message->told == 0)
		message->told = v->judged ? edited_size(&whole) : message->listed;
	return message->told;
}

static bool
hides_spam(const struct pop3_session *s)
{
	if (s->own != NULL && s->own->has_spam)
		return s->own->spam == SPAM_SHOWN_HIDDEN;
	return ends_settings(&s->ends)->policies[s->policy].spam == SPAM_SHOWN_HIDDEN;
}

bool
pop3_maildrop_number(struct pop3_session *s)
{
	struct pop3_maildrop *m = s->maildrop;
	bool hides = hides_spam(s);

	m->shown = calloc(m->count + 1, sizeof(*m->shown));
	if (m->shown == NULL)
		return false;
	for (size_t i = 0; i < m->count; i++) {
		const struct message_view *v = &m->messages[i].view;

		m->messages[i].hidden = hides && v->judged && v->verdict == VERDICT_TAG;
		if (!m->messages[i].hidden)
			m->shown[m->shown_count++] = (uint32_t)i;
	}
	return true;
}

/* ---- views ---- */

/* UTF-8 mode (RFC 6856) may bring other octets of the same message. */
struct view_owner
pop3_maildrop_owner(const struct pop3_session *s)
{
	return (struct view_owner){
		.upstream = span_str(ends_server(&s->ends, s->maildrop->server)),
		.user = buf_span(&s->mail_of),
		.mailbox = s->utf8 ? SPAN_LITERAL("pop3 utf8") : SPAN_LITERAL("pop3"),
	};
}

/* Up to SAVE_AT_ONCE of them, from *next on; the number of puts. */
static size_t
collect_unsaved(struct pop3_maildrop *m, size_t *next, struct arena *a, struct view *puts)
{
	size_t count = 0;

	for (; *next < m->count && count < SAVE_AT_ONCE; (*next)++) {
		struct pop3_message *message = &m->messages[*next];
		struct buf state = { 0 };

		if (!message->unsaved || message->uid_len == 0)
			continue;
		view_encode(&state, &message->view);
		puts[count] = (struct view){ pop3_maildrop_uid(m, *next), arena_copy(a, buf_span(&state)) };
		if (!state.failed && view_fits(&puts[count]))
			count++;
		buf_free(&state);
		message->unsaved = false;
	}
	return count;
}

void
pop3_maildrop_save(struct pop3_session *s)
{
	struct pop3_maildrop *m = s->maildrop;
	struct view_owner owner = pop3_maildrop_owner(s);
	struct view puts[SAVE_AT_ONCE];
	size_t next = 0, count;
	struct arena *a;

	if (s->user.len == 0)
		return;
	a = arena_new(0);
	while ((count = collect_unsaved(m, &next, a, puts)) > 0) {
		if (!keep_views_change(s->ends.session.proxy->keep, &owner, puts, count, NULL, 0))
			ends_log(&s->ends, LOG_LEVEL_WARNING, STATS_ERROR_VIEWS, "what was shown cannot be remembered");
		arena_reset(a);
	}
	arena_free(&a);
}

struct by_uid {
	struct span uid;
	size_t index;
};

static int
compare_uids(const void *a, const void *b)
{
	const struct by_uid *x = a, *y = b;
	size_t shorter = x->uid.len < y->uid.len ? x->uid.len : y->uid.len;
	int order = shorter > 0 ? memcmp(x->uid.data, y->uid.data, shorter) : 0; /* those without one lie nowhere */

	return order != 0 ? order : (x->uid.len > y->uid.len) - (x->uid.len < y->uid.len);
}

/* Two messages that are called alike (RFC 1939 7 lets servers do so for the
 * same content) have one view. */
static void
take_view(struct pop3_maildrop *m, const struct by_uid *sorted, const struct by_uid *found, const struct view *view,
    struct arena *a)
{
	const struct by_uid *end = sorted + m->count;
	struct message_view v;

	if (!view_decode(a, view->state, &v))
		return;
	if (v.edit_count > 0)
		v.edits = edits_copy(pop3_maildrop_arena(m), v.edits, v.edit_count);
	while (found > sorted && compare_uids(found - 1, found) == 0)
		found--;
	for (const struct by_uid *one = found; one < end && compare_uids(one, found) == 0; one++) {
		struct pop3_message *message = &m->messages[one->index];

		if (v.listed == message->listed)
			message->view = v;
	}
}

static void
drop_views(struct pop3_session *s, const struct span *drops, size_t count)
{
	struct view_owner owner = pop3_maildrop_owner(s);

	keep_views_change(s->ends.session.proxy->keep, &owner, NULL, 0, drops, count);
}

void
pop3_maildrop_recall(struct pop3_session *s, struct span views)
{
	struct pop3_maildrop *m = s->maildrop;
	struct by_uid *sorted = calloc(m->count + 1, sizeof(*sorted));
	struct span drops[SAVE_AT_ONCE];
	size_t drop_count = 0;
	struct arena *a;
	struct view view;

	if (sorted == NULL)
		return;
	a = arena_new(0);
	for (size_t i = 0; i < m->count; i++)
		sorted[i] = (struct by_uid){ pop3_maildrop_uid(m, i), i };
	qsort(sorted, m->count, sizeof(*sorted), compare_uids);
	while (keep_views_next(&views, &view)) {
		const struct by_uid wanted = { view.message, 0 };
		const struct by_uid *found = bsearch(&wanted, sorted, m->count, sizeof(*sorted), compare_uids);

		if (found != NULL)
			take_view(m, sorted, found, &view, a);
		else
			drops[drop_count++] = view.message;
		arena_reset(a);
		if (drop_count == SAVE_AT_ONCE) {
			drop_views(s, drops, drop_count);
			drop_count = 0;
		}
	}
	if (drop_count > 0)
		drop_views(s, drops, drop_count);
	arena_free(&a);
	free(sorted);
}

/* ---- the shelf ---- */

static bool
copy_file(int to, uint64_t to_offset, int from, uint64_t size)
{
	off_t offset = 0;

	if (lseek(to, (off_t)to_offset, SEEK_SET) < 0)
		return false;
	while ((uint64_t)offset < size)
		if (sendfile(to, from, &offset, (size_t)(size - (uint64_t)offset)) <= 0)
			return false;
	return true;
}

static bool
put_on_shelf(struct pop3_maildrop *m, const struct spool *spool)
{
	if (m->shelf < 0)
		m->shelf = spool_scratch(spool);
	if (m->shelf < 0)
		return false;
	if (spool_file(spool) >= 0)
		return copy_file(m->shelf, m->shelf_size, spool_file(spool), spool->size);
	return write_all_at(m->shelf, spool_bytes(spool), m->shelf_size);
}

void
pop3_maildrop_shelve(struct pop3_session *s)
{
	struct pop3_maildrop *m = s->maildrop;
	const struct spool *spool = &m->fetch.held.spool;
	struct pop3_message *message = &m->messages[m->fetch.index];

	if (m->shelf_full)
		return;
	if (m->shelf_size + spool->size > ends_settings(&s->ends)->limits.maildrop_spool || !put_on_shelf(m, spool)) {
		m->shelf_full = true;
		return;
	}
	message->shelved = m->shelf_size;
	message->dotted = m->fetch.unstuffer.dot_lines > 0;
	m->shelf_size += spool->size;
}
