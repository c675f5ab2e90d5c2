/* Counting, printing for Prometheus, and what counts as alive and ready. */
#include "config.h"

#include "daemon/metrics.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <openssl/ssl.h>

struct fixture {
	struct board *board;
	struct board_ledger ledger;
	struct buf out;
};

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->board = board_new();
	assert_non_null(f->board);
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	board_free(&f->board);
	buf_free(&f->out);
	free(f);
	return 0;
}

static void
expect_line(struct fixture *f, const char *line)
{
	const char *wanted = line;

	buf_clear(&f->out);
	metrics_print(&f->out, f->board);
	if (strstr(buf_str(&f->out), wanted) == NULL)
		fail_msg("no line %s", line);
}

static void
test_histogram(void **state)
{
	struct fixture *f = *state;
	struct stats *s = board_stats(f->board, 0), *other = board_stats(f->board, 3);

	stats_time(&s->scan, 0);
	stats_time(&s->scan, 1000); /* a bound belongs to what it bounds */
	stats_time(&s->scan, 1001);
	stats_time(&other->scan, 70 * 1000000ULL);
	expect_line(f, "\ngatepost_scan_seconds_bucket{le=\"0.001\"} 2\n");
	expect_line(f, "\ngatepost_scan_seconds_bucket{le=\"0.002\"} 3\n");
	expect_line(f, "\ngatepost_scan_seconds_bucket{le=\"0.05\"} 3\n");
	expect_line(f, "\ngatepost_scan_seconds_bucket{le=\"60\"} 3\n");
	expect_line(f, "\ngatepost_scan_seconds_bucket{le=\"+Inf\"} 4\n");
	expect_line(f, "\ngatepost_scan_seconds_sum 70.002001\n");
	expect_line(f, "\ngatepost_scan_seconds_count 4\n");
	expect_line(f, "\ngatepost_relay_seconds_count 0\n");
}

static void
test_counters(void **state)
{
	struct fixture *f = *state;
	struct stats *s = board_stats(f->board, 255), *same = board_stats(f->board, 255);

	assert_ptr_equal(s, same);
	stats_add(&s->octets[PROTOCOL_POP3], 1ULL << 40);
	stats_add(&board_stats(f->board, 1)->octets[PROTOCOL_POP3], 1);
	stats_tls(s, STATS_UPSTREAM, TLS1_3_VERSION);
	stats_tls(s, STATS_UPSTREAM, 0);
	stats_tls(s, STATS_UPSTREAM, TLS1_3_VERSION + 1);
	stats_add(&s->traffic[STATS_UPSTREAM].sent, 5);
	stats_add(&s->errors[STATS_ERROR_VIEWS], 6);
	expect_line(f, "\ngatepost_message_octets_total{protocol=\"pop3\"} 1099511627777\n");
	expect_line(f, "\ngatepost_tls_handshakes_total{side=\"upstream\",version=\"TLSv1.3\"} 1\n");
	expect_line(f, "\ngatepost_octets_total{side=\"upstream\",direction=\"sent\"} 5\n");
	expect_line(f, "\ngatepost_octets_total{side=\"upstream\",direction=\"received\"} 0\n");
	expect_line(f, "\ngatepost_errors_total{kind=\"views\"} 6\n");
}

static void
test_escapes(void **state)
{
	struct fixture *f = *state;

	snprintf(f->board->rules[1], STATS_NAME_SIZE, "a\"b\\c\033d");
	f->board->rule_count = 2;
	stats_add(&board_stats(f->board, 0)->rules[1], 1);
	expect_line(f, "\ngatepost_rule_hits_total{rule=\"a\\\"b\\\\c?d\"} 1\n");
}

/* A process that is gone takes what it had with it. */
static void
test_gauges(void **state)
{
	struct fixture *f = *state;
	struct board_child *one = board_place(f->board, &f->ledger, CHILD_PROXY, 0), *two;

	one->pid = 10;
	two = board_place(f->board, &f->ledger, CHILD_PROXY, 1);
	two->pid = 11;
	assert_ptr_not_equal(one, two);
	stats_move(&one->gauges.sessions[PROTOCOL_IMAP], 3);
	stats_move(&two->gauges.sessions[PROTOCOL_IMAP], 4);
	stats_move(&two->gauges.sessions[PROTOCOL_SMTP], -1);
	expect_line(f, "\ngatepost_sessions{protocol=\"imap\"} 7\n");
	expect_line(f, "\ngatepost_sessions{protocol=\"smtp\"} 0\n");
	expect_line(f, "\ngatepost_process_pid{process=\"proxy\",index=\"1\",generation=\"0\"} 11\n");
	board_leave(f->board, &f->ledger, two);
	expect_line(f, "\ngatepost_sessions{protocol=\"imap\"} 3\n");
	assert_ptr_equal(board_place(f->board, &f->ledger, CHILD_SCANNER, 0), two);
	assert_int_equal(two->gauges.sessions[PROTOCOL_IMAP], 0);
}

