/* A small HTTP server for what a machine asks of us: libevent's evhttp, GET and
 * HEAD only, with bounds, so that no client can hold anything up. */
#ifndef IO_HTTP_H
#define IO_HTTP_H

#include "base/buf.h"
#include "io/loop.h"

enum {
	HTTP_CONNECTIONS_MAX = 64, /* others wait in the backlog */
	/* A connection is closed that long after it was taken, whatever it does:
	 * a client that sends a byte now and then cannot stay. */
	HTTP_LIFETIME_MS = 30 * 1000,
	HTTP_IDLE_S = 10,          /* of nothing heard or taken */
	HTTP_HEADERS_MAX = 8 * 1024,
	HTTP_BODY_MAX = 1024,      /* nobody has to send any */
};

/* What there is at that path, without query; false: nothing (404). *status is
 * 200 before. The body is text/plain; a media type other than that may be put
 * into *type (static). */
typedef bool http_get(void *context, const char *path, int *status, const char **type, struct buf *body);

struct http_server;
/* NULL: no memory. */
struct http_server *http_server_new(struct loop *l, http_get *get, void *context);
/* fd: listening and non-blocking; not owned, and open as long as the server
 * lives. False: no memory. */
bool http_server_listen(struct http_server *s, int fd);
void http_server_free(struct http_server **s);

#endif
