/* The commands into which a client's FETCH is split; see imap_show.h. */
#include "config.h"

#include "proxy/imap_show.h"

#include "proxy/imap_message.h"
#include "proxy/imap_verbs.h"

#include <stdlib.h>

enum { SET_MAX = 4000 }; /* octets of a set: servers take lines of 8000 at least */

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
static bool
is_split_off(const struct imap_view *v, const struct imap_fetch *f)
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
	size_t cap = 0;

	m->wanted_at = 0;
	for (uint32_t n = 1; n <= m->exists; n++) {
		uint32_t which = m->by_uid ? imap_mailbox_uid(m, n) : n;
		const struct imap_view *v = view_of(m, n);

		if (v == NULL || !imap_is_wanted(m, which) || !is_split_off(v, &sh->fetch))
			continue;
		sh->messages = arena_grow(sh->arena, sh->messages, sizeof(*sh->messages), &cap, sh->count + 1);
		sh->messages[sh->count++] = (struct imap_shown_message){ which, !v->shown->has_told };
		if (headers && head_of(v->shown) > sh->head)
			sh->head = head_of(v->shown);
	}
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

/* What the client wants but for the messages that are split off. */
static void
put_others(const struct imap_mailbox *m, struct imap_showing *sh, struct imap_set_printer *p)
{
	while (sh->range < m->wanted_count && p->out->len < SET_MAX) {
		const struct imap_range *range = &m->wanted[sh->range];
		uint32_t low = range->low > sh->next ? range->low : sh->next;
		bool cut;

		while (sh->at < sh->count && sh->messages[sh->at].which < low)
			sh->at++;
		cut = sh->at < sh->count && sh->messages[sh->at].which <= range->high;
		if (low > 0 && low <= range->high && (!cut || low < sh->messages[sh->at].which))
			imap_set_add_range(p, low, cut ? sh->messages[sh->at].which - 1 : range->high);
		sh->next = cut ? sh->messages[sh->at++].which + 1 : low;
		sh->range += !cut;
	}
}

static void
put_messages(struct imap_showing *sh, bool in_place, struct imap_set_printer *p)
{
	for (; sh->at < sh->count && p->out->len < SET_MAX; sh->at++)
		if (sh->messages[sh->at].in_place == in_place)
			imap_set_add(p, sh->messages[sh->at].which);
}

/* The next part of the group's messages; false: no more. */
static bool
put_set(const struct imap_mailbox *m, struct imap_showing *sh, struct buf *out)
{
	struct imap_set_printer p = { .out = out };
	size_t before = out->len;

	if (sh->group == IMAP_SHOW_OTHERS)
		put_others(m, sh, &p);
	else
		put_messages(sh, sh->group == IMAP_SHOW_IN_PLACE, &p);
	imap_set_finish(&p);
	return out->len > before;
}

/* ---- commands ---- */

/* Stands for the message's view: which items are told from here hangs on its layout. */
static bool
is_told_here(const struct imap_showing *sh, const struct imap_attribute *a)
{
	struct scan_answer layout = { .has_told = sh->group == IMAP_SHOW_REWRITTEN };
	struct imap_view v = { .shown = &layout };

	return sh->group != IMAP_SHOW_OTHERS && imap_is_shown_item(&v, a);
}

static void
put_items(const struct imap_showing *sh, struct buf *out)
{
	struct imap_attribute *asked = ARENA_ARRAY(sh->arena, struct imap_attribute, sh->fetch.count + 1);
	struct imap_attribute whole = { .item = IMAP_ITEM_BODY_SECTION, .peek = true, .partial = sh->head > 0, .octets = sh->head };
	size_t count = 0;

	for (size_t i = 0; i < sh->fetch.count; i++) {
		const struct imap_attribute *a = &sh->fetch.attributes[i];

		if (is_told_here(sh, a))
			whole.peek = whole.peek && !imap_attribute_sets_seen(a);
		else
			asked[count++] = *a;
	}
	if (sh->group != IMAP_SHOW_OTHERS)
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
	s->asking = IMAP_ASKING_NOTHING;
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
	size_t begun;

	for (; sh->group != IMAP_SHOW_DONE; sh->group++, sh->at = 0) {
		buf_clear(&command);
		buf_printf(&command, "%sFETCH ", s->mailbox->by_uid ? "UID " : "");
		begun = command.len;
		if (put_set(s->mailbox, sh, &command) && command.len > begun)
			break;
	}
	if (sh->group != IMAP_SHOW_DONE) {
		buf_add_str(&command, " ");
		put_items(sh, &command);
		imap_ask_line(s, sh->group == IMAP_SHOW_OTHERS ? IMAP_ASKING_NOTHING : IMAP_ASKING_SHOWN, buf_span(&command), answered);
	}
	buf_free(&command);
	return sh->group != IMAP_SHOW_DONE;
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
	if (sh->asked && !s->asked_done)
		return imap_wait(s, PARTY_SERVER, ends_settings(&s->ends)->timeouts.data_final);
	sh->asked = ask_next(s, sh);
	return sh->asked ? imap_wait(s, PARTY_SERVER, ends_settings(&s->ends)->timeouts.data_final) : finish(s);
}
