/* Archives, made here: by libarchive into memory, then bent by hand where a
 * defect is wanted. */
#include "config.h"

#include "engine/container.h"

#include "base/buf.h"
#include "engine/magic.h"

#include <archive.h>
#include <archive_entry.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

enum { MEBIBYTE = 1024 * 1024 };

static const struct archive_limits generous = { .entries = 100, .depth = 3, .output = 64 * MEBIBYTE, .ratio = 100 };

/* --- Making --- */

struct file {
	const char *name;
	struct span content;
	bool directory;
};

static la_ssize_t
write_to_buf(struct archive *archive, void *context, const void *data, size_t len)
{
	(void)archive;
	buf_add(context, data, len);
	return (la_ssize_t)len;
}

/* compression: "store" or "deflate". */
static void
make_zip(struct buf *out, const char *compression, const struct file *files, size_t count)
{
	struct archive *w = archive_write_new();
	struct archive_entry *e = archive_entry_new();

	archive_write_set_format_zip(w);
	assert_int_equal(archive_write_set_format_option(w, "zip", "compression", compression), ARCHIVE_OK);
	archive_write_set_bytes_in_last_block(w, 1);
	assert_int_equal(archive_write_open(w, out, NULL, write_to_buf, NULL), ARCHIVE_OK);
	for (size_t i = 0; i < count; i++) {
		archive_entry_clear(e);
		archive_entry_set_pathname(e, files[i].name);
		archive_entry_set_filetype(e, files[i].directory ? AE_IFDIR : AE_IFREG);
		archive_entry_set_perm(e, 0644);
		archive_entry_set_size(e, (la_int64_t)files[i].content.len);
		assert_int_equal(archive_write_header(w, e), ARCHIVE_OK);
		archive_write_data(w, files[i].content.data, files[i].content.len);
	}
	archive_entry_free(e);
	assert_int_equal(archive_write_free(w), ARCHIVE_OK);
	assert_false(out->failed);
}

/* A zip by hand: what libarchive does not write. */
struct raw_entry {
	const char *name, *directory_name; /* NULL: the same */
	const char *content;
	unsigned flags;
};
enum { ENCRYPTED = 1, UTF8 = 0x800 };

static void
put(struct buf *b, uint32_t value, size_t octets)
{
	while (octets-- > 0) {
		buf_add_byte(b, (char)value);
		value >>= 8;
	}
}

