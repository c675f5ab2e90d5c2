/* The commands into which a client's FETCH is split; see imap_show.h. */
#include "config.h"

#include "proxy/imap_show.h"

#include "proxy/imap_message.h"
#include "proxy/imap_verbs.h"

#include <stdlib.h>

enum {
	SET_MAX = 4000,         /* octets of a set: servers take lines of 8000 at least */
	/* So that many small commands do not wait for the way to the server and back. */
	UNANSWERED_MAX = IMAP_PIPELINE_MAX / 2,
};

void
imap_showing_free(struct imap_showing **showing)
{
	struct imap_showing *sh = *showing;

	if (sh == NULL)
		return;
	*showing = NULL;
	spool_reset(&sh->spool, false);
	buf_free(&sh->status);
	arena_free(&sh->arena);
	arena_free(&sh->work);
	free(sh);
}

/* ---- which messages ---- */

static const struct imap_view *
view_of(struct imap_mailbox *m, uint32_t number)
{
	const struct imap_view *v = imap_view_find(m, imap_mailbox_uid(m, number));

	return v != NULL && v->judged && v->shown != NULL ? v : NULL;
}

/* Of what is edited in place BODY[] needs no more than an overlay. */
bool
imap_is_split_off(const struct imap_view *v, const struct imap_fetch *f)
{
	for (size_t i = 0; i < f->count; i++) {
		enum imap_item item = f->attributes[i].item;

		if (item == IMAP_ITEM_BINARY || item == IMAP_ITEM_BINARY_SIZE || (v->shown->has_told && imap_item_is_message_data(item)))
			return true;
	}
	return false;
}

static bool
asks_for_headers_only(const struct imap_fetch *f)
{
	for (size_t i = 0; i < f->count; i++) {
		const struct imap_attribute *a = &f->attributes[i];
		bool header = a->item == IMAP_ITEM_RFC822_HEADER || (a->item == IMAP_ITEM_BODY_SECTION && a->section.path_count == 0 &&
		    (a->section.kind == IMAP_HEADER || a->section.kind == IMAP_HEADER_FIELDS || a->section.kind == IMAP_HEADER_FIELDS_NOT));

		if (!header && (imap_item_is_message_data(a->item) || a->item == IMAP_ITEM_BINARY_SIZE))
			return false;
	}
	return true;
}

/* So many octets of the original make the header as it is shown; at least one. */
static uint64_t
head_of(const struct scan_answer *shown)
{
	uint64_t wanted = shown->sections[0].header.octets, made = 0, taken = 0;

	for (size_t i = 0; i < shown->edit_count; i++) {
		const struct edit *e = &shown->edits[i];

		if (e->offset - taken >= wanted - made)
			break;
		made += e->offset - taken + e->replacement.len;
		if (made >= wanted)
			return e->offset > 0 ? e->offset : 1;
		taken = e->offset + e->length;
	}
	return taken + (wanted - made) > 0 ? taken + (wanted - made) : 1;
}

static void
find_messages(struct imap_mailbox *m, struct imap_showing *sh)
{
	bool headers = asks_for_headers_only(&sh->fetch);
	bool others = false, of_all = sh->fetch.modifiers.len > 0; /* VANISHED is told of what is not there */
	size_t cap = 0;

	m->wanted_at = 0;
	for (uint32_t n = 1; n <= m->exists; n++) {
		uint32_t which = m->by_uid ? imap_mailbox_uid(m, n) : n;
		const struct imap_view *v = view_of(m, n);

		if (!imap_is_wanted(m, which))
			continue;
		if (v == NULL || !imap_is_split_off(v, &sh->fetch)) {
			others = true;
			continue;
		}
		sh->messages = arena_grow(sh->arena, sh->messages, sizeof(*sh->messages), &cap, sh->count + 1);
		sh->messages[sh->count++] = (struct imap_shown_message){ which, !v->shown->has_told, others || of_all };
		others = false;
		if (headers && head_of(v->shown) > sh->head)
			sh->head = head_of(v->shown);
	}
	sh->others_behind = others || of_all;
	sh->others = sh->count > 0 && sh->messages[0].others_before;
}

