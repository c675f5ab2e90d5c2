/* evhttp with the bounds that it lacks.
 *
 * evhttp makes and frees its connections without telling. So we make their
 * bufferevents and keep a reference: one that has no callbacks any more was
 * freed by evhttp, and its socket, shut down already, is closed with our
 * reference. While all places are taken nothing is accepted, and a
 * connection that is too old is shut down, which evhttp takes for its end. */
#include "config.h"

#include "io/http.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <sys/socket.h>

enum {
	HTTP_SOCKETS_MAX = 100, /* addresses that a configuration may name */
	HTTP_SWEEP_MS = 100, /* how soon a place that was given up is used again */
	/* Octets that lie unread, also of a connection that evhttp has freed and
	 * the sweep has not. */
	HTTP_INPUT_MAX = HTTP_HEADERS_MAX + HTTP_BODY_MAX,
};

struct connection {
	struct bufferevent *bev; /* NULL: the place is free */
	uint64_t until;
};

struct http_server {
	struct loop *loop;
	struct evhttp *http;
	struct timer *timer;
	http_get *get;
	void *context;
	struct evconnlistener *listeners[HTTP_SOCKETS_MAX]; /* evhttp's */
	size_t listener_count;
	struct http_bounds bounds;
	struct connection *connections; /* so many places */
	size_t used;
};

/* ---- connections ---- */

static bool
is_gone(struct bufferevent *bev)
{
	bufferevent_data_cb read, write;
	bufferevent_event_cb event;
	void *context;

	bufferevent_getcb(bev, &read, &write, &event, &context);
	return read == NULL && write == NULL && event == NULL;
}

static void
accept_more(struct http_server *s, bool more)
{
	for (size_t i = 0; i < s->listener_count; i++) {
		if (more)
			evconnlistener_enable(s->listeners[i]);
		else
			evconnlistener_disable(s->listeners[i]);
	}
}

static void
forget(struct http_server *s, struct connection *c)
{
	bufferevent_decref(c->bev);
	c->bev = NULL;
	s->used--;
}

static void
sweep(void *context)
{
	struct http_server *s = context;
	bool was_full = s->used == s->bounds.connections;

	for (size_t i = 0; i < s->bounds.connections; i++) {
		struct connection *c = &s->connections[i];

		if (c->bev != NULL && is_gone(c->bev))
			forget(s, c);
		else if (c->bev != NULL && c->until <= loop_now(s->loop))
			shutdown(bufferevent_getfd(c->bev), SHUT_RDWR);
	}
	if (was_full && s->used < s->bounds.connections)
		accept_more(s, true);
	timer_at(s->timer, s->used > 0 ? loop_now(s->loop) + HTTP_SWEEP_MS : 0);
}

static struct connection *
find_place(struct http_server *s)
{
	for (size_t i = 0; i < s->bounds.connections; i++)
		if (s->connections[i].bev == NULL)
			return &s->connections[i];
	return NULL;
}

/* A connection was accepted: evhttp asks for its bufferevent. */
static struct bufferevent *
begin_connection(struct event_base *base, void *context)
{
	struct http_server *s = context;
	struct connection *c = find_place(s);
	struct bufferevent *bev = c != NULL ? bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE) : NULL;

	if (bev == NULL)
		return NULL;
	bufferevent_setwatermark(bev, EV_READ, 0, HTTP_INPUT_MAX);
	bufferevent_incref(bev);
	*c = (struct connection){ bev, loop_now(s->loop) + s->bounds.lifetime };
	if (++s->used == s->bounds.connections)
		accept_more(s, false);
	timer_at(s->timer, loop_now(s->loop) + HTTP_SWEEP_MS);
	return bev;
}

/* ---- requests ---- */

static bool
find(struct http_server *s, struct evhttp_request *request, int *status, const char **type, struct buf *body)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
	const char *path = uri != NULL ? evhttp_uri_get_path(uri) : NULL;

	return path != NULL && s->get(s->context, path, status, type, body);
}

static void
answer(struct evhttp_request *request, int status, const char *type, struct span body)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
	struct evbuffer *out = evbuffer_new();
	char length[32];

	snprintf(length, sizeof(length), "%zu", body.len);
	evhttp_add_header(headers, "Content-Type", type);
	evhttp_add_header(headers, "Content-Length", length);
	evhttp_add_header(headers, "Cache-Control", "no-store");
	if (out != NULL && evhttp_request_get_command(request) != EVHTTP_REQ_HEAD)
		evbuffer_add(out, body.data, body.len);
	evhttp_send_reply(request, status, NULL, out);
	if (out != NULL)
		evbuffer_free(out);
}

static void
serve(struct evhttp_request *request, void *context)
{
	struct http_server *s = context;
	const char *type = "text/plain; charset=utf-8";
	struct buf body = { 0 };
	int status = HTTP_OK;

	if (!find(s, request, &status, &type, &body)) {
		buf_add_str(&body, "not found\n");
		status = HTTP_NOTFOUND;
	}
	if (body.failed) {
		buf_clear(&body);
		status = HTTP_SERVUNAVAIL;
	}
	answer(request, status, type, buf_span(&body));
	buf_free(&body);
}

/* ---- the server ---- */

struct http_server *
http_server_new(struct loop *l, const struct http_bounds *bounds, http_get *get, void *context)
{
	const struct timeval idle = { .tv_sec = (time_t)(bounds->idle / 1000), .tv_usec = (suseconds_t)(bounds->idle % 1000 * 1000) };
	struct http_server *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->loop = l;
	s->bounds = *bounds;
	s->get = get;
	s->context = context;
	s->timer = timer_new(l, sweep, s);
	s->http = evhttp_new(loop_base(l));
	s->connections = calloc(bounds->connections, sizeof(*s->connections));
	if (s->timer == NULL || s->http == NULL || s->connections == NULL) {
		http_server_free(&s);
		return NULL;
	}
	evhttp_set_allowed_methods(s->http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
	evhttp_set_max_headers_size(s->http, HTTP_HEADERS_MAX);
	evhttp_set_max_body_size(s->http, HTTP_BODY_MAX);
	evhttp_set_timeout_tv(s->http, &idle);
	evhttp_set_bevcb(s->http, begin_connection, s);
	evhttp_set_gencb(s->http, serve, s);
	return s;
}

bool
http_server_listen(struct http_server *s, int fd)
{
	struct evconnlistener *listener;

	if (s->listener_count == HTTP_SOCKETS_MAX)
		return false;
	listener = evconnlistener_new(loop_base(s->loop), NULL, NULL, LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (listener == NULL)
		return false;
	if (evhttp_bind_listener(s->http, listener) == NULL) {
		evconnlistener_free(listener);
		return false;
	}
	s->listeners[s->listener_count++] = listener;
	return true;
}

void
http_server_free(struct http_server **server)
{
	struct http_server *s = *server;

	if (s == NULL)
		return;
	*server = NULL;
	if (s->http != NULL)
		evhttp_free(s->http);
	for (size_t i = 0; s->connections != NULL && i < s->bounds.connections; i++)
		if (s->connections[i].bev != NULL)
			forget(s, &s->connections[i]);
	free(s->connections);
	timer_free(&s->timer);
	free(s);
}
