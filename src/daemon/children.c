/* Forking and linking.
 *
 * Every proxy has a link of its own to every scanner of its generation and to
 * the keeper: a SEQPACKET pair made here, one end sent to each. So the death
 * of one process is seen by exactly those that spoke with it. A child keeps
 * its channel and, if a proxy, the listening sockets and the keys of TLS; all
 * other descriptors and keys of the master are gone in it. */
#include "config.h"

#include "daemon/children.h"

#include "base/log.h"
#include "daemon/cage.h"
#include "daemon/channel.h"
#include "daemon/filter.h"
#include "daemon/generation.h"
#include "daemon/keeper_process.h"
#include "daemon/proxy_process.h"
#include "daemon/reporter_process.h"
#include "daemon/scanner_process.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* A child in other hands could fill the log: of each not more than this is told. */
enum { REFUSALS_TOLD = 64 };

bool
children_init(struct children *c, struct loop *l, struct tls_tickets *tickets, void (*ready)(void *context),
    void *context)
{
	*c = (struct children){ .loop = l, .tickets = tickets, .ready = ready, .context = context };
	LIST_INIT(&c->list);
	c->board = board_new();
	return c->board != NULL;
}

/* ---- links ---- */

/* False: one of them lives on without the link. */
static bool
link_pair(struct child *proxy, struct child *server)
{
	enum channel_kind kind = server->kind == CHILD_KEEPER ? CHANNEL_LINK_KEEPER : CHANNEL_LINK_SCANNER;
	int pair[2];
	bool sent;

	if (server->kind == CHILD_KEEPER && server->leaving)
		return channel_tell(proxy->channel, CHANNEL_KEEPER_LEAVES, 0, -1);
	if (!packet_pair(pair, true, false)) {
		log_error("link", "no link between %s %u and proxy %u: %m", child_kind_name(server->kind),
		    server->index, proxy->index);
		return false;
	}
	sent = channel_tell(server->channel, CHANNEL_LINK_PROXY, proxy->index, pair[1]) &&
	    channel_tell(proxy->channel, kind, server->index, pair[0]);
	sent = sent || errno == EPIPE || errno == ECONNRESET; /* whose end is known, or will be */
	close(pair[0]);
	close(pair[1]);
	return sent;
}

/* A new one without all of its links is no use: the next one may have them. */
static void
link_to_others(struct children *c, struct child *new)
{
	struct child *other;
	bool linked = true;

	LIST_FOREACH (other, &c->list, others) {
		bool together = other->realm == new->realm || other->kind == CHILD_KEEPER || new->kind == CHILD_KEEPER;

		if (!together || other == new || other->kind == CHILD_REPORTER || new->kind == CHILD_REPORTER)
			continue;
		if (new->kind == CHILD_PROXY && other->kind != CHILD_PROXY)
			linked = link_pair(new, other) && linked;
		else if (new->kind != CHILD_PROXY && other->kind == CHILD_PROXY)
			linked = link_pair(other, new) && linked;
	}
	if (!linked)
		kill(new->pid, SIGKILL);
}

/* ---- forking ---- */

static int
compare_fds(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Closes everything above standard error but the channel and what of the realm
 * that kind needs: a proxy its listening sockets and the folder of users'
 * files, the reporter its own sockets. */
static void
close_others(int channel, const struct realm *realm, enum child_kind kind)
{
	const struct listen_sockets *sockets = kind == CHILD_PROXY ? &realm->sockets :
	    kind == CHILD_REPORTER ? &realm->metrics : NULL;
	size_t count = 0, most = (sockets != NULL ? sockets->count : 0) + 2;
	int *keep = calloc(most, sizeof(*keep));
	unsigned next = STDERR_FILENO + 1;

	if (keep == NULL)
		_exit(1);
	keep[count++] = channel;
	for (size_t i = 0; sockets != NULL && i < sockets->count; i++)
		keep[count++] = sockets->items[i].fd;
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): sockets of a proxy are never NULL */
	if (kind == CHILD_PROXY && realm->generation->user_directory >= 0)
		keep[count++] = realm->generation->user_directory;
	qsort(keep, count, sizeof(*keep), compare_fds);
	for (size_t i = 0; i < count; i++) {
		if ((unsigned)keep[i] > next)
			close_range(next, (unsigned)keep[i] - 1, 0);
		next = (unsigned)keep[i] + 1;
	}
	close_range(next, ~0U, 0);
	free(keep);
}

