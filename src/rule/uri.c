/* Links are found by their colon, before which a scheme must stand; a colon is
 * rarer than any letter. After a link the search goes on behind its end, so a
 * link inside a link's query is seen as part of that link only. */
#include "config.h"

#include "rule/uri.h"

static const char *const schemes[] = { "https://", "http://", "ftp://", "mailto:", NULL };

static bool
is_uri_byte(char c)
{
	return (unsigned char)c > ' ' && c != 0x7f && strchr("<>\"{}|\\^`", c) == NULL;
}

static struct span
without_punctuation(struct span uri)
{
	while (uri.len > 0 && strchr(".,;:!?)]'*_", uri.data[uri.len - 1]) != NULL)
		uri.len--;
	return uri;
}

/* The scheme and something after it. */
static bool
uri_begins(struct span text)
{
	for (size_t i = 0; schemes[i] != NULL; i++)
		if (span_starts_nocase(text, schemes[i]))
			return text.len > strlen(schemes[i]);
	return false;
}

/* Where the scheme begins whose colon is at `colon`, not before `least`. */
static size_t
scheme_start(struct span text, size_t colon, size_t least)
{
	for (size_t i = 0; schemes[i] != NULL; i++) {
		size_t name = strcspn(schemes[i], ":");

		if (colon - least >= name && span_starts_nocase(span_from(text, colon - name), schemes[i]))
			return colon - name;
	}
	return SIZE_MAX;
}

void
uri_find(struct span text, void (*found)(void *context, struct span uri), void *context)
{
	size_t at = 0, from = 0, colon;

	while ((colon = span_find_byte(span_from(text, from), ':')) != SIZE_MAX) {
		struct span uri;
		size_t start, end;

		colon += from;
		from = colon + 1;
		start = scheme_start(text, colon, at);
		if (start == SIZE_MAX)
			continue;
		for (end = from; end < text.len && is_uri_byte(text.data[end]);)
			end++;
		uri = without_punctuation(span_of(text.data + start, end - start));
		if (uri_begins(uri))
			found(context, uri);
		at = from = end;
	}
}
