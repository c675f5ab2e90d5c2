/* Zip archives that programs unpack in two ways: all that any of them finds is
 * told, and the archive is inconsistent. Honest ones, in all their forms, are not. */
#include "config.h"

#include "../lib/archive_maker.h"

#include "engine/magic.h"

#include <archive.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define INCONSISTENT (UINT32_C(1) << TRAIT_INCONSISTENT)
#define S(text) SPAN_LITERAL(text)

/* "payload" deflated, without a header. */
static const struct span deflated = { "\x2b\x48\xac\xcc\xc9\x4f\x4c\x01\x00", 9 };

/* Reads and frees; NULL text is not compared. */
static void
check(struct buf *zip, uint32_t traits, enum archive_result result, const char *text)
{
	struct told t = { .depth = 0 };

	tell_content(&t, buf_span(zip), NULL);
	if (text != NULL)
		assert_string_equal(buf_str(&t.text), text);
	assert_int_equal(t.traits, traits);
	assert_int_equal(t.result, result);
	assert_int_equal(t.budget.depth, 0);
	told_free(&t);
	buf_free(zip);
}

static void
check_entries(const struct raw_entry *entries, size_t count, uint32_t traits, const char *text)
{
	struct buf zip = { .limit = 0 };

	make_raw_zip(&zip, entries, count, "");
	check(&zip, traits, ARCHIVE_READ, text);
}
#define CHECK_ENTRIES(entries, traits, text) check_entries((entries), sizeof(entries) / sizeof((entries)[0]), (traits), (text))

/* --- Honest --- */

static void
test_honest_forms(void **state)
{
	const struct raw_entry plain[] = { { .name = "a", .content = S("one") }, { .name = "folder/" },
		{ .name = "folder/b", .content = deflated, .method = 8, .more_size = (uint32_t)-2 } };
	const struct raw_entry described[] = { { .name = "a", .content = S("one"), .descriptor = true },
		{ .name = "b", .content = S("two"), .descriptor = true } };
	struct buf zip = { .limit = 0 };

	(void)state;
	CHECK_ENTRIES(described, 0, "a 3 one\nb 3 two\n");
	make_raw_zip(&zip, plain, 2, "a comment");
	check(&zip, 0, ARCHIVE_READ, "a 3 one\nfolder/ 0 directory\n");
	/* behind something else, with offsets that count from there or not */
	buf_add_str(&zip, "something in front ");
	make_raw_zip(&zip, plain, 2, "");
	check(&zip, 0, ARCHIVE_READ, "a 3 one\nfolder/ 0 directory\n");
	/* with something after the end */
	make_raw_zip(&zip, plain, 2, "");
	buf_add_str(&zip, "\r\n");
	check(&zip, 0, ARCHIVE_READ, "a 3 one\nfolder/ 0 directory\n");
	/* the zip that holds nothing */
	make_raw_zip(&zip, plain, 0, "");
	check(&zip, 0, ARCHIVE_READ, "");
}

/* A zip that stands in a zip as it is: stored, or because it would not deflate. */
static void
test_honest_nested(void **state)
{
	const struct raw_entry inner[] = { { .name = "in", .content = S("x") }, { .name = "too", .content = S("y") } };
	struct raw_entry outer[2] = { { .name = "in.zip" }, { .name = "last", .content = S("z") } };
	struct buf zip = { .limit = 0 }, block = { .limit = 0 };

	(void)state;
	make_raw_zip(&zip, inner, 2, "");
	outer[0].content = buf_span(&zip);
	CHECK_ENTRIES(outer, 0, NULL);
	buf_add_byte(&block, 1); /* the last block, stored: RFC 1951 3.2.4 */
	put_number(&block, zip.len, 2);
	put_number(&block, ~zip.len, 2);
	buf_add_span(&block, buf_span(&zip));
	outer[0].content = buf_span(&block);
	outer[0].method = 8;
	CHECK_ENTRIES(outer, 0, NULL);
	outer[0].descriptor = true;
	CHECK_ENTRIES(outer, 0, NULL);
	buf_free(&zip);
	buf_free(&block);
}

/* --- T67 --- */

