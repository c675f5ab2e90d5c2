/* The quarantine once messages are in it: found again, recorded as released,
 * removed, expired; and an index of an older gatepost. */
#include "config.h"

#include "base/buf.h"
#include "store/quarantine.h"

#include <ftw.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATH_SIZE = 512, HOUR = 60 * 60 * 1000 };

static const int64_t now = 1790000000000;
static const struct span message = SPAN_LITERAL("Subject: held\r\n\r\nbody\r\n");
static const struct quarantine_query everything = { .since = INT64_MIN, .until = INT64_MAX };

struct fixture {
	char folder[PATH_SIZE];
	struct quarantine *q;
	struct arena *arena;
};

static int
remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static void
reopen(struct fixture *f)
{
	const char *error = "";

	quarantine_close(&f->q);
	f->q = quarantine_open(f->folder, &error);
	assert_string_equal(error, "");
	assert_non_null(f->q);
}

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	strcpy(f->folder, "/tmp/gatepost-quarantine-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	f->arena = arena_new(0);
	*state = f;
	reopen(f);
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;
	int status;

	quarantine_close(&f->q);
	arena_free(&f->arena);
	status = nftw(f->folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	free(f);
	return status;
}

static const char *
put(struct fixture *f, const struct quarantine_item *item)
{
	char *id = arena_alloc(f->arena, QUARANTINE_ID_SIZE);
	const char *error = "";

	assert_true(quarantine_put(f->q, item, -1, message, id, &error));
	return id;
}

/* One that came so many hours before now. */
static const char *
put_aged(struct fixture *f, int hours)
{
	const struct quarantine_item item = { .time = now - (int64_t)hours * HOUR };

	return put(f, &item);
}

static bool
note_id(void *context, const struct quarantine_record *r)
{
	struct buf *ids = context;

	buf_printf(ids, "%s ", r->id);
	return true;
}

/* The ids found, newest first, each with a blank. */
static const char *
found(struct fixture *f, const struct quarantine_query *query)
{
	struct buf ids = { 0 };
	const char *error = "", *text;

	assert_true(quarantine_search(f->q, query, note_id, &ids, &error));
	text = arena_strdup(f->arena, buf_str(&ids));
	buf_free(&ids);
	return text;
}

static void
assert_found(struct fixture *f, struct quarantine_query query, const char *id)
{
	if (query.since == 0 && query.until == 0)
		query.until = INT64_MAX;
	assert_string_equal(found(f, &query), id != NULL ? arena_printf(f->arena, "%s ", id) : "");
}

static void
test_search(void **state)
{
	static const struct span to[] = { SPAN_LITERAL("Bob@example.org"), SPAN_LITERAL("carol@example.org") };
	static const struct span rules[] = { SPAN_LITERAL("EICAR"), SPAN_LITERAL("TOO_BIG") };
	struct fixture *f = *state;
	const struct quarantine_item first = { .time = 1000, .user = SPAN_LITERAL("alice"),
		.sender = SPAN_LITERAL("bounce@lists.example"), .author = SPAN_LITERAL("Anna <anna@example.net>"),
		.subject = SPAN_LITERAL("The 100% invoice_"), .recipients = to, .recipient_count = 2,
		.rules = rules, .rule_count = 2 };
	const struct quarantine_item second = { .time = 2000, .user = SPAN_LITERAL("dave"), .subject = SPAN_LITERAL("lunch") };
	const char *a = put(f, &first), *b = put(f, &second);
	const struct quarantine_query one = { .until = INT64_MAX, .limit = 1 };

	assert_string_equal(found(f, &everything), arena_printf(f->arena, "%s %s ", b, a));
	assert_string_equal(found(f, &one), arena_printf(f->arena, "%s ", b));
	assert_found(f, (struct quarantine_query){ .since = 1500, .until = 9000 }, b);
	assert_found(f, (struct quarantine_query){ .since = 1, .until = 1000 }, a);
	assert_found(f, (struct quarantine_query){ .user = SPAN_LITERAL("ALI") }, a);
	assert_found(f, (struct quarantine_query){ .from = SPAN_LITERAL("@lists") }, a);
	assert_found(f, (struct quarantine_query){ .from = SPAN_LITERAL("ANNA@") }, a);
	assert_found(f, (struct quarantine_query){ .to = SPAN_LITERAL("bob@") }, a);
	assert_found(f, (struct quarantine_query){ .to = SPAN_LITERAL("carol@"), .rule = SPAN_LITERAL("eicar") }, a);
	assert_found(f, (struct quarantine_query){ .rule = SPAN_LITERAL("TOO") }, NULL);
	assert_found(f, (struct quarantine_query){ .subject = SPAN_LITERAL("0% inv") }, a);
	assert_found(f, (struct quarantine_query){ .subject = SPAN_LITERAL("%") }, a);
	assert_found(f, (struct quarantine_query){ .subject = SPAN_LITERAL("' OR 1 --") }, NULL);
	assert_found(f, (struct quarantine_query){ .subject = SPAN_LITERAL("lunch"), .user = SPAN_LITERAL("alice") }, NULL);
}

static void
test_find(void **state)
{
	struct fixture *f = *state;
	const char *a = put_aged(f, 0), *error = "";
	char id[QUARANTINE_ID_SIZE];

	assert_true(quarantine_find(f->q, "2", id, &error));
	assert_string_equal(id, a);
	put_aged(f, 0);
	assert_true(quarantine_find(f->q, a, id, &error));
	assert_string_equal(id, a);
	assert_false(quarantine_find(f->q, "2", id, &error));
	assert_string_equal(error, "the ids of several messages begin so");
	assert_false(quarantine_find(f->q, "x", id, &error));
	assert_string_equal(error, "no message in quarantine has this id");
}

static void
test_mark(void **state)
{
	static const struct span to[] = { SPAN_LITERAL("b@example.org"), SPAN_LITERAL("c@example.org") };
	static const uint32_t delivered[] = { 1 };
	const struct quarantine_item item = { .recipients = to, .recipient_count = 2 };
	const struct quarantine_change change = { QUARANTINE_RELEASED, now, SPAN_LITERAL("250 ok"), delivered, 1 };
	struct fixture *f = *state;
	const char *id = put(f, &item), *error = "";
	struct quarantine_record r;

	assert_true(quarantine_mark(f->q, id, &change, &error));
	reopen(f);
	assert_true(quarantine_get(f->q, f->arena, id, &r, &error));
	assert_int_equal(r.state, QUARANTINE_RELEASED);
	assert_int_equal(r.changed, now);
	assert_true(span_is(r.note, "250 ok"));
	assert_false(r.delivered[0]);
	assert_true(r.delivered[1]);
	assert_false(quarantine_mark(f->q, "20260101T000000-000000-00000000", &change, &error));
	assert_string_equal(error, "no message in quarantine has this id");
}

static bool
is_there(struct fixture *f, const char *id)
{
	char path[PATH_SIZE + 64];

	snprintf(path, sizeof(path), "%s/messages/%.2s/%.2s/%.2s/%s.eml", f->folder, id + 2, id + 4, id + 6, id);
	return access(path, F_OK) == 0;
}

static void
test_remove(void **state)
{
	struct fixture *f = *state;
	const char *a = put_aged(f, 0), *b = put_aged(f, 0), *error = "";

	assert_true(quarantine_remove(f->q, a, &error));
	assert_false(is_there(f, a));
	assert_false(quarantine_remove(f->q, a, &error));
	assert_string_equal(error, "no message in quarantine has this id");
	reopen(f);
	assert_found(f, everything, b);
	assert_true(is_there(f, b));
}

static void
test_what_is_claimed_stays(void **state)
{
	const struct quarantine_limits limits = { .age = HOUR };
	struct fixture *f = *state;
	const char *a = put_aged(f, 5), *error = "";
	struct quarantine_expired expired;
	int claim = quarantine_claim(f->q, a, &error);

	assert_true(claim >= 0);
	assert_int_equal(quarantine_claim(f->q, a, &error), -1);
	assert_string_equal(error, "the message is being released just now");
	assert_false(quarantine_remove(f->q, a, &error));
	assert_string_equal(error, "the message is being released just now");
	assert_true(quarantine_expire(f->q, &limits, now, &expired, &error));
	assert_int_equal(expired.messages, 0);
	assert_false(expired.more);
	assert_true(is_there(f, a));
	close(claim);
	assert_true(quarantine_expire(f->q, &limits, now, &expired, &error));
	assert_int_equal(expired.messages, 1);
	assert_false(is_there(f, a));
}

static void
test_expire(void **state)
{
	const struct quarantine_limits none = { 0 }, age = { .age = 3 * HOUR },
		size = { .size = 2 * message.len + 1 };
	struct fixture *f = *state;
	const char *ids[6], *error = "";
	struct quarantine_expired expired;

	for (int i = 0; i < 6; i++)
		ids[i] = put_aged(f, i + 1);
	assert_true(quarantine_expire(f->q, &none, now, &expired, &error));
	assert_int_equal(expired.messages, 0);
	assert_true(quarantine_expire(f->q, &age, now, &expired, &error));
	assert_int_equal(expired.messages, 3);
	assert_int_equal(expired.octets, 3 * message.len);
	assert_string_equal(found(f, &everything), arena_printf(f->arena, "%s %s %s ", ids[0], ids[1], ids[2]));
	assert_true(quarantine_expire(f->q, &size, now, &expired, &error));
	assert_int_equal(expired.messages, 1);
	assert_false(expired.more);
	assert_string_equal(found(f, &everything), arena_printf(f->arena, "%s %s ", ids[0], ids[1]));
	for (int i = 0; i < 6; i++)
		assert_int_equal(is_there(f, ids[i]), i < 2);
}

static void
test_expire_goes_on(void **state)
{
	const struct quarantine_limits age = { .age = HOUR };
	struct fixture *f = *state;
	struct quarantine_expired expired;
	const char *error = "";

	for (int i = 0; i < QUARANTINE_EXPIRE_MOST + 1; i++)
		put_aged(f, 2);
	assert_true(quarantine_expire(f->q, &age, now, &expired, &error));
	assert_int_equal(expired.messages, QUARANTINE_EXPIRE_MOST);
	assert_true(expired.more);
	assert_true(quarantine_expire(f->q, &age, now, &expired, &error));
	assert_int_equal(expired.messages, 1);
	assert_false(expired.more);
	assert_found(f, everything, NULL);
}

static void
change_index(struct fixture *f, const char *sql)
{
	char path[PATH_SIZE + 16];
	sqlite3 *db;

	snprintf(path, sizeof(path), "%s/index.db", f->folder);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(db));
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* A row without a file, as an interrupted removal leaves it. */
static void
test_removes_what_is_half_removed(void **state)
{
	const struct quarantine_limits age = { .age = HOUR };
	struct fixture *f = *state;
	const char *a = put_aged(f, 2), *b = put_aged(f, 2), *error = "";
	struct quarantine_expired expired;
	char command[PATH_SIZE + 64];

	snprintf(command, sizeof(command), "find %s/messages -name '*.eml' -delete", f->folder);
	assert_int_equal(system(command), 0);
	reopen(f);
	assert_true(quarantine_remove(f->q, a, &error));
	assert_found(f, everything, b);
	assert_true(quarantine_expire(f->q, &age, now, &expired, &error));
	assert_found(f, everything, NULL);
}

static void
test_reads_beside_a_writer(void **state)
{
	struct fixture *f = *state;
	const char *a = put_aged(f, 0), *error = "";
	struct quarantine *writer = f->q;

	f->q = quarantine_open_reading(f->folder, &error);
	assert_non_null(f->q);
	assert_found(f, everything, a);
	assert_true(quarantine_remove(writer, a, &error));
	assert_found(f, everything, NULL);
	quarantine_close(&f->q);
	f->q = writer;
	assert_null(quarantine_open_reading("/nonexistent/quarantine", &error));
	assert_string_equal(error, "the folder of the quarantine cannot be opened");
}

/* The tables as the first version of the schema has them. */
static const char first_schema[] =
    "DROP TABLE rule; DROP TABLE recipient; DROP TABLE message;"
    "CREATE TABLE message (id TEXT PRIMARY KEY, size INTEGER NOT NULL, time INTEGER NOT NULL,"
    " protocol TEXT NOT NULL, policy TEXT NOT NULL, client TEXT NOT NULL, helo TEXT NOT NULL,"
    " sender TEXT NOT NULL, user TEXT NOT NULL, subject TEXT NOT NULL, verdict TEXT NOT NULL,"
    " reason TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE recipient (message TEXT NOT NULL REFERENCES message(id) ON DELETE CASCADE,"
    " position INTEGER NOT NULL, value TEXT NOT NULL, PRIMARY KEY (message, position)) WITHOUT ROWID;"
    "CREATE TABLE rule (message TEXT NOT NULL REFERENCES message(id) ON DELETE CASCADE,"
    " position INTEGER NOT NULL, value TEXT NOT NULL, PRIMARY KEY (message, position)) WITHOUT ROWID;"
    "INSERT INTO message VALUES ('20261121T080512-123456-9f3a1c2e', 10, 5, 'smtp', 'in', '192.0.2.1', 'h', 's@x', '',"
    " '', 'quarantine', 'R');"
    "INSERT INTO recipient VALUES ('20261121T080512-123456-9f3a1c2e', 0, 'r@x');"
    "PRAGMA user_version = 1;";

static void
test_an_older_index(void **state)
{
	struct fixture *f = *state;
	const char *id = "20261121T080512-123456-9f3a1c2e", *error = "", *later;
	struct quarantine_record r;

	quarantine_close(&f->q);
	change_index(f, first_schema);
	assert_null(quarantine_open_reading(f->folder, &error));
	assert_string_equal(error, "the index of the quarantine is of an older gatepost: starting this one, "
	                           "or \"gatepost quarantine expire\", brings it up to date");
	error = "";
	reopen(f);
	assert_true(quarantine_get(f->q, f->arena, id, &r, &error));
	assert_true(span_is(r.item.sender, "s@x"));
	assert_int_equal(r.item.author.len + r.item.upstream.len + r.note.len + r.item.recipient_parameters[0].len, 0);
	assert_string_equal(r.sha256, "");
	assert_int_equal(r.state, QUARANTINE_HELD);
	assert_true(span_is(r.item.recipients[0], "r@x"));
	later = put_aged(f, 0);
	reopen(f);
	assert_string_equal(found(f, &everything), arena_printf(f->arena, "%s %s ", later, id));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = { TEST(test_search), TEST(test_find), TEST(test_mark), TEST(test_remove),
		TEST(test_what_is_claimed_stays), TEST(test_expire), TEST(test_expire_goes_on),
		TEST(test_removes_what_is_half_removed), TEST(test_reads_beside_a_writer), TEST(test_an_older_index) };

	return cmocka_run_group_tests_name("quarantine_changes", tests, NULL, NULL);
}
