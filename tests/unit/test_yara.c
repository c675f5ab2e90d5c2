/* YARA's rules, where libyara is built in. */
#include "config.h"

#include "engine/yara.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
	struct arena *arena;
	struct yara_set *set;
	struct yara_scratch *scratch;
	char file[64];
	char found[256];
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->arena = arena_new(0);
	snprintf(f->file, sizeof(f->file), "/tmp/test_yara.XXXXXX");
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	yara_scratch_free(&f->scratch);
	arena_free(&f->arena);
	unlink(f->file);
	free(f);
	return 0;
}

static const char *
compile(struct fixture *f, const char *rules)
{
	int fd = mkstemp(f->file);
	FILE *out = fdopen(fd, "w");
	const char *file = f->file;

	assert_non_null(out);
	fputs(rules, out);
	fclose(out);
	return yara_compile(f->arena, &file, 1, &f->set);
}

static void
take_found(void *context, const char *rule)
{
	struct fixture *f = context;

	strncat(f->found, rule, sizeof(f->found) - strlen(f->found) - 2);
	strcat(f->found, " ");
}

static void
rules_that_hold_are_told(void **state)
{
	struct fixture *f = *state;

	assert_null(compile(f, "rule One { strings: $a = \"one\" condition: $a }\nrule Two { strings: $a = \"two\" condition: $a }\n"
	                       "private rule Hidden { condition: true }\nrule Small { condition: Hidden and filesize < 4 }\n"));
	assert_int_equal(yara_count(f->set), 4);
	f->scratch = yara_scratch_new(f->set);
	assert_true(yara_scan(f->scratch, SPAN_LITERAL("number one, number two"), take_found, f));
	assert_string_equal(f->found, "One Two ");
	f->found[0] = '\0';
	assert_true(yara_scan(f->scratch, SPAN_NONE, take_found, f));
	assert_string_equal(f->found, "Small ");
}

static void
errors_are_told_with_their_line(void **state)
{
	struct fixture *f = *state;
	const char *error = compile(f, "rule A { condition: true }\nrule B { condition: $x }\n");

	assert_non_null(error);
	assert_ptr_equal(strstr(error, f->file), error);
	assert_non_null(strstr(error, ":2: "));
}

static void
files_are_out_of_reach(void **state)
{
	struct fixture *f = *state;

	assert_non_null(compile(f, "include \"/etc/passwd\"\n"));
	unlink(f->file);
	strcpy(f->file + strlen(f->file) - 6, "XXXXXX");
	assert_non_null(strstr(compile(f, "import \"magic\"\nrule A { condition: magic.type() contains \"x\" }\n"), "magic"));
}

/* A string that matches everywhere is no verdict. */
static void
what_cannot_be_decided_is_told(void **state)
{
	struct fixture *f = *state;
	enum { LEN = 4 * 1024 * 1024 };
	char *data = arena_alloc(f->arena, LEN);

	assert_null(compile(f, "rule A { strings: $a = /a.{0,20}b/ condition: #a > 5000000 }\n"));
	f->scratch = yara_scratch_new(f->set);
	for (size_t i = 0; i < LEN; i++)
		data[i] = i % 2 == 0 ? 'a' : 'b';
	assert_false(yara_scan(f->scratch, span_of(data, LEN), take_found, f));
	assert_false(yara_scan(NULL, SPAN_LITERAL("x"), take_found, f));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(rules_that_hold_are_told, setup, teardown),
		cmocka_unit_test_setup_teardown(errors_are_told_with_their_line, setup, teardown),
		cmocka_unit_test_setup_teardown(files_are_out_of_reach, setup, teardown),
		cmocka_unit_test_setup_teardown(what_cannot_be_decided_is_told, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