static void
test_local_against_directory(void **state)
{
	const struct raw_entry name[] = { { .name = "evil.exe", .directory_name = "good.txt", .content = S("MZ") } };
	const struct raw_entry method[] = { { .name = "a", .content = deflated, .method = 8, .directory_method = 99 },
		{ .name = "b", .content = S("b") } };
	const struct raw_entry size[] = { { .name = "a", .content = S("content"), .more_size = 5 } };
	const struct raw_entry packed[] = { { .name = "a", .content = S("content"), .more_packed = 5 } };
	const struct raw_entry crc[] = { { .name = "a", .content = S("content"), .more_crc = 1 } };
	struct buf zip = { .limit = 0 };

	(void)state;
	CHECK_ENTRIES(name, INCONSISTENT, "good.txt 2 MZ\nevil.exe 2 MZ\n");
	CHECK_ENTRIES(size, INCONSISTENT, NULL);
	CHECK_ENTRIES(packed, INCONSISTENT, NULL);
	CHECK_ENTRIES(crc, INCONSISTENT, NULL);
	make_raw_zip(&zip, method, 2, "");
	check(&zip, INCONSISTENT, ARCHIVE_DAMAGED, "a 9\na 9 payload\nb 1 b\n");
}

/* Stored for one program, deflated for another: both contents are told. */
static void
test_two_methods(void **state)
{
	struct raw_entry entries[] = { { .name = "a", .content = deflated, .method = 8, .directory_method = 0 } };
	struct buf zip = { .limit = 0 };
	size_t central;

	(void)state;
	make_raw_zip(&zip, entries, 1, "");
	central = zip.len - 22 - 46 - 1;
	zip.data[central + 10] = 0;
	check(&zip, INCONSISTENT, ARCHIVE_READ, "a 9 \x2b\x48\xac\xcc\xc9\x4f\x4c\x01");
}

/* T73 and T67: a password that only one description wants. */
static void
test_encrypted(void **state)
{
	const struct raw_entry first[] = { { .name = "secret", .content = S("twelve bytes and more"), .flags = 1 },
		{ .name = "open", .content = S("open") } };
	const struct raw_entry one_view[] = { { .name = "a", .content = S("open"), .directory_flags = 1 } };

	(void)state;
	CHECK_ENTRIES(first, 0, "secret 21 encrypted\nopen 4 open\n");
	CHECK_ENTRIES(one_view, INCONSISTENT, "a 4 encrypted\na 4 open\n");
}

/* --- T68, T69 --- */

static void
test_unicode_path(void **state)
{
	const struct raw_entry other[] = { { .name = "good.txt", .content = S("MZ"),
		.extra = S("\x75\x70\x0d\0\x01....evil.exe") } };
	const struct raw_entry honest[] = { { .name = "gr\x81n.txt", .content = S("x"),
		.extra = S("\x75\x70\x0e\0\x01....gr\xc3\xbcn.txt") } };

	(void)state;
	CHECK_ENTRIES(other, INCONSISTENT, "good.txt 2 MZ\nevil.exe 2 MZ\n");
	CHECK_ENTRIES(honest, 0, "gr\x81n.txt 1 x\ngr\xc3\xbcn.txt 1 x\n");
}

static void
test_names_that_meet(void **state)
{
	static const char *const pairs[][2] = { { "a", "a" }, { "other", "name" }, { "Read.me", "READ.ME" }, { "a/b", "a//b" }, { "a/b", "a\\b" },
		{ "a.exe", "a.exe." }, { "a/b", "/A/B" } };

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		const struct raw_entry entries[] = { { .name = pairs[i][0], .content = S("1") },
			{ .name = pairs[i][1], .content = S("2") } };

		CHECK_ENTRIES(entries, i == 1 ? 0 : INCONSISTENT, NULL);
	}
}

/* --- T70 --- */

static void
test_unlisted(void **state)
{
	const struct raw_entry hidden[] = { { .name = "shown", .content = S("text") },
		{ .name = "hidden.exe", .content = S("MZ"), .unlisted = true }, { .name = "last", .content = S("z") } };

	(void)state;
	CHECK_ENTRIES(hidden, INCONSISTENT, "shown 4 text\nlast 1 z\nhidden.exe 2 MZ\n");
}

