/* The step driver. A step may wake its own session (writing to an endpoint
 * that turns out to be broken does): that is remembered and the step runs once
 * more, so no wake is lost and none recurses. */
#include "config.h"

#include "proxy/session.h"

#include "base/log.h"
#include "proxy/proxy.h"

#include <stdio.h>

static void
trace(const struct session *s)
{
	struct log_entry e;

	if (!log_enabled(LOG_LEVEL_DEBUG))
		return;
	log_begin(&e, LOG_LEVEL_DEBUG, "step");
	log_text(&e, "session", s->id);
	log_text(&e, "step", s->steps[s->at].name);
	log_end(&e);
}

void
session_start(struct session *s, struct proxy *proxy, const struct step *steps)
{
	s->proxy = proxy;
	s->steps = steps;
	s->at = 0;
	snprintf(s->id, sizeof(s->id), "%zx-%llx", proxy->index, (unsigned long long)++proxy->sessions_begun);
	LIST_INSERT_HEAD(&proxy->sessions, s, others);
	proxy->session_count++;
	trace(s);
}

void
session_goto(struct session *s, size_t step)
{
	s->next = step;
}

static void
finish(struct session *s)
{
	struct proxy *proxy = s->proxy;

	LIST_REMOVE(s, others);
	proxy->session_count--;
	s->free(s);
	proxy_session_ended(proxy);
}

void
session_wake(void *session)
{
	struct session *s = session;
	enum outcome outcome;

	s->woken = true;
	if (s->running)
		return;
	s->running = true;
	do {
		s->woken = false;
		s->next = s->at + 1;
		outcome = s->steps[s->at].run(s);
		if (outcome == STEP_NEXT) {
			s->at = s->next;
			trace(s);
		}
	} while (outcome == STEP_NEXT || (outcome == STEP_WAIT && s->woken));
	s->running = false;
	if (outcome == STEP_DONE)
		finish(s);
}
