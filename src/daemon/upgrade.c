/* One master takes another's place: a new binary, with no moment in which nobody
 * listens.
 *
 * The old one starts the new one and gives it the listening sockets. The new one
 * reads the configuration and forks scanners and proxies, which accept beside the
 * old one's; then it says so, and is given the control socket's place. Once it has
 * that, the old one takes no more sessions and ends with its last one. Whatever goes
 * wrong before is told to who asked, and nothing else comes of it.
 *
 * The quarantine has one keeper. The old one's is asked to leave, and when it has
 * ended the new one's begins, to which the old one's proxies are linked, by way of
 * both masters. What proxies have for a keeper waits meanwhile (proxy/keep_port.h). */
#include "config.h"

#include "daemon/master_internal.h"

#include "base/log.h"
#include "daemon/channel.h"
#include "daemon/generation.h"
#include "proxy/keep_frame.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* For the new one to be ready: it may have large databases to read. */
enum { SUCCESSOR_PATIENCE_MS = 60 * 1000 };

struct peer_master {
	struct master *master;
	struct watch *watch;
	struct packet packet;
	pid_t pid;
	int channel;
	bool ready, taken, knows_frames;
	char why[512]; /* why it failed */
};

/* False: it did not reach the other one, which goes on. Of one that has ended its end is
 * known, or will be. */
static bool
tell(struct peer_master *p, enum handover_kind kind, const char *text)
{
	return p == NULL || handover_send(p->channel, kind, span_str(text), -1) || errno == EPIPE || errno == ECONNRESET;
}

static bool
say(struct peer_master *p, enum handover_kind kind)
{
	return tell(p, kind, "");
}

static void
leave(struct peer_master **peer)
{
	struct peer_master *p = *peer;

	if (p == NULL)
		return;
	*peer = NULL;
	watch_free(&p->watch);
	packet_free(&p->packet);
	close(p->channel);
	free(p);
}

static struct peer_master *
meet(struct master *m, int channel, void (*hear)(void *context))
{
	struct peer_master *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->master = m;
	p->channel = channel;
	packet_init(&p->packet);
	p->watch = watch_new(m->loop, channel, hear, p);
	if (p->watch == NULL)
		leave(&p);
	return p;
}

/* ---- the old one ---- */

static void
answer_asker(struct master *m, bool ok, const char *text)
{
	enum log_level level = ok ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR;
	struct span rest = span_str(text), line;

	while (span_split(&rest, '\n', &line))
		log_line(level, "upgrade", "%.*s", SPAN_ARG(line));
	if (rest.len > 0)
		log_line(level, "upgrade", "%.*s", SPAN_ARG(rest));
	if (m->asker >= 0)
		control_answer(m->asker, ok, ok ? "" : text);
	m->asker = -1;
}

/* Whatever the new one had of this one's place is this one's again. */
static void
fail(struct master *m, const char *why)
{
	timer_at(m->patience, 0);
	leave(&m->successor);
	if (m->control == NULL && !m->ending)
		m->control = control_new(m->loop, m->current->generation->settings->control_path, m);
	answer_asker(m, false, why);
}

void
master_lose_patience(void *context)
{
	struct master *m = context;

	if (m->handed_over) {
		master_end_all(m);
		return;
	}
	kill(m->successor->pid, SIGTERM);
	/* It may have the control socket just now: its end is awaited, and its word counts no more. */
	if (m->successor->ready)
		m->successor->ready = false;
	else
		fail(m, "the new gatepost was not ready in time: this one goes on");
}

static bool
link_proxy(struct master *m, const struct child *proxy)
{
	int pair[2];
	bool linked;

	if (!packet_pair(pair, true, false))
		return false;
	linked = handover_send(m->successor->channel, HANDOVER_LINK, SPAN_NONE, pair[1]) &&
	    channel_tell(proxy->channel, CHANNEL_LINK_KEEPER, 0, pair[0]);
	close(pair[0]);
	close(pair[1]);
	return linked;
}

/* Links its proxies to the new one's keeper. One that cannot be is to end its sessions, for
 * what they have for a keeper no keeper would take. */
static void
link_proxies(struct master *m)
{
	struct child *child;

	LIST_FOREACH (child, &m->children.list, others)
		if (child->kind == CHILD_PROXY && m->successor->knows_frames && !link_proxy(m, child))
			child_drain(child);
	say(m->predecessor, HANDOVER_KEEPER_THERE);
}

