/* Many endpoints, plain and TLS, whose sessions do anything at any time: write
 * in every way, consume in pieces, pause, close and abort each other, inside
 * and outside of ready(). Whatever arrives must be what was sent, in order;
 * and all of it, when the sender closed. The sanitizers watch the memory. */
#include "config.h"

#include "io_certs.h"
#include "io_pair.h"

#include <stdlib.h>
#include <unistd.h>

enum {
	PATTERN = 1024 * 1024 + 7, /* a stream is this again and again */
	PAIRS = 12,
	EVENTS = 8000,
	PENDING_MAX = 4 * 1024 * 1024,
};

struct storm;
struct side {
	struct storm *storm;
	struct side *peer;
	struct endpoint *e;
	uint64_t sent, got;
	bool closed; /* in good order, so all that was sent must arrive */
	bool secure;
};

struct storm {
	struct pair p; /* its loop and watchdog */
	struct side sides[2 * PAIRS];
	struct buf pattern;
	int file;
	unsigned seed, events, completed;
	struct tls_server *server;
	struct tls_client *client;
	struct arena *arena;
};

static unsigned
dice(struct storm *s, unsigned sides)
{
	return (unsigned)rand_r(&s->seed) % sides;
}

static size_t
some_length(struct storm *s, size_t most)
{
	static const unsigned scale[] = { 10, 100, 2000, 20000, 200000, 2000000 };
	size_t len = dice(s, scale[dice(s, 6)]) + 1;

	return len < most ? len : most;
}

static void
take(struct side *x)
{
	struct span in = endpoint_input(x->e);
	size_t at = (size_t)(x->got % PATTERN), len;

	if (in.len == 0)
		return;
	len = dice(x->storm, 3) > 0 ? in.len : some_length(x->storm, in.len);
	len = len < PATTERN - at ? len : PATTERN - at;
	assert_memory_equal(in.data, x->storm->pattern.data + at, len);
	x->got += len;
	endpoint_consume(x->e, len);
}

static void
put(struct side *x)
{
	struct storm *s = x->storm;
	size_t at = (size_t)(x->sent % PATTERN), len = some_length(s, PATTERN - at);
	struct span bytes = { s->pattern.data + at, len };
	bool done;

	if (endpoint_pending(x->e) > PENDING_MAX)
		return;
	switch (dice(s, 3)) {
	case 0:
		done = endpoint_write(x->e, bytes);
		break;
	case 1:
		done = endpoint_write_static(x->e, bytes);
		break;
	default:
		done = endpoint_write_file(x->e, s->file, at, len);
	}
	assert_int_equal(done, !endpoint_broken(x->e));
	x->sent += len;
	if (dice(s, 4) > 0)
		endpoint_flush(x->e);
}

static bool
usable(const struct side *x)
{
	return x->e != NULL && !endpoint_broken(x->e) &&
	    endpoint_tls(x->e) == (x->secure ? ENDPOINT_SECURE : ENDPOINT_PLAIN);
}

static void
act_on(struct side *x)
{
	struct storm *s = x->storm;

	switch (dice(s, 40)) {
	case 0:
		endpoint_abort(&x->e);
		return;
	case 1:
	case 2:
		endpoint_close(&x->e);
		x->closed = true;
		return;
	case 3:
		endpoint_pause(x->e, true);
		return;
	case 4:
		endpoint_idle(x->e);
		return;
	case 5:
		endpoint_deadline(x->e, loop_now(s->p.loop) + dice(s, 3));
		return;
	default:
		endpoint_pause(x->e, false);
		take(x);
		if (dice(s, 3) == 0)
			put(x);
	}
}

static void
on_ready(void *context)
{
	struct side *x = context, *other;
	struct storm *s = x->storm;

	s->events++;
	if (endpoint_broken(x->e) || (endpoint_eof(x->e) && endpoint_input(x->e).len == 0)) {
		if (x->peer->closed && !endpoint_broken(x->e)) {
			assert_int_equal(x->got, x->peer->sent);
			s->completed++;
		}
		endpoint_abort(&x->e);
	} else if (usable(x)) {
		take(x);
		act_on(x);
	}
	other = &s->sides[dice(s, 2 * PAIRS)];
	if (usable(other))
		act_on(other);
	loop_stop(s->p.loop);
}

static void
begin(struct storm *s, struct side *x, struct side *y)
{
	bool secure = dice(s, 2) == 0;
	int fds[2];

	tcp_pair(fds);
	*x = (struct side){ .storm = s, .peer = y, .secure = secure };
	*y = (struct side){ .storm = s, .peer = x, .secure = secure };
	x->e = endpoint_new(s->p.loop, fds[0], on_ready, x);
	y->e = endpoint_new(s->p.loop, fds[1], on_ready, y);
	assert_true(x->e != NULL && y->e != NULL);
	if (secure) {
		assert_true(endpoint_accept_tls(x->e, s->server));
		assert_true(endpoint_connect_tls(y->e, s->client, "localhost", "here"));
	} else {
		put(x);
		endpoint_flush(x->e);
	}
}

/* Pairs that ended begin anew; those that sleep are woken. */
static void
keep_going(struct storm *s)
{
	for (size_t i = 0; i < 2 * PAIRS; i += 2)
		if (s->sides[i].e == NULL && s->sides[i + 1].e == NULL)
			begin(s, &s->sides[i], &s->sides[i + 1]);
	for (size_t i = 0; i < 2 * PAIRS; i++)
		if (s->sides[i].e != NULL)
			endpoint_deadline(s->sides[i].e, loop_now(s->p.loop) + 1);
}

static void
run_storm(unsigned seed)
{
	struct storm s = { .seed = seed, .arena = arena_new(0) };
	struct cert cert;
	struct certificate files;
	struct tls_tickets tickets;
	const char *error = "";

	cert_make(&cert, "localhost", "localhost", CERT_EC, "DNS:localhost", NULL);
	files = cert_files(&cert);
	assert_true(tls_tickets_make(&tickets));
	s.server = tls_server_new(s.arena, &(struct listener_tls){ .certificates = &files, .certificate_count = 1 },
	    &tickets, &error);
	s.client = tls_client_new(s.arena, &(struct upstream_tls){ .verify = VERIFY_NONE }, &error);
	assert_string_equal(error, "");
	fill_pattern(&s.pattern, PATTERN);
	s.file = pattern_file(buf_span(&s.pattern));
	pair_loop(&s.p);
	while (s.events < EVENTS) {
		keep_going(&s);
		loop_run(s.p.loop);
	}
	assert_true(s.completed > 20);
	for (size_t i = 0; i < 2 * PAIRS; i++)
		endpoint_abort(&s.sides[i].e);
	pair_free(&s.p);
	close(s.file);
	buf_free(&s.pattern);
	cert_free(&cert);
	arena_free(&s.arena);
}

static void
test_storm(void **state)
{
	(void)state;
	certs_begin();
	for (unsigned seed = 1; seed <= 3; seed++)
		run_storm(seed);
	certs_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_storm) };

	return cmocka_run_group_tests_name("io/storm", tests, NULL, NULL);
}
