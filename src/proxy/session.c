/* The step driver. A step may wake its own session (writing to an endpoint
 * that turns out to be broken does): that is remembered and the step runs once
 * more, so no wake is lost and none recurses. */
#include "config.h"

#include "proxy/session.h"

#include "base/arena.h"
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
	log_text(&e, "step", s->lane->steps[s->lane->at].name);
	log_end(&e);
}

void
session_start(struct session *s, struct proxy *proxy, const struct step *steps)
{
	s->proxy = proxy;
	s->lane = &s->lanes[0];
	s->lane->steps = steps;
	snprintf(s->id, sizeof(s->id), "%zx-%llx", proxy->index, (unsigned long long)++proxy->sessions_begun);
	LIST_INSERT_HEAD(&proxy->sessions, s, others);
	proxy->session_count++;
	trace(s);
}

void
session_add_lane(struct session *s, const struct step *steps)
{
	s->lanes[1] = (struct lane){ .steps = steps };
}

void
session_goto(struct session *s, size_t step)
{
	s->lane->next = step;
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
session_ran_short(struct session *s)
{
	s->ran_short = true;
}

/* The next session may need the reserve that this one has used. */
static bool
ran_short(const struct session *s)
{
	bool reserve = arena_ran_short();

	if (!s->ran_short && !reserve)
		return false;
	log_error("memory", "no memory is left: session %s ends", s->id);
	return true;
}

/* Steps of one lane until one waits, or the session is over. */
static enum outcome
run_lane(struct session *s, struct lane *lane)
{
	enum outcome outcome = STEP_WAIT;

	s->lane = lane;
	while (lane->steps != NULL) {
		lane->next = lane->at + 1;
		outcome = lane->steps[lane->at].run(s);
		if (outcome != STEP_DONE && ran_short(s))
			return STEP_DONE;
		if (outcome != STEP_NEXT)
			break;
		lane->at = lane->next;
		trace(s);
	}
	return outcome;
}

void
session_wake(void *session)
{
	struct session *s = session;
	enum outcome outcome = STEP_WAIT;

	s->woken = true;
	if (s->running)
		return;
	s->running = true;
	while (s->woken && outcome != STEP_DONE) {
		s->woken = false;
		for (size_t i = 0; i < SESSION_LANES && outcome != STEP_DONE; i++)
			outcome = run_lane(s, &s->lanes[i]);
	}
	s->running = false;
	if (outcome == STEP_DONE)
		finish(s);
}