/* There is one control socket, which the new one opens now. */
static void
give_place(struct master *m)
{
	control_free(&m->control);
	if (say(m->successor, HANDOVER_YOURS))
		return;
	kill(m->successor->pid, SIGTERM);
	fail(m, "the new gatepost cannot be given the place: this one goes on");
}

/* From now on new sessions are the new one's. */
static void
hand_over(struct master *m)
{
	struct child *reporter = master_find_single(m, CHILD_REPORTER), *keeper = master_find_single(m, CHILD_KEEPER);
	char state[64];

	snprintf(state, sizeof(state), "MAINPID=%ld", (long)m->successor->pid);
	master_notify(state);
	m->handed_over = true;
	master_take_no_more(m);
	say(m->predecessor, HANDOVER_END);
	listeners_close(&m->current->metrics, NULL);
	m->current->metrics.count = 0;
	if (reporter != NULL)
		child_drain(reporter);
	if (keeper != NULL && !keeper->leaving)
		master_change_keeper(m, keeper);
	else if (keeper == NULL)
		say(m->successor, HANDOVER_KEEPER_ENDED);
	/* What its sessions have for a keeper no keeper would take. */
	if (!m->successor->knows_frames)
		master_end_all(m);
	else
		timer_at(m->patience, loop_now(m->loop) + m->current->generation->settings->timeouts.drain);
}

static void
obey_successor(struct master *m, const struct handover_message *message)
{
	struct peer_master *p = m->successor;
	uint64_t version = 0;

	if (message->fd >= 0) /* none is asked for */
		close(message->fd);
	if (message->kind == HANDOVER_FAILED) {
		snprintf(p->why, sizeof(p->why), "%.*s", SPAN_ARG(message->text));
	} else if (message->kind == HANDOVER_READY && !p->ready) {
		p->ready = true;
		p->knows_frames = span_to_u64(message->text, &version) && version == KEEP_FRAME_VERSION;
		give_place(m);
	} else if (message->kind == HANDOVER_TAKEN && p->ready && !p->taken) {
		p->taken = true;
		hand_over(m);
		answer_asker(m, true, "another gatepost has taken over; sessions of this one finish");
	} else if (message->kind == HANDOVER_KEEPER_THERE) {
		link_proxies(m);
	} else if (message->kind == HANDOVER_KEEPER_LEAVES) {
		children_leave_keeper(&m->children);
		say(m->predecessor, HANDOVER_KEEPER_LEAVES);
	} else if (message->kind == HANDOVER_END && m->handed_over) { /* before that it tells of itself only */
		master_end_all(m);
	}
}

static void
lose_successor(struct master *m)
{
	char text[640];

	if (m->handed_over) {
		leave(&m->successor);
		master_end_all(m);
		return;
	}
	snprintf(text, sizeof(text), "%s%sthe new gatepost could not begin: this one goes on", m->successor->why,
	    m->successor->why[0] != '\0' ? "\n" : "");
	fail(m, text);
}

static void
hear_successor(void *context)
{
	struct peer_master *p = context;
	struct handover_message message;
	int got = handover_receive(p->channel, &p->packet, &message);

	if (got > 0)
		obey_successor(p->master, &message);
	else if (got < 0)
		lose_successor(p->master);
}

bool
master_upgrade(struct master *m, int asker, const char **why)
{
	pid_t pid;
	int channel = -1;

	*why = NULL;
	if (m->draining)
		*why = "gatepost is ending: nothing takes its place";
	else if (m->successor != NULL)
		*why = "an upgrade is under way";
	else if (m->predecessor != NULL && m->awaits_keeper)
		*why = "the last upgrade is under way";
	else
		channel = handover_start(m->program, m->file, m->current, &pid, why);
	if (*why == NULL && (m->successor = meet(m, channel, hear_successor)) == NULL) {
		*why = "out of memory";
		kill(pid, SIGTERM);
		close(channel);
	}
	if (*why != NULL) {
		log_error("upgrade", "%s", *why);
		return false;
	}
	m->successor->pid = pid;
	m->asker = asker;
	timer_at(m->patience, loop_now(m->loop) + SUCCESSOR_PATIENCE_MS);
	log_info("upgrade", "%s is started as process %ld", m->program, (long)pid);
	return true;
}

