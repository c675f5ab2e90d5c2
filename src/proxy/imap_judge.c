/* FETCH of what is in messages, under a policy that filters: the client's command
 * waits until each message that it asks for was judged. Each that was not yet is
 * fetched whole by a command of our own, of the same kind as the client's: while
 * FETCH by number is answered no message may be expunged (RFC 9051 7.5.1), and so
 * none is by ours. */
#include "config.h"

#include "proxy/imap_mailbox.h"
#include "proxy/imap_message.h"
#include "proxy/imap_show.h"
#include "proxy/imap_verbs.h"

#include "base/log.h"
#include "wire/imap_set.h"

#include <stdlib.h>

enum {
	SCAN_TRIES = 3,         /* then the reader gets a notice */
	SAVE_EVERY = 100,       /* messages judged */
};

/* ---- FETCH ---- */

/* The message's own header is never changed in place, but where it ends is for
 * programs to differ in: what the server takes for all of it may hold content, and a
 * program may put it together with the text. So only ENVELOPE and the fields that
 * are named, of which nobody makes a message and with which mailboxes are listed,
 * need none, but by layout rewrite. What the server takes for the header of a part
 * may be something else. */
static enum imap_need
need_of(const struct imap_attribute *a)
{
	switch (a->item) {
	case IMAP_ITEM_BINARY_SIZE:
		return IMAP_NEEDS_VERDICT;
	case IMAP_ITEM_RFC822_SIZE:
	case IMAP_ITEM_ENVELOPE:
	case IMAP_ITEM_BODY:
	case IMAP_ITEM_BODYSTRUCTURE:
		return IMAP_NEEDS_LAYOUT;
	default:
		break;
	}
	if (!imap_item_is_message_data(a->item))
		return IMAP_NEEDS_NOTHING;
	return a->section.path_count > 0 || a->section.kind != IMAP_HEADER_FIELDS ? IMAP_NEEDS_VERDICT : IMAP_NEEDS_LAYOUT;
}

/* What FETCH asks; *wrong says how it is wrong, or is NULL. */
static enum imap_need
inspect(const struct imap_command *c, struct span *set, const char **wrong)
{
	struct imap_cursor cursor = imap_cursor(c->arguments);
	struct arena *a = arena_new(0);
	struct imap_fetch f = { 0 };
	enum imap_need needs = IMAP_NEEDS_NOTHING;

	*wrong = "FETCH takes a set and what to fetch";
	if (imap_take_sequence_set(&cursor, set) && imap_take_space(&cursor))
		*wrong = imap_fetch_parse(a, cursor.rest, &f);
	for (size_t i = 0; *wrong == NULL && i < f.count; i++) {
		if (f.attributes[i].item == IMAP_ITEM_OTHER || f.attributes[i].item == IMAP_ITEM_PREVIEW)
			*wrong = "an item that is not known here";
		if (need_of(&f.attributes[i]) > needs)
			needs = need_of(&f.attributes[i]);
	}
	arena_free(&a);
	return needs;
}

static bool
rewrites(const struct imap_session *s)
{
	return ends_settings(&s->ends)->policies[s->policy].layout == LAYOUT_REWRITE;
}

enum outcome
imap_proceed_fetch(struct imap_session *s, const struct imap_command *c)
{
	struct imap_mailbox *m = s->mailbox;
	const char *wrong;
	struct span set;

	if (m == NULL)
		return imap_relay_unit(s, NULL, IMAP_FRONT_READ_COMMAND);
	m->needs = inspect(c, &set, &wrong);
	if (wrong != NULL)
		return imap_refuse(s, "BAD", wrong);
	if (m->needs == IMAP_NEEDS_LAYOUT && !rewrites(s) && !m->peeked && !m->recalled)
		return imap_goto(s, IMAP_FRONT_PEEK_VIEWS);
	if (m->needs == IMAP_NEEDS_NOTHING || (m->needs == IMAP_NEEDS_LAYOUT && !rewrites(s) && !m->has_rewritten))
		return imap_relay_unit(s, NULL, IMAP_FRONT_READ_COMMAND);
	if (s->pending_count > 0)
		return imap_wait(s, PARTY_SERVER, ends_settings(&s->ends)->timeouts.data_final);
	m->by_uid = c->uid;
	m->saved_asked = false;
	imap_forget_wanted(m);
	m->then = IMAP_FRONT_JUDGE_MESSAGES;
	imap_begin_waiting(s);
	return imap_goto(s, span_is(set, "$") ? IMAP_FRONT_FIND_SAVED : IMAP_FRONT_MAP_MAILBOX);
}

