/* Links in attributes, as a browser takes them (WHATWG URL 4.4): blanks around
 * them, and tabs and line ends in them are dropped; backslashes are slashes; and
 * after "http:" any number of slashes will do. Relative ones count only below a
 * <base>. Any other attribute is searched like text, as scripts read it. */
#include "config.h"

#include "rule/html_links.h"

#include "engine/html_reference.h"
#include "rule/uri.h"

enum { BASE_MAX = 2048 }; /* of <base>: it is copied for every relative link */

enum value_kind {
	VALUE_TEXT,
	VALUE_URL,     /* one URL */
	VALUE_URLS,    /* separated by blanks */
	VALUE_SRCSET,  /* "URL 2x, URL 100w" */
	VALUE_CSS,
	VALUE_REFRESH, /* "0; url=URL" */
};

static const struct {
	const char *name;
	enum value_kind kind;
} attributes[] = {
	{ "action", VALUE_URL },
	{ "archive", VALUE_URLS },
	{ "background", VALUE_URL },
	{ "cite", VALUE_URL },
	{ "codebase", VALUE_URL },
	{ "content", VALUE_REFRESH },
	{ "data", VALUE_URL },
	{ "dynsrc", VALUE_URL },
	{ "formaction", VALUE_URL },
	{ "href", VALUE_URL },
	{ "imagesrcset", VALUE_SRCSET },
	{ "longdesc", VALUE_URL },
	{ "lowsrc", VALUE_URL },
	{ "ping", VALUE_URLS },
	{ "poster", VALUE_URL },
	{ "src", VALUE_URL },
	{ "srcset", VALUE_SRCSET },
	{ "style", VALUE_CSS },
	{ "xlink:href", VALUE_URL },
};

/* Schemes whose URLs have a host whatever the number of slashes. */
static const char *const special_schemes[] = { "http:", "https:", "ftp:", NULL };

static bool
is_blank(char c)
{
	return (unsigned char)c <= ' ';
}

/* Without blanks at both ends, tabs and line ends. */
static struct span
cleaned(struct arena *a, struct span value)
{
	char *out;
	size_t len = 0;

	while (value.len > 0 && is_blank(value.data[0]))
		value = span_from(value, 1);
	while (value.len > 0 && is_blank(value.data[value.len - 1]))
		value.len--;
	if (span_find_byte(value, '\n') == SIZE_MAX && span_find_byte(value, '\r') == SIZE_MAX &&
	    span_find_byte(value, '\t') == SIZE_MAX)
		return value;
	out = arena_alloc_raw(a, value.len);
	for (size_t i = 0; i < value.len; i++)
		if (value.data[i] != '\t' && value.data[i] != '\r' && value.data[i] != '\n')
			out[len++] = value.data[i];
	return span_of(out, len);
}

static bool
is_slash(char c)
{
	return c == '/' || c == '\\';
}

static struct span
joined(struct arena *a, struct span first, struct span second)
{
	char *out = arena_alloc_raw(a, first.len + second.len + 1);

	if (first.len > 0)
		memcpy(out, first.data, first.len);
	if (second.len > 0)
		memcpy(out + first.len, second.data, second.len);
	return span_of(out, first.len + second.len);
}

/* "http:evil.example", "http:\\evil.example", … as "http://evil.example";
 * empty when it is no such URL. */
static struct span
special_url(struct arena *a, struct span value)
{
	for (size_t i = 0; special_schemes[i] != NULL; i++) {
		size_t len = strlen(special_schemes[i]), at = len;

		if (!span_starts_nocase(value, special_schemes[i]))
			continue;
		while (at < value.len && is_slash(value.data[at]))
			at++;
		if (at == value.len)
			return SPAN_NONE;
		if (at == len + 2 && value.data[len] == '/' && value.data[len + 1] == '/')
			return value;
		return joined(a, span_str(arena_printf(a, "%s//", special_schemes[i])), span_from(value, at));
	}
	return SPAN_NONE;
}

/* Below the base: "path", "/path". */
static struct span
relative_url(const struct html_links *l, struct span value)
{
	size_t host = span_find(l->base, SPAN_LITERAL("://")), end;

	if (value.len == 0 || l->base.len == 0 || value.data[0] == '#' || host == SIZE_MAX)
		return SPAN_NONE;
	host += strlen("://");
	if (is_slash(value.data[0])) {
		end = span_find_byte(span_from(l->base, host), '/');
		return joined(l->arena, span_first(l->base, end == SIZE_MAX ? end : host + end), value);
	}
	end = l->base.len;
	while (end > host && l->base.data[end - 1] != '/')
		end--;
	if (end == host)
		return joined(l->arena, l->base, joined(l->arena, SPAN_LITERAL("/"), value));
	return joined(l->arena, span_first(l->base, end), value);
}

