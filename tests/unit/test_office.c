/* Documents of Office and OpenDocument by their parts, and as one XML file. */
#include "config.h"

#include "engine/document.h"
#include "engine/office.h"
#include "engine/onenote.h"
#include "tests/lib/container_walk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static const struct archive_limits generous = { .entries = 1000, .depth = 5, .output = 1 << 24, .ratio = 1000 };

static const char *part; /* whose content the reader below is given */

static enum archive_result
look(struct arena *a, struct span data, struct archive_budget *budget, const struct container_sink *sink)
{
	(void)budget;
	office_look_at_member(a, span_str(part), data, sink);
	return ARCHIVE_READ;
}

static void
tells(const char *name, struct span content, const char *expected)
{
	struct buf told = { 0 };

	part = name;
	walk_read(&told, look, content, &generous);
	assert_string_equal(buf_str(&told), expected);
	buf_free(&told);
}

static void
parts_tell_what_a_document_can_do(void **state)
{
	static const struct {
		const char *file, *part, *told;
	} parts[] = {
		{ "types", "[Content_Types].xml", "trait macros\n" },
		{ "template", "word/_rels/settings.xml.rels",
		  "uri https://host.invalid/a.dotm?a=1&b=2\ntrait external-template\n" },
		{ "link", "word/_rels/document.xml.rels", "uri https://link.invalid/\n" },
		{ "fields", "word/document.xml", "trait dde\n" },
		{ "simple", "word/header1.xml", "trait dde\n" },
		{ "workbook", "xl/workbook.xml", "trait auto-run\n" },
		{ "dde", "xl/externalLinks/externalLink1.xml", "trait dde\n" },
		{ "manifest", "META-INF/manifest.xml", "trait macros\ntrait encrypted\n" },
		{ "content", "content.xml", "trait auto-run\ntrait dde\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		struct buf data = { 0 };
		char path[128];

		snprintf(path, sizeof(path), "tests/fuzz/corpus/office/%s", parts[i].file);
		walk_load(&data, path);
		tells(parts[i].part, span_from(buf_span(&data), 1), parts[i].told);
		buf_free(&data);
	}
}

static void
names_alone_tell_macros_and_objects(void **state)
{
	(void)state;
	tells("word/vbaProject.bin", SPAN_NONE, "trait macros\n");
	tells("/XL/VBAPROJECT.BIN", SPAN_NONE, "trait macros\n");
	tells("xl/macrosheets/sheet1.xml", SPAN_NONE, "trait macros\n");
	tells("word/embeddings/oleObject1.bin", SPAN_NONE, "trait embedded-object\n");
	tells("word/media/image1.png", SPAN_NONE, "");
	tells("Scripts/run.py", SPAN_NONE, "");
}

#define TEMPLATE \
	"<Relationship Type=\"x/attachedTemplate\" Target=\"http://a.invalid/\" TargetMode=\"External\"/>"
#define TEMPLATE_TOLD "uri http://a.invalid/\ntrait external-template\n"

static void
what_is_no_tag_hides_none(void **state)
{
	(void)state;
	tells("_rels/a.rels", SPAN_LITERAL("<R><!-- it's -->" TEMPLATE "</R>"), TEMPLATE_TOLD);
	tells("_rels/a.rels", SPAN_LITERAL("<?a \"?><R>" TEMPLATE "</R>"), TEMPLATE_TOLD);
	tells("_rels/a.rels", SPAN_LITERAL("<R><![CDATA[ ' <b \" ]]>" TEMPLATE "</R>"), TEMPLATE_TOLD);
	tells("_rels/a.rels", SPAN_LITERAL("<R><!--" TEMPLATE "--></R>"), "");
	tells("a.xml", SPAN_LITERAL("<w:instrText>D<!-- ' -->D<?x?>E<![CDATA[AUTO c:\\x]]></w:instrText>"), "trait dde\n");
	tells("a.xml", SPAN_LITERAL("<w:instrText><![CDATA[ DDE x]]>"), "trait dde\n");
}

static void
parts_may_be_called_anything(void **state)
{
	(void)state;
	tells("a/b.c", SPAN_LITERAL("\xef\xbb\xbf<w:fldSimple w:instr=' DDE x'/>"), "trait dde\n");
	tells("a/b.c", SPAN_LITERAL("\n<x:definedName name='Auto_Open'>"), "trait auto-run\n");
	tells("a/b.c", SPAN_LITERAL("<ddeLink/>"), "trait dde\n");
	tells("a/b.c", SPAN_LITERAL("\0<\0d\0d\0e\0L\0i\0n\0k\0/\0>"), "trait dde\n");
	tells("a/b.c", SPAN_LITERAL("\1\2A\0u\0t\0o\0_\0O\0p\0e\0n\0"), "trait auto-run\n");
	tells("a/b.c", SPAN_LITERAL("A text on instrText, DDE and ddeLink"), "");
	tells("ppt/slides/slide1.xml", SPAN_LITERAL("<a:hlinkHover r:id='rId2' action='ppaction://program'/>"), "trait launch\n");
	tells("ppt/slides/slide1.xml", SPAN_LITERAL("<a:hlinkClick r:id='rId2' action='ppaction://hlinksldjump'/>"), "");
}

static void
a_template_on_this_computer_is_no_trait(void **state)
{
	(void)state;
	tells("word/_rels/settings.xml.rels", SPAN_LITERAL("<Relationship Type='x/attachedTemplate' "
	      "Target='file:///C:\\Users\\a\\Normal.dotm' TargetMode='External'/>"), "");
}

static void
a_word_that_only_begins_like_a_field_is_none(void **state)
{
	(void)state;
	tells("word/document.xml", SPAN_LITERAL("<w:instrText>DDENOT x</w:instrText>"), "");
	tells("word/document.xml", SPAN_LITERAL("<w:t>DDEAUTO</w:t><w:instrText>PAGE</w:instrText>"), "");
}

static void
fields_link_and_fetch_as_in_rich_text(void **state)
{
	(void)state;
	tells("word/document.xml", SPAN_LITERAL("<w:fldChar/><w:instrText>HYPER</w:instrText><w:instrText>LINK \"http://a.invalid/\" "
	      "\\o x</w:instrText><w:fldChar/><w:instrText>PAGE</w:instrText>"), "uri http://a.invalid/\n");
	tells("word/document.xml", SPAN_LITERAL("<w:fldSimple w:instr='INCLUDETEXT http://a.invalid/'/>"),
	      "trait external-template\nuri http://a.invalid/\n");
	tells("word/document.xml", SPAN_LITERAL("<w:fldSimple w:instr='INCLUDETEXT c:\\a'/><w:fldSimple w:instr=''/>"), "");
	tells("word/document.xml", SPAN_LITERAL("<w:instrText>DDEAUTO\nc:\\x</w:instrText>"), "trait dde\n");
	tells("word/document.xml", SPAN_LITERAL("<w:instrText>HYPERLINK \0 \0x"), "uri .x\n");
}

static void
other_computers_are_known_by_scheme_or_path(void **state)
{
	static const char *const remote[] = { "http://a/", "HTTPS://a/", "mhtml:http://a/!x-usc:http://a/", "\\\\host\\x",
		"//host/x", "file://host/x", "file:\\\\host\\x", "ftp://a", "ms-msdt:/id" };
	static const char *const local[] = { "C:\\x.dotm", "file:///C:/x", "file:///C|/x", "x.dotm", "../x", "", "a b: c",
		"file:x" };

	(void)state;
	for (size_t i = 0; i < sizeof(remote) / sizeof(remote[0]); i++)
		assert_true(target_is_remote(span_str(remote[i])));
	for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++)
		assert_false(target_is_remote(span_str(local[i])));
}