/* ---- waiting for a command of our own ---- */

void
imap_begin_waiting(struct imap_session *s)
{
	s->patient_until = loop_now(s->ends.session.proxy->loop) + IMAP_PATIENCE_MS;
}

enum outcome
imap_wait_patiently(struct imap_session *s, enum party whom)
{
	uint64_t now = loop_now(s->ends.session.proxy->loop);

	if (s->hopeless || endpoint_broken(s->ends.client))
		return imap_goto(s, IMAP_FRONT_CLOSE);
	if (now >= s->patient_until) {
		if (imap_may_say(s))
			imap_say(s, "* OK messages are being looked at");
		s->patient_until = now + IMAP_PATIENCE_MS;
	}
	if (endpoint_expired(s->ends.server))
		return imap_lost(s, "timeout: the mail server does not answer", "timeout");
	ends_progress(&s->ends);
	ends_wait(&s->ends, whom, s->patient_until - now, 0);
	return STEP_WAIT;
}

void
imap_arm(struct imap_session *s, uint64_t timeout)
{
	endpoint_deadline(s->ends.server, timeout > 0 ? loop_now(s->ends.session.proxy->loop) + timeout : 0);
}

void
imap_message_goes_on(struct imap_session *s)
{
	imap_arm(s, ends_settings(&s->ends)->timeouts.data_block);
}

/* ---- judging ---- */

static void
log_verdict(struct imap_session *s)
{
	const struct imap_mailbox *m = s->mailbox;
	const struct held *h = &m->fetching.held;
	struct log_entry e;

	held_count(h, PROTOCOL_IMAP, s->policy);
	if (!log_enabled(LOG_LEVEL_INFO))
		return;
	ends_log_begin(&e, &s->ends, LOG_LEVEL_INFO, "message");
	log_span(&e, "user", buf_span(&s->user));
	log_span(&e, "mailbox", buf_span(&m->name));
	log_number(&e, "uid", m->fetching.uid);
	log_number(&e, "size", (int64_t)h->spool.size);
	log_text(&e, "policy", ends_settings(&s->ends)->policies[s->policy].name);
	held_log(&e, h);
	log_end(&e);
}

static void
ask_verdict(struct imap_session *s)
{
	struct held *h = &s->mailbox->fetching.held;
	struct scan_request request = {
		.policy = s->policy, .protocol = PROTOCOL_IMAP, .user = buf_span(&s->user), .tls = s->ends.secure,
	};

	peer_bytes(&s->ends.peer, request.client);
	request.rewrite = rewrites(s) && imap_mailbox_is_new(s->mailbox, s->mailbox->fetching.uid);
	scan_preferences_from(held_arena(h), s->own, &request.own);
	held_ask_verdict(h, &request);
	imap_arm(s, scan_patience(s->ends.session.proxy->scan, s->policy));
}

static void
ask_keeper(struct imap_session *s)
{
	struct held *h = &s->mailbox->fetching.held;
	struct quarantine_item item = ends_item(&s->ends, held_arena(h), s->policy);

	item.user = buf_span(&s->user);
	held_ask_keeper(h, &item);
	imap_arm(s, ends_settings(&s->ends)->timeouts.scan);
}

