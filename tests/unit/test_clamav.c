/* ClamAV's databases: lines read, and what they find. tests/clamscan.py holds
 * the same against clamscan; here are the parts that need no other program. */
#include "config.h"

#include "base/buf.h"
#include "engine/clamav.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum { NAMES_MAX = 64, TOLD_MAX = 64 };

struct fixture {
	struct arena *arena;
	struct clam_db *db;
	struct clam_scratch *scratch;
	char folder[64];
	const char *paths[8];
	size_t path_count;
	const char *found[NAMES_MAX];
	size_t found_count;
	const char *told[TOLD_MAX];
	size_t told_count;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->arena = arena_new(0);
	snprintf(f->folder, sizeof(f->folder), "/tmp/test_clamav.XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < f->path_count; i++)
		unlink(f->paths[i]);
	rmdir(f->folder);
	clam_scratch_free(&f->scratch);
	arena_free(&f->arena);
	free(f);
	return 0;
}

static void
write_file(struct fixture *f, const char *name, const char *text)
{
	const char *path = arena_printf(f->arena, "%s/%s", f->folder, name);
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	fputs(text, out);
	fclose(out);
	f->paths[f->path_count++] = path;
}

static void
take_told(void *context, const char *file, size_t line, const char *message)
{
	struct fixture *f = context;
	const char *slash = file != NULL ? strrchr(file, '/') : NULL;

	assert_true(f->told_count < TOLD_MAX);
	f->told[f->told_count++] = arena_printf(f->arena, "%s:%zu: %s", slash != NULL ? slash + 1 : "", line, message);
}

static void
load_path(struct fixture *f, const char *path)
{
	const struct clam_listener listener = { f, take_told };
	struct clam_loader *l = clam_loader_new(f->arena, &listener);

	assert_null(clam_loader_add(l, path));
	assert_null(clam_loader_finish(l, &f->db));
	f->scratch = clam_scratch_new(f->db);
	assert_non_null(f->scratch);
}

static void
load(struct fixture *f, const char *name, const char *text)
{
	write_file(f, name, text);
	load_path(f, f->folder);
}

static void
take_found(void *context, const char *name)
{
	struct fixture *f = context;

	assert_true(f->found_count < NAMES_MAX);
	f->found[f->found_count++] = name;
}

static bool
is_found(const struct fixture *f, const char *name)
{
	for (size_t i = 0; i < f->found_count; i++)
		if (strcmp(f->found[i], name) == 0)
			return true;
	return false;
}

static void
scan_object(struct fixture *f, const struct clam_object *o)
{
	f->found_count = 0;
	assert_true(clam_scan(f->db, f->scratch, o, take_found, f));
}

static void
scan(struct fixture *f, struct span data)
{
	const struct clam_object o = { .data = data, .type = clam_type_of(data), .size = data.len, .packed = data.len };

	scan_object(f, &o);
}

static bool
is_told(const struct fixture *f, const char *text)
{
	for (size_t i = 0; i < f->told_count; i++)
		if (strcmp(f->told[i], text) == 0)
			return true;
	return false;
}

static void
malformed_lines_are_told(void **state)
{
	struct fixture *f = *state;

	load(f, "a.ndb", "A:0:*:61617878\n# a comment\n\nB:0:*\nC:99:*:6161\nD:0:x:6161\nE:0:*:61\nF:0:*:zzzz\nG:0:EP+0:6161\nH\n");
	assert_int_equal(clam_count(f->db), 1);
	assert_true(is_told(f, "a.ndb:4: malformed: B:0:*"));
	assert_true(is_told(f, "a.ndb:8: malformed: F:0:*:zzzz"));
	assert_true(is_told(f, "a.ndb:0: 7 malformed lines in all"));
	assert_true(is_told(f, ":0: 1 ClamAV signatures"));
}

static void
what_is_not_supported_is_counted(void **state)
{
	struct fixture *f = *state;

	write_file(f, "old.db", "A=6161\n");
	write_file(f, "b.cdb", "A:CL_TYPE_ZIP:*:x:*:*:*:*:1234:*\nB:CL_TYPE_EGGSFX:*:x:*:*:*:*:*:*\n");
	load(f, "a.ldb",
	    "A;Engine:81-255,Target:1,IconGroup1:X;0;6161\nB;Engine:81-255,Target:1,IconGroup2:X;0;6161\n"
	    "C;Engine:150-255,Target:5;0;fuzzy_img#af2ad01ed42993c7\nD;Engine:81-255,Target:1;0;VI:6161\n");
	assert_int_equal(clam_count(f->db), 0);
	assert_true(is_told(f, "old.db:0: databases of this kind are not supported"));
	assert_true(is_told(f, ":0: not supported: icons, 2 signatures"));
	assert_true(is_told(f, ":0: not supported: fuzzy digests of images, 1 signature"));
	assert_true(is_told(f, ":0: not supported: offsets in version information, 1 signature"));
	assert_true(is_told(f, ":0: not supported: checksums of members, 1 signature"));
	assert_true(is_told(f, ":0: not supported: containers of this type, 1 signature"));
}

/* A sub-signature of a line that turned out malformed finds nothing. */
static void
a_line_is_taken_as_a_whole(void **state)
{
	struct fixture *f = *state;

	load(f, "a.ldb", "A;Engine:81-255,Target:0;0&1;61617878;zz\nB;Engine:81-255,Target:0;0;62627979\n");
	assert_int_equal(clam_count(f->db), 1);
	scan(f, SPAN_LITERAL("\1-aaxx--bbyy--"));
	assert_int_equal(f->found_count, 1);
	assert_string_equal(f->found[0], "B");
}

/* Files of unwanted programs are loaded only by their names, as by clamscan. */
static void
unwanted_are_loaded_when_named(void **state)
{
	struct fixture *f = *state;

	write_file(f, "pua.ndu", "U:0:*:61617878\n");
	load(f, "a.ndb", "A:0:*:61617878\n");
	assert_int_equal(clam_count(f->db), 1);
	clam_scratch_free(&f->scratch);
	load_path(f, f->paths[0]);
	scan(f, SPAN_LITERAL("aaxx"));
	assert_true(is_found(f, "U"));
}

static void
ignored_names_wherever_they_stand(void **state)
{
	struct fixture *f = *state;

	write_file(f, "z.ign2", "B\n");
	load(f, "a.ndb", "A:0:*:61617878\nB:0:*:61617878\n");
	scan(f, SPAN_LITERAL("aaxx"));
	assert_true(is_found(f, "A"));
	assert_false(is_found(f, "B"));
}

static void
a_path_that_cannot_be_read(void **state)
{
	struct fixture *f = *state;
	struct clam_loader *l = clam_loader_new(f->arena, NULL);

	assert_string_equal(clam_loader_add(l, "/nonexistent/x.ndb"), "/nonexistent/x.ndb: No such file or directory");
	write_file(f, "x.txt", "");
	assert_non_null(strstr(clam_loader_add(l, f->paths[0]), "no kind of ClamAV's databases has this extension"));
}

/* An attached file is allowed by its own digest and by its container's. */
static void
allowed_files_are_found_in_containers(void **state)
{
	struct fixture *f = *state;
	struct clam_object outer = { .data = SPAN_LITERAL("outer"), .type = CLAM_ZIP };
	struct clam_object inner = { .container = &outer, .data = SPAN_LITERAL("aaxx"), .type = CLAM_BINARY };
	unsigned char digest[DIGEST_MAX];
	char line[64] = { 0 };

	assert_true(digest_of(DIGEST_MD5, outer.data, digest));
	for (size_t i = 0; i < 16; i++)
		snprintf(line + 2 * i, 3, "%02x", digest[i]);
	write_file(f, "a.fp", arena_printf(f->arena, "%s:5:outer\n", line));
	load(f, "a.ndb", "A:0:*:61617878\n");
	scan_object(f, &inner);
	assert_int_equal(f->found_count, 0);
	outer.data = SPAN_LITERAL("other");
	scan_object(f, &inner);
	assert_int_equal(f->found_count, 1);
}

static void
members_by_name_and_size(void **state)
{
	struct fixture *f = *state;
	const struct clam_object zip = { .data = SPAN_LITERAL("PK\003\004"), .type = CLAM_ZIP };
	const struct span names[] = { SPAN_LITERAL("other"), SPAN_LITERAL("dir/Invoice.EXE") };
	struct clam_object o = { .container = &zip, .type = CLAM_BINARY, .unread = true, .names = names, .name_count = 2,
		.packed = CLAM_SIZE_UNKNOWN, .size = 300, .encrypted = true, .position = 2 };

	load(f, "a.cdb",
	    "Any:*:*:(?i)\\.exe$:*:*:*:*:*:*\nCase:*:*:\\.exe$:*:*:*:*:*:*\nEnc:CL_TYPE_ZIP:*:*:*:*:1:*:*:*\n"
	    "Rar:CL_TYPE_RAR:*:*:*:*:*:*:*:*\nSize:CL_TYPE_ZIP:4:*:*:200-300:*:2:*:*\nPos:*:*:*:*:*:*:3:*:*\n");
	scan_object(f, &o);
	assert_true(is_found(f, "Any"));
	assert_true(is_found(f, "Enc"));
	assert_true(is_found(f, "Size"));
	assert_int_equal(f->found_count, 3);
	o.container = NULL;
	scan_object(f, &o);
	assert_int_equal(f->found_count, 0);
}

/* 0 to 3: "aaxx" twice, "bbyy" once, "cczz" and "dddd" not. */
static void
expressions(void **state)
{
	static const struct {
		const char *text;
		bool holds;
	} rows[] = {
		{ "0&1&2=0&3=0", true },
		{ "0=2&(1|2|3)", true },
		{ "0>2|1|2&3", true },
		{ "2&3|0|1", false }, /* all that follows is the right side */
		{ "(0|1|2|3)>2,2", true },
		{ "(0|1|2|3)>2,3", false },
		{ "(0&2)=0&(1|3)", true }, /* what does not hold adds nothing */
		{ "(0=1|1=1|2|3)=1", true },
		{ "((0|1)=3)&(2|3)=0", true },
		{ "((0|1|2|3)=3)=0", false },
	};
	struct fixture *f = *state;
	struct buf text = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		buf_printf(&text, "%zu;Engine:81-255,Target:0;%s;61617878;62627979;63637a7a;64646464\n", i, rows[i].text);
	load(f, "a.ldb", buf_str(&text));
	buf_free(&text);
	scan(f, SPAN_LITERAL("\1aaxx bbyy aaxx"));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (is_found(f, arena_printf(f->arena, "%zu", i)) != rows[i].holds)
			fail_msg("%s", rows[i].text);
}

static void
malformed_expressions(void **state)
{
	static const char *const rows[] = { "", "0&", "&0", "(0", "0)", "0=", "0=1=2", "0,1", "64", "99999999999999999999", "0 & 1",
		"0>1,", "1" };
	struct fixture *f = *state;
	struct buf text = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		buf_printf(&text, "%zu;Engine:81-255,Target:0;%s;61617878\n", i, rows[i]);
	for (size_t i = 0; i < 100; i++) /* too deep */
		buf_add_str(&text, i == 0 ? "X;Target:0;(" : i < 99 ? "(" : "0;6161\n");
	load(f, "a.ldb", buf_str(&text));
	buf_free(&text);
	assert_int_equal(clam_count(f->db), 0);
	assert_true(is_told(f, "a.ldb:0: 14 malformed lines in all"));
}

static void
sub_signatures(void **state)
{
	static const struct {
		const char *subs;
		bool found;
	} rows[] = {
		{ "0;48454c4c4f::i", true },
		{ "0;656c6c6f::f", false },
		{ "0;77696465::w", true },
		{ "0;EOF-4:61617878", true },
		{ "0;1,4:61617878", false },
		{ "1;61617878;0/h.llo/i", true },
		{ "1;61617878;0=2/hello/", false },
		{ "1=3;61617878;0/l/g", true },
		{ "1;61617878;1:0/hello/", true },
		{ "1;61617878;2:0/hello/", false },
		{ "1;61617878;2:0/ello/r", true },
		{ "1;61617878;1,3:0/ell/e", false },
		{ "1;3132;0(>>0#d4#=1234)", true },
		{ "1;3132;0(>>0#hl4#=0x3412)", true },
		{ "1;3132;0(<<1#ib1#>31,<33)", true },
		{ "1;3132;0(>>400#ib1#>0)", false },
	};
	struct fixture *f = *state;
	struct buf text = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		buf_printf(&text, "%zu;Engine:81-255,Target:0;%s\n", i, rows[i].subs);
	load(f, "a.ldb", buf_str(&text));
	buf_free(&text);
	assert_int_equal(clam_count(f->db), sizeof(rows) / sizeof(rows[0]));
	scan(f, SPAN_LITERAL("\1hello l 1234 w\0i\0d\0e\0 aaxx"));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (is_found(f, arena_printf(f->arena, "%zu", i)) != rows[i].found)
			fail_msg("%s", rows[i].subs);
}

/* What one object left behind does not count for the next. */
static void
counts_begin_anew(void **state)
{
	struct fixture *f = *state;

	load(f, "a.ldb", "A;Engine:81-255,Target:0;0&1;61617878;62627979\nN;Engine:81-255,Target:0;0=0&1;61617878;62627979\n");
	scan(f, SPAN_LITERAL("\1aaxx"));
	assert_int_equal(f->found_count, 0);
	scan(f, SPAN_LITERAL("\1bbyy"));
	assert_int_equal(f->found_count, 1);
	assert_string_equal(f->found[0], "N");
}

static void
text_and_html_are_searched_as_clamav_sees_them(void **state)
{
	struct fixture *f = *state;

	load(f, "a.ndb",
	    "Lower:7:*:736f6d6520776f726473\nRaw:0:*:534f4d45202020576f726473\nTag:3:*:3c623e736f6d6520776f7264733c2f623e\n"
	    "Entity:3:*:3c6120687265663d22613f6226633e\nHref:3:*:613f622663\n");
	scan(f, SPAN_LITERAL("First: SOME   Words\n"));
	assert_true(is_found(f, "Lower"));
	assert_true(is_found(f, "Raw"));
	scan(f, SPAN_LITERAL("<html><B>SOME\n <!-- no --> Words</B><A HREF='a?b&amp;c'>"));
	assert_true(is_found(f, "Tag"));
	assert_true(is_found(f, "Href"));
	assert_false(is_found(f, "Lower"));
}

/* Places for macros are bounded; what is beyond is not decided, not clean. */
static void
too_much_to_decide_is_told(void **state)
{
	struct fixture *f = *state;
	struct clam_object o = { .type = CLAM_BINARY };
	char *data = arena_alloc(f->arena, 40000);

	for (size_t i = 0; i < 40000; i++)
		data[i] = "aaxx"[i % 4];
	write_file(f, "a.ndb", "M:0:$3:62627979\n");
	load(f, "a.ldb", "A;Engine:81-255,Target:0;0&1;61617878;${1-9}3$\n");
	o.data = span_of(data, 40000);
	assert_false(clam_scan(f->db, f->scratch, &o, take_found, f));
	assert_false(clam_scan(f->db, NULL, &o, take_found, f));
	o.data = SPAN_LITERAL("\1aaxx.bbyy");
	assert_true(clam_scan(f->db, f->scratch, &o, take_found, f));
	assert_true(is_found(f, "A"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(malformed_lines_are_told, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_not_supported_is_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(a_line_is_taken_as_a_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(unwanted_are_loaded_when_named, setup, teardown),
		cmocka_unit_test_setup_teardown(ignored_names_wherever_they_stand, setup, teardown),
		cmocka_unit_test_setup_teardown(a_path_that_cannot_be_read, setup, teardown),
		cmocka_unit_test_setup_teardown(allowed_files_are_found_in_containers, setup, teardown),
		cmocka_unit_test_setup_teardown(members_by_name_and_size, setup, teardown),
		cmocka_unit_test_setup_teardown(expressions, setup, teardown),
		cmocka_unit_test_setup_teardown(malformed_expressions, setup, teardown),
		cmocka_unit_test_setup_teardown(sub_signatures, setup, teardown),
		cmocka_unit_test_setup_teardown(counts_begin_anew, setup, teardown),
		cmocka_unit_test_setup_teardown(text_and_html_are_searched_as_clamav_sees_them, setup, teardown),
		cmocka_unit_test_setup_teardown(too_much_to_decide_is_told, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
