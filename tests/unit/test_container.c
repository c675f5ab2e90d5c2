/* Containers of every kind, made here: by libarchive where it writes them,
 * else by hand. What is in them is told, limits are kept, and a file that is
 * two kinds is read as both. */
#include "config.h"

#include "../lib/archive_maker.h"

#include "engine/magic.h"

#include <archive.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define TRAIT(name) (UINT32_C(1) << TRAIT_##name)
#define S(text) SPAN_LITERAL(text)

/* Reads and frees; NULL text is not compared. */
static void
check(struct buf *data, const char *magic, uint32_t traits, enum archive_result result, const char *text)
{
	struct told t = { .depth = 0 };

	assert_string_equal(magic_of(buf_span(data)), magic);
	tell_content(&t, buf_span(data), NULL);
	if (text != NULL)
		assert_string_equal(buf_str(&t.text), text);
	assert_int_equal(t.traits, traits);
	assert_int_equal(t.result, result);
	assert_int_equal(t.budget.depth, 0);
	told_free(&t);
	buf_free(data);
}

static const struct made_file files[] = {
	{ "hello.txt", S("hello, hello, hello"), false },
	{ "other.exe", S("MZ"), false },
};
static const char told_files[] = "hello.txt 19 hello, hello, hello\nother.exe 2 MZ\n";

/* --- Archives --- */

static void
test_archives(void **state)
{
	static const struct {
		const char *magic;
		int (*format)(struct archive *);
	} kinds[] = { { "zip", archive_write_set_format_zip }, { "tar", archive_write_set_format_ustar },
		{ "tar", archive_write_set_format_pax }, { "tar", archive_write_set_format_gnutar },
		{ "tar", archive_write_set_format_v7tar }, { "7z", archive_write_set_format_7zip },
		{ "cpio", archive_write_set_format_cpio_newc }, { "cpio", archive_write_set_format_cpio_odc },
		{ "ar", archive_write_set_format_ar_svr4 }, { "ar", archive_write_set_format_ar_bsd },
		{ "xar", archive_write_set_format_xar } };
	struct buf data = { .limit = 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		make_archive(&data, kinds[i].format, NULL, files, 2);
		check(&data, kinds[i].magic, 0, ARCHIVE_READ, told_files);
	}
}

/* Both trees of names. */
static void
test_disc(void **state)
{
	struct buf data = { .limit = 0 };

	(void)state;
	make_archive(&data, archive_write_set_format_iso9660, NULL, files, 2);
	check(&data, "iso", 0, ARCHIVE_READ, NULL);
	make_archive(&data, archive_write_set_format_iso9660, NULL, files, 2);
	{
		struct told t = { .depth = 0 };

		tell_content(&t, buf_span(&data), NULL);
		assert_non_null(strstr(buf_str(&t.text), "hello.txt 19 hello, hello, hello\n"));
		assert_non_null(strstr(buf_str(&t.text), "other.exe 2 MZ\n"));
		told_free(&t);
		buf_free(&data);
	}
}

static void
test_compressed(void **state)
{
	static const struct {
		const char *magic;
		int (*filter)(struct archive *);
	} kinds[] = { { "gzip", archive_write_add_filter_gzip }, { "bzip2", archive_write_add_filter_bzip2 },
		{ "xz", archive_write_add_filter_xz }, { "lzma", archive_write_add_filter_lzma },
		{ "lzip", archive_write_add_filter_lzip }, { "zstd", archive_write_add_filter_zstd },
		{ "lz4", archive_write_add_filter_lz4 }, { "compress", archive_write_add_filter_compress } };
	struct buf data = { .limit = 0 }, inner = { .limit = 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		make_compressed(&data, kinds[i].filter, S("some content"));
		check(&data, kinds[i].magic, 0, ARCHIVE_READ, " 12 some content\n");
		/* T77: an archive in it is read by itself, compressed twice too */
		make_archive(&inner, archive_write_set_format_ustar, kinds[i].filter, files, 2);
		make_compressed(&data, archive_write_add_filter_gzip, buf_span(&inner));
		{
			struct told t = { .depth = 0 };

			tell_content(&t, buf_span(&data), NULL);
			assert_non_null(strstr(buf_str(&t.text), ">>hello.txt 19 hello, hello, hello\n>>other.exe 2 MZ\n"));
			assert_int_equal(t.worst, ARCHIVE_READ);
			told_free(&t);
		}
		buf_free(&data);
		buf_free(&inner);
	}
}

