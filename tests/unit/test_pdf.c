/* PDF: files, scripts and links, in every way in which they are written. */
#include "config.h"

#include "engine/pdf.h"
#include "engine/pdf_filter.h"
#include "engine/pdf_token.h"
#include "tests/lib/container_walk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define HEAD "%PDF-1.7\n"
#define SCRIPT "app.alert('hello');app.alert('hello');ap"

#define OPENED \
	"uri http://a.invalid/\nmember javascript: app.alert(1)\ntrait embedded-object\n" \
	"member embedded: MZ......................................\ntrait javascript\ntrait auto-run\n"

static const struct archive_limits generous = { .entries = 1000, .depth = 5, .output = 1 << 24, .ratio = 1000 };

static void
files_tell_what_they_hold(void **state)
{
	static const struct {
		const char *file, *told;
	} files[] = {
		{ "plain.pdf", "" },
		{ "attached.pdf", "trait embedded-object\nmember a.exe: MZ......................................\n"
		                  "member b.exe: MZ......................................\n" },
		{ "script.pdf", "member javascript: app.alert(1);\ntrait javascript\ntrait auto-run\n" },
		{ "script-stream.pdf", "member javascript: " SCRIPT "\ntrait javascript\ntrait auto-run\n" },
		{ "predicted.pdf", "member javascript: " SCRIPT "\ntrait javascript\n" },
		{ "hex.pdf", "member javascript: " SCRIPT "\nmember form.xml: <xdp><<<\ntrait javascript\n" },
		{ "objects.pdf", "member javascript: hidden)\ntrait javascript\n" },
		{ "launch.pdf", "trait launch\ntrait auto-run\n" },
		{ "links.pdf", "uri http://one.invalid/(a)\nuri http://two.invalid/\nuri http://three.invalid/\n" },
		{ "encrypted.pdf", "trait encrypted\n" },
		{ "rc4-40.pdf", OPENED },
		{ "rc4-128.pdf", OPENED },
		{ "aes-128.pdf", OPENED },
		{ "aes-256-old.pdf", OPENED },
		{ "aes-256.pdf", OPENED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct buf told = { 0 };
		char path[128];

		snprintf(path, sizeof(path), "tests/fuzz/corpus/pdf/%s", files[i].file);
		walk_file(&told, pdf_read, path);
		assert_string_equal(buf_str(&told), files[i].told);
		buf_free(&told);
	}
}

static void
what_needs_a_password_is_not_decrypted(void **state)
{
	struct buf told = { 0 };

	(void)state;
	walk_file(&told, pdf_read, "tests/fuzz/corpus/pdf/password.pdf");
	assert_non_null(strstr(buf_str(&told), "trait encrypted\n"));
	assert_null(strstr(buf_str(&told), "alert"));
	buf_free(&told);
}

/* Told as encrypted until all is read, and then read once more. */
static void
encryption_behind_an_escaped_name_is_found(void **state)
{
	struct buf data = { 0 }, escaped = { 0 }, told = { 0 };
	size_t at;

	(void)state;
	walk_load(&data, "tests/fuzz/corpus/pdf/aes-128.pdf");
	at = span_find(buf_span(&data), SPAN_LITERAL("/Encrypt"));
	buf_add(&escaped, data.data, at);
	buf_add_str(&escaped, "/#45ncrypt");
	buf_add_span(&escaped, span_from(buf_span(&data), at + strlen("/Encrypt")));
	walk_read(&told, pdf_read, buf_span(&escaped), &generous);
	assert_non_null(strstr(buf_str(&told), OPENED));
	assert_null(strstr(buf_str(&told), "trait encrypted"));
	buf_free(&told);
	buf_free(&escaped);
	buf_free(&data);
}

static void
tells(const char *text, const char *expected)
{
	struct buf told = { 0 };

	walk_read(&told, pdf_read, span_str(text), &generous);
	assert_string_equal(buf_str(&told), expected);
	buf_free(&told);
}

static void
what_stands_between_objects_hides_none(void **state)
{
	(void)state;
	tells(HEAD "( << [ 1 0 obj<</S/JavaScript/JS(x)>>endobj", "member javascript: x\ntrait javascript\n");
	tells(HEAD "1 0 obj<</A (2 0 obj) /S/Launch>>endobj", "trait launch\n");
}

static void
an_object_that_was_replaced_is_read_both_times(void **state)
{
	(void)state;
	tells(HEAD "1 0 obj<</JS 2 0 R>>endobj 2 0 obj(old)endobj 2 0 obj(new)endobj",
	      "member javascript: old\nmember javascript: new\ntrait javascript\n");
}

static void
a_length_that_is_wrong_does_not_cut_a_stream(void **state)
{
	(void)state;
	tells(HEAD "1 0 obj<</JS 2 0 R>>endobj 2 0 obj<</Length 2>>stream\nalert(1)endstream endobj",
	      "member javascript: alert(1)\ntrait javascript\n");
}

#define URI "<</S/URI/URI(http://a.invalid/)>>"
#define FOUND "uri http://a.invalid/\n"

static void
what_stands_before_an_object_s_word_hides_it_not(void **state)
{
	struct buf text = { 0 }, told = { 0 };

	(void)state;
	tells(HEAD "1 0 % 5\nobj" URI, FOUND);
	tells(HEAD "1 % a\r 0\n% b\n% c\n obj" URI, FOUND);
	tells(HEAD "1 0 obj<</JS 2 0 R>>endobj 2 %3\n0 obj(x)endobj", "member javascript: x\ntrait javascript\n");
	buf_add_str(&text, HEAD "1 0");
	for (int i = 0; i < 1000; i++)
		buf_add_str(&text, " \n");
	buf_add_str(&text, "obj" URI);
	walk_read(&told, pdf_read, buf_span(&text), &generous);
	assert_string_equal(buf_str(&told), FOUND);
	buf_free(&told);
	buf_free(&text);
}

static void
streams_say_by_reference_what_they_are(void **state)
{
	/* The object stream "5 0 <</S/URI/URI(http://a.invalid/)>>" in hexadecimal. */
	static const char hex[] = "stream\n3520302020203c3c2f532f5552492f55524928687474703a2f2f612e696e76616c69642f293e3e>endstream endobj ";

	static const char *const dictionaries[] = {
		"1 0 obj<</Type/ObjStm/N 1/First 4/Filter/AHx>>",
		"1 0 obj<</Type/ObjStm/N 1/First 4/Filter 2 0 R>>",
		"1 0 obj<</Type/ObjStm/N 1/First 4/Filter[2 0 R]>>",
		"1 0 obj<</Type/ObjStm/N 1/First 4/Filter 3 0 R>>",
		"1 0 obj<</Type/ObjStm/N 1/First 4/Filter 3 0 R/DecodeParms[null]>>",
		"1 0 obj<</Type/ObjStm/N 1/First 7 0 R/Filter/AHx>>",
		"1 0 obj<</Type 8 0 R/N 1/First 4/Filter/AHx>>",
		"1 0 obj<</N 1/First 4/Filter/AHx>>",
		"1 0 obj<</N 1/First 4/F/AHx>>",
		"1 0 obj<</N 1/First 4/F 2 0 R>>",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(dictionaries) / sizeof(dictionaries[0]); i++) {
		struct buf text = { 0 }, told = { 0 };

		buf_add_str(&text, HEAD);
		buf_add_str(&text, dictionaries[i]);
		buf_add_str(&text, hex);
		buf_add_str(&text, "2 0 obj/ASCIIHexDecode endobj 3 0 obj[2 0 R]endobj 7 0 obj 4 endobj 8 0 obj/ObjStm endobj");
		walk_read(&told, pdf_read, buf_span(&text), &generous);
		assert_string_equal(buf_str(&told), FOUND);
		buf_free(&told);
		buf_free(&text);
	}
}

/* The newest of several counts, and one may stand in another object stream. */
static void
references_of_streams_are_found_where_they_are(void **state)
{
	(void)state;
	tells(HEAD "2 0 obj/FlateDecode endobj 1 0 obj<</First 4/Filter 2 0 R>>stream\n"
	      "352030203c3c2f532f4c61756e63683e3e>endstream 2 0 obj/AHx endobj", "trait launch\n");
	tells(HEAD "1 0 obj<</First 4/Filter 2 0 R>>stream\n352030203c3c2f532f4c61756e63683e3e>endstream endobj\n"
	      "3 0 obj<</First 4>>stream\n2 0 /AHx endstream endobj", "trait launch\n");
	tells(HEAD "1 0 obj<</First 4/Filter 2 0 R>>stream\n5 0 <</S/Launch>>endstream endobj 2 0 obj 2 0 R endobj", "trait launch\n");
	tells(HEAD "1 0 obj<</S 2 0 R>>endobj 2 0 obj/Launch endobj", "trait launch\n");
}

static void
a_length_elsewhere_goes_beyond_the_end_of_a_stream_in_it(void **state)
{
	(void)state;
	tells(HEAD "1 0 obj<</JS 2 0 R>>endobj 2 0 obj<</Length 3 0 R>>stream\na endstream\nb\nendstream endobj 3 0 obj 13 endobj",
	      "member javascript: a endstream.b\ntrait javascript\n");
}

static void
references_to_references_are_bounded(void **state)
{
	struct buf text = { 0 }, told = { 0 };

	(void)state;
	buf_add_str(&text, HEAD "2 0 obj[");
	for (int i = 0; i < 1000; i++)
		buf_add_str(&text, "2 0 R ");
	buf_add_str(&text, "]endobj");
	for (int i = 0; i < 2000; i++)
		buf_add_str(&text, "1 0 obj<</First 4/Filter 2 0 R>>stream\nendstream");
	walk_read(&told, pdf_read, buf_span(&text), &generous);
	assert_string_equal(buf_str(&told), "over limit\n");
	buf_free(&told);
	buf_free(&text);
}

static void
files_of_a_dictionary_elsewhere_are_told(void **state)
{
	(void)state;
	tells(HEAD "1 0 obj<</F(a.exe)/EF 2 0 R>>endobj 2 0 obj<</F 3 0 R>>endobj 3 0 obj<<>>stream\nMZendstream endobj",
	      "trait embedded-object\nmember a.exe: MZ\n");
	tells(HEAD "3 0 obj<</Type/EmbeddedFile>>stream\nMZendstream endobj", "trait embedded-object\nmember embedded: MZ\n");
}

static void
an_opening_without_an_action_is_no_trait(void **state)
{
	(void)state;
	tells(HEAD "1 0 obj<</OpenAction[2 0 R/Fit]/AA<<>>>>endobj", "");
}

static void
dictionaries_deeper_than_the_limit_end(void **state)
{
	struct buf text = { 0 }, told = { 0 };

	(void)state;
	buf_add_str(&text, HEAD "1 0 obj");
	for (int i = 0; i < 1000; i++)
		buf_add_str(&text, "<</A");
	buf_add_str(&text, "<</S/Launch>>");
	walk_read(&told, pdf_read, buf_span(&text), &generous);
	assert_string_equal(buf_str(&told), "trait launch\n");
	buf_free(&told);
	buf_free(&text);
}

/* Each object would be read to the end of the file. */
static void
objects_in_objects_are_bounded(void **state)
{
	struct buf text = { 0 }, told = { 0 };

	(void)state;
	buf_add_str(&text, HEAD);
	for (int i = 0; i < 20000; i++)
		buf_add_str(&text, "1 0 obj<</A(");
	walk_read(&told, pdf_read, buf_span(&text), &generous);
	assert_string_equal(buf_str(&told), "over limit\n");
	buf_free(&told);
	buf_free(&text);
}

/* --- Tokens and filters --- */

static void
strings_are_read_with_their_escapes(void **state)
{
	static const struct {
		const char *written;
		struct span meant;
	} strings[] = {
		{ "(a(b)c)", { "a(b)c", 5 } },
		{ "(\\101\\7\\053x)", { "A\7+x", 4 } },
		{ "(a\\\r\nb\\n\\q)", { "ab\nq", 4 } },
		{ "<41 4>", { "A@", 2 } },
		{ "(\\377\\376a\\000)", { "a", 1 } },
		{ "<FEFF00e4>", { "\xc3\xa4", 2 } },
	};
	struct arena *a = arena_new(0);

	(void)state;
	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		struct span in = span_str(strings[i].written);
		struct pdf_token t;
		struct span text;

		assert_true(pdf_next(&in, &t));
		text = pdf_text(a, pdf_string(a, &t));
		assert_int_equal(text.len, strings[i].meant.len);
		assert_memory_equal(text.data, strings[i].meant.data, text.len);
		assert_int_equal(in.len, 0);
	}
	arena_free(&a);
}

