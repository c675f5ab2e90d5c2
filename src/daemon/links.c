/* Serving links by poll(2): a few descriptors, one request at a time. */
#include "config.h"

#include "daemon/links.h"

#include "daemon/channel.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

enum { LINKS_MAX = 512 }; /* proxies of two generations, far above what conf allows */

struct links {
	struct pollfd fds[LINKS_MAX + 1]; /* the channel first */
	nfds_t count;
	struct packet packet;
	bool draining, orphaned;
};

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
	int got = channel_receive(l->fds[0].fd, &l->packet, &m);

	if (got < 0) {
		l->fds[0].fd = -1; /* poll() passes over it */
		l->draining = l->orphaned = true;
	} else if (got > 0 && m.kind == CHANNEL_LINK_PROXY && m.fd >= 0) {
		if (l->count <= LINKS_MAX)
			l->fds[l->count++] = (struct pollfd){ .fd = m.fd, .events = POLLIN };
		else
			close(m.fd);
	} else if (got > 0 && m.kind == CHANNEL_DRAIN) {
		l->draining = true;
	}
}

void
links_serve(int channel, bool outlives_master, bool (*serve)(void *context, int link), void *context)
{
	struct links l = { .count = 1 };

	packet_init(&l.packet);
	l.fds[0] = (struct pollfd){ .fd = channel, .events = POLLIN };
	channel_send(channel, CHANNEL_READY, 0, -1);
	while (!l.draining || (l.count > 1 && (outlives_master || !l.orphaned))) {
		if (poll(l.fds, l.count, -1) < 0) {
			if (errno == EINTR)
				continue;
			break;
		}
		if (l.fds[0].fd >= 0 && l.fds[0].revents != 0)
			hear_master(&l);
		for (nfds_t i = l.count; i-- > 1;)
			if (l.fds[i].revents != 0 && !serve(context, l.fds[i].fd))
				drop(&l, i);
	}
	packet_free(&l.packet);
}