/* The answer without what only the log wants of it. */
static const struct scan_answer *
keep_shown(struct imap_mailbox *m, const struct scan_answer *answer)
{
	struct scan_answer lean = *answer, *shown;
	struct arena *a = imap_mailbox_arena(m);
	struct buf encoded = { 0 };
	bool ok;

	lean.hit_count = lean.defect_count = lean.part_count = 0;
	lean.reply = lean.subject = lean.author = SPAN_NONE;
	shown = ARENA_NEW(a, struct scan_answer);
	scan_answer_encode(&encoded, &lean);
	ok = !encoded.failed && scan_answer_decode(a, arena_copy(a, buf_span(&encoded)), shown);
	buf_free(&encoded);
	return ok ? shown : NULL;
}

static enum imap_mark
mark_of(const struct scan_answer *a)
{
	if (a->tagged)
		return IMAP_MARK_JUNK;
	return a->allowed ? IMAP_MARK_NOTJUNK : IMAP_MARK_NONE;
}

/* What is shown of it is settled. False: no memory. */
static bool
settle(struct imap_session *s)
{
	struct imap_mailbox *m = s->mailbox;
	const struct held *h = &m->fetching.held;
	uint32_t uid = m->fetching.uid;
	struct imap_view *v = imap_view_add(m, uid);

	if (v == NULL)
		return false;
	*v = (struct imap_view){ .uid = uid, .judged = true, .kept = h->kept, .unsaved = true,
		.verdict = h->answer->verdict, .octets = h->spool.size,
		.to_move = h->answer->tagged && imap_moves_spam(m) && imap_news_hides(m, imap_mailbox_number_behind(m, uid - 1)),
		.mark_due = mark_of(h->answer) };
	imap_ahead_mark(m, v->mark_due);
	if (h->answer->edit_count == 0 || (!h->answer->in_place && !h->answer->has_told)) /* nobody could tell of it */
		return true;
	v->shown = keep_shown(m, h->answer);
	m->has_rewritten = m->has_rewritten || h->answer->has_told;
	return v->shown != NULL;
}

static void
withhold(struct imap_session *s, const char *why)
{
	struct held *h = &s->mailbox->fetching.held;

	scan_answer_withhold_in_place(held_arena(h), h->answer, held_head(h), h->spool.size, why);
}

/* Nobody could scan it this time. False: the client is to come again. The log and
 * the quarantine are told why. */
static bool
take_failure(struct imap_session *s)
{
	struct imap_mailbox *m = s->mailbox;
	struct imap_view *v = imap_view_add(m, m->fetching.uid);
	struct scan_answer *a = m->fetching.held.answer;
	struct span reason = a->reason;

	if (v != NULL) {
		v->failures++;
		v->unsaved = true;
	}
	if (v == NULL || (a->readings == 0 && v->failures < SCAN_TRIES)) {
		log_verdict(s);
		return false;
	}
	withhold(s, "this message could not be scanned");
	a->reason = reason;
	return true;
}

/* The client's command cannot be answered now. It hears so when all that was asked
 * for came. */
static void
fail(struct imap_session *s, const char *text)
{
	s->mailbox->fetching.failure = text;
}

static enum outcome
refuse_fetch(struct imap_session *s)
{
	struct imap_mailbox *m = s->mailbox;
	const char *text = m->fetching.failure;

	held_reset(&m->fetching.held);
	m->fetching.uid = IMAP_NO_UID;
	m->fetching.failure = NULL;
	imap_views_save(m);
	imap_arm(s, 0);
	return m->then == IMAP_FRONT_JUDGE_NEWS ? imap_news_fail(s) : imap_refuse(s, "NO", text);
}

/* Goes on with the message at hand: true = it is judged and settled, else
 * *outcome says how to go on. */
