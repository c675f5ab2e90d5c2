/* Messages between the master and its children. */
#include "config.h"

#include "daemon/channel.h"

bool
channel_send(int channel, enum channel_kind kind, uint32_t index, int fd)
{
	char room[2 * sizeof(uint32_t)];
	struct buf head = { .data = room, .cap = sizeof(room), .limit = sizeof(room) };

	buf_put_u32(&head, kind);
	buf_put_u32(&head, index);
	return packet_send(channel, buf_span(&head), SPAN_NONE, &fd, fd >= 0 ? 1 : 0) == PACKET_SENT;
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
