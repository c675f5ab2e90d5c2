/* New mail in the selected mailbox. */
#include "config.h"

#include "proxy/imap_mailbox.h"

/* ---- what is new ---- */

/* RFC 9051 2.3.1.1: every message that comes later has this UID or a higher one. */
static uint32_t
next_uid(const struct imap_mailbox *m)
{
	uint32_t highest = imap_mailbox_uid(m, m->exists);

	if (m->uidnext > 0 && m->uidnext <= UINT32_MAX)
		return (uint32_t)m->uidnext;
	return highest < UINT32_MAX ? highest + 1 : UINT32_MAX;
}

static void
remember_first_next(struct imap_mailbox *m)
{
	struct buf mailbox = { 0 }, state = { 0 };
	struct view_owner owner = imap_mailbox_owner(m, &mailbox);
	struct view put = { .message = SPAN_LITERAL(IMAP_FIRST_NEXT) };

	buf_put_u32(&state, m->first_next);
	put.state = buf_span(&state);
	if (!state.failed && !mailbox.failed)
		keep_views_change(m->session->ends.session.proxy->keep, &owner, &put, 1, NULL, 0);
	buf_free(&state);
	buf_free(&mailbox);
}

void
imap_mailbox_recalled(struct imap_mailbox *m, bool ok)
{
	if (m->first_next != 0)
		return;
	m->first_next = next_uid(m);
	if (ok) /* else there may be an earlier one */
		remember_first_next(m);
}

bool
imap_mailbox_is_new(const struct imap_mailbox *m, uint32_t uid)
{
	return m->first_next != 0 && uid >= m->first_next;
}
