/* T64: what is signed is opened, what is encrypted is said to be so. */
#include "config.h"

#include "engine/cms.h"
#include "tests/lib/container_walk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static const struct archive_limits generous = { .entries = 1000, .depth = 5, .output = 1 << 24, .ratio = 1000 };

#define ENTITY "message message.eml: Content-Type: text/plain....what was sig\n"
#define PROGRAM "member a.exe: MZ......................................\n"

static void
tells(container_reader reader, struct span data, const char *expected)
{
	struct buf told = { 0 };

	walk_read(&told, reader, data, &generous);
	assert_string_equal(buf_str(&told), expected);
	buf_free(&told);
}

static void
file_tells(container_reader reader, const char *folder, const char *file, const char *expected)
{
	struct buf data = { 0 };
	char path[128];

	snprintf(path, sizeof(path), "tests/fuzz/corpus/%s/%s", folder, file);
	walk_load(&data, path);
	tells(reader, buf_span(&data), expected);
	buf_free(&data);
}

static void
smime_is_opened(void **state)
{
	(void)state;
	file_tells(cms_read, "cms", "signed.der", "trait signed\n" ENTITY);
	file_tells(cms_read, "cms", "signed.ber", "trait signed\n" ENTITY);
	file_tells(cms_read, "cms", "compressed.der", ENTITY);
	file_tells(cms_read, "cms", "encrypted.der", "trait encrypted\n");
	file_tells(cms_read, "cms", "detached.der", "");
}

/* The certificates after the content may be anything. */
static void
what_follows_the_content_does_not_keep_it(void **state)
{
	struct buf data = { 0 };

	(void)state;
	walk_load(&data, "tests/fuzz/corpus/cms/signed.der");
	memset(data.data + data.start + 150, 0xff, data.len - 150);
	tells(cms_read, buf_span(&data), "trait signed\n" ENTITY);
	buf_free(&data);
}

static void
pieces_of_pieces_are_joined(void **state)
{
	/* An indefinite string of "ab", then a definite one of "c" in another. */
	static const char data[] = "\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01\xa0\x80\x24\x80\x04\x02" "ab"
	    "\x24\x80\x24\x03\x04\x01" "c" "\x00\x00\x00\x00\x00\x00\x00\x00";

	(void)state;
	tells(cms_read, span_of(data, sizeof(data) - 1), "message message.eml: abc\n");
	tells(cms_read, span_of(data, 22), "message message.eml: ab\ndamaged\n");
}

static void
base64_of_cms_is_known_in_text(void **state)
{
	static const char *const texts[] = {
		"-----BEGIN PKCS7-----\nMIAGCSqGSIb3DQEHAaCAJIAEAmFiAAAAAAAA\n-----END PKCS7-----\n",
		"\r\nMIAGCSqGSIb3DQEHAaCA\r\nJIAEAmFiAAAAAAAA\r\n",
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct buf told = { 0 };

		walk_read(&told, text_read, span_str(texts[i]), &generous);
		assert_true(span_starts(buf_span(&told), "member smime.p7m: 0\x80..*"));
		buf_free(&told);
	}
}

static void
openpgp_is_opened_as_far_as_it_goes(void **state)
{
	(void)state;
	file_tells(pgp_read, "pgp", "literal.pgp", PROGRAM);
	file_tells(data_read, "pgp", "literal.pgp", PROGRAM);
	file_tells(pgp_read, "pgp", "pieces.pgp", PROGRAM);
	file_tells(data_read, "pgp", "encrypted.pgp", "trait encrypted\ntrait encrypted\n");
	file_tells(text_read, "pgp", "clear.asc", "trait signed\n");
}

static void
what_is_packed_and_armored_is_reached(void **state)
{
	struct buf told = { 0 };

	(void)state;
	walk_file(&told, text_read, "tests/fuzz/corpus/pgp/armored.asc");
	assert_true(span_ends_nocase(buf_span(&told), PROGRAM));
	buf_free(&told);
}

static void
other_octets_and_texts_are_none(void **state)
{
	(void)state;
	tells(data_read, SPAN_LITERAL("\x85\x01\x0c\x07 not a version that there is"), "none\n");
	tells(data_read, SPAN_LITERAL("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), "none\n");
	tells(data_read, SPAN_NONE, "none\n");
	tells(text_read, SPAN_LITERAL("MIND the gap between what is said and what is meant, always."), "none\n");
	tells(cms_read, SPAN_LITERAL("0\x82"), "none\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(smime_is_opened),
		cmocka_unit_test(what_follows_the_content_does_not_keep_it),
		cmocka_unit_test(pieces_of_pieces_are_joined),
		cmocka_unit_test(base64_of_cms_is_known_in_text),
		cmocka_unit_test(openpgp_is_opened_as_far_as_it_goes),
		cmocka_unit_test(what_is_packed_and_armored_is_reached),
		cmocka_unit_test(other_octets_and_texts_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