static void
test_gzip_names(void **state)
{
	struct buf plain = { .limit = 0 }, named = { .limit = 0 };

	(void)state;
	make_compressed(&plain, archive_write_add_filter_gzip, S("MZ"));
	buf_add(&named, plain.data, 10);
	named.data[3] = 8; /* a name follows */
	buf_add(&named, "evil.exe", 9);
	buf_add(&named, plain.data + 10, plain.len - 10);
	check(&named, "gzip", 0, ARCHIVE_READ, "evil.exe 2 MZ\n");
	plain.len -= 9;
	check(&plain, "gzip", 0, ARCHIVE_DAMAGED, NULL);
	buf_add(&plain, "\x1f\x8b\x08\x08\0\0\0\0\0\0no end of a name", 26);
	check(&plain, "gzip", 0, ARCHIVE_DAMAGED, NULL);
}

/* A cabinet with one stored file: [MS-CAB] 2. */
static void
make_cabinet(struct buf *out, unsigned flags)
{
	buf_add(out, "MSCF\0\0\0\0", 8);
	put_number(out, 36 + 8 + 16 + 6 + 8 + 7, 4);
	put_number(out, 0, 4);
	put_number(out, 36 + 8, 4); /* files */
	put_number(out, 0, 4);
	put_number(out, 0x0103, 2);
	put_number(out, 1, 2); /* folders */
	put_number(out, 1, 2);
	put_number(out, flags, 2);
	put_number(out, 0, 4);
	put_number(out, 36 + 8 + 16 + 6, 4); /* the folder: its data */
	put_number(out, 1, 2);
	put_number(out, 0, 2);
	put_number(out, 7, 4); /* the file */
	put_number(out, 0, 4 + 2 + 2 + 2);
	put_number(out, 0x20, 2);
	buf_add(out, "x.exe", 6);
	put_number(out, 0, 4); /* no checksum */
	put_number(out, 7, 2);
	put_number(out, 7, 2);
	buf_add_str(out, "MZ prog");
}

static void
test_cabinet(void **state)
{
	struct buf data = { .limit = 0 };

	(void)state;
	make_cabinet(&data, 0);
	check(&data, "cab", 0, ARCHIVE_READ, "x.exe 7 MZ prog\n");
}

/* LHA, level 0, stored. */
static void
test_lha(void **state)
{
	struct buf data = { .limit = 0 }, head = { .limit = 0 };
	unsigned sum = 0;

	(void)state;
	buf_add_str(&head, "-lh0-");
	put_number(&head, 7, 4);
	put_number(&head, 7, 4);
	put_number(&head, 0x21000000 + 0x4b, 4);
	put_number(&head, 0x20, 1);
	put_number(&head, 0, 1); /* level */
	put_number(&head, 5, 1);
	buf_add_str(&head, "x.exe");
	put_number(&head, 0, 2);
	for (size_t i = 0; i < head.len; i++)
		sum += (unsigned char)head.data[i];
	put_number(&data, head.len, 1);
	put_number(&data, sum, 1);
	buf_add_span(&data, buf_span(&head));
	buf_add_str(&data, "MZ prog");
	put_number(&data, 0, 1);
	check(&data, "lha", 0, ARCHIVE_READ, "x.exe 7 MZ prog\n");
	buf_free(&head);
}

/* --- RAR --- */