static void
forget_signals(void)
{
	static const int handled[] = { SIGTERM, SIGINT, SIGHUP, SIGCHLD, SIGUSR1, SIGUSR2 };
	sigset_t none;

	for (size_t i = 0; i < sizeof(handled) / sizeof(handled[0]); i++)
		signal(handled[i], SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	/* A terminal or a service manager may signal all of us; what ends a child
	 * is its master's word. */
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGUSR1, SIG_IGN);
	signal(SIGUSR2, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* What only proxies need, of all generations that the master holds: keys, and
 * the memory in which they count together; the board is the reporter's too, and
 * a scanner tells what it is at. */
static void
forget_what_proxies_share(struct children *c, struct realm *r, enum child_kind kind)
{
	const struct child *child;

	generation_forget_secrets(r->generation);
	census_free(&r->census);
	if (kind != CHILD_SCANNER)
		scan_load_free(&r->load);
	LIST_FOREACH (child, &c->list, others) {
		generation_forget_secrets(child->realm->generation);
		census_free(&child->realm->census);
		if (child->realm != r)
			scan_load_free(&child->realm->load);
	}
	explicit_bzero(c->tickets, sizeof(*c->tickets));
	if (kind != CHILD_REPORTER)
		board_free(&c->board);
}

/* Proxies of earlier configurations keep their sessions, which limits are of too.
 * They take no more, and so need not know of the later ones'. */
static void
count_earlier(struct children *c, const struct realm *r)
{
	const struct child *child;

	LIST_FOREACH (child, &c->list, others)
		if (child->kind == CHILD_PROXY)
			census_add(r->census, child->realm->census);
}

static bool
uses_tproxy(const struct settings *s)
{
	for (size_t i = 0; i < s->listener_count; i++)
		if (s->listeners[i].intercept == INTERCEPT_TPROXY)
			return true;
	return false;
}

static _Noreturn void
be_child(struct children *c, struct realm *r, const struct child *self, int channel)
{
	const enum child_kind kind = self->kind;
	const uint32_t index = self->index;
	const struct settings *settings = r->generation->settings;
	struct proxy_place place = { r->generation, &r->sockets, r->census, r->load, board_stats(c->board, index),
		&self->place->gauges, index };
	char *name = arena_printf(r->generation->arena, "%s %u", child_kind_name(kind), index);

	close_others(channel, r, kind);
	forget_signals();
	arena_ran_short(); /* what the master lacked, no session of this one is to end for */
	log_setup(settings->log_target, settings->log_format, settings->log_level);
	prctl(PR_SET_NAME, arena_printf(r->generation->arena, "gatepost:%.5s", name), 0, 0, 0);
	log_set_process(name);
	if (kind != CHILD_PROXY)
		forget_what_proxies_share(c, r, kind);
	else
		count_earlier(c, r);
	if (!account_become(&r->account, kind == CHILD_PROXY && uses_tproxy(settings)))
		_exit(1);
	cage_forbid_dumps(); /* the account was changed, which forgets it */
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (kind == CHILD_KEEPER)
		keeper_process(settings, channel);
	if (kind == CHILD_SCANNER)
		scanner_process(r->generation, r->load, index, channel);
	if (kind == CHILD_REPORTER)
		reporter_process(c->board, &r->metrics, channel);
	proxy_process(&place, channel);
}

static bool
is_stuck(const struct child *child, const struct realm *r, uint32_t index)
{
	if (index == CHANNEL_KEEPER)
		return child->kind == CHILD_KEEPER && !child->leaving; /* the next one is linked to all anyway */
	return child->kind == CHILD_SCANNER && child->realm == r && child->index == index;
}

/* The successor of a killed one has new links. */
static void
kill_stuck(struct children *c, const struct realm *r, uint32_t index)
{
	const struct child *child;

	LIST_FOREACH (child, &c->list, others)
		if (is_stuck(child, r, index))
			kill(child->pid, SIGKILL);
}

static void
log_refusal(const struct child *child, uint32_t call)
{
	struct log_entry e;

	log_begin(&e, LOG_LEVEL_ERROR, "refused");
	log_text(&e, "child", child_kind_name(child->kind));
	log_number(&e, "index", child->index);
	log_number(&e, "pid", child->pid);
	log_text(&e, "call", filter_call_name(call));
	log_text(&e, "msg", "its cage refused a system call");
	log_end(&e);
}

/* Only to be printed, so anything may be in it. */
static void
note_usage(struct board_usage *u, const struct channel_message *m)
{
	if (m->kind == CHANNEL_MEMORY)
		u->memory = (unsigned long long)m->index * 1024;
	else if (m->kind == CHANNEL_DESCRIPTORS)
		u->descriptors = m->index;
	else if (m->kind == CHANNEL_DESCRIPTORS_MOST)
		u->descriptors_most = m->index;
}

static void
obey(struct child *child, const struct channel_message *m)
{
	struct children *c = child->all;

	if (m->fd >= 0) /* none is asked for */
		close(m->fd);
	if (m->kind == CHANNEL_READY && !child->ready) {
		child->ready = true;
		child->place->ready = true;
		c->ready(c->context);
	} else if (m->kind == CHANNEL_STUCK && child->kind == CHILD_PROXY) {
		kill_stuck(c, child->realm, m->index);
	} else if (m->kind == CHANNEL_REFUSED && child->refusals++ < REFUSALS_TOLD) {
		log_refusal(child, m->index);
	} else {
		note_usage(&child->place->usage, m);
	}
}

/* One message; as channel_receive(). */
static int
hear(struct child *child)
{
	struct packet p;
	struct channel_message m;
	int got;

	packet_init(&p);
	got = channel_receive(child->channel, &p, &m);
	packet_free(&p);
	if (got > 0)
		obey(child, &m);
	return got;
}

static void
hear_child(void *context)
{
	struct child *child = context;

	if (hear(child) < 0) /* SIGCHLD tells the rest */
		watch_pause(child->watch, true);
}

static struct child *
child_new(struct children *c, struct realm *r, enum child_kind kind, uint32_t index, int channel)
{
	struct child *child = calloc(1, sizeof(*child));

	if (child == NULL)
		return NULL;
	*child = (struct child){ .kind = kind, .index = index, .realm = r, .channel = channel, .all = c,
		.began = loop_now(c->loop), .place = board_place(c->board, &c->ledger, kind, index) };
	child->watch = child->place != NULL ? watch_new(c->loop, channel, hear_child, child) : NULL;
	if (child->watch != NULL)
		return child;
	if (child->place != NULL)
		board_leave(c->board, &c->ledger, child->place);
	free(child);
	errno = EAGAIN;
	return NULL;
}

static void
log_start(const struct child *child)
{
	struct log_entry e;

	log_begin(&e, LOG_LEVEL_INFO, "started");
	log_text(&e, "child", child_kind_name(child->kind));
	log_number(&e, "index", child->index);
	log_number(&e, "pid", child->pid);
	log_end(&e);
}

bool
child_start(struct children *c, struct realm *r, enum child_kind kind, uint32_t index)
{
	struct child *child;
	int pair[2], failure;

	if (!packet_pair(pair, true, kind == CHILD_PROXY))
		return false;
	child = child_new(c, r, kind, index, pair[0]);
	if (child == NULL) {
		close(pair[0]);
		close(pair[1]);
		return false;
	}
	child->pid = loop_fork();
	if (child->pid == 0)
		be_child(c, r, child, pair[1]);
	failure = errno;
	close(pair[1]);
	if (child->pid < 0) {
		child_free(&child);
		errno = failure;
		return false;
	}
	child->place->pid = child->pid;
	LIST_INSERT_HEAD(&c->list, child, others);
	r->alive++;
	log_start(child);
	link_to_others(c, child);
	if (kind == CHILD_PROXY && c->awaits_keeper)
		channel_tell(child->channel, CHANNEL_KEEPER_LEAVES, 0, -1);
	if (r->leaving)
		child_drain(child);
	return true;
}

static void
ask_to_leave(struct child *child, enum channel_kind how)
{
	child->leaving = true;
	child->place->leaving = true;
	channel_tell(child->channel, how, 0, -1);
}

void
child_retire(struct child *child)
{
	ask_to_leave(child, CHANNEL_RETIRE);
}

void
child_drain(struct child *child)
{
	ask_to_leave(child, CHANNEL_DRAIN);
}

void
children_leave_keeper(struct children *c)
{
	const struct child *child;

	LIST_FOREACH (child, &c->list, others)
		if (child->kind == CHILD_PROXY)
			channel_tell(child->channel, CHANNEL_KEEPER_LEAVES, 0, -1);
}

void
children_measure(struct children *c)
{
	struct child *child;

	LIST_FOREACH (child, &c->list, others)
		board_processor(&child->place->usage, child->pid);
}

void
child_free(struct child **child)
{
	if (*child == NULL)
		return;
	watch_free(&(*child)->watch);
	board_leave((*child)->all->board, &(*child)->all->ledger, (*child)->place);
	close((*child)->channel);
	free(*child);
	*child = NULL;
}

struct child *
children_reap(struct children *c, int *status)
{
	struct child *child;
	pid_t pid = waitpid(-1, status, WNOHANG);

	if (pid <= 0)
		return NULL;
	LIST_FOREACH (child, &c->list, others)
		if (child->pid == pid)
			break;
	if (child == NULL)
		return children_reap(c, status);
	while (hear(child) > 0) /* its last words */
		;
	LIST_REMOVE(child, others);
	child->realm->alive--;
	return child;
}