/* What a deflated content leaves over is not content for who reads in sequence. */
static void
test_descriptor_desync(void **state)
{
	const struct raw_entry inner[] = { { .name = "hidden.exe", .content = S("MZ") } };
	struct raw_entry outer[] = { { .name = "a", .method = 8 } };
	struct buf zip = { .limit = 0 }, content = { .limit = 0 };

	(void)state;
	make_raw_zip(&zip, inner, 1, "");
	buf_add_span(&content, deflated);
	buf_add_span(&content, buf_span(&zip));
	outer[0].content = buf_span(&content);
	CHECK_ENTRIES(outer, INCONSISTENT, "a 129 payload\nhidden.exe 2 MZ\n");
	outer[0].descriptor = true;
	CHECK_ENTRIES(outer, INCONSISTENT, NULL);
	buf_free(&zip);
	buf_free(&content);
}

static void
test_records_in_comments(void **state)
{
	const struct raw_entry shown[] = { { .name = "shown", .content = S("text") } };
	const struct raw_entry hidden[] = { { .name = "hidden.exe", .content = S("MZ") } };
	struct buf inner = { .limit = 0 }, zip = { .limit = 0 };

	(void)state;
	/* a whole archive as the comment of another: NULs and all */
	make_raw_zip(&inner, hidden, 1, "");
	make_raw_zip(&zip, shown, 1, "");
	zip.data[zip.len - 2] = (char)inner.len;
	buf_add_span(&zip, buf_span(&inner));
	check(&zip, INCONSISTENT, ARCHIVE_READ, "hidden.exe 2 MZ\nshown 4 text\n");
	buf_free(&inner);
}

/* --- T71, T72 --- */

static void
test_several_ends(void **state)
{
	const struct raw_entry one[] = { { .name = "one", .content = S("1") } };
	const struct raw_entry two[] = { { .name = "two", .content = S("2") } };
	struct buf zip = { .limit = 0 };

	(void)state;
	make_raw_zip(&zip, one, 1, "");
	make_raw_zip(&zip, two, 1, "");
	check(&zip, INCONSISTENT, ARCHIVE_READ, "two 1 2\none 1 1\n");
	make_raw_zip(&zip, one, 1, "");
	make_raw_zip(&zip, NULL, 0, "");
	check(&zip, INCONSISTENT, ARCHIVE_READ, "one 1 1\n");
}

static void
test_counts_and_offsets(void **state)
{
	const struct raw_entry entries[] = { { .name = "one", .content = S("1") }, { .name = "two", .content = S("2") } };
	const struct raw_entry other[] = { { .name = "six", .content = S("6") } };
	struct buf zip = { .limit = 0 };

	(void)state;
	for (size_t field = 8; field <= 10; field += 2) {
		make_raw_zip(&zip, entries, 2, "");
		zip.data[zip.len - 22 + field] = 1;
		check(&zip, INCONSISTENT, ARCHIVE_READ, "one 1 1\ntwo 1 2\n");
	}
	/* more than there are */
	make_raw_zip(&zip, entries, 2, "");
	zip.data[zip.len - 22 + 8] = zip.data[zip.len - 22 + 10] = 3;
	check(&zip, INCONSISTENT, ARCHIVE_DAMAGED, "one 1 1\ntwo 1 2\n");
	/* the size leads to one directory, the offset to another */
	make_raw_zip(&zip, other, 1, "");
	zip.len -= 22;
	make_raw_zip(&zip, other, 1, "");
	zip.data[zip.len - 22 + 16] = 30 + 3 + 1;
	check(&zip, INCONSISTENT, ARCHIVE_READ, NULL);
	/* a header that is not there */
	make_raw_zip(&zip, entries, 1, "");
	zip.data[zip.len - 22 - 49 + 42] = 5;
	check(&zip, INCONSISTENT, ARCHIVE_DAMAGED, "one 1\none 1 1\n");
}

/* ZIP64's records before the end record of the last archive in zip. */
static void
insert_zip64(struct buf *zip, uint64_t entries, uint64_t size, uint64_t offset)
{
	char end[22];
	uint64_t at = zip->len - 22;

	memcpy(end, zip->data + at, 22);
	zip->len -= 22;
	buf_add_str(zip, "PK\x06\x06");
	put_number(zip, 44, 8);
	put_number(zip, 45, 2 + 2);
	put_number(zip, 0, 4 + 4);
	put_number(zip, entries, 8);
	put_number(zip, entries, 8);
	put_number(zip, size, 8);
	put_number(zip, offset, 8);
	buf_add_str(zip, "PK\x06\x07");
	put_number(zip, 0, 4);
	put_number(zip, at, 8);
	put_number(zip, 1, 4);
	buf_add(zip, end, 22);
}

