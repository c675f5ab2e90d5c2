/* What a server offers in its reply to CAPA, and what we then offer.
 *
 * As with EHLO, reading is from an allow-list: a capability has a bit because
 * something in gatepost knows what it does to a session. */
#include "config.h"

#include "wire/pop3_offers.h"

#include "wire/sasl.h"

enum argument {
	NO_ARGUMENT, /* one is ignored */
	OPTIONAL_ARGUMENT,
	ARGUMENT,
};

/* In the order they are printed. */
static const struct capability {
	enum pop3_capability bit;
	const char *name;
	enum argument argument;
	size_t offset, size; /* where it is kept */
} capabilities[] = {
#define SLOT(member) offsetof(struct pop3_offers, member), sizeof(((struct pop3_offers *)0)->member)
	{ POP3_CAPA_TOP, "TOP", NO_ARGUMENT, 0, 0 },
	{ POP3_CAPA_USER, "USER", NO_ARGUMENT, 0, 0 },
	{ POP3_CAPA_SASL, "SASL", ARGUMENT, SLOT(sasl) },
	{ POP3_CAPA_STLS, "STLS", NO_ARGUMENT, 0, 0 },
	{ POP3_CAPA_UIDL, "UIDL", NO_ARGUMENT, 0, 0 },
	{ POP3_CAPA_RESP_CODES, "RESP-CODES", NO_ARGUMENT, 0, 0 },
	{ POP3_CAPA_AUTH_RESP_CODE, "AUTH-RESP-CODE", NO_ARGUMENT, 0, 0 },
	{ POP3_CAPA_PIPELINING, "PIPELINING", NO_ARGUMENT, 0, 0 },
	{ POP3_CAPA_UTF8, "UTF8", OPTIONAL_ARGUMENT, SLOT(utf8) },
	{ POP3_CAPA_LANG, "LANG", NO_ARGUMENT, 0, 0 },
	{ POP3_CAPA_LOGIN_DELAY, "LOGIN-DELAY", ARGUMENT, SLOT(login_delay) },
	{ POP3_CAPA_EXPIRE, "EXPIRE", ARGUMENT, SLOT(expire) },
	{ POP3_CAPA_IMPLEMENTATION, "IMPLEMENTATION", ARGUMENT, SLOT(implementation) },
#undef SLOT
};
enum { CAPABILITIES = sizeof(capabilities) / sizeof(capabilities[0]) };

static const struct capability *
find_capability(struct span name)
{
	for (size_t i = 0; i < CAPABILITIES; i++)
		if (span_is_nocase(name, capabilities[i].name))
			return &capabilities[i];
	return NULL;
}

static bool
keep_mechanisms(struct pop3_offers *o, struct span value)
{
	struct span mechanism;

	while (span_split(&value, ' ', &mechanism))
		sasl_add_mechanism(o->sasl, sizeof(o->sasl), mechanism);
	return o->sasl[0] != '\0';
}

static bool
keep_argument(struct pop3_offers *o, const struct capability *c, struct span value)
{
	char *text = (char *)o + c->offset;

	if (c->argument == NO_ARGUMENT)
		return true;
	if (c->bit == POP3_CAPA_SASL)
		return keep_mechanisms(o, value);
	if (value.len >= c->size || !span_is_printable(value) || (c->argument == ARGUMENT && value.len == 0))
		return false;
	if (value.len > 0)
		memcpy(text, value.data, value.len);
	text[value.len] = '\0';
	return true;
}

void
pop3_offers_add(struct pop3_offers *o, struct span line)
{
	struct span name = span_first(line, span_find_byte(line, ' '));
	const struct capability *c = find_capability(name);

	if (c != NULL && keep_argument(o, c, span_trim(span_from(line, name.len))))
		o->capabilities |= c->bit;
}

void
pop3_offers_filter_sasl(struct pop3_offers *o)
{
	sasl_filter_named(o->sasl);
	if (o->sasl[0] == '\0')
		o->capabilities &= ~(unsigned)POP3_CAPA_SASL;
}

static bool
is_hidden(const struct capability *c, const char *const *hidden, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (span_is_nocase(span_str(hidden[i]), c->name))
			return true;
	return false;
}

static void
print_capability(struct buf *out, const struct capability *c, const struct pop3_offers *o)
{
	const char *text = c->argument != NO_ARGUMENT ? (const char *)o + c->offset : "";

	if (c->argument == ARGUMENT && text[0] == '\0')
		return;
	buf_add_str(out, c->name);
	if (text[0] != '\0')
		buf_printf(out, " %s", text);
	buf_add_str(out, "\r\n");
}

void
pop3_offers_print(struct buf *out, const struct pop3_offers *o, const char *const *hidden, size_t hidden_count)
{
	buf_add_str(out, "+OK capability list follows\r\n");
	for (size_t i = 0; i < CAPABILITIES; i++) {
		const struct capability *c = &capabilities[i];

		if ((o->capabilities & c->bit) != 0 && !is_hidden(c, hidden, hidden_count))
			print_capability(out, c, o);
	}
	buf_add_str(out, ".\r\n");
}
