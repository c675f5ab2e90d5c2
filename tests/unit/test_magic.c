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
	ASSERT_MAGIC("%PDF 1.7\n", "pdf");
	ASSERT_MAGIC("1 0 obj<<>>endobj\nstartxref\n17\n%%EOF\n", "pdf");
	ASSERT_MAGIC("startxref is a word of PDF, as 100%PDF is none", "text");
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

static void
test_more_kinds(void **state)
{
	(void)state;
	ASSERT_MAGIC("dex\n035\0", "dex");
	ASSERT_MAGIC("\x5d\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff\0", "lzma");
	ASSERT_MAGIC("LZIP\x01\x0c", "lzip");
	ASSERT_MAGIC("\x04\x22\x4d\x18@@", "lz4");
	ASSERT_MAGIC("\x1f\x9d\x90", "compress");
	ASSERT_MAGIC("1234567**ACE**", "ace");
	ASSERT_MAGIC("!<arch>\n", "ar");
	ASSERT_MAGIC("070701", "cpio");
	ASSERT_MAGIC("xar!", "xar");
	ASSERT_MAGIC("vhdxfile", "vhdx");
	ASSERT_MAGIC("MSWIM\0\0\0\xd0", "wim");
	ASSERT_MAGIC("ALZ\1\x0a", "alz");
	ASSERT_MAGIC("EGGA\0\1", "egg");
	ASSERT_MAGIC("\x51\x2a\x4d\x18\1\0\0\0x\x5f\x2a\x4d\x18\0\0\0\0\x28\xb5\x2f\xfd", "zstd");
	ASSERT_MAGIC("\x50\x2a\x4d\x18\0\0\0\0\x04\x22\x4d\x18", "lz4");
	ASSERT_MAGIC("\x50\x2a\x4d\x18\xff\xff\xff\xff\x04\x22\x4d\x18", "data");
	ASSERT_MAGIC("ITSF\3", "chm");
	ASSERT_MAGIC("ID;PWXL;N", "sylk");
	ASSERT_MAGIC("\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3", "onenote");
	ASSERT_MAGIC("CWS\x0a\x10\x10\0\0x", "swf");
	ASSERT_MAGIC("CWS is what some write", "text");
	ASSERT_MAGIC("\0\0\0\x18" "ftypmp42", "media");
	ASSERT_MAGIC("0\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x80", "pkcs7");
	ASSERT_MAGIC("-----BEGIN PGP MESSAGE-----\n", "pgp");
	ASSERT_MAGIC("REGEDIT4\r\n", "registry");
	ASSERT_MAGIC("[Desktop Entry]\nExec=x", "shortcut");
	ASSERT_MAGIC("#@~^AAAAAA==", "script");
	ASSERT_MAGIC("<html><hta:application id=x>", "script");
	ASSERT_MAGIC("\xff\xfe" "S\0e\0t\0 \0x\0=\0C\0r\0e\0a\0t\0e\0O\0b\0j\0e\0c\0t\0(\0", "script");
	ASSERT_MAGIC("\xfe\xff\0h\0i", "text");
}

/* The recognition sequence is missing. */
static void
test_udf_by_its_anchor(void **state)
{
	static char image[257 * 2048];
	char *tag = image + (size_t)256 * 2048;

	(void)state;
	assert_string_equal(magic_of(span_of(image, sizeof(image))), "data");
	memcpy(tag, "\2\0\2\0\x1c\0\1\0\x12\x34\xf0\1\0\1\0\0", 16);
	for (int sum = 0; sum < 256; sum++) {
		tag[4] = (char)sum;
		assert_string_equal(magic_of(span_of(image, sizeof(image))), sum == 0x3d ? "udf" : "data");
	}
	tag[4] = 0x3d;
	assert_string_equal(magic_of(span_of(image, (size_t)256 * 2048 + 15)), "data");
}