static bool
read_command(struct imap_session *s, struct imap_showing *sh)
{
	struct imap_cursor cursor;
	struct span set;

	imap_command_parse(buf_span(&s->unit), &s->command);
	cursor = imap_cursor(s->command.arguments);
	return imap_take_sequence_set(&cursor, &set) && imap_take_space(&cursor) &&
	    imap_fetch_parse(sh->arena, cursor.rest, &sh->fetch) == NULL;
}

/* The last message that can be meant. */
static uint32_t
last_of(const struct imap_mailbox *m)
{
	uint32_t number = m->news.before ? m->news.told : m->exists;

	return m->by_uid ? imap_mailbox_uid(m, number) : number;
}

static void
bound_wanted(struct imap_mailbox *m, uint32_t last)
{
	while (m->wanted_count > 0 && m->wanted[m->wanted_count - 1].low > last)
		m->wanted_count--;
	for (size_t i = 0; i < m->wanted_count; i++)
		if (m->wanted[i].high > last)
			m->wanted[i].high = last;
}

/* What the server takes in as FETCH begins nobody has judged: the client would get
 * it blank, and it would be \Seen. It is left for the next one. */
enum outcome
imap_answer_fetch(struct imap_session *s)
{
	struct imap_mailbox *m = s->mailbox;
	struct imap_showing *sh = calloc(1, sizeof(*sh));
	enum outcome outcome;

	if (sh == NULL)
		return imap_give_up(s, "out of memory");
	m->showing = sh;
	sh->arena = arena_new(0);
	sh->work = arena_new(0);
	spool_init(&sh->spool, s->ends.session.proxy->spools);
	if (read_command(s, sh)) {
		if (!imap_asks_for_vanished(&s->command))
			bound_wanted(m, last_of(m));
		find_messages(m, sh);
	}
	if (sh->count > 0)
		return imap_goto(s, IMAP_FRONT_SHOW_MESSAGES);
	imap_showing_free(&m->showing);
	imap_forget_wanted(m);
	if (imap_bound_set(s, last_of(m), &outcome))
		return outcome;
	return imap_relay_unit(s, NULL, IMAP_FRONT_READ_COMMAND);
}

/* ---- sets ---- */

static uint32_t
number_behind(uint32_t number)
{
	return number < UINT32_MAX ? number + 1 : number;
}

/* What the client wants of others before messages[at], or behind the last. */
static void
put_others(const struct imap_mailbox *m, struct imap_showing *sh, struct imap_set_printer *p)
{
	uint32_t until = sh->at < sh->count ? sh->messages[sh->at].which - 1 : UINT32_MAX;
	bool more = true;

	for (; sh->range < m->wanted_count && p->out->len < SET_MAX; sh->range++) {
		const struct imap_range *range = &m->wanted[sh->range];
		uint32_t low = range->low > sh->next ? range->low : sh->next;
		uint32_t high = range->high < until ? range->high : until;

		if (low > 0 && low <= high) {
			imap_set_add_range(p, low, high);
			sh->next = number_behind(high);
		}
		more = range->high <= until;
		if (!more)
			break;
	}
	sh->others = more && sh->range < m->wanted_count;
}

/* Those from messages[at] on that are alike and have no other between them. */
static void
put_messages(struct imap_showing *sh, struct imap_set_printer *p)
{
	bool in_place = sh->messages[sh->at].in_place;

	do {
		sh->next = number_behind(sh->messages[sh->at].which);
		imap_set_add(p, sh->messages[sh->at++].which);
		sh->others = sh->at < sh->count ? sh->messages[sh->at].others_before : sh->others_behind;
	} while (sh->at < sh->count && !sh->others && sh->messages[sh->at].in_place == in_place && p->out->len < SET_MAX);
}

/* The next messages for which one command is said. */
static enum imap_show_group
put_set(const struct imap_mailbox *m, struct imap_showing *sh, struct buf *out)
{
	struct imap_set_printer p = { .out = out };
	enum imap_show_group group;
	size_t before = out->len;

	if (sh->others)
		put_others(m, sh, &p);
	imap_set_finish(&p);
	if (out->len > before)
		return IMAP_SHOW_OTHERS;
	if (sh->at == sh->count)
		return IMAP_SHOW_DONE;
	group = sh->messages[sh->at].in_place ? IMAP_SHOW_IN_PLACE : IMAP_SHOW_REWRITTEN;
	put_messages(sh, &p);
	imap_set_finish(&p);
	return group;
}

