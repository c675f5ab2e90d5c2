/* SASL: the user's name in an exchange, and lists of mechanisms.
 *
 * A response is decoded into memory that is sized beforehand, so that no copy
 * of it is left behind by growth, and wiped whatever comes of it. */
#include "config.h"

#include "wire/sasl.h"

#include "base/codec.h"

enum {
	RESPONSE_MAX = 12288, /* RFC 4954 4 */
	MECHANISM_MAX = 20,   /* RFC 4422 3.1 */
};

/* RFC 5802 5.1, 5801 4: "=2C" is ",", "=3D" is "=". */
static bool
add_saslname(struct buf *name, struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		struct span rest = span_from(s, i);

		if (s.data[i] != '=') {
			buf_add_byte(name, s.data[i]);
			continue;
		}
		if (!span_starts(rest, "=2C") && !span_starts(rest, "=3D"))
			return false;
		buf_add_byte(name, s.data[i + 1] == '2' ? ',' : '=');
		i += 2;
	}
	return true;
}

/* RFC 4616 2: authzid NUL authcid NUL password. */
static bool
split_plain(struct span text, struct span *authzid, struct span *authcid)
{
	return span_split(&text, '\0', authzid) && span_split(&text, '\0', authcid) && text.data != NULL;
}

static bool
plain_name(struct span text, struct buf *name)
{
	struct span authzid, authcid;

	if (!split_plain(text, &authzid, &authcid))
		return false;
	buf_add_span(name, authcid);
	return true;
}

static bool
plain_other(struct span text, struct buf *other)
{
	struct span authzid, authcid;

	if (!split_plain(text, &authzid, &authcid) || span_eq(authzid, authcid))
		return false;
	buf_add_span(other, authzid);
	return true;
}

static bool
login_name(struct span text, struct buf *name)
{
	buf_add_span(name, text);
	return true;
}

/* RFC 2195 2: name SP digest. */
static bool
cram_name(struct span text, struct buf *name)
{
	size_t len = text.len;

	while (len > 0 && text.data[len - 1] != ' ')
		len--;
	if (len == 0)
		return false;
	buf_add(name, text.data, len - 1);
	return true;
}

/* RFC 5802 7: cbind-flag "," ["a=" authzid] "," "n=" name "," "r=" nonce. */
static bool
split_scram(struct span text, struct span *authzid, struct span *user)
{
	struct span flag;

	return span_split(&text, ',', &flag) && span_split(&text, ',', authzid) && span_split(&text, ',', user) &&
	    text.data != NULL && span_starts(*user, "n=");
}

static bool
scram_name(struct span text, struct buf *name)
{
	struct span authzid, user;

	return split_scram(text, &authzid, &user) && add_saslname(name, span_from(user, 2));
}

static bool
scram_other(struct span text, struct buf *other)
{
	struct span authzid, user;

	return split_scram(text, &authzid, &user) && span_starts(authzid, "a=") &&
	    !span_eq(span_from(authzid, 2), span_from(user, 2)) && add_saslname(other, span_from(authzid, 2));
}

/* "user=" name ^A "auth=Bearer " token ^A ^A */
static bool
xoauth2_name(struct span text, struct buf *name)
{
	struct span field;

	while (span_split(&text, '\x01', &field)) {
		if (span_starts(field, "user=")) {
			buf_add_span(name, span_from(field, 5));
			return true;
		}
	}
	return false;
}

/* RFC 7628 3.1: cbind-flag "," ["a=" name] "," ^A fields. */
static bool
oauthbearer_name(struct span text, struct buf *name)
{
	struct span flag, authzid;

	if (!span_split(&text, ',', &flag) || !span_split(&text, ',', &authzid) || text.data == NULL ||
	    !span_starts(authzid, "a="))
		return false;
	return add_saslname(name, span_from(authzid, 2));
}

static bool
no_other(struct span text, struct buf *other)
{
	(void)text;
	(void)other;
	return false;
}

enum told { NAME, OTHER };

static const struct {
	const char *mechanism; /* a trailing "-" stands for the whole family */
	bool (*told[2])(struct span text, struct buf *name);
} mechanisms[] = {
	{ "PLAIN", { plain_name, plain_other } },
	{ "LOGIN", { login_name, no_other } },
	{ "CRAM-MD5", { cram_name, no_other } },
	{ "SCRAM-", { scram_name, scram_other } },
	{ "XOAUTH2", { xoauth2_name, no_other } },
	{ "OAUTHBEARER", { oauthbearer_name, no_other } },
};

