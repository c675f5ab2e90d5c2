/* Makes messages that look like mail: trace and signature fields, a body as
 * plain text and as quoted-printable HTML, attachments in base64. The same
 * build makes the same messages from the same seed. */
#ifndef BENCH_MAIL_MAKER_H
#define BENCH_MAIL_MAKER_H

#include "base/buf.h"

enum { WORDS = 4000, WORD_MAX = 12 };

struct mail_maker {
	uint64_t state; /* of the generator of numbers */
	unsigned count; /* messages made */
	char words[WORDS][WORD_MAX + 1];
	struct buf message;
	struct buf scratch; /* a body before its transfer encoding */
};

void mail_maker_init(struct mail_maker *m, uint64_t seed);
void mail_maker_free(struct mail_maker *m);

/* The next message, of about `size` octets and not less than the 3,000 of its
 * fields and shortest body; lives until the next call. */
struct span mail_make(struct mail_maker *m, size_t size);

/* A number below n, each as likely. */
uint32_t mail_pick(struct mail_maker *m, uint32_t n);
/* A word, a few of them often and most of them seldom, as in a language. */
const char *mail_word(struct mail_maker *m);

/* Bodies with their transfer encoding, appended to the message until it has
 * `until` octets; each ends with CRLF. */
void mail_add_text(struct mail_maker *m, size_t until);
void mail_add_html(struct mail_maker *m, size_t until);

struct attachment_kind {
	const char *type, *name;
	const char *magic; /* what the content begins with; NULL: it is a zip */
	size_t magic_len;
};
void mail_add_attachment(struct mail_maker *m, const struct attachment_kind *kind, size_t until);

#endif
