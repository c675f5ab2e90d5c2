/* The quarantine: what is put is there, whole, also after a crash; what was
 * not acknowledged leaves nothing. */
#include "config.h"

#include "base/buf.h"
#include "store/quarantine.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATH_SIZE = 512 };

static const struct span message = SPAN_LITERAL("From: a@example.org\r\nSubject: held\r\n\r\nbody\r\n");
#define MESSAGE_SHA256 "04167ef3ebe20bffe9775d52c806d3bc2e24a52bc3755bbf88422f8c0d717b2a"
static const struct span recipients[] = { SPAN_LITERAL("b@example.org"), SPAN_LITERAL("../../etc/passwd") };
static const struct span rules[] = { SPAN_LITERAL("EICAR"), SPAN_LITERAL("TOO_BIG") };

static const struct span parameters[] = { SPAN_LITERAL("NOTIFY=NEVER"), SPAN_LITERAL("") };
static const struct quarantine_query everything = { .since = INT64_MIN, .until = INT64_MAX };

static struct quarantine_item
sample_item(void)
{
	return (struct quarantine_item){
		.time = 1790000000123,
		.protocol = SPAN_LITERAL("smtp"),
		.policy = SPAN_LITERAL("inbound"),
		.client = SPAN_LITERAL("192.0.2.7"),
		.helo = SPAN_LITERAL("client.example.org"),
		.sender = SPAN_LITERAL("a@example.org"),
		.user = SPAN_LITERAL("alice"),
		.subject = { "held\0\xff'); DROP TABLE message; --", 31 },
		.author = SPAN_LITERAL("Anna Example <anna@example.org>"),
		.listener = SPAN_LITERAL("mx"),
		.upstream = SPAN_LITERAL("mta"),
		.parameters = SPAN_LITERAL("BODY=8BITMIME SMTPUTF8"),
		.recipients = recipients,
		.recipient_parameters = parameters,
		.recipient_count = 2,
		.verdict = SPAN_LITERAL("quarantine"),
		.reason = SPAN_LITERAL("ENCRYPTED_ARCHIVE"),
		.rules = rules,
		.rule_count = 2,
	};
}

/* A folder of its own for each test. */
static int
setup(void **state)
{
	char *folder = strdup("/tmp/gatepost-quarantine-XXXXXX");

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

static struct quarantine *
open_in(const char *folder)
{
	char path[PATH_SIZE];
	const char *error = NULL;
	struct quarantine *q;

	snprintf(path, sizeof(path), "%s/a/quarantine", folder);
	q = quarantine_open(path, &error);
	if (q == NULL)
		fail_msg("%s", error);
	return q;
}

static void
put(struct quarantine *q, struct span bytes, char id[QUARANTINE_ID_SIZE])
{
	const struct quarantine_item item = sample_item();
	const char *error = NULL;

	if (!quarantine_put(q, &item, -1, bytes, id, &error))
		fail_msg("%s", error);
}

static bool
count_row(void *context, const struct quarantine_record *record)
{
	assert_true(record->id[0] != '\0');
	++*(size_t *)context;
	return true;
}

static size_t
count_rows(struct quarantine *q)
{
	const char *error = NULL;
	size_t count = 0;

	assert_true(quarantine_search(q, &everything, count_row, &count, &error));
	return count;
}

static size_t
count_files(const char *folder)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	size_t count = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		char path[PATH_SIZE * 2];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		count += entry->d_type == DT_DIR ? count_files(path) : 1;
	}
	closedir(dir);
	return count;
}

static size_t
count_in(const char *folder, const char *what)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "%s/a/quarantine/%s", folder, what);
	return count_files(path);
}

static void
assert_message(struct quarantine *q, const char *id, struct span expected)
{
	const char *error = NULL;
	int fd = quarantine_open_message(q, id, &error);
	char *got = malloc(expected.len + 1);

	assert_true(fd >= 0);
	assert_non_null(got);
	assert_int_equal(read(fd, got, expected.len + 1), expected.len);
	assert_memory_equal(got, expected.data, expected.len);
	free(got);
	close(fd);
}