static void
put_block4(struct buf *out, unsigned type, unsigned flags, struct span rest)
{
	struct buf head = { .limit = 0 };

	put_number(&head, type, 1);
	put_number(&head, flags, 2);
	put_number(&head, 7 + rest.len, 2);
	buf_add_span(&head, rest);
	put_number(out, checksum_of(buf_span(&head)), 2);
	buf_add_span(out, buf_span(&head));
	buf_free(&head);
}

static void
put_file4(struct buf *out, const char *name, unsigned flags, struct span content)
{
	struct buf rest = { .limit = 0 };

	put_number(&rest, content.len, 4);
	put_number(&rest, content.len, 4);
	put_number(&rest, 3, 1);
	put_number(&rest, checksum_of(content), 4);
	put_number(&rest, 0x21 << 16, 4);
	put_number(&rest, 20, 1);
	put_number(&rest, 0x30, 1); /* stored */
	put_number(&rest, strlen(name), 2);
	put_number(&rest, 0644 | 0100000, 4);
	buf_add_str(&rest, name);
	put_block4(out, 0x74, 0x8000 | flags, buf_span(&rest));
	buf_add_span(out, content);
	buf_free(&rest);
}

static void
make_rar4(struct buf *out, unsigned archive_flags, unsigned file_flags)
{
	buf_add(out, "Rar!\x1a\x07\0", 7);
	put_block4(out, 0x73, archive_flags, span_of("\0\0\0\0\0\0", 6));
	put_file4(out, "first.exe", file_flags, S("MZ prog"));
	put_file4(out, "second", 0, S("2"));
	put_block4(out, 0x7b, 0x4000, SPAN_NONE);
}

static void
put_block5(struct buf *out, struct span head)
{
	struct buf whole = { .limit = 0 };

	put_number(&whole, head.len, 1);
	buf_add_span(&whole, head);
	put_number(out, checksum_of(buf_span(&whole)), 4);
	buf_add_span(out, buf_span(&whole));
	buf_free(&whole);
}

static void
put_file5(struct buf *out, const char *name, bool encrypted, struct span content)
{
	struct buf head = { .limit = 0 };

	put_number(&head, 2, 1); /* a file, with data */
	put_number(&head, encrypted ? 3 : 2, 1);
	if (encrypted)
		put_number(&head, 3, 1);
	put_number(&head, content.len, 1);
	put_number(&head, 4, 1); /* has a checksum */
	put_number(&head, content.len, 1);
	put_number(&head, 0x20, 1);
	put_number(&head, checksum_of(content), 4);
	put_number(&head, 0, 1); /* stored */
	put_number(&head, 1, 1);
	put_number(&head, strlen(name), 1);
	buf_add_str(&head, name);
	if (encrypted)
		buf_add(&head, "\x02\x01\0", 3);
	put_block5(out, buf_span(&head));
	buf_add_span(out, content);
	buf_free(&head);
}

static void
make_rar5(struct buf *out, unsigned archive_flags, bool encrypted)
{
	const char main_head[] = { 1, 0, (char)archive_flags };

	buf_add(out, "Rar!\x1a\x07\x01\0", 8);
	put_block5(out, span_of(main_head, sizeof(main_head)));
	put_file5(out, "first.exe", encrypted, S("MZ prog"));
	put_file5(out, "second", false, S("2"));
	put_block5(out, span_of("\5\0\0", 3));
}

static void
test_rar(void **state)
{
	struct buf data = { .limit = 0 };

	(void)state;
	make_rar4(&data, 0, 0);
	check(&data, "rar", 0, ARCHIVE_READ, "first.exe 7 MZ prog\nsecond 1 2\n");
	make_rar5(&data, 0, false);
	check(&data, "rar", 0, ARCHIVE_READ, "first.exe 7 MZ prog\nsecond 1 2\n");
}

/* --- T73 --- */

/* Made by p7zip, "7z a -p123 -mhe=on": nothing of it is told, not even names. */
static const unsigned char seven_zip_with_encrypted_headers[] = {
#include "../data/encrypted_headers_7z.inc"
};

