/* The step driver: a conversation is a list of named steps in protocol order,
 * at the top of its session file. A step is one function; it never touches a
 * descriptor or TLS, and it waits only at its end.
 *
 * The driver runs the current step until one waits; whatever happens at the
 * endpoints wakes the session, and the same step runs again and looks. With
 * log level debug each step that is entered is told, which is what tests of
 * sessions assert on. */
#ifndef PROXY_SESSION_H
#define PROXY_SESSION_H

#include "base/span.h"

#include <sys/queue.h>

struct proxy;
struct session;

enum outcome {
	STEP_NEXT, /* go to the step that session_goto() named, else to the one below */
	STEP_WAIT, /* for whatever happens next at an endpoint, a port or a timer */
	STEP_DONE, /* the session is over */
};

struct step {
	const char *name;
	enum outcome (*run)(struct session *s);
};

enum { SESSION_ID_SIZE = 32 };

/* A list of steps and where it stands. */
struct lane {
	const struct step *steps; /* NULL: there is no such lane */
	size_t at, next;
};

enum { SESSION_LANES = 2 };

struct session {
	struct lane lanes[SESSION_LANES];
	struct lane *lane;                /* whose step runs */
	struct proxy *proxy;
	void (*free)(struct session *s);  /* releases everything, the session too */
	bool running, woken, draining;
	bool ran_short;                   /* of memory */
	char id[SESSION_ID_SIZE];
	LIST_ENTRY(session) others;
};

/* Enters the first step on the next session_wake(). */
void session_start(struct session *s, struct proxy *proxy, const struct step *steps);
/* IMAP's two directions: a second list of steps, which runs beside the first
 * from the next wake on. What one does may be what the other waits for; then it
 * wakes the session. Either may end it. */
void session_add_lane(struct session *s, const struct step *steps);
/* Runs steps until one waits or the session is over (then it is freed). Takes
 * a void pointer to be the callback of endpoints and ports. */
void session_wake(void *session);
/* A step could not have memory that it cannot do without: the session ends behind it.
 * For where an error has no way out; what an arena took of its reserve does the same. */
void session_ran_short(struct session *s);
/* The step to enter, in the same lane, when the current one returns STEP_NEXT. */
void session_goto(struct session *s, size_t step);

#endif
