/* Lists of capabilities.
 *
 * As with EHLO, reading is from an allow-list: a capability has a bit because
 * something in gatepost knows what it does to a session. CATENATE, URLAUTH,
 * CONVERT, REPLACE, NOTIFY, CONTEXT and their like make or show messages in ways
 * that nothing here filters: they have none. */
#include "config.h"

#include "wire/imap_capability.h"

#include "wire/sasl.h"

enum form {
	WORD,     /* NAME */
	VALUE,    /* NAME=value, one */
	OPTIONAL, /* NAME or NAME=value, one */
	VALUES,   /* NAME=value for each of several */
};

/* In the order of enum imap_capability, in which they are printed. */
static const struct capability {
	const char *name;
	enum form form;
	size_t offset, size; /* where values are kept */
} capabilities[IMAP_CAPAS] = {
#define SLOT(member) offsetof(struct imap_offers, member), sizeof(((struct imap_offers *)0)->member)
	[IMAP_CAPA_IMAP4REV1] = { "IMAP4rev1", WORD, 0, 0 },
	[IMAP_CAPA_IMAP4REV2] = { "IMAP4rev2", WORD, 0, 0 },
	[IMAP_CAPA_STARTTLS] = { "STARTTLS", WORD, 0, 0 },
	[IMAP_CAPA_LOGINDISABLED] = { "LOGINDISABLED", WORD, 0, 0 },
	[IMAP_CAPA_AUTH] = { "AUTH", VALUES, SLOT(auth) },
	[IMAP_CAPA_SASL_IR] = { "SASL-IR", WORD, 0, 0 },
	[IMAP_CAPA_LITERAL_PLUS] = { "LITERAL+", WORD, 0, 0 },
	[IMAP_CAPA_LITERAL_MINUS] = { "LITERAL-", WORD, 0, 0 },
	[IMAP_CAPA_ENABLE] = { "ENABLE", WORD, 0, 0 },
	[IMAP_CAPA_ID] = { "ID", WORD, 0, 0 },
	[IMAP_CAPA_IDLE] = { "IDLE", WORD, 0, 0 },
	[IMAP_CAPA_NAMESPACE] = { "NAMESPACE", WORD, 0, 0 },
	[IMAP_CAPA_CHILDREN] = { "CHILDREN", WORD, 0, 0 },
	[IMAP_CAPA_LIST_EXTENDED] = { "LIST-EXTENDED", WORD, 0, 0 },
	[IMAP_CAPA_LIST_STATUS] = { "LIST-STATUS", WORD, 0, 0 },
	[IMAP_CAPA_LIST_MYRIGHTS] = { "LIST-MYRIGHTS", WORD, 0, 0 },
	[IMAP_CAPA_LIST_METADATA] = { "LIST-METADATA", WORD, 0, 0 },
	[IMAP_CAPA_SPECIAL_USE] = { "SPECIAL-USE", WORD, 0, 0 },
	[IMAP_CAPA_CREATE_SPECIAL_USE] = { "CREATE-SPECIAL-USE", WORD, 0, 0 },
	[IMAP_CAPA_XLIST] = { "XLIST", WORD, 0, 0 },
	[IMAP_CAPA_UNSELECT] = { "UNSELECT", WORD, 0, 0 },
	[IMAP_CAPA_UIDPLUS] = { "UIDPLUS", WORD, 0, 0 },
	[IMAP_CAPA_MOVE] = { "MOVE", WORD, 0, 0 },
	[IMAP_CAPA_MULTIAPPEND] = { "MULTIAPPEND", WORD, 0, 0 },
	[IMAP_CAPA_BINARY] = { "BINARY", WORD, 0, 0 },
	[IMAP_CAPA_CONDSTORE] = { "CONDSTORE", WORD, 0, 0 },
	[IMAP_CAPA_QRESYNC] = { "QRESYNC", WORD, 0, 0 },
	[IMAP_CAPA_ESEARCH] = { "ESEARCH", WORD, 0, 0 },
	[IMAP_CAPA_SEARCHRES] = { "SEARCHRES", WORD, 0, 0 },
	[IMAP_CAPA_WITHIN] = { "WITHIN", WORD, 0, 0 },
	[IMAP_CAPA_SORT] = { "SORT", WORD, 0, 0 },
	[IMAP_CAPA_SORT_DISPLAY] = { "SORT=DISPLAY", WORD, 0, 0 },
	[IMAP_CAPA_ESORT] = { "ESORT", WORD, 0, 0 },
	[IMAP_CAPA_THREAD] = { "THREAD", VALUES, SLOT(thread) },
	[IMAP_CAPA_I18NLEVEL] = { "I18NLEVEL", VALUE, SLOT(i18nlevel) },
	[IMAP_CAPA_STATUS_SIZE] = { "STATUS=SIZE", WORD, 0, 0 },
	[IMAP_CAPA_OBJECTID] = { "OBJECTID", WORD, 0, 0 },
	[IMAP_CAPA_SAVEDATE] = { "SAVEDATE", WORD, 0, 0 },
	[IMAP_CAPA_QUOTA] = { "QUOTA", WORD, 0, 0 },
	[IMAP_CAPA_QUOTA_RES] = { "QUOTA", VALUES, SLOT(quota) },
	[IMAP_CAPA_QUOTASET] = { "QUOTASET", WORD, 0, 0 },
	[IMAP_CAPA_ACL] = { "ACL", WORD, 0, 0 },
	[IMAP_CAPA_RIGHTS] = { "RIGHTS", VALUE, SLOT(rights) },
	[IMAP_CAPA_METADATA] = { "METADATA", WORD, 0, 0 },
	[IMAP_CAPA_METADATA_SERVER] = { "METADATA-SERVER", WORD, 0, 0 },
	[IMAP_CAPA_APPENDLIMIT] = { "APPENDLIMIT", OPTIONAL, SLOT(appendlimit) },
	[IMAP_CAPA_X_GM_EXT_1] = { "X-GM-EXT-1", WORD, 0, 0 },
	[IMAP_CAPA_COMPRESS_DEFLATE] = { "COMPRESS=DEFLATE", WORD, 0, 0 },
	[IMAP_CAPA_UTF8_ACCEPT] = { "UTF8=ACCEPT", WORD, 0, 0 },
	[IMAP_CAPA_PREVIEW] = { "PREVIEW", WORD, 0, 0 },
#undef SLOT
};

