/* Endpoints without TLS: exchange, order of output, slow readers, half-close,
 * deadlines, and everything that a session may do inside ready(). */
#include "config.h"

#include "io_pair.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BIG = 3 * 1024 * 1024 + 17 };

static void
test_exchange(void **state)
{
	struct pair p;

	(void)state;
	pair_tcp(&p);
	send_text(&p.left, "EHLO left\r\n");
	assert_int_equal(endpoint_pending(p.left.e), 0);
	run_until(&p, end_got(&p.right, "EHLO left\r\n"));
	send_text(&p.right, "250 right\r\n");
	run_until(&p, end_got(&p.left, "250 right\r\n"));
	assert_false(endpoint_eof(p.left.e));
	assert_int_equal(endpoint_tls(p.left.e), ENDPOINT_PLAIN);
	assert_string_equal(endpoint_tls_text(p.left.e), "");
	pair_free(&p);
}

/* Input that is consumed a little at a time, in and out of ready(). */
static void
test_rest_is_kept(void **state)
{
	struct pair p;

	(void)state;
	pair_tcp(&p);
	p.right.keep = true;
	send_text(&p.left, "one two");
	run_until(&p, endpoint_input(p.right.e).len == 7);
	endpoint_consume(p.right.e, 4);
	endpoint_idle(p.right.e);
	assert_true(span_is(endpoint_input(p.right.e), "two"));
	send_text(&p.left, " three");
	run_until(&p, endpoint_input(p.right.e).len == 9);
	assert_true(span_is(endpoint_input(p.right.e), "two three"));
	assert_int_equal(endpoint_discard_input(p.right.e), 9);
	assert_int_equal(endpoint_input(p.right.e).len, 0);
	send_text(&p.left, "four");
	run_until(&p, span_is(endpoint_input(p.right.e), "four"));
	pair_free(&p);
}

static void
test_reading_stops_when_full(void **state)
{
	struct pair p;
	struct buf pattern = { 0 };

	(void)state;
	pair_tcp(&p);
	fill_pattern(&pattern, 1024 * 1024);
	p.right.keep = true;
	assert_true(endpoint_write(p.left.e, buf_span(&pattern)));
	endpoint_flush(p.left.e);
	run_until(&p, endpoint_input(p.right.e).len == ENDPOINT_INPUT_MAX);
	/* A line taken makes room again. */
	endpoint_consume(p.right.e, 1000);
	run_until(&p, endpoint_input(p.right.e).len == ENDPOINT_INPUT_MAX);
	assert_memory_equal(endpoint_input(p.right.e).data, pattern.data + 1000, ENDPOINT_INPUT_MAX);
	endpoint_consume(p.right.e, 1000);
	p.right.keep = false;
	run_until(&p, p.right.got.len == pattern.len - 2000);
	assert_memory_equal(p.right.got.data, pattern.data + 2000, pattern.len - 2000);
	buf_free(&pattern);
	pair_free(&p);
}

static void
test_pause(void **state)
{
	struct pair p;

	(void)state;
	pair_tcp(&p);
	endpoint_pause(p.right.e, true);
	send_text(&p.left, "early");
	send_text(&p.right, "meanwhile");
	run_until(&p, end_got(&p.left, "meanwhile"));
	assert_int_equal(p.right.calls, 0);
	endpoint_pause(p.right.e, false);
	run_until(&p, end_got(&p.right, "early"));
	pair_free(&p);
}

