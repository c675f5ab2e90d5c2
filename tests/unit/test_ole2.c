/* Compound files: what they hold and can do, and files that are not as they
 * should be. */
#include "config.h"

#include "engine/ole2.h"
#include "engine/vba.h"
#include "tests/lib/container_walk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define CORPUS "tests/fuzz/corpus/ole2/"
#define SHOWN_PROGRAM "MZ......................................"

static const struct archive_limits generous = { .entries = 1000, .depth = 5, .output = 1 << 24, .ratio = 1000 };

static const struct {
	const char *file, *told;
} documents[] = {
	{ "macros.doc", "trait macros\ntrait auto-run\nmember ThisDocument.bas: Attribute VB_Name = \"ThisDocument\"..Priv\n"
	                "member Module1.bas: Attribute VB_Name = \"Module1\"..Sub Sums(\n" },
	{ "unlisted.doc", "trait macros\ntrait auto-run\nmember ThisDocument.bas: Attribute VB_Name = \"ThisDocument\"..Priv\n" },
	{ "misplaced.doc", "trait macros\ntrait auto-run\nmember Module1.bas: Attribute VB_Name = \"ThisDocument\"..Priv\n" },
	{ "dde.doc", "trait dde\n" },
	{ "template.doc", "trait external-template\nuri http://host.invalid/a.dotm\n" },
	{ "locked.doc", "trait encrypted\n" },
	{ "locked.xls", "trait encrypted\n" },
	{ "locked.docx", "trait encrypted\n" },
	{ "xlm.xls", "trait macros\ntrait auto-run\ntrait dde\n" },
	{ "sheet.xls", "trait macros\n" },
	{ "old.xls", "trait auto-run\n" },
	{ "standard.xlsx", "member package: " SHOWN_PROGRAM "\n" },
	{ "agile.xlsx", "member package: " SHOWN_PROGRAM "\n" },
	{ "agile.pptx", "member package: " SHOWN_PROGRAM "\n" },
	{ "secret.xlsx", "trait encrypted\n" },
	{ "rc4.xls", "trait macros\ntrait auto-run\n" },
	{ "crypto-api.xls", "trait macros\ntrait auto-run\n" },
	{ "secret.xls", "trait encrypted\n" },
	{ "object.doc", "trait embedded-object\ntrait embedded-object\nmember a.exe: " SHOWN_PROGRAM "\n" },
	{ "link.doc", "trait external-template\nuri http://host.invalid/a.hta\n" },
	{ "long.doc", "trait embedded-object\nmember CONTENTS: %PDF-1.4................................\n" },
	{ "installer.msi", "member __Strin: " SHOWN_PROGRAM "\n" },
	{ "item.msg", "member body.txt: text of the message\nmember body.html: <html><p>text</p></html>\n"
	              "member body.rtf: {\\rtf1\\ansi text}\nmember long n\xc3\xa4me.exe: " SHOWN_PROGRAM "\n"
	              "member LONGNA~1.EXE: " SHOWN_PROGRAM "\nmember body.txt: text of the message inside\n" },
};

static void
what_is_in_a_document_is_told(void **state)
{
	/* Of an encrypted one the key costs some megabytes. */
	static const struct archive_limits limits = { .entries = 100, .depth = 5, .output = 1 << 24, .ratio = 1000 };

	(void)state;
	for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
		struct buf told = { 0 };
		char path[128];

		snprintf(path, sizeof(path), CORPUS "%s", documents[i].file);
		walk_file_within(&told, ole2_read, path, &limits);
		assert_string_equal(buf_str(&told), documents[i].told);
		buf_free(&told);
	}
}

static void
macros_in_a_presentation_are_reached_through_its_packed_object(void **state)
{
	struct buf told = { 0 };

	(void)state;
	walk_file(&told, ole2_read, CORPUS "macros.ppt");
	assert_non_null(strstr(buf_str(&told), "trait macros\nmember Module1.bas: Attribute VB_Name"));
	buf_free(&told);
}

static void
what_is_no_compound_file_is_none(void **state)
{
	struct buf told = { 0 };

	(void)state;
	walk_read(&told, ole2_read, SPAN_LITERAL("MZ"), &generous);
	assert_string_equal(buf_str(&told), "none\n");
	buf_free(&told);
}

/* The last sector is the table, of which only the beginning is used. */
static void
a_file_that_is_cut_is_read_as_far_as_it_goes_and_is_damaged(void **state)
{
	struct buf data = { 0 };

	(void)state;
	walk_load(&data, CORPUS "macros.doc");
	for (size_t len = 8; len < data.len - 512; len += 61) {
		struct buf told = { 0 };

		walk_read(&told, ole2_read, span_first(buf_span(&data), len), &generous);
		assert_true(span_ends_nocase(buf_span(&told), "damaged\n"));
		buf_free(&told);
	}
	buf_free(&data);
}

/* Every word of the tables in turn points to the sector 0 or to itself. */
static void
chains_that_run_in_circles_end(void **state)
{
	struct buf data = { 0 };

	(void)state;
	walk_load(&data, CORPUS "long.doc");
	for (size_t at = 44; at + 4 <= data.len; at += 4) {
		char kept[4], *word = data.data + data.start + at;
		struct buf told = { 0 };

		memcpy(kept, word, 4);
		memset(word, 0, 4);
		walk_read(&told, ole2_read, buf_span(&data), &generous);
		assert_false(told.failed);
		buf_clear(&told);
		word[0] = (char)(at / 512);
		walk_read(&told, ole2_read, buf_span(&data), &generous);
		assert_false(told.failed);
		memcpy(word, kept, 4);
		buf_free(&told);
	}
	buf_free(&data);
}