/* ---- commands ---- */

/* Stands for the message's view: which items are told from here hangs on its layout. */
static bool
is_told_here(enum imap_show_group group, const struct imap_attribute *a)
{
	struct scan_answer layout = { .has_told = group == IMAP_SHOW_REWRITTEN };
	struct imap_view v = { .shown = &layout };

	return group != IMAP_SHOW_OTHERS && imap_is_shown_item(&v, a);
}

static void
put_items(const struct imap_showing *sh, enum imap_show_group group, struct buf *out)
{
	struct imap_attribute *asked = ARENA_ARRAY(sh->arena, struct imap_attribute, sh->fetch.count + 1);
	struct imap_attribute whole = { .item = IMAP_ITEM_BODY_SECTION, .peek = true, .partial = sh->head > 0, .octets = sh->head };
	size_t count = 0;

	for (size_t i = 0; i < sh->fetch.count; i++) {
		const struct imap_attribute *a = &sh->fetch.attributes[i];

		if (is_told_here(group, a))
			whole.peek = whole.peek && !imap_attribute_sets_seen(a);
		else
			asked[count++] = *a;
	}
	if (group != IMAP_SHOW_OTHERS)
		asked[count++] = whole;
	imap_fetch_print(out, asked, count);
	if (sh->fetch.modifiers.len > 0)
		buf_printf(out, " %.*s", SPAN_ARG(sh->fetch.modifiers));
}

/* Of several answers the client gets the gravest. */
static void
answered(struct imap_session *s, struct imap_pending *p, const struct imap_response *r)
{
	static const char *const names[] = { "OK", "NO", "BAD" };
	struct imap_showing *sh = s->mailbox->showing;

	(void)p;
	s->asked_done = true;
	sh->unanswered--;
	if (sh->status.len > 0 && (r->status > IMAP_BAD || r->status <= sh->gravest))
		return;
	sh->gravest = r->status;
	buf_clear(&sh->status);
	buf_printf(&sh->status, "%s ", names[r->status <= IMAP_BAD ? r->status : IMAP_BAD]);
	if (r->code != IMAP_CODE_NONE)
		buf_printf(&sh->status, "[%.*s%s%.*s] ", SPAN_ARG(r->code_name), r->code_arguments.len > 0 ? " " : "",
		    SPAN_ARG(r->code_arguments));
	buf_add_span(&sh->status, r->rest);
}

/* False: all was said. */
static bool
ask_next(struct imap_session *s, struct imap_showing *sh)
{
	struct buf command = { 0 };
	enum imap_show_group group;

	buf_printf(&command, "%sFETCH ", s->mailbox->by_uid ? "UID " : "");
	group = put_set(s->mailbox, sh, &command);
	if (group != IMAP_SHOW_DONE) {
		buf_add_str(&command, " ");
		put_items(sh, group, &command);
		imap_ask_line(s, IMAP_ASKING_NOTHING, buf_span(&command), answered);
		sh->unanswered++;
	}
	buf_free(&command);
	return group != IMAP_SHOW_DONE;
}

static enum outcome
finish(struct imap_session *s)
{
	struct imap_showing *sh = s->mailbox->showing;
	struct buf line = { 0 };

	imap_tell_held_back(s);
	buf_printf(&line, "%.*s ", SPAN_ARG(s->command.tag));
	if (sh->failure != NULL)
		buf_add_str(&line, sh->failure);
	else
		buf_add_span(&line, buf_span(&sh->status));
	buf_add_str(&line, "\r\n");
	imap_pass_buf(s, &line);
	buf_free(&line);
	imap_showing_free(&s->mailbox->showing);
	imap_forget_wanted(s->mailbox);
	imap_forget_unit(s);
	return imap_goto(s, IMAP_FRONT_READ_COMMAND);
}

enum outcome
imap_show_messages(struct session *session)
{
	struct imap_session *s = imap_of(session);
	struct imap_showing *sh = s->mailbox->showing;

	if (s->hopeless)
		return imap_goto(s, IMAP_FRONT_CLOSE);
	while (sh->unanswered < UNANSWERED_MAX && ask_next(s, sh))
		;
	if (sh->unanswered > 0 || !imap_may_say(s))
		return imap_wait(s, PARTY_SERVER, ends_settings(&s->ends)->timeouts.data_final);
	return finish(s);
}
