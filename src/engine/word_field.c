/* An instruction is a name, arguments, which may be quoted, and switches that
 * begin with a backslash: HYPERLINK "http://a.example/" \o "a tip". */
#include "config.h"

#include "engine/word_field.h"

#include "engine/document.h"

static bool
ends_word(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '"';
}

static struct span
first_word(struct span *in)
{
	size_t end = 0;
	struct span word;

	*in = span_trim(*in);
	while (end < in->len && !ends_word(in->data[end]))
		end++;
	word = span_first(*in, end);
	*in = span_trim(span_from(*in, end));
	return word;
}

/* The quoted, or else the last word that is no switch. */
static struct span
argument(struct span in)
{
	size_t quote = span_find_byte(in, '"');
	struct span word = SPAN_NONE;

	if (quote != SIZE_MAX) {
		in = span_from(in, quote + 1);
		return span_first(in, span_find_byte(in, '"'));
	}
	while (in.len > 0) {
		struct span one = first_word(&in);

		if (one.len > 0 && one.data[0] != '\\')
			word = one;
	}
	return word;
}

static bool
is_one_of(struct span name, const char *const *names)
{
	for (; *names != NULL; names++)
		if (span_is_nocase(name, *names))
			return true;
	return false;
}

void
word_field(const struct container_sink *sink, struct span instruction)
{
	static const char *const starting[] = { "DDE", "DDEAUTO", NULL };
	static const char *const fetching[] = { "INCLUDETEXT", "INCLUDE", "LINK", NULL };
	struct span in = instruction, name = first_word(&in), target = argument(in);
	bool fetches = is_one_of(name, fetching) && target_is_remote(target);

	if (is_one_of(name, starting))
		sink->trait(sink->context, TRAIT_DDE);
	if (fetches)
		sink->trait(sink->context, TRAIT_EXTERNAL_TEMPLATE);
	if (target.len > 0 && (fetches || span_is_nocase(name, "HYPERLINK") ||
	    (span_is_nocase(name, "INCLUDEPICTURE") && target_is_remote(target))))
		sink->uri(sink->context, target);
}
