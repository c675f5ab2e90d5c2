/* The keeper behind a proxy's port, as one process is both: messages and views
 * side by side, and what it does when views cannot be had. */
#include "config.h"

#include "daemon/keeper_process.h"
#include "io/packet.h"
#include "proxy/keep_port.h"

#include <event2/event.h>
#include <ftw.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATH_SIZE = 512, MANY = 10 * 1000, AT_ONCE = 1000 };

static const struct view_owner alice = { SPAN_LITERAL("pop.example.org:110"), SPAN_LITERAL("alice"),
	SPAN_LITERAL("pop3") };

struct answer {
	size_t times, views;
	bool ok;
	char last[64]; /* the state of the last one */
	char text[64];
};

struct fixture {
	char folder[PATH_SIZE];
	struct settings settings;
	struct stats_gauges gauges;
	struct loop *loop;
	struct keep_port *port;
	struct keep_service *keeper;
	int link; /* the keeper's end */
	bool served;
};

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	strcpy(f->folder, "/tmp/gatepost-keeper-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	f->settings.quarantine_path = f->folder;
	f->loop = loop_new();
	f->port = keep_port_new(f->loop, &f->gauges, NULL, NULL);
	f->link = -1;
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
	int status;

	keep_service_free(&f->keeper);
	keep_port_free(&f->port);
	loop_free(&f->loop);
	if (f->link >= 0)
		close(f->link);
	status = nftw(f->folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	free(f);
	return status;
}

static void
begin(struct fixture *f)
{
	int pair[2];

	f->keeper = keep_service_new(&f->settings);
	assert_non_null(f->keeper);
	assert_true(packet_pair(pair, true, true));
	assert_true(keep_port_link(f->port, pair[0]));
	f->link = pair[1];
	f->served = true;
}

/* Lets everything happen that is due. */
static void
turn(struct fixture *f)
{
	for (int i = 0; i < 50; i++) {
		f->served = f->served && keep_service_serve(f->keeper, f->link) == LINK_GOOD;
		event_base_loop(loop_base(f->loop), EVLOOP_NONBLOCK);
	}
}

static void
fetched(void *context, bool ok, struct span views)
{
	struct answer *a = context;
	struct view v;

	a->times++;
	a->ok = ok;
	while (keep_views_next(&views, &v)) {
		a->views++;
		snprintf(a->last, sizeof(a->last), "%.*s", SPAN_ARG(v.state));
	}
	assert_int_equal(views.len, 0);
}

static struct answer
fetch(struct fixture *f, const struct view_owner *o)
{
	struct answer a = { 0 };

	assert_non_null(keep_views_fetch(f->port, o, fetched, &a));
	turn(f);
	assert_int_equal(a.times, 1);
	return a;
}

static void
put(struct fixture *f, const struct view_owner *o, const char *message, const char *state)
{
	const struct view view = { span_str(message), span_str(state) };

	assert_true(keep_views_change(f->port, o, &view, 1, NULL, 0));
}

static void
was_kept(void *context, bool ok, const char *text)
{
	struct answer *a = context;

	a->times++;
	a->ok = ok;
	snprintf(a->text, sizeof(a->text), "%s", text);
}

/* A message is kept; what became of it. */
static struct answer
keep(struct fixture *f)
{
	const struct quarantine_item item = { .sender = SPAN_LITERAL("a@example.org") };
	struct spool_pool *pool = spool_pool_new(f->loop, "/tmp", 1024 * 1024);
	struct answer a = { 0 };
	struct spool spool;

	spool_init(&spool, pool);
	assert_true(spool_add(&spool, span_str("Subject: x\r\n\r\ntext\r\n")));
	assert_non_null(keep_submit(f->port, &item, &spool, was_kept, &a));
	turn(f);
	spool_reset(&spool, false);
	spool_pool_free(&pool);
	assert_int_equal(a.times, 1);
	return a;
}

static void
test_views_and_messages(void **state)
{
	const struct view_owner bob = { alice.upstream, SPAN_LITERAL("bob"), alice.mailbox };
	const struct span drop = SPAN_LITERAL("1");
	struct fixture *f = *state;
	struct answer a;

	begin(f);
	a = fetch(f, &alice);
	assert_true(a.ok && a.views == 0);
	put(f, &alice, "1", "clean"); /* not served yet; the fetch comes behind it */
	put(f, &alice, "2", "tagged");
	a = fetch(f, &alice);
	assert_true(a.ok && a.views == 2);
	a = keep(f);
	assert_true(a.ok);
	assert_int_equal(strlen(a.text), QUARANTINE_ID_SIZE - 1);
	assert_true(keep_views_change(f->port, &alice, NULL, 0, &drop, 1));
	a = fetch(f, &alice);
	assert_true(a.ok && a.views == 1);
	assert_string_equal(a.last, "tagged");
	a = fetch(f, &bob);
	assert_true(a.ok && a.views == 0);
}

/* More than fits inside a packet, put in pieces. */
static void
test_many(void **state)
{
	static char names[MANY][21];
	static struct view views[MANY];
	struct fixture *f = *state;
	struct answer a;

	begin(f);
	for (size_t i = 0; i < MANY; i++) {
		snprintf(names[i], sizeof(names[i]), "%020zu", i * 7919 % MANY);
		views[i] = (struct view){ span_str(names[i]), SPAN_LITERAL("0123456789") };
	}
	for (size_t i = 0; i < MANY; i += AT_ONCE) {
		assert_true(keep_views_change(f->port, &alice, &views[i], AT_ONCE, NULL, 0));
		turn(f);
	}
	a = fetch(f, &alice);
	assert_true(a.ok);
	assert_int_equal(a.views, MANY);
}

/* What one answer cannot hold is left out. */
static void
test_more_than_an_answer_holds(void **state)
{
	static const char large[VIEW_STATE_MAX];
	enum { FIT = KEEP_VIEWS_MAX / VIEW_STATE_MAX - 1 };
	struct fixture *f = *state;
	struct answer a;
	char name[8];

	begin(f);
	for (size_t i = 0; i < FIT + 4; i++) {
		const struct view view = { span_of(name, 3), span_of(large, sizeof(large)) };

		snprintf(name, sizeof(name), "%03zu", i);
		assert_true(keep_views_change(f->port, &alice, &view, 1, NULL, 0));
		turn(f);
	}
	a = fetch(f, &alice);
	assert_true(a.ok);
	assert_int_equal(a.views, FIT);
}

static void
write_views(const struct fixture *f, const char *bytes)
{
	char path[PATH_SIZE + sizeof("/views.db")];
	FILE *file;

	snprintf(path, sizeof(path), "%s/views.db", f->folder);
	file = fopen(path, "we");
	assert_non_null(file);
	fputs(bytes, file);
	assert_int_equal(fclose(file), 0);
}

static void
test_a_broken_file(void **state)
{
	struct fixture *f = *state;
	struct answer a;

	write_views(f, "this is no database, but it is long enough to have a header of one: 01234567890123456789"
	               "0123456789012345678901234567890123456789");
	begin(f);
	put(f, &alice, "1", "clean");
	a = fetch(f, &alice);
	assert_true(a.ok && a.views == 1);
	a = keep(f);
	assert_true(a.ok);
}

static void
test_without_views(void **state)
{
	struct fixture *f = *state;
	char path[PATH_SIZE + sizeof("/views.db")];
	sqlite3 *db = NULL;
	struct answer a;

	snprintf(path, sizeof(path), "%s/views.db", f->folder);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 99", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	begin(f);
	put(f, &alice, "1", "clean");
	a = fetch(f, &alice);
	assert_false(a.ok);
	assert_int_equal(a.views, 0);
	a = keep(f);
	assert_true(a.ok);
}

static void
test_old_owners_are_forgotten_at_the_start(void **state)
{
	struct fixture *f = *state;
	struct views *v;
	sqlite3 *db = NULL;
	const struct view view = { SPAN_LITERAL("1"), SPAN_LITERAL("clean") };
	const char *error = NULL;
	char path[PATH_SIZE + sizeof("/views.db")];
	struct answer a;

	v = views_open(f->folder, &error);
	assert_true(v != NULL && views_change(v, &alice, &view, 1, NULL, 0, &error));
	views_close(&v);
	snprintf(path, sizeof(path), "%s/views.db", f->folder);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "UPDATE owner SET seen = seen - 91", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	begin(f);
	a = fetch(f, &alice);
	assert_true(a.ok && a.views == 0);
}

static void
test_no_frame_ends_the_link(void **state)
{
	struct fixture *f = *state;
	struct answer a = { 0 };
	int pair[2];

	begin(f);
	assert_true(packet_pair(pair, true, true));
	assert_int_equal(packet_send(pair[0], SPAN_LITERAL("\2\0\0\0x"), SPAN_NONE, NULL, 0), PACKET_SENT);
	assert_int_equal(keep_service_serve(f->keeper, pair[1]), LINK_ENDED);
	close(pair[0]);
	assert_int_equal(keep_service_serve(f->keeper, pair[1]), LINK_ENDED); /* nor is one that is closed served */
	close(pair[1]);
	a = fetch(f, &alice); /* the other proxies are served on */
	assert_true(a.ok);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_views_and_messages, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_many, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_more_than_an_answer_holds, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_broken_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_without_views, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_old_owners_are_forgotten_at_the_start, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_frame_ends_the_link, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
