/* A small HTTP server for what a machine asks of us: libevent's evhttp, GET and
 * HEAD only, with bounds, so that no client can hold anything up. */
#ifndef IO_HTTP_H
#define IO_HTTP_H

#include "base/buf.h"
#include "io/loop.h"

enum {
	HTTP_HEADERS_MAX = 8 * 1024,
	HTTP_BODY_MAX = 1024, /* nobody has to send any */
};

struct http_bounds {
	size_t connections; /* others wait in the backlog */
	uint64_t idle;      /* ms of nothing heard or taken, then it is closed */
	/* ms after it was taken it is closed, whatever it does: a client that sends
	 * a byte now and then cannot stay. */
	uint64_t lifetime;
};

/* What there is at that path, without query; false: nothing (404). *status is
 * 200 before. The body is text/plain; a media type other than that may be put
 * into *type (static). */
typedef bool http_get(void *context, const char *path, int *status, const char **type, struct buf *body);

struct http_server;
/* NULL: no memory. */
struct http_server *http_server_new(struct loop *l, const struct http_bounds *bounds, http_get *get, void *context);
/* fd: listening and non-blocking; not owned, and open as long as the server
 * lives. False: no memory. */
bool http_server_listen(struct http_server *s, int fd);
void http_server_free(struct http_server **s);

#endif
