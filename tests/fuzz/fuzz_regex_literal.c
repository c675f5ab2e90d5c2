/* An expression (the first line) and text (the rest): with and without the
 * search for its required literal the result is the same. */
#include "config.h"

#include "engine/textset.h"

#include <stdlib.h>

enum { EXPRESSION_MAX = 200, TEXT_MAX = 500 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct regex_limits limits = { .matches = 10000, .depth = 1000 };
	struct span text = span_of((const char *)data, size), expression;
	struct arena *a = arena_new(0);
	const char *error;
	size_t offset;
	struct regex *r;

	if (span_split(&text, '\n', &expression) && expression.len <= EXPRESSION_MAX && text.len <= TEXT_MAX &&
	    (r = regex_compile(a, expression, &limits, &error, &offset)) != NULL) {
		struct textset *set = textset_compile(a, &r, 1);
		struct textset_scratch *scratch = textset_scratch_new(set);
		enum regex_result with = REGEX_NO_MATCH, without = regex_match(r, text);

		textset_match(set, scratch, text, &with);
		/* The set has a larger stack and knows of literals: either may give up
		 * where the other decides, but they never decide differently. */
		if (with != without && with != REGEX_LIMIT && without != REGEX_LIMIT)
			abort();
		textset_scratch_free(&scratch);
	}
	arena_free(&a);
	return 0;
}
