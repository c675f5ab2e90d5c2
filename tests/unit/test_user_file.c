/* A user's file: what it sets, which names have one, and what is not read. */
#include "config.h"

#include "conf_helper.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct user_files {
	struct conf_fixture conf;
	char folder[32];
	int fd;
	struct user_settings own;
};

static int
set_up(void **state)
{
	struct user_files *f = calloc(1, sizeof(*f));

	f->conf.arena = arena_new(0);
	report_init(&f->conf.report, f->conf.arena);
	strcpy(f->folder, "/tmp/gatepost-users-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	f->fd = open(f->folder, O_RDONLY | O_DIRECTORY);
	*state = f;
	return f->fd >= 0 ? 0 : -1;
}

static int
tear_down(void **state)
{
	static const char *const names[] = { "anna.yaml", "a+b=c@x_y-z.example.yaml", ".yaml", "..yaml", "dir.yaml" };
	struct user_files *f = *state;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlinkat(f->fd, names[i], 0);
	unlinkat(f->fd, "dir.yaml", AT_REMOVEDIR);
	close(f->fd);
	rmdir(f->folder);
	arena_free(&f->conf.arena);
	free(f);
	return 0;
}

static void
write_file(struct user_files *f, const char *name, const char *text)
{
	int fd = openat(f->fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static const struct settings *
settings(struct user_files *f)
{
	return conf_settings(&f->conf, arena_printf(f->conf.arena,
	    "listeners: [ { name: mx, protocol: smtp, address: '127.0.0.1:2525', upstream: mta, policy: p } ]\n"
	    "upstreams: { mta: { address: '127.0.0.1:25' } }\n"
	    "policies: { p: {} }\n"
	    "user_directory: %s\n"
	    "users: [ { match: anna, upstream: mta, subject_prefix: '[A]', allow: [ a@x, b@x ], deny: c@x } ]\n",
	    f->folder));
}

static bool
read_file(struct user_files *f, const char *user)
{
	report_init(&f->conf.report, f->conf.arena);
	return settings_user_file(f->conf.arena, settings(f), f->fd, span_str(user), &f->own, &f->conf.report);
}

static void
test_merged(void **state)
{
	struct user_files *f = *state;

	write_file(f, "anna.yaml",
	    "allow: [ d@x ]\nthresholds: [ { score: 2, then: tag } ]\nspam: hide\nrules_off: ''\n");
	assert_true(read_file(f, "Anna"));
	assert_string_equal(conf_errors(&f->conf), arena_printf(f->conf.arena,
	    "%s/anna.yaml:4:12: an address, a name or a pattern has from 1 to 254 octets\n", f->folder));
	assert_int_equal(f->own.allow.count, 2);
	write_file(f, "anna.yaml", "allow: [ d@x ]\nthresholds: [ { score: 2, then: tag } ]\nspam: hide\nrules_off: R\n");
	assert_true(read_file(f, "Anna"));
	assert_string_equal(conf_errors(&f->conf), "");
	assert_int_equal(f->own.upstream, 0);
	assert_int_equal(f->own.policy, SIZE_MAX);
	assert_string_equal(f->own.subject_prefix, "[A]");
	assert_int_equal(f->own.allow.count, 1);
	assert_string_equal(f->own.allow.items[0], "d@x");
	assert_int_equal(f->own.deny.count, 1);
	assert_string_equal(f->own.rules_off.items[0], "R");
	assert_true(f->own.has_thresholds && f->own.threshold_count == 1 && f->own.thresholds[0].score == 2);
	assert_true(f->own.has_spam && f->own.spam == SPAM_SHOWN_HIDDEN);
	write_file(f, "anna.yaml", "deny: []\nsubject_prefix: ''\n");
	assert_true(read_file(f, "anna"));
	assert_int_equal(f->own.deny.count, 0);
	assert_string_equal(f->own.subject_prefix, "");
	/* An empty file sets nothing. */
	write_file(f, "anna.yaml", "");
	assert_true(read_file(f, "anna"));
	assert_string_equal(conf_errors(&f->conf), "");
	assert_int_equal(f->own.allow.count, 2);
}

static void
test_names(void **state)
{
	static const char *const none[] = { "", ".", "..", "../anna", "/etc/passwd", "a/b", "anna\n", "nobody", "a b",
		"\xc3\xa4" };
	struct user_files *f = *state;
	const char *name = "a+B=c@x_y-z.EXAMPLE";
	char longest[USER_NAME_MAX + 2];

	write_file(f, "a+b=c@x_y-z.example.yaml", "spam: hide\n");
	write_file(f, ".yaml", "spam: hide\n");
	write_file(f, "..yaml", "spam: hide\n");
	assert_true(read_file(f, name));
	assert_int_equal(f->own.upstream, SIZE_MAX);
	assert_false(settings_user_file(f->conf.arena, settings(f), -1, span_str(name), &f->own, &f->conf.report));
	f->own.upstream = 7;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_false(read_file(f, none[i]));
	assert_false(settings_user_file(f->conf.arena, settings(f), f->fd, span_of("a\0b", 3), &f->own, &f->conf.report));
	memset(longest, 'a', sizeof(longest));
	longest[USER_NAME_MAX + 1] = '\0';
	assert_false(read_file(f, longest));
	longest[USER_NAME_MAX] = '\0';
	assert_false(read_file(f, longest));
	assert_int_equal(f->own.upstream, 7);
}

static void
expect_refused(struct user_files *f, const char *error)
{
	assert_true(read_file(f, "anna"));
	assert_string_equal(conf_errors(&f->conf),
	    arena_printf(f->conf.arena, "%s/anna.yaml:%s\n", f->folder, error));
	assert_int_equal(f->own.upstream, 0);
	assert_int_equal(f->own.allow.count, 2);
	assert_false(f->own.has_spam);
	assert_int_equal(unlinkat(f->fd, "anna.yaml", 0), 0);
}

static void
test_no_regular_file(void **state)
{
	struct user_files *f = *state;

	assert_int_equal(symlinkat("/etc/passwd", f->fd, "anna.yaml"), 0);
	expect_refused(f, "0:0: cannot be read: a symbolic link");
	assert_int_equal(mkfifoat(f->fd, "anna.yaml", 0600), 0);
	expect_refused(f, "0:0: no regular file");
	assert_int_equal(mkdirat(f->fd, "dir.yaml", 0700), 0);
	assert_true(read_file(f, "dir"));
	assert_string_equal(conf_errors(&f->conf),
	    arena_printf(f->conf.arena, "%s/dir.yaml:0:0: no regular file\n", f->folder));
}

static void
test_wrong_files(void **state)
{
	struct user_files *f = *state;
	char *large = arena_alloc(f->conf.arena, USER_FILE_MAX + 2);

	write_file(f, "anna.yaml", "spam: hide\npolicy: p\n");
	expect_refused(f, "2:1: unknown key \"policy\"");
	write_file(f, "anna.yaml", "spam: hide\nallow: [");
	assert_true(read_file(f, "anna"));
	assert_true(f->conf.report.count > 0);
	assert_int_equal(f->own.allow.count, 2);
	write_file(f, "anna.yaml", "- spam\n");
	expect_refused(f, "1:1: expected a mapping of keys and values");
	memset(large, '#', USER_FILE_MAX + 1);
	write_file(f, "anna.yaml", large);
	expect_refused(f, "0:0: larger than 65536 octets");
	large[USER_FILE_MAX] = '\0';
	write_file(f, "anna.yaml", large);
	assert_true(read_file(f, "anna"));
	assert_string_equal(conf_errors(&f->conf), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_merged, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_names, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_regular_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_wrong_files, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("user_file", tests, NULL, NULL);
}
