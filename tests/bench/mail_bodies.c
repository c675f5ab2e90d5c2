/* The bodies of made messages.
 *
 * Each is written plainly into the scratch buffer and then encoded, as a mail
 * program does, so what comes out is what its decoder must undo. Text and HTML
 * are cut at a paragraph, attachments at a line: a message is some hundred
 * octets longer or shorter than was asked for. */
#include "config.h"

#include "mail_maker.h"

#include "base/codec.h"

#include <archive.h>
#include <archive_entry.h>

enum {
	TEXT_LINE = 72,
	QUOTED_LINE = 76,     /* RFC 2045 6.7 */
	BASE64_LINE = 76,     /* RFC 2045 6.8 */
	ZIP_FRAME = 512,      /* more than a zip with one entry holds besides it */
	ZIP_TIME = 1736856000 /* 2025-01-14 12:00 UTC */
};

/* Words with a full stop, their lines broken by `line_end`. */
static void
add_sentence(struct mail_maker *m, struct buf *out, const char *line_end, size_t *column)
{
	uint32_t words = 6 + mail_pick(m, 12);

	for (uint32_t i = 0; i < words; i++) {
		const char *word = mail_word(m);

		if (*column + strlen(word) > TEXT_LINE) {
			buf_add_str(out, line_end);
			*column = 0;
		}
		buf_printf(out, "%s%s", *column > 0 ? " " : "", word);
		*column += strlen(word) + 1;
	}
	buf_add_byte(out, '.');
	*column += 1;
}

void
mail_add_text(struct mail_maker *m, size_t until)
{
	struct buf *out = &m->message;

	do {
		size_t column = 0;

		for (uint32_t left = 1 + mail_pick(m, 5); left > 0; left--)
			add_sentence(m, out, "\r\n", &column);
		buf_add_str(out, "\r\n\r\n");
		if (mail_pick(m, 4) == 0)
			buf_printf(out, "https://www.%s.example/%s?id=%u\r\n\r\n", mail_word(m), mail_word(m),
			    mail_pick(m, UINT32_MAX));
	} while (out->len < until);
}

/* RFC 2045 6.7, without the end of the last line. Line ends stay. */
static void
add_quoted_printable(struct buf *out, struct span s)
{
	size_t column = 0;

	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.data[i];
		bool plain = c == '\r' || c == '\n' || (c >= ' ' && c < 0x7f && c != '=');

		if (column + (plain ? 1 : 3) >= QUOTED_LINE && c != '\r' && c != '\n') {
			buf_add_str(out, "=\r\n");
			column = 0;
		}
		if (plain)
			buf_add_byte(out, (char)c);
		else
			buf_printf(out, "=%02X", c);
		column = c == '\n' ? 0 : column + (plain ? 1 : 3);
	}
}

static void
add_html_paragraph(struct mail_maker *m, struct buf *out)
{
	size_t column = 0;

	switch (mail_pick(m, 4)) {
	case 0:
		buf_printf(out, "<div class=\"%s\"><a href=\"https://%s.example/%s\">%s</a></div>\r\n", mail_word(m),
		    mail_word(m), mail_word(m), mail_word(m));
		break;
	case 1:
		buf_printf(out, "<table width=\"600\"><tr><td>%s</td><td>\u20ac %u</td></tr></table>\r\n", mail_word(m),
		    mail_pick(m, 1000));
		break;
	case 2:
		buf_printf(out, "<img src=\"https://images.%s.example/%s.png\" width=\"%u\" alt=\"%s\">\r\n", mail_word(m),
		    mail_word(m), 100 + mail_pick(m, 500), mail_word(m));
		break;
	default:
		buf_printf(out, "<h2>%s \u2013 caf\u00e9 %s</h2>\r\n", mail_word(m), mail_word(m));
	}
	buf_add_str(out, "<p style=\"font-size: 14px; color: #333333\">");
	for (uint32_t left = 1 + mail_pick(m, 4); left > 0; left--)
		add_sentence(m, out, "\r\n", &column);
	buf_add_str(out, "</p>\r\n");
}

void
mail_add_html(struct mail_maker *m, size_t until)
{
	struct buf *html = &m->scratch;

	buf_clear(html);
	buf_add_str(html, "<!DOCTYPE html>\r\n<html><head><meta charset=\"utf-8\">\r\n"
			  "<style>p { margin: 0 } td { padding: 4px }</style></head>\r\n<body>\r\n");
	do {
		add_html_paragraph(m, html);
		add_quoted_printable(&m->message, buf_span(html));
		buf_consume(html, html->len);
	} while (m->message.len < until);
	buf_add_str(&m->message, "</body></html>\r\n");
	m->message.failed |= html->failed;
}

/* Numbers without pattern stand for what is compressed already. */
static void
add_noise(struct mail_maker *m, struct buf *out, size_t len)
{
	for (size_t i = 0; i + 4 <= len; i += 4)
		buf_put_u32(out, mail_pick(m, UINT32_MAX));
}

/* A zip with one picture in it, deflated, as a scanner must unpack it. */
static void
add_zip(struct mail_maker *m, struct buf *out, size_t len)
{
	struct archive *a = archive_write_new();
	struct archive_entry *entry = archive_entry_new();
	struct buf content = { 0 };
	size_t used = 0, most = len + len / ZIP_FRAME + ZIP_FRAME; /* deflate makes noise a little longer */
	char *room = buf_reserve(out, most);

	add_noise(m, &content, len);
	archive_write_set_format_zip(a);
	archive_entry_set_pathname(entry, "picture.raw");
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0644);
	archive_entry_set_mtime(entry, ZIP_TIME, 0);
	archive_entry_set_size(entry, (int64_t)content.len);
	if (room == NULL || archive_write_open_memory(a, room, most, &used) != ARCHIVE_OK ||
	    archive_write_header(a, entry) != ARCHIVE_OK ||
	    archive_write_data(a, buf_span(&content).data, content.len) != (la_ssize_t)content.len ||
	    archive_write_close(a) != ARCHIVE_OK)
		out->failed = true;
	else
		buf_commit(out, used);
	buf_free(&content);
	archive_entry_free(entry);
	archive_write_free(a);
}

void
mail_add_attachment(struct mail_maker *m, const struct attachment_kind *kind, size_t until)
{
	struct buf *content = &m->scratch;
	size_t room = until > m->message.len ? until - m->message.len : 0;
	size_t len = room / (BASE64_LINE + 2) * (BASE64_LINE / 4 * 3);

	buf_clear(content);
	if (kind->magic == NULL) {
		add_zip(m, content, len > ZIP_FRAME ? len - ZIP_FRAME : 0);
	} else {
		buf_add(content, kind->magic, kind->magic_len);
		add_noise(m, content, len);
	}
	base64_encode(&m->message, buf_span(content), BASE64_LINE);
	buf_add_str(&m->message, "\r\n");
	m->message.failed |= content->failed;
}