static bool
has_scheme(struct span value)
{
	size_t at = 0;

	while (at < value.len && (ascii_is_alnum(value.data[at]) || strchr("+-.", value.data[at]) != NULL) &&
	    value.data[at] != '\0')
		at++;
	return at > 0 && at < value.len && value.data[at] == ':';
}

static struct span
absolute_url(const struct html_links *l, struct span value)
{
	struct span url = special_url(l->arena, value);

	if (url.len > 0 || span_starts_nocase(value, "mailto:"))
		return url.len > 0 ? url : value;
	if (has_scheme(value))
		return SPAN_NONE;
	if (value.len > 2 && is_slash(value.data[0]) && is_slash(value.data[1]))
		return special_url(l->arena, joined(l->arena, SPAN_LITERAL("http:"), value));
	return relative_url(l, value);
}

static void
take_url(struct html_links *l, struct span value)
{
	struct span url;

	value = cleaned(l->arena, value);
	url = absolute_url(l, value);
	if (url.len > 0)
		l->link(l->context, url);
	else
		uri_find(l->arena, value, l->link, l->context);
}

static void
take_urls(struct html_links *l, struct span list)
{
	while (list.len > 0) {
		size_t at = 0;

		while (at < list.len && !is_blank(list.data[at]))
			at++;
		if (at > 0)
			take_url(l, span_first(list, at));
		list = span_from(list, at + 1);
	}
}

/* A comma inside of a URL is rare, and then two halves are told. */
static void
take_srcset(struct html_links *l, struct span list)
{
	struct span one;

	while (span_split(&list, ',', &one)) {
		size_t at = 0;

		one = span_trim(one);
		while (at < one.len && !is_blank(one.data[at]))
			at++;
		take_url(l, span_first(one, at));
	}
}

static struct span
without_quotes(struct span value)
{
	value = span_trim(value);
	if (value.len > 0 && (value.data[0] == '"' || value.data[0] == '\''))
		value = span_first(span_from(value, 1), span_find_byte(span_from(value, 1), value.data[0]));
	return value;
}

static void
take_refresh(struct html_links *l, struct span value)
{
	size_t at = span_find_nocase(value, SPAN_LITERAL("url="));

	if (at == SIZE_MAX)
		uri_find(l->arena, value, l->link, l->context);
	else
		take_url(l, without_quotes(span_from(value, at + strlen("url="))));
}

/* What stands between each `begin` and the next `end`. */
static void
take_between(struct html_links *l, struct span css, const char *begin, char end)
{
	size_t at, len;

	while ((at = span_find_nocase(css, span_str(begin))) != SIZE_MAX) {
		css = span_from(css, at + strlen(begin));
		len = span_find_byte(css, end);
		take_url(l, without_quotes(span_first(css, len)));
		css = span_from(css, len);
	}
}

void
html_links_take_css(struct html_links *l, struct span css)
{
	take_between(l, css, "url(", ')');
	take_between(l, css, "@import", ';');
}

static enum value_kind
kind_of(struct span name)
{
	if (name.len > 0)
		for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++)
			if (attributes[i].name[0] == ascii_lower(name.data[0]) && span_is_nocase(name, attributes[i].name))
				return attributes[i].kind;
	return VALUE_TEXT;
}

/* A look that most values do not pass. */
static bool
may_hold_link(const struct html_links *l, struct span value, enum value_kind kind)
{
	if (kind == VALUE_URL || kind == VALUE_URLS || kind == VALUE_SRCSET)
		return l->base.len > 0 || span_find_byte(value, ':') != SIZE_MAX || span_find_byte(value, '&') != SIZE_MAX ||
		    span_find_byte(value, '.') != SIZE_MAX || span_find_byte(value, '/') != SIZE_MAX;
	if (kind == VALUE_CSS)
		return span_find_byte(value, '(') != SIZE_MAX;
	return span_find_byte(value, ':') != SIZE_MAX || span_find_byte(value, '&') != SIZE_MAX ||
	    kind == VALUE_REFRESH;
}

void
html_links_take(struct html_links *l, struct span name, struct span value)
{
	enum value_kind kind = kind_of(name);

	if (!may_hold_link(l, value, kind))
		return;
	value = html_attribute_decode(l->arena, value);
	switch (kind) {
	case VALUE_URL:
		take_url(l, value);
		break;
	case VALUE_URLS:
		take_urls(l, value);
		break;
	case VALUE_SRCSET:
		take_srcset(l, value);
		break;
	case VALUE_CSS:
		html_links_take_css(l, value);
		break;
	case VALUE_REFRESH:
		take_refresh(l, value);
		break;
	case VALUE_TEXT:
		uri_find(l->arena, cleaned(l->arena, value), l->link, l->context);
		break;
	}
}

void
html_links_set_base(struct html_links *l, struct span value)
{
	struct span base = cleaned(l->arena, html_attribute_decode(l->arena, value));

	base = special_url(l->arena, base);
	if (base.len > 0 && base.len <= BASE_MAX && l->base.len == 0)
		l->base = base;
}
