/* What a server offers in its reply to EHLO, and what we then offer.
 *
 * Reading is from an allow-list: an extension has a bit because something in
 * gatepost knows what it does to a session. Its parameters are kept as they
 * came if they are printable ASCII and fit; an extension whose parameters do
 * not parse is as good as not offered. */
#include "config.h"

#include "wire/smtp_reply.h"

#include "wire/sasl.h"

/* A value that is kept as text, and where. */
struct slot {
	size_t offset, size;
};
#define SLOT(member) { offsetof(struct smtp_offers, member), sizeof(((struct smtp_offers *)0)->member) }
#define NO_SLOT { 0, 0 }

/* In the order they are printed. */
static const struct keyword {
	enum smtp_extension extension;
	const char *name;
	struct slot slot;
	bool never_shown;
} keywords[] = {
	{ EXT_PIPELINING, "PIPELINING", NO_SLOT, false },
	{ EXT_SIZE, "SIZE", NO_SLOT, false },
	{ EXT_VRFY, "VRFY", NO_SLOT, false },
	{ EXT_EXPN, "EXPN", NO_SLOT, false },
	{ EXT_STARTTLS, "STARTTLS", NO_SLOT, false },
	{ EXT_AUTH, "AUTH", SLOT(auth), false },
	{ EXT_ENHANCEDSTATUSCODES, "ENHANCEDSTATUSCODES", NO_SLOT, false },
	{ EXT_8BITMIME, "8BITMIME", NO_SLOT, false },
	{ EXT_DSN, "DSN", NO_SLOT, false },
	{ EXT_SMTPUTF8, "SMTPUTF8", NO_SLOT, false },
	{ EXT_CHUNKING, "CHUNKING", NO_SLOT, false },
	{ EXT_BINARYMIME, "BINARYMIME", NO_SLOT, false },
	{ EXT_LIMITS, "LIMITS", SLOT(limits), false },
	{ EXT_REQUIRETLS, "REQUIRETLS", NO_SLOT, false },
	{ EXT_DELIVERBY, "DELIVERBY", SLOT(deliverby), false },
	{ EXT_MT_PRIORITY, "MT-PRIORITY", SLOT(mt_priority), false },
	{ EXT_HELP, "HELP", NO_SLOT, false },
	{ EXT_XCLIENT, "XCLIENT", SLOT(xclient), true },
};
enum { KEYWORDS = sizeof(keywords) / sizeof(keywords[0]) };

static const struct {
	const char *keyword;
	enum smtp_verb verb;
	unsigned extensions;
} params[] = {
	{ "SIZE", SMTP_MAIL, EXT_SIZE },
	{ "BODY", SMTP_MAIL, EXT_8BITMIME | EXT_BINARYMIME },
	{ "SMTPUTF8", SMTP_MAIL, EXT_SMTPUTF8 },
	{ "RET", SMTP_MAIL, EXT_DSN },
	{ "ENVID", SMTP_MAIL, EXT_DSN },
	{ "AUTH", SMTP_MAIL, EXT_AUTH },
	{ "BY", SMTP_MAIL, EXT_DELIVERBY },
	{ "MT-PRIORITY", SMTP_MAIL, EXT_MT_PRIORITY },
	{ "REQUIRETLS", SMTP_MAIL, EXT_REQUIRETLS },
	{ "NOTIFY", SMTP_RCPT, EXT_DSN },
	{ "ORCPT", SMTP_RCPT, EXT_DSN },
};

unsigned
smtp_param_extensions(enum smtp_verb verb, struct span keyword)
{
	for (size_t i = 0; i < sizeof(params) / sizeof(params[0]); i++)
		if (params[i].verb == verb && span_is_nocase(keyword, params[i].keyword))
			return params[i].extensions;
	return 0;
}

static const struct keyword *
find_keyword(struct span name)
{
	for (size_t i = 0; i < KEYWORDS; i++)
		if (span_is_nocase(name, keywords[i].name))
			return &keywords[i];
	return NULL;
}