static bool
decide(struct imap_session *s, enum outcome *outcome)
{
	struct imap_mailbox *m = s->mailbox;
	struct held *h = &m->fetching.held;

	if (h->job == NULL && h->answer == NULL)
		ask_verdict(s);
	if (h->answer == NULL && endpoint_expired(s->ends.server))
		held_abandon_scan(h, s->policy);
	if (h->answer == NULL) {
		*outcome = imap_wait_patiently(s, PARTY_SCANNER);
		return false;
	}
	if ((h->answer->in_place || h->answer->has_told) && !imap_view_fits(h->answer, h->spool.size))
		held_refuse_answer(h);
	if (h->keep == NULL && !h->kept && !h->keep_failed) {
		if (!h->answer->complete && h->answer->verdict == VERDICT_DEFER && !take_failure(s)) {
			fail(s, "[UNAVAILABLE] a message could not be scanned, try again later");
			return true;
		}
		if (h->answer->verdict >= VERDICT_QUARANTINE && h->answer->edit_count == 0)
			withhold(s, arena_strndup(held_arena(h), h->answer->reason));
		if (h->answer->verdict >= VERDICT_STRIP)
			ask_keeper(s);
	}
	if (h->keep != NULL && endpoint_expired(s->ends.server))
		h->keep_failed = true;
	if (h->keep_failed) {
		fail(s, "[UNAVAILABLE] the original of a message cannot be kept now, try again later");
		return true;
	}
	if (h->keep != NULL) {
		*outcome = imap_wait_patiently(s, PARTY_KEEPER);
		return false;
	}
	return true;
}

/* The message at hand has not come, but all that was asked for with it: true = it is
 * gone, or the mail server does not give it. */
static bool
look_for(struct imap_session *s, enum outcome *outcome)
{
	if (!imap_ahead_end(s, outcome))
		return false;
	if (s->mailbox->fetching.asked_count > 1) {
		imap_ahead_ask_alone(s);
		*outcome = imap_wait_patiently(s, PARTY_SERVER);
		return false;
	}
	if (!s->asked_ok)
		fail(s, "[UNAVAILABLE] the mail server does not give a message, try again later");
	return true;
}

/* Fetched and judged: true = there is a view, or no such message any more, or it
 * has failed. */
static bool
look_at(struct imap_session *s, enum outcome *outcome)
{
	struct imap_mailbox *m = s->mailbox;
	struct imap_fetching *f = &m->fetching;

	if (s->asking == IMAP_ASKING_MESSAGE && !f->ended) {
		*outcome = imap_wait_patiently(s, PARTY_SERVER);
		return false;
	}
	if (f->refused) {
		fail(s, "[UNAVAILABLE] no room for a message, try again later");
		return true;
	}
	if (!f->came)
		return look_for(s, outcome);
	if (!imap_object_find(s) && endpoint_expired(s->ends.server))
		imap_object_give_up(s);
	if (!imap_object_find(s)) {
		*outcome = imap_wait_patiently(s, PARTY_KEEPER);
		return false;
	}
	if (imap_object_is_known(m))
		return true;
	if (!decide(s, outcome))
		return false;
	if (f->failure != NULL)
		return true;
	log_verdict(s);
	if (!settle(s)) {
		*outcome = imap_give_up(s, "out of memory");
		return false;
	}
	imap_object_remember(m, imap_view_find(m, f->uid));
	return true;
}

bool
imap_judge_one(struct imap_session *s, enum outcome *outcome)
{
	struct imap_mailbox *m = s->mailbox;
	struct imap_fetching *f = &m->fetching;

	if (!f->settled) {
		if (!look_at(s, outcome))
			return false;
		f->settled = true;
		imap_arm(s, ends_settings(&s->ends)->timeouts.data_final);
	}
	if ((f->failure != NULL || f->at + 1 == f->asked_count) && !imap_ahead_end(s, outcome))
		return false;
	if (f->failure != NULL) {
		*outcome = refuse_fetch(s);
		return false;
	}
	imap_ahead_next(s);
	if (++m->judged % SAVE_EVERY == 0)
		imap_views_save(m);
	return true;
}

/* ---- judge_messages: which of them ---- */

static int
compare_ranges(const void *a, const void *b)
{
	const struct imap_range *x = a, *y = b;

	return (x->low > y->low) - (x->low < y->low);
}

