/* The event loop of one process, and timers: libevent underneath. */
#ifndef IO_LOOP_H
#define IO_LOOP_H

#include "base/span.h"

#include <sys/types.h>

struct event_base;
struct loop;
/* NULL when the kernel refuses. The process ignores SIGPIPE from now on:
 * sendfile() and OpenSSL cannot be told to do without. */
struct loop *loop_new(void);
void loop_free(struct loop **l); /* ends the endpoints that linger */
void loop_run(struct loop *l); /* until loop_stop(), or nothing is left to wait for */
void loop_stop(struct loop *l);
struct event_base *loop_base(struct loop *l); /* for other users of libevent */
/* How many closed endpoints are still sending: a process that ends waits for them. */
size_t loop_lingering(const struct loop *l);
/* Milliseconds of the monotonic clock, as cached for this turn of the loop. */
uint64_t loop_now(struct loop *l);

/* Calls ready(context) while the descriptor can be read. */
struct watch;
struct watch *watch_new(struct loop *l, int fd, void (*ready)(void *context), void *context);
void watch_pause(struct watch *w, bool paused);
void watch_free(struct watch **w);

/* A signal, as an event of the loop. */
struct watch *watch_signal(struct loop *l, int signal, void (*ready)(void *context), void *context);
/* As fork(). Signals are blocked in the child, until it has forgotten the loop's handlers: these
 * write into a pipe that is the parent's too, which would take the signal for its own. */
pid_t loop_fork(void);

/* A timer that costs nothing to move: setting a later time only writes a
 * number. 0 disarms. Times are loop_now() milliseconds. */
struct timer;
struct timer *timer_new(struct loop *l, void (*due)(void *context), void *context);
void timer_at(struct timer *t, uint64_t when);
void timer_free(struct timer **t);

/* Calls fn(context) once, on the next turn of the loop. False: no memory. */
bool loop_soon(struct loop *l, void (*fn)(void *context), void *context);

#endif
