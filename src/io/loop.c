/* The event loop: libevent underneath, with three things of its own.
 *
 * A turn is one pass of libevent over what is ready. The clock is read at most
 * once in a turn. What loop_soon() was given runs between turns, so work that
 * begets more work cannot starve the sockets.
 *
 * A timer is lazy: libevent keeps it where it was first set, and only when it
 * fires too early is it set anew. A session moves its deadline with every
 * command; that costs an assignment, not a walk through libevent's heap.
 *
 * The loop also keeps a few spare blocks of memory (io/loop_internal.h): an endpoint
 * holds one only while it has bytes to keep. */
#include "config.h"

#include "io/loop.h"

#include "base/clock.h"
#include "io/deflate.h"
#include "io/loop_internal.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* A proxy's turn serves a few hundred sockets, one after the other, and each
 * gives its blocks back before the next takes any, unless a peer is slow. */
enum { SPARE_BLOCKS = 16 };

/* AddressSanitizer then sees who still reads a block that was given back. */
#ifdef SANITIZERS
static const bool KEEP_BLOCKS = false;
#else
static const bool KEEP_BLOCKS = true;
#endif

struct soon {
	struct soon *next;
	void (*fn)(void *context);
	void *context;
};

struct loop {
	struct event_base *base;
	uint64_t now; /* 0 = not read in this turn */
	bool running, stop;
	struct soon *soon, **soon_end;
	char *spare[SPARE_BLOCKS];
	size_t spare_count;
	struct lingerer *lingerers;
	size_t lingerer_count;
	struct compressor *compressor;
};

struct watch {
	struct event event;
	void (*ready)(void *context);
	void *context;
	bool paused;
};

struct timer {
	struct event event;
	struct loop *loop;
	void (*due)(void *context);
	void *context;
	uint64_t when;  /* what the caller asked for; 0 = nothing */
	uint64_t armed; /* when libevent fires; 0 = it does not */
};

struct loop *
loop_new(void)
{
	struct event_config *config = event_config_new();
	struct loop *l = calloc(1, sizeof(*l));

	if (config != NULL && l != NULL) {
		event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
		l->base = event_base_new_with_config(config);
		l->soon_end = &l->soon;
	}
	if (config != NULL)
		event_config_free(config);
	if (l == NULL || l->base == NULL) {
		free(l);
		return NULL;
	}
	signal(SIGPIPE, SIG_IGN);
	return l;
}

static void
forget_soon(struct loop *l)
{
	while (l->soon != NULL) {
		struct soon *s = l->soon;

		l->soon = s->next;
		free(s);
	}
	l->soon_end = &l->soon;
}

void
loop_free(struct loop **l)
{
	if (*l == NULL)
		return;
	forget_soon(*l);
	while ((*l)->lingerers != NULL)
		(*l)->lingerers->end((*l)->lingerers);
	while ((*l)->spare_count > 0)
		free((*l)->spare[--(*l)->spare_count]);
	compressor_free(&(*l)->compressor);
	event_base_free((*l)->base);
	free(*l);
	*l = NULL;
}

/* Only what was there when the turn began. */
static void
run_soon(struct loop *l)
{
	struct soon *list = l->soon;

	l->soon = NULL;
	l->soon_end = &l->soon;
	while (list != NULL) {
		struct soon *s = list;

		list = s->next;
		s->fn(s->context);
		free(s);
	}
}

void
loop_run(struct loop *l)
{
	bool idle = false;

	l->running = true;
	while (!l->stop && !idle) {
		l->now = 0;
		run_soon(l);
		if (l->stop)
			break;
		idle = event_base_loop(l->base, l->soon != NULL ? EVLOOP_NONBLOCK : EVLOOP_ONCE) != 0 && l->soon == NULL;
	}
	l->running = l->stop = false;
}

void
loop_stop(struct loop *l)
{
	l->stop = true;
	event_base_loopbreak(l->base);
}

struct event_base *
loop_base(struct loop *l)
{
	return l->base;
}

uint64_t
loop_now(struct loop *l)
{
	if (!l->running)
		return clock_millis();
	if (l->now == 0)
		l->now = clock_millis();
	return l->now;
}

bool
loop_soon(struct loop *l, void (*fn)(void *context), void *context)
{
	struct soon *s = malloc(sizeof(*s));

	if (s == NULL)
		return false;
	*s = (struct soon){ NULL, fn, context };
	*l->soon_end = s;
	l->soon_end = &s->next;
	return true;
}