static void
test_messages(void **state)
{
	(void)state;
	ASSERT_MAGIC("From: a@b\r\nSubject: x\r\n y\r\n\r\nbody", "mail");
	ASSERT_MAGIC("From a@b Mon Jan  1\nReceived: x\nX-Any: y\nTo: z\n\nbody", "mail");
	ASSERT_MAGIC("MIME-Version: 1.0\nContent-Type: text/html\n\n<html>", "mail");
	ASSERT_MAGIC("Subject: only one\n\nbody", "text");
	ASSERT_MAGIC("From: a\nTo: b\nand then no field\n", "text");
	ASSERT_MAGIC("Dear all,\nFrom: a\nTo: b\n\n", "text");
}

static void
test_tar_without_mark(void **state)
{
	char block[512] = "name";

	(void)state;
	memcpy(block + 148, "001045\0 ", 8);
	memset(block + 300, '1', 2);
	assert_string_equal(magic_of(span_of(block, 512)), "data");
	memset(block + 300, 0, 2);
	/* 'n' + 'a' + 'm' + 'e' + 8 blanks = 673 = 01241 */
	memcpy(block + 148, "001241\0 ", 8);
	assert_string_equal(magic_of(span_of(block, 512)), "tar");
}

static void
check_all(struct span data, const char *expected)
{
	struct magic_kind kinds[MAGIC_ALL_MAX];
	size_t count = magic_all(data, kinds);
	char told[256] = "";

	assert_in_range(count, 1, MAGIC_ALL_MAX);
	assert_string_equal(kinds[0].name, magic_of(data));
	for (size_t i = 0; i < count; i++) {
		assert_true(kinds[i].offset <= data.len);
		strcat(strcat(told, kinds[i].name), " ");
	}
	assert_string_equal(told, expected);
}
#define CHECK_ALL(bytes, expected) check_all(SPAN_LITERAL(bytes), (expected))

/* T65 */
static void
test_all_kinds(void **state)
{
	(void)state;
	CHECK_ALL("", "empty ");
	CHECK_ALL("plain", "text ");
	CHECK_ALL("GIF89a/*<script>alert(1)</script>", "gif html ");
	CHECK_ALL("GIF89a %PDF-1.7", "gif pdf ");
	CHECK_ALL("<html> %PDF-1.7", "pdf html ");
	CHECK_ALL("\xff\xd8\xff\xe0 PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "jpeg zip ");
	CHECK_ALL("#!/bin/sh\nexit\nPK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "zip script ");
}

/* T66 */
static void
test_lies(void **state)
{
	static const struct {
		const char *magic, *type, *extension;
		bool lies;
	} claims[] = {
		{ "pe", "image/png", ".png", true },
		{ "pe", "image/png", "", true },
		{ "pe", "application/octet-stream", ".txt", true },
		{ "pe", NULL, ".pdf", true },
		{ "zip", "application/pdf", ".pdf", true },
		{ "rar", "application/zip", ".zip", true },
		{ "html", "image/jpeg", ".jpg", true },
		{ "pe", "application/octet-stream", ".exe", false },
		{ "pe", "application/octet-stream", "", false },
		{ "pe", NULL, "", false },
		{ "jpeg", "image/png", ".PNG", false },
		{ "zip", "application/msword", ".doc", false },
		{ "ole2", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".docx", false },
		{ "html", "application/vnd.ms-excel", ".xls", false },
		{ "zip", "text/plain", ".zip", false },
		{ "script", "text/plain", ".txt", false },
		{ "data", "image/png", ".png", false },
		{ "text", "application/pdf", ".pdf", false },
		{ "xml", "image/svg+xml", ".svg", false },
		{ "tar", "application/x-gzip", ".gz", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++)
		if (magic_contradicts(claims[i].magic, claims[i].type, span_str(claims[i].extension)) != claims[i].lies)
			fail_msg("%s as %s, %s", claims[i].magic, claims[i].type, claims[i].extension);
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
		cmocka_unit_test(test_more_kinds),
		cmocka_unit_test(test_udf_by_its_anchor),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_tar_without_mark),
		cmocka_unit_test(test_all_kinds),
		cmocka_unit_test(test_lies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