static void
utf16_parts_are_read(void **state)
{
	static const char text[] = "<Types>macroEnabled</Types>";
	struct buf wide = { 0 };

	(void)state;
	buf_add_str(&wide, "\xff\xfe");
	for (size_t i = 0; text[i] != '\0'; i++) {
		buf_add_byte(&wide, text[i]);
		buf_add_byte(&wide, '\0');
	}
	tells("[Content_Types].xml", buf_span(&wide), "trait macros\n");
	buf_free(&wide);
}

static void
binary_parts_of_one_file_are_members(void **state)
{
	struct buf data = { 0 }, told = { 0 };

	(void)state;
	walk_load(&data, "tests/fuzz/corpus/office/flat");
	walk_read(&told, xml_read, span_from(buf_span(&data), 1), &generous);
	assert_string_equal(buf_str(&told), "trait macros\nmember /word/vbaProject.bin: MZ\n");
	buf_clear(&told);
	buf_clear(&data);
	walk_load(&data, "tests/fuzz/corpus/office/active");
	walk_read(&told, activemime_read, span_from(buf_span(&data), 1), &generous);
	assert_string_equal(buf_str(&told), "member oledata.mso: MZ......................................\n");
	buf_free(&told);
	buf_free(&data);
}

static void
files_in_a_notebook_are_members(void **state)
{
	struct buf told = { 0 };

	(void)state;
	walk_file(&told, onenote_read, "tests/fuzz/corpus/onenote/two.one");
	assert_string_equal(buf_str(&told), "trait embedded-object\nmember embedded: MZ......................................\n"
	                    "trait embedded-object\nmember embedded: text\n");
	buf_clear(&told);
	walk_file(&told, onenote_read, "tests/fuzz/corpus/onenote/cut.one");
	assert_true(span_ends_nocase(buf_span(&told), "\ndamaged\n"));
	buf_clear(&told);
	walk_read(&told, onenote_read, SPAN_LITERAL("\xe4\x52"), &generous);
	assert_string_equal(buf_str(&told), "none\n");
	buf_free(&told);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_tell_what_a_document_can_do),
		cmocka_unit_test(names_alone_tell_macros_and_objects),
		cmocka_unit_test(what_is_no_tag_hides_none),
		cmocka_unit_test(parts_may_be_called_anything),
		cmocka_unit_test(a_template_on_this_computer_is_no_trait),
		cmocka_unit_test(a_word_that_only_begins_like_a_field_is_none),
		cmocka_unit_test(fields_link_and_fetch_as_in_rich_text),
		cmocka_unit_test(other_computers_are_known_by_scheme_or_path),
		cmocka_unit_test(utf16_parts_are_read),
		cmocka_unit_test(binary_parts_of_one_file_are_members),
		cmocka_unit_test(files_in_a_notebook_are_members),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