static void
on_watch(evutil_socket_t fd, short what, void *context)
{
	struct watch *w = context;

	(void)fd, (void)what;
	w->ready(w->context);
}

static struct watch *
watch_make(struct loop *l, int fd, short what, void (*ready)(void *context), void *context)
{
	struct watch *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->ready = ready;
	w->context = context;
	if (event_assign(&w->event, l->base, fd, what, on_watch, w) != 0 || event_add(&w->event, NULL) != 0) {
		free(w);
		return NULL;
	}
	return w;
}

struct watch *
watch_new(struct loop *l, int fd, void (*ready)(void *context), void *context)
{
	return watch_make(l, fd, EV_READ | EV_PERSIST, ready, context);
}

struct watch *
watch_signal(struct loop *l, int signal, void (*ready)(void *context), void *context)
{
	return watch_make(l, signal, EV_SIGNAL | EV_PERSIST, ready, context);
}

void
watch_pause(struct watch *w, bool paused)
{
	if (w->paused == paused)
		return;
	w->paused = paused;
	if (paused)
		event_del(&w->event);
	else
		event_add(&w->event, NULL);
}

void
watch_free(struct watch **w)
{
	if (*w == NULL)
		return;
	event_del(&(*w)->event);
	free(*w);
	*w = NULL;
}

pid_t
loop_fork(void)
{
	sigset_t all, before;
	pid_t pid;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid != 0)
		sigprocmask(SIG_SETMASK, &before, NULL);
	return pid;
}

static void
timer_arm(struct timer *t)
{
	uint64_t now = loop_now(t->loop), left = t->when > now ? t->when - now : 0;
	struct timeval delay = { .tv_sec = (time_t)(left / 1000), .tv_usec = (suseconds_t)(left % 1000 * 1000) };

	t->armed = event_add(&t->event, &delay) == 0 ? t->when : 0;
}

static void
on_timer(evutil_socket_t fd, short what, void *context)
{
	struct timer *t = context;

	(void)fd, (void)what;
	t->armed = 0;
	if (t->when == 0)
		return;
	if (t->when > loop_now(t->loop)) {
		timer_arm(t);
		return;
	}
	t->when = 0;
	t->due(t->context);
}

struct timer *
timer_new(struct loop *l, void (*due)(void *context), void *context)
{
	struct timer *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->loop = l;
	t->due = due;
	t->context = context;
	evtimer_assign(&t->event, l->base, on_timer, t);
	return t;
}

void
timer_at(struct timer *t, uint64_t when)
{
	t->when = when;
	if (when != 0 && (t->armed == 0 || t->armed > when))
		timer_arm(t);
}

void
timer_free(struct timer **t)
{
	if (*t == NULL)
		return;
	evtimer_del(&(*t)->event);
	free(*t);
	*t = NULL;
}

bool
block_take(struct loop *l, struct buf *b)
{
	char *data = l->spare_count > 0 ? l->spare[--l->spare_count] : malloc(BLOCK_SIZE);

	if (data == NULL)
		return false;
	*b = (struct buf){ .data = data, .cap = BLOCK_SIZE };
	return true;
}

void
block_give(struct loop *l, struct buf *b)
{
	if (KEEP_BLOCKS && b->cap == BLOCK_SIZE && l->spare_count < SPARE_BLOCKS)
		l->spare[l->spare_count++] = b->data;
	else
		free(b->data);
	*b = (struct buf){ 0 };
}

struct compressor *
loop_compressor(struct loop *l)
{
	if (l->compressor == NULL)
		l->compressor = compressor_new();
	return l->compressor;
}

void
lingerer_add(struct loop *l, struct lingerer *node)
{
	node->next = l->lingerers;
	node->link = &l->lingerers;
	if (node->next != NULL)
		node->next->link = &node->next;
	l->lingerers = node;
	l->lingerer_count++;
}

void
lingerer_remove(struct loop *l, struct lingerer *node)
{
	*node->link = node->next;
	if (node->next != NULL)
		node->next->link = node->link;
	node->link = NULL;
	if (!node->sent)
		l->lingerer_count--;
}

void
lingerer_sent(struct loop *l, struct lingerer *node)
{
	if (!node->sent)
		l->lingerer_count--;
	node->sent = true;
}

size_t
loop_lingering(const struct loop *l)
{
	return l->lingerer_count;
}