static void
filters_follow_one_another(void **state)
{
	static const char packed[] = "789c4b4cca482d4a0500084e0268>";
	struct arena *a = arena_new(0);
	struct archive_budget budget = { .limits = generous };
	struct document d = { .arena = a, .budget = &budget };
	bool decoded;
	struct span content;

	(void)state;
	content = pdf_stream(&d, SPAN_LITERAL("<</Filter[/AHx/Fl]/DecodeParms[null null]>>"), span_of(packed, sizeof(packed) - 1),
	    &decoded);
	assert_true(decoded);
	assert_int_equal(d.result, ARCHIVE_READ);
	assert_true(span_is(content, "abhere"));
	content = pdf_stream(&d, SPAN_LITERAL("<</Filter/DCTDecode>>"), SPAN_LITERAL("\xff\xd8"), &decoded);
	assert_false(decoded);
	assert_true(span_is(content, "\xff\xd8"));
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_tell_what_they_hold),
		cmocka_unit_test(what_needs_a_password_is_not_decrypted),
		cmocka_unit_test(encryption_behind_an_escaped_name_is_found),
		cmocka_unit_test(what_stands_between_objects_hides_none),
		cmocka_unit_test(an_object_that_was_replaced_is_read_both_times),
		cmocka_unit_test(a_length_that_is_wrong_does_not_cut_a_stream),
		cmocka_unit_test(what_stands_before_an_object_s_word_hides_it_not),
		cmocka_unit_test(streams_say_by_reference_what_they_are),
		cmocka_unit_test(references_of_streams_are_found_where_they_are),
		cmocka_unit_test(a_length_elsewhere_goes_beyond_the_end_of_a_stream_in_it),
		cmocka_unit_test(references_to_references_are_bounded),
		cmocka_unit_test(files_of_a_dictionary_elsewhere_are_told),
		cmocka_unit_test(an_opening_without_an_action_is_no_trait),
		cmocka_unit_test(dictionaries_deeper_than_the_limit_end),
		cmocka_unit_test(objects_in_objects_are_bounded),
		cmocka_unit_test(strings_are_read_with_their_escapes),
		cmocka_unit_test(filters_follow_one_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