static void
assert_span(struct span got, struct span expected)
{
	assert_int_equal(got.len, expected.len);
	assert_memory_equal(got.data, expected.data, expected.len);
}

static void
test_keeps_message_and_facts(void **state)
{
	const struct quarantine_item item = sample_item();
	struct quarantine *q = open_in(*state);
	struct arena *a = arena_new(0);
	struct quarantine_record r;
	char id[QUARANTINE_ID_SIZE];
	const char *error = NULL;

	put(q, message, id);
	quarantine_close(&q);
	assert_null(q);
	q = open_in(*state);
	assert_message(q, id, message);
	assert_true(quarantine_get(q, a, id, &r, &error));
	assert_string_equal(r.id, id);
	assert_int_equal(r.size, message.len);
	assert_int_equal(r.item.time, item.time);
	assert_span(r.item.protocol, item.protocol);
	assert_span(r.item.policy, item.policy);
	assert_span(r.item.client, item.client);
	assert_span(r.item.helo, item.helo);
	assert_span(r.item.sender, item.sender);
	assert_span(r.item.user, item.user);
	assert_span(r.item.subject, item.subject);
	assert_span(r.item.verdict, item.verdict);
	assert_span(r.item.reason, item.reason);
	assert_span(r.item.author, item.author);
	assert_span(r.item.listener, item.listener);
	assert_span(r.item.upstream, item.upstream);
	assert_span(r.item.parameters, item.parameters);
	assert_span(r.item.recipient_parameters[0], parameters[0]);
	assert_string_equal(r.sha256, MESSAGE_SHA256);
	assert_int_equal(r.state, QUARANTINE_HELD);
	assert_int_equal(r.changed, 0);
	assert_false(r.delivered[0] || r.delivered[1]);
	assert_int_equal(r.item.recipient_count, 2);
	assert_span(r.item.recipients[1], recipients[1]);
	assert_int_equal(r.item.rule_count, 2);
	assert_span(r.item.rules[0], rules[0]);
	arena_free(&a);
	quarantine_close(&q);
}

static void
test_lies_under_its_day(void **state)
{
	struct quarantine *q = open_in(*state);
	char id[QUARANTINE_ID_SIZE], path[PATH_SIZE];
	struct stat st;

	put(q, message, id);
	assert_int_equal(strlen(id), QUARANTINE_ID_SIZE - 1);
	snprintf(path, sizeof(path), "%s/a/quarantine/messages/%.2s/%.2s/%.2s/%s.eml", (char *)*state, id + 2, id + 4,
	    id + 6, id);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(st.st_nlink, 1);
	snprintf(path, sizeof(path), "%s/a/quarantine", (char *)*state);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	quarantine_close(&q);
}

static void
test_takes_a_descriptor(void **state)
{
	const struct quarantine_item item = sample_item();
	struct quarantine *q = open_in(*state);
	size_t size = 3 * 1024 * 1024 + 7;
	char *bytes = malloc(size), id[QUARANTINE_ID_SIZE];
	int fd = memfd_create("message", MFD_CLOEXEC);
	const char *error = NULL;

	assert_non_null(bytes);
	for (size_t i = 0; i < size; i++)
		bytes[i] = (char)(i * 31 + i / 977);
	assert_int_equal(write(fd, bytes, size), size);
	assert_int_equal(lseek(fd, 1234, SEEK_SET), 1234);
	assert_true(quarantine_put(q, &item, fd, SPAN_NONE, id, &error));
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 1234);
	assert_message(q, id, span_of(bytes, size));
	close(fd);
	free(bytes);
	quarantine_close(&q);
}

