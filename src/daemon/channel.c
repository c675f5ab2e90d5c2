/* Messages between the master and its children. */
#include "config.h"

#include "daemon/channel.h"

static bool
say(enum packet_result (*send)(int, struct span, struct span, const int *, size_t), int channel, enum channel_kind kind,
    uint32_t index, int fd)
{
	char room[2 * sizeof(uint32_t)];
	struct buf head = { .data = room, .cap = sizeof(room), .limit = sizeof(room) };

	buf_put_u32(&head, kind);
	buf_put_u32(&head, index);
	return send(channel, buf_span(&head), SPAN_NONE, &fd, fd >= 0 ? 1 : 0) == PACKET_SENT;
}

bool
channel_send(int channel, enum channel_kind kind, uint32_t index, int fd)
{
	return say(packet_send, channel, kind, index, fd);
}

bool
channel_tell(int channel, enum channel_kind kind, uint32_t index, int fd)
{
	return say(packet_send_surely, channel, kind, index, fd);
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
