/* Views: what is put is there for its owner and no other, also after a new
 * start; a file that is broken is moved aside, one of a later gatepost is not. */
#include "config.h"

#include "base/buf.h"
#include "store/views.h"

#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATH_SIZE = 512, VIEWS_MOST = 16 };

static const struct view_owner alice = { SPAN_LITERAL("pop.example.org:110"), SPAN_LITERAL("alice"),
	SPAN_LITERAL("pop3") };

/* A folder of its own for each test. */
static int
setup(void **state)
{
	char *folder = strdup("/tmp/gatepost-views-XXXXXX");

	*state = folder;
	return folder != NULL && mkdtemp(folder) != NULL ? 0 : -1;
}

static int
remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static int
teardown(void **state)
{
	int status = nftw(*state, remove_entry, 16, FTW_DEPTH | FTW_PHYS);

	free(*state);
	return status;
}

static struct views *
open_in(const char *folder)
{
	const char *error = NULL;
	struct views *v = views_open(folder, &error);

	if (v == NULL)
		fail_msg("%s", error);
	return v;
}

static void
file_in(char path[PATH_SIZE], const char *folder, const char *name)
{
	snprintf(path, PATH_SIZE, "%s/%s", folder, name);
}

/* As another program would. */
static void
run_sql(const char *folder, const char *sql)
{
	char file[PATH_SIZE];
	sqlite3 *db = NULL;

	file_in(file, folder, "views.db");
	assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static int64_t
ask_sql(const char *folder, const char *sql)
{
	char file[PATH_SIZE];
	sqlite3 *db = NULL;
	sqlite3_stmt *s = NULL;
	int64_t number;

	file_in(file, folder, "views.db");
	assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	number = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	sqlite3_close(db);
	return number;
}

static void
write_at(const char *folder, const char *name, off_t offset, const void *bytes, size_t len)
{
	char file[PATH_SIZE];
	int fd;

	file_in(file, folder, name);
	fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, len, offset), len);
	close(fd);
}

/* Nothing but the first page stays. */
static void
break_tables(const char *folder)
{
	char file[PATH_SIZE];
	struct stat st;
	char *junk;

	file_in(file, folder, "views.db");
	assert_int_equal(stat(file, &st), 0);
	assert_true(st.st_size > 4096);
	junk = malloc((size_t)st.st_size);
	assert_non_null(junk);
	memset(junk, 0xa5, (size_t)st.st_size);
	write_at(folder, "views.db", 4096, junk, (size_t)st.st_size - 4096);
	free(junk);
}

static size_t
count_files(const char *folder, const char *pattern)
{
	char path[PATH_SIZE];
	glob_t found;
	size_t count;

	file_in(path, folder, pattern);
	count = glob(path, 0, NULL, &found) == 0 ? found.gl_pathc : 0;
	globfree(&found);
	return count;
}

/* ---- what is asked, with copies of what came ---- */

struct seen {
	struct buf bytes[VIEWS_MOST][2];
	size_t count, most;
};

static bool
see(void *context, const struct view *view)
{
	struct seen *s = context;

	assert_true(s->count < VIEWS_MOST);
	buf_add_span(&s->bytes[s->count][0], view->message);
	buf_add_span(&s->bytes[s->count][1], view->state);
	return ++s->count < s->most;
}

static void
forget(struct seen *s)
{
	for (size_t i = 0; i < s->count; i++) {
		buf_free(&s->bytes[i][0]);
		buf_free(&s->bytes[i][1]);
	}
}

static size_t
count_views(struct views *v, const struct view_owner *o)
{
	struct seen s = { .most = VIEWS_MOST };
	const char *error = NULL;

	if (!views_each(v, o, see, &s, &error))
		fail_msg("%s", error);
	forget(&s);
	return s.count;
}

