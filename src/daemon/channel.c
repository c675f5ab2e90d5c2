/* Messages between the master and its children. */
#include "config.h"

#include "daemon/channel.h"

bool
channel_send(int channel, enum channel_kind kind, uint32_t index, int fd)
{
	struct buf head = { 0 };
	bool sent;

	buf_put_u32(&head, kind);
	buf_put_u32(&head, index);
	sent = !head.failed &&
	    packet_send(channel, buf_span(&head), SPAN_NONE, &fd, fd >= 0 ? 1 : 0) == PACKET_SENT;
	buf_free(&head);
	return sent;
}

int
channel_receive(int channel, struct packet *p, struct channel_message *m)
{
	int got = packet_receive(channel, p);
	struct span in;
	uint32_t kind;

	if (got <= 0)
		return got;
	in = buf_span(&p->data);
	take_u32(&in, &kind);
	if (!take_u32(&in, &m->index))
		return -1;
	m->kind = (enum channel_kind)kind;
	m->fd = p->fds[0];
	p->fds[0] = -1;
	return 1;
}