void
imap_forget_wanted(struct imap_mailbox *m)
{
	free(m->wanted);
	m->wanted = NULL;
}

/* The set as ranges in order. False: no memory. */
static bool
sort_wanted(struct imap_mailbox *m, struct span set)
{
	uint32_t last = m->by_uid ? imap_mailbox_uid(m, m->exists) : m->exists;
	struct span rest = set;
	struct imap_range range;
	size_t count = 1;

	for (size_t i = 0; i < set.len; i++)
		count += set.data[i] == ',';
	imap_forget_wanted(m);
	m->wanted = calloc(count, sizeof(*m->wanted));
	m->wanted_count = 0;
	if (m->wanted == NULL)
		return false;
	while (m->wanted_count < count && imap_set_next(&rest, last, &range))
		m->wanted[m->wanted_count++] = range;
	qsort(m->wanted, m->wanted_count, sizeof(m->wanted[0]), compare_ranges);
	m->wanted_at = 0;
	m->looked_at = IMAP_NO_UID;
	return true;
}

bool
imap_is_wanted(struct imap_mailbox *m, uint32_t number)
{
	while (m->wanted_at < m->wanted_count && m->wanted[m->wanted_at].high < number)
		m->wanted_at++;
	return m->wanted_at < m->wanted_count && m->wanted[m->wanted_at].low <= number;
}

/* The UID of the next message of the set that has no view. UIDs ascend as numbers do,
 * and stay what they are when others are expunged. */
static uint32_t
next_unjudged(struct imap_mailbox *m, uint32_t behind)
{
	if (behind == m->looked_at)
		m->wanted_at = 0;
	for (uint32_t n = imap_mailbox_number_behind(m, behind); n <= m->exists; n++) {
		uint32_t uid = imap_mailbox_uid(m, n);

		if (uid == IMAP_NO_UID) /* it came meanwhile, and is looked at when it is known */
			return IMAP_NO_UID;
		if (!imap_is_wanted(m, m->by_uid ? uid : n) || (m->needs == IMAP_NEEDS_LAYOUT && !imap_mailbox_is_new(m, uid)))
			continue;
		if (!imap_is_judged(m, uid))
			return uid;
	}
	return IMAP_NO_UID;
}

/* Something new came meanwhile, and "*" may be another message now. */
static enum outcome
map_anew(struct imap_session *s)
{
	imap_forget_wanted(s->mailbox);
	return imap_goto(s, IMAP_FRONT_MAP_MAILBOX);
}

enum outcome
imap_judge_messages(struct session *session)
{
	struct imap_session *s = imap_of(session);
	struct imap_mailbox *m = s->mailbox;
	enum outcome outcome;
	const char *wrong;
	struct span set;

	if (s->hopeless)
		return imap_goto(s, IMAP_FRONT_CLOSE);
	if (!imap_may_say(s)) /* it may end in a refusal */
		return imap_wait(s, PARTY_SERVER, ends_settings(&s->ends)->timeouts.data_final);
	imap_command_parse(buf_span(&s->unit), &s->command);
	inspect(&s->command, &set, &wrong);
	if (m->fetching.uid == IMAP_NO_UID && imap_mailbox_first_unknown(m) != 0)
		return map_anew(s);
	if (m->wanted == NULL && !sort_wanted(m, span_is(set, "$") ? buf_span(&m->saved) : set))
		return imap_give_up(s, "out of memory");
	while (m->fetching.uid != IMAP_NO_UID || imap_ahead_begin(s, next_unjudged, m->looked_at)) {
		m->looked_at = m->fetching.uid;
		if (!imap_judge_one(s, &outcome))
			return outcome;
	}
	if (imap_mailbox_first_unknown(m) != 0)
		return map_anew(s);
	imap_views_save(m);
	held_free(&m->fetching.held);
	imap_arm(s, 0);
	ends_progress(&s->ends);
	return imap_answer_fetch(s);
}