static void
test_encrypted(void **state)
{
	struct buf data = { .limit = 0 };

	(void)state;
	make_rar4(&data, 0, 4);
	check(&data, "rar", 0, ARCHIVE_READ, "first.exe 7 encrypted\nsecond 1 2\n");
	make_rar5(&data, 0, true);
	check(&data, "rar", 0, ARCHIVE_READ, "first.exe 7 encrypted\nsecond 1 2\n");
	make_rar4(&data, 0x80, 0);
	check(&data, "rar", TRAIT(ENCRYPTED), ARCHIVE_READ, "");
	buf_add(&data, "Rar!\x1a\x07\x01\0", 8);
	put_block5(&data, span_of("\4\0\0\0\x0f", 5));
	buf_add_str(&data, "what nobody can read");
	check(&data, "rar", TRAIT(ENCRYPTED), ARCHIVE_READ, "");
	buf_add(&data, seven_zip_with_encrypted_headers, sizeof(seven_zip_with_encrypted_headers));
	check(&data, "7z", TRAIT(ENCRYPTED), ARCHIVE_READ, "");
}

/* T77 */
static void
test_volumes(void **state)
{
	struct buf data = { .limit = 0 };

	(void)state;
	make_rar4(&data, 1, 0);
	check(&data, "rar", TRAIT(MULTI_VOLUME), ARCHIVE_READ, NULL);
	make_rar5(&data, 1, false);
	check(&data, "rar", TRAIT(MULTI_VOLUME), ARCHIVE_READ, NULL);
}

/* --- T74 --- */

static void
test_tar_names(void **state)
{
	const struct made_file odd[] = { { "a\nb`id`$(id)\".txt", S("1"), false }, { "../../etc/x", S("2"), false },
		{ "/abs", S("3"), false } };
	struct buf data = { .limit = 0 };

	(void)state;
	make_archive(&data, archive_write_set_format_ustar, NULL, odd, 3);
	check(&data, "tar", 0, ARCHIVE_READ, "a\nb`id`$(id)\".txt 1 1\n../../etc/x 1 2\n/abs 1 3\n");
}

/* A header of ustar; size as written. */
static void
put_tar(struct buf *out, const char *name, char type, const char *link, struct span content)
{
	char h[512] = { 0 };
	unsigned sum = 0;

	strncpy(h, name, 99);
	memcpy(h + 100, "0000644\0" "0000000\0" "0000000\0", 24);
	h[124 + 11] = ' ';
	for (size_t i = 0, size = content.len; i < 11; i++, size /= 8)
		h[134 - i] = (char)('0' + size % 8);
	memcpy(h + 136, "00000000000 ", 12);
	memset(h + 148, ' ', 8);
	h[156] = type;
	strncpy(h + 157, link, 99);
	memcpy(h + 257, "ustar\0" "00", 8);
	for (size_t i = 0; i < sizeof(h); i++)
		sum += (unsigned char)h[i];
	for (size_t i = 0; i < 6; i++, sum /= 8)
		h[153 - i] = (char)('0' + sum % 8);
	h[154] = '\0';
	buf_add(out, h, sizeof(h));
	buf_add_span(out, content);
	while (out->len % 512 != 0)
		buf_add_byte(out, '\0');
}

static void
test_tar_links_and_overrides(void **state)
{
	struct buf data = { .limit = 0 };

	(void)state;
	put_tar(&data, "link", '2', "/etc/passwd", SPAN_NONE);
	put_tar(&data, "hard", '1', "../x", SPAN_NONE);
	for (int i = 0; i < 1024; i++)
		buf_add_byte(&data, '\0');
	check(&data, "tar", 0, ARCHIVE_READ, "link 0\nhard 0\n");
	/* the name that only old programs see is told too */
	put_tar(&data, "pax", 'x', "", S("17 path=evil.exe\n"));
	put_tar(&data, "good.txt", '0', "", S("MZ prog"));
	for (int i = 0; i < 1024; i++)
		buf_add_byte(&data, '\0');
	check(&data, "tar", TRAIT(INCONSISTENT), ARCHIVE_READ, "evil.exe 7 MZ prog\ngood.txt 7 MZ prog\n");
	/* a size that only new programs see: what follows for old ones is read too */
	put_tar(&data, "pax", 'x', "", S("12 size=512\n"));
	put_tar(&data, "a", '0', "", SPAN_NONE);
	put_tar(&data, "hidden.exe", '0', "", S("MZ prog"));
	for (int i = 0; i < 1024; i++)
		buf_add_byte(&data, '\0');
	{
		struct told t = { .depth = 0 };

		tell_content(&t, buf_span(&data), NULL);
		assert_non_null(strstr(buf_str(&t.text), "hidden.exe 7 MZ prog\n"));
		assert_true((t.traits & TRAIT(INCONSISTENT)) != 0);
		told_free(&t);
		buf_free(&data);
	}
}