static bool
keep_text(struct smtp_offers *o, const struct slot *slot, struct span value)
{
	char *text = (char *)o + slot->offset;

	if (value.len >= slot->size || !span_is_printable(value))
		return false;
	memcpy(text, value.data, value.len);
	text[value.len] = '\0';
	return true;
}

static bool
keep_size(struct smtp_offers *o, struct span value)
{
	uint64_t size = 0;

	if (value.len > 0 && !span_to_u64(value, &size))
		return false;
	o->size = size;
	return true;
}

static bool
keep_mechanisms(struct smtp_offers *o, struct span value)
{
	struct span mechanism;

	while (span_split(&value, ' ', &mechanism))
		sasl_add_mechanism(o->auth, sizeof(o->auth), mechanism);
	return o->auth[0] != '\0';
}

static bool
keep_value(struct smtp_offers *o, const struct keyword *k, struct span value)
{
	if (k->extension == EXT_SIZE)
		return keep_size(o, value);
	if (k->extension == EXT_AUTH)
		return keep_mechanisms(o, value);
	return k->slot.size == 0 || keep_text(o, &k->slot, value);
}

static size_t
name_length(struct span line)
{
	size_t len = 0;

	while (len < line.len && line.data[len] != ' ' && line.data[len] != '=')
		len++;
	return len;
}

/* line: without its code and CRLF. */
static void
parse_line(struct span line, struct smtp_offers *o)
{
	size_t len = name_length(line);
	const struct keyword *k = find_keyword(span_first(line, len));
	bool equals = len < line.len && line.data[len] == '=';

	if (k == NULL || (equals && k->extension != EXT_AUTH))
		return;
	if (keep_value(o, k, span_trim(span_from(line, len + 1))))
		o->extensions |= k->extension;
}

void
smtp_offers_parse(struct span reply, struct smtp_offers *o)
{
	const size_t prefix = strlen("250-");
	struct span line;

	*o = (struct smtp_offers){ .extensions = 0 };
	span_split(&reply, '\n', &line); /* the domain and the greeting */
	while (span_split(&reply, '\n', &line))
		parse_line(span_trim(span_from(line, prefix)), o);
}

void
smtp_offers_filter_auth(struct smtp_offers *o)
{
	sasl_filter(o->auth);
	if (o->auth[0] == '\0')
		o->extensions &= ~(unsigned)EXT_AUTH;
}

static bool
is_hidden(const struct keyword *k, const char *const *hidden, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (span_is_nocase(span_str(hidden[i]), k->name))
			return true;
	return k->never_shown;
}

static void
print_value(struct buf *out, const struct keyword *k, const struct smtp_offers *o)
{
	const char *text = k->slot.size > 0 ? (const char *)o + k->slot.offset : "";

	if (text[0] != '\0')
		buf_printf(out, " %s", text);
	if (k->extension == EXT_SIZE && o->size > 0)
		buf_printf(out, " %llu", (unsigned long long)o->size);
}

static void
print_first(struct buf *out, struct span first)
{
	buf_add_str(out, "250-");
	for (size_t i = 0; i < first.len; i++)
		buf_add_byte(out, (unsigned char)first.data[i] < ' ' || first.data[i] == 0x7f ? '?' : first.data[i]);
	buf_add_str(out, "\r\n");
}

void
smtp_offers_print(struct buf *out, struct span first, const struct smtp_offers *o,
    const char *const *hidden, size_t hidden_count)
{
	size_t last = out->len;

	print_first(out, first);
	for (size_t i = 0; i < KEYWORDS; i++) {
		const struct keyword *k = &keywords[i];

		if ((o->extensions & k->extension) == 0 || is_hidden(k, hidden, hidden_count))
			continue;
		last = out->len;
		buf_printf(out, "250-%s", k->name);
		print_value(out, k, o);
		buf_add_str(out, "\r\n");
	}
	if (!out->failed)
		out->data[out->start + last + strlen("250")] = ' ';
}