static void
test_takes_an_empty_item(void **state)
{
	const struct quarantine_item item = { 0 };
	struct quarantine *q = open_in(*state);
	struct arena *a = arena_new(0);
	struct quarantine_record r;
	char id[QUARANTINE_ID_SIZE];
	const char *error = NULL;

	assert_true(quarantine_put(q, &item, -1, SPAN_NONE, id, &error));
	assert_true(quarantine_get(q, a, id, &r, &error));
	assert_int_equal(r.size, 0);
	assert_int_equal(r.item.sender.len, 0);
	assert_int_equal(r.item.recipient_count, 0);
	assert_message(q, id, SPAN_LITERAL(""));
	arena_free(&a);
	quarantine_close(&q);
}

struct order {
	char last[QUARANTINE_ID_SIZE]; /* "" before the first */
	size_t count, stop_after;
};

static bool
check_order(void *context, const struct quarantine_record *record)
{
	struct order *o = context;

	assert_true(o->count == 0 || strcmp(o->last, record->id) > 0);
	memcpy(o->last, record->id, sizeof(o->last));
	return ++o->count != o->stop_after;
}

static void
test_lists_newest_first(void **state)
{
	struct quarantine *q = open_in(*state);
	struct order all = { .count = 0 }, some = { .stop_after = 5 };
	char id[QUARANTINE_ID_SIZE], last[QUARANTINE_ID_SIZE] = "";
	const char *error = NULL;

	for (size_t i = 0; i < 20; i++) {
		put(q, message, id);
		assert_true(strcmp(last, id) < 0);
		memcpy(last, id, sizeof(last));
	}
	assert_true(quarantine_search(q, &everything, check_order, &all, &error));
	assert_int_equal(all.count, 20);
	assert_true(quarantine_search(q, &everything, check_order, &some, &error));
	assert_int_equal(some.count, 5);
	put(q, message, id);
	assert_int_equal(count_rows(q), 21);
	quarantine_close(&q);
}

static void
test_refuses_other_ids(void **state)
{
	static const char *const ids[] = { "", "../../../etc/passwd", "20261121T080512-123456-9f3a1c2",
		"20261121T080512-123456-9f3a1c2e0", "20261121T080512-123456-9F3A1C2E", "2/261121T080512-123456-9f3a1c2e" };
	struct quarantine *q = open_in(*state);
	struct arena *a = arena_new(0);
	struct quarantine_record r;

	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
		const char *error = NULL;

		assert_int_equal(quarantine_open_message(q, ids[i], &error), -1);
		assert_string_equal(error, "not the id of a message in quarantine");
		assert_false(quarantine_get(q, a, ids[i], &r, &error));
		assert_string_equal(error, "no message in quarantine has this id");
	}
	arena_free(&a);
	quarantine_close(&q);
}

static void
test_has_one_owner(void **state)
{
	struct quarantine *q = open_in(*state), *second;
	char path[PATH_SIZE];
	const char *error = NULL;

	snprintf(path, sizeof(path), "%s/a/quarantine", (char *)*state);
	second = quarantine_open(path, &error);
	assert_null(second);
	assert_string_equal(error, "another process has the quarantine open");
	quarantine_close(&q);
	q = open_in(*state);
	quarantine_close(&q);
}