/* T74: what GNU writes about folders and volumes, and others write out. */
static void
test_tar_records(void **state)
{
	struct buf data = { .limit = 0 };

	(void)state;
	put_tar(&data, "disk one", 'V', "", SPAN_NONE);
	put_tar(&data, "dump/", 'D', "", S("Ya"));
	put_tar(&data, "a", '0', "", S("1"));
	for (int i = 0; i < 1024; i++)
		buf_add_byte(&data, '\0');
	check(&data, "tar", 0, ARCHIVE_READ, "dump/ 2 directory\na 1 1\ndump/ 2 Ya\n");
	put_tar(&data, "a.exe", 'V', "", S("MZ prog"));
	for (int i = 0; i < 1024; i++)
		buf_add_byte(&data, '\0');
	check(&data, "tar", TRAIT(INCONSISTENT), ARCHIVE_READ, "a.exe 7 MZ prog\n");
}

/* --- T75, T76 --- */

static void
test_deep(void **state)
{
	struct buf inner = { .limit = 0 }, outer = { .limit = 0 };
	struct told t = { .depth = 0 };

	(void)state;
	make_archive(&inner, archive_write_set_format_zip, NULL, files, 1);
	for (int i = 0; i < 25; i++) {
		const struct made_file file = { "in.zip", buf_span(&inner), false };

		make_archive(&outer, archive_write_set_format_zip, NULL, &file, 1);
		buf_free(&inner);
		inner = outer;
		outer = (struct buf){ .limit = 0 };
	}
	tell_content(&t, buf_span(&inner), NULL);
	assert_int_equal(t.worst, ARCHIVE_OVER_LIMIT);
	assert_int_equal(t.members, generous_limits.depth + 1);
	assert_int_equal(t.budget.depth, 0);
	told_free(&t);
	buf_free(&inner);
}

/* Compressed again and again: each layer counts for depth and output. */
static void
test_gzip_in_gzip(void **state)
{
	struct buf inner = { .limit = 0 }, outer = { .limit = 0 };
	struct told t = { .quiet = true };
	struct span zeros = { calloc(1, 32 << 20), 32 << 20 };

	(void)state;
	make_compressed(&inner, archive_write_add_filter_gzip, zeros);
	make_compressed(&outer, archive_write_add_filter_gzip, buf_span(&inner));
	assert_in_range(outer.len, 1, 1024);
	tell_content(&t, buf_span(&outer), NULL);
	assert_int_equal(t.worst, ARCHIVE_OVER_LIMIT);
	assert_in_range(t.budget.output, 1, 8 << 20);
	told_free(&t);
	free((char *)zeros.data);
	buf_free(&inner);
	buf_free(&outer);
}