static bool
matches(struct span mechanism, const char *known)
{
	if (known[strlen(known) - 1] == '-')
		return span_starts_nocase(mechanism, known);
	return span_is_nocase(mechanism, known);
}

static bool
is_name(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.data[i] < ' ' || s.data[i] == 0x7f)
			return false;
	return s.len > 0 && s.len <= SASL_USER_MAX;
}

static bool
take_name(enum told what, struct span mechanism, unsigned turn, struct span response, struct buf *out)
{
	struct buf text, name;
	bool found = false;

	if (turn != 0 || response.len == 0 || response.len > RESPONSE_MAX)
		return false;
	buf_init_secret(&text, 0);
	buf_init_secret(&name, 0);
	if (buf_reserve(&text, response.len) != NULL && buf_reserve(&name, response.len) != NULL &&
	    base64_decode_strict(&text, response)) {
		for (size_t i = 0; i < sizeof(mechanisms) / sizeof(mechanisms[0]); i++)
			if (matches(mechanism, mechanisms[i].mechanism))
				found = mechanisms[i].told[what](buf_span(&text), &name);
	}
	found = found && is_name(buf_span(&name));
	if (found)
		buf_add_span(out, buf_span(&name));
	buf_free(&text);
	buf_free(&name);
	return found;
}

bool
sasl_user(struct span mechanism, unsigned turn, struct span response, struct buf *user)
{
	return take_name(NAME, mechanism, turn, response, user);
}

bool
sasl_acts_as(struct span mechanism, unsigned turn, struct span response, struct buf *other)
{
	return take_name(OTHER, mechanism, turn, response, other);
}

bool
sasl_is_mechanism(struct span word)
{
	for (size_t i = 0; i < word.len; i++)
		if (!ascii_is_alnum(word.data[i]) && word.data[i] != '-' && word.data[i] != '_')
			return false;
	return word.len > 0 && word.len <= MECHANISM_MAX;
}

bool
sasl_is_response(struct span word)
{
	for (size_t i = 0; i < word.len; i++)
		if (!ascii_is_alnum(word.data[i]) && word.data[i] != '+' && word.data[i] != '/' && word.data[i] != '=')
			return false;
	return true;
}

struct span
sasl_line(struct span line)
{
	return sasl_is_response(line) ? line : SPAN_LITERAL("*");
}

void
sasl_add_mechanism(char *list, size_t size, struct span mechanism)
{
	struct span known, rest = span_str(list);
	size_t len = rest.len;

	while (span_split(&rest, ' ', &known))
		if (span_eq_nocase(known, mechanism))
			return;
	if (mechanism.len == 0 || !span_is_printable(mechanism) || len + mechanism.len + 2 > size)
		return;
	if (len > 0)
		list[len++] = ' ';
	for (size_t i = 0; i < mechanism.len; i++) {
		char c = mechanism.data[i];

		list[len++] = c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
	}
	list[len] = '\0';
}

/* Whether a client tells in this mechanism that it would have used channel
 * binding (the gs2-header of RFC 5801 4). */
static bool
tells_binding(struct span mechanism)
{
	return span_starts_nocase(mechanism, "SCRAM-") || span_starts_nocase(mechanism, "GS2-");
}

static bool
offers_binding(struct span list)
{
	struct span mechanism;

	while (span_split(&list, ' ', &mechanism))
		if (span_ends_nocase(mechanism, "-PLUS"))
			return true;
	return false;
}

static bool
tells_user(struct span mechanism)
{
	for (size_t i = 0; i < sizeof(mechanisms) / sizeof(mechanisms[0]); i++)
		if (matches(mechanism, mechanisms[i].mechanism))
			return true;
	return false;
}

static void
filter(char *list, bool named)
{
	struct span rest = span_str(list), mechanism;
	bool binding = offers_binding(rest);
	size_t len = 0;

	while (span_split(&rest, ' ', &mechanism)) {
		if (mechanism.len == 0 || span_is_nocase(mechanism, "EXTERNAL") ||
		    span_ends_nocase(mechanism, "-PLUS") || (binding && tells_binding(mechanism)) ||
		    (named && !tells_user(mechanism)))
			continue;
		if (len > 0)
			list[len++] = ' ';
		memmove(list + len, mechanism.data, mechanism.len);
		len += mechanism.len;
	}
	list[len] = '\0';
}

void
sasl_filter(char *list)
{
	filter(list, false);
}

void
sasl_filter_named(char *list)
{
	filter(list, true);
}
