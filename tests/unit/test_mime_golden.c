/* Messages and the trees they are: each tests/golden/mime/X.eml must be read
 * as X.ref tells, and the same with CRLF for every LF but for sizes. Run with
 * GOLDEN_UPDATE=1 to write the .ref files anew, and read the difference. */
#include "config.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "mime_dump.h"

enum { GOLDEN_LEAST = 40 };

static const struct mime_limits limits = { .parts = 100, .depth = 20, .headers = 1000 };

static char *
golden_path(const char *name, const char *suffix)
{
	const char *top = getenv("srcdir");
	char *path = NULL;

	assert_true(asprintf(&path, "%s/tests/golden/mime/%s%s", top != NULL ? top : ".", name, suffix) > 0);
	return path;
}

static bool
read_whole(const char *path, struct buf *out)
{
	FILE *f = fopen(path, "rb");
	char block[4096];
	size_t len;

	if (f == NULL)
		return false;
	while ((len = fread(block, 1, sizeof(block), f)) > 0)
		buf_add(out, block, len);
	fclose(f);
	return !out->failed;
}

static void
dump_message(struct buf *out, struct span raw, bool sizes)
{
	struct arena *a = arena_new(0);
	struct scratch *scratch = scratch_new(-1);

	assert_non_null(scratch);
	mime_dump(out, mime_parse(a, raw, &limits), scratch, sizes);
	scratch_free(&scratch);
	arena_free(&a);
}

static void
update(const char *path, struct buf *text)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(text->data, 1, text->len, f), text->len);
	assert_int_equal(fclose(f), 0);
}

/* Compares with and without CRLF; a message with a CR of its own is let be. */
static void
check_line_ends(const char *name, struct span raw)
{
	struct buf with_crlf = { 0 }, lf_tree = { 0 }, crlf_tree = { 0 };

	if (span_find_byte(raw, '\r') != SIZE_MAX)
		return;
	for (size_t i = 0; i < raw.len; i++) {
		if (raw.data[i] == '\n')
			buf_add_byte(&with_crlf, '\r');
		buf_add_byte(&with_crlf, raw.data[i]);
	}
	dump_message(&lf_tree, raw, false);
	dump_message(&crlf_tree, buf_span(&with_crlf), false);
	if (!span_eq(buf_span(&lf_tree), buf_span(&crlf_tree)))
		fail_msg("%s: differs with CRLF:\n%s", name, buf_str(&crlf_tree));
	buf_free(&with_crlf);
	buf_free(&lf_tree);
	buf_free(&crlf_tree);
}

static void
check_file(const char *name)
{
	char *eml = golden_path(name, ".eml"), *ref = golden_path(name, ".ref");
	struct buf raw = { 0 }, expected = { 0 }, tree = { 0 };

	assert_true(read_whole(eml, &raw));
	dump_message(&tree, buf_span(&raw), true);
	if (getenv("GOLDEN_UPDATE") != NULL)
		update(ref, &tree);
	if (!read_whole(ref, &expected))
		fail_msg("%s: no .ref", name);
	if (!span_eq(buf_span(&tree), buf_span(&expected)))
		fail_msg("%s: was read as\n%s", name, buf_str(&tree));
	check_line_ends(name, buf_span(&raw));
	buf_free(&raw);
	buf_free(&expected);
	buf_free(&tree);
	free(eml);
	free(ref);
}

static void
test_golden(void **state)
{
	char *folder = golden_path("", "");
	DIR *dir = opendir(folder);
	struct dirent *entry;
	size_t count = 0;

	(void)state;
	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		char *dot = strrchr(entry->d_name, '.');

		if (dot == NULL || strcmp(dot, ".eml") != 0)
			continue;
		*dot = '\0';
		check_file(entry->d_name);
		count++;
	}
	closedir(dir);
	free(folder);
	assert_in_range(count, GOLDEN_LEAST, SIZE_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_golden) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
