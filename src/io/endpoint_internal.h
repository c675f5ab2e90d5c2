/* What endpoint.c and the files endpoint_*.c share. */
#ifndef IO_ENDPOINT_INTERNAL_H
#define IO_ENDPOINT_INTERNAL_H

#include "io/endpoint.h"
#include "io/loop_internal.h"
#include "io/output.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <openssl/ssl.h>

struct endpoint {
	struct loop *loop;
	int fd; /* -1 once torn down */
	void (*ready)(void *context);
	void *context;
	struct event read, write; /* persistent; added or not as `reading` and `writing` say */
	struct event wake;        /* made active for a call that must not come from inside another */
	struct timer *timer;
	struct lingerer lingerer; /* in the loop's list while link != NULL */
	struct buf in;
	size_t in_used; /* so much of in's memory, from its beginning, has held input */
	struct output out; /* as it goes to TLS or to the socket */
	struct deflate *deflate; /* NULL: nothing is compressed */
	const char *fault;

	struct endpoint_traffic *traffic; /* NULL: not counted */
	SSL *ssl;
	char *tls_text;
	enum endpoint_tls tls;
	unsigned handshakes; /* handshake messages seen after the handshake */

	bool reading, writing;
	bool paused, eof, broken, expired;
	bool news;           /* ready() is due at the next wake */
	bool more;           /* TLS holds octets that found no room */
	bool read_blocked;   /* TLS must write before it can read on */
	bool tls_early;      /* the handshake is still read from memory */
	bool tls_begun;      /* plaintext is sent, the handshake runs */
	bool busy;           /* inside ready(): freeing waits */
	bool dead;           /* to be freed when ready() returns */
	bool closing;        /* belongs to no session any more */
	bool sent;           /* closing: nothing is left to send */
};

/* Something happened that ready() must be told, but not from here. */
void endpoint_wake(struct endpoint *e);
/* Adds or removes the read event, as the state wants it. */
void endpoint_watch_input(struct endpoint *e);
void endpoint_watch_output(struct endpoint *e, bool wanted);
/* The connection is of no use any more. */
void endpoint_break(struct endpoint *e);
/* endpoint_input.c */
void endpoint_give_input_back(struct endpoint *e);
/* Gives the input's block back, or its memory's better part. */
void endpoint_settle_input(struct endpoint *e);
/* Room for input, at most *len octets, whose number it sets; NULL: no memory, the endpoint is broken. */
char *endpoint_input_room(struct endpoint *e, size_t *len);
/* So many octets have come into that room. */
void endpoint_input_came(struct endpoint *e, size_t len);

/* The same for what comes from the socket, which may be compressed; and that so much came. */
char *endpoint_receive_room(struct endpoint *e, size_t *len);
void endpoint_received(struct endpoint *e, size_t len);
/* What the session writes goes there. */
struct output *endpoint_output(struct endpoint *e);
/* Compresses what has to be before more can be sent. What that cost, in octets sent. */
size_t endpoint_fill_output(struct endpoint *e);

/* Something that came is not expanded yet. */
bool deflate_endpoint_holds(const struct endpoint *e);
/* Expands what there is room for. True: ready() must be told. */
bool deflate_endpoint_expand(struct endpoint *e);
/* Octets that are not compressed yet. */
uint64_t deflate_endpoint_pending(const struct endpoint *e);
void deflate_endpoint_free(struct endpoint *e);

void endpoint_count_sent(struct endpoint *e, size_t octets);

/* Each returns true when something happened that ready() must be told. */
bool tls_endpoint_handshake(struct endpoint *e);
bool tls_endpoint_receive(struct endpoint *e);
/* Sends what it can, keeps the write event right; broken on failure. */
void tls_endpoint_send(struct endpoint *e);
void tls_endpoint_shutdown(struct endpoint *e);

#endif