static void
limits_hold(void **state)
{
	static const struct archive_limits one_entry = { .entries = 1, .depth = 5, .output = 1 << 20, .ratio = 100 };
	static const struct archive_limits few_octets = { .entries = 9, .depth = 5, .output = 20, .ratio = 100 };
	struct buf data = { 0 }, told = { 0 };

	(void)state;
	walk_load(&data, CORPUS "item.msg");
	walk_read(&told, ole2_read, buf_span(&data), &one_entry);
	assert_string_equal(buf_str(&told), "member body.txt: text of the message\nover limit\n");
	buf_clear(&told);
	walk_read(&told, ole2_read, buf_span(&data), &few_octets);
	assert_true(span_ends_nocase(buf_span(&told), "over limit\n"));
	buf_free(&told);
	buf_free(&data);
}

/* The presentation may be opened, but not the object in it; traits are told of
 * that all the same. */
static void
depth_keeps_members_from_being_told_and_no_traits(void **state)
{
	static const struct archive_limits shallow = { .entries = 99, .depth = 0, .output = 1 << 20, .ratio = 100 };
	struct buf told = { 0 };

	(void)state;
	walk_file_within(&told, ole2_read, CORPUS "macros.ppt", &shallow);
	assert_null(strstr(buf_str(&told), "Module1.bas"));
	assert_non_null(strstr(buf_str(&told), "trait macros\nover limit inside\n"));
	buf_free(&told);
}

/* --- Macros --- */

static void
references_are_copied(void **state)
{
	/* "#aaaaaaa": two letters, and one of them six times over (MS-OVBA 3.2). */
	static const char packed[] = "\x01\x04\xb0\x04#a\x03\x00";
	struct buf out = { 0 };

	(void)state;
	assert_true(vba_decompress(span_of(packed, sizeof(packed) - 1), &out));
	assert_string_equal(buf_str(&out), "#aaaaaaa");
	buf_free(&out);
}

static void
a_reference_to_before_the_beginning_is_refused(void **state)
{
	static const char packed[] = "\x01\x03\xb0\x02#\x00\xf0";
	struct buf out = { 0 };

	(void)state;
	assert_false(vba_decompress(span_of(packed, sizeof(packed) - 1), &out));
	assert_string_equal(buf_str(&out), "#");
	buf_free(&out);
}

static void
a_source_of_many_chunks_is_whole(void **state)
{
	struct buf packed = { 0 }, out = { 0 };

	(void)state;
	walk_load(&packed, "tests/fuzz/corpus/vba/long");
	assert_true(vba_decompress(buf_span(&packed), &out));
	assert_int_equal(out.len % 60, 0);
	for (size_t i = out.len / 60; i < out.len; i++)
		assert_int_equal(out.data[i], out.data[i - out.len / 60]);
	buf_free(&packed);
	buf_free(&out);
}

static void
procedures_that_run_by_themselves_are_known_by_their_names(void **state)
{
	(void)state;
	assert_true(vba_runs_by_itself(SPAN_LITERAL("Module1"), SPAN_LITERAL("Sub AutoOpen()")));
	assert_true(vba_runs_by_itself(SPAN_LITERAL("Module1"), SPAN_LITERAL("x\r\nprivate  SUB\tworkbook_OPEN (")));
	assert_true(vba_runs_by_itself(SPAN_LITERAL("Module1"), SPAN_LITERAL("Sub _\r\n _\r\nDocument_Close()")));
	assert_false(vba_runs_by_itself(SPAN_LITERAL("Module1"), SPAN_LITERAL("Sub _x\r\nDocument_Close()")));
	assert_true(vba_runs_by_itself(SPAN_LITERAL("Module1"), SPAN_LITERAL("Sub Ink1_Painted(ByVal x As Long)")));
	assert_false(vba_runs_by_itself(SPAN_LITERAL("Module1"), SPAN_LITERAL("Sub Sums()\r\n' AutoOpen\r\nEnd Sub")));
	assert_false(vba_runs_by_itself(SPAN_LITERAL("Module1"), SPAN_LITERAL("Sub Class_Initialize()")));
	assert_false(vba_runs_by_itself(SPAN_LITERAL("Module1"), SPAN_NONE));
	assert_true(vba_runs_by_itself(SPAN_LITERAL("AutoOpen"), SPAN_LITERAL("Public Sub MAIN()")));
	assert_false(vba_runs_by_itself(SPAN_LITERAL("Module1"), SPAN_LITERAL("Public Sub MAIN()")));
	assert_false(vba_runs_by_itself(SPAN_LITERAL("AutoOpen"), SPAN_LITERAL("Sub Other()")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_in_a_document_is_told),
		cmocka_unit_test(macros_in_a_presentation_are_reached_through_its_packed_object),
		cmocka_unit_test(what_is_no_compound_file_is_none),
		cmocka_unit_test(a_file_that_is_cut_is_read_as_far_as_it_goes_and_is_damaged),
		cmocka_unit_test(chains_that_run_in_circles_end),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(depth_keeps_members_from_being_told_and_no_traits),
		cmocka_unit_test(references_are_copied),
		cmocka_unit_test(a_reference_to_before_the_beginning_is_refused),
		cmocka_unit_test(a_source_of_many_chunks_is_whole),
		cmocka_unit_test(procedures_that_run_by_themselves_are_known_by_their_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
