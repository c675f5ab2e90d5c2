/* Where a link goes: its host as a browser finds it (WHATWG URL 3.5 and 4.4),
 * in one form. Browsers take backslashes for slashes, what stands before the
 * last "@" for a user, undo percent encoding, map look-alike dots and wide
 * letters (UTS 46), and read "0x7f.1" and "2130706433" as addresses. */
#include "config.h"

#include "rule/uri.h"

#include <idn2.h>
#include <stdlib.h>

#include "base/codec.h"
#include "rule/domain.h"

enum {
	HOST_MAX = 1024, /* as written; a name may have DOMAIN_MAX */
	ADDRESS_PIECES = 4,
};

static bool
is_slash(char c)
{
	return c == '/' || c == '\\';
}

/* The scheme with its colon and slashes; SIZE_MAX when it is not one with a
 * host. */
static size_t
scheme_length(struct span uri)
{
	size_t at = span_find_byte(uri, ':');

	if (at == SIZE_MAX)
		return SIZE_MAX;
	at++;
	while (at < uri.len && is_slash(uri.data[at]))
		at++;
	return at;
}

static struct span
authority_of(struct span rest)
{
	size_t at = 0;

	while (at < rest.len && !is_slash(rest.data[at]) && rest.data[at] != '?' && rest.data[at] != '#')
		at++;
	return span_first(rest, at);
}

static struct span
after_last(struct span text, char c)
{
	size_t at = text.len;

	while (at > 0 && text.data[at - 1] != c)
		at--;
	return span_from(text, at);
}

/* Without ":80"; the colons of [::1] are its own. */
static struct span
without_port(struct span host)
{
	size_t end = span_starts(host, "[") ? span_find_byte(host, ']') : SIZE_MAX;

	if (end != SIZE_MAX)
		return span_first(host, end + 1);
	return span_first(host, span_find_byte(host, ':'));
}

/* Percent encoding undone, ASCII in lower case, controls and blanks dropped. */
static struct span
plain_host(struct span host, char out[HOST_MAX])
{
	size_t len = 0;

	for (size_t i = 0; i < host.len && len < HOST_MAX; i++) {
		char c = host.data[i];

		if (c == '%' && i + 2 < host.len && hex_digit(host.data[i + 1]) >= 0 && hex_digit(host.data[i + 2]) >= 0) {
			c = (char)(hex_digit(host.data[i + 1]) << 4 | hex_digit(host.data[i + 2]));
			i += 2;
		}
		if ((unsigned char)c > ' ' && c != 0x7f)
			out[len++] = ascii_lower(c);
	}
	return span_of(out, len);
}

static bool
is_ascii(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.data[i] >= 0x80)
			return false;
	return true;
}

/* The result of one of libidn2's functions, in the arena; or the host itself. */
static struct span
idn_taken(struct arena *a, int result, char *made, struct span host)
{
	struct span copy = host;

	if (result == IDN2_OK)
		copy = arena_copy(a, span_str(made));
	idn2_free(made);
	return copy;
}

static struct span
to_ascii(struct arena *a, struct span host)
{
	char *made = NULL;
	int result;

	if (is_ascii(host))
		return host;
	result = idn2_to_ascii_8z(arena_strndup(a, host), &made, IDN2_NONTRANSITIONAL | IDN2_ALLOW_UNASSIGNED);
	return idn_taken(a, result, made, host);
}

static struct span
to_unicode(struct arena *a, struct span host)
{
	char *made = NULL;
	int result;

	if (host.len > DOMAIN_MAX || span_find(host, SPAN_LITERAL("xn--")) == SIZE_MAX)
		return host;
	result = idn2_to_unicode_8z8z(arena_strndup(a, host), &made, 0);
	return idn_taken(a, result, made, host);
}

/* "127", "0x7f", "0177"; false on anything else. */
static bool
address_number(struct span text, uint64_t *out)
{
	unsigned base = 10;

	if (span_starts(text, "0x")) {
		base = 16;
		text = span_from(text, 2);
	} else if (text.len > 1 && text.data[0] == '0') {
		base = 8;
	} else if (text.len == 0) {
		return false;
	}
	*out = 0;
	for (size_t i = 0; i < text.len; i++) {
		int digit = hex_digit(text.data[i]);

		if (digit < 0 || (unsigned)digit >= base || *out > UINT32_MAX)
			return false;
		*out = *out * base + (unsigned)digit;
	}
	return true;
}

/* One to four numbers, the last of which fills what the others leave (WHATWG
 * URL 3.5). */
static bool
ipv4_address(struct span host, uint32_t *out)
{
	uint64_t pieces[ADDRESS_PIECES];
	size_t count = 0;
	struct span piece;

	while (span_split(&host, '.', &piece)) {
		if (count == ADDRESS_PIECES || !address_number(piece, &pieces[count]))
			return false;
		count++;
	}
	if (count == 0 || pieces[count - 1] >> (8 * (ADDRESS_PIECES + 1 - count)) != 0)
		return false;
	*out = (uint32_t)pieces[count - 1];
	for (size_t i = 0; i + 1 < count; i++) {
		if (pieces[i] > UINT8_MAX)
			return false;
		*out |= (uint32_t)pieces[i] << (24 - 8 * i);
	}
	return true;
}