static void
test_zip64(void **state)
{
	const struct raw_entry entries[] = { { .name = "one", .content = S("1") } };
	struct buf zip = { .limit = 0 };

	(void)state;
	make_raw_zip(&zip, entries, 1, "");
	insert_zip64(&zip, 1, 49, 34);
	check(&zip, 0, ARCHIVE_READ, "one 1 1\n");
	make_raw_zip(&zip, entries, 1, "");
	insert_zip64(&zip, 1, 49, 34);
	memset(zip.data + zip.len - 22 + 8, 0xff, 12);
	check(&zip, 0, ARCHIVE_READ, "one 1 1\n");
	/* T72: it says something else */
	make_raw_zip(&zip, entries, 1, "");
	insert_zip64(&zip, 2, 49, 34);
	check(&zip, INCONSISTENT, ARCHIVE_DAMAGED, NULL);
	make_raw_zip(&zip, entries, 1, "");
	insert_zip64(&zip, 0, 0, 0);
	check(&zip, INCONSISTENT, ARCHIVE_READ, "one 1 1\n");
}

/* T72: sizes of 0 in an extra field, where something is. */
static void
test_zip64_no_size(void **state)
{
	static const struct span sizes = { "\1\0\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20 };
	const struct raw_entry packed[] = { { .name = "a", .content = deflated, .method = 8, .extra = sizes },
		{ .name = "b", .content = S("1") } };
	const struct raw_entry empty[] = { { .name = "a", .extra = sizes }, { .name = "b", .content = S("1") } };
	struct buf zip = { .limit = 0 };

	(void)state;
	make_raw_zip(&zip, packed, 2, "");
	memset(zip.data + 18, 0xff, 8);
	memset(zip.data + zip.len - 22 - 47 - 67 + 20, 0xff, 8);
	check(&zip, INCONSISTENT, ARCHIVE_READ, "a 0\na 0 payload\nb 1 1\n");
	make_raw_zip(&zip, empty, 2, "");
	memset(zip.data + 18, 0xff, 8);
	memset(zip.data + zip.len - 22 - 47 - 67 + 20, 0xff, 8);
	check(&zip, 0, ARCHIVE_READ, "a 0\nb 1 1\n");
}

/* --- Overlap, bombs --- */

static void
test_overlap(void **state)
{
	const struct raw_entry entries[] = { { .name = "one", .content = S("content") },
		{ .name = "two", .content = S("content") } };
	struct buf zip = { .limit = 0 };

	(void)state;
	make_raw_zip(&zip, entries, 2, "");
	zip.data[zip.len - 22 - 49 + 42] = 0; /* both entries share the first header */
	check(&zip, INCONSISTENT, ARCHIVE_READ, NULL);
}

/* T76: one content that many entries share. It costs what it unpacks to. */
static void
test_overlapping_bomb(void **state)
{
	enum { ENTRIES = 900, SIZE = 1 << 20 };
	struct buf zip = { .limit = 0 }, big = { .limit = 0 };
	struct raw_entry entry = { .name = "a" };
	struct told t = { .quiet = true };
	size_t start;

	(void)state;
	for (int i = 0; i < SIZE / 16; i++)
		buf_add_str(&big, "0123456789abcdef");
	entry.content = buf_span(&big);
	make_raw_zip(&zip, &entry, 1, "");
	start = zip.len - 22 - 47;
	zip.len -= 22;
	for (int i = 1; i < ENTRIES; i++) {
		char central[47];

		memcpy(central, zip.data + start, sizeof(central));
		buf_add(&zip, central, sizeof(central));
	}
	buf_add_str(&zip, "PK\x05\x06");
	put_number(&zip, 0, 4);
	put_number(&zip, ENTRIES, 2);
	put_number(&zip, ENTRIES, 2);
	put_number(&zip, 47 * ENTRIES, 4);
	put_number(&zip, start, 4);
	put_number(&zip, 0, 2);
	tell_content(&t, buf_span(&zip), NULL);
	assert_int_equal(t.result, ARCHIVE_OVER_LIMIT);
	assert_true((t.traits & INCONSISTENT) != 0);
	assert_in_range(t.members, 1, generous_limits.output / SIZE + 1);
	assert_in_range(t.budget.output, 1, generous_limits.output + SIZE);
	told_free(&t);
	buf_free(&zip);
	buf_free(&big);
}

/* --- Without a directory --- */

static void
test_no_directory(void **state)
{
	const struct raw_entry entries[] = { { .name = "one", .content = S("1") },
		{ .name = "two", .content = deflated, .method = 8, .descriptor = true } };
	struct buf zip = { .limit = 0 };

	(void)state;
	make_raw_zip(&zip, entries, 2, "");
	zip.len -= 22 + 2 * 49;
	check(&zip, 0, ARCHIVE_DAMAGED, "one 1 1\ntwo 0 payload\n");
	/* the first header makes no sense: the next does */
	make_raw_zip(&zip, entries, 2, "");
	zip.len -= 22 + 2 * 49;
	zip.data[8] = zip.data[9] = 0x77;
	check(&zip, 0, ARCHIVE_DAMAGED, "two 0 payload\n");
}

/* T77 */
static void
test_split(void **state)
{
	const struct raw_entry entries[] = { { .name = "one", .content = S("1") } };
	struct buf zip = { .limit = 0 };

	(void)state;
	make_raw_zip(&zip, entries, 1, "");
	zip.data[zip.len - 22 + 4] = 1;
	check(&zip, UINT32_C(1) << TRAIT_MULTI_VOLUME, ARCHIVE_READ, "one 1 1\n");
	buf_add_str(&zip, "PK\x07\x08");
	make_raw_zip(&zip, entries, 1, "");
	zip.len -= 22 + 49;
	check(&zip, UINT32_C(1) << TRAIT_MULTI_VOLUME, ARCHIVE_DAMAGED, "one 1 1\n");
}

/* T77: the last piece, cut anywhere before the directory, which alone leads to nothing. */
static void
test_last_piece(void **state)
{
	const struct raw_entry entries[] = { { .name = "first", .content = S("1") }, { .name = "second", .content = S("22") } };
	struct buf zip = { .limit = 0 };

	(void)state;
	for (size_t cut = 1; cut < 30 + 5 + 1 + 30 + 6 + 2; cut++) {
		struct span piece;
		struct told t = { .depth = 0 };

		make_raw_zip(&zip, entries, 2, "");
		piece = span_from(buf_span(&zip), cut);
		assert_string_equal(magic_of(piece), "zip");
		tell_content(&t, piece, NULL);
		assert_int_equal(t.result, ARCHIVE_DAMAGED);
		told_free(&t);
		buf_free(&zip);
	}
}

/* Each octet changed, and each length: nothing is read out of bounds (a
 * sanitizer watches), and depth is given back. */
static void
test_bent_everywhere(void **state)
{
	const struct raw_entry entries[] = { { .name = "one", .content = S("1"), .descriptor = true },
		{ .name = "two", .content = deflated, .method = 8, .extra = S("\x75\x70\x08\0\x01....owt") } };
	struct buf zip = { .limit = 0 };

	(void)state;
	make_raw_zip(&zip, entries, 2, "end");
	insert_zip64(&zip, 2, 110, 116);
	for (size_t i = 0; i < 2 * zip.len; i++) {
		size_t at = i / 2, len = i % 2 == 0 ? zip.len : at;
		char *copy = malloc(len + 1);
		struct told t = { .quiet = true };

		memcpy(copy, zip.data, len);
		copy[at < len ? at : 0] = (char)(i % 2 == 0 ? 0xff : copy[0]);
		tell_content(&t, span_of(copy, len), NULL);
		assert_int_equal(t.budget.depth, 0);
		told_free(&t);
		free(copy);
	}
	buf_free(&zip);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_honest_forms),
		cmocka_unit_test(test_honest_nested),
		cmocka_unit_test(test_local_against_directory),
		cmocka_unit_test(test_two_methods),
		cmocka_unit_test(test_encrypted),
		cmocka_unit_test(test_unicode_path),
		cmocka_unit_test(test_names_that_meet),
		cmocka_unit_test(test_unlisted),
		cmocka_unit_test(test_descriptor_desync),
		cmocka_unit_test(test_records_in_comments),
		cmocka_unit_test(test_several_ends),
		cmocka_unit_test(test_counts_and_offsets),
		cmocka_unit_test(test_zip64),
		cmocka_unit_test(test_zip64_no_size),
		cmocka_unit_test(test_overlap),
		cmocka_unit_test(test_overlapping_bomb),
		cmocka_unit_test(test_no_directory),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_last_piece),
		cmocka_unit_test(test_bent_everywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
