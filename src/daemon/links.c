/* Serving links by poll(2): a few descriptors, one request at a time. */
#include "config.h"

#include "daemon/links.h"

#include "base/clock.h"
#include "daemon/board.h"
#include "daemon/channel.h"
#include "daemon/self.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

enum { LINKS_MAX = BOARD_CHILDREN }; /* more proxies there are not */

enum { CHANNEL, DOOR, FIRST_LINK }; /* what stands where among the descriptors */

struct links {
	struct pollfd fds[LINKS_MAX + FIRST_LINK];
	nfds_t count;
	struct packet packet;
	uint64_t tell_at; /* clock_millis() */
	bool draining, orphaned;
	bool failed; /* a link, or one that could not be taken */
};

enum link_state
link_state_of(int got, const struct packet *p)
{
	if (got == 0)
		return LINK_GOOD;
	return p->lost ? LINK_FAILED : LINK_ENDED;
}

enum link_state
link_answer(int link, const struct buf *head, struct span body)
{
	if (head->failed)
		return LINK_FAILED;
	if (packet_send(link, buf_span(head), body, NULL, 0) == PACKET_SENT)
		return LINK_GOOD;
	return errno == EPIPE || errno == ECONNRESET ? LINK_ENDED : LINK_FAILED;
}

static void
drop(struct links *l, nfds_t i)
{
	close(l->fds[i].fd);
	l->fds[i] = l->fds[--l->count];
}

static void
hear_master(struct links *l)
{
	struct channel_message m;
	int got = channel_receive(l->fds[CHANNEL].fd, &l->packet, &m);

	if (got < 0) {
		l->fds[CHANNEL].fd = -1; /* poll() passes over it */
		l->draining = l->orphaned = true;
	} else if (got > 0 && m.kind == CHANNEL_LINK_PROXY) {
		if (m.fd < 0)
			l->failed = true;
		else if (l->count < LINKS_MAX + FIRST_LINK)
			l->fds[l->count++] = (struct pollfd){ .fd = m.fd, .events = POLLIN };
		else
			close(m.fd);
	} else if (got > 0 && m.kind == CHANNEL_DRAIN) {
		l->draining = true;
	}
}

/* Tells the master of this process when it is time to, as long as there is one.
 * Milliseconds until the next time. */
static uint64_t
tell(struct links *l)
{
	uint64_t now = clock_millis();

	if (l->fds[CHANNEL].fd < 0)
		return UINT64_MAX;
	if (now >= l->tell_at) {
		self_tell(l->fds[CHANNEL].fd);
		l->tell_at = now + SELF_TELL_MS;
	}
	return l->tell_at - now;
}

static int
time_to_wait(struct links *l, const struct links_work *work)
{
	uint64_t rest = work->rest != NULL ? work->rest(work->context) : UINT64_MAX, next = tell(l);

	rest = rest < next ? rest : next;
	return rest <= INT_MAX ? (int)rest : -1;
}

static void
serve_all(struct links *l, const struct links_work *work)
{
	if (l->fds[CHANNEL].fd >= 0 && l->fds[CHANNEL].revents != 0)
		hear_master(l);
	if (l->fds[DOOR].fd >= 0 && l->fds[DOOR].revents != 0)
		work->hear(work->context, work->door);
	for (nfds_t i = l->count; i-- > FIRST_LINK && !l->failed;) {
		enum link_state state = l->fds[i].revents != 0 ? work->serve(work->context, l->fds[i].fd) : LINK_GOOD;

		if (state != LINK_GOOD)
			drop(l, i);
		l->failed = state == LINK_FAILED;
	}
}

bool
links_serve(int channel, const struct links_work *work)
{
	struct links l = { .count = FIRST_LINK };

	packet_init(&l.packet);
	l.fds[CHANNEL] = (struct pollfd){ .fd = channel, .events = POLLIN };
	l.fds[DOOR] = (struct pollfd){ .fd = work->door, .events = POLLIN };
	channel_send(channel, CHANNEL_READY, 0, -1);
	while (!l.failed && (!l.draining || (l.count > FIRST_LINK && (work->outlives_master || !l.orphaned)))) {
		if (poll(l.fds, l.count, time_to_wait(&l, work)) >= 0)
			serve_all(&l, work);
		else if (errno != EINTR)
			break;
	}
	packet_free(&l.packet);
	return !l.failed;
}
