/* Messages that are to be judged are fetched several at once, so that not each of
 * them waits for an answer of a mail server far away. They are judged one by one as
 * they come: what comes behind the one at hand is not read before that. The set goes
 * on with more when all of it came. */
#include "config.h"

#include "proxy/imap_mailbox.h"
#include "proxy/imap_message.h"

enum {
	/* Asked for at once, as far as can be told from those before: the client may go,
	 * or a scan fail, and the rest comes in vain. */
	AHEAD_OCTETS = 1024 * 1024,
	/* Servers that give them in another order, or of which others expunge much, are
	 * asked for each by itself. */
	ASTRAY_MAX = 3,
};

static unsigned
at_once(const struct imap_fetching *f)
{
	uint64_t count;

	if (f->came_octets == 0 || f->astray >= ASTRAY_MAX)
		return 1;
	count = (uint64_t)AHEAD_OCTETS * f->came_count / f->came_octets;
	return count < 1 ? 1 : count < IMAP_FETCH_AT_ONCE ? (unsigned)count : IMAP_FETCH_AT_ONCE;
}

static void
take_in_hand(struct imap_session *s, unsigned at)
{
	struct imap_fetching *f = &s->mailbox->fetching;

	held_reset(&f->held);
	f->at = at;
	f->uid = f->asked[at].uid;
	f->came = f->refused = f->ended = f->settled = false;
	f->find = IMAP_FIND_BY_OBJECT;
	buf_clear(&f->object);
	imap_arm(s, ends_settings(&s->ends)->timeouts.data_final);
}

/* Prints those of the command at hand that get that mark; of all, by IMAP_MARK_NONE. */
static void
print_asked(const struct imap_mailbox *m, enum imap_mark mark, struct buf *set)
{
	const struct imap_fetching *f = &m->fetching;
	struct imap_set_printer printer = { .out = set };

	for (unsigned i = 0; i < f->asked_count; i++)
		if (mark == IMAP_MARK_NONE || f->asked[i].mark == mark)
			imap_set_add(&printer, m->by_uid ? f->asked[i].uid : imap_mailbox_number_behind(m, f->asked[i].uid - 1));
	imap_set_finish(&printer);
}

static void
ask(struct imap_session *s)
{
	struct imap_mailbox *m = s->mailbox;
	struct buf set = { 0 };

	print_asked(m, IMAP_MARK_NONE, &set);
	if (set.failed)
		session_ran_short(&s->ends.session);
	m->fetching.came_octets = m->fetching.came_count = 0;
	take_in_hand(s, 0);
	imap_object_recall(s);
	imap_ask(s, IMAP_ASKING_MESSAGE, "%sFETCH %.*s (UID %sBODY.PEEK[])", m->by_uid ? "UID " : "", SPAN_ARG(buf_span(&set)),
	    imap_object_item(s));
	buf_free(&set);
}

bool
imap_ahead_begin(struct imap_session *s, imap_next_message *next, uint32_t behind)
{
	struct imap_fetching *f = &s->mailbox->fetching;
	unsigned most = at_once(f), count = 0;
	uint32_t uid;

	while (count < most && (uid = next(s->mailbox, behind)) != IMAP_NO_UID && (count == 0 || uid > behind)) {
		f->asked[count++] = (struct imap_asked){ .uid = uid };
		behind = uid;
	}
	f->asked_count = count;
	if (count > 0)
		ask(s);
	return count > 0;
}

void
imap_ahead_ask_alone(struct imap_session *s)
{
	struct imap_fetching *f = &s->mailbox->fetching;

	f->astray++;
	f->asked[0] = (struct imap_asked){ .uid = f->uid };
	f->asked_count = 1;
	ask(s);
}

void
imap_ahead_next(struct imap_session *s)
{
	struct imap_fetching *f = &s->mailbox->fetching;

	f->came_count += f->came;
	f->came_octets += f->came ? f->held.spool.size : 0;
	f->uid = IMAP_NO_UID;
	if (f->at + 1 < f->asked_count)
		take_in_hand(s, f->at + 1);
}

bool
imap_ahead_is_full(const struct imap_session *s)
{
	const struct imap_fetching *f = &s->mailbox->fetching;

	return s->asking == IMAP_ASKING_MESSAGE && f->ended && !f->settled;
}

void
imap_ahead_heard(struct imap_session *s)
{
	struct imap_fetching *f = &s->mailbox->fetching;

	if (s->asking != IMAP_ASKING_MESSAGE || s->in.uid != f->uid || f->ended || (!f->came && !f->refused))
		return;
	f->ended = true;
	imap_arm(s, IMAP_RECALL_MS);
}

/* ---- marks ---- */

/* Spam is marked by the keyword that is registered for it (RFC 9051 2.3.2). */
void
imap_ahead_mark(struct imap_mailbox *m, enum imap_mark mark)
{
	if (m->takes_junk && !m->read_only)
		m->fetching.asked[m->fetching.at].mark = mark;
}

bool
imap_ahead_marks(const struct imap_mailbox *m, uint32_t uid)
{
	const struct imap_fetching *f = &m->fetching;

	for (unsigned i = 0; i < f->asked_count; i++)
		if (f->asked[i].uid == uid)
			return f->asked[i].mark == f->marking;
	return false;
}

static void
note_marked(struct imap_mailbox *m)
{
	struct imap_fetching *f = &m->fetching;

	for (unsigned i = 0; i < f->asked_count; i++) {
		struct imap_view *v = imap_view_find(m, f->asked[i].uid);

		if (f->asked[i].mark != f->marking)
			continue;
		f->asked[i].mark = IMAP_MARK_NONE;
		if (v != NULL) {
			v->mark_due = IMAP_MARK_NONE;
			v->unsaved = true;
		}
	}
	f->marking = IMAP_MARK_NONE;
}

/* False: nothing gets that mark. */
static bool
ask_mark(struct imap_session *s, enum imap_mark mark)
{
	struct imap_mailbox *m = s->mailbox;
	struct buf set = { 0 };
	bool any;

	print_asked(m, mark, &set);
	if (set.failed)
		session_ran_short(&s->ends.session);
	any = set.len > 0;
	if (any) {
		m->fetching.marking = mark;
		imap_arm(s, ends_settings(&s->ends)->timeouts.command);
		imap_ask(s, IMAP_ASKING_MARK, "%sSTORE %.*s +FLAGS.SILENT (%s)", m->by_uid ? "UID " : "",
		    SPAN_ARG(buf_span(&set)), mark == IMAP_MARK_JUNK ? "$Junk" : "$NotJunk");
	}
	buf_free(&set);
	return any;
}

bool
imap_ahead_end(struct imap_session *s, enum outcome *outcome)
{
	struct imap_fetching *f = &s->mailbox->fetching;

	if (s->asking == IMAP_ASKING_NOTHING && f->marking != IMAP_MARK_NONE)
		note_marked(s->mailbox);
	if (s->asking == IMAP_ASKING_NOTHING && !ask_mark(s, IMAP_MARK_JUNK) && !ask_mark(s, IMAP_MARK_NOTJUNK))
		return true;
	*outcome = imap_wait_patiently(s, PARTY_SERVER);
	return false;
}
