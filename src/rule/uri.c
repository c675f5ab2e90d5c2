/* Links are found by their colon, before which a scheme must stand, by the dot
 * after "www", and by the slash after a domain that exists: all rarer than any
 * letter, so most text is stepped over. After a link the search goes on behind
 * its end, so a link inside a link's query is seen as part of that link only. */
#include "config.h"

#include "rule/uri.h"

#include "rule/domain.h"

enum {
	WRAPPED_MAX = 2048, /* octets of a link that goes on in the next line */
};

static const struct {
	const char *written, *meant;
} schemes[] = {
	{ "https://", "https://" },
	{ "http://", "http://" },
	{ "ftp://", "ftp://" },
	{ "mailto:", "mailto:" },
	{ "hxxps://", "https://" },
	{ "hxxp://", "http://" },
};

enum { SCHEMES = sizeof(schemes) / sizeof(schemes[0]) };

struct finder {
	struct arena *arena;
	struct span text;
	size_t at; /* end of the last link */
	void (*found)(void *context, struct span uri);
	void *context;
};

static bool
is_uri_byte(char c)
{
	return (unsigned char)c > ' ' && c != 0x7f && strchr("<>\"{}|\\^`", c) == NULL;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct span
without_punctuation(struct span uri)
{
	while (uri.len > 0 && strchr(".,;:!?)]'*_", uri.data[uri.len - 1]) != NULL)
		uri.len--;
	return uri;
}

static size_t
uri_end(struct span text, size_t at)
{
	while (at < text.len && is_uri_byte(text.data[at]))
		at++;
	return at;
}

/* The link with its scheme in place of what is written for it. */
static void
tell(struct finder *f, const char *scheme, struct span rest)
{
	f->found(f->context, span_str(arena_printf(f->arena, "%s%.*s", scheme, SPAN_ARG(rest))));
}

/* A link after "<" that ends with its line: what stands before the ">", without
 * blanks (RFC 3986 appendix C). */
static void
tell_wrapped(struct finder *f, size_t start, size_t end)
{
	struct span rest = span_first(span_from(f->text, start), WRAPPED_MAX);
	size_t close = 0, len = 0;
	char *out;

	if (start == 0 || f->text.data[start - 1] != '<' || end == f->text.len ||
	    (f->text.data[end] != '\r' && f->text.data[end] != '\n'))
		return;
	while (close < rest.len && (is_uri_byte(rest.data[close]) || is_blank(rest.data[close])))
		close++;
	if (close == rest.len || rest.data[close] != '>')
		return;
	out = arena_alloc_raw(f->arena, close);
	for (size_t i = 0; i < close; i++)
		if (!is_blank(rest.data[i]))
			out[len++] = rest.data[i];
	f->found(f->context, span_of(out, len));
}

static void
try_colon(struct finder *f, size_t colon)
{
	for (size_t i = 0; i < SCHEMES; i++) {
		size_t name = strcspn(schemes[i].written, ":"), whole = strlen(schemes[i].written), start = colon - name;
		struct span uri;

		if (colon - f->at < name || !span_starts_nocase(span_from(f->text, start), schemes[i].written))
			continue;
		f->at = uri_end(f->text, colon + 1);
		uri = without_punctuation(span_of(f->text.data + start, f->at - start));
		if (uri.len <= whole)
			return;
		if (strcmp(schemes[i].written, schemes[i].meant) == 0)
			f->found(f->context, uri);
		else
			tell(f, schemes[i].meant, span_from(uri, whole));
		tell_wrapped(f, start, f->at);
		return;
	}
}

static bool
is_host_byte(char c)
{
	return ascii_is_alnum(c) || c == '-' || c == '.' || (unsigned char)c >= 0x80;
}

/* Where the host begins that ends at `end`; `end` when it is none, or part of
 * an address or path. */
static size_t
host_start(const struct finder *f, size_t end)
{
	size_t start = end;

	while (start > f->at && end - start <= DOMAIN_MAX && is_host_byte(f->text.data[start - 1]))
		start--;
	if (start == end || (start > 0 && strchr("@/:=&%_", f->text.data[start - 1]) != NULL))
		return end;
	return ascii_is_alnum(f->text.data[start]) || (unsigned char)f->text.data[start] >= 0x80 ? start : end;
}

static void
tell_bare(struct finder *f, size_t start)
{
	struct span uri;

	f->at = uri_end(f->text, start);
	uri = without_punctuation(span_of(f->text.data + start, f->at - start));
	tell(f, "http://", uri);
}

/* "www." */
static void
try_dot(struct finder *f, size_t dot)
{
	size_t end = dot;
	struct span host;

	if (dot - f->at < 3 || !span_starts_nocase(span_from(f->text, dot - 3), "www") || host_start(f, dot) != dot - 3)
		return;
	while (end < f->text.len && is_host_byte(f->text.data[end]))
		end++;
	host = without_punctuation(span_of(f->text.data + dot - 3, end - (dot - 3)));
	if (host.len > strlen("www.") && span_find_byte(span_from(host, strlen("www.")), '.') != SIZE_MAX)
		tell_bare(f, dot - 3);
}

/* "a.com/" */
static void
try_slash(struct finder *f, size_t slash)
{
	size_t start;
	struct span host;

	if (slash == f->at || !(ascii_is_alnum(f->text.data[slash - 1]) || (unsigned char)f->text.data[slash - 1] >= 0x80))
		return;
	start = host_start(f, slash);
	host = span_of(f->text.data + start, slash - start);
	if (span_find_byte(host, '.') != SIZE_MAX && domain_exists(host))
		tell_bare(f, start);
}

/* The next of a byte from an offset on, or the end. */
static size_t
next_of(struct span text, size_t from, char c)
{
	size_t at = span_find_byte(span_from(text, from), c);

	return at == SIZE_MAX ? text.len : from + at;
}

void
uri_find(struct arena *a, struct span text, void (*found)(void *context, struct span uri), void *context)
{
	static const struct {
		char byte;
		void (*try)(struct finder *f, size_t at);
	} marks[] = { { ':', try_colon }, { '.', try_dot }, { '/', try_slash } };
	enum { MARKS = sizeof(marks) / sizeof(marks[0]) };
	struct finder f = { a, text, 0, found, context };
	size_t next[MARKS] = { 0 }, from = 0;

	for (;;) {
		size_t first = 0;

		for (size_t i = 0; i < MARKS; i++) {
			if (next[i] < from || from == 0)
				next[i] = next_of(text, from, marks[i].byte);
			if (next[i] < next[first])
				first = i;
		}
		if (next[first] >= text.len)
			return;
		marks[first].try(&f, next[first]);
		from = f.at > next[first] ? f.at : next[first] + 1;
	}
}