/* What is not known is left out; what the proxy wrote into its kind is no name. */
static void
test_usage(void **state)
{
	struct fixture *f = *state;
	struct board_child *c = board_place(f->board, &f->ledger, CHILD_SCANNER, 2);

	c->pid = 10;
	c->usage.memory = 4096;
	c->usage.descriptors = 7;
	c->usage.descriptors_most = 1024;
	c->usage.processor = 1000050;
	c->usage.began = 1700000000012;
	f->board->usage.processor = 0;
	expect_line(f, "\ngatepost_process_resident_memory_bytes{process=\"scanner\",index=\"2\",generation=\"0\"} 4096\n");
	expect_line(f, "\ngatepost_process_open_fds{process=\"scanner\",index=\"2\",generation=\"0\"} 7\n");
	expect_line(f, "\ngatepost_process_max_fds{process=\"scanner\",index=\"2\",generation=\"0\"} 1024\n");
	expect_line(f, "\ngatepost_process_cpu_seconds_total{process=\"scanner\",index=\"2\",generation=\"0\"} 1.000050\n");
	expect_line(f,
	    "\ngatepost_process_start_time_seconds{process=\"scanner\",index=\"2\",generation=\"0\"} 1700000000.012\n");
	assert_null(strstr(buf_str(&f->out), "\ngatepost_process_cpu_seconds_total{process=\"master\""));
	c->usage.memory = 0;
	c->kind = 77;
	expect_line(f, "\ngatepost_process_open_fds{process=\"unknown\",index=\"2\",generation=\"0\"} 7\n");
	assert_null(strstr(buf_str(&f->out), "\ngatepost_process_resident_memory_bytes{process="));
}

static void
test_places_end(void **state)
{
	struct fixture *f = *state;

	for (uint32_t i = 0; i < BOARD_CHILDREN; i++)
		board_place(f->board, &f->ledger, CHILD_PROXY, i)->pid = 1;
	assert_null(board_place(f->board, &f->ledger, CHILD_PROXY, 0));
}

static void
test_rules_by_name(void **state)
{
	static const struct stats_rule rules[] = { { "A", 1 }, { "AB", 2 }, { "B", 3 } };
	const struct stats_names names = { NULL, rules, 3 };

	(void)state;
	assert_int_equal(stats_rule_at(&names, SPAN_LITERAL("A")), 1);
	assert_int_equal(stats_rule_at(&names, SPAN_LITERAL("AB")), 2);
	assert_int_equal(stats_rule_at(&names, SPAN_LITERAL("B")), 3);
	assert_int_equal(stats_rule_at(&names, SPAN_LITERAL("")), 0);
	assert_int_equal(stats_rule_at(&names, SPAN_LITERAL("A\0")), 0);
	assert_int_equal(stats_rule_at(&names, SPAN_LITERAL("ABC")), 0);
	assert_int_equal(stats_rule_at(&(struct stats_names){ 0 }, SPAN_LITERAL("A")), 0);
}

/* ---- names over generations ---- */

static const struct board *
take(struct fixture *f, struct generation *g, struct arena *a, const char *const *policies, size_t count)
{
	struct settings *s = ARENA_NEW(a, struct settings);
	struct report report;

	report_init(&report, a);
	s->policies = ARENA_ARRAY(a, struct policy_settings, count);
	s->policy_count = count;
	for (size_t i = 0; i < count; i++)
		s->policies[i].name = policies[i];
	*g = (struct generation){ .arena = a, .settings = s, .rules = rulesets_compile(a, s, &report) };
	assert_int_equal(report.count, 0);
	board_take(f->board, &f->ledger, g);
	return f->board;
}

