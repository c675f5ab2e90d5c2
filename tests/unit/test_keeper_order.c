/* Orders to the keeper and its results, as bytes; and who carries them out: the
 * keeper where one runs, else whoever gives them. */
#include "config.h"

#include "daemon/keeper_order.h"
#include "daemon/keeper_process.h"
#include "daemon/keeper_wire.h"

#include <ftw.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATH_SIZE = 512 };

static const uint32_t delivered[] = { 0, 7, UINT32_MAX };
static const struct keeper_order orders[] = {
	{ .kind = KEEPER_MARK, .id = SPAN_LITERAL("20261121T080512-123456-9f3a1c2e"),
	    .change = { QUARANTINE_RELEASED, -5, SPAN_LITERAL("250 ok"), delivered, 3 } },
	{ .kind = KEEPER_MARK, .id = { "\0\xff", 2 }, .change = { QUARANTINE_UNKNOWN, INT64_MAX, SPAN_NONE, NULL, 0 } },
	{ .kind = KEEPER_REMOVE, .id = SPAN_LITERAL("x") },
	{ .kind = KEEPER_EXPIRE },
};
enum { ORDERS = sizeof(orders) / sizeof(orders[0]) };

static bool
decodes(struct span in)
{
	struct arena *a = arena_new(0);
	struct keeper_order o;
	bool ok = keeper_order_decode(a, in, &o);

	arena_free(&a);
	return ok;
}

static void
test_orders(void **state)
{
	struct arena *a = arena_new(0);

	(void)state;
	for (size_t i = 0; i < ORDERS; i++) {
		struct buf out = { 0 }, again = { 0 };
		struct keeper_order o;

		keeper_order_encode(&out, &orders[i]);
		assert_true(keeper_order_decode(a, buf_span(&out), &o));
		keeper_order_encode(&again, &o);
		assert_true(span_eq(buf_span(&again), buf_span(&out)));
		for (size_t len = 0; len < out.len; len++)
			assert_false(decodes(span_first(buf_span(&out), len)));
		buf_add_byte(&out, 0);
		assert_false(decodes(buf_span(&out)));
		buf_free(&out);
		buf_free(&again);
	}
	arena_free(&a);
}

static void
test_no_orders(void **state)
{
	const struct keeper_order wrong[] = { { .kind = (enum keeper_order_kind)0 }, { .kind = (enum keeper_order_kind)4 },
		{ .kind = KEEPER_MARK, .change = { .state = (enum quarantine_state)3 } } };

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct buf out = { 0 };

		keeper_order_encode(&out, &wrong[i]);
		assert_false(decodes(buf_span(&out)));
		buf_free(&out);
	}
}

static void
test_results(void **state)
{
	const struct keeper_result result = { .ok = true, .error = SPAN_LITERAL("why"), .expired = { 3, 5, true } };
	struct keeper_result r;
	struct buf out = { 0 };

	(void)state;
	keeper_result_encode(&out, &result);
	assert_true(keeper_result_decode(buf_span(&out), &r));
	assert_true(r.ok && span_is(r.error, "why") && r.expired.messages == 3 && r.expired.octets == 5 && r.expired.more);
	for (size_t len = 0; len < out.len; len++)
		assert_false(keeper_result_decode(span_first(buf_span(&out), len), &r));
	buf_free(&out);
}

/* ---- who carries them out ---- */

struct fixture {
	char folder[PATH_SIZE];
	struct settings settings;
	struct arena *arena;
	struct keep_service *keeper;
};

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	strcpy(f->folder, "/tmp/gatepost-order-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	f->settings.quarantine_path = f->folder;
	f->arena = arena_new(0);
	*state = f;
	return 0;
}

static int
remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;
	int status = nftw(f->folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);

	arena_free(&f->arena);
	free(f);
	return status;
}

static const char *
put(struct fixture *f)
{
	const struct quarantine_item item = { .time = 1 };
	char *id = arena_alloc(f->arena, QUARANTINE_ID_SIZE);
	const char *error = "";
	struct quarantine *q = quarantine_open(f->folder, &error);

	assert_non_null(q);
	assert_true(quarantine_put(q, &item, -1, SPAN_LITERAL("x"), id, &error));
	quarantine_close(&q);
	return id;
}

static struct keeper_result
give(struct fixture *f, enum keeper_order_kind kind, const char *id)
{
	const struct keeper_order order = { .kind = kind, .id = span_str(id) };
	struct keeper_result result;

	keeper_order_give(&f->settings, -1, &order, f->arena, &result);
	return result;
}

static void *
hear_one(void *context)
{
	struct fixture *f = context;
	struct pollfd door = { .fd = keep_service_door(f->keeper), .events = POLLIN };

	assert_int_equal(poll(&door, 1, -1), 1);
	keep_service_hear(f->keeper);
	return NULL;
}

static struct keeper_result
give_to_keeper(struct fixture *f, enum keeper_order_kind kind, const char *id)
{
	struct keeper_result result;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, hear_one, f), 0);
	result = give(f, kind, id);
	assert_int_equal(pthread_join(thread, NULL), 0);
	return result;
}

static void
test_without_a_keeper(void **state)
{
	struct fixture *f = *state;
	const char *id = put(f);

	assert_true(give(f, KEEPER_MARK, id).ok);
	assert_true(give(f, KEEPER_REMOVE, id).ok);
	assert_true(span_is(give(f, KEEPER_REMOVE, id).error, "no message in quarantine has this id"));
}

static void
test_by_the_keeper(void **state)
{
	struct fixture *f = *state;
	const char *id = put(f);
	struct keeper_result r;

	f->keeper = keep_service_new(&f->settings);
	assert_non_null(f->keeper);
	assert_true(give_to_keeper(f, KEEPER_REMOVE, id).ok);
	assert_true(span_is(give_to_keeper(f, KEEPER_MARK, id).error, "no message in quarantine has this id"));
	f->settings.quarantine_keep_for = 1;
	keep_service_free(&f->keeper);
	put(f);
	f->keeper = keep_service_new(&f->settings);
	r = give_to_keeper(f, KEEPER_EXPIRE, "");
	assert_true(r.ok && r.expired.messages == 1 && r.expired.octets == 1 && !r.expired.more);
	keep_service_free(&f->keeper);
	assert_true(give(f, KEEPER_EXPIRE, "").ok);
}

/* What the keeper does by itself, and when it wants to be called again. */
static void
test_rests(void **state)
{
	struct fixture *f = *state;
	const char *id = put(f);

	f->settings.quarantine_keep_for = 1;
	f->keeper = keep_service_new(&f->settings);
	assert_in_range(keep_service_rest(f->keeper), 1, 60 * 1000);
	assert_true(span_is(give_to_keeper(f, KEEPER_REMOVE, id).error, "no message in quarantine has this id"));
	keep_service_free(&f->keeper);
}

static void
test_no_folder(void **state)
{
	struct fixture *f = *state;

	f->settings.quarantine_path = "/nonexistent/quarantine";
	assert_true(span_is(give(f, KEEPER_EXPIRE, "").error, "the folder of the quarantine cannot be opened"));
}

int
main(void)
{
#define WITH_FOLDER(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_orders), cmocka_unit_test(test_no_orders),
		cmocka_unit_test(test_results), WITH_FOLDER(test_without_a_keeper), WITH_FOLDER(test_by_the_keeper),
		WITH_FOLDER(test_rests), WITH_FOLDER(test_no_folder) };

	return cmocka_run_group_tests_name("keeper_order", tests, NULL, NULL);
}