static void
change_index(const char *folder, const char *sql)
{
	char path[PATH_SIZE];
	sqlite3 *db;

	snprintf(path, sizeof(path), "%s/a/quarantine/index.db", folder);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void
test_refuses_a_later_schema(void **state)
{
	struct quarantine *q = open_in(*state);
	char path[PATH_SIZE];
	const char *error = NULL;

	quarantine_close(&q);
	change_index(*state, "PRAGMA user_version = 99");
	snprintf(path, sizeof(path), "%s/a/quarantine", (char *)*state);
	q = quarantine_open(path, &error);
	assert_null(q);
	assert_string_equal(error, "the index of the quarantine was written by a later gatepost");
	error = NULL;
	assert_null(quarantine_open_reading(path, &error));
	assert_string_equal(error, "the index of the quarantine was written by a later gatepost");
}

/* A second link in incoming/, as a put leaves it until its row is there. */
static void
leave_incoming(const char *folder, const char *id, bool placed)
{
	char from[PATH_SIZE], to[PATH_SIZE];

	snprintf(to, sizeof(to), "%s/a/quarantine/incoming/%s", folder, id);
	snprintf(from, sizeof(from), "%s/a/quarantine/messages/%.2s/%.2s/%.2s/%s.eml", folder, id + 2, id + 4, id + 6,
	    id);
	if (placed)
		assert_int_equal(link(from, to), 0);
	else
		close(open(to, O_CREAT | O_EXCL | O_WRONLY, 0600));
}

static void
test_recovers_before_the_row(void **state)
{
	struct quarantine *q = open_in(*state);
	char kept[QUARANTINE_ID_SIZE], lost[QUARANTINE_ID_SIZE];
	char sql[128];

	put(q, message, kept);
	put(q, message, lost);
	quarantine_close(&q);
	leave_incoming(*state, lost, true);
	snprintf(sql, sizeof(sql), "DELETE FROM message WHERE id = '%s'", lost);
	change_index(*state, sql);
	assert_int_equal(count_in(*state, "messages"), 2);
	q = open_in(*state);
	assert_int_equal(count_in(*state, "incoming"), 0);
	assert_int_equal(count_in(*state, "messages"), 1);
	assert_int_equal(count_rows(q), 1);
	assert_message(q, kept, message);
	quarantine_close(&q);
}

static void
test_recovers_after_the_row(void **state)
{
	struct quarantine *q = open_in(*state);
	char id[QUARANTINE_ID_SIZE];

	put(q, message, id);
	quarantine_close(&q);
	leave_incoming(*state, id, true);
	q = open_in(*state);
	assert_int_equal(count_in(*state, "incoming"), 0);
	assert_int_equal(count_rows(q), 1);
	assert_message(q, id, message);
	quarantine_close(&q);
}

static void
test_recovers_a_half_file(void **state)
{
	struct quarantine *q = open_in(*state);
	char id[QUARANTINE_ID_SIZE];

	put(q, message, id);
	quarantine_close(&q);
	leave_incoming(*state, "20260101T000000-000000-00000000", false);
	leave_incoming(*state, "somebody-elses", false);
	q = open_in(*state);
	assert_int_equal(count_in(*state, "incoming"), 1); /* not ours, so not touched */
	assert_int_equal(count_in(*state, "messages"), 1);
	assert_message(q, id, message);
	quarantine_close(&q);
}

/* Every write past `octets` of a file fails, as on a full disk. */
static void
limit_files(rlim_t octets)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = octets < limit.rlim_max ? octets : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void
test_no_room_for_the_message(void **state)
{
	const struct quarantine_item item = sample_item();
	struct quarantine *q = open_in(*state);
	char *bytes = calloc(1, 100000), id[QUARANTINE_ID_SIZE];
	int fd = memfd_create("message", MFD_CLOEXEC);
	const char *error = NULL;

	assert_non_null(bytes);
	assert_int_equal(ftruncate(fd, 100000), 0);
	limit_files(50000);
	assert_false(quarantine_put(q, &item, -1, span_of(bytes, 100000), id, &error));
	assert_string_equal(error, "the message cannot be written to the quarantine");
	assert_false(quarantine_put(q, &item, fd, SPAN_NONE, id, &error));
	limit_files(RLIM_INFINITY);
	assert_int_equal(count_in(*state, "incoming"), 0);
	assert_int_equal(count_in(*state, "messages"), 0);
	assert_int_equal(count_rows(q), 0);
	put(q, span_of(bytes, 100000), id);
	assert_message(q, id, span_of(bytes, 100000));
	free(bytes);
	close(fd);
	quarantine_close(&q);
}

static void
test_no_room_for_the_row(void **state)
{
	const struct quarantine_item item = sample_item();
	struct quarantine *q = open_in(*state);
	char first[QUARANTINE_ID_SIZE], id[QUARANTINE_ID_SIZE];
	const char *error = NULL;

	put(q, message, first);
	limit_files(1000);
	assert_false(quarantine_put(q, &item, -1, message, id, &error));
	assert_string_equal(error, "the index of the quarantine cannot be written");
	limit_files(RLIM_INFINITY);
	assert_int_equal(count_in(*state, "incoming"), 0);
	assert_int_equal(count_in(*state, "messages"), 1);
	put(q, message, id);
	assert_int_equal(count_rows(q), 2);
	assert_message(q, first, message);
	assert_message(q, id, message);
	quarantine_close(&q);
}

/* Puts without end and tells of each that is acknowledged. */
static _Noreturn void
keep_putting(const char *folder, int tell)
{
	const struct quarantine_item item = sample_item();
	struct quarantine *q = open_in(folder);
	char id[QUARANTINE_ID_SIZE];
	const char *error;

	while (quarantine_put(q, &item, -1, message, id, &error) && write(tell, id, sizeof(id)) == sizeof(id))
		continue;
	_exit(1);
}

/* Kills the putting process some microseconds of work after an
 * acknowledgement, so that over the rounds it is hit in any step. */
static size_t
put_until_killed(const char *folder, size_t after, struct buf *told)
{
	int ends[2];
	pid_t child;
	char id[QUARANTINE_ID_SIZE];
	size_t count = 0;
	ssize_t n;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		keep_putting(folder, ends[1]);
	close(ends[1]);
	while ((n = read(ends[0], id, sizeof(id))) == sizeof(id)) {
		buf_add(told, id, sizeof(id));
		if (++count == after)
			kill(child, SIGKILL);
	}
	assert_int_equal(n, 0);
	close(ends[0]);
	assert_int_equal(waitpid(child, NULL, 0), child);
	return count;
}

static void
test_killed_at_any_moment(void **state)
{
	struct buf told = { 0 };
	size_t puts = 0, rows;
	struct quarantine *q;
	const char *id;

	for (size_t round = 1; round <= 25; round++) {
		puts += put_until_killed(*state, round % 7 + 1, &told);
		q = open_in(*state);
		rows = count_rows(q);
		assert_int_equal(count_in(*state, "incoming"), 0);
		assert_int_equal(count_in(*state, "messages"), rows);
		assert_in_range(rows, puts, puts + round);
		quarantine_close(&q);
	}
	assert_false(told.failed);
	q = open_in(*state);
	for (id = buf_span(&told).data; id < span_end(buf_span(&told)); id += QUARANTINE_ID_SIZE)
		assert_message(q, id, message);
	quarantine_close(&q);
	buf_free(&told);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_keeps_message_and_facts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lies_under_its_day, setup, teardown),
		cmocka_unit_test_setup_teardown(test_takes_a_descriptor, setup, teardown),
		cmocka_unit_test_setup_teardown(test_takes_an_empty_item, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lists_newest_first, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refuses_other_ids, setup, teardown),
		cmocka_unit_test_setup_teardown(test_has_one_owner, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refuses_a_later_schema, setup, teardown),
		cmocka_unit_test_setup_teardown(test_recovers_before_the_row, setup, teardown),
		cmocka_unit_test_setup_teardown(test_recovers_after_the_row, setup, teardown),
		cmocka_unit_test_setup_teardown(test_recovers_a_half_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_room_for_the_message, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_room_for_the_row, setup, teardown),
		cmocka_unit_test_setup_teardown(test_killed_at_any_moment, setup, teardown),
	};

	signal(SIGXFSZ, SIG_IGN);
	return cmocka_run_group_tests_name("quarantine", tests, NULL, NULL);
}