/* All kinds of output, small and large, arrive whole and in order. */
static void
test_output_keeps_order(void **state)
{
	struct pair p;
	struct buf pattern = { 0 }, expected = { 0 };
	int file;

	(void)state;
	pair_tcp(&p);
	fill_pattern(&pattern, BIG);
	file = pattern_file(buf_span(&pattern));
	for (int round = 0; round < 2; round++) {
		struct span all = buf_span(&pattern);

		assert_true(endpoint_write(p.left.e, SPAN_LITERAL("begin")));
		assert_true(endpoint_write_file(p.left.e, file, 5, 100));
		assert_true(endpoint_write_file(p.left.e, file, 1, BIG - 1));
		assert_true(endpoint_write(p.left.e, SPAN_LITERAL("between")));
		assert_true(endpoint_write(p.left.e, span_first(all, 300 * 1024)));
		assert_true(endpoint_write_static(p.left.e, all));
		assert_true(endpoint_write_static(p.left.e, SPAN_LITERAL("end")));
		buf_add_str(&expected, "begin");
		buf_add_span(&expected, span_first(span_from(all, 5), 100));
		buf_add_span(&expected, span_from(all, 1));
		buf_add_str(&expected, "between");
		buf_add_span(&expected, span_first(all, 300 * 1024));
		buf_add_span(&expected, all);
		buf_add_str(&expected, "end");
	}
	close(file);
	assert_int_equal(endpoint_pending(p.left.e), expected.len);
	endpoint_flush(p.left.e);
	run_until(&p, p.right.got.len >= expected.len);
	assert_int_equal(p.right.got.len, expected.len);
	assert_memory_equal(p.right.got.data, expected.data, expected.len);
	run_until(&p, endpoint_pending(p.left.e) == 0);
	buf_free(&pattern);
	buf_free(&expected);
	pair_free(&p);
}

static void
test_short_file_breaks(void **state)
{
	struct pair p;
	int file = pattern_file(SPAN_LITERAL("ten octets"));

	(void)state;
	pair_tcp(&p);
	assert_true(endpoint_write_file(p.left.e, file, 4, 0));
	assert_false(endpoint_write_file(p.left.e, file, 4, 7));
	assert_true(endpoint_broken(p.left.e));
	assert_false(endpoint_write(p.left.e, SPAN_LITERAL("too late")));
	assert_false(endpoint_write_file(p.right.e, file, UINT64_MAX - 1, 100 * 1024));
	run_until(&p, p.left.calls == 1);
	close(file);
	pair_free(&p);
}

/* A file that shrinks while it is sent ends the connection, not a wait. */
static void
test_shrinking_file_breaks(void **state)
{
	struct pair p;
	struct buf pattern = { 0 };
	int file;

	(void)state;
	pair_tcp(&p);
	fill_pattern(&pattern, 8 * BIG);
	file = pattern_file(buf_span(&pattern));
	endpoint_pause(p.right.e, true);
	assert_true(endpoint_write_file(p.left.e, file, 0, 8 * BIG));
	endpoint_flush(p.left.e);
	assert_true(endpoint_pending(p.left.e) > 0);
	assert_int_equal(ftruncate(file, 0), 0);
	endpoint_pause(p.right.e, false);
	run_until(&p, endpoint_broken(p.left.e));
	assert_int_equal(endpoint_pending(p.left.e), 0);
	close(file);
	buf_free(&pattern);
	pair_free(&p);
}

static void
test_half_close(void **state)
{
	struct pair p;
	int other;

	(void)state;
	other = pair_raw(&p);
	assert_int_equal(write(other, "last words", 10), 10);
	assert_int_equal(shutdown(other, SHUT_WR), 0);
	run_until(&p, endpoint_eof(p.left.e));
	assert_true(end_got(&p.left, "last words"));
	assert_false(endpoint_broken(p.left.e));
	send_text(&p.left, "reply");
	assert_int_equal(endpoint_pending(p.left.e), 0);
	assert_false(endpoint_broken(p.left.e));
	close(other);
	pair_free(&p);
}

static void
test_peer_gone(void **state)
{
	struct pair p;
	int other;

	(void)state;
	other = pair_raw(&p);
	close(other);
	send_text(&p.left, "to nobody");
	assert_true(endpoint_broken(p.left.e));
	assert_int_equal(p.left.calls, 0); /* never from inside */
	run_until(&p, p.left.calls > 0);
	endpoint_flush(p.left.e);
	pair_free(&p);
}