static void
test_names(void **state)
{
	static const char *const first[] = { "in", "out" }, *const second[] = { "new", "out" };
	struct fixture *f = *state;
	struct arena *a = arena_new(0);
	struct generation g;

	take(f, &g, a, first, 2);
	assert_int_equal(g.names.policies[0], 1);
	assert_int_equal(g.names.policies[1], 2);
	take(f, &g, a, second, 2);
	assert_int_equal(g.names.policies[0], 3);
	assert_int_equal(g.names.policies[1], 2);
	assert_int_equal(f->board->policy_count, 4);
	arena_free(&a);
}

/* What finds no room is counted with the others. */
static void
test_names_end(void **state)
{
	struct fixture *f = *state;
	struct arena *a = arena_new(0);
	const char *names[STATS_POLICIES];
	struct generation g;

	for (size_t i = 0; i < STATS_POLICIES; i++)
		names[i] = arena_printf(a, "policy%zu", i);
	take(f, &g, a, names, STATS_POLICIES);
	assert_int_equal(g.names.policies[STATS_POLICIES - 2], STATS_POLICIES - 1);
	assert_int_equal(g.names.policies[STATS_POLICIES - 1], 0);
	stats_add(&board_stats(f->board, 0)->messages[PROTOCOL_SMTP][0][VERDICT_TAG], 1);
	expect_line(f, "\ngatepost_messages_total{protocol=\"smtp\",policy=\"(others)\",verdict=\"tag\"} 1\n");
	arena_free(&a);
}

/* Whatever a proxy in other hands leaves on the board, it is printed, and the
 * master goes on. */
static void
test_spoilt(void **state)
{
	static const char *const policies[] = { "a", "b" };
	struct fixture *f = *state;
	struct arena *a = arena_new(0);
	struct generation g;

	memset(f->board, 0xff, sizeof(*f->board));
	metrics_print(&f->out, f->board);
	health_print(&f->out, f->board, clock_millis());
	readiness_print(&f->out, f->board, clock_millis());
	assert_false(f->out.failed);
	take(f, &g, a, policies, 2);
	assert_int_equal(g.names.policies[0], 1);
	assert_int_equal(g.names.policies[1], 2);
	for (uint32_t i = 0; i < 2; i++)
		assert_ptr_equal(board_place(f->board, &f->ledger, CHILD_PROXY, i), &f->board->children[i]);
	arena_free(&a);
}

/* ---- health ---- */

static const char *
readiness(struct fixture *f, bool *ready)
{
	buf_clear(&f->out);
	*ready = readiness_print(&f->out, f->board, clock_millis());
	return buf_str(&f->out);
}

static void
test_readiness(void **state)
{
	struct fixture *f = *state;
	struct board_child *children[3];
	bool ready;

	assert_string_equal(readiness(f, &ready),
	    "no listener is open\nno proxy is ready\nno scanner is ready\nno keeper is ready\n");
	assert_false(ready);
	f->board->listening = 1;
	for (int kind = CHILD_KEEPER; kind <= CHILD_PROXY; kind++) {
		children[kind] = board_place(f->board, &f->ledger, (enum child_kind)kind, 0);
		children[kind]->pid = 1;
		children[kind]->ready = true;
	}
	assert_string_equal(readiness(f, &ready), "ready\n");
	assert_true(ready);
	children[CHILD_SCANNER]->leaving = true;
	assert_string_equal(readiness(f, &ready), "no scanner is ready\n");
	assert_false(ready);
	f->board->draining = true;
	assert_string_equal(readiness(f, &ready), "draining: no new connections\n");
	assert_false(ready);
}

static void
test_health(void **state)
{
	struct fixture *f = *state;
	uint64_t beat = f->board->beat;

	assert_true(health_print(&f->out, f->board, beat));
	assert_string_equal(buf_str(&f->out), "ok\n");
	assert_true(health_print(&f->out, f->board, beat + HEALTH_PATIENCE_MS));
	assert_true(health_print(&f->out, f->board, beat - 1));
	buf_clear(&f->out);
	assert_false(health_print(&f->out, f->board, beat + HEALTH_PATIENCE_MS + 1000));
	assert_string_equal(buf_str(&f->out), "the master has not answered for 61 s\n");
	buf_clear(&f->out);
	assert_false(readiness_print(&f->out, f->board, beat + HEALTH_PATIENCE_MS + 1000));
	assert_non_null(strstr(buf_str(&f->out), "the master has not answered"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_histogram, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_counters, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_escapes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_gauges, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_usage, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_places_end, set_up, tear_down),
		cmocka_unit_test(test_rules_by_name),
		cmocka_unit_test_setup_teardown(test_names, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_names_end, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_spoilt, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_readiness, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_health, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