static bool
is_printable(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.data[i] <= ' ' || (unsigned char)s.data[i] >= 0x7f)
			return false;
	return true;
}

/* The name of one with values ends at "=". */
static struct span
split_value(const struct capability *c, struct span word, struct span *value)
{
	size_t len = c->form == WORD ? word.len : span_find_byte(word, '=');

	*value = len < word.len ? span_from(word, len + 1) : SPAN_NONE;
	return span_first(word, len);
}

static bool
is_due(enum form form, struct span value)
{
	return form == WORD || form == OPTIONAL || value.len > 0;
}

static bool
keep_one(char *text, size_t size, struct span value)
{
	if (value.len >= size || !is_printable(value))
		return false;
	if (value.len > 0)
		memcpy(text, value.data, value.len);
	text[value.len] = '\0';
	return true;
}

static bool
keep_value(struct imap_offers *o, const struct capability *c, struct span value)
{
	char *text = (char *)o + c->offset;

	if (c->form == WORD)
		return true;
	if (c->form != VALUES)
		return keep_one(text, c->size, value);
	sasl_add_mechanism(text, c->size, value); /* any list of words: in upper case, each once */
	return text[0] != '\0';
}

static void
parse_word(struct imap_offers *o, struct span word)
{
	for (size_t i = 0; i < IMAP_CAPAS; i++) {
		const struct capability *c = &capabilities[i];
		struct span value, name = split_value(c, word, &value);

		if (span_is_nocase(name, c->name) && is_due(c->form, value) && keep_value(o, c, value))
			o->bits |= imap_capa_bit((enum imap_capability)i);
	}
}

void
imap_offers_parse(struct imap_offers *o, struct span list)
{
	struct span word;

	while (span_split(&list, ' ', &word))
		if (word.len > 0)
			parse_word(o, word);
}

void
imap_offers_filter(struct imap_offers *o)
{
	o->bits &= ~(imap_capa_bit(IMAP_CAPA_COMPRESS_DEFLATE) | imap_capa_bit(IMAP_CAPA_UTF8_ACCEPT) |
	    imap_capa_bit(IMAP_CAPA_PREVIEW));
	sasl_filter_named(o->auth);
	if (o->auth[0] == '\0')
		o->bits &= ~imap_capa_bit(IMAP_CAPA_AUTH);
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
print_word(struct buf *out, bool *begun, const char *name, struct span value)
{
	if (*begun)
		buf_add_byte(out, ' ');
	*begun = true;
	buf_add_str(out, name);
	if (value.len > 0) {
		buf_add_byte(out, '=');
		buf_add_span(out, value);
	}
}

static void
print_capability(struct buf *out, bool *begun, const struct capability *c, const struct imap_offers *o)
{
	struct span list, value;

	if (c->form == WORD) {
		print_word(out, begun, c->name, SPAN_NONE);
		return;
	}
	list = span_str((const char *)o + c->offset);
	if (c->form == OPTIONAL && list.len == 0)
		print_word(out, begun, c->name, SPAN_NONE);
	while (list.len > 0 && span_split(&list, ' ', &value))
		print_word(out, begun, c->name, value);
}

void
imap_offers_print(struct buf *out, const struct imap_offers *o, const char *const *hidden, size_t hidden_count)
{
	bool begun = false;

	for (size_t i = 0; i < IMAP_CAPAS; i++)
		if (imap_offers_have(o, (enum imap_capability)i) &&
		    !is_hidden(&capabilities[i], hidden, hidden_count))
			print_capability(out, &begun, &capabilities[i], o);
}