/* The owner has a view of that message, and it is this. */
static bool
has(struct views *v, const struct view_owner *o, struct span message, struct span state)
{
	struct seen s = { .most = VIEWS_MOST };
	const char *error = NULL;
	bool found = false;

	assert_true(views_each(v, o, see, &s, &error));
	for (size_t i = 0; i < s.count; i++)
		if (span_eq(buf_span(&s.bytes[i][0]), message))
			found = span_eq(buf_span(&s.bytes[i][1]), state);
	forget(&s);
	return found;
}

static void
change(struct views *v, const struct view_owner *o, const struct view *puts, size_t put_count,
    const struct span *drops, size_t drop_count)
{
	const char *error = NULL;

	if (!views_change(v, o, puts, put_count, drops, drop_count, &error))
		fail_msg("%s", error);
}

static void
put(struct views *v, const struct view_owner *o, const char *message, const char *state)
{
	const struct view view = { span_str(message), span_str(state) };

	change(v, o, &view, 1, NULL, 0);
}

static void
test_puts_replaces_and_drops(void **state)
{
	const struct view first[] = { { SPAN_LITERAL("1"), SPAN_LITERAL("clean") },
		{ SPAN_LITERAL("2"), SPAN_LITERAL("tagged") }, { SPAN_LITERAL("3"), SPAN_LITERAL("clean") } };
	const struct view second[] = { { SPAN_LITERAL("2"), SPAN_LITERAL("hidden, and longer") },
		{ SPAN_LITERAL("4"), SPAN_LITERAL("") } };
	const struct span drops[] = { SPAN_LITERAL("1"), SPAN_LITERAL("never there") };
	struct views *v = open_in(*state);

	assert_int_equal(count_views(v, &alice), 0);
	change(v, &alice, first, 3, NULL, 0);
	assert_int_equal(count_views(v, &alice), 3);
	change(v, &alice, second, 2, drops, 2);
	views_close(&v);
	assert_null(v);
	v = open_in(*state);
	assert_int_equal(count_views(v, &alice), 3);
	assert_true(has(v, &alice, span_str("2"), span_str("hidden, and longer")));
	assert_true(has(v, &alice, span_str("3"), span_str("clean")));
	assert_true(has(v, &alice, span_str("4"), span_str("")));
	views_close(&v);
}

static void
test_finds_some(void **state)
{
	const struct span names[] = { SPAN_LITERAL("2"), SPAN_LITERAL("3"), SPAN_NONE };
	struct views *v = open_in(*state);
	struct seen s = { .most = VIEWS_MOST };
	const char *error = NULL;

	put(v, &alice, "1", "clean");
	put(v, &alice, "", "of no name");
	put(v, &alice, "2", "hidden");
	assert_true(views_find(v, &alice, names, 1, see, &s, &error));
	assert_int_equal(s.count, 1);
	assert_true(span_is(buf_span(&s.bytes[0][1]), "hidden"));
	assert_true(views_find(v, &alice, names + 1, 1, see, &s, &error));
	assert_int_equal(s.count, 1);
	assert_true(views_find(v, &alice, names + 1, 2, see, &s, &error));
	assert_int_equal(s.count, 2);
	assert_true(span_is(buf_span(&s.bytes[1][1]), "of no name"));
	s.most = 3;
	assert_true(views_find(v, &alice, names, 3, see, &s, &error));
	assert_int_equal(s.count, 3); /* it wants no more */
	forget(&s);
	views_close(&v);
}

static void
test_stops_when_told(void **state)
{
	struct views *v = open_in(*state);
	struct seen s = { .most = 2 };
	const char *error = NULL;

	for (char name[2] = "a"; name[0] < 'f'; name[0]++)
		put(v, &alice, name, "x");
	assert_true(views_each(v, &alice, see, &s, &error));
	assert_int_equal(s.count, 2);
	assert_int_equal(count_views(v, &alice), 5); /* the walk that was stopped is over */
	forget(&s);
	views_close(&v);
}