static void
test_reset(void **state)
{
	struct pair p;
	struct linger now = { .l_onoff = 1 };
	int fds[2];

	(void)state;
	pair_loop(&p);
	tcp_pair(fds);
	end_begin(p.loop, &p.left, fds[0]);
	assert_int_equal(setsockopt(fds[1], SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	close(fds[1]);
	run_until(&p, endpoint_broken(p.left.e));
	pair_free(&p);
}

static void
test_deadline(void **state)
{
	struct pair p;
	int other;

	(void)state;
	other = pair_raw(&p);
	endpoint_deadline(p.left.e, loop_now(p.loop) + 1);
	assert_false(endpoint_expired(p.left.e));
	run_until(&p, p.left.calls > 0);
	assert_true(endpoint_expired(p.left.e));
	/* A new one takes it back, and can be taken back itself. */
	endpoint_deadline(p.left.e, loop_now(p.loop) + 1);
	assert_false(endpoint_expired(p.left.e));
	endpoint_deadline(p.left.e, 0);
	assert_int_equal(write(other, "x", 1), 1);
	run_until(&p, end_got(&p.left, "x"));
	assert_false(endpoint_expired(p.left.e));
	close(other);
	pair_free(&p);
}

static void
abort_both(struct end *end)
{
	struct pair *p = end->context;

	endpoint_write(p->left.e, SPAN_LITERAL("lost"));
	endpoint_abort(&p->left.e);
	endpoint_abort(&p->right.e);
}

static void
test_abort_inside_ready(void **state)
{
	struct pair p;

	(void)state;
	pair_tcp(&p);
	p.right.act = abort_both;
	p.right.context = &p;
	send_text(&p.left, "die");
	run_until(&p, p.right.calls > 0);
	assert_null(p.left.e);
	assert_null(p.right.e);
	pair_free(&p);
}

/* Both are ready in the same turn; the first that is called ends the other. */
static void
test_abort_of_one_that_is_due(void **state)
{
	struct pair p;

	(void)state;
	pair_tcp(&p);
	p.left.act = p.right.act = abort_both;
	p.left.context = p.right.context = &p;
	send_text(&p.left, "a");
	send_text(&p.right, "b");
	run_until(&p, p.left.e == NULL);
	assert_int_equal(p.left.calls + p.right.calls, 1);
	pair_free(&p);
}

/* New connections in the same turn get the descriptors of the old. */
static void
replace_both(struct end *end)
{
	struct pair *p = end->context;
	int fds[2];

	endpoint_abort(&p->left.e);
	endpoint_abort(&p->right.e);
	buf_free(&p->left.got);
	buf_free(&p->right.got);
	tcp_pair(fds);
	end_begin(p->loop, &p->left, fds[0]);
	end_begin(p->loop, &p->right, fds[1]);
}

static void
test_descriptors_are_reused(void **state)
{
	struct pair p;

	(void)state;
	pair_tcp(&p);
	for (int round = 0; round < 10; round++) {
		struct end *end = round % 2 == 0 ? &p.left : &p.right;

		end->act = replace_both;
		end->context = &p;
		send_text(round % 2 == 0 ? &p.right : &p.left, "go");
		run_until(&p, end->act == NULL);
		send_text(&p.left, "there");
		run_until(&p, end_got(&p.right, "there"));
		send_text(&p.right, "and back");
		run_until(&p, end_got(&p.left, "and back"));
		buf_clear(&p.left.got);
		buf_clear(&p.right.got);
	}
	pair_free(&p);
}

static void
close_inside(struct end *end)
{
	endpoint_write(end->e, SPAN_LITERAL("221 bye\r\n"));
	endpoint_close(&end->e);
}

static void
test_close_inside_ready(void **state)
{
	struct pair p;

	(void)state;
	pair_tcp(&p);
	p.right.act = close_inside;
	send_text(&p.left, "QUIT\r\n");
	run_until(&p, endpoint_eof(p.left.e));
	assert_true(end_got(&p.left, "221 bye\r\n"));
	assert_null(p.right.e);
	pair_free(&p);
}

/* What was queued arrives although the endpoint is closed and the reader slow;
 * what the reader sends in the meantime does not make it a reset. */
static void
test_close_sends_the_rest(void **state)
{
	struct pair p;
	struct buf pattern = { 0 };

	(void)state;
	pair_tcp(&p);
	fill_pattern(&pattern, 4 * BIG);
	endpoint_pause(p.right.e, true);
	assert_true(endpoint_write(p.left.e, buf_span(&pattern)));
	endpoint_flush(p.left.e);
	send_text(&p.right, "still talking");
	endpoint_close(&p.left.e);
	assert_null(p.left.e);
	send_text(&p.right, "and talking");
	endpoint_pause(p.right.e, false);
	run_until(&p, endpoint_eof(p.right.e) || endpoint_broken(p.right.e));
	assert_false(endpoint_broken(p.right.e));
	assert_int_equal(p.right.got.len, pattern.len);
	assert_memory_equal(p.right.got.data, pattern.data, pattern.len);
	buf_free(&pattern);
	pair_free(&p);
}

/* The loop's end is the end of those that still linger. */
static void
test_loop_ends_while_lingering(void **state)
{
	struct pair p;

	(void)state;
	pair_tcp(&p);
	endpoint_close(&p.left.e);
	run_until(&p, endpoint_eof(p.right.e));
	assert_int_equal(loop_lingering(p.loop), 0); /* all was sent: only the peer's end is awaited */
	endpoint_abort(&p.right.e);
	pair_free(&p);
}

static void
test_lingering_ends(void **state)
{
	enum { UNREAD = 16 * 1024 * 1024 }; /* more than socket buffers hold */
	struct pair p;
	char *unread;
	int other;

	(void)state;
	other = pair_raw(&p);
	unread = calloc(1, UNREAD);
	assert_non_null(unread);
	endpoint_write(p.left.e, span_of(unread, UNREAD));
	free(unread);
	endpoint_close(&p.left.e);
	assert_int_equal(loop_lingering(p.loop), 1);
	close(other);
	timer_free(&p.watchdog);
	loop_run(p.loop); /* returns when there is nothing left to wait for */
	assert_int_equal(loop_lingering(p.loop), 0);
	pair_free(&p);
}

/* A session that relays: what one end gets, in its ready(), goes to another. */
static void
relay(struct end *end)
{
	struct end *other = end->context;

	endpoint_write(other->e, buf_span(&end->got));
	endpoint_flush(other->e);
	buf_clear(&end->got);
}

static void
test_relay(void **state)
{
	struct pair p;
	struct end out, far;
	struct buf pattern = { 0 };
	int fds[2];

	(void)state;
	pair_tcp(&p);
	tcp_pair(fds);
	end_begin(p.loop, &out, fds[0]);
	end_begin(p.loop, &far, fds[1]);
	p.right.act = relay;
	p.right.context = &out;
	fill_pattern(&pattern, BIG);
	assert_true(endpoint_write(p.left.e, buf_span(&pattern)));
	endpoint_flush(p.left.e);
	run_until(&p, far.got.len >= BIG);
	assert_memory_equal(far.got.data, pattern.data, BIG);
	endpoint_abort(&out.e);
	endpoint_abort(&far.e);
	buf_free(&far.got);
	buf_free(&pattern);
	pair_free(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exchange),
		cmocka_unit_test(test_rest_is_kept),
		cmocka_unit_test(test_reading_stops_when_full),
		cmocka_unit_test(test_pause),
		cmocka_unit_test(test_output_keeps_order),
		cmocka_unit_test(test_short_file_breaks),
		cmocka_unit_test(test_shrinking_file_breaks),
		cmocka_unit_test(test_half_close),
		cmocka_unit_test(test_peer_gone),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_abort_inside_ready),
		cmocka_unit_test(test_abort_of_one_that_is_due),
		cmocka_unit_test(test_descriptors_are_reused),
		cmocka_unit_test(test_close_inside_ready),
		cmocka_unit_test(test_close_sends_the_rest),
		cmocka_unit_test(test_loop_ends_while_lingering),
		cmocka_unit_test(test_lingering_ends),
		cmocka_unit_test(test_relay),
	};

	return cmocka_run_group_tests_name("io/endpoint", tests, NULL, NULL);
}
