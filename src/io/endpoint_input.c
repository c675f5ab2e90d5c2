/* Where an endpoint's input lies.
 *
 * It is received into a block that the loop lends. When ready() returns the
 * block goes back if all was consumed; a short rest is moved to memory
 * of its own size. So ten thousand sessions that wait for a command hold no
 * buffers at all. */
#include "config.h"

#include "io/endpoint_internal.h"

#include <string.h>

enum {
	/* An unread rest up to this is copied, so that the block can go back. */
	SMALL_REST = 4096,
	/* Less room than this in the block is not worth a recv(). */
	ROOM_MIN = 16 * 1024,
};

/* What came in may have been a password: memory that held it is wiped before
 * others have it. */
void
endpoint_give_input_back(struct endpoint *e)
{
	if (e->in.data != NULL)
		explicit_bzero(e->in.data, e->in_used);
	e->in_used = 0;
	block_give(e->loop, &e->in);
}

void
endpoint_settle_input(struct endpoint *e)
{
	struct buf rest = { 0 };

	if (e->in.data == NULL || (e->in.len > 0 && (e->in.cap < BLOCK_SIZE || e->in.len > SMALL_REST)))
		return;
	buf_add_span(&rest, buf_span(&e->in));
	if (rest.failed)
		return;
	endpoint_give_input_back(e);
	e->in = rest;
	e->in_used = rest.len;
}

char *
endpoint_input_room(struct endpoint *e, size_t *len)
{
	struct buf rest = { 0 };
	char *room = NULL;

	if (e->in.cap < BLOCK_SIZE) {
		rest = e->in;
		if (!block_take(e->loop, &e->in)) {
			e->in = rest;
			endpoint_break(e);
			return NULL;
		}
		e->in.secret = true; /* should it grow, and move */
		buf_add_span(&e->in, buf_span(&rest));
		if (rest.data != NULL)
			explicit_bzero(rest.data, e->in_used);
		buf_free(&rest);
	}
	*len = e->in.cap - e->in.len;
	if (*len < ROOM_MIN)
		*len = BLOCK_SIZE;
	if (*len > ENDPOINT_INPUT_MAX - e->in.len)
		*len = ENDPOINT_INPUT_MAX - e->in.len;
	room = buf_reserve(&e->in, *len);
	if (room == NULL)
		endpoint_break(e);
	return room;
}

void
endpoint_input_came(struct endpoint *e, size_t len)
{
	buf_commit(&e->in, len);
	if (e->in_used < e->in.start + e->in.len)
		e->in_used = e->in.start + e->in.len;
}

struct span
endpoint_input(const struct endpoint *e)
{
	return buf_span(&e->in);
}

void
endpoint_consume(struct endpoint *e, size_t len)
{
	buf_consume(&e->in, len);
	if (!e->busy && e->in.len == 0 && e->in.data != NULL)
		event_active(&e->wake, EV_TIMEOUT, 1);
	if (!e->reading)
		endpoint_watch_input(e);
}

size_t
endpoint_discard_input(struct endpoint *e)
{
	size_t len = e->in.len;

	endpoint_consume(e, len);
	return len;
}
