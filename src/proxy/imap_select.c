/* SELECT, EXAMINE, and their end. */
#include "config.h"

#include "proxy/imap_mailbox.h"
#include "proxy/imap_verbs.h"

static void
select_answered(struct imap_session *s, struct imap_pending *p, const struct imap_response *r)
{
	(void)p;
	imap_mailbox_free(&s->mailbox);
	if (r->status == IMAP_OK) {
		s->state = IMAP_STATE_SELECTED;
		if (s->selecting != NULL)
			imap_mailbox_note(s->selecting, r);
		s->mailbox = s->selecting;
		s->selecting = NULL;
		return;
	}
	/* RFC 3501 6.3.1: then no mailbox is selected. */
	s->state = IMAP_STATE_AUTHENTICATED;
	imap_mailbox_free(&s->selecting);
}

enum outcome
imap_proceed_select(struct imap_session *s, const struct imap_command *c)
{
	struct imap_cursor cursor = imap_cursor(c->arguments);
	struct arena *a = arena_new(0);
	struct span name = SPAN_NONE;

	if (!imap_take_astring(&cursor, a, &name)) {
		arena_free(&a);
		return imap_refuse(s, "BAD", "a mailbox's name is missing");
	}
	if (s->filtered)
		s->selecting = imap_mailbox_new(s, name);
	arena_free(&a);
	if (s->filtered && s->selecting == NULL)
		return imap_give_up(s, "out of memory");
	if (s->selecting != NULL && c->verb == IMAP_EXAMINE)
		s->selecting->read_only = true;
	return imap_relay_unit(s, select_answered, IMAP_FRONT_READ_COMMAND);
}

static void
close_answered(struct imap_session *s, struct imap_pending *p, const struct imap_response *r)
{
	(void)p;
	if (r->status != IMAP_OK)
		return;
	s->state = IMAP_STATE_AUTHENTICATED;
	imap_mailbox_free(&s->mailbox);
}

enum outcome
imap_proceed_close(struct imap_session *s, const struct imap_command *c)
{
	(void)c;
	return imap_relay_unit(s, close_answered, IMAP_FRONT_READ_COMMAND);
}