/* Each kind stops at a limit. */
static void
test_bombs(void **state)
{
	static int (*const filters[])(struct archive *) = { archive_write_add_filter_gzip, archive_write_add_filter_bzip2,
		archive_write_add_filter_xz, archive_write_add_filter_zstd, archive_write_add_filter_lz4,
		archive_write_add_filter_compress };
	struct span zeros = { calloc(1, 24 << 20), 24 << 20 };

	(void)state;
	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		struct archive_limits limits = generous_limits;
		struct buf data = { .limit = 0 };
		struct told t = { .quiet = true };

		limits.output = 16 << 20;
		make_compressed(&data, filters[i], zeros);
		tell_content(&t, buf_span(&data), &limits);
		assert_int_equal(t.worst, ARCHIVE_OVER_LIMIT);
		assert_in_range(t.budget.output, 1, (16 << 20) + (64 << 10));
		told_free(&t);
		buf_free(&data);
	}
	free((char *)zeros.data);
}

/* What compressors pass over in front. */
static void
test_skipped_frames(void **state)
{
	static const struct {
		const char *magic;
		int (*filter)(struct archive *);
	} kinds[] = { { "zstd", archive_write_add_filter_zstd }, { "lz4", archive_write_add_filter_lz4 } };
	struct buf data = { .limit = 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct buf packed = { .limit = 0 };

		make_compressed(&packed, kinds[i].filter, S("MZ prog"));
		buf_add(&data, "\x50\x2a\x4d\x18\3\0\0\0abc\x5f\x2a\x4d\x18\0\0\0\0", 19);
		buf_add(&data, packed.data, packed.len);
		check(&data, kinds[i].magic, 0, ARCHIVE_READ, " 7 MZ prog\n");
		buf_free(&packed);
	}
}

/* --- T65 --- */

static void
check_two(const char *front, size_t front_len, const char *magic, const char *told)
{
	struct buf data = { .limit = 0 };

	buf_add(&data, front, front_len);
	make_archive(&data, archive_write_set_format_zip, NULL, files, 2);
	check(&data, magic, TRAIT(TWO_KINDS), ARCHIVE_READ, told);
	buf_add(&data, front, front_len);
	make_rar4(&data, 0, 0);
	check(&data, magic, TRAIT(TWO_KINDS), ARCHIVE_READ, "first.exe 7 MZ prog\nsecond 1 2\n");
	buf_add(&data, front, front_len);
	make_rar5(&data, 0, false);
	check(&data, magic, TRAIT(TWO_KINDS), ARCHIVE_READ, "first.exe 7 MZ prog\nsecond 1 2\n");
	buf_add(&data, front, front_len);
	make_cabinet(&data, 0);
	check(&data, magic, TRAIT(TWO_KINDS), ARCHIVE_READ, "x.exe 7 MZ prog\n");
}

static void
test_two_kinds(void **state)
{
	char program[128] = "MZ";

	(void)state;
	check_two("GIF89a\1\0\1\0\0\0\0;", 14, "gif", told_files);
	check_two("\xff\xd8\xff\xe0 picture \xff\xd9", 16, "jpeg", told_files);
	check_two(program, sizeof(program), "pe", told_files);
}

/* Of what stands in front only the mark has to be right. */
static void
test_archive_behind_a_mark(void **state)
{
	static const struct {
		const char *magic;
		struct span front;
	} fronts[] = {
		{ "cpio", S("070701 and no more") },
		{ "zip", S("PK\x03\x04 and no more") },
		{ "zip", S("PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0") },
		{ "ar", S("!<arch>\n") },
	};
	struct buf data = { .limit = 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(fronts) / sizeof(fronts[0]); i++) {
		enum archive_result result = i < 3 ? ARCHIVE_READ : ARCHIVE_DAMAGED;

		buf_add(&data, fronts[i].front.data, fronts[i].front.len);
		make_rar4(&data, 0, 0);
		check(&data, fronts[i].magic, TRAIT(TWO_KINDS), result, "first.exe 7 MZ prog\nsecond 1 2\n");
		buf_add(&data, fronts[i].front.data, fronts[i].front.len);
		make_cabinet(&data, 0);
		check(&data, fronts[i].magic, TRAIT(TWO_KINDS), result, "x.exe 7 MZ prog\n");
	}
}

