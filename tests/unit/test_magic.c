/* Kinds of content: one sample of each, and what must not be taken for another. */
#include "config.h"

#include "engine/magic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define ASSERT_MAGIC(bytes, name) assert_string_equal(magic_of(SPAN_LITERAL(bytes)), (name))

static void
test_by_first_bytes(void **state)
{
	(void)state;
	ASSERT_MAGIC("", "empty");
	ASSERT_MAGIC("\x7f" "ELF\x02\x01", "elf");
	ASSERT_MAGIC("\xcf\xfa\xed\xfe\x07", "macho");
	ASSERT_MAGIC("\xca\xfe\xba\xbe\0\0\0\x02", "macho");
	ASSERT_MAGIC("\xca\xfe\xba\xbe\0\0\0\x34", "class");
	ASSERT_MAGIC("PK\x03\x04rest", "zip");
	ASSERT_MAGIC("\x1f\x8b\x08", "gzip");
	ASSERT_MAGIC("BZh91AY", "bzip2");
	ASSERT_MAGIC("\xfd" "7zXZ\0\0", "xz");
	ASSERT_MAGIC("\x28\xb5\x2f\xfd\0", "zstd");
	ASSERT_MAGIC("7z\xbc\xaf\x27\x1c\0", "7z");
	ASSERT_MAGIC("Rar!\x1a\x07\x01\0", "rar");
	ASSERT_MAGIC("MSCF\0\0\0\0rest", "cab");
	ASSERT_MAGIC("%PDF-1.7\n", "pdf");
	ASSERT_MAGIC("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole2");
	ASSERT_MAGIC("{\\rtf1", "rtf");
	ASSERT_MAGIC("\x89PNG\r\n\x1a\n", "png");
	ASSERT_MAGIC("\xff\xd8\xff\xe0", "jpeg");
	ASSERT_MAGIC("GIF89a", "gif");
	ASSERT_MAGIC("RIFF\x10\0\0\0WEBPVP8 ", "webp");
	ASSERT_MAGIC("\x78\x9f\x3e\x22\x01", "tnef");
	ASSERT_MAGIC("L\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46rest", "shortcut");
	ASSERT_MAGIC("\x01\x02\x03", "data");
}

static void
test_deep_inside(void **state)
{
	char *data = calloc(1, 0x8100);

	(void)state;
	memcpy(data + 257, "ustar", 5);
	assert_string_equal(magic_of(span_of(data, 261)), "data");
	assert_string_equal(magic_of(span_of(data, 262)), "tar");
	memset(data, 0, 512);
	memcpy(data + 0x8001, "CD001", 5);
	assert_string_equal(magic_of(span_of(data, 0x8100)), "iso");
	free(data);
}

static void
test_programs(void **state)
{
	char data[256] = "MZ";

	(void)state;
	assert_string_equal(magic_of(span_of(data, 64)), "pe");
	data[2] = data[3] = 'a'; /* no DOS program has such a last page */
	assert_string_equal(magic_of(span_of(data, 64)), "data");
	data[0x3c] = 64;
	memcpy(data + 64, "PE\0\0", 4);
	assert_string_equal(magic_of(span_of(data, sizeof(data))), "pe");
	assert_string_equal(magic_of(span_of(data, 67)), "data");
	memset(data + 0x3c, 0xff, 4);
	assert_string_equal(magic_of(span_of(data, sizeof(data))), "data");
	ASSERT_MAGIC("MZ is how the initials of Mark Zbikowski are written, and this is only text.", "text");
}

static void
test_text(void **state)
{
	(void)state;
	ASSERT_MAGIC("Hello,\r\n\tthis is text.\n", "text");
	ASSERT_MAGIC("\xef\xbb\xbfr\xc3\xa4tsel", "text");
	ASSERT_MAGIC("r\xe4tsel", "text");
	ASSERT_MAGIC("te\0xt", "data");
	ASSERT_MAGIC(" \r\n<!DOCTYPE HTML><p>", "html");
	ASSERT_MAGIC("<!-- saved --><HTML>", "html");
	ASSERT_MAGIC("\xef\xbb\xbf<html>", "html");
	ASSERT_MAGIC("<?xml version='1.0'?><a/>", "xml");
	ASSERT_MAGIC("<?xml version='1.0'?><html xmlns='x'>", "html");
	ASSERT_MAGIC("#!/bin/sh\n", "script");
	ASSERT_MAGIC("@ECHO OFF\r\n", "script");
	ASSERT_MAGIC("Set s = CreateObject(\"WScript.Shell\")\r\n", "script");
	ASSERT_MAGIC("var s = new ActiveXObject('x');", "script");
	ASSERT_MAGIC("[InternetShortcut]\r\nURL=http://example.org/\r\n", "shortcut");
	ASSERT_MAGIC("\r\n[internetshortcut]\r\n", "shortcut");
}

static void
test_zip_found_by_its_end(void **state)
{
	static const char zip[] = "some text first PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\x10\0\0\0\x03\0abc";

	(void)state;
	assert_string_equal(magic_of(span_of(zip, sizeof(zip) - 1)), "zip");
	assert_string_equal(magic_of(span_of(zip, sizeof(zip) - 2)), "data"); /* its comment is cut */
	assert_string_equal(magic_of(span_of(zip, 30)), "data");
	ASSERT_MAGIC("PPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPK", "text");
}

/* Every name that can be returned is one that rules may name, at any length. */
static void
test_names(void **state)
{
	static const char sample[] = "MZPK\x05\x06{\\rtf<html#!GIF89a%PDF-\xff\xd8\xff";

	(void)state;
	for (size_t from = 0; from < sizeof(sample); from++)
		for (size_t len = 0; from + len <= sizeof(sample); len++) {
			const char *name = magic_of(span_of(sample + from, len));
			size_t i = 0;

			while (magic_names[i] != NULL && strcmp(magic_names[i], name) != 0)
				i++;
			assert_non_null(magic_names[i]);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_first_bytes),
		cmocka_unit_test(test_deep_inside),
		cmocka_unit_test(test_programs),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_zip_found_by_its_end),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