/* Nor can the end of one name pass for the beginning of the next. */
static void
test_owners_are_apart(void **state)
{
	const struct view_owner owners[] = {
		{ SPAN_LITERAL("ab"), SPAN_LITERAL("c"), SPAN_LITERAL("d") },
		{ SPAN_LITERAL("a"), SPAN_LITERAL("bc"), SPAN_LITERAL("d") },
		{ SPAN_LITERAL("ab"), SPAN_LITERAL("cd"), SPAN_LITERAL("") },
		{ SPAN_LITERAL("ab"), SPAN_LITERAL("C"), SPAN_LITERAL("d") },
		{ SPAN_LITERAL("ab"), SPAN_LITERAL("c\0"), SPAN_LITERAL("d") },
		{ SPAN_NONE, SPAN_NONE, SPAN_NONE },
	};
	enum { OWNERS = sizeof(owners) / sizeof(owners[0]) };
	const struct span drop = SPAN_LITERAL("m");
	struct views *v = open_in(*state);
	char name[2] = "0";

	for (size_t i = 0; i < OWNERS; i++) {
		name[0] = (char)('0' + i);
		put(v, &owners[i], "m", name);
	}
	change(v, &owners[0], NULL, 0, &drop, 1);
	assert_int_equal(count_views(v, &owners[0]), 0);
	for (size_t i = 1; i < OWNERS; i++) {
		name[0] = (char)('0' + i);
		assert_int_equal(count_views(v, &owners[i]), 1);
		assert_true(has(v, &owners[i], span_str("m"), span_str(name)));
	}
	views_close(&v);
}

static void
test_any_bytes_up_to_the_limits(void **state)
{
	static char long_name[VIEW_OWNER_MAX + 1], long_state[VIEW_STATE_MAX + 1];
	struct views *v = open_in(*state);
	struct view_owner o = { span_of(long_name, VIEW_OWNER_MAX), { "a\0\xff'; DROP TABLE view; --", 25 },
		span_of(long_name + 1, VIEW_OWNER_MAX) };
	const struct view views[] = { { span_of(long_name, VIEW_MESSAGE_MAX), span_of(long_state, VIEW_STATE_MAX) },
		{ { "\0", 1 }, { "\0'\xff", 3 } }, { SPAN_NONE, SPAN_NONE }, { SPAN_LITERAL("'"), SPAN_LITERAL("\"") } };

	for (size_t i = 0; i < sizeof(long_name); i++)
		long_name[i] = (char)(i * 7);
	for (size_t i = 0; i < sizeof(long_state); i++)
		long_state[i] = (char)(i * 31 + i / 977);
	change(v, &o, views, 4, NULL, 0);
	views_close(&v);
	v = open_in(*state);
	assert_int_equal(count_views(v, &o), 4);
	for (size_t i = 0; i < 4; i++)
		assert_true(has(v, &o, views[i].message, views[i].state));
	views_close(&v);
}

static void
test_what_is_too_large_changes_nothing(void **state)
{
	static const char bytes[VIEW_STATE_MAX + 1];
	const struct view too_large[] = { { span_of(bytes, VIEW_MESSAGE_MAX + 1), SPAN_LITERAL("x") },
		{ SPAN_LITERAL("large"), span_of(bytes, VIEW_STATE_MAX + 1) } };
	const struct view_owner owners[] = { { span_of(bytes, VIEW_OWNER_MAX + 1), SPAN_LITERAL("u"), SPAN_LITERAL("m") },
		{ SPAN_LITERAL("u"), span_of(bytes, VIEW_OWNER_MAX + 1), SPAN_LITERAL("m") },
		{ SPAN_LITERAL("u"), SPAN_LITERAL("m"), span_of(bytes, VIEW_OWNER_MAX + 1) } };
	const struct span drop = SPAN_LITERAL("kept");
	struct views *v = open_in(*state);
	const char *error;

	put(v, &alice, "kept", "x");
	for (size_t i = 0; i < 2; i++) {
		const struct view puts[] = { { SPAN_LITERAL("good"), SPAN_LITERAL("x") }, too_large[i] };

		error = NULL;
		assert_false(views_change(v, &alice, puts, 2, &drop, 1, &error));
		assert_non_null(error);
	}
	for (size_t i = 0; i < 3; i++)
		assert_false(views_change(v, &owners[i], NULL, 0, &drop, 1, &error));
	assert_int_equal(count_views(v, &alice), 1);
	assert_true(has(v, &alice, span_str("kept"), span_str("x")));
	views_close(&v);
}

