/* Spam is moved to the mailbox for it before the client is told of it: the one that
 * has the attribute \Junk (RFC 6154), else one by a usual name. What was shown of it
 * goes along. */
#include "config.h"

#include "proxy/imap_mailbox.h"
#include "proxy/imap_message.h"

#include "base/log.h"

enum {
	MOVE_AT_ONCE = 50,  /* messages, whose UIDs fit a command of our own */
	NAME_OCTETS_MAX = 1024,
};

static const char *const usual_names[] = { "Junk", "Spam" };

/* ---- where to ---- */

void
imap_junk_listed(struct imap_session *s, struct span rest, bool whole)
{
	struct imap_junk *j = &s->junk;
	struct imap_cursor c = imap_cursor(rest);
	struct arena *a = arena_new(0);
	struct span attributes, name;
	bool good = whole && imap_skip_value(&c, &attributes) && imap_take_space(&c) && imap_skip_value(&c, NULL) &&
	    imap_take_space(&c) && imap_take_astring(&c, a, &name);

	if (good && j->plain.len == 0 && name.len <= NAME_OCTETS_MAX && !imap_flags_contain(attributes, "\\Noselect") &&
	    !imap_flags_contain(attributes, "\\NonExistent") &&
	    (j->search == IMAP_JUNK_NAMES || imap_flags_contain(attributes, "\\Junk")) &&
	    imap_print_quoted(&j->name, name))
		buf_add_span(&j->plain, name);
	if (j->name.failed || j->plain.failed)
		session_ran_short(&s->ends.session);
	arena_free(&a);
}

static enum outcome
ask(struct imap_session *s, enum imap_asking asking, const char *what, const char *name)
{
	imap_arm(s, ends_settings(&s->ends)->timeouts.command);
	imap_ask(s, asking, "%s%s", what, name);
	s->junk.asked = true;
	return imap_wait_patiently(s, PARTY_SERVER);
}

/* From one question to the next: what the server offers to who is logged in, which
 * mailbox has the attribute, whether there is one by a usual name. False: all was
 * asked. */
static bool
search(struct imap_session *s, enum outcome *outcome)
{
	struct imap_junk *j = &s->junk;

	if (j->name.len > 0)
		j->search = IMAP_JUNK_KNOWN;
	if (j->search == IMAP_JUNK_UNKNOWN) {
		j->search = IMAP_JUNK_OFFERS;
		*outcome = ask(s, IMAP_ASKING_NOTHING, "CAPABILITY", "");
		return true;
	}
	if (j->search == IMAP_JUNK_OFFERS && (s->offers & imap_capa_bit(IMAP_CAPA_SPECIAL_USE)) != 0) {
		j->search = IMAP_JUNK_USE;
		*outcome = ask(s, IMAP_ASKING_MAILBOX, "LIST (SPECIAL-USE) \"\" \"*\"", "");
		return true;
	}
	if (j->search != IMAP_JUNK_KNOWN && j->tried < sizeof(usual_names) / sizeof(usual_names[0])) {
		j->search = IMAP_JUNK_NAMES;
		*outcome = ask(s, IMAP_ASKING_MAILBOX, "LIST \"\" ", usual_names[j->tried++]);
		return true;
	}
	if (j->search != IMAP_JUNK_KNOWN)
		ends_log(&s->ends, LOG_LEVEL_WARNING, STATS_ERROR_SPAM, "there is no mailbox to move it to: it is only marked");
	j->search = IMAP_JUNK_KNOWN;
	return false;
}

/* ---- moving ---- */

void
imap_junk_moved(struct imap_session *s, const struct imap_response *r)
{
	uint32_t uidvalidity;
	struct span from, to;

	if (r->code == IMAP_CODE_COPYUID && imap_code_copyuid(r, &uidvalidity, &from, &to))
		imap_copy_views(s->mailbox, buf_span(&s->junk.plain), uidvalidity, from, to);
}

/* The first one in the order of UIDs. */
static struct imap_view *
next_to_move(struct imap_mailbox *m)
{
	for (size_t i = m->view_count; i > 0 && m->views[i - 1].uid > m->news.told_uid; i--)
		if (m->views[i - 1].to_move && m->views[i - 1].uid <= m->news.done)
			return &m->views[i - 1];
	return NULL;
}

/* What becomes of them is decided now. */
static void
take_some(struct imap_mailbox *m, struct buf *set)
{
	struct imap_set_printer printer = { .out = set };
	size_t count = 0;

	buf_clear(set);
	for (size_t i = 0; i < m->view_count && count < MOVE_AT_ONCE; i++) {
		struct imap_view *v = &m->views[i];

		if (!v->to_move || v->uid <= m->news.told_uid || v->uid > m->news.done)
			continue;
		imap_set_add(&printer, v->uid);
		v->to_move = false;
		v->unsaved = true;
		count++;
	}
	imap_set_finish(&printer);
}

static enum outcome
ask_about(struct imap_session *s, enum imap_asking asking, const char *verb, const char *rest)
{
	struct imap_junk *j = &s->junk;

	imap_arm(s, ends_settings(&s->ends)->timeouts.command);
	imap_ask(s, asking, "UID %s %.*s%s", verb, SPAN_ARG(buf_span(&j->set)), rest);
	j->asked = true;
	return imap_wait_patiently(s, PARTY_SERVER);
}

