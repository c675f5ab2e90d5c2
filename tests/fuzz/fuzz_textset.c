/* Expressions, one a line up to an empty line, and a text: in a set, where they
 * wait for literals and wider forms, each matches where it does alone. */
#include "config.h"

#include "engine/textset.h"

#include <stdlib.h>

enum { EXPRESSIONS_MAX = 12, EXPRESSION_MAX = 200, TEXT_MAX = 500 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(struct arena *a, struct regex *const *items, size_t count, struct span text)
{
	struct textset *set = textset_compile(a, items, count);
	struct textset_scratch *scratch = textset_scratch_new(set);
	enum regex_result results[EXPRESSIONS_MAX];

	for (size_t i = 0; i < count; i++)
		results[i] = REGEX_NO_MATCH;
	textset_match(set, scratch, text, results);
	for (size_t i = 0; i < count; i++) {
		enum regex_result alone = regex_match(items[i], text);

		/* either may give up where the other decides, but they never decide differently */
		if (results[i] != alone && results[i] != REGEX_LIMIT && alone != REGEX_LIMIT)
			abort();
	}
	textset_scratch_free(&scratch);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct regex_limits limits = { .matches = 10000, .depth = 1000 };
	struct span text = span_of((const char *)data, size), expression;
	struct arena *a = arena_new(0);
	struct regex *items[EXPRESSIONS_MAX];
	size_t count = 0, offset;
	const char *error;

	while (count < EXPRESSIONS_MAX && span_split(&text, '\n', &expression) && expression.len > 0)
		if (expression.len <= EXPRESSION_MAX &&
		    (items[count] = regex_compile(a, expression, &limits, &error, &offset)) != NULL)
			count++;
	if (count > 0 && text.data != NULL)
		check(a, items, count, span_first(text, TEXT_MAX));
	arena_free(&a);
	return 0;
}
