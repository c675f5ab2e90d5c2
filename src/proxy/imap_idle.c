/* IDLE. It is relayed; but where messages are judged before they are told, the
 * client's tag waits here, and the upstream hears IDLE under a tag of our own, which
 * ends when something new came and begins again when that was judged. */
#include "config.h"

#include "proxy/imap_mailbox.h"
#include "proxy/imap_message.h"
#include "proxy/imap_verbs.h"

#include "io/loop.h"
#include "wire/line.h"

static void
idle_answered(struct imap_session *s, struct imap_pending *p, const struct imap_response *r)
{
	(void)p;
	(void)r;
	if (s->awaits == IMAP_CONTINUE_IDLE) /* not what the next command awaits by now */
		s->awaits = IMAP_CONTINUE_NONE;
	s->idle_over = true;
}

enum outcome
imap_proceed_idle(struct imap_session *s, const struct imap_command *c)
{
	if (s->mailbox != NULL && s->mailbox->news.before) {
		s->watch = (struct imap_watch){ 0 };
		return imap_goto(s, IMAP_FRONT_WATCH);
	}
	if (!imap_pending_add(s, c->tag, c->verb, false, idle_answered))
		return imap_give_up(s, "out of memory");
	endpoint_write_buf(s->ends.server, &s->unit);
	endpoint_write(s->ends.server, SPAN_LITERAL("\r\n"));
	imap_forget_unit(s);
	buf_shrink(&s->unit); /* it may take long */
	s->idle_over = false;
	s->watch = (struct imap_watch){ 0 };
	s->awaits = IMAP_CONTINUE_IDLE;
	return imap_goto(s, IMAP_FRONT_IDLE);
}

/* ---- the client's DONE ---- */

/* 1: it said DONE. 0: nothing yet. -1: *outcome ends the session; anything else
 * does. */
static int
take_done(struct imap_session *s, enum outcome *outcome)
{
	struct span line;
	size_t used;
	bool clean;
	int got = line_take(endpoint_input(s->ends.client), 64, &line, &used, &clean);

	if (got == 0 && !endpoint_eof(s->ends.client))
		return 0;
	if (got == 0)
		*outcome = imap_goto(s, IMAP_FRONT_CLOSE);
	else if (got < 0 || !clean || !span_is_nocase(line, "DONE"))
		*outcome = imap_give_up(s, "IDLE is ended by DONE");
	else
		endpoint_consume(s->ends.client, used);
	if (got <= 0 || !clean || !span_is_nocase(line, "DONE"))
		return -1;
	ends_progress(&s->ends);
	return 1;
}

/* ---- idle: relayed ---- */

enum outcome
imap_idle(struct session *session)
{
	struct imap_session *s = imap_of(session);
	enum outcome outcome;
	int done;

	if (s->hopeless)
		return imap_goto(s, IMAP_FRONT_CLOSE);
	if (s->idle_over) /* refused, or the server ended it */
		return imap_goto(s, IMAP_FRONT_READ_COMMAND);
	if (s->awaits == IMAP_CONTINUE_IDLE) /* DONE may have come already */
		return imap_wait(s, PARTY_SERVER, ends_settings(&s->ends)->timeouts.command);
	done = take_done(s, &outcome);
	if (done < 0)
		return outcome;
	if (done == 0 && imap_must_leave(s))
		return imap_give_up(s, imap_restarting);
	if (done == 0)
		return imap_wait(s, PARTY_CLIENT, ends_settings(&s->ends)->timeouts.reader_idle);
	endpoint_write(s->ends.server, SPAN_LITERAL("DONE\r\n"));
	return imap_goto(s, IMAP_FRONT_READ_COMMAND);
}

/* ---- watch: under our own tag ---- */

static void
watch_answered(struct imap_session *s, struct imap_pending *p, const struct imap_response *r)
{
	struct imap_watch *w = &s->watch;

	(void)p;
	s->awaits = IMAP_CONTINUE_NONE;
	w->running = false;
	if (!w->ending && r->status == IMAP_OK) /* the server has enough of it */
		w->done = true;
	w->refused = r->status != IMAP_OK;
	w->ending = false;
}

static void
begin_watch(struct imap_session *s)
{
	struct buf line = { 0 };
	char tag[IMAP_OWN_TAG_SIZE];

	imap_own_tag(s, tag);
	buf_printf(&line, "%s IDLE\r\n", tag);
	s->awaits = IMAP_CONTINUE_IDLE;
	s->watch.running = true;
	if (!imap_pending_add(s, span_str(tag), IMAP_IDLE, true, watch_answered) ||
	    !endpoint_write_buf(s->ends.server, &line))
		s->hopeless = true;
	buf_free(&line);
	ends_progress(&s->ends);
}

/* The upstream idles. */
static enum outcome
watch_on(struct imap_session *s, bool news)
{
	const struct timeouts *t = &ends_settings(&s->ends)->timeouts;
	const struct imap_news *n = &s->mailbox->news;
	struct imap_watch *w = &s->watch;
	uint64_t now = loop_now(s->ends.session.proxy->loop);

	if (!w->ending && s->awaits == IMAP_CONTINUE_NONE && (w->done || news)) {
		endpoint_write(s->ends.server, SPAN_LITERAL("DONE\r\n"));
		w->ending = true;
		ends_progress(&s->ends);
	}
	if (w->ending || s->awaits == IMAP_CONTINUE_IDLE)
		return imap_wait(s, PARTY_SERVER, t->command);
	if (imap_must_leave(s))
		return imap_give_up(s, imap_restarting);
	imap_arm(s, n->not_before > now && imap_news_hides(s->mailbox, s->mailbox->exists) ? n->not_before - now : 0);
	return imap_wait(s, PARTY_CLIENT, t->reader_idle);
}

static enum outcome
end_watch(struct imap_session *s)
{
	if (s->watch.refused)
		imap_answer(s, "NO", "the mail server does not idle");
	else
		imap_answer(s, "OK", "idle no more");
	imap_forget_unit(s);
	return imap_goto(s, IMAP_FRONT_READ_COMMAND);
}

enum outcome
imap_watch(struct session *session)
{
	struct imap_session *s = imap_of(session);
	struct imap_watch *w = &s->watch;
	enum outcome outcome;
	bool news;
	int done;

	if (s->hopeless)
		return imap_goto(s, IMAP_FRONT_CLOSE);
	if (!w->done && w->told && (done = take_done(s, &outcome)) != 0) {
		if (done < 0)
			return outcome;
		w->done = true;
	}
	s->mailbox->news.put_off = false;
	news = imap_news_due(s);
	if (w->running)
		return watch_on(s, news);
	if (!imap_may_say(s))
		return imap_wait(s, PARTY_SERVER, ends_settings(&s->ends)->timeouts.data_final);
	imap_arm(s, 0);
	if (w->refused || w->done)
		return end_watch(s);
	if (news)
		return imap_judge_news_then(s, true, IMAP_FRONT_WATCH);
	begin_watch(s);
	return watch_on(s, false);
}