static enum outcome
end_move(struct imap_session *s)
{
	if (!s->asked_ok)
		ends_log(&s->ends, LOG_LEVEL_WARNING, STATS_ERROR_SPAM, "the mail server does not move it: it is only marked");
	s->junk.step = IMAP_JUNK_REST;
	return imap_goto(s, IMAP_FRONT_MOVE_SPAM);
}

/* By MOVE, or, where there is only UIDPLUS, as RFC 6851 3.3 says. */
static enum outcome
move(struct imap_session *s)
{
	struct imap_junk *j = &s->junk;
	bool moves = (s->offers & imap_capa_bit(IMAP_CAPA_MOVE)) != 0;
	char name[NAME_OCTETS_MAX * 2 + sizeof(" \"\"")];

	switch (j->step) {
	case IMAP_JUNK_REST:
		snprintf(name, sizeof(name), " %.*s", SPAN_ARG(buf_span(&j->name)));
		j->step = moves ? IMAP_JUNK_MOVED : IMAP_JUNK_COPIED;
		return ask_about(s, IMAP_ASKING_MOVE, moves ? "MOVE" : "COPY", name);
	case IMAP_JUNK_COPIED:
		if (!s->asked_ok)
			return end_move(s);
		j->step = IMAP_JUNK_DELETED;
		return ask_about(s, IMAP_ASKING_NOTHING, "STORE", " +FLAGS.SILENT (\\Deleted)");
	case IMAP_JUNK_DELETED:
		j->step = IMAP_JUNK_MOVED;
		return ask_about(s, IMAP_ASKING_NOTHING, "EXPUNGE", "");
	default:
		return end_move(s);
	}
}

static bool
can_move(const struct imap_session *s)
{
	return s->junk.name.len > 0 &&
	    (s->offers & (imap_capa_bit(IMAP_CAPA_MOVE) | imap_capa_bit(IMAP_CAPA_UIDPLUS))) != 0;
}

enum outcome
imap_move_spam(struct session *session)
{
	struct imap_session *s = imap_of(session);
	struct imap_mailbox *m = s->mailbox;
	const struct imap_view *first;
	enum outcome outcome;

	if (s->hopeless)
		return imap_goto(s, IMAP_FRONT_CLOSE);
	if (s->junk.asked && !s->asked_done)
		return imap_wait_patiently(s, PARTY_SERVER);
	s->junk.asked = false;
	imap_arm(s, 0);
	if (s->junk.step != IMAP_JUNK_REST)
		return move(s);
	first = imap_moves_spam(m) ? next_to_move(m) : NULL;
	if (first != NULL && !m->news.may_expunge) { /* it waits, and what came behind it */
		m->news.done = first->uid - 1;
		m->news.put_off = true;
		first = NULL;
	}
	if (first == NULL)
		return imap_goto(s, IMAP_FRONT_TELL_NEWS);
	if (s->junk.search != IMAP_JUNK_KNOWN && search(s, &outcome))
		return outcome;
	take_some(m, &s->junk.set);
	if (s->junk.set.failed)
		return imap_give_up(s, "out of memory");
	return can_move(s) ? move(s) : imap_goto(s, IMAP_FRONT_MOVE_SPAM);
}

/* ---- mark_late ---- */

/* Those that wait for that mark, as numbers. */
static bool
take_unmarked(struct imap_mailbox *m, enum imap_mark mark, struct buf *set)
{
	struct imap_set_printer printer = { .out = set };
	size_t count = 0;

	buf_clear(set);
	for (size_t i = 0; i < m->view_count && count < MOVE_AT_ONCE; i++) {
		struct imap_view *v = &m->views[i];

		if (v->mark_due != mark)
			continue;
		imap_set_add(&printer, imap_mailbox_number_behind(m, v->uid - 1));
		v->mark_due = IMAP_MARK_NONE;
		v->unsaved = true;
		count++;
	}
	imap_set_finish(&printer);
	return count > 0;
}

/* Spam that was first read where it could not be marked. */
enum outcome
imap_mark_late(struct session *session)
{
	struct imap_session *s = imap_of(session);
	struct imap_mailbox *m = s->mailbox;
	bool may = m->takes_junk && !m->read_only;

	if (s->hopeless)
		return imap_goto(s, IMAP_FRONT_CLOSE);
	if (s->junk.asked && !s->asked_done)
		return imap_wait_patiently(s, PARTY_SERVER);
	s->junk.asked = false;
	for (enum imap_mark mark = IMAP_MARK_JUNK; may && mark <= IMAP_MARK_NOTJUNK; mark++) {
		if (!take_unmarked(m, mark, &s->junk.set))
			continue;
		if (s->junk.set.failed)
			return imap_give_up(s, "out of memory");
		imap_arm(s, ends_settings(&s->ends)->timeouts.command);
		imap_ask(s, IMAP_ASKING_NOTHING, "STORE %.*s +FLAGS.SILENT (%s)", SPAN_ARG(buf_span(&s->junk.set)),
		    mark == IMAP_MARK_JUNK ? "$Junk" : "$NotJunk");
		s->junk.asked = true;
		return imap_wait_patiently(s, PARTY_SERVER);
	}
	imap_arm(s, 0);
	imap_views_save(m);
	return imap_goto(s, m->then);
}
