/* The sub-signature Trigger/expression/flags, perhaps with an offset before
 * it: when the trigger, an expression over the sub-signatures before, holds,
 * the regular expression is looked for. */
#include "config.h"

#include "engine/clamav_db.h"

static bool
read_flags(struct span flags, struct clam_pcre *p, uint32_t *options)
{
	static const struct {
		char flag;
		uint32_t option;
	} known[] = {
		{ 'i', PCRE2_CASELESS },
		{ 's', PCRE2_DOTALL },
		{ 'm', PCRE2_MULTILINE },
		{ 'x', PCRE2_EXTENDED },
		{ 'A', PCRE2_ANCHORED },
		{ 'E', PCRE2_DOLLAR_ENDONLY },
		{ 'U', PCRE2_UNGREEDY },
		{ 'g', 0 },
		{ 'r', 0 },
		{ 'e', 0 },
	};

	for (size_t i = 0; i < flags.len; i++) {
		size_t k = 0;

		while (k < sizeof(known) / sizeof(known[0]) && known[k].flag != flags.data[i])
			k++;
		if (k == sizeof(known) / sizeof(known[0]))
			return false;
		*options |= known[k].option;
		p->global |= flags.data[i] == 'g';
		p->rolling |= flags.data[i] == 'r';
		p->encompass |= flags.data[i] == 'e';
	}
	return true;
}

const char *
clam_pcre_parse(struct arena *a, struct span text, struct clam_pcre *out)
{
	size_t slash = span_find_byte(text, '/');
	const char *last = memrchr(text.data, '/', text.len);
	struct span head = span_first(text, slash), trigger = head, offset = SPAN_LITERAL("*");
	size_t end = last != NULL ? (size_t)(last - text.data) : 0;
	uint32_t options = 0;

	*out = (struct clam_pcre){ .global = false };
	if (slash == SIZE_MAX || end <= slash + 1)
		return "an expression is written trigger/expression/flags";
	if (span_find_byte(head, ':') != SIZE_MAX) {
		trigger = head;
		span_split(&trigger, ':', &offset);
	}
	if (!clam_offset_parse(offset, &out->offset))
		return "the offset is malformed";
	if (!clam_expression_parse(a, trigger, &out->trigger))
		return "the trigger is malformed";
	if (!read_flags(span_from(text, end + 1), out, &options))
		return "a flag is not known";
	return clam_regex_compile(a, span_of(text.data + slash + 1, end - slash - 1), options, &out->regex);
}