static bool
is_ipv6(struct span host)
{
	if (host.len < 2 || host.data[0] != '[' || host.data[host.len - 1] != ']')
		return false;
	for (size_t i = 1; i + 1 < host.len; i++)
		if (hex_digit(host.data[i]) < 0 && host.data[i] != ':' && host.data[i] != '.')
			return false;
	return true;
}

/* What no host may hold, so that no browser goes there (WHATWG URL 3.1). */
static bool
has_forbidden(struct span host)
{
	static const char forbidden[] = "#%/:<>?@[\\]^|";

	for (size_t i = 0; i < host.len; i++)
		if ((unsigned char)host.data[i] <= ' ' || memchr(forbidden, host.data[i], strlen(forbidden)) != NULL)
			return true;
	return false;
}

/* In one form: lower case, ASCII, an address in four decimal numbers. */
static struct span
host_meant(struct arena *a, struct span host)
{
	char room[HOST_MAX];
	uint32_t address;

	host = plain_host(host, room);
	if (host.len == 0 || host.len == HOST_MAX)
		return SPAN_NONE;
	host = to_ascii(a, host);
	while (host.len > 0 && host.data[host.len - 1] == '.')
		host.len--;
	if (!is_ipv6(host) && has_forbidden(host))
		return SPAN_NONE;
	if (ipv4_address(host, &address))
		return span_str(arena_printf(a, "%u.%u.%u.%u", address >> 24, address >> 16 & 0xff, address >> 8 & 0xff,
		    address & 0xff));
	return host.data == room ? arena_copy(a, host) : host;
}

static bool
is_address(struct span host)
{
	uint32_t address;

	return is_ipv6(host) || ipv4_address(host, &address);
}

/* The link with the host in place of the user and host that are written. */
static struct span
uri_meant(struct arena *a, struct span uri, size_t scheme, struct span written, struct span host)
{
	struct span rest = span_from(uri, (size_t)(span_end(written) - uri.data));
	size_t name = span_find_byte(uri, ':');

	if (host.len == 0 || (written.data == uri.data + scheme && span_eq_nocase(written, host)))
		return uri;
	return span_str(arena_printf(a, "%.*s://%.*s%.*s", (int)name, uri.data, SPAN_ARG(host), SPAN_ARG(rest)));
}

/* The host where it means itself as it is written, but for its case: of ASCII letters,
 * digits and hyphens, the last label no number, and nobody's name before it. Else empty. */
static struct span
evident_host(struct span uri)
{
	size_t at = span_find(uri, SPAN_LITERAL("://")), begin, label;
	struct span rest;

	if (at == SIZE_MAX)
		return SPAN_NONE;
	at += strlen("://");
	begin = label = at;
	for (; at < uri.len && (ascii_is_alnum(uri.data[at]) || uri.data[at] == '-' || uri.data[at] == '.'); at++)
		if (uri.data[at] == '.')
			label = at + 1;
	if (at == label || ascii_is_digit(uri.data[label]))
		return SPAN_NONE;
	rest = span_from(uri, at);
	if (rest.len > 0 && rest.data[0] != '/' && rest.data[0] != '?' && rest.data[0] != '#' &&
	    (rest.data[0] != ':' || span_find_byte(rest, '@') != SIZE_MAX))
		return SPAN_NONE;
	return span_of(uri.data + begin, at - begin);
}

static struct span
lower(struct arena *a, struct span text)
{
	char *out = arena_alloc_raw(a, text.len + 1);

	for (size_t i = 0; i < text.len; i++)
		out[i] = ascii_lower(text.data[i]);
	return span_of(out, text.len);
}

struct uri_target
uri_target(struct arena *a, struct span uri)
{
	struct uri_target t = { .uri = uri };
	size_t scheme = scheme_length(uri);
	struct span evident = evident_host(uri);

	if (scheme == SIZE_MAX)
		return t;
	if (evident.len > 0 && evident.len < HOST_MAX && evident.data == uri.data + scheme) {
		t.host = lower(a, evident);
	} else {
		struct span written = without_port(after_last(authority_of(span_from(uri, scheme)), '@'));

		t.host = host_meant(a, written);
		if (!span_starts_nocase(uri, "mailto:"))
			t.uri = uri_meant(a, uri, scheme, written, t.host);
	}
	t.unicode = to_unicode(a, t.host);
	return t;
}

struct span
uri_domain(const struct uri_target *t)
{
	return is_address(t->host) ? t->host : domain_registered(t->host);
}

bool
uri_is_odd(struct span uri)
{
	if (evident_host(uri).len > 0)
		return false;
	return !span_starts_nocase(uri, "mailto:") || span_find(uri, SPAN_LITERAL("://")) != SIZE_MAX;
}
