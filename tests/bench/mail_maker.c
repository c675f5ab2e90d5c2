/* A whole message: its fields and its tree of parts.
 *
 * A small one is multipart/alternative; one that is larger than a letter
 * becomes multipart/mixed with one to three attachments. What is drawn comes
 * from splitmix64, and dates and names are drawn too: no clock is asked. */
#include "config.h"

#include "mail_maker.h"

enum {
	LETTER_MAX = 16 * 1024, /* above this a message has attachments */
	LETTER_TYPICAL = 6000,  /* the letter that comes with attachments */
	ATTACHMENTS_MAX = 3,
};

/* Some of the commonest words of letters; what rules look for is among them. */
static const char common[][WORD_MAX + 1] = {
	"the", "of", "and", "to", "in", "is", "you", "that", "it", "for", "was", "on", "are", "as", "with", "we",
	"your", "please", "this", "have", "order", "account", "meeting", "invoice", "regards", "team", "attached",
	"free", "click", "here", "offer", "update", "message", "delivery", "payment", "number", "today", "thank",
	"contact", "price", "customer", "service", "report", "project", "address", "password", "review", "office",
};
enum { COMMON = sizeof(common) / sizeof(common[0]) };

static const struct attachment_kind kinds[] = {
	{ "image/jpeg", "photo.jpg", "\xff\xd8\xff\xe0\0\x10JFIF", 10 },
	{ "application/pdf", "report.pdf", "%PDF-1.4\n", 9 },
	{ "application/zip", "files.zip", NULL, 0 },
	{ "image/png", "chart.png", "\x89PNG\r\n\x1a\n", 8 },
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

/* splitmix64 by Sebastiano Vigna, public domain. */
static uint64_t
draw(struct mail_maker *m)
{
	uint64_t z = m->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

uint32_t
mail_pick(struct mail_maker *m, uint32_t n)
{
	return (uint32_t)((draw(m) >> 32) * n >> 32);
}

const char *
mail_word(struct mail_maker *m)
{
	uint32_t i = mail_pick(m, WORDS);

	return m->words[mail_pick(m, mail_pick(m, i + 1) + 1)];
}

/* Letters as often as in English, so that the text has its alphabet's entropy. */
static void
invent_word(struct mail_maker *m, char word[WORD_MAX + 1])
{
	static const char letters[] = "etaoinshrdlucmfwypvbgkjqxz";
	uint32_t len = 3 + mail_pick(m, WORD_MAX - 3);

	for (uint32_t i = 0; i < len; i++)
		word[i] = letters[mail_pick(m, mail_pick(m, sizeof(letters) - 1) + 1)];
	word[len] = '\0';
}

void
mail_maker_init(struct mail_maker *m, uint64_t seed)
{
	*m = (struct mail_maker){ .state = seed };
	memcpy(m->words, common, sizeof(common));
	for (size_t i = COMMON; i < WORDS; i++)
		invent_word(m, m->words[i]);
}

void
mail_maker_free(struct mail_maker *m)
{
	buf_free(&m->message);
	buf_free(&m->scratch);
}

static void
add_base64_line(struct mail_maker *m, unsigned len)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	while (len-- > 0)
		buf_add_byte(&m->message, alphabet[mail_pick(m, 64)]);
}

static void
add_trace_fields(struct mail_maker *m)
{
	struct buf *out = &m->message;

	buf_printf(out, "Return-Path: <sender%u@example.com>\r\n", m->count);
	for (unsigned hop = 0; hop < 3; hop++) {
		buf_printf(out, "Received: from mx%u.example.com (mx%u.example.com [192.0.2.%u])\r\n", hop, hop,
		    1 + mail_pick(m, 250));
		buf_printf(out, "\tby mail%u.example.org (Postfix) with ESMTPS id %08X%04X\r\n", hop,
		    mail_pick(m, UINT32_MAX), mail_pick(m, 65536));
		buf_printf(out, "\tfor <recipient@example.org>; Tue, 14 Jan 2025 12:%02u:%02u +0000 (UTC)\r\n",
		    mail_pick(m, 60), mail_pick(m, 60));
	}
	buf_add_str(out, "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=s1;\r\n"
			 "\th=from:to:subject:date:message-id:mime-version:content-type;\r\n\tbh=");
	add_base64_line(m, 43);
	buf_add_str(out, "=;\r\n\tb=");
	for (unsigned line = 0; line < 5; line++) {
		add_base64_line(m, 66);
		buf_add_str(out, "\r\n\t ");
	}
	add_base64_line(m, 14);
	buf_add_str(out, "==\r\n");
}

static void
add_fields(struct mail_maker *m)
{
	struct buf *out = &m->message;

	add_trace_fields(m);
	buf_printf(out, "From: \"%s %s\" <sender%u@example.com>\r\n", mail_word(m), mail_word(m), m->count);
	buf_add_str(out, "To: <recipient@example.org>\r\n");
	buf_printf(out, "Subject: %s %s %s %s\r\n", mail_word(m), mail_word(m), mail_word(m), mail_word(m));
	buf_printf(out, "Date: Tue, 14 Jan 2025 12:00:%02u +0000\r\n", mail_pick(m, 60));
	buf_printf(out, "Message-ID: <%08x.%08x@example.com>\r\n", mail_pick(m, UINT32_MAX), mail_pick(m, UINT32_MAX));
	buf_add_str(out, "User-Agent: Letters 1.4\r\nMIME-Version: 1.0\r\n");
}

/* A third plain text, the rest HTML, as mail programs write one letter twice. */
static void
add_letter(struct mail_maker *m, size_t until)
{
	struct buf *out = &m->message;
	size_t text = until > out->len ? out->len + (until - out->len) / 3 : 0;

	buf_add_str(out, "Content-Type: multipart/alternative; boundary=\"=_letter_4d1f09a7\"\r\n\r\n"
			 "--=_letter_4d1f09a7\r\n"
			 "Content-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n");
	mail_add_text(m, text);
	buf_add_str(out, "\r\n--=_letter_4d1f09a7\r\n"
			 "Content-Type: text/html; charset=UTF-8\r\n"
			 "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
	mail_add_html(m, until);
	buf_add_str(out, "\r\n--=_letter_4d1f09a7--\r\n");
}

static void
add_attachment(struct mail_maker *m, const struct attachment_kind *kind, size_t until)
{
	buf_printf(&m->message,
	    "\r\n--=_mixed_81c2e6b3\r\nContent-Type: %s; name=\"%s\"\r\nContent-Transfer-Encoding: base64\r\n"
	    "Content-Disposition: attachment; filename=\"%s\"\r\n\r\n",
	    kind->type, kind->name, kind->name);
	mail_add_attachment(m, kind, until);
}

static void
add_letter_with_attachments(struct mail_maker *m, size_t until)
{
	struct buf *out = &m->message;
	unsigned attachments = 1 + m->count % ATTACHMENTS_MAX;

	buf_add_str(out, "Content-Type: multipart/mixed; boundary=\"=_mixed_81c2e6b3\"\r\n\r\n--=_mixed_81c2e6b3\r\n");
	add_letter(m, out->len + LETTER_TYPICAL);
	for (unsigned left = attachments; left > 0 && until > out->len; left--)
		add_attachment(m, &kinds[(m->count + left) % KINDS], out->len + (until - out->len) / left);
	buf_add_str(out, "\r\n--=_mixed_81c2e6b3--\r\n");
}

struct span
mail_make(struct mail_maker *m, size_t size)
{
	buf_clear(&m->message);
	m->count++;
	add_fields(m);
	if (size <= LETTER_MAX)
		add_letter(m, size);
	else
		add_letter_with_attachments(m, size);
	return m->message.failed ? SPAN_NONE : buf_span(&m->message);
}