void
master_hear_usr2(void *master)
{
	const char *why;

	master_upgrade(master, -1, &why);
}

/* ---- the new one ---- */

static void
take_link(struct master *m, int fd)
{
	const struct child *keeper = master_find_single(m, CHILD_KEEPER);

	if (m->handed_over && m->successor != NULL && m->successor->knows_frames)
		handover_send(m->successor->channel, HANDOVER_LINK, SPAN_NONE, fd);
	else if (keeper != NULL && !keeper->leaving)
		channel_tell(keeper->channel, CHANNEL_LINK_PROXY, 0, fd);
}

/* The old one goes on as it was, and this one ends. */
static void
refuse_place(struct master *m)
{
	control_free(&m->control);
	tell(m->predecessor, HANDOVER_FAILED, "the control socket cannot be opened, or its opening cannot be told");
	leave(&m->predecessor);
	master_drain(m);
}

static void
take_place(struct master *m)
{
	m->control = control_new(m->loop, m->current->generation->settings->control_path, m);
	m->predecessor->taken = m->control != NULL && say(m->predecessor, HANDOVER_TAKEN);
	if (!m->predecessor->taken)
		refuse_place(m);
}

static void
obey_predecessor(struct master *m, const struct handover_message *message)
{
	if (message->kind == HANDOVER_YOURS && !m->predecessor->taken) {
		take_place(m);
	} else if (message->kind == HANDOVER_KEEPER_ENDED) {
		master_start_keeper(m);
	} else if (message->kind == HANDOVER_LINK && message->fd >= 0) {
		take_link(m, message->fd);
	}
	if (message->fd >= 0)
		close(message->fd);
}

/* It has ended. Before it gave us its place nobody wants us there any more. */
static void
lose_predecessor(struct master *m)
{
	bool taken = m->predecessor->taken;

	leave(&m->predecessor);
	if (m->awaits_keeper)
		master_start_keeper(m);
	if (!taken)
		master_drain(m);
	master_end_if_over(m);
}

static void
hear_predecessor(void *context)
{
	struct peer_master *p = context;
	struct handover_message message;
	int got = handover_receive(p->channel, &p->packet, &message);

	if (got > 0)
		obey_predecessor(p->master, &message);
	else if (got < 0)
		lose_predecessor(p->master);
}

bool
master_take_over(struct master *m, int channel, struct report *report)
{
	m->predecessor = meet(m, channel, hear_predecessor);
	m->awaits_keeper = m->children.awaits_keeper = m->predecessor != NULL;
	if (m->predecessor == NULL)
		report_add(report, (struct mark){ m->file, 0, 0 }, "out of memory");
	return m->predecessor != NULL;
}

void
master_refuse_place(int channel, const struct report *report)
{
	struct buf text = { 0 };

	report_put(&text, report);
	handover_send(channel, HANDOVER_FAILED, span_trim(buf_span(&text)), -1);
	buf_free(&text);
}

void
master_serves(struct master *m)
{
	char version[16];

	if (m->predecessor == NULL || m->predecessor->ready)
		return;
	snprintf(version, sizeof(version), "%d", KEEP_FRAME_VERSION);
	m->predecessor->ready = true;
	if (!tell(m->predecessor, HANDOVER_READY, version))
		refuse_place(m);
}

/* ---- of both ---- */

void
master_keeper_started(struct master *m)
{
	m->awaits_keeper = m->children.awaits_keeper = false;
	if (!say(m->predecessor, HANDOVER_KEEPER_THERE))
		lose_predecessor(m);
}

void
master_change_keeper(struct master *m, struct child *keeper)
{
	children_leave_keeper(&m->children);
	say(m->predecessor, HANDOVER_KEEPER_LEAVES);
	child_drain(keeper);
}

void
master_keeper_ended(struct master *m)
{
	if (m->handed_over && !say(m->successor, HANDOVER_KEEPER_ENDED))
		lose_successor(m);
}

bool
master_has_predecessor(const struct master *m)
{
	return m->predecessor != NULL && m->predecessor->taken;
}

void
master_end_peers(struct master *m)
{
	say(m->predecessor, HANDOVER_END);
	if (m->successor == NULL || m->handed_over)
		return;
	kill(m->successor->pid, SIGTERM);
	fail(m, "gatepost is ending: nothing takes its place");
}

void
master_leave_peers(struct master *m)
{
	leave(&m->successor);
	leave(&m->predecessor);
}
