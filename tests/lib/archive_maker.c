/* See archive_maker.h. */
#include "config.h"

#include "archive_maker.h"

#include "engine/magic.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>

#define MUST(condition) ((condition) ? (void)0 : abort())

enum { SHOWN_MAX = 40 };

const struct archive_limits generous_limits = { .entries = 1000, .depth = 8, .output = 64 << 20, .ratio = 100 };

static la_ssize_t
write_to_buf(struct archive *archive, void *context, const void *data, size_t len)
{
	(void)archive;
	buf_add(context, data, len);
	return (la_ssize_t)len;
}

static void
write_files(struct archive *w, const struct made_file *files, size_t count)
{
	struct archive_entry *e = archive_entry_new();

	for (size_t i = 0; i < count; i++) {
		archive_entry_clear(e);
		archive_entry_set_pathname(e, files[i].name);
		archive_entry_set_filetype(e, files[i].directory ? AE_IFDIR : AE_IFREG);
		archive_entry_set_perm(e, 0644);
		archive_entry_set_size(e, (la_int64_t)files[i].content.len);
		MUST(archive_write_header(w, e) >= ARCHIVE_WARN);
		if (files[i].content.len > 0)
			MUST(archive_write_data(w, files[i].content.data, files[i].content.len) >= 0);
	}
	archive_entry_free(e);
}

void
make_archive(struct buf *out, int (*format)(struct archive *), int (*filter)(struct archive *),
    const struct made_file *files, size_t count)
{
	struct archive *w = archive_write_new();

	MUST(format(w) >= ARCHIVE_WARN);
	if (filter != NULL)
		MUST(filter(w) >= ARCHIVE_WARN);
	archive_write_set_bytes_in_last_block(w, 1);
	MUST(archive_write_open(w, out, NULL, write_to_buf, NULL) == ARCHIVE_OK);
	write_files(w, files, count);
	MUST(archive_write_free(w) == ARCHIVE_OK && !out->failed);
}

void
make_compressed(struct buf *out, int (*filter)(struct archive *), struct span content)
{
	const struct made_file file = { "file", content, false };

	make_archive(out, archive_write_set_format_raw, filter, &file, 1);
}

void
put_number(struct buf *b, uint64_t value, size_t octets)
{
	for (; octets-- > 0; value >>= 8)
		buf_add_byte(b, (char)value);
}

uint32_t
checksum_of(struct span s)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < s.len; i++) {
		crc ^= (unsigned char)s.data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

/* --- Zip --- */

static void
put_sizes(struct buf *b, const struct raw_entry *e, bool directory)
{
	put_number(b, checksum_of(e->content) + (directory ? e->more_crc : 0), 4);
	put_number(b, e->content.len + (directory ? e->more_packed : 0), 4);
	put_number(b, e->content.len + (directory ? e->more_size : 0), 4);
}

/* What both kinds of header share, in this order. */
static void
put_header(struct buf *b, const struct raw_entry *e, const char *name, bool directory)
{
	put_number(b, 20, 2);
	put_number(b, e->flags | (e->descriptor ? 8 : 0) | (directory ? e->directory_flags : 0), 2);
	put_number(b, directory && e->directory_method != 0 ? e->directory_method : e->method, 2);
	put_number(b, 0, 4); /* time */
	if (e->descriptor && !directory)
		put_number(b, 0, 12);
	else
		put_sizes(b, e, directory);
	put_number(b, strlen(name), 2);
	put_number(b, e->extra.len, 2);
}

static void
put_local(struct buf *out, const struct raw_entry *e)
{
	buf_add_str(out, "PK\x03\x04");
	put_header(out, e, e->name, false);
	buf_add_str(out, e->name);
	buf_add_span(out, e->extra);
	buf_add_span(out, e->content);
	if (e->descriptor) {
		buf_add_str(out, "PK\x07\x08");
		put_sizes(out, e, false);
	}
}

static void
put_central(struct buf *out, const struct raw_entry *e, uint32_t offset)
{
	const char *name = e->directory_name != NULL ? e->directory_name : e->name;

	buf_add_str(out, "PK\x01\x02");
	put_number(out, 20, 2);
	put_header(out, e, name, true);
	put_number(out, 0, 2 + 2 + 2 + 4); /* comment, disk, attributes */
	put_number(out, offset, 4);
	buf_add_str(out, name);
	buf_add_span(out, e->extra);
}

void
make_raw_zip(struct buf *out, const struct raw_entry *entries, size_t count, const char *comment)
{
	uint32_t offsets[16], start, begin = (uint32_t)out->len, listed = 0;

	MUST(count <= 16);
	for (size_t i = 0; i < count; i++) {
		offsets[i] = (uint32_t)out->len - begin;
		put_local(out, &entries[i]);
	}
	start = (uint32_t)out->len;
	for (size_t i = 0; i < count; i++)
		if (!entries[i].unlisted) {
			put_central(out, &entries[i], offsets[i]);
			listed++;
		}
	buf_add_str(out, "PK\x05\x06");
	put_number(out, 0, 4);
	put_number(out, listed, 2);
	put_number(out, listed, 2);
	put_number(out, (uint32_t)(out->len - 12) - start, 4);
	put_number(out, start - begin, 4);
	put_number(out, strlen(comment), 2);
	buf_add_str(out, comment);
}

/* --- Telling --- */

static bool
note_member(void *context, const struct archive_member *m)
{
	struct told *t = context;

	t->members++;
	if (!t->quiet) {
		for (unsigned i = 1; i < t->depth; i++)
			buf_add_byte(&t->text, '>');
		buf_add_span(&t->text, m->name);
		buf_printf(&t->text, " %llu", (unsigned long long)m->size);
		buf_add_str(&t->text, m->encrypted ? " encrypted" : m->directory ? " directory" : "");
		if (m->content.len > 0 && m->content.len < SHOWN_MAX) {
			buf_add_byte(&t->text, ' ');
			buf_add_span(&t->text, m->content);
		}
		buf_add_byte(&t->text, '\n');
	}
	if (m->content.len > 0)
		tell_content(t, m->content, NULL);
	return true;
}

static void
note_trait(void *context, enum trait trait)
{
	struct told *t = context;

	t->traits |= UINT32_C(1) << trait;
}

static void
note_uri(void *context, struct span uri)
{
	(void)context;
	(void)uri;
}

void
tell_content(struct told *t, struct span data, const struct archive_limits *limits)
{
	const struct container_sink sink = { .context = t, .member = note_member, .trait = note_trait, .uri = note_uri };
	const char *magic = magic_of(data);

	if (t->arena == NULL) {
		t->arena = arena_new(0);
		t->budget.limits = limits != NULL ? *limits : generous_limits;
		t->worst = ARCHIVE_NONE;
	}
	t->depth++;
	t->result = container_may_be(magic, data) ? container_read(t->arena, magic, data, &t->budget, &sink) : ARCHIVE_NONE;
	t->depth--;
	t->worst = archive_worse(t->worst, t->result);
}

void
told_free(struct told *t)
{
	arena_free(&t->arena);
	buf_free(&t->text);
}
