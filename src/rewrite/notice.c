/* Notices. What a message says of itself (a part's name) is shown only after
 * it was cleaned, in quotation marks; the rest are our words and the rules'. */
#include "config.h"

#include "rewrite/notice.h"

#include "base/codec.h"

#include <inttypes.h>

enum {
	REASONS_SHOWN = 8,  /* a notice stays short, however much was found */
	ABOUT_SHOWN = 500,  /* a line stays below the 998 octets of RFC 5322 2.1.1 */
	BASE64_LINE = 76,   /* RFC 2045 6.8 */
};

static void
add_quoted(struct text *t, struct span name)
{
	text_add(t, SPAN_LITERAL("\""));
	text_add(t, shown_text(t->arena, name, SHOWN_NAME_MAX));
	text_add(t, SPAN_LITERAL("\""));
}

static void
add_reason(struct text *t, const struct notice_reason *r)
{
	text_printf(t, "Reason: ");
	if (r->about != NULL) {
		text_add(t, shown_text(t->arena, span_str(r->about), ABOUT_SHOWN));
		text_printf(t, " (%s)", r->rule);
	} else {
		text_printf(t, "rule %s", r->rule);
	}
	if (r->found.len > 0) {
		text_printf(t, ", found in ");
		add_quoted(t, r->found);
	}
	text_printf(t, "\r\n");
}

struct span
notice_text(struct arena *a, const struct notice *n)
{
	struct text t = { .arena = a };

	text_printf(&t, "The %s ", n->what);
	if (n->name.len > 0)
		add_quoted(&t, n->name);
	else
		text_printf(&t, "that was here");
	text_printf(&t, " was removed from this message.\r\n\r\n");
	for (size_t i = 0; i < n->reason_count && i < REASONS_SHOWN; i++)
		add_reason(&t, &n->reasons[i]);
	if (n->reason_count > REASONS_SHOWN)
		text_printf(&t, "and %zu more\r\n", n->reason_count - REASONS_SHOWN);
	text_printf(&t, "Size: %" PRIu64 " octets\r\n", n->size);
	if (n->sha256[0] != '\0')
		text_printf(&t, "SHA-256: %s\r\n", n->sha256);
	text_printf(&t, "\r\nThe original message is kept in quarantine by the postmaster.\r\n");
	return text_span(&t);
}

struct span
notice_line(struct arena *a, const struct notice *n)
{
	struct text t = { .arena = a };

	text_printf(&t, "[The %s", n->what);
	if (n->name.len > 0) {
		text_printf(&t, " \"");
		text_add(&t, shown_text_ascii(a, n->name, SHOWN_NAME_MAX));
		text_printf(&t, "\"");
	}
	text_printf(&t, " was removed: rule %s, %" PRIu64 " octets", n->reasons[0].rule, n->size);
	if (n->sha256[0] != '\0')
		text_printf(&t, ", SHA-256 %s", n->sha256);
	text_add(&t, SPAN_LITERAL("]"));
	return text_span(&t);
}

struct span
notice_withheld(struct arena *a, struct span reason)
{
	struct text t = { .arena = a };

	text_printf(&t, "The content of this message was withheld.\r\n\r\n");
	if (reason.len > 0) {
		text_printf(&t, "Reason: ");
		text_add(&t, shown_text(a, reason, ABOUT_SHOWN));
		text_printf(&t, "\r\n\r\n");
	}
	text_printf(&t, "The original message is kept in quarantine by the postmaster.\r\n");
	return text_span(&t);
}

/* The base64 of the text; a plain buf would leak when the arena gives up, so
 * the arena looks after it. */
static void
release_buf(void *object)
{
	buf_free(object);
}

static struct span
as_base64(struct arena *a, struct span text)
{
	struct buf *b = ARENA_NEW(a, struct buf);

	arena_defer(a, release_buf, b);
	base64_encode(b, text, BASE64_LINE);
	if (b->failed)
		arena_give_up(a, "out of memory");
	return buf_span(b);
}

struct notice_entity
notice_entity(struct arena *a, struct span text, struct span eol)
{
	bool ascii = span_is_ascii(text);
	struct text fields = { .arena = a }, body = { .arena = a };

	text_printf(&fields,
	    "Content-Type: text/plain; charset=utf-8%sContent-Disposition: inline%s"
	    "Content-Transfer-Encoding: %s%s",
	    eol.data, eol.data, ascii ? "7bit" : "base64", eol.data);
	if (ascii && text.len >= 2)
		text.len -= 2;
	text_add_lines(&body, ascii ? text : as_base64(a, text), eol);
	return (struct notice_entity){ text_span(&fields), text_span(&body) };
}
