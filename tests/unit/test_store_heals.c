/* The files of the keeper once their connection is of no more use: a lock that could not be
 * undone, a disk that failed for a moment, a file that was moved. What a restart would mend
 * is mended by the next use, and what was acknowledged is in the file of that name. */
#include "config.h"

#include "store/quarantine.h"
#include "store/views.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATH_SIZE = 512 };

static const struct span message = SPAN_LITERAL("Subject: held\r\n\r\nbody\r\n");
static const struct view_owner alice = { SPAN_LITERAL("mail"), SPAN_LITERAL("alice"), SPAN_LITERAL("INBOX") };

static int
remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static int
set_up(void **state)
{
	*state = strdup("/tmp/gatepost-heals-XXXXXX");
	return *state != NULL && mkdtemp(*state) != NULL ? 0 : -1;
}

static int
tear_down(void **state)
{
	int status = nftw(*state, remove_entry, 16, FTW_DEPTH | FTW_PHYS);

	free(*state);
	return status;
}

/* ---- calls of SQLite that fail ---- */

static unsigned calls, failing; /* which call fails, counted from 1; 0 = none */

static bool
fails(int error)
{
	errno = error;
	return ++calls == failing;
}

static int
unlock_or_fail(int fd, int command, ...)
{
	va_list arguments;
	struct flock *lock;

	va_start(arguments, command);
	lock = va_arg(arguments, struct flock *);
	va_end(arguments);
	if (command == F_SETLK && lock->l_type == F_UNLCK && fails(ENOLCK))
		return -1;
	return fcntl(fd, command, lock);
}

static ssize_t
write_or_fail(int fd, const void *from, size_t size, off_t at)
{
	return fails(EIO) ? -1 : pwrite(fd, from, size, at);
}

static const struct fault {
	const char *name;
	sqlite3_syscall_ptr call;
} faults[] = {
	{ "fcntl", (sqlite3_syscall_ptr)unlock_or_fail },
	{ "pwrite", (sqlite3_syscall_ptr)write_or_fail }, /* one of these two, as it was built */
	{ "pwrite64", (sqlite3_syscall_ptr)write_or_fail },
};

/* Each call that a use makes fails, one after the other; the next use does what it should. */
static void
fail_each(const struct fault *f, void *store, bool (*use)(void *store, const char **error))
{
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
	const char *error = NULL;
	unsigned nth = 0;

	vfs->xSetSystemCall(vfs, f->name, f->call);
	do {
		calls = 0;
		failing = ++nth;
		use(store, &error);
		failing = 0;
		if (!use(store, &error))
			fail_msg("after %s %u: %s", f->name, nth, error);
	} while (calls >= nth);
	vfs->xSetSystemCall(vfs, f->name, NULL);
}

static void
fail_all(void *store, bool (*use)(void *store, const char **error))
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++)
		fail_each(&faults[i], store, use);
}

/* With what lies beside it, as an administrator would; the folder is the store's. */
static void
move_away(const char *folder, const char *name)
{
	static const char *const endings[] = { "", "-wal", "-shm" };
	char from[PATH_SIZE], to[PATH_SIZE];

	for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++) {
		snprintf(from, sizeof(from), "%s/%s%s", folder, name, endings[i]);
		snprintf(to, sizeof(to), "%s/old%s", folder, endings[i]);
		assert_int_equal(rename(from, to), 0);
	}
}

/* ---- the quarantine ---- */

static size_t acknowledged;

static bool
put_message(void *store, const char **error)
{
	const struct quarantine_item item = { .recipient_count = 0 };
	char id[QUARANTINE_ID_SIZE];
	bool ok = quarantine_put(store, &item, -1, message, id, error);

	acknowledged += ok;
	return ok;
}

static struct quarantine *
open_quarantine(const char *folder)
{
	const char *error = NULL;
	struct quarantine *q = quarantine_open(folder, &error);

	if (q == NULL)
		fail_msg("%s", error);
	return q;
}

static bool
has_file(void *context, const struct quarantine_record *record)
{
	const char *error = NULL;
	int fd = quarantine_open_message(context, record->id, &error);

	assert_true(fd >= 0);
	close(fd);
	acknowledged--;
	return true;
}

/* Closes it. Each message that was acknowledged is there, with its file; and no other, for no
 * put was interrupted. */
static void
assert_all(struct quarantine *q, const char *folder)
{
	const struct quarantine_query everything = { .since = INT64_MIN, .until = INT64_MAX };
	const char *error = NULL;

	quarantine_close(&q);
	q = open_quarantine(folder);
	assert_true(quarantine_search(q, &everything, has_file, q, &error));
	assert_int_equal(acknowledged, 0);
	quarantine_close(&q);
}

static void
test_quarantine(void **state)
{
	struct quarantine *q = open_quarantine(*state);

	fail_all(q, put_message);
	assert_all(q, *state);
}

static void
test_quarantine_that_moves(void **state)
{
	struct quarantine *q = open_quarantine(*state);
	const char *error = NULL;

	assert_true(put_message(q, &error));
	move_away(*state, "index.db");
	acknowledged = 0;
	assert_true(put_message(q, &error));
	assert_true(put_message(q, &error));
	assert_all(q, *state);
}

/* ---- views ---- */

static bool
put_view(void *store, const char **error)
{
	const struct view view = { SPAN_LITERAL("1"), SPAN_LITERAL("state") };

	return views_change(store, &alice, &view, 1, NULL, 0, error);
}

static struct views *
open_views(const char *folder)
{
	const char *error = NULL;
	struct views *v = views_open(folder, &error);

	if (v == NULL)
		fail_msg("%s", error);
	return v;
}

static bool
count_view(void *context, const struct view *view)
{
	(void)view;
	++*(size_t *)context;
	return true;
}

static void
assert_view(struct views *v, const char *folder)
{
	const char *error = NULL;
	size_t count = 0;

	views_close(&v);
	v = open_views(folder);
	assert_true(views_each(v, &alice, count_view, &count, &error));
	assert_int_equal(count, 1);
	views_close(&v);
}

static void
test_views(void **state)
{
	struct views *v = open_views(*state);

	fail_all(v, put_view);
	assert_view(v, *state);
}

static void
test_views_that_move(void **state)
{
	struct views *v = open_views(*state);
	const char *error = NULL;

	assert_true(put_view(v, &error));
	move_away(*state, "views.db");
	assert_true(put_view(v, &error));
	assert_view(v, *state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_quarantine, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_quarantine_that_moves, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_views, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_views_that_move, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("stores that heal", tests, NULL, NULL);
}