static void
test_archive_behind_an_archive(void **state)
{
	struct buf inner = { .limit = 0 }, data = { .limit = 0 };
	struct made_file file = { "in.rar", SPAN_NONE, false };

	(void)state;
	make_archive(&data, archive_write_set_format_ustar, NULL, files, 1);
	make_rar5(&data, 0, false);
	check(&data, "tar", TRAIT(TWO_KINDS), ARCHIVE_READ, "hello.txt 19 hello, hello, hello\nfirst.exe 7 MZ prog\nsecond 1 2\n");
	make_rar5(&inner, 0, false);
	file.content = buf_span(&inner);
	make_archive(&data, archive_write_set_format_ustar, NULL, &file, 1);
	check(&data, "tar", 0, ARCHIVE_READ, NULL);
	buf_free(&inner);
}

/* What holds other files as they are is not two kinds for that. */
static void
test_not_two_kinds(void **state)
{
	struct buf inner = { .limit = 0 }, data = { .limit = 0 };
	struct made_file file = { "in", SPAN_NONE, false };

	(void)state;
	make_archive(&inner, archive_write_set_format_zip, NULL, files, 1);
	file.content = buf_span(&inner);
	make_archive(&data, archive_write_set_format_ustar, NULL, &file, 1);
	check(&data, "tar", 0, ARCHIVE_READ, NULL);
	make_archive(&data, archive_write_set_format_cpio_newc, NULL, &file, 1);
	check(&data, "cpio", 0, ARCHIVE_READ, NULL);
	buf_free(&inner);
	/* the letters of a mark, and no archive */
	buf_add_str(&data, "A text that tells of Rar!\x1a\x07 and of PK\x03\x04 and no more.");
	check(&data, "data", 0, ARCHIVE_NONE, "");
	buf_add_str(&data, "GIF89a 7z\xbc\xaf\x27\x1c and what does not follow in any way from it");
	check(&data, "gif", 0, ARCHIVE_NONE, "");
}

/* --- What is cut off or bent --- */

static void
bend_everywhere(struct buf *data)
{
	for (size_t i = 0; i < 2 * data->len && i < 3000; i++) {
		size_t at = i / 2, len = i % 2 == 0 ? data->len : at;
		char *copy = malloc(len + 1);
		struct told t = { .quiet = true };

		memcpy(copy, data->data, len);
		if (at < len)
			copy[at] = (char)~copy[at];
		tell_content(&t, span_of(copy, len), NULL);
		assert_int_equal(t.budget.depth, 0);
		told_free(&t);
		free(copy);
	}
	buf_free(data);
}

static void
test_bent_everywhere(void **state)
{
	struct buf data = { .limit = 0 };

	(void)state;
	make_rar4(&data, 0, 4);
	bend_everywhere(&data);
	make_rar5(&data, 0, true);
	bend_everywhere(&data);
	make_cabinet(&data, 0);
	bend_everywhere(&data);
	make_archive(&data, archive_write_set_format_7zip, NULL, files, 2);
	bend_everywhere(&data);
	make_archive(&data, archive_write_set_format_ustar, NULL, files, 1);
	bend_everywhere(&data);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_archives),
		cmocka_unit_test(test_disc),
		cmocka_unit_test(test_compressed),
		cmocka_unit_test(test_gzip_names),
		cmocka_unit_test(test_cabinet),
		cmocka_unit_test(test_lha),
		cmocka_unit_test(test_rar),
		cmocka_unit_test(test_encrypted),
		cmocka_unit_test(test_volumes),
		cmocka_unit_test(test_tar_names),
		cmocka_unit_test(test_tar_links_and_overrides),
		cmocka_unit_test(test_tar_records),
		cmocka_unit_test(test_deep),
		cmocka_unit_test(test_gzip_in_gzip),
		cmocka_unit_test(test_bombs),
		cmocka_unit_test(test_skipped_frames),
		cmocka_unit_test(test_two_kinds),
		cmocka_unit_test(test_archive_behind_a_mark),
		cmocka_unit_test(test_archive_behind_an_archive),
		cmocka_unit_test(test_not_two_kinds),
		cmocka_unit_test(test_bent_everywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
