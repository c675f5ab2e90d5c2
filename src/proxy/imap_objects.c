/* What the keeper has of messages that are fetched: their views in this mailbox, which
 * another session may have made since, or, where the server tells by what it names a
 * message wherever that is, its view from another mailbox. */
#include "config.h"

#include "proxy/imap_mailbox.h"
#include "proxy/imap_message.h"

enum {
	OBJECT_MAX = 255, /* RFC 8474 4; Gmail's are numbers */
	QUARTER_SIZE = sizeof("imap objects -9223372036854775808"),
};

const char *
imap_object_item(const struct imap_session *s)
{
	if ((s->offers & imap_capa_bit(IMAP_CAPA_OBJECTID)) != 0)
		return "EMAILID ";
	return (s->offers & imap_capa_bit(IMAP_CAPA_X_GM_EXT_1)) != 0 ? "X-GM-MSGID " : "";
}

void
imap_object_told(struct imap_session *s, const struct imap_fetch_piece *piece)
{
	struct imap_fetching *f = &s->mailbox->fetching;
	enum imap_item item = piece->attribute.item;
	struct span id = piece->value;

	if (s->asking != IMAP_ASKING_MESSAGE || s->in.uid != f->uid || piece->is_literal || piece->goes_on ||
	    (item != IMAP_ITEM_EMAILID && item != IMAP_ITEM_X_GM_MSGID))
		return;
	if (item == IMAP_ITEM_EMAILID && id.len > 2)
		id = span_first(span_from(id, 1), id.len - 2); /* its parentheses */
	buf_clear(&f->object);
	if (id.len <= OBJECT_MAX)
		buf_add_span(&f->object, id);
}

/* No mailbox tells that such a message is gone. So they are kept by quarters, each
 * with an owner of its own: in this one and the one before is looked, and an owner
 * whom nobody asks is forgotten (VIEWS_KEPT_DAYS). */
static struct view_owner
owner_of_objects(struct imap_session *s, unsigned quarters_ago, char name[static QUARTER_SIZE])
{
	snprintf(name, QUARTER_SIZE, "imap objects %lld", (long long)(views_today() / VIEWS_KEPT_DAYS) - quarters_ago);
	return (struct view_owner){ span_str(ends_server(&s->ends, s->server)), buf_span(&s->mail_of), span_str(name) };
}

/* ---- asking ---- */

/* A message that somebody has moved back is not moved again. NULL: there is no view. */
static struct imap_view *
add_view(struct imap_mailbox *m, uint32_t uid, const struct imap_view *v)
{
	struct imap_view *added = imap_view_add(m, uid);

	if (added == NULL)
		return NULL;
	*added = *v;
	added->uid = uid;
	added->to_move = false;
	added->unsaved = true;
	return added;
}

static void
found_by_uid(void *context, bool ok, struct span views)
{
	struct imap_mailbox *m = context;
	struct view one;

	m->fetching.recalling = NULL;
	while (ok && keep_views_next(&views, &one)) {
		struct imap_view v = { 0 };
		uint64_t uid;

		if (span_to_u64(one.message, &uid) && uid <= UINT32_MAX && !imap_is_judged(m, (uint32_t)uid) &&
		    imap_view_decode(m, one.state, &v) && v.judged)
			add_view(m, (uint32_t)uid, &v);
	}
	session_wake(m->session);
}

void
imap_object_recall(struct imap_session *s)
{
	struct imap_mailbox *m = s->mailbox;
	struct imap_fetching *f = &m->fetching;
	struct span names[IMAP_FETCH_AT_ONCE];
	char uids[IMAP_FETCH_AT_ONCE][16];
	struct view_owner owner;
	struct buf mailbox = { 0 };

	keep_cancel(&f->recalling);
	if (s->user.len == 0 || m->uidvalidity == 0)
		return;
	for (unsigned i = 0; i < f->asked_count; i++) {
		snprintf(uids[i], sizeof(uids[i]), "%u", f->asked[i].uid);
		names[i] = span_str(uids[i]);
	}
	owner = imap_mailbox_owner(m, &mailbox);
	f->recalling = keep_views_find(s->ends.session.proxy->keep, &owner, names, f->asked_count, found_by_uid, m);
	buf_free(&mailbox);
}

/* By another mailbox's view of layout rewrite only what is new here can be shown: of
 * others the server may have told sizes already. */
static bool
suits(const struct imap_mailbox *m, const struct imap_view *v)
{
	return v->judged && v->octets == m->fetching.held.spool.size &&
	    (v->shown == NULL || !v->shown->has_told || imap_mailbox_is_new(m, m->fetching.uid));
}

static void
found_object(void *context, bool ok, struct span views)
{
	struct imap_mailbox *m = context;
	struct imap_fetching *f = &m->fetching;
	struct imap_view v = { 0 }, *added;
	struct view one;

	f->finding = NULL;
	if (ok && keep_views_next(&views, &one) && imap_view_decode(m, one.state, &v) && suits(m, &v) &&
	    (added = add_view(m, f->uid, &v)) != NULL) {
		if (f->find == IMAP_FIND_BY_OBJECT_BEFORE)
			imap_object_remember(m, added);
		f->find = IMAP_FIND_OVER;
	} else {
		f->find++;
	}
	session_wake(m->session);
}

static void
ask_by_object(struct imap_mailbox *m)
{
	struct imap_fetching *f = &m->fetching;
	char name[QUARTER_SIZE];
	struct view_owner owner = owner_of_objects(m->session, f->find == IMAP_FIND_BY_OBJECT_BEFORE, name);
	struct span object = buf_span(&f->object);

	if (object.len > 0)
		f->finding = keep_views_find(m->session->ends.session.proxy->keep, &owner, &object, 1, found_object, m);
}

bool
imap_object_is_known(struct imap_mailbox *m)
{
	const struct imap_view *v = imap_view_find(m, m->fetching.uid);

	return v != NULL && v->judged && v->octets == m->fetching.held.spool.size;
}

bool
imap_object_find(struct imap_session *s)
{
	struct imap_mailbox *m = s->mailbox;
	struct imap_fetching *f = &m->fetching;

	if (s->user.len == 0)
		return true;
	if (f->recalling != NULL)
		return false;
	if (imap_object_is_known(m))
		return true;
	while (f->finding == NULL && f->find != IMAP_FIND_OVER) {
		ask_by_object(m);
		if (f->finding == NULL)
			f->find++;
		else
			imap_arm(s, IMAP_RECALL_MS);
	}
	return f->finding == NULL;
}

void
imap_object_give_up(struct imap_session *s)
{
	keep_cancel(&s->mailbox->fetching.recalling);
	keep_cancel(&s->mailbox->fetching.finding);
	s->mailbox->fetching.find = IMAP_FIND_OVER;
}

/* ---- telling ---- */

void
imap_object_remember(struct imap_mailbox *m, const struct imap_view *v)
{
	struct imap_session *s = m->session;
	char name[QUARTER_SIZE];
	struct view_owner owner = owner_of_objects(s, 0, name);
	struct view put = { .message = buf_span(&m->fetching.object) };
	struct buf state = { 0 };

	if (v == NULL || put.message.len == 0 || s->user.len == 0)
		return;
	imap_view_encode(&state, v);
	put.state = buf_span(&state);
	if (!state.failed && view_fits(&put))
		keep_views_change(s->ends.session.proxy->keep, &owner, &put, 1, NULL, 0);
	buf_free(&state);
}