static void
test_a_change_that_fails_is_undone(void **state)
{
	const struct view puts[] = { { SPAN_LITERAL("good"), SPAN_LITERAL("x") },
		{ SPAN_LITERAL("bad"), SPAN_LITERAL("x") } };
	struct views *v = open_in(*state);
	const char *error = NULL;

	put(v, &alice, "before", "x");
	run_sql(*state, "CREATE TRIGGER full BEFORE INSERT ON view WHEN NEW.message = x'626164'"
	                " BEGIN SELECT RAISE(ABORT, 'no room'); END");
	assert_false(views_change(v, &alice, puts, 2, NULL, 0, &error));
	assert_non_null(error);
	run_sql(*state, "BEGIN IMMEDIATE; COMMIT"); /* nor is it still going on */
	assert_int_equal(ask_sql(*state, "SELECT count(*) FROM view"), 1);
	views_close(&v);
}

/* No room, and then there is: the file is not to blame. */
static void
test_a_full_disk(void **state)
{
	static const char large[VIEW_STATE_MAX];
	const struct view puts[] = { { SPAN_LITERAL("small"), SPAN_LITERAL("x") },
		{ SPAN_LITERAL("large"), { large, sizeof(large) } } };
	struct views *v = open_in(*state);
	const char *error = NULL;
	struct rlimit before, little;

	put(v, &alice, "1", "x");
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	little = (struct rlimit){ 256 * 1024, before.rlim_max };
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
	assert_false(views_change(v, &alice, puts, 2, NULL, 0, &error));
	assert_int_equal(count_views(v, &alice), 1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	change(v, &alice, puts, 2, NULL, 0);
	assert_int_equal(count_views(v, &alice), 3);
	assert_int_equal(count_files(*state, "views.db.broken-*"), 0);
	views_close(&v);
}

static void
test_a_killed_process_loses_nothing(void **state)
{
	pid_t child = fork();
	struct views *v;
	int status;

	if (child == 0) {
		v = open_in(*state);
		put(v, &alice, "1", "x");
		_exit(0); /* the file is not closed */
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	v = open_in(*state);
	assert_true(has(v, &alice, span_str("1"), span_str("x")));
	views_close(&v);
}

static void
test_expires(void **state)
{
	const struct view_owner bob = { alice.upstream, SPAN_LITERAL("bob"), alice.mailbox };
	struct views *v = open_in(*state);
	const char *error = NULL;
	int64_t today = views_today();

	put(v, &alice, "1", "x");
	put(v, &bob, "1", "x");
	assert_true(views_expire(v, today + VIEWS_KEPT_DAYS, VIEWS_KEPT_DAYS, &error));
	assert_int_equal(count_views(v, &alice), 1);
	run_sql(*state, "UPDATE owner SET seen = seen - 91");
	assert_int_equal(count_views(v, &bob), 1); /* he was here */
	assert_true(views_expire(v, today, VIEWS_KEPT_DAYS, &error));
	assert_int_equal(count_views(v, &alice), 0);
	assert_int_equal(count_views(v, &bob), 1);
	assert_int_equal(ask_sql(*state, "SELECT count(*) FROM view"), 1);
	assert_int_equal(ask_sql(*state, "SELECT count(*) FROM owner"), 1);
	assert_true(views_expire(v, today + VIEWS_KEPT_DAYS + 1, VIEWS_KEPT_DAYS, &error));
	assert_int_equal(ask_sql(*state, "SELECT count(*) FROM owner"), 0);
	put(v, &alice, "2", "y"); /* and comes again */
	assert_int_equal(count_views(v, &alice), 1);
	views_close(&v);
}

static size_t
size_of_wal(const char *folder)
{
	char file[PATH_SIZE];
	struct stat st;

	file_in(file, folder, "views.db-wal");
	assert_int_equal(stat(file, &st), 0);
	return (size_t)st.st_size;
}

/* Who was here is written once a day, by a change as well. */
static void
test_notes_who_was_here(void **state)
{
	struct views *v = open_in(*state);
	int64_t today = views_today();

	put(v, &alice, "1", "x");
	assert_int_equal(ask_sql(*state, "SELECT seen FROM owner"), today);
	run_sql(*state, "UPDATE owner SET seen = 5");
	put(v, &alice, "2", "x");
	assert_int_equal(ask_sql(*state, "SELECT seen FROM owner"), today);
	run_sql(*state, "UPDATE owner SET seen = 5");
	count_views(v, &alice);
	assert_int_equal(ask_sql(*state, "SELECT seen FROM owner"), today);
	run_sql(*state, "PRAGMA wal_checkpoint(TRUNCATE)");
	count_views(v, &alice);
	assert_int_equal(size_of_wal(*state), 0);
	views_close(&v);
}

/* Nobody is noted who has no views: a stranger's login makes no row. */
static void
test_asking_makes_no_owner(void **state)
{
	const struct span drop = SPAN_LITERAL("1");
	struct views *v = open_in(*state);

	assert_int_equal(count_views(v, &alice), 0);
	change(v, &alice, NULL, 0, &drop, 1);
	change(v, &alice, NULL, 0, NULL, 0);
	assert_int_equal(ask_sql(*state, "SELECT count(*) FROM owner"), 0);
	views_close(&v);
}

/* ---- broken files ---- */

/* The broken one is there under another name, and the new one works. */
static void
assert_begun_anew(const char *folder, struct views *v)
{
	assert_int_equal(count_files(folder, "views.db.broken-*T*[0-9]"), 1);
	assert_int_equal(count_views(v, &alice), 0);
	put(v, &alice, "1", "x");
	assert_int_equal(count_views(v, &alice), 1);
}

static void
test_no_database_is_moved_aside(void **state)
{
	static const char junk[] = "this is no database, but it is long enough to have a header of one: 0123456789"
	                           "0123456789012345678901234567890123456789";
	struct views *v;

	write_at(*state, "views.db", 0, junk, sizeof(junk));
	write_at(*state, "views.db-wal", 0, junk, sizeof(junk));
	write_at(*state, "index.db", 0, junk, sizeof(junk));
	v = open_in(*state);
	assert_begun_anew(*state, v);
	assert_int_equal(count_files(*state, "index.db*"), 1);
	views_close(&v);
	v = open_in(*state); /* and stays */
	assert_int_equal(count_views(v, &alice), 1);
	assert_int_equal(count_files(*state, "views.db.broken-*T*[0-9]"), 1);
	views_close(&v);
}

static void
test_other_tables_are_moved_aside(void **state)
{
	struct views *v;

	run_sql(*state, "CREATE TABLE owner (x)");
	v = open_in(*state);
	assert_begun_anew(*state, v);
	views_close(&v);
}

static void
test_missing_tables_are_moved_aside(void **state)
{
	struct views *v;

	run_sql(*state, "PRAGMA user_version = 1");
	v = open_in(*state);
	assert_begun_anew(*state, v);
	views_close(&v);
}

/* It opens, and shows only when it is read; or when it is written. */
static void
breaks_later(const char *folder, bool by_change)
{
	const struct view view = { SPAN_LITERAL("2"), SPAN_LITERAL("x") };
	struct seen s = { .most = VIEWS_MOST };
	struct views *v = open_in(folder);
	const char *error = NULL;

	put(v, &alice, "1", "x");
	views_close(&v);
	break_tables(folder);
	v = open_in(folder);
	assert_int_equal(count_files(folder, "views.db.broken-*"), 0);
	if (by_change)
		assert_false(views_change(v, &alice, &view, 1, NULL, 0, &error));
	else
		assert_false(views_each(v, &alice, see, &s, &error));
	assert_non_null(error);
	assert_int_equal(count_views(v, &alice), 0);
	assert_begun_anew(folder, v);
	views_close(&v);
}

static void
test_breaks_when_read(void **state)
{
	breaks_later(*state, false);
}

static void
test_breaks_when_written(void **state)
{
	breaks_later(*state, true);
}

/* What breaks again and again does not fill the disk. */
static void
test_is_begun_anew_once_a_day(void **state)
{
	static const char large[VIEW_STATE_MAX];
	struct views *v;
	const char *error = NULL;

	write_at(*state, "views.db", 0, large, 1024);
	write_at(*state, "views.db", 0, "junk", 4);
	v = open_in(*state);
	assert_begun_anew(*state, v);
	for (char name[2] = "a"; name[0] < 'f'; name[0]++) { /* more than SQLite has in memory */
		const struct view view = { span_str(name), span_of(large, sizeof(large)) };

		change(v, &alice, &view, 1, NULL, 0);
	}
	run_sql(*state, "PRAGMA wal_checkpoint(TRUNCATE)");
	break_tables(*state);
	for (int i = 0; i < 3; i++) {
		struct seen s = { .most = VIEWS_MOST };

		assert_false(views_each(v, &alice, see, &s, &error));
		forget(&s);
	}
	assert_int_equal(count_files(*state, "views.db.broken-*T*[0-9]"), 1);
	views_close(&v);
}

static void
test_a_later_schema_is_refused(void **state)
{
	struct views *v = open_in(*state);
	const char *error = NULL;

	put(v, &alice, "1", "x");
	views_close(&v);
	run_sql(*state, "PRAGMA user_version = 2");
	assert_null(views_open(*state, &error));
	assert_string_equal(error, "views.db was written by a later gatepost");
	assert_int_equal(count_files(*state, "views.db.broken-*"), 0);
	run_sql(*state, "PRAGMA user_version = 1");
	v = open_in(*state);
	assert_int_equal(count_views(v, &alice), 1);
	views_close(&v);
}

static void
test_no_folder(void **state)
{
	char path[PATH_SIZE];
	const char *error = NULL;

	file_in(path, *state, "not/there");
	assert_null(views_open(path, &error));
	assert_non_null(error);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_puts_replaces_and_drops, setup, teardown),
		cmocka_unit_test_setup_teardown(test_finds_some, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stops_when_told, setup, teardown),
		cmocka_unit_test_setup_teardown(test_owners_are_apart, setup, teardown),
		cmocka_unit_test_setup_teardown(test_any_bytes_up_to_the_limits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_is_too_large_changes_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_change_that_fails_is_undone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_full_disk, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_killed_process_loses_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_expires, setup, teardown),
		cmocka_unit_test_setup_teardown(test_notes_who_was_here, setup, teardown),
		cmocka_unit_test_setup_teardown(test_asking_makes_no_owner, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_database_is_moved_aside, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_tables_are_moved_aside, setup, teardown),
		cmocka_unit_test_setup_teardown(test_missing_tables_are_moved_aside, setup, teardown),
		cmocka_unit_test_setup_teardown(test_breaks_when_read, setup, teardown),
		cmocka_unit_test_setup_teardown(test_breaks_when_written, setup, teardown),
		cmocka_unit_test_setup_teardown(test_is_begun_anew_once_a_day, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_later_schema_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_folder, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