static uint32_t
checksum(const char *content)
{
	uint32_t crc = UINT32_MAX;

	for (; *content != '\0'; content++) {
		crc ^= (unsigned char)*content;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

/* What both kinds of header share, from the version on. */
static void
put_header(struct buf *b, const struct raw_entry *e, const char *name)
{
	uint32_t size = (uint32_t)strlen(e->content);

	put(b, 20, 2);
	put(b, e->flags, 2);
	put(b, 0, 2); /* stored */
	put(b, 0, 4); /* time */
	put(b, checksum(e->content), 4);
	put(b, size, 4);
	put(b, size, 4);
	put(b, (uint32_t)strlen(name), 2);
	put(b, 0, 2); /* extra */
}

static void
make_raw_zip(struct buf *out, const struct raw_entry *entries, size_t count)
{
	uint32_t offsets[8], start, begin = (uint32_t)out->len;

	assert_true(count <= 8);
	for (size_t i = 0; i < count; i++) {
		offsets[i] = (uint32_t)out->len - begin;
		buf_add_str(out, "PK\x03\x04");
		put_header(out, &entries[i], entries[i].name);
		buf_add_str(out, entries[i].name);
		buf_add_str(out, entries[i].content);
	}
	start = (uint32_t)out->len;
	for (size_t i = 0; i < count; i++) {
		const char *name = entries[i].directory_name != NULL ? entries[i].directory_name : entries[i].name;

		buf_add_str(out, "PK\x01\x02");
		put(out, 20, 2);
		put_header(out, &entries[i], name);
		put(out, 0, 2 + 2 + 2 + 4); /* comment, disk, attributes */
		put(out, offsets[i], 4);
		buf_add_str(out, name);
	}
	buf_add_str(out, "PK\x05\x06");
	put(out, 0, 4);
	put(out, (uint32_t)count, 2);
	put(out, (uint32_t)count, 2);
	put(out, (uint32_t)(out->len - 12) - start, 4);
	put(out, start - begin, 4);
	put(out, 0, 2);
}

/* --- Reading --- */

struct seen {
	struct buf text;          /* a line a member: name, size, flags, content when short */
	size_t members, stop_after;
	struct arena *arena;
	struct archive_budget *budget;
	enum archive_result nested; /* the worst that an archive inside told */
};

static void
ignore_trait(void *context, enum trait trait)
{
	(void)context;
	(void)trait;
}

static void
ignore_uri(void *context, struct span uri)
{
	(void)context;
	(void)uri;
}

static enum archive_result
read_told(struct arena *a, struct span data, struct archive_budget *budget,
    bool (*member)(void *context, const struct archive_member *m), void *context)
{
	const struct container_sink sink = { .context = context, .member = member, .trait = ignore_trait, .uri = ignore_uri };

	return container_read(a, magic_of(data), data, budget, &sink);
}

static bool
note(void *context, const struct archive_member *m)
{
	struct seen *seen = context;

	seen->members++;
	buf_add_span(&seen->text, m->name);
	buf_printf(&seen->text, " %llu", (unsigned long long)m->size);
	if (m->encrypted)
		buf_add_str(&seen->text, " encrypted");
	if (m->directory)
		buf_add_str(&seen->text, " directory");
	if (m->content.len > 0 && m->content.len < 40) {
		buf_add_byte(&seen->text, ' ');
		buf_add_span(&seen->text, m->content);
	}
	buf_add_byte(&seen->text, '\n');
	if (m->content.len > 0) {
		enum archive_result r = read_told(seen->arena, m->content, seen->budget, note, seen);

		if (r == ARCHIVE_OVER_LIMIT)
			seen->nested = r;
	}
	return seen->members != seen->stop_after;
}

/* Reads and compares what was told; text may be NULL. Frees zip. */
static void
check_limited(struct buf *zip, const struct archive_limits *limits, enum archive_result expected, const char *text)
{
	struct archive_budget budget = { .limits = *limits };
	struct seen seen = { .arena = arena_new(0), .budget = &budget };
	enum archive_result result = read_told(seen.arena, buf_span(zip), &budget, note, &seen);

	if (text != NULL)
		assert_string_equal(buf_str(&seen.text), text);
	assert_int_equal(result, expected);
	assert_int_equal(budget.depth, 0);
	assert_int_equal(seen.nested, ARCHIVE_READ);
	buf_free(&seen.text);
	arena_free(&seen.arena);
	buf_free(zip);
}

static void
check(struct buf *zip, enum archive_result expected, const char *text)
{
	check_limited(zip, &generous, expected, text);
}

static const struct file two_files[] = {
	{ "hello.txt", { "hello, hello, hello", 19 }, false },
	{ "folder/", { NULL, 0 }, true },
	{ "folder/other.exe", { "MZ", 2 }, false },
};
static const char two_files_told[] = "hello.txt 19 hello, hello, hello\nfolder/ 0 directory\nfolder/other.exe 2 MZ\n";

static void
test_stored_and_deflated(void **state)
{
	struct buf zip = { .limit = 0 };

	(void)state;
	make_zip(&zip, "store", two_files, 3);
	check(&zip, ARCHIVE_READ, two_files_told);
	make_zip(&zip, "deflate", two_files, 3);
	check(&zip, ARCHIVE_READ, two_files_told);
	make_zip(&zip, "store", NULL, 0);
	check(&zip, ARCHIVE_READ, "");
}

static void
test_not_an_archive(void **state)
{
	struct buf text = { .limit = 0 };

	(void)state;
	assert_true(archive_is_readable("zip"));
	assert_false(archive_is_readable("png"));
	buf_add_str(&text, "just text");
	check(&text, ARCHIVE_NONE, "");
	check(&text, ARCHIVE_NONE, "");
	buf_add_str(&text, "PK\x03\x04 and no more");
	check(&text, ARCHIVE_NONE, "");
	/* a method that nobody has defined, and no directory */
	buf_add_str(&text, "PK\x03\x04\x14");
	buf_add(&text, "\0\0\0\x77\x77", 5);
	buf_add_str(&text, "and then whatever chance gives, as long as an entry's header");
	check(&text, ARCHIVE_NONE, "");
}

static void
test_encrypted(void **state)
{
	const struct raw_entry entries[] = { { "secret.doc", NULL, "twelve bytes and what they hide", ENCRYPTED },
		{ "open.txt", NULL, "open", 0 } };
	struct buf zip = { .limit = 0 };

	(void)state;
	make_raw_zip(&zip, entries, 2);
	check(&zip, ARCHIVE_READ, "secret.doc 31 encrypted\nopen.txt 4 open\n");
}

static void
test_names(void **state)
{
	const struct raw_entry entries[] = { { "r\xc3\xa4tsel.txt", NULL, "utf8", UTF8 }, { "r\x84tsel.txt", NULL, "raw", 0 },
		{ "same", NULL, "1", 0 }, { "same", NULL, "2", 0 }, { "../../x", NULL, "up", 0 } };
	struct buf zip = { .limit = 0 };

	(void)state;
	make_raw_zip(&zip, entries, 5);
	check(&zip, ARCHIVE_READ, "r\xc3\xa4tsel.txt 4 utf8\nr\x84tsel.txt 3 raw\nsame 1 1\nsame 1 2\n../../x 2 up\n");
}

/* Its name is told as it stands. */
static void
test_name_that_is_not_what_it_says(void **state)
{
	const struct raw_entry entries[] = { { "r\xfftsel.exe", NULL, "MZ", UTF8 }, { "next", NULL, "n", 0 } };
	struct buf zip = { .limit = 0 };

	(void)state;
	make_raw_zip(&zip, entries, 2);
	check(&zip, ARCHIVE_READ, "r\xfftsel.exe 2 MZ\nnext 1 n\n");
}

/* The directory and the headers tell of different files: both are seen. */
static void
test_two_readings(void **state)
{
	const struct raw_entry renamed[] = { { "evil.exe", "good.txt", "MZ", 0 } };
	const struct raw_entry both[] = { { "hidden.exe", NULL, "MZ", 0 }, { "shown.txt", NULL, "text", 0 } };
	struct buf zip = { .limit = 0 }, first = { .limit = 0 };

	(void)state;
	make_raw_zip(&zip, renamed, 1);
	check(&zip, ARCHIVE_READ, "good.txt 2 MZ\nevil.exe 2 MZ\n");
	/* a header before the first that the directory knows of */
	make_raw_zip(&first, both, 1);
	make_raw_zip(&zip, both + 1, 1);
	buf_add(&first, zip.data, zip.len);
	buf_free(&zip);
	check(&first, ARCHIVE_READ, NULL);
	make_raw_zip(&first, both, 1);
	make_raw_zip(&first, both + 1, 1);
	check(&first, ARCHIVE_READ, "shown.txt 4 text\nhidden.exe 2 MZ\n");
	/* the directory points past the end */
	make_raw_zip(&first, both, 2);
	first.data[first.len - 22 - 46 - 9 + 43] = 0x7f;
	check(&first, ARCHIVE_DAMAGED, NULL);
	/* with a prefix there is only the directory */
	buf_add_str(&zip, "something before ");
	make_raw_zip(&zip, both, 2);
	check(&zip, ARCHIVE_READ, "hidden.exe 2 MZ\nshown.txt 4 text\n");
}

enum { FIRST_HEADER = 128 }; /* more than the first entry's header with its name and extra fields */

static void
test_truncated(void **state)
{
	struct buf zip = { .limit = 0 };
	size_t whole;

	(void)state;
	make_zip(&zip, "deflate", two_files, 3);
	whole = zip.len;
	buf_free(&zip);
	for (size_t len = 4; len < whole; len++) {
		struct archive_budget budget = { .limits = generous };
		struct seen seen = { .arena = arena_new(0), .budget = &budget };
		char *cut = malloc(len);
		enum archive_result result;

		make_zip(&zip, "deflate", two_files, 3);
		memcpy(cut, zip.data, len);
		buf_free(&zip);
		result = read_told(seen.arena, span_of(cut, len), &budget, note, &seen);
		/* where only the end is cut off, all was read; where no header is
		 * whole, there is nothing to read */
		assert_true(result == ARCHIVE_DAMAGED || (result == ARCHIVE_READ && seen.members == 3) ||
		    (result == ARCHIVE_NONE && len < FIRST_HEADER));
		buf_free(&seen.text);
		arena_free(&seen.arena);
		free(cut);
	}
}

/* What a recipient would unpack is told, whatever its checksum. */
static void
test_wrong_checksum(void **state)
{
	const struct raw_entry entries[] = { { "a", NULL, "first content", 0 }, { "b", NULL, "second", 0 } };
	struct buf zip = { .limit = 0 };

	(void)state;
	make_raw_zip(&zip, entries, 2);
	zip.data[32] ^= 1;
	check(&zip, ARCHIVE_READ, "a 13 fhrst content\nb 6 second\n");
}

/* One that is cut off and begins with the mark of a split archive. */
static void
test_split_mark(void **state)
{
	static const char *const marks[] = { "PK\x07\x08", "PK00" };
	const struct raw_entry entries[] = { { "a", NULL, "content", 0 } };
	struct buf zip = { .limit = 0 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		buf_add_str(&zip, marks[i]);
		make_raw_zip(&zip, entries, 1);
		zip.len = 4 + 30 + 1 + 7;
		check(&zip, ARCHIVE_DAMAGED, "a 7 content\n");
	}
}

static void
test_damaged_content(void **state)
{
	char letters[300];
	const struct file files[] = { { "a", { letters, sizeof(letters) }, false }, two_files[0] };
	struct buf zip = { .limit = 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(letters); i++)
		letters[i] = (char)(i * i);
	make_zip(&zip, "deflate", files, 2);
	zip.data[100] = (char)~zip.data[100];
	memset(zip.data + 60, 0xff, 30);
	check(&zip, ARCHIVE_DAMAGED, NULL);
}

static void
test_nested(void **state)
{
	struct buf zips[5] = { { .limit = 0 } };
	struct file file = two_files[0];

	(void)state;
	for (int i = 0; i < 4; i++) {
		make_zip(&zips[i], "store", &file, 1);
		file = (struct file){ "in.zip", buf_span(&zips[i]), false };
	}
	for (int i = 0; i < 3; i++)
		buf_free(&zips[i]);
	check(&zips[3], ARCHIVE_READ, NULL);
}

static void
test_too_deep(void **state)
{
	struct archive_budget budget = { .limits = { .entries = 10, .depth = 1, .output = MEBIBYTE, .ratio = 100 } };
	struct seen seen = { .arena = arena_new(0), .budget = &budget };
	struct buf zips[3] = { { .limit = 0 } };
	struct file file = two_files[0];

	(void)state;
	for (int i = 0; i < 3; i++) {
		make_zip(&zips[i], "store", &file, 1);
		file = (struct file){ "in.zip", buf_span(&zips[i]), false };
	}
	assert_int_equal(read_told(seen.arena, buf_span(&zips[1]), &budget, note, &seen), ARCHIVE_READ);
	assert_int_equal(seen.nested, ARCHIVE_READ);
	assert_int_equal(read_told(seen.arena, buf_span(&zips[2]), &budget, note, &seen), ARCHIVE_READ);
	assert_int_equal(seen.nested, ARCHIVE_OVER_LIMIT);
	for (int i = 0; i < 3; i++)
		buf_free(&zips[i]);
	buf_free(&seen.text);
	arena_free(&seen.arena);
}

static void
make_zeros(struct buf *zip, size_t size)
{
	struct file file = { "zeros", { calloc(1, size), size }, false };

	make_zip(zip, "deflate", &file, 1);
	free((char *)file.content.data);
}

static void
test_limits(void **state)
{
	struct archive_limits limits = generous;
	struct buf zip = { .limit = 0 };

	(void)state;
	limits.entries = 2;
	make_zip(&zip, "store", two_files, 3);
	check_limited(&zip, &limits, ARCHIVE_OVER_LIMIT, "hello.txt 19 hello, hello, hello\nfolder/ 0 directory\n");
	limits = generous;
	limits.output = 20;
	make_zip(&zip, "store", two_files, 3);
	check_limited(&zip, &limits, ARCHIVE_OVER_LIMIT, NULL);
	make_zeros(&zip, MEBIBYTE);
	check(&zip, ARCHIVE_READ, "zeros 1048576\n");
	make_zeros(&zip, 8 * MEBIBYTE);
	check(&zip, ARCHIVE_OVER_LIMIT, "zeros 8388608\n");
	limits = generous;
	limits.ratio = 10000;
	make_zeros(&zip, 8 * MEBIBYTE);
	check_limited(&zip, &limits, ARCHIVE_READ, "zeros 8388608\n");
	limits.output = 4 * MEBIBYTE;
	make_zeros(&zip, 8 * MEBIBYTE);
	check_limited(&zip, &limits, ARCHIVE_OVER_LIMIT, "zeros 8388608\n");
}

static void
test_stop(void **state)
{
	struct archive_budget budget = { .limits = generous };
	struct seen seen = { .arena = arena_new(0), .budget = &budget, .stop_after = 1 };
	struct buf zip = { .limit = 0 };

	(void)state;
	make_zip(&zip, "store", two_files, 3);
	assert_int_equal(read_told(seen.arena, buf_span(&zip), &budget, note, &seen), ARCHIVE_READ);
	assert_int_equal(seen.members, 1);
	buf_free(&zip);
	buf_free(&seen.text);
	arena_free(&seen.arena);
}

static bool
give_up(void *context, const struct archive_member *m)
{
	(void)m;
	arena_give_up(context, "enough");
}

/* Leaving through the arena leaks nothing (the leak checker watches). */
static void
test_leaving_by_the_arena(void **state)
{
	struct archive_budget budget = { .limits = generous };
	struct arena *a = arena_new(0);
	struct buf zip = { .limit = 0 };
	jmp_buf escape;

	(void)state;
	make_zeros(&zip, MEBIBYTE);
	if (setjmp(escape) == 0) {
		arena_set_escape(a, &escape);
		read_told(a, buf_span(&zip), &budget, give_up, a);
		fail();
	}
	assert_string_equal(arena_gave_up(a), "enough");
	arena_free(&a);
	buf_free(&zip);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stored_and_deflated),
		cmocka_unit_test(test_not_an_archive),
		cmocka_unit_test(test_encrypted),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_name_that_is_not_what_it_says),
		cmocka_unit_test(test_two_readings),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_wrong_checksum),
		cmocka_unit_test(test_split_mark),
		cmocka_unit_test(test_damaged_content),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_too_deep),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_leaving_by_the_arena),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
